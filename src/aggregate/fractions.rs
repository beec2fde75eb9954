//! The fractions that quantiles are asked for: the inside of a `double precision[]` as the server lays it out.

use pgrx::pg_sys::{self, Datum};

use super::state::damaged;
use crate::error::{Failure, Result};

/// The most fractions of one call: more would take longer than their rows, and the state of every group holds them.
const MOST: usize = 10_000;
/// The most dimensions of an array.
const MOST_DIMENSIONS: usize = 6;
/// The bytes before those that are given: the length that every such value begins with.
const LENGTH: usize = 4;

/// An array taken apart.
pub struct Array {
    /// The sizes of the dimensions, then their lower bounds.
    sizes: Vec<i32>,
    /// The fractions; `None` is NULL.
    pub fractions: Vec<Option<f64>>,
}

impl Array {
    /// Read the inside of an array. Bytes that are none are an error, as they may come from a state.
    pub fn read(bytes: &[u8]) -> Result<Array> {
        let word = |i: usize| bytes.get(4 * i..4 * i + 4)?.try_into().ok().map(i32::from_ne_bytes);
        let head = || Some((usize::try_from(word(0)?).ok()?, word(1)?, word(2)?));
        let (dimensions, offset, element) = head().ok_or_else(damaged)?;
        if dimensions > MOST_DIMENSIONS || element as u32 != pg_sys::FLOAT8OID.to_u32() {
            return Err(damaged());
        }
        let sizes: Option<Vec<i32>> = (3..3 + 2 * dimensions).map(word).collect();
        let sizes = sizes.ok_or_else(damaged)?;
        let product = |n: usize, size: &i32| n.checked_mul(usize::try_from(*size).ok()?);
        let count = match dimensions {
            0 => 0,
            _ => sizes.iter().take(dimensions).try_fold(1, product).ok_or_else(damaged)?,
        };
        if count > MOST {
            return Err(Failure::argument(format!("more than {MOST} fractions")).hint("Ask for them in several calls."));
        }
        let fractions = fractions(bytes, 12 + 8 * dimensions, count, offset).ok_or_else(damaged)?;
        Ok(Array { sizes, fractions })
    }

    /// An array of the same shape, NULL where a NULL was asked for, as of `percentile_cont`.
    pub fn shaped(mut self, values: &[f64]) -> Datum {
        let mut nulls: Vec<bool> = self.fractions.iter().map(Option::is_none).collect();
        let mut values: Vec<Datum> = values.iter().map(|value| Datum::from(value.to_bits() as usize)).collect();
        values.resize(nulls.len(), Datum::from(0usize));
        let dimensions = self.sizes.len() / 2;
        let (sizes, bounds) = self.sizes.split_at_mut(dimensions);
        // SAFETY: values and nulls are as many as the sizes say, which were read with them; the server copies all. Main thread.
        let array = unsafe {
            pg_sys::construct_md_array(
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
                dimensions as i32,
                sizes.as_mut_ptr(),
                bounds.as_mut_ptr(),
                pg_sys::FLOAT8OID,
                8,
                true,
                b'd' as std::ffi::c_char,
            )
        };
        Datum::from(array as usize)
    }
}

/// The elements: behind a bit for each where there are NULLs, and aligned to eight bytes.
fn fractions(bytes: &[u8], start: usize, count: usize, offset: i32) -> Option<Vec<Option<f64>>> {
    let bits = match offset {
        0 => None,
        _ => Some(bytes.get(start..start + count.div_ceil(8))?),
    };
    let first = (LENGTH + start + bits.map_or(0, <[u8]>::len)).next_multiple_of(8);
    if bits.is_some() && usize::try_from(offset) != Ok(first) {
        return None;
    }
    let (words, rest) = bytes.get(first - LENGTH..)?.as_chunks::<8>();
    let mut words = words.iter();
    let is_there = |i: usize| bits.is_none_or(|bits| bits.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1));
    let read = |i: usize| match is_there(i) {
        true => words.next().map(|word| Some(f64::from_ne_bytes(*word))),
        false => Some(None),
    };
    let fractions = (0..count).map(read).collect::<Option<Vec<_>>>()?;
    (words.next().is_none() && rest.is_empty()).then_some(fractions)
}
