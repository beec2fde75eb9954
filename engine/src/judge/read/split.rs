//! What a split asks of its feature.

use crate::model::{CategorySet, Encoding, Model, Trees, LEAF};

/// A split of a tree.
#[derive(Clone, Copy)]
pub(super) struct Split<'a> {
    /// The feature it looks at.
    pub feature: usize,
    /// Whether a missing value goes left.
    pub missing_left: bool,
    /// Which others go left.
    pub test: Test<'a>,
}

/// Which values go left.
#[derive(Clone, Copy)]
pub(super) enum Test<'a> {
    /// Numbers up to this one.
    Number(f64),
    /// Levels of a set.
    Set(&'a Trees, CategorySet),
    /// Levels whose numbers are up to one.
    Keys(&'a [f64], f64),
}

impl<'a> Split<'a> {
    /// The split of a node; `None` for a leaf.
    pub fn of(model: &'a Model, trees: &'a Trees, node: usize) -> Option<Split<'a>> {
        if trees.feature[node] == LEAF {
            return None;
        }
        let feature = trees.feature[node] as usize;
        let test = match &model.features[feature].encoding {
            Encoding::Category { .. } => Test::Set(trees, trees.sets[trees.set[node] as usize - 1]),
            Encoding::Ordered { keys, .. } => Test::Keys(keys, trees.threshold[node]),
            _ => Test::Number(trees.threshold[node]),
        };
        Some(Split { feature, missing_left: trees.missing_left[node], test })
    }
}

impl Test<'_> {
    /// Whether a level goes left, by its code; the code after the last level is that of every other text.
    pub fn is_left(&self, code: usize) -> bool {
        match self {
            Test::Number(_) => false,
            Test::Set(trees, set) => trees.contains(*set, code as u32),
            Test::Keys(keys, threshold) => keys.get(code).or(keys.last()).is_some_and(|key| key <= threshold),
        }
    }
}
