//! A part of rows that come one after the other, of which all together are too many to be held.
//!
//! Which rows are taken is decided by what they say and by how many before them said the same, so that the order in which they come does not matter, and of
//! rows that many share a part is taken as of any others. Where too many are different to be counted, all rows that say the same are taken, or none.

use std::collections::HashMap;

use super::order::{mix, number_hash};
use crate::control::Control;
use crate::error::Result;

/// The most different rows that are counted.
const MOST: usize = 1 << 16;
/// The bytes that this takes.
pub const SAMPLE_BYTES: usize = MOST * 4 * 16;

/// Which of some rows are taken.
#[derive(Debug)]
pub struct RowSample {
    /// One in two to this power is taken.
    halvings: u32,
    /// How often each row was seen, by its hash; `None` where these are too many.
    seen: Option<HashMap<u64, u64>>,
    /// The hash of the row so far.
    hash: u64,
    /// Rows so far.
    rows: u64,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is taken.
    Yes,
    /// It is not.
    No,
    /// More rows are different than can be counted: go by [`RowSample::by_content`] and begin anew.
    Uncounted,
}

impl RowSample {
    /// Half of the rows. Takes memory of `control`, which [`RowSample::release`] gives back. Fails where there is none.
    pub fn half(control: &Control) -> Result<RowSample> {
        control.reserve(SAMPLE_BYTES)?;
        Ok(RowSample { halvings: 1, seen: Some(HashMap::new()), hash: 0, rows: 0 })
    }

    /// Half as many rows; they come again from the first.
    pub fn halve(&mut self) {
        self.halvings += 1;
        self.again();
    }

    /// Go by what rows say alone; they come again from the first.
    pub fn by_content(&mut self) {
        self.seen = None;
        self.again();
    }

    /// The rows come again from the first.
    pub fn again(&mut self) {
        (self.hash, self.rows) = (0, 0);
        if let Some(seen) = &mut self.seen {
            seen.clear();
        }
    }

    /// The next cell of the row is a number, or NaN where there is none.
    #[inline]
    pub fn number(&mut self, value: f64) {
        self.hash = mix(self.hash, number_hash(value));
    }

    /// The next cell of the row is a text.
    #[inline]
    pub fn text(&mut self, text: &[u8]) {
        self.hash = mix(self.hash, xxhash_rust::xxh3::xxh3_64(text));
    }

    /// The row is whole: whether it is taken.
    pub fn take(&mut self) -> Taken {
        let hash = std::mem::take(&mut self.hash);
        self.rows += 1;
        let mut copy = 0;
        if let Some(seen) = &mut self.seen {
            if seen.len() >= MOST && !seen.contains_key(&hash) {
                return Taken::Uncounted;
            }
            let times = seen.entry(hash).or_insert(0);
            copy = *times;
            *times += 1;
        }
        match mix(hash, copy) >> (64 - self.halvings.min(63)) {
            0 => Taken::Yes,
            _ => Taken::No,
        }
    }

    /// The rows that came.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release(SAMPLE_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(sample: &mut RowSample, rows: impl Iterator<Item = u64>) -> Option<Vec<u64>> {
        let mut out = Vec::new();
        for row in rows {
            sample.number(row as f64);
            sample.text(b"x");
            match sample.take() {
                Taken::Yes => out.push(row),
                Taken::No => {}
                Taken::Uncounted => return None,
            }
        }
        out.sort_unstable();
        Some(out)
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_copies_are_thinned_out() {
        let control = Control::default();
        let mut sample = RowSample::half(&control).unwrap();
        sample.halve();
        let forth = taken(&mut sample, (0..40_000).map(|i| i % 100)).unwrap();
        assert_eq!(sample.rows(), 40_000);
        sample.again();
        let back = taken(&mut sample, (0..40_000).rev().map(|i| i % 100)).unwrap();
        assert_eq!(forth, back);
        for row in 0..100 {
            let copies = forth.iter().filter(|r| **r == row).count();
            assert!((60..140).contains(&copies), "{copies} of 400");
        }
        sample.release(&control);
        assert_eq!(control.used(), 0);
    }

    #[test]
    fn rows_that_are_too_many_to_be_counted_go_by_what_they_say() {
        let mut sample = RowSample::half(&Control::default()).unwrap();
        let rows = || (0..200_000u64).chain(0..100);
        assert_eq!(taken(&mut sample, rows()), None);
        sample.by_content();
        let all = taken(&mut sample, rows()).unwrap();
        assert!((98_000..102_000).contains(&all.len()), "{}", all.len());
        sample.again();
        assert_eq!(taken(&mut sample, rows().collect::<Vec<_>>().into_iter().rev()).unwrap(), all);
    }
}
