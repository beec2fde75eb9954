//! Keeping what a training made: the version, and the function of the model.

use orchard_engine::learn::train::Outcome;
use orchard_engine::model::{encode_baseline, encode_segments, Encoding, InputKind, Task};
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::train::{Job, Row, Types};
use crate::catalog::function::{self, Argument, Returns, Signature};
use crate::catalog::relations::Id;
use crate::catalog::store::{self, NewVersion};
use crate::catalog::versions::Event;
use crate::catalog::Found;
use crate::error::Result;

/// Keep a version and make its function.
pub(super) fn save(
    job: &Job<'_>,
    existing: Option<Found>,
    outcome: &Outcome,
    types: &Types,
    started: std::time::Instant,
    event: Event<'_>,
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
    let place = (existing.as_ref(), job.schema.as_str(), job.name.as_str());
    let (id, deploy) = make_way(place, &signature, &comment, job.options.deploy)?;
    if wide && deploy {
        notice!(
            "the model has more than {} columns, so predict_{} takes the whole row",
            function::MOST_ARGUMENTS,
            job.name
        );
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
    let segments = outcome.segments.as_ref().map(encode_segments).transpose()?;
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
        baseline: &encode_baseline(&outcome.baseline)?,
        segments: segments.as_deref(),
        event,
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

/// Make the model that a version is added to where there is none in the schema by the name, and a function that fits where the version is deployed. The
/// model's id, and whether the version is deployed: a first one is the only one there is, so it is in any case.
pub(super) fn make_way(
    (existing, schema, name): (Option<&Found>, &str, &str),
    signature: &Signature,
    comment: &str,
    deploy: bool,
) -> Result<(Id, bool)> {
    let (id, first) = store::model_for_version(existing.map(|found| &found.row), schema, name)?;
    let deploy = deploy || first;
    match existing {
        None => function::create(schema, name, &id, signature, comment)?,
        Some(found) if deploy && !function::has_signature(found.function, signature)? => {
            function::check_replaceable(found)?;
            function::remake(found, signature, comment)?;
        }
        Some(_) => {}
    }
    Ok((id, deploy))
}

/// What the function of a model says of itself.
pub(super) fn comment(name: &str, target: Option<&str>, exposure: Option<&str>, task: &Task) -> String {
    match (task, target) {
        (Task::Classification { classes, positive }, Some(target)) if classes.len() <= 2 => {
            match classes.get(*positive as usize).map_or("", String::as_str) {
                // Everybody can read a comment, so it holds no value of the data but those that say nothing.
                class @ ("true" | "false" | "1" | "0") => {
                    format!("model \"{name}\": probability that {target} is {class}")
                }
                _ => format!("model \"{name}\": probability of the positive class of {target}"),
            }
        }
        (Task::Classification { .. }, Some(target)) => format!("model \"{name}\": most probable {target}"),
        (Task::Uplift { treatments, .. }, Some(target)) => match treatments.len() {
            1 => format!("model \"{name}\": by how much the treatment raises {target}"),
            _ => format!("model \"{name}\": by how much the best treatment raises {target}"),
        },
        (Task::Forecast, Some(target)) => format!("model \"{name}\": {target} of a series at a time to come"),
        (_, Some(target)) => {
            let unit = exposure.map_or_else(String::new, |e| format!(" for each unit of {e}"));
            format!("model \"{name}\": expected {target}{unit}")
        }
        (Task::Reduction, None) => format!("model \"{name}\": components of a row"),
        (Task::Recommendation, None) => format!("model \"{name}\": how much a user prefers an item"),
        (Task::Lifetime, None) => format!("model \"{name}\": what a customer is expected to buy or bring"),
        (Task::Anomaly, None) => format!("model \"{name}\": anomaly score of a row"),
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
        Task::Anomaly => ("anomaly_detection", Returns::Number),
        Task::Recommendation => ("recommendation", Returns::Number),
        Task::Forecast => ("forecast", Returns::Number),
        Task::Lifetime => ("customer_value", Returns::Number),
        Task::Reduction => ("dimension_reduction", Returns::Components),
        Task::Uplift { .. } => ("uplift", Returns::Number),
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
