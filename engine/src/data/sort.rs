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

/// The values of a byte.
const BYTES: usize = 1 << 8;

/// Sort numbers, of which none is NaN or a zero below zero: by their bytes from the last to the first, of which those that are the same in
/// all numbers are left out. Takes as much memory again for the while; where there is none, numbers are compared.
pub fn sort_numbers(numbers: &mut [f64], control: &Control) -> Result<()> {
    let Ok(mut room) = control.vec::<u64>(numbers.len()) else { return sort(numbers, f64::total_cmp, control) };
    let mut counts = [[0u32; BYTES]; 8];
    for part in numbers.chunks(PART) {
        control.check()?;
        for number in part {
            let bytes = ascending(number.to_bits()).to_le_bytes();
            counts.iter_mut().zip(bytes).for_each(|(counts, byte)| counts[usize::from(byte)] += 1);
        }
    }
    let all = numbers.len() as u32;
    let told: Vec<usize> = (0..8).filter(|&byte| counts[byte].iter().all(|&count| count < all)).collect();
    room.resize(numbers.len(), 0);
    let mut from: &mut [u64] = bytemuck::cast_slice_mut(numbers);
    from.iter_mut().for_each(|bits| *bits = ascending(*bits));
    let mut to: &mut [u64] = &mut room;
    for &byte in &told {
        let mut next = 0;
        let mut places = counts[byte].map(|count| {
            next += count;
            next - count
        });
        for part in from.chunks(PART) {
            control.check()?;
            for &bits in part {
                let place = &mut places[usize::from((bits >> (8 * byte)) as u8)];
                to[*place as usize] = bits;
                *place += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    if told.len() % 2 == 1 {
        to.copy_from_slice(from);
        std::mem::swap(&mut from, &mut to);
    }
    from.iter_mut().for_each(|bits| *bits = descended(*bits));
    control.release_vec(room);
    Ok(())
}

/// Bits that ascend with the number.
fn ascending(bits: u64) -> u64 {
    bits ^ (((bits as i64 >> 63) as u64) | 1 << 63)
}

/// Those of the number again.
fn descended(bits: u64) -> u64 {
    bits ^ (((!bits as i64 >> 63) as u64) | 1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_by_their_bytes() {
        let control = Control::default();
        let draw = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let any = (0..5000).map(|i| f64::from_bits(draw(i))).filter(|v| !v.is_nan());
        let ends = [f64::INFINITY, f64::NEG_INFINITY, 0.0, f64::MIN_POSITIVE, -f64::MIN_POSITIVE, 5e-324, f64::MAX];
        let whole: Vec<f64> = (0..5000).map(|i| f64::from((draw(i) >> 48) as u16)).collect();
        for values in [any.chain(ends).collect(), whole, vec![3.0; 9], Vec::new()] {
            let (mut own, mut expected): (Vec<f64>, Vec<f64>) = (values.clone(), values);
            expected.sort_by(f64::total_cmp);
            sort_numbers(&mut own, &control).unwrap();
            assert!(own.iter().map(|v| v.to_bits()).eq(expected.iter().map(|v| v.to_bits())));
            let mut own: Vec<f64> = expected.iter().rev().copied().collect();
            sort_numbers(&mut own, &Control::new(0)).unwrap();
            assert_eq!(own, expected);
        }
        assert_eq!(control.used(), 0);
    }

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
