//! Arguments and results of the text functions.

use std::borrow::Cow;

use orchard_engine::clean::text::LONGEST;
use orchard_engine::Error;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};
use pgrx::PgSqlErrorCode;

use crate::compat::is_utf8;
use crate::entry::{argument, null};
use crate::error::{Failure, Result};
use crate::source::types::Text;

/// Bytes of a value that an error message shows.
const SHOWN: usize = 80;

/// The answer of a function that reads argument 0 without calling the server; NULL for NULL and for what it cannot read.
///
/// # Safety
/// `fcinfo` is the running call's and its argument 0 a text. May longjmp, before `read` is called.
#[inline]
pub unsafe fn read(fcinfo: FunctionCallInfo, read: impl FnOnce(&[u8]) -> Option<Datum>) -> Datum {
    let Some(datum) = argument(fcinfo, 0) else { return null(fcinfo) };
    let text = Text::of(datum);
    let bytes = text.bytes();
    if let Err(failure) = check_encoding(bytes) {
        pg_sys::panic::pgrx_extern_c_guard(|| failure.raise())
    }
    let answer = read(bytes);
    text.free();
    match answer {
        Some(datum) => datum,
        None => null(fcinfo),
    }
}

/// Refuse to misread bytes of another encoding; ASCII is the same in all of them.
fn check_encoding(bytes: &[u8]) -> Result<()> {
    if bytes.is_ascii() || is_utf8() {
        return Ok(());
    }
    let message = "orchard's text functions read other characters than ASCII only in databases of encoding UTF8";
    Err(Failure::new(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, message)
        .hint("Create the database with ENCODING 'UTF8'."))
}

/// A text argument, which the server has checked to be UTF-8.
///
/// # Safety
/// `datum` is a non-null text that outlives the answer. Inside a guard; may longjmp.
pub unsafe fn text<'a>(datum: Datum) -> Result<&'a str> {
    let bytes = Text::of(datum).bytes();
    check_encoding(bytes)?;
    std::str::from_utf8(bytes)
        .map_err(|_| Failure::new(PgSqlErrorCode::ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "the text is not valid UTF-8"))
}

/// A new text of the server.
pub fn new_text(text: &str) -> Result<Datum> {
    if text.len() > LONGEST {
        return Err(too_long());
    }
    // SAFETY: the bytes are there, and their length fits into an int.
    let varlena = unsafe { pg_sys::cstring_to_text_with_len(text.as_ptr().cast(), text.len() as i32) };
    Ok(Datum::from(varlena as usize))
}

/// The answer as a text: the argument itself where nothing was changed.
///
/// # Safety
/// `original` is the argument that `before` was read from.
pub unsafe fn answer(original: Datum, before: &str, after: Cow<str>) -> Result<Datum> {
    match after {
        Cow::Borrowed(same) if same.len() == before.len() => Ok(original),
        changed => new_text(&changed),
    }
}

fn too_long() -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the text becomes longer than 1 GB")
}

/// The failure of a function that writes a text.
pub fn failed(error: Error) -> Failure {
    match error {
        Error::OutOfMemory { needed, limit } if needed > limit => too_long(),
        Error::OutOfMemory { needed, .. } => Failure::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, "out of memory")
            .detail(format!("A text of {needed} bytes was being written.")),
        other => other.into(),
    }
}

/// The choice that an argument names, in any case; an error lists the valid ones.
pub fn choice<T: Copy>(what: &str, name: &str, choices: &[(&str, T)]) -> Result<T> {
    choices.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim())).map(|(_, choice)| *choice).ok_or_else(
        || {
            let known: Vec<String> = choices.iter().map(|(known, _)| format!("\"{known}\"")).collect();
            Failure::argument(format!("unknown {what} \"{}\"", shown(name)))
                .hint(format!("Use one of {}.", known.join(", ")))
        },
    )
}

/// As much of a value as belongs into a message.
pub fn shown(value: &str) -> String {
    if value.len() <= SHOWN {
        return value.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|&i| value.is_char_boundary(i)).unwrap_or(0);
    format!("{}...", &value[..end])
}

/// Look for interrupts while a long text is written; what they throw unwinds.
pub fn poll() {
    pgrx::check_for_interrupts!();
}
