//! ARIMA with seasons: Box and Jenkins (1970), chosen stepwise as Hyndman and Khandakar, "Automatic time series forecasting: the forecast package for R" (2008).
//!
//! Differences are taken until the test of Kwiatkowski, Phillips, Schmidt and Shin (1992) finds no trend, seasonal ones where the season is strong. Models are
//! fitted by conditional least squares; their coefficients are sought as partial autocorrelations, so that every model is stationary and invertible
//! (Barndorff-Nielsen and Schou 1973).

use super::optimise::{dot, least_squares, Workspace};
use super::season::mean;
use super::stl;
use crate::control::Control;

/// Which model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// Autoregressive terms.
    pub p: usize,
    /// Differences.
    pub d: usize,
    /// Moving average terms.
    pub q: usize,
    /// Seasonal autoregressive terms.
    pub seasonal_p: usize,
    /// Seasonal differences.
    pub seasonal_d: usize,
    /// Seasonal moving average terms.
    pub seasonal_q: usize,
    /// Whether differences have a mean.
    pub constant: bool,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Arima {
    /// Which.
    pub order: Order,
    /// The season.
    pub period: usize,
    /// The parameters of the search: partial autocorrelations, then the mean.
    x: Vec<f64>,
    /// Of the values: coefficients by lag, the differences among them.
    ar: Vec<(usize, f64)>,
    /// Of the errors.
    ma: Vec<(usize, f64)>,
    /// What is added at every step.
    constant: f64,
    /// The last values and errors, the latest last.
    values: Vec<f64>,
    errors: Vec<f64>,
    /// The variance of the errors.
    pub variance: f64,
    /// The criterion by which it was chosen.
    pub aicc: f64,
}

/// The most terms.
const MOST: usize = 5;
const MOST_SEASONAL: usize = 2;
const MOST_TOTAL: usize = 5;
/// Models that are tried at most.
const MOST_MODELS: usize = 40;
/// The bound of partial autocorrelations.
const BOUND: f64 = 0.97;
/// How strong a season must be for its difference to be taken.
const STRONG: f64 = 0.64;
/// Longer seasons are not modelled.
pub const LONGEST_SEASON: usize = 60;
/// The 5 % point of the KPSS test of a level.
const KPSS: f64 = 0.463;

impl Order {
    fn coefficients(self) -> usize {
        self.p + self.q + self.seasonal_p + self.seasonal_q
    }

    /// Parameters: coefficients and the mean.
    pub fn terms(self) -> usize {
        self.coefficients() + usize::from(self.constant)
    }

    /// Its name: `(1,1,1)(0,1,1)`.
    pub fn name(self) -> String {
        format!("({},{},{})({},{},{})", self.p, self.d, self.q, self.seasonal_p, self.seasonal_d, self.seasonal_q)
    }
}

/// The statistic of the KPSS test of a level.
fn kpss(y: &[f64]) -> f64 {
    let n = y.len();
    let average = mean(y);
    let e: Vec<f64> = y.iter().map(|v| v - average).collect();
    let mut sum = 0.0;
    let mut squares = 0.0;
    for v in &e {
        sum += v;
        squares += sum * sum;
    }
    let lags = (3.0 * (n as f64).sqrt() / 13.0) as usize;
    let mut long = dot(&e, &e);
    for lag in 1..=lags.min(n.saturating_sub(1)) {
        let weight = 1.0 - lag as f64 / (lags as f64 + 1.0);
        long += 2.0 * weight * dot(&e[..n - lag], &e[lag..]);
    }
    if long <= 0.0 {
        return 0.0;
    }
    squares / (n as f64 * long)
}

/// What each value is above that a lag before.
pub(super) fn difference(y: &[f64], lag: usize) -> Vec<f64> {
    y.iter().zip(y.get(lag..).unwrap_or_default()).map(|(a, b)| b - a).collect()
}

fn is_constant(y: &[f64]) -> bool {
    y.iter().all(|v| *v == y[0])
}

/// How many differences of each kind a series needs.
fn differences(y: &[f64], period: usize, control: &Control) -> (usize, usize) {
    let mut seasonal = 0;
    let mut w = y.to_vec();
    if period > 1 && y.len() > 2 * period {
        if let Ok(parts) = stl::decompose(y, &[period], control) {
            let next = difference(y, period);
            if stl::strength(&parts, 0) > STRONG && next.len() > 8 && !is_constant(&next) {
                seasonal = 1;
                w = next;
            }
        }
    }
    let mut d = 0;
    while d < 2 && w.len() > 8 && kpss(&w) > KPSS {
        let next = difference(&w, 1);
        if is_constant(&next) {
            break;
        }
        w = next;
        d += 1;
    }
    (d, seasonal)
}

/// Coefficients of partial autocorrelations, by the recursion of Durbin and Levinson.
fn coefficients(partials: &[f64], out: &mut [f64; MOST]) {
    for (k, r) in partials.iter().enumerate() {
        let before = *out;
        out[k] = *r;
        for j in 0..k {
            out[j] = before[j] - r * before[k - 1 - j];
        }
    }
}

/// The product of a polynomial and a seasonal one, `1 - sum`, as coefficients by lag; `sign` is 1 for those of values and -1 for those of errors.
fn product(short: &[f64], long: &[f64], period: usize, sign: f64, out: &mut Vec<(usize, f64)>) {
    out.clear();
    for (i, a) in short.iter().enumerate() {
        out.push((i + 1, a * sign));
    }
    for (j, b) in long.iter().enumerate() {
        out.push(((j + 1) * period, b * sign));
        for (i, a) in short.iter().enumerate() {
            out.push(((j + 1) * period + i + 1, -a * b * sign));
        }
    }
    out.retain(|c| c.1 != 0.0);
    out.sort_by_key(|c| c.0);
}

/// The polynomials of the parameters of a search.
fn polynomials(order: Order, period: usize, x: &[f64], ar: &mut Vec<(usize, f64)>, ma: &mut Vec<(usize, f64)>) {
    let mut at = 0;
    let mut next = |count: usize| {
        let mut out = [0.0; MOST];
        coefficients(&x[at..at + count], &mut out);
        at += count;
        (out, count)
    };
    let (p, q, sp, sq) = (next(order.p), next(order.q), next(order.seasonal_p), next(order.seasonal_q));
    product(&p.0[..p.1], &sp.0[..sp.1], period, 1.0, ar);
    // Errors enter with the other sign: w = e + theta e(-1).
    product(&q.0[..q.1], &sq.0[..sq.1], period, -1.0, ma);
}

/// The errors of differences from which their mean has been taken.
fn errors(w: &[f64], mu: f64, ar: &[(usize, f64)], ma: &[(usize, f64)], out: &mut [f64]) {
    for t in 0..w.len() {
        let mut e = w[t] - mu;
        for (lag, c) in ar {
            if *lag > t {
                break;
            }
            e -= c * (w[t - lag] - mu);
        }
        for (lag, c) in ma {
            if *lag > t {
                break;
            }
            e -= c * out[t - lag];
        }
        out[t] = e;
    }
}

struct Fit {
    order: Order,
    x: Vec<f64>,
    sum: f64,
    aicc: f64,
}

fn fit_order(order: Order, w: &[f64], period: usize, near: Option<&[f64]>, work: &mut Workspace<'_>) -> Option<Fit> {
    let n = w.len();
    let k = order.terms() + 1;
    let longest = (order.p + order.seasonal_p * period).max(order.q + order.seasonal_q * period);
    if n <= k + 2 || n <= longest {
        return None;
    }
    let average = mean(w);
    let deviation = (w.iter().map(|v| (v - average) * (v - average)).sum::<f64>() / n as f64).sqrt().max(1e-300);
    let c = order.coefficients();
    let mut x = vec![0.1; c];
    let (mut low, mut high, mut scale) = (vec![-BOUND; c], vec![BOUND; c], vec![1.0; c]);
    if order.constant {
        x.push(average);
        low.push(f64::NEG_INFINITY);
        high.push(f64::INFINITY);
        scale.push(deviation);
    }
    if let Some(near) = near.filter(|near| near.len() == x.len()) {
        x.copy_from_slice(near);
    }
    let (mut ar, mut ma) = (Vec::new(), Vec::new());
    let sum = least_squares(&mut x, &low, &high, &scale, n, work, |x, out| {
        polynomials(order, period, x, &mut ar, &mut ma);
        errors(w, if order.constant { x[c] } else { 0.0 }, &ar, &ma, out);
        true
    });
    let (n, k) = (n as f64, k as f64);
    let aicc = n * libm::log(sum.max(1e-30) / n) + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0);
    (sum.is_finite() && aicc.is_finite()).then_some(Fit { order, x, sum, aicc })
}

/// Fit the best model, or the one of a model `near`. Too short a series has none.
pub fn fit(y: &[f64], period: usize, near: Option<&Arima>, work: &mut Workspace<'_>) -> Option<Arima> {
    if y.len() < 6 {
        return None;
    }
    let period = period.max(1);
    let (d, seasonal_d) = match near {
        Some(near) => (near.order.d, near.order.seasonal_d),
        None => differences(y, period, work.control.unwrap_or(&Control::default())),
    };
    let mut w = y.to_vec();
    for _ in 0..seasonal_d {
        w = difference(&w, period);
    }
    for _ in 0..d {
        w = difference(&w, 1);
    }
    if w.len() < 4 {
        return None;
    }
    let best = match near {
        Some(near) => fit_order(near.order, &w, period, Some(&near.x), work)?,
        None => search(&w, period, (d, seasonal_d), work)?,
    };
    finish(y, &w, period, best)
}

fn search(w: &[f64], period: usize, (d, seasonal_d): (usize, usize), work: &mut Workspace<'_>) -> Option<Fit> {
    let seasonal = period > 1 && w.len() > 2 * period;
    // More than two differences in all, and a mean of theirs would be a curve.
    let constant = d + seasonal_d < 2;
    let order = |p, q, seasonal_p, seasonal_q| Order { p, d, q, seasonal_p, seasonal_d, seasonal_q, constant };
    let s = usize::from(seasonal);
    let mut tried: Vec<Order> = Vec::new();
    let mut best: Option<Fit> = None;
    let mut consider = |order: Order, best: &mut Option<Fit>, work: &mut Workspace<'_>| -> bool {
        if tried.len() >= MOST_MODELS || tried.contains(&order) {
            return false;
        }
        tried.push(order);
        let Some(fit) = fit_order(order, w, period, None, work) else { return false };
        let better = best.as_ref().is_none_or(|b| fit.aicc < b.aicc);
        if better {
            *best = Some(fit);
        }
        better
    };
    for start in [order(2, 2, s, s), order(0, 0, 0, 0), order(1, 0, s, 0), order(0, 1, 0, s)] {
        consider(start, &mut best, work);
    }
    loop {
        let at = best.as_ref()?.order;
        let mut next: Vec<Order> = Vec::new();
        let moves: [(i64, i64, i64, i64); 12] = [
            (0, 0, -1, 0),
            (0, 0, 1, 0),
            (0, 0, 0, -1),
            (0, 0, 0, 1),
            (0, 0, -1, -1),
            (0, 0, 1, 1),
            (-1, 0, 0, 0),
            (1, 0, 0, 0),
            (0, -1, 0, 0),
            (0, 1, 0, 0),
            (-1, -1, 0, 0),
            (1, 1, 0, 0),
        ];
        let moved = |v: usize, by: i64, most: usize| v.checked_add_signed(by as isize).filter(|v| *v <= most);
        let most_seasonal = if seasonal { MOST_SEASONAL } else { 0 };
        for (p, q, sp, sq) in moves {
            let made = moved(at.p, p, MOST)
                .zip(moved(at.q, q, MOST))
                .zip(moved(at.seasonal_p, sp, most_seasonal).zip(moved(at.seasonal_q, sq, most_seasonal)));
            if let Some(((p, q), (seasonal_p, seasonal_q))) = made {
                next.push(Order { p, q, seasonal_p, seasonal_q, ..at });
            }
        }
        if constant {
            next.push(Order { constant: !at.constant, ..at });
        }
        next.retain(|o| o.coefficients() <= MOST_TOTAL);
        let mut gained = false;
        for order in next {
            if consider(order, &mut best, work) {
                gained = true;
                break;
            }
        }
        if !gained {
            return best;
        }
    }
}

fn finish(y: &[f64], w: &[f64], period: usize, best: Fit) -> Option<Arima> {
    let Fit { order, x, sum, aicc } = best;
    let (mut short, mut ma) = (Vec::new(), Vec::new());
    polynomials(order, period, &x, &mut short, &mut ma);
    let mu = if order.constant { x[order.coefficients()] } else { 0.0 };
    let mut e = vec![0.0; w.len()];
    errors(w, mu, &short, &ma, &mut e);
    let constant = mu * (1.0 - short.iter().map(|c| c.1).sum::<f64>());
    // The differences as a part of the polynomial of the values: dense, 1 - sum.
    let mut dense = vec![0.0; 1 + short.last().map_or(0, |c| c.0) + order.d + order.seasonal_d * period];
    dense[0] = 1.0;
    short.iter().for_each(|(lag, c)| dense[*lag] = -c);
    for lag in std::iter::repeat_n(1, order.d).chain(std::iter::repeat_n(period, order.seasonal_d)) {
        for i in (lag..dense.len()).rev() {
            dense[i] -= dense[i - lag];
        }
    }
    let ar: Vec<(usize, f64)> =
        dense.iter().enumerate().skip(1).filter(|c| *c.1 != 0.0).map(|(i, c)| (i, -c)).collect();
    let keep = |v: &[f64], lags: &[(usize, f64)]| v[v.len().saturating_sub(lags.last().map_or(0, |c| c.0))..].to_vec();
    let freedom = w.len() as f64 - order.terms() as f64;
    let variance = sum / freedom.max(1.0);
    let (values, errors) = (keep(y, &ar), keep(&e, &ma));
    Some(Arima { order, period, x, ar, ma, constant, values, errors, variance, aicc })
        .filter(|m| m.variance.is_finite())
}

impl Arima {
    /// The next values that are expected, and their variances.
    pub fn expect(&self, mean: &mut [f64], variance: &mut [f64]) {
        let (mut y, past) = (self.values.clone(), self.values.len());
        let errors = self.errors.len();
        let mut psi: Vec<f64> = Vec::with_capacity(mean.len());
        let mut sum = 0.0;
        for h in 0..mean.len() {
            let mut next = self.constant;
            let mut weight = if h == 0 { 1.0 } else { 0.0 };
            for (lag, c) in &self.ar {
                if let Some(v) = (past + h).checked_sub(*lag).and_then(|i| y.get(i)) {
                    next += c * v;
                }
                if *lag <= h {
                    weight += c * psi[h - lag];
                }
            }
            for (lag, c) in &self.ma {
                // Errors to come are 0.
                if let Some(e) = (errors + h).checked_sub(*lag).and_then(|i| self.errors.get(i)) {
                    next += c * e;
                }
                if *lag == h {
                    weight += c;
                }
            }
            mean[h] = next;
            y.push(next);
            sum += weight * weight;
            psi.push(weight);
            variance[h] = self.variance * sum;
        }
    }

    /// How many values are lost to differences.
    fn differenced(&self) -> usize {
        self.order.d + self.order.seasonal_d * self.period
    }

    /// The errors that it makes of any series whose differences have the mean `mu`: from the first difference on.
    fn innovations(&self, y: &[f64], mu: f64) -> Vec<f64> {
        let mut w = y.to_vec();
        for _ in 0..self.order.seasonal_d {
            w = difference(&w, self.period);
        }
        for _ in 0..self.order.d {
            w = difference(&w, 1);
        }
        let (mut ar, mut ma) = (Vec::new(), Vec::new());
        polynomials(self.order, self.period, &self.x, &mut ar, &mut ma);
        let mut e = vec![0.0; w.len()];
        errors(&w, mu, &ar, &ma, &mut e);
        e
    }

    /// What is left of a series when all is taken out that the model knows of it: [`Self::innovations`] of a mean of 0. This is linear in the series, so that effects
    /// of other columns can be found by least squares among what is left (generalised least squares).
    pub fn whitened(&self, y: &[f64]) -> Vec<f64> {
        self.innovations(y, 0.0)
    }

    /// The same of the mean of differences, where the model has one.
    pub fn whitened_mean(&self, len: usize) -> Option<Vec<f64>> {
        let len = len.checked_sub(self.differenced()).filter(|_| self.order.constant)?;
        let (mut ar, mut ma) = (Vec::new(), Vec::new());
        polynomials(self.order, self.period, &self.x, &mut ar, &mut ma);
        let mut e = vec![0.0; len];
        errors(&vec![1.0; len], 0.0, &ar, &ma, &mut e);
        Some(e)
    }

    /// What was expected of each value of the series it was fitted to; the first, of which no difference is known, are expected as they are.
    pub fn fitted(&self, y: &[f64], out: &mut [f64]) {
        let first = self.differenced().min(y.len());
        let mu = if self.order.constant { self.x[self.order.coefficients()] } else { 0.0 };
        let e = self.innovations(y, mu);
        out[..first].copy_from_slice(&y[..first]);
        for (i, out) in out.iter_mut().enumerate().skip(first) {
            *out = y[i] - e.get(i - first).copied().unwrap_or(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by tests/referees/forecast.py.
    #[test]
    fn errors_are_those_of_the_definition() {
        let y = crate::forecast::ets::tests::series(60);
        let w = difference(&difference(&y, 12), 1);
        let (mut ar, mut ma) = (Vec::new(), Vec::new());
        let order = Order { p: 1, d: 1, q: 0, seasonal_p: 0, seasonal_d: 1, seasonal_q: 1, constant: false };
        polynomials(order, 12, &[0.4, 0.3], &mut ar, &mut ma);
        let mut e = vec![0.0; w.len()];
        errors(&w, 0.0, &ar, &ma, &mut e);
        for (i, t) in [0, 1, 20, 46].into_iter().zip([
            16.32117068171503,
            -9.251988292232895,
            -20.84125326632486,
            21.306365926829375,
        ]) {
            assert!((e[i] - t).abs() < 1e-9, "{i} {} {t}", e[i]);
        }
    }

    #[test]
    fn an_autoregression_is_found_again() {
        let mut state = 7u64;
        let mut noise = || {
            (0..12)
                .map(|_| {
                    state = (1_103_515_245 * state + 12_345) % (1 << 31);
                    state as f64 / 2f64.powi(31)
                })
                .sum::<f64>()
                - 6.0
        };
        let mut y = vec![0.0; 2000];
        for t in 2..y.len() {
            y[t] = 0.5 * y[t - 1] + 0.3 * y[t - 2] + noise();
        }
        let y: Vec<f64> = y.iter().map(|v| v + 10.0).collect();
        let model = fit_order(
            Order { p: 2, d: 0, q: 0, seasonal_p: 0, seasonal_d: 0, seasonal_q: 0, constant: true },
            &y,
            1,
            None,
            &mut Workspace::default(),
        )
        .unwrap();
        let (mut ar, mut ma) = (Vec::new(), Vec::new());
        polynomials(model.order, 1, &model.x, &mut ar, &mut ma);
        assert!(
            (ar[0].1 - 0.5).abs() < 0.05 && (ar[1].1 - 0.3).abs() < 0.05 && (model.x[2] - 10.0).abs() < 0.5,
            "{ar:?} {:?}",
            model.x
        );
        let found = fit(&y, 1, None, &mut Workspace::default()).unwrap();
        let (mut mean, mut variance) = ([0.0; 200], [0.0; 200]);
        found.expect(&mut mean, &mut variance);
        assert!(
            (mean[199] - 10.0).abs() < 0.7 && variance[0] < variance[5] && (variance[0] - 1.0).abs() < 0.1,
            "{found:?}"
        );
        let mut expected = vec![0.0; y.len()];
        found.fitted(&y, &mut expected);
        let squares: f64 = y.iter().zip(&expected).map(|(a, b)| (a - b) * (a - b)).sum();
        assert!((squares / 2000.0 - 1.0).abs() < 0.1);
    }
}
