//! The forecast of one series: choice, mean and interval.

use super::auto::{Expected, Fitted, Method};
use super::optimise::{dot, Workspace};
use super::{croston, season};
use crate::control::Control;
use crate::error::Result;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How to forecast.
    pub method: Method,
    /// How many steps.
    pub horizon: usize,
    /// The share of the future values that the interval should hold.
    pub level: f64,
    /// The seasons, in steps, the shortest first.
    pub seasons: Vec<usize>,
    /// Whether values are never below 0; `None` where the series itself tells.
    pub nonnegative: Option<bool>,
}

/// A forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// What is expected.
    pub mean: Vec<f64>,
    /// The lower end of the interval; NaN where nothing tells.
    pub low: Vec<f64>,
    /// Its upper end.
    pub high: Vec<f64>,
    /// The method that was used.
    pub method: Method,
    /// Whether the method that was asked for could not be fitted to this series, so that a simpler one was.
    pub replaced: bool,
    /// The model, of the series divided by `scale`.
    pub model: Fitted,
    /// What the series was divided by.
    pub scale: f64,
}

/// How often a model is fitted anew in the past.
const ORIGINS: usize = 6;
/// Another method than the ensemble is taken if its errors in the past are below this share.
const BETTER: f64 = 0.7;
/// From so many origins on methods are compared.
const ENOUGH_ORIGINS: usize = 3;
/// And from so many values on.
const ENOUGH_VALUES: usize = 30;
/// The share of zeros from which on methods for sparse demand are tried.
const SPARSE: f64 = 0.3;

/// The most values that a model looks at, or six of the longest season: what was before tells little more and takes time.
const MOST_VALUES: usize = 5000;

/// The first value that is looked at.
pub(super) fn recent(n: usize, seasons: &[usize]) -> usize {
    let longest = seasons.iter().copied().max().unwrap_or(1);
    n.saturating_sub(MOST_VALUES.max(6 * longest))
}

/// Forecast a series of finite values; `None` for one without any.
pub fn forecast(
    y: &[f64],
    settings: &Settings,
    work: &mut Workspace<'_>,
    control: &Control,
) -> Result<Option<Outlook>> {
    control.check()?;
    let Some(&last) = y.last() else { return Ok(None) };
    let y = &y[recent(y.len(), &settings.seasons)..];
    let horizon = settings.horizon;
    let constant = y.iter().all(|v| *v == last);
    let size = y.iter().map(|v| v.abs()).sum::<f64>() / y.len() as f64;
    let scale = if size > 0.0 { size } else { 1.0 };
    let scaled: Vec<f64> = y.iter().map(|v| v / scale).collect();
    let y = &scaled[..];
    if constant || y.len() < 3 {
        // Nothing moves: nothing says how far it could.
        let method =
            if matches!(settings.method, Method::Naive | Method::Mean) { settings.method } else { Method::Naive };
        let replaced = !constant && !matches!(settings.method, Method::Auto | Method::Naive | Method::Mean);
        let Some(model) = Fitted::new(method, y, &[], None, work) else { return Ok(None) };
        let expected = model.expect(horizon);
        let width = if y.len() > 1 && constant { 0.0 } else { f64::NAN };
        let mean: Vec<f64> = expected.mean.iter().map(|m| m * scale).collect();
        let low = mean.iter().map(|m| m - width).collect();
        let high = mean.iter().map(|m| m + width).collect();
        return Ok(Some(Outlook { mean, low, high, method, replaced, model, scale }));
    }
    let seasons: Vec<usize> = settings.seasons.iter().copied().filter(|p| *p > 1 && y.len() > 2 * p).collect();
    let candidates: Vec<Method> = match settings.method {
        Method::Auto => candidates(y, &seasons),
        method => vec![method],
    };
    let mut tried: Vec<Tried> = Vec::with_capacity(candidates.len() + 1);
    for method in candidates {
        control.check()?;
        if let Some(model) = Fitted::new(method, y, &seasons, None, work) {
            let mut one = Tried { method, model, past: Vec::new() };
            one.look_back(y, &seasons, horizon, work, control)?;
            tried.push(one);
        }
    }
    let sparse = is_sparse(y);
    if settings.method == Method::Auto && !sparse {
        let members = Fitted::members(y.len(), &seasons);
        let together: Vec<&Tried> = members.iter().filter_map(|m| tried.iter().find(|t| t.method == *m)).collect();
        if let Some(mean) = Tried::mean(&together) {
            tried.insert(0, mean);
        }
    }
    // A fit that was stopped has no result.
    control.check()?;
    let replaced = tried.is_empty();
    if replaced {
        // Too short for what was asked.
        if let Some(model) = Fitted::new(Method::Naive, y, &[], None, work) {
            tried.push(Tried { method: Method::Naive, model, past: Vec::new() });
        }
    }
    let Some(chosen) = choose(tried, y.len(), sparse) else { return Ok(None) };
    let expected = chosen.model.expect(horizon);
    let nonnegative = settings.nonnegative.unwrap_or_else(|| y.iter().all(|v| *v >= 0.0));
    let (mut low, mut high) = chosen.interval(y, &expected, settings.level);
    let mut mean = expected.mean;
    for values in [&mut mean, &mut low, &mut high] {
        for v in values.iter_mut() {
            // The largest double stands for what would be beyond all.
            *v = (*v * scale).clamp(if nonnegative { 0.0 } else { f64::MIN }, f64::MAX);
        }
    }
    Ok(Some(Outlook { mean, low, high, method: chosen.method, replaced, model: chosen.model, scale }))
}

/// Whether a series is demand with many zeros.
fn is_sparse(y: &[f64]) -> bool {
    let zeros = y.iter().filter(|v| **v == 0.0).count() as f64;
    zeros >= SPARSE * y.len() as f64 && y.iter().all(|v| *v >= 0.0)
}

/// What is tried for a series.
fn candidates(y: &[f64], seasons: &[usize]) -> Vec<Method> {
    if is_sparse(y) {
        return vec![Method::Sba, Method::Tsb, Method::Mean, Method::Ets, Method::Theta];
    }
    // Those of the ensemble, and others.
    let mut all = Fitted::members(y.len(), seasons);
    let mut add = |method: Method| {
        if !all.contains(&method) {
            all.push(method);
        }
    };
    match seasons {
        [] => add(Method::Naive),
        [_] => add(Method::SeasonalNaive),
        _ => {
            add(Method::Mstl);
            add(Method::SeasonalNaive);
        }
    }
    all
}

/// A method and how it did.
struct Tried {
    method: Method,
    model: Fitted,
    /// What it expected at each origin, and how far off it was; `None` where it could not be fitted.
    past: Vec<Option<(Expected, Vec<f64>)>>,
}

/// A first guess of how much larger squared errors are than models say, the larger the farther ahead they look for the length of the series, and as how many
/// origins it counts. (Measured on the M3, M1 and tourism series.)
const USUAL_RATIO: f64 = 1.2;
const FAR_RATIO: f64 = 5.0;
const USUAL_WEIGHT: f64 = 4.0;

impl Tried {
    /// Fit the model anew at origins in the past.
    fn look_back(
        &mut self,
        y: &[f64],
        seasons: &[usize],
        horizon: usize,
        work: &mut Workspace<'_>,
        control: &Control,
    ) -> Result<()> {
        let n = y.len();
        let longest = seasons.last().copied().unwrap_or(1);
        let least = (2 * longest + 2).max(n / 2).max(8);
        if n <= least {
            return Ok(());
        }
        let room = n - least;
        let horizon = horizon.min((room / 2).max(1));
        let step = (room.saturating_sub(horizon) / (ORIGINS - 1)).max(1);
        let mut origin = n - horizon;
        for _ in 0..ORIGINS {
            if origin < least {
                break;
            }
            control.check()?;
            let model = Fitted::new(self.method, &y[..origin], seasons, Some(&self.model), work);
            self.past.push(model.map(|model| {
                let expected = model.expect(horizon);
                let errors = y[origin..].iter().zip(&expected.mean).map(|(y, m)| y - m).collect();
                (expected, errors)
            }));
            if origin < step {
                break;
            }
            origin -= step;
        }
        Ok(())
    }

    /// The mean of several, whose past is that of theirs.
    fn mean(members: &[&Tried]) -> Option<Tried> {
        let first = members.first().filter(|_| members.len() > 1)?;
        let model = Fitted::Mean(members.iter().map(|m| m.model.clone()).collect());
        let at = |i: usize| {
            let all: Vec<&(Expected, Vec<f64>)> = members.iter().filter_map(|m| m.past.get(i)?.as_ref()).collect();
            let horizon = all.first()?.1.len();
            let share = 1.0 / all.len() as f64;
            let mut errors = vec![0.0; horizon];
            for (_, e) in &all {
                errors.iter_mut().zip(e).for_each(|(sum, e)| *sum += e * share);
            }
            Some((Expected::mean_of(all.iter().map(|p| &p.0), horizon, share), errors))
        };
        let past = (0..first.past.len()).map(at).collect();
        Some(Tried { method: Method::Ensemble, model, past })
    }

    /// The mean size of its errors, or the mean of their squares: where most values are 0, the least sizes are those of a forecast of 0.
    fn error(&self, squared: bool) -> f64 {
        let count: usize = self.past.iter().flatten().map(|p| p.1.len()).sum();
        let of = |e: &f64| if squared { e * e } else { e.abs() };
        let sum: f64 = self.past.iter().flatten().flat_map(|p| &p.1).map(of).sum();
        if count == 0 {
            return f64::INFINITY;
        }
        sum / count as f64
    }

    /// The interval of the values expected.
    fn interval(&self, y: &[f64], expected: &Expected, level: f64) -> (Vec<f64>, Vec<f64>) {
        if let Fitted::Croston(model) = &self.model {
            return sparse(model, y, expected, level);
        }
        let (mut sum, mut origins) = (0.0, 0.0);
        for (said, errors) in self.past.iter().flatten() {
            let ratios: Vec<f64> = errors.iter().zip(&said.variance).map(|(e, v)| e * e / v.max(1e-300)).collect();
            sum += season::mean(&ratios).min(1e6);
            origins += 1.0;
        }
        let usual = USUAL_RATIO + FAR_RATIO * expected.mean.len() as f64 / y.len() as f64;
        let ratio = (USUAL_WEIGHT * usual + sum) / (USUAL_WEIGHT + origins);
        let ratio = ratio.max(1.0);
        let z = quantile(level, y.len());
        let (mut low, mut high) = (Vec::with_capacity(expected.mean.len()), Vec::with_capacity(expected.mean.len()));
        for (m, v) in expected.mean.iter().zip(&expected.variance) {
            let width = z * (v.max(0.0) * ratio).sqrt();
            low.push(m - width);
            high.push(m + width);
        }
        (low, high)
    }
}

/// How many deviations hold a share of the values.
pub(super) fn quantile(level: f64, n: usize) -> f64 {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    let freedom = (n as f64 - 3.0).max(1.0);
    StudentsT::new(0.0, 1.0, freedom).map_or(1.96, |t| t.inverse_cdf(0.5 + level / 2.0))
}

/// Demand with zeros is not normal: the interval is that of the values themselves around what was expected of them.
fn sparse(model: &croston::Croston, y: &[f64], expected: &Expected, level: f64) -> (Vec<f64>, Vec<f64>) {
    let mut fitted = vec![0.0; y.len()];
    model.fitted(y, &mut fitted);
    let mut errors: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    errors.sort_by(f64::total_cmp);
    let n = errors.len() as f64;
    let at = |share: f64| {
        let place = (share * (n + 1.0) - 1.0).clamp(0.0, n - 1.0);
        let (i, part) = (place.floor() as usize, place.fract());
        errors[i] + part * (errors[(i + 1).min(errors.len() - 1)] - errors[i])
    };
    let tail = (1.0 - level) / 2.0;
    let (low, high) = (at(tail), at(1.0 - tail));
    let around = |by: f64| expected.mean.iter().map(|m| m + by).collect();
    (around(low), around(high))
}

/// The method that did best in the past, but the first (the mean of several) unless another was much better.
fn choose(mut tried: Vec<Tried>, n: usize, sparse: bool) -> Option<Tried> {
    if tried.is_empty() {
        return None;
    }
    let usual = tried[0].method == Method::Ensemble;
    let enough = tried[0].past.len() >= ENOUGH_ORIGINS && (n >= ENOUGH_VALUES || !usual);
    let mut best = (0, tried[0].error(sparse));
    for (i, one) in tried.iter().enumerate().skip(1) {
        // What knows more seasons has nothing to make up for.
        let handicap = if usual && one.method != Method::Mstl { BETTER } else { 1.0 };
        let error = one.error(sparse) / handicap;
        if enough && error < best.1 {
            best = (i, error);
        }
    }
    Some(tried.swap_remove(best.0))
}

/// How good a forecast was.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// The mean size of the errors.
    pub mae: f64,
    /// The root of the mean of their squares.
    pub rmse: f64,
    /// Their mean: positive where the forecast was too low.
    pub bias: f64,
    /// The mean size over that of the seasonal naive forecast within the past (Hyndman and Koehler 2006).
    pub mase: f64,
    /// The root of the mean of squares over that of the naive forecast within the past (M5).
    pub rmsse: f64,
    /// `200 |y - f| / (|y| + |f|)` (M4), in per cent.
    pub smape: f64,
    /// The share of the values within the interval.
    pub coverage: f64,
    /// The mean width of the interval over the mean size of the seasonal naive errors.
    pub width: f64,
}

/// The mean size and the root of the mean square of the errors of the forecast that says what was `lag` steps before, within the past.
fn naive_errors(past: &[f64], lag: usize) -> (f64, f64) {
    let all: Vec<f64> = past.iter().zip(past.get(lag..).unwrap_or_default()).map(|(a, b)| b - a).collect();
    let n = all.len().max(1) as f64;
    (all.iter().map(|d| d.abs()).sum::<f64>() / n, (dot(&all, &all) / n).sqrt())
}

/// What errors of forecasts of a series are measured by in the MASE: the mean size of those of the seasonal naive forecast within the past.
pub fn naive_error(past: &[f64], seasons: &[usize]) -> f64 {
    let period = seasons.iter().copied().find(|p| past.len() > 2 * p).unwrap_or(1);
    naive_errors(past, if past.len() > period { period.max(1) } else { 1 }).0
}

/// Judge a forecast of what came after `past`. Scores that are not defined are NaN.
pub fn judge(past: &[f64], period: usize, actual: &[f64], outlook: &Outlook) -> Scores {
    let count = actual.len().min(outlook.mean.len());
    if count == 0 {
        return Scores { mae: f64::NAN, ..Scores::default() };
    }
    let lag = if past.len() > period { period.max(1) } else { 1 };
    let (scale, _) = naive_errors(past, lag);
    let (_, step) = naive_errors(past, 1);
    let mut s = Scores::default();
    let share = 1.0 / count as f64;
    for (i, y) in actual.iter().copied().enumerate().take(count) {
        let f = outlook.mean[i];
        let e = y - f;
        s.mae += e.abs() * share;
        s.rmse += e * e * share;
        s.bias += e * share;
        s.smape += if y == f { 0.0 } else { 200.0 * e.abs() / (y.abs() + f.abs()) * share };
        s.coverage += if y >= outlook.low[i] && y <= outlook.high[i] { share } else { 0.0 };
        s.width += (outlook.high[i] - outlook.low[i]) * share;
    }
    s.rmse = s.rmse.sqrt();
    let over = |v: f64, by: f64| if by > 0.0 { v / by } else { f64::NAN };
    s.mase = over(s.mae, scale);
    s.width = over(s.width, scale);
    s.rmsse = over(s.rmse, step);
    if outlook.low.iter().any(|v| v.is_nan()) {
        s.coverage = f64::NAN;
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(method: Method, seasons: &[usize]) -> Settings {
        Settings { method, horizon: 5, level: 0.95, seasons: seasons.to_vec(), nonnegative: None }
    }

    fn made(y: &[f64], method: Method, seasons: &[usize]) -> Option<Outlook> {
        forecast(y, &settings(method, seasons), &mut Workspace::default(), &Control::default()).unwrap()
    }

    #[test]
    fn a_season_and_a_trend_go_on() {
        let y: Vec<f64> = (0..96).map(|i| 50.0 + f64::from(i) + 10.0 * f64::from(i % 12)).collect();
        for method in [Method::Auto, Method::Ets, Method::Arima, Method::Mstl] {
            let o = made(&y, method, &[12]).unwrap();
            for (h, m) in o.mean.iter().enumerate() {
                let truth = 50.0 + 96.0 + h as f64 + 10.0 * (h % 12) as f64;
                assert!((m - truth).abs() < 3.0, "{method:?} {h} {m} {truth}");
            }
        }
    }

    #[test]
    fn what_tells_nothing_has_a_defined_forecast() {
        assert_eq!(made(&[], Method::Auto, &[]), None);
        let one = made(&[5.0], Method::Auto, &[7]).unwrap();
        assert!(one.mean == [5.0; 5] && one.low.iter().all(|v| v.is_nan()));
        let same = made(&[5.0; 40], Method::Ets, &[7]).unwrap();
        assert!(same.mean == [5.0; 5] && same.low == [5.0; 5] && same.high == [5.0; 5] && !same.replaced);
        let zero = made(&[0.0; 40], Method::Auto, &[7]).unwrap();
        assert_eq!(zero.mean, [0.0; 5]);
        let short = made(&[5.0, 7.0, 6.0], Method::Arima, &[7]).unwrap();
        assert!(short.replaced && short.mean == [6.0; 5]);
        // Sales are not negative, profits may be.
        let falling: Vec<f64> = (0..40).map(|i| f64::from(40 - i)).collect();
        assert!(made(&falling, Method::Drift, &[]).unwrap().low.iter().all(|v| *v >= 0.0));
        let under: Vec<f64> = falling.iter().map(|v| v - 30.0).collect();
        assert!(made(&under, Method::Drift, &[]).unwrap().mean[4] < -30.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever the values, all methods say finite means within their intervals, and the same again.
        #[test]
        fn forecasts_are_finite(
            kind in 0usize..5,
            values in prop::collection::vec(-1000i32..1000, 0..70),
            power in -100i32..100,
            season in prop::sample::select(vec![1usize, 2, 4, 7, 12, 30]),
        ) {
            let scale = libm::pow(10.0, f64::from(power));
            let y: Vec<f64> = values.iter().enumerate().map(|(i, v)| scale * match kind {
                0 => f64::from(*v),
                1 => f64::from(v.abs()) + 1.0,
                2 => if v % 3 == 0 { f64::from(v.abs()) } else { 0.0 },
                3 => f64::from(i32::try_from(i % season).unwrap_or(0)),
                _ => f64::from(v / 999) * 1e9,
            }).collect();
            for method in Method::ALL {
                let o = made(&y, method, &[season]);
                prop_assert_eq!(o.is_none(), y.is_empty());
                let Some(o) = o else { continue };
                for i in 0..5 {
                    prop_assert!(o.mean[i].is_finite(), "{:?} {:?}", method, o);
                    let inside = o.low[i] <= o.high[i] && (o.low[i] <= o.mean[i] && o.mean[i] <= o.high[i] || matches!(o.model, Fitted::Croston(_)));
                    prop_assert!(o.low[i].is_nan() || inside, "{:?} {:?}", method, o);
                }
                prop_assert_eq!(format!("{:?}", made(&y, method, &[season])), format!("{:?}", Some(o)));
            }
        }
    }
}
