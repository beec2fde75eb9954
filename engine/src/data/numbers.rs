//! A column of numbers that takes a byte a number while all are small and whole.

use super::Chunked;
use crate::control::Control;
use crate::error::Result;

/// Stands for a missing value among bytes.
const NO_BYTE: u8 = u8::MAX;

/// Numbers; NaN is missing. Truth values, hours and counts take a byte each, as long as nothing else comes.
#[derive(Debug)]
pub enum Numbers {
    /// Whole numbers from 0 to 254.
    Bytes(Chunked<u8>),
    /// Any numbers.
    Wide(Chunked<f64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Bytes(Chunked::default())
    }
}

/// The byte of a number; `None` where it is none.
#[inline]
fn byte(value: f64) -> Option<u8> {
    let byte = value as u8;
    if value.is_nan() {
        Some(NO_BYTE)
    } else if byte < NO_BYTE && f64::from(byte).to_bits() == value.to_bits() {
        Some(byte)
    } else {
        None
    }
}

#[inline]
fn number(byte: u8) -> f64 {
    if byte == NO_BYTE {
        f64::NAN
    } else {
        f64::from(byte)
    }
}

impl Numbers {
    /// Append a value. Memory is counted a chunk at a time.
    #[inline]
    pub fn push(&mut self, value: f64, control: &Control) -> Result<()> {
        match self {
            Numbers::Wide(values) => values.push(value, control),
            Numbers::Bytes(bytes) => match byte(value) {
                Some(byte) => bytes.push(byte, control),
                None => self.widen(value, control),
            },
        }
    }

    /// Go on with any numbers, `value` the next of them.
    #[cold]
    fn widen(&mut self, value: f64, control: &Control) -> Result<()> {
        if let Numbers::Bytes(bytes) = self {
            let mut values = Chunked::default();
            let copied = bytes.iter().try_for_each(|byte| values.push(number(byte), control));
            if let Err(error) = copied.and_then(|()| values.push(value, control)) {
                values.release(control);
                return Err(error);
            }
            bytes.release(control);
            *self = Numbers::Wide(values);
        }
        Ok(())
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Numbers::Bytes(bytes) => bytes.len(),
            Numbers::Wide(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `index`, which must be below [`Numbers::len`].
    #[inline]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Numbers::Bytes(bytes) => number(bytes.get(index)),
            Numbers::Wide(values) => values.get(index),
        }
    }

    /// Write the values at some indexes, each below [`Numbers::len`], one after the other, and have those that come next brought near meanwhile.
    pub fn gather(&self, indexes: &[u32], out: &mut [f64]) {
        match self {
            Numbers::Bytes(bytes) => bytes.gather(indexes, out, number),
            Numbers::Wide(values) => values.gather(indexes, out, |value| value),
        }
    }

    /// Write the values from `first` on, as many as there is room for; all below [`Numbers::len`].
    pub fn read(&self, first: usize, out: &mut [f64]) {
        match self {
            Numbers::Bytes(bytes) => bytes.read(first, out, number),
            Numbers::Wide(values) => values.read(first, out, |value| value),
        }
    }

    /// All values in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        let (bytes, values) = match self {
            Numbers::Bytes(bytes) => (Some(bytes), None),
            Numbers::Wide(values) => (None, Some(values)),
        };
        let bytes = bytes.into_iter().flat_map(|b| b.iter().map(number));
        bytes.chain(values.into_iter().flat_map(|v| v.iter()))
    }

    /// Drop the values and give their memory back to the budget.
    pub fn release(&mut self, control: &Control) {
        match self {
            Numbers::Bytes(bytes) => bytes.release(control),
            Numbers::Wide(values) => values.release(control),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::CHUNK;

    #[test]
    fn values_come_back_as_they_were() {
        let control = Control::default();
        let small = [0.0, 254.0, f64::NAN, 1.0];
        for odd in [255.0, -1.0, 0.5, -0.0, f64::INFINITY, 1e300] {
            let mut numbers = Numbers::default();
            let expected: Vec<f64> = small.iter().copied().cycle().take(CHUNK + 9).chain([odd, 3.0]).collect();
            expected[..CHUNK + 9].iter().for_each(|&v| numbers.push(v, &control).unwrap());
            assert!(matches!(numbers, Numbers::Bytes(_)));
            expected[CHUNK + 9..].iter().for_each(|&v| numbers.push(v, &control).unwrap());
            assert!(matches!(numbers, Numbers::Wide(_)));
            let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            assert!(numbers.iter().zip(&expected).all(|(a, &b)| same(a, b)) && numbers.len() == expected.len());
            assert!((0..expected.len()).all(|i| same(numbers.get(i), expected[i])));
            let mut some = vec![0.0; CHUNK];
            numbers.read(11, &mut some);
            assert!(some.iter().zip(&expected[11..]).all(|(a, &b)| same(*a, b)));
            numbers.release(&control);
            assert_eq!(control.used(), 0);
        }
    }
}
