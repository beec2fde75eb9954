//! The Theta method (Assimakopoulos and Nikolopoulos 2000) as the state space models of Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler, "Models for
//! optimising the theta method" (2016): standard (STM) and optimised (OTM) theta and the dynamic forms of both, of which the one of the least errors is taken.
//!
//! A series whose season passes the test of [`super::season::is_seasonal`] is freed of it first. Statsforecast's `AutoTheta` is the referee.

use super::optimise::{least_squares, Workspace};
use super::season::{classical, is_seasonal, mean};

/// Which model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Whether theta is fitted; else it is 2.
    pub optimised: bool,
    /// Whether the line is fitted anew at every value.
    pub dynamic: bool,
}

impl Form {
    /// All.
    pub const ALL: [Form; 4] = [
        Form { optimised: false, dynamic: false },
        Form { optimised: true, dynamic: false },
        Form { optimised: false, dynamic: true },
        Form { optimised: true, dynamic: true },
    ];

    /// Its name, as in the paper.
    pub fn name(self) -> &'static str {
        match (self.optimised, self.dynamic) {
            (false, false) => "STM",
            (true, false) => "OTM",
            (false, true) => "DSTM",
            (true, true) => "DOTM",
        }
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Theta {
    /// Which.
    pub form: Form,
    /// The smoothing of the level.
    pub alpha: f64,
    /// The weight of the lines.
    pub theta: f64,
    /// The level it started from.
    pub start: f64,
    /// The states after the last value.
    end: State,
    /// The season by phase; empty for none.
    pub season: Vec<f64>,
    /// Whether it multiplies.
    pub multiplied: bool,
    /// How many values it was fitted to.
    pub n: usize,
    /// The variance of the errors of one step.
    pub variance: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct State {
    level: f64,
    mean: f64,
    /// The line: its value before the first value, and its slope.
    a: f64,
    b: f64,
    /// `(1 - alpha) ^ i` of the next value.
    power: f64,
    /// The place of the next value.
    i: f64,
}

impl State {
    fn new(form: Form, y: &[f64], alpha: f64, start: f64, line: (f64, f64)) -> State {
        let (a, b) = if form.dynamic { (y[0], 0.0) } else { line };
        State { level: alpha * y[0] + (1.0 - alpha) * start, mean: y[0], a, b, power: 1.0 - alpha, i: 1.0 }
    }

    fn expected(&self, alpha: f64, theta: f64) -> f64 {
        let next = self.power * (1.0 - alpha);
        self.level + (1.0 - 1.0 / theta) * (self.a * self.power + self.b * (1.0 - next) / alpha)
    }

    fn update(&mut self, form: Form, alpha: f64, y: f64) {
        let i = self.i;
        let before = self.mean;
        self.level += alpha * (y - self.level);
        self.mean = (i * before + y) / (i + 1.0);
        if form.dynamic {
            self.b = ((i - 1.0) * self.b + 6.0 * (y - before) / (i + 1.0)) / (i + 2.0);
            self.a = self.mean - self.b * (i + 2.0) / 2.0;
        }
        self.power *= 1.0 - alpha;
        self.i += 1.0;
    }
}

/// Errors of the first values do not count: nothing is known yet.
const BURN: usize = 3;

fn errors(form: Form, y: &[f64], (start, alpha, theta): (f64, f64, f64), line: (f64, f64), out: &mut [f64]) -> State {
    let mut state = State::new(form, y, alpha, start, line);
    out[0] = 0.0;
    for (i, (y, out)) in y.iter().zip(out.iter_mut()).enumerate().skip(1) {
        let e = y - state.expected(alpha, theta);
        *out = if i < BURN { 0.0 } else { e };
        state.update(form, alpha, *y);
    }
    state
}

/// What is taken out of a series before it is fitted.
pub fn deseasonal(y: &[f64], period: usize) -> (Vec<f64>, bool) {
    if period < 2 || period > y.len() / 2 || !is_seasonal(y, period) {
        return (Vec::new(), false);
    }
    if y.iter().all(|v| *v > 0.0) {
        let season = classical(y, period, true);
        if season.iter().all(|s| *s >= 0.01) {
            return (season, true);
        }
    }
    (classical(y, period, false), false)
}

/// Fit a form to a series that is free of a season; the sum of squares comes with it.
fn fit_form(
    form: Form,
    y: &[f64],
    near: Option<(f64, f64, f64)>,
    work: &mut Workspace<'_>,
) -> Option<((f64, f64, f64), f64)> {
    let n = y.len();
    let line = super::season::line(y);
    // The line of the whole series is at 1, ... n.
    let unit = mean(y).abs().max(y.iter().fold(0.0, |a: f64, v| a.max(v.abs())) * 1e-3).max(1e-300);
    let low = [-1e10 * unit, 0.1, 1.0];
    let high = [1e10 * unit, 0.99, 1e10];
    let p = if form.optimised { 3 } else { 2 };
    let scale = [unit, 1.0, 1.0];
    let mut best: Option<((f64, f64, f64), f64)> = None;
    let starts: &[(f64, f64, f64)] = match near {
        Some(_) => &[(0.0, 0.0, 0.0)],
        None => &[(0.5, 0.5, 2.0), (0.5, 0.15, 2.0)],
    };
    for at in starts {
        let from = near.unwrap_or((y[0] * at.0, at.1, at.2));
        let mut x = [from.0, from.1, from.2];
        let sum = least_squares(&mut x[..p], &low[..p], &high[..p], &scale[..p], n, work, |x, out| {
            let theta = if form.optimised { x[2] } else { 2.0 };
            errors(form, y, (x[0], x[1], theta), line, out);
            true
        });
        if sum.is_finite() && best.is_none_or(|(_, least)| sum < least) {
            best = Some(((x[0], x[1], if form.optimised { x[2] } else { 2.0 }), sum));
        }
    }
    best
}

/// Fit the form of the least errors, or the one of a model `near`, from its parameters. Too short a series has none.
pub fn fit(y: &[f64], period: usize, near: Option<&Theta>, work: &mut Workspace<'_>) -> Option<Theta> {
    let n = y.len();
    if n <= BURN + 1 {
        return None;
    }
    let (season, multiplied) = deseasonal(y, period);
    let mut free = y.to_vec();
    if !season.is_empty() {
        for (i, v) in free.iter_mut().enumerate() {
            let s = season[i % period];
            *v = if multiplied { *v / s } else { *v - s };
        }
    }
    let forms: &[Form] = match near {
        Some(near) => &[near.form],
        None => &Form::ALL,
    };
    let mut best: Option<(Form, (f64, f64, f64), f64)> = None;
    for form in forms {
        let from = near.map(|t| (t.start, t.alpha, t.theta));
        if let Some((x, sum)) = fit_form(*form, &free, from, work) {
            if best.is_none_or(|(_, _, least)| sum < least) {
                best = Some((*form, x, sum));
            }
        }
    }
    let (form, (start, alpha, theta), sum) = best?;
    let mut out = vec![0.0; n];
    let end = errors(form, &free, (start, alpha, theta), super::season::line(&free), &mut out);
    let parameters = if form.optimised { 3.0 } else { 2.0 };
    let variance = sum / ((n - BURN) as f64 - parameters).max(1.0);
    Some(Theta { form, alpha, theta, start, end, season, multiplied, n, variance })
        .filter(|t| t.variance.is_finite() && t.end.level.is_finite())
}

impl Theta {
    /// The next values that are expected.
    pub fn mean(&self, out: &mut [f64]) {
        let mut state = self.end;
        for (h, out) in out.iter_mut().enumerate() {
            let mu = state.expected(self.alpha, self.theta);
            state.update(self.form, self.alpha, mu);
            *out = self.seasoned(mu, h);
        }
    }

    fn seasoned(&self, value: f64, h: usize) -> f64 {
        if self.season.is_empty() {
            return value;
        }
        let s = self.season[(self.n + h) % self.season.len()];
        if self.multiplied {
            value * s
        } else {
            value + s
        }
    }

    /// The variances of the next values: those of a random walk with noise, `s2 (1 + (h - 1) alpha^2)`, as the paper has them.
    pub fn variances(&self, out: &mut [f64]) {
        for (h, out) in out.iter_mut().enumerate() {
            let s = match self.season.is_empty() || !self.multiplied {
                true => 1.0,
                false => self.season[(self.n + h) % self.season.len()],
            };
            *out = self.variance * (1.0 + h as f64 * self.alpha * self.alpha) * s * s;
        }
    }

    /// What was expected of each value of the series it was fitted to.
    pub fn fitted(&self, y: &[f64], out: &mut [f64]) {
        let period = self.season.len();
        let free: Vec<f64> = y
            .iter()
            .enumerate()
            .map(|(i, v)| match (period, self.multiplied) {
                (0, _) => *v,
                (_, true) => v / self.season[i % period],
                (_, false) => v - self.season[i % period],
            })
            .collect();
        let line = super::season::line(&free);
        let mut state = State::new(self.form, &free, self.alpha, self.start, line);
        for (i, (v, out)) in free.iter().zip(out.iter_mut()).enumerate() {
            let mu = if i == 0 { *v } else { state.expected(self.alpha, self.theta) };
            if i > 0 {
                state.update(self.form, self.alpha, *v);
            }
            *out = match (period, self.multiplied) {
                (0, _) => mu,
                (_, true) => mu * self.season[i % period],
                (_, false) => mu + self.season[i % period],
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by tests/referees/forecast.py: the parameters that statsforecast found for each form, its errors and forecasts.
    #[test]
    fn of_the_same_parameters_all_is_as_statsforecast_has_it() {
        let y = crate::forecast::ets::tests::series(60);
        let size = mean(&y.iter().map(|v| v.abs()).collect::<Vec<_>>());
        for (form, start, alpha, theta, mse, last) in [
            (Form::ALL[0], 62.103496427604114, 0.99, 2.0, 77.13068166906822, [202.8714658718224, 214.5139219577424]),
            (
                Form::ALL[1],
                -71.10397555225282,
                0.9899999999999992,
                3.9874837901370124,
                77.05675383421763,
                [203.32235599929962, 220.76776802585127],
            ),
            (Form::ALL[2], -229.36408051569742, 0.99, 2.0, 79.96029671199214, [202.8714658718224, 213.81040854181956]),
            (
                Form::ALL[3],
                -116.12399217867066,
                0.9899999999999997,
                1.0,
                77.72010353621988,
                [201.96684612932668, 201.96684612932668],
            ),
        ] {
            let line = crate::forecast::season::line(&y);
            let mut out = vec![0.0; 60];
            let end = errors(form, &y, (start, alpha, theta), line, &mut out);
            let sum: f64 = out.iter().map(|e| e * e).sum();
            assert!(
                (sum / size / mse - 1.0).abs() < 1e-6 || (sum / 57.0 / mse - 1.0).abs() < 1e-6,
                "{} {} {mse}",
                form.name(),
                sum / size
            );
            let model =
                Theta { form, alpha, theta, start, end, season: Vec::new(), multiplied: false, n: 60, variance: 1.0 };
            let mut mean = [0.0; 14];
            model.mean(&mut mean);
            for (h, t) in [0, 13].into_iter().zip(last) {
                assert!((mean[h] / t - 1.0).abs() < 1e-6, "{} {h} {} {t}", form.name(), mean[h]);
            }
        }
        // What is found here has no larger errors.
        let found = fit(&y, 1, None, &mut Workspace::default()).unwrap();
        assert_eq!(found.form, Form::ALL[1]);
    }
}
