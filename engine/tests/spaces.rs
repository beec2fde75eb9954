//! The spaces that segments are found in: weights, logarithms, directions of arrays, and centres of one level a category.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::kmeans::{fit, Init, KMeansFit, KMeansParams, Scaling, Treatment};
use orchard_engine::learn::Unlabelled;
use orchard_engine::model::{Axis, Body, Feature, Input, InputKind, Model, Task};
use orchard_engine::score::kmeans::{nearest, point as place};
use orchard_engine::score::{Batch, Scorer};
use proptest::prelude::*;

/// A column of numbers or of texts.
enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<Option<String>>),
}

fn run(columns: &[Values], weight: Option<&[f64]>, params: &KMeansParams) -> KMeansFit {
    let control = Control::default();
    let column = |(i, values): (usize, &Values)| match values {
        Values::Numbers(values) => Column::from_numbers(&format!("x{i}"), values, &control).unwrap(),
        Values::Texts(texts) => {
            let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            Column::from_texts(&format!("x{i}"), &texts, &control).unwrap()
        }
    };
    let columns: Vec<Column> = columns.iter().enumerate().map(column).collect();
    let rows = match &columns[0].data {
        orchard_engine::data::ColumnData::Number(values) => values.len(),
        orchard_engine::data::ColumnData::Category { codes, .. } => codes.len(),
    };
    let features: Vec<usize> = (0..columns.len()).collect();
    let all: Vec<u32> = (0..rows as u32).collect();
    fit(
        &mut Table { rows, columns },
        Unlabelled { features: &features, train: &all, held: &all, weight },
        params,
        false,
        &control,
    )
    .unwrap()
}

/// The model of what was found.
fn model(found: &KMeansFit) -> Model {
    let features = found.encodings.iter().zip(&found.stats).enumerate();
    let features: Vec<Feature> = features
        .map(|(i, (encoding, stats))| Feature {
            name: format!("x{i}"),
            encoding: encoding.clone(),
            stats: stats.clone(),
        })
        .collect();
    let input = |(i, feature): (usize, &Feature)| Input {
        name: feature.name.clone(),
        kind: if feature.encoding.is_category() { InputKind::Category } else { InputKind::Number },
        first: i as u32,
        count: 1,
    };
    let inputs = features.iter().enumerate().map(input).collect();
    Model { inputs, features, task: Task::Clustering, body: Body::KMeans(found.body.clone()), cleaning: None }
}

fn row(found: &KMeansFit, r: usize) -> Vec<f64> {
    found.held.iter().map(|column| column[r]).collect()
}

/// Numbers between 0 and 1 that look random.
fn unit(i: usize, stream: usize) -> f64 {
    let mut z = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (stream as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A row of two numbers, another and a category.
type Mixed = (f64, i32, i32, Option<u8>);

/// The same partition, whatever the numbers.
fn alike(a: &[u32], b: &[u32]) -> bool {
    let mut to = std::collections::HashMap::new();
    let mut from = std::collections::HashMap::new();
    a.iter().zip(b).all(|(x, y)| *to.entry(x).or_insert(y) == y && *from.entry(y).or_insert(x) == x)
}

proptest! {
    /// k-prototypes: a centre is the mean of the numbers and the most frequent level of its rows, the first of equals, and the cost is that of Huang.
    #[test]
    fn centres_of_prototypes_are_means_and_modes(
        rows in prop::collection::vec((-20i32..20, prop::option::of(0u8..4)), 2..80),
        n_clusters in 1u32..5,
        gamma in prop::option::of(0.25f64..8.0),
    ) {
        let numbers = rows.iter().map(|r| f64::from(r.0)).collect();
        let texts: Vec<Option<String>> = rows.iter().map(|r| r.1.map(|c| format!("level {c}"))).collect();
        let params = KMeansParams { n_clusters, n_init: 2, tol: 0.0, modes: true, gamma, ..KMeansParams::default() };
        let found = run(&[Values::Numbers(numbers), Values::Texts(texts.clone())], None, &params);
        let body = &found.body;
        let d = body.dimensions as usize;
        let Axis::Category { scale, .. } = body.axes[1] else { panic!("no category") };
        if let Some(gamma) = gamma {
            prop_assert!((2.0 * scale * scale - gamma).abs() < 1e-12 * gamma);
        }
        // A row that is as near to two centres may have been of the other one when centres were made.
        let mut point = Vec::new();
        let tied = (0..rows.len()).any(|r| {
            place(body, &row(&found, r), &mut point);
            let far = |centre: &[f64]| centre.iter().zip(&point).map(|(c, x)| (c - x) * (c - x)).sum::<f64>();
            let mut all: Vec<f64> = body.centres.chunks_exact(d).map(far).collect();
            all.sort_by(f64::total_cmp);
            all.get(1).is_some_and(|second| second - all[0] < 1e-9)
        });
        if tied {
            return Ok(());
        }
        let mut inertia = 0.0;
        for (s, centre) in body.centres.chunks_exact(d).enumerate() {
            let own: Vec<usize> = (0..rows.len()).filter(|r| found.labels[*r] as usize == s).collect();
            let mut counts = std::collections::BTreeMap::new();
            // What is missing is a level of its own, after the others.
            own.iter().for_each(|&r| *counts.entry(texts[r].clone().unwrap_or("~".into())).or_insert(0) += 1);
            let most = *counts.values().max().unwrap();
            let mode = counts.iter().find(|c| *c.1 == most).unwrap().0.clone();
            let marked: Vec<f64> = centre[1..].iter().copied().filter(|v| *v != 0.0).collect();
            prop_assert!(scale == 0.0 || marked == [scale], "{:?}", centre);
            let mut point = Vec::new();
            let mut mean = 0.0;
            for &r in &own {
                let (segment, far) = nearest(body, &row(&found, r), &mut point);
                prop_assert_eq!(segment as usize, s);
                let misses = texts[r].clone().unwrap_or("~".into()) != mode;
                let cost = (point[0] - centre[0]).powi(2) + if misses { 2.0 * scale * scale } else { 0.0 };
                prop_assert!((far - cost).abs() < 1e-9 * cost.max(1.0), "{} {}", far, cost);
                mean += point[0] / own.len() as f64;
                inertia += cost;
            }
            prop_assert!((mean - centre[0]).abs() < 1e-9);
        }
        prop_assert!((inertia - body.inertia).abs() < 1e-9 * inertia.max(1.0));
    }

    /// Of arrays by their directions, a row is in the segment of the greatest cosine, and a centre points where its rows do in the mean.
    #[test]
    fn directions_are_compared_by_their_cosines(
        rows in prop::collection::vec((-9i32..9, -9i32..9, -9i32..9), 2..60),
        n_clusters in 1u32..5,
        large in prop::sample::select(vec![1.0, 1e-150, 1e150]),
    ) {
        let column = |of: fn(&(i32, i32, i32)) -> i32| Values::Numbers(rows.iter().map(|r| f64::from(of(r)) * large).collect());
        let element = |last| Treatment { element: Some(last), ..Treatment::default() };
        let params = KMeansParams {
            n_clusters, n_init: 2, tol: 0.0, treatments: vec![element(0), element(0), element(3)], ..KMeansParams::default()
        };
        let found = run(&[column(|r| r.0), column(|r| r.1), column(|r| r.2)], None, &params);
        let body = &found.body;
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let Axis::Element { count: 3, scale, .. } = body.axes[2] else { panic!("no array") };
        let mut point = Vec::new();
        for (r, raw) in rows.iter().enumerate() {
            let (segment, _) = nearest(body, &row(&found, r), &mut point);
            prop_assert_eq!(segment, found.labels[r]);
            let raw = [f64::from(raw.0), f64::from(raw.1), f64::from(raw.2)];
            if length(&raw) == 0.0 || scale == 0.0 {
                prop_assert!(point.iter().all(|x| *x == 0.0));
                continue;
            }
            prop_assert!((length(&point) - scale).abs() < 1e-12 * scale);
            let cosine = |c: &[f64]| c.iter().zip(&raw).map(|(x, y)| x * y).sum::<f64>() / length(&raw) / length(c).max(1e-300);
            let own = cosine(&body.centres[segment as usize * 3..][..3]);
            let centres = || body.centres.chunks_exact(3).filter(|c| length(c) > 0.0);
            // A centre of rows without a direction lies in the middle.
            if centres().count() == body.sizes.len() {
                prop_assert!(centres().all(|c| cosine(c) <= own + 1e-9));
            }
        }
        for (s, centre) in body.centres.chunks_exact(3).enumerate() {
            let mut sum = [0.0; 3];
            for r in (0..rows.len()).filter(|r| found.labels[*r] as usize == s) {
                nearest(body, &row(&found, r), &mut point);
                sum.iter_mut().zip(&point).for_each(|(sum, x)| *sum += x);
            }
            let l = length(&sum);
            if l > 1e-6 * scale {
                prop_assert!(centre.iter().zip(&sum).all(|(c, s)| (c - s / l * scale).abs() < 1e-6 * scale.max(1.0)));
            }
        }
    }

    /// What many rows at once are told is what each is told alone, to the bit, and what training said of them.
    #[test]
    fn many_rows_are_scored_as_one(
        rows in prop::collection::vec((0.0f64..1e6, -9i32..9, -9i32..9, prop::option::of(0u8..4)), 2..90),
        modes in any::<bool>(),
    ) {
        let numbers = |of: &dyn Fn(&Mixed) -> f64| Values::Numbers(rows.iter().map(of).collect());
        let texts = rows.iter().map(|r| r.3.map(|c| format!("level {c}"))).collect();
        let element = |last| Treatment { element: Some(last), weight: 3.0, ..Treatment::default() };
        let params = KMeansParams {
            n_clusters: 4,
            n_init: 1,
            modes,
            scaling: Scaling::Log,
            treatments: vec![Treatment::default(), element(0), element(2), Treatment::default()],
            ..KMeansParams::default()
        };
        let columns = [numbers(&|r| r.0.powi(3)), numbers(&|r| f64::from(r.1)), numbers(&|r| f64::from(r.2)), Values::Texts(texts)];
        let found = run(&columns, None, &params);
        let model = model(&found);
        model.validate().unwrap();
        let scorer = Scorer::new(model);
        let columns: Vec<&[f64]> = found.held.iter().map(Vec::as_slice).collect();
        let mut all = vec![0.0; rows.len()];
        Batch::new(&scorer).predict(&scorer, &columns, &mut all);
        for (r, said) in all.iter().enumerate() {
            let mut one = [0.0];
            scorer.predict(&row(&found, r), &mut one);
            prop_assert_eq!(one[0], *said);
            prop_assert_eq!(one[0] as u32, found.labels[r] + 1);
        }
    }
}

/// Two columns of clouds that do not agree on where rows belong.
fn crossed() -> Vec<Values> {
    let of =
        |by: usize, s: usize| Values::Numbers((0..400).map(|i| ((i / by) % 2) as f64 * 3.0 + unit(i, s)).collect());
    vec![of(1, 1), of(2, 2)]
}

/// A weight of 2 is a column that is there twice; a weight of 0 is one that is not there, though it is described.
#[test]
fn weights_count_columns() {
    let weights = |all: &[f64]| KMeansParams {
        n_clusters: 2,
        treatments: all.iter().map(|w| Treatment { weight: *w, ..Treatment::default() }).collect(),
        ..KMeansParams::default()
    };
    let first: Vec<u32> = (0..400).map(|i| (i % 2) as u32).collect();
    let second: Vec<u32> = (0..400).map(|i| (i / 2 % 2) as u32).collect();
    assert!(alike(&run(&crossed(), None, &weights(&[2.0, 1.0])).labels, &first));
    assert!(alike(&run(&crossed(), None, &weights(&[1.0, 2.0])).labels, &second));
    let none = run(&crossed(), None, &weights(&[0.0, 1.0]));
    assert!(alike(&none.labels, &second));
    assert_eq!(none.body.dimensions, 2, "it is still a feature");
    let mut twice = crossed();
    let Values::Numbers(copy) = &twice[0] else { panic!() };
    twice.push(Values::Numbers(copy.clone()));
    let (twice, heavy) = (run(&twice, None, &weights(&[1.0; 3])), run(&crossed(), None, &weights(&[2.0, 1.0])));
    assert_eq!(twice.labels, heavy.labels);
    assert!((twice.body.inertia - heavy.body.inertia).abs() < 1e-9 * heavy.body.inertia);
}

/// Amounts whose logarithms make two groups, of which numbers as they are show one, and a few that are rich.
fn amounts(by: f64) -> Vec<f64> {
    let group = |i: usize| if i.is_multiple_of(2) { 2.0 } else { 7.0 };
    let rich = |i: usize| if i % 100 == 1 { 3.0 } else { 0.0 };
    (0..1000).map(|i| (group(i) + rich(i) + unit(i, 1) + unit(i, 2) - 1.0).exp() * by).collect()
}

/// Skewed numbers enter by their logarithm, in whatever unit they are; others, and those of two values, do not.
#[test]
fn skewed_numbers_enter_by_their_logarithm() {
    let auto = KMeansParams { n_clusters: 2, ..KMeansParams::default() };
    let groups: Vec<u32> = (0..1000).map(|i| (i % 2) as u32).collect();
    let bent = |found: &KMeansFit| matches!(found.body.axes[0], Axis::Logarithm { .. });
    for by in [1.0, 0.01, 1e12, 1e-80] {
        let found = run(&[Values::Numbers(amounts(by))], None, &auto);
        assert!(bent(&found), "{by}");
        assert!(alike(&found.labels, &groups), "{by}");
    }
    let debts = amounts(-1.0);
    assert!(bent(&run(&[Values::Numbers(debts)], None, &auto)), "of debts, too");
    let plain = KMeansParams { scaling: Scaling::Standard, ..auto.clone() };
    let plain = run(&[Values::Numbers(amounts(1.0))], None, &plain);
    assert!(!bent(&plain) && !alike(&plain.labels, &groups));
    let even = (0..1000).map(|i| unit(i, 3)).collect();
    assert!(!bent(&run(&[Values::Numbers(even)], None, &auto)));
    let flag = (0..1000).map(|i| f64::from(u8::from(i % 50 == 0))).collect();
    assert!(!bent(&run(&[Values::Numbers(flag)], None, &auto)), "a flag is as it is");
    // Marks out of 100 that most have in full: a logarithm makes them no less skewed.
    let marks = (0..1000).map(|i| 100.0 - (unit(i, 4) * 12.0).exp() / 2000.0).collect();
    assert!(!bent(&run(&[Values::Numbers(marks)], None, &auto)));
    let dates = KMeansParams { treatments: vec![Treatment { is_measure: false, ..Treatment::default() }], ..auto };
    assert!(!bent(&run(&[Values::Numbers(amounts(1.0))], None, &dates)), "a day has no logarithm");
}

/// Missing, infinite and zero values lie somewhere on the curve, and a row of weight 2 is two rows.
#[test]
fn logarithms_take_all_values() {
    let mut values = amounts(1.0);
    (values[0], values[1], values[2], values[3]) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let params = KMeansParams { n_clusters: 3, ..KMeansParams::default() };
    let found = run(&[Values::Numbers(values.clone())], None, &params);
    assert!(matches!(found.body.axes[0], Axis::Logarithm { .. }));
    assert!(found.body.centres.iter().all(|c| c.is_finite()));
    let weight: Vec<f64> = (0..values.len()).map(|i| if i < 500 { 2.0 } else { 1.0 }).collect();
    let weighed = run(&[Values::Numbers(values.clone())], Some(&weight), &params);
    let doubled: Vec<f64> = values[..500].iter().flat_map(|v| [*v, *v]).chain(values[500..].iter().copied()).collect();
    let doubled = run(&[Values::Numbers(doubled)], None, &params);
    let Axis::Logarithm { unit: a, shift: b, .. } = weighed.body.axes[0] else { panic!() };
    let Axis::Logarithm { unit: c, shift: d, .. } = doubled.body.axes[0] else { panic!() };
    assert!(a == c && (b - d).abs() < 1e-12);
}

/// "none" takes numbers as they are: distances are those of the columns.
#[test]
fn numbers_can_be_left_as_they_are() {
    let params = KMeansParams { n_clusters: 2, scaling: Scaling::None, ..KMeansParams::default() };
    let found = run(&crossed(), None, &params);
    let mut point = Vec::new();
    let own = row(&found, 7);
    nearest(&found.body, &own, &mut point);
    assert_eq!(point, own);
    let huge = run(&[Values::Numbers((0..50).map(|i| f64::from(i) * 1e300).collect())], None, &params);
    assert!(huge.body.inertia.is_finite());
}

/// Threads, instructions and the order of arrival say nothing; batches and given centres hold to what centres must be.
#[test]
fn restraints_hold_in_batches_and_at_given_centres() {
    let texts: Vec<Option<String>> = (0..600).map(|i| Some(format!("k{}", i % 3))).collect();
    let columns =
        || vec![Values::Numbers((0..600).map(|i| (i % 3) as f64 + unit(i, 1)).collect()), Values::Texts(texts.clone())];
    let one_level = |found: &KMeansFit| {
        let d = found.body.dimensions as usize;
        found.body.centres.chunks_exact(d).all(|c| c[1..].iter().filter(|v| **v != 0.0).count() == 1)
    };
    let params = KMeansParams { n_clusters: 3, modes: true, n_init: 3, ..KMeansParams::default() };
    let batches = run(&columns(), None, &KMeansParams { batch_size: Some(50), ..params.clone() });
    assert!(one_level(&batches));
    let given = serde_json::json!([{"x0": 0.5, "x1": "k0"}, {"x0": 1.5, "x1": "k1"}, {"x0": 2.5}]);
    let given = given.as_array().unwrap().iter().map(|c| c.as_object().unwrap().clone()).collect();
    let given = run(&columns(), None, &KMeansParams { init: Init::Given(given), ..params.clone() });
    assert!(one_level(&given));
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| orchard_engine::model::encode(&model(&run(&columns(), None, &params))).unwrap())
    };
    assert_eq!(bytes(1), bytes(2));
}

/// The best of many starts is what kmodes and NLTK find (tests/referees/segments.py).
#[test]
fn partitions_are_those_of_the_referees() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("fixtures/spaces.json")).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let texts = |value: &serde_json::Value| -> Vec<Option<String>> {
        value.as_array().unwrap().iter().map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let labels = |value: &serde_json::Value| numbers(value).iter().map(|l| *l as u32).collect::<Vec<u32>>();
    let base = KMeansParams { n_init: 60, tol: 0.0, scaling: Scaling::Standard, ..KMeansParams::default() };
    for case in fixture["prototypes"].as_array().unwrap() {
        let columns = [
            Values::Numbers(numbers(&case["x"])),
            Values::Texts(texts(&case["letter"])),
            Values::Texts(texts(&case["colour"])),
        ];
        let (n_clusters, gamma) = (case["k"].as_u64().unwrap() as u32, case["gamma"].as_f64());
        let found = run(&columns, None, &KMeansParams { n_clusters, gamma, modes: true, ..base.clone() });
        let cost = case["cost"].as_f64().unwrap();
        assert!(found.body.inertia <= cost * (1.0 + 1e-9), "{} {cost}", found.body.inertia);
        if (found.body.inertia - cost).abs() < 1e-9 * cost {
            assert!(alike(&found.labels, &labels(&case["labels"])));
        }
    }
    for case in fixture["directions"].as_array().unwrap() {
        let columns: Vec<Values> = case["x"].as_array().unwrap().iter().map(|c| Values::Numbers(numbers(c))).collect();
        let element = |last| Treatment { element: Some(last), ..Treatment::default() };
        let treatments = (0..5).map(|i| element(if i == 4 { 5 } else { 0 })).collect();
        let n_clusters = case["k"].as_u64().unwrap() as u32;
        let found = run(&columns, None, &KMeansParams { n_clusters, treatments, ..base.clone() });
        let Axis::Element { scale, .. } = found.body.axes[4] else { panic!("no array") };
        // Of unit vectors a squared distance is twice one less the cosine.
        let (cost, own) = (case["cost"].as_f64().unwrap(), found.body.inertia / (2.0 * scale * scale));
        assert!(own <= cost * (1.0 + 1e-9), "{own} {cost}");
        if (own - cost).abs() < 1e-9 * cost {
            assert!(alike(&found.labels, &labels(&case["labels"])));
        }
    }
}
