//! The type table: which PostgreSQL types Orchard reads, and how a datum of each becomes a number or the bytes of a category.

use orchard_engine::model::InputKind;
use pgrx::pg_sys;
use pgrx::pg_sys::{Datum, Oid};

use super::clock::Clock;

/// Functions of the server without pgrx's guard: about 20 ns cheaper a call. They may longjmp, so no value with a destructor may be
/// alive between the call and the next guard.
pub mod raw {
    use pgrx::pg_sys::{Datum, FunctionCallInfo, Oid, TupleTableSlot};

    type Function = unsafe extern "C-unwind" fn(FunctionCallInfo) -> Datum;

    extern "C-unwind" {
        pub fn pg_detoast_datum(datum: *mut pgrx::pg_sys::varlena) -> *mut pgrx::pg_sys::varlena;
        pub fn pg_detoast_datum_packed(datum: *mut pgrx::pg_sys::varlena) -> *mut pgrx::pg_sys::varlena;
        pub fn pfree(pointer: *mut std::ffi::c_void);
        pub fn MemoryContextReset(context: pgrx::pg_sys::MemoryContext);
        pub fn ExecReScan(node: *mut pgrx::pg_sys::PlanState);
        pub fn datumCopy(value: Datum, by_value: bool, length: std::ffi::c_int) -> Datum;
        pub fn slot_getsomeattrs_int(slot: *mut TupleTableSlot, attnum: std::ffi::c_int);
        pub fn DirectFunctionCall1Coll(function: Function, collation: Oid, arg: Datum) -> Datum;
        pub fn heap_deform_tuple(
            tuple: pgrx::pg_sys::HeapTuple,
            desc: pgrx::pg_sys::TupleDesc,
            values: *mut Datum,
            nulls: *mut bool,
        );
        pub fn OutputFunctionCall(function: *mut pgrx::pg_sys::FmgrInfo, value: Datum) -> *mut std::ffi::c_char;
        pub fn DirectFunctionCall2Coll(function: Function, collation: Oid, first: Datum, second: Datum) -> Datum;
        pub fn numeric_out(fcinfo: FunctionCallInfo) -> Datum;
        pub fn numeric_lt(fcinfo: FunctionCallInfo) -> Datum;
        pub fn AcceptInvalidationMessages();
        pub fn ActiveSnapshotSet() -> bool;
        pub fn GetActiveSnapshot() -> pgrx::pg_sys::Snapshot;
        pub fn XidInMVCCSnapshot(transaction: pgrx::pg_sys::TransactionId, snapshot: pgrx::pg_sys::Snapshot) -> bool;
        pub fn GetCurrentTransactionStartTimestamp() -> pgrx::pg_sys::TimestampTz;
        pub fn GetUserId() -> Oid;
        pub fn MemoryContextRegisterResetCallback(
            context: pgrx::pg_sys::MemoryContext,
            callback: *mut pgrx::pg_sys::MemoryContextCallback,
        );
    }
}

/// Numbers up to here that a float8 tells apart: 2^53.
pub const EXACT_LIMIT: f64 = 9_007_199_254_740_992.0;

/// How a datum becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// `boolean`: 0 or 1.
    Bool,
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `numeric`.
    Numeric,
    /// `date`: days since 2000-01-01.
    Date,
    /// `timestamp`: seconds since 2000-01-01.
    Timestamp,
    /// `timestamptz`: seconds since 2000-01-01 UTC.
    Timestamptz,
    /// `timestamptz`: seconds since 2000-01-01 on the clocks of a zone.
    Clock(&'static Clock),
    /// `interval`: seconds, a month counting 30 days.
    Interval,
    /// `text` and `varchar`.
    Text,
    /// `char(n)`: trailing blanks do not count, as in its comparisons.
    Bpchar,
    /// `name`.
    Name,
    /// `"char"`.
    Char,
    /// An enum: the label's oid.
    Enum,
    /// `uuid`: its 16 bytes.
    Uuid,
    /// A `bigint` or `numeric` with values that a float8 cannot tell apart: its text without trailing zeros.
    Exact,
    /// An array of numbers; the reader of its elements is one of the seven numeric ones.
    Array(Element),
}

/// How an element of an array becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `numeric`.
    Numeric,
}

impl Reader {
    /// The reader of a type that is not a domain; `None` for a type Orchard does not read.
    pub fn of(base: Oid) -> Option<Reader> {
        Some(match base {
            pg_sys::BOOLOID => Reader::Bool,
            pg_sys::INT2OID => Reader::Int2,
            pg_sys::INT4OID => Reader::Int4,
            pg_sys::INT8OID => Reader::Int8,
            pg_sys::FLOAT4OID => Reader::Float4,
            pg_sys::FLOAT8OID => Reader::Float8,
            pg_sys::NUMERICOID => Reader::Numeric,
            pg_sys::DATEOID => Reader::Date,
            pg_sys::TIMESTAMPOID => Reader::Timestamp,
            pg_sys::TIMESTAMPTZOID => Reader::Timestamptz,
            pg_sys::INTERVALOID => Reader::Interval,
            pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::UNKNOWNOID => Reader::Text,
            pg_sys::BPCHAROID => Reader::Bpchar,
            pg_sys::NAMEOID => Reader::Name,
            pg_sys::CHAROID => Reader::Char,
            pg_sys::UUIDOID => Reader::Uuid,
            pg_sys::INT2ARRAYOID => Reader::Array(Element::Int2),
            pg_sys::INT4ARRAYOID => Reader::Array(Element::Int4),
            pg_sys::INT8ARRAYOID => Reader::Array(Element::Int8),
            pg_sys::FLOAT4ARRAYOID => Reader::Array(Element::Float4),
            pg_sys::FLOAT8ARRAYOID => Reader::Array(Element::Float8),
            pg_sys::NUMERICARRAYOID => Reader::Array(Element::Numeric),
            // SAFETY: a catalogue look-up by oid on the main thread.
            other => return unsafe { pg_sys::type_is_enum(other) }.then_some(Reader::Enum),
        })
    }

    /// What the model is told the column holds.
    pub fn kind(self) -> InputKind {
        match self {
            Reader::Bool => InputKind::Boolean,
            Reader::Int2 | Reader::Int4 | Reader::Int8 | Reader::Float4 | Reader::Float8 | Reader::Numeric => {
                InputKind::Number
            }
            Reader::Date => InputKind::Date,
            Reader::Timestamp | Reader::Timestamptz => InputKind::Timestamp,
            Reader::Clock(_) => InputKind::Timestamptz,
            Reader::Interval => InputKind::Interval,
            Reader::Array(_) => InputKind::Array,
            Reader::Text
            | Reader::Bpchar
            | Reader::Name
            | Reader::Char
            | Reader::Enum
            | Reader::Uuid
            | Reader::Exact => InputKind::Category,
        }
    }

    /// Whether a datum is read by [`category`].
    pub fn is_category(self) -> bool {
        self.kind() == InputKind::Category
    }

    /// Whether a datum is a text as it stands, not the name of something.
    pub fn is_text(self) -> bool {
        matches!(self, Reader::Text | Reader::Bpchar | Reader::Name | Reader::Char)
    }

    /// Whether the type is a whole number.
    pub fn is_integer(self) -> bool {
        matches!(self, Reader::Int2 | Reader::Int4 | Reader::Int8)
    }
}

/// The base type of a domain, or the type itself.
pub fn base_type(oid: Oid) -> Oid {
    // SAFETY: a catalogue look-up by oid on the main thread.
    unsafe { pg_sys::getBaseType(oid) }
}

/// The name of a type for messages.
pub fn display_name(oid: Oid) -> String {
    // SAFETY: returns a palloc'ed C string for any oid.
    unsafe {
        let name = pg_sys::format_type_be(oid);
        std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// The name of a type for SQL text, always schema-qualified.
pub fn type_name(oid: Oid) -> String {
    // SAFETY: returns a palloc'ed C string for any oid.
    unsafe {
        let name = pg_sys::format_type_be_qualified(oid);
        std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// Whether there is a type of this oid.
pub fn exists(oid: Oid) -> bool {
    // SAFETY: a catalogue look-up on the main thread; what it finds is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::TYPEOID as i32, Datum::from(oid));
        if !tuple.is_null() {
            pg_sys::ReleaseSysCache(tuple);
        }
        !tuple.is_null()
    }
}

/// The bytes of a varlena, and whether they were copied out of line.
#[derive(Clone, Copy)]
pub struct Text {
    data: *const u8,
    len: usize,
    copy: *mut pg_sys::varlena,
}

impl Text {
    /// The bytes of a varlena datum, detoasted where needed.
    ///
    /// # Safety
    /// `datum` is a non-null varlena. May longjmp.
    #[inline]
    pub unsafe fn of(datum: Datum) -> Text {
        let original = datum.cast_mut_ptr::<pg_sys::varlena>();
        let packed = raw::pg_detoast_datum_packed(original);
        let copy = if packed == original { std::ptr::null_mut() } else { packed };
        Text { data: pgrx::varlena::vardata_any(packed).cast(), len: pgrx::varlena::varsize_any_exhdr(packed), copy }
    }

    /// The bytes.
    ///
    /// # Safety
    /// The datum must still be there, and [`Text::free`] not have been called.
    #[inline]
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        std::slice::from_raw_parts(self.data, self.len)
    }

    /// Free the copy, if there was one. Not a destructor: these frames must survive a longjmp.
    ///
    /// # Safety
    /// No reference to the bytes is used afterwards.
    #[inline]
    pub unsafe fn free(self) {
        if !self.copy.is_null() {
            raw::pfree(self.copy.cast());
        }
    }
}

/// The bytes of a varlena datum with a header of one byte, as a short text of a table has; `None` for any other.
///
/// # Safety
/// `datum` is a non-null varlena, which must still be there while the bytes are used.
#[inline]
pub unsafe fn short_text<'a>(datum: Datum) -> Option<&'a [u8]> {
    let start = datum.cast_mut_ptr::<pg_sys::varlena>();
    let short = pgrx::varlena::varatt_is_1b(start) && !pgrx::varlena::varatt_is_1b_e(start);
    short.then(|| {
        std::slice::from_raw_parts(pgrx::varlena::vardata_1b(start).cast(), pgrx::varlena::varsize_1b(start) - 1)
    })
}

/// The number of a datum whose reader is neither a category nor an array.
///
/// # Safety
/// `datum` is a non-null value of the reader's type. May longjmp (a toasted numeric).
#[inline]
pub unsafe fn number(reader: Reader, datum: Datum) -> f64 {
    match reader {
        Reader::Bool => f64::from(u8::from(datum.value() as u8 != 0)),
        Reader::Int2 => f64::from(datum.value() as i16),
        Reader::Int4 => f64::from(datum.value() as i32),
        Reader::Int8 => datum.value() as i64 as f64,
        Reader::Float4 => f64::from(f32::from_bits(datum.value() as u32)),
        Reader::Float8 => f64::from_bits(datum.value() as u64),
        Reader::Numeric => super::numeric::to_float8(datum),
        Reader::Date => match datum.value() as i32 {
            i32::MIN => f64::NEG_INFINITY,
            i32::MAX => f64::INFINITY,
            days => f64::from(days),
        },
        Reader::Timestamp | Reader::Timestamptz => match datum.value() as i64 {
            i64::MIN => f64::NEG_INFINITY,
            i64::MAX => f64::INFINITY,
            microseconds => microseconds as f64 / 1e6,
        },
        Reader::Clock(clock) => clock.seconds(datum.value() as i64),
        Reader::Interval => interval(&*datum.cast_mut_ptr::<pg_sys::Interval>()),
        _ => f64::NAN,
    }
}

fn interval(i: &pg_sys::Interval) -> f64 {
    // PostgreSQL 17 writes infinite intervals as the extremes of all three fields.
    match (i.month, i.day, i.time) {
        (i32::MIN, i32::MIN, i64::MIN) => f64::NEG_INFINITY,
        (i32::MAX, i32::MAX, i64::MAX) => f64::INFINITY,
        _ => (f64::from(i.month) * 30.0 + f64::from(i.day)) * 86_400.0 + i.time as f64 / 1e6,
    }
}

/// Hand the bytes that stand for a category to `take`: the text, an enum's oid, a uuid's 16 bytes.
///
/// # Safety
/// `datum` is a non-null value of the reader's type. May longjmp before `take` is called, never after; `take` must not
/// keep the bytes.
#[inline]
pub unsafe fn category<T>(reader: Reader, datum: Datum, take: impl FnOnce(&[u8]) -> T) -> T {
    match reader {
        Reader::Enum => take(&(datum.value() as u32).to_ne_bytes()),
        Reader::Uuid => take(std::slice::from_raw_parts(datum.cast_mut_ptr::<u8>(), 16)),
        Reader::Char => take(&[datum.value() as u8]),
        Reader::Name => take(std::ffi::CStr::from_ptr(datum.cast_mut_ptr()).to_bytes()),
        Reader::Exact => {
            let text = raw::DirectFunctionCall1Coll(raw::numeric_out, Oid::INVALID, datum);
            let text = text.cast_mut_ptr::<std::ffi::c_char>();
            let out = take(exact_key(std::ffi::CStr::from_ptr(text).to_bytes()));
            raw::pfree(text.cast());
            out
        }
        Reader::Int2 => take(itoa(i64::from(datum.value() as i16), &mut [0; 20])),
        Reader::Int4 => take(itoa(i64::from(datum.value() as i32), &mut [0; 20])),
        Reader::Int8 => take(itoa(datum.value() as i64, &mut [0; 20])),
        Reader::Bpchar => {
            let text = Text::of(datum);
            let out = take(text.bytes().trim_ascii_end_blanks());
            text.free();
            out
        }
        _ => {
            let text = Text::of(datum);
            let out = take(text.bytes());
            text.free();
            out
        }
    }
}

/// Digits of a number that a float8 keeps whatever they are.
const EXACT_DIGITS: usize = 15;

/// Whether a float8 tells the number of such a text from all others of as few digits.
pub fn is_exact(text: &[u8]) -> bool {
    text.iter().filter(|b| b.is_ascii_digit()).count() <= EXACT_DIGITS
}

/// The text of an exact number without trailing zeros: 1.50 and 1.5 are one level.
fn exact_key(text: &[u8]) -> &[u8] {
    if !text.contains(&b'.') {
        return text;
    }
    let end = text.iter().rposition(|&b| b != b'0').map_or(0, |i| if text[i] == b'.' { i } else { i + 1 });
    &text[..end]
}

fn itoa(value: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

trait TrimBlanks {
    fn trim_ascii_end_blanks(&self) -> &Self;
}

impl TrimBlanks for [u8] {
    fn trim_ascii_end_blanks(&self) -> &[u8] {
        let end = self.iter().rposition(|&b| b != b' ').map_or(0, |i| i + 1);
        &self[..end]
    }
}

/// Hand each element of an array to `take`, NaN for NULL.
///
/// # Safety
/// `datum` is a non-null array of the element's type. May longjmp: `take` must not leave values with destructors behind
/// in frames of the caller.
pub unsafe fn array(element: Element, datum: Datum, mut take: impl FnMut(usize, f64)) {
    let original = datum.cast_mut_ptr::<pg_sys::varlena>();
    let array = raw::pg_detoast_datum(original) as *mut pg_sys::ArrayType;
    let dimensions = (*array).ndim as usize;
    let sizes = std::slice::from_raw_parts((array as *const i32).add(4), dimensions);
    let count = if dimensions == 0 { 0 } else { sizes.iter().map(|&n| n as usize).product() };
    let header = if (*array).dataoffset != 0 { (*array).dataoffset as usize } else { align(16 + 8 * dimensions, 8) };
    let nulls = ((*array).dataoffset != 0).then(|| (array as *const u8).add(16 + 8 * dimensions));
    let base = array as *const u8;
    let mut at = header;
    for i in 0..count {
        if nulls.is_some_and(|bits| *bits.add(i / 8) >> (i % 8) & 1 == 0) {
            take(i, f64::NAN);
            continue;
        }
        let value;
        (value, at) = read_element(element, base, at);
        take(i, value);
    }
    if array.cast() != original {
        raw::pfree(array.cast());
    }
}

/// An element of an array, and the place behind it.
///
/// # Safety
/// `base` is a live array of the element's type with an element at or, for alignment, just after byte `at`. May longjmp (a toasted numeric).
unsafe fn read_element(element: Element, base: *const u8, at: usize) -> (f64, usize) {
    match element {
        Element::Int2 => {
            let at = align(at, 2);
            (f64::from(*base.add(at).cast::<i16>()), at + 2)
        }
        Element::Int4 => {
            let at = align(at, 4);
            (f64::from(*base.add(at).cast::<i32>()), at + 4)
        }
        Element::Int8 => {
            let at = align(at, 8);
            (*base.add(at).cast::<i64>() as f64, at + 8)
        }
        Element::Float4 => {
            let at = align(at, 4);
            (f64::from(*base.add(at).cast::<f32>()), at + 4)
        }
        Element::Float8 => {
            let at = align(at, 8);
            (*base.add(at).cast::<f64>(), at + 8)
        }
        Element::Numeric => {
            // A byte that is not zero is a one-byte header, which is not aligned.
            let at = if *base.add(at) != 0 { at } else { align(at, 4) };
            let datum = Datum::from(base.add(at) as usize);
            let size = pgrx::varlena::varsize_any(base.add(at).cast());
            (super::numeric::to_float8(datum), at + size)
        }
    }
}

fn align(at: usize, to: usize) -> usize {
    at.div_ceil(to) * to
}

/// The label of an enum value.
pub fn enum_label(oid: u32) -> Option<String> {
    // SAFETY: a syscache look-up on the main thread; the tuple is released before the label is used.
    unsafe {
        let key = Datum::from(Oid::from(oid));
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::ENUMOID as i32, key);
        if tuple.is_null() {
            return None;
        }
        let form = pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_enum;
        let label = std::ffi::CStr::from_ptr((*form).enumlabel.data.as_ptr()).to_string_lossy().into_owned();
        pg_sys::ReleaseSysCache(tuple);
        Some(label)
    }
}

/// The text of a uuid.
pub fn uuid_text(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    match hex.get(..32) {
        Some(h) => format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..32]),
        None => hex,
    }
}
