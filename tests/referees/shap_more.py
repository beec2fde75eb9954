"""Interventional Shapley values and interactions of PyPI's shap 0.51 on the models of shap_values.py, for engine/tests/referee_shap_more.rs.

python -m venv venv && venv/bin/pip install shap==0.51.0
venv/bin/python tests/referees/shap_more.py engine/tests/fixtures/shap.json > engine/tests/fixtures/shap_more.json
"""

import json
import sys

import numpy as np
import shap

PROBE = 12


def of_text(text):
    """The trees of a text of LightGBM, with its splits before its leaves."""
    for part in text.split("Tree=")[1:]:
        lines = dict(line.split("=", 1) for line in part.splitlines()[1:] if "=" in line)
        numbers = lambda key: [float(v) for v in lines.get(key, "").split()]  # noqa: E731
        splits, leaves = len(numbers("split_feature")), len(numbers("leaf_value"))
        place = lambda child: int(child) if child >= 0 else splits + ~int(child)  # noqa: E731
        left, right = ([place(child) for child in numbers(key)] for key in ("left_child", "right_child"))
        default = [l if int(kind) & 2 else r for kind, l, r in zip(numbers("decision_type"), left, right)]
        none = [-1] * leaves
        yield {
            "children_left": left + none, "children_right": right + none, "children_default": default + none,
            "features": [int(f) for f in numbers("split_feature")] + [-2] * leaves, "thresholds": numbers("threshold") + [0.0] * leaves,
            "values": [[0.0]] * splits + [[v] for v in numbers("leaf_value")], "node_sample_weight": numbers("internal_count") + numbers("leaf_count"),
        }


def of_own(trees):
    """Trees as the engine stores them: a number goes left up to the threshold, a leaf's number lies where `left` says."""
    roots = trees["roots"] + [len(trees["feature"])]
    for first, end in zip(roots, roots[1:]):
        nodes = range(first, end)
        leaf = [trees["feature"][n] == 2**32 - 1 for n in nodes]
        left, right = ([-1 if is_leaf else trees[key][n] - first for n, is_leaf in zip(nodes, leaf)] for key in ("left", "right"))
        yield {
            "children_left": left, "children_right": right,
            "children_default": [l if trees["missing_left"][n] else r for n, l, r in zip(nodes, left, right)],
            "features": [-2 if is_leaf else trees["feature"][n] for n, is_leaf in zip(nodes, leaf)],
            "thresholds": [trees["threshold"][n] for n in nodes],
            "values": [[trees["values"][trees["left"][n]] if is_leaf else 0.0] for n, is_leaf in zip(nodes, leaf)],
            "node_sample_weight": [trees["cover"][n] for n in nodes],
        }


def exactly(trees, probe, background):
    """Of all mixtures: shap's own C code has the weights of interventional values in single precision only."""
    def predict(rows):
        total = np.zeros(len(rows))
        for tree in trees:
            at = np.zeros(len(rows), int)
            while (inner := tree["children_left"][at] >= 0).any():
                value = rows[np.arange(len(rows)), np.where(inner, tree["features"][at], 0)]
                left = np.where(value <= tree["thresholds"][at], tree["children_left"][at], tree["children_right"][at])
                at = np.where(inner, np.where(np.isnan(value), tree["children_default"][at], left), at)
            total += tree["values"][at, 0]
        return total

    masker = shap.maskers.Independent(background, max_samples=len(background))
    return shap.explainers.Exact(predict, masker)(probe, max_evals=2 ** probe.shape[1]).values


def case(name, trees, average, x):
    whole = ("children_left", "children_right", "children_default", "features")
    parts = [{k: np.array(v, int if k in whole else float) for k, v in tree.items()} for tree in trees]
    scale = len(parts) if average else 1
    probe, background = x[:PROBE], x[PROBE:]
    # First: with a background, the counts of rows of the trees are overwritten by its own.
    pairs = np.asarray(shap.TreeExplainer({"trees": parts}).shap_interaction_values(probe), float)
    against = shap.TreeExplainer({"trees": parts}, data=background, feature_perturbation="interventional")
    values = np.asarray(against.shap_values(probe, check_additivity=False), float).reshape(probe.shape)
    exact = exactly(parts, probe, background)
    assert np.abs(values - exact).max() < 3e-7 * np.abs(exact).max(), name
    a, b = np.triu_indices(x.shape[1], 1)
    pairs = pairs.reshape(len(probe), x.shape[1], x.shape[1])[:, a, b]
    return {"name": name, "values": (exact / scale).tolist(), "pairs": (pairs / scale).tolist()}


def matrix(rows):
    return np.array([[np.nan if v is None else v for v in row] for row in rows])


fixture = json.load(open(sys.argv[1]))
x, own = matrix(fixture["x"]), matrix(fixture["own"]["x"])
print(json.dumps({
    "probe": PROBE,
    "cases": [case(c["name"], of_text(c["model"]), "average_output" in c["model"], x) for c in fixture["cases"]],
    "own": [case(c["name"], of_own(c["trees"]), c["trees"]["average"], own) for c in fixture["own"]["cases"]],
}))
