//! Reading and writing the model tables with the rights of the extension's owner, whoever calls.

use std::ffi::CStr;

use pgrx::pg_sys::{self, Oid};

use super::relations;
use crate::error::Result;

/// Run `body` as the owner of the model tables, with a search_path that nobody else can put anything into.
///
/// An ERROR in `body` needs no care: the end of its (sub)transaction puts user and settings back, as for any function with
/// SECURITY DEFINER.
pub fn as_owner<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: the pattern of the server's own referential-integrity queries; main thread.
    unsafe {
        let owner = relations::table_owner()?;
        let mut user = Oid::INVALID;
        let mut security = 0;
        pg_sys::GetUserIdAndSecContext(&mut user, &mut security);
        let level = pg_sys::NewGUCNestLevel();
        pg_sys::set_config_option(
            c"search_path".as_ptr(),
            c"pg_catalog, pg_temp".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
        pg_sys::SetUserIdAndSecContext(owner, security | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32);
        let result = body();
        pg_sys::SetUserIdAndSecContext(user, security);
        pg_sys::AtEOXact_GUC(true, level);
        result
    }
}

/// Run `body` as the caller, but with a search_path that holds nothing of anybody.
pub fn with_safe_path<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    with_path(c"pg_catalog, pg_temp", body)
}

/// Run `body` as the caller with another search_path.
///
/// An ERROR in `body` needs no care, as for `as_owner`.
pub fn with_path<T>(path: &CStr, body: impl FnOnce() -> Result<T>) -> Result<T> {
    with_settings(&[(c"search_path", path)], body)
}

/// Run `body` as the caller with other settings; a setting that cannot be is an ERROR.
///
/// An ERROR in `body` needs no care, as for `as_owner`.
pub fn with_settings<T>(settings: &[(&CStr, &CStr)], body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: as in `as_owner`; names and values outlive the call.
    unsafe {
        let level = pg_sys::NewGUCNestLevel();
        for (name, value) in settings {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
        }
        let result = body();
        pg_sys::AtEOXact_GUC(true, level);
        result
    }
}
