//! The segments of held-out rows on which a model is at its worst.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::error::Result;
use crate::judge::importance::of_splits;
use crate::judge::shap::features;
use crate::judge::{headline, headline_of, mean_and_error, said_and_true, COMPARED};
use crate::model::{date_text, day, Encoding, HeldActual, HeldRows, InputKind, Model};
use crate::score::Scorer;

/// Features whose values make segments: those that the trees gain most from.
const MOST_FEATURES: usize = 20;
/// The most frequent levels of a category, and the parts of a number.
const MOST_LEVELS: usize = 12;
const PARTS: usize = 4;
/// The fewest rows of a segment.
const FEWEST_ROWS: usize = 50;
/// Standard errors that a segment is off by at least, as many are looked at.
const FAR: f64 = 3.0;
/// The most segments that are kept.
const MOST_SEGMENTS: usize = 12;
/// The normal quantile of the intervals of [`headline_of`].
const Z: f64 = 1.959_963_984_540_054;

/// A segment where the model is worse than it is on all rows, or wrong on average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstSegment {
    /// The feature whose values make the segment.
    pub feature: String,
    /// Which values.
    pub values: String,
    /// Its rows among those that were looked at.
    pub rows: u64,
    /// What came true on average.
    pub actual: f64,
    /// What was predicted on average.
    pub predicted: f64,
    /// The headline metric, if it is defined here.
    pub value: Option<f64>,
    /// That metric on all rows.
    pub overall: Option<f64>,
    /// What is wrong: "predicted too high", "predicted too low", or "ranked worse" (of numbers "larger errors", of several classes "more mistakes").
    pub problem: String,
    /// By how many standard errors.
    pub errors: f64,
}

/// The worst segments of rows given by column as learning encodes them, the worst first.
pub(super) fn worst(
    scorer: &Scorer,
    columns: &[Vec<f64>],
    held: &HeldRows,
    control: &Control,
) -> Result<Vec<WorstSegment>> {
    let model = scorer.model();
    let Some((trees, _)) = model.body.as_trees() else { return Ok(Vec::new()) };
    if held.rows() < 2 * FEWEST_ROWS {
        return Ok(Vec::new());
    }
    let gains = of_splits(trees, &features(model));
    let mut order: Vec<usize> =
        (0..gains.len().min(columns.len())).filter(|&f| gains[f].1 > 0 && is_shown(model, f)).collect();
    order.sort_by(|&a, &b| gains[b].0.total_cmp(&gains[a].0));
    order.truncate(MOST_FEATURES);
    let overall = headline_of(&model.task, held).map(|found| found.0);
    let of_feature = |&feature: &usize| {
        control.check()?;
        Ok(of_feature(model, feature, &columns[feature], held, overall))
    };
    let found: Vec<Vec<WorstSegment>> = order.par_iter().map(of_feature).collect::<Result<_>>()?;
    let mut found: Vec<WorstSegment> = found.into_iter().flatten().collect();
    // Stable, so that of equal ones that of the more important feature comes first.
    found.sort_by(|a, b| b.errors.total_cmp(&a.errors));
    found.truncate(MOST_SEGMENTS);
    Ok(found)
}

/// Whether the values of a feature mean something to a reader.
fn is_shown(model: &Model, feature: usize) -> bool {
    let input = model.inputs.iter().find(|i| (i.first..i.first + i.count).contains(&(feature as u32)));
    !matches!(model.features[feature].encoding, Encoding::Token { .. })
        && input.is_some_and(|i| i.kind != InputKind::Array && i.kind != InputKind::Interval)
}

fn of_feature(
    model: &Model,
    feature: usize,
    values: &[f64],
    held: &HeldRows,
    overall: Option<f64>,
) -> Vec<WorstSegment> {
    let (said, truth) = said_and_true(&model.task, held);
    let mut found = Vec::new();
    for (label, rows) in groups(model, feature, &values[..held.rows()]) {
        if rows.len() < FEWEST_ROWS || rows.len() == held.rows() {
            continue;
        }
        let own = |all: &[f64]| rows.iter().map(|r| all[*r as usize]).collect::<Vec<f64>>();
        let (said, truth) = (own(&said), own(&truth));
        let weight = held.weight.as_deref().map(own);
        let weight = weight.as_deref();
        let off: Vec<f64> = said.iter().zip(&truth).map(|(s, t)| s - t).collect();
        let (Some(predicted), Some(actual)) = (mean_and_error(&said, weight).0, mean_and_error(&truth, weight).0)
        else {
            continue;
        };
        let bias = match mean_and_error(&off, weight) {
            (Some(mean), Some(error)) if error > 0.0 => mean / error,
            _ => 0.0,
        };
        let part = part(held, &rows);
        let own = headline_of(&model.task, &part);
        let worse = own.zip(overall).map_or(0.0, |((value, interval), overall)| {
            let higher = COMPARED.iter().any(|(name, better)| *name == headline(&model.task) && *better);
            let (distance, bound) = match higher {
                true => (overall - value, interval.map(|i| i.1 - value)),
                false => (value - overall, interval.map(|i| value - i.0)),
            };
            bound.filter(|b| *b > 0.0).map_or(0.0, |bound| distance / (bound / Z))
        });
        let (errors, problem) = match bias.abs() >= worse {
            true if bias > 0.0 => (bias, "predicted too high"),
            true => (-bias, "predicted too low"),
            false => (worse, worse_than(model)),
        };
        if errors >= FAR {
            found.push(WorstSegment {
                feature: model.features[feature].name.clone(),
                values: label,
                rows: rows.len() as u64,
                actual,
                predicted,
                value: own.map(|own| own.0),
                overall,
                problem: problem.to_owned(),
                errors,
            });
        }
    }
    found
}

fn worse_than(model: &Model) -> &'static str {
    match headline(&model.task) {
        "rmse" => "larger errors",
        "accuracy" => "more mistakes",
        _ => "ranked worse",
    }
}

/// Some of the rows.
fn part(held: &HeldRows, rows: &[u32]) -> HeldRows {
    let outputs = held.outputs as usize;
    let scores = rows.iter().flat_map(|r| &held.scores[*r as usize * outputs..(*r as usize + 1) * outputs]);
    let actual = match &held.actual {
        HeldActual::Class(codes) => HeldActual::Class(rows.iter().map(|r| codes[*r as usize]).collect()),
        HeldActual::Number(values) => HeldActual::Number(rows.iter().map(|r| values[*r as usize]).collect()),
        HeldActual::None => HeldActual::None,
    };
    let weight = held.weight.as_ref().map(|w| rows.iter().map(|r| w[*r as usize]).collect());
    HeldRows { outputs: held.outputs, scores: scores.copied().collect(), actual, weight }
}

/// The rows by the values of a feature as learning encodes them: by level, or by quarters of a number.
fn groups(model: &Model, feature: usize, values: &[f64]) -> Vec<(String, Vec<u32>)> {
    let missing: Vec<u32> = rows_where(values, f64::is_nan);
    let mut groups = match &model.features[feature].encoding {
        Encoding::Category { levels } | Encoding::Ordered { levels, .. } => by_level(levels, values),
        _ => by_quarter(&|value| number_text(model, feature, value), values),
    };
    if !missing.is_empty() {
        groups.push(("is missing".to_owned(), missing));
    }
    groups
}

fn rows_where(values: &[f64], wanted: impl Fn(f64) -> bool) -> Vec<u32> {
    values.iter().enumerate().filter(|(_, value)| wanted(**value)).map(|(row, _)| row as u32).collect()
}

fn by_level(levels: &[String], values: &[f64]) -> Vec<(String, Vec<u32>)> {
    let mut rows: std::collections::BTreeMap<usize, Vec<u32>> = std::collections::BTreeMap::new();
    for (row, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        rows.entry((*value as usize).min(levels.len())).or_default().push(row as u32);
    }
    let mut rows: Vec<(usize, Vec<u32>)> = rows.into_iter().collect();
    rows.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    rows.truncate(MOST_LEVELS);
    let label = |level: usize| levels.get(level).map_or_else(|| "any other value".to_owned(), |l| format!("= {l}"));
    rows.into_iter().map(|(level, rows)| (label(level), rows)).collect()
}

fn by_quarter(text: &dyn Fn(f64) -> String, values: &[f64]) -> Vec<(String, Vec<u32>)> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    if sorted.len() <= MOST_LEVELS {
        let one = |value: &f64| (format!("= {}", text(*value)), rows_where(values, |v| v == *value));
        return sorted.iter().map(one).collect();
    }
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..PARTS).map(|part| sorted[part * sorted.len() / PARTS]).collect();
    cuts.dedup();
    let mut groups = Vec::new();
    for i in 0..=cuts.len() {
        let low = i.checked_sub(1).map(|i| cuts[i]);
        let high = cuts.get(i).copied();
        let rows = rows_where(values, |v| low.is_none_or(|low| v >= low) && high.is_none_or(|high| v < high));
        let label = match (low, high) {
            (None, Some(high)) => format!("< {}", text(high)),
            (Some(low), Some(high)) => format!("{} to {}", text(low), text(high)),
            (Some(low), None) => format!(">= {}", text(low)),
            (None, None) => continue,
        };
        groups.push((label, rows));
    }
    groups
}

/// A number of a feature as its column shows it.
fn number_text(model: &Model, feature: usize, value: f64) -> String {
    let input = model.inputs.iter().find(|i| i.first as usize == feature);
    match input.map(|i| i.kind) {
        Some(InputKind::Date) => date_text(value),
        Some(InputKind::Timestamp | InputKind::Timestamptz) => date_text(day(value)),
        Some(InputKind::Boolean) => (value != 0.0).to_string(),
        _ => format!("{}", value + 0.0),
    }
}
