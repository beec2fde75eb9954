//! How good forecasts would have been: from several origins in the past, each with nothing but what was known then.

use rayon::prelude::*;

use super::auto::Method;
use super::gather::Series;
use super::optimise::Workspace;
use super::outlook::{forecast, judge, Scores, Settings};
use crate::control::Control;
use crate::error::Result;

/// What came out, over all series and origins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trial {
    /// The scores of each forecast, in the order of the series and of the origins, the latest first.
    pub scores: Vec<Scores>,
    /// How often each method was used.
    pub used: Vec<(Method, usize)>,
    /// Series with too few values to hold any back.
    pub short: usize,
}

/// A series must keep so many values for the past.
const LEAST: usize = 8;

/// Forecast each series from up to so many origins, a horizon apart, and judge the forecasts. Values that were filled in are not judged.
pub fn trial(series: &[Series], settings: &Settings, origins: usize, control: &Control) -> Result<Trial> {
    control.start(series.len() as u64);
    let each = |work: &mut Workspace<'_>, one: &Series| -> Result<(Vec<(Scores, Method)>, bool)> {
        let (y, horizon) = (&one.values[..], settings.horizon);
        let period = settings.seasons.iter().copied().find(|p| y.len() > 2 * p).unwrap_or(1);
        let mut made = Vec::new();
        for i in 0..origins {
            let Some(origin) = y.len().checked_sub(horizon.saturating_mul(i + 1)).filter(|o| *o >= LEAST) else {
                break;
            };
            let Some(mut outlook) = forecast(&y[..origin], settings, work, control)? else { break };
            let mut actual = y[origin..origin + horizon].to_vec();
            if !one.filled.is_empty() {
                let kept: Vec<usize> = (0..horizon).filter(|h| !one.filled[origin + h]).collect();
                for values in [&mut actual, &mut outlook.mean, &mut outlook.low, &mut outlook.high] {
                    *values = kept.iter().map(|h| values[*h]).collect();
                }
            }
            if !actual.is_empty() {
                made.push((judge(&y[..origin], period, &actual, &outlook), outlook.method));
            }
        }
        control.advance(1);
        let short = made.is_empty() && !y.is_empty();
        Ok((made, short))
    };
    let start = || Workspace::new(control);
    let all: Vec<_> = series.par_iter().map_init(start, each).collect::<Result<_>>()?;
    let mut trial = Trial::default();
    let mut used = std::collections::BTreeMap::new();
    for (made, short) in all {
        trial.short += usize::from(short);
        for (scores, method) in made {
            trial.scores.push(scores);
            *used.entry(method).or_default() += 1;
        }
    }
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
