//! A small generator whose numbers are the same everywhere and for ever.

use crate::data::mix;

/// A stream of numbers that a seed fixes (wyrand).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// One of the streams of a seed: of a tree, a start, a row. No stream is a part of another.
    pub fn new(seed: u64, stream: u64) -> Random {
        Random(mix(seed ^ 0xc0ac_29b7_c97c_50dd, stream))
    }

    /// Any 64 bits.
    #[inline]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        mix(self.0, self.0 ^ 0xe703_7ed1_a0b4_28db)
    }

    /// From 0 to below `end`, which is at least 1. (The bias, below `end / 2^32`, is nothing here.)
    #[inline]
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// Put what is there into an order drawn from all (Fisher, Yates).
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }

    /// From 0 to below 1.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
