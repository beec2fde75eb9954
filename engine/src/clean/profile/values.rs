//! The values of a column: all with their counts while they fit, and what can be said in bounded memory beyond.

use crate::clean::sketch::{hash, Distinct, Sample, Top};
use crate::error::Result;

/// The memory of all columns of a profile together, where more may be taken.
const MEMORY: usize = 40 << 20;

/// How much a column may keep, by the number of columns that share [`MEMORY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Different values that are counted exactly.
    pub values: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Values of the sample, when there are more.
    pub sample: usize,
    /// The buffers of the quantiles.
    pub k: usize,
    /// The precision of the number of different values.
    pub precision: u8,
    /// Numbers that are taken together.
    pub batch: usize,
}

impl Sizes {
    /// The sizes of each of so many columns, when all together may take `limit` bytes.
    pub fn of(columns: usize, limit: usize) -> Sizes {
        let share = MEMORY.min(limit - limit / 4) / columns.max(1);
        let k = (share / 320).clamp(64, 2_048);
        Sizes {
            values: (share / 110).clamp(64, 16_384),
            bytes: (share / 4).clamp(4_000, 1 << 20),
            sample: (share / 4_000).clamp(8, 1_000),
            k: 1 << k.ilog2(),
            precision: match share {
                0..50_000 => 10,
                50_000..500_000 => 12,
                _ => 14,
            },
            batch: if share < 500_000 { 64 } else { 1_024 },
        }
    }

    /// The bytes that a column takes at most, about.
    pub fn total(&self) -> usize {
        let values = self.values * 50;
        let texts = self.bytes + self.sample * 400;
        let numbers = self.values * 8 + self.batch * 16;
        // A billion rows have twenty levels.
        values + texts.max(numbers) + self.k * 8 * 20 + (1 << self.precision)
    }
}

/// A value with its rows.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its bytes, at most the first [`crate::clean::sketch::LONGEST`].
    pub value: &'a [u8],
    /// Whether there were more bytes.
    pub cut: bool,
    /// The rows that have it, or at least those.
    pub rows: u64,
}

/// The values of a column.
#[derive(Debug)]
pub struct Values {
    top: Top,
    beyond: Option<Beyond>,
    sizes: Sizes,
}

/// What is kept in addition when not all values fit.
#[derive(Debug)]
struct Beyond {
    distinct: Distinct,
    sample: Sample,
}

impl Values {
    /// None yet.
    pub fn new(sizes: &Sizes) -> Values {
        Values { top: Top::new(sizes.values, sizes.bytes), beyond: None, sizes: *sizes }
    }

    /// Take a row's value; `false` for one that was seen for sure.
    #[inline]
    pub fn insert(&mut self, value: &[u8]) -> Result<bool> {
        let hash = hash(value);
        if let Some(beyond) = &mut self.beyond {
            beyond.distinct.insert(hash)?;
            beyond.sample.insert(value, hash);
        }
        if self.top.count(value, hash) {
            return Ok(false);
        }
        if self.beyond.is_none() && self.top.is_full(value) {
            self.go_beyond(value, hash)?;
        }
        self.top.insert_new(value, hash)?;
        Ok(true)
    }

    #[cold]
    fn go_beyond(&mut self, value: &[u8], hash: u64) -> Result<()> {
        let mut beyond =
            Beyond { distinct: Distinct::new(self.sizes.precision), sample: Sample::new(self.sizes.sample) };
        self.top.values().try_for_each(|v| beyond.distinct.insert(v.hash))?;
        beyond.sample.start(&self.top);
        beyond.distinct.insert(hash)?;
        beyond.sample.insert(value, hash);
        self.beyond = Some(beyond);
        Ok(())
    }

    /// Whether all values are there with their exact counts.
    pub fn is_exact(&self) -> bool {
        self.beyond.is_none()
    }

    /// Rows by which the count of a frequent value may be too low; 0 where all are exact.
    pub fn missed(&self) -> u64 {
        self.top.missed()
    }

    /// Whether the next new value is one too many to keep all.
    #[inline]
    pub fn is_full(&self, value: &[u8]) -> bool {
        self.beyond.is_none() && self.top.is_full(value)
    }

    /// Whether a value is kept.
    pub fn has(&self, value: &[u8]) -> bool {
        self.top.has(value, hash(value))
    }

    /// The number of different values; an estimate unless [`Values::is_exact`].
    pub fn distinct(&self) -> u64 {
        match &self.beyond {
            Some(beyond) => beyond.distinct.count(),
            None => self.top.len() as u64,
        }
    }

    /// The most frequent values; and by how many rows their counts may be too low.
    pub fn top(&self, k: usize) -> Result<(Vec<Known<'_>>, u64)> {
        let missed = self.top.missed();
        let known = self.top.top(k)?.into_iter().filter(|v| v.rows > missed);
        Ok((known.map(|v| Known { value: v.value, cut: v.cut, rows: v.rows }).collect(), missed))
    }

    /// All values, or where there are too many the sample and the frequent ones.
    pub fn known(&self) -> Vec<Known<'_>> {
        let all = self.top.values().map(|v| Known { value: v.value, cut: v.cut, rows: v.rows });
        match &self.beyond {
            None => all.collect(),
            Some(beyond) => {
                let sample = beyond.sample.values().map(|s| Known { value: &s.value, cut: s.cut, rows: s.rows });
                let mut known: Vec<Known<'_>> = sample.collect();
                let drawn: std::collections::HashSet<&[u8]> = known.iter().map(|k| k.value).collect();
                let missed = self.top.missed();
                let frequent: Vec<_> = all.filter(|k| k.rows > missed && !drawn.contains(k.value)).collect();
                known.extend(frequent);
                known
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_columns_share_the_memory() {
        for columns in [0, 1, 2, 12, 30, 100, 400, 1_600] {
            let sizes = Sizes::of(columns, usize::MAX);
            assert!(sizes.total() * columns <= 60 << 20, "{columns}: {} {sizes:?}", sizes.total() * columns);
        }
        let small = Sizes::of(12, 1 << 20);
        assert!(small.total() * 12 <= 1 << 20, "{} {small:?}", small.total() * 12);
    }

    #[test]
    fn exact_then_bounded() {
        let sizes = Sizes::of(400, usize::MAX);
        let mut values = Values::new(&sizes);
        for i in 0..sizes.values {
            values.insert(i.to_string().as_bytes()).unwrap();
            values.insert(b"often").unwrap();
        }
        assert!(!values.is_exact());
        for i in 0..20_000 {
            values.insert(i.to_string().as_bytes()).unwrap();
            values.insert(b"often").unwrap();
        }
        assert!((values.distinct() as f64 - 20_001.0).abs() < 1_500.0, "{}", values.distinct());
        let (top, missed) = values.top(3).unwrap();
        let rows = (20_000 + sizes.values) as u64;
        assert_eq!(top.len(), 1);
        assert!(top[0].value == b"often" && top[0].rows <= rows && rows <= top[0].rows + missed);
        assert!(values.known().len() > sizes.sample / 2);
    }
}
