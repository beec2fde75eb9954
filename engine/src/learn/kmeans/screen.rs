//! What tells quickly which centre is nearest to most rows, and which rows it cannot tell of.
//!
//! Rows and centres are rounded to numbers of few bits in a common unit, in which [`crate::simd::nearest`] compares half squared distances.
//! How far a comparison is off is bounded: with `x = q + e` for a row and `c = p + f` for a centre, `x c - q p = q f + e c`, which is at
//! most `|q| |f| + |e| |c|` by Cauchy and Schwarz. The nearest centre is known where it leads by more than that; the other rows are for the
//! definition. So what is found depends neither on the instructions nor on which numbers were taken.

mod few;
mod round;

use rayon::prelude::*;

use super::lloyd::apart;
use super::Points;
use crate::control::Control;
use crate::error::Result;
use crate::simd::nearest::{has_short, short, single, Nearest, Question, CENTRES, TILE, TILES};
use crate::simd::{run_wide, Kernel};
pub(super) use few::{Marks, ROWS as MARKED};
use round::{gather, short_row, short_tiles, single_row, single_tiles};

/// The norm of the longest row in units: so that the products of two rows, and the square of one, are within 30 bits.
const LONGEST: f64 = 25_000.0;
/// The score of what fills the last group of centres.
const NEVER: i32 = 1 << 30;
/// Rows that are rounded together, whole groups of tiles.
const CHUNK: usize = 4096;
/// Rows with more numbers are compared as they are: their bounds would say little.
const WIDEST: usize = 1 << 14;
/// What sums of products of doubles lose, of rows that are no wider.
const DOUBLES: f32 = 4e-12;
/// What is lost where bounds are worked out in numbers of 32 bits, as a share.
const SLACK: f32 = 1e-6;

/// Rows, or centres, by the kind of their numbers.
enum Rounded {
    /// Short integers, two in 32 bits.
    Short(Vec<i32>),
    /// Numbers of 32 bits.
    Single(Vec<f32>),
}

/// Rows as the kernels take them.
pub(super) struct Screen {
    /// Units in 1.
    scale: f64,
    /// Numbers, or pairs of them, of a row.
    width: usize,
    tiles: Rounded,
    /// The norm of each row in units, not less than it is.
    norms: Vec<f32>,
    /// The largest norm of the rows of each group of tiles.
    longest: Vec<f32>,
    /// The norm of the most that rounding took from a row.
    lost: f64,
}

/// Centres as the kernels take them.
pub(super) struct Targets {
    values: Rounded,
    starts: Rounded,
    /// Bits of the number of a centre.
    bits: u32,
    /// By how much a score may be above what was found, by centre.
    off: Vec<f32>,
    /// How much more for each unit of the norm of a row.
    slope: f32,
}

/// What was found of a block of rows.
pub(super) struct Found {
    /// The nearest centre, where it is known.
    pub centre: Vec<i32>,
    /// By how many units all other centres are farther, at least; less than any number where the nearest is not known.
    pub gap: Vec<f32>,
    norm: Vec<f32>,
    off: Vec<f32>,
    score: Vec<f32>,
    second: Vec<f32>,
    short: [Vec<i32>; 2],
    short_tiles: Vec<i32>,
    single_tiles: Vec<f32>,
}

/// The gap of a row whose nearest centre is not known.
pub(super) const OPEN: f32 = f32::NEG_INFINITY;

impl Found {
    /// Room for so many rows.
    pub fn new(rows: usize) -> Found {
        let rows = rows.next_multiple_of(TILE * TILES);
        let numbers = || vec![0.0; rows];
        Found {
            centre: vec![0; rows],
            gap: numbers(),
            norm: numbers(),
            off: numbers(),
            score: numbers(),
            second: numbers(),
            short: [vec![0; rows], vec![0; rows]],
            short_tiles: Vec::new(),
            single_tiles: Vec::new(),
        }
    }
}

impl Screen {
    /// Round the rows, to short integers where the processor multiplies those quickly unless numbers are to be `fine`. `None` where rows
    /// are too wide or too long, or all nothing.
    pub fn new(points: &Points<'_>, fine: bool, control: &Control) -> Result<Option<Screen>> {
        let (rows, d) = (points.rows(), points.dimensions);
        let mut norms: Vec<f32> = control.filled(rows, 0.0)?;
        norms.par_chunks_mut(CHUNK).zip(points.values.par_chunks(CHUNK * d)).try_for_each(|(norms, values)| {
            control.check()?;
            run_wide(Norms { values, d, norms });
            Ok(())
        })?;
        // Not a number is carried on, so that it is seen.
        let longest = norms.par_iter().copied().reduce(|| 0.0, |a, b| if a >= b || a.is_nan() { a } else { b });
        let scale = LONGEST / f64::from(longest);
        if d > WIDEST || !longest.is_normal() {
            control.release_vec(norms);
            return Ok(None);
        }
        norms.par_iter_mut().for_each(|norm| *norm = (f64::from(*norm) * scale) as f32 * (1.0 + SLACK));
        let is_short = !fine && has_short();
        let width = if is_short { d.div_ceil(2) } else { d };
        let (tiles, lost) = if is_short {
            let (tiles, lost) = short_tiles(points, scale, control)?;
            (Rounded::Short(tiles), lost)
        } else {
            let (tiles, lost) = single_tiles(points, scale, control)?;
            (Rounded::Single(tiles), lost)
        };
        let mut longest: Vec<f32> = control.filled(rows.div_ceil(TILE * TILES), 0.0)?;
        for (longest, group) in longest.iter_mut().zip(norms.chunks(TILE * TILES)) {
            *longest = group.iter().copied().fold(0.0, f32::max);
        }
        Ok(Some(Screen { scale, width, tiles, norms, longest, lost }))
    }

    /// Whether rows are short integers, so that finer numbers could tell more.
    pub fn is_short(&self) -> bool {
        matches!(self.tiles, Rounded::Short(_))
    }

    /// Units in 1.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.norms);
        control.release_vec(self.longest);
        match self.tiles {
            Rounded::Short(tiles) => control.release_vec(tiles),
            Rounded::Single(tiles) => control.release_vec(tiles),
        }
    }

    /// Round centres of `d` numbers each; `None` where one is farther out than any row.
    pub fn targets(&self, centres: &[f64], d: usize) -> Option<Targets> {
        let k = centres.len() / d;
        let padded = k.next_multiple_of(CENTRES);
        let bits = (padded - 1).checked_ilog2().unwrap_or(0) + 1;
        let squares = centres.chunks_exact(d).map(|c| c.iter().map(|x| x * x).sum::<f64>() * self.scale * self.scale);
        let squares: Vec<f64> = squares.collect();
        if squares.iter().any(|square| square.is_nan() || square.sqrt() > LONGEST + 1.0) {
            return None;
        }
        let at = |i: usize| i / CENTRES * CENTRES * self.width + i % CENTRES;
        let mut lost = Vec::with_capacity(k);
        let values = if self.is_short() {
            let mut values = vec![0i32; padded * self.width];
            for (i, centre) in centres.chunks_exact(d).enumerate() {
                lost.push(short_row(centre, -self.scale, &mut values[at(i)..]));
            }
            Rounded::Short(values)
        } else {
            let mut values = vec![0.0f32; padded * self.width];
            for (i, centre) in centres.chunks_exact(d).enumerate() {
                lost.push(single_row(centre, -self.scale, &mut values[at(i)..], CENTRES));
            }
            Rounded::Single(values)
        };
        // What products and sums of numbers of 32 bits lose, as a share of what they are made of.
        let inexact = if self.is_short() { 0.0 } else { (d as f64 + 8.0) * f64::from(f32::EPSILON) };
        // What rounding took from a row of short integers is as much for a short row as for a long one.
        let own = |square: f64, lost: f64| match self.is_short() {
            true => self.lost * (square.sqrt() + lost) + f64::from(1u32 << bits) + 128.0,
            false => inexact * square + 1e-20,
        };
        let own: Vec<f64> = squares.iter().zip(&lost).map(|(square, lost)| own(*square, *lost)).collect();
        let slopes = squares.iter().zip(&lost).map(|(square, lost)| lost + inexact * square.sqrt());
        let slope = 2.0 * slopes.fold(0.0, f64::max) as f32 * (1.0 + SLACK);
        let starts = squares.iter().zip(&own).map(|(square, own)| square / 2.0 - own);
        let starts = if self.is_short() {
            let filled = std::iter::repeat_n(NEVER, padded - k);
            Rounded::Short(starts.map(|start| start.round() as i32).chain(filled).collect())
        } else {
            Rounded::Single(starts.map(|start| start as f32).chain(std::iter::repeat_n(f32::MAX, padded - k)).collect())
        };
        let off = own.iter().map(|own| 2.0 * *own as f32 * (1.0 + SLACK)).chain(std::iter::repeat_n(0.0, padded - k));
        Some(Targets { values, starts, bits, off: off.collect(), slope })
    }

    /// Look for the nearest targets of `rows` rows from `first`, which begins a group of tiles, or of only `some` of the rows (counted
    /// from `first`).
    pub fn find(&self, targets: &Targets, first: usize, rows: usize, some: Option<&[u32]>, found: &mut Found) {
        let count = some.map_or(rows, <[u32]>::len);
        let padded = count.next_multiple_of(TILE * TILES);
        let width = self.width;
        let Found { centre, gap, norm, off, score, second, short: [best_short, second_short], .. } = found;
        match (&self.tiles, &targets.values, &targets.starts) {
            (Rounded::Short(tiles), Rounded::Short(centres), Rounded::Short(starts)) => {
                let tiles = gather(tiles, width, first, padded, some, &mut found.short_tiles);
                let (centre, best, other) =
                    (&mut centre[..padded], &mut best_short[..padded], &mut second_short[..padded]);
                let low = (1 << targets.bits) - 1;
                short(&Question { width, tiles, centres, starts }, low, &mut Nearest { centre, best, second: other });
                // Scores are within 2^30, so that the difference of two is a number of 32 bits.
                for (lead, (best, other)) in second.iter_mut().zip(best_short.iter().zip(&*second_short)).take(padded) {
                    *lead = (other - best) as f32;
                }
                for (score, best) in score.iter_mut().zip(&*best_short).take(padded) {
                    *score = (best & !low) as f32;
                }
            }
            (Rounded::Single(tiles), Rounded::Single(centres), Rounded::Single(starts)) => {
                let tiles = gather(tiles, width, first, padded, some, &mut found.single_tiles);
                let (centre, best, second) = (&mut centre[..padded], &mut score[..padded], &mut second[..padded]);
                single(&Question { width, tiles, centres, starts }, &mut Nearest { centre, best, second });
                for (second, best) in second.iter_mut().zip(&*score).take(padded) {
                    *second -= best;
                }
            }
            // Targets are made by the screen they are for.
            _ => return gap[..count].fill(OPEN),
        }
        match some {
            Some(some) => norm.iter_mut().zip(some).for_each(|(to, row)| *to = self.norms[first + *row as usize]),
            None => norm[..count].copy_from_slice(&self.norms[first..first + count]),
        }
        for (off, centre) in off.iter_mut().zip(&*centre).take(count) {
            *off = targets.off[centre.unsigned_abs() as usize];
        }
        let (gap, norm, off, score, lead) =
            (&mut gap[..count], &norm[..count], &off[..count], &score[..count], &second[..count]);
        run_wide(Gaps { slope: targets.slope, gap, norm, off, score, lead });
    }
}

/// The norms of rows.
struct Norms<'a> {
    values: &'a [f64],
    d: usize,
    norms: &'a mut [f32],
}

impl Kernel for Norms<'_> {
    #[inline(always)]
    fn run(self) {
        let zero = vec![0.0; self.d];
        for (norm, row) in self.norms.iter_mut().zip(self.values.chunks_exact(self.d)) {
            *norm = apart(row, &zero).sqrt() as f32;
        }
    }
}

/// From scores to gaps.
struct Gaps<'a> {
    slope: f32,
    gap: &'a mut [f32],
    norm: &'a [f32],
    off: &'a [f32],
    score: &'a [f32],
    lead: &'a [f32],
}

impl Kernel for Gaps<'_> {
    #[inline(always)]
    fn run(self) {
        let rows = self.norm.iter().zip(self.off).zip(self.score.iter().zip(self.lead));
        for (gap, ((norm, off), (score, lead))) in self.gap.iter_mut().zip(rows) {
            let (square, slope) = (norm * norm, self.slope * norm);
            let slack = SLACK * (square + score.abs() + lead);
            let near = square + 2.0 * (score + off) + slope + slack;
            let far = square + 2.0 * (score + lead) - slope - slack;
            let apart = far.max(0.0).sqrt() - near.max(0.0).sqrt() - GAP;
            *gap = if *lead > off + slope + DOUBLES * square { apart } else { OPEN };
        }
    }
}

/// Units that a gap between distances must have to be one: more than what is lost in working it out.
pub(super) const GAP: f32 = 0.01;
