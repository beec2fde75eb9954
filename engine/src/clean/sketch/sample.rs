//! Different values drawn by their hash.
//!
//! The values with the smallest hashes of all (Gibbons 2001, <https://www.vldb.org/conf/2001/P541.pdf>). A value that is among them at the end was so since
//! its first row, as the bound only falls: so its count is exact, and the sample a function of the rows alone.

use std::collections::BTreeMap;

#[cfg(doc)]
use super::LONGEST;
use super::{start_of, Top};

/// One value of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// Its bytes, at most the first [`LONGEST`].
    pub value: Box<[u8]>,
    /// Whether there were more bytes.
    pub cut: bool,
    /// The rows that have it, exactly.
    pub rows: u64,
}

/// Keeps the values of the smallest hashes.
#[derive(Debug)]
pub struct Sample {
    most: usize,
    /// A hash above this is not in the sample.
    bound: u64,
    values: BTreeMap<u64, Sampled>,
}

impl Sample {
    /// A sample of at most `most` values.
    pub fn new(most: usize) -> Self {
        Sample { most: most.max(1), bound: u64::MAX, values: BTreeMap::new() }
    }

    /// Take a row's value by its bytes and their hash.
    #[inline]
    pub fn insert(&mut self, value: &[u8], hash: u64) {
        if hash <= self.bound {
            let kept = start_of(value);
            self.add(kept, hash, kept.len() < value.len(), 1);
        }
    }

    fn add(&mut self, value: &[u8], hash: u64, cut: bool, rows: u64) {
        let new = || Sampled { value: value.into(), cut, rows: 0 };
        self.values.entry(hash).or_insert_with(new).rows += rows;
        while self.values.len() > self.most {
            self.values.pop_last();
            self.bound = self.values.last_key_value().map_or(u64::MAX, |(hash, _)| *hash);
        }
    }

    /// Start from values that were all kept until now with their exact counts.
    pub fn start(&mut self, exact: &Top) {
        let mut all: Vec<_> = exact.values().collect();
        all.sort_unstable_by_key(|v| v.hash);
        all.iter().take(self.most).for_each(|v| self.add(v.value, v.hash, v.cut, v.rows));
        if all.len() >= self.most {
            self.bound = self.values.last_key_value().map_or(u64::MAX, |(hash, _)| *hash);
        }
    }

    /// The values, in the order of their hashes.
    pub fn values(&self) -> impl Iterator<Item = &Sampled> {
        self.values.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::sketch::hash;

    #[test]
    fn it_is_a_function_of_the_rows_with_exact_counts() {
        let values: Vec<String> = (0..20_000u32).map(|i| format!("v{}", (i * i) % 5003)).collect();
        let take = |values: &mut dyn Iterator<Item = &String>| {
            let mut sample = Sample::new(100);
            values.for_each(|v| sample.insert(v.as_bytes(), hash(v.as_bytes())));
            sample.values().cloned().collect::<Vec<_>>()
        };
        let (ahead, back) = (take(&mut values.iter()), take(&mut values.iter().rev()));
        assert_eq!(ahead, back);
        assert_eq!(ahead.len(), 100);
        for sampled in &ahead {
            let rows = values.iter().filter(|v| v.as_bytes() == &*sampled.value).count();
            assert_eq!(sampled.rows, rows as u64);
        }
        // Started late from exact counts, it is the same.
        let mut top = Top::new(100_000, 1 << 20);
        let mut late = Sample::new(100);
        let (first, rest) = values.split_at(9_000);
        first.iter().for_each(|v| {
            top.insert(v.as_bytes(), hash(v.as_bytes())).unwrap();
        });
        late.start(&top);
        rest.iter().for_each(|v| late.insert(v.as_bytes(), hash(v.as_bytes())));
        assert_eq!(late.values().cloned().collect::<Vec<_>>(), ahead);
    }
}
