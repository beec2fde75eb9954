//! Trees laid out for walking: 16 bytes a node, children side by side, the answers of a single tree made beforehand.

use super::link::{finish, Answer};
use super::walk::{code, values};
use crate::model::{Task, Trees, LEAF};

/// A node, made at load so that a step touches one cache line.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The bits of the threshold; for a set its first word (low half) and number of words (high half); for a leaf of one output
    /// the bits of its number.
    bits: u64,
    /// The feature, and flags above it.
    key: u32,
    /// The left child, with the right one after it; for a leaf its first number in `values`.
    next: u32,
}

const IS_LEAF: u32 = 1 << 31;
const IS_SET: u32 = 1 << 30;
const MISSING_LEFT: u32 = 1 << 29;
const FEATURE: u32 = MISSING_LEFT - 1;

/// All trees of a model.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// The numbers of the leaves; of a single tree the finished answers.
    values: Vec<f64>,
    answer: Answer,
    /// Whether the outputs are probabilities.
    probabilities: bool,
}

impl Nodes {
    /// Lay out trees that have passed [`crate::model::Model::validate`].
    pub fn new(trees: &Trees, task: &Task) -> Nodes {
        let mut laid = Nodes {
            nodes: Vec::with_capacity(trees.nodes()),
            roots: Vec::with_capacity(trees.roots.len()),
            values: trees.values.clone(),
            answer: Answer::of(task),
            probabilities: matches!(task, Task::Classification { .. }),
        };
        let starts = if trees.roots.len() == 1 { laid.finish_leaves(trees) } else { trees.left.clone() };
        for &root in &trees.roots {
            laid.roots.push(laid.nodes.len() as u32);
            laid.lay_tree(trees, root, &starts);
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
            self.values.extend(values(trees, leaf).iter().map(|v| 0.0 + v));
            finish(trees, self.answer, self.probabilities, &mut self.values[start..]);
        }
        starts
    }

    /// Breadth first: the few nodes near the root, which every row passes, lie together.
    fn lay_tree(&mut self, trees: &Trees, root: u32, starts: &[u32]) {
        let first = self.nodes.len();
        // `order[i]` is the stored node at the i-th place of this tree.
        let mut order = vec![root];
        let mut done = 0;
        while let Some(&stored) = order.get(done) {
            let stored = stored as usize;
            self.nodes.push(if trees.feature[stored] == LEAF {
                let start = starts[stored];
                Node { bits: self.values[start as usize].to_bits(), key: IS_LEAF, next: start }
            } else {
                let next = (first + order.len()) as u32;
                order.extend([trees.left[stored], trees.right[stored]]);
                split(trees, stored, next)
            });
            done += 1;
        }
    }

    /// Predict a row of one number a feature into one place an output.
    #[inline]
    pub fn predict(&self, trees: &Trees, row: &[f64], out: &mut [f64]) {
        match (self.roots.len(), out) {
            (1, [out]) => *out = f64::from_bits(self.leaf(trees, 0, row).bits),
            (1, out) => {
                let start = self.leaf(trees, 0, row).next as usize;
                out.copy_from_slice(&self.values[start..start + trees.outputs as usize]);
            }
            (_, out) => self.predict_many(trees, row, out),
        }
    }

    /// Leaves are summed in the order of the trees.
    fn predict_many(&self, trees: &Trees, row: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for &root in &self.roots {
            let start = self.leaf(trees, root, row).next as usize;
            let leaf = &self.values[start..start + trees.outputs as usize];
            out.iter_mut().zip(leaf).for_each(|(sum, value)| *sum += value);
        }
        finish(trees, self.answer, self.probabilities, out);
    }

    /// The leaf where a row ends, by the rule of [`super::walk::goes_left`].
    #[inline]
    fn leaf(&self, trees: &Trees, root: u32, row: &[f64]) -> &Node {
        let mut node = &self.nodes[root as usize];
        while node.key & IS_LEAF == 0 {
            let value = row[(node.key & FEATURE) as usize];
            let left = if node.key & IS_SET != 0 {
                if value.is_nan() {
                    node.key & MISSING_LEFT != 0
                } else {
                    let code = code(value);
                    let (start, len) = (node.bits as u32, (node.bits >> 32) as u32);
                    let word = code / 64;
                    word < len && trees.words[(start + word) as usize] >> (code % 64) & 1 == 1
                }
            } else {
                value <= f64::from_bits(node.bits) || (value.is_nan() && node.key & MISSING_LEFT != 0)
            };
            node = &self.nodes[node.next as usize + usize::from(!left)];
        }
        node
    }

    /// Bytes of the layout.
    pub fn bytes(&self) -> usize {
        self.nodes.capacity() * std::mem::size_of::<Node>() + (self.values.capacity() + self.roots.capacity()) * 8
    }
}

/// The layout of a split whose children lie at `next`.
fn split(trees: &Trees, node: usize, next: u32) -> Node {
    let mut key = trees.feature[node];
    if trees.missing_left[node] {
        key |= MISSING_LEFT;
    }
    let bits = match trees.set[node] {
        0 => trees.threshold[node].to_bits(),
        set => {
            key |= IS_SET;
            let set = trees.sets[set as usize - 1];
            u64::from(set.start) | u64::from(set.len) << 32
        }
    };
    Node { bits, key, next }
}
