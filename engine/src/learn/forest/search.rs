//! The best split of a node by one feature, for what two sums describe.

use super::grow::{Column, Node, Search};
use super::split::{bins, has, put, Bits, Rule, Split, BINS};
use super::sums::{Item, Kind, Sum};
use super::ForestParams;
use crate::error::Result;
use crate::learn::bin::BinKind;
use crate::learn::random::Random;
use crate::learn::tree::Criterion;

/// Rows below which bins with rows are noted one by one, as most have none.
const FEW_ROWS: usize = 160;

/// Looks for splits of a node by a histogram of sums.
pub(super) struct Histograms<K: Kind> {
    kind: K,
    entropy: bool,
    random: bool,
    smooth: f64,
    sums: [K::Sum; BINS],
    /// What [`Search::enter`] found.
    total: K::Sum,
    weight: f64,
    sum: f64,
    /// Levels in order.
    levels: Vec<(f64, u8)>,
}

/// A place to cut.
struct Cut {
    gain: f64,
    at: usize,
    missing_left: bool,
}

impl<K: Kind> Histograms<K> {
    pub fn new(kind: K, params: &ForestParams) -> Result<Self> {
        Ok(Histograms {
            kind,
            entropy: params.criterion == Criterion::Entropy,
            random: params.random_cuts,
            smooth: params.cat_smooth,
            sums: [K::Sum::default(); BINS],
            total: K::Sum::default(),
            weight: 0.0,
            sum: 0.0,
            levels: Vec::with_capacity(BINS),
        })
    }

    /// Sum the rows by bin; returns the bins that have rows.
    fn fill(&mut self, codes: &[u8], items: &[K::Item], bin_count: usize) -> Bits {
        let mut present: Bits = [0; BINS / 64];
        if items.len() < FEW_ROWS {
            for &item in items {
                let code = codes[item.row()];
                self.sums[usize::from(code)] += K::sum(item);
                put(&mut present, code);
            }
        } else {
            for &item in items {
                self.sums[usize::from(codes[item.row()])] += K::sum(item);
            }
            (0..bin_count).filter(|&b| self.sums[b].rows() > 0).for_each(|b| put(&mut present, b as u8));
        }
        present
    }

    /// Twice the part of the squared sum (or the logarithmic one) that a split explains more, up to what is the same for all splits.
    #[inline]
    fn gain(&self, left: K::Sum) -> f64 {
        let (w, s) = self.kind.parts(left);
        let (v, t) = (self.weight - w, self.sum - s);
        if self.entropy {
            return entropy(w, s) + entropy(v, t) - entropy(self.weight, self.sum);
        }
        // s*s/w + t*t/v - S*S/W, in a form that loses nothing where the three are alike.
        let d = s * self.weight - self.sum * w;
        d * d / (w * v)
    }

    /// Try cuts behind each of the bins in this order, with missing values on either side.
    #[inline]
    fn scan(&self, order: impl Iterator<Item = u8> + Clone, missing: u8, least: u64) -> Option<Cut> {
        let absent = self.sums[usize::from(missing)];
        let rows = self.total.rows();
        let mut best: Option<Cut> = None;
        let mut most = 0.0;
        for missing_left in [false, true] {
            if missing_left && absent.rows() == 0 {
                break;
            }
            let mut left = if missing_left { absent } else { K::Sum::default() };
            for (at, bin) in order.clone().enumerate() {
                left += self.sums[usize::from(bin)];
                if left.rows() < least {
                    continue;
                }
                if rows - left.rows() < least {
                    break;
                }
                let gain = self.gain(left);
                if gain > most {
                    most = gain;
                    best = Some(Cut { gain, at, missing_left });
                }
            }
        }
        best
    }

    /// The larger side takes missing values that the node has not seen.
    fn usual_side(&self, left: impl Iterator<Item = u8>) -> bool {
        let weight: f64 = left.map(|b| self.kind.cover(self.sums[usize::from(b)])).sum();
        weight * 2.0 > self.kind.cover(self.total)
    }

    fn best(&mut self, feature: &BinKind, present: &Bits, missing: u8, node: &Node) -> Option<(Cut, Rule)> {
        let BinKind::Category { .. } = feature else {
            let mut cut = self.scan(bins(present), missing, node.least)?;
            let mut order = bins(present);
            let last = order.nth(cut.at)?;
            let rule = Rule::Number { last, next: order.next() };
            if self.sums[usize::from(missing)].rows() == 0 {
                cut.missing_left = self.usual_side(bins(present).take(cut.at + 1));
            }
            return Some((cut, rule));
        };
        let mut levels = std::mem::take(&mut self.levels);
        levels.clear();
        let mean = self.sum / self.weight;
        levels.extend(bins(present).map(|bin| {
            let (w, s) = self.kind.parts(self.sums[usize::from(bin)]);
            ((s + self.smooth * mean) / (w + self.smooth), bin)
        }));
        levels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let cut = self.scan(levels.iter().map(|l| l.1), missing, node.least);
        let found = cut.map(|mut cut| {
            let mut left: Bits = [0; BINS / 64];
            levels[..=cut.at].iter().for_each(|l| put(&mut left, l.1));
            if self.sums[usize::from(missing)].rows() == 0 {
                cut.missing_left = self.usual_side(bins(&left));
            }
            (cut, Rule::Category { left, seen: *present })
        });
        self.levels = levels;
        found
    }

    /// A cut that is drawn, with missing values on the better side; or the known values against the missing ones, if that is better.
    fn drawn(
        &mut self,
        feature: &BinKind,
        present: &Bits,
        missing: u8,
        node: &Node,
        random: &mut Random,
    ) -> Option<(Cut, Rule)> {
        let absent = self.sums[usize::from(missing)];
        let mut best: Option<(Cut, Rule)> = None;
        let mut consider = |of: &Self, left: K::Sum, missing_left: bool, rule: &Rule| {
            let rows = left.rows();
            if rows < node.least || of.total.rows() - rows < node.least {
                return;
            }
            let gain = of.gain(left);
            if gain > best.as_ref().map_or(0.0, |b| b.0.gain) {
                best = Some((Cut { gain, at: 0, missing_left }, rule.clone()));
            }
        };
        if let Some((rule, left)) = draw_rule(feature, present, random) {
            let mut sum = K::Sum::default();
            bins(&left).for_each(|b| sum += self.sums[usize::from(b)]);
            if absent.rows() == 0 {
                consider(self, sum, self.usual_side(bins(&left)), &rule);
            } else {
                consider(self, sum, false, &rule);
                sum += absent;
                consider(self, sum, true, &rule);
            }
        }
        if absent.rows() > 0 {
            if let Some(last) = bins(present).last() {
                let rule = match feature {
                    BinKind::Category { .. } => Rule::Category { left: *present, seen: *present },
                    _ => Rule::Number { last, next: None },
                };
                consider(self, self.total - absent, false, &rule);
            }
        }
        best
    }
}

/// Draw a cut of the bins that have rows: the rule, and those of them that go left. `None` where there is one bin only.
pub(super) fn draw_rule(feature: &BinKind, present: &Bits, random: &mut Random) -> Option<(Rule, Bits)> {
    let (first, last) = (bins(present).next()?, bins(present).last()?);
    if first == last {
        return None;
    }
    let mut left: Bits = [0; BINS / 64];
    match feature {
        BinKind::Number { low, high } | BinKind::Ordered { low, high } => {
            let (a, b) = (low[usize::from(first)], high[usize::from(last)]);
            let threshold = a + random.unit() * (b - a);
            let (cut, threshold) = if threshold.is_finite() {
                let below = high.partition_point(|&h| h <= threshold);
                // A bin that has values on both sides goes where most of it lies, as far as that can be told.
                let inside = low.get(below).is_some_and(|&l| l + (high[below] - l) / 2.0 <= threshold);
                (below + usize::from(inside), threshold)
            } else {
                (usize::from(first) + 1 + random.below(usize::from(last - first)), f64::NAN)
            };
            let cut = cut.clamp(usize::from(first) + 1, usize::from(last)) - 1;
            bins(present).take_while(|&b| usize::from(b) <= cut).for_each(|b| put(&mut left, b));
            Some((Rule::Drawn { last: cut as u8, threshold }, left))
        }
        BinKind::Category { .. } => {
            let draw: Bits = std::array::from_fn(|_| random.next());
            bins(present).filter(|&b| has(&draw, b)).for_each(|b| put(&mut left, b));
            if left == [0; BINS / 64] || left == *present {
                // All on one side: one level against the others.
                let count = bins(present).count();
                left = [0; BINS / 64];
                bins(present).nth(random.below(count)).into_iter().for_each(|b| put(&mut left, b));
            }
            Some((Rule::Category { left, seen: *present }, left))
        }
    }
}

/// The sum of `c * log2(c / total)` over the two classes.
fn entropy(total: f64, one: f64) -> f64 {
    let part = |c: f64| if c > 0.0 { c * libm::log2(c / total) } else { 0.0 };
    part(one) + part(total - one)
}

impl<K: Kind> Search for Histograms<K> {
    type Item = K::Item;

    fn item(&self, row: u32, times: u8) -> K::Item {
        self.kind.item(row, times)
    }

    fn enter(&mut self, items: &[K::Item]) -> Node {
        let mut total = K::Sum::default();
        items.iter().for_each(|&i| total += K::sum(i));
        self.total = total;
        (self.weight, self.sum) = self.kind.parts(total);
        Node {
            rows: total.rows(),
            weight: self.weight,
            cover: self.kind.cover(total),
            pure: self.kind.is_pure(total, items),
            least: 1,
        }
    }

    fn values(&self, _: &[K::Item], out: &mut Vec<f64>) {
        out.push(self.kind.value(self.total));
    }

    fn try_feature(
        &mut self,
        column: Column<'_>,
        items: &[K::Item],
        node: &Node,
        random: &mut Random,
    ) -> Option<Split> {
        let bin_count = column.feature.bins();
        let missing = (bin_count - 1) as u8;
        let filled = self.fill(column.codes, items, bin_count);
        let mut present = filled;
        present[usize::from(missing) / 64] &= !(1 << (missing % 64));
        let kind = &column.feature.kind;
        let found = match self.random {
            true => self.drawn(kind, &present, missing, node, random),
            false => self.best(kind, &present, missing, node),
        };
        if items.len() < FEW_ROWS {
            bins(&filled).for_each(|b| self.sums[usize::from(b)] = K::Sum::default());
        } else {
            self.sums[..bin_count].fill(K::Sum::default());
        }
        // What rounding alone can make is no gain.
        let floor = if self.entropy { 1e-12 * self.weight } else { 1e-18 * self.sum * self.sum };
        found.filter(|(cut, _)| cut.gain > floor).map(|(cut, rule)| Split {
            feature: column.index,
            gain: cut.gain,
            missing_left: cut.missing_left,
            rule,
        })
    }

    fn gain(&self, gain: f64) -> f64 {
        if self.entropy {
            return gain;
        }
        let lowered = gain / self.weight * self.kind.square_unit();
        if self.kind.classes() {
            2.0 * lowered
        } else {
            lowered
        }
    }
}
