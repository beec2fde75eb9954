//! The rows of an experiment, by segment and variant, and what is summed over them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{par_sort, sort, ColumnData, MISSING};
use crate::error::{Error, Result};

/// More variants than this are taken for a column that is no variant.
pub const MOST_VARIANTS: usize = 100;
/// More segments than this are refused.
pub const MOST_SEGMENTS: usize = 1_000;
/// The largest number that is reckoned with: the squares of larger ones would be infinite.
pub const LARGEST: f64 = 1e100;

/// The columns of an experiment.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Which variant a row is of.
    pub variant: &'a ColumnData,
    /// What is measured.
    pub metric: &'a ColumnData,
    /// What it is divided by.
    pub denominator: Option<&'a ColumnData>,
    /// What was measured before.
    pub covariate: Option<&'a ColumnData>,
    /// Who was given a variant.
    pub unit: Option<&'a ColumnData>,
    /// The part of the rows that is looked at by itself.
    pub segment: Option<&'a ColumnData>,
    /// The number of rows.
    pub rows: usize,
    /// What a variant is called in messages, and how many there may be.
    pub called: (&'a str, usize),
}

/// What is made of the rows of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// Their greatest.
    Max,
}

impl Aggregate {
    /// The names.
    pub const NAMES: [&'static str; 3] = ["sum", "mean", "max"];

    /// The aggregate of a name.
    pub fn parse(name: &str) -> Option<Aggregate> {
        match name {
            "sum" => Some(Aggregate::Sum),
            "mean" => Some(Aggregate::Mean),
            "max" => Some(Aggregate::Max),
            _ => None,
        }
    }
}

/// What two columns of a variant come to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// Rows, or units.
    pub count: f64,
    /// Means of the metric and of the second column.
    pub mean: [f64; 2],
    /// Sums of squared deviations, and of their products.
    pub squares: [f64; 2],
    /// Sum of products of deviations.
    pub products: f64,
    /// Rows whose second column is known.
    pub known: f64,
    /// Sum of the deviations of the metric over those rows.
    pub drift: f64,
}

impl Moments {
    /// The variance of the metric.
    pub fn variance(&self) -> f64 {
        self.squares[0] / (self.count - 1.0)
    }
}

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Rows without a variant, a metric, a denominator, a unit or a segment.
    pub rows: u64,
    /// Units with more than one variant.
    pub units: u64,
    /// Units, or rows, without a covariate; they are kept.
    pub without_covariate: u64,
}

/// An experiment as it is summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The variants in C order.
    pub variants: Vec<String>,
    /// The segments in C order, each with the moments of its variants; one without a name where there are no segments.
    pub segments: Vec<(Option<String>, Vec<Moments>)>,
    /// Whether the metric of every unit is 0 or 1.
    pub binary: bool,
    /// What was left out.
    pub left_out: LeftOut,
}

/// The texts of a column in C order, and the rank of each code.
fn ranks(data: &ColumnData, most: usize, what: &str, control: &Control) -> Result<(Vec<String>, Vec<u32>)> {
    let ColumnData::Category { dictionary, .. } = data else {
        return Err(Error::Internal(format!("the {what} was not read as a text")));
    };
    if dictionary.len() > most {
        return Err(Error::data(
            format!("the {what} has {} values, more than {most}", dictionary.len()),
            format!("Is it the column of the {what}? If so, group its values in the source."),
        ));
    }
    control.check()?;
    let sorted = dictionary.sorted();
    let mut ranks = vec![0; dictionary.len()];
    let mut names = Vec::with_capacity(sorted.len());
    for (rank, code) in sorted.into_iter().enumerate() {
        names.push(String::from_utf8_lossy(dictionary.text(code)).into_owned());
        if let Some(place) = ranks.get_mut(code as usize) {
            *place = rank as u32;
        }
    }
    Ok((names, ranks))
}

/// A number that can be reckoned with.
fn number(data: &ColumnData, row: usize) -> Option<f64> {
    match data {
        ColumnData::Number(values) => Some(values.get(row) + 0.0).filter(|v| v.abs() <= LARGEST),
        ColumnData::Category { .. } => None,
    }
}

fn code(data: Option<&ColumnData>, row: usize) -> Option<u32> {
    match data {
        None => Some(0),
        Some(ColumnData::Category { codes, .. }) => Some(codes.get(row)).filter(|c| *c != MISSING),
        Some(ColumnData::Number(_)) => None,
    }
}

/// A row of a unit.
#[derive(Debug, Clone, Copy)]
struct Row {
    group: u32,
    unit: u32,
    values: [f64; 3],
}

/// Read an experiment: rows with all that is needed, summed up by segment and variant in an order that is not that of their arrival.
pub fn read(columns: &Columns<'_>, aggregate: Option<Aggregate>, control: &Control) -> Result<Experiment> {
    let (variants, variant_rank) = ranks(columns.variant, columns.called.1, columns.called.0, control)?;
    let (names, segment_rank) = match columns.segment {
        Some(segment) => ranks(segment, MOST_SEGMENTS, "segment", control)?,
        None => (Vec::new(), vec![0]),
    };
    let segments = if columns.segment.is_some() { names.len() } else { 1 };
    let groups = segments * variants.len();
    let mut left_out = LeftOut::default();
    // The second column is the denominator or the covariate, never both.
    let second = columns.denominator.or(columns.covariate);
    let mut binary = true;
    // The size of each group is needed before memory is taken for it.
    let group_of = |row: usize| {
        let variant = *variant_rank.get(code(Some(columns.variant), row)? as usize)?;
        let segment = *segment_rank.get(code(columns.segment, row)? as usize)?;
        code(columns.unit, row)?;
        let value = number(columns.metric, row)?;
        if let Some(denominator) = columns.denominator {
            number(denominator, row)?;
        }
        Some((segment * variants.len() as u32 + variant, value))
    };
    let mut sizes = vec![0usize; groups];
    let mut ones = vec![0u64; groups];
    for row in 0..columns.rows {
        if row % 65_536 == 0 {
            control.check()?;
        }
        match group_of(row) {
            None => left_out.rows += 1,
            Some((group, value)) => {
                if let (Some(size), Some(one)) = (sizes.get_mut(group as usize), ones.get_mut(group as usize)) {
                    *size += 1;
                    *one += u64::from(value == 1.0);
                }
                binary &= value == 0.0 || value == 1.0;
            }
        }
    }
    let moments = if columns.unit.is_some() {
        let aggregate = aggregate.unwrap_or(if binary && second.is_none() { Aggregate::Max } else { Aggregate::Sum });
        let total = sizes.iter().sum();
        let mut rows: Vec<Row> = control.vec(total)?;
        for row in 0..columns.rows {
            if row % 65_536 == 0 {
                control.check()?;
            }
            if let (Some((group, value)), Some(unit)) = (group_of(row), code(columns.unit, row)) {
                let of = |data: Option<&ColumnData>| data.and_then(|d| number(d, row)).unwrap_or(f64::NAN);
                let values = [value, of(columns.denominator), of(columns.covariate)];
                rows.push(Row { group, unit, values });
            }
        }
        let samples = units(rows, aggregate, groups, variants.len() as u32, columns, &mut left_out, control)?;
        binary = second.is_none() && samples.iter().all(|s| s.iter().all(|v| v[0] == 0.0 || v[0] == 1.0));
        sums(samples, columns.covariate.is_some(), control)?
    } else if binary && second.is_none() {
        let count = |(size, ones): (&usize, &u64)| {
            let (count, ones) = (*size as f64, *ones as f64);
            let mean = if count > 0.0 { ones / count } else { 0.0 };
            let squares = ones * (1.0 - mean);
            Moments { count, mean: [mean, 0.0], squares: [squares, 0.0], products: 0.0, known: 0.0, drift: 0.0 }
        };
        sizes.iter().zip(&ones).map(count).collect()
    } else {
        let mut samples: Vec<Vec<[f64; 2]>> = sizes.iter().map(|size| control.vec(*size)).collect::<Result<_>>()?;
        for row in 0..columns.rows {
            if row % 65_536 == 0 {
                control.check()?;
            }
            if let Some((group, value)) = group_of(row) {
                let other = second.and_then(|d| number(d, row)).unwrap_or(f64::NAN);
                if let Some(sample) = samples.get_mut(group as usize) {
                    sample.push([value, other]);
                }
            }
        }
        sums(samples, columns.covariate.is_some(), control)?
    };
    if columns.covariate.is_some() {
        left_out.without_covariate = moments.iter().map(|m| (m.count - m.known) as u64).sum();
    }
    let binary = binary && second.is_none();
    let mut moments = moments.into_iter();
    let segments =
        (0..segments).map(|s| (names.get(s).cloned(), moments.by_ref().take(variants.len()).collect())).collect();
    Ok(Experiment { variants, segments, binary, left_out })
}

/// One value a unit, by group.
fn units(
    mut rows: Vec<Row>,
    aggregate: Aggregate,
    groups: usize,
    variants: u32,
    columns: &Columns<'_>,
    left_out: &mut LeftOut,
    control: &Control,
) -> Result<Vec<Vec<[f64; 2]>>> {
    let numbers = |a: &Row, b: &Row| {
        let pairs = a.values.iter().zip(&b.values);
        pairs.map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    // Rows of a unit lie together, in an order of their own.
    par_sort(
        &mut rows,
        &|a: &Row, b: &Row| a.unit.cmp(&b.unit).then(a.group.cmp(&b.group)).then_with(|| numbers(a, b)),
        control,
    )?;
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    let mut parts: Vec<(u32, [f64; 2])> = Vec::new();
    let mut seen = 0usize;
    for of_unit in rows.chunk_by(|a, b| a.unit == b.unit) {
        if seen / 65_536 != (seen + of_unit.len()) / 65_536 {
            control.check()?;
        }
        seen += of_unit.len();
        let variant = |row: &Row| row.group % variants;
        let (Some(first), Some(last)) = (of_unit.first(), of_unit.last()) else { continue };
        if of_unit.iter().any(|row| variant(row) != variant(first)) || variant(first) != variant(last) {
            left_out.units += 1;
            continue;
        }
        // A unit may be of several segments, in each with the rows of that segment.
        for part in of_unit.chunk_by(|a, b| a.group == b.group) {
            let Some(first) = part.first() else { continue };
            let all = |i: usize| part.iter().filter_map(move |row| row.values.get(i).copied());
            let count = part.len() as f64;
            let joined = |i: usize| match aggregate {
                Aggregate::Sum => all(i).sum(),
                Aggregate::Mean => all(i).sum::<f64>() / count,
                Aggregate::Max => all(i).fold(f64::NEG_INFINITY, f64::max),
            };
            let second = if columns.covariate.is_some() {
                // What was measured before is told again in every row of a unit.
                let known = all(2).filter(|v| !v.is_nan());
                let (sum, count) = known.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
                if count > 0.0 {
                    sum / count
                } else {
                    f64::NAN
                }
            } else if columns.denominator.is_some() {
                joined(1)
            } else {
                f64::NAN
            };
            control.room(&mut parts, 1)?;
            parts.push((first.group, [joined(0), second]));
            *sizes.entry(first.group).or_default() += 1;
        }
    }
    control.release_vec(rows);
    let mut samples: Vec<Vec<[f64; 2]>> =
        (0..groups).map(|g| control.vec(sizes.get(&(g as u32)).copied().unwrap_or(0))).collect::<Result<_>>()?;
    for (group, values) in &parts {
        if let Some(sample) = samples.get_mut(*group as usize) {
            sample.push(*values);
        }
    }
    control.release_vec(parts);
    Ok(samples)
}

/// A sum that keeps the digits that a plain one loses (Neumaier 1974).
#[derive(Default, Clone, Copy)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    pub(super) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// The sum of terms, in their order.
pub(crate) fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Sum::default();
    terms.for_each(|term| sum.add(term));
    sum.value()
}

/// What samples come to. They are sorted first, so that the order of the rows is none of the sums.
fn sums(samples: Vec<Vec<[f64; 2]>>, covariate: bool, control: &Control) -> Result<Vec<Moments>> {
    let moments = |mut sample: Vec<[f64; 2]>| {
        sort(&mut sample, |a: &[f64; 2], b: &[f64; 2]| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])), control)?;
        let found = of(&sample, covariate, control);
        control.release_vec(sample);
        found
    };
    samples.into_par_iter().map(moments).collect()
}

/// What a sorted sample comes to.
fn of(sample: &[[f64; 2]], covariate: bool, control: &Control) -> Result<Moments> {
    const PART: usize = 65_536;
    let count = sample.len() as f64;
    if sample.is_empty() {
        return Ok(Moments::default());
    }
    let total = |term: &dyn Fn(&[f64; 2]) -> f64| {
        let mut total = Sum::default();
        for part in sample.chunks(PART) {
            control.check()?;
            part.iter().for_each(|v| total.add(term(v)));
        }
        Ok::<f64, Error>(total.value())
    };
    let known = total(&|v| f64::from(u8::from(!v[1].is_nan())))?;
    let mean = total(&|v| v[0])? / count;
    let second = match known > 0.0 {
        true => total(&|v| if v[1].is_nan() { 0.0 } else { v[1] })? / known,
        false => 0.0,
    };
    let other = |v: &[f64; 2]| if v[1].is_nan() { 0.0 } else { v[1] - second };
    let squares = total(&|v| (v[0] - mean) * (v[0] - mean))?;
    let (square, products) = match known > 0.0 {
        true => (total(&|v| other(v) * other(v))?, total(&|v| (v[0] - mean) * other(v))?),
        false => (0.0, 0.0),
    };
    let drift = match covariate && known < count {
        true => total(&|v| if v[1].is_nan() { 0.0 } else { v[0] - mean })?,
        false => 0.0,
    };
    Ok(Moments { count, mean: [mean, second], squares: [squares, square], products, known, drift })
}
