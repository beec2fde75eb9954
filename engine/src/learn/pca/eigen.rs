//! The eigenvalues and eigenvectors of a symmetric matrix, the same on every machine.
//!
//! Householder's reflections make the matrix tridiagonal, the implicit QL method finds the eigenvalues of that (Bowdler, Martin, Reinsch, Wilkinson
//! 1968, as in EISPACK's tred2 and tql2). Reflections are kept and applied only to the vectors that are wanted. Every number is worked out in an
//! order that does not depend on threads: these share out rows of the matrix, or coordinates of the vectors.

use rayon::prelude::*;

use super::direct;
use super::lanes::dot;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::simd::{run_wide, Kernel};

/// Coordinates of the vectors that are turned together.
const PANEL: usize = 32;
/// Rotations that are gathered before they are applied.
const ROTATIONS: usize = 1 << 14;
/// Rows of the matrix that a thread works on at a time.
const ROWS: usize = 32;
/// Matrices of fewer rows are not worth other threads.
const FEW: usize = 200;
/// Iterations for an eigenvalue; two are usual.
const MOST_ITERATIONS: usize = 200;

/// The eigenvalues of a matrix, and what its eigenvectors are made from.
pub(super) struct Solved {
    /// The eigenvalues, the largest first.
    pub values: Vec<f64>,
    /// For each value its place among the vectors.
    order: Vec<usize>,
    /// The vectors of the tridiagonal matrix, some coordinates after the others: [`PANEL`] numbers a vector.
    panels: Vec<f64>,
    /// The directions of the reflections, each in its row behind the diagonal, and what they are multiplied by.
    reflections: Vec<f64>,
    factors: Vec<f64>,
}

impl Solved {
    /// Solve a matrix of `d` rows, all finite, whose diagonal is not all 0. Takes as much memory again. Fails when cancelled or out of memory.
    pub fn new(mut matrix: Vec<f64>, d: usize, control: &Control) -> Result<Solved> {
        // Near 1 no square is lost.
        let most = (0..d).map(|i| matrix[i * d + i]).fold(0.0, f64::max);
        let scale = if most > 0.0 { most } else { 1.0 };
        matrix.iter_mut().for_each(|x| *x /= scale);
        control.start(2 * d as u64);
        let Tridiagonal { mut diagonal, mut beside, factors } = tridiagonal(&mut matrix, d, control)?;
        let mut panels: Vec<f64> = control.filled(d.div_ceil(PANEL) * PANEL * d, 0.0)?;
        (0..d).for_each(|i| panels[i / PANEL * PANEL * d + i * PANEL + i % PANEL] = 1.0);
        let mut turns = Turns { panels: &mut panels, d, rotations: Vec::new(), control };
        diagonalise(&mut diagonal, &mut beside, &mut turns)?;
        turns.apply()?;
        if diagonal.iter().any(|value| !value.is_finite()) {
            return Err(unsolved());
        }
        let mut order: Vec<usize> = (0..d).collect();
        order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]).then(a.cmp(&b)));
        let values = order.iter().map(|i| diagonal[*i] * scale).collect();
        Ok(Solved { values, order, panels, reflections: matrix, factors })
    }

    /// The vectors of the first `count` values, one after the other, each of length 1 and turned as [`direct`] says.
    pub fn vectors(&self, count: usize, control: &Control) -> Result<Vec<f64>> {
        let d = self.order.len();
        let mut vectors: Vec<f64> = control.filled(count.saturating_mul(d), 0.0)?;
        vectors.par_chunks_mut(d).zip(&self.order).try_for_each(|(vector, at)| {
            control.check()?;
            for (part, panel) in vector.chunks_mut(PANEL).zip(self.panels.chunks_exact(PANEL * d)) {
                part.copy_from_slice(&panel[at * PANEL..][..part.len()]);
            }
            let Solved { reflections, factors, .. } = self;
            run_wide(Reflect { vector, reflections, factors });
            direct(vector);
            Ok(())
        })?;
        Ok(vectors)
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.panels);
        control.release_vec(self.reflections);
    }
}

fn unsolved() -> Error {
    Error::Internal("the components of a matrix were not found".into())
}

/// A matrix with nothing but its diagonal and what is beside it.
struct Tridiagonal {
    diagonal: Vec<f64>,
    /// What stands behind each number of the diagonal; 0 at last.
    beside: Vec<f64>,
    factors: Vec<f64>,
}

/// Make a matrix tridiagonal. Its rows then hold the directions of the reflections.
fn tridiagonal(matrix: &mut [f64], d: usize, control: &Control) -> Result<Tridiagonal> {
    let mut out = Tridiagonal { diagonal: vec![0.0; d], beside: vec![0.0; d], factors: vec![0.0; d] };
    // Of the step before: its direction, and what is taken from the rows with it.
    let (mut v, mut w) = (vec![0.0; d], vec![0.0; d]);
    let mut products = vec![0.0; d];
    for k in 0..d {
        control.check()?;
        control.advance(1);
        let (above, below) = matrix.split_at_mut((k + 1) * d);
        let own = &mut above[k * d..];
        let (v_own, w_own) = (v[k], w[k]);
        for j in k..d {
            own[j] -= v_own * w[j] + w_own * v[j];
        }
        out.diagonal[k] = own[k];
        let direction = &mut own[k + 1..];
        let (beside, factor) = reflection(direction);
        (out.beside[k], out.factors[k]) = (beside, factor);
        let first = k + 1;
        // Bring every row below up to date, and multiply it by the new direction, in one pass.
        let update = |(chunk, (rows, products)): (usize, (&mut [f64], &mut [f64]))| {
            control.check()?;
            let at = first + chunk * ROWS;
            run_wide(Update { rows, d, first, at, v: &v, w: &w, direction, products });
            Ok(())
        };
        let products_below = &mut products[first..];
        match d - first < FEW {
            true => below.chunks_mut(ROWS * d).zip(products_below.chunks_mut(ROWS)).enumerate().try_for_each(update)?,
            false => {
                let parts = below.par_chunks_mut(ROWS * d).zip(products_below.par_chunks_mut(ROWS));
                parts.enumerate().try_for_each(update)?;
            }
        }
        v[first..].copy_from_slice(direction);
        // p - (p v / v v) v, with p the product of matrix and direction times the factor.
        let p = &mut products[first..];
        p.iter_mut().for_each(|p| *p *= factor);
        let along = factor / 2.0 * dot(p, direction);
        for (w, (p, v)) in w[first..].iter_mut().zip(p.iter().zip(&*direction)) {
            *w = p - along * v;
        }
    }
    Ok(out)
}

/// Make a row into the direction of the reflection that leaves of it but the first number: that number, and the factor of the reflection, which is 0
/// where nothing is to be done.
fn reflection(x: &mut [f64]) -> (f64, f64) {
    let Some((first, rest)) = x.split_first_mut() else { return (0.0, 0.0) };
    let most = rest.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let beside = *first;
    if most < 1e-150 {
        rest.fill(0.0);
        *first = 0.0;
        return (beside, 0.0);
    }
    let squares = dot(rest, rest);
    let length = (beside * beside + squares).sqrt();
    let to = if beside > 0.0 { -length } else { length };
    *first = beside - to;
    (to, 2.0 / (*first * *first + squares))
}

/// Rows of the matrix, of which the first is that of number `at`.
struct Update<'a> {
    rows: &'a mut [f64],
    d: usize,
    /// The first column that is still of use.
    first: usize,
    at: usize,
    v: &'a [f64],
    w: &'a [f64],
    direction: &'a [f64],
    products: &'a mut [f64],
}

impl Kernel for Update<'_> {
    #[inline(always)]
    fn run(self) {
        let (v, w) = (&self.v[self.first..], &self.w[self.first..]);
        for ((row, product), i) in self.rows.chunks_exact_mut(self.d).zip(self.products).zip(self.at..) {
            let row = &mut row[self.first..];
            let (v_own, w_own) = (self.v[i], self.w[i]);
            for (x, (v, w)) in row.iter_mut().zip(v.iter().zip(w)) {
                *x -= v_own * w + w_own * v;
            }
            *product = dot(row, self.direction);
        }
    }
}

/// Take a vector of the tridiagonal matrix to one of the whole.
struct Reflect<'a> {
    vector: &'a mut [f64],
    reflections: &'a [f64],
    factors: &'a [f64],
}

impl Kernel for Reflect<'_> {
    #[inline(always)]
    fn run(self) {
        let d = self.vector.len();
        for k in (0..d).rev() {
            let (direction, vector) = (&self.reflections[k * d + k + 1..(k + 1) * d], &mut self.vector[k + 1..]);
            if self.factors[k] != 0.0 {
                let by = self.factors[k] * dot(direction, vector);
                vector.iter_mut().zip(direction).for_each(|(x, v)| *x -= by * v);
            }
        }
    }
}

/// Rotations of neighbouring vectors that are still to be applied.
struct Turns<'a> {
    panels: &'a mut [f64],
    d: usize,
    /// The first of the two, the cosine and the sine.
    rotations: Vec<(usize, f64, f64)>,
    control: &'a Control,
}

impl Turns<'_> {
    fn add(&mut self, at: usize, cosine: f64, sine: f64) -> Result<()> {
        self.rotations.push((at, cosine, sine));
        if self.rotations.len() >= ROTATIONS {
            self.apply()?;
        }
        Ok(())
    }

    fn apply(&mut self) -> Result<()> {
        let (rotations, control) = (&self.rotations, self.control);
        let turn = |panel: &mut [f64]| {
            // As much as takes some milliseconds.
            rotations.chunks(ROTATIONS / 8).try_for_each(|rotations| {
                control.check()?;
                run_wide(Turn { panel, rotations });
                Ok(())
            })
        };
        match self.d < FEW {
            true => self.panels.chunks_mut(PANEL * self.d).try_for_each(turn)?,
            false => self.panels.par_chunks_mut(PANEL * self.d).try_for_each(turn)?,
        }
        self.rotations.clear();
        Ok(())
    }
}

/// Some coordinates of all vectors.
struct Turn<'a> {
    panel: &'a mut [f64],
    rotations: &'a [(usize, f64, f64)],
}

impl Kernel for Turn<'_> {
    #[inline(always)]
    fn run(self) {
        let (vectors, _) = self.panel.as_chunks_mut::<PANEL>();
        for &(at, c, s) in self.rotations {
            let Some([one, two]) = vectors.get_mut(at..at + 2) else { continue };
            for (x, y) in one.iter_mut().zip(two) {
                let h = *y;
                *y = s * *x + c * h;
                *x = c * *x - s * h;
            }
        }
    }
}

/// Make what is beside the diagonal vanish.
fn diagonalise(d: &mut [f64], e: &mut [f64], turns: &mut Turns<'_>) -> Result<()> {
    let n = d.len();
    let (mut shifted, mut size) = (0.0, 0.0f64);
    for l in 0..n {
        turns.control.advance(1);
        size = size.max(d[l].abs() + e[l].abs());
        let least = f64::EPSILON * size;
        // Behind the last stands 0, so that one is found.
        let m = (l..n).find(|m| e[*m].abs() <= least).unwrap_or(n - 1);
        let (mut iterations, mut is_done) = (0, m == l);
        while !is_done {
            turns.control.check()?;
            iterations += 1;
            if iterations > MOST_ITERATIONS {
                return Err(unsolved());
            }
            let g = d[l];
            let mut p = (d[l + 1] - g) / (2.0 * e[l]);
            let r = if p < 0.0 { -libm::hypot(p, 1.0) } else { libm::hypot(p, 1.0) };
            d[l] = e[l] / (p + r);
            d[l + 1] = e[l] * (p + r);
            let (next, h) = (d[l + 1], g - d[l]);
            d[l + 2..].iter_mut().for_each(|x| *x -= h);
            shifted += h;
            p = d[m];
            let (mut c, mut c2, mut c3) = (1.0, 1.0, 1.0);
            let (mut s, mut s2) = (0.0, 0.0);
            let after = e[l + 1];
            for i in (l..m).rev() {
                (c3, c2, s2) = (c2, c, s);
                let (g, h) = (c * e[i], c * p);
                let r = libm::hypot(p, e[i]);
                e[i + 1] = s * r;
                (s, c) = if r > 0.0 { (e[i] / r, p / r) } else { (0.0, 1.0) };
                p = c * d[i] - s * g;
                d[i + 1] = h + s * (c * g + s * d[i]);
                turns.add(i, c, s)?;
            }
            p = -s * s2 * c3 * after * e[l] / next;
            (e[l], d[l]) = (s * p, c * p);
            // Also what is no number ends it; that is found later.
            is_done = e[l].is_nan() || e[l].abs() <= least;
        }
        d[l] += shifted;
        e[l] = 0.0;
    }
    Ok(())
}
