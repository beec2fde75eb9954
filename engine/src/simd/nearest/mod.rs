//! The nearest and the second nearest of many centres for many rows, about: a row a lane.
//!
//! What is compared is half the squared distance less half the square of the row itself, `|c|^2 / 2 - x c`: a product and a sum for each
//! number. It is found with an error, so whoever asks must know how large it can be ([`crate::learn::kmeans`] does) and settle by the
//! definition what the error leaves open. Products may be joined with sums, so the numbers differ between instruction sets.

mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::{level, Level};

/// Rows of a tile: the numbers of a dimension of as many rows lie side by side.
pub(crate) const TILE: usize = 16;
/// Tiles that are worked on side by side: their count is a multiple of it.
pub(crate) const TILES: usize = 4;
/// Centres that are worked on side by side: their count is a multiple of it.
pub(crate) const CENTRES: usize = 4;

/// What is asked: `T` is a number of 32 bits, or two short integers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a, T> {
    /// Numbers of a row.
    pub width: usize,
    /// Tile by tile, number by number, row by row of the tile; those after the rows that are asked about are only fetched.
    pub tiles: &'a [T],
    /// [`CENTRES`] by [`CENTRES`], number by number, centre by centre: the negatives of the centres' numbers.
    pub centres: &'a [T],
    /// Half the square of each centre, or more than any score for one that is not to be found.
    pub starts: &'a [T],
}

/// What is found, a number a row. Slices are as long as the rows that are asked about, whole groups of tiles.
#[derive(Debug)]
pub(crate) struct Nearest<'a, T> {
    /// The nearest centre.
    pub centre: &'a mut [i32],
    /// Its score.
    pub best: &'a mut [T],
    /// The score of the second nearest.
    pub second: &'a mut [T],
}

/// Whether the processor has the instructions for [`short`].
pub(crate) fn has_short() -> bool {
    matches!(level(), Level::Avx2 | Level::Avx512)
}

/// Find the nearest centres of rows given as pairs of short integers. No sum of products leaves 31 bits, as the caller sees to. The bits
/// of `low`, one less than a power of two, are taken from each score for the number of its centre, of which there are no more.
///
/// Where [`has_short`] says no, nothing is found.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables, reason = "only x86 multiplies short integers quickly"))]
pub(crate) fn short(question: &Question<'_, i32>, low: i32, found: &mut Nearest<'_, i32>) {
    match level() {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: the level in use is one that the processor has, and VNNI was asked for.
        Level::Avx512 if std::arch::is_x86_feature_detected!("avx512vnni") => unsafe {
            kernel::short_vnni(question, low, found);
        },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: the level in use is one that the processor has.
        Level::Avx512 => unsafe { kernel::short_avx512(question, low, found) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: as above.
        Level::Avx2 => unsafe { kernel::short_avx2(question, low, found) },
        _ => {}
    }
}

/// Find the nearest centres of rows given as numbers of 32 bits.
pub(crate) fn single(question: &Question<'_, f32>, found: &mut Nearest<'_, f32>) {
    match level() {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: the level in use is one that the processor has.
        Level::Avx512 => unsafe { kernel::single_avx512(question, 0, found) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: the level in use is one that the processor has, and FMA was asked for.
        Level::Avx2 if std::arch::is_x86_feature_detected!("fma") => unsafe {
            kernel::single_avx2(question, 0, found);
        },
        #[cfg(target_arch = "aarch64")]
        #[allow(unsafe_code)]
        // SAFETY: every 64-bit ARM has NEON.
        Level::Neon => unsafe { kernel::single_neon(question, 0, found) },
        _ => kernel::single_plain(question, 0, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look drawn, small enough for a sum of products of any kind to be exact.
    fn numbers(count: usize, seed: u32) -> Vec<i32> {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 25).cast_signed() - 64
        };
        (0..count).map(|_| draw()).collect()
    }

    /// The two lowest scores of a row, and the first centre with the lowest.
    fn naive(row: &[i32], centres: &[i32], starts: &[i32]) -> (i32, i32, i32) {
        let mut best = (i32::MAX, 0, i32::MAX);
        for (number, (centre, start)) in (0..).zip(centres.chunks_exact(row.len()).zip(starts)) {
            let score = start + row.iter().zip(centre).map(|(x, c)| x * c).sum::<i32>();
            best = match score < best.0 {
                true => (score, number, best.0),
                false => (best.0, best.1, best.2.min(score)),
            };
        }
        best
    }

    /// `side` numbers of a row (of a tile, of a group of centres) side by side.
    fn laid(values: &[i32], width: usize, side: usize) -> Vec<i32> {
        let mut to = vec![0; values.len()];
        for (i, value) in values.iter().enumerate() {
            let (row, at) = (i / width, i % width);
            to[row / side * side * width + at * side + row % side] = *value;
        }
        to
    }

    #[test]
    fn all_instruction_sets_find_what_the_naive_search_finds() {
        let levels = Level::ALL.into_iter().filter(|level| level.is_there());
        for level in levels {
            for (width, k) in [(1, 4), (2, 8), (7, 4), (16, 64), (33, 12)] {
                let rows = 2 * TILE * TILES;
                let (x, c) = (numbers(rows * width * 2, 1), numbers(k * width * 2, 2));
                let starts: Vec<i32> = numbers(k, 3).iter().map(|s| s * 64).collect();
                check_single(level, (&x[..rows * width], &c[..k * width], &starts), width);
                check_short(level, (&x, &c, &starts), width);
            }
        }
    }

    fn check_single(level: Level, (x, c, starts): (&[i32], &[i32], &[i32]), width: usize) {
        let float = |v: &[i32]| -> Vec<f32> { v.iter().map(|x| *x as f32).collect() };
        let (tiles, centres) = (float(&laid(x, width, TILE)), float(&laid(c, width, CENTRES)));
        let rows = x.len() / width;
        let (mut centre, mut best, mut second) = (vec![0; rows], vec![0.0; rows], vec![0.0; rows]);
        let question = Question { width, tiles: &tiles, centres: &centres, starts: &float(starts) };
        let mut found = Nearest { centre: &mut centre, best: &mut best, second: &mut second };
        match level {
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            // SAFETY: the caller asks only for levels that are there.
            Level::Avx512 => unsafe { kernel::single_avx512(&question, 0, &mut found) },
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            // SAFETY: FMA was asked for.
            Level::Avx2 if std::arch::is_x86_feature_detected!("fma") => unsafe {
                kernel::single_avx2(&question, 0, &mut found);
            },
            #[cfg(target_arch = "aarch64")]
            #[allow(unsafe_code)]
            // SAFETY: every 64-bit ARM has NEON.
            Level::Neon => unsafe { kernel::single_neon(&question, 0, &mut found) },
            _ => kernel::single_plain(&question, 0, &mut found),
        }
        for (r, row) in x.chunks_exact(width).enumerate() {
            let expected = naive(row, c, starts);
            assert_eq!((best[r] as i32, centre[r], second[r] as i32), expected, "{level:?} {width} {r}");
        }
    }

    fn check_short(level: Level, (x, c, starts): (&[i32], &[i32], &[i32]), width: usize) {
        let low = (starts.len().next_power_of_two() - 1) as i32;
        let scale = low + 1;
        // Scores are multiples of what the number of a centre takes.
        let scaled: Vec<i32> = x.iter().map(|x| x * scale).collect();
        let starts: Vec<i32> = starts.iter().map(|s| s * scale).collect();
        let pairs = |v: &[i32]| -> Vec<i32> { v.chunks_exact(2).map(|p| p[0] & 0xffff | p[1] << 16).collect() };
        let (tiles, centres) = (laid(&pairs(&scaled), width, TILE), laid(&pairs(c), width, CENTRES));
        let rows = x.len() / width / 2;
        let (mut centre, mut best, mut second) = (vec![-1; rows], vec![0; rows], vec![0; rows]);
        let question = Question { width, tiles: &tiles, centres: &centres, starts: &starts };
        let mut found = Nearest { centre: &mut centre, best: &mut best, second: &mut second };
        match level {
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            // SAFETY: the caller asks only for levels that are there; VNNI is asked for.
            Level::Avx512 => unsafe {
                kernel::short_avx512(&question, low, &mut found);
                if std::arch::is_x86_feature_detected!("avx512vnni") {
                    let before = found.best.to_vec();
                    kernel::short_vnni(&question, low, &mut found);
                    assert_eq!(before, found.best);
                }
            },
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            // SAFETY: as above.
            Level::Avx2 => unsafe { kernel::short_avx2(&question, low, &mut found) },
            _ => return,
        }
        for (r, row) in scaled.chunks_exact(2 * width).enumerate() {
            let expected = naive(row, c, &starts);
            assert_eq!((best[r] & !low, centre[r], second[r] & !low), expected, "{level:?} {width} {r}");
        }
    }
}
