//! The loop over the strikes of all trees, compiled for each instruction set.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use super::{Group, Plane, Sums, Thresholds, ROWS};
use crate::score::link::LANES;
use crate::simd::Level;

/// Registers that are worked on side by side, so that what a strike needs is fetched once for all of them.
#[allow(dead_code, reason = "there are processors without a kernel")]
const SIDE_BY_SIDE: usize = 4;

/// Define the module of an instruction set, from its name and the features the processor must have.
macro_rules! kernel {
    ($name:ident, $features:literal) => {
        mod $name {
            use super::{Group, Plane, Sums, LANES, ROWS, SIDE_BY_SIDE};
            use crate::simd::$name::{add, add_leaves, and, first_bit, load, or, prefer, splat, store, strike, WIDTH};

            /// Registers of a row of bytes.
            const STEP: usize = SIDE_BY_SIDE * WIDTH;

            #[target_feature(enable = $features)]
            pub(super) fn run(group: &Group, planes: &[Plane], sums: &mut [Sums], first_tree: usize) {
                let mut leaves = [0u8; ROWS];
                let (mut words, mut strikes, mut sets, mut hits) =
                    (&group.words[..], &group.strikes[..], &group.sets[..], &group.hits[..]);
                let mut values = &group.values[..];
                for (tree, laid) in group.trees.iter().enumerate() {
                    let (own, rest) = words.split_at(usize::from(laid.words));
                    words = rest;
                    let before = (strikes, sets, hits);
                    for part in 0..ROWS / STEP {
                        (strikes, sets, hits) = before;
                        let mut word = [splat(0); SIDE_BY_SIDE];
                        let mut at = [splat(0); SIDE_BY_SIDE];
                        for (index, counts) in own.iter().enumerate() {
                            let mut alive = [splat(0xff); SIDE_BY_SIDE];
                            let (own, rest) = strikes.split_at(counts.strikes as usize);
                            strikes = rest;
                            for one in own {
                                let (threshold, keep) = (splat(one.threshold), splat(one.keep));
                                let bytes = bytes(planes, one.plane, part);
                                for (alive, bytes) in alive.iter_mut().zip(bytes) {
                                    *alive = strike(*alive, load(bytes), threshold, keep);
                                }
                            }
                            let (own, rest) = sets.split_at(counts.sets as usize);
                            sets = rest;
                            for one in own {
                                let (own, rest) = hits.split_at(usize::from(one.hits));
                                hits = rest;
                                let mut found = [splat(0); SIDE_BY_SIDE];
                                for hit in own {
                                    let bits = splat(hit.bits);
                                    for (found, bytes) in found.iter_mut().zip(bytes(planes, hit.plane, part)) {
                                        *found = or(*found, and(load(bytes), bits));
                                    }
                                }
                                // What has no bit is less than 1.
                                for (alive, found) in alive.iter_mut().zip(found) {
                                    *alive = strike(*alive, splat(1), found, splat(one.keep));
                                }
                            }
                            let base = splat(8 * (own_index(laid.words, index)));
                            for i in 0..SIDE_BY_SIDE {
                                (word[i], at[i]) = prefer(alive[i], base, word[i], at[i]);
                            }
                        }
                        let leaves = leaves[part * STEP..].as_chunks_mut::<WIDTH>().0;
                        for (i, leaves) in leaves.iter_mut().take(SIDE_BY_SIDE).enumerate() {
                            store(add(at[i], first_bit(word[i])), leaves);
                        }
                    }
                    for output in usize::from(laid.output)..usize::from(laid.output + laid.outputs) {
                        let (own, rest) = values.split_at(usize::from(laid.leaves));
                        values = rest;
                        add_leaves(own, &leaves, &mut sums[output * LANES + (first_tree + tree) % LANES].0);
                    }
                }
            }

            /// Some bytes of a plane.
            #[inline(always)]
            fn bytes(planes: &[Plane], plane: u16, part: usize) -> &[[u8; WIDTH]] {
                &planes[usize::from(plane)].0.as_chunks::<WIDTH>().0[part * SIDE_BY_SIDE..][..SIDE_BY_SIDE]
            }

            /// The place of the word that is asked as number `index`: the last is asked first.
            #[inline(always)]
            fn own_index(words: u8, index: usize) -> u8 {
                words - 1 - index as u8
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
kernel!(avx2, "avx2,bmi1,bmi2");
#[cfg(target_arch = "x86_64")]
kernel!(avx512, "avx2,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl");
#[cfg(target_arch = "aarch64")]
kernel!(neon, "neon");

/// The number of thresholds below each value; of bins behind the last value nothing is said.
pub(super) fn count(level: Level, thresholds: &Thresholds, values: &[f64], bins: &mut [u8; ROWS]) {
    match level {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: a level is chosen only where the processor has its instructions.
        Level::Avx512 => unsafe { count_avx512(thresholds, values, bins) },
        _ => thresholds.count(values, bins),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn count_avx512(thresholds: &Thresholds, values: &[f64], bins: &mut [u8; ROWS]) {
    for (bin, &value) in bins.iter_mut().zip(values) {
        *bin = crate::simd::avx512::count_below(&thresholds.all, &thresholds.pivots, value);
    }
}

/// Add the leaves of a group, whose first tree is the model's tree `first_tree`, to the lanes of each output.
pub(super) fn run(level: Level, group: &Group, planes: &[Plane], sums: &mut [Sums], first_tree: usize) {
    match level {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: a level is chosen only where the processor has its instructions.
        Level::Avx2 => unsafe { avx2::run(group, planes, sums, first_tree) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: as above.
        Level::Avx512 => unsafe { avx512::run(group, planes, sums, first_tree) },
        #[cfg(target_arch = "aarch64")]
        #[allow(unsafe_code)]
        // SAFETY: as above.
        Level::Neon => unsafe { neon::run(group, planes, sums, first_tree) },
        _ => {}
    }
}
