//! The smallest and the largest value of a column as datums, so that they can be shown as their type writes them.

use pgrx::pg_sys::{self, Datum, Oid};

use crate::aggregate::output_function;
use crate::source::types::{raw, Reader, EXACT_LIMIT};

/// The smallest and the largest value so far. NaN is neither.
pub struct Extremes {
    /// The bytes of a datum behind a pointer, -1 for those that say their length themselves; `None` for a datum that is the value.
    behind: Option<i32>,
    is_numeric: bool,
    memory: pg_sys::MemoryContext,
    low: Option<(f64, Datum)>,
    high: Option<(f64, Datum)>,
}

impl Extremes {
    /// Of a column that is read in this way; values are copied into `memory`, which outlives this.
    pub fn new(reader: Option<Reader>, memory: pg_sys::MemoryContext) -> Extremes {
        let behind = match reader {
            Some(Reader::Numeric) => Some(-1),
            Some(Reader::Interval) => Some(std::mem::size_of::<pg_sys::Interval>() as i32),
            _ => None,
        };
        Extremes { behind, is_numeric: reader == Some(Reader::Numeric), memory, low: None, high: None }
    }

    /// Take a whole number.
    #[inline]
    pub fn take_integer(&mut self, value: i64) {
        if self.low.is_none_or(|(_, low)| value < low.value() as i64) {
            self.low = Some((value as f64, Datum::from(value)));
        }
        if self.high.is_none_or(|(_, high)| value > high.value() as i64) {
            self.high = Some((value as f64, Datum::from(value)));
        }
    }

    /// Take a number and the datum that is it.
    ///
    /// # Safety
    /// The datum is of the column's type. May longjmp (a full memory).
    #[inline]
    pub unsafe fn take(&mut self, value: f64, datum: Datum) {
        if self.low.is_none_or(|(low, kept)| value < low || self.is_less((value, datum), (low, kept)))
            && !value.is_nan()
        {
            let kept = self.keep(datum, self.low);
            self.low = Some((value, kept));
        }
        if self.high.is_none_or(|(high, kept)| value > high || self.is_less((high, kept), (value, datum)))
            && !value.is_nan()
        {
            let kept = self.keep(datum, self.high);
            self.high = Some((value, kept));
        }
    }

    /// Whether a numeric is less than another where a float does not tell them apart.
    ///
    /// # Safety
    /// The datums are of the column's type. May longjmp.
    #[inline]
    unsafe fn is_less(&self, (one, first): (f64, Datum), (other, second): (f64, Datum)) -> bool {
        let alike = self.is_numeric && one == other && one.abs() > EXACT_LIMIT;
        alike && raw::DirectFunctionCall2Coll(raw::numeric_lt, Oid::INVALID, first, second).value() != 0
    }

    /// Copy a datum, and free the one before.
    ///
    /// # Safety
    /// `datum` is of the column's type; `before` is what this returned last, and not used afterwards.
    unsafe fn keep(&self, datum: Datum, before: Option<(f64, Datum)>) -> Datum {
        let Some(length) = self.behind else { return datum };
        let context = pg_sys::CurrentMemoryContext;
        pg_sys::CurrentMemoryContext = self.memory;
        let kept = raw::datumCopy(datum, false, length);
        pg_sys::CurrentMemoryContext = context;
        if let Some((_, before)) = before {
            raw::pfree(before.cast_mut_ptr());
        }
        kept
    }

    /// Both as the type writes them.
    pub fn texts(&self, base: Oid) -> (Option<String>, Option<String>) {
        let text = |extreme: Option<(f64, Datum)>| {
            extreme.map(|(_, datum)| {
                // SAFETY: a value of the type, kept by `take`; the text is copied.
                unsafe {
                    let text = pg_sys::OidOutputFunctionCall(output_function(base), datum);
                    std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
                }
            })
        };
        (text(self.low), text(self.high))
    }
}
