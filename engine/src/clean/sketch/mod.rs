//! Sketches: summaries of a stream of values in bounded memory, which can be merged and written to bytes.
//!
//! * [`Distinct`]: how many different values; exact while they are few, HyperLogLog beyond. Its answer is a function of the set of
//!   values alone: neither order nor a split over workers matters.
//! * [`Quantiles`]: exact while the values are few; a rank error below 1 % beyond, guaranteed, not only probable. Beyond, the answer
//!   may move within that error with the order of the values.
//! * [`Top`]: the most frequent values with their counts; exact while all different values fit, bounds beyond.
//! * [`Sample`]: different values drawn by their hash, each with its exact count: what a column looks like when its values are too many
//!   to be kept. A function of the rows alone, as [`Distinct`].
//!
//! There is no chance in any of them. They take their memory from the allocator they are given, so that the state of an aggregate lies
//! in the memory of its group, is seen by what limits that, and goes with it; nothing is allocated but by `try_reserve`.

mod distinct;
mod quantiles;
mod ranks;
mod sample;
mod top;

pub use distinct::Distinct;
pub use quantiles::Quantiles;
pub use ranks::Ranks;
pub use sample::{Sample, Sampled};
pub use top::{Top, TopValue};

pub use allocator_api2::alloc::{AllocError, Allocator};
use allocator_api2::vec::Vec;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};

/// Bytes that are kept of a value. Longer values are told apart by their hash and length.
pub const LONGEST: usize = 1000;

/// The hash by which sketches know a value.
#[inline]
pub fn hash(value: &[u8]) -> u64 {
    xxh3_64(value)
}

/// The bytes that are kept of a value.
#[inline]
fn start_of(value: &[u8]) -> &[u8] {
    value.get(..LONGEST).unwrap_or(value)
}

/// Make room for `more` values, without more than that.
fn room<T, A: Allocator>(values: &mut Vec<T, A>, more: usize) -> Result<()> {
    values.try_reserve_exact(more).map_err(|_| no_memory(more.saturating_mul(std::mem::size_of::<T>())))
}

/// `len` times `value`.
fn filled<T: Copy, A: Allocator>(len: usize, value: T, allocator: A) -> Result<Vec<T, A>> {
    let mut values = Vec::new_in(allocator);
    room(&mut values, len)?;
    values.resize(len, value);
    Ok(values)
}

/// A copy in an allocator.
fn copied<T: Copy, A: Allocator>(from: &[T], allocator: A) -> Result<Vec<T, A>> {
    let mut values = Vec::new_in(allocator);
    room(&mut values, from.len())?;
    values.extend_from_slice(from);
    Ok(values)
}

#[cold]
fn no_memory(needed: usize) -> Error {
    Error::OutOfMemory { needed, limit: usize::MAX }
}

#[cold]
fn damaged() -> Error {
    Error::data("the bytes are not the state of a sketch", "")
}

/// Bytes to be written; what cannot be allocated is an error.
struct Writer(std::vec::Vec<u8>);

impl Writer {
    fn new(tag: u8, size: usize) -> Result<Writer> {
        let mut bytes = std::vec::Vec::new();
        bytes.try_reserve(size + 16).map_err(|_| no_memory(size))?;
        bytes.push(tag);
        Ok(Writer(bytes))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.try_reserve(bytes.len()).map_err(|_| no_memory(bytes.len()))?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn word(&mut self, word: u64) -> Result<()> {
        self.bytes(&word.to_le_bytes())
    }

    fn half(&mut self, half: u32) -> Result<()> {
        self.bytes(&half.to_le_bytes())
    }
}

/// Bytes to be read; they may be anything.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(tag: u8, bytes: &'a [u8]) -> Result<Reader<'a>> {
        match bytes.split_first() {
            Some((first, rest)) if *first == tag => Ok(Reader(rest)),
            _ => Err(damaged()),
        }
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn word(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes(8)?.try_into().map_err(|_| damaged())?))
    }

    fn half(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes(4)?.try_into().map_err(|_| damaged())?))
    }

    /// The next `count` words.
    fn words(&mut self, count: usize) -> Result<impl Iterator<Item = u64> + 'a> {
        let bytes = self.bytes(count.checked_mul(8).ok_or_else(damaged)?)?;
        Ok(bytes.chunks_exact(8).map(|word| word.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))))
    }

    fn end(self) -> Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(damaged()),
        }
    }
}
