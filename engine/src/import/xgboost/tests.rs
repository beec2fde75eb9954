use serde_json::json;

use super::*;
use crate::score::Scorer;

/// A split of a number, whose left child is one of categories, and a tree of one leaf.
fn document() -> serde_json::Value {
    json!({"learner": {"attributes": {}, "feature_names": ["a", "c"], "feature_types": ["float", "c"], "gradient_booster": {"name": "gbtree", "model": {
        "tree_info": [0, 0], "iteration_indptr": [0, 1, 2], "trees": [
        {"left_children": [1, 3, -1, -1, -1], "right_children": [2, 4, -1, -1, -1], "split_indices": [0, 1, 0, 0, 0], "split_type": [0, 1, 0, 0, 0],
         "split_conditions": [0.5, 0, 1, 2, 4], "default_left": [1, false, 0, 0, 0], "categories": [0, 2], "categories_nodes": [1],
         "categories_segments": [0], "categories_sizes": [2], "tree_param": {"size_leaf_vector": "0"}},
        {"left_children": [-1], "right_children": [-1], "split_indices": [0], "split_conditions": [8], "default_left": [0]}]}},
        "learner_model_param": {"base_score": "1.6E1", "num_class": "0", "num_feature": "2"}, "objective": {"name": "reg:squarederror"}}})
}

fn read(document: &serde_json::Value, options: serde_json::Value) -> Result<Imported> {
    read_xgboost(document.to_string().as_bytes(), &ImportOptions::parse(&options)?, &Control::default())
}

fn answers(imported: Imported, rows: &[(f64, &str)]) -> Vec<f64> {
    let scorer = Scorer::new(imported.model);
    let mut out = [0.0];
    rows.iter()
        .map(|(a, c)| {
            scorer.predict(&[*a, scorer.category(1, c.as_bytes())], &mut out);
            out[0]
        })
        .collect()
}

#[test]
fn trees_answer_as_xgboost_does() {
    let imported = read(&document(), json!({})).expect("a model");
    assert_eq!(imported.coded, [false, true]);
    // Listed categories go right, all others left; what is not below goes right.
    let rows = [(0.0, "1"), (0.0, "0"), (0.0, "2"), (0.0, "7"), (f64::NAN, "x"), (0.5, "1")];
    assert_eq!(answers(imported, &rows), [26.0, 28.0, 28.0, 26.0, 26.0, 25.0]);
    let named = read(&document(), json!({"categories": {"c": ["z", "y", "x"]}})).expect("a model");
    assert_eq!(named.coded, [false, false]);
    assert_eq!(answers(named, &[(0.0, "z"), (0.0, "y"), (0.0, "x"), (0.0, "w")]), [28.0, 26.0, 28.0, 26.0]);
}

#[test]
fn trees_behind_the_best_iteration_are_left_out() {
    let mut best = document();
    best["learner"]["attributes"]["best_iteration"] = json!("0");
    let imported = read(&best, json!({})).expect("a model");
    assert_eq!(imported.notices.len(), 1);
    assert_eq!(answers(imported, &[(1.0, "1")]), [17.0]);
    assert_eq!(answers(read(&best, json!({"best_iteration": false})).expect("a model"), &[(1.0, "1")]), [25.0]);
}

#[test]
fn what_is_no_number_is_not_asked_for() {
    // XGBoost 1 writes it as the condition of categories.
    let text =
        document().to_string().replacen("[0.5,0,1,2,4]", "[0.5,NaN,1,2,4]", 1).replace("\"a\"", "\"NaN \\\"NaN\"");
    assert!(text.contains(",NaN,"));
    let imported = read_xgboost(text.as_bytes(), &ImportOptions::default(), &Control::default()).expect("a model");
    assert_eq!(imported.model.inputs[0].name, "NaN \"NaN");
    let text = document().to_string().replacen("[0.5,0,", "[NaN,0,", 1);
    assert!(read_xgboost(text.as_bytes(), &ImportOptions::default(), &Control::default()).is_err());
}

#[test]
fn what_does_not_hold_together_is_an_error() {
    let wrongs = [
        ("/learner/gradient_booster/name", json!("gblinear")),
        ("/learner/gradient_booster/model/trees", json!([])),
        ("/learner/gradient_booster/model/tree_info", json!([0])),
        ("/learner/gradient_booster/model/tree_info/1", json!(1)),
        ("/learner/gradient_booster/model/trees/0/left_children/0", json!(9)),
        ("/learner/gradient_booster/model/trees/0/left_children/0", json!(0)),
        ("/learner/gradient_booster/model/trees/0/left_children/0", json!(-1)),
        ("/learner/gradient_booster/model/trees/0/right_children/0", json!(3)),
        ("/learner/gradient_booster/model/trees/0/split_indices/0", json!(2)),
        ("/learner/gradient_booster/model/trees/0/split_conditions", json!([1])),
        ("/learner/gradient_booster/model/trees/0/default_left/0", json!(2)),
        ("/learner/gradient_booster/model/trees/0/categories_nodes/0", json!(0)),
        ("/learner/gradient_booster/model/trees/0/categories_sizes/0", json!(3)),
        ("/learner/gradient_booster/model/trees/0/tree_param/size_leaf_vector", json!("2")),
        ("/learner/feature_names", json!(["a"])),
        ("/learner/learner_model_param/num_feature", json!("0")),
        ("/learner/learner_model_param/num_feature", json!("9999999999")),
        ("/learner/learner_model_param/base_score", json!("[1,2]")),
        ("/learner/learner_model_param/base_score", json!("nan")),
        ("/learner/objective/name", json!("multi:softprob")),
        ("/learner/learner_model_param/num_class", json!("4000000000")),
        ("/learner/objective/name", json!("binary:hinge")),
    ];
    for (at, value) in wrongs {
        let mut document = document();
        *document.pointer_mut(at).expect("a place") = value.clone();
        if at.ends_with("num_class") {
            document["learner"]["objective"]["name"] = json!("multi:softprob");
        }
        assert!(read(&document, json!({})).is_err(), "{at}: {value}");
    }
    assert!(read(&document(), json!({"classes": ["a", "b"]})).is_err());
    assert!(read(&document(), json!({"categories": {"c": ["only"]}})).is_err());
}

#[test]
fn categories_beyond_ascii_must_be_given() {
    let mut document = document();
    let texts =
        |bytes: &[u8]| json!({"enc": [{"offsets": [], "values": []}, {"offsets": [0, 1, 2, 3], "values": bytes}]});
    document["learner"]["gradient_booster"]["model"]["cats"] = texts(b"zyx");
    assert_eq!(answers(read(&document, json!({})).expect("a model"), &[(0.0, "z"), (0.0, "y")]), [28.0, 26.0]);
    document["learner"]["gradient_booster"]["model"]["cats"] = texts("\u{e9}x".as_bytes());
    assert!(read(&document, json!({})).is_err());
    assert!(read(&document, json!({"categories": {"c": ["\u{e9}", "x", "y"]}})).is_ok());
}
