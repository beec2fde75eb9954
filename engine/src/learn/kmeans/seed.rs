//! Starts: greedy k-means++ with 2 + ln k candidates a centre, as scikit-learn's.

use rayon::prelude::*;

use super::lloyd::{distance, BLOCK};
use super::random::Random;
use super::Points;
use crate::control::Control;
use crate::error::Result;
use crate::learn::sum::sum;

/// At most `k` centres, all different; fewer where there are fewer different rows of positive weight.
pub(super) fn plus_plus(points: &Points<'_>, k: usize, random: &mut Random, control: &Control) -> Result<Vec<f64>> {
    let n = points.rows();
    let trials = 2 + (k as f64).ln() as usize;
    let mut nearest: Vec<f64> = control.vec(n)?;
    nearest.extend((0..n).map(|i| points.weight(i)));
    let first = pick(&nearest, random.unit(), control)?;
    let mut centres = points.row(first).to_vec();
    let mut closer: Vec<f64> = control.filled(n, 0.0)?;
    let mut kept: Vec<f64> = control.filled(n, 0.0)?;
    fill(&mut nearest, control, |i| points.weight(i) * distance(points.row(i), &centres))?;
    for _ in 1..k {
        if sum(0..n, control, |i| nearest[i])? <= 0.0 {
            break;
        }
        let mut best: Option<(f64, usize)> = None;
        for _ in 0..trials {
            let candidate = pick(&nearest, random.unit(), control)?;
            let centre = points.row(candidate);
            fill(&mut closer, control, |i| nearest[i].min(points.weight(i) * distance(points.row(i), centre)))?;
            let potential = sum(0..n, control, |i| closer[i])?;
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

fn fill(values: &mut [f64], control: &Control, value: impl Fn(usize) -> f64 + Sync) -> Result<()> {
    values.par_chunks_mut(BLOCK).enumerate().try_for_each(|(b, block)| {
        control.check()?;
        block.iter_mut().enumerate().for_each(|(j, v)| *v = value(b * BLOCK + j));
        Ok(())
    })
}

/// The index at which the running sum of weights passes `share` of their total; of equals the first, of none the last with a weight.
fn pick(weights: &[f64], share: f64, control: &Control) -> Result<usize> {
    let chunk = |chunk: &[f64]| {
        control.check()?;
        Ok(chunk.iter().sum())
    };
    let chunks: Result<Vec<f64>> = weights.par_chunks(BLOCK).map(chunk).collect();
    let chunks = chunks?;
    let wanted = share * chunks.iter().sum::<f64>();
    let mut before = 0.0;
    let mut last = 0;
    for (c, of_chunk) in chunks.iter().enumerate().filter(|c| *c.1 > 0.0) {
        let start = c * BLOCK;
        let block = &weights[start..(start + BLOCK).min(weights.len())];
        if before + of_chunk <= wanted {
            before += of_chunk;
            last = start + block.iter().rposition(|w| *w > 0.0).unwrap_or(0);
            continue;
        }
        let mut within = before;
        for (i, w) in block.iter().enumerate().filter(|w| *w.1 > 0.0) {
            last = start + i;
            within += w;
            if within > wanted {
                break;
            }
        }
        break;
    }
    Ok(last)
}
