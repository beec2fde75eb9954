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

/// What the newest row of a model says.
pub struct Entry {
    /// The model.
    found: Rc<Found>,
    /// The transaction that wrote the row.
    pub writer: pg_sys::TransactionId,
    /// [`changes::count`] before it was read.
    count: u64,
    /// When it was read.
    read: i64,
}

impl Entry {
    /// Whether it was read not long before a transaction that began at this time.
    pub fn is_young(&self, now: pg_sys::TimestampTz) -> bool {
        now - self.read < OLD
    }
}

thread_local! {
    static ENTRIES: RefCell<ById<Rc<Entry>>> = RefCell::default();
}

/// The model of an id, which `read` reads under the statement's snapshot.
pub fn find(id: &Id, read: impl FnOnce() -> Result<Found>) -> Result<Rc<Found>> {
    // SAFETY: reads what other sessions have sent, as opening a table does; main thread.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    // SAFETY: a variable of the backend.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    let count = changes::count();
    let known = entry(id).filter(|entry| entry.count == count && entry.is_young(now));
    if let Some(entry) = known.filter(|entry| relations::is_seen(entry.writer)) {
        return Ok(entry.found.clone());
    }
    let found = Rc::new(read()?);
    if let Some(writer) = found.row.settled {
        ENTRIES.with_borrow_mut(|entries| {
            if entries.len() >= MOST {
                entries.clear();
            }
            entries.insert(*id, Rc::new(Entry { found: found.clone(), writer, count, read: now }));
        });
    }
    Ok(found)
}

/// What the newest row of a model says that was found before; `None` where `found` is not from it.
pub fn entry_of(id: &Id, found: &Rc<Found>) -> Option<Rc<Entry>> {
    entry(id).filter(|entry| Rc::ptr_eq(&entry.found, found))
}

fn entry(id: &Id) -> Option<Rc<Entry>> {
    ENTRIES.with_borrow(|entries| entries.get(id).cloned())
}
