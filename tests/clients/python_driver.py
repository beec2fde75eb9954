"""Orchard through psycopg 3: server-side parameters, prepared statements, Python's types, read-only scoring."""

import datetime
import decimal
import json
import pathlib

import psycopg
from psycopg.types.json import Jsonb

TRAIN = "SELECT * FROM orchard.train(%s, %s, target => %s, algorithm => %s, options => %s)"
SOURCE = "SELECT device, hour, ad_id, bid, shown_at, clicked FROM clicks"
CALL = "predict_ctr(device, hour, ad_id, bid, shown_at)"


def main():
    with psycopg.connect(autocommit=True) as db:
        db.execute((pathlib.Path(__file__).parent / "../lib/clicks.sql").read_text())
        train_by_parameters(db)
        predict_by_parameters(db)
        prepared_statements(db)
        read_only(db)
        by_name(db)
        errors_carry_sqlstates(db)
        rolled_back(db)
        server_side_cursor()


def train_by_parameters(db):
    cursor = db.execute(TRAIN, ("ctr", SOURCE, "clicked", "decision_tree", Jsonb({"max_depth": 5})))
    names = [column.name for column in cursor.description]
    expected = "model version algorithm task rows features metric score seconds deployed function".split()
    assert names[: len(expected)] == expected, names
    row = dict(zip(names, cursor.fetchone()))
    assert row["model"] == "ctr" and row["version"] == 1 and row["task"] == "classification", row
    # Five columns; the twelve days of shown_at have a day of the month, a weekday and an hour besides.
    assert row["rows"] == 6000 and row["features"] == 8 and row["deployed"] is True, row
    assert 0.6 < row["score"] <= 1, row
    assert isinstance(row["function"], str) and "predict_ctr" in row["function"], row


def predict_by_parameters(db):
    """Each of Python's types reaches the wide arguments; None and the unseen have a path."""
    call = "SELECT predict_ctr(%s, %s, %s, %s, %s)"
    when = datetime.datetime(2026, 3, 2, 20, tzinfo=datetime.timezone.utc)
    phone = db.execute(call, ("mobile", 20, 9007199254740001, decimal.Decimal("1.50"), when)).fetchone()[0]
    desktop = db.execute(call, ("desktop", 20, 9007199254740001, 1.5, when)).fetchone()[0]
    assert isinstance(phone, float) and 0 <= desktop < phone <= 1, (phone, desktop)
    for values in [
        (None,) * 5,
        ("never seen", -1, 2**62, decimal.Decimal("NaN"), None),
        ("", float("inf"), float("-inf"), float("nan"), datetime.datetime.max),
    ]:
        score = db.execute(call, values).fetchone()[0]
        assert score is not None and 0 <= score <= 1, (values, score)


def prepared_statements(db):
    """A statement prepared before a retraining gives the new model's scores, and goes on doing so as a generic plan."""
    query = f"SELECT sum({CALL}) FROM clicks WHERE id <= %s"
    before = [db.execute(query, (1000,), prepare=True).fetchone()[0] for _ in range(8)]
    assert len(set(before)) == 1, before
    db.execute(TRAIN, ("ctr", SOURCE, "clicked", "decision_tree", Jsonb({"max_depth": 1})))
    after = db.execute(query, (1000,), prepare=True).fetchone()[0]
    assert after == db.execute(f"SELECT sum({CALL}) FROM clicks WHERE id <= 1000").fetchone()[0]
    assert after != before[0], "the prepared statement still scores with the old model"
    db.execute(TRAIN, ("ctr", SOURCE, "clicked", "decision_tree", Jsonb({"max_depth": 5})))
    again = db.execute(query, (1000,), prepare=True).fetchone()[0]
    assert again == before[0], "the same rows, options and seed must give the same model"


def read_only(db):
    with psycopg.connect() as other:
        other.read_only = True
        n, low, high = other.execute(f"SELECT count(s), min(s), max(s) FROM (SELECT {CALL} AS s FROM clicks) AS t").fetchone()
        assert n == 6000 and 0 <= low < high <= 1, (n, low, high)
        assert other.execute("SELECT count(*) FROM orchard.evaluate('ctr')").fetchone()[0] > 3


def by_name(db):
    """A row, jsonb, json and text give the score of the function."""
    row = {"device": "mobile", "hour": 20, "ad_id": 9007199254740001, "bid": 1.5, "shown_at": "2026-03-02T20:00:00Z"}
    by_function = db.execute(
        "SELECT predict_ctr('mobile', 20, 9007199254740001, 1.5, '2026-03-02 20:00Z')"
    ).fetchone()[0]
    for value in (Jsonb(row), psycopg.types.json.Json(row), json.dumps(row)):
        assert db.execute("SELECT orchard.predict('ctr', %s)", (value,)).fetchone()[0] == by_function, value
    differing = db.execute(f"SELECT count(*) FROM clicks AS c WHERE orchard.predict('ctr', c) <> {CALL}").fetchone()[0]
    assert differing == 0, differing
    assert db.execute("SELECT orchard.predict_label('ctr', %s)", (Jsonb(row),)).fetchone()[0] in ("true", "false", "t", "f")
    shares = db.execute("SELECT orchard.predict_proba('ctr', %s)", (Jsonb(row),)).fetchone()[0]
    assert abs(sum(shares.values()) - 1) < 1e-9 and by_function in shares.values(), shares


def errors_carry_sqlstates(db):
    for arguments, kind in [
        (("ctr", "SELECT * FROM no_such_table", "clicked", "decision_tree", Jsonb({})), psycopg.errors.UndefinedTable),
        (("ctr", SOURCE, "no_such_column", "decision_tree", Jsonb({})), psycopg.errors.UndefinedColumn),
        (("ctr", SOURCE, "clicked", "no_such_algorithm", Jsonb({})), psycopg.errors.InvalidParameterValue),
        (("ctr", SOURCE, "clicked", "decision_tree", Jsonb({"no_such_option": 1})), psycopg.errors.InvalidParameterValue),
    ]:
        try:
            db.execute(TRAIN, arguments)
        except psycopg.Error as error:
            assert isinstance(error, kind), (arguments, type(error), str(error))
            assert error.diag.message_primary, error
        else:
            raise AssertionError(f"no error for {arguments}")
    assert db.execute("SELECT version FROM orchard.models WHERE model = 'ctr'").fetchone()[0] == 3, "an error left a version"


def rolled_back(db):
    with psycopg.connect() as other:
        other.execute(TRAIN, ("gone", SOURCE, "clicked", "decision_tree", Jsonb({})))
        other.rollback()
    assert db.execute("SELECT count(*) FROM orchard.models WHERE model = 'gone'").fetchone()[0] == 0
    assert db.execute("SELECT to_regproc('predict_gone')").fetchone()[0] is None


def server_side_cursor():
    with psycopg.connect() as other, other.cursor(name="scores") as cursor:
        cursor.itersize = 500
        cursor.execute(f"SELECT {CALL} FROM clicks ORDER BY id")
        assert sum(1 for _ in cursor) == 6000


main()
