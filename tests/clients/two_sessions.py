"""Sessions that train a model of the same name at once: one after the other or a clear error, never anything corrupt."""

import pathlib
import threading

import psycopg

TRAIN = """SELECT version FROM orchard.train('ctr', 'SELECT device, hour, bid, clicked FROM clicks', 'clicked',
    'decision_tree', jsonb_build_object('max_depth', %s::int))"""
SESSIONS = 4
ROUNDS = 5
# What a loser may be told: that it lost, by whatever name.
LOST = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.ObjectInUse,
    psycopg.errors.DuplicateFunction,
    psycopg.errors.DuplicateObject,
)


def main():
    with psycopg.connect(autocommit=True) as db:
        db.execute((pathlib.Path(__file__).parent / "../lib/clicks.sql").read_text())
        for isolation in ("read committed", "repeatable read"):
            for round_number in range(ROUNDS):
                # The first round makes the model, the later ones replace it.
                if round_number == 0:
                    db.execute("SELECT orchard.drop_model(model) FROM orchard.models")
                at_once(isolation)
                consistent(db)


def at_once(isolation):
    barrier = threading.Barrier(SESSIONS)
    results = []

    def train(depth):
        with psycopg.connect(autocommit=True) as session:
            session.execute(f"SET default_transaction_isolation = '{isolation}'")
            barrier.wait()
            try:
                results.append(session.execute(TRAIN, (depth,)).fetchone()[0])
            except LOST as error:
                results.append(error)
            except psycopg.Error as error:
                results.append(AssertionError(f"{error.sqlstate} {error}"))

    threads = [threading.Thread(target=train, args=(depth,)) for depth in range(1, SESSIONS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    print(isolation, [str(result) for result in results])
    assert len(results) == SESSIONS, "a session hangs"
    for result in results:
        if isinstance(result, AssertionError):
            raise result
    versions = [result for result in results if isinstance(result, int)]
    assert versions, "nobody succeeded"
    assert len(set(versions)) == len(versions), f"two sessions were told the same version: {versions}"


def consistent(db):
    """One model, one function, one deployed version, which scores."""
    deployed = db.execute("SELECT count(*) FROM orchard.model_versions WHERE model = 'ctr' AND deployed").fetchone()[0]
    functions = db.execute("SELECT count(*) FROM pg_proc WHERE proname = 'predict_ctr'").fetchone()[0]
    scored = db.execute("SELECT count(predict_ctr(device, hour, bid)) FROM clicks").fetchone()[0]
    assert (deployed, functions, scored) == (1, 1, 6000), (deployed, functions, scored)


main()
