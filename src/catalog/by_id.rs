//! Maps by the id of a model or version.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::relations::Id;

/// A map by id.
pub type ById<T> = HashMap<Id, T, BuildHasherDefault<IdHasher>>;

/// Takes an id for its own hash: ids are drawn at random, so nobody can choose them to be alike.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = self.0.rotate_left(1) ^ u64::from_le_bytes(word);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
