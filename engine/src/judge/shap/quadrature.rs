//! Gauss-Legendre quadrature over 0 to 1.

use crate::control::Control;
use crate::error::Result;

/// Steps of Newton's method; a handful is enough.
const STEPS: usize = 20;

/// A point of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Where it is.
    pub t: f64,
    /// 1 minus that.
    pub rest: f64,
    /// What the function counts there.
    pub weight: f64,
}

/// The rule of as many points: exact for polynomials of a degree below twice their number.
pub(super) fn rule(points: usize, control: &Control) -> Result<Vec<Point>> {
    let mut rule = control.vec(points)?;
    let n = points as f64;
    for i in 0..points {
        control.check()?;
        // Tricomi's guess of the root is near enough for Newton's method.
        let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5));
        let mut slope = 1.0;
        for _ in 0..STEPS {
            let (value, derivative) = legendre(points, x);
            slope = derivative;
            let step = value / derivative;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        let weight = 1.0 / ((1.0 - x * x) * slope * slope);
        rule.push(Point { t: (1.0 + x) / 2.0, rest: (1.0 - x) / 2.0, weight });
    }
    Ok(rule)
}

/// The Legendre polynomial of a degree and its derivative, inside -1 to 1.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=degree {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, degree as f64 * (before - x * value) / (1.0 - x * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_exactly() {
        for points in 1..60 {
            let rule = rule(points, &Control::default()).expect("memory");
            for power in 0..2 * points {
                let sum: f64 = rule.iter().map(|p| p.weight * p.t.powi(power as i32)).sum();
                let exact = 1.0 / (power + 1) as f64;
                assert!((sum - exact).abs() < 1e-13 * exact.max(0.01), "{points} points, power {power}: {sum}");
            }
        }
    }
}
