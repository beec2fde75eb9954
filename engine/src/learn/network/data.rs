//! Rows as a network is given them.

use rayon::prelude::*;

use super::{Former, NetworkParams, Rows};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::bin::{can_be_squared, seen_ends, LARGEST};
use crate::learn::Target;
use crate::model::{additive, Feature, NetworkEntry};
use crate::score::network::{number, place};

/// A category of more levels than this has an embedding.
const MOST_DIRECT: usize = 32;
/// An embedding is not wider.
const WIDEST: usize = 50;
/// A standard score is not larger.
const FARTHEST: f64 = 10.0;

/// A category with numbers a level.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The feature.
    pub feature: usize,
    /// Its levels, all others and the missing value.
    pub levels: usize,
    /// The place of its numbers among the inputs, and how many they are; `None` where they are added to the sums of the first layer.
    pub embedding: Option<(usize, usize)>,
    /// The weight of the rows of each.
    pub seen: Vec<f64>,
}

/// What is to be predicted.
#[derive(Debug)]
pub(super) enum Goal {
    /// The class of each row, of so many.
    Classes(Vec<u32>, usize),
    /// The number of each row on the scale of the network.
    Numbers(Vec<f32>),
}

/// All rows.
#[derive(Debug)]
pub(super) struct Data {
    pub rows: usize,
    /// Those that are learned from, which come first.
    pub fit_rows: usize,
    /// How features enter, without the numbers of levels.
    pub entries: Vec<NetworkEntry>,
    pub tables: Vec<Table>,
    /// The name of each feature.
    pub names: Vec<String>,
    /// By table its levels, where a network to go on from knows some; none of a part of a date, of which values are told apart.
    pub levels: Vec<Vec<String>>,
    /// Numbers of a row, without those of embeddings.
    pub numbers: usize,
    /// All numbers that the first layer is given.
    pub inputs: usize,
    /// Rows x numbers.
    pub values: Vec<f32>,
    /// Rows x tables.
    pub codes: Vec<u32>,
    pub goal: Goal,
    /// The mean and the deviation of a target that is a number.
    pub target: (f64, f64),
    /// By row, 1 on the mean of those that are learned from.
    pub weight: Option<Vec<f32>>,
}

impl Data {
    /// The rows; features that `former` knows enter as they do there.
    pub fn new(
        rows: &Rows<'_>,
        params: &NetworkParams,
        class_weight: Option<&[f64]>,
        former: Option<&Former>,
        control: &Control,
    ) -> Result<Data> {
        let count = rows.target.len();
        let fit_rows = rows.fit_rows.min(count);
        let (mut entries, mut tables, mut numbers) = (Vec::new(), Vec::new(), 0);
        for (at, (feature, column)) in rows.features.iter().zip(rows.columns).enumerate() {
            control.check()?;
            let known = former.and_then(|former| known(former, feature));
            entries.push(match additive::levels(feature) {
                Some(count) => {
                    tables.push(table(at, count + 2, params, column, (rows.weight, known)));
                    // Filled in when weights are known.
                    NetworkEntry::Levels { values: Vec::new() }
                }
                None => entry(feature, column, known, params.min_group, &mut numbers),
            });
        }
        let mut inputs = numbers;
        for table in &mut tables {
            if let Some((at, width)) = &mut table.embedding {
                *at = inputs;
                inputs += *width;
            }
        }
        let mut data = Data {
            rows: count,
            fit_rows,
            entries,
            numbers,
            inputs,
            values: control.filled(count.saturating_mul(numbers), 0.0)?,
            codes: control.filled(count.saturating_mul(tables.len()), 0)?,
            names: rows.features.iter().map(|f| f.name.clone()).collect(),
            levels: match former {
                Some(_) => tables.iter().map(|t| rows.features[t.feature].encoding.levels().to_vec()).collect(),
                None => Vec::new(),
            },
            tables,
            goal: Goal::Numbers(Vec::new()),
            target: (0.0, 1.0),
            weight: None,
        };
        data.fill(rows.columns, control)?;
        control.reserve(count * 8)?;
        data.weigh(rows, class_weight)?;
        match rows.target {
            Target::Class { codes, classes } => data.goal = Goal::Classes(codes.clone(), *classes),
            Target::Number(values) => {
                data.target = match former {
                    Some(former) if former.classes.is_empty() => (former.body.shift, former.body.scale),
                    _ => spread(&values[..fit_rows], |row| rows.weight.map_or(1.0, |w| w[row])),
                };
                let (mean, deviation) = data.target;
                let scaled = values.iter().map(|v| ((within(*v) - mean) / deviation) as f32);
                data.goal = Goal::Numbers(scaled.collect());
            }
        }
        Ok(data)
    }

    fn fill(&mut self, columns: &[Vec<f64>], control: &Control) -> Result<()> {
        // Few rows at a time, so that they stay near while columns pass.
        const NEAR: usize = 1024;
        let Data { entries, tables, values, codes, numbers, rows, .. } = self;
        let (numbers, width) = (*numbers, tables.len());
        // Where a row has none of them there are as many chunks of nothing.
        let chunks = rows.div_ceil(NEAR);
        let mut parts: Vec<(&mut [f32], &mut [u32])> = Vec::with_capacity(chunks);
        let (mut values, mut codes) = (values.as_mut_slice(), codes.as_mut_slice());
        for chunk in 0..chunks {
            let own = NEAR.min(*rows - chunk * NEAR);
            let (value, rest) = std::mem::take(&mut values).split_at_mut(own * numbers);
            let (code, after) = std::mem::take(&mut codes).split_at_mut(own * width);
            parts.push((value, code));
            (values, codes) = (rest, after);
        }
        parts.into_par_iter().enumerate().try_for_each(|(chunk, (values, codes))| {
            control.check()?;
            for (entry, column) in entries.iter().zip(columns) {
                let NetworkEntry::Number { at, missing, shift, scale, low, high } = entry else { continue };
                let cells = &column[chunk * NEAR..];
                for (row, &x) in values.chunks_exact_mut(numbers.max(1)).zip(cells) {
                    if let Some(to) = row.get_mut(*at as usize).filter(|_| !x.is_nan()) {
                        *to = number(x, *shift, *scale, *low, *high);
                    }
                    if let Some(to) = row.get_mut(*missing as usize) {
                        *to = f32::from(u8::from(x.is_nan()));
                    }
                }
            }
            for (t, table) in tables.iter().enumerate() {
                let cells = &columns[table.feature][chunk * NEAR..];
                for (row, &x) in codes.chunks_exact_mut(width).zip(cells) {
                    row[t] = place(x, table.levels) as u32;
                }
            }
            Ok::<(), Error>(())
        })
    }

    /// The weights of rows, divided by their mean.
    fn weigh(&mut self, rows: &Rows<'_>, class_weight: Option<&[f64]>) -> Result<()> {
        if rows.weight.is_none() && class_weight.is_none() {
            return Ok(());
        }
        let of_class = |row: usize| match (class_weight, rows.target) {
            (Some(by_class), Target::Class { codes, .. }) => by_class[codes[row] as usize],
            _ => 1.0,
        };
        let weight = |row: usize| rows.weight.map_or(1.0, |w| w[row]) * of_class(row);
        let mean = (0..self.fit_rows).map(weight).sum::<f64>() / self.fit_rows.max(1) as f64;
        if !mean.is_finite() {
            return Err(Error::data("the weights of the rows are too large to be added", "Divide them by a number."));
        }
        let by = if mean > 0.0 { mean } else { 1.0 };
        self.weight = Some((0..self.rows).map(|row| (weight(row) / by) as f32).collect());
        Ok(())
    }

    /// The weight of a row.
    #[inline]
    pub fn weight(&self, row: usize) -> f32 {
        self.weight.as_ref().map_or(1.0, |w| w[row])
    }

    /// What the network gives for a row.
    pub fn outputs(&self) -> usize {
        match &self.goal {
            Goal::Classes(_, classes) if *classes > 2 => *classes,
            _ => 1,
        }
    }
}

fn within(x: f64) -> f64 {
    if x.is_nan() {
        0.0
    } else {
        x.clamp(-LARGEST, LARGEST)
    }
}

/// The mean of numbers and their deviation, 1 where they do not differ.
fn spread(values: &[f64], weight: impl Fn(usize) -> f64) -> (f64, f64) {
    let there = || values.iter().enumerate().filter(|(_, v)| !v.is_nan()).map(|(row, v)| (weight(row), within(*v)));
    let whole: f64 = there().map(|(w, _)| w).sum();
    if whole <= 0.0 || !whole.is_finite() {
        return (0.0, 1.0);
    }
    let mean = there().map(|(w, v)| w / whole * v).sum::<f64>();
    let square = there().map(|(w, v)| w / whole * (v - mean) * (v - mean)).sum::<f64>();
    let deviation = square.sqrt();
    (mean, if deviation > mean.abs() * 1e-14 && (1.0 / deviation).is_finite() { deviation } else { 1.0 })
}

/// How a feature enters a network that knows it.
fn known<'a>(former: &'a Former, feature: &Feature) -> Option<&'a NetworkEntry> {
    let is_level = |f: &Feature| additive::levels(f).is_some();
    let at = former.features.iter().position(|f| f.name == feature.name && is_level(f) == is_level(feature))?;
    former.body.entries.get(at)
}

/// How a number enters: it gets the next input if it varies, and another if some are missing.
fn entry(
    feature: &Feature,
    column: &[f64],
    known: Option<&NetworkEntry>,
    least: u64,
    numbers: &mut usize,
) -> NetworkEntry {
    let mut take = |wanted: bool| {
        let at = *numbers as u32;
        *numbers += usize::from(wanted);
        if wanted {
            at
        } else {
            NetworkEntry::NONE
        }
    };
    let stats = &feature.stats;
    let (low, high) = seen_ends(stats, column, least);
    let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
    let known_spread = can_be_squared(stats.mean) && can_be_squared(stats.stddev) && stats.stddev > 0.0;
    let (mean, deviation) = match known_spread {
        true => (stats.mean, stats.stddev),
        false => spread(column, |_| 1.0),
    };
    let varies = low < high && deviation > mean.abs() * 1e-14;
    let absent = stats.missing >= least.max(1);
    let mean = mean.clamp(low, high);
    let ends = (low.max(mean - FARTHEST * deviation), high.min(mean + FARTHEST * deviation));
    match known {
        // What it was told before means the same as it did.
        Some(NetworkEntry::Number { at, missing, shift, scale, low, high }) if *at != NetworkEntry::NONE => {
            // Numbers far beyond those of before are no larger than a network bears.
            let far = if *scale > 0.0 { FARTHEST * FARTHEST / scale } else { 0.0 };
            let (low, high) = (low.min(ends.0).max(shift - far), high.max(ends.1).min(shift + far));
            let (low, high) = (low.min(*shift), high.max(*shift));
            let at = take(true);
            let missing = take(absent || *missing != NetworkEntry::NONE);
            NetworkEntry::Number { at, missing, shift: *shift, scale: *scale, low, high }
        }
        _ => NetworkEntry::Number {
            at: take(varies),
            missing: take(absent),
            shift: mean,
            scale: if varies { 1.0 / deviation } else { 0.0 },
            low: ends.0,
            high: ends.1,
        },
    }
}

/// How a category enters.
fn table(
    feature: usize,
    levels: usize,
    params: &NetworkParams,
    column: &[f64],
    (weight, known): (Option<&[f64]>, Option<&NetworkEntry>),
) -> Table {
    let mut seen = vec![0.0; levels];
    for (row, &x) in column.iter().enumerate() {
        seen[place(x, levels)] += weight.map_or(1.0, |w| w[row]);
    }
    // The rule of fastai: it grows slowly with the number of levels.
    let usual = (1.6 * libm::pow(levels as f64, 0.56)).round() as usize;
    let width = params.embedding_dimension.map_or(usual.clamp(1, WIDEST), |width| width as usize);
    let embedding = match known {
        Some(NetworkEntry::Embedding { dimension, .. }) => Some((0, *dimension as usize)),
        Some(_) => None,
        None => (levels > MOST_DIRECT + 2).then_some((0, width)),
    };
    Table { feature, levels, embedding, seen }
}
