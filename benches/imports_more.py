"""Models of scikit-learn (through skl2onnx) and CatBoost, imported into a server: how far are its predictions from the libraries'?

python -m venv venv && venv/bin/pip install scikit-learn==1.6.1 "numpy<2.2" skl2onnx==1.18.0 onnx==1.17.0 "protobuf<5" catboost==1.2.10 pandas==3.1.1 'psycopg[binary]'
PGHOST=... PGDATABASE=... OMP_NUM_THREADS=2 venv/bin/python benches/imports_more.py DATA [--trees 50] [--every 1]

DATA is a directory with adult.csv.gz and bank_marketing.csv.gz (UCI) and diamonds.csv.gz (ggplot2). Every model is trained and compared on all rows, binary, of several classes and of a number, with categories (one-hot or
ordinal in scikit-learn; one-hot or statistics in CatBoost) and with a tenth of the numbers missing. A line a model: rows, the largest difference, the largest relative to numbers above 1, and rows with another label.
"""

import argparse
import os
import tempfile
import time
import warnings

import numpy as np
import pandas as pd
import psycopg
from catboost import CatBoostClassifier, CatBoostRegressor, Pool
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor,
                              HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.simplefilter("ignore")


def tables(directory, every):
    """Name, columns, target, and whether it is a class."""
    read = lambda name: pd.read_csv(os.path.join(directory, name))[::every].reset_index(drop=True)  # noqa: E731
    adult, bank, diamonds = read("adult.csv.gz").drop(columns="split"), read("bank_marketing.csv.gz"), read("diamonds.csv.gz")
    bank.columns = [c.replace(".", "_") for c in bank]
    adult = adult.fillna("?")
    for name, frame, target, classes in (("adult", adult, "income", "education"), ("bank", bank, "y", "poutcome"), ("diamonds", diamonds, "price", "cut")):
        is_class = target != "price"
        yield f"{name} {'binary' if is_class else 'number'}", frame.drop(columns=target), frame[target], is_class
        gaps, rng = frame.drop(columns=target), np.random.default_rng(0)
        for c in gaps.select_dtypes("number"):
            gaps[c] = gaps[c].astype(float).where(rng.random(len(gaps)) > 0.1)
        yield f"{name} missing", gaps, frame[target], is_class
        yield f"{name} classes", frame.drop(columns=classes), frame[classes], True


def of_sklearn(name, x, y, is_class, trees):
    numbers, texts = list(x.select_dtypes("number")), list(x.select_dtypes(exclude="number"))
    x = x[numbers + texts].copy()
    x[numbers] = x[numbers].astype(np.float32)
    few = {"n_estimators": trees, "random_state": 0}
    for kind, classifier, regressor, options in (
        ("tree", DecisionTreeClassifier, DecisionTreeRegressor, {"max_depth": 12, "random_state": 0}), ("forest", RandomForestClassifier, RandomForestRegressor, {**few, "max_depth": 10}),
        ("extra", ExtraTreesClassifier, ExtraTreesRegressor, {**few, "max_depth": 10}), ("gbm", GradientBoostingClassifier, GradientBoostingRegressor, few),
        ("hist", HistGradientBoostingClassifier, HistGradientBoostingRegressor, {"max_iter": trees, "random_state": 0}),
    ):
        steps = [("impute", SimpleImputer())] if "missing" in name and kind != "hist" else []
        steps += [("scale", StandardScaler())] if kind == "gbm" else []
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1) if kind in ("hist", "extra") else OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        columns = ColumnTransformer([("n", Pipeline(steps) if steps else "passthrough", numbers), ("t", encoder, texts)])
        model = Pipeline([("columns", columns), ("model", (classifier if is_class else regressor)(**options))]).fit(x, y)
        kinds = [(c, FloatTensorType([None, 1])) for c in numbers] + [(c, StringTensorType([None, 1])) for c in texts]
        graph = convert_sklearn(model, initial_types=kinds, options={id(model): {"zipmap": False}} if is_class else None)
        yield f"scikit-learn {kind}", "orchard.import_sklearn(%s, %s)", graph.SerializeToString(), model, x


def of_catboost(name, x, y, is_class, trees):
    texts = list(x.select_dtypes(exclude="number"))
    for kind, options in (("one-hot", {"one_hot_max_size": 255}), ("statistics", {"max_ctr_complexity": 1}), ("lossguide", {"grow_policy": "Lossguide", "one_hot_max_size": 255})):
        pool = Pool(x, y, cat_features=texts)
        model = (CatBoostClassifier if is_class else CatBoostRegressor)(iterations=trees, random_seed=0, verbose=0, thread_count=2, allow_writing_files=False, **options).fit(pool)
        with tempfile.TemporaryDirectory() as directory:
            model.save_model(f"{directory}/model", format="json", pool=pool)
            text = open(f"{directory}/model").read()
        yield f"CatBoost {kind}", "orchard.import_catboost(%s, %s::text)", text, model, x


def compare(db, label, call, data, model, x, is_class):
    """Import a model and compare what it says of all rows."""
    start = time.perf_counter()
    db.execute("SELECT " + call, ("imported", data))
    seconds = time.perf_counter() - start
    if not is_class:
        found = np.array([row[0] for row in db.execute("SELECT orchard.predict('imported', t) FROM rows AS t ORDER BY row").fetchall()])[:, None]
        expected, labels = np.asarray(model.predict(x), float)[:, None], 0
    else:
        classes = [str(c) for c in np.ravel(model.classes_)]
        rows = db.execute("SELECT orchard.predict_proba('imported', t), orchard.predict_label('imported', t) FROM rows AS t ORDER BY row").fetchall()
        found = np.array([[p[c] for c in classes] for p, _ in rows], float)
        expected = np.asarray(model.predict_proba(x), float)
        labels = sum(str(a) != b for a, (_, b) in zip(np.ravel(model.predict(x)), rows))
    error = np.abs(found - expected)
    relative = (error / np.maximum(np.abs(expected), 1)).max()
    print(f"{label}: {len(x)} rows, largest difference {error.max():.1e}, relative {relative:.1e}, {(error / np.maximum(np.abs(expected), 1) > 1e-6).any(axis=1).sum()} rows beyond 1e-6, "
          f"{labels} other labels; {len(data) / 1e6:.2f} MB in {seconds:.2f} s", flush=True)
    db.execute("SELECT orchard.drop_model('imported')")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--trees", type=int, default=50)
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    with psycopg.connect(autocommit=True) as db:
        db.execute("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS orchard")
        db.execute("CREATE SCHEMA imported_rows; SET search_path = imported_rows")
        for name, x, y, is_class in tables(given.data, given.every):
            types = ", ".join(f'"{c}" {"float8" if x[c].dtype.kind in "iuf" else "text"}' for c in x)
            db.execute(f"DROP TABLE IF EXISTS rows; CREATE TABLE rows (row int, {types})")
            with db.cursor().copy("COPY rows FROM STDIN") as copy:
                for i, row in enumerate(x.itertuples(index=False)):
                    copy.write_row([i, *(None if v != v else v for v in row)])
            db.execute("ANALYZE rows")
            for learner in (of_sklearn, of_catboost):
                for kind, call, data, model, own in learner(name, x, y, is_class, given.trees):
                    compare(db, f"{name}, {kind}", call, data, model, own, is_class)
        db.execute("DROP SCHEMA imported_rows CASCADE")


if __name__ == "__main__":
    main()
