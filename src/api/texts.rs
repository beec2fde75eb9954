//! Arrays of texts of which many are made of few.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::IntoDatum;

/// The bytes of the length before a text.
const HEADER: usize = std::mem::size_of::<u32>();
/// The bytes before the elements of an array of one dimension.
const BEFORE: usize = std::mem::size_of::<pg_sys::ArrayType>() + 2 * std::mem::size_of::<i32>();

/// Texts as they stand in arrays.
///
/// An array of them is one allocation and a copy a text; the server's own functions make several of each.
pub(super) struct Texts {
    /// Where each text ends in `bytes`.
    ends: Vec<usize>,
    /// The texts, each with its length before it and zeros behind it to the next multiple of 4.
    bytes: Vec<u8>,
}

impl Texts {
    /// Of these texts.
    pub(super) fn new(texts: &[String]) -> Texts {
        let (mut ends, mut bytes) = (Vec::with_capacity(texts.len()), Vec::new());
        for text in texts {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; HEADER]);
            // SAFETY: a header was made room for; it may stand anywhere, as it is written as a value of its own.
            unsafe {
                let mut header = 0u32;
                pgrx::set_varsize_4b((&raw mut header).cast(), (HEADER + text.len()) as i32);
                bytes[start..].copy_from_slice(&header.to_ne_bytes());
            }
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(HEADER), 0);
            ends.push(bytes.len());
        }
        Texts { ends, bytes }
    }

    fn get(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// The array of some of them, in the current memory context.
    pub(super) fn array(&self, indexes: &[u32]) -> TextArray {
        if indexes.is_empty() {
            // SAFETY: on the main thread.
            return TextArray(Datum::from(unsafe { pg_sys::construct_empty_array(pg_sys::TEXTOID) }));
        }
        let size = BEFORE + indexes.iter().map(|&index| self.get(index).len()).sum::<usize>();
        // SAFETY: `size` bytes are allocated, or an error thrown, and these are written: the struct of an array, one dimension with its lower bound, and
        // texts that are aligned to 4 as both the header and each of them are multiples of it.
        unsafe {
            let array = pg_sys::palloc(size).cast::<pg_sys::ArrayType>();
            pgrx::set_varsize_4b(array.cast(), size as i32);
            (*array).ndim = 1;
            (*array).dataoffset = 0;
            (*array).elemtype = pg_sys::TEXTOID;
            let dimension = array.add(1).cast::<i32>();
            dimension.write(indexes.len() as i32);
            dimension.add(1).write(1);
            let mut to = array.cast::<u8>().add(BEFORE);
            for &index in indexes {
                let text = self.get(index);
                std::ptr::copy_nonoverlapping(text.as_ptr(), to, text.len());
                to = to.add(text.len());
            }
            TextArray(Datum::from(array))
        }
    }
}

/// A `text[]`.
pub(super) struct TextArray(Datum);

impl IntoDatum for TextArray {
    fn into_datum(self) -> Option<Datum> {
        Some(self.0)
    }

    fn type_oid() -> Oid {
        pg_sys::TEXTARRAYOID
    }
}

// SAFETY: the array was made for this call.
unsafe impl BoxRet for TextArray {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: as of the caller.
        unsafe { fcinfo.return_raw_datum(self.0) }
    }
}

// SAFETY: a `text[]`.
unsafe impl SqlTranslatable for TextArray {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(TextArray);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: std::result::Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("text[]"));
    const RETURN_SQL: std::result::Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("text[]")));
}
