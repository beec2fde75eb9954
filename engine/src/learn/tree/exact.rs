//! The exact splitter: linfa-trees, within guards.
//!
//! linfa-trees 0.8 recurses for ever on NaN, takes values closer than 1e-5 for equal, sends `x <= split` left in training but `x < split`
//! in prediction, and breaks ties by hash order. So it is shown the rank of each value, never the value: ranks are finite and 1 apart.
//! Of its tree only the structure is taken; rows are routed by our rule and leaves hold our statistics. What remains is that ties fall by
//! chance, so the same rows can give different models, and that it cannot be cancelled, so its work is bounded.

use linfa::prelude::*;
use linfa_trees::{DecisionTree, SplitQuality, TreeNode};
use ndarray::{Array1, Array2};

use super::grow::{flatten, partition, Node};
use super::rows::Rows;
use super::split::{between, Rule, Split};
use super::{Criterion, TreeParams, DEEPEST};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::bin::{BinKind, BinnedFeature};
use crate::learn::Target;
use crate::model::Trees;

/// The most cells (rows x features) the exact splitter takes: some seconds of work that cannot be cancelled.
pub const MOST_CELLS: usize = 2_000_000;

/// Grow a classification tree by linfa-trees on exactly binned features.
///
/// Fails with [`Error::InvalidData`] for a regression or more than [`MOST_CELLS`] cells. Not deterministic: see the module.
pub fn fit_exact(
    features: &[BinnedFeature],
    target: &Target,
    weight: Option<&[f64]>,
    params: &TreeParams,
    control: &Control,
) -> Result<Trees> {
    let Target::Class { codes, classes } = target else {
        return Err(Error::data("splitter \"exact\" needs a classification", "Leave out the option \"splitter\"."));
    };
    let cells = codes.len().saturating_mul(features.len());
    if cells > MOST_CELLS {
        return Err(Error::InvalidData {
            message: "the table is too large for splitter \"exact\"".into(),
            detail: format!("It has {cells} cells; {MOST_CELLS} are the most."),
            hint: "Leave out the option \"splitter\", or read a sample.".into(),
        });
    }
    let rows = Rows::new(target, weight, params, control)?;
    let ranks: Vec<Vec<u32>> = features.iter().map(|f| ranks(f, codes, *classes)).collect();
    let several = codes.iter().any(|c| *c != codes[0]);
    let root = if several { Some(grow_linfa(features, &ranks, codes, weight, params, control)?) } else { None };
    let nodes = convert(root.as_ref().map(|t| t.root_node()), features, &ranks, &rows, params, control)?;
    let trees = flatten(&nodes, features);
    rows.release(control);
    Ok(trees)
}

fn code(feature: &BinnedFeature, row: usize) -> u32 {
    feature.codes.get(row) as u32
}

/// The rank of each code: numbers in their order, levels by the mean class of their rows, missing values last.
fn ranks(feature: &BinnedFeature, classes_of: &[u32], classes: usize) -> Vec<u32> {
    let bins = feature.bins();
    if let BinKind::Number { .. } | BinKind::Ordered { .. } = feature.kind {
        return (0..bins as u32).collect();
    }
    let prior = classes as f64 / 2.0;
    let mut sums = vec![(prior, 1.0); bins];
    for (row, class) in classes_of.iter().enumerate() {
        let sum = &mut sums[code(feature, row) as usize];
        *sum = (sum.0 + f64::from(*class), sum.1 + 1.0);
    }
    let mut order: Vec<u32> = (0..bins as u32 - 1).collect();
    let mean = |c: u32| sums[c as usize].0 / sums[c as usize].1;
    order.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(a.cmp(&b)));
    let mut ranks = vec![bins as u32 - 1; bins];
    order.iter().enumerate().for_each(|(rank, &code)| ranks[code as usize] = rank as u32);
    ranks
}

fn grow_linfa(
    features: &[BinnedFeature],
    ranks: &[Vec<u32>],
    codes: &[u32],
    weight: Option<&[f64]>,
    params: &TreeParams,
    control: &Control,
) -> Result<DecisionTree<f64, usize>> {
    let n = codes.len();
    // The matrix, and what linfa sorts of it for a node.
    let bytes = n * features.len() * 8 * 3;
    control.reserve(bytes)?;
    let matrix =
        Array2::from_shape_fn((n, features.len()), |(r, f)| f64::from(ranks[f][code(&features[f], r) as usize]));
    let labels = Array1::from_iter(codes.iter().map(|&c| c as usize));
    let mut data = linfa::Dataset::new(matrix, labels);
    if weight.is_some() || params.class_weight.is_some() {
        let class = |r: usize| params.class_weight.as_ref().map_or(1.0, |w| w[codes[r] as usize]);
        let weights = (0..n).map(|r| (weight.map_or(1.0, |w| w[r]) * class(r)) as f32);
        data = data.with_weights(Array1::from_iter(weights));
    }
    let quality = if params.criterion == Criterion::Entropy { SplitQuality::Entropy } else { SplitQuality::Gini };
    let tree = DecisionTree::params()
        .split_quality(quality)
        .max_depth(Some(params.max_depth.min(DEEPEST) as usize))
        .min_weight_split(params.min_samples_split.max(2) as f32)
        .min_weight_leaf(params.least_rows() as f32)
        .min_impurity_decrease(params.min_impurity_decrease.max(1e-12))
        .fit(&data)
        .map_err(|e| Error::data(format!("the exact splitter failed: {e}"), "Leave out the option \"splitter\"."));
    control.release(bytes);
    tree
}

/// Our nodes from linfa's: rows are routed by our rule, statistics are ours.
fn convert(
    root: Option<&TreeNode<f64, usize>>,
    features: &[BinnedFeature],
    ranks: &[Vec<u32>],
    rows: &Rows<'_>,
    params: &TreeParams,
    control: &Control,
) -> Result<Vec<Node>> {
    let mut order: Vec<u32> = control.vec(rows.order.len())?;
    order.extend_from_slice(&rows.order);
    let mut spare = control.vec(order.len())?;
    let mut nodes = vec![Node::new(0..order.len(), 0, &order, rows)];
    let mut stack = vec![(0usize, root)];
    while let Some((at, theirs)) = stack.pop() {
        let Some(theirs) = theirs.filter(|t| !t.is_leaf() && nodes[at].depth < params.max_depth.min(DEEPEST)) else {
            continue;
        };
        let (feature, cut, _) = theirs.split();
        let range = nodes[at].range.clone();
        let Some(rule) = rule(&features[feature], &ranks[feature], cut, &order[range.clone()]) else { continue };
        let mut split = Split { feature, gain: 0.0, missing_left: false, rule };
        let middle = range.start + partition(&mut order[range.clone()], &mut spare, &features[feature], &split);
        let smaller = (middle - range.start).min(range.end - middle);
        if (smaller as u64) < params.min_group.max(1) {
            continue;
        }
        let depth = nodes[at].depth + 1;
        let left = Node::new(range.start..middle, depth, &order, rows);
        let right = Node::new(middle..range.end, depth, &order, rows);
        split.gain = (nodes[at].impurity - left.impurity - right.impurity).max(0.0);
        let first = nodes.len();
        nodes.extend([left, right]);
        nodes[at].split = Some(split);
        nodes[at].children = Some((first, first + 1));
        let children = theirs.children();
        let child = |i: usize| children.get(i).and_then(|c| c.as_deref());
        stack.push((first + 1, child(1)));
        stack.push((first, child(0)));
    }
    control.release_vec(order);
    control.release_vec(spare);
    Ok(nodes)
}

/// Our rule for a cut between ranks. A cut above all values sends missing values right, and all else left.
fn rule(feature: &BinnedFeature, ranks: &[u32], cut: f64, rows: &[u32]) -> Option<Rule> {
    let missing = feature.bins() as u32 - 1;
    match &feature.kind {
        BinKind::Number { low, high } | BinKind::Ordered { low, high, .. } => {
            let last = cut.floor().max(0.0) as usize;
            if last + 1 >= low.len() {
                let last = low.len().checked_sub(1)?;
                return Some(Rule::Number { last: last as u32, threshold: high[last] });
            }
            // The values nearest to the cut among the node's own rows.
            let seen = |r: &u32| Some(code(feature, *r as usize)).filter(|c| *c != missing);
            let below = rows.iter().filter_map(seen).filter(|c| *c as usize <= last).max().unwrap_or(last as u32);
            let above = rows.iter().filter_map(seen).filter(|c| *c as usize > last).min().unwrap_or(last as u32 + 1);
            Some(Rule::Number { last: below, threshold: between(high[below as usize], low[above as usize]) })
        }
        BinKind::Category { .. } => {
            let mut seen: Vec<u32> =
                rows.iter().map(|&r| code(feature, r as usize)).filter(|c| *c != missing).collect();
            seen.sort_unstable();
            seen.dedup();
            let left = seen.iter().copied().filter(|&c| f64::from(ranks[c as usize]) <= cut).collect();
            Some(Rule::Category { left, seen })
        }
    }
}
