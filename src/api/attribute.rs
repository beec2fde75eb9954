//! `orchard.attribute` and `orchard.paths`: which channels brought the conversions.

use orchard_engine::attribute::{attribute as credit, Credit, Event, Journeys, Method, Parting, Path, Weights};
use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, Keys, MISSING};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use serde_json::Value;

use super::asked::{data, numbers};
use super::baskets::{in_order, key_of, text_of};
use super::budget::is_number;
use super::choices::{Advice, Choices};
use super::judged::not_numbers;
use super::texts::{TextArray, Texts};
use super::train::{check_names, find};
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Wanted};
use crate::{interrupt, settings};

/// The options of both.
const PATHS: [(&str, &str); 3] = [
    ("value", "the name of a column"),
    ("lookback", "a number of days from 0 to 1000000"),
    ("collapse", "true or false"),
];

/// Those of the methods.
const METHODS: [(&str, &str); 5] = [
    ("methods", "a list of first_touch, last_touch, linear, position_based, time_decay, markov and shapley"),
    ("first_weight", "a number from 0 to 1"),
    ("last_weight", "a number from 0 to 1"),
    ("half_life", "a number of days above 0 and up to 1000000"),
    ("order", "a whole number from 1 to 5"),
];

/// The share of the first and of the last touch of `position_based`.
const ENDS: f64 = 0.4;
/// Days in which a touch loses half its weight.
const HALF_LIFE: f64 = 7.0;
/// More conversions of a row, or a value beyond, are not reckoned with: their sums would be infinite.
const LARGEST: f64 = 1e100;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

type Row = (&'static str, String, f64, Option<f64>, Option<f64>, Option<f64>);

/// Share conversions among channels.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn attribute(
    source: Option<&str>,
    customer: Option<&str>,
    channel: Option<&str>,
    event_time: Option<&str>,
    conversion: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(method, &'static str),
        name!(channel_name, String),
        name!(conversions, f64),
        name!(value, Option<f64>),
        name!(share, Option<f64>),
        name!(removal_effect, Option<f64>),
    ),
> {
    let options = options.as_ref().map(|o| &o.0);
    TableIterator::new(report(|| shared(source, [customer, channel, event_time, conversion], options)))
}

/// The ways that customers went.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn paths(
    source: Option<&str>,
    customer: Option<&str>,
    channel: Option<&str>,
    event_time: Option<&str>,
    conversion: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(path, TextArray),
        name!(length, i32),
        name!(journeys, i64),
        name!(converted, i64),
        name!(conversion_rate, f64),
        name!(conversions, f64),
        name!(value, Option<f64>),
        name!(mean_days, f64),
    ),
> {
    let options = options.as_ref().map(|o| &o.0);
    let (read, paths) = report(|| ways(source, [customer, channel, event_time, conversion], options));
    let texts = Texts::new(&read.names);
    // Rows are made one by one, as there may be as many as customers.
    TableIterator::new(paths.into_iter().map(move |path| {
        let channels = read.journeys.get(path.journey).channels;
        let (length, count) = (channels.len() as i32, path.journeys as f64);
        let value = read.has_value.then_some(path.value);
        let rate = path.converted as f64 / count;
        (
            texts.array(channels),
            length,
            path.journeys as i64,
            path.converted as i64,
            rate,
            path.conversions,
            value,
            path.days / count,
        )
    }))
}

fn shared(source: Option<&str>, columns: [Option<&str>; 4], options: Option<&Value>) -> Result<Vec<Row>> {
    let known: Vec<_> = METHODS.into_iter().chain(PATHS).collect();
    let choices =
        Choices::new(options, &known, r#"{"methods": ["last_touch", "markov"], "lookback": 30}"#, Advice::Given)?;
    let methods = methods(&choices)?;
    let number = |key: &str, usual: f64| choices.number(key, 0.0..=1.0).map(|n| n.unwrap_or(usual));
    // Of one end that is given alone, the other keeps no more than what is left.
    let (first, last) = match (choices.value("first_weight"), choices.value("last_weight")) {
        (Some(_), None) => (number("first_weight", ENDS)?, ENDS.min(1.0 - number("first_weight", ENDS)?)),
        (None, Some(_)) => (ENDS.min(1.0 - number("last_weight", ENDS)?), number("last_weight", ENDS)?),
        _ => (number("first_weight", ENDS)?, number("last_weight", ENDS)?),
    };
    if first + last > 1.0 + 1e-12 {
        return Err(Failure::argument("the weights of the first and the last touch exceed 1")
            .detail(format!("They sum up to {}.", first + last))
            .hint("What they leave is shared by the touches between."));
    }
    let half_life = choices.number("half_life", f64::MIN_POSITIVE..=1e6)?.unwrap_or(HALF_LIFE);
    let order = choices.whole("order", 1..=5)?.unwrap_or(1) as usize;
    let weights = Weights { first, last, half_life, order };
    let control = Control::new(settings::max_memory());
    let events = Events::new(source, columns, &choices, &control)?;
    let read = events.journeys("orchard.attribute", &control)?;
    let channels = read.names.len();
    let credits = interrupt::run("orchard.attribute", &control, || {
        methods
            .iter()
            .map(|&method| credit(&read.journeys, channels, method, &weights, &control))
            .collect::<orchard_engine::Result<Vec<_>>>()
    })?;
    let mut rows = Vec::new();
    for (method, credits) in methods.iter().zip(credits) {
        let all: f64 = credits.iter().map(|c| c.conversions).sum();
        let mut listed: Vec<(&String, Credit)> = read.names.iter().zip(credits).collect();
        // Sorts keep the order of names.
        listed.sort_by(|a, b| b.1.conversions.total_cmp(&a.1.conversions));
        rows.extend(listed.into_iter().map(|(name, credit)| {
            let value = read.has_value.then_some(credit.value);
            let share = (all > 0.0).then(|| credit.conversions / all);
            (method.name(), name.clone(), credit.conversions, value, share, credit.removal_effect)
        }));
    }
    Ok(rows)
}

/// The methods that were named, each once, in the order of the list of all.
fn methods(choices: &Choices<'_>) -> Result<Vec<Method>> {
    let Some(names) = choices.texts("methods")? else { return Ok(Method::ALL.to_vec()) };
    if names.is_empty() || names.iter().any(|name| Method::ALL.iter().all(|method| method.name() != *name)) {
        return Err(choices.wrong("methods"));
    }
    Ok(Method::ALL.into_iter().filter(|method| names.contains(&method.name())).collect())
}

fn ways(source: Option<&str>, columns: [Option<&str>; 4], options: Option<&Value>) -> Result<(Read, Vec<Path>)> {
    let choices = Choices::new(options, &PATHS, r#"{"value": "revenue", "lookback": 30}"#, Advice::Given)?;
    let control = Control::new(settings::max_memory());
    let events = Events::new(source, columns, &choices, &control)?;
    let read = events.journeys("orchard.paths", &control)?;
    let paths = interrupt::run("orchard.paths", &control, || read.journeys.paths(&control))?;
    Ok((read, paths))
}

/// The journeys of a source.
struct Read {
    journeys: Journeys,
    /// The channels in C order.
    names: Vec<String>,
    has_value: bool,
}

/// The rows of a source.
struct Events {
    parting: Parting,
    events: Vec<Event>,
    names: Vec<String>,
    has_value: bool,
}

impl Events {
    fn new(
        source: Option<&str>,
        [customer, channel, event_time, conversion]: [Option<&str>; 4],
        choices: &Choices<'_>,
        control: &Control,
    ) -> Result<Events> {
        let source = given(source, "source")?;
        let names = [
            given(customer, "customer")?,
            given(channel, "channel")?,
            given(event_time, "event_time")?,
            given(conversion, "conversion")?,
        ];
        let value = choices.text("value")?;
        let lookback = choices.number("lookback", 0.0..=1e6)?.unwrap_or(f64::INFINITY);
        let parting = Parting { lookback, collapse: choices.flag("collapse")?.unwrap_or(false) };
        let described = source::describe(source)?;
        let (query, unit) = query(&described, names, value)?;
        let mut choose = |attributes: &[Attribute]| {
            let wanted = |a: &Attribute| {
                let number = !matches!(a.name.as_str(), "customer" | "channel");
                Ok(Some(Wanted { reader: a.needed()?, number }))
            };
            attributes.iter().map(wanted).collect()
        };
        let mut rows = source::read(&query, &mut choose, control)?;
        let count = rows.table.rows;
        let keys = Keys::of(data(&rows, "customer")?, control)?;
        let ColumnData::Category { codes, dictionary } = data(&rows, "channel")? else {
            return Err(Failure::internal("a channel was read as a number"));
        };
        let (names, places) = in_order(dictionary, control)?;
        let (times, conversions) = (numbers(&rows, "event_time")?, numbers(&rows, "conversion")?);
        let values = value.map(|_| numbers(&rows, "value")).transpose()?;
        let mut events: Vec<Event> = control.vec(count)?;
        let mut without = 0u64;
        for row in 0..count {
            if row % 65_536 == 0 {
                control.check()?;
                pgrx::check_for_interrupts!();
            }
            // What is not known has not happened, or was worth nothing.
            let known = |number: f64| if number.is_nan() { 0.0 } else { number };
            let event = Event {
                customer: keys.codes[row],
                channel: match codes.get(row) {
                    MISSING => MISSING,
                    code => places[code as usize],
                },
                time: times.get(row) / unit + 0.0,
                conversions: known(conversions.get(row)) + 0.0,
                value: values.map_or(0.0, |values| known(values.get(row))) + 0.0,
            };
            let usable = event.customer != MISSING && event.time.is_finite();
            match usable && (0.0..=LARGEST).contains(&event.conversions) && event.value.abs() <= LARGEST {
                true => events.push(event),
                false => without += 1,
            }
        }
        if without > 0 {
            notice!("{without} rows without a customer, a time or conversions of 0 or more are left out");
        }
        control.release_vec(keys.codes);
        control.release_vec(places);
        rows.table.columns.iter_mut().for_each(|column| column.release(control));
        Ok(Events { parting, events, names, has_value: value.is_some() })
    }

    /// Part them into journeys.
    fn journeys(self, label: &str, control: &Control) -> Result<Read> {
        let Events { parting, events, names, has_value } = self;
        let journeys = interrupt::run(label, control, || Journeys::of(events, parting, control))?;
        if journeys.untouched.0 > 0.0 {
            notice!("{} conversions without a touch before them are given to no channel", journeys.untouched.0);
        }
        Ok(Read { journeys, names, has_value })
    }
}

/// How many of the units of a column's times are a day; an error where they are no times.
pub(super) fn days(time: &Attribute) -> Result<f64> {
    match time.reader {
        Some(Reader::Timestamp | Reader::Timestamptz | Reader::Clock(_)) => Ok(DAY),
        Some(reader) if reader == Reader::Date || is_number(reader) => Ok(1.0),
        _ => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("column \"{}\" has type {}, which is no time", time.name, time.type_name),
        )
        .hint("Give a date, a timestamp, or a number of days.")),
    }
}

/// The query that gives an event a row, and how many of the units of its times are a day.
fn query(described: &source::Described, names: [&str; 4], value: Option<&str>) -> Result<(String, f64)> {
    let attributes = &described.attributes;
    check_names(attributes)?;
    let all: Vec<&str> = names.into_iter().chain(value).collect();
    let mut found = Vec::new();
    for (i, name) in all.iter().enumerate() {
        if all[..i].contains(name) {
            return Err(Failure::argument(format!("column \"{name}\" is named twice"))
                .hint("Customer, channel, time, conversion and value are columns of their own."));
        }
        found.push(find(name, attributes)?);
    }
    let [customer, channel, event_time, conversion] = [found[0], found[1], found[2], found[3]];
    let unit = days(event_time)?;
    if !conversion.reader.is_some_and(|reader| reader == Reader::Bool || is_number(reader)) {
        return Err(not_numbers(conversion).hint("Give a truth value, or the number of conversions."));
    }
    if let Some(value) = found.get(4).filter(|value| !value.reader.is_some_and(is_number)) {
        return Err(not_numbers(value));
    }
    let column = |a: &Attribute| quote_identifier(&a.name);
    let value = found.get(4).map_or_else(String::new, |value| format!(", s.{} AS value", column(value)));
    let query = format!(
        "SELECT {} AS customer, {} AS channel, s.{} AS event_time, s.{} AS conversion{value} FROM ({}\n) AS s",
        key_of(customer),
        text_of(channel),
        column(event_time),
        column(conversion),
        described.query
    );
    Ok((query, unit))
}
