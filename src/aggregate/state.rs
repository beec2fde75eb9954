//! What the functions of all aggregates share: finding the state, and the functions for parallel plans.

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};
use pgrx::{IntoDatum, PgSqlErrorCode};

use super::memory::Memory;
use crate::entry::{argument, null};
use crate::error::{Failure, Result};
use crate::source::types::Text;

/// The transition state of an aggregate.
pub trait State: Sized {
    /// An empty one.
    fn new(memory: Memory) -> Self;
    /// Take what another one has seen.
    fn merge(&mut self, other: &Self) -> Result<()>;
    /// It as bytes.
    fn write(&self) -> Result<Vec<u8>>;
    /// It from bytes.
    fn read(bytes: &[u8], memory: Memory) -> Result<Self>;
}

/// Run the body of an aggregate's function; `None` is NULL.
///
/// # Safety
/// `fcinfo` is the running call's.
pub unsafe fn call(fcinfo: FunctionCallInfo, body: impl FnOnce() -> Result<Option<Datum>>) -> Datum {
    pgrx_extern_c_guard(|| match body() {
        Ok(Some(datum)) => datum,
        Ok(None) => null(fcinfo),
        Err(failure) => failure.raise(),
    })
}

/// The state that an argument holds.
///
/// # Safety
/// `fcinfo` is the running call's; the argument is an internal one, which only the executor makes, from what [`of`], [`combine`] or
/// [`deserialize`] returned for the same aggregate.
pub unsafe fn given<'a, S: State>(fcinfo: FunctionCallInfo, i: usize) -> Option<&'a mut S> {
    argument(fcinfo, i).map(|state| &mut *state.cast_mut_ptr::<S>())
}

/// The state of the group, made when it has none.
///
/// # Safety
/// As for [`given`].
pub unsafe fn of<'a, S: State>(fcinfo: FunctionCallInfo) -> Result<&'a mut S> {
    match given(fcinfo, 0) {
        Some(state) => Ok(state),
        None => {
            let mut context = std::ptr::null_mut();
            if pg_sys::AggCheckCallContext(fcinfo, &mut context) == 0 {
                return Err(Failure::internal("the function of an aggregate was called outside of one"));
            }
            let memory = Memory::of(context);
            memory.keep(S::new(memory)).ok_or_else(no_memory)
        }
    }
}

/// A state as the executor hands it on.
pub fn datum<S>(state: &mut S) -> Datum {
    Datum::from(state as *mut S)
}

/// The failure of a full memory.
pub fn no_memory() -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, "out of memory")
}

/// The failure of bytes that are no state.
pub fn damaged() -> Failure {
    Failure::internal("the bytes are not the state of an aggregate")
}

/// The combine function.
///
/// # Safety
/// As for [`given`].
pub unsafe fn combine<S: State>(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(other) = given::<S>(fcinfo, 1) else {
        return Ok(given::<S>(fcinfo, 0).map(datum));
    };
    let state = of::<S>(fcinfo)?;
    state.merge(other)?;
    Ok(Some(datum(state)))
}

/// The serialization function.
///
/// # Safety
/// As for [`given`].
pub unsafe fn serialize<S: State>(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(state) = given::<S>(fcinfo, 0) else { return Ok(None) };
    Ok(state.write()?.into_datum())
}

/// The deserialization function.
///
/// # Safety
/// As for [`given`]; the first argument is a bytea.
pub unsafe fn deserialize<S: State>(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(bytes) = argument(fcinfo, 0) else { return Ok(None) };
    let memory = Memory::of(pg_sys::CurrentMemoryContext);
    let state = S::read(Text::of(bytes).bytes(), memory)?;
    Ok(Some(datum(memory.keep(state).ok_or_else(no_memory)?)))
}
