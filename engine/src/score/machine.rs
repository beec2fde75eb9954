//! What the points of a support vector machine say of a row.

use std::cell::RefCell;

use super::link::{unlink, Answer};
use super::neighbors::beyond;
use crate::learn::pca::lanes::dot;
use crate::model::{Body, Machine, Task};
use crate::simd::{run_wide, Kernel};

/// Points whose distances are found side by side.
const SIDE: usize = 16;
/// Below this `exp` is 0.
const LEAST: f64 = -708.0;

/// `exp` of a number that is not above 0, within three units of the last place; 0 below -708, and of NaN. Nothing but sums, products and bits, so that
/// loops of it become vectors, and so the same on every processor.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    // 1.5 * 2^52: added to a number it leaves the nearest whole one in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const HIGH: f64 = 0.693_147_180_369_123_8;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    let is_there = x >= LEAST;
    let x = if is_there { x } else { LEAST };
    let whole = x * std::f64::consts::LOG2_E + ROUND;
    let power = whole.to_bits().wrapping_add(1023) << 52;
    let k = whole - ROUND;
    let r = (x - k * HIGH) - k * LOW;
    // Taylor's series up to r^13 / 13!, in pairs so that not every step waits for the one before.
    let (r2, half) = (r * r, 0.5);
    let (a, b) = (1.0 + r, half + r * (1.0 / 6.0));
    let (c, d) = (1.0 / 24.0 + r * (1.0 / 120.0), 1.0 / 720.0 + r * (1.0 / 5_040.0));
    let (e, f) = (1.0 / 40_320.0 + r * (1.0 / 362_880.0), 1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0));
    let g = 1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0);
    let r4 = r2 * r2;
    let (ab, cd, ef) = (a + r2 * b, c + r2 * d, e + r2 * f);
    let value = (ab + r4 * cd) + (r4 * r4) * (ef + r4 * g);
    let value = value * f64::from_bits(power);
    if is_there {
        value
    } else {
        0.0
    }
}

/// Points by [`SIDE`] of them and dimension.
#[derive(Debug)]
pub(crate) struct Beside {
    dimensions: usize,
    count: usize,
    values: Vec<f64>,
}

/// The numbers that so many points take.
pub(crate) fn numbers(count: usize, dimensions: usize) -> usize {
    room(count).saturating_mul(dimensions)
}

/// The numbers that [`Beside::kernels`] writes for so many points.
pub(crate) fn room(count: usize) -> usize {
    count.div_ceil(SIDE) * SIDE
}

impl Beside {
    /// Points one after the other. Memory for [`numbers`] is counted by the caller.
    pub fn new(points: &[f64], count: usize, dimensions: usize) -> Beside {
        let mut values = vec![0.0; numbers(count, dimensions)];
        for i in 0..count {
            let first = i / SIDE * SIDE * dimensions + i % SIDE;
            let point = &points[i * dimensions..(i + 1) * dimensions];
            point.iter().enumerate().for_each(|(k, x)| values[first + k * SIDE] = *x);
        }
        Beside { dimensions, count, values }
    }

    /// The number of points.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.values.capacity() * 8
    }

    /// Write what is left of 1 at the distance of each point, and 0 up to the end of `out`, which is [`room`] long.
    #[inline(always)]
    pub fn kernels(&self, gamma: f64, row: &[f64], out: &mut [f64]) {
        let size = SIDE * self.dimensions;
        for (block, out) in out.chunks_exact_mut(SIDE).enumerate() {
            let mut far = [0.0; SIDE];
            let values = self.values.get(block * size..(block + 1) * size).unwrap_or(&[]);
            for (x, own) in row.iter().zip(values.chunks_exact(SIDE)) {
                for (far, own) in far.iter_mut().zip(own) {
                    *far += (x - own) * (x - own);
                }
            }
            for (out, far) in out.iter_mut().zip(far) {
                *out = exp(-gamma * far);
            }
        }
        if let Some(rest) = out.get_mut(self.count..) {
            rest.fill(0.0);
        }
    }
}

/// The points of a model side by side, and the weights of each output.
#[derive(Debug)]
pub(super) struct Layout {
    points: Beside,
    /// Output by output, a number a point.
    weights: Vec<f64>,
}

impl Layout {
    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.points.bytes() + self.weights.capacity() * 8
    }
}

/// The layout of a model; `None` of another body.
pub(super) fn layout(body: &Body) -> Option<Layout> {
    let Body::Machine(body) = body else { return None };
    let (count, outputs) = (body.count(), body.outputs as usize);
    let points = Beside::new(&body.points, count, body.dimensions as usize);
    let weights = (0..outputs).flat_map(|o| (0..count).map(move |p| body.weights[p * outputs + o])).collect();
    Some(Layout { points, weights })
}

thread_local! {
    /// A row in the space and what is left of 1 at each point; kept so that a row costs no allocation.
    static ROOM: RefCell<(Vec<f64>, Vec<f64>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// An encoded row in the space. All numbers are finite, and so are their squares.
pub fn point(body: &Machine, row: &[f64], out: &mut Vec<f64>) {
    beyond(&body.axes, body.dimensions, row, out);
}

/// Write the answer to an encoded row.
pub(super) fn predict(body: &Machine, layout: &Layout, task: &Task, row: &[f64], out: &mut [f64]) {
    ROOM.with_borrow_mut(|(place, kernels)| {
        point(body, row, place);
        kernels.clear();
        kernels.resize(room(layout.points.count()), 0.0);
        run_wide(Sums { layout, gamma: body.gamma, point: place, kernels, intercept: &body.intercept, out });
    });
    if *task == Task::Anomaly {
        out[0] = 1.0 / (1.0 + out[0]);
        return;
    }
    unlink(body.link, matches!(task, Task::Classification { .. }), out);
    Answer::of(task).turn(out);
}

struct Sums<'a> {
    layout: &'a Layout,
    gamma: f64,
    point: &'a [f64],
    kernels: &'a mut [f64],
    intercept: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.layout.points.count();
        self.layout.points.kernels(self.gamma, self.point, self.kernels);
        for (o, (out, intercept)) in self.out.iter_mut().zip(self.intercept).enumerate() {
            *out = intercept + dot(self.kernels, &self.layout.weights[o * count..(o + 1) * count]);
        }
    }
}

/// About how many nanoseconds a row takes.
pub(super) fn nanoseconds(body: &Machine) -> f64 {
    let count = body.count() as f64;
    100.0 + count * (4.0 + 0.35 * f64::from(body.dimensions) + 0.3 * f64::from(body.outputs))
}

/// Bytes on the heap.
pub(super) fn bytes(body: &Machine) -> usize {
    (body.points.capacity() + body.weights.capacity() + body.intercept.capacity()) * 8 + body.axes.len() * 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_that_of_libm() {
        for i in 0..200_000 {
            let x = -f64::from(i) * 0.00354;
            let (own, right) = (exp(x), libm::exp(x));
            assert!((own - right).abs() <= right * 6e-16, "{x} {own} {right}");
        }
        assert_eq!(
            (exp(0.0), exp(-0.0), exp(-1e300), exp(f64::NEG_INFINITY), exp(f64::NAN)),
            (1.0, 1.0, 0.0, 0.0, 0.0)
        );
        assert!(exp(-707.9) > 0.0 && exp(-1e-320) == 1.0);
    }

    #[test]
    fn points_side_by_side_are_those_one_by_one() {
        let number = |i: usize| (i * 7919 % 1009) as f64 / 500.0 - 1.0;
        for dimensions in [0, 1, 3, 8] {
            for count in [0, 1, 15, 16, 17, 40] {
                let points: Vec<f64> = (0..count * dimensions).map(number).collect();
                let row: Vec<f64> = (0..dimensions).map(|k| number(k + 500)).collect();
                let beside = Beside::new(&points, count, dimensions);
                let mut out = vec![f64::NAN; room(count)];
                beside.kernels(0.7, &row, &mut out);
                for (p, own) in out.iter().enumerate() {
                    let far: f64 = (0..dimensions)
                        .map(|k| points.get(p * dimensions + k).map_or(0.0, |x| (x - row[k]) * (x - row[k])))
                        .sum();
                    let right = if p < count { libm::exp(-0.7 * far) } else { 0.0 };
                    assert!((own - right).abs() < 1e-15, "{dimensions} {count} {p}: {own} {right}");
                }
            }
        }
    }
}
