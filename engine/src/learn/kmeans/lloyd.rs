//! Lloyd's iterations.

use rayon::prelude::*;

use super::Points;
use crate::control::Control;
use crate::error::Result;

/// Rows whose sums are taken together.
pub(super) const BLOCK: usize = 4096;

/// The squared distance of two points.
#[inline]
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Where a start ended.
pub(super) struct Fit {
    pub centres: Vec<f64>,
    pub labels: Vec<u32>,
    pub sizes: Vec<u64>,
    /// The rows that each centre is the mean of; those of its segment may be others where the iterations end early.
    pub made_of: Vec<u64>,
    pub inertia: f64,
    pub iterations: u32,
}

/// What a block of rows adds to the next centres.
struct Part {
    sums: Vec<f64>,
    weights: Vec<f64>,
    sizes: Vec<u64>,
    inertia: f64,
    changed: usize,
    /// The row that is farthest from its centre.
    farthest: (f64, usize),
}

pub(super) fn run(
    points: &Points<'_>,
    mut centres: Vec<f64>,
    max_iter: u32,
    tol: f64,
    control: &Control,
) -> Result<Fit> {
    let d = points.dimensions;
    let k = centres.len() / d;
    let mut labels: Vec<u32> = control.filled(points.rows(), u32::MAX)?;
    let mut iterations = 0;
    let mut made_of = vec![0; k];
    loop {
        control.check()?;
        let part = assign(points, &centres, k, &mut labels, control)?;
        if part.changed == 0 || iterations >= max_iter {
            control.release(labels.capacity() * 4);
            return Ok(Fit { centres, labels, sizes: part.sizes, made_of, inertia: part.inertia, iterations });
        }
        iterations += 1;
        let mut next = part.sums;
        let mut farthest = Some(part.farthest.1);
        for c in 0..k {
            let centre = &mut next[c * d..(c + 1) * d];
            if part.weights[c] > 0.0 {
                centre.iter_mut().for_each(|x| *x /= part.weights[c]);
                made_of[c] = part.sizes[c];
            } else if let Some(row) = farthest.take() {
                // An empty segment starts again at the row that is worst off.
                centre.copy_from_slice(points.row(row));
                made_of[c] = 1;
            } else {
                centre.copy_from_slice(&centres[c * d..(c + 1) * d]);
            }
        }
        let moved = distance(&next, &centres);
        centres = next;
        if moved <= tol {
            let part = assign(points, &centres, k, &mut labels, control)?;
            control.release(labels.capacity() * 4);
            return Ok(Fit { centres, labels, sizes: part.sizes, made_of, inertia: part.inertia, iterations });
        }
    }
}

/// Give each row to its nearest centre, the first of equals.
fn assign(points: &Points<'_>, centres: &[f64], k: usize, labels: &mut [u32], control: &Control) -> Result<Part> {
    let d = points.dimensions;
    let parts: Result<Vec<Part>> = labels
        .par_chunks_mut(BLOCK)
        .enumerate()
        .map(|(b, block)| {
            control.check()?;
            let mut part = Part::new(k, d);
            for (j, label) in block.iter_mut().enumerate() {
                let i = b * BLOCK + j;
                let (row, weight) = (points.row(i), points.weight(i));
                let mut best = (f64::INFINITY, 0u32);
                for (c, centre) in centres.chunks_exact(d).enumerate() {
                    let far = distance(row, centre);
                    if far < best.0 {
                        best = (far, c as u32);
                    }
                }
                let c = best.1 as usize;
                part.changed += usize::from(*label != best.1);
                *label = best.1;
                part.sizes[c] += 1;
                part.weights[c] += weight;
                part.inertia += weight * best.0;
                part.sums[c * d..(c + 1) * d].iter_mut().zip(row).for_each(|(s, x)| *s += weight * x);
                if weight * best.0 > part.farthest.0 {
                    part.farthest = (weight * best.0, i);
                }
            }
            Ok(part)
        })
        .collect();
    Ok(parts?.into_iter().fold(Part::new(k, d), Part::plus))
}

impl Part {
    fn new(k: usize, d: usize) -> Self {
        let (sums, weights, sizes) = (vec![0.0; k * d], vec![0.0; k], vec![0; k]);
        Part { sums, weights, sizes, inertia: 0.0, changed: 0, farthest: (-1.0, 0) }
    }

    fn plus(mut self, other: Part) -> Part {
        self.sums.iter_mut().zip(other.sums).for_each(|(a, b)| *a += b);
        self.weights.iter_mut().zip(other.weights).for_each(|(a, b)| *a += b);
        self.sizes.iter_mut().zip(other.sizes).for_each(|(a, b)| *a += b);
        self.inertia += other.inertia;
        self.changed += other.changed;
        if other.farthest.0 > self.farthest.0 {
            self.farthest = other.farthest;
        }
        self
    }
}

impl Fit {
    /// The centres without that of the fewest rows, the last of equals, where these are fewer than `least`; `None` where there are enough, or
    /// nothing else would be left.
    pub fn without_smallest(&self, least: u64, d: usize) -> Option<Vec<f64>> {
        let rows = |c: usize| self.sizes[c].min(self.made_of[c]);
        let smallest = (0..self.sizes.len()).min_by_key(|&c| (rows(c), std::cmp::Reverse(c)))?;
        if rows(smallest) >= least || self.sizes.len() == 1 {
            return None;
        }
        let mut centres = self.centres.clone();
        centres.drain(smallest * d..(smallest + 1) * d);
        Some(centres)
    }

    /// Number the segments by size, the largest first, equals by centre; drop those without a row.
    pub fn sort(&mut self, d: usize) {
        let centre = |c: usize| &self.centres[c * d..(c + 1) * d];
        let mut order: Vec<usize> = (0..self.sizes.len()).filter(|&c| self.sizes[c] > 0).collect();
        order.sort_by(|&a, &b| {
            let by_centre = || centre(a).iter().zip(centre(b)).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
            self.sizes[b].cmp(&self.sizes[a]).then_with(|| by_centre().unwrap_or(std::cmp::Ordering::Equal))
        });
        let mut place = vec![0u32; self.sizes.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
        self.labels.iter_mut().for_each(|l| *l = place[*l as usize]);
        self.centres = order.iter().flat_map(|&c| centre(c).to_vec()).collect();
        self.sizes = order.iter().map(|&c| self.sizes[c]).collect();
    }
}
