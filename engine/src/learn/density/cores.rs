//! Which points are core points, and how far a core point may look.

use std::collections::BinaryHeap;

use super::distinct::{each, Distinct};
use crate::control::Control;
use crate::error::Result;
use crate::learn::kmeans::Points;
use crate::score::near::{Near, Node};

/// Rows whose distances to others choose how far to look: they come in the order of a hash, so the first of every few are a fair sample.
const SAMPLE: usize = 5_000;
/// Numbers of neighbours of all of them together, at most, and rows at least.
const NEIGHBOURS: u64 = 10_000_000;
const FEWEST: usize = 100;
/// Neighbours of a row that are kept: who needs more of them is near nothing.
const MOST: usize = 1 << 18;

/// The weights of points and of all below each node.
pub(super) struct Weights {
    points: Vec<f64>,
    nodes: Vec<f64>,
}

impl Weights {
    pub fn new(near: &Near, points: Vec<f64>, control: &Control) -> Result<Weights> {
        let mut nodes: Vec<f64> = control.vec(near.nodes())?;
        for level in 0..near.levels() {
            control.check()?;
            for node in near.level(level) {
                let weight = match near.children(node) {
                    (Some(left), right) => nodes[near.place(left)] + right.map_or(0.0, |r| nodes[near.place(r)]),
                    _ => points[near.range(node)].iter().sum(),
                };
                nodes.push(weight);
            }
        }
        Ok(Weights { points, nodes })
    }

    pub fn release(self, control: &Control) {
        control.release_vec(self.points);
        control.release_vec(self.nodes);
    }
}

/// Whether each point has others of so much weight, itself among them, no further than `reach` (squared).
pub(super) fn cores(near: &Near, weights: &Weights, reach: f64, least: f64, control: &Control) -> Result<Vec<bool>> {
    each(near.points(), false, control, |i, point| {
        near.point(i, point);
        is_core(near, weights, point, reach, least)
    })
}

fn is_core(near: &Near, weights: &Weights, point: &[f64], reach: f64, least: f64) -> bool {
    let mut waiting: Vec<Node> = vec![near.root()];
    let mut weight = 0.0;
    while let Some(node) = waiting.pop() {
        let own = weights.nodes[near.place(node)];
        if !(own > 0.0 && near.least(node, point) <= reach) {
            continue;
        }
        if near.most(node, point) <= reach {
            weight += own;
        } else if !near.add_children(node, point, &mut waiting) {
            let own = &weights.points[near.range(node)];
            let close = near.distances(node, point).into_iter().zip(own).filter(|(far, _)| *far <= reach);
            weight += close.map(|(_, weight)| weight).sum::<f64>();
        }
        if weight >= least {
            return true;
        }
    }
    false
}

/// A neighbour on a heap whose top is the furthest.
struct Neighbour {
    far: f64,
    weight: f64,
}

impl PartialEq for Neighbour {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Neighbour {}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.far.total_cmp(&other.far).then_with(|| self.weight.total_cmp(&other.weight))
    }
}

/// How far (squared) a point must look to find others of so much weight, itself among them; infinite where there are not as many.
fn reach_of(near: &Near, weights: &Weights, point: &[f64], least: f64) -> f64 {
    let mut kept: BinaryHeap<Neighbour> = BinaryHeap::new();
    let mut weight = 0.0;
    let mut waiting: Vec<Node> = vec![near.root()];
    while let Some(node) = waiting.pop() {
        let limit = if weight >= least { kept.peek().map_or(f64::INFINITY, |n| n.far) } else { f64::INFINITY };
        if near.least(node, point) >= limit {
            continue;
        }
        if near.add_children(node, point, &mut waiting) {
            continue;
        }
        for (far, own) in near.distances(node, point).into_iter().zip(&weights.points[near.range(node)]) {
            if *own > 0.0 && (weight < least || kept.peek().is_none_or(|n| far < n.far)) {
                kept.push(Neighbour { far, weight: *own });
                weight += own;
            }
            while let Some(furthest) = kept.peek().filter(|n| weight - n.weight >= least) {
                weight -= furthest.weight;
                kept.pop();
            }
        }
        if kept.len() > MOST {
            return f64::INFINITY;
        }
    }
    if weight >= least {
        kept.peek().map_or(f64::INFINITY, |n| n.far)
    } else {
        f64::INFINITY
    }
}

/// The distance at which the curve of how far rows must look to be core rows bends upwards: rows in dense parts need less, those in none more. That
/// is where the curve, sorted, is furthest below the line between its ends (the knee of Satopaa and others 2011). `None` where no distance is above 0.
pub(super) fn knee(
    points: &Points<'_>,
    distinct: &Distinct,
    near: &Near,
    weights: &Weights,
    min_samples: u64,
    control: &Control,
) -> Result<Option<f64>> {
    let n = distinct.of_row.len();
    let most = SAMPLE.min((NEIGHBOURS / min_samples.max(1)) as usize).max(FEWEST);
    let step = n.div_ceil(most).max(1);
    let reaches = each(n.div_ceil(step), f64::INFINITY, control, |i, _| {
        reach_of(near, weights, points.row(i * step), min_samples as f64)
    })?;
    let mut curve: Vec<f64> = reaches.iter().filter(|r| r.is_finite()).map(|r| r.sqrt()).collect();
    control.release_vec(reaches);
    curve.sort_unstable_by(f64::total_cmp);
    Ok(bend(&curve))
}

/// Where a rising curve bends, if anywhere above 0.
fn bend(curve: &[f64]) -> Option<f64> {
    let (first, last) = (*curve.first()?, *curve.last()?);
    let above = |i: usize| i as f64 / (curve.len() - 1).max(1) as f64 - (curve[i] - first) / (last - first);
    let at = match last > first {
        true => (1..curve.len()).fold(0, |best, i| if above(i) > above(best) { i } else { best }),
        false => 0,
    };
    // A little more, as rows of a grid are equally far but for rounding.
    curve[at..].iter().copied().find(|far| *far > 0.0).map(|far| far * (1.0 + 1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_bends_where_it_starts_to_rise() {
        let curve: Vec<f64> =
            (0..100).map(|i| if i < 90 { 0.1 + f64::from(i) * 0.001 } else { f64::from(i - 88) }).collect();
        let more = |far: f64| Some(far * (1.0 + 1e-9));
        assert_eq!(bend(&curve), more(curve[89]));
        assert_eq!(bend(&[0.0; 8]), None);
        assert_eq!(bend(&[]), None);
        assert_eq!(bend(&[0.5; 3]), more(0.5));
        assert_eq!(bend(&[0.0, 0.0, 0.0, 2.0]), more(2.0));
    }
}
