//! What makes an event one of a row's past, and what is made of those that are.

use super::features::EventFeatures;
use super::relation::{Column, Kind};
use super::sql::{identifier, literal};
use super::window::LAST_DAY;
use crate::error::{Error, Result};

/// The condition that an event is of the row's customer.
pub(super) fn same_customer(request: &EventFeatures<'_>) -> Result<String> {
    let event = request.events.column(request.customer)?;
    let row = request.moments.relation.column(request.moments.customer)?;
    let (equality, _) = (event.check_comparable("customer")?, row.check_comparable("customer")?);
    let both = |kind: Kind| event.kind == kind && row.kind == kind;
    if event.base_type != row.base_type && !both(Kind::Whole) && !both(Kind::Text) {
        return Err(Error::option(
            format!(
                "customer column \"{}\" of the source has type {} and \"{}\" of moments has type {}",
                event.name, event.type_name, row.name, row.type_name
            ),
            "Cast one of them in its query, so that both are of one type.",
        ));
    }
    // pg_catalog has an operator for any two types of whole numbers, but none for just a domain.
    let exact = event.plain && row.plain && (event.base_type == row.base_type || both(Kind::Whole));
    let equality = match equality {
        "=" if !exact => "OPERATOR(pg_catalog.=)",
        other => other,
    };
    Ok(format!("e.{} {equality} b.{}", identifier(&event.name), identifier(&row.name)))
}

/// The moment of a row as a time of the events, which have another type; NULL where that type does not go so far.
///
/// Without a zone only conversions are made that mean the same in every session: a day begins at midnight, and of events that have a
/// day alone those of earlier days are before.
pub(super) fn moment_of(event: &Column, moment: &Column, zone: Option<&str>) -> Result<String> {
    let value = moment.of("b");
    let zone = zone.ok_or_else(|| {
        Error::option(
            format!(
                "event time \"{}\" has type {} and moment \"{}\" has type {}",
                event.name, event.type_name, moment.name, moment.type_name
            ),
            "Say by whose clock with the option \"time_zone\", for example {\"time_zone\": \"Europe/Paris\"}, or cast one of them in its query.",
        )
    });
    Ok(match (event.kind, moment.kind) {
        (Kind::Timestamp, Kind::Date) => {
            format!("CASE WHEN {value} <= pg_catalog.date '{LAST_DAY}' THEN {value}::timestamp END")
        }
        (Kind::Date, Kind::Timestamp) => format!("{value}::pg_catalog.date"),
        (Kind::Date, _) => format!("({})::pg_catalog.date", in_zone(&value, moment.kind, zone?)),
        _ => in_zone(&value, moment.kind, zone?),
    })
}

/// A time by the clocks of a zone, or by UTC where it has no zone yet; NULL in the first and last week of all time, where a zone that
/// is days from UTC, of which there are some, leads out of it.
pub(super) fn in_zone(time: &str, kind: Kind, zone: &str) -> String {
    let (first, last) = ("4714-12-01", "294276-12-24");
    let (of, utc, cast) = match kind {
        Kind::Date => ("pg_catalog.date", "", "::timestamp"),
        Kind::Timestamp => ("timestamp", "", ""),
        _ => ("timestamp", " AT TIME ZONE 'UTC'", ""),
    };
    let range = format!("({of} '{first} BC'{utc}) AND ({of} '{last}'{utc})");
    format!("CASE WHEN {time} BETWEEN {range} THEN {time}{cast} AT TIME ZONE {} END", literal(zone))
}

/// ` FILTER (WHERE ...)` of the conditions that are not empty.
pub(super) fn filter_of(conditions: &[&String]) -> String {
    let conditions: Vec<&str> = conditions.iter().map(|c| c.as_str()).filter(|c| !c.is_empty()).collect();
    match conditions.is_empty() {
        true => String::new(),
        false => format!(" FILTER (WHERE {})", conditions.join(" AND ")),
    }
}

/// Whether an aggregate adds numbers up.
pub(super) fn is_sum(aggregate: &str) -> bool {
    matches!(aggregate, "sum" | "avg")
}

/// An aggregate of numbers: the sum of none is 0, their mean and extremes are NULL.
pub(super) fn aggregate_of(aggregate: &str, number: &str, filter: &String) -> String {
    let filter = filter_of(&[filter]);
    match aggregate {
        "sum" => format!("COALESCE(pg_catalog.sum({number}){filter}, 0)"),
        other => format!("pg_catalog.{other}({number}){filter}"),
    }
}

pub(super) fn word_of(aggregate: &str) -> &'static str {
    match aggregate {
        "sum" => "sum",
        "avg" => "mean",
        "min" => "minimum",
        _ => "maximum",
    }
}
