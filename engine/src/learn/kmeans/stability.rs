//! Whether segments are there, or would be others of other rows: they are looked for again in bootstrap samples (Hennig, Cluster-wise assessment of
//! cluster stability, 2007).

use rayon::prelude::*;

use super::lloyd::{self, distance};
use super::{best_of, seed, Points, Restraint};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::judge::segments::{adjusted_rand, jaccard};
use crate::learn::random::Random;
use crate::model::KMeans;

/// Starts of k-means on a sample, and the most iterations of one.
const STARTS: u32 = 2;
const ITERATIONS: u32 = 100;
/// A segment is dissolved at this similarity or below, and recovered at that one or above (Hennig 2007).
const DISSOLVED: f64 = 0.5;
const RECOVERED: f64 = 0.75;

/// How a segment fared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentStability {
    /// The rows that were looked at.
    pub rows: u64,
    /// The mean Jaccard similarity with the segment of a sample that is most like it; `None` of one without rows.
    pub jaccard: Option<f64>,
    /// The share of samples in which it was dissolved, and recovered.
    pub dissolved: Option<f64>,
    /// See above.
    pub recovered: Option<f64>,
}

/// How all fared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stability {
    /// By segment.
    pub segments: Vec<SegmentStability>,
    /// The mean adjusted Rand index of the segments of the model and those of a sample.
    pub adjusted_rand: f64,
}

/// Look for the segments of a model again in `samples` samples of some rows, given in its scaled space one after the other; with `modes` for those of
/// k-prototypes.
///
/// Fails where there is no row, when cancelled, or out of memory.
pub fn stability(
    (body, modes): (&KMeans, bool),
    values: &[f64],
    weight: Option<&[f64]>,
    (samples, random_seed): (u32, u64),
    control: &Control,
) -> Result<Stability> {
    let d = body.dimensions as usize;
    let restraints = Restraint::of(&body.axes, modes);
    let points = Points { values, dimensions: d, weight, restraints: &restraints };
    if d == 0 || points.rows() == 0 {
        return Err(Error::data("there is no row to look for segments in", "Give a source that has some."));
    }
    let own = nearest(&points, &body.centres, control)?;
    let k = body.sizes.len();
    again_and_again(&points, &own, k, (samples, random_seed), control, |drawn, counts, random| {
        again(&points, drawn, counts, k, random, control)
    })
}

/// Compare the segments `own` of rows, at most `k`, with those that are found `again` in samples: given the rows that were drawn and how often each was, it
/// gives their segments.
pub(super) fn again_and_again(
    points: &Points<'_>,
    own: &[u32],
    k: usize,
    (samples, random_seed): (u32, u64),
    control: &Control,
    again: impl Fn(&[usize], &[u32], &mut Random) -> Result<Vec<u32>>,
) -> Result<Stability> {
    control.start(u64::from(samples));
    let mut out = Stability { segments: vec![SegmentStability::default(); k], adjusted_rand: 0.0 };
    own.iter().for_each(|s| out.segments[*s as usize].rows += 1);
    let mut seen = vec![(0u32, 0.0, 0u32, 0u32); k];
    for sample in 0..samples {
        let mut random = Random::new(random_seed, u64::from(sample) + 1);
        let mut counts = vec![0u32; points.rows()];
        (0..points.rows()).for_each(|_| counts[random.below(points.rows())] += 1);
        let drawn: Vec<usize> = (0..points.rows()).filter(|i| counts[*i] > 0).collect();
        let labels = again(&drawn, &counts, &mut random)?;
        let before: Vec<u32> = drawn.iter().map(|&i| own[i]).collect();
        out.adjusted_rand += adjusted_rand(&before, &labels) / f64::from(samples);
        for (seen, found) in seen.iter_mut().zip(jaccard(&before, &labels, k)) {
            if let Some(found) = found {
                *seen = (
                    seen.0 + 1,
                    seen.1 + found,
                    seen.2 + u32::from(found <= DISSOLVED),
                    seen.3 + u32::from(found >= RECOVERED),
                );
            }
        }
        control.advance(1);
    }
    for (segment, (times, sum, dissolved, recovered)) in out.segments.iter_mut().zip(seen) {
        let share = |n: f64| (times > 0).then(|| n / f64::from(times));
        segment.jaccard = share(sum);
        segment.dissolved = share(f64::from(dissolved));
        segment.recovered = share(f64::from(recovered));
    }
    Ok(out)
}

/// The segments that k-means finds among the rows that were drawn, each as often as it was.
fn again(
    points: &Points<'_>,
    drawn: &[usize],
    counts: &[u32],
    k: usize,
    random: &mut Random,
    control: &Control,
) -> Result<Vec<u32>> {
    let (values, weight) = sampled(points, drawn, counts, control)?;
    let Points { dimensions, restraints, .. } = *points;
    let own = Points { values: &values, dimensions, weight: Some(&weight), restraints };
    let best = best_of(&own, STARTS, |_| seed::plus_plus(&own, k, random, control), (ITERATIONS, 0.0), control)?;
    control.release_vec(values);
    Ok(best.map_or_else(Vec::new, |best| best.labels))
}

/// The rows that were drawn, and how they count.
pub(super) fn sampled(
    points: &Points<'_>,
    drawn: &[usize],
    counts: &[u32],
    control: &Control,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut values: Vec<f64> = control.vec(drawn.len() * points.dimensions)?;
    drawn.iter().for_each(|&i| values.extend_from_slice(points.row(i)));
    let weight = drawn.iter().map(|&i| f64::from(counts[i]) * points.weight(i)).collect();
    Ok((values, weight))
}

/// The nearest of some centres of each row, the first of equals.
pub(super) fn nearest(points: &Points<'_>, centres: &[f64], control: &Control) -> Result<Vec<u32>> {
    let of = |row: &[f64]| {
        let far = centres.chunks_exact(points.dimensions).map(|centre| distance(row, centre)).enumerate();
        far.reduce(|a, b| if b.1 < a.1 { b } else { a }).map_or(0, |(centre, _)| centre as u32)
    };
    let mut labels = control.filled(points.rows(), 0u32)?;
    labels.par_chunks_mut(lloyd::BLOCK).enumerate().try_for_each(|(b, block)| {
        control.check()?;
        block.iter_mut().enumerate().for_each(|(j, label)| *label = of(points.row(b * lloyd::BLOCK + j)));
        Ok(())
    })?;
    Ok(labels)
}
