//! Rows that stand for more or less: hours watched, impressions shown, insured years.
//!
//! With a log link the expected target of a row is its exposure times `exp` of its offset times what the model says, so both enter as one
//! number that is added to the score: `ln(exposure) + offset`. The model itself says what is expected of an exposure of 1 and an offset of 0.

use crate::control::Control;
use crate::data::{ColumnData, RowHashes};
use crate::error::{Error, Result};
use crate::learn::train::Request;
use crate::learn::Target;

/// Check that the exposures of rows are above 0 and the offsets finite.
pub(super) fn check(request: &Request, rows: &[RowHashes]) -> Result<()> {
    let columns = [(request.exposure, true), (request.offset, false)];
    for (column, exposure) in columns.into_iter().filter_map(|(column, exposure)| Some((column?, exposure))) {
        let column = &request.table.columns[column];
        match &column.data {
            ColumnData::Number(values) => {
                rows.iter().try_for_each(|r| check_value(&column.name, exposure, values.get(r.row as usize)))?;
            }
            ColumnData::Category { .. } => {
                let what = if exposure { "exposure" } else { "offset" };
                return Err(Error::data(
                    format!("{what} column \"{}\" is not a number", column.name),
                    format!("Name a numeric column as \"{what}\"."),
                ));
            }
        }
    }
    Ok(())
}

/// Check an exposure, or an offset.
pub fn check_value(name: &str, exposure: bool, value: f64) -> Result<()> {
    if exposure && !(value > 0.0 && value.is_finite()) {
        return Err(Error::data(
            format!("exposure column \"{name}\" has a value that is missing, not above 0 or infinite"),
            "Leave such rows out in the source: nothing can be expected of them.",
        ));
    }
    if !exposure && !value.is_finite() {
        return Err(Error::data(
            format!("offset column \"{name}\" has a value that is missing or infinite"),
            "Give every row a finite offset; 0 adds nothing.",
        ));
    }
    Ok(())
}

/// What is added to the score of a row of this exposure and offset.
pub fn log_offset(exposure: Option<f64>, offset: Option<f64>) -> f64 {
    exposure.map_or(0.0, libm::log) + offset.unwrap_or(0.0)
}

/// What is added to the scores of rows; `None` without exposure and offset.
pub(super) fn offsets(request: &Request, rows: &[u32], control: &Control) -> Result<Option<Vec<f64>>> {
    if request.exposure.is_none() && request.offset.is_none() {
        return Ok(None);
    }
    let value = |column: Option<usize>, row: u32| match &request.table.columns[column?].data {
        ColumnData::Number(values) => Some(values.get(row as usize)),
        ColumnData::Category { .. } => None,
    };
    let mut offsets = control.vec(rows.len())?;
    offsets.extend(rows.iter().map(|&r| log_offset(value(request.exposure, r), value(request.offset, r))));
    Ok(Some(offsets))
}

/// Turn what a model says of rows into what is expected of them.
pub fn expect(scores: &mut [f64], offset: &[f64]) {
    scores.iter_mut().zip(offset).for_each(|(score, o)| *score *= libm::exp(*o));
}

/// The target for each unit of exposure, and the weight of such a rate: its exposure as a multiple of the mean, or, where that is more,
/// of the exposure in which one event is expected of `counts`. What is smoothed by some rows is smoothed by as many events at most.
pub(super) fn rates(
    target: &Target,
    counts: bool,
    weight: Option<&[f64]>,
    offset: &[f64],
    control: &Control,
) -> Result<(Target, Vec<f64>)> {
    let Target::Number(values) = target else {
        return Err(Error::Internal("classes have no exposure".into()));
    };
    // Multiples of the greatest first: the exponential of an offset may be beyond every number.
    let most = offset.iter().copied().fold(f64::MIN, f64::max);
    let share = |row: usize| libm::exp(offset[row] - most).max(f64::MIN_POSITIVE);
    let mean = (0..offset.len()).map(share).sum::<f64>() / offset.len().max(1) as f64;
    let events = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let unit = if counts && events > 1.0 && events.is_finite() { mean / events } else { mean };
    let mut rates = control.vec(values.len())?;
    let mut weights = control.vec(values.len())?;
    for (row, value) in values.iter().enumerate() {
        let times = share(row) / unit;
        rates.push((value / times).min(f64::MAX));
        weights.push(times * weight.map_or(1.0, |w| w[row]));
    }
    Ok((Target::Number(rates), weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_weigh_what_they_stand_for() {
        let offset = [1.0f64, 3.0, 8.0].map(libm::log);
        let target = Target::Number(vec![2.0, 3.0, 4.0]);
        // The mean exposure is 4, the mean count 3.
        for (counts, unit) in [(false, 4.0), (true, 4.0 / 3.0)] {
            let (rates, weights) =
                rates(&target, counts, Some(&[1.0, 2.0, 1.0]), &offset, &Control::default()).unwrap();
            let Target::Number(rates) = rates else { panic!("no rates") };
            let expected = [2.0, 1.0, 0.5].map(|r| r * unit).into_iter().chain([1.0, 6.0, 8.0].map(|w| w / unit));
            for (found, expected) in rates.iter().chain(&weights).zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
            }
        }
    }
}
