//! The nearest centre.

use crate::learn::kmeans::{place, width};
use crate::model::KMeans;

/// The nearest centre of an encoded row (its index) and the squared distance to it; the first of equals. `scratch` holds the row in
/// the scaled space.
pub fn nearest(body: &KMeans, row: &[f64], scratch: &mut Vec<f64>) -> (u32, f64) {
    let d = body.dimensions as usize;
    scratch.clear();
    scratch.resize(d, 0.0);
    let mut first = 0;
    for (axis, &value) in body.axes.iter().zip(row) {
        place(axis, value, &mut scratch[first..]);
        first += width(axis);
    }
    let mut best = (0, f64::INFINITY);
    for (segment, centre) in body.centres.chunks_exact(d.max(1)).enumerate() {
        let far = scratch.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum();
        if far < best.1 {
            best = (segment as u32, far);
        }
    }
    best
}
