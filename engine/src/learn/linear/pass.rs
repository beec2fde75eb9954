//! One pass over the rows: the loss at some coefficients, its gradient, and its expected second derivatives.
//!
//! Rows are parted by their number alone and parts are added in their order, numbers of a row in lanes, so the sums depend neither on threads nor on
//! instructions.

use std::ops::Range;

use rayon::prelude::*;

use super::design::{Design, NONE};
use super::family::{Family, Told};
use super::logistic::logistic;
use crate::control::Control;
use crate::error::Result;
use crate::learn::pca::lanes::dot;
use crate::score::link::softmax;
use crate::simd::product::{Product, Start};
use crate::simd::{run_wide, Kernel};

/// The most parts, and the bytes that their sums may take together.
const PARTS: usize = 32;
const BYTES: usize = 256 << 20;
/// The fewest rows of a part.
const FEWEST: usize = 2048;
/// Rows between two looks for a cancel, and rows of a block.
const LOOK: usize = 8192;
const BLOCK: usize = 64;

/// What rows are to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem<'a> {
    pub design: &'a Design,
    pub family: Family,
    /// The scores of a row.
    pub outputs: usize,
    /// The number, or the class, of each row.
    pub target: &'a [f64],
    pub weight: Option<&'a [f64]>,
    /// What is added to each row's score.
    pub offset: Option<&'a [f64]>,
}

/// What is asked of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The loss and the gradient.
    Slope,
    /// And the diagonal of the second derivatives.
    Diagonal,
    /// And all of them.
    Curve,
}

/// What a pass found.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub loss: f64,
    /// Output by output, dimension by dimension.
    pub slope: Vec<f64>,
    /// A square of `outputs * dimensions`, of which the lower triangle counts; or its diagonal; or nothing.
    pub curve: Vec<f64>,
}

impl Problem<'_> {
    /// Coefficients: dimensions times outputs.
    pub fn size(&self) -> usize {
        self.design.dimensions * self.outputs
    }

    /// The loss where every row's score is one number and its offset; for one output.
    pub fn lone_loss(&self, score: f64, control: &Control) -> Result<f64> {
        let of = |row: usize| {
            let score = score + self.offset.map_or(0.0, |offset| offset[row]);
            self.weight.map_or(1.0, |w| w[row]) * self.family.at(score, self.target[row]).loss
        };
        crate::learn::sum::sum(0..self.target.len(), control, of)
    }

    /// Bytes of the second derivatives.
    pub fn curve_bytes(&self) -> usize {
        self.size().saturating_mul(self.size()).saturating_mul(8)
    }

    /// Look at some rows.
    pub fn pass(&self, coefficients: &[f64], rows: Range<usize>, depth: Depth, control: &Control) -> Result<Sums> {
        let (size, pairs) = (self.size(), self.outputs * (self.outputs + 1) / 2);
        let own = match depth {
            Depth::Slope => 0,
            Depth::Diagonal => size,
            Depth::Curve => pairs * (self.design.width * self.design.stride + self.level_numbers()),
        };
        let most = (BYTES / (own * 8).max(1)).clamp(1, PARTS);
        let per_part = rows.len().div_ceil(most).max(FEWEST);
        let parts = rows.len().div_ceil(per_part).max(1);
        let bytes = parts * (own + size) * 8 + if depth == Depth::Curve { self.curve_bytes() } else { 0 };
        control.reserve(bytes)?;
        let part = |part: usize| {
            let first = rows.start + part * per_part;
            let last = (first + per_part).min(rows.end);
            let mut sums = Part { loss: 0.0, slope: vec![0.0; size], own: vec![0.0; own] };
            for from in (first..last).step_by(LOOK) {
                control.check()?;
                run_wide(Look {
                    problem: self,
                    coefficients,
                    rows: from..(from + LOOK).min(last),
                    depth,
                    sums: &mut sums,
                });
            }
            Ok(sums)
        };
        let found: Result<Vec<Part>> = (0..parts).into_par_iter().map(part).collect();
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                control.release(bytes);
                return Err(error);
            }
        };
        let mut total = Part { loss: 0.0, slope: vec![0.0; size], own: vec![0.0; own] };
        for part in &found {
            total.loss += part.loss;
            total.slope.iter_mut().zip(&part.slope).for_each(|(t, p)| *t += p);
            total.own.iter_mut().zip(&part.own).for_each(|(t, p)| *t += p);
        }
        drop(found);
        let curve = match depth {
            Depth::Slope => Vec::new(),
            Depth::Diagonal => total.own,
            Depth::Curve => self.square(&total.own),
        };
        control.release(bytes);
        Ok(Sums { loss: total.loss, slope: total.slope, curve })
    }

    /// Numbers that are kept of levels: with the numbers of a row, and with each other.
    fn level_numbers(&self) -> usize {
        let levels = self.design.dimensions - self.design.width;
        levels * self.design.stride + levels * levels
    }

    /// The square of second derivatives of what a pass added up.
    fn square(&self, own: &[f64]) -> Vec<f64> {
        let Design { width, stride, dimensions, .. } = *self.design;
        let (size, levels) = (self.size(), dimensions - width);
        let mut out = vec![0.0; size * size];
        let per_pair = width * stride + self.level_numbers();
        let mut pair = 0;
        for a in 0..self.outputs {
            for b in 0..=a {
                let own = &own[pair * per_pair..][..per_pair];
                let (numbers, rest) = own.split_at(width * stride);
                let (mixed, met) = rest.split_at(levels * stride);
                let mut set = |i: usize, j: usize, value: f64| {
                    // A block of two outputs is symmetric in itself.
                    out[(a * dimensions + i) * size + b * dimensions + j] = value;
                    out[(a * dimensions + j) * size + b * dimensions + i] = value;
                    out[(b * dimensions + i) * size + a * dimensions + j] = value;
                    out[(b * dimensions + j) * size + a * dimensions + i] = value;
                };
                for i in 0..width {
                    (0..=i).for_each(|j| set(i, j, numbers[i * stride + j]));
                }
                for level in 0..levels {
                    (0..width).for_each(|j| set(width + level, j, mixed[level * stride + j]));
                    (0..level).for_each(|other| set(width + level, width + other, met[level * levels + other]));
                    // The intercept's number is 1, so a level with itself is the level with that.
                    set(width + level, width + level, mixed[level * stride]);
                }
                pair += 1;
            }
        }
        out
    }

    /// The scores of a row.
    #[inline(always)]
    pub fn scores(&self, coefficients: &[f64], row: usize, out: &mut [f64]) {
        let Design { width, stride, categories, dimensions, ref values, ref codes, .. } = *self.design;
        let numbers = &values[row * stride..][..width];
        let codes = &codes[row * categories..][..categories];
        let offset = self.offset.map_or(0.0, |offset| offset[row]);
        for (out, own) in out.iter_mut().zip(coefficients.chunks_exact(dimensions)) {
            let mut score = offset + dot(numbers, &own[..width]);
            codes.iter().filter(|code| **code != NONE).for_each(|code| score += own[*code as usize]);
            *out = score;
        }
    }
}

struct Part {
    loss: f64,
    slope: Vec<f64>,
    own: Vec<f64>,
}

/// Rows of a part.
struct Look<'a, 'b> {
    problem: &'a Problem<'a>,
    coefficients: &'a [f64],
    rows: Range<usize>,
    depth: Depth,
    sums: &'b mut Part,
}

impl Kernel for Look<'_, '_> {
    #[inline(always)]
    fn run(self) {
        if self.problem.outputs == 1 {
            self.one();
        } else {
            self.several();
        }
    }
}

impl Look<'_, '_> {
    /// Rows of one score, a block at a time, so that what a block says is found side by side and its products are summed in registers.
    #[inline(always)]
    fn one(self) {
        let Look { problem, coefficients, rows, depth, sums } = self;
        let Design { width, stride, categories, dimensions, ref values, ref codes, .. } = *problem.design;
        let levels = dimensions - width;
        let mut wide = vec![0.0; 2 * stride];
        let (line, slope) = wide.split_at_mut(stride);
        line[..width].copy_from_slice(&coefficients[..width]);
        let mut told = Block::default();
        let mut scaled = vec![0.0; if depth == Depth::Curve { BLOCK * stride } else { 0 }];
        let mut from = rows.start;
        while from < rows.end {
            let count = (rows.end - from).min(BLOCK);
            let own = from..from + count;
            let numbers = &values[from * stride..][..count * stride];
            let codes = &codes[from * categories..][..count * categories];
            for (i, row) in numbers.chunks_exact(stride).enumerate() {
                told.score[i] = problem.offset.map_or(0.0, |offset| offset[from + i]) + dot(row, line);
            }
            if categories > 0 {
                for (score, codes) in told.score.iter_mut().zip(codes.chunks_exact(categories)) {
                    codes.iter().filter(|code| **code != NONE).for_each(|code| *score += coefficients[*code as usize]);
                }
            }
            sums.loss += told.tell(problem, own);
            slope.fill(0.0);
            for (row, by) in numbers.chunks_exact(stride).zip(&told.slope) {
                slope.iter_mut().zip(row).for_each(|(sum, x)| *sum += by * x);
            }
            sums.slope[..width].iter_mut().zip(&*slope).for_each(|(sum, x)| *sum += x);
            if categories > 0 {
                for (codes, by) in codes.chunks_exact(categories).zip(&told.slope) {
                    let there = codes.iter().filter(|code| **code != NONE);
                    there.for_each(|code| sums.slope[*code as usize] += by);
                }
            }
            match depth {
                Depth::Slope => {}
                Depth::Diagonal => {
                    for (i, row) in numbers.chunks_exact(stride).enumerate() {
                        let by = told.curve[i];
                        sums.own[..width].iter_mut().zip(row).for_each(|(sum, x)| *sum += by * x * x);
                        let codes = codes[i * categories..][..categories].iter().filter(|code| **code != NONE);
                        codes.for_each(|code| sums.own[*code as usize] += by);
                    }
                }
                Depth::Curve => {
                    let (square, rest) = sums.own.split_at_mut(width * stride);
                    products(square, numbers, &told.curve, stride, &mut scaled);
                    if categories > 0 {
                        for (i, row) in numbers.chunks_exact(stride).enumerate() {
                            meet(rest, told.curve[i], row, &codes[i * categories..][..categories], (width, levels));
                        }
                    }
                }
            }
            from += count;
        }
    }

    /// Rows of several scores, one after the other.
    #[inline(always)]
    fn several(self) {
        let Look { problem, coefficients, rows, depth, sums } = self;
        let Design { width, stride, categories, dimensions, ref values, ref codes, .. } = *problem.design;
        let outputs = problem.outputs;
        let (mut scores, mut slopes) = (vec![0.0; outputs], vec![0.0; outputs]);
        let mut curves = vec![0.0; outputs * (outputs + 1) / 2];
        let mut scaled = vec![0.0; stride];
        let levels = dimensions - width;
        let per_pair = sums.own.len() / curves.len().max(1);
        for row in rows {
            problem.scores(coefficients, row, &mut scores);
            let weight = problem.weight.map_or(1.0, |w| w[row]);
            let class = problem.target[row] as usize;
            sums.loss += weight * several(&mut scores, class, weight, &mut slopes, &mut curves);
            let numbers = &values[row * stride..][..stride];
            let codes = &codes[row * categories..][..categories];
            for (own, &slope) in sums.slope.chunks_exact_mut(dimensions).zip(&slopes) {
                own[..width].iter_mut().zip(numbers).for_each(|(sum, x)| *sum += slope * x);
                codes.iter().filter(|code| **code != NONE).for_each(|code| own[*code as usize] += slope);
            }
            match depth {
                Depth::Slope => {}
                Depth::Diagonal => {
                    let mut pair = 0;
                    for (output, own) in sums.own.chunks_exact_mut(dimensions).enumerate() {
                        pair += output;
                        let curve = curves[pair + output];
                        own[..width].iter_mut().zip(numbers).for_each(|(sum, x)| *sum += curve * x * x);
                        codes.iter().filter(|code| **code != NONE).for_each(|code| own[*code as usize] += curve);
                    }
                }
                Depth::Curve => {
                    for (own, &curve) in sums.own.chunks_exact_mut(per_pair).zip(&curves) {
                        let (square, rest) = own.split_at_mut(width * stride);
                        products(square, numbers, &[curve], stride, &mut scaled);
                        meet(rest, curve, numbers, codes, (width, levels));
                    }
                }
            }
        }
    }
}

/// What the rows of a block say.
struct Block {
    score: [f64; BLOCK],
    slope: [f64; BLOCK],
    curve: [f64; BLOCK],
}

impl Default for Block {
    fn default() -> Self {
        Block { score: [0.0; BLOCK], slope: [0.0; BLOCK], curve: [0.0; BLOCK] }
    }
}

impl Block {
    /// From scores to slopes and curves, weighted; the sum of the losses.
    #[inline(always)]
    fn tell(&mut self, problem: &Problem<'_>, rows: Range<usize>) -> f64 {
        let count = rows.len();
        let targets = &problem.target[rows.clone()];
        let mut loss = [0.0; BLOCK];
        if problem.family == Family::Binomial {
            let mut target = [0.0; BLOCK];
            target[..count].copy_from_slice(targets);
            logistic(&self.score, &target, &mut loss, &mut self.slope, &mut self.curve);
        } else {
            for (i, &target) in targets.iter().enumerate() {
                let Told { loss: own, slope, curve } = problem.family.at(self.score[i], target);
                (loss[i], self.slope[i], self.curve[i]) = (own, slope, curve);
            }
        }
        if let Some(weight) = problem.weight {
            for (i, weight) in weight[rows].iter().enumerate() {
                loss[i] *= weight;
                self.slope[i] *= weight;
                self.curve[i] *= weight;
            }
        }
        loss[..count].iter().sum()
    }
}

/// Add the products of the numbers of rows, each times `curve`, row after row; `scaled` has room for the numbers.
#[inline(always)]
fn products(square: &mut [f64], numbers: &[f64], curve: &[f64], stride: usize, scaled: &mut [f64]) {
    let rows = numbers.len() / stride.max(1);
    let scaled = &mut scaled[..rows * stride];
    for ((scaled, row), by) in scaled.chunks_exact_mut(stride).zip(numbers.chunks_exact(stride)).zip(curve) {
        scaled.iter_mut().zip(row).for_each(|(scaled, x)| *scaled = by * x);
    }
    Product {
        a: scaled,
        a_row: 1,
        a_step: stride,
        b: numbers,
        b_row: stride,
        m: square.len() / stride.max(1),
        c: square,
        c_row: stride,
        n: stride,
        k: rows,
        start: Start::There,
    }
    .run();
}

/// Add what a row's levels meet: its numbers, and each other.
#[inline(always)]
fn meet(rest: &mut [f64], curve: f64, numbers: &[f64], codes: &[u32], (width, levels): (usize, usize)) {
    let stride = numbers.len();
    let (mixed, met) = rest.split_at_mut(levels * stride);
    for (at, code) in codes.iter().enumerate().filter(|(_, code)| **code != NONE) {
        let level = *code as usize - width;
        mixed[level * stride..][..stride].iter_mut().zip(numbers).for_each(|(sum, x)| *sum += curve * x);
        for other in codes[..at].iter().filter(|other| **other != NONE) {
            // Codes ascend within a row, as features follow each other.
            met[level * levels + *other as usize - width] += curve;
        }
    }
}

/// The loss of a class; `scores` become probabilities.
#[inline(always)]
fn several(scores: &mut [f64], class: usize, weight: f64, slopes: &mut [f64], curves: &mut [f64]) -> f64 {
    let greatest = scores.iter().copied().fold(f64::MIN, f64::max);
    let own = scores[class] - greatest;
    let total: f64 = scores.iter().map(|x| libm::exp(x - greatest)).sum();
    softmax(scores);
    let mut pair = 0;
    for (k, &p) in scores.iter().enumerate() {
        slopes[k] = weight * (p - f64::from(u8::from(k == class)));
        for (l, &q) in scores[..=k].iter().enumerate() {
            curves[pair] = weight * p * (f64::from(u8::from(k == l)) - q);
            pair += 1;
        }
    }
    libm::log(total) - own
}
