//! Demand with many zeros: Croston (1972), the correction of Syntetos and Boylan (SBA, 2005), and Teunter, Syntetos and Babai (TSB, 2011).
//!
//! The size of a demand and the time between demands are smoothed apart. The smoothing parameters are fitted by the errors of one step, as R's `tsintermittent`
//! does it, not set to 0.1 as in the paper, unless few demands tell.

use super::season::mean;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Size by interval.
    Classic,
    /// The same, less its bias.
    Sba,
    /// Size times probability, which falls while nothing is asked for.
    Tsb,
}

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Croston {
    /// Which.
    pub form: Form,
    /// The smoothing of sizes.
    pub alpha: f64,
    /// The smoothing of intervals or probabilities.
    pub beta: f64,
    /// What is expected of each of the next values.
    pub rate: f64,
    /// The variance of the errors.
    pub variance: f64,
}

/// The parameter of the paper, where too few demands tell another.
const USUAL: f64 = 0.1;
/// So few demands.
const FEW: usize = 6;

/// Go through a series; what was expected of each value is written, what is expected of the next returned.
fn pass(form: Form, y: &[f64], alpha: f64, beta: f64, expected: &mut [f64]) -> f64 {
    let demands = y.iter().filter(|v| **v != 0.0).count();
    let Some(first) = y.iter().position(|v| *v != 0.0) else {
        expected.fill(0.0);
        return 0.0;
    };
    let n = y.len() as f64;
    // It starts from the first demand; the usual interval is that of the whole series.
    let mut size = y[first];
    let share = demands as f64 / n;
    let (mut interval, mut probability) = (1.0 / share, share);
    let mut since = 1.0;
    let rate = |size: f64, interval: f64, probability: f64| match form {
        Form::Classic => size / interval,
        Form::Sba => (1.0 - beta / 2.0) * size / interval,
        Form::Tsb => size * probability,
    };
    for (v, out) in y.iter().zip(expected.iter_mut()) {
        *out = rate(size, interval, probability);
        let asked = *v != 0.0;
        if form == Form::Tsb {
            probability += beta * (f64::from(u8::from(asked)) - probability);
        }
        if asked {
            size += alpha * (v - size);
            interval += beta * (since - interval);
            since = 1.0;
        } else {
            since += 1.0;
        }
    }
    rate(size, interval, probability)
}

/// Fit a form to a series of at least one value.
pub fn fit(form: Form, y: &[f64]) -> Croston {
    let n = y.len();
    let mut expected = vec![0.0; n];
    let demands = y.iter().filter(|v| **v != 0.0).count();
    let grid: &[f64] = if demands <= FEW { &[USUAL] } else { &[0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3] };
    let mut best = Croston { form, alpha: USUAL, beta: USUAL, rate: mean(y), variance: f64::INFINITY };
    for &alpha in grid {
        for &beta in grid {
            let rate = pass(form, y, alpha, beta, &mut expected);
            let squares: f64 = y.iter().zip(&expected).map(|(y, f)| (y - f) * (y - f)).sum();
            let variance = squares / (n as f64 - 2.0).max(1.0);
            if variance < best.variance * (1.0 - 1e-9) {
                best = Croston { form, alpha, beta, rate, variance };
            }
        }
    }
    best
}

impl Croston {
    /// What was expected of each value of the series it was fitted to.
    pub fn fitted(&self, y: &[f64], out: &mut [f64]) {
        pass(self.form, y, self.alpha, self.beta, out);
    }
}
