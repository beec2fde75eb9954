"""Partial dependence of scikit-learn 1.9, by brute force, for engine/tests/referee_partial.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/partial.py > engine/tests/fixtures/partial.json
"""

import json

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence

rng = np.random.default_rng(17)
# In single precision, in which it compares.
x = rng.integers(0, 64, (200, 4)) / 64
y = np.sin(6 * x[:, 0]) + x[:, 1] * x[:, 2] + rng.normal(0, 0.1, len(x))
weights = rng.integers(1, 6, len(x)).astype(float)
forest = RandomForestRegressor(n_estimators=5, max_depth=5, random_state=0).fit(x, y)


def flat():
    """As the engine stores trees: a number goes left up to the threshold, a leaf's number lies where `left` says."""
    out = {k: [] for k in ("roots", "feature", "threshold", "left", "right", "missing_left", "set", "values", "cover", "rows", "gain")}
    for tree in (e.tree_ for e in forest.estimators_):
        root = len(out["feature"])
        out["roots"].append(root)
        for n in range(tree.node_count):
            leaf = tree.children_left[n] < 0
            out["feature"].append(2**32 - 1 if leaf else int(tree.feature[n]))
            out["threshold"].append(0.0 if leaf else float(tree.threshold[n]))
            out["left"].append(len(out["values"]) if leaf else root + int(tree.children_left[n]))
            out["right"].append(0 if leaf else root + int(tree.children_right[n]))
            out["missing_left"].append(False)
            out["set"].append(0)
            out["cover"].append(float(tree.weighted_n_node_samples[n]))
            out["rows"].append(int(tree.n_node_samples[n]))
            out["gain"].append(0.0)
            if leaf:
                out["values"].append(float(tree.value[n][0][0]))
    return {"outputs": 1, "sets": [], "words": [], "base": [0.0], "link": "Identity", "average": True, **out}


def case(features, weight):
    values = {f: np.quantile(x[:, f], np.linspace(0.05, 0.95, 7)).tolist() for f in features}
    found = partial_dependence(forest, x, features, kind="average", method="brute", custom_values=values, sample_weight=weight)
    return {"features": features, "weighted": weight is not None, "grid": [values[f] for f in features],
            "average": found["average"][0].ravel().tolist()}


print(json.dumps({"x": x.tolist(), "weights": weights.tolist(), "trees": flat(), "cases": [
    case([0], None), case([1], weights), case([3], None), case([0, 1], None), case([2, 1], weights)]}))
