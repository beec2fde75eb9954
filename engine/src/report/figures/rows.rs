//! Charts of rows with what was said of them and what came true.

use crate::error::Result;
use crate::judge::uplift::{Treated, UpliftBucket};
use crate::judge::{
    calibration, confusion, lift, most_probable, precision_recall_curve, roc_curve, thresholds, Strategy,
};
use crate::model::{HeldActual, Task};
use crate::report::facts::{Facts, Judged};
use crate::report::plot::theme::{percent, FIRST, LINES, MUTED, SECOND};
use crate::report::plot::{columns, grid, lines, round_step, Axis, Column, Grid, Lines, Look, Meaning};

use super::{answer, axis, line, shares, thin, titled, writer};

pub(super) fn lift_chart(facts: &Facts, j: &Judged<'_>, class: Option<usize>) -> Result<String> {
    let buckets = lift(&j.scores, &j.actual, j.weight, 10);
    let groups: Vec<Column> = buckets
        .iter()
        .enumerate()
        .map(|(i, b)| Column {
            name: format!("{}", i + 1),
            values: vec![b.predicted.unwrap_or(f64::NAN), b.actual.unwrap_or(f64::NAN)],
        })
        .collect();
    columns(
        "Predicted and actual, by tenths of the rows",
        (&format!("tenths of the {}, the highest scores first", facts.judged_rows()), &answer(facts, class)),
        &[Meaning::new("predicted", FIRST), Meaning::new("actual", SECOND)],
        &groups,
        writer(facts),
    )
}

pub(super) fn gain(facts: &Facts, j: &Judged<'_>, class: Option<usize>) -> Result<String> {
    let buckets = lift(&j.scores, &j.actual, j.weight, 100);
    let all: f64 = buckets.iter().map(|b| b.rows as f64).sum();
    let mut points = vec![(0.0, 0.0)];
    let mut reached = 0.0;
    for bucket in &buckets {
        reached += bucket.rows as f64 / all;
        points.push((reached, bucket.cumulative_gain.unwrap_or(f64::NAN)));
    }
    lines(&Lines {
        title: titled("How many are reached", facts, class),
        x: shares("share of the rows, the highest scores first"),
        y: shares("share of the positives among them"),
        lines: vec![
            line("at random", MUTED, Look::Reference, vec![(0.0, 0.0), (1.0, 1.0)]),
            line("by the model", FIRST, Look::Line, points),
        ],
    })
}

/// The rows of each treatment, as many as there are colours for.
fn treatments(facts: &Facts) -> Vec<(&String, Treated)> {
    let Some(held) = &facts.held else { return Vec::new() };
    let named = facts.task.treatments().iter().enumerate().map(|(at, name)| (name, Treated::of(held, at + 1)));
    named.filter(|(_, rows)| !rows.scores.is_empty()).take(LINES.len()).collect()
}

/// What treated rows bring beyond as many others, of each treatment.
pub(super) fn qini(facts: &Facts) -> Result<Option<String>> {
    let mut all = Vec::new();
    for ((name, rows), shade) in treatments(facts).iter().zip(LINES) {
        let whole = rows.sums().weight();
        let point = |b: &UpliftBucket| (b.all.weight() / whole, b.all.incremental());
        let points: Vec<(f64, f64)> = std::iter::once((0.0, 0.0)).chain(rows.buckets(100).iter().map(point)).collect();
        let last = points.last().copied().unwrap_or_default();
        all.push(line(&format!("{name}, at random"), MUTED, Look::Reference, vec![(0.0, 0.0), last]));
        all.push(line(name, shade, Look::Line, points));
    }
    if all.is_empty() {
        return Ok(None);
    }
    let target = facts.target.as_deref().unwrap_or("the target");
    let y = axis(&format!("{target} of treated rows beyond that of others"));
    lines(&Lines {
        title: "Qini curve".to_owned(),
        x: shares("share of the rows, the highest uplift first"),
        y,
        lines: all,
    })
    .map(Some)
}

/// What a treatment changed and what was said of that, by tenths of the rows of the first treatments.
pub(super) fn uplift(facts: &Facts) -> Result<Option<String>> {
    let mut all = Vec::new();
    for ((name, rows), shade) in treatments(facts).iter().zip(LINES) {
        let buckets = rows.buckets(10);
        let place = |(at, value): (usize, Option<f64>)| Some((at as f64 + 1.0, value?));
        let said = buckets.iter().map(|b| b.predicted).enumerate().filter_map(place).collect();
        let came = buckets.iter().map(|b| b.own.uplift()).enumerate().filter_map(place).collect();
        all.push(line(&format!("{name}, predicted"), shade, Look::Reference, said));
        all.push(line(name, shade, Look::Line, came));
    }
    if all.is_empty() {
        return Ok(None);
    }
    let x = axis("tenth of the rows, the highest predicted uplift first");
    let y = Axis { write: Some(writer(facts)), ..axis("uplift") };
    lines(&Lines { title: "Uplift by tenths".to_owned(), x, y, lines: all }).map(Some)
}

/// A class with its rows, or several.
pub(super) type Named<'a> = Vec<(String, Judged<'a>)>;

/// The rows of each class against the others, or of the one that is looked at.
pub(super) fn all_classes(facts: &Facts, class: Option<usize>) -> Option<Named<'_>> {
    let Task::Classification { classes, .. } = &facts.task else { return None };
    let wanted: Vec<usize> = match (classes.len(), class) {
        (0..=2, class) => class.into_iter().collect(),
        (count, Some(first)) => {
            std::iter::once(first).chain((0..count).filter(|c| *c != first)).take(LINES.len()).collect()
        }
        (count, None) => (0..count.min(LINES.len())).collect(),
    };
    let rows = |class: usize| Some((facts.class_name(class).to_owned(), facts.judged(Some(class))?));
    wanted.into_iter().map(rows).collect::<Option<Named<'_>>>().filter(|n| n.iter().any(|(_, j)| !j.scores.is_empty()))
}

pub(super) fn roc(rows: &Named<'_>) -> Result<String> {
    let mut all = vec![line("at random", MUTED, Look::Reference, vec![(0.0, 0.0), (1.0, 1.0)])];
    for ((name, j), shade) in rows.iter().zip(LINES) {
        let curve = roc_curve(&j.scores, &j.positive(), j.weight);
        let points: Vec<(f64, f64)> = curve.iter().filter_map(|p| Some((p.fpr?, p.tpr?))).collect();
        all.push(line(name, shade, Look::Line, thin(&points)));
    }
    lines(&Lines {
        title: "ROC curve".to_owned(),
        x: shares("false positive rate"),
        y: shares("true positive rate"),
        lines: all,
    })
}

pub(super) fn precision_recall(rows: &Named<'_>) -> Result<String> {
    let mut all = Vec::new();
    let mut highest = 0.0f64;
    for ((name, j), shade) in rows.iter().zip(LINES) {
        let curve = precision_recall_curve(&j.scores, &j.positive(), j.weight);
        let points: Vec<(f64, f64)> = curve.iter().filter_map(|p| Some((p.recall?, p.precision?))).collect();
        // The first few rows alone have any precision; they must not press the rest flat.
        highest = points.iter().filter(|p| p.0 >= 0.02).map(|p| p.1).fold(highest, f64::max);
        all.push(line(name, shade, Look::Line, thin(&points)));
    }
    let top = (highest * 1.25).min(1.0);
    all.iter_mut().flat_map(|line| &mut line.points).for_each(|p| p.1 = p.1.min(top));
    lines(&Lines {
        title: "Precision and recall".to_owned(),
        x: shares("recall: share of the positives that are found"),
        y: Axis { at_least: Some((0.0, top)), ..shares("precision: share that is right") },
        lines: all,
    })
}

pub(super) fn calibration_chart(facts: &Facts, j: &Judged<'_>, class: Option<usize>) -> Result<String> {
    let is_share = facts.task != Task::Regression;
    let bins = calibration(&j.scores, &j.actual, j.weight, 10, Strategy::Quantile, is_share);
    let points: Vec<(f64, f64)> = bins.iter().map(|b| (b.predicted, b.actual)).collect();
    let ends = || points.iter().flat_map(|p| [p.0, p.1]).filter(|v| v.is_finite());
    let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    let mut band: Vec<(f64, f64)> = bins.iter().filter_map(|b| Some((b.predicted, b.interval?.0))).collect();
    band.extend(bins.iter().rev().filter_map(|b| Some((b.predicted, b.interval?.1))));
    let scale = |name: &str| Axis { name: name.to_owned(), at_least: None, shares: is_share, write: None };
    lines(&Lines {
        title: titled("Does it come true?", facts, class),
        x: scale("predicted"),
        y: scale("actual"),
        lines: vec![
            line("95 % interval", FIRST, Look::Band, band),
            line("exactly right", MUTED, Look::Reference, vec![(low, low), (high, high)]),
            line(&format!("tenths of the {}", facts.judged_rows()), FIRST, Look::Both, points),
        ],
    })
}

/// Bins of the chart of scores, about.
const BINS: usize = 20;

pub(super) fn scores(facts: &Facts, j: &Judged<'_>, class: Option<usize>) -> Result<String> {
    let is_share = facts.task != Task::Regression;
    let finite = || j.scores.iter().copied().filter(|s| s.is_finite());
    let (mut low, mut high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if is_share {
        (low, high) = (0.0, if high > 0.5 { 1.0 } else { high });
    }
    // Round numbers of bins' ends, so that a reader knows which they are.
    let step = round_step((high - low) / BINS as f64);
    low = (low / step).floor() * step;
    let bins = (((high - low) / step).ceil() as usize).clamp(1, 2 * BINS);
    // By bin: rows of the class and others; of numbers all rows.
    let mut counts = vec![[0.0f64; 2]; bins];
    let weight = |i: usize| j.weight.map_or(1.0, |w| w[i]);
    for (i, score) in j.scores.iter().enumerate().filter(|(_, s)| s.is_finite()) {
        let bin = (((score - low) / step) as usize).min(bins - 1);
        counts[bin][usize::from(is_share && j.actual[i] < 0.5)] += weight(i);
    }
    let total = |k: usize| counts.iter().map(|c| c[k]).sum::<f64>();
    let totals = [total(0), total(1)];
    let share = |count: f64, k: usize| if totals[k] > 0.0 { count / totals[k] } else { f64::NAN };
    let write = writer(facts);
    let groups: Vec<Column> = counts
        .iter()
        .enumerate()
        .map(|(i, c)| Column {
            name: write(low + step * i as f64),
            values: if is_share { vec![share(c[0], 0), share(c[1], 1)] } else { vec![share(c[0], 0)] },
        })
        .collect();
    let target = facts.target.as_deref().unwrap_or("");
    let meanings = match class.filter(|_| is_share) {
        Some(class) => vec![
            Meaning::new(format!("{target} is {}", facts.class_name(class)), FIRST),
            Meaning::new("the others", SECOND),
        ],
        None => vec![Meaning::new("all rows", FIRST)],
    };
    columns("Which scores are given", ("score", "share of the rows"), &meanings, &groups, percent)
}

pub(super) fn cuts(facts: &Facts, j: &Judged<'_>, class: Option<usize>) -> Result<String> {
    let all = thresholds(&j.scores, &j.positive(), j.weight, None, None);
    let all = thin(&all.iter().collect::<Vec<_>>());
    let of = |value: fn(&crate::judge::Threshold) -> Option<f64>| -> Vec<(f64, f64)> {
        all.iter().filter_map(|t| Some((t.threshold, value(t)?))).filter(|p| (0.0..=1.0).contains(&p.0)).collect()
    };
    lines(&Lines {
        title: titled("What a threshold does", facts, class),
        // Of rare classes no score comes near 1.
        x: Axis { at_least: None, ..shares("threshold") },
        y: shares("share"),
        lines: vec![
            line("precision", LINES[0], Look::Line, of(|t| t.precision)),
            line("recall", LINES[1], Look::Line, of(|t| t.recall)),
            line("share of the rows selected", LINES[2], Look::Line, of(|t| t.contacted_share)),
        ],
    })
}

pub(super) fn confusion_chart(facts: &Facts) -> Result<Option<String>> {
    let Task::Classification { classes, positive } = &facts.task else { return Ok(None) };
    let Some((held, HeldActual::Class(actual))) = facts.held.as_ref().map(|h| (h, &h.actual)) else { return Ok(None) };
    let count = classes.len();
    let other = (0..count as u32).find(|c| c != positive).unwrap_or(*positive);
    let predicted: Vec<u32> = match count {
        0..=2 => held.scores.iter().map(|p| if *p >= 0.5 { *positive } else { other }).collect(),
        _ => held.scores.chunks_exact(count).map(|row| most_probable(row) as u32).collect(),
    };
    let counts = confusion(actual, &predicted, count, held.weight.as_deref());
    let title =
        if count <= 2 { "Actual and predicted classes, at a threshold of 0.5" } else { "Actual and predicted classes" };
    grid(title, &Grid { names: classes.clone(), counts }).map(Some)
}

pub(super) fn residuals(facts: &Facts, j: &Judged<'_>) -> Result<String> {
    let target = facts.target.as_deref().unwrap_or("");
    // The rows are in the order of a hash, so the first are a fair sample.
    let points: Vec<(f64, f64)> = j.scores.iter().copied().zip(j.actual.iter().copied()).take(1_500).collect();
    let finite = || points.iter().map(|p| p.0).filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    lines(&Lines {
        title: "Predicted and actual".to_owned(),
        x: axis(&format!("predicted {target}")),
        y: axis(&format!("actual {target}")),
        lines: vec![
            line(facts.judged_rows(), FIRST, Look::Points, points),
            line("exactly right", SECOND, Look::Reference, vec![(low, low), (high, high)]),
        ],
    })
}
