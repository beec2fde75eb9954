//! Whether the components of a mixture are found again in samples of the rows.

use super::super::stability::{again_and_again, sampled, Stability};
use super::super::Points;
use super::{em, regularisation, MixtureParams, Search};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::Mixture;
use crate::score::mixture::Components;

/// Look for the components of a model again, as [`super::super::stability`] does for k-means; the arguments are the same. Variances get what the default
/// of `reg_covar` adds.
pub fn stability(
    body: &Mixture,
    values: &[f64],
    weight: Option<&[f64]>,
    samples: (u32, u64),
    control: &Control,
) -> Result<Stability> {
    let d = body.clusters.dimensions as usize;
    let points = Points { values, dimensions: d, weight, restraints: &[] };
    if d == 0 || points.rows() == 0 {
        return Err(Error::data("there is no row to look for segments in", "Give a source that has some."));
    }
    let (own, _) = em::label(&points, Components::of(body), control)?;
    let params = MixtureParams { covariance: body.covariance, ..MixtureParams::default() };
    let reg = regularisation(&body.clusters.axes, &points, params.reg_covar, control)?;
    let k = body.log_weights.len();
    again_and_again(&points, &own, k, samples, control, |drawn, counts, random| {
        let before = control.used();
        let (values, weight) = sampled(&points, drawn, counts, control)?;
        let sample = Points { values: &values, dimensions: d, weight: Some(&weight), restraints: &[] };
        let found = Search { points: &sample, reg: &reg, params: &params, control }.best(k as u32, 1, random.next())?;
        control.release(control.used().saturating_sub(before));
        Ok(found.labels)
    })
}
