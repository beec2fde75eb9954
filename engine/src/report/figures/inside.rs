//! Charts of what is inside a model: its trees, what it looks at, how answers depend on columns.

use crate::error::Result;
use crate::learn::train::EpochPoint;
use crate::model::{date_text, Task};
use crate::report::facts::{Effects, Facts, Values};
use crate::report::plot::theme::{number, percent, FIRST, SECOND};
use crate::report::plot::{bars, lines, map, swarm, Axis, Bar, Dot, Lines, Look, Row};

use super::{axis, line, titled, writer};

pub(super) fn learning_curve(facts: &Facts) -> Result<Option<String>> {
    let points = &facts.insight.trees;
    let root = facts.task == Task::Regression;
    let value = |loss: Option<f64>| loss.map(|l| if root { l.max(0.0).sqrt() } else { l });
    let epochs = &facts.insight.epochs;
    if epochs.len() > 1 {
        let of = |loss: fn(&EpochPoint) -> Option<f64>| -> Vec<(f64, f64)> {
            epochs.iter().filter_map(|e| Some((f64::from(e.epoch), value(loss(e))?))).collect()
        };
        return lines(&Lines {
            title: "What more epochs are worth".to_owned(),
            x: axis("epoch"),
            y: axis(if root { "rmse" } else { "log loss" }),
            lines: vec![
                line("training rows", SECOND, Look::Line, of(|e| Some(e.training_loss))),
                line("watched rows", FIRST, Look::Line, of(|e| e.validation_loss)),
            ],
        })
        .map(Some);
    }
    if points.len() < 2 {
        return Ok(None);
    }
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

pub(super) fn importance(facts: &Facts) -> Result<Option<String>> {
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

pub(super) fn shap(facts: &Facts, class: Option<usize>) -> Result<Option<String>> {
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
    swarm(&titled("How columns move answers, a dot a row", facts, class), x, &rows).map(Some)
}

/// How the answer depends on a column.
pub(in crate::report) fn effects(facts: &Facts, effects: &Effects, class: Option<usize>) -> Result<String> {
    let title = format!("The answer by {}", effects.column);
    let y = match &facts.task {
        Task::Regression => "mean answer".to_owned(),
        Task::Classification { classes, .. } if classes.len() > 2 => {
            format!("mean probability of {}", class.map_or("", |class| facts.class_name(class)))
        }
        _ => "mean probability".to_owned(),
    };
    let is_share = facts.task != Task::Regression;
    let mut write: Option<fn(f64) -> String> = None;
    let values: &[f64] = match &effects.values {
        Values::Names(names) => {
            let bar = |(name, a): (&String, &(f64, f64, f64))| Bar { name: name.clone(), value: a.0, interval: None };
            let all: Vec<Bar> = names.iter().zip(&effects.answers).map(bar).collect();
            return bars(&title, &y, FIRST, &all, writer(facts));
        }
        Values::Numbers(values) => values,
        Values::Days(values) => {
            write = Some(date_text);
            values
        }
    };
    let known = |(value, a): &(f64, (f64, f64, f64))| [*value, a.0, a.1, a.2].iter().all(|v| v.is_finite());
    let mut answers: Vec<(f64, (f64, f64, f64))> =
        values.iter().copied().zip(effects.answers.iter().copied()).filter(known).collect();
    // The answer at the last value holds for a step as wide as the one before, or a tenth of all.
    if let [first, .., before, last] = answers[..] {
        answers.push((last.0 + (last.0 - before.0).min((last.0 - first.0) / 10.0), last.1));
    }
    let at = |part: fn((f64, f64, f64)) -> f64| answers.iter().map(move |(value, a)| (*value, part(*a)));
    let mut band: Vec<(f64, f64)> = at(|a| a.1).collect();
    band.extend(at(|a| a.2).collect::<Vec<_>>().into_iter().rev());
    lines(&Lines {
        title,
        x: Axis { name: effects.column.clone(), write, ..Axis::default() },
        y: Axis { name: y, shares: is_share, ..Axis::default() },
        lines: vec![
            line("eight of ten rows", FIRST, Look::BandOfSteps, band),
            line("mean answer", FIRST, Look::Steps, at(|a| a.0).collect()),
        ],
    })
}

pub(super) fn segment_map(facts: &Facts) -> Result<Option<String>> {
    let plane = facts.segments.as_ref().and_then(|s| s.map.as_ref());
    plane.map(|plane| map("Where the segments lie", plane)).transpose()
}

/// What each component explains, and all up to it.
pub(super) fn explained_variance(facts: &Facts) -> Result<Option<String>> {
    if facts.components.is_empty() {
        return Ok(None);
    }
    let own: Vec<(f64, f64)> = (1..).zip(&facts.components).map(|(i, c)| (f64::from(i), c.ratio)).collect();
    let mut sum = 0.0;
    let all: Vec<(f64, f64)> = own
        .iter()
        .map(|(i, ratio)| {
            sum += ratio;
            (*i, sum.min(1.0))
        })
        .collect();
    lines(&Lines {
        title: "What the components explain".to_owned(),
        x: axis("component"),
        y: Axis { name: "share of the variance".to_owned(), at_least: Some((0.0, 1.0)), shares: true, write: None },
        lines: vec![line("all up to it", SECOND, Look::Both, all), line("the component", FIRST, Look::Both, own)],
    })
    .map(Some)
}

pub(super) fn segments(facts: &Facts) -> Result<String> {
    let all: u64 = facts.sizes.iter().sum();
    let bar = |(i, size): (usize, &u64)| Bar {
        name: match facts.segments.as_ref().and_then(|s| s.all.get(i)) {
            Some(story) => format!("{} {}", i + 1, story.name),
            None => format!("segment {}", i + 1),
        },
        value: *size as f64 / all.max(1) as f64,
        interval: None,
    };
    let all: Vec<Bar> = facts.sizes.iter().enumerate().map(bar).collect();
    bars("The sizes of the segments", "share of the training rows", FIRST, &all, percent)
}
