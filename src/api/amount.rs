//! What an option gives as a number or by a column.

use serde_json::Value;

/// A number for all rows, or the name of the column that has one a row.
pub enum Amount {
    /// The number.
    Flat(f64),
    /// The column.
    Column(String),
}

impl Amount {
    /// That of a JSON value; `None` where it is neither a finite number nor a text.
    pub fn read(value: &Value) -> Option<Amount> {
        match value {
            Value::String(name) => Some(Amount::Column(name.clone())),
            value => value.as_f64().filter(|number| number.is_finite()).map(Amount::Flat),
        }
    }

    /// The column, where it is one.
    pub fn column(&self) -> Option<&str> {
        match self {
            Amount::Flat(_) => None,
            Amount::Column(name) => Some(name),
        }
    }
}
