//! The most probable component of a mixture of Gaussians.
//!
//! One code works out the densities of a row, of the rows of a batch and of those that are learned from: rows lie side by side, and each has the sums of a
//! row alone, so all agree to the last bit.

use super::kmeans;
use crate::control::Control;
use crate::error::Result;
use crate::learn::kmeans::{place, width};
use crate::model::mixture::triangle;
use crate::model::{Axis, Covariance, Mixture};
use crate::simd::{run_at, Kernel, Level};

/// Rows of which sums are made side by side: four registers of the widest kind.
pub(crate) const SIDE: usize = 32;

/// The components of a mixture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Components<'a> {
    pub dimensions: usize,
    pub covariance: Covariance,
    pub means: &'a [f64],
    pub precisions: &'a [f64],
    pub log_weights: &'a [f64],
    pub log_peaks: &'a [f64],
}

impl<'a> Components<'a> {
    pub fn of(body: &'a Mixture) -> Components<'a> {
        Components {
            dimensions: body.clusters.dimensions as usize,
            covariance: body.covariance,
            means: &body.clusters.centres,
            precisions: &body.precisions,
            log_weights: &body.log_weights,
            log_peaks: &body.log_peaks,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.log_weights.len()
    }

    /// Write how far points are from the mean of a component along each dimension, `stride` rows a dimension.
    #[inline(always)]
    pub fn apart(&self, component: usize, points: &[f64], stride: usize, out: &mut [f64]) {
        let d = self.dimensions;
        let rows = points.chunks_exact(stride).zip(out.chunks_exact_mut(stride));
        for ((points, out), mean) in rows.zip(&self.means[component * d..(component + 1) * d]) {
            out.iter_mut().zip(points).for_each(|(out, x)| *out = x - mean);
        }
    }

    /// The squared Mahalanobis distances of `N` rows from the `first` on, which are so far `apart` from the mean of a component.
    #[inline(always)]
    pub fn far<const N: usize>(&self, component: usize, apart: &[f64], stride: usize, first: usize) -> [f64; N] {
        let own = self.covariance.first(component, self.dimensions);
        let own = &self.precisions[own..own + self.covariance.width(self.dimensions)];
        let mut far = [0.0; N];
        match self.covariance {
            Covariance::Full | Covariance::Tied => {
                let mut row = 0;
                for last in 1..=self.dimensions {
                    let mut sum = [0.0; N];
                    for (p, apart) in own[row..row + last].iter().zip(apart.chunks_exact(stride)) {
                        let apart = &apart[first..first + N];
                        for r in 0..N {
                            sum[r] += p * apart[r];
                        }
                    }
                    row += last;
                    for r in 0..N {
                        far[r] += sum[r] * sum[r];
                    }
                }
            }
            Covariance::Diagonal => {
                for (p, apart) in own.iter().zip(apart.chunks_exact(stride)) {
                    let apart = &apart[first..first + N];
                    for r in 0..N {
                        far[r] += (p * apart[r]) * (p * apart[r]);
                    }
                }
            }
            Covariance::Spherical => {
                for apart in apart.chunks_exact(stride) {
                    let apart = &apart[first..first + N];
                    for r in 0..N {
                        far[r] += (own[0] * apart[r]) * (own[0] * apart[r]);
                    }
                }
            }
        }
        far
    }

    /// The logarithm of the density of a component times its share, at a squared distance from its mean. A number that is none is a density of 0.
    #[inline(always)]
    pub fn log_density(&self, component: usize, far: f64) -> f64 {
        let density = self.log_weights[component] + (self.log_peaks[component] - 0.5 * far);
        if density.is_nan() {
            f64::NEG_INFINITY
        } else {
            density
        }
    }

    /// The logarithm of the density of each component times its share at a point, and their squared distances.
    fn at<'b>(&'b self, point: &'b [f64], apart: &'b mut [f64]) -> impl Iterator<Item = (f64, f64)> + 'b {
        (0..self.count()).map(move |c| {
            self.apart(c, point, 1, apart);
            let [far] = self.far::<1>(c, apart, 1, 0);
            (self.log_density(c, far), far)
        })
    }
}

/// Turn logarithms of densities into shares that sum to 1, and give the logarithm of their sum. Where all densities are 0, the row is the first one's.
#[inline(always)]
pub(crate) fn shares(densities: &mut [f64], stride: usize, row: usize) -> f64 {
    let mut most = f64::NEG_INFINITY;
    for density in densities.chunks_exact(stride) {
        most = most.max(density[row]);
    }
    if !most.is_finite() {
        let of = |c: usize| if c == 0 { 1.0 } else { 0.0 };
        densities.chunks_exact_mut(stride).enumerate().for_each(|(c, density)| density[row] = of(c));
        return most;
    }
    let mut sum = 0.0;
    for density in densities.chunks_exact_mut(stride) {
        let share = libm::exp(density[row] - most);
        density[row] = share;
        sum += share;
    }
    densities.chunks_exact_mut(stride).for_each(|density| density[row] /= sum);
    most + libm::log(sum)
}

/// The most probable component of an encoded row (its index) and the squared Mahalanobis distance to its mean; the first of equals. `scratch` is room that
/// can be used again.
pub fn most_probable(body: &Mixture, row: &[f64], scratch: &mut Vec<f64>) -> (u32, f64) {
    let all = Components::of(body);
    let (point, apart) = prepare(body, row, scratch);
    let mut best = (0, f64::NEG_INFINITY, f64::INFINITY);
    for (component, (density, far)) in (0..).zip(all.at(point, apart)) {
        if density > best.1 || component == 0 {
            best = (component, density, far);
        }
    }
    (best.0, best.2)
}

/// The probability of each component, given an encoded row. They sum to 1. `scratch` is as for [`most_probable`].
pub fn memberships(body: &Mixture, row: &[f64], scratch: &mut Vec<f64>) -> Vec<f64> {
    let (point, apart) = prepare(body, row, scratch);
    let mut densities: Vec<f64> = Components::of(body).at(point, apart).map(|at| at.0).collect();
    shares(&mut densities, 1, 0);
    densities
}

/// The natural logarithm of the density of an encoded row, in the scaled space; add [`log_volume`] for the units of the columns. `scratch` is as for
/// [`most_probable`].
pub fn log_density(body: &Mixture, row: &[f64], scratch: &mut Vec<f64>) -> f64 {
    let (point, apart) = prepare(body, row, scratch);
    let mut densities: Vec<f64> = Components::of(body).at(point, apart).map(|at| at.0).collect();
    shares(&mut densities, 1, 0)
}

/// The logarithms of the densities of encoded rows, given by column. Fails when cancelled, or out of memory.
pub fn log_densities(body: &Mixture, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let mut out = control.vec(rows)?;
    let (mut row, mut scratch) = (vec![f64::NAN; columns.len()], Vec::new());
    for r in 0..rows {
        if r % 256 == 0 {
            control.check()?;
        }
        row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[r]);
        out.push(log_density(body, &row, &mut scratch));
    }
    Ok(out)
}

/// The natural logarithm of how much larger a volume is in the scaled space than in the units of the columns.
pub fn log_volume(body: &Mixture) -> f64 {
    let of = |axis: &Axis| match axis {
        Axis::Number { scale, .. } | Axis::Category { scale, .. } if *scale > 0.0 => {
            width(axis) as f64 * libm::log(*scale)
        }
        _ => 0.0,
    };
    body.clusters.axes.iter().map(of).sum()
}

/// The place of a row in the space, and room for how far it is from a mean.
fn prepare<'a>(body: &Mixture, row: &[f64], scratch: &'a mut Vec<f64>) -> (&'a [f64], &'a mut [f64]) {
    kmeans::point(&body.clusters, row, scratch);
    let d = scratch.len();
    scratch.resize(2 * d, 0.0);
    let (point, apart) = scratch.split_at_mut(d);
    (point, apart)
}

/// What a block of rows needs while it is scored.
#[derive(Debug)]
pub(super) struct Room {
    /// The rows in the scaled space, by dimension, and how far they are from a mean.
    points: Vec<f64>,
    apart: Vec<f64>,
    /// One value of a row in the space.
    one: Vec<f64>,
}

impl Room {
    /// Room for a block.
    pub fn new(body: &Mixture) -> Room {
        let widest = body.clusters.axes.iter().map(width).max().unwrap_or(0);
        let numbers = body.clusters.dimensions as usize * SIDE;
        Room { points: vec![0.0; numbers], apart: vec![0.0; numbers], one: vec![0.0; widest] }
    }

    /// The segments, counted from 1, of rows, as [`most_probable`] finds them.
    pub fn find(&mut self, level: Level, body: &Mixture, columns: &[&[f64]], out: &mut [f64]) {
        for (i, out) in out.chunks_mut(SIDE).enumerate() {
            let mut first = 0;
            for (axis, column) in body.clusters.axes.iter().zip(columns) {
                let width = width(axis);
                for (r, value) in column[i * SIDE..][..out.len()].iter().enumerate() {
                    place(axis, *value, &mut self.one, 0);
                    let points = self.points[first * SIDE..].chunks_exact_mut(SIDE);
                    points.zip(&self.one[..width]).for_each(|(point, one)| point[r] = *one);
                }
                first += width;
            }
            run_at(level, Find { components: Components::of(body), room: self, out });
        }
    }
}

/// What [`Room::find`] does with some rows.
struct Find<'a> {
    components: Components<'a>,
    room: &'a mut Room,
    out: &'a mut [f64],
}

impl Kernel for Find<'_> {
    #[inline(always)]
    fn run(self) {
        let Room { points, apart, .. } = self.room;
        let (mut most, mut segment) = ([f64::NEG_INFINITY; SIDE], [1.0; SIDE]);
        for c in 0..self.components.count() {
            self.components.apart(c, points, SIDE, apart);
            let far = self.components.far::<SIDE>(c, apart, SIDE, 0);
            let number = c as f64 + 1.0;
            for r in 0..SIDE {
                let density = self.components.log_density(c, far[r]);
                let is_more = density > most[r];
                most[r] = if is_more { density } else { most[r] };
                segment[r] = if is_more { number } else { segment[r] };
            }
        }
        self.out.copy_from_slice(&segment[..self.out.len()]);
    }
}

/// The numbers that are looked at to score a row.
pub(super) fn numbers(body: &Mixture) -> usize {
    let d = body.clusters.dimensions as usize;
    let each = match body.covariance {
        Covariance::Full | Covariance::Tied => triangle(d),
        Covariance::Diagonal | Covariance::Spherical => d,
    };
    each.saturating_mul(body.log_weights.len())
}
