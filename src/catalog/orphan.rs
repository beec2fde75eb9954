//! Functions of models that have no rows: of a dump the schema was restored and the data was not. They say so, and a training takes them
//! over, with their grants and the views that stand on them.

use pgrx::pg_sys::Oid;
use pgrx::{pg_sys, PgSqlErrorCode, Spi};

use super::name::ModelName;
use super::owner::as_owner;
use super::relations::{self, Id};
use super::store::{self, parse_id};
use crate::error::{Failure, Result};

const HINT: &str = "Restore the data of the extension's tables, train the model again, or drop the function.";

/// The error for a function whose model is not there.
pub fn no_model() -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "the model of this function has no stored version",
    )
    .hint(HINT)
}

/// The error for a name that a function without a model bears; `None` where there is no such function.
pub fn named(name: &ModelName, schemas: &[String]) -> Result<Option<Failure>> {
    for schema in schemas {
        if find(schema, &name.name, None)?.is_some() {
            let message = format!("model \"{schema}.{}\" has no stored version", name.name);
            let failure = Failure::new(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message);
            return Ok(Some(failure.hint(HINT)));
        }
    }
    Ok(None)
}

/// Make the model of a function that has none, if the current user owns one of that name.
pub fn adopt(schema: &str, name: &str) -> Result<Option<Id>> {
    let Some((id, types)) = find(schema, name, Some(relations::current_user()))? else { return Ok(None) };
    store::insert_model_of(&id, schema, name)?;
    store::set_arguments(&id, &types)?;
    Ok(Some(id))
}

/// The id that a function without a model carries, and the types of its arguments; only of a function of `owner`, where that is given.
fn find(schema: &str, name: &str, owner: Option<Oid>) -> Result<Option<(Id, Vec<Oid>)>> {
    let sql = "SELECT f.id::text, string_to_array(p.proargtypes::text, ' ')::oid[]
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, orchard.model_of(p.oid) AS f(id)
        WHERE n.nspname = $1::name AND p.proname = $2::name AND ($3 IS NULL OR pg_has_role($3, p.proowner, 'USAGE'))
            AND NOT EXISTS (SELECT FROM orchard.stored_models AS m WHERE m.id = f.id) AND f.id IS NOT NULL
        ORDER BY p.oid LIMIT 1";
    let function = format!("predict_{name}");
    as_owner(|| {
        Spi::connect(|client| {
            let rows = client.select(sql, Some(1), &[schema.into(), function.as_str().into(), owner.into()])?;
            if rows.is_empty() {
                return Ok(None);
            }
            let row = rows.first();
            let id = row.get::<String>(1)?.and_then(|text| parse_id(&text));
            let types = row.get::<Vec<pg_sys::Oid>>(2)?.unwrap_or_default();
            Ok(id.map(|id| (id, types)))
        })
    })
}
