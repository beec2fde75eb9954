//! What differs between PostgreSQL 15 and 18, and what pgrx does not declare.

use pgrx::pg_sys;
use pgrx::pg_sys::Oid;

/// Attribute `i` (from 0) of a tuple descriptor.
///
/// # Safety
/// `desc` is a live descriptor with more than `i` attributes.
pub unsafe fn attribute(desc: pg_sys::TupleDesc, i: usize) -> pg_sys::Form_pg_attribute {
    // The server's macro TupleDescAttr: full attributes lie behind the compact ones.
    #[cfg(feature = "pg18")]
    return (*desc)
        .compact_attrs
        .as_mut_ptr()
        .add((*desc).natts as usize)
        .cast::<pg_sys::FormData_pg_attribute>()
        .add(i);
    #[cfg(not(feature = "pg18"))]
    return (*desc).attrs.as_mut_ptr().add(i);
}

/// Whether the database's encoding is UTF8.
pub fn is_utf8() -> bool {
    // SAFETY: reads a variable of the backend; main thread.
    unsafe { pg_sys::GetDatabaseEncoding() == pg_sys::pg_enc::PG_UTF8 as i32 }
}

/// Whether a role may execute a function.
pub fn may_execute(function: Oid, role: Oid) -> bool {
    // SAFETY: a catalogue look-up on the main thread.
    unsafe {
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_proc_aclcheck(function, role, pg_sys::ACL_EXECUTE);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, pg_sys::ACL_EXECUTE.into());
        result == pg_sys::AclResult::ACLCHECK_OK
    }
}

/// The same of a function of which owner and ACL are known; no ACL is the one that functions have by default.
///
/// # Safety
/// `acl` is an array of aclitem.
pub unsafe fn may_execute_by(owner: Oid, acl: Option<pg_sys::Datum>, role: Oid) -> bool {
    let acl = match acl {
        Some(acl) => pg_sys::pg_detoast_datum(acl.cast_mut_ptr()).cast::<pg_sys::Acl>(),
        None => pg_sys::acldefault(pg_sys::ObjectType::OBJECT_FUNCTION, owner),
    };
    let execute = pg_sys::ACL_EXECUTE as pg_sys::AclMode;
    pg_sys::superuser_arg(role) || pg_sys::aclmask(acl, role, owner, execute, pg_sys::AclMaskHow::ACLMASK_ANY) != 0
}

/// Whether a role owns a function, or may act as a role that does.
pub fn owns_function(function: Oid, role: Oid) -> bool {
    // SAFETY: a catalogue look-up on the main thread.
    unsafe {
        #[cfg(feature = "pg15")]
        return pg_sys::pg_proc_ownercheck(function, role);
        #[cfg(not(feature = "pg15"))]
        return pg_sys::object_ownercheck(pg_sys::ProcedureRelationId, function, role);
    }
}

/// Whether a role may create objects in a schema; an error where the schema does not exist.
pub fn may_create(schema: &str, role: Oid) -> crate::error::Result<bool> {
    let name = std::ffi::CString::new(schema).unwrap_or_default();
    // SAFETY: catalogue look-ups on the main thread with a string that outlives them.
    unsafe {
        let oid = pg_sys::get_namespace_oid(name.as_ptr(), true);
        if oid == Oid::INVALID {
            return Err(crate::error::Failure::new(
                pgrx::PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME,
                format!("schema \"{schema}\" does not exist"),
            ));
        }
        if pg_sys::isAnyTempNamespace(oid) {
            // Its functions go with the session, and nothing tells the model.
            return Err(crate::error::Failure::argument(format!(
                "a model cannot be in the temporary schema \"{schema}\""
            ))
            .hint("Write the name without a schema, or with one that stays."));
        }
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_namespace_aclcheck(oid, role, pg_sys::ACL_CREATE);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(pg_sys::NamespaceRelationId, oid, role, pg_sys::ACL_CREATE.into());
        Ok(result == pg_sys::AclResult::ACLCHECK_OK)
    }
}

extern "C-unwind" {
    /// The server's: where the rows of a receiver made for a tuplestore go. It only keeps what it is given, so it raises nothing.
    pub fn SetTuplestoreDestReceiverParams(
        receiver: *mut pg_sys::DestReceiver,
        store: *mut pg_sys::Tuplestorestate,
        context: pg_sys::MemoryContext,
        detoast: bool,
        columns: pg_sys::TupleDesc,
        failure: *const std::ffi::c_char,
    );
}
