"""Linear models beside statsmodels' and scikit-learn's: the same coefficients and probabilities of real tables, and how long they take.

python -m venv venv && venv/bin/pip install scikit-learn statsmodels pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/linear.py --data DIRECTORY [--only figures,seconds] [--rows 1000000] [--threads 1,2] [--times 3]

figures: adult, bank_marketing and bike_sharing_hour with one encoding (a column a level but the reference, scaled numbers): how far coefficients, standard errors and predictions are
         from the referees', relative to the size of each where that is above 1
seconds: a logistic regression of rows x 12 numbers from a table, against scikit-learn's fit alone (scaled, in memory), and against one pass of regr_slope over the table
"""

import argparse
import pathlib
import time
import warnings

import numpy as np
import pandas as pd
import psycopg
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
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


def design(frame, references):
    """Ones, numbers, and a column a level but the reference."""
    out, names = [np.ones(len(frame))], [(None, None)]
    for column in frame:
        if frame[column].dtype.kind in "if":
            out.append(frame[column].to_numpy(float))
            names.append((column, None))
        else:
            for level in sorted(frame[column].unique()):
                if level != references[column]:
                    out.append((frame[column] == level).to_numpy(float))
                    names.append((column, level))
    return np.column_stack(out), names


def apart(found, true):
    found, true = np.asarray(found, float), np.asarray(true, float)
    return float((np.abs(found - true) / np.maximum(np.abs(true), 1)).max())


def scaled_fit(x, fit):
    """Fit on scaled columns, where the solvers of the referees are exact, and return parameters and errors of the columns as they are."""
    mean, deviation = x[:, 1:].mean(0), x[:, 1:].std(0)
    z = np.column_stack([np.ones(len(x)), (x[:, 1:] - mean) / deviation])
    result = fit(z)
    turn = np.diag(np.concatenate([[1], 1 / deviation]))
    turn[0, 1:] = -mean / deviation
    return turn @ result.params, np.sqrt(np.diag(turn @ result.cov_params() @ turn.T)), result.predict(z)


def figures(db, data):
    # Columns that others say already are left out, as are the countries: referees do not find coefficients without a limit.
    adult = pd.read_csv(data / "adult.csv.gz").drop(columns=["split", "education_num", "workclass", "native_country"])
    bank = pd.read_csv(data / "bank_marketing.csv.gz").drop(columns=["duration", "loan"])
    bike = pd.read_csv(data / "bike_sharing_hour.csv.gz").drop(columns=["instant", "dteday", "casual", "registered", "yr", "atemp", "workingday"])
    for column in ["season", "mnth", "hr", "weekday", "weathersit"]:
        bike[column] = "v" + bike[column].astype(str)
    cases = [
        ("adult", adult, "income", "logistic_regression", lambda y, z: sm.GLM(y, z, family=sm.families.Binomial()).fit(tol=1e-8, maxiter=40)),
        ("bank_marketing", bank, "y", "logistic_regression", lambda y, z: sm.GLM(y, z, family=sm.families.Binomial()).fit(tol=1e-8, maxiter=40)),
        ("bike_sharing_hour", bike, "cnt", "linear_regression", lambda y, z: sm.OLS(y, z).fit()),
        ("bike_sharing_hour", bike, "cnt", "glm", lambda y, z: sm.GLM(y, z, family=sm.families.Poisson()).fit(tol=1e-8, maxiter=40)),
    ]
    for name, frame, target, algorithm, fit in cases:
        load(db, frame, "linear_rows")
        features = [c for c in frame if c != target]
        penalty = "" if algorithm == "linear_regression" else ', "alpha": 0, "tol": 1e-12'
        listed = ", ".join(f'"{c}"' for c in features)
        db.execute(
            "SELECT orchard.train('linear_bench', 'linear_rows', %s, %s, %s::jsonb)",
            (target, algorithm, f'{{"features": [{listed}], "holdout": 0, "min_category_rows": 1{penalty}}}'),
        )
        rows = db.execute("SELECT feature, level, kind, coefficient, std_error FROM orchard.coefficients('linear_bench')").fetchall()
        references = {r[0]: r[1] for r in rows if r[2] == "reference"}
        own = {(r[0], r[1]): r[3:] for r in rows if r[2] != "reference"}
        y = frame[target]
        y = y.to_numpy(float) if y.dtype.kind in "if" else (y == max(y.unique())).to_numpy(float)
        x, names = design(frame[features], references)
        value, error, predicted = scaled_fit(x, lambda z: fit(y, z))
        arguments = ", ".join(f'"{c}"' for c in features)
        scores = [r[0] for r in db.execute(f"SELECT predict_linear_bench({arguments}) FROM linear_rows ORDER BY row_number")]
        # What rows of nearly nobody say has no limit, and both end where they like.
        limit = np.inf if algorithm == "linear_regression" else 12
        sure = [at for at, n in enumerate(names) if abs(value[at]) < limit and own[n][1] is not None]
        print(
            f"{name} {algorithm}, {len(frame):,} rows, {len(names)} coefficients ({len(names) - len(sure)} without a limit): coefficients {apart([own[names[at]][0] for at in sure], value[sure]):.1e}, "
            f"standard errors {apart([own[names[at]][1] for at in sure], error[sure]):.1e}, predictions {apart(scores, predicted):.1e}"
        )
        if algorithm == "logistic_regression":
            # scikit-learn's penalty, every level with a column.
            z = []
            for column in features:
                numbers = frame[column].dtype.kind in "if"
                z += [((frame[column] - frame[column].mean()) / frame[column].std(ddof=0)).to_numpy()] if numbers else [(frame[column] == level).to_numpy(float) for level in sorted(frame[column].unique())]
            z = np.column_stack(z)
            peer = LogisticRegression(C=1, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(z, y).predict_proba(z)[:, 1]
            db.execute("SELECT orchard.train('linear_bench', 'linear_rows', %s, %s, %s::jsonb)", (target, algorithm, f'{{"features": [{listed}], "holdout": 0, "min_category_rows": 1}}'))
            scores = [r[0] for r in db.execute(f"SELECT predict_linear_bench({arguments}) FROM linear_rows ORDER BY row_number")]
            print(f"  with a penalty, against scikit-learn: probabilities {apart(scores, peer):.1e}")


def timed(run, times):
    best = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        best.append(time.perf_counter() - start)
    return min(best)


def seconds(db, rows, threads, times):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(rows, 12)) * np.arange(1, 13)
    y = draw.random(rows) < 1 / (1 + np.exp(-(x @ (draw.normal(size=12) / np.arange(1, 13)) * 0.5 - 1)))
    frame = pd.DataFrame({f"c{i}": x[:, i] for i in range(12)} | {"y": y})
    load(db, frame, "linear_rows")
    z = (x - x.mean(0)) / x.std(0)
    columns = ", ".join(f'"c{i}"' for i in range(12))
    for count in threads:
        db.execute(f"SET orchard.threads = {count}")
        db.execute("SET max_parallel_workers_per_gather = 0")
        options = f'{{"features": [{columns}], "holdout": 0}}'
        own = timed(lambda: db.execute("SELECT orchard.train('linear_bench', 'linear_rows', 'y', 'logistic_regression', %s::jsonb)", (options,)), times)
        scan = timed(lambda: db.execute("SELECT regr_slope(c0, c1) FROM linear_rows").fetchall(), times)
        with threadpool_limits(count):
            peer = timed(lambda: LogisticRegression().fit(z, y), times)
            iterations = LogisticRegression().fit(z, y).n_iter_[0]
        print(f"{rows:,} x 12, {count} threads: the statement {own:.2f} s, scikit-learn's fit {peer:.2f} s ({iterations} iterations), a pass of regr_slope {scan:.2f} s")
        db.execute(f"SELECT orchard.drop_model('linear_bench')")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--only", default="figures,seconds")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    with psycopg.connect(autocommit=True) as db:
        db.execute("SET client_min_messages = warning; SET orchard.warnings = off")
        if "figures" in options.only and options.data:
            figures(db, options.data)
        if "seconds" in options.only:
            seconds(db, options.rows, [int(t) for t in options.threads.split(",")], options.times)


main()
