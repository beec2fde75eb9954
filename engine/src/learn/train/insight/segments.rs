//! The segments of held-out rows on which a model is at its worst.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::error::Result;
use crate::judge::importance::of_splits;
use crate::judge::said_and_true;
use crate::judge::shap::features;
use crate::model::{date_text, day, Body, Encoding, Feature, HeldActual, HeldRows, InputKind, Model, Task};
use crate::score::Scorer;

/// Features whose values make segments: those that the model makes most of.
const MOST_FEATURES: usize = 20;
/// The most frequent levels of a category, and the parts of a number.
const MOST_LEVELS: usize = 12;
const PARTS: usize = 4;
/// The fewest rows of a segment.
const FEWEST_ROWS: usize = 50;
/// Standard errors that a segment is off by at least; the more are looked at, the more it takes.
const FAR: f64 = 3.0;
/// The most segments that are kept.
const MOST_SEGMENTS: usize = 12;

/// A segment where the model is wrong on average, apart from what it is on all rows, or surer than it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstSegment {
    /// The feature whose values make the segment.
    pub feature: String,
    /// Which values.
    pub values: String,
    /// Its rows among those that were looked at.
    pub rows: u64,
    /// What came true on average; of several classes the share of the class, or of right labels.
    pub actual: f64,
    /// What was predicted on average.
    pub predicted: f64,
    /// What is wrong: "predicted too high", "predicted too low", of several classes with the name of one before it, or "too sure".
    pub problem: String,
    /// By how many standard errors.
    pub errors: f64,
}

/// The worst segments of rows given by column as learning encodes them, the worst first, and how many segments were looked at.
pub(super) fn worst(
    scorer: &Scorer,
    columns: &[Vec<f64>],
    held: &HeldRows,
    least: u64,
    control: &Control,
) -> Result<(Vec<WorstSegment>, u64)> {
    let fewest = FEWEST_ROWS.max(usize::try_from(least).unwrap_or(usize::MAX));
    let model = scorer.model();
    if held.rows() / 2 < fewest {
        return Ok((Vec::new(), 0));
    }
    // What the model makes most of comes first; of a model that does not say, what is first.
    let worth: Vec<f64> = match (model.body.as_trees(), &model.body) {
        (Some((trees, _)), _) => {
            let gains = of_splits(trees, &features(model));
            gains.iter().map(|(gain, splits)| if *splits > 0 { *gain } else { f64::NAN }).collect()
        }
        (None, Body::Additive(body)) => {
            let spread = |(f, feature): (usize, &Feature)| Some(body.spread(f, &feature.stats)).filter(|s| *s > 0.0);
            model.features.iter().enumerate().map(spread).map(|s| s.unwrap_or(f64::NAN)).collect()
        }
        (None, Body::Neighbors(_) | Body::Network(_) | Body::Machine(_) | Body::Ensemble(_)) => {
            vec![0.0; model.features.len()]
        }
        _ => return Ok((Vec::new(), 0)),
    };
    let mut order: Vec<usize> =
        (0..worth.len().min(columns.len())).filter(|&f| !worth[f].is_nan() && is_shown(model, f)).collect();
    order.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
    order.truncate(MOST_FEATURES);
    let judged = Judged::of(&model.task, held);
    let of_feature = |&feature: &usize| {
        control.check()?;
        Ok(of_feature(model, feature, &columns[feature][..held.rows()], &judged, fewest))
    };
    let found: Vec<Vec<WorstSegment>> = order.par_iter().map(of_feature).collect::<Result<_>>()?;
    let mut found: Vec<WorstSegment> = found.into_iter().flatten().collect();
    // Of so many looks none is beyond this in 19 of 20 models that are right (the bound of a normal tail, over all of them).
    let looked = found.len() as f64;
    let looks = (looked * judged.len() as f64).max(1.0);
    let far = (2.0 * libm::log(2.0 * looks / 0.05)).sqrt().max(FAR);
    found.retain(|segment| segment.errors >= far);
    // Stable, so that of equal ones that of the more important feature comes first.
    found.sort_by(|a, b| b.errors.total_cmp(&a.errors));
    found.truncate(MOST_SEGMENTS);
    Ok((found, looked as u64))
}

/// Of several classes the most frequent ones that are looked at one by one.
const MOST_CLASSES: usize = 10;

/// What was said of rows and what came true, and what is to be expected of the difference where the model is right.
struct Judged {
    /// The class, of several.
    class: Option<String>,
    /// Whether rows can be off on average, and not only too sure: of the most probable of several classes the classes themselves say that better.
    off: bool,
    said: Vec<f64>,
    truth: Vec<f64>,
    weight: Vec<f64>,
    /// The variance of the truth of each row.
    variance: Vec<f64>,
    /// The mean difference over all rows.
    bias: f64,
    /// Of classes: what each row lost more than a model that is right would expect, and the variance of that.
    surprise: Option<Surprise>,
}

/// What rows lost more than was to be expected from what was said.
struct Surprise {
    lost: Vec<f64>,
    variance: Vec<f64>,
    /// The mean over all rows.
    mean: f64,
}

/// The one nearer to 0 of two numbers of a sign; of two signs 0.
fn nearer(a: f64, b: f64) -> f64 {
    match a * b > 0.0 {
        true if a.abs() < b.abs() => a,
        true => b,
        false => 0.0,
    }
}

impl Judged {
    /// All that is looked at: one probability or number, or of several classes how sure the model is and each of the most frequent.
    fn of(task: &Task, held: &HeldRows) -> Vec<Judged> {
        let mut all = vec![Judged::new(task, held, said_and_true(task, held))];
        let outputs = held.outputs as usize;
        if let (Task::Classification { classes, .. }, HeldActual::Class(actual)) = (task, &held.actual) {
            if outputs == classes.len() && outputs > 2 {
                all[0].off = false;
                let mut rows = vec![0usize; classes.len()];
                actual.iter().for_each(|class| rows[*class as usize] += 1);
                let mut order: Vec<usize> = (0..classes.len()).filter(|class| rows[*class] > 0).collect();
                order.sort_by_key(|class| std::cmp::Reverse(rows[*class]));
                order.truncate(MOST_CLASSES);
                all.extend(order.into_iter().map(|class| {
                    let said = held.scores.chunks_exact(outputs).map(|row| row[class]).collect();
                    let truth = actual.iter().map(|a| f64::from(u8::from(*a as usize == class))).collect();
                    Judged {
                        class: Some(classes[class].clone()),
                        surprise: None,
                        ..Judged::new(task, held, (said, truth))
                    }
                }));
            }
        }
        all
    }

    fn new(task: &Task, held: &HeldRows, (said, truth): (Vec<f64>, Vec<f64>)) -> Judged {
        let weight = held.weight.clone().unwrap_or_else(|| vec![1.0; said.len()]);
        let total: f64 = weight.iter().sum();
        let bias = said.iter().zip(&truth).zip(&weight).map(|((s, t), w)| w * (s - t)).sum::<f64>() / total;
        let spread =
            said.iter().zip(&truth).zip(&weight).map(|((s, t), w)| w * (s - t - bias).powi(2)).sum::<f64>() / total;
        let is_class = matches!(task, Task::Classification { .. });
        // A class comes true with the probability that is said; of numbers only the spread of all rows is known.
        let variance = said.iter().map(|s| if is_class { (s * (1.0 - s)).max(0.0) } else { spread }).collect();
        let surprise = is_class.then(|| {
            let (lost, variance): (Vec<f64>, Vec<f64>) = said.iter().zip(&truth).map(|(s, t)| surprise(*s, *t)).unzip();
            let mean = lost.iter().zip(&weight).map(|(l, w)| w * l).sum::<f64>() / total;
            Surprise { lost, variance, mean }
        });
        Judged { class: None, off: true, said, truth, weight, variance, bias, surprise }
    }

    /// What is the matter with some of the rows: what was said, what came true, by how many standard errors it is off, and what that is.
    fn matter(&self, rows: &[u32]) -> (f64, f64, f64, String) {
        let predicted = self.mean(rows, |r| self.said[r]);
        let actual = self.mean(rows, |r| self.truth[r]);
        let errors = |off: f64, error: f64| if error > 0.0 && off.is_finite() { off / error } else { 0.0 };
        let error = self.error(rows, |r| self.variance[r]);
        // Off by itself, and beside all rows: one bad segment must not blacken the others.
        let bias = match self.off {
            true => nearer(errors(predicted - actual, error), errors(predicted - actual - self.bias, error)),
            false => 0.0,
        };
        let too_sure = self.surprise.as_ref().map_or(0.0, |surprise| {
            let lost = self.mean(rows, |r| surprise.lost[r]);
            let error = self.error(rows, |r| surprise.variance[r]);
            nearer(errors(lost, error), errors(lost - surprise.mean, error))
        });
        let class = self.class.as_ref().map_or_else(String::new, |class| format!("{class} "));
        // To be off on average is to be too sure as well, and says more.
        match self.off && bias.abs() >= too_sure.min(FAR) {
            true if bias > 0.0 => (predicted, actual, bias, format!("{class}predicted too high")),
            true => (predicted, actual, -bias, format!("{class}predicted too low")),
            false => (predicted, actual, too_sure, "too sure".to_owned()),
        }
    }

    /// A mean over some of the rows.
    fn mean(&self, rows: &[u32], of: impl Fn(usize) -> f64) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for &row in rows {
            sum += self.weight[row as usize] * of(row as usize);
            total += self.weight[row as usize];
        }
        sum / total
    }

    /// The standard error of a mean over some of the rows, whose values have these variances.
    fn error(&self, rows: &[u32], variance: impl Fn(usize) -> f64) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for &row in rows {
            sum += self.weight[row as usize].powi(2) * variance(row as usize);
            total += self.weight[row as usize];
        }
        sum.sqrt() / total
    }
}

/// What a row lost more than was to be expected from what was said, and the variance of that.
fn surprise(said: f64, truth: f64) -> (f64, f64) {
    let p = said.clamp(1e-6, 1.0 - 1e-6);
    let (yes, no) = (-libm::log(p), -libm::log(1.0 - p));
    let lost = if truth > 0.5 { yes } else { no };
    (lost - (p * yes + (1.0 - p) * no), p * (1.0 - p) * (yes - no).powi(2))
}

/// Whether the values of a feature mean something to a reader.
fn is_shown(model: &Model, feature: usize) -> bool {
    let input = model.inputs.iter().find(|i| (i.first..i.first + i.count).contains(&(feature as u32)));
    !matches!(model.features[feature].encoding, Encoding::Token { .. })
        && input.is_some_and(|i| i.kind != InputKind::Array && i.kind != InputKind::Interval)
}

/// What is most the matter with each segment of a feature that has rows enough, however little.
fn of_feature(model: &Model, feature: usize, values: &[f64], judged: &[Judged], fewest: usize) -> Vec<WorstSegment> {
    let mut found = Vec::new();
    for (label, rows) in groups(model, feature, values) {
        if rows.len() < fewest || rows.len() == values.len() {
            continue;
        }
        let all = judged.iter().map(|judged| judged.matter(&rows));
        let Some((predicted, actual, errors, problem)) =
            all.reduce(|worst, next| if next.2 > worst.2 { next } else { worst })
        else {
            continue;
        };
        found.push(WorstSegment {
            feature: model.features[feature].name.clone(),
            values: label,
            rows: rows.len() as u64,
            actual,
            predicted,
            problem,
            errors,
        });
    }
    found
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
        _ => rounded(value + 0.0),
    }
}

/// A number of four digits; a whole one with all of them.
fn rounded(value: f64) -> String {
    if value == value.trunc() || value.abs() >= 1000.0 {
        return format!("{}", value.round());
    }
    let digits = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of three classes is said too seldom in one segment, and nowhere else.
    #[test]
    fn of_several_classes_each_is_looked_at() {
        let draw = |i: u32| crate::data::mix(u64::from(i), 5) as f64 / u64::MAX as f64;
        let rows = 2_000u32;
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let task = Task::Classification { classes, positive: 2 };
        let in_segment = |i: u32| i.is_multiple_of(4);
        let actual = (0..rows).map(|i| match draw(i) {
            u if u < 0.5 => 0,
            u if u < if in_segment(i) { 0.9 } else { 0.7 } => 1,
            _ => 2,
        });
        let scores = (0..rows).flat_map(|_| [0.5, 0.2, 0.3]).collect();
        let held = HeldRows { outputs: 3, scores, actual: HeldActual::Class(actual.collect()), weight: None };
        let judged = Judged::of(&task, &held);
        assert_eq!(judged.len(), 4);
        let segment: Vec<u32> = (0..rows).filter(|i| in_segment(*i)).collect();
        let worst = judged.iter().map(|j| j.matter(&segment)).max_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
        assert!(worst.3 == "b predicted too low" && worst.2 > 5.0, "{worst:?}");
        let other: Vec<u32> = (0..rows).filter(|i| i % 4 == 1).collect();
        assert!(judged.iter().all(|j| j.matter(&other).2 < 3.0));
    }
}
