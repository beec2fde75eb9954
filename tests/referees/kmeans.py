"""Clusterings of scikit-learn 1.9, for engine/tests/kmeans.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/kmeans.py > engine/tests/fixtures/kmeans.json

Numbers are scaled by their standard deviation before they are clustered, as Orchard does by itself.
"""

import json

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(11)


def case(x, k):
    x = np.round(x, 3)
    scaled = StandardScaler().fit_transform(x)
    best = KMeans(k, n_init=100, random_state=0, tol=0).fit(scaled)
    return {"x": x.T.tolist(), "k": k, "inertia": best.inertia_, "silhouette": silhouette_score(scaled, best.labels_),
            "sizes": sorted(np.bincount(best.labels_).tolist(), reverse=True)}


blobs = np.concatenate([rng.normal(centre, 1.0, (n, 3)) for centre, n in (([0, 0, 0], 80), ([6, 0, 3], 60), ([0, 9, 0], 40), ([5, 5, 20], 30))])
skewed = rng.lognormal(0, 1, (250, 4)) * [1, 10, 100, 1000]
print(json.dumps({"cases": [case(blobs, 4), case(blobs, 2), case(skewed, 5), case(skewed, 3)]}))
