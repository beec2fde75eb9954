//! Dense parts against their definition and scikit-learn's, what scoring says of training rows, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::error::Error;
use orchard_engine::learn::density::{fit, DensityFit, DensityParams};
use orchard_engine::learn::kmeans::{KMeansParams, Scaling};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome};
use orchard_engine::learn::Unlabelled;
use orchard_engine::model::{Body, Density, Feature, Input, InputKind, Model, Task};
use orchard_engine::score::kmeans::points;
use orchard_engine::score::Scorer;
use proptest::prelude::*;
use serde_json::{json, Value};
use tables::{input, numbers};

const NOISE: u32 = u32::MAX;

fn run(columns: &[Vec<f64>], weight: Option<&[f64]>, params: &DensityParams) -> orchard_engine::Result<DensityFit> {
    let control = Control::default();
    let column = |(i, values): (usize, &Vec<f64>)| Column::from_numbers(&format!("x{i}"), values, &control).unwrap();
    let rows = columns[0].len();
    let mut table = Table { rows, columns: columns.iter().enumerate().map(column).collect() };
    let (all, features): (Vec<u32>, Vec<usize>) = ((0..rows as u32).collect(), (0..columns.len()).collect());
    fit(
        &mut table,
        Unlabelled { features: &features, train: &all, held: &all, weight },
        (params, &space()),
        false,
        &control,
    )
}

/// The space of scikit-learn's StandardScaler.
fn space() -> KMeansParams {
    KMeansParams { scaling: Scaling::Standard, ..KMeansParams::default() }
}

fn with(eps: f64, min_samples: u64) -> DensityParams {
    DensityParams { eps: Some(eps), min_samples }
}

fn far(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The rows in the scaled space.
fn scaled(found: &DensityFit) -> Vec<Vec<f64>> {
    let all = points(&found.body.clusters, &found.segments.held, &Control::default()).unwrap();
    all.chunks_exact(found.body.clusters.dimensions as usize).map(<[f64]>::to_vec).collect()
}

/// The definition: every pair of rows is looked at. Of each row whether it is a core row, and a part of core rows.
fn naive(rows: &[Vec<f64>], weight: Option<&[f64]>, reach: f64, least: f64) -> (Vec<bool>, Vec<Option<usize>>) {
    let near = |i: usize| (0..rows.len()).filter(move |j| far(&rows[i], &rows[*j]) <= reach);
    let weight = |i: usize| weight.map_or(1.0, |w| w[i]);
    let core: Vec<bool> = (0..rows.len()).map(|i| near(i).map(weight).sum::<f64>() >= least).collect();
    let mut part = vec![None; rows.len()];
    let is_new = |part: &[Option<usize>], i: usize| core[i] && part[i].is_none();
    for first in 0..rows.len() {
        if !is_new(&part, first) {
            continue;
        }
        let mut waiting = vec![first];
        while let Some(i) = waiting.pop() {
            if part[i].replace(first).is_none() {
                waiting.extend(near(i).filter(|j| is_new(&part, *j)));
            }
        }
    }
    (core, part)
}

/// Labels are the parts of core rows; other rows are of the nearest core row that reaches them, or noise.
fn check_labels(labels: &[u32], rows: &[Vec<f64>], core: &[bool], part: &[Option<usize>], reach: f64) {
    let mut label_of = std::collections::BTreeMap::new();
    for i in (0..rows.len()).filter(|i| core[*i]) {
        assert_eq!(*label_of.entry(part[i]).or_insert(labels[i]), labels[i], "row {i} is in another part");
        assert_ne!(labels[i], NOISE, "core row {i} is noise");
    }
    let mut distinct: Vec<u32> = label_of.values().copied().collect();
    distinct.sort_unstable();
    assert!((0..).zip(&distinct).all(|(i, label): (u32, &u32)| i == *label), "{distinct:?}");
    for i in (0..rows.len()).filter(|i| !core[*i]) {
        let cores = || (0..rows.len()).filter(|j| core[*j]);
        let nearest = cores().map(|j| far(&rows[i], &rows[j])).fold(f64::INFINITY, f64::min);
        let can = cores().any(|j| far(&rows[i], &rows[j]) == nearest && labels[j] == labels[i]);
        assert!(if nearest <= reach { can } else { labels[i] == NOISE }, "row {i} of label {}", labels[i]);
    }
}

fn scorer(found: &DensityFit) -> Scorer {
    let stats = found.segments.stats.clone();
    let names = (0..stats.len()).map(|i| format!("x{i}"));
    let features: Vec<Feature> = names
        .zip(found.segments.encodings.clone())
        .zip(stats)
        .map(|((name, encoding), stats)| Feature { name, encoding, stats })
        .collect();
    let inputs = features
        .iter()
        .enumerate()
        .map(|(i, f)| Input { name: f.name.clone(), kind: InputKind::Number, first: i as u32, count: 1 })
        .collect();
    let model =
        Model { inputs, features, task: Task::Clustering, body: Body::Density(found.body.clone()), cleaning: None };
    model.validate().unwrap();
    Scorer::new(model)
}

fn check_scores(found: &DensityFit) {
    let said = score_columns(&scorer(found), &found.segments.held, &Control::default()).unwrap();
    for (i, (said, label)) in said.iter().zip(&found.segments.labels).enumerate() {
        let segment = if *label == NOISE { f64::NAN } else { f64::from(*label) + 1.0 };
        assert!(said.to_bits() == segment.to_bits(), "row {i}: {said}, not {segment}");
    }
}

fn any_columns() -> impl Strategy<Value = Vec<Vec<f64>>> {
    // Whole numbers, so that rows are equal and equally near; and others.
    let number =
        prop_oneof![8 => (-6i32..6).prop_map(f64::from), 4 => -6.0..6.0, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    (1usize..4, 2usize..120)
        .prop_flat_map(move |(d, n)| prop::collection::vec(prop::collection::vec(number.clone(), n..=n), d..=d))
}

proptest! {
    /// Core rows, their parts, and what becomes of the others are those of the definition; and scoring says the same of each row.
    #[test]
    fn parts_are_those_of_the_definition(columns in any_columns(), eps in 0.01f64..1.5, min_samples in 1u64..9, weighed: bool) {
        let weight: Vec<f64> = (0..columns[0].len()).map(|i| (i % 4) as f64 / 2.0).collect();
        let weight = weighed.then_some(&weight[..]);
        let found = match run(&columns, weight, &with(eps, min_samples)) {
            Ok(found) => found,
            Err(Error::InvalidData { message, .. }) => {
                prop_assert!(message.contains("so there are no segments"), "{}", message);
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        let rows = scaled(&found);
        let (core, part) = naive(&rows, weight, eps * eps, min_samples as f64);
        check_labels(&found.segments.labels, &rows, &core, &part, eps * eps);
        check_scores(&found);
        let Density { clusters, noise, numbers, .. } = &found.body;
        prop_assert!(clusters.sizes.is_sorted_by(|a, b| a >= b));
        prop_assert_eq!(clusters.sizes.iter().sum::<u64>() + noise, rows.len() as u64);
        prop_assert_eq!(numbers.len(), clusters.sizes.len());
        for (segment, centre) in (0u32..).zip(clusters.centres.chunks_exact(clusters.dimensions as usize)) {
            let own = || (0..rows.len()).filter(|i| found.segments.labels[*i] == segment);
            prop_assert_eq!(own().count() as u64, clusters.sizes[segment as usize]);
            let weight = |i: usize| weight.map_or(1.0, |w| w[i]);
            let total: f64 = own().map(weight).sum();
            for (k, c) in centre.iter().enumerate().filter(|_| total > 0.0) {
                let mean = own().map(|i| weight(i) * rows[i][k]).sum::<f64>() / total;
                prop_assert!((mean - c).abs() < 1e-9);
            }
        }
    }
}

/// Core rows, their parts and noise are scikit-learn's: `tests/referees/density.py` made the fixture.
#[test]
fn parts_are_those_of_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/density.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let list =
            |value: &Value| -> Vec<f64> { value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
        let columns: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(list).collect();
        let weight = case["weight"].as_array().map(|_| list(&case["weight"]));
        let (eps, min_samples) = (case["eps"].as_f64().unwrap(), case["min_samples"].as_u64().unwrap());
        let found = run(&columns, weight.as_deref(), &with(eps, min_samples)).unwrap();
        let rows = scaled(&found);
        let (core, labels) = (list(&case["core"]), list(&case["labels"]));
        let (own_core, part) = naive(&rows, weight.as_deref(), eps * eps, min_samples as f64);
        let mut pairs = std::collections::BTreeMap::new();
        for (i, label) in found.segments.labels.iter().enumerate() {
            let name = &case["name"];
            assert_eq!(own_core[i], core[i] == 1.0, "{name}, row {i}");
            assert_eq!(*label == NOISE, labels[i] == -1.0, "{name}, row {i}");
            if own_core[i] {
                assert_eq!(*pairs.entry(label).or_insert(labels[i]), labels[i], "{name}, row {i}");
            }
        }
        let others: std::collections::BTreeSet<u64> = pairs.values().map(|v| v.to_bits()).collect();
        assert_eq!(others.len(), pairs.len());
        check_labels(&found.segments.labels, &rows, &own_core, &part, eps * eps);
        check_scores(&found);
    }
}

/// Two half moons and rows far from both, a text, and in the other order.
fn moons(rows: usize) -> (Vec<f64>, Vec<f64>, Vec<String>) {
    let mut random = numbers(3);
    let mut draw = || random.next().unwrap();
    let (mut a, mut b, mut c) = (vec![], vec![], vec![]);
    for i in 0..rows {
        let (angle, side) = (draw() * std::f64::consts::PI, i % 2 == 0);
        let (x, y) = (libm::cos(angle), libm::sin(angle));
        let (x, y) = if side { (x, y) } else { (1.0 - x, 0.5 - y) };
        let (x, y) = if i % 50 == 49 { (draw() * 9.0 - 4.0, 3.0 + draw() * 4.0) } else { (x, y) };
        a.push(x + draw() * 0.1);
        b.push(y + draw() * 0.1);
        c.push(["web", "shop"][usize::from(side)].to_owned());
    }
    (a, b, c)
}

fn learn(
    rows: &(Vec<f64>, Vec<f64>, Vec<String>),
    order: &[usize],
    options: &Value,
) -> orchard_engine::Result<Outcome> {
    let control = Control::default();
    let pick = |v: &[f64]| order.iter().map(|i| v[*i]).collect::<Vec<f64>>();
    let texts: Vec<Option<&str>> = order.iter().map(|i| Some(rows.2[*i].as_str())).collect();
    let columns = vec![
        Column::from_numbers("a", &pick(&rows.0), &control).unwrap(),
        Column::from_numbers("b", &pick(&rows.1), &control).unwrap(),
        Column::from_texts("c", &texts, &control).unwrap(),
    ];
    let algorithm = Algorithm::Dbscan;
    let inputs =
        vec![input(0, "a", InputKind::Number), input(1, "b", InputKind::Number), input(2, "c", InputKind::Category)];
    let request =
        tables::request(Table { rows: order.len(), columns }, inputs, algorithm, Options::parse(options, algorithm)?);
    train(request, &control)
}

#[test]
fn a_model_is_the_same_for_any_order_and_number_of_threads() {
    let rows = moons(3_000);
    let forward: Vec<usize> = (0..3_000).collect();
    let backward: Vec<usize> = (0..3_000).rev().collect();
    let found = learn(&rows, &forward, &json!({})).unwrap();
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| learn(&rows, &backward, &json!({})).unwrap());
        assert_eq!(again.bytes, found.bytes);
    }
}

/// The moons are found with all that is usual, and what is far from both is noise.
#[test]
fn a_reach_is_chosen_that_finds_the_parts() {
    let rows = moons(3_000);
    let found = learn(&rows, &(0..3_000).collect::<Vec<_>>(), &json!({"exclude": "c"})).unwrap();
    let facts = found.segments.as_ref().unwrap();
    println!("{:?}", found.notices);
    assert!(facts.sizes.iter().take(2).sum::<u64>() > 2_850, "{:?}", facts.sizes);
    assert!(facts.sizes[1] > 1_300, "{:?}", facts.sizes);
    let noise = found.scorer.model().body.noise().unwrap();
    assert!((20..=120).contains(&noise), "{noise}");
    let value = |name: &str| found.metrics.iter().find(|m| m.name == name).and_then(|m| m.value);
    assert_eq!((value("noise"), value("rows")), (Some(noise as f64), Some(3_000.0)));
    assert!(found.notices.iter().any(|n| n.contains("\"eps\"") && n.contains("is chosen")), "{:?}", found.notices);
    assert!(found.notices.iter().any(|n| n.contains("in no dense part")), "{:?}", found.notices);
    assert!(facts.map.segments.iter().all(|s| (*s as usize) < facts.sizes.len()));
}

#[test]
fn a_million_equal_rows_are_no_work() {
    let columns = vec![(0..1_000_000).map(|i| f64::from(u8::from(i % 3 == 0))).collect::<Vec<f64>>()];
    let found = run(&columns, None, &with(0.5, 5)).unwrap();
    assert_eq!(found.body.clusters.sizes, [666_666, 333_334]);
    assert_eq!((found.body.labels.len(), found.body.noise), (2, 0));
}

#[test]
fn a_row_that_is_nowhere_is_noise_and_far_rows_have_a_distance() {
    let mut columns = vec![(0..40).map(|i| f64::from(i % 4) / 100.0).collect::<Vec<f64>>()];
    columns[0].push(50.0);
    let found = run(&columns, None, &with(0.1, 5)).unwrap();
    assert_eq!((found.body.noise, &found.body.clusters.sizes[..]), (1, &[40][..]));
    let scorer = scorer(&found);
    let mut said = [0.0];
    scorer.predict(&[50.0], &mut said);
    assert!(said[0].is_nan());
    assert!(scorer.distance(&[50.0]).unwrap() > 1.0);
    assert_eq!(scorer.distance(&[0.01]), Some(0.0));
    assert_eq!(scorer.memberships(&[50.0]), Some(vec![0.0]));
    assert_eq!(scorer.memberships(&[0.01]), Some(vec![1.0]));
}

#[test]
fn what_cannot_be_is_said() {
    let said = |found: orchard_engine::Result<DensityFit>| found.unwrap_err().to_string();
    let line = vec![(0..50).map(f64::from).collect::<Vec<f64>>()];
    let none = said(run(&line, None, &with(1e-6, 5)));
    assert!(none.contains("no row has 5 rows within 1.000e-6, so there are no segments"), "{none}");
    let alike = vec![(0..100).map(|i| f64::from(i % 2)).collect::<Vec<f64>>()];
    let unknown = said(run(&alike, None, &DensityParams::default()));
    assert!(unknown.contains("\"eps\" cannot be chosen"), "{unknown}");
    assert_eq!(run(&[vec![1.0; 9]], None, &with(1.0, 2)).unwrap().body.clusters.sizes, [9]);
    let many = vec![(0..20_001).map(f64::from).collect::<Vec<f64>>()];
    let found = said(run(&many, None, &with(1e-6, 1)));
    assert!(found.contains("there are 20001 dense parts, more than 10000 segments"), "{found}");
    let rows = moons(100);
    let refused = learn(&rows, &(0..100).collect::<Vec<_>>(), &json!({"min_group": 5})).unwrap_err();
    assert!(refused.to_string().contains("\"min_group\" is not for dbscan"), "{refused}");
}

/// Memory is counted, and a training that was cancelled ends.
#[test]
fn memory_is_refused_and_a_cancel_is_heard() {
    let x: Vec<f64> = numbers(7).take(50_000).collect();
    let attempt = |control: &Control| {
        let mut table =
            Table { rows: x.len(), columns: vec![Column::from_numbers("x", &x, &Control::default()).unwrap()] };
        let all: Vec<u32> = (0..x.len() as u32).collect();
        fit(
            &mut table,
            Unlabelled { features: &[0], train: &all, held: &[], weight: None },
            (&with(0.1, 5), &space()),
            true,
            control,
        )
        .map(|_| ())
    };
    for limit in [1_000, 500_000, 1_000_000, 1_500_000, 2_000_000] {
        let control = Control::new(limit);
        assert!(matches!(attempt(&control), Err(Error::OutOfMemory { .. }) | Ok(())), "{limit}");
        assert!(control.peak() <= limit);
    }
    let control = Control::default();
    control.cancel();
    assert!(matches!(attempt(&control), Err(Error::Cancelled)));
}
