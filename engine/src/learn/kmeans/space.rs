//! The space: how columns become dimensions, stored with the model as its axes.
//!
//! A number is shifted by its mean and divided by its standard deviation, so two random rows differ by 2 in expected square. A category
//! marks its level by a number chosen so that two random rows differ by 2 as well: with level shares p, rows differ with probability
//! 1 - sum p^2 and then by 2 scale^2, so scale = 1 / sqrt(1 - sum p^2). An array of which only the direction counts does so, too: unit vectors of mean m
//! differ by 2 (1 - |m|^2). A weight multiplies these squares.

use rayon::prelude::*;

use super::logarithm::{self, curve};
use super::{KMeansParams, Points, Scaling, Treatment};
use crate::control::Control;
use crate::data::{Chunked, Column, ColumnData, Numbers, Table, CHUNK, MISSING};
use crate::error::{Error, Result};
use crate::learn::bin;
use crate::learn::sum::sums;
use crate::learn::Unlabelled;
use crate::model::{Axis, Encoding, FeatureStats};

/// Columns as dimensions, and the training rows in them.
pub(crate) struct Space {
    pub axes: Vec<Axis>,
    pub encodings: Vec<Encoding>,
    pub stats: Vec<FeatureStats>,
    pub dimensions: usize,
    /// Training rows x dimensions.
    pub values: Vec<f64>,
    pub held: Vec<Vec<f64>>,
}

/// A number whose distribution is more skewed enters by its logarithm.
const SKEWED: f64 = 3.0;
/// Larger numbers are not squared as they are.
const LARGEST: f64 = 1e100;

/// The dimension of a level that has none.
const NONE: u32 = u32::MAX;

impl Space {
    /// Give arrays of which only the direction counts the length by which they count as much as a number.
    fn lengths(&mut self, table: &Table, rows: Unlabelled<'_>, params: &KMeansParams, control: &Control) -> Result<()> {
        let Unlabelled { features, train, weight, .. } = rows;
        for last in 0..self.axes.len() {
            let Axis::Element { count, .. } = self.axes[last] else { continue };
            let Some(first) = (last + 1).checked_sub(count as usize).filter(|_| count > 0) else { continue };
            let mut axes = self.axes[first..=last].to_vec();
            axes.iter_mut().for_each(|axis| {
                if let Axis::Element { scale, .. } = axis {
                    *scale = 1.0;
                }
            });
            let coders: Vec<_> =
                (first..=last).map(|f| coder(&table.columns[features[f]], &self.encodings[f])).collect();
            let part = |(c, rows): (usize, &[u32])| {
                control.check()?;
                let (mut sums, mut one) = (vec![0.0; axes.len() + 1], vec![0.0; axes.len()]);
                for (i, &row) in rows.iter().enumerate() {
                    let weight = weight.map_or(1.0, |w| w[c * CHUNK + i]);
                    axes.iter().zip(&coders).enumerate().for_each(|(at, (axis, code))| {
                        place(axis, code.get(row), &mut one, at);
                    });
                    sums.iter_mut().zip(&one).for_each(|(sum, x)| *sum += weight * x);
                    sums[axes.len()] += weight;
                }
                Ok(sums)
            };
            let parts: Result<Vec<Vec<f64>>> = train.par_chunks(CHUNK).enumerate().map(part).collect();
            let mut total = vec![0.0; axes.len() + 1];
            parts?.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
            let all = total.pop().unwrap_or(0.0);
            let apart = 1.0 - total.iter().map(|sum| (sum / all) * (sum / all)).sum::<f64>();
            if let (Axis::Element { scale, .. }, true) = (&mut self.axes[last], apart > 1e-12) {
                *scale = (params.treatment(last).weight / apart).sqrt();
            }
        }
        Ok(())
    }
}

/// The mean variance of the dimensions.
pub(super) fn variance(points: &Points<'_>, control: &Control) -> Result<f64> {
    let d = points.dimensions;
    let n = points.rows().max(1) as f64;
    let nothing = vec![0.0; d];
    let mut means = by_dimension(points, control, |x, _| x, &nothing)?;
    means.iter_mut().for_each(|sum| *sum /= n);
    let squares = by_dimension(points, control, |x, mean| (x - mean) * (x - mean), &means)?;
    Ok(squares.iter().map(|sum| sum / n).sum::<f64>() / d.max(1) as f64)
}

/// The sum of a term over rows in each dimension, where `other` has a number for it.
fn by_dimension(
    points: &Points<'_>,
    control: &Control,
    term: impl Fn(f64, f64) -> f64 + Sync,
    other: &[f64],
) -> Result<Vec<f64>> {
    let d = points.dimensions;
    let part = |values: &[f64]| {
        control.check()?;
        let mut sums = vec![0.0; d];
        for row in values.chunks_exact(d) {
            let terms = row.iter().zip(other).map(|(x, other)| term(*x, *other));
            sums.iter_mut().zip(terms).for_each(|(sum, x)| *sum += x);
        }
        Ok(sums)
    };
    let parts: Result<Vec<Vec<f64>>> = points.values.par_chunks(CHUNK * d).map(part).collect();
    let mut total = vec![0.0; d];
    parts?.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
    Ok(total)
}

/// Bring columns into the space, of which the parameters say what it is; `keep` keeps the columns.
pub(crate) fn build(
    table: &mut Table,
    rows: Unlabelled<'_>,
    params: &KMeansParams,
    keep: bool,
    control: &Control,
) -> Result<Space> {
    let Unlabelled { features, train, held, weight } = rows;
    let mut space = Space {
        axes: Vec::new(),
        encodings: Vec::new(),
        stats: Vec::new(),
        dimensions: 0,
        values: Vec::new(),
        held: Vec::new(),
    };
    for (at, &f) in features.iter().enumerate() {
        control.check()?;
        let asked = params.treatment(at);
        let (axis, encoding, stats) = axis(&table.columns[f], train, weight, (params, asked), control)?;
        space.dimensions += width(&axis);
        space.axes.push(axis);
        space.encodings.push(encoding);
        space.stats.push(stats);
    }
    space.lengths(table, rows, params, control)?;
    let d = space.dimensions;
    space.values = control.filled(train.len() * d, 0.0)?;
    let coders: Vec<_> =
        features.iter().zip(&space.encodings).map(|(&f, encoding)| coder(&table.columns[f], encoding)).collect();
    // Column by column within rows that are few enough to stay near.
    space.values.par_chunks_mut(NEAR * d.max(1)).zip(train.par_chunks(NEAR)).try_for_each(|(values, rows)| {
        control.check()?;
        let (mut first, mut own) = (0, [0.0; NEAR]);
        for (axis, code) in space.axes.iter().zip(&coders) {
            let width = width(axis);
            if width > 0 {
                code.fill(rows, &mut own);
                let cells = values.chunks_exact_mut(d).zip(&own);
                cells.for_each(|(cells, &value)| {
                    place(axis, value, cells, first);
                });
            }
            first += width;
        }
        Ok::<(), Error>(())
    })?;
    for code in &coders {
        let mut held_values: Vec<f64> = control.filled(held.len(), 0.0)?;
        held_values.par_chunks_mut(CHUNK).zip(held.par_chunks(CHUNK)).try_for_each(|(values, rows)| {
            control.check()?;
            code.fill(rows, values);
            Ok::<(), Error>(())
        })?;
        space.held.push(held_values);
    }
    drop(coders);
    if !keep {
        features.iter().for_each(|&f| table.columns[f].release(control));
    }
    Ok(space)
}

/// The same for segments, of which there are none where no column varies.
pub(in crate::learn) fn of_segments(
    table: &mut Table,
    rows: Unlabelled<'_>,
    params: &KMeansParams,
    keep: bool,
    control: &Control,
) -> Result<Space> {
    let space = build(table, rows, params, keep, control)?;
    match space.dimensions {
        0 => Err(Error::data("no column varies, so there are no segments", "Give columns with different values.")),
        _ => Ok(space),
    }
}

/// Rows whose numbers are written together.
const NEAR: usize = 1024;

/// The number of dimensions of an axis.
pub(crate) fn width(axis: &Axis) -> usize {
    match axis {
        Axis::Number { .. } | Axis::Logarithm { .. } | Axis::Element { .. } => 1,
        Axis::Category { count, .. } => *count as usize,
    }
}

/// The dimensions before those of an axis that are written anew with them.
pub(crate) fn before(axis: &Axis) -> usize {
    match axis {
        Axis::Element { count, .. } => (*count as usize).saturating_sub(1),
        _ => 0,
    }
}

/// Write the dimensions of one encoded value to `out` from `first` on, and say where they end. With the last element of an array that has a direction the
/// others are brought to their length.
#[inline]
pub(crate) fn place(axis: &Axis, value: f64, out: &mut [f64], first: usize) -> usize {
    put(axis, value, out, first, f64::clamp)
}

/// The same where a value beyond those of training is as far out as it is; infinities alone stand at the ends.
#[inline]
pub(crate) fn place_beyond(axis: &Axis, value: f64, out: &mut [f64], first: usize) -> usize {
    let within = |value: f64, low: f64, high: f64| if value.is_infinite() { value.clamp(low, high) } else { value };
    put(axis, value, out, first, within)
}

/// The same with a rule for values beyond the ends of an axis.
#[inline(always)]
fn put(axis: &Axis, value: f64, out: &mut [f64], first: usize, within: impl Fn(f64, f64, f64) -> f64) -> usize {
    match axis {
        Axis::Number { fill, shift, scale, low, high } => {
            let value = if value.is_nan() { *fill } else { within(value, *low, *high) };
            out[first] = (value - shift) * scale;
            first + 1
        }
        Axis::Logarithm { unit, fill, shift, scale, low, high } => {
            let value = if value.is_nan() { *fill } else { curve(within(value, *low, *high), *unit) };
            out[first] = (value - shift) * scale;
            first + 1
        }
        Axis::Element { count, scale, low, high } => {
            out[first] = if value.is_nan() { 0.0 } else { within(value, *low, *high) };
            if *count > 0 {
                with_length(&mut out[(first + 1).saturating_sub(*count as usize)..=first], *scale);
            }
            first + 1
        }
        Axis::Category { dimension, missing, count, scale } => {
            let out = &mut out[first..first + *count as usize];
            out.fill(0.0);
            let at = if value.is_nan() {
                *missing
            } else {
                dimension.get(value as usize).or(dimension.last()).copied().unwrap_or(NONE)
            };
            if let Some(place) = out.get_mut(at as usize) {
                *place = *scale;
            }
            first + *count as usize
        }
    }
}

/// The value that lies at a place along an axis of one dimension; NaN where all values lie there.
pub(crate) fn inverse(axis: &Axis, at: f64) -> f64 {
    match axis {
        Axis::Number { shift, scale, .. } if *scale != 0.0 => at / scale + shift,
        Axis::Logarithm { unit, shift, scale, .. } if *scale != 0.0 => logarithm::inverse(at / scale + shift, *unit),
        _ => f64::NAN,
    }
}

/// Bring numbers to a length, unless all are 0.
pub(super) fn with_length(values: &mut [f64], length: f64) {
    let most = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    if most > 0.0 {
        let squares: f64 = values.iter().map(|v| (v / most) * (v / most)).sum();
        let by = length / squares.sqrt();
        values.iter_mut().for_each(|v| *v = *v / most * by);
    }
}

/// The encoded values of a column.
pub(crate) enum Coder<'a> {
    /// They are the numbers.
    Number(&'a Numbers),
    /// They are those of the codes, missing ones apart.
    Category(&'a Chunked<u32>, Vec<f64>),
    /// There are none.
    Nothing,
}

impl Coder<'_> {
    /// That of a row.
    pub fn get(&self, row: u32) -> f64 {
        match self {
            Coder::Number(values) => values.get(row as usize),
            Coder::Category(codes, by_code) => Self::of(codes.get(row as usize), by_code),
            Coder::Nothing => f64::NAN,
        }
    }

    /// Write those of some rows.
    pub fn fill(&self, rows: &[u32], out: &mut [f64]) {
        match self {
            Coder::Number(values) => values.gather(rows, out),
            Coder::Category(codes, by_code) => codes.gather(rows, out, |code| Self::of(code, by_code)),
            Coder::Nothing => out.fill(f64::NAN),
        }
    }

    fn of(code: u32, by_code: &[f64]) -> f64 {
        match code {
            MISSING => f64::NAN,
            code => by_code[code as usize],
        }
    }
}

/// The encoder of the rows of a column.
pub(crate) fn coder<'a>(column: &'a Column, encoding: &Encoding) -> Coder<'a> {
    match (&column.data, encoding) {
        (ColumnData::Category { codes, dictionary }, Encoding::Category { levels }) => {
            let level = |c: u32| {
                let text = String::from_utf8_lossy(dictionary.text(c));
                levels.binary_search_by(|l| l.as_str().cmp(&text)).unwrap_or(levels.len()) as f64
            };
            let by_code: Vec<f64> = (0..dictionary.len() as u32).map(level).collect();
            Coder::Category(codes, by_code)
        }
        (ColumnData::Number(values), _) => Coder::Number(values),
        _ => Coder::Nothing,
    }
}

fn axis(
    column: &Column,
    train: &[u32],
    weight: Option<&[f64]>,
    (params, asked): (&KMeansParams, Treatment),
    control: &Control,
) -> Result<(Axis, Encoding, FeatureStats)> {
    match &column.data {
        ColumnData::Number(values) => {
            // The rows' order jumps about in the column, which is looked at several times.
            let mut cells: Vec<f64> = control.filled(train.len(), 0.0)?;
            cells.par_chunks_mut(CHUNK).zip(train.par_chunks(CHUNK)).try_for_each(|(cells, rows)| {
                control.check()?;
                values.gather(rows, cells);
                Ok::<(), Error>(())
            })?;
            let (axis, stats) = number_axis(&|i| cells[i], train.len(), weight, (params, asked), control)?;
            control.release_vec(cells);
            Ok((axis, Encoding::Number, stats))
        }
        ColumnData::Category { .. } => Ok(category_axis(column, train, weight, params, asked)),
    }
}

fn number_axis(
    value: &(impl Fn(usize) -> f64 + Sync),
    rows: usize,
    weight: Option<&[f64]>,
    (params, asked): (&KMeansParams, Treatment),
    control: &Control,
) -> Result<(Axis, FeatureStats)> {
    let (weights, least) = (weight, params.min_group);
    let weight = |i: usize| weight.map_or(1.0, |w| w[i]);
    let chunk = |c: usize| {
        control.check()?;
        let values = (c * CHUNK..((c + 1) * CHUNK).min(rows)).map(value);
        Ok(values.fold((f64::INFINITY, f64::NEG_INFINITY, 0u64), |(low, high, missing), v| match v.is_finite() {
            true => (v.min(low), v.max(high), missing),
            false => (low, high, missing + u64::from(v.is_nan())),
        }))
    };
    let ends: Result<Vec<(f64, f64, u64)>> = (0..rows.div_ceil(CHUNK)).into_par_iter().map(chunk).collect();
    let ends = ends?.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1), a.2 + b.2));
    let (mut low, mut high, missing) = ends.unwrap_or((0.0, 0.0, 0));
    if low > high {
        (low, high) = (0.0, 0.0);
    }
    if least > 1 {
        // The ends are values that enough rows are beyond; of fewer rows nothing is kept at all.
        let mut finite: Vec<f64> = control.vec(rows)?;
        finite.extend((0..rows).map(value).filter(|v| v.is_finite()).map(|v| v + 0.0));
        crate::data::sort(&mut finite, f64::total_cmp, control)?;
        let found = bin::ends(finite.len(), least).map(|(first, last)| (finite[first], finite[last]));
        control.release_vec(finite);
        let Some(found) = found else {
            let axis = match asked.element {
                Some(count) => Axis::Element { count, scale: 0.0, low: 0.0, high: 0.0 },
                None => Axis::Number { fill: 0.0, shift: 0.0, scale: 0.0, low: 0.0, high: 0.0 },
            };
            return Ok((axis, FeatureStats { missing, ..FeatureStats::default() }));
        };
        (low, high) = found;
    }
    let [total, weighted] = sums(0..rows, control, |part| {
        let finite = part.map(|i| (weight(i), value(i))).filter(|(_, v)| v.is_finite());
        finite.fold([0.0, 0.0], |[total, weighted], (w, v)| [total + w, weighted + w * v])
    })?;
    let mean = if total > 0.0 { (weighted / total).clamp(low, high) } else { low };
    // Every row counts for the spread: a missing value stands at the mean, an infinite one at an end.
    let [all, squares, cubes, inside] = sums(0..rows, control, |part| {
        part.fold([0.0; 4], |[all, squares, cubes, inside], i| {
            let v = value(i);
            let apart = if v.is_nan() { 0.0 } else { v.clamp(low, high) - mean };
            let square = weight(i) * apart * apart;
            let is_inside = f64::from(u8::from(low < v && v < high));
            [all + weight(i), squares + square, cubes + square * apart, inside + is_inside]
        })
    })?;
    let stddev = if all > 0.0 { (squares / all).sqrt() } else { 0.0 };
    let stats =
        FeatureStats { missing, minimum: low, maximum: high, mean, stddev, distinct: 0, level_rows: Vec::new() };
    if let Some(count) = asked.element {
        return Ok((Axis::Element { count, scale: 0.0, low, high }, stats));
    }
    let is_sound = stddev > 0.0 && (1.0 / stddev).is_finite() && stddev.is_finite();
    let by = asked.weight.sqrt();
    if params.scaling == Scaling::None {
        let fits = is_sound && low.abs().max(high.abs()) < LARGEST;
        return Ok((Axis::Number { fill: mean, shift: 0.0, scale: if fits { by } else { 0.0 }, low, high }, stats));
    }
    // Two values are as far apart on any curve.
    let skewness = if is_sound { cubes / all / (stddev * stddev * stddev) } else { 0.0 };
    let is_bent = match params.scaling {
        Scaling::Auto => skewness.abs() > SKEWED,
        scaling => scaling == Scaling::Log,
    };
    if is_bent && is_sound && asked.is_measure && inside > 0.0 {
        let least_skewed = if params.scaling == Scaling::Auto { skewness.abs() } else { f64::INFINITY };
        let bent = logarithm::axis(value, rows, weights, (low, high), least_skewed, by, control)?;
        if let Some(axis) = bent {
            return Ok((axis, stats));
        }
    }
    let scale = if is_sound { by / stddev } else { 0.0 };
    Ok((Axis::Number { fill: mean, shift: mean, scale, low, high }, stats))
}

fn category_axis(
    column: &Column,
    train: &[u32],
    weight: Option<&[f64]>,
    params: &KMeansParams,
    asked: Treatment,
) -> (Axis, Encoding, FeatureStats) {
    let (most, least) = (params.max_categories as usize, params.min_group);
    let ColumnData::Category { codes, dictionary } = &column.data else {
        return (
            Axis::Category { dimension: vec![NONE], missing: NONE, count: 0, scale: 0.0 },
            Encoding::Number,
            FeatureStats::default(),
        );
    };
    let mut rows = vec![0u64; dictionary.len()];
    let mut weights = vec![0.0; dictionary.len()];
    let (mut missing_rows, mut missing_weight) = (0u64, 0.0);
    for (i, &r) in train.iter().enumerate() {
        let w = weight.map_or(1.0, |w| w[i]);
        match codes.get(r as usize) {
            MISSING => (missing_rows, missing_weight) = (missing_rows + 1, missing_weight + w),
            c => {
                rows[c as usize] += 1;
                weights[c as usize] += w;
            }
        }
    }
    let order = dictionary.sorted();
    let mut by_rows: Vec<u32> = order.iter().copied().filter(|&c| rows[c as usize] > 0).collect();
    // A stable sort: levels of the same number of rows stay in C order.
    by_rows.sort_by_key(|&c| std::cmp::Reverse(rows[c as usize]));
    let seen = by_rows.len();
    by_rows.retain(|&c| rows[c as usize] >= least);
    by_rows.truncate(most);
    let mut is_kept = vec![false; dictionary.len()];
    by_rows.iter().for_each(|&c| is_kept[c as usize] = true);
    let kept: Vec<u32> = order.into_iter().filter(|&c| is_kept[c as usize]).collect();
    let levels: Vec<String> = kept.iter().map(|&c| String::from_utf8_lossy(dictionary.text(c)).into_owned()).collect();
    let mut level_rows: Vec<u64> = kept.iter().map(|&c| rows[c as usize]).collect();
    let other_rows = rows.iter().sum::<u64>() - level_rows.iter().sum::<u64>();
    level_rows.push(other_rows);
    let mut level_weights: Vec<f64> = kept.iter().map(|&c| weights[c as usize]).collect();
    level_weights.push(weights.iter().sum::<f64>() - level_weights.iter().sum::<f64>());
    level_weights.push(missing_weight);
    let total: f64 = level_weights.iter().sum();
    let alike: f64 = level_weights.iter().map(|w| (w / total) * (w / total)).sum();
    let usual = if alike < 1.0 - 1e-12 { 1.0 / (1.0 - alike).sqrt() } else { 0.0 };
    let scale = params.gamma.map_or(usual, |gamma| (gamma / 2.0).sqrt()) * asked.weight.sqrt();
    let mut dimension: Vec<u32> = (0..levels.len() as u32).collect();
    let mut count = dimension.len() as u32;
    let mut next = |used: bool| {
        let at = if used { count } else { NONE };
        count += u32::from(used);
        at
    };
    let other = next(other_rows > 0);
    dimension.push(other);
    let missing = next(missing_rows > 0);
    let stats = FeatureStats { missing: missing_rows, distinct: seen as u64, level_rows, ..FeatureStats::default() };
    (Axis::Category { dimension, missing, count, scale }, Encoding::Category { levels }, stats)
}
