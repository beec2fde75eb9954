//! The best split of a node by one feature, for more than two classes.
//!
//! A histogram would hold a number a class in each bin. Instead rows are put in the order of their bins, and each row moves its weight from
//! the right to the left: what a class adds to the impurity changes by a term, so that a row costs the same however many classes there are.

use super::grow::{Column, Node, Search};
use super::search::draw_rule;
use super::split::{bins, put, Bits, Rule, Split, BINS};
use super::sums::Item;
use super::ForestParams;
use crate::control::Control;
use crate::error::Result;
use crate::learn::bin::BinKind;
use crate::learn::random::Random;
use crate::learn::tree::Criterion;

/// A row of a tree.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClassItem {
    row: u32,
    class: u16,
    times: u16,
    /// With the weights of the draws, the row and the class.
    weight: f64,
}

impl Item for ClassItem {
    #[inline]
    fn row(self) -> usize {
        self.row as usize
    }

    #[inline]
    fn at(self, row: u32) -> Self {
        ClassItem { row, ..self }
    }
}

/// Looks for splits of a node by rows in the order of their bins.
pub(super) struct Classes<'a> {
    codes: &'a [u32],
    weight: Option<&'a [f64]>,
    class_weight: Option<&'a [f64]>,
    unit: f64,
    entropy: bool,
    random: bool,
    smooth: f64,
    /// By class: the weight in the node, and on the left.
    total: Vec<f64>,
    left: Vec<f64>,
    /// The classes of the node.
    present: Vec<u16>,
    node_weight: f64,
    /// The sum over the classes of [`Classes::term`].
    node_terms: f64,
    rows: u64,
    /// The rows of the node by bin, and where each bin starts.
    sorted: Vec<ClassItem>,
    starts: [u32; BINS + 1],
    levels: Vec<(f64, u8)>,
}

/// What lies left and right while rows move.
struct Sides {
    rows: u64,
    weight: f64,
    left: f64,
    right: f64,
}

impl<'a> Classes<'a> {
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        codes: &'a [u32],
        classes: usize,
        weight: Option<&'a [f64]>,
        unit: f64,
        class_weight: Option<&'a [f64]>,
        params: &ForestParams,
        control: &Control,
    ) -> Result<Classes<'a>> {
        let mut sorted = control.vec(codes.len())?;
        sorted.resize(codes.len(), ClassItem::default());
        Ok(Classes {
            codes,
            weight,
            class_weight,
            unit,
            entropy: params.criterion == Criterion::Entropy,
            random: params.random_cuts,
            smooth: params.cat_smooth,
            total: vec![0.0; classes],
            left: vec![0.0; classes],
            present: Vec::new(),
            node_weight: 0.0,
            node_terms: 0.0,
            rows: 0,
            sorted,
            starts: [0; BINS + 1],
            levels: Vec::with_capacity(BINS),
        })
    }

    /// What a class of this weight adds to what a side explains.
    #[inline]
    fn term(&self, weight: f64) -> f64 {
        match self.entropy {
            false => weight * weight,
            true if weight > 0.0 => weight * libm::log2(weight),
            true => 0.0,
        }
    }

    /// What a side explains: the sum of its terms, put in relation to its weight.
    #[inline]
    fn score(&self, terms: f64, weight: f64) -> f64 {
        match self.entropy {
            false if weight > 0.0 => terms / weight,
            false => 0.0,
            true => terms - self.term(weight),
        }
    }

    /// Put the rows in the order of their bins; returns the bins that have rows.
    fn sort(&mut self, codes: &[u8], items: &[ClassItem], bin_count: usize) -> Bits {
        let starts = &mut self.starts[..=bin_count];
        starts.fill(0);
        items.iter().for_each(|i| starts[usize::from(codes[i.row()])] += 1);
        let mut present: Bits = [0; BINS / 64];
        let mut at = 0;
        for (bin, start) in starts.iter_mut().enumerate() {
            if *start > 0 {
                put(&mut present, bin as u8);
            }
            at += *start;
            // The end of the bin, which placing its rows from the last on makes the start.
            *start = at;
        }
        for &item in items.iter().rev() {
            let start = &mut starts[usize::from(codes[item.row()])];
            *start -= 1;
            self.sorted[*start as usize] = item;
        }
        present
    }

    fn bin(&self, bin: u8) -> std::ops::Range<usize> {
        self.starts[usize::from(bin)] as usize..self.starts[usize::from(bin) + 1] as usize
    }

    /// The weight of a class in the node, without that of the classes.
    fn truth(&self, class: usize) -> f64 {
        self.total[class] / self.class_weight.map_or(1.0, |w| w[class])
    }

    /// All rows on the right.
    fn begin(&mut self) -> Sides {
        self.present.iter().for_each(|&c| self.left[usize::from(c)] = 0.0);
        Sides { rows: 0, weight: 0.0, left: 0.0, right: self.node_terms }
    }

    /// Move the rows of a bin to the left.
    fn take(&mut self, bin: u8, sides: &mut Sides) {
        for at in self.bin(bin) {
            let ClassItem { class, times, weight: w, .. } = self.sorted[at];
            let l = self.left[usize::from(class)];
            let r = self.total[usize::from(class)] - l;
            self.left[usize::from(class)] = l + w;
            if self.entropy {
                sides.left += self.term(l + w) - self.term(l);
                sides.right += self.term(r - w) - self.term(r);
            } else {
                sides.left += w * (2.0 * l + w);
                sides.right -= w * (2.0 * r - w);
            }
            sides.rows += u64::from(times);
            sides.weight += w;
        }
    }

    fn gain_of(&self, sides: &Sides) -> f64 {
        let right = self.node_weight - sides.weight;
        self.score(sides.left, sides.weight) + self.score(sides.right, right)
            - self.score(self.node_terms, self.node_weight)
    }

    /// Take one bin after the other, and missing values before them or not at all; the best gain, behind which place, missing left.
    fn scan(&mut self, order: &[u8], missing: u8, has_missing: bool, least: u64) -> Option<(f64, usize, bool)> {
        let mut best: Option<(f64, usize, bool)> = None;
        for missing_left in [false, true] {
            if missing_left && !has_missing {
                break;
            }
            let mut sides = self.begin();
            if missing_left {
                self.take(missing, &mut sides);
            }
            for (at, &bin) in order.iter().enumerate() {
                self.take(bin, &mut sides);
                if sides.rows < least {
                    continue;
                }
                if self.rows - sides.rows < least {
                    break;
                }
                let gain = self.gain_of(&sides);
                if gain > best.map_or(0.0, |b| b.0) {
                    best = Some((gain, at, missing_left));
                }
            }
        }
        best
    }

    fn larger(&self, left: impl Iterator<Item = u8>) -> bool {
        let weight = |i: &ClassItem| i.weight / self.class_weight.map_or(1.0, |w| w[usize::from(i.class)]);
        let whole = self.present.iter().map(|&c| self.truth(usize::from(c))).sum::<f64>();
        left.flat_map(|b| &self.sorted[self.bin(b)]).map(weight).sum::<f64>() * 2.0 > whole
    }

    fn best(
        &mut self,
        kind: &BinKind,
        present: &Bits,
        missing: u8,
        has_missing: bool,
        node: &Node,
        random: &mut Random,
    ) -> Option<(f64, bool, Rule)> {
        let category = matches!(kind, BinKind::Category { .. });
        let mut order = [0u8; BINS];
        let mut count = 0;
        bins(present).for_each(|b| {
            order[count] = b;
            count += 1;
        });
        let order = &mut order[..count];
        if category {
            self.order_levels(order, random);
        }
        let (gain, at, mut missing_left) = self.scan(order, missing, has_missing, node.least)?;
        if !has_missing {
            missing_left = self.larger(order[..=at].iter().copied());
        }
        let rule = if category {
            let mut left: Bits = [0; BINS / 64];
            order[..=at].iter().for_each(|&b| put(&mut left, b));
            Rule::Category { left, seen: *present }
        } else {
            Rule::Number { last: order[at], next: order.get(at + 1).copied() }
        };
        Some((gain, missing_left, rule))
    }

    /// Levels in the order of their share of one class, which is drawn as often as it weighs.
    fn order_levels(&mut self, order: &mut [u8], random: &mut Random) {
        let mut draw = random.unit() * self.node_weight;
        let class = self.present.iter().copied().find(|&c| {
            draw -= self.total[usize::from(c)];
            draw < 0.0
        });
        let Some(class) = class.or(self.present.last().copied()) else { return };
        let mean = self.total[usize::from(class)] / self.node_weight;
        let mut levels = std::mem::take(&mut self.levels);
        levels.clear();
        levels.extend(order.iter().map(|&bin| {
            let rows = || self.sorted[self.bin(bin)].iter();
            let weight: f64 = rows().map(|i| i.weight).sum();
            let of_class: f64 = rows().filter(|i| i.class == class).map(|i| i.weight).sum();
            ((of_class + self.smooth * mean) / (weight + self.smooth), bin)
        }));
        levels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        order.iter_mut().zip(&levels).for_each(|(to, l)| *to = l.1);
        self.levels = levels;
    }

    fn drawn(
        &mut self,
        kind: &BinKind,
        present: &Bits,
        missing: u8,
        has_missing: bool,
        node: &Node,
        random: &mut Random,
    ) -> Option<(f64, bool, Rule)> {
        let mut best: Option<(f64, bool, Rule)> = None;
        let mut consider = |of: &Self, sides: &Sides, missing_left: bool, rule: &Rule| {
            let allowed = sides.rows >= node.least && of.rows - sides.rows >= node.least;
            let gain = of.gain_of(sides);
            if allowed && gain > best.as_ref().map_or(0.0, |b| b.0) {
                best = Some((gain, missing_left, rule.clone()));
            }
        };
        if let Some((rule, left)) = draw_rule(kind, present, random) {
            let mut sides = self.begin();
            bins(&left).for_each(|b| self.take(b, &mut sides));
            let larger = self.larger(bins(&left));
            consider(self, &sides, !has_missing && larger, &rule);
            if has_missing {
                self.take(missing, &mut sides);
                consider(self, &sides, true, &rule);
            }
        }
        if let (true, Some(last)) = (has_missing, bins(present).last()) {
            let mut sides = self.begin();
            bins(present).for_each(|b| self.take(b, &mut sides));
            let rule = match kind {
                BinKind::Category { .. } => Rule::Category { left: *present, seen: *present },
                _ => Rule::Number { last, next: None },
            };
            consider(self, &sides, false, &rule);
        }
        best
    }
}

impl Search for Classes<'_> {
    type Item = ClassItem;

    fn item(&self, row: u32, times: u8) -> ClassItem {
        let class = self.codes[row as usize];
        let weight = self.weight.map_or(1.0, |w| w[row as usize]);
        let weight = f64::from(times) * weight * self.class_weight.map_or(1.0, |w| w[class as usize]);
        ClassItem { row, class: class as u16, times: u16::from(times), weight }
    }

    fn enter(&mut self, items: &[ClassItem]) -> Node {
        self.present.iter().for_each(|&c| self.total[usize::from(c)] = 0.0);
        self.present.clear();
        self.rows = 0;
        for item in items {
            let total = &mut self.total[usize::from(item.class)];
            if *total == 0.0 {
                self.present.push(item.class);
            }
            *total += item.weight;
            self.rows += u64::from(item.times);
        }
        let of = |c: &u16| self.total[usize::from(*c)];
        self.node_weight = self.present.iter().map(of).sum();
        self.node_terms = self.present.iter().map(|c| self.term(of(c))).sum();
        let cover: f64 = self.present.iter().map(|&c| self.truth(usize::from(c))).sum();
        Node {
            rows: self.rows,
            weight: self.node_weight,
            cover: (cover * self.unit).min(f64::MAX),
            pure: self.present.len() < 2,
            least: 1,
        }
    }

    fn values(&self, _: &[ClassItem], out: &mut Vec<f64>) {
        let whole: f64 = self.present.iter().map(|&c| self.truth(usize::from(c))).sum();
        let start = out.len();
        out.resize(start + self.total.len(), 0.0);
        for &class in &self.present {
            out[start + usize::from(class)] = self.truth(usize::from(class)) / whole;
        }
    }

    fn try_feature(
        &mut self,
        column: Column<'_>,
        items: &[ClassItem],
        node: &Node,
        random: &mut Random,
    ) -> Option<Split> {
        let bin_count = column.feature.bins();
        let missing = (bin_count - 1) as u8;
        let filled = self.sort(column.codes, items, bin_count);
        let mut present = filled;
        present[usize::from(missing) / 64] &= !(1 << (missing % 64));
        let has_missing = present != filled;
        let kind = &column.feature.kind;
        let found = match self.random {
            true => self.drawn(kind, &present, missing, has_missing, node, random),
            false => self.best(kind, &present, missing, has_missing, node, random),
        };
        // What rounding alone can make is no gain.
        let floor = 1e-12 * self.node_weight.max(self.score(self.node_terms, self.node_weight).abs());
        found.filter(|(gain, ..)| *gain > floor).map(|(gain, missing_left, rule)| Split {
            feature: column.index,
            gain,
            missing_left,
            rule,
        })
    }

    fn gain(&self, gain: f64) -> f64 {
        gain
    }
}
