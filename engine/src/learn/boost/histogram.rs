//! Histograms of derivatives: one integer a bin holds both sums.

use rayon::prelude::*;

use super::matrix::{Block, WIDTH};
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::simd::prefetch;

/// Bins of a feature.
pub(super) const BINS: usize = 256;
/// Rows below which one thread is quicker than two.
pub(super) const FEW_ROWS: usize = 1 << 13;
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

/// Sum the pairs of `rows` by the codes of every feature that is used into `out`, which is overwritten. The result does not depend on
/// the threads. `partials` are for the other threads: with fewer than `threads - 1` of them fewer threads work.
pub(super) fn fill(
    blocks: &[Block],
    rows: &[u32],
    pairs: &[Pair],
    used: &[bool],
    out: &mut Histogram,
    partials: &mut [Histogram],
    control: &Control,
) -> Result<()> {
    let threads = rayon::current_num_threads().min(partials.len() + 1);
    if threads == 1 || rows.len() < FEW_ROWS {
        return fill_all(blocks, rows, pairs, used, out, control);
    }
    let share = rows.len().div_ceil(threads);
    let parts = rows.len().div_ceil(share);
    let outs = rayon::iter::once(&mut *out).chain(&mut partials[..parts - 1]);
    rows.par_chunks(share).zip(outs).try_for_each(|(rows, out)| fill_all(blocks, rows, pairs, used, out, control))?;
    // Sums of integers: the same in whatever order.
    out.par_iter_mut().enumerate().with_min_len(16).for_each(|(f, own)| {
        let others = partials[..parts - 1].iter().map(|p| &p[f]);
        others.for_each(|other| own.iter_mut().zip(other).for_each(|(o, p)| *o += p));
    });
    Ok(())
}

fn fill_all(
    blocks: &[Block],
    rows: &[u32],
    pairs: &[Pair],
    used: &[bool],
    out: &mut Histogram,
    control: &Control,
) -> Result<()> {
    for block in blocks {
        let features = block.first..block.first + block.width;
        let own = &mut out[features.clone()];
        own.iter_mut().for_each(|h| h.fill(0));
        if used[features].contains(&true) {
            for part in rows.chunks(CHUNK) {
                control.check()?;
                accumulate(block, part, pairs, own);
            }
        }
    }
    Ok(())
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
        prefetch(&pairs[next as usize]);
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
