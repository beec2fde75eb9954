//! The decoded models of the session, bounded by `orchard.cache_size`; the one used longest ago goes first.
//!
//! The key is the id of a version, whose bytes never change, so an entry can be useless but not wrong.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use orchard_engine::model;
use orchard_engine::score::Scorer;

use super::by_id::ById;
use super::relations::{self, ChunkKind, Id};
use super::Found;
use crate::error::Result;
use crate::settings;

struct Entry {
    scorer: Rc<Scorer>,
    used: u64,
}

#[derive(Default)]
struct Cache {
    entries: ById<Entry>,
    clock: u64,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
    static EVICTIONS: Cell<u64> = const { Cell::new(0) };
}

/// A number that grows when a model leaves the cache: who keeps one beside the cache lets it go then.
pub fn evictions() -> u64 {
    EVICTIONS.get()
}

/// Whether a scorer is in the cache.
pub fn has(scorer: &Rc<Scorer>) -> bool {
    CACHE.with_borrow(|cache| cache.entries.values().any(|entry| Rc::ptr_eq(&entry.scorer, scorer)))
}

/// The scorer of the deployed version of a model.
pub fn deployed(found: &Found) -> Result<Rc<Scorer>> {
    version(&found.deployed()?, found)
}

/// The scorer of a version.
pub fn version(id: &Id, found: &Found) -> Result<Rc<Scorer>> {
    let hit = CACHE.with_borrow_mut(|cache| {
        cache.clock += 1;
        let now = cache.clock;
        cache.entries.get_mut(id).map(|entry| {
            entry.used = now;
            entry.scorer.clone()
        })
    });
    if let Some(scorer) = hit {
        return Ok(scorer);
    }
    let bytes = relations::chunks(id, ChunkKind::Model)?.ok_or_else(|| super::no_version(&found.row))?;
    let scorer = Rc::new(Scorer::new(model::decode(&bytes)?));
    CACHE.with_borrow_mut(|cache| cache.insert(*id, scorer.clone()));
    Ok(scorer)
}

/// Drop what was decoded of a version that is no more.
pub fn drop_version(id: &Id) {
    CACHE.with_borrow_mut(|cache| cache.remove(id));
}

impl Cache {
    /// Let a version go; returns the memory that it took.
    fn remove(&mut self, id: &Id) -> usize {
        let Some(entry) = self.entries.remove(id) else { return 0 };
        EVICTIONS.set(EVICTIONS.get() + 1);
        entry.scorer.memory()
    }

    fn insert(&mut self, id: Id, scorer: Rc<Scorer>) {
        let limit = settings::cache_size();
        let new = scorer.memory();
        let mut total: usize = self.entries.values().map(|e| e.scorer.memory()).sum();
        while total + new > limit {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, e)| e.used).map(|(id, _)| *id) else { break };
            total -= self.remove(&oldest);
        }
        if new <= limit {
            self.entries.insert(id, Entry { scorer, used: self.clock });
        }
    }
}
