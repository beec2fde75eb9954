//! Ensembles: what members say and what is made of it, what must not change a model, and what is refused; and the search among learners.
#![allow(missing_docs)]

mod tables;

use std::sync::Arc;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::learn::tune::{auto, tune, Search};
use orchard_engine::model::{decode, Body, Ensemble, InputKind, Join};
use orchard_engine::score::{Batch, Level, Scorer};
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::{input, Clicks};

fn learn(clicks: &Clicks, algorithm: Algorithm, options: &Value) -> Outcome {
    let control = Control::default();
    train(clicks.request(algorithm, options, &control), &control).unwrap_or_else(|e| panic!("{options}: {e}"))
}

fn body(found: &Outcome) -> &Ensemble {
    found.scorer.model().body.as_ensemble().unwrap()
}

fn auc(found: &Outcome) -> f64 {
    found.metrics.iter().find(|m| m.name == "roc_auc").and_then(|m| m.value).unwrap()
}

const LIGHT: &str = r#"[{"algorithm": "gradient_boosting", "options": {"n_estimators": 25, "max_subset_levels": 4}}, "logistic_regression",
    {"algorithm": "random_forest", "options": {"n_estimators": 10, "min_category_rows": 30}}, {"algorithm": "knn", "options": {"max_categories": 5}}, "naive_bayes"]"#;

fn light() -> Value {
    serde_json::from_str(LIGHT).unwrap()
}

/// Rows of the table of clicks, as scoring takes them.
fn rows(scorer: &Scorer, count: usize) -> Vec<Vec<f64>> {
    let mut draw = tables::numbers(4);
    let mut next = move || draw.next().unwrap();
    let row = |i: usize| {
        let bid = [next(), f64::NAN, f64::INFINITY, -1e300][if i.is_multiple_of(4) { i / 4 % 4 } else { 0 }];
        let device = ["phone", "tablet", "desktop", "fridge"][i % 4];
        let ad = format!("ad-{:05}", (next() * 330.0) as usize);
        vec![bid, (next() * 24.0).floor(), scorer.category(2, device.as_bytes()), scorer.category(3, ad.as_bytes())]
    };
    let mut all: Vec<Vec<f64>> = (0..count).map(row).collect();
    all.push(vec![f64::NAN; 4]);
    all
}

#[test]
fn a_vote_is_the_weighted_mean_of_models_trained_alone() {
    let clicks = Clicks::new(3000);
    let weights = [3.0, 1.0, 0.5, 0.0, 2.0];
    let found = learn(&clicks, Algorithm::Voting, &json!({"estimators": light(), "weights": weights}));
    assert_eq!(body(&found).join, Join::Mean(weights.to_vec()));
    let alone: Vec<Outcome> = light()
        .as_array()
        .unwrap()
        .iter()
        .map(|own| {
            let name = own.as_str().or(own["algorithm"].as_str()).unwrap();
            learn(&clicks, Algorithm::parse(name, true).unwrap(), own.get("options").unwrap_or(&json!({})))
        })
        .collect();
    let all = rows(&found.scorer, 300);
    for (i, row) in all.iter().enumerate() {
        let mut out = [f64::NAN];
        found.scorer.predict(row, &mut out);
        // Each model reads the texts by levels of its own.
        let text = |feature: usize| {
            let levels = found.scorer.model().features[feature].encoding.levels();
            levels.get(row[feature] as usize).map_or("never seen", String::as_str)
        };
        let mut mean = 0.0;
        for (own, weight) in alone.iter().zip(weights) {
            let category = |f: usize| match row[f].is_nan() {
                true => f64::NAN,
                false => own.scorer.category(f, text(f).as_bytes()),
            };
            let mut said = [f64::NAN];
            own.scorer.predict(&[row[0], row[1], category(2), category(3)], &mut said);
            mean += weight * said[0];
        }
        mean /= weights.iter().sum::<f64>();
        assert!((mean - out[0]).abs() < 1e-15, "{i}: {mean} {}", out[0]);
    }
    // No level is kept that no member tells apart.
    let kept = found.scorer.model().features[3].encoding.levels().len();
    assert!(kept > 0 && kept < 300, "{kept}");
}

#[test]
fn many_rows_are_scored_as_one_by_one() {
    let clicks = Clicks::new(2500);
    for (algorithm, options) in [
        (Algorithm::Voting, json!({"estimators": light()})),
        (Algorithm::Stacking, json!({"estimators": light(), "folds": 3})),
    ] {
        let found = learn(&clicks, algorithm, &options);
        let copy = Scorer::new(decode(&found.bytes).unwrap());
        let all = rows(&copy, 1000);
        let columns: Vec<Vec<f64>> = (0..4).map(|f| all.iter().map(|row| row[f]).collect()).collect();
        let cells: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        for level in [Level::Scalar, orchard_engine::score::level()] {
            let mut out = vec![f64::NAN; all.len()];
            Batch::with_level(&copy, level).predict(&copy, &cells, &mut out);
            for (row, many) in all.iter().zip(&out) {
                let mut one = [f64::NAN];
                copy.predict(row, &mut one);
                assert!(one[0] == *many && (0.0..=1.0).contains(many), "{one:?} {many}");
            }
        }
        let other = score_columns(&found.scorer, &columns, &Control::default()).unwrap();
        assert!(other.iter().all(|p| (0.0..=1.0).contains(p)));
        assert!(copy.nanoseconds() > copy.members().map(Scorer::nanoseconds).sum::<f64>());
        assert!(copy.memory() > copy.members().map(Scorer::memory).sum::<usize>());
        assert!((0..4).all(|f| copy.uses(f)));
    }
}

#[test]
fn neither_threads_nor_the_order_of_rows_change_a_model() {
    let rows = 1500;
    let mut draw = tables::numbers(9);
    let mut next = || draw.next().unwrap();
    let x: Vec<f64> = (0..rows).map(|_| (next() * 40.0).floor()).collect();
    let level: Vec<usize> = (0..rows).map(|_| (next() * 40.0) as usize).collect();
    let words: Vec<String> =
        (0..rows).map(|_| ["red", "blue", "old", "new"][(next() * 4.0) as usize].to_owned() + " shoes").collect();
    let y: Vec<f64> = x.iter().zip(&level).map(|(x, l)| x + *l as f64 / 4.0 + next()).collect();
    for (algorithm, options) in [
        (Algorithm::Voting, json!({"estimators": ["gradient_boosting", "knn", "ridge"]})),
        (
            Algorithm::Stacking,
            json!({"text_columns": ["words"], "estimators": [{"algorithm": "gradient_boosting", "options": {"n_estimators": 30}}, "ridge", {"algorithm": "extra_trees", "options": {"n_estimators": 8}}, "knn"]}),
        ),
        (
            Algorithm::Stacking,
            json!({"time_column": "x", "folds": 3, "refit": true, "estimators": ["decision_tree", "ridge"]}),
        ),
    ] {
        let learn = |turned: bool, threads: usize| {
            let control = Control::default();
            let order: Vec<usize> = if turned { (0..rows).rev().collect() } else { (0..rows).collect() };
            let names: Vec<String> = level.iter().map(|l| format!("level {l}")).collect();
            let texts: Vec<Option<&str>> = order.iter().map(|r| Some(names[*r].as_str())).collect();
            let notes: Vec<Option<&str>> = order.iter().map(|r| Some(words[*r].as_str())).collect();
            let of = |values: &[f64]| order.iter().map(|r| values[*r]).collect::<Vec<f64>>();
            let columns = vec![
                Column::from_numbers("x", &of(&x), &control).unwrap(),
                Column::from_texts("level", &texts, &control).unwrap(),
                Column::from_texts("words", &notes, &control).unwrap(),
                Column::from_numbers("y", &of(&y), &control).unwrap(),
            ];
            let inputs = vec![
                input(0, "x", InputKind::Number),
                input(1, "level", InputKind::Category),
                input(2, "words", InputKind::Category),
            ];
            let parsed = Options::parse(&options, algorithm).unwrap();
            let time = parsed.time_column.as_ref().map(|_| 0);
            let request = tables::request(Table { rows, columns }, inputs, algorithm, parsed);
            let request = Request { target: Some(input(3, "y", InputKind::Number)), time, ..request };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(request, &control)).unwrap_or_else(|e| panic!("{options}: {e}"))
        };
        let (one, other) = (learn(false, 1), learn(true, 3));
        assert!(one.bytes == other.bytes, "{options}");
        let r2 = one.metrics.iter().find(|m| m.name == "r2").and_then(|m| m.value).unwrap();
        assert!(options.get("time_column").is_some() || r2 > 0.9, "{options} {r2}");
    }
}

#[test]
fn a_stack_is_no_worse_than_its_members() {
    let clicks = Clicks::new(6000);
    let found = learn(&clicks, Algorithm::Stacking, &json!({"importance": true}));
    let names: Vec<&str> = body(&found).members.iter().map(|m| m.algorithm.as_str()).collect();
    assert_eq!(names, ["gradient_boosting", "random_forest", "logistic_regression"]);
    let Join::Model(last) = &body(&found).join else { panic!("no model") };
    assert!(matches!(last.body, Body::Additive(_)) && last.features[1].name == "random_forest");
    let best = [Algorithm::GradientBoosting, Algorithm::RandomForest, Algorithm::LogisticRegression]
        .into_iter()
        .map(|algorithm| auc(&learn(&clicks, algorithm, &json!({}))))
        .fold(0.0, f64::max);
    assert!(auc(&found) > best - 0.005, "{} {best}", auc(&found));
    assert_eq!(found.baseline.features.len(), 4);
    assert!(found.importance.is_some() && found.insight.overfitting.is_none(), "{:?}", found.insight.overfitting);
    assert!(orchard_engine::judge::coefficients::coefficients(found.scorer.model()).unwrap().len() == 4);
}

#[test]
fn hard_tables_have_answers() {
    let hard = [f64::INFINITY, f64::NAN, 1e308, -1e308, f64::NEG_INFINITY, 3.0, 5e-324, 0.0, -0.0, 7.0];
    let control = Control::default();
    let tables: Vec<(&str, Vec<f64>, Vec<f64>)> = vec![
        ("hard", hard.to_vec(), (0..10).map(|i| f64::from(i % 2)).collect()),
        ("constant", vec![4.0; 10], (0..10).map(|i| f64::from(i % 2)).collect()),
        ("missing", vec![f64::NAN; 10], (0..10).map(|i| f64::from(i / 5)).collect()),
        ("numbers", (0..10).map(f64::from).collect(), hard.to_vec()),
        ("large", (0..10).map(f64::from).collect(), (0..10).map(|i| f64::from(i) * 1e140).collect()),
    ];
    for algorithm in [Algorithm::Voting, Algorithm::Stacking] {
        for (name, x, y) in &tables {
            for rows in [1, 2, 5, 10] {
                let members = json!(["decision_tree", "gradient_boosting", "knn"]);
                let task = if matches!(*name, "numbers" | "large") { "regression" } else { "classification" };
                let options =
                    Options::parse(&json!({"holdout": 0, "estimators": members, "task": task}), algorithm).unwrap();
                let columns = vec![
                    Column::from_numbers("x", &x[..rows], &control).unwrap(),
                    Column::from_numbers("y", &y[..rows], &control).unwrap(),
                ];
                let inputs = vec![input(0, "x", InputKind::Number)];
                let request = tables::request(Table { rows, columns }, inputs, algorithm, options);
                let request = Request { target: Some(input(1, "y", InputKind::Number)), ..request };
                match train(request, &control) {
                    Ok(found) => {
                        for cell in hard {
                            let mut out = [f64::NAN];
                            found.scorer.predict(&[cell], &mut out);
                            assert!(out[0].is_finite(), "{algorithm:?} {name} {rows}: {cell} {}", out[0]);
                        }
                    }
                    Err(Error::InvalidData { .. }) => {
                        assert!(rows < 10 || *name == "numbers", "{algorithm:?} {name} {rows}")
                    }
                    Err(other) => panic!("{algorithm:?} {name} {rows}: {other}"),
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let refused = |options: Value, algorithm: Algorithm| match Options::parse(&options, algorithm) {
        Err(Error::InvalidOption { message, .. }) => message,
        other => panic!("{options} gave {other:?}"),
    };
    let voting = |options: Value| refused(options, Algorithm::Voting);
    for (estimators, message) in [
        (json!("knn"), "option \"estimators\" must be an array of algorithms"),
        (json!(["knn"]), "option \"estimators\" names 1, but an ensemble has from 2 to 100"),
        (json!(["knn", 3]), "estimator 2 must be a name or an object"),
        (json!(["knn", {}]), "estimator 2 names no algorithm"),
        (json!(["knn", "auto"]), "estimator 2 cannot be \"auto\""),
        (json!(["knn", {"algorithm": "ridge", "option": {}}]), "estimator 2 has an unrecognized key \"option\""),
        (
            json!(["knn", {"algorithm": "ridge", "options": 3}]),
            "the options of estimator 2 (ridge) must be a JSON object",
        ),
        (json!(["knn", "forest"]), "estimator 2: unrecognized algorithm \"forest\""),
        (json!(["knn", "kmeans"]), "estimator 2 (kmeans) cannot be a member of voting"),
        (json!(["stacking", "knn"]), "estimator 1 (stacking) cannot be a member of voting"),
        (json!(["knn", {"algorithm": "knn", "options": {"kk": 3}}]), "estimator 2 (knn): unrecognized option \"kk\""),
        (
            json!(["knn", {"algorithm": "knn", "options": {"seed": 3}}]),
            "estimator 2 (knn): option \"seed\" is not one of a single estimator",
        ),
        (
            json!(["knn", {"algorithm": "knn", "options": {"n_neighbors": 0}}]),
            "estimator 2 (knn): option \"n_neighbors\" must be an integer between 1 and",
        ),
        (
            json!(["logistic_regression", "ridge"]),
            "estimator 2 (ridge) is for a regression, but estimator 1 (logistic_regression) for a classification",
        ),
    ] {
        let found = voting(json!({"estimators": estimators}));
        assert!(found.starts_with(message), "{found}");
    }
    let two = json!(["knn", "decision_tree"]);
    assert_eq!(voting(json!({"estimators": two, "weights": [1]})), "option \"weights\" has 1 numbers for 2 estimators");
    assert_eq!(voting(json!({"estimators": two, "weights": [0, 0]})), "all numbers of option \"weights\" are 0");
    assert!(voting(json!({"estimators": two, "weights": [1, -1]})).starts_with("option \"weights\" must be an array"));
    assert!(voting(json!({"estimators": two, "min_group": 5})).starts_with("estimator 1 (knn): option \"min_group\""));
    assert!(
        voting(json!({"estimators": ["ridge", "knn"], "task": "classification"})).contains("but the option \"task\"")
    );
    assert_eq!(voting(json!({"folds": 3})), "option \"folds\" is not an option of voting");
    assert!(refused(json!({"weights": [1, 2, 3]}), Algorithm::Stacking).contains("not an option of stacking"));
    assert!(
        voting(json!({"estimators": ["knn", "naive_bayes"], "class_weight": "balanced"})).starts_with("no estimator")
    );
    assert!(voting(json!({"time_budget": 3})).contains("is an option of auto alone"));
    let parsed = Options::parse(&json!({"estimators": ["knn", "ridge"]}), Algorithm::Stacking).unwrap();
    assert_eq!(parsed.task.as_deref(), Some("regression"));
}

#[test]
fn an_ensemble_can_be_tuned_and_refitted() {
    let control = Control::default();
    let clicks = Clicks::new(1500);
    let search = Search::parse(
        &json!({"weights": [[1, 0], [0, 1], [1, 1]]}),
        &json!({"estimators": [{"algorithm": "decision_tree", "options": {"max_depth": 4}}, "logistic_regression"], "cv": 2}),
        Algorithm::Voting,
    )
    .unwrap();
    let found = tune(clicks.request(Algorithm::Voting, &json!({}), &control), &search, &control).unwrap();
    assert_eq!(found.trials.len(), 3);
    assert_eq!(found.outcome.training_rows, 1500);
    assert_eq!(found.outcome.insight.leaderboard.len(), 3);
    assert!(found.outcome.insight.leaderboard[0].chosen && found.outcome.insight.leaderboard[0].rank == 1);
    assert!(!found.outcome.scorer.model().features[3].encoding.levels().is_empty());
}

#[test]
fn a_search_finds_a_learner_in_its_time() {
    let control = Control::default();
    let clicks = Clicks::new(1200);
    let options = json!({"exclude": ["ad"]});
    let request = || clicks.request(Algorithm::GradientBoosting, &json!({"exclude": ["ad"], "refit": true}), &control);
    let found = auto(request(), &options, 5.0, false, &control).unwrap();
    let board = &found.outcome.insight.leaderboard;
    assert!(board.len() > 2, "{board:?}");
    assert!(board[0].chosen && board[0].score.is_some() && board.iter().filter(|s| s.chosen).count() == 1);
    assert!(board.windows(2).all(|w| w[1].score.is_none() || w[0].score >= w[1].score));
    assert_eq!(board[0].algorithm, found.algorithm.name());
    assert_eq!((found.options["refit"].as_bool(), found.options["exclude"].clone()), (Some(true), json!(["ad"])));
    assert!(auc(&found.outcome) > 0.6);
    control.check().unwrap();
    // No time at all: the default.
    let found = auto(request(), &options, 1e-9, false, &control).unwrap();
    assert_eq!((found.algorithm, found.options["refit"].as_bool()), (Algorithm::GradientBoosting, Some(true)));
    assert!(
        found.outcome.notices.iter().any(|n| n.starts_with("no learner was judged within")),
        "{:?}",
        found.outcome.notices
    );
    // Few rows.
    let few = Clicks::new(20);
    let request = few.request(Algorithm::RandomForest, &json!({"refit": true}), &control);
    let found = auto(request, &json!({}), 9.0, false, &control).unwrap();
    assert!(found.outcome.notices.iter().any(|n| n.contains("too few rows")), "{:?}", found.outcome.notices);
    assert!(found.outcome.insight.leaderboard.is_empty());
    // A cancel ends it.
    let stopped = Control::default();
    stopped.cancel();
    let request = clicks.request(Algorithm::GradientBoosting, &json!({}), &Control::default());
    assert!(matches!(auto(request, &json!({}), 9.0, false, &stopped), Err(Error::Cancelled)));
}

#[test]
fn members_are_shared_and_not_copied() {
    let found = learn(&Clicks::new(500), Algorithm::Voting, &json!({"estimators": ["decision_tree", "naive_bayes"]}));
    let member = &body(&found).members[0].model;
    assert!(Arc::strong_count(member) >= 2);
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Train on some of the rows of the fixture.
fn of_fixture(
    fixture: &Value,
    target: &str,
    algorithm: Algorithm,
    options: &Value,
    row: impl Fn(usize) -> bool,
) -> Scorer {
    let control = Control::default();
    let count = fixture["columns"]["x"].as_array().unwrap().len();
    let rows: Vec<usize> = (0..count).filter(|r| row(*r)).collect();
    let pick = |name: &str| -> Vec<f64> {
        let all = numbers(&fixture["columns"][name]);
        rows.iter().map(|r| all[*r]).collect()
    };
    let mut columns: Vec<Column> =
        ["x", "y", "z"].iter().map(|name| Column::from_numbers(name, &pick(name), &control).unwrap()).collect();
    let is_number = target == "value";
    columns.push(if is_number {
        Column::from_numbers(target, &pick(target), &control).unwrap()
    } else {
        let texts = fixture["columns"][target].as_array().unwrap();
        let texts: Vec<Option<&str>> = rows.iter().map(|r| texts[*r].as_str()).collect();
        Column::from_texts(target, &texts, &control).unwrap()
    });
    let inputs = ["x", "y", "z"].iter().enumerate().map(|(i, name)| input(i, name, InputKind::Number)).collect();
    let parsed = Options::parse(options, algorithm).unwrap();
    let request = tables::request(Table { rows: rows.len(), columns }, inputs, algorithm, parsed);
    let kind = if is_number { InputKind::Number } else { InputKind::Category };
    train(Request { target: Some(input(3, target, kind)), ..request }, &control).unwrap().scorer
}

fn estimators(target: &str) -> Value {
    match target {
        "value" => json!(["ridge", {"algorithm": "knn", "options": {"n_neighbors": 9, "weights": "distance"}}]),
        _ => json!(["naive_bayes", {"algorithm": "knn", "options": {"n_neighbors": 9}}, "logistic_regression"]),
    }
}

#[test]
fn votes_are_those_of_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/ensembles.json")).unwrap();
    let asked: Vec<Vec<f64>> = fixture["asked"].as_array().unwrap().iter().map(numbers).collect();
    for case in fixture["votes"].as_array().unwrap() {
        let target = case["target"].as_str().unwrap();
        let mut options = json!({"holdout": 0, "estimators": estimators(target)});
        if !case["weights"].is_null() {
            options["weights"] = case["weights"].clone();
        }
        let scorer = of_fixture(&fixture, target, Algorithm::Voting, &options, |_| true);
        let own = score_columns(&scorer, &asked, &Control::default()).unwrap();
        let expected = numbers(&case["said"]);
        // Of two classes the second is told.
        let step = expected.len() / own.len();
        for (row, own) in own.iter().enumerate() {
            let expected = expected[row * step + step - 1];
            let shown = (target, &case["weights"], row);
            assert!((own - expected).abs() < 1e-7 * expected.abs().max(1.0), "{shown:?}: {own}, not {expected}");
        }
    }
}

#[test]
fn stacks_are_as_good_as_those_of_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/ensembles.json")).unwrap();
    for case in fixture["stacks"].as_array().unwrap() {
        let target = case["target"].as_str().unwrap();
        let options = json!({"holdout": 0, "estimators": estimators(target)});
        let scorer = of_fixture(&fixture, target, Algorithm::Stacking, &options, |r| r % 3 > 0);
        let new: Vec<usize> = (0..600).filter(|r| r % 3 == 0).collect();
        let columns: Vec<Vec<f64>> = ["x", "y", "z"]
            .iter()
            .map(|name| {
                let all = numbers(&fixture["columns"][name]);
                new.iter().map(|r| all[*r]).collect()
            })
            .collect();
        let said = score_columns(&scorer, &columns, &Control::default()).unwrap();
        let score = if target == "value" {
            let all = numbers(&fixture["columns"]["value"]);
            let truth: Vec<f64> = new.iter().map(|r| all[*r]).collect();
            orchard_engine::judge::regression(&said, &truth, None).into_iter().find(|m| m.name == "r2")
        } else {
            let labels = fixture["columns"]["two"].as_array().unwrap();
            let truth: Vec<bool> = new.iter().map(|r| labels[*r] == json!("yes")).collect();
            orchard_engine::judge::binary(&said, &truth, None, 0.5).into_iter().find(|m| m.name == "roc_auc")
        };
        let (score, expected) = (score.unwrap().value.unwrap(), case["score"].as_f64().unwrap());
        assert!(score > expected - 0.005, "{target}: {score}, not {expected}");
    }
}
