//! Many small trees, a row at a time: the leaves that a row can still reach are bits, and a feature strikes out many at once.
//!
//! What the splits of one feature strike out (see [`super::leaves`]) depends on the value alone, so it is worked out beforehand for all trees: between the thresholds of a feature,
//! in order, lie rows of masks, a mask a tree, and a value picks one. To keep them small only some of the rows are kept; the few splits
//! between one and the value are applied by themselves.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use std::cell::RefCell;
use std::ops::{BitAndAssign, Range};

use super::leaves::{self, Leaf, Split};
use super::link::LANES;
use super::nodes::{place_of, place_value, Nodes, Step};
#[cfg(target_arch = "x86_64")]
use crate::simd::{level, Level};

/// Bytes of the rows of masks of all features that are kept, about; they are to stay in the second cache.
pub(super) const TABLE: usize = 384 << 10;
/// Places of a feature whose splits are sets.
const PLACES: usize = 64;
/// The fewest trees for which this pays.
const FEW_TREES: usize = 8;
/// The most leaves of a tree.
const MOST_LEAVES: usize = 64;

thread_local! {
    /// What is left of each tree; kept so that a row costs no allocation.
    static ALIVE: RefCell<(Vec<u32>, Vec<u64>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// The bits of a tree's leaves.
trait Word: Copy + Default + BitAndAssign {
    const BITS: usize;
    const ALL: Self;
    /// All bits but `from..to`.
    fn without(from: usize, to: usize) -> Self;
    /// The first bit.
    fn first(self) -> usize;
}

macro_rules! word {
    ($type:ty) => {
        impl Word for $type {
            const BITS: usize = <$type>::BITS as usize;
            const ALL: Self = <$type>::MAX;

            fn without(from: usize, to: usize) -> Self {
                (from..to).fold(Self::MAX, |all, bit| all & !(1 << bit))
            }

            #[inline(always)]
            fn first(self) -> usize {
                self.trailing_zeros() as usize
            }
        }
    };
}
word!(u32);
word!(u64);

/// What a split strikes out where it sends a row to the right.
#[derive(Debug, Clone, Copy)]
struct Strike<W> {
    tree: u32,
    mask: W,
}

/// Where what a feature has lies in the arrays of a [`Table`].
#[derive(Debug)]
struct Feature {
    feature: usize,
    /// Where its rows of masks begin: first that of missing values, then those by place or by threshold.
    row: usize,
    /// Whether rows are by place.
    by_place: bool,
    thresholds: Range<usize>,
    starts: usize,
    of_place: Range<usize>,
    strikes: Range<usize>,
}

/// The trees with leaves of `W`'s bits. What features have of a kind lies in one array, for all of them: a row that finds the caches cold touches fewer pages.
#[derive(Debug)]
struct Table<W> {
    features: Vec<Feature>,
    /// The thresholds of a feature, ascending, each once.
    thresholds: Vec<f64>,
    /// The number of splits of a feature whose threshold is below that of the same index; one more than there are thresholds.
    starts: Vec<u32>,
    /// Of a text, the number of thresholds below each place.
    of_place: Vec<u32>,
    /// The splits of a feature in the order of their thresholds; there is a row before every `1 << every`th.
    strikes: Vec<Strike<W>>,
    every: u32,
    rows: Vec<W>,
    /// Masks of a row: a multiple of [`LANES`].
    width: usize,
    /// The numbers of the leaves, `W::BITS` a tree.
    values: Vec<f64>,
}

/// The trees of a model.
#[derive(Debug)]
pub(super) enum Masks {
    /// At most 32 leaves a tree.
    Narrow(NarrowTable),
    /// At most 64.
    Wide(WideTable),
}

/// See [`Masks::Narrow`].
#[derive(Debug)]
pub(super) struct NarrowTable(Table<u32>);
/// See [`Masks::Wide`].
#[derive(Debug)]
pub(super) struct WideTable(Table<u64>);

impl Masks {
    /// Lay out the trees of `nodes`, one number a leaf; `None` where there are few trees, a tree is larger than a word, or a set is wide.
    pub fn new(nodes: &Nodes, features: usize, is_text: impl Fn(usize) -> bool) -> Option<Masks> {
        if nodes.roots().len() < FEW_TREES || !nodes.has_small_sets() {
            return None;
        }
        let (mut found, mut leaves) = (Vec::new(), Vec::new());
        for tree in 0..nodes.roots().len() {
            leaves.push(leaves::number(nodes, tree as u32, MOST_LEAVES, &mut found)?);
        }
        let most = leaves.iter().map(Vec::len).max().unwrap_or(0);
        Some(if most <= 32 {
            Masks::Narrow(NarrowTable(Table::new(&found, &leaves, features, is_text)))
        } else {
            Masks::Wide(WideTable(Table::new(&found, &leaves, features, is_text)))
        })
    }

    /// The sum of the leaves where a row ends, in lanes.
    #[inline]
    pub fn sums(&self, row: &[f64]) -> [f64; LANES] {
        ALIVE.with_borrow_mut(|(narrow, wide)| match self {
            Masks::Narrow(table) => table.0.sums(row, narrow),
            Masks::Wide(table) => table.0.sums(row, wide),
        })
    }

    /// Bytes of the layout.
    pub fn bytes(&self) -> usize {
        match self {
            Masks::Narrow(table) => table.0.bytes(),
            Masks::Wide(table) => table.0.bytes(),
        }
    }
}

impl<W: Word> Table<W> {
    fn new(found: &[Split], leaves: &[Vec<Leaf>], features: usize, is_text: impl Fn(usize) -> bool) -> Table<W> {
        let width = leaves.len().next_multiple_of(LANES);
        let mut values = vec![0.0; width * W::BITS];
        for (tree, leaves) in leaves.iter().enumerate() {
            values[tree * W::BITS..].iter_mut().zip(leaves).for_each(|(value, leaf)| *value = leaf.value);
        }
        let every = (found.len() * width * std::mem::size_of::<W>()).div_ceil(TABLE).max(1).next_power_of_two();
        let mut table = Table {
            features: Vec::new(),
            thresholds: Vec::new(),
            starts: Vec::new(),
            of_place: Vec::new(),
            strikes: Vec::new(),
            every: every.trailing_zeros(),
            rows: Vec::new(),
            width,
            values,
        };
        let mut by_feature: Vec<Vec<&Split>> = vec![Vec::new(); features];
        for split in found {
            if let Step::Split { feature, .. } = split.step {
                by_feature[feature].push(split);
            }
        }
        for (feature, splits) in by_feature.iter().enumerate().filter(|(_, splits)| !splits.is_empty()) {
            table.add(feature, is_text(feature), splits);
        }
        table.thresholds.shrink_to_fit();
        table.starts.shrink_to_fit();
        table.of_place.shrink_to_fit();
        table.strikes.shrink_to_fit();
        table.rows.shrink_to_fit();
        table
    }

    /// Add the splits of a feature.
    fn add(&mut self, feature: usize, is_text: bool, splits: &[&Split]) {
        let row = self.rows.len();
        let (starts, first_threshold) = (self.starts.len(), self.thresholds.len());
        let (first_place, first_strike) = (self.of_place.len(), self.strikes.len());
        let is_mask = |split: &&&Split| matches!(split.step, Step::Split { mask: Some(_), .. });
        let by_place = splits.iter().any(|split| is_mask(&split));
        let right_where = |test: &dyn Fn(&Step) -> bool, rows: &mut Vec<W>| {
            let start = rows.len();
            rows.resize(start + self.width, W::ALL);
            for split in splits.iter().filter(|split| test(&split.step)) {
                rows[start + split.tree as usize] &= W::without(split.from, split.to);
            }
        };
        right_where(&|step| matches!(step, Step::Split { missing_left: false, .. }), &mut self.rows);
        self.starts.push(0);
        if by_place {
            for place in 0..PLACES as u32 {
                right_where(&|step| !step.is_left(place), &mut self.rows);
            }
        } else {
            let threshold = |split: &Split| match split.step {
                Step::Split { threshold, .. } => threshold + 0.0,
                Step::Leaf { .. } => f64::NAN,
            };
            let mut ordered = splits.to_vec();
            ordered.sort_by(|a, b| threshold(a).total_cmp(&threshold(b)).then(a.tree.cmp(&b.tree)));
            let mut all = vec![W::ALL; self.width];
            for (i, split) in ordered.iter().enumerate() {
                if i % (1 << self.every) == 0 {
                    self.rows.extend_from_slice(&all);
                }
                if self.thresholds[first_threshold..].last() != Some(&threshold(split)) {
                    self.thresholds.push(threshold(split));
                    self.starts.push(0);
                }
                let strike = Strike { tree: split.tree, mask: W::without(split.from, split.to) };
                all[strike.tree as usize] &= strike.mask;
                self.strikes.push(strike);
                if let Some(start) = self.starts.last_mut() {
                    *start = i as u32 + 1;
                }
            }
            // Behind the last split, where everything is struck out that can be.
            self.rows.extend_from_slice(&all);
            if is_text {
                let thresholds = &self.thresholds[first_threshold..];
                let last = thresholds.last().map_or(0, |t| if *t < 0.0 { 0 } else { place_of(*t) + 1 });
                self.of_place.extend((0..=last).map(|place| below(thresholds, place_value(place)) as u32));
            }
        }
        self.features.push(Feature {
            feature,
            row,
            by_place,
            thresholds: first_threshold..self.thresholds.len(),
            starts,
            of_place: first_place..self.of_place.len(),
            strikes: first_strike..self.strikes.len(),
        });
    }

    #[inline]
    fn sums(&self, row: &[f64], alive: &mut Vec<W>) -> [f64; LANES] {
        #[cfg(target_arch = "x86_64")]
        {
            if matches!(level(), Level::Avx2 | Level::Avx512) {
                // SAFETY: a level is chosen only where the processor has its instructions.
                #[allow(unsafe_code)]
                return unsafe { self.sums_avx2(row, alive) };
            }
        }
        self.sums_with(row, alive)
    }

    /// The same, compiled for wider registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    #[cfg_attr(target_os = "linux", link_section = "orchard_row")]
    #[allow(unsafe_code)]
    fn sums_avx2(&self, row: &[f64], alive: &mut Vec<W>) -> [f64; LANES] {
        self.sums_with(row, alive)
    }

    #[inline(always)]
    fn sums_with(&self, row: &[f64], alive: &mut Vec<W>) -> [f64; LANES] {
        let width = self.width;
        alive.clear();
        alive.resize(width, W::ALL);
        let alive = &mut alive[..width];
        for feature in &self.features {
            let value = row[feature.feature];
            let (masks, rest) = self.masks(feature, value);
            alive.iter_mut().zip(masks).for_each(|(alive, mask)| *alive &= *mask);
            for strike in rest {
                alive[strike.tree as usize] &= strike.mask;
            }
        }
        let mut sums = [0.0; LANES];
        let (alive, _) = alive.as_chunks::<LANES>();
        let values = self.values.chunks_exact(W::BITS * LANES);
        for (alive, values) in alive.iter().zip(values) {
            for lane in 0..LANES {
                // The last leaf is never struck out, so there is a first.
                sums[lane] += values[lane * W::BITS + alive[lane].first() % W::BITS];
            }
        }
        sums
    }

    /// The row of masks of a value of a feature, and the splits to be applied besides.
    #[inline(always)]
    fn masks(&self, feature: &Feature, value: f64) -> (&[W], &[Strike<W>]) {
        let row = |index: usize| &self.rows[feature.row + index * self.width..][..self.width];
        if value.is_nan() {
            return (row(0), &[]);
        }
        if feature.by_place {
            return (row(1 + (place_of(value) as usize).min(PLACES - 1)), &[]);
        }
        let of_place = &self.of_place[feature.of_place.clone()];
        let below = match of_place.len() {
            0 => below(&self.thresholds[feature.thresholds.clone()], value),
            n => of_place[(place_of(value) as usize).min(n - 1)] as usize,
        };
        let strikes = &self.strikes[feature.strikes.clone()];
        let struck = self.starts[feature.starts + below] as usize;
        // The last row has all of them.
        let kept = (struck + if struck == strikes.len() { (1 << self.every) - 1 } else { 0 }) >> self.every;
        let from = (kept << self.every).min(struck);
        (row(1 + kept), &strikes[from..struck])
    }

    fn bytes(&self) -> usize {
        self.features.capacity() * std::mem::size_of::<Feature>()
            + self.thresholds.capacity() * 8
            + (self.starts.capacity() + self.of_place.capacity()) * 4
            + self.strikes.capacity() * std::mem::size_of::<Strike<W>>()
            + self.rows.capacity() * std::mem::size_of::<W>()
            + self.values.capacity() * 8
    }
}

/// The number of thresholds below a value: a search without a branch.
#[inline(always)]
fn below(thresholds: &[f64], value: f64) -> usize {
    let mut base = 0;
    let mut size = thresholds.len();
    while size > 1 {
        let half = size / 2;
        let middle = base + half;
        base = std::hint::select_unpredictable(thresholds[middle - 1] < value, middle, base);
        size -= half;
    }
    base + usize::from(thresholds.get(base).is_some_and(|t| *t < value))
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_search_counts_what_is_below() {
        for n in 0..70 {
            let thresholds: Vec<f64> = (0..n).map(f64::from).collect();
            for i in -1..2 * n + 2 {
                let value = f64::from(i) / 2.0;
                assert_eq!(below(&thresholds, value), thresholds.partition_point(|t| *t < value), "{n} {value}");
            }
            assert_eq!(below(&thresholds, f64::INFINITY), n as usize);
            assert_eq!(below(&thresholds, f64::NEG_INFINITY), 0);
        }
    }
}
