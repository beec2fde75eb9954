//! One tree of a model, with what stands at its nodes.

use super::output::{Meaning, Output};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Trees, LEAF};
use crate::score::Scorer;

/// Nodes between two looks at whether to stop.
const CHECK: usize = 1 << 12;

/// A tree; its nodes are numbered from its root on, as they are stored.
pub(super) struct Tree<'a> {
    /// All trees.
    pub trees: &'a Trees,
    /// The first node.
    pub root: usize,
    /// By node, `outputs` numbers: those of a leaf, the mean of the leaves below a split.
    values: Vec<f64>,
    /// The numbers of a node.
    pub outputs: usize,
    /// What they are.
    pub meaning: Meaning,
    /// By node, the leaves below, or 1.
    leaves: Vec<u32>,
}

/// A node on a walk from the root, each before its children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    /// The node.
    pub node: usize,
    /// Where its parent is in the walk; itself for the root.
    pub parent: usize,
    /// Whether it is the left child.
    pub left: bool,
    /// Splits above it.
    pub depth: usize,
    /// Whether it is a leaf, or what is below it is left out.
    pub last: bool,
}

impl<'a> Tree<'a> {
    /// A tree by its number, from 1. `each` asks for the numbers of all classes, else for that of an output.
    ///
    /// # Errors
    /// Where there is no such tree, without memory, and on a cancel.
    pub fn new(scorer: &'a Scorer, number: i32, output: Option<Output>, control: &Control) -> Result<Tree<'a>> {
        let trees = super::trees(scorer.model())?;
        let count = trees.roots.len();
        let at = usize::try_from(number).ok().filter(|n| (1..=count).contains(n)).ok_or_else(|| {
            let hint = match count {
                1 => "The model has 1 tree: tree => 1.".to_owned(),
                count => format!("The model has {count} trees: give a number from 1 to {count}."),
            };
            Error::option(format!("the model has no tree {number}"), hint)
        })?;
        let root = trees.roots[at - 1] as usize;
        let end = trees.roots.get(at).map_or(trees.nodes(), |next| *next as usize);
        let outputs = if output.is_some() { 1 } else { trees.outputs as usize };
        let nodes = end - root;
        let meaning = Meaning::of(trees);
        let mut tree = Tree {
            trees,
            root,
            values: control.filled(nodes.saturating_mul(outputs), 0.0)?,
            outputs,
            meaning,
            leaves: control.filled(nodes, 1)?,
        };
        // A child comes after its parent.
        for node in (root..end).rev() {
            if (node - root).is_multiple_of(CHECK) {
                control.check()?;
            }
            tree.fill(scorer, node, output);
        }
        Ok(tree)
    }

    fn fill(&mut self, scorer: &Scorer, node: usize, output: Option<Output>) {
        let (trees, k) = (self.trees, self.outputs);
        let at = (node - self.root) * k;
        if trees.feature[node] == LEAF {
            let leaf = trees.leaf(node);
            match (output, self.meaning) {
                (Some(output), Meaning::Answer) => self.values[at] = output.answer(scorer, trees, leaf),
                (Some(output), _) => self.values[at] = output.part(trees, leaf),
                (None, Meaning::Answer) => {
                    let own = &mut self.values[at..at + k];
                    let raw = leaf.numbers(k).zip(&trees.base);
                    own.iter_mut().zip(raw).for_each(|(value, (leaf, base))| *value = leaf + base);
                    scorer.respond(own);
                }
                (None, _) => {
                    self.values[at..at + k].iter_mut().zip(leaf.numbers(k)).for_each(|(own, value)| *own = value)
                }
            }
            return;
        }
        let children = [trees.left[node] as usize, trees.right[node] as usize];
        self.leaves[node - self.root] = children.iter().map(|c| self.leaves[c - self.root]).sum();
        let covers = children.map(|c| trees.cover[c]);
        let total = covers[0] + covers[1];
        let share = if total > 0.0 && total.is_finite() { covers[0] / total } else { 0.5 };
        for i in 0..k {
            let [a, b] = children.map(|c| self.values[(c - self.root) * k + i]);
            self.values[at + i] = share * a + (1.0 - share) * b;
        }
    }

    /// The numbers of a node.
    pub fn values(&self, node: usize) -> &[f64] {
        &self.values[(node - self.root) * self.outputs..][..self.outputs]
    }

    /// The leaves below a node.
    pub fn leaves(&self, node: usize) -> u32 {
        self.leaves[node - self.root]
    }

    /// The nodes down to a depth, each before its children and the left child before the right one.
    pub fn walk(&self, max_depth: usize, control: &Control) -> Result<Vec<Visit>> {
        let trees = self.trees;
        let mut walk: Vec<Visit> = Vec::new();
        let mut open = vec![Visit { node: self.root, parent: 0, left: true, depth: 0, last: false }];
        while let Some(mut visit) = open.pop() {
            if walk.len().is_multiple_of(CHECK) {
                control.reserve(CHECK * size_of::<Visit>())?;
                control.check()?;
            }
            let node = visit.node;
            visit.last = trees.feature[node] == LEAF || visit.depth >= max_depth;
            let parent = walk.len();
            walk.push(visit);
            if !visit.last {
                let child =
                    |node: u32, left| Visit { node: node as usize, parent, left, depth: visit.depth + 1, last: false };
                open.extend([child(trees.right[node], false), child(trees.left[node], true)]);
            }
        }
        Ok(walk)
    }
}
