//! The maximum of a likelihood of few parameters, by Newton's method with steps that are damped (Levenberg and Marquardt).
//!
//! Parameters are logarithms of positive numbers. Second derivatives are differences of first ones, which are exact.

use crate::control::Control;
use crate::error::Result;

/// How far from 1 a parameter may go, as a logarithm.
pub const FARTHEST: f64 = 14.0;
/// Steps until a search gives up.
const STEPS: usize = 200;

/// A function of logarithms of parameters: its value and its slopes.
pub type Function<'a, const N: usize> = dyn Fn(&[f64; N]) -> Result<(f64, [f64; N])> + 'a;

/// Where a function is least.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum<const N: usize> {
    /// The parameters, as logarithms.
    pub logs: [f64; N],
    /// The value there.
    pub value: f64,
    /// The inverse of the second derivatives; `None` where there is none.
    pub covariance: Option<[[f64; N]; N]>,
    /// Whether no slope is left.
    pub converged: bool,
}

/// Minimise `of`, which gives a value and its slopes.
pub fn minimise<const N: usize>(start: [f64; N], of: &Function<'_, N>, control: &Control) -> Result<Minimum<N>> {
    let mut at = start;
    let (mut value, mut slope) = of(&at)?;
    let mut damping = 1e-3;
    let mut converged = false;
    for _ in 0..STEPS {
        control.check()?;
        let steep =
            slope.iter().zip(&at).map(|(g, p)| if p.abs() >= FARTHEST { 0.0 } else { g.abs() }).fold(0.0, f64::max);
        if steep < 1e-11 * (1.0 + value.abs()) {
            converged = true;
            break;
        }
        let curve = second(&at, of)?;
        let mut moved = false;
        while damping < 1e12 {
            let mut damped = curve;
            let scale = (0..N).map(|i| curve[i][i].abs()).fold(1e-12, f64::max);
            (0..N).for_each(|i| damped[i][i] += damping * scale);
            let step = inverse(&damped).map(|inverse| times(&inverse, &slope));
            let next = step.map(|step| {
                // Not further than a factor of e at once.
                let long = step.iter().fold(0.0, |m: f64, s| m.max(s.abs())).max(1.0);
                let mut next = at;
                next.iter_mut().zip(step).for_each(|(p, s)| *p = (*p - s / long).clamp(-FARTHEST, FARTHEST));
                next
            });
            if let Some(next) = next.filter(|_| positive(&damped)) {
                let (found, slopes) = of(&next)?;
                if found.is_finite() && found <= value && next != at {
                    moved = true;
                    (at, value, slope) = (next, found, slopes);
                    damping = (damping * 0.1).max(1e-15);
                    break;
                }
            }
            damping = (damping * 10.0).max(1e-12);
        }
        if !moved {
            // No step makes it less: this is the minimum as far as numbers tell.
            converged = steep < 1e-6 * (1.0 + value.abs());
            break;
        }
    }
    // At the farthest there is no maximum, but a slope that goes on.
    let converged = converged && at.iter().all(|p| p.abs() < FARTHEST);
    let curve = second(&at, of)?;
    let covariance = inverse(&curve).filter(|c| positive(&curve) && (0..N).all(|i| c[i][i] > 0.0));
    Ok(Minimum { logs: at, value, covariance, converged })
}

/// Second derivatives, made symmetric.
fn second<const N: usize>(at: &[f64; N], of: &Function<'_, N>) -> Result<[[f64; N]; N]> {
    const STEP: f64 = 1e-5;
    let mut raw = [[0.0; N]; N];
    for (i, row) in raw.iter_mut().enumerate() {
        let (mut up, mut down) = (*at, *at);
        up[i] += STEP;
        down[i] -= STEP;
        let (up, down) = (of(&up)?.1, of(&down)?.1);
        row.iter_mut().zip(up.iter().zip(down)).for_each(|(h, (u, d))| *h = (u - d) / (2.0 * STEP));
    }
    let mut curve = raw;
    for i in 0..N {
        for j in 0..N {
            curve[i][j] = 0.5 * (raw[i][j] + raw[j][i]);
        }
    }
    Ok(curve)
}

fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// Whether a symmetric matrix has positive eigenvalues only, by Cholesky's factors.
fn positive<const N: usize>(matrix: &[[f64; N]; N]) -> bool {
    let mut factor = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let rest = matrix[i][j] - (0..j).map(|k| factor[i][k] * factor[j][k]).sum::<f64>();
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return false;
                }
                factor[i][i] = libm::sqrt(rest);
            } else {
                factor[i][j] = rest / factor[j][j];
            }
        }
    }
    true
}

/// The inverse, by Gauss and Jordan with the greatest pivot.
fn inverse<const N: usize>(matrix: &[[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut left = *matrix;
    let mut right = [[0.0; N]; N];
    (0..N).for_each(|i| right[i][i] = 1.0);
    for i in 0..N {
        let pivot = (i..N).max_by(|a, b| left[*a][i].abs().total_cmp(&left[*b][i].abs()))?;
        left.swap(i, pivot);
        right.swap(i, pivot);
        let by = left[i][i];
        if by == 0.0 || !by.is_finite() {
            return None;
        }
        left[i].iter_mut().for_each(|v| *v /= by);
        right[i].iter_mut().for_each(|v| *v /= by);
        let (own_left, own_right) = (left[i], right[i]);
        for k in (0..N).filter(|k| *k != i) {
            let by = left[k][i];
            left[k].iter_mut().zip(own_left).for_each(|(v, o)| *v -= by * o);
            right[k].iter_mut().zip(own_right).for_each(|(v, o)| *v -= by * o);
        }
    }
    Some(right)
}

/// The logarithmic derivative of the gamma function, of a positive number.
pub fn digamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 12.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    sum + libm::log(x)
        - 0.5 / x
        - y * (1.0 / 12.0
            - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * (1.0 / 240.0 - y * (1.0 / 132.0 - y * 691.0 / 32_760.0)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valleys_are_gone_down() {
        // Rosenbrock's, with the least value at (1, 2).
        let of = |p: &[f64; 2]| {
            let (x, y) = (p[0], p[1] - 1.0);
            let (a, b) = (1.0 - x, y - x * x);
            Ok((a * a + 100.0 * b * b, [-2.0 * a - 400.0 * x * b, 200.0 * b]))
        };
        let found = minimise([-1.2, 2.0], &of, &Control::default()).unwrap();
        assert!(
            found.converged && (found.logs[0] - 1.0).abs() < 1e-7 && (found.logs[1] - 2.0).abs() < 1e-7,
            "{found:?}"
        );
        assert!(found.covariance.is_some());
        // A slope without an end stops at the farthest.
        let found = minimise([0.0], &|p: &[f64; 1]| Ok((-p[0], [-1.0])), &Control::default()).unwrap();
        assert_eq!((found.logs, found.covariance), ([FARTHEST], None));
        let cancelled = Control::default();
        cancelled.cancel();
        assert!(minimise([0.0], &|p: &[f64; 1]| Ok((p[0], [1.0])), &cancelled).is_err());
    }

    #[test]
    fn digamma_is_known() {
        for (x, expected) in [
            (1.0, -0.577_215_664_901_532_9),
            (0.5, -1.963_510_026_021_423_5),
            (10.0, 2.251_752_589_066_721),
            (1e6, 13.815_510_057_964_274),
        ] {
            assert!((digamma(x) - expected).abs() < 1e-13 * f64::abs(expected), "{x}");
        }
    }
}
