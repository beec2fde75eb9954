"""A passed limit is told to every session that listens to the channel orchard, when the check is committed: which model, and no figure."""

import json
import subprocess

import psycopg

owner = psycopg.connect(autocommit=True)
owner.execute("SET client_min_messages = warning")
listener = psycopg.connect(autocommit=True)
listener.execute("LISTEN orchard")


def told():
    return [json.loads(n.payload) for n in listener.notifies(timeout=0.5)]


# The longest names, with everything that JSON has to escape.
schema, model = '"' * 30 + "\\" * 30, "é\n\t" + '"' * 20 + "\\" * 20
owner.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(schema)))
quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, model))
owner.execute("CREATE TABLE shop AS SELECT i % 100 AS x, (i % 7)::text AS kind, (i % 100 > 60) <> (i % 11 = 0) AS y FROM generate_series(1, 4000) AS i")
for name in ("quiet", quoted):
    owner.execute("SELECT orchard.train(%s, 'shop', 'y', 'decision_tree', '{\"max_depth\": 3}')", (name,))
assert told() == []

assert owner.execute("SELECT verdict, alerts FROM orchard.watch('quiet')").fetchone() == ("stable", [])
assert told() == [], "nothing is the matter"

moved = "SELECT x + 70 AS x, kind FROM shop"
with owner.transaction() as transaction:
    owner.execute("SELECT orchard.watch('quiet', %s)", (moved,))
    assert told() == [], "not before the end of the transaction"
    raise psycopg.Rollback(transaction)
assert told() == []

step, alerts = owner.execute("SELECT step, alerts FROM orchard.watch(%s, %s)", (quoted, moved)).fetchone()
(payload,) = told()
assert payload == {"schema": schema, "model": model, "version": 1, "step": step, "verdict": "drifted", "alerts": len(alerts)}, payload
assert any("psi" in alert for alert in alerts), alerts
assert owner.execute("SELECT alerts FROM orchard.monitor WHERE model = %s AND step = %s", (model, step)).fetchone()[0] == alerts

# What came true is told as well.
owner.execute("SELECT orchard.watch('quiet', 'SELECT x, kind, NOT y AS y FROM shop')")
(payload,) = told()
assert (payload["model"], payload["verdict"]) == ("quiet", "worse"), payload

# Checks by several sessions at once are numbered one after the other.
others = [psycopg.connect() for _ in range(3)]
for i, other in enumerate(others):
    other.execute("SET client_min_messages = warning")
    if i == 0:
        other.execute("SELECT orchard.watch('quiet')")
    other.commit()
for other in others[1:]:
    other.execute("SELECT orchard.watch('quiet')")
    other.commit()
steps = [row[0] for row in owner.execute("SELECT step FROM orchard.monitor WHERE model = 'quiet' ORDER BY step")]
assert steps == list(range(1, len(steps) + 1)), steps
print(f"{len(steps)} checks")

# A dump carries checks, decisions and what training rows were like.
owner.execute("SELECT orchard.retrain('quiet')")
owner.execute("DROP DATABASE IF EXISTS notify_copy")
owner.execute("CREATE DATABASE notify_copy TEMPLATE template0")
dump = subprocess.run(["pg_dump", owner.info.dbname], check=True, capture_output=True).stdout
subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "notify_copy"], input=dump, check=True, stdout=subprocess.DEVNULL)
with psycopg.connect(dbname="notify_copy", autocommit=True) as copy:
    for query in ("SELECT * FROM orchard.monitor ORDER BY schema, model, step", "SELECT * FROM orchard.history ORDER BY schema, model, step",
                  "SELECT * FROM orchard.drift('quiet')"):
        found = owner.execute(query).fetchall()
        assert found and found == copy.execute(query).fetchall(), query
owner.execute("DROP DATABASE notify_copy")
