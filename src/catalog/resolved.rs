//! What is known of models by their ids, so that a statement of one row need not read the model tables.
//!
//! An entry stands for the newest row of a model, and it is used only as long as nothing can have changed ([`changes::count`]) and by
//! statements whose snapshot sees the transaction that wrote the row. So an answer is always what reading under the statement's snapshot
//! would give.

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys;

use super::by_id::ById;
use super::relations::{self, Id};
use super::{changes, Found};
use crate::error::Result;

/// Models that are remembered at most.
const MOST: usize = 1000;
/// Microseconds after which a model is read again: numbers of transactions are used anew after two thousand million.
const OLD: i64 = 3_600_000_000;

struct Entry {
    found: Rc<Found>,
    /// The transaction that wrote the row.
    writer: pg_sys::TransactionId,
    /// [`changes::count`] before it was read.
    count: u64,
    /// When it was read.
    read: i64,
}

thread_local! {
    static ENTRIES: RefCell<ById<Entry>> = RefCell::default();
}

/// The model of an id, which `read` reads under the statement's snapshot.
pub fn find(id: &Id, read: impl FnOnce() -> Result<Found>) -> Result<Rc<Found>> {
    // SAFETY: reads what other sessions have sent, as opening a table does; main thread.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    // SAFETY: a variable of the backend.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    let count = changes::count();
    let known = ENTRIES.with_borrow(|entries| {
        let entry = entries.get(id).filter(|entry| entry.count == count && now - entry.read < OLD)?;
        relations::is_seen(entry.writer).then(|| entry.found.clone())
    });
    if let Some(found) = known {
        return Ok(found);
    }
    let found = Rc::new(read()?);
    if let Some(writer) = found.row.settled {
        ENTRIES.with_borrow_mut(|entries| {
            if entries.len() >= MOST {
                entries.clear();
            }
            entries.insert(*id, Entry { found: found.clone(), writer, count, read: now });
        });
    }
    Ok(found)
}
