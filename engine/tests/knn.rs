//! Nearest neighbours: the answers of scikit-learn, those of a look at all rows, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::model::{Body, InputKind, Neighbors};
use orchard_engine::score::Scorer;
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::{input, Clicks};

#[derive(Clone)]
enum Cells {
    Numbers(Vec<f64>),
    Texts(Vec<Option<&'static str>>),
}

/// Train on columns in some order of the rows; the last but one is the target, the last the weights.
fn try_learn(columns: &[(&str, Cells)], options: &Value, order: &[usize]) -> Result<Outcome, Error> {
    let control = Control::default();
    let (mut own, mut inputs) = (Vec::new(), Vec::new());
    for (name, cells) in columns {
        match cells {
            Cells::Texts(texts) => {
                let texts: Vec<Option<&str>> = order.iter().map(|r| texts[*r]).collect();
                inputs.push(input(own.len(), name, InputKind::Category));
                own.push(Column::from_texts(name, &texts, &control).unwrap());
            }
            Cells::Numbers(numbers) => {
                let numbers: Vec<f64> = order.iter().map(|r| numbers[*r]).collect();
                inputs.push(input(own.len(), name, InputKind::Number));
                own.push(Column::from_numbers(name, &numbers, &control).unwrap());
            }
        }
    }
    let parsed = Options::parse(options, Algorithm::Knn)?;
    let weight = parsed.sample_weight.is_some().then_some(own.len() - 1);
    inputs.pop();
    let target = inputs.pop();
    let request = tables::request(Table { rows: order.len(), columns: own }, inputs, Algorithm::Knn, parsed);
    train(Request { target, weight, ..request }, &control)
}

fn learn(columns: &[(&str, Cells)], options: &Value) -> Outcome {
    let rows = match &columns[0].1 {
        Cells::Numbers(all) => all.len(),
        Cells::Texts(all) => all.len(),
    };
    try_learn(columns, options, &(0..rows).collect::<Vec<_>>()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/knn.json")).unwrap()
}

/// The columns of the fixture with a target.
fn of_fixture(fixture: &Value, target: &str) -> Vec<(&'static str, Cells)> {
    let number = |name: &str| Cells::Numbers(numbers(&fixture["columns"][name]));
    let label = |v: &Value| ["a", "b", "c", "no", "yes"].into_iter().find(|label| v.as_str() == Some(label));
    let own = match target {
        "value" => number("value"),
        name => Cells::Texts(fixture["columns"][name].as_array().unwrap().iter().map(label).collect()),
    };
    vec![("x", number("x")), ("y", number("y")), ("z", number("z")), ("target", own), ("count", number("count"))]
}

fn body(found: &Outcome) -> &Neighbors {
    match &found.scorer.model().body {
        Body::Neighbors(body) => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_are_those_of_scikit_learn() {
    let fixture = fixture();
    let asked: Vec<Vec<f64>> = fixture["asked"].as_array().unwrap().iter().map(numbers).collect();
    for case in fixture["cases"].as_array().unwrap() {
        let columns = of_fixture(&fixture, case["target"].as_str().unwrap());
        let mut options = json!({
            "holdout": 0, "n_neighbors": case["k"], "weights": case["weights"], "scaling": case["scaling"]
        });
        if case["counted"] == json!(true) {
            options["sample_weight"] = json!("count");
        }
        let found = learn(&columns, &options);
        let own = score_columns(&found.scorer, &asked, &Control::default()).unwrap();
        let expected = numbers(&case["said"]);
        // Of two classes the second is told.
        let step = expected.len() / own.len();
        for (row, own) in own.iter().enumerate() {
            let expected = expected[row * step + step - 1];
            let shown = (&case["k"], &case["weights"], &case["target"], row);
            assert!((own - expected).abs() < 1e-9 * expected.abs().max(1.0), "{shown:?}: {own}, not {expected}");
        }
    }
}

/// Few different numbers, so that many rows are equally far; a category, missing values and weights.
fn crowded(rows: usize) -> Vec<(&'static str, Cells)> {
    let mut draw = tables::numbers(5);
    let mut next = move || draw.next().unwrap();
    let few = |n: f64, next: &mut dyn FnMut() -> f64| (next() * n).floor();
    let a: Vec<f64> = (0..rows).map(|i| if i % 13 == 0 { f64::NAN } else { few(6.0, &mut next) }).collect();
    let b = (0..rows).map(|_| few(9.0, &mut next)).collect();
    let c = (0..rows).map(|i| (i % 7 > 0).then(|| ["x", "y", "z"][few(3.0, &mut next) as usize])).collect();
    let target = a.iter().map(|a| if a.is_nan() { 1.0 } else { a * 2.0 } + few(20.0, &mut next)).collect();
    let weight = (0..rows).map(|i| [0.0, 0.5, 1.0, 2.25][i % 4]).collect();
    let columns =
        [Cells::Numbers(a), Cells::Numbers(b), Cells::Texts(c), Cells::Numbers(target), Cells::Numbers(weight)];
    ["a", "b", "c", "target", "weight"].into_iter().zip(columns).collect()
}

/// What a look at all points of a model says of a place, by the definition.
fn naive(body: &Neighbors, place: &[f64]) -> f64 {
    let orchard_engine::model::Known::Numbers(values) = &body.known else { panic!("no numbers") };
    let d = body.dimensions as usize;
    let far = |i: usize| -> f64 { place.iter().zip(&body.points[i * d..]).map(|(a, b)| (a - b) * (a - b)).sum() };
    let mut all: Vec<(f64, usize)> = (0..values.len()).map(|i| (far(i), i)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut left, mut sum, mut whole) = (f64::from(body.n_neighbors), 0.0, 0.0);
    let exact = all[0].0 == 0.0;
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let weight: f64 = group.iter().map(|(_, i)| body.weights[*i]).sum();
        let part = (left / weight).clamp(0.0, 1.0);
        left -= weight;
        let by = match (body.weighting, exact) {
            (orchard_engine::model::Weighting::Uniform, _) => 1.0,
            (_, true) => f64::from(u8::from(group[0].0 == 0.0)),
            (_, false) => 1.0 / group[0].0.sqrt(),
        };
        for (_, i) in group {
            sum += body.weights[*i] * part * by * values[*i];
            whole += body.weights[*i] * part * by;
        }
        if left <= 0.0 {
            break;
        }
    }
    sum / whole
}

#[test]
fn rows_that_are_equally_far_share_the_last_place() {
    let columns = crowded(900);
    let (Cells::Numbers(a), Cells::Numbers(b)) = (&columns[0].1, &columns[1].1) else { panic!("no numbers") };
    for weighting in ["uniform", "distance"] {
        for k in [1, 2, 7, 60, 5000] {
            let options = json!({"holdout": 0, "n_neighbors": k, "weights": weighting, "sample_weight": "weight", "task": "regression"});
            let found = learn(&columns, &options);
            let body = body(&found);
            // Rows at one place are one point.
            assert!(body.weights.len() < 300);
            for row in 0..120 {
                let third = if row % 5 == 0 { f64::NAN } else { f64::from(row as u8 % 4) };
                let (cells, mut out) = ([a[row] + f64::from(u8::from(row % 3 == 0)) * 0.25, b[row], third], [0.0]);
                found.scorer.predict(&cells, &mut out);
                let mut place = Vec::new();
                orchard_engine::score::neighbors::point(body, &cells, &mut place);
                let expected = naive(body, &place);
                assert!((out[0] - expected).abs() < 1e-9, "{weighting} {k} {row}: {} {expected}", out[0]);
            }
        }
    }
}

#[test]
fn neither_threads_nor_the_order_of_rows_change_a_model() {
    let columns = crowded(3000);
    let order: Vec<usize> = (0..3000).collect();
    for options in [json!({}), json!({"sample_weight": "weight", "task": "regression", "scaling": "auto"})] {
        let learn = |order: &[usize], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| try_learn(&columns, &options, order).unwrap()).bytes
        };
        let turned: Vec<usize> = order.iter().rev().copied().collect();
        assert!(learn(&order, 1) == learn(&turned, 3));
    }
}

/// Answers that are as they must be, whatever a row holds.
fn check_answers(scorer: &Scorer, features: usize) {
    let hard = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e200, 0.0, -0.0, 3.0, 5e-324];
    let mut out = vec![0.0; scorer.outputs()];
    for (i, first) in hard.iter().enumerate() {
        let row: Vec<f64> = (0..features).map(|f| if f == 0 { *first } else { hard[(i * 3 + f * 7) % 10] }).collect();
        scorer.predict(&row, &mut out);
        assert!(out.iter().all(|v| v.is_finite()), "{row:?} {out:?}");
        if scorer.outputs() > 1 {
            assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?} {out:?}");
        }
    }
}

#[test]
fn hard_tables_have_answers() {
    let hard = vec![f64::INFINITY, f64::NAN, 1e308, -1e308, f64::NEG_INFINITY, 3.0, 5e-324, 0.0, -0.0, 7.0];
    let alike = Cells::Numbers(vec![4.0; 10]);
    let text = |n: usize| Cells::Texts((0..10).map(|i| Some(["p", "q", "r"][i % n])).collect());
    let ones = Cells::Numbers(vec![1.0; 10]);
    for (name, columns) in [
        ("hard", vec![Cells::Numbers(hard.clone()), text(3), text(2)]),
        ("constant", vec![alike.clone(), text(2)]),
        ("missing", vec![Cells::Numbers(vec![f64::NAN; 10]), Cells::Texts(vec![None; 10]), text(3)]),
        ("one class", vec![Cells::Numbers(hard.clone()), text(1)]),
        ("numbers", vec![Cells::Numbers(hard), Cells::Numbers((0..10).map(f64::from).collect())]),
    ] {
        let features = columns.len() - 1;
        let names = ["one", "two", "three", "four"];
        let columns: Vec<(&str, Cells)> = names.into_iter().zip(columns.into_iter().chain([ones.clone()])).collect();
        for (k, weights, scaling) in
            [(1, "uniform", "standard"), (3, "distance", "none"), (50, "distance", "auto"), (50, "uniform", "log")]
        {
            let options = json!({"holdout": 0, "n_neighbors": k, "weights": weights, "scaling": scaling, "features": &names[..features]});
            // Of a column that is the same in all rows nothing else is known.
            let found =
                try_learn(&columns, &options, &(0..10).collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{name}: {e}"));
            check_answers(&found.scorer, features);
            // One row says what it is.
            let one = try_learn(&columns, &options, &[7]).unwrap_or_else(|e| panic!("{name}: {e}"));
            check_answers(&one.scorer, features);
            assert!(one.notices.iter().any(|n| n.contains("n_neighbors")) == (k > 1), "{name} {:?}", one.notices);
        }
    }
}

#[test]
fn a_level_never_seen_and_a_missing_value_have_a_place() {
    let rows = 60;
    let level: Vec<Option<&str>> = (0..rows).map(|i| [Some("a"), Some("b"), None][i % 3]).collect();
    let target: Vec<f64> = (0..rows).map(|i| [1.0, 2.0, 9.0][i % 3]).collect();
    let ones = Cells::Numbers(vec![1.0; rows]);
    let columns = [("level", Cells::Texts(level)), ("target", Cells::Numbers(target)), ("weight", ones)];
    let found = learn(&columns, &json!({"holdout": 0, "task": "regression"}));
    let mut out = [0.0];
    for (cell, expected) in
        [(found.scorer.category(0, b"b"), 2.0), (f64::NAN, 9.0), (found.scorer.category(0, b"new"), 4.0)]
    {
        found.scorer.predict(&[cell], &mut out);
        assert!((out[0] - expected).abs() < 1e-12, "{cell}: {} {expected}", out[0]);
    }
}

#[test]
fn it_is_judged_refitted_and_tuned_as_others() {
    let control = Control::default();
    let clicks = Clicks::new(3000);
    let options =
        json!({"refit": true, "importance": true, "n_neighbors": 40, "weights": "distance", "exclude": ["ad"]});
    let found = train(clicks.request(Algorithm::Knn, &options, &control), &control).unwrap();
    assert_eq!(found.metric, Some("roc_auc"));
    let auc = found.metrics.iter().find(|m| m.name == "roc_auc").and_then(|m| m.value).unwrap();
    assert!(auc > 0.6, "{auc}");
    assert!(found.importance.is_some() && found.training_rows == 3000);
    assert!(found.insight.overfitting.is_none());
    assert_eq!(found.baseline.features.len(), found.scorer.model().features.len());
    let refused = |options: Value| Options::parse(&options, Algorithm::Knn).unwrap_err().to_string();
    assert!(refused(json!({"min_group": 5})).contains("not for knn"));
    assert!(refused(json!({"text_columns": ["ad"]})).contains("not an option of knn"));
    assert!(refused(json!({"date_parts": true})).contains("not an option of knn"));
    assert!(refused(json!({"n_neighbors": 0})).contains("n_neighbors"));
    assert!(refused(json!({"weights": "w"})).contains("weights"));
}

/// How long a row takes: `cargo test --release --test knn -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn nanoseconds_a_row() {
    for factors in [0, 3] {
        let mut draw = tables::numbers(3);
        let mut normal = || (0..12).map(|_| draw.next().unwrap()).sum::<f64>() - 6.0;
        let mut columns = vec![Vec::new(); 10];
        for _ in 0..110_000 {
            let own: Vec<f64> = (0..factors).map(|_| normal()).collect();
            for (c, column) in columns.iter_mut().enumerate() {
                // Each column is a mix of a few numbers and a little of its own.
                let mix: f64 = own.iter().enumerate().map(|(f, x)| x * ((c * (f + 2) + f) as f64).sin()).sum();
                column.push(if factors == 0 { normal() } else { mix + 0.1 * normal() });
            }
        }
        let asked: Vec<Vec<f64>> = columns.iter().map(|c| c[100_000..].to_vec()).collect();
        let target: Vec<f64> = columns[0][..100_000].iter().map(|x| x * 2.0).collect();
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let mut all: Vec<(&str, Cells)> =
            names.into_iter().zip(columns.iter().map(|c| Cells::Numbers(c[..100_000].to_vec()))).collect();
        all.push(("target", Cells::Numbers(target)));
        all.push(("weight", Cells::Numbers(vec![1.0; 100_000])));
        let began = std::time::Instant::now();
        let found = learn(&all, &json!({"holdout": 0}));
        println!("{factors} factors: {:.2} s of training", began.elapsed().as_secs_f64());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let began = std::time::Instant::now();
        let scores = pool.install(|| score_columns(&found.scorer, &asked, &Control::default()).unwrap());
        let nanos = began.elapsed().as_nanos() as f64 / scores.len() as f64;
        println!("{factors} factors: {nanos:.0} ns a row (mean {})", scores.iter().sum::<f64>() / scores.len() as f64);
    }
}
