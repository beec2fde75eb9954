//! How many components: the number of the least Bayesian information criterion (Schwarz 1978), found on a sample of the rows.

use super::super::choose::{least, Compared};
use super::super::lloyd;
use super::{parameters, Search};
use crate::error::Result;
use crate::model::Candidate;

/// Rows of the sample.
const ROWS: usize = 10_000;
/// Starts for each number.
const STARTS: u32 = 2;
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
    let rows = Compared::of(points, ROWS, control)?;
    let (sample, most) = (rows.sample.points(), rows.most(params.max_clusters));
    control.start(u64::from(most) * u64::from(STARTS) * u64::from(params.max_iter));
    let d = points.dimensions;
    let mut all: Vec<Candidate> = Vec::new();
    for k in 1..=most {
        let own = Search { points: &sample, reg, params, control };
        let found = own.best(k, STARTS, params.seed)?;
        if found.sizes.len() < k as usize {
            // There are no more different rows.
            break;
        }
        all.push(Candidate {
            n_clusters: k,
            inertia: lloyd::inertia(&sample, &found.labels, &found.parameters.means, control)?,
            silhouette: rows.silhouette(&found.labels, k, control)?,
            bic: Some(bic(found.log_likelihood, parameters(params.covariance, k as usize, d), rows.rows() as f64)),
            icl: None,
            stability: None,
            chosen: false,
        });
        if k > BEYOND + all[least(&all, |c| c.bic)].n_clusters {
            break;
        }
    }
    let chosen = least(&all, |c| c.bic);
    if let Some(chosen) = all.get_mut(chosen) {
        chosen.chosen = true;
    }
    control.release(control.used().saturating_sub(before));
    Ok(all)
}
