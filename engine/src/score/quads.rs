//! A single tree laid out for one row: two levels a step, without a branch.
//!
//! A walk through a tree is a chain of loads, each waiting for the one before; a walk that takes two levels at once waits half as
//! often. Numbers become integers of the same order, as those are compared in one cycle, and a missing value stands in a row twice, as
//! less and as more than everything, so that a split names the one that goes its way and never asks whether a value is missing.

use super::nodes::{Nodes, Step};

/// A feature in a row of keys: what a split compares where a missing value goes left, and where it goes right.
pub type Key = [i64; 2];

/// A missing value: less than every number and place with 62 in its low six bits, and more than every one with 63 in them; as places
/// are below 62 where there are masks, a mask tells the two as well.
const MISSING: Key = [i64::MIN + 62, i64::MAX];
/// The most places of a mask.
const MOST_PLACES: u32 = 62;
/// Steps that are always taken, so that the way out of a walk is no guess.
const MOST_STEPS: usize = 5;

/// The key of a number; NaN is missing.
#[inline]
pub fn number_key(value: f64) -> Key {
    if value.is_nan() {
        return MISSING;
    }
    [ordered(value); 2]
}

/// The key of a place.
#[inline]
pub fn place_key(place: u32) -> Key {
    [i64::from(place); 2]
}

/// The key of a missing value.
#[inline]
pub fn missing_key() -> Key {
    MISSING
}

/// An integer that compares as the number does; the two zeros are one.
#[inline]
fn ordered(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// A node and its two children.
#[derive(Debug, Clone, Copy)]
struct Quad {
    /// What is compared, or a bit a place; the answer of a leaf is in the last.
    bits: [i64; 3],
    /// Places in a row of keys.
    slots: [u16; 3],
    /// Bit `i`: `bits[i]` is a mask.
    masks: u16,
    /// The first of four grandchildren; of a leaf, itself.
    next: u32,
}

/// A tree.
#[derive(Debug)]
pub(super) struct Quads {
    quads: Vec<Quad>,
    /// Keys of a row.
    keys: usize,
    /// Steps that are always taken.
    steps: usize,
    /// Whether some leaf is further away.
    deep: bool,
    masked: bool,
}

impl Quads {
    /// Lay out the only tree of `nodes`, over `features` features and with `outputs` numbers a leaf; `None` where there are more trees, or
    /// a split asks for more than a quad can hold.
    pub fn new(nodes: &Nodes, features: usize, outputs: usize, is_text: impl Fn(usize) -> bool) -> Option<Quads> {
        if nodes.roots().len() != 1 || !nodes.has_small_sets() || features == 0 || features * 2 > usize::from(u16::MAX)
        {
            return None;
        }
        let mut laid = Quads { quads: Vec::new(), keys: features * 2, steps: 0, deep: false, masked: false };
        // The node of each quad, and how many steps away it is.
        let mut order = vec![(0u32, 0usize)];
        let mut done = 0;
        while let Some(&(node, depth)) = order.get(done) {
            let quad = match nodes.step(node) {
                Step::Leaf { value, start } => {
                    let answer = if outputs == 1 { value } else { u64::from(start) };
                    laid.steps = laid.steps.max(depth);
                    Quad { bits: [i64::MAX, i64::MAX, answer as i64], slots: [0; 3], masks: 0, next: done as u32 }
                }
                split @ Step::Split { left, .. } => {
                    let mut quad = Quad { bits: [i64::MAX; 3], slots: [0; 3], masks: 0, next: order.len() as u32 };
                    laid.place(&mut quad, 0, &split, &is_text)?;
                    for (i, child) in [left, left + 1].into_iter().enumerate() {
                        match nodes.step(child) {
                            // Everything goes left.
                            Step::Leaf { .. } => order.extend([(child, depth + 1); 2]),
                            split @ Step::Split { left, .. } => {
                                laid.place(&mut quad, i + 1, &split, &is_text)?;
                                order.extend([(left, depth + 1), (left + 1, depth + 1)]);
                            }
                        }
                    }
                    quad
                }
            };
            laid.quads.push(quad);
            done += 1;
        }
        laid.deep = laid.steps > MOST_STEPS;
        laid.steps = laid.steps.min(MOST_STEPS);
        Some(laid)
    }

    /// Put a split into a quad.
    fn place(&mut self, quad: &mut Quad, i: usize, step: &Step, is_text: &impl Fn(usize) -> bool) -> Option<()> {
        let &Step::Split { feature, missing_left, mask, threshold, .. } = step else { return None };
        quad.slots[i] = u16::try_from(feature * 2 + usize::from(!missing_left)).ok()?;
        quad.bits[i] = match mask {
            Some(mask) if mask >> MOST_PLACES != 0 => return None,
            Some(mask) => {
                self.masked = true;
                quad.masks |= 1 << i;
                (mask | 1 << MOST_PLACES) as i64
            }
            None if is_text(feature) => last_place(threshold),
            None => ordered(threshold),
        };
        Some(())
    }

    /// The answer of the leaf where a row of keys ends. Panics when `keys` has another length than the features.
    #[inline]
    pub fn answer(&self, keys: &[Key]) -> u64 {
        let keys = keys.as_flattened();
        assert_eq!(keys.len(), self.keys, "two keys a feature");
        if self.masked {
            self.walk::<true>(keys)
        } else {
            self.walk::<false>(keys)
        }
    }

    #[inline]
    fn walk<const MASKED: bool>(&self, keys: &[i64]) -> u64 {
        let mut at = 0;
        for _ in 0..self.steps {
            at = self.step::<MASKED>(at, keys);
        }
        if self.deep {
            let mut next = self.step::<MASKED>(at, keys);
            while next != at {
                (at, next) = (next, self.step::<MASKED>(next, keys));
            }
        }
        self.quads[at].bits[2] as u64
    }

    #[inline]
    #[allow(unsafe_code)]
    fn step<const MASKED: bool>(&self, at: usize, keys: &[i64]) -> usize {
        // SAFETY: `at` is 0 or came from a step, and `new` made four quads from `next` on for every quad that is no leaf; a leaf's step is
        // itself.
        let quad = unsafe { self.quads.get_unchecked(at) };
        let right = |i: usize| {
            // SAFETY: `new` made every slot below `self.keys`, which `answer` compared with the length of `keys`.
            let key = unsafe { *keys.get_unchecked(usize::from(quad.slots[i])) };
            let above = key > quad.bits[i];
            if MASKED {
                let out = quad.bits[i] >> (key & 63) & 1 == 0;
                let mask = quad.masks >> i & 1 == 1;
                usize::from((above & !mask) | (out & mask))
            } else {
                usize::from(above)
            }
        };
        let (top, left, below) = (right(0), right(1), right(2));
        quad.next as usize + 2 * top + (left ^ ((left ^ below) & top.wrapping_neg()))
    }

    /// Bytes of the layout.
    pub fn bytes(&self) -> usize {
        self.quads.capacity() * std::mem::size_of::<Quad>()
    }
}

/// The key of the last place that goes left, from the threshold that a row of places is compared with; none does below the first.
fn last_place(threshold: f64) -> i64 {
    if threshold == f64::NEG_INFINITY {
        -1
    } else {
        i64::from(threshold.to_bits() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_of_numbers() {
        let numbers =
            [f64::NEG_INFINITY, f64::MIN, -1.5, -f64::MIN_POSITIVE, -5e-324, 0.0, 5e-324, 1.0, f64::MAX, f64::INFINITY];
        let keys = numbers.map(|v| number_key(v)[0]);
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert!(MISSING[0] < keys[0] && keys[9] < MISSING[1]);
        assert_eq!(number_key(-0.0), number_key(0.0));
        assert_eq!(number_key(f64::NAN), MISSING);
        assert_eq!((MISSING[0] & 63, MISSING[1] & 63), (62, 63));
    }
}
