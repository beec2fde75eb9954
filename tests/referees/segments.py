"""Segments of tables of categories by kmodes 0.12.2, and of directions by NLTK 3.9, for engine/tests/spaces.rs.

python -m venv venv && venv/bin/pip install numpy kmodes==0.12.2 nltk==3.9.2
venv/bin/python tests/referees/segments.py > engine/tests/fixtures/spaces.json

Numbers are scaled by their standard deviation before they are clustered, as Orchard does by itself.
"""

import json
import random

import numpy as np
from kmodes.kprototypes import KPrototypes
from nltk.cluster import KMeansClusterer, cosine_distance

rng = np.random.default_rng(7)


def prototypes(k, gamma):
    group = rng.integers(0, k, 200)
    number = np.round(group * 1.5 + rng.normal(0, 1, 200), 3)
    letter = np.where(rng.random(200) < 0.75, group, rng.integers(0, k, 200))
    colour = np.where(rng.random(200) < 0.6, (group + 1) % k, rng.integers(0, k, 200))
    rows = np.empty((200, 3), dtype=object)
    rows[:, 0] = (number - number.mean()) / number.std()
    rows[:, 1] = [f"l{c}" for c in letter]
    rows[:, 2] = [f"c{c}" for c in colour]
    best = min((KPrototypes(k, gamma=gamma, init=init, n_init=3, random_state=s, max_iter=100).fit(rows, categorical=[1, 2])
                for s, init in enumerate(["Huang", "random"] * 2)), key=lambda fit: fit.cost_)
    return {"k": k, "gamma": gamma, "x": number.tolist(), "letter": rows[:, 1].tolist(), "colour": rows[:, 2].tolist(),
            "cost": best.cost_, "labels": best.labels_.tolist()}


def directions(k):
    centre = rng.normal(0, 1, (k, 5))
    x = np.round((centre[rng.integers(0, k, 300)] + rng.normal(0, 0.6, (300, 5))) * rng.lognormal(0, 1, (300, 1)), 4)
    best = None
    for seed in range(15):
        fit = KMeansClusterer(k, cosine_distance, repeats=1, rng=random.Random(seed), avoid_empty_clusters=True, conv_test=1e-9)
        labels = np.array(fit.cluster(list(x), assign_clusters=True))
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        # NLTK's means are of the rows as they are; those of the partition by directions are what is compared.
        moved = True
        while moved:
            means = np.array([unit[labels == c].sum(0) for c in range(k)])
            means /= np.linalg.norm(means, axis=1, keepdims=True)
            again = np.array([np.argmin([cosine_distance(row, m) for m in means]) for row in unit])
            moved, labels = bool((again != labels).any()), again
        cost = float((1 - (unit * means[labels]).sum(1)).sum())
        if best is None or cost < best[0]:
            best = (cost, labels)
    return {"k": k, "x": x.T.tolist(), "cost": best[0], "labels": best[1].tolist()}


print(json.dumps({"prototypes": [prototypes(3, 0.5), prototypes(4, 1.5)], "directions": [directions(3), directions(4)]}))
