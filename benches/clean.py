"""The profile against pandas, and cleaning steps against scikit-learn, on real tables.

python -m venv venv && venv/bin/pip install pandas scikit-learn 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/clean.py DIRECTORY

DIRECTORY has the tables as .csv.gz; the database has the extension. Counts, means and deviations must be those of pandas; the worst error of a
quantile's rank is told, and the largest difference of each step.
"""

import gzip
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import psycopg
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OrdinalEncoder, RobustScaler, StandardScaler, TargetEncoder

TABLES = ["adult", "bank_marketing", "diamonds", "titanic", "churn_mlc", "hillstrom", "bike_sharing_hour", "wholesale_customers",
          "criteo_sample_8k", "ipinyou_sample"]
QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
PROFILE = "SELECT column_name, rows, nulls, distinct_values, mean, stddev, quantiles FROM orchard.profile(%s)"
COLUMNS = ["Age", "Fare", "Embarked", "Pclass", "Survived", "PassengerId"]
TITANIC = "SELECT " + ", ".join(f'"{c}"' for c in COLUMNS) + ' FROM referee_titanic ORDER BY "PassengerId"'


def main():
    folder = pathlib.Path(sys.argv[1])
    with psycopg.connect(autocommit=True) as db:
        db.execute("SET client_min_messages = error")
        columns, worst = 0, 0.0
        for table in TABLES:
            count, error = profiled(db, folder, table)
            columns, worst = columns + count, max(worst, error)
        print(f"{columns} columns of numbers in {len(TABLES)} tables: all counts, means and deviations are those of pandas; worst rank error {worst:.4f}")
        frame = pd.read_csv(folder / "titanic.csv.gz")
        for step, difference in [*scaled(db, frame), *imputed(db, frame), *binned(db, frame), encoded(db, frame)]:
            print(f"{step:24} largest difference {difference:.2g}")


def profiled(db, folder, table):
    """Columns of numbers that were compared, and the worst error of a quantile's rank."""
    path = folder / f"{table}.csv.gz"
    frame = pd.read_csv(path, low_memory=False, keep_default_na=False, na_values=[""])
    number = {c: pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool for c in frame.columns}
    db.execute(f'DROP TABLE IF EXISTS referee_{table}')
    db.execute(f'CREATE TABLE referee_{table} (' + ", ".join(f'"{c}" {"float8" if n else "text"}' for c, n in number.items()) + ")")
    with db.cursor().copy(f"COPY referee_{table} FROM STDIN CSV HEADER NULL ''") as copy:
        copy.write(gzip.open(path).read())
    columns, worst = 0, 0.0
    for name, rows, nulls, distinct, mean, stddev, quantiles in db.execute(PROFILE, (f"referee_{table}",)).fetchall():
        values = frame[name]
        assert (rows, nulls) == (len(values), values.isna().sum()), (table, name)
        assert abs(distinct - values.nunique()) <= 0.03 * values.nunique(), (table, name, distinct, values.nunique())
        if not number[name] or values.isna().all():
            continue
        deviations = [values.std(ddof=0), values.std()]
        assert np.isclose(mean, values.mean(), rtol=1e-9), (table, name, mean)
        assert any(np.isclose(stddev, d, rtol=1e-9) for d in deviations), (table, name, stddev)
        present = values.dropna()
        for key, share in QUANTILES.items():
            below, up_to = (present < quantiles[key]).mean(), (present <= quantiles[key]).mean()
            worst = max(worst, below - share, share - up_to)
        columns += 1
    return columns, worst


def view(db, steps):
    (query,) = db.execute("SELECT orchard.clean_sql(%s, %s)", (TITANIC, json.dumps(steps))).fetchone()
    return pd.DataFrame(db.execute(query).fetchall(), columns=COLUMNS)


def difference(ours, theirs):
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    return np.nanmax(np.abs(ours - theirs))


def scaled(db, frame):
    for step, peer in (("standardize", StandardScaler()), ("min_max_scale", MinMaxScaler()), ("robust_scale", RobustScaler())):
        ours = view(db, [{"step": step, "columns": ["Age", "Fare"]}])[["Age", "Fare"]]
        yield step, difference(ours, peer.fit_transform(frame[["Age", "Fare"]]))


def imputed(db, frame):
    for strategy in ("mean", "median", "most_frequent"):
        ours = view(db, [{"step": "impute", "columns": ["Age", "Fare"], "strategy": strategy}])[["Age", "Fare"]]
        yield f"impute {strategy}", difference(ours, SimpleImputer(strategy=strategy).fit_transform(frame[["Age", "Fare"]]))
    ours = view(db, [{"step": "impute", "columns": "Embarked"}])["Embarked"]
    theirs = SimpleImputer(strategy="most_frequent").fit_transform(frame[["Embarked"]]).ravel()
    yield "impute a text", float((ours.values != theirs).sum())


def binned(db, frame):
    for method, peer in (("width", KBinsDiscretizer(7, encode="ordinal", strategy="uniform")),
                         ("quantile", KBinsDiscretizer(7, encode="ordinal", strategy="quantile", quantile_method="linear"))):
        ours = view(db, [{"step": "bin", "columns": "Fare", "bins": 7, "method": method}])["Fare"]
        yield f"bin {method}", difference(ours, peer.fit_transform(frame[["Fare"]]).ravel())
    ours = view(db, [{"step": "impute", "columns": "Embarked"}, {"step": "ordinal", "columns": "Embarked"}])["Embarked"]
    yield "ordinal", difference(ours - 1, OrdinalEncoder().fit_transform(frame[["Embarked"]].fillna("S")).ravel())


def encoded(db, frame):
    """What a row that training has not seen gets; the training's own rows get the mean of other folds, which are drawn otherwise."""
    known = frame[frame["Embarked"].notna()]
    peer = TargetEncoder(smooth=10.0, target_type="binary").fit(known[["Embarked", "Pclass"]].astype(str), known["Survived"])
    options = {"clean": [{"step": "target_encode", "columns": ["Embarked", "cls"]}], "holdout": 0, "features": ["Embarked", "cls"]}
    source = 'SELECT "Embarked", "Pclass"::text AS cls, "Survived" FROM referee_titanic WHERE "Embarked" IS NOT NULL'
    db.execute("SELECT orchard.train('referee', %s, 'Survived', 'decision_tree', %s)", (source, json.dumps(options)))
    worst = 0.0
    for port in "SCQ":
        for cls in "123":
            (ours,) = db.execute("SELECT orchard.cleaned_row('referee', %s::text)", (json.dumps({"Embarked": port, "cls": cls}),)).fetchone()
            theirs = peer.transform(pd.DataFrame({"Embarked": [port], "Pclass": [cls]}))[0]
            worst = max(worst, abs(ours["Embarked"] - theirs[0]), abs(ours["cls"] - theirs[1]))
    return "target_encode", worst


if __name__ == "__main__":
    main()
