//! From a datum to the features of one input column.

use std::collections::HashMap;

use orchard_engine::model::{self, Input, InputKind, Model};
use orchard_engine::score::{Moment, Scorer, Text};
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{Datum, Oid};
use pgrx::PgSqlErrorCode;

use crate::error::{Failure, Result};
use crate::source::clock;
use crate::source::types::{self, Reader};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How the values of one actual type become the features of one input column.
pub struct Slot {
    reader: Reader,
    kind: InputKind,
    first: usize,
    count: usize,
    /// Of a date or timestamp.
    moment: Option<Moment>,
    /// Of a free text.
    text: Option<Text>,
    /// Places of enum labels that were met.
    labels: HashMap<u32, f64>,
}

impl Slot {
    /// The slot of an input column whose values come as `type_oid`; an error names column and types where that cannot be.
    pub fn new(scorer: &Scorer, input: &Input, type_oid: Oid) -> Result<Slot> {
        let reader = Reader::of(types::base_type(type_oid));
        let reader = reader.map_or(Ok(None), |r| fit(scorer.model(), input, r))?;
        let reader = reader.ok_or_else(|| {
            Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!(
                    "column \"{}\" has type {}, but the model learned it as {}",
                    input.name,
                    types::display_name(type_oid),
                    kind_name(input.kind)
                ),
            )
            .hint("Cast the column in the query.")
        })?;
        let (first, count) = (input.first as usize, input.count as usize);
        let (moment, text) = (Moment::new(scorer, input), Text::new(scorer, input));
        Ok(Slot { reader, kind: input.kind, first, count, moment, text, labels: HashMap::new() })
    }

    /// The feature and the reader, when a value is one number.
    pub fn plain_number(&self) -> Option<(usize, Reader)> {
        (self.kind == InputKind::Number).then_some((self.first, self.reader))
    }

    /// The feature, when a value is a text that is a category.
    pub fn plain_text(&self) -> Option<usize> {
        (self.kind == InputKind::Category && self.reader == Reader::Text).then_some(self.first)
    }

    /// The features of the column.
    pub fn features(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.count
    }

    /// Whether a score depends on the column.
    pub fn is_used(&self, scorer: &Scorer) -> bool {
        self.features().any(|feature| scorer.uses(feature))
    }

    /// Look labels of an enum up again when they are met.
    pub fn forget_labels(&mut self) {
        self.labels.clear();
    }

    /// Put a value into the row; `None` is NULL.
    ///
    /// # Safety
    /// `datum` is of the type the slot was made for. May longjmp; no value with a destructor may be alive in the callers.
    #[inline]
    pub unsafe fn put(&mut self, scorer: &Scorer, row: &mut [f64], datum: Option<Datum>) {
        match datum {
            None => missing(row, self.first, self.count),
            Some(datum) => self.put_value(scorer, row, datum),
        }
    }

    /// # Safety
    /// As for [`Slot::put`].
    unsafe fn put_value(&mut self, scorer: &Scorer, row: &mut [f64], datum: Datum) {
        let first = self.first;
        match (self.kind, self.reader) {
            (InputKind::Category, Reader::Enum) => {
                let value = self.label(scorer, datum.value() as u32);
                set(row, first, value);
            }
            (InputKind::Category, Reader::Uuid) => {
                let value =
                    types::category(Reader::Uuid, datum, |b| scorer.category(first, types::uuid_text(b).as_bytes()));
                set(row, first, value);
            }
            (InputKind::Category, reader) => {
                let value = types::category(reader, datum, |b| scorer.category(first, b));
                set(row, first, value);
            }
            (InputKind::Text, reader) => {
                if let Some(text) = &self.text {
                    types::category(reader, datum, |bytes| text.put(bytes, row));
                }
            }
            (InputKind::Array, Reader::Array(element)) => {
                missing(row, first, self.count);
                let count = self.count;
                types::array(element, datum, |i, value| {
                    if i < count {
                        set(row, first + i, value);
                    }
                });
            }
            (kind, reader) => {
                let value = moment(kind, reader, types::number(reader, datum));
                match &self.moment {
                    Some(moment) => moment.put(value, row),
                    None => set(row, first, value),
                }
            }
        }
    }

    /// The code of an enum's label, looked up once a label.
    ///
    /// # Safety
    /// As for [`Slot::put`].
    #[cold]
    unsafe fn look_up_label(&mut self, scorer: &Scorer, oid: u32) -> f64 {
        let first = self.first;
        let code = pgrx_extern_c_guard(|| match types::enum_label(oid) {
            Some(label) => scorer.category(first, label.as_bytes()),
            None => f64::NAN,
        });
        self.labels.insert(oid, code);
        code
    }

    /// # Safety
    /// As for [`Slot::put`].
    #[inline]
    unsafe fn label(&mut self, scorer: &Scorer, oid: u32) -> f64 {
        match self.labels.get(&oid) {
            Some(code) => *code,
            None => self.look_up_label(scorer, oid),
        }
    }
}

#[inline]
fn set(row: &mut [f64], index: usize, value: f64) {
    if let Some(place) = row.get_mut(index) {
        *place = value;
    }
}

/// Mark the features of a column as missing.
#[inline]
pub fn missing(row: &mut [f64], first: usize, count: usize) {
    if let Some(places) = row.get_mut(first..first + count) {
        places.fill(f64::NAN);
    }
}

/// The number of a column learned as `kind`, for one that comes from `reader`: dates and timestamps stand in for each other.
#[inline]
pub fn moment(kind: InputKind, reader: Reader, value: f64) -> f64 {
    match (kind, reader) {
        (InputKind::Timestamp | InputKind::Timestamptz, Reader::Date) => value * DAY,
        (InputKind::Date, Reader::Timestamp | Reader::Timestamptz) => model::day(value),
        _ => value,
    }
}

/// The reader to use when a column of a model comes as the type of `reader`; `None` where it means something else. Fails where the server
/// does not know the column's time zone.
pub fn fit(model: &Model, input: &Input, reader: Reader) -> Result<Option<Reader>> {
    let fits = match input.kind {
        InputKind::Number | InputKind::Boolean => matches!(reader.kind(), InputKind::Number | InputKind::Boolean),
        InputKind::Category => match reader {
            Reader::Int2 | Reader::Int4 | Reader::Int8 => true,
            Reader::Numeric => return Ok(Some(Reader::Exact)),
            _ => reader.is_category(),
        },
        InputKind::Timestamptz if reader == Reader::Timestamptz => {
            return model.zone(input).map(|zone| clock::of(zone).map(Reader::Clock)).transpose();
        }
        InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz => {
            matches!(reader, Reader::Date | Reader::Timestamp | Reader::Timestamptz)
        }
        InputKind::Interval => reader == Reader::Interval,
        InputKind::Text => reader.is_text(),
        InputKind::Array => matches!(reader, Reader::Array(_)),
    };
    Ok(fits.then_some(reader))
}

/// What a kind of column is called in messages.
pub fn kind_name(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Number => "a number",
        InputKind::Boolean => "a boolean",
        InputKind::Category => "a category",
        InputKind::Date => "a date",
        InputKind::Timestamp => "a timestamp",
        InputKind::Timestamptz => "a timestamp with time zone",
        InputKind::Interval => "an interval",
        InputKind::Array => "an array of numbers",
        InputKind::Text => "a text",
    }
}
