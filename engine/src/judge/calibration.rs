//! Whether what a model says comes true: rows in bins by their scores.

use super::interval::{self, Interval};
use super::{weight_of, Sum};

/// How bins are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// At quantiles of the scores, so that bins have as many rows.
    Quantile,
    /// At equal distances between the least and the largest score; of probabilities between 0 and 1.
    Uniform,
}

/// A bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Its rows.
    pub rows: usize,
    /// Their weight.
    pub weight: f64,
    /// The weighted mean of the scores.
    pub predicted: f64,
    /// The weighted mean of the truth.
    pub actual: f64,
    /// Where the truth lies with a confidence of 95 %: of shares by Wilson, of means by their standard error.
    pub interval: Option<Interval>,
}

/// The bins that have rows of weight, the lowest scores first: as scikit-learn's `calibration_curve`, for numbers too, but that of bins by quantiles one
/// that ties leave with less than half of its rows is joined with a neighbour. `shares` says that the truth is 0 or 1.
pub fn calibration(
    scores: &[f64],
    actual: &[f64],
    weight: Option<&[f64]>,
    bins: usize,
    strategy: Strategy,
    shares: bool,
) -> Vec<Bin> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let (low, high) = if shares { (0.0, 1.0) } else { (first, last) };
    let edge = |i: usize| {
        let part = i as f64 / bins as f64;
        match strategy {
            Strategy::Quantile => quantile(&sorted, part),
            Strategy::Uniform => low + (high - low) * part,
        }
    };
    let edges: Vec<f64> = (1..bins).map(edge).collect();
    let mut rows_of: Vec<Vec<u32>> = vec![Vec::new(); bins];
    for (i, score) in scores.iter().enumerate() {
        rows_of[edges.partition_point(|edge| edge < score)].push(i as u32);
    }
    if strategy == Strategy::Quantile {
        join_small(&mut rows_of, scores.len() / bins / 2);
    }
    rows_of.iter().filter_map(|rows| bin(rows, scores, actual, weight, shares)).collect()
}

/// Give the rows of a bin that ties leave with fewer than `fewest` to the smaller of its neighbours: of a handful no share can be told.
fn join_small(rows_of: &mut Vec<Vec<u32>>, fewest: usize) {
    rows_of.retain(|rows| !rows.is_empty());
    while rows_of.len() > 1 {
        let Some(small) = (0..rows_of.len()).min_by_key(|i| rows_of[*i].len()).filter(|i| rows_of[*i].len() < fewest)
        else {
            return;
        };
        let count = |i: usize| rows_of.get(i).map_or(usize::MAX, Vec::len);
        let below = small.checked_sub(1).map_or(usize::MAX, count);
        let first = if below <= count(small + 1) { small - 1 } else { small };
        let rows = rows_of.remove(first + 1);
        rows_of[first].extend(rows);
    }
}

/// The quantile of sorted numbers, as numpy's default.
pub(super) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    // numpy's lerp is exact at both ends.
    let t = place - place.floor();
    let step = above - below;
    if t >= 0.5 {
        above - step * (1.0 - t)
    } else {
        below + step * t
    }
}

fn bin(rows: &[u32], scores: &[f64], actual: &[f64], weight: Option<&[f64]>, shares: bool) -> Option<Bin> {
    let w = |i: &u32| weight_of(weight, *i as usize);
    let total = rows.iter().map(w).collect::<Sum>().get();
    if total.is_nan() || total <= 0.0 {
        return None;
    }
    let mean = |of: &[f64]| rows.iter().map(|i| w(i) * of[*i as usize]).collect::<Sum>().get() / total;
    let (predicted, truth) = (mean(scores), mean(actual));
    let interval = match shares {
        true => interval::share(truth.clamp(0.0, 1.0), interval::effective(rows.iter().map(w))),
        false => {
            let own: Option<Vec<f64>> = weight.map(|_| rows.iter().map(w).collect());
            let error = interval::ratio_error(rows.iter().map(|i| (actual[*i as usize], 1.0)), own.as_deref());
            interval::around(truth, error, (f64::NEG_INFINITY, f64::INFINITY))
        }
    };
    Some(Bin { rows: rows.len(), weight: total, predicted, actual: truth, interval })
}

/// The weighted mean distance between what was said and what came true; `None` without rows.
pub fn expected_calibration_error(bins: &[Bin]) -> Option<f64> {
    let total = bins.iter().map(|b| b.weight).collect::<Sum>().get();
    let distance = bins.iter().map(|b| b.weight * (b.actual - b.predicted).abs()).collect::<Sum>().get();
    (total > 0.0).then(|| distance / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six rows between two scores that many have.
    #[test]
    fn a_handful_between_ties_is_no_bin() {
        let scores: Vec<f64> = (0..1_000)
            .map(|i| match i {
                0..=497 => 0.1,
                498..=503 => 0.2,
                _ => 0.3,
            })
            .collect();
        let actual: Vec<f64> = (0..1_000).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
        let bins = calibration(&scores, &actual, None, 10, Strategy::Quantile, true);
        assert_eq!(bins.iter().map(|b| b.rows).collect::<Vec<_>>(), [498, 502]);
        // Without ties they are as they were.
        let scores: Vec<f64> = (0..7).map(f64::from).map(|i| i / 7.0).collect();
        assert_eq!(calibration(&scores, &[0.0; 7], None, 10, Strategy::Quantile, true).len(), 7);
    }
}
