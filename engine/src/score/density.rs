//! The nearest core row of a dense part, and how well rows fit segments.

use super::kmeans::{self, point};
use super::mixture;
use super::near::Near;
use super::{Scorer, SCRATCH};
use crate::model::{Body, Density};

impl Scorer {
    /// The segment of a row by its nearest core row, counted from 1; NaN for none.
    pub(super) fn dense(&self, body: &Density, row: &[f64]) -> f64 {
        let Some(near) = &self.near else { return f64::NAN };
        let found = SCRATCH.with_borrow_mut(|scratch| segment(body, near, row, scratch));
        found.map_or(f64::NAN, |segment| f64::from(segment) + 1.0)
    }

    /// How far a row is, in the scaled space, from the centre of its segment, or of dense parts from the nearest core row; `None` where there are no
    /// segments.
    pub fn distance(&self, row: &[f64]) -> Option<f64> {
        let mut scratch = Vec::new();
        match (&self.model.body, &self.near) {
            (Body::Density(body), Some(near)) => Some(distance(body, near, row, &mut scratch)),
            (Body::Mixture(body), _) => Some(mixture::most_probable(body, row, &mut scratch).1.sqrt()),
            (body, _) => Some(kmeans::nearest(body.as_segments()?, row, &mut scratch).1.sqrt()),
        }
    }

    /// The share of a row in each segment; `None` where there are none. Of dense parts a row is wholly in one or in none.
    pub fn memberships(&self, row: &[f64]) -> Option<Vec<f64>> {
        match &self.model.body {
            Body::Density(body) => {
                let own = self.dense(body, row);
                Some((1..=body.numbers.len()).map(|segment| f64::from(u8::from(own == segment as f64))).collect())
            }
            Body::Mixture(body) => Some(mixture::memberships(body, row, &mut Vec::new())),
            body => Some(kmeans::memberships(body.as_segments()?, row, &mut Vec::new())),
        }
    }
}

/// The core rows of a model, ready to be searched; `None` where it has none.
pub(super) fn index(body: &Body) -> Option<Near> {
    let Body::Density(body) = body else { return None };
    let d = body.clusters.dimensions as usize;
    Some(Near::new(body.labels.len(), d, |core| &body.cores[core * d..(core + 1) * d]))
}

/// The segment of an encoded row, from 0, if a core row reaches it.
fn segment(body: &Density, near: &Near, row: &[f64], scratch: &mut Vec<f64>) -> Option<u32> {
    point(&body.clusters, row, scratch);
    let (core, _) = near.nearest(scratch, body.eps * body.eps, |core| body.labels[core])?;
    Some(body.numbers[body.labels[core] as usize])
}

/// How far an encoded row is from the nearest core row.
fn distance(body: &Density, near: &Near, row: &[f64], scratch: &mut Vec<f64>) -> f64 {
    point(&body.clusters, row, scratch);
    near.nearest(scratch, f64::INFINITY, |core| body.labels[core]).map_or(f64::INFINITY, |(_, far)| far.sqrt())
}

/// About how many nanoseconds a row takes: some leaves are looked at, and a way down to each.
pub(super) fn nanoseconds(body: &Density) -> f64 {
    let levels = (body.labels.len() as f64).log2().max(1.0);
    100.0 + f64::from(body.clusters.dimensions) * 10.0 * levels
}
