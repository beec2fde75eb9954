//! Whether a function is that of a model, by its body and the types of its arguments. The views of models ask of the catalogue rows that they
//! have read already: looking each function up again would cost more than all the rest of a list of a thousand models.

use std::ffi::CStr;

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::varlena::varlena_to_byte_slice;

use super::relations::{current_user, Id};
use crate::entry::{self, argument, null};

/// How a node tree writes the sixteen bytes of an id. The views do this for every model, so nothing is formatted.
fn id_pattern(id: &Id) -> Vec<u8> {
    let mut text = Vec::with_capacity(2 + 5 * id.len());
    text.push(b'[');
    for &byte in id {
        let signed = byte as i8;
        text.extend_from_slice(if signed < 0 { b" -" } else { b" " });
        let digits = signed.unsigned_abs();
        for (least, place) in [(100, 100), (10, 10), (0, 1)] {
            if digits >= least {
                text.push(b'0' + digits / place % 10);
            }
        }
    }
    text.extend_from_slice(b" ]");
    text
}

/// The first place of a byte. The library looks for it in many bytes at once where it is asked only whether it is there.
fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    const PART: usize = 64;
    let (part, bytes) = bytes.chunks(PART).enumerate().find(|(_, part)| part.contains(&wanted))?;
    bytes.iter().position(|byte| *byte == wanted).map(|at| part * PART + at)
}

/// Whether the body of a function holds the id: as its bytes in a SQL-standard body, as text in a quoted one.
fn body_holds(body: &[u8], id: &Id) -> bool {
    let is_tree = body.first() == Some(&b'{') || body.first() == Some(&b'(');
    let pattern = if is_tree { id_pattern(id) } else { super::id_text(id).into_bytes() };
    let Some(first) = pattern.first() else { return false };
    let mut rest = body;
    while let Some(at) = find(rest, *first) {
        if rest[at..].starts_with(&pattern) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// Whether a function's body holds the id.
///
/// # Safety
/// `tuple` is a live tuple of pg_proc.
pub unsafe fn holds_id(tuple: pg_sys::HeapTuple, id: &Id) -> bool {
    let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
    let mut null = false;
    let mut body = pg_sys::SysCacheGetAttr(cache, tuple, pg_sys::Anum_pg_proc_prosqlbody as i16, &mut null);
    if null {
        body = pg_sys::SysCacheGetAttr(cache, tuple, pg_sys::Anum_pg_proc_prosrc as i16, &mut null);
    }
    if null {
        return false;
    }
    let text = pg_sys::text_to_cstring(body.cast_mut_ptr());
    let found = body_holds(CStr::from_ptr(text).to_bytes(), id);
    pg_sys::pfree(text.cast());
    found
}

/// The elements of an array of oids, whatever its lower bound; `None` where it holds a NULL or has several dimensions, as no model's has.
///
/// # Safety
/// `datum` is an array of a type that has the size of an oid.
pub(super) unsafe fn oids<'a>(datum: Datum) -> Option<&'a [Oid]> {
    let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
    match (*array).ndim {
        0 => Some(&[]),
        1 if (*array).dataoffset == 0 => {
            // The length and the lower bound lie between the header and the elements.
            let length = *array.add(1).cast::<i32>();
            Some(std::slice::from_raw_parts(array.add(1).cast::<Oid>().add(2), usize::try_from(length).unwrap_or(0)))
        }
        _ => None,
    }
}

crate::entry!(is_function_of, pg_finfo_is_function_of, fcinfo => pgrx_extern_c_guard(|| {
    let given = [argument(fcinfo, 0), argument(fcinfo, 1), argument(fcinfo, 2), argument(fcinfo, 3)];
    let [Some(types), Some(id), Some(arguments), Some(body)] = given else { return null(fcinfo) };
    let body = pg_sys::pg_detoast_datum_packed(body.cast_mut_ptr());
    let same = oids(types).is_some_and(|types| oids(arguments) == Some(types));
    let holds = same && body_holds(varlena_to_byte_slice(body), &*id.cast_mut_ptr::<Id>());
    Datum::from(holds)
}));

crate::entry!(may_execute, pg_finfo_may_execute, fcinfo => pgrx_extern_c_guard(|| {
    let Some(owner) = entry::value::<Oid>(fcinfo, 0) else { return null(fcinfo) };
    Datum::from(crate::compat::may_execute_by(owner, argument(fcinfo, 1), current_user()))
}));
