"""Logical replication of the model tables: a subscriber whose schema came by pg_dump scores as the publisher does and sees its deployments."""

import pathlib
import sys

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../lib"))
from servers import CLICKS, Server, has, run, wait_for  # noqa: E402

TABLES = "orchard.stored_models, orchard.stored_versions, orchard.stored_chunks, orchard.stored_history"
SCORE = "SELECT md5(string_agg(predict_kind(device, hour)::text, ' ' ORDER BY id)) FROM kinds"
TRAIN = "SELECT orchard.train('kind', 'SELECT device, hour, clicked FROM kinds', 'clicked', 'decision_tree', '{\"max_depth\": %s}')"


def applied(publisher, subscriber):
    position = publisher.one("SELECT pg_current_wal_lsn()::text")
    query = f"SELECT coalesce(bool_and(latest_end_lsn >= '{position}'), false) FROM pg_stat_subscription WHERE subname = 'models' AND relid IS NULL"
    publisher.sql("SELECT pg_logical_emit_message(true, 'orchard', 'flush')")
    wait_for("the subscription", lambda: subscriber.one(query))


def same(publisher, subscriber, session, what):
    """Also to a session that has known the models for long."""
    applied(publisher, subscriber)
    expected = publisher.one(SCORE)
    wait_for(what, lambda: session.execute(SCORE).fetchone()[0] == expected, seconds=20)
    assert subscriber.one(SCORE) == expected, what
    listed = "SELECT to_jsonb(v) FROM orchard.model_versions AS v ORDER BY model, version"
    assert subscriber.sql(listed) == publisher.sql(listed), what
    print(f"the same after {what}")


def main():
    publisher = Server("publisher", "wal_level = logical").start()
    subscriber = Server("subscriber").start()
    publisher.sql(
        "CREATE EXTENSION orchard", *CLICKS.split(";\n"), 'CREATE TYPE "Device kind" AS ENUM (\'mobile\', \'desktop\', \'tablet\')',
        'CREATE TABLE kinds AS SELECT id, device::"Device kind" AS device, hour, clicked FROM clicks', TRAIN % 2,
        f"CREATE PUBLICATION models FOR TABLE {TABLES}",
    )  # fmt: skip
    schema = publisher.directory / "schema.sql"
    run("pg_dump", *publisher.where(), "--schema-only", "--no-publications", "-f", schema)
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *subscriber.where(), "-f", schema)
    # The rows to score are the subscriber's own.
    data = publisher.directory / "data.sql"
    run("pg_dump", *publisher.where(), "--data-only", "-t", "kinds", "-f", data)
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *subscriber.where(), "-f", data)
    session = subscriber.connect()
    try:
        session.execute(SCORE)
        raise AssertionError("scored without a model")
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        assert "no stored version" in str(error), error
    subscriber.sql(f"CREATE SUBSCRIPTION models CONNECTION 'host={publisher.directory} port=5432 user=postgres dbname=postgres' PUBLICATION models")
    wait_for("the first copy", lambda: subscriber.one("SELECT bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel"))
    session.execute("PREPARE p AS " + SCORE)
    same(publisher, subscriber, session, "the first copy")
    for depth in (3, 5):
        publisher.sql(TRAIN % depth)
        same(publisher, subscriber, session, f"a training of depth {depth}")
    for version in (1, 3, 2):
        publisher.sql(f"SELECT orchard.deploy('kind', {version})")
        same(publisher, subscriber, session, f"a deployment of version {version}")
    assert session.execute("EXECUTE p").fetchone()[0] == publisher.one(SCORE)

    # What logical replication does not carry is DDL: a function with other arguments has to be made there too.
    publisher.sql("SELECT orchard.train('kind', 'SELECT hour, clicked FROM kinds', 'clicked', 'decision_tree')")
    applied(publisher, subscriber)
    other = "SELECT predict_kind(3)"
    definition = publisher.one("SELECT pg_get_functiondef('predict_kind(float8)'::regprocedure)")
    subscriber.sql(definition)
    wait_for("the new function", lambda: scores(subscriber, other) == publisher.sql(other))
    publisher.sql("SELECT orchard.drop_model('kind')")
    applied(publisher, subscriber)
    wait_for("the drop", lambda: subscriber.one("SELECT count(*) FROM orchard.stored_chunks") == 0)
    assert scores(subscriber, other) is None
    subscriber.sql("DROP SUBSCRIPTION models")


def scores(server, query):
    try:
        return server.sql(query)
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return None


if has("pg_dump"):
    main()
