"""Trees of XGBoost in the text of LightGBM, which the engine reads: the same splits, leaves and weights of branches."""

import json

import numpy as np


def lightgbm_text(booster):
    """The text of a booster of numbers with one output; the margin at the base is left out, which no contribution depends on."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    width = int(learner["learner_model_param"]["num_feature"])
    names = " ".join(f"f{i}" for i in range(width))
    parts = [f"tree\nversion=v4\nnum_tree_per_iteration=1\nobjective=regression\nfeature_names={names}\n"]
    for number, tree in enumerate(trees):
        left, right = tree["left_children"], tree["right_children"]
        number_of = {"split": {}, "leaf": {}}
        for node in range(len(left)):
            kind = number_of["split" if left[node] >= 0 else "leaf"]
            kind[node] = len(kind)
        splits, leaves = list(number_of["split"]), list(number_of["leaf"])
        place = {**number_of["split"], **{node: -1 - i for node, i in number_of["leaf"].items()}}
        condition = np.array(tree["split_conditions"], np.float32)
        # XGBoost goes left below a threshold in single precision; LightGBM goes left up to it.
        below = np.nextafter(condition, np.float32(-np.inf)).astype(float)
        lists = {
            "split_feature": [tree["split_indices"][n] for n in splits],
            "split_gain": [repr(float(tree["loss_changes"][n])) for n in splits],
            "threshold": [repr(float(below[n])) for n in splits],
            "decision_type": [8 + 2 * int(tree["default_left"][n]) for n in splits],
            "left_child": [place[left[n]] for n in splits],
            "right_child": [place[right[n]] for n in splits],
            "leaf_value": [repr(float(condition[n])) for n in leaves],
            "leaf_count": [repr(float(np.float32(tree["sum_hessian"][n]))) for n in leaves],
            "internal_count": [repr(float(np.float32(tree["sum_hessian"][n]))) for n in splits],
        }
        lines = [f"{key}={' '.join(map(str, values))}" for key, values in lists.items()]
        parts.append("\n".join([f"Tree={number}", f"num_leaves={len(leaves)}", *lines, "", ""]))
    return "\n".join(parts) + "\nend of trees\n"
