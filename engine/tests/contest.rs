//! A new version beside the one it is to replace, on the rows that the new one does not learn from.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::judge::contest::Contest;
use orchard_engine::learn::options::Algorithm::{self, DecisionTree, GradientBoosting, KMeans};
use orchard_engine::learn::train::{train, train_beside, Champion, Outcome};
use orchard_engine::score::Scorer;
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::Clicks;

fn champion(algorithm: Algorithm, options: &Value, rows: usize) -> Outcome {
    let control = Control::default();
    train(Clicks::new(rows).request(algorithm, options, &control), &control).unwrap()
}

fn challenge(champion: &Scorer, algorithm: Algorithm, options: &Value, rows: usize, metric: &'static str) -> Outcome {
    let control = Control::default();
    let mut request = Clicks::new(rows).request(algorithm, options, &control);
    request.previous = Some(champion.model().task.clone());
    let beside = Champion { scorer: champion, places: (0..4).map(|i| (i, 1)).collect(), metric };
    train_beside(request, Some(&beside), false, &control).unwrap().0
}

fn contest(champion: &Outcome, algorithm: Algorithm, options: &Value, rows: usize, metric: &'static str) -> Contest {
    challenge(&champion.scorer, algorithm, options, rows, metric).contest.unwrap()
}

#[test]
fn the_same_rows_gain_nothing() {
    for options in [json!({}), json!({"group_columns": ["group"]}), json!({"time_column": "at"})] {
        let once = champion(GradientBoosting, &options, 3000);
        let again = challenge(&once.scorer, GradientBoosting, &options, 3000, "roc_auc");
        assert_eq!(once.bytes, again.bytes);
        let found = again.contest.unwrap();
        assert_eq!((found.gain, found.interval, found.rows), (Some(0.0), Some((0.0, 0.0)), again.holdout_rows));
        let auc = again.metrics.iter().find(|m| m.name == "roc_auc").unwrap().value;
        assert!((found.challenger.unwrap() - auc.unwrap()).abs() < 1e-12);
        assert_eq!(found.champion, found.challenger);
    }
}

#[test]
fn a_better_recipe_wins_and_a_worse_one_does_not() {
    let weak = champion(DecisionTree, &json!({"max_depth": 1}), 4000);
    let found = contest(&weak, GradientBoosting, &json!({}), 6000, "roc_auc");
    assert!(found.interval.unwrap().0 > 0.0, "{found:?}");
    let found = contest(&weak, GradientBoosting, &json!({}), 6000, "log_loss");
    assert!(found.interval.unwrap().0 > 0.0 && found.challenger < found.champion, "{found:?}");
    let strong = champion(GradientBoosting, &json!({}), 4000);
    let found = contest(&strong, DecisionTree, &json!({"max_depth": 1}), 6000, "roc_auc");
    assert!(found.interval.unwrap().1 < 0.0, "{found:?}");
    // With "refit" it is the model without the held-out rows that is judged.
    let refit = contest(&strong, DecisionTree, &json!({"max_depth": 1, "refit": true}), 6000, "roc_auc");
    assert_eq!(refit, found);
}

#[test]
fn the_same_seed_makes_the_same_decision_whatever_the_threads() {
    let weak = champion(DecisionTree, &json!({"max_depth": 2}), 2000);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| contest(&weak, DecisionTree, &json!({}), 3000, "roc_auc"))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn segments_are_compared_by_silhouettes() {
    let few = champion(KMeans, &json!({"n_clusters": 2, "holdout": 0.2}), 2000);
    let found = contest(&few, KMeans, &json!({"n_clusters": 2, "holdout": 0.2}), 2000, "silhouette");
    assert_eq!((found.gain, found.rows), (Some(0.0), 400));
    let found = contest(&few, KMeans, &json!({"n_clusters": 6, "holdout": 0.2}), 2000, "silhouette");
    assert!(found.champion.is_some() && found.challenger.is_some() && found.gain != Some(0.0), "{found:?}");
}

#[test]
fn without_held_out_rows_there_is_no_contest() {
    let once = champion(DecisionTree, &json!({"holdout": 0}), 500);
    assert_eq!(challenge(&once.scorer, DecisionTree, &json!({"holdout": 0}), 500, "roc_auc").contest, None);
}

#[test]
fn another_task_is_refused() {
    let once = champion(DecisionTree, &json!({}), 500);
    let control = Control::default();
    let mut request = Clicks::new(500).request(DecisionTree, &json!({}), &control);
    request.previous = Some(once.scorer.model().task.clone());
    // The target is now the hour.
    request.target = Some(request.inputs.remove(1));
    let places = vec![(0, 1), (4, 1), (2, 1), (3, 1)];
    let beside = Champion { scorer: &once.scorer, places, metric: "roc_auc" };
    let error = train_beside(request, Some(&beside), false, &control).unwrap_err();
    assert!(
        matches!(&error, Error::InvalidData { message, .. } if message.contains("the model tells two classes apart")),
        "{error}"
    );
}
