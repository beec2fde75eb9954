//! Trees laid out for walking: 16 bytes a node, children side by side, the answers of a single tree made beforehand.

use std::cell::RefCell;

use super::link::{finish, join, respond, Answer, LANES};
use super::places::{Layout, Set};
use crate::model::{Curve, Leaf, Task, Trees, LEAF};

/// A node, made at load so that a step touches one cache line.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The bits of the threshold; for a set of at most 64 places a bit each; for a wider one its first word (low half) and number
    /// of words (high half); for a leaf of one output the bits of its number.
    bits: u64,
    /// The feature, and flags above it.
    key: u32,
    /// The left child, with the right one after it; for a leaf its first number in `values`.
    next: u32,
}

/// What a node says, for other layouts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The answer: the bits of its first number, and where its numbers start.
    Leaf {
        /// Bits of the first number.
        value: u64,
        /// Where the numbers start.
        start: u32,
    },
    /// A split.
    Split {
        /// What it looks at.
        feature: usize,
        /// Whether a missing value goes left.
        missing_left: bool,
        /// The places that go left, a bit each; `None` where the threshold decides.
        mask: Option<u64>,
        /// What the value in a row is compared with.
        threshold: f64,
        /// The left child, with the right one after it.
        left: u32,
    },
}

impl Step {
    /// Whether a place goes left.
    pub fn is_left(&self, place: u32) -> bool {
        match self {
            Step::Split { mask: Some(mask), .. } => mask >> (place % 64) & 1 == 1,
            Step::Split { threshold, .. } => place_value(place) <= *threshold,
            Step::Leaf { .. } => true,
        }
    }
}

const IS_LEAF: u32 = 1 << 31;
const IS_MASK: u32 = 1 << 30;
const IS_WIDE: u32 = 1 << 29;
const MISSING_LEFT: u32 = 1 << 28;
const FEATURE: u32 = MISSING_LEFT - 1;

/// Trees that are walked at a time.
const SIDE_BY_SIDE: usize = 8;

/// 2^52. A place stands in a row as this plus the place, a number whose low bits are the place: it is compared as it is and read as a
/// bit number without a conversion.
const FIRST_PLACE: f64 = 4_503_599_627_370_496.0;

/// What stands in a row for a place.
#[inline]
pub(super) fn place_value(place: u32) -> f64 {
    f64::from_bits(FIRST_PLACE.to_bits() | u64::from(place))
}

/// The place that stands in a row so.
#[inline]
pub(super) fn place_of(value: f64) -> u32 {
    value.to_bits() as u32
}

thread_local! {
    /// Sums of models of more than two classes; kept so that a row costs no allocation.
    static SUMS: RefCell<Vec<[f64; LANES]>> = const { RefCell::new(Vec::new()) };
}

/// The one output of a tree, or [`ALL`]: so the finished answers of a single tree are.
fn output_of(trees: &Trees, tree: usize) -> u32 {
    let one = trees.output_of(tree).filter(|_| trees.roots.len() > 1);
    one.map_or(ALL, |output| output as u32)
}

/// What kinds of split there are in a layout, so that a walk need not ask.
const NUMBERS: u8 = 0;
const MASKS: u8 = 1;
const WIDE: u8 = 2;

/// Stands for all outputs.
const ALL: u32 = u32::MAX;

/// All trees of a model.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// The one output of each tree, or [`ALL`].
    of: Vec<u32>,
    /// The numbers of the leaves; of a single tree the finished answers.
    values: Vec<f64>,
    /// The bits of wide sets.
    words: Vec<u64>,
    /// [`NUMBERS`], [`MASKS`] or [`WIDE`].
    splits: u8,
    answer: Answer,
    /// What calibrates the outputs.
    curves: Vec<Curve>,
    /// Whether the outputs are probabilities.
    probabilities: bool,
}

impl Nodes {
    /// Lay out trees that have passed [`crate::model::Model::validate`].
    pub fn new(trees: &Trees, curves: &[Curve], task: &Task, layout: &Layout) -> Nodes {
        let mut laid = Nodes {
            nodes: Vec::with_capacity(trees.nodes()),
            roots: Vec::with_capacity(trees.roots.len()),
            of: (0..trees.roots.len()).map(|tree| output_of(trees, tree)).collect(),
            values: trees.values.clone(),
            words: Vec::new(),
            splits: NUMBERS,
            answer: Answer::of(task),
            curves: curves.to_vec(),
            probabilities: matches!(task, Task::Classification { .. }),
        };
        let starts = if trees.roots.len() == 1 { laid.finish_leaves(trees) } else { trees.left.clone() };
        for &root in &trees.roots {
            laid.roots.push(laid.nodes.len() as u32);
            laid.lay_tree(trees, root, &starts, layout);
        }
        laid
    }

    /// With one tree, the sum, the link and the answer of a leaf are the same for every row. Returns, for each stored leaf, where
    /// its answers start.
    fn finish_leaves(&mut self, trees: &Trees) -> Vec<u32> {
        let mut starts = vec![0; trees.nodes()];
        self.values.clear();
        for leaf in (0..trees.nodes()).filter(|&n| trees.feature[n] == LEAF) {
            let start = self.values.len();
            starts[leaf] = start as u32;
            // From 0, as a sum starts in `predict_many`: it makes -0 a 0.
            self.values.extend(trees.leaf(leaf).numbers(trees.outputs as usize).map(|v| 0.0 + v));
            finish(trees, &self.curves, self.answer, self.probabilities, &mut self.values[start..]);
        }
        starts
    }

    /// Breadth first: the few nodes near the root, which every row passes, lie together.
    fn lay_tree(&mut self, trees: &Trees, root: u32, starts: &[u32], layout: &Layout) {
        let first = self.nodes.len();
        // `order[i]` is the stored node at the i-th place of this tree.
        let mut order = vec![root];
        let mut done = 0;
        while let Some(&stored) = order.get(done) {
            let stored = stored as usize;
            let node = if trees.feature[stored] == LEAF {
                let start = starts[stored];
                Node { bits: self.values[start as usize].to_bits(), key: IS_LEAF, next: start }
            } else {
                let next = (first + order.len()) as u32;
                order.extend([trees.left[stored], trees.right[stored]]);
                self.split(trees, stored, next, layout)
            };
            self.nodes.push(node);
            done += 1;
        }
    }

    /// Predict a row of one number a feature into one place an output.
    #[inline]
    pub fn predict(&self, trees: &Trees, row: &[f64], out: &mut [f64]) {
        match self.splits {
            NUMBERS => self.predict_with::<NUMBERS>(trees, row, out),
            MASKS => self.predict_with::<MASKS>(trees, row, out),
            _ => self.predict_with::<WIDE>(trees, row, out),
        }
    }

    #[inline]
    fn predict_with<const SPLITS: u8>(&self, trees: &Trees, row: &[f64], out: &mut [f64]) {
        match (self.roots.len(), out) {
            (1, [out]) => *out = f64::from_bits(self.leaf::<SPLITS>(0, row).bits),
            (1, out) => {
                let start = self.leaf::<SPLITS>(0, row).next as usize;
                out.copy_from_slice(&self.values[start..start + trees.outputs as usize]);
            }
            (_, out) => self.predict_many::<SPLITS>(trees, row, out),
        }
    }

    /// Leaves are summed in lanes.
    fn predict_many<const SPLITS: u8>(&self, trees: &Trees, row: &[f64], out: &mut [f64]) {
        if let [out] = out {
            let mut sums = [0.0; LANES];
            self.each_leaf::<SPLITS>(row, |tree, start| sums[tree % LANES] += self.values[start]);
            *out = join(&sums);
        } else {
            let outputs = out.len();
            SUMS.with_borrow_mut(|sums| {
                sums.clear();
                sums.resize(outputs, [0.0; LANES]);
                self.each_leaf::<SPLITS>(row, |tree, start| {
                    self.answer_of(tree, start, outputs).each(|output, value| sums[output][tree % LANES] += value);
                });
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = join(sum));
            });
        }
        finish(trees, &self.curves, self.answer, self.probabilities, out);
    }

    /// Hand each tree with where the numbers of its leaf start to `take`. Trees are walked side by side, as most of a walk down a deep tree
    /// is waiting for memory, and the waits of several trees pass together.
    #[inline]
    fn each_leaf<const SPLITS: u8>(&self, row: &[f64], mut take: impl FnMut(usize, usize)) {
        for (group, roots) in self.roots.chunks(SIDE_BY_SIDE).enumerate() {
            let mut at = [0; SIDE_BY_SIDE];
            let at = &mut at[..roots.len()];
            at.copy_from_slice(roots);
            self.walk::<SPLITS>(at, |_, feature| row[feature]);
            for (i, &leaf) in at.iter().enumerate() {
                take(group * SIDE_BY_SIDE + i, self.nodes[leaf as usize].next as usize);
            }
        }
    }

    /// The leaf of a row in each tree, by its place among the nodes.
    pub fn leaves(&self, row: &[f64], out: &mut [u32]) {
        for (at, roots) in out.chunks_mut(SIDE_BY_SIDE).zip(self.roots.chunks(SIDE_BY_SIDE)) {
            at.copy_from_slice(roots);
            self.walk::<WIDE>(at, |_, feature| row[feature]);
        }
    }

    /// From the sums of all trees to the answer.
    #[inline]
    pub fn finish(&self, trees: &Trees, sums: &mut [f64]) {
        finish(trees, &self.curves, self.answer, self.probabilities, sums);
    }

    /// Hand the leaf of each row in each tree to `take`: row, tree, and where the leaf's numbers start. Rows are given by column; a tree at a
    /// time, some rows walk down side by side, as most of a walk is waiting for memory.
    pub fn each_leaf_of_rows(&self, columns: &[&[f64]], rows: usize, take: impl FnMut(usize, usize, usize)) {
        match self.splits {
            NUMBERS => self.walk_rows::<NUMBERS>(columns, rows, take),
            MASKS => self.walk_rows::<MASKS>(columns, rows, take),
            _ => self.walk_rows::<WIDE>(columns, rows, take),
        }
    }

    fn walk_rows<const SPLITS: u8>(&self, columns: &[&[f64]], rows: usize, mut take: impl FnMut(usize, usize, usize)) {
        for (tree, &root) in self.roots.iter().enumerate() {
            for first in (0..rows).step_by(SIDE_BY_SIDE) {
                let mut at = [root; SIDE_BY_SIDE];
                let at = &mut at[..SIDE_BY_SIDE.min(rows - first)];
                self.walk::<SPLITS>(at, |row, feature| columns[feature][first + row]);
                for (row, &leaf) in at.iter().enumerate() {
                    take(first + row, tree, self.nodes[leaf as usize].next as usize);
                }
            }
        }
    }

    /// Walk down from some nodes, side by side, to their leaves; `value` says what stands for the walk of an index at a feature.
    #[inline(always)]
    fn walk<const SPLITS: u8>(&self, at: &mut [u32], value: impl Fn(usize, usize) -> f64) {
        let mut walking = true;
        while walking {
            walking = false;
            for (i, at) in at.iter_mut().enumerate() {
                let node = &self.nodes[*at as usize];
                if node.key & IS_LEAF == 0 {
                    *at = self.child_by::<SPLITS>(node, value(i, (node.key & FEATURE) as usize));
                    walking = true;
                }
            }
        }
    }

    /// The leaf where a row ends.
    #[inline]
    fn leaf<const SPLITS: u8>(&self, root: u32, row: &[f64]) -> &Node {
        let mut node = &self.nodes[root as usize];
        while node.key & IS_LEAF == 0 {
            node = &self.nodes[self.child::<SPLITS>(node, row) as usize];
        }
        node
    }

    /// The child where a row goes, by the rule of [`super::walk::goes_left`] in terms of places.
    #[inline(always)]
    fn child<const SPLITS: u8>(&self, node: &Node, row: &[f64]) -> u32 {
        self.child_by::<SPLITS>(node, row[(node.key & FEATURE) as usize])
    }

    /// The child where a value of the node's feature goes.
    #[inline(always)]
    fn child_by<const SPLITS: u8>(&self, node: &Node, value: f64) -> u32 {
        if value.is_nan() {
            return node.next + u32::from(node.key & MISSING_LEFT == 0);
        }
        let below = value <= f64::from_bits(node.bits);
        let left = if SPLITS == WIDE && node.key & IS_WIDE != 0 {
            self.is_in_wide(node, value)
        } else if SPLITS == NUMBERS {
            below
        } else {
            let masked = node.bits >> (value.to_bits() % 64) & 1 == 1;
            let mask = node.key & IS_MASK != 0;
            (masked & mask) | (below & !mask)
        };
        node.next + u32::from(!left)
    }

    #[inline(never)]
    fn is_in_wide(&self, node: &Node, value: f64) -> bool {
        let place = value.to_bits() as u32;
        let (start, len) = (node.bits as u32, (node.bits >> 32) as u32);
        let word = place / 64;
        word < len && self.words[(start + word) as usize] >> (place % 64) & 1 == 1
    }

    /// The layout of a split whose children lie at `next`.
    fn split(&mut self, trees: &Trees, node: usize, next: u32, layout: &Layout) -> Node {
        let feature = trees.feature[node];
        let missing = if trees.missing_left[node] { MISSING_LEFT } else { 0 };
        let (flag, bits) = match trees.set[node] {
            0 => (0, self.threshold(trees.threshold[node], &layout.thresholds[feature as usize]).to_bits()),
            set => match layout.places[feature as usize].set(trees, trees.sets[set as usize - 1]) {
                Set::Below(0) => (0, f64::NEG_INFINITY.to_bits()),
                Set::Below(end) => (0, place_value(end - 1).to_bits()),
                Set::Mask(mask) => {
                    self.splits = self.splits.max(MASKS);
                    (IS_MASK, mask)
                }
                Set::Wide(words) => {
                    self.splits = WIDE;
                    let (start, len) = (self.words.len() as u64, words.len() as u64);
                    self.words.extend(words);
                    (IS_WIDE, start | len << 32)
                }
            },
        };
        Node { bits, key: feature | flag | missing, next }
    }

    /// What a value in a row is compared with: among the thresholds of a feature whose levels have numbers, the place of those that
    /// are not above it.
    fn threshold(&self, threshold: f64, thresholds: &[f64]) -> f64 {
        if thresholds.is_empty() {
            return threshold;
        }
        place_value(thresholds.partition_point(|t| t.total_cmp(&threshold).is_lt()) as u32)
    }

    /// The answers of the leaf of a single tree that has them from `start` on.
    pub fn answers(&self, start: usize, outputs: usize) -> &[f64] {
        &self.values[start..start + outputs]
    }

    /// What the leaf of a tree says that has its numbers from `start` on.
    #[inline]
    pub fn answer_of(&self, tree: usize, start: usize, outputs: usize) -> Leaf<'_> {
        match self.of[tree] {
            ALL => Leaf::All(self.answers(start, outputs)),
            output => Leaf::One { output: output as usize, value: self.values[start] },
        }
    }

    /// The one output of which a tree speaks; `None` where it speaks of all.
    pub fn output_of(&self, tree: usize) -> Option<usize> {
        (self.of[tree] != ALL).then_some(self.of[tree] as usize)
    }

    /// What a node says.
    pub fn step(&self, node: u32) -> Step {
        let node = &self.nodes[node as usize];
        if node.key & IS_LEAF != 0 {
            return Step::Leaf { value: node.bits, start: node.next };
        }
        Step::Split {
            feature: (node.key & FEATURE) as usize,
            missing_left: node.key & MISSING_LEFT != 0,
            mask: (node.key & IS_MASK != 0).then_some(node.bits),
            threshold: f64::from_bits(node.bits),
            left: node.next,
        }
    }

    /// The left child of a split; the right one comes after it.
    pub fn left_child(&self, node: u32) -> u32 {
        self.nodes[node as usize].next
    }

    /// Mark with all bits the rows that go left at a split, given what stands in them for its feature.
    pub fn mark_left(&self, node: u32, cells: &[f64], marks: &mut [u64]) {
        let node = &self.nodes[node as usize];
        let mark = |left: bool| u64::from(left).wrapping_neg();
        let pairs = marks.iter_mut().zip(cells);
        if node.key & (IS_MASK | IS_WIDE) != 0 {
            pairs.for_each(|(to, &cell)| *to = mark(self.child_by::<WIDE>(node, cell) == node.next));
        } else {
            let (threshold, missing) = (f64::from_bits(node.bits), node.key & MISSING_LEFT != 0);
            pairs.for_each(|(to, &cell)| *to = mark(cell <= threshold) | mark(cell.is_nan() & missing));
        }
    }

    /// From what the trees say of a row, before the link, to the answer.
    pub fn respond(&self, trees: &Trees, raw: &mut [f64]) {
        respond(trees, &self.curves, self.answer, self.probabilities, raw);
    }

    /// The first node of each tree.
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// How deep a tree of the average size is, if it is balanced.
    pub fn depth(&self) -> f64 {
        (self.nodes.len() as f64 / self.roots.len().max(1) as f64).max(1.0).log2()
    }

    /// Whether every set is a mask or a threshold.
    pub fn has_small_sets(&self) -> bool {
        self.splits != WIDE
    }

    /// Bytes of the layout.
    pub fn bytes(&self) -> usize {
        let words = self.values.capacity() + self.words.capacity() + self.roots.capacity();
        self.nodes.capacity() * std::mem::size_of::<Node>() + words * 8
    }
}
