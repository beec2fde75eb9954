//! A value of any type as bytes that are the same for equal values.

use pgrx::pg_sys::{self, Datum, FmgrInfo, FunctionCallInfo, Oid};
use pgrx::PgSqlErrorCode;

use super::memory::Memory;
use super::state::no_memory;
use crate::error::{Failure, Result};
use crate::source::types::{self, Text};

/// How values of a type become bytes.
pub enum Bytes {
    /// The datum itself, of this many bytes.
    Word(usize),
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// Text whose equality is that of its bytes.
    Text,
    /// `char(n)`.
    Bpchar,
    /// `uuid`.
    Uuid,
    /// `numeric`.
    Numeric,
    /// Any other type.
    Other,
}

impl Bytes {
    /// How values of a type (no domain) under a collation become bytes.
    ///
    /// # Safety
    /// Called on the main thread.
    unsafe fn of(base: Oid, collation: Oid) -> Bytes {
        match base {
            pg_sys::BOOLOID | pg_sys::CHAROID => Bytes::Word(1),
            pg_sys::INT2OID => Bytes::Word(2),
            pg_sys::INT4OID | pg_sys::OIDOID | pg_sys::DATEOID => Bytes::Word(4),
            pg_sys::INT8OID | pg_sys::TIMEOID | pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID | pg_sys::MONEYOID => {
                Bytes::Word(8)
            }
            pg_sys::FLOAT4OID => Bytes::Float4,
            pg_sys::FLOAT8OID => Bytes::Float8,
            pg_sys::UUIDOID => Bytes::Uuid,
            pg_sys::NUMERICOID => Bytes::Numeric,
            pg_sys::BYTEAOID => Bytes::Text,
            pg_sys::TEXTOID | pg_sys::VARCHAROID if by_bytes(collation) => Bytes::Text,
            pg_sys::BPCHAROID if by_bytes(collation) => Bytes::Bpchar,
            other if pg_sys::type_is_enum(other) => Bytes::Word(4),
            _ => Bytes::Other,
        }
    }
}

/// Whether texts that are equal have the same bytes.
///
/// # Safety
/// Called on the main thread.
unsafe fn by_bytes(collation: Oid) -> bool {
    collation == Oid::INVALID || pg_sys::get_collation_isdeterministic(collation)
}

/// What a call site knows of the type of its value.
pub struct Site {
    bytes: Bytes,
    /// The type, a domain's base type.
    pub base: Oid,
    collation: Oid,
    /// The type's function for what has no bytes of its own: its hash or its output.
    function: FmgrInfo,
}

/// What is done with values of types that have no bytes of their own.
#[derive(Clone, Copy, PartialEq)]
pub enum Other {
    /// Their type's hash stands for them.
    Hash,
    /// Their text does.
    Text,
}

/// The site of the running call, whose value is argument 1; made at its first row.
///
/// # Safety
/// `fcinfo` is the running call's, and all calls of its function have the same `other`.
#[inline]
pub unsafe fn site<'a>(fcinfo: FunctionCallInfo, other: Other) -> Result<&'a mut Site> {
    let extra = (*(*fcinfo).flinfo).fn_extra.cast::<Site>();
    match extra.is_null() {
        false => Ok(&mut *extra),
        true => make_site(fcinfo, other),
    }
}

/// # Safety
/// `fcinfo` is the running call's.
#[cold]
unsafe fn make_site<'a>(fcinfo: FunctionCallInfo, other: Other) -> Result<&'a mut Site> {
    let flinfo = (*fcinfo).flinfo;
    let declared = pg_sys::get_fn_expr_argtype(flinfo, 1);
    if declared == Oid::INVALID {
        return Err(Failure::internal("the type of an aggregate's argument is not known"));
    }
    let base = types::base_type(declared);
    let collation = (*fcinfo).fncollation;
    let mut site = Site { bytes: Bytes::of(base, collation), base, collation, function: FmgrInfo::default() };
    if matches!(site.bytes, Bytes::Other) {
        let function = match other {
            Other::Hash => {
                (*pg_sys::lookup_type_cache(base, pg_sys::TYPECACHE_HASH_EXTENDED_PROC as i32)).hash_extended_proc
            }
            Other::Text => output_function(base),
        };
        if function == Oid::INVALID {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
                format!("could not identify a hash function for type {}", types::display_name(base)),
            )
            .hint("Cast the value, for example to text or jsonb."));
        }
        pg_sys::fmgr_info_cxt(function, &mut site.function, (*flinfo).fn_mcxt);
    }
    let site = Memory::of((*flinfo).fn_mcxt).keep(site).ok_or_else(no_memory)?;
    (*flinfo).fn_extra = (site as *mut Site).cast();
    Ok(site)
}

/// The function that writes values of a type as text.
pub fn output_function(base: Oid) -> Oid {
    let (mut function, mut varlena) = (Oid::INVALID, false);
    // SAFETY: a catalogue look-up on the main thread.
    unsafe { pg_sys::getTypeOutputInfo(base, &mut function, &mut varlena) };
    function
}

impl Site {
    /// Hand the bytes of a value to `take`; with [`Other::Hash`] they may be those of its hash.
    ///
    /// # Safety
    /// `datum` is a non-null value of the site's type. What is allocated on the way lives in the current memory context.
    #[inline]
    pub unsafe fn bytes<T>(&mut self, datum: Datum, other: Other, take: impl FnOnce(&[u8]) -> T) -> T {
        match self.bytes {
            // In range: the sizes of `Bytes::of` are at most 8.
            Bytes::Word(size) => take(&(datum.value() as u64).to_le_bytes()[..size]),
            Bytes::Float4 => {
                let value = f32::from_bits(datum.value() as u32);
                take(&if value.is_nan() { f32::NAN } else { value + 0.0 }.to_bits().to_le_bytes())
            }
            Bytes::Float8 => {
                let value = f64::from_bits(datum.value() as u64);
                take(&if value.is_nan() { f64::NAN } else { value + 0.0 }.to_bits().to_le_bytes())
            }
            Bytes::Text => take(Text::of(datum).bytes()),
            Bytes::Bpchar => types::category(types::Reader::Bpchar, datum, take),
            Bytes::Uuid => take(std::slice::from_raw_parts(datum.cast_mut_ptr::<u8>(), 16)),
            Bytes::Numeric => types::category(types::Reader::Exact, datum, take),
            Bytes::Other if other == Other::Hash => {
                let hash = pg_sys::FunctionCall2Coll(&mut self.function, self.collation, datum, Datum::from(0usize));
                take(&(hash.value() as u64).to_le_bytes())
            }
            Bytes::Other => {
                let text = pg_sys::OutputFunctionCall(&mut self.function, datum);
                take(std::ffi::CStr::from_ptr(text).to_bytes())
            }
        }
    }
}

/// The text of a value from the bytes that [`Other::Text`] gave, as its type writes it.
///
/// # Safety
/// `base` and `bytes` are of one [`Site`], under the collation of the same call.
pub unsafe fn text(base: Oid, collation: Oid, bytes: &[u8]) -> Result<Vec<u8>> {
    let datum = match (Bytes::of(base, collation), bytes.len()) {
        (Bytes::Word(_) | Bytes::Float4 | Bytes::Float8, len @ 1..=8) => {
            let mut word = [0; 8];
            // In range: the pattern lets 1 to 8 bytes in.
            word[..len].copy_from_slice(bytes);
            let word = u64::from_le_bytes(word);
            // As the server's macros fill a datum: signed types keep their sign.
            Datum::from(match len {
                2 => word as u16 as i16 as i64 as usize,
                4 => word as u32 as i32 as i64 as usize,
                _ => word as usize,
            })
        }
        (Bytes::Uuid, 16) => Datum::from(bytes.as_ptr() as usize),
        (Bytes::Text, _) if base == pg_sys::BYTEAOID => {
            let text: String = bytes.iter().fold("\\x".to_owned(), |all, byte| all + &format!("{byte:02x}"));
            return Ok(text.into_bytes());
        }
        _ => return Ok(bytes.to_vec()),
    };
    if pg_sys::type_is_enum(base) {
        let label = types::enum_label(datum.value() as u32);
        return label.map(String::into_bytes).ok_or_else(|| Failure::internal("an enum value has no label"));
    }
    let text = pg_sys::OidOutputFunctionCall(output_function(base), datum);
    Ok(std::ffi::CStr::from_ptr(text).to_bytes().to_vec())
}
