//! The values that a column may change to: one of each stretch that the trees tell apart, the nearest.

use std::collections::BTreeMap;

use super::nice::{above, below, Grain};
use super::Start;
use crate::control::Control;
use crate::error::Result;
use crate::judge::given::Given;
use crate::model::{Argument, DatePart, Encoding, Input, InputKind, Trees, LEAF};
use crate::score::Scorer;

/// Days and hours about a moment that are looked at.
const DAYS: i64 = 366;
const HOURS: i64 = 168;
/// The share of its spread by which a value may be beyond a threshold to have fewer digits.
const NEAR: f64 = 0.01;
/// Steps between the smallest and the largest number of training.
const STEPS: f64 = 100.0;
/// Nodes between two looks for a cancel.
const CHECK: usize = 1 << 16;

/// A value that a column may change to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The value.
    pub value: Given,
    /// How far it is, in units of the column's spread; a text counts 1.
    pub distance: f64,
}

/// The way in which a column may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// It may only grow.
    Increase,
    /// It may only shrink.
    Decrease,
}

/// What a column may change to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// In what way.
    pub trend: Option<Trend>,
    /// Not below this.
    pub minimum: Option<f64>,
    /// Not above this.
    pub maximum: Option<f64>,
    /// To one of these texts.
    pub levels: Option<Vec<String>>,
}

/// A column that may change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changeable {
    /// Its place among the model's arguments.
    pub argument: usize,
    /// What it may change to.
    pub limits: Limits,
    /// Whether it holds whole numbers only.
    pub whole: bool,
    /// The unit of its distances; what training saw where `None`.
    pub spread: Option<f64>,
    /// Where distances from a missing value count from; what training saw where `None`.
    pub centre: Option<f64>,
    /// Values that rows have: all there is to go by for a column that the model cleans.
    pub seen: Vec<Given>,
}

/// The values that a column may change to, the nearest first.
pub fn candidates(scorer: &Scorer, start: Start<'_>, column: &Changeable, control: &Control) -> Result<Vec<Candidate>> {
    let arguments = scorer.model().arguments();
    let given = start.given.get(column.argument).unwrap_or(&Given::Missing);
    let mut all = match arguments.get(column.argument) {
        None => Vec::new(),
        Some(Argument::Raw(..)) => seen(column, given),
        Some(Argument::Input(input)) => match input.kind {
            InputKind::Array | InputKind::Text => Vec::new(),
            InputKind::Category => levels(scorer, start, input, column),
            _ => numbers(scorer, start, input, column, control)?,
        },
    };
    all.retain(|candidate| column.limits.allow(given, &candidate.value));
    all.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    Ok(all)
}

impl Limits {
    fn allow(&self, from: &Given, to: &Given) -> bool {
        match to {
            Given::Number(value) => {
                let from = from.as_number();
                let trend = match self.trend {
                    Some(Trend::Increase) => from.is_nan() || *value > from,
                    Some(Trend::Decrease) => from.is_nan() || *value < from,
                    None => true,
                };
                trend && self.minimum.is_none_or(|m| *value >= m) && self.maximum.is_none_or(|m| *value <= m)
            }
            Given::Text(text) => self.levels.as_ref().is_none_or(|levels| levels.iter().any(|l| **l == **text)),
            _ => false,
        }
    }
}

/// Values that rows have, as they are.
fn seen(column: &Changeable, given: &Given) -> Vec<Candidate> {
    let spread = column.spread.filter(|s| *s > 0.0).unwrap_or(1.0);
    let distance = |value: &Given| match (given, value) {
        (Given::Number(a), Given::Number(b)) => (a - b).abs() / spread,
        _ => 1.0,
    };
    let other = column.seen.iter().filter(|value| *value != given && **value != Given::Missing);
    other.map(|value| Candidate { value: value.clone(), distance: distance(value) }).collect()
}

/// Of the levels that the model does not tell apart the most frequent one.
fn levels(scorer: &Scorer, start: Start<'_>, input: &Input, column: &Changeable) -> Vec<Candidate> {
    let feature = input.first as usize;
    let Some(known) = scorer.model().features.get(feature) else { return Vec::new() };
    let own = start.cells.get(feature).map_or(0, |cell| cell.to_bits());
    let is_missing = start.cells.get(feature).is_none_or(|cell| cell.is_nan());
    let mut best: BTreeMap<u64, (u64, &str)> = BTreeMap::new();
    for (at, level) in known.encoding.levels().iter().enumerate() {
        let rows = known.stats.level_rows.get(at).copied().unwrap_or(1);
        let place = scorer.category(feature, level.as_bytes()).to_bits();
        let is_allowed = column.limits.levels.as_ref().is_none_or(|levels| levels.contains(level));
        if rows == 0 || !is_allowed || !is_missing && place == own {
            continue;
        }
        let entry = best.entry(place).or_insert((rows, level));
        if rows > entry.0 {
            *entry = (rows, level);
        }
    }
    let mut all: Vec<(u64, &str)> = best.into_values().collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    all.into_iter().map(|(_, level)| Candidate { value: Given::Text(level.into()), distance: 1.0 }).collect()
}

/// Next to the thresholds of the splits; of a moment, also what has other parts.
fn numbers(
    scorer: &Scorer,
    start: Start<'_>,
    input: &Input,
    column: &Changeable,
    control: &Control,
) -> Result<Vec<Candidate>> {
    let feature = input.first as usize;
    let Some(known) = scorer.model().features.get(feature) else { return Ok(Vec::new()) };
    let trees = scorer.model().body.as_trees().map(|(trees, _)| trees);
    let stats = &known.stats;
    let spread = [column.spread.unwrap_or(f64::NAN), stats.stddev, (stats.maximum - stats.minimum) / 4.0];
    let spread = spread.into_iter().find(|s| s.is_finite() && *s > 0.0).unwrap_or(1.0);
    let own = start.given.get(column.argument).map_or(f64::NAN, Given::as_number);
    let centre = if own.is_nan() { column.centre.unwrap_or(stats.mean) } else { own };
    let mut values: Vec<f64> = match input.kind {
        InputKind::Boolean => vec![0.0, 1.0],
        _ => {
            let grain = if is_whole(input, column) { Grain::Whole } else { Grain::Any };
            let ends = match trees {
                Some(trees) => thresholds(trees, feature, control)?,
                None => steps(stats.minimum, stats.maximum),
            };
            stretches(&ends, centre, own.is_nan(), spread * NEAR, grain)
        }
    };
    if input.kind.is_moment() && centre.is_finite() {
        values.extend(about(scorer, input, centre).into_iter().filter(|v| (stats.minimum..=stats.maximum).contains(v)));
    }
    // Where a limit cuts a stretch, its end is the nearest there is.
    let ends = [column.limits.minimum.map(f64::ceil), column.limits.maximum.map(f64::floor)];
    let exact = [column.limits.minimum, column.limits.maximum];
    values.extend(if is_whole(input, column) { ends } else { exact }.into_iter().flatten().filter(|v| v.is_finite()));
    values.retain(|value| *value != own);
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let distance = |value: f64| match (input.kind, own.is_nan()) {
        (InputKind::Boolean, _) => 1.0,
        (_, false) => (value - own).abs() / spread,
        // A missing value is one change by itself.
        (_, true) => 1.0 + (value - centre).abs() / spread,
    };
    Ok(values.into_iter().map(|v| Candidate { value: Given::Number(v), distance: distance(v) }).collect())
}

/// Whether a column has whole numbers only: of days and seconds too.
fn is_whole(input: &Input, column: &Changeable) -> bool {
    column.whole || input.kind.is_moment() || matches!(input.kind, InputKind::Boolean | InputKind::Interval)
}

/// Where what a number says has no steps: steps of a hundredth of what training saw.
fn steps(low: f64, high: f64) -> Vec<f64> {
    let step = (high - low) / STEPS;
    if step <= 0.0 || !step.is_finite() {
        return Vec::new();
    }
    (0..=STEPS as u32).map(|i| low + f64::from(i) * step).collect()
}

/// The thresholds of a feature, each once.
fn thresholds(trees: &Trees, feature: usize, control: &Control) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for node in 0..trees.nodes() {
        if node % CHECK == 0 {
            control.check()?;
        }
        if trees.feature[node] != LEAF && trees.feature[node] as usize == feature && trees.set[node] == 0 {
            all.push(trees.threshold[node] + 0.0);
        }
    }
    crate::data::sort(&mut all, f64::total_cmp, control)?;
    all.dedup();
    Ok(all)
}

/// The value of each stretch between thresholds that is nearest to a number; that of the number's own stretch only where it is `free`.
fn stretches(thresholds: &[f64], number: f64, free: bool, near: f64, grain: Grain) -> Vec<f64> {
    let mut values = Vec::new();
    // What is at most a threshold is on its left.
    let split = thresholds.partition_point(|t| *t < number);
    let end = |at: Option<usize>| at.and_then(|at| thresholds.get(at)).copied();
    if free && number.is_finite() {
        match grain {
            Grain::Whole => values.extend([number.floor(), number.ceil()]),
            Grain::Any => {
                let from = end(split.checked_sub(1)).unwrap_or(f64::NEG_INFINITY);
                values.extend(below(number, from, near, grain));
            }
        }
    }
    for (at, &to) in thresholds.iter().enumerate().take(split) {
        let from = end(at.checked_sub(1)).unwrap_or(f64::NEG_INFINITY);
        values.extend(below(to, from, near, grain));
    }
    for (at, &from) in thresholds.iter().enumerate().skip(split) {
        values.extend(above(from, end(Some(at + 1)).unwrap_or(f64::INFINITY), near, grain));
    }
    values.retain(|value| value.is_finite());
    values
}

/// Other moments about one, as far as the model looks at their parts: days, and hours where it looks at those.
fn about(scorer: &Scorer, input: &Input, moment: f64) -> Vec<f64> {
    let features = input.first as usize + 1..(input.first + input.count) as usize;
    let parts: Vec<DatePart> = features
        .filter(|&f| scorer.uses(f))
        .filter_map(|f| match scorer.model().features.get(f).map(|f| &f.encoding) {
            Some(Encoding::Part(part)) => Some(*part),
            _ => None,
        })
        .collect();
    if parts.is_empty() || scorer.model().body.as_trees().is_some_and(|(trees, _)| trees.nodes() == 0) {
        return Vec::new();
    }
    let is_date = input.kind == InputKind::Date;
    let day = if is_date { 1.0 } else { 86_400.0 };
    let days = (-DAYS..=DAYS).map(|d| moment + d as f64 * day);
    let hours = (-HOURS..=HOURS).filter(|_| !is_date).map(|h| moment + h as f64 * 3600.0);
    days.chain(hours).collect()
}
