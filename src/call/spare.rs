//! Call sites that have ended, kept whole for the next statement that calls the same: a statement of one row then makes nothing anew.
//!
//! With many sessions on few processors a statement finds its caches cold, so what counts is how much memory a call touches: one box here,
//! in place of the look-ups of the model, its rights, its scorer and its arguments.

use std::cell::RefCell;
use std::ffi::c_void;

use pgrx::pg_sys::{self, FmgrInfo};

use super::site::{has_types, Site};
use crate::catalog::{cache, changes};
use crate::source::types::raw;

/// What is kept at most.
const MOST: usize = 16;

#[derive(Default)]
struct Spares {
    #[allow(clippy::vec_box, reason = "a site stays where it is: the server has its address")]
    sites: Vec<Box<Site>>,
    /// [`cache::evictions`] when they were kept. They keep their models alive, so they go where one has gone from the cache.
    evictions: u64,
}

thread_local! {
    static SPARES: RefCell<Spares> = RefCell::default();
}

/// A site of the model of an id, whose arguments have the types of the running call, made under a statement like the running one: nothing has changed since, its snapshot
/// sees the model's row, and the user is the same.
///
/// # Safety
/// `flinfo` belongs to the running call. May longjmp; no value with a destructor may be alive in the callers.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
pub unsafe fn again<'a>(flinfo: *mut FmgrInfo, id: &[u8]) -> Option<&'a mut Site> {
    raw::AcceptInvalidationMessages();
    if !raw::ActiveSnapshotSet() {
        return None;
    }
    let (count, user, now) = (changes::count(), raw::GetUserId(), raw::GetCurrentTransactionStartTimestamp());
    let (at, writer) = SPARES.with_borrow(|spares| {
        let fits = |site: &Site| site.is_for(id, count, user) && has_types(flinfo, &site.types);
        let (at, site) = spares.sites.iter().enumerate().rev().find(|(_, site)| fits(site))?;
        site.resolved.as_ref().filter(|entry| entry.is_young(now)).map(|entry| (at, entry.writer))
    })?;
    // It may look on the disk, so nothing is borrowed meanwhile.
    if raw::XidInMVCCSnapshot(writer, raw::GetActiveSnapshot()) {
        return None;
    }
    let site = SPARES.with_borrow_mut(|spares| spares.sites.swap_remove(at));
    Some(start(flinfo, site))
}

/// Make a site that of the running call, until the memory of its statement goes.
///
/// # Safety
/// `flinfo` belongs to the running call and has no site yet.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
pub unsafe fn start<'a>(flinfo: *mut FmgrInfo, site: Box<Site>) -> &'a mut Site {
    let site = Box::into_raw(site);
    (*site).ended = pg_sys::MemoryContextCallback { func: Some(ended), arg: site.cast(), next: std::ptr::null_mut() };
    // It only links the callback, so it raises nothing.
    raw::MemoryContextRegisterResetCallback((*flinfo).fn_mcxt, &raw mut (*site).ended);
    (*flinfo).fn_extra = site.cast();
    &mut *site
}

/// # Safety
/// Called by the server with a site that [`start`] gave away.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
unsafe extern "C-unwind" fn ended(site: *mut c_void) {
    let mut site = Box::from_raw(site.cast::<Site>());
    let evictions = cache::evictions();
    // Not where the backend is ending.
    let _ = SPARES.try_with(|spares| {
        let mut spares = spares.borrow_mut();
        if spares.evictions != evictions {
            spares.sites.clear();
            spares.evictions = evictions;
        }
        if site.can_stay(evictions) {
            if spares.sites.len() == MOST {
                spares.sites.remove(0);
            }
            spares.sites.push(site);
        }
    });
}
