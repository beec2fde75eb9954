//! A tree as a CASE.
//!
//! The smaller side of a split is nested in the CASE, the larger one goes on in it with its next WHEN. So CASEs are nested no deeper than the binary
//! logarithm of the number of leaves, however deep the tree is: neither the parser's nor the executor's stack can overflow.

use super::cells::Cells;
use super::condition::condition;
use super::literal;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::judge::read::out::Out;
use crate::judge::read::split::Split;
use crate::model::{Leaf, Trees, LEAF};
use crate::score::Scorer;

/// What numbers of leaves can be reckoned with: PostgreSQL raises where a result overflows or underflows.
const SOUND: std::ops::RangeInclusive<f64> = 1e-250..=1e250;

/// Writes the trees of a model.
pub(super) struct Case<'a> {
    scorer: &'a Scorer,
    trees: &'a Trees,
    cells: &'a Cells,
    control: &'a Control,
}

/// What is still to be written.
enum Task {
    Node(usize),
    /// The WHENs from a node on.
    Chain(usize, usize),
}

impl<'a> Case<'a> {
    pub fn new(scorer: &'a Scorer, trees: &'a Trees, cells: &'a Cells, control: &'a Control) -> Case<'a> {
        Case { scorer, trees, cells, control }
    }

    /// The nodes of a tree.
    fn nodes(&self, tree: usize) -> std::ops::Range<usize> {
        let end = self.trees.roots.get(tree + 1).map_or(self.trees.nodes(), |next| *next as usize);
        self.trees.roots[tree] as usize..end
    }

    fn leaf(&self, node: usize) -> Leaf<'a> {
        self.trees.leaf(node)
    }

    /// Whether a tree says nothing of an output.
    pub fn is_zero(&self, tree: usize, output: usize) -> bool {
        self.nodes(tree).filter(|n| self.trees.feature[*n] == LEAF).all(|n| self.leaf(n).at(output) == 0.0)
    }

    /// Between which numbers what the trees say for an output lies.
    ///
    /// # Errors
    /// Where SQL would raise on the way.
    pub fn bounds(&self, output: usize) -> Result<(f64, f64)> {
        let count = self.trees.roots.len();
        let (mut low, mut high) = (0.0, 0.0);
        for tree in 0..count {
            self.control.check()?;
            let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
            for node in self.nodes(tree).filter(|n| self.trees.feature[*n] == LEAF) {
                let value = self.leaf(node).at(output);
                if value != 0.0 && !SOUND.contains(&value.abs()) {
                    return Err(Error::data(
                        format!("a leaf of the model is {value:e}, with which SQL cannot reckon"),
                        "Scale the target, and train the model anew.",
                    ));
                }
                (least, most) = (least.min(value), most.max(value));
            }
            (low, high) = (low + least, high + most);
        }
        if self.trees.average {
            (low, high) = (low / count as f64, high / count as f64);
        }
        let base = self.trees.base.get(output).copied().unwrap_or(0.0);
        Ok((low + base, high + base))
    }

    /// Write a tree; `answer` says what stands for a leaf, `indent` how far its lines are moved in, if it has several.
    pub fn write(
        &self,
        tree: usize,
        answer: impl Fn(Leaf<'_>) -> f64,
        indent: Option<usize>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let nodes = self.nodes(tree);
        let root = nodes.start;
        // By node, the number of its leaves, or 1 where they are all the same: then `values` has what they are.
        let mut leaves: Vec<u32> = self.control.filled(nodes.len(), 1)?;
        let mut values: Vec<f64> = self.control.filled(nodes.len(), 0.0)?;
        for node in nodes.clone().rev() {
            let at = node - root;
            if self.trees.feature[node] == LEAF {
                values[at] = answer(self.leaf(node));
                continue;
            }
            let [left, right] = self.children(node).map(|child| child - root);
            let same = leaves[left] == 1 && leaves[right] == 1 && values[left] == values[right];
            (leaves[at], values[at]) = if same { (1, values[left]) } else { (leaves[left] + leaves[right], 0.0) };
        }
        let mut tasks = vec![Task::Node(root)];
        let mut depth = indent.unwrap_or(0);
        let line = |depth: usize| match indent {
            Some(_) => format!("\n{}", "    ".repeat(depth)),
            None => " ".to_owned(),
        };
        while let Some(task) = tasks.pop() {
            match task {
                Task::Node(node) if leaves[node - root] == 1 => out.push(&literal::value(values[node - root]))?,
                Task::Node(node) => {
                    out.push("CASE")?;
                    depth += 1;
                    tasks.push(Task::Chain(node, depth));
                }
                Task::Chain(node, at) => {
                    self.control.check()?;
                    depth = at;
                    if leaves[node - root] == 1 {
                        out.push(&format!("{}ELSE {}", line(depth), literal::value(values[node - root])))?;
                        depth -= 1;
                        out.push(&format!("{}END", line(depth)))?;
                        continue;
                    }
                    let [left, right] = self.children(node);
                    let is_left = leaves[left - root] <= leaves[right - root];
                    let (nested, next) = if is_left { (left, right) } else { (right, left) };
                    out.push(&format!("{}WHEN ", line(depth)))?;
                    out.push(&self.condition(node, is_left))?;
                    out.push(" THEN ")?;
                    tasks.extend([Task::Chain(next, depth), Task::Node(nested)]);
                }
            }
        }
        self.control.release_vec(leaves);
        self.control.release_vec(values);
        Ok(())
    }

    fn children(&self, node: usize) -> [usize; 2] {
        [self.trees.left[node] as usize, self.trees.right[node] as usize]
    }

    fn condition(&self, node: usize, left: bool) -> String {
        let model = self.scorer.model();
        match Split::of(model, self.trees, node) {
            Some(split) => {
                let cell = self.cells.of(split.feature);
                condition(cell, &split, left, &model.features[split.feature])
            }
            None => "TRUE".to_owned(),
        }
    }
}
