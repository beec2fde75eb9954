//! The receiver of the executor's rows.
//!
//! The danger: the callbacks are called from C, and what they call may longjmp. So a row is taken in frames without destructors, an
//! error of ours is kept in the receiver and ends the query by its own means, and all that is owned lives outside.

use std::ffi::CStr;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, ColumnData, Dictionary, RowSample, Table, Taken, MISSING, SAMPLE_BYTES};
use orchard_engine::Error;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::pgrx_extern_c_guard;

use super::types::{self, Element, Reader};
use super::{not_utf8, Attribute, Choose, Rows, SourceColumn, Wanted};
use crate::compat::is_utf8;
use crate::error::{Failure, Result};

/// Features a source may have at most: what a tuple of PostgreSQL can hold and some arrays.
const MOST_FEATURES: usize = 20_000;

/// Why the query was ended early.
pub(super) enum Stop {
    /// It cannot be read.
    Failed(Failure),
    /// A column of this name has numbers that float8 cannot tell apart.
    NotExact(String),
    /// The rows are more than there is room for.
    NoRoom,
    /// The rows to take a part of are too different to be counted.
    Uncounted,
}

/// What the rows of a source are read for, where a part of them will do.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Bytes that the work needs for a row, besides those of the columns.
    pub row: usize,
    /// Bytes that it needs for each number of a row, and each level of a category.
    pub dimension: usize,
    /// The most levels of a category that count.
    pub levels: usize,
}

/// Rows between two looks whether there is room.
const LOOK: usize = 256;

/// One column of the source that is read.
struct Field {
    attribute: usize,
    reader: Reader,
    /// The first and the number of its columns in the table; arrays have their columns in `elements`.
    column: usize,
    /// Whether a number beyond 2^53 ends the pass.
    watch: bool,
    /// Whether its column has only the digits of numbers that a float8 may not tell apart.
    beside: bool,
    elements: Vec<Column>,
}

/// Takes rows from the executor. The C part must come first: the server knows only that.
#[repr(C)]
pub(super) struct Receiver<'a, 'b> {
    dest: pg_sys::DestReceiver,
    choose: &'a mut Choose<'b>,
    control: &'a Control,
    exact: &'a [String],
    /// Whether numerics that stay numbers have such a column beside theirs.
    digits: bool,
    attributes: Vec<Attribute>,
    fields: Vec<Field>,
    needed: i32,
    table: Table,
    /// How much room rows need; `None` where all must be read.
    room: Option<Room>,
    /// Which rows are taken; `None` for all.
    sample: Option<&'a mut RowSample>,
    pub(super) stop: Option<Stop>,
}

impl<'a, 'b> Receiver<'a, 'b> {
    pub(super) fn new(choose: &'a mut Choose<'b>, control: &'a Control, exact: &'a [String], digits: bool) -> Self {
        Receiver {
            dest: pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(start),
                rShutdown: Some(shut_down),
                rDestroy: Some(shut_down),
                mydest: pg_sys::CommandDest::DestNone,
            },
            choose,
            control,
            exact,
            digits,
            attributes: Vec::new(),
            fields: Vec::new(),
            needed: 0,
            table: Table::default(),
            room: None,
            sample: None,
            stop: None,
        }
    }

    /// Take no more rows than there is room for, of a part of them.
    pub(super) fn within(mut self, room: Option<Room>, sample: Option<&'a mut RowSample>) -> Self {
        (self.room, self.sample) = (room, sample);
        self
    }

    /// Whether there is room for the rows so far.
    fn has_room(&self, room: &Room) -> bool {
        let dimensions = |column: &Column| match &column.data {
            ColumnData::Number(_) => 1,
            // One is for all other levels, or for what is missing.
            ColumnData::Category { dictionary, .. } => dictionary.len().min(room.levels) + 1,
        };
        let columns = self.table.columns.iter().chain(self.fields.iter().flat_map(|f| &f.elements));
        let wide: usize = columns.map(dimensions).sum();
        let needed = self.table.rows.saturating_mul(wide.saturating_mul(room.dimension).saturating_add(room.row));
        // A tenth is for what does not grow with the rows.
        let left = self.control.left() + if self.sample.is_some() { SAMPLE_BYTES } else { 0 };
        needed <= left.saturating_sub((left + self.control.used()) / 10)
    }

    pub(super) fn as_dest(&mut self) -> *mut pg_sys::DestReceiver {
        (self as *mut Self).cast()
    }

    /// The columns are known: choose among them.
    fn start(&mut self, attributes: Vec<Attribute>) -> Result<()> {
        let wanted = (self.choose)(&attributes)?;
        for (i, reader) in wanted.into_iter().enumerate() {
            let Some(Wanted { mut reader, number }) = reader else { continue };
            let name = &attributes[i].name;
            let can_be_exact = !number && matches!(reader, Reader::Int8 | Reader::Numeric);
            if can_be_exact && self.exact.contains(name) {
                reader = if reader == Reader::Int8 { Reader::Int8 } else { Reader::Exact };
            }
            let as_category = self.exact.contains(name) || reader.is_category();
            let column = self.table.columns.len();
            if !matches!(reader, Reader::Array(_)) {
                self.table.columns.push(match as_category {
                    true => Column::category(name.clone()),
                    false => Column::number(name.clone()),
                });
            }
            let watch = can_be_exact && !as_category;
            self.fields.push(Field { attribute: i, reader, column, watch, beside: false, elements: Vec::new() });
            if self.digits && number && reader == Reader::Numeric {
                let column = self.table.columns.len();
                self.table.columns.push(Column::category(name.clone()));
                let reader = Reader::Exact;
                self.fields.push(Field {
                    attribute: i,
                    reader,
                    column,
                    watch: false,
                    beside: true,
                    elements: Vec::new(),
                });
            }
            self.needed = i as i32 + 1;
        }
        self.attributes = attributes;
        Ok(())
    }

    /// Take a row. Frames from here down have no destructors while a function of the server runs.
    ///
    /// # Safety
    /// `slot` is a live slot of the executor with at least `needed` attributes.
    unsafe fn row(&mut self, slot: *mut pg_sys::TupleTableSlot) -> std::result::Result<(), Stop> {
        if i32::from((*slot).tts_nvalid) < self.needed {
            types::raw::slot_getsomeattrs_int(slot, self.needed);
        }
        if let Some(sample) = &mut self.sample {
            match take(sample, &self.fields, slot) {
                Taken::Yes => {}
                Taken::No => return Ok(()),
                Taken::Uncounted => return Err(Stop::Uncounted),
            }
        }
        let Receiver { fields, table, control, attributes, .. } = self;
        for field in fields.iter_mut() {
            let null = *(*slot).tts_isnull.add(field.attribute);
            let datum = *(*slot).tts_values.add(field.attribute);
            if let Reader::Array(element) = field.reader {
                array_row(
                    field,
                    &attributes[field.attribute].name,
                    element,
                    (!null).then_some(datum),
                    table.rows,
                    control,
                )?;
                continue;
            }
            match &mut table.columns[field.column].data {
                ColumnData::Number(values) => {
                    let value = if null { f64::NAN } else { types::number(field.reader, datum) };
                    if field.watch && value.abs() > types::EXACT_LIMIT && value.is_finite() {
                        return Err(Stop::NotExact(attributes[field.attribute].name.clone()));
                    }
                    values.push(value, control).map_err(failed)?;
                }
                ColumnData::Category { codes, dictionary } => {
                    let beside = field.beside;
                    let code = match null {
                        true => MISSING,
                        false => types::category(field.reader, datum, |b| match beside && types::is_exact(b) {
                            true => Ok(MISSING),
                            false => dictionary.code(b, control),
                        })
                        .map_err(failed)?,
                    };
                    codes.push(code, control).map_err(failed)?;
                }
            }
        }
        table.rows += 1;
        if table.rows >= u32::MAX as usize {
            return Err(Stop::Failed(Failure::from(Error::data(
                "the source has more than four billion rows",
                "Read a sample of it.",
            ))));
        }
        match &self.room {
            Some(room) if table.rows.is_multiple_of(LOOK) && !self.has_room(room) => Err(Stop::NoRoom),
            _ => Ok(()),
        }
    }

    /// Give the memory of an unfinished pass back.
    pub(super) fn discard(mut self) {
        for column in &mut self.table.columns {
            column.release(self.control);
        }
        for field in &mut self.fields {
            field.elements.iter_mut().for_each(|c| c.release(self.control));
        }
    }

    /// The rows, with arrays taken apart and codes of enums and uuids spelt out.
    pub(super) fn finish(self) -> Result<Rows> {
        let Receiver { attributes, fields, table, control, .. } = self;
        let mut rows = Rows { columns: Vec::new(), table: Table { columns: Vec::new(), rows: table.rows } };
        let mut columns: Vec<Option<Column>> = table.columns.into_iter().map(Some).collect();
        for field in fields {
            let first = rows.table.columns.len();
            let mut reader = field.reader;
            if let Reader::Array(_) = reader {
                rows.table.columns.extend(field.elements);
            } else if let Some(mut column) = columns[field.column].take() {
                if let ColumnData::Category { dictionary, .. } = &mut column.data {
                    spell(dictionary, reader, control)?;
                    check_encoding(dictionary, &attributes[field.attribute].name, control)?;
                    if matches!(reader, Reader::Int8) {
                        reader = Reader::Exact;
                    }
                }
                rows.table.columns.push(column);
            }
            let count = rows.table.columns.len() - first;
            let attribute = attributes[field.attribute].clone();
            rows.columns.push(SourceColumn { attribute, reader, first, count });
        }
        Ok(rows)
    }
}

/// Whether a row is one of a sample.
///
/// # Safety
/// As for [`Receiver::row`].
unsafe fn take(sample: &mut RowSample, fields: &[Field], slot: *mut pg_sys::TupleTableSlot) -> Taken {
    for field in fields {
        let datum = *(*slot).tts_values.add(field.attribute);
        match field.reader {
            _ if *(*slot).tts_isnull.add(field.attribute) => sample.number(f64::NAN),
            Reader::Array(element) => types::array(element, datum, |_, value| sample.number(value)),
            reader if reader.is_category() => types::category(reader, datum, |bytes| sample.text(bytes)),
            reader => sample.number(types::number(reader, datum)),
        }
    }
    sample.take()
}

fn failed(error: Error) -> Stop {
    Stop::Failed(error.into())
}

/// Spread an array over the columns of its elements; a longer one than before adds columns.
///
/// # Safety
/// `datum` is an array of the element's type.
unsafe fn array_row(
    field: &mut Field,
    name: &str,
    element: Element,
    datum: Option<pg_sys::Datum>,
    row: usize,
    control: &Control,
) -> std::result::Result<(), Stop> {
    let mut error: Option<Error> = None;
    let mut seen = 0;
    if let Some(datum) = datum {
        types::array(element, datum, |i, value| {
            if error.is_none() {
                error = put_element(&mut field.elements, name, i, value, row, control).err();
            }
            seen = i + 1;
        });
    }
    for column in field.elements.iter_mut().skip(seen) {
        if let ColumnData::Number(values) = &mut column.data {
            values.push(f64::NAN, control).map_err(failed)?;
        }
    }
    match error {
        Some(error) => Err(failed(error)),
        None => Ok(()),
    }
}

fn put_element(
    elements: &mut Vec<Column>,
    name: &str,
    index: usize,
    value: f64,
    row: usize,
    control: &Control,
) -> std::result::Result<(), Error> {
    if index >= MOST_FEATURES {
        return Err(Error::data(
            format!("an array of column \"{name}\" has more than {MOST_FEATURES} elements"),
            "Leave the column out, or aggregate it in the source.",
        ));
    }
    if index == elements.len() {
        let mut column = Column::number(format!("{name}[{}]", index + 1));
        if let ColumnData::Number(values) = &mut column.data {
            for _ in 0..row {
                values.push(f64::NAN, control)?;
            }
        }
        elements.push(column);
    }
    match &mut elements[index].data {
        ColumnData::Number(values) => values.push(value, control),
        ColumnData::Category { .. } => Ok(()),
    }
}

/// Refuse texts that are not UTF-8, as databases of other encodings have.
fn check_encoding(dictionary: &Dictionary, name: &str, control: &Control) -> Result<()> {
    if is_utf8() {
        return Ok(());
    }
    for code in 0..dictionary.len() as u32 {
        if code.is_multiple_of(1 << 16) {
            control.check()?;
        }
        // The label of an enum has a mark where it was not.
        if std::str::from_utf8(dictionary.text(code)).map_or(true, |text| text.contains('\u{FFFD}')) {
            return Err(not_utf8(format!("column \"{name}\" has texts that are")));
        }
    }
    Ok(())
}

/// Replace the keys of enums and uuids by their texts; codes stay as they are.
fn spell(dictionary: &mut Dictionary, reader: Reader, control: &Control) -> Result<()> {
    if !matches!(reader, Reader::Enum | Reader::Uuid) {
        return Ok(());
    }
    let mut spelt = Dictionary::default();
    for code in 0..dictionary.len() as u32 {
        let key = dictionary.text(code);
        let text = match reader {
            Reader::Uuid => types::uuid_text(key),
            _ => {
                let oid =
                    u32::from_ne_bytes(key.try_into().map_err(|_| Failure::internal("an enum key is not an oid"))?);
                types::enum_label(oid).ok_or_else(|| Failure::internal("an enum value has no label"))?
            }
        };
        spelt.code(text.as_bytes(), control)?;
    }
    dictionary.release(control);
    *dictionary = spelt;
    Ok(())
}

/// # Safety
/// Called by the executor with the receiver it was given, while that and its borrows are alive.
unsafe extern "C-unwind" fn start(dest: *mut pg_sys::DestReceiver, _operation: i32, typeinfo: pg_sys::TupleDesc) {
    // SAFETY: the server calls back with the receiver it was given, on the main thread; the guard turns a panic into an ERROR.
    unsafe {
        pgrx_extern_c_guard(|| {
            let receiver = &mut *dest.cast::<Receiver<'_, '_>>();
            if let Err(failure) = attributes(typeinfo).and_then(|columns| receiver.start(columns)) {
                failure.raise();
            }
        })
    }
}

/// The columns of a tuple descriptor; an error where a name is not UTF-8.
///
/// # Safety
/// `typeinfo` is a live descriptor.
pub(crate) unsafe fn attributes(typeinfo: pg_sys::TupleDesc) -> Result<Vec<Attribute>> {
    (0..(*typeinfo).natts as usize)
        .map(|i| {
            let attribute = crate::compat::attribute(typeinfo, i);
            let name = CStr::from_ptr((*attribute).attname.data.as_ptr()).to_str();
            let name = name.map_err(|_| not_utf8(format!("the name of column {} is", i + 1)))?.to_owned();
            let base = types::base_type((*attribute).atttypid);
            let (oid, limited) = ((*attribute).atttypid, (*attribute).atttypmod >= 0);
            Ok(Attribute {
                name,
                oid,
                limited,
                base,
                type_name: types::display_name((*attribute).atttypid),
                reader: Reader::of(base),
            })
        })
        .collect()
}

/// # Safety
/// As for [`start`]; `slot` is a live slot of the executor. May longjmp.
unsafe extern "C-unwind" fn receive(slot: *mut pg_sys::TupleTableSlot, dest: *mut pg_sys::DestReceiver) -> bool {
    // SAFETY: as in `start`; no guard, because `row` does not panic and keeps nothing with a destructor over a call of the server.
    unsafe {
        let receiver = &mut *dest.cast::<Receiver<'_, '_>>();
        match receiver.row(slot) {
            Ok(()) => true,
            Err(stop) => {
                receiver.stop = Some(stop);
                false
            }
        }
    }
}

extern "C-unwind" fn shut_down(_dest: *mut pg_sys::DestReceiver) {}
