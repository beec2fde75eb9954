//! The tree learner against scikit-learn's, where both must find the same tree: `tests/referees/trees.py` made the fixture.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::learn::bin::bin;
use orchard_engine::learn::tree::{fit, Criterion, TreeParams};
use orchard_engine::learn::Target;
use orchard_engine::model::{Trees, LEAF};
use orchard_engine::score::walk;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn grow(x: &Value, case: &Value) -> Trees {
    let control = Control::default();
    let given = &case["params"];
    let whole = |key: &str| given[key].as_u64();
    let params = TreeParams {
        criterion: match given["criterion"].as_str().unwrap() {
            "gini" => Criterion::Gini,
            "entropy" => Criterion::Entropy,
            "squared_error" => Criterion::SquaredError,
            other => panic!("criterion {other}"),
        },
        max_depth: whole("max_depth").unwrap_or(64) as u32,
        min_samples_leaf: whole("min_samples_leaf").unwrap(),
        min_samples_split: whole("min_samples_split").unwrap(),
        max_leaf_nodes: whole("max_leaf_nodes").map(|n| n as u32),
        ccp_alpha: given["ccp_alpha"].as_f64().unwrap(),
        ..TreeParams::default()
    };
    let y = numbers(&case["y"]);
    let rows: Vec<u32> = (0..y.len() as u32).collect();
    let column = |x: &Value| Column::from_numbers("x", &numbers(x), &control).unwrap();
    let features: Vec<_> = x.as_array().unwrap().iter().map(column).collect();
    let features: Vec<_> = features
        .into_iter()
        .map(|column| bin(&column, &rows, &[], &params.bin_params(), &control).unwrap().feature)
        .collect();
    let target = match params.criterion {
        Criterion::SquaredError => Target::Number(y),
        _ => {
            let codes: Vec<u32> = y.iter().map(|&c| c as u32).collect();
            let classes = *codes.iter().max().unwrap() as usize + 1;
            Target::Class { codes, classes }
        }
    };
    let weight = (!case["weight"].is_null()).then(|| numbers(&case["weight"]));
    fit(&features, &target, weight.as_deref(), &params, &control).unwrap()
}

#[test]
fn the_same_trees_as_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/trees.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let trees = grow(&fixture["x"], case);
        let inner = |n: &usize| trees.feature[*n] != LEAF;
        let mut thresholds: Vec<f64> = (0..trees.nodes()).filter(inner).map(|n| trees.threshold[n]).collect();
        thresholds.sort_unstable_by(f64::total_cmp);
        let expected = numbers(&case["thresholds"]);
        assert_eq!(thresholds.len(), expected.len(), "{name}: splits");
        assert_eq!(trees.nodes() - thresholds.len(), case["leaves"].as_u64().unwrap() as usize, "{name}: leaves");
        // scikit-learn keeps the rows, not the thresholds, in single precision.
        for (found, expected) in thresholds.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-7, "{name}: threshold {found}, not {expected}");
        }
        for (row, answer) in case["probe"].as_array().unwrap().iter().zip(case["answer"].as_array().unwrap()) {
            let answer = numbers(answer);
            let leaf = trees.leaf(walk::leaf(&trees, 0, &numbers(row)));
            let found: Vec<f64> = leaf.numbers(trees.outputs as usize).collect();
            // Of two classes the probability of the second is kept.
            let expected = if answer.len() == 2 { &answer[1..] } else { &answer[..] };
            assert_eq!(found.len(), expected.len());
            let near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12);
            assert!(near, "{name}: {found:?}, not {expected:?}");
        }
    }
}
