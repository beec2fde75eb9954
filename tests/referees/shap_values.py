"""Shapley values of PyPI's shap 0.51 for engine/tests/referee_shap.rs: path-dependent, by its own C code.

python -m venv venv && venv/bin/pip install shap==0.51.0 lightgbm==4.7.0 xgboost==3.2.0
venv/bin/python tests/referees/shap_values.py > engine/tests/fixtures/shap.json
"""

import json

import lightgbm
import numpy as np
import shap
import xgboost
from xgboost_text import lightgbm_text

rng = np.random.default_rng(5)
# In single precision, so that both libraries see the same.
x = rng.normal(size=(3000, 6)).astype(np.float32).astype(float)
value = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + rng.normal(0, 0.3, len(x))
x[rng.random(len(x)) < 0.2, 4] = np.nan
x[rng.random(len(x)) < 0.1, 1] = np.nan
two = (value > 0).astype(int)
probe = x[:40]


def case(name, model, text):
    explainer = shap.TreeExplainer(model)
    # Else shap hands a model of LightGBM or XGBoost to its library.
    explainer.model.model_type = "internal"
    values = np.asarray(explainer.shap_values(probe, check_additivity=False), float)
    if "average_output" in text:
        # It takes the trees of LightGBM's forests as added, but they are averaged.
        values /= model.num_trees()
    return {"name": name, "model": text, "values": values.tolist()}


def of_lightgbm(name, rounds=8, **params):
    target = value if params["objective"] == "regression" else np.exp(value) if params["objective"] == "poisson" else two
    model = lightgbm.train({"verbose": -1, "num_threads": 1, **params}, lightgbm.Dataset(x, target), rounds)
    text = model.model_to_string().split("\nparameters:")[0]
    return case(name, model, text)


def of_xgboost(name, rounds=8, **params):
    target = value if params["objective"] == "reg:squarederror" else two
    model = xgboost.train({"nthread": 1, "tree_method": "hist", **params}, xgboost.DMatrix(x, target), rounds)
    return case(name, model, lightgbm_text(model))


print(json.dumps({"x": [[None if np.isnan(v) else v for v in row] for row in probe.tolist()], "cases": [
    of_lightgbm("binary", objective="binary", num_leaves=15),
    of_lightgbm("regression", objective="regression", num_leaves=31),
    of_lightgbm("poisson", objective="poisson", num_leaves=7),
    of_lightgbm("forest", objective="binary", boosting="rf", bagging_fraction=0.6, bagging_freq=1, num_leaves=15),
    of_lightgbm("deep", objective="regression", num_leaves=60, max_depth=-1, min_data_in_leaf=1, rounds=2),
    of_xgboost("xgboost binary", objective="binary:logistic", max_depth=4),
    of_xgboost("xgboost regression", objective="reg:squarederror", max_depth=5, rounds=4),
]}))
