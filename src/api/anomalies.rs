//! `orchard.anomalies`.

use orchard_engine::model::{Body, Task};
use pgrx::pg_sys::{self, FunctionCallInfo};
use pgrx::spi::{quote_identifier, quote_literal};

use super::score::{call, inputs, key_columns, key_object};
use crate::catalog::{self, cache};
use crate::entry;
use crate::entry::{fill, value};
use crate::error::{given, Failure, Result};
use crate::source;

/// Columns that are said to make a row unlike the others.
const REASONS: usize = 3;
/// The most rows that are listed: each is explained.
const MOST_ROWS: i32 = 100_000;

entry!(anomalies, pg_finfo_anomalies, fcinfo => fill(|| run(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let text = |i: usize, name: &str| -> Result<String> { given(value::<String>(fcinfo, i), name) };
    let (model, source) = (text(0, "model")?, text(1, "source")?);
    let top = match value::<i32>(fcinfo, 2).unwrap_or(10) {
        top @ 1..=MOST_ROWS => top,
        _ => {
            return Err(Failure::argument(format!("top must be between 1 and {MOST_ROWS}"))
                .hint("It is how many rows are listed; orchard.score gives every row its score."))
        }
    };
    let key: Option<Vec<Option<String>>> = value(fcinfo, 3);
    let found = catalog::of_argument(Some(&model))?;
    let scorer = cache::deployed(&found)?;
    if scorer.model().task != Task::Anomaly {
        return Err(Failure::argument("orchard.anomalies is for models of anomaly scores")
            .hint("Train one: orchard.train('name', 'source', algorithm => 'isolation_forest')."));
    }
    let described = source::describe(&source)?;
    let key = key_columns(key, &described, scorer.model(), None)?;
    let score = call(&found, "number", &inputs(scorer.model()), "s");
    // Rows of one score are taken and listed in the order of their keys, so that the list is the same each time.
    let chosen = format!(
        "SELECT s.* FROM ({}\n) AS s ORDER BY {score} DESC, ({})::pg_catalog.text LIMIT {top}",
        described.query,
        key_object("s", &key)
    );
    let names: Vec<String> = key.iter().map(quote_literal).collect();
    if matches!(scorer.model().body, Body::Machine(_)) {
        // No column says a part of a radial kernel.
        let key = key_object("s", &key);
        let query = format!(
            "SELECT pg_catalog.row_number() OVER (ORDER BY e.score DESC, e.key::pg_catalog.text)::pg_catalog.int4, e.key, e.score, \
             NULL::pg_catalog.text[], NULL::pg_catalog.text[], NULL::pg_catalog.float8[], NULL::pg_catalog.text \
             FROM (SELECT {key} AS key, {score} AS score FROM ({chosen}) AS s) AS e ORDER BY 1"
        );
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        return source::into_tuplestore(&query, (*fcinfo).resultinfo.cast());
    }
    let query = format!(
        "SELECT pg_catalog.row_number() OVER (ORDER BY e.score DESC, e.key::pg_catalog.text)::pg_catalog.int4, e.key, e.score, \
         e.features, e.values, e.response_contributions, e.sentence \
         FROM orchard.explain_source({}, {}, {REASONS}, NULL, ARRAY[{}]::pg_catalog.text[]) AS e ORDER BY 1",
        quote_literal(format!("{}.{}", quote_identifier(&found.row.schema), quote_identifier(&found.row.name))),
        quote_literal(&chosen),
        names.join(", ")
    );
    pg_sys::InitMaterializedSRF(fcinfo, 0);
    source::into_tuplestore(&query, (*fcinfo).resultinfo.cast())
}
