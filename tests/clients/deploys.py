"""Deployments under load: the next statement of every other session sees them, and no statement mixes two versions.

TRIALS and STATEMENTS say how much is tried; the figures of the manual are 1,000 and 100,000.
"""

import os
import threading
import time

import psycopg

TRIALS = int(os.environ.get("TRIALS", "300"))
STATEMENTS = int(os.environ.get("STATEMENTS", "10000"))
CLIENTS = 8

db = psycopg.connect(autocommit=True)
db.execute("SET client_min_messages = warning")
db.execute("CREATE TABLE flips AS SELECT i % 2 AS a, i % 2 = 0 AS y FROM generate_series(1, 200) AS i")
db.execute("CREATE TABLE many AS SELECT 0 AS a FROM generate_series(1, 300)")
for query in ["flips", "SELECT a, NOT y AS y FROM flips"]:
    db.execute("SELECT orchard.train('flip', %s, 'y', 'decision_tree', '{\"positive_class\": \"true\"}')", (query,))
db.execute("CREATE VIEW scored AS SELECT predict_flip(a) > 0.5 AS even_is_true FROM many")
db.execute("CREATE FUNCTION in_plpgsql() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN predict_flip(0) > 0.5; END $$")

# Seen by the next statement: as a plain statement, a prepared one, in PL/pgSQL, through a view, by parallel workers.
others = [psycopg.connect(autocommit=True) for _ in range(4)]
others[1].execute("PREPARE p AS SELECT predict_flip(0) > 0.5")
others[3].execute("SET debug_parallel_query = on" if others[3].info.server_version >= 160000 else "SET force_parallel_mode = on")
statements = ["SELECT predict_flip(0) > 0.5", "EXECUTE p", "SELECT in_plpgsql()", "SELECT bool_and(even_is_true) FROM scored"]
seen = 0
for trial in range(TRIALS):
    version = 1 + trial % 2
    db.execute("SELECT orchard.deploy('flip', %s)", (version,))
    at = trial % len(others)
    found = others[at].execute(statements[at]).fetchone()[0]
    assert found == (version == 1), (trial, statements[at], found)
    seen += 1
print(f"{seen} of {TRIALS} deployments were seen by the next statement of another session")

# Never mixed: every row of a statement is scored by one version.
done, mixed, versions = [0] * CLIENTS, [], set()
stop = threading.Event()


def score(client):
    with psycopg.connect(autocommit=True) as own:
        while done[client] < STATEMENTS // CLIENTS and not stop.is_set():
            low, high = own.execute("SELECT min(even_is_true::int), max(even_is_true::int) FROM scored").fetchone()
            versions.add(low)
            if low != high:
                mixed.append((client, done[client]))
            done[client] += 1


threads = [threading.Thread(target=score, args=(client,)) for client in range(CLIENTS)]
for thread in threads:
    thread.start()
deployed = 0
while any(thread.is_alive() for thread in threads):
    db.execute("SELECT orchard.deploy('flip', %s)", (1 + deployed % 2,))
    deployed += 1
    time.sleep(0.01)
for thread in threads:
    thread.join()
assert sum(done) >= STATEMENTS // CLIENTS * CLIENTS, done
assert not mixed, mixed[:5]
assert versions == {0, 1}, versions
print(f"{sum(done)} statements of {CLIENTS} clients during {deployed} deployments: none mixed two versions")
history = db.execute("SELECT count(*), max(step) FROM orchard.history WHERE model = 'flip'").fetchone()
assert history[0] == history[1] == 2 + TRIALS + deployed, history
