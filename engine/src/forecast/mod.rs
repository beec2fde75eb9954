//! Forecasts of time series: one or a hundred thousand, each by itself.
//!
//! * [`gather`] makes series at even steps of rows, [`calendar`] knows the steps.
//! * [`outlook`] forecasts a series: it chooses a method by its past and says how far off it may be.
//! * [`auto`] is what all methods have in common; [`naive`], [`ets`], [`theta`] and [`croston`] are the methods.
//! * [`hierarchy`] lets forecasts add up, [`unusual`] finds values of the past that were not to be expected, [`stl`] takes series apart.
//! * [`trial`] says how good forecasts would have been.
//! * [`season`] and [`optimise`] are their tools.

pub mod arima;
pub mod auto;
pub mod calendar;
pub mod croston;
pub mod ets;
pub mod gather;
pub mod hierarchy;
pub mod naive;
pub mod optimise;
pub mod outlook;
pub mod season;
pub mod stl;
pub mod theta;
pub mod trial;
pub mod unusual;

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
pub use outlook::{naive_error, Outlook, Settings};

/// Forecast each of many series, on the pool of the caller. A series without a value has no forecast.
pub fn forecast_all(series: &[gather::Series], settings: &Settings, control: &Control) -> Result<Vec<Option<Outlook>>> {
    let each = settings.horizon.saturating_mul(3 * std::mem::size_of::<f64>()).saturating_add(1024);
    control.reserve(series.len().saturating_mul(each))?;
    control.start(series.len() as u64);
    series
        .par_iter()
        .map_init(
            || optimise::Workspace::new(control),
            |work, one| {
                let made = outlook::forecast(&one.values, settings, work, control);
                control.advance(1);
                made
            },
        )
        .collect()
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
