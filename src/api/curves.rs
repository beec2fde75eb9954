//! Curves and tables of what a model said and what came true, a row a point.

use orchard_engine::judge::{self, Money, Strategy};
use orchard_engine::model::{HeldActual, Task};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::Value;

use super::amount::Amount;
use super::insight::no_target;
use super::judged::{class_at, judged, Judged, Wish};
use crate::catalog::{self, cache};
use crate::error::{report, Failure, Result};

/// A threshold that is not given.
const USUAL_THRESHOLD: f64 = 0.5;

/// More buckets or bins than this are refused.
const MOST_BUCKETS: i32 = 10_000;

/// The ROC curve.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn roc_curve(
    model: Option<&str>,
    source: Option<&str>,
    class: Option<&str>,
) -> TableIterator<'static, (name!(threshold, f64), name!(tpr, Option<f64>), name!(fpr, Option<f64>))> {
    let points = report(|| {
        let two = two_classes("roc_curve", model, source, class, &Wish::default())?;
        Ok(judge::roc_curve(&two.scores, &two.positive, two.weight()))
    });
    TableIterator::new(points.into_iter().map(|p| (p.threshold, p.tpr, p.fpr)))
}

/// The precision-recall curve.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn precision_recall_curve(
    model: Option<&str>,
    source: Option<&str>,
    class: Option<&str>,
) -> TableIterator<'static, (name!(threshold, f64), name!(precision, Option<f64>), name!(recall, Option<f64>))> {
    let points = report(|| {
        let two = two_classes("precision_recall_curve", model, source, class, &Wish::default())?;
        Ok(judge::precision_recall_curve(&two.scores, &two.positive, two.weight()))
    });
    TableIterator::new(points.into_iter().map(|p| (p.threshold, p.precision, p.recall)))
}

/// Buckets of rows by their scores.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn lift(
    model: Option<&str>,
    source: Option<&str>,
    buckets: Option<i32>,
    class: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(bucket, i32),
        name!(rows, i64),
        name!(actual, Option<f64>),
        name!(predicted, Option<f64>),
        name!(cumulative_gain, Option<f64>),
        name!(lift, Option<f64>),
        name!(cumulative_lift, Option<f64>),
        name!(lowest, f64),
        name!(highest, f64),
    ),
> {
    let found = report(|| {
        let buckets = number_of("buckets", buckets)?;
        let measured = measured("lift", model, source, class)?;
        Ok(judge::lift(&measured.scores, &measured.actual, measured.weight.as_deref(), buckets))
    });
    TableIterator::new(found.into_iter().enumerate().map(|(i, b)| {
        let rows = b.rows as i64;
        let lifts = (b.cumulative_gain, b.lift, b.cumulative_lift);
        (i as i32 + 1, rows, b.actual, b.predicted, lifts.0, lifts.1, lifts.2, b.lowest, b.highest)
    }))
}

/// Whether what the model says comes true.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn calibration(
    model: Option<&str>,
    source: Option<&str>,
    bins: Option<i32>,
    strategy: Option<&str>,
    class: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(bucket, i32),
        name!(rows, i64),
        name!(predicted, f64),
        name!(actual, f64),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
    ),
> {
    let found = report(|| {
        let bins = number_of("bins", bins)?;
        let strategy = match strategy.unwrap_or("quantile") {
            "quantile" => Strategy::Quantile,
            "uniform" => Strategy::Uniform,
            other => {
                return Err(Failure::argument(format!("unknown strategy \"{other}\""))
                    .hint("Valid strategies are quantile and uniform."))
            }
        };
        let m = measured("calibration", model, source, class)?;
        Ok(judge::calibration(&m.scores, &m.actual, m.weight.as_deref(), bins, strategy, m.shares))
    });
    TableIterator::new(found.into_iter().enumerate().map(|(i, b)| {
        let (low, high) = b.interval.unzip();
        (i as i32 + 1, b.rows as i64, b.predicted, b.actual, low, high)
    }))
}

/// Actual and predicted class, the weight of the rows, and their share of those of the actual class.
type Cell = (String, String, f64, Option<f64>);

/// Rows by actual and predicted class.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn confusion_matrix(
    model: Option<&str>,
    source: Option<&str>,
    threshold: Option<f64>,
) -> TableIterator<
    'static,
    (name!(actual, String), name!(predicted, String), name!(rows, f64), name!(share_of_actual, Option<f64>)),
> {
    TableIterator::new(report(|| confusion(model, source, threshold)))
}

fn confusion(model: Option<&str>, source: Option<&str>, threshold: Option<f64>) -> Result<Vec<Cell>> {
    let Judged { scorer, held, .. } = of_model("confusion_matrix", model, source, &Wish::default())?;
    let Task::Classification { classes, positive } = &scorer.model().task else {
        return Err(no_classes("confusion_matrix"));
    };
    let HeldActual::Class(actual) = &held.actual else { return Ok(Vec::new()) };
    let count = classes.len();
    let predicted: Vec<u32> = if count <= 2 {
        let threshold = threshold.unwrap_or(USUAL_THRESHOLD);
        if threshold.is_nan() {
            return Err(
                Failure::argument("threshold must be a number").hint("Give a probability, or leave it out for 0.5.")
            );
        }
        let other = (0..count as u32).find(|class| class != positive).unwrap_or(*positive);
        held.scores.iter().map(|p| if *p >= threshold { *positive } else { other }).collect()
    } else {
        if threshold.is_some() {
            return Err(Failure::argument("a threshold parts two classes, and the model has more")
                .hint("Leave it out: each row is predicted to be of its most probable class."));
        }
        held.scores.chunks_exact(count).map(|row| judge::most_probable(row) as u32).collect()
    };
    let table = judge::confusion(actual, &predicted, count, held.weight.as_deref());
    let cell = |i: usize| {
        let (a, p) = (i / count, i % count);
        let all: f64 = table[a * count..(a + 1) * count].iter().sum();
        (classes[a].clone(), classes[p].clone(), table[i], (all > 0.0).then(|| table[i] / all))
    };
    Ok((0..table.len()).map(cell).collect())
}

/// Every useful threshold with what it finds and earns.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn thresholds(
    model: Option<&str>,
    source: Option<&str>,
    options: Option<crate::json::JsonArgument>,
    class: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(threshold, f64),
        name!(contacted_share, Option<f64>),
        name!(precision, Option<f64>),
        name!(recall, Option<f64>),
        name!(f1, Option<f64>),
        name!(profit, Option<f64>),
        name!(best, bool),
        name!(contacted, i64),
    ),
> {
    let cuts = report(|| {
        let options = options.map_or(Value::Null, |o| o.0);
        let [value, cost] = amounts(&options)?;
        let columns: Vec<&str> = [&value, &cost].into_iter().flatten().filter_map(Amount::column).collect();
        if source.is_none() && !columns.is_empty() {
            return Err(Failure::argument("the held-out rows are kept without their columns")
                .hint("Give a source that has the columns and the target, or a number."));
        }
        let two = two_classes("thresholds", model, source, class, &Wish { numbers: columns, ..Wish::default() })?;
        let mut next = two.numbers.iter();
        let mut money = |amount: &Option<Amount>| match amount.as_ref()? {
            Amount::Flat(number) => Some(Money::Flat(*number)),
            Amount::Column(_) => next.next().map(|values| Money::Rows(values)),
        };
        let (value, cost) = (money(&value), money(&cost));
        Ok(judge::thresholds(&two.scores, &two.positive, two.weight(), value, cost))
    });
    TableIterator::new(
        cuts.into_iter().map(|c| {
            (c.threshold, c.contacted_share, c.precision, c.recall, c.f1, c.profit, c.best, c.contacted as i64)
        }),
    )
}

/// The amounts that the options name: value_per_positive and cost_per_contact.
fn amounts(options: &Value) -> Result<[Option<Amount>; 2]> {
    const KEYS: [&str; 2] = ["value_per_positive", "cost_per_contact"];
    let none = serde_json::Map::new();
    let map = match options {
        Value::Object(map) => map,
        Value::Null => &none,
        _ => {
            return Err(Failure::argument("options must be a JSON object")
                .hint("Write for example '{\"value_per_positive\": 40, \"cost_per_contact\": 1.5}'."))
        }
    };
    if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Failure::argument(format!("unrecognized option \"{key}\""))
            .hint("Valid options are value_per_positive and cost_per_contact."));
    }
    let amount = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Amount::read(value).map(Some).ok_or_else(|| {
            Failure::argument(format!("option \"{key}\" must be a number or the name of a column"))
                .hint("It is what each row brings or costs.")
        }),
    };
    Ok([amount(KEYS[0])?, amount(KEYS[1])?])
}

/// What a regression said and what came true, row by row.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn residuals(
    model: Option<&str>,
    source: Option<&str>,
) -> TableIterator<
    'static,
    (name!(row, i64), name!(actual, f64), name!(predicted, f64), name!(residual, f64), name!(weight, Option<f64>)),
> {
    let judged = report(|| {
        let judged = of_model("residuals", model, source, &Wish::default())?;
        match judged.scorer.model().task {
            Task::Regression => Ok(judged.held),
            _ => Err(Failure::argument("residuals are those of a regression")
                .hint("orchard.calibration compares probabilities with what came true.")),
        }
    });
    let HeldActual::Number(actual) = judged.actual else { return TableIterator::empty() };
    let weight = judged.weight;
    TableIterator::new(actual.into_iter().zip(judged.scores).enumerate().map(move |(i, (actual, predicted))| {
        (i as i64 + 1, actual, predicted, actual - predicted, weight.as_ref().map(|w| w[i]))
    }))
}

pub(super) fn number_of(what: &str, count: Option<i32>) -> Result<usize> {
    match count.unwrap_or(10) {
        count @ 1..=MOST_BUCKETS => Ok(count as usize),
        _ => Err(Failure::argument(format!("{what} must be between 1 and {MOST_BUCKETS}"))
            .hint("Ten are usual, and a hundred are fine for many rows.")),
    }
}

fn of_model(call: &str, model: Option<&str>, source: Option<&str>, wish: &Wish<'_>) -> Result<Judged> {
    let found = catalog::of_argument(model)?;
    if !cache::deployed(&found)?.model().task.has_target() {
        return Err(no_target(call));
    }
    judged(&found, source, wish)
}

fn no_classes(call: &str) -> Failure {
    Failure::argument(format!("orchard.{call} is for classifications, and the model predicts a number"))
        .hint("orchard.evaluate, lift, calibration and residuals judge a regression.")
}

/// One class against the others.
struct TwoClasses {
    scores: Vec<f64>,
    positive: Vec<bool>,
    weight: Option<Vec<f64>>,
    numbers: Vec<Vec<f64>>,
}

impl TwoClasses {
    fn weight(&self) -> Option<&[f64]> {
        self.weight.as_deref()
    }
}

fn two_classes(
    call: &str,
    model: Option<&str>,
    source: Option<&str>,
    class: Option<&str>,
    wish: &Wish<'_>,
) -> Result<TwoClasses> {
    against_others(call, of_model(call, model, source, wish)?, class)
}

/// Take a class, or that of the model where it has two, against the others.
fn against_others(call: &str, judged: Judged, class: Option<&str>) -> Result<TwoClasses> {
    let Judged { scorer, held, numbers, .. } = judged;
    let Task::Classification { classes, positive } = &scorer.model().task else { return Err(no_classes(call)) };
    let HeldActual::Class(actual) = held.actual else {
        return Err(Failure::internal("a classification was judged without classes"));
    };
    let class = match class {
        Some(label) => class_at(classes, label)? as u32,
        None if classes.len() <= 2 => *positive,
        None => {
            return Err(Failure::argument(format!("the model has {} classes", classes.len()))
                .detail(format!("The classes are {}.", classes.join(", ")))
                .hint("Name the one to look at against the others: class => 'label'."))
        }
    };
    let scores = match classes.len() {
        0..=2 if class == *positive => held.scores,
        0..=2 => held.scores.iter().map(|p| 1.0 - p).collect(),
        count => held.scores.chunks_exact(count).map(|row| row[class as usize]).collect(),
    };
    let positive = actual.iter().map(|a| *a == class).collect();
    Ok(TwoClasses { scores, positive, weight: held.weight, numbers })
}

/// Scores and the truth as a number: a class against the others as 0 and 1, or the target.
struct Measured {
    scores: Vec<f64>,
    actual: Vec<f64>,
    weight: Option<Vec<f64>>,
    /// Whether the truth is 0 or 1.
    shares: bool,
}

fn measured(call: &str, model: Option<&str>, source: Option<&str>, class: Option<&str>) -> Result<Measured> {
    let judged = of_model(call, model, source, &Wish::default())?;
    if judged.scorer.model().task != Task::Regression {
        let two = against_others(call, judged, class)?;
        let actual = two.positive.iter().map(|y| f64::from(u8::from(*y))).collect();
        return Ok(Measured { scores: two.scores, actual, weight: two.weight, shares: true });
    }
    if class.is_some() {
        return Err(Failure::argument("the model predicts a number and has no classes").hint("Leave class out."));
    }
    let HeldActual::Number(actual) = judged.held.actual else {
        return Err(Failure::internal("a regression was judged without numbers"));
    };
    Ok(Measured { scores: judged.held.scores, actual, weight: judged.held.weight, shares: false })
}
