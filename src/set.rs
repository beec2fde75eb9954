//! The rows of a function that returns a set.

use pgrx::pg_sys::{self, Datum, FunctionCallInfo};

use crate::error::{Failure, Result};

/// The set of a running call, which grows row by row and goes to disk where it is large.
#[derive(Clone, Copy)]
pub struct Set {
    store: *mut pg_sys::Tuplestorestate,
    columns: pg_sys::TupleDesc,
}

impl Set {
    /// The set that a call returns.
    ///
    /// # Safety
    /// `fcinfo` is the running call's, of a function that returns a set of rows; used until the call ends.
    pub unsafe fn new(fcinfo: FunctionCallInfo) -> Set {
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        let set = &*(*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        Set { store: set.setResult, columns: set.setDesc }
    }

    /// Add a row; `None` is NULL.
    ///
    /// # Safety
    /// The values are of the types of the set's columns. Runs under a guard.
    pub unsafe fn put<const N: usize>(&self, row: [Option<Datum>; N]) -> Result<()> {
        if (*self.columns).natts as usize != N {
            return Err(Failure::internal(format!("a set of {} columns got {N}", (*self.columns).natts)));
        }
        let mut values = row.map(|value| value.unwrap_or(Datum::from(0usize)));
        let mut nulls = row.map(|value| value.is_none());
        pg_sys::tuplestore_putvalues(self.store, self.columns, values.as_mut_ptr(), nulls.as_mut_ptr());
        Ok(())
    }
}
