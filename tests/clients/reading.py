"""What orchard.to_sql writes is what the model says, on 100,000 rows of whatever a row can hold, for every learner and task; large models run too."""

import pathlib

import psycopg

LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
PROBES = 'SELECT * FROM probes'
CLASSES = ["gold", "silver", 'bro"nze']


def compare(db, model, source, rows, label=None):
    """Every row's answer is that of the expression, to 1e-12."""
    text = db.execute("SELECT orchard.to_sql(%s, class => %s, alias => 't')", [model, label]).fetchone()[0]
    said = "(orchard.predict_proba(%(model)s, t) ->> %(label)s)::float8" if label else "orchard.predict(%(model)s, t)"
    text = text.replace("%", "%%")
    count, near, worst = db.execute(
        f"""SELECT count(*), count(*) FILTER (WHERE abs(a - b) <= 1e-12 * greatest(1, abs(b))), max(abs(a - b))
            FROM (SELECT ({text})::float8 AS a, {said} AS b FROM ({source}) AS t OFFSET 0) AS s""",
        {"model": model, "label": label}, prepare=False).fetchone()
    assert count == near == rows, f"{model} {label or ''}: {near} of {count} rows agree, the worst by {worst}"
    print(f"{model} {label or ''}: {len(text)} letters, {count} rows, at most {worst:.1e} apart")


def main():
    with psycopg.connect(autocommit=True) as db:
        db.execute((LIB / "reading.sql").read_text())
        db.execute("SET jit = off")
        models = [row[0] for row in db.execute("SELECT model FROM orchard.models ORDER BY model").fetchall()]
        assert len(models) == 15
        for model in models:
            if "classes" in model:
                for label in CLASSES:
                    compare(db, model, PROBES, 100000, label)
            else:
                compare(db, model, PROBES, 100000)
        db.execute("SELECT orchard.train('segments', 'SELECT \"Hour\", device, bid, mood, wave FROM ads', NULL, 'kmeans', '{\"n_clusters\": 5}')")
        compare(db, "segments", PROBES, 100000)
        # Sums of many trees, large trees and deep ones fit the stack that PostgreSQL has by default.
        db.execute("""CREATE TABLE wide AS SELECT i AS id, sin(i) AS a, cos(i * 1.7) AS b, sin(i * 2.3) * 10 AS c, i % 1000 AS d, 'c' || (i * 7919 % 500) AS e,
            sin(i * 3.1) + cos(i * 1.7) * (i % 1000) AS y FROM generate_series(1, 20000) AS i""")
        large = {
            "leaves_31": ("gradient_boosting", '{"n_estimators": 500, "max_leaf_nodes": 31, "early_stopping_rounds": 0, "exclude": ["id"]}'),
            "leaves_255": ("gradient_boosting", '{"n_estimators": 200, "max_leaf_nodes": 255, "early_stopping_rounds": 0, "exclude": ["id"]}'),
            "many": ("gradient_boosting", '{"n_estimators": 9000, "max_leaf_nodes": 4, "learning_rate": 0.02, "early_stopping_rounds": 0, "exclude": ["id", "c", "e"]}'),
            "deep": ("decision_tree", '{"max_depth": 64, "min_samples_leaf": 1, "exclude": ["id"]}'),
        }
        for model, (algorithm, options) in large.items():
            source = "SELECT * FROM wide WHERE id <= 1000" if model == "many" else "wide"
            db.execute("SELECT orchard.train(%s, %s, 'y', %s, %s)", [model, source, algorithm, options])
            compare(db, model, "SELECT * FROM wide LIMIT 500", 500)


main()
