//! Centres that are given, in the units of the columns.

use serde_json::{Map, Value};

use super::{place, width};
use crate::error::{Error, Result};
use crate::model::{Axis, Encoding};

/// The centres in the space of `axes`. What an object does not name is taken as a missing value.
///
/// Fails for a name that is no column, and for a value that is not of its column's type.
pub(super) fn centres(
    given: &[Map<String, Value>],
    names: &[String],
    axes: &[Axis],
    encodings: &[Encoding],
) -> Result<Vec<f64>> {
    let mut centres = Vec::new();
    for one in given {
        if let Some(name) = one.keys().find(|name| !names.contains(name)) {
            return Err(Error::option(
                format!("option \"init\" names \"{name}\", which is no column that is learned from"),
                format!("The columns are {}.", names.join(", ")),
            ));
        }
        for ((name, axis), encoding) in names.iter().zip(axes).zip(encodings) {
            let value = one.get(name).filter(|v| !v.is_null());
            let cell = value.map_or(Ok(f64::NAN), |value| cell(name, value, encoding))?;
            let first = centres.len();
            centres.resize(first + width(axis), 0.0);
            place(axis, cell, &mut centres, first);
        }
    }
    Ok(centres)
}

/// A value as scoring encodes it.
fn cell(name: &str, value: &Value, encoding: &Encoding) -> Result<f64> {
    let wrong = |what: &str| {
        Error::option(format!("option \"init\" must give {what} for column \"{name}\""), format!("Given was {value}."))
    };
    match encoding {
        Encoding::Category { levels } => {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => return Err(wrong("a text")),
            };
            Ok(levels.binary_search(&text).unwrap_or(levels.len()) as f64)
        }
        _ => match value {
            Value::Bool(is) => Ok(f64::from(u8::from(*is))),
            Value::Number(number) => number.as_f64().ok_or_else(|| wrong("a number")),
            _ => Err(wrong("a number")),
        },
    }
}
