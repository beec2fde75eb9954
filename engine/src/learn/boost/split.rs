//! The best split of a leaf by one feature, from its histogram.

use super::histogram::{parts, Sum, BINS};
use super::BoostParams;
use crate::learn::bin::{BinKind, BinnedFeature};

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

/// Finds splits in one tree. What the user gives in the target's unit is kept in that of the derivatives.
pub(super) struct Finder<'a> {
    params: &'a BoostParams,
    /// A quantum of first derivatives.
    first: f64,
    /// A quantum of second derivatives.
    second: f64,
    alpha: f64,
    lambda: f64,
    category_lambda: f64,
    cat_smooth: f64,
    min_child_weight: f64,
    least_gain: f64,
    is_monotone: bool,
}

/// What a leaf may say at least and at most, in the unit of the derivatives.
pub(super) type Bounds = (f64, f64);

/// The bounds of a leaf that no constraint concerns.
pub(super) const FREE: Bounds = (f64::NEG_INFINITY, f64::INFINITY);

/// The bounds of the children of a node, of which one must not say more than the other. Half-way between what they say keeps all that
/// comes below them apart, too (the basic method of LightGBM).
pub(super) fn part_bounds(bounds: Bounds, direction: i8, left: f64, right: f64) -> (Bounds, Bounds) {
    let inside = |value: f64| value.clamp(bounds.0, bounds.1).clamp(f64::MIN, f64::MAX);
    let (left, right) = (inside(left), inside(right));
    let middle = (0.5 * left + 0.5 * right).clamp(left.min(right), left.max(right));
    let (low, high) = ((bounds.0, middle), (middle, bounds.1));
    match direction {
        1 => (low, high),
        -1 => (high, low),
        _ => (bounds, bounds),
    }
}

/// What all features need to know of a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    sum: Sum,
    score: f64,
    bounds: Bounds,
    /// Rows a quantum of second derivatives stands for.
    rows_a_quantum: f64,
    /// The fewest rows of a part.
    least: u64,
}

/// Added to the second derivatives of a set of levels, as choosing a subset fits the leaf at hand more than a threshold does.
const CATEGORY_LAMBDA: f64 = 10.0;
/// Less is no gain, in whatever unit: what rounding makes.
const LEAST_GAIN: f64 = 1e-10;

impl<'a> Finder<'a> {
    /// For derivatives in `quanta`, which were multiplied by `units`.
    pub fn new(params: &'a BoostParams, quanta: (f64, f64), units: (f64, f64)) -> Finder<'a> {
        // The root first: the square of a unit may be beyond every number.
        let least_gain = (params.min_split_gain.sqrt() * (units.0 / units.1.sqrt())).powi(2);
        Finder {
            params,
            first: quanta.0,
            second: quanta.1,
            alpha: params.reg_alpha * units.0,
            lambda: params.reg_lambda * units.1,
            category_lambda: CATEGORY_LAMBDA * units.1,
            cat_smooth: params.cat_smooth * units.1,
            min_child_weight: params.min_child_weight * units.1,
            least_gain: least_gain.max(LEAST_GAIN),
            is_monotone: params.is_monotone(),
        }
    }

    /// A leaf with these sums in so many rows, what it may say, and the fewest rows of its parts.
    pub fn leaf(&self, sum: Sum, rows: usize, bounds: Bounds, least: u64) -> Leaf {
        let (_, second) = parts(sum);
        let mut leaf = Leaf { sum, score: 0.0, bounds, rows_a_quantum: rows as f64 / (second as f64).max(1.0), least };
        leaf.score = if self.is_monotone { self.bounded(&leaf, sum, 0.0).1 } else { self.score(sum, 0.0) };
        leaf
    }

    /// What a part of a leaf says within the leaf's bounds, and twice what that lowers the loss by.
    fn bounded(&self, leaf: &Leaf, sum: Sum, lambda: f64) -> (f64, f64) {
        let (g, h) = self.shrunk(sum, lambda);
        let value = if h > 0.0 { -g / h } else { 0.0 }.clamp(leaf.bounds.0, leaf.bounds.1);
        (value, -(2.0 * g * value + h * value * value))
    }

    /// The gain of a split under constraints; `None` where it goes the wrong way.
    fn bounded_gain(&self, leaf: &Leaf, left: Sum, right: Sum, lambda: f64, direction: i8) -> Option<f64> {
        let (left, right) = (self.bounded(leaf, left, lambda), self.bounded(leaf, right, lambda));
        let wrong = match direction {
            1 => left.0 > right.0,
            -1 => left.0 < right.0,
            _ => false,
        };
        (!wrong).then_some(left.1 + right.1 - leaf.score)
    }

    /// The sum of first derivatives less the L1 regularization, and that of the second ones with the L2 regularization.
    fn shrunk(&self, sum: Sum, lambda: f64) -> (f64, f64) {
        let (first, second) = parts(sum);
        let g = first as f64 * self.first;
        let shrunk = (g.abs() - self.alpha).max(0.0);
        (g.signum() * shrunk, second as f64 * self.second + self.lambda + lambda)
    }

    /// Twice what a leaf of these sums lowers the loss by.
    #[inline]
    fn score(&self, sum: Sum, lambda: f64) -> f64 {
        let (first, second) = parts(sum);
        let g = (first as f64 * self.first).abs() - self.alpha;
        let h = second as f64 * self.second + self.lambda + lambda;
        if g > 0.0 && h > 0.0 {
            g * g / h
        } else {
            0.0
        }
    }

    /// Whether a leaf of these sums is allowed.
    #[inline]
    fn allowed(&self, leaf: &Leaf, sum: Sum) -> bool {
        let (_, second) = parts(sum);
        let second = second as f64;
        second * self.second >= self.min_child_weight && (second * leaf.rows_a_quantum + 0.5) as u64 >= leaf.least
    }

    /// The best split by a feature; `None` when no split is allowed or gains.
    pub fn best(&self, leaf: &Leaf, index: usize, feature: &BinnedFeature, histogram: &[Sum; BINS]) -> Option<Split> {
        let missing = feature.bins() - 1;
        let direction = self.params.direction(index);
        let best = match &feature.kind {
            BinKind::Number { .. } | BinKind::Ordered { .. } => {
                let cut = self.scan(leaf, histogram, (0..missing as u32).map(|b| b as u8), missing, 0.0, direction)?;
                Split {
                    feature: index,
                    gain: cut.gain,
                    missing_left: cut.missing_left,
                    rule: Rule::Number(cut.at as u32),
                    left: cut.left,
                }
            }
            BinKind::Category { .. } => self.subset(leaf, index, histogram, missing)?,
        };
        (best.gain > self.least_gain).then_some(best)
    }

    fn subset(&self, leaf: &Leaf, index: usize, histogram: &[Sum; BINS], missing: usize) -> Option<Split> {
        let mut levels = [(0.0, 0u8); BINS];
        let mut count = 0;
        let mut seen = [0u64; BINS / 64];
        for (bin, &sum) in histogram[..missing].iter().enumerate().filter(|(_, &sum)| sum != 0) {
            let (first, second) = parts(sum);
            let smooth = second as f64 * self.second + self.cat_smooth;
            levels[count] = (first as f64 * self.first / smooth, bin as u8);
            count += 1;
            seen[bin / 64] |= 1 << (bin % 64);
        }
        let levels = &mut levels[..count];
        levels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let lambda = if levels.len() > 2 { self.category_lambda } else { 0.0 };
        let cut = self.scan(leaf, histogram, levels.iter().map(|l| l.1), missing, lambda, 0)?;
        let mut left = [0u64; BINS / 64];
        levels[..=cut.at].iter().for_each(|&(_, b)| left[b as usize / 64] |= 1 << (b % 64));
        let rule = Rule::Category { left, seen };
        Some(Split { feature: index, gain: cut.gain, missing_left: cut.missing_left, rule, left: cut.left })
    }

    /// Try every cut of bins in the given order, with missing values on either side.
    #[allow(clippy::too_many_arguments)]
    fn scan(
        &self,
        leaf: &Leaf,
        histogram: &[Sum; BINS],
        order: impl ExactSizeIterator<Item = u8> + Clone,
        missing: usize,
        lambda: f64,
        direction: i8,
    ) -> Option<Cut> {
        let total = leaf.sum;
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
                if !self.allowed(leaf, left) {
                    continue;
                }
                let right = total - left;
                if !self.allowed(leaf, right) {
                    break;
                }
                let gain = if self.is_monotone {
                    let Some(gain) = self.bounded_gain(leaf, left, right, lambda, direction) else { continue };
                    gain
                } else {
                    self.score(left, lambda) + self.score(right, lambda) - leaf.score
                };
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

    /// What a leaf of these sums predicts, before the learning rate and in the unit of the first derivatives.
    pub fn value(&self, sum: Sum) -> f64 {
        let (g, h) = self.shrunk(sum, 0.0);
        if h > 0.0 {
            -g / h
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
