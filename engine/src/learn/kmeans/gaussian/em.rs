//! The sums over rows: how probable they are, and how they belong to the components.

use std::ops::Range;

use rayon::prelude::*;

use super::super::Points;
use crate::control::Control;
use crate::error::Result;
use crate::model::Covariance;
use crate::score::mixture::{shares, Components, SIDE};
use crate::simd::{run_wide, Kernel};

/// Rows that are looked at together.
pub(super) const BLOCK: usize = 4 * SIDE;
/// The most parts of the rows that are summed side by side, the fewest rows of one, and the bytes of their sums together.
const PARTS: usize = 64;
const FEWEST: usize = 4096;
const BYTES: usize = 64 << 20;

/// What rows add.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// The weights of the rows, and these times the logarithms of their densities.
    pub weight: f64,
    pub log_likelihood: f64,
    /// By component, the memberships of rows, and these times the weights of the rows.
    pub members: Vec<f64>,
    pub weights: Vec<f64>,
    /// Weighted by these, how far rows are from the mean that the component had, along each dimension.
    pub first: Vec<f64>,
    /// And the products of that along pairs of dimensions: triangles, of which there is one for tied covariances; along each dimension, for diagonal and
    /// spherical ones.
    pub second: Vec<f64>,
}

impl Sums {
    fn new(components: usize, d: usize, covariance: Covariance, moments: bool) -> Sums {
        let moments = usize::from(moments);
        Sums {
            weight: 0.0,
            log_likelihood: 0.0,
            members: vec![0.0; components],
            weights: vec![0.0; components],
            first: vec![0.0; components * d * moments],
            second: vec![0.0; seconds(components, d, covariance) * moments],
        }
    }

    fn add(&mut self, other: &Sums) {
        self.weight += other.weight;
        self.log_likelihood += other.log_likelihood;
        let own = [&mut self.members, &mut self.weights, &mut self.first, &mut self.second];
        let other = [&other.members, &other.weights, &other.first, &other.second];
        for (own, other) in own.into_iter().zip(other) {
            own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        }
    }

    /// The mean logarithm of the density of a row.
    pub fn mean_log_likelihood(&self) -> f64 {
        self.log_likelihood / self.weight
    }
}

/// The numbers of [`Sums::second`].
fn seconds(components: usize, d: usize, covariance: Covariance) -> usize {
    match covariance {
        Covariance::Spherical => components.saturating_mul(d),
        other => other.numbers(components, d).unwrap_or(usize::MAX),
    }
}

/// The sums where each row belongs to the component of its label.
pub(super) fn of_labels(points: &Points<'_>, now: Components<'_>, labels: &[u32], control: &Control) -> Result<Sums> {
    pass(points, now, Members::Given(labels), true, &mut [], control)
}

/// The sums where rows belong to components by their densities.
pub(super) fn expect(points: &Points<'_>, now: Components<'_>, control: &Control) -> Result<Sums> {
    pass(points, now, Members::Found, true, &mut [], control)
}

/// The most probable component of each row, the first of equals, and the sums without moments.
pub(super) fn label(points: &Points<'_>, now: Components<'_>, control: &Control) -> Result<(Vec<u32>, Sums)> {
    let mut labels = control.filled(points.rows(), 0u32)?;
    let sums = pass(points, now, Members::Found, false, &mut labels, control)?;
    Ok((labels, sums))
}

/// How rows belong to components.
#[derive(Clone, Copy)]
enum Members<'a> {
    Given(&'a [u32]),
    Found,
}

/// Go through the rows once. The sums of parts, of which there are as many as rows and components ask for, are added in their order. Labels are written
/// where there is room for them.
fn pass(
    points: &Points<'_>,
    now: Components<'_>,
    members: Members<'_>,
    moments: bool,
    labels: &mut [u32],
    control: &Control,
) -> Result<Sums> {
    let (n, d, k) = (points.rows(), points.dimensions, now.count());
    let each = k.saturating_mul(d + 2).saturating_add(seconds(k, d, now.covariance)).saturating_mul(8);
    let parts = n.div_ceil(FEWEST).min(PARTS).min(BYTES / each.max(1)).max(1);
    let per = n.div_ceil(parts).max(1);
    let room = (2 * d).saturating_add(k).saturating_mul(BLOCK * 8);
    let bytes =
        (parts + 1).saturating_mul(each).saturating_add(room.saturating_mul(rayon::current_num_threads().min(parts)));
    control.reserve(bytes)?;
    let part = |(p, labels): (usize, &mut [u32])| {
        let mut sums = Sums::new(k, d, now.covariance, moments);
        let mut room = Room::new(k, d);
        let rows = p * per..((p + 1) * per).min(n);
        for (b, first) in rows.clone().step_by(BLOCK).enumerate() {
            control.check()?;
            let rows = first..(first + BLOCK).min(rows.end);
            let labels = labels.get_mut(b * BLOCK..b * BLOCK + rows.len()).unwrap_or_default();
            run_wide(Block { points, rows, components: now, members, labels, room: &mut room, sums: &mut sums });
        }
        Ok(sums)
    };
    let all: Result<Vec<Sums>> = match labels.is_empty() {
        true => (0..parts).into_par_iter().map(|p| part((p, &mut []))).collect(),
        false => labels.par_chunks_mut(per).enumerate().map(part).collect(),
    };
    let mut total = Sums::new(k, d, now.covariance, moments);
    all?.iter().for_each(|part| total.add(part));
    control.release(bytes);
    Ok(total)
}

/// Where a block is worked on: rows lie side by side, dimension by dimension or component by component.
struct Room {
    points: Vec<f64>,
    /// How far they are from a mean, and the same times a membership.
    apart: Vec<f64>,
    part: Vec<f64>,
    shares: Vec<f64>,
}

impl Room {
    fn new(components: usize, d: usize) -> Room {
        Room {
            points: vec![0.0; d * BLOCK],
            apart: vec![0.0; d * BLOCK],
            part: vec![0.0; BLOCK],
            shares: vec![0.0; components * BLOCK],
        }
    }
}

/// A block of rows.
struct Block<'a> {
    points: &'a Points<'a>,
    rows: Range<usize>,
    components: Components<'a>,
    members: Members<'a>,
    labels: &'a mut [u32],
    room: &'a mut Room,
    sums: &'a mut Sums,
}

impl Kernel for Block<'_> {
    #[inline(always)]
    fn run(mut self) {
        for (r, row) in self.rows.clone().enumerate() {
            let points = self.room.points.chunks_exact_mut(BLOCK);
            points.zip(self.points.row(row)).for_each(|(points, x)| points[r] = *x);
        }
        self.shares();
        for (share, sum) in self.room.shares.chunks_exact_mut(BLOCK).zip(&mut self.sums.members) {
            *sum += share[..self.rows.len()].iter().sum::<f64>();
            for (share, row) in share.iter_mut().zip(self.rows.clone()) {
                *share *= self.points.weight(row);
            }
            // Rows of the block before stand where there are none.
            share[self.rows.len()..].fill(0.0);
        }
        for c in 0..self.components.count() {
            self.add(c);
        }
    }
}

impl Block<'_> {
    /// Find how rows belong to components.
    #[inline(always)]
    fn shares(&mut self) {
        let Room { points, apart, shares: all, .. } = &mut *self.room;
        if let Members::Given(labels) = self.members {
            all.fill(0.0);
            for (r, row) in self.rows.clone().enumerate() {
                all[labels[row] as usize * BLOCK + r] = 1.0;
                self.sums.weight += self.points.weight(row);
            }
            return;
        }
        for (c, densities) in all.chunks_exact_mut(BLOCK).enumerate() {
            self.components.apart(c, points, BLOCK, apart);
            for (side, densities) in densities.chunks_exact_mut(SIDE).enumerate() {
                let far = self.components.far::<SIDE>(c, apart, BLOCK, side * SIDE);
                let densities = densities.iter_mut().zip(far);
                densities.for_each(|(density, far)| *density = self.components.log_density(c, far));
            }
        }
        for (r, label) in self.labels.iter_mut().enumerate() {
            let mut best = (0, f64::NEG_INFINITY);
            for (c, densities) in (0..).zip(all.chunks_exact(BLOCK)) {
                if densities[r] > best.1 {
                    best = (c, densities[r]);
                }
            }
            *label = best.0;
        }
        for (r, row) in self.rows.clone().enumerate() {
            let log_density = shares(all, BLOCK, r);
            let weight = self.points.weight(row);
            if weight > 0.0 {
                self.sums.weight += weight;
                self.sums.log_likelihood += weight * log_density;
            }
        }
    }

    /// Add what rows say of a component.
    #[inline(always)]
    fn add(&mut self, c: usize) {
        let Room { points, apart, part, shares } = &mut *self.room;
        let shares = &shares[c * BLOCK..(c + 1) * BLOCK];
        if shares.iter().all(|share| *share == 0.0) {
            return;
        }
        self.sums.weights[c] += sum(shares);
        if self.sums.first.is_empty() {
            return;
        }
        self.components.apart(c, points, BLOCK, apart);
        let d = self.components.dimensions;
        let first = &mut self.sums.first[c * d..(c + 1) * d];
        let triangles = matches!(self.components.covariance, Covariance::Full | Covariance::Tied);
        let width = if triangles { self.components.covariance.width(d) } else { d };
        let own = if self.components.covariance == Covariance::Tied { 0 } else { c * width };
        let mut second = self.sums.second[own..own + width].iter_mut();
        for (i, first) in first.iter_mut().enumerate() {
            let own = &apart[i * BLOCK..(i + 1) * BLOCK];
            for r in 0..BLOCK {
                part[r] = shares[r] * own[r];
            }
            *first += sum(part);
            let others = if triangles { 0..i + 1 } else { i..i + 1 };
            for (j, second) in others.zip(&mut second) {
                *second += dot(part, &apart[j * BLOCK..(j + 1) * BLOCK]);
            }
        }
    }
}

/// The sum of numbers in lanes.
#[inline(always)]
fn sum(a: &[f64]) -> f64 {
    let mut lanes = [0.0; SIDE];
    for a in a.as_chunks::<SIDE>().0 {
        for lane in 0..SIDE {
            lanes[lane] += a[lane];
        }
    }
    together(lanes)
}

/// The sum of products in lanes.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; SIDE];
    for (a, b) in a.as_chunks::<SIDE>().0.iter().zip(b.as_chunks::<SIDE>().0) {
        for lane in 0..SIDE {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    together(lanes)
}

#[inline(always)]
fn together(mut lanes: [f64; SIDE]) -> f64 {
    let mut width = SIDE / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}
