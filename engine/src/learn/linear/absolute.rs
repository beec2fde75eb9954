//! Penalties on absolute values: coordinate descent on a quadratic (Friedman, Hastie, Tibshirani 2010), whose matrix is at hand, so that no row is looked at.

use crate::control::Control;
use crate::error::Result;

/// Sweeps over coefficients at most.
const SWEEPS: usize = 10_000;

/// `side' x + x' matrix x / 2 + sum of absolute * |x| + square / 2 * x^2`, to be made small.
pub(super) struct Quadratic<'a> {
    pub matrix: &'a [f64],
    pub side: &'a [f64],
    /// By coefficient.
    pub absolute: &'a [f64],
    /// By coefficient.
    pub square: &'a [f64],
}

impl Quadratic<'_> {
    /// Go from `x` to the least value. `near` is how little a sweep may move coefficients at last, on the scale of their curvature.
    pub fn descend(&self, x: &mut [f64], near: f64, control: &Control) -> Result<()> {
        let size = x.len();
        let diagonal = |j: usize| self.matrix[j * size + j] + self.square[j];
        // The slope of the quadratic without penalties.
        let mut slope = self.side.to_vec();
        for (j, value) in x.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            self.row(j, size).zip(&mut slope).for_each(|(m, s)| *s += m * value);
        }
        let largest = (0..size).map(diagonal).fold(0.0, f64::max);
        let mut active: Vec<usize> = Vec::new();
        let mut whole = true;
        for _ in 0..SWEEPS {
            control.check()?;
            let all: Vec<usize>;
            let sweep: &[usize] = if whole {
                all = (0..size).collect();
                &all
            } else {
                &active
            };
            let mut moved = 0.0f64;
            for &j in sweep {
                let own = diagonal(j);
                if own <= largest * 1e-14 {
                    continue;
                }
                let wanted = self.matrix[j * size + j] * x[j] - slope[j];
                let next = shrunk(wanted, self.absolute[j]) / own;
                let step = next - x[j];
                if step != 0.0 {
                    x[j] = next;
                    self.row(j, size).zip(&mut slope).for_each(|(m, s)| *s += m * step);
                    moved = moved.max(step.abs() * own.sqrt());
                }
            }
            if moved <= near * largest.sqrt() {
                if whole {
                    break;
                }
                whole = true;
            } else {
                active = (0..size).filter(|j| x[*j] != 0.0).collect();
                whole = active.len() == size;
            }
        }
        Ok(())
    }

    /// A row of the symmetric matrix.
    fn row(&self, j: usize, size: usize) -> std::slice::Iter<'_, f64> {
        self.matrix[j * size..][..size].iter()
    }

    /// What the penalties add.
    pub fn penalty(x: &[f64], absolute: &[f64], square: &[f64]) -> f64 {
        let of = |((x, a), s): ((&f64, &f64), &f64)| a * x.abs() + 0.5 * s * x * x;
        x.iter().zip(absolute).zip(square).map(of).sum()
    }
}

/// A number nearer to 0.
fn shrunk(x: f64, by: f64) -> f64 {
    if x > by {
        x - by
    } else if x < -by {
        x + by
    } else {
        0.0
    }
}
