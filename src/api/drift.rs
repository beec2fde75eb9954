//! `orchard.drift`: whether rows are still like those that a model learned from.

use orchard_engine::judge::drift::{features, scores, Drift, Limits};
use orchard_engine::model::{decode_baseline, decode_held, Baseline, Task};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::judged::{judged, Judged, Wish};
use super::sampled::with_source;
use crate::catalog::relations::{self, ChunkKind};
use crate::catalog::{self, cache, Found};
use crate::error::{report, Failure, Result};

/// What became of the features and of the score.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn drift(
    model: Option<&str>,
    source: Option<&str>,
    moderate: Option<f64>,
    drifted: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(feature, String),
        name!(psi, Option<f64>),
        name!(ks, Option<f64>),
        name!(null_rate, Option<f64>),
        name!(unseen_rate, Option<f64>),
        name!(verdict, &'static str),
        name!(chance, Option<f64>),
        name!(training_null_rate, Option<f64>),
        name!(training_unseen_rate, Option<f64>),
        name!(rows, i64),
        name!(training_rows, i64),
        name!(note, &'static str),
    ),
> {
    let all = report(|| {
        let found = catalog::of_argument(model)?;
        let limits = limits(moderate, drifted)?;
        Ok(with_source(&found, source, |source| compared(&found, source, limits))?.1)
    });
    TableIterator::new(all.into_iter().map(|d| {
        let (rows, training_rows) = (d.rows as i64, d.training_rows as i64);
        let rates = (d.training_null_rate, d.training_unseen_rate);
        let verdict = d.verdict.name();
        (
            d.feature,
            d.psi,
            d.ks,
            d.null_rate,
            d.unseen_rate,
            verdict,
            d.chance,
            rates.0,
            rates.1,
            rows,
            training_rows,
            d.note,
        )
    }))
}

/// The limits that are given, else the usual ones.
pub(super) fn limits(moderate: Option<f64>, drifted: Option<f64>) -> Result<Limits> {
    let usual = Limits::default();
    let limits = Limits { moderate: moderate.unwrap_or(usual.moderate), drifted: drifted.unwrap_or(usual.drifted) };
    if limits.moderate > 0.0 && limits.moderate <= limits.drifted && limits.drifted.is_finite() {
        return Ok(limits);
    }
    Err(Failure::argument("the limits of drift must be above 0, and moderate not above drifted").hint(format!(
        "They are values of the population stability index; {} and {} are usual.",
        usual.moderate, usual.drifted
    )))
}

/// The rows of a source beside those of the training of the deployed version, the score first.
pub(super) fn compared(found: &Found, source: &str, limits: Limits) -> Result<(Judged, Vec<Drift>)> {
    if cache::deployed(found)?.model().task == Task::Lifetime {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model expects purchases of customers, whose source has other columns than it reads",
        )
        .hint("orchard.evaluate(model, source) compares what was expected with what has come since."));
    }
    let baseline = baseline(found)?;
    let wish = Wish { watch: Some(&baseline), ..Wish::default() };
    let judged = judged(found, Some(source), &wish)?;
    let Some(watched) = &judged.watched else { return Err(Failure::internal("the rows were not watched")) };
    let model = judged.scorer.model();
    let before = scores_before(found, baseline.as_ref())?;
    let mut all = vec![scores(model, before.as_deref(), &watched.scores, judged.scorer.outputs(), limits)];
    all.extend(features(model, baseline.as_ref(), &watched.observed, limits));
    Ok((judged, all))
}

/// How the training rows of the deployed version were distributed; `None` of versions that do not keep it.
pub(super) fn baseline(found: &Found) -> Result<Option<Baseline>> {
    let bytes = relations::chunks(&found.deployed()?, ChunkKind::Baseline)?;
    Ok(bytes.map(|bytes| decode_baseline(&bytes)).transpose()?)
}

/// What the deployed version said of the held-out rows, or of others if it learned from all; `None` where there are none.
pub(super) fn scores_before(found: &Found, baseline: Option<&Baseline>) -> Result<Option<Vec<f64>>> {
    if let Some(own) = baseline.filter(|baseline| !baseline.scores.is_empty()) {
        return Ok(Some(own.scores.clone()));
    }
    let bytes = relations::chunks(&found.deployed()?, ChunkKind::Held)?;
    Ok(bytes.map(|bytes| decode_held(&bytes)).transpose()?.map(|held| held.scores))
}
