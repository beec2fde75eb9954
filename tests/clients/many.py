"""Many models in one catalogue: each is listed once, scores as itself, follows its schema, and goes alone or with all.

MODELS says how many; benches/catalogue.py says how long things take with 1,000.
"""

import os

import psycopg

MODELS = int(os.environ.get("MODELS", "80"))

db = psycopg.connect(autocommit=True)
db.execute("SET client_min_messages = warning; SET orchard.warnings = off")
db.execute("CREATE SCHEMA shop; SET search_path = shop")
db.execute("CREATE TABLE steps AS SELECT i AS a FROM generate_series(1, 200) AS i")


def one(statement, *arguments):
    return db.execute(statement, arguments).fetchone()[0]


def value(model, version):
    """What a model and version predicts of everything: a number of its own."""
    return model * 10 + version


def train(model, version):
    return one("SELECT version FROM orchard.train(%s, format('SELECT a %%%% 7 AS a, %%s::float8 AS y FROM steps', %s::int), 'y', 'decision_tree', '{\"task\": \"regression\"}')", f"m{model}", value(model, version))


deployed = {}
for model in range(MODELS):
    for version in range(1, 2 + model % 3):
        assert train(model, version) == version
    deployed[model] = 1 + model % 3


def check(schema="shop"):
    listed = db.execute("SELECT model, version, schema, function FROM orchard.models ORDER BY length(model), model").fetchall()
    assert listed == [(f"m{m}", v, schema, f"{schema}.predict_m{m}") for m, v in sorted(deployed.items())], listed[:5]
    versions = one("SELECT count(*) FROM orchard.model_versions")
    assert versions == sum(1 + model % 3 for model in deployed), versions
    for session in (db, psycopg.connect(autocommit=True)):
        for model, version in deployed.items():
            expected = value(model, version)
            found = session.execute(f"SELECT {schema}.predict_m{model}(3), orchard.predict('{schema}.m{model}', '{{\"a\": 3}}')").fetchone()
            assert found == (expected, expected), (model, found, expected)


check()
for model in range(0, MODELS, 3):
    version = 1 + (model // 3) % (1 + model % 3)
    one("SELECT orchard.deploy(%s, %s)", f"m{model}", version)
    deployed[model] = version
check()
# A cache that holds a few of them gives the same.
db.execute("SET orchard.cache_size = '64kB'")
check()
db.execute("RESET orchard.cache_size")
# All follow their schema; a session that has known them does too.
db.execute("ALTER SCHEMA shop RENAME TO store; SET search_path = store")
check("store")
# One statement may use them all.
every = " + ".join(f"predict_m{model}(a)" for model in deployed)
assert one(f"SELECT sum({every}) FROM steps") == 200 * sum(value(m, v) for m, v in deployed.items())
for model in range(0, MODELS, 4):
    db.execute("SELECT orchard.drop_model(%s)", (f"m{model}",)) if model % 8 else db.execute(f"DROP FUNCTION predict_m{model}")
    del deployed[model]
check("store")
db.execute("BEGIN; DROP SCHEMA store CASCADE; ROLLBACK")
check("store")
db.execute("DROP SCHEMA store CASCADE")
for table in ("stored_models", "stored_versions", "stored_chunks", "stored_history"):
    assert one(f"SELECT count(*) FROM orchard.{table}") == 0, table
print(f"{MODELS} models: listed, scored, deployed, moved and dropped")
