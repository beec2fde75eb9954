//! Shapley values of the rows of a block for one tree.
//!
//! A leaf pays its number where all features of its path are as the path asks. Where a feature is not known, the share of training rows that
//! went the way of the path stands for it. So with the known features chosen at random, each with probability t, what a leaf pays is the product over
//! the features of its path of `t * o + (1 - t) * z`, where `o` is 1 if the row goes the way of the path at all its splits of the feature, else 0,
//! and `z` is the product of the shares. The Shapley value of a feature is the integral over t of the difference that it makes, a
//! polynomial in t that Gauss-Legendre quadrature integrates exactly (Yu et al. 2022, Linear TreeSHAP, go by polynomials too). All terms
//! of the products are positive, so nothing cancels.
//!
//! Every edge multiplies the product on the way down and is paid on the way up, so that a tree takes as many steps as it has edges; rows lie side by side,
//! so that each step is one instruction for several rows.

use super::plan::{Edge, Plan, NONE};
use super::quadrature::Point;
use crate::control::Control;
use crate::error::Result;
use crate::score::Scorer;
use crate::simd::Kernel;

/// What a block of rows needs while it goes through a tree; by depth, and by point where there is one a point.
#[derive(Debug)]
pub(super) struct Space<const ROWS: usize> {
    /// The product of the path.
    paths: Vec<[f64; ROWS]>,
    /// The sum of what the leaves below pay.
    paid: Vec<[f64; ROWS]>,
    /// All bits where the row goes the way of the path at all splits of the feature of the edge.
    along: Vec<[u64; ROWS]>,
    /// All bits where the row goes left at the node above.
    left: Vec<[u64; ROWS]>,
    /// The edges of the path.
    open: Vec<u32>,
}

impl<const ROWS: usize> Space<ROWS> {
    /// Without room.
    pub fn new() -> Self {
        Space { paths: Vec::new(), paid: Vec::new(), along: Vec::new(), left: Vec::new(), open: Vec::new() }
    }

    /// Make room for trees of a depth and a rule of as many points.
    pub fn grow(&mut self, depth: usize, points: usize, control: &Control) -> Result<()> {
        let (levels, cells) = (depth + 1, (depth + 1).saturating_mul(points));
        if self.paths.len() < cells {
            for cells_of in [&mut self.paths, &mut self.paid] {
                control.release_vec(std::mem::take(cells_of));
                *cells_of = control.filled(cells, [0.0; ROWS])?;
            }
        }
        if self.along.len() < levels {
            for marks in [&mut self.along, &mut self.left] {
                control.release_vec(std::mem::take(marks));
                *marks = control.filled(levels, [0; ROWS])?;
            }
            control.release_vec(std::mem::take(&mut self.open));
            self.open = control.vec(levels)?;
        }
        Ok(())
    }

    /// Give back what was counted of its memory.
    pub fn release(self, control: &Control) {
        let Space { paths, paid, along, left, open } = self;
        [paths, paid].into_iter().for_each(|cells| control.release_vec(cells));
        [along, left].into_iter().for_each(|marks| control.release_vec(marks));
        control.release_vec(open);
    }
}

/// A tree to be taken.
pub(super) struct Tree<'a, const ROWS: usize> {
    /// The scorer whose tree it is.
    pub scorer: &'a Scorer,
    /// Its edges.
    pub plan: &'a Plan,
    /// The rule, of points enough for its longest path.
    pub rule: &'a [Point],
    /// The cells of at most as many rows, by feature.
    pub columns: &'a [&'a [f64]],
    /// Room, enough for the tree.
    pub space: &'a mut Space<ROWS>,
    /// By feature, what is added to.
    pub values: &'a mut [[f64; ROWS]],
}

impl<const ROWS: usize> Kernel for Tree<'_, ROWS> {
    #[inline(always)]
    fn run(mut self) {
        let points = self.rule.len();
        self.space.paths[..points].fill([1.0; ROWS]);
        self.space.paid[..points].fill([0.0; ROWS]);
        self.space.open.clear();
        for (at, edge) in self.plan.edges.iter().enumerate() {
            while self.space.open.len() >= edge.depth as usize {
                self.close();
            }
            self.mark(edge);
            if let Some(value) = edge.leaf {
                self.leaf(edge, value);
            } else {
                self.enter(edge);
                self.space.open.push(at as u32);
            }
        }
        while !self.space.open.is_empty() {
            self.close();
        }
    }
}

impl<const ROWS: usize> Tree<'_, ROWS> {
    /// Note which rows go along an edge, at it and at all edges of its feature above it.
    #[inline(always)]
    fn mark(&mut self, edge: &Edge) {
        let depth = edge.depth as usize;
        if edge.left {
            // What is found here stays until the right sibling has had it.
            let cells = self.columns[edge.feature as usize];
            self.scorer.mark_left(edge.parent, cells, &mut self.space.left[depth]);
        }
        let flip = if edge.left { 0 } else { u64::MAX };
        let above = match edge.earlier {
            NONE => [u64::MAX; ROWS],
            earlier => self.space.along[earlier as usize],
        };
        let (along, left) = (&mut self.space.along[depth], &self.space.left[depth]);
        for row in 0..ROWS {
            along[row] = (left[row] ^ flip) & above[row];
        }
    }

    /// The rows that go along all edges of the feature above an edge; `None` where there is no such edge, so that all rows do.
    #[inline(always)]
    fn above(&self, edge: &Edge) -> Option<[u64; ROWS]> {
        (edge.earlier != NONE).then(|| self.space.along[edge.earlier as usize])
    }

    /// Go down an edge to a split.
    #[inline(always)]
    fn enter(&mut self, edge: &Edge) {
        let (points, depth) = (self.rule.len(), edge.depth as usize);
        let (above, along) = (self.above(edge), self.space.along[depth]);
        let (before, after) = self.space.paths.split_at_mut(depth * points);
        let paid = &mut self.space.paid[depth * points..][..points];
        for (q, point) in self.rule.iter().enumerate() {
            let factor = Factor::new(edge, point);
            let (yes, no) = (factor.now * factor.undo, point.rest * edge.shares() * factor.undo);
            let (before, after) = (&before[(depth - 1) * points + q], &mut after[q]);
            match &above {
                None => {
                    for row in 0..ROWS {
                        after[row] = before[row] * pick(along[row], yes, no);
                    }
                }
                Some(above) => {
                    for row in 0..ROWS {
                        after[row] = before[row] * pick(above[row], pick(along[row], yes, no), edge.share);
                    }
                }
            }
            paid[q] = [0.0; ROWS];
        }
    }

    /// Pay the feature of the edge that was entered last, and go back up.
    #[inline(always)]
    fn close(&mut self) {
        let Some(at) = self.space.open.pop() else { return };
        let edge = &self.plan.edges[at as usize];
        let (points, depth) = (self.rule.len(), edge.depth as usize);
        let (above, along) = (self.above(edge), self.space.along[depth]);
        let (up, own) = self.space.paid.split_at_mut(depth * points);
        let mut sum = [0.0; ROWS];
        for (q, point) in self.rule.iter().enumerate() {
            let factor = Factor::new(edge, point);
            let yes = point.weight * edge.lost() * factor.undo / factor.now;
            let no = -point.weight * factor.undo / point.rest;
            let (own, up) = (&own[q], &mut up[(depth - 1) * points + q]);
            for row in 0..ROWS {
                sum[row] += own[row] * pick(along[row], yes, no);
                up[row] += own[row];
            }
        }
        pay(&mut self.values[edge.feature as usize], &sum, above.as_ref());
    }

    /// Go down an edge to a leaf and back: [`Tree::enter`] and [`Tree::close`] in one.
    #[inline(always)]
    fn leaf(&mut self, edge: &Edge, value: f64) {
        let (points, depth) = (self.rule.len(), edge.depth as usize);
        let (above, along) = (self.above(edge), self.space.along[depth]);
        let shares = edge.shares();
        let paths = &self.space.paths[(depth - 1) * points..][..points];
        let paid = &mut self.space.paid[(depth - 1) * points..][..points];
        let mut sum = [0.0; ROWS];
        for ((point, path), paid) in self.rule.iter().zip(paths).zip(paid) {
            let factor = Factor::new(edge, point);
            let (yes, no) = (value * factor.now * factor.undo, value * point.rest * shares * factor.undo);
            let weight = value * point.weight * factor.undo * factor.undo;
            match &above {
                None => {
                    for row in 0..ROWS {
                        sum[row] += path[row] * weight;
                        paid[row] += path[row] * pick(along[row], yes, no);
                    }
                }
                Some(above) => {
                    let went = value * edge.share;
                    for row in 0..ROWS {
                        sum[row] += path[row] * weight;
                        paid[row] += path[row] * pick(above[row], pick(along[row], yes, no), went);
                    }
                }
            }
        }
        for row in 0..ROWS {
            sum[row] *= pick(along[row], edge.lost(), -shares);
        }
        pay(&mut self.values[edge.feature as usize], &sum, above.as_ref());
    }
}

/// Add to the values of a feature, where the row goes along the edges above: elsewhere they have paid all there is.
#[inline(always)]
fn pay<const ROWS: usize>(values: &mut [f64; ROWS], sum: &[f64; ROWS], above: Option<&[u64; ROWS]>) {
    match above {
        None => (0..ROWS).for_each(|row| values[row] += sum[row]),
        Some(above) => (0..ROWS).for_each(|row| values[row] += pick(above[row], sum[row], 0.0)),
    }
}

/// What an edge does at a point to the factor of its feature, for a row that goes along.
struct Factor {
    /// The factor with the edge.
    now: f64,
    /// One through the factor without it.
    undo: f64,
}

impl Factor {
    #[inline(always)]
    fn new(edge: &Edge, point: &Point) -> Factor {
        let now = point.t + point.rest * edge.shares();
        let undo = if edge.earlier == NONE { 1.0 } else { 1.0 / (point.t + point.rest * edge.earlier_share) };
        Factor { now, undo }
    }
}

/// The first where all bits are set, the second where none is.
#[inline(always)]
fn pick(mask: u64, yes: f64, no: f64) -> f64 {
    f64::from_bits(mask & yes.to_bits() | !mask & no.to_bits())
}
