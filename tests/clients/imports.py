"""Models of LightGBM and XGBoost say in a server what their libraries say, in SQL too, and are explained, reported and exported like any other."""

import base64
import json
import pathlib

import psycopg

FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "engine" / "tests" / "fixtures" / "imports.jsonl"
TYPES = {"a": "float8", "b": "float8", "n": "integer", "c": "text", "k": "bigint", "o": "text", "t": "boolean"}


def apart(own, said):
    return max(abs(a - b) / max(1, abs(b)) for row, answer in zip(own, said, strict=True) for a, b in zip(row, answer, strict=True))


def check(db, case, label):
    """Scores, SQL, explanation, page and export of the model."""
    classes = len(case["answer"][0])
    if classes == 1:
        own = [[row[0]] for row in db.execute("SELECT orchard.predict('imported', p) FROM probe AS p ORDER BY i")]
    else:
        rows = db.execute("SELECT orchard.predict_proba('imported', p) FROM probe AS p ORDER BY i")
        own = [[row[0][str(k)] for k in range(classes)] for row in rows]
    worst = apart(own, case["answer"])
    assert worst <= (1e-6 if case["library"].startswith("xgboost") else 1e-12), f"{label}: {worst}"
    chosen = None if classes == 1 else "1"
    sql = db.execute("SELECT orchard.to_sql('imported', class => %s)", [chosen]).fetchone()[0]
    said = [[row[0]] for row in db.execute(f"SELECT ({sql})::float8 FROM probe ORDER BY i".replace("%", "%%"), [])]
    column = 0 if chosen is None else 1
    assert apart(said, [[row[column]] for row in own]) <= 1e-12, f"{label}: SQL says otherwise"
    total, = db.execute("SELECT sum(contribution) FROM probe AS p, LATERAL orchard.explain('imported', p, class => %s) WHERE i = 3", [chosen]).fetchone()
    assert total is not None
    page, pmml = db.execute("SELECT length(orchard.report('imported')), length(orchard.to_pmml('imported', cleaned => true))").fetchone()
    assert page > 1000 and pmml > 1000
    db.execute("SELECT orchard.import_model('again', orchard.export_model('imported'))")
    call = "orchard.predict_label" if classes > 1 else "orchard.predict"
    differ, = db.execute(f"SELECT count(*) FROM probe AS p WHERE {call}('imported', p) IS DISTINCT FROM {call}('again', p)").fetchone()
    assert differ == 0, label
    return worst


def main():
    lines = [json.loads(line) for line in FIXTURE.read_text().splitlines()]
    with psycopg.connect(autocommit=True) as db:
        names = lines[0]["columns"]
        db.execute("SET client_min_messages = warning")
        db.execute(f"CREATE TABLE rows (i integer, {', '.join(f'{name} {TYPES[name]}' for name in names)})")
        for i, row in enumerate(lines[0]["rows"]):
            db.execute(f"INSERT INTO rows VALUES ({', '.join(['%s'] * (len(row) + 1))})", [i, *row])
        worst = {}
        for case in lines[1:]:
            library, label = case["library"].split()[0], f"{case['library']} {case['name']}"
            data = case["text"] if "text" in case else base64.b64decode(case["base64"])
            db.execute(f"SELECT orchard.import_{library}('imported', %s, %s)", [data, json.dumps(case["options"])])
            # LightGBM knows no truth values; they are its numbers 0 and 1.
            db.execute(f"CREATE VIEW probe AS SELECT i, a, b, n, c, k, o, {'t::integer AS t' if library == 'lightgbm' else 't'} FROM rows")
            worst[library] = max(worst.get(library, 0), check(db, case, label))
            db.execute("SELECT orchard.drop_model('imported'), orchard.drop_model('again')")
            db.execute("DROP VIEW probe")
        print(f"{len(lines) - 1} models; at most " + ", ".join(f"{apart:.1e} from {library}" for library, apart in worst.items()))


main()
