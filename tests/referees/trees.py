"""Decision trees of scikit-learn 1.9 on rows without ties, for engine/tests/referee_trees.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/trees.py > engine/tests/fixtures/trees.json
"""

import json

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

rng = np.random.default_rng(11)


def case(name, tree, x, y, weight=None):
    tree.fit(x, y, sample_weight=weight)
    inner = tree.tree_.children_left >= 0
    probe = np.round(rng.uniform(-0.1, 1.1, (60, x.shape[1])), 3)
    answer = tree.predict(probe)[:, None] if isinstance(tree, DecisionTreeRegressor) else tree.predict_proba(probe)
    return {
        "name": name, "y": y.tolist(), "weight": None if weight is None else weight.tolist(),
        "params": {k: v for k, v in tree.get_params().items()
                   if k in ("max_depth", "min_samples_leaf", "min_samples_split", "max_leaf_nodes", "ccp_alpha", "criterion")},
        "thresholds": sorted(tree.tree_.threshold[inner].tolist()), "leaves": int((~inner).sum()),
        "probe": probe.tolist(), "answer": answer.tolist(),
    }


n = 400
x = np.round(rng.random((n, 4)), 5)
value = np.sin(6 * x[:, 0]) + x[:, 1] * x[:, 2] + rng.normal(0, 0.1, n)
two = (value > np.median(value)).astype(int)
three = np.digitize(value, np.quantile(value, [0.4, 0.8]))
weight = rng.integers(1, 6, n).astype(float)
print(json.dumps({"x": x.T.tolist(), "cases": [
    case("regression", DecisionTreeRegressor(max_depth=5, min_samples_leaf=7, random_state=0), x, value),
    case("weighted regression", DecisionTreeRegressor(max_depth=4, min_samples_leaf=9, random_state=0), x, value, weight),
    case("gini", DecisionTreeClassifier(max_depth=4, min_samples_leaf=10, random_state=0), x, two),
    case("weighted gini", DecisionTreeClassifier(max_depth=4, min_samples_leaf=10, random_state=0), x, two, weight),
    case("entropy", DecisionTreeClassifier(criterion="entropy", max_depth=4, min_samples_leaf=10, random_state=0), x, two),
    case("three classes", DecisionTreeClassifier(max_depth=4, min_samples_leaf=10, random_state=0), x, three),
    case("leaves", DecisionTreeRegressor(max_leaf_nodes=9, min_samples_leaf=5, random_state=0), x, value),
    case("pruned", DecisionTreeRegressor(max_depth=7, min_samples_leaf=5, ccp_alpha=0.004, random_state=0), x, value),
    case("pruned classes", DecisionTreeClassifier(max_depth=7, min_samples_leaf=5, ccp_alpha=0.006, random_state=0), x, two),
    case("samples to split", DecisionTreeRegressor(max_depth=8, min_samples_split=40, min_samples_leaf=2, random_state=0), x, value),
]}))
