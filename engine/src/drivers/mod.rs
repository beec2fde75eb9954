//! Why a metric moved: disjoint segments that explain the change from one set of rows to another, and what each of them adds to it.
//!
//! A segment is a conjunction of levels, such as `device = mobile and country = DE`. Of all conjunctions that hold enough rows, the one is taken whose own
//! change is furthest from what the rest did, measured in standard errors (a scan statistic: Kulldorff 1997, "A spatial scan statistic"; a part of the true
//! segment, or more than it, is less far). Its rows are put aside and the search goes on among the others, so no row is counted twice. What each segment adds
//! is taken apart into volume, mix and rate by the midpoint rule (Marshall and Edgeworth's weights; Kitagawa 1955, "Components of a Difference Between Two
//! Rates"), which leaves no interaction over: the parts of all segments and of everything else sum to the change.
//!
//! * [`levels`]: the levels of a dimension, the same in both periods.
//! * [`tuples`]: rows of the same levels are one, with the sums that are needed of them.
//! * [`moments`]: these sums, and how far a segment is from the rest.
//! * [`search`]: the conjunctions.
//! * [`effects`]: volume, mix and rate.

pub mod effects;
pub mod levels;
pub mod moments;
pub mod search;
pub mod tuples;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{ColumnData, Table};
use crate::error::{Error, Result};
use effects::{effects, Effects};
pub use levels::Level;
use levels::{LeftOut, Levels};
use moments::{Pair, Test};
use search::Search;

/// Amounts beyond this are not reckoned with: the squares of larger ones would be infinite.
pub const LARGEST: f64 = 1e100;

/// The rows of one of the two periods.
#[derive(Debug)]
pub struct Period<'a> {
    /// What is said of it in errors: `before` or `after`.
    pub name: &'a str,
    /// Its columns.
    pub table: &'a Table,
    /// The place of the metric among them.
    pub metric: usize,
    /// That of the denominator; `None` where the metric is a sum.
    pub denominator: Option<usize>,
    /// Those of the dimensions, in the same order in both periods.
    pub dimensions: Vec<usize>,
}

impl Period<'_> {
    /// The values of a column, by its place.
    fn data(&self, column: usize) -> Result<&ColumnData> {
        let column = self.table.columns.get(column);
        Ok(&column.ok_or_else(|| Error::Internal("a column of a period is not there".into()))?.data)
    }

    /// The values of a dimension.
    pub(super) fn dimension(&self, dimension: usize) -> Result<&ColumnData> {
        let column = self.dimensions.get(dimension).copied();
        self.data(column.ok_or_else(|| Error::Internal("a dimension of a period is not there".into()))?)
    }

    /// The metric of each row and its weight: the denominator, or 1. The weight is NaN where a row cannot be used.
    fn values(&self, control: &Control) -> Result<Values> {
        let numbers = |column: usize| match self.data(column)? {
            ColumnData::Number(numbers) => Ok(numbers),
            ColumnData::Category { .. } => Err(Error::Internal("a number was read as a text".into())),
        };
        let mut metric = control.filled(self.table.rows, f64::NAN)?;
        numbers(self.metric)?.read(0, &mut metric);
        let mut weight = control.filled(self.table.rows, 1.0)?;
        if let Some(denominator) = self.denominator {
            numbers(denominator)?.read(0, &mut weight);
        }
        for (weight, metric) in weight.chunks_mut(levels::LOOK).zip(metric.chunks(levels::LOOK)) {
            control.check()?;
            for (weight, metric) in weight.iter_mut().zip(metric) {
                if !(metric.abs() <= LARGEST && (0.0..=LARGEST).contains(weight)) {
                    *weight = f64::NAN;
                }
            }
        }
        Ok(Values { metric, weight })
    }
}

/// The metric and the weight of the rows of a period.
pub(super) struct Values {
    pub(super) metric: Vec<f64>,
    pub(super) weight: Vec<f64>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The most conditions of a segment, 1 to [`MOST_DEPTH`].
    pub max_depth: usize,
    /// The most segments.
    pub top: usize,
    /// The least share of the weight of one of the periods that a segment must have, [`LEAST_SHARE`] to 1.
    pub min_share: f64,
    /// The chance to find a segment where nothing stands out.
    pub alpha: f64,
    /// Into how many ranges numbers of many values are put.
    pub bins: usize,
}

/// The most conditions that a segment may have.
pub const MOST_DEPTH: usize = 4;

/// The least share that a segment may have.
pub const LEAST_SHARE: f64 = 0.001;

impl Default for Options {
    fn default() -> Self {
        Options { max_depth: 2, top: 10, min_share: 0.01, alpha: 0.05, bins: 10 }
    }
}

/// A segment, or everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// The conditions by dimension; `None` for everything else.
    pub segment: Option<Vec<(usize, Level)>>,
    /// The metric before and after: a sum, or a ratio, which is `None` without a denominator.
    pub metric: [Option<f64>; 2],
    /// The shares of the rows, or of the denominator.
    pub share: [f64; 2],
    /// What it adds to the change.
    pub effects: Effects,
    /// The same as a share of the change; `None` where there is none.
    pub share_of_change: Option<f64>,
    /// How many standard errors its change is from what the rest did; `None` for everything else.
    pub z: Option<f64>,
    /// Its rows.
    pub rows: [u64; 2],
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The segments, that which stands out most first, and everything else.
    pub drivers: Vec<Driver>,
    /// Rows that could not be used.
    pub unusable: [u64; 2],
    /// Dimensions that can be no condition, and why.
    pub left_out: Vec<(usize, LeftOut)>,
}

/// Explain the change of a metric from one period to another. `named` says of each dimension whether it was asked for: only then are numbers of many values
/// put into ranges.
///
/// # Errors
/// A period without a usable row, or whose denominator is 0 in all; too little memory; a cancel.
pub fn key_drivers(periods: [&Period<'_>; 2], named: &[bool], options: &Options, control: &Control) -> Result<Found> {
    let values = [periods[0].values(control)?, periods[1].values(control)?];
    let count = |v: &Values| v.weight.iter().filter(|w| w.is_nan()).count() as u64;
    let unusable = [count(&values[0]), count(&values[1])];
    for (period, unusable) in periods.iter().zip(unusable) {
        if unusable == period.table.rows as u64 {
            let what =
                if period.denominator.is_some() { "a metric and a denominator of 0 or more" } else { "a metric" };
            return Err(Error::data(
                format!("{} has no row with {what}", period.name),
                "A change needs rows before and after.",
            ));
        }
    }
    let all: Vec<Result<std::result::Result<Levels, LeftOut>>> = named
        .par_iter()
        .enumerate()
        .map(|(dimension, named)| levels::levels(periods, &values, (dimension, *named), options, control))
        .collect();
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for (dimension, levels) in all.into_iter().enumerate() {
        match levels? {
            Ok(levels) => kept.push((dimension, levels)),
            Err(reason) => left_out.push((dimension, reason)),
        }
    }
    let mut tuples = tuples::tuples(periods, values, &kept, control)?;
    let ratio = periods[0].denominator.is_some();
    let total = tuples.total(control)?;
    for (period, side) in periods.iter().zip(total) {
        if side.n <= 0.0 {
            return Err(Error::data(
                format!("the denominator of {} sums to 0", period.name),
                "A ratio needs a denominator before and after.",
            ));
        }
    }
    let test = Test { ratio, positive: tuples.positive, centre: tuples.centre };
    let sizes: Vec<usize> = kept.iter().map(|(_, levels)| levels.names.len()).collect();
    let search = Search { sizes, total, test, options };
    let mut drivers = Vec::new();
    while drivers.len() < options.top {
        let Some(best) = search.best(&tuples, control)? else { break };
        let own = tuples.take(&best.conditions, control)?;
        let condition = |&(at, id): &(usize, u16)| {
            let (dimension, levels) = &kept[at];
            (*dimension, levels.names[usize::from(id) - 1].clone())
        };
        let segment = best.conditions.iter().map(condition).collect();
        drivers.push(driver(Some(segment), Some(best.z), own, total, ratio));
    }
    drivers.push(driver(None, None, tuples.total(control)?, total, ratio));
    Ok(Found { drivers, unusable, left_out })
}

fn driver(segment: Option<Vec<(usize, Level)>>, z: Option<f64>, own: Pair, total: Pair, ratio: bool) -> Driver {
    let metric = own.map(|side| if ratio { side.rate() } else { Some(side.y) });
    let all = effects(&total, &total, ratio).change;
    let effects = effects(&own, &total, ratio);
    Driver {
        segment,
        metric,
        share: [own[0].n / total[0].n, own[1].n / total[1].n],
        share_of_change: Some(effects.change / all).filter(|share| share.is_finite()),
        effects,
        z,
        rows: own.map(|side| side.m as u64),
    }
}

#[cfg(test)]
mod tests;
