//! Sorting that can be stopped.

use std::cmp::Ordering;

use crate::control::Control;
use crate::error::Result;

/// Parts up to this length are sorted at one go: some milliseconds.
const PART: usize = 1 << 17;

/// And of a thread that sorts beside others, whose comparisons may take longer.
const PART_OF_THREAD: usize = 1 << 15;

/// Sort by `compare`, checking for cancellation every few milliseconds: parts are split at their median until they are small.
pub fn sort<T>(values: &mut [T], compare: impl Fn(&T, &T) -> Ordering, control: &Control) -> Result<()> {
    let mut parts = vec![values];
    while let Some(part) = parts.pop() {
        control.check()?;
        if part.len() <= PART {
            part.sort_unstable_by(&compare);
        } else {
            let middle = part.len() / 2;
            let (left, _, right) = part.select_nth_unstable_by(middle, &compare);
            parts.extend([left, right]);
        }
    }
    Ok(())
}

/// The same by all threads, of values of which no two are equal; so deep as the logarithm of their number.
pub fn par_sort<T: Send>(
    values: &mut [T],
    compare: &(impl Fn(&T, &T) -> Ordering + Sync),
    control: &Control,
) -> Result<()> {
    control.check()?;
    if values.len() <= PART_OF_THREAD {
        values.sort_unstable_by(compare);
        return Ok(());
    }
    let middle = values.len() / 2;
    let (left, _, right) = values.select_nth_unstable_by(middle, compare);
    let (a, b) = rayon::join(|| par_sort(left, compare, control), || par_sort(right, compare, control));
    a.and(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_slices_are_sorted() {
        let mut values: Vec<u64> = (0..500_000u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).collect();
        let mut expected = values.clone();
        expected.sort_unstable();
        sort(&mut values, u64::cmp, &Control::default()).unwrap();
        assert_eq!(values, expected);
        let control = Control::default();
        control.cancel();
        assert!(sort(&mut values, u64::cmp, &control).is_err());
    }
}
