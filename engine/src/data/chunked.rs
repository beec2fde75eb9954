//! A column that grows without ever being copied: growing by doubling would need three times the memory for a moment.

use crate::control::Control;
use crate::error::{Error, Result};

/// Values in one chunk.
pub const CHUNK: usize = 1 << 15;

/// Values in chunks of [`CHUNK`].
#[derive(Debug)]
pub struct Chunked<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Chunked<T> {
    /// Append a value. Memory is counted a chunk at a time.
    #[inline]
    pub fn push(&mut self, value: T, control: &Control) -> Result<()> {
        if self.len.is_multiple_of(CHUNK) {
            self.grow(control)?;
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(value);
        }
        self.len += 1;
        Ok(())
    }

    #[cold]
    fn grow(&mut self, control: &Control) -> Result<()> {
        if self.chunks.len() == self.chunks.capacity() && self.chunks.try_reserve(64).is_err() {
            return Err(Error::OutOfMemory { needed: usize::MAX, limit: usize::MAX });
        }
        self.chunks.push(control.vec(CHUNK)?);
        Ok(())
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value at `index`, which must be below [`Chunked::len`].
    #[inline]
    pub fn get(&self, index: usize) -> T {
        self.chunks[index / CHUNK][index % CHUNK]
    }

    /// All values in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = T> + Clone + '_ {
        self.chunks.iter().flat_map(|c| c.iter().copied())
    }

    /// The chunks.
    pub fn chunks_mut(&mut self) -> impl Iterator<Item = &mut [T]> + '_ {
        self.chunks.iter_mut().map(|c| c.as_mut_slice())
    }

    /// Bytes that are allocated.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|c| c.capacity() * std::mem::size_of::<T>()).sum()
    }

    /// Drop the values and give their memory back to the budget.
    pub fn release(&mut self, control: &Control) {
        control.release(self.bytes());
        self.chunks = Vec::new();
        self.len = 0;
    }
}
