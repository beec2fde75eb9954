//! The most frequent values.
//!
//! Counts are exact while the different values fit. When they no longer do, the smaller half of the counts is taken off from all (Misra and
//! Gries 1982, mergeable after <https://doi.org/10.1145/2500128>), and what was taken off bounds the error of every count.

use allocator_api2::alloc::{Allocator, Global};
use allocator_api2::vec::Vec;

use super::{damaged, filled, no_memory, room, start_of, Reader, Writer, LONGEST};
use crate::error::Result;

const TAG: u8 = 0x7A;
/// An empty place of the index.
const NONE: u32 = u32::MAX;

/// One value that is kept.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    rows: u64,
    start: u32,
    /// The bytes that are kept.
    kept: u32,
    /// The bytes the value has; of a longer one than [`LONGEST`] only the first are kept.
    len: u64,
}

/// A value with its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopValue<'a> {
    /// Its bytes, at most the first [`LONGEST`].
    pub value: &'a [u8],
    /// Its hash.
    pub hash: u64,
    /// Whether there were more bytes.
    pub cut: bool,
    /// The rows that have it; at least these where not all values fitted, and at most [`Top::missed`] more.
    pub rows: u64,
}

/// Values with their counts.
#[derive(Debug)]
pub struct Top<A: Allocator + Copy = Global> {
    allocator: A,
    most_values: u32,
    most_bytes: u32,
    entries: Vec<Entry, A>,
    /// Open addressing: places of entries.
    index: Vec<u32, A>,
    bytes: Vec<u8, A>,
    missed: u64,
}

impl Top<Global> {
    /// Room for a number of values and of their bytes in the ordinary memory.
    pub fn new(most_values: usize, most_bytes: usize) -> Self {
        Top::new_in(most_values, most_bytes, Global)
    }
}

impl<A: Allocator + Copy> Top<A> {
    /// The different values that the aggregates keep.
    pub const VALUES: usize = 10_000;
    /// The bytes of values that the aggregates keep.
    pub const BYTES: usize = 1 << 20;

    /// Room for a number of values and of their bytes in the memory of an allocator.
    pub fn new_in(most_values: usize, most_bytes: usize, allocator: A) -> Self {
        Top {
            allocator,
            most_values: most_values.clamp(2, 1 << 24) as u32,
            most_bytes: most_bytes.clamp(4 * LONGEST, 1 << 30) as u32,
            entries: Vec::new_in(allocator),
            index: Vec::new_in(allocator),
            bytes: Vec::new_in(allocator),
            missed: 0,
        }
    }

    /// Rows that a count may be too low by; 0 while counts are exact.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether every value is there with its exact count.
    pub fn is_exact(&self) -> bool {
        self.missed == 0
    }

    /// The number of values that are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no value is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Count a value by its bytes and their hash; whether it was not there yet.
    #[inline]
    pub fn insert(&mut self, value: &[u8], hash: u64) -> Result<bool> {
        if self.count(value, hash) {
            return Ok(false);
        }
        self.insert_new(value, hash)?;
        Ok(true)
    }

    /// Count a value that is not there.
    #[inline]
    pub fn insert_new(&mut self, value: &[u8], hash: u64) -> Result<()> {
        self.add(value, value.len() as u64, hash, 1)
    }

    /// Count a value that is there already; whether it is.
    #[inline]
    pub fn count(&mut self, value: &[u8], hash: u64) -> bool {
        let found = self.find(value, value.len() as u64, hash);
        match found.and_then(|at| self.entries.get_mut(at)) {
            Some(entry) => {
                entry.rows = entry.rows.saturating_add(1);
                true
            }
            None => false,
        }
    }

    /// Whether a value is kept.
    pub fn has(&self, value: &[u8], hash: u64) -> bool {
        self.find(value, value.len() as u64, hash).is_some()
    }

    /// Whether the next new value finds no room, so that counts stop being exact.
    #[inline]
    pub fn is_full(&self, value: &[u8]) -> bool {
        let bytes = self.bytes.len() + value.len().min(LONGEST);
        self.entries.len() >= self.most_values as usize || bytes > self.most_bytes as usize
    }

    #[inline]
    fn find(&self, value: &[u8], len: u64, hash: u64) -> Option<usize> {
        let mask = self.index.len().wrapping_sub(1);
        let kept = start_of(value);
        let mut at = hash as usize & mask;
        while let Some(&place) = self.index.get(at) {
            if place == NONE {
                return None;
            }
            let entry = self.entries.get(place as usize)?;
            if entry.hash == hash && entry.len == len && self.value(entry) == kept {
                return Some(place as usize);
            }
            at = (at + 1) & mask;
        }
        None
    }

    #[inline]
    fn value(&self, entry: &Entry) -> &[u8] {
        self.bytes.get(entry.start as usize..entry.start as usize + entry.kept as usize).unwrap_or_default()
    }

    /// Keep a value that is not there.
    fn add(&mut self, value: &[u8], len: u64, hash: u64, rows: u64) -> Result<()> {
        let kept = start_of(value);
        if self.is_full(kept) {
            self.shrink()?;
        }
        if self.entries.len() * 2 >= self.index.len() {
            self.rebuild_index((self.index.len() * 2).max(16))?;
        }
        let grow = |len: usize, most: u32| len.max(16).min((most as usize).saturating_sub(len)).max(1);
        if self.entries.len() == self.entries.capacity() {
            let more = grow(self.entries.len(), self.most_values);
            room(&mut self.entries, more)?;
        }
        if self.bytes.capacity() - self.bytes.len() < kept.len() {
            let more = grow(self.bytes.len(), self.most_bytes).max(kept.len());
            room(&mut self.bytes, more)?;
        }
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(kept);
        link(&mut self.index, hash, self.entries.len() as u32);
        self.entries.push(Entry { hash, rows, start, kept: kept.len() as u32, len });
        Ok(())
    }

    /// Take the median count off from all values, and leave out those without any left, until half of the room is free.
    fn shrink(&mut self) -> Result<()> {
        loop {
            let mut counts: std::vec::Vec<u64> = std::vec::Vec::new();
            counts.try_reserve_exact(self.entries.len()).map_err(|_| no_memory(self.entries.len() * 8))?;
            counts.extend(self.entries.iter().map(|entry| entry.rows));
            let middle = counts.len() / 2;
            if counts.is_empty() {
                return Ok(());
            }
            let off = *counts.select_nth_unstable(middle).1;
            self.missed = self.missed.saturating_add(off);
            let (mut end, bytes) = (0usize, &mut self.bytes);
            self.entries.retain_mut(|entry| {
                entry.rows = entry.rows.saturating_sub(off);
                if entry.rows == 0 {
                    return false;
                }
                // Entries are in the order of their bytes, so that these move down over what is gone.
                let from = entry.start as usize..entry.start as usize + entry.kept as usize;
                if from.end <= bytes.len() {
                    bytes.copy_within(from, end);
                }
                entry.start = end as u32;
                end += entry.kept as usize;
                true
            });
            self.bytes.truncate(end);
            if self.bytes.len() <= self.most_bytes as usize / 2 {
                break;
            }
        }
        self.rebuild_index(self.index.len())
    }

    fn rebuild_index(&mut self, size: usize) -> Result<()> {
        if size == self.index.len() {
            self.index.fill(NONE);
        } else {
            self.index = filled(size, NONE, self.allocator)?;
        }
        for (place, entry) in self.entries.iter().enumerate() {
            link(&mut self.index, entry.hash, place as u32);
        }
        Ok(())
    }

    /// Take the values of another one. The counts are exact if those of both are and all values fit.
    pub fn merge<B: Allocator + Copy>(&mut self, other: &Top<B>) -> Result<()> {
        self.missed = self.missed.checked_add(other.missed).ok_or_else(damaged)?;
        for entry in &other.entries {
            let value = other.value(entry);
            match self.find(value, entry.len, entry.hash) {
                Some(at) => {
                    if let Some(mine) = self.entries.get_mut(at) {
                        mine.rows = mine.rows.saturating_add(entry.rows);
                    }
                }
                None => self.add(value, entry.len, entry.hash, entry.rows)?,
            }
        }
        Ok(())
    }

    /// All values that are kept, in no order that means anything.
    pub fn values(&self) -> impl Iterator<Item = TopValue<'_>> + '_ {
        self.entries.iter().map(|entry| self.seen(entry))
    }

    fn seen(&self, entry: &Entry) -> TopValue<'_> {
        TopValue {
            value: self.value(entry),
            hash: entry.hash,
            cut: u64::from(entry.kept) < entry.len,
            rows: entry.rows,
        }
    }

    /// The `k` most frequent values, equally frequent ones in the order of their bytes.
    pub fn top(&self, k: usize) -> Result<std::vec::Vec<TopValue<'_>>> {
        let mut all = std::vec::Vec::new();
        all.try_reserve_exact(self.entries.len()).map_err(|_| no_memory(self.entries.len() * 40))?;
        all.extend(self.values());
        let order = |a: &TopValue<'_>, b: &TopValue<'_>| {
            b.rows.cmp(&a.rows).then_with(|| a.value.cmp(b.value)).then(a.hash.cmp(&b.hash))
        };
        if k < all.len() {
            all.select_nth_unstable_by(k, order);
            all.truncate(k);
        }
        all.sort_unstable_by(order);
        Ok(all)
    }

    /// The state as bytes.
    pub fn write(&self) -> Result<std::vec::Vec<u8>> {
        let mut out = Writer::new(TAG, self.entries.len() * 28 + self.bytes.len() + 32)?;
        out.half(self.most_values)?;
        out.half(self.most_bytes)?;
        out.word(self.missed)?;
        out.half(self.entries.len() as u32)?;
        for entry in &self.entries {
            out.word(entry.hash)?;
            out.word(entry.rows)?;
            out.word(entry.len)?;
            out.bytes(self.value(entry))?;
        }
        Ok(out.0)
    }

    /// The state of [`Top::write`]; any other bytes are an error.
    pub fn read(bytes: &[u8], allocator: A) -> Result<Self> {
        let mut from = Reader::new(TAG, bytes)?;
        let (values, most_bytes) = (from.half()?, from.half()?);
        let mut top = Top::new_in(values as usize, most_bytes as usize, allocator);
        if (top.most_values, top.most_bytes) != (values, most_bytes) {
            return Err(damaged());
        }
        let missed = from.word()?;
        let count = from.half()?;
        for _ in 0..count {
            let (hash, rows, len) = (from.word()?, from.word()?, from.word()?);
            let value = from.bytes(len.min(LONGEST as u64) as usize)?;
            if rows == 0 || top.is_full(value) || top.find(value, len, hash).is_some() {
                return Err(damaged());
            }
            top.add(value, len, hash, rows)?;
        }
        from.end()?;
        top.missed = missed;
        Ok(top)
    }
}

/// Enter the place of an entry into an index that has an empty place.
#[inline]
fn link(index: &mut [u32], hash: u64, place: u32) {
    let mask = index.len().wrapping_sub(1);
    let mut at = hash as usize & mask;
    while let Some(slot) = index.get_mut(at) {
        if *slot == NONE {
            *slot = place;
            return;
        }
        at = (at + 1) & mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::sketch::hash;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn of<'a>(values: impl Iterator<Item = &'a [u8]>, most_values: usize, most_bytes: usize) -> Top {
        let mut top = Top::new(most_values, most_bytes);
        values.for_each(|v| {
            top.insert(v, hash(v)).unwrap();
        });
        top
    }

    fn naive(values: &[std::vec::Vec<u8>]) -> std::vec::Vec<(std::vec::Vec<u8>, u64)> {
        let mut counts = BTreeMap::new();
        values.iter().for_each(|v| *counts.entry(v.clone()).or_insert(0) += 1);
        let mut all: std::vec::Vec<_> = counts.into_iter().collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    proptest! {
        #[test]
        fn counts_are_exact_while_values_fit(values in prop::collection::vec(prop::collection::vec(0u8..4, 0..4), 0..800), cut in 0usize..800) {
            let cut = cut.min(values.len());
            let mut top = of(values[..cut].iter().map(|v| v.as_slice()), 400, 1 << 16);
            top.merge(&of(values[cut..].iter().map(|v| v.as_slice()), 400, 1 << 16)).unwrap();
            let found: std::vec::Vec<_> = top.top(1000).unwrap().iter().map(|t| (t.value.to_vec(), t.rows)).collect();
            prop_assert!(top.is_exact());
            prop_assert_eq!(&found, &naive(&values));
            let few: std::vec::Vec<_> = top.top(3).unwrap().iter().map(|t| (t.value.to_vec(), t.rows)).collect();
            prop_assert_eq!(&few[..], &found[..found.len().min(3)]);
        }

        #[test]
        fn bounds_hold_when_they_do_not(values in prop::collection::vec(0u16..300, 0..5000), cut in 0usize..5000) {
            let values: std::vec::Vec<std::vec::Vec<u8>> = values.iter().map(|v| (v * v / 300).to_be_bytes().to_vec()).collect();
            let cut = cut.min(values.len());
            let mut top = of(values[..cut].iter().map(|v| v.as_slice()), 40, 1 << 16);
            top.merge(&of(values[cut..].iter().map(|v| v.as_slice()), 40, 1 << 16)).unwrap();
            prop_assert!(top.len() <= 40);
            prop_assert!(top.missed() as usize <= values.len() / 10, "{}", top.missed());
            for (value, rows) in naive(&values) {
                let found = top.values().find(|t| t.value == value).map_or(0, |t| t.rows);
                prop_assert!(found <= rows && rows <= found + top.missed());
            }
            let bytes = top.write().unwrap();
            let again = Top::read(&bytes, Global).unwrap();
            prop_assert_eq!(again.top(10).unwrap(), top.top(10).unwrap());
        }

        #[test]
        fn flipped_bits_are_read_or_refused(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5), 0..20), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = of(values.iter().map(|v| v.as_slice()), 30, 1 << 16).write().unwrap();
            for end in 0..bytes.len() {
                prop_assert!(Top::read(&bytes[..end], Global).is_err());
            }
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(top) = Top::read(&bytes, Global) {
                top.top(3).unwrap();
            }
        }
    }

    #[test]
    fn bytes_are_bounded_and_long_values_told_apart() {
        let mut top = Top::new(1_000_000, 20_000);
        let long = |i: u32| [vec![b'x'; 1500], i.to_le_bytes().to_vec()].concat();
        for i in 0..5000 {
            let value = long(i % 7);
            top.insert(&value, hash(&value)).unwrap();
        }
        assert!(top.is_exact() && top.len() == 7);
        assert!(top.values().all(|t| t.cut && t.value.len() == 1000));
        for i in 0..5000 {
            let value = long(i);
            top.insert(&value, hash(&value)).unwrap();
            assert!(top.bytes.len() <= 20_000 && top.bytes.capacity() <= 40_000);
        }
        assert!(!top.is_exact());
        let most = top.top(7).unwrap();
        assert!(most.iter().all(|t| t.rows + top.missed() >= 715 && t.rows > 300), "{most:?}");
    }
}
