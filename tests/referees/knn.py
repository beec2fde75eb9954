"""Nearest neighbours of scikit-learn 1.9, for engine/tests/knn.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.9.1
venv/bin/python tests/referees/knn.py > engine/tests/fixtures/knn.json
"""

import json

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

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
scaler = StandardScaler().fit(x)
out = {
    "columns": {"x": x[:, 0].tolist(), "y": x[:, 1].tolist(), "z": x[:, 2].tolist(), "kind": kind.tolist(), "two": two.tolist(), "value": value.tolist(), "count": count.tolist()},
    "asked": asked.T.tolist(),
    "cases": [],
}
for k in (1, 5, 20):
    for weights in ("uniform", "distance"):
        for target, y in (("kind", kind), ("two", two), ("value", value)):
            make = KNeighborsRegressor if target == "value" else KNeighborsClassifier
            model = make(n_neighbors=k, weights=weights, algorithm="kd_tree").fit(scaler.transform(x), y)
            near = scaler.transform(asked)
            said = model.predict(near) if target == "value" else model.predict_proba(near).ravel()
            out["cases"].append({"k": k, "weights": weights, "target": target, "scaling": "standard", "said": said.tolist()})
raw = KNeighborsRegressor(n_neighbors=7, weights="distance", algorithm="kd_tree").fit(x, value).predict(asked)
out["cases"].append({"k": 7, "weights": "distance", "target": "value", "scaling": "none", "said": raw.tolist()})
# A row of weight n is n rows, of which the furthest may answer in part.
again = np.repeat(x, count, axis=0)
scaler = StandardScaler().fit(again)
model = KNeighborsRegressor(n_neighbors=7, weights="distance", algorithm="kd_tree").fit(scaler.transform(again), np.repeat(value, count))
out["cases"].append({"k": 7, "weights": "distance", "target": "value", "scaling": "standard", "counted": True, "said": model.predict(scaler.transform(asked)).tolist()})


def short(v):
    if isinstance(v, dict):
        return {k: short(x) for k, x in v.items()}
    if isinstance(v, list):
        return [short(x) for x in v]
    return float(f"{v:.14g}") if isinstance(v, float) else v


print(json.dumps(short(out)))
