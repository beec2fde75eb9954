//! The canonical row order: a function of what the rows say, not of when they arrive.
//!
//! Rows are sorted by a 64-bit hash of their features and then by a 64-bit hash of the rest (target, weight, time, groups).
//! Rows equal in both are equal in content but for a chance of about `rows^2 / 2^129`, so their order cannot matter.

use super::{ColumnData, Table, CHUNK, MISSING};
use crate::control::Control;
use crate::error::Result;

/// The hashes of one row, and where the row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowHashes {
    /// Hash of the features.
    pub features: u64,
    /// Hash of every other column; [`super::split`] overwrites it by the row's place in the draw.
    pub rest: u64,
    /// The row's index in order of arrival.
    pub row: u32,
    /// The row's class, 0 for a regression; [`UNKNOWN`] where the target is missing.
    pub class: u32,
}

/// The class of a row whose target is missing.
pub const UNKNOWN: u32 = u32::MAX;

/// Fold two words into one (the multiply-and-fold of wyhash; the constants are the fractional digits of pi).
#[inline]
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x243f_6a88_85a3_08d3) * u128::from(b ^ 0x1319_8a2e_0370_7344);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a number: all NaN are one value, and so are the two zeros.
#[inline]
pub(super) fn number_hash(v: f64) -> u64 {
    if v.is_nan() {
        u64::MAX
    } else {
        (v + 0.0).to_bits()
    }
}

/// The rows of `table` in canonical order. `features` and `rest` are column indexes; `class` gives the class of a row.
///
/// Takes 24 bytes a row, counted against `control`; the caller releases them with [`Control::release_vec`].
pub fn canonical_order(
    table: &Table,
    features: &[usize],
    rest: &[usize],
    class: &dyn Fn(u32) -> u32,
    control: &Control,
) -> Result<Vec<RowHashes>> {
    let mut rows: Vec<RowHashes> = control.vec(table.rows)?;
    rows.extend((0..table.rows as u32).map(|row| RowHashes { features: 0, rest: 0, row, class: class(row) }));
    for (position, &column) in features.iter().enumerate() {
        control.check()?;
        fold_column(table, column, position, &mut rows, |r| &mut r.features, control)?;
    }
    for (position, &column) in rest.iter().enumerate() {
        control.check()?;
        fold_column(table, column, position, &mut rows, |r| &mut r.rest, control)?;
    }
    control.check()?;
    super::sort(&mut rows, RowHashes::cmp, control)?;
    Ok(rows)
}

fn fold_column(
    table: &Table,
    column: usize,
    position: usize,
    rows: &mut [RowHashes],
    slot: impl Fn(&mut RowHashes) -> &mut u64,
    control: &Control,
) -> Result<()> {
    let salt = mix(position as u64, 0xa409_3822_299f_31d0);
    let mut fold = |values: &mut dyn Iterator<Item = u64>| {
        for part in rows.chunks_mut(CHUNK) {
            control.check()?;
            for (row, value) in part.iter_mut().zip(&mut *values) {
                let h = slot(row);
                *h = mix(*h ^ salt, value);
            }
        }
        Ok(())
    };
    match &table.columns[column].data {
        ColumnData::Number(values) => fold(&mut values.iter().map(number_hash)),
        ColumnData::Category { codes, dictionary } => {
            fold(&mut codes.iter().map(|code| if code == MISSING { u64::MAX } else { dictionary.hash(code) }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    #[test]
    fn the_order_does_not_depend_on_arrival() {
        let control = Control::default();
        let read = |rows: &[(f64, Option<&'static str>, f64)]| {
            let numbers: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let texts: Vec<Option<&str>> = rows.iter().map(|r| r.1).collect();
            let target: Vec<f64> = rows.iter().map(|r| r.2).collect();
            let table = Table {
                rows: rows.len(),
                columns: vec![
                    Column::from_numbers("a", &numbers, &control).unwrap(),
                    Column::from_texts("b", &texts, &control).unwrap(),
                    Column::from_numbers("y", &target, &control).unwrap(),
                ],
            };
            let order = canonical_order(&table, &[0, 1], &[2], &|_| 0, &control).unwrap();
            order.iter().map(|r| rows[r.row as usize]).collect::<Vec<_>>()
        };
        let rows: Vec<(f64, Option<&'static str>, f64)> =
            (0..500).map(|i| ((i % 7) as f64, [None, Some("x"), Some("")][i % 3], (i % 2) as f64)).collect();
        let mut shuffled = rows.clone();
        shuffled.reverse();
        shuffled.swap(3, 400);
        assert_eq!(read(&rows), read(&shuffled));
    }
}
