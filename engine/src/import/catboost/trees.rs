//! The trees of a model.

use std::collections::HashMap;

use super::features::Features;
use super::file::{File, Oblivious, Split, Tree};
use super::wrong;
use crate::control::Control;
use crate::error::Result;
use crate::import::grow::{Grower, Node};
use crate::model::{Trees, LEAF};

/// The deepest tree that asks the same of all nodes of a level; CatBoost makes none above 16.
const DEEPEST: usize = 30;

/// The trees of a file; the link is not yet known.
pub(super) fn read(file: &File, features: &Features, control: &Control) -> Result<Trees> {
    let (scale, bias) = file.scale_and_bias.as_ref().map_or((1.0, &[][..]), |(scale, bias)| (*scale, &bias.0[..]));
    let outputs = match (file.oblivious_trees.as_deref(), file.trees.as_deref()) {
        (Some([first, ..]), None) => first.outputs()?,
        (None, Some([first, ..])) => first.outputs(),
        _ => return Err(wrong("there are no trees")),
    };
    if outputs == 0 {
        return Err(wrong("a leaf has no number"));
    }
    let grower = Grower::new(u32::try_from(outputs).map_err(|_| wrong("a leaf has too many numbers"))?, control);
    let mut reader = Reader { grower, tests: HashMap::new(), features, scale, outputs };
    for tree in file.oblivious_trees.iter().flatten() {
        reader.oblivious(tree)?;
    }
    for tree in file.trees.iter().flatten() {
        reader.any(tree)?;
    }
    let mut trees = reader.grower.trees;
    if bias.len() == outputs {
        trees.base.copy_from_slice(bias);
    } else if bias.iter().any(|bias| *bias != 0.0) {
        return Err(wrong("there are not as many biases as outputs"));
    }
    Ok(if outputs == 2 { difference(trees) } else { trees })
}

/// Of two outputs, which are classes, the second against the first.
fn difference(mut trees: Trees) -> Trees {
    let of = |pair: &[f64]| pair[1] - pair[0];
    trees.values = trees.values.chunks_exact(2).map(of).collect();
    trees.base = vec![of(&trees.base)];
    for node in (0..trees.nodes()).filter(|&node| trees.feature[node] == LEAF).collect::<Vec<_>>() {
        trees.left[node] /= 2;
    }
    trees.outputs = 1;
    trees
}

/// Lays one tree after the other.
struct Reader<'a> {
    grower: Grower<'a>,
    /// The tests that are there, by what a split says.
    tests: HashMap<(char, usize, u64), usize>,
    features: &'a Features<'a>,
    scale: f64,
    outputs: usize,
}

impl Reader<'_> {
    fn test(&mut self, split: &Split) -> Result<usize> {
        let key = match split.split_type.as_ref() {
            "FloatFeature" => ('f', split.float_feature_index, split.border.to_bits()),
            "OneHotFeature" => ('o', split.cat_feature_index, split.value as u64),
            _ => ('c', split.split_index, split.border.to_bits()),
        };
        if let Some(test) = self.tests.get(&key) {
            return Ok(*test);
        }
        let test = self.features.test(split, &mut self.grower)?;
        self.grower.control().reserve(96)?;
        let number = self.grower.test(test)?;
        self.tests.insert(key, number);
        Ok(number)
    }

    /// A tree whose nodes are numbered from 1, the children of `n` being `2n` and `2n + 1`: the bits of a leaf's number are the
    /// outcomes of the splits, the first split's the lowest.
    fn oblivious(&mut self, tree: &Oblivious) -> Result<()> {
        let splits = tree.splits.as_deref().unwrap_or_default();
        let leaves = 1 << splits.len();
        if tree.outputs()? != self.outputs {
            return Err(wrong("the trees have different numbers of outputs"));
        }
        let tests = splits.iter().rev().map(|split| self.test(split)).collect::<Result<Vec<_>>>()?;
        let covers = covers(tree.leaf_weights.as_deref().unwrap_or_default(), leaves, self.grower.control())?;
        let node = |at: usize| match at.checked_sub(leaves) {
            Some(leaf) => Node::Leaf { at: leaf, cover: covers[at] },
            None => Node::Split { test: tests[at.ilog2() as usize], yes: 2 * at + 1, no: 2 * at, cover: covers[at] },
        };
        let values: Vec<f64> = tree.leaf_values.iter().map(|value| value * self.scale).collect();
        self.grower.tree(1, splits.len(), node, &values)?;
        self.grower.control().release_vec(covers);
        Ok(())
    }

    /// A tree of any form, whose nodes are numbered as they are come by.
    fn any(&mut self, tree: &Tree) -> Result<()> {
        let (mut nodes, mut values) = (Vec::new(), Vec::new());
        let mut waiting = vec![tree];
        while let Some(tree) = waiting.get(nodes.len()).copied() {
            self.grower.control().reserve(2 * (std::mem::size_of::<Node>() + 8 * (1 + self.outputs)))?;
            nodes.push(match tree {
                Tree::Leaf { values: own, weight } => {
                    if own.len() != self.outputs {
                        return Err(wrong("the trees have different numbers of outputs"));
                    }
                    values.extend(own.iter().map(|value| value * self.scale));
                    Node::Leaf { at: values.len() / self.outputs - 1, cover: *weight }
                }
                Tree::Split { split, children } => {
                    let (test, no) = (self.test(split)?, waiting.len());
                    waiting.extend(children.iter());
                    Node::Split { test, yes: no + 1, no, cover: 0.0 }
                }
            });
        }
        // Children come after their parents.
        for at in (0..nodes.len()).rev() {
            if let Node::Split { test, yes, no, .. } = nodes[at] {
                nodes[at] = Node::Split { test, yes, no, cover: nodes[yes].cover() + nodes[no].cover() };
            }
        }
        self.grower.tree(0, nodes.len(), |at| nodes[at], &values)
    }
}

impl Oblivious<'_> {
    fn outputs(&self) -> Result<usize> {
        let splits = self.splits.as_ref().map_or(0, Vec::len);
        let outputs = self.leaf_values.len().checked_shr(splits as u32).filter(|_| splits <= DEEPEST).unwrap_or(0);
        if outputs == 0 || outputs << splits != self.leaf_values.len() {
            return Err(wrong("a tree does not have its leaves"));
        }
        Ok(outputs)
    }
}

impl Tree<'_> {
    fn outputs(&self) -> usize {
        let mut tree = self;
        loop {
            match tree {
                Tree::Leaf { values, .. } => return values.len(),
                Tree::Split { children, .. } => tree = &children[0],
            }
        }
    }
}

/// The weights of training rows by node, the sums of those of the leaves below; 0 where they are not known.
fn covers(weights: &[f64], leaves: usize, control: &Control) -> Result<Vec<f64>> {
    let mut covers = control.filled(2 * leaves, 0.0)?;
    if weights.len() == leaves {
        covers[leaves..].copy_from_slice(weights);
        for node in (1..leaves).rev() {
            covers[node] = covers[2 * node] + covers[2 * node + 1];
        }
    } else if !weights.is_empty() {
        return Err(wrong("a tree does not have the weights of its leaves"));
    }
    Ok(covers)
}
