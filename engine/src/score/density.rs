//! The nearest core row of a dense part.

use super::kmeans::point;
use super::near::Near;
use crate::model::{Body, Density};

/// The core rows of a model, ready to be searched; `None` where it has none.
pub(super) fn index(body: &Body) -> Option<Near> {
    let Body::Density(body) = body else { return None };
    let d = body.clusters.dimensions as usize;
    Some(Near::new(body.labels.len(), d, |core| &body.cores[core * d..(core + 1) * d]))
}

/// The segment of an encoded row, from 0, if a core row reaches it.
pub(super) fn segment(body: &Density, near: &Near, row: &[f64], scratch: &mut Vec<f64>) -> Option<u32> {
    point(&body.clusters, row, scratch);
    let (core, _) = near.nearest(scratch, body.eps * body.eps, |core| body.labels[core])?;
    Some(body.numbers[body.labels[core] as usize])
}

/// How far an encoded row is from the nearest core row.
pub(super) fn distance(body: &Density, near: &Near, row: &[f64], scratch: &mut Vec<f64>) -> f64 {
    point(&body.clusters, row, scratch);
    near.nearest(scratch, f64::INFINITY, |core| body.labels[core]).map_or(f64::INFINITY, |(_, far)| far.sqrt())
}

/// About how many nanoseconds a row takes: some leaves are looked at, and a way down to each.
pub(super) fn nanoseconds(body: &Density) -> f64 {
    let levels = (body.labels.len() as f64).log2().max(1.0);
    100.0 + f64::from(body.clusters.dimensions) * 10.0 * levels
}
