//! How many segments: the number whose segments, read as a mixture of Gaussians, describe a sample of the rows best and overlap least.
//!
//! For every candidate k-means is run on the sample, and a mixture of Gaussians with diagonal covariances is fitted from there by EM. The rule is the
//! integrated completed likelihood (Biernacki, Celeux, Govaert 2000): the Bayesian information criterion plus twice the entropy of the memberships, so
//! that components which overlap are no segments of their own. Silhouette and stability stand beside it and decide where the criterion only ever falls.

use super::lloyd;
use super::mixture::Mixture;
use super::stability::nearest;
use super::{best_of, seed, silhouette, KMeansParams, Points, Restraint};
use crate::control::Control;
use crate::error::Result;
use crate::judge::segments::adjusted_rand;
use crate::learn::random::Random;
use crate::model::Candidate;

/// Rows of the sample.
const ROWS: usize = 4_000;
/// The most numbers in a sample of so many rows or more.
const NUMBERS: usize = 1 << 20;
const FEWEST_ROWS: usize = 500;
/// Starts of k-means on the sample.
const STARTS: u32 = 10;
/// And on a half of it.
const HALF_STARTS: u32 = 4;
/// Rows of the sample by which silhouettes are found: each is compared with all others.
const COMPARED: usize = 1_500;
/// Numbers beyond the best so far that are still looked at.
const BEYOND: u32 = 6;
/// Pairs of halves by which the stability is found.
const HALVES: u32 = 2;
/// Iterations of a start at most, and the movement of all centres together that ends it.
const ITERATIONS: u32 = 100;
const STILL: f64 = 1e-4;

/// Some of the rows.
pub(super) struct Sample<'a> {
    pub values: Vec<f64>,
    weight: Option<Vec<f64>>,
    dimensions: usize,
    restraints: &'a [Restraint],
}

impl<'a> Sample<'a> {
    pub fn points(&self) -> Points<'_> {
        let Sample { values, weight, dimensions, restraints } = self;
        Points { values, dimensions: *dimensions, weight: weight.as_deref(), restraints }
    }

    /// Some of the rows.
    pub fn of(points: &Points<'a>, rows: &[usize], control: &Control) -> Result<Sample<'a>> {
        let d = points.dimensions;
        let mut values: Vec<f64> = control.vec(rows.len() * d)?;
        rows.iter().for_each(|&row| values.extend(points.row(row)));
        let weight = points.weight.map(|w| rows.iter().map(|&row| w[row]).collect());
        Ok(Sample { values, weight, dimensions: d, restraints: points.restraints })
    }
}

/// The rows by which numbers of segments are compared.
pub(super) struct Compared<'a> {
    pub sample: Sample<'a>,
    /// The places of those by which silhouettes are found, and these.
    shown: Vec<usize>,
    values: Vec<f64>,
}

impl<'a> Compared<'a> {
    /// At most so many rows.
    pub fn of(points: &Points<'a>, most: usize, control: &Control) -> Result<Compared<'a>> {
        let most = (NUMBERS / points.dimensions.max(1)).clamp(FEWEST_ROWS, most);
        let step = points.rows().div_ceil(most).max(1);
        let rows: Vec<usize> = (0..points.rows()).step_by(step).collect();
        let sample = Sample::of(points, &rows, control)?;
        let shown: Vec<usize> = (0..rows.len()).step_by(rows.len().div_ceil(COMPARED).max(1)).collect();
        let values = Sample::of(&sample.points(), &shown, control)?.values;
        Ok(Compared { sample, shown, values })
    }

    pub fn rows(&self) -> usize {
        self.sample.points().rows()
    }

    /// The most segments that there can be.
    pub fn most(&self, clusters: u32) -> u32 {
        clusters.min((self.rows() / 2).max(1) as u32)
    }

    /// The mean silhouette of segments of the sample.
    pub fn silhouette(&self, labels: &[u32], clusters: u32, control: &Control) -> Result<Option<f64>> {
        let own: Vec<u32> = self.shown.iter().map(|&row| labels[row]).collect();
        silhouette(&self.values, self.sample.dimensions, &own, clusters as usize, control)
    }
}

/// The candidates, one of them chosen, the numbers ascending. Fails when cancelled, or out of memory.
pub(super) fn choose(points: &Points<'_>, params: &KMeansParams, control: &Control) -> Result<Vec<Candidate>> {
    let before = control.used();
    let rows = Compared::of(points, ROWS, control)?;
    let (sample, most) = (&rows.sample, rows.most(params.max_clusters));
    control.start(u64::from(most));
    let mut all: Vec<Candidate> = Vec::new();
    for k in 1..=most {
        let Some(fit) = best(&sample.points(), k, (params, STARTS, 0), control)? else { break };
        let found = (fit.centres.len() / sample.dimensions.max(1)) as u32;
        if found < k {
            // There are no more different rows.
            break;
        }
        let mixture = Mixture::fit(&sample.points(), &fit.labels, k as usize, control)?;
        let silhouette = rows.silhouette(&fit.labels, k, control)?;
        let stability = if k > 1 { Some(stability(sample, k, params, control)?) } else { None };
        all.push(Candidate {
            n_clusters: k,
            inertia: fit.inertia,
            silhouette,
            bic: Some(mixture.bic),
            icl: Some(mixture.bic + 2.0 * mixture.entropy),
            stability,
            chosen: false,
        });
        control.advance(1);
        if k > BEYOND + all[least(&all, |c| c.icl)].n_clusters {
            break;
        }
    }
    let chosen = rule(&all, params.max_clusters);
    if let Some(chosen) = all.get_mut(chosen) {
        chosen.chosen = true;
    }
    control.release(control.used().saturating_sub(before));
    Ok(all)
}

/// The place of the candidate of the least of some criterion, the first of equals; 0 of none.
pub(super) fn least(all: &[Candidate], of: impl Fn(&Candidate) -> Option<f64>) -> usize {
    let criterion = |i: usize| of(&all[i]).unwrap_or(f64::INFINITY);
    (0..all.len()).min_by(|&a, &b| criterion(a).total_cmp(&criterion(b))).unwrap_or(0)
}

/// The place of the candidate to take: the least criterion; where that is the largest candidate there may be, the criterion has no end, and the best
/// silhouette is taken.
fn rule(all: &[Candidate], most: u32) -> usize {
    let least = least(all, |c| c.icl);
    if all.get(least).is_none_or(|c| c.n_clusters < most) {
        return least;
    }
    let silhouette = |i: usize| all[i].silhouette.unwrap_or(f64::NEG_INFINITY);
    (0..all.len()).min_by(|&a, &b| silhouette(b).total_cmp(&silhouette(a))).unwrap_or(0)
}

/// The best of some starts.
fn best(
    points: &Points<'_>,
    k: u32,
    (params, starts, stream): (&KMeansParams, u32, u64),
    control: &Control,
) -> Result<Option<lloyd::Fit>> {
    let centres = |start: u32| {
        let mut random = Random::new(params.seed, (stream << 32) + (u64::from(k) << 8) + u64::from(start) + 1);
        seed::plus_plus(points, k as usize, &mut random, control)
    };
    best_of(points, starts, centres, (ITERATIONS, STILL), control)
}

/// How alike the segments are that two halves of the rows make of all of them: the mean adjusted Rand index.
fn stability(sample: &Sample<'_>, k: u32, params: &KMeansParams, control: &Control) -> Result<f64> {
    let points = sample.points();
    let mut sum = 0.0;
    for round in 0..HALVES {
        let mut random = Random::new(params.seed, u64::from(round) + 0x5eed);
        let side: Vec<bool> = (0..points.rows()).map(|_| random.next() & 1 == 1).collect();
        let mut labels = Vec::new();
        for half in [false, true] {
            let rows: Vec<usize> = (0..points.rows()).filter(|&i| side[i] == half).collect();
            if rows.is_empty() {
                return Ok(0.0);
            }
            let own = Sample::of(&points, &rows, control)?;
            let stream = 1 + u64::from(round) * 2 + u64::from(half);
            let Some(fit) = best(&own.points(), k, (params, HALF_STARTS, stream), control)? else { return Ok(0.0) };
            labels.push(nearest(&points, &fit.centres, control)?);
            control.release_vec(own.values);
        }
        sum += adjusted_rand(&labels[0], &labels[1]);
    }
    Ok(sum / f64::from(HALVES))
}
