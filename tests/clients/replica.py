"""A standby scores what it has replayed and changes nothing, and trains once it is promoted; a base backup and the log bring back the
version that was deployed at a point in time."""

import pathlib
import sys

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../lib"))
from servers import CLICKS, Server, has, run, wait_for  # noqa: E402

TRAIN = "SELECT version FROM orchard.train('ctr', 'SELECT device, hour, bid, clicked FROM clicks', 'clicked', 'decision_tree', '{\"max_depth\": %s}')"
SCORE = "SELECT md5(string_agg(predict_ctr(device, hour, bid)::text, ' ' ORDER BY id)) FROM clicks"
DEPLOYED = "SELECT version FROM orchard.models WHERE model = 'ctr'"
CHANGES = [
    TRAIN % 2, "SELECT orchard.deploy('ctr', 1)", "SELECT orchard.rollback('ctr')", "SELECT orchard.keep_versions('ctr', 1)",
    "SELECT orchard.drop_model('ctr')", "SELECT orchard.tune('ctr', 'clicks', 'clicked', 'decision_tree', '{\"max_depth\": [1, 2]}')",
    "SELECT orchard.grant('ctr', 'public')", "SELECT orchard.forget_categories('ctr')", "SELECT orchard.clean('clicks', 'cleaned')",
]  # fmt: skip
READS = [
    "SELECT orchard.predict('ctr', c) FROM clicks AS c LIMIT 5", "SELECT orchard.predict('ctr', '{\"hour\": 3}'::jsonb)",
    "SELECT metric, value FROM orchard.evaluate('ctr')", "SELECT bucket, lift FROM orchard.lift('ctr')", "SELECT * FROM orchard.importance('ctr')",
    "SELECT * FROM orchard.explain('ctr', '{\"hour\": 3}')", "SELECT line FROM orchard.rules('ctr')", "SELECT orchard.to_sql('ctr')",
    "SELECT length(orchard.report('ctr'))", "SELECT * FROM orchard.profile('clicks')", "SELECT metric, value FROM orchard.evaluate('ctr', 'clicks')",
    "SELECT model, version, score FROM orchard.models", "SELECT step, event FROM orchard.history", "SELECT finding FROM orchard.diagnose('clicks', 'clicked')",
    "SELECT orchard.model_card('ctr')", "SELECT * FROM orchard.partial_dependence('ctr', 'hour')", "SELECT orchard.predict('groups', c) FROM clicks AS c LIMIT 5",
]  # fmt: skip


def caught_up(primary, standby):
    position = primary.one("SELECT pg_current_wal_flush_lsn()::text")
    wait_for("the standby", lambda: standby.one(f"SELECT pg_last_wal_replay_lsn() >= '{position}'"))


def copy_of(server, *options):
    return lambda data: run("pg_basebackup", "-D", data, "-h", server.directory, "-U", "postgres", "-c", "fast", "--no-sync", *options)


def replays(primary, standby):
    """Every session of the standby sees a deployment once it is replayed, by whatever it has cached."""
    session = standby.connect()
    session.execute("PREPARE p AS " + SCORE)
    for depth in (2, 4, 6):
        primary.sql(TRAIN % depth)
        caught_up(primary, standby)
        expected = primary.one(SCORE)
        assert session.execute("EXECUTE p").fetchone()[0] == expected == standby.one(SCORE), depth
    for version in (1, 3, 2, 4):
        primary.sql(f"SELECT orchard.deploy('ctr', {version})")
        caught_up(primary, standby)
        assert session.execute("EXECUTE p").fetchone()[0] == primary.one(SCORE), version
        assert session.execute(DEPLOYED).fetchone()[0] == version
    # Other arguments: the function is another, the session's plan too.
    primary.sql("SELECT orchard.train('ctr', 'SELECT hour, clicked FROM clicks', 'clicked', 'decision_tree')")
    caught_up(primary, standby)
    assert session.execute("SELECT predict_ctr(3)").fetchone() == primary.connect().execute("SELECT predict_ctr(3)").fetchone()
    primary.sql("SELECT orchard.rollback('ctr')")
    caught_up(primary, standby)
    assert session.execute("EXECUTE p").fetchone()[0] == primary.one(SCORE)


def only_reads(primary, standby):
    """What reads gives what it gives on the primary; what writes is refused as read-only, before it reads."""
    for query in READS:
        assert standby.sql(query) == primary.sql(query), query
    parallel = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0"
    with standby.connect() as session:
        session.execute(parallel)
        assert session.execute(SCORE).fetchone()[0] == primary.one(SCORE)
    for change in CHANGES:
        try:
            standby.sql(change)
            raise AssertionError(f"a standby did {change}")
        except psycopg.errors.ReadOnlySqlTransaction as error:
            print(error.diag.message_primary)


def promoted(primary, standby):
    """What was committed is there after the promotion, and goes on."""
    caught_up(primary, standby)
    expected, history = primary.one(SCORE), primary.sql("SELECT * FROM orchard.history ORDER BY model, step")
    session = standby.connect()
    assert session.execute(SCORE).fetchone()[0] == expected
    primary.stop("immediate")
    run("pg_ctl", "-D", standby.data, "-w", "promote")
    assert session.execute(SCORE).fetchone()[0] == expected
    assert standby.sql("SELECT * FROM orchard.history ORDER BY model, step") == history
    before = standby.one(DEPLOYED)
    assert standby.one(TRAIN % 5) == 6, "the sixth version"
    assert session.execute(SCORE).fetchone()[0] == standby.one(SCORE) != expected
    assert standby.one("SELECT orchard.rollback('ctr')") == before
    assert session.execute(SCORE).fetchone()[0] == expected
    standby.sql("SELECT orchard.drop_model('ctr')")
    assert standby.one("SELECT count(*) FROM orchard.stored_versions AS v JOIN orchard.stored_models AS m ON m.id = v.model WHERE m.model_name = 'ctr'") == 0


def point_in_time():
    """Three points of a history: before the second training, after it, after the model was dropped."""
    archive = Server.place("source") / "archive"
    source = Server("source", f"wal_level = replica\narchive_mode = on\narchive_command = 'cp %p {archive}/%f'")
    run("mkdir", archive)
    source.start()
    source.sql("CREATE EXTENSION orchard", *CLICKS.split(";\n"), TRAIN % 2)
    backups = [source.directory / f"backup{i}" for i in range(3)]
    copy_of(source)(backups[0])
    for backup in backups[1:]:
        run("cp", "-a", backups[0], backup)
    states = []
    for point, change in [("one", None), ("two", TRAIN % 6), ("three", "SELECT orchard.drop_model('ctr')")]:
        if change:
            source.sql(change)
        states.append(source.one(SCORE) if point != "three" else None)
        source.sql(f"SELECT pg_create_restore_point('{point}')")
    source.sql("SELECT pg_switch_wal()")
    source.stop()  # which archives what is left
    for point, backup, expected in zip(("one", "two", "three"), backups, states):
        settings = f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_name = '{point}'\nrecovery_target_action = promote\narchive_mode = off"
        restored = Server("restored", settings, base=lambda data, backup=backup: run("cp", "-a", backup, data))
        run("touch", restored.data / "recovery.signal")
        restored.start()
        wait_for("the end of recovery", lambda: not restored.one("SELECT pg_is_in_recovery()"))
        if expected:
            assert restored.one(SCORE) == expected, point
        else:
            assert restored.one("SELECT to_regproc('predict_ctr') IS NULL AND NOT EXISTS (SELECT FROM orchard.stored_chunks)")
        version = restored.one(TRAIN % 4)
        assert version == {"one": 2, "two": 3, "three": 1}[point], (point, version)
        restored.remove()
    print("restored to three points in time")


def main():
    primary = Server("primary", "wal_level = replica\nhot_standby = on\nmax_wal_senders = 4").start()
    primary.sql(
        "CREATE EXTENSION orchard", *CLICKS.split(";\n"), TRAIN % 3,
        "SELECT orchard.train('groups', 'SELECT hour, bid FROM clicks', algorithm => 'kmeans', options => '{\"n_clusters\": 3}')",
    )  # fmt: skip
    standby = Server("standby", base=copy_of(primary, "-R", "-X", "stream")).start()
    replays(primary, standby)
    only_reads(primary, standby)
    promoted(primary, standby)
    standby.stop()
    point_in_time()


if has("pg_basebackup"):
    main()
