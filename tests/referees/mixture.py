"""Mixtures of Gaussians of scikit-learn 1.9, for engine/src/learn/kmeans/gaussian/tests.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/mixture.py > engine/tests/fixtures/mixture.json

Every kind of covariance is fitted to the same rows, which are standardised as Orchard does by itself, from the means, shares and precisions of the same
labels.
"""

import json

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky, _estimate_gaussian_parameters
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)


def start(x, labels, kind):
    weights, means, covariances = _estimate_gaussian_parameters(x, np.eye(labels.max() + 1)[labels], 1e-6, kind)
    factor = _compute_precision_cholesky(covariances, kind)
    precisions = {"full": lambda: np.array([f @ f.T for f in factor]), "tied": lambda: factor @ factor.T}.get(kind, lambda: factor**2)()
    return GaussianMixture(len(means), covariance_type=kind, weights_init=weights / weights.sum(), means_init=means, precisions_init=precisions)


def fitted(x, labels, kind):
    model = start(x, labels, kind).fit(x)
    return {
        "covariance_type": kind, "iterations": model.n_iter_, "log_likelihood": model.score(x), "weights": model.weights_.tolist(),
        "means": model.means_.ravel().tolist(), "labels": model.predict(x).tolist(), "bic": model.bic(x),
        "posteriors": model.predict_proba(x)[:20].ravel().tolist(),
    }


def case(x, labels):
    x = StandardScaler().fit_transform(np.round(x, 2))
    kinds = [fitted(x, labels, kind) for kind in ("full", "tied", "diag", "spherical")]
    return {"d": x.shape[1], "x": x.ravel().tolist(), "labels": labels.tolist(), "kinds": kinds}


shapes = [([0, 0, 0], np.diag([1, 1, 1])), ([3, 1, 0], [[1, 0.8, 0], [0.8, 1, 0], [0, 0, 0.1]]), ([-1, 3, 1], [[0.2, 0, 0], [0, 2, -0.5], [0, -0.5, 1]])]
blobs = np.concatenate([rng.multivariate_normal(mean, shape, 60) for mean, shape in shapes])
order = rng.permutation(len(blobs))
roughly = np.where(rng.random(len(blobs)) < 0.25, rng.integers(0, 3, len(blobs)), np.repeat([0, 1, 2], 60))
heavy = rng.lognormal(0, 1, (120, 2)) * [1, 50]
print(json.dumps({"cases": [case(blobs[order], roughly[order]), case(heavy, (heavy[:, 0] > 1).astype(int) + (heavy[:, 1] > 100))]}))
