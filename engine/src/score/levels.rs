//! From the text of a category to its place.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::simd::prefetch;

/// Slots of a bucket: a cache line.
const WIDTH: usize = 8;

/// The most levels a feature can have.
pub(crate) const MOST_LEVELS: usize = 1 << 28;

/// Bytes beyond which a table does not stay in the caches next to the processor while a statement reads a table.
const FAR: usize = 128 << 10;

/// Seeds that are tried until no two levels are mistaken for each other; the first is all but sure to do.
const SEEDS: u64 = 32;

/// A hash table over the levels of a feature that fits the caches: a level is one number, the bits of its hash above its place. Finding
/// one of a hundred thousand ads costs one miss, and no branch depends on where, or whether, it is found.
///
/// Levels of the model are never mistaken for each other: a seed under which they would be is not used. A text never seen is taken
/// for one of them with a chance of about 2^-40, less the fewer places there are. Levels that share the place of a text never seen are
/// not in the table.
#[derive(Debug)]
pub(super) struct Levels {
    buckets: Vec<Bucket>,
    seed: u64,
    /// Bits of a place.
    bits: u32,
    /// The place of a text that is not in the table.
    other: u32,
}

/// Some levels; free slots are 0, after all that are taken.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket([u64; WIDTH]);

/// The product of two 64-bit numbers, folded (the mixing step of wyhash).
#[inline(always)]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0xa076_1d64_78bd_642f) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    product as u64 ^ (product >> 64) as u64
}

/// A hash of a text; of short ones without a loop.
#[inline(always)]
fn hash(text: &[u8], seed: u64) -> u64 {
    let wide = |at: usize| u64::from_le_bytes(text[at..at + 8].try_into().unwrap_or_default());
    let half = |at: usize| u64::from(u32::from_le_bytes(text[at..at + 4].try_into().unwrap_or_default()));
    let n = text.len();
    // Two words that overlap where the text is short tell it from every other of its length.
    let (a, b) = match n {
        0 => (0, 0),
        1..=3 => (u64::from(text[0]) | u64::from(text[n / 2]) << 8 | u64::from(text[n - 1]) << 16, 0),
        // One way for most lengths there are, so that none is a surprise.
        4..=12 => (half(0) | half((n - 4).min(4)) << 32, half(n - 4)),
        13..=16 => (wide(0), wide(n - 8)),
        _ => (xxh3_64_with_seed(text, seed), 0),
    };
    mix(a, b ^ seed ^ (n as u64) << 40)
}

impl Levels {
    /// The table of `levels`, fewer than [`MOST_LEVELS`], at the places that `place` gives their indexes.
    pub fn new(levels: &[String], place: impl Fn(u32) -> u32) -> Levels {
        let other = place(levels.len() as u32);
        let known = (0..levels.len()).map(|i| (levels[i].as_bytes(), place(i as u32)));
        let known: Vec<(&[u8], u32)> = known.filter(|level| level.1 != other).collect();
        let bits = known.iter().fold(0, |bits, level| bits.max(u32::BITS - level.1.leading_zeros()));
        // A little more than half of the slots are taken, so that few buckets overflow.
        let count = known.len() * 7 / 4 / WIDTH + 1;
        let mut table = Levels { buckets: Vec::new(), seed: 0, bits, other };
        for seed in 0..SEEDS {
            table.seed = seed;
            table.buckets.clear();
            table.buckets.resize(count, Bucket([0; WIDTH]));
            if known.iter().all(|&(text, place)| table.insert(text, place)) {
                break;
            }
        }
        table
    }

    /// Add a level; false where it would be mistaken for another one.
    fn insert(&mut self, text: &[u8], place: u32) -> bool {
        let (mut at, wanted) = self.search(hash(text, self.seed));
        loop {
            for slot in &mut self.buckets[at].0 {
                if *slot == 0 {
                    *slot = wanted | u64::from(place);
                    return true;
                }
                if (*slot ^ wanted) >> self.bits == 0 {
                    return *slot ^ wanted == u64::from(place);
                }
            }
            at = self.next(at);
        }
    }

    /// The hash of a text, by which [`Levels::place_of`] finds it; its bucket is on the way into the caches then.
    #[inline(always)]
    pub fn hash(&self, text: &[u8]) -> u64 {
        let hash = hash(text, self.seed);
        prefetch(&self.buckets[self.search(hash).0]);
        hash
    }

    /// The bucket where a search begins, and what is looked for: bits of the hash above zeros, never all 0.
    #[inline(always)]
    fn search(&self, hash: u64) -> (usize, u64) {
        let first = (u128::from(hash) * self.buckets.len() as u128) >> 64;
        let wanted = hash << self.bits;
        (first as usize, wanted | u64::from(wanted == 0) << self.bits)
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        if at + 1 == self.buckets.len() {
            0
        } else {
            at + 1
        }
    }

    /// Whether the table is so large that a look-up waits for memory.
    pub fn is_far(&self) -> bool {
        self.bytes() > FAR
    }

    /// The place of a text. Nothing is allocated.
    #[inline(always)]
    pub fn place(&self, text: &[u8]) -> u32 {
        self.place_of(hash(text, self.seed))
    }

    /// The place of the text of a hash.
    #[inline(always)]
    pub fn place_of(&self, hash: u64) -> u32 {
        let (mut at, wanted) = self.search(hash);
        // Nearly half of the slots are free, so a bucket with room ends every search.
        loop {
            let slots = &self.buckets[at].0;
            // What is wanted differs from its own slot by the place alone, from others by more.
            let least = slots.iter().fold(u64::MAX, |least, slot| least.min(slot ^ wanted));
            let found = least >> self.bits == 0;
            if found | (slots[WIDTH - 1] == 0) {
                let mask = u32::from(found).wrapping_neg();
                return (least as u32 & mask) | (self.other & !mask);
            }
            at = self.next(at);
        }
    }

    /// Bytes of the table.
    pub fn bytes(&self) -> usize {
        self.buckets.capacity() * std::mem::size_of::<Bucket>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_found_and_nothing_else() {
        let mut levels: Vec<String> = (0..3000).map(|i| "x".repeat(i % 60) + &i.to_string()).collect();
        levels.extend((0..26u8).map(|c| char::from(b'a' + c).to_string()));
        levels.push(String::new());
        levels.sort();
        let table = Levels::new(&levels, |code| code);
        for (code, level) in levels.iter().enumerate() {
            assert_eq!(table.place(level.as_bytes()), code as u32);
            assert_eq!(table.place_of(table.hash(level.as_bytes())), code as u32);
            let other = format!("{level}\0");
            assert_eq!(table.place(other.as_bytes()), levels.len() as u32);
        }
        let empty = Levels::new(&[], |code| code);
        assert_eq!(empty.place(b"any"), 0);
        let thirds = Levels::new(&levels, |code| code % 3);
        for (code, level) in levels.iter().enumerate() {
            assert_eq!(thirds.place(level.as_bytes()), code as u32 % 3);
        }
        assert_eq!(thirds.place(b"never seen"), levels.len() as u32 % 3);
        let alike = Levels::new(&levels, |_| 7);
        assert_eq!((alike.place(b"x1"), alike.place(b"never seen")), (7, 7));
    }

    #[test]
    fn short_texts_are_told_apart() {
        // Every text of up to 16 bytes over two letters.
        let mut seen = std::collections::HashSet::new();
        for len in 0..=16 {
            for bits in 0..1u32 << len {
                let text: Vec<u8> = (0..len).map(|i| if bits >> i & 1 == 1 { 0xff } else { 0 }).collect();
                assert!(seen.insert(hash(&text, 0)));
            }
        }
    }
}
