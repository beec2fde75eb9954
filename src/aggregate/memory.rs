//! Memory of a memory context as an allocator.

use std::alloc::Layout;
use std::ffi::c_void;
use std::ptr::NonNull;

use orchard_engine::clean::sketch::{AllocError, Allocator};
use pgrx::pg_sys;

extern "C-unwind" {
    /// The server's, without pgrx's guard: with the flags below it answers null instead of raising an error.
    fn MemoryContextAllocExtended(context: pg_sys::MemoryContext, size: usize, flags: i32) -> *mut c_void;
    /// The server's, without pgrx's guard: raises nothing for memory that was allocated.
    fn pfree(pointer: *mut c_void);
}

/// What the server aligns memory to.
const ALIGNED: usize = 8;

/// A memory context.
#[derive(Debug, Clone, Copy)]
pub struct Memory(pg_sys::MemoryContext);

impl Memory {
    /// The memory of a context.
    ///
    /// # Safety
    /// The context must outlive all that is allocated by this, which stays on the main thread.
    pub unsafe fn of(context: pg_sys::MemoryContext) -> Memory {
        Memory(context)
    }

    /// Put a value there for as long as the context lives; it is not dropped. `None` without memory.
    pub fn keep<'a, T>(self, value: T) -> Option<&'a mut T> {
        let place = self.allocate(Layout::new::<T>()).ok()?.cast::<T>();
        // SAFETY: just allocated for a T; nothing else points there.
        unsafe {
            place.write(value);
            Some(&mut *place.as_ptr())
        }
    }
}

// SAFETY: memory stays where it is until it is freed or its context goes, which outlives it by the promise of `of`; copies of the
// allocator are the same context.
unsafe impl Allocator for Memory {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.align() > ALIGNED {
            return Err(AllocError);
        }
        let flags = (pg_sys::MCXT_ALLOC_HUGE | pg_sys::MCXT_ALLOC_NO_OOM) as i32;
        // SAFETY: a live context; a layout's size is below the server's limit for huge chunks, so nothing is raised.
        let start = unsafe { MemoryContextAllocExtended(self.0, layout.size().max(1), flags) };
        let start = NonNull::new(start.cast::<u8>()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(start, layout.size()))
    }

    // SAFETY: as the trait says.
    unsafe fn deallocate(&self, start: NonNull<u8>, _: Layout) {
        // SAFETY: by the caller's promise it is what `allocate` returned, and not freed yet.
        pfree(start.as_ptr().cast());
    }
}
