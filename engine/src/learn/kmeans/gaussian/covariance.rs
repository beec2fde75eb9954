//! The components that sums over rows make most likely.

use super::em::Sums;
use crate::control::Control;
use crate::error::Result;
use crate::model::mixture::triangle;
use crate::model::Covariance;
use crate::score::mixture::Components;

/// No variance is below this, nor what of it the dimensions before leave unsaid: they are scaled, so 1 is what a dimension varies.
pub(super) const LEAST: f64 = 1e-12;
/// What is added to the weight of a component, as scikit-learn does, so that one without rows has a mean.
const NOBODY: f64 = 10.0 * f64::EPSILON;

/// The components while they are looked for. The fields are those of [`crate::model::Mixture`].
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    pub covariance: Covariance,
    pub dimensions: usize,
    pub means: Vec<f64>,
    pub precisions: Vec<f64>,
    pub log_weights: Vec<f64>,
    pub log_peaks: Vec<f64>,
    /// The variance of each component along each dimension, before anything was added; none of tied covariances.
    pub variances: Vec<f64>,
}

impl Parameters {
    /// Components that all have their mean at 0, and nothing else.
    pub fn new(components: usize, dimensions: usize, covariance: Covariance) -> Parameters {
        Parameters {
            covariance,
            dimensions,
            means: vec![0.0; components * dimensions],
            precisions: Vec::new(),
            log_weights: vec![0.0; components],
            log_peaks: Vec::new(),
            variances: Vec::new(),
        }
    }

    pub fn components(&self) -> Components<'_> {
        Components {
            dimensions: self.dimensions,
            covariance: self.covariance,
            means: &self.means,
            precisions: &self.precisions,
            log_weights: &self.log_weights,
            log_peaks: &self.log_peaks,
        }
    }

    pub fn mean(&self, component: usize) -> &[f64] {
        &self.means[component * self.dimensions..(component + 1) * self.dimensions]
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.precisions);
    }

    /// The components of these numbers, in that order. The memory of those before is given back.
    pub fn in_order(self, order: &[usize], control: &Control) -> Result<Parameters> {
        let take = |values: &[f64]| {
            let width = values.len() / self.log_weights.len().max(1);
            order.iter().flat_map(|c| &values[c * width..(c + 1) * width]).copied().collect::<Vec<f64>>()
        };
        let width = self.covariance.width(self.dimensions);
        let mut precisions = control.vec(self.precisions.len())?;
        match self.covariance {
            Covariance::Tied => precisions.extend_from_slice(&self.precisions),
            _ => order.iter().for_each(|c| precisions.extend_from_slice(&self.precisions[c * width..(c + 1) * width])),
        }
        let out = Parameters {
            covariance: self.covariance,
            dimensions: self.dimensions,
            means: take(&self.means),
            precisions,
            log_weights: take(&self.log_weights),
            log_peaks: take(&self.log_peaks),
            variances: take(&self.variances),
        };
        self.release(control);
        Ok(out)
    }

    /// Some of the components, whose shares add up to 1 again.
    pub fn some(self, left: &[usize], control: &Control) -> Result<Parameters> {
        let mut out = self.in_order(left, control)?;
        let most = out.log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = out.log_weights.iter().map(|w| libm::exp(w - most)).sum();
        let all = most + libm::log(sum);
        out.log_weights.iter_mut().for_each(|w| *w = (*w - all).min(0.0));
        Ok(out)
    }
}

/// The components of the greatest likelihood, where rows belong to those `before` as the sums say. `reg` is added to the variance of each dimension.
pub(super) fn maximise(sums: &Sums, before: &Parameters, reg: &[f64], control: &Control) -> Result<Parameters> {
    let (d, k, covariance) = (reg.len(), sums.weights.len(), before.covariance);
    let weights: Vec<f64> = sums.weights.iter().map(|weight| weight + NOBODY).collect();
    let total: f64 = weights.iter().sum();
    let mut out = Parameters::new(k, d, covariance);
    out.precisions = control.vec(covariance.numbers(k, d).unwrap_or(usize::MAX))?;
    let moved: Vec<f64> = (0..k * d).map(|at| sums.first[at] / weights[at / d]).collect();
    out.means.iter_mut().zip(before.means.iter().zip(&moved)).for_each(|(mean, (before, by))| *mean = before + by);
    out.log_weights = weights.iter().map(|weight| libm::log(weight / total).min(0.0)).collect();
    let seconds =
        sums.second.chunks_exact((sums.second.len() / if covariance == Covariance::Tied { 1 } else { k }).max(1));
    match covariance {
        Covariance::Full => {
            for ((second, moved), weight) in seconds.zip(moved.chunks_exact(d)).zip(&weights) {
                let mut cells = control.filled(second.len(), 0.0)?;
                each_cell(d, |at, i, j| cells[at] = second[at] / weight - moved[i] * moved[j]);
                out.variances.extend((1..=d).map(|row| cells[triangle(row) - 1]));
                out.push_triangle(&cells, reg, control)?;
                control.release_vec(cells);
            }
        }
        Covariance::Tied => {
            let mut cells = control.filled(sums.second.len(), 0.0)?;
            for (moved, weight) in moved.chunks_exact(d).zip(&weights) {
                control.check()?;
                each_cell(d, |at, i, j| cells[at] -= weight * moved[i] * moved[j]);
            }
            cells.iter_mut().zip(&sums.second).for_each(|(cell, second)| *cell = (*cell + second) / total);
            out.push_triangle(&cells, reg, control)?;
            control.release_vec(cells);
            out.log_peaks = vec![out.log_peaks.first().copied().unwrap_or(0.0); k];
        }
        Covariance::Diagonal | Covariance::Spherical => {
            for ((second, moved), weight) in seconds.zip(moved.chunks_exact(d)).zip(&weights) {
                let of = |(second, by): (&f64, &f64)| (second / weight - by * by).max(0.0);
                out.variances.extend(second.iter().zip(moved).map(of));
                let first = out.variances.len() - d;
                out.push_diagonal(first, reg);
            }
        }
    }
    Ok(out)
}

/// Go through the cells of a triangle: their places, rows and columns.
fn each_cell(d: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let mut at = 0;
    for i in 0..d {
        for j in 0..=i {
            visit(at, i, j);
            at += 1;
        }
    }
}

/// The logarithm of the density at the mean, from that of the determinant of the factor of the precision.
fn log_peak(log_determinant: f64, d: usize) -> f64 {
    log_determinant - 0.5 * (d as f64 * libm::log(std::f64::consts::TAU))
}

impl Parameters {
    /// Add a component of a covariance along each dimension, which has its variances from the `first` of [`Parameters::variances`] on.
    fn push_diagonal(&mut self, first: usize, reg: &[f64]) {
        let d = reg.len();
        let variances = self.variances[first..].iter().zip(reg).map(|(variance, reg)| (variance + reg).max(LEAST));
        let precision = |variance: f64| 1.0 / variance.sqrt();
        let log_determinant = match self.covariance {
            Covariance::Spherical => {
                let own = precision(variances.sum::<f64>() / d as f64);
                self.precisions.push(own);
                d as f64 * libm::log(own)
            }
            _ => {
                let start = self.precisions.len();
                self.precisions.extend(variances.map(precision));
                self.precisions[start..].iter().map(|p| libm::log(*p)).sum()
            }
        };
        self.log_peaks.push(log_peak(log_determinant, d));
    }

    /// Add a component of a full covariance, given by its triangle: the inverse of its Cholesky factor, row by row.
    fn push_triangle(&mut self, cells: &[f64], reg: &[f64], control: &Control) -> Result<()> {
        let d = reg.len();
        let mut factor: Vec<f64> = control.filled(cells.len(), 0.0)?;
        let row = |i: usize| triangle(i);
        for i in 0..d {
            control.check()?;
            for j in 0..=i {
                let (own, other) = (&factor[row(i)..row(i) + j], &factor[row(j)..row(j) + j]);
                let said: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                let cell = cells[row(i) + j] + if i == j { reg[i] } else { 0.0 };
                let left = cell - said;
                factor[row(i) + j] = match i == j {
                    // What the dimensions before say already varies by nothing of its own but for rounding.
                    true if left > LEAST => left.sqrt(),
                    true => LEAST.sqrt(),
                    false if left.is_finite() => left / factor[row(j) + j],
                    false => 0.0,
                };
            }
        }
        let start = self.precisions.len();
        self.precisions.resize(start + cells.len(), 0.0);
        let inverse = &mut self.precisions[start..];
        let mut log_determinant = 0.0;
        for i in 0..d {
            control.check()?;
            let (above, own) = inverse.split_at_mut(row(i));
            let factor = &factor[row(i)..=row(i) + i];
            for (l, f) in factor[..i].iter().enumerate() {
                let other = &above[row(l)..=row(l) + l];
                own.iter_mut().zip(other).for_each(|(own, other)| *own -= f * other);
            }
            own[..i].iter_mut().for_each(|own| *own /= factor[i]);
            own[i] = 1.0 / factor[i];
            log_determinant += libm::log(own[i]);
        }
        control.release_vec(factor);
        self.log_peaks.push(log_peak(log_determinant, d));
        Ok(())
    }
}
