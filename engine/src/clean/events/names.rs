//! The columns of a query: each has a name of its own that PostgreSQL does not cut off.

use super::Feature;
use crate::error::{Error, Result};

/// The most bytes of an identifier.
const LONGEST: usize = 63;
/// The most columns of a view are 1,664; a few remain for who builds on it.
const MOST: usize = 1600;

/// The columns so far.
pub(super) struct Names {
    columns: Vec<Feature>,
    hint: &'static str,
}

impl Names {
    /// None yet; `hint` says what to do about a name that does not fit.
    pub fn new(hint: &'static str) -> Names {
        Names { columns: Vec::new(), hint }
    }

    /// Add a column.
    pub fn add(&mut self, name: String, meaning: String) -> Result<()> {
        if name.len() > LONGEST {
            return Err(Error::option(
                format!("the name \"{name}\" of a feature has more than {LONGEST} bytes"),
                self.hint,
            ));
        }
        if self.columns.iter().any(|c| c.name == name) {
            return Err(Error::option(format!("two columns would have the name \"{name}\""), self.hint));
        }
        if self.columns.len() == MOST {
            return Err(Error::option(
                format!("the view would have more than {MOST} columns"),
                "Ask for fewer windows, columns or lags.",
            ));
        }
        self.columns.push(Feature { name, meaning });
        Ok(())
    }

    /// All of them.
    pub fn into_columns(self) -> Vec<Feature> {
        self.columns
    }
}
