//! Growing one tree: rows are parted in place, until a node may not or need not be split.
//!
//! Columns are read in the order of rows while nodes are large. When the rows of a node fit the second cache, their codes are copied side
//! by side and the whole branch is grown from the copy.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::draw::Draws;
use super::oob::{Step, Walk};
use super::split::{Cut, Split};
use super::sums::Item;
use super::{bytes, ForestParams};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::bin::BinnedFeature;
use crate::learn::random::Random;
use crate::learn::tree::DEEPEST;
use crate::model::{CategorySet, Trees};

/// The most rows of a branch that is grown from a copy.
const BRANCH_ROWS: usize = 1 << 14;
/// The most codes of such a copy.
const BRANCH_CODES: usize = 1 << 19;
/// With more features, a branch looks at too few of them for a copy to be worth while.
const MOST_COPIED: usize = 128;
/// Steps of work between two looks whether to go on.
const STEPS: usize = 1 << 18;

/// Bytes of a node as it is kept: 8 for each f64 and u64, 4 for each u32, 1 for the bool.
const NODE_BYTES: usize = 49;
/// Bytes that are counted at a time.
const COUNTED: usize = 1 << 16;

/// What is known of a node before its split is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Drawn rows.
    pub rows: u64,
    /// The weight with that of the classes.
    pub weight: f64,
    /// The weight without.
    pub cover: f64,
    /// Whether all its rows say the same.
    pub pure: bool,
    /// The fewest drawn rows of a child.
    pub least: u64,
}

/// A feature at a node.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    pub index: u32,
    pub feature: &'a BinnedFeature,
    /// Codes by the index of an item.
    pub codes: &'a [u8],
}

/// Looks for splits of one node after the other.
pub(super) trait Search: Sized {
    type Item: Item;

    /// A row that was drawn `times`.
    fn item(&self, row: u32, times: u8) -> Self::Item;
    /// Go to a node.
    fn enter(&mut self, items: &[Self::Item]) -> Node;
    /// Append what a leaf answers, where the node is one.
    fn values(&self, items: &[Self::Item], out: &mut Vec<f64>);
    /// The split of the node by a feature.
    fn try_feature(
        &mut self,
        column: Column<'_>,
        items: &[Self::Item],
        node: &Node,
        random: &mut Random,
    ) -> Option<Split>;
    /// By how much a split of the node lowers the impurity times the weight.
    fn gain(&self, gain: f64) -> f64;
}

/// What all trees have in common.
pub(super) struct Plan<'a> {
    pub features: &'a [BinnedFeature],
    pub columns: Vec<&'a [u8]>,
    /// The bins of each feature, that of missing values included.
    pub bins: Vec<usize>,
    /// The codes row by row; empty where there are too many features.
    matrix: Vec<u8>,
    pub params: &'a ForestParams,
    tries: usize,
    least: u64,
}

impl<'a> Plan<'a> {
    pub fn new(
        features: &'a [BinnedFeature],
        tries: usize,
        least: u64,
        params: &'a ForestParams,
        rows: usize,
        control: &Control,
    ) -> Result<Plan<'a>> {
        let columns = features.iter().map(bytes).collect::<Result<Vec<_>>>()?;
        let mut matrix = Vec::new();
        if (1..=MOST_COPIED).contains(&columns.len()) {
            matrix = control.vec(rows * columns.len())?;
            for row in 0..rows {
                if row % STEPS == 0 {
                    control.check()?;
                }
                matrix.extend(columns.iter().map(|c| c[row]));
            }
        }
        let bins = features.iter().map(BinnedFeature::bins).collect();
        Ok(Plan { features, columns, bins, matrix, params, tries, least })
    }

    /// The codes of a row, if they lie side by side.
    pub fn row(&self, row: usize) -> Option<&[u8]> {
        let width = self.columns.len();
        self.matrix.get(row * width..(row + 1) * width)
    }

    pub fn release(self, control: &Control) {
        control.release_vec(self.matrix);
    }
}

/// A grown tree.
pub(super) struct Grown {
    pub trees: Trees,
    pub walk: Walk,
}

/// A node that will be split, by gain and then by age.
struct Candidate {
    gain: f64,
    node: usize,
    range: Range<usize>,
    depth: u32,
    split: Split,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// Nodes that will be split: the youngest first, or the one that gains most.
enum Frontier {
    Youngest(Vec<Candidate>),
    Best(BinaryHeap<Candidate>),
}

impl Frontier {
    fn push(&mut self, candidate: Candidate) {
        match self {
            Frontier::Youngest(stack) => stack.push(candidate),
            Frontier::Best(heap) => heap.push(candidate),
        }
    }

    fn pop(&mut self) -> Option<Candidate> {
        match self {
            Frontier::Youngest(stack) => stack.pop(),
            Frontier::Best(heap) => heap.pop(),
        }
    }
}

/// Where the codes of the items lie.
#[derive(Clone, Copy, PartialEq)]
enum Space {
    /// In the columns of all rows.
    Whole,
    /// In the copy, with so many rows.
    Branch(usize),
}

/// The memory of a thread that grows trees one after the other.
pub(super) struct Grower<'a, S: Search> {
    plan: &'a Plan<'a>,
    draws: &'a Draws,
    control: &'a Control,
    search: S,
    random: Random,
    drawn: Vec<u8>,
    items: Vec<S::Item>,
    spare: Vec<S::Item>,
    copy: Vec<u8>,
    /// The features; those of a node are drawn to the front.
    order: Vec<u32>,
    trees: Trees,
    walk: Walk,
    leaves: u64,
    /// The weight of the root.
    whole: f64,
    /// Work since the last look whether to go on.
    work: usize,
    /// Bytes of the tree: counted, and to be counted.
    counted: usize,
    due: usize,
}

impl<'a, S: Search> Grower<'a, S> {
    pub fn new(plan: &'a Plan<'a>, search: S, draws: &'a Draws, control: &'a Control) -> Result<Self> {
        let rows = draws.rows;
        let mut drawn = control.vec(rows)?;
        drawn.resize(rows, 0);
        let items = control.vec(rows)?;
        let mut spare = control.vec(rows)?;
        spare.resize(rows, S::Item::default());
        let width = plan.columns.len();
        let copy_size = if plan.matrix.is_empty() { 0 } else { width * branch_rows(width).min(rows) };
        let mut copy = control.vec(copy_size)?;
        copy.resize(copy_size, 0);
        Ok(Grower {
            plan,
            draws,
            control,
            search,
            random: draws.random(0),
            drawn,
            items,
            spare,
            copy,
            order: (0..width as u32).collect(),
            trees: Trees::default(),
            walk: Walk::default(),
            leaves: 0,
            whole: 0.0,
            work: 0,
            counted: 0,
            due: 0,
        })
    }

    /// How often the last tree saw each row.
    pub fn drawn(&self) -> &[u8] {
        &self.drawn
    }

    pub fn release(self) {
        self.control.release_vec(self.drawn);
        self.control.release_vec(self.items);
        self.control.release_vec(self.spare);
        self.control.release_vec(self.copy);
    }

    /// Grow a tree.
    pub fn grow(&mut self, tree: usize) -> Result<Grown> {
        self.random = self.draws.random(tree);
        self.draws.draw(&mut self.random, &mut self.drawn);
        self.control.check()?;
        self.items.clear();
        for (row, &times) in self.drawn.iter().enumerate() {
            if times > 0 {
                self.items.push(self.search.item(row as u32, times));
            }
        }
        let (drawn, least) = (self.items.len(), self.plan.params.min_group);
        if (drawn as u64) < least {
            return Err(Error::data(
                format!("a tree draws {drawn} different rows, fewer than \"min_group\" {least}"),
                "Give more rows, a larger \"max_samples\", \"bootstrap\": false or a smaller \"min_group\".",
            ));
        }
        self.order.iter_mut().enumerate().for_each(|(i, f)| *f = i as u32);
        self.trees = Trees { roots: vec![0], ..Trees::default() };
        self.walk = Walk::default();
        self.leaves = 1;
        let all = 0..self.items.len();
        self.node()?;
        self.whole = self.search.enter(&self.items).weight;
        self.start(0, all, 0)?;
        let mut trees = std::mem::take(&mut self.trees);
        shrink(&mut trees);
        self.control.release(std::mem::take(&mut self.counted));
        self.due = 0;
        self.control.reserve(tree_bytes(&trees))?;
        Ok(Grown { trees, walk: std::mem::take(&mut self.walk) })
    }

    /// Grow from a node of the whole, in a copy if it is small enough.
    fn start(&mut self, node: usize, range: Range<usize>, depth: u32) -> Result<()> {
        let best_first = self.plan.params.max_leaf_nodes.is_some();
        let space = if self.fits(range.len()) { self.copy_branch(range.clone()) } else { Space::Whole };
        let mut frontier = if best_first { Frontier::Best(BinaryHeap::new()) } else { Frontier::Youngest(Vec::new()) };
        self.consider(space, node, range, depth, &mut frontier)?;
        let most = self.plan.params.max_leaf_nodes.map_or(u64::MAX, u64::from);
        while self.leaves < most {
            let Some(Candidate { node, range, depth, split, gain }) = frontier.pop() else { break };
            self.leaves += 1;
            let (middle, left) = self.divide(space, node, range.clone(), &split, gain)?;
            for (child, range) in [(left, range.start..middle), (left + 1, middle..range.end)] {
                if space == Space::Whole && !best_first && self.fits(range.len()) {
                    // Once: a branch has no branches.
                    self.start(child, range, depth + 1)?;
                } else {
                    self.consider(space, child, range, depth + 1, &mut frontier)?;
                }
            }
        }
        while let Some(Candidate { node, range, .. }) = frontier.pop() {
            self.search.enter(&self.items[range.clone()]);
            self.leaf(node, range)?;
        }
        Ok(())
    }

    /// Whether a node of so many rows is grown from a copy.
    fn fits(&self, rows: usize) -> bool {
        !self.plan.matrix.is_empty() && rows <= branch_rows(self.plan.columns.len())
    }

    /// Copy the codes of a branch, column by column; its items get new indexes.
    fn copy_branch(&mut self, range: Range<usize>) -> Space {
        let rows = range.len();
        let copy = &mut self.copy[..rows * self.plan.columns.len()];
        for (i, item) in self.items[range].iter_mut().enumerate() {
            if let Some(codes) = self.plan.row(item.row()) {
                copy[i..].iter_mut().step_by(rows).zip(codes).for_each(|(to, &code)| *to = code);
            }
            *item = item.at(i as u32);
        }
        Space::Branch(rows)
    }

    /// Look for the split of a node; without one it is a leaf.
    fn consider(
        &mut self,
        space: Space,
        node: usize,
        range: Range<usize>,
        depth: u32,
        frontier: &mut Frontier,
    ) -> Result<()> {
        let params = self.plan.params;
        let mut found = self.search.enter(&self.items[range.clone()]);
        found.least = self.plan.least;
        self.trees.cover[node] = found.cover;
        self.trees.rows[node] = found.rows;
        let splittable = depth < params.max_depth.min(DEEPEST)
            && found.rows >= params.min_samples_split.max(2)
            && found.rows >= 2 * found.least
            && !found.pure;
        let split = if splittable { self.find_apart(space, range.clone(), found)? } else { None };
        let split = split.map(|s| (self.search.gain(s.gain), s)).filter(|(gain, _)| {
            params.min_impurity_decrease <= 0.0 || gain / self.whole >= params.min_impurity_decrease
        });
        match split {
            Some((gain, split)) => frontier.push(Candidate { gain, node, range, depth, split }),
            None => self.leaf(node, range)?,
        }
        Ok(())
    }

    /// The best split whose sides have rows of enough people each. A row that was drawn several times is one: as long as a side has too few, drawn
    /// rows are asked for in larger numbers.
    fn find_apart(&mut self, space: Space, range: Range<usize>, mut node: Node) -> Result<Option<Split>> {
        let least = self.plan.params.min_group;
        loop {
            let split = self.find(space, range.clone(), &node)?;
            let Some(split) = split else { return Ok(None) };
            if least <= 1 {
                return Ok(Some(split));
            }
            let left = self.count_left(space, range.clone(), &split) as u64;
            if left >= least && range.len() as u64 - left >= least {
                return Ok(Some(split));
            }
            node.least += node.least / 2 + 1;
            if node.rows < 2 * node.least {
                return Ok(None);
            }
        }
    }

    /// The rows of a node, each once, that a split sends left.
    fn count_left(&self, space: Space, range: Range<usize>, split: &Split) -> usize {
        let feature = split.feature as usize;
        let binned = &self.plan.features[feature];
        let table = split.cut(binned).table(binned.bins(), split.missing_left);
        let codes = self.codes(space, feature);
        self.items[range].iter().filter(|item| table[usize::from(codes[item.row()])]).count()
    }

    /// The codes of a feature where the items lie.
    fn codes(&self, space: Space, feature: usize) -> &[u8] {
        match space {
            Space::Whole => self.plan.columns[feature],
            Space::Branch(rows) => &self.copy[feature * rows..(feature + 1) * rows],
        }
    }

    /// The best split by features that are drawn; more than asked for are tried only while none parts the rows.
    fn find(&mut self, space: Space, range: Range<usize>, node: &Node) -> Result<Option<Split>> {
        let Grower { plan, search, random, items, copy, order, .. } = self;
        let items = &items[range];
        let count = order.len();
        let mut best: Option<Split> = None;
        for tried in 0..count {
            if tried >= plan.tries && best.is_some() {
                break;
            }
            if plan.tries < count {
                order.swap(tried, tried + random.below(count - tried));
            }
            let index = order[tried];
            let feature = index as usize;
            let codes = match space {
                Space::Whole => plan.columns[feature],
                Space::Branch(rows) => &copy[feature * rows..(feature + 1) * rows],
            };
            let column = Column { index, feature: &plan.features[feature], codes };
            best = match (best, search.try_feature(column, items, node, random)) {
                (Some(a), Some(b)) => Some(if b.gain > a.gain { b } else { a }),
                (a, b) => a.or(b),
            };
            self.work += items.len() + 64;
            if self.work > STEPS {
                self.work = 0;
                self.control.check()?;
            }
        }
        Ok(best)
    }

    /// Split a node: its rows that go left come first, each side in its old order. Returns where the right ones start, and the left child.
    fn divide(
        &mut self,
        space: Space,
        node: usize,
        range: Range<usize>,
        split: &Split,
        gain: f64,
    ) -> Result<(usize, usize)> {
        let feature = split.feature as usize;
        let binned = &self.plan.features[feature];
        let cut = split.cut(binned);
        let table = cut.table(binned.bins(), split.missing_left);
        let codes = match space {
            Space::Whole => self.plan.columns[feature],
            Space::Branch(rows) => &self.copy[feature * rows..(feature + 1) * rows],
        };
        let items = &mut self.items[range.clone()];
        let spare = &mut self.spare[..items.len()];
        let (mut left, mut right) = (0, 0);
        for i in 0..items.len() {
            let item = items[i];
            let to_left = table[usize::from(codes[item.row()])];
            // Both are written and one counts, so that nothing depends on a guess.
            items[left] = item;
            spare[right] = item;
            left += usize::from(to_left);
            right += usize::from(!to_left);
        }
        items[left..].copy_from_slice(&spare[..right]);
        let child = self.node()?;
        self.node()?;
        let trees = &mut self.trees;
        trees.feature[node] = split.feature;
        trees.left[node] = child as u32;
        trees.right[node] = child as u32 + 1;
        trees.missing_left[node] = split.missing_left;
        trees.gain[node] = gain / self.whole;
        let mut step = Step { feature: split.feature, child: child as u32, ..Step::default() };
        step.missing_left = split.missing_left;
        match cut {
            Cut::Number { last, threshold } => {
                trees.threshold[node] = threshold;
                step.last = last;
            }
            Cut::Category(bits) => {
                let used = bits.iter().rposition(|w| *w != 0).map_or(0, |i| i + 1);
                trees.sets.push(CategorySet { start: trees.words.len() as u32, len: used as u32 });
                trees.words.extend_from_slice(&bits[..used]);
                trees.set[node] = trees.sets.len() as u32;
                step.set = trees.sets.len() as u32;
            }
        }
        self.walk.steps[node] = step;
        Ok((range.start + left, child))
    }

    /// Make the node a leaf. The search is at it.
    fn leaf(&mut self, node: usize, range: Range<usize>) -> Result<()> {
        let start = self.trees.values.len();
        self.trees.left[node] = start as u32;
        self.search.values(&self.items[range], &mut self.trees.values);
        self.count(8 * (self.trees.values.len() - start))
    }

    /// Count bytes that a tree grows by, many at a time.
    fn count(&mut self, bytes: usize) -> Result<()> {
        self.due += bytes;
        if self.due >= COUNTED {
            self.control.reserve(self.due)?;
            self.counted += std::mem::take(&mut self.due);
        }
        Ok(())
    }

    /// Add a node, a leaf for now.
    fn node(&mut self) -> Result<usize> {
        self.count(NODE_BYTES + std::mem::size_of::<Step>())?;
        let node = self.trees.add_node();
        self.walk.steps.push(Step::default());
        Ok(node)
    }
}

/// The most rows of a branch that is grown from a copy, by the number of features.
fn branch_rows(features: usize) -> usize {
    BRANCH_ROWS.min(BRANCH_CODES / features.max(1))
}

/// Bytes of a tree as it is kept.
pub(in crate::learn) fn tree_bytes(trees: &Trees) -> usize {
    NODE_BYTES * trees.nodes() + 8 * (trees.values.len() + trees.words.len() + trees.sets.len())
}

/// Give back what vectors have taken in advance.
fn shrink(trees: &mut Trees) {
    trees.feature.shrink_to_fit();
    trees.threshold.shrink_to_fit();
    trees.left.shrink_to_fit();
    trees.right.shrink_to_fit();
    trees.missing_left.shrink_to_fit();
    trees.set.shrink_to_fit();
    trees.cover.shrink_to_fit();
    trees.rows.shrink_to_fit();
    trees.gain.shrink_to_fit();
    trees.values.shrink_to_fit();
    trees.words.shrink_to_fit();
    trees.sets.shrink_to_fit();
}
