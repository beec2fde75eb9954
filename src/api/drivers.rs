//! `orchard.key_drivers`: why a metric moved from one source to another.

use orchard_engine::control::Control;
use orchard_engine::drivers::levels::{LeftOut, MOST_NUMBERS};
use orchard_engine::drivers::{self, Driver, Found, Level, Period, LEAST_SHARE, MOST_DEPTH};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::JsonB;
use serde_json::Value;

use super::budget::is_number;
use super::choices::{Advice, Choices};
use super::judged::not_numbers;
use super::train::{check_names, find};
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Rows, Wanted};
use crate::{interrupt, settings};

/// The options, with their types in words.
const OPTIONS: [(&str, &str); 7] = [
    ("denominator", "the name of a column"),
    ("dimensions", "an array of one or more names of columns"),
    ("max_depth", "a whole number from 1 to 4"),
    ("top", "a whole number from 1 to 1000"),
    ("min_share", "a number from 0.001 to 1"),
    ("alpha", "a number above 0 and not above 1"),
    ("bins", "a whole number from 2 to 100"),
];

/// What the two sources are called in messages.
const NAMES: [&str; 2] = ["before", "after"];

type Row =
    (i32, Option<JsonB>, Option<f64>, Option<f64>, f64, f64, f64, f64, f64, f64, Option<f64>, Option<f64>, i64, i64);

/// Explain a change.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn key_drivers(
    metric: Option<&str>,
    before: Option<&str>,
    after: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(rank, i32),
        name!(segment, Option<JsonB>),
        name!(metric_before, Option<f64>),
        name!(metric_after, Option<f64>),
        name!(share_before, f64),
        name!(share_after, f64),
        name!(change, f64),
        name!(volume_effect, f64),
        name!(mix_effect, f64),
        name!(rate_effect, f64),
        name!(share_of_change, Option<f64>),
        name!(z, Option<f64>),
        name!(rows_before, i64),
        name!(rows_after, i64),
    ),
> {
    let options = options.as_ref().map(|o| &o.0);
    TableIterator::new(report(|| run(metric, before, after, options)))
}

struct Options {
    denominator: Option<String>,
    dimensions: Option<Vec<String>>,
    search: drivers::Options,
}

impl Options {
    fn parse(options: Option<&Value>) -> Result<Options> {
        let advice = Advice::Hint("Leave an option out for its usual value.");
        let choices = Choices::new(options, &OPTIONS, r#"{"denominator": "impressions", "max_depth": 3}"#, advice)?;
        let usual = drivers::Options::default();
        let whole = |key: &str, usual: usize, (least, most): (usize, usize)| {
            choices.whole(key, least as u64..=most as u64).map(|n| n.map_or(usual, |n| n as usize))
        };
        Ok(Options {
            denominator: choices.text("denominator")?.map(str::to_owned),
            dimensions: choices.columns("dimensions")?,
            search: drivers::Options {
                max_depth: whole("max_depth", usual.max_depth, (1, MOST_DEPTH))?,
                top: whole("top", usual.top, (1, 1000))?,
                min_share: choices.number("min_share", LEAST_SHARE..=1.0)?.unwrap_or(usual.min_share),
                alpha: choices.number_if("alpha", |n| n > 0.0 && n <= 1.0)?.unwrap_or(usual.alpha),
                bins: whole("bins", usual.bins, (2, 100))?,
            },
        })
    }
}

/// The columns that are read, by name.
struct Plan<'a> {
    metric: &'a str,
    denominator: Option<&'a str>,
    dimensions: Vec<String>,
}

fn run(metric: Option<&str>, before: Option<&str>, after: Option<&str>, options: Option<&Value>) -> Result<Vec<Row>> {
    let metric = given(metric, "metric")?;
    let sources = [given(before, "before")?, given(after, "after")?];
    let options = Options::parse(options)?;
    let attributes = [source::describe(sources[0])?.attributes, source::describe(sources[1])?.attributes];
    let denominator = options.denominator.as_deref();
    for (attributes, period) in attributes.iter().zip(NAMES) {
        check_names(attributes)?;
        for name in [Some(metric), denominator].into_iter().flatten() {
            check_amount(named(name, attributes, period)?)?;
        }
    }
    if denominator == Some(metric) {
        return Err(Failure::argument(format!("column \"{metric}\" is the metric and its denominator"))
            .hint("The denominator is what the metric is a ratio of, for example the impressions of clicks."));
    }
    let (dimensions, mut without) = match &options.dimensions {
        Some(names) => (asked_for(names, &attributes, [Some(metric), denominator])?, Vec::new()),
        None => usual(&attributes, [Some(metric), denominator]),
    };
    if dimensions.is_empty() {
        return Err(Failure::new(PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN, "before and after have no dimension in common")
            .hint("Columns of texts, truth values and whole numbers are dimensions; numbers of other types are if the option \"dimensions\" names them."));
    }
    let plan = Plan { metric, denominator, dimensions };
    let control = Control::new(settings::max_memory());
    let read = |source: &str| source::read(source, &mut |attributes| wanted(attributes, &plan), &control);
    let rows = [read(sources[0])?, read(sources[1])?];
    let periods = [period(&rows[0], NAMES[0], &plan)?, period(&rows[1], NAMES[1], &plan)?];
    let asked = vec![options.dimensions.is_some(); plan.dimensions.len()];
    let found = interrupt::run("orchard.key_drivers", &control, || {
        drivers::key_drivers([&periods[0], &periods[1]], &asked, &options.search, &control)
    })?;
    without.extend(
        found
            .left_out
            .iter()
            .map(|(at, reason)| format!("\"{}\" ({})", plan.dimensions[*at], words(*reason, &options))),
    );
    tell(&found, &without, denominator.is_some());
    let readers: Vec<&Attribute> =
        plan.dimensions.iter().filter_map(|name| attributes[0].iter().find(|a| a.name == *name)).collect();
    Ok(found.drivers.into_iter().zip(1..).map(|(driver, rank)| row(driver, rank, &readers)).collect())
}

/// Why a dimension can be no condition, in words.
fn words(reason: LeftOut, options: &Options) -> String {
    match reason {
        LeftOut::Constant => "one value".to_owned(),
        LeftOut::Rare => format!("no value with a share of {}", options.search.min_share),
        LeftOut::Numbers => format!("more than {MOST_NUMBERS} numbers"),
        LeftOut::Mixed => "numbers beyond 2^53 in one of the two".to_owned(),
    }
}

/// Say what was left out.
fn tell(found: &Found, without: &[String], ratio: bool) {
    for (period, unusable) in NAMES.into_iter().zip(found.unusable).filter(|(_, unusable)| *unusable > 0) {
        let what = if ratio { " or a denominator of 0 or more" } else { "" };
        notice!("{unusable} rows of {period} without a metric{what} are left out");
    }
    if !without.is_empty() {
        notice!("columns that are not looked at: {}", without.join(", "));
    }
}

/// A column that must be there.
fn named<'a>(name: &str, attributes: &'a [Attribute], period: &str) -> Result<&'a Attribute> {
    find(name, attributes).map_err(|failure| failure.message(format!("{period} has no column \"{name}\"")))
}

/// The metric and the denominator must be numbers, or truth values that are counted.
fn check_amount(attribute: &Attribute) -> Result<()> {
    match attribute.reader {
        Some(reader) if is_number(reader) || reader == Reader::Bool => Ok(()),
        _ => Err(not_numbers(attribute)),
    }
}

/// What values of a dimension must have in common.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Boolean,
    Whole,
    Number,
}

fn kind(attribute: &Attribute) -> Option<Kind> {
    match attribute.reader? {
        Reader::Bool => Some(Kind::Boolean),
        reader if reader.is_category() => Some(Kind::Text),
        reader if reader.is_integer() => Some(Kind::Whole),
        reader if is_number(reader) => Some(Kind::Number),
        _ => None,
    }
}

fn is_alike(a: Kind, b: Kind) -> bool {
    let is_number = |kind: Kind| matches!(kind, Kind::Whole | Kind::Number);
    a == b || (is_number(a) && is_number(b))
}

/// The dimensions that the option names.
fn asked_for(names: &[String], attributes: &[Vec<Attribute>; 2], amounts: [Option<&str>; 2]) -> Result<Vec<String>> {
    for (i, name) in names.iter().enumerate() {
        let both = [named(name, &attributes[0], NAMES[0])?, named(name, &attributes[1], NAMES[1])?];
        if names[..i].contains(name) || amounts.contains(&Some(name)) {
            return Err(Failure::argument(format!("column \"{name}\" is named twice"))
                .hint("Metric, denominator and dimensions are different columns."));
        }
        if let Some(other) = both.iter().find(|a| kind(a).is_none()) {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("column \"{name}\" has type {}, which is no dimension", other.type_name),
            )
            .hint("Cast it to text in the sources, for example by to_char."));
        }
        if !both.map(kind).iter().flatten().zip(both.map(kind).iter().flatten().skip(1)).all(|(a, b)| is_alike(*a, *b))
        {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("column \"{name}\" has type {} before and {} after", both[0].type_name, both[1].type_name),
            )
            .hint("Cast it to the same type in both sources."));
        }
    }
    Ok(names.to_vec())
}

/// The dimensions where none is named, and what else there is with the reason why it is none.
fn usual(attributes: &[Vec<Attribute>; 2], amounts: [Option<&str>; 2]) -> (Vec<String>, Vec<String>) {
    let (mut dimensions, mut without) = (Vec::new(), Vec::new());
    for a in attributes[0].iter().filter(|a| !amounts.contains(&Some(&a.name))) {
        let other = attributes[1].iter().find(|b| b.name == a.name);
        let reason = match (kind(a), other.map(|b| (kind(b), b))) {
            (_, None) => "only before".to_owned(),
            (Some(Kind::Number) | None, _) => a.type_name.clone(),
            (Some(own), Some((Some(other), _))) if is_alike(own, other) => {
                dimensions.push(a.name.clone());
                continue;
            }
            (_, Some((_, b))) => format!("{} before, {} after", a.type_name, b.type_name),
        };
        without.push(format!("\"{}\" ({reason})", a.name));
    }
    let only_after = attributes[1].iter().filter(|b| attributes[0].iter().all(|a| a.name != b.name));
    without.extend(only_after.map(|b| format!("\"{}\" (only after)", b.name)));
    (dimensions, without)
}

/// What is read of a source.
fn wanted(attributes: &[Attribute], plan: &Plan<'_>) -> Result<Vec<Option<Wanted>>> {
    let wanted = |a: &Attribute| {
        let number = a.name == plan.metric || plan.denominator == Some(&a.name);
        match number || plan.dimensions.contains(&a.name) {
            true => a.needed().map(|reader| Some(Wanted { reader, number })),
            false => Ok(None),
        }
    };
    attributes.iter().map(wanted).collect()
}

fn period<'a>(rows: &'a Rows, name: &'a str, plan: &Plan<'_>) -> Result<Period<'a>> {
    let place = |name: &str| {
        let column = rows.column(name).ok_or_else(|| Failure::internal("a column was not read"))?;
        Ok::<usize, Failure>(column.first)
    };
    Ok(Period {
        name,
        table: &rows.table,
        metric: place(plan.metric)?,
        denominator: plan.denominator.map(place).transpose()?,
        dimensions: plan.dimensions.iter().map(|name| place(name)).collect::<Result<_>>()?,
    })
}

fn row(driver: Driver, rank: i32, dimensions: &[&Attribute]) -> Row {
    let condition = |(at, level): (usize, Level)| {
        let attribute = dimensions.get(at)?;
        Some((attribute.name.clone(), json(level, attribute.reader)))
    };
    let segment = driver.segment.map(|s| JsonB(Value::Object(s.into_iter().filter_map(condition).collect())));
    let [rows_before, rows_after] = driver.rows.map(|rows| rows as i64);
    let e = driver.effects;
    (
        rank,
        segment,
        driver.metric[0],
        driver.metric[1],
        driver.share[0],
        driver.share[1],
        e.change,
        e.volume,
        e.mix,
        e.rate,
        driver.share_of_change,
        driver.z,
        rows_before,
        rows_after,
    )
}

/// A level as JSON: a number as a number, a range as PostgreSQL's numrange writes it.
fn json(level: Level, reader: Option<Reader>) -> Value {
    let end = |end: Option<f64>| match end.map(number) {
        None => String::new(),
        Some(Value::String(infinite)) => infinite,
        Some(number) => number.to_string(),
    };
    match level {
        Level::Missing => Value::Null,
        Level::Number(n) if reader == Some(Reader::Bool) => Value::Bool(n != 0.0),
        Level::Number(n) => number(n),
        Level::Range(from, to) => {
            Value::String(format!("{}{},{})", if from.is_some() { '[' } else { '(' }, end(from), end(to)))
        }
        // Whole numbers beyond 2^53 were read by their digits.
        Level::Text(text) => match reader {
            Some(reader) if reader.is_integer() => text.parse::<i64>().map_or(Value::String(text), Value::from),
            _ => Value::String(text),
        },
    }
}

/// Whole numbers up to this are written without a point.
const WHOLE: f64 = 9_007_199_254_740_992.0;

fn number(n: f64) -> Value {
    match n.fract() == 0.0 && n.abs() <= WHOLE {
        true => Value::from(n as i64),
        false if n.is_finite() => Value::from(n),
        false => Value::from(if n > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}
