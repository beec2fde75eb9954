"""Votes and stacks of scikit-learn 1.9, for engine/tests/ensemble.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/ensembles.py > engine/tests/fixtures/ensembles.json
"""

import json

import numpy as np
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

index = np.arange(1, 601)
u = ((index * 7919) % 10007) / 10007
v = ((index * 104729) % 100003) / 100003
x = np.column_stack([np.round(10 * u + 3 * np.sin(index), 4), np.round(500 * v * v, 3), np.round(((index * 6151) % 9973) / 97 - 40 * u, 3)])
noise = ((index * 31337) % 65537) / 65537
kind = np.where(u + 0.4 * noise < 0.5, "a", np.where(v + 0.3 * noise < 0.6, "b", "c"))
two = np.where(x[:, 0] + 8 * noise + np.sin(x[:, 1] / 30) < 9, "no", "yes")
value = np.round(3 * x[:, 0] - 0.02 * x[:, 1] + 5 * np.sin(x[:, 2] / 20) + 10 * noise, 4)
asked = np.round(x[:150] * 0.6 + x[150:300] * 0.4 + 0.013, 5)


def scaled(model):
    return make_pipeline(StandardScaler(), model)


def classifiers():
    # A penalty of 1 beside the sum of losses, of columns that are on one scale.
    logistic = scaled(LogisticRegression(C=1, tol=1e-12, max_iter=100000))
    return [("naive_bayes", GaussianNB()), ("knn", scaled(KNeighborsClassifier(9, algorithm="kd_tree"))), ("logistic_regression", logistic)]


def regressors():
    return [("ridge", scaled(Ridge(1.0, solver="cholesky"))), ("knn", scaled(KNeighborsRegressor(9, weights="distance", algorithm="kd_tree")))]


out = {
    "columns": {"x": x[:, 0].tolist(), "y": x[:, 1].tolist(), "z": x[:, 2].tolist(), "kind": kind.tolist(), "two": two.tolist(), "value": value.tolist()},
    "asked": asked.T.tolist(),
    "votes": [],
    "stacks": [],
}
for target, y in (("kind", kind), ("two", two)):
    for weights in (None, [2, 1, 0.5]):
        model = VotingClassifier(classifiers(), voting="soft", weights=weights).fit(x, y)
        out["votes"].append({"target": target, "weights": weights, "said": model.predict_proba(asked).ravel().tolist()})
for weights in (None, [1, 3]):
    model = VotingRegressor(regressors(), weights=weights).fit(x, value)
    out["votes"].append({"target": "value", "weights": weights, "said": model.predict(asked).tolist()})

# Folds are drawn otherwise, so what stacks say is compared by how good it is on rows that they did not see.
known, new = np.arange(600) % 3 > 0, np.arange(600) % 3 == 0
stack = StackingClassifier(classifiers(), cv=5).fit(x[known], two[known])
auc = [roc_auc_score(two[new] == "yes", m.fit(x[known], two[known]).predict_proba(x[new])[:, 1]) for _, m in classifiers()]
out["stacks"].append({"target": "two", "score": roc_auc_score(two[new] == "yes", stack.predict_proba(x[new])[:, 1]), "members": auc})
stack = StackingRegressor(regressors(), cv=5).fit(x[known], value[known])
r2 = [r2_score(value[new], m.fit(x[known], value[known]).predict(x[new])) for _, m in regressors()]
out["stacks"].append({"target": "value", "score": r2_score(value[new], stack.predict(x[new])), "members": r2})


def short(v):
    if isinstance(v, dict):
        return {k: short(x) for k, x in v.items()}
    if isinstance(v, list):
        return [short(x) for x in v]
    return float(f"{v:.14g}") if isinstance(v, float) else v


print(json.dumps(short(out)))
