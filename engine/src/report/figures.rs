//! The charts of a model.

use crate::error::Result;
use crate::judge::{
    calibration, confusion, lift, most_probable, precision_recall_curve, roc_curve, thresholds, Strategy,
};
use crate::model::{date_text, HeldActual, Task};

use super::facts::{Effects, Facts, Judged, Values};
use super::plot::theme::{number, percent, Shade, FIRST, LINES, MUTED, SECOND};
use super::plot::{bars, columns, grid, lines, swarm, Axis, Bar, Column, Dot, Grid, Line, Lines, Look, Meaning, Row};

/// A chart of a model. A report has them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Actual and predicted by tenths of the rows.
    Lift,
    /// The share of the positives that is reached with a share of the rows.
    Gain,
    /// True and false positives by threshold.
    Roc,
    /// Precision and recall by threshold.
    PrecisionRecall,
    /// Whether what is said comes true.
    Calibration,
    /// How often which score is given.
    Scores,
    /// Precision, recall and the share of selected rows by threshold.
    Thresholds,
    /// Actual and predicted classes.
    ConfusionMatrix,
    /// Actual by predicted numbers.
    Residuals,
    /// Loss by the number of trees.
    LearningCurve,
    /// What columns are worth.
    Importance,
    /// How columns move answers.
    Shap,
    /// How the answer depends on a column.
    PartialDependence,
    /// The sizes of segments.
    Segments,
}

impl Figure {
    /// All of them.
    pub const ALL: [Figure; 14] = [
        Figure::Lift,
        Figure::Gain,
        Figure::Roc,
        Figure::PrecisionRecall,
        Figure::Calibration,
        Figure::Scores,
        Figure::Thresholds,
        Figure::ConfusionMatrix,
        Figure::Residuals,
        Figure::LearningCurve,
        Figure::Importance,
        Figure::Shap,
        Figure::PartialDependence,
        Figure::Segments,
    ];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Lift => "lift",
            Figure::Gain => "gain",
            Figure::Roc => "roc_curve",
            Figure::PrecisionRecall => "precision_recall_curve",
            Figure::Calibration => "calibration",
            Figure::Scores => "scores",
            Figure::Thresholds => "thresholds",
            Figure::ConfusionMatrix => "confusion_matrix",
            Figure::Residuals => "residuals",
            Figure::LearningCurve => "learning_curve",
            Figure::Importance => "importance",
            Figure::Shap => "shap",
            Figure::PartialDependence => "partial_dependence",
            Figure::Segments => "segments",
        }
    }

    /// The chart of a name.
    pub fn parse(name: &str) -> Option<Figure> {
        Figure::ALL.into_iter().find(|f| f.name().eq_ignore_ascii_case(name))
    }

    /// Whether it needs rows of the source.
    pub fn needs_rows(self) -> bool {
        matches!(self, Figure::Shap | Figure::PartialDependence)
    }

    /// Whether there is such a chart for a task.
    pub fn is_for(self, task: &Task) -> bool {
        let two_or_more = matches!(task, Task::Classification { .. });
        match self {
            Figure::Segments => *task == Task::Clustering,
            _ if *task == Task::Clustering => false,
            Figure::Residuals => *task == Task::Regression,
            Figure::Gain | Figure::Roc | Figure::PrecisionRecall | Figure::Thresholds | Figure::ConfusionMatrix => {
                two_or_more
            }
            _ => true,
        }
    }
}

/// Draw a chart. Of several classes `class` is looked at against the others, except where all can be shown. `None` where the version has not what
/// the chart shows. [`Figure::PartialDependence`] shows the first of the effects.
pub fn draw(figure: Figure, facts: &Facts, class: Option<usize>) -> Result<Option<String>> {
    let class = class.or_else(|| facts.class());
    let judged = || facts.judged(class).filter(|j| !j.scores.is_empty());
    Ok(match figure {
        Figure::Lift => judged().map(|j| lift_chart(facts, &j, class)).transpose()?,
        Figure::Gain => judged().map(|j| gain(&j)).transpose()?,
        Figure::Roc => all_classes(facts, class).map(|rows| roc(&rows)).transpose()?,
        Figure::PrecisionRecall => all_classes(facts, class).map(|rows| precision_recall(&rows)).transpose()?,
        Figure::Calibration => judged().map(|j| calibration_chart(facts, &j)).transpose()?,
        Figure::Scores => judged().map(|j| scores(facts, &j, class)).transpose()?,
        Figure::Thresholds => judged().map(|j| cuts(&j)).transpose()?,
        Figure::ConfusionMatrix => confusion_chart(facts)?,
        Figure::Residuals => judged().map(|j| residuals(facts, &j)).transpose()?,
        Figure::LearningCurve => learning_curve(facts)?,
        Figure::Importance => importance(facts)?,
        Figure::Shap => shap(facts)?,
        Figure::PartialDependence => facts.effects.first().map(|e| effects(facts, e)).transpose()?,
        Figure::Segments => Some(segments(facts)?),
    })
}

/// A hundred points or so of many, the first and the last among them.
fn thin<T: Copy>(points: &[T]) -> Vec<T> {
    const MOST: usize = 200;
    if points.len() <= MOST {
        return points.to_vec();
    }
    (0..MOST).map(|i| points[i * (points.len() - 1) / (MOST - 1)]).collect()
}

fn shares(name: &str) -> Axis {
    Axis { name: name.to_owned(), at_least: Some((0.0, 1.0)), shares: true, write: None }
}

fn axis(name: &str) -> Axis {
    Axis { name: name.to_owned(), ..Axis::default() }
}

fn line(name: &str, shade: Shade, look: Look, points: Vec<(f64, f64)>) -> Line {
    Line { name: name.to_owned(), shade, look, points }
}

/// How numbers of the answer are written.
fn writer(facts: &Facts) -> fn(f64) -> String {
    match facts.task {
        Task::Regression => number,
        _ => percent,
    }
}

fn answer(facts: &Facts, class: Option<usize>) -> String {
    let target = facts.target.as_deref().unwrap_or("");
    match class {
        Some(class) => format!("share of {target} = {}", facts.class_name(class)),
        None => format!("mean {target}"),
    }
}

fn lift_chart(facts: &Facts, j: &Judged, class: Option<usize>) -> Result<String> {
    let buckets = lift(&j.scores, &j.actual, j.weight.as_deref(), 10);
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

fn gain(j: &Judged) -> Result<String> {
    let buckets = lift(&j.scores, &j.actual, j.weight.as_deref(), 100);
    let all: f64 = buckets.iter().map(|b| b.rows as f64).sum();
    let mut points = vec![(0.0, 0.0)];
    let mut reached = 0.0;
    for bucket in &buckets {
        reached += bucket.rows as f64 / all;
        points.push((reached, bucket.cumulative_gain.unwrap_or(f64::NAN)));
    }
    lines(&Lines {
        title: "How many are reached".to_owned(),
        x: shares("share of the rows, the highest scores first"),
        y: shares("share of the positives among them"),
        lines: vec![
            line("at random", MUTED, Look::Reference, vec![(0.0, 0.0), (1.0, 1.0)]),
            line("by the model", FIRST, Look::Line, points),
        ],
    })
}

/// A class with its rows, or several.
type Named = Vec<(String, Judged)>;

/// The rows of each class against the others, or of the one that is looked at.
fn all_classes(facts: &Facts, class: Option<usize>) -> Option<Named> {
    let Task::Classification { classes, .. } = &facts.task else { return None };
    let wanted: Vec<usize> = match (classes.len(), class) {
        (0..=2, class) => class.into_iter().collect(),
        (count, Some(first)) => {
            std::iter::once(first).chain((0..count).filter(|c| *c != first)).take(LINES.len()).collect()
        }
        (count, None) => (0..count.min(LINES.len())).collect(),
    };
    let rows = |class: usize| Some((facts.class_name(class).to_owned(), facts.judged(Some(class))?));
    wanted.into_iter().map(rows).collect::<Option<Named>>().filter(|n| n.iter().any(|(_, j)| !j.scores.is_empty()))
}

fn roc(rows: &Named) -> Result<String> {
    let mut all = vec![line("at random", MUTED, Look::Reference, vec![(0.0, 0.0), (1.0, 1.0)])];
    for ((name, j), shade) in rows.iter().zip(LINES) {
        let curve = roc_curve(&j.scores, &j.positive(), j.weight.as_deref());
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

fn precision_recall(rows: &Named) -> Result<String> {
    let mut all = Vec::new();
    let mut highest = 0.0f64;
    for ((name, j), shade) in rows.iter().zip(LINES) {
        let curve = precision_recall_curve(&j.scores, &j.positive(), j.weight.as_deref());
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

fn calibration_chart(facts: &Facts, j: &Judged) -> Result<String> {
    let is_share = facts.task != Task::Regression;
    let bins = calibration(&j.scores, &j.actual, j.weight.as_deref(), 10, Strategy::Quantile, is_share);
    let points: Vec<(f64, f64)> = bins.iter().map(|b| (b.predicted, b.actual)).collect();
    let ends = || points.iter().flat_map(|p| [p.0, p.1]).filter(|v| v.is_finite());
    let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    let mut band: Vec<(f64, f64)> = bins.iter().filter_map(|b| Some((b.predicted, b.interval?.0))).collect();
    band.extend(bins.iter().rev().filter_map(|b| Some((b.predicted, b.interval?.1))));
    let scale = |name: &str| Axis { name: name.to_owned(), at_least: None, shares: is_share, write: None };
    lines(&Lines {
        title: "Does it come true?".to_owned(),
        x: scale("predicted"),
        y: scale("actual"),
        lines: vec![
            line("95 % interval", FIRST, Look::Band, band),
            line("exactly right", MUTED, Look::Reference, vec![(low, low), (high, high)]),
            line(&format!("tenths of the {}", facts.judged_rows()), FIRST, Look::Both, points),
        ],
    })
}

/// Bins of the chart of scores.
const BINS: usize = 20;

fn scores(facts: &Facts, j: &Judged, class: Option<usize>) -> Result<String> {
    let is_share = facts.task != Task::Regression;
    let finite = || j.scores.iter().copied().filter(|s| s.is_finite());
    let (mut low, mut high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if is_share {
        (low, high) = (0.0, if high > 0.5 { 1.0 } else { high });
    }
    let span = if high > low { high - low } else { 1.0 };
    // By bin: rows of the class and others; of numbers all rows.
    let mut counts = vec![[0.0f64; 2]; BINS];
    let weight = |i: usize| j.weight.as_ref().map_or(1.0, |w| w[i]);
    for (i, score) in j.scores.iter().enumerate().filter(|(_, s)| s.is_finite()) {
        let bin = (((score - low) / span * BINS as f64) as usize).min(BINS - 1);
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
            name: write(low + span * i as f64 / BINS as f64),
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

fn cuts(j: &Judged) -> Result<String> {
    let all = thresholds(&j.scores, &j.positive(), j.weight.as_deref(), None, None);
    let all = thin(&all.iter().collect::<Vec<_>>());
    let of = |value: fn(&crate::judge::Threshold) -> Option<f64>| -> Vec<(f64, f64)> {
        all.iter().filter_map(|t| Some((t.threshold, value(t)?))).filter(|p| (0.0..=1.0).contains(&p.0)).collect()
    };
    lines(&Lines {
        title: "What a threshold does".to_owned(),
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

fn confusion_chart(facts: &Facts) -> Result<Option<String>> {
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

fn residuals(facts: &Facts, j: &Judged) -> Result<String> {
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

fn learning_curve(facts: &Facts) -> Result<Option<String>> {
    let points = &facts.insight.trees;
    if points.len() < 2 {
        return Ok(None);
    }
    let root = facts.task == Task::Regression;
    let value = |loss: Option<f64>| loss.map(|l| if root { l.max(0.0).sqrt() } else { l });
    let of = |loss: fn(&crate::learn::train::TreesPoint) -> Option<f64>| -> Vec<(f64, f64)> {
        points.iter().filter_map(|p| Some((f64::from(p.trees), value(loss(p))?))).collect()
    };
    lines(&Lines {
        title: "What more trees are worth".to_owned(),
        x: axis("trees"),
        y: axis(if root { "rmse" } else { "log loss" }),
        lines: vec![
            line("training rows", SECOND, Look::Both, of(|p| p.training_loss)),
            line("held-out rows", FIRST, Look::Both, of(|p| p.holdout_loss)),
        ],
    })
    .map(Some)
}

/// The kinds of importance, the most telling first, and what they are.
const KINDS: [(&str, &str); 3] = [
    ("permutation", "what the headline metric loses when the column is shuffled, on held-out rows"),
    ("mean_abs_shap", "how far the column moves an answer on average"),
    ("gain", "the share of what the splits of the trees gain"),
];

/// Dots of a column.
const MOST_DOTS: usize = 300;
/// The columns shown.
const MOST_COLUMNS: usize = 20;

fn importance(facts: &Facts) -> Result<Option<String>> {
    let kind = KINDS.into_iter().find(|(kind, _)| facts.importance.iter().any(|i| i.kind == *kind));
    let Some((kind, meaning)) = kind else { return Ok(None) };
    let mut own: Vec<_> = facts.importance.iter().filter(|i| i.kind == kind).collect();
    own.sort_by(|a, b| b.value.total_cmp(&a.value));
    let bar =
        |i: &&crate::learn::train::Importance| Bar { name: i.feature.clone(), value: i.value, interval: i.interval };
    let all: Vec<Bar> = own.iter().take(MOST_COLUMNS).map(bar).collect();
    let text = if kind == "gain" { percent } else { number };
    bars("What the columns are worth", meaning, FIRST, &all, text).map(Some)
}

fn shap(facts: &Facts) -> Result<Option<String>> {
    if facts.influences.is_empty() {
        return Ok(None);
    }
    let mut own: Vec<_> = facts.influences.iter().collect();
    own.sort_by(|a, b| b.size().total_cmp(&a.size()));
    // The sample is in the order of a hash, so the first are a fair sample of it.
    let dots =
        |rows: &[(f64, Option<f64>)]| rows.iter().take(MOST_DOTS).map(|&(value, level)| Dot { value, level }).collect();
    let rows: Vec<Row> = own.iter().take(12).map(|i| Row { name: i.column.clone(), dots: dots(&i.rows) }).collect();
    let x = match facts.task {
        Task::Regression => "moves the answer by",
        _ => "moves the probability by",
    };
    swarm("How columns move answers, a dot a row", x, &rows).map(Some)
}

/// How the answer depends on a column.
pub(super) fn effects(facts: &Facts, effects: &Effects) -> Result<String> {
    let title = format!("The answer by {}", effects.column);
    let y = match facts.task {
        Task::Regression => "mean answer".to_owned(),
        _ => "mean probability".to_owned(),
    };
    let is_share = facts.task != Task::Regression;
    let mut write: Option<fn(f64) -> String> = None;
    let values: &[f64] = match &effects.values {
        Values::Names(names) => {
            let column = |(name, a): (&String, &(f64, f64, f64))| Column { name: name.clone(), values: vec![a.0] };
            let groups: Vec<Column> = names.iter().zip(&effects.answers).map(column).collect();
            let meanings = [Meaning::new("mean answer", FIRST)];
            return columns(&title, (&effects.column, &y), &meanings, &groups, writer(facts));
        }
        Values::Numbers(values) => values,
        Values::Days(values) => {
            write = Some(date_text);
            values
        }
    };
    let at = |part: fn(&(f64, f64, f64)) -> f64| values.iter().copied().zip(effects.answers.iter().map(part));
    let mut band: Vec<(f64, f64)> = at(|a| a.1).collect();
    band.extend(at(|a| a.2).collect::<Vec<_>>().into_iter().rev());
    lines(&Lines {
        title,
        x: Axis { name: effects.column.clone(), write, ..Axis::default() },
        y: Axis { name: y, shares: is_share, ..Axis::default() },
        lines: vec![
            line("eight of ten rows", FIRST, Look::Band, band),
            line("mean answer", FIRST, Look::Steps, at(|a| a.0).collect()),
        ],
    })
}

fn segments(facts: &Facts) -> Result<String> {
    let all: u64 = facts.sizes.iter().sum();
    let bar = |(i, size): (usize, &u64)| Bar {
        name: format!("segment {}", i + 1),
        value: *size as f64 / all.max(1) as f64,
        interval: None,
    };
    let all: Vec<Bar> = facts.sizes.iter().enumerate().map(bar).collect();
    bars("The sizes of the segments", "share of the training rows", FIRST, &all, percent)
}
