//! Lloyd's iterations against the naive ones, bit for bit.

use proptest::prelude::*;

use super::lloyd::{distance, run, Fit};
use super::screen::Screen;
use super::{seed, Init, Points};
use crate::control::Control;
use crate::learn::random::Random;

/// The first of the nearest centres.
fn nearest(row: &[f64], centres: &[f64]) -> (u32, f64) {
    let mut best = (0, f64::INFINITY);
    for (c, centre) in (0..).zip(centres.chunks_exact(row.len())) {
        let far = distance(row, centre);
        if far < best.1 {
            best = (c, far);
        }
    }
    best
}

/// Lloyd's iterations as they are defined; rows are small whole numbers, so that sums are exact in any order.
fn naive(points: &Points<'_>, mut centres: Vec<f64>, max_iter: u32) -> (Vec<u32>, Vec<f64>, u32) {
    let (n, d) = (points.rows(), points.dimensions);
    let k = centres.len() / d;
    let mut labels = vec![u32::MAX; n];
    let mut iterations = 0;
    loop {
        let found: Vec<(u32, f64)> = (0..n).map(|i| nearest(points.row(i), &centres)).collect();
        let now: Vec<u32> = found.iter().map(|f| f.0).collect();
        let same = now == labels;
        labels = now;
        if same || iterations >= max_iter {
            return (labels, centres, iterations);
        }
        iterations += 1;
        let mut owners = labels.clone();
        let count = |owners: &[u32], c: u32| owners.iter().filter(|&&l| l == c).count();
        let empty: Vec<u32> = (0..k as u32).filter(|&c| count(&labels, c) == 0).collect();
        let mut far: Vec<usize> = (0..n).filter(|&i| points.weight(i) * found[i].1 > 0.0).collect();
        far.sort_by(|&a, &b| {
            (points.weight(b) * found[b].1).total_cmp(&(points.weight(a) * found[a].1)).then(a.cmp(&b))
        });
        for (&c, &row) in empty.iter().zip(&far) {
            if count(&owners, owners[row]) > 1 {
                owners[row] = c;
            }
        }
        for c in 0..k {
            let own: Vec<usize> = (0..n).filter(|&i| owners[i] == c as u32).collect();
            let weight: f64 = own.iter().map(|&i| points.weight(i)).sum();
            if weight > 0.0 {
                for j in 0..d {
                    let sum: f64 = own.iter().map(|&i| points.weight(i) * points.row(i)[j]).sum();
                    centres[c * d + j] = sum / weight;
                }
            }
        }
    }
}

fn lloyd(points: &Points<'_>, centres: &[f64], fine: Option<bool>, max_iter: u32) -> Fit {
    let control = Control::default();
    let mut screen = fine.and_then(|fine| Screen::new(points, fine, &control).unwrap());
    run(points, &mut screen, centres.to_vec(), max_iter, 0.0, &control).unwrap()
}

/// Rows of few and of many values, with ties and duplicates, some far out; centres among them, also more than rows.
fn cases() -> impl Strategy<Value = (usize, Vec<f64>, Vec<f64>, Vec<usize>)> {
    let value = prop_oneof![
        (0i32..2).prop_map(f64::from).boxed(),
        (-9i32..9).prop_map(f64::from).boxed(),
        prop_oneof![20 => (-50i32..50).prop_map(f64::from), 1 => Just(70_000.0)].boxed(),
    ];
    (1usize..20, 1usize..150, 0usize..3).prop_flat_map(move |(d, n, kind)| {
        let value = match kind {
            0 => (0i32..2).prop_map(f64::from).boxed(),
            1 => (-9i32..9).prop_map(f64::from).boxed(),
            _ => value.clone().boxed(),
        };
        let rows = prop::collection::vec(value, n * d);
        let weight = prop::collection::vec((0u8..4).prop_map(f64::from), n);
        (Just(d), rows, weight, prop::collection::vec(0..n, 1..40))
    })
}

proptest! {
    /// With and without bounds, short integers or not, weights or not: labels, centres and iterations are those of the definition.
    #[test]
    fn labels_and_centres_are_those_of_the_naive_iterations((d, rows, weight, starts) in cases(), weighted: bool, max_iter in 0u32..12) {
        let weight = weighted.then_some(&weight[..]);
        let points = Points { values: &rows, dimensions: d, weight, restraints: &[] };
        let centres: Vec<f64> = starts.iter().flat_map(|&i| points.row(i)).copied().collect();
        let (labels, expected, iterations) = naive(&points, centres.clone(), max_iter);
        for fine in [None, Some(false), Some(true)] {
            let found = lloyd(&points, &centres, fine, max_iter);
            prop_assert_eq!(&found.labels, &labels);
            prop_assert_eq!(&found.centres, &expected);
            prop_assert_eq!(found.iterations, iterations);
            let inertia: f64 = (0..points.rows()).map(|i| points.weight(i) * nearest(points.row(i), &expected).1).sum();
            prop_assert!((found.inertia - inertia).abs() <= 1e-12 * inertia);
        }
    }

    /// Starts are different rows, whatever the way, and as many as there can be up to `k`.
    #[test]
    fn starts_are_different_rows((d, rows, weight, _) in cases(), k in 1usize..30, number in 0u64..100) {
        let points = Points { values: &rows, dimensions: d, weight: Some(&weight), restraints: &[] };
        let mut different: Vec<Vec<u64>> = (0..points.rows())
            .filter(|&i| weight[i] > 0.0)
            .map(|i| points.row(i).iter().map(|x| (x + 0.0).to_bits()).collect())
            .collect();
        different.sort();
        different.dedup();
        prop_assume!(!different.is_empty());
        let control = Control::default();
        for init in [Init::PlusPlus, Init::Random, Init::Parallel] {
            let mut screen = Screen::new(&points, false, &control).unwrap();
            let found = seed::centres(&points, &mut screen, &init, k, &mut Random::new(number, 0), &control).unwrap();
            let mut found: Vec<Vec<u64>> = found.chunks_exact(d).map(|c| c.iter().map(|x| (x + 0.0).to_bits()).collect()).collect();
            let count = found.len();
            found.sort();
            found.dedup();
            prop_assert_eq!(found.len(), count);
            prop_assert!(found.iter().all(|c| different.contains(c)));
            // k-means|| may draw fewer rows than it is to choose from.
            if init != Init::Parallel {
                prop_assert_eq!(count, k.min(different.len()));
            }
        }
    }
}

/// Many rows, so that there are several parts, blocks that are gathered, and bounds that hold; centres of which there are few, and many: the
/// same for any number of threads.
#[test]
fn threads_and_numbers_change_nothing() {
    let (n, d) = (30_000, 5);
    let mut random = Random::new(1, 0);
    let rows: Vec<f64> = (0..n * d).map(|i| random.unit() + (i / d % 7) as f64).collect();
    let points = Points { values: &rows, dimensions: d, weight: None, restraints: &[] };
    for k in [7, 20] {
        let centres = rows[..k * d].to_vec();
        let expected = lloyd(&points, &centres, None, 30);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for fine in [Some(false), Some(true)] {
                assert_eq!(pool.install(|| lloyd(&points, &centres, fine, 30)), expected);
            }
        }
    }
}

/// What cannot be rounded is left to the definition.
#[test]
fn rows_of_nothing_or_of_no_numbers_have_centres() {
    for rows in [vec![0.0; 40], vec![f64::MAX; 40], vec![f64::NAN; 40], vec![1e-320; 40]] {
        let points = Points { values: &rows, dimensions: 2, weight: None, restraints: &[] };
        let found = lloyd(&points, &rows[..4], Some(false), 5);
        assert_eq!(found.labels, [0; 20]);
    }
}
