//! What the views of models ask of each function, of the catalogue rows that they have read already: looking a function up again would
//! cost more than all the rest of a list of a thousand models.

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::varlena::varlena_to_byte_slice;

use super::relations::{body_holds, current_user, Id};
use crate::entry::{self, argument, null};

/// The elements of an array of oids, whatever its lower bound; `None` where it holds a NULL or has several dimensions, as no model's has.
///
/// # Safety
/// `datum` is an array of a type that has the size of an oid.
unsafe fn oids<'a>(datum: Datum) -> Option<&'a [Oid]> {
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
