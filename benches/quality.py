"""Quality of gradient boosting against LightGBM, XGBoost, scikit-learn and CatBoost: the same rows, the same folds, defaults against defaults.

python -m venv venv && venv/bin/pip install lightgbm xgboost catboost scikit-learn pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/quality.py DIRECTORY [--only adult,titanic] [--skip catboost] [--options '{...}']

DIRECTORY has the tables as <name>.csv.gz. The database has the extension; a schema "quality" in it is made anew. Referees get the
columns that Orchard keeps: texts as categories (the number of the level where there are more than 255, for scikit-learn). Printed are the
mean loss over five folds (log loss, or RMSE) of each, Orchard's as a ratio to the best of the first three, and the 95 % interval of the
paired differences between Orchard and that one.
"""

import argparse
import json
import os
import time
import warnings

import numpy as np
import pandas as pd
import psycopg
import psycopg.sql

warnings.filterwarnings("ignore")

# table: target, positive label (None: a number), columns left out because they leak
TABLES = {
    "adult": ("income", ">50K", ["split"]),
    "bank_marketing": ("y", "yes", ["duration"]),
    "criteo_sample_8k": ("label", "1", []),
    "ipinyou_sample": ("click", "1", ["split"]),
    "churn_mlc": ("churn", "True", []),
    "titanic": ("Survived", "1", []),
    "hillstrom": ("visit", "1", ["conversion", "spend"]),
    "diamonds": ("price", None, []),
    "bike_sharing_hour": ("cnt", None, ["casual", "registered"]),
    "airbnb_boston_listings": ("price", None, []),
}


def read(directory, name):
    target, positive, left_out = TABLES[name]
    frame = pd.read_csv(f"{directory}/{name}.csv.gz", dtype=str, keep_default_na=False, na_values=[""])
    frame = frame.dropna(axis=1, how="all")  # scikit-learn cannot take a column without a value
    for column in frame.columns:
        number = pd.to_numeric(frame[column], errors="coerce")
        if column != target and number.notna().sum() == frame[column].notna().sum():
            frame[column] = number
    if positive is None:
        frame[target] = pd.to_numeric(frame[target].str.replace(r"[$,]", "", regex=True), errors="coerce")
        frame = frame[frame[target].notna()].reset_index(drop=True)
    else:
        frame[target] = (frame[target] == positive).astype(int)
    return frame.drop(columns=left_out), target, positive is not None


def loss(actual, predicted, classes):
    if not classes:
        return np.sqrt(np.mean((actual - predicted) ** 2))
    p = np.clip(predicted, 1e-15, 1 - 1e-15)
    return -np.mean(np.where(actual == 1, np.log(p), np.log(1 - p)))


def fill(db, frame, fold):
    """Make a table "rows" of a frame, with the number of each row and its fold."""
    db.execute("DROP TABLE IF EXISTS rows CASCADE")
    kinds = [psycopg.sql.SQL("float8" if frame[c].dtype.kind in "fi" else "text") for c in frame.columns]
    columns = zip([psycopg.sql.Identifier(c) for c in frame.columns], kinds)
    columns = psycopg.sql.SQL(", ").join(psycopg.sql.SQL(" ").join(pair) for pair in columns)
    db.execute(psycopg.sql.SQL("CREATE TABLE rows ({}, fold__ int, place__ int)").format(columns))
    with db.cursor().copy("COPY rows FROM stdin") as copy:
        for place, row in enumerate(frame.itertuples(index=False)):
            copy.write_row([None if v != v or v is None else v for v in row] + [int(fold[place]), place])


class Orchard:
    def __init__(self, db, frame, target, options):
        self.db, self.target, self.options = db, target, options
        fill(db, frame, np.arange(len(frame)) % 5)

    def fit_predict(self, fold):
        options = {"holdout": 0, "exclude": ["fold__", "place__"], **self.options}
        source = f"SELECT * FROM quality.rows WHERE fold__ <> {fold}"
        start = time.time()
        self.db.execute("SELECT orchard.train('quality', %s, %s, 'gradient_boosting', %s::jsonb)",
                        (source, self.target, json.dumps(options)))
        self.seconds = time.time() - start
        found = self.db.execute("SELECT orchard.predict('quality', r) FROM quality.rows AS r WHERE fold__ = %s ORDER BY place__", (fold,))
        return np.array([row[0] for row in found.fetchall()])

    def kept(self):
        found = self.db.execute("SELECT jsonb_path_query_array(feature_list, '$[*].column') FROM orchard.model_versions "
                                "WHERE model = 'quality' ORDER BY version DESC LIMIT 1").fetchone()
        return list(dict.fromkeys(found[0]))


def referees(skip):
    import catboost
    import lightgbm
    import xgboost
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    def categories(x, codes_above=None):
        x = x.copy()
        for c in x.columns:
            if x[c].dtype.kind not in "fi":
                x[c] = x[c].astype("category")
                if codes_above and x[c].nunique() > codes_above:
                    x[c] = x[c].cat.codes.astype(float).where(x[c].notna())
        return x

    def lgb(classes, x, y, train, test):
        m = (lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor)(verbose=-1)
        x = categories(x).rename(columns=lambda c: "".join(ch if ch.isalnum() else "_" for ch in c))
        m.fit(x.iloc[train], y[train])
        return m.predict_proba(x.iloc[test])[:, 1] if classes else m.predict(x.iloc[test])

    def xgb(classes, x, y, train, test):
        m = (xgboost.XGBClassifier if classes else xgboost.XGBRegressor)(enable_categorical=True)
        x = categories(x)
        m.fit(x.iloc[train], y[train])
        return m.predict_proba(x.iloc[test])[:, 1] if classes else m.predict(x.iloc[test])

    def hgb(classes, x, y, train, test):
        m = (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(categorical_features="from_dtype")
        x = categories(x, 255)
        m.fit(x.iloc[train], y[train])
        return m.predict_proba(x.iloc[test])[:, 1] if classes else m.predict(x.iloc[test])

    def cat(classes, x, y, train, test):
        m = (catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor)(verbose=0, allow_writing_files=False, thread_count=2)
        x = x.copy()
        texts = [c for c in x.columns if x[c].dtype.kind not in "fi"]
        x[texts] = x[texts].astype(object).where(x[texts].notna(), "missing")
        m.fit(x.iloc[train], y[train], cat_features=texts)
        return m.predict_proba(x.iloc[test])[:, 1] if classes else m.predict(x.iloc[test])

    every = {"lightgbm": lgb, "xgboost": xgb, "scikit-learn": hgb, "catboost": cat}
    return {name: run for name, run in every.items() if name not in skip}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("directory")
    options.add_argument("--only", default=",".join(TABLES))
    options.add_argument("--skip", default="")
    options.add_argument("--options", default="{}")
    options.add_argument("--keep", help="a file in which the referees' results are kept from one run to the next")
    options = options.parse_args()
    kept_results = json.load(open(options.keep)) if options.keep and os.path.exists(options.keep) else {}
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error")
    db.execute("CREATE SCHEMA IF NOT EXISTS quality")
    db.execute("SET search_path = quality")
    for name in options.only.split(","):
        frame, target, classes = read(options.directory, name)
        orchard = Orchard(db, frame, target, json.loads(options.options))
        place = np.arange(len(frame))
        actual = frame[target].to_numpy()
        losses = {"orchard": []}
        ours = 0
        for fold in range(5):
            predicted = orchard.fit_predict(fold)
            ours += orchard.seconds
            losses["orchard"].append(loss(actual[place % 5 == fold], predicted, classes))
        kept = orchard.kept()
        dropped = [c for c in frame.columns if c != target and c not in kept]
        x = frame[kept]
        seconds = {}
        for referee, run in referees(options.skip.split(",")).items():
            known = kept_results.get(f"{name} {referee} {','.join(kept)}")
            if known is None:
                start = time.time()
                known = [float(loss(actual[place % 5 == fold], run(classes, x, actual, np.where(place % 5 != fold)[0], np.where(place % 5 == fold)[0]), classes))
                         for fold in range(5)]
                known = kept_results[f"{name} {referee} {','.join(kept)}"] = {"losses": known, "seconds": time.time() - start}
                if options.keep:
                    with open(options.keep, "w") as file:
                        json.dump(kept_results, file)
            losses[referee], seconds[referee] = known["losses"], known["seconds"]
        mean = {k: np.mean(v) for k, v in losses.items()}
        three = [k for k in mean if k not in ("orchard", "catboost")]
        best = min(three, key=mean.get) if three else "orchard"
        apart = np.array(losses["orchard"]) - np.array(losses[best])
        half = 2.776 * apart.std(ddof=1) / np.sqrt(5)
        print(f"{name:24} orchard {mean['orchard']:.5g} ({ours:.1f} s)  "
              + "  ".join(f"{k} {mean[k]:.5g} ({seconds[k]:.1f} s)" for k in mean if k != "orchard")
              + f"  ratio {mean['orchard'] / mean[best]:.4f} to {best}, difference {apart.mean():+.5g} +- {half:.2g}"
              + (f", to catboost {mean['orchard'] / mean['catboost']:.4f}" if "catboost" in mean else "")
              + (f"  dropped: {', '.join(dropped)}" if dropped else ""), flush=True)


if __name__ == "__main__":
    main()
