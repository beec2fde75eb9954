//! Forecasts that are kept as a model: how they are made, `orchard.forecast` of a model, and how good they were.

use orchard_engine::control::Control;
use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::calendar::Step;
use orchard_engine::forecast::naive_error;
use orchard_engine::forecast::trial::trial;
use orchard_engine::judge::forecast::{kept_forecasts, Came};
use orchard_engine::judge::Metric;
use orchard_engine::learn::options::Algorithm;
use orchard_engine::learn::train::{forecasts, number_of, Common, Outcome, PlainColumn, RowCounts, Told};
use orchard_engine::model::InputKind;
use orchard_engine::score::forecast::{Outlooks, Value as Part};
use orchard_engine::score::Scorer;
use pgrx::pg_sys::{self, FunctionCallInfo};
use pgrx::prelude::*;
use serde_json::Value;

use super::options::{Options, FORECAST};
use super::read::{describe, object, read, time_of, Columns, Read};
use super::{check_hierarchy, horizon_of, one_method, poll, put, Made, MOST_STEPS};
use crate::api::apart::{argument, given_options, only};
use crate::api::choices::{Choices, USUAL};
use crate::api::train::{find, Job, Types};
use crate::catalog::{self, cache, store, Found};
use crate::entry;
use crate::entry::{fill, value};
use crate::error::{Failure, Result};
use crate::json;
use crate::set::Set;
use crate::source::types::Reader;
use crate::source::{clock, Attribute};
use crate::{interrupt, settings};

/// The columns of a training, from its target and options.
struct Roles {
    time: String,
    groups: Vec<String>,
    /// What is said to the verb: all options but the columns, the horizon and the origins.
    asked: Value,
    horizon: Option<usize>,
    origins: usize,
}

impl Roles {
    fn new(options: &Value) -> Result<Roles> {
        let (given, known) = given_options(options, Algorithm::Forecast);
        let choices = Choices::new(Some(&given), &known, r#"{"time_column": "day"}"#, USUAL)?;
        let time = choices.text("time_column")?.ok_or_else(|| {
            Failure::argument("algorithm \"forecast\" needs the option \"time_column\"")
                .hint("Name the column of the times, such as the day of a sale.")
        })?;
        let groups = choices.texts("group_columns")?.unwrap_or_default();
        let horizon = choices.integer("horizon", 1..=MOST_STEPS as u64)?.map(|n| n as usize);
        let origins = choices.integer("origins", 1..=1000)?.unwrap_or(1) as usize;
        Ok(Roles {
            time: time.to_owned(),
            groups: groups.into_iter().map(str::to_owned).collect(),
            asked: only(&given, |key| FORECAST.contains(&key)),
            horizon,
            origins,
        })
    }

    fn columns<'a>(&'a self, target: &'a str) -> Columns<'a> {
        Columns { time: &self.time, value: target, groups: self.groups.clone(), regressors: Vec::new() }
    }
}

/// Forecast the series of the source of a job, and judge such forecasts by the past.
pub(in crate::api) fn learn(job: &Job<'_>, options: &Value, control: &Control) -> Result<(Outcome, Types)> {
    let roles = Roles::new(options)?;
    let target = job.target.unwrap_or_default();
    let columns = roles.columns(target);
    let (described, numbers) = describe(job.source, &columns)?;
    let asked = Options::parse(Some(&roles.asked), &FORECAST, numbers)?;
    check_hierarchy(&asked, &columns)?;
    let columns = Columns { regressors: asked.regressors.clone(), ..columns };
    let method = one_method(&asked)?.unwrap_or(Method::Auto);
    let mut types = Types::new();
    let mut groups = Vec::with_capacity(roles.groups.len());
    for name in &roles.groups {
        let attribute = find(name, &described.attributes)?;
        groups.push(plain(attribute, group_kind(attribute)?, None));
        types.push((name.clone(), argument(attribute), attribute.type_name.clone()));
    }
    let of_time = find(&roles.time, &described.attributes)?;
    let (kind, zone, oid) = time_kind(of_time)?;
    types.push((roles.time.clone(), oid, of_time.type_name.clone()));
    let label = format!("orchard.train {}", job.name);
    let read = read(&described, numbers, &columns, asked.rules, &label, control)?;
    read.tell(asked.rules);
    let made = Made::new(read, method, roles.horizon, &asked, &label, control)?;
    let (seasons, horizon) = (made.asked.seasons.clone(), made.asked.horizon);
    let judged =
        interrupt::run(&label, control, || trial(&made.read.found.series, &made.asked, roles.origins, control))?;
    let metrics = match judged.scores.is_empty() {
        true => Vec::new(),
        false => {
            let note = |name: &str| match name {
                "mase" | "mae" | "rmse" => format!("{horizon} steps ahead, of forecasts from the past"),
                "smape" => "in per cent".to_owned(),
                "bias" => "above 0 where forecasts were too low".to_owned(),
                "coverage" => format!("of intervals that should hold {}", made.asked.level),
                "forecasts" => format!("series judged, from up to {} times in the past each", roles.origins),
                _ => String::new(),
            };
            let metric = |(name, value): (String, f64)| Metric {
                note: note(&name),
                name: name.into(),
                value: Some(value).filter(|v| v.is_finite()),
                interval: None,
            };
            judged.metrics().into_iter().map(metric).collect()
        }
    };
    if metrics.is_empty() && made.outlooks.iter().any(Option::is_some) {
        notice!("all series are too short to hold back {horizon} steps, so nobody knows how good their forecasts are");
    }
    let told = made.series().iter().zip(&made.outlooks).enumerate().filter_map(|(i, (series, outlook))| {
        Some(Told {
            key: &made.read.keys[made.example(i)],
            depth: made.depth(i),
            first: series.first.saturating_add(series.values.len() as i64),
            scale: naive_error(&series.values, &seasons),
            outlook: outlook.as_ref()?,
        })
    });
    let told: Vec<Told<'_>> = told.collect();
    if told.is_empty() {
        return Err(Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, "the source has no value to forecast from")
            .hint("Give a source with a row for each step of each series, or for each sale."));
    }
    let common = Common {
        groups,
        time: plain(of_time, kind, zone),
        calendar: made.read.found.calendar,
        horizon,
        level: made.asked.level,
    };
    let model = forecasts(common, &told, control)?;
    let values: usize = made.read.found.series.iter().map(|s| s.values.len()).sum();
    let held = if metrics.is_empty() { 0 } else { horizon.saturating_mul(roles.origins).min(values) };
    let rows = RowCounts { read: made.read.rows, training: values, held };
    let metric = (!metrics.is_empty()).then_some("mase");
    Ok((Outcome::of(Scorer::new(model), metrics, metric, rows)?, types))
}

fn plain(attribute: &Attribute, kind: InputKind, zone: Option<String>) -> PlainColumn {
    PlainColumn { name: attribute.name.clone(), kind, zone }
}

/// How a column tells the series of a model apart: by a number, a truth value or a text.
fn group_kind(attribute: &Attribute) -> Result<InputKind> {
    match attribute.readable()?.kind() {
        kind @ (InputKind::Number | InputKind::Boolean | InputKind::Category) => Ok(kind),
        _ => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!(
                "column \"{}\" has type {}, which tells no series of a model apart",
                attribute.name, attribute.type_name
            ),
        )
        .hint("Cast it to text in the source.")),
    }
}

/// How a time is given to the function of a model.
fn time_kind(attribute: &Attribute) -> Result<(InputKind, Option<String>, pg_sys::Oid)> {
    Ok(match attribute.readable()? {
        Reader::Date => (InputKind::Date, None, pg_sys::DATEOID),
        Reader::Timestamptz | Reader::Clock(_) => {
            (InputKind::Timestamptz, Some(clock::session()?.name().to_owned()), pg_sys::TIMESTAMPTZOID)
        }
        reader if reader == Reader::Timestamp || reader.is_text() => (InputKind::Timestamp, None, pg_sys::TIMESTAMPOID),
        _ => (InputKind::Number, None, pg_sys::FLOAT8OID),
    })
}

/// The forecasts of a model, which must be one that has some.
fn outlooks<'a>(scorer: &'a Scorer, found: &Found) -> Result<Outlooks<'a>> {
    scorer.outlooks().ok_or_else(|| {
        Failure::argument(format!("model \"{}.{}\" does not forecast series", found.row.schema, found.row.name))
            .hint("Train one: orchard.train('name', 'source', target => 'sales', algorithm => 'forecast', options => '{\"time_column\": \"day\"}').")
    })
}

entry!(forecast_model, pg_finfo_forecast_model, fcinfo => fill(|| run(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let model: Option<String> = value(fcinfo, 0);
    let found = catalog::of_argument(model.as_deref())?;
    let scorer = cache::deployed(&found)?;
    let outlooks = outlooks(&scorer, &found)?;
    let body = outlooks.body();
    let known = body.horizon as usize;
    let steps = match horizon_of(fcinfo, 1)? {
        None => known,
        Some(steps) if steps <= known => steps,
        Some(_) => {
            return Err(Failure::argument(format!("the model forecasts {known} steps"))
                .hint("Train it with a larger \"horizon\"."))
        }
    };
    let inputs = &scorer.model().inputs;
    let set = Set::new(fcinfo);
    let mut rows = 0;
    for series in 0..body.series() {
        let key = object(inputs.iter().take(body.groups()).enumerate().map(|(column, input)| {
            let value = outlooks.value(series, column).map(|part| match part {
                Part::Text(text) => json::string(text.as_bytes()),
                Part::Number(number) if input.kind == InputKind::Boolean => (number != 0.0).to_string().into_bytes(),
                Part::Number(number) => number.to_string().into_bytes(),
            });
            (input.name.as_str(), value)
        }));
        let method = body.methods.get(body.method[series] as usize).map_or("", String::as_str);
        for step in 0..steps {
            let (at, place) = (body.first[series].saturating_add(step as i64), series * known + step);
            let values = [body.mean[place], body.low[place], body.high[place]];
            put(&set, key, time_of(&body.calendar, at), values, method, step)?;
            rows += 1;
            poll(rows);
        }
    }
    Ok(())
}

/// How good the kept forecasts were, by the values that have come since.
pub(in crate::api) fn evaluate(found: &Found, scorer: &Scorer, source: &str) -> Result<Vec<Metric>> {
    let version = found.deployed()?;
    let (target, options) = (store::target(&version)?.unwrap_or_default(), store::options(&version)?);
    let roles = Roles::new(&options)?;
    let columns = roles.columns(&target);
    let (described, numbers) = describe(source, &columns)?;
    let outlooks = outlooks(scorer, found)?;
    let body = outlooks.body();
    if numbers != matches!(body.calendar.step, Step::Number(_)) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("column \"{}\" of the source holds other times than those of the training", roles.time),
        )
        .hint("Cast it in the source."));
    }
    let asked = Options::parse(Some(&roles.asked), &FORECAST, numbers)?;
    let control = Control::new(settings::max_memory());
    // A few new rows do not tell how far apart steps are, and what stands where there is no row is no value that came.
    let rules = orchard_engine::forecast::gather::Rules { step: Some(body.calendar.step), ..asked.rules };
    let read = read(&described, numbers, &columns, rules, "orchard.evaluate", &control)?;
    let mut came: Vec<Came> = Vec::new();
    for (i, series) in read.found.series.iter().enumerate() {
        pgrx::check_for_interrupts!();
        let Some(kept) = outlooks.series(&row_of(scorer, &read, i)) else { continue };
        let is_filled = |at: usize| series.filled.get(at).copied().unwrap_or(false);
        control.reserve(series.values.len() * std::mem::size_of::<Came>())?;
        came.extend(series.values.iter().enumerate().filter(|(at, _)| !is_filled(*at)).map(|(at, value)| {
            let index = series.first.saturating_add(at as i64);
            let calendar = &read.found.calendar;
            let step = match numbers {
                true => body.calendar.index_of(calendar.number(index)),
                false => body.calendar.index(calendar.time(index)),
            };
            Came { series: kept, step, value: *value }
        }));
    }
    let metrics = kept_forecasts(body, &came);
    if metrics.iter().any(|m| m.name == "rows" && m.value == Some(0.0)) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            "the source has no value at a time for which the model has a forecast",
        )
        .hint("Give a source with values that came after the model was trained, or leave it out for the metrics of the training."));
    }
    Ok(metrics)
}

/// The key of a series as the features of a row.
fn row_of(scorer: &Scorer, read: &Read, series: usize) -> Vec<f64> {
    let features = &scorer.model().features;
    let part = |(feature, value): (usize, &Option<Box<[u8]>>)| match value {
        None => f64::NAN,
        Some(text) if features[feature].encoding.is_category() => scorer.category(feature, text),
        Some(text) => number_of(&String::from_utf8_lossy(text)).unwrap_or(f64::NAN),
    };
    read.keys[series].iter().enumerate().map(part).collect()
}
