//! Binning: a column of numbers or texts becomes small codes, and the encoding that scoring will use.
//!
//! Bins remember their smallest and largest value, so that a threshold can be put half-way between two values that met in a node,
//! as an exact learner does, and not at the edge of a bin.

use crate::control::Control;
use crate::data::{Column, ColumnData, Dictionary, CHUNK, MISSING};
use crate::error::Result;
use crate::model::{Encoding, FeatureStats};

/// The most bins a feature may have: codes are 16 bits wide and the last two are kept free.
pub const MOST_BINS: usize = 65_533;

/// How columns are binned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinParams {
    /// The most bins of a number; exact while there are no more distinct values. 0 for a learner that reads numbers as they are: then there are none, and
    /// the first of the held rows are the training rows.
    pub max_bins: usize,
    /// Levels with fewer training rows are pooled as "other".
    pub min_category_rows: u64,
    /// The fewest training rows that a level, a bin, or a smallest or largest value stands for, for the sake of privacy; 1 where that does not matter.
    pub min_group: u64,
}

impl BinParams {
    /// The fewest training rows of a level that is known by name.
    pub fn least_level_rows(&self) -> u64 {
        self.min_category_rows.max(self.min_group).max(1)
    }
}

/// The codes of the training rows in canonical order; as narrow as the number of bins allows.
#[derive(Debug)]
pub enum Codes {
    /// Up to 256 bins.
    U8(Vec<u8>),
    /// Up to 65,536 bins.
    U16(Vec<u16>),
    /// More levels than that.
    U32(Vec<u32>),
}

/// What the bins of a feature are. The last bin is always that of missing values.
#[derive(Debug, Clone)]
pub enum BinKind {
    /// Bins of ascending numbers.
    Number {
        /// The smallest training value of each bin.
        low: Vec<f64>,
        /// The largest training value of each bin.
        high: Vec<f64>,
    },
    /// One bin a level, then one for all other levels.
    Category {
        /// The number of levels.
        levels: usize,
    },
    /// Bins of the numbers that stand for many levels: see [`crate::learn::ordered`].
    Ordered {
        /// The smallest number of each bin.
        low: Vec<f64>,
        /// The largest number of each bin.
        high: Vec<f64>,
    },
}

impl Codes {
    /// The code of a row.
    #[inline]
    pub fn get(&self, row: usize) -> usize {
        match self {
            Codes::U8(codes) => codes[row].into(),
            Codes::U16(codes) => codes[row].into(),
            Codes::U32(codes) => codes[row] as usize,
        }
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        match self {
            Codes::U8(v) => control.release_vec(v),
            Codes::U16(v) => control.release_vec(v),
            Codes::U32(v) => control.release_vec(v),
        }
    }
}

/// A feature as the learner sees it.
#[derive(Debug)]
pub struct BinnedFeature {
    /// One code a training row.
    pub codes: Codes,
    /// What the codes mean.
    pub kind: BinKind,
}

impl BinnedFeature {
    /// The number of bins, that of missing values included.
    pub fn bins(&self) -> usize {
        match &self.kind {
            BinKind::Number { low, .. } | BinKind::Ordered { low, .. } => low.len() + 1,
            BinKind::Category { levels } => levels + 2,
        }
    }
}

/// A column after binning.
#[derive(Debug)]
pub struct Binned {
    /// For the learner.
    pub feature: BinnedFeature,
    /// For scoring.
    pub encoding: Encoding,
    /// What training saw.
    pub stats: FeatureStats,
    /// The held-out rows as scoring takes them: the number, or the level's code; NaN is missing.
    pub held: Vec<f64>,
}

/// Bin a column. `train` and `held` are rows in order of arrival, each part in canonical order.
///
/// Fails with [`crate::Error::OutOfMemory`] when the budget does not hold the codes and a sorted copy of the column.
pub fn bin(column: &Column, train: &[u32], held: &[u32], params: &BinParams, control: &Control) -> Result<Binned> {
    match &column.data {
        ColumnData::Number(values) => bin_numbers(&|r: u32| values.get(r as usize), train, held, params, control),
        ColumnData::Category { codes, dictionary } => {
            bin_levels(&|r| codes.get(r as usize), dictionary, train, held, params, control)
        }
    }
}

/// Bin the numbers that `value` makes of what is given of each row.
pub(super) fn bin_numbers<T: Copy>(
    value: &impl Fn(T) -> f64,
    train: &[T],
    held: &[T],
    params: &BinParams,
    control: &Control,
) -> Result<Binned> {
    if params.max_bins == 0 {
        return plain_numbers(value, train.len(), held, params.min_group, control);
    }
    let mut ordered: Vec<f64> = control.vec(train.len())?;
    for part in train.chunks(CHUNK) {
        control.check()?;
        // Adding zero makes the two zeros one value.
        ordered.extend(part.iter().map(|&r| value(r) + 0.0));
    }
    let mut sorted: Vec<f64> = control.vec(train.len())?;
    sorted.extend(ordered.iter().copied().filter(|v| !v.is_nan()));
    crate::data::sort_numbers(&mut sorted, control)?;
    let (low, high) = edges(&sorted, params.max_bins.clamp(2, MOST_BINS));
    let (low, high) = wide(&sorted, low, high, params.min_group);
    let stats = number_stats(&sorted, train.len(), params.min_group);
    control.release_vec(sorted);
    let finder = Finder::new(&high);
    let missing = low.len() as u32;
    let code = |v: f64| if v.is_nan() { missing } else { finder.bin(v) };
    let codes = codes(&ordered, low.len() + 1, code, control)?;
    control.release_vec(ordered);
    let mut held_values = control.vec(held.len())?;
    held_values.extend(held.iter().map(|&r| value(r)));
    let feature = BinnedFeature { codes, kind: BinKind::Number { low, high } };
    Ok(Binned { feature, encoding: Encoding::Number, stats, held: held_values })
}

/// Numbers as they are, and what the first `rows` of them were in training.
fn plain_numbers<T: Copy>(
    value: &impl Fn(T) -> f64,
    rows: usize,
    held: &[T],
    least: u64,
    control: &Control,
) -> Result<Binned> {
    let mut values: Vec<f64> = control.vec(held.len())?;
    for part in held.chunks(CHUNK) {
        control.check()?;
        values.extend(part.iter().map(|&r| value(r) + 0.0));
    }
    let own = &values[..rows.min(values.len())];
    let stats = if least > 1 {
        let mut sorted: Vec<f64> = control.vec(own.len())?;
        sorted.extend(own.iter().filter(|v| !v.is_nan()));
        crate::data::sort_numbers(&mut sorted, control)?;
        let stats = number_stats(&sorted, own.len(), least);
        control.release_vec(sorted);
        stats
    } else {
        plain_stats(own)
    };
    let feature =
        BinnedFeature { codes: Codes::U8(Vec::new()), kind: BinKind::Number { low: Vec::new(), high: Vec::new() } };
    Ok(Binned { feature, encoding: Encoding::Number, stats, held: values })
}

/// The same as [`number_stats`], of numbers as they come.
fn plain_stats(values: &[f64]) -> FeatureStats {
    let there = || values.iter().copied().filter(|v| !v.is_nan());
    let missing = (values.len() - there().count()) as u64;
    if missing as usize == values.len() {
        return FeatureStats { missing, ..FeatureStats::default() };
    }
    let (minimum, maximum) = (there().fold(f64::INFINITY, f64::min), there().fold(f64::NEG_INFINITY, f64::max));
    let (mean, stddev) = moments(values);
    FeatureStats { missing, minimum, maximum, mean, stddev, ..FeatureStats::default() }
}

/// The bins of numbers in their order, none of which is NaN, and how many each has.
pub(super) fn counted(sorted: &[f64], params: &BinParams) -> (Vec<f64>, Vec<f64>, Vec<u64>) {
    let (low, high) = edges(sorted, params.max_bins.clamp(2, MOST_BINS));
    let (low, high) = wide(sorted, low, high, params.min_group);
    let mut before = 0;
    let rows = high.iter().map(|high| {
        let first = std::mem::replace(&mut before, sorted.partition_point(|v| v <= high));
        (before - first) as u64
    });
    let rows = rows.collect();
    (low, high, rows)
}

/// Smallest and largest value of each bin: one bin a distinct value while they fit, else bins of about equal weight.
pub(crate) fn edges(sorted: &[f64], most: usize) -> (Vec<f64>, Vec<f64>) {
    // No more need to be counted.
    let distinct = sorted.chunk_by(|a, b| a == b).take(most.saturating_add(1)).count();
    let mut low = Vec::with_capacity(distinct.min(most));
    let mut high: Vec<f64> = Vec::with_capacity(distinct.min(most));
    let mut open = 0usize;
    let mut left = sorted.len();
    let mut wanted = left.div_ceil(most);
    for run in sorted.chunk_by(|a, b| a == b) {
        let fits = distinct > most && open > 0 && open + run.len() / 2 < wanted;
        match high.last_mut() {
            Some(last) if fits => *last = run[0],
            _ => {
                left -= open;
                // The bins that are left share the rows that are left.
                wanted = left.div_ceil((most - high.len().min(most - 1)).max(1));
                open = 0;
                low.push(run[0]);
                high.push(run[0]);
            }
        }
        open += run.len();
    }
    (low, high)
}

/// Join bins with their neighbours until each holds at least so many of the values; one bin where all together are fewer.
fn wide(sorted: &[f64], low: Vec<f64>, high: Vec<f64>, least: u64) -> (Vec<f64>, Vec<f64>) {
    if least <= 1 {
        return (low, high);
    }
    let (mut joined_low, mut joined_high): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let (mut begun, mut before) = (None, 0);
    for (low, high) in low.into_iter().zip(high) {
        let first = *begun.get_or_insert(low);
        let end = sorted.partition_point(|v| *v <= high);
        if (end - before) as u64 >= least {
            joined_low.push(first);
            joined_high.push(high);
            (begun, before) = (None, end);
        }
    }
    // What is left over is too little for a bin of its own.
    if let (Some(first), Some(&last)) = (begun, sorted.last()) {
        match joined_high.last_mut() {
            Some(high) => *high = last,
            None => {
                joined_low.push(first);
                joined_high.push(last);
            }
        }
    }
    (joined_low, joined_high)
}

/// The places of the smallest and of the largest value that so many values are at most, and at least, as large as; `None` where there are fewer.
pub(crate) fn ends(count: usize, least: u64) -> Option<(usize, usize)> {
    let least = usize::try_from(least.max(1)).ok().filter(|least| *least <= count)?;
    let (low, high) = (least - 1, count - least);
    Some(if low <= high { (low, high) } else { ((count - 1) / 2, (count - 1) / 2) })
}

/// Larger numbers are not squared as they are.
pub(crate) const LARGEST: f64 = 1e100;

/// Whether a number can be squared.
pub(crate) fn can_be_squared(x: f64) -> bool {
    x.is_finite() && x.abs() < LARGEST
}

/// The ends that training saw of a column; looked for in it where those cannot be squared.
pub(crate) fn seen_ends(stats: &FeatureStats, column: &[f64], least: u64) -> (f64, f64) {
    match can_be_squared(stats.minimum) && can_be_squared(stats.maximum) {
        true => (stats.minimum, stats.maximum),
        false => finite_ends(column, least),
    }
}

/// The smallest and the largest finite number that so many are at most, and at least, as large as; 0 where there are fewer.
pub(crate) fn finite_ends(column: &[f64], least: u64) -> (f64, f64) {
    let finite = || column.iter().copied().filter(|x| x.is_finite());
    if least <= 1 {
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        return if low <= high { (low, high) } else { (0.0, 0.0) };
    }
    let mut sorted: Vec<f64> = finite().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    ends(sorted.len(), least).map_or((0.0, 0.0), |(first, last)| (sorted[first], sorted[last]))
}

/// The mean and the standard deviation of the finite numbers; 0 for what is beyond all numbers.
fn moments(values: &[f64]) -> (f64, f64) {
    let finite = || values.iter().filter(|v| v.is_finite());
    let (mut sum, mut n) = (0.0, 0u64);
    for v in finite() {
        sum += v;
        n += 1;
    }
    let mean = if n > 0 { sum / n as f64 } else { 0.0 };
    let squares: f64 = finite().map(|v| (v - mean) * (v - mean)).sum();
    let stddev = if n > 0 && squares.is_finite() { (squares / n as f64).sqrt() } else { 0.0 };
    (if mean.is_finite() { mean } else { 0.0 }, stddev)
}

fn number_stats(sorted: &[f64], rows: usize, least: u64) -> FeatureStats {
    let missing = (rows - sorted.len()) as u64;
    let Some((first, last)) = ends(sorted.len(), least) else {
        return FeatureStats { missing, ..FeatureStats::default() };
    };
    let (mean, stddev) = moments(sorted);
    FeatureStats { missing, minimum: sorted[first], maximum: sorted[last], mean, stddev, ..FeatureStats::default() }
}

/// Finds the bin of a value: a table over evenly spaced cells narrows the search to a few bins.
struct Finder<'a> {
    high: &'a [f64],
    start: f64,
    scale: f64,
    /// The first bin a value of each cell can be in.
    cells: Vec<u32>,
}

impl<'a> Finder<'a> {
    fn new(high: &'a [f64]) -> Self {
        let finite = || high.iter().copied().filter(|v| v.is_finite());
        let (start, end) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let count = high.len() * 4;
        let scale = count as f64 / (end - start);
        let mut finder = Finder { high, start, scale, cells: Vec::new() };
        if high.len() > 8 && scale.is_finite() && scale > 0.0 {
            let mut cells = vec![0u32; count + 2];
            // The cell of a bin's end bounds the bins of all later cells from below; ends ascend, and so do their cells.
            for (bin, &h) in high.iter().enumerate() {
                cells[finder.cell(h, count + 1) + 1..].iter_mut().take(1).for_each(|c| *c = (*c).max(bin as u32));
            }
            let mut first = 0;
            for c in &mut cells {
                first = first.max(*c);
                *c = first;
            }
            finder.cells = cells;
        }
        finder
    }

    fn cell(&self, v: f64, last: usize) -> usize {
        // A cast saturates: values beyond the ends fall into the first or last cell.
        (((v - self.start) * self.scale) as usize).min(last - 1)
    }

    fn bin(&self, v: f64) -> u32 {
        let first = match self.cells.len() {
            0 => 0,
            n => self.cells[self.cell(v, n - 1)] as usize,
        };
        // Most values lie in the first few bins of their cell.
        let near = self.high[first..].iter().take(8).position(|&h| h >= v);
        let bin = near.unwrap_or_else(|| self.high[first..].partition_point(|&h| h < v));
        (first + bin) as u32
    }
}

pub(super) fn codes<T: Copy>(values: &[T], bins: usize, code: impl Fn(T) -> u32, control: &Control) -> Result<Codes> {
    fn fill<T: Copy, C>(values: &[T], code: impl Fn(T) -> C, control: &Control) -> Result<Vec<C>> {
        let mut v = control.vec(values.len())?;
        for part in values.chunks(CHUNK) {
            control.check()?;
            v.extend(part.iter().map(|&x| code(x)));
        }
        Ok(v)
    }
    Ok(if bins <= 1 << 8 {
        Codes::U8(fill(values, |x| code(x) as u8, control)?)
    } else if bins <= 1 << 16 {
        Codes::U16(fill(values, |x| code(x) as u16, control)?)
    } else {
        Codes::U32(fill(values, code, control)?)
    })
}

fn bin_levels(
    value: &impl Fn(u32) -> u32,
    dictionary: &Dictionary,
    train: &[u32],
    held: &[u32],
    params: &BinParams,
    control: &Control,
) -> Result<Binned> {
    let mut counts: Vec<u64> = control.vec(dictionary.len())?;
    counts.resize(dictionary.len(), 0);
    let mut missing_rows = 0u64;
    for &r in train {
        match value(r) {
            MISSING => missing_rows += 1,
            c => counts[c as usize] += 1,
        }
    }
    control.check()?;
    let order = dictionary.sorted();
    let seen = counts.iter().filter(|&&n| n > 0).count();
    let mut place: Vec<u32> = control.vec(dictionary.len())?;
    place.resize(dictionary.len(), MISSING);
    let mut levels = Vec::new();
    let mut level_rows = Vec::new();
    for &c in &order {
        if counts[c as usize] >= params.least_level_rows() {
            place[c as usize] = levels.len() as u32;
            levels.push(String::from_utf8_lossy(dictionary.text(c)).into_owned());
            level_rows.push(counts[c as usize]);
        }
    }
    let kept: u64 = level_rows.iter().sum();
    level_rows.push(train.len() as u64 - missing_rows - kept);
    let other = levels.len() as u32;
    let code = |r: u32| match value(r) {
        MISSING => other + 1,
        c => place[c as usize].min(other),
    };
    let codes = codes(train, levels.len() + 2, code, control)?;
    let mut held_values = control.vec(held.len())?;
    held_values.extend(held.iter().map(|&r| match code(r) {
        c if c > other => f64::NAN,
        c => f64::from(c),
    }));
    control.release_vec(counts);
    control.release_vec(place);
    let stats = FeatureStats { missing: missing_rows, distinct: seen as u64, level_rows, ..FeatureStats::default() };
    let feature = BinnedFeature { codes, kind: BinKind::Category { levels: levels.len() } };
    Ok(Binned { feature, encoding: Encoding::Category { levels }, stats, held: held_values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_finder_finds_what_a_search_finds(
            mut high in prop::collection::vec(any::<f64>().prop_filter("a number", |v| !v.is_nan()), 1..200),
            values in prop::collection::vec(any::<f64>().prop_filter("a number", |v| !v.is_nan()), 0..200),
            narrow in any::<bool>(),
        ) {
            if narrow {
                high.iter_mut().for_each(|v| *v = (*v).clamp(-1e3, 1e3));
            }
            high.sort_by(f64::total_cmp);
            high.dedup();
            let finder = Finder::new(&high);
            let last = high[high.len() - 1];
            for v in values.iter().chain(&high).copied().filter(|v| *v <= last) {
                prop_assert_eq!(finder.bin(v) as usize, high.partition_point(|&h| h < v), "{} in {:?}", v, high);
            }
        }

        #[test]
        fn bins_hold_their_values(values in prop::collection::vec(-50i32..50, 1..300), most in 2usize..40) {
            let mut sorted: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            sorted.sort_by(f64::total_cmp);
            let (low, high) = edges(&sorted, most);
            prop_assert!(low.len() <= most);
            prop_assert!(low.iter().zip(&high).all(|(l, h)| l <= h));
            prop_assert!(high.windows(2).zip(low.windows(2)).all(|(h, l)| h[0] < l[1]));
            let (low_3, high_3) = wide(&sorted, low.clone(), high.clone(), 3);
            for (l, h) in low_3.iter().zip(&high_3) {
                let rows = sorted.iter().filter(|v| (l..=h).contains(v)).count();
                prop_assert!(rows >= 3 || low_3.len() == 1);
            }
            prop_assert!(high_3.windows(2).zip(low_3.windows(2)).all(|(h, l)| h[0] < l[1]));
            prop_assert_eq!((low_3.first(), high_3.last()), (sorted.first(), sorted.last()));
            let distinct: std::collections::BTreeSet<i32> = values.iter().copied().collect();
            if distinct.len() <= most {
                prop_assert_eq!(low.len(), distinct.len());
            }
        }
    }
}
