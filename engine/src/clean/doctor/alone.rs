//! What a column alone says of the target: the score, out of fold, of the mean of each of its bins.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::Table;
use crate::error::Result;
use crate::learn::train::SourceInput;

use super::sample::{binned, Answer, Binned, Sample, FOLDS};

/// Classes whose areas are averaged, the most frequent.
const MOST_CLASSES: usize = 20;

/// The scores of columns: the area under the ROC curve (of more than two classes the mean of one against the rest), or the R2 of the
/// ranks of numbers. Of an array the best element counts.
pub fn scores(table: &Table, inputs: &[SourceInput], sample: &Sample, control: &Control) -> Result<Vec<f64>> {
    let score = |input: &SourceInput| {
        let mut best = f64::NEG_INFINITY;
        for column in input.first..input.first + input.count {
            let binned = binned(table, column, &sample.rows, control)?;
            // The cells of a column whose every row has another value are more than the sample itself.
            let counted = binned.bins * (FOLDS + 1) * std::mem::size_of::<Cell>();
            control.reserve(counted)?;
            best = f64::max(best, score(&binned, sample, control)?);
            control.release(counted);
        }
        Ok(best)
    };
    inputs.par_iter().map(score).collect()
}

/// The score of a column.
pub fn score(column: &Binned, sample: &Sample, control: &Control) -> Result<f64> {
    control.check()?;
    Ok(match &sample.answer {
        Answer::Nothing => f64::NEG_INFINITY,
        Answer::Numbers { ranks, .. } => r2(column, &sample.folds, ranks),
        Answer::Classes { codes, counts } if counts.len() <= 2 => auc(column, &sample.folds, codes, 1).unwrap_or(0.5),
        Answer::Classes { codes, counts } => {
            let mut classes: Vec<u32> = (0..counts.len() as u32).filter(|&c| counts[c as usize] > 0).collect();
            classes.sort_by_key(|&c| std::cmp::Reverse(counts[c as usize]));
            classes.truncate(MOST_CLASSES);
            let area = |&class: &u32| {
                control.check()?;
                Ok(auc(column, &sample.folds, codes, class))
            };
            let areas: Vec<f64> = classes.iter().map(area).filter_map(Result::transpose).collect::<Result<_>>()?;
            areas.iter().sum::<f64>() / areas.len().max(1) as f64
        }
    })
}

/// Sums over the rows of a bin, or of a bin in a fold.
#[derive(Clone, Copy, Default)]
struct Cell {
    rows: f64,
    sum: f64,
    squares: f64,
}

/// The cells, a fold's bins one after the other, and the bins.
fn cells(column: &Binned, folds: &[u8], value: impl Fn(usize) -> f64) -> (Vec<Cell>, Vec<Cell>) {
    let mut cells = vec![Cell::default(); FOLDS * column.bins];
    let mut bins = vec![Cell::default(); column.bins];
    for (row, (&bin, &fold)) in column.codes.iter().zip(folds).enumerate() {
        let v = value(row);
        let places = [cells.get_mut(fold as usize * column.bins + bin as usize), bins.get_mut(bin as usize)];
        for cell in places.into_iter().flatten() {
            cell.rows += 1.0;
            cell.sum += v;
            cell.squares += v * v;
        }
    }
    (cells, bins)
}

/// The mean of a bin in the other folds, drawn a little towards the mean of all.
fn out_of_fold(cell: &Cell, bin: &Cell, mean: f64) -> f64 {
    (bin.sum - cell.sum + mean) / (bin.rows - cell.rows + 1.0)
}

fn auc(column: &Binned, folds: &[u8], codes: &[u32], class: u32) -> Option<f64> {
    let (cells, bins) = cells(column, folds, |row| f64::from(u8::from(codes[row] == class)));
    let (rows, positives) = bins.iter().fold((0.0, 0.0), |(n, p), b| (n + b.rows, p + b.sum));
    let negatives = rows - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let mean = positives / rows;
    let mut told: Vec<(f64, f64, f64)> = Vec::with_capacity(cells.len());
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| c.rows > 0.0) {
        let bin = &bins[i % column.bins];
        told.push((out_of_fold(cell, bin, mean), cell.sum, cell.rows - cell.sum));
    }
    told.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut area) = (0.0, 0.0);
    for same in told.chunk_by(|a, b| a.0 == b.0) {
        let (p, n) = same.iter().fold((0.0, 0.0), |(p, n), c| (p + c.1, n + c.2));
        area += p * (below + n / 2.0);
        below += n;
    }
    Some(area / (positives * negatives))
}

fn r2(column: &Binned, folds: &[u8], values: &[f64]) -> f64 {
    let (cells, bins) = cells(column, folds, |row| values[row]);
    let all = bins.iter().fold(Cell::default(), |a, b| Cell {
        rows: a.rows + b.rows,
        sum: a.sum + b.sum,
        squares: a.squares + b.squares,
    });
    if all.rows == 0.0 {
        return 0.0;
    }
    let mean = all.sum / all.rows;
    let total = all.squares - all.sum * mean;
    let mut left = 0.0;
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| c.rows > 0.0) {
        let told = out_of_fold(cell, &bins[i % column.bins], mean);
        left += cell.squares - 2.0 * told * cell.sum + told * told * cell.rows;
    }
    if total > 0.0 {
        1.0 - left / total
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::doctor::sample::ranks;
    use proptest::prelude::*;

    fn sample(folds: Vec<u8>, answer: Answer) -> Sample {
        Sample { rows: (0..folds.len() as u32).collect(), of: folds.len(), folds, answer }
    }

    /// What the other folds say of each row, by the plainest means.
    fn naive(codes: &[u32], folds: &[u8], values: &[f64]) -> Vec<f64> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let others = |i: usize| {
            (0..codes.len()).filter(move |&j| codes[j] == codes[i] && folds[j] != folds[i]).map(|j| values[j])
        };
        (0..codes.len()).map(|i| (others(i).sum::<f64>() + mean) / (others(i).count() as f64 + 1.0)).collect()
    }

    proptest! {
        #[test]
        fn scores_are_those_of_naive_folds(
            rows in prop::collection::vec((0u32..5, 0u8..5, 0u32..2), 2..80)
        ) {
            let codes: Vec<u32> = rows.iter().map(|r| r.0).collect();
            let folds: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let classes: Vec<u32> = rows.iter().map(|r| r.2).collect();
            let column = Binned { codes: codes.clone(), bins: 6 };
            let y: Vec<f64> = classes.iter().map(|&c| f64::from(c)).collect();
            let told = naive(&codes, &folds, &y);
            let mut wins = 0.0;
            let mut pairs = 0.0;
            for i in (0..rows.len()).filter(|&i| classes[i] == 1) {
                for j in (0..rows.len()).filter(|&j| classes[j] == 0) {
                    pairs += 1.0;
                    wins += if told[i] > told[j] { 1.0 } else if told[i] == told[j] { 0.5 } else { 0.0 };
                }
            }
            let counts = vec![rows.len() as u64 - y.iter().sum::<f64>() as u64, y.iter().sum::<f64>() as u64];
            let score1 = score(&column, &sample(folds.clone(), Answer::Classes { codes: classes, counts }), &Control::default()).unwrap();
            let expected = if pairs > 0.0 { wins / pairs } else { 0.5 };
            prop_assert!((score1 - expected).abs() < 1e-9);
            let values: Vec<f64> = rows.iter().map(|r| f64::from(r.0 * 3 + r.2)).collect();
            let ranks = ranks(&values);
            let told = naive(&codes, &folds, &ranks);
            let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
            let total: f64 = ranks.iter().map(|r| (r - mean).powi(2)).sum();
            let left: f64 = ranks.iter().zip(&told).map(|(r, t)| (r - t).powi(2)).sum();
            let score2 = score(&column, &sample(folds, Answer::Numbers { values, ranks }), &Control::default()).unwrap();
            let expected = if total > 0.0 { 1.0 - left / total } else { 0.0 };
            prop_assert!((score2 - expected).abs() < 1e-9);
        }
    }
}
