//! `orchard.rfm` and `orchard.event_features`: views of features from tables of events.

mod view;

use orchard_engine::clean::events::{self, AsOf, EventOptions, Query, Relation, RfmOptions};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use pgrx::{notice, pg_sys};
use serde_json::{json, Value};

use super::train::{check_names, no_column};
use crate::error::{given, report, Failure, Result};
use crate::source::{self, clock, Described};
use view::{Index, View};

/// A column that was made, as it is told.
type Made = (String, String, String);

/// Make a view of recency, frequency and monetary value.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn rfm(
    source: Option<&str>,
    target: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    amount: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<'static, (name!(column_name, String), name!(data_type, String), name!(feature, String))> {
    TableIterator::new(report(|| {
        let view = begin(c"orchard.rfm()", target)?;
        let options = rfm_options(options, as_of.is_some())?;
        view.check_free(options.replace)?;
        let query = rfm_query(source, customer, event_time, amount, as_of, &options)?;
        make(&view, options.replace, &query, "recency, frequency and monetary value of customers, made by orchard.rfm")
    }))
}

/// The text of that view.
#[pg_extern(sql = false)]
fn rfm_sql(
    source: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    amount: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
    options: Option<crate::json::JsonArgument>,
) -> String {
    report(|| {
        let options = rfm_options(options, as_of.is_some())?;
        refuse_replace(options.replace)?;
        Ok(rfm_query(source, customer, event_time, amount, as_of, &options)?.text)
    })
}

/// Make a view of the features of events before moments.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn event_features(
    source: Option<&str>,
    target: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    moments: Option<&str>,
    moment: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<'static, (name!(column_name, String), name!(data_type, String), name!(feature, String))> {
    TableIterator::new(report(|| {
        let view = begin(c"orchard.event_features()", target)?;
        let options = EventOptions::parse(&object(options))?;
        view.check_free(options.replace)?;
        let events = describe(given(source, "source")?)?;
        let (customer, event_time) = (given(customer, "customer")?, given(event_time, "event_time")?);
        let query = features_query(&events, customer, event_time, moments, moment, &options)?;
        let made = make(&view, options.replace, &query, "features of past events, made by orchard.event_features")?;
        advise(events.table.as_deref(), customer, event_time)?;
        Ok(made)
    }))
}

/// The text of that view.
#[pg_extern(sql = false)]
fn event_features_sql(
    source: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    moments: Option<&str>,
    moment: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> String {
    report(|| {
        let options = EventOptions::parse(&object(options))?;
        refuse_replace(options.replace)?;
        let events = describe(given(source, "source")?)?;
        let (customer, event_time) = (given(customer, "customer")?, given(event_time, "event_time")?);
        Ok(features_query(&events, customer, event_time, moments, moment, &options)?.text)
    })
}

/// Refuse a call that could not write, and find where the view is to be.
fn begin(call: &core::ffi::CStr, target: Option<&str>) -> Result<View> {
    crate::catalog::check_writable(call);
    View::parse(given(target, "target")?)
}

fn object(options: Option<crate::json::JsonArgument>) -> Value {
    options.map_or_else(|| json!({}), |o| o.0)
}

fn refuse_replace(replace: bool) -> Result<()> {
    match replace {
        true => Err(Failure::argument("option \"replace\" is of no use where no view is made")
            .hint("Leave it out; the text can be used in CREATE OR REPLACE VIEW.")),
        false => Ok(()),
    }
}

fn rfm_options(options: Option<crate::json::JsonArgument>, has_moment: bool) -> Result<RfmOptions> {
    Ok(RfmOptions::parse(&object(options), has_moment)?)
}

fn rfm_query(
    source: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    amount: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
    options: &RfmOptions,
) -> Result<Query> {
    let events = describe(given(source, "source")?)?;
    let (customer, event_time) = (given(customer, "customer")?, given(event_time, "event_time")?);
    events.check_has([customer, event_time].into_iter().chain(amount).chain(options.source_columns()))?;
    let as_of = match as_of {
        Some(moment) => AsOf::Moment(moment_text(moment)?),
        None if options.latest => AsOf::Latest,
        None => AsOf::Now,
    };
    let zone = zone(options.time_zone.as_deref())?;
    let events = &events.relation;
    Ok(events::rfm(&events::Rfm { events, customer, event_time, amount, as_of: &as_of, options, zone: &zone })?)
}

fn features_query(
    events: &Source,
    customer: &str,
    event_time: &str,
    moments: Option<&str>,
    moment: Option<&str>,
    options: &EventOptions,
) -> Result<Query> {
    events.check_has([customer, event_time].into_iter().chain(options.source_columns()))?;
    let moments = describe(given(moments, "moments")?)?;
    let moment = given(moment, "moment")?;
    let row_customer = options.moments_customer.as_deref().unwrap_or(customer);
    if let Some(name) = [row_customer, moment].into_iter().find(|name| !moments.has(name)) {
        return Err(no_column(name, &moments.described.attributes)
            .message(format!("moments has no column \"{name}\""))
            .hint(
                "Name the column of the time as moment, and that of the customer with the option \"moments_customer\".",
            ));
    }
    let zone = zone(options.time_zone.as_deref())?;
    let moments = events::Moments { relation: &moments.relation, customer: row_customer, moment };
    let events = &events.relation;
    Ok(events::event_features(&events::EventFeatures { events, customer, event_time, moments, options, zone: &zone })?)
}

/// A source that was parsed.
struct Source {
    relation: Relation,
    described: Described,
    /// The name of the table or view with its schema; `None` for a query.
    table: Option<String>,
}

fn describe(source: &str) -> Result<Source> {
    let described = source::describe(source)?;
    check_names(&described.attributes)?;
    let table = source::qualified(source)?.map(|(name, _)| name);
    let columns = described.attributes.iter().map(view::column).collect();
    let from = table.clone().unwrap_or_else(|| format!("({}\n)", described.query));
    Ok(Source { relation: Relation { from, columns }, described, table })
}

impl Source {
    fn has(&self, name: &str) -> bool {
        self.described.attributes.iter().any(|a| a.name == name)
    }

    fn check_has<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        match names.into_iter().find(|name| !self.has(name)) {
            Some(name) => Err(no_column(name, &self.described.attributes)),
            None => Ok(()),
        }
    }
}

/// The zone that is asked for, or that of the session, which the view keeps.
fn zone(asked: Option<&str>) -> Result<String> {
    let name = known_zone(asked)?;
    clock::check_in_sql(&name)
        .map_err(|e| e.hint("Name the zone of a place with the option \"time_zone\", such as \"Europe/Paris\"."))?;
    Ok(name)
}

fn known_zone(asked: Option<&str>) -> Result<String> {
    let Some(name) = asked else { return Ok(clock::session()?.name().to_owned()) };
    let c_name = std::ffi::CString::new(name).unwrap_or_default();
    // SAFETY: a terminated name; main thread.
    match unsafe { pg_sys::pg_tzset(c_name.as_ptr()) }.is_null() {
        true => Err(Failure::argument(format!("time zone \"{name}\" is not known"))
            .hint("SELECT name FROM pg_timezone_names lists them.")),
        false => Ok(name.to_owned()),
    }
}

/// A moment as every session reads it.
fn moment_text(moment: TimestampWithTimeZone) -> Result<String> {
    let text: Option<String> =
        Spi::get_one_with_args("SELECT pg_catalog.to_jsonb($1) OPERATOR(pg_catalog.#>>) '{}'", &[moment.into()])?;
    let text = text.unwrap_or_default();
    match text.ends_with("infinity") {
        true => Err(Failure::argument("as_of must be a moment, not infinity")
            .hint("Leave it out to count to the moment of reading.")),
        false => Ok(text),
    }
}

/// Make the view, and tell its columns.
fn make(view: &View, replace: bool, query: &Query, comment: &str) -> Result<Vec<Made>> {
    let names = || query.columns.iter().map(|c| c.name.as_str());
    if replace && view.exists() {
        check_same_columns(view, names())?;
    }
    view.create(replace, &query.text)?;
    view.check_readable()?;
    view.comment(comment, query.columns.iter().map(|c| (c.name.as_str(), c.meaning.as_str())))?;
    let described = source::describe(&view.name())?;
    let types = described.attributes.into_iter().map(|a| a.type_name);
    let columns = query.columns.iter().zip(types);
    Ok(columns.map(|(c, data_type)| (c.name.clone(), data_type, c.meaning.clone())).collect())
}

/// What CREATE OR REPLACE VIEW asks for: the old columns come first in the new view. Its own message would not say what to do.
fn check_same_columns<'a>(view: &View, mut names: impl Iterator<Item = &'a str>) -> Result<()> {
    for (i, old) in source::describe(&view.name())?.attributes.iter().enumerate() {
        let new = names.next();
        if new == Some(old.name.as_str()) {
            continue;
        }
        let detail = match new {
            Some(new) => format!("Its column {} is \"{}\" and would be \"{new}\".", i + 1, old.name),
            None => format!("Its column {} is \"{}\" and would be gone.", i + 1, old.name),
        };
        let message = format!("view {} has other columns", view.name());
        return Err(Failure::new(PgSqlErrorCode::ERRCODE_INVALID_TABLE_DEFINITION, message)
            .detail(detail)
            .hint(format!("Choose another target, or drop it before: DROP VIEW {}.", view.name())));
    }
    Ok(())
}

/// Say which index makes the view quick, unless there is one.
fn advise(table: Option<&str>, customer: &str, event_time: &str) -> Result<()> {
    let columns = format!("({}, {})", quote_identifier(customer), quote_identifier(event_time));
    match table.map_or(Ok(Index::CannotBe), |table| view::index(table, customer, event_time))? {
        Index::Is => {}
        Index::IsNot => {
            let table = table.unwrap_or_default();
            notice!("an index makes the view quick: CREATE INDEX ON {table} {columns}");
        }
        Index::CannotBe => {
            notice!("the view is quick where the table behind the source has an index on {columns} or on what they are made of");
        }
    }
    Ok(())
}
