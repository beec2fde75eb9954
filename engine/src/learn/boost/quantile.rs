//! Quantiles by selection, without sorting.

use std::cmp::Ordering;

use crate::control::Control;
use crate::error::Result;

/// The smallest value with at least the share `q` of the values at or below it; 0 where there is none. Reorders the values.
pub(super) fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let place = (q * values.len() as f64).ceil() as usize;
    let place = place.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

/// The same of values with weights; 0 where nothing weighs.
pub(super) fn weighted_quantile(values: &mut [(f64, f64)], q: f64, control: &Control) -> Result<f64> {
    let weight = |part: &[(f64, f64)]| part.iter().map(|v| v.1).sum::<f64>();
    let compare = |a: &(f64, f64), b: &(f64, f64)| -> Ordering { a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)) };
    let total = weight(values);
    if total.is_nan() || total <= 0.0 {
        return Ok(0.0);
    }
    let wanted = q * total;
    // The weight below the part at hand, and the largest value known to weigh.
    let (mut below, mut part) = (0.0, values);
    let mut last = None;
    while !part.is_empty() {
        control.check()?;
        let middle = part.len() / 2;
        let (left, pivot, right) = part.select_nth_unstable_by(middle, compare);
        let (value, own) = *pivot;
        let to_left = below + weight(left);
        if to_left >= wanted && to_left > 0.0 {
            part = left;
        } else if to_left + own >= wanted && to_left + own > 0.0 {
            return Ok(value);
        } else {
            below = to_left + own;
            last = Some(value);
            part = right;
        }
    }
    // Rounding may leave the last sum a little below what is wanted.
    Ok(last.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By sorting.
    fn plain(values: &[(f64, f64)], q: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = sorted.iter().map(|v| v.1).sum();
        let mut below = 0.0;
        for (value, weight) in sorted {
            below += weight;
            if below >= q * total && below > 0.0 {
                return value;
            }
        }
        0.0
    }

    proptest! {
        #[test]
        fn selecting_finds_what_sorting_finds(
            values in prop::collection::vec((-20i32..20, 0u8..4), 0..200),
            q in (1u8..=8).prop_map(|q| f64::from(q) / 8.0),
        ) {
            let mut weighted: Vec<(f64, f64)> = values.iter().map(|&(v, w)| (f64::from(v), f64::from(w))).collect();
            let mut even: Vec<f64> = weighted.iter().map(|v| v.0).collect();
            let ones: Vec<(f64, f64)> = even.iter().map(|&v| (v, 1.0)).collect();
            prop_assert_eq!(quantile(&mut even, q), plain(&ones, q));
            let expected = plain(&weighted, q);
            prop_assert_eq!(weighted_quantile(&mut weighted, q, &Control::default()).unwrap(), expected);
        }
    }
}
