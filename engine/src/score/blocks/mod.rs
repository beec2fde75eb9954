//! Many rows, a tree at a time: a byte a row, and each split is asked of hundreds of rows by a few instructions.
//!
//! In a block of [`ROWS`] rows a number becomes the number of thresholds below it, so that a split is a comparison of bytes. The leaves
//! that a row can still reach are bits, as in [`super::masks`], in words of eight: a split strikes bits out of the words that its left
//! side reaches into, without a branch, for every row of the block. The first leaf that is left over is the row's. All splits of a tree
//! are asked, not only those on a row's way, but a register holds 64 rows. (RapidScorer, Ye et al. 2018, is near to this; it holds the
//! leaves in bytes too, but asks features in the order of their thresholds.)
//!
//! A byte tells apart 254 thresholds; trees that have more of one feature are parted into groups, each with bytes of its own.

mod kernel;

use super::leaves::{self, Leaf, Split};
use super::link::LANES;
use super::nodes::{place_of, Nodes, Step};
use crate::simd::Level;

/// Rows of a block.
pub(super) const ROWS: usize = 256;
/// The most thresholds of a feature in a group: their places, and one more, are below [`MISSING_RIGHT`].
const MOST_THRESHOLDS: usize = 254;
/// The bin of a missing value where that goes right.
pub(super) const MISSING_RIGHT: u8 = 255;
/// The most leaves of a tree: their numbers are bytes.
const MOST_LEAVES: usize = 256;
/// The fewest trees for which this pays.
const FEW_TREES: usize = 4;
/// The most numbers a leaf may hold, as sums are kept for a whole block.
const MOST_OUTPUTS: usize = 64;
/// The most planes of a group.
const MOST_PLANES: usize = 1 << 15;

/// A byte a row.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Plane([u8; ROWS]);

/// A number a row.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Sums([f64; ROWS]);

/// Strikes all bits but `keep` out where the byte of a row in plane `plane` is above `threshold`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strike {
    pub plane: u16,
    pub threshold: u8,
    pub keep: u8,
}

/// Strikes all bits but `keep` out where a row has no bit in any of some planes.
#[derive(Debug, Clone, Copy)]
pub(super) struct SetStrike {
    /// How many of the group's `hits` belong to it.
    pub hits: u8,
    pub keep: u8,
}

/// Bits of a plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub plane: u16,
    pub bits: u8,
}

/// Eight leaves of a tree: how many strikes of either kind there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub strikes: u32,
    pub sets: u32,
}

/// A tree: its words, the last first, and room for its leaves, a power of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub words: u8,
    pub leaves: u16,
    /// The first of the outputs of which it speaks, and how many they are.
    pub output: u16,
    pub outputs: u16,
}

/// The thresholds of a feature, ascending, each once, then infinities; and every 16th of them.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Thresholds {
    pub all: [f64; 256],
    pub pivots: [f64; 16],
    /// Halvings of a search that finds every one of them.
    steps: u32,
}

impl Thresholds {
    fn new(thresholds: &[f64]) -> Thresholds {
        let mut all = [f64::INFINITY; 256];
        all.iter_mut().zip(thresholds).for_each(|(to, from)| *to = *from);
        let steps = usize::BITS - thresholds.len().leading_zeros();
        Thresholds { pivots: std::array::from_fn(|i| all[i * 16 + 15]), all, steps }
    }

    /// The number of thresholds below each value: a search without a branch.
    fn count(&self, values: &[f64], bins: &mut [u8; ROWS]) {
        match self.steps {
            0..=4 => count::<4>(&self.all, values, bins),
            5 | 6 => count::<6>(&self.all, values, bins),
            7 => count::<7>(&self.all, values, bins),
            _ => count::<8>(&self.all, values, bins),
        }
    }
}

/// See [`Thresholds::count`]; there are less than 2^STEPS of them.
fn count<const STEPS: u32>(table: &[f64; 256], values: &[f64], bins: &mut [u8; ROWS]) {
    for (bin, &value) in bins.iter_mut().zip(values) {
        let mut at = 0;
        for step in (0..STEPS).rev() {
            let half = 1usize << step;
            at += half * usize::from(table[(at + half - 1) % 256] < value);
        }
        *bin = at as u8;
    }
}

/// How the values of a feature become bytes.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub feature: usize,
    pub thresholds: Thresholds,
    /// The plane where a missing value goes left.
    pub left: Option<u16>,
    /// The plane where a missing value goes right.
    pub right: Option<u16>,
    /// The first of the planes of a bit a place.
    pub bits: u16,
    /// Places that have a bit; behind them is that of a missing value.
    pub places: Option<u8>,
}

/// Trees that share the bytes of their rows.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub columns: Vec<Column>,
    pub planes: usize,
    pub trees: Vec<Tree>,
    pub words: Vec<Word>,
    pub strikes: Vec<Strike>,
    pub sets: Vec<SetStrike>,
    pub hits: Vec<Hit>,
    /// The numbers of the leaves, tree by tree, output by output.
    pub values: Vec<f64>,
}

/// All trees of a model.
#[derive(Debug)]
pub(super) struct Blocks {
    pub groups: Vec<Group>,
    outputs: usize,
    planes: usize,
}

/// What a block needs while it is scored.
#[derive(Debug)]
pub(super) struct Space {
    planes: Vec<Plane>,
    /// The lanes of each output.
    sums: Vec<Sums>,
}

impl Blocks {
    /// Lay out the trees of `nodes`, `outputs` numbers a leaf; `None` where there are few trees, a tree has too many leaves, or a set is wide.
    pub fn new(nodes: &Nodes, outputs: usize, features: usize) -> Option<Blocks> {
        if nodes.roots().len() < FEW_TREES || !nodes.has_small_sets() || outputs > MOST_OUTPUTS {
            return None;
        }
        let mut blocks = Blocks { groups: Vec::new(), outputs, planes: 0 };
        let mut draft = Draft::new(features, 0);
        for tree in 0..nodes.roots().len() as u32 {
            let mut splits = Vec::new();
            let leaves = leaves::number(nodes, tree, MOST_LEAVES, &mut splits)?;
            if !draft.has_room(&splits) {
                blocks.add(&std::mem::replace(&mut draft, Draft::new(features, tree as usize)), nodes)?;
            }
            draft.add(splits, leaves)?;
        }
        blocks.add(&draft, nodes)?;
        Some(blocks)
    }

    fn add(&mut self, draft: &Draft, nodes: &Nodes) -> Option<()> {
        let group = draft.finish(nodes, self.outputs)?;
        self.planes = self.planes.max(group.planes);
        self.groups.push(group);
        Some(())
    }

    /// Room for a block.
    pub fn space(&self) -> Space {
        let sums = vec![Sums([0.0; ROWS]); self.outputs * LANES];
        Space { planes: vec![Plane([0; ROWS]); self.planes], sums }
    }

    /// Sum the leaves of at most [`ROWS`] rows, all of `columns`, and hand each row's lanes to `take`, output by output.
    pub fn sums(
        &self,
        level: Level,
        columns: &[&[f64]],
        space: &mut Space,
        mut take: impl FnMut(usize, usize, [f64; LANES]),
    ) {
        let Space { planes, sums } = space;
        sums.iter_mut().for_each(|s| s.0.fill(0.0));
        let mut first = 0;
        for group in &self.groups {
            group.columns.iter().for_each(|column| column.put(level, columns[column.feature], planes));
            kernel::run(level, group, planes, sums, first);
            first += group.trees.len();
        }
        let rows = columns.first().map_or(0, |c| c.len());
        for (output, lanes) in sums.chunks_exact(LANES).enumerate() {
            for row in 0..rows {
                take(row, output, std::array::from_fn(|lane| lanes[lane].0[row]));
            }
        }
    }

    /// Bytes of the layout.
    pub fn bytes(&self) -> usize {
        let group = |g: &Group| {
            let columns = g.columns.capacity() * std::mem::size_of::<Column>();
            columns
                + g.trees.capacity() * std::mem::size_of::<Tree>()
                + (g.words.capacity() + g.values.capacity()) * 8
                + (g.strikes.capacity() + g.hits.capacity()) * 4
                + g.sets.capacity() * 2
        };
        self.groups.iter().map(group).sum()
    }
}

impl Column {
    /// Turn the values of a block into bytes.
    fn put(&self, level: Level, values: &[f64], planes: &mut [Plane]) {
        if let Some(places) = self.places {
            self.put_bits(values, places, planes);
        }
        if self.left.is_none() && self.right.is_none() {
            return;
        }
        let mut bins = [0u8; ROWS];
        kernel::count(level, &self.thresholds, values, &mut bins);
        if let Some(right) = self.right {
            let plane = &mut planes[usize::from(right)].0;
            for ((byte, &bin), value) in plane.iter_mut().zip(&bins).zip(values) {
                *byte = if value.is_nan() { MISSING_RIGHT } else { bin };
            }
        }
        if let Some(left) = self.left {
            // Nothing is below what is missing, so its bin is 0.
            planes[usize::from(left)].0 = bins;
        }
    }

    /// One bit a row, in the plane and at the place of its value; none where no set asks for it.
    fn put_bits(&self, values: &[f64], places: u8, planes: &mut [Plane]) {
        let count = usize::from(places) / 8 + 1;
        let planes = &mut planes[usize::from(self.bits)..][..count];
        planes.iter_mut().for_each(|plane| plane.0.fill(0));
        for (row, &value) in values.iter().enumerate() {
            if let Some((plane, bit)) = bit_of(value, places) {
                planes[plane].0[row] = bit;
            }
        }
    }
}

/// The plane, behind the first of its column, and the bit of a value that is one of so many places or missing.
#[inline(always)]
pub(super) fn bit_of(value: f64, places: u8) -> Option<(usize, u8)> {
    let place = if value.is_nan() { usize::from(places) } else { place_of(value) as usize };
    (place < usize::from(places) || value.is_nan()).then_some((place / 8, 1 << (place % 8)))
}

/// What trees of a group ask of a feature.
#[derive(Clone, Default)]
struct Asked {
    thresholds: Vec<f64>,
    /// Whether a missing value goes left at some threshold.
    left: bool,
    /// Whether it goes right at some threshold.
    right: bool,
    masks: bool,
    /// The bits of all masks.
    mask: u64,
}

/// A group that is being filled.
struct Draft {
    asked: Vec<Asked>,
    /// The first of its trees among all.
    first: usize,
    trees: Vec<(Vec<Split>, Vec<Leaf>)>,
}

impl Draft {
    fn new(features: usize, first: usize) -> Draft {
        Draft { asked: vec![Asked::default(); features], first, trees: Vec::new() }
    }

    /// Whether one more tree keeps every feature within [`MOST_THRESHOLDS`].
    fn has_room(&self, splits: &[Split]) -> bool {
        let mut new: Vec<(usize, f64)> = splits.iter().filter_map(threshold).collect();
        new.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        new.dedup();
        let is_new = |&(feature, value): &(usize, f64)| find(&self.asked[feature].thresholds, value).is_err();
        let mut counts = vec![0; self.asked.len()];
        new.iter().filter(|t| is_new(t)).for_each(|t| counts[t.0] += 1);
        self.asked.iter().zip(counts).all(|(asked, new)| asked.thresholds.len() + new <= MOST_THRESHOLDS)
    }

    /// Add a tree; `None` where it has too many thresholds of a feature for any group.
    fn add(&mut self, splits: Vec<Split>, leaves: Vec<Leaf>) -> Option<()> {
        for split in &splits {
            let Step::Split { feature, missing_left, mask, .. } = split.step else { continue };
            let asked = &mut self.asked[feature];
            if let Some(mask) = mask {
                asked.masks = true;
                asked.mask |= mask;
            } else if let Some((_, value)) = threshold(split) {
                asked.left |= missing_left;
                asked.right |= !missing_left;
                if let Err(at) = find(&asked.thresholds, value) {
                    asked.thresholds.insert(at, value);
                }
            }
        }
        self.trees.push((splits, leaves));
        self.asked.iter().all(|asked| asked.thresholds.len() <= MOST_THRESHOLDS).then_some(())
    }

    /// The group; `None` where it has too many planes.
    fn finish(&self, nodes: &Nodes, outputs: usize) -> Option<Group> {
        let mut group = Group::default();
        let mut columns: Vec<Option<usize>> = vec![None; self.asked.len()];
        let asked = self.asked.iter().enumerate().filter(|(_, asked)| asked.left || asked.right || asked.masks);
        for (feature, asked) in asked {
            columns[feature] = Some(group.columns.len());
            let mut planes = |count: usize| {
                let first = group.planes;
                group.planes += count;
                first as u16
            };
            let (left, right) = (asked.left.then(|| planes(1)), asked.right.then(|| planes(1)));
            // A mask has at most 64 bits.
            let places = asked.masks.then(|| (u64::BITS - asked.mask.leading_zeros()) as u8);
            let bits = places.map_or(0, |places| planes(usize::from(places) / 8 + 1));
            let thresholds = Thresholds::new(&asked.thresholds);
            group.columns.push(Column { feature, thresholds, left, right, bits, places });
            if group.planes > MOST_PLANES {
                return None;
            }
        }
        for (i, (splits, leaves)) in self.trees.iter().enumerate() {
            let words = leaves.len().div_ceil(8).max(1);
            let asks: Vec<Ask> = splits.iter().map(|split| self.ask(&group, &columns, split)).collect();
            // A tree's words lie in the order in which they are asked, so that the first leaf overrules the later ones.
            for word in (0..words).rev() {
                add_word(&mut group, splits, &asks, word * 8);
            }
            let room = leaves.len().next_power_of_two().max(8);
            let tree = self.first + i;
            let of = nodes.output_of(tree).map_or(0..outputs, |output| output..output + 1);
            let (words, leaves_of) = (words as u8, room as u16);
            let (output, count) = (of.start as u16, of.len() as u16);
            group.trees.push(Tree { words, leaves: leaves_of, output, outputs: count });
            for output in of {
                let end = group.values.len() + room;
                let number = |leaf: &Leaf| match outputs {
                    1 => leaf.value,
                    _ => nodes.answer_of(tree, leaf.start as usize, outputs).at(output),
                };
                group.values.extend(leaves.iter().map(number));
                group.values.resize(end, 0.0);
            }
        }
        Some(group)
    }

    /// What a split asks of the bytes of a row.
    fn ask(&self, group: &Group, columns: &[Option<usize>], split: &Split) -> Ask {
        let Step::Split { feature, missing_left, mask, .. } = split.step else { return Ask::Nothing };
        let Some(column) = columns[feature].map(|c| &group.columns[c]) else { return Ask::Nothing };
        if let (Some(mask), Some(places)) = (mask, column.places) {
            let mut planes = [0u8; 9];
            planes[..8].copy_from_slice(&mask.to_le_bytes());
            if missing_left {
                planes[usize::from(places) / 8] |= 1 << (places % 8);
            }
            return Ask::Bits { first: column.bits, planes };
        }
        let value = threshold(split).map_or(0.0, |(_, value)| value);
        let threshold = find(&self.asked[feature].thresholds, value).unwrap_or_default() as u8;
        Ask::Below { plane: if missing_left { column.left } else { column.right }.unwrap_or_default(), threshold }
    }
}

/// What a split asks of the bytes of a row.
enum Ask {
    Nothing,
    /// Whether one is above a threshold.
    Below {
        plane: u16,
        threshold: u8,
    },
    /// Whether some planes have none of some bits.
    Bits {
        first: u16,
        planes: [u8; 9],
    },
}

/// Add what the splits of a tree strike out of eight leaves.
fn add_word(group: &mut Group, splits: &[Split], asks: &[Ask], first: usize) {
    let (strikes, sets) = (group.strikes.len(), group.sets.len());
    for (split, ask) in splits.iter().zip(asks).filter(|(split, _)| split.from < first + 8 && first < split.to) {
        let struck = (split.from.max(first) - first)..(split.to.min(first + 8) - first);
        let keep = !((0xffu16 << struck.start) & !(0xffff << struck.end)) as u8;
        match ask {
            Ask::Nothing => {}
            &Ask::Below { plane, threshold } => group.strikes.push(Strike { plane, threshold, keep }),
            Ask::Bits { first, planes } => {
                let before = group.hits.len();
                let hits = planes.iter().enumerate().filter(|(_, bits)| **bits != 0);
                group.hits.extend(hits.map(|(plane, bits)| Hit { plane: first + plane as u16, bits: *bits }));
                group.sets.push(SetStrike { hits: (group.hits.len() - before) as u8, keep });
            }
        }
    }
    let (strikes, sets) = (group.strikes.len() - strikes, group.sets.len() - sets);
    group.words.push(Word { strikes: strikes as u32, sets: sets as u32 });
}

/// Feature and threshold of a split that is no set; the two zeros are one.
fn threshold(split: &Split) -> Option<(usize, f64)> {
    match split.step {
        Step::Split { feature, mask: None, threshold, .. } => Some((feature, threshold + 0.0)),
        _ => None,
    }
}

fn find(thresholds: &[f64], value: f64) -> Result<usize, usize> {
    thresholds.binary_search_by(|t| t.total_cmp(&value))
}
