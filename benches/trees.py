"""Quality of a single tree and of k-means against scikit-learn's: the same rows for both.

python -m venv venv && venv/bin/pip install scikit-learn pandas 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/trees.py DIRECTORY

DIRECTORY has the tables as <name>.csv.gz. The database has the extension; a schema "trees" in it is made anew. Trees are of depth 8 and
else with their defaults, scikit-learn's the better of one-hot and ordinal encoding: adult by its column "split", the others by five folds of
the row number. k-means has 5 clusters and 10 starts over the numeric columns, scaled by their standard deviation.
"""

import argparse
import json
import os
import sys

import numpy as np
import pandas as pd
import psycopg
from sklearn.cluster import KMeans
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

sys.path.insert(0, os.path.dirname(__file__))
from quality import TABLES, fill

TREES = ["adult", "bank_marketing", "diamonds"]
CLUSTERS = {"wholesale_customers": ["Channel", "Region"], "mall_customers": ["CustomerID"]}


def ours(db, target, fold):
    options = json.dumps({"holdout": 0, "max_depth": 8, "exclude": ["place__", "fold__"]})
    db.execute("SELECT orchard.train('trees', %s, %s, 'decision_tree', %s::jsonb)",
               (f"SELECT * FROM trees.rows WHERE fold__ <> {fold}", target, options))
    found = db.execute("SELECT orchard.predict('trees', r) FROM trees.rows AS r WHERE fold__ = %s ORDER BY place__", (fold,))
    return np.array([row[0] for row in found.fetchall()])


def theirs(x, y, classes, train, test):
    texts = make_column_selector(dtype_exclude=np.number)
    for encoder in (OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)):
        encoder = make_column_transformer((encoder, texts), remainder="passthrough")
        tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(max_depth=8, random_state=0)
        tree.fit(encoder.fit_transform(x.iloc[train]), y[train])
        cells = encoder.transform(x.iloc[test])
        yield tree.predict_proba(cells)[:, 1] if classes else tree.predict(cells)


def score(actual, predicted, classes):
    return roc_auc_score(actual, predicted) if classes else np.sqrt(np.mean((actual - predicted) ** 2))


def tree(db, directory, name):
    target, positive, left_out = TABLES[name]
    frame = pd.read_csv(f"{directory}/{name}.csv.gz")
    splits = frame.get("split")
    frame = frame.drop(columns=left_out)
    classes = positive is not None
    if classes:
        frame[target] = (frame[target] == positive).astype(int)
    place = np.arange(len(frame))
    fold = np.where(splits == "test", 0, 1) if name == "adult" else place % 5
    x, y = frame.drop(columns=target), frame[target].to_numpy()
    fill(db, frame.assign(**{target: np.where(y == 1, "yes", "no")}) if classes else frame, fold)
    scores = []
    for judged in [0] if name == "adult" else range(5):
        train, test = place[fold != judged], place[fold == judged]
        found = [ours(db, target, judged), *theirs(x, y, classes, train, test)]
        scores.append([score(y[test], predicted, classes) for predicted in found])
    mean = np.mean(scores, axis=0)
    if classes:
        print(f"{name:20} ROC AUC: orchard {mean[0]:.4f}, one-hot {mean[1]:.4f}, ordinal {mean[2]:.4f}: {mean[0] - max(mean[1:]):+.4f}")
    else:
        print(f"{name:20} RMSE: orchard {mean[0]:.1f}, one-hot {mean[1]:.1f}, ordinal {mean[2]:.1f}: {mean[0] / min(mean[1:]):.4f} x")


def clusters(db, directory, name):
    frame = pd.read_csv(f"{directory}/{name}.csv.gz").select_dtypes(np.number)
    frame = frame.drop(columns=[c for c in CLUSTERS[name] if c in frame])
    fill(db, frame, np.zeros(len(frame)))
    options = json.dumps({"holdout": 0, "n_clusters": 5, "n_init": 10, "exclude": ["place__", "fold__"]})
    db.execute("SELECT orchard.train('trees', 'trees.rows', NULL, 'kmeans', %s::jsonb)", (options,))
    inertia = db.execute("SELECT value FROM orchard.evaluate('trees') WHERE metric = 'inertia'").fetchone()[0]
    fit = KMeans(5, n_init=10, random_state=0).fit(StandardScaler().fit_transform(frame))
    print(f"{name:20} inertia: orchard {inertia:.3f}, scikit-learn {fit.inertia_:.3f}: {float(inertia) / fit.inertia_:.4f} x")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory")
    arguments = arguments.parse_args()
    db = psycopg.connect(autocommit=True)
    db.execute("SET client_min_messages = error")
    db.execute("CREATE SCHEMA IF NOT EXISTS trees; SET search_path = trees")
    for name in TREES:
        tree(db, arguments.directory, name)
        db.execute("SELECT orchard.drop_model('trees', true)")
    for name in CLUSTERS:
        clusters(db, arguments.directory, name)
        db.execute("SELECT orchard.drop_model('trees', true)")


main()
