//! Features derived from a column: what training makes of the held-out rows, scoring makes of each row, bit for bit.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::{tokens::tokens, Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{train, Outcome, Request, SourceInput};
use orchard_engine::model::{decode_held, Body, Encoding, HeldActual, InputKind};
use orchard_engine::score::{Moment, Text};
use proptest::prelude::*;

fn input(name: &str, kind: InputKind, first: usize) -> SourceInput {
    SourceInput { name: name.into(), kind, integer: false, uuid: false, fixed: false, first, count: 1 }
}

/// Learn `target` from one column, which comes first in the table.
fn learn(columns: Vec<Column>, kind: InputKind, algorithm: Algorithm, options: &str) -> Outcome {
    // Every row has a target of its own, by which it is known again.
    let ids: Vec<f64> = (0..columns[0].len()).map(|r| r as f64 * 0.5).collect();
    learn_target(columns, kind, algorithm, options, &ids)
}

fn learn_target(
    mut columns: Vec<Column>,
    kind: InputKind,
    algorithm: Algorithm,
    options: &str,
    target: &[f64],
) -> Outcome {
    let control = Control::default();
    let rows = columns[0].len();
    columns.push(Column::from_numbers("y", target, &control).unwrap());
    let request = Request {
        inputs: vec![input("x", kind, 0)],
        target: Some(input("y", InputKind::Number, 1)),
        table: Table { columns, rows },
        weight: None,
        exposure: None,
        offset: None,
        time: None,
        groups: Vec::new(),
        zone: Some("UTC".into()),
        algorithm,
        options: Options::parse(&serde_json::from_str(options).unwrap(), algorithm).unwrap(),
        beside: Vec::new(),
        previous: None,
        value: None,
        treatment: None,
        old_segments: None,
        former: None,
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

const QUICK_TEXT: &str =
    r#"{"holdout": 0.4, "n_estimators": 12, "min_samples_leaf": 2, "early_stopping_rounds": 4, "text_columns": ["x"]}"#;
const TREE_TEXT: &str = r#"{"holdout": 0.4, "min_samples_leaf": 1, "text_columns": ["x"], "max_text_features": 6}"#;

fn texts(texts: &[Option<String>]) -> Vec<Column> {
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    vec![Column::from_texts("x", &texts, &Control::default()).unwrap()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn texts_score_as_they_were_learned(
        rows in prop::collection::vec(prop::option::weighted(0.9, "([ab] |c, |C\\.|Dé-|跑步|🔥|x\u{301}y ){0,12}"), 60..200),
        boosted in any::<bool>(),
    ) {
        let outcome = match boosted {
            true => learn(texts(&rows), InputKind::Category, Algorithm::GradientBoosting, QUICK_TEXT),
            false => learn(texts(&rows), InputKind::Category, Algorithm::DecisionTree, TREE_TEXT),
        };
        let model = outcome.scorer.model();
        prop_assert_eq!(model.inputs[0].kind, InputKind::Text);
        let names = names(&outcome);
        prop_assert_eq!(names[0], "x.words");
        prop_assert!(boosted || names.len() <= 7, "{:?}", names);
        prop_assert!(names.len() > 3 && names[1..].is_sorted() && names[1..].iter().all(|n| n.starts_with("x:")), "{:?}", names);
        let text = Text::new(&outcome.scorer, &model.inputs[0]).unwrap();
        held_rows_score_alike(&outcome, |r, row| rows[r].iter().for_each(|t| text.put(t.as_bytes(), row)));
        // A naive count of tokens gives the same weights.
        for row_text in rows.iter().flatten() {
            let mut row = vec![f64::NAN; names.len()];
            text.put(row_text.as_bytes(), &mut row);
            let mut found = Vec::new();
            let words = tokens(row_text.as_bytes(), |t| found.push(t.to_vec()));
            prop_assert_eq!(row[0], f64::from(words));
            for (feature, value) in model.features.iter().zip(&row).skip(1) {
                let Encoding::Token { token, idf } = &feature.encoding else { panic!("not a token") };
                let occurs = found.iter().filter(|t| *t == token.as_bytes()).count();
                let used = outcome.scorer.uses(model.features.iter().position(|f| f.name == feature.name).unwrap());
                prop_assert_eq!(*value, if used { occurs as f64 * idf } else { 0.0 });
            }
        }
    }
}

/// 400 texts in which "gold" makes the target large, "the" is everywhere, and thirty words mean nothing.
fn adverts() -> (Vec<Option<String>>, Vec<f64>) {
    let mut state = 5u64;
    let mut random = move |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let text = |i: usize, random: &mut dyn FnMut(u64) -> u64| {
        let mut text = format!("The offer no{i}");
        (0..5).for_each(|_| text += &format!(" word{}", random(30)));
        text + if i.is_multiple_of(10) { " GOLD!" } else { "" }
    };
    let texts: Vec<Option<String>> = (0..400).map(|i| Some(text(i, &mut random))).collect();
    let target = (0..400).map(|i| f64::from(i % 10 == 0) * 10.0 + (i % 7) as f64).collect();
    (texts, target)
}

#[test]
fn the_vocabulary_is_what_is_frequent_and_what_tells() {
    let (rows, target) = adverts();
    let options = r#"{"holdout": 0, "text_columns": ["x"], "max_text_features": 4}"#;
    let outcome = learn_target(texts(&rows), InputKind::Category, Algorithm::DecisionTree, options, &target);
    let names = names(&outcome);
    assert_eq!(names.len(), 5, "not \"the\" and \"offer\", which are in every row: {names:?}");
    assert_eq!(names[0], "x.words");
    assert!(names.contains(&"x:gold"), "{names:?}");
    let wide = r#"{"holdout": 0, "text_columns": ["x"], "max_text_features": 1000}"#;
    let outcome = learn_target(texts(&rows), InputKind::Category, Algorithm::DecisionTree, wide, &target);
    assert_eq!(outcome.scorer.model().features.len(), 32, "words, gold and thirty others; not those of one row");
    // scikit-learn's TfidfVectorizer: ln((1 + 400) / (1 + 40)) + 1
    let gold = outcome.scorer.model().features.iter().find(|f| f.name == "x:gold").unwrap();
    let Encoding::Token { token, idf } = &gold.encoding else { panic!("not a token") };
    assert_eq!(token, "gold");
    assert!((idf - 3.280_389_360_6).abs() < 1e-9, "{idf}");
    let stats = &gold.stats;
    assert_eq!((stats.missing, stats.minimum, stats.maximum), (0, 0.0, *idf));
    assert!((stats.mean - idf / 10.0).abs() < 1e-9);
}

/// Folds that find the number of iterations must not be judged by words that were chosen by their own rows.
#[test]
fn words_that_mean_nothing_make_few_trees() {
    let mut state = 11u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = || (0..10).map(|_| format!("word{} ", (random().powi(2) * 600.0) as u32)).collect::<String>();
    let rows: Vec<Option<String>> = (0..3000).map(|_| Some(text())).collect();
    let target: Vec<f64> = (0..3000).map(|_| f64::from(random() < 0.3)).collect();
    let options = r#"{"holdout": 0, "text_columns": ["x"], "n_estimators": 100}"#;
    let outcome = learn_target(texts(&rows), InputKind::Category, Algorithm::GradientBoosting, options, &target);
    let Body::Trees(trees) = &outcome.scorer.model().body else { panic!("no trees") };
    assert!(trees.roots.len() <= 10, "{} trees", trees.roots.len());
}

#[test]
fn the_order_of_rows_does_not_change_a_model_of_text() {
    let (rows, target) = adverts();
    let options = r#"{"text_columns": ["x"], "max_text_features": 7, "n_estimators": 5, "early_stopping_rounds": 2}"#;
    let make = |order: &[usize]| {
        let rows: Vec<Option<String>> = order.iter().map(|&i| rows[i].clone()).collect();
        let target: Vec<f64> = order.iter().map(|&i| target[i]).collect();
        learn_target(texts(&rows), InputKind::Category, Algorithm::GradientBoosting, options, &target).bytes
    };
    let forward: Vec<usize> = (0..rows.len()).collect();
    let other: Vec<usize> = (0..rows.len()).map(|i| (i * 37 + 11) % rows.len()).collect();
    assert_eq!(make(&forward), make(&other));
}

#[test]
fn training_on_text_stops_when_it_should() {
    let (rows, target) = adverts();
    let request = |control: &Control| {
        let own: Vec<Option<&str>> = rows.iter().map(Option::as_deref).collect();
        let columns =
            vec![Column::from_texts("x", &own, control).unwrap(), Column::from_numbers("y", &target, control).unwrap()];
        Request {
            inputs: vec![input("x", InputKind::Category, 0)],
            target: Some(input("y", InputKind::Number, 1)),
            table: Table { columns, rows: rows.len() },
            weight: None,
            exposure: None,
            offset: None,
            time: None,
            groups: Vec::new(),
            zone: None,
            algorithm: Algorithm::DecisionTree,
            options: Options::parse(&serde_json::json!({"text_columns": ["x"]}), Algorithm::DecisionTree).unwrap(),
            beside: Vec::new(),
            previous: None,
            value: None,
            treatment: None,
            old_segments: None,
            former: None,
        }
    };
    let free = Control::default();
    let whole = request(&free);
    let read = free.used();
    train(whole, &free).unwrap();
    // Whatever is the limit, memory is refused, never taken beyond it.
    let whole = free.peak();
    for part in 1..40 {
        let control = Control::new(read + (whole - read) * part / 40);
        match train(request(&control), &control) {
            Err(orchard_engine::Error::OutOfMemory { .. }) => {}
            other => assert!(other.is_ok()),
        }
        assert!(control.peak() <= read + (whole - read) * part / 40);
    }
    let control = Control::default();
    let cancelled = request(&control);
    control.cancel();
    assert!(matches!(train(cancelled, &control), Err(orchard_engine::Error::Cancelled)));
}

#[test]
fn a_number_is_no_text() {
    let control = Control::default();
    let column = Column::from_numbers("x", &[1.0, 2.0, 3.0], &control).unwrap();
    let table = Table { columns: vec![column], rows: 3 };
    let request = Request {
        inputs: vec![input("x", InputKind::Number, 0)],
        target: None,
        table,
        weight: None,
        exposure: None,
        offset: None,
        time: None,
        groups: Vec::new(),
        zone: None,
        algorithm: Algorithm::DecisionTree,
        options: Options::parse(&serde_json::json!({"text_columns": ["x"]}), Algorithm::DecisionTree).unwrap(),
        beside: Vec::new(),
        previous: None,
        value: None,
        treatment: None,
        old_segments: None,
        former: None,
    };
    let error = train(request, &control).unwrap_err().to_string();
    assert!(error.contains("column \"x\" of option \"text_columns\" is not a text"), "{error}");
}
