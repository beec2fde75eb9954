//! The search for parameters: trials see no held-out row, the best is trained as any model is, threads change nothing.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::learn::options::Algorithm::{self, DecisionTree, GradientBoosting, KMeans};
use orchard_engine::learn::train::{train, Request};
use orchard_engine::learn::tune::{tune, Scored, Search, Tuned};
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::Clicks;

/// The request without the options that a training does not know.
fn request(clicks: &Clicks, algorithm: Algorithm, search: &Search, control: &Control) -> Request {
    clicks.request(algorithm, &search.training_options(0), control)
}

fn attempt(clicks: &Clicks, algorithm: Algorithm, grid: Value, options: Value) -> Result<Tuned, Error> {
    let control = Control::default();
    let search = Search::parse(&grid, &options, algorithm)?;
    tune(request(clicks, algorithm, &search, &control), &search, &control)
}

fn run(clicks: &Clicks, algorithm: Algorithm, grid: Value, options: Value) -> Tuned {
    attempt(clicks, algorithm, grid, options).unwrap()
}

/// What does not depend on the clock.
fn scores(tuned: &Tuned) -> Vec<Scored> {
    tuned.trials.iter().map(|t| Scored { seconds: 0.0, ..t.clone() }).collect()
}

#[test]
fn the_best_is_trained_as_any_model_is() {
    let clicks = Clicks::new(3000);
    let cases = [
        (DecisionTree, json!({"max_depth": [1, 4, 12], "min_samples_leaf": [1, 50]}), json!({"criterion": "entropy"})),
        (GradientBoosting, json!({"learning_rate": [0.02, 0.3], "max_bins": [16, 255]}), json!({"n_estimators": 60})),
        (
            DecisionTree,
            json!({"max_depth": [2, 6]}),
            json!({"refit": false, "group_columns": ["g"], "metric": "log_loss"}),
        ),
        (GradientBoosting, json!({"max_depth": [2, 6]}), json!({"time_column": "at", "n_estimators": 30})),
        (DecisionTree, json!({"max_depth": [2, 6]}), json!({"holdout": 0, "seed": 9})),
        (
            DecisionTree,
            json!({"max_depth": [2, 6], "max_bins": [16, 255]}),
            json!({"clean": [{"step": "impute"}, {"step": "target_encode", "columns": "ad"}, {"step": "outliers", "columns": "bid", "action": "drop"}]}),
        ),
    ];
    for (algorithm, grid, options) in cases {
        let search = Search::parse(&grid, &options, algorithm).unwrap();
        let tuned = run(&clicks, algorithm, grid, options);
        let control = Control::default();
        let plain = clicks.request(algorithm, &search.training_options(tuned.best), &control);
        let plain = train(plain, &control).unwrap();
        assert_eq!(tuned.outcome.bytes, plain.bytes);
        assert_eq!((tuned.outcome.held, tuned.outcome.metrics), (plain.held, plain.metrics));
        assert_eq!(
            (tuned.outcome.training_rows, tuned.outcome.holdout_rows),
            (plain.training_rows, plain.holdout_rows)
        );
        let better = tuned.trials.iter().filter(|t| t.rank < tuned.trials[tuned.best].rank).count();
        assert!(better == 0 && tuned.trials.iter().filter(|t| t.best).count() == 1);
        assert!(tuned.trials.iter().all(|t| t.folds.len() == 5 && t.mean.is_some() && t.deviation.is_some()));
    }
}

#[test]
fn the_mean_is_near_to_what_the_holdout_says() {
    let tuned = run(&Clicks::new(20_000), DecisionTree, json!({"max_depth": [1, 5]}), json!({}));
    let (mean, deviation) = (tuned.trials[1].mean.unwrap(), tuned.trials[1].deviation.unwrap());
    let held = tuned.outcome.metrics.iter().find(|m| m.name == "roc_auc").unwrap().value.unwrap();
    assert!(
        tuned.best == 1 && mean > 0.6 && (mean - held).abs() < 0.03 && deviation < 0.03,
        "{mean} {held} {deviation}"
    );
    assert_eq!((tuned.outcome.rows, tuned.outcome.training_rows, tuned.outcome.holdout_rows), (20_000, 20_000, 4_000));
    assert_eq!(tuned.trials[1].rows, 12_800);
}

#[test]
fn an_identifier_of_a_random_target_is_worth_nothing() {
    // Levels of about two rows each: whoever lets a fold's rows speak for the numbers of their levels finds them all.
    let clicks = Clicks { rows: 6000, ads: 3000, noise: true };
    let grid = json!({"max_subset_levels": [1, 16], "min_category_rows": [1, 2]});
    let cases = [(DecisionTree, json!({"max_depth": 10})), (GradientBoosting, json!({"n_estimators": 40}))];
    for (algorithm, options) in cases {
        let tuned = run(&clicks, algorithm, grid.clone(), options);
        for trial in &tuned.trials {
            let mean = trial.mean.unwrap();
            assert!((mean - 0.5).abs() < 0.035, "{algorithm:?}: {mean} from {:?}", trial.folds);
        }
    }
}

#[test]
fn no_trial_sees_a_held_out_row() {
    let clicks = Clicks::new(2000);
    let (grid, options) = (json!({"max_depth": [2, 8]}), json!({"time_column": "at"}));
    let search = Search::parse(&grid, &options, DecisionTree).unwrap();
    let with = |spoil: bool| {
        let control = Control::default();
        let mut request = request(&clicks, DecisionTree, &search, &control);
        let numbers = |column: usize| match &request.table.columns[column].data {
            orchard_engine::data::ColumnData::Number(v) => v.iter().collect::<Vec<f64>>(),
            _ => panic!("no number"),
        };
        let (mut y, at) = (numbers(4), numbers(6));
        let mut latest: Vec<usize> = (0..2000).collect();
        latest.sort_by(|&a, &b| at[b].total_cmp(&at[a]));
        if spoil {
            latest[..400].iter().for_each(|&r| y[r] = 1.0 - y[r]);
        }
        request.table.columns[4] = Column::from_numbers("y", &y, &control).unwrap();
        tune(request, &search, &control).unwrap()
    };
    let (right, spoiled) = (with(false), with(true));
    assert_eq!(scores(&right), scores(&spoiled));
    assert_ne!(right.outcome.metrics, spoiled.outcome.metrics);
    assert_eq!(right.trials[0].rows, 1600 - 1600 / 6);
}

#[test]
fn halving_keeps_the_right_ones() {
    let clicks = Clicks::new(12_000);
    let grid = json!({"max_depth": [1, 5, 20], "min_samples_leaf": [1, 30, 4000]});
    let whole = run(&clicks, DecisionTree, grid.clone(), json!({}));
    let halved = run(&clicks, DecisionTree, grid, json!({"search": "halving"}));
    let best = |tuned: &Tuned| tuned.trials[tuned.best].mean.unwrap();
    assert!((3..5).contains(&whole.best) && (3..5).contains(&halved.best), "{} and {}", whole.best, halved.best);
    // Within the standard error of an area over 12,000 rows: which of two near-equal trials wins is chance.
    assert!((best(&whole) - best(&halved)).abs() < 0.005, "{} and {}", best(&whole), best(&halved));
    let rounds: Vec<usize> = halved.trials.iter().map(|t| t.round).collect();
    let in_round = |r: usize| rounds.iter().filter(|x| **x >= r).count();
    assert_eq!([in_round(1), in_round(2), in_round(3), in_round(4)], [9, 3, 1, 0]);
    let rows: std::collections::BTreeSet<(usize, usize)> = halved.trials.iter().map(|t| (t.round, t.rows)).collect();
    assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(1, 853), (2, 2559), (3, 7677)]);
    for trial in &halved.trials {
        assert!(trial.folds.len() == 5 && (trial.round == 3) == trial.best);
    }
    // With all rows a round is the same as a grid.
    let all =
        run(&clicks, DecisionTree, json!({"max_depth": [1, 5]}), json!({"search": "halving", "min_resources": 7680}));
    let grid = run(&clicks, DecisionTree, json!({"max_depth": [1, 5]}), json!({}));
    assert_eq!(scores(&all), scores(&grid));
    let drawn = json!({"search": "halving", "n_iter": 4, "factor": 2, "min_resources": 1000});
    let drawn = run(&clicks, DecisionTree, json!({"max_depth": {"low": 1, "high": 30}}), drawn);
    assert_eq!(drawn.trials.iter().map(|t| t.round).max(), Some(3));
}

#[test]
fn threads_change_nothing() {
    let clicks = Clicks::new(2500);
    let cases = [
        (DecisionTree, json!({"max_depth": [2, 6, 9]}), json!({"search": "halving"})),
        (
            GradientBoosting,
            json!({"learning_rate": {"low": 0.05, "high": 0.5}}),
            json!({"search": "random", "n_iter": 3}),
        ),
        (KMeans, json!({"n_clusters": [2, 3, 5]}), json!({"n_init": 2})),
    ];
    for (algorithm, grid, options) in cases {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let tuned = pool.install(|| run(&clicks, algorithm, grid.clone(), options.clone()));
            (scores(&tuned), tuned.best, tuned.outcome.bytes, tuned.outcome.notices)
        };
        let one = with(1);
        assert!(one == with(2) && one == with(3));
    }
}

#[test]
fn a_trial_alone_scores_as_among_others() {
    // Trials share the bins of a fold, and halving and watching use the rows again.
    let clicks = Clicks::new(2500);
    let grid = json!({"learning_rate": [0.05, 0.4], "max_bins": [8, 64], "early_stopping_rounds": [0, 5]});
    let together = run(&clicks, GradientBoosting, grid, json!({"n_estimators": 30}));
    let one = json!({"learning_rate": [0.4], "max_bins": [64], "early_stopping_rounds": [5]});
    let alone = run(&clicks, GradientBoosting, one, json!({"n_estimators": 30}));
    assert_eq!(together.trials[7].folds, alone.trials[0].folds);
    assert!(alone.trials[0].iterations.unwrap() < 30.0);
    assert_eq!(together.trials[0].iterations, Some(30.0));
}

#[test]
fn segments_are_compared_by_their_silhouette() {
    let tuned = run(&Clicks::new(1500), KMeans, json!({"n_clusters": [1, 2, 3, 40]}), json!({"n_init": 3}));
    assert_eq!((tuned.metric, tuned.trials[0].mean, tuned.trials[0].rank), ("silhouette", None, 4));
    let best = &tuned.trials[tuned.best];
    assert!(best.folds.len() == 1 && best.deviation.is_none() && best.rows == 1500);
    assert_eq!(tuned.outcome.metrics.iter().find(|m| m.name == "silhouette").unwrap().value, best.mean);
}

#[test]
fn memory_is_that_of_one_trial() {
    let peak = |grid: Value, limit: usize| {
        let control = Control::new(limit);
        let search = Search::parse(&grid, &json!({"n_estimators": 5}), GradientBoosting).unwrap();
        let request = request(&Clicks::new(30_000), GradientBoosting, &search, &Control::default());
        tune(request, &search, &control).map(|_| control.peak())
    };
    let one = peak(json!({"max_depth": [3]}), usize::MAX).unwrap();
    let many = peak(json!({"max_depth": [3, 4, 5], "max_bins": [255, 200]}), usize::MAX).unwrap();
    assert!(many <= one + one / 50, "{many} for many, {one} for one");
    assert!(matches!(peak(json!({"max_depth": [3]}), one - 1), Err(Error::OutOfMemory { .. })));
}

#[test]
fn a_search_can_be_cancelled() {
    let control = Control::default();
    let grid = json!({"max_depth": [10, 11, 12, 13, 14, 15], "min_samples_leaf": [1, 2, 3]});
    let search = Search::parse(&grid, &json!({}), DecisionTree).unwrap();
    let request = request(&Clicks::new(60_000), DecisionTree, &search, &control);
    std::thread::scope(|scope| {
        let ended = scope.spawn(|| (tune(request, &search, &control).err(), std::time::Instant::now()));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(control.progress() < 0.9);
        control.cancel();
        let asked = std::time::Instant::now();
        let (error, end) = ended.join().unwrap();
        assert_eq!(error, Some(Error::Cancelled));
        assert!(end.saturating_duration_since(asked).as_millis() < 200);
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    let message = |rows: usize, grid: Value, options: Value| {
        attempt(&Clicks::new(rows), DecisionTree, grid, options).unwrap_err().to_string()
    };
    let depths = || json!({"max_depth": [2, 3]});
    assert_eq!(message(5, depths(), json!({})), "there are 4 rows to learn from, too few for 5 folds");
    assert_eq!(
        message(6, depths(), json!({"time_column": "at"})),
        "there are 5 rows to learn from, too few for 5 folds"
    );
    assert_eq!(
        message(300, depths(), json!({"group_columns": ["g"], "cv": 40})),
        "there are 30 groups to learn from, too few for 40 folds"
    );
    assert_eq!(message(300, depths(), json!({"metric": "rmse"})), "metric \"rmse\" is not one of a classification");
    assert_eq!(
        message(300, depths(), json!({"metric": "f1", "task": "regression"})),
        "metric \"f1\" is not one of a regression"
    );
    assert_eq!(
        message(300, depths(), json!({"search": "halving", "min_resources": 500})),
        "option \"min_resources\" is 500, but a fold has 192 rows to learn from"
    );
    assert_eq!(
        message(300, json!({"criterion": ["gini"]}), json!({"task": "regression"})),
        "this criterion needs a classification"
    );
}

#[test]
fn rare_classes_are_told_of() {
    let control = Control::default();
    let clicks = Clicks::new(400);
    let options = json!({"task": "classification"});
    let search = Search::parse(&json!({"max_depth": [2, 3]}), &options, DecisionTree).unwrap();
    let rare = |positives: usize| {
        let mut request = request(&clicks, DecisionTree, &search, &control);
        let y: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i < positives))).collect();
        request.table.columns[4] = Column::from_numbers("y", &y, &control).unwrap();
        tune(request, &search, &control)
    };
    let tuned = rare(4).unwrap();
    let said = |start: &str| tuned.outcome.notices.iter().any(|n| n.starts_with(start));
    assert!(said("some classes have fewer rows to learn from than there are folds (5): \"1\" (3)"));
    assert!(said("2 of 5 folds do not count because the roc_auc is undefined there: there is no positive row"));
    let mean = tuned.trials[0].folds.iter().flatten().sum::<f64>() / 3.0;
    assert!((tuned.trials[0].mean.unwrap() - mean).abs() < 1e-15);
    assert_eq!(rare(0).unwrap_err().to_string(), "no trial has a roc_auc to be compared by");
}
