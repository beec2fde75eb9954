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
    /// Numbers a leaf holds: 1, or the number of classes when there are more than two.
    pub outputs: u32,
    /// The first node of each tree.
    pub roots: Vec<u32>,
    /// The feature a node looks at, or [`LEAF`].
    pub feature: Vec<u32>,
    /// The threshold of a numeric split; 0 otherwise.
    pub threshold: Vec<f64>,
    /// The left child; for a leaf, the index of its first number in `values`. A child's index is above its parent's.
    pub left: Vec<u32>,
    /// The right child; 0 for a leaf.
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

impl Trees {
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
