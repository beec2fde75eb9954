"""Small models of scikit-learn 1.6 as skl2onnx writes them in ONNX, and one of LightGBM by onnxmltools, with what the libraries say of rows,
a line each, for engine/tests/referee_onnx.rs.

python -m venv venv && venv/bin/pip install scikit-learn==1.6.1 "numpy<2.2" skl2onnx==1.18.0 onnx==1.17.0 "protobuf<5" onnxruntime==1.32.0 \\
    pandas==3.1.1 lightgbm==4.7.0 onnxmltools==1.13.0 "setuptools<81"
venv/bin/python tests/referees/sklearn_models.py > engine/tests/fixtures/onnx.jsonl
"""

import base64
import json
import warnings

import lightgbm
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import pandas as pd
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor,
                              HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.simplefilter("ignore")
rng = np.random.default_rng(3)
ROWS, PROBES = 300, 25


def frame(count):
    """Numbers, whole numbers and texts."""
    return pd.DataFrame({
        "a": np.round(rng.normal(size=count), 2), "b": np.round(rng.normal(size=count) * 100, 1), "n": rng.integers(0, 5, count).astype(float),
        "c": rng.choice(["red", "green", "blue", "", "nan"], count), "d": rng.choice(["x", "y"], count),
    })


train, probe = frame(ROWS), frame(PROBES)
number = train["a"] + train["b"] / 100 + (train["c"] == "red") * 2 - (train["n"] == 2) + (train["d"] == "x") * train["a"] + rng.normal(0, 0.2, ROWS)
two = np.where(number > 0, "yes", "no")
three = np.digitize(number, [-0.5, 1.0]) + 5
truth = number > 0.5
gaps = train.copy()
gaps.loc[rng.random(ROWS) < 0.3, "a"] = np.nan
gaps.loc[rng.random(ROWS) < 0.2, "b"] = np.nan
probe_gaps = probe.copy()
probe_gaps.loc[::3, "a"] = np.nan
probe_gaps.loc[::4, "b"] = np.nan
NUMBERS, TEXTS = ["a", "b", "n"], ["c", "d"]


def cell(v):
    """As JSON has it; None is missing."""
    if isinstance(v, float) and not np.isfinite(v):
        return None if np.isnan(v) else str(v)
    return v


def emit(name, model, rows, predictions, **more):
    """`rows` as the graph takes them, `predictions` of the positive class, of each class or of the number."""
    predictions = np.asarray(predictions, dtype=float)
    if predictions.ndim == 2 and predictions.shape[1] == 2:
        predictions = predictions[:, 1]
    print(json.dumps({
        "name": name, "model": base64.b64encode(model.SerializeToString()).decode(), "predictions": predictions.reshape(len(rows), -1).tolist(),
        "rows": [[cell(v) for v in row] for row in rows.astype(object).to_numpy().tolist()], **more,
    }))


def say(model, rows):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def learners(short):
    few = {"n_estimators": 4, "max_depth": 3, "random_state": 0}
    tree, hist = {"max_depth": 4, "random_state": 0}, {"max_iter": 4, "max_leaf_nodes": 7, "random_state": 0}
    return [
        ("tree", DecisionTreeClassifier(**tree), DecisionTreeRegressor(**tree)), ("forest", RandomForestClassifier(**few), RandomForestRegressor(**few)),
        ("extra", ExtraTreesClassifier(**few), ExtraTreesRegressor(**few)), ("gbm", GradientBoostingClassifier(**few), GradientBoostingRegressor(**few)),
        ("hist", HistGradientBoostingClassifier(**hist), HistGradientBoostingRegressor(**hist)),
    ][:short]


# Each learner on a matrix of numbers, in float and in double.
for kind, tensor, width in (("float", FloatTensorType, np.float32), ("double", DoubleTensorType, np.float64)):
    for name, classifier, regressor in learners(5):
        missing = name == "hist"
        x, rows = (gaps, probe_gaps) if missing else (train, probe)
        for task, model, y in (("two", classifier, two), ("three", classifier, three), ("number", regressor, number)):
            model.fit(x[NUMBERS].to_numpy(width), y)
            graph = convert_sklearn(model, initial_types=[("x", tensor([None, 3]))])
            emit(f"{name} {task} {kind}", graph, rows[NUMBERS], say(model, rows[NUMBERS].to_numpy(width)), float=kind == "float")

# Pipelines of columns with names.
types = [(c, FloatTensorType([None, 1])) for c in NUMBERS] + [(c, StringTensorType([None, 1])) for c in TEXTS]
encoders = {"one_hot": OneHotEncoder(handle_unknown="ignore"), "dropped": OneHotEncoder(drop="first"),
            "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)}
for name, encoder in encoders.items():
    steps = Pipeline([("i", SimpleImputer()), ("s", StandardScaler())])
    model = Pipeline([("c", ColumnTransformer([("n", steps, NUMBERS), ("t", encoder, TEXTS)])), ("m", RandomForestClassifier(5, max_depth=4, random_state=0))])
    x, rows = gaps.copy(), probe_gaps.copy()
    x[NUMBERS], rows[NUMBERS] = x[NUMBERS].astype(np.float32), rows[NUMBERS].astype(np.float32)
    if name != "dropped":
        rows.loc[:2, "c"] = "never seen"
    model.fit(x, two)
    graph = convert_sklearn(model, initial_types=types, options={id(model): {"zipmap": name == "one_hot"}})
    emit(f"pipeline {name}", graph, rows, say(model, rows), float=True)
for name, scaler in (("minmax", MinMaxScaler()), ("robust", RobustScaler()), ("maxabs", MaxAbsScaler()), ("binarizer", Binarizer(threshold=0.1)),
                     ("select", SelectKBest(k=2))):
    model = make_pipeline(scaler, DecisionTreeClassifier(max_depth=4, random_state=0))
    model.fit(train[NUMBERS].to_numpy(np.float32), truth)
    graph = convert_sklearn(model, initial_types=[("x", FloatTensorType([None, 3]))])
    emit(f"scaler {name}", graph, probe[NUMBERS], say(model, probe[NUMBERS].to_numpy(np.float32)), float=True)
whole = train[["n"]].astype(np.int64)
model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), DecisionTreeRegressor(max_depth=4, random_state=0)).fit(whole, number)
rows = pd.DataFrame({"n": [-1, 0, 1, 2, 3, 4, 5]})
emit("whole numbers one_hot", convert_sklearn(model, initial_types=[("n", Int64TensorType([None, 1]))]), rows, say(model, rows))

# A chain of equalities whose branches meet again.
codes = train[["n", "a"]].to_numpy()
met = (np.isin(codes[:, 0], [1, 3]) ^ (codes[:, 1] > 0.3)).astype(int)
model = lightgbm.LGBMClassifier(n_estimators=2, num_leaves=6, min_child_samples=5, verbose=-1, max_cat_to_onehot=1, min_data_per_group=1, cat_smooth=0, cat_l2=0, learning_rate=0.5)
model.fit(codes, met, categorical_feature=[0])
graph = onnxmltools.convert_lightgbm(model, initial_types=[("x", onnxmltools.convert.common.data_types.FloatTensorType([None, 2]))], zipmap=False)
assert b"BRANCH_EQ" in graph.SerializeToString()
emit("equalities", graph, probe[["n", "a"]], say(model, probe[["n", "a"]].to_numpy()), float=True)


# Every mode, with missing values both ways, in float and double, summed and averaged, as onnxruntime answers.
def graph_of(modes, kind, aggregate):
    tensor, suffix = (TensorProto.FLOAT, "") if kind == "float" else (TensorProto.DOUBLE, "_as_tensor")
    number = (lambda name, values: (name, values)) if kind == "float" else (
        lambda name, values: (name + suffix, helper.make_tensor("", TensorProto.DOUBLE, [len(values)], values)))
    nodes, leaves = {key: [] for key in "tree node mode feature value yes no missing".split()}, {key: [] for key in "tree node id weight".split()}
    for tree, mode in enumerate(modes):
        for node in range(7):
            inner = node < 3
            for key, value in zip(nodes, (tree, node, f"BRANCH_{mode}" if inner else "LEAF", (tree + node) % 2, float(rng.choice([0.1, -0.3, 1.0])) if inner else 0.0,
                                          2 * node + 1 if inner else 0, 2 * node + 2 if inner else 0, int(inner and (tree + node) % 3 == 0))):
                nodes[key].append(value)
            if not inner:
                for key, value in zip(leaves, (tree, node, 0, float(rng.integers(1, 100)))):
                    leaves[key].append(value)
    attributes = dict([("nodes_treeids", nodes["tree"]), ("nodes_nodeids", nodes["node"]), ("nodes_modes", nodes["mode"]), ("nodes_featureids", nodes["feature"]),
                       number("nodes_values", nodes["value"]), ("nodes_truenodeids", nodes["yes"]), ("nodes_falsenodeids", nodes["no"]),
                       ("nodes_missing_value_tracks_true", nodes["missing"]), ("target_treeids", leaves["tree"]), ("target_nodeids", leaves["node"]),
                       ("target_ids", leaves["id"]), number("target_weights", leaves["weight"]), number("base_values", [0.5]), ("n_targets", 1),
                       ("aggregate_function", aggregate)])
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", tensor, [None, 2])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)])


special = [0.1, np.float64(np.float32(0.1)), -0.3, np.float64(np.float32(-0.3)), 1.0, 1.0 + 2.0**-25, 1.0 + 2.0**-24, 0.10000000149, np.nan, np.inf, -np.inf, 1e300, 5.0]
rows = pd.DataFrame([[a, b] for a in special for b in special[::3]], columns=["u", "v"])
for kind, width in (("float", np.float32), ("double", np.float64)):
    for modes in (["LEQ", "LT", "GTE"], ["GT", "EQ", "NEQ"]):
        for aggregate in ("SUM", "AVERAGE"):
            graph = graph_of(modes, kind, aggregate)
            answer = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": rows.to_numpy(width)})[0]
            emit(f"modes {' '.join(modes)} {kind} {aggregate}", graph, rows, answer)
