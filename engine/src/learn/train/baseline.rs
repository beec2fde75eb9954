//! What is kept of the training rows so that others can be compared with them: see [`crate::judge::drift`].

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{sort_numbers, ColumnData};
use crate::error::Result;
use crate::learn::bin::{self, BinKind, BinParams, BinnedFeature};
use crate::learn::tree::between;
use crate::model::{Baseline, Encoding, Feature, FeatureBaseline, Model, NumberBins};

use super::{Features, Run};

/// The most bins that are kept of a number, and of all numbers together.
const BINS: usize = 256;
const MOST_BINS: usize = 1 << 16;
/// The fewest bins of a number.
const FEWEST_BINS: usize = 16;
/// Rows of a clustering that are looked at, evenly spaced: rows are in the order of a hash, so that is a fair sample.
const SAMPLE: usize = 200_000;

/// Scores that are kept of a model which learned from all rows.
const SCORES: usize = 10_000;

/// Some of the rows, evenly spaced, whose scores are kept.
pub(super) fn scored(rows: &[u32], outputs: usize) -> Vec<u32> {
    let step = (rows.len() * outputs).div_ceil(SCORES).max(1);
    rows.iter().step_by(step).copied().collect()
}

/// The bins that each of so many features may have.
fn most_bins(features: usize) -> usize {
    (MOST_BINS / features.max(1)).clamp(FEWEST_BINS, BINS)
}

/// Held-out rows with a level that is not one of the model.
fn unseen(encoding: &Encoding, held: &[f64]) -> u64 {
    let levels = encoding.levels().len() as f64;
    held.iter().filter(|code| **code >= levels).count() as u64
}

impl Features {
    /// The baseline of so many training rows, and of so many rows that stand first among the held-out ones. No bin tells of fewer than `least`.
    pub(super) fn baseline(&self, rows: usize, held_rows: usize, least: u64, control: &Control) -> Result<Baseline> {
        let most = most_bins(self.features.len());
        let bins = |at: usize, binned: &BinnedFeature| match self.values.get(at) {
            // Of a learner that has no bins.
            Some(values) => of_numbers(values.len(), |i| values[i], most, least, control).map(Some),
            None => Ok(of_bins(binned, rows).map(|bins| bins.joined(most))),
        };
        let of = |(at, ((feature, binned), held)): (usize, ((&Feature, &BinnedFeature), &Vec<f64>))| {
            Ok(match &feature.encoding {
                Encoding::Token { .. } => FeatureBaseline::default(),
                encoding if encoding.is_category() => {
                    FeatureBaseline { numbers: None, held_unseen: unseen(encoding, &held[..held_rows]) }
                }
                _ => {
                    let bins = bins(at, binned)?;
                    FeatureBaseline { numbers: bins.and_then(|bins| veiled(bins, feature, least)), held_unseen: 0 }
                }
            })
        };
        let features: Result<Vec<FeatureBaseline>> =
            self.features.iter().zip(&self.binned).zip(&self.held).enumerate().map(of).collect();
        Ok(Baseline { rows: rows as u64, held_rows: held_rows as u64, features: features?, scores: Vec::new() })
    }
}

/// Bins in which no number of a few rows is seen: those of several values end half-way to the next, as the thresholds of trees do, and the first and
/// last at a value that enough rows are beyond. `None` where there are too few rows.
fn veiled(mut bins: NumberBins, feature: &Feature, least: u64) -> Option<NumberBins> {
    if least <= 1 {
        return Some(bins);
    }
    if bins.rows.iter().any(|rows| *rows < least) {
        return None;
    }
    let several: Vec<bool> = bins.low.iter().zip(&bins.high).map(|(low, high)| low < high).collect();
    let last = bins.rows.len().checked_sub(1)?;
    for bin in 0..last {
        let middle = between(bins.high[bin], bins.low[bin + 1]);
        if several[bin] {
            bins.high[bin] = middle;
        }
        if several[bin + 1] {
            bins.low[bin + 1] = middle.next_up();
        }
    }
    if several[0] {
        bins.low[0] = feature.stats.minimum.min(bins.high[0]);
    }
    if several[last] {
        bins.high[last] = feature.stats.maximum.max(bins.low[last]);
    }
    Some(bins)
}

/// The bins that a learner made of a number.
fn of_bins(feature: &BinnedFeature, rows: usize) -> Option<NumberBins> {
    let BinKind::Number { low, high } = &feature.kind else { return None };
    // The last is that of missing values.
    let mut counts = vec![0u64; low.len() + 1];
    (0..rows).for_each(|row| counts[feature.codes.get(row)] += 1);
    counts.truncate(low.len());
    // Bins without a row say nothing, and need not ascend.
    let used = || counts.iter().enumerate().filter(|(_, rows)| **rows > 0).map(|(bin, _)| bin);
    Some(NumberBins {
        low: used().map(|bin| low[bin]).collect(),
        high: used().map(|bin| high[bin]).collect(),
        rows: used().map(|bin| counts[bin]).collect(),
    })
}

/// The baseline of a model that learned from all rows, with what the held-out rows said of one that did not see them.
pub(super) fn with_held(
    baseline: Baseline,
    features: &[Feature],
    before: Baseline,
    features_before: &[Feature],
) -> Baseline {
    let held = |feature: &Feature| {
        let at = features_before.iter().position(|f| f.name == feature.name);
        at.and_then(|at| before.features.get(at)).map_or(0, |f| f.held_unseen)
    };
    let own = features.iter().zip(baseline.features);
    let features = own.map(|(feature, own)| FeatureBaseline { held_unseen: held(feature), ..own }).collect();
    Baseline { held_rows: before.held_rows, features, ..baseline }
}

/// The bins of some of so many numbers, evenly spaced.
fn of_numbers(
    count: usize,
    value: impl Fn(usize) -> f64,
    most: usize,
    least: u64,
    control: &Control,
) -> Result<NumberBins> {
    let step = count.div_ceil(SAMPLE).max(1);
    let params = BinParams { max_bins: most.max(BINS), min_category_rows: 1, min_group: least };
    let mut sorted: Vec<f64> = control.vec(count.div_ceil(step))?;
    // Adding zero makes the two zeros one value.
    sorted.extend((0..count).step_by(step).map(|i| value(i) + 0.0).filter(|v| !v.is_nan()));
    sort_numbers(&mut sorted, control)?;
    let (low, high, rows) = bin::counted(&sorted, &params);
    control.release_vec(sorted);
    Ok(NumberBins { low, high, rows }.joined(most))
}

impl Run<'_> {
    /// The bins of columns of numbers, for a learner that makes none; `None` of categories.
    pub(super) fn number_bins(&self, columns: &[usize], train: &[u32]) -> Result<Vec<Option<NumberBins>>> {
        let most = most_bins(columns.len());
        let least = self.request.options.min_group;
        let of = |column: &usize| {
            let ColumnData::Number(values) = &self.request.table.columns[*column].data else { return Ok(None) };
            let value = |i: usize| values.get(train[i] as usize);
            of_numbers(train.len(), value, most, least, self.control).map(Some)
        };
        columns.par_iter().map(of).collect()
    }
}

/// The baseline of a clustering.
pub(super) fn of_clusters(
    model: &Model,
    bins: Vec<Option<NumberBins>>,
    rows: usize,
    held: &[Vec<f64>],
    least: u64,
) -> Baseline {
    let of = |((feature, numbers), held): ((&Feature, Option<NumberBins>), &Vec<f64>)| FeatureBaseline {
        numbers: numbers.and_then(|bins| veiled(bins, feature, least)),
        held_unseen: if feature.encoding.is_category() { unseen(&feature.encoding, held) } else { 0 },
    };
    let features = model.features.iter().zip(bins).zip(held).map(of).collect();
    Baseline { rows: rows as u64, held_rows: held.first().map_or(0, Vec::len) as u64, features, scores: Vec::new() }
}
