//! Models as database objects: who they are, who may use them, where their bytes lie.

mod anchor;
mod by_id;
pub mod cache;
pub mod changes;
pub mod checks;
pub mod function;
pub mod name;
pub mod orphan;
pub mod owner;
pub mod package;
pub mod relations;
pub mod resolved;
pub mod store;
pub mod versions;

use std::rc::Rc;

use pgrx::pg_sys::{self, Oid};
use pgrx::PgSqlErrorCode;

use crate::error::{given, Failure, Result};
use name::ModelName;
use relations::{Id, ModelRow};

/// A model the caller may use.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its row.
    pub row: ModelRow,
    /// Its function.
    pub function: Oid,
}

impl Found {
    /// The deployed version.
    pub fn deployed(&self) -> Result<Id> {
        self.row.deployed.ok_or_else(|| no_version(&self.row))
    }
}

/// The error for a model without a version to score with.
pub fn no_version(row: &ModelRow) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("model \"{}.{}\" has no stored version", row.schema, row.name),
    )
    .hint("Restore the data of the extension's tables, or train the model again.")
}

/// Refuse a call that writes in a read-only transaction or on a replica.
pub fn check_writable(call: &std::ffi::CStr) {
    // SAFETY: raises an ERROR or does nothing; main thread.
    unsafe { pg_sys::PreventCommandIfReadOnly(call.as_ptr()) };
}

/// The error for a version that is not among the kept ones, whose numbers are given with the newest first.
pub fn missing_version(row: &ModelRow, number: i32, kept: &[i32]) -> Failure {
    let kept: Vec<String> = kept.iter().take(20).map(i32::to_string).collect();
    Failure::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("model \"{}.{}\" has no version {number}", row.schema, row.name),
    )
    .detail(format!("Its newest versions are {}.", kept.join(", ")))
    .hint("SELECT version FROM orchard.model_versions lists them.")
}

/// The id of a version of a model, as the statement's snapshot sees it.
pub fn version_id(row: &ModelRow, number: i32) -> Result<Id> {
    let versions = relations::versions(&row.id)?;
    let found = versions.iter().find(|(version, _)| *version == number);
    found.map(|(_, id)| *id).ok_or_else(|| {
        let kept: Vec<i32> = versions.iter().map(|(version, _)| *version).collect();
        missing_version(row, number, &kept)
    })
}

/// The model of a name, looked for along the search path as a table is; the caller must be allowed to use it.
pub fn find(name: &ModelName) -> Result<Found> {
    let found = get(name)?;
    check_use(&found)?;
    Ok(found)
}

/// The model of a name, whether or not the caller may use it; an error where there is none.
pub fn get(name: &ModelName) -> Result<Found> {
    match look_up(name)? {
        Some(found) => Ok(found),
        None => Err(orphan::named(name, &schemas(name))?.unwrap_or_else(|| missing(name))),
    }
}

/// The schemas that a name is looked for in.
fn schemas(name: &ModelName) -> Vec<String> {
    name.schema.as_ref().map_or_else(relations::search_path, |schema| vec![schema.clone()])
}

/// The model that the argument `model` of a function names.
pub fn of_argument(model: Option<&str>) -> Result<Found> {
    find(&ModelName::parse(given(model, "model")?)?)
}

/// The model of a name, whether or not the caller may use it. Where there is none, a model of uplift may be meant.
fn look_up(name: &ModelName) -> Result<Option<Found>> {
    match (look_up_as(name)?, name.of_uplift()) {
        (None, Some(uplift)) if uplift != *name => look_up_as(&uplift),
        (found, _) => Ok(found),
    }
}

fn look_up_as(name: &ModelName) -> Result<Option<Found>> {
    for schema in schemas(name) {
        if let Some(row) = relations::model_by_name(&schema, &name.name)? {
            if let Some(function) = relations::function(&row.schema, &row.name, &row.id)? {
                return Ok(Some(Found { row, function }));
            }
        }
    }
    Ok(None)
}

/// The model of an id; the caller must be allowed to use it.
pub fn find_by_id(id: &Id) -> Result<Rc<Found>> {
    let found = resolved::find(id, || {
        let row = relations::model_by_id(id)?.ok_or_else(orphan::no_model)?;
        let function = relations::function(&row.schema, &row.name, &row.id)?.ok_or_else(orphan::no_model)?;
        Ok(Found { row, function })
    })?;
    check_use(&found)?;
    Ok(found)
}

fn missing(name: &ModelName) -> Failure {
    let failure = Failure::new(PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT, format!("model \"{name}\" does not exist"));
    match name.schema {
        Some(_) => failure.hint("SELECT * FROM orchard.models lists the models you may use."),
        None => failure.hint(
            "SELECT * FROM orchard.models lists the models you may use; write schema.name for one outside the search_path.",
        ),
    }
}

/// The current user must be allowed to execute the model's function.
fn check_use(found: &Found) -> Result<()> {
    let user = relations::current_user();
    if crate::compat::may_execute(found.function, user) {
        return Ok(());
    }
    let (role, row) = (relations::role_name(user), &found.row);
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("permission denied for model \"{}.{}\"", row.schema, row.name),
    )
    .detail(format!("Role \"{role}\" may not use it; a view's functions run with the rights of its reader."))
    .hint(format!(
        "Its owner can run: GRANT EXECUTE ON FUNCTION {} TO {};",
        function::identity(found.function),
        pgrx::spi::quote_identifier(&role)
    )))
}

/// The caller must own the model.
pub fn check_owner(found: &Found) -> Result<()> {
    if crate::compat::owns_function(found.function, relations::current_user()) {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("must be owner of model \"{}.{}\"", found.row.schema, found.row.name),
    ))
}

/// An id as SQL writes it.
pub fn id_text(id: &Id) -> String {
    crate::source::types::uuid_text(id)
}
