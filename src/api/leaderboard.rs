//! `orchard.leaderboard`: the trials of the search that found a model.

use orchard_engine::learn::train::Standing;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::JsonB;
use serde_json::Value;

use super::insight::insight_of;
use crate::catalog;
use crate::error::report;

/// The trials of the search that found the learner or the parameters of a version, the best first.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn leaderboard(
    model: Option<&str>,
    version: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(rank, Option<i32>),
        name!(algorithm, String),
        name!(options, JsonB),
        name!(metric, String),
        name!(score, Option<f64>),
        name!(stddev, Option<f64>),
        name!(rows, i64),
        name!(seconds, f64),
        name!(chosen, bool),
        name!(note, Option<String>),
    ),
> {
    let all = report(|| {
        let found = catalog::of_argument(model)?;
        let version = match version {
            Some(number) => catalog::version_id(&found.row, number)?,
            None => found.deployed()?,
        };
        let insight = insight_of(&version)?;
        if insight.leaderboard.is_empty() {
            notice!("this version was trained without a search; orchard.tune and the option \"time_budget\" of auto make one");
        }
        Ok(insight.leaderboard)
    });
    TableIterator::new(all.into_iter().map(|standing| {
        let Standing { rank, algorithm, options, metric, score, deviation, rows, seconds, chosen, note } = standing;
        (
            score.map(|_| rank as i32),
            algorithm,
            JsonB(Value::Object(options)),
            metric,
            score,
            deviation,
            rows as i64,
            seconds,
            chosen,
            Some(note).filter(|note| !note.is_empty()),
        )
    }))
}
