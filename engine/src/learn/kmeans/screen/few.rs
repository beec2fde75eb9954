//! Rows that are compared with few centres: all of them, without a bound that would have to be kept.

use super::{Rounded, Screen, Targets, DOUBLES, SLACK, TILE, TILES};
use crate::simd::nearest::{short, Nearest, Question};
use crate::simd::{prefetch, run_wide, Kernel};

/// Rows that have one limit.
const GROUP: usize = TILE * TILES;
/// Rows that are compared before they are looked at, whole groups: what is found of them stays near.
pub(in super::super) const ROWS: usize = 1024;
/// Labels of a line of the caches.
const LINE: usize = 16;
/// Pairs of numbers of a row and of centres that are as soon compared as a bound of the row is kept; ranking a centre counts for
/// [`RANKING`] of them.
const FEW: usize = 400;
/// See [`FEW`].
const RANKING: usize = 4;

/// What was found of some rows.
pub(in super::super) struct Marks {
    centre: Vec<i32>,
    best: Vec<i32>,
    second: Vec<i32>,
    /// By how much the second nearest centre of a row must be farther, by group.
    limits: Vec<i32>,
    /// 1 for the rows that are to be looked at.
    flags: Vec<u8>,
}

impl Marks {
    /// Room for [`ROWS`] rows.
    pub fn new() -> Marks {
        let numbers = || vec![0; ROWS];
        Marks {
            centre: numbers(),
            best: numbers(),
            second: numbers(),
            limits: vec![0; ROWS / GROUP],
            flags: vec![0; ROWS],
        }
    }

    /// The rows that were flagged of the first `rows`.
    pub fn flagged(&self, rows: usize) -> impl Iterator<Item = usize> + '_ {
        let eights = self.flags[..rows.next_multiple_of(8)].as_chunks::<8>().0.iter().enumerate();
        eights.flat_map(|(i, eight)| {
            let mut left = u64::from_le_bytes(*eight);
            std::iter::from_fn(move || {
                let next = (left != 0).then(|| 8 * i + left.trailing_zeros() as usize / 8);
                left &= left.wrapping_sub(1);
                next
            })
        })
    }
}

impl Screen {
    /// Whether the nearest of so many centres is found by [`Screen::mark`], and not by [`Screen::find`] and a bound.
    pub fn is_for_few(&self, k: usize) -> bool {
        self.is_short() && k.saturating_mul(self.width + RANKING) <= FEW
    }

    /// Flag the rows from `first`, which begins a group of tiles, whose nearest target may be another than their labels say. There are as
    /// many rows as labels, at most [`ROWS`].
    pub fn mark(&self, targets: &Targets, first: usize, labels: &[u32], marks: &mut Marks) {
        let (Rounded::Short(tiles), Rounded::Short(centres), Rounded::Short(starts)) =
            (&self.tiles, &targets.values, &targets.starts)
        else {
            // Targets are made by the screen they are for, and few are short.
            return marks.flags.fill(1);
        };
        let padded = labels.len().next_multiple_of(GROUP);
        let Marks { centre, best, second, limits, flags } = marks;
        let (centre, best, second) = (&mut centre[..padded], &mut best[..padded], &mut second[..padded]);
        // More rows than are asked about, so that those of the next call are fetched too.
        let question = Question { width: self.width, tiles: &tiles[first * self.width..], centres, starts };
        // Labels are read when all rows are through; by then they have come near.
        labels.iter().step_by(LINE).for_each(prefetch);
        short(&question, (1 << targets.bits) - 1, &mut Nearest { centre, best, second });
        let most = targets.off.iter().copied().fold(0.0, f32::max);
        for (limit, longest) in limits.iter_mut().zip(&self.longest[first / GROUP..]) {
            *limit = ((targets.limit(most, *longest) * (1.0 + SLACK)) as i32).saturating_add(1);
        }
        run_wide(Flag { centre, best, second, limits, labels, flags });
    }

    /// The nearest target of the `at`-th row from `first`, of which [`Screen::mark`] marked some; `None` where it is not known.
    #[inline]
    pub fn marked(&self, targets: &Targets, first: usize, at: usize, marks: &Marks) -> Option<u32> {
        let number = marks.centre[at].cast_unsigned();
        let limit = targets.limit(targets.off[number as usize], self.longest[(first + at) / GROUP]);
        ((marks.second[at] - marks.best[at]) as f32 > limit).then_some(number)
    }
}

impl Targets {
    /// By how much the second nearest target of a row must be farther for the nearest to be known.
    #[inline]
    fn limit(&self, off: f32, norm: f32) -> f32 {
        off + self.slope * norm + DOUBLES * norm * norm
    }
}

/// Which rows are to be looked at.
struct Flag<'a> {
    centre: &'a [i32],
    best: &'a [i32],
    second: &'a [i32],
    limits: &'a [i32],
    labels: &'a [u32],
    flags: &'a mut [u8],
}

impl Kernel for Flag<'_> {
    #[inline(always)]
    fn run(self) {
        let found =
            self.centre.chunks_exact(GROUP).zip(self.best.chunks_exact(GROUP).zip(self.second.chunks_exact(GROUP)));
        let groups = self.flags.chunks_exact_mut(GROUP).zip(self.labels.chunks(GROUP)).zip(found).zip(self.limits);
        for (((flags, labels), (centre, (best, second))), limit) in groups {
            flags[labels.len()..].fill(0);
            let found = centre.iter().zip(best.iter().zip(second));
            for ((flag, label), (centre, (best, second))) in flags.iter_mut().zip(labels).zip(found) {
                // Scores are within 2^30, so that the difference of two is a number of 32 bits.
                *flag = u8::from(second - best <= *limit) | u8::from(*label != centre.cast_unsigned());
            }
        }
    }
}
