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

    /// The bytes of an array of some of them.
    fn size(&self, indexes: &[u32]) -> usize {
        match indexes.is_empty() {
            true => std::mem::size_of::<pg_sys::ArrayType>(),
            false => BEFORE + indexes.iter().map(|&index| self.get(index).len()).sum::<usize>(),
        }
    }

    /// Write an array of some of them.
    ///
    /// # Safety
    /// [`Texts::size`] bytes may be written, which are aligned as allocations are.
    unsafe fn write(&self, indexes: &[u32], array: *mut pg_sys::ArrayType) {
        pgrx::set_varsize_4b(array.cast(), self.size(indexes) as i32);
        (*array).ndim = i32::from(!indexes.is_empty());
        (*array).dataoffset = 0;
        (*array).elemtype = pg_sys::TEXTOID;
        if indexes.is_empty() {
            return;
        }
        // One dimension with its lower bound, then the texts, which are aligned to 4 as both the header and each of them are multiples of it.
        let dimension = array.add(1).cast::<i32>();
        dimension.write(indexes.len() as i32);
        dimension.add(1).write(1);
        let mut to = array.cast::<u8>().add(BEFORE);
        for &index in indexes {
            let text = self.get(index);
            std::ptr::copy_nonoverlapping(text.as_ptr(), to, text.len());
            to = to.add(text.len());
        }
    }

    /// The array of some of them, in the current memory context.
    pub(super) fn array(&self, indexes: &[u32]) -> TextArray {
        // SAFETY: on the main thread; so many bytes are allocated, or an error thrown.
        unsafe {
            let array = pg_sys::palloc(self.size(indexes)).cast::<pg_sys::ArrayType>();
            self.write(indexes, array);
            TextArray(Datum::from(array))
        }
    }

    /// The array of some of them, in memory that the next one uses again.
    pub(super) fn array_in(&self, indexes: &[u32], room: &mut Vec<u64>) -> Datum {
        room.clear();
        room.resize(self.size(indexes).div_ceil(std::mem::size_of::<u64>()), 0);
        // SAFETY: the vector has so many bytes, aligned to 8.
        unsafe { self.write(indexes, room.as_mut_ptr().cast()) };
        Datum::from(room.as_mut_ptr())
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
