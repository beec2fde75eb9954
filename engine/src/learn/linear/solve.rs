//! Systems of normal equations, by Cholesky's factors; what other coefficients say already is left out.

use crate::control::Control;
use crate::error::Result;
use crate::learn::pca::lanes::dot;
use crate::simd::{run_wide, Kernel};

/// A coefficient is left out where less than this share of its own square is not said by those before it.
const ALIASED: f64 = 1e-11;

/// The lower factor of a symmetric matrix, row by row; rows of what is left out are 0.
#[derive(Debug)]
pub(in crate::learn) struct Factor {
    size: usize,
    rows: Vec<f64>,
    /// What is left out.
    pub aliased: Vec<bool>,
}

impl Factor {
    /// The factor of a matrix, of which the lower triangle counts, with something added to its diagonal. The memory is the caller's to count.
    pub fn new(matrix: &[f64], added: &[f64], control: &Control) -> Result<Factor> {
        let size = added.len();
        let mut factor = Factor { size, rows: vec![0.0; size * size], aliased: vec![false; size] };
        for i in 0..size {
            control.check()?;
            let own = matrix[i * size + i] + added[i];
            let (before, rest) = factor.rows.split_at_mut(i * size);
            let row = &mut rest[..=i];
            row.copy_from_slice(&matrix[i * size..][..=i]);
            row[i] = own;
            run_wide(Eliminate { before, size, row });
            let left = row[i];
            if left > own.abs() * ALIASED && left.is_finite() {
                row[i] = left.sqrt();
            } else {
                row.fill(0.0);
                factor.aliased[i] = true;
            }
        }
        Ok(factor)
    }

    /// Solve for one side; what is left out is 0.
    pub fn solve(&self, side: &mut [f64]) {
        self.forward(side, 0);
        for i in (0..self.size).rev() {
            let own = self.rows[i * self.size + i];
            side[i] = if own == 0.0 { 0.0 } else { side[i] / own };
            let value = side[i];
            let row = &self.rows[i * self.size..][..i];
            side[..i].iter_mut().zip(row).for_each(|(x, l)| *x -= l * value);
        }
    }

    /// The first half of [`Factor::solve`], of a side that is 0 before `first`.
    fn forward(&self, side: &mut [f64], first: usize) {
        for i in first..self.size {
            let row = &self.rows[i * self.size..][..=i];
            let own = row[i];
            let sum = dot(&row[first..i], &side[first..i]);
            side[i] = if own == 0.0 { 0.0 } else { (side[i] - sum) / own };
        }
    }

    /// `a' inverse a`: of two vectors what they have in common through the inverse, given as [`Factor::half`].
    pub fn half(&self, side: &mut [f64]) {
        let first = side.iter().position(|x| *x != 0.0).unwrap_or(self.size);
        self.forward(side, first);
    }
}

/// A row of the factor.
struct Eliminate<'a> {
    before: &'a [f64],
    size: usize,
    row: &'a mut [f64],
}

impl Kernel for Eliminate<'_> {
    #[inline(always)]
    fn run(self) {
        let Eliminate { before, size, row } = self;
        let last = row.len() - 1;
        for j in 0..last {
            let other = &before[j * size..][..=j];
            let own = other[j];
            let sum = dot(&row[..j], &other[..j]);
            row[j] = if own == 0.0 { 0.0 } else { (row[j] - sum) / own };
        }
        row[last] -= dot(&row[..last], &row[..last]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_what_is_said_twice_left_out() {
        // The third number is the sum of the first two.
        let columns = [[1.0, 2.0, 0.5, -1.0, 3.0], [0.0, 1.0, -1.0, 2.0, 0.5], [1.0, 3.0, -0.5, 1.0, 3.5]];
        let target = [1.0, 0.0, 2.0, -1.0, 0.5];
        let product = |a: &[f64; 5], b: &[f64; 5]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let matrix: Vec<f64> = columns.iter().flat_map(|a| columns.iter().map(|b| product(a, b))).collect();
        let mut side: Vec<f64> = columns.iter().map(|a| product(a, &target)).collect();
        let factor = Factor::new(&matrix, &[0.0; 3], &Control::default()).unwrap();
        assert_eq!(factor.aliased, [false, false, true]);
        factor.solve(&mut side);
        assert_eq!(side[2], 0.0);
        for a in &columns[..2] {
            let left: f64 =
                (0..5).map(|i| a[i] * (target[i] - columns[0][i] * side[0] - columns[1][i] * side[1])).sum();
            assert!(left.abs() < 1e-12);
        }
        let mut half = vec![1.0, 0.0, 0.0];
        factor.half(&mut half);
        let variance: f64 = half.iter().map(|x| x * x).sum();
        let (a, b, c) = (matrix[0], matrix[1], matrix[4]);
        assert!((variance - c / (a * c - b * b)).abs() < 1e-12);
    }
}
