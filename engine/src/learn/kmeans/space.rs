//! The space: how columns become dimensions, stored with the model as its axes.
//!
//! A number is shifted by its mean and divided by its standard deviation, so two random rows differ by 2 in expected square. A category
//! marks its level by a number chosen so that two random rows differ by 2 as well: with level shares p, rows differ with probability
//! 1 - sum p^2 and then by 2 scale^2, so scale = 1 / sqrt(1 - sum p^2). An array of which only the direction counts does so, too: unit vectors of mean m
//! differ by 2 (1 - |m|^2). A weight multiplies these squares.

use rayon::prelude::*;

use super::logarithm::{self, curve};
use super::{columns, KMeansParams, Points, Scaling, Treatment};
use crate::control::Control;
use crate::data::{sort_numbers, Chunked, Column, ColumnData, Numbers, Table, CHUNK, MISSING};
use crate::error::{Error, Result};
use crate::learn::bin;
use crate::learn::Unlabelled;
use crate::model::{Axis, Encoding, FeatureStats};
use crate::simd::run_wide;

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
    let mut means = by_dimension(points, control, None)?;
    means.iter_mut().for_each(|sum| *sum /= n);
    let squares = by_dimension(points, control, Some(&means))?;
    Ok(squares.iter().map(|sum| sum / n).sum::<f64>() / d.max(1) as f64)
}

/// The sum of numbers in each dimension, or of the squares of what they differ by from `means`.
fn by_dimension(points: &Points<'_>, control: &Control, means: Option<&[f64]>) -> Result<Vec<f64>> {
    let d = points.dimensions;
    let part = |values: &[f64]| {
        let mut sums = vec![0.0; d];
        for values in values.chunks(near(d) * d) {
            control.check()?;
            run_wide(columns::Sums { values, means, sums: &mut sums });
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
    let mut numbers = Vec::new();
    for (at, &f) in features.iter().enumerate() {
        control.check()?;
        let column = &table.columns[f];
        let asked = params.treatment(at);
        let (axis, encoding, stats) = match &column.data {
            ColumnData::Number(_) => {
                numbers.push((at, space.dimensions, asked));
                (
                    Axis::Number { fill: 0.0, shift: 0.0, scale: 0.0, low: 0.0, high: 0.0 },
                    Encoding::Number,
                    FeatureStats::default(),
                )
            }
            ColumnData::Category { .. } => category_axis(column, train, weight, params, asked),
        };
        space.dimensions += width(&axis);
        space.axes.push(axis);
        space.encodings.push(encoding);
        space.stats.push(stats);
    }
    let d = space.dimensions;
    space.values = control.zeroed(train.len().saturating_mul(d))?;
    let coders: Vec<_> =
        features.iter().zip(&space.encodings).map(|(&f, encoding)| coder(&table.columns[f], encoding)).collect();
    // Numbers come in as they are, and are looked at and scaled in their place.
    let ends = fill(&mut space.values, d, (&space.axes, &coders), (train, weight), control)?;
    let seen = number_axes(&space.values, d, &numbers, ends, weight, params, control)?;
    for ((at, ..), (axis, stats)) in numbers.iter().zip(seen) {
        (space.axes[*at], space.stats[*at]) = (axis, stats);
    }
    space.lengths(table, rows, params, control)?;
    scale(&mut space.values, d, &space.axes, control)?;
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

/// The most rows that are looked at together.
const NEAR: usize = 1024;

/// Rows that are looked at together: so few that they stay near.
fn near(d: usize) -> usize {
    (4 * NEAR / d.max(1)).clamp(64, NEAR)
}

/// Write the rows' numbers as they are and their categories as they stay, column by column within a few rows. The ends and sums of each dimension.
fn fill(
    values: &mut [f64],
    d: usize,
    (axes, coders): (&[Axis], &[Coder<'_>]),
    (train, weight): (&[u32], Option<&[f64]>),
    control: &Control,
) -> Result<columns::Ends> {
    let (near, d) = (near(d), d.max(1));
    let chunk = |(c, (values, rows)): (usize, (&mut [f64], &[u32]))| {
        let (mut ends, mut own) = (columns::Ends::new(d), [0.0; NEAR]);
        for (i, (values, rows)) in values.chunks_mut(near * d).zip(rows.chunks(near)).enumerate() {
            control.check()?;
            let mut first = 0;
            for (axis, code) in axes.iter().zip(coders) {
                let width = width(axis);
                if width > 0 {
                    code.fill(rows, &mut own[..rows.len()]);
                    let cells = values.chunks_exact_mut(d).zip(&own);
                    match axis {
                        Axis::Category { .. } => cells.for_each(|(cells, &value)| {
                            place(axis, value, cells, first);
                        }),
                        _ => cells.for_each(|(cells, &value)| cells[first] = value),
                    }
                }
                first += width;
            }
            let start = c * CHUNK + i * near;
            let weight = weight.map(|weight| &weight[start..start + rows.len()]);
            run_wide(columns::Look { values, weight, ends: &mut ends });
        }
        Ok(ends)
    };
    let chunks = values.par_chunks_mut(CHUNK * d).zip(train.par_chunks(CHUNK)).enumerate().map(chunk);
    let mut all = columns::Ends::new(d);
    chunks.collect::<Result<Vec<columns::Ends>>>()?.iter().for_each(|ends| all.join(ends));
    Ok(all)
}

/// Bring numbers to their scale where they stand.
fn scale(values: &mut [f64], d: usize, axes: &[Axis], control: &Control) -> Result<()> {
    let (mut linear, mut others, mut first) = (columns::Linear::default(), Vec::new(), 0);
    for axis in axes {
        linear.push(axis);
        if matches!(axis, Axis::Logarithm { .. } | Axis::Element { .. }) {
            others.push((axis, first));
        }
        first += width(axis);
    }
    let near = near(d);
    values.par_chunks_mut(CHUNK * d.max(1)).try_for_each(|values| {
        for values in values.chunks_mut(near * d) {
            control.check()?;
            run_wide(columns::Scale { linear: &linear, values });
            for cells in values.chunks_exact_mut(d) {
                others.iter().for_each(|&(axis, first)| {
                    place(axis, cells[first], cells, first);
                });
            }
        }
        Ok(())
    })
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

/// The axes of numbers, each given by its place among the features, its dimension and what is asked of it, which stand as they are in rows of `d` numbers.
fn number_axes(
    values: &[f64],
    d: usize,
    numbers: &[(usize, usize, Treatment)],
    mut ends: columns::Ends,
    weight: Option<&[f64]>,
    params: &KMeansParams,
    control: &Control,
) -> Result<Vec<(Axis, FeatureStats)>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    ends.close();
    let mut nothing = vec![false; d];
    if params.min_group > 1 {
        // The ends are values that enough rows are beyond; of fewer rows nothing is kept at all.
        for &(_, first, _) in numbers {
            let mut finite: Vec<f64> = control.vec(values.len() / d)?;
            finite.extend(values.iter().skip(first).step_by(d).filter(|v| v.is_finite()).map(|v| v + 0.0));
            sort_numbers(&mut finite, control)?;
            match bin::ends(finite.len(), params.min_group) {
                Some((low, high)) => (ends.low[first], ends.high[first]) = (finite[low], finite[high]),
                None => nothing[first] = true,
            }
            control.release_vec(finite);
        }
    }
    let (means, near) = (ends.means(), near(d));
    let chunk = |(c, values): (usize, &[f64])| {
        let mut moments = columns::Moments::new(d);
        for (i, values) in values.chunks(near * d).enumerate() {
            control.check()?;
            let start = c * CHUNK + i * near;
            let weight = weight.map(|weight| &weight[start..start + values.len() / d]);
            run_wide(columns::Apart { values, weight, ends: &ends, means: &means, moments: &mut moments });
        }
        Ok(moments)
    };
    let mut all = columns::Moments::new(d);
    let chunks: Result<Vec<columns::Moments>> = values.par_chunks(CHUNK * d).enumerate().map(chunk).collect();
    chunks?.iter().for_each(|moments| all.join(moments));
    let axis = |&(_, first, asked): &(usize, usize, Treatment)| {
        let missing = ends.missing[first] as u64;
        if nothing[first] {
            let axis = match asked.element {
                Some(count) => Axis::Element { count, scale: 0.0, low: 0.0, high: 0.0 },
                None => Axis::Number { fill: 0.0, shift: 0.0, scale: 0.0, low: 0.0, high: 0.0 },
            };
            return Ok((axis, FeatureStats { missing, ..FeatureStats::default() }));
        }
        let seen = Seen {
            missing,
            low: ends.low[first],
            high: ends.high[first],
            mean: means[first],
            all: all.all,
            squares: all.squares[first],
            cubes: all.cubes[first],
            inside: all.inside[first],
        };
        let value = |i: usize| values[i * d + first];
        number_axis(&value, values.len() / d, weight, &seen, (params, asked), control)
    };
    numbers.iter().map(axis).collect()
}

/// What was seen of a number.
struct Seen {
    missing: u64,
    low: f64,
    high: f64,
    mean: f64,
    /// The sum of weights, and of the second and third powers of what values differ by from the mean.
    all: f64,
    squares: f64,
    cubes: f64,
    /// Rows between the ends.
    inside: f64,
}

fn number_axis(
    value: &(impl Fn(usize) -> f64 + Sync),
    rows: usize,
    weights: Option<&[f64]>,
    seen: &Seen,
    (params, asked): (&KMeansParams, Treatment),
    control: &Control,
) -> Result<(Axis, FeatureStats)> {
    let &Seen { missing, low, high, mean, all, squares, cubes, inside } = seen;
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
