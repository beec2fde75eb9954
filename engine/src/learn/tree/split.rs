//! The best split of a node by one feature.
//!
//! Numbers are cut between two bins that have rows in the node. Levels are put in order first, by their mean (Fisher 1958; Breiman
//! et al. 1984 show that the best subset is then a prefix) or, with more than two classes, by the first principal component of their
//! class probabilities (Coppersmith, Hong, Hosking 1999). Missing values are tried on both sides.

use super::rows::Rows;
use super::TreeParams;
use crate::learn::bin::{BinKind, BinnedFeature, Codes};

/// A way to part the rows of a node.
#[derive(Debug, Clone)]
pub(super) struct Split {
    pub feature: usize,
    /// By how much the split raises the explained sum; comparable within a tree.
    pub gain: f64,
    pub missing_left: bool,
    pub rule: Rule,
}

/// What goes left.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// Bins up to `last`; the threshold lies between its values and those of the next bin that has rows, and is infinite where all but the
    /// missing values go left.
    Number { last: u32, threshold: f64 },
    /// These bins, ascending; levels without a row in the node follow the missing values, but where all that have one go left.
    Category { left: Vec<u32>, seen: Vec<u32> },
}

/// Memory of a thread that looks for splits, used again and again.
#[derive(Default)]
pub(super) struct Scratch {
    stats: Vec<f64>,
    counts: Vec<u32>,
    touched: Vec<u32>,
    keys: Vec<(f64, u32)>,
    left: Vec<f64>,
    right: Vec<f64>,
}

/// The best split of the rows `range` by `features[feature]`, `None` when no split is allowed or gains.
pub(super) fn best(
    features: &[BinnedFeature],
    feature: usize,
    range: &[u32],
    node: &[f64],
    rows: &Rows<'_>,
    params: &TreeParams,
    scratch: &mut Scratch,
) -> Option<Split> {
    let bins = features[feature].bins();
    scratch.fill(&features[feature], range, rows);
    let missing = bins as u32 - 1;
    if scratch.touched.last() == Some(&missing) {
        scratch.touched.pop();
    }
    let best = match &features[feature].kind {
        BinKind::Number { low, high } | BinKind::Ordered { low, high } => {
            let order = std::mem::take(&mut scratch.touched);
            let cut = scratch.scan(order.iter().copied(), missing, node, rows, params);
            let split = cut.map(|cut| {
                let last = order[cut.at];
                let threshold = match order.get(cut.at + 1) {
                    Some(&next) => between(high[last as usize], low[next as usize]),
                    None => f64::INFINITY,
                };
                Split {
                    feature,
                    gain: cut.gain,
                    missing_left: cut.missing_left,
                    rule: Rule::Number { last, threshold },
                }
            });
            scratch.touched = order;
            split
        }
        BinKind::Category { .. } => {
            scratch.order_levels(node, rows, params);
            let keys = std::mem::take(&mut scratch.keys);
            let cut = scratch.scan(keys.iter().map(|k| k.1), missing, node, rows, params);
            let split = cut.map(|cut| {
                let mut left: Vec<u32> = keys[..=cut.at].iter().map(|k| k.1).collect();
                left.sort_unstable();
                let mut seen: Vec<u32> = keys.iter().map(|k| k.1).collect();
                seen.sort_unstable();
                Split { feature, gain: cut.gain, missing_left: cut.missing_left, rule: Rule::Category { left, seen } }
            });
            scratch.keys = keys;
            split
        }
    };
    scratch.clear(missing, rows.width);
    best
}

/// A number `a <= t < b`, half-way where there is one.
pub(in crate::learn) fn between(a: f64, b: f64) -> f64 {
    let middle = a + (b - a) / 2.0;
    if middle.is_finite() && middle < b {
        middle
    } else {
        a
    }
}

struct Cut {
    at: usize,
    gain: f64,
    missing_left: bool,
}

impl Scratch {
    /// Sum the rows of the node by bin. `touched` then lists the bins with rows, ascending.
    fn fill(&mut self, feature: &BinnedFeature, range: &[u32], rows: &Rows<'_>) {
        let bins = feature.bins();
        if self.counts.len() < bins {
            self.counts.resize(bins, 0);
        }
        if self.stats.len() < bins * rows.width {
            self.stats.resize(bins * rows.width, 0.0);
        }
        self.touched.clear();
        match &feature.codes {
            Codes::U8(codes) => self.sum(range, rows, |r| u32::from(codes[r as usize])),
            Codes::U16(codes) => self.sum(range, rows, |r| u32::from(codes[r as usize])),
            Codes::U32(codes) => self.sum(range, rows, |r| codes[r as usize]),
        }
        if self.touched.len() * 8 > bins {
            self.touched.clear();
            self.touched.extend((0..bins as u32).filter(|&b| self.counts[b as usize] > 0));
        } else {
            self.touched.sort_unstable();
        }
    }

    #[inline]
    fn sum(&mut self, range: &[u32], rows: &Rows<'_>, code: impl Fn(u32) -> u32) {
        let width = rows.width;
        for &r in range {
            let bin = code(r);
            let count = &mut self.counts[bin as usize];
            if *count == 0 {
                self.touched.push(bin);
            }
            *count += 1;
            rows.add(r, &mut self.stats[bin as usize * width..][..width]);
        }
    }

    /// Put zeros back where something was.
    fn clear(&mut self, missing: u32, width: usize) {
        for &bin in self.touched.iter().chain([&missing]) {
            self.counts[bin as usize] = 0;
            self.stats[bin as usize * width..][..width].fill(0.0);
        }
    }

    /// Try every cut of bins in the given order, with missing values on the right and, where there are some, on the left.
    fn scan(
        &mut self,
        order: impl Iterator<Item = u32> + Clone,
        missing: u32,
        node: &[f64],
        rows: &Rows<'_>,
        params: &TreeParams,
    ) -> Option<Cut> {
        let width = rows.width;
        let total: u64 = order.clone().map(|b| u64::from(self.counts[b as usize])).sum();
        let missing_rows = u64::from(self.counts[missing as usize]);
        let parent = rows.score(node);
        let least = params.least_rows();
        let mut best: Option<Cut> = None;
        for missing_left in [false, true] {
            if missing_left && missing_rows == 0 {
                break;
            }
            self.left.clear();
            self.left.resize(width, 0.0);
            let mut left_rows = 0;
            if missing_left {
                self.left.copy_from_slice(&self.stats[missing as usize * width..][..width]);
                left_rows = missing_rows;
            }
            for (at, bin) in order.clone().enumerate() {
                let stat = &self.stats[bin as usize * width..][..width];
                self.left.iter_mut().zip(stat).for_each(|(l, s)| *l += s);
                left_rows += u64::from(self.counts[bin as usize]);
                let right_rows = total + missing_rows - left_rows;
                if left_rows < least {
                    continue;
                }
                // Behind the last bin there are the missing values alone, or nothing.
                let all = left_rows - if missing_left { missing_rows } else { 0 } == total;
                if right_rows < least || (all && missing_left) {
                    break;
                }
                self.right.clear();
                self.right.extend(node.iter().zip(&self.left).map(|(n, l)| n - l));
                if !rows.is_enough(&self.left) || !rows.is_enough(&self.right) {
                    continue;
                }
                let gain = rows.score(&self.left) + rows.score(&self.right) - parent;
                if best.as_ref().is_none_or(|b| gain > b.gain) {
                    best = Some(Cut { at, gain, missing_left });
                }
            }
        }
        let mut best = best?;
        if missing_rows == 0 {
            let left: u64 = order.take(best.at + 1).map(|b| u64::from(self.counts[b as usize])).sum();
            best.missing_left = left * 2 > total;
        }
        // What rounding alone can make is no gain.
        let floor = 1e-12 * parent.abs().max(rows.total(node) * 1e-3).max(f64::MIN_POSITIVE);
        (best.gain > floor).then_some(best)
    }

    /// Sort the levels of the node by what they say of the target.
    fn order_levels(&mut self, node: &[f64], rows: &Rows<'_>, params: &TreeParams) {
        let width = rows.width;
        let smooth = params.cat_smooth;
        self.keys.clear();
        let axis = if rows.has_axis() { self.axis(node, rows, smooth) } else { Vec::new() };
        for &bin in &self.touched {
            let stat = &self.stats[bin as usize * width..][..width];
            self.keys.push((rows.key(stat, node, smooth, &axis), bin));
        }
        self.keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }

    /// The first principal component of the levels' class shares, by the power method.
    fn axis(&self, node: &[f64], rows: &Rows<'_>, smooth: f64) -> Vec<f64> {
        let width = rows.width;
        let total = rows.total(node).max(f64::MIN_POSITIVE);
        let mean: Vec<f64> = node.iter().map(|n| n / total).collect();
        // The class that deviates most gives a start that is not orthogonal to the answer but by bad luck.
        let mut axis: Vec<f64> = (0..width).map(|i| 1.0 + i as f64 / width as f64).collect();
        for _ in 0..20 {
            let mut next = vec![0.0; width];
            for &bin in &self.touched {
                let stat = &self.stats[bin as usize * width..][..width];
                let weight = rows.total(stat);
                let deviation =
                    |i: usize| (stat[i] + smooth * mean[i]) / (weight + smooth).max(f64::MIN_POSITIVE) - mean[i];
                let along: f64 = (0..width).map(|i| axis[i] * deviation(i)).sum();
                next.iter_mut().enumerate().for_each(|(i, n)| *n += weight * along * deviation(i));
            }
            let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm <= 0.0 || !norm.is_finite() {
                break;
            }
            axis = next.into_iter().map(|x| x / norm).collect();
        }
        axis
    }
}
