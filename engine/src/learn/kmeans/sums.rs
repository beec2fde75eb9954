//! The rows of each centre added up.
//!
//! Rows that change their centre are taken from one sum and added to another. What a sum of doubles loses is kept beside it (Knuth's
//! two-sum), so that after thousands of changes it is still what it would be if it were made anew.

use super::Points;

/// Numbers that are added side by side.
const SIDE: usize = 8;

/// For each centre the sums of its rows and of their weights.
#[derive(Clone)]
pub(super) struct Sums {
    d: usize,
    sums: Vec<f64>,
    lost: Vec<f64>,
    /// Of rows that have weights; else it is their number.
    weights: Option<Vec<[f64; 2]>>,
    /// Rows of each centre; what one part of the rows changes may be negative.
    pub sizes: Vec<i64>,
}

impl Sums {
    /// Of no rows; those that come have weights or not.
    pub fn new(k: usize, d: usize, is_weighted: bool) -> Sums {
        let weights = is_weighted.then(|| vec![[0.0; 2]; k]);
        Sums { d, sums: vec![0.0; k * d], lost: vec![0.0; k * d], weights, sizes: vec![0; k] }
    }

    /// Bytes of the sums of `k` centres of `d` numbers.
    pub fn bytes(k: usize, d: usize) -> usize {
        k.saturating_mul(d.saturating_mul(16).saturating_add(24))
    }

    /// Forget all rows.
    pub fn clear(&mut self) {
        self.sums.fill(0.0);
        self.lost.fill(0.0);
        self.weights.iter_mut().for_each(|weights| weights.fill([0.0; 2]));
        self.sizes.fill(0);
    }

    /// Add a row `times` (1 or -1) times to a centre.
    #[inline(always)]
    pub fn add(&mut self, centre: usize, points: &Points<'_>, row: usize, times: i64) {
        let weight = points.weight(row) * times as f64;
        let own = centre * self.d..(centre + 1) * self.d;
        let (sums, sums_left) = self.sums[own.clone()].as_chunks_mut::<SIDE>();
        let (lost, lost_left) = self.lost[own].as_chunks_mut::<SIDE>();
        let (values, values_left) = points.row(row).as_chunks::<SIDE>();
        for ((sums, lost), values) in sums.iter_mut().zip(lost).zip(values) {
            // All is read before anything is written, so that numbers can lie side by side in registers.
            let (mut total, mut more) = (*sums, *lost);
            for i in 0..SIDE {
                plus(&mut total[i], &mut more[i], values[i] * weight);
            }
            (*sums, *lost) = (total, more);
        }
        for ((sum, lost), x) in sums_left.iter_mut().zip(lost_left).zip(values_left) {
            plus(sum, lost, x * weight);
        }
        if let Some(weights) = &mut self.weights {
            let [sum, lost] = &mut weights[centre];
            plus(sum, lost, weight);
        }
        self.sizes[centre] += times;
    }

    /// Add the sums of other rows.
    pub fn merge(&mut self, other: &Sums) {
        let own = self.sums.iter_mut().zip(&mut self.lost).zip(other.sums.iter().zip(&other.lost));
        own.for_each(|((sum, lost), (x, more))| {
            plus(sum, lost, *x);
            *lost += more;
        });
        let weights = self.weights.iter_mut().flatten().zip(other.weights.iter().flatten());
        for ([sum, lost], [x, more]) in weights {
            plus(sum, lost, *x);
            *lost += more;
        }
        self.sizes.iter_mut().zip(&other.sizes).for_each(|(own, other)| *own += other);
    }

    /// The weight of a centre's rows.
    pub fn weight(&self, centre: usize) -> f64 {
        match &self.weights {
            Some(weights) => weights[centre][0] + weights[centre][1],
            None => self.sizes[centre] as f64,
        }
    }

    /// Write the mean of a centre's rows; false, and nothing is written, where they have no weight.
    pub fn mean(&self, centre: usize, to: &mut [f64]) -> bool {
        let weight = self.weight(centre);
        let is_one = self.sizes[centre] > 0 && weight > 0.0;
        if is_one {
            let own = centre * self.d..(centre + 1) * self.d;
            let sums = self.sums[own.clone()].iter().zip(&self.lost[own]);
            to.iter_mut().zip(sums).for_each(|(to, (sum, lost))| *to = (sum + lost) / weight);
        }
        is_one
    }
}

/// Add a number to a sum and what it loses to what was lost.
#[inline(always)]
fn plus(sum: &mut f64, lost: &mut f64, x: f64) {
    let total = *sum + x;
    let part = total - *sum;
    *lost += (*sum - (total - part)) + (x - part);
    *sum = total;
}
