//! Trainings that do not learn from rows of columns: each reads its source in its own way.

use orchard_engine::control::Control;
use orchard_engine::learn::options::{given, Algorithm};
use orchard_engine::learn::train::Outcome;
use pgrx::pg_sys::Oid;
use serde_json::Value;

use super::train::{argument_of, Job, Types};
use super::{forecast, lifetime};
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::Attribute;

/// Learn what a job asks for, and say what is to be said of it.
pub(super) fn learn(job: &Job<'_>, control: &Control) -> Result<(Outcome, Types)> {
    let options: Value = serde_json::from_str(&job.options_text)
        .map_err(|e| Failure::internal(format!("the options of a training are no JSON: {e}")))?;
    match job.algorithm {
        Algorithm::Forecast => forecast::model::learn(job, &options, control),
        _ => lifetime::model::learn(job, &options, control),
    }
}

/// Refuse a search among learners that stand alone.
pub(super) fn check(algorithm: Algorithm) -> Result<()> {
    if !algorithm.stands_alone() {
        return Ok(());
    }
    Err(Failure::argument(format!("algorithm \"{}\" is trained by orchard.train alone", algorithm.name()))
        .hint("Train models of some options, and compare what orchard.evaluate says of them."))
}

/// The options that a verb reads, with what they must be; those that all trainings have are left out.
pub(super) fn given_options(options: &Value, algorithm: Algorithm) -> (Value, Vec<(&'static str, &'static str)>) {
    let known = given(algorithm);
    (only(options, |key| known.iter().any(|(own, _)| *own == key)), known)
}

/// Those of some options whose keys are wanted.
pub(super) fn only(options: &Value, wanted: impl Fn(&str) -> bool) -> Value {
    let all = options.as_object().into_iter().flatten().filter(|(key, _)| wanted(key));
    Value::Object(all.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The type of the argument for a column.
pub(super) fn argument(attribute: &Attribute) -> Oid {
    argument_of(attribute.reader.unwrap_or(Reader::Text), attribute.base)
}
