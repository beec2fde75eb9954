//! What of a series is its season: tests for one, and the classical decomposition.

/// The mean; 0 of nothing.
pub fn mean(y: &[f64]) -> f64 {
    if y.is_empty() {
        return 0.0;
    }
    y.iter().sum::<f64>() / y.len() as f64
}

/// The line of least squares through values at 1, 2, ...: its value at 0 and its slope.
pub fn line(y: &[f64]) -> (f64, f64) {
    let n = y.len() as f64;
    let middle = (n + 1.0) / 2.0;
    let (mut xy, mut xx) = (0.0, 0.0);
    let average = mean(y);
    for (i, v) in y.iter().enumerate() {
        let x = i as f64 + 1.0 - middle;
        xy += x * (v - average);
        xx += x * x;
    }
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    (average - slope * middle, slope)
}

/// The autocorrelation of a lag.
pub fn autocorrelation(y: &[f64], lag: usize) -> f64 {
    let average = mean(y);
    let all: f64 = y.iter().map(|v| (v - average) * (v - average)).sum();
    if all <= 0.0 || lag >= y.len() {
        return 0.0;
    }
    y.iter().zip(&y[lag..]).map(|(a, b)| (a - average) * (b - average)).sum::<f64>() / all
}

/// Whether a series has a season of a period, by the test of the Theta method (Fiorucci et al. 2016): the autocorrelation at the period against its
/// standard error by Bartlett at 90 %. A straight trend is taken out first where `detrend`, which else hides a season or looks like one.
pub fn is_seasonal(y: &[f64], period: usize) -> bool {
    let n = y.len();
    if period < 2 || n < 2 * period + 1 {
        return false;
    }
    let mut sum = 1.0;
    for lag in 1..period {
        let r = autocorrelation(y, lag);
        sum += 2.0 * r * r;
    }
    let limit = 1.644_853_626_951_472_7 * (sum / n as f64).sqrt();
    autocorrelation(y, period).abs() > limit
}

/// The moving average over a period, centred; the ends, where it is not known, are NaN.
pub fn moving_average(y: &[f64], period: usize) -> Vec<f64> {
    let n = y.len();
    let mut out = vec![f64::NAN; n];
    let half = period / 2;
    if period == 0 || n < 2 * half + 1 {
        return out;
    }
    let even = period.is_multiple_of(2);
    for i in half..n - half {
        let window = &y[i - half..=i + half];
        let mut sum: f64 = window.iter().sum();
        if even {
            sum -= (window[0] + window[2 * half]) / 2.0;
        }
        out[i] = sum / period as f64;
    }
    out
}

/// The season of a period by the classical decomposition, by phase; the mean of all is 0, or 1 where it multiplies. Series below two periods have none.
pub fn classical(y: &[f64], period: usize, multiply: bool) -> Vec<f64> {
    let n = y.len();
    let nothing = if multiply { 1.0 } else { 0.0 };
    let mut phases = vec![nothing; period];
    if period < 2 || n < 2 * period {
        return phases;
    }
    let trend = moving_average(y, period);
    let mut counts = vec![0.0; period];
    phases.fill(0.0);
    for i in 0..n {
        if trend[i].is_nan() || (multiply && trend[i] == 0.0) {
            continue;
        }
        phases[i % period] += if multiply { y[i] / trend[i] } else { y[i] - trend[i] };
        counts[i % period] += 1.0;
    }
    for (p, c) in phases.iter_mut().zip(&counts) {
        *p = if *c > 0.0 { *p / c } else { nothing };
    }
    let average = mean(&phases);
    for p in &mut phases {
        if multiply {
            *p = if average != 0.0 { *p / average } else { 1.0 };
        } else {
            *p -= average;
        }
    }
    phases
}
