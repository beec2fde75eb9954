"""Support vector machines beside scikit-learn's: how well they part the same rows of real tables, how long that takes, and how long a row does.

python -m venv venv && venv/bin/pip install scikit-learn pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/svm.py --data DIRECTORY [--few 5000] [--whole] [--threads 1]

adult, bank_marketing and bike_sharing_hour, a quarter of the rows for the test, with one encoding (StandardScaler, OneHotEncoder): LinearSVC and LinearSVR, SVC and SVR
of a few rows and, where asked, of all
"""

import argparse
import pathlib
import time
import warnings

import numpy as np
import pandas as pd
import psycopg
from sklearn.compose import ColumnTransformer
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR
from threadpoolctl import threadpool_limits

warnings.simplefilter("ignore")


def load(db, frame, name):
    kinds = {"i": "bigint", "f": "float8", "b": "boolean"}
    columns = ", ".join(f'"{c}" {kinds.get(frame[c].dtype.kind, "text")}' for c in frame)
    db.execute(f"DROP TABLE IF EXISTS {name}")
    db.execute(f"CREATE UNLOGGED TABLE {name} (row_number int, {columns})")
    with db.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in frame.itertuples():
            copy.write_row(row)
    db.execute("VACUUM ANALYZE " + name)


def ours(db, tables, target, options, truth, judge):
    began = time.perf_counter()
    db.execute("SELECT FROM orchard.train('bench_svm', %s, %s, 'svm', %s)", (tables[0], target, options))
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    said = db.execute(f"SELECT orchard.predict('bench_svm', t) FROM {tables[1]} AS t ORDER BY row_number").fetchall()
    each = (time.perf_counter() - began) / len(said)
    said = np.array(said, float).ravel()
    loss = f", log loss {log_loss(truth, said):.4f}" if judge is roc_auc_score else ""
    print(f"    orchard {options}: {judge(truth, said):.5f}{loss}, {seconds:.1f} s, {1 / each:,.0f} rows a second", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--few", type=int, default=5000)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--only", default="adult,bank_marketing,bike_sharing_hour")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    db = psycopg.connect(autocommit=True)
    db.execute(f"SET orchard.threads = {args.threads}")
    db.execute("SET client_min_messages = warning")
    tables = {
        "adult": ("income", ["split"]),
        "bank_marketing": ("y", ["duration"]),
        "bike_sharing_hour": ("cnt", ["instant", "dteday", "casual", "registered", "atemp"]),
    }
    for name in args.only.split(","):
        target, dropped = tables[name]
        frame = pd.read_csv(args.data / f"{name}.csv.gz", keep_default_na=False).drop(columns=dropped)
        if target == "cnt":
            for column in ["season", "mnth", "hr", "weekday", "weathersit"]:
                frame[column] = "v" + frame[column].astype(str)
        # The same in every run.
        order = np.random.default_rng(1).permutation(len(frame))
        held, train = (frame.iloc[part].reset_index(drop=True) for part in (order[: len(frame) // 4], order[len(frame) // 4 :]))
        numbers = [c for c in frame if c != target and frame[c].dtype.kind in "if"]
        texts = [c for c in frame if c != target and c not in numbers]
        encoder = ColumnTransformer([("n", StandardScaler(), numbers), ("t", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts)])
        is_number = target == "cnt"
        judge = r2_score if is_number else roc_auc_score
        positive = sorted(frame[target].unique())[-1]
        as_truth = (lambda f: f[target].to_numpy(float)) if is_number else (lambda f: (f[target] == positive).to_numpy(int))
        truth = as_truth(held)
        print(f"{name}: {len(train)} rows, {judge.__name__} of {len(held)} others", flush=True)
        few = train.iloc[: args.few]
        load(db, train, "bench_train")
        load(db, few, "bench_few")
        load(db, held, "bench_held")

        def theirs(label, machine, rows):
            x, y = encoder.fit_transform(rows.drop(columns=[target])), as_truth(rows)
            mean, spread = (y.mean(), y.std()) if is_number else (0, 1)
            with threadpool_limits(args.threads):
                began = time.perf_counter()
                machine.fit(x, (y - mean) / spread if is_number else y)
                seconds = time.perf_counter() - began
            far = encoder.transform(held.drop(columns=[target]))
            began = time.perf_counter()
            said = machine.predict(far) if is_number else machine.decision_function(far)
            each = (time.perf_counter() - began) / len(far)
            print(f"    scikit-learn {label}: {judge(truth, said * spread + mean):.5f}, {seconds:.1f} s, {1 / each:,.0f} rows a second", flush=True)

        print("  linear")
        ours(db, ("bench_train", "bench_held"), target, '{"holdout": 0, "kernel": "linear"}', truth, judge)
        theirs("linear", LinearSVR(loss="squared_epsilon_insensitive", epsilon=0.1, dual=False) if is_number else LinearSVC(dual=False), train)
        print(f"  radial, {len(few)} rows")
        ours(db, ("bench_few", "bench_held"), target, '{"holdout": 0}', truth, judge)
        theirs("rbf", SVR() if is_number else SVC(), few)
        print("  radial, all rows")
        ours(db, ("bench_train", "bench_held"), target, '{"holdout": 0}', truth, judge)
        ours(db, ("bench_train", "bench_held"), target, '{"holdout": 0, "n_components": 1000}', truth, judge)
        if args.whole:
            theirs("rbf", SVR(cache_size=1000) if is_number else SVC(cache_size=1000), train)


main()
