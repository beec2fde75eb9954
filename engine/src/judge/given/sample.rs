//! The rows of a table that a model reads, and a sample of them that does not depend on their order.

use super::Given;
use crate::control::Control;
use crate::data::{canonical_order, mix, ColumnData, RowHashes, Table, MISSING};
use crate::error::Result;

/// Rows between two looks for a cancel.
const CHECK: usize = 1024;

/// The columns of a table that a model reads.
#[derive(Debug)]
pub struct Source<'a> {
    /// The table.
    pub table: &'a Table,
    /// By argument of the model, its first column of the table and their number: more than one for an array.
    pub places: Vec<(usize, usize)>,
    /// The column of weights.
    pub weight: Option<usize>,
}

impl Source<'_> {
    /// The value of a column in a row.
    pub fn value(&self, argument: usize, row: usize) -> Given {
        let Some(&(first, count)) = self.places.get(argument) else { return Given::Missing };
        let columns = self.table.columns.get(first..first + count).unwrap_or(&[]);
        let [column] = columns else {
            let number = |data: &ColumnData| match data {
                ColumnData::Number(values) => values.get(row),
                ColumnData::Category { .. } => f64::NAN,
            };
            return Given::Array(columns.iter().map(|column| number(&column.data)).collect());
        };
        match &column.data {
            ColumnData::Number(values) => Given::number(values.get(row)),
            ColumnData::Category { codes, dictionary } => match codes.get(row) {
                MISSING => Given::Missing,
                code => Given::text(dictionary.text(code)),
            },
        }
    }

    /// A row.
    pub fn row(&self, row: usize) -> Vec<Given> {
        (0..self.places.len()).map(|argument| self.value(argument, row)).collect()
    }

    /// The weight of a row.
    fn weight(&self, row: usize) -> Option<f64> {
        match &self.table.columns.get(self.weight?)?.data {
            ColumnData::Number(values) => Some(values.get(row)),
            ColumnData::Category { .. } => None,
        }
    }
}

/// Rows drawn from a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// The rows, a value for each argument of the model.
    pub rows: Vec<Vec<Given>>,
    /// Their weights; `None` where all weigh the same.
    pub weights: Option<Vec<f64>>,
}

impl Sample {
    /// Draw at most so many rows, each with the same chance, by a hash of what they say: the same ones in whatever order they are.
    pub fn draw(source: &Source<'_>, most: usize, control: &Control) -> Result<Sample> {
        let features: Vec<usize> = source.places.iter().flat_map(|&(first, count)| first..first + count).collect();
        let rest: Vec<usize> = source.weight.into_iter().collect();
        let mut order = canonical_order(source.table, &features, &rest, &|_| 0, control)?;
        // Rows that say the same are told apart by their number, else they would be drawn all or none.
        let (mut before, mut copy) = (None, 0u64);
        for (i, row) in order.iter_mut().enumerate() {
            if i % CHECK == 0 {
                control.check()?;
            }
            let own = (row.features, row.rest);
            copy = if before == Some(own) { copy + 1 } else { 0 };
            before = Some(own);
            row.features = mix(mix(own.0, own.1), copy);
        }
        if order.len() > most {
            order.select_nth_unstable(most);
            order.truncate(most);
        }
        order.sort_unstable();
        let sample = Sample::of(source, &order, control);
        control.release_vec(order);
        sample
    }

    fn of(source: &Source<'_>, order: &[RowHashes], control: &Control) -> Result<Sample> {
        let mut rows = control.vec(order.len())?;
        let mut weights = control.vec(if source.weight.is_some() { order.len() } else { 0 })?;
        for (i, hashes) in order.iter().enumerate() {
            if i % CHECK == 0 {
                control.check()?;
            }
            let row = source.row(hashes.row as usize);
            control.reserve(row.len() * size_of::<Given>() + row.iter().map(Given::bytes).sum::<usize>())?;
            rows.push(row);
            weights.extend(source.weight(hashes.row as usize));
        }
        let weights = (weights.len() == rows.len() && !rows.is_empty()).then_some(weights);
        Ok(Sample { rows, weights })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    #[test]
    fn a_sample_does_not_depend_on_the_order_and_takes_its_share_of_copies() {
        let control = Control::default();
        let draw = |values: &[f64]| {
            let table = Table {
                rows: values.len(),
                columns: vec![Column::from_numbers("a", values, &control).expect("memory")],
            };
            let source = Source { table: &table, places: vec![(0, 1)], weight: None };
            Sample::draw(&source, 300, &control).expect("memory")
        };
        let values: Vec<f64> = (0..3000).map(|i| f64::from(i % 3)).collect();
        let mut turned = values.clone();
        turned.reverse();
        let sample = draw(&values);
        assert_eq!(sample, draw(&turned));
        assert_eq!(sample.rows.len(), 300);
        let ones = sample.rows.iter().filter(|row| row[0] == Given::Number(1.0)).count();
        assert!((60..140).contains(&ones), "{ones}");
        assert_eq!(draw(&values[..200]).rows.len(), 200);
    }
}
