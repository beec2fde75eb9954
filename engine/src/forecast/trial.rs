//! How good forecasts would have been: from several origins in the past, each with nothing but what was known then.

use super::auto::Method;
use super::forecast_all;
use super::gather::Series;
use super::outlook::{judge, Outlook, Scores, Settings};
use crate::control::Control;
use crate::error::Result;

/// What came out, over all series and origins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trial {
    /// The scores of each forecast, in the order of the origins, the latest first, and of the series.
    pub scores: Vec<Scores>,
    /// How often each method was used.
    pub used: Vec<(Method, usize)>,
    /// Series with too few values to hold any back.
    pub short: usize,
}

/// A series must keep so many values for the past.
const LEAST: usize = 8;

/// The series as they were known so many steps before their ends: what is known besides goes on, as it would for what is to come. Those too short are empty.
fn known_before(series: &[Series], back: usize, horizon: usize, control: &Control) -> Result<Vec<Series>> {
    let cut = |one: &Series| {
        let Some(origin) = one.values.len().checked_sub(back).filter(|o| *o >= LEAST) else {
            return Ok(Series::default());
        };
        control.reserve((origin + horizon) * 8 * (one.beside.len() + 2))?;
        let filled = one.filled.get(..origin).unwrap_or_default().to_vec();
        let beside = one.beside.iter().map(|c| c.iter().copied().take(origin + horizon).collect()).collect();
        Ok(Series { first: one.first, values: one.values[..origin].to_vec(), filled, beside })
    };
    series.iter().map(cut).collect()
}

/// Judge the forecast of a series from an origin. Values that were filled in are not judged; `None` where all were.
fn score(one: &Series, origin: usize, mut outlook: Outlook, settings: &Settings) -> Option<(Scores, Method)> {
    let (y, horizon) = (&one.values[..], settings.horizon);
    let period = settings.seasons.iter().copied().find(|p| y.len() > 2 * p).unwrap_or(1);
    let mut actual = y[origin..origin + horizon].to_vec();
    if !one.filled.is_empty() {
        let kept: Vec<usize> = (0..horizon).filter(|h| !one.filled[origin + h]).collect();
        for values in [&mut actual, &mut outlook.mean, &mut outlook.low, &mut outlook.high] {
            *values = kept.iter().map(|h| values[*h]).collect();
        }
    }
    (!actual.is_empty()).then(|| (judge(&y[..origin], period, &actual, &outlook), outlook.method))
}

/// Forecast each series from up to so many origins, a horizon apart, and judge the forecasts. From each origin all series are forecast together, as they would have
/// been then.
pub fn trial(series: &[Series], settings: &Settings, origins: usize, control: &Control) -> Result<Trial> {
    let mut trial = Trial::default();
    let mut used = std::collections::BTreeMap::new();
    let mut judged = vec![false; series.len()];
    for i in 1..=origins {
        let back = settings.horizon.saturating_mul(i);
        if series.iter().all(|one| one.values.len() < back.saturating_add(LEAST)) {
            break;
        }
        let before = control.used();
        let known = known_before(series, back, settings.horizon, control)?;
        let made = forecast_all(&known, settings, control)?;
        for (s, outlook) in made.into_iter().enumerate() {
            let Some(outlook) = outlook else { continue };
            if let Some((scores, method)) = score(&series[s], known[s].values.len(), outlook, settings) {
                judged[s] = true;
                trial.scores.push(scores);
                *used.entry(method).or_default() += 1;
            }
        }
        control.release(control.used().saturating_sub(before));
        control.end_stage();
    }
    trial.short = series.iter().zip(&judged).filter(|(one, judged)| !**judged && !one.values.is_empty()).count();
    trial.used = used.into_iter().collect();
    Ok(trial)
}

impl Trial {
    /// The metrics: means over all forecasts, of each those where it is defined; NaN where it nowhere is.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mean = |of: fn(&Scores) -> f64| {
            let known = || self.scores.iter().map(of).filter(|v| v.is_finite());
            known().sum::<f64>() / known().count() as f64
        };
        let mut out: Vec<(String, f64)> = [
            ("mase", mean(|s| s.mase)),
            ("smape", mean(|s| s.smape)),
            ("rmsse", mean(|s| s.rmsse)),
            ("mae", mean(|s| s.mae)),
            ("rmse", mean(|s| s.rmse)),
            ("bias", mean(|s| s.bias)),
            ("coverage", mean(|s| s.coverage)),
            ("interval_width", mean(|s| s.width)),
            ("forecasts", self.scores.len() as f64),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        out.extend(self.used.iter().map(|(method, count)| (format!("used_{}", method.name()), *count as f64)));
        out
    }
}
