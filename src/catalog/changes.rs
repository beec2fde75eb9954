//! Knowing that a model may have changed.
//!
//! A call site outlives its statement where PL/pgSQL keeps an expression for the whole transaction, so it asks at every row whether
//! the models table has changed since it looked: one load and one comparison. The news comes as an invalidation of the table's
//! relation-cache entry, sent by a trigger on the table: to other sessions when the change is committed, to the own one at once, and
//! again when it is rolled back. So does every change of a function, which may be that of a model, and of roles, on which the right to use one depends. To look again is never
//! wrong, as the statement's snapshot decides what is seen.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use pgrx::pg_sys::{self, Datum, Oid};

/// How many times the models table has, or may have, changed.
static CHANGES: AtomicU64 = AtomicU64::new(0);
/// The oid of the models table, as far as known.
static TABLE: AtomicU32 = AtomicU32::new(0);

/// A number that grows when a model may have changed.
#[inline]
pub fn count() -> u64 {
    CHANGES.load(Relaxed)
}

/// Listen for invalidations.
pub fn listen() {
    // SAFETY: called once, from _PG_init; the callbacks are plain functions that live as long as the library.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(invalidated), Datum::from(0usize));
        // The last one: members of pg_database_owner.
        let (roles, members) = (pg_sys::SysCacheIdentifier::AUTHOID, pg_sys::SysCacheIdentifier::AUTHMEMROLEMEM);
        for cache in [pg_sys::SysCacheIdentifier::PROCOID, roles, members, pg_sys::SysCacheIdentifier::DATABASEOID] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(row_changed), Datum::from(0usize));
        }
    };
}

/// Say which table to listen for.
pub fn watch(table: Oid) {
    TABLE.store(table.to_u32(), Relaxed);
}

/// # Safety
/// Called by the server. Neither allocates nor fails.
unsafe extern "C-unwind" fn invalidated(_: Datum, relation: Oid) {
    // No oid means that everything may have changed.
    if relation == Oid::INVALID || relation.to_u32() == TABLE.load(Relaxed) {
        CHANGES.fetch_add(1, Relaxed);
    }
}

/// A function, which may be that of a model, or a role was made, changed or dropped.
///
/// # Safety
/// Called by the server. Neither allocates nor fails.
unsafe extern "C-unwind" fn row_changed(_: Datum, _: i32, _: u32) {
    CHANGES.fetch_add(1, Relaxed);
}

crate::entry!(models_changed, pg_finfo_models_changed, fcinfo => {
    let context = (*fcinfo).context;
    if !context.is_null() && (*context).type_ == pg_sys::NodeTag::T_TriggerData {
        let relation = (*context.cast::<pg_sys::TriggerData>()).tg_relation;
        pg_sys::CacheInvalidateRelcache(relation);
    }
    Datum::from(0usize)
});
