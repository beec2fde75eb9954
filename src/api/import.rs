//! `orchard.export_model`, `import_model`, `import_lightgbm` and its like: models that leave a database, and models that come into one.

use orchard_engine::control::Control;
use orchard_engine::import::{read_catboost, read_lightgbm, read_onnx, read_xgboost, ImportOptions, Imported};
use orchard_engine::model::{self, Argument, Encoding, HeldActual, InputKind, Model, Task};
use orchard_engine::score::outputs;
use pgrx::iter::TableIterator;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::save::{comment, make_way, returns};
use super::train::{creation_schema, existing};
use crate::call::slot;
use crate::catalog::function::{self, Signature};
use crate::catalog::name::ModelName;
use crate::catalog::package::{self, Arrival};
use crate::catalog::relations::ChunkKind;
use crate::catalog::{self, store, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::types::{self, Reader};
use crate::{interrupt, settings};

/// What an import returns: model, version, algorithm, task, features, deployed, function.
type Row = (String, i32, String, String, i32, bool, String);

/// The rows that an import returns.
type Rows = TableIterator<
    'static,
    (
        name!(model, String),
        name!(version, i32),
        name!(algorithm, String),
        name!(task, String),
        name!(features, i32),
        name!(deployed, bool),
        name!(function, String),
    ),
>;

/// The bytes of a version of a model, for `orchard.import_model` of another database.
#[pg_extern(sql = false)]
fn export_model(model: Option<&str>, version: Option<i32>) -> Vec<u8> {
    report(|| {
        let name = ModelName::parse(given(model, "model")?)?;
        let found = catalog::find(&name)?;
        // It holds rows of the training, which who may use a model need not see.
        catalog::check_owner(&found)?;
        let id = match version {
            None => found.deployed()?,
            Some(number) => catalog::version_id(&found.row, number)?,
        };
        let package = package::pack(&id)?;
        if !package.parts.iter().any(|part| part.0 == ChunkKind::Model as u16) {
            return Err(catalog::no_version(&found.row));
        }
        let size: usize = package.facts.len() + package.parts.iter().map(|part| part.1.len()).sum::<usize>();
        if size > MOST_BYTES {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                format!("model \"{name}\" has {size} bytes, more than a bytea can hold"),
            )
            .hint("Dump the database with pg_dump, which has models in parts."));
        }
        Ok(model::encode_package(&package)?)
    })
}

/// Bytes of a value at most (1 GB), less what the headers of a package take.
const MOST_BYTES: usize = (1 << 30) - 4096;

/// Make a version of a model from what `orchard.export_model` gave.
#[pg_extern(sql = false)]
fn import_model(model: Option<&str>, data: Option<&[u8]>, deploy: Option<bool>) -> Rows {
    TableIterator::once(report(|| {
        let place = Place::of(c"orchard.import_model()", model)?;
        let data = given(data, "data")?;
        let control = Control::new(settings::max_memory());
        // What is decoded is as long as its bytes, and the model is decoded once more.
        control.reserve(data.len().saturating_mul(3))?;
        let opened = interrupt::run(&place.label(), &control, || open(data))?;
        let uplift =
            matches!(opened.model.task, Task::Uplift { .. }).then(|| ModelName::parse(model.unwrap_or_default()));
        let place = match uplift.transpose()?.as_ref().and_then(ModelName::of_uplift) {
            Some(name) if name.name != place.name => Place::named(name)?,
            _ => place,
        };
        let types = recorded_types(&opened)?;
        let parts: Vec<(ChunkKind, &[u8])> =
            opened.parts.iter().map(|(kind, bytes)| (*kind, bytes.as_slice())).collect();
        // As it came, so that no number is read and written again.
        let arrival = Arrival { facts: &opened.text, parts: &parts, arguments: &types };
        place.put(&opened.model, &opened.facts, &arrival, deploy.unwrap_or(true))
    }))
}

/// Make a version of a model from the text of a LightGBM model.
#[pg_extern(sql = false)]
fn import_lightgbm(model: Option<&str>, data: Option<&str>, options: Option<crate::json::JsonArgument>) -> Rows {
    foreign(c"orchard.import_lightgbm()", "lightgbm", model, data, options, read_lightgbm)
}

/// Make a version of a model from the JSON of an XGBoost model.
#[pg_extern(sql = false)]
fn import_xgboost_json(model: Option<&str>, data: Option<&str>, options: Option<crate::json::JsonArgument>) -> Rows {
    let data = data.map(str::as_bytes);
    foreign(c"orchard.import_xgboost()", "xgboost", model, data, options, read_xgboost)
}

/// Make a version of a model from the UBJSON, or the JSON, of an XGBoost model.
#[pg_extern(sql = false)]
fn import_xgboost(model: Option<&str>, data: Option<&[u8]>, options: Option<crate::json::JsonArgument>) -> Rows {
    foreign(c"orchard.import_xgboost()", "xgboost", model, data, options, read_xgboost)
}

/// Make a version of a model from the JSON of a CatBoost model.
#[pg_extern(sql = false)]
fn import_catboost(model: Option<&str>, data: Option<&str>, options: Option<crate::json::JsonArgument>) -> Rows {
    foreign(c"orchard.import_catboost()", "catboost", model, data, options, read_catboost)
}

/// Make a version of a model from a model of scikit-learn in ONNX.
#[pg_extern(sql = false)]
fn import_sklearn(model: Option<&str>, data: Option<&[u8]>, options: Option<crate::json::JsonArgument>) -> Rows {
    foreign(c"orchard.import_sklearn()", "sklearn", model, data, options, read_onnx)
}

/// Make a version of a model from what another library wrote.
fn foreign<D: ?Sized + Sync>(
    call: &core::ffi::CStr,
    library: &str,
    model: Option<&str>,
    data: Option<&D>,
    options: Option<crate::json::JsonArgument>,
    read: fn(&D, &ImportOptions, &Control) -> orchard_engine::Result<Imported>,
) -> Rows {
    TableIterator::once(report(|| {
        let place = Place::of(call, model)?;
        let data = given(data, "data")?;
        let given = options.map_or_else(|| json!({}), |options| options.0);
        let options = ImportOptions::parse(&given)?;
        let control = Control::new(settings::max_memory());
        let (imported, bytes) = interrupt::run(&place.label(), &control, || {
            let imported = read(data, &options, &control)?;
            let bytes = model::encode(&imported.model)?;
            Ok((imported, bytes))
        })?;
        for notice in &imported.notices {
            notice!("{notice}");
        }
        let model = &imported.model;
        let types: Vec<Oid> =
            model.arguments().iter().zip(&imported.coded).map(|(a, c)| argument_type(a.kind(), *c)).collect();
        let (task, _) = returns(&model.task);
        let rows = seen_rows(model);
        let facts = json!({
            "algorithm": library, "task": task, "target": options.target, "source": "", "options": given, "search_path": "",
            "time_zone": "", "date_style": "", "rows": rows, "training_rows": rows, "holdout_rows": 0,
            "features": features(model, &types), "metric": null, "score": null, "metrics": [], "timings": {},
            "extension_version": env!("CARGO_PKG_VERSION"),
        });
        let text = facts.to_string();
        let arrival = Arrival { facts: &text, parts: &[(ChunkKind::Model, &bytes)], arguments: &types };
        place.put(model, &facts, &arrival, options.deploy)
    }))
}

/// Where a version comes to.
struct Place {
    schema: String,
    name: String,
    existing: Option<Found>,
}

impl Place {
    /// Refuse a call that could not write, and make sure that the model can be kept; nobody else changes it before the transaction ends.
    fn of(call: &core::ffi::CStr, model: Option<&str>) -> Result<Place> {
        crate::catalog::check_writable(call);
        Place::named(ModelName::parse(given(model, "model")?)?)
    }

    fn named(name: ModelName) -> Result<Place> {
        let schema = creation_schema(&name)?;
        store::lock(&schema, &name.name);
        let existing = existing(&schema, &name.name)?;
        function::check_name(&schema, &name.name, existing.as_ref().map(|f| &f.row.id))?;
        Ok(Place { schema, name: name.name, existing })
    }

    /// What is done, for `pg_stat_activity`.
    fn label(&self) -> String {
        format!("orchard.import {}", self.name)
    }

    /// Keep a version and make its function.
    fn put(&self, model: &Model, facts: &Value, arrival: &Arrival<'_>, deploy: bool) -> Result<Row> {
        let (task, returns) = returns(&model.task);
        let arguments = model.arguments();
        let names: Vec<&str> = arguments.iter().map(Argument::name).collect();
        let signature = Signature::of(&names, arrival.arguments, returns)
            .ok_or_else(|| Failure::internal("a model has other arguments than its function"))?;
        let comment = comment(&self.name, facts["target"].as_str(), None, &model.task);
        let place = (self.existing.as_ref(), self.schema.as_str(), self.name.as_str());
        let (id, deploy) = make_way(place, &signature, &comment, deploy)?;
        let version = package::insert(&id, arrival, deploy)?;
        let algorithm = facts["algorithm"].as_str().unwrap_or_default().to_owned();
        let function = function::call_name(&self.schema, &self.name);
        Ok((self.name.clone(), version, algorithm, task.to_owned(), model.features.len() as i32, deploy, function))
    }
}

/// Wide types, so that literals and expressions fit.
fn argument_type(kind: InputKind, coded: bool) -> Oid {
    match kind {
        InputKind::Number => pg_sys::FLOAT8OID,
        InputKind::Boolean => pg_sys::BOOLOID,
        InputKind::Category if coded => pg_sys::NUMERICOID,
        InputKind::Category | InputKind::Text => pg_sys::TEXTOID,
        InputKind::Date => pg_sys::DATEOID,
        InputKind::Timestamp => pg_sys::TIMESTAMPOID,
        InputKind::Timestamptz => pg_sys::TIMESTAMPTZOID,
        InputKind::Interval => pg_sys::INTERVALOID,
        InputKind::Array => pg_sys::FLOAT8ARRAYOID,
    }
}

/// The rows of the training, where a library keeps how many reached a root.
fn seen_rows(model: &Model) -> u64 {
    let Some((trees, _)) = model.body.as_trees() else { return 0 };
    trees.roots.iter().map(|root| trees.rows[*root as usize]).max().unwrap_or(0)
}

/// What the catalogue says of each feature.
fn features(model: &Model, types: &[Oid]) -> Value {
    let arguments = model.arguments();
    let one = |input: &model::Input| {
        let argument = arguments.iter().position(|a| a.name() == input.name);
        let type_name = argument.and_then(|at| types.get(at)).map_or_else(String::new, |oid| types::display_name(*oid));
        let mut fact = json!({"name": input.name, "column": input.name, "type": type_name, "kind": format!("{:?}", input.kind).to_lowercase()});
        let feature = &model.features[input.first as usize];
        match &feature.encoding {
            Encoding::Category { levels } => {
                fact["distinct"] = json!(levels.len());
                fact["levels"] = json!(levels.len());
            }
            _ if feature.stats.minimum < feature.stats.maximum => {
                fact["minimum"] = json!(feature.stats.minimum);
                fact["maximum"] = json!(feature.stats.maximum);
            }
            _ => {}
        }
        fact
    };
    Value::Array(model.inputs.iter().map(one).collect())
}

/// An exported version, whose parts are proved.
struct Opened {
    text: String,
    facts: Value,
    model: Model,
    parts: Vec<(ChunkKind, Vec<u8>)>,
}

/// Prove what was exported.
fn open(data: &[u8]) -> orchard_engine::Result<Opened> {
    let package = model::decode_package(data)?;
    let facts = checked_facts(&package.facts)?;
    let mut parts = Vec::new();
    for (kind, bytes) in package.parts {
        let kind = ChunkKind::ALL.into_iter().find(|k| *k as u16 == kind);
        parts.push((
            kind.ok_or_else(|| damaged("it has a part that this version of the extension does not know"))?,
            bytes,
        ));
    }
    let part = |kind: ChunkKind| parts.iter().find(|part| part.0 == kind).map(|part| part.1.as_slice());
    let model = model::decode(part(ChunkKind::Model).ok_or_else(|| damaged("it has no model"))?)?;
    if let Some(bytes) = part(ChunkKind::Held) {
        let held = model::decode_held(bytes)?;
        let fits = match &held.actual {
            HeldActual::Class(codes) => codes.iter().all(|code| (*code as usize) < model.classes().len()),
            HeldActual::Number(_) => model.classes().is_empty() && model.task.treatments().is_empty(),
            HeldActual::Treated { arms, .. } => {
                let count = model.task.treatments().len() as u32;
                arms.iter().all(|arm| *arm <= count)
            }
            HeldActual::None => true,
        };
        if held.outputs as usize != outputs(&model) || !fits {
            return Err(damaged("its held-out rows are not of its model"));
        }
    }
    if let Some(bytes) = part(ChunkKind::Segments) {
        model::decode_segments(bytes)?.check(&model)?;
    }
    if facts["features"].as_array().is_none_or(|features| features.len() != model.features.len()) {
        return Err(damaged("it lists other features than its model has"));
    }
    Ok(Opened { text: package.facts, facts, model, parts })
}

/// What the catalogue is to say of a version: each column of the type that views and reports rely on.
fn checked_facts(text: &str) -> orchard_engine::Result<Value> {
    let facts: Value = serde_json::from_str(text).map_err(|_| damaged("what it says of itself is no JSON"))?;
    if !facts.is_object() {
        return Err(damaged("what it says of itself is no object"));
    }
    let is_text = |key: &str| facts[key].is_string();
    let is_text_or_null = |key: &str| facts[key].is_string() || facts[key].is_null();
    let is_count = |key: &str| facts[key].as_i64().is_some_and(|count| count >= 0);
    let texts = ["algorithm", "source", "search_path", "time_zone", "date_style", "extension_version"];
    let all = texts.into_iter().all(is_text)
        && ["target", "metric"].into_iter().all(is_text_or_null)
        && ["rows", "training_rows", "holdout_rows"].into_iter().all(is_count)
        && (facts["score"].is_number() || facts["score"].is_null() || facts["score"].is_string())
        && facts["options"].is_object()
        && facts["timings"].is_object()
        && ["features", "metrics", "arguments"].into_iter().all(|key| facts[key].is_array());
    all.then_some(facts).ok_or_else(|| damaged("what it says of itself is not whole"))
}

fn damaged(what: &str) -> orchard_engine::Error {
    orchard_engine::Error::InvalidModel(format!("the bytes of an exported model cannot be used: {what}"))
}

/// The types of the arguments as they were, where they are here and mean the same; others are those of their kind.
fn recorded_types(opened: &Opened) -> Result<Vec<Oid>> {
    let arguments = opened.model.arguments();
    if arguments.len() > function::MOST_ARGUMENTS {
        return Ok(vec![pg_sys::ANYELEMENTOID]);
    }
    let recorded: Vec<Option<&str>> =
        opened.facts["arguments"].as_array().into_iter().flatten().map(Value::as_str).collect();
    let mut types = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let found = match recorded.get(at).copied().flatten() {
            Some(name) => package::type_of(name)?,
            None => None,
        };
        let fits = |oid: &Oid| fits(&opened.model, argument, *oid);
        let usual = argument_type(argument.kind(), false);
        types.push(match found {
            Some(oid) if fits(&oid)? => oid,
            _ => usual,
        });
    }
    Ok(types)
}

/// Whether an argument can be of a type: one that is no domain, and holds what the model reads.
fn fits(model: &Model, argument: &Argument<'_>, oid: Oid) -> Result<bool> {
    let Some(reader) = Reader::of(oid) else { return Ok(false) };
    match argument {
        Argument::Input(input) => Ok(slot::fit(model, input, reader)?.is_some()),
        Argument::Raw(_, column) => Ok(crate::call::cleaned::reader(column, oid).is_ok()),
    }
}

/// Fail for a model that came from another library: nothing says how it was trained.
pub(super) fn check_recipe(found: &Found) -> Result<()> {
    if package::has_source(&found.deployed()?)? {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!(
            "model \"{}.{}\" was not trained here, so it cannot be trained again",
            found.row.schema, found.row.name
        ),
    )
    .hint("Import a newer one of the same name, or train one by orchard.train."))
}
