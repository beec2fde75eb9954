//! The canonical row order: a function of what the rows say, not of when they arrive.
//!
//! Rows are sorted by a 64-bit hash of their features and then by a 64-bit hash of the rest (target, weight, time, groups).
//! Rows equal in both are equal in content but for a chance of about `rows^2 / 2^129`, so their order cannot matter.

use rayon::prelude::*;

use super::{Column, ColumnData, Table, CHUNK, MISSING};
use crate::control::Control;
use crate::error::{Error, Result};

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
    let hash = |columns: &[usize], first: usize, hashes: &mut [u64]| {
        for (position, &column) in columns.iter().enumerate() {
            fold_column(&table.columns[column], position, first, hashes);
        }
    };
    rows.par_chunks_mut(CHUNK).try_for_each(|rows| {
        control.check()?;
        for rows in rows.chunks_mut(NEAR) {
            let first = rows.first().map_or(0, |row| row.row as usize);
            let (mut own, mut others) = ([0; NEAR], [0; NEAR]);
            hash(features, first, &mut own[..rows.len()]);
            hash(rest, first, &mut others[..rows.len()]);
            rows.iter_mut().zip(own).zip(others).for_each(|((row, own), others)| {
                (row.features, row.rest) = (own, others);
            });
        }
        Ok::<(), Error>(())
    })?;
    sort_rows(&mut rows, control)?;
    Ok(rows)
}

/// Rows whose hashes are worked out together.
const NEAR: usize = 1024;

/// Fold the values of a column from a row on into as many hashes.
fn fold_column(column: &Column, position: usize, first: usize, hashes: &mut [u64]) {
    let salt = mix(position as u64, 0xa409_3822_299f_31d0);
    match &column.data {
        ColumnData::Number(values) => {
            let mut numbers = [0.0; NEAR];
            values.read(first, &mut numbers[..hashes.len()]);
            hashes.iter_mut().zip(numbers).for_each(|(hash, v)| *hash = mix(*hash ^ salt, number_hash(v)));
        }
        ColumnData::Category { codes, dictionary } => {
            let mut values = [0; NEAR];
            let of = |code| if code == MISSING { u64::MAX } else { dictionary.hash(code) };
            codes.read(first, &mut values[..hashes.len()], of);
            hashes.iter_mut().zip(values).for_each(|(hash, v)| *hash = mix(*hash ^ salt, v));
        }
    }
}

/// Rows that are as soon compared with each other as brought apart, and the most groups that they are brought apart to.
const FEW: usize = 512;
const MOST_GROUPS: usize = 1 << 12;

/// Sort rows: first by the first bits of their hashes, in place, as these say of most rows where they belong; then each group by itself.
fn sort_rows(rows: &mut [RowHashes], control: &Control) -> Result<()> {
    let bits = (rows.len() / FEW).clamp(1, MOST_GROUPS).ilog2();
    let group = |row: &RowHashes| (row.features.checked_shr(u64::BITS - bits).unwrap_or(0)) as usize;
    let mut counts = vec![0usize; 1 << bits];
    for part in rows.chunks(CHUNK) {
        control.check()?;
        part.iter().for_each(|row| counts[group(row)] += 1);
    }
    let mut end = 0;
    let end_of = |count: &usize| {
        end += count;
        end
    };
    let ends: Vec<usize> = counts.iter().map(end_of).collect();
    let mut next: Vec<usize> = ends.iter().zip(&counts).map(|(end, count)| end - count).collect();
    let mut moved = 0usize;
    for (own, &end) in ends.iter().enumerate() {
        while next[own] < end {
            moved += 1;
            if moved.is_multiple_of(CHUNK) {
                control.check()?;
            }
            let at = next[own];
            let to = group(&rows[at]);
            rows.swap(at, next[to]);
            next[to] += 1;
        }
    }
    let mut groups: Vec<&mut [RowHashes]> = Vec::with_capacity(counts.len());
    let mut left = rows;
    for count in counts {
        let (group, rest) = left.split_at_mut(count);
        groups.push(group);
        left = rest;
    }
    groups.into_par_iter().try_for_each(|group| super::par_sort(group, &RowHashes::cmp, control))
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

    #[test]
    fn rows_are_sorted_whatever_their_hashes() {
        let control = Control::default();
        let draw = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hashes: [fn(u64) -> u64; 4] = [|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15), |i| (i % 3) << 62, |i| i, |_| 0];
        for (hash, n) in hashes.into_iter().flat_map(|hash| [0, 1, 700, 3000, 100_000].map(|n| (hash, n))) {
            let row = |i: u32| RowHashes { features: hash(i.into()), rest: draw(i.into()) % 5, row: i, class: 0 };
            let mut rows: Vec<RowHashes> = (0..n).map(row).collect();
            let mut expected = rows.clone();
            expected.sort_unstable();
            sort_rows(&mut rows, &control).unwrap();
            assert!(rows == expected);
        }
    }
}
