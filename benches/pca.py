"""Principal components beside scikit-learn's: the same figures, and how long they take.

python -m venv venv && venv/bin/pip install scikit-learn 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/pca.py [--table diamonds.csv.gz] [--rows 1000000] [--columns 16] [--threads 1,2] [--times 2]

figures: the numbers of a table, standardised, only centred, and whitened: how far variances, directions and the components of all rows are from scikit-learn's, relative to
         the largest of a component; and how many components explain nine tenths
seconds: orchard.train from a table of rows x columns, and predict_<model> of all its rows, against StandardScaler and PCA of a matrix that is in memory already
"""

import argparse
import csv
import gzip
import json
import time

import numpy as np
import psycopg
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits


def load(db, x):
    names = [f"c{i}" for i in range(x.shape[1])]
    db.execute("DROP TABLE IF EXISTS pca_rows")
    db.execute(f"CREATE UNLOGGED TABLE pca_rows (id int, {', '.join(f'{n} float8' for n in names)})")
    with db.cursor().copy("COPY pca_rows FROM STDIN") as copy:
        for i, row in enumerate(x.tolist()):
            copy.write("\t".join(map(repr, [i, *row])) + "\n")
    db.execute("VACUUM ANALYZE pca_rows")
    return names


def train(db, names, **options):
    text = json.dumps({"features": names, **options})
    db.execute("SELECT orchard.train('pca_bench', 'pca_rows', algorithm => 'pca', options => %s::jsonb)", (text,))


def figures(db, path):
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    is_number = lambda name: all(row[name].replace(".", "", 1).replace("-", "", 1).isdigit() for row in rows)
    columns = [name for name in rows[0] if is_number(name)]
    x = np.array([[float(row[name]) for name in columns] for row in rows])
    names = load(db, x)
    apart = lambda found, true: float((np.abs(found - true).max(0) / np.abs(true).max(0)).max())
    for what, z, options in [
        ("standardised", StandardScaler().fit_transform(x), {}),
        ("centred", x, {"scale": False}),
        ("whitened", StandardScaler().fit_transform(x), {"whiten": True}),
    ]:
        peer = PCA(svd_solver="full", whiten=options.get("whiten", False)).fit(z)
        train(db, names, **options)
        variance = np.array([r[0] for r in db.execute("SELECT explained_variance FROM orchard.explained_variance('pca_bench') ORDER BY component")])
        loadings = np.zeros_like(peer.components_)
        for component, feature, loading in db.execute("SELECT component, feature, loading FROM orchard.components('pca_bench')"):
            loadings[component - 1, names.index(feature)] = loading
        told = np.array([r[0] for r in db.execute(f"SELECT predict_pca_bench({', '.join(names)}) FROM pca_rows ORDER BY id")])
        print(f"{what}, {x.shape[0]} x {x.shape[1]}: variances {np.abs(variance / peer.explained_variance_ - 1).max():.1e}, "
              f"directions {apart(loadings.T, peer.components_.T):.1e}, components of rows {apart(told, peer.transform(z)):.1e} from scikit-learn's")
        train(db, names, n_components=0.9, **options)
        own = db.execute("SELECT count(*) FROM orchard.explained_variance('pca_bench')").fetchone()[0]
        print(f"  nine tenths: {own} components, {PCA(n_components=0.9, svd_solver='full').fit(z).n_components_} of scikit-learn")


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def speed(db, options):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(options.rows, 4)) @ draw.normal(size=(4, options.columns)) + draw.normal(size=(options.rows, options.columns))
    names = load(db, x)
    for threads in options.threads:
        db.execute("SELECT set_config('orchard.threads', %s, false)", (str(threads),))
        ours, own, peer = [], [], []
        for _ in range(options.times):
            ours.append(seconds(lambda: train(db, names)))
            own.append(db.execute("SELECT (timings ->> 'project')::float8 FROM orchard.model_versions WHERE model = 'pca_bench' ORDER BY version DESC LIMIT 1").fetchone()[0])
            with threadpool_limits(threads):
                peer.append(seconds(lambda: PCA().fit(StandardScaler().fit_transform(x))))
        print(f"{options.rows} x {options.columns}, {threads} threads: train from the table {min(ours):.2f} s, of that components {min(own):.2f} s; "
              f"scikit-learn in memory {min(peer):.2f} s", flush=True)
    db.execute("SET max_parallel_workers_per_gather = 0")
    if len(names) < 100:
        ours = seconds(lambda: db.execute(f"SELECT count(predict_pca_bench({', '.join(names)})) FROM pca_rows").fetchone())
        plain = seconds(lambda: db.execute(f"SELECT sum({' + '.join(names)}) FROM pca_rows").fetchone())
        print(f"components of all rows {ours:.2f} s, the sum of the columns {plain:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", default="../shared/data/diamonds.csv.gz")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=16)
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--times", type=int, default=2)
    options = parser.parse_args()
    with psycopg.connect(autocommit=True) as db:
        figures(db, options.table)
        speed(db, options)
        db.execute("DROP TABLE pca_rows")
        db.execute("SELECT orchard.drop_model('pca_bench')")
