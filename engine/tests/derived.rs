//! Features derived from a column: what training makes of the held-out rows, scoring makes of each row, bit for bit.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{train, Outcome, Request, SourceInput};
use orchard_engine::model::{decode_held, HeldActual, InputKind};
use orchard_engine::score::Moment;
use proptest::prelude::*;

fn input(name: &str, kind: InputKind, first: usize) -> SourceInput {
    SourceInput { name: name.into(), kind, integer: false, uuid: false, first, count: 1 }
}

/// Learn `target` from one column, which comes first in the table.
fn learn(mut columns: Vec<Column>, kind: InputKind, algorithm: Algorithm, options: &str) -> Outcome {
    let control = Control::default();
    let rows = columns[0].len();
    // Every row has a target of its own, by which it is known again.
    let ids: Vec<f64> = (0..rows).map(|r| r as f64 * 0.5).collect();
    columns.push(Column::from_numbers("y", &ids, &control).unwrap());
    let request = Request {
        inputs: vec![input("x", kind, 0)],
        target: Some(input("y", InputKind::Number, 1)),
        table: Table { columns, rows },
        weight: None,
        time: None,
        groups: Vec::new(),
        zone: Some("UTC".into()),
        algorithm,
        options: Options::parse(&serde_json::from_str(options).unwrap(), algorithm).unwrap(),
        previous: None,
    };
    train(request, &control).unwrap()
}

/// Compare the scores of the held-out rows with those of `row`, which fills a row from a row's number.
fn held_rows_score_alike(outcome: &Outcome, fill: impl Fn(usize, &mut [f64])) {
    let held = decode_held(outcome.held.as_ref().unwrap()).unwrap();
    let HeldActual::Number(ids) = &held.actual else { panic!("not a regression") };
    assert!(ids.len() > 10);
    for (id, score) in ids.iter().zip(&held.scores) {
        let mut row = vec![f64::NAN; outcome.scorer.model().features.len()];
        fill((id * 2.0) as usize, &mut row);
        let mut out = [f64::NAN];
        outcome.scorer.predict(&row, &mut out);
        assert_eq!(out[0].to_bits(), score.to_bits(), "row {}", id * 2.0);
    }
}

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome.scorer.model().features.iter().map(|f| f.name.as_str()).collect()
}

const QUICK: &str = r#"{"holdout": 0.4, "n_estimators": 12, "min_samples_leaf": 2, "early_stopping_rounds": 4}"#;
const TREE: &str = r#"{"holdout": 0.4, "min_samples_leaf": 1}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn moments_score_as_they_were_learned(
        seconds in prop::collection::vec(prop_oneof![
            8 => -4e9..4e9f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY), 1 => -6e10..9e12f64,
        ], 60..300),
        days in any::<bool>(),
        boosted in any::<bool>(),
    ) {
        let kind = if days { InputKind::Date } else { InputKind::Timestamptz };
        let values: Vec<f64> = seconds.iter().map(|&s| if days { (s / 86_400.0).floor() } else { s }).collect();
        let column = Column::from_numbers("x", &values, &Control::default()).unwrap();
        let outcome = match boosted {
            true => learn(vec![column], kind, Algorithm::GradientBoosting, QUICK),
            false => learn(vec![column], kind, Algorithm::DecisionTree, TREE),
        };
        let all = ["x", "x.month", "x.day", "x.weekday", "x.hour"];
        prop_assert_eq!(names(&outcome), &all[..if days { 4 } else { 5 }]);
        let model = outcome.scorer.model();
        prop_assert_eq!(model.zone(&model.inputs[0]), if days { None } else { Some("UTC") });
        let moment = Moment::new(&outcome.scorer, &model.inputs[0]).unwrap();
        held_rows_score_alike(&outcome, |r, row| moment.put(values[r], row));
    }
}

#[test]
fn parts_that_do_not_vary_are_no_features() {
    let make = |values: &[f64], kind, options: &str| {
        let column = Column::from_numbers("x", values, &Control::default()).unwrap();
        names(&learn(vec![column], kind, Algorithm::DecisionTree, options)).join(" ")
    };
    let midnights: Vec<f64> = (0..100).map(|i| f64::from(i) * 86_400.0).collect();
    assert_eq!(make(&midnights, InputKind::Timestamp, TREE), "x x.month x.day x.weekday");
    let sundays: Vec<f64> = (0..100).map(|i| f64::from(i) * 7.0 + 1.0).collect();
    assert_eq!(make(&sundays, InputKind::Date, TREE), "x x.month x.day");
    let missing: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { f64::NAN } else { 1e6 }).collect();
    assert_eq!(make(&missing, InputKind::Timestamp, TREE), "x", "what is missing is told by the moment itself");
    assert_eq!(make(&[f64::NAN; 20], InputKind::Date, TREE), "x");
    assert_eq!(make(&midnights, InputKind::Timestamp, r#"{"date_parts": false}"#), "x");
    assert_eq!(make(&midnights, InputKind::Number, TREE), "x");
}
