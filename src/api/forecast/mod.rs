//! `orchard.forecast` and the other verbs about time series.

mod beside;
mod decompose;
mod judge;
pub(super) mod model;
mod options;
mod read;
mod unusual;

use orchard_engine::control::Control;
use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::gather::Series;
use orchard_engine::forecast::hierarchy::{reconcile, sums, Tree};
use orchard_engine::forecast::{forecast_all, Outlook, Settings};
use pgrx::pg_sys::{Datum, FunctionCallInfo};
use pgrx::prelude::*;
use serde_json::Value;

use crate::entry;
use crate::entry::{fill, value};
use crate::error::{given, Failure, Result};
use crate::json::JsonArgument;
use crate::set::Set;
use crate::{interrupt, settings};
use options::{Options, FORECAST};
use read::{Columns, Read};

/// The share of the future values that intervals should hold, if not said otherwise.
const USUAL_LEVEL: f64 = 0.95;

/// The longest horizon.
const MOST_STEPS: i32 = 100_000;

entry!(forecast, pg_finfo_forecast, fcinfo => fill(|| run(fcinfo)));

/// The first arguments of all verbs about time series.
struct Arguments {
    source: String,
    time: String,
    value: String,
    groups: Vec<String>,
}

impl Arguments {
    /// # Safety
    /// `fcinfo` is the running call's.
    unsafe fn new(fcinfo: FunctionCallInfo) -> Result<Arguments> {
        let text = |i: usize, name: &str| -> Result<String> { given(value::<String>(fcinfo, i), name) };
        let groups = value::<Vec<Option<String>>>(fcinfo, 3).unwrap_or_default();
        let groups = groups.into_iter().map(|g| given(g, "an element of group_columns")).collect::<Result<_>>()?;
        Ok(Arguments {
            source: text(0, "source")?,
            time: text(1, "time_column")?,
            value: text(2, "value_column")?,
            groups,
        })
    }

    fn columns(&self) -> Columns<'_> {
        Columns { time: &self.time, value: &self.value, groups: self.groups.clone(), regressors: Vec::new() }
    }
}

/// # Safety
/// `fcinfo` is the running call's.
unsafe fn options_of(fcinfo: FunctionCallInfo, i: usize) -> Option<Value> {
    value::<JsonArgument>(fcinfo, i).map(|o| o.0)
}

/// # Safety
/// `fcinfo` is the running call's.
unsafe fn horizon_of(fcinfo: FunctionCallInfo, i: usize) -> Result<Option<usize>> {
    match value::<i32>(fcinfo, i) {
        None => Ok(None),
        Some(steps @ 1..=MOST_STEPS) => Ok(Some(steps as usize)),
        Some(_) => Err(Failure::argument(format!("horizon must be between 1 and {MOST_STEPS}"))
            .hint("It is how many steps are forecast: 28 days, 12 months.")),
    }
}

fn float(value: f64) -> Option<Datum> {
    if value.is_nan() {
        return None;
    }
    value.into_datum()
}

/// The one method of a verb that has no use for several.
fn one_method(options: &Options) -> Result<Option<Method>> {
    match options.methods[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Failure::argument("a forecast has one method")
            .hint("Compare methods by orchard.evaluate_forecast, or let auto choose.")),
    }
}

/// Look for a cancel as rows go out.
fn poll(row: usize) {
    if row.is_multiple_of(1024) {
        pgrx::check_for_interrupts!();
    }
}

/// Add the forecast of a step of a series: its mean and the ends of its interval.
///
/// # Safety
/// The set is the running call's, of rows as `orchard.forecast` returns them.
unsafe fn put(
    set: &Set,
    key: Datum,
    [time, number]: [Option<Datum>; 2],
    [mean, low, high]: [f64; 3],
    method: &str,
    step: usize,
) -> Result<()> {
    let step = (step as i32 + 1).into_datum();
    set.put([Some(key), time, float(mean), float(low), float(high), method.into_datum(), step, number])
}

/// Series with their forecasts.
struct Made {
    read: Read,
    /// What was asked for.
    asked: Settings,
    /// The series and their sums, where there are sums.
    tree: Option<(Tree, Vec<Series>)>,
    /// The forecast of each series, or of each node of the tree.
    outlooks: Vec<Option<Outlook>>,
}

impl Made {
    fn new(
        mut read: Read,
        method: Method,
        horizon: Option<usize>,
        options: &Options,
        label: &str,
        control: &Control,
    ) -> Result<Made> {
        let horizon = horizon.unwrap_or_else(|| read.found.calendar.step.usual_horizon());
        let asked = Settings {
            method,
            horizon,
            level: options.level.unwrap_or(USUAL_LEVEL),
            seasons: read.seasons(options.seasons.as_ref()),
            nonnegative: options.nonnegative,
            beside: read.beside(options, horizon, control)?,
        };
        let (tree, missing) = (options.hierarchy.then(|| read.tree()), options.rules.missing);
        let found = &read.found;
        let (tree, outlooks) = interrupt::run(label, control, || match tree {
            None => forecast_all(&found.series, &asked, control).map(|made| (None, made)),
            Some(tree) => {
                let nodes = sums(&tree, &found.series, found.last, missing, &asked.seasons, asked.horizon, control)?;
                let mut made = forecast_all(&nodes, &asked, control)?;
                reconcile(&tree, &mut made, asked.horizon);
                Ok((Some((tree, nodes)), made))
            }
        })?;
        let replaced = outlooks.iter().flatten().filter(|o| o.replaced).count();
        if replaced > 0 {
            notice!("{replaced} series are too short for {} and have the naive forecast", method.name());
        }
        let unknown = outlooks.iter().flatten().filter(|o| o.low.iter().any(|v| v.is_nan())).count();
        if unknown > 0 {
            notice!("{unknown} series have too few values for an interval");
        }
        Ok(Made { read, asked, tree, outlooks })
    }

    /// What is forecast, in the order of the forecasts.
    fn series(&self) -> &[Series] {
        self.tree.as_ref().map_or(&self.read.found.series, |(_, nodes)| nodes)
    }

    /// A series of the source that has the key of one that is forecast.
    fn example(&self, i: usize) -> usize {
        self.tree.as_ref().map_or(i, |(tree, _)| tree.example[i])
    }

    /// How many of the group columns that key has.
    fn depth(&self, i: usize) -> usize {
        self.tree.as_ref().map_or(self.read.groups.len(), |(tree, _)| tree.depth[i])
    }
}

/// A hierarchy is one of groups.
fn check_hierarchy(options: &Options, columns: &Columns<'_>) -> Result<()> {
    if options.hierarchy && columns.groups.is_empty() {
        return Err(Failure::argument("a hierarchy needs group columns")
            .hint("Name them from the widest to the narrowest: ARRAY['country', 'shop']."));
    }
    Ok(())
}

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let arguments = Arguments::new(fcinfo)?;
    let horizon = horizon_of(fcinfo, 4)?;
    let columns = arguments.columns();
    let (described, numbers) = read::describe(&arguments.source, &columns)?;
    let options = Options::parse(options_of(fcinfo, 5).as_ref(), &FORECAST, numbers)?;
    let columns = Columns { regressors: options.regressors.clone(), ..columns };
    let method = one_method(&options)?.unwrap_or(Method::Auto);
    check_hierarchy(&options, &columns)?;
    let control = Control::new(settings::max_memory());
    let label = "orchard.forecast";
    let read = read::read(&described, numbers, &columns, options.rules, label, &control)?;
    read.tell(options.rules);
    let made = Made::new(read, method, horizon, &options, label, &control)?;
    let set = Set::new(fcinfo);
    let mut rows = 0;
    for (i, (series, outlook)) in made.series().iter().zip(&made.outlooks).enumerate() {
        let Some(outlook) = outlook else { continue };
        let key = made.read.key_of(made.example(i), made.depth(i));
        for step in 0..outlook.mean.len() {
            let index = series.first.saturating_add((series.values.len() + step) as i64);
            let values = [outlook.mean[step], outlook.low[step], outlook.high[step]];
            put(&set, key, made.read.time(index), values, outlook.method.name(), step)?;
            rows += 1;
            poll(rows);
        }
    }
    Ok(())
}
