//! The nearest centre.

use crate::control::Control;
use crate::error::Result;
use crate::learn::kmeans::place;
use crate::model::KMeans;

/// The nearest centre of an encoded row (its index) and the squared distance to it; the first of equals. `scratch` holds the row in
/// the scaled space.
pub fn nearest(body: &KMeans, row: &[f64], scratch: &mut Vec<f64>) -> (u32, f64) {
    let d = body.dimensions as usize;
    point(body, row, scratch);
    let mut best = (0, f64::INFINITY);
    for (segment, centre) in body.centres.chunks_exact(d.max(1)).enumerate() {
        let far = scratch.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum();
        if far < best.1 {
            best = (segment as u32, far);
        }
    }
    best
}

/// The squared distance of an encoded row to a centre, which is there. `scratch` is as for [`nearest`].
pub fn own_distance(body: &KMeans, row: &[f64], segment: usize, scratch: &mut Vec<f64>) -> f64 {
    point(body, row, scratch);
    let d = body.dimensions as usize;
    scratch.iter().zip(&body.centres[segment * d..]).map(|(x, c)| (x - c) * (x - c)).sum()
}

/// The shares of an encoded row in the segments: of each in inverse proportion to the squared distance to its centre, as in fuzzy c-means
/// with an exponent of 2 (Bezdek 1981). They sum to 1; a row that lies on centres is theirs alone. `scratch` is as for [`nearest`].
pub fn memberships(body: &KMeans, row: &[f64], scratch: &mut Vec<f64>) -> Vec<f64> {
    let (_, least) = nearest(body, row, scratch);
    let far = |centre: &[f64]| scratch.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum::<f64>();
    let centres = body.centres.chunks_exact((body.dimensions as usize).max(1));
    let shares = centres.map(|centre| match far(centre) {
        far if far <= least => 1.0,
        far => least / far,
    });
    let mut shares: Vec<f64> = shares.collect();
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    shares
}

/// An encoded row in the scaled space.
pub fn point(body: &KMeans, row: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.resize(body.dimensions as usize, 0.0);
    let mut first = 0;
    for (axis, &value) in body.axes.iter().zip(row) {
        first = place(axis, value, out, first);
    }
}

/// Encoded rows, given by column, in the scaled space one after the other. Fails when cancelled, or out of memory.
pub fn points(body: &KMeans, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let mut out = control.vec(rows * body.dimensions as usize)?;
    let (mut row, mut scratch) = (vec![f64::NAN; columns.len()], Vec::new());
    for r in 0..rows {
        if r % 1024 == 0 {
            control.check()?;
        }
        row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[r]);
        point(body, &row, &mut scratch);
        out.extend_from_slice(&scratch);
    }
    Ok(out)
}
