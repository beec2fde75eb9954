//! Metrics against scikit-learn's: `fixtures/metrics.json` was made by `tests/referees/metrics.py`, which says how.

use orchard_engine::control::Control;
use orchard_engine::judge::{binary, multiclass, regression, Metric};
use orchard_engine::learn::kmeans::silhouette;
use serde_json::Value;

fn fixture(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("fixtures/metrics.json")).unwrap();
    let cases = all[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn codes(v: &Value) -> Vec<u32> {
    v.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as u32).collect()
}

fn weight(case: &Value) -> Option<Vec<f64>> {
    case["weight"].is_array().then(|| numbers(&case["weight"]))
}

fn compare(case: &Value, metrics: &[Metric]) {
    for (name, expected) in case["expected"].as_object().unwrap() {
        let got = metrics.iter().find(|m| m.name == name.as_str()).and_then(|m| m.value);
        match (got, expected.as_f64()) {
            (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{name}: {a} and {b}"),
            (a, b) => assert_eq!(a, b, "{name}"),
        }
    }
}

#[test]
fn two_classes() {
    for case in fixture("binary") {
        let positive: Vec<bool> = codes(&case["actual"]).iter().map(|&c| c == 1).collect();
        compare(&case, &binary(&numbers(&case["probability"]), &positive, weight(&case).as_deref(), 0.5));
    }
}

#[test]
fn many_classes() {
    for case in fixture("multiclass") {
        let classes: Vec<String> = (0..case["classes"].as_u64().unwrap()).map(|c| c.to_string()).collect();
        let metrics = multiclass(&numbers(&case["proba"]), &codes(&case["actual"]), &classes, weight(&case).as_deref());
        compare(&case, &metrics);
    }
}

#[test]
fn numbers_predicted() {
    for case in fixture("regression") {
        let metrics = regression(&numbers(&case["predicted"]), &numbers(&case["actual"]), weight(&case).as_deref());
        compare(&case, &metrics);
    }
}

#[test]
fn silhouettes() {
    for case in fixture("silhouette") {
        let (values, labels) = (numbers(&case["values"]), codes(&case["labels"]));
        let segments = case["segments"].as_u64().unwrap() as usize;
        let got = silhouette(&values, 2, &labels, segments, &Control::default()).unwrap().unwrap();
        let expected = case["expected"].as_f64().unwrap();
        assert!((got - expected).abs() < 1e-12, "{got} and {expected}");
    }
}
