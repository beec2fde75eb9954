"""Coefficients of statsmodels and predictions of scikit-learn, for engine/tests/linear.rs.

python -m venv venv && venv/bin/pip install statsmodels==0.14.5 scikit-learn
venv/bin/python tests/referees/linear.py > engine/tests/fixtures/linear.json

The columns are made of whole numbers, so that they are the same everywhere. A missing number is taken as the mean of the others, and marked by a column of
its own; a missing level is a level.
"""

import json
import math
import warnings

import numpy as np
import statsmodels.api as sm
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge

warnings.simplefilter("ignore")
ROWS = 400
LEVELS = ["desktop", "phone", "tablet", "tv", None]
SAYS = {"desktop": 0.0, "phone": 0.6, "tablet": -0.5, "tv": 0.2, None: 0.9}

index = np.arange(1, ROWS + 1)
u = ((index * 7919) % 10007) / 10007
bid = ((index * 37) % 101) / 10
age = ((index * index) % 17 - 8).astype(float)
device = [LEVELS[int(i * 7 % 11) % 5] for i in index]
score = 0.3 * bid - 0.2 * age + np.array([SAYS[level] for level in device]) - 1.5
age[index % 13 == 0] = np.nan
clicked = (u < 1 / (1 + np.exp(-score))).astype(int)
value = np.round(score + 2 * (u - 0.5), 6)
orders = np.floor(np.exp(0.4 * score) * (0.3 + 1.6 * u)).astype(int)
amount = np.round(np.exp(0.3 * score) * (0.5 + u), 6)
spent = np.where(u < 0.3, 0, amount)
basket = np.where(u < 0.3, "none", np.where(clicked == 1, "large", "small"))
weight = 1.0 + index % 4
shown = 1.0 + index % 9

filled = np.where(np.isnan(age), np.nanmean(age), age)
levels = ["desktop", "phone", "tablet", "tv", None]
counts = {level: device.count(level) for level in levels}
reference = max(levels, key=lambda level: (counts[level], -levels.index(level)))
marks = {level: np.array([float(d == level) for d in device]) for level in levels}


def columns(weights=None):
    at = np.average(age[~np.isnan(age)], weights=None if weights is None else weights[~np.isnan(age)])
    x = [np.ones(ROWS), bid, np.where(np.isnan(age), at, age), np.isnan(age).astype(float)]
    names = ["intercept", "bid", "age", "age missing"]
    for level in levels:
        if level != reference:
            x.append(marks[level])
            names.append("device " + (level or "missing"))
    return np.column_stack(x), names


def told(fit, names, weights=None):
    found = {name: [float(v), float(e), float(p)] for name, v, e, p in zip(names, fit.params, fit.bse, fit.pvalues)}
    found["reference"] = reference
    return found


x, names = columns()
xw, _ = columns(weight)
families = {
    "poisson": (orders, sm.families.Poisson(), {}),
    "poisson_exposure": (orders, sm.families.Poisson(), {"exposure": shown}),
    "gamma": (amount, sm.families.Gamma(sm.families.links.Log()), {}),
    "tweedie": (spent, sm.families.Tweedie(sm.families.links.Log(), var_power=1.5), {}),
    "logistic": (clicked, sm.families.Binomial(), {}),
}
out = {
    "columns": {
        "bid": bid.tolist(), "age": [None if math.isnan(a) else a for a in age], "device": device, "clicked": clicked.tolist(), "value": value.tolist(),
        "orders": orders.tolist(), "amount": amount.tolist(), "spent": spent.tolist(), "basket": basket.tolist(), "weight": weight.tolist(), "shown": shown.tolist(),
    },
    "least_squares": told(sm.OLS(value, x).fit(), names),
    "least_squares_weighted": told(sm.WLS(value, xw, weights=weight).fit(), names),
    "logistic_weighted": told(sm.GLM(clicked, xw, family=sm.families.Binomial(), var_weights=weight).fit(tol=1e-12, maxiter=100), names),
}
for name, (target, family, more) in families.items():
    fit = sm.GLM(target, x, family=family, **more).fit(tol=1e-12, maxiter=200, scale=None)
    out[name] = told(fit, names)
    out[name]["deviance"] = [float(fit.deviance), float(fit.null_deviance)]

# Every level has a column beside a penalty, and numbers are scaled by the deviation of those that are there.
scaled = [(bid - bid.mean()) / bid.std(), (filled - np.nanmean(age)) / np.nanstd(age)]
full = np.column_stack(scaled + [np.isnan(age).astype(float)] + [marks[level] for level in levels])
tight = {"tol": 1e-12, "max_iter": 100000}
out["predictions"] = {
    "logistic_1": LogisticRegression(C=1, solver="newton-cholesky", **tight).fit(full, clicked).predict_proba(full)[:, 1].tolist(),
    "logistic_l1": LogisticRegression(C=0.5, l1_ratio=0.7, solver="saga", **tight).fit(full, clicked).predict_proba(full)[:, 1].tolist(),
    "multinomial": LogisticRegression(C=1, solver="newton-cholesky", **tight).fit(full, basket).predict_proba(full).tolist(),
    "multinomial_weighted": LogisticRegression(C=2, solver="newton-cholesky", **tight).fit(full, basket, sample_weight=weight * 1.0).predict_proba(full).tolist(),
    "ridge": Ridge(alpha=3, solver="cholesky").fit(full, value).predict(full).tolist(),
    "lasso": Lasso(alpha=0.05, **tight).fit(full, value).predict(full).tolist(),
    "elastic_net": ElasticNet(alpha=0.1, l1_ratio=0.5, **tight).fit(full, value).predict(full).tolist(),
}
def short(v):
    if isinstance(v, dict):
        return {k: short(x) for k, x in v.items()}
    if isinstance(v, list):
        return [short(x) for x in v]
    return float(f"{v:.12g}") if isinstance(v, float) else v

print(json.dumps(short(out)))
