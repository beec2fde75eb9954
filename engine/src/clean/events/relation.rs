//! What is known of the tables that a query reads.

use super::sql::identifier;
use crate::error::{Error, Result};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `timestamptz`.
    Timestamptz,
    /// `timestamp`.
    Timestamp,
    /// `date`.
    Date,
    /// A whole number.
    Whole,
    /// A `numeric`.
    Numeric,
    /// A floating-point number.
    Float,
    /// `text` or `varchar`.
    Text,
    /// An `interval`.
    Interval,
    /// Another type of single values that can be told apart and put in order.
    Other,
    /// Anything else: arrays, JSON, shapes.
    Unsuited,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type as messages write it.
    pub type_name: String,
    /// The type that SQL writes, a domain's base type, without modifiers.
    pub base_type: String,
    /// Whether the column is of that very type.
    pub plain: bool,
    /// Whether the type limits its values, as numeric(10, 2).
    pub limited: bool,
    /// What its values are.
    pub kind: Kind,
    /// The operator that says whether two of its values are the same, as SQL writes it; `None` where there is none.
    pub equality: Option<String>,
}

impl Column {
    /// The column of the relation `alias`, of its base type.
    pub(super) fn of(&self, alias: &str) -> String {
        match self.plain {
            true => format!("{alias}.{}", identifier(&self.name)),
            false => format!("{alias}.{}::{}", identifier(&self.name), self.base_type),
        }
    }

    /// The column of the relation `alias` as a number: an aggregate of reals would be a real, which has seven digits.
    pub(super) fn number(&self, alias: &str) -> String {
        let cast = if self.kind == Kind::Float { "::double precision" } else { "" };
        format!("{alias}.{}{cast}", identifier(&self.name))
    }

    /// The value, where a NaN is missing.
    pub(super) fn known(&self, alias: &str) -> String {
        let value = format!("{alias}.{}", identifier(&self.name));
        match self.kind {
            Kind::Float | Kind::Numeric => format!("NULLIF({value}, 'NaN')"),
            _ => value,
        }
    }

    /// The same to add up: what is so large that a sum or a mean of squares could raise is infinite, of which none does. A NaN is missing.
    pub(super) fn summand(&self, alias: &str) -> String {
        let number = self.number(alias);
        let unlimited = match self.kind {
            Kind::Float => self.base_type == "double precision",
            Kind::Numeric => !self.limited,
            _ => false,
        };
        match (unlimited, self.kind) {
            (true, _) => format!(
                "CASE WHEN {number} BETWEEN '-1e100' AND '1e100' THEN {number} \
                 WHEN {number} <> 'NaN' THEN pg_catalog.sign({number}) * 'Infinity' END"
            ),
            (false, Kind::Float | Kind::Numeric) => format!("NULLIF({number}, 'NaN')"),
            (false, _) => number,
        }
    }

    /// Whether its values are numbers.
    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Whole | Kind::Numeric | Kind::Float)
    }

    /// Fail where its values are of no use for `option`.
    pub(super) fn check_suited(&self, option: &str) -> Result<()> {
        match self.kind {
            Kind::Unsuited => Err(self.wrong(option, "Cast it in the source, for example to text.")),
            _ => Ok(()),
        }
    }

    /// Fail where the texts of its values are not the same in every session, or are no names of anything.
    pub(super) fn check_label(&self, option: &str) -> Result<()> {
        match self.kind {
            Kind::Whole | Kind::Numeric | Kind::Text | Kind::Other => Ok(()),
            _ => Err(self.wrong(option, "Name a column of texts, enums or whole numbers, or make one in the source.")),
        }
    }

    /// Fail where its values are no numbers.
    pub(super) fn check_number(&self, option: &str) -> Result<()> {
        match self.is_number() {
            true => Ok(()),
            false => Err(self.wrong(option, "Name a column of numbers, or cast it in the source.")),
        }
    }

    /// Fail where two of its values cannot be compared.
    pub(super) fn check_comparable(&self, what: &str) -> Result<&str> {
        self.equality.as_deref().ok_or_else(|| {
            Error::option(
                format!("{what} column \"{}\" has type {}, whose values cannot be compared", self.name, self.type_name),
                "Cast it in the source, for example to text.",
            )
        })
    }

    fn wrong(&self, option: &str, hint: &str) -> Error {
        Error::option(format!("column \"{}\" of \"{option}\" has type {}", self.name, self.type_name), hint)
    }
}

/// A table, view or query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What follows FROM: a name with its schema, or a query in brackets.
    pub from: String,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Relation {
    /// The column of a name. That it is there was checked before.
    pub(super) fn column(&self, name: &str) -> Result<&Column> {
        let found = self.columns.iter().find(|c| c.name == name);
        found.ok_or_else(|| Error::Internal(format!("column \"{name}\" was not looked for")))
    }

    /// The column of a name, which must be a time.
    pub(super) fn time(&self, name: &str, what: &str) -> Result<&Column> {
        let column = self.column(name)?;
        match column.kind {
            Kind::Timestamptz | Kind::Timestamp | Kind::Date => Ok(column),
            _ => Err(Error::option(
                format!("{what} column \"{name}\" has type {}", column.type_name),
                "Name a column of dates or timestamps, or cast it in the source, for example to timestamptz.",
            )),
        }
    }
}
