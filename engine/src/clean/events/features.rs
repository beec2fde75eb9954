//! Features of a customer's past at given moments: a row a moment.
//!
//! A subquery a kind of feature is joined to each moment by LATERAL, so an index on customer and time leads it to just the events it
//! needs: those of the longest window, the last few, or the first.

use super::conditions::{aggregate_of, filter_of, moment_of, same_customer, word_of};
use super::names::Names;
use super::options::EventOptions;
use super::relation::{Kind, Relation};
use super::sql::{identifier, literal};
use super::window::Window;
use super::Query;
use crate::error::{Error, Result};

/// The rows that get features.
#[derive(Debug, Clone, Copy)]
pub struct Moments<'a> {
    /// The rows.
    pub relation: &'a Relation,
    /// The column of the customer.
    pub customer: &'a str,
    /// The column of the moment.
    pub moment: &'a str,
}

/// What a view is made of.
#[derive(Debug, Clone, Copy)]
pub struct EventFeatures<'a> {
    /// The events.
    pub events: &'a Relation,
    /// The column of the customer.
    pub customer: &'a str,
    /// The column of the time.
    pub event_time: &'a str,
    /// The rows that get features.
    pub moments: Moments<'a>,
    /// The options.
    pub options: &'a EventOptions,
    /// The zone of days that times do not say.
    pub zone: &'a str,
}

/// The query of features.
pub fn event_features(request: &EventFeatures<'_>) -> Result<Query> {
    let mut writer = Writer::new(request)?;
    writer.base()?;
    writer.starts()?;
    writer.recency()?;
    writer.windows()?;
    writer.sessions()?;
    writer.lags()?;
    writer.touches()?;
    Ok(writer.finish())
}

/// The query as it grows.
struct Writer<'a> {
    request: &'a EventFeatures<'a>,
    /// The type of the event time.
    clock: Kind,
    /// The time of the event `e`.
    at: String,
    /// The moment of the row `b`, of the type of the event time.
    moment: String,
    /// What makes an event one of the row's past.
    past: Vec<String>,
    names: Names,
    outputs: Vec<String>,
    joins: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(request: &'a EventFeatures<'a>) -> Result<Writer<'a>> {
        let time = request.events.time(request.event_time, "event time")?;
        let moment = request.moments.relation.time(request.moments.moment, "moment")?;
        let at = time.of("e");
        let moment = moment_of(time, moment, request.options.time_zone.as_deref())?;
        let past = vec![
            same_customer(request)?,
            format!("{at} < {moment} -- strictly before"),
            format!("pg_catalog.isfinite({at})"),
            format!("pg_catalog.isfinite({moment})"),
        ];
        let names = Names::new("Give an option \"prefix\", or rename the column in its query: column AS name.");
        let (outputs, joins) = (Vec::new(), Vec::new());
        Ok(Writer { request, clock: time.kind, at, moment, past, names, outputs, joins })
    }

    /// Add a feature that is the column of its name of the subquery `alias`; the expression that makes it there comes back.
    fn column(&mut self, alias: &str, name: &str, meaning: String, expression: &str) -> Result<String> {
        let name = format!("{}{name}", self.request.options.prefix);
        let quoted = identifier(&name);
        self.names.add(name, meaning)?;
        self.outputs.push(format!("{alias}.{quoted}"));
        Ok(format!("{expression} AS {quoted}"))
    }

    /// Add a feature that is an expression over the subqueries.
    fn expression(&mut self, name: &str, meaning: String, expression: &str) -> Result<()> {
        let name = format!("{}{name}", self.request.options.prefix);
        self.outputs.push(format!("{expression} AS {}", identifier(&name)));
        self.names.add(name, meaning)
    }

    /// Join a subquery of one row. By LEFT JOIN, so that the planner leaves it out where none of its columns is asked for.
    fn join(&mut self, alias: &str, columns: &[String], rest: &str) {
        let columns = columns.join(",\n        ");
        self.joins
            .push(format!("LEFT JOIN LATERAL (\n    SELECT\n        {columns}\n    {rest}\n) AS {alias} ON true"));
    }

    /// FROM and WHERE of the events of the past, from `start` on.
    fn events(&self, depth: usize, start: Option<&str>) -> String {
        let mut conditions = self.past.clone();
        conditions.extend(start.map(|s| format!("{} >= {s}", self.at)));
        let indent = " ".repeat(4 * depth);
        let conditions = conditions.join(&format!("\n{indent}    AND "));
        format!("FROM {} AS e\n{indent}WHERE {conditions}", self.request.events.from)
    }

    /// When a window begins, a column of the subquery `k`; `None` for all.
    fn start(&self, window: &Window) -> Option<String> {
        (*window != Window::All).then(|| format!("k.start_{}", window.suffix()))
    }

    /// When the longest window begins; `None` where it is all.
    fn earliest(&self) -> Option<String> {
        let longest = Window::longest(&self.request.options.windows);
        let starts: Option<Vec<String>> = longest.iter().map(|w| self.start(w)).collect();
        match starts.as_deref() {
            None | Some([]) => None,
            Some([one]) => Some(one.clone()),
            Some(several) => Some(format!("LEAST({})", several.join(", "))),
        }
    }

    /// Where the windows begin: worked out once a row, which OFFSET 0 sees to, and not once an event.
    fn starts(&mut self) -> Result<()> {
        let mut columns = Vec::new();
        for window in &self.request.options.windows {
            if let Some(start) = window.start(&self.moment, self.clock, self.request.zone)? {
                columns.push(format!("{start} AS start_{}", window.suffix()));
            }
        }
        if !columns.is_empty() {
            let columns = columns.join(",\n        ");
            self.joins.push(format!("CROSS JOIN LATERAL (\n    SELECT\n        {columns}\n    OFFSET 0\n) AS k"));
        }
        Ok(())
    }

    /// The columns of the rows themselves.
    fn base(&mut self) -> Result<()> {
        for column in &self.request.moments.relation.columns {
            self.names.add(column.name.clone(), "as it is in moments".into())?;
            self.outputs.push(format!("b.{}", identifier(&column.name)));
        }
        Ok(())
    }

    /// Days since the last event, since the first, and between the last two.
    fn recency(&mut self) -> Result<()> {
        if !self.request.options.recency {
            return Ok(());
        }
        let at = self.at.clone();
        let last = format!(
            "FROM (
        SELECT
            {at} AS event_time,
            pg_catalog.row_number() OVER (ORDER BY {at} DESC) AS nth
        {}
        ORDER BY {at} DESC
        LIMIT 2
    ) AS l",
            self.events(2, None)
        );
        let nth = |n: i32| format!("pg_catalog.max(l.event_time) FILTER (WHERE l.nth = {n})");
        let columns = [format!("{} AS last", nth(1)), format!("{} AS last_but_one", nth(2))];
        self.join("r", &columns, &last);
        let from = self.events(1, None);
        self.join("f", &[format!("pg_catalog.min({at}) AS first")], &from);
        let moment = self.moment.clone();
        self.expression(
            "days_since_last",
            "days from the last event to the moment".into(),
            &self.days(&moment, "r.last"),
        )?;
        self.expression(
            "days_since_first",
            "days from the first event to the moment".into(),
            &self.days(&moment, "f.first"),
        )?;
        let between = self.days("r.last", "r.last_but_one");
        self.expression("days_between_last_two", "days between the last two events before the moment".into(), &between)
    }

    /// Days from one time to a later one.
    fn days(&self, later: &str, earlier: &str) -> String {
        match self.clock {
            Kind::Date => format!("({later} - {earlier})::double precision"),
            _ => format!("(extract(epoch FROM ({later} - {earlier})) / 86400.0)::double precision"),
        }
    }

    /// Counts, sums and shares over windows: one pass over the events of the longest.
    fn windows(&mut self) -> Result<()> {
        let options = self.request.options;
        let mut columns = Vec::new();
        let filters = self.filters();
        for (window, filter) in options.windows.iter().zip(&filters) {
            let meaning = format!("events {}", window.words());
            let count = format!("pg_catalog.count(*){}", filter_of(&[filter]));
            columns.push(self.column("w", &format!("events_{}", window.suffix()), meaning, &count)?);
        }
        if let Some(name) = &options.event_type {
            let column = self.request.events.column(name)?;
            column.check_suited("event_type")?;
            for value in &options.event_types {
                let is = format!("e.{}::pg_catalog.text = {}", identifier(name), literal(value));
                for (window, filter) in options.windows.iter().zip(&filters) {
                    let meaning = format!("events {} with {name} {value}", window.words());
                    let count = format!("pg_catalog.count(*){}", filter_of(&[filter, &is]));
                    columns.push(self.column("w", &format!("{value}_{}", window.suffix()), meaning, &count)?);
                }
            }
        }
        for name in &options.numbers {
            let column = self.request.events.column(name)?;
            column.check_number("numbers")?;
            for aggregate in &options.aggregates {
                for (window, filter) in options.windows.iter().zip(&filters) {
                    let value = aggregate_of(aggregate, column, filter);
                    let meaning = format!("{} of {name} of the events {}", word_of(aggregate), window.words());
                    let name = format!("{name}_{aggregate}_{}", window.suffix());
                    columns.push(self.column("w", &name, meaning, &value)?);
                }
            }
        }
        for name in &options.distinct {
            let column = self.request.events.column(name)?;
            column.check_suited("distinct")?;
            for (window, filter) in options.windows.iter().zip(&filters) {
                let meaning = format!("distinct values of {name} among the events {}", window.words());
                let count = format!("pg_catalog.count(DISTINCT e.{}){}", identifier(name), filter_of(&[filter]));
                columns.push(self.column("w", &format!("{name}_distinct_{}", window.suffix()), meaning, &count)?);
            }
        }
        if options.weekend_share {
            let local = match self.clock {
                Kind::Timestamptz => format!("({} AT TIME ZONE {})", self.at, literal(self.request.zone)),
                _ => self.at.clone(),
            };
            let share = format!("CASE WHEN extract(isodow FROM {local}) >= 6.0 THEN 1.0 ELSE 0.0 END");
            for (window, filter) in options.windows.iter().zip(&filters) {
                let meaning = format!("share of Saturdays and Sundays among the events {}", window.words());
                let share = format!("(pg_catalog.avg({share}){})::double precision", filter_of(&[filter]));
                columns.push(self.column("w", &format!("weekend_share_{}", window.suffix()), meaning, &share)?);
            }
        }
        if !columns.is_empty() {
            let from = self.events(1, self.earliest().as_deref());
            self.join("w", &columns, &from);
        }
        Ok(())
    }

    /// The condition that an event is in each window; empty where all that are read are.
    fn filters(&self) -> Vec<String> {
        let earliest = self.earliest();
        let filter = |window: &Window| match self.start(window) {
            Some(start) if Some(&start) != earliest.as_ref() => format!("{} >= {start}", self.at),
            _ => String::new(),
        };
        self.request.options.windows.iter().map(filter).collect()
    }

    /// Sessions: an event after a pause begins one, and so does the first of a window.
    fn sessions(&mut self) -> Result<()> {
        let Some(gap) = self.request.options.session_gap else { return Ok(()) };
        if self.clock == Kind::Date {
            return Err(Error::option(
                "option \"sessions\" needs times of day, and the times of the events are dates",
                "Leave it out, or name a column of timestamps.",
            ));
        }
        let mut columns = Vec::new();
        for window in &self.request.options.windows {
            let begins = match self.start(window) {
                Some(start) => format!("s.event_time >= {start} AND (s.after_pause OR s.previous < {start})"),
                None => "s.after_pause".to_owned(),
            };
            let count = format!("pg_catalog.count(*){}", filter_of(&[&begins]));
            let meaning = format!("sessions {}, a pause of more than {} ending one", window.words(), gap.text());
            columns.push(self.column("s", &format!("sessions_{}", window.suffix()), meaning, &count)?);
        }
        let at = &self.at;
        let previous = format!("pg_catalog.lag({at}) OVER (ORDER BY {at})");
        let pause = gap.start(at, self.clock, self.request.zone)?.unwrap_or_default();
        let from = format!(
            "FROM (
        SELECT
            {at} AS event_time,
            {previous} AS previous,
            COALESCE({previous} < {pause}, true) AS after_pause
        {}
    ) AS s",
            self.events(2, self.earliest().as_deref())
        );
        self.join("s", &columns, &from);
        Ok(())
    }

    /// The last values of columns.
    fn lags(&mut self) -> Result<()> {
        let options = self.request.options;
        let Some(most) = options.lags.iter().map(|l| l.1).max() else { return Ok(()) };
        let (mut inner, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (name, count)) in options.lags.iter().enumerate() {
            self.request.events.column(name)?.check_suited("lags")?;
            inner.push(format!("            e.{} AS value_{}", identifier(name), i + 1));
            arrays.push(format!("pg_catalog.array_agg(l.value_{0} ORDER BY l.nth) AS values_{0}", i + 1));
            names.push((i + 1, name, *count));
        }
        let columns: Vec<&str> = options.lags.iter().map(|l| l.0.as_str()).collect();
        let order = self.order(true, &columns)?;
        let from = format!(
            "FROM (
        SELECT
{},
            pg_catalog.row_number() OVER (ORDER BY {order}) AS nth
        {}
        ORDER BY {order}
        LIMIT {most}
    ) AS l",
            inner.join(",\n"),
            self.events(2, None)
        );
        self.join("l", &arrays, &from);
        for (i, name, count) in names {
            for n in 1..=count {
                let meaning = match n {
                    1 => format!("{name} of the last event"),
                    n => format!("{name} of the event {n} back, the last being 1"),
                };
                self.expression(&format!("{name}_lag_{n}"), meaning, &format!("l.values_{i}[{n}]"))?;
            }
        }
        Ok(())
    }

    /// The first and last values that are not NULL.
    fn touches(&mut self) -> Result<()> {
        let options = self.request.options;
        let first = options.first_touch.iter().map(|name| (name, "first"));
        let last = options.last_touch.iter().map(|name| (name, "last"));
        for (i, (name, which)) in first.chain(last).enumerate() {
            self.request.events.column(name)?.check_suited(&format!("{which}_touch"))?;
            let order = self.order(which == "last", &[name])?;
            let column = format!("e.{}", identifier(name));
            let alias = format!("t{}", i + 1);
            let touch = self.column(
                &alias,
                &format!("{name}_{which}_touch"),
                format!("{name} of the {which} event that has one"),
                &column,
            )?;
            let from = self.events(1, None);
            self.joins.push(format!(
                "LEFT JOIN LATERAL (
    SELECT {touch}
    {from}
        AND {column} IS NOT NULL
    ORDER BY {order}
    LIMIT 1
) AS {alias} ON true"
            ));
        }
        Ok(())
    }

    /// The order of events, the latest first or last. Of one time, the tie breaker decides and then the values of `columns` themselves,
    /// so that the order of the table never does.
    fn order(&self, latest_first: bool, columns: &[&str]) -> Result<String> {
        let (direction, value_direction) = if latest_first { (" DESC", " DESC NULLS LAST") } else { ("", "") };
        let mut order = vec![format!("{}{direction}", self.at)];
        for name in self.request.options.tie_breaker.as_deref().into_iter().chain(columns.iter().copied()) {
            let column = self.request.events.column(name)?;
            column.check_suited("tie_breaker")?;
            let collation = match column.kind {
                // Text has an order for each collation; that of its bytes is everywhere.
                Kind::Text => " COLLATE pg_catalog.\"C\"",
                _ => "",
            };
            let value = format!("e.{}{collation}{value_direction}", identifier(name));
            if !order.contains(&value) {
                order.push(value);
            }
        }
        Ok(order.join(", "))
    }

    fn finish(self) -> Query {
        let mut text = format!("SELECT\n    {}\n", self.outputs.join(",\n    "));
        text += &format!("FROM {} AS b", self.request.moments.relation.from);
        for join in &self.joins {
            text += "\n";
            text += join;
        }
        Query { text, columns: self.names.into_columns() }
    }
}
