//! The parts of a date or timestamp as features of their own. The value itself is the trend; what comes back every day, week or year a tree
//! could not cut out of it.

use super::bin::{BinParams, Binned};
use super::few;
use crate::control::Control;
use crate::data::{Numbers, MISSING};
use crate::error::Result;
use crate::model::{DatePart, Encoding, InputKind};

/// Bin the parts of a column of dates or timestamps. What is the same in all training rows is no feature: timestamps at midnight only have
/// no hour.
pub fn bin(
    values: &Numbers,
    kind: InputKind,
    train: &[u32],
    held: &[u32],
    params: &BinParams,
    control: &Control,
) -> Result<Vec<(DatePart, Binned)>> {
    let mut parts = Vec::new();
    for part in DatePart::ALL {
        let numbers: Vec<f64> = (0..part.end()).map(f64::from).collect();
        let place = |row: u32| match part.of(kind, values.get(row as usize)) {
            v if v.is_nan() => MISSING,
            v => v as u32,
        };
        if let Some(mut binned) = few::bin(&numbers, &place, train, held, params, control)? {
            binned.encoding = Encoding::Part(part);
            parts.push((part, binned));
        }
    }
    Ok(parts)
}
