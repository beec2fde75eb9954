//! A mixture of Gaussians with diagonal covariances, by expectation and maximisation (Dempster, Laird, Rubin 1977) from given segments.

use rayon::prelude::*;

use super::Points;
use crate::control::Control;
use crate::error::Result;

/// No variance is below this share of that of all rows, so that a value which many rows share is no infinitely good component.
const FLOOR: f64 = 3e-3;
/// Nor below this share of the square of the usual gap between values: neighbours on a scale of whole numbers, or two levels of a category, are no
/// components by themselves. A quarter is the variance of two values that are equally frequent.
const GAP: f64 = 0.25;
/// Iterations at most, and the gain of the mean log likelihood that ends them.
const ITERATIONS: usize = 100;
const TOLERANCE: f64 = 3e-5;
/// Rows whose sums are taken together.
const BLOCK: usize = 256;

/// How well a mixture fits.
pub(super) struct Mixture {
    /// The Bayesian information criterion: -2 ln(likelihood) + parameters ln(rows).
    pub bic: f64,
    /// The entropy of the memberships of the rows.
    pub entropy: f64,
}

/// The components.
struct Components {
    /// By component: mean and, per dimension, 1 / variance.
    mean: Vec<f64>,
    precision: Vec<f64>,
    /// By component: ln of its share, less the half of ln of the determinant of the covariance.
    constant: Vec<f64>,
}

/// What a block of rows adds.
struct Sums {
    weight: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    likelihood: f64,
    entropy: f64,
}

impl Mixture {
    /// Fit `k` components to the rows from the segments `labels`.
    pub fn fit(points: &Points<'_>, labels: &[u32], k: usize, control: &Control) -> Result<Mixture> {
        let n = points.rows();
        let all: f64 = (0..n).map(|i| points.weight(i)).sum();
        // Weights say how rows count against each other, not how many there are.
        let scale = if all > 0.0 { n as f64 / all } else { 1.0 };
        let hard = |i: usize, out: &mut [f64]| {
            out.fill(0.0);
            out[labels[i] as usize] = 1.0;
            (0.0, 0.0)
        };
        let sums = sums(points, k, scale, control, &hard)?;
        let floor = floor(&sums, points, control)?;
        let used = floor.iter().filter(|f| **f > 0.0).count();
        let mut components = Components::of(&sums, &floor, n as f64);
        let mut before = f64::NEG_INFINITY;
        let mut found = (0.0, 0.0);
        for _ in 0..ITERATIONS {
            let sums = self::sums(points, k, scale, control, &|i, out| components.members(points.row(i), out))?;
            found = (sums.likelihood, sums.entropy);
            if sums.likelihood - before <= TOLERANCE * n as f64 {
                break;
            }
            before = sums.likelihood;
            components = Components::of(&sums, &floor, n as f64);
        }
        let parameters = (k * 2 * used + k - 1) as f64;
        let constant = n as f64 * used as f64 * libm::log(std::f64::consts::TAU);
        let bic = constant - 2.0 * found.0 + parameters * libm::log(n as f64);
        Ok(Mixture { bic, entropy: found.1 })
    }
}

/// The least variance by dimension; 0 where nothing varies.
fn floor(sums: &Sums, points: &Points<'_>, control: &Control) -> Result<Vec<f64>> {
    let d = points.dimensions;
    let all: f64 = sums.weight.iter().sum();
    let of = |j: usize| {
        let total = |values: &[f64]| values.iter().skip(j).step_by(d).sum::<f64>() / all;
        let (mean, square) = (total(&sums.first), total(&sums.second));
        let variance = square - mean * mean;
        let gap = gap(points, j, control)?;
        Ok(if variance > 1e-12 * square { (FLOOR * variance).max(GAP * gap * gap) } else { 0.0 })
    };
    (0..d).map(of).collect()
}

/// The distance from a value along a dimension to the nearest other one, the median of the rows.
fn gap(points: &Points<'_>, dimension: usize, control: &Control) -> Result<f64> {
    control.check()?;
    let mut values: Vec<f64> = (0..points.rows()).map(|i| points.row(i)[dimension]).collect();
    values.sort_unstable_by(f64::total_cmp);
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for v in values {
        match distinct.last_mut() {
            Some((last, rows)) if *last == v => *rows += 1,
            _ => distinct.push((v, 1)),
        }
    }
    let mut gaps: Vec<(f64, usize)> = (0..distinct.len())
        .map(|i| {
            let left = i.checked_sub(1).map_or(f64::INFINITY, |before| distinct[i].0 - distinct[before].0);
            let right = distinct.get(i + 1).map_or(f64::INFINITY, |after| after.0 - distinct[i].0);
            (left.min(right), distinct[i].1)
        })
        .collect();
    gaps.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut left = points.rows() / 2;
    let median = gaps.iter().find(|(_, rows)| {
        let here = left < *rows;
        left = left.saturating_sub(*rows);
        here
    });
    Ok(median.map_or(0.0, |m| m.0).min(f64::MAX))
}

/// The sums over rows, each a member of the components as `members` says: it fills the shares, and gives the likelihood and the entropy of the row.
fn sums(
    points: &Points<'_>,
    k: usize,
    scale: f64,
    control: &Control,
    members: &(impl Fn(usize, &mut [f64]) -> (f64, f64) + Sync),
) -> Result<Sums> {
    let (n, d) = (points.rows(), points.dimensions);
    let block = |b: usize| {
        control.check()?;
        let mut out = Sums::new(k, d);
        let mut shares = vec![0.0; k];
        for i in b * BLOCK..((b + 1) * BLOCK).min(n) {
            let (likelihood, entropy) = members(i, &mut shares);
            let weight = points.weight(i) * scale;
            out.likelihood += weight * likelihood;
            out.entropy += weight * entropy;
            for (c, share) in shares.iter().enumerate().filter(|s| *s.1 > 0.0) {
                let part = weight * share;
                out.weight[c] += part;
                let (first, second) = (&mut out.first[c * d..(c + 1) * d], &mut out.second[c * d..(c + 1) * d]);
                for ((a, b), x) in first.iter_mut().zip(second).zip(points.row(i)) {
                    *a += part * x;
                    *b += part * x * x;
                }
            }
        }
        Ok(out)
    };
    let blocks: Result<Vec<Sums>> = (0..n.div_ceil(BLOCK)).into_par_iter().map(block).collect();
    Ok(blocks?.into_iter().fold(Sums::new(k, d), Sums::plus))
}

impl Sums {
    fn new(k: usize, d: usize) -> Sums {
        Sums { weight: vec![0.0; k], first: vec![0.0; k * d], second: vec![0.0; k * d], likelihood: 0.0, entropy: 0.0 }
    }

    fn plus(mut self, other: Sums) -> Sums {
        for (own, other) in
            [(&mut self.weight, other.weight), (&mut self.first, other.first), (&mut self.second, other.second)]
        {
            own.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        }
        self.likelihood += other.likelihood;
        self.entropy += other.entropy;
        self
    }
}

impl Components {
    fn of(sums: &Sums, floor: &[f64], rows: f64) -> Components {
        let d = floor.len();
        let mut out = Components { mean: Vec::new(), precision: Vec::new(), constant: Vec::new() };
        for (c, &weight) in sums.weight.iter().enumerate() {
            let mut constant = libm::log(weight / rows);
            for (j, &floor) in floor.iter().enumerate() {
                let mean = if weight > 0.0 { sums.first[c * d + j] / weight } else { 0.0 };
                let variance = if weight > 0.0 { sums.second[c * d + j] / weight - mean * mean } else { 0.0 };
                let variance = variance.max(floor);
                out.mean.push(mean);
                out.precision.push(if floor > 0.0 { 1.0 / variance } else { 0.0 });
                constant -= if floor > 0.0 { 0.5 * libm::log(variance) } else { 0.0 };
            }
            out.constant.push(constant);
        }
        out
    }

    /// The share of each component in a row, and the ln of its likelihood (but for a constant) and its entropy.
    fn members(&self, row: &[f64], out: &mut [f64]) -> (f64, f64) {
        let d = row.len();
        let mut most = f64::NEG_INFINITY;
        for (c, share) in out.iter_mut().enumerate() {
            let (mean, precision) = (&self.mean[c * d..(c + 1) * d], &self.precision[c * d..(c + 1) * d]);
            let far: f64 = row.iter().zip(mean).zip(precision).map(|((x, m), p)| (x - m) * (x - m) * p).sum();
            *share = self.constant[c] - 0.5 * far;
            most = most.max(*share);
        }
        let mut sum = 0.0;
        for share in out.iter_mut() {
            *share = libm::exp(*share - most);
            sum += *share;
        }
        let mut entropy = 0.0;
        for share in out.iter_mut() {
            *share /= sum;
            if *share > 0.0 {
                entropy -= *share * libm::log(*share);
            }
        }
        (most + libm::log(sum), entropy)
    }
}
