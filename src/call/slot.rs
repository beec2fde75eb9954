//! From a datum to the features of one input column.

use std::collections::HashMap;

use orchard_engine::model::{Input, InputKind};
use orchard_engine::score::Scorer;
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{Datum, Oid};
use pgrx::PgSqlErrorCode;

use crate::error::{Failure, Result};
use crate::source::types::{self, Reader};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How the values of one actual type become the features of one input column.
pub struct Slot {
    reader: Reader,
    kind: InputKind,
    first: usize,
    count: usize,
    /// Places of enum labels that were met.
    labels: HashMap<u32, f64>,
}

impl Slot {
    /// The slot of an input column whose values come as `type_oid`; an error names column and types where that cannot be.
    pub fn new(input: &Input, type_oid: Oid) -> Result<Slot> {
        let reader = Reader::of(types::base_type(type_oid)).and_then(|r| fit(input.kind, r));
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
        Ok(Slot { reader, kind: input.kind, first, count, labels: HashMap::new() })
    }

    /// The feature, when a value is one number that needs no conversion.
    pub fn plain_number(&self) -> Option<usize> {
        (self.kind == InputKind::Number && self.reader == Reader::Float8).then_some(self.first)
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
            (InputKind::Array, Reader::Array(element)) => {
                missing(row, first, self.count);
                let count = self.count;
                types::array(element, datum, |i, value| {
                    if i < count {
                        set(row, first + i, value);
                    }
                });
            }
            (InputKind::Timestamp, Reader::Date) => set(row, first, types::number(Reader::Date, datum) * DAY),
            (InputKind::Date, Reader::Timestamp) => {
                set(row, first, (types::number(Reader::Timestamp, datum) / DAY).floor());
            }
            (_, reader) => set(row, first, types::number(reader, datum)),
        }
    }

    /// The code of an enum's label, looked up once a label.
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

/// The reader to use when a column learned as `kind` comes as the type of `reader`; `None` where it means something else.
pub fn fit(kind: InputKind, reader: Reader) -> Option<Reader> {
    let fits = match kind {
        InputKind::Number | InputKind::Boolean => matches!(reader.kind(), InputKind::Number | InputKind::Boolean),
        InputKind::Category => match reader {
            Reader::Int2 | Reader::Int4 | Reader::Int8 => return Some(reader),
            Reader::Numeric => return Some(Reader::Exact),
            _ => reader.is_category(),
        },
        InputKind::Date | InputKind::Timestamp => matches!(reader, Reader::Date | Reader::Timestamp),
        InputKind::Interval => reader == Reader::Interval,
        InputKind::Array => matches!(reader, Reader::Array(_)),
    };
    fits.then_some(reader)
}

/// What a kind of column is called in messages.
pub fn kind_name(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Number => "a number",
        InputKind::Boolean => "a boolean",
        InputKind::Category => "a category",
        InputKind::Date => "a date",
        InputKind::Timestamp => "a timestamp",
        InputKind::Interval => "an interval",
        InputKind::Array => "an array of numbers",
    }
}
