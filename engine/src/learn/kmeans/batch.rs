//! Mini-batches (Sculley 2010), as scikit-learn's: centres move to the rows of one batch after the other, the less the more rows they have
//! seen.

use super::assign::Assignment;
use super::lloyd::{distance, own_distance};
use super::{restraint, Points};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;

/// Batches without a lower inertia that end the search.
const PATIENCE: u32 = 10;

/// What was found.
pub(super) struct Moved {
    pub centres: Vec<f64>,
    /// Batches.
    pub steps: u32,
}

/// Move `centres` with batches of `size` rows drawn with replacement: until their inertia, smoothed as scikit-learn does, is not lower for
/// ten batches, the centres move by no more than `tol` (squared), or as many rows were seen as `max_iter` times all.
pub(super) fn run(
    points: &Points<'_>,
    mut centres: Vec<f64>,
    size: usize,
    (max_iter, tol): (u32, f64),
    random: &mut Random,
    control: &Control,
) -> Result<Moved> {
    let (n, d) = (points.rows(), points.dimensions);
    let k = centres.len() / d;
    let size = size.min(n);
    let most = (n as u64 * u64::from(max_iter)).div_ceil(size as u64).min(u64::from(u32::MAX)) as u32;
    let mut seen = vec![0.0; k];
    let mut rows: Vec<f64> = control.vec(size * d)?;
    let mut weights: Vec<f64> = control.vec(size)?;
    let (mut smoothed, mut lowest, mut without) = (None, f64::INFINITY, 0);
    let (mut smoothed_move, share) = (None, (2.0 * size as f64 / (n as f64 + 1.0)).min(1.0));
    // Where centres must be something, means go on beside what they are held to.
    let mut allowed = centres.clone();
    let mut steps = 0;
    while steps < most {
        control.check()?;
        steps += 1;
        rows.clear();
        weights.clear();
        for _ in 0..size {
            let row = random.below(n);
            rows.extend_from_slice(points.row(row));
            weights.push(points.weight(row));
        }
        let batch = Points { values: &rows, dimensions: d, weight: Some(&weights), restraints: points.restraints };
        let mut near = Assignment::new(&batch, k, control)?;
        near.step(&batch, &mut None, &allowed, control)?;
        let before = centres.clone();
        let inertia = step(&batch, &near, &allowed, &mut centres, &mut seen);
        near.finish(control);
        let moved = distance(&before, &centres);
        allowed.copy_from_slice(&centres);
        restraint::hold(points.restraints, &mut allowed, d);
        let smooth = |old: Option<f64>, new: f64| old.map_or(new, |old| old * (1.0 - share) + new * share);
        // The first batch only sees the start.
        if steps == 1 {
            continue;
        }
        let now = smooth(smoothed, inertia / size as f64);
        let now_moved = smooth(smoothed_move, moved);
        (smoothed, smoothed_move) = (Some(now), Some(now_moved));
        without = if now < lowest { 0 } else { without + 1 };
        lowest = lowest.min(now);
        if without >= PATIENCE || (tol > 0.0 && now_moved <= tol) {
            break;
        }
    }
    control.release_vec(rows);
    control.release_vec(weights);
    Ok(Moved { centres: allowed, steps })
}

/// Move the centres to their rows of a batch; the batch's inertia before. A centre that never saw a row starts again at the row of the batch
/// that is farthest from its own.
fn step(batch: &Points<'_>, near: &Assignment, allowed: &[f64], centres: &mut [f64], seen: &mut [f64]) -> f64 {
    let d = batch.dimensions;
    let mut inertia = 0.0;
    let mut far: Vec<(f64, usize)> = Vec::new();
    for (row, &label) in near.labels.iter().enumerate() {
        let own = batch.weight(row) * own_distance(batch, row, label, allowed);
        inertia += own;
        far.push((own, row));
    }
    let mut mean = vec![0.0; d];
    for (c, (centre, seen)) in centres.chunks_exact_mut(d).zip(&mut *seen).enumerate() {
        if near.sums.mean(c, &mut mean) {
            let weight = near.sums.weight(c);
            let share = weight / (*seen + weight);
            centre.iter_mut().zip(&mean).for_each(|(centre, mean)| *centre += (mean - *centre) * share);
            *seen += weight;
        }
    }
    let empty: Vec<usize> = (0..seen.len()).filter(|&c| seen[c] <= 0.0).collect();
    if !empty.is_empty() {
        far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    for (&c, (_, row)) in empty.iter().zip(far.iter().filter(|f| f.0 > 0.0)) {
        centres[c * d..(c + 1) * d].copy_from_slice(batch.row(*row));
    }
    inertia
}
