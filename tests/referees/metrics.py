"""Metrics of scikit-learn 1.9 on scores with ties, weights and extreme imbalance, for engine/tests/judge.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/metrics.py > engine/tests/fixtures/metrics.json
"""

import json

import numpy as np
from sklearn import metrics as m
from sklearn.calibration import calibration_curve
from sklearn.metrics import silhouette_score

rng = np.random.default_rng(7)


def binary(n, rate, ties, weighted):
    y = (rng.random(n) < rate).astype(int)
    y[0], y[1] = 0, 1
    p = np.clip(rng.normal(0.3 + 0.2 * y, 0.2), 0, 1)
    p = np.round(p, 1) if ties else p
    w = rng.integers(1, 5, n).astype(float) if weighted else np.ones(n)
    hit = p >= 0.5
    fpr, tpr, roc_thresholds = m.roc_curve(y, p, sample_weight=w)
    precision, recall, pr_thresholds = m.precision_recall_curve(y, p, sample_weight=w)
    bins = {s: [v.tolist() for v in calibration_curve(y, p, n_bins=5, strategy=s)] for s in ("quantile", "uniform")}
    return {
        "roc": {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": roc_thresholds[1:].tolist()},  # the first is infinite
        "precision_recall": {"precision": precision.tolist(), "recall": recall.tolist(), "thresholds": pr_thresholds.tolist()},
        "calibration": None if weighted else bins,
        "probability": p.tolist(), "actual": y.tolist(), "weight": w.tolist() if weighted else None,
        "expected": {
            "roc_auc": m.roc_auc_score(y, p, sample_weight=w),
            "pr_auc": m.average_precision_score(y, p, sample_weight=w),
            "log_loss": m.log_loss(y, p, sample_weight=w),
            "brier": m.brier_score_loss(y, p, sample_weight=w),
            "accuracy": m.accuracy_score(y, hit, sample_weight=w),
            "precision": m.precision_score(y, hit, sample_weight=w, zero_division=np.nan),
            "recall": m.recall_score(y, hit, sample_weight=w),
            "f1": m.f1_score(y, hit, sample_weight=w),
            "selection_rate": np.average(hit, weights=w),
            "false_positive_rate": m.recall_score(1 - y, hit, sample_weight=w),
        },
    }


def multiclass(n, k, weighted):
    y = rng.integers(0, k, n)
    y[:k] = range(k)
    p = rng.dirichlet(np.ones(k), n) + 0.5 * np.eye(k)[y]
    p /= p.sum(axis=1, keepdims=True)
    w = rng.integers(1, 5, n).astype(float) if weighted else np.ones(n)
    best = p.argmax(axis=1)
    some = {"average": "macro", "sample_weight": w, "zero_division": 0}
    return {
        "proba": p.ravel().tolist(), "actual": y.tolist(), "classes": k, "weight": w.tolist() if weighted else None,
        "expected": {
            "accuracy": m.accuracy_score(y, best, sample_weight=w),
            "precision": m.precision_score(y, best, **some),
            "recall": m.recall_score(y, best, **some),
            "f1": m.f1_score(y, best, **some),
            "log_loss": m.log_loss(y, p, sample_weight=w),
            "roc_auc": np.mean([m.roc_auc_score(y == c, p[:, c], sample_weight=w) for c in range(k)]),
        },
    }


def regression(n, weighted):
    a = rng.normal(10, 3, n)
    p = a + rng.normal(0, 1, n)
    w = rng.integers(1, 5, n).astype(float) if weighted else np.ones(n)
    return {
        "predicted": p.tolist(), "actual": a.tolist(), "weight": w.tolist() if weighted else None,
        "expected": {
            "rmse": m.root_mean_squared_error(a, p, sample_weight=w),
            "mae": m.mean_absolute_error(a, p, sample_weight=w),
            "r2": m.r2_score(a, p, sample_weight=w),
            **({} if weighted else {"median_error": m.median_absolute_error(a, p)}),
        },
    }


def silhouette(n, k):
    x = rng.normal(0, 1, (n, 2))
    labels = rng.integers(0, k, n)
    x += labels[:, None]
    labels[0] = k  # alone in its segment
    return {"values": x.ravel().tolist(), "labels": labels.tolist(), "segments": k + 1, "expected": silhouette_score(x, labels)}


print(json.dumps({
    "binary": [binary(60, 0.4, t, w) for t in (False, True) for w in (False, True)] + [binary(400, 0.005, True, False)],
    "multiclass": [multiclass(50, 3, False), multiclass(80, 5, True)],
    "regression": [regression(41, False), regression(40, False), regression(40, True)],
    "silhouette": [silhouette(50, 3)],
}, default=float))
