//! Forecasts of time series: one or a hundred thousand, each by itself.
//!
//! * [`gather`] makes series at even steps of rows, [`calendar`] knows the steps.
//! * [`outlook`] forecasts a series: it chooses a method by its past and says how far off it may be.
//! * [`auto`] is what all methods have in common; [`naive`], [`ets`], [`theta`], [`arima`] and [`croston`] are the methods of single series.
//! * [`beside`] is what is known besides the values; [`regression`] and [`boosted`] are the methods that use it.
//! * [`interval`] says how far off forecasts may be.
//! * [`hierarchy`] lets forecasts add up, [`unusual`] finds values of the past that were not to be expected, [`stl`] takes series apart.
//! * [`trial`] says how good forecasts would have been.
//! * [`season`] and [`optimise`] are their tools.

pub mod arima;
pub mod auto;
pub mod beside;
pub mod boosted;
pub mod calendar;
pub mod croston;
pub mod ets;
pub mod gather;
pub mod hierarchy;
pub mod interval;
pub mod naive;
pub mod optimise;
pub mod outlook;
pub mod regression;
pub mod season;
pub mod stl;
pub mod theta;
pub mod trial;
pub mod unusual;

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use auto::Method;
use interval::Pool;
pub use outlook::{naive_error, Given, Outlook, Settings};

/// Forecast each of many series, on the pool of the caller. A series without a value has no forecast.
pub fn forecast_all(series: &[gather::Series], settings: &Settings, control: &Control) -> Result<Vec<Option<Outlook>>> {
    let boosted = boosted_of(series, settings, control)?;
    // The forecast, and its errors of the past.
    let each = settings.horizon.saturating_mul((4 + outlook::ORIGINS) * 8).saturating_add(1024);
    control.reserve(series.len().saturating_mul(each))?;
    control.start(series.len() as u64);
    let drafts: Vec<Option<outlook::Draft>> = series
        .par_iter()
        .enumerate()
        .map_init(
            || optimise::Workspace::new(control),
            |work, (i, one)| {
                let columns = settings.beside.columns(one, settings.horizon);
                let given = Given { columns: &columns, boosted: boosted.get(i).and_then(Option::as_ref) };
                let made = outlook::draft(&one.values, given, settings, work, control);
                control.advance(1);
                made
            },
        )
        .collect::<Result<_>>()?;
    let pool = Pool::new(drafts.iter().flatten().filter_map(|d| d.spread.as_ref()), settings.level);
    Ok(drafts.into_iter().map(|draft| draft.map(|d| d.finish(settings.level, pool.as_ref()))).collect())
}

/// What trees of all series expect, where that is asked for or something is known besides that other methods do not know; else empty.
fn boosted_of(
    series: &[gather::Series],
    settings: &Settings,
    control: &Control,
) -> Result<Vec<Option<boosted::Boosted>>> {
    let known = settings.method == Method::Auto && series.iter().any(|one| settings.beside.knows(one));
    match settings.method == Method::BoostedLags || known {
        true => boosted::boost(series, settings, control),
        false => Ok(Vec::new()),
    }
}

/// Take each of many series apart by those of the seasons of which it has more than two; these come first.
pub fn decompose_all(
    series: &[gather::Series],
    seasons: &[usize],
    control: &Control,
) -> Result<Vec<(Vec<usize>, stl::Parts)>> {
    control.start(series.len() as u64);
    let each = |one: &gather::Series| {
        let n = one.values.len();
        let own: Vec<usize> = seasons.iter().copied().filter(|p| *p > 1 && n > 2 * p).collect();
        control.reserve(n.saturating_mul(8 * (own.len() + 2)))?;
        let parts = stl::decompose(&one.values, &own, control)?;
        control.advance(1);
        Ok((own, parts))
    };
    series.par_iter().map(each).collect()
}

/// The unusual values of each of many series.
pub fn unusual_all(
    series: &[gather::Series],
    settings: &Settings,
    control: &Control,
) -> Result<Vec<Vec<unusual::Unusual>>> {
    control.start(series.len() as u64);
    series
        .par_iter()
        .map_init(
            || optimise::Workspace::new(control),
            |work, one| {
                let found = unusual::unusual(&one.values, &one.filled, settings, work, control)?;
                control.reserve(std::mem::size_of_val(&found[..]))?;
                control.advance(1);
                Ok(found)
            },
        )
        .collect()
}
