//! How far an answer can go when some columns may have any value: what cannot be reached need not be searched.

use super::Goal;
use crate::judge::partial::answer;
use crate::model::{Link, Model, Trees, LEAF};
use crate::score::Scorer;

/// What the two ways of adding up leaves may differ by.
const SLACK: f64 = 1e-9;

/// Looks for bounds of the answers of a model of one number.
pub(super) struct Bound<'a> {
    scorer: &'a Scorer,
    trees: &'a Trees,
    /// Nodes to visit: their places as they are stored, and in the scorer's layout.
    stack: Vec<(u32, u32)>,
}

impl<'a> Bound<'a> {
    /// For a model; `None` where answers have several numbers.
    pub fn new(scorer: &'a Scorer) -> Option<Bound<'a>> {
        let model: &Model = scorer.model();
        let (trees, _) = model.body.as_trees()?;
        (scorer.outputs() == 1 && trees.link != Link::Softmax).then(|| Bound { scorer, trees, stack: Vec::new() })
    }

    /// Whether the goal may be reached from a row some of whose features are free.
    pub fn may_reach(&mut self, row: &[f64], free: &[bool], goal: Goal) -> bool {
        let (mut low, mut high) = (0.0, 0.0);
        for tree in 0..self.trees.roots.len() {
            let (least, most) = self.tree(tree, row, free);
            low += least;
            high += most;
        }
        let (goal_at, up) = match goal {
            Goal::AtLeast(_, at) => (at, true),
            Goal::Below(_, at) => (at, false),
            Goal::Class(_) => return true,
        };
        let scale = if self.trees.average { self.trees.roots.len() as f64 } else { 1.0 };
        let base = self.trees.base.first().copied().unwrap_or(0.0);
        // Links and curves keep the order; which end is the better one depends on the class.
        let ends = [low, high].map(|sum| {
            let mut out = [sum / scale + base];
            self.scorer.respond(&mut out);
            answer(&self.scorer.model().task, &out, goal.class())
        });
        let slack = SLACK * goal_at.abs().max(1.0);
        match up {
            true => ends[0].max(ends[1]) >= goal_at - slack,
            false => ends[0].min(ends[1]) <= goal_at + slack,
        }
    }

    /// The least and the greatest leaf that a row can come to.
    fn tree(&mut self, tree: usize, row: &[f64], free: &[bool]) -> (f64, f64) {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        self.stack.clear();
        self.stack.push((self.trees.roots[tree], self.scorer.root(tree)));
        while let Some((stored, laid)) = self.stack.pop() {
            let node = stored as usize;
            if self.trees.feature[node] == LEAF {
                let value = self.trees.leaf(node).at(0);
                (least, most) = (least.min(value), most.max(value));
                continue;
            }
            let feature = self.trees.feature[node] as usize;
            let (mut left, mut right) = (true, true);
            if !free[feature] {
                let mut mark = [0];
                self.scorer.mark_left(laid, &row[feature..=feature], &mut mark);
                (left, right) = (mark[0] != 0, mark[0] == 0);
            }
            let below = self.scorer.left_child(laid);
            if left {
                self.stack.push((self.trees.left[node], below));
            }
            if right {
                self.stack.push((self.trees.right[node], below + 1));
            }
        }
        (least, most)
    }
}

impl Goal {
    fn class(self) -> Option<usize> {
        match self {
            Goal::AtLeast(class, _) | Goal::Below(class, _) => class,
            Goal::Class(class) => Some(class),
        }
    }
}
