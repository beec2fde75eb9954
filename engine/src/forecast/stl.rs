//! Seasons by local regression: Cleveland, Cleveland, McRae and Terpenning, "STL" (1990), and of several periods at once: Bandara, Hyndman and Bergmeir,
//! "MSTL" (2021), with the windows that R's `mstl` and statsforecast take.
//!
//! `statsmodels.tsa.seasonal.STL` is the referee.

use crate::control::Control;
use crate::error::Result;

/// A series and its parts, which sum up to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parts {
    /// What moves slowly.
    pub trend: Vec<f64>,
    /// What comes back, a list a period.
    pub seasons: Vec<Vec<f64>>,
    /// The rest.
    pub remainder: Vec<f64>,
}

/// The smoothing of the seasons of periods, the shortest first: as R has it.
fn window(i: usize) -> usize {
    7 + 4 * (i + 1)
}

/// Rounds of MSTL, in which each season is found anew without the others.
const ROUNDS: usize = 2;
/// Rounds within STL.
const INNER: usize = 5;
/// Windows so wide that only each tenth of them is gone by, with lines between, as R does it for all.
const WIDE: usize = 200;

/// Take a series apart. Periods must be sorted and above 1, the series longer than two of each.
pub fn decompose(y: &[f64], periods: &[usize], control: &Control) -> Result<Parts> {
    let n = y.len();
    let mut parts = Parts { seasons: vec![vec![0.0; n]; periods.len()], ..Parts::default() };
    let mut rest = y.to_vec();
    if periods.is_empty() {
        // A trend alone: as smooth as a quarter of the series allows.
        let mut trend = vec![0.0; n];
        let span = (n / 4).max(5) | 1;
        loess(y, span, 1, jump(span), &mut trend, &mut Vec::new(), control)?;
        parts.remainder = y.iter().zip(&trend).map(|(y, t)| y - t).collect();
        parts.trend = trend;
        return Ok(parts);
    }
    let mut work = Work::default();
    let rounds = if periods.len() > 1 { ROUNDS } else { 1 };
    for _ in 0..rounds {
        for (i, period) in periods.iter().enumerate() {
            rest.iter_mut().zip(&parts.seasons[i]).for_each(|(r, s)| *r += s);
            stl(&rest, *period, window(i), &mut parts.seasons[i], &mut parts.trend, &mut work, control)?;
            rest.iter_mut().zip(&parts.seasons[i]).for_each(|(r, s)| *r -= s);
        }
    }
    parts.remainder = rest.iter().zip(&parts.trend).map(|(r, t)| r - t).collect();
    Ok(parts)
}

#[derive(Default)]
struct Work {
    a: Vec<f64>,
    /// The season with a period before and one after.
    long: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
    sub: Vec<f64>,
    smooth: Vec<f64>,
    weights: Vec<f64>,
}

fn odd_above(v: f64) -> usize {
    let up = v.ceil() as usize;
    up + usize::from(up.is_multiple_of(2))
}

fn jump(window: usize) -> usize {
    if window > WIDE {
        window.div_ceil(10)
    } else {
        1
    }
}

fn stl(
    y: &[f64],
    period: usize,
    window: usize,
    season: &mut Vec<f64>,
    trend: &mut Vec<f64>,
    work: &mut Work,
    control: &Control,
) -> Result<()> {
    let n = y.len();
    let trend_window = odd_above(1.5 * period as f64 / (1.0 - 1.5 / window as f64));
    let low_window = odd_above(period as f64 + 1.0);
    trend.clear();
    trend.resize(n, 0.0);
    season.clear();
    season.resize(n, 0.0);
    let Work { a, long, b, c, sub, smooth, weights } = work;
    for _ in 0..INNER {
        control.check()?;
        a.clear();
        a.extend(y.iter().zip(&*trend).map(|(y, t)| y - t));
        long.clear();
        long.resize(n + 2 * period, 0.0);
        for phase in 0..period.min(n) {
            sub.clear();
            sub.extend(a[phase..].iter().step_by(period));
            let k = sub.len();
            smooth.clear();
            smooth.resize(k, 0.0);
            loess(sub, window, 0, 1, smooth, weights, control)?;
            let first = estimate(sub, window, 0, -1.0, (0, window.min(k) - 1), weights).unwrap_or(smooth[0]);
            let last =
                estimate(sub, window, 0, k as f64, (k.saturating_sub(window), k - 1), weights).unwrap_or(smooth[k - 1]);
            long[phase] = first;
            for (i, s) in smooth.iter().enumerate() {
                long[phase + (i + 1) * period] = *s;
            }
            if let Some(at) = long.get_mut(phase + (k + 1) * period) {
                *at = last;
            }
        }
        moving(long, period, b);
        moving(b, period, c);
        moving(c, 3, b);
        c.clear();
        c.resize(n, 0.0);
        loess(&b[..n], low_window, 1, jump(low_window), c, weights, control)?;
        for i in 0..n {
            season[i] = long[period + i] - c[i];
        }
        a.clear();
        a.extend(y.iter().zip(&*season).map(|(y, s)| y - s));
        loess(a, trend_window, 1, jump(trend_window), trend, weights, control)?;
    }
    Ok(())
}

/// The running mean of so many values.
fn moving(x: &[f64], len: usize, out: &mut Vec<f64>) {
    out.clear();
    let mut sum: f64 = x[..len].iter().sum();
    out.push(sum / len as f64);
    for i in len..x.len() {
        sum += x[i] - x[i - len];
        out.push(sum / len as f64);
    }
}

/// Local regression of a degree over a window, at every `jump`-th value with lines between.
fn loess(
    y: &[f64],
    len: usize,
    degree: u8,
    jump: usize,
    out: &mut [f64],
    weights: &mut Vec<f64>,
    control: &Control,
) -> Result<()> {
    let n = y.len();
    if n < 2 {
        out.copy_from_slice(y);
        return Ok(());
    }
    let jump = jump.clamp(1, n - 1);
    let half = len.div_ceil(2);
    // The window of value i.
    let range = |i: usize| {
        if len >= n {
            return (0, n - 1);
        }
        let left = (i + 1).saturating_sub(half).min(n - len);
        (left, left + len - 1)
    };
    let mut at = |i: usize| estimate(y, len, degree, i as f64, range(i), weights).unwrap_or(y[i]);
    let mut i = 0;
    out[0] = at(0);
    while i + 1 < n {
        if i % 256 == 0 {
            control.check()?;
        }
        let next = (i + jump).min(n - 1);
        out[next] = at(next);
        let slope = (out[next] - out[i]) / (next - i) as f64;
        for j in i + 1..next {
            out[j] = out[i] + slope * (j - i) as f64;
        }
        i = next;
    }
    Ok(())
}

/// The local regression at one place by the values of a range. `None` where no value has a weight.
fn estimate(
    y: &[f64],
    len: usize,
    degree: u8,
    x: f64,
    (left, right): (usize, usize),
    weights: &mut Vec<f64>,
) -> Option<f64> {
    let n = y.len();
    let mut h = (x - left as f64).max(right as f64 - x);
    if len > n {
        h += ((len - n) / 2) as f64;
    }
    let (near, far) = (0.001 * h, 0.999 * h);
    weights.clear();
    let mut sum = 0.0;
    for j in left..=right {
        let r = (j as f64 - x).abs();
        let w = if r > far {
            0.0
        } else if r <= near {
            1.0
        } else {
            let q = r / h;
            let t = 1.0 - q * q * q;
            t * t * t
        };
        sum += w;
        weights.push(w);
    }
    if sum <= 0.0 {
        return None;
    }
    weights.iter_mut().for_each(|w| *w /= sum);
    if h > 0.0 && degree > 0 {
        let middle: f64 = weights.iter().enumerate().map(|(j, w)| w * (left + j) as f64).sum();
        let spread: f64 = weights
            .iter()
            .enumerate()
            .map(|(j, w)| w * ((left + j) as f64 - middle) * ((left + j) as f64 - middle))
            .sum();
        if spread.sqrt() > 0.001 * (n as f64 - 1.0) {
            let slope = (x - middle) / spread;
            for (j, w) in weights.iter_mut().enumerate() {
                *w *= slope * ((left + j) as f64 - middle) + 1.0;
            }
        }
    }
    Some(weights.iter().zip(&y[left..=right]).map(|(w, y)| w * y).sum())
}

/// How strong a season is, from 0 to 1 (Wang, Smith and Hyndman 2006).
pub fn strength(parts: &Parts, i: usize) -> f64 {
    let variance = |v: &[f64]| {
        let m = super::season::mean(v);
        v.iter().map(|x| (x - m) * (x - m)).sum::<f64>()
    };
    let with: Vec<f64> = parts.remainder.iter().zip(&parts.seasons[i]).map(|(r, s)| r + s).collect();
    let all = variance(&with);
    if all > 0.0 {
        (1.0 - variance(&parts.remainder) / all).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by tests/referees/forecast.py (statsmodels).
    #[test]
    fn parts_are_those_of_statsmodels() {
        let y = crate::forecast::ets::tests::series(60);
        let near = |got: &[f64], truth: [f64; 4]| {
            for (i, t) in [0, 7, 30, 59].into_iter().zip(truth) {
                assert!((got[i] - t).abs() < 1e-9, "{i}: {} {t}", got[i]);
            }
        };
        let parts = decompose(&y, &[12], &Control::default()).unwrap();
        near(&parts.trend, [93.06243650252635, 112.18407706609217, 158.29010265856655, 210.02337649986356]);
        near(&parts.seasons[0], [-0.10748602028012635, -18.49693552176994, 3.335706751498446, -13.98596091516131]);
        let parts = decompose(&y, &[4, 12], &Control::default()).unwrap();
        near(&parts.trend, [92.63309098594071, 112.08548375540687, 158.2459965118209, 210.00020934849124]);
        near(&parts.seasons[0], [-2.3165662631857615, 0.6865830548844211, 4.113854318263535, 1.7734213049888523]);
        near(&parts.seasons[1], [2.2849346967421855, -20.430504031875167, 0.19832004206174192, -15.778440977583683]);
        for (i, y) in y.iter().enumerate() {
            let sum = parts.trend[i] + parts.seasons[0][i] + parts.seasons[1][i] + parts.remainder[i];
            assert!((sum - y).abs() < 1e-9);
        }
    }

    #[test]
    fn series_of_a_few_values_have_a_trend() {
        for n in 0..7 {
            let y: Vec<f64> = (0..n).map(f64::from).collect();
            let parts = decompose(&y, &[], &Control::default()).unwrap();
            assert!(parts.remainder.iter().all(|r| r.abs() < 1e-9), "{parts:?}");
        }
    }
}
