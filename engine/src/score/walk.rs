//! The walk down the arrays as they are stored: the one split rule, and the oracle of every quicker layout.

use crate::model::{Trees, LEAF};

/// Whether a row goes left at a node that is not a leaf.
///
/// In `row` a category stands as the code of its level, an ordered text as its key. A missing value (NaN) goes where the node says. A category goes left when the node's set has its code; a code without a bit in
/// the set goes right. A number goes left when it is at most the threshold, so -0 is 0 and an infinity is beyond every number.
#[inline]
pub fn goes_left(trees: &Trees, node: usize, row: &[f64]) -> bool {
    let value = row[trees.feature[node] as usize];
    if value.is_nan() {
        return trees.missing_left[node];
    }
    match trees.set[node] {
        0 => value <= trees.threshold[node],
        set => trees.contains(trees.sets[set as usize - 1], code(value)),
    }
}

/// The code of a category from the number in a row: what is below 0 counts as 0, fractions are cut off, what is beyond every code
/// stays beyond.
#[inline]
pub fn code(value: f64) -> u32 {
    value as u32
}

/// The node, a leaf, where a row ends in a tree. The trees must have passed [`crate::model::Model::validate`].
pub fn leaf(trees: &Trees, tree: usize, row: &[f64]) -> usize {
    let mut node = trees.roots[tree] as usize;
    while trees.feature[node] != LEAF {
        let next = if goes_left(trees, node, row) { trees.left[node] } else { trees.right[node] };
        node = next as usize;
    }
    node
}
