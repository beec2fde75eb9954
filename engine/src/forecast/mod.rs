//! Forecasts of time series: one or a hundred thousand, each by itself.
//!
//! * [`gather`] makes series at even steps of rows, [`calendar`] knows the steps.
//! * [`outlook`] forecasts a series: it chooses a method by its past and says how far off it may be.
//! * [`auto`] is what all methods have in common; [`naive`], [`ets`], [`theta`] and [`croston`] are the methods.
//! * [`season`] and [`optimise`] are their tools.

pub mod auto;
pub mod calendar;
pub mod croston;
pub mod ets;
pub mod gather;
pub mod naive;
pub mod optimise;
pub mod outlook;
pub mod season;
pub mod theta;

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
pub use outlook::{Outlook, Settings};

/// Forecast each of many series, on the pool of the caller. A series without a value has no forecast.
pub fn forecast_all(series: &[gather::Series], settings: &Settings, control: &Control) -> Result<Vec<Option<Outlook>>> {
    let each = settings.horizon.saturating_mul(3 * std::mem::size_of::<f64>()).saturating_add(1024);
    control.reserve(series.len().saturating_mul(each))?;
    control.start(series.len() as u64);
    series
        .par_iter()
        .map_init(optimise::Workspace::default, |work, one| {
            let made = outlook::forecast(&one.values, settings, work, control);
            control.advance(1);
            made
        })
        .collect()
}
