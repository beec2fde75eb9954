//! The forecast of one series: choice, mean and interval.

use super::auto::{Expected, Fitted, Method};
use super::beside::Beside;
use super::boosted::Boosted;
use super::interval::{self, Pool, Spread};
use super::optimise::{dot, Workspace};
use super::regression;
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
    /// What is known of all series besides.
    pub beside: Beside,
}

/// What is known of a series besides its values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// Columns that reach as far as is forecast.
    pub columns: &'a [Vec<f64>],
    /// What trees of all series expect of it.
    pub boosted: Option<&'a Boosted>,
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
pub(super) const ORIGINS: usize = 6;
/// Another method than the ensemble is taken if its errors in the past are below this share.
const BETTER: f64 = 0.7;
/// From so many origins on methods are compared.
const ENOUGH_ORIGINS: usize = 3;
/// And from so many values on: without a season that repeats, more.
const ENOUGH_VALUES: usize = 30;
const ENOUGH_WITHOUT_SEASON: usize = 50;
/// The share of zeros from which on methods for sparse demand are tried.
const SPARSE: f64 = 0.3;

/// The most values that a model looks at, or six of the longest season: what was before tells little more and takes time.
const MOST_VALUES: usize = 5000;

/// The first value that is looked at.
pub(super) fn recent(n: usize, seasons: &[usize]) -> usize {
    let longest = seasons.iter().copied().max().unwrap_or(1);
    n.saturating_sub(MOST_VALUES.max(6 * longest))
}

/// A forecast whose interval may still wait for what other series tell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    outlook: Outlook,
    /// The past of the forecast, and what values are not below; `None` where the interval is known.
    pub spread: Option<Spread>,
    least: f64,
}

impl Draft {
    /// The forecast with its interval.
    pub fn finish(self, level: f64, pool: Option<&Pool>) -> Outlook {
        let Draft { mut outlook, spread, least } = self;
        if let Some(spread) = spread {
            let scale = outlook.scale;
            let widths = spread.widths(level, pool);
            let bound = |v: f64| v.clamp(least, f64::MAX);
            outlook.low = outlook.mean.iter().zip(&widths).map(|(m, w)| bound(m - w * scale)).collect();
            outlook.high = outlook.mean.iter().zip(&widths).map(|(m, w)| bound(m + w * scale)).collect();
            outlook.mean.iter_mut().for_each(|m| *m = bound(*m));
        }
        outlook
    }
}

/// Forecast a series of finite values by itself; `None` for one without any.
pub fn forecast(
    y: &[f64],
    given: Given<'_>,
    settings: &Settings,
    work: &mut Workspace<'_>,
    control: &Control,
) -> Result<Option<Outlook>> {
    Ok(draft(y, given, settings, work, control)?.map(|draft| draft.finish(settings.level, None)))
}

/// Forecast a series, but for its interval.
pub(super) fn draft(
    y: &[f64],
    given: Given<'_>,
    settings: &Settings,
    work: &mut Workspace<'_>,
    control: &Control,
) -> Result<Option<Draft>> {
    control.check()?;
    let Some(&last) = y.last() else { return Ok(None) };
    let from = recent(y.len(), &settings.seasons);
    let y = &y[from..];
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
        let outlook = Outlook { mean, low, high, method, replaced, model, scale };
        return Ok(Some(Draft { outlook, spread: None, least: f64::MIN }));
    }
    let seasons: Vec<usize> = settings.seasons.iter().copied().filter(|p| *p > 1 && y.len() > 2 * p).collect();
    let moves = |c: &&[f64]| c[..y.len()].iter().any(|v| *v != c[0]);
    let columns: Vec<Vec<f64>> = given.columns.iter().map(|c| &c[from..]).filter(moves).map(<[f64]>::to_vec).collect();
    let candidates: Vec<Method> = match settings.method {
        Method::Auto => candidates(y, &seasons, !columns.is_empty()),
        method => vec![method],
    };
    let looks = Looks::new(y.len(), &seasons, horizon, given.boosted);
    let mut tried: Vec<Tried> = Vec::with_capacity(candidates.len() + 2);
    let attempt = |method: Method, tried: &mut Vec<Tried>, work: &mut Workspace<'_>| -> Result<()> {
        control.check()?;
        if let Some(model) = fit(method, y, &columns, &seasons, None, work) {
            let mut one = Tried { method, model, past: Vec::new() };
            one.look_back(y, &columns, &seasons, &looks, work, control)?;
            tried.push(one);
        }
        Ok(())
    };
    for method in candidates {
        attempt(method, &mut tried, work)?;
    }
    if let Some(boosted) = given.boosted.filter(|_| matches!(settings.method, Method::Auto | Method::BoostedLags)) {
        tried.push(Tried::boosted(boosted, scale));
    }
    // Where what is known besides tells nothing, or the past is too short to learn from, the series still has a forecast by itself.
    for method in [Method::Ensemble, Method::Ets] {
        if tried.is_empty() && settings.method.knows_columns() {
            attempt(method, &mut tried, work)?;
        }
    }
    let sparse = is_sparse(y);
    if settings.method == Method::Auto && !columns.is_empty() {
        let both: Vec<&Tried> = tried.iter().filter(|t| t.method.knows_columns()).collect();
        if let Some(mean) = Tried::mean(&both) {
            tried.push(mean);
        }
    }
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
    let least = if !columns.is_empty() {
        0
    } else if seasons.is_empty() {
        ENOUGH_WITHOUT_SEASON
    } else {
        ENOUGH_VALUES
    };
    let Some(chosen) = choose(tried, y.len() >= least, sparse) else { return Ok(None) };
    let expected = chosen.model.expect(horizon);
    let nonnegative = settings.nonnegative.unwrap_or_else(|| y.iter().all(|v| *v >= 0.0));
    let least = if nonnegative { 0.0 } else { f64::MIN };
    // The largest double stands for what would be beyond all.
    let whole = |values: &[f64], least: f64| values.iter().map(|v| (v * scale).clamp(least, f64::MAX)).collect();
    let past = Spread::new(&expected, chosen.told(&looks, y.len()), y.len());
    let mut outlook = Outlook {
        mean: whole(&expected.mean, f64::MIN),
        low: Vec::new(),
        high: Vec::new(),
        method: chosen.method,
        replaced,
        scale,
        model: chosen.model,
    };
    let spread = match &outlook.model {
        Fitted::Croston(model) => {
            let (low, high) = interval::sparse(model, y, &expected, settings.level);
            outlook.mean = whole(&expected.mean, least);
            (outlook.low, outlook.high) = (whole(&low, least), whole(&high, least));
            None
        }
        _ => Some(past),
    };
    Ok(Some(Draft { outlook, spread, least }))
}

/// Whether a series is demand with many zeros.
fn is_sparse(y: &[f64]) -> bool {
    let zeros = y.iter().filter(|v| **v == 0.0).count() as f64;
    zeros >= SPARSE * y.len() as f64 && y.iter().all(|v| *v >= 0.0)
}

/// Fit a method to a series and what is known besides; see [`Fitted::new`].
fn fit(
    method: Method,
    y: &[f64],
    columns: &[Vec<f64>],
    seasons: &[usize],
    near: Option<&Fitted>,
    work: &mut Workspace<'_>,
) -> Option<Fitted> {
    if method != Method::Regression {
        return Fitted::new(method, y, seasons, near, work);
    }
    let near = match near {
        Some(Fitted::Regression(near)) => Some(&**near),
        _ => None,
    };
    regression::fit(y, columns, seasons, near, work).map(|model| Fitted::Regression(Box::new(model)))
}

/// What is tried for a series.
fn candidates(y: &[f64], seasons: &[usize], known: bool) -> Vec<Method> {
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
    if known {
        add(Method::Regression);
    }
    all
}

/// Where in the past models are fitted anew, the latest first, and how many steps from there are judged.
struct Looks {
    origins: Vec<usize>,
    horizon: usize,
}

impl Looks {
    /// For a series of so many values: where trees were judged, so that all methods are by the same values, else as far apart as there is room.
    fn new(n: usize, seasons: &[usize], horizon: usize, boosted: Option<&Boosted>) -> Looks {
        if let Some(past) = boosted.map(|b| &b.past).filter(|past| !past.is_empty()) {
            let origins = past.iter().filter_map(|p| n.checked_sub(p.0)).collect();
            return Looks { origins, horizon: past[0].2.len() };
        }
        let longest = seasons.last().copied().unwrap_or(1);
        let least = (2 * longest + 2).max(n / 2).max(8);
        let room = n.saturating_sub(least);
        let horizon = horizon.min((room / 2).max(1));
        let step = (room.saturating_sub(horizon) / (ORIGINS - 1)).max(1);
        let at = |i: usize| n.checked_sub(horizon + i * step).filter(|origin| room > 0 && *origin >= least);
        Looks { origins: (0..ORIGINS).map_while(at).collect(), horizon }
    }
}

/// A method and how it did.
struct Tried {
    method: Method,
    model: Fitted,
    /// What it expected at each origin, and how far off it was; `None` where it could not be fitted.
    past: Vec<Option<(Expected, Vec<f64>)>>,
}

impl Tried {
    /// What trees expect, relative to the size of the series.
    fn boosted(boosted: &Boosted, scale: f64) -> Tried {
        let past = |(_, expected, errors): &(usize, Expected, Vec<f64>)| {
            Some((expected.over(scale), errors.iter().map(|e| e / scale).collect()))
        };
        let past = boosted.past.iter().map(past).collect();
        Tried { method: Method::BoostedLags, model: Fitted::Boosted(boosted.expected.over(scale)), past }
    }

    /// Fit the model anew at origins in the past.
    fn look_back(
        &mut self,
        y: &[f64],
        columns: &[Vec<f64>],
        seasons: &[usize],
        looks: &Looks,
        work: &mut Workspace<'_>,
        control: &Control,
    ) -> Result<()> {
        for origin in looks.origins.iter().copied() {
            control.check()?;
            let seasons: Vec<usize> = seasons.iter().copied().filter(|p| origin > 2 * p).collect();
            let model = fit(self.method, &y[..origin], columns, &seasons, Some(&self.model), work);
            self.past.push(model.map(|model| {
                let expected = model.expect(looks.horizon);
                let errors = y[origin..].iter().zip(&expected.mean).map(|(y, m)| y - m).collect();
                (expected, errors)
            }));
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

    /// What was at each origin that it was fitted at, with how many of the `n` values came after it.
    fn told<'a>(&'a self, looks: &'a Looks, n: usize) -> impl Iterator<Item = (usize, &'a (Expected, Vec<f64>))> {
        let back = looks.origins.iter().map(move |origin| n - origin);
        back.zip(&self.past).filter_map(|(back, past)| Some((back, past.as_ref()?)))
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
}

/// The method that did best in the past, but the first (the mean of several) unless another was much better.
fn choose(mut tried: Vec<Tried>, long: bool, sparse: bool) -> Option<Tried> {
    if tried.is_empty() {
        return None;
    }
    let usual = tried[0].method == Method::Ensemble;
    let enough = tried[0].past.len() >= ENOUGH_ORIGINS && (long || !usual);
    let mut best = (0, tried[0].error(sparse));
    for (i, one) in tried.iter().enumerate().skip(1) {
        // What knows more seasons has nothing to make up for.
        let handicap = if usual && !(one.method == Method::Mstl || one.model.knows_columns()) { BETTER } else { 1.0 };
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
        Settings {
            method,
            horizon: 5,
            level: 0.95,
            seasons: seasons.to_vec(),
            nonnegative: None,
            beside: Beside::default(),
        }
    }

    fn made(y: &[f64], method: Method, seasons: &[usize]) -> Option<Outlook> {
        forecast(y, Given::default(), &settings(method, seasons), &mut Workspace::default(), &Control::default())
            .unwrap()
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
            let column: Vec<f64> = (0..y.len() + 5).map(|i| values.get(i / 2).map_or(0.0, |v| f64::from(v % 3))).collect();
            let given = Given { columns: &[column], boosted: None };
            let made = |y: &[f64], method: Method, seasons: &[usize]| {
                forecast(y, given, &settings(method, seasons), &mut Workspace::default(), &Control::default()).unwrap()
            };
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
