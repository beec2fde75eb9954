//! A penalty that is to be found: that of the least squared error of rows left out, in five folds, as in scikit-learn's LassoCV.
//!
//! Squared errors need products of columns alone, so after one pass over each fold no row is looked at again.

use super::absolute::Quadratic;
use super::pass::{Depth, Problem, Sums};
use super::LinearParams;
use crate::control::Control;
use crate::error::{Error, Result};

/// Folds.
const FOLDS: usize = 5;
/// Penalties that are tried, and the share of the largest that the smallest is.
const TRIED: usize = 100;
const SMALLEST: f64 = 1e-3;
/// How near coefficients must come to those of the least error, for a comparison.
const NEAR: f64 = 1e-6;

/// The penalty of a row. Rows come in the order of a hash, so folds of neighbours are drawn at random.
pub(super) fn alpha(problem: &Problem<'_>, params: &LinearParams, start: &[f64], control: &Control) -> Result<f64> {
    let (size, rows) = (problem.size(), problem.design.rows);
    if size > super::MOST_SQUARE {
        return Err(Error::data(
            format!(
                "{size} coefficients are too many for a penalty on absolute values, which takes {}",
                super::MOST_SQUARE
            ),
            "Pool rare levels with a larger \"min_category_rows\", or leave columns out.",
        ));
    }
    let folds = FOLDS.min(rows);
    if folds < 2 {
        return Ok(0.0);
    }
    control.reserve(problem.curve_bytes().saturating_mul(folds + 2))?;
    let mut parts = Vec::with_capacity(folds);
    for fold in 0..folds {
        let part = fold * rows / folds..(fold + 1) * rows / folds;
        let weight: f64 = part.clone().map(|row| problem.weight.map_or(1.0, |w| w[row])).sum();
        parts.push((problem.pass(start, part, Depth::Curve, control)?, weight));
    }
    let all = parts.iter().skip(1).fold(parts[0].clone(), |all, part| (plus(&all.0, &part.0, 1.0), all.1 + part.1));
    // The penalty that leaves nothing but the intercept, at which the slopes are.
    let share = params.l1_ratio.max(1e-3);
    let largest = all.0.slope.iter().skip(1).map(|s| s.abs()).fold(0.0, f64::max) / (all.1 * share);
    if largest <= 0.0 || largest.is_nan() {
        return Ok(0.0);
    }
    let ratio = libm::pow(SMALLEST, 1.0 / (TRIED - 1) as f64);
    let tried: Vec<f64> = (0..TRIED).map(|i| largest * libm::pow(ratio, i as f64)).collect();
    let mut errors = vec![0.0; TRIED];
    for (own, weight) in &parts {
        if *weight <= 0.0 || all.1 - weight <= 0.0 {
            continue;
        }
        let rest = plus(&all.0, own, -1.0);
        let mut x = vec![0.0; size];
        for (error, alpha) in errors.iter_mut().zip(&tried) {
            control.check()?;
            let by = |share: f64| -> Vec<f64> {
                (0..size).map(|i| if i == 0 { 0.0 } else { alpha * share * (all.1 - weight) }).collect()
            };
            let (absolute, square) = (by(params.l1_ratio), by(1.0 - params.l1_ratio));
            // Coefficients are told from those of the start, of which only the intercept is not 0.
            let quadratic = Quadratic { matrix: &rest.curve, side: &rest.slope, absolute: &absolute, square: &square };
            quadratic.descend(&mut x, NEAR, control)?;
            let turned = |i: usize| own.curve[i * size..][..size].iter().zip(&x).map(|(m, x)| m * x).sum::<f64>();
            let rise: f64 = x.iter().enumerate().map(|(i, x)| x * (own.slope[i] + 0.5 * turned(i))).sum();
            *error += (own.loss + rise) / weight;
        }
    }
    control.release(problem.curve_bytes().saturating_mul(folds + 2));
    let best = (0..TRIED).fold(0, |best, at| if errors[at] < errors[best] { at } else { best });
    Ok(tried[best])
}

fn plus(a: &Sums, b: &Sums, sign: f64) -> Sums {
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + sign * b).collect();
    Sums { loss: a.loss + sign * b.loss, slope: add(&a.slope, &b.slope), curve: add(&a.curve, &b.curve) }
}
