"""Do imported models say of every row what their library says? Twelve models: LightGBM and XGBoost, of two classes, of several and of a number,
with categories and with missing values, on three public tables.

python -m venv venv && venv/bin/pip install lightgbm==4.7.0 xgboost-cpu==3.2.0 pandas==3.1.1 psycopg2-binary
PGHOST=... venv/bin/python benches/imports.py --data FOLDER

FOLDER has adult.csv.gz and bank_marketing.csv.gz (UCI) and diamonds.csv.gz (ggplot2). The server of PGHOST and its like has the extension; what is made
there is dropped again. Every row is scored by predict_<model>, or by orchard.predict_proba where there are several classes. Told is the largest difference,
relative to answers beyond 1: XGBoost answers in single precision, which has seven digits. The run fails beyond 1e-6.
"""

import argparse
import io
import json
import pathlib
import sys

import lightgbm as lgb
import numpy as np
import pandas as pd
import psycopg2
import xgboost as xgb

WORST = 1e-6
ROUNDS = 40


def tables(folder):
    """The tables with texts as categories and markers of missing values as missing; of the third some numbers are taken out."""
    adult = pd.read_csv(folder / "adult.csv.gz", na_values=["?"]).drop(columns="split")
    bank = pd.read_csv(folder / "bank_marketing.csv.gz", na_values=["unknown"])
    bank.loc[bank["pdays"] == 999, "pdays"] = np.nan
    diamonds = pd.read_csv(folder / "diamonds.csv.gz")
    draw = np.random.default_rng(5)
    for column in ("carat", "depth", "clarity"):
        diamonds.loc[draw.random(len(diamonds)) < 0.1, column] = np.nan
    return {"adult": adult, "bank": bank, "diamonds": diamonds}


# Table, target, task.
CASES = [("adult", "income", "binary"), ("bank", "y", "binary"), ("adult", "marital_status", "multiclass"), ("diamonds", "cut", "multiclass"),
         ("diamonds", "price", "regression"), ("bank", "euribor3m", "regression")]


def learned(library, task, x, y, classes):
    """What an analyst would train: the model's text or bytes, and what it says of its rows."""
    if library == "lightgbm":
        objective = {"binary": {"objective": "binary"}, "multiclass": {"objective": "multiclass", "num_class": classes},
                     "regression": {"objective": "regression"}}[task]
        booster = lgb.train({**objective, "num_leaves": 31, "verbose": -1, "seed": 1}, lgb.Dataset(x, y), ROUNDS)
        return booster.model_to_string(), booster.predict(x)
    objective = {"binary": {"objective": "binary:logistic"}, "multiclass": {"objective": "multi:softprob", "num_class": classes},
                 "regression": {"objective": "reg:squarederror"}}[task]
    data = xgb.DMatrix(x, y, enable_categorical=True)
    booster = xgb.train({**objective, "max_depth": 6, "tree_method": "hist", "seed": 1}, data, ROUNDS)
    return bytes(booster.save_raw("ubj" if task == "multiclass" else "json")), booster.predict(data)


def put(db, frame):
    """The rows as a table of their own, numbered."""
    kinds = {"i": "bigint", "u": "bigint", "f": "float8", "b": "boolean"}
    columns = ", ".join(f'"{c}" {kinds.get(frame[c].dtype.kind, "text")}' for c in frame)
    with db.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE rows (number_of_row bigint, {columns})")
        text = io.StringIO()
        frame.to_csv(text, header=False, na_rep="\\N")
        text.seek(0)
        cursor.copy_expert(r"COPY rows FROM STDIN (FORMAT csv, NULL '\N')", text)


def compare(db, name, library, frame, target, task):
    x = frame.drop(columns=target)
    for column in x.columns[[dtype.kind not in "iufb" for dtype in x.dtypes]]:
        x[column] = x[column].astype("category")
    labels = None if task == "regression" else sorted(frame[target].unique())
    y = frame[target] if labels is None else frame[target].map({label: i for i, label in enumerate(labels)})
    model, said = learned(library, task, x, y, len(labels or []))
    options = {"target": target, **({"classes": labels} if labels else {})}
    with db.cursor() as cursor:
        cursor.execute(f"SELECT function FROM orchard.import_{library}('compared', %s, %s)", [model, json.dumps(options)])
        arguments = ", ".join(f't."{c}"' for c in x)
        answer = f"{cursor.fetchone()[0]}({arguments})"
        if task == "multiclass":
            parts = ", ".join(f"(p ->> '{label}')::float8" for label in labels)
            cursor.execute(f"SELECT {parts} FROM (SELECT number_of_row, orchard.predict_proba('compared', t) AS p FROM rows AS t) AS s ORDER BY number_of_row")
        else:
            cursor.execute(f"SELECT {answer} FROM rows AS t ORDER BY number_of_row")
        own = np.array(cursor.fetchall(), dtype=float)
        cursor.execute("SELECT orchard.drop_model('compared')")
    said = np.asarray(said, dtype=float).reshape(own.shape)
    apart = np.abs(own - said) / np.maximum(1, np.abs(said))
    print(f"{library:9} {name:9} {task:11} {len(own):6} rows, {x.shape[1]:2} columns, {int(x.isna().sum().sum()):6} missing: "
          f"at most {apart.max():.1e} apart", flush=True)
    return apart.max()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    all_tables = tables(parser.parse_args().data)
    worst = 0
    with psycopg2.connect("") as db:
        for name, target, task in CASES:
            frame = all_tables[name].dropna(subset=[target])
            frame = frame.reset_index(drop=True)
            put(db, frame)
            worst = max(worst, *(compare(db, name, library, frame, target, task) for library in ("lightgbm", "xgboost")))
            with db.cursor() as cursor:
                cursor.execute("DROP TABLE rows")
    print(f"at most {worst:.1e} apart")
    sys.exit(int(worst > WORST))


main()
