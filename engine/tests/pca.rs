//! Principal components: the figures of scikit-learn, what a row and its components have in common, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::pca::MOST_COMPONENTS;
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::model::{Axis, Body, InputKind, Projection};
use orchard_engine::score::projection::{point, told};
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::{input, numbers};

/// Columns of numbers, then of texts.
#[derive(Clone, Default)]
struct Rows {
    numbers: Vec<Vec<f64>>,
    texts: Vec<Vec<Option<String>>>,
    weight: Option<Vec<f64>>,
}

impl Rows {
    fn len(&self) -> usize {
        self.numbers.first().map_or_else(|| self.texts[0].len(), Vec::len)
    }

    fn request(&self, order: &[usize], options: &Value) -> (Request, Control) {
        let control = Control::default();
        let (mut columns, mut inputs) = (Vec::new(), Vec::new());
        let pick = |v: &[f64]| order.iter().map(|i| v[*i]).collect::<Vec<f64>>();
        for (i, column) in self.numbers.iter().enumerate() {
            inputs.push(input(columns.len(), &format!("n{i}"), InputKind::Number));
            columns.push(Column::from_numbers(&format!("n{i}"), &pick(column), &control).unwrap());
        }
        for (i, column) in self.texts.iter().enumerate() {
            let texts: Vec<Option<&str>> = order.iter().map(|r| column[*r].as_deref()).collect();
            inputs.push(input(columns.len(), &format!("t{i}"), InputKind::Category));
            columns.push(Column::from_texts(&format!("t{i}"), &texts, &control).unwrap());
        }
        let weight = self.weight.as_ref().map(|weight| {
            columns.push(Column::from_numbers("w", &pick(weight), &control).unwrap());
            columns.len() - 1
        });
        let options = Options::parse(options, Algorithm::Pca).unwrap();
        let request = tables::request(Table { rows: order.len(), columns }, inputs, Algorithm::Pca, options);
        let request = Request { weight, ..request };
        (request, control)
    }

    fn learn(&self, options: &Value) -> Outcome {
        self.try_learn(options).unwrap()
    }

    fn try_learn(&self, options: &Value) -> Result<Outcome, Error> {
        let order: Vec<usize> = (0..self.len()).collect();
        let (request, control) = self.request(&order, options);
        train(request, &control)
    }
}

fn body(found: &Outcome) -> &Projection {
    match &found.scorer.model().body {
        Body::Projection(body) => body,
        _ => panic!("no components"),
    }
}

fn components(found: &Outcome, row: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; found.scorer.outputs()];
    found.scorer.predict(row, &mut out);
    out
}

fn value(found: &Outcome, name: &str) -> f64 {
    found.metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap()
}

fn near(found: &[f64], expected: &[f64], apart: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= apart * expected.abs().max(1.0), "{found} {expected}");
    }
}

/// The table of the figures of scikit-learn; its last column is a sum of two others.
fn fixture() -> Rows {
    let of = |column: fn(f64) -> f64| (1..=60).map(|i| column(f64::from(i))).collect::<Vec<f64>>();
    let numbers = vec![
        of(|i| i % 7.0),
        of(|i| (i * i) % 11.0 + 0.5 * (i % 7.0)),
        of(|i| (i * 37.0) % 23.0 / 4.0),
        of(|i| i),
        of(|i| (i % 7.0) * 2.0 - (i * 37.0) % 23.0 / 10.0),
    ];
    Rows { numbers, ..Rows::default() }
}

fn row_17() -> Vec<f64> {
    fixture().numbers.iter().map(|column| column[16]).collect()
}

/// Figures of scikit-learn 1.9.1:
///
/// ```python
/// i = numpy.arange(1, 61)
/// X = numpy.column_stack([i % 7, (i * i) % 11 + 0.5 * (i % 7), (i * 37) % 23 / 4.0, i * 1.0, (i % 7) * 2.0 - (i * 37) % 23 / 10.0])
/// for Z in [StandardScaler().fit_transform(X), X]:
///     p = PCA(svd_solver="full").fit(Z)
///     print(p.explained_variance_, p.components_[:2], p.transform(Z[[16]]))
///     print(PCA(svd_solver="full", whiten=True).fit_transform(Z)[16])
///     print(PCA(n_components=0.9, svd_solver="full").fit(Z).n_components_)
/// ```
#[test]
fn figures_are_those_of_scikit_learn() {
    let rows = fixture();
    let found = rows.learn(&json!({}));
    near(
        &body(&found).variance,
        &[2.1732724302393094, 1.1727153753039812, 1.0181311972090161, 0.7206267599595576],
        1e-12,
    );
    let directions = [
        0.6669043203352661,
        0.34759610261887064,
        0.07092525526426678,
        -0.00221123402620164,
        0.6552711618651538,
        -0.11163143929662964,
        0.5154789948142067,
        0.8126589272236263,
        -0.0017257950823611414,
        -0.24779490975598317,
    ];
    near(&body(&found).components[..10], &directions, 1e-12);
    let row = row_17();
    let told = [-0.07701995639299028, -0.5837738634416275, -0.7779511790767635, -0.06829276271139313];
    near(&components(&found, &row), &told, 1e-12);
    near(&[body(&found).ratio(0)], &[0.4274102446137308], 1e-12);
    assert!((body(&found).explained() - 1.0).abs() < 1e-12);
    let white = rows.learn(&json!({"whiten": true}));
    let told = [-0.05224517438009393, -0.5390739397451738, -0.7709930634959264, -0.08044878498414097];
    near(&components(&white, &row), &told, 1e-12);
    assert_eq!(body(&rows.learn(&json!({"n_components": 0.9}))).variance.len(), 4);

    let found = rows.learn(&json!({"scale": false}));
    near(&body(&found).variance, &[305.00249071981, 20.519322393124778, 8.015020732135612, 2.5586004769639095], 1e-12);
    let directions = [
        0.00027023560424460326,
        -0.0027119877991751795,
        0.0009504426057064191,
        0.9999958215210353,
        0.00016029416620651975,
        0.4268310220143642,
        0.2978023255940246,
        -0.0005703101658611554,
        0.0005559620920617608,
        0.853890168095073,
    ];
    near(&body(&found).components[..10], &directions, 1e-11);
    let told = [-13.497849917614246, 0.024604941925557178, -1.2521864022572045, -0.5089230417227926];
    near(&components(&found, &row), &told, 1e-11);
    assert_eq!(body(&rows.learn(&json!({"scale": false, "n_components": 0.9}))).variance.len(), 1);
}

/// A table of 3,000 rows of numbers and texts, some missing and some infinite.
fn mixed() -> Rows {
    let mut random = numbers(17);
    let mut draw = || random.next().unwrap();
    let mut rows = Rows { numbers: vec![Vec::new(); 4], texts: vec![Vec::new(); 2], weight: Some(Vec::new()) };
    for i in 0..3000 {
        let base = draw();
        for (c, column) in rows.numbers.iter_mut().enumerate() {
            column.push(match (i + c) % 97 {
                0 => f64::NAN,
                1 => f64::INFINITY,
                _ => base * (c as f64 - 1.5) + draw(),
            });
        }
        for column in &mut rows.texts {
            let level = ((draw() * draw() + base / 9.0) * 40.0) as usize;
            column.push((level > 0).then(|| format!("level {level}")));
        }
        rows.weight.as_mut().unwrap().push((draw() * 4.0).floor());
    }
    rows
}

#[test]
fn order_and_threads_change_nothing() {
    let rows = mixed();
    let one = rows.learn(&json!({"holdout": 0.3})).bytes;
    let mut order: Vec<usize> = (0..rows.len()).rev().collect();
    order.swap(5, 700);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (request, control) = rows.request(&order, &json!({"holdout": 0.3}));
        assert!(pool.install(|| train(request, &control)).unwrap().bytes == one);
    }
}

#[test]
fn weights_count_as_copies_do() {
    let rows = mixed();
    let weight = rows.weight.clone().unwrap();
    let mut copies = Rows { numbers: vec![Vec::new(); 4], texts: vec![Vec::new(); 2], weight: None };
    for (i, w) in weight.iter().enumerate() {
        for _ in 0..*w as usize {
            copies.numbers.iter_mut().zip(&rows.numbers).for_each(|(to, from)| to.push(from[i]));
            copies.texts.iter_mut().zip(&rows.texts).for_each(|(to, from)| to.push(from[i].clone()));
        }
    }
    // The levels that have a dimension of their own are those of most rows, so all have one.
    let options = json!({"max_categories": 1000, "n_components": 5});
    let (one, other) = (rows.learn(&options), copies.learn(&options));
    let (a, b) = (body(&one), body(&other));
    let rows_of = |n: f64| n / (n - 1.0);
    let there = weight.iter().filter(|w| **w > 0.0).count() as f64;
    let by = rows_of(there) / rows_of(weight.iter().sum());
    let scaled: Vec<f64> = b.variance.iter().map(|v| v * by).collect();
    near(&a.variance, &scaled, 1e-9);
    let levels = |body: &Projection| body.axes.iter().map(|a| matches!(a, Axis::Category { .. })).collect::<Vec<_>>();
    assert_eq!(levels(a), levels(b));
    near(&[a.ratio(0)], &[b.ratio(0)], 1e-9);
}

#[test]
fn components_have_no_covariance_and_their_variances() {
    let rows = mixed();
    let rows = Rows { weight: None, ..rows };
    for (options, white) in [(json!({"n_components": 6}), false), (json!({"n_components": 6, "whiten": true}), true)] {
        let found = rows.learn(&options);
        let model = found.scorer.model();
        let code = |f: usize, text: &Option<String>| {
            let levels = model.features[f].encoding.levels();
            text.as_ref().map_or(f64::NAN, |text| levels.binary_search(text).unwrap_or(levels.len()) as f64)
        };
        let mut columns = rows.numbers.clone();
        columns.extend(
            rows.texts.iter().enumerate().map(|(i, column)| column.iter().map(|text| code(4 + i, text)).collect()),
        );
        let scores = score_columns(&found.scorer, &columns, &Control::default()).unwrap();
        let n = rows.len() as f64;
        for a in 0..6 {
            for b in 0..6 {
                let sum: f64 = scores.chunks_exact(6).map(|row| row[a] * row[b]).sum();
                let expected = match (a == b, white) {
                    (true, true) => 1.0,
                    (true, false) => body(&found).variance[a],
                    (false, _) => 0.0,
                };
                assert!((sum / (n - 1.0) - expected).abs() < 1e-9, "{a} {b}");
            }
        }
        // What training says of its rows is what is found by looking at them.
        let own = told(body(&found), &columns, None, &Control::default()).unwrap();
        near(&[own.share().unwrap()], &[value(&found, "explained_variance_ratio")], 1e-9);
        near(&[own.error(body(&found).dimensions).unwrap()], &[value(&found, "reconstruction_error")], 1e-9);
        // All six together are the row's shadow on a plane: never longer than the row.
        let (mut at, row) = (Vec::new(), columns.iter().map(|c| c[7]).collect::<Vec<f64>>());
        point(body(&found), &row, &mut at);
        if !white {
            let shadow: f64 = scores[42..48].iter().map(|x| x * x).sum();
            assert!(shadow <= at.iter().map(|x| x * x).sum::<f64>() * (1.0 + 1e-12));
        }
    }
}

#[test]
fn held_out_rows_judge() {
    let found = mixed().learn(&json!({"holdout": 0.25, "n_components": 4}));
    assert_eq!(found.metric, Some("explained_variance_ratio"));
    assert!(found.holdout_rows > 600 && found.held.is_none());
    assert_eq!(value(&found, "rows"), found.holdout_rows as f64);
    let share = value(&found, "explained_variance_ratio");
    assert!((share - body(&found).explained()).abs() < 0.1 && share > 0.0, "{share}");
}

#[test]
fn every_row_has_finite_components() {
    let found = mixed().learn(&json!({"holdout": 0.1}));
    for cell in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -f64::MAX, 1e300, -0.0, 5e-324] {
        let row: Vec<f64> = (0..6).map(|f| if f < 4 { cell } else { cell.clamp(0.0, 99.0) }).collect();
        assert!(components(&found, &row).iter().all(|x| x.is_finite()), "{cell}");
    }
    // What is missing stands at the mean, so it says nothing.
    let rows = Rows { numbers: vec![vec![1.0, 2.0, 4.0, 9.0], vec![3.0, 1.0, 0.0, 5.0]], ..Rows::default() };
    near(&components(&rows.learn(&json!({})), &[f64::NAN, f64::NAN]), &[0.0, 0.0], 1e-12);
}

#[test]
fn columns_that_say_nothing_take_no_part() {
    let mut rows = fixture();
    let alone = rows.learn(&json!({}));
    rows.numbers.push(vec![3.0; 60]);
    rows.numbers.push(vec![f64::NAN; 60]);
    rows.numbers.push((0..60).map(|i| if i % 2 == 0 { f64::MAX } else { -f64::MAX }).collect());
    rows.texts.push(vec![Some("same".into()); 60]);
    rows.texts.push(vec![None; 60]);
    let found = rows.learn(&json!({}));
    near(&body(&found).variance, &body(&alone).variance, 1e-12);
    let mut row = row_17();
    row.extend([1e308, 5.0, f64::MAX, 0.0, f64::NAN]);
    near(&components(&found, &row), &components(&alone, &row_17()), 1e-12);
    // Where they are not scaled, numbers that cannot be compared are said.
    let error = rows.try_learn(&json!({"scale": false})).unwrap_err();
    assert!(error.to_string().contains("too large or too small"), "{error}");
}

#[test]
fn there_are_as_many_components_as_directions() {
    let of = |rows: &Rows, options: Value| {
        rows.try_learn(&options).map(|found| (body(&found).variance.len(), found.notices))
    };
    let one = Rows { numbers: vec![vec![4.0], vec![5.0]], ..Rows::default() };
    for rows in [
        one,
        Rows { numbers: vec![vec![2.5; 30]], ..Rows::default() },
        Rows { texts: vec![vec![None; 9]], ..Rows::default() },
    ] {
        assert!(of(&rows, json!({})).unwrap_err().to_string().contains("no column varies"));
    }
    let two = Rows { numbers: vec![vec![4.0, 5.0], vec![1.0, 7.0], vec![3.0, 3.5]], ..Rows::default() };
    assert_eq!(of(&two, json!({})).unwrap().0, 1);
    let (count, notices) = of(&two, json!({"n_components": 3})).unwrap();
    assert_eq!(
        (count, notices[0].as_str()),
        (1, "the rows differ in 1 direction only, so there are as many components")
    );
    assert_eq!(of(&two, json!({"n_components": 1.0})).unwrap().0, 1);
    // More columns than rows.
    let mut random = numbers(2);
    let wide = Rows {
        numbers: (0..300).map(|_| (0..40).map(|_| random.next().unwrap()).collect()).collect(),
        ..Rows::default()
    };
    assert_eq!(of(&wide, json!({})).unwrap().0, 39);
    // More directions than anybody reads.
    let deep = Rows {
        numbers: (0..300).map(|_| (0..400).map(|_| random.next().unwrap()).collect()).collect(),
        ..Rows::default()
    };
    let (count, notices) = of(&deep, json!({})).unwrap();
    assert_eq!(count, MOST_COMPONENTS);
    assert!(notices[0].starts_with("the 256 components of the largest variance are kept, of 300"), "{notices:?}");
    assert_eq!(of(&deep, json!({"n_components": 280})).unwrap(), (280, Vec::new()));
}

#[test]
fn signs_are_those_of_the_largest_loading() {
    // Of loadings that are alike the first is positive, whatever rounding makes of them.
    let x: Vec<f64> = (0..50).map(|i| f64::from(i * 7 % 13)).collect();
    let rows = Rows { numbers: vec![x.clone(), x.iter().map(|x| 3.0 - 2.0 * x).collect()], ..Rows::default() };
    let found = rows.learn(&json!({}));
    let half = std::f64::consts::FRAC_1_SQRT_2;
    near(&body(&found).components, &[half, -half], 1e-12);
}

#[test]
fn few_rows_are_not_told() {
    let rows = mixed();
    let found = rows.learn(&json!({"min_group": 40, "sample_weight": "w"}));
    let model = found.scorer.model();
    assert!(model.features.iter().flat_map(|f| f.stats.level_rows.iter().rev().skip(1)).all(|rows| *rows >= 40));
    let error = rows.try_learn(&json!({"min_group": 40_000})).unwrap_err();
    assert!(error.to_string().contains("fewer than \"min_group\""), "{error}");
}

#[test]
fn a_cancel_and_a_lack_of_memory_end_it() {
    let rows = mixed();
    let order: Vec<usize> = (0..rows.len()).collect();
    let (request, control) = rows.request(&order, &json!({}));
    control.cancel();
    assert!(matches!(train(request, &control).err(), Some(Error::Cancelled)));
    let (request, _) = rows.request(&order, &json!({}));
    assert!(matches!(train(request, &Control::new(200_000)).err(), Some(Error::OutOfMemory { .. })));
}
