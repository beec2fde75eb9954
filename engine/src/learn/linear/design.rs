//! The design: columns as numbers around 0 and as levels that each have a dimension of their own.
//!
//! A number is taken less its mean and over its standard deviation, so that a penalty weighs all alike and sums lose no digits; a missing one counts
//! as the mean, and has a dimension of its own beside it. Of a category each level has a dimension, and so have all other texts and the missing
//! value where training saw some; without a penalty the level of the most rows has none, as the intercept speaks for it.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::bin::{can_be_squared, seen_ends, LARGEST};
use crate::learn::sum::sums;
use crate::model::{additive, Feature, FeatureStats};

/// No dimension.
pub(super) const NONE: u32 = u32::MAX;
/// Numbers of a row are padded to a multiple of this.
pub(super) const LANES: usize = 8;

/// How a feature enters.
#[derive(Debug)]
pub(super) enum Entry {
    /// A number; without a dimension where it does not vary.
    Number {
        /// Its dimension.
        dimension: u32,
        /// That of a missing value.
        missing: u32,
        /// The mean.
        shift: f64,
        /// The standard deviation.
        deviation: f64,
        /// The smallest finite value.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// Levels.
    Levels {
        /// The dimension of each, and of all other texts.
        dimensions: Vec<u32>,
        /// That of a missing value.
        missing: u32,
        /// The level of the most rows; `dimensions.len()` for a missing value.
        reference: usize,
        /// The weight of each level, of all others, and of missing values.
        weights: Vec<f64>,
    },
}

/// Rows to learn from.
#[derive(Debug)]
pub(super) struct Design {
    pub rows: usize,
    /// Numbers of a row, the intercept's 1 the first of them.
    pub width: usize,
    /// The same, padded.
    pub stride: usize,
    /// Row by row.
    pub values: Vec<f64>,
    /// Codes of a row.
    pub categories: usize,
    /// Row by row the dimensions of levels, or [`NONE`].
    pub codes: Vec<u32>,
    /// All dimensions: those of numbers, then those of levels.
    pub dimensions: usize,
    pub entries: Vec<Entry>,
}

impl Design {
    /// The design of columns as scoring takes them; with a penalty every level has a dimension. What fewer than `least` rows have, has none.
    pub fn new(
        features: &[Feature],
        columns: &[Vec<f64>],
        weight: Option<&[f64]>,
        penalized: bool,
        least: u64,
        control: &Control,
    ) -> Result<Design> {
        let rows = columns.first().map_or(0, Vec::len);
        let weighted = weight.is_some();
        let weight = |row: usize| weight.map_or(1.0, |w| w[row]);
        let mut entries = Vec::with_capacity(features.len());
        let mut width = 1u32;
        for (feature, column) in features.iter().zip(columns) {
            control.check()?;
            entries.push(match additive::levels(feature) {
                Some(count) => levels(column, count, &weight, least),
                None => number(column, (&feature.stats, weighted), &weight, &mut width, least, control)?,
            });
        }
        let (mut dimension, mut categories) = (width, 0);
        for entry in &mut entries {
            if number_levels(entry, penalized, &mut dimension) {
                categories += 1;
            }
        }
        let (width, stride) = (width as usize, (width as usize).next_multiple_of(LANES));
        let mut design = Design {
            rows,
            width,
            stride,
            values: control.filled(rows * stride, 0.0)?,
            categories,
            codes: control.filled(rows * categories, NONE)?,
            dimensions: dimension as usize,
            entries,
        };
        design.fill(columns, control)?;
        Ok(design)
    }

    fn fill(&mut self, columns: &[Vec<f64>], control: &Control) -> Result<()> {
        let Design { values, codes, entries, stride, categories, .. } = self;
        // Few rows at a time, so that they stay near while columns pass.
        const NEAR: usize = 1024;
        let (stride, categories) = (*stride, *categories);
        let width = categories.max(1);
        let mut none = vec![NONE; if categories == 0 { self.rows } else { 0 }];
        let codes = if categories == 0 { &mut none } else { codes };
        values.par_chunks_mut(NEAR * stride).zip(codes.par_chunks_mut(NEAR * width)).enumerate().try_for_each(
            |(part, (values, codes))| {
                control.check()?;
                values.chunks_exact_mut(stride).for_each(|row| row[0] = 1.0);
                let mut at = 0;
                for (entry, column) in entries.iter().zip(columns) {
                    let cells = column[part * NEAR..].iter();
                    match entry {
                        Entry::Number { dimension, missing, shift, deviation, low, high } => {
                            if *dimension != NONE {
                                let own = values.chunks_exact_mut(stride).zip(cells.clone());
                                own.filter(|(_, x)| !x.is_nan()).for_each(|(row, x)| {
                                    row[*dimension as usize] = (within(*x, *low, *high) - shift) / deviation;
                                });
                            }
                            if *missing != NONE {
                                let own = codes.chunks_exact_mut(width).zip(cells);
                                own.filter(|(_, x)| x.is_nan()).for_each(|(row, _)| row[at] = *missing);
                                at += 1;
                            }
                        }
                        Entry::Levels { dimensions, missing, .. } => {
                            if dimensions.iter().all(|d| *d == NONE) && *missing == NONE {
                                continue;
                            }
                            for (row, x) in codes.chunks_exact_mut(width).zip(cells) {
                                row[at] = match level(*x, dimensions.len()) {
                                    Some(level) => dimensions[level],
                                    None => *missing,
                                };
                            }
                            at += 1;
                        }
                    }
                }
                Ok::<(), Error>(())
            },
        )
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.values);
        control.release_vec(self.codes);
    }
}

/// A number that can be squared: an infinity is the end it lies beyond.
#[inline]
fn within(x: f64, low: f64, high: f64) -> f64 {
    if x.is_infinite() { x.clamp(low, high) } else { x }.clamp(-LARGEST, LARGEST)
}

/// The place of a level among `count`, of which the last is all others; `None` for a missing value.
#[inline]
fn level(x: f64, count: usize) -> Option<usize> {
    (!x.is_nan()).then(|| (x.max(0.0) as usize).min(count - 1))
}

/// A number gets the next dimension if it varies; where some are missing, that is a level to be numbered later.
fn number(
    column: &[f64],
    (stats, weighted): (&FeatureStats, bool),
    weight: &(impl Fn(usize) -> f64 + Sync),
    width: &mut u32,
    least: u64,
    control: &Control,
) -> Result<Entry> {
    let (low, high) = seen_ends(stats, column, least);
    let absent = stats.missing >= least.max(1);
    // What is known of the rows already, if they all count the same.
    let known = can_be_squared(stats.mean) && can_be_squared(stats.stddev) && stats.stddev > 0.0;
    let (total, mean, deviation) = if !weighted && known {
        (column.len() as f64, stats.mean, stats.stddev)
    } else {
        spread(column, weight, (low, high), control)?
    };
    // What rounding leaves of a constant is no difference.
    let varies = low < high && deviation > mean.abs() * 1e-14;
    let dimension = if varies { *width } else { NONE };
    *width += u32::from(varies);
    let missing = if absent && total > 0.0 { 0 } else { NONE };
    Ok(Entry::Number { dimension, missing, shift: mean, deviation, low, high })
}

/// The weight of the numbers that are there, their mean and their standard deviation.
fn spread(
    column: &[f64],
    weight: &(impl Fn(usize) -> f64 + Sync),
    (low, high): (f64, f64),
    control: &Control,
) -> Result<(f64, f64, f64)> {
    let rows = || 0..column.len();
    let [total, sum] = sums(rows(), control, |part| {
        let mut out = [0.0; 2];
        for row in part.filter(|row| !column[*row].is_nan()) {
            let w = weight(row);
            out[0] += w;
            out[1] += w * within(column[row], low, high);
        }
        out
    })?;
    let mean = if total > 0.0 { sum / total } else { 0.0 };
    let apart = |row: usize| within(column[row], low, high) - mean;
    let [squares] = sums(rows(), control, |part| {
        [part.filter(|row| !column[*row].is_nan()).map(|row| weight(row) * apart(row) * apart(row)).sum()]
    })?;
    Ok((total, mean, if total > 0.0 { (squares / total).sqrt() } else { 0.0 }))
}

/// The weights of levels.
fn levels(column: &[f64], count: usize, weight: &impl Fn(usize) -> f64, least: u64) -> Entry {
    let (mut weights, mut rows) = (vec![0.0; count + 2], vec![0u64; count + 2]);
    for (row, x) in column.iter().enumerate() {
        let at = level(*x, count + 1).unwrap_or(count + 1);
        weights[at] += weight(row);
        rows[at] += 1;
    }
    weights.iter_mut().zip(&rows).filter(|(_, rows)| **rows < least).for_each(|(weight, _)| *weight = 0.0);
    let reference = (0..weights.len()).fold(0, |best, at| if weights[at] > weights[best] { at } else { best });
    Entry::Levels { dimensions: vec![NONE; count + 1], missing: NONE, reference, weights }
}

/// Give dimensions to what training saw; whether there are some.
fn number_levels(entry: &mut Entry, penalized: bool, next: &mut u32) -> bool {
    let mut take = || {
        *next += 1;
        *next - 1
    };
    match entry {
        Entry::Number { missing, .. } => {
            if *missing != NONE {
                *missing = take();
            }
            *missing != NONE
        }
        Entry::Levels { dimensions, missing, reference, weights } => {
            let seen = weights.iter().filter(|w| **w > 0.0).count();
            if seen < 2 {
                return false;
            }
            for (at, weight) in weights.iter().enumerate() {
                if *weight > 0.0 && (penalized || at != *reference) {
                    match dimensions.get_mut(at) {
                        Some(dimension) => *dimension = take(),
                        None => *missing = take(),
                    }
                }
            }
            true
        }
    }
}
