//! `orchard.profile` and `orchard.profile_report`.

mod collect;
mod extremes;
mod shown;

use orchard_engine::clean::profile::report::{self, Page};
use orchard_engine::clean::profile::ColumnProfile;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::JsonB;
use serde_json::Value;

use crate::error::{given, report, Result};
use collect::Column;

/// Look at every column of a source.
#[allow(clippy::type_complexity)]
#[pg_extern(sql = false)]
fn profile(
    source: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(column_name, String),
        name!(data_type, String),
        name!(role, String),
        name!(rows, i64),
        name!(nulls, i64),
        name!(distinct_values, Option<i64>),
        name!(minimum, Option<String>),
        name!(maximum, Option<String>),
        name!(mean, Option<f64>),
        name!(stddev, Option<f64>),
        name!(quantiles, Option<JsonB>),
        name!(top_values, Option<JsonB>),
        name!(issue, Option<String>),
        name!(suggestion, Option<JsonB>),
        name!(blanks, Option<i64>),
        name!(placeholders, Option<i64>),
        name!(skewness, Option<f64>),
        name!(outliers, Option<i64>),
        name!(average_length, Option<f64>),
        name!(exact, bool),
    ),
> {
    let columns = report(|| look(source));
    let rows = columns.into_iter().map(|column| {
        let Column { name, data_type, minimum, maximum, quantiles, top, profile } = column;
        let ColumnProfile { role, rows, nulls, distinct, blanks, placeholders, average_length, exact, .. } = profile;
        let issue = profile.issue();
        let steps = profile.steps;
        let summary = profile.summary;
        (
            name,
            data_type,
            role.name().to_owned(),
            rows as i64,
            nulls as i64,
            distinct.map(|n| n as i64),
            minimum,
            maximum,
            summary.mean,
            summary.stddev,
            quantiles.map(JsonB),
            top.map(JsonB),
            issue,
            (!steps.is_empty()).then(|| JsonB(Value::Array(steps))),
            blanks.map(|n| n as i64),
            placeholders.map(|n| n as i64),
            summary.skewness,
            summary.outliers.map(|n| n as i64),
            average_length,
            exact,
        )
    });
    TableIterator::new(rows.collect::<Vec<_>>())
}

/// The profile as one page of HTML.
#[pg_extern(sql = false)]
fn profile_report(source: Option<&str>) -> String {
    report(|| {
        let columns = look(source)?;
        let cards: Vec<report::Card<'_>> = columns
            .iter()
            .map(|c| report::Card {
                name: &c.name,
                data_type: &c.data_type,
                profile: &c.profile,
                minimum: c.minimum.as_deref(),
                maximum: c.maximum.as_deref(),
                quantiles: c.quantiles.as_ref(),
                top: c.top.as_ref(),
            })
            .collect();
        Ok(Page { source: source.unwrap_or_default(), columns: &cards }.html())
    })
}

pub(super) fn look(source: Option<&str>) -> Result<Vec<Column>> {
    let source = given(source, "source")?;
    collect::columns(source)
}
