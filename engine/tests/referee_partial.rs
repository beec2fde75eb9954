//! Partial dependence against that of scikit-learn, and against rows scored one by one: `tests/referees/partial.py` made the fixture.
#![allow(missing_docs)]

mod samples;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::judge::given::{Encoder, Given, Sample, Source};
use orchard_engine::judge::partial::{answer, dependence, effects, Along, Grid, Of};
use orchard_engine::model::{Body, Model, Task, Trees};
use orchard_engine::score::Scorer;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn the_same_means_as_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/partial.json")).unwrap();
    let trees: Trees = serde_json::from_value(fixture["trees"].clone()).unwrap();
    let features = (0..4).map(|f| samples::number(&format!("f{f}"))).collect();
    let scorer = Scorer::new(samples::model(features, Task::Regression, Body::Trees(trees)));
    let control = Control::default();
    let rows: Vec<Vec<Given>> = fixture["x"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| numbers(row).into_iter().map(Given::Number).collect())
        .collect();
    for case in fixture["cases"].as_array().unwrap() {
        let weights = case["weighted"].as_bool().unwrap().then(|| numbers(&fixture["weights"]));
        let sample = Sample { rows: rows.clone(), weights };
        let grids: Vec<Grid> = numbers(&case["features"])
            .into_iter()
            .zip(case["grid"].as_array().unwrap())
            .map(|(f, values)| {
                let values = numbers(values).into_iter().map(Given::Number).collect();
                Grid::at(scorer.model(), Along::Column(f as usize), values)
            })
            .collect();
        let found = effects(&scorer, &sample, &grids.iter().collect::<Vec<_>>(), None, &control).unwrap();
        let expected = numbers(&case["average"]);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.mean - expected).abs() < 1e-12, "{found:?}, not {expected}");
        }
    }
}

/// A value for each column of a model, of every kind, some of them missing.
fn given(model: &Model, row: usize) -> Vec<Given> {
    use orchard_engine::model::InputKind;
    let kinds = model.arguments().iter().map(|a| a.kind()).collect::<Vec<_>>();
    let value = |(at, kind): (usize, &InputKind)| match kind {
        _ if (row * 7 + at).is_multiple_of(5) => Given::Missing,
        InputKind::Category => Given::Text(["a", "b", "phone", "nobody", "12"][(row + at) % 5].into()),
        InputKind::Text => Given::Text(["red shoes", "new red hats", ""][(row + at) % 3].into()),
        InputKind::Array => Given::Array(vec![row as f64, f64::NAN, 0.5].into()),
        InputKind::Boolean => Given::Number((row % 2) as f64),
        InputKind::Date => Given::Number((9_000 + row * 17) as f64),
        kind if kind.is_moment() => Given::Number(8e8 + row as f64 * 1e5),
        _ => Given::Number((row as f64 * 1.7) % 9.0 - 1.0),
    };
    kinds.iter().enumerate().map(value).collect()
}

#[test]
fn the_same_means_as_rows_scored_one_by_one() {
    let control = Control::default();
    for (name, model) in samples::all() {
        if !model.task.gives_scores() {
            continue;
        }
        let scorer = Scorer::new(model);
        let model = scorer.model();
        let rows: Vec<Vec<Given>> = (0..60).map(|row| given(model, row)).collect();
        let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 4)).collect();
        let sample = Sample { rows: rows.clone(), weights: Some(weights.clone()) };
        let class = (model.classes().len() > 2).then_some(1);
        for argument in 0..model.arguments().len() {
            let values: Vec<Given> = (0..9).map(|row| rows[row][argument].clone()).collect();
            let grid = Grid::at(model, Along::Column(argument), values.clone());
            let found = effects(&scorer, &sample, &[&grid], class, &control).unwrap();
            for (found, value) in found.iter().zip(values) {
                let mut answers: Vec<(f64, f64)> = Vec::new();
                for (row, weight) in rows.iter().zip(&weights) {
                    let mut own = row.clone();
                    own[argument] = value.clone();
                    let mut cells = vec![f64::NAN; model.features.len()];
                    Encoder::new(&scorer).put(&scorer, &own, &mut cells);
                    let mut out = vec![f64::NAN; scorer.outputs()];
                    scorer.predict(&cells, &mut out);
                    answers.push((answer(&model.task, &out, class), *weight));
                }
                let total: f64 = weights.iter().sum();
                let mean = answers.iter().map(|(a, w)| a * w).sum::<f64>() / total;
                assert!((found.mean - mean).abs() <= 1e-12 * mean.abs().max(1.0), "{name} {argument} {value:?}");
                let below = |limit: f64| answers.iter().filter(|(a, _)| *a <= limit).map(|(_, w)| w).sum::<f64>();
                assert!(below(found.low) >= 0.1 * total && below(found.high) >= 0.9 * total, "{name}");
                assert!(found.low <= found.high);
            }
        }
    }
}

#[test]
fn every_row_is_at_one_point() {
    let control = Control::default();
    let numbers: Vec<f64> = (0..500).map(|i| if i % 9 == 0 { f64::NAN } else { f64::from(i * 37 % 101) }).collect();
    let texts: Vec<Option<&str>> =
        (0..500).map(|i| [Some("a"), Some("b"), Some("new"), None, Some("a")][i % 5]).collect();
    let table = Table {
        rows: 500,
        columns: vec![
            Column::from_numbers("n", &numbers, &control).unwrap(),
            Column::from_texts("c", &texts, &control).unwrap(),
        ],
    };
    let mut trees = samples::empty(1, Default::default());
    trees.roots.push(0);
    samples::split(&mut trees, 0, 50.0, true, 1, 2);
    samples::leaf(&mut trees, &[1.0]);
    samples::leaf(&mut trees, &[2.0]);
    let features = vec![samples::number("n"), samples::category("c", &["a", "b", "c"])];
    let scorer = Scorer::new(samples::model(features, Task::Regression, Body::Trees(trees)));
    let source = Source { table: &table, places: vec![(0, 1), (1, 1)], weight: None };
    let sample = Sample::draw(&source, 100, &control).unwrap();
    let (one, two) = (Along::Column(0), Along::Column(1));
    let found = dependence(&scorer, &source, &sample, &[one], 7, None, &control).unwrap();
    let grid = &found.grids[0];
    assert_eq!(grid.points.len(), 8);
    for point in &grid.points {
        let expected = numbers.iter().filter(|n| match point.of {
            Of::Bin(from, to) => (from..=to).contains(n),
            Of::Missing => n.is_nan(),
            _ => unreachable!(),
        });
        assert_eq!(point.rows, expected.count() as u64, "{point:?}");
    }
    assert_eq!(found.rows.iter().sum::<u64>(), 500);
    let pairs = dependence(&scorer, &source, &sample, &[one, two], 7, None, &control).unwrap();
    let names: Vec<&str> = pairs.grids[1].points.iter().map(|p| p.of.name()).collect();
    assert_eq!(names, ["value", "value", "unknown", "missing"]);
    assert_eq!(pairs.grids[1].points.iter().map(|p| p.rows).collect::<Vec<_>>(), [200, 100, 100, 100]);
    assert_eq!(pairs.effects.len(), 32);
    assert_eq!(pairs.rows.iter().sum::<u64>(), 500);
    for (a, point) in grid.points.iter().enumerate() {
        assert_eq!(pairs.rows[a * 4..][..4].iter().sum::<u64>(), point.rows);
    }
}
