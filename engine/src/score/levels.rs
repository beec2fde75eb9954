//! From the text of a category to its code.

use xxhash_rust::xxh3::xxh3_64;

/// The longest text that lies in the table itself.
const INLINE: usize = 23;

/// A hash table over the levels of a feature, probed linearly. A slot is half a cache line and holds the whole of a short text, so that
/// finding one of a hundred thousand ads costs one miss; longer texts are compared with the model's own.
#[derive(Debug)]
pub(super) struct Levels {
    slots: Vec<Slot>,
    /// The number of slots less one; a power of two less one.
    mask: usize,
}

#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Slot {
    /// The text, or the first bytes of a longer one; zeros behind it.
    text: [u8; INLINE],
    /// The length, 255 for a longer text.
    len: u8,
    /// The code, [`EMPTY`] in a slot without a level.
    code: u32,
    /// More of the hash, for texts that are not whole in the slot.
    tag: u32,
}

const EMPTY: u32 = u32::MAX;
const LONG: u8 = 255;

impl Slot {
    fn new(text: &[u8], hash: u64, code: u32) -> Slot {
        let mut slot = Slot { text: [0; INLINE], len: LONG, code, tag: (hash >> 32) as u32 };
        let short = text.len().min(INLINE);
        slot.text[..short].copy_from_slice(&text[..short]);
        if text.len() <= INLINE {
            slot.len = text.len() as u8;
        }
        slot
    }
}

impl Levels {
    /// The table of `levels`, of which there are fewer than 2^31.
    pub fn new(levels: &[String]) -> Levels {
        let count = (levels.len() * 2).next_power_of_two().max(4);
        let empty = Slot { text: [0; INLINE], len: 0, code: EMPTY, tag: 0 };
        let mut table = Levels { slots: vec![empty; count], mask: count - 1 };
        for (code, level) in levels.iter().enumerate() {
            let hash = xxh3_64(level.as_bytes());
            let mut at = hash as usize & table.mask;
            while table.slots[at].code != EMPTY {
                at = (at + 1) & table.mask;
            }
            table.slots[at] = Slot::new(level.as_bytes(), hash, code as u32);
        }
        table
    }

    /// The index of `text` in the same `levels`, else their number. Nothing is allocated.
    #[inline]
    pub fn code(&self, levels: &[String], text: &[u8]) -> u32 {
        let hash = xxh3_64(text);
        let wanted = Slot::new(text, hash, 0);
        let mut at = hash as usize & self.mask;
        // At most half of the slots are taken, so an empty one ends every search.
        loop {
            let slot = &self.slots[at];
            if slot.code == EMPTY {
                return levels.len() as u32;
            }
            // Texts, zeros behind them and length have a fixed size, so they are compared without a call.
            let same = slot.text == wanted.text && slot.len == wanted.len && slot.tag == wanted.tag;
            if same && (wanted.len != LONG || levels[slot.code as usize].as_bytes() == text) {
                return slot.code;
            }
            at = (at + 1) & self.mask;
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

    #[test]
    fn every_level_is_found_and_nothing_else() {
        let mut levels: Vec<String> = (0..3000).map(|i| "x".repeat(i % 60) + &i.to_string()).collect();
        levels.push(String::new());
        levels.sort();
        let table = Levels::new(&levels);
        for (code, level) in levels.iter().enumerate() {
            assert_eq!(table.code(&levels, level.as_bytes()), code as u32);
            let other = format!("{level}\0");
            assert_eq!(table.code(&levels, other.as_bytes()), levels.len() as u32);
        }
        assert_eq!(Levels::new(&[]).code(&[], b"any"), 0);
    }
}
