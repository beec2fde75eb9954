//! `orchard.forecast_anomalies`: values of the past that were not to be expected.

use orchard_engine::control::Control;
use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::beside::Beside;
use orchard_engine::forecast::{unusual_all, Settings};
use pgrx::pg_sys::FunctionCallInfo;

use super::options::Options;
use super::{float, one_method, options_of, poll, read, Arguments};
use crate::entry;
use crate::entry::fill;
use crate::error::{Failure, Result};
use crate::set::Set;
use crate::{interrupt, settings};

entry!(forecast_anomalies, pg_finfo_forecast_anomalies, fcinfo => fill(|| run(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let arguments = Arguments::new(fcinfo)?;
    let columns = arguments.columns();
    let (described, numbers) = read::describe(&arguments.source, &columns)?;
    let taken = ["method", "level", "season", "frequency", "missing", "aggregate"];
    let options = Options::parse(options_of(fcinfo, 4).as_ref(), &taken, numbers)?;
    let method = one_method(&options)?.unwrap_or(Method::Auto);
    if method.knows_columns() {
        return Err(Failure::argument(format!("method \"{}\" does not look for anomalies", method.name()))
            .hint("Leave it out, or take a method of single series, as ets."));
    }
    let asked = Settings {
        method,
        horizon: 1,
        level: options.level.unwrap_or(0.999),
        seasons: Vec::new(),
        nonnegative: None,
        beside: Beside::default(),
    };
    let control = Control::new(settings::max_memory());
    let read = read::read(&described, numbers, &columns, options.rules, "orchard.forecast_anomalies", &control)?;
    read.tell(options.rules);
    let asked = Settings { seasons: read.seasons(options.seasons.as_ref()), ..asked };
    let made =
        interrupt::run("orchard.forecast_anomalies", &control, || unusual_all(&read.found.series, &asked, &control))?;
    let set = Set::new(fcinfo);
    let mut rows = 0;
    for (i, (series, found)) in read.found.series.iter().zip(&made).enumerate() {
        if found.is_empty() {
            continue;
        }
        let key = read.key(i);
        for one in found {
            let [time, number] = read.time(series.first.saturating_add(one.at as i64));
            set.put([
                Some(key),
                time,
                float(series.values[one.at]),
                float(one.expected),
                float(one.expected - one.width),
                float(one.expected + one.width),
                float(one.score),
                number,
            ])?;
            rows += 1;
            poll(rows);
        }
    }
    Ok(())
}
