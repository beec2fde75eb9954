//! A way to part a node, in terms of bins and of values.

use crate::learn::bin::{BinKind, BinnedFeature};
use crate::learn::tree::between;

/// Bins of a feature, that of missing values included.
pub(super) const BINS: usize = 256;

/// A bit a bin.
pub(super) type Bits = [u64; BINS / 64];

/// Whether a bin's bit is set.
#[inline]
pub(super) fn has(bits: &Bits, bin: u8) -> bool {
    bits[usize::from(bin) / 64] >> (bin % 64) & 1 == 1
}

/// Set a bin's bit.
#[inline]
pub(super) fn put(bits: &mut Bits, bin: u8) {
    bits[usize::from(bin) / 64] |= 1 << (bin % 64);
}

/// The bins whose bits are set, ascending.
#[inline]
pub(super) fn bins(bits: &Bits) -> impl Iterator<Item = u8> + Clone + '_ {
    bits.iter().enumerate().flat_map(|(i, &word)| {
        let mut word = word;
        std::iter::from_fn(move || {
            (word != 0).then(|| {
                let bit = word.trailing_zeros();
                word &= word - 1;
                (i as u32 * 64 + bit) as u8
            })
        })
    })
}

/// A way to part the rows of a node.
#[derive(Debug, Clone)]
pub(super) struct Split {
    pub feature: u32,
    /// Comparable within a node; see [`super::grow::Search::gain`].
    pub gain: f64,
    pub missing_left: bool,
    pub rule: Rule,
}

/// What goes left.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// Bins up to `last`; `next` is the next one that has rows, if one has.
    Number { last: u8, next: Option<u8> },
    /// Numbers up to the one that was drawn; bins up to `last` are below it.
    Drawn { last: u8, threshold: f64 },
    /// These bins of those that have rows in the node.
    Category { left: Bits, seen: Bits },
}

/// A rule as it is stored and walked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cut {
    /// Codes up to `last`, values up to `threshold`: the same rows, whatever they are.
    Number { last: u8, threshold: f64 },
    /// These codes.
    Category(Bits),
}

impl Split {
    /// The rule for all bins and values. No bin has values on both sides, so codes and values part rows alike.
    pub fn cut(&self, feature: &BinnedFeature) -> Cut {
        let known = feature.bins() - 1;
        let (low, high) = match (&feature.kind, &self.rule) {
            (BinKind::Category { .. }, Rule::Category { left, seen }) => {
                // What the node has not seen goes where missing values go; but where all that have a level go left, so does the rest.
                let mut bits = *left;
                if self.missing_left || left == seen {
                    (0..known as u32).map(|b| b as u8).filter(|&b| !has(seen, b)).for_each(|b| put(&mut bits, b));
                }
                return Cut::Category(bits);
            }
            (BinKind::Number { low, high } | BinKind::Ordered { low, high }, _) => (low, high),
            _ => return Cut::Category([0; BINS / 64]),
        };
        let whole = Cut::Number { last: known.saturating_sub(1) as u8, threshold: f64::INFINITY };
        let edge = |last: usize| between(high[last], low[last + 1]);
        match self.rule {
            Rule::Number { last, next: Some(next) } => {
                // Half-way between the two that have rows, but not inside a bin that has none.
                let middle = between(high[usize::from(last)], low[usize::from(next)]);
                let empty = usize::from(last) + 1..usize::from(next);
                let last = empty.start + high[empty].partition_point(|&h| h <= middle) - 1;
                let threshold = if middle < low[last + 1] { middle } else { edge(last) };
                Cut::Number { last: last as u8, threshold }
            }
            Rule::Drawn { last, threshold } => {
                let at = usize::from(last);
                let inside = high[at] <= threshold && threshold < low[at + 1];
                Cut::Number { last, threshold: if inside { threshold } else { edge(at) } }
            }
            _ => whole,
        }
    }
}

impl Cut {
    /// For every code, whether it goes left.
    pub fn table(&self, bins: usize, missing_left: bool) -> [bool; BINS] {
        let mut table = [false; BINS];
        match self {
            Cut::Number { last, .. } => table[..=usize::from(*last)].fill(true),
            Cut::Category(bits) => self::bins(bits).for_each(|code| table[usize::from(code)] = true),
        }
        table[bins - 1] = missing_left;
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::bin::Codes;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_and_values_are_parted_alike(
            steps in prop::collection::vec((0i32..4, 1i32..4), 2..40), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
            drawn in 0.0..1.0f64,
        ) {
            let mut at = 0;
            let (mut low, mut high) = (Vec::new(), Vec::new());
            for (width, gap) in steps {
                at += gap;
                low.push(f64::from(at));
                at += width;
                high.push(f64::from(at));
            }
            let (a, b) = (a.index(low.len()), b.index(low.len()));
            let (last, next) = (a.min(b), a.max(b));
            prop_assume!(last < next);
            let feature = BinnedFeature { codes: Codes::U8(Vec::new()), kind: BinKind::Number { low: low.clone(), high: high.clone() } };
            let threshold = high[last] + drawn * (low[next] - high[last]);
            let below = high.partition_point(|&h| h <= threshold) as u8 - 1;
            for rule in [
                Rule::Number { last: last as u8, next: Some(next as u8) },
                Rule::Drawn { last: below.min(next as u8 - 1), threshold },
            ] {
                let split = Split { feature: 0, gain: 1.0, missing_left: false, rule };
                let Cut::Number { last: cut, threshold } = split.cut(&feature) else { panic!("no number") };
                prop_assert!(last <= usize::from(cut) && usize::from(cut) < next);
                let cut = usize::from(cut);
                prop_assert!(high[cut] <= threshold && threshold < low[cut + 1], "{} at {}", threshold, cut);
            }
        }

        #[test]
        fn bits_are_bins(set in prop::collection::btree_set(any::<u8>(), 0..40)) {
            let mut bits = [0; BINS / 64];
            set.iter().for_each(|&b| put(&mut bits, b));
            prop_assert!(bins(&bits).eq(set.iter().copied()));
            prop_assert!((0..=255u8).all(|b| has(&bits, b) == set.contains(&b)));
        }
    }
}
