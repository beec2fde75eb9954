//! The leaves of a tree numbered from the left, and what each split strikes out.
//!
//! A split that sends a row to the right strikes out the leaves on its left; when all splits have been asked, the first leaf that is left
//! over is the row's (QuickScorer, Lucchese et al. 2015).

use super::nodes::{Nodes, Step};

/// A split of a tree.
pub(super) struct Split {
    /// The tree.
    pub tree: u32,
    /// The first leaf it strikes out where it sends a row to the right.
    pub from: usize,
    /// The leaf behind the last one.
    pub to: usize,
    /// What it asks.
    pub step: Step,
}

/// A leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Its first number.
    pub value: f64,
    /// Where its numbers start.
    pub start: u32,
}

/// Number the leaves of a tree and note its splits in `splits`; the leaves, or `None` for more than `most`.
pub(super) fn number(nodes: &Nodes, tree: u32, most: usize, splits: &mut Vec<Split>) -> Option<Vec<Leaf>> {
    enum Visit {
        Node(u32),
        /// The left side of the split at this index of `splits` is numbered.
        Left(usize),
    }
    let mut leaves = Vec::new();
    let mut visits = vec![Visit::Node(nodes.roots()[tree as usize])];
    while let Some(visit) = visits.pop() {
        match visit {
            Visit::Left(index) => splits[index].to = leaves.len(),
            Visit::Node(node) => match nodes.step(node) {
                Step::Leaf { value, start } => {
                    if leaves.len() == most {
                        return None;
                    }
                    leaves.push(Leaf { value: f64::from_bits(value), start });
                }
                step @ Step::Split { left, .. } => {
                    visits.extend([Visit::Node(left + 1), Visit::Left(splits.len()), Visit::Node(left)]);
                    splits.push(Split { tree, from: leaves.len(), to: 0, step });
                }
            },
        }
    }
    Some(leaves)
}
