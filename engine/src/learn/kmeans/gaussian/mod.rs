//! A mixture of Gaussians: expectation and maximisation (Dempster, Laird, Rubin 1977) from the segments of k-means, as scikit-learn's `GaussianMixture` does
//! it: the same starts, sums, regularisation and rule to end, so that the same start leads to the same components.
//!
//! linfa-clustering 0.8.1 has a `GaussianMixtureModel`, which is not used: full covariances alone, no weights of rows, one thread, all memberships in memory,
//! `ln` of sums of `exp` that vanish for rows far from all components, an error where it does not converge, and sums whose order depends on the processor.
//!
//! What is Orchard's own: rows are in the space of k-means, so columns are scaled, and levels of a category are dimensions. A level is not a number that
//! varies, and a component whose rows all have the same one would be infinitely good at it. So the variance of a mark is that of its rows and a quarter of
//! the square of its height ([`regularisation`]), the most that a mark varies; of numbers it is `reg_covar` alone.

mod choose;
mod covariance;
mod em;
mod stability;

use super::screen::Screen;
use super::{finish, lloyd, seed, space, Finish, Init, KMeansFit, KMeansParams, Points, Scaling};
use crate::control::Control;
use crate::data::Table;
use crate::error::{Error, Result};
use crate::learn::random::Random;
use crate::learn::Unlabelled;
use crate::model::{Axis, Covariance, Mixture};
use crate::score::mixture::log_volume;
use covariance::Parameters;
use rayon::prelude::*;

pub use stability::stability;

/// Iterations of the k-means of a start, and the squared movement of the centres, relative to the variance, that ends it: scikit-learn's.
const START_ITERATIONS: u32 = 300;
const STILL: f64 = 1e-4;
/// The variance of a mark that half of the rows have, as a share of the square of its height.
const MARK: f64 = 0.25;

/// How a mixture is looked for. Names are scikit-learn's, but for the number of components, which are segments.
#[derive(Debug, Clone, PartialEq)]
pub struct MixtureParams {
    /// The number of components.
    pub n_clusters: u32,
    /// Whether that number is to be found instead.
    pub choose: bool,
    /// The most components where their number is to be found.
    pub max_clusters: u32,
    /// What the covariances are like.
    pub covariance: Covariance,
    /// Starts, of which the best is kept.
    pub n_init: u32,
    /// The most iterations of a start.
    pub max_iter: u32,
    /// The gain of the mean log likelihood of a row that ends a start.
    pub tol: f64,
    /// What is added to variances.
    pub reg_covar: f64,
    /// The seed of the starts.
    pub seed: u64,
    /// Levels of a category that have a dimension of their own; the others share one.
    pub max_categories: u32,
    /// The fewest rows that a component, a level, or the end of a range stands for.
    pub min_group: u64,
    /// Whether the rows are looked at once more, to describe the segments.
    pub describe: bool,
}

impl Default for MixtureParams {
    fn default() -> Self {
        MixtureParams {
            n_clusters: 8,
            choose: false,
            max_clusters: 20,
            covariance: Covariance::Full,
            n_init: 1,
            max_iter: 100,
            tol: 1e-3,
            reg_covar: 1e-6,
            seed: 42,
            max_categories: 20,
            min_group: 1,
            describe: false,
        }
    }
}

/// What came out.
#[derive(Debug)]
pub struct MixtureFit {
    /// What is told of segments, however they were found; the body is that of [`MixtureFit::body`].
    pub segments: KMeansFit,
    /// The model.
    pub body: Mixture,
    /// The mean logarithm of the density of a training row, in the scaled space.
    pub log_likelihood: f64,
    /// The numbers that were found of the rows.
    pub parameters: f64,
    /// Whether the iterations ended by themselves.
    pub converged: bool,
    /// The features that do not vary in some component, but in others.
    pub narrow: Vec<usize>,
}

impl MixtureFit {
    /// The Bayesian information criterion, in the units of the columns: -2 ln(likelihood) + parameters ln(rows).
    pub fn bic(&self, rows: usize) -> f64 {
        choose::bic(self.log_likelihood + log_volume(&self.body), self.parameters, rows as f64)
    }
}

/// What a start led to.
struct Found {
    parameters: Parameters,
    labels: Vec<u32>,
    /// The training rows of each component by the most probable one, and the sum of their memberships.
    sizes: Vec<u64>,
    members: Vec<f64>,
    log_likelihood: f64,
    iterations: u32,
    converged: bool,
}

/// Find a mixture of the rows `train`, as [`super::fit`] finds segments: the arguments are the same.
///
/// There are fewer components than asked for where there are fewer distinct rows, and where no row is most probably of one. Fails without a column, when
/// cancelled, or out of memory.
pub fn fit(
    table: &mut Table,
    rows: Unlabelled<'_>,
    params: &MixtureParams,
    keep: bool,
    control: &Control,
) -> Result<MixtureFit> {
    let MixtureParams { max_categories, min_group, .. } = *params;
    // Densities are compared in the units of the columns, so numbers are only shifted and stretched.
    let scaled = KMeansParams { max_categories, min_group, scaling: Scaling::Standard, ..KMeansParams::default() };
    let space = space::of_segments(table, rows, &scaled, keep, control)?;
    let weight = rows.weight;
    let d = space.dimensions;
    let points = Points { values: &space.values, dimensions: d, weight, restraints: &[] };
    let reg = regularisation(&space.axes, &points, params.reg_covar, control)?;
    let search = Search { points: &points, reg: &reg, params, control };
    let candidates = if params.choose { choose::choose(&search)? } else { Vec::new() };
    let chosen = candidates.iter().find(|c| c.chosen).map_or(params.n_clusters, |c| c.n_clusters);
    control.start(u64::from(params.n_init) * u64::from(params.max_iter));
    let mut best = search.best(chosen, params.n_init, params.seed)?;
    let mut given_up = 0;
    while let Some(left) = best.without_smallest(params.min_group) {
        control.release_vec(best.labels);
        best = search.from(best.parameters.some(&left, control)?)?;
        given_up += 1;
    }
    let best = best.sort(control)?;
    let narrow = narrow(&best.parameters, params, &space.axes, &reg);
    let inertia = lloyd::inertia(&points, &best.labels, &best.parameters.means, control)?;
    let Found { parameters: found, labels, sizes, log_likelihood, iterations, converged, .. } = best;
    let fit = lloyd::Fit { centres: found.means, labels, made_of: sizes.clone(), sizes, inertia, iterations };
    let told = Finish { given_up, candidates, describe: params.describe };
    let mut segments = finish(space, fit, weight, told, control)?;
    let body = Mixture {
        clusters: std::mem::take(&mut segments.body),
        log_weights: found.log_weights,
        log_peaks: found.log_peaks,
        covariance: params.covariance,
        precisions: found.precisions,
    };
    let parameters = parameters(params.covariance, body.log_weights.len(), d);
    Ok(MixtureFit { segments, body, log_likelihood, parameters, converged, narrow })
}

/// The numbers of a mixture that are free.
fn parameters(covariance: Covariance, components: usize, dimensions: usize) -> f64 {
    let covariances = covariance.numbers(components, dimensions).unwrap_or(usize::MAX);
    covariances as f64 + (components * dimensions + components - 1) as f64
}

/// By dimension, what is added to the variance: `reg_covar`, and of a mark the most that it varies. Numbers that have two values are marks, too.
fn regularisation(axes: &[Axis], points: &Points<'_>, reg_covar: f64, control: &Control) -> Result<Vec<f64>> {
    let d = points.dimensions;
    let chunk = |rows: &[f64]| {
        control.check()?;
        let mut seen = vec![Values::default(); d];
        for row in rows.chunks_exact(d) {
            seen.iter_mut().zip(row).for_each(|(seen, x)| seen.add(*x));
        }
        Ok(seen)
    };
    let chunks: Result<Vec<Vec<Values>>> = points.values.par_chunks(em::BLOCK * 32 * d).map(chunk).collect();
    let mut seen = vec![Values::default(); d];
    for chunk in chunks? {
        seen.iter_mut().zip(chunk).for_each(|(seen, other)| {
            [other.first, other.second].into_iter().flatten().for_each(|x| seen.add(x));
            seen.more |= other.more;
        });
    }
    let mut out = Vec::with_capacity(d);
    for axis in axes {
        let first = out.len();
        for seen in &seen[first..first + super::width(axis)] {
            let height = match (axis, seen) {
                (Axis::Category { scale, .. }, _) => *scale,
                (_, Values { first: Some(a), second: Some(b), more: false }) => a - b,
                _ => 0.0,
            };
            out.push(reg_covar + MARK * height * height);
        }
    }
    Ok(out)
}

/// Up to two different values.
#[derive(Debug, Clone, Copy, Default)]
struct Values {
    first: Option<f64>,
    second: Option<f64>,
    /// Whether there are others.
    more: bool,
}

impl Values {
    #[inline]
    fn add(&mut self, x: f64) {
        match (self.first, self.second) {
            _ if self.more || self.first == Some(x) || self.second == Some(x) => {}
            (None, _) => self.first = Some(x),
            (_, None) => self.second = Some(x),
            _ => self.more = true,
        }
    }
}

/// The features of which some component knows a single value.
fn narrow(found: &Parameters, params: &MixtureParams, axes: &[Axis], reg: &[f64]) -> Vec<usize> {
    let d = reg.len();
    let mut first = 0;
    let mut out = Vec::new();
    for (feature, axis) in axes.iter().enumerate() {
        let own = first..first + super::width(axis);
        first = own.end;
        let varies = matches!(axis, Axis::Number { scale, .. } if *scale > 0.0);
        let flat = |j: usize| {
            let of = |c: &[f64]| c.get(j).is_some_and(|variance| *variance <= params.reg_covar.max(covariance::LEAST));
            // Marks have a variance of their own.
            reg[j] <= params.reg_covar && found.variances.chunks_exact(d).any(of)
        };
        if varies && own.into_iter().any(flat) {
            out.push(feature);
        }
    }
    out
}

/// The search for a mixture.
struct Search<'a> {
    points: &'a Points<'a>,
    /// What is added to the variance of each dimension.
    reg: &'a [f64],
    params: &'a MixtureParams,
    control: &'a Control,
}

impl Search<'_> {
    /// The best of several starts: that of the highest likelihood.
    fn best(&self, components: u32, starts: u32, random_seed: u64) -> Result<Found> {
        let mut best: Option<Found> = None;
        for start in 0..starts {
            let mut random = Random::new(random_seed, u64::from(start));
            let labels = self.start(components, &mut random)?;
            let found = self.from(self.of_labels(&labels)?)?;
            self.control.advance(u64::from(self.params.max_iter));
            if best.as_ref().is_none_or(|b| found.log_likelihood > b.log_likelihood) {
                if let Some(before) = best.replace(found) {
                    before.release(self.control);
                }
            } else {
                found.release(self.control);
            }
        }
        best.ok_or_else(|| Error::Internal("a mixture had no start".into()))
    }

    /// The segments of k-means.
    fn start(&self, components: u32, random: &mut Random) -> Result<Vec<u32>> {
        let (points, control) = (self.points, self.control);
        let mut screen = Screen::new(points, false, control)?;
        let centres = seed::centres(points, &mut screen, &Init::PlusPlus, components as usize, random, control)?;
        let variance = space::variance(points, control)?;
        let mut fit = lloyd::run(points, &mut screen, centres, START_ITERATIONS, STILL * variance, control)?;
        if let Some(screen) = screen {
            screen.release(control);
        }
        fit.sort(points.dimensions);
        Ok(fit.labels)
    }

    /// The components of segments, which are numbered without a gap.
    fn of_labels(&self, labels: &[u32]) -> Result<Parameters> {
        let components = labels.iter().max().map_or(1, |most| *most as usize + 1);
        let mut now = Parameters::new(components, self.points.dimensions, self.params.covariance);
        // Once for the means, and then for how rows vary about them.
        for _ in 0..2 {
            let sums = em::of_labels(self.points, now.components(), labels, self.control)?;
            let next = covariance::maximise(&sums, &now, self.reg, self.control)?;
            std::mem::replace(&mut now, next).release(self.control);
        }
        Ok(now)
    }

    /// Expectation and maximisation from some components.
    fn from(&self, mut parameters: Parameters) -> Result<Found> {
        let (mut bound, mut iterations, mut converged) = (f64::NEG_INFINITY, 0, false);
        while iterations < self.params.max_iter && !converged {
            self.control.check()?;
            iterations += 1;
            let sums = em::expect(self.points, parameters.components(), self.control)?;
            let now = sums.mean_log_likelihood();
            let next = covariance::maximise(&sums, &parameters, self.reg, self.control)?;
            std::mem::replace(&mut parameters, next).release(self.control);
            converged = (now - bound).abs() < self.params.tol;
            bound = now;
        }
        let (labels, sums) = em::label(self.points, parameters.components(), self.control)?;
        let mut sizes = vec![0u64; parameters.log_weights.len()];
        labels.iter().for_each(|label| sizes[*label as usize] += 1);
        let log_likelihood = sums.mean_log_likelihood();
        Ok(Found { parameters, labels, sizes, members: sums.members, log_likelihood, iterations, converged })
    }
}

impl Found {
    /// The components but that of the fewest rows, the last of equals, where these are none or fewer than `least`; `None` where there are enough, or nothing
    /// else would be left.
    fn without_smallest(&self, least: u64) -> Option<Vec<usize>> {
        // What a component is made of are memberships, which may be of fewer rows.
        let rows = |c: usize| match least {
            0 | 1 => self.sizes[c],
            _ => self.sizes[c].min(self.members[c] as u64),
        };
        let smallest = (0..self.sizes.len()).min_by_key(|&c| (rows(c), std::cmp::Reverse(c)))?;
        if rows(smallest) >= least.max(1) || self.sizes.len() == 1 {
            return None;
        }
        Some((0..self.sizes.len()).filter(|c| *c != smallest).collect())
    }

    /// Number the components by size, the largest first, equals by their means.
    fn sort(mut self, control: &Control) -> Result<Found> {
        let mut order: Vec<usize> = (0..self.sizes.len()).collect();
        let mean = |c: usize| self.parameters.mean(c);
        order.sort_by(|&a, &b| {
            let by_mean = || mean(a).iter().zip(mean(b)).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
            self.sizes[b].cmp(&self.sizes[a]).then_with(|| by_mean().unwrap_or(std::cmp::Ordering::Equal))
        });
        let mut place = vec![0u32; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
        self.labels.iter_mut().for_each(|label| *label = place[*label as usize]);
        self.sizes = order.iter().map(|&c| self.sizes[c]).collect();
        self.members = order.iter().map(|&c| self.members[c]).collect();
        self.parameters = self.parameters.in_order(&order, control)?;
        Ok(self)
    }

    /// Give the memory back.
    fn release(self, control: &Control) {
        control.release_vec(self.labels);
        self.parameters.release(control);
    }
}

#[cfg(test)]
mod tests;
