//! Shapley values against those of PyPI's shap on models of LightGBM and XGBoost: `tests/referees/shap_values.py` made the fixture.
#![allow(missing_docs)]

mod samples;
mod tables;

use orchard_engine::control::Control;
use orchard_engine::import::{read_lightgbm, ImportOptions};
use orchard_engine::judge::shap::Shap;
use orchard_engine::learn::options::Algorithm;
use orchard_engine::learn::train::train;
use orchard_engine::model::{Body, InputKind, Link, Task, Trees};
use orchard_engine::score::Scorer;
use serde_json::{json, Value};

fn rows(value: &Value) -> Vec<Vec<f64>> {
    let numbers = |row: &Value| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn the_same_values_as_shap() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/shap.json")).unwrap();
    let x = rows(&fixture["x"]);
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scorer = Scorer::new(
            read_lightgbm(case["model"].as_str().unwrap(), &ImportOptions::default(), &Control::default())
                .unwrap()
                .model,
        );
        compare(name, &scorer, &x, &case["values"]);
    }
    let x = rows(&fixture["own"]["x"]);
    for case in fixture["own"]["cases"].as_array().unwrap() {
        let trees: Trees = serde_json::from_value(case["trees"].clone()).unwrap();
        compare(case["name"].as_str().unwrap(), &Scorer::new(numeric(trees, x[0].len())), &x, &case["values"]);
    }
}

fn compare(name: &str, scorer: &Scorer, x: &[Vec<f64>], values: &Value) {
    let (control, features) = (Control::default(), x[0].len());
    let columns: Vec<Vec<f64>> = (0..features).map(|f| x.iter().map(|row| row[f]).collect()).collect();
    let cells: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let mut out = vec![f64::NAN; x.len() * features];
    Shap::new(scorer, &control).unwrap().explain(&cells, 0, &mut out, &control).unwrap();
    for (r, (found, expected)) in out.chunks(features).zip(rows(values)).enumerate() {
        let scale = expected.iter().fold(f64::MIN_POSITIVE, |most: f64, v| most.max(v.abs()));
        for (f, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let error = (found - expected).abs() / scale;
            assert!(error < 1e-12, "{name}, row {r}, feature {f}: {found}, not {expected}");
        }
    }
}

/// Trees over numbers as a model of their sum.
fn numeric(mut trees: Trees, features: usize) -> orchard_engine::model::Model {
    trees.link = Link::Identity;
    let features = (0..features).map(|f| samples::number(&format!("f{f}"))).collect();
    samples::model(features, Task::Regression, Body::Trees(trees))
}

/// Small models of our own over numbers, for the fixture.
#[test]
#[ignore = "prints what tests/referees/shap_values.py reads"]
fn print_own_models() {
    let control = Control::default();
    let models = [
        (
            "own boosting",
            Algorithm::GradientBoosting,
            json!({"n_estimators": 6, "max_leaf_nodes": 12, "calibration": "none"}),
        ),
        ("own forest", Algorithm::RandomForest, json!({"n_estimators": 4, "max_depth": 5, "calibration": "none"})),
        ("own tree", Algorithm::DecisionTree, json!({"max_depth": 5, "calibration": "none"})),
    ];
    let cases = models.map(|(name, algorithm, options)| {
        let mut request = tables::Clicks::new(1500).request(algorithm, &options, &control);
        request.inputs.retain(|input| input.kind == InputKind::Number);
        let outcome = train(request, &control).unwrap();
        json!({"name": name, "trees": outcome.scorer.model().body.as_trees().unwrap().0})
    });
    let mut random = tables::numbers(3);
    let mut draw = || random.next().unwrap();
    let row = |_| json!([if draw() < 0.2 { None } else { Some(draw()) }, (draw() * 24.0).floor()]);
    let x: Vec<Value> = (0..25).map(row).collect();
    println!("\nmodels {}", json!({"x": x, "cases": cases}));
}
