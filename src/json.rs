//! JSON as text in the encoding of the server, for the server to make `jsonb` of.
//!
//! Of all encodings that a server may have, no character has a byte of ASCII but the ASCII ones, so bytes can be escaped one by one.

use pgrx::pg_sys::{self, Datum, Oid};

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
