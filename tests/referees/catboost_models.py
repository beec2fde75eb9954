"""Small models of CatBoost 1.2 as JSON, with what CatBoost says of rows, a line each, for engine/tests/referee_catboost.rs.

python -m venv venv && venv/bin/pip install catboost==1.2.10 pandas==3.1.1
venv/bin/python tests/referees/catboost_models.py > engine/tests/fixtures/catboost.jsonl
"""

import json
import os
import tempfile

import numpy as np
import pandas as pd
from catboost import CatBoost, Pool

rng = np.random.default_rng(5)
ROWS, PROBES = 400, 25


def frame(count):
    """Numbers, one with missing values, and categories, of which one is of whole numbers."""
    x = pd.DataFrame({
        "a": np.round(rng.normal(size=count), 3), "b": np.where(rng.random(count) < 0.2, np.nan, np.round(rng.normal(size=count), 2)),
        "c": rng.choice(["red", "green", "blue", "", "nan"], count), "k": rng.integers(1, 5, count), "m": rng.choice(list("abcdefghijklmnop"), count),
    })
    return x


train, probe = frame(ROWS), frame(PROBES)
probe.loc[:2, "m"] = "never seen"
probe.loc[3:4, "a"] = [np.float64(np.float32(0.1)), 1e300]
number = train["a"] + train["b"].fillna(1) + (train["c"] == "red") * 2 + train["k"] / 2 + train["m"].isin(list("aeiou")) + rng.normal(0, 0.2, ROWS)
two = (number > 1.5).astype(int)
three = np.digitize(number, [1, 2.5])
count = np.floor(np.exp(number / 3)).clip(0, 30)
CATEGORIES = ["c", "k", "m"]
HOT, STATISTICS = {"one_hot_max_size": 30}, {"max_ctr_complexity": 1}


def emit(name, y, columns=tuple(train.columns), kind=None, group=None, pool=True, **options):
    columns = list(columns)
    own = [c for c in CATEGORIES if c in columns]
    data = Pool(train[columns], y, cat_features=own, group_id=group)
    model = CatBoost({"iterations": 5, "depth": 3, "random_seed": 0, "verbose": 0, "thread_count": 1, "allow_writing_files": False, **options}).fit(data)
    path = os.path.join(tempfile.mkdtemp(), "model.json")
    model.save_model(path, format="json", pool=data if pool else None)
    text = json.load(open(path))
    # What is not read would only make the fixture longer.
    text["model_info"] = {key: text["model_info"][key] for key in ("params", "class_params") if key in text["model_info"]}
    text["model_info"]["params"] = {"loss_function": text["model_info"]["params"]["loss_function"]}
    answer = np.asarray(model.predict(probe[columns], prediction_type=kind or "RawFormulaVal"), dtype=float)
    if kind == "Probability" and answer.ndim == 2 and answer.shape[1] == 2:
        answer = answer[:, 1]
    rows = [[None if v is None or v != v else v if isinstance(v, float) else str(v) for v in row] for row in probe[columns].astype(object).to_numpy().tolist()]
    print(json.dumps({"name": name, "model": json.dumps(text, separators=(",", ":")), "rows": rows, "predictions": answer.reshape(len(rows), -1).tolist()}))


emit("two one-hot", two, kind="Probability", loss_function="Logloss", **HOT)
emit("two statistics", two, kind="Probability", loss_function="Logloss", **STATISTICS)
emit("texts", np.where(two, "yes", "no"), kind="Probability", loss_function="Logloss", **HOT)
emit("truth", two == 1, ("a", "b"), kind="Probability", loss_function="Logloss", nan_mode="Max")
emit("shares", two * 0.5 + 0.25, ("a", "b"), kind="Probability", loss_function="CrossEntropy")
emit("two as many", two, kind="Probability", loss_function="MultiClass", **HOT)
emit("three one-hot", three, kind="Probability", loss_function="MultiClass", **HOT)
emit("three statistics", three, kind="Probability", loss_function="MultiClass", **STATISTICS)
emit("three lossguide", three, kind="Probability", loss_function="MultiClass", grow_policy="Lossguide", **HOT)
emit("number one-hot", number, loss_function="RMSE", **HOT)
emit("number statistics", number, loss_function="RMSE", **STATISTICS)
for statistic in ("Buckets", "BinarizedTargetMeanValue", "Counter"):
    emit(f"number {statistic}", number, loss_function="RMSE", simple_ctr=[f"{statistic}:Prior=0.5"], **STATISTICS)
emit("number depthwise", number, loss_function="RMSE", grow_policy="Depthwise", **HOT)
emit("number without texts", number, ("a", "b"), pool=False, loss_function="MAE")
emit("counts", count, kind="Exponent", loss_function="Poisson", **HOT)
emit("tweedie", count, ("a", "b"), kind="Exponent", loss_function="Tweedie:variance_power=1.5")
emit("ranks", number, ("a", "b"), group=np.arange(ROWS) // 20, loss_function="QueryRMSE")
emit("refused: combinations", two, loss_function="Logloss", iterations=20, max_ctr_complexity=3)
emit("refused: no texts", number, pool=False, loss_function="RMSE", **HOT)
emit("refused: several targets", np.c_[number, number], ("a", "b"), loss_function="MultiRMSE")
