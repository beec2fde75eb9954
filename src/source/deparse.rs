//! A source as it can stand in the text of a view, and the name of a relation to be made.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;
use pgrx::PgSqlErrorCode;

use super::{c_text, resolve};
use crate::catalog::owner::with_safe_path;
use crate::error::{Failure, Result};

/// A source as it stands behind FROM, whatever the search_path: a relation with its schema, or a query in brackets whose names have their schemas.
pub fn from_item(source: &str) -> Result<String> {
    if let Some(name) = resolve::qualified(source)? {
        return Ok(name);
    }
    let query = resolve::query(source)?;
    let text = c_text(&query)?;
    // SAFETY: parser, analyser and deparser on the main thread; the text outlives what is made of it, the result is copied. The query is read
    // by the caller's search_path and written by one that makes every name have its schema.
    unsafe {
        let parsed = pg_sys::pg_parse_query(text.as_ptr());
        if parsed.is_null() || (*parsed).length != 1 {
            return Err(one_query());
        }
        let raw = (*(*parsed).elements).ptr_value.cast::<pg_sys::RawStmt>();
        if (*(*raw).stmt).type_ != pg_sys::NodeTag::T_SelectStmt {
            return Err(one_query());
        }
        let query = pg_sys::parse_analyze_fixedparams(raw, text.as_ptr(), std::ptr::null(), 0, std::ptr::null_mut());
        if (*query).commandType != pg_sys::CmdType::CMD_SELECT {
            return Err(one_query());
        }
        with_safe_path(|| {
            let text = CStr::from_ptr(pg_sys::pg_get_querydef(query, true)).to_string_lossy().into_owned();
            // Nothing is moved in: a line break could stand in a constant.
            Ok(format!("(\n{}\n)", text.trim_matches(['\n', ' '])))
        })
    }
}

fn one_query() -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, "source must be one query that returns rows")
        .hint("Give one SELECT, WITH or VALUES statement without INTO.")
}

/// The name of a relation to be made, with its schema: the one that is named, or the first of the search path.
pub fn new_relation(name: &str) -> Result<String> {
    let invalid = || {
        Failure::new(PgSqlErrorCode::ERRCODE_INVALID_NAME, format!("invalid name of a view or table \"{name}\""))
            .hint("Write name or schema.name, double-quoted where SQL needs it.")
    };
    let text = CString::new(name).map_err(|_| invalid())?;
    // SAFETY: parser and catalogue functions on the main thread with a C string that outlives the calls; all results are copied.
    unsafe {
        let mut parts = std::ptr::null_mut();
        if name.trim().is_empty()
            || !pg_sys::SplitIdentifierString(pg_sys::pstrdup(text.as_ptr()), b'.' as std::ffi::c_char, &mut parts)
        {
            return Err(invalid());
        }
        let names = pg_sys::textToQualifiedNameList(pg_sys::cstring_to_text(text.as_ptr()));
        let mut relation = std::ptr::null_mut();
        let schema = pg_sys::QualifiedNameGetCreationNamespace(names, &mut relation);
        let schema = pg_sys::get_namespace_name(schema);
        Ok(CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, relation)).to_string_lossy().into_owned())
    }
}
