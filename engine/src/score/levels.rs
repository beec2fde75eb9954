//! From the text of a category to its place.

use xxhash_rust::xxh3::xxh3_64;

use crate::simd::prefetch;

/// The longest text that lies in the table itself.
const INLINE: usize = 12;

/// A hash table over the levels of a feature, probed linearly. A slot is a quarter of a cache line and holds the whole of a short
/// text, so that finding one of a hundred thousand ads costs one miss; a longer text is found by its hash and compared with the
/// model's own. Levels that share the place of a text never seen are not in it.
#[derive(Debug)]
pub(super) struct Levels {
    slots: Vec<Slot>,
    /// The place of a text that is not in the table.
    other: u32,
}

/// A level.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(16))]
struct Slot {
    /// The start of a short text; the hash of a longer one.
    head: u64,
    /// The end of a short text; the index of a longer one among the levels.
    tail: u32,
    /// The place, with the length of the text above it ([`LONG`] for a longer one); [`EMPTY`] in a slot without a level.
    code: u32,
}

/// Bits of a place.
const PLACE: u32 = 28;
const LONG: u32 = 13;
const EMPTY: u32 = u32::MAX;
/// Bytes beyond which a table does not stay in the caches next to the processor while a statement reads a table.
const FAR: usize = 128 << 10;

/// The most levels a feature can have.
pub(crate) const MOST_LEVELS: usize = 1 << PLACE;

/// The bytes of a text of at most [`INLINE`], as two numbers that tell it from every other of the same length.
#[inline]
fn pack(text: &[u8]) -> (u64, u32) {
    let wide = |at: usize| u64::from_le_bytes(text[at..at + 8].try_into().unwrap_or_default());
    let half = |at: usize| u32::from_le_bytes(text[at..at + 4].try_into().unwrap_or_default());
    match text.len() {
        0 => (0, 0),
        n @ 1..=3 => (u64::from(text[0]) | u64::from(text[n / 2]) << 8 | u64::from(text[n - 1]) << 16, 0),
        n @ 4..=7 => (u64::from(half(0)) | u64::from(half(n - 4)) << 32, 0),
        n => (wide(0), half(n - 4)),
    }
}

/// The product of two 64-bit numbers, folded (the mixing step of wyhash).
#[inline]
fn mix(head: u64, tail: u32, len: u32) -> u64 {
    let product = u128::from(head ^ 0xa076_1d64_78bd_642f)
        * u128::from((u64::from(len) << 32 | u64::from(tail)) ^ 0xe703_7ed1_a0b4_28db);
    product as u64 ^ (product >> 64) as u64
}

/// Where to look for a text, worked out before it is known whether it will be needed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Probe {
    head: u64,
    tail: u32,
    /// As in [`Slot::code`].
    len: u32,
    hash: u64,
}

impl Probe {
    /// For a text.
    #[inline(always)]
    pub(super) fn new(text: &[u8]) -> Probe {
        if text.len() <= INLINE {
            let ((head, tail), len) = (pack(text), text.len() as u32);
            Probe { head, tail, len, hash: mix(head, tail, len) }
        } else {
            let hash = xxh3_64(text);
            Probe { head: hash, tail: 0, len: LONG, hash }
        }
    }
}

impl Levels {
    /// The table of `levels`, fewer than [`MOST_LEVELS`], at the places that `place` gives their indexes.
    pub fn new(levels: &[String], place: impl Fn(u32) -> u32) -> Levels {
        let other = place(levels.len() as u32);
        let known: Vec<u32> = (0..levels.len() as u32).filter(|&code| place(code) != other).collect();
        let count = known.len() + known.len() / 4 + 2;
        let mut table = Levels { slots: vec![Slot { head: 0, tail: 0, code: EMPTY }; count], other };
        for code in known {
            let text = levels[code as usize].as_bytes();
            let probe = Probe::new(text);
            let mut at = table.first(&probe);
            while table.slots[at].code != EMPTY {
                at = table.next(at);
            }
            let tail = if probe.len == LONG { code } else { probe.tail };
            table.slots[at] = Slot { head: probe.head, tail, code: probe.len << PLACE | place(code) };
        }
        table
    }

    /// Whether the table is so large that a look-up waits for memory.
    pub fn is_far(&self) -> bool {
        self.bytes() > FAR
    }

    /// The slot where a search begins.
    #[inline]
    fn first(&self, probe: &Probe) -> usize {
        ((u128::from(probe.hash) * self.slots.len() as u128) >> 64) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() {
            0
        } else {
            at + 1
        }
    }

    /// Bring the slot of a text near.
    #[inline]
    pub fn prefetch(&self, probe: &Probe) {
        prefetch(&self.slots[self.first(probe)]);
    }

    /// The place of `text`, given the same `levels` and the text's probe. Nothing is allocated.
    #[inline(always)]
    pub fn place(&self, levels: &[String], text: &[u8], probe: &Probe) -> u32 {
        let mut at = self.first(probe);
        // A fifth of the slots are free, so an empty one ends every search.
        loop {
            let slot = &self.slots[at];
            if slot.head == probe.head && slot.code >> PLACE == probe.len {
                let same = match probe.len {
                    LONG => levels[slot.tail as usize].as_bytes() == text,
                    _ => slot.tail == probe.tail,
                };
                if same {
                    return slot.code & (MOST_LEVELS as u32 - 1);
                }
            }
            if slot.code == EMPTY {
                return self.other;
            }
            at = self.next(at);
        }
    }

    /// Bytes of the table.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * std::mem::size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(table: &Levels, levels: &[String], text: &[u8]) -> u32 {
        table.place(levels, text, &Probe::new(text))
    }

    #[test]
    fn every_level_is_found_and_nothing_else() {
        let mut levels: Vec<String> = (0..3000).map(|i| "x".repeat(i % 60) + &i.to_string()).collect();
        levels.extend((0..26u8).map(|c| char::from(b'a' + c).to_string()));
        levels.push(String::new());
        levels.sort();
        let table = Levels::new(&levels, |code| code);
        for (code, level) in levels.iter().enumerate() {
            assert_eq!(place(&table, &levels, level.as_bytes()), code as u32);
            let other = format!("{level}\0");
            assert_eq!(place(&table, &levels, other.as_bytes()), levels.len() as u32);
        }
        let empty = Levels::new(&[], |code| code);
        assert_eq!(place(&empty, &[], b"any"), 0);
        let thirds = Levels::new(&levels, |code| code % 3);
        for (code, level) in levels.iter().enumerate() {
            assert_eq!(place(&thirds, &levels, level.as_bytes()), code as u32 % 3);
        }
        assert_eq!(place(&thirds, &levels, b"never seen"), levels.len() as u32 % 3);
    }

    #[test]
    fn short_texts_are_told_apart() {
        // Every text of up to 12 bytes over two letters, told apart by length and packed form.
        let mut seen = std::collections::HashSet::new();
        for len in 0..=INLINE {
            for bits in 0..1u32 << len {
                let text: Vec<u8> = (0..len).map(|i| if bits >> i & 1 == 1 { 0xff } else { 0 }).collect();
                assert!(seen.insert((len, pack(&text))));
            }
        }
    }
}
