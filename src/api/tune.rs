//! `orchard.tune`: a search for parameters, then a training with the best.

use std::cell::OnceCell;

use orchard_engine::control::Control;
use orchard_engine::learn::options::Algorithm;
use orchard_engine::learn::tune::{self, Search, Tuned};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::JsonB;
use serde_json::{json, Value};

use super::apart;
use super::save::save;
use super::train::{begin, check_target, creation_schema, ready, Job};
use super::{diagnose, insight};
use crate::catalog::versions::Event;
use crate::error::{report, Failure, Result};
use crate::{interrupt, settings};

type Row = (
    i32,
    JsonB,
    String,
    Option<f64>,
    Option<f64>,
    Vec<Option<f64>>,
    i64,
    Option<f64>,
    i32,
    f64,
    i32,
    bool,
    Option<f64>,
    Option<i32>,
);

/// Search for parameters and learn a model with the best.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn tune(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    algorithm: Option<&str>,
    grid: Option<crate::json::JsonArgument>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(trial, i32),
        name!(parameters, JsonB),
        name!(metric, String),
        name!(mean_score, Option<f64>),
        name!(std_score, Option<f64>),
        name!(fold_scores, Vec<Option<f64>>),
        name!(rows, i64),
        name!(iterations, Option<f64>),
        name!(round, i32),
        name!(seconds, f64),
        name!(rank, i32),
        name!(best, bool),
        name!(holdout_score, Option<f64>),
        name!(version, Option<i32>),
    ),
> {
    let json = |given: Option<crate::json::JsonArgument>| given.map_or_else(|| json!({}), |o| o.0);
    TableIterator::new(report(|| run(model, source, target, algorithm, json(grid), json(options))))
}

fn run(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    algorithm: Option<&str>,
    grid: Value,
    options: Value,
) -> Result<Vec<Row>> {
    let started = std::time::Instant::now();
    let (name, source) = begin(c"orchard.tune()", model, source)?;
    let algorithm = named(algorithm, target)?;
    apart::check(algorithm)?;
    let mut search = Search::parse(&grid, &options, algorithm)?;
    search.warn = settings::warnings();
    check_target(algorithm, target)?;
    let schema = creation_schema(&name)?;
    let given = options;
    let options = search.trials[0].options.clone();
    let mut job = Job {
        schema,
        name: name.name,
        source,
        target,
        algorithm,
        options,
        options_text: String::new(),
        columns: OnceCell::new(),
    };
    let control = Control::new(settings::max_memory());
    let (existing, request, types) = ready(&job, &control)?;
    let label = format!("orchard.tune {}", job.name);
    let mut tuned = interrupt::run(&label, &control, || tune::tune(request, &search, &control))?;
    for notice in &tuned.outcome.notices {
        notice!("{notice}");
    }
    diagnose::warn(&tuned.warnings, &given);
    insight::warn(&mut tuned.outcome, &tuned.warnings, &job);
    job.options_text = search.training_options(tuned.best).to_string();
    let event = Event { name: "train", details: None };
    let version = save(&job, existing, &tuned.outcome, &types, started, event)?.1;
    Ok(rows(&search, &tuned, version))
}

/// The algorithm of a name. A grid is of the options of one, so none is chosen here.
fn named(algorithm: Option<&str>, target: Option<&str>) -> Result<Algorithm> {
    match algorithm {
        Some(name) if !name.eq_ignore_ascii_case("auto") => Ok(Algorithm::parse(name, target.is_some())?),
        _ => Err(Failure::argument("orchard.tune needs an algorithm, whose options the grid names")
            .hint(format!("Name one of {}.", Algorithm::ALL.map(Algorithm::name).join(", ")))),
    }
}

fn rows(search: &Search, tuned: &Tuned, version: i32) -> Vec<Row> {
    let held = tuned.outcome.metrics.iter().find(|m| m.name == tuned.metric).and_then(|m| m.value);
    let row = |(i, t): (usize, &tune::Scored)| {
        (
            i as i32 + 1,
            JsonB(Value::Object(search.trials[i].parameters.clone())),
            tuned.metric.to_owned(),
            t.mean,
            t.deviation,
            t.folds.clone(),
            t.rows as i64,
            t.iterations,
            t.round as i32,
            t.seconds,
            t.rank as i32,
            t.best,
            held.filter(|_| t.best),
            t.best.then_some(version),
        )
    };
    tuned.trials.iter().enumerate().map(row).collect()
}
