//! The table a source is read into.

use super::{Chunked, Dictionary, Numbers};
use crate::control::Control;
use crate::error::Result;

/// The code of a missing category.
pub const MISSING: u32 = u32::MAX;

/// The values of a column.
#[derive(Debug)]
pub enum ColumnData {
    /// Numbers; NaN is missing.
    Number(Numbers),
    /// Categories; [`MISSING`] is missing.
    Category {
        /// Codes into `dictionary`.
        codes: Chunked<u32>,
        /// The texts of the codes.
        dictionary: Dictionary,
    },
}

/// One named column.
#[derive(Debug)]
pub struct Column {
    /// The name, as the learner reports it.
    pub name: String,
    /// The values.
    pub data: ColumnData,
}

/// Rows by column, in the order they arrived.
#[derive(Debug, Default)]
pub struct Table {
    /// The columns, all of the same length.
    pub columns: Vec<Column>,
    /// The number of rows.
    pub rows: usize,
}

impl Column {
    /// An empty column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Column { name: name.into(), data: ColumnData::Number(Numbers::default()) }
    }

    /// An empty column of categories.
    pub fn category(name: impl Into<String>) -> Self {
        let data = ColumnData::Category { codes: Chunked::default(), dictionary: Dictionary::default() };
        Column { name: name.into(), data }
    }

    /// A column of numbers from a slice; for tests and small inputs.
    pub fn from_numbers(name: &str, values: &[f64], control: &Control) -> Result<Self> {
        let mut c = Numbers::default();
        values.iter().try_for_each(|&v| c.push(v, control))?;
        Ok(Column { name: name.into(), data: ColumnData::Number(c) })
    }

    /// A column of categories from a slice; for tests and small inputs.
    pub fn from_texts(name: &str, values: &[Option<&str>], control: &Control) -> Result<Self> {
        let mut codes = Chunked::default();
        let mut dictionary = Dictionary::default();
        for v in values {
            let code = match v {
                Some(t) => dictionary.code(t.as_bytes(), control)?,
                None => MISSING,
            };
            codes.push(code, control)?;
        }
        Ok(Column { name: name.into(), data: ColumnData::Category { codes, dictionary } })
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            ColumnData::Number(v) => v.len(),
            ColumnData::Category { codes, .. } => codes.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drop the values and give their memory back to the budget.
    pub fn release(&mut self, control: &Control) {
        match &mut self.data {
            ColumnData::Number(v) => v.release(control),
            ColumnData::Category { codes, dictionary } => {
                codes.release(control);
                dictionary.release(control);
            }
        }
    }
}
