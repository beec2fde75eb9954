//! What a training saw beyond its metrics: `orchard.overfitting` and `orchard.learning_curve`.

use orchard_engine::clean::doctor::Finding;
use orchard_engine::control::Control;
use orchard_engine::judge::{self, more_is_better, COMPARED};
use orchard_engine::learn::train::{self, EpochPoint, Insight, Outcome, SizePoint};
use orchard_engine::model::Task;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::recipe::Recipe;
use super::sampled::with_source;
use super::train::{ready_to_read, Job};
use crate::catalog::relations::{self, ChunkKind, Id};
use crate::catalog::{self, cache, store, Found};
use crate::error::{report, Failure, Result};
use crate::{interrupt, settings};

/// Parts of the training rows that models are learned from to see what more rows are worth.
const SHARES: [f64; 6] = [0.1, 0.2, 0.4, 0.6, 0.8, 1.0];

/// Keep what the doctor said and which columns there were with the rest, and warn of a model that learned its rows by heart.
pub(super) fn warn(outcome: &mut Outcome, findings: &[Finding], job: &Job<'_>) {
    outcome.insight.columns = job.columns.get().cloned().unwrap_or_default();
    outcome.insight.findings = findings.iter().map(|f| f.detail.clone()).collect();
    if let Some(found) = outcome.insight.overfitting.as_ref().filter(|_| settings::warnings()) {
        Failure::new(PgSqlErrorCode::ERRCODE_WARNING, found.message.as_str())
            .detail(found.detail.as_str())
            .hint(found.hint.as_str())
            .warn();
    }
}

/// What training saw of the deployed version.
pub(super) fn insight(found: &Found) -> Result<Insight> {
    insight_of(&found.deployed()?)
}

/// What the training of a version saw.
pub(super) fn insight_of(version: &Id) -> Result<Insight> {
    let bytes = relations::chunks(version, ChunkKind::Insight)?;
    Ok(bytes.map_or_else(Insight::default, |bytes| Insight::read(&bytes)))
}

fn find(call: &str, model: Option<&str>) -> Result<Found> {
    let found = catalog::of_argument(model)?;
    match cache::deployed(&found)?.model().task {
        Task::Classification { .. } | Task::Regression => Ok(found),
        Task::Clustering
        | Task::Anomaly
        | Task::Reduction
        | Task::Recommendation
        | Task::Forecast
        | Task::Lifetime
        | Task::Uplift { .. } => Err(no_target(call)),
    }
}

/// The error of a model that predicts no target.
pub(super) fn no_target(call: &str) -> Failure {
    Failure::argument(format!("orchard.{call} is for models that predict a target"))
        .hint("orchard.evaluate judges models without a target.")
}

/// A metric on training and on held-out rows.
type Compared = (String, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>, &'static str);

/// Each metric on training and on held-out rows.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn overfitting(
    model: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(metric, String),
        name!(training, Option<f64>),
        name!(holdout, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(gap, Option<f64>),
        name!(verdict, &'static str),
    ),
> {
    TableIterator::new(report(|| {
        let found = find("overfitting", model)?;
        let insight = insight(&found)?;
        if insight.training.is_empty() {
            notice!("no rows were held out from this version, so training has nothing to be compared with");
        }
        Ok(compared(&insight, &store::metrics(&found.deployed()?)?))
    }))
}

/// Metrics with those of training beside them; a gap above 0 says that training rows look better.
pub(super) fn compared(insight: &Insight, metrics: &serde_json::Value) -> Vec<Compared> {
    let row = |m: &train::TrainingMetric| {
        let held = metrics.as_array()?.iter().find(|held| held["metric"].as_str() == Some(&m.metric))?;
        let better = COMPARED.contains(&m.metric.as_str()).then(|| more_is_better(&m.metric))?;
        let (holdout, low, high) = (held["value"].as_f64(), held["low"].as_f64(), held["high"].as_f64());
        let gap = holdout.map(|holdout| if better { m.value - holdout } else { holdout - m.value });
        let verdict = match (gap, low, high) {
            (None, ..) => "unknown",
            (Some(gap), ..) if gap <= 0.0 => "no better on training rows",
            (_, Some(low), Some(high)) if (low..=high).contains(&m.value) => "within chance",
            (_, Some(_), Some(_)) => "better on training rows",
            _ => "unknown",
        };
        Some((m.metric.clone(), Some(m.value), holdout, low, high, gap, verdict))
    };
    insight.training.iter().filter_map(row).collect()
}

/// The size of a model or of its training rows, a metric, and that on training and on held-out rows.
type Point = (i64, String, Option<f64>, Option<f64>);

/// What more trees or more rows are worth.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn learning_curve(
    model: Option<&str>,
    by: Option<&str>,
    source: Option<&str>,
) -> TableIterator<
    'static,
    (name!(size, i64), name!(metric, String), name!(training, Option<f64>), name!(holdout, Option<f64>)),
> {
    TableIterator::new(report(|| {
        let found = find("learning_curve", model)?;
        let kept = if by == Some("rows") { Insight::default() } else { insight(&found)? };
        let usual = if kept.epochs.is_empty() { "trees" } else { "epochs" };
        match by.unwrap_or(usual) {
            "rows" => by_rows(&found, source),
            by @ ("trees" | "epochs") if source.is_some() => {
                Err(Failure::argument(format!("a learning curve by {by} is kept from training and takes no source"))
                    .hint("Leave the source out, or ask by => 'rows'."))
            }
            "trees" => by_trees(&found, &kept),
            "epochs" => by_epochs(&found, &kept),
            other => Err(Failure::argument(format!("there is no learning curve by \"{other}\""))
                .hint("Write by => 'trees', by => 'epochs' or by => 'rows'.")),
        }
    }))
}

fn by_trees(found: &Found, insight: &Insight) -> Result<Vec<Point>> {
    let task = cache::deployed(found)?.model().task.clone();
    if insight.trees.is_empty() {
        notice!("this version has one tree, or no held-out rows, so it has no learning curve by trees");
    }
    let mut points = Vec::new();
    for p in &insight.trees {
        let size = i64::from(p.trees);
        points.push((size, judge::headline(&task).to_owned(), p.training, p.holdout));
        // The headline of a number is the root of its loss.
        if task != Task::Regression {
            points.push((size, "log_loss".to_owned(), p.training_loss, p.holdout_loss));
        }
    }
    Ok(points)
}

/// The losses of a network, epoch by epoch.
fn by_epochs(found: &Found, insight: &Insight) -> Result<Vec<Point>> {
    let task = cache::deployed(found)?.model().task.clone();
    if insight.epochs.is_empty() {
        notice!("this version is no network, so it has no learning curve by epochs");
    }
    let is_number = task == Task::Regression;
    let shown = |loss: f64| if is_number { loss.max(0.0).sqrt() } else { loss };
    let metric = if is_number { "rmse" } else { "log_loss" };
    let point = |e: &EpochPoint| {
        (i64::from(e.epoch), metric.to_owned(), Some(shown(e.training_loss)), e.validation_loss.map(shown))
    };
    Ok(insight.epochs.iter().map(point).collect())
}

/// Learn the deployed version again from parts of its rows.
fn by_rows(found: &Found, source: Option<&str>) -> Result<Vec<Point>> {
    catalog::check_owner(found)?;
    super::import::check_recipe(found)?;
    let previous = cache::deployed(found)?.model().task.clone();
    let control = Control::new(settings::max_memory());
    let request = with_source(found, source, |source| {
        let recipe = Recipe::of(found)?;
        let mut job = recipe.job(found, source);
        job.options.refit = false;
        ready_to_read(&job, Some(previous), &control)
    })?;
    let label = format!("orchard.learning_curve {}", found.row.name);
    let curve = interrupt::run(&label, &control, || train::learning_curve(request, &SHARES, &control))?;
    Ok(curve.iter().flat_map(of_size).collect())
}

fn of_size(point: &SizePoint) -> Vec<Point> {
    let is_compared = |name: &str| COMPARED.contains(&name);
    let of = |metric: &judge::Metric| {
        let own = point.training.iter().find(|m| m.name == metric.name).and_then(|m| m.value);
        (point.rows as i64, metric.name.to_string(), own, metric.value)
    };
    point.holdout.iter().filter(|m| is_compared(&m.name)).map(of).collect()
}
