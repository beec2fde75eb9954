"""What the doctor costs: orchard.diagnose of 1,000,000 x 12 and of wide tables, and the warnings of orchard.train beside the training.

python -m venv venv && venv/bin/pip install 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/doctor.py [--rows N] [--repeat N]

The database has the extension. The table is that of benches/statements.py, for which that file must lie beside this one.
"""

import argparse
import pathlib
import re
import statistics
import time

import psycopg

TABLE = re.search(r'TABLE = """(.*?)"""', (pathlib.Path(__file__).parent / "statements.py").read_text(), re.S).group(1)


def seconds(db, statement, repeat):
    taken = []
    for _ in range(repeat):
        start = time.perf_counter()
        db.execute(statement).fetchall()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments = arguments.parse_args()
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS doctor CASCADE; CREATE SCHEMA doctor; SET search_path = doctor")
    db.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
    db.execute(TABLE.format(name="t", rows=arguments.rows))
    db.execute("ANALYZE t")
    read = seconds(db, "SELECT count(f1), count(t1), count(y) FROM t", arguments.repeat)
    print(f"{arguments.rows} x 12: diagnose {seconds(db, 'SELECT * FROM orchard.diagnose(%s, %s)' % (repr('t'), repr('y')), arguments.repeat):.2f} s "
          f"(one scan {read:.2f} s)")
    for target, algorithm in [("y", "decision_tree"), ("y", "gradient_boosting"), ("f1", "decision_tree"), ("f1", "gradient_boosting")]:
        shares = []
        for _ in range(arguments.repeat):
            db.execute(f"SELECT orchard.train('m', 't', '{target}', '{algorithm}')").fetchone()
            shares.append(db.execute("SELECT (timings->>'warnings')::float8, (timings->>'total')::float8 FROM orchard.model_versions "
                                     "WHERE model = 'm' ORDER BY version DESC LIMIT 1").fetchone())
        warnings, total = (statistics.median(column) for column in zip(*shares))
        print(f"warnings of a {algorithm} of {target}: {warnings * 1e3:.1f} ms of {total:.2f} s, {100 * warnings / total:.2f} %")
    for columns in (100, 1000, 1599):
        values = ", ".join(f"(hashint8extended(i, {c}) & 1023)::int2 AS c{c}" for c in range(columns))
        db.execute(f"DROP TABLE IF EXISTS wide; CREATE TABLE wide AS SELECT {values}, (hashint8extended(i, -1) & 1)::int2 AS y FROM generate_series(1, 2000) AS i")
        taken = seconds(db, "SELECT * FROM orchard.diagnose('wide', 'y')", 1)
        print(f"2000 x {columns}: diagnose {taken:.2f} s")
    db.execute("DROP SCHEMA doctor CASCADE")


main()
