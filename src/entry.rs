//! C functions of the server's own calling convention.

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{Datum, FunctionCallInfo};
use pgrx::FromDatum;

use crate::error::{report, Result};

/// Argument `i` of a call; `None` where it is NULL or there is none.
///
/// # Safety
/// `fcinfo` is the running call's.
#[inline]
pub unsafe fn argument(fcinfo: FunctionCallInfo, i: usize) -> Option<Datum> {
    let args = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
    args.get(i).filter(|arg| !arg.isnull).map(|arg| arg.value)
}

/// The same as a value of Rust.
///
/// # Safety
/// `fcinfo` is the running call's; the argument is of the SQL type of `T`. Runs under a guard.
pub unsafe fn value<T: FromDatum>(fcinfo: FunctionCallInfo, i: usize) -> Option<T> {
    argument(fcinfo, i).and_then(|datum| T::from_datum(datum, false))
}

/// Run the body of a function that returns a set, which it fills; its failure becomes an ERROR.
///
/// # Safety
/// Called by the server through an [`entry!`](crate::entry).
pub unsafe fn fill(body: impl FnOnce() -> Result<()>) -> Datum {
    pgrx_extern_c_guard(|| {
        report(body);
        Datum::from(0usize)
    })
}

/// The NULL of a call.
///
/// # Safety
/// `fcinfo` is the running call's.
#[inline]
pub unsafe fn null(fcinfo: FunctionCallInfo) -> Datum {
    (*fcinfo).isnull = true;
    Datum::from(0usize)
}

/// Define a C function and the record by which the server knows its convention. The body is unsafe code; it gets the call's record. A function
/// that statements of one row call, marked by `row`, lies with the others of them, so that few pages of the library are touched.
#[macro_export]
macro_rules! entry {
    (row $name:ident, $info:ident, $fcinfo:ident => $body:expr) => {
        $crate::entry!([#[cfg_attr(target_os = "linux", link_section = "orchard_row")]] $name, $info, $fcinfo => $body);
    };
    ($name:ident, $info:ident, $fcinfo:ident => $body:expr) => {
        $crate::entry!([] $name, $info, $fcinfo => $body);
    };
    ([$(#[$attribute:meta])*] $name:ident, $info:ident, $fcinfo:ident => $body:expr) => {
        #[doc(hidden)]
        #[no_mangle]
        pub extern "C" fn $info() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const V1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        /// A C function of the extension; see its COMMENT in the SQL file.
        ///
        /// # Safety
        /// Called by the server with a record of its calling convention.
        #[no_mangle]
        $(#[$attribute])*
        pub unsafe extern "C-unwind" fn $name($fcinfo: pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum {
            $body
        }
    };
}
