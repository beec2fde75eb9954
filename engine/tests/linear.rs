//! Linear models: the coefficients of statsmodels, the predictions of scikit-learn, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::judge::shap::{columns, Shap};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::model::additive::Part;
use orchard_engine::model::{Additive, Body, Coefficient, Encoding, InputKind, Term};
use orchard_engine::Error;
use proptest::prelude::*;
use serde_json::{json, Value};
use tables::{input, numbers};

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/linear.json")).unwrap()
}

/// Named columns of numbers or texts.
#[derive(Clone, Default)]
struct Rows {
    numbers: Vec<(String, Vec<f64>)>,
    texts: Vec<(String, Vec<Option<String>>)>,
}

impl Rows {
    fn of(fixture: &Value, names: &[&str]) -> Rows {
        let mut rows = Rows::default();
        for name in names {
            let values = fixture["columns"][*name].as_array().unwrap();
            if values.iter().any(Value::is_string) {
                rows.texts.push(((*name).into(), values.iter().map(|v| v.as_str().map(str::to_owned)).collect()));
            } else {
                rows.numbers.push(((*name).into(), values.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()));
            }
        }
        rows
    }

    fn len(&self) -> usize {
        self.numbers.first().map_or_else(|| self.texts[0].1.len(), |c| c.1.len())
    }

    /// A training whose target, weights and exposures are columns by their names.
    fn request(&self, order: &[usize], target: &str, algorithm: Algorithm, options: &Value) -> (Request, Control) {
        let control = Control::default();
        let (mut columns, mut inputs) = (Vec::new(), Vec::new());
        for (name, column) in &self.numbers {
            inputs.push(input(columns.len(), name, InputKind::Number));
            let own: Vec<f64> = order.iter().map(|r| column[*r]).collect();
            columns.push(Column::from_numbers(name, &own, &control).unwrap());
        }
        for (name, column) in &self.texts {
            inputs.push(input(columns.len(), name, InputKind::Category));
            let own: Vec<Option<&str>> = order.iter().map(|r| column[*r].as_deref()).collect();
            columns.push(Column::from_texts(name, &own, &control).unwrap());
        }
        let options = Options::parse(options, algorithm).unwrap();
        let place = |name: &str| inputs.iter().position(|i| i.name == name);
        let (weight, exposure) =
            (options.sample_weight.as_deref().and_then(place), options.exposure.as_deref().and_then(place));
        let own = inputs.remove(place(target).unwrap());
        let beside = [options.sample_weight.clone(), options.exposure.clone()];
        inputs.retain(|i| beside.iter().flatten().all(|b| *b != i.name));
        let request = tables::request(Table { rows: order.len(), columns }, inputs, algorithm, options);
        (Request { target: Some(own), weight, exposure, ..request }, control)
    }

    fn try_learn(&self, target: &str, algorithm: Algorithm, options: &Value) -> Result<Outcome, Error> {
        let order: Vec<usize> = (0..self.len()).collect();
        let (request, control) = self.request(&order, target, algorithm, options);
        train(request, &control)
    }

    fn learn(&self, target: &str, algorithm: Algorithm, options: &Value) -> Outcome {
        self.try_learn(target, algorithm, options).unwrap()
    }

    /// What a model says of the rows, in their order.
    fn scores(&self, found: &Outcome) -> Vec<f64> {
        let model = found.scorer.model();
        let cells: Vec<Vec<f64>> = model
            .inputs
            .iter()
            .enumerate()
            .map(|(feature, input)| match self.numbers.iter().find(|c| c.0 == input.name) {
                Some((_, column)) => column.clone(),
                None => {
                    let column = &self.texts.iter().find(|c| c.0 == input.name).unwrap().1;
                    let place = |t: &String| found.scorer.category(feature, t.as_bytes());
                    column.iter().map(|t| t.as_ref().map_or(f64::NAN, place)).collect()
                }
            })
            .collect();
        score_columns(&found.scorer, &cells, &Control::default()).unwrap()
    }
}

fn body(found: &Outcome) -> &Additive {
    match &found.scorer.model().body {
        Body::Additive(body) => body,
        _ => panic!("no sum"),
    }
}

/// The coefficient of `device phone`, `age missing`, `bid` or `intercept`.
fn coefficient<'a>(found: &'a Outcome, name: &str) -> &'a Coefficient {
    let (feature, level) = name.split_once(' ').unwrap_or((name, ""));
    let model = found.scorer.model();
    let at = model.features.iter().position(|f| f.name == feature).map_or(Coefficient::INTERCEPT, |at| at as u32);
    let of = match (level, model.features.get(at as usize).map(|f| &f.encoding)) {
        ("", _) => Part::Whole,
        ("missing", _) => Part::Missing,
        (level, Some(Encoding::Category { levels })) => {
            Part::Level(levels.iter().position(|l| l == level).unwrap() as u32)
        }
        _ => panic!("{name}"),
    };
    body(found).coefficients.iter().find(|c| c.feature == at && c.of == of).unwrap_or_else(|| panic!("{name}"))
}

fn near(found: f64, expected: f64, apart: f64, what: &str) {
    assert!((found - expected).abs() <= apart * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

/// What there is to learn from.
const COLUMNS: [&str; 3] = ["bid", "age", "device"];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    COLUMNS.iter().chain(more).copied().collect()
}

#[test]
fn coefficients_and_standard_errors_are_those_of_statsmodels() {
    use Algorithm::{Glm, LinearRegression, LogisticRegression};
    let fixture = fixture();
    let plain = json!({"holdout": 0, "min_category_rows": 1});
    let more = |key: &str, value: Value| {
        let mut options = plain.clone();
        options[key] = value;
        options
    };
    let free = |more: Value| {
        let mut options = json!({"holdout": 0, "min_category_rows": 1, "alpha": 0, "tol": 1e-12});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    let cases: [(&str, &str, &[&'static str], Algorithm, Value); 8] = [
        ("least_squares", "value", &["value"], LinearRegression, plain.clone()),
        (
            "least_squares_weighted",
            "value",
            &["value", "weight"],
            LinearRegression,
            more("sample_weight", json!("weight")),
        ),
        ("logistic", "clicked", &["clicked"], LogisticRegression, free(json!({}))),
        (
            "logistic_weighted",
            "clicked",
            &["clicked", "weight"],
            LogisticRegression,
            free(json!({"sample_weight": "weight"})),
        ),
        ("poisson", "orders", &["orders"], Glm, free(json!({}))),
        ("poisson_exposure", "orders", &["orders", "shown"], Glm, free(json!({"exposure": "shown"}))),
        ("gamma", "amount", &["amount"], Glm, free(json!({"objective": "gamma"}))),
        ("tweedie", "spent", &["spent"], Glm, free(json!({"objective": "tweedie"}))),
    ];
    for (name, target, columns, algorithm, options) in cases {
        let found = Rows::of(&fixture, &with(columns)).learn(target, algorithm, &options);
        let expected = &fixture[name];
        let weighted = name.ends_with("weighted");
        for (key, values) in expected.as_object().unwrap() {
            // With weights another level can be that of the most rows.
            let compared = !(weighted && (key == "intercept" || key.starts_with("device")));
            if let (Some([value, error, _]), true) = (values.as_array().map(Vec::as_slice), compared) {
                let own = coefficient(&found, key);
                near(own.value, value.as_f64().unwrap(), 1e-8, &format!("{name} {key}"));
                near(own.std_error.unwrap(), error.as_f64().unwrap(), 1e-6, &format!("error of {name} {key}"));
            }
        }
        if let Some([deviance, null]) = expected["deviance"].as_array().map(Vec::as_slice) {
            near(body(&found).fit.deviance, deviance.as_f64().unwrap(), 1e-9, name);
            near(body(&found).fit.null_deviance, null.as_f64().unwrap(), 1e-9, name);
        }
    }
}

#[test]
fn predictions_are_those_of_scikit_learn() {
    use Algorithm::{ElasticNet, Lasso, LogisticRegression, Ridge};
    let fixture = fixture();
    let cases: [(&str, &str, Algorithm, Value); 7] = [
        ("logistic_1", "clicked", LogisticRegression, json!({})),
        ("logistic_l1", "clicked", LogisticRegression, json!({"alpha": 2, "l1_ratio": 0.7})),
        ("multinomial", "basket", LogisticRegression, json!({})),
        ("multinomial_weighted", "basket", LogisticRegression, json!({"alpha": 0.5, "sample_weight": "weight"})),
        ("ridge", "value", Ridge, json!({"alpha": 3})),
        ("lasso", "value", Lasso, json!({"alpha": 0.05})),
        ("elastic_net", "value", ElasticNet, json!({"alpha": 0.1, "l1_ratio": 0.5})),
    ];
    for (name, target, algorithm, mut options) in cases {
        // Scales by weighted means are others than scikit-learn's.
        let weighted = options.get("sample_weight").is_some();
        options["holdout"] = json!(0);
        options["min_category_rows"] = json!(1);
        options["tol"] = if algorithm == Ridge { Value::Null } else { json!(1e-10) };
        if algorithm == Ridge {
            options.as_object_mut().unwrap().remove("tol");
        }
        let rows =
            Rows::of(&fixture, &with(if weighted { &["basket", "weight"] } else { &["clicked", "basket", "value"] }));
        let rows = Rows {
            numbers: rows
                .numbers
                .into_iter()
                .filter(|c| ["bid", "age", "weight", target].contains(&c.0.as_str()))
                .collect(),
            texts: rows.texts.into_iter().filter(|c| ["device", target].contains(&c.0.as_str())).collect(),
        };
        let found = rows.learn(target, algorithm, &options);
        let scores = rows.scores(&found);
        let expected = fixture["predictions"][name].as_array().unwrap();
        let flat: Vec<f64> = expected
            .iter()
            .flat_map(|v| v.as_array().cloned().unwrap_or_else(|| vec![v.clone()]))
            .map(|v| v.as_f64().unwrap())
            .collect();
        assert_eq!(scores.len(), flat.len());
        let apart = if weighted { 2e-3 } else { 1e-7 };
        for (row, (own, expected)) in scores.iter().zip(&flat).enumerate() {
            near(*own, *expected, apart, &format!("{name} row {row}"));
        }
    }
}

/// Rows of a few columns, with a target of each kind.
fn drawn(count: usize) -> Rows {
    let mut random = numbers(5);
    let mut draw = || random.next().unwrap();
    let mut rows = Rows::default();
    let x: Vec<f64> = (0..count).map(|_| draw() * 4.0 - 2.0).collect();
    let z: Vec<f64> = (0..count).map(|i| if i % 7 == 0 { f64::NAN } else { draw() * 100.0 }).collect();
    let t: Vec<Option<String>> =
        (0..count).map(|_| Some(draw()).filter(|d| *d > 0.1).map(|d| format!("l{}", (d * 6.0) as u32))).collect();
    let y: Vec<f64> = x.iter().map(|x| x * 0.7 + draw() - 0.5).collect();
    let n: Vec<f64> = x.iter().map(|x| (libm::exp(x * 0.5) * 2.0 * draw()).floor()).collect();
    let c: Vec<f64> = y.iter().map(|y| f64::from(u8::from(*y > 0.0))).collect();
    let k: Vec<Option<String>> =
        y.iter().map(|y| Some(["low", "mid", "high"][(y.clamp(-1.0, 1.9) + 1.0) as usize % 3].into())).collect();
    rows.numbers = vec![("x".into(), x), ("z".into(), z), ("y".into(), y), ("n".into(), n), ("c".into(), c)];
    rows.texts = vec![("t".into(), t), ("k".into(), k)];
    rows
}

fn only(rows: &Rows, target: &str) -> Rows {
    let keep = |name: &String| ["x", "z", "t", target].contains(&name.as_str());
    Rows {
        numbers: rows.numbers.iter().filter(|c| keep(&c.0)).cloned().collect(),
        texts: rows.texts.iter().filter(|c| keep(&c.0)).cloned().collect(),
    }
}

const LEARNERS: [(Algorithm, &str); 7] = [
    (Algorithm::LogisticRegression, "c"),
    (Algorithm::LogisticRegression, "k"),
    (Algorithm::LinearRegression, "y"),
    (Algorithm::Ridge, "y"),
    (Algorithm::ElasticNet, "y"),
    (Algorithm::Lasso, "y"),
    (Algorithm::Glm, "n"),
];

#[test]
fn of_many_rows_a_part_is_gone_to_first_and_all_decide() {
    let rows = drawn(120_000);
    for (target, algorithm) in [("c", Algorithm::LogisticRegression), ("n", Algorithm::Glm)] {
        let rows = only(&rows, target);
        let found = rows.learn(target, algorithm, &json!({"alpha": 0, "holdout": 0}));
        let (scores, truth) = (rows.scores(&found), &rows.numbers.iter().find(|c| c.0 == target).unwrap().1);
        // Where the loss is least, errors have nothing in common with any column.
        for (name, column) in rows.numbers.iter().filter(|c| c.0 != target) {
            let there = || (0..column.len()).filter(|r| !column[*r].is_nan());
            let error: f64 = there().map(|r| (scores[r] - truth[r]) * column[r]).sum();
            let size: f64 = there().map(|r| (truth[r] * column[r]).abs()).sum();
            assert!(error.abs() < 1e-8 * size, "{target} {name}: {error} of {size}");
        }
        assert!(body(&found).fit.deviance < body(&found).fit.null_deviance);
        assert!(body(&found).fit.iterations <= 6, "{}", body(&found).fit.iterations);
    }
}

#[test]
fn neither_threads_nor_instructions_nor_the_order_of_rows_change_a_model() {
    let rows = drawn(9_000);
    for (algorithm, target) in LEARNERS {
        let rows = only(&rows, target);
        let learn = |order: &[usize], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (request, control) = rows.request(order, target, algorithm, &json!({}));
            pool.install(|| train(request, &control).unwrap()).bytes
        };
        let order: Vec<usize> = (0..rows.len()).collect();
        let turned: Vec<usize> = order.iter().rev().copied().collect();
        let expected = learn(&order, 1);
        assert!(learn(&turned, 3) == expected, "{algorithm:?}");
        for level in orchard_engine::score::Level::ALL.into_iter().filter(|level| level.is_there()) {
            orchard_engine::score::choose(Some(level));
            assert!(learn(&order, 2) == expected, "{algorithm:?} {level:?}");
        }
        orchard_engine::score::choose(None);
    }
}

#[test]
fn explanations_sum_to_the_score() {
    let rows = drawn(2_000);
    for (algorithm, target) in LEARNERS {
        let rows = only(&rows, target);
        let found = rows.learn(target, algorithm, &json!({}));
        let control = Control::default();
        let mut shap = Shap::new(&found.scorer, &control).unwrap();
        let row = [0.5, f64::NAN, 2.0];
        let cells: Vec<&[f64]> = row.iter().map(std::slice::from_ref).collect();
        let all = shap.answers(&cells, &columns(found.scorer.model()), None, &control).unwrap();
        let mut out = vec![0.0; found.scorer.outputs()];
        found.scorer.predict(&row, &mut out);
        let sum = all[0].sum().response;
        assert!(out.iter().any(|o| (o - sum).abs() < 1e-9), "{algorithm:?}: {sum}, not {out:?}");
    }
}

#[test]
fn hard_tables_are_learned() {
    let n = |values: &[f64]| values.to_vec();
    let cases: Vec<(&str, Vec<f64>, Vec<f64>)> = vec![
        ("one row", n(&[1.0]), n(&[2.0])),
        ("two rows", n(&[1.0, 2.0]), n(&[2.0, 3.0])),
        ("a constant column", n(&[3.0; 40]), (0..40).map(f64::from).collect()),
        ("an empty column", n(&[f64::NAN; 40]), (0..40).map(f64::from).collect()),
        ("a constant target", (0..40).map(f64::from).collect(), n(&[5.0; 40])),
        ("huge numbers", (0..40).map(|i| 1e300 * f64::from(i % 5)).collect(), (0..40).map(f64::from).collect()),
        (
            "infinities",
            (0..40).map(|i| [f64::INFINITY, f64::NEG_INFINITY, 1.0, 2.0][i % 4]).collect(),
            (0..40).map(f64::from).collect(),
        ),
        ("tiny numbers", (0..40).map(|i| 1e-300 * f64::from(i % 5)).collect(), (0..40).map(f64::from).collect()),
        ("far numbers", (0..40).map(|i| 1e15 + f64::from(i % 5)).collect(), (0..40).map(f64::from).collect()),
    ];
    for (name, x, y) in cases {
        for algorithm in [
            Algorithm::LinearRegression,
            Algorithm::Ridge,
            Algorithm::Lasso,
            Algorithm::Glm,
            Algorithm::LogisticRegression,
        ] {
            let target: Vec<f64> = match algorithm {
                Algorithm::LogisticRegression => y.iter().map(|y| f64::from(u8::from(*y > 20.0))).collect(),
                _ => y.clone(),
            };
            let rows = Rows { numbers: vec![("x".into(), x.clone()), ("y".into(), target)], ..Rows::default() };
            let found = rows.try_learn("y", algorithm, &json!({"holdout": 0}));
            let found = found.unwrap_or_else(|e| panic!("{name} {algorithm:?}: {e}"));
            for value in [0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308] {
                let mut out = [0.0];
                found.scorer.predict(&[value], &mut out);
                assert!(!out[0].is_nan(), "{name} {algorithm:?} {value}");
            }
        }
    }
}

#[test]
fn what_is_said_twice_has_no_coefficient_and_separated_rows_are_told() {
    let x: Vec<f64> = (0..60).map(|i| f64::from(i % 9)).collect();
    let twice: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x).collect();
    let y: Vec<f64> = (0..60).map(|i| f64::from(i % 9) + f64::from(i % 4)).collect();
    let rows =
        Rows { numbers: vec![("x".into(), x.clone()), ("twice".into(), twice), ("y".into(), y)], ..Rows::default() };
    let found = rows.learn("y", Algorithm::LinearRegression, &json!({"holdout": 0}));
    assert!(found.notices.iter().any(|n| n.contains("\"twice\" says nothing beyond")), "{:?}", found.notices);
    assert!(coefficient(&found, "twice").std_error.is_none());
    let y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(*x > 4.0))).collect();
    let rows = Rows { numbers: vec![("x".into(), x), ("y".into(), y)], ..Rows::default() };
    let found = rows.learn("y", Algorithm::LogisticRegression, &json!({"holdout": 0, "alpha": 0}));
    assert!(found.notices.iter().any(|n| n.contains("no limit")), "{:?}", found.notices);
    let found = rows.learn("y", Algorithm::LogisticRegression, &json!({"holdout": 0}));
    assert!(found.notices.iter().all(|n| !n.contains("no limit")), "{:?}", found.notices);
}

#[test]
fn levels_that_training_did_not_see_say_what_levels_say_on_average() {
    let rows = only(&drawn(3_000), "y");
    let found = rows.learn("y", Algorithm::LinearRegression, &json!({"holdout": 0}));
    let Term::Levels { values, .. } = &body(&found).terms[2] else { panic!("no levels") };
    let Encoding::Category { levels } = &found.scorer.model().features[2].encoding else { panic!("no levels") };
    let usual = body(&found).means[2];
    assert!((values[levels.len()] - usual).abs() < 1e-12);
}

#[test]
fn many_levels_are_learned_by_slopes_alone() {
    let count = 30_000;
    let mut random = numbers(9);
    let mut draw = || random.next().unwrap();
    let levels: Vec<u32> = (0..count).map(|_| (draw() * draw() * 3_000.0) as u32).collect();
    let y: Vec<f64> = levels.iter().map(|l| f64::from(u8::from(draw() < 0.2 + 0.6 * f64::from(l % 2)))).collect();
    let rows = Rows {
        numbers: vec![("y".into(), y)],
        texts: vec![("t".into(), levels.iter().map(|l| Some(format!("ad{l}"))).collect())],
    };
    let options = json!({"min_category_rows": 1, "holdout": 0.2});
    let found = rows.learn("y", Algorithm::LogisticRegression, &options);
    assert!(body(&found).coefficients.len() > 2_048);
    let auc = found.metrics.iter().find(|m| m.name == "roc_auc").and_then(|m| m.value).unwrap();
    assert!(auc > 0.77, "{auc}");
    assert!(found.notices.iter().all(|n| !n.contains("not settled")), "{:?}", found.notices);
    let error = rows
        .try_learn("y", Algorithm::LogisticRegression, &json!({"min_category_rows": 1, "l1_ratio": 1}))
        .unwrap_err();
    assert!(error.to_string().contains("are too many for a penalty on absolute values"), "{error}");
}

#[test]
fn nothing_tells_of_fewer_rows_than_asked() {
    let count = 400;
    let x: Vec<f64> = (0..count)
        .map(|i| {
            if i == 7 {
                1e6
            } else if i < 3 {
                f64::NAN
            } else {
                (i % 50) as f64
            }
        })
        .collect();
    let t: Vec<Option<String>> =
        (0..count).map(|i| Some(if i < 5 { "few" } else { ["a", "b"][i % 2] }.to_owned())).collect();
    let y: Vec<f64> = (0..count).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let rows = Rows { numbers: vec![("x".into(), x), ("y".into(), y)], texts: vec![("t".into(), t)] };
    for algorithm in [Algorithm::LogisticRegression, Algorithm::Ridge, Algorithm::NaiveBayes] {
        let found = rows.learn("y", algorithm, &json!({"min_group": 10, "holdout": 0, "min_category_rows": 1}));
        let Term::Number { high, .. } = &body(&found).terms[0] else { panic!("no number") };
        assert!(*high < 100.0, "{algorithm:?} {high}");
        let hidden = |c: &&Coefficient| c.of == Part::Missing || c.of == Part::Level(2);
        assert!(body(&found).coefficients.iter().find(hidden).is_none(), "{algorithm:?}");
    }
}

#[test]
fn where_a_sum_is_wrong_is_told() {
    let mut random = numbers(3);
    let mut draw = || random.next().unwrap();
    let x: Vec<f64> = (0..6_000).map(|_| draw() * 2.0 - 1.0).collect();
    // Lowest in the middle, which no line says.
    let y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(draw() < 0.1 + 0.8 * x * x))).collect();
    let rows = Rows { numbers: vec![("x".into(), x), ("y".into(), y)], ..Rows::default() };
    let found = rows.learn("y", Algorithm::LogisticRegression, &json!({}));
    assert!(found.insight.looked > 0);
    assert!(
        found.insight.segments.iter().any(|s| s.feature == "x" && s.problem == "predicted too high"),
        "{:?}",
        found.insight.segments
    );
}

#[test]
fn targets_that_do_not_fit_are_refused() {
    let rows = drawn(200);
    let refused = |target: &str, algorithm, options: Value| {
        only(&rows, target).try_learn(target, algorithm, &options).unwrap_err().to_string()
    };
    assert!(refused("k", Algorithm::LinearRegression, json!({})).contains("is not a number"));
    assert!(refused("y", Algorithm::Glm, json!({})).contains("not negative"));
    assert!(refused("n", Algorithm::Glm, json!({"objective": "gamma"})).contains("above 0"));
    let error = Options::parse(&json!({"tweedie_variance_power": 1.2}), Algorithm::Glm).unwrap_err().to_string();
    assert!(error.contains("needs \"objective\": \"tweedie\""), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn least_squares_leave_errors_that_no_column_tells_of(
        rows in prop::collection::vec((-5.0..5.0f64, prop::option::of(-9.0..9.0f64), 0u8..4, -3.0..3.0f64), 12..60),
    ) {
        let table = Rows {
            numbers: vec![
                ("x".into(), rows.iter().map(|r| r.0).collect()),
                ("z".into(), rows.iter().map(|r| r.1.unwrap_or(f64::NAN)).collect()),
                ("y".into(), rows.iter().map(|r| r.3).collect()),
            ],
            texts: vec![("t".into(), rows.iter().map(|r| Some(format!("l{}", r.2))).collect())],
        };
        let found = table.learn("y", Algorithm::LinearRegression, &json!({"holdout": 0, "min_category_rows": 1}));
        let left: Vec<f64> = table.scores(&found).iter().zip(&rows).map(|(s, r)| r.3 - s).collect();
        let told = |of: &dyn Fn(usize) -> f64| left.iter().enumerate().map(|(i, e)| e * of(i)).sum::<f64>();
        prop_assert!(told(&|_| 1.0).abs() < 1e-7);
        prop_assert!(told(&|i| rows[i].0).abs() < 1e-6);
        for level in 0..4 {
            prop_assert!(told(&|i| f64::from(u8::from(rows[i].2 == level))).abs() < 1e-7);
        }
    }
}
