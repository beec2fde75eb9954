//! Interventional Shapley values and interactions against those of PyPI's shap: `tests/referees/shap_more.py` made the fixture.
#![allow(missing_docs)]

mod samples;

use orchard_engine::control::Control;
use orchard_engine::import::{read_lightgbm, ImportOptions};
use orchard_engine::judge::shap::{features, interaction_values, interactions, Shap};
use orchard_engine::model::{Body, Link, Task, Trees};
use orchard_engine::score::Scorer;
use serde_json::Value;

fn rows(value: &Value) -> Vec<Vec<f64>> {
    let numbers = |row: &Value| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn columns(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..rows[0].len()).map(|f| rows.iter().map(|row| row[f]).collect()).collect()
}

fn compare(name: &str, found: &[f64], expected: &[Vec<f64>]) {
    let width = expected[0].len();
    assert_eq!(found.len(), expected.len() * width);
    for (r, (found, expected)) in found.chunks(width).zip(expected).enumerate() {
        let scale = expected.iter().fold(f64::MIN_POSITIVE, |most: f64, v| most.max(v.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() / scale < 1e-9, "{name}, row {r}: {found}, not {expected}");
        }
    }
}

#[test]
fn the_same_values_as_shap() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/shap.json")).unwrap();
    let more: Value = serde_json::from_str(include_str!("fixtures/shap_more.json")).unwrap();
    let cases = |value: &Value| value.as_array().unwrap().clone();
    let imported = cases(&fixture["cases"]).into_iter().map(|case| {
        let model = read_lightgbm(case["model"].as_str().unwrap(), &ImportOptions::default(), &Control::default())
            .unwrap()
            .model;
        (model, rows(&fixture["x"]))
    });
    let own = cases(&fixture["own"]["cases"]).into_iter().map(|case| {
        let mut trees: Trees = serde_json::from_value(case["trees"].clone()).unwrap();
        trees.link = Link::Identity;
        let features = (0..2).map(|f| samples::number(&format!("f{f}"))).collect();
        (samples::model(features, Task::Regression, Body::Trees(trees)), rows(&fixture["own"]["x"]))
    });
    let probe = more["probe"].as_u64().unwrap() as usize;
    let all: Vec<Value> = cases(&more["cases"]).into_iter().chain(cases(&more["own"])).collect();
    let control = Control::default();
    assert_eq!(imported.len() + own.len(), all.len());
    for ((model, x), more) in imported.chain(own).zip(&all) {
        let (scorer, name) = (Scorer::new(model), more["name"].as_str().unwrap());
        let (probe, background) = (columns(&x[..probe]), columns(&x[probe..]));
        let cells: Vec<&[f64]> = probe.iter().map(Vec::as_slice).collect();
        let mut out = vec![f64::NAN; cells[0].len() * cells.len()];
        let mut shap = Shap::against(&scorer, &background, &control).unwrap();
        shap.explain(&cells, 0, &mut out, &control).unwrap();
        compare(name, &out, &rows(&more["values"]));
        let (columns, expected) = (features(scorer.model()), rows(&more["pairs"]));
        let (trees, _) = scorer.model().body.as_trees().unwrap();
        let found = interaction_values(&scorer, trees, &cells, &columns, 0, &control).unwrap();
        compare(name, &found, &expected);
        let sizes = |at: usize| expected.iter().map(|row| row[at].abs()).sum::<f64>() / expected.len() as f64;
        for (at, mean) in interactions(&scorer, &probe, &columns, &control).unwrap().into_iter().enumerate() {
            assert!((mean - sizes(at)).abs() < 1e-9, "{name}: {mean}, not {}", sizes(at));
        }
    }
}
