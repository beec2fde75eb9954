"""Votes, stacks and the search among learners beside their members, and beside scikit-learn's.

    PGHOST=... python benches/ensembles.py DATA

Wants psycopg, pandas and scikit-learn, and a server with Orchard. DATA is a directory with adult.csv.gz and bank_marketing.csv.gz. Every third row is held
out from both; what is printed is the area under the ROC curve there.
"""

import sys
import time
import warnings

import pandas as pd
import psycopg
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")
DATA = sys.argv[1]
BUDGET = float(sys.argv[2]) if len(sys.argv) > 2 else 60


def peers(x):
    texts = list(x.select_dtypes(exclude="number").columns)
    numbers = [c for c in x.columns if c not in texts]
    hot = make_column_transformer((OneHotEncoder(handle_unknown="ignore", min_frequency=10), texts), (StandardScaler(), numbers))
    places = make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts), ("passthrough", numbers))
    return [
        ("gradient_boosting", make_pipeline(places, HistGradientBoostingClassifier(random_state=1, early_stopping=True))),
        ("random_forest", make_pipeline(places, RandomForestClassifier(100, min_samples_leaf=5, n_jobs=2, random_state=1))),
        ("logistic_regression", make_pipeline(hot, LogisticRegression(max_iter=2000))),
    ]


def main():
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        for name, target, hit, without in [("adult", "income", ">50K", ["split"]), ("bank_marketing", "y", "yes", ["duration"])]:
            table = pd.read_csv(f"{DATA}/{name}.csv.gz", keep_default_na=False).drop(columns=without)
            x, y = table.drop(columns=target), table[target] == hit
            held = (table.index % 3 == 0)
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
            types = ", ".join(f'"{c}" {"float8" if pd.api.types.is_numeric_dtype(t) else "text"}' for c, t in x.dtypes.items())
            connection.execute(f'CREATE TABLE "{name}" (row int, held bool, y bool, {types})')
            with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                for i, (h, t, row) in enumerate(zip(held, y, x.itertuples(index=False))):
                    copy.write_row([i, bool(h), bool(t), *row])
            columns = ", ".join(f'"{c}"' for c in x.columns)
            source = f'SELECT {columns}, y FROM "{name}" WHERE NOT held'
            learners = [("gradient_boosting", "{}"), ("random_forest", "{}"), ("logistic_regression", "{}"), ("voting", "{}"), ("stacking", "{}"), ("auto", f'{{"time_budget": {BUDGET}}}')]
            for learner, options in learners:
                began = time.perf_counter()
                options = options[:-1] + (", " if len(options) > 2 else "") + '"holdout": 0}'
                row = connection.execute("SELECT algorithm FROM orchard.train('m', %s, 'y', %s, %s)", [source, learner, options]).fetchone()
                seconds = time.perf_counter() - began
                said = connection.execute(f"SELECT orchard.predict('m', t) FROM \"{name}\" AS t WHERE held ORDER BY row").fetchall()
                print(f"{name:15} orchard      {learner:20} auc {roc_auc_score(y[held], [s[0] for s in said]):.5f}  {seconds:7.1f} s  {row[0] if learner == 'auto' else ''}", flush=True)
                if learner == "auto":
                    for own in connection.execute("SELECT rank, algorithm, options, score, seconds, note FROM orchard.leaderboard('m')"):
                        print("    ", *own)
            members = peers(x)
            for learner, model in [*members, ("voting", VotingClassifier(members, voting="soft")), ("stacking", StackingClassifier(members, cv=5))]:
                began = time.perf_counter()
                model.fit(x[~held], y[~held])
                seconds = time.perf_counter() - began
                print(f"{name:15} scikit-learn {learner:20} auc {roc_auc_score(y[held], model.predict_proba(x[held])[:, 1]):.5f}  {seconds:7.1f} s", flush=True)


main()
