"""The profile of a table against one SELECT of count, sum, min and max of every column, and its memory.

python -m venv venv && venv/bin/pip install 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/profile.py [--rows N] [--unique N] [--repeat N]

The database has the extension and its server runs on this machine (memory is read from /proc). Seven numbers and five texts of 5, 50,
1,000, 20,000 and 100,000 levels; sums are of numbers only. Both statements in one run, the best of the repeats of each. Memory is measured over a
column of many texts of which none is there twice, and over as many columns as a table can have.
"""

import argparse
import time

import psycopg

from memory import Anonymous

TABLE = """
CREATE TABLE t AS
SELECT u[1] AS f1, u[2] * 2 AS f2, round(u[3]::numeric, 2)::float8 AS f3, ln(u[4] + 1e-6) AS f4, floor(u[5] * 100) AS f5, u[6] * u[6] AS f6,
    CASE WHEN u[7] > 0.1 THEN u[7] END AS f7, 'd' || (h[1] % 5) AS t1, 'region ' || (h[2] % 50) AS t2, 'site-' || (h[3] % 1000) AS t3,
    'campaign ' || (h[4] % 20000) AS t4, 'ad-' || (h[5] % 100000) AS t5
FROM (SELECT ARRAY(SELECT (hashint8extended(i, s) & 1048575) / 1048576.0::float8 FROM generate_series(1, 7) AS s) AS u,
             ARRAY(SELECT hashint8extended(i, s) & 1073741823 FROM generate_series(11, 15) AS s) AS h
      FROM generate_series(1, {rows}) AS i) AS drawn
"""
NUMBERS = [f"f{i}" for i in range(1, 8)]
TEXTS = [f"t{i}" for i in range(1, 6)]


def timed(db, statement):
    start = time.perf_counter()
    db.execute(statement).fetchall()
    return time.perf_counter() - start


def connect():
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; SET jit = off; SET max_parallel_workers_per_gather = 0; SET search_path = profiled")
    return db


def memory(source):
    db = connect()
    db.execute("SELECT orchard.version()")
    watched = Anonymous(db.info.backend_pid)
    seconds = timed(db, f"SELECT * FROM orchard.profile('{source}')")
    return watched.above_start() / 1e6, seconds


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--unique", type=int, default=5_000_000)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments = arguments.parse_args()
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS profiled CASCADE; CREATE SCHEMA profiled")
    db = connect()
    db.execute(TABLE.format(rows=arguments.rows))
    db.execute("VACUUM ANALYZE t")
    parts = [f"count({c}), sum({c}), min({c}), max({c})" for c in NUMBERS] + [f"count({c}), min({c}), max({c})" for c in TEXTS]
    statements = {"profile": "SELECT * FROM orchard.profile('t')", "aggregates": "SELECT " + ", ".join(parts) + " FROM t"}
    times = {name: [] for name in statements}
    for _ in range(arguments.repeat):
        for name, statement in statements.items():
            times[name].append(timed(db, statement))
    ours, theirs = min(times["profile"]), min(times["aggregates"])
    print(f"{arguments.rows} rows x 12: profile {ours:.2f} s, count, sum, min and max {theirs:.2f} s: {ours / theirs:.2f} x")
    peak, seconds = memory("t")
    print(f"memory of that profile: {peak:.1f} MB above the start")
    peak, seconds = memory(f"SELECT md5(i::text) AS text FROM generate_series(1, {arguments.unique}) AS i")
    print(f"{arguments.unique} different texts: {peak:.1f} MB above the start, {seconds:.1f} s")
    peak, seconds = memory(f"SELECT i::float8 * i AS number FROM generate_series(1, {arguments.unique}) AS i")
    print(f"{arguments.unique} different numbers: {peak:.1f} MB above the start, {seconds:.1f} s")
    for kind, value in (("numbers", "i * {j}::float8"), ("texts", "'text ' || i * {j}")):
        wide = ", ".join(value.format(j=j) + f" AS c{j}" for j in range(1, 1601))
        peak, seconds = memory(f"SELECT {wide} FROM generate_series(1, 20000) AS i".replace("'", "''"))
        print(f"1,600 columns of 20,000 different {kind}: {peak:.1f} MB above the start, {seconds:.1f} s")
    db.execute("DROP SCHEMA profiled CASCADE")


main()
