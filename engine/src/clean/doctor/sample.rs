//! The rows that scores are computed on, and what is to be predicted of them.

use crate::control::Control;
use crate::data::{ColumnData, RowHashes, Table, MISSING};
use crate::error::Result;
use crate::learn::target::Prepared;
use crate::learn::Target;

use super::limits;

/// Folds of the scores out of fold.
pub const FOLDS: usize = 5;
/// Bins of a number.
const BINS: usize = 64;

/// Rows evenly spaced in the canonical order: the same whatever the order of arrival, and of alike rows each kind has its share.
pub struct Sample {
    /// Their places in the table.
    pub rows: Vec<u32>,
    /// Their folds: rows of the same features share one, unless there are few combinations of them.
    pub folds: Vec<u8>,
    /// What is to be predicted.
    pub answer: Answer,
    /// The rows it was drawn from.
    pub of: usize,
}

/// The targets of the sample.
pub enum Answer {
    /// None: there is no target.
    Nothing,
    /// Classes.
    Classes {
        /// The class of each row.
        codes: Vec<u32>,
        /// The rows of each class.
        counts: Vec<u64>,
    },
    /// Numbers.
    Numbers {
        /// As they are.
        values: Vec<f64>,
        /// Their ranks, ties sharing one: no outlier outweighs the rest.
        ranks: Vec<f64>,
    },
}

/// How many rows a sample of `columns` has at most.
pub fn most_rows((rows, cells): (usize, usize), columns: usize) -> usize {
    (cells / columns.max(1)).clamp(limits::LEAST_SAMPLE, rows)
}

/// Every so many-th of `rows`, `most` in all.
pub fn spaced<T: Copy>(rows: &[T], most: usize) -> impl Iterator<Item = T> + '_ {
    let (n, k) = (rows.len() as u64, rows.len().min(most) as u64);
    (0..k).filter_map(move |i| rows.get((i * n / k.max(1)) as usize).copied())
}

impl Sample {
    /// Draw at most `most` of the rows, which are in canonical order and have a known target, if there is one.
    pub fn draw(
        table: &Table,
        rows: &[RowHashes],
        prepared: Option<&Prepared>,
        most: usize,
        control: &Control,
    ) -> Result<Sample> {
        let drawn: Vec<RowHashes> = spaced(rows, most).collect();
        let combinations = drawn.chunk_by(|a, b| a.features == b.features).count();
        let alike = (combinations as f64) < limits::FEW_COMBINATIONS * drawn.len() as f64;
        let fold = |(i, r): (usize, &RowHashes)| (if alike { i as u64 } else { r.features } % FOLDS as u64) as u8;
        let folds = drawn.iter().enumerate().map(fold).collect();
        let drawn: Vec<u32> = drawn.iter().map(|r| r.row).collect();
        let before = control.used();
        let target = prepared.map(|p| p.target(table, &drawn, control)).transpose()?;
        // The sample is counted as a whole.
        control.release(control.used().saturating_sub(before));
        let answer = match target {
            None => Answer::Nothing,
            Some(Target::Class { codes, classes }) => {
                let mut counts = vec![0; classes];
                codes.iter().for_each(|&c| counts.get_mut(c as usize).into_iter().for_each(|n| *n += 1));
                Answer::Classes { codes, counts }
            }
            Some(Target::Number(values)) => {
                let ranks = ranks(&values);
                Answer::Numbers { values, ranks }
            }
        };
        Ok(Sample { rows: drawn, folds, answer, of: rows.len() })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A sentence that says so where scores are of a part of the rows.
    pub fn said(&self) -> String {
        self.said_of(self.len())
    }

    /// The same where only so many rows of the sample are looked at.
    pub fn said_of(&self, rows: usize) -> String {
        match self.of > rows {
            true => format!(" Computed on {rows} of {} rows.", self.of),
            false => String::new(),
        }
    }
}

/// Ranks, ties sharing their mean.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    let value = |i: &u32| values[*i as usize];
    order.sort_unstable_by(|a, b| value(a).total_cmp(&value(b)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for ties in order.chunk_by(|a, b| value(a) == value(b)) {
        let rank = before as f64 + (ties.len() as f64 - 1.0) / 2.0;
        ties.iter().for_each(|&i| ranks[i as usize] = rank);
        before += ties.len();
    }
    ranks
}

/// A column in bins: of a category its levels, of a number quantiles; the last bin is of missing values.
pub struct Binned {
    /// The bin of each row of the sample.
    pub codes: Vec<u32>,
    /// The number of bins.
    pub bins: usize,
}

/// The bins of a column. Levels are numbered as the sample has them, not as they arrived.
pub fn binned(table: &Table, column: usize, rows: &[u32], control: &Control) -> Result<Binned> {
    match &table.columns[column].data {
        ColumnData::Number(numbers) => {
            let values: Vec<f64> = rows.iter().map(|&r| numbers.get(r as usize)).collect();
            Ok(quantiles(&values))
        }
        ColumnData::Category { codes, dictionary } => {
            let mut own = control.filled(dictionary.len(), MISSING)?;
            let mut bins = 0;
            let mut number = |code: u32| {
                let own = &mut own[code as usize];
                if *own == MISSING {
                    *own = bins;
                    bins += 1;
                }
                *own
            };
            let row = |&r: &u32| match codes.get(r as usize) {
                MISSING => MISSING,
                code => number(code),
            };
            let mut codes: Vec<u32> = rows.iter().map(row).collect();
            control.release_vec(own);
            codes.iter_mut().filter(|c| **c == MISSING).for_each(|c| *c = bins);
            Ok(Binned { codes, bins: bins as usize + 1 })
        }
    }
}

fn quantiles(values: &[f64]) -> Binned {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    // No bin of less than some rows, lest each value had its own; but a frequent value has, whatever lies beside it.
    let most = BINS.min(sorted.len() / 8).max(2);
    let few = sorted.chunk_by(|a, b| a == b).take(most + 1).count() <= most;
    let full = if few { 1 } else { sorted.len().div_ceil(most) };
    let mut cuts: Vec<f64> = Vec::with_capacity(2 * BINS);
    let mut filled = 0;
    for run in sorted.chunk_by(|a, b| a == b) {
        if filled > 0 && (filled >= full || run.len() >= full) {
            cuts.push(run[0]);
            filled = 0;
        }
        filled += run.len();
    }
    let missing = cuts.len() as u32 + 1;
    let bin = |&v: &f64| if v.is_nan() { missing } else { cuts.partition_point(|&c| c <= v) as u32 };
    Binned { codes: values.iter().map(bin).collect(), bins: missing as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_a_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn bins_keep_the_order_and_missing_is_last() {
        let values: Vec<f64> = (0..1024).map(|i| f64::from(i * 7 % 1024)).chain([f64::NAN, f64::INFINITY]).collect();
        let Binned { codes, bins } = quantiles(&values);
        assert!((BINS - 4..=BINS + 2).contains(&bins), "{bins}");
        assert_eq!(codes[1024] as usize, bins - 1);
        assert_eq!(codes[1025] as usize, bins - 2);
        for (i, j) in [(0, 10), (5, 700), (999, 3)] {
            assert_eq!(values[i] < values[j], codes[i] < codes[j]);
        }
        let few = quantiles(&[1.0, 1.0, 5.0, f64::NAN]);
        assert_eq!((few.codes, few.bins), (vec![0, 0, 1, 2], 3));
        assert_eq!(quantiles(&[f64::NAN; 3]).codes, [1; 3]);
        // A few amounts among many zeros.
        let amounts: Vec<f64> = (0..5000).map(|i| if i % 100 == 0 { f64::from(i + 1) } else { 0.0 }).collect();
        let Binned { codes, .. } = quantiles(&amounts);
        assert!(codes.iter().zip(&amounts).all(|(&c, &v)| (c == 0) == (v == 0.0)));
    }

    #[test]
    fn samples_are_spaced_evenly() {
        let rows: Vec<u32> = (0..10).collect();
        assert_eq!(spaced(&rows, 5).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
        assert_eq!(spaced(&rows, 20).count(), 10);
        assert_eq!(spaced(&rows[..0], 5).count(), 0);
    }
}
