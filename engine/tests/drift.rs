//! Drift against scipy and numpy (`fixtures/drift.json` was made by `tests/referees/drift.py`, which says how), and on rows that have changed or not.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::judge::drift::{chance, features, ks, observe, psi, scores, Drift, Limits, Observed, Verdict};
use orchard_engine::learn::options::Algorithm::{self, DecisionTree, GradientBoosting, KMeans, RandomForest};
use orchard_engine::learn::train::{train, Outcome};
use orchard_engine::model::{decode_baseline, decode_held, encode_baseline, Baseline, NumberBins};
use serde_json::{json, Value};
use tables::{numbers, Clicks};

fn fixture(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("fixtures/drift.json")).unwrap();
    let cases = all[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Exact while each value has its own bin; else off by the rows of one bin at most.
#[test]
fn ks_is_that_of_scipy() {
    for case in fixture("ks") {
        let bins = NumberBins::of_sorted(&list(&case["training"]), 256);
        let own = Observed::numbers(Some(&bins), list(&case["now"]).into_iter());
        let (found, expected) = (ks(&bins, &own.inside, &own.gaps).unwrap(), case["ks"].as_f64().unwrap());
        let exact = case["exact"].as_bool().unwrap();
        let off = if exact { 1e-12 } else { 1.0 / 128.0 };
        assert!((found - expected).abs() <= off, "{found} and {expected}, exact: {exact}");
        assert!(exact || found <= expected + 1e-12);
    }
}

#[test]
fn psi_is_that_of_numpy() {
    for case in fixture("psi") {
        let (found, bins) = psi(&list(&case["training"]), &list(&case["now"]));
        let expected = case["psi"].as_f64().unwrap();
        assert!((found - expected).abs() <= 1e-12, "{found} and {expected}");
        assert!(bins <= list(&case["now"]).len());
    }
    assert_eq!(psi(&[5.0, 0.0, 5.0], &[5.0, 0.0, 5.0]), (0.0, 2));
}

/// The quantile of a chi-squared variable to a few parts in a thousand.
#[test]
fn chance_is_that_of_scipy() {
    for case in fixture("chance") {
        let of = |key: &str| case[key].as_f64().unwrap();
        let found = chance(of("bins") as usize, of("rows"), of("now"));
        assert!((found / of("psi") - 1.0).abs() < 0.01, "{found} and {}", of("psi"));
    }
}

fn run(algorithm: Algorithm, options: &Value, rows: usize) -> (Outcome, Baseline) {
    let control = Control::default();
    let outcome = train(Clicks::new(rows).request(algorithm, options, &control), &control).unwrap();
    let baseline = decode_baseline(&encode_baseline(&outcome.baseline).unwrap()).unwrap();
    (outcome, baseline)
}

/// The features of a table of clicks beside those of a training.
fn compare(outcome: &Outcome, baseline: Option<&Baseline>, table: &Table) -> Vec<Drift> {
    let model = outcome.scorer.model();
    let places: Vec<(usize, usize)> = (0..model.inputs.len()).map(|i| (i, 1)).collect();
    let observed = observe(model, baseline, table, &places, &Control::default()).unwrap();
    features(model, baseline, &observed, Limits::default())
}

#[test]
fn what_has_not_changed_is_stable() {
    for algorithm in [DecisionTree, RandomForest, GradientBoosting, KMeans] {
        for options in [json!({}), json!({"holdout": 0})] {
            let (outcome, baseline) = run(algorithm, &options, 4000);
            // The training rows, and the held-out ones, themselves.
            let found = compare(&outcome, Some(&baseline), &Clicks::new(4000).table(&Control::default()));
            assert_eq!(found.len(), 4);
            for d in &found {
                assert_eq!(d.verdict, Verdict::Stable, "{algorithm:?} {d:?}");
                assert!(d.psi.unwrap() < 0.05 && d.ks.is_none_or(|ks| ks < 0.03), "{d:?}");
                assert_eq!((d.rows, d.null_rate.is_some()), (4000, true));
            }
            let nulls = found.iter().find(|d| d.feature == "bid").unwrap();
            assert!((nulls.null_rate.unwrap() - 1.0 / 11.0).abs() < 1e-3);
            assert!((nulls.training_null_rate.unwrap() - 1.0 / 11.0).abs() < 1e-2);
        }
    }
}

#[test]
fn what_has_changed_has_drifted() {
    let control = Control::default();
    let (outcome, baseline) = run(GradientBoosting, &json!({}), 4000);
    let mut table = Clicks::new(2000).table(&control);
    let mut random = numbers(3);
    let mut draw = || random.next().unwrap();
    let bids: Vec<f64> = (0..2000).map(|_| draw() * draw()).collect();
    let hours = vec![f64::NAN; 2000];
    let ads: Vec<String> = (0..2000).map(|i| format!("new-{}", i % 100)).collect();
    table.columns[0] = Column::from_numbers("bid", &bids, &control).unwrap();
    table.columns[1] = Column::from_numbers("hour", &hours, &control).unwrap();
    table.columns[3] =
        Column::from_texts("ad", &ads.iter().map(|a| Some(a.as_str())).collect::<Vec<_>>(), &control).unwrap();
    let found = compare(&outcome, Some(&baseline), &table);
    let of = |name: &str| found.iter().find(|d| d.feature == name).unwrap();
    for name in ["bid", "hour", "ad"] {
        assert_eq!(of(name).verdict, Verdict::Drifted, "{:?}", of(name));
    }
    assert_eq!(of("device").verdict, Verdict::Stable);
    assert_eq!((of("hour").null_rate, of("hour").ks), (Some(1.0), None));
    assert_eq!((of("ad").unseen_rate, of("ad").ks), (Some(1.0), None));
    // The largest distance of x - x ln x and x is at 1/e.
    assert!((of("bid").ks.unwrap() - 1.0 / std::f64::consts::E).abs() < 0.04, "{:?}", of("bid").ks);
}

/// Fifty rows of the same kind are not called drift, and a category of many levels is not because new rows have rare ones.
#[test]
fn few_rows_and_rare_levels_are_no_drift() {
    let (outcome, baseline) = run(GradientBoosting, &json!({}), 4000);
    let control = Control::default();
    let mut drifted = 0;
    for part in 0..60 {
        let all = Clicks::new(8000).table(&control);
        let rows = 4000 + part * 50..4000 + (part + 1) * 50;
        let pick = |column: usize| match &all.columns[column].data {
            orchard_engine::data::ColumnData::Number(values) => {
                let own: Vec<f64> = rows.clone().map(|r| values.get(r)).collect();
                Column::from_numbers(&all.columns[column].name, &own, &control).unwrap()
            }
            orchard_engine::data::ColumnData::Category { codes, dictionary } => {
                let text = |r: usize| std::str::from_utf8(dictionary.text(codes.get(r))).unwrap();
                let own: Vec<Option<&str>> = rows.clone().map(|r| Some(text(r))).collect();
                Column::from_texts(&all.columns[column].name, &own, &control).unwrap()
            }
        };
        let table = Table { rows: 50, columns: (0..4).map(pick).collect() };
        drifted += compare(&outcome, Some(&baseline), &table).iter().filter(|d| d.verdict > Verdict::Stable).count();
    }
    assert!(drifted <= 8, "{drifted} of 240 features of unchanged rows");
}

#[test]
fn scores_drift_too() {
    for algorithm in [GradientBoosting, KMeans] {
        let (outcome, _) = run(algorithm, &json!({"holdout": 0.2}), 4000);
        let held = decode_held(outcome.held.as_ref().unwrap()).unwrap();
        let model = outcome.scorer.model();
        let same = scores(model, Some(&held.scores), &held.scores, 1, Limits::default());
        assert_eq!((same.feature.as_str(), same.verdict), ("(score)", Verdict::Stable), "{same:?}");
        let high = if algorithm == KMeans { 2.0 } else { 0.97 };
        let moved: Vec<f64> = held.scores.iter().map(|_| high).collect();
        let moved = scores(model, Some(&held.scores), &moved, 1, Limits::default());
        assert_eq!(moved.verdict, Verdict::Drifted, "{moved:?}");
    }
    let (outcome, _) = run(GradientBoosting, &json!({"holdout": 0}), 1000);
    assert_eq!(scores(outcome.scorer.model(), None, &[0.5], 1, Limits::default()).verdict, Verdict::NotJudged);
}

#[test]
fn a_version_without_a_baseline_judges_categories_alone() {
    let (outcome, _) = run(DecisionTree, &json!({}), 2000);
    let found = compare(&outcome, None, &Clicks::new(2000).table(&Control::default()));
    for d in &found {
        let is_category = matches!(d.feature.as_str(), "device" | "ad");
        assert_eq!(d.psi.is_some(), is_category, "{d:?}");
        assert_eq!(d.verdict == Verdict::NotJudged, !is_category);
        assert_eq!(d.note.is_empty(), is_category);
    }
}

#[test]
fn a_refit_keeps_what_held_out_rows_said() {
    let (_, once) = run(GradientBoosting, &json!({}), 3000);
    let (_, again) = run(GradientBoosting, &json!({"refit": true}), 3000);
    assert_eq!((once.rows, again.rows, once.held_rows, again.held_rows), (2400, 3000, 600, 600));
    let unseen = |b: &Baseline| b.features.iter().map(|f| f.held_unseen).collect::<Vec<u64>>();
    assert_eq!(unseen(&once), unseen(&again));
    // What it says of rows is compared with what it says of others, not with what the one without the held-out rows said.
    let (tree, baseline) = run(DecisionTree, &json!({"refit": true, "max_depth": 3}), 3000);
    let held = decode_held(tree.held.as_ref().unwrap()).unwrap();
    let model = tree.scorer.model();
    assert_eq!(baseline.scores.len(), 3000);
    let values = |scores: &[f64]| scores.iter().map(|s| s.to_bits()).collect::<std::collections::BTreeSet<u64>>();
    assert!(values(&held.scores).is_disjoint(&values(&baseline.scores)));
    let same = scores(model, Some(&baseline.scores), &baseline.scores, 1, Limits::default());
    assert_eq!((same.psi.map(|psi| psi < 1e-9), same.verdict), (Some(true), Verdict::Stable));
}

#[test]
fn threads_change_nothing() {
    for algorithm in [GradientBoosting, KMeans] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| encode_baseline(&run(algorithm, &json!({}), 2000).0.baseline).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}
