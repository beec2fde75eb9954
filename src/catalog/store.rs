//! Writing models and versions.

use pgrx::datum::DatumWithOid;
use pgrx::{pg_sys, PgSqlErrorCode, Spi};

use super::owner::as_owner;
use super::relations::{ChunkKind, Id, ModelRow};
use super::versions::{self, Event};
use super::{id_text, relations};
use crate::error::{Failure, Result};

/// Bytes in one chunk at most: a bytea of hundreds of megabytes cannot be dumped.
const CHUNK_BYTES: usize = 1 << 20;

/// A version about to be written. JSON is text here.
pub struct NewVersion<'a> {
    /// The algorithm's name.
    pub algorithm: &'a str,
    /// classification, regression or clustering.
    pub task: &'a str,
    /// The target column.
    pub target: Option<&'a str>,
    /// The source as the user gave it.
    pub source: &'a str,
    /// The options as the user gave them.
    pub options: &'a str,
    /// Rows read.
    pub rows: u64,
    /// Rows learned from.
    pub training_rows: u64,
    /// Rows held out.
    pub holdout_rows: u64,
    /// The features with types and statistics.
    pub features: &'a str,
    /// The name of the headline metric.
    pub metric: Option<&'a str>,
    /// Its value.
    pub score: Option<f64>,
    /// All metrics.
    pub metrics: &'a str,
    /// Seconds by phase.
    pub timings: &'a str,
    /// The encoded model.
    pub model: &'a [u8],
    /// The encoded held-out rows.
    pub held: Option<&'a [u8]>,
    /// What held-out rows say of the worth of columns.
    pub importance: Option<&'a [u8]>,
    /// What training saw that the metrics do not tell.
    pub insight: &'a [u8],
    /// How the features of the training rows were distributed.
    pub baseline: &'a [u8],
    /// What is known of the segments of a clustering.
    pub segments: Option<&'a [u8]>,
    /// What happened.
    pub event: Event<'a>,
    /// The types of the arguments of the model's function.
    pub arguments: &'a [pg_sys::Oid],
}

/// Random bytes as a version 4 uuid.
pub fn new_id() -> Result<Id> {
    let mut id = [0u8; 16];
    // SAFETY: fills the buffer it is given.
    if !unsafe { pg_sys::pg_strong_random(id.as_mut_ptr().cast(), id.len()) } {
        return Err(Failure::internal("no random bytes"));
    }
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    Ok(id)
}

pub(super) fn execute(sql: &str, args: &[DatumWithOid<'_>]) -> Result<()> {
    Spi::run_with_args(sql, args).map_err(Failure::from)
}

/// The model of a schema and name under the newest snapshot, so that a concurrent training that has just committed is seen.
pub fn current(schema: &str, name: &str) -> Result<Option<Id>> {
    as_owner(|| {
        Spi::connect_mut(|client| {
            let sql =
                "SELECT id::text FROM orchard.stored_models WHERE schema_name = $1::name AND model_name = $2::name";
            let rows = client.update(sql, Some(1), &[schema.into(), name.into()])?;
            match rows.first().get_one::<String>() {
                Ok(id) => Ok(id.and_then(|text| parse_id(&text))),
                Err(pgrx::spi::Error::InvalidPosition) => Ok(None),
                Err(e) => Err(e.into()),
            }
        })
    })
}

pub(super) fn parse_id(text: &str) -> Option<Id> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let mut id = [0u8; 16];
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (digits.len() == 32).then_some(id)
}

/// Make a model without a version.
fn insert_model(schema: &str, name: &str) -> Result<Id> {
    let id = new_id()?;
    insert_model_of(&id, schema, name)?;
    Ok(id)
}

/// Make the model of an id, without a version.
pub(super) fn insert_model_of(id: &Id, schema: &str, name: &str) -> Result<()> {
    as_owner(|| {
        execute(
            "INSERT INTO orchard.stored_models (id, schema_name, model_name) VALUES ($1::uuid, $2::name, $3::name)",
            &[id_text(id).into(), schema.into(), name.into()],
        )
    })
}

/// Say which types the arguments of a model's function have.
pub fn set_arguments(id: &Id, types: &[pg_sys::Oid]) -> Result<()> {
    let sql = "UPDATE orchard.stored_models SET arguments = $2::oid[]::regtype[] WHERE id = $1::uuid";
    as_owner(|| execute(sql, &[id_text(id).into(), oid_array(types).into()]))
}

/// An array of oids as text.
pub(super) fn oid_array(types: &[pg_sys::Oid]) -> String {
    let types: Vec<String> = types.iter().map(|oid| oid.to_u32().to_string()).collect();
    format!("{{{}}}", types.join(","))
}

/// Write a version of a model and return its number and id.
pub fn insert_version(model: &Id, new: &NewVersion<'_>, deploy: bool) -> Result<(i32, Id)> {
    let id = new_id()?;
    let settings = session_settings();
    let model_text = id_text(model);
    let role = relations::role_name(relations::current_user());
    as_owner(|| {
        let number = Spi::get_one_with_args::<i32>(
            "SELECT coalesce(max(version), 0) + 1 FROM orchard.stored_versions WHERE model = $1::uuid",
            &[model_text.as_str().into()],
        )?
        .unwrap_or(1);
        let checksum = format!("{:016x}", orchard_engine::model::checksum(new.model));
        execute(
            "INSERT INTO orchard.stored_versions (id, model, version, algorithm, task, target, source, options, search_path,
                 time_zone, date_style, rows, training_rows, holdout_rows, features, metric, score, metrics, timings, bytes,
                 checksum, extension_version, arguments)
             VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15::jsonb, $16, $17,
                 $18::jsonb, $19::jsonb, $20, $21, $22, $23::oid[]::regtype[])",
            &[
                id_text(&id).into(),
                model_text.as_str().into(),
                number.into(),
                new.algorithm.into(),
                new.task.into(),
                new.target.into(),
                new.source.into(),
                new.options.into(),
                settings[0].as_str().into(),
                settings[1].as_str().into(),
                settings[2].as_str().into(),
                (new.rows as i64).into(),
                (new.training_rows as i64).into(),
                (new.holdout_rows as i64).into(),
                new.features.into(),
                new.metric.into(),
                new.score.into(),
                new.metrics.into(),
                new.timings.into(),
                (new.model.len() as i64).into(),
                checksum.into(),
                env!("CARGO_PKG_VERSION").into(),
                oid_array(new.arguments).into(),
            ],
        )?;
        insert_chunks(&id, ChunkKind::Model, new.model)?;
        if let Some(held) = new.held {
            insert_chunks(&id, ChunkKind::Held, held)?;
        }
        if let Some(importance) = new.importance {
            insert_chunks(&id, ChunkKind::Importance, importance)?;
        }
        insert_chunks(&id, ChunkKind::Insight, new.insight)?;
        insert_chunks(&id, ChunkKind::Baseline, new.baseline)?;
        if let Some(segments) = new.segments {
            insert_chunks(&id, ChunkKind::Segments, segments)?;
        }
        versions::arrive(model, &id, number, &role, &new.event, deploy)?;
        Ok((number, id))
    })
}

pub(super) fn insert_chunks(version: &Id, kind: ChunkKind, bytes: &[u8]) -> Result<()> {
    for (part, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
        execute(
            "INSERT INTO orchard.stored_chunks (version, kind, part, data) VALUES ($1::uuid, $2, $3, $4)",
            &[id_text(version).into(), (kind as i16).into(), (part as i32).into(), chunk.into()],
        )?;
    }
    Ok(())
}

/// search_path, TimeZone and DateStyle of the session, which a retraining needs to mean the same.
fn session_settings() -> [String; 3] {
    [c"search_path", c"TimeZone", c"DateStyle"].map(|name| {
        // SAFETY: returns a string of the server that lives until the setting changes; copied at once.
        unsafe {
            let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
            if value.is_null() {
                String::new()
            } else {
                std::ffi::CStr::from_ptr(value).to_string_lossy().into_owned()
            }
        }
    })
}

/// What a lock of a model is for; the number keeps its locks apart from others.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    /// To change its versions.
    Versions = 0x4F52,
    /// To number a check.
    Checks = 0x4F53,
}

/// Take the lock of a model; without `wait`, whether it could be had at once.
fn acquire(schema: &str, name: &str, purpose: Purpose, wait: bool) -> bool {
    // SAFETY: an advisory lock by the hash of the name, in the space of locks by two keys; released with the transaction.
    unsafe {
        let hash = relations::name_hash(schema, name);
        let tag = pg_sys::LOCKTAG {
            locktag_field1: pg_sys::MyDatabaseId.to_u32(),
            locktag_field2: (hash >> 32) as u32,
            locktag_field3: hash as u32,
            locktag_field4: purpose as u16,
            locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        };
        let taken = pg_sys::LockAcquire(&tag, pg_sys::ExclusiveLock as i32, false, !wait);
        taken != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }
}

/// One training of a name at a time: a second waits for the first one's transaction.
pub fn lock(schema: &str, name: &str) {
    acquire(schema, name, Purpose::Versions, true);
}

/// The model that a version is about to be added to, made where there is none, and whether it has no version yet. It stays until the
/// transaction ends.
pub fn model_for_version(existing: Option<&ModelRow>, schema: &str, name: &str) -> Result<(Id, bool)> {
    match existing {
        Some(row) => {
            hold(row)?;
            Ok((row.id, versions::numbers(&row.id)?.is_empty()))
        }
        None => Ok((insert_model(schema, name)?, true)),
    }
}

/// Keep a model as it is until the transaction ends: who drops, renames or moves its function waits, and an error tells of what was done
/// before. The lock by the name does not hold them up, as their statements are the server's own.
pub fn hold(row: &ModelRow) -> Result<()> {
    let sql = "SELECT schema_name = $2::name AND model_name = $3::name FROM orchard.stored_models WHERE id = $1::uuid FOR NO KEY UPDATE";
    let same = as_owner(|| {
        Spi::connect_mut(|client| {
            let given = [id_text(&row.id).into(), row.schema.as_str().into(), row.name.as_str().into()];
            let rows = client.update(sql, Some(1), &given)?;
            Ok(!rows.is_empty() && rows.first().get::<bool>(1)? == Some(true))
        })
    })?;
    if same {
        return Ok(());
    }
    Err(meanwhile(format!("model \"{}.{}\" was dropped or renamed meanwhile", row.schema, row.name)))
}

/// The error for what another session has done between two looks.
pub fn meanwhile(message: impl Into<String>) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE, message).hint("Run the statement again.")
}

/// The same lock, if nobody has it.
pub fn try_lock(schema: &str, name: &str) -> Result<()> {
    if acquire(schema, name, Purpose::Versions, false) {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        format!("model \"{schema}.{name}\" is being trained or deployed by another transaction"),
    )
    .hint("Try again when that has ended."))
}

/// One check of a model is numbered at a time.
pub(super) fn lock_checks(schema: &str, name: &str) {
    acquire(schema, name, Purpose::Checks, true);
}

/// Delete a model with its versions.
pub fn delete_model(id: &Id) -> Result<()> {
    as_owner(|| execute("SELECT orchard.forget($1::uuid)", &[id_text(id).into()]))
}

/// The metrics of a version.
pub fn metrics(version: &Id) -> Result<serde_json::Value> {
    json(version, "metrics")
}

/// The options of a version, as they were given.
pub fn options(version: &Id) -> Result<serde_json::Value> {
    json(version, "options")
}

/// The target column of a version; `None` for a clustering.
pub fn target(version: &Id) -> Result<Option<String>> {
    relations::version_text(version, "target")
}

/// What the catalogue says of the features of a version.
pub fn features(version: &Id) -> Result<serde_json::Value> {
    json(version, "features")
}

fn json(version: &Id, column: &str) -> Result<serde_json::Value> {
    let text = relations::version_text(version, column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}
