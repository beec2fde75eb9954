//! Which of several unknown numbers is greatest, by what is believed of each.
//!
//! The probability that number i is the greatest is the integral of its density times the distribution functions of all others. It is taken by Gauss's rule
//! over panels that are as narrow as the narrowest belief at that place asks for, and not by drawing, so that the same beliefs give the same probabilities.

use super::distribution::{beta_pdf, beta_tails, integrate, normal_cdf, normal_pdf};
use crate::control::Control;
use crate::error::Result;

/// What is believed of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Posterior {
    /// A share, after `a - 1` successes and `b - 1` failures; both at least 1.
    Beta {
        /// Successes and what was believed before.
        a: f64,
        /// Failures and what was believed before.
        b: f64,
    },
    /// A mean.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, above 0.
        sd: f64,
    },
}

/// What is outside of the ends of a belief: nothing that matters.
const OUTSIDE: f64 = 1e-18;
/// The same in standard deviations.
const OUTSIDE_SD: f64 = 9.0;
/// Cells of the table of a distribution function.
const CELLS: usize = 512;
/// Panels of an integral over the whole of one belief.
const PANELS: f64 = 24.0;

impl Posterior {
    /// The mean.
    pub fn mean(&self) -> f64 {
        match *self {
            Posterior::Beta { a, b } => a / (a + b),
            Posterior::Normal { mean, .. } => mean,
        }
    }

    /// Where it ends, for all that matters.
    fn ends(&self) -> (f64, f64) {
        match *self {
            Posterior::Normal { mean, sd } => (mean - OUTSIDE_SD * sd, mean + OUTSIDE_SD * sd),
            Posterior::Beta { a, b } => {
                let mode = a / (a + b);
                let (mut low, mut high) = ((0.0, mode), (mode, 1.0));
                // Rough ends do.
                for _ in 0..64 {
                    let middle = 0.5 * (low.0 + low.1);
                    match beta_tails(middle, 1.0 - middle, a, b).0 < OUTSIDE {
                        true => low.0 = middle,
                        false => low.1 = middle,
                    }
                    let middle = 0.5 * (high.0 + high.1);
                    match beta_tails(middle, 1.0 - middle, a, b).1 < OUTSIDE {
                        true => high.1 = middle,
                        false => high.0 = middle,
                    }
                    if low.1 - low.0 < 0.01 * (mode - low.0) && high.1 - high.0 < 0.01 * (high.1 - mode) {
                        break;
                    }
                }
                (low.0, high.1)
            }
        }
    }

    fn pdf(&self, x: f64) -> f64 {
        match *self {
            Posterior::Beta { a, b } => beta_pdf(x, a, b),
            Posterior::Normal { mean, sd } => normal_pdf((x - mean) / sd) / sd,
        }
    }
}

/// A belief whose distribution function is at hand.
struct Tabled {
    posterior: Posterior,
    low: f64,
    high: f64,
    cell: f64,
    /// The function, its slope and the slope of that at the ends of the cells.
    table: Vec<[f64; 3]>,
}

impl Tabled {
    fn new(posterior: Posterior) -> Tabled {
        let (low, high) = posterior.ends();
        let cell = (high - low) / CELLS as f64;
        let mut table = Vec::new();
        if let Posterior::Beta { a, b } = posterior {
            // The ends of its range have no density by the formula.
            let at = |x: f64| x.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
            let slopes = |x: f64| {
                let x = at(x);
                let pdf = posterior.pdf(x);
                [pdf, pdf * ((a - 1.0) / x - (b - 1.0) / (1.0 - x))]
            };
            let mut sum = 0.0;
            let [f, g] = slopes(low);
            table.push([0.0, f, g]);
            for i in 0..CELLS {
                let start = low + cell * i as f64;
                integrate(start, start + cell, 1, |x, w| sum += w * posterior.pdf(x));
                let [f, g] = slopes(start + cell);
                table.push([sum, f, g]);
            }
            // What the rule leaves is far below what is asked for; the end is 1 all the same.
            if sum > 0.0 {
                table.iter_mut().for_each(|row| row.iter_mut().for_each(|v| *v /= sum));
            }
        }
        Tabled { posterior, low, high, cell, table }
    }

    fn cdf(&self, x: f64) -> f64 {
        if x <= self.low {
            return 0.0;
        }
        if x >= self.high {
            return 1.0;
        }
        if let Posterior::Normal { mean, sd } = self.posterior {
            return normal_cdf((x - mean) / sd);
        }
        let place = (x - self.low) / self.cell;
        let i = (place as usize).min(CELLS - 1);
        let (Some(&[f0, d0, c0]), Some(&[f1, d1, c1])) = (self.table.get(i), self.table.get(i + 1)) else { return 1.0 };
        // Hermite's polynomial of degree 5.
        let (u, h) = (place - i as f64, self.cell);
        let (d0, d1, c0, c1) = (d0 * h, d1 * h, c0 * h * h, c1 * h * h);
        let v = f1 - f0 - d0 - 0.5 * c0;
        let (v1, v2) = (d1 - d0 - c0, c1 - c0);
        let p3 = 10.0 * v - 4.0 * v1 + 0.5 * v2;
        let p4 = -15.0 * v + 7.0 * v1 - v2;
        let p5 = 6.0 * v - 3.0 * v1 + 0.5 * v2;
        (f0 + u * (d0 + u * (0.5 * c0 + u * (p3 + u * (p4 + u * p5))))).clamp(0.0, 1.0)
    }
}

/// Which number is the greatest.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The probability of each; they sum to 1.
    pub probability: Vec<f64>,
    /// What the greatest is on average.
    pub greatest: f64,
}

/// The probability of each to be the greatest.
pub fn best(posteriors: &[Posterior], control: &Control) -> Result<Best> {
    if let [only] = posteriors {
        return Ok(Best { probability: vec![1.0], greatest: only.mean() });
    }
    let all: Vec<Tabled> = posteriors
        .iter()
        .map(|p| {
            control.check()?;
            Ok(Tabled::new(*p))
        })
        .collect::<Result<_>>()?;
    // Below the highest of the lower ends some number is greater for sure.
    let start = all.iter().map(|t| t.low).fold(f64::NEG_INFINITY, f64::max);
    let end = all.iter().map(|t| t.high).fold(f64::NEG_INFINITY, f64::max);
    let active: Vec<(usize, &Tabled)> = all.iter().enumerate().filter(|(_, t)| t.high > start).collect();
    let mut probability = vec![0.0; all.len()];
    let mut greatest = 0.0;
    let mut x = start;
    let mut cdf = vec![0.0; active.len()];
    let mut after = vec![1.0; active.len() + 1];
    // Means far from 0 must not cost the digits of what they differ by.
    let origin = start;
    while x < end {
        control.check()?;
        // Arms that begin are at or below start; a panel is as narrow as the narrowest that is not over.
        let narrow =
            active.iter().filter(|(_, t)| t.high > x).map(|(_, t)| t.high - t.low).fold(f64::INFINITY, f64::min);
        let stop = active.iter().map(|(_, t)| t.high).filter(|h| *h > x).fold(end, f64::min);
        let next = (x + narrow / PANELS).min(stop);
        if next <= x {
            break;
        }
        integrate(x, next, 1, |at, w| {
            for (f, (_, t)) in cdf.iter_mut().zip(&active) {
                *f = t.cdf(at);
            }
            // The products of all that come after, and before.
            let mut product = 1.0;
            for (place, f) in after.iter_mut().rev().skip(1).zip(cdf.iter().rev()) {
                product *= f;
                *place = product;
            }
            let mut before = 1.0;
            for ((f, (i, t)), rest) in cdf.iter().zip(&active).zip(after.iter().skip(1)) {
                let others = before * rest;
                if others > 0.0 && at < t.high {
                    let mass = w * t.posterior.pdf(at) * others;
                    if let Some(p) = probability.get_mut(*i) {
                        *p += mass;
                    }
                    greatest += mass * (at - origin);
                }
                before *= f;
            }
        });
        x = next;
    }
    let total: f64 = probability.iter().sum();
    if total > 0.0 {
        probability.iter_mut().for_each(|p| *p /= total);
        greatest = origin + greatest / total;
    }
    Ok(Best { probability, greatest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::distribution::normal_sf;

    fn of(posteriors: &[Posterior]) -> Best {
        best(posteriors, &Control::default()).unwrap()
    }

    #[test]
    fn two_numbers_have_closed_forms() {
        // Evan Miller's sum for beta numbers of whole parameters.
        let exact = |a1: f64, b1: f64, a2: f64, b2: f64| -> f64 {
            let beta = |a: f64, b: f64| libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
            (0..a2 as u32)
                .map(|i| {
                    let i = f64::from(i);
                    libm::exp(beta(a1 + i, b1 + b2) - beta(1.0 + i, b2) - beta(a1, b1)) / (b2 + i)
                })
                .sum()
        };
        for (a1, b1, a2, b2) in [
            (1.0, 1.0, 1.0, 1.0),
            (21.0, 81.0, 31.0, 71.0),
            (1.0, 1001.0, 3.0, 990.0),
            (501.0, 9501.0, 560.0, 9442.0),
            (1.0, 1.0, 90.0, 10.0),
        ] {
            let found = of(&[Posterior::Beta { a: a1, b: b1 }, Posterior::Beta { a: a2, b: b2 }]).probability;
            let expected = exact(a1, b1, a2, b2);
            assert!(
                (found[1] - expected).abs() < 1e-10 && (found[0] + found[1] - 1.0).abs() < 1e-12,
                "{found:?} {expected}"
            );
        }
        for (m, s, n, r) in
            [(0.0, 1.0, 0.5, 2.0), (100.0, 1e-3, 100.001, 1.0), (-5.0, 0.1, -4.0, 0.1), (1e6, 1.0, 1e6 + 1.0, 1.0)]
        {
            let found = of(&[Posterior::Normal { mean: m, sd: s }, Posterior::Normal { mean: n, sd: r }]);
            let spread = f64::hypot(s, r);
            let expected = normal_sf((m - n) / spread);
            assert!((found.probability[1] - expected).abs() < 1e-11, "{found:?} {expected}");
            // Clark 1961.
            let z = (n - m) / spread;
            let greatest = m * normal_sf(z) + n * normal_cdf(z) + spread * normal_pdf(z);
            assert!((found.greatest - greatest).abs() < 1e-10 * greatest.abs().max(1.0), "{found:?} {greatest}");
        }
    }

    #[test]
    fn many_numbers_sum_to_one() {
        let many: Vec<Posterior> = (0..300)
            .map(|i| Posterior::Beta { a: 1.0 + f64::from(i % 7), b: 50.0 + f64::from(i % 11) * 1000.0 })
            .collect();
        let found = of(&many).probability;
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12 && found.iter().all(|p| *p >= 0.0));
        let alike = of(&[Posterior::Normal { mean: 3.0, sd: 2.0 }; 10]);
        assert!(alike.probability.iter().all(|p| (p - 0.1).abs() < 1e-12));
        // The greatest of ten normal numbers: 1.538752730835 standard deviations above the mean.
        assert!((alike.greatest - (3.0 + 2.0 * 1.538_752_730_835)).abs() < 1e-9, "{}", alike.greatest);
    }
}
