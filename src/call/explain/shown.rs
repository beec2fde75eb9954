//! The values of a row as a reader sees them.

use std::ffi::CStr;

use orchard_engine::judge::shap::{Explained, Value};
use orchard_engine::score::Scorer;
use pgrx::pg_sys::{self, Datum, Oid};

use crate::call::cleaned::RawRow;

/// Bytes of a value that are shown.
const SHOWN: usize = 1 << 16;

/// The beginning of a text.
pub fn beginning(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN) {
        // The cut may go through a character.
        Some(cut) => String::from_utf8_lossy(cut).trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// How values of a type are written.
pub struct Writer {
    function: pg_sys::FmgrInfo,
}

impl Writer {
    /// For a type.
    pub fn new(oid: Oid) -> Writer {
        let (mut output, mut is_varlena) = (Oid::INVALID, false);
        let mut function = pg_sys::FmgrInfo::default();
        // SAFETY: catalogue look-ups on the main thread; the record is kept as long as the context that is current, which outlives a row.
        unsafe {
            pg_sys::getTypeOutputInfo(oid, &mut output, &mut is_varlena);
            pg_sys::fmgr_info(output, &mut function);
        }
        Writer { function }
    }

    /// The text of a value.
    ///
    /// # Safety
    /// `datum` is a non-null value of the type. Runs under a guard.
    pub unsafe fn text(&mut self, datum: Datum) -> String {
        let text = pg_sys::OutputFunctionCall(&mut self.function, datum);
        let own = beginning(CStr::from_ptr(text).to_bytes());
        pg_sys::pfree(text.cast());
        own
    }
}

/// The value of each column of a row that was just put: from the texts of the model's arguments, what its cleaning made, or the row as it is scored.
pub fn values(
    scorer: &Scorer,
    columns: &[Explained],
    arguments: &[Option<String>],
    raw: Option<&RawRow>,
    row: &[f64],
) -> Vec<Option<String>> {
    let is_made = columns.iter().any(|column| matches!(column.value, Value::Made(_)));
    let made = raw.filter(|_| is_made).map(|raw| raw.made(scorer));
    let value = |column: &Explained| match &column.value {
        Value::Argument(at) => arguments.get(*at).cloned().flatten(),
        Value::Made(name) => match made.as_ref()?.get(name)? {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(beginning(text.as_bytes())),
            other => Some(other.to_string()),
        },
        Value::Feature(at) => row.get(*at).filter(|cell| !cell.is_nan()).map(|cell| format!("{cell}")),
    };
    columns.iter().map(value).collect()
}
