//! How weights follow slopes.

use rayon::prelude::*;

use super::data::Data;
use super::shape::Shape;
use super::start::Weights;
use super::NetworkParams;
use crate::simd::{run_wide, Kernel};

/// How weights follow slopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Optimizer {
    /// By the mean slope over the root of its mean square (Kingma, Ba 2015); a penalty is part of the slope.
    #[default]
    Adam,
    /// The same with a penalty that weights shrink by (Loshchilov, Hutter 2019).
    AdamW,
    /// Down the slope, with momentum (Nesterov 1983); a penalty is part of the slope.
    Sgd,
}

impl Optimizer {
    /// All, with their names.
    pub const NAMED: [(&'static str, Optimizer); 3] =
        [("adam", Optimizer::Adam), ("adamw", Optimizer::AdamW), ("sgd", Optimizer::Sgd)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Optimizer::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// How the learning rate changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// From all to nothing along half a wave (Loshchilov, Hutter 2017).
    Cosine,
    /// By the same factor each epoch, to a hundredth after the last.
    Exponential,
    /// It is halved where some epochs did not lower the loss.
    Plateau,
}

impl Schedule {
    /// All, with their names.
    pub const NAMED: [(&'static str, Schedule); 4] = [
        ("constant", Schedule::Constant),
        ("cosine", Schedule::Cosine),
        ("exponential", Schedule::Exponential),
        ("plateau", Schedule::Plateau),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Schedule::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// Epochs without a lower loss after which [`Schedule::Plateau`] halves the rate.
const PATIENCE: u32 = 4;
/// A loss lower by less than this share of it is no lower one.
const LOWER: f64 = 1e-4;
/// What earlier slopes, and squares of slopes, count for Adam.
const FIRST: f64 = 0.9;
const SECOND: f64 = 0.999;
/// What is added to the root of the mean square.
const EPSILON: f64 = 1e-8;
/// Numbers that one thread takes at a time.
const CHUNK: usize = 1 << 16;

/// What an optimizer keeps.
#[derive(Debug)]
pub(super) struct Descent {
    optimizer: Optimizer,
    schedule: Schedule,
    rate: f64,
    decay: f64,
    momentum: f64,
    epochs: u32,
    /// Steps done.
    steps: u64,
    /// Halvings of the rate, the lowest loss, and the epochs since.
    halvings: i32,
    lowest: f64,
    since: u32,
    kept: Kept,
    tables: Vec<Kept>,
}

/// Means of slopes and of their squares.
#[derive(Debug)]
struct Kept {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Kept {
    fn new(count: usize, squares: bool) -> Kept {
        Kept { first: vec![0.0; count], second: vec![0.0; if squares { count } else { 0 }] }
    }
}

impl Descent {
    pub fn new(shape: &Shape, data: &Data, params: &NetworkParams) -> Descent {
        let squares = params.optimizer != Optimizer::Sgd;
        let usual = if params.optimizer == Optimizer::AdamW { 0.01 } else { 0.0 };
        Descent {
            optimizer: params.optimizer,
            schedule: params.schedule,
            rate: params.learning_rate,
            decay: params.weight_decay.unwrap_or(usual),
            momentum: params.momentum,
            epochs: params.epochs,
            steps: 0,
            halvings: 0,
            lowest: f64::INFINITY,
            since: 0,
            kept: Kept::new(shape.numbers, squares),
            tables: data.tables.iter().map(|t| Kept::new(t.levels * shape.width(t), squares)).collect(),
        }
    }

    /// Hear of the loss of an epoch.
    pub fn see(&mut self, loss: f64) {
        if loss < self.lowest * (1.0 - LOWER) || self.lowest.is_infinite() {
            (self.lowest, self.since) = (loss, 0);
        } else {
            self.since += 1;
        }
        if self.since >= PATIENCE {
            (self.halvings, self.since) = ((self.halvings + 1).min(30), 0);
        }
    }

    /// Begin a step in an epoch.
    pub fn step(&mut self, epoch: u32) -> Step {
        self.steps += 1;
        let done = f64::from(epoch) / f64::from(self.epochs.max(1));
        let rate = self.rate
            * match self.schedule {
                Schedule::Constant => 1.0,
                Schedule::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done)),
                Schedule::Exponential => libm::pow(0.01, done),
                Schedule::Plateau => libm::ldexp(1.0, -self.halvings),
            };
        let penalty = self.decay as f32;
        match self.optimizer {
            Optimizer::Sgd => Step::Sgd { rate: rate as f32, momentum: self.momentum as f32, penalty },
            optimizer => {
                let steps = self.steps as f64;
                let root = (1.0 - libm::pow(SECOND, steps)).sqrt();
                let shrink = if optimizer == Optimizer::AdamW { (rate * self.decay) as f32 } else { 0.0 };
                Step::Adam {
                    rate: (rate * root / (1.0 - libm::pow(FIRST, steps))) as f32,
                    epsilon: (EPSILON * root) as f32,
                    penalty: if optimizer == Optimizer::AdamW { 0.0 } else { penalty },
                    shrink,
                }
            }
        }
    }

    /// Move the weights of layers by their slopes.
    pub fn layers(&mut self, step: Step, shape: &Shape, weights: &mut Weights, slopes: &[f32]) {
        for layer in &shape.layers {
            // What is added to sums has no penalty.
            let rest = layer.bias.start..layer.bias.end.max(layer.gain.end).max(layer.shift.end);
            for (range, step) in [(layer.weights.clone(), step), (rest, step.without_penalty())] {
                let squares = if self.kept.second.is_empty() { 0..0 } else { range.clone() };
                let all = Move {
                    step,
                    values: &mut weights.numbers[range.clone()],
                    first: &mut self.kept.first[range.clone()],
                    second: &mut self.kept.second[squares],
                    slopes: &slopes[range.clone()],
                };
                match range.len() <= CHUNK {
                    true => run_wide(all),
                    false => all.chunks().into_par_iter().for_each(run_wide),
                }
            }
        }
    }

    /// Move the numbers of a level of a table.
    pub fn level(&mut self, step: Step, weights: &mut Weights, table: usize, level: usize, slopes: &[f32]) {
        let own = level * slopes.len()..(level + 1) * slopes.len();
        let kept = &mut self.tables[table];
        let second: &mut [f32] = if kept.second.is_empty() { &mut [] } else { &mut kept.second[own.clone()] };
        let (values, first) = (&mut weights.tables[table][own.clone()], &mut kept.first[own]);
        run_wide(Move { step, values, first, second, slopes });
    }
}

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Adam { rate: f32, epsilon: f32, penalty: f32, shrink: f32 },
    Sgd { rate: f32, momentum: f32, penalty: f32 },
}

impl Step {
    /// For what is added to sums.
    fn without_penalty(self) -> Step {
        match self {
            Step::Adam { rate, epsilon, .. } => Step::Adam { rate, epsilon, penalty: 0.0, shrink: 0.0 },
            Step::Sgd { rate, momentum, .. } => Step::Sgd { rate, momentum, penalty: 0.0 },
        }
    }
}

/// A step of some numbers.
struct Move<'a> {
    step: Step,
    values: &'a mut [f32],
    first: &'a mut [f32],
    /// Empty where squares are not kept.
    second: &'a mut [f32],
    slopes: &'a [f32],
}

impl<'a> Move<'a> {
    /// The same in parts.
    fn chunks(self) -> Vec<Move<'a>> {
        let Move { step, values, first, second, slopes } = self;
        let mut second = second.chunks_mut(CHUNK);
        let all = values.chunks_mut(CHUNK).zip(first.chunks_mut(CHUNK)).zip(slopes.chunks(CHUNK));
        all.map(|((values, first), slopes)| Move {
            step,
            values,
            first,
            second: second.next().unwrap_or(&mut []),
            slopes,
        })
        .collect()
    }
}

impl Kernel for Move<'_> {
    #[inline(always)]
    fn run(self) {
        let Move { step, values, first, second, slopes } = self;
        match step {
            Step::Adam { rate, epsilon, penalty, shrink } => {
                let (f, s) = (FIRST as f32, SECOND as f32);
                for (((value, first), second), slope) in values.iter_mut().zip(first).zip(second).zip(slopes) {
                    let slope = slope + penalty * *value;
                    *first = f * *first + (1.0 - f) * slope;
                    *second = s * *second + (1.0 - s) * (slope * slope);
                    *value -= shrink * *value + rate * *first / (second.sqrt() + epsilon);
                }
            }
            Step::Sgd { rate, momentum, penalty } => {
                for ((value, first), slope) in values.iter_mut().zip(first).zip(slopes) {
                    let slope = slope + penalty * *value;
                    *first = momentum * *first + slope;
                    *value -= rate * (slope + momentum * *first);
                }
            }
        }
    }
}
