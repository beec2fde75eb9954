//! How many components: the number of the least Bayesian information criterion (Schwarz 1978), found on a sample of the rows.

use super::super::choose::Sample;
use super::super::{lloyd, silhouette};
use super::{parameters, Search};
use crate::error::Result;
use crate::model::Candidate;

/// Rows of the sample, and the most numbers in it.
const ROWS: usize = 10_000;
const FEWEST_ROWS: usize = 500;
const NUMBERS: usize = 1 << 20;
/// Starts for each number.
const STARTS: u32 = 2;
/// Rows of the sample by which silhouettes are found: each is compared with all others.
const COMPARED: usize = 1_500;
/// Numbers beyond the best so far that are still looked at.
const BEYOND: u32 = 4;

/// The criterion of a mixture of a mean log likelihood: -2 ln(likelihood) + parameters ln(rows).
pub(super) fn bic(log_likelihood: f64, parameters: f64, rows: f64) -> f64 {
    -2.0 * rows * log_likelihood + parameters * libm::log(rows)
}

/// The candidates, one of them chosen, the numbers ascending. Fails when cancelled, or out of memory.
pub(super) fn choose(search: &Search<'_>) -> Result<Vec<Candidate>> {
    let Search { points, reg, params, control } = *search;
    let before = control.used();
    let most = (NUMBERS / points.dimensions.max(1)).clamp(FEWEST_ROWS, ROWS);
    let step = points.rows().div_ceil(most).max(1);
    let rows: Vec<usize> = (0..points.rows()).step_by(step).collect();
    let sample = Sample::of(points, &rows, control)?;
    let shown: Vec<usize> = (0..rows.len()).step_by(rows.len().div_ceil(COMPARED).max(1)).collect();
    let shown_rows = Sample::of(&sample.points(), &shown, control)?;
    let most = params.max_clusters.min((rows.len() / 2).max(1) as u32);
    control.start(u64::from(most) * u64::from(STARTS) * u64::from(params.max_iter));
    let d = points.dimensions;
    let mut all: Vec<Candidate> = Vec::new();
    for k in 1..=most {
        let own = Search { points: &sample.points(), reg, params, control };
        let found = own.best(k, STARTS, params.seed)?;
        if found.sizes.len() < k as usize {
            // There are no more different rows.
            break;
        }
        let labels: Vec<u32> = shown.iter().map(|&row| found.labels[row]).collect();
        all.push(Candidate {
            n_clusters: k,
            inertia: lloyd::inertia(&sample.points(), &found.labels, &found.parameters.means, control)?,
            silhouette: silhouette(&shown_rows.values, d, &labels, k as usize, control)?,
            bic: Some(bic(found.log_likelihood, parameters(params.covariance, k as usize, d), rows.len() as f64)),
            icl: None,
            stability: None,
            chosen: false,
        });
        if k > BEYOND + all[least(&all)].n_clusters {
            break;
        }
    }
    let chosen = least(&all);
    if let Some(chosen) = all.get_mut(chosen) {
        chosen.chosen = true;
    }
    control.release(control.used().saturating_sub(before));
    Ok(all)
}

/// The place of the candidate of the least criterion, the first of equals; 0 of none.
fn least(all: &[Candidate]) -> usize {
    let criterion = |i: usize| all[i].bic.unwrap_or(f64::INFINITY);
    (0..all.len()).min_by(|&a, &b| criterion(a).total_cmp(&criterion(b))).unwrap_or(0)
}
