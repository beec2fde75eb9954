//! A column that grows without ever being copied: growing by doubling would need three times the memory for a moment.

use bytemuck::Pod;
use memmap2::MmapMut;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::simd::prefetch;

/// So many values before it is read one is brought near.
const AHEAD: usize = 24;

/// Values in one chunk.
pub const CHUNK: usize = 1 << 15;

/// Values in chunks of [`CHUNK`]. Full chunks are pages of their own, not of the heap, so that a column that is released gives its
/// memory to the system at once, whatever was allocated after it.
#[derive(Debug)]
pub struct Chunked<T> {
    full: Vec<MmapMut>,
    /// The values after those of the full chunks.
    last: Vec<T>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { full: Vec::new(), last: Vec::new() }
    }
}

impl<T: Pod> Chunked<T> {
    /// Append a value. Memory is counted a chunk at a time.
    #[inline]
    pub fn push(&mut self, value: T, control: &Control) -> Result<()> {
        if self.last.len() == self.last.capacity() {
            self.grow(control)?;
        }
        self.last.push(value);
        Ok(())
    }

    #[cold]
    fn grow(&mut self, control: &Control) -> Result<()> {
        if self.last.capacity() == 0 {
            self.last = control.vec(CHUNK)?;
            return Ok(());
        }
        let bytes: &[u8] = bytemuck::cast_slice(&self.last);
        control.reserve(bytes.len())?;
        let refused = || Error::OutOfMemory { needed: bytes.len(), limit: usize::MAX };
        let mut chunk = MmapMut::map_anon(bytes.len()).map_err(|_| refused())?;
        self.full.try_reserve(1).map_err(|_| refused())?;
        chunk.copy_from_slice(bytes);
        self.full.push(chunk);
        self.last.clear();
        Ok(())
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.last.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A chunk.
    #[inline]
    pub(super) fn chunk(&self, index: usize) -> &[T] {
        self.full.get(index).map_or(&self.last, |c| bytemuck::cast_slice(c))
    }

    /// A chunk, whose values may be others.
    pub(super) fn chunk_mut(&mut self, index: usize) -> &mut [T] {
        match self.full.get_mut(index) {
            Some(chunk) => bytemuck::cast_slice_mut(chunk),
            None => &mut self.last,
        }
    }

    /// The value at `index`, which must be below [`Chunked::len`].
    #[inline]
    pub fn get(&self, index: usize) -> T {
        self.chunk(index / CHUNK)[index % CHUNK]
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
        let chunks: Vec<&[T]> = (0..=self.full.len()).map(|c| self.chunk(c)).collect();
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
        (0..=self.full.len()).flat_map(|c| self.chunk(c).iter().copied())
    }

    /// Bytes that are allocated.
    pub fn bytes(&self) -> usize {
        (self.full.len() * CHUNK + self.last.capacity()) * std::mem::size_of::<T>()
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
