"""Dense parts as scikit-learn 1.9 finds them, for engine/tests/density.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/density.py > engine/tests/fixtures/density.json

Numbers are scaled by their standard deviation before they are clustered, as Orchard does by itself.
"""

import json

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_moons
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(5)


def case(name, x, eps, min_samples, weight=None):
    x = np.round(x, 3)
    scaled = StandardScaler().fit_transform(x, sample_weight=weight)
    found = DBSCAN(eps=eps, min_samples=min_samples).fit(scaled, sample_weight=weight)
    core = np.zeros(len(x), int)
    core[found.core_sample_indices_] = 1
    return {"name": name, "x": x.T.tolist(), "weight": None if weight is None else weight.tolist(), "eps": eps,
            "min_samples": min_samples, "core": core.tolist(), "labels": found.labels_.tolist()}


moons = np.concatenate([make_moons(400, noise=0.07, random_state=3)[0], rng.uniform(-2, 3, (40, 2))])
blobs = np.concatenate([rng.normal(c, s, (n, 3)) for c, s, n in (([0, 0, 0], 1, 150), ([7, 0, 3], 0.6, 90), ([0, 9, 0], 2, 60))])
steps = np.floor(rng.normal(0, 2.5, (500, 2)))
skewed = rng.lognormal(0, 1, (300, 4)) * [1, 10, 100, 1000]
wide = np.concatenate([rng.normal(c, 1, (80, 12)) for c in (0, 3)])
print(json.dumps({"cases": [
    case("moons", moons, 0.2, 5),
    case("moons, dense parts alone", moons, 0.13, 8),
    case("blobs", blobs, 0.31, 6),
    case("equal rows", steps, 0.27, 12),
    case("equal rows of weights", steps, 0.45, 20, rng.integers(0, 4, 500).astype(float)),
    case("skewed", skewed, 0.37, 4),
    case("twelve dimensions", wide, 2.1, 5),
]}))
