//! Scoring the rows of a table, as the engine does with the holdout.

use rayon::prelude::*;

use super::Scorer;
use crate::control::Control;
use crate::data::{ColumnData, Table, MISSING};
use crate::error::{Error, Result};
use crate::model::Encoding;

/// Rows scored between two looks at the control.
const BLOCK: usize = 1024;

/// Where the number of a feature comes from.
enum Source<'a> {
    Number(&'a crate::data::Chunked<f64>),
    /// Codes of the table's dictionary, and what stands in a row for each.
    Category(&'a crate::data::Chunked<u32>, Vec<f64>),
}

impl Source<'_> {
    fn get(&self, row: usize) -> f64 {
        match self {
            Source::Number(values) => values.get(row),
            Source::Category(codes, map) => match codes.get(row) {
                MISSING => f64::NAN,
                code => map[code as usize],
            },
        }
    }
}

impl Scorer {
    /// Predict `rows` of a table on the rayon pool of the caller: [`Scorer::outputs`] numbers a row, one row after the other.
    /// `columns` names the table's column of each feature.
    ///
    /// Fails with [`Error::OutOfMemory`] or [`Error::Cancelled`] by `control`, against which the result stays counted, and with
    /// [`Error::Internal`] when a column does not fit its feature.
    pub fn predict_rows(&self, table: &Table, columns: &[usize], rows: &[u32], control: &Control) -> Result<Vec<f64>> {
        let sources = self.sources(table, columns, control)?;
        let outputs = self.outputs();
        let mut out = control.vec(rows.len() * outputs)?;
        out.resize(rows.len() * outputs, 0.0);
        let blocks = out.par_chunks_mut(BLOCK * outputs).zip(rows.par_chunks(BLOCK));
        blocks.try_for_each(|(out, rows)| {
            control.check()?;
            let mut values = vec![0.0; sources.len()];
            for (out, &row) in out.chunks_mut(outputs).zip(rows) {
                values.iter_mut().zip(&sources).for_each(|(v, s)| *v = s.get(row as usize));
                self.predict(&values, out);
            }
            Ok(())
        })?;
        for source in sources {
            if let Source::Category(_, map) = source {
                control.release_vec(map);
            }
        }
        Ok(out)
    }

    fn sources<'a>(&self, table: &'a Table, columns: &[usize], control: &Control) -> Result<Vec<Source<'a>>> {
        let features = &self.model().features;
        if columns.len() != features.len() {
            return Err(Error::Internal("a model is given another number of columns than it has features".into()));
        }
        let source = |(feature, &column): (usize, &usize)| match (&table.columns[column].data, &features[feature].encoding) {
            (ColumnData::Number(values), Encoding::Number) => Ok(Source::Number(values)),
            (ColumnData::Category { codes, dictionary }, Encoding::Category { .. }) => {
                let mut map = control.vec(dictionary.len())?;
                map.extend((0..dictionary.len() as u32).map(|code| self.category(feature, dictionary.text(code))));
                Ok(Source::Category(codes, map))
            }
            _ => Err(Error::Internal(format!("column {:?} is of another kind than its feature", features[feature].name))),
        };
        columns.iter().enumerate().map(source).collect()
    }
}
