"""Speed of scoring: the kernels against the peers' on the very same trees, whole statements beside their floors, point queries.

python -m venv venv && venv/bin/pip install lightgbm xgboost catboost onnxruntime onnxmltools treelite tl2cgen lleaves ydf 'psycopg[binary]'
PGHOST=... PGDATABASE=... PGBIN=... venv/bin/python benches/score.py [--rows 1000000] [--only memory,statement,point] [--shapes 100x31,500x63]

memory:    microseconds a row of a model of LightGBM over 12 numbers in memory, one thread: Orchard with each set of instructions, LightGBM,
           ONNX Runtime, tl2cgen, lleaves, daal4py where it is installed (all on LightGBM's trees), XGBoost, ydf and CatBoost on their own
statement: sum(predict(...)) of a click table of 4 texts and 8 numbers, by calls and many rows at once, beside count(*) and sums of columns;
           with two processes; INSERT ... SELECT, CREATE TABLE AS, UPDATE, orchard.score; the first and the second call of a session
point:     pgbench: the score of one row by primary key, against a stored score, with 1, 8 and 64 clients, prepared and not

A peer that is not installed, or fails, is said and left out. lleaves needs llvmlite before 0.44. Every ratio comes from one run; times are the best of the repeats, latencies the median.
"""

import argparse
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))
ROOT = os.path.join(os.path.dirname(__file__), "..")
COLUMNS = "ad_id, site_id, device, region, hour, position, bid, age, frequency, price, width, advertiser"
REPEAT = 3


def best(run, rows):
    times = []
    for _ in range(REPEAT):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) / rows * 1e6


def numbers(rows):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, 12))
    x[:, 6:] = np.round(x[:, 6:] * 50)
    logit = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(x[:, 3] * 3) + x[:, 6] / 50 * x[:, 4]
    return x, logit + draw.normal(size=rows) > 0


def memory(rows, trees, leaves):
    import lightgbm
    x, y = numbers(rows)
    learn = min(rows, 200_000)
    params = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.1 if trees <= 100 else 0.05, "verbose": -1, "num_threads": 2}
    booster = lightgbm.train(params, lightgbm.Dataset(x[:learn], y[:learn]), trees)
    print(f"memory, {trees} trees of {leaves} leaves, {rows:,} rows, one thread, microseconds a row", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        text, matrix, predictions = (f"{directory}/{name}" for name in ("model.txt", "matrix", "predictions"))
        booster.save_model(text)
        with open(matrix, "wb") as file:
            file.write(struct.pack("<QQ", *x.shape) + np.ascontiguousarray(x).tobytes())
        command = ["cargo", "bench", "-q", "-p", "orchard-engine", "--bench", "peers"]
        subprocess.run([*command, "--no-run"], cwd=ROOT, check=True, capture_output=True)
        printed = subprocess.run([*command, "--", text, matrix, predictions, "1"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        ours = float("inf")
        for line in printed.splitlines():
            name, *values = line.split()
            if name == "layout":
                print(f"    Orchard's layout: {float(values[0]) * 1e3:.1f} ms, {int(values[1]) / 1e6:.1f} MB in memory")
                continue
            many, one = map(float, values)
            ours = min(ours, many)
            print(f"    Orchard {name}: {many:.3f} many rows, {one:.3f} row by row")
        expected = booster.predict(x, num_threads=2)
        worst = np.abs(np.fromfile(predictions) - expected).max()
        print(f"    greatest difference to LightGBM's probabilities: {worst:.1e}", flush=True)

        def peer(name, make):
            """`make` gets the peer ready and returns what is to be timed."""
            try:
                taken = best(make(), rows)
                print(f"    {name}: {taken:.3f}, Orchard {ours / taken:.3f} x", flush=True)
            except Exception as error:
                print(f"    {name}: failed ({type(error).__name__}: {str(error)[:100]})", flush=True)

        def lleaves():
            import lleaves
            compiled = lleaves.Model(model_file=text)
            start = time.time()
            compiled.compile()
            print(f"    lleaves compiles for {time.time() - start:.0f} s", flush=True)
            return lambda: compiled.predict(x, n_jobs=1)

        def tl2cgen():
            import tl2cgen
            import treelite
            library = f"{directory}/model.so"
            tl2cgen.export_lib(treelite.frontend.load_lightgbm_model(text), toolchain="gcc", libpath=library, params={"parallel_comp": 8})
            predictor, data = tl2cgen.Predictor(library, nthread=1), tl2cgen.DMatrix(x)
            return lambda: predictor.predict(data)

        def onnx():
            import onnxmltools
            import onnxruntime
            from onnxmltools.convert.common.data_types import FloatTensorType
            graph = onnxmltools.convert_lightgbm(booster, initial_types=[("x", FloatTensorType([None, 12]))], zipmap=False)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(graph.SerializeToString(), options)
            single = x.astype(np.float32)
            return lambda: session.run(None, {"x": single})

        def daal():
            import daal4py
            daal4py.daalinit(1)
            converted = daal4py.mb.convert_model(booster)
            return lambda: converted.predict_proba(x)

        def xgboost():
            import xgboost
            own = xgboost.train({"objective": "binary:logistic", "max_leaves": leaves, "max_depth": 0, "grow_policy": "lossguide", "tree_method": "hist", "nthread": 2},
                                xgboost.DMatrix(x[:learn], y[:learn]), trees)
            own.set_param({"nthread": 1})
            return lambda: own.inplace_predict(x)

        def ydf():
            import pandas as pd
            import ydf
            ydf.verbose(0)
            learner = ydf.GradientBoostedTreesLearner(label="y", num_trees=trees, growing_strategy="BEST_FIRST_GLOBAL", max_num_nodes=leaves, max_depth=-1,
                                                      validation_ratio=0.0, early_stopping="NONE", num_threads=2)
            frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(12)])
            own = learner.train(frame[:learn].assign(y=y[:learn]))
            inputs = {name: frame[name].to_numpy(np.float32) for name in frame}
            benchmark = str(own.benchmark({k: v[:100_000] for k, v in inputs.items()}, num_threads=1)).splitlines()[0]
            print(f"    ydf, its own benchmark: {benchmark}", flush=True)
            return lambda: own.predict(inputs, num_threads=1)

        def catboost():
            import catboost
            own = catboost.CatBoostClassifier(iterations=trees, depth=6, verbose=0, allow_writing_files=False, thread_count=2).fit(x[:learn], y[:learn])
            pool = catboost.Pool(x)
            return lambda: own.predict(pool, prediction_type="RawFormulaVal", thread_count=1)

        peer("LightGBM", lambda: lambda: booster.predict(x, num_threads=1))
        peer("lleaves", lleaves)
        peer("tl2cgen", tl2cgen)
        peer("ONNX Runtime", onnx)
        peer("daal4py", daal)
        peer("XGBoost, its own trees", xgboost)
        peer("ydf, its own trees", ydf)
        peer("CatBoost, its own oblivious trees", catboost)


def timed(db, statement, repeat=REPEAT):
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        db.execute(statement)
        times.append(time.perf_counter() - start)
    return min(times[1:]) * 1e3


def models(db, rows, shapes):
    from categories import clicks, load
    db.execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS scoring CASCADE; CREATE SCHEMA scoring; SET search_path = scoring")
    load(db, "clicks", clicks(rows, 1)[0])
    db.execute("ALTER TABLE clicks ALTER place TYPE bigint; ALTER TABLE clicks ADD PRIMARY KEY (place)")
    db.execute("VACUUM ANALYZE clicks")
    for trees, leaves in shapes:
        options = f'{{"holdout": 0, "n_estimators": {trees}, "max_leaf_nodes": {leaves}, "learning_rate": 0.1, "early_stopping_rounds": 0, "exclude": ["place"]}}'
        db.execute("SELECT orchard.train(%s, 'clicks', 'clicked', 'gradient_boosting', %s)", (f"m{trees}", options))


def statement(db, rows, shapes):
    import pandas as pd
    import lightgbm
    from categories import TEXTS, clicks
    db.execute("SET search_path = scoring; SET jit = off; SET max_parallel_workers_per_gather = 0")
    count, last, call = (timed(db, f"SELECT {what} FROM clicks") for what in ("count(*)", "count(advertiser)", f"sum(num_nulls({COLUMNS}))"))
    total = timed(db, "SELECT sum(hour + position + bid + frequency + price + width + coalesce(age, 0)) FROM clicks")
    print(f"statement, {rows:,} rows, milliseconds: count(*) {count:.0f}, count of the last column {last:.0f}, sum of num_nulls (a call with all columns) {call:.0f}, sum of the numbers {total:.0f}", flush=True)
    frame, _ = clicks(rows, 1)
    x = frame.drop(columns="clicked")
    for c in TEXTS:
        x[c] = x[c].astype("category")
    for trees, leaves in shapes:
        name = f"m{trees}"
        scored = f"SELECT sum(predict_{name}({COLUMNS})) FROM clicks"
        times = {}
        for way, setting in (("calls", "off"), ("many rows at once", "on")):
            db.execute(f"SET orchard.enable_batch = {setting}")
            times[way] = timed(db, scored)
        peer = lightgbm.LGBMClassifier(n_estimators=trees, num_leaves=leaves, learning_rate=0.1, n_jobs=2, verbose=-1).fit(x[:200_000], frame.clicked[:200_000])
        start = time.perf_counter()
        peer.booster_.predict(x, num_threads=1)
        theirs = (time.perf_counter() - start) * 1e3
        print(f"    {trees} x {leaves}: sum(predict) {times['calls']:.0f} by calls, {times['many rows at once']:.0f} many rows at once "
              f"({times['calls'] / times['many rows at once']:.2f} x); LightGBM's predict of the rows in memory, one thread, {theirs:.0f}: "
              f"{times['many rows at once'] / theirs:.3f} x", flush=True)
        db.execute("SET max_parallel_workers_per_gather = 1; SET parallel_leader_participation = on; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0")
        for way, setting in (("calls", "off"), ("many rows at once", "on")):
            db.execute(f"SET orchard.enable_batch = {setting}")
            both = timed(db, scored)
            print(f"        two processes, {way}: {both:.0f}, {times[way] / both:.2f} x the throughput of one", flush=True)
        db.execute("SET max_parallel_workers_per_gather = 0")
        for label, text in (("CREATE TABLE AS", f"DROP TABLE IF EXISTS s; CREATE TABLE s AS SELECT place, predict_{name}({COLUMNS}) AS p FROM clicks"),
                            ("INSERT ... SELECT", f"TRUNCATE s; INSERT INTO s SELECT place, predict_{name}({COLUMNS}) FROM clicks"),
                            ("orchard.score with a key", f"SELECT count(score) FROM orchard.score('{name}', 'clicks')"),
                            ("of which the key by SQL", "SELECT count(jsonb_build_object('place', place)) FROM clicks")):
            print(f"        {label}: {timed(db, text, 2):.0f}", flush=True)
    name = f"m{shapes[0][0]}"
    db.execute("CREATE TABLE u AS SELECT *, 0::float8 AS score FROM clicks")
    print(f"    UPDATE ... SET score = predict_{name}(...): {timed(db, f'UPDATE u SET score = predict_{name}({COLUMNS})', 1):.0f}, "
          f"= 0.5: {timed(db, 'UPDATE u SET score = 0.5', 1):.0f}", flush=True)
    import psycopg
    for trees, leaves in shapes:
        firsts = []
        for _ in range(5):
            with psycopg.connect(autocommit=True) as fresh:
                fresh.execute("SELECT orchard.version()")
                seconds = []
                for _ in range(2):
                    start = time.perf_counter()
                    fresh.execute(f"SELECT scoring.predict_m{trees}({COLUMNS}) FROM scoring.clicks WHERE place = 1").fetchone()
                    seconds.append(time.perf_counter() - start)
                firsts.append((seconds[0] - seconds[1]) * 1e3)
        print(f"    first call of a session with {trees} x {leaves}: {statistics.median(firsts):.1f} ms more than the second", flush=True)


def point(shapes, seconds):
    pgbench = os.path.join(os.environ.get("PGBIN", ""), "pgbench")
    trees, leaves = shapes[0]
    queries = {"stored": "SELECT bid FROM scoring.clicks WHERE place = :i", "scored": f"SELECT scoring.predict_m{trees}({COLUMNS}) FROM scoring.clicks WHERE place = :i"}
    print(f"point queries, {trees} x {leaves}, average latency in milliseconds, median of 5", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        for mode in ("prepared", "simple"):
            for clients in (1, 8, 64):
                latency = {name: [] for name in queries}
                for _ in range(5):
                    for name, query in queries.items():
                        script = f"{directory}/{name}.sql"
                        with open(script, "w") as file:
                            file.write(f"\\set i random(0, 99999)\n{query}\n")
                        command = [pgbench, "-n", "-M", mode, "-f", script, "-T", str(seconds), "-c", str(clients), "-j", "1"]
                        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                        assert "number of failed transactions: 0 " in printed, printed
                        latency[name].append(float(printed.split("latency average = ")[1].split()[0]))
                stored, scored = (statistics.median(latency[name]) for name in ("stored", "scored"))
                print(f"    {mode}, {clients} clients: {scored:.3f}, of a stored number {stored:.3f}: {scored / stored:.2f} x", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--only", default="memory,statement,point")
    arguments.add_argument("--shapes", default="100x31,500x63")
    arguments.add_argument("--seconds", type=int, default=3)
    arguments = arguments.parse_args()
    shapes = [tuple(map(int, shape.split("x"))) for shape in arguments.shapes.split(",")]
    only = arguments.only.split(",")
    if "memory" in only:
        for trees, leaves in shapes:
            memory(arguments.rows, trees, leaves)
    if "statement" in only or "point" in only:
        import psycopg
        # A prepared plan would outlive the settings that are compared.
        db = psycopg.connect(autocommit=True, prepare_threshold=None)
        models(db, arguments.rows, shapes)
        if "statement" in only:
            statement(db, arguments.rows, shapes)
        if "point" in only:
            point(shapes, arguments.seconds)
        db.execute("DROP SCHEMA scoring CASCADE")


if __name__ == "__main__":
    main()
