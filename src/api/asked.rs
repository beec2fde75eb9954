//! Options by their key, and the columns of a source by what they are for.

use orchard_engine::control::Control;
use orchard_engine::data::ColumnData;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use serde_json::{Map, Value};

use super::budget::is_number;
use super::judged::not_numbers;
use super::train::{check_names, no_column};
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Described, Rows, Wanted};

/// Options by their key, each with its type in words.
pub(super) struct Keys<'a> {
    map: &'a Map<String, Value>,
    all: &'a [(&'a str, &'a str)],
}

/// No options at all.
static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Keys<'a> {
    /// The options, of which none is unknown.
    pub(super) fn parse(options: Option<&'a Value>, all: &'a [(&'a str, &'a str)], example: &str) -> Result<Keys<'a>> {
        let map = match options {
            None => &*NONE,
            Some(Value::Object(map)) => map,
            Some(_) => {
                return Err(
                    Failure::argument("options must be a JSON object").hint(format!("Write for example '{example}'."))
                )
            }
        };
        if let Some(key) = map.keys().find(|key| all.iter().all(|o| o.0 != *key)) {
            let names: Vec<&str> = all.iter().map(|o| o.0).collect();
            return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                .hint(format!("Valid options are {}.", names.join(", "))));
        }
        Ok(Keys { map, all })
    }

    /// The error for a value that cannot be.
    pub(super) fn wrong(&self, key: &str) -> Failure {
        let must = self.all.iter().find(|o| o.0 == key).map_or("", |o| o.1);
        Failure::argument(format!("option \"{key}\" must be {must}")).hint("Leave it out for what is usual.")
    }

    /// The value, where there is one that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|v| !v.is_null())
    }

    /// What `of` makes of the value.
    pub(super) fn read<T>(&self, key: &str, of: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        self.get(key).map(|v| of(v).ok_or_else(|| self.wrong(key))).transpose()
    }

    /// A number that is usable.
    pub(super) fn number(&self, key: &str, usable: impl Fn(f64) -> bool) -> Result<Option<f64>> {
        self.read(key, |v| v.as_f64().filter(|n| usable(*n)))
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.read(key, Value::as_str)
    }

    /// One of some words.
    pub(super) fn word<T>(&self, key: &str, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        self.read(key, |v| v.as_str().and_then(&of))
    }

    /// A share between 0 and 1.
    pub(super) fn share(&self, key: &str) -> Result<Option<f64>> {
        self.number(key, |n| n > 0.0 && n < 1.0)
    }

    /// Refuse an option that says nothing without another.
    pub(super) fn needs(&self, key: &str, other: &str) -> Result<()> {
        match self.get(key).is_some() && self.get(other).is_none() {
            true => Err(Failure::argument(format!("option \"{key}\" needs the option \"{other}\""))
                .hint(format!("Give \"{other}\", too, or leave \"{key}\" out."))),
            false => Ok(()),
        }
    }

    /// Refuse two options together.
    pub(super) fn apart(&self, key: &str, other: &str) -> Result<()> {
        match self.get(key).is_some() && self.get(other).is_some() {
            true => Err(Failure::argument(format!("options \"{key}\" and \"{other}\" cannot be used together"))
                .hint("Leave one of them out.")),
            false => Ok(()),
        }
    }
}

/// A text, number or truth value as SQL casts it to text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

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

/// The columns of a source that are needed, read by their roles.
pub(super) fn read_roles(described: &Described, needs: &[Need<'_>], control: &Control) -> Result<Rows> {
    check_names(&described.attributes)?;
    let mut list = Vec::with_capacity(needs.len());
    for need in needs {
        let Some(attribute) = described.attributes.iter().find(|a| a.name == need.name) else {
            return Err(no_column(need.name, &described.attributes));
        };
        let (name, role) = (quote_identifier(need.name), quote_identifier(need.role));
        if need.number {
            let reader = attribute.readable()?;
            if !is_number(reader) && reader != Reader::Bool {
                return Err(not_numbers(attribute));
            }
            list.push(format!("s.{name} AS {role}"));
        } else {
            // The text of a date or an enum is what a reader knows it by.
            list.push(format!("s.{name}::pg_catalog.text AS {role}"));
        }
    }
    read_query(&format!("SELECT {} FROM ({}\n) AS s", list.join(", "), described.query), control)
}

/// Read a query of our own, whose columns are all texts and numbers.
pub(super) fn read_query(query: &str, control: &Control) -> Result<Rows> {
    let wanted = |a: &Attribute| {
        let reader = a.readable()?;
        Ok(Some(Wanted { reader, number: !reader.is_category() }))
    };
    source::read(query, &mut |attributes| attributes.iter().map(wanted).collect(), control)
}

/// The values of a role.
pub(super) fn data<'a>(rows: &'a Rows, role: &str) -> Result<&'a ColumnData> {
    let column = rows.column(role).ok_or_else(|| Failure::internal("a column was not read"))?;
    rows.table.columns.get(column.first).map(|c| &c.data).ok_or_else(|| Failure::internal("a column was not kept"))
}

/// The error for a source that has nothing to tell.
pub(super) fn no_rows(message: &str, hint: &str) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, message).hint(hint)
}
