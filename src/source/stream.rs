//! Rows of a source handed on as they come, without a table: for what needs one pass and little memory.
//!
//! The danger is that of [`super::receiver`]: a function of the server may longjmp out of a row. What is owned lives outside, and the guard around a
//! row is for panics only.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::pgrx_extern_c_guard;

use super::types::raw;
use super::{c_text, in_read_only_subtransaction, one_query, receiver, resolve, run, with_spi, Attribute};
use crate::error::{Failure, Result};

/// Takes the rows of a source.
pub trait Sink {
    /// The columns are known.
    fn start(&mut self, columns: Vec<Attribute>) -> Result<()>;

    /// Take a row, all its columns being there.
    ///
    /// # Safety
    /// `values` and `nulls` have an entry a column. No value with a destructor may be alive while a function of the server runs.
    unsafe fn row(&mut self, values: *const pg_sys::Datum, nulls: *const bool) -> Result<()>;
}

/// Takes rows from the executor. The C part must come first: the server knows only that.
#[repr(C)]
struct Receiver<'a, S> {
    dest: pg_sys::DestReceiver,
    sink: &'a mut S,
    /// What a row allocates; emptied after each.
    scratch: pg_sys::MemoryContext,
    columns: i32,
    failure: Option<Failure>,
}

/// Run a source as [`super::read`] does, and hand its rows to a sink.
pub fn stream<S: Sink>(source: &str, sink: &mut S) -> Result<()> {
    let text = c_text(&resolve::query(source)?)?;
    // SAFETY: a context below the caller's, which outlives the call.
    let scratch = unsafe {
        pg_sys::AllocSetContextCreateInternal(
            pg_sys::CurrentMemoryContext,
            c"orchard row".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        )
    };
    let mut receiver = Receiver {
        dest: pg_sys::DestReceiver {
            receiveSlot: Some(receive::<S>),
            rStartup: Some(start::<S>),
            rShutdown: Some(shut_down),
            rDestroy: Some(shut_down),
            mydest: pg_sys::CommandDest::DestNone,
        },
        sink,
        scratch,
        columns: 0,
        failure: None,
    };
    let dest = (&raw mut receiver).cast();
    // SAFETY: SPI on the main thread inside a subtransaction; text and receiver outlive the calls.
    in_read_only_subtransaction(|| with_spi(|| unsafe { run(one_query(&text, 0)?, dest) }))?;
    // SAFETY: made above, and nothing of it is used any more.
    unsafe { pg_sys::MemoryContextDelete(scratch) };
    receiver.failure.map_or(Ok(()), Err)
}

/// # Safety
/// Called by the executor with the receiver it was given, while that and its sink are alive.
unsafe extern "C-unwind" fn start<S: Sink>(dest: *mut pg_sys::DestReceiver, _: i32, typeinfo: pg_sys::TupleDesc) {
    // SAFETY: the server calls back with the receiver it was given, on the main thread; the guard turns a panic into an ERROR.
    unsafe {
        pgrx_extern_c_guard(|| {
            let receiver = &mut *dest.cast::<Receiver<'_, S>>();
            receiver.columns = (*typeinfo).natts;
            if let Err(failure) = receiver::attributes(typeinfo).and_then(|columns| receiver.sink.start(columns)) {
                failure.raise();
            }
        })
    }
}

/// # Safety
/// As for [`start`]; `slot` is a live slot of the executor.
unsafe extern "C-unwind" fn receive<S: Sink>(
    slot: *mut pg_sys::TupleTableSlot,
    dest: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: as in `start`; the slot is a live one of the executor.
    unsafe {
        pgrx_extern_c_guard(|| {
            let receiver = &mut *dest.cast::<Receiver<'_, S>>();
            if i32::from((*slot).tts_nvalid) < receiver.columns {
                raw::slot_getsomeattrs_int(slot, receiver.columns);
            }
            let context = pg_sys::CurrentMemoryContext;
            pg_sys::CurrentMemoryContext = receiver.scratch;
            let taken = receiver.sink.row((*slot).tts_values, (*slot).tts_isnull);
            pg_sys::CurrentMemoryContext = context;
            raw::MemoryContextReset(receiver.scratch);
            match taken {
                Ok(()) => true,
                Err(failure) => {
                    receiver.failure = Some(failure);
                    false
                }
            }
        })
    }
}

extern "C-unwind" fn shut_down(_: *mut pg_sys::DestReceiver) {}
