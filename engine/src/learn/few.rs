//! Binning of numbers that can only be one of a few: parts of dates, counts of a word. They are counted, not sorted.

use super::bin::{self, BinKind, BinParams, Binned, BinnedFeature};
use crate::control::Control;
use crate::data::{CHUNK, MISSING};
use crate::error::Result;
use crate::model::{Encoding, FeatureStats};

/// Bin a number that is one of `values`, which ascend: `place` says which, or [`MISSING`], of what is given of each row. `None` where the
/// training rows have no two of them.
///
/// The encoding is that of a plain number; the caller knows better.
pub fn bin<T: Copy>(
    values: &[f64],
    place: &impl Fn(T) -> u32,
    train: &[T],
    held: &[T],
    params: &BinParams,
    control: &Control,
) -> Result<Option<Binned>> {
    let mut counts = control.vec(values.len())?;
    counts.resize(values.len(), 0u64);
    let mut missing_rows = 0u64;
    for part in train.chunks(CHUNK) {
        control.check()?;
        for &r in part {
            match counts.get_mut(place(r) as usize) {
                Some(count) => *count += 1,
                None => missing_rows += 1,
            }
        }
    }
    let seen = counts.iter().filter(|&&n| n > 0).count();
    if seen < 2 {
        control.release_vec(counts);
        return Ok(None);
    }
    let value = |r: T| values.get(place(r) as usize).copied().unwrap_or(f64::NAN);
    if seen > params.max_bins.clamp(2, bin::MOST_BINS) || params.min_group > 1 {
        control.release_vec(counts);
        return bin::bin_numbers(&value, train, held, params, control).map(Some);
    }
    let mut bin_of = control.vec(values.len())?;
    let mut low = Vec::with_capacity(seen);
    for (&v, &n) in values.iter().zip(&counts) {
        bin_of.push(if n > 0 { low.len() as u32 } else { MISSING });
        if n > 0 {
            low.push(v);
        }
    }
    let missing = seen as u32;
    let code = |r: T| bin_of.get(place(r) as usize).map_or(missing, |&b| b);
    let codes = bin::codes(train, seen + 1, code, control)?;
    let mut held_values = control.vec(held.len())?;
    held_values.extend(held.iter().map(|&r| value(r)));
    let stats = stats(values, &counts, missing_rows);
    control.release_vec(counts);
    control.release_vec(bin_of);
    let feature = BinnedFeature { codes, kind: BinKind::Number { high: low.clone(), low } };
    Ok(Some(Binned { feature, encoding: Encoding::Number, stats, held: held_values }))
}

fn stats(values: &[f64], counts: &[u64], missing: u64) -> FeatureStats {
    let seen = || values.iter().zip(counts).filter(|(_, &n)| n > 0).map(|(&v, &n)| (v, n as f64));
    let rows: f64 = seen().map(|(_, n)| n).sum();
    let mean = seen().map(|(v, n)| v * n).sum::<f64>() / rows;
    let squares: f64 = seen().map(|(v, n)| (v - mean) * (v - mean) * n).sum();
    FeatureStats {
        missing,
        minimum: seen().next().map_or(0.0, |s| s.0),
        maximum: seen().next_back().map_or(0.0, |s| s.0),
        mean,
        stddev: (squares / rows).sqrt(),
        ..FeatureStats::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::bin::Codes;
    use proptest::prelude::*;

    fn codes(codes: &Codes) -> Vec<u32> {
        match codes {
            Codes::U8(c) => c.iter().map(|&c| c.into()).collect(),
            Codes::U16(c) => c.iter().map(|&c| c.into()).collect(),
            Codes::U32(c) => c.clone(),
        }
    }

    proptest! {
        /// Counting bins as sorting does.
        #[test]
        fn few_numbers_are_binned_as_any_numbers(
            cells in prop::collection::vec(0u32..9, 1..200),
            max_bins in 2usize..12,
        ) {
            let values = [-2.5, 0.0, 1.0, 2.0, 3.5, 10.0, 11.0, 1e9];
            let params = BinParams { max_bins, min_category_rows: 1, min_group: 1 };
            let place = |r: u32| if cells[r as usize] == 8 { MISSING } else { cells[r as usize] };
            let value = |r: u32| values.get(place(r) as usize).copied().unwrap_or(f64::NAN);
            let train: Vec<u32> = (0..cells.len() as u32 / 2 + 1).collect();
            let held: Vec<u32> = (cells.len() as u32 / 2 + 1..cells.len() as u32).collect();
            let control = Control::default();
            let usual = bin::bin_numbers(&value, &train, &held, &params, &control).unwrap();
            let before = control.used();
            match bin(&values, &place, &train, &held, &params, &control).unwrap() {
                None => {
                    prop_assert!(usual.feature.bins() <= 2);
                    prop_assert_eq!(control.used(), before);
                }
                Some(few) => {
                    prop_assert_eq!(codes(&few.feature.codes), codes(&usual.feature.codes));
                    prop_assert_eq!(few.feature.bins(), usual.feature.bins());
                    prop_assert_eq!(few.held.len(), usual.held.len());
                    let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
                    prop_assert!(few.held.iter().zip(&usual.held).all(same));
                    let (a, b) = (few.stats, usual.stats);
                    prop_assert_eq!((a.missing, a.minimum, a.maximum), (b.missing, b.minimum, b.maximum));
                    prop_assert!((a.mean - b.mean).abs() <= 1e-6 * b.mean.abs().max(1.0));
                    prop_assert!((a.stddev - b.stddev).abs() <= 1e-6 * b.stddev.max(1.0));
                }
            }
        }
    }
}
