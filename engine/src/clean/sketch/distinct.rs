//! How many different values there are.
//!
//! A set of hashes while they are few; beyond, HyperLogLog (<https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf>) with the estimator of
//! Ertl (<https://arxiv.org/abs/1702.01284>), which needs no table of corrections.

use allocator_api2::alloc::{Allocator, Global};
use allocator_api2::vec::Vec;

use super::{copied, damaged, filled, Reader, Writer};
use crate::error::Result;

const TAG: u8 = 0xD1;
/// The first size of the set of hashes.
const FIRST: usize = 16;
/// The precisions that bytes may have.
const PRECISIONS: std::ops::RangeInclusive<u8> = 6..=16;

/// Counts different values by their hashes. The same set of values gives the same count, whatever their order, split and repetition.
#[derive(Debug)]
pub struct Distinct<A: Allocator + Copy = Global> {
    allocator: A,
    precision: u8,
    /// Open addressing: 0 is an empty place, the hash 0 counts as 1.
    set: Vec<u64, A>,
    held: usize,
    /// A byte a register; empty while the set is exact.
    registers: Vec<u8, A>,
}

impl Distinct<Global> {
    /// A sketch of 2^`precision` registers in the ordinary memory: a standard error of 1.04 / sqrt(2^`precision`).
    pub fn new(precision: u8) -> Self {
        Distinct::new_in(precision, Global)
    }
}

impl<A: Allocator + Copy> Distinct<A> {
    /// The precision of the aggregates: 16,384 registers, a standard error of 0.8 %.
    pub const PRECISION: u8 = 14;

    /// A sketch in the memory of an allocator.
    pub fn new_in(precision: u8, allocator: A) -> Self {
        let precision = precision.clamp(*PRECISIONS.start(), *PRECISIONS.end());
        Distinct { allocator, precision, set: Vec::new_in(allocator), held: 0, registers: Vec::new_in(allocator) }
    }

    /// Hashes that are kept one by one: the set, half full, takes no more than twice the memory of the registers.
    fn most_held(&self) -> usize {
        (1 << self.precision) / 8
    }

    /// Whether [`Distinct::count`] is exact (but for two values with the same hash of 64 bits).
    pub fn is_exact(&self) -> bool {
        self.registers.is_empty()
    }

    /// Take a value by its hash.
    #[inline]
    pub fn insert(&mut self, hash: u64) -> Result<()> {
        // Before all else, so that it is the same value in a set and in registers.
        let hash = hash.max(1);
        if !self.registers.is_empty() {
            self.register(hash);
            return Ok(());
        }
        if self.held * 2 >= self.set.len() {
            if has(&self.set, hash) {
                return Ok(());
            }
            self.grow()?;
            if !self.registers.is_empty() {
                self.register(hash);
                return Ok(());
            }
        }
        self.held += usize::from(put(&mut self.set, hash));
        Ok(())
    }

    #[inline]
    fn register(&mut self, hash: u64) {
        let index = (hash >> (64 - self.precision)) as usize;
        let rank = (hash << self.precision | 1 << (self.precision - 1)).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut(index) {
            *register = (*register).max(rank);
        }
    }

    /// A set of twice the size, or registers instead of a set.
    #[cold]
    fn grow(&mut self) -> Result<()> {
        if self.held >= self.most_held() {
            return self.turn_dense();
        }
        let size = (self.set.len() * 2).max(FIRST);
        let mut larger = filled(size, 0, self.allocator)?;
        for &hash in self.set.iter().filter(|&&hash| hash != 0) {
            put(&mut larger, hash);
        }
        self.set = larger;
        Ok(())
    }

    fn turn_dense(&mut self) -> Result<()> {
        self.registers = filled(1 << self.precision, 0, self.allocator)?;
        let set = std::mem::replace(&mut self.set, Vec::new_in(self.allocator));
        set.iter().filter(|&&hash| hash != 0).for_each(|&hash| self.register(hash));
        self.held = 0;
        Ok(())
    }

    /// Take the values of another sketch of the same precision.
    pub fn merge<B: Allocator + Copy>(&mut self, other: &Distinct<B>) -> Result<()> {
        if self.precision != other.precision {
            return Err(damaged());
        }
        if other.is_exact() {
            return other.set.iter().filter(|&&hash| hash != 0).try_for_each(|&hash| self.insert(hash));
        }
        if self.is_exact() {
            self.turn_dense()?;
        }
        self.registers.iter_mut().zip(&other.registers).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
        Ok(())
    }

    /// The number of different values, an estimate unless [`Distinct::is_exact`].
    pub fn count(&self) -> u64 {
        match self.is_exact() {
            true => self.held as u64,
            false => self.estimate().round() as u64,
        }
    }

    fn estimate(&self) -> f64 {
        // At most 59 by the precisions there are, so that the histogram has a place for it.
        let most = 64 - self.precision as usize + 1;
        let mut histogram = [0u32; 66];
        for &register in &self.registers {
            histogram[usize::from(register).min(most)] += 1;
        }
        let m = self.registers.len() as f64;
        let mut z = m * tau(1.0 - f64::from(histogram[most]) / m);
        for &count in histogram[1..most].iter().rev() {
            z = 0.5 * (z + f64::from(count));
        }
        z += m * sigma(f64::from(histogram[0]) / m);
        m * m / (2.0 * std::f64::consts::LN_2 * z)
    }

    /// The state as bytes: the same set of values gives the same bytes.
    pub fn write(&self) -> Result<std::vec::Vec<u8>> {
        let mut out = Writer::new(TAG, self.held * 8 + self.registers.len())?;
        out.bytes(&[self.precision, u8::from(!self.is_exact())])?;
        out.bytes(&self.registers)?;
        let mut hashes: Vec<u64> = Vec::new();
        super::room(&mut hashes, self.held)?;
        hashes.extend(self.set.iter().copied().filter(|&hash| hash != 0));
        hashes.sort_unstable();
        hashes.iter().try_for_each(|&hash| out.word(hash))?;
        Ok(out.0)
    }

    /// The state of [`Distinct::write`]; any other bytes are an error.
    pub fn read(bytes: &[u8], allocator: A) -> Result<Self> {
        let mut from = Reader::new(TAG, bytes)?;
        let &[precision, dense] = from.bytes(2)? else { return Err(damaged()) };
        if !PRECISIONS.contains(&precision) || dense > 1 {
            return Err(damaged());
        }
        let mut sketch = Distinct::new_in(precision, allocator);
        if dense == 1 {
            let registers = from.bytes(1 << precision)?;
            if registers.iter().any(|&register| register > 64 - precision + 1) {
                return Err(damaged());
            }
            sketch.registers = copied(registers, allocator)?;
        } else {
            let count = from.0.len() / 8;
            if count > sketch.most_held() {
                return Err(damaged());
            }
            for hash in from.words(count)? {
                sketch.insert(hash)?;
            }
            if sketch.held != count {
                return Err(damaged());
            }
        }
        from.end()?;
        Ok(sketch)
    }
}

/// Put a hash into a set that has an empty place; whether it is new.
#[inline]
fn put(set: &mut [u64], hash: u64) -> bool {
    let mask = set.len().wrapping_sub(1);
    let mut at = hash as usize & mask;
    while let Some(place) = set.get_mut(at) {
        if *place == 0 {
            *place = hash;
            return true;
        }
        if *place == hash {
            return false;
        }
        at = (at + 1) & mask;
    }
    false
}

/// Whether a hash is in a set that has an empty place.
fn has(set: &[u64], hash: u64) -> bool {
    let mask = set.len().wrapping_sub(1);
    let mut at = hash as usize & mask;
    while let Some(&place) = set.get(at) {
        if place == 0 || place == hash {
            return place == hash;
        }
        at = (at + 1) & mask;
    }
    false
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::sketch::hash;
    use proptest::prelude::*;

    fn of(values: impl Iterator<Item = u64>) -> Distinct {
        let mut sketch = Distinct::new(14);
        values.for_each(|v| sketch.insert(hash(&v.to_le_bytes())).unwrap());
        sketch
    }

    #[test]
    fn small_counts_are_exact_and_large_ones_near() {
        for n in [0u64, 1, 2, 15, 16, 17, 1000, 2048] {
            let sketch = of((0..n).chain(0..n));
            assert!(sketch.is_exact());
            assert_eq!(sketch.count(), n);
        }
        for n in [2049u64, 5000, 20_000, 40_000, 100_000, 1_000_000, 5_000_000] {
            let sketch = of(0..n);
            assert!(!sketch.is_exact());
            let error = (sketch.count() as f64 / n as f64 - 1.0).abs();
            assert!(error < 0.03, "{n}: {error}");
        }
    }

    #[test]
    fn an_error_of_every_precision_is_as_promised() {
        for precision in 6..=16u8 {
            let mut square = 0.0;
            for round in 0..20u64 {
                let mut sketch = Distinct::new(precision);
                (0..50_000u64).for_each(|v| sketch.insert(hash(&(v + round * 1_000_000).to_le_bytes())).unwrap());
                square += (sketch.count() as f64 / 50_000.0 - 1.0).powi(2);
            }
            let promised = 1.04 / f64::from(1u32 << precision).sqrt();
            assert!((square / 20.0).sqrt() < 1.6 * promised, "{precision}");
        }
    }

    #[test]
    fn the_hash_zero_is_one_value_whenever_it_comes() {
        let (mut first, mut last) = (Distinct::new(6), Distinct::new(6));
        first.insert(0).unwrap();
        (1..5000u64)
            .for_each(|v| [&mut first, &mut last].into_iter().for_each(|s| s.insert(hash(&v.to_le_bytes())).unwrap()));
        last.insert(0).unwrap();
        assert_eq!(first.write().unwrap(), last.write().unwrap());
    }

    proptest! {
        #[test]
        fn order_and_split_do_not_matter(values in prop::collection::vec(0u64..5000, 0..6000), cut in 0usize..6000) {
            let whole = of(values.iter().copied());
            let cut = cut.min(values.len());
            let mut parts = of(values[cut..].iter().rev().copied());
            parts.merge(&of(values[..cut].iter().copied())).unwrap();
            prop_assert_eq!(whole.write().unwrap(), parts.write().unwrap());
            let again = Distinct::read(&whole.write().unwrap(), Global).unwrap();
            prop_assert_eq!(again.count(), whole.count());
            prop_assert_eq!(again.write().unwrap(), whole.write().unwrap());
        }

        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Distinct::read(&bytes, Global);
            if bytes.len() > 2 {
                bytes[..3].copy_from_slice(&[TAG, 14, 0]);
                let _ = Distinct::read(&bytes, Global);
            }
        }
    }

    #[test]
    fn damage_is_seen() {
        let bytes = of(0..100).write().unwrap();
        (0..bytes.len()).for_each(|end| {
            let cut = Distinct::read(&bytes[..end], Global);
            assert!(cut.is_err() || (end - 3) % 8 == 0);
        });
        let mut dense = of(0..10_000).write().unwrap();
        dense[10] = 60;
        assert!(Distinct::read(&dense, Global).is_err());
        assert!(Distinct::<Global>::new(12).merge(&of(0..3)).is_err());
    }
}
