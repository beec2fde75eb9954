//! `orchard.evaluate`.

use orchard_engine::control::Control;
use orchard_engine::judge::{self, Metric};
use orchard_engine::learn::train::judge_rows;
use orchard_engine::model::{Body, HeldActual, HeldRows, Task};
use orchard_engine::score::projection::told;
use orchard_engine::score::{kmeans, mixture, Scorer};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::judged::{judged, Judged, Segments, Wish};
use crate::catalog::{self, cache, store, Found};
use crate::error::{report, Failure, Result};
use crate::{interrupt, settings};

/// A metric of all rows, or of a segment.
struct Row {
    metric: Metric,
    segment: Option<String>,
}

/// Judge the deployed version of a model.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn evaluate(
    model: Option<&str>,
    source: Option<&str>,
    by: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(metric, String),
        name!(value, Option<f64>),
        name!(note, String),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(segment, Option<String>),
    ),
> {
    let rows = report(|| {
        let found = catalog::of_argument(model)?;
        match (source, by) {
            (None, Some(_)) => Err(Failure::argument("the held-out rows are kept without their columns")
                .hint("Give a source that has the column to judge by, and the target.")),
            (Some(source), Some(by)) => by_segment(&found, source, by),
            (source, None) => {
                let metrics = overall(&found, source)?;
                Ok(metrics.into_iter().map(|metric| Row { metric, segment: None }).collect())
            }
        }
    });
    TableIterator::new(rows.into_iter().map(|Row { metric: m, segment }| {
        let (low, high) = m.interval.unzip();
        (m.name.to_string(), m.value, m.note, low.filter(|v| v.is_finite()), high.filter(|v| v.is_finite()), segment)
    }))
}

pub(super) fn overall(found: &Found, source: Option<&str>) -> Result<Vec<Metric>> {
    let task = cache::deployed(found)?.model().task.clone();
    if !task.has_target() && source.is_none() {
        return stored_metrics(found);
    }
    if let Some(source) = source {
        let scorer = cache::deployed(found)?;
        match task {
            Task::Recommendation => return super::recommend::evaluate(found, &scorer, source),
            Task::Forecast => return super::forecast::model::evaluate(found, &scorer, source),
            Task::Lifetime => return super::lifetime::model::evaluate(found, source),
            _ => {}
        }
    }
    let judged = judged(found, source, &Wish::default())?;
    match task {
        Task::Clustering => return Ok(clusters(&judged.scorer, &judged.columns, &judged.held.scores)),
        Task::Anomaly => return Ok(judge::anomalies(&judged.held.scores)),
        Task::Reduction => return reduction(&judged),
        Task::Classification { .. }
        | Task::Regression
        | Task::Recommendation
        | Task::Forecast
        | Task::Lifetime
        | Task::Uplift { .. } => {}
    }
    let mut metrics = judge_rows(&judged.scorer, &judged.held).0;
    if source.is_none() {
        // Of a forest, what its trees said of training rows they did not see.
        metrics.extend(stored_metrics(found)?.into_iter().filter(|m| m.name.starts_with("oob_")));
    }
    Ok(metrics)
}

/// The metrics that training found.
pub(super) fn stored_metrics(found: &Found) -> Result<Vec<Metric>> {
    let list = store::metrics(&found.deployed()?)?;
    let metric = |m: &serde_json::Value| Metric {
        name: m["metric"].as_str().unwrap_or_default().to_owned().into(),
        value: m["value"].as_f64(),
        note: m["note"].as_str().unwrap_or_default().to_owned(),
        interval: m["low"].as_f64().zip(m["high"].as_f64()),
    };
    Ok(list.as_array().map_or_else(Vec::new, |l| l.iter().map(metric).collect()))
}

/// Every metric of each segment, the largest first; of two classes with the rates that fairness asks for, as ratios to the largest segment.
fn by_segment(found: &Found, source: &str, by: &str) -> Result<Vec<Row>> {
    if let Some((does, _)) = cache::deployed(found)?.model().task.apart() {
        return Err(Failure::argument(format!("a model that {does} is not judged by a column"))
            .hint("Give the rows of one segment as the source: SELECT ... WHERE ..."));
    }
    let wish = Wish { by: Some(by), ..Wish::default() };
    let Judged { scorer, held, segments, .. } = judged(found, Some(source), &wish)?;
    if !scorer.model().task.is_answer() {
        return Err(Failure::argument("only models that predict a target are judged by a column")
            .hint("Group the rows: SELECT column, predict_<model>(...), count(*) ... GROUP BY 1, 2."));
    }
    let Some(Segments { labels, codes }) = segments else { return Ok(Vec::new()) };
    let mut rows_of: Vec<Vec<u32>> = vec![Vec::new(); labels.len()];
    codes.iter().enumerate().for_each(|(row, code)| rows_of[*code as usize].push(row as u32));
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| rows_of[b].len().cmp(&rows_of[a].len()).then_with(|| labels[a].cmp(&labels[b])));
    let mut rows = Vec::new();
    let mut largest: Option<Vec<Metric>> = None;
    for segment in order {
        pgrx::check_for_interrupts!();
        let mut metrics = judge_rows(&scorer, &part(&held, &rows_of[segment])).0;
        let reference = largest.get_or_insert_with(|| metrics.clone());
        if scorer.model().task.has_target() {
            let ratios = judge::ratios(&metrics, reference);
            metrics.extend(ratios);
        }
        let label = &labels[segment];
        rows.extend(metrics.into_iter().map(|metric| Row { metric, segment: label.clone() }));
    }
    Ok(rows)
}

/// Some of the rows.
fn part(held: &HeldRows, rows: &[u32]) -> HeldRows {
    let outputs = held.outputs as usize;
    let scores = rows.iter().flat_map(|r| &held.scores[*r as usize * outputs..(*r as usize + 1) * outputs]);
    let actual = match &held.actual {
        HeldActual::Class(codes) => HeldActual::Class(rows.iter().map(|r| codes[*r as usize]).collect()),
        HeldActual::Number(values) => HeldActual::Number(rows.iter().map(|r| values[*r as usize]).collect()),
        HeldActual::None => HeldActual::None,
        HeldActual::Treated { outcome, arms } => HeldActual::Treated {
            outcome: rows.iter().map(|r| outcome[*r as usize]).collect(),
            arms: rows.iter().map(|r| arms[*r as usize]).collect(),
        },
    };
    let weight = held.weight.as_ref().map(|w| rows.iter().map(|r| w[*r as usize]).collect());
    HeldRows { outputs: held.outputs, scores: scores.copied().collect(), actual, weight }
}

/// The metrics of components on rows of a source.
fn reduction(judged: &Judged) -> Result<Vec<Metric>> {
    let Body::Projection(body) = &judged.scorer.model().body else { return Ok(Vec::new()) };
    let control = Control::new(settings::max_memory());
    // Threads share the rows, not the count of the scorer's owners.
    let (columns, weight) = (&judged.columns, judged.held.weight.as_deref());
    let told = interrupt::run("orchard.evaluate", &control, || told(body, columns, weight, &control))?;
    Ok(judge::reduction(told.share(), told.error(body.dimensions), body.variance.len(), told.rows, "the rows"))
}

/// The metrics of a clustering on rows of a source.
fn clusters(scorer: &Scorer, columns: &[Vec<f64>], scores: &[f64]) -> Vec<Metric> {
    let Some(body) = scorer.model().body.as_segments() else { return Vec::new() };
    let mixture = match &scorer.model().body {
        Body::Mixture(mixture) => Some(mixture),
        _ => None,
    };
    let mut log_likelihood = 0.0;
    let mut sizes = vec![0u64; body.sizes.len()];
    let (mut inertia, mut noise) = (0.0, 0);
    let mut scratch = Vec::new();
    let mut row = vec![f64::NAN; columns.len()];
    for (r, segment) in scores.iter().enumerate() {
        row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[r]);
        // NaN is no segment.
        let Some(at) = (*segment as usize).checked_sub(1).filter(|at| *at < sizes.len()) else {
            noise += 1;
            continue;
        };
        sizes[at] += 1;
        if let Some(mixture) = mixture {
            log_likelihood += mixture::log_density(mixture, &row, &mut scratch);
        }
        inertia += kmeans::own_distance(body, &row, at, &mut scratch);
    }
    let mut metrics = judge::clustering(inertia, None, &sizes, scorer.model().body.noise().map(|_| noise));
    if let Some(mixture) = mixture {
        let mean = log_likelihood / scores.len() as f64 + mixture::log_volume(mixture);
        metrics.splice(..0, judge::mixture(mean, "the rows of the source", None));
    }
    metrics
}
