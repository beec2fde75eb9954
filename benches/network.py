"""Neural networks beside scikit-learn's MLPClassifier, and Keras' where it is there: how long training takes, how right it is, and how fast rows are scored.

python -m venv venv && venv/bin/pip install scikit-learn pandas 'psycopg[binary]' [tensorflow]
PGHOST=... PGDATABASE=... venv/bin/python benches/network.py [--data DIRECTORY] [--only seconds,figures,scoring] [--threads 1,2] [--times 3]

seconds: rows x 20 numbers, two hidden layers of 64 and 32, Adam with 0.001, batches of 64, 50 epochs, all of them gone through; accuracy and ROC AUC of rows
         that none of them saw
figures: ROC AUC on held-out rows of adult and bank_marketing, beside MLPClassifier of the same layers with scikit-learn's own early stopping
scoring: rows a second that one process scores from a table, less the time that the sum of the columns takes
"""

import argparse
import pathlib
import time
import warnings

import numpy as np
import pandas as pd
import psycopg
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.simplefilter("ignore")


def load(db, frame, name):
    kinds = {"i": "bigint", "f": "float8", "b": "boolean"}
    columns = ", ".join(f'"{c}" {kinds.get(frame[c].dtype.kind, "text")}' for c in frame)
    db.execute(f"DROP TABLE IF EXISTS {name}")
    db.execute(f"CREATE TABLE {name} ({columns})")
    with db.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in frame.itertuples(index=False):
            copy.write_row([None if isinstance(v, float) and np.isnan(v) else v for v in row])
    db.execute("VACUUM ANALYZE " + name)


def best(times, run):
    out = []
    for _ in range(times):
        began = time.perf_counter()
        found = run()
        out.append(time.perf_counter() - began)
    return min(out), found


def table(rows):
    x, y = make_classification(rows + 8192, 20, n_informative=12, n_redundant=4, random_state=0, flip_y=0.02)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(20)])
    frame["y"], frame["row_number"] = y == 1, np.arange(len(frame))
    return frame


def seconds(db, options):
    frame = table(options.rows)
    load(db, frame, "network_rows")
    names = ", ".join(c for c in frame if c.startswith("x"))
    train, test = frame[: options.rows], frame[options.rows :]
    x, y = train[names.split(", ")].to_numpy(), train.y.to_numpy()
    held, true = test[names.split(", ")].to_numpy(), test.y.to_numpy()
    tell = lambda name, took, p: print(f"{name:28} {took:7.2f} s   accuracy {accuracy_score(true, p > 0.5):.4f}   roc_auc {roc_auc_score(true, p):.4f}")
    for threads in options.threads:
        db.execute(f"SET orchard.threads = {threads}")
        query = f"SELECT {names}, y FROM network_rows WHERE row_number < {options.rows}"
        call = "SELECT orchard.train('network_model', %s, 'y', 'neural_network', '{\"holdout\": 0, \"early_stopping_rounds\": 0}')"
        took, _ = best(options.times, lambda: db.execute(call, [query]))
        said = db.execute(f"SELECT predict_network_model({names}) FROM network_rows WHERE row_number >= {options.rows} ORDER BY row_number").fetchall()
        tell(f"orchard, {threads} thread{'s' * (threads > 1)}", took, np.array(said)[:, 0])

    def sklearn():
        scaler = StandardScaler().fit(x)
        model = MLPClassifier((64, 32), batch_size=64, learning_rate_init=0.001, max_iter=50, n_iter_no_change=1000, tol=0)
        return scaler, model.fit(scaler.transform(x), y)

    took, (scaler, model) = best(max(1, options.times // 2), sklearn)
    tell("MLPClassifier", took, model.predict_proba(scaler.transform(held))[:, 1])
    try:
        import keras
    except ImportError:
        return
    net = keras.Sequential([keras.layers.Input((20,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(32, "relu"), keras.layers.Dense(1, "sigmoid")])
    net.compile(keras.optimizers.Adam(0.001), "binary_crossentropy")
    took, _ = best(1, lambda: net.fit(scaler.transform(x), y, batch_size=64, epochs=50, verbose=0))
    tell("Keras", took, net.predict(scaler.transform(held), verbose=0)[:, 0])


def figures(db, options):
    for name, target, positive in (("adult", "income", ">50K"), ("bank_marketing", "y", "yes")):
        frame = pd.read_csv(pathlib.Path(options.data) / f"{name}.csv.gz").drop(columns=["split", "duration"], errors="ignore")
        frame = frame.sample(frac=1, random_state=1).reset_index(drop=True)
        frame["row_number"] = np.arange(len(frame))
        load(db, frame, "network_real")
        cut = len(frame) * 4 // 5
        columns = [c for c in frame if c not in (target, "row_number")]
        quoted = ", ".join(f'"{c}"' for c in columns)
        db.execute(
            "SELECT orchard.train('network_real_model', %s, %s, 'neural_network', jsonb_build_object('holdout', 0, 'positive_class', %s::text))",
            [f'SELECT {quoted}, "{target}" FROM network_real WHERE row_number < {cut}', target, positive],
        )
        said = np.array(db.execute(f"SELECT predict_network_real_model({quoted}) FROM network_real WHERE row_number >= {cut} ORDER BY row_number").fetchall())[:, 0]
        true = (frame[target][cut:] == positive).to_numpy()
        numbers = [c for c in columns if frame[c].dtype.kind in "if"]
        encode = make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), [c for c in columns if c not in numbers]))
        model = make_pipeline(encode, MLPClassifier((64, 32), batch_size=64, max_iter=50, early_stopping=True, random_state=0))
        model.fit(frame[columns][:cut], frame[target][:cut] == positive)
        print(f"{name:16} roc_auc: orchard {roc_auc_score(true, said):.4f}   MLPClassifier {roc_auc_score(true, model.predict_proba(frame[columns][cut:])[:, 1]):.4f}")


def scoring(db, options):
    load(db, table(1_000_000), "network_many")
    names = ", ".join(f"x{i}" for i in range(20))
    db.execute(
        "SELECT orchard.train('network_fast', %s, 'y', 'neural_network', '{\"epochs\": 1, \"holdout\": 0}')",
        [f"SELECT {names}, y FROM network_many WHERE row_number < 20000"],
    )
    db.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
    sums = names.replace(", ", " + ")
    run = lambda what: best(options.times, lambda: db.execute(f"SELECT max({what}) FROM network_many"))[0]
    plain, scored = run(sums), run(f"predict_network_fast({names})")
    rows = 1_008_192
    print(f"scoring: {rows / scored / 1e6:.2f} million rows a second from the table, {rows / max(scored - plain, 1e-9) / 1e6:.2f} beyond the sum of the columns")


parser = argparse.ArgumentParser()
parser.add_argument("--data", default="../shared/data")
parser.add_argument("--only", default="seconds,figures,scoring")
parser.add_argument("--rows", type=int, default=32_768)
parser.add_argument("--times", type=int, default=3)
parser.add_argument("--threads", type=lambda v: [int(t) for t in v.split(",")], default=[1, 2])
options = parser.parse_args()
with psycopg.connect("", autocommit=True) as connection:
    connection.execute("SET client_min_messages = warning")
    for part in options.only.split(","):
        {"seconds": seconds, "figures": figures, "scoring": scoring}[part](connection, options)
