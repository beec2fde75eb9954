//! k-means against its definition: nearest centres, means, inertia, and what must not change a result.

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::kmeans::{fit, KMeansFit, KMeansParams, Scaling};
use orchard_engine::learn::Unlabelled;
use orchard_engine::score::kmeans::nearest;
use proptest::prelude::*;

fn table(rows: &[(f64, f64, Option<u8>)], control: &Control) -> Table {
    let texts: Vec<Option<String>> = rows.iter().map(|r| r.2.map(|c| format!("level {c}"))).collect();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().map(|r| (r.0, r.1)).unzip();
    Table {
        rows: rows.len(),
        columns: vec![
            Column::from_numbers("a", &a, control).unwrap(),
            Column::from_numbers("b", &b, control).unwrap(),
            Column::from_texts("c", &texts, control).unwrap(),
        ],
    }
}

fn run(
    rows: &[(f64, f64, Option<u8>)],
    weight: Option<&[f64]>,
    params: &KMeansParams,
) -> orchard_engine::Result<KMeansFit> {
    let control = Control::default();
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let rows_of = Unlabelled { features: &[0, 1, 2], train: &all, held: &all, weight };
    fit(&mut table(rows, &control), rows_of, params, false, &control)
}

fn rows() -> impl Strategy<Value = Vec<(f64, f64, Option<u8>)>> {
    let number = || prop_oneof![10 => (-20i32..20).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    prop::collection::vec((number(), number(), prop::option::of(0u8..3)), 1..60)
}

proptest! {
    /// Every row belongs to its nearest centre, every centre is the mean of its rows, and the inertia is their squared distance.
    #[test]
    fn the_result_is_a_fixed_point(rows in rows(), n_clusters in 1u32..6) {
        let params = KMeansParams { n_clusters, n_init: 2, tol: 0.0, ..KMeansParams::default() };
        let found = run(&rows, None, &params).unwrap();
        let body = &found.body;
        let (d, k) = (body.dimensions as usize, body.sizes.len());
        prop_assert!(k <= n_clusters as usize && k > 0);
        prop_assert_eq!(body.sizes.iter().sum::<u64>() as usize, rows.len());
        prop_assert!(body.sizes.windows(2).all(|w| w[0] >= w[1]));
        let (mut sums, mut sizes, mut inertia) = (vec![0.0; k * d], vec![0u64; k], 0.0);
        let mut scaled = Vec::new();
        for r in 0..rows.len() {
            let row: Vec<f64> = found.held.iter().map(|column| column[r]).collect();
            let (segment, distance) = nearest(body, &row, &mut scaled);
            let s = segment as usize;
            for centre in body.centres.chunks_exact(d) {
                let other: f64 = scaled.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum();
                prop_assert!(distance <= other);
            }
            sums[s * d..(s + 1) * d].iter_mut().zip(&scaled).for_each(|(sum, x)| *sum += x);
            sizes[s] += 1;
            inertia += distance;
        }
        prop_assert_eq!(&sizes, &body.sizes);
        prop_assert!((inertia - body.inertia).abs() <= 1e-9 * inertia.max(1.0));
        for (s, centre) in body.centres.chunks_exact(d).enumerate() {
            for (sum, c) in sums[s * d..(s + 1) * d].iter().zip(centre) {
                prop_assert!((sum / sizes[s] as f64 - c).abs() < 1e-9);
            }
        }
    }
}

/// Three clouds: with several starts the best partition is found, and it is the one that was made.
#[test]
fn clouds_are_found() {
    let rows: Vec<(f64, f64, Option<u8>)> = (0..300u32)
        .map(|i| {
            let cloud = f64::from(i % 3);
            let noise = |k: u32| f64::from(i.wrapping_mul(2_654_435_761).wrapping_add(k) >> 12 & 255) / 256.0;
            (cloud * 10.0 + noise(1), -cloud * 5.0 + noise(99_991), Some(0))
        })
        .collect();
    let found = run(&rows, None, &KMeansParams { n_clusters: 3, ..KMeansParams::default() }).unwrap();
    assert_eq!(found.body.sizes, [100, 100, 100]);
    assert!(found.silhouette.unwrap() > 0.9);
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    for threads in [1, 2, 3] {
        let again =
            pool(threads).install(|| run(&rows, None, &KMeansParams { n_clusters: 3, ..KMeansParams::default() }));
        assert_eq!(again.unwrap().body, found.body);
    }
}

#[test]
fn a_weight_counts_as_copies() {
    let rows = [(0.0, 1.0, None), (1.0, 1.0, None), (9.0, 2.0, None), (10.0, 2.0, None)];
    let weight = [1.0, 3.0, 2.0, 1.0];
    let copies: Vec<_> = rows.iter().zip(weight).flat_map(|(r, w)| vec![*r; w as usize]).collect();
    let params = KMeansParams { n_clusters: 2, ..KMeansParams::default() };
    let (a, b) = (run(&rows, Some(&weight), &params).unwrap().body, run(&copies, None, &params).unwrap().body);
    assert!((a.inertia - b.inertia).abs() < 1e-9);
    let sorted = |mut v: Vec<f64>| {
        v.sort_by(f64::total_cmp);
        v
    };
    for (x, y) in sorted(a.centres).iter().zip(sorted(b.centres)) {
        assert!((x - y).abs() < 1e-9);
    }
}

#[test]
fn rows_that_are_alike_are_one_segment() {
    for n in [1, 2] {
        let found = run(&vec![(1.0, 2.0, None); n], None, &KMeansParams::default()).unwrap();
        assert_eq!(found.body.sizes, [n as u64]);
        assert_eq!((found.body.inertia, found.silhouette), (0.0, None));
    }
}

/// The best of four hundred starts is that of scikit-learn: `tests/referees/kmeans.py` made the fixture.
#[test]
fn clusterings_are_as_good_as_those_of_scikit_learn() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("fixtures/kmeans.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let control = Control::default();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
        };
        let columns: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(numbers).collect();
        let rows = columns[0].len();
        let named = columns.iter().enumerate();
        let columns = named.map(|(i, x)| Column::from_numbers(&format!("x{i}"), x, &control).unwrap()).collect();
        let mut table = Table { rows, columns };
        let features: Vec<usize> = (0..table.columns.len()).collect();
        let all: Vec<u32> = (0..rows as u32).collect();
        let n_clusters = case["k"].as_u64().unwrap() as u32;
        let scaling = Scaling::Standard;
        let params = KMeansParams { n_clusters, n_init: 400, tol: 0.0, scaling, ..KMeansParams::default() };
        let found = fit(
            &mut table,
            Unlabelled { features: &features, train: &all, held: &all, weight: None },
            &params,
            false,
            &control,
        )
        .unwrap();
        let expected = |key: &str| case[key].as_f64().unwrap();
        assert!(found.body.inertia <= 1.001 * expected("inertia"), "{n_clusters}: {}", found.body.inertia);
        if (found.body.inertia / expected("inertia") - 1.0).abs() < 1e-9 {
            assert_eq!(serde_json::json!(found.body.sizes), case["sizes"]);
            assert!((found.silhouette.unwrap() - expected("silhouette")).abs() < 1e-9);
        }
        assert!((found.silhouette.unwrap() - expected("silhouette")).abs() < 0.01);
    }
}
