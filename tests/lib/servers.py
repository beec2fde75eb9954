"""Servers of a test's own, which it may crash, copy and promote: made anew, and gone with the test however it ends.

tests/run says where: PRIVATE is a directory of SERVER_USER, PATH begins with the programs of the server.
"""

import atexit
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import psycopg

# What ends a test that takes too long; so that its servers end too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))

USER = os.environ["SERVER_USER"]
PRIVATE = pathlib.Path(os.environ["PRIVATE"])
LIBRARY = pathlib.Path(__file__).parent
CLICKS = (LIBRARY / "clicks.sql").read_text()
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
fsync = off
shared_buffers = 16MB
max_connections = 40
"""


def run(*command, user=True, check=True, **options):
    """A program, by the server's user; its output."""
    prefix = ["runuser", "-u", USER, "--"] if user and os.geteuid() == 0 else []
    environment = {name: value for name, value in os.environ.items() if name != "RUST_BACKTRACE" and not name.startswith("PG")}
    done = subprocess.run(
        [*prefix, *map(str, command)], cwd="/", env=environment, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
    )  # fmt: skip
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout if check else done


class Server:
    """A server; `base` is a function that fills the directory of its data in another way than initdb."""

    def __init__(self, name, settings="", base=None):
        self.directory = self.place(name)
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        atexit.register(self.remove)
        self.remove()
        run("mkdir", "-m", "700", self.directory)
        if base:
            base(self.data)
        else:
            run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-locale", "--encoding=UTF8", "--no-sync")
        own = f"{SETTINGS}unix_socket_directories = '{self.directory}'\n{settings}\n"
        run("sh", "-c", f'cat >> "{self.data}/postgresql.conf" <<"END"\n{own}\nEND')

    @staticmethod
    def place(name):
        """The directory of a server of this name."""
        return PRIVATE / name

    def start(self, seconds=60):
        """Start it, also where the processes of one that was killed are still about to end."""
        begin = time.monotonic()
        while True:
            done = run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", self.log, "start", check=False)
            if done.returncode == 0:
                return self
            if time.monotonic() - begin > seconds:
                raise RuntimeError(f"{self.data} did not start: {done.stdout}\n{self.tail()}")
            time.sleep(0.1)

    def stop(self, mode="fast"):
        run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def kill(self):
        """End the first process as a machine's lack of memory does."""
        os.kill(self.pid(), signal.SIGKILL)

    def pid(self):
        return int(run("head", "-n", "1", self.data / "postmaster.pid"))

    def tail(self):
        return run("tail", "-n", "40", self.log, check=False).stdout

    def where(self, database="postgres", user="postgres"):
        """What the server's programs are told to find it by."""
        return ["-h", str(self.directory), "-p", "5432", "-U", user, "-d", database]

    def connect(self, database="postgres", user="postgres", **options):
        options.setdefault("autocommit", True)
        return psycopg.connect(host=str(self.directory), port=5432, dbname=database, user=user, **options)

    def sql(self, *statements, database="postgres", user="postgres"):
        """Run statements; the rows of the last one."""
        with self.connect(database, user) as session:
            session.execute("SET client_min_messages = warning")
            for statement in statements:
                cursor = session.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement, **options):
        return self.sql(statement, **options)[0][0]

    def remove(self):
        if self.directory.exists():
            run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)


def wait_for(what, condition, seconds=60):
    """Wait until a condition holds; the value that it came to."""
    begin = time.monotonic()
    while not (value := condition()):
        assert time.monotonic() - begin < seconds, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)
    return value


def has(*programs):
    """Whether the server came with these programs; packages of servers alone lack some."""
    programs_of_it = str(pathlib.Path(shutil.which("initdb")).parent)
    missing = [program for program in programs if not shutil.which(program, path=programs_of_it)]
    for program in missing:
        print(f"skipped: this PostgreSQL comes without {program}")
    return not missing

