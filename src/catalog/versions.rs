//! The versions of a model: which one is deployed, which were, which are kept.

use pgrx::datum::DatumWithOid;
use pgrx::{pg_sys, PgSqlErrorCode, Spi};

use super::id_text;
use super::owner::as_owner;
use super::relations::{self, ChunkKind, Id};
use super::store::{execute, insert_chunks, new_id, parse_id};
use crate::error::{Failure, Result};

/// What happens to a model, as its history tells.
pub struct Event<'a> {
    /// train, retrain, import, deploy, rollback or forget.
    pub name: &'a str,
    /// More of it, as JSON.
    pub details: Option<&'a str>,
}

/// A version as it can be deployed.
pub struct Version {
    /// Its id.
    pub id: Id,
    /// The column that it predicts.
    pub target: Option<String>,
    /// The column of exposures that it was trained with.
    pub exposure: Option<String>,
    /// The types of the arguments of its function.
    pub arguments: Vec<pg_sys::Oid>,
}

fn first<T>(
    sql: &str,
    args: &[DatumWithOid<'_>],
    read: impl FnOnce(&pgrx::spi::SpiTupleTable<'_>) -> Result<T>,
) -> Result<Option<T>> {
    Spi::connect_mut(|client| {
        // A snapshot of its own, so that what has just been committed is seen.
        let rows = client.update(sql, Some(1), args)?;
        if rows.is_empty() {
            return Ok(None);
        }
        read(&rows.first()).map(Some)
    })
}

/// A version of a model by its number; `None` where it is not kept.
pub fn version(model: &Id, number: i32) -> Result<Option<Version>> {
    let sql = "SELECT id::text, target, options ->> 'exposure', arguments::oid[] FROM orchard.stored_versions WHERE model = $1::uuid AND version = $2";
    let found = as_owner(|| {
        first(sql, &[id_text(model).into(), number.into()], |row| {
            let id = row.get::<String>(1)?.and_then(|text| parse_id(&text));
            let arguments = row.get::<Vec<pg_sys::Oid>>(4)?.unwrap_or_default();
            Ok(id.map(|id| (id, row.get::<String>(2), row.get::<String>(3), arguments)))
        })
    })?;
    let Some((id, target, exposure, arguments)) = found.flatten() else { return Ok(None) };
    Ok(Some(Version { id, target: target?, exposure: exposure?, arguments }))
}

/// The numbers of a model's versions, the newest first.
pub fn numbers(model: &Id) -> Result<Vec<i32>> {
    let sql = "SELECT coalesce(array_agg(version ORDER BY version DESC), '{}') FROM orchard.stored_versions WHERE model = $1::uuid";
    let found = as_owner(|| first(sql, &[id_text(model).into()], |row| Ok(row.get::<Vec<i32>>(1)?)))?;
    Ok(found.flatten().unwrap_or_default())
}

/// The error for versions that the transaction's snapshot does not see, above READ COMMITTED.
pub fn check_newest(model: &Id) -> Result<()> {
    if relations::newest_version(model)? <= numbers(model)?.first().copied().unwrap_or(0) {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        "could not serialize access because the model was trained by another transaction",
    )
    .hint("Try again in a new transaction."))
}

/// The number of the deployed version.
pub fn deployed(model: &Id) -> Result<Option<i32>> {
    let sql = "SELECT v.version FROM orchard.stored_models AS m JOIN orchard.stored_versions AS v ON v.id = m.deployed WHERE m.id = $1::uuid";
    let found = as_owner(|| first(sql, &[id_text(model).into()], |row| Ok(row.get::<i32>(1)?)))?;
    Ok(found.flatten())
}

/// What a rollback would deploy: what was deployed before the last training or deployment that no rollback has taken back yet, and still is there.
pub fn before(model: &Id) -> Result<Option<i32>> {
    let sql =
        "SELECT event, version, previous FROM orchard.stored_history WHERE model = $1::uuid AND deployed ORDER BY step";
    let mut taken: Vec<Option<i32>> = Vec::new();
    let read = |row: &pgrx::spi::SpiHeapTupleData<'_>| {
        Ok::<_, pgrx::spi::Error>((row.get::<String>(1)?.unwrap_or_default(), row.get::<i32>(2)?, row.get::<i32>(3)?))
    };
    let events = as_owner(|| {
        Spi::connect_mut(|client| {
            let mut events = Vec::new();
            for row in client.update(sql, None, &[id_text(model).into()])? {
                events.push(read(&row)?);
            }
            Ok(events)
        })
    })?;
    for (event, version, previous) in events {
        if event == "rollback" {
            taken.pop();
        } else if previous != version {
            taken.push(previous);
        }
    }
    let there = numbers(model)?;
    Ok(taken.into_iter().rev().flatten().find(|version| there.contains(version)))
}

/// Note what happens to a version, before it happens. Runs as the owner of the tables; `role` is who acts.
fn note(model: &Id, role: &str, event: &Event<'_>, version: i32, deployed: bool) -> Result<()> {
    execute(
        "INSERT INTO orchard.stored_history (model, step, role, event, version, deployed, previous, details)
         SELECT m.id, (SELECT coalesce(max(h.step), 0) + 1 FROM orchard.stored_history AS h WHERE h.model = m.id), $2::name, $3, $4, $5, v.version, $6::jsonb
         FROM orchard.stored_models AS m LEFT JOIN orchard.stored_versions AS v ON v.id = m.deployed WHERE m.id = $1::uuid",
        &[
            id_text(model).into(),
            role.into(),
            event.name.into(),
            version.into(),
            deployed.into(),
            event.details.into(),
        ],
    )
}

/// Note a version that was just written, deploy it if it is to be, and delete those that are not to be kept. Runs as the owner of the tables; `role` is who
/// acts.
pub(super) fn arrive(
    model: &Id,
    version: &Id,
    number: i32,
    role: &str,
    event: &Event<'_>,
    deployed: bool,
) -> Result<()> {
    note(model, role, event, number, deployed)?;
    if deployed {
        set_deployed(model, version)?;
    }
    prune(model)?;
    Ok(())
}

/// Make a version the deployed one. Runs as the owner of the tables.
fn set_deployed(model: &Id, version: &Id) -> Result<()> {
    execute(
        "UPDATE orchard.stored_models SET deployed = $2::uuid WHERE id = $1::uuid",
        &[id_text(model).into(), id_text(version).into()],
    )
}

/// Deploy a version, by `event`, a deploy or a rollback.
pub fn deploy(model: &Id, number: i32, version: &Id, event: &str) -> Result<()> {
    let role = relations::role_name(relations::current_user());
    as_owner(|| {
        note(model, &role, &Event { name: event, details: None }, number, true)?;
        set_deployed(model, version)
    })
}

/// A version that is to take the place of what it was.
pub struct Rewritten<'a> {
    /// Its number.
    pub number: i32,
    /// What it was.
    pub id: Id,
    /// What the catalogue says of its features, as JSON.
    pub features: &'a str,
    /// The bytes that are others now, with those of the model.
    pub parts: &'a [(ChunkKind, Vec<u8>)],
    /// Columns and features that are called otherwise: the names before and after.
    pub renamed: &'a [(String, String)],
    /// What its history says of it, as JSON.
    pub details: &'a str,
}

/// Put other bytes in the place of a version's. It gets a new id, as sessions keep what they have decoded by that.
pub fn rewrite(model: &Id, new: &Rewritten<'_>) -> Result<()> {
    let role = relations::role_name(relations::current_user());
    let id = new_id()?;
    let (old, own, model_text) = (id_text(&new.id), id_text(&id), id_text(model));
    let bytes = new.parts.iter().find(|part| part.0 == ChunkKind::Model).map_or(&[][..], |part| &part.1);
    let kinds: Vec<i16> = new.parts.iter().map(|part| part.0 as i16).collect();
    as_owner(|| {
        note(model, &role, &Event { name: "forget", details: Some(new.details) }, new.number, false)?;
        execute(
            "UPDATE orchard.stored_versions SET id = $2::uuid, features = $3::jsonb, bytes = $4, checksum = $5 WHERE id = $1::uuid",
            &[
                old.as_str().into(),
                own.as_str().into(),
                new.features.into(),
                (bytes.len() as i64).into(),
                format!("{:016x}", orchard_engine::model::checksum(bytes)).into(),
            ],
        )?;
        execute(
            "DELETE FROM orchard.stored_chunks WHERE version = $1::uuid AND kind = ANY ($2)",
            &[old.as_str().into(), kinds.into()],
        )?;
        execute(
            "UPDATE orchard.stored_chunks SET version = $2::uuid WHERE version = $1::uuid",
            &[old.as_str().into(), own.as_str().into()],
        )?;
        for (kind, bytes) in new.parts {
            insert_chunks(&id, *kind, bytes)?;
        }
        for (before, after) in new.renamed {
            execute(
                "UPDATE orchard.stored_checks SET
                     worst_feature = CASE worst_feature WHEN $3 THEN $4 ELSE worst_feature END,
                     alerts = ARRAY(SELECT pg_catalog.replace(a.alert, '\"' || $3 || '\"', '\"' || $4 || '\"')
                         FROM unnest(alerts) WITH ORDINALITY AS a (alert, n) ORDER BY a.n),
                     features = coalesce((SELECT pg_catalog.jsonb_agg(CASE f.feature ->> 'feature' WHEN $3
                         THEN pg_catalog.jsonb_set(f.feature, '{feature}', pg_catalog.to_jsonb($4)) ELSE f.feature END ORDER BY f.n)
                         FROM pg_catalog.jsonb_array_elements(features) WITH ORDINALITY AS f (feature, n)), '[]')
                 WHERE model = $1::uuid AND version = $2",
                &[model_text.as_str().into(), new.number.into(), before.as_str().into(), after.as_str().into()],
            )?;
        }
        // In any case, so that every session looks its models up again.
        execute(
            "UPDATE orchard.stored_models SET deployed = CASE deployed WHEN $2::uuid THEN $3::uuid ELSE deployed END WHERE id = $1::uuid",
            &[model_text.as_str().into(), old.as_str().into(), own.as_str().into()],
        )
    })
}

/// Say how many of the newest versions are kept; `None` for all. The number of versions that go now.
pub fn keep(model: &Id, count: Option<i32>) -> Result<i64> {
    as_owner(|| {
        execute(
            "UPDATE orchard.stored_models SET keep = $2 WHERE id = $1::uuid",
            &[id_text(model).into(), count.into()],
        )?;
        prune(model)
    })
}

/// Delete the versions that are not to be kept: all but the newest, the deployed one, and the one that a rollback would deploy. Runs as the owner of the
/// tables.
fn prune(model: &Id) -> Result<i64> {
    let sql = "WITH old AS (
            SELECT v.id, v.version, v.id = m.deployed AS deployed, row_number() OVER (ORDER BY v.version DESC) > m.keep AS old
            FROM orchard.stored_versions AS v JOIN orchard.stored_models AS m ON m.id = v.model WHERE v.model = $1::uuid),
        gone AS (DELETE FROM orchard.stored_versions AS v USING old
            WHERE v.id = old.id AND old.old AND NOT coalesce(old.deployed, false) AND old.version IS DISTINCT FROM $2 RETURNING v.id),
        chunks AS (DELETE FROM orchard.stored_chunks AS c USING gone WHERE c.version = gone.id)
        SELECT count(*) FROM gone";
    let before = before(model)?;
    Ok(first(sql, &[id_text(model).into(), before.into()], |row| Ok(row.get::<i64>(1)?))?.flatten().unwrap_or(0))
}
