//! Trees as flat arrays.
//!
//! Node `i` of tree `t` is entry `roots[t] + i` of every array. The one split rule of Orchard:
//! a number goes left when `value <= threshold`; a category goes left when its bit in the node's set is 1;
//! a missing value (NaN) goes left when [`Trees::missing_left`] says so.

use serde::{Deserialize, Serialize};

/// The `feature` of a leaf.
pub const LEAF: u32 = u32::MAX;

/// One tree or many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    /// Numbers an answer has: 1, or the number of classes when there are more than two.
    pub outputs: u32,
    /// The first node of each tree.
    pub roots: Vec<u32>,
    /// The feature a node looks at, or [`LEAF`].
    pub feature: Vec<u32>,
    /// The threshold of a numeric split; 0 otherwise.
    pub threshold: Vec<f64>,
    /// The left child; for a leaf, the index of its first number in `values`. A child's index is above its parent's.
    pub left: Vec<u32>,
    /// The right child; for a leaf 0, or where its tree speaks of one output alone, that output plus one.
    pub right: Vec<u32>,
    /// Whether a missing value goes left.
    pub missing_left: Vec<bool>,
    /// The index in `sets` of a categorical split plus one; 0 for a numeric split or a leaf.
    pub set: Vec<u32>,
    /// The sets of categories that go left.
    pub sets: Vec<CategorySet>,
    /// The bits of the sets, 64 a word.
    pub words: Vec<u64>,
    /// The numbers of the leaves, in f64: probability of the positive class, of each class, or value.
    pub values: Vec<f64>,
    /// Weight of the training rows that passed a node.
    pub cover: Vec<f64>,
    /// Training rows that passed a node.
    pub rows: Vec<u64>,
    /// How much a split lowered the impurity, times the share of rows that passed; 0 for a leaf.
    pub gain: Vec<f64>,
    /// What is added to the sum of the leaves, for each output.
    pub base: Vec<f64>,
    /// What the sum (or mean) of the leaves is.
    pub link: Link,
    /// Whether the leaves of several trees are averaged, not summed.
    pub average: bool,
}

/// A set of category codes: bit `code` of `words[start..start + len]`; codes beyond are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategorySet {
    /// The first word.
    pub start: u32,
    /// The number of words.
    pub len: u32,
}

/// How the sum of leaves becomes the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// It is the answer.
    #[default]
    Identity,
    /// `1 / (1 + exp(-x))`.
    Logistic,
    /// Softmax over the outputs.
    Softmax,
    /// `exp(x)`.
    Log,
}

/// What a leaf says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leaf<'a> {
    /// A number for each output.
    All(&'a [f64]),
    /// A number for one output, and 0 for the others: of boosting with several classes, whose trees are each of one class.
    One {
        /// The output.
        output: usize,
        /// Its number.
        value: f64,
    },
}

impl Leaf<'_> {
    /// The number for an output.
    #[inline]
    pub fn at(&self, output: usize) -> f64 {
        match *self {
            Leaf::All(values) => values[output],
            Leaf::One { output: own, value } => {
                if own == output {
                    value
                } else {
                    0.0
                }
            }
        }
    }

    /// The numbers of all outputs.
    pub fn numbers(&self, outputs: usize) -> impl Iterator<Item = f64> + '_ {
        (0..outputs).map(|output| self.at(output))
    }

    /// Do something with each output of which it says more than 0, and that number.
    #[inline]
    pub fn each(&self, mut take: impl FnMut(usize, f64)) {
        match *self {
            Leaf::All(values) => values.iter().enumerate().for_each(|(output, value)| take(output, *value)),
            Leaf::One { output, value } => take(output, value),
        }
    }
}

impl Trees {
    /// What a leaf says.
    #[inline]
    pub fn leaf(&self, node: usize) -> Leaf<'_> {
        let start = self.left[node] as usize;
        match self.right[node] {
            0 => Leaf::All(&self.values[start..start + self.outputs as usize]),
            one => Leaf::One { output: one as usize - 1, value: self.values[start] },
        }
    }

    /// The one output of which the leaves of a tree speak; `None` where they speak of all.
    pub fn output_of(&self, tree: usize) -> Option<usize> {
        let root = *self.roots.get(tree)? as usize;
        // All leaves of a tree are of a kind; the first is not far.
        let leaf = (root..self.nodes()).find(|node| self.feature[*node] == LEAF)?;
        (self.right[leaf] as usize).checked_sub(1)
    }

    /// Add a node of no rows, a leaf without a number for now; its place.
    pub(crate) fn add_node(&mut self) -> usize {
        self.feature.push(LEAF);
        self.threshold.push(0.0);
        self.left.push(0);
        self.right.push(0);
        self.missing_left.push(false);
        self.set.push(0);
        self.cover.push(0.0);
        self.rows.push(0);
        self.gain.push(0.0);
        self.nodes() - 1
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.feature.len()
    }

    /// Whether `code` is in a set.
    #[inline]
    pub fn contains(&self, set: CategorySet, code: u32) -> bool {
        let word = code / 64;
        word < set.len && self.words[(set.start + word) as usize] >> (code % 64) & 1 == 1
    }
}
