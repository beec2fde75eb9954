//! Least squares within bounds: Levenberg (1944) and Marquardt (1963), with derivatives by differences.
//!
//! All smoothing models are fitted by it: a model has up to thirty parameters (the seasonal state it starts from among them) and residuals that are cheap, so that
//! a few steps with all derivatives take less time than the hundreds of steps of a search without any.

use crate::control::Control;

/// What is used again from fit to fit, so that no step takes memory.
#[derive(Debug, Default)]
pub struct Workspace<'c> {
    /// Who may stop a fit, which then has no result.
    pub(super) control: Option<&'c Control>,
    residuals: Vec<f64>,
    trial: Vec<f64>,
    /// The derivatives, a column a parameter.
    jacobian: Vec<f64>,
    /// `J'J`, row by row.
    normal: Vec<f64>,
    factor: Vec<f64>,
    gradient: Vec<f64>,
    step: Vec<f64>,
    next: Vec<f64>,
    free: Vec<usize>,
}

impl<'c> Workspace<'c> {
    /// A workspace whose fits the caller can stop.
    pub fn new(control: &'c Control) -> Workspace<'c> {
        Workspace { control: Some(control), ..Workspace::default() }
    }
}

/// The most steps of a fit.
const STEPS: usize = 40;
/// Steps that gain less than this share of the sum of squares end it.
const ENOUGH: f64 = 1e-8;

/// Move `x` to a minimum of the sum of squares of `residuals(x, out)` within `low` and `high`, which is returned: infinite where not even the start has a sum.
/// `scale` has the size of a change of each parameter that matters. `residuals` says `false` where a point is not allowed.
pub fn least_squares(
    x: &mut [f64],
    low: &[f64],
    high: &[f64],
    scale: &[f64],
    n: usize,
    work: &mut Workspace<'_>,
    mut residuals: impl FnMut(&[f64], &mut [f64]) -> bool,
) -> f64 {
    let p = x.len();
    let Workspace { control, residuals: r, trial, jacobian, normal, factor, gradient, step, next, free } = work;
    for (v, len) in [
        (&mut *r, n),
        (trial, n),
        (jacobian, n * p),
        (normal, p * p),
        (factor, p * p),
        (gradient, p),
        (step, p),
        (next, p),
    ] {
        v.clear();
        v.resize(len, 0.0);
    }
    let mut best = if residuals(x, r) { dot(r, r) } else { f64::INFINITY };
    if !best.is_finite() {
        return f64::INFINITY;
    }
    let mut damping = 1e-2;
    let mut poor = 0;
    for _ in 0..STEPS {
        if best <= 0.0 {
            break;
        }
        if control.is_some_and(|c| c.check().is_err()) {
            return f64::INFINITY;
        }
        for j in 0..p {
            let (column, at) = (&mut jacobian[j * n..(j + 1) * n], x[j]);
            let mut by = 1e-6 * scale[j];
            if at + by > high[j] {
                by = -by;
            }
            x[j] = at + by;
            let by = x[j] - at;
            let fine = by != 0.0 && residuals(x, column);
            x[j] = at;
            match fine {
                true => column.iter_mut().zip(&*r).for_each(|(c, r)| *c = (*c - r) / by),
                false => column.fill(0.0),
            }
            if !column.iter().all(|c| c.is_finite()) {
                column.fill(0.0);
            }
        }
        for j in 0..p {
            gradient[j] = dot(&jacobian[j * n..(j + 1) * n], r);
        }
        free.clear();
        free.extend((0..p).filter(|&j| {
            let out = (x[j] <= low[j] && gradient[j] > 0.0) || (x[j] >= high[j] && gradient[j] < 0.0);
            !out && gradient[j] != 0.0
        }));
        for (a, &i) in free.iter().enumerate() {
            for &j in &free[..=a] {
                let value = dot(&jacobian[i * n..(i + 1) * n], &jacobian[j * n..(j + 1) * n]);
                normal[i * p + j] = value;
                normal[j * p + i] = value;
            }
        }
        let mut gained = None;
        for _ in 0..8 {
            if !solve(normal, p, free, damping, gradient, factor, step) {
                damping *= 10.0;
                continue;
            }
            next.copy_from_slice(x);
            for (&j, d) in free.iter().zip(&*step) {
                next[j] = (x[j] - d).clamp(low[j], high[j]);
            }
            let sum = if residuals(next, trial) { dot(trial, trial) } else { f64::INFINITY };
            if sum < best {
                gained = Some((best - sum) / best);
                best = sum;
                x.copy_from_slice(next);
                std::mem::swap(r, trial);
                damping = (damping * 0.2).max(1e-9);
                break;
            }
            damping *= 5.0;
        }
        match gained {
            None => break,
            Some(share) if share < ENOUGH => break,
            Some(share) if share < 1e-5 => {
                poor += 1;
                if poor >= 3 {
                    break;
                }
            }
            Some(_) => poor = 0,
        }
    }
    best
}

/// Solve the damped normal equations of the free parameters by Cholesky's factor.
pub(super) fn solve(
    normal: &[f64],
    p: usize,
    free: &[usize],
    damping: f64,
    gradient: &[f64],
    factor: &mut [f64],
    step: &mut [f64],
) -> bool {
    let k = free.len();
    if k == 0 {
        return false;
    }
    for a in 0..k {
        for b in 0..=a {
            let mut sum = normal[free[a] * p + free[b]];
            if a == b {
                sum += damping * sum;
            }
            sum -= dot(&factor[a * k..a * k + b], &factor[b * k..b * k + b]);
            if a == b {
                if sum.is_nan() || sum <= 0.0 {
                    return false;
                }
                factor[a * k + a] = sum.sqrt();
            } else {
                factor[a * k + b] = sum / factor[b * k + b];
            }
        }
    }
    for a in 0..k {
        let sum = gradient[free[a]] - dot(&factor[a * k..a * k + a], &step[..a]);
        step[a] = sum / factor[a * k + a];
    }
    for a in (0..k).rev() {
        let mut sum = step[a];
        for b in a + 1..k {
            sum -= factor[b * k + a] * step[b];
        }
        step[a] = sum / factor[a * k + a];
    }
    step[..k].iter().all(|s| s.is_finite())
}

/// The sum of products over eight lanes, the same whatever the instructions.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            lanes[i] += x[i] * y[i];
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_found_again_and_bounds_hold() {
        let y: Vec<f64> = (0..50).map(|i| 3.0 * (-0.1 * f64::from(i)).exp() + 0.5).collect();
        let of = |x: &[f64], out: &mut [f64]| {
            for (i, (o, y)) in out.iter_mut().zip(&y).enumerate() {
                *o = y - x[0] * (-x[1] * i as f64).exp() - x[2];
            }
            true
        };
        let mut x = [1.0, 0.5, 0.0];
        let work = &mut Workspace::default();
        let sum = least_squares(&mut x, &[-10.0; 3], &[10.0; 3], &[1.0; 3], 50, work, of);
        assert!(sum < 1e-12 && (x[0] - 3.0).abs() < 1e-5 && (x[1] - 0.1).abs() < 1e-5, "{x:?} {sum}");
        let mut x = [1.0, 0.5, 0.0];
        least_squares(&mut x, &[-10.0, 0.2, -10.0], &[10.0; 3], &[1.0; 3], 50, work, of);
        assert_eq!(x[1], 0.2);
        let mut x = [1.0];
        assert!(least_squares(&mut x, &[0.0], &[2.0], &[1.0], 3, work, |_, _| false).is_infinite());
    }
}
