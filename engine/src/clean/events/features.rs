//! Features of a customer's past at given moments: a row a moment.
//!
//! A subquery a kind of feature is joined to each moment by LATERAL, so an index on customer and time leads it to just the events it
//! needs: those of the longest window, the last few, or the first.

use super::conditions::{aggregate_of, filter_of, in_zone, is_sum, moment_of, same_customer, word_of};
use super::names::Names;
use super::options::EventOptions;
use super::relation::{Kind, Relation};
use super::sql::{epochs_apart, identifier, literal};
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
    writer.moment()?;
    writer.starts()?;
    writer.recency()?;
    writer.windows()?;
    writer.sessions()?;
    writer.lags()?;
    writer.touches()?;
    Ok(writer.finish())
}

/// The query as it grows.
pub(super) struct Writer<'a> {
    pub request: &'a EventFeatures<'a>,
    /// The type of the event time.
    clock: Kind,
    /// The time of the event `e`.
    pub at: String,
    /// The moment of the row `b`, of the type of the event time.
    moment: String,
    /// What makes an event one of the row's past.
    past: Vec<String>,
    names: Names,
    outputs: Vec<String>,
    pub joins: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(request: &'a EventFeatures<'a>) -> Result<Writer<'a>> {
        let time = request.events.time(request.event_time, "event time")?;
        let moment = request.moments.relation.time(request.moments.moment, "moment")?;
        let at = time.of("e");
        let moment = if time.kind == moment.kind { moment.of("b") } else { "m.moment".to_owned() };
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
    pub fn column(&mut self, alias: &str, name: &str, meaning: String, expression: &str) -> Result<String> {
        let name = format!("{}{name}", self.request.options.prefix);
        let quoted = identifier(&name);
        self.names.add(name, meaning)?;
        self.outputs.push(format!("{alias}.{quoted}"));
        Ok(format!("{expression} AS {quoted}"))
    }

    /// Add a feature that is an expression over the subqueries.
    pub fn expression(&mut self, name: &str, meaning: String, expression: &str) -> Result<()> {
        let name = format!("{}{name}", self.request.options.prefix);
        self.outputs.push(format!("{expression} AS {}", identifier(&name)));
        self.names.add(name, meaning)
    }

    /// Join a subquery of one row. By LEFT JOIN, so that the planner leaves it out where none of its columns is asked for.
    pub fn join(&mut self, alias: &str, columns: &[String], rest: &str) {
        let columns = columns.join(",\n        ");
        self.joins
            .push(format!("LEFT JOIN LATERAL (\n    SELECT\n        {columns}\n    {rest}\n) AS {alias} ON true"));
    }

    /// FROM and WHERE of the events of the past, from `start` on.
    pub fn events(&self, depth: usize, start: Option<&str>) -> String {
        self.events_with(depth, start, &[])
    }

    /// The same with expressions over an event as the columns of `n`: worked out once an event, which OFFSET 0 sees to, and not once an
    /// aggregate.
    fn events_with(&self, depth: usize, start: Option<&str>, expressions: &[String]) -> String {
        let mut conditions = self.past.clone();
        conditions.extend(start.map(|s| format!("{} >= {s}", self.at)));
        let indent = " ".repeat(4 * depth);
        let conditions = conditions.join(&format!("\n{indent}    AND "));
        let with = match expressions.is_empty() {
            true => String::new(),
            false => {
                let list = expressions.join(&format!(",\n{indent}        "));
                format!(
                    "\n{indent}CROSS JOIN LATERAL (\n{indent}    SELECT\n{indent}        {list}\n{indent}    OFFSET 0\n{indent}) AS n"
                )
            }
        };
        format!("FROM {} AS e{with}\n{indent}WHERE {conditions}", self.request.events.from)
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

    /// Join what is worked out once a row, which OFFSET 0 sees to, and not once an event.
    fn join_once(&mut self, alias: &str, columns: &[String]) {
        let columns = columns.join(",\n        ");
        self.joins.push(format!("CROSS JOIN LATERAL (\n    SELECT\n        {columns}\n    OFFSET 0\n) AS {alias}"));
    }

    /// The moment as a time of the events, where it is of another type.
    fn moment(&mut self) -> Result<()> {
        let time = self.request.events.time(self.request.event_time, "event time")?;
        let moment = self.request.moments.relation.time(self.request.moments.moment, "moment")?;
        if time.kind != moment.kind {
            let converted = moment_of(time, moment, self.request.options.time_zone.as_deref())?;
            self.join_once("m", &[format!("{converted} AS moment")]);
        }
        Ok(())
    }

    /// Where the windows begin.
    fn starts(&mut self) -> Result<()> {
        let mut columns = Vec::new();
        for window in &self.request.options.windows {
            if let Some(start) = window.start(&self.moment, self.clock, self.request.zone)? {
                columns.push(format!("{start} AS start_{}", window.suffix()));
            }
        }
        if !columns.is_empty() {
            self.join_once("k", &columns);
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
            _ => format!("({} / 86400.0)::double precision", epochs_apart(later, earlier)),
        }
    }

    /// Counts, sums and shares over windows: one pass over the events of the longest.
    fn windows(&mut self) -> Result<()> {
        let options = self.request.options;
        let (mut columns, mut once) = (Vec::new(), Vec::new());
        let filters = self.filters();
        for (window, filter) in options.windows.iter().zip(&filters) {
            let meaning = format!("events {}", window.words());
            let count = format!("pg_catalog.count(*){}", filter_of(&[filter]));
            columns.push(self.column("w", &format!("events_{}", window.suffix()), meaning, &count)?);
        }
        if let Some(name) = &options.event_type {
            let column = self.request.events.column(name)?;
            column.check_label("event_type")?;
            for value in &options.event_types {
                let is = format!("e.{}::pg_catalog.text = {}", identifier(name), literal(value));
                for (window, filter) in options.windows.iter().zip(&filters) {
                    let meaning = format!("events {} with {name} {value}", window.words());
                    let count = format!("pg_catalog.count(*){}", filter_of(&[filter, &is]));
                    columns.push(self.column("w", &format!("{value}_{}", window.suffix()), meaning, &count)?);
                }
            }
        }
        for (i, name) in options.numbers.iter().enumerate() {
            let column = self.request.events.column(name)?;
            column.check_number("numbers")?;
            let number = column.number("e");
            let known = column.known("e");
            let mut summand = column.summand("e");
            if summand != number && options.aggregates.iter().any(|a| is_sum(a)) {
                once.push(format!("{summand} AS number_{}", i + 1));
                summand = format!("n.number_{}", i + 1);
            }
            for aggregate in &options.aggregates {
                for (window, filter) in options.windows.iter().zip(&filters) {
                    let value = aggregate_of(aggregate, if is_sum(aggregate) { &summand } else { &known }, filter);
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
                Kind::Timestamptz => in_zone(&self.at, self.clock, self.request.zone),
                _ => self.at.clone(),
            };
            once.push(format!("CASE WHEN extract(isodow FROM {local}) >= 6.0 THEN 1.0 ELSE 0.0 END AS weekend"));
            for (window, filter) in options.windows.iter().zip(&filters) {
                let meaning = format!("share of Saturdays and Sundays among the events {}", window.words());
                let share = format!("(pg_catalog.avg(n.weekend){})::double precision", filter_of(&[filter]));
                columns.push(self.column("w", &format!("weekend_share_{}", window.suffix()), meaning, &share)?);
            }
        }
        if !columns.is_empty() {
            let from = self.events_with(1, self.earliest().as_deref(), &once);
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
