//! Values of a profile as JSON.

use std::cmp::Reverse;

use orchard_engine::clean::profile::{digits, number, ColumnProfile, Frequent, Kind, FRACTIONS};
use pgrx::pg_sys::{self, Datum, Oid};
use serde_json::{json, Map, Value};

use crate::aggregate::output_function;
use crate::error::{Failure, Result};
use crate::source::types::{self, Reader};
use crate::source::Attribute;

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// The last moment of a timestamp, in microseconds since 2000-01-01.
const LAST: i64 = 9_223_371_331_199_999_999;

/// A text of which the last character may be cut.
pub fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end_matches('\u{FFFD}').to_owned()
}

/// A number as JSON, infinities as texts.
pub fn float(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= types::EXACT_LIMIT {
        json!(value as i64)
    } else if value.is_finite() {
        json!(value)
    } else {
        json!(value.to_string().replace("inf", "Infinity"))
    }
}

/// A number beyond 2^53 as JSON, a text where it is too large for an integer or has decimals.
fn exact(digits: &str) -> Value {
    digits.parse().map_or_else(|_| json!(digits), |whole: i64| json!(whole))
}

/// A number of a kind as JSON.
fn value(kind: Kind, base: Oid, number: f64) -> Value {
    match kind {
        // Half-way between infinities.
        _ if number.is_nan() => Value::Null,
        // As few digits as tell it from other numbers of its type.
        Kind::Number if base == pg_sys::FLOAT4OID => float((number as f32).to_string().parse().unwrap_or(number)),
        Kind::Boolean => json!(number != 0.0),
        Kind::Date | Kind::Timestamp | Kind::Timestamptz | Kind::Interval => match moment(kind, base, number) {
            Some(text) => json!(text),
            None => float(number),
        },
        _ => float(number),
    }
}

/// A date, timestamp or interval as its type writes it.
fn moment(kind: Kind, base: Oid, number: f64) -> Option<String> {
    let mut interval = pg_sys::Interval::default();
    let datum = match kind {
        Kind::Date => Datum::from(match number {
            f64::INFINITY => i32::MAX,
            f64::NEG_INFINITY => i32::MIN,
            days => days.round() as i32,
        }),
        Kind::Timestamp | Kind::Timestamptz => Datum::from(match number {
            f64::INFINITY => i64::MAX,
            f64::NEG_INFINITY => i64::MIN,
            // The last second is not to be rounded to the next year, which there is none of.
            seconds => ((seconds * 1e6).round() as i64).min(LAST),
        }),
        _ => {
            let days = (number / DAY).trunc();
            if !number.is_finite() || days.abs() > f64::from(i32::MAX / 2) {
                return None;
            }
            interval.day = days as i32;
            interval.time = ((number - days * DAY) * 1e6).round() as i64;
            Datum::from(&raw const interval as usize)
        }
    };
    // SAFETY: a value of the type; the text is copied.
    let text = unsafe {
        let text = pg_sys::OidOutputFunctionCall(output_function(base), datum);
        std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
    };
    Some(text)
}

/// The quantiles by their names; `None` where there are none.
pub fn quantiles(kind: Kind, base: Oid, profile: &ColumnProfile) -> Option<Value> {
    let values = &profile.summary.quantiles;
    let named =
        FRACTIONS.iter().zip(values).map(|((name, _), &number)| ((*name).to_owned(), value(kind, base, number)));
    (!values.is_empty()).then(|| Value::Object(named.collect::<Map<_, _>>()))
}

/// The frequent values with their rows; `None` where they were not looked at.
pub fn top(kind: Kind, attribute: &Attribute, profile: &ColumnProfile) -> Result<Option<Value>> {
    if profile.distinct.is_none() {
        return Ok(None);
    }
    let shown = |frequent: &Frequent| {
        let mut entry = Map::new();
        entry.insert("value".to_owned(), spelt(kind, attribute, frequent)?);
        entry.insert("rows".to_owned(), json!(frequent.rows));
        if profile.missed > 0 {
            entry.insert("rows_at_most".to_owned(), json!(frequent.rows.saturating_add(profile.missed)));
        }
        if frequent.cut {
            entry.insert("cut".to_owned(), json!(true));
        }
        Ok(Value::Object(entry))
    };
    let mut list = profile.top.iter().map(shown).collect::<Result<Vec<Value>>>()?;
    if attribute.reader == Some(Reader::Enum) {
        // They came by the bytes of their oids, which differ from database to database.
        list.sort_by_cached_key(|entry| (Reverse(entry["rows"].as_u64()), entry["value"].to_string()));
    }
    Ok(Some(Value::Array(list)))
}

fn spelt(kind: Kind, attribute: &Attribute, frequent: &Frequent) -> Result<Value> {
    let bytes = &frequent.value;
    Ok(match (kind, attribute.reader) {
        (Kind::Integer, _) => json!(bytes.as_slice().try_into().map_or(0, i64::from_le_bytes)),
        (Kind::Code, Some(Reader::Uuid)) => json!(types::uuid_text(bytes)),
        (Kind::Code, Some(Reader::Enum)) => {
            let oid = bytes.as_slice().try_into().map(u32::from_ne_bytes);
            let oid = oid.map_err(|_| Failure::internal("an enum key is not an oid"))?;
            json!(types::enum_label(oid).ok_or_else(|| Failure::internal("an enum value has no label"))?)
        }
        (Kind::Text | Kind::Code | Kind::Amount | Kind::Opaque, _) => json!(text(bytes)),
        (_, Some(Reader::Numeric)) => match digits(bytes) {
            Some(digits) => exact(&text(digits)),
            None => value(kind, attribute.base, number(false, bytes)),
        },
        _ => value(kind, attribute.base, number(false, bytes)),
    })
}
