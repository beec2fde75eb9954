"""Rows, and small models of LightGBM 4.7 and XGBoost 1.7, 3.0 and 3.2 with what they say of them, a line each, for engine/tests/referee_import.rs.

python -m venv venv && venv/bin/pip install lightgbm==4.7.0 xgboost-cpu==3.2.0 pandas==3.1.1 scikit-learn==1.9.1
venv/bin/pip install --no-deps --target old/17 xgboost==1.7.6 && venv/bin/pip install --no-deps --target old/30 xgboost-cpu==3.0.5
venv/bin/python tests/referees/imports.py rows lightgbm xgboost > engine/tests/fixtures/imports.jsonl
for old in 17 30; do PYTHONPATH=old/$old venv/bin/python tests/referees/imports.py xgboost >> engine/tests/fixtures/imports.jsonl; done
"""

import base64
import json
import sys
import warnings

import numpy as np
import pandas as pd

np.NaN = np.nan  # of which XGBoost 1.7 makes use
warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
ROWS, PROBES = 400, 30


def rows(count):
    """A number, one with missing values and zeros, whole numbers, categories with missing values, an order, and truth values."""
    frame = pd.DataFrame({
        "a": np.round(rng.normal(size=count), 3),
        "b": np.where(rng.random(count) < 0.2, np.nan, np.where(rng.random(count) < 0.3, 0.0, np.round(rng.normal(size=count), 2))),
        "n": rng.integers(0, 9, count),
        "c": pd.Categorical(rng.choice(["ab", "b", "", "Zz", "10", "9", "q\"x"], count)),
        "k": pd.Categorical(rng.choice([10, 2, 33, 7, 100, 5], count)),
        "o": pd.Categorical(rng.choice(["lo", "mid", "hi"], count), categories=["lo", "mid", "hi"], ordered=True),
        "t": rng.random(count) < 0.5,
    })
    frame.loc[rng.random(count) < 0.1, "c"] = np.nan
    return frame


def value(v):
    """As JSON has it; None is missing."""
    if pd.isna(v):
        return None
    return v.item() if isinstance(v, np.generic) else v


train, probe = rows(ROWS), rows(PROBES)
effect = train["c"].astype(object).map({"ab": 1.5, "b": -1, "Zz": 0.5, "10": 1}).fillna(0) + train["k"].astype(object).isin([2, 33]) * 0.7
number = (train["a"] + effect + train["b"].fillna(-0.5) ** 2 + 0.3 * train["n"] * train["t"] + (train["o"] == "hi")
          + rng.normal(0, 0.3, ROWS)).astype(float).to_numpy()
two = (number > np.median(number)).astype(int)
three = np.digitize(number, np.quantile(number, [0.4, 0.8]))
count = np.floor(np.exp(number / 4)).clip(0, 40)
share = 1 / (1 + np.exp(-(number - number.mean())))
above = np.exp(number / 3)
group = np.full(ROWS // 20, 20)


def cells():
    lines = [[value(v) for v in row] for row in probe.itertuples(index=False)]
    print(json.dumps({"columns": list(probe.columns), "rows": lines}))


def write(name, library, answer, columns, **model):
    answer = np.asarray(answer, dtype=float).reshape(PROBES, -1)
    print(json.dumps({"name": name, "library": library, "columns": columns, "answer": answer.tolist(), **model}))


def without_parameters(text):
    """Of the parameters of a text those alone that tell what the columns are."""
    head, tail = text.split("\nend of trees\n")
    kept = [line for line in tail.splitlines() if line.startswith(("[categorical_feature", "pandas_categorical"))]
    return "\n".join([head, "end of trees", "", "parameters:", *kept, ""])


def lightgbm():
    import lightgbm as lgb
    columns = list(train.columns)
    plain = ["a", "b", "n"]
    small = {"num_leaves": 7, "min_data_in_leaf": 8, "min_data_per_group": 5, "cat_smooth": 1, "verbose": -1, "num_threads": 1, "seed": 1}

    def case(name, y, columns=columns, rounds=3, group=None, categories="auto", fit=lambda x: x, options=None, **params):
        x = fit(train[columns])
        data = lgb.Dataset(x, y, group=group, categorical_feature=categories, params={**small, **params})
        booster = lgb.train({**small, **params}, data, rounds)
        write(name, f"lightgbm {lgb.__version__}", booster.predict(fit(probe[columns])), columns, text=without_parameters(booster.model_to_string()),
              options=options or {})

    case("binary", two, objective="binary")
    case("binary with a slope", two, objective="binary", sigmoid=0.7)
    case("multiclass", three, objective="multiclass", num_class=3)
    case("multiclassova", three, objective="multiclassova", num_class=3, sigmoid=1.5)
    case("regression", number, objective="regression")
    case("absolute error", number, objective="regression_l1")
    case("poisson", count, objective="poisson")
    case("gamma", above, objective="gamma")
    case("tweedie", count, objective="tweedie")
    case("cross entropy", share, objective="cross_entropy")
    case("lambdarank", three, objective="lambdarank", group=group)
    case("zero as missing", number, objective="regression", zero_as_missing=True)
    case("zero as missing of numbers", two, columns=plain, objective="binary", zero_as_missing=True)
    case("no missing", number, columns=plain, objective="regression", use_missing=False)
    case("random forest", two, objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    case("random forest of classes", three, objective="multiclass", num_class=3, boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    case("dart", number, objective="regression", boosting="dart", drop_rate=0.5)
    case("one-hot", number, objective="regression", max_cat_to_onehot=100)
    # Codes without a data frame.
    codes = lambda x: np.column_stack([x["a"], x["k"].cat.codes, x["n"]]).astype(float)
    case("codes", number, columns=["a", "k", "n"], fit=codes, categories=[1, 2], objective="regression",
         options={"feature_names": ["a", "k", "n"], "categories": {"k": [2, 5, 7, 10, 33, 100]}})


def xgboost():
    import xgboost as xgb
    columns = list(train.columns)
    small = {"max_depth": 3, "min_child_weight": 2, "nthread": 1, "seed": 1, "tree_method": "hist", "max_cat_to_onehot": 3}
    old = int(xgb.__version__.split(".")[0]) < 3 or xgb.__version__.startswith("3.0")
    categories = {c: train[c].cat.categories.tolist() for c in "cko"} if old else {}

    def case(name, y, columns=columns, rounds=3, group=None, form="json", **params):
        if old and name not in ("binary:logistic", "multi:softprob", "dart", "reg:squarederror in UBJSON", "reg:gamma"):
            return
        data = xgb.DMatrix(train[columns], y, enable_categorical=True)
        if group is not None:
            data.set_group(group)
        booster = xgb.train({**small, **params}, data, rounds)
        named = {c: v for c, v in categories.items() if c in columns}
        raw = bytes(booster.save_raw(form))
        model = {"text": raw.decode()} if form == "json" else {"base64": base64.b64encode(raw).decode()}
        answer = booster.predict(xgb.DMatrix(probe[columns], enable_categorical=True))
        write(name, f"xgboost {xgb.__version__}", answer, columns, options={"categories": named} if named else {}, **model)

    case("binary:logistic", two, objective="binary:logistic")
    case("multi:softprob", three, objective="multi:softprob", num_class=3)
    case("reg:squarederror", number, objective="reg:squarederror")
    case("reg:squarederror in UBJSON", number, form="ubj", objective="reg:squarederror")
    case("multi:softprob in UBJSON", three, form="ubj", objective="multi:softprob", num_class=3)
    case("parallel trees", three, rounds=3, objective="multi:softprob", num_class=3, num_parallel_tree=2, subsample=0.6)
    case("dart", number, objective="reg:squarederror", booster="dart", rate_drop=0.5)
    case("count:poisson", count, objective="count:poisson")
    case("reg:gamma", above, objective="reg:gamma", base_score=2.5)
    case("reg:tweedie", count, objective="reg:tweedie")
    case("reg:logistic", share, objective="reg:logistic", base_score=0.3)
    case("reg:absoluteerror", number, objective="reg:absoluteerror")
    case("binary:logitraw", two, objective="binary:logitraw", base_score=0.3)
    case("survival:cox", above, objective="survival:cox")
    case("rank:pairwise", three, objective="rank:pairwise", group=group)
    case("exact", number, columns=["a", "b", "n", "t"], objective="reg:squarederror", tree_method="exact")


for part in sys.argv[1:]:
    {"rows": cells, "lightgbm": lightgbm, "xgboost": xgboost}[part]()
