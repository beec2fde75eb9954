//! Dynamic regression: what columns besides (a price, a promotion, a holiday) add to a series, and a forecast of what is left without that.
//!
//! The effects are found by generalised least squares: ARIMA is fitted to what is left, and the effects among what that model leaves of the series and of the columns
//! (Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", chapter 10), with a slight pull to 0, as most columns have no effect and holidays come seldom.
//! Effects add up or, where that fits better and all values are above 0, multiply: then the logarithms are modelled.

use super::arima::{self, Arima};
use super::auto::{Expected, Fitted, Method};
use super::ets;
use super::optimise::{dot, solve, Workspace};
use super::season::mean;

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// Whether logarithms are modelled.
    pub logarithms: bool,
    /// What the columns add at each step of the series and beyond.
    effects: Vec<f64>,
    /// How many values it was fitted to.
    n: usize,
    /// The model of what is left, by which effects were found.
    shape: Arima,
    /// That by which it is forecast.
    rest: Fitted,
}

/// Effects are drawn to 0 as if so much of a step with the whole range of a column had had none.
const PULL: f64 = 0.1;
/// How often the model of what is left and the effects are fitted in turn.
const TURNS: usize = 2;
/// A model must have so many values, and so many more than columns.
const LEAST: usize = 10;

/// A column that moved in the past, centred and as wide as 1.
struct Scaled {
    past: Vec<f64>,
    all: Vec<f64>,
}

fn scaled(columns: &[Vec<f64>], n: usize) -> Vec<Scaled> {
    let of = |column: &Vec<f64>| {
        let past = column.get(..n)?;
        let (low, high) = past.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let middle = mean(past);
        let all: Vec<f64> = column.iter().map(|v| (v - middle) / (high - low)).collect();
        (high > low && all.iter().all(|v| v.is_finite())).then(|| Scaled { past: all[..n].to_vec(), all })
    };
    columns.iter().filter_map(of).collect()
}

/// The sum of columns, each times its effect.
fn sum_of<'a>(columns: impl Iterator<Item = &'a [f64]>, effects: &[f64], len: usize) -> Vec<f64> {
    let mut sum = vec![0.0; len];
    for (column, effect) in columns.zip(effects) {
        sum.iter_mut().zip(column).for_each(|(s, v)| *s += effect * v);
    }
    sum
}

/// The effects on a series, once all that a model of it knows is taken out of both, and the mean of the squares left.
fn effects(whitened: &[f64], columns: &[Vec<f64>], constant: Option<&[f64]>) -> Option<(Vec<f64>, f64)> {
    let p = columns.len();
    let size = p + usize::from(constant.is_some());
    let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).chain(constant).collect();
    let (mut normal, mut side) = (vec![0.0; size * size], vec![0.0; size]);
    for i in 0..size {
        side[i] = dot(all[i], whitened);
        for j in 0..=i {
            normal[i * size + j] = dot(all[i], all[j]);
            normal[j * size + i] = normal[i * size + j];
        }
        normal[i * size + i] += if i < p { PULL } else { 1e-9 };
    }
    let free: Vec<usize> = (0..size).collect();
    let (mut factor, mut found) = (vec![0.0; size * size], vec![0.0; size]);
    if !solve(&normal, size, &free, 0.0, &side, &mut factor, &mut found) {
        return None;
    }
    let sum = sum_of(all.into_iter(), &found, whitened.len());
    let left = whitened.iter().zip(&sum).map(|(w, s)| (w - s) * (w - s)).sum::<f64>() / whitened.len().max(1) as f64;
    found.truncate(p);
    Some((found, left))
}

struct Found {
    effects: Vec<f64>,
    shape: Arima,
    /// The logarithm of the mean square of the errors, with a penalty for the terms of the model.
    criterion: f64,
}

/// Effects on a series, first among its differences or as `near` has it, then by models of what is left.
fn find(y: &[f64], columns: &[Scaled], period: usize, near: Option<&Arima>, work: &mut Workspace<'_>) -> Option<Found> {
    let n = y.len();
    let past = || columns.iter().map(|c| c.past.as_slice());
    let mut shape = near.cloned();
    let mut found: Option<Found> = None;
    for turn in 0..=TURNS {
        let (whitened, by_column, constant) = match &shape {
            Some(shape) => (shape.whitened(y), past().map(|c| shape.whitened(c)).collect(), shape.whitened_mean(n)),
            None => {
                let lag = if period > 1 && n > 3 * period { period } else { 1 };
                (arima::difference(y, lag), past().map(|c| arima::difference(c, lag)).collect::<Vec<_>>(), None)
            }
        };
        let (effects, left) = effects(&whitened, &by_column, constant.as_deref())?;
        if let Some(shape) = shape.take() {
            let terms = 2.0 * shape.order.terms() as f64 / whitened.len() as f64;
            found = Some(Found { effects: effects.clone(), shape, criterion: libm::log(left.max(1e-300)) + terms });
            if turn == TURNS || near.is_some() {
                break;
            }
        }
        let effect = sum_of(past(), &effects, n);
        let rest: Vec<f64> = y.iter().zip(&effect).map(|(y, e)| y - e).collect();
        shape = Some(arima::fit(&rest, period, None, work)?);
    }
    found
}

/// Fit the effects of columns, which reach as far as is forecast, of the form of a model `near` where given. `None` where the series is too short or no column moved.
pub fn fit(
    y: &[f64],
    columns: &[Vec<f64>],
    seasons: &[usize],
    near: Option<&Regression>,
    work: &mut Workspace<'_>,
) -> Option<Regression> {
    let n = y.len();
    let columns = scaled(columns, n);
    if columns.is_empty() || n < LEAST + columns.len() {
        return None;
    }
    let period = seasons.first().copied().filter(|p| *p <= arima::LONGEST_SEASON).unwrap_or(1);
    let positive = y.iter().all(|v| *v > 0.0);
    let logs: Vec<f64> = if positive { y.iter().map(|v| libm::log(*v)).collect() } else { Vec::new() };
    let (logarithms, found) = match near {
        Some(near) if near.logarithms && !positive => return None,
        Some(near) => {
            let of = if near.logarithms { &logs } else { y };
            (near.logarithms, find(of, &columns, period, Some(&near.shape), work)?)
        }
        None => {
            let plain = find(y, &columns, period, None, work)?;
            let multiplied = positive.then(|| find(&logs, &columns, period, None, work)).flatten();
            match multiplied {
                // Errors of logarithms are relative: on the scale of the values they are as large as these.
                Some(m) if m.criterion + 2.0 * mean(&logs) < plain.criterion => (true, m),
                _ => (false, plain),
            }
        }
    };
    let effects = sum_of(columns.iter().map(|c| c.all.as_slice()), &found.effects, columns[0].all.len());
    let of = if logarithms { &logs } else { y };
    let rest: Vec<f64> = of.iter().zip(&effects).map(|(y, e)| y - e).collect();
    let near = near.map(|near| &near.rest);
    let long = seasons.first().is_some_and(|p| *p > ets::LONGEST_SEASON);
    let rest = Fitted::new(Method::Ensemble, &rest, seasons, near, work)
        .or_else(|| Fitted::new(if long { Method::Mstl } else { Method::Ets }, &rest, seasons, near, work))?;
    Some(Regression { logarithms, effects, n, shape: found.shape, rest })
}

impl Regression {
    /// What is expected of the next values. Beyond the columns the effect is that of their last step.
    pub fn expect(&self, horizon: usize) -> Expected {
        let mut expected = self.rest.expect(horizon);
        for h in 0..horizon {
            expected.mean[h] += self.effects.get(self.n + h).or(self.effects.last()).copied().unwrap_or(0.0);
            if self.logarithms {
                let m = libm::exp(expected.mean[h].min(MOST_LOGARITHM));
                expected.mean[h] = m;
                expected.variance[h] *= m * m;
            }
        }
        expected
    }

    /// What was expected of each value of the series it was fitted to.
    pub fn fitted(&self, y: &[f64], out: &mut [f64]) {
        let of = |v: &f64| if self.logarithms { libm::log(v.max(f64::MIN_POSITIVE)) } else { *v };
        let rest: Vec<f64> = y.iter().zip(&self.effects).map(|(y, e)| of(y) - e).collect();
        self.rest.fitted(&rest, out);
        for (out, effect) in out.iter_mut().zip(&self.effects) {
            *out += effect;
            if self.logarithms {
                *out = libm::exp(out.min(MOST_LOGARITHM));
            }
        }
    }

    /// The form of the model of what is left.
    pub fn form(&self) -> String {
        self.rest.form()
    }
}

/// A value is at most so many times the mean of its series, as a logarithm.
const MOST_LOGARITHM: f64 = 50.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: &mut u64) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            *seed = (1_103_515_245 * *seed + 12_345) % (1 << 31);
            sum += *seed as f64 / 2f64.powi(31);
        }
        sum
    }

    /// A series with a season of 7, a price and a promotion, of 120 values and 6 to come.
    fn sold(multiplied: bool) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut seed = 5;
        let promotion: Vec<f64> = (0..126).map(|t| f64::from(u8::from(t * 7 % 11 < 2))).collect();
        let price: Vec<f64> = (0..126).map(|t| 5.0 + f64::from((t / 9 * 5) % 4) * 0.5).collect();
        let y = (0..126)
            .map(|t| {
                let season = libm::sin(f64::from(t) * std::f64::consts::TAU / 7.0);
                let (p, c) = (promotion[t as usize], price[t as usize]);
                let e = noise(&mut seed);
                match multiplied {
                    false => 200.0 + 20.0 * season + 60.0 * p - 15.0 * c + 2.0 * e,
                    true => 900.0 * libm::exp(0.1 * season + 0.5 * p - 0.4 * c + 0.02 * e),
                }
            })
            .collect();
        (y, vec![price, promotion, vec![3.0; 126]])
    }

    #[test]
    fn effects_are_found_and_go_into_the_forecast() {
        for multiplied in [false, true] {
            let (y, columns) = sold(multiplied);
            let model = fit(&y[..120], &columns, &[7], None, &mut Workspace::default()).unwrap();
            assert_eq!(model.logarithms, multiplied);
            let mean = model.expect(6).mean;
            for (truth, mean) in y[120..].iter().zip(&mean) {
                assert!((mean / truth - 1.0).abs() < 0.08, "{multiplied} {mean} {truth}");
            }
            let again = fit(&y[..110], &columns, &[7], Some(&model), &mut Workspace::default()).unwrap();
            assert_eq!(again.shape.order, model.shape.order);
            let mut fitted = vec![0.0; 120];
            model.fitted(&y[..120], &mut fitted);
            let off: f64 = y[20..120].iter().zip(&fitted[20..]).map(|(y, f)| (y / f - 1.0).abs()).sum();
            assert!(off / 100.0 < 0.06, "{off}");
        }
    }

    /// Made by tests/referees/forecast.py (statsmodels, of the order of the truth; here it is chosen): within two of their standard errors.
    #[test]
    fn effects_are_those_of_statsmodels() {
        let (mut state, mut e) = (12_345u64, 0.0);
        let (mut y, mut columns) = (Vec::new(), vec![Vec::new(), Vec::new()]);
        for t in 0..200u32 {
            state = (1_103_515_245 * state + 12_345) % (1 << 31);
            e = 0.6 * e + state as f64 / 2f64.powi(31) - 0.5;
            columns[0].push(f64::from(u8::from(t * 7 % 11 < 2)));
            columns[1].push(f64::from((t / 9 * 5) % 4) * 0.5);
            y.push(10.0 + 3.0 * columns[0][t as usize] - 2.0 * columns[1][t as usize] + e);
        }
        let found = find(&y, &scaled(&columns, 200), 1, None, &mut Workspace::default()).unwrap();
        assert!((found.effects[0] - 3.0206).abs() < 0.045, "{:?}", found.effects);
        assert!((found.effects[1] / 1.5 + 2.0671).abs() < 0.12, "{:?}", found.effects);
    }

    #[test]
    fn nothing_is_fitted_to_columns_that_do_not_move_or_to_a_few_values() {
        let (y, columns) = sold(false);
        assert_eq!(fit(&y[..120], &columns[2..], &[7], None, &mut Workspace::default()), None);
        assert_eq!(fit(&y[..11], &columns, &[7], None, &mut Workspace::default()), None);
    }
}
