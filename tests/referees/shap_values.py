"""Shapley values of PyPI's shap 0.51 for engine/tests/referee_shap.rs: path-dependent, by its own C code.

python -m venv venv && venv/bin/pip install shap==0.51.0 lightgbm==4.7.0 xgboost==3.2.0
cargo test --release -p orchard-engine --test referee_shap print_own_models -- --ignored --nocapture > own.txt
venv/bin/python tests/referees/shap_values.py own.txt > engine/tests/fixtures/shap.json
"""

import json
import sys

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


def of_own(trees, x):
    """Trees as the engine stores them: a number goes left up to the threshold, a leaf's number lies where `left` says."""
    roots = trees["roots"] + [len(trees["feature"])]
    parts = []
    for first, end in zip(roots, roots[1:]):
        nodes = range(first, end)
        leaf = [trees["feature"][n] == 2**32 - 1 for n in nodes]
        left = [-1 if is_leaf else trees["left"][n] - first for n, is_leaf in zip(nodes, leaf)]
        right = [-1 if is_leaf else trees["right"][n] - first for n, is_leaf in zip(nodes, leaf)]
        parts.append({
            "children_left": np.array(left), "children_right": np.array(right),
            "children_default": np.array([l if trees["missing_left"][n] else r for n, l, r in zip(nodes, left, right)]),
            "features": np.array([-2 if is_leaf else trees["feature"][n] for n, is_leaf in zip(nodes, leaf)]),
            "thresholds": np.array([trees["threshold"][n] for n in nodes], float),
            "values": np.array([[trees["values"][trees["left"][n]] if is_leaf else 0.0] for n, is_leaf in zip(nodes, leaf)]),
            "node_sample_weight": np.array([trees["cover"][n] for n in nodes], float),
        })
    values = shap.TreeExplainer({"trees": parts}).shap_values(x, check_additivity=False)
    return np.asarray(values, float).reshape(x.shape) / (len(parts) if trees["average"] else 1)


own = json.loads(next(line for line in open(sys.argv[1]) if line.startswith("models ")).removeprefix("models "))
own_x = np.array([[np.nan if v is None else v for v in row] for row in own["x"]])
for model in own["cases"]:
    model["values"] = of_own(model["trees"], own_x).tolist()

print(json.dumps({"own": own, "x": [[None if np.isnan(v) else v for v in row] for row in probe.tolist()], "cases": [
    of_lightgbm("binary", objective="binary", num_leaves=15),
    of_lightgbm("regression", objective="regression", num_leaves=31),
    of_lightgbm("poisson", objective="poisson", num_leaves=7),
    of_lightgbm("forest", objective="binary", boosting="rf", bagging_fraction=0.6, bagging_freq=1, num_leaves=15),
    of_lightgbm("deep", objective="regression", num_leaves=60, max_depth=-1, min_data_in_leaf=1, rounds=2),
    of_xgboost("xgboost binary", objective="binary:logistic", max_depth=4),
    of_xgboost("xgboost regression", objective="reg:squarederror", max_depth=5, rounds=4),
]}))
