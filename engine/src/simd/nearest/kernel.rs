//! The search, compiled for each kind of numbers and each instruction set.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use super::{Nearest, Question, CENTRES, TILE};
use crate::simd::prefetch;

/// Groups of tiles from the one that is worked on to the one that is fetched.
const AHEAD: usize = 4;

/// Define the function that searches with an instruction set: its name, the features the processor must have, the kind of numbers, the
/// module of their instructions, and how many tiles are worked on side by side, for which there must be registers.
///
/// All loops are over numbers, and those over registers end at constants: iterators would keep the registers in memory.
macro_rules! kernel {
    ($(#[$feature:meta])? $name:ident, $number:ty, $words:path, $side:literal) => {
        $(#[$feature])?
        #[allow(clippy::needless_range_loop, clippy::modulo_one, reason = "see above; some tiles are one register")]
        pub(super) fn $name(question: &Question<'_, $number>, low: i32, found: &mut Nearest<'_, $number>) {
            use $words::{load, rank, splat, store, store_number, sum, WIDTH};

            /// Registers of a tile.
            const PARTS: usize = TILE / WIDTH;
            /// Registers of all tiles that are worked on side by side, and their rows.
            const ALL: usize = $side * PARTS;
            const ROWS: usize = $side * TILE;

            let width = question.width;
            let tiles = question.tiles.as_chunks::<TILE>().0.chunks_exact($side * width);
            let groups = question.centres.as_chunks::<CENTRES>().0;
            let starts = question.starts.as_chunks::<CENTRES>().0;
            let bests = found.best.as_chunks_mut::<ROWS>().0;
            let seconds = found.second.as_chunks_mut::<ROWS>().0;
            let numbers = found.centre.as_chunks_mut::<ROWS>().0;
            let mut ahead = question.tiles.as_chunks::<TILE>().0.chunks_exact($side * width);
            ahead.nth(AHEAD - 1);
            for (((tiles, bests), seconds), numbers) in tiles.zip(bests).zip(seconds).zip(numbers) {
                // What is read next is fetched meanwhile: with few centres rows come faster than memory gives them.
                for line in ahead.next().unwrap_or_default() {
                    prefetch(&line[0]);
                }
                let mut ranks = [(splat(<$number>::MAX), splat(<$number>::MAX), splat(<$number>::MIN)); ALL];
                let mut own = 0;
                for (group, starts) in groups.chunks_exact(width).zip(starts) {
                    let mut sums = [[splat(<$number>::MIN); ALL]; CENTRES];
                    for c in 0..CENTRES {
                        sums[c] = [splat(starts[c]); ALL];
                    }
                    for at in 0..width {
                        let mut rows = [splat(<$number>::MIN); ALL];
                        for i in 0..ALL {
                            rows[i] = load(&tiles[i / PARTS * width + at].as_chunks::<WIDTH>().0[i % PARTS]);
                        }
                        for c in 0..CENTRES {
                            let centre = splat(group[at][c]);
                            for i in 0..ALL {
                                sums[c][i] = sum(sums[c][i], rows[i], centre);
                            }
                        }
                    }
                    for c in 0..CENTRES {
                        for i in 0..ALL {
                            ranks[i] = rank(ranks[i], sums[c][i], own, low);
                        }
                        own += 1;
                    }
                }
                for i in 0..ALL {
                    let (best, second, number) = ranks[i];
                    store(best, &mut bests.as_chunks_mut::<WIDTH>().0[i]);
                    store(second, &mut seconds.as_chunks_mut::<WIDTH>().0[i]);
                    store_number(best, number, low, &mut numbers.as_chunks_mut::<WIDTH>().0[i]);
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
kernel!(
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    short_vnni,
    i32,
    super::x86::vnni,
    4
);
#[cfg(target_arch = "x86_64")]
kernel!(
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
    short_avx512,
    i32,
    super::x86::short512,
    4
);
#[cfg(target_arch = "x86_64")]
kernel!(
    #[target_feature(enable = "avx2")]
    short_avx2,
    i32,
    super::x86::short256,
    1
);
#[cfg(target_arch = "x86_64")]
kernel!(
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
    single_avx512,
    f32,
    super::x86::single512,
    4
);
#[cfg(target_arch = "x86_64")]
kernel!(
    #[target_feature(enable = "avx2,fma")]
    single_avx2,
    f32,
    super::x86::single256,
    1
);
#[cfg(target_arch = "aarch64")]
kernel!(
    #[target_feature(enable = "neon")]
    single_neon,
    f32,
    super::neon,
    1
);
kernel!(single_plain, f32, super::plain, 1);
