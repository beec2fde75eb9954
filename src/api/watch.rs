//! `orchard.watch`: a check of a model on the rows of a source, which is kept, and told to who listens when a limit is passed.

use orchard_engine::judge::drift::{truth, Drift, Limits, Truth, Verdict};
use orchard_engine::judge::Metric;
use orchard_engine::learn::train::judge_rows;
use orchard_engine::model::{HeldActual, HeldRows};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::drift::{compared, limits};
use super::evaluate::stored_metrics;
use super::manage::owned;
use super::past::scored;
use super::sampled::with_source;
use crate::catalog::checks::{self, NewCheck};
use crate::catalog::{versions, Found};
use crate::error::{given, report, Failure, Result};

/// The most features that are named one by one.
const MOST_ALERTS: usize = 20;

/// When to tell.
struct Alarm {
    limits: Limits,
    max_drop: f64,
    max_bias: f64,
}

/// What was found.
struct Check {
    drift: Vec<Drift>,
    metrics: Vec<Metric>,
    truth: Truth,
    rows: i64,
}

type Row = (
    i32,
    &'static str,
    i64,
    Vec<String>,
    Option<String>,
    Option<f64>,
    Option<f64>,
    Option<&'static str>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
);

/// Check the deployed version and keep what was found.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn watch(
    model: Option<&str>,
    source: Option<&str>,
    score: Option<&str>,
    moderate: Option<f64>,
    drifted: Option<f64>,
    max_drop: Option<f64>,
    max_bias: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(step, i32),
        name!(verdict, &'static str),
        name!(rows, i64),
        name!(alerts, Vec<String>),
        name!(worst_feature, Option<String>),
        name!(worst_psi, Option<f64>),
        name!(score_psi, Option<f64>),
        name!(metric, Option<&'static str>),
        name!(value, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(reference, Option<f64>),
        name!(predicted, Option<f64>),
        name!(actual, Option<f64>),
    ),
> {
    TableIterator::once(report(|| {
        crate::catalog::check_writable(c"orchard.watch()");
        let alarm = Alarm {
            limits: limits(moderate, drifted)?,
            max_drop: not_negative("max_drop", max_drop, 0.0)?,
            max_bias: not_negative("max_bias", max_bias, 0.1)?,
        };
        let found = owned(given(model, "model")?)?;
        with_source(&found, source, |source| {
            let check = match score {
                Some(score) => of_past(&found, source, score, &alarm),
                None => of_rows(&found, source, &alarm),
            }?;
            keep(&found, source, check)
        })
    }))
}

fn not_negative(what: &str, value: Option<f64>, usual: f64) -> Result<f64> {
    match value.unwrap_or(usual) {
        value if value >= 0.0 && value.is_finite() => Ok(value),
        _ => Err(Failure::argument(format!("{what} must be a number of 0 or more")).hint(format!("{usual} is usual."))),
    }
}

/// Check the rows as the deployed version scores them now.
fn of_rows(found: &Found, source: &str, alarm: &Alarm) -> Result<Check> {
    let (judged, drift) = compared(found, source, alarm.limits)?;
    let rows = drift.first().map_or(0, |score| score.rows as i64);
    let is_known = judged.watched.as_ref().is_some_and(|watched| watched.has_target);
    let (metrics, truth) = match is_known {
        true => came_true(found, &judged.scorer, &judged.held, alarm)?,
        false => Default::default(),
    };
    Ok(Check { drift, metrics, truth, rows })
}

/// Check the scores that were given to rows before it was known what is true of them.
fn of_past(found: &Found, source: &str, score: &str, alarm: &Alarm) -> Result<Check> {
    let (scorer, held, drift) = scored(found, source, score, alarm.limits)?;
    let (metrics, truth) = came_true(found, &scorer, &held, alarm)?;
    let rows = drift.rows as i64;
    Ok(Check { drift: vec![drift], metrics, truth, rows })
}

/// Judge rows of which the truth is known, if there are some.
fn came_true(found: &Found, scorer: &Scorer, held: &HeldRows, alarm: &Alarm) -> Result<(Vec<Metric>, Truth)> {
    if held.rows() == 0 || held.actual == HeldActual::None {
        return Ok(Default::default());
    }
    let metrics = judge_rows(scorer, held).0;
    let reference = stored_metrics(found)?;
    let truth = truth(&scorer.model().task, &metrics, &reference, alarm.max_drop, alarm.max_bias);
    Ok((metrics, truth))
}

/// The limits that were passed.
fn alerts(check: &Check) -> Vec<String> {
    let drifted = |d: &&Drift| d.verdict == Verdict::Drifted;
    let all = check.drift.iter().filter(drifted).count();
    let what = |d: &Drift| match d.feature.as_str() {
        "(score)" => "the score".to_owned(),
        feature => format!("feature \"{feature}\""),
    };
    let alert = |d: &Drift| format!("{} drifted: psi {:.3}", what(d), d.psi.unwrap_or(f64::NAN));
    let mut alerts: Vec<String> = check.drift.iter().filter(drifted).take(MOST_ALERTS).map(alert).collect();
    if all > MOST_ALERTS {
        alerts.push(format!("{} more features drifted", all - MOST_ALERTS));
    }
    let truth = &check.truth;
    if let (true, Some(metric), Some(now), Some(was)) = (truth.is_worse, truth.metric, truth.value, truth.reference) {
        let way = if now < was { "fell" } else { "rose" };
        alerts.push(format!("{metric} {way} from {was:.4} to {now:.4}"));
    }
    if let (true, Some(predicted), Some(actual)) = (truth.is_biased, truth.predicted, truth.actual) {
        alerts.push(format!("{predicted:.4} was predicted on average, and {actual:.4} came true"));
    }
    alerts
}

/// What to think of all of it: the worst first.
fn verdict(check: &Check) -> &'static str {
    if check.truth.is_worse {
        return "worse";
    }
    if check.truth.is_biased {
        return "biased";
    }
    // What cannot be told of one feature can be of others.
    check.drift.iter().map(|d| d.verdict).max().unwrap_or(Verdict::NotJudged).name()
}

fn keep(found: &Found, source: &str, check: Check) -> Result<Row> {
    let version =
        versions::deployed(&found.row.id)?.ok_or_else(|| Failure::internal("the deployed version has no number"))?;
    let (alerts, verdict) = (alerts(&check), verdict(&check));
    let of_features = || check.drift.iter().filter(|d| d.feature != "(score)" && d.verdict != Verdict::NotJudged);
    let psi = |d: &Drift| d.psi.unwrap_or(f64::NEG_INFINITY);
    let worst = of_features().max_by(|a, b| psi(a).total_cmp(&psi(b))).and_then(|d| Some((d.feature.as_str(), d.psi?)));
    let score_psi = check.drift.iter().find(|d| d.feature == "(score)").and_then(|d| d.psi);
    let features = Value::Array(check.drift.iter().map(feature).collect());
    let metrics = Value::Array(check.metrics.iter().map(metric).collect());
    let step = checks::insert(
        found,
        &NewCheck {
            version,
            source,
            rows: check.rows,
            verdict,
            alerts: &alerts,
            worst,
            score_psi,
            truth: &check.truth,
            features: &features.to_string(),
            metrics: &metrics.to_string(),
        },
    )?;
    let (worst_feature, worst_psi) = worst.map(|(feature, psi)| (feature.to_owned(), psi)).unzip();
    let Truth { metric, value, interval, reference, predicted, actual, .. } = check.truth;
    let (low, high) = interval.unzip();
    Ok((
        step,
        verdict,
        check.rows,
        alerts,
        worst_feature,
        worst_psi,
        score_psi,
        metric,
        value,
        low,
        high,
        reference,
        predicted,
        actual,
    ))
}

fn feature(d: &Drift) -> Value {
    json!({
        "feature": d.feature, "psi": d.psi, "ks": d.ks, "null_rate": d.null_rate, "unseen_rate": d.unseen_rate,
        "verdict": d.verdict.name(), "chance": d.chance, "training_null_rate": d.training_null_rate,
        "training_unseen_rate": d.training_unseen_rate,
    })
}

fn metric(m: &Metric) -> Value {
    let (low, high) = m.interval.unzip();
    json!({"metric": m.name, "value": m.value, "low": low, "high": high})
}

/// Delete old checks.
#[pg_extern(sql = false)]
fn keep_checks(model: Option<&str>, days: Option<f64>) -> i64 {
    report(|| {
        crate::catalog::check_writable(c"orchard.keep_checks()");
        let found = owned(given(model, "model")?)?;
        checks::forget(&found, not_negative("days", Some(given(days, "days")?), 90.0)?)
    })
}
