//! Metrics against scikit-learn's: `fixtures/metrics.json` was made by `tests/referees/metrics.py`, which says how.

use orchard_engine::control::Control;
use orchard_engine::judge::{
    binary, calibration, multiclass, precision_recall_curve, regression, roc_curve, Metric, Strategy,
};
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

fn alike(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?} {expected:?}");
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-12), "{what}: {found:?} {expected:?}");
}

#[test]
fn curves() {
    for case in fixture("binary") {
        let positive: Vec<bool> = codes(&case["actual"]).iter().map(|&c| c == 1).collect();
        let (scores, weight) = (numbers(&case["probability"]), weight(&case));
        let roc = roc_curve(&scores, &positive, weight.as_deref());
        assert_eq!(roc[0].threshold, f64::INFINITY);
        let of = |key: &str| numbers(&case["roc"][key]);
        alike(&roc.iter().map(|p| p.fpr.unwrap()).collect::<Vec<_>>(), &of("fpr"), "fpr");
        alike(&roc.iter().map(|p| p.tpr.unwrap()).collect::<Vec<_>>(), &of("tpr"), "tpr");
        alike(&roc[1..].iter().map(|p| p.threshold).collect::<Vec<_>>(), &of("thresholds"), "thresholds");
        let mut points = precision_recall_curve(&scores, &positive, weight.as_deref());
        points.reverse();
        let of = |key: &str| numbers(&case["precision_recall"][key]);
        alike(&points.iter().map(|p| p.precision.unwrap()).collect::<Vec<_>>(), &of("precision"), "precision");
        alike(&points.iter().map(|p| p.recall.unwrap()).collect::<Vec<_>>(), &of("recall"), "recall");
        let thresholds: Vec<f64> = points.iter().map(|p| p.threshold).filter(|t| t.is_finite()).collect();
        alike(&thresholds, &of("thresholds"), "thresholds");
        let truth: Vec<f64> = positive.iter().map(|y| f64::from(u8::from(*y))).collect();
        for (name, strategy) in [("quantile", Strategy::Quantile), ("uniform", Strategy::Uniform)] {
            let expected = &case["calibration"][name];
            if expected.is_array() {
                let bins = calibration(&scores, &truth, None, 5, strategy, true);
                alike(&bins.iter().map(|b| b.actual).collect::<Vec<_>>(), &numbers(&expected[0]), name);
                alike(&bins.iter().map(|b| b.predicted).collect::<Vec<_>>(), &numbers(&expected[1]), name);
                assert!(bins.iter().all(|b| b.interval.is_some_and(|(low, high)| low <= b.actual && b.actual <= high)));
            }
        }
    }
}

#[test]
fn every_interval_holds_its_value() {
    let inside = |metrics: &[Metric], names: &[&str]| {
        for name in names {
            let metric = metrics.iter().find(|m| m.name == *name).unwrap();
            if let (Some(value), Some((low, high))) = (metric.value, metric.interval) {
                assert!(low <= value && value <= high && low < high, "{metric:?}");
            } else {
                panic!("{metric:?}");
            }
        }
    };
    for case in fixture("binary").iter().take(4) {
        let positive: Vec<bool> = codes(&case["actual"]).iter().map(|&c| c == 1).collect();
        let metrics = binary(&numbers(&case["probability"]), &positive, weight(case).as_deref(), 0.5);
        let all = ["roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "precision", "recall", "f1", "base_rate"];
        inside(&metrics, &all);
        inside(&metrics, &["selection_rate", "false_positive_rate"]);
    }
    for case in fixture("regression") {
        let metrics = regression(&numbers(&case["predicted"]), &numbers(&case["actual"]), weight(&case).as_deref());
        inside(&metrics, &["rmse", "mae", "median_error", "r2", "mean_error", "mean_actual"]);
    }
    for case in fixture("multiclass") {
        let classes: Vec<String> = (0..case["classes"].as_u64().unwrap()).map(|c| c.to_string()).collect();
        let metrics = multiclass(&numbers(&case["proba"]), &codes(&case["actual"]), &classes, weight(&case).as_deref());
        inside(&metrics, &["accuracy", "log_loss", "brier", "base_rate"]);
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
