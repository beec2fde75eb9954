//! What features are worth to a model: by its splits, by their Shapley values, and by what is lost when a column is shuffled.

use rayon::prelude::*;

use super::interval::Z;
use super::shap::{Explained, Shap};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::model::{Trees, LEAF};
use crate::score::Scorer;

/// Rows that a thread explains at a time.
const PART: usize = Shap::ROWS;

/// A number with the interval that holds it in 95 of 100 samples of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Of each column, its share of what all splits of all trees gained, and the number of its splits.
pub fn of_splits(trees: &Trees, columns: &[Explained]) -> Vec<(f64, u64)> {
    let most = columns.iter().flat_map(|c| &c.features).max().map_or(0, |f| f + 1);
    let mut own = vec![(0.0, 0u64); most];
    for node in (0..trees.nodes()).filter(|&node| trees.feature[node] != LEAF) {
        if let Some((gain, splits)) = own.get_mut(trees.feature[node] as usize) {
            // An imported model may have splits of an infinite gain.
            *gain += if trees.gain[node].is_finite() { trees.gain[node].max(0.0) } else { 0.0 };
            *splits += 1;
        }
    }
    let whole: f64 = own.iter().map(|(gain, _)| gain).sum();
    let sum = |column: &Explained| {
        let gain: f64 = column.features.iter().map(|&f| own[f].0).sum();
        let splits = column.features.iter().map(|&f| own[f].1).sum();
        (if whole > 0.0 { gain / whole } else { 0.0 }, splits)
    };
    columns.iter().map(sum).collect()
}

/// The mean size of each column's Shapley values over rows given by column, for several classes the sum of theirs.
pub fn mean_shap(scorer: &Scorer, cells: &[Vec<f64>], columns: &[Explained], control: &Control) -> Result<Vec<f64>> {
    let (rows, features) = (cells.first().map_or(0, Vec::len), cells.len());
    control.start(rows.div_ceil(PART) as u64);
    let part = |part: usize| -> Result<Vec<f64>> {
        let (from, to) = (part * PART, (part * PART + PART).min(rows));
        let own: Vec<&[f64]> = cells.iter().map(|column| &column[from..to]).collect();
        let mut shap = Shap::new(scorer, control)?;
        let mut values: Vec<f64> = control.filled((to - from) * features, 0.0)?;
        let mut sums = vec![0.0; columns.len()];
        for output in 0..shap.outputs() {
            shap.explain(&own, output, &mut values, control)?;
            for values in values.chunks_exact(features.max(1)) {
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum += column.features.iter().map(|&f| values[f]).sum::<f64>().abs();
                }
            }
        }
        control.release_vec(values);
        shap.release(control);
        control.advance(1);
        Ok(sums)
    };
    let parts: Vec<Vec<f64>> = (0..rows.div_ceil(PART)).into_par_iter().map(part).collect::<Result<_>>()?;
    let mut means = vec![0.0; columns.len()];
    for part in parts {
        means.iter_mut().zip(part).for_each(|(mean, sum)| *mean += sum);
    }
    means.iter_mut().for_each(|mean| *mean /= rows.max(1) as f64);
    Ok(means)
}

/// How columns are shuffled.
#[derive(Debug, Clone, Copy)]
pub struct Shuffle {
    /// How often each is.
    pub repeats: usize,
    /// What all chance comes of.
    pub seed: u64,
}

/// How much a metric loses when a column is shuffled among the rows (Breiman 2001), all of its features together. Each time the rows are drawn anew
/// with replacement, so that the interval knows of the chance in both the shuffle and the rows.
///
/// `score` scores rows given by column; `metric` judges scores with the weights of their rows, a higher number being better. `None` where the
/// metric is undefined.
pub fn permutation(
    cells: &mut [Vec<f64>],
    columns: &[Explained],
    shuffle: Shuffle,
    control: &Control,
    score: impl Fn(&[Vec<f64>]) -> Result<Vec<f64>>,
    mut metric: impl FnMut(&[f64], Vec<f64>) -> Option<f64>,
) -> Result<Option<Vec<Estimate>>> {
    let rows = cells.first().map_or(0, Vec::len);
    control.start((columns.len() * shuffle.repeats) as u64);
    let whole = score(cells)?;
    let mut best = Vec::with_capacity(shuffle.repeats);
    for repeat in 0..shuffle.repeats {
        let before = control.used();
        let value = metric(&whole, drawn(rows, shuffle, repeat, control)?);
        control.release(control.used().saturating_sub(before));
        match value {
            Some(value) => best.push(value),
            None => return Ok(None),
        }
    }
    control.release_vec(whole);
    let mut order: Vec<u32> = control.vec(rows)?;
    let mut all = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let mut losses = Vec::with_capacity(shuffle.repeats);
        for (repeat, best) in best.iter().enumerate() {
            control.check()?;
            let before = control.used();
            let mut random = Random::new(shuffle.seed, ((at + 1) * shuffle.repeats + repeat) as u64);
            order.clear();
            order.extend(0..rows as u32);
            for last in (1..rows).rev() {
                order.swap(last, (random.unit() * (last + 1) as f64) as usize);
            }
            let mut kept = Vec::with_capacity(column.features.len());
            for &feature in &column.features {
                let mut shuffled: Vec<f64> = control.vec(rows)?;
                shuffled.extend(order.iter().map(|&row| cells[feature][row as usize]));
                kept.push(std::mem::replace(&mut cells[feature], shuffled));
            }
            let scores = score(cells);
            column.features.iter().zip(kept).for_each(|(&feature, own)| cells[feature] = own);
            let value = metric(&scores?, drawn(rows, shuffle, repeat, control)?);
            // Scores, weights and what was shuffled are gone.
            control.release(control.used().saturating_sub(before));
            match value {
                Some(value) => losses.push(best - value),
                None => return Ok(None),
            }
            control.advance(1);
        }
        all.push(estimate(&losses));
    }
    control.release_vec(order);
    Ok(Some(all))
}

/// How often each row is drawn in a sample of all rows with replacement, each by itself, which for many rows is the same (Poisson bootstrap).
fn drawn(rows: usize, shuffle: Shuffle, repeat: usize, control: &Control) -> Result<Vec<f64>> {
    control.check()?;
    let mut random = Random::new(shuffle.seed ^ 0x626f_6f74_7374_7261, repeat as u64);
    let draw = |_| {
        let (mut left, mut p, mut count) = (random.unit(), (-1.0f64).exp(), 0.0);
        while left >= p && count < 20.0 {
            left -= p;
            count += 1.0;
            p /= count;
        }
        count
    };
    let mut counts = control.vec(rows)?;
    counts.extend((0..rows).map(draw));
    Ok(counts)
}

/// The mean of samples, and the interval of Student's t about it for one more sample.
fn estimate(samples: &[f64]) -> Estimate {
    let n = samples.len() as f64;
    let value = samples.iter().sum::<f64>() / n.max(1.0);
    let spread = samples.iter().map(|s| (s - value).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let half = student(n - 1.0) * spread.sqrt();
    Estimate { value, low: value - half, high: value + half }
}

/// The 97.5 % quantile of Student's t, to a few thousandths from 4 degrees of freedom on (Abramowitz and Stegun 26.7.5).
fn student(freedom: f64) -> f64 {
    let z = Z;
    let terms = [
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
    ];
    terms.iter().enumerate().fold(z, |sum, (power, term)| sum + term / freedom.max(1.0).powi(power as i32 + 1))
}

#[cfg(test)]
mod tests {
    use super::super::shap::Value;
    use super::*;

    fn column(name: &str, features: &[usize]) -> Explained {
        Explained { name: name.into(), features: features.to_vec(), value: Value::Feature(0) }
    }

    #[test]
    fn quantiles_are_those_of_a_table() {
        for (freedom, expected) in [(4.0, 2.776), (5.0, 2.571), (9.0, 2.262), (29.0, 2.045), (1e9, 1.960)] {
            assert!((student(freedom) - expected).abs() < 0.01, "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn a_column_that_counts_is_told_from_one_that_does_not() {
        let rows = 2000;
        let mut random = Random::new(1, 1);
        let mut cells: Vec<Vec<f64>> = (0..3).map(|_| (0..rows).map(|_| random.unit()).collect()).collect();
        let actual: Vec<f64> = (0..rows).map(|r| 3.0 * cells[0][r] + cells[1][r]).collect();
        let columns = [column("first", &[0]), column("second", &[1]), column("nothing", &[2]), column("two", &[0, 1])];
        let before = cells.clone();
        let score = |cells: &[Vec<f64>]| Ok((0..rows).map(|r| 3.0 * cells[0][r] + cells[1][r]).collect());
        // The variance that is not explained, negated.
        let metric = |scores: &[f64], weights: Vec<f64>| {
            let total: f64 = weights.iter().sum();
            let error: f64 = scores.iter().zip(&actual).zip(&weights).map(|((s, a), w)| w * (s - a).powi(2)).sum();
            Some(-error / total)
        };
        let shuffle = Shuffle { repeats: 10, seed: 7 };
        let control = Control::default();
        let found =
            permutation(&mut cells, &columns, shuffle, &control, score, metric).expect("memory").expect("a metric");
        assert_eq!(cells, before, "the rows are as they were");
        // Twice the variance of each part, that of a uniform number being 1/12.
        for (found, expected) in found.iter().zip([1.5, 1.0 / 6.0, 0.0, 1.5 + 1.0 / 6.0]) {
            assert!(found.low <= expected && expected <= found.high, "{found:?}, not {expected}");
            assert!((found.value - expected).abs() < 0.1, "{found:?}, not {expected}");
        }
        assert!(found[1].low > 0.0 && found[2].value == 0.0 && found[2].high == 0.0);
        let none = permutation(&mut cells, &columns, shuffle, &control, score, |_, _| None).expect("memory");
        assert_eq!(none, None);
    }
}
