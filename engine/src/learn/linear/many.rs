//! Where coefficients are too many for a square of them: L-BFGS (Liu, Nocedal 1989), which looks at slopes alone.

use super::pass::{Depth, Problem};
use crate::control::Control;
use crate::error::Result;

/// Steps that are remembered.
const MEMORY: usize = 12;
/// Halvings of a step.
const HALVINGS: u32 = 40;

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Where the way ended.
pub(super) struct Found {
    pub loss: f64,
    /// The loss of the start.
    pub null_loss: f64,
    pub passes: u32,
    /// Whether the slope is small there.
    pub converged: bool,
}

/// Go from `start` to where the slope of loss and penalty is small.
pub(super) fn descend(
    problem: &Problem<'_>,
    start: &mut Vec<f64>,
    square: &[f64],
    max_iter: u32,
    tol: f64,
    control: &Control,
) -> Result<Found> {
    let rows = || 0..problem.design.rows;
    let scale: Vec<f64> = {
        let first = problem.pass(start, rows(), Depth::Diagonal, control)?;
        first.curve.iter().zip(square).map(|(c, s)| if c + s > 0.0 { 1.0 / (c + s) } else { 0.0 }).collect()
    };
    let look = |x: &[f64]| {
        let found = problem.pass(x, rows(), Depth::Slope, control)?;
        let penalty: f64 = x.iter().zip(square).map(|(x, s)| 0.5 * s * x * x).sum();
        let slope: Vec<f64> = found.slope.iter().zip(x).zip(square).map(|((g, x), s)| g + s * x).collect();
        Ok::<_, crate::error::Error>((found.loss + penalty, slope, found.loss))
    };
    let (mut value, mut slope, mut loss) = look(start)?;
    let null_loss = loss;
    let found = |loss, passes, converged| Ok(Found { loss, null_loss, passes, converged });
    let (mut steps, mut turns): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    let mut passes = 2;
    while passes < max_iter.saturating_mul(10) {
        control.check()?;
        // How far a Newton step on the diagonal would go, in standard deviations of all rows.
        let far = slope.iter().zip(&scale).map(|(g, s)| (g * g * s).sqrt()).fold(0.0, f64::max);
        if far <= tol * (1.0 + value.abs()).sqrt() {
            return found(loss, passes, true);
        }
        let mut way: Vec<f64> = slope.clone();
        let mut shares = Vec::with_capacity(steps.len());
        for (step, turn) in steps.iter().zip(&turns).rev() {
            let share = product(step, &way) / product(step, turn);
            way.iter_mut().zip(turn).for_each(|(w, t)| *w -= share * t);
            shares.push(share);
        }
        way.iter_mut().zip(&scale).for_each(|(w, s)| *w *= s);
        for ((step, turn), share) in steps.iter().zip(&turns).zip(shares.iter().rev()) {
            let back = share - product(turn, &way) / product(step, turn);
            way.iter_mut().zip(step).for_each(|(w, s)| *w += back * s);
        }
        let down = product(&slope, &way);
        if down <= 0.0 || !down.is_finite() {
            if steps.is_empty() {
                return found(loss, passes, false);
            }
            (steps, turns) = (Vec::new(), Vec::new());
            continue;
        }
        let mut length = 1.0;
        let mut lower = None;
        for _ in 0..HALVINGS {
            let next: Vec<f64> = start.iter().zip(&way).map(|(x, w)| x - length * w).collect();
            let (there, slope, loss) = look(&next)?;
            passes += 1;
            if there.is_finite() && there <= value - 1e-4 * length * down {
                lower = Some((next, there, slope, loss));
                break;
            }
            length *= 0.5;
        }
        let Some((next, there, turned, lost)) = lower else {
            if steps.is_empty() {
                return found(loss, passes, far <= tol.sqrt() * (1.0 + value.abs()).sqrt());
            }
            (steps, turns) = (Vec::new(), Vec::new());
            continue;
        };
        let step: Vec<f64> = next.iter().zip(start.iter()).map(|(a, b)| a - b).collect();
        let turn: Vec<f64> = turned.iter().zip(&slope).map(|(a, b)| a - b).collect();
        if product(&step, &turn) > 1e-14 * product(&turn, &turn).sqrt() * product(&step, &step).sqrt() {
            if steps.len() == MEMORY {
                steps.remove(0);
                turns.remove(0);
            }
            steps.push(step);
            turns.push(turn);
        }
        (*start, value, slope, loss) = (next, there, turned, lost);
    }
    found(loss, passes, false)
}
