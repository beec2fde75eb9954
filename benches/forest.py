"""Forests against scikit-learn's: time and area under the ROC curve from a table of 1,000,000 x 12, and loss on real tables.

python -m venv venv && venv/bin/pip install scikit-learn pandas 'psycopg[binary]'     (and scikit-learn-intelex, if it is to be compared)
PGHOST=... PGDATABASE=... venv/bin/python benches/forest.py [DIRECTORY] [--rows N] [--threads N] [--options '{...}'] [--only adult]

The database has the extension; a schema "forest" in it is made anew. Needs a superuser, for orchard.threads. First the click table of
benches/statements.py: eight numbers and four texts of 5, 50, 1,000 and 100,000 levels, 100 trees of depth 16 and 100 as they are by default;
a quarter as many rows again are for testing. scikit-learn gets a matrix that is ordinal-encoded already; Orchard reads the table. Then, where
DIRECTORY has the tables as <name>.csv.gz, five folds of each: mean log loss and area, or RMSE, defaults against defaults. --rows 0 leaves
the click table out.
"""

import argparse
import json
import os
import sys
import time
import warnings

import numpy as np
import psycopg
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import OrdinalEncoder

sys.path.insert(0, os.path.dirname(__file__))
from quality import fill, read

warnings.filterwarnings("ignore")

TABLE = """
CREATE TABLE clicks AS
SELECT i, f1, f2, f3, f4, f5, f6, f7, f8,
       'd' || (h1 % 5) AS t1, 'region ' || (h2 % 50) AS t2, 'site-' || (h3 % 1000) AS t3, 'ad-' || (h4 % 100000) AS t4,
       random_ < 1 / (1 + exp(2.5 - 2 * (f1 > 0.7)::int - f2 * f3 - 0.3 * (h1 % 5 = 1)::int - 0.02 * (h2 % 50)
                              - 0.002 * (h3 % 1000) * (f4 > 0.5)::int - 0.5 * (h4 % 7 = 0)::int)) AS y
FROM (SELECT i, u[1] AS f1, u[2] * 2 AS f2, round(u[3]::numeric, 2)::float8 AS f3, u[4] AS f4, ln(u[5] + 1e-6) AS f5, floor(u[6] * 100) AS f6,
             u[7] * u[7] AS f7, CASE WHEN u[8] > 0.1 THEN u[8] END AS f8, u[9] AS random_, h[1] AS h1, h[2] AS h2, h[3] AS h3, h[4] AS h4
      FROM (SELECT i, ARRAY(SELECT (hashint8extended(i, s) & 1048575) / 1048576.0::float8 FROM generate_series(1, 9) AS s) AS u,
                   ARRAY(SELECT hashint8extended(i, s) & 1073741823 FROM generate_series(11, 14) AS s) AS h
            FROM generate_series(1, {rows}) AS i) AS drawn) AS named
"""
COLUMNS = "f1, f2, f3, f4, f5, f6, f7, f8, t1, t2, t3, t4"
# table: target, positive label (None: a number), columns left out because they leak
TABLES = ["adult", "bank_marketing", "churn_mlc", "diamonds", "bike_sharing_hour"]


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def train(db, source, target, algorithm, options):
    options = json.dumps({"holdout": 0, "oob_score": False, **options})
    db.execute("SELECT orchard.train('m', %s, %s, %s, %s)", (source, target, algorithm, options))
    found = db.execute("SELECT timings->'grow', bytes FROM orchard.model_versions WHERE model = 'm' ORDER BY version DESC LIMIT 1")
    return found.fetchone()


def peers(threads):
    found = {"scikit-learn": (RandomForestClassifier, ExtraTreesClassifier)}
    try:
        from sklearnex.ensemble import ExtraTreesClassifier as ExtraTrees, RandomForestClassifier as RandomForest
        found["scikit-learn-intelex"] = (RandomForest, ExtraTrees)
    except ImportError:
        print("scikit-learn-intelex is not installed")
    arguments = {"n_estimators": 100, "n_jobs": threads, "random_state": 0}
    return {name: [lambda arguments_, c=c: c(**arguments, **arguments_) for c in classes] for name, classes in found.items()}


def speed(db, rows, threads, options, skip):
    db.execute(TABLE.format(rows=rows + rows // 4))
    data = db.execute(f"SELECT {COLUMNS}, y, i > {rows} FROM clicks ORDER BY i").fetchall()
    x = np.empty((len(data), 12), dtype=np.float32)
    x[:, :8] = np.array([row[:8] for row in data], dtype=float)
    x[:, 8:] = OrdinalEncoder().fit_transform([row[8:12] for row in data])
    y, test = np.array([row[12] for row in data]), np.array([row[13] for row in data])
    del data
    for which, algorithm in enumerate(("random_forest", "extra_trees")):
        for limits in ({"max_depth": 16}, {}):
            source = f"SELECT {COLUMNS}, y FROM clicks WHERE i <= {rows}"
            whole, (grow, size) = timed(lambda: train(db, source, "y", algorithm, {**limits, **options}))
            scoring, found = timed(lambda: db.execute(f"SELECT orchard.predict('m', c) FROM clicks AS c WHERE i > {rows} ORDER BY i").fetchall())
            area = roc_auc_score(y[test], [row[0] for row in found])
            print(f"{algorithm} {limits or 'defaults'}: orchard {whole:.1f} s from the table, of which {grow:.1f} s to grow; area {area:.4f}; "
                  f"{size / 1e6:.0f} MB; {scoring / test.sum() * 1e6:.1f} us to score a row", flush=True)
            for name, makers in peers(threads).items():
                if name in skip:
                    continue
                model = makers[which](limits)
                # scikit-learn-intelex leaves a matrix with missing values to scikit-learn.
                cells = np.nan_to_num(x, nan=-1) if name == "scikit-learn-intelex" else x
                seconds, _ = timed(lambda: model.fit(cells[~test], y[~test]))
                scoring, found = timed(lambda: model.predict_proba(cells[test])[:, 1])
                theirs = roc_auc_score(y[test], found)
                print(f"    {name} {seconds:.1f} s, area {theirs:.4f}, {scoring / test.sum() * 1e6:.1f} us to score a row: orchard takes {whole / seconds:.3f} x "
                      f"(growing alone {grow / seconds:.3f} x), area {area - theirs:+.4f}", flush=True)
                del model


def quality(db, directory, name, threads, options):
    frame, target, classes = read(directory, name)
    actual, place = frame[target].to_numpy(), np.arange(len(frame))
    fill(db, frame, place % 5)
    makers = [(RandomForestClassifier, ExtraTreesClassifier), (RandomForestRegressor, ExtraTreesRegressor)][not classes]
    for which, algorithm in enumerate(("random_forest", "extra_trees")):
        found = {"orchard": [], "scikit-learn": []}
        seconds = {"orchard": 0.0, "scikit-learn": 0.0}
        kept = None
        for fold in range(5):
            source = f"SELECT * FROM rows WHERE fold__ <> {fold}"
            seconds["orchard"] += timed(lambda: train(db, source, target, algorithm, {"exclude": ["fold__", "place__"], **options}))[0]
            scored = db.execute("SELECT orchard.predict('m', r) FROM rows AS r WHERE fold__ = %s ORDER BY place__", (fold,)).fetchall()
            if kept is None:
                features = db.execute("SELECT jsonb_path_query_array(feature_list, '$[*].column') FROM orchard.model_versions "
                                      "WHERE model = 'm' ORDER BY version DESC LIMIT 1").fetchone()[0]
                kept = [c for c in frame.columns if c in features]
                x = frame[kept].copy()
                texts = [c for c in kept if x[c].dtype.kind not in "fi"]
                if texts:
                    x[texts] = OrdinalEncoder(encoded_missing_value=np.nan).fit_transform(x[texts].astype(object).where(x[texts].notna(), None))
            fit, test = place % 5 != fold, place % 5 == fold
            model = makers[which](n_jobs=threads, random_state=fold)
            seconds["scikit-learn"] += timed(lambda: model.fit(x[fit], actual[fit]))[0]
            theirs = model.predict_proba(x[test])[:, 1] if classes else model.predict(x[test])
            for key, predicted in (("orchard", np.array([row[0] for row in scored])), ("scikit-learn", theirs)):
                if classes:
                    found[key].append((log_loss(actual[test], np.clip(predicted, 1e-15, 1 - 1e-15)), roc_auc_score(actual[test], predicted)))
                else:
                    found[key].append((np.sqrt(np.mean((actual[test] - predicted) ** 2)),))
        ours, theirs = (np.mean(found[k], axis=0) for k in ("orchard", "scikit-learn"))
        line = f"{name:18} {algorithm:14} {'log loss' if classes else 'RMSE'} {ours[0]:.5g}, scikit-learn {theirs[0]:.5g}: {ours[0] / theirs[0]:.4f} x"
        if classes:
            line += f"; area {ours[1]:.4f}, scikit-learn {theirs[1]:.4f}: {ours[1] - theirs[1]:+.4f}"
        print(line + f"; {seconds['orchard']:.1f} s, scikit-learn {seconds['scikit-learn']:.1f} s", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", nargs="?")
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--options", default="{}")
    arguments.add_argument("--only", default=",".join(TABLES))
    arguments.add_argument("--skip", default="", help="peers of the click table to leave out")
    arguments = arguments.parse_args()
    options = json.loads(arguments.options)
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS forest CASCADE; CREATE SCHEMA forest; SET search_path = forest")
    db.execute(f"SET orchard.threads = {arguments.threads}; SET orchard.max_memory = '4GB'; SET orchard.cache_size = '4GB'")
    if arguments.rows:
        speed(db, arguments.rows, arguments.threads, options, arguments.skip.split(","))
    if arguments.directory:
        for name in arguments.only.split(","):
            quality(db, arguments.directory, name, arguments.threads, options)
    db.execute("DROP SCHEMA forest CASCADE")


main()
