//! The best split of a leaf by one feature, from its histogram.

use super::histogram::{parts, Sum, BINS};
use super::BoostParams;
use crate::learn::bin::{BinKind, BinnedFeature};

/// Sums of a leaf in quanta, and what a quantum is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    pub sum: Sum,
    /// Rows of the leaf.
    pub rows: usize,
    /// A quantum of first derivatives.
    pub first: f64,
    /// A quantum of second derivatives.
    pub second: f64,
}

/// A way to part a leaf.
#[derive(Debug, Clone)]
pub(super) struct Split {
    pub feature: usize,
    pub gain: f64,
    pub missing_left: bool,
    pub rule: Rule,
    /// The sums that go left.
    pub left: Sum,
}

/// What goes left.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// Bins up to this one.
    Number(u32),
    /// Bins by their bits, of at most 256; bins without a row in the leaf follow the missing values.
    Category { left: [u64; BINS / 64], seen: [u64; BINS / 64] },
}

/// Best ways of one feature.
pub(super) struct Finder<'a> {
    pub params: &'a BoostParams,
    pub totals: Totals,
    parent: f64,
    /// Rows a quantum of second derivatives stands for.
    rows_a_quantum: f64,
}

/// Added to the second derivatives of a set of levels, as choosing a subset fits the leaf at hand more than a threshold does.
const CATEGORY_LAMBDA: f64 = 10.0;

impl<'a> Finder<'a> {
    pub fn new(params: &'a BoostParams, totals: Totals) -> Finder<'a> {
        let (_, second) = parts(totals.sum);
        let mut finder = Finder { params, totals, parent: 0.0, rows_a_quantum: 0.0 };
        finder.rows_a_quantum = totals.rows as f64 / (second as f64).max(1.0);
        finder.parent = finder.score(totals.sum, 0.0);
        finder
    }

    /// Twice what a leaf of these sums lowers the loss by.
    #[inline]
    fn score(&self, sum: Sum, lambda: f64) -> f64 {
        let (first, second) = parts(sum);
        let g = (first as f64 * self.totals.first).abs() - self.params.reg_alpha;
        let h = second as f64 * self.totals.second + self.params.reg_lambda + lambda;
        if g > 0.0 && h > 0.0 {
            g * g / h
        } else {
            0.0
        }
    }

    /// Whether a leaf of these sums is allowed.
    #[inline]
    fn allowed(&self, sum: Sum) -> bool {
        let (_, second) = parts(sum);
        let second = second as f64;
        second * self.totals.second >= self.params.min_child_weight
            && (second * self.rows_a_quantum + 0.5) as u64 >= self.params.min_samples_leaf.max(1)
    }

    /// The best split by a feature; `None` when no split is allowed or gains.
    pub fn best(&self, index: usize, feature: &BinnedFeature, histogram: &[Sum; BINS]) -> Option<Split> {
        let missing = feature.bins() - 1;
        let best = match &feature.kind {
            BinKind::Number { .. } | BinKind::Ordered { .. } => {
                let cut = self.scan(histogram, (0..missing as u32).map(|b| b as u8), missing, 0.0)?;
                Split {
                    feature: index,
                    gain: cut.gain,
                    missing_left: cut.missing_left,
                    rule: Rule::Number(cut.at as u32),
                    left: cut.left,
                }
            }
            BinKind::Category { .. } => self.subset(index, histogram, missing)?,
        };
        (best.gain > self.params.min_split_gain.max(1e-10)).then_some(best)
    }

    fn subset(&self, index: usize, histogram: &[Sum; BINS], missing: usize) -> Option<Split> {
        let mut levels: Vec<(f64, u8)> = Vec::with_capacity(missing);
        let mut seen = [0u64; BINS / 64];
        for (bin, &sum) in histogram[..missing].iter().enumerate().filter(|(_, &sum)| sum != 0) {
            let (first, second) = parts(sum);
            let smooth = second as f64 * self.totals.second + self.params.cat_smooth;
            levels.push((first as f64 * self.totals.first / smooth, bin as u8));
            seen[bin / 64] |= 1 << (bin % 64);
        }
        levels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let lambda = if levels.len() > 2 { CATEGORY_LAMBDA } else { 0.0 };
        let cut = self.scan(histogram, levels.iter().map(|l| l.1), missing, lambda)?;
        let mut left = [0u64; BINS / 64];
        levels[..=cut.at].iter().for_each(|&(_, b)| left[b as usize / 64] |= 1 << (b % 64));
        let rule = Rule::Category { left, seen };
        Some(Split { feature: index, gain: cut.gain, missing_left: cut.missing_left, rule, left: cut.left })
    }

    /// Try every cut of bins in the given order, with missing values on either side.
    fn scan(
        &self,
        histogram: &[Sum; BINS],
        order: impl ExactSizeIterator<Item = u8> + Clone,
        missing: usize,
        lambda: f64,
    ) -> Option<Cut> {
        let total = self.totals.sum;
        let absent = histogram[missing];
        let mut best: Option<Cut> = None;
        for missing_left in [false, true] {
            if missing_left && absent == 0 {
                break;
            }
            let mut left: Sum = if missing_left { absent } else { 0 };
            for (at, bin) in order.clone().enumerate() {
                let here = histogram[bin as usize];
                if here == 0 {
                    continue;
                }
                left += here;
                if !self.allowed(left) {
                    continue;
                }
                let right = total - left;
                if !self.allowed(right) {
                    break;
                }
                let gain = self.score(left, lambda) + self.score(right, lambda) - self.parent;
                if best.as_ref().is_none_or(|b| gain > b.gain) {
                    best = Some(Cut { at, gain, missing_left, left });
                }
            }
        }
        let mut best = best?;
        if absent == 0 {
            // Missing values that training never saw go with the larger side.
            best.missing_left = parts(best.left).1 * 2 > parts(total).1;
        }
        Some(best)
    }

    /// What a leaf of these sums predicts, before the learning rate.
    pub fn value(&self, sum: Sum) -> f64 {
        let (first, second) = parts(sum);
        let g = first as f64 * self.totals.first;
        let shrunk = (g.abs() - self.params.reg_alpha).max(0.0);
        let h = second as f64 * self.totals.second + self.params.reg_lambda;
        if h > 0.0 {
            -g.signum() * shrunk / h
        } else {
            0.0
        }
    }
}

struct Cut {
    at: usize,
    gain: f64,
    missing_left: bool,
    left: Sum,
}
