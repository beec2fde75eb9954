//! The columns of a source by what they are for.

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, Numbers, MISSING};
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::budget::is_number;
use super::judged::not_numbers;
use super::train::{check_names, find};
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Described, Rows, Wanted};

/// A column that is needed.
#[derive(Clone, Copy)]
pub(super) struct Need<'a> {
    /// What it is called in the query.
    pub role: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whether it is numbers; else its text is read.
    pub number: bool,
}

/// A column of the source `s`, as a query names it; of a `number` it must have numbers, or truth values that are counted.
pub(super) fn column(described: &Described, name: &str, number: bool) -> Result<String> {
    let attribute = find(name, &described.attributes)?;
    if number {
        let reader = attribute.needed()?;
        if !is_number(reader) && reader != Reader::Bool {
            return Err(not_numbers(attribute));
        }
    }
    Ok(format!("s.{}", quote_identifier(name)))
}

/// The columns of a source that are needed, read by their roles.
pub(super) fn read_roles(described: &Described, needs: &[Need<'_>], control: &Control) -> Result<Rows> {
    check_names(&described.attributes)?;
    let mut list = Vec::with_capacity(needs.len());
    for need in needs {
        let (column, role) = (column(described, need.name, need.number)?, quote_identifier(need.role));
        // The text of a date or an enum is what a reader knows it by.
        list.push(format!("{column}{} AS {role}", if need.number { "" } else { "::pg_catalog.text" }));
    }
    read_query(&format!("SELECT {} FROM ({}\n) AS s", list.join(", "), described.query), control)
}

/// Read a query of our own, whose columns are all texts and numbers.
pub(super) fn read_query(query: &str, control: &Control) -> Result<Rows> {
    let wanted = |a: &Attribute| {
        let reader = a.needed()?;
        Ok(Some(Wanted { reader, number: !reader.is_category() }))
    };
    source::read(query, &mut |attributes| attributes.iter().map(wanted).collect(), control)
}

/// The values of a role.
pub(super) fn data<'a>(rows: &'a Rows, role: &str) -> Result<&'a ColumnData> {
    let column = rows.column(role).ok_or_else(|| Failure::internal("a column was not read"))?;
    rows.table.columns.get(column.first).map(|c| &c.data).ok_or_else(|| Failure::internal("a column was not kept"))
}

/// The numbers of a role.
pub(super) fn numbers<'a>(rows: &'a Rows, role: &str) -> Result<&'a Numbers> {
    match data(rows, role)? {
        ColumnData::Number(numbers) => Ok(numbers),
        ColumnData::Category { .. } => Err(Failure::internal("a number was read as a text")),
    }
}

/// What stands in a column, as text; `None` where it is missing.
pub(super) fn text_at(data: &ColumnData, row: usize) -> Option<String> {
    match data {
        ColumnData::Category { codes, dictionary } => match codes.get(row) {
            MISSING => None,
            code => Some(String::from_utf8_lossy(dictionary.text(code)).into_owned()),
        },
        ColumnData::Number(values) => Some(values.get(row)).filter(|v| !v.is_nan()).map(|v| format!("{}", v + 0.0)),
    }
}

/// The error for a source that has nothing to tell.
pub(super) fn no_rows(message: &str, hint: &str) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, message).hint(hint)
}
