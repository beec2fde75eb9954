//! One series: which method, what it expects, and how far off that may be.
//!
//! Every method says a mean and a variance for each of the next values. Variances of models tell too little: they take the model and its parameters for true. So the
//! model is fitted anew at several origins in the past and its forecasts from there are compared with what came: by the ratio of the squared errors to the variances
//! the intervals are widened or narrowed (a conformal calibration, shrunken towards the usual ratio where the past is short). By the same origins the method is chosen.

use super::arima::Arima;
use super::ets::{Ets, Fitter};
use super::naive::Naive;
use super::optimise::Workspace;
use super::regression::Regression;
use super::theta::Theta;
use super::{arima, croston, ets, naive, stl, theta};
use crate::control::Control;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Chosen of all others by its past.
    Auto,
    /// The last value.
    Naive,
    /// The last season.
    SeasonalNaive,
    /// The last value and the mean step.
    Drift,
    /// The mean.
    Mean,
    /// Exponential smoothing.
    Ets,
    /// The Theta method.
    Theta,
    /// The mean of exponential smoothing, Theta and, of series long enough, ARIMA.
    Ensemble,
    /// For demand with many zeros.
    Croston,
    /// The same, less its bias.
    Sba,
    /// The same, with a probability that falls.
    Tsb,
    /// Seasons by local regression, the rest by exponential smoothing.
    Mstl,
    /// Autoregression, differences and moving averages.
    Arima,
    /// The effects of what is known besides, and the ensemble of what is left.
    Regression,
    /// Boosted trees over lags, the calendar and what is known besides, of all series together.
    BoostedLags,
}

impl Method {
    /// All.
    pub const ALL: [Method; 15] = [
        Method::Auto,
        Method::Naive,
        Method::SeasonalNaive,
        Method::Drift,
        Method::Mean,
        Method::Ets,
        Method::Theta,
        Method::Ensemble,
        Method::Croston,
        Method::Sba,
        Method::Tsb,
        Method::Mstl,
        Method::Arima,
        Method::Regression,
        Method::BoostedLags,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Method::Auto => "auto",
            Method::Naive => "naive",
            Method::SeasonalNaive => "seasonal_naive",
            Method::Drift => "drift",
            Method::Mean => "mean",
            Method::Ets => "ets",
            Method::Theta => "theta",
            Method::Ensemble => "ensemble",
            Method::Croston => "croston",
            Method::Sba => "sba",
            Method::Tsb => "tsb",
            Method::Mstl => "mstl",
            Method::Arima => "arima",
            Method::Regression => "dynamic_regression",
            Method::BoostedLags => "boosted_lags",
        }
    }
}

impl Method {
    /// Whether it knows more than the series.
    pub fn knows_columns(self) -> bool {
        matches!(self, Method::Regression | Method::BoostedLags)
    }
}

/// Shorter series tell too little of autoregression (measured on the M3 series).
const ENOUGH_FOR_ARIMA: usize = 50;

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub enum Fitted {
    /// One of the simplest.
    Naive(Naive),
    /// Exponential smoothing.
    Ets(Ets),
    /// The Theta method.
    Theta(Theta),
    /// One for demand with zeros.
    Croston(croston::Croston),
    /// Seasons that are added to another.
    Mstl(Mstl),
    /// Autoregression.
    Arima(Arima),
    /// The mean of several.
    Mean(Vec<Fitted>),
    /// Effects of what is known besides.
    Regression(Box<Regression>),
    /// What trees of all series expect of this one.
    Boosted(Expected),
}

/// Seasons by local regression, and a model of what is left without them.
#[derive(Debug, Clone, PartialEq)]
pub struct Mstl {
    /// The last values of each season, as many as its period.
    pub seasons: Vec<Vec<f64>>,
    /// The model of the rest.
    pub rest: Box<Fitted>,
}

impl Mstl {
    fn season(&self, h: usize) -> f64 {
        self.seasons.iter().map(|s| s[h % s.len()]).sum()
    }
}

/// What is expected of the next values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expected {
    /// The mean of each.
    pub mean: Vec<f64>,
    /// The variance of each.
    pub variance: Vec<f64>,
}

impl Expected {
    /// The same of a series divided by `scale`.
    pub fn over(&self, scale: f64) -> Expected {
        let mean = self.mean.iter().map(|m| m / scale).collect();
        Expected { mean, variance: self.variance.iter().map(|v| v / scale / scale).collect() }
    }

    /// The mean of several.
    pub fn mean_of<'a>(all: impl Iterator<Item = &'a Expected>, horizon: usize, share: f64) -> Expected {
        let (mut mean, mut variance) = (vec![0.0; horizon], vec![0.0; horizon]);
        for one in all {
            mean.iter_mut().zip(&one.mean).for_each(|(sum, v)| *sum += v * share);
            // Their errors go together: the deviations are averaged.
            variance.iter_mut().zip(&one.variance).for_each(|(sum, v)| *sum += v.max(0.0).sqrt() * share);
        }
        variance.iter_mut().for_each(|v| *v *= *v);
        Expected { mean, variance }
    }
}

impl Fitted {
    /// Fit a method other than [`Method::Auto`] to a series of finite values, of the form of a model `near`, from its parameters, where given. A
    /// series too short for it has none.
    pub fn new(
        method: Method,
        y: &[f64],
        seasons: &[usize],
        near: Option<&Fitted>,
        work: &mut Workspace<'_>,
    ) -> Option<Fitted> {
        if y.is_empty() {
            return None;
        }
        let period = seasons.first().copied().unwrap_or(1);
        let simple = |form| Some(Fitted::Naive(naive::fit(form, y, period)));
        match method {
            // What these need is more than the series.
            Method::Auto | Method::Regression | Method::BoostedLags => None,
            Method::Naive => simple(naive::Form::Last),
            Method::SeasonalNaive => simple(naive::Form::Season),
            Method::Drift => simple(naive::Form::Drift),
            Method::Mean => simple(naive::Form::Mean),
            Method::Croston => Some(Fitted::Croston(croston::fit(croston::Form::Classic, y))),
            Method::Sba => Some(Fitted::Croston(croston::fit(croston::Form::Sba, y))),
            Method::Tsb => Some(Fitted::Croston(croston::fit(croston::Form::Tsb, y))),
            Method::Ets => {
                let mut fitter = Fitter::new(y, period);
                std::mem::swap(&mut fitter.work, work);
                let fitted = match near {
                    Some(Fitted::Ets(near)) => fitter.fit(near.form, Some(near)),
                    _ => fitter.auto(),
                };
                std::mem::swap(&mut fitter.work, work);
                fitted.map(Fitted::Ets)
            }
            Method::Theta => {
                let near = match near {
                    Some(Fitted::Theta(near)) => Some(near),
                    _ => None,
                };
                theta::fit(y, period, near, work).map(Fitted::Theta)
            }
            Method::Arima => {
                let near = match near {
                    Some(Fitted::Arima(near)) => Some(near),
                    _ => None,
                };
                let period = if period > arima::LONGEST_SEASON { 1 } else { period };
                arima::fit(y, period, near, work).map(Fitted::Arima)
            }
            Method::Mstl => {
                let near = match near {
                    Some(Fitted::Mstl(near)) => Some(&*near.rest),
                    _ => None,
                };
                let parts = stl::decompose(y, seasons, work.control.unwrap_or(&Control::default())).ok()?;
                let rest: Vec<f64> = parts.trend.iter().zip(&parts.remainder).map(|(t, r)| t + r).collect();
                let rest = Fitted::new(Method::Ets, &rest, &[], near, work)?;
                let last = |(s, p): (&Vec<f64>, &usize)| s[s.len() - p..].to_vec();
                let seasons = parts.seasons.iter().zip(seasons).map(last).collect();
                Some(Fitted::Mstl(Mstl { seasons, rest: Box::new(rest) }))
            }
            Method::Ensemble => {
                let of = |i: usize| match near {
                    Some(Fitted::Mean(all)) => all.get(i),
                    _ => None,
                };
                let members = Fitted::members(y.len(), seasons);
                let fit = |(i, method): (usize, &Method)| Fitted::new(*method, y, seasons, of(i), work);
                let models: Vec<Fitted> = members.iter().enumerate().filter_map(fit).collect();
                (models.len() > 1).then_some(Fitted::Mean(models))
            }
        }
    }

    /// Whether it knows more than the series.
    pub fn knows_columns(&self) -> bool {
        match self {
            Fitted::Mean(all) => all.iter().all(Fitted::knows_columns),
            Fitted::Regression(_) | Fitted::Boosted(_) => true,
            _ => false,
        }
    }

    /// The methods whose mean is the ensemble, for a series of so many values.
    pub fn members(n: usize, seasons: &[usize]) -> Vec<Method> {
        // A season that is too long to be smoothed is taken out first.
        let long = seasons.first().is_some_and(|p| *p > ets::LONGEST_SEASON);
        let mut all = vec![if long { Method::Mstl } else { Method::Ets }, Method::Theta];
        if n >= ENOUGH_FOR_ARIMA {
            all.push(Method::Arima);
        } else if seasons.is_empty() {
            all.push(Method::Drift);
        }
        all
    }

    /// What it expects of the next `horizon` values.
    pub fn expect(&self, horizon: usize) -> Expected {
        let (mut mean, mut variance) = (vec![0.0; horizon], vec![0.0; horizon]);
        match self {
            Fitted::Naive(model) => {
                model.mean(&mut mean);
                model.variances(&mut variance);
            }
            Fitted::Ets(model) => {
                model.mean(&mut mean);
                model.variances(&mean, &mut variance);
            }
            Fitted::Theta(model) => {
                model.mean(&mut mean);
                model.variances(&mut variance);
            }
            Fitted::Arima(model) => model.expect(&mut mean, &mut variance),
            Fitted::Croston(model) => {
                mean.fill(model.rate);
                variance.fill(model.variance);
            }
            Fitted::Mstl(model) => {
                let rest = model.rest.expect(horizon);
                variance = rest.variance;
                mean = rest.mean;
                mean.iter_mut().enumerate().for_each(|(h, m)| *m += model.season(h));
            }
            Fitted::Mean(models) => {
                let all: Vec<Expected> = models.iter().map(|m| m.expect(horizon)).collect();
                return Expected::mean_of(all.iter(), horizon, 1.0 / models.len().max(1) as f64);
            }
            Fitted::Regression(model) => return model.expect(horizon),
            Fitted::Boosted(expected) => return expected.clone(),
        }
        Expected { mean, variance }
    }

    /// What was expected of each value of the series it was fitted to, one step ahead.
    pub fn fitted(&self, y: &[f64], out: &mut [f64]) {
        match self {
            Fitted::Naive(model) => model.fitted(y, out),
            Fitted::Ets(model) => {
                ets::pass(model.form, model.smoothing, &mut model.start.clone(), y, out);
            }
            Fitted::Theta(model) => model.fitted(y, out),
            Fitted::Croston(model) => model.fitted(y, out),
            Fitted::Arima(model) => model.fitted(y, out),
            Fitted::Regression(model) => model.fitted(y, out),
            Fitted::Boosted(_) => out.copy_from_slice(y),
            Fitted::Mstl(model) => {
                let periods: Vec<usize> = model.seasons.iter().map(Vec::len).collect();
                let Ok(parts) = stl::decompose(y, &periods, &Control::default()) else { return out.copy_from_slice(y) };
                let rest: Vec<f64> = parts.trend.iter().zip(&parts.remainder).map(|(t, r)| t + r).collect();
                model.rest.fitted(&rest, out);
                for season in &parts.seasons {
                    out.iter_mut().zip(season).for_each(|(o, s)| *o += s);
                }
            }
            Fitted::Mean(models) => {
                let share = 1.0 / models.len().max(1) as f64;
                let mut one = vec![0.0; y.len()];
                out.fill(0.0);
                for model in models {
                    model.fitted(y, &mut one);
                    out.iter_mut().zip(&one).for_each(|(sum, v)| *sum += v * share);
                }
            }
        }
    }

    /// The form within the method, as its paper calls it; empty for methods of one.
    pub fn form(&self) -> String {
        match self {
            Fitted::Ets(model) => model.form.name().to_owned(),
            Fitted::Theta(model) => model.form.name().to_owned(),
            Fitted::Mstl(model) => model.rest.form(),
            Fitted::Arima(model) => model.order.name(),
            Fitted::Regression(model) => model.form(),
            Fitted::Mean(models) => models.iter().map(Fitted::form).collect::<Vec<_>>().join("+"),
            _ => String::new(),
        }
    }
}
