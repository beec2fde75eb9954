"""What a session waits for where a database has many models: listing them, the first score of a session, a deployment, a training.

PGHOST=... PGDATABASE=... python benches/catalogue.py [--models N] [--repeat N]

The database has the extension and is best empty besides; its server runs on this machine, and is PostgreSQL's as this user or root may see.
Half of the models have two versions. Milliseconds, the median and the worst of the repeats, and the median of what the backend computed,
which other load on the machine hardly changes. Each repeat is a new session, so that nothing is known yet; beside it stands what a trivial
statement takes there.
"""

import argparse
import pathlib
import statistics
import time

import psycopg

parser = argparse.ArgumentParser()
parser.add_argument("--models", type=int, default=1000)
parser.add_argument("--repeat", type=int, default=15)
options = parser.parse_args()

STATEMENTS = {
    "SELECT 1": "SELECT 1",
    "list orchard.models": "SELECT * FROM orchard.models",
    "one of orchard.models": "SELECT * FROM orchard.models WHERE model = 'm{0}'",
    "list orchard.model_versions": "SELECT * FROM orchard.model_versions",
    "history of one": "SELECT * FROM orchard.history WHERE model = 'm{0}'",
    "first prediction": "SELECT predict_m{0}(3, 4)",
    "first prediction by name": "SELECT orchard.predict('m{0}', '{{\"a\": 3, \"b\": 4}}')",
    "deploy": "SELECT orchard.deploy('m{0}', 1)",
    "rollback": "SELECT orchard.rollback('m{0}')",
    "train": "SELECT orchard.train('m{0}', 'few', 'y', 'decision_tree')",
    "drop a table": "CREATE TABLE passing (); DROP TABLE passing",
    "alter another function": "ALTER FUNCTION another COST 2",
    "rename a schema of 1,000 functions": "ALTER SCHEMA many RENAME TO more; ALTER SCHEMA more RENAME TO many",
    "drop a schema of 100 tables": "DROP SCHEMA IF EXISTS hundred{0} CASCADE",
}


def fill(db):
    db.execute("SET client_min_messages = warning; SET orchard.warnings = off")
    db.execute("CREATE TABLE few AS SELECT i % 24 AS a, i % 7 AS b, i % 24 > 11 AS y FROM generate_series(1, 200) AS i")
    db.execute("CREATE FUNCTION another() RETURNS int LANGUAGE sql RETURN 1")
    db.execute("CREATE SCHEMA many")
    db.execute("DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE FUNCTION many.predict_f%s(a float8) RETURNS float8 LANGUAGE sql RETURN $1 * 2 + 1', i); END LOOP; END $$")
    for model in range(options.models):
        for _ in range(1 + model % 2):
            db.execute("SELECT orchard.train('m' || %s, 'few', 'y', 'decision_tree')", (model,))
    db.execute(f"DO $$ BEGIN FOR i IN 0..{options.repeat} LOOP EXECUTE 'CREATE SCHEMA hundred' || 1 + 2 * i; FOR j IN 1..100 LOOP EXECUTE format('CREATE TABLE hundred%s.t%s (i int)', 1 + 2 * i, j); END LOOP; END LOOP; END $$")
    db.execute("VACUUM ANALYZE")


def computed(pid):
    """Milliseconds that a process has been on a processor."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def main():
    with psycopg.connect(autocommit=True) as db:
        if not db.execute("SELECT to_regclass('few')").fetchone()[0]:
            fill(db)
        print(f"{db.execute('SELECT count(*) FROM orchard.models').fetchone()[0]} models")
    print(f"{'milliseconds':<36}{'median':>10}{'worst':>10}{'computed':>10}{'rows':>8}")
    for what, statement in STATEMENTS.items():
        taken, on_processor = [], []
        for repeat in range(options.repeat):
            with psycopg.connect(autocommit=True) as session:
                session.execute("SET client_min_messages = warning; SET orchard.warnings = off")
                pid = session.info.backend_pid
                before, start = computed(pid), time.perf_counter()
                cursor = session.execute(statement.format(1 + 2 * repeat))
                rows = len(cursor.fetchall()) if cursor.description else 0
                taken.append(1000 * (time.perf_counter() - start))
                on_processor.append(computed(pid) - before)
        print(f"{what:<36}{statistics.median(taken):>10.2f}{max(taken):>10.2f}{statistics.median(on_processor):>10.2f}{rows:>8}", flush=True)


main()
