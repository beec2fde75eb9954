//! How the features of the training rows were distributed, kept with a version so that other rows can be compared with them.
//!
//! Of categories the model itself knows the rows of each level; here is what else it takes: numbers by bins, and how many of the held-out rows had a
//! level that training rows did not.

use serde::{Deserialize, Serialize};

use super::codec::{decode_as, encode_as, Kind};
use crate::error::{Error, Result};

/// What is known of the training rows. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The training rows.
    pub rows: u64,
    /// The held-out rows.
    pub held_rows: u64,
    /// In the order of the features of the model.
    pub features: Vec<FeatureBaseline>,
    /// What the model says of some rows, where the held-out rows were judged by another one: it learned from all of them afterwards. Else empty.
    pub scores: Vec<f64>,
}

/// What is known of a feature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeatureBaseline {
    /// The values of a number; `None` of a category, and of a feature that is not compared.
    pub numbers: Option<NumberBins>,
    /// Held-out rows with a level of a category that is not one of the model.
    pub held_unseen: u64,
}

/// Numbers in ascending bins. What share of the rows lies below the beginning of a bin, and up to its end, is exact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NumberBins {
    /// The smallest value of each bin.
    pub low: Vec<f64>,
    /// The largest value of each bin.
    pub high: Vec<f64>,
    /// The rows of each bin.
    pub rows: Vec<u64>,
}

impl NumberBins {
    /// Bins of numbers that ascend, at most so many: one a value while they fit, else of about as many rows each.
    pub fn of_sorted(sorted: &[f64], most: usize) -> NumberBins {
        let (low, high) = crate::learn::bin::edges(sorted, most);
        let mut rows = vec![0u64; high.len()];
        sorted.iter().for_each(|value| rows[high.partition_point(|h| h < value)] += 1);
        NumberBins { low, high, rows }
    }

    /// Join neighbours, so that there are at most so many bins of about as many rows each.
    pub fn joined(&self, most: usize) -> NumberBins {
        let ends = self.ends(most);
        let mut out = NumberBins::default();
        let mut first = 0;
        for end in ends {
            out.low.push(self.low[first]);
            out.high.push(self.high[end - 1]);
            out.rows.push(self.rows[first..end].iter().sum());
            first = end;
        }
        out
    }

    /// Where each of at most so many groups of bins ends.
    pub fn ends(&self, most: usize) -> Vec<usize> {
        let count = self.rows.len();
        if count <= most {
            return (1..=count).collect();
        }
        let (mut ends, mut open, mut left) = (Vec::new(), 0u64, self.rows.iter().sum::<u64>());
        for (bin, rows) in self.rows.iter().enumerate() {
            let groups = most.saturating_sub(ends.len()).max(1) as u64;
            // The groups that are left share the rows that are left; a bin goes where it overlaps more.
            if open > 0 && open + rows / 2 >= left.div_ceil(groups) && groups > 1 {
                ends.push(bin);
                left -= open;
                open = 0;
            }
            open += rows;
        }
        ends.push(count);
        ends
    }

    /// The rows of all bins.
    pub fn total(&self) -> u64 {
        self.rows.iter().sum()
    }

    fn is_valid(&self) -> bool {
        let count = self.rows.len();
        self.low.len() == count
            && self.high.len() == count
            && self.low.iter().zip(&self.high).all(|(low, high)| low <= high)
            && self.high.iter().zip(self.low.iter().skip(1)).all(|(high, low)| high < low)
            && self.rows.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows)).is_some()
    }
}

impl Baseline {
    fn validate(&self) -> Result<()> {
        let fits = |feature: &FeatureBaseline| {
            let numbers = feature.numbers.as_ref();
            feature.held_unseen <= self.held_rows
                && numbers.is_none_or(|bins| bins.is_valid() && bins.total() <= self.rows)
        };
        match self.features.iter().all(fits) {
            true => Ok(()),
            false => {
                Err(Error::InvalidModel("the baseline is not valid: bins do not ascend, or have too many rows".into()))
            }
        }
    }
}

/// The bytes of a baseline. Fails with [`Error::InvalidModel`] when it is not valid.
pub fn encode_baseline(baseline: &Baseline) -> Result<Vec<u8>> {
    baseline.validate()?;
    encode_as(Kind::Baseline, baseline)
}

/// The baseline that [`encode_baseline`] wrote. Fails with [`Error::InvalidModel`] for anything else.
pub fn decode_baseline(bytes: &[u8]) -> Result<Baseline> {
    let baseline: Baseline = decode_as(Kind::Baseline, bytes)?;
    baseline.validate()?;
    Ok(baseline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bins_keep_all_rows(values in prop::collection::vec(-60i32..60, 1..400), first in 1usize..100, second in 1usize..30) {
            let mut sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            sorted.sort_by(f64::total_cmp);
            let bins = NumberBins::of_sorted(&sorted, first.max(2));
            let joined = bins.joined(second);
            for bins in [&bins, &joined] {
                prop_assert!(bins.is_valid());
                prop_assert_eq!(bins.total(), sorted.len() as u64);
            }
            prop_assert!(joined.rows.len() <= second);
            prop_assert_eq!((joined.low[0], joined.high.last()), (sorted[0], sorted.last()));
        }
    }

    #[test]
    fn a_heavy_value_does_not_swallow_the_others() {
        let sorted: Vec<f64> = (0..1000).map(|i| if i < 900 { 0.0 } else { f64::from(i) }).collect();
        let joined = NumberBins::of_sorted(&sorted, 256).joined(10);
        assert_eq!((joined.rows.len(), joined.rows[0]), (10, 900));
        assert!(joined.rows[1..].iter().all(|rows| (10..=13).contains(rows)), "{:?}", joined.rows);
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        let good = Baseline {
            rows: 3,
            held_rows: 1,
            features: vec![FeatureBaseline {
                numbers: Some(NumberBins::of_sorted(&[1.0, 2.0, 2.0], 256)),
                held_unseen: 1,
            }],
            scores: vec![0.5],
        };
        assert_eq!(decode_baseline(&encode_baseline(&good).unwrap()).unwrap(), good);
        let broken = |change: &dyn Fn(&mut Baseline)| {
            let mut bad = good.clone();
            change(&mut bad);
            encode_baseline(&bad).unwrap_err()
        };
        broken(&|b| b.rows = 2);
        broken(&|b| b.held_rows = 0);
        let changes: [fn(&mut NumberBins); 3] =
            [|n| n.rows.push(0), |n| n.low[1] = 0.5, |n| n.rows = vec![u64::MAX, 2]];
        for change in changes {
            broken(&|b| b.features[0].numbers.iter_mut().for_each(change));
        }
    }
}
