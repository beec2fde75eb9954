"""kill -9 of a backend, of the first process and of all at once, at random moments of trainings, imports, deployments, drops, prunings and of forgetting categories:
what was committed is there, what was not is not, nothing is left over, and the first query afterwards works.

TRIALS says how often; the figure of the manual is 200.
"""

import os
import pathlib
import random
import signal
import sys
import threading
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../lib"))
from servers import CLICKS, Server, wait_for  # noqa: E402

TRIALS = int(os.environ.get("TRIALS", "9"))
SEED = int(os.environ.get("SEED", "1"))
WORKERS = 3

# What must never be found: each query counts things that belong to nothing.
DEBRIS = {
    "chunks without version": "SELECT count(*) FROM orchard.stored_chunks AS c WHERE NOT EXISTS (SELECT FROM orchard.stored_versions AS v WHERE v.id = c.version)",
    "versions without model": "SELECT count(*) FROM orchard.stored_versions AS v WHERE NOT EXISTS (SELECT FROM orchard.stored_models AS m WHERE m.id = v.model)",
    "versions without bytes": "SELECT count(*) FROM orchard.stored_versions AS v WHERE v.bytes <> (SELECT sum(length(data)) FROM orchard.stored_chunks AS c WHERE c.version = v.id AND c.kind = 1)",
    "history without model": "SELECT count(*) FROM orchard.stored_history AS h WHERE NOT EXISTS (SELECT FROM orchard.stored_models AS m WHERE m.id = h.model)",
    "checks without model": "SELECT count(*) FROM orchard.stored_checks AS c WHERE NOT EXISTS (SELECT FROM orchard.stored_models AS m WHERE m.id = c.model)",
    "models without function": "SELECT count(*) FROM orchard.stored_models AS m WHERE orchard.model_function(m.schema_name, m.model_name, m.id) IS NULL",
    "models without version": "SELECT count(*) FROM orchard.stored_models AS m WHERE NOT EXISTS (SELECT FROM orchard.stored_versions AS v WHERE v.id = m.deployed AND v.model = m.id)",
    "functions without model": "SELECT count(*) FROM pg_proc AS p WHERE proname LIKE 'predict\\_%' AND pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM orchard.stored_models AS m WHERE 'predict_' || m.model_name = p.proname)",
    "locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "temporary files": "SELECT count(*) FROM pg_ls_tmpdir()",
    "corrupt indexes": "SELECT count(*) FROM pg_class AS c, LATERAL (SELECT bt_index_check(c.oid, true)) AS checked WHERE c.relkind = 'i' AND c.relname LIKE 'stored\\_%' AND checked IS NULL",
}
GROW = ["decision_tree", '{"max_depth": %d, "exclude": ["id"], "deploy": %s}']
SLOW = ["gradient_boosting", '{"n_estimators": 60, "exclude": ["id"], "seed": %d, "deploy": %s}']


# What a worker does until the next crash: of all something, or much of what takes a moment only.
MOODS = [
    ["train", "slow", "import", "deploy", "rollback", "keep", "drop", "forget"], ["deploy", "deploy", "deploy", "rollback", "keep", "train"],
    ["drop", "train", "keep"], ["import", "import", "forget", "forget", "train", "drop"],
]  # fmt: skip


class Worker:
    """Changes a model of its own, at random, and keeps account: what the server has confirmed, and what is under way."""

    def __init__(self, server, name):
        self.server, self.name, self.random = server, name, random.Random(f"{SEED} {name}")
        self.versions, self.deployed, self.keep = set(), None, None
        self.under_way, self.confirmed, self.session, self.error = None, 0, None, None

    def go(self, kinds):
        self.error, self.kinds = None, kinds
        self.session = self.server.connect()
        self.session.execute("SET client_min_messages = warning; SET orchard.warnings = off")
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        try:
            while True:
                self.one()
        except psycopg.OperationalError:
            pass
        except Exception as error:  # told by the main thread
            self.error = error

    def one(self):
        kind = self.random.choice(self.kinds if self.versions else ["train"])
        if kind in ("train", "slow"):
            algorithm, options = GROW if kind == "train" else SLOW
            deploy = self.random.random() < 0.6
            options %= (self.random.randint(1, 8), str(deploy).lower())
            self.under_way = ("train", deploy)
            row = self.ask("SELECT version, deployed FROM orchard.train(%s, 'clicks', 'clicked', %s, %s)", algorithm, options)
            self.trained(*row)
        elif kind == "deploy":
            version = self.random.choice(sorted(self.versions))
            self.under_way = (kind, version)
            self.ask("SELECT orchard.deploy(%s, %s)", version)
            self.deployed = version
        elif kind == "rollback":
            self.under_way = (kind, None)
            try:
                self.deployed = self.ask("SELECT orchard.rollback(%s)")[0]
            except psycopg.errors.ObjectNotInPrerequisiteState:
                pass
        elif kind == "keep":
            self.under_way = (kind, None)
            self.ask("SELECT orchard.keep_versions(%s, %s)", self.random.choice([1, 2, None]))
        elif kind == "forget":
            self.under_way = (kind, None)
            self.ask("SELECT count(*) FROM orchard.forget_categories(%s, 'ad_id')")
        elif kind == "import":
            deploy = self.random.random() < 0.6
            self.under_way = ("train", deploy)
            row = self.ask("SELECT version, deployed FROM orchard.import_model(%s, orchard.export_model('exported'), %s)", deploy)
            self.trained(*row)
        else:
            self.under_way = (kind, None)
            self.ask("SELECT orchard.drop_model(%s)")
            self.versions, self.deployed = set(), None
        self.settle()

    def trained(self, version, deployed):
        self.versions.add(version)
        if deployed:
            self.deployed = version

    def ask(self, statement, *arguments):
        return self.session.execute(statement, (self.name, *arguments)).fetchone()

    def settle(self):
        """What a policy has pruned is no loss, so what is there is read after each confirmed step."""
        self.under_way = ("look", None)
        self.versions, self.deployed = found(self.session, self.name)
        self.under_way = None
        self.confirmed += 1

    def check(self, session):
        """What is found is what was confirmed, with or without what was under way."""
        versions, deployed = found(session, self.name)
        before = (self.versions, self.deployed)
        what, argument = self.under_way or (None, None)
        if (versions, deployed) != before:
            assert what, f"{self.name}: had {before}, found {versions, deployed}"
            if what == "look":
                # A policy has pruned, which the confirmed step does not tell.
                assert versions < self.versions and deployed == before[1], (self.name, before, versions, deployed)
            elif what == "train":
                new = versions - self.versions
                assert len(new) == 1 and min(new) > max(self.versions, default=0), (self.name, before, versions)
                assert deployed == (min(new) if argument or not before[0] else before[1]), (self.name, before, deployed, argument)
            elif what == "deploy":
                assert (versions, deployed) == (self.versions, argument), (self.name, before, versions, deployed, argument)
            elif what == "rollback":
                assert versions == self.versions and deployed in versions, (self.name, before, versions, deployed)
            elif what == "keep":
                assert versions < self.versions and deployed == before[1], (self.name, before, versions, deployed)
            elif what == "drop":
                assert not versions and deployed is None, (self.name, before, versions, deployed)
        if versions:
            function = f"predict_{self.name}(device, hour, ad_id, bid, shown_at)"
            scored = session.execute(f"SELECT count(*) FROM clicks WHERE {function} BETWEEN 0 AND 1").fetchone()[0]
            assert scored == 6000, (self.name, versions, scored)
        self.versions, self.deployed, self.under_way = versions, deployed, None


def found(session, name):
    """The versions of a model, and the deployed one."""
    rows = session.execute("SELECT version, deployed FROM orchard.model_versions WHERE model = %s", (name,)).fetchall()
    deployed = [version for version, is_deployed in rows if is_deployed]
    assert len(deployed) == (1 if rows else 0), (name, rows)
    return {row[0] for row in rows}, deployed[0] if rows else None


def crash(server, workers, how):
    """End something; the server is up again afterwards."""
    first = server.pid()
    if how == "backend":
        os.kill(random.choice(workers).session.info.backend_pid, signal.SIGKILL)
    else:
        own = list(children(first)) if how == "everything" else []
        server.kill()
        for pid in own:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    for worker in workers:
        worker.thread.join(60)
        assert not worker.thread.is_alive(), f"{worker.name} still waits for an answer after {how} was killed"
        if worker.error:
            raise worker.error
        worker.session.close()
    if how != "backend":
        server.start()
    return wait_for("recovery", lambda: up(server))


def children(first):
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == first:
                yield int(status.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            pass


def up(server):
    try:
        return server.connect()
    except psycopg.OperationalError:
        return None


def main():
    random.seed(SEED)
    server = Server("crash", "restart_after_crash = on\nmax_wal_size = 64MB\nautovacuum_naptime = 1s").start()
    server.sql("CREATE EXTENSION orchard", *CLICKS.split(";\n"))
    algorithm, options = GROW
    server.sql(f"SELECT orchard.train('exported', 'clicks', 'clicked', '{algorithm}', '{options % (5, 'true')}')")
    if server.sql("SELECT FROM pg_available_extensions WHERE name = 'amcheck'"):
        server.sql("CREATE EXTENSION amcheck")
    else:
        del DEBRIS["corrupt indexes"]
    workers = [Worker(server, f"m{i}") for i in range(WORKERS)]
    ways, interrupted = ["backend", "first process", "everything"], {}
    for trial in range(TRIALS):
        for worker in workers:
            worker.go(random.choice(MOODS))
        time.sleep(random.uniform(0.05, 0.8))
        how = ways[trial % len(ways)]
        session = crash(server, workers, how)
        for worker in workers:
            what = (worker.under_way or ("nothing",))[0]
            interrupted[what] = interrupted.get(what, 0) + 1
            worker.check(session)
        for what, query in DEBRIS.items():
            count = session.execute(query).fetchone()[0]
            assert count == 0, f"trial {trial}, {how}: {count} {what}"
        session.close()
    steps = sum(worker.confirmed for worker in workers)
    print(f"{TRIALS} crashes after {steps} confirmed steps: nothing lost, nothing left over; interrupted: {interrupted}")
    assert steps > TRIALS, "the workers did next to nothing"


main()
