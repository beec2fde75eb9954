use serde_json::json;

use super::*;
use crate::model::InputKind;
use crate::score::link::logistic;
use crate::score::Scorer;

const TEXT: &str = "tree\nversion=v4\nnum_tree_per_iteration=1\nobjective=binary sigmoid:2\nfeature_names=a b\ntree_sizes=1 1\n\nTree=0\n\
    num_leaves=3\nsplit_feature=1 0\nsplit_gain=4 2\nthreshold=0.5 -1\ndecision_type=10 0\nleft_child=1 -1\nright_child=-3 -2\n\
    leaf_value=0.25 -0.5 1\n\n\nTree=1\nnum_leaves=1\nleaf_value=0.125\n\nend of trees\n\nparameters:\n";

/// A split of 70 codes (0, 33 and 69 go left), and one of an order.
const CATEGORIES: &str = "tree\nversion=v4\nnum_tree_per_iteration=1\nobjective=regression\nfeature_names=c o n\n\
    feature_infos=0:33:69 [0:2] [0:9]\n\nTree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\nsplit_gain=4 2\nthreshold=0 0.5\n\
    decision_type=1 2\nleft_child=1 -1\nright_child=-3 -2\nleaf_value=1 2 4\ncat_boundaries=0 3\ncat_threshold=1 2 32\n\nend of trees\n";

fn read(text: &str, options: serde_json::Value) -> Result<Imported> {
    read_lightgbm(text, &ImportOptions::parse(&options)?, &Control::default())
}

fn scorer(text: &str, options: serde_json::Value) -> Scorer {
    Scorer::new(read(text, options).expect("a model").model)
}

fn answer(scorer: &Scorer, row: &[f64]) -> f64 {
    let mut out = [0.0];
    scorer.predict(row, &mut out);
    out[0]
}

#[test]
fn trees_answer_as_lightgbm_does() {
    let scorer = scorer(TEXT, json!({}));
    let p = |a, b| answer(&scorer, &[a, b]);
    assert_eq!(p(0.0, 1.0), logistic(2.0 + 0.25));
    assert_eq!(p(-1.0, 0.5), logistic(0.5 + 0.25));
    // A missing b goes left as the split says, a missing a is 0.
    assert_eq!(p(f64::NAN, f64::NAN), logistic(-1.0 + 0.25));
}

#[test]
fn what_is_no_model_is_an_error() {
    let end = TEXT.find("\nend of trees").expect("an end");
    for end in 0..end {
        assert!(read(&TEXT[..end], json!({})).is_err(), "{end}");
    }
    let wrongs = [
        ("split_feature=1 0", "split_feature=1 2"),
        ("left_child=1 -1", "left_child=0 -1"),
        ("left_child=1 -1", "left_child=7 -1"),
        ("left_child=1 -1", "left_child=1 -9"),
        ("left_child=1 -1", "left_child=1 -9223372036854775808"),
        ("decision_type=10 0", "decision_type=11 0"),
        ("decision_type=10 0", "decision_type=12 0"),
        ("binary sigmoid:2", "multiclass num_class:3"),
        ("binary sigmoid:2", "cross_entropy_lambda"),
        ("binary sigmoid:2", "regression sqrt"),
        ("1\nobjective=binary sigmoid:2", "4000000000\nobjective=multiclass num_class:4000000000"),
        ("1\nobjective=binary sigmoid:2", "0\nobjective=binary sigmoid:2"),
        ("version=v4", "version=v5"),
        ("tree_sizes=1 1", "tree_sizes=1 1 1"),
        ("threshold=0.5 -1", "threshold=0.5 x"),
        ("threshold=0.5 -1", "threshold=0.5 nan"),
        ("threshold=0.5 -1", "is_linear=1\nthreshold=0.5 -1"),
        ("threshold=0.5 -1", "internal_count=9 8 7\nthreshold=0.5 -1"),
        ("threshold=0.5 -1", "leaf_count=3 2 -1\nthreshold=0.5 -1"),
    ];
    for (from, to) in wrongs {
        assert!(read(&TEXT.replace(from, to), json!({})).is_err(), "{to}");
    }
}

#[test]
fn codes_are_values_where_nothing_names_them() {
    let imported = read(CATEGORIES, json!({})).expect("a model");
    assert_eq!(imported.coded, [true, false, false]);
    let scorer = Scorer::new(imported.model);
    let p = |code: &str, o| answer(&scorer, &[scorer.category(0, code.as_bytes()), o, 0.0]);
    assert_eq!([p("0", 0.0), p("33", 0.0), p("69", 0.0), p("69", 1.0)], [1.0, 1.0, 1.0, 2.0]);
    // Those of other codes, of none and of no category go right.
    assert_eq!([p("1", 0.0), p("-1", 0.0), p("x", 0.0), answer(&scorer, &[f64::NAN, 0.0, 0.0])], [4.0; 4]);
}

#[test]
fn lists_of_pandas_name_codes_and_orders() {
    let many: Vec<String> = (0..70).rev().map(|i| format!("v{i}")).collect();
    let text = |lists: serde_json::Value| format!("{CATEGORIES}\n\npandas_categorical:{lists}\n");
    let scorer = scorer(&text(json!([many, ["lo", "mid", "hi"]])), json!({}));
    assert_eq!(scorer.model().inputs[1].kind, InputKind::Category);
    let cell = |feature, text: &str| scorer.category(feature, text.as_bytes());
    let p = |c: &str, o: &str| answer(&scorer, &[cell(0, c), cell(1, o), 0.0]);
    // Codes 0, 33 and 69 are v69, v36 and v0.
    assert_eq!([p("v69", "lo"), p("v36", "hi"), p("v0", "mid"), p("v1", "lo")], [1.0, 2.0, 2.0, 4.0]);
    // A value outside of an order is missing, and goes left by the split's default.
    assert_eq!(p("v0", "never seen"), 1.0);
    // Of twelve, of which not all were there, either o or n could be the order.
    let twelve: Vec<String> = (0..12).map(|i| i.to_string()).collect();
    let two = text(json!([many, twelve]));
    assert!(read(&two, json!({})).is_err());
    assert!(read(&two, json!({"categories": {"c": many, "o": twelve}})).is_ok());
    assert!(read(CATEGORIES, json!({"categories": {"c": ["only one"]}})).is_err());
    assert!(read(&text(json!([["a", "a"]])), json!({})).is_err());
}

#[test]
fn zeros_may_be_missing() {
    // Zero is missing for b, and a zero goes right where a missing value does.
    let model = read(&TEXT.replace("decision_type=10 0", "decision_type=4 0"), json!({})).expect("a model").model;
    let cleaning = model.cleaning.as_ref().expect("a cleaning");
    assert_eq!(cleaning.program.ops, [Op::Number { from: 1, op: NumberOp::NullIf(vec![0.0]) }]);
    assert!(read(&TEXT.replace("split_feature=1 0", "split_feature=1 1").replace("type=10 0", "type=10 4"), json!({}))
        .is_err());
}

#[test]
fn every_output_has_its_trees() {
    let three = "num_tree_per_iteration=3\nobjective=multiclassova num_class:3 sigmoid:2\nfeature_names=a b\n\nTree=0";
    let text = TEXT.replace(
        "num_tree_per_iteration=1\nobjective=binary sigmoid:2\nfeature_names=a b\ntree_sizes=1 1\n\nTree=0",
        three,
    );
    let text = text.replace("\nend of trees", "\n\nTree=2\nnum_leaves=1\nleaf_value=-1\n\nend of trees");
    let scorer = scorer(&text, json!({"classes": ["x", "y", "z"]}));
    assert_eq!(scorer.model().classes(), ["x", "y", "z"]);
    let mut out = [0.0; 3];
    scorer.predict(&[0.0, 1.0], &mut out);
    assert_eq!(out, [logistic(2.0), logistic(0.25), logistic(-2.0)]);
}
