"""Support vector machines of scikit-learn 1.9, for engine/tests/svm.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/svm.py > engine/tests/fixtures/svm.json
"""

import json

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, OneClassSVM

index = np.arange(1, 401)
u = ((index * 7919) % 10007) / 10007
v = ((index * 104729) % 100003) / 100003
x = np.column_stack([np.round(10 * u + 3 * np.sin(index), 4), np.round(500 * v * v, 3), np.round(((index * 6151) % 9973) / 97 - 40 * u, 3)])
noise = ((index * 31337) % 65537) / 65537
kind = np.where(u + 0.4 * noise < 0.5, "a", np.where(v + 0.3 * noise < 0.6, "b", "c"))
two = np.where(x[:, 0] + 8 * noise < 9, "no", "yes")
value = np.round(3 * x[:, 0] - 0.02 * x[:, 1] + 10 * noise, 4)
count = 1 + index % 3

# Rows of training, rows between them, and rows beyond all of them.
asked = np.vstack([x[:60], np.round(x[:60] * 0.5 + x[60:120] * 0.5 + 0.013, 5), x[:30] * 3 - 20])
out = {
    "columns": {"x": x[:, 0].tolist(), "y": x[:, 1].tolist(), "z": x[:, 2].tolist(), "kind": kind.tolist(), "two": two.tolist(), "value": value.tolist(), "count": count.tolist()},
    "asked": asked.T.tolist(),
    "cases": [],
}


def add(target, options, said, counted=False):
    out["cases"].append({"target": target, "options": options, "counted": counted, "said": np.ravel(said).tolist()})


def scaled(weight):
    # A row of weight n is n rows.
    scaler = StandardScaler().fit(x, sample_weight=weight)
    mean = np.average(value, weights=weight)
    return scaler.transform(x), scaler.transform(asked), mean, np.sqrt(np.average((value - mean) ** 2, weights=weight))


for counted in (False, True):
    weight = count if counted else np.ones(len(x))
    near, far, mean, spread = scaled(weight)
    # The kernel's width is by weight, too.
    every = np.repeat(near, weight.astype(int), axis=0)
    gamma = 1 / (3 * every.var())
    for c in (0.1, 1.0, 30.0):
        svc = SVC(C=c, gamma=gamma, tol=1e-6).fit(near, two, sample_weight=weight)
        add("two", {"C": c}, svc.decision_function(far), counted)
        svr = SVR(C=c, gamma=gamma, epsilon=0.2, tol=1e-6).fit(near, (value - mean) / spread, sample_weight=weight)
        add("value", {"C": c, "epsilon": 0.2}, svr.predict(far) * spread + mean, counted)
        if not counted:
            svc = SVC(C=c, gamma=0.7, tol=1e-6, class_weight="balanced").fit(near, two)
            add("two", {"C": c, "gamma": 0.7, "class_weight": "balanced"}, svc.decision_function(far))
        # An intercept that is next to free, as ours is.
        linear = LinearSVC(C=c, intercept_scaling=1e3, dual=False, tol=1e-10, max_iter=100000).fit(near, two, sample_weight=weight)
        add("two", {"C": c, "kernel": "linear"}, linear.decision_function(far), counted)
        linear = LinearSVR(C=c, epsilon=0.2, loss="squared_epsilon_insensitive", intercept_scaling=1e3, dual=False, tol=1e-10, max_iter=100000)
        linear.fit(near, (value - mean) / spread, sample_weight=weight)
        add("value", {"C": c, "epsilon": 0.2, "kernel": "linear"}, linear.predict(far) * spread + mean, counted)
    for nu in (0.05, 0.5):
        one = OneClassSVM(nu=nu, gamma=gamma, tol=1e-8).fit(near, sample_weight=weight)
        add("none", {"nu": nu}, 1 / (1 + one.score_samples(far) / one.offset_), counted)


def short(v):
    if isinstance(v, dict):
        return {k: short(x) for k, x in v.items()}
    if isinstance(v, list):
        return [short(x) for x in v]
    return float(f"{v:.14g}") if isinstance(v, float) else v


print(json.dumps(short(out)))
