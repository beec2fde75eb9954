//! `orchard.decompose`: trend, seasons and the rest of time series.

use orchard_engine::control::Control;
use orchard_engine::forecast::decompose_all;
use pgrx::pg_sys::FunctionCallInfo;
use pgrx::prelude::*;

use super::options::Options;
use super::{float, options_of, poll, read, Arguments};
use crate::entry;
use crate::entry::fill;
use crate::error::Result;
use crate::set::Set;
use crate::{interrupt, json, settings};

entry!(decompose, pg_finfo_decompose, fcinfo => fill(|| run(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let arguments = Arguments::new(fcinfo)?;
    let columns = arguments.columns();
    let (described, numbers) = read::describe(&arguments.source, &columns)?;
    let taken = ["season", "frequency", "missing", "aggregate"];
    let options = Options::parse(options_of(fcinfo, 4).as_ref(), &taken, numbers)?;
    let control = Control::new(settings::max_memory());
    let read = read::read(&described, numbers, &columns, options.rules, "orchard.decompose", &control)?;
    read.tell(options.rules);
    let seasons = read.seasons(options.seasons.as_ref());
    let made = interrupt::run("orchard.decompose", &control, || decompose_all(&read.found.series, &seasons, &control))?;
    let set = Set::new(fcinfo);
    let mut rows = 0;
    for (i, (series, (periods, parts))) in read.found.series.iter().zip(&made).enumerate() {
        if series.values.is_empty() {
            continue;
        }
        let key = read.key(i);
        for (at, value) in series.values.iter().enumerate() {
            let [time, number] = read.time(series.first.saturating_add(at as i64));
            let of: Vec<f64> = parts.seasons.iter().map(|s| s[at]).collect();
            let text: Vec<String> = periods.iter().zip(&of).map(|(p, v)| format!("\"{p}\": {v}")).collect();
            set.put([
                Some(key),
                time,
                float(*value),
                float(parts.trend[at]),
                float(of.iter().sum::<f64>() + 0.0),
                float(parts.remainder[at]),
                Some(json::jsonb(format!("{{{}}}", text.join(", ")).into_bytes())),
                series.filled.get(at).copied().unwrap_or(false).into_datum(),
                number,
            ])?;
            rows += 1;
            poll(rows);
        }
    }
    Ok(())
}
