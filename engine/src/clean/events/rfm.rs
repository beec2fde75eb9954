//! Recency, frequency, monetary value: a row a customer.
//!
//! The scores are fifths by rank, customers that are alike having the same score whatever the order of the table; the segments are the
//! ten of the usual grid of recency and frequency.

use super::names::Names;
use super::options::RfmOptions;
use super::relation::{Column, Kind, Relation};
use super::sql::{epochs_apart, identifier, literal};
use super::{Feature, Query};
use crate::error::Result;

/// What recency is counted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// When the view is read.
    Now,
    /// The latest event.
    Latest,
    /// A moment, as a `timestamptz` is written.
    Moment(String),
}

/// What a view is made of.
#[derive(Debug, Clone, Copy)]
pub struct Rfm<'a> {
    /// The events.
    pub events: &'a Relation,
    /// The column of the customer.
    pub customer: &'a str,
    /// The column of the time.
    pub event_time: &'a str,
    /// The column of the amount.
    pub amount: Option<&'a str>,
    /// The moment.
    pub as_of: &'a AsOf,
    /// The options.
    pub options: &'a RfmOptions,
    /// The zone of times without one.
    pub zone: &'a str,
}

/// The segments of recency and frequency; the first line that fits is the segment.
const SEGMENTS: [(&str, &str); 9] = [
    ("s.r_score = 5 AND s.f_score >= 4", "champions"),
    ("s.r_score >= 3 AND s.f_score >= 4", "loyal"),
    ("s.r_score >= 4 AND s.f_score >= 2", "potential loyalists"),
    ("s.r_score = 5", "new customers"),
    ("s.r_score = 4", "promising"),
    ("s.r_score = 3 AND s.f_score = 3", "needs attention"),
    ("s.r_score = 3", "about to sleep"),
    ("s.f_score = 5", "cannot lose"),
    ("s.f_score >= 3", "at risk"),
];

fn segment() -> String {
    let lines = SEGMENTS.map(|(scores, name)| format!("        WHEN {scores} THEN '{name}'\n"));
    format!("CASE\n{}        ELSE 'hibernating'\n    END::pg_catalog.text AS segment", lines.concat())
}

/// The query of recency, frequency and monetary value.
pub fn rfm(request: &Rfm<'_>) -> Result<Query> {
    let Rfm { events, options, .. } = *request;
    let customer = events.column(request.customer)?;
    customer.check_comparable("customer")?;
    let time = events.time(request.event_time, "event time")?;
    let amount = request.amount.map(|name| events.column(name)).transpose()?;
    if let Some(amount) = amount {
        amount.check_number("amount")?;
    }
    let frequency = match &options.order_id {
        Some(name) => {
            let order = events.column(name)?;
            order.check_comparable("order_id")?;
            format!("pg_catalog.count(DISTINCT e.{})", identifier(name))
        }
        None => "pg_catalog.count(*)".to_owned(),
    };
    let columns = columns(request, amount)?;
    let (key, at) = (format!("e.{}", identifier(&customer.name)), time.of("e"));
    let as_of = as_of(request, time);
    let mut conditions = vec![format!("{key} IS NOT NULL"), format!("pg_catalog.isfinite({at})")];
    // No event is after the latest, which is itself part of the past of all customers together.
    if *request.as_of != AsOf::Latest {
        conditions.push(format!("{at} < {as_of}"));
    }
    if let Some(start) = options.window.start(&as_of, time.kind, request.zone)? {
        conditions.push(format!("{at} >= {start}"));
    }
    let last = format!("pg_catalog.max({at})");
    // The latest event is that of the latest customer, so it need not be looked for again.
    let until = match request.as_of {
        AsOf::Latest => format!("pg_catalog.max({last}) OVER ()"),
        _ => as_of,
    };
    let recency = match time.kind {
        Kind::Date => format!("{until} - {last}"),
        _ => format!("pg_catalog.floor({} / 86400.0)::integer", epochs_apart(&until, &last)),
    };
    let quoted = identifier(&customer.name);
    let (mut sums, mut monetary, mut m_score, mut m) = (String::new(), "", String::new(), "");
    if let Some(amount) = amount {
        sums = format!(",\n            COALESCE(pg_catalog.sum({}), 0) AS monetary", amount.summand("e"));
        monetary = "\n    s.monetary,";
        m_score = format!(",\n        {} AS m_score", score("c.monetary"));
        m = ", s.m_score";
    }
    let m_column = if amount.is_some() { "\n    s.m_score," } else { "" };
    let text = format!(
        "SELECT
    s.{quoted},
    s.last_event,
    s.recency,
    s.frequency,{monetary}
    s.r_score,
    s.f_score,{m_column}
    pg_catalog.concat(s.r_score, s.f_score{m}) AS rfm,
    {}
FROM (
    SELECT
        c.*,
        {} AS r_score,
        {} AS f_score{m_score}
    FROM (
        SELECT
            {key},
            pg_catalog.max({at}) AS last_event,
            {recency} AS recency,
            {frequency} AS frequency{sums}
        FROM {} AS e
        WHERE {}
        GROUP BY {key}
    ) AS c
) AS s",
        segment(),
        score("c.recency DESC"),
        score("c.frequency"),
        events.from,
        conditions.join("\n            AND "),
    );
    Ok(Query { text, columns })
}

/// One to five: the fifth of the customers that a customer's rank falls into, those of one value having the rank of the first of them.
fn score(order: &str) -> String {
    format!("(1 + (pg_catalog.rank() OVER (ORDER BY {order}) - 1) * 5 / pg_catalog.count(*) OVER ())::integer")
}

/// The moment, of the type of the event time.
fn as_of(request: &Rfm<'_>, time: &Column) -> String {
    let moment = match request.as_of {
        AsOf::Now => "CURRENT_TIMESTAMP".to_owned(),
        AsOf::Moment(text) => format!("timestamp with time zone {}", literal(text)),
        AsOf::Latest => {
            let (key, at) = (identifier(request.customer), time.of("l"));
            let from = &request.events.from;
            return format!(
                "(SELECT pg_catalog.max({at}) FROM {from} AS l WHERE l.{key} IS NOT NULL AND pg_catalog.isfinite({at}))"
            );
        }
    };
    let local = format!("({moment} AT TIME ZONE {})", literal(request.zone));
    match time.kind {
        Kind::Timestamptz => moment,
        Kind::Date => format!("{local}::pg_catalog.date"),
        _ => local,
    }
}

fn columns(request: &Rfm<'_>, amount: Option<&Column>) -> Result<Vec<Feature>> {
    let (customer, time) = (request.customer, request.event_time);
    let mut names = Names::new("Name the column of the customer otherwise in the source: column AS name.");
    let mut add = |name: &str, meaning: String| names.add(name.to_owned(), meaning);
    let until = match request.as_of {
        AsOf::Now => "the moment of reading".to_owned(),
        AsOf::Latest => "the latest event of all customers".to_owned(),
        AsOf::Moment(text) => text.clone(),
    };
    let window = request.options.window.words();
    add(customer, "the customer".into())?;
    add("last_event", format!("the latest {time} before {until}"))?;
    add("recency", format!("whole days from the last event to {until}"))?;
    add(
        "frequency",
        match &request.options.order_id {
            Some(order) => format!("distinct values of {order} among the events {window}"),
            None => format!("number of events {window}"),
        },
    )?;
    if let Some(amount) = amount {
        add("monetary", format!("sum of {} of the events {window}", amount.name))?;
    }
    add("r_score", "fifth of the customers by recency, 5 the most recent".into())?;
    add("f_score", "fifth of the customers by frequency, 5 the most frequent".into())?;
    if amount.is_some() {
        add("m_score", "fifth of the customers by monetary value, 5 the highest".into())?;
    }
    add("rfm", "the scores side by side".into())?;
    add("segment", "what customers of these scores for recency and frequency are called".into())?;
    Ok(names.into_columns())
}
