"""Shapley values beside PyPI's shap: are they the same, and how long do they take on the very same trees?

python -m venv venv && venv/bin/pip install shap==0.51.0 lightgbm==4.7.0 xgboost==3.2.0
venv/bin/python benches/shap.py [--rows 10000] [--trees 100] [--shapes lightgbm:31,xgboost:6] [--background 100]

With a background, interventional values are compared with those of shap's C code (feature_perturbation="interventional"), whose weights are in single precision; one run of it, as it takes minutes.

"shap" is its own C code (path-dependent TreeExplainer, one thread); beside it stand the predictors of LightGBM and XGBoost, which shap calls for models of theirs
(XGBoost's answers in single precision). Times are the best of three in one run; errors are those of the largest value of a row.
"""

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
# In place of the directory of this file, which would be taken for the package of its name.
sys.path[0] = os.path.join(ROOT, "tests", "referees")

import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import shap  # noqa: E402
import xgboost  # noqa: E402
from xgboost_text import lightgbm_text  # noqa: E402


def table(rows, seed):
    """Twelve numbers, a tenth of one of them missing, in single precision, so that both libraries see the same."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 12)).astype(np.float32).astype(float)
    logit = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(x[:, 3] * 3) + x[:, 6] * x[:, 4]
    x[draw.random(rows) < 0.1, 5] = np.nan
    return x, (logit + draw.normal(size=rows) > 0).astype(int)


def best(run):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        answer = run()
        times.append(time.perf_counter() - start)
    return min(times), np.asarray(answer, float)


def error(found, expected):
    scale = np.abs(expected).max(axis=1, keepdims=True)
    return (np.abs(found - expected) / scale).max()


def write(path, x):
    with open(path, "wb") as file:
        file.write(struct.pack("<QQ", *x.shape) + np.ascontiguousarray(x).tobytes())


def orchard(text, x, threads, background=None):
    with tempfile.TemporaryDirectory() as directory:
        model, matrix, values = (f"{directory}/{name}" for name in ("model.txt", "matrix", "values"))
        with open(model, "w") as file:
            file.write(text)
        write(matrix, x)
        command = ["cargo", "bench", "-q", "-p", "orchard-engine", "--bench", "shap", "--", model, matrix, values, str(threads)]
        if background is not None:
            write(f"{directory}/background", background)
            command.append(f"{directory}/background")
        lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
        return [line.split() for line in lines], np.fromfile(values).reshape(x.shape)


def compare(name, explainer, text, peer, x):
    own = explainer.model.model_type
    # Else shap hands a model of LightGBM or XGBoost to its library.
    explainer.model.model_type = "internal"
    seconds, expected = best(lambda: explainer.shap_values(x, check_additivity=False))
    explainer.model.model_type = own
    print(f"{name}\n  shap {seconds:.3f} s")
    for threads in (1, 2):
        library, same = best(lambda: peer(threads))
        print(f"  {own}, {threads} threads {library:.3f} s, error against shap {error(same, expected):.1e}")
        lines, found = orchard(text, x, threads)
        for level, many, one in lines:
            many, one = float(many), float(one)
            print(f"  orchard, {threads} threads, {level}: {many:.3f} s ({seconds / many:.0f} times as fast as shap), row by row {one:.3f} s")
        print(f"  error against shap {error(found, expected):.1e}", flush=True)


def compare_interventional(name, model, text, x, background):
    explainer = shap.TreeExplainer(model, data=background, feature_perturbation="interventional")
    explainer.model.model_type = "internal"
    start = time.perf_counter()
    expected = np.asarray(explainer.shap_values(x, check_additivity=False), float)
    seconds = time.perf_counter() - start
    print(f"{name}, a background of {len(background)} rows\n  shap {seconds:.3f} s")
    for threads in (1, 2):
        lines, found = orchard(text, x, threads, background)
        for level, many, _ in lines:
            print(f"  orchard, {threads} threads, {level}: {float(many):.3f} s ({seconds / float(many):.0f} times as fast as shap)")
    print(f"  error against shap {error(found, expected):.1e}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--shapes", default="lightgbm:31,xgboost:6")
    parser.add_argument("--background", type=int, default=0)
    given = parser.parse_args()
    x, y = table(50_000, 0)
    rows = table(given.rows, 1)[0]
    for library, size in (shape.split(":") for shape in given.shapes.split(",")):
        if library == "lightgbm":
            params = {"objective": "binary", "num_leaves": int(size), "verbose": -1, "num_threads": 2}
            model = lightgbm.train(params, lightgbm.Dataset(x, y), given.trees)
            text, of = model.model_to_string(), "leaves"

            def peer(threads):
                return model.predict(rows, pred_contrib=True, num_threads=threads)[:, :-1]
        else:
            params = {"objective": "binary:logistic", "max_depth": int(size), "tree_method": "hist", "nthread": 2}
            model = xgboost.train(params, xgboost.DMatrix(x, y), given.trees)
            text, of = lightgbm_text(model), "levels"

            def peer(threads):
                model.set_param({"nthread": threads})
                return model.predict(xgboost.DMatrix(rows, nthread=threads), pred_contribs=True)[:, :-1]

        name = f"{library}, {given.trees} trees of {size} {of}"
        if given.background:
            compare_interventional(name, model, text, rows, x[: given.background])
        else:
            compare(name, shap.TreeExplainer(model), text, peer, rows)


main()
