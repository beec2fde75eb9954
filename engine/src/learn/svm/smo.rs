//! Sequential minimal optimisation with working sets of second order (Fan, Chen, Lin 2005), as LIBSVM has it, over a whole matrix of kernels.
//!
//! All machines are one problem: weights between two ends whose sum stays, the half square of them through the matrix less what each gains is made
//! small. A point of a weight that cannot move takes no part but is told what the others say of it, so what a machine says of rows that it was not
//! taught costs nothing more.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::score::machine::{numbers, room, Beside};
use crate::simd::{run_wide, Kernel};

/// Lanes of a look for the most.
const LANES: usize = 8;
/// The least curve along two points that are nearly one.
const FLAT: f64 = 1e-12;
/// Steps between two looks for a cancel.
const CHECK: u32 = 64;

/// The kernels of points by pairs of them, to single precision, as LIBSVM keeps them.
pub(super) struct Square {
    count: usize,
    values: Vec<f32>,
}

impl Square {
    /// The memory it takes.
    pub fn new(points: &[f64], count: usize, dimensions: usize, gamma: f64, control: &Control) -> Result<Square> {
        let mut values: Vec<f32> = control.filled(count.saturating_mul(count), 0.0)?;
        control.reserve(8 * numbers(count, dimensions))?;
        let beside = Beside::new(points, count, dimensions);
        let init = || vec![0.0; room(count)];
        values.par_chunks_mut(count.max(1)).enumerate().try_for_each_init(init, |kernels, (i, out)| {
            control.check()?;
            let point = &points[i * dimensions..(i + 1) * dimensions];
            run_wide(Row { beside: &beside, gamma, point, kernels });
            out.iter_mut().zip(&*kernels).for_each(|(out, k)| *out = *k as f32);
            Ok(())
        })?;
        control.release(8 * numbers(count, dimensions));
        Ok(Square { count, values })
    }

    /// The number of points.
    pub fn count(&self) -> usize {
        self.count
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.count..(i + 1) * self.count]
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.values);
    }
}

struct Row<'a> {
    beside: &'a Beside,
    gamma: f64,
    point: &'a [f64],
    kernels: &'a mut [f64],
}

impl Kernel for Row<'_> {
    #[inline(always)]
    fn run(self) {
        self.beside.kernels(self.gamma, self.point, self.kernels);
    }
}

/// Write the kernels of a point with some others.
pub(super) fn kernels(beside: &Beside, gamma: f64, point: &[f64], kernels: &mut [f64]) {
    run_wide(Row { beside, gamma, point, kernels });
}

/// What the weights are found of: one for each point, or two, the second ones after the first.
pub(super) struct Problem {
    /// Where weights start.
    pub weights: Vec<f64>,
    /// Their ends.
    pub low: Vec<f64>,
    /// See above.
    pub high: Vec<f64>,
    /// What one more of a weight gains.
    pub gain: Vec<f64>,
}

/// What came out.
pub(super) struct Solved {
    /// The weight of each point.
    pub weights: Vec<f64>,
    /// What the points say of each point, without the intercept.
    pub said: Vec<f64>,
    /// What every point has.
    pub intercept: f64,
    /// Whether the end was reached.
    pub settled: bool,
}

/// Find the weights; `tol` is how far what points gain may differ, `most` the most steps.
pub(super) fn solve(square: &Square, problem: Problem, tol: f64, most: u32, control: &Control) -> Result<Solved> {
    let n = square.count();
    let Problem { mut weights, low, high, gain } = problem;
    let mut said: Vec<f64> = control.filled(n, 0.0)?;
    for (t, weight) in weights.iter().enumerate().filter(|(_, w)| **w != 0.0) {
        control.check()?;
        run_wide(Add { said: &mut said, one: square.row(t % n), other: None, by: *weight });
    }
    let mut gains: Vec<f64> = control.filled(weights.len(), 0.0)?;
    let (mut steps, mut settled) = (0, false);
    let mut ends;
    loop {
        if steps % CHECK == 0 {
            control.check()?;
        }
        ends = (f64::NEG_INFINITY, f64::INFINITY);
        run_wide(Ends { said: &said, weights: &weights, low: &low, high: &high, gain: &gain, ends: &mut ends });
        let (most_up, least_down) = ends;
        // Where none can go up or none down, nothing can move.
        if most_up - least_down < tol || !most_up.is_finite() || !least_down.is_finite() {
            settled = true;
            break;
        }
        if steps >= most {
            break;
        }
        steps += 1;
        let slope = |t: usize| gain[t] - said[t % n];
        let Some(i) = (0..weights.len()).find(|&t| weights[t] < high[t] && slope(t) == most_up) else { break };
        let mut best = 0.0;
        let row = square.row(i % n);
        run_wide(Gains {
            said: &said,
            weights: &weights,
            low: &low,
            gain: &gain,
            most_up,
            row,
            gains: &mut gains,
            best: &mut best,
        });
        let Some(j) = gains.iter().position(|g| *g == best).filter(|_| best > 0.0) else { break };
        let curve = (2.0 - 2.0 * f64::from(row[j % n])).max(FLAT);
        let step = ((most_up - slope(j)) / curve).min(high[i] - weights[i]).min(weights[j] - low[j]);
        let (rises, falls) = (weights[i], weights[j]);
        // The ends are met to the last bit.
        weights[i] = if step >= high[i] - weights[i] { high[i] } else { weights[i] + step };
        weights[j] = if step >= weights[j] - low[j] { low[j] } else { weights[j] - step };
        if weights[i] == rises && weights[j] == falls {
            // Weights are so large that rounding lets them go no further.
            settled = true;
            break;
        }
        if i % n != j % n {
            run_wide(Add { said: &mut said, one: row, other: Some(square.row(j % n)), by: step });
        }
    }
    let (mut sum, mut free) = (0.0, 0u32);
    for t in 0..weights.len() {
        if weights[t] > low[t] && weights[t] < high[t] {
            sum += gain[t] - said[t % n];
            free += 1;
        }
    }
    let middle = match ends {
        (up, down) if up.is_finite() && down.is_finite() => (up + down) / 2.0,
        (up, _) if up.is_finite() => up,
        (_, down) if down.is_finite() => down,
        _ => 0.0,
    };
    let intercept = if free > 0 { sum / f64::from(free) } else { middle };
    control.release_vec(gains);
    let second = if weights.len() > n { weights.split_off(n) } else { Vec::new() };
    weights.iter_mut().zip(&second).for_each(|(w, s)| *w += s);
    Ok(Solved { weights, said, intercept, settled })
}

/// Add kernels with a point, less those with another, so many times.
struct Add<'a> {
    said: &'a mut [f64],
    one: &'a [f32],
    other: Option<&'a [f32]>,
    by: f64,
}

impl Kernel for Add<'_> {
    #[inline(always)]
    fn run(self) {
        match self.other {
            Some(other) => {
                for ((said, one), other) in self.said.iter_mut().zip(self.one).zip(other) {
                    *said += self.by * (f64::from(*one) - f64::from(*other));
                }
            }
            None => self.said.iter_mut().zip(self.one).for_each(|(said, one)| *said += self.by * f64::from(*one)),
        }
    }
}

/// The most that one more of a weight brings, and the least that one less takes.
struct Ends<'a> {
    said: &'a [f64],
    weights: &'a [f64],
    low: &'a [f64],
    high: &'a [f64],
    gain: &'a [f64],
    ends: &'a mut (f64, f64),
}

impl Kernel for Ends<'_> {
    #[inline(always)]
    fn run(self) {
        let Ends { said, weights, low, high, gain, ends } = self;
        let n = said.len().max(1);
        let (mut up, mut down) = ([ends.0; LANES], [ends.1; LANES]);
        let halves =
            weights.chunks_exact(n).zip(low.chunks_exact(n)).zip(high.chunks_exact(n)).zip(gain.chunks_exact(n));
        for (((weights, low), high), gain) in halves {
            let (said, gain) = (said.as_chunks::<LANES>(), gain.as_chunks::<LANES>());
            let (weights, low, high) =
                (weights.as_chunks::<LANES>(), low.as_chunks::<LANES>(), high.as_chunks::<LANES>());
            let whole = said.0.iter().zip(gain.0).zip(weights.0).zip(low.0).zip(high.0);
            for ((((said, gain), weight), low), high) in whole {
                for lane in 0..LANES {
                    let slope = gain[lane] - said[lane];
                    let rises = if weight[lane] < high[lane] { slope } else { f64::NEG_INFINITY };
                    let falls = if weight[lane] > low[lane] { slope } else { f64::INFINITY };
                    up[lane] = if rises > up[lane] { rises } else { up[lane] };
                    down[lane] = if falls < down[lane] { falls } else { down[lane] };
                }
            }
            let left = said.1.iter().zip(gain.1).zip(weights.1).zip(low.1).zip(high.1);
            for ((((said, gain), weight), low), high) in left {
                let slope = gain - said;
                up[0] = if weight < high && slope > up[0] { slope } else { up[0] };
                down[0] = if weight > low && slope < down[0] { slope } else { down[0] };
            }
        }
        ends.0 = up.iter().fold(f64::NEG_INFINITY, |a, b| if *b > a { *b } else { a });
        ends.1 = down.iter().fold(f64::INFINITY, |a, b| if *b < a { *b } else { a });
    }
}

/// What each weight would bring with the one that rises.
struct Gains<'a> {
    said: &'a [f64],
    weights: &'a [f64],
    low: &'a [f64],
    gain: &'a [f64],
    most_up: f64,
    row: &'a [f32],
    gains: &'a mut [f64],
    best: &'a mut f64,
}

impl Kernel for Gains<'_> {
    #[inline(always)]
    fn run(self) {
        let Gains { said, weights, low, gain, most_up, row, gains, best } = self;
        let n = said.len().max(1);
        let halves =
            weights.chunks_exact(n).zip(low.chunks_exact(n)).zip(gain.chunks_exact(n)).zip(gains.chunks_exact_mut(n));
        let mut most = [0.0; LANES];
        for (((weights, low), gain), gains) in halves {
            let cells = weights.iter().zip(low).zip(gain).zip(said).zip(row).zip(gains.iter_mut());
            for (((((weight, low), gain), said), k), out) in cells {
                let rest = most_up - (gain - said);
                let curve = 2.0 - 2.0 * f64::from(*k);
                let curve = if curve < FLAT { FLAT } else { curve };
                let found = rest * rest / curve;
                let falls = *weight > *low;
                let helps = rest > 0.0;
                *out = if falls & helps { found } else { 0.0 };
            }
            let (blocks, left) = gains.as_chunks::<LANES>();
            for block in blocks {
                for lane in 0..LANES {
                    most[lane] = if block[lane] > most[lane] { block[lane] } else { most[lane] };
                }
            }
            for found in left {
                most[0] = if *found > most[0] { *found } else { most[0] };
            }
        }
        *best = most.iter().fold(0.0, |a, b| if *b > a { *b } else { a });
    }
}
