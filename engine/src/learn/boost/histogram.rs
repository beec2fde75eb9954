//! Histograms of derivatives: one integer a bin holds both sums.

use rayon::prelude::*;

use super::matrix::{Block, WIDTH};
use crate::simd::prefetch;

/// Bins of a feature.
pub(super) const BINS: usize = 256;
/// Rows below which one thread is quicker than two.
const FEW_ROWS: usize = 1 << 13;
/// How many rows ahead codes are asked for.
const AHEAD: usize = 24;

/// Sums of first and second derivatives: the first in the upper half, signed, the second in the lower half.
pub(super) type Sum = i64;

/// The first and second derivative in a sum.
#[inline]
pub(super) fn parts(sum: Sum) -> (i64, i64) {
    (sum >> 32, i64::from(sum as u32))
}

/// The two derivatives of a row, of 16 bits each: the first in the upper half, signed, the second in the lower half.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Pair(pub u32);

impl Pair {
    /// Put derivatives together.
    #[inline]
    pub fn new(first: i16, second: u16) -> Pair {
        Pair((first as u16 as u32) << 16 | u32::from(second))
    }

    /// As a sum of one.
    #[inline]
    pub fn sum(self) -> Sum {
        (i64::from(self.0 as i32 >> 16) << 32) + i64::from(self.0 & 0xffff)
    }
}

/// A histogram of each feature.
pub(super) type Histogram = Vec<[Sum; BINS]>;

/// Sum the pairs of `rows` by the codes of every feature into `out`, which is overwritten. The result does not depend on the threads.
pub(super) fn fill(blocks: &[Block], rows: &[u32], pairs: &[Pair], used: &[bool], out: &mut Histogram) {
    let threads = rayon::current_num_threads();
    let fill_block = |block: &Block, rows: &[u32], out: &mut [[Sum; BINS]]| {
        out.iter_mut().for_each(|h| h.fill(0));
        if used[block.first..block.first + block.width].contains(&true) {
            accumulate(block, rows, pairs, out);
        }
    };
    let mut parts: Vec<(&Block, &mut [[Sum; BINS]])> = Vec::with_capacity(blocks.len());
    let mut rest = &mut out[..];
    for block in blocks {
        let (own, others) = rest.split_at_mut(block.width);
        parts.push((block, own));
        rest = others;
    }
    if threads == 1 || rows.len() < FEW_ROWS {
        parts.into_iter().for_each(|(block, own)| fill_block(block, rows, own));
    } else if blocks.len() >= threads {
        parts.into_par_iter().for_each(|(block, own)| fill_block(block, rows, own));
    } else {
        let share = rows.len().div_ceil(threads);
        for (block, own) in parts {
            let partial: Vec<Histogram> = rows
                .par_chunks(share)
                .map(|chunk| {
                    let mut partial = vec![[0; BINS]; block.width];
                    fill_block(block, chunk, &mut partial);
                    partial
                })
                .collect();
            own.iter_mut().for_each(|h| h.fill(0));
            for p in &partial {
                own.iter_mut().zip(p).for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(t, f)| *t += f));
            }
        }
    }
}

fn accumulate(block: &Block, rows: &[u32], pairs: &[Pair], out: &mut [[Sum; BINS]]) {
    // One loop for each width, so that the additions of a row are laid out one after the other.
    macro_rules! widths {
        ($($w:literal)*) => {
            match block.width {
                $($w => accumulate_width::<$w>(&block.codes, rows, pairs, out),)*
                _ => {}
            }
        };
    }
    const { assert!(WIDTH == 12) };
    widths!(1 2 3 4 5 6 7 8 9 10 11 12);
}

fn accumulate_width<const W: usize>(codes: &[u8], rows: &[u32], pairs: &[Pair], out: &mut [[Sum; BINS]]) {
    let Ok(out) = <&mut [[Sum; BINS]; W]>::try_from(out) else { return };
    let (codes, _) = codes.as_chunks::<W>();
    let ahead = rows.iter().skip(AHEAD).chain(rows.last().into_iter().cycle());
    for (&row, &next) in rows.iter().zip(ahead) {
        prefetch(&codes[next as usize]);
        let sum = pairs[row as usize].sum();
        for (histogram, &code) in out.iter_mut().zip(&codes[row as usize]) {
            histogram[code as usize] += sum;
        }
    }
}

/// `parent - child`, in place of the parent.
pub(super) fn subtract(parent: &mut Histogram, child: &Histogram) {
    for (p, c) in parent.iter_mut().zip(child) {
        p.iter_mut().zip(c).for_each(|(p, c)| *p -= c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sums_come_back() {
        let pairs = [(-32767, 32767), (5, 0), (-1, 1), (32767, 3), (0, 0)];
        let sum: Sum = pairs.iter().map(|&(g, h)| Pair::new(g, h).sum()).sum();
        let expected = pairs.iter().fold((0, 0), |s, p| (s.0 + i64::from(p.0), s.1 + i64::from(p.1)));
        assert_eq!(parts(sum), expected);
        let child = Pair::new(-32767, 32767).sum();
        assert_eq!(parts(sum - child), (expected.0 + 32767, expected.1 - 32767));
    }
}
