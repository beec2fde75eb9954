//! Rows and centres as numbers of few bits.

use rayon::prelude::*;

use super::{CENTRES, CHUNK, SLACK, TILE, TILES};
use crate::control::Control;
use crate::error::Result;
use crate::learn::kmeans::Points;
use crate::simd::{run_wide, Kernel};

/// What leaves no fraction of a number of less than 2^51 that it is added to: the lowest bits of the sum are those of the nearest whole
/// number.
const WHOLE: f64 = 6_755_399_441_055_744.0;
/// Numbers that are rounded side by side.
const SIDE: usize = 8;

/// The tiles of all rows as pairs of short integers, and the norm of the most that rounding took from one.
pub(super) fn short_tiles(points: &Points<'_>, scale: f64, control: &Control) -> Result<(Vec<i32>, f64)> {
    let d = points.dimensions;
    tiles(points, d.div_ceil(2), control, |values, tiles| {
        let mut lost = 0.0;
        run_wide(Round { values, d, scale, tiles, lost: &mut lost });
        lost
    })
}

/// The tiles of all rows as numbers of 32 bits, and the norm of the most that rounding took from one.
pub(super) fn single_tiles(points: &Points<'_>, scale: f64, control: &Control) -> Result<(Vec<f32>, f64)> {
    let d = points.dimensions;
    tiles(points, d, control, |values, tiles| {
        let rows = values.chunks_exact(d).enumerate();
        let lost = rows.map(|(i, row)| single_row(row, scale, &mut tiles[i / TILE * TILE * d + i % TILE..], TILE));
        lost.fold(0.0, f64::max)
    })
}

/// A centre as pairs of short integers, side by side with others; the norm of what rounding took.
pub(super) fn short_row(row: &[f64], scale: f64, to: &mut [i32]) -> f64 {
    let mut wholes = vec![0; row.len().next_multiple_of(2)];
    let lost = round(row, scale, &mut wholes);
    to.iter_mut().step_by(CENTRES).zip(wholes.as_chunks().0).for_each(|(to, halves)| *to = pair(*halves));
    norm(lost)
}

/// A row as numbers of 32 bits, each `step` after the one before; the norm of what rounding took.
pub(super) fn single_row(row: &[f64], scale: f64, to: &mut [f32], step: usize) -> f64 {
    let mut lost = 0.0;
    for (x, to) in row.iter().zip(to.iter_mut().step_by(step)) {
        let single = (x * scale) as f32;
        lost += (x * scale - f64::from(single)) * (x * scale - f64::from(single));
        *to = single;
    }
    norm(lost)
}

/// From a square of what was lost.
fn norm(lost: f64) -> f64 {
    lost.sqrt() * (1.0 + f64::from(SLACK))
}

/// Two short integers in 32 bits.
#[inline(always)]
fn pair([low, high]: [u16; 2]) -> i32 {
    (u32::from(low) | u32::from(high) << 16).cast_signed()
}

/// The nearest whole number, of which the lowest bits are taken, and how far it is off.
#[inline(always)]
fn whole(x: f64) -> (u16, f64) {
    let sum = x + WHOLE;
    (sum.to_bits() as u16, x - (sum - WHOLE))
}

/// Round numbers to short integers, which may have room for more; the sum of the squares of what that takes.
#[inline(always)]
fn round(numbers: &[f64], scale: f64, to: &mut [u16]) -> f64 {
    let (eights, left) = numbers.as_chunks::<SIDE>();
    let (to_eights, to_left) = to[..numbers.len()].as_chunks_mut::<SIDE>();
    let mut lost = [0.0; SIDE];
    for (eight, to) in eights.iter().zip(to_eights) {
        // All is read before anything is written, so that numbers can lie side by side in registers.
        let (mut wholes, mut more) = ([0; SIDE], lost);
        for i in 0..SIDE {
            let (whole, off) = whole(eight[i] * scale);
            wholes[i] = whole;
            more[i] += off * off;
        }
        (*to, lost) = (wholes, more);
    }
    for ((x, to), lost) in left.iter().zip(to_left).zip(&mut lost) {
        let (whole, off) = whole(x * scale);
        *to = whole;
        *lost += off * off;
    }
    let [a, b, c, d, e, f, g, h] = lost;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Rows to tiles of pairs of short integers.
struct Round<'a> {
    values: &'a [f64],
    d: usize,
    scale: f64,
    tiles: &'a mut [i32],
    lost: &'a mut f64,
}

impl Kernel for Round<'_> {
    #[inline(always)]
    fn run(self) {
        let (d, width) = (self.d, self.d.div_ceil(2));
        let mut wholes = vec![0; TILE * 2 * width];
        let mut most = 0.0f64;
        for (rows, tile) in self.values.chunks(TILE * d).zip(self.tiles.chunks_exact_mut(TILE * width)) {
            for (row, wholes) in rows.chunks_exact(d).zip(wholes.chunks_exact_mut(2 * width)) {
                most = most.max(round(row, self.scale, wholes));
            }
            let halves = wholes.as_chunks::<2>().0;
            for (at, to) in tile.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
                for (row, to) in to.iter_mut().enumerate().take(rows.len() / d) {
                    *to = pair(halves[row * width + at]);
                }
            }
        }
        *self.lost = norm(most);
    }
}

/// The tiles of all rows, written by `write`, which says what it lost at most; and the most of that.
fn tiles<T: Copy + Default + Send + Sync>(
    points: &Points<'_>,
    width: usize,
    control: &Control,
    write: impl Fn(&[f64], &mut [T]) -> f64 + Sync,
) -> Result<(Vec<T>, f64)> {
    let d = points.dimensions;
    let padded = points.rows().next_multiple_of(TILE * TILES);
    let mut tiles: Vec<T> = control.filled(padded * width, T::default())?;
    let lost: Result<Vec<f64>> = tiles
        .par_chunks_mut(CHUNK * width)
        .zip(points.values.par_chunks(CHUNK * d))
        .map(|(tiles, values)| {
            control.check()?;
            Ok(write(values, tiles))
        })
        .collect();
    Ok((tiles, lost?.into_iter().fold(0.0, f64::max)))
}

/// The tiles of `padded` rows from `first`, or new ones of only `some` of those.
pub(super) fn gather<'a, T: Copy + Default>(
    tiles: &'a [T],
    width: usize,
    first: usize,
    padded: usize,
    some: Option<&[u32]>,
    scratch: &'a mut Vec<T>,
) -> &'a [T] {
    let whole = &tiles[first * width..];
    let Some(some) = some else { return &whole[..padded * width] };
    scratch.resize(padded * width, T::default());
    for (i, row) in some.iter().enumerate() {
        let row = *row as usize;
        let from = whole[row / TILE * TILE * width + row % TILE..].iter().step_by(TILE);
        let to = scratch[i / TILE * TILE * width + i % TILE..].iter_mut().step_by(TILE);
        to.zip(from).take(width).for_each(|(to, from)| *to = *from);
    }
    scratch
}
