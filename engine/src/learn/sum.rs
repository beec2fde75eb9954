//! Sums over rows by chunks that are added up in their order, so that threads change nothing.

use std::ops::Range;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;

/// The sum of a term over rows.
pub fn sum(rows: Range<usize>, control: &Control, term: impl Fn(usize) -> f64 + Sync) -> Result<f64> {
    sums(rows, control, |part| [part.map(&term).sum()]).map(|[sum]| sum)
}

/// Several sums at once, where those of a chunk are made by `part`.
pub fn sums<const N: usize>(
    rows: Range<usize>,
    control: &Control,
    part: impl Fn(Range<usize>) -> [f64; N] + Sync,
) -> Result<[f64; N]> {
    let chunk = |c: usize| {
        control.check()?;
        let start = rows.start + c * CHUNK;
        Ok(part(start..(start + CHUNK).min(rows.end)))
    };
    let parts: Result<Vec<[f64; N]>> = (0..rows.len().div_ceil(CHUNK)).into_par_iter().map(chunk).collect();
    let mut total = [0.0; N];
    parts?.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
    Ok(total)
}
