//! Versions that leave a database and come into one, with all that the catalogue keeps of them.

use orchard_engine::model::{self, Package};
use pgrx::{pg_sys, Spi};

use super::id_text;
use super::owner::{as_owner, with_safe_path};
use super::relations::{self, ChunkKind, Id};
use super::store::{insert_chunks, new_id, oid_array};
use super::versions::{self, Event};
use crate::error::{Failure, Result};

/// What belongs to this database alone.
const OWN: &str = "'id', 'model', 'version', 'bytes', 'checksum', 'created_at'";

/// A version that comes from elsewhere.
pub struct Arrival<'a> {
    /// What the catalogue is to say of it: columns of `orchard.stored_versions` by their names, as an object of JSON.
    pub facts: &'a str,
    /// What is stored of it; one part is the model.
    pub parts: &'a [(ChunkKind, &'a [u8])],
    /// The types of the arguments of the model's function.
    pub arguments: &'a [pg_sys::Oid],
}

/// A version with everything that another database needs.
pub fn pack(version: &Id) -> Result<Package> {
    let sql = format!(
        "SELECT (pg_catalog.to_jsonb(v) - ARRAY[{OWN}])::text FROM orchard.stored_versions AS v WHERE id = $1::uuid"
    );
    let facts = as_owner(|| Ok(Spi::get_one_with_args::<String>(&sql, &[id_text(version).into()])?))?;
    let facts = facts.ok_or_else(|| Failure::internal("a version has no catalogue row"))?;
    let mut parts = Vec::new();
    for kind in ChunkKind::ALL {
        parts.extend(relations::chunks(version, kind)?.map(|bytes| (kind as u16, bytes)));
    }
    Ok(Package { facts, parts })
}

/// Write a version of a model and return its number.
pub fn insert(model: &Id, new: &Arrival<'_>, deploy: bool) -> Result<i32> {
    let id = new_id()?;
    let bytes = new.parts.iter().find(|part| part.0 == ChunkKind::Model).map_or(&[][..], |part| part.1);
    let role = relations::role_name(relations::current_user());
    let sql = "INSERT INTO orchard.stored_versions
        SELECT (jsonb_populate_record(NULL::orchard.stored_versions, $1::jsonb || jsonb_build_object('id', $2, 'model', $3,
            'version', (SELECT coalesce(max(v.version), 0) + 1 FROM orchard.stored_versions AS v WHERE v.model = $3::uuid),
            'bytes', $4::bigint, 'checksum', $5, 'created_at', now(), 'arguments', to_jsonb($6::oid[]::regtype[])))).*
        RETURNING version";
    as_owner(|| {
        let number = Spi::get_one_with_args::<i32>(
            sql,
            &[
                new.facts.into(),
                id_text(&id).into(),
                id_text(model).into(),
                (bytes.len() as i64).into(),
                format!("{:016x}", model::checksum(bytes)).into(),
                oid_array(new.arguments).into(),
            ],
        )?
        .ok_or_else(|| Failure::internal("a version was not written"))?;
        for (kind, bytes) in new.parts {
            insert_chunks(&id, *kind, bytes)?;
        }
        versions::arrive(model, &id, number, &role, &Event { name: "import", details: None }, deploy)?;
        Ok(number)
    })
}

/// The type of a name as an exported version writes it, where there is one here.
pub fn type_of(name: &str) -> Result<Option<pg_sys::Oid>> {
    let sql = "SELECT pg_catalog.to_regtype($1)::oid";
    with_safe_path(|| Ok(Spi::get_one_with_args::<pg_sys::Oid>(sql, &[name.into()])?))
}

/// Whether the version has a source, from which it could be trained again.
pub fn has_source(version: &Id) -> Result<bool> {
    Ok(relations::version_text(version, "source")?.is_some_and(|source| !source.trim().is_empty()))
}
