//! `orchard.train`.

use std::cell::OnceCell;
use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::learn::kmeans;
use orchard_engine::learn::network::Former;
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{self, OldSegments, Request, SourceInput};
use orchard_engine::learn::tune;
use orchard_engine::model::{Body, Task};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::pg_sys;
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::save::save;
use super::segments::facts as segment_facts;
use super::{apart, diagnose, insight, recommend};
use crate::catalog::function::{self, Argument};
use crate::catalog::name::ModelName;
use crate::catalog::relations::Id;
use crate::catalog::versions::Event;
use crate::catalog::{cache, orphan, relations, store, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::clock;
use crate::source::types::Reader;
use crate::source::{self, Attribute, Room, Rows, SourceColumn, Wanted};
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
    /// The columns of the source, once it was read.
    pub columns: OnceCell<Vec<String>>,
}

fn run(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    algorithm: &str,
    mut options: Value,
) -> Result<Row> {
    let started = std::time::Instant::now();
    let (name, source) = begin(c"orchard.train()", model, source)?;
    let auto = algorithm.eq_ignore_ascii_case("auto");
    let budget = if auto { tune::parse_budget(&mut options)? } else { None };
    if budget.is_some() && target.is_none() {
        return Err(Failure::argument("option \"time_budget\" needs a target")
            .hint("Segments of different learners cannot be compared: name the learner, or the column to predict: target => 'column'."));
    }
    let algorithm = match auto {
        true => Algorithm::choose(&options, target.is_some(), None).0,
        false => Algorithm::parse(algorithm, target.is_some())?,
    };
    if budget.is_some() && algorithm.is_uplift() {
        return Err(Failure::argument("a search within a time is for learners of a target, not of uplift")
            .hint("Leave \"time_budget\" out: x_learner is learned, or the learner that you name."));
    }
    let options_text = options.to_string();
    let parsed = Options::parse(&options, algorithm)?;
    check_target(algorithm, target)?;
    let name = name.of_algorithm(algorithm)?;
    let schema = creation_schema(&name)?;
    let mut job = Job {
        schema,
        name: name.name,
        source,
        target,
        algorithm,
        options: parsed,
        options_text,
        columns: OnceCell::new(),
    };
    let control = Control::new(settings::max_memory());
    if algorithm.stands_alone() {
        return alone(&job, started, &control);
    }
    let (existing, mut request, types) = ready(&job, &control)?;
    if let Some(budget) = budget {
        return searched(job, existing, request, &types, (options, budget), started, &control);
    }
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
    insight::warn(&mut outcome, &warnings, &job);
    save(&job, existing, &outcome, &types, started, Event { name: "train", details: None })
}

/// Train what reads its source in its own way, and keep it.
fn alone(job: &Job<'_>, started: std::time::Instant, control: &Control) -> Result<Row> {
    store::lock(&job.schema, &job.name);
    let existing = existing(&job.schema, &job.name)?;
    function::check_name(&job.schema, &job.name, existing.as_ref().map(|f| &f.row.id))?;
    let (outcome, types) = apart::learn(job, control)?;
    save(job, existing, &outcome, &types, started, Event { name: "train", details: None })
}

/// Search for the learner, train it, and keep it as if it had been asked for.
fn searched(
    mut job: Job<'_>,
    existing: Option<Found>,
    request: Request,
    types: &Types,
    (given, budget): (Value, f64),
    started: std::time::Instant,
    control: &Control,
) -> Result<Row> {
    let warn = settings::warnings();
    let mut tuned = interrupt::run(&format!("orchard.train {}", job.name), control, || {
        tune::auto(request, &given, budget, warn, control)
    })?;
    for notice in &tuned.outcome.notices {
        notice!("{notice}");
    }
    diagnose::warn(&tuned.warnings, &given);
    (job.algorithm, job.options) = (tuned.algorithm, Options::parse(&tuned.options, tuned.algorithm)?);
    job.options_text = tuned.options.to_string();
    insight::warn(&mut tuned.outcome, &tuned.warnings, &job);
    save(&job, existing, &tuned.outcome, types, started, Event { name: "train", details: None })
}

/// Refuse a call that could not write, and read the arguments that every training has.
pub(super) fn begin<'a>(
    call: &core::ffi::CStr,
    model: Option<&str>,
    source: Option<&'a str>,
) -> Result<(ModelName, &'a str)> {
    crate::catalog::check_writable(call);
    let name = ModelName::parse(given(model, "model")?)?;
    Ok((name, given(source, "source")?))
}

/// Make sure that the model can be kept, and read the source: the model there is, what to learn from, and the types of the columns.
pub(super) fn ready(job: &Job<'_>, control: &Control) -> Result<(Option<Found>, Request, Types)> {
    store::lock(&job.schema, &job.name);
    let existing = existing(&job.schema, &job.name)?;
    function::check_name(&job.schema, &job.name, existing.as_ref().map(|f| &f.row.id))?;
    let rows = read(job, control)?;
    if let Some(found) = existing.as_ref().filter(|_| job.options.deploy) {
        check_signature(found, job, &rows)?;
    }
    let previous = existing.as_ref().map_or(Ok(None), |found| previous(found, job.target))?;
    let (mut request, types) = request(job, rows, previous.as_ref().map(|(_, model)| model.model().task.clone()))?;
    request.old_segments = previous.as_ref().and_then(|(version, scorer)| old_segments(version, scorer));
    request.former = previous.as_ref().and_then(|(_, scorer)| former(scorer, &job.options));
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
        (false, Some(_)) if !algorithm.recommends() => {
            Err(Failure::argument(format!("algorithm \"{}\" takes no target", algorithm.name()))
                .hint("Leave the target out, and exclude the column if it must not be a feature."))
        }
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
    let known = match store::current(schema, name)? {
        None => orphan::adopt(schema, name)?,
        known => known,
    };
    let Some(id) = known else { return Ok(None) };
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

/// Read the columns of the source that a job is about.
pub(super) fn read(job: &Job<'_>, control: &Control) -> Result<Rows> {
    let mut choose = |attributes: &[Attribute]| choose(job, attributes);
    if job.options.kmeans.batch_size.is_none() {
        return source::read(job.source, &mut choose, control);
    }
    // Mini-batches look at some of the rows anyway, so what there is no room for can be left out.
    let levels = job.options.kmeans.max_categories as usize;
    let room = Room { row: kmeans::ROW_BYTES, dimension: kmeans::DIMENSION_BYTES, levels };
    let (rows, all) = source::read_part(job.source, &mut choose, room, control)?;
    if rows.table.rows as u64 != all {
        notice!("of {all} rows {} are learned from, as many as orchard.max_memory has room for", rows.table.rows);
    }
    Ok(rows)
}

/// Which columns to read, and how.
fn choose(job: &Job<'_>, attributes: &[Attribute]) -> Result<Vec<Option<Wanted>>> {
    check_names(attributes)?;
    if job.algorithm.recommends() {
        return recommend::choose(job, attributes);
    }
    apart::check(job.algorithm)?;
    // A job reads its source once.
    let _ = job.columns.set(attributes.iter().map(|a| a.name.clone()).collect());
    let options = &job.options;
    let special: Vec<&str> = special_columns(job).collect();
    let constrained =
        options.monotone_constraints.iter().map(|c| &c.0).chain(options.interaction_constraints.iter().flatten());
    let constrained = constrained.chain(options.feature_weights.iter().map(|w| &w.0));
    let of_members = options.ensemble.named_columns();
    let constrained = constrained.chain(&of_members);
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
    let by_clock = !job.algorithm.is_clustering() && job.algorithm != Algorithm::Pca && options.date_parts;
    let reader = |a: &Attribute| match special.contains(&a.name.as_str()) {
        true => a.needed(),
        // Its parts are those of the session's zone, now and when the model scores.
        false if by_clock && a.reader == Some(Reader::Timestamptz) => clock::session().map(Reader::Clock),
        false => a.readable(),
    };
    // Groups and features are told apart, everything else is measured.
    let number = |a: &Attribute| {
        let told_apart = options.group_columns.contains(&a.name) || options.uplift.treatment.as_ref() == Some(&a.name);
        special.contains(&a.name.as_str()) && !told_apart
    };
    let read = |a: &Attribute| reader(a).map(|reader| Some(Wanted { reader, number: number(a) }));
    attributes.iter().map(|a| if wanted(a) { read(a) } else { Ok(None) }).collect()
}

/// The columns that are not features: target, weight, exposure, offset, value, time, groups.
pub(super) fn special_columns<'a>(job: &'a Job<'_>) -> impl Iterator<Item = &'a str> {
    let o = &job.options;
    let one = job.target.into_iter().chain(o.sample_weight.as_deref()).chain(o.time_column.as_deref());
    let one = one
        .chain(o.uplift.treatment.as_deref())
        .chain(o.exposure.as_deref())
        .chain(o.offset.as_deref())
        .chain(o.value_column.as_deref());
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

/// A column that must be there.
pub(super) fn find<'a>(name: &str, attributes: &'a [Attribute]) -> Result<&'a Attribute> {
    attributes.iter().find(|a| a.name == name).ok_or_else(|| no_column(name, attributes))
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

/// The deployed version, if it predicts the same target.
fn previous(found: &Found, target: Option<&str>) -> Result<Option<(Id, Rc<Scorer>)>> {
    let Some(row) = relations::model_by_id(&found.row.id)? else { return Ok(None) };
    let Some(version) = row.deployed else { return Ok(None) };
    if store::target(&version)?.as_deref() != target {
        return Ok(None);
    }
    // Bytes that cannot be read must not keep a model from being trained anew.
    Ok(cache::version(&version, found).ok().map(|scorer| (version, scorer)))
}

/// The segments of a version, if it has some, which hand their numbers and names on.
pub(super) fn old_segments(version: &Id, scorer: &Scorer) -> Option<OldSegments> {
    if scorer.model().task != Task::Clustering {
        return None;
    }
    // What cannot be read must not keep a model from being trained anew.
    let facts = segment_facts(version, scorer.model()).ok().flatten();
    Some(OldSegments { model: scorer.model().clone(), facts })
}

/// The network of a version, if it has one and a training is to go on from it.
pub(super) fn former(scorer: &Scorer, options: &Options) -> Option<Former> {
    let Body::Network(body) = &scorer.model().body else { return None };
    options.network.warm_start.then(|| Former {
        features: scorer.model().features.clone(),
        body: body.clone(),
        classes: scorer.model().classes().to_vec(),
    })
}

/// What the engine is to learn from the rows, and the types of their columns.
pub(super) fn request(job: &Job<'_>, rows: Rows, previous: Option<Task>) -> Result<(Request, Types)> {
    let place = |name: &str| rows.column(name).map(|c| c.first);
    let special: Vec<&str> = special_columns(job).collect();
    let options = &job.options;
    let inputs: Vec<&SourceColumn> = match job.algorithm.recommends() {
        true => options.recommend.columns().filter_map(|name| rows.column(name)).collect(),
        false => rows.columns.iter().filter(|c| !special.contains(&c.attribute.name.as_str()) && c.count > 0).collect(),
    };
    for c in rows.columns.iter().filter(|c| c.reader == Reader::Exact) {
        notice!("column \"{}\" has numbers beyond 2^53 and is taken as a category", c.attribute.name);
    }
    if options.clean.is_none() {
        check_number(&rows, options.time_column.as_deref(), "time")?;
        check_number(&rows, options.exposure.as_deref(), "exposure")?;
        check_number(&rows, options.offset.as_deref(), "offset")?;
        check_number(&rows, options.value_column.as_deref(), "value")?;
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
        treatment: options.uplift.treatment.as_deref().and_then(|t| rows.column(t)).map(input),
        groups: options.group_columns.iter().filter_map(|g| place(g)).collect(),
        zone,
        algorithm: job.algorithm,
        options: job.options.clone(),
        value: options.value_column.as_deref().and_then(place),
        table: rows.table,
        previous,
        old_segments: None,
        former: None,
    };
    if request.treatment.as_ref().is_some_and(|t| t.count != 1 || t.kind == orchard_engine::model::InputKind::Array) {
        return Err(Failure::argument("an array cannot be the treatment"));
    }
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
            "value" => "Name a column of numbers as \"value_column\".".to_owned(),
            _ => format!("Name a column of numbers as \"{what}\"."),
        };
        let (name, type_name) = (&c.attribute.name, &c.attribute.type_name);
        return Err(Failure::argument(format!("{what} column \"{name}\" has type {type_name}")).hint(hint));
    }
    Ok(())
}

/// The type of the argument for a column.
fn argument_type(column: &SourceColumn) -> pg_sys::Oid {
    argument_of(column.reader, column.attribute.base)
}

/// The type of the argument for a column of a base type. Arguments are wide, so that literals and expressions fit.
pub(super) fn argument_of(reader: Reader, base: pg_sys::Oid) -> pg_sys::Oid {
    match reader {
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
        | Reader::Uuid => base,
    }
}

/// The error for arguments that cannot stay as they are, as far as that is known before training, where something stands on them.
pub(super) fn check_signature(found: &Found, job: &Job<'_>, rows: &Rows) -> Result<()> {
    let special: Vec<&str> = special_columns(job).collect();
    let names: Vec<&SourceColumn> = match job.algorithm.recommends() {
        true => job.options.recommend.columns().filter_map(|name| rows.column(name)).collect(),
        false => rows.columns.iter().filter(|c| !special.contains(&c.attribute.name.as_str())).collect(),
    };
    let columns =
        names.into_iter().map(|c| Argument { name: c.attribute.name.clone(), oid: argument_type(c) }).collect();
    match function::may_have_signature(found.function, columns)? {
        true => Ok(()),
        false => {
            function::check_create(&job.schema, &job.name)?;
            function::check_replaceable(found)
        }
    }
}
