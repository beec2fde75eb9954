//! Dictionary coding: each distinct text is kept once.

use hashbrown::hash_table::{Entry, HashTable};
use xxhash_rust::xxh3::xxh3_64;

use crate::control::Control;
use crate::error::{Error, Result};

/// The distinct texts of a column; a text's code is its place in order of arrival.
///
/// Bytes lie one after the other in blocks, so a million levels cost no million allocations.
#[derive(Debug, Default)]
pub struct Dictionary {
    blocks: Vec<Vec<u8>>,
    places: Vec<Place>,
    table: HashTable<u32>,
    counted: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    block: u32,
    start: u32,
    len: u32,
}

const BLOCK: usize = 1 << 18;

impl Dictionary {
    /// The code of `text`, added when it is new.
    pub fn code(&mut self, text: &[u8], control: &Control) -> Result<u32> {
        let hash = xxh3_64(text);
        if self.table.capacity() == self.table.len() {
            self.grow(control)?;
        }
        let Dictionary { blocks, places, table, counted } = self;
        let found = table.entry(
            hash,
            |&code| {
                let p = &places[code as usize];
                p.hash == hash && &blocks[p.block as usize][p.start as usize..(p.start + p.len) as usize] == text
            },
            |&code| places[code as usize].hash,
        );
        match found {
            Entry::Occupied(entry) => Ok(*entry.get()),
            Entry::Vacant(entry) => {
                let code = places.len() as u32;
                if code == super::MISSING {
                    return Err(Error::data(
                        "a text column has more than four billion levels",
                        "Leave the column out.",
                    ));
                }
                let fits = blocks.last().is_some_and(|b| b.capacity() - b.len() >= text.len());
                if !fits {
                    let size = text.len().max(if blocks.is_empty() { 4096 } else { BLOCK });
                    blocks.push(control.vec(size)?);
                    *counted += size;
                }
                let block = blocks.len() - 1;
                let start = blocks[block].len();
                blocks[block].extend_from_slice(text);
                if places.len() == places.capacity() {
                    let more = places.capacity().max(64);
                    control.reserve(more * std::mem::size_of::<Place>())?;
                    *counted += more * std::mem::size_of::<Place>();
                    places
                        .try_reserve_exact(more)
                        .map_err(|_| Error::OutOfMemory { needed: more * std::mem::size_of::<Place>(), limit: 0 })?;
                }
                places.push(Place { hash, block: block as u32, start: start as u32, len: text.len() as u32 });
                entry.insert(code);
                Ok(code)
            }
        }
    }

    /// The code of `text`, if it is there.
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        let hash = xxh3_64(text);
        self.table.find(hash, |&code| self.hash(code) == hash && self.text(code) == text).copied()
    }

    #[cold]
    fn grow(&mut self, control: &Control) -> Result<()> {
        let more = self.table.capacity().max(64);
        control.reserve(more * 5)?;
        self.counted += more * 5;
        let places = &self.places;
        self.table
            .try_reserve(more, |&code| places[code as usize].hash)
            .map_err(|_| Error::OutOfMemory { needed: more * 5, limit: 0 })
    }

    /// The number of distinct texts.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The text of a code, which must be below [`Dictionary::len`].
    pub fn text(&self, code: u32) -> &[u8] {
        let p = &self.places[code as usize];
        &self.blocks[p.block as usize][p.start as usize..(p.start + p.len) as usize]
    }

    /// The xxh3 hash of the text of a code.
    pub fn hash(&self, code: u32) -> u64 {
        self.places[code as usize].hash
    }

    /// Codes in the C order of their texts.
    pub fn sorted(&self) -> Vec<u32> {
        let mut codes: Vec<u32> = (0..self.len() as u32).collect();
        codes.sort_unstable_by(|&a, &b| self.text(a).cmp(self.text(b)));
        codes
    }

    /// Drop the texts and give their memory back to the budget.
    pub fn release(&mut self, control: &Control) {
        control.release(self.counted);
        *self = Dictionary::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_and_texts_come_back() {
        let control = Control::default();
        let mut d = Dictionary::default();
        let texts: Vec<String> = (0..100_000).map(|i| format!("ad-{}", i % 30_000)).collect();
        let codes: Vec<u32> = texts.iter().map(|t| d.code(t.as_bytes(), &control).unwrap()).collect();
        assert_eq!(d.len(), 30_000);
        for (t, c) in texts.iter().zip(&codes) {
            assert_eq!(d.text(*c), t.as_bytes());
        }
        assert_eq!(d.code(b"", &control).unwrap(), 30_000);
        assert_eq!((d.find(b"ad-7"), d.find(b""), d.find(b"ad")), (Some(7), Some(30_000), None));
        let sorted = d.sorted();
        assert!(sorted.windows(2).all(|w| d.text(w[0]) < d.text(w[1])));
        d.release(&control);
        assert_eq!(control.used(), 0);
    }

    #[test]
    fn memory_is_refused_before_it_is_taken() {
        let control = Control::new(100_000);
        let mut d = Dictionary::default();
        let refused = (0..1_000_000u32).find_map(|i| d.code(&i.to_le_bytes(), &control).err());
        assert!(matches!(refused, Some(Error::OutOfMemory { .. })));
        assert!(control.used() <= 100_000);
    }
}
