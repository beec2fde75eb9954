//! A source as it can stand in the text of a view, and a relation to be made.

use std::ffi::{CStr, CString};

use pgrx::pg_sys::{self, Oid};
use pgrx::spi::{quote_literal, quote_qualified_identifier};
use pgrx::PgSqlErrorCode;

use super::{c_text, resolve};
use crate::catalog::owner::with_safe_path;
use crate::error::{Failure, Result};

/// A source as it stands behind FROM.
pub struct FromItem {
    /// A relation with its schema, or a query in brackets whose names have their schemas, whatever the search_path.
    pub sql: String,
    /// Whether it reads temporary tables.
    pub temporary: bool,
}

/// A source as it stands behind FROM.
pub fn from_item(source: &str) -> Result<FromItem> {
    if let Some((sql, temporary)) = resolve::qualified(source)? {
        return Ok(FromItem { sql, temporary });
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
        let temporary = pg_sys::isQueryUsingTempRelation(query);
        with_safe_path(|| {
            let text = CStr::from_ptr(pg_sys::pg_get_querydef(query, true)).to_string_lossy().into_owned();
            // Nothing is moved in: a line break could stand in a constant.
            Ok(FromItem { sql: format!("(\n{}\n)", text.trim_matches(['\n', ' '])), temporary })
        })
    }
}

fn one_query() -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, "source must be one query that returns rows")
        .hint("Give one SELECT, WITH or VALUES statement without INTO.")
}

/// A relation to be made, by the schema it is in or will be in.
pub struct NewRelation {
    /// The schema.
    pub schema_oid: Oid,
    /// Its name.
    pub schema: String,
    /// The name of the relation.
    pub name: String,
}

impl NewRelation {
    /// Read a name as SQL does; without a schema it is in the first of the search path.
    pub fn parse(target: &str) -> Result<NewRelation> {
        let invalid = || {
            Failure::new(
                PgSqlErrorCode::ERRCODE_INVALID_NAME,
                format!("invalid name of a view or table: {}", quote_literal(target)),
            )
            .hint("Write name or schema.name, double-quoted where SQL needs it.")
        };
        let text = CString::new(target).map_err(|_| invalid())?;
        // SAFETY: parser and catalogue functions on the main thread with a C string that outlives the calls; all results are copied.
        unsafe {
            let mut parts = std::ptr::null_mut();
            let is_name =
                pg_sys::SplitIdentifierString(pg_sys::pstrdup(text.as_ptr()), b'.' as std::ffi::c_char, &mut parts);
            if !is_name || parts.is_null() || !(1..=2).contains(&(*parts).length) {
                return Err(invalid());
            }
            let names = pg_sys::textToQualifiedNameList(pg_sys::cstring_to_text(text.as_ptr()));
            let range = pg_sys::makeRangeVarFromNameList(names);
            let schema_oid = pg_sys::RangeVarGetCreationNamespace(range);
            let schema = pg_sys::get_namespace_name(schema_oid);
            if schema.is_null() {
                return Err(invalid());
            }
            let copy = |text: *const std::ffi::c_char| CStr::from_ptr(text).to_string_lossy().into_owned();
            Ok(NewRelation { schema_oid, schema: copy(schema), name: copy((*range).relname) })
        }
    }

    /// Whether it goes with the session.
    pub fn is_temporary(&self) -> bool {
        // SAFETY: a look at the session's temporary schemas, on the main thread.
        unsafe { pg_sys::isTempNamespace(self.schema_oid) }
    }

    /// The name with its schema, as SQL writes it.
    pub fn sql(&self) -> String {
        quote_qualified_identifier(&self.schema, &self.name)
    }
}
