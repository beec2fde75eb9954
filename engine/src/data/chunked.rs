//! A column that grows without ever being copied: growing by doubling would need three times the memory for a moment.

use std::marker::PhantomData;

use bytemuck::Pod;
use memmap2::{MmapMut, MmapOptions};

use crate::control::Control;
use crate::error::{Error, Result};
use crate::simd::prefetch;

/// So many values before it is read one is brought near.
const AHEAD: usize = 24;

/// Values in one chunk.
pub const CHUNK: usize = 1 << 15;

/// Values in chunks of [`CHUNK`]. Chunks are pages of their own, not of the heap, so that a column that is released gives its memory to the
/// system at once, whatever was allocated after it.
#[derive(Debug)]
pub struct Chunked<T> {
    chunks: Vec<MmapMut>,
    /// The number of values; all chunks but the last are full.
    len: usize,
    kind: PhantomData<T>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { chunks: Vec::new(), len: 0, kind: PhantomData }
    }
}

impl<T: Pod> Chunked<T> {
    /// Append a value. Memory is counted a chunk at a time.
    #[inline]
    pub fn push(&mut self, value: T, control: &Control) -> Result<()> {
        let (chunk, place) = (self.len / CHUNK, self.len % CHUNK);
        if chunk == self.chunks.len() {
            self.grow(control)?;
        }
        let values: &mut [T] = bytemuck::cast_slice_mut(&mut self.chunks[chunk]);
        values[place] = value;
        self.len += 1;
        Ok(())
    }

    #[cold]
    fn grow(&mut self, control: &Control) -> Result<()> {
        let bytes = CHUNK * std::mem::size_of::<T>();
        control.reserve(bytes)?;
        let refused = || {
            control.release(bytes);
            Error::OutOfMemory { needed: bytes, limit: usize::MAX }
        };
        self.chunks.try_reserve(1).map_err(|_| refused())?;
        let mut pages = MmapOptions::new();
        pages.len(bytes);
        // Of a column that has come so far all pages will be written to; one by one they cost more.
        if !self.chunks.is_empty() {
            pages.populate();
        }
        self.chunks.push(pages.map_anon().map_err(|_| refused())?);
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

    /// The values of a chunk.
    #[inline]
    pub(super) fn chunk(&self, index: usize) -> &[T] {
        let values: &[T] = bytemuck::cast_slice(&self.chunks[index]);
        &values[..(self.len - index * CHUNK).min(CHUNK)]
    }

    /// The same, which may be changed.
    pub(super) fn chunk_mut(&mut self, index: usize) -> &mut [T] {
        let values: &mut [T] = bytemuck::cast_slice_mut(&mut self.chunks[index]);
        &mut values[..(self.len - index * CHUNK).min(CHUNK)]
    }

    /// The value at `index`, which must be below [`Chunked::len`].
    #[inline]
    pub fn get(&self, index: usize) -> T {
        let values: &[T] = bytemuck::cast_slice(&self.chunks[index / CHUNK]);
        values[index % CHUNK]
    }

    /// Write what `of` makes of the values at some indexes, each below [`Chunked::len`], one after the other. They may lie far apart, so those that come next
    /// are brought near meanwhile.
    #[inline]
    pub fn gather<U>(&self, indexes: &[u32], out: &mut [U], of: impl Fn(T) -> U) {
        let first = indexes.first().copied().unwrap_or(0);
        if indexes.iter().zip(first..).all(|(index, next)| *index == next) {
            let count = indexes.len().min(out.len());
            return self.read(first as usize, &mut out[..count], of);
        }
        let chunks: Vec<&[T]> = (0..self.chunks.len()).map(|c| self.chunk(c)).collect();
        for (i, (to, &index)) in out.iter_mut().zip(indexes).enumerate() {
            if let Some(&next) = indexes.get(i + AHEAD) {
                prefetch(&chunks[next as usize / CHUNK][next as usize % CHUNK]);
            }
            *to = of(chunks[index as usize / CHUNK][index as usize % CHUNK]);
        }
    }

    /// Write what `of` makes of the values from `first` on, as many as there is room for; all below [`Chunked::len`].
    #[inline]
    pub fn read<U>(&self, mut first: usize, mut out: &mut [U], of: impl Fn(T) -> U) {
        while !out.is_empty() {
            let values = &self.chunk(first / CHUNK)[first % CHUNK..];
            let (own, rest) = out.split_at_mut(values.len().min(out.len()));
            own.iter_mut().zip(values).for_each(|(to, value)| *to = of(*value));
            first += own.len();
            out = rest;
        }
    }

    /// All values in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = T> + Clone + '_ {
        (0..self.chunks.len()).flat_map(|c| self.chunk(c).iter().copied())
    }

    /// Bytes that are allocated.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * std::mem::size_of::<T>()
    }

    /// Drop the values and give their memory back to the budget.
    pub fn release(&mut self, control: &Control) {
        control.release(self.bytes());
        *self = Chunked::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_memory_is_counted() {
        let control = Control::default();
        let n = 3 * CHUNK as u32 + 7;
        let mut c = Chunked::default();
        (0..n).for_each(|i| c.push(i, &control).unwrap());
        assert_eq!(c.len(), n as usize);
        assert!(c.iter().eq(0..n));
        assert!((0..n).step_by(1000).all(|i| c.get(i as usize) == i));
        assert_eq!(control.used(), 4 * CHUNK * 4);
        c.release(&control);
        assert!(c.is_empty() && control.used() == 0);
        let small = Control::new(2 * CHUNK * 8);
        let mut c = Chunked::default();
        let refused = (0..n).find_map(|i| c.push(f64::from(i), &small).err());
        assert!(matches!(refused, Some(Error::OutOfMemory { .. })));
        assert_eq!(c.len(), 2 * CHUNK);
    }
}
