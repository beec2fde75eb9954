"""Speed of k-means against its peers, each pair measured in one run.

python -m venv venv && venv/bin/pip install scikit-learn faiss-cpu scikit-learn-intelex 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/kmeans.py [--threads 1,2] [--rows 1000000] [--k 8,64,256] [--data blobs,overlap,uniform,tails] [--only iterations,statement,scoring]

iterations: 20 iterations in memory from the same start centres, of 16 numbers of 32 bits a row; seconds an iteration, the least of --times runs that alternate
statement:  orchard.train from a table with k-means++ and one start, against scikit-learn's fit alone with the same number of iterations at most
scoring:    predict_<model> of 10 times the rows, against a query that reads the same columns

blobs and overlap are 64 groups, far apart and one in another; uniform has none; tails are log-normal numbers. Processor seconds (user and system, all threads) are told beside
seconds, as they say more on a machine that others use too. Needs a superuser, for orchard.threads. Ratios are Orchard's by the best peer's.
"""

import argparse
import os
import resource
import struct
import subprocess
import tempfile
import time
import warnings

import numpy as np

D = 16
ITERATIONS = 20
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def table(name, rows):
    draw = np.random.default_rng(1)
    if name == "uniform":
        x = draw.random((rows, D))
    elif name == "tails":
        x = np.exp(draw.normal(0, 1.5, (rows, D)))
    else:
        centres = draw.normal(0, 4, (64, D))
        x = centres[draw.integers(0, 64, rows)] + draw.normal(0, 1 if name == "blobs" else 3, (rows, D))
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def write(path, x):
    with open(path, "wb") as file:
        file.write(struct.pack("<QQ", *x.shape) + np.ascontiguousarray(x, float).tobytes())


def timed(run):
    """Seconds and processor seconds of a run, and its answer."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = run()
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, answer


def peers(x, start, threads):
    """The inertia and iterations of each peer, as functions."""
    import faiss
    from sklearn.cluster import KMeans
    from sklearnex.cluster import KMeans as Intel
    from threadpoolctl import threadpool_limits

    def fit(kind, **more):
        def run():
            with threadpool_limits(threads):
                model = kind(len(start), init=start, n_init=1, max_iter=ITERATIONS, tol=0, **more).fit(x)
            return model.inertia_, model.n_iter_

        return run

    def of_faiss():
        faiss.omp_set_num_threads(threads)
        model = faiss.Kmeans(D, len(start), niter=ITERATIONS, max_points_per_centroid=len(x), min_points_per_centroid=1)
        model.train(x, init_centroids=start)
        return model.obj[-1], ITERATIONS

    import daal4py

    daal4py.daalinit(threads)
    return {
        "scikit-learn lloyd": fit(KMeans, algorithm="lloyd"),
        "scikit-learn elkan": fit(KMeans, algorithm="elkan"),
        "faiss": of_faiss,
        "scikit-learn-intelex": fit(Intel, algorithm="lloyd"),
    }


def bench():
    """The program that iterates on a file."""
    command = ["cargo", "bench", "--locked", "-p", "orchard-engine", "--bench", "kmeans", "--no-run"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stderr
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), *printed.split("(")[-1].split(")")[0].split("/")[-3:])


def iterations(options):
    program = options.program or bench()
    with tempfile.TemporaryDirectory() as directory:
        for name in options.data:
            x = table(name, options.rows)
            write(f"{directory}/x", x)
            for k in options.k:
                start = x[np.random.default_rng(7).choice(len(x), k, replace=False)]
                write(f"{directory}/start", start)
                for threads in options.threads:
                    compare(program, directory, name, x, start, threads, options.times)


def compare(program, directory, name, x, start, threads, times):
    command = [program, f"{directory}/x", f"{directory}/start", str(ITERATIONS), str(threads), "1"]
    least, inertia = {}, {}
    for _ in range(times):
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        runs = {"Orchard": (float(printed[0]), float(printed[1]), (float(printed[3]), int(printed[2])))}
        for peer, run in peers(x, start, threads).items():
            runs[peer] = timed(run)
        for who, (seconds, processor, (found, steps)) in runs.items():
            own = (seconds / steps, processor / steps)
            least[who] = tuple(map(min, own, least.get(who, own)))
            inertia[who] = found
    best = [min(v[i] for who, v in least.items() if who != "Orchard") for i in (0, 1)]
    print(f"{name}, k = {len(start)}, {threads} threads: " + ", ".join(f"{who} {s:.4f} s ({c:.4f})" for who, (s, c) in least.items()))
    print(f"  {least['Orchard'][0] / best[0]:.2f} of the best, {least['Orchard'][1] / best[1]:.2f} by processor seconds; inertia by scikit-learn's "
          f"{inertia['Orchard'] / inertia['scikit-learn lloyd'] - 1:+.1e}", flush=True)


def server(options):
    import psycopg
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with psycopg.connect(autocommit=True) as db:
        x = table("blobs", options.rows)
        names = [f"c{i}" for i in range(D)]
        db.execute("DROP TABLE IF EXISTS kmeans_rows")
        db.execute(f"CREATE TABLE kmeans_rows ({', '.join(f'{n} real' for n in names)})")
        with db.cursor().copy("COPY kmeans_rows FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
            cells = np.empty((len(x), D), dtype=[("n", ">i4"), ("v", ">f4")])
            cells["n"], cells["v"] = 4, x
            rows = np.empty(len(x), dtype=[("n", ">i2"), ("c", f"V{8 * D}")])
            rows["n"], rows["c"] = D, cells.view(f"V{8 * D}").reshape(len(x))
            copy.write(rows.tobytes() + struct.pack(">h", -1))
        db.execute("VACUUM ANALYZE kmeans_rows")
        for threads in options.threads:
            db.execute("SELECT set_config('orchard.threads', %s, false)", (str(threads),))
            train = "SELECT orchard.train('kmeans_bench', 'kmeans_rows', algorithm => 'kmeans', options => '{\"n_clusters\": 8, \"n_init\": 1, \"max_iter\": 20, \"tol\": 0, \"scaling\": \"standard\"}')"
            if "statement" in options.only:
                ours, peer = [], []
                for _ in range(options.times):
                    ours.append(timed(lambda: db.execute(train))[0])
                    with threadpool_limits(threads):
                        peer.append(timed(lambda: KMeans(8, n_init=1, max_iter=20, tol=0).fit(x))[0])
                print(f"statement, {threads} threads: {min(ours):.2f} s, scikit-learn's fit {min(peer):.2f} s, ratio {min(ours) / min(peer):.2f}", flush=True)
        if "scoring" in options.only:
            db.execute("SET max_parallel_workers_per_gather = 0")
            db.execute("SET jit = off")
            db.execute(f"SELECT orchard.train('kmeans_bench', 'kmeans_rows', algorithm => 'kmeans', options => '{{\"n_clusters\": 8, \"n_init\": 1}}')")
            db.execute("DROP TABLE IF EXISTS kmeans_many")
            db.execute("CREATE UNLOGGED TABLE kmeans_many AS SELECT r.* FROM kmeans_rows AS r, generate_series(1, 10)")
            db.execute("VACUUM ANALYZE kmeans_many")
            scans = {
                "scoring": f"SELECT sum(predict_kmeans_bench({', '.join(names)})) FROM kmeans_many",
                "sum of the columns": f"SELECT sum({' + '.join(names)}) FROM kmeans_many",
                "count of the columns": f"SELECT {', '.join(f'count({n})' for n in names)} FROM kmeans_many",
            }
            seconds = {what: min(timed(lambda: db.execute(query).fetchone())[0] for _ in range(options.times)) for what, query in scans.items()}
            print("; ".join(f"{what} {s:.2f} s" for what, s in seconds.items()), flush=True)
            db.execute("DROP TABLE kmeans_many")
        db.execute("DROP TABLE kmeans_rows")
        db.execute("SELECT orchard.drop_model('kmeans_bench')")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers, words = (lambda text: [int(n) for n in text.split(",")]), (lambda text: text.split(","))
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--k", type=numbers, default=[8, 64, 256])
    parser.add_argument("--data", type=words, default=["blobs", "overlap", "uniform", "tails"])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", type=words, default=["iterations", "statement", "scoring"])
    parser.add_argument("--program", help="the bench, where it is built already")
    options = parser.parse_args()
    if "iterations" in options.only:
        iterations(options)
    if {"statement", "scoring"} & set(options.only):
        server(options)
