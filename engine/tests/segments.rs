//! Segments: how many there are, what is known of them, their names, and their numbers when they are found again.
#![allow(missing_docs)]

mod samples;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::judge::segments::{adjusted_rand, assign, jaccard, keep_names, name, names, numbers, Effect, What};
use orchard_engine::learn::kmeans::{fit, KMeansFit, KMeansParams};
use orchard_engine::learn::Unlabelled;
use orchard_engine::model::{SegmentFacts, SegmentFeature};
use proptest::prelude::*;

/// Numbers that are the same everywhere (SplitMix64), uniform and normal.
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn normal(&mut self) -> f64 {
        // Box, Muller 1958.
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// A mixture of 2 to 12 Gaussians in 2 to 8 dimensions: standard deviations of 0.7 to 1.3 by group and dimension, centres at least `near` to `far` apart,
/// groups of different sizes. At 3 apart neighbours overlap: a twentieth of their rows lies on the wrong side.
fn mixture(seed: u64, near: f64, far: f64) -> (Vec<Vec<f64>>, u32) {
    let mut draws = Draws(seed);
    let k = 2 + (seed % 11) as usize;
    let d = 2 + (draws.unit() * 7.0) as usize;
    let n = 1000 + (draws.unit() * 3000.0) as usize;
    let apart = draws.between(near, far);
    let (mut centres, mut side): (Vec<Vec<f64>>, f64) = (Vec::new(), apart);
    while centres.len() < k {
        side *= 1.01;
        let centre: Vec<f64> = (0..d).map(|_| draws.between(-side, side)).collect();
        let distance = |other: &Vec<f64>| centre.iter().zip(other).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
        if centres.iter().all(|other| distance(other) >= apart) {
            centres.push(centre);
        }
    }
    let spread: Vec<Vec<f64>> = (0..k).map(|_| (0..d).map(|_| draws.between(0.7, 1.3)).collect()).collect();
    let share: Vec<f64> = (0..k).map(|_| draws.between(0.5, 1.5)).collect();
    let all: f64 = share.iter().sum();
    let mut columns = vec![Vec::with_capacity(n); d];
    for _ in 0..n {
        let mut at = draws.unit() * all;
        let group = share.iter().position(|s| {
            at -= s;
            at < 0.0
        });
        let group = group.unwrap_or(k - 1);
        for (j, column) in columns.iter_mut().enumerate() {
            column.push(centres[group][j] + spread[group][j] * draws.normal());
        }
    }
    (columns, k as u32)
}

fn run(columns: &[Vec<f64>], params: &KMeansParams) -> KMeansFit {
    let control = Control::default();
    let column = |(i, values): (usize, &Vec<f64>)| Column::from_numbers(&format!("x{i}"), values, &control).unwrap();
    let rows = columns[0].len();
    let mut table = Table { rows, columns: columns.iter().enumerate().map(column).collect() };
    let (all, features): (Vec<u32>, Vec<usize>) = ((0..rows as u32).collect(), (0..columns.len()).collect());
    fit(&mut table, Unlabelled { features: &features, train: &all, held: &[], weight: None }, params, false, &control)
        .unwrap()
}

fn found(seeds: std::ops::Range<u64>, near: f64, far: f64) -> usize {
    let params = KMeansParams { choose: true, n_init: 2, ..KMeansParams::default() };
    let right = |seed: &u64| {
        let (columns, k) = mixture(*seed, near, far);
        let found = run(&columns, &params);
        let chosen = found.candidates.iter().find(|c| c.chosen).unwrap().n_clusters;
        println!("mixture {seed}: {} dimensions, {k} groups, {chosen} found", columns.len());
        chosen == k && found.body.sizes.len() == k as usize
    };
    seeds.filter(right).count()
}

/// The number of groups is found of 18 in 20 mixtures, overlapping ones among them.
#[test]
fn the_number_of_segments_is_found() {
    let right = found(100..120, 3.0, 8.0);
    println!("{right} of 20");
    assert!(right >= 18, "{right} of 20");
}

/// The same of many more mixtures, for the figures of the manual.
#[test]
#[ignore = "takes minutes"]
fn the_number_of_segments_is_found_of_many() {
    for (near, far) in [(2.0, 2.5), (2.5, 3.0), (3.0, 3.5), (3.5, 4.5), (4.5, 8.0)] {
        println!("centres {near} to {far} apart: {} of 22", found(1000..1022, near, far));
    }
}

/// Facts of segments of [`samples::kmeans`], whose features are a number and a category of two levels.
fn facts(rows: &[(u32, i32, u32, [u32; 3], u32)]) -> SegmentFacts {
    let sizes: Vec<u64> = rows.iter().map(|r| u64::from(r.3.iter().sum::<u32>() + r.4) + 1).collect();
    let weights: Vec<f64> = sizes.iter().map(|s| *s as f64).collect();
    let count = rows.len();
    let spend = SegmentFeature {
        missing: weights.iter().zip(rows).map(|(w, r)| f64::from(r.0).min(*w)).collect(),
        known: weights.iter().zip(rows).map(|(w, r)| (w - f64::from(r.0)).max(0.0)).collect(),
        mean: rows.iter().map(|r| f64::from(r.1)).collect(),
        stddev: rows.iter().map(|r| f64::from(r.2)).collect(),
        levels: Vec::new(),
    };
    let city = SegmentFeature {
        missing: rows.iter().map(|r| f64::from(r.4) + 1.0).collect(),
        known: vec![0.0; count],
        mean: vec![0.0; count],
        stddev: vec![0.0; count],
        levels: rows.iter().flat_map(|r| r.3.map(f64::from)).collect(),
    };
    SegmentFacts {
        sizes,
        weights,
        features: vec![spend, city],
        names: vec![Vec::new(); count],
        ..SegmentFacts::default()
    }
}

proptest! {
    /// Every segment has a name of its own, and keeps it where nothing has changed.
    #[test]
    fn names_are_different_and_stay(rows in prop::collection::vec((0u32..3, -3i32..3, 0u32..3, [0u32..4, 0u32..4, 0u32..4], 0u32..3), 1..9)) {
        let model = samples::kmeans();
        let mut facts = facts(&rows);
        facts.names = names(&model, &facts, Vec::new());
        let told: Vec<String> = facts.names.iter().map(|n| name(&model, n)).collect();
        let different: std::collections::HashSet<&String> = told.iter().collect();
        prop_assert!(different.len() == rows.len() && told.iter().all(|n| !n.is_empty()), "{:?}", told);
        let same: Vec<Option<usize>> = (0..rows.len()).map(Some).collect();
        let kept = keep_names((&model, &facts), (&model, &facts), &same);
        let again = names(&model, &facts, kept);
        let again: Vec<String> = again.iter().map(|n| name(&model, n)).collect();
        let different: std::collections::HashSet<&String> = again.iter().collect();
        prop_assert_eq!(different.len(), rows.len());
    }

    /// Effects of a number by their definition, over rows.
    #[test]
    fn effects_are_those_of_the_rows(groups in prop::collection::vec(prop::collection::vec(-20i32..20, 1..9), 2..5)) {
        let all: Vec<f64> = groups.iter().flatten().map(|v| f64::from(*v)).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let variance = |values: &[f64]| mean(&values.iter().map(|v| (v - mean(values)).powi(2)).collect::<Vec<_>>());
        let own: Vec<Vec<f64>> = groups.iter().map(|g| g.iter().map(|v| f64::from(*v)).collect()).collect();
        let mut facts = facts(&vec![(0, 0, 0, [0; 3], 0); groups.len()]);
        facts.features[0].known = own.iter().map(|g| g.len() as f64).collect();
        facts.features[0].mean = own.iter().map(|g| mean(g)).collect();
        facts.features[0].stddev = own.iter().map(|g| variance(g).sqrt()).collect();
        for (s, group) in own.iter().enumerate() {
            let others: Vec<f64> = own.iter().enumerate().filter(|o| o.0 != s).flat_map(|o| o.1.clone()).collect();
            let expected = (mean(group) - mean(&others)) / variance(&all).sqrt();
            match Effect::one(&samples::kmeans(), &facts, s, 0, What::Number) {
                Some(found) => prop_assert!((found.effect - expected).abs() < 1e-9 * expected.abs().max(1.0)),
                None => prop_assert!(variance(&all) < 1e-9),
            }
        }
    }

    /// No assignment of few rows is cheaper.
    #[test]
    fn assignments_are_the_cheapest(rows in 1usize..5, columns in 1usize..5, costs in prop::collection::vec(0u8..20, 25)) {
        let cost = |r: usize, c: usize| f64::from(costs[r * 5 + c]);
        let matrix: Vec<f64> = (0..rows).flat_map(|r| (0..columns).map(move |c| cost(r, c))).collect();
        let found = assign(&matrix, columns, &Control::default()).unwrap();
        let total: f64 = found.iter().enumerate().filter_map(|(r, c)| Some(cost(r, (*c)?))).sum();
        prop_assert_eq!(found.iter().flatten().count(), rows.min(columns));
        let used: std::collections::HashSet<usize> = found.iter().flatten().copied().collect();
        prop_assert_eq!(used.len(), rows.min(columns));
        // All ways, row by row.
        let mut ways: Vec<(Vec<Option<usize>>, f64)> = vec![(Vec::new(), 0.0)];
        for r in 0..rows {
            let more = |(way, sum): &(Vec<Option<usize>>, f64)| {
                let free = (0..columns).filter(|c| !way.contains(&Some(*c)));
                let mut next: Vec<_> = free.map(|c| ([way.clone(), vec![Some(c)]].concat(), sum + cost(r, c))).collect();
                if rows > columns {
                    next.push(([way.clone(), vec![None]].concat(), *sum));
                }
                next
            };
            ways = ways.iter().flat_map(more).collect();
        }
        let whole = ways.iter().filter(|w| w.0.iter().flatten().count() == rows.min(columns));
        let best = whole.map(|w| w.1).fold(f64::INFINITY, f64::min);
        prop_assert!((total - best).abs() < 1e-9, "{} {}", total, best);
    }

    /// Every segment has a number of its own, and keeps the old one where there is one.
    #[test]
    fn numbers_are_each_there_once(count in 1usize..7, old in 1usize..7, turn in 0usize..7) {
        let before: Vec<Option<usize>> = (0..count).map(|i| (i < old).then_some((i + turn) % old)).collect();
        let given = numbers(&before);
        let mut sorted = given.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
        for (own, before) in given.iter().zip(&before) {
            prop_assert!(before.is_none_or(|b| b >= count || b == *own));
        }
    }

    /// The index by its definition over pairs of rows.
    #[test]
    fn agreement_is_that_of_pairs(labels in prop::collection::vec((0u32..3, 0u32..3), 2..30)) {
        let (a, b): (Vec<u32>, Vec<u32>) = labels.iter().copied().unzip();
        let (mut both, mut first, mut second, mut all) = (0.0, 0.0, 0.0, 0.0);
        for i in 0..a.len() {
            for j in 0..i {
                let (x, y) = (a[i] == a[j], b[i] == b[j]);
                both += f64::from(u8::from(x && y));
                first += f64::from(u8::from(x));
                second += f64::from(u8::from(y));
                all += 1.0;
            }
        }
        let (chance, most) = (first * second / all, (first + second) / 2.0);
        let expected = if most > chance { (both - chance) / (most - chance) } else { 1.0 };
        prop_assert!((adjusted_rand(&a, &b) - expected).abs() < 1e-9);
        for (segment, found) in jaccard(&a, &b, 3).into_iter().enumerate() {
            let own = |i: &usize| a[*i] as usize == segment;
            let expected = (0..3u32).filter_map(|other| {
                let union = (0..a.len()).filter(|i| own(i) || b[*i] == other).count();
                let both = (0..a.len()).filter(|i| own(i) && b[*i] == other).count();
                (0..a.len()).any(|i| own(&i)).then(|| both as f64 / union.max(1) as f64)
            });
            prop_assert_eq!(found, expected.reduce(f64::max));
        }
    }
}
