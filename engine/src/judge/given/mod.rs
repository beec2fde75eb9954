//! Rows as they come: a value for each column that a model reads, before they are features.
//!
//! What changes a column of a row (partial dependence, counterfactuals) does so here, so that all that is made of the column follows: the parts of a
//! date, and what the model's cleaning makes of it and of others.

mod encoder;
mod sample;
mod shown;

pub use encoder::{encode, Encoder};
pub use sample::{Sample, Source};
pub(crate) use shown::number as shown_number;

use crate::model::InputKind;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// None.
    Missing,
    /// A number, a truth value (0 or 1), a date (days), a timestamp or a time span (seconds).
    Number(f64),
    /// A text.
    Text(Box<str>),
    /// Numbers; NaN where one is missing.
    Array(Box<[f64]>),
}

impl Given {
    /// A number, or nothing where it is NaN.
    pub fn number(value: f64) -> Given {
        if value.is_nan() {
            Given::Missing
        } else {
            Given::Number(value)
        }
    }

    /// A text.
    pub fn text(value: &[u8]) -> Given {
        Given::Text(String::from_utf8_lossy(value).into())
    }

    /// The number; NaN where it is none.
    pub fn as_number(&self) -> f64 {
        match self {
            Given::Number(value) => *value,
            _ => f64::NAN,
        }
    }

    /// As PostgreSQL reads it; `None` where there is none.
    pub fn shown(&self, kind: InputKind) -> Option<String> {
        match self {
            Given::Missing => None,
            Given::Number(value) => Some(shown::number(*value, kind)),
            Given::Text(text) => Some(text.to_string()),
            Given::Array(values) => {
                let elements = values.iter().map(|v| match v.is_nan() {
                    true => "NULL".to_owned(),
                    false => shown::number(*v, InputKind::Number),
                });
                Some(format!("{{{}}}", elements.collect::<Vec<_>>().join(",")))
            }
        }
    }

    /// Bytes on the heap.
    fn bytes(&self) -> usize {
        match self {
            Given::Text(text) => text.len(),
            Given::Array(values) => values.len() * size_of::<f64>(),
            _ => 0,
        }
    }
}
