"""What orchard.to_sql and orchard.to_pmml write, run by others: DuckDB 2.0 runs the SQL as it stands, JPMML 1.7 (through jpmml_evaluator 0.16) the PMML.

In a database with the extension, where PGHOST, PGDATABASE and so on say, and nothing of tests/lib/reading.sql is yet:

python -m venv venv && venv/bin/pip install 'psycopg[binary]' duckdb jpmml_evaluator pandas   # and a Java of 11 or newer
venv/bin/python tests/referees/reading.py [DIRECTORY]

DIRECTORY has public tables as NAME.csv.gz: adult, bank_marketing and diamonds.
"""

import json
import pathlib
import sys
import tempfile

import duckdb
import pandas
import psycopg
from jpmml_evaluator import make_evaluator

LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
REAL = {"adult": "income", "bank_marketing": "y", "diamonds": "price"}
LEARNERS = {
    "decision_tree": {},
    "random_forest": {"n_estimators": 20, "max_depth": 12},
    "gradient_boosting": {"n_estimators": 100, "calibration": "isotonic"},
}


def frame(db, query):
    rows = db.execute(query)
    return pandas.DataFrame(rows.fetchall(), columns=[column.name for column in rows.description], dtype=object)


def probes(db):
    """The rows in DuckDB, value by value."""
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    given = frame(db, """SELECT id, device, "Hour"::text, ad, bid::text, share::text, wave::text, shown_at::text, shown_on::text, seen_at::text,
        age::text, mood::text, e::text, back::text, big::text, u::text FROM probes""")
    duck.register("given", given)
    duck.execute(r"""CREATE TABLE probes AS SELECT * REPLACE ("Hour"::int AS "Hour", bid::double AS bid, share::real AS share, wave::double AS wave,
        regexp_replace(shown_at, ' (.*) BC', ' (BC) \1')::timestamp AS shown_at, shown_on::date AS shown_on,
        regexp_replace(seen_at, ' (.*) BC', ' (BC) \1')::timestamptz AS seen_at, age::interval AS age, back::boolean AS back,
        replace(replace(replace(e, '{', '['), '}', ']'), 'NaN', 'nan')::double[] AS e, big::decimal(30, 2) AS big) FROM given""")
    return duck


def check_duckdb(db, duck, model, label=None):
    text = db.execute("SELECT orchard.to_sql(%s, %s)", [model, label]).fetchone()[0]
    said = f"(orchard.predict_proba('{model}', p) ->> %s)::float8" if label else f"orchard.predict('{model}', p)"
    expected = dict(db.execute(f"SELECT id, {said} FROM probes AS p", [label] if label else []).fetchall())
    got = duck.execute(f"SELECT id, ({text})::double FROM probes").fetchall()
    worst = max(abs(value - expected[i]) / max(1, abs(expected[i])) for i, value in got)
    print(f"DuckDB {model} {label or ''}: {len(got)} rows, at most {worst:.1e} apart")
    assert worst <= 1e-12


def check_pmml(db, model, query, task):
    """Rows as strings and numbers, as a program that knows nothing of PostgreSQL has them; the query gives them, and as t the row of the model."""
    said = f"orchard.predict_proba('{model}', t)" if task == "classification" else f"orchard.predict('{model}', t)"
    table = frame(db, query.replace("ANSWER", said))
    with tempfile.NamedTemporaryFile("w", suffix=".pmml") as file:
        file.write(db.execute("SELECT orchard.to_pmml(%s)", [model]).fetchone()[0])
        file.flush()
        evaluator = make_evaluator(file.name).verify()
    for column in [c for c in table.columns if table[c].map(lambda v: isinstance(v, list)).any()]:
        for k in range(max(len(v) for v in table[column] if v is not None)):
            table[f"{column}[{k + 1}]"] = [v[k] if v is not None and len(v) > k else None for v in table[column]]
    names = [field.name for field in evaluator.getInputFields()]
    given = table[names].where(table[names].notna(), None)
    worst = 0
    for start in range(0, len(table), 10000):
        answers = evaluator.evaluateAll(given[start:start + 10000].reset_index(drop=True))
        for i, expected in enumerate(table.answer[start:start + 10000]):
            if task == "classification":
                worst = max([worst] + [abs(answers[f"probability({k})"][i] - p) for k, p in expected.items()])
            else:
                worst = max(worst, abs(answers.iloc[i, 0] - expected) / max(1, abs(expected)))
    print(f"JPMML {model}: {len(table)} rows, at most {worst:.1e} apart")
    assert worst <= 1e-9


def load(db, directory, name):
    file = pathlib.Path(directory) / f"{name}.csv.gz"
    table = pandas.read_csv(file)
    types = {"int64": "bigint", "float64": "float8", "bool": "boolean"}
    columns = ", ".join(f'"{c}" {types.get(str(t), "text")}' for c, t in table.dtypes.items())
    db.execute(f"CREATE TABLE {name} ({columns})")
    with db.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        copy.write(table.to_csv(index=False, header=False))


def main():
    with psycopg.connect(autocommit=True) as db:
        db.execute((LIB / "reading.sql").read_text())
        models = db.execute("SELECT model, task FROM orchard.models ORDER BY model").fetchall()
        duck = probes(db)
        for model, _ in models:
            for label in ["gold", "silver", 'bro"nze'] if "classes" in model else [None]:
                check_duckdb(db, duck, model, label)
        # PMML has no infinite dates; seconds are whole there.
        plain = """SELECT device, "Hour", ad, bid::float8 AS bid, share::float8 AS share, wave, to_char(shown_at, 'YYYY-MM-DD"T"HH24:MI:SS') AS shown_at,
                shown_on::text AS shown_on, to_char(seen_at, 'YYYY-MM-DD"T"HH24:MI:SS') AS seen_at, extract(epoch FROM age)::float8 AS age, mood::text AS mood,
                e, back, rtrim(rtrim(big::text, '0'), '.') AS big, u::text AS u, ANSWER AS answer
            FROM (SELECT device, "Hour", ad, bid, share, wave, date_trunc('second', shown_at) AS shown_at, shown_on, date_trunc('second', seen_at) AS seen_at,
                    age, mood, e, back, big, u FROM probes
                WHERE shown_at BETWEEN '2000-01-01' AND '2100-01-01' AND seen_at BETWEEN '2000-01-01' AND '2100-01-01' AND isfinite(coalesce(shown_on, 'today'))) AS t LIMIT 5000"""
        db.execute("SET TimeZone = 'UTC'")
        for model, task in models:
            check_pmml(db, model, plain, task)
        for name, target in REAL.items() if len(sys.argv) > 1 else []:
            load(db, sys.argv[1], name)
            for learner, options in LEARNERS.items():
                own = dict(options)
                if name == "diamonds":
                    own.pop("calibration", None)
                model = f"{name}_{learner}"
                db.execute("SET client_min_messages = warning; SET orchard.warnings = off")
                task = db.execute("SELECT task FROM orchard.train(%s, %s, %s, %s, %s)", [model, name, target, learner, json.dumps(own)]).fetchone()[0]
                check_pmml(db, model, f"SELECT *, ANSWER AS answer FROM {name} AS t", task)


main()
