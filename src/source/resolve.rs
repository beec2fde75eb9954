//! From what the user calls the source to a query: the name of a relation, or the text of a SELECT.

use std::ffi::{CStr, CString};

use pgrx::pg_sys::Oid;
use pgrx::{pg_sys, PgSqlErrorCode};

use crate::error::{Failure, Result};

const SOURCE: &str =
    "A source is the name of a table or view, double-quoted where SQL needs it, or the text of one SELECT, WITH or VALUES.";

/// The query of a source.
pub fn query(source: &str) -> Result<String> {
    let head = skip_comments(source);
    if head.is_empty() {
        return Err(Failure::argument("source must not be empty")
            .hint("Give the name of a table or view, or the text of a SELECT."));
    }
    if is_query(head) {
        Ok(source.trim().trim_end_matches(';').to_owned())
    } else {
        relation(source.trim())
    }
}

/// The text without the white space and comments before it.
fn skip_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let mut depth = 1;
            let mut at = 0;
            let bytes = comment.as_bytes();
            while depth > 0 && at + 1 < bytes.len() {
                match &bytes[at..at + 2] {
                    b"/*" => (depth, at) = (depth + 1, at + 2),
                    b"*/" => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
            }
            rest = if depth == 0 { comment[at..].trim_start() } else { "" };
        } else {
            return rest;
        }
    }
}

/// Whether the text starts as a query does. A relation of such a name has to be quoted, as everywhere in SQL.
fn is_query(head: &str) -> bool {
    if head.starts_with('(') {
        return true;
    }
    let word: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    ["select", "with", "values", "table"].iter().any(|k| word.eq_ignore_ascii_case(k))
}

/// The relation that a source names; `None` for a query.
pub fn table(source: &str) -> Option<Oid> {
    if is_query(skip_comments(source)) {
        return None;
    }
    look_up(source.trim()).ok()
}

/// The names of the columns of a table's primary key, in their order; none where it has none.
pub fn primary_key(table: Oid) -> Vec<String> {
    // SAFETY: catalogue functions on the main thread; what they return is copied at once, and the index closed.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as i32);
        pg_sys::RelationGetIndexList(relation);
        let index = (*relation).rd_pkindex;
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        if index == Oid::INVALID {
            return Vec::new();
        }
        let index = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
        let form = &*(*index).rd_index;
        let numbers = form.indkey.values.as_slice(form.indnkeyatts as usize);
        let name =
            |number: &i16| CStr::from_ptr(pg_sys::get_attname(table, *number, false)).to_string_lossy().into_owned();
        let names = numbers.iter().map(name).collect();
        pg_sys::index_close(index, pg_sys::NoLock as i32);
        names
    }
}

fn relation(name: &str) -> Result<String> {
    Ok(format!("SELECT * FROM {}", with_schema(look_up(name)?)))
}

/// The relation that a source names, with its schema, and whether it is temporary; `None` for a query.
pub fn qualified(source: &str) -> Result<Option<(String, bool)>> {
    match is_query(skip_comments(source)) || skip_comments(source).is_empty() {
        true => Ok(None),
        false => {
            let oid = look_up(source.trim())?;
            // SAFETY: a catalogue function on the main thread.
            let temporary = unsafe { pg_sys::get_rel_persistence(oid) } as u8 == b't';
            Ok(Some((with_schema(oid), temporary)))
        }
    }
}

fn with_schema(oid: Oid) -> String {
    // SAFETY: catalogue functions on the main thread; the result is copied.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(oid));
        let qualified = pg_sys::quote_qualified_identifier(schema, pg_sys::get_rel_name(oid));
        CStr::from_ptr(qualified).to_string_lossy().into_owned()
    }
}

/// The table or view of a name.
fn look_up(name: &str) -> Result<Oid> {
    let text = CString::new(name).map_err(|_| Failure::argument("source must not contain a zero byte"))?;
    // SAFETY: parser and catalogue functions on the main thread with a C string that outlives the calls; all results are
    // copied before the function returns.
    unsafe {
        let mut parts = std::ptr::null_mut();
        if !pg_sys::SplitIdentifierString(pg_sys::pstrdup(text.as_ptr()), b'.' as std::ffi::c_char, &mut parts) {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_INVALID_NAME,
                "source is neither the name of a table or view nor one query",
            )
            .detail(format!("It begins with: {}", name.chars().take(60).collect::<String>()))
            .hint(SOURCE));
        }
        let names = pg_sys::textToQualifiedNameList(pg_sys::cstring_to_text(text.as_ptr()));
        let range = pg_sys::makeRangeVarFromNameList(names);
        let flags = pg_sys::RVROption::RVR_MISSING_OK;
        let oid = pg_sys::RangeVarGetRelidExtended(range, pg_sys::NoLock as i32, flags, None, std::ptr::null_mut());
        if oid == pg_sys::InvalidOid {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
                format!("relation \"{name}\" does not exist"),
            )
            .hint(SOURCE));
        }
        let kind = pg_sys::get_rel_relkind(oid) as u8;
        if !matches!(kind, b'r' | b'v' | b'm' | b'p' | b'f') {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                format!("\"{name}\" is not a table or view"),
            )
            .hint(SOURCE));
        }
        Ok(oid)
    }
}
