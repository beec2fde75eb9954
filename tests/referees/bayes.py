"""Naive Bayes of scikit-learn 1.9, for engine/tests/bayes.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/bayes.py > engine/tests/fixtures/bayes.json
"""

import json

import numpy as np
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB, MultinomialNB

index = np.arange(1, 301)
u = ((index * 7919) % 10007) / 10007
kind = np.where(u < 0.3, "a", np.where(u < 0.8, "b", "c"))
two = np.where(u < 0.35, "no", "yes")
number = np.round((index * 37 % 101) / 10 + 3 * (u > 0.5), 3)
other = np.round((index * index % 17) - 8 + 5 * (u < 0.3), 3)
count = (index * 11 % 7 + 2 * (u > 0.8)).astype(int)
more = (index * 5 % 9).astype(int)
truth = ((index * 13 % 10) / 10 < u).astype(int)
flag = (index % 3 == 0).astype(int)
level = np.array(["red", "green", "blue", "grey"])[(index * 7 % 11 + 2 * (u > 0.6)) % 4]
weight = 1.0 + index % 4


def told(model, x, y, **more):
    return model.fit(x, y, **more).predict_proba(x).ravel().tolist()


x = np.column_stack([number, other])
counts = np.column_stack([count, more])
truths = np.column_stack([truth, flag])
codes = np.unique(level, return_inverse=True)[1].reshape(-1, 1)
out = {
    "columns": {
        "number": number.tolist(), "other": other.tolist(), "count": count.tolist(), "more": more.tolist(), "truth": truth.tolist(), "flag": flag.tolist(), "level": level.tolist(),
        "kind": kind.tolist(), "two": two.tolist(), "weight": weight.tolist(),
    },
    "gaussian": told(GaussianNB(), x, kind),
    "gaussian_two": told(GaussianNB(var_smoothing=0.01), x, two),
    "gaussian_even": told(GaussianNB(priors=[1 / 3] * 3), x, kind),
    "gaussian_weighted": told(GaussianNB(), x, kind, sample_weight=weight),
    "multinomial": told(MultinomialNB(), counts, kind),
    "multinomial_weighted": told(MultinomialNB(alpha=0.5), counts, two, sample_weight=weight),
    "bernoulli": told(BernoulliNB(), truths, kind),
    "categorical": told(CategoricalNB(alpha=2), codes, kind),
}


def short(v):
    if isinstance(v, dict):
        return {k: short(x) for k, x in v.items()}
    if isinstance(v, list):
        return [short(x) for x in v]
    return float(f"{v:.12g}") if isinstance(v, float) else v


print(json.dumps(short(out)))
