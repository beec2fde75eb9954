"""Speed of gradient boosting and of forests against their peers, each pair measured in one run.

python -m venv venv && venv/bin/pip install lightgbm scikit-learn pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/speed.py [--threads 1,2] [--rows 1000000] [--only learner,statement,rows]

learner:   binning and 100 trees of 31 leaves on a matrix in memory, against LightGBM's Dataset and train, and its quantised mode
statement: orchard.train from a table and CREATE TABLE AS of its scores, against binary COPY out, encoding, LightGBM, and COPY back
rows:      seconds a row of a training from 100,000 rows to what --most says

Needs a superuser, for orchard.threads. Ratios are Orchard's seconds by the peer's.
"""

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import time

import lightgbm
import numpy as np
import pandas as pd
import psycopg
from sklearn.metrics import roc_auc_score

sys.path.insert(0, os.path.dirname(__file__))
from categories import TEXTS, clicks, load

COLUMNS = ["ad_id", "site_id", "device", "region", "hour", "position", "bid", "age", "frequency", "price", "width", "advertiser"]
TREES = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.1, "max_bin": 255, "verbose": -1}


def learner(rows, threads):
    frame, _ = clicks(rows * 5 // 4, 1)
    x = np.empty((len(frame), 12))
    for i, c in enumerate(COLUMNS):
        x[:, i] = frame[c].astype("category").cat.codes if c in TEXTS else frame[c]
    y = frame.clicked.to_numpy()
    learn = len(frame) // 5 * 4
    with tempfile.TemporaryDirectory() as directory:
        matrix, predictions = f"{directory}/matrix", f"{directory}/predictions"
        with open(matrix, "wb") as file:
            file.write(struct.pack("<QQ", *x.shape))
            file.write(np.asfortranarray(x).tobytes(order="F"))
            file.write(y.astype(np.uint8).tobytes())
        root = os.path.join(os.path.dirname(__file__), "..")
        command = ["cargo", "bench", "-q", "-p", "orchard-engine", "--bench", "boost", "--", matrix, predictions]
        subprocess.run(command[:7] + ["--no-run"], cwd=root, check=True, capture_output=True)
        for n in threads:
            printed = subprocess.run(command + [str(n)], cwd=root, check=True, capture_output=True, text=True).stdout
            ours, binning = map(float, printed.split()[-2:])
            our_auc = roc_auc_score(y[learn:], np.fromfile(predictions))
            print(f"learner, {n} threads: Orchard {ours:.2f} s (binning {binning:.2f}), AUC {our_auc:.4f}", flush=True)
            for name, more in (("LightGBM", {}), ("LightGBM quantised", {"use_quantized_grad": True})):
                start = time.time()
                data = lightgbm.Dataset(x[:learn], y[:learn], params={"verbose": -1, "num_threads": n})
                booster = lightgbm.train({**TREES, **more, "num_threads": n}, data, 100)
                seconds = time.time() - start
                auc = roc_auc_score(y[learn:], booster.predict(x[learn:]))
                print(f"    {name} {seconds:.2f} s, AUC {auc:.4f}: {ours / seconds:.3f} x", flush=True)


def statement(db, rows, threads):
    learn, _ = clicks(rows, 1)
    load(db, "learn", learn)
    db.execute("ALTER TABLE learn DROP COLUMN place")
    db.execute("VACUUM ANALYZE learn")
    options = '{"holdout": 0, "n_estimators": 100, "learning_rate": 0.1, "early_stopping_rounds": 0}'
    db.execute(f"SET orchard.threads = {threads}; SET max_parallel_workers_per_gather = {threads - 1}; DROP TABLE IF EXISTS scores")
    start = time.time()
    db.execute("SELECT orchard.train('speed', 'learn', 'clicked', 'gradient_boosting', %s)", (options,))
    trained = time.time() - start
    names = ", ".join(COLUMNS)
    db.execute(f"CREATE TABLE scores AS SELECT predict_speed({names}) FROM learn")
    ours = time.time() - start
    print(f"statement, {threads} threads: Orchard {ours:.2f} s, of which training {trained:.2f} s", flush=True)

    # The usual way of a Python user: rows into pandas, categories, LightGBM, scores back.
    start = time.time()
    cursor = db.cursor(binary=True)
    with cursor.copy(f"COPY (SELECT {names}, clicked FROM learn) TO stdout (FORMAT binary)") as copy:
        copy.set_types(["text" if c in TEXTS else "float8" for c in COLUMNS] + ["float8"])
        frame = pd.DataFrame(copy.rows(), columns=COLUMNS + ["clicked"])
    read = time.time() - start
    for c in TEXTS:
        frame[c] = frame[c].astype("category")
    for c in set(COLUMNS) - set(TEXTS):
        frame[c] = frame[c].astype(float)
    x, y = frame[COLUMNS], frame.clicked
    model = lightgbm.LGBMClassifier(n_estimators=100, num_leaves=31, learning_rate=0.1, n_jobs=threads, verbose=-1).fit(x, y)
    learned = time.time() - start
    p = model.predict_proba(x)[:, 1]
    predicted = time.time() - start
    db.execute("CREATE TABLE IF NOT EXISTS scores_back (p float8); TRUNCATE scores_back")
    with db.cursor().copy("COPY scores_back FROM stdin (FORMAT binary)") as copy:
        record = np.dtype([("n", ">i2"), ("l", ">i4"), ("p", ">f8")])
        packed = np.zeros(len(p), dtype=record)
        packed["n"], packed["l"], packed["p"] = 1, 8, p
        copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + packed.tobytes() + struct.pack(">h", -1))
    theirs = time.time() - start
    print(f"    Python {theirs:.2f} s (COPY out {read:.2f}, encode and train {learned - read:.2f}, predict {predicted - learned:.2f}, "
          f"back {theirs - predicted:.2f}): {ours / theirs:.3f} x", flush=True)


def by_rows(db, most, threads):
    rows = 100_000
    while rows <= most:
        part = min(rows, 1_000_000)
        load(db, "learn", clicks(part, 1)[0])
        for seed in range(2, rows // part + 1):
            load(db, "learn", clicks(part, seed)[0], anew=False)
        db.execute("ALTER TABLE learn DROP COLUMN place")
        db.execute("VACUUM ANALYZE learn")
        db.execute(f"SET orchard.threads = {threads}; SET orchard.max_memory = '8GB'")
        options = '{"holdout": 0, "n_estimators": 100, "learning_rate": 0.1, "early_stopping_rounds": 0}'
        start = time.time()
        db.execute("SELECT orchard.train('speed', 'learn', 'clicked', 'gradient_boosting', %s)", (options,))
        seconds = time.time() - start
        print(f"rows, {threads} threads: {rows:>10,} rows {seconds:7.2f} s, {seconds / rows * 1e6:.2f} us a row", flush=True)
        rows *= 10


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--most", type=int, default=10_000_000)
    arguments.add_argument("--threads", default="1,2")
    arguments.add_argument("--only", default="learner,statement,rows")
    arguments = arguments.parse_args()
    threads = list(map(int, arguments.threads.split(",")))
    if "learner" in arguments.only:
        learner(arguments.rows, threads)
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; CREATE SCHEMA IF NOT EXISTS speed; SET search_path = speed")
    if "statement" in arguments.only:
        statement(db, arguments.rows, threads[-1])
    if "rows" in arguments.only:
        by_rows(db, arguments.most, threads[-1])


if __name__ == "__main__":
    main()
