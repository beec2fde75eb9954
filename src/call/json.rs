//! A JSON object as a row: keys matched by name, a missing key or a value that cannot be read is a missing value.

use std::ffi::CString;

use orchard_engine::model::{self, Argument, Input, InputKind, RawColumn};
use orchard_engine::score::{Moment, Scorer, Text};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::PgSqlErrorCode;

use super::cleaned::RawRow;
use super::explain::beginning;
use super::slot;
use crate::error::{Failure, Result};
use crate::source::clock::{self, Clock};
use crate::source::{numeric, types};

/// The columns to look for.
pub struct JsonRow {
    fields: Vec<Field>,
    /// Those that the model cleans.
    raw: Option<RawRow>,
    /// The clock of the zones of timestamps with time zone among them.
    clock: Option<&'static Clock>,
}

/// One of them.
struct Field {
    input: Input,
    /// Of a date or timestamp.
    moment: Option<Moment>,
    /// Of a timestamp with time zone.
    clock: Option<&'static Clock>,
    /// Of a free text.
    text: Option<Text>,
}

impl JsonRow {
    /// What the model cleans.
    pub fn raw(&self) -> Option<&RawRow> {
        self.raw.as_ref()
    }

    /// For the columns of a model. Fails where the server does not know a time zone of it.
    pub fn new(scorer: &Scorer) -> Result<Self> {
        let model = scorer.model();
        let field = |input: &Input| -> Result<Field> {
            let clock = model.zone(input).map(clock::of).transpose()?;
            let (moment, text) = (Moment::new(scorer, input), Text::new(scorer, input));
            Ok(Field { input: input.clone(), moment, clock, text })
        };
        let (mut fields, mut clock) = (Vec::new(), None);
        for argument in model.arguments() {
            match argument {
                Argument::Input(input) => fields.push(field(input)?),
                Argument::Raw(_, column) => {
                    if let Some(zone) = &column.zone {
                        clock = Some(clock::of(zone)?);
                    }
                }
            }
        }
        Ok(JsonRow { fields, raw: RawRow::new(scorer, |_| None)?, clock })
    }

    /// Put the values of a JSON datum (jsonb, json or text) into the row.
    ///
    /// # Safety
    /// `datum` is a non-null value of type `oid`. Runs under a guard.
    pub unsafe fn put(&mut self, scorer: &Scorer, row: &mut [f64], datum: Datum, oid: Oid) {
        let root = object(datum, oid);
        for field in &self.fields {
            let input = &field.input;
            slot::missing(row, input.first as usize, input.count as usize);
            if let Some(value) = member(root, &input.name) {
                put_value(scorer, row, field, &value);
            }
        }
        let clock = self.clock;
        if let Some(raw) = &mut self.raw {
            let text = |name: &str, take: &mut dyn FnMut(&[u8])| {
                member(root, name).is_some_and(|value| with_text(&value, |bytes| take(bytes)).is_some())
            };
            let number = |column: &RawColumn| {
                member(root, &column.name).map_or(f64::NAN, |value| scalar(column.kind, clock, &value))
            };
            raw.put_json(scorer, row, text, number);
        }
    }

    /// The texts of values by their keys; of an array its JSON.
    ///
    /// # Safety
    /// As for [`JsonRow::put`].
    pub unsafe fn texts(&self, datum: Datum, oid: Oid, names: &[&str]) -> Vec<Option<String>> {
        let root = object(datum, oid);
        let text = |name: &&str| {
            let value = member(root, name)?;
            if value.type_ == pg_sys::jbvType::jbvBinary {
                let (container, length) = (value.val.binary.data, value.val.binary.len);
                let text = pg_sys::JsonbToCString(std::ptr::null_mut(), container, length);
                return Some(beginning(std::ffi::CStr::from_ptr(text).to_bytes()));
            }
            with_text(&value, beginning)
        };
        names.iter().map(text).collect()
    }
}

/// The object of a JSON datum; an error for anything else.
///
/// # Safety
/// `datum` is a non-null value of type `oid`. Runs under a guard.
unsafe fn object(datum: Datum, oid: Oid) -> *mut pg_sys::JsonbContainer {
    let jsonb = if oid == pg_sys::JSONBOID {
        pg_sys::pg_detoast_datum(datum.cast_mut_ptr()) as *mut pg_sys::Jsonb
    } else {
        let bytes = types::Text::of(datum).bytes();
        let text = CString::new(bytes).unwrap_or_default();
        let value = pg_sys::OidInputFunctionCall(
            pg_sys::Oid::from(pg_sys::F_JSONB_IN),
            text.as_ptr().cast_mut(),
            Oid::INVALID,
            -1,
        );
        value.cast_mut_ptr()
    };
    let root = &raw mut (*jsonb).root;
    if (*root).header & pg_sys::JB_FOBJECT == 0 {
        Failure::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "a row in JSON must be an object")
            .hint("Write {\"column\": value, ...}, for example with row_to_json(t).")
            .raise();
    }
    root
}

/// The value of a key.
///
/// # Safety
/// `root` is the container of a live jsonb object.
unsafe fn member(root: *mut pg_sys::JsonbContainer, name: &str) -> Option<pg_sys::JsonbValue> {
    let mut value = pg_sys::JsonbValue::default();
    let found = pg_sys::getKeyJsonValueFromContainer(root, name.as_ptr().cast(), name.len() as i32, &mut value);
    (!found.is_null()).then_some(value)
}

/// # Safety
/// `value` was filled by the server.
unsafe fn put_value(scorer: &Scorer, row: &mut [f64], field: &Field, value: &pg_sys::JsonbValue) {
    let input = &field.input;
    let first = input.first as usize;
    if input.kind == InputKind::Array {
        return put_array(row, input, value);
    }
    if let Some(text) = &field.text {
        with_text(value, |bytes| text.put(bytes, row));
        return;
    }
    let number = match input.kind {
        InputKind::Category => with_text(value, |bytes| scorer.category(first, bytes)).unwrap_or(f64::NAN),
        kind => scalar(kind, field.clock, value),
    };
    match &field.moment {
        Some(moment) => moment.put(number, row),
        None => row[first] = number,
    }
}

/// Hand the text of a string, truth value or number to `take`.
///
/// # Safety
/// As for `put_value`.
unsafe fn with_text<T>(value: &pg_sys::JsonbValue, take: impl FnOnce(&[u8]) -> T) -> Option<T> {
    match value.type_ {
        pg_sys::jbvType::jbvString => Some(take(string(value))),
        pg_sys::jbvType::jbvBool => Some(take(if value.val.boolean { b"true" } else { b"false" })),
        pg_sys::jbvType::jbvNumeric => {
            let datum = Datum::from(value.val.numeric as usize);
            Some(types::category(types::Reader::Exact, datum, take))
        }
        _ => None,
    }
}

/// # Safety
/// As for `put_value`.
unsafe fn scalar(kind: InputKind, clock: Option<&Clock>, value: &pg_sys::JsonbValue) -> f64 {
    match value.type_ {
        pg_sys::jbvType::jbvNumeric => numeric::to_float8(Datum::from(value.val.numeric as usize)),
        pg_sys::jbvType::jbvBool => f64::from(u8::from(value.val.boolean)),
        pg_sys::jbvType::jbvString => {
            let text = std::str::from_utf8(string(value)).unwrap_or("").trim();
            match kind {
                InputKind::Boolean => super::text::boolean(text),
                InputKind::Date => super::text::timestamp(text).map_or(f64::NAN, |(seconds, _)| model::day(seconds)),
                InputKind::Timestamp | InputKind::Timestamptz => match (super::text::timestamp(text), clock) {
                    (Some((utc, true)), Some(clock)) => clock.of_seconds(utc),
                    // Without an offset it is what the clocks of the zone show.
                    (Some((seconds, _)), _) => seconds,
                    (None, _) => f64::NAN,
                },
                InputKind::Interval => super::text::interval(text),
                _ => super::text::number(text),
            }
        }
        _ => f64::NAN,
    }
}

/// # Safety
/// As for `put_value`; the type is a string.
unsafe fn string<'a>(value: &pg_sys::JsonbValue) -> &'a [u8] {
    std::slice::from_raw_parts(value.val.string.val.cast(), value.val.string.len as usize)
}

/// # Safety
/// As for `put_value`.
unsafe fn put_array(row: &mut [f64], input: &Input, value: &pg_sys::JsonbValue) {
    if value.type_ != pg_sys::jbvType::jbvBinary {
        return;
    }
    let container = value.val.binary.data;
    if (*container).header & pg_sys::JB_FARRAY == 0 {
        return;
    }
    for i in 0..input.count.min((*container).header & pg_sys::JB_CMASK) {
        let element = pg_sys::getIthJsonbValueFromContainer(container, i);
        if !element.is_null() {
            row[(input.first + i) as usize] = scalar(InputKind::Number, None, &*element);
        }
    }
}
