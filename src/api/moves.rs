//! `orchard.segment_moves`: who moved from one segment to another between two sources.
//!
//! It is one query over both, which the server plans as any other; each source is read by the settings it was given with.

use orchard_engine::control::Control;
use orchard_engine::data::ColumnData;
use orchard_engine::judge::segments::name;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::sampled::with_source;
use super::score::{call, inputs, key_object};
use super::segments::{open, Clusters};
use super::train::{check_names, no_column};
use crate::error::{report, Failure, Result};
use crate::settings;
use crate::source::{self, deparse, Wanted};

type Row = (Option<i32>, Option<i32>, i64, f64, Option<String>, Option<String>);

/// From which segment to which rows moved.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn segment_moves(
    model: Option<&str>,
    source_then: Option<&str>,
    source_now: Option<&str>,
    key: Option<Vec<Option<String>>>,
) -> TableIterator<
    'static,
    (
        name!(segment_then, Option<i32>),
        name!(segment_now, Option<i32>),
        name!(rows, i64),
        name!(share, f64),
        name!(name_then, Option<String>),
        name!(name_now, Option<String>),
    ),
> {
    TableIterator::new(report(|| {
        let clusters = open("segment_moves", model)?;
        let key: Option<Vec<String>> = key.map(|names| names.into_iter().flatten().collect());
        let then = side(&clusters, source_then, key.as_deref())?;
        let key = key.unwrap_or_else(|| then.primary_key.clone());
        if key.is_empty() {
            return Err(Failure::argument("rows of the two sources cannot be matched without a key")
                .hint("Name the columns that say who a row is: key => '{customer_id}'."));
        }
        let now = side(&clusters, source_now, Some(&key))?;
        moves(&clusters, &key, &query(&clusters, &key, &then, &now))
    }))
}

/// One of the two sources.
struct Side {
    /// As it stands behind FROM.
    from: String,
    primary_key: Vec<String>,
}

/// Look at a source, which must have the columns of the model and of the key.
fn side(clusters: &Clusters, source: Option<&str>, key: Option<&[String]>) -> Result<Side> {
    with_source(&clusters.found, source, |source| {
        let described = source::describe(source)?;
        check_names(&described.attributes)?;
        let arguments = clusters.scorer.model().arguments();
        let needed = arguments.iter().map(|a| a.name()).chain(key.into_iter().flatten().map(String::as_str));
        for name in needed {
            if described.attributes.iter().all(|a| a.name != name) {
                return Err(no_column(name, &described.attributes));
            }
        }
        Ok(Side { from: deparse::from_item(source)?.sql, primary_key: described.primary_key })
    })
}

/// The rows of both sides by segment, 0 for those of none, and how many rows of a side have the same key at most.
fn query(clusters: &Clusters, key: &[String], then: &Side, now: &Side) -> String {
    let segment = call(&clusters.found, "segment", &inputs(clusters.scorer.model()), "s");
    let key = key_object("s", key);
    let side = |from: &str| {
        format!(
            "SELECT k, COALESCE(pg_catalog.min(g), 0) AS g, pg_catalog.count(*) AS copies
             FROM (SELECT {key} AS k, {segment} AS g FROM {from} AS s) AS s GROUP BY k"
        )
    };
    format!(
        "SELECT a.g AS segment_then, b.g AS segment_now, pg_catalog.count(*) AS rows,
            pg_catalog.max(a.copies) AS copies_then, pg_catalog.max(b.copies) AS copies_now
         FROM ({}) AS a FULL JOIN ({}) AS b ON a.k OPERATOR(pg_catalog.=) b.k GROUP BY a.g, b.g ORDER BY a.g, b.g",
        side(&then.from),
        side(&now.from)
    )
}

fn moves(clusters: &Clusters, key: &[String], query: &str) -> Result<Vec<Row>> {
    let control = Control::new(settings::max_memory());
    let mut choose = |attributes: &[source::Attribute]| {
        attributes.iter().map(|a| Ok(Some(Wanted { reader: a.readable()?, number: true }))).collect()
    };
    let rows = source::read(query, &mut choose, &control)?;
    let cell = |column: usize, row: usize| match rows.table.columns.get(column).map(|c| &c.data) {
        Some(ColumnData::Number(values)) => Some(values.get(row)).filter(|v| v.is_finite()),
        _ => None,
    };
    let all: Vec<[Option<f64>; 5]> =
        (0..rows.table.rows).map(|row| std::array::from_fn(|column| cell(column, row))).collect();
    for (side, what) in [(3, "source_then"), (4, "source_now")] {
        if all.iter().any(|row| row[side].is_some_and(|copies| copies > 1.0)) {
            let names: Vec<String> = key.iter().map(|name| format!("\"{name}\"")).collect();
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_CARDINALITY_VIOLATION,
                format!("{what} has several rows of the same {}", names.join(", ")),
            )
            .hint("Name a key of which each row has its own, or give one row a key in the source."));
        }
    }
    // Of those who are new, the share among them.
    let total = |then: Option<f64>| all.iter().filter(|row| row[0] == then).filter_map(|row| row[2]).sum::<f64>();
    let named = |segment: Option<f64>| {
        let facts = clusters.facts.as_ref()?;
        match (segment? as usize).checked_sub(1) {
            Some(at) => Some(name(clusters.scorer.model(), facts.names.get(at)?)),
            None => Some("noise".to_owned()),
        }
    };
    let row = |[then, now, rows, ..]: &[Option<f64>; 5]| {
        let rows = rows.unwrap_or(0.0);
        // 0 is no segment.
        let number = |segment: &Option<f64>| segment.map(|s| s as i32).filter(|s| *s > 0);
        (number(then), number(now), rows as i64, rows / total(*then).max(1.0), named(*then), named(*now))
    };
    Ok(all.iter().map(row).collect())
}
