//! What is known besides the values of series: regressors and holidays.

use std::collections::BTreeSet;

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::forecast::beside::{complete, Beside, Holidays, Kind};
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::options::{Days, Options};
use super::read::{Columns, Read};
use crate::api::asked::{data, numbers, read_query, text_at};
use crate::api::train::{check_names, find};
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Described, Rows};

/// The most levels of a text that is a regressor: each is a column.
const MOST_LEVELS: usize = 30;

/// What the rows tell of one column besides.
pub struct Told<'a> {
    data: &'a ColumnData,
    /// The level that is told of a text.
    level: Option<u32>,
    kind: Kind,
}

impl Told<'_> {
    /// What a row tells; NaN for nothing.
    pub fn value(&self, row: usize) -> f64 {
        match (self.data, self.level) {
            (ColumnData::Number(values), _) => values.get(row),
            (ColumnData::Category { codes, .. }, level) => match codes.get(row) {
                MISSING => f64::NAN,
                code => f64::from(u8::from(Some(code) == level)),
            },
        }
    }

    /// What it is where no row tells.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// Whether a regressor is of numbers or truth values; else it is read as text. Others are refused.
pub fn is_number(name: &str, columns: &Columns<'_>, attributes: &[Attribute]) -> Result<bool> {
    let others = [columns.time, columns.value];
    if others.contains(&name) || columns.groups.iter().any(|g| g == name) {
        return Err(super::read::twice(name));
    }
    if columns.regressors.iter().filter(|r| *r == name).count() > 1 {
        return Err(super::read::twice(name));
    }
    let attribute = find(name, attributes)?;
    match attribute.readable()? {
        reader if crate::api::budget::is_number(reader) || reader == Reader::Bool => Ok(true),
        reader if reader.is_text() || reader == Reader::Enum => Ok(false),
        _ => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("column \"{name}\" has type {}, which is no regressor", attribute.type_name),
        )
        .hint("Regressors are numbers, truth values or texts of few levels. Cast it in the source.")),
    }
}

/// The columns besides of rows: one of numbers or truth values, one a level of texts.
pub fn columns<'a>(rows: &'a Rows, regressors: &[String]) -> Result<Vec<Told<'a>>> {
    let mut all = Vec::new();
    for name in regressors {
        let data = data(rows, name)?;
        match data {
            ColumnData::Number(_) => {
                let truth = rows.column(name).is_some_and(|c| c.reader == Reader::Bool);
                all.push(Told { data, level: None, kind: if truth { Kind::Event } else { Kind::Level } });
            }
            ColumnData::Category { dictionary, .. } if dictionary.len() > MOST_LEVELS => {
                return Err(Failure::argument(format!(
                    "regressor \"{name}\" has {} levels, more than {MOST_LEVELS}",
                    dictionary.len()
                ))
                .hint("Pool rare levels in the source."));
            }
            ColumnData::Category { dictionary, .. } => all.extend(dictionary.sorted().into_iter().map(|code| Told {
                data,
                level: Some(code),
                kind: Kind::Event,
            })),
        }
    }
    Ok(all)
}

impl Read {
    /// Complete what is known of the steps of the past and of those that are forecast, and say what is not; read the holidays.
    pub fn beside(&mut self, options: &Options, horizon: usize, control: &Control) -> Result<Beside> {
        let untold = complete(&mut self.found.series, &self.kinds, horizon, control)?;
        if untold.past > 0 {
            notice!("{} values of regressors are missing in the past and taken as they were before", untold.past);
        }
        if untold.future > 0 {
            notice!(
                "{} values of regressors are missing in the steps to be forecast and taken as they were last",
                untold.future
            );
        }
        let holidays = match &options.holidays {
            None => Vec::new(),
            Some(Days::Given(days)) => days.clone(),
            Some(Days::Source(source)) => holidays(source, control)?,
        };
        Ok(Beside { calendar: Some(self.found.calendar), holidays: Holidays::new(holidays) })
    }
}

/// The days of a source that has one column of dates and at most one of names.
fn holidays(source: &str, control: &Control) -> Result<Vec<(i64, String)>> {
    let Described { query, attributes, .. } = source::describe(source)?;
    check_names(&attributes)?;
    let is_date = |a: &Attribute| matches!(a.reader, Some(Reader::Date | Reader::Timestamp | Reader::Timestamptz));
    let is_name = |a: &Attribute| a.reader.is_some_and(|r| r.is_text() || r == Reader::Enum);
    let one = |is: &dyn Fn(&Attribute) -> bool| {
        let mut all = attributes.iter().filter(|a| is(a));
        (all.next(), all.next().is_some())
    };
    let ((Some(date), false), (name, false)) = (one(&is_date), one(&is_name)) else {
        return Err(Failure::argument("holidays have one column of dates, and at most one of names")
            .hint("Choose them by a query: SELECT holiday_date, holiday_name FROM holidays."));
    };
    let name = name.map_or_else(|| "''".to_owned(), |name| format!("s.{}", quote_identifier(&name.name)));
    let query = format!(
        "SELECT s.{}::pg_catalog.timestamp AS day, {name}::pg_catalog.text AS name FROM ({query}\n) AS s",
        quote_identifier(&date.name)
    );
    let rows = read_query(&query, control)?;
    let (days, names) = (numbers(&rows, "day")?, data(&rows, "name")?);
    let mut all = BTreeSet::new();
    for row in 0..rows.table.rows {
        let day = (days.get(row) / 86_400.0).floor();
        if day.is_finite() {
            all.insert((day as i64, text_at(names, row).unwrap_or_default()));
        }
    }
    Ok(all.into_iter().collect())
}
