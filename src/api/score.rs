//! `orchard.score`.
//!
//! It is a query over the source that the server plans and runs as any other: in parallel where that pays, many rows at once
//! ([`crate::call::batch`]), with the memory of a scan.

use orchard_engine::model::{Model, Task};
use pgrx::pg_sys::{self, FunctionCallInfo};
use pgrx::spi::{quote_identifier, quote_literal};
use pgrx::PgSqlErrorCode;

use super::train::{check_names, no_column};
use crate::catalog::function::MOST_ARGUMENTS;
use crate::catalog::{self, cache, id_text, store, Found};
use crate::entry;
use crate::entry::{fill, value};
use crate::error::{given, Failure, Result};
use crate::source;

entry!(score, pg_finfo_score, fcinfo => fill(|| run(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let text = |i: usize, name: &str| -> Result<String> { given(value::<String>(fcinfo, i), name) };
    let (model, source) = (text(0, "model")?, text(1, "source")?);
    let key: Option<Vec<Option<String>>> = value(fcinfo, 2);
    let found = catalog::of_argument(Some(&model))?;
    let scorer = cache::deployed(&found)?;
    if scorer.model().task == Task::Reduction {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model reduces rows to components, so a row has no one score",
        )
        .hint("Write SELECT t.*, orchard.transform('model', t) FROM source AS t."));
    }
    let target = store::target(&found.deployed()?)?;
    let described = source::describe(&source)?;
    let key = key_columns(key, &described, scorer.model(), target.as_deref())?;
    let query = query(&found, scorer.model(), &described.query, &key);
    pg_sys::InitMaterializedSRF(fcinfo, 0);
    source::into_tuplestore(&query, (*fcinfo).resultinfo.cast())
}

/// The columns that name a row, where those of the model do not; all that the model reads must be there.
pub(crate) fn key_columns(
    asked: Option<Vec<Option<String>>>,
    described: &source::Described,
    model: &Model,
    target: Option<&str>,
) -> Result<Vec<String>> {
    let attributes = &described.attributes;
    check_names(attributes)?;
    let is_there = |name: &str| attributes.iter().any(|a| a.name == name);
    let arguments = model.arguments();
    if let Some(missing) = arguments.iter().find(|a| !is_there(a.name())) {
        return Err(no_column(missing.name(), attributes));
    }
    let is_read = |name: &str| arguments.iter().any(|a| a.name() == name) || target == Some(name);
    naming(asked.map(|names| names.into_iter().flatten().collect()), described, is_read)
}

/// The columns that name a row: those asked for, else the table's primary key, else those that are not read.
pub(super) fn naming(
    asked: Option<Vec<String>>,
    described: &source::Described,
    is_read: impl Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let attributes = &described.attributes;
    if let Some(asked) = asked {
        return match asked.iter().find(|name| attributes.iter().all(|a| a.name != **name)) {
            Some(name) => Err(no_column(name, attributes)),
            None => Ok(asked),
        };
    }
    if !described.primary_key.is_empty() {
        return Ok(described.primary_key.clone());
    }
    Ok(attributes.iter().map(|a| a.name.clone()).filter(|name| !is_read(name)).collect())
}

/// The columns of a row as a JSON object.
pub(crate) fn key_object(alias: &str, names: &[String]) -> String {
    let pairs: Vec<String> =
        names.iter().map(|name| format!("{}, {alias}.{}", quote_literal(name), quote_identifier(name))).collect();
    // A function has at most a hundred arguments.
    match pairs.len() {
        0 => "NULL::pg_catalog.jsonb".to_owned(),
        _ => {
            let parts: Vec<String> =
                pairs.chunks(50).map(|part| format!("pg_catalog.jsonb_build_object({})", part.join(", "))).collect();
            parts.join(" OPERATOR(pg_catalog.||) ")
        }
    }
}

/// The call that scores the columns `inputs` of the row `alias`.
pub(super) fn call(found: &Found, what: &str, inputs: &[String], alias: &str) -> String {
    let id = id_text(&found.row.id);
    match inputs.len() > MOST_ARGUMENTS {
        true => format!("orchard.score_row_{what}('{id}'::pg_catalog.uuid, {alias})"),
        false => format!("orchard.score_{what}('{id}'::pg_catalog.uuid, {})", inputs.join(", ")),
    }
}

/// The columns of `s` that a model reads, in the order of its arguments.
pub(crate) fn inputs(model: &Model) -> Vec<String> {
    model.arguments().iter().map(|a| format!("s.{}", quote_identifier(a.name()))).collect()
}

/// The query of key, score and label over a source.
fn query(found: &Found, model: &Model, source: &str, key: &[String]) -> String {
    let inputs = inputs(model);
    let key = key_object("s", key);
    let call = |what: &str| call(found, what, &inputs, "s");
    let (score, label) = match &model.task {
        Task::Clustering => (format!("{}::pg_catalog.float8", call("segment")), "NULL::pg_catalog.text".to_owned()),
        Task::Uplift { .. } => (call("number"), call("label")),
        Task::Regression | Task::Anomaly | Task::Reduction | Task::Recommendation | Task::Forecast | Task::Lifetime => {
            (call("number"), "NULL::pg_catalog.text".to_owned())
        }
        Task::Classification { classes, .. } if classes.len() > 2 => (call("top"), call("label")),
        Task::Classification { classes, positive } => {
            let positive = *positive as usize;
            let other = match classes.len() {
                2 => quote_literal(&classes[1 - positive.min(1)]),
                _ => quote_literal(classes.first().map_or("", String::as_str)),
            };
            let positive = classes.get(positive).map_or(other.clone(), quote_literal);
            let number = call("number");
            let label = format!(
                "CASE WHEN {number} OPERATOR(pg_catalog.>=) 0.5 THEN {positive}::pg_catalog.text ELSE {other}::pg_catalog.text END"
            );
            (number, label)
        }
    };
    format!("SELECT {key}, {score}, {label} FROM ({source}\n) AS s")
}
