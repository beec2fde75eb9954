//! The model tables and their rows, read below SQL: no rights are asked, no plan is made, the statement's snapshot decides.

use std::ffi::{CStr, CString};

use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::PgSqlErrorCode;

use super::anchor::{self, oids};
use crate::error::{Failure, Result};

/// A model's or a version's id.
pub type Id = [u8; 16];

/// A row of `orchard.stored_models`.
#[derive(Debug, Clone)]
pub struct ModelRow {
    /// The model's id, which its function carries.
    pub id: Id,
    /// The schema of its function.
    pub schema: String,
    /// The name.
    pub name: String,
    /// The id of the deployed version.
    pub deployed: Option<Id>,
    /// The transaction that wrote the row, where it has committed and nothing has replaced the row since.
    pub settled: Option<pg_sys::TransactionId>,
}

/// What the bytes of a chunk are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkKind {
    /// The model.
    Model = 1,
    /// Labels and scores of the held-out rows.
    Held = 2,
    /// What held-out rows say of the worth of columns.
    Importance = 3,
    /// What training saw that the metrics do not tell.
    Insight = 4,
    /// How the features of the training rows were distributed.
    Baseline = 5,
    /// What is known of the segments of a clustering.
    Segments = 6,
}

impl ChunkKind {
    /// Every kind.
    pub const ALL: [ChunkKind; 6] = [
        ChunkKind::Model,
        ChunkKind::Held,
        ChunkKind::Importance,
        ChunkKind::Insight,
        ChunkKind::Baseline,
        ChunkKind::Segments,
    ];
}

fn relation(name: &CStr) -> Result<Oid> {
    // SAFETY: catalogue look-ups by name on the main thread.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"orchard".as_ptr(), true);
        if schema == Oid::INVALID {
            Oid::INVALID
        } else {
            pg_sys::get_relname_relid(name.as_ptr(), schema)
        }
    };
    if oid == Oid::INVALID {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("relation \"orchard.{}\" does not exist", name.to_string_lossy()),
        )
        .hint("Run CREATE EXTENSION orchard in this database."));
    }
    Ok(oid)
}

/// The owner of the model tables.
pub fn table_owner() -> Result<Oid> {
    let oid = relation(c"stored_models")?;
    // SAFETY: a syscache look-up on the main thread; the tuple is released before the oid is used.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as i32, Datum::from(oid));
        if tuple.is_null() {
            return Err(Failure::internal("the model table has no catalogue row"));
        }
        let owner = (*(pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_class)).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Ok(owner)
    }
}

/// A name as the server keeps it.
fn name_data(text: &str) -> pg_sys::NameData {
    let mut name = pg_sys::NameData::default();
    for (to, from) in name.data.iter_mut().take(63).zip(text.bytes()) {
        *to = from as std::ffi::c_char;
    }
    name
}

/// One condition of a scan: column (from 1) equals datum.
fn key(column: i16, function: u32, datum: Datum) -> pg_sys::ScanKeyData {
    let mut key = pg_sys::ScanKeyData::default();
    // SAFETY: fills the key it is given; the function is a built-in equality.
    unsafe {
        pg_sys::ScanKeyInit(&mut key, column, pg_sys::BTEqualStrategyNumber as u16, function.into(), datum);
    }
    key
}

/// What a scan sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// What the statement's snapshot does.
    Statement,
    /// What is committed by now, as look-ups in the catalogue do.
    Newest,
}

/// Hand every row of a table that meets the keys to `take`.
fn scan(
    table: &CStr,
    index: &CStr,
    keys: &mut [pg_sys::ScanKeyData],
    seen: Seen,
    mut take: impl FnMut(pg_sys::HeapTuple, pg_sys::TupleDesc),
) -> Result<()> {
    let (table, index) = (relation(table)?, relation(index)?);
    // SAFETY: a scan of a relation that is held open meanwhile; main thread. An ERROR releases all by the resource owner.
    unsafe {
        let lock = pg_sys::AccessShareLock as i32;
        let heap = pg_sys::table_open(table, lock);
        let snapshot = match (seen, pg_sys::ActiveSnapshotSet()) {
            // The server then takes a new one.
            (Seen::Newest, _) => std::ptr::null_mut(),
            (Seen::Statement, true) => pg_sys::GetActiveSnapshot(),
            (Seen::Statement, false) => pg_sys::GetTransactionSnapshot(),
        };
        let scan = pg_sys::systable_beginscan(heap, index, true, snapshot, keys.len() as i32, keys.as_mut_ptr());
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            take(tuple, (*heap).rd_att);
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(heap, lock);
    }
    Ok(())
}

/// Column `number` (from 1) of a tuple.
///
/// # Safety
/// `tuple` is a live tuple of `desc`.
unsafe fn column(tuple: pg_sys::HeapTuple, number: i32, desc: pg_sys::TupleDesc) -> Option<Datum> {
    let mut null = false;
    let datum = pg_sys::heap_getattr(tuple, number, desc, &mut null);
    (!null).then_some(datum)
}

/// # Safety
/// `datum` is a uuid.
unsafe fn id_of(datum: Datum) -> Id {
    *datum.cast_mut_ptr::<Id>()
}

/// # Safety
/// `datum` is a name.
unsafe fn name_of(datum: Datum) -> String {
    CStr::from_ptr(datum.cast_mut_ptr()).to_string_lossy().into_owned()
}

fn model_rows(index: &CStr, keys: &mut [pg_sys::ScanKeyData]) -> Result<Option<ModelRow>> {
    super::changes::watch(relation(c"stored_models")?);
    let mut found = None;
    scan(c"stored_models", index, keys, Seen::Statement, |tuple, desc| {
        // SAFETY: columns 1 to 4 of stored_models are uuid, name, name, uuid; the first three are not null.
        unsafe {
            if let (Some(id), Some(schema), Some(name)) =
                (column(tuple, 1, desc), column(tuple, 2, desc), column(tuple, 3, desc))
            {
                let deployed = column(tuple, 4, desc).map(|d| id_of(d));
                let (id, schema, name) = (id_of(id), name_of(schema), name_of(name));
                found = Some(ModelRow { id, schema, name, deployed, settled: settled(tuple) });
            }
        }
    })?;
    Ok(found)
}

/// See [`ModelRow::settled`].
///
/// # Safety
/// `tuple` is a live tuple of a table.
unsafe fn settled(tuple: pg_sys::HeapTuple) -> Option<pg_sys::TransactionId> {
    let header = &*(*tuple).t_data;
    let flags = u32::from(header.t_infomask);
    // What has only locked the row has not replaced it.
    let is_newest = flags & (pg_sys::HEAP_XMAX_INVALID | pg_sys::HEAP_XMAX_LOCK_ONLY) != 0;
    let xmin = match flags & pg_sys::HEAP_XMIN_FROZEN == pg_sys::HEAP_XMIN_FROZEN {
        true => pg_sys::FrozenTransactionId,
        false => header.t_choice.t_heap.t_xmin,
    };
    (is_newest && !pg_sys::TransactionIdIsCurrentTransactionId(xmin)).then_some(xmin)
}

/// Whether what a transaction has committed is seen by the running statement.
pub fn is_seen(transaction: pg_sys::TransactionId) -> bool {
    // SAFETY: the statement's snapshot, on the main thread.
    unsafe { pg_sys::ActiveSnapshotSet() && !pg_sys::XidInMVCCSnapshot(transaction, pg_sys::GetActiveSnapshot()) }
}

/// The model of an id.
pub fn model_by_id(id: &Id) -> Result<Option<ModelRow>> {
    let datum = Datum::from(id.as_ptr() as usize);
    model_rows(c"stored_models_pkey", &mut [key(1, pg_sys::F_UUID_EQ, datum)])
}

/// The model of a schema and name.
pub fn model_by_name(schema: &str, name: &str) -> Result<Option<ModelRow>> {
    let (schema, name) = (name_data(schema), name_data(name));
    let mut keys = [
        key(2, pg_sys::F_NAMEEQ, Datum::from(&raw const schema as usize)),
        key(3, pg_sys::F_NAMEEQ, Datum::from(&raw const name as usize)),
    ];
    model_rows(c"stored_models_name_key", &mut keys)
}

/// The numbers and ids of a model's versions, the newest first.
pub fn versions(model: &Id) -> Result<Vec<(i32, Id)>> {
    versions_seen(model, Seen::Statement)
}

fn versions_seen(model: &Id, seen: Seen) -> Result<Vec<(i32, Id)>> {
    let mut found = Vec::new();
    let mut keys = [key(2, pg_sys::F_UUID_EQ, Datum::from(model.as_ptr() as usize))];
    scan(c"stored_versions", c"stored_versions_version_key", &mut keys, seen, |tuple, desc| {
        // SAFETY: columns 1 and 3 of stored_versions are a uuid and an integer.
        unsafe {
            if let (Some(id), Some(number)) = (column(tuple, 1, desc), column(tuple, 3, desc)) {
                found.push((number.value() as i32, id_of(id)));
            }
        }
    })?;
    found.reverse();
    Ok(found)
}

/// The text of a column of a version, by its name; `None` for NULL or a version that is not there. Read without SQL, so that it can be done by parallel
/// workers and on a replica, where no statement may ask for the number of a transaction.
pub fn version_text(version: &Id, name: &str) -> Result<Option<String>> {
    let mut keys = [key(1, pg_sys::F_UUID_EQ, Datum::from(version.as_ptr() as usize))];
    let mut text = None;
    scan(c"stored_versions", c"stored_versions_pkey", &mut keys, Seen::Statement, |tuple, desc| {
        // SAFETY: a live tuple and its descriptor; the value is written by the function of its type, and copied.
        unsafe {
            let named = |i: &usize| {
                let attribute = crate::compat::attribute(desc, *i);
                CStr::from_ptr((*attribute).attname.data.as_ptr()).to_bytes() == name.as_bytes()
            };
            let Some(at) = (0..(*desc).natts as usize).find(named) else { return };
            if let Some(datum) = column(tuple, at as i32 + 1, desc) {
                let (mut output, mut is_varlena) = (Oid::INVALID, false);
                pg_sys::getTypeOutputInfo((*crate::compat::attribute(desc, at)).atttypid, &mut output, &mut is_varlena);
                let written = pg_sys::OidOutputFunctionCall(output, datum);
                text = Some(CStr::from_ptr(written).to_string_lossy().into_owned());
                pg_sys::pfree(written.cast());
            }
        }
    })?;
    Ok(text)
}

/// The greatest number of a model's versions, by what is committed; 0 where there is none.
pub fn newest_version(model: &Id) -> Result<i32> {
    Ok(versions_seen(model, Seen::Newest)?.first().map_or(0, |(number, _)| *number))
}

/// The bytes of a version, `None` when nothing is stored.
pub fn chunks(version: &Id, kind: ChunkKind) -> Result<Option<Vec<u8>>> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut next = 0;
    let mut keys = [
        key(1, pg_sys::F_UUID_EQ, Datum::from(version.as_ptr() as usize)),
        key(2, pg_sys::F_INT2EQ, Datum::from(kind as i16)),
    ];
    let mut in_order = true;
    // The index has the parts in their order.
    scan(c"stored_chunks", c"stored_chunks_pkey", &mut keys, Seen::Statement, |tuple, desc| {
        // SAFETY: columns 3 and 4 of stored_chunks are a not-null integer and bytea; the copy of a toasted value is freed.
        unsafe {
            if let (Some(part), Some(data)) = (column(tuple, 3, desc), column(tuple, 4, desc)) {
                in_order &= part.value() as i32 == next;
                next += 1;
                let original = data.cast_mut_ptr::<pg_sys::varlena>();
                let plain = pg_sys::pg_detoast_datum_packed(original);
                bytes.extend_from_slice(pgrx::varlena::varlena_to_byte_slice(plain));
                if plain != original {
                    pg_sys::pfree(plain.cast());
                }
            }
        }
    })?;
    if !in_order {
        return Err(Failure::new(PgSqlErrorCode::ERRCODE_DATA_CORRUPTED, "a part of a stored model is missing")
            .hint("Restore the data of the extension's tables, or train the model again."));
    }
    Ok((next > 0).then_some(bytes))
}

/// The function of a model: `predict_<name>` of the arguments it was made with, in its schema, which carries the model's id. `None` when
/// it is gone.
///
/// The id alone would not do: everybody can read it, and whoever may create in the schema could make a function of that name with other
/// arguments and the id in its body, and would own the model.
pub fn function(schema: &str, name: &str, id: &Id) -> Result<Option<Oid>> {
    let Ok(schema) = CString::new(schema) else { return Ok(None) };
    // SAFETY: a catalogue look-up by name on the main thread.
    let schema = unsafe { pg_sys::get_namespace_oid(schema.as_ptr(), true) };
    if schema == Oid::INVALID {
        return Ok(None);
    }
    let function = name_data(&format!("predict_{name}"));
    // Twice, as a training may be committed between the two look-ups.
    for _ in 0..2 {
        let Some(arguments) = arguments(id)? else { return Ok(None) };
        // SAFETY: a syscache look-up on the main thread by a name, types and a schema; the tuple is released when it was looked at.
        unsafe {
            let types = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as i32);
            let cache = pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32;
            let name = Datum::from(&raw const function as usize);
            let tuple = pg_sys::SearchSysCache3(cache, name, Datum::from(types as usize), Datum::from(schema));
            if tuple.is_null() {
                continue;
            }
            let oid = (*(pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_proc)).oid;
            let holds = anchor::holds_id(tuple, id);
            pg_sys::ReleaseSysCache(tuple);
            return Ok(holds.then_some(oid));
        }
    }
    Ok(None)
}

/// The types of the arguments of a model's function; `None` for a model whose function is not made yet, or which is not there.
pub fn arguments(id: &Id) -> Result<Option<Vec<Oid>>> {
    let mut found = None;
    let mut keys = [key(1, pg_sys::F_UUID_EQ, Datum::from(id.as_ptr() as usize))];
    scan(c"stored_models", c"stored_models_pkey", &mut keys, Seen::Newest, |tuple, desc| {
        // SAFETY: column 6 of stored_models is an array of regtype, which are oids; they are copied.
        found = unsafe { column(tuple, 6, desc).and_then(|datum| oids(datum)).map(<[Oid]>::to_vec) };
    })?;
    Ok(found)
}

/// A function of the extension by its name, of which there is one; no oid where it is not there.
pub fn function_of(schema: Oid, name: &CStr) -> Oid {
    let cache = pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32;
    // SAFETY: a syscache look-up on the main thread; the name is a C string, which the server takes for a name.
    unsafe {
        let (name, none) = (Datum::from(name.as_ptr() as usize), Datum::from(0usize));
        let list = pg_sys::SearchSysCacheList(cache, 1, name, none, none);
        let mut found = Oid::INVALID;
        for &member in (*list).members.as_slice((*list).n_members as usize) {
            let form = pg_sys::GETSTRUCT(&raw mut (*member).tuple) as *const pg_sys::FormData_pg_proc;
            if (*form).pronamespace == schema {
                found = (*form).oid;
                break;
            }
        }
        pg_sys::ReleaseCatCacheList(list);
        found
    }
}

/// The owner of a function.
pub fn function_owner(function: Oid) -> Option<Oid> {
    // SAFETY: as in `table_owner`.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::PROCOID as i32, Datum::from(function));
        if tuple.is_null() {
            return None;
        }
        let owner = (*(pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_proc)).proowner;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}

/// The schemas of the search path, as names, in their order.
pub fn search_path() -> Vec<String> {
    // SAFETY: the server fills at most the array it is given and returns how many there are; main thread.
    unsafe {
        let mut oids = vec![Oid::INVALID; 64];
        let mut count = pg_sys::fetch_search_path_array(oids.as_mut_ptr(), oids.len() as i32) as usize;
        if count > oids.len() {
            oids.resize(count, Oid::INVALID);
            count = pg_sys::fetch_search_path_array(oids.as_mut_ptr(), oids.len() as i32) as usize;
        }
        oids.truncate(count);
        oids.into_iter()
            .filter_map(|oid| {
                let name = pg_sys::get_namespace_name(oid);
                (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
            })
            .filter(|name| name != "pg_catalog")
            .collect()
    }
}

/// The name of a role.
pub fn role_name(role: Oid) -> String {
    // SAFETY: a palloc'ed name or, for a role that is gone, null.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            role.to_u32().to_string()
        } else {
            CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }
}

/// The role whose rights count.
pub fn current_user() -> Oid {
    // SAFETY: reads a variable of the backend; main thread.
    unsafe { pg_sys::GetUserId() }
}

/// Run `body` under a snapshot that is taken now, so that it sees what has been committed since the statement began; at higher levels of isolation
/// than READ COMMITTED it is that of the transaction.
///
/// An ERROR in `body` needs no care: the end of its (sub)transaction pops the snapshot.
pub fn under_new_snapshot<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: pushed and popped in pairs, on the main thread.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let result = body();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// A hash of a model's name, for its lock.
pub fn name_hash(schema: &str, name: &str) -> u64 {
    let bytes = schema.bytes().chain([0]).chain(name.bytes());
    // FNV-1a: two names that collide only wait for each other.
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}
