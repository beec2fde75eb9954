//! Dropping and sharing models.

use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use crate::catalog::name::ModelName;
use crate::catalog::owner::with_safe_path;
use crate::catalog::{self, function, relations, store, Found};
use crate::error::{given, report, Failure, Result};

fn owned(model: &str) -> Result<Found> {
    let name = ModelName::parse(model)?;
    let found = catalog::look_up(&name)?.ok_or_else(|| catalog::missing(&name))?;
    catalog::check_owner(&found)?;
    Ok(found)
}

/// Drop a model with its function; the event trigger drops the rest.
#[pg_extern(sql = false)]
fn drop_model(model: Option<&str>, cascade: Option<bool>) {
    report(|| {
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

/// GRANT EXECUTE ON FUNCTION predict_<model>.
#[pg_extern(sql = false)]
fn grant(model: Option<&str>, role: Option<&str>) {
    report(|| share(given(model, "model")?, given(role, "role")?, "GRANT", "TO"))
}

/// REVOKE EXECUTE ON FUNCTION predict_<model>.
#[pg_extern(sql = false)]
fn revoke(model: Option<&str>, role: Option<&str>) {
    report(|| share(given(model, "model")?, given(role, "role")?, "REVOKE", "FROM"))
}

fn share(model: &str, role: &str, verb: &str, preposition: &str) -> Result<()> {
    let name = ModelName::parse(model)?;
    let found = catalog::look_up(&name)?.ok_or_else(|| catalog::missing(&name))?;
    let role = if role.eq_ignore_ascii_case("public") { "PUBLIC".to_owned() } else { quote_identifier(role) };
    let sql = format!("{verb} EXECUTE ON FUNCTION {} {preposition} {role}", function::identity(found.function));
    with_safe_path(|| Ok(Spi::run(&sql)?))
}

/// The function of a model; see the SQL file.
#[pg_extern(sql = false)]
fn model_function(schema_name: &core::ffi::CStr, model_name: &core::ffi::CStr, id: pgrx::Uuid) -> Option<pg_sys::Oid> {
    report(|| relations::function(&schema_name.to_string_lossy(), &model_name.to_string_lossy(), id.as_bytes()))
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
