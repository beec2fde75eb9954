"""The owner of a database who is no superuser makes the extension, and gets no power by it; two databases of a server never meet."""

import pathlib
import sys

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../lib"))
from servers import CLICKS, Server  # noqa: E402

TRAIN = "SELECT version FROM orchard.train('ctr', 'SELECT device, hour, clicked FROM clicks', 'clicked', 'decision_tree', '{\"max_depth\": %s}')"
SCORE = "SELECT md5(string_agg(predict_ctr(device, hour)::text, ' ' ORDER BY id)) FROM clicks"
COLUMNS = {"stored_models": "id", "stored_versions": "model", "stored_chunks": "version", "stored_history": "model"}


def refused(server, database, user, *statements):
    for statement in statements:
        try:
            server.sql(statement, database=database, user=user)
        except psycopg.errors.InsufficientPrivilege:
            continue
        raise AssertionError(f"{user} could {statement}")


def install_by_owner(server):
    server.sql("CREATE DATABASE shop OWNER manager")
    server.sql("CREATE EXTENSION orchard", *CLICKS.split(";\n"), TRAIN % 3, database="shop", user="manager")
    assert server.one("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'orchard'", database="shop") == "postgres"
    owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'orchard'::regnamespace"
    assert server.sql(owners, database="shop") == [("postgres",)]
    # What the owner of the extension and the database might try.
    for table in COLUMNS:
        refused(
            server, "shop", "manager", f"UPDATE orchard.{table} SET {COLUMNS[table]} = NULL", f"DELETE FROM orchard.{table}", f"TRUNCATE orchard.{table}", f"ALTER TABLE orchard.{table} ADD COLUMN x int", f"ALTER TABLE orchard.{table} DISABLE TRIGGER ALL",
            f"CREATE TRIGGER t AFTER INSERT ON orchard.{table} FOR EACH ROW EXECUTE FUNCTION orchard.models_changed()", f"CREATE RULE r AS ON INSERT TO orchard.{table} DO INSTEAD NOTHING",
            f"CREATE INDEX ON orchard.{table} ((1))", f"ALTER TABLE orchard.{table} OWNER TO manager",
        )  # fmt: skip
    refused(
        server, "shop", "manager", "CREATE FUNCTION orchard.score_number(uuid, float8) RETURNS float8 LANGUAGE sql RETURN 1", "CREATE TABLE orchard.mine (i int)",
        "ALTER SCHEMA orchard OWNER TO manager", "ALTER SCHEMA orchard RENAME TO mine", "ALTER FUNCTION orchard.version() OWNER TO manager", "DROP SCHEMA orchard CASCADE",
        "ALTER EVENT TRIGGER orchard_follow_drop DISABLE", "CREATE OR REPLACE VIEW orchard.history AS SELECT 1", "ALTER EXTENSION orchard DROP FUNCTION orchard.version()",
        "SELECT orchard.forget(gen_random_uuid())", "SELECT orchard.follow_drop()", "SELECT orchard.version(); SET orchard.max_memory = '1TB'",
    )  # fmt: skip
    # What is set before the library is loaded, is set for good only by who may.
    with server.connect("shop", "manager") as session:
        session.execute("SET client_min_messages = error; SET orchard.max_memory = '1TB'; SELECT orchard.version()")
        assert session.execute("SHOW orchard.max_memory").fetchone()[0] == "1GB"
    # Another's model is not the database owner's to keep.
    server.sql("CREATE SCHEMA analysis AUTHORIZATION analyst", "GRANT SELECT ON clicks TO analyst", database="shop", user="postgres")
    server.sql("SET search_path = analysis, public", TRAIN % 2, database="shop", user="analyst")
    refused(server, "shop", "manager", "SELECT orchard.deploy('analysis.ctr', 1)", "SELECT orchard.drop_model('analysis.ctr')", "SELECT analysis.predict_ctr('mobile', 3)", "SELECT orchard.train('analysis.ctr', 'clicks', 'clicked')")
    for table in COLUMNS:
        refused(server, "shop", "analyst", f"SELECT FROM orchard.{table}", f"INSERT INTO orchard.{table} DEFAULT VALUES")
    server.sql("DROP EXTENSION orchard CASCADE", database="shop", user="manager")
    server.sql("CREATE EXTENSION orchard", database="shop", user="manager")
    print("the owner of a database makes and drops the extension, and nothing more")


def schema_in_the_way(server):
    """A schema of that name that somebody has made before is taken from him, or refused where something is in it."""
    server.sql("CREATE DATABASE prepared OWNER manager")
    server.sql("CREATE SCHEMA orchard", "GRANT ALL ON SCHEMA orchard TO analyst, PUBLIC", database="prepared", user="manager")
    for trap in [
        "CREATE FUNCTION orchard.equal(oid, regclass) RETURNS boolean LANGUAGE sql RETURN false",
        "CREATE TABLE orchard.stored_models (id uuid)", "CREATE TYPE orchard.trap AS ENUM ()",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA orchard GRANT ALL ON TABLES TO analyst",
    ]:  # fmt: skip
        server.sql(trap, database="prepared", user="manager")
        for role in ("postgres", "manager"):
            try:
                server.sql("CREATE EXTENSION orchard", database="prepared", user=role)
                raise AssertionError(f"installed over {trap}")
            except psycopg.errors.ObjectNotInPrerequisiteState as error:
                assert "not empty" in str(error), error
        server.sql("DROP SCHEMA orchard CASCADE", "CREATE SCHEMA orchard", "GRANT ALL ON SCHEMA orchard TO analyst, PUBLIC", database="prepared", user="manager")
    server.sql("CREATE EXTENSION orchard", database="prepared")
    refused(server, "prepared", "manager", "CREATE TABLE orchard.mine (i int)")
    refused(server, "prepared", "analyst", "CREATE TABLE orchard.mine (i int)")
    print("nobody prepares the schema of the extension")


def two_databases(server):
    for database, depth in (("one", 2), ("two", 5)):
        server.sql(f"CREATE DATABASE {database}")
        server.sql("CREATE EXTENSION orchard", *CLICKS.split(";\n"), TRAIN % depth, database=database)
    scores = {database: server.one(SCORE, database=database) for database in ("one", "two")}
    assert scores["one"] != scores["two"]
    session = server.connect("two")
    assert session.execute(SCORE).fetchone()[0] == scores["two"]
    # Trainings of the same name do not wait for each other.
    with server.connect("one", autocommit=False) as first:
        first.execute(TRAIN % 4)
        server.sql("SET lock_timeout = '5s'", TRAIN % 6, "SELECT orchard.rollback('ctr')", database="two")
        first.rollback()
    assert session.execute(SCORE).fetchone()[0] == scores["two"]
    server.sql("SELECT orchard.drop_model('ctr')", database="one")
    assert session.execute(SCORE).fetchone()[0] == scores["two"]
    assert server.one("SELECT count(*) FROM orchard.models", database="one") == 0
    # A database made from another has its models, and from then on its own.
    session.close()
    server.sql("CREATE DATABASE three TEMPLATE two")
    assert server.one(SCORE, database="three") == scores["two"]
    server.sql(TRAIN % 1, database="two")
    assert server.one(SCORE, database="three") == scores["two"] != server.one(SCORE, database="two")
    server.sql("DROP DATABASE two")
    assert server.one(SCORE, database="three") == scores["two"]
    print("two databases never see each other")


server = Server("owners").start()
server.sql("CREATE ROLE manager LOGIN", "CREATE ROLE analyst LOGIN")
install_by_owner(server)
schema_in_the_way(server)
two_databases(server)
