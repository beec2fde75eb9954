//! Naive Bayes: the probabilities of scikit-learn, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::model::InputKind;
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::input;

/// Train on columns of the fixture in some order; the last but one is the target, the last the weights.
fn try_learn(
    fixture: &Value,
    names: &[&str],
    target: &str,
    options: &Value,
    order: &[usize],
) -> Result<Outcome, Error> {
    let control = Control::default();
    let (mut columns, mut inputs) = (Vec::new(), Vec::new());
    for name in names.iter().chain([&target, &"weight"]) {
        let values = fixture["columns"][*name].as_array().unwrap();
        if values.iter().any(Value::is_string) {
            let texts: Vec<Option<&str>> = order.iter().map(|r| values[*r].as_str()).collect();
            inputs.push(input(columns.len(), name, InputKind::Category));
            columns.push(Column::from_texts(name, &texts, &control).unwrap());
        } else {
            let kind = if ["truth", "flag"].contains(name) { InputKind::Boolean } else { InputKind::Number };
            let numbers: Vec<f64> = order.iter().map(|r| values[*r].as_f64().unwrap_or(f64::NAN)).collect();
            inputs.push(input(columns.len(), name, kind));
            columns.push(Column::from_numbers(name, &numbers, &control).unwrap());
        }
    }
    let parsed = Options::parse(options, Algorithm::NaiveBayes)?;
    let weight = parsed.sample_weight.is_some().then_some(columns.len() - 1);
    inputs.pop();
    let own = inputs.pop();
    let request = tables::request(Table { rows: order.len(), columns }, inputs, Algorithm::NaiveBayes, parsed);
    train(Request { target: own, weight, ..request }, &control)
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/bayes.json")).unwrap()
}

fn order(fixture: &Value) -> Vec<usize> {
    (0..fixture["columns"]["number"].as_array().unwrap().len()).collect()
}

fn scores(fixture: &Value, names: &[&str], found: &Outcome) -> Vec<f64> {
    let cell = |(feature, name): (usize, &&str)| -> Vec<f64> {
        let value = |v: &Value| match v.as_str() {
            Some(text) => found.scorer.category(feature, text.as_bytes()),
            None => v.as_f64().unwrap_or(f64::NAN),
        };
        fixture["columns"][*name].as_array().unwrap().iter().map(value).collect()
    };
    let cells: Vec<Vec<f64>> = names.iter().enumerate().map(cell).collect();
    score_columns(&found.scorer, &cells, &Control::default()).unwrap()
}

#[test]
fn probabilities_are_those_of_scikit_learn() {
    let fixture = fixture();
    let cases: [(&str, &[&str], &str, Value); 8] = [
        ("gaussian", &["number", "other"], "kind", json!({})),
        ("gaussian_two", &["number", "other"], "two", json!({"var_smoothing": 0.01})),
        ("gaussian_even", &["number", "other"], "kind", json!({"fit_prior": false})),
        ("gaussian_weighted", &["number", "other"], "kind", json!({"sample_weight": "weight"})),
        ("multinomial", &["count", "more"], "kind", json!({"distribution": "multinomial"})),
        (
            "multinomial_weighted",
            &["count", "more"],
            "two",
            json!({"distribution": "multinomial", "alpha": 0.5, "sample_weight": "weight"}),
        ),
        ("bernoulli", &["truth", "flag"], "kind", json!({})),
        ("categorical", &["level"], "kind", json!({"alpha": 2, "min_category_rows": 1})),
    ];
    for (name, columns, target, mut options) in cases {
        options["holdout"] = json!(0);
        let found = try_learn(&fixture, columns, target, &options, &order(&fixture)).unwrap();
        let own = scores(&fixture, columns, &found);
        let expected: Vec<f64> = fixture[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        // Of two classes the second is told.
        let step = expected.len() / own.len();
        for (row, own) in own.iter().enumerate() {
            let expected = expected[row * step + step - 1];
            assert!((own - expected).abs() < 1e-7, "{name} {row}: {own}, not {expected}");
        }
    }
}

#[test]
fn a_missing_value_says_nothing() {
    let fixture = fixture();
    let columns = ["number", "level", "truth"];
    let found = try_learn(&fixture, &columns, "kind", &json!({"holdout": 0}), &order(&fixture)).unwrap();
    let mut out = [0.0; 3];
    found.scorer.predict(&[f64::NAN; 3], &mut out);
    let kinds = fixture["columns"]["kind"].as_array().unwrap();
    for (class, label) in ["a", "b", "c"].iter().enumerate() {
        let share = kinds.iter().filter(|k| k.as_str() == Some(label)).count() as f64 / kinds.len() as f64;
        assert!((out[class] - share).abs() < 1e-12, "{label}");
    }
    // Nor does a level that training did not see.
    let mut other = [0.0; 3];
    found.scorer.predict(&[f64::NAN, found.scorer.category(1, b"violet"), f64::NAN], &mut other);
    assert!(out.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-12));
    for cell in [f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308] {
        found.scorer.predict(&[cell, f64::NAN, 1.0], &mut out);
        assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{cell} {out:?}");
    }
}

#[test]
fn neither_threads_nor_the_order_of_rows_change_a_model() {
    let fixture = fixture();
    let columns = ["number", "other", "level", "truth"];
    let learn = |order: &[usize], threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| try_learn(&fixture, &columns, "kind", &json!({}), order).unwrap()).bytes
    };
    let turned: Vec<usize> = order(&fixture).into_iter().rev().collect();
    assert!(learn(&order(&fixture), 1) == learn(&turned, 3));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let fixture = fixture();
    let refused = |name: &str, options: Value| {
        try_learn(&fixture, &[name], "kind", &options, &order(&fixture)).unwrap_err().to_string()
    };
    assert!(refused("other", json!({"distribution": "multinomial"})).contains("no counts"));
    assert!(refused("number", json!({"distribution": "bernoulli"})).contains("other than 0 and 1"));
    for distribution in ["gaussian", "multinomial", "bernoulli"] {
        let options = json!({"distribution": distribution, "alpha": 0, "var_smoothing": 0, "holdout": 0});
        let found = try_learn(&fixture, &["truth", "flag"], "two", &options, &[0, 1, 2]).unwrap();
        let mut out = [0.0];
        found.scorer.predict(&[1.0, 0.0], &mut out);
        assert!((0.0..=1.0).contains(&out[0]));
    }
}
