//! One pass over the source, a collector a column.

use orchard_engine::clean::profile::{Collector, ColumnProfile, Kind, Sizes};
use orchard_engine::control::Control;
use pgrx::pg_sys::{self, Datum, FmgrInfo, Oid};
use pgrx::PgSqlErrorCode;
use serde_json::Value;

use super::extremes::Extremes;
use super::shown;
use crate::aggregate::output_function;
use crate::compat::is_utf8;
use crate::error::{Failure, Result};
use crate::settings;
use crate::source::stream::{stream, Sink};
use crate::source::types::{self, raw, Reader};
use crate::source::Attribute;

/// A column with all that is shown of it.
pub struct Column {
    pub name: String,
    pub data_type: String,
    pub minimum: Option<String>,
    pub maximum: Option<String>,
    pub quantiles: Option<Value>,
    pub top: Option<Value>,
    pub profile: ColumnProfile,
}

/// How the values of a column are taken.
enum How {
    /// As a whole number.
    Integer(Reader),
    /// As a number.
    Number(Reader),
    /// As the bytes of a text or code.
    Bytes(Reader),
    /// As the text that its type's output function writes.
    Output(Box<FmgrInfo>),
    /// Not at all.
    Opaque,
}

/// A column being read.
struct Taken {
    attribute: Attribute,
    kind: Kind,
    how: How,
    collector: Collector,
    extremes: Extremes,
}

/// The columns of a source being read.
struct Profiler {
    control: Control,
    /// What lives as long as the profile.
    memory: pg_sys::MemoryContext,
    columns: Vec<Taken>,
    rows: u64,
}

/// Look at every column of a source.
pub fn columns(source: &str) -> Result<Vec<Column>> {
    if !is_utf8() {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            "a profile needs a database of encoding UTF8",
        ));
    }
    // SAFETY: the context of the running call, which outlives the profile.
    let memory = unsafe { pg_sys::CurrentMemoryContext };
    let mut profiler = Profiler { control: Control::new(settings::max_memory()), memory, columns: Vec::new(), rows: 0 };
    stream(source, &mut profiler)?;
    // SAFETY: a plain read of the transaction's start, microseconds since 2000-01-01.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() } as f64 / 1e6;
    let rows = profiler.rows;
    profiler.columns.into_iter().map(|taken| taken.finish(rows, now)).collect()
}

impl Sink for Profiler {
    fn start(&mut self, columns: Vec<Attribute>) -> Result<()> {
        let sizes = Sizes::of(columns.len(), settings::max_memory());
        self.control.reserve(sizes.total().saturating_mul(columns.len()))?;
        for attribute in columns {
            let (kind, how) = how(&attribute, self.memory);
            let collector = Collector::new(kind, &sizes);
            let extremes = Extremes::new(attribute.reader, self.memory);
            self.columns.push(Taken { attribute, kind, how, collector, extremes });
        }
        Ok(())
    }

    // SAFETY: as the trait says.
    unsafe fn row(&mut self, values: *const Datum, nulls: *const bool) -> Result<()> {
        self.rows += 1;
        for (i, column) in self.columns.iter_mut().enumerate() {
            let datum = *values.add(i);
            if *nulls.add(i) {
                column.collector.null();
                continue;
            }
            let Taken { how, collector, extremes, .. } = column;
            match how {
                How::Integer(reader) => {
                    let value = integer(*reader, datum);
                    extremes.take_integer(value);
                    collector.integer(value)?;
                }
                How::Number(reader) => {
                    let value = types::number(*reader, datum);
                    extremes.take(value, datum);
                    // An id of twenty digits is another one than its neighbour.
                    if *reader == Reader::Numeric && value.abs() > types::EXACT_LIMIT {
                        types::category(Reader::Exact, datum, |digits| match digits.last() {
                            Some(b'0'..=b'9') => collector.exact(value, digits),
                            _ => collector.number(value),
                        })?;
                    } else {
                        collector.number(value)?;
                    }
                }
                How::Bytes(reader) => types::category(*reader, datum, |bytes| collector.text(bytes))?,
                How::Output(function) => {
                    let text = raw::OutputFunctionCall(&mut **function, datum);
                    collector.text(std::ffi::CStr::from_ptr(text).to_bytes())?;
                }
                How::Opaque => {}
            }
        }
        Ok(())
    }
}

/// The whole number of a datum.
#[inline]
fn integer(reader: Reader, datum: Datum) -> i64 {
    match reader {
        Reader::Int2 => i64::from(datum.value() as i16),
        Reader::Int4 => i64::from(datum.value() as i32),
        _ => datum.value() as i64,
    }
}

/// How the values of a column are to be taken.
fn how(attribute: &Attribute, memory: pg_sys::MemoryContext) -> (Kind, How) {
    match attribute.reader {
        Some(reader @ (Reader::Int2 | Reader::Int4 | Reader::Int8)) => (Kind::Integer, How::Integer(reader)),
        Some(reader @ (Reader::Float4 | Reader::Float8 | Reader::Numeric)) => (Kind::Number, How::Number(reader)),
        Some(reader @ Reader::Bool) => (Kind::Boolean, How::Number(reader)),
        Some(reader @ Reader::Date) => (Kind::Date, How::Number(reader)),
        Some(reader @ Reader::Timestamp) => (Kind::Timestamp, How::Number(reader)),
        Some(reader @ (Reader::Timestamptz | Reader::Clock(_))) => (Kind::Timestamptz, How::Number(reader)),
        Some(reader @ Reader::Interval) => (Kind::Interval, How::Number(reader)),
        Some(reader @ (Reader::Text | Reader::Bpchar | Reader::Name)) => (Kind::Text, How::Bytes(reader)),
        Some(reader @ (Reader::Char | Reader::Enum | Reader::Uuid)) => (Kind::Code, How::Bytes(reader)),
        Some(Reader::Exact | Reader::Array(_)) => (Kind::Opaque, How::Opaque),
        None => match written(attribute.base) {
            Some(kind) => (kind, How::Output(Box::new(output(attribute.base, memory)))),
            None => (Kind::Opaque, How::Opaque),
        },
    }
}

/// The kind of a type that is neither read nor opaque: its values are short texts.
fn written(base: Oid) -> Option<Kind> {
    let (mut category, mut preferred) = (0, false);
    // SAFETY: a catalogue look-up on the main thread.
    unsafe { pg_sys::get_type_category_preferred(base, &mut category, &mut preferred) };
    match (category as u8, base) {
        (_, pg_sys::MONEYOID) => Some(Kind::Amount),
        // Texts of extensions, such as citext.
        (b'S', _) => Some(Kind::Text),
        // Times of day, network addresses, bit strings and oids.
        (b'D' | b'I' | b'V' | b'N', _) | (_, pg_sys::MACADDROID | pg_sys::MACADDR8OID | pg_sys::PG_LSNOID) => {
            Some(Kind::Code)
        }
        _ => None,
    }
}

fn output(base: Oid, memory: pg_sys::MemoryContext) -> FmgrInfo {
    let mut function = FmgrInfo::default();
    // SAFETY: a function of the catalogue; what it keeps lives as long as the profile.
    unsafe { pg_sys::fmgr_info_cxt(output_function(base), &mut function, memory) };
    function
}

impl Taken {
    fn finish(self, rows: u64, now: f64) -> Result<Column> {
        let Taken { attribute, kind, collector, extremes, .. } = self;
        let profile = collector.finish(&attribute.name, rows, now)?;
        let (mut minimum, mut maximum) = extremes.texts(attribute.base);
        if let Some((first, last)) = &profile.text_range {
            (minimum, maximum) = (Some(shown::text(first)), Some(shown::text(last)));
        }
        let quantiles = shown::quantiles(kind, attribute.base, &profile);
        let top = shown::top(kind, &attribute, &profile)?;
        Ok(Column { name: attribute.name, data_type: attribute.type_name, minimum, maximum, quantiles, top, profile })
    }
}
