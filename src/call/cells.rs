//! The features of the rows of a query whose columns are those that a model reads, in their order.

use std::rc::Rc;

use orchard_engine::score::Scorer;
use pgrx::pg_sys::{Datum, NullableDatum, Oid};

use super::arguments::Arguments;
use super::cleaned::RawRow;
use super::site::slots;
use crate::catalog::Found;
use crate::error::Result;

/// From rows to features.
pub struct Cells {
    scorer: Rc<Scorer>,
    arguments: Arguments,
    args: Vec<NullableDatum>,
    row: Vec<f64>,
}

impl Cells {
    /// For columns that come as `types`; an error names column and types where that cannot be.
    pub fn new(scorer: &Rc<Scorer>, found: &Found, types: &[Oid]) -> Result<Cells> {
        let (slots, raw) = slots(scorer, found, types, |_| false)?;
        let arguments = Arguments::new(scorer, slots, raw);
        let args = types.iter().map(|_| NullableDatum { value: Datum::from(0usize), isnull: true }).collect();
        let row = vec![f64::NAN; scorer.model().features.len()];
        Ok(Cells { scorer: scorer.clone(), arguments, args, row })
    }

    /// Take a row.
    ///
    /// # Safety
    /// `values` and `nulls` have a datum a column, of its type. May longjmp; no value with a destructor may be alive in the callers.
    pub unsafe fn put(&mut self, values: *const Datum, nulls: *const bool) {
        for (at, arg) in self.args.iter_mut().enumerate() {
            *arg = NullableDatum { value: *values.add(at), isnull: *nulls.add(at) };
        }
        self.arguments.put_row(&self.scorer, &mut self.row, &self.args);
    }

    /// The columns of the row taken last.
    pub fn args(&self) -> &[NullableDatum] {
        &self.args
    }

    /// Its features.
    pub fn row(&self) -> &[f64] {
        &self.row
    }

    /// What the model cleaned of it.
    pub fn raw(&self) -> Option<&RawRow> {
        self.arguments.raw()
    }
}
