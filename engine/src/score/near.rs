//! Points in the order of a tree of boxes, to find those near another.
//!
//! Every 16 points are a leaf, and every two nodes of a level have one above them: where a node is follows from its number, so nothing but the boxes is
//! kept, and points in any order are a right tree (one ordered by [`order`] is a quick one). Distances and the bounds that boxes give are sums of
//! squares over the dimensions in their order. As rounding keeps order, no bound is ever on the wrong side of a distance: what is found is what a look
//! at every point finds, to the last bit.

use crate::control::Control;
use crate::error::Result;

/// Points of a leaf.
pub(crate) const LEAF: usize = 16;
/// More levels than any number of points has.
const LEVELS: usize = 40;
/// Points of a part that is ordered beside another one.
const APART: usize = 1 << 13;

/// A node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    level: u8,
    at: u32,
}

/// The tree.
#[derive(Debug)]
pub(crate) struct Near {
    dimensions: usize,
    points: usize,
    /// By leaf and dimension the numbers of its points; of points that are not there NaN, which is near nothing.
    values: Vec<f64>,
    /// By node the least and the greatest numbers of its points.
    boxes: Vec<f64>,
    /// By level from the leaves up its first node, and where the last ends.
    starts: Vec<usize>,
}

/// The numbers that a tree of points holds.
pub(crate) fn numbers(points: usize, dimensions: usize) -> usize {
    // Boxes have two numbers a dimension, and there are fewer than two nodes for a leaf and one a level.
    points.div_ceil(LEAF).saturating_mul(LEAF + 4).saturating_add(2 * LEVELS).saturating_mul(dimensions)
}

/// Whether a squared distance is no more than that. NaN, of a row that is nowhere, is near nothing.
#[inline]
pub(crate) fn within(far: f64, reach: f64) -> bool {
    far <= reach
}

impl Near {
    /// A tree of at least one point. Memory for [`numbers`] is counted by the caller.
    pub fn new<'a>(points: usize, dimensions: usize, point: impl Fn(usize) -> &'a [f64]) -> Near {
        let leaves = points.div_ceil(LEAF);
        let mut values = vec![f64::NAN; leaves * LEAF * dimensions];
        for i in 0..points {
            let first = i / LEAF * LEAF * dimensions + i % LEAF;
            for (k, x) in point(i).iter().enumerate() {
                values[first + k * LEAF] = *x;
            }
        }
        let mut boxes = Vec::with_capacity(2 * dimensions * (2 * leaves + LEVELS));
        for leaf in values.chunks_exact((LEAF * dimensions).max(1)) {
            // A comparison with NaN leaves what was found.
            let end =
                |by: fn(f64, f64) -> f64| leaf.chunks_exact(LEAF).map(move |x| x.iter().copied().fold(f64::NAN, by));
            boxes.extend(end(f64::min));
            boxes.extend(end(f64::max));
        }
        let mut starts = vec![0, leaves];
        while starts[starts.len() - 1] - starts[starts.len() - 2] > 1 {
            let (first, end) = (starts[starts.len() - 2], starts[starts.len() - 1]);
            for left in (first..end).step_by(2) {
                let right = if left + 1 < end { left + 1 } else { left };
                for (side, by) in [(0, f64::min as fn(f64, f64) -> f64), (1, f64::max)] {
                    for k in 0..dimensions {
                        let number = |node: usize| boxes[(2 * node + side) * dimensions + k];
                        let both = by(number(left), number(right));
                        boxes.push(both);
                    }
                }
            }
            starts.push(end + (end - first).div_ceil(2));
        }
        Near { dimensions, points, values, boxes, starts }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        8 * (self.values.capacity() + self.boxes.capacity() + self.starts.capacity())
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.points
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// The node above all others.
    pub fn root(&self) -> Node {
        Node { level: (self.starts.len() - 2) as u8, at: 0 }
    }

    /// The place of a node among all: leaves come first, and whatever is below a node comes before it.
    #[inline(always)]
    pub fn place(&self, node: Node) -> usize {
        self.starts[node.level as usize] + node.at as usize
    }

    /// The node at a place of a level.
    pub fn level(&self, level: usize) -> impl Iterator<Item = Node> {
        let count = self.starts[level + 1] - self.starts[level];
        (0..count as u32).map(move |at| Node { level: level as u8, at })
    }

    /// The number of levels.
    pub fn levels(&self) -> usize {
        self.starts.len() - 1
    }

    /// The points below a node.
    pub fn range(&self, node: Node) -> std::ops::Range<usize> {
        let first = (node.at as usize) << node.level;
        first * LEAF..((first + (1 << node.level)) * LEAF).min(self.points)
    }

    /// The nodes below a node: none of a leaf, else one or two.
    #[inline(always)]
    pub fn children(&self, node: Node) -> (Option<Node>, Option<Node>) {
        let Some(level) = node.level.checked_sub(1) else { return (None, None) };
        let count = self.starts[node.level as usize] - self.starts[level as usize];
        let right = 2 * node.at + 1;
        (Some(Node { level, at: 2 * node.at }), ((right as usize) < count).then_some(Node { level, at: right }))
    }

    /// Add the nodes below a node, that which is nearer to a point last, so that it is looked at first; false of a leaf.
    #[inline]
    pub fn add_children(&self, node: Node, point: &[f64], waiting: &mut Vec<Node>) -> bool {
        match self.children(node) {
            (None, _) => return false,
            (Some(left), None) => waiting.push(left),
            (Some(left), Some(right)) if self.least(right, point) < self.least(left, point) => {
                waiting.extend([left, right]);
            }
            (Some(left), Some(right)) => waiting.extend([right, left]),
        }
        true
    }

    #[inline(always)]
    fn ends(&self, node: Node) -> (&[f64], &[f64]) {
        let d = self.dimensions;
        self.boxes[2 * d * self.place(node)..][..2 * d].split_at(d)
    }

    /// No point below the node is nearer than this (squared).
    #[inline(always)]
    pub fn least(&self, node: Node, point: &[f64]) -> f64 {
        let (low, high) = self.ends(node);
        let apart = |((x, low), high): ((&f64, &f64), &f64)| {
            let by = if x < low {
                low - x
            } else if x > high {
                x - high
            } else {
                0.0
            };
            by * by
        };
        point.iter().zip(low).zip(high).map(apart).sum()
    }

    /// No point below the node is further than this (squared).
    #[inline]
    pub fn most(&self, node: Node, point: &[f64]) -> f64 {
        let (low, high) = self.ends(node);
        let apart = |((x, low), high): ((&f64, &f64), &f64)| {
            let by = (x - low).abs().max((x - high).abs());
            by * by
        };
        point.iter().zip(low).zip(high).map(apart).sum()
    }

    /// No two points below the node are further from each other than this (squared).
    pub fn width(&self, node: Node) -> f64 {
        let (low, high) = self.ends(node);
        low.iter().zip(high).map(|(low, high)| (high - low) * (high - low)).sum()
    }

    /// Put the nodes below a node behind those that wait, the nearer one last, as it is looked at first; false of a leaf.
    #[inline(always)]
    fn wait(&self, node: Node, point: &[f64], waiting: &mut [(Node, f64); LEVELS], count: &mut usize) -> bool {
        let (left, right) = self.children(node);
        let Some(left) = left else { return false };
        let mut pair = [(left, self.least(left, point)); 2];
        let mut both = 1;
        if let Some(right) = right {
            (pair[1], both) = ((right, self.least(right, point)), 2);
            if pair[0].1 < pair[1].1 {
                pair.swap(0, 1);
            }
        }
        for next in &pair[..both] {
            waiting[*count] = *next;
            *count += 1;
        }
        true
    }

    /// The squared distances of the points of a leaf.
    #[inline(always)]
    pub fn distances(&self, leaf: Node, point: &[f64]) -> [f64; LEAF] {
        let size = LEAF * self.dimensions;
        let values = &self.values[leaf.at as usize * size..][..size];
        let mut far = [0.0; LEAF];
        for (x, own) in point.iter().zip(values.chunks_exact(LEAF)) {
            for (far, own) in far.iter_mut().zip(own) {
                *far += (x - own) * (x - own);
            }
        }
        far
    }

    /// Copy a point.
    pub fn point(&self, i: usize, out: &mut Vec<f64>) {
        let first = i / LEAF * LEAF * self.dimensions + i % LEAF;
        out.clear();
        out.extend((0..self.dimensions).map(|k| self.values[first + k * LEAF]));
    }

    /// The points nearest to another that weigh `wanted` together, and all that are as far as the last of them; with how far they are (squared), the nearest
    /// first. All there are where they weigh less.
    #[inline(always)]
    pub fn nearest_of_weight(&self, point: &[f64], wanted: f64, weights: &[f64], found: &mut Vec<(f64, u32)>) {
        found.clear();
        // The weight of all that are found, and of those that are furthest.
        let (mut total, mut last) = (0.0, 0.0);
        let mut limit = f64::INFINITY;
        let mut waiting = [(self.root(), 0.0); LEVELS];
        let mut count = 1;
        while count > 0 {
            count -= 1;
            let (node, least) = waiting[count];
            if !within(least, limit) {
                continue;
            }
            if !self.wait(node, point, &mut waiting, &mut count) {
                let first = node.at as usize * LEAF;
                for (i, far) in self.distances(node, point).into_iter().enumerate() {
                    let Some(weight) = weights.get(first + i).filter(|_| within(far, limit)) else { continue };
                    let end = found.last().map_or(-1.0, |furthest| furthest.0);
                    let at = if far >= end { found.len() } else { found.partition_point(|other| other.0 <= far) };
                    found.insert(at, (far, (first + i) as u32));
                    total += weight;
                    if far > end {
                        last = *weight;
                    } else if far == end {
                        last += weight;
                    }
                    // Those that are furthest go where the others are enough.
                    while found.len() > 1 && total - last >= wanted {
                        total -= last;
                        let end = found.last().map_or(0.0, |furthest| furthest.0);
                        while found.pop_if(|other| other.0 == end).is_some() {}
                        let end = found.last().map_or(0.0, |furthest| furthest.0);
                        let alike = found.iter().rev().take_while(|other| other.0 == end);
                        last = alike.map(|other| weights[other.1 as usize]).sum();
                    }
                    if total >= wanted {
                        limit = found.last().map_or(f64::INFINITY, |furthest| furthest.0);
                    }
                }
            }
        }
    }

    /// The nearest point no further than `reach` (squared), and how far it is; of equally near ones that of the lowest rank.
    pub fn nearest(&self, point: &[f64], reach: f64, rank: impl Fn(usize) -> u32) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        let mut limit = reach;
        let mut waiting = [(self.root(), 0.0); LEVELS];
        let mut count = 1;
        waiting[0].1 = self.least(self.root(), point);
        while count > 0 {
            count -= 1;
            let (node, least) = waiting[count];
            if !within(least, limit) {
                continue;
            }
            if !self.wait(node, point, &mut waiting, &mut count) {
                let first = node.at as usize * LEAF;
                for (i, far) in self.distances(node, point).into_iter().enumerate() {
                    let nearer = match best {
                        None => far <= limit,
                        Some((at, _)) => far < limit || (far == limit && rank(first + i) < rank(at)),
                    };
                    if nearer {
                        (best, limit) = (Some((first + i, far)), far);
                    }
                }
            }
        }
        best
    }
}

/// Order points so that a tree of them has small boxes: parts are cut where they are widest, at a number of points that fills the left half of their
/// part of the tree. Points that are the same there go by their numbers, so the order is that of the points alone.
///
/// Fails when cancelled.
pub(crate) fn order<'a>(
    ids: &mut [u32],
    dimensions: usize,
    point: &(impl Fn(u32) -> &'a [f64] + Sync),
    control: &Control,
) -> Result<()> {
    control.check()?;
    if ids.len() <= LEAF {
        return Ok(());
    }
    let widest = widest(ids, dimensions, point);
    let at = |id: &u32| point(*id).get(widest).copied().unwrap_or(0.0);
    let middle = ids.len().div_ceil(LEAF).next_power_of_two() / 2 * LEAF;
    ids.select_nth_unstable_by(middle, |a, b| at(a).total_cmp(&at(b)).then_with(|| a.cmp(b)));
    let (left, right) = ids.split_at_mut(middle);
    // The depth is the logarithm of the number of points.
    match left.len() > APART {
        true => {
            let (a, b) =
                rayon::join(|| order(left, dimensions, point, control), || order(right, dimensions, point, control));
            a.and(b)
        }
        false => {
            order(left, dimensions, point, control)?;
            order(right, dimensions, point, control)
        }
    }
}

/// The dimension in which points are furthest apart, the first of equals.
fn widest<'a>(ids: &[u32], dimensions: usize, point: &impl Fn(u32) -> &'a [f64]) -> usize {
    let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); dimensions];
    for id in ids {
        for ((low, high), x) in ends.iter_mut().zip(point(*id)) {
            (*low, *high) = (low.min(*x), high.max(*x));
        }
    }
    let width = |k: usize| ends[k].1 - ends[k].0;
    (1..dimensions).fold(0, |best, k| if width(k) > width(best) { k } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::Random;

    /// Points of few different numbers, so that many are equally near.
    fn points(count: usize, dimensions: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut random = Random::new(seed, 0);
        (0..count).map(|_| (0..dimensions).map(|_| (random.unit() * 9.0).floor() * 0.3).collect()).collect()
    }

    #[test]
    fn the_nearest_point_is_that_of_a_look_at_all() {
        for (count, dimensions) in [(1, 1), (16, 2), (17, 2), (33, 1), (300, 3), (1000, 2), (777, 7)] {
            let all = points(count, dimensions, count as u64);
            let mut ids: Vec<u32> = (0..count as u32).collect();
            order(&mut ids, dimensions, &|i| &all[i as usize], &Control::default()).unwrap();
            let near = Near::new(count, dimensions, |i| &all[ids[i] as usize]);
            assert_eq!(near.boxes.len(), 2 * dimensions * near.nodes());
            assert!(near.values.len() + near.boxes.len() <= numbers(count, dimensions));
            for query in points(50, dimensions, 99).iter().chain(&all[..count.min(20)]) {
                let far =
                    |i: usize| query.iter().zip(&all[ids[i] as usize]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                for within in [0.0, 0.09, 0.5, f64::INFINITY] {
                    let rank = |i: usize| ids[i];
                    let naive = (0..count)
                        .filter(|i| far(*i) <= within)
                        .min_by(|a, b| far(*a).total_cmp(&far(*b)).then(rank(*a).cmp(&rank(*b))))
                        .map(|i| (i, far(i)));
                    assert_eq!(near.nearest(query, within, rank), naive);
                }
            }
            assert_eq!(near.nearest(&vec![f64::NAN; dimensions], f64::INFINITY, |i| ids[i]), None);
        }
    }

    #[test]
    fn nodes_have_all_points_below_them() {
        for count in [1, 15, 16, 17, 32, 33, 100, 1000] {
            let all = points(count, 2, 5);
            let near = Near::new(count, 2, |i| &all[i]);
            assert_eq!(near.range(near.root()), 0..count);
            for level in 1..near.levels() {
                for node in near.level(level) {
                    let (left, right) = near.children(node);
                    let left = near.range(left.unwrap());
                    let right = right.map_or(left.end..left.end, |right| near.range(right));
                    assert_eq!((left.start..right.end, left.end), (near.range(node), right.start));
                }
            }
        }
    }
}
