//! The checks of models that are kept: `orchard.watch` writes them, `orchard.monitor` shows them.

use orchard_engine::judge::drift::Truth;
use pgrx::Spi;

use super::owner::as_owner;
use super::store::{execute, lock_checks};
use super::{id_text, relations, Found};
use crate::error::{Failure, Result};

/// A check about to be written. JSON is text here.
pub struct NewCheck<'a> {
    /// The number of the version that was checked.
    pub version: i32,
    /// The rows that were looked at.
    pub source: &'a str,
    /// How many they are.
    pub rows: i64,
    /// What to think of it.
    pub verdict: &'a str,
    /// The limits that were passed, in words.
    pub alerts: &'a [String],
    /// The feature that moved most.
    pub worst: Option<(&'a str, f64)>,
    /// How far the score moved.
    pub score_psi: Option<f64>,
    /// What came true, where that is known.
    pub truth: &'a Truth,
    /// All features.
    pub features: &'a str,
    /// All metrics.
    pub metrics: &'a str,
}

/// Write a check, tell who listens if a limit was passed, and give its number.
///
/// What is told reaches every session of the database that listens, so it names no figure: these are for those who may use the model.
pub fn insert(found: &Found, check: &NewCheck<'_>) -> Result<i32> {
    let role = relations::role_name(relations::current_user());
    let row = &found.row;
    let id = id_text(&row.id);
    lock_checks(&row.schema, &row.name);
    as_owner(|| {
        let step = Spi::get_one_with_args::<i32>(
            "SELECT coalesce(max(step), 0) + 1 FROM orchard.stored_checks WHERE model = $1::uuid",
            &[id.as_str().into()],
        )?
        .ok_or_else(|| Failure::internal("a check has no number"))?;
        let (low, high) = check.truth.interval.unzip();
        execute(
            "INSERT INTO orchard.stored_checks (model, step, role, version, source, rows, verdict, alerts, worst_feature, worst_psi, score_psi,
                 metric, value, low, high, reference, predicted, actual, features, metrics)
             VALUES ($1::uuid, $2, $3::name, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::jsonb, $20::jsonb)",
            &[
                id.as_str().into(),
                step.into(),
                role.into(),
                check.version.into(),
                check.source.into(),
                check.rows.into(),
                check.verdict.into(),
                check.alerts.to_vec().into(),
                check.worst.map(|worst| worst.0).into(),
                check.worst.map(|worst| worst.1).into(),
                check.score_psi.into(),
                check.truth.metric.into(),
                check.truth.value.into(),
                low.into(),
                high.into(),
                check.truth.reference.into(),
                check.truth.predicted.into(),
                check.truth.actual.into(),
                check.features.into(),
                check.metrics.into(),
            ],
        )?;
        if !check.alerts.is_empty() {
            let told = serde_json::json!({
                "schema": row.schema, "model": row.name, "version": check.version, "step": step, "verdict": check.verdict,
                "alerts": check.alerts.len(),
            });
            execute("SELECT pg_catalog.pg_notify('orchard', $1)", &[told.to_string().into()])?;
        }
        Ok(step)
    })
}

/// Delete the checks of a model that are older than so many days; how many they were.
pub fn forget(found: &Found, days: f64) -> Result<i64> {
    let sql = "WITH gone AS (DELETE FROM orchard.stored_checks WHERE model = $1::uuid
            AND checked_at < pg_catalog.now() - $2 * interval '1 day' RETURNING 1) SELECT count(*) FROM gone";
    as_owner(|| Ok(Spi::get_one_with_args::<i64>(sql, &[id_text(&found.row.id).into(), days.into()])?.unwrap_or(0)))
}
