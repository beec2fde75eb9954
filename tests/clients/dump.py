"""A dump carries the models: scores, versions, history, owner, grants, comments and views are the same after pg_dump and
pg_restore, in every form of a dump, by a superuser and by the owner of the database, also where a role is missing.

ROUND_TRIPS says how often a database is dumped and restored, each time from the one restored before; the figure of the manual is 20.
"""

import itertools
import os
import pathlib
import sys

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../lib"))
from servers import CLICKS, Server, has, run  # noqa: E402

ROUND_TRIPS = int(os.environ.get("ROUND_TRIPS", "5"))

MODELS = f"""
SET search_path = marketing;
{CLICKS}
CREATE TYPE "Kind of device" AS ENUM ('mobile', 'desktop', 'tablet');
CREATE VIEW kinds AS SELECT device::"Kind of device" AS device, hour, clicked FROM clicks;
SELECT orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{{"max_depth": 3, "exclude": ["id"]}}');
SELECT orchard.train('ctr', 'clicks', 'clicked', 'gradient_boosting', '{{"n_estimators": 20, "exclude": ["id"]}}');
SELECT orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{{"max_depth": 6, "exclude": ["id"], "deploy": false}}');
SELECT orchard.deploy('ctr', 3);
SELECT orchard.rollback('ctr');
SELECT orchard.keep_versions('ctr', 5);
SELECT orchard.forget_categories('ctr', 'device', '{{tablet}}');
SELECT orchard.train('"Ctr Q"', 'SELECT device, bid, clicked FROM clicks', 'clicked', 'decision_tree');
SELECT orchard.train('kind', 'kinds', 'clicked', 'decision_tree', '{{"max_depth": 5}}');
SELECT orchard.train('device', 'SELECT hour, bid, device FROM clicks WHERE device IS NOT NULL', 'device', 'decision_tree');
SELECT orchard.train('segments', 'SELECT hour, bid FROM clicks', algorithm => 'kmeans', options => '{{"n_clusters": 3}}');
SELECT orchard.train('liked', 'SELECT hour AS user_id, ad_id AS item_id FROM clicks WHERE clicked', algorithm => 'als', options => '{{"factors": 3}}');
SELECT orchard.train('demand', 'SELECT device, date ''2024-01-01'' + d AS day, (d % 7) * length(device) AS sold FROM unnest(ARRAY[''mobile'', ''tv'']) AS device, generate_series(0, 60) AS d',
    'sold', 'forecast', '{{"time_column": "day", "group_columns": ["device"], "horizon": 7}}');
SELECT orchard.train('buyers', 'SELECT i % 40 AS customer_id, date ''2024-01-01'' + (i * i) % 300 AS day FROM generate_series(1, 200) AS i', algorithm => 'bg_nbd', options => '{{"time_column": "day"}}');
SELECT orchard.train('wide', format('SELECT clicked, %s FROM clicks LIMIT 300',
    (SELECT string_agg(format('(hour * %s) %% 23 AS c%s', i, i), ', ') FROM generate_series(1, 110) AS i)), 'clicked', 'decision_tree');
COMMENT ON FUNCTION predict_segments IS 'for the newsletter';
GRANT EXECUTE ON FUNCTION predict_kind TO bi WITH GRANT OPTION;
SELECT orchard.grant('ctr', 'bi');
SELECT orchard.grant('"Ctr Q"', 'public');
CREATE VIEW scored AS SELECT id, predict_ctr(device, hour, ad_id, bid, shown_at) AS score FROM clicks;
CREATE MATERIALIZED VIEW kept AS SELECT id, "predict_Ctr Q"(device, bid) AS score FROM clicks;
GRANT USAGE ON SCHEMA marketing TO bi;
GRANT SELECT ON clicks, kinds, scored, kept TO bi
"""

# Everything that must be the same afterwards; what bi reads needs its grants.
STATE = {
    "bi": """SELECT md5(string_agg(score::text, ' ' ORDER BY id)) FROM marketing.scored;
        SELECT md5(string_agg(score::text, ' ' ORDER BY id)) FROM marketing.kept;
        SELECT md5(string_agg(marketing.predict_kind(device, hour)::text, ' ' ORDER BY hour, device)) FROM marketing.kinds;
        SELECT md5(string_agg(marketing."predict_Ctr Q"(device, bid)::text, ' ' ORDER BY id)) FROM marketing.clicks;
        SELECT model, version FROM orchard.models ORDER BY model""",
    "postgres": """SELECT md5(string_agg(concat(marketing.predict_segments(hour, bid), marketing.predict_device(hour, bid)), ' ' ORDER BY id)) FROM marketing.clicks;
        SELECT md5(string_agg(marketing.predict_wide(x)::text, ' ' ORDER BY h)) FROM (SELECT hour AS h, (SELECT jsonb_object_agg('c' || i, (hour * i) % 23) FROM generate_series(1, 110) AS i) AS x FROM marketing.clicks LIMIT 100) AS t;
        SELECT to_jsonb(v) FROM orchard.model_versions AS v ORDER BY model, version;
        SELECT to_jsonb(h) FROM orchard.history AS h ORDER BY model, step;
        SELECT to_jsonb(c) FROM orchard.monitor AS c ORDER BY model, step;
        SELECT orchard.evaluate('marketing.ctr');
        SELECT to_jsonb(m) FROM orchard.stored_models AS m ORDER BY id;
        SELECT md5(string_agg(md5(data), ' ' ORDER BY version, kind, part)) FROM orchard.stored_chunks;
        SELECT count(*) FROM orchard.stored_chunks;
        SELECT oid::regprocedure::text, proowner::regrole, obj_description(oid), ARRAY(SELECT a::text FROM unnest(coalesce(proacl, acldefault('f', proowner))) AS a ORDER BY 1) FROM pg_proc WHERE proname LIKE 'predict\\_%' AND pronamespace = 'marketing'::regnamespace ORDER BY 1;
        SELECT relname, relowner::regrole, relacl::text, pg_get_viewdef(oid) FROM pg_class WHERE relnamespace = 'marketing'::regnamespace AND relkind IN ('v', 'm') ORDER BY 1;
        SELECT p.proname, count(*) FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
            JOIN pg_proc AS inner_one ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = inner_one.oid AND inner_one.proname LIKE 'score\\_%'
            WHERE p.pronamespace = 'marketing'::regnamespace GROUP BY 1 ORDER BY 1;
        SELECT md5(string_agg(to_jsonb(r)::text, ' ' ORDER BY rank)) FROM orchard.recommend('marketing.liked', '3') AS r;
        SELECT md5(string_agg(to_jsonb(f)::text, ' ' ORDER BY forecast_time, series)) FROM orchard.forecast('marketing.demand') AS f;
        SELECT marketing.predict_demand('tv', '2024-03-03'), marketing.predict_buyers(2, 10, 20);
        SELECT parameter, value FROM orchard.lifetime_parameters('marketing.buyers')""",
}


def state(server, database, by):
    lines = []
    for role, queries in STATE.items():
        with server.connect(database, role) as session:
            session.execute("SET search_path = pg_catalog")
            for query in queries.split(";"):
                lines += [repr(row) for row in session.execute(query).fetchall()]
    with server.connect(database, "bi") as session:
        try:
            session.execute("SELECT marketing.predict_segments(1, 1)")
            raise AssertionError("a role without a grant could use a model")
        except psycopg.errors.InsufficientPrivilege:
            pass
    return lines


def differences(before, after):
    return [pair for pair in itertools.zip_longest(before, after) if pair[0] != pair[1]]


def dump(server, database, by, *options):
    run("pg_dump", *server.where(database, by), *options)


def restore(server, database, by, *options):
    run("pg_restore", "--exit-on-error", *server.where(database, by), *options)


def plain(server, old, new, by, own, file):
    dump(server, old, by, *own, "-f", file)
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *server.where(new, by), "-f", file)


def custom(server, old, new, by, own, file):
    dump(server, old, by, *own, "-Fc", "-f", file)
    restore(server, new, by, *own, file)


def directory(server, old, new, by, own, file):
    dump(server, old, by, *own, "-Fd", "-j", 2, "-f", file)
    restore(server, new, by, *own, "-j", 2, file)


def inserts(server, old, new, by, own, file):
    dump(server, old, by, *own, "--rows-per-insert=3", "-f", file)
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *server.where(new, by), "-f", file)


def apart(server, old, new, by, own, file):
    """The schema alone, then the data alone; between the two the models say what they lack."""
    dump(server, old, by, *own, "--schema-only", "-Fc", "-f", f"{file}.schema")
    dump(server, old, by, *own, "--data-only", "-Fc", "-f", f"{file}.data")
    restore(server, new, by, *own, f"{file}.schema")
    with server.connect(new) as session:
        for statement in ["SELECT marketing.predict_segments(1, 1)", "SELECT orchard.predict('marketing.segments', '{}')"]:
            try:
                session.execute(statement)
                raise AssertionError("a model without data has scored")
            except psycopg.errors.Error as error:
                assert "no stored version" in error.diag.message_primary, error
                assert "Restore the data" in error.diag.message_hint, error
    restore(server, new, by, *own, "-j", 2, f"{file}.data")
    server.sql("REFRESH MATERIALIZED VIEW marketing.kept", database=new)


FORMS = [plain, directory, apart, custom, inserts]


def round_trips(server, by, first, own=()):
    """Dump and restore again and again, a form after the other."""
    before, old = state(server, first, by), first
    for trip in range(ROUND_TRIPS):
        form = FORMS[trip % len(FORMS)]
        new = f"{first}_{trip}"
        server.sql(f"CREATE DATABASE {new} OWNER {by} TEMPLATE template0")
        form(server, old, new, by, own, server.directory / new)
        after = state(server, new, by)
        assert after == before, f"{form.__name__} by {by}: {differences(before, after)[:3]}"
        alive(server, old, by)
        server.sql(f"DROP DATABASE {old}")
        old = new
    print(f"{ROUND_TRIPS} round trips by {by}: the same to the bit")
    return old


def alive(server, database, by):
    """What was restored can be trained, deployed, renamed and dropped, and the extension with it."""
    trainer = "analyst" if by == "postgres" else by
    server.sql(
        "SET search_path = marketing",
        "SELECT version FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{\"exclude\": [\"id\"]}')",
        "SELECT orchard.rollback('ctr')",
        "SELECT orchard.drop_model('segments')",
        "ALTER FUNCTION predict_device RENAME TO predict_renamed",
        database=database, user=trainer,
    )  # fmt: skip
    models = server.sql("SELECT model, version FROM orchard.models WHERE model IN ('ctr', 'segments', 'renamed') ORDER BY 1", database=database)
    assert models == [("ctr", 2), ("renamed", 1)], models
    server.sql("DROP EXTENSION orchard CASCADE", database=database)
    left = server.sql("SELECT proname FROM pg_proc WHERE proname LIKE 'predict\\_%' AND pronamespace = 'marketing'::regnamespace", database=database)
    assert not left, f"DROP EXTENSION left functions: {left}"
    left = server.sql("SELECT evtname FROM pg_event_trigger", database=database)
    assert not left, left
    server.sql("CREATE EXTENSION orchard", database=database)
    assert server.one("SELECT count(*) FROM orchard.models", database=database) == 0


def without_data(server, database):
    """Of the schema alone, a training makes a model again, of the function that is there: grants and views stay."""
    file = server.directory / "empty"
    dump(server, database, "postgres", "--schema-only", "-Fc", "-f", file)
    server.sql("CREATE DATABASE empty")
    restore(server, "empty", "postgres", file)
    copied = run("pg_dump", *server.where(database), "--data-only", "-t", "marketing.clicks")
    with server.connect("empty") as session:
        rows = copied[copied.index("FROM stdin;\n") + len("FROM stdin;\n") : copied.index("\n\\.\n") + 1]
        with session.cursor().copy(copied[copied.index("COPY ") : copied.index("FROM stdin;")] + "FROM stdin") as copy:
            copy.write(rows)
    train = "SELECT version FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{\"exclude\": [\"id\"], \"deploy\": false}')"
    assert server.sql("SET search_path = marketing", train, database="empty", user="analyst") == [(1,)]
    assert server.one("SELECT count(score) FROM marketing.scored", database="empty", user="bi") == 6000
    try:
        server.sql("SELECT orchard.train('marketing.segments', 'SELECT 1 AS hour, 2 AS bid', algorithm => 'kmeans')", database="empty", user="bi")
        raise AssertionError("another role took a model over")
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DuplicateFunction):
        pass
    print("a schema without data can be trained again")


def lacks_a_role(server, database, other):
    """Onto a server without the roles: pg_restore complains of these alone, and the models work."""
    file = server.directory / "custom"
    run("pg_dump", *server.where(database), "-Fc", "-f", file)
    other.sql("CREATE DATABASE moved")
    done = run("pg_restore", *other.where("moved"), file, check=False)
    complaints = [line for line in done.stdout.splitlines() if "ERROR" in line]
    assert complaints and all('role "analyst" does not exist' in line or 'role "bi" does not exist' in line for line in complaints), done.stdout
    queries = STATE["postgres"].split(";")
    for query in [*queries[:2], *queries[6:8], *queries[-4:]]:
        assert server.sql(query, database=database) == other.sql(query, database="moved"), query
    assert other.sql("SELECT DISTINCT owner FROM orchard.models", database="moved") == [("postgres",)]
    other.sql("SET search_path = marketing", "SELECT orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{\"exclude\": [\"id\"]}')", database="moved")
    print("restored onto a server that lacks the roles")


if has("pg_dump", "pg_restore"):
    first = Server("dump").start()
    first.sql("CREATE ROLE analyst LOGIN", "CREATE ROLE bi LOGIN", "CREATE DATABASE super")
    first.sql("CREATE EXTENSION orchard", "CREATE SCHEMA marketing AUTHORIZATION analyst", database="super")
    first.sql(*MODELS.split(";\n"), database="super", user="analyst")
    last = round_trips(first, "postgres", "super")
    second = Server("other").start()
    lacks_a_role(first, last, second)
    without_data(first, last)
    second.stop()

    first.sql("CREATE ROLE manager LOGIN", "CREATE DATABASE managed OWNER manager")
    first.sql("CREATE EXTENSION orchard", "CREATE SCHEMA marketing", *MODELS.split(";\n"), database="managed", user="manager")
    round_trips(first, "manager", "managed", own=["--no-owner"])
