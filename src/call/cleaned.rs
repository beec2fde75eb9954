//! The columns of a row that a model cleans before it scores.

use std::collections::HashMap;

use orchard_engine::judge::given::Given;
use orchard_engine::model::{Argument, InputKind, RawColumn};
use orchard_engine::score::{Cleaned, Scorer};
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{Datum, Oid};
use pgrx::PgSqlErrorCode;

use super::slot::{kind_name, moment};
use crate::error::{Failure, Result};
use crate::source::clock;
use crate::source::types::{self, Reader};

/// How a row's columns become what the model's cleaning takes.
pub struct RawRow {
    cleaned: Cleaned,
    columns: Vec<Column>,
    /// By what a JSON object is asked for, and their places among the inputs of the cleaning.
    names: Vec<(usize, RawColumn)>,
    /// Labels of enums that were met.
    labels: HashMap<u32, String>,
}

/// One of them.
#[derive(Clone, Copy)]
struct Column {
    /// Its place in the row.
    place: usize,
    /// Its place among the inputs of the cleaning.
    input: usize,
    kind: InputKind,
    reader: Reader,
}

impl RawRow {
    /// For the columns of a model that come at a place of the row as a type; `None` where the model cleans nothing. An error names column and
    /// types where that cannot be.
    pub fn new(scorer: &Scorer, come: impl Fn(&str) -> Option<(usize, Oid)>) -> Result<Option<RawRow>> {
        let Some(cleaned) = Cleaned::new(scorer) else { return Ok(None) };
        let (mut columns, mut names) = (Vec::new(), Vec::new());
        for argument in scorer.model().arguments() {
            let Argument::Raw(input, column) = argument else { continue };
            names.push((input, column.clone()));
            if let Some((place, oid)) = come(&column.name) {
                let reader = reader(column, oid)?;
                columns.push(Column { place, input, kind: column.kind, reader });
            }
        }
        Ok(Some(RawRow { cleaned, columns, names, labels: HashMap::new() }))
    }

    /// The features that come of it.
    pub fn features(&self) -> &[usize] {
        self.cleaned.features()
    }

    /// The columns that the cleaning made of the last row.
    pub fn made(&self, scorer: &Scorer) -> serde_json::Value {
        self.cleaned.made(scorer)
    }

    /// A column of the last row as it came.
    pub fn given(&self, input: usize, kind: InputKind) -> Given {
        match self.cleaned.given(input) {
            (_, text) if matches!(kind, InputKind::Category | InputKind::Text) => {
                text.map_or(Given::Missing, |text| Given::text(text.as_bytes()))
            }
            (number, _) => Given::number(number),
        }
    }

    /// Look labels of an enum up again when they are met.
    pub fn forget_labels(&mut self) {
        self.labels.clear();
    }

    /// Read the columns by their places, clean them and put the features into the row.
    ///
    /// # Safety
    /// What `get` returns is of the type that was said of the place. May longjmp; no value with a destructor may be alive in the callers.
    pub unsafe fn put(&mut self, scorer: &Scorer, row: &mut [f64], get: impl Fn(usize) -> Option<Datum>) {
        for at in 0..self.columns.len() {
            let Column { place, input, kind, reader } = self.columns[at];
            let datum = get(place);
            if kind != InputKind::Category && kind != InputKind::Text {
                let value = datum.map_or(f64::NAN, |datum| moment(kind, reader, types::number(reader, datum)));
                self.cleaned.columns().set_number(input, value);
                continue;
            }
            let Some(datum) = datum else {
                self.cleaned.columns().set_text(input, None);
                continue;
            };
            match reader {
                Reader::Enum => self.put_label(input, datum.value() as u32),
                Reader::Uuid => types::category(reader, datum, |bytes| {
                    self.cleaned.columns().set_text(input, Some(types::uuid_text(bytes).as_bytes()));
                }),
                reader => types::category(reader, datum, |bytes| {
                    self.cleaned.columns().set_text(input, Some(bytes));
                }),
            }
        }
        self.cleaned.put(scorer, row);
    }

    /// # Safety
    /// As for [`RawRow::put`].
    unsafe fn put_label(&mut self, input: usize, oid: u32) {
        if !self.labels.contains_key(&oid) {
            self.look_up_label(oid);
        }
        let label = self.labels.get(&oid).map(String::as_bytes);
        self.cleaned.columns().set_text(input, label);
    }

    /// # Safety
    /// As for [`RawRow::put`].
    #[cold]
    unsafe fn look_up_label(&mut self, oid: u32) {
        if let Some(label) = pgrx_extern_c_guard(|| types::enum_label(oid)) {
            self.labels.insert(oid, label);
        }
    }

    /// Read the columns of a JSON object by their names, clean them and put the features into the row.
    pub fn put_json(
        &mut self,
        scorer: &Scorer,
        row: &mut [f64],
        text: impl Fn(&str, &mut dyn FnMut(&[u8])) -> bool,
        number: impl Fn(&RawColumn) -> f64,
    ) {
        for (input, column) in &self.names {
            let row = self.cleaned.columns();
            if column.kind != InputKind::Category && column.kind != InputKind::Text {
                row.set_number(*input, number(column));
            } else if !text(&column.name, &mut |bytes| row.set_text(*input, Some(bytes))) {
                row.set_text(*input, None);
            }
        }
        self.cleaned.put(scorer, row);
    }
}

/// How a column that comes as a type is read; an error where it means something else.
pub fn reader(column: &RawColumn, oid: Oid) -> Result<Reader> {
    let reader = Reader::of(types::base_type(oid));
    let fitted = match (column.kind, reader) {
        (InputKind::Number | InputKind::Boolean, Some(r)) => {
            matches!(r.kind(), InputKind::Number | InputKind::Boolean).then_some(r)
        }
        (InputKind::Category | InputKind::Text, Some(Reader::Numeric)) => Some(Reader::Exact),
        (InputKind::Category | InputKind::Text, Some(r)) => (r.is_category() || r.is_integer()).then_some(r),
        (InputKind::Timestamptz, Some(Reader::Timestamptz)) => match &column.zone {
            Some(zone) => Some(Reader::Clock(clock::of(zone)?)),
            None => Some(Reader::Timestamptz),
        },
        (kind, Some(r)) if kind.is_moment() => r.kind().is_moment().then_some(r),
        _ => None,
    };
    fitted.ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!(
                "column \"{}\" has type {}, but the model learned it as {}",
                column.name,
                types::display_name(oid),
                kind_name(column.kind)
            ),
        )
        .hint("Cast the column in the query.")
    })
}
