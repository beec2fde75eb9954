//! Growing: the node with the largest gain is split next, until nothing may or need be split.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use rayon::prelude::*;

use super::rows::Rows;
use super::split::{best, Rule, Scratch, Split};
use super::{TreeParams, DEEPEST};
use crate::control::Control;
use crate::error::Result;
use crate::learn::bin::{BinnedFeature, Codes};
use crate::model::{CategorySet, Trees, LEAF};

/// A node while the tree grows.
pub(super) struct Node {
    pub range: Range<usize>,
    pub depth: u32,
    /// What is left to explain here.
    pub impurity: f64,
    pub split: Option<Split>,
    /// The children, once it is split.
    pub children: Option<(usize, usize)>,
    pub values: Vec<f64>,
    pub cover: f64,
}

impl Node {
    /// A node of the rows `order[range]`, not split.
    pub fn new(range: Range<usize>, depth: u32, order: &[u32], rows: &Rows<'_>) -> Node {
        let slice = &order[range.clone()];
        let (values, cover) = rows.leaf(slice);
        let impurity = rows.impurity(slice, &rows.sum(slice));
        Node { range, depth, impurity, split: None, children: None, values, cover }
    }
}

/// A node that may be split, by gain and then by age.
struct Candidate {
    gain: f64,
    node: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

pub(super) fn grow(
    features: &[BinnedFeature],
    rows: &Rows<'_>,
    params: &TreeParams,
    control: &Control,
) -> Result<Vec<Node>> {
    let mut order: Vec<u32> = control.vec(rows.order.len())?;
    order.extend_from_slice(&rows.order);
    let mut spare: Vec<u32> = control.vec(order.len())?;
    let mut nodes = Vec::new();
    let mut heap = BinaryHeap::new();
    let all = 0..order.len();
    let whole: f64 = rows.weight.map_or(order.len() as f64, |w| w.iter().sum());
    add(&mut nodes, &mut heap, all, 0, &order, features, rows, params, whole, control)?;
    let mut leaves = 1;
    let most = params.max_leaf_nodes.map_or(u64::MAX, u64::from);
    while leaves < most {
        let Some(candidate) = heap.pop() else { break };
        control.check()?;
        let node: &Node = &nodes[candidate.node];
        let Some(split) = &node.split else { continue };
        let (range, depth) = (node.range.clone(), node.depth);
        let middle = range.start + partition(&mut order[range.clone()], &mut spare, &features[split.feature], split);
        let left = nodes.len();
        add(&mut nodes, &mut heap, range.start..middle, depth + 1, &order, features, rows, params, whole, control)?;
        add(&mut nodes, &mut heap, middle..range.end, depth + 1, &order, features, rows, params, whole, control)?;
        nodes[candidate.node].children = Some((left, left + 1));
        leaves += 1;
    }
    control.release_vec(order);
    control.release_vec(spare);
    Ok(nodes)
}

/// Make a node and look for its best split.
#[allow(clippy::too_many_arguments)]
fn add(
    nodes: &mut Vec<Node>,
    heap: &mut BinaryHeap<Candidate>,
    range: Range<usize>,
    depth: u32,
    order: &[u32],
    features: &[BinnedFeature],
    rows: &Rows<'_>,
    params: &TreeParams,
    whole: f64,
    control: &Control,
) -> Result<()> {
    let mut node = Node::new(range.clone(), depth, order, rows);
    let slice = &order[range];
    let stat = rows.sum(slice);
    let count = slice.len() as u64;
    let splittable = depth < params.max_depth.min(DEEPEST)
        && count >= params.min_samples_split.max(2)
        && count >= 2 * params.least_rows()
        && node.impurity > 0.0;
    let mut split = None;
    if splittable {
        let found: Result<Vec<Option<Split>>> = rows
            .looked_at(nodes.len(), features.len())
            .into_par_iter()
            .map_init(Scratch::default, |scratch, f| {
                control.check()?;
                Ok(best(features, f, slice, &stat, rows, params, scratch))
            })
            .collect();
        // Of equal gains the lower feature wins.
        split = found?.into_iter().flatten().reduce(|a, b| if b.gain > a.gain { b } else { a });
        if split.as_ref().is_some_and(|s| s.gain / whole.max(f64::MIN_POSITIVE) < params.min_impurity_decrease) {
            split = None;
        }
    }
    if let Some(split) = &split {
        heap.push(Candidate { gain: split.gain, node: nodes.len() });
    }
    node.split = split;
    nodes.push(node);
    Ok(())
}

/// Put the rows that go left first, each side in its old order; returns how many go left.
pub(super) fn partition(range: &mut [u32], spare: &mut Vec<u32>, feature: &BinnedFeature, split: &Split) -> usize {
    let missing = feature.bins() as u32 - 1;
    let goes_left: Box<dyn Fn(u32) -> bool> = match &split.rule {
        Rule::Number { last, .. } => {
            let last = *last;
            Box::new(move |code| if code == missing { split.missing_left } else { code <= last })
        }
        Rule::Category { left, .. } => {
            let mut bits = vec![0u64; feature.bins().div_ceil(64)];
            left.iter().for_each(|&c| bits[c as usize / 64] |= 1 << (c % 64));
            Box::new(move |code| {
                if code == missing {
                    split.missing_left
                } else {
                    bits[code as usize / 64] >> (code % 64) & 1 == 1
                }
            })
        }
    };
    match &feature.codes {
        Codes::U8(codes) => part(range, spare, |r| goes_left(u32::from(codes[r as usize]))),
        Codes::U16(codes) => part(range, spare, |r| goes_left(u32::from(codes[r as usize]))),
        Codes::U32(codes) => part(range, spare, |r| goes_left(codes[r as usize])),
    }
}

fn part(range: &mut [u32], spare: &mut Vec<u32>, goes_left: impl Fn(u32) -> bool) -> usize {
    spare.clear();
    let mut at = 0;
    for i in 0..range.len() {
        let row = range[i];
        if goes_left(row) {
            range[at] = row;
            at += 1;
        } else {
            spare.push(row);
        }
    }
    range[at..].copy_from_slice(spare);
    at
}

/// The tree as flat arrays, breadth first.
pub(super) fn flatten(nodes: &[Node], features: &[BinnedFeature]) -> Trees {
    let outputs = nodes.first().map_or(1, |n| n.values.len());
    let whole = nodes.first().map_or(1.0, |n| n.cover).max(f64::MIN_POSITIVE);
    let mut trees = Trees { outputs: outputs as u32, roots: vec![0], base: vec![0.0; outputs], ..Trees::default() };
    let mut queue = vec![0usize];
    let mut at = 0;
    while at < queue.len() {
        let node = &nodes[queue[at]];
        at += 1;
        trees.cover.push(node.cover);
        trees.rows.push(node.range.len() as u64);
        match (&node.split, node.children) {
            (Some(split), Some((left, right))) => {
                trees.left.push(queue.len() as u32);
                trees.right.push(queue.len() as u32 + 1);
                queue.extend([left, right]);
                trees.feature.push(split.feature as u32);
                trees.gain.push(split.gain / whole);
                trees.missing_left.push(split.missing_left);
                push_rule(&mut trees, split, &features[split.feature]);
            }
            _ => {
                trees.left.push(trees.values.len() as u32);
                trees.right.push(0);
                trees.values.extend_from_slice(&node.values);
                trees.feature.push(LEAF);
                trees.gain.push(0.0);
                trees.missing_left.push(false);
                trees.threshold.push(0.0);
                trees.set.push(0);
            }
        }
    }
    trees
}

fn push_rule(trees: &mut Trees, split: &Split, feature: &BinnedFeature) {
    let words = match &split.rule {
        Rule::Number { threshold, .. } => {
            trees.threshold.push(*threshold);
            trees.set.push(0);
            return;
        }
        Rule::Category { left, seen } => {
            let bits = feature.bins() - 1;
            // Levels the node has not seen, and those nobody has, go where missing values go.
            let unseen_left = split.missing_left || left.len() == seen.len();
            let mut words = vec![if unseen_left { u64::MAX } else { 0 }; bits.div_ceil(64)];
            seen.iter().for_each(|&c| words[c as usize / 64] &= !(1 << (c % 64)));
            left.iter().for_each(|&c| words[c as usize / 64] |= 1 << (c % 64));
            if let Some(last) = words.last_mut() {
                let used = bits % 64;
                if used > 0 {
                    *last &= (1 << used) - 1;
                }
            }
            words
        }
    };
    let used = words.iter().rposition(|w| *w != 0).map_or(0, |i| i + 1);
    trees.threshold.push(0.0);
    trees.sets.push(CategorySet { start: trees.words.len() as u32, len: used as u32 });
    trees.set.push(trees.sets.len() as u32);
    trees.words.extend_from_slice(&words[..used]);
}
