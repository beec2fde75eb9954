//! `orchard.evaluate_forecast`: how good forecasts of these series would have been in the past.

use orchard_engine::control::Control;
use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::trial::{trial, Trial};
use orchard_engine::forecast::Settings;
use pgrx::pg_sys::FunctionCallInfo;
use pgrx::prelude::*;

use super::options::Options;
use super::read::Columns;
use super::{float, horizon_of, options_of, read, Arguments};
use crate::entry;
use crate::entry::fill;
use crate::error::Result;
use crate::set::Set;
use crate::{interrupt, settings};

entry!(evaluate_forecast, pg_finfo_evaluate_forecast, fcinfo => fill(|| run(fcinfo)));

/// What is compared where nothing is asked for.
const USUAL: [Method; 4] = [Method::Auto, Method::Ets, Method::Theta, Method::SeasonalNaive];

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let arguments = Arguments::new(fcinfo)?;
    let horizon = horizon_of(fcinfo, 4)?;
    let columns = arguments.columns();
    let (described, numbers) = read::describe(&arguments.source, &columns)?;
    let taken = [
        "method",
        "level",
        "season",
        "frequency",
        "missing",
        "aggregate",
        "nonnegative",
        "origins",
        "regressors",
        "holidays",
    ];
    let options = Options::parse(options_of(fcinfo, 5).as_ref(), &taken, numbers)?;
    let columns = Columns { regressors: options.regressors.clone(), ..columns };
    let control = Control::new(settings::max_memory());
    let mut read = read::read(&described, numbers, &columns, options.rules, "orchard.evaluate_forecast", &control)?;
    read.tell(options.rules);
    let methods = if options.methods.is_empty() { USUAL.to_vec() } else { options.methods.clone() };
    let horizon = horizon.unwrap_or_else(|| read.found.calendar.step.usual_horizon());
    let seasons = read.seasons(options.seasons.as_ref());
    let beside = read.beside(&options, horizon, &control)?;
    let made = interrupt::run("orchard.evaluate_forecast", &control, || {
        control.stage((methods.len() * options.origins) as u64);
        let each = |method: &Method| {
            let settings = Settings {
                method: *method,
                horizon,
                level: options.level.unwrap_or(super::USUAL_LEVEL),
                seasons: seasons.clone(),
                nonnegative: options.nonnegative,
                beside: beside.clone(),
            };
            trial(&read.found.series, &settings, options.origins, &control)
        };
        methods.iter().map(each).collect::<orchard_engine::Result<Vec<Trial>>>()
    })?;
    if let Some(trial) = made.iter().find(|t| t.short > 0) {
        notice!("{} series are too short to hold back {horizon} steps and are not judged", trial.short);
    }
    let set = Set::new(fcinfo);
    for (method, trial) in methods.iter().zip(&made) {
        for (metric, value) in trial.metrics() {
            set.put([method.name().into_datum(), metric.into_datum(), float(value)])?;
        }
    }
    Ok(())
}
