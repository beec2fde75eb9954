"""A training that is cancelled, terminated or out of time ends within a second, leaves no model, and the server lives."""

import threading
import time

import psycopg

# Large enough to train for many seconds if nothing stops it.
SETUP = """
CREATE TABLE wide AS
SELECT h % 1000 AS a, (h >> 10) % 1000 AS b, (h >> 20) % 1000 AS c, (h >> 30) % 1000 AS d,
       'word ' || (h >> 8) % 50000 AS e, (h >> 40) % 2 = 0 AS y
FROM (SELECT hashint8extended(i, 7) & 9007199254740991 AS h FROM generate_series(1, 1000000) AS i) AS hashed
"""
TRAIN = """SELECT * FROM orchard.train('slow', 'SELECT w.*, n FROM wide AS w, generate_series(1, 4) AS n', 'y',
    'decision_tree', '{"max_depth": 20, "min_samples_leaf": 1}')"""
# Many trials, each of which takes its time.
TUNE = """SELECT * FROM orchard.tune('slow', 'wide', 'y', 'decision_tree', '{"max_depth": [18, 19, 20], "min_samples_leaf": [1, 2]}')"""
# Reading, then counting and comparing.
DIAGNOSE = "SELECT * FROM orchard.diagnose('SELECT w.*, n FROM wide AS w, generate_series(1, 4) AS n', 'y')"
# Reading, then sorting and counting.
CLEAN = """SELECT orchard.clean_sql('SELECT w.*, n FROM wide AS w, generate_series(1, 4) AS n', '[{"step": "winsorize"},
    {"step": "outliers", "method": "mad"}, {"step": "impute"}, {"step": "robust_scale"}, {"step": "outliers"}, {"step": "bin"}, {"step": "merge_levels"},
    {"step": "drop_duplicates"}]')"""
# Only reading, then learning; times in seconds after the start.
MOMENTS = (0.05, 0.5, 2.0, 4.0)
LIMIT = 1.0


def main():
    with psycopg.connect(autocommit=True) as db:
        db.execute(SETUP)
        start = db.execute("SELECT pg_postmaster_start_time()").fetchone()
        for moment in MOMENTS:
            timed_out(moment)
            interrupted(db, "pg_cancel_backend", moment, psycopg.errors.QueryCanceled)
            interrupted(db, "pg_terminate_backend", moment, (psycopg.errors.AdminShutdown, psycopg.OperationalError))
        for moment in MOMENTS[1:3]:
            interrupted(db, "pg_cancel_backend", moment, psycopg.errors.QueryCanceled, TUNE)
            interrupted(db, "pg_cancel_backend", moment, psycopg.errors.QueryCanceled, CLEAN)
        for moment in MOMENTS[:2]:
            interrupted(db, "pg_cancel_backend", moment, psycopg.errors.QueryCanceled, DIAGNOSE)
        assert db.execute("SELECT pg_postmaster_start_time()").fetchone() == start, "the server restarted"
        assert db.execute("SELECT count(*) FROM orchard.model_versions").fetchone()[0] == 0, "a model was left"
        assert db.execute("SELECT to_regproc('predict_slow')").fetchone()[0] is None, "a function was left"


def timed_out(moment):
    with psycopg.connect(autocommit=True) as session:
        session.execute(f"SET statement_timeout = {int(moment * 1000)}")
        begin = time.monotonic()
        try:
            session.execute(TRAIN)
            raise AssertionError(f"training took less than {moment} s: make the test's table larger")
        except psycopg.errors.QueryCanceled:
            check("statement_timeout", moment, time.monotonic() - begin - moment)
        session.execute("SET statement_timeout = 0")
        assert session.execute("SELECT 1").fetchone()[0] == 1, "the session must live on"


def interrupted(db, function, moment, expected, statement=TRAIN):
    session = psycopg.connect(autocommit=True)
    pid = session.info.backend_pid
    ended = []

    def train():
        try:
            session.execute(statement)
            ended.append((None, time.monotonic()))
        except psycopg.Error as error:
            ended.append((error, time.monotonic()))

    thread = threading.Thread(target=train)
    thread.start()
    time.sleep(moment)
    sent = time.monotonic()
    db.execute(f"SELECT {function}({pid})")
    thread.join(60)
    assert ended, f"{function} at {moment} s: still training after a minute"
    error, end = ended[0]
    assert isinstance(error, expected), (function, moment, error)
    check(function, moment, end - sent)
    while db.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'", (pid,)).fetchone()[0]:
        assert time.monotonic() - sent < LIMIT + 1, "the backend works on"
        time.sleep(0.02)
    session.close()


def check(what, moment, seconds):
    print(f"{what} after {moment} s: ended within {seconds:.3f} s")
    assert seconds < LIMIT, f"{what} after {moment} s took {seconds:.2f} s"


main()
