//! The nearest centre of many rows: a dimension at a time, a row a lane.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use super::blocks::ROWS;
use crate::learn::kmeans::{before, place, width};
use crate::model::KMeans;
use crate::simd::Level;

/// What a block needs while it is scored.
#[derive(Debug)]
pub(super) struct Centres {
    /// The rows in the scaled space, by dimension.
    points: Vec<[f64; ROWS]>,
    /// One value of a row in the space.
    one: Vec<f64>,
    /// The square of the distance to the nearest centre so far, and that centre.
    nearest: [f64; ROWS],
    segment: [f64; ROWS],
}

impl Centres {
    /// Room for a block.
    pub fn new(body: &KMeans) -> Centres {
        let widest = body.axes.iter().map(|axis| before(axis) + width(axis)).max().unwrap_or(0);
        Centres {
            points: vec![[0.0; ROWS]; body.dimensions as usize],
            one: vec![0.0; widest],
            nearest: [0.0; ROWS],
            segment: [0.0; ROWS],
        }
    }

    /// The segments, counted from 1, of at most [`ROWS`] rows, as [`super::kmeans::nearest`] finds them.
    pub fn find(&mut self, level: Level, body: &KMeans, columns: &[&[f64]], out: &mut [f64]) {
        let mut first = 0;
        for (axis, column) in body.axes.iter().zip(columns) {
            let (width, before) = (width(axis), before(axis).min(first));
            let points = &mut self.points[first - before..first + width];
            for (r, value) in column.iter().enumerate() {
                let one = &mut self.one[..before + width];
                one.iter_mut().zip(&*points).take(before).for_each(|(one, point)| *one = point[r]);
                place(axis, *value, one, before);
                points.iter_mut().zip(one).for_each(|(point, one)| point[r] = *one);
            }
            first += width;
        }
        self.nearest.fill(f64::INFINITY);
        self.segment.fill(1.0);
        match level {
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            // SAFETY: a level is chosen only where the processor has its instructions.
            Level::Avx512 => unsafe { search_avx512(self, body) },
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            // SAFETY: as above.
            Level::Avx2 => unsafe { search_avx2(self, body) },
            _ => search(self, body),
        }
        out.copy_from_slice(&self.segment[..out.len()]);
    }
}

/// Compare every row with every centre. Compiled for each instruction set: lanes are rows, so that each row's sum has the order of
/// [`super::kmeans::nearest`].
#[inline(always)]
fn search(space: &mut Centres, body: &KMeans) {
    let Centres { points, nearest, segment, .. } = space;
    for (k, centre) in body.centres.chunks_exact(points.len().max(1)).enumerate() {
        let mut far = [0.0; ROWS];
        for (point, c) in points.iter().zip(centre) {
            far.iter_mut().zip(point).for_each(|(far, x)| *far += (x - c) * (x - c));
        }
        let number = k as f64 + 1.0;
        for r in 0..ROWS {
            let is_nearer = far[r] < nearest[r];
            nearest[r] = if is_nearer { far[r] } else { nearest[r] };
            segment[r] = if is_nearer { number } else { segment[r] };
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn search_avx2(space: &mut Centres, body: &KMeans) {
    search(space, body);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn search_avx512(space: &mut Centres, body: &KMeans) {
    search(space, body);
}
