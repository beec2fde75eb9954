//! `orchard.train`.

use orchard_engine::control::Control;
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{self, Outcome, Request, SourceInput};
use orchard_engine::model::{Encoding, InputKind, Task};
use pgrx::iter::TableIterator;
use pgrx::pg_sys;
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::{diagnose, insight};
use crate::catalog::function::{self, Argument, Returns, Signature};
use crate::catalog::name::ModelName;
use crate::catalog::store::{self, NewVersion};
use crate::catalog::{cache, relations, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::clock;
use crate::source::types::Reader;
use crate::source::{self, Attribute, Rows, SourceColumn, Wanted};
use crate::{interrupt, settings};

pub(super) type Row = (String, i32, String, String, i64, i32, Option<String>, Option<f64>, f64, bool, String);

/// Learn a model from a source and make its function.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn train(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    algorithm: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(model, String),
        name!(version, i32),
        name!(algorithm, String),
        name!(task, String),
        name!(rows, i64),
        name!(features, i32),
        name!(metric, Option<String>),
        name!(score, Option<f64>),
        name!(seconds, f64),
        name!(deployed, bool),
        name!(function, String),
    ),
> {
    let options = options.map_or_else(|| json!({}), |o| o.0);
    TableIterator::once(report(|| run(model, source, target, algorithm.unwrap_or("auto"), options)))
}

/// What the call asks for, checked before a row is read.
pub(super) struct Job<'a> {
    pub schema: String,
    pub name: String,
    pub source: &'a str,
    pub target: Option<&'a str>,
    pub algorithm: Algorithm,
    pub options: Options,
    /// The options as they are kept with the version.
    pub options_text: String,
}

fn run(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    algorithm: &str,
    options: Value,
) -> Result<Row> {
    let started = std::time::Instant::now();
    let (name, source) = begin(c"orchard.train()", model, source)?;
    let auto = algorithm.eq_ignore_ascii_case("auto");
    let algorithm = match auto {
        true => Algorithm::choose(&options, target.is_some(), None).0,
        false => Algorithm::parse(algorithm, target.is_some())?,
    };
    let options_text = options.to_string();
    let parsed = Options::parse(&options, algorithm)?;
    check_target(algorithm, target)?;
    let schema = creation_schema(&name)?;
    let mut job = Job { schema, name: name.name, source, target, algorithm, options: parsed, options_text };
    let control = Control::new(settings::max_memory());
    let (existing, mut request, types) = ready(&job, &control)?;
    if auto {
        // Learners that need a target read a source alike, so the choice can wait until it is known how many rows there are.
        let (chosen, why) = Algorithm::choose(&options, target.is_some(), Some(request.table.rows));
        if chosen != job.algorithm {
            (job.algorithm, request.algorithm) = (chosen, chosen);
            job.options = Options::parse(&options, chosen)?;
            request.options = job.options.clone();
        }
        notice!("{} is learned because {why}", chosen.name());
    }
    let warn = settings::warnings();
    let (mut outcome, warnings) = interrupt::run(&format!("orchard.train {}", job.name), &control, || {
        train::train_and_warn(request, warn, &control)
    })?;
    for notice in &outcome.notices {
        notice!("{notice}");
    }
    diagnose::warn(&warnings, &options);
    insight::warn(&mut outcome, &warnings);
    save(&job, existing, &outcome, &types, started)
}

/// Refuse a call that could not write, and read the arguments that every training has.
pub(super) fn begin<'a>(
    call: &core::ffi::CStr,
    model: Option<&str>,
    source: Option<&'a str>,
) -> Result<(ModelName, &'a str)> {
    // SAFETY: raises an ERROR in a read-only transaction or on a replica; main thread.
    unsafe { pg_sys::PreventCommandIfReadOnly(call.as_ptr()) };
    let name = ModelName::parse(given(model, "model")?)?;
    Ok((name, given(source, "source")?))
}

/// Make sure that the model can be kept, and read the source: the model there is, what to learn from, and the types of the columns.
pub(super) fn ready(job: &Job<'_>, control: &Control) -> Result<(Option<Found>, Request, Types)> {
    store::lock(&job.schema, &job.name)?;
    let existing = existing(&job.schema, &job.name)?;
    function::check_name(&job.schema, &job.name, existing.as_ref().map(|f| &f.row.id))?;
    let rows = read(job, control)?;
    if let Some(found) = &existing {
        if job.options.deploy && !may_keep_signature(found, job, &rows)? {
            function::check_replaceable(found)?;
        }
    }
    let previous = existing.as_ref().map_or(Ok(None), |found| previous_task(found, job.target))?;
    let (request, types) = request(job, rows, previous)?;
    Ok((existing, request, types))
}

/// Read the source of a job whose model stays as it is.
pub(super) fn ready_to_read(job: &Job<'_>, previous: Option<Task>, control: &Control) -> Result<Request> {
    let rows = read(job, control)?;
    Ok(request(job, rows, previous)?.0)
}

pub(super) fn check_target(algorithm: Algorithm, target: Option<&str>) -> Result<()> {
    match (algorithm.needs_target(), target) {
        (true, None) => Err(Failure::argument(format!("algorithm \"{}\" needs a target", algorithm.name()))
            .hint("Name the column to predict: target => 'column'.")),
        (false, Some(_)) => Err(Failure::argument(format!("algorithm \"{}\" takes no target", algorithm.name()))
            .hint("Leave the target out, and exclude the column if it must not be a feature.")),
        _ => Ok(()),
    }
}

/// The schema the model belongs to: the one that is named, or the first of the search path as for CREATE TABLE.
pub(super) fn creation_schema(name: &ModelName) -> Result<String> {
    if let Some(schema) = &name.schema {
        return Ok(schema.clone());
    }
    relations::search_path().into_iter().next().ok_or_else(|| {
        Failure::new(PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME, "no schema has been selected to make the model in")
            .hint("Set search_path, or write schema.name.")
    })
}

/// The model of this name, which the caller must own.
pub(super) fn existing(schema: &str, name: &str) -> Result<Option<Found>> {
    let Some(id) = store::current(schema, name)? else { return Ok(None) };
    let row =
        relations::ModelRow { id, schema: schema.to_owned(), name: name.to_owned(), deployed: None, settled: None };
    let Some(function) = relations::function(schema, name, &id)? else {
        // The function went while event triggers were off; the model goes with it, as it would have.
        store::delete_model(&id)?;
        return Ok(None);
    };
    let found = Found { row, function };
    crate::catalog::check_owner(&found)?;
    Ok(Some(found))
}

fn read(job: &Job<'_>, control: &Control) -> Result<Rows> {
    let mut choose = |attributes: &[Attribute]| choose(job, attributes);
    source::read(job.source, &mut choose, control)
}

/// Which columns to read, and how.
fn choose(job: &Job<'_>, attributes: &[Attribute]) -> Result<Vec<Option<Wanted>>> {
    check_names(attributes)?;
    let options = &job.options;
    let special: Vec<&str> = special_columns(job).collect();
    let constrained =
        options.monotone_constraints.iter().map(|c| &c.0).chain(options.interaction_constraints.iter().flatten());
    let listed = options.features.iter().flatten().chain(&options.exclude).chain(&options.text_columns);
    let listed = listed.chain(constrained).map(String::as_str);
    for name in listed.chain(special.iter().copied()) {
        if !attributes.iter().any(|a| a.name == name) {
            return Err(no_column(name, attributes));
        }
    }
    for a in attributes.iter().filter(|a| options.text_columns.contains(&a.name)) {
        let wrong = match a.reader {
            _ if special.contains(&a.name.as_str()) => {
                "is the target, or a column of weights, times or groups".to_owned()
            }
            Some(reader) if reader.is_text() => continue,
            _ => format!("has type {}", a.type_name),
        };
        let message = format!("column \"{}\" of option \"text_columns\" {wrong}", a.name);
        return Err(Failure::argument(message).hint("Name columns of text that are features."));
    }
    let wanted = |a: &Attribute| {
        let feature = match &options.features {
            Some(features) => features.contains(&a.name),
            None => !options.exclude.contains(&a.name),
        };
        feature || special.contains(&a.name.as_str())
    };
    let by_clock = job.algorithm.needs_target() && options.date_parts;
    let reader = |a: &Attribute| match a.readable()? {
        // Its parts are those of the session's zone, now and when the model scores.
        Reader::Timestamptz if by_clock && !special.contains(&a.name.as_str()) => clock::session().map(Reader::Clock),
        reader => Ok(reader),
    };
    // Groups and features are told apart, everything else is measured.
    let number = |a: &Attribute| special.contains(&a.name.as_str()) && !options.group_columns.contains(&a.name);
    let read = |a: &Attribute| reader(a).map(|reader| Some(Wanted { reader, number: number(a) }));
    attributes.iter().map(|a| if wanted(a) { read(a) } else { Ok(None) }).collect()
}

/// The columns that are not features: target, weight, exposure, offset, time, groups.
fn special_columns<'a>(job: &'a Job<'_>) -> impl Iterator<Item = &'a str> {
    let o = &job.options;
    let one = job.target.into_iter().chain(o.sample_weight.as_deref()).chain(o.time_column.as_deref());
    let one = one.chain(o.exposure.as_deref()).chain(o.offset.as_deref());
    one.chain(o.group_columns.iter().map(String::as_str))
}

/// Every column has a name of its own.
pub(super) fn check_names(attributes: &[Attribute]) -> Result<()> {
    for (i, a) in attributes.iter().enumerate() {
        if a.name == "?column?" || a.name.is_empty() {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("column {} of the source has no name", i + 1),
            )
            .hint("Name it in the query: expression AS name."));
        }
        if attributes[..i].iter().any(|b| b.name == a.name) {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DUPLICATE_COLUMN,
                format!("the source has two columns named \"{}\"", a.name),
            )
            .hint("Name one of them otherwise in the query: column AS name."));
        }
    }
    Ok(())
}

/// The error for a column that is not there.
pub(super) fn no_column(name: &str, attributes: &[Attribute]) -> Failure {
    let given: Vec<String> = attributes.iter().take(100).map(|a| format!("\"{}\"", a.name)).collect();
    let detail = match given.is_empty() {
        true => "It has no column at all.".to_owned(),
        false => format!("Its columns are {}.", given.join(", ")),
    };
    Failure::new(PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN, format!("the source has no column \"{name}\""))
        .detail(detail)
        .hint("Names keep their case: write them as the source shows them.")
}

/// A column as the engine takes it.
pub(super) fn input(column: &SourceColumn) -> SourceInput {
    SourceInput {
        name: column.attribute.name.clone(),
        kind: column.reader.kind(),
        integer: column.reader.is_integer(),
        uuid: column.reader == Reader::Uuid,
        fixed: matches!(column.reader, Reader::Uuid | Reader::Enum),
        first: column.first,
        count: column.count,
    }
}

/// The types of the arguments and what a catalogue entry says of each column.
pub(super) type Types = Vec<(String, pg_sys::Oid, String)>;

/// The task of the deployed version, if it predicts the same target.
fn previous_task(found: &Found, target: Option<&str>) -> Result<Option<Task>> {
    let Some(row) = relations::model_by_id(&found.row.id)? else { return Ok(None) };
    let Some(version) = row.deployed else { return Ok(None) };
    if store::target(&version)?.as_deref() != target {
        return Ok(None);
    }
    // Bytes that cannot be read must not keep a model from being trained anew.
    Ok(cache::version(&version, found).ok().map(|scorer| scorer.model().task.clone()))
}

fn request(job: &Job<'_>, rows: Rows, previous: Option<Task>) -> Result<(Request, Types)> {
    let place = |name: &str| rows.column(name).map(|c| c.first);
    let special: Vec<&str> = special_columns(job).collect();
    let options = &job.options;
    let inputs: Vec<&SourceColumn> =
        rows.columns.iter().filter(|c| !special.contains(&c.attribute.name.as_str()) && c.count > 0).collect();
    for c in rows.columns.iter().filter(|c| c.reader == Reader::Exact) {
        notice!("column \"{}\" has numbers beyond 2^53 and is taken as a category", c.attribute.name);
    }
    if options.clean.is_none() {
        check_number(&rows, options.time_column.as_deref(), "time")?;
        check_number(&rows, options.exposure.as_deref(), "exposure")?;
        check_number(&rows, options.offset.as_deref(), "offset")?;
    }
    let beside = rows.columns.iter().filter(|c| {
        special.contains(&c.attribute.name.as_str()) && job.target != Some(c.attribute.name.as_str()) && c.count == 1
    });
    let types =
        inputs.iter().map(|c| (c.attribute.name.clone(), argument_type(c), c.attribute.type_name.clone())).collect();
    let zone = inputs.iter().find_map(|c| match c.reader {
        Reader::Clock(clock) => Some(clock.name().to_owned()),
        _ => None,
    });
    let request = Request {
        inputs: inputs.into_iter().map(input).collect(),
        target: job.target.and_then(|t| rows.column(t)).map(input),
        beside: beside.map(input).collect(),
        weight: options.sample_weight.as_deref().and_then(place),
        exposure: options.exposure.as_deref().and_then(place),
        offset: options.offset.as_deref().and_then(place),
        time: options.time_column.as_deref().and_then(place),
        groups: options.group_columns.iter().filter_map(|g| place(g)).collect(),
        zone,
        algorithm: job.algorithm,
        options: job.options.clone(),
        table: rows.table,
        previous,
    };
    if request.target.as_ref().is_some_and(|t| t.count != 1 || t.kind == orchard_engine::model::InputKind::Array) {
        return Err(Failure::argument("an array cannot be the target"));
    }
    Ok((request, types))
}

/// The time, exposure or offset column holds a number a row.
pub(super) fn check_number(rows: &Rows, column: Option<&str>, what: &str) -> Result<()> {
    let Some(c) = column.and_then(|name| rows.column(name)) else { return Ok(()) };
    if c.reader.is_category() || matches!(c.reader, Reader::Array(_)) {
        let hint = match what {
            "time" => "Name a date, timestamp or number as \"time_column\".".to_owned(),
            _ => format!("Name a column of numbers as \"{what}\"."),
        };
        let (name, type_name) = (&c.attribute.name, &c.attribute.type_name);
        return Err(Failure::argument(format!("{what} column \"{name}\" has type {type_name}")).hint(hint));
    }
    Ok(())
}

/// Arguments are wide, so that literals and expressions fit.
fn argument_type(column: &SourceColumn) -> pg_sys::Oid {
    match column.reader {
        Reader::Int2 | Reader::Int4 | Reader::Int8 | Reader::Float4 | Reader::Float8 | Reader::Numeric => {
            pg_sys::FLOAT8OID
        }
        Reader::Text | Reader::Bpchar | Reader::Name | Reader::Char => pg_sys::TEXTOID,
        Reader::Exact => pg_sys::NUMERICOID,
        Reader::Array(_) => pg_sys::FLOAT8ARRAYOID,
        Reader::Bool
        | Reader::Date
        | Reader::Timestamp
        | Reader::Timestamptz
        | Reader::Clock(_)
        | Reader::Interval
        | Reader::Enum
        | Reader::Uuid => column.attribute.base,
    }
}

/// Whether the arguments can stay as they are, as far as that is known before training.
fn may_keep_signature(found: &Found, job: &Job<'_>, rows: &Rows) -> Result<bool> {
    let special: Vec<&str> = special_columns(job).collect();
    let names = rows.columns.iter().filter(|c| !special.contains(&c.attribute.name.as_str()));
    let columns = names.map(|c| Argument { name: c.attribute.name.clone(), oid: argument_type(c) }).collect();
    function::may_have_signature(found.function, columns)
}

/// Keep a version and make its function.
pub(super) fn save(
    job: &Job<'_>,
    existing: Option<Found>,
    outcome: &Outcome,
    types: &Types,
    started: std::time::Instant,
) -> Result<Row> {
    let model = outcome.scorer.model();
    let type_of = |name: &str| types.iter().find(|t| t.0 == name);
    let columns: Vec<Argument> = model
        .arguments()
        .iter()
        .filter_map(|a| type_of(a.name()).map(|t| Argument { name: t.0.clone(), oid: t.1 }))
        .collect();
    let (task, returns) = returns(&model.task);
    let wide = columns.len() > function::MOST_ARGUMENTS;
    let signature = Signature::new(columns, returns);
    let comment = comment(&job.name, job.target, job.options.exposure.as_deref(), &model.task);
    let (id, first) = match &existing {
        Some(found) => (found.row.id, false),
        None => (store::insert_model(&job.schema, &job.name)?, true),
    };
    // A first version is the only one there is, so it is deployed in any case.
    let deploy = job.options.deploy || first;
    if wide && deploy {
        notice!(
            "the model has more than {} columns, so predict_{} takes the whole row",
            function::MOST_ARGUMENTS,
            job.name
        );
    }
    match &existing {
        None => function::create(&job.schema, &job.name, &id, &signature, &comment)?,
        Some(found) if deploy && !function::has_signature(found.function, &signature)? => {
            function::check_replaceable(found)?;
            function::remake(found, &signature, &comment)?;
        }
        Some(_) => {}
    }
    let score = outcome.metric.and_then(|m| outcome.metrics.iter().find(|x| x.name == m)).and_then(|x| x.value);
    let seconds = started.elapsed().as_secs_f64();
    let features = features(outcome, types).to_string();
    let metrics = metrics(outcome).to_string();
    let timings: serde_json::Map<String, Value> = outcome
        .timings
        .iter()
        .map(|(k, v)| ((*k).to_owned(), json!(v)))
        .chain([("total".to_owned(), json!(seconds))])
        .collect();
    let new = NewVersion {
        algorithm: job.algorithm.name(),
        task,
        target: job.target,
        source: job.source,
        options: &job.options_text,
        rows: outcome.rows as u64,
        training_rows: outcome.training_rows as u64,
        holdout_rows: outcome.holdout_rows as u64,
        features: &features,
        metric: outcome.metric,
        score,
        metrics: &metrics,
        timings: &Value::Object(timings).to_string(),
        model: &outcome.bytes,
        held: outcome.held.as_deref(),
        importance: outcome.importance.as_deref(),
        insight: &outcome.insight.write(),
        arguments: &signature.arguments.iter().map(|a| a.oid).collect::<Vec<_>>(),
    };
    let (version, _) = store::insert_version(&id, &new, deploy)?;
    Ok((
        job.name.clone(),
        version,
        job.algorithm.name().to_owned(),
        task.to_owned(),
        outcome.rows as i64,
        model.features.len() as i32,
        outcome.metric.map(str::to_owned),
        score,
        seconds,
        deploy,
        function::call_name(&job.schema, &job.name),
    ))
}

/// What the function of a model says of itself.
pub(super) fn comment(name: &str, target: Option<&str>, exposure: Option<&str>, task: &Task) -> String {
    match (task, target) {
        (Task::Classification { classes, positive }, Some(target)) if classes.len() <= 2 => {
            let class = classes.get(*positive as usize).map_or("", String::as_str);
            format!("model \"{name}\": probability that {target} is {class}")
        }
        (Task::Classification { .. }, Some(target)) => format!("model \"{name}\": most probable {target}"),
        (_, Some(target)) => {
            let unit = exposure.map_or_else(String::new, |e| format!(" for each unit of {e}"));
            format!("model \"{name}\": expected {target}{unit}")
        }
        (_, None) => format!("model \"{name}\": segment of a row"),
    }
}

/// What the function of a model returns, and its task by name.
pub(super) fn returns(task: &Task) -> (&'static str, Returns) {
    match task {
        Task::Classification { classes, .. } if classes.len() > 2 => ("classification", Returns::Label),
        Task::Classification { .. } => ("classification", Returns::Number),
        Task::Regression => ("regression", Returns::Number),
        Task::Clustering => ("clustering", Returns::Segment),
    }
}

/// What the catalogue says of each feature.
fn features(outcome: &Outcome, types: &Types) -> Value {
    let model = outcome.scorer.model();
    let mut list = Vec::new();
    for input in &model.inputs {
        let made = model.cleaned_inputs().iter().any(|(made, _)| made.name == input.name);
        let given = types.iter().find(|t| t.0 == input.name && !made).map(|t| t.2.as_str());
        let type_name = given.unwrap_or_else(|| made_type(input.kind));
        for feature in &model.features[input.first as usize..(input.first + input.count) as usize] {
            let stats = &feature.stats;
            list.push(match &feature.encoding {
                Encoding::Number
                | Encoding::Clock { .. }
                | Encoding::Part(_)
                | Encoding::Words
                | Encoding::Token { .. } => json!({
                    "name": feature.name, "column": input.name, "type": type_name, "kind": format!("{:?}", input.kind).to_lowercase(),
                    "missing": stats.missing, "minimum": finite(stats.minimum), "maximum": finite(stats.maximum),
                    "mean": finite(stats.mean), "stddev": finite(stats.stddev),
                }),
                Encoding::Category { levels } | Encoding::Ordered { levels, .. } => json!({
                    "name": feature.name, "column": input.name, "type": type_name, "kind": "category",
                    "missing": stats.missing, "distinct": stats.distinct, "levels": levels.len(),
                }),
            });
        }
    }
    Value::Array(list)
}

/// The type of a column that the model's cleaning makes.
fn made_type(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Category | InputKind::Text => "text",
        InputKind::Boolean => "boolean",
        InputKind::Date => "date",
        InputKind::Timestamp | InputKind::Timestamptz => "timestamp without time zone",
        InputKind::Number | InputKind::Interval | InputKind::Array => "double precision",
    }
}

fn finite(v: f64) -> Value {
    if v.is_finite() {
        json!(v)
    } else {
        Value::String(format!("{v}"))
    }
}

fn metrics(outcome: &Outcome) -> Value {
    let all = outcome.metrics.iter().map(|m| {
        let (low, high) = m.interval.unzip();
        json!({"metric": m.name, "value": m.value, "note": m.note, "low": low, "high": high})
    });
    Value::Array(all.collect())
}
