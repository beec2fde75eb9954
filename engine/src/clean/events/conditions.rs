//! What makes an event one of a row's past, and what is made of those that are.

use super::features::EventFeatures;
use super::relation::{Column, Kind};
use super::sql::{identifier, literal};
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

/// The moment of a row as a time of the events.
///
/// Without a zone only conversions are made that mean the same in every session: a day begins at midnight, and of events that have a
/// day alone those of earlier days are before.
pub(super) fn moment_of(event: &Column, moment: &Column, zone: Option<&str>) -> Result<String> {
    let value = moment.of("b");
    let zone = zone.map(literal).ok_or_else(|| {
        Error::option(
            format!(
                "event time \"{}\" has type {} and moment \"{}\" has type {}",
                event.name, event.type_name, moment.name, moment.type_name
            ),
            "Say by whose clock with the option \"time_zone\", for example {\"time_zone\": \"Europe/Paris\"}, or cast one of them in its query.",
        )
    });
    Ok(match (event.kind, moment.kind) {
        (a, b) if a == b => value,
        (Kind::Timestamp, Kind::Date) => format!("({value}::timestamp)"),
        (Kind::Date, Kind::Timestamp) => format!("({value}::date)"),
        (Kind::Timestamptz, Kind::Date) => format!("({value}::timestamp AT TIME ZONE {})", zone?),
        (Kind::Date, _) => format!("(({value} AT TIME ZONE {})::date)", zone?),
        _ => format!("({value} AT TIME ZONE {})", zone?),
    })
}

/// ` FILTER (WHERE ...)` of the conditions that are not empty.
pub(super) fn filter_of(conditions: &[&String]) -> String {
    let conditions: Vec<&str> = conditions.iter().map(|c| c.as_str()).filter(|c| !c.is_empty()).collect();
    match conditions.is_empty() {
        true => String::new(),
        false => format!(" FILTER (WHERE {})", conditions.join(" AND ")),
    }
}

/// An aggregate of numbers: the sum of none is 0, their mean and extremes are NULL.
pub(super) fn aggregate_of(aggregate: &str, column: &Column, filter: &String) -> String {
    let number = column.number("e");
    let filter = filter_of(&[filter]);
    match aggregate {
        "sum" => format!("COALESCE(pg_catalog.sum({number}){filter}, 0)"),
        "avg" => format!("pg_catalog.avg({number}){filter}"),
        extreme => format!("pg_catalog.{extreme}({number}){filter}"),
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
