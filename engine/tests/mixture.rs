//! Mixtures of Gaussians as a learner: what they find, what must not change them, and what must not break them.

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::kmeans::gaussian::{fit, MixtureFit, MixtureParams};
use orchard_engine::learn::Unlabelled;
use orchard_engine::model::Covariance;
use orchard_engine::score::mixture::{log_densities, memberships};
use proptest::prelude::*;

/// Rows by column; a text is a category.
enum Cells {
    Numbers(Vec<f64>),
    Texts(Vec<Option<String>>),
}

fn run(columns: &[Cells], weight: Option<&[f64]>, params: &MixtureParams) -> orchard_engine::Result<MixtureFit> {
    let control = Control::default();
    let column = |(i, cells): (usize, &Cells)| match cells {
        Cells::Numbers(values) => Column::from_numbers(&format!("x{i}"), values, &control).unwrap(),
        Cells::Texts(texts) => {
            let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            Column::from_texts(&format!("x{i}"), &texts, &control).unwrap()
        }
    };
    let mut table = Table { rows: 0, columns: columns.iter().enumerate().map(column).collect() };
    table.rows = match &columns[0] {
        Cells::Numbers(values) => values.len(),
        Cells::Texts(texts) => texts.len(),
    };
    let (all, features): (Vec<u32>, Vec<usize>) = ((0..table.rows as u32).collect(), (0..columns.len()).collect());
    let found =
        fit(&mut table, Unlabelled { features: &features, train: &all, held: &all, weight }, params, false, &control);
    drop(table);
    found
}

/// Numbers that are nearly normal.
fn bells(seed: u64, rows: usize) -> Vec<f64> {
    let mut draws = tables::numbers(seed);
    (0..rows).map(|_| (0..6).map(|_| draws.next().unwrap()).sum::<f64>() * 2f64.sqrt() - 3.0 * 2f64.sqrt()).collect()
}

/// Two long clouds side by side, which k-means cuts across: half of the rows each, along the same diagonal.
fn diagonals(rows: usize) -> (Vec<f64>, Vec<f64>) {
    let (along, across) = (bells(1, rows), bells(2, rows));
    let beside = |i: usize| if i.is_multiple_of(2) { 4.0 } else { 0.0 };
    let at = |i: usize, x: f64, y: f64| (x * 2.0 + y * 0.3, x * 2.0 - y * 0.3 + beside(i));
    (0..rows).map(|i| at(i, along[i], across[i])).unzip()
}

/// The share of rows that two labels tell apart as they should.
fn agreement(found: &[u32], truth: impl Fn(usize) -> u32) -> f64 {
    let same = found.iter().enumerate().filter(|(i, label)| **label == truth(*i)).count() as f64 / found.len() as f64;
    same.max(1.0 - same)
}

#[test]
fn long_clouds_that_kmeans_cuts_across_are_found() {
    let (x, y) = diagonals(2000);
    for (covariance, is_found) in [(Covariance::Full, true), (Covariance::Tied, true), (Covariance::Spherical, false)] {
        let params = MixtureParams { n_clusters: 2, covariance, tol: 1e-6, max_iter: 300, ..MixtureParams::default() };
        let found = run(&[Cells::Numbers(x.clone()), Cells::Numbers(y.clone())], None, &params).unwrap();
        let share = agreement(&found.segments.labels, |i| (i % 2) as u32);
        assert_eq!(share > 0.99, is_found, "{}: {share}", covariance.name());
    }
}

/// A category that says nothing of the clouds does not make the segments, although a component of one level alone has no variance there.
#[test]
fn a_category_of_noise_makes_no_segments() {
    let rows = 1500;
    let (a, b, mut draws) = (bells(3, rows), bells(4, rows), tables::numbers(5));
    let x: Vec<f64> = (0..rows).map(|i| a[i] + if i % 2 == 0 { 6.0 } else { 0.0 }).collect();
    let y: Vec<f64> = (0..rows).map(|i| b[i] + if i % 2 == 0 { 6.0 } else { 0.0 }).collect();
    let kind = (0..rows).map(|_| Some(format!("kind {}", (draws.next().unwrap() * 4.0) as u32))).collect();
    let flag: Vec<f64> = (0..rows).map(|_| draws.next().unwrap().round()).collect();
    let columns = [Cells::Numbers(x), Cells::Numbers(y), Cells::Texts(kind), Cells::Numbers(flag)];
    for (_, covariance) in Covariance::NAMED {
        let params = MixtureParams { n_clusters: 2, covariance, ..MixtureParams::default() };
        let found = run(&columns, None, &params).unwrap();
        assert!(agreement(&found.segments.labels, |i| (i % 2) as u32) > 0.99, "{}", covariance.name());
        assert!(found.narrow.is_empty());
    }
}

#[test]
fn the_number_of_segments_is_found() {
    let rows = 1800;
    let (a, b) = (bells(6, rows), bells(7, rows));
    let x: Vec<f64> = (0..rows).map(|i| a[i] + [0.0, 7.0, 0.0][i % 3]).collect();
    let y: Vec<f64> = (0..rows).map(|i| b[i] * 0.5 + [0.0, 0.0, 7.0][i % 3]).collect();
    let params = MixtureParams { choose: true, max_clusters: 8, ..MixtureParams::default() };
    let found = run(&[Cells::Numbers(x), Cells::Numbers(y)], None, &params).unwrap();
    assert_eq!(found.body.clusters.sizes.len(), 3);
    let chosen: Vec<u32> = found.segments.candidates.iter().filter(|c| c.chosen).map(|c| c.n_clusters).collect();
    assert_eq!(chosen, [3]);
    assert!(found.segments.candidates.iter().all(|c| c.bic.is_some()));
}

/// Constants, copies of columns, fewer rows than dimensions, one row: there is a model of finite numbers.
#[test]
fn degenerate_rows_have_a_mixture() {
    let column = |of: fn(usize) -> f64, rows: usize| Cells::Numbers((0..rows).map(of).collect());
    for rows in [1, 2, 3, 7, 40] {
        for (_, covariance) in Covariance::NAMED {
            for reg_covar in [1e-6, 0.0] {
                let columns = [
                    column(|i| (i % 5) as f64, rows),
                    column(|i| 2.0 * (i % 5) as f64 + 1.0, rows),
                    column(|_| 3.0, rows),
                    column(|i| i as f64 * i as f64, rows),
                    column(|i| if i == 3 { 1e300 } else { 0.0 }, rows),
                ];
                let params = MixtureParams { n_clusters: 4, covariance, reg_covar, ..MixtureParams::default() };
                let found = run(&columns, None, &params).unwrap();
                let body = &found.body;
                assert!(found.log_likelihood.is_finite() && body.precisions.iter().all(|p| p.is_finite()));
                assert_eq!(body.clusters.sizes.iter().sum::<u64>(), rows as u64);
                assert!(body.clusters.sizes.iter().all(|size| *size > 0));
                assert!(body.clusters.sizes.is_sorted_by(|a, b| a >= b));
            }
        }
    }
}

/// A component that knows one value only is told of.
#[test]
fn components_of_one_value_are_named() {
    let bell = bells(8, 900);
    let zeros: Vec<f64> = (0..900).map(|i| if i % 3 == 0 { 0.0 } else { 20.0 + bell[i] }).collect();
    let params = MixtureParams { n_clusters: 2, ..MixtureParams::default() };
    let found = run(&[Cells::Numbers(bell), Cells::Numbers(zeros)], None, &params).unwrap();
    assert_eq!(found.narrow, [1]);
}

#[test]
fn components_of_too_few_rows_are_given_up() {
    let bell = bells(9, 1000);
    let x: Vec<f64> = (0..1000)
        .map(|i| {
            bell[i]
                + if i < 8 {
                    50.0
                } else if i % 2 == 0 {
                    9.0
                } else {
                    0.0
                }
        })
        .collect();
    let params = MixtureParams { n_clusters: 3, ..MixtureParams::default() };
    let free = run(&[Cells::Numbers(x.clone())], None, &params).unwrap();
    assert_eq!((free.segments.given_up, free.body.clusters.sizes.len()), (0, 3));
    let params = MixtureParams { n_clusters: 8, min_group: 200, ..params };
    let found = run(&[Cells::Numbers(x)], None, &params).unwrap();
    assert!(found.segments.given_up > 0 && found.body.clusters.sizes.iter().all(|size| *size >= 200));
    let shares: f64 = found.body.log_weights.iter().map(|w| w.exp()).sum();
    assert!((shares - 1.0).abs() < 1e-9);
}

#[test]
fn a_mixture_out_of_memory_or_cancelled_says_so() {
    let columns: Vec<f64> = bells(10, 5000);
    for limit in [100_000, 400_000, 600_000] {
        let control = Control::new(limit);
        let Ok(column) = Column::from_numbers("x", &columns, &control) else { continue };
        let mut table = Table { rows: 5000, columns: vec![column] };
        let all: Vec<u32> = (0..5000).collect();
        let params = MixtureParams { n_clusters: 1000, ..MixtureParams::default() };
        let found = fit(
            &mut table,
            Unlabelled { features: &[0], train: &all, held: &[], weight: None },
            &params,
            false,
            &control,
        );
        assert!(matches!(found, Err(orchard_engine::Error::OutOfMemory { .. })), "{limit}");
    }
    let control = Control::default();
    let mut table = Table { rows: 5000, columns: vec![Column::from_numbers("x", &columns, &control).unwrap()] };
    control.cancel();
    let all: Vec<u32> = (0..5000).collect();
    assert!(fit(
        &mut table,
        Unlabelled { features: &[0], train: &all, held: &[], weight: None },
        &MixtureParams::default(),
        false,
        &control
    )
    .is_err());
}

fn cells() -> impl Strategy<Value = Vec<(f64, f64, Option<u8>)>> {
    let number = || prop_oneof![10 => (-20i32..20).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    prop::collection::vec((number(), number(), prop::option::of(0u8..3)), 1..60)
}

proptest! {
    /// Whatever the rows: shares and memberships sum to 1, every row is of its most probable component, and the likelihood is the mean of the densities.
    #[test]
    fn a_mixture_is_what_it_says(rows in cells(), n_clusters in 1u32..6, kind in 0usize..4, weighed in any::<bool>()) {
        let params = MixtureParams { n_clusters, covariance: Covariance::NAMED[kind].1, ..MixtureParams::default() };
        let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().map(|r| (r.0, r.1)).unzip();
        let texts = rows.iter().map(|r| r.2.map(|c| format!("level {c}"))).collect();
        let weight: Vec<f64> = (0..rows.len()).map(|i| 1.0 + (i % 3) as f64).collect();
        let weight = weighed.then_some(&weight[..]);
        let found = run(&[Cells::Numbers(a), Cells::Numbers(b), Cells::Texts(texts)], weight, &params).unwrap();
        let (body, held) = (&found.body, &found.segments.held);
        prop_assert!((body.log_weights.iter().map(|w| w.exp()).sum::<f64>() - 1.0).abs() < 1e-9);
        let densities = log_densities(body, held, &Control::default()).unwrap();
        let w = |i: usize| weight.map_or(1.0, |w| w[i]);
        let sum: f64 = densities.iter().enumerate().map(|(i, x)| w(i) * x).sum();
        let mean = sum / (0..rows.len()).map(w).sum::<f64>();
        prop_assert!((mean - found.log_likelihood).abs() < 1e-9 * mean.abs().max(1.0), "{} {}", mean, found.log_likelihood);
        for i in 0..rows.len() {
            let row: Vec<f64> = held.iter().map(|column| column[i]).collect();
            let shares = memberships(body, &row, &mut Vec::new());
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let own = shares[found.segments.labels[i] as usize];
            prop_assert!(shares.iter().all(|share| *share <= own));
        }
    }
}
