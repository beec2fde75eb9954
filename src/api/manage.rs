//! Dropping and sharing models.

use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::save::{comment, returns};
use crate::catalog::function::Signature;
use crate::catalog::name::ModelName;
use crate::catalog::owner::with_safe_path;
use crate::catalog::{self, cache, function, relations, store, versions, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::types;

/// The model of a name, which the caller must own.
pub(super) fn owned(model: &str) -> Result<Found> {
    let name = ModelName::parse(model)?;
    let found = catalog::get(&name)?;
    catalog::check_owner(&found)?;
    Ok(found)
}

/// Drop a model with its function; the event trigger drops the rest.
#[pg_extern(sql = false)]
fn drop_model(model: Option<&str>, cascade: Option<bool>) {
    report(|| {
        catalog::check_writable(c"orchard.drop_model()");
        let found = owned(given(model, "model")?)?;
        let cascade = cascade.unwrap_or(false);
        let dependents = function::dependents(found.function)?;
        if !cascade && !dependents.is_empty() {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
                format!(
                    "cannot drop model \"{}.{}\" because other objects depend on it",
                    found.row.schema, found.row.name
                ),
            )
            .detail(format!("It is used by: {}.", dependents.join(", ")))
            .hint("Use orchard.drop_model(model, cascade => true) to drop them too."));
        }
        let word = if cascade { "CASCADE" } else { "RESTRICT" };
        with_safe_path(|| Ok(Spi::run(&format!("DROP FUNCTION {} {word}", function::identity(found.function)))?))?;
        // Nothing is left to do unless event triggers are off.
        store::delete_model(&found.row.id)
    })
}

/// Deploy a version of a model.
#[pg_extern(sql = false)]
fn deploy(model: Option<&str>, version: Option<i32>) -> Option<i32> {
    report(|| {
        let found = changing(c"orchard.deploy()", given(model, "model")?)?;
        let version = given(version, "version")?;
        // Whoever held the lock may have written versions since the statement began.
        relations::under_new_snapshot(|| put(&found, version, "deploy"))
    })
}

/// Deploy the version that was deployed before.
#[pg_extern(sql = false)]
fn rollback(model: Option<&str>) -> i32 {
    report(|| {
        let found = changing(c"orchard.rollback()", given(model, "model")?)?;
        let before = versions::before(&found.row.id)?.ok_or_else(|| {
            Failure::new(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("model \"{}.{}\" has no deployment to take back", found.row.schema, found.row.name),
            )
            .hint("orchard.deploy(model, version) deploys any version; orchard.history shows what was deployed.")
        })?;
        relations::under_new_snapshot(|| put(&found, before, "rollback"))?;
        Ok(before)
    })
}

/// Say how many versions are kept.
#[pg_extern(sql = false)]
fn keep_versions(model: Option<&str>, count: Option<i32>) -> i64 {
    report(|| {
        let found = changing(c"orchard.keep_versions()", given(model, "model")?)?;
        if count.is_some_and(|count| count < 1) {
            return Err(Failure::argument("versions must be at least 1").hint("NULL keeps all."));
        }
        versions::keep(&found.row.id, count)
    })
}

/// A model that its owner is about to change; nobody else changes it before the transaction ends.
fn changing(call: &core::ffi::CStr, model: &str) -> Result<Found> {
    catalog::check_writable(call);
    let found = owned(model)?;
    store::lock(&found.row.schema, &found.row.name);
    // Whoever held the lock may have dropped it, or trained it anew.
    let found = owned(model)?;
    store::hold(&found.row)?;
    Ok(found)
}

/// Deploy a version, whose function may have other arguments; the version that was deployed before.
fn put(found: &Found, number: i32, event: &str) -> Result<Option<i32>> {
    let row = &found.row;
    let Some(version) = versions::version(&row.id, number)? else {
        return Err(catalog::missing_version(row, number, &versions::numbers(&row.id)?));
    };
    // Decoded, so that nothing is deployed that cannot score.
    let scorer = cache::version(&version.id, found)?;
    let model = scorer.model();
    let arguments = model.arguments();
    let names: Vec<&str> = arguments.iter().map(orchard_engine::model::Argument::name).collect();
    let signature = Signature::of(&names, &version.arguments, returns(&model.task).1)
        .ok_or_else(|| Failure::internal("a version has other arguments than its model"))?;
    if !function::has_signature(found.function, &signature)? {
        check_types(row, number, &signature)?;
        function::check_replaceable(found)?;
        let comment = comment(&row.name, version.target.as_deref(), version.exposure.as_deref(), &model.task);
        function::remake(found, &signature, &comment)?;
    }
    let before = versions::deployed(&row.id)?;
    versions::deploy(&row.id, number, &version.id, event)?;
    Ok(before)
}

/// The types of a version's arguments are still there; those of the deployed version are, as its function depends on them.
fn check_types(row: &relations::ModelRow, number: i32, signature: &Signature) -> Result<()> {
    let Some(gone) = signature.arguments.iter().find(|a| !types::exists(a.oid)) else { return Ok(()) };
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("version {number} of model \"{}.{}\" cannot be deployed", row.schema, row.name),
    )
    .detail(format!("The type of its column \"{}\" is gone.", gone.name))
    .hint("Train the model again."))
}

/// GRANT EXECUTE ON FUNCTION predict_<model>.
#[pg_extern(sql = false)]
fn grant(model: Option<&str>, role: Option<&str>) {
    report(|| share(c"orchard.grant()", given(model, "model")?, given(role, "role")?, "GRANT", "TO"))
}

/// REVOKE EXECUTE ON FUNCTION predict_<model>.
#[pg_extern(sql = false)]
fn revoke(model: Option<&str>, role: Option<&str>) {
    report(|| share(c"orchard.revoke()", given(model, "model")?, given(role, "role")?, "REVOKE", "FROM"))
}

fn share(call: &core::ffi::CStr, model: &str, role: &str, verb: &str, preposition: &str) -> Result<()> {
    catalog::check_writable(call);
    let found = catalog::get(&ModelName::parse(model)?)?;
    let role = if role.eq_ignore_ascii_case("public") { "PUBLIC".to_owned() } else { quote_identifier(role) };
    let sql = format!("{verb} EXECUTE ON FUNCTION {} {preposition} {role}", function::identity(found.function));
    with_safe_path(|| Ok(Spi::run(&sql)?))
}

/// The function of a model; see the SQL file.
#[pg_extern(sql = false)]
fn model_function(schema_name: &core::ffi::CStr, model_name: &core::ffi::CStr, id: pgrx::Uuid) -> Option<pg_sys::Oid> {
    report(|| relations::function(&schema_name.to_string_lossy(), &model_name.to_string_lossy(), id.as_bytes()))
}

/// Let a function depend on the extension; see the SQL file.
#[pg_extern(sql = false)]
fn depend_on_extension(function: pg_sys::Oid, called: &core::ffi::CStr) {
    function::depend_on_extension(function, called);
}

/// Whether a function is just being replaced; see the SQL file.
#[pg_extern(sql = false)]
fn remaking_function() -> bool {
    function::is_remaking()
}

/// The version of the library and the instructions that scoring uses.
#[pg_extern(sql = false)]
fn version() -> String {
    format!("{} ({})", env!("CARGO_PKG_VERSION"), orchard_engine::score::level().name())
}
