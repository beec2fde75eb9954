"""Itemsets and rules of mlxtend, for engine/tests/baskets.rs.

python -m venv venv && venv/bin/pip install mlxtend==0.25.0
venv/bin/python tests/referees/baskets.py > engine/tests/fixtures/baskets.json

With the directory of the data and a connection, the rules of the groceries by SQL are compared with mlxtend's, and both are timed:
venv/bin/python tests/referees/baskets.py DATA_DIRECTORY "host=... dbname=..."
"""

import csv
import gzip
import json
import pathlib
import sys
import time

import numpy as np
import pandas as pd
from mlxtend.frequent_patterns import association_rules, fpgrowth

METRICS = ["support", "confidence", "lift", "leverage", "conviction", "zhangs_metric", "antecedent support", "consequent support"]


def mined(baskets, support, confidence):
    items = sorted({item for basket in baskets for item in basket})
    frame = pd.DataFrame([[item in basket for item in items] for basket in map(set, baskets)], columns=items)
    start = time.process_time()
    sets = fpgrowth(frame, min_support=support, use_colnames=True)
    rules = association_rules(sets, metric="confidence", min_threshold=confidence)
    return sets, rules, time.process_time() - start


def fixture():
    rng = np.random.default_rng(5)
    # Items that go together in groups, on top of chance.
    groups = [[0, 1, 2], [3, 4], [5, 6, 7, 8], [2, 9]]
    baskets = []
    for _ in range(400):
        basket = set(np.flatnonzero(rng.random(14) < 0.08).tolist())
        for group in groups:
            if rng.random() < 0.2:
                basket |= {item for item in group if rng.random() < 0.9}
        baskets.append(sorted(basket))
    sets, rules, _ = mined(baskets, 0.04, 0.2)
    number = lambda x: None if np.isinf(x) else float(x)
    rows = [[sorted(r["antecedents"]), sorted(r["consequents"]), *[number(r[m]) for m in METRICS]] for _, r in rules.iterrows()]
    print(json.dumps({"baskets": baskets, "sets": [[sorted(r["itemsets"]), float(r["support"])] for _, r in sets.iterrows()], "rules": rows}))


def groceries(directory, connection):
    import psycopg

    baskets = {}
    with gzip.open(pathlib.Path(directory) / "groceries_long.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            baskets.setdefault(row["transaction_id"], []).append(row["item"])
    sets, rules, seconds = mined(list(baskets.values()), 0.001, 0.2)
    side = lambda items: tuple(sorted(items))
    expected = {(side(r["antecedents"]), side(r["consequents"])): [r[m] for m in METRICS] for _, r in rules.iterrows()}
    with psycopg.connect(connection) as db:
        db.execute("CREATE TEMP TABLE groceries (tid int, item text)")
        with db.cursor().copy("COPY groceries FROM STDIN") as copy:
            for tid, items in baskets.items():
                for item in items:
                    copy.write_row((tid, item))
        query = """FROM orchard.association_rules('groceries', 'item', 'tid', '{"min_support": 0.001, "min_confidence": 0.2}')"""
        times = []
        for _ in range(7):
            start = time.perf_counter()
            db.execute("SELECT count(*) " + query)
            times.append(time.perf_counter() - start)
        found = db.execute("SELECT antecedents, consequents, support, confidence, lift, leverage, conviction, zhang, antecedent_support, consequent_support " + query).fetchall()
        count = db.execute("""SELECT count(*) FROM orchard.frequent_itemsets('groceries', 'item', 'tid', '{"min_support": 0.001}')""").fetchone()[0]
    got = {(tuple(sorted(r[0])), tuple(sorted(r[1]))): list(r[2:]) for r in found}
    worst = max(0.0 if a == b else abs(a - b) / max(1.0, abs(b)) for rule in expected.keys() & got.keys() for a, b in zip(got[rule], expected[rule]))
    print(f"itemsets {count} and {len(sets)}; rules {len(got)} and {len(expected)}, in both {len(got.keys() & expected.keys())}; largest difference {worst:.3g}")
    print(f"mlxtend {seconds:.3f} s of CPU, SQL {min(times):.3f} s at best of {len(times)}, {sorted(times)[len(times) // 2]:.3f} s the median: {seconds / min(times):.1f} times")


fixture() if len(sys.argv) == 1 else groceries(*sys.argv[1:])
