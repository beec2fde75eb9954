//! The parts of a date or timestamp as features of their own. The value itself is the trend; what comes back every day, week or year a tree
//! could not cut out of it.

use super::bin::{self, BinParams, Binned};
use super::few;
use crate::control::Control;
use crate::data::{Column, ColumnData, CHUNK, MISSING};
use crate::error::{Error, Result};
use crate::model::{DatePart, Encoding, InputKind};

/// Bin a column of dates or timestamps and its parts. What is the same in all training rows is no part: timestamps at midnight only have
/// no hour.
pub fn bin(
    column: &Column,
    kind: InputKind,
    train: &[u32],
    held: &[u32],
    params: &BinParams,
    control: &Control,
) -> Result<(Binned, Vec<(DatePart, Binned)>)> {
    let ColumnData::Number(values) = &column.data else {
        return Err(Error::Internal("a moment is not a number".into()));
    };
    // Rows are far from each other in the column, so they are fetched once for all parts.
    let fetch = |rows: &[u32]| {
        let mut fetched = control.vec(rows.len())?;
        for part in rows.chunks(CHUNK) {
            control.check()?;
            fetched.extend(part.iter().map(|&r| values.get(r as usize)));
        }
        Ok::<Vec<f64>, Error>(fetched)
    };
    let (train, held) = (fetch(train)?, fetch(held)?);
    let whole = bin::bin_numbers(&|v: f64| v, &train, &held, params, control)?;
    let mut parts = Vec::new();
    for part in DatePart::ALL {
        let numbers: Vec<f64> = (0..part.end()).map(f64::from).collect();
        let place = |moment: f64| match part.of(kind, moment) {
            v if v.is_nan() => MISSING,
            v => v as u32,
        };
        if let Some(mut binned) = few::bin(&numbers, &place, &train, &held, params, control)? {
            binned.encoding = Encoding::Part(part);
            parts.push((part, binned));
        }
    }
    control.release_vec(train);
    control.release_vec(held);
    Ok((whole, parts))
}
