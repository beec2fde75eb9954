"""Whole statements against their peers: a decision tree from a table of 1,000,000 x 12, its scores, its memory, its bytes.

python -m venv venv && venv/bin/pip install scikit-learn pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/statements.py [--rows N] [--repeat N]

The database has the extension and its server runs on this machine (memory is read from /proc). Needs a superuser, for orchard.threads.
Eight numbers and four texts of 5, 50, 1,000 and 100,000 levels; one thread each. scikit-learn gets a matrix that is ordinal-encoded
already; Orchard reads the table. Every ratio comes from one run, the median of the repeats.
"""

import argparse
import statistics
import time

import numpy as np
import psycopg

from memory import Anonymous

TABLE = """
CREATE TABLE {name} AS
SELECT f1, f2, f3, f4, f5, f6, f7, f8,
       'd' || (h1 % 5) AS t1, 'region ' || (h2 % 50) AS t2, 'site-' || (h3 % 1000) AS t3, 'ad-' || (h4 % 100000) AS t4,
       random_ < 1 / (1 + exp(2.5 - 2 * (f1 > 0.7)::int - f2 * f3 - 0.3 * (h1 % 5 = 1)::int - 0.02 * (h2 % 50)
                              - 0.002 * (h3 % 1000) * (f4 > 0.5)::int - 0.5 * (h4 % 7 = 0)::int)) AS y
FROM (SELECT u[1] AS f1, u[2] * 2 AS f2, round(u[3]::numeric, 2)::float8 AS f3, u[4] AS f4, ln(u[5] + 1e-6) AS f5, floor(u[6] * 100) AS f6,
             u[7] * u[7] AS f7, CASE WHEN u[8] > 0.1 THEN u[8] END AS f8, u[9] AS random_, h[1] AS h1, h[2] AS h2, h[3] AS h3, h[4] AS h4
      FROM (SELECT ARRAY(SELECT (hashint8extended(i, s) & 1048575) / 1048576.0::float8 FROM generate_series(1, 9) AS s) AS u,
                   ARRAY(SELECT hashint8extended(i, s) & 1073741823 FROM generate_series(11, 14) AS s) AS h
            FROM generate_series(1, {rows}) AS i) AS drawn) AS named
"""
NUMBERS = [f"f{i}" for i in range(1, 9)]
TEXTS = [f"t{i}" for i in range(1, 5)]


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def train(db, source, model, options="{}", threads=1):
    db.execute(f"SET orchard.threads = {threads}")
    return db.execute(f"SELECT score, seconds FROM orchard.train(%s, %s, 'y', 'decision_tree', %s)", (model, source, options)).fetchone()


def checksum(db, model):
    return db.execute("SELECT checksum FROM orchard.model_versions WHERE model = %s ORDER BY version DESC LIMIT 1", (model,)).fetchone()[0]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments = arguments.parse_args()
    rows = arguments.rows
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS statements CASCADE; CREATE SCHEMA statements; SET search_path = statements")
    db.execute("SET jit = off; SET max_parallel_workers_per_gather = 0; SET work_mem = '256MB'")
    db.execute(TABLE.format(name="t", rows=rows))
    db.execute("CREATE TABLE shuffled AS SELECT * FROM t ORDER BY hashfloat8(f1), f2")
    db.execute("VACUUM ANALYZE t")

    whole = '{"holdout": 0, "max_depth": 8}'
    fresh = psycopg.connect(autocommit=True)
    fresh.execute("SET client_min_messages = error; SET search_path = statements")
    memory = Anonymous(fresh.info.backend_pid)
    train(fresh, "t", "m", whole)
    peak = memory.above_start()
    fresh.close()
    budget = rows * (9 * 8 + 4 * 4 + 32)
    levels = sum(db.execute(f"SELECT count(DISTINCT {t}) * 24 + sum(DISTINCT length({t})) FROM t").fetchone()[0] for t in TEXTS)
    print(f"memory of a training: {peak / 1e6:.1f} MB above the start; the bar of 8 bytes a number, 4 a text, 32 a row is {budget / 1e6:.1f} MB, "
          f"dictionaries of about {levels / 1e6:.1f} MB aside: {peak / (budget + levels):.2f} x")
    first = checksum(db, "m")
    train(db, "t", "m", whole, threads=2)
    train(db, "shuffled", "m2", whole)
    print(f"bytes: two threads {'the same' if checksum(db, 'm') == first else 'DIFFER'}, "
          f"shuffled {'the same' if checksum(db, 'm2') == first else 'DIFFER'}")

    from sklearn.preprocessing import OrdinalEncoder
    from sklearn.tree import DecisionTreeClassifier
    data = db.execute("SELECT * FROM t").fetchall()
    x = np.empty((rows, 12), dtype=np.float32)
    x[:, :8] = np.array([row[:8] for row in data], dtype=float)
    x[:, 8:] = OrdinalEncoder().fit_transform([row[8:12] for row in data])
    y = np.array([row[12] for row in data])
    del data
    ours, theirs = [], []
    for _ in range(max(1, arguments.repeat // 2)):
        ours.append(timed(lambda: train(db, "t", "m", whole))[0])
        theirs.append(timed(lambda: DecisionTreeClassifier(max_depth=8, min_samples_leaf=20, random_state=0).fit(x, y))[0])
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(f"training a depth-8 tree, one thread: {ours:.2f} s from the table, scikit-learn {theirs:.2f} s from a matrix: {ours / theirs:.3f} x")

    columns = ", ".join(NUMBERS + TEXTS)
    scored = f"SELECT sum(predict_m({columns})) FROM t"
    summed = "SELECT sum(" + " + ".join(NUMBERS) + ") FROM t"
    counted = "SELECT count(f8) FROM t"
    times = {scored: [], summed: [], counted: []}
    for _ in range(arguments.repeat * 2 + 1):
        for statement, seconds in times.items():
            seconds.append(timed(lambda: db.execute(statement).fetchone())[0])
    scored, summed, counted = (statistics.median(seconds[1:]) for seconds in times.values())
    print(f"scoring: {scored * 1e3:.0f} ms, the sum of the numeric columns {summed * 1e3:.0f} ms, count(f8) {counted * 1e3:.0f} ms: "
          f"{scored / summed:.2f} x the sum")
    db.execute("DROP SCHEMA statements CASCADE")


main()
