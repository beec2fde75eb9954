//! What is known of a model of uplift: `orchard.qini_curve`, `orchard.uplift_buckets`.

use orchard_engine::judge::uplift::Treated;
use orchard_engine::model::Task;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::curves::number_of;
use super::judged::{judged, Wish};
use crate::catalog::{self, cache};
use crate::error::{report, Failure, Result};

/// The rows of each treatment with its name.
fn treated(call: &str, model: Option<&str>, source: Option<&str>) -> Result<Vec<(String, Treated)>> {
    let found = catalog::of_argument(model)?;
    let Task::Uplift { treatments, .. } = cache::deployed(&found)?.model().task.clone() else {
        return Err(Failure::argument(format!("orchard.{call} is for models of uplift"))
            .hint("Train an algorithm x_learner, t_learner, r_learner, uplift_tree or uplift_forest; orchard.lift is for others."));
    };
    let held = judged(&found, source, &Wish::default())?.held;
    Ok(treatments.into_iter().enumerate().map(|(at, name)| (name, Treated::of(&held, at + 1))).collect())
}

/// Buckets of rows by what the model says a treatment changes.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn uplift_buckets(
    model: Option<&str>,
    source: Option<&str>,
    buckets: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(treatment, String),
        name!(bucket, i32),
        name!(rows, i64),
        name!(treated_rows, f64),
        name!(control_rows, f64),
        name!(treated_mean, Option<f64>),
        name!(control_mean, Option<f64>),
        name!(uplift, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(predicted, Option<f64>),
    ),
> {
    let found = report(|| {
        let count = number_of("buckets", buckets)?;
        let all = treated("uplift_buckets", model, source)?;
        let one = |(name, rows): &(String, Treated)| {
            let parts = rows.buckets(count).into_iter().enumerate();
            let row = |(at, b): (usize, orchard_engine::judge::uplift::UpliftBucket)| {
                let own = b.own;
                let (low, high) = b.interval.unzip();
                (
                    name.clone(),
                    at as i32 + 1,
                    own.rows as i64,
                    own.treated,
                    own.control,
                    own.treated_mean(),
                    own.control_mean(),
                    own.uplift(),
                    low,
                    high,
                    b.predicted,
                )
            };
            parts.map(row).collect::<Vec<_>>()
        };
        Ok(all.iter().flat_map(one).collect::<Vec<_>>())
    });
    TableIterator::new(found)
}

/// The Qini and the uplift curve.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn qini_curve(
    model: Option<&str>,
    source: Option<&str>,
    points: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(treatment, String),
        name!(share, f64),
        name!(rows, i64),
        name!(qini, f64),
        name!(uplift, f64),
        name!(random, f64),
        name!(policy_value, Option<f64>),
    ),
> {
    let found = report(|| {
        let count = number_of("points", Some(points.unwrap_or(100)))?;
        let all = treated("qini_curve", model, source)?;
        let one = |(name, rows): &(String, Treated)| {
            let whole = rows.sums();
            let weight = whole.weight();
            let start = (name.clone(), 0.0, 0, 0.0, 0.0, 0.0, whole.control_mean());
            let point = |bucket: &orchard_engine::judge::uplift::UpliftBucket| {
                let sums = bucket.all;
                let share = if weight > 0.0 { sums.weight() / weight } else { 0.0 };
                // Treated up to here, and not beyond.
                let beyond = (whole.control - sums.control, whole.control_outcome - sums.control_outcome);
                let rest = match sums.rows == whole.rows {
                    true => Some(0.0),
                    false => (beyond.0 > 0.0).then(|| beyond.1 / beyond.0),
                };
                let policy =
                    sums.treated_mean().zip(rest).map(|(with, without)| share * with + (1.0 - share) * without);
                (
                    name.clone(),
                    share,
                    sums.rows as i64,
                    sums.incremental(),
                    sums.cumulative(),
                    whole.incremental() * share,
                    policy,
                )
            };
            std::iter::once(start).chain(rows.buckets(count).iter().map(point)).collect::<Vec<_>>()
        };
        Ok(all.iter().filter(|(_, rows)| !rows.scores.is_empty()).flat_map(one).collect::<Vec<_>>())
    });
    TableIterator::new(found)
}
