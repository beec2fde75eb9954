//! What steps learn from the rows.

use super::{Cleaner, Live};
use crate::clean::program::text_of;
use crate::data::{ColumnData, MISSING};
use crate::error::{Error, Result};
use crate::learn::bin::ends;

/// The finite numbers of a column, sorted.
pub(super) struct Sorted {
    pub values: Vec<f64>,
    /// The fewest of them that anything said of them stands for: there is nothing to say of fewer, and no value beyond so many of the
    /// smallest or largest is told.
    pub least: u64,
}

impl Sorted {
    /// The quantile `q`, between neighbours in proportion (type 7 of Hyndman and Fan, Sample quantiles in statistical packages, 1996).
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.values.len().checked_sub(1)?;
        let (first, end) = ends(self.values.len(), self.least)?;
        let at = (q * last as f64).clamp(first as f64, end as f64);
        let (low, part) = (at.floor(), at - at.floor());
        let (a, b) = (self.values[low as usize], self.values[(low as usize + 1).min(last)]);
        // Of huge numbers the difference could overflow.
        Some(if part == 0.0 || a == b { a } else { a * (1.0 - part) + b * part })
    }

    /// The mean.
    pub fn mean(&self) -> Option<f64> {
        let n = self.values.len() as f64;
        ends(self.values.len(), self.least).map(|_| pairwise(&self.values, &|v| v / n))
    }

    /// The standard deviation of the population.
    pub fn deviation(&self) -> Option<f64> {
        let (n, mean) = (self.values.len() as f64, self.mean()?);
        Some(pairwise(&self.values, &|v| (v - mean) * (v - mean) / n).sqrt())
    }

    /// The median distance from the median.
    pub fn median_distance(&self) -> Option<f64> {
        let median = self.quantile(0.5)?;
        let mut values: Vec<f64> = self.values.iter().map(|v| (v - median).abs()).collect();
        values.sort_unstable_by(f64::total_cmp);
        Sorted { values, least: self.least }.quantile(0.5)
    }

    pub fn first(&self) -> Option<f64> {
        ends(self.values.len(), self.least).map(|(first, _)| self.values[first])
    }

    pub fn last(&self) -> Option<f64> {
        ends(self.values.len(), self.least).map(|(_, last)| self.values[last])
    }
}

/// A sum by blocks, whose error grows with the logarithm of the count.
fn pairwise(values: &[f64], term: &dyn Fn(f64) -> f64) -> f64 {
    let mut sums: Vec<f64> = values.chunks(256).map(|c| c.iter().map(|v| term(*v)).sum()).collect();
    while sums.len() > 1 {
        sums = sums.chunks(2).map(|c| c.iter().sum()).collect();
    }
    sums.first().copied().unwrap_or(0.0)
}

/// A level with the rows that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Level {
    pub text: String,
    pub rows: u64,
}

impl Cleaner<'_> {
    /// The finite numbers of a column among the rows.
    pub(super) fn sorted(&self, live: &Live) -> Result<Sorted> {
        let ColumnData::Number(values) = &self.values(live.register, &live.name)?.data else {
            return Err(Error::Internal("a column of numbers holds texts".into()));
        };
        let mut sorted = self.control.vec(self.rows.len())?;
        sorted.extend(self.rows.iter().map(|r| values.get(*r as usize) + 0.0).filter(|v| v.is_finite()));
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Sorted { values: sorted, least: self.least })
    }

    /// Give the memory of sorted numbers back.
    pub(super) fn done(&self, sorted: Sorted) {
        self.control.release_vec(sorted.values);
    }

    /// The rows of each code of a column of texts.
    pub(super) fn counts(&self, live: &Live) -> Result<Vec<u64>> {
        let (codes, dictionary) = self.codes(live)?;
        self.borrow(dictionary.len() * std::mem::size_of::<u64>())?;
        let mut counts = vec![0; dictionary.len()];
        for &row in &self.rows {
            let code = codes.get(row as usize);
            if code != MISSING {
                counts[code as usize] += 1;
            }
        }
        Ok(counts)
    }

    /// The levels of a column of texts among the rows, the most frequent first, equals in C order; those that stand for enough rows.
    pub(super) fn levels(&self, live: &Live) -> Result<Vec<Level>> {
        let mut levels = self.all_levels(live)?;
        levels.retain(|level| level.rows >= self.least);
        Ok(levels)
    }

    /// The same with the rare ones.
    pub(super) fn all_levels(&self, live: &Live) -> Result<Vec<Level>> {
        let counts = self.counts(live)?;
        let (_, dictionary) = self.codes(live)?;
        let present = counts.iter().enumerate().filter(|(_, rows)| **rows > 0);
        let bytes = |code: usize| dictionary.text(code as u32).len() + std::mem::size_of::<Level>();
        self.borrow(present.clone().map(|(code, _)| bytes(code)).sum())?;
        let mut levels: Vec<Level> = present
            .map(|(code, rows)| Level { text: text_of(dictionary, code as u32).into_owned(), rows: *rows })
            .collect();
        levels.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.text.cmp(&b.text)));
        Ok(levels)
    }

    /// The distinct finite numbers of a column with their rows, where these are enough, the most frequent first, equals by value.
    pub(super) fn number_levels(&self, live: &Live) -> Result<Vec<(f64, u64)>> {
        let sorted = self.sorted(live)?;
        self.borrow(sorted.values.len() * 2 * std::mem::size_of::<(f64, u64)>())?;
        let mut levels: Vec<(f64, u64)> = Vec::new();
        for &v in &sorted.values {
            match levels.last_mut() {
                Some((value, rows)) if *value == v => *rows += 1,
                _ => levels.push((v, 1)),
            }
        }
        self.done(sorted);
        levels.retain(|level| level.1 >= self.least);
        levels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.total_cmp(&b.0)));
        Ok(levels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0, .1, .5, .75, 1])
        let sorted = Sorted { values: vec![1.0, 2.0, 4.0, 8.0], least: 1 };
        let found: Vec<f64> = [0.0, 0.1, 0.5, 0.75, 1.0].iter().map(|q| sorted.quantile(*q).unwrap()).collect();
        assert!(found.iter().zip([1.0, 1.3, 3.0, 5.0, 8.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(Sorted { values: vec![], least: 1 }.quantile(0.5), None);
        assert_eq!(sorted.mean(), Some(3.75));
        assert!((sorted.deviation().unwrap() - 2.680_951_323_69).abs() < 1e-9);
        assert_eq!(sorted.median_distance(), Some(1.5));
        let groups = Sorted { values: vec![1.0, 2.0, 4.0, 8.0], least: 2 };
        assert_eq!((groups.quantile(0.0), groups.quantile(1.0), groups.first()), (Some(2.0), Some(4.0), Some(2.0)));
        let few = Sorted { values: vec![1.0, 2.0], least: 3 };
        assert_eq!((few.quantile(0.5), few.mean(), few.deviation(), few.last()), (None, None, None, None));
    }
}
