//! What call sites that have ended leave to the next ones, so that a statement of one row need not make it anew.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use orchard_engine::score::Scorer;
use pgrx::pg_sys::Oid;

use super::arguments::Arguments;

/// What is kept at most.
const MOST: usize = 16;

/// The row of a call site and how its arguments become one.
pub struct Spare {
    /// The scorer it is for; not kept alive by it.
    pub scorer: Weak<Scorer>,
    /// The types of the arguments.
    pub types: Vec<Oid>,
    /// One number a feature.
    pub row: Vec<f64>,
    /// One number an output.
    pub out: Vec<f64>,
    /// How the arguments are read.
    pub arguments: Arguments,
}

thread_local! {
    static SPARES: RefCell<Vec<Spare>> = const { RefCell::new(Vec::new()) };
}

/// Take what fits a scorer and, as `same` says, the types of the arguments. None of them is a constant.
pub fn take(scorer: &Rc<Scorer>, same: impl Fn(&[Oid]) -> bool) -> Option<Spare> {
    SPARES.with_borrow_mut(|spares| {
        let fits = |spare: &Spare| std::ptr::eq(spare.scorer.as_ptr(), &raw const **scorer) && same(&spare.types);
        let at = spares.iter().rposition(fits)?;
        Some(spares.swap_remove(at))
    })
}

/// Keep what a call site leaves.
pub fn keep(mut spare: Spare) {
    if spare.arguments.renew() {
        // Not where the backend is ending.
        let _ = SPARES.try_with(|spares| {
            let mut spares = spares.borrow_mut();
            if spares.len() == MOST {
                spares.remove(0);
            }
            spares.push(spare);
        });
    }
}
