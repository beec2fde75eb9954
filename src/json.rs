//! JSON as text in the encoding of the server, for the server to make `jsonb` of.
//!
//! Of all encodings that a server may have, no character has a byte of ASCII but the ASCII ones, so bytes can be escaped one by one.

use std::ffi::CStr;

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::nullable::Nullable;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{FromDatum, PgSqlErrorCode};

use crate::error::{report, Failure, Result};

/// An argument of type `jsonb`. Numbers are read as the nearest float8; what is beyond all of them, or nested too deep, is an error of the caller.
#[derive(Debug)]
pub struct JsonArgument(pub serde_json::Value);

impl FromDatum for JsonArgument {
    unsafe fn from_polymorphic_datum(datum: Datum, is_null: bool, _: Oid) -> Option<Self> {
        if is_null {
            return None;
        }
        // SAFETY: a jsonb, as the SQL declares it; the text lives until the context of the call is reset.
        let text = unsafe {
            let value = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
            let text = pgrx::direct_function_call::<&CStr>(pg_sys::jsonb_out, &[Some(Datum::from(value as usize))])?;
            let len = i32::try_from(text.count_bytes()).unwrap_or(i32::MAX);
            CStr::from_ptr(pg_sys::pg_server_to_any(text.as_ptr(), len, pg_sys::pg_enc::PG_UTF8 as i32))
        };
        Some(JsonArgument(report(|| read(&text.to_string_lossy()))))
    }
}

fn read(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| match error.to_string() {
        reason if reason.starts_with("number out of range") => Failure::new(
            PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            "a number of a jsonb argument is beyond double precision",
        )
        .hint("Write numbers up to 1e308."),
        reason if reason.starts_with("recursion limit") => {
            Failure::argument("a jsonb argument is nested too deep").hint("Nest objects and arrays at most 100 deep.")
        }
        reason => Failure::argument(format!("a jsonb argument cannot be read: {reason}")),
    })
}

// SAFETY: read as `FromDatum` says, and an argument outlives nothing.
unsafe impl<'fcx> ArgAbi<'fcx> for JsonArgument {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: as of the caller; NULL where it must not be is an empty document.
        unsafe { arg.unbox_arg_using_from_datum() }.unwrap_or(JsonArgument(serde_json::Value::Null))
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as of the caller.
        unsafe { arg.unbox_arg_using_from_datum() }.into()
    }
}

// SAFETY: a `jsonb`.
unsafe impl SqlTranslatable for JsonArgument {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(JsonArgument);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: std::result::Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("jsonb"));
    const RETURN_SQL: std::result::Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("jsonb")));
}

/// A list of JSON values.
#[derive(Default)]
pub struct List(Vec<u8>);

impl List {
    /// Add a value.
    pub fn push(&mut self, value: Vec<u8>) {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        self.0.extend(value);
    }

    /// The list as a `jsonb` datum.
    pub fn jsonb(mut self) -> Datum {
        if self.0.is_empty() {
            self.0.push(b'[');
        }
        self.0.push(b']');
        jsonb(self.0)
    }
}

/// A `jsonb` datum of JSON text without a zero byte.
pub fn jsonb(mut text: Vec<u8>) -> Datum {
    text.push(0);
    let argument = Datum::from(text.as_ptr() as usize);
    // SAFETY: a terminated text that outlives the call; the function is strict and returns no NULL.
    unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(argument)]) }.unwrap_or(Datum::from(0usize))
}

/// A text as a JSON string.
pub fn string(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0 => {}
            1..=0x1f => out.extend(format!("\\u{byte:04x}").into_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    out
}

/// A value of a type, from its text: numbers and truth values are those of JSON, all else is a string.
pub fn scalar(base: Oid, text: &[u8]) -> Vec<u8> {
    let number = matches!(
        base,
        pg_sys::INT2OID
            | pg_sys::INT4OID
            | pg_sys::INT8OID
            | pg_sys::FLOAT4OID
            | pg_sys::FLOAT8OID
            | pg_sys::NUMERICOID
            | pg_sys::OIDOID
    );
    match text {
        // Not NaN, nor infinity.
        [.., last] if number && last.is_ascii_digit() => text.to_vec(),
        b"t" if base == pg_sys::BOOLOID => b"true".to_vec(),
        b"f" if base == pg_sys::BOOLOID => b"false".to_vec(),
        _ => string(text),
    }
}

/// A value with its count, which is too low by `missed` at most.
pub fn counted(value: &[u8], rows: u64, missed: u64, cut: bool) -> Vec<u8> {
    let mut out = b"{\"value\": ".to_vec();
    out.extend_from_slice(value);
    out.extend(format!(", \"rows\": {rows}").into_bytes());
    if missed > 0 {
        out.extend(format!(", \"rows_at_most\": {}", rows.saturating_add(missed)).into_bytes());
    }
    if cut {
        out.extend_from_slice(b", \"cut\": true");
    }
    out.push(b'}');
    out
}

/// The text without the part of a character that may be at its end.
pub fn clip(text: &[u8]) -> &[u8] {
    let len = i32::try_from(text.len()).unwrap_or(i32::MAX);
    // SAFETY: reads at most that many bytes.
    let whole = unsafe { pg_sys::pg_mbcliplen(text.as_ptr().cast(), len, len) };
    text.get(..whole.max(0) as usize).unwrap_or_default()
}
