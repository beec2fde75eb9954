"""Categories of many levels: AUC on a click table whose truth is known, against LightGBM and CatBoost.

python -m venv venv && venv/bin/pip install lightgbm catboost scikit-learn pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/categories.py [--rows 100000,1000000] [--options '{...}'] [--skip catboost]

20,000 ads of 400 advertisers on 5,000 sites, about 5 % clicks; ads and sites meet by kind, devices by hour. Everybody learns 100 trees of
31 leaves at a learning rate of 0.1 (CatBoost 100 of its own kind) from the same rows, Orchard also with its defaults, and is judged on 200,000 others.
"""

import argparse
import json
import time

import numpy as np
import pandas as pd
import psycopg
from sklearn.metrics import roc_auc_score

TEXTS = ["ad_id", "site_id", "device", "region", "advertiser"]


def clicks(rows, seed, ads=20_000, sites=5_000):
    truth = np.random.default_rng(7)
    ad_effect, ad_kind, advertiser = truth.normal(0, 0.7, ads), truth.integers(0, 12, ads), truth.integers(0, 400, ads)
    site_effect, site_kind = truth.normal(0, 0.5, sites), truth.integers(0, 10, sites)
    meeting, hours, advertiser_effect = truth.normal(0, 0.6, (12, 10)), truth.normal(0, 0.25, (5, 24)), truth.normal(0, 0.3, 400)
    shares = [1 / np.arange(1, n + 1) ** 0.9 for n in (ads, sites)]
    names = [truth.permutation(n) for n in (ads, sites)]
    draw = np.random.default_rng(seed)
    ad, site = (name[draw.choice(len(share), rows, p=share / share.sum())] for name, share in zip(names, shares))
    device, hour, region = draw.integers(0, 5, rows), draw.integers(0, 24, rows), draw.integers(0, 50, rows)
    position, bid, age = draw.integers(1, 6, rows), draw.gamma(2, 1, rows), draw.normal(35, 12, rows)
    frequency, price, width = draw.poisson(2, rows), draw.lognormal(2, 1, rows), draw.choice([300, 728, 160], rows)
    z = (-2.85 + ad_effect[ad] + advertiser_effect[advertiser[ad]] + site_effect[site] + meeting[ad_kind[ad], site_kind[site]]
         + hours[device, hour] - 0.25 * (position - 1) + 0.3 * np.log1p(bid) - 0.02 * np.abs(age - 30) - 0.1 * frequency
         + 0.2 * (width == 300) * (device == 1))
    p = 1 / (1 + np.exp(-z))
    name = lambda prefix, of: np.char.add(prefix, of.astype(str))
    return pd.DataFrame({
        "ad_id": name("ad", ad), "site_id": name("site", site), "device": name("d", device), "region": name("r", region),
        "hour": hour.astype(float), "position": position.astype(float), "bid": bid, "age": np.where(draw.random(rows) < 0.1, np.nan, age),
        "frequency": frequency.astype(float), "price": price, "width": width.astype(float), "advertiser": name("a", advertiser[ad]),
        "clicked": (draw.random(rows) < p).astype(int)}), p


def load(db, table, frame, anew=True):
    if anew:
        db.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
        db.execute(f"CREATE TABLE {table} (" + ", ".join(f"{c} {'text' if c in TEXTS else 'float8'}" for c in frame.columns) + ", place int)")
    with db.cursor().copy(f"COPY {table} FROM stdin") as copy:
        copy.write(frame.assign(place=np.arange(len(frame))).to_csv(sep="\t", header=False, index=False, na_rep="\\N"))


def orchard(db, options):
    start = time.time()
    db.execute("SELECT orchard.train('categories', 'learn', 'clicked', 'gradient_boosting', %s)", (json.dumps({"holdout": 0, "exclude": ["place"], **options}),))
    seconds = time.time() - start
    found = db.execute("SELECT orchard.predict('categories', judge) FROM judge ORDER BY place").fetchall()
    return np.array([row[0] for row in found]), seconds


def lightgbm(learn, judge, native):
    import lightgbm
    x = pd.concat([learn, judge]).drop(columns="clicked")
    for c in TEXTS:
        x[c] = x[c].astype("category") if native else x[c].astype("category").cat.codes
    start = time.time()
    model = lightgbm.LGBMClassifier(n_estimators=100, num_leaves=31, learning_rate=0.1, verbose=-1).fit(x[:len(learn)], learn.clicked)
    return model.predict_proba(x[len(learn):])[:, 1], time.time() - start


def catboost(learn, judge):
    import catboost
    start = time.time()
    model = catboost.CatBoostClassifier(iterations=100, verbose=0, allow_writing_files=False, thread_count=2)
    model.fit(learn.drop(columns="clicked"), learn.clicked, cat_features=TEXTS)
    return model.predict_proba(judge.drop(columns="clicked"))[:, 1], time.time() - start


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", default="100000,1000000")
    arguments.add_argument("--options", default="{}")
    arguments.add_argument("--skip", default="")
    arguments = arguments.parse_args()
    skip = arguments.skip.split(",")
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error; CREATE SCHEMA IF NOT EXISTS categories; SET search_path = categories")
    judge, p = clicks(200_000, 99)
    load(db, "judge", judge)
    for rows in map(int, arguments.rows.split(",")):
        learn, _ = clicks(rows, 1)
        load(db, "learn", learn)
        given = json.loads(arguments.options)
        fixed = {"n_estimators": 100, "learning_rate": 0.1, "max_leaf_nodes": 31, "early_stopping_rounds": 0}
        runs = {"Orchard": lambda: orchard(db, given), "Orchard 100 x 31": lambda: orchard(db, {**fixed, **given}),
                "LightGBM native": lambda: lightgbm(learn, judge, True), "LightGBM ordinal": lambda: lightgbm(learn, judge, False),
                "CatBoost native": lambda: catboost(learn, judge)}
        print(f"{rows} rows, {learn.clicked.mean():.2%} clicks, the truth's AUC {roc_auc_score(judge.clicked, p):.4f}")
        for name, run in runs.items():
            if not any(s and s in name.lower() for s in skip):
                predicted, seconds = run()
                print(f"    {name:18} AUC {roc_auc_score(judge.clicked, predicted):.4f}   {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
