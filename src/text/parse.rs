//! Numbers, truth values and moments: NULL for what cannot be read, or an error with the twins named `_strict`.

use std::cell::RefCell;

use orchard_engine::clean::parse::{self, Decimal, TimestampFormat};
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{Datum, FunctionCallInfo};
use pgrx::PgSqlErrorCode;

use super::value::{choice, read, shown, text};
use crate::entry;
use crate::entry::{argument, null};
use crate::error::{Failure, Result};

/// The decimal signs by their names.
const DECIMALS: [(&str, Decimal); 2] = [(".", Decimal::Point), (",", Decimal::Comma)];

thread_local! {
    /// The format that was compiled last, by its text: a column has one.
    static FORMAT: RefCell<Option<(String, TimestampFormat)>> = const { RefCell::new(None) };
}

fn float(value: f64) -> Datum {
    Datum::from(value.to_bits() as usize)
}

/// The decimal sign of argument 1; to detect it where that is NULL or there is none.
///
/// # Safety
/// `fcinfo` is the running call's and its argument 1 a text, if there is one. May longjmp.
unsafe fn decimal(fcinfo: FunctionCallInfo) -> Decimal {
    match argument(fcinfo, 1) {
        None => Decimal::Detect,
        Some(datum) => pgrx_extern_c_guard(|| {
            // SAFETY: as above, inside a guard.
            let found = unsafe { text(datum) }.and_then(|name| choice("decimal sign", name, &DECIMALS));
            found.unwrap_or_else(|failure| failure.raise())
        }),
    }
}

entry!(parse_number, pg_finfo_parse_number, f => {
    read(f, |bytes| parse::number_bytes(bytes, Decimal::Detect).map(float))
});
entry!(parse_number_decimal, pg_finfo_parse_number_decimal, f => {
    let decimal = decimal(f);
    read(f, |bytes| parse::number_bytes(bytes, decimal).map(float))
});
entry!(parse_number_strict, pg_finfo_parse_number_strict, f => {
    let decimal = decimal(f);
    strict(f, |value| parse::number(value, decimal).map(float).ok_or_else(|| no_number(value, decimal)))
});
entry!(parse_boolean, pg_finfo_parse_boolean, f => {
    read(f, |bytes| parse::boolean(std::str::from_utf8(bytes).ok()?).map(|value| Datum::from(usize::from(value))))
});
entry!(parse_boolean_strict, pg_finfo_parse_boolean_strict, f => {
    strict(f, |value| parse::boolean(value).map(|value| Datum::from(usize::from(value))).ok_or_else(|| no_boolean(value)))
});
entry!(parse_timestamp, pg_finfo_parse_timestamp, f => match argument(f, 0) {
    None => null(f),
    Some(_) => {
        let format = argument(f, 1);
        let found = pgrx_extern_c_guard(|| {
            // SAFETY: the arguments are texts of the running call, inside a guard.
            let found = unsafe { timestamp(argument(f, 0), format) };
            found.unwrap_or_else(|failure| failure.raise())
        });
        match found {
            Some(moment) => Datum::from(moment as usize),
            None => null(f),
        }
    }
});
entry!(parse_timestamp_strict, pg_finfo_parse_timestamp_strict, f => {
    let format = argument(f, 1);
    strict(f, |value| {
        // SAFETY: the argument is a text of the running call, inside a guard.
        let (found, format) = unsafe { (timestamp(argument(f, 0), format)?, format.map(|f| text(f)).transpose()?) };
        found.map(|moment| Datum::from(moment as usize)).ok_or_else(|| no_timestamp(value, format))
    })
});

/// The answer of a function whose failure is an error.
///
/// # Safety
/// `fcinfo` is the running call's and its argument 0 a text. May longjmp.
unsafe fn strict(fcinfo: FunctionCallInfo, read: impl FnOnce(&str) -> Result<Datum>) -> Datum {
    let Some(datum) = argument(fcinfo, 0) else { return null(fcinfo) };
    let read = std::panic::AssertUnwindSafe(read);
    pgrx_extern_c_guard(move || {
        let read = read;
        // SAFETY: as above, inside a guard.
        unsafe { text(datum) }.and_then(|value| (read.0)(value)).unwrap_or_else(|failure| failure.raise())
    })
}

/// The moment of a text by a format.
///
/// # Safety
/// The arguments are texts. Inside a guard; may longjmp.
unsafe fn timestamp(value: Option<Datum>, format: Option<Datum>) -> Result<Option<i64>> {
    let Some(value) = value else { return Ok(None) };
    let value = text(value)?;
    let Some(format) = format else { return Ok(parse::timestamp(value, None)) };
    let format = text(format)?;
    FORMAT.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|(text, _)| text != format) {
            *kept = Some((format.to_owned(), TimestampFormat::compile(format)?));
        }
        Ok(kept.as_ref().and_then(|(_, format)| parse::timestamp(value, Some(format))))
    })
}

fn no_number(value: &str, decimal: Decimal) -> Failure {
    let detail = match decimal {
        Decimal::Detect => "The text is no number with a decimal point or a decimal comma.",
        Decimal::Point => "The text is no number with a decimal point, and commas, blanks or apostrophes between groups of three digits.",
        Decimal::Comma => "The text is no number with a decimal comma, and points, blanks or apostrophes between groups of three digits.",
    };
    Failure::new(
        PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
        format!("cannot read \"{}\" as a number", shown(value)),
    )
    .detail(detail)
    .hint("orchard.parse_number gives NULL instead.")
}

fn no_boolean(value: &str) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
        format!("cannot read \"{}\" as a truth value", shown(value)),
    )
    .detail("The text is none of the words and signs for true and false.")
    .hint("orchard.parse_boolean gives NULL instead.")
}

fn no_timestamp(value: &str, format: Option<&str>) -> Failure {
    let failure = Failure::new(
        PgSqlErrorCode::ERRCODE_INVALID_DATETIME_FORMAT,
        format!("cannot read \"{}\" as a timestamp", shown(value)),
    );
    match format {
        Some(format) => failure
            .detail(format!("It is no date or time of the format \"{}\".", shown(format)))
            .hint("orchard.parse_timestamp gives NULL instead."),
        None if parse::is_ambiguous(value) => failure
            .detail("It can be read as several days.")
            .hint("Give the format, such as 'DD/MM/YYYY' or 'MM/DD/YYYY'."),
        None => failure
            .detail("It is in none of the known formats, or there is no such date or time.")
            .hint("Give the format in the letters of to_timestamp; orchard.parse_timestamp gives NULL instead."),
    }
}
