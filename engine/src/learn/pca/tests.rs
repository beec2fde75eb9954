//! The solver and the sums against what they are by definition.

use proptest::prelude::*;

use super::covariance::scatter;
use super::eigen::Solved;
use crate::control::Control;
use crate::error::Error;
use crate::learn::kmeans::Points;
use crate::learn::random::Random;

/// The scatter of rows as it is defined.
fn naive(values: &[f64], d: usize, weight: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
    let w = |r: usize| weight.map_or(1.0, |w| w[r]);
    let rows = || values.chunks_exact(d).enumerate();
    let total: f64 = rows().map(|(r, _)| w(r)).sum();
    let mean: Vec<f64> = (0..d).map(|i| rows().map(|(r, row)| w(r) * row[i]).sum::<f64>() / total).collect();
    let of = |i: usize, j: usize| rows().map(|(r, row)| w(r) * (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>();
    let matrix = (0..d * d).map(|at| of(at / d, at % d)).collect();
    (mean, matrix)
}

fn near(a: &[f64], b: &[f64], scale: f64) {
    assert_eq!(a.len(), b.len());
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart <= scale, "{apart} apart");
}

/// What is wrong with a solution: how far vectors are from their images, from length 1 and from right angles, at most.
fn wrong(matrix: &[f64], d: usize, solved: &Solved) -> f64 {
    let vectors = solved.vectors(d, &Control::default()).unwrap();
    let rows: Vec<&[f64]> = vectors.chunks_exact(d).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = matrix.iter().fold(1e-300f64, |most, x| most.max(x.abs()));
    let mut worst = 0.0f64;
    for (i, v) in rows.iter().enumerate() {
        for (j, row) in matrix.chunks_exact(d).enumerate() {
            worst = worst.max((dot(row, v) - solved.values[i] * v[j]).abs() / size);
        }
        for (j, u) in rows.iter().enumerate() {
            worst = worst.max((dot(v, u) - f64::from(u8::from(i == j))).abs());
        }
    }
    assert!(solved.values.is_sorted_by(|a, b| a >= b));
    worst
}

fn symmetric(d: usize, random: &mut Random) -> Vec<f64> {
    let mut matrix = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            let x = random.unit() - 0.5 + if i == j { 2.0 } else { 0.0 };
            (matrix[i * d + j], matrix[j * d + i]) = (x, x);
        }
    }
    matrix
}

proptest! {
    #[test]
    fn scatter_is_that_of_the_definition(d in 1usize..150, n in 1usize..700, many: bool, seed: u64, weighted: bool) {
        // Many rows are parted among threads.
        let (d, n) = if many { (d % 6 + 1, n * 60) } else { (d, n) };
        let mut random = Random::new(seed, 0);
        let values: Vec<f64> = (0..n * d).map(|i| random.unit() * 3.0 + (i % d) as f64).collect();
        let weight: Vec<f64> = (0..n).map(|_| (random.unit() * 4.0).floor()).collect();
        prop_assume!(!weighted || weight.iter().sum::<f64>() > 0.0);
        let weight = weighted.then_some(&weight[..]);
        let found = scatter(&Points { values: &values, dimensions: d, weight, restraints: &[] }, &Control::default()).unwrap();
        let (mean, matrix) = naive(&values, d, weight);
        near(&found.mean, &mean, 1e-12 * d as f64);
        // The sums are of weights of at most 1.
        let most = weight.map_or(1.0, |w| w.iter().fold(0.0, |m: f64, w| m.max(*w)));
        let scaled: Vec<f64> = found.matrix.iter().map(|x| x * most).collect();
        near(&scaled, &matrix, 1e-10 * n as f64);
    }

    #[test]
    fn vectors_are_turned_into_multiples_of_themselves(d in 1usize..40, seed: u64, kind in 0u8..4) {
        let mut random = Random::new(seed, 0);
        let mut matrix = symmetric(d, &mut random);
        match kind {
            // Values that are alike, columns of nothing, and columns that are the same.
            0 => (0..d * d).for_each(|at| matrix[at] = f64::from(u8::from(at / d == at % d))),
            1 => (0..d).filter(|i| i % 2 == 1).for_each(|i| (0..d).for_each(|j| (matrix[i * d + j], matrix[j * d + i]) = (0.0, 0.0))),
            2 => matrix.fill(1.0),
            _ => {}
        }
        let solved = Solved::new(matrix.clone(), d, &Control::default()).unwrap();
        prop_assert!(wrong(&matrix, d, &solved) < 1e-13 * (d as f64 + 4.0));
    }
}

/// Many dimensions go to several threads, and more threads change nothing.
#[test]
fn large_matrices_are_solved_and_the_same_for_all_threads() {
    let d = 300;
    let matrix = symmetric(d, &mut Random::new(3, 0));
    let solve = || {
        let solved = Solved::new(matrix.clone(), d, &Control::default()).unwrap();
        assert!(wrong(&matrix, d, &solved) < 1e-12);
        (solved.values.clone(), solved.vectors(20, &Control::default()).unwrap())
    };
    let pools = [1, 3].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let [one, three] = pools.map(|pool| pool.install(solve));
    assert_eq!(one, three);
}

#[test]
fn sizes_at_the_ends_of_numbers_are_solved() {
    for scale in [1e-300, 1e-100, 1e100, 1e300] {
        let matrix: Vec<f64> = symmetric(12, &mut Random::new(9, 0)).iter().map(|x| x * scale).collect();
        let solved = Solved::new(matrix.clone(), 12, &Control::default()).unwrap();
        assert!(wrong(&matrix, 12, &solved) < 1e-12, "{scale}");
    }
}

#[test]
fn a_cancel_is_seen_and_memory_is_counted() {
    let control = Control::default();
    control.cancel();
    let solved = Solved::new(symmetric(50, &mut Random::new(1, 0)), 50, &control);
    assert!(matches!(solved.err(), Some(Error::Cancelled)));
    let small = Control::new(100_000);
    let values = vec![0.5; 400 * 20];
    let found = scatter(&Points { values: &values, dimensions: 400, weight: None, restraints: &[] }, &small);
    assert!(matches!(found.err(), Some(Error::OutOfMemory { .. })));
}
