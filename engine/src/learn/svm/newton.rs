//! Machines that are sums of numbers of a row, with squared losses: Newton's method on the rows that count (Keerthi, DeCoste 2005).
//!
//! The numbers of a row are its dimensions, or its kernels with landmarks (Williams, Seeger 2001); then the penalty goes through the kernels of the
//! landmarks with each other, which is the machine in the space that they span, and no root of their matrix is needed.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::learn::linear::solve::Factor;
use crate::learn::pca::lanes::dot;
use crate::learn::sum::sums;
use crate::simd::{run_wide, Kernel};

/// Steps; a dozen are usual.
const MOST_STEPS: u32 = 100;
/// Rows whose sums are added up one after the other.
const PART: usize = 4096;
/// A step that lowers what is made small by a smaller share of it is the last.
const SETTLED: f64 = 1e-10;
/// Halvings of the way along a step.
const HALVINGS: u32 = 30;
/// The tiles of the matrix of second derivatives.
const TALL: usize = 32;
/// See above.
const BROAD: usize = 64;
/// Rows that are added to a tile at a time.
const AT_ONCE: usize = 4;

/// What a row loses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Loss {
    /// The square of what it is short of 1 on the side of its class, 1 or -1.
    Hinge,
    /// The square of what it is further off than that.
    Beyond(f64),
}

impl Loss {
    /// The slope of the loss of a row of which `said` is said, and half its curve: 0 or 1.
    #[inline(always)]
    fn slope(self, said: f64, target: f64) -> (f64, f64) {
        let (rest, counts) = match self {
            Loss::Hinge => (said - target, said * target < 1.0),
            Loss::Beyond(epsilon) => {
                let off = said - target;
                let rest = if off > 0.0 { off - epsilon } else { off + epsilon };
                (rest, off.abs() > epsilon)
            }
        };
        if counts {
            (2.0 * rest, 1.0)
        } else {
            (0.0, 0.0)
        }
    }
}

/// Rows of numbers.
pub(super) struct Numbers<'a> {
    /// Rows x width.
    pub values: &'a [f64],
    /// The numbers of a row.
    pub width: usize,
    /// How many rows there are.
    pub rows: usize,
    /// What the penalty goes through, width x width; coefficients as they are where there is none.
    pub penalty: Option<&'a [f64]>,
}

/// Coefficients, the last of which is the intercept, and what they say of each row.
pub(super) struct Found {
    pub coefficients: Vec<f64>,
    pub said: Vec<f64>,
    pub settled: bool,
}

impl Numbers<'_> {
    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// Find the coefficients from `start` on; a row costs so many times its loss, one without cost is told what is said of it.
    pub fn solve(&self, loss: Loss, target: &[f64], cost: &[f64], start: Vec<f64>, control: &Control) -> Result<Found> {
        let width = self.width;
        let mut own = start;
        own.resize(width + 1, 0.0);
        let mut said = self.say(&own, control)?;
        let (mut slopes, mut curves): (Vec<f64>, Vec<f64>) =
            (control.filled(self.rows, 0.0)?, control.filled(self.rows, 0.0)?);
        let mut matrix: Vec<f64> = control.filled((width + 1) * (width + 1), 0.0)?;
        // The factor's own.
        control.reserve(8 * (width + 1) * (width + 1))?;
        let mut settled = false;
        for _ in 0..MOST_STEPS {
            for i in 0..self.rows {
                let (slope, curve) = loss.slope(said[i], target[i]);
                (slopes[i], curves[i]) = (cost[i] * slope, 2.0 * cost[i] * curve);
            }
            let mut down = self.across(&slopes, control)?;
            let pulled = self.penalize(&own[..width], control)?;
            down.iter_mut().zip(&pulled).for_each(|(d, p)| *d += p);
            // The intercept comes first, so that it is never what others say.
            let mut step = vec![down[width]];
            step.extend_from_slice(&down[..width]);
            self.gram(&curves, &mut matrix, control)?;
            let factor = Factor::new(&matrix, &vec![0.0; width + 1], control)?;
            factor.solve(&mut step);
            let mut way: Vec<f64> = step[1..].iter().map(|s| -s).collect();
            way.push(-step[0]);
            let gained: f64 = -dot(&way, &down);
            let moved = self.say(&way, control)?;
            let far = self.penalize(&way[..width], control)?;
            let (pull, stretch) = (dot(&way[..width], &pulled), dot(&way[..width], &far));
            let slope_at = |at: f64| {
                let [sum] = sums(0..self.rows, control, |part| {
                    [part.map(|i| cost[i] * loss.slope(said[i] + at * moved[i], target[i]).0 * moved[i]).sum()]
                })?;
                Ok::<f64, crate::error::Error>(pull + at * stretch + sum)
            };
            let at = best(slope_at, gained)?;
            own.iter_mut().zip(&way).for_each(|(x, w)| *x += at * w);
            said.iter_mut().zip(&moved).for_each(|(x, w)| *x += at * w);
            let [lost] = sums(0..self.rows, control, |part| {
                let of = |i: usize| {
                    let half = loss.slope(said[i], target[i]).0 / 2.0;
                    cost[i] * half * half
                };
                [part.map(of).sum()]
            })?;
            control.release_vec(moved);
            if gained.is_nan() || at * gained <= SETTLED * lost.max(f64::MIN_POSITIVE) {
                settled = !gained.is_nan();
                break;
            }
        }
        control.release(8 * (width + 1) * (width + 1));
        control.release_vec(matrix);
        control.release_vec(slopes);
        control.release_vec(curves);
        if own.iter().chain(&said).any(|x| !x.is_finite()) {
            // Numbers that are too large to be squared say nothing.
            own.fill(0.0);
            said.fill(0.0);
            settled = false;
        }
        Ok(Found { coefficients: own, said, settled })
    }

    /// What coefficients say of each row.
    fn say(&self, own: &[f64], control: &Control) -> Result<Vec<f64>> {
        let mut out: Vec<f64> = control.filled(self.rows, 0.0)?;
        out.par_chunks_mut(PART)
            .enumerate()
            .try_for_each(|(c, out)| {
                control.check()?;
                run_wide(Say { numbers: self, first: c * PART, own, out });
                Ok(())
            })
            .map(|()| out)
    }

    /// The sum of the numbers of rows times a number of each, and of these.
    pub fn across(&self, by: &[f64], control: &Control) -> Result<Vec<f64>> {
        let part = |c: usize| {
            control.check()?;
            let mut sums = vec![0.0; self.width + 1];
            run_wide(Across { numbers: self, rows: c * PART..((c + 1) * PART).min(self.rows), by, sums: &mut sums });
            Ok(sums)
        };
        let parts: Result<Vec<Vec<f64>>> = (0..self.rows.div_ceil(PART)).into_par_iter().map(part).collect();
        let mut total = vec![0.0; self.width + 1];
        parts?.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
        Ok(total)
    }

    /// The slope of the penalty.
    fn penalize(&self, own: &[f64], control: &Control) -> Result<Vec<f64>> {
        control.check()?;
        Ok(match self.penalty {
            Some(penalty) => penalty.chunks_exact(self.width.max(1)).map(|row| dot(row, own)).collect(),
            None => own.to_vec(),
        })
    }

    /// The second derivatives, of which the lower triangle is written; the intercept comes first.
    fn gram(&self, curves: &[f64], matrix: &mut [f64], control: &Control) -> Result<()> {
        let (width, size) = (self.width, self.width + 1);
        let mut used: Vec<u32> = control.vec(self.rows)?;
        used.extend((0..self.rows as u32).filter(|i| curves[*i as usize] != 0.0));
        let beside = self.across(curves, control)?;
        matrix.fill(0.0);
        let strips = matrix[size..].par_chunks_mut(TALL * size).enumerate();
        strips.try_for_each(|(strip, out)| {
            let top = strip * TALL;
            let tall = TALL.min(width - top);
            for left in (0..top + tall).step_by(BROAD) {
                control.check()?;
                let broad = BROAD.min(width - left);
                let mut tile = [[0.0; BROAD]; TALL];
                run_wide(Tile { numbers: self, used: &used, curves, top, tall, left, broad, tile: &mut tile });
                for i in 0..tall {
                    let row = &mut out[i * size..(i + 1) * size];
                    let end = broad.min((top + i + 1).saturating_sub(left));
                    row[1 + left..1 + left + end].copy_from_slice(&tile[i][..end]);
                }
            }
            for i in 0..tall {
                let row = &mut out[i * size..(i + 1) * size];
                row[0] = beside[top + i];
                match self.penalty {
                    Some(penalty) => {
                        let own = &penalty[(top + i) * width..][..top + i + 1];
                        row[1..].iter_mut().zip(own).for_each(|(x, p)| *x += p);
                    }
                    None => row[1 + top + i] += 1.0,
                }
            }
            Ok::<(), crate::error::Error>(())
        })?;
        // Where no row counts, nothing holds the intercept.
        matrix[0] = if beside[width] > 0.0 { beside[width] } else { 1.0 };
        control.release_vec(used);
        Ok(())
    }
}

/// How far along a step the slope is 0: it falls by `gained` at the start, and rises in straight pieces.
fn best(slope_at: impl Fn(f64) -> Result<f64>, gained: f64) -> Result<f64> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let slope = slope_at(high)?;
        if slope.is_nan() {
            return Ok(0.0);
        }
        if slope.abs() <= 1e-6 * gained {
            return Ok(high);
        }
        if slope > 0.0 {
            break;
        }
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2.0;
        let slope = slope_at(middle)?;
        if slope.abs() <= 1e-6 * gained {
            return Ok(middle);
        }
        if slope > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(low)
}

struct Say<'a> {
    numbers: &'a Numbers<'a>,
    first: usize,
    own: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Say<'_> {
    #[inline(always)]
    fn run(self) {
        let width = self.numbers.width;
        for (i, out) in self.out.iter_mut().enumerate() {
            let row = &self.numbers.values[(self.first + i) * width..(self.first + i + 1) * width];
            *out = self.own[width] + dot(row, &self.own[..width]);
        }
    }
}

struct Across<'a> {
    numbers: &'a Numbers<'a>,
    rows: std::ops::Range<usize>,
    by: &'a [f64],
    sums: &'a mut [f64],
}

impl Kernel for Across<'_> {
    #[inline(always)]
    fn run(self) {
        let width = self.numbers.width;
        let (sums, last) = self.sums.split_at_mut(width);
        for i in self.rows {
            let by = self.by[i];
            if by != 0.0 {
                let row = &self.numbers.values[i * width..(i + 1) * width];
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += by * x);
                last[0] += by;
            }
        }
    }
}

/// A part of the matrix of second derivatives.
struct Tile<'a> {
    numbers: &'a Numbers<'a>,
    used: &'a [u32],
    curves: &'a [f64],
    top: usize,
    tall: usize,
    left: usize,
    broad: usize,
    tile: &'a mut [[f64; BROAD]; TALL],
}

impl Kernel for Tile<'_> {
    #[inline(always)]
    fn run(self) {
        let Tile { numbers, used, curves, top, tall, left, broad, tile } = self;
        let (mut down, mut along) = ([[0.0; TALL]; AT_ONCE], [[0.0; BROAD]; AT_ONCE]);
        for rows in used.chunks(AT_ONCE) {
            for (at, (down, along)) in down.iter_mut().zip(along.iter_mut()).enumerate() {
                match rows.get(at) {
                    Some(&i) => {
                        let row = numbers.row(i as usize);
                        let curve = curves[i as usize];
                        down.iter_mut().zip(&row[top..top + tall]).for_each(|(x, v)| *x = curve * v);
                        along[..broad].copy_from_slice(&row[left..left + broad]);
                    }
                    None => down.fill(0.0),
                }
            }
            for (i, out) in tile.iter_mut().enumerate() {
                let [a, b, c, d] = [down[0][i], down[1][i], down[2][i], down[3][i]];
                for j in 0..BROAD {
                    out[j] += (a * along[0][j] + b * along[1][j]) + (c * along[2][j] + d * along[3][j]);
                }
            }
        }
    }
}
