//! Platt's sigmoid: Platt, "Probabilistic outputs for support vector machines" (1999), by the Newton method with backtracking of Lin, Lin and
//! Weng, "A note on Platt's probabilistic outputs" (2007).

use super::Seen;
use crate::control::Control;
use crate::error::Result;
use crate::learn::sum::sums;
use crate::model::Curve;
use crate::score::curve::log_odds;
use crate::score::link::logistic;

/// Steps of Newton's method; it takes about ten.
const MOST_STEPS: usize = 100;
/// The greatest slope and intercept, which say all there is to say.
const MOST: f64 = 1e6;

/// The sigmoid of the log-odds that makes the log loss least, against targets that are smoothed as Platt's are. It never falls: where a
/// falling one were better, it is flat.
pub(super) fn fit(seen: &[Seen], control: &Control) -> Result<Curve> {
    let rows = 0..seen.len();
    let [hits, misses] = sums(rows.clone(), control, |part| {
        let weigh = |hit: bool| seen[part.clone()].iter().filter(|s| s.hit == hit).map(|s| s.weight).sum();
        [weigh(true), weigh(false)]
    })?;
    // Weights count rows, whatever their unit.
    let unit = seen.len() as f64 / (hits + misses).max(f64::MIN_POSITIVE);
    let (high, low) = ((hits * unit + 1.0) / (hits * unit + 2.0), 1.0 / (misses * unit + 2.0));
    let target = |s: &Seen| if s.hit { high } else { low };
    let loss = |slope: f64, intercept: f64| {
        let [loss] = sums(rows.clone(), control, |part| {
            let term = |s: &Seen| {
                let z = slope * log_odds(s.said) + intercept;
                // ln(1 + e^z) - t z, whichever sign z has.
                s.weight * unit * (z.max(0.0) + libm::log1p(libm::exp(-z.abs())) - target(s) * z)
            };
            [seen[part].iter().map(term).sum()]
        })?;
        Ok(loss)
    };
    let (mut slope, mut intercept) = (1.0, 0.0);
    let mut least: f64 = loss(slope, intercept)?;
    for _ in 0..MOST_STEPS {
        let [g_slope, g_intercept, h_slope, h_both, h_intercept] = sums(rows.clone(), control, |part| {
            let mut sums = [0.0; 5];
            for s in &seen[part] {
                let x = log_odds(s.said);
                let p = logistic(slope * x + intercept);
                let (w, h) = (s.weight * unit, s.weight * unit * p * (1.0 - p));
                let g = w * (p - target(s));
                let terms = [g * x, g, h * x * x, h * x, h];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            sums
        })?;
        if g_slope.abs().max(g_intercept.abs()) <= 1e-9 * seen.len() as f64 {
            break;
        }
        let (h_slope, h_intercept) = (h_slope + 1e-12, h_intercept + 1e-12);
        let determinant = h_slope * h_intercept - h_both * h_both;
        let by_slope = -(h_intercept * g_slope - h_both * g_intercept) / determinant;
        let by_intercept = -(h_slope * g_intercept - h_both * g_slope) / determinant;
        let falls = g_slope * by_slope + g_intercept * by_intercept;
        let mut step = 1.0;
        let found = loop {
            let next = (slope + step * by_slope, intercept + step * by_intercept);
            let there: f64 = loss(next.0, next.1)?;
            // A sum that is no number is no improvement either.
            if there < least + 1e-4 * step * falls {
                break Some((next, there));
            }
            step /= 2.0;
            if step < 1e-10 {
                break None;
            }
        };
        let Some((next, there)) = found else { break };
        ((slope, intercept), least) = (next, there);
    }
    if slope < 0.0 {
        let mean = (hits * high + misses * low) / (hits + misses).max(f64::MIN_POSITIVE);
        (slope, intercept) = (0.0, log_odds(mean));
    }
    let finite = |v: f64| if v.is_nan() { 0.0 } else { v.clamp(-MOST, MOST) };
    Ok(Curve::Sigmoid { slope: finite(slope), intercept: finite(intercept) })
}
