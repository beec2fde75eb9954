//! Growing one tree: the leaf with the largest gain is split next.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use rayon::prelude::*;

use super::histogram::{fill, subtract, Histogram, Sum, BINS};
use super::matrix::{blocks, Block};
use super::scores::Scores;
use super::split::{part_bounds, Bounds, Finder, Rule, Split, FREE};
use super::BoostParams;
use crate::control::Control;
use crate::data::{mix, CHUNK};
use crate::error::Result;
use crate::learn::bin::{BinKind, BinnedFeature, Codes};
use crate::model::{CategorySet, Trees, LEAF};

/// Rows below which one thread is quicker than two.
const FEW_ROWS: usize = 1 << 15;
/// Features from which splits are looked for by several threads.
const MANY_FEATURES: usize = 48;

/// A node of a tree.
pub(super) struct Node {
    /// Its rows in [`Grower::order`].
    pub range: Range<usize>,
    pub depth: u32,
    pub sum: Sum,
    pub split: Option<Split>,
    /// The left child, with the right one after it.
    pub children: usize,
    /// What a leaf adds to the score.
    pub value: f64,
    /// Its table in [`Grower::tables`], where it is split.
    table: usize,
    /// Its parent; of the root the root.
    pub parent: usize,
    /// What constraints let it say.
    pub bounds: Bounds,
}

/// A tree as it is grown: node 0 is the root.
pub(super) struct Tree {
    pub nodes: Vec<Node>,
}

/// A leaf that may be split, by gain and then by age.
struct Candidate {
    split: Split,
    node: usize,
    histogram: Histogram,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.split.gain.total_cmp(&other.split.gain).then(other.node.cmp(&self.node))
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

/// Memory that all trees use one after the other.
pub(super) struct Grower<'a> {
    features: &'a [&'a BinnedFeature],
    params: &'a BoostParams,
    fit_rows: usize,
    blocks: Vec<Block>,
    /// Row indexes; each node has a range of them, ascending.
    pub order: Vec<u32>,
    spare: Vec<u32>,
    /// Histograms that are not in use.
    free: Vec<Histogram>,
    /// Histograms of threads beyond the first.
    partials: Vec<Histogram>,
    /// Which bins go left, for each split of the tree at hand.
    tables: Vec<[bool; BINS]>,
    /// Which features the tree at hand sees.
    used: Vec<bool>,
    /// The sets of features that may meet, by feature.
    interactions: Vec<Vec<bool>>,
    /// Which features the node at hand may be split by.
    allowed: Vec<bool>,
    /// Salt and limit of the hash of a row that the tree at hand sees; `None` where it sees all.
    sample: Option<(u64, u64)>,
    counted: usize,
}

impl<'a> Grower<'a> {
    pub fn new(
        features: &'a [&'a BinnedFeature],
        fit_rows: usize,
        params: &'a BoostParams,
        control: &Control,
    ) -> Result<Grower<'a>> {
        let blocks = blocks(features, fit_rows, control)?;
        let order = control.vec(fit_rows)?;
        let spare = control.filled(fit_rows, 0)?;
        // A histogram and a table for each leaf that may still be split, the histogram at hand, and one a further thread.
        let threads = rayon::current_num_threads();
        let histogram = features.len() * BINS * std::mem::size_of::<Sum>();
        let counted = (params.max_leaf_nodes as usize + threads) * histogram + params.max_leaf_nodes as usize * BINS;
        control.reserve(counted)?;
        let mut grower = Grower {
            features,
            params,
            fit_rows,
            blocks,
            order,
            spare,
            free: Vec::new(),
            partials: Vec::new(),
            tables: Vec::new(),
            used: vec![false; features.len()],
            interactions: Vec::new(),
            allowed: vec![false; features.len()],
            sample: None,
            counted,
        };
        for set in &params.interactions {
            let mut by_feature = vec![false; features.len()];
            set.iter().filter(|&&f| f < features.len()).for_each(|&f| by_feature[f] = true);
            grower.interactions.push(by_feature);
        }
        if fit_rows >= super::histogram::FEW_ROWS {
            grower.partials = (1..threads).map(|_| grower.histogram()).collect();
        }
        Ok(grower)
    }

    pub fn release(self, control: &Control) {
        self.blocks.into_iter().for_each(|b| control.release_vec(b.codes));
        control.release_vec(self.order);
        control.release_vec(self.spare);
        control.release(self.counted);
    }

    fn histogram(&mut self) -> Histogram {
        self.free.pop().unwrap_or_else(|| vec![[0; BINS]; self.features.len()])
    }

    /// The histogram of the rows of a range.
    fn sum_up(&mut self, range: Range<usize>, scores: &Scores<'_>, control: &Control) -> Result<Histogram> {
        let mut out = self.histogram();
        let rows = &self.order[range];
        fill(&self.blocks, rows, &scores.pairs, &self.used, &mut out, &mut self.partials, control)?;
        Ok(out)
    }

    /// Grow the tree `which` (iteration and output) on the derivatives of `scores`. One step of progress a leaf.
    pub fn grow(&mut self, scores: &Scores<'_>, which: (u32, usize), control: &Control) -> Result<Tree> {
        self.choose_rows(which);
        self.choose_features(which);
        self.tables.clear();
        let histogram = self.sum_up(0..self.order.len(), scores, control)?;
        // Every row is in one bin of every feature, so one feature's bins sum up to the whole.
        let any = self.used.iter().position(|&u| u).unwrap_or(0);
        let sum = histogram.get(any).map_or(0, |h| h.iter().sum());
        let mut tree = Tree { nodes: vec![Node::leaf(0..self.order.len(), 0, sum, 0, FREE)] };
        let mut heap = BinaryHeap::new();
        self.consider(&mut heap, &tree, 0, histogram, scores);
        let mut leaves = 1;
        while leaves < self.params.max_leaf_nodes {
            let Some(Candidate { split, node, mut histogram }) = heap.pop() else { break };
            control.advance(1);
            let (range, depth, sum) =
                (tree.nodes[node].range.clone(), tree.nodes[node].depth + 1, tree.nodes[node].sum);
            let middle = range.start + self.partition(range.clone(), &split, control)?;
            let children = tree.nodes.len();
            let (left, right) = self.bounds(&tree.nodes[node], &split, scores);
            tree.nodes.push(Node::leaf(range.start..middle, depth, split.left, node, left));
            tree.nodes.push(Node::leaf(middle..range.end, depth, sum - split.left, node, right));
            tree.nodes[node].children = children;
            tree.nodes[node].table = self.tables.len() - 1;
            tree.nodes[node].split = Some(split);
            leaves += 1;
            if leaves >= self.params.max_leaf_nodes || depth >= self.params.max_depth {
                self.free.push(histogram);
                continue;
            }
            // The smaller child is summed up; the larger one is what the parent has more.
            let left_smaller = middle - range.start <= range.end - middle;
            let (small, large) = if left_smaller { (children, children + 1) } else { (children + 1, children) };
            let own = self.sum_up(tree.nodes[small].range.clone(), scores, control)?;
            subtract(&mut histogram, &own);
            self.consider(&mut heap, &tree, small, own, scores);
            self.consider(&mut heap, &tree, large, histogram, scores);
        }
        self.free.extend(heap.into_iter().map(|c| c.histogram));
        control.advance(u64::from(self.params.max_leaf_nodes - leaves + 1));
        Ok(tree)
    }

    /// Look for the best split of a node and keep it with its histogram.
    fn consider(
        &mut self,
        heap: &mut BinaryHeap<Candidate>,
        tree: &Tree,
        index: usize,
        histogram: Histogram,
        scores: &Scores<'_>,
    ) {
        self.allow(tree, index);
        let used = &self.allowed;
        let node = &tree.nodes[index];
        let rows = node.range.len();
        let mut best: Option<Split> = None;
        let mut least = self.params.min_samples_leaf.max(self.params.min_group).max(1);
        while rows as u64 >= 2 * least && node.depth < self.params.max_depth {
            let finder = Finder::new(self.params, scores.quanta, scores.units);
            let leaf = finder.leaf(node.sum, rows, node.bounds, least);
            let look = |f: usize| if used[f] { finder.best(&leaf, f, self.features[f], &histogram[f]) } else { None };
            // Of equal gains the lower feature wins.
            let better = |a: Option<Split>, b: Option<Split>| match (a, b) {
                (Some(a), Some(b)) => {
                    Some(if b.gain > a.gain || (b.gain == a.gain && b.feature < a.feature) { b } else { a })
                }
                (a, b) => a.or(b),
            };
            let count = self.features.len();
            best = if count >= MANY_FEATURES && rayon::current_num_threads() > 1 {
                (0..count).into_par_iter().map(look).reduce(|| None, better)
            } else {
                (0..count).map(look).fold(None, better)
            };
            // Second derivatives tell rows about; where it matters, rows are counted, and looked for in larger numbers while they are too few.
            if best.as_ref().is_none_or(|split| self.parts_enough(node.range.clone(), split)) {
                break;
            }
            best = None;
            least += least / 2 + 1;
        }
        match best {
            Some(split) => heap.push(Candidate { split, node: index, histogram }),
            None => self.free.push(histogram),
        }
    }

    /// Whether both sides of a split have as many rows as a group must have.
    fn parts_enough(&self, range: Range<usize>, split: &Split) -> bool {
        let least = self.params.min_group;
        if least <= 1 {
            return true;
        }
        let feature = self.features[split.feature];
        let rows = &self.order[range];
        let goes_left = |row: &&u32| split.goes_left(feature.codes.get(**row as usize) as u32, feature.bins());
        let left = rows.iter().filter(goes_left).count() as u64;
        left >= least && rows.len() as u64 - left >= least
    }

    /// The bounds of the children of a node that is split.
    fn bounds(&self, node: &Node, split: &Split, scores: &Scores<'_>) -> (Bounds, Bounds) {
        match self.params.direction(split.feature) {
            0 => (node.bounds, node.bounds),
            direction => {
                let finder = Finder::new(self.params, scores.quanta, scores.units);
                part_bounds(node.bounds, direction, finder.value(split.left), finder.value(node.sum - split.left))
            }
        }
    }

    /// Find which features a node may be split by: those that a set has together with all on the path to the node.
    fn allow(&mut self, tree: &Tree, index: usize) {
        if self.interactions.is_empty() {
            self.allowed.copy_from_slice(&self.used);
            return;
        }
        self.allowed.fill(false);
        for set in &self.interactions {
            let mut at = index;
            let mut fits = true;
            while at != 0 && fits {
                at = tree.nodes[at].parent;
                fits = tree.nodes[at].split.as_ref().is_some_and(|split| set[split.feature]);
            }
            if fits {
                self.allowed.iter_mut().zip(set).zip(&self.used).for_each(|((to, set), used)| *to |= set & used);
            }
        }
    }

    /// The rows the tree sees, ascending.
    fn choose_rows(&mut self, (iteration, _): (u32, usize)) {
        self.sample = None;
        if self.params.subsample < 1.0 {
            let salt = mix(self.params.seed ^ 0x4528_21e6_38d0_1377, u64::from(iteration));
            self.sample = Some((salt, (self.params.subsample * u32::MAX as f64) as u64));
        }
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        if self.sample.is_some() {
            order.extend((0..self.fit_rows as u32).filter(|&r| self.sees(r)));
        }
        if order.is_empty() {
            // Without a sample, or where chance left no row of a few, the tree sees all.
            self.sample = None;
            order.extend(0..self.fit_rows as u32);
        }
        self.order = order;
    }

    /// Whether the tree at hand sees a row.
    #[inline]
    pub fn sees(&self, row: u32) -> bool {
        self.sample.is_none_or(|(salt, limit)| mix(salt, u64::from(row)) >> 32 <= limit)
    }

    /// Whether there are rows that the tree at hand does not see.
    pub fn is_sampled(&self) -> bool {
        self.sample.is_some()
    }

    /// Which features the tree sees: the share that is asked for, at least one.
    fn choose_features(&mut self, (iteration, output): (u32, usize)) {
        let count = self.features.len();
        let wanted = ((count as f64 * self.params.colsample_bytree).ceil() as usize).clamp(1, count.max(1));
        if wanted >= count {
            self.used.fill(true);
            return;
        }
        let salt = mix(self.params.seed ^ 0xbe54_66cf_34e9_0c6c, u64::from(iteration) << 32 | output as u64);
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&f| mix(salt, f as u64));
        self.used.fill(false);
        order[..wanted].iter().for_each(|&f| self.used[f] = true);
    }

    /// Put the rows that go left first, each side in its old order; returns how many go left.
    fn partition(&mut self, range: Range<usize>, split: &Split, control: &Control) -> Result<usize> {
        let feature = self.features[split.feature];
        let mut goes_left = [false; BINS];
        (0..feature.bins()).for_each(|b| goes_left[b] = split.goes_left(b as u32, feature.bins()));
        self.tables.push(goes_left);
        let rows = &mut self.order[range.clone()];
        let spare = &mut self.spare[range];
        match &feature.codes {
            Codes::U8(codes) => part(rows, spare, |r| goes_left[codes[r as usize] as usize], control),
            Codes::U16(codes) => part(rows, spare, |r| goes_left[usize::from(codes[r as usize]) % BINS], control),
            Codes::U32(codes) => part(rows, spare, |r| goes_left[codes[r as usize] as usize % BINS], control),
        }
    }
}

/// Part `rows` by `goes_left`, in parts by several threads where there are many.
fn part(
    rows: &mut [u32],
    spare: &mut [u32],
    goes_left: impl Fn(u32) -> bool + Sync,
    control: &Control,
) -> Result<usize> {
    let one = |rows: &mut [u32], spare: &mut [u32]| -> Result<usize> {
        let (mut left, mut right) = (0, 0);
        for start in (0..rows.len()).step_by(CHUNK) {
            control.check()?;
            for i in start..(start + CHUNK).min(rows.len()) {
                let row = rows[i];
                let to_left = goes_left(row);
                // Both are written and one counts, so that nothing depends on a guess.
                rows[left] = row;
                spare[right] = row;
                left += usize::from(to_left);
                right += usize::from(!to_left);
            }
        }
        Ok(left)
    };
    let threads = rayon::current_num_threads();
    if threads == 1 || rows.len() < FEW_ROWS {
        let left = one(rows, spare)?;
        let right = rows.len() - left;
        rows[left..].copy_from_slice(&spare[..right]);
        return Ok(left);
    }
    let share = rows.len().div_ceil(threads);
    let lefts: Result<Vec<usize>> =
        rows.par_chunks_mut(share).zip(spare.par_chunks_mut(share)).map(|(r, s)| one(r, s)).collect();
    let lefts = lefts?;
    // The left rows of each part move up behind each other, then the right ones come out of the spare parts.
    let mut at = 0;
    for (i, &left) in lefts.iter().enumerate() {
        rows.copy_within(i * share..i * share + left, at);
        at += left;
    }
    let middle = at;
    for (i, &left) in lefts.iter().enumerate() {
        let start = i * share;
        let right = (spare.len() - start).min(share) - left;
        rows[at..at + right].copy_from_slice(&spare[start..start + right]);
        at += right;
    }
    Ok(middle)
}

impl Node {
    /// A node that is not split.
    fn leaf(range: Range<usize>, depth: u32, sum: Sum, parent: usize, bounds: Bounds) -> Node {
        Node { range, depth, sum, split: None, children: 0, value: 0.0, table: 0, parent, bounds }
    }
}

impl Split {
    /// Whether a bin goes left; the last of `bins` is that of missing values.
    fn goes_left(&self, bin: u32, bins: usize) -> bool {
        if bin as usize + 1 == bins {
            return self.missing_left;
        }
        match &self.rule {
            Rule::Number(last) => bin <= *last,
            Rule::Category { left, seen } => {
                let (word, bit) = (bin as usize / 64, bin % 64);
                if seen[word] >> bit & 1 == 1 {
                    left[word] >> bit & 1 == 1
                } else {
                    self.missing_left
                }
            }
        }
    }
}

impl Tree {
    /// A tree of one leaf that adds nothing.
    pub fn stump(rows: usize) -> Tree {
        Tree { nodes: vec![Node::leaf(0..rows, 0, 0, 0, FREE)] }
    }

    /// The number of leaves.
    pub fn leaves(&self) -> usize {
        self.nodes.len().div_ceil(2)
    }

    /// Find the bounds of all nodes anew, from what each says. Where constraints part children, `values` has both.
    pub fn part_bounds(&mut self, params: &BoostParams, values: &[f64]) {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let (Some(split), children) = (&node.split, node.children) else { continue };
            let direction = params.direction(split.feature);
            let (left, right) = part_bounds(node.bounds, direction, values[children], values[children + 1]);
            (self.nodes[children].bounds, self.nodes[children + 1].bounds) = (left, right);
        }
    }

    /// What the tree that `grower` has grown last adds to the score of a row.
    pub fn value(&self, features: &[&BinnedFeature], grower: &Grower<'_>, row: usize) -> f64 {
        let mut node = &self.nodes[0];
        while let Some(split) = &node.split {
            let code = features[split.feature].codes.get(row) % BINS;
            node = &self.nodes[node.children + usize::from(!grower.tables[node.table][code])];
        }
        node.value
    }

    /// Append the tree to those that are stored; its leaves speak for one output.
    pub fn store(&self, trees: &mut Trees, features: &[&BinnedFeature], output: usize) {
        let root = trees.feature.len() as u32;
        let whole = self.nodes[0].range.len().max(1) as f64;
        trees.roots.push(root);
        for node in &self.nodes {
            trees.cover.push(node.range.len() as f64);
            trees.rows.push(node.range.len() as u64);
            match &node.split {
                Some(split) => {
                    trees.feature.push(split.feature as u32);
                    trees.left.push(root + node.children as u32);
                    trees.right.push(root + node.children as u32 + 1);
                    trees.missing_left.push(split.missing_left);
                    trees.gain.push(split.gain / whole);
                    store_rule(trees, split, features[split.feature]);
                }
                None => {
                    trees.feature.push(LEAF);
                    trees.left.push(trees.values.len() as u32);
                    trees.right.push(if trees.outputs > 1 { output as u32 + 1 } else { 0 });
                    trees.missing_left.push(false);
                    trees.gain.push(0.0);
                    trees.threshold.push(0.0);
                    trees.set.push(0);
                    trees.values.push(node.value);
                }
            }
        }
    }
}

fn store_rule(trees: &mut Trees, split: &Split, feature: &BinnedFeature) {
    match (&split.rule, &feature.kind) {
        (Rule::Number(last), BinKind::Number { low, high } | BinKind::Ordered { low, high }) => {
            let last = *last as usize;
            let threshold = match low.get(last + 1) {
                Some(&next) => between(high[last], next),
                None => f64::INFINITY,
            };
            trees.threshold.push(threshold);
            trees.set.push(0);
        }
        _ => {
            // Levels, and what is none of them.
            let codes = feature.bins() - 1;
            let mut words = vec![0u64; codes.div_ceil(64)];
            let left = (0..codes).filter(|&c| split.goes_left(c as u32, feature.bins()));
            left.for_each(|c| words[c / 64] |= 1 << (c % 64));
            let used = words.iter().rposition(|w| *w != 0).map_or(0, |i| i + 1);
            trees.sets.push(CategorySet { start: trees.words.len() as u32, len: used as u32 });
            trees.words.extend_from_slice(&words[..used]);
            trees.threshold.push(0.0);
            trees.set.push(trees.sets.len() as u32);
        }
    }
}

/// A number `a <= t < b`, half-way where there is one.
fn between(a: f64, b: f64) -> f64 {
    let middle = a + (b - a) / 2.0;
    if middle.is_finite() && middle < b {
        middle
    } else {
        a
    }
}
