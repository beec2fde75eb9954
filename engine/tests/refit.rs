//! "refit": the metrics are of a model that has not seen the held-out rows, the model that is kept has seen them all.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::learn::options::Algorithm::{self, DecisionTree, GradientBoosting};
use orchard_engine::learn::train::{train, Outcome};
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::Clicks;

fn run(algorithm: Algorithm, options: Value) -> Outcome {
    let control = Control::default();
    train(Clicks::new(4000).request(algorithm, &options, &control), &control).unwrap()
}

#[test]
fn the_metrics_are_those_without_and_the_model_is_that_of_all_rows() {
    let once = run(DecisionTree, json!({}));
    let again = run(DecisionTree, json!({"refit": true}));
    assert_eq!((once.metrics, &once.held), (again.metrics, &again.held));
    assert_ne!(once.bytes, again.bytes);
    assert_eq!((once.training_rows, once.holdout_rows), (3200, 800));
    assert_eq!((again.rows, again.training_rows, again.holdout_rows), (4000, 4000, 800));
    let all = run(DecisionTree, json!({"holdout": 0}));
    assert_eq!(again.bytes, all.bytes);
    let said = "the metrics are those of a model learned without the 800 held-out rows; the model that is kept was then learned from all 4000";
    assert!(again.notices.iter().any(|n| n == said), "{:?}", again.notices);
    assert!(!once.notices.iter().any(|n| n.contains("all 4000")));
}

#[test]
fn boosting_takes_as_many_iterations_as_it_found() {
    let options = json!({"learning_rate": 0.3});
    let once = run(GradientBoosting, options);
    let again = run(GradientBoosting, json!({"learning_rate": 0.3, "refit": true}));
    assert_eq!((once.metrics, &once.held), (again.metrics, &again.held));
    let orchard_engine::model::Body::Trees(trees) = &once.scorer.model().body else { panic!("no trees") };
    let found = trees.roots.len();
    assert!(found < 400, "{found}");
    let plain = json!({"learning_rate": 0.3, "holdout": 0, "n_estimators": found, "early_stopping_rounds": 0});
    assert_eq!(again.bytes, run(GradientBoosting, plain).bytes);
}

#[test]
fn without_held_out_rows_there_is_nothing_to_refit() {
    let plain = run(DecisionTree, json!({"holdout": 0}));
    let refit = run(DecisionTree, json!({"holdout": 0, "refit": true}));
    assert_eq!((plain.bytes, plain.training_rows), (refit.bytes, refit.training_rows));
    assert_eq!(plain.notices, refit.notices);
}

#[test]
fn threads_change_nothing() {
    for algorithm in [DecisionTree, GradientBoosting] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(algorithm, json!({"refit": true})).bytes)
        };
        let one = with(1);
        assert!(one == with(2) && one == with(3));
    }
}

#[test]
fn the_table_is_kept_and_counted_until_the_second_fit() {
    let control = Control::default();
    let request = Clicks::new(40_000).request(DecisionTree, &json!({}), &control);
    let table = control.used();
    train(request, &control).unwrap();
    let once = control.peak();
    let control = Control::default();
    let request = Clicks::new(40_000).request(DecisionTree, &json!({"refit": true}), &control);
    train(request, &control).unwrap();
    let again = control.peak();
    // Columns that stay beside their bins cost more, but the second fit does not pile upon the first.
    assert!(again > once && again < once + table, "{once} and {again} for a table of {table}");
    // Numbers are sorted without room beside them where there is none, so a little less is enough.
    let small = Control::new(table + (again - table) / 2);
    let request = Clicks::new(40_000).request(DecisionTree, &json!({"refit": true}), &small);
    assert!(matches!(train(request, &small), Err(Error::OutOfMemory { .. })));
}
