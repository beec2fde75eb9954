//! The distinct points of the rows: equal rows are one point of their weight, so that a million equal rows are no work.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{par_sort, CHUNK};
use crate::error::Result;
use crate::learn::kmeans::Points;
use crate::score::near;

/// Distinct points, in the order of a tree of boxes.
pub(super) struct Distinct {
    /// The first row of each point.
    pub rows: Vec<u32>,
    /// The weight of all its rows.
    pub weights: Vec<f64>,
    /// The number of its rows.
    pub counts: Vec<u32>,
    /// The point of each row.
    pub of_row: Vec<u32>,
}

impl Distinct {
    /// Find them. Fails when cancelled or out of memory.
    pub fn new(points: &Points<'_>, control: &Control) -> Result<Distinct> {
        let n = points.rows();
        let mut sorted: Vec<u32> = control.vec(n)?;
        sorted.extend(0..n as u32);
        let compare = |a: &u32, b: &u32| {
            let pairs = points.row(*a as usize).iter().zip(points.row(*b as usize));
            pairs.map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or_else(|| a.cmp(b))
        };
        par_sort(&mut sorted, &compare, control)?;
        let same = |a: u32, b: u32| points.row(a as usize) == points.row(b as usize);
        let mut starts: Vec<u32> = control.vec(n)?;
        starts.extend((0..n as u32).filter(|&i| i == 0 || !same(sorted[i as usize - 1], sorted[i as usize])));
        let count = starts.len();
        let mut order: Vec<u32> = control.vec(count)?;
        order.extend(0..count as u32);
        let first = |group: u32| sorted[starts[group as usize] as usize];
        near::order(&mut order, points.dimensions, &|group| points.row(first(group) as usize), control)?;
        let (mut rows, mut weights) = (control.vec(count)?, control.vec(count)?);
        let mut counts = control.vec(count)?;
        let mut of_row = control.filled(n, 0u32)?;
        for (point, &group) in order.iter().enumerate() {
            if point % CHUNK == 0 {
                control.check()?;
            }
            let end = starts.get(group as usize + 1).map_or(n, |end| *end as usize);
            let own = &sorted[starts[group as usize] as usize..end];
            rows.push(own[0]);
            counts.push(own.len() as u32);
            weights.push(own.iter().map(|row| points.weight(*row as usize)).sum());
            own.iter().for_each(|row| of_row[*row as usize] = point as u32);
        }
        control.release_vec(order);
        control.release_vec(starts);
        control.release_vec(sorted);
        Ok(Distinct { rows, weights, counts, of_row })
    }

    pub fn release(self, control: &Control) {
        control.release_vec(self.rows);
        control.release_vec(self.weights);
        control.release_vec(self.counts);
        control.release_vec(self.of_row);
    }
}

/// What is found of each of some numbers, in their order, by all threads. Fails when cancelled or out of memory.
pub(super) fn each<T: Send + Clone>(
    count: usize,
    nothing: T,
    control: &Control,
    find: impl Fn(usize, &mut Vec<f64>) -> T + Sync,
) -> Result<Vec<T>> {
    let mut all = control.filled(count, nothing)?;
    all.par_chunks_mut(256).enumerate().try_for_each(|(chunk, out)| {
        let mut scratch = Vec::new();
        for (i, out) in out.iter_mut().enumerate() {
            control.check()?;
            *out = find(chunk * 256 + i, &mut scratch);
        }
        control.advance(256);
        Ok::<(), crate::error::Error>(())
    })?;
    Ok(all)
}
