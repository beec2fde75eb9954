//! From the text of a category to its code.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// A hash table over the levels of a feature. Holds codes only; the texts stay in the model.
#[derive(Debug)]
pub(super) struct Levels {
    table: HashTable<u32>,
}

impl Levels {
    /// The table of `levels`, of which there are fewer than 2^31.
    pub fn new(levels: &[String]) -> Levels {
        let hash = |&code: &u32| xxh3_64(levels[code as usize].as_bytes());
        let mut table = HashTable::with_capacity(levels.len());
        for code in 0..levels.len() as u32 {
            table.insert_unique(hash(&code), code, hash);
        }
        Levels { table }
    }

    /// The index of `text` in the same `levels`, else their number. Nothing is allocated.
    #[inline]
    pub fn code(&self, levels: &[String], text: &[u8]) -> u32 {
        let same = |&code: &u32| levels[code as usize].as_bytes() == text;
        self.table.find(xxh3_64(text), same).copied().unwrap_or(levels.len() as u32)
    }

    /// Bytes of the table.
    pub fn bytes(&self) -> usize {
        self.table.allocation_size()
    }
}
