//! Quantiles of a stream, without chance.
//!
//! Levels of buffers: a value on level h stands for 2^h. A full buffer is sorted and every second value goes up a level, the odd and the
//! even ones by turns (Munro and Paterson 1980; Manku, Rajagopalan and Lindsay 1998, <https://doi.org/10.1145/276304.276342>). A halving on level h
//! moves a rank by at most 2^h, and there are at most n / (k 2^h) of them, so after n values all ranks are right within
//! n * levels / k: for k = 2048 below 1 % up to a billion values, in any order and any split. In practice errors cancel, and it is
//! hundredths of a percent.

use allocator_api2::alloc::{Allocator, Global};
use allocator_api2::vec::Vec;

use super::{damaged, no_memory, room, Ranks, Reader, Writer};
use crate::error::Result;

const TAG: u8 = 0x91;
/// The first size of a buffer.
const FIRST: usize = 16;
/// Levels that 2^64 values could need.
const MOST_LEVELS: usize = 64;
/// The sizes of a buffer that bytes may have.
const SIZES: std::ops::RangeInclusive<usize> = 8..=1 << 16;

/// A number as an integer of the same order: NaN, of which there is one, comes last, as in PostgreSQL; the two zeros are one.
#[inline]
fn key(value: f64) -> u64 {
    let bits = if value.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { (value + 0.0).to_bits() };
    bits ^ ((bits as i64 >> 63) as u64 | 1 << 63)
}

/// The number of a key.
#[inline]
fn value(key: u64) -> f64 {
    f64::from_bits(key ^ (!(key as i64 >> 63) as u64 | 1 << 63))
}

/// One level: at most `k` keys, each standing for a power of two of values.
#[derive(Debug)]
struct Level<A: Allocator> {
    keys: Vec<u64, A>,
    /// Whether the next halving takes the second of each pair.
    second: bool,
}

/// Numbers by rank.
#[derive(Debug)]
pub struct Quantiles<A: Allocator + Copy = Global> {
    allocator: A,
    k: usize,
    count: u64,
    minimum: u64,
    maximum: u64,
    levels: Vec<Level<A>, A>,
}

impl Quantiles<Global> {
    /// A sketch with buffers of `k` values in the ordinary memory.
    pub fn new(k: usize) -> Self {
        Quantiles::new_in(k, Global)
    }
}

impl<A: Allocator + Copy> Quantiles<A> {
    /// The buffers of the aggregates.
    pub const K: usize = 2048;

    /// A sketch in the memory of an allocator.
    pub fn new_in(k: usize, allocator: A) -> Self {
        let k = k.clamp(*SIZES.start(), *SIZES.end());
        Quantiles { allocator, k, count: 0, minimum: u64::MAX, maximum: 0, levels: Vec::new_in(allocator) }
    }

    /// The number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether all values are still there, so that every quantile is exact.
    pub fn is_exact(&self) -> bool {
        self.levels.len() <= 1
    }

    /// Take a value.
    #[inline]
    pub fn insert(&mut self, value: f64) -> Result<()> {
        let key = key(value);
        let k = self.k;
        match self.levels.first_mut() {
            Some(level) if level.keys.len() < level.keys.capacity().min(k) => level.keys.push(key),
            _ => self.insert_slowly(key)?,
        }
        self.minimum = self.minimum.min(key);
        self.maximum = self.maximum.max(key);
        self.count += 1;
        Ok(())
    }

    #[cold]
    fn insert_slowly(&mut self, key: u64) -> Result<()> {
        if self.levels.is_empty() {
            self.add_level()?;
        }
        let full = self.levels.first().is_some_and(|level| level.keys.len() >= self.k);
        if full {
            self.settle()?;
        }
        let k = self.k;
        if let Some(level) = self.levels.first_mut() {
            if level.keys.len() == level.keys.capacity() {
                let more = level.keys.len().max(FIRST).min(k - level.keys.len().min(k - 1));
                room(&mut level.keys, more)?;
            }
            level.keys.push(key);
        }
        Ok(())
    }

    /// Take a value `rows` times.
    pub fn insert_rows(&mut self, value: f64, rows: u64) -> Result<()> {
        let key = key(value);
        let count = self.count.checked_add(rows).ok_or_else(damaged)?;
        for h in (0..MOST_LEVELS).filter(|h| rows >> h & 1 == 1) {
            while self.levels.len() <= h {
                self.add_level()?;
            }
            let Some(level) = self.levels.get_mut(h) else { return Err(damaged()) };
            if level.keys.len() == level.keys.capacity() {
                let more = level.keys.len().max(FIRST);
                room(&mut level.keys, more)?;
            }
            level.keys.push(key);
        }
        if rows > 0 {
            self.minimum = self.minimum.min(key);
            self.maximum = self.maximum.max(key);
        }
        self.count = count;
        self.settle()
    }

    fn add_level(&mut self) -> Result<()> {
        if self.levels.len() >= MOST_LEVELS {
            return Err(damaged());
        }
        room(&mut self.levels, 1)?;
        self.levels.push(Level { keys: Vec::new_in(self.allocator), second: false });
        Ok(())
    }

    /// Halve every level that is full, from the lowest on.
    fn settle(&mut self) -> Result<()> {
        let mut at = 0;
        while let Some(level) = self.levels.get(at) {
            if level.keys.len() >= self.k {
                if at + 1 == self.levels.len() {
                    self.add_level()?;
                }
                self.halve(at)?;
            }
            at += 1;
        }
        Ok(())
    }

    /// Sort a level and move every second key one level up; the last of an odd number stays. Nothing is changed where memory lacks.
    fn halve(&mut self, at: usize) -> Result<()> {
        let Some([level, above]) = self.levels.get_mut(at..at + 2) else { return Err(damaged()) };
        let pairs = level.keys.len() / 2;
        room(&mut above.keys, pairs)?;
        // Levels above the first are made of sorted runs, which a stable sort merges.
        match at {
            0 => level.keys.sort_unstable(),
            _ => level.keys.sort(),
        }
        let first = usize::from(level.second);
        above.keys.extend(level.keys.iter().skip(first).step_by(2).take(pairs).copied());
        level.second = !level.second;
        let left = level.keys.last().copied().filter(|_| level.keys.len() % 2 == 1);
        level.keys.clear();
        level.keys.extend(left);
        Ok(())
    }

    /// Take the values of another sketch with buffers of the same size, which the promise rests on.
    pub fn merge<B: Allocator + Copy>(&mut self, other: &Quantiles<B>) -> Result<()> {
        let count = self.count.checked_add(other.count).ok_or_else(damaged)?;
        if self.k != other.k {
            return Err(damaged());
        }
        if other.count == 0 {
            return Ok(());
        }
        while self.levels.len() < other.levels.len() {
            self.add_level()?;
        }
        for (mine, theirs) in self.levels.iter_mut().zip(&other.levels) {
            room(&mut mine.keys, theirs.keys.len())?;
        }
        for (mine, theirs) in self.levels.iter_mut().zip(&other.levels) {
            mine.keys.extend_from_slice(&theirs.keys);
        }
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        self.count = count;
        self.settle()
    }

    /// All keys with the values they stand for, in order.
    fn weighted(&self) -> Result<std::vec::Vec<(u64, u64)>> {
        let held = self.levels.iter().map(|level| level.keys.len()).sum();
        let mut all = std::vec::Vec::new();
        all.try_reserve_exact(held).map_err(|_| no_memory(held * 16))?;
        for (level, weight) in self.levels.iter().zip((0..).map(|h| 1u64 << h)) {
            all.extend(level.keys.iter().map(|&key| (key, weight)));
        }
        all.sort_unstable();
        Ok(all)
    }

    /// What is kept, in order: numbers with how many values each stands for. Their sum is [`Quantiles::count`].
    pub fn items(&self) -> Result<std::vec::Vec<(f64, u64)>> {
        let mut all = std::vec::Vec::new();
        let keys = self.weighted()?;
        all.try_reserve_exact(keys.len()).map_err(|_| no_memory(keys.len() * 16))?;
        all.extend(keys.into_iter().map(|(key, weight)| (value(key), weight)));
        // The extremes are known exactly; what stands for them gives way.
        if let Some(first) = all.first_mut() {
            first.0 = value(self.minimum);
        }
        if let Some(last) = all.last_mut() {
            last.0 = value(self.maximum);
        }
        Ok(all)
    }

    /// The values at fractions between 0 and 1, interpolated as by `percentile_cont`; `None` without a value.
    pub fn quantiles(&self, fractions: &[f64]) -> Result<Option<std::vec::Vec<f64>>> {
        let ranks = Ranks::of(self.items()?);
        let mut out = std::vec::Vec::new();
        out.try_reserve_exact(fractions.len()).map_err(|_| no_memory(fractions.len() * 8))?;
        out.extend(fractions.iter().map_while(|&fraction| ranks.at(fraction)));
        Ok((ranks.count() > 0).then_some(out))
    }

    /// The state as bytes.
    pub fn write(&self) -> Result<std::vec::Vec<u8>> {
        let held: usize = self.levels.iter().map(|level| level.keys.len()).sum();
        let mut out = Writer::new(TAG, held * 8 + self.levels.len() * 5 + 32)?;
        out.half(self.k as u32)?;
        out.word(self.count)?;
        out.word(self.minimum)?;
        out.word(self.maximum)?;
        out.half(self.levels.len() as u32)?;
        for level in &self.levels {
            out.bytes(&[u8::from(level.second)])?;
            out.half(level.keys.len() as u32)?;
            level.keys.iter().try_for_each(|&key| out.word(key))?;
        }
        Ok(out.0)
    }

    /// The state of [`Quantiles::write`]; any other bytes are an error.
    pub fn read(bytes: &[u8], allocator: A) -> Result<Self> {
        let mut from = Reader::new(TAG, bytes)?;
        let k = from.half()? as usize;
        if !SIZES.contains(&k) {
            return Err(damaged());
        }
        let mut sketch = Quantiles::new_in(k, allocator);
        (sketch.count, sketch.minimum, sketch.maximum) = (from.word()?, from.word()?, from.word()?);
        let levels = from.half()? as usize;
        let mut count = 0u64;
        for h in 0..levels {
            sketch.add_level()?;
            let second = from.bytes(1)? == [1];
            let len = from.half()? as usize;
            if len > k {
                return Err(damaged());
            }
            let keys = from.words(len)?;
            let Some(level) = sketch.levels.last_mut() else { return Err(damaged()) };
            room(&mut level.keys, len)?;
            level.keys.extend(keys);
            level.second = second;
            let right = |&k: &u64| key(value(k)) == k && sketch.minimum <= k && k <= sketch.maximum;
            if !level.keys.iter().all(right) {
                return Err(damaged());
            }
            let weight = (len as u64).checked_mul(1u64.checked_shl(h as u32).ok_or_else(damaged)?);
            count = weight.and_then(|weight| count.checked_add(weight)).ok_or_else(damaged)?;
        }
        from.end()?;
        match count == sketch.count {
            true => Ok(sketch),
            false => Err(damaged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64], k: usize) -> Quantiles {
        let mut sketch = Quantiles::new(k);
        values.iter().for_each(|&v| sketch.insert(v).unwrap());
        sketch
    }

    fn naive(values: &[f64], fraction: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by_key(|v| key(*v));
        let place = fraction * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        if low == high {
            low
        } else {
            low + (place - place.floor()) * (high - low)
        }
    }

    /// The largest distance of a quantile's rank from the asked one, as a share.
    fn rank_error(values: &[f64], sketch: &Quantiles) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let fractions: Vec<f64> = (0..=100).map(|i| f64::from(i) / 100.0).collect();
        let found = sketch.quantiles(&fractions).unwrap().unwrap();
        let errors = fractions.iter().zip(found).map(|(f, v)| {
            let low = sorted.partition_point(|&s| s < v) as f64 / n;
            let high = sorted.partition_point(|&s| s <= v) as f64 / n;
            (low - f).max(f - high).max(0.0)
        });
        errors.fold(0.0, f64::max)
    }

    fn orders(n: u64) -> [std::vec::Vec<f64>; 4] {
        let up: std::vec::Vec<f64> = (0..n).map(|i| i as f64).collect();
        let down = up.iter().rev().copied().collect();
        let mixed = (0..n).map(|i| crate::clean::sketch::hash(&i.to_le_bytes()) as f64).collect();
        let saw = (0..n).map(|i| ((i % 1000) * 1000 + i / 1000) as f64).collect();
        [up, down, mixed, saw]
    }

    #[test]
    fn keys_keep_the_order() {
        let order = [f64::NEG_INFINITY, -1e300, -1.0, -1e-310, 0.0, 1e-310, 1.0, 1e300, f64::INFINITY, f64::NAN];
        assert!(order.windows(2).all(|w| key(w[0]) < key(w[1])));
        assert!(order.iter().all(|v| value(key(*v)).to_bits() == v.to_bits()));
        assert_eq!((key(-0.0), key(-f64::NAN)), (key(0.0), key(f64::NAN)));
    }

    #[test]
    fn ranks_are_within_the_promise_in_any_order() {
        for values in orders(300_000) {
            let sketch = of(&values, 2048);
            let error = rank_error(&values, &sketch);
            assert!(error < 0.004, "{error}");
            let held: usize = sketch.levels.iter().map(|l| l.keys.capacity()).sum();
            assert!(held <= 2048 * 9, "{held}");
            assert_eq!(sketch.quantiles(&[0.0, 1.0]).unwrap().unwrap(), [naive(&values, 0.0), naive(&values, 1.0)]);
        }
    }

    #[test]
    fn merges_of_many_parts_keep_the_promise() {
        for values in orders(200_000) {
            let mut whole = Quantiles::new(2048);
            for part in values.chunks(7_001) {
                whole.merge(&of(part, 2048)).unwrap();
            }
            assert_eq!(whole.count(), 200_000);
            let error = rank_error(&values, &whole);
            assert!(error < 0.008, "{error}");
        }
    }

    #[test]
    fn many_rows_at_once_are_as_one_by_one() {
        let mut sketch = Quantiles::new(2048);
        let values: std::vec::Vec<f64> = (0..1000u32).flat_map(|i| vec![f64::from(i); (i % 130) as usize]).collect();
        (0..1000u32).rev().for_each(|i| sketch.insert_rows(f64::from(i), u64::from(i % 130)).unwrap());
        assert_eq!(sketch.count(), values.len() as u64);
        let weights: u64 = sketch.items().unwrap().iter().map(|(_, weight)| weight).sum();
        assert_eq!(weights, sketch.count());
        assert!(rank_error(&values, &sketch) < 0.001);
        Quantiles::read(&sketch.write().unwrap(), Global).unwrap();
    }

    proptest! {
        #[test]
        fn few_values_are_exact(values in prop::collection::vec(prop_oneof![any::<f64>(), -5.0..5.0f64, Just(0.0), Just(-0.0)], 1..300),
                                fraction in 0.0..=1.0f64, cut in 0usize..300) {
            let cut = cut.min(values.len());
            let mut sketch = of(&values[..cut], 2048);
            sketch.merge(&of(&values[cut..], 2048)).unwrap();
            prop_assert!(sketch.is_exact());
            let (found, right) = (sketch.quantiles(&[fraction]).unwrap().unwrap()[0], naive(&values, fraction));
            prop_assert!(found == right || (found.is_nan() && right.is_nan()), "{} {}", found, right);
        }

        #[test]
        fn bytes_come_back(values in prop::collection::vec(any::<f64>(), 0..500), k in 8usize..64) {
            let sketch = of(&values, k);
            let bytes = sketch.write().unwrap();
            let again = Quantiles::read(&bytes, Global).unwrap();
            prop_assert_eq!(again.write().unwrap(), bytes.clone());
            for end in 0..bytes.len() {
                prop_assert!(Quantiles::read(&bytes[..end], Global).is_err());
            }
        }

        #[test]
        fn flipped_bits_are_read_or_refused(values in prop::collection::vec(any::<f64>(), 0..40), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = of(&values, 8).write().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(sketch) = Quantiles::read(&bytes, Global) {
                sketch.quantiles(&[0.0, 0.5, 1.0]).unwrap();
                let mut other = of(&values, 8);
                assert_eq!(other.merge(&sketch).is_ok(), sketch.k == 8);
            }
        }
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Quantiles::new(2048).quantiles(&[0.5]).unwrap(), None);
        assert_eq!(of(&[3.0], 2048).quantiles(&[0.0, 0.3, 1.0]).unwrap().unwrap(), [3.0, 3.0, 3.0]);
    }
}
