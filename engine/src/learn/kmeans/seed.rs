//! Starts: greedy k-means++ with 2 + ln k candidates a centre, as scikit-learn's.

use rayon::prelude::*;

use super::lloyd::{distance, BLOCK};
use super::random::Random;
use super::Points;
use crate::control::Control;
use crate::error::Result;

/// At most `k` centres, all different; fewer where there are fewer different rows of positive weight.
pub(super) fn plus_plus(points: &Points<'_>, k: usize, random: &mut Random, control: &Control) -> Result<Vec<f64>> {
    let n = points.rows();
    let trials = 2 + (k as f64).ln() as usize;
    let mut nearest: Vec<f64> = control.vec(n)?;
    nearest.extend((0..n).map(|i| points.weight(i)));
    let first = pick(&nearest, random.unit());
    let mut centres = points.row(first).to_vec();
    nearest.clear();
    nearest.extend((0..n).map(|i| points.weight(i) * distance(points.row(i), &centres)));
    let mut closer: Vec<f64> = control.vec(n)?;
    let mut kept: Vec<f64> = control.vec(n)?;
    for _ in 1..k {
        control.check()?;
        let total: f64 = nearest.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut best: Option<(f64, usize)> = None;
        for _ in 0..trials {
            let candidate = pick(&nearest, random.unit());
            let centre = points.row(candidate);
            closer.clear();
            closer.resize(n, 0.0);
            closer.par_chunks_mut(BLOCK).enumerate().for_each(|(b, block)| {
                for (j, value) in block.iter_mut().enumerate() {
                    let i = b * BLOCK + j;
                    *value = nearest[i].min(points.weight(i) * distance(points.row(i), centre));
                }
            });
            let potential: f64 = closer.iter().sum();
            if best.is_none_or(|b| potential < b.0) {
                best = Some((potential, candidate));
                std::mem::swap(&mut closer, &mut kept);
            }
        }
        if let Some((_, candidate)) = best {
            centres.extend_from_slice(points.row(candidate));
            std::mem::swap(&mut nearest, &mut kept);
        }
    }
    for v in [nearest, closer, kept] {
        control.release_vec(v);
    }
    Ok(centres)
}

/// The index at which the running sum of weights passes `share` of their total.
fn pick(weights: &[f64], share: f64) -> usize {
    let total: f64 = weights.iter().sum();
    let wanted = share * total;
    let mut sum = 0.0;
    let mut last = 0;
    for (i, w) in weights.iter().enumerate() {
        if *w > 0.0 {
            last = i;
            sum += w;
            if sum > wanted {
                break;
            }
        }
    }
    last
}
