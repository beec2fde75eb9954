//! Rows through all layers, and slopes back.

use rayon::prelude::*;

use super::data::{Data, Goal};
use super::optimize::Descent;
use super::shape::{LayerShape, Normalization, Shape};
use super::start::Weights;
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::model::network::NORM_EPSILON;
use crate::model::Activation;
use crate::score::link::{logistic, softmax};
use crate::score::network::{activate, moments, slope, sum};
use crate::simd::product::{Product, Start};
use crate::simd::{run_wide, Kernel};

/// Rows that are judged at a time.
pub(super) const JUDGED: usize = 256;
/// What the mean and the variance of a batch count in those that are kept.
const NEW: f32 = 0.1;

/// What a part of a batch needs.
#[derive(Debug)]
pub(super) struct Room {
    /// What the first layer is given.
    inputs: Vec<f32>,
    layers: Vec<LayerRoom>,
    /// Slopes of the sums of a layer, and of what it is given.
    slopes: Vec<f32>,
    given: Vec<f32>,
    /// Slopes of all weights.
    weights: Vec<f32>,
    /// The sum of the losses of rows, and of their weights.
    loss: f64,
    whole: f64,
}

#[derive(Debug)]
struct LayerRoom {
    /// Sums, where their slope asks for them.
    sums: Vec<f32>,
    /// What the layer gives.
    out: Vec<f32>,
    /// Sums on one scale, before they are multiplied.
    scaled: Vec<f32>,
    /// One over the deviation, a number a row or a sum.
    by: Vec<f32>,
    /// The mean and the variance of a batch.
    mean: Vec<f32>,
    variance: Vec<f32>,
    /// What dropout multiplies by.
    kept: Vec<f32>,
}

impl Room {
    /// For as many rows; slopes have room where they are `learned` from.
    pub fn new(shape: &Shape, data: &Data, rows: usize, learned: bool) -> Room {
        let hidden = shape.layers.len() - 1;
        let layer = |(l, layer): (usize, &LayerShape)| {
            let all = rows * layer.stride;
            let inner = if l < hidden { all } else { 0 };
            let scaled = if shape.normalization == Normalization::None { 0 } else { inner };
            LayerRoom {
                sums: vec![0.0; inner],
                out: vec![0.0; all],
                scaled: vec![0.0; scaled],
                by: vec![0.0; rows.max(layer.stride)],
                mean: vec![0.0; layer.stride],
                variance: vec![0.0; layer.stride],
                kept: vec![1.0; inner],
            }
        };
        let widest = shape.layers.iter().map(|l| l.stride.max(l.in_stride)).max().unwrap_or(0);
        Room {
            inputs: vec![0.0; rows * data.inputs],
            layers: shape.layers.iter().enumerate().map(layer).collect(),
            slopes: vec![0.0; rows * widest],
            given: vec![0.0; rows * widest],
            weights: vec![0.0; if learned { shape.numbers } else { 0 }],
            loss: 0.0,
            whole: 0.0,
        }
    }
}

/// One time through all rows.
pub(super) struct Epoch<'a> {
    pub shape: &'a Shape,
    pub data: &'a Data,
    /// Rows of a part of a batch.
    pub part: usize,
    pub dropout: f64,
    pub seed: u64,
    pub epoch: u32,
}

impl Epoch<'_> {
    /// Learn from rows in an order, `batch` at a time; returns the mean loss.
    pub fn learn(
        &self,
        order: &[u32],
        batch: usize,
        weights: &mut Weights,
        descent: &mut Descent,
        rooms: &mut [Room],
        control: &Control,
    ) -> Result<f64> {
        let (mut loss, mut whole) = (0.0, 0.0);
        let mut touched: Vec<u64> = Vec::new();
        let mut slopes: Vec<f32> = Vec::new();
        for rows in order.chunks(batch) {
            control.check()?;
            let count = rows.len().div_ceil(self.part);
            let by = 1.0 / rows.len() as f32;
            let parts = rooms[..count].iter_mut().zip(rows.chunks(self.part));
            let run = |(room, rows): (&mut Room, &[u32])| {
                run_wide(Pass { epoch: self, weights, rows, room, learns: Some(by) });
            };
            match count {
                1 => parts.for_each(run),
                _ => parts.collect::<Vec<_>>().into_par_iter().for_each(run),
            }
            let (first, others) = rooms[..count].split_at_mut(1);
            let first = &mut first[0];
            for other in &*others {
                first.weights.iter_mut().zip(&other.weights).for_each(|(to, from)| *to += from);
                first.loss += other.loss;
                first.whole += other.whole;
            }
            loss += first.loss;
            whole += first.whole;
            let step = descent.step(self.epoch);
            descent.layers(step, self.shape, weights, &first.weights);
            self.run_on(&rooms[..count], weights);
            for t in 0..self.data.tables.len() {
                self.levels(t, rows, &rooms[..count], &mut touched, &mut slopes, &mut |level, slopes| {
                    descent.level(step, weights, t, level, slopes);
                });
            }
            weights.turn(self.shape);
        }
        Ok(if whole > 0.0 { loss / whole * self.unit() } else { 0.0 })
    }

    /// From the loss on the scale of the network to that of the target.
    fn unit(&self) -> f64 {
        match self.data.goal {
            Goal::Numbers(_) => self.data.target.1 * self.data.target.1,
            Goal::Classes(..) => 1.0,
        }
    }

    /// Note means and variances of a batch.
    fn run_on(&self, rooms: &[Room], weights: &mut Weights) {
        let ([room], Normalization::Batch) = (rooms, self.shape.normalization) else { return };
        for ((mean, variance), layer) in weights.running.iter_mut().zip(&room.layers) {
            let keep = |to: &mut Vec<f32>, from: &[f32]| {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += NEW * (from - *to));
            };
            keep(mean, &layer.mean);
            keep(variance, &layer.variance);
        }
    }

    /// Hand the slopes of the levels of a table that rows of a batch have to `move_by`, level by level.
    fn levels(
        &self,
        table: usize,
        rows: &[u32],
        rooms: &[Room],
        touched: &mut Vec<u64>,
        slopes: &mut Vec<f32>,
        move_by: &mut dyn FnMut(usize, &[f32]),
    ) {
        let (data, own) = (self.data, &self.data.tables[table]);
        let (tables, first) = (data.tables.len(), &self.shape.layers[0]);
        touched.clear();
        let code = |row: &u32| u64::from(data.codes[*row as usize * tables + table]);
        touched.extend(rows.iter().enumerate().map(|(at, row)| code(row) << 32 | at as u64));
        // Levels together, rows of a level in their order.
        touched.sort_unstable();
        let width = self.shape.width(own);
        for group in touched.chunk_by(|a, b| a >> 32 == b >> 32) {
            slopes.clear();
            slopes.resize(width, 0.0);
            for at in group {
                let at = (*at & u64::from(u32::MAX)) as usize;
                let (room, row) = (&rooms[at / self.part], at % self.part);
                let from = match own.embedding {
                    Some((at, width)) => &room.given[row * first.in_stride + at..][..width],
                    None => &room.slopes[row * first.stride..][..width],
                };
                slopes.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
            move_by((group[0] >> 32) as usize, slopes);
        }
    }

    /// The mean loss of the rows that are not learned from.
    pub fn judge(&self, weights: &Weights, control: &Control) -> Result<f64> {
        let rows: Vec<u32> = (self.data.fit_rows as u32..self.data.rows as u32).collect();
        let init = || Room::new(self.shape, self.data, JUDGED, false);
        let part = |room: &mut Room, rows: &[u32]| {
            control.check()?;
            run_wide(Pass { epoch: self, weights, rows, room, learns: None });
            Ok((room.loss, room.whole))
        };
        let parts: Vec<(f64, f64)> = rows.par_chunks(JUDGED).map_init(init, part).collect::<Result<_>>()?;
        let (loss, whole) = parts.iter().fold((0.0, 0.0), |(l, w), (loss, whole)| (l + loss, w + whole));
        Ok(if whole > 0.0 { loss / whole * self.unit() } else { 0.0 })
    }
}

/// Rows through all layers; with `learns`, what the slope of a row counts, slopes back.
struct Pass<'a> {
    epoch: &'a Epoch<'a>,
    weights: &'a Weights,
    rows: &'a [u32],
    room: &'a mut Room,
    learns: Option<f32>,
}

impl Kernel for Pass<'_> {
    #[inline(always)]
    fn run(mut self) {
        self.give();
        for l in 0..self.epoch.shape.layers.len() {
            self.forward(l);
        }
        self.lose();
        if self.learns.is_some() {
            for l in (0..self.epoch.shape.layers.len()).rev() {
                self.back(l);
            }
        }
    }
}

impl Pass<'_> {
    /// What the first layer is given.
    #[inline(always)]
    fn give(&mut self) {
        let data = self.epoch.data;
        let (numbers, inputs, tables) = (data.numbers, data.inputs, data.tables.len());
        for (&row, to) in self.rows.iter().zip(self.room.inputs.chunks_exact_mut(inputs.max(1))) {
            let row = row as usize;
            to[..numbers].copy_from_slice(&data.values[row * numbers..][..numbers]);
            for (t, table) in data.tables.iter().enumerate() {
                if let Some((at, width)) = table.embedding {
                    let level = data.codes[row * tables + t] as usize;
                    to[at..at + width].copy_from_slice(&self.weights.tables[t][level * width..][..width]);
                }
            }
        }
    }

    #[inline(always)]
    fn forward(&mut self, l: usize) {
        let Pass { epoch, weights, rows, room, learns } = self;
        let (shape, data, count) = (epoch.shape, epoch.data, rows.len());
        let layer = &shape.layers[l];
        let (before, own) = room.layers.split_at_mut(l);
        let own = &mut own[0];
        let (a, a_row) = match before.last() {
            None => (&room.inputs, layer.inputs),
            Some(before) => (&before.out, shape.layers[l - 1].stride),
        };
        let bias = &weights.numbers[layer.bias.clone()];
        let stride = layer.stride;
        let mut start = Start::Row(bias);
        if l == 0 && data.tables.iter().any(|t| t.embedding.is_none()) {
            let tables = data.tables.len();
            for (&row, sums) in rows.iter().zip(own.out.chunks_exact_mut(stride)) {
                sums.copy_from_slice(bias);
                for (t, _) in data.tables.iter().enumerate().filter(|(_, t)| t.embedding.is_none()) {
                    let level = data.codes[row as usize * tables + t] as usize;
                    let values = &weights.tables[t][level * stride..][..stride];
                    sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
                }
            }
            start = Start::There;
        }
        Product {
            a,
            a_row,
            a_step: 1,
            b: &weights.numbers[layer.weights.clone()],
            b_row: stride,
            c: &mut own.out,
            c_row: stride,
            m: count,
            n: stride,
            k: layer.inputs,
            start,
        }
        .run();
        if l + 1 == shape.layers.len() {
            return;
        }
        let learns = learns.is_some();
        let (gain, shift) = (&weights.numbers[layer.gain.clone()], &weights.numbers[layer.shift.clone()]);
        match shape.normalization {
            Normalization::None => {}
            Normalization::Layer => {
                let rows = own.out.chunks_exact_mut(stride).zip(own.scaled.chunks_exact_mut(stride)).zip(&mut own.by);
                for ((sums, scaled), by) in rows.take(count) {
                    let (mean, own) = moments(&sums[..layer.outputs]);
                    *by = own;
                    for (((x, scaled), gain), shift) in sums.iter_mut().zip(scaled).zip(gain).zip(shift) {
                        *scaled = (*x - mean) * own;
                        *x = *scaled * gain + shift;
                    }
                }
            }
            Normalization::Batch => {
                if learns {
                    batch_moments(&own.out[..count * stride], &mut own.mean, &mut own.variance);
                } else {
                    own.mean.copy_from_slice(&weights.running[l].0);
                    own.variance.copy_from_slice(&weights.running[l].1);
                }
                own.by.iter_mut().zip(&own.variance).for_each(|(by, v)| *by = 1.0 / (v + NORM_EPSILON).sqrt());
                let rows = own.out.chunks_exact_mut(stride).zip(own.scaled.chunks_exact_mut(stride));
                for (sums, scaled) in rows.take(count) {
                    let scales = own.mean.iter().zip(&own.by).zip(gain).zip(shift);
                    for ((x, scaled), (((mean, by), gain), shift)) in sums.iter_mut().zip(scaled).zip(scales) {
                        *scaled = (*x - mean) * by;
                        *x = *scaled * gain + shift;
                    }
                }
            }
        }
        if learns && shape.activation == Activation::Gelu {
            own.sums[..count * stride].copy_from_slice(&own.out[..count * stride]);
        }
        activate(shape.activation, &mut own.out[..count * stride]);
        if learns && epoch.dropout > 0.0 {
            epoch.drop(l, rows, own, stride);
        }
    }

    /// The loss, and its slopes by what the last layer gives.
    #[inline(always)]
    fn lose(&mut self) {
        let Pass { epoch, rows, room, learns, .. } = self;
        let data = epoch.data;
        let Some(head) = epoch.shape.layers.last() else { return };
        let stride = head.stride;
        let Some(own) = room.layers.last() else { return };
        let (mut loss, mut whole) = (0.0, 0.0);
        let by = learns.unwrap_or(0.0);
        let mut many = vec![0.0f64; if head.outputs > 1 { head.outputs } else { 0 }];
        for ((&row, given), slopes) in
            rows.iter().zip(own.out.chunks_exact(stride)).zip(room.slopes.chunks_exact_mut(stride))
        {
            let row = row as usize;
            let weight = data.weight(row);
            whole += f64::from(weight);
            let by = by * weight;
            match &data.goal {
                Goal::Numbers(goal) => {
                    let apart = given[0] - goal[row];
                    loss += f64::from(weight) * f64::from(apart) * f64::from(apart);
                    slopes[0] = apart * by;
                }
                Goal::Classes(goal, _) if head.outputs == 1 => {
                    let score = f64::from(given[0]);
                    let is_second = goal[row] == 1;
                    // The logarithm of the probability of what is true, exact where it is small.
                    let away = if is_second { -score } else { score };
                    let lost = away.max(0.0) + libm::log1p(libm::exp(-away.abs()));
                    loss += f64::from(weight) * lost;
                    slopes[0] = (logistic(score) - f64::from(u8::from(is_second))) as f32 * by;
                }
                Goal::Classes(goal, _) => {
                    many.iter_mut().zip(given).for_each(|(to, from)| *to = f64::from(*from));
                    softmax(&mut many);
                    let class = goal[row] as usize;
                    loss -= f64::from(weight) * libm::log(many[class].max(1e-300));
                    for (k, (slope, p)) in slopes.iter_mut().zip(&many).enumerate() {
                        *slope = (p - f64::from(u8::from(k == class))) as f32 * by;
                    }
                }
            }
            slopes[head.outputs..].fill(0.0);
        }
        (room.loss, room.whole) = (loss, whole);
    }

    /// From the slopes of what a layer gives to those of its weights, and of what it is given.
    #[inline(always)]
    fn back(&mut self, l: usize) {
        let Pass { epoch, weights, rows, room, .. } = self;
        let (shape, count) = (epoch.shape, rows.len());
        let layer = &shape.layers[l];
        let stride = layer.stride;
        let Room { inputs, layers, slopes, given, weights: all, .. } = &mut **room;
        let (before, own) = layers.split_at_mut(l);
        let own = &mut own[0];
        if l + 1 < shape.layers.len() {
            let gain = &weights.numbers[layer.gain.clone()];
            let slopes = &mut slopes[..count * stride];
            let (by_gain, by_shift) = (layer.gain.clone(), layer.shift.clone());
            match shape.normalization {
                Normalization::None => {}
                Normalization::Layer => {
                    sum_scaled(slopes, &own.scaled, stride, all, by_gain, by_shift);
                    let rows = slopes.chunks_exact_mut(stride).zip(own.scaled.chunks_exact(stride)).zip(&own.by);
                    let n = layer.outputs as f32;
                    for ((slopes, scaled), by) in rows {
                        slopes.iter_mut().zip(gain).for_each(|(slope, gain)| *slope *= gain);
                        let mean = sum(&slopes[..layer.outputs], |x| x) / n;
                        let mut along = 0.0f32;
                        let mut lanes = [0.0f32; 16];
                        for (slopes, scaled) in slopes.chunks_exact(16).zip(scaled.chunks_exact(16)) {
                            for lane in 0..16 {
                                lanes[lane] += slopes[lane] * scaled[lane];
                            }
                        }
                        lanes.iter().for_each(|lane| along += lane);
                        let along = along / n;
                        for (slope, scaled) in slopes[..layer.outputs].iter_mut().zip(scaled) {
                            *slope = by * (*slope - mean - scaled * along);
                        }
                        slopes[layer.outputs..].fill(0.0);
                    }
                }
                Normalization::Batch => {
                    sum_scaled(slopes, &own.scaled, stride, all, by_gain.clone(), by_shift.clone());
                    let n = count as f32;
                    let (along, mean) = (&all[by_gain], &all[by_shift]);
                    for (slopes, scaled) in slopes.chunks_exact_mut(stride).zip(own.scaled.chunks_exact(stride)) {
                        let scales = along.iter().zip(mean).zip(gain).zip(&own.by);
                        for ((slope, scaled), (((along, mean), gain), by)) in slopes.iter_mut().zip(scaled).zip(scales)
                        {
                            *slope = by * gain * (*slope - mean / n - scaled * along / n);
                        }
                    }
                }
            }
        }
        let (a, a_step) = match before.last() {
            None => (&*inputs, layer.inputs),
            Some(before) => (&before.out, shape.layers[l - 1].stride),
        };
        Product {
            a,
            a_row: 1,
            a_step,
            b: slopes,
            b_row: stride,
            c: &mut all[layer.weights.clone()],
            c_row: stride,
            m: layer.inputs,
            n: stride,
            k: count,
            start: Start::Zero,
        }
        .run();
        let bias = &mut all[layer.bias.clone()];
        bias.fill(0.0);
        for slopes in slopes[..count * stride].chunks_exact(stride) {
            bias.iter_mut().zip(slopes).for_each(|(to, from)| *to += from);
        }
        if weights.turned[l].is_empty() {
            return;
        }
        Product {
            a: slopes,
            a_row: stride,
            a_step: 1,
            b: &weights.turned[l],
            b_row: layer.in_stride,
            c: given,
            c_row: layer.in_stride,
            m: count,
            n: layer.in_stride,
            k: layer.outputs,
            start: Start::Zero,
        }
        .run();
        if let Some(before) = before.last() {
            let values = count * layer.in_stride;
            let all = given[..values].iter_mut().zip(&before.out).zip(&before.sums);
            match (shape.activation, epoch.dropout > 0.0) {
                (Activation::Relu, false) => all.for_each(|((to, out), _)| *to = if *out > 0.0 { *to } else { 0.0 }),
                (Activation::Tanh, false) => {
                    all.for_each(|((to, out), sum)| *to *= slope(Activation::Tanh, *sum, *out))
                }
                (Activation::Gelu, false) => {
                    all.for_each(|((to, out), sum)| *to *= slope(Activation::Gelu, *sum, *out))
                }
                (activation, true) => all.zip(&before.kept).for_each(|(((to, out), sum), kept)| {
                    // What dropout multiplied is again what the activation gave.
                    let given = if *kept > 0.0 { out / kept } else { 0.0 };
                    *to *= slope(activation, *sum, given) * kept;
                }),
            }
            std::mem::swap(slopes, given);
        }
    }
}

/// The sums over rows of slopes times what they are slopes of, and of slopes.
#[inline(always)]
fn sum_scaled(
    slopes: &[f32],
    scaled: &[f32],
    stride: usize,
    all: &mut [f32],
    gain: std::ops::Range<usize>,
    shift: std::ops::Range<usize>,
) {
    all[gain.clone()].fill(0.0);
    all[shift.clone()].fill(0.0);
    for (slopes, scaled) in slopes.chunks_exact(stride).zip(scaled.chunks_exact(stride)) {
        for ((to, slope), scaled) in all[gain.clone()].iter_mut().zip(slopes).zip(scaled) {
            *to += slope * scaled;
        }
        all[shift.clone()].iter_mut().zip(slopes).for_each(|(to, slope)| *to += slope);
    }
}

/// The mean and the variance of each column of rows.
#[inline(always)]
fn batch_moments(sums: &[f32], mean: &mut [f32], variance: &mut [f32]) {
    let stride = mean.len();
    let rows = (sums.len() / stride.max(1)).max(1) as f32;
    mean.fill(0.0);
    variance.fill(0.0);
    for row in sums.chunks_exact(stride) {
        mean.iter_mut().zip(row).for_each(|(to, x)| *to += x);
    }
    mean.iter_mut().for_each(|mean| *mean /= rows);
    for row in sums.chunks_exact(stride) {
        for ((to, x), mean) in variance.iter_mut().zip(row).zip(&*mean) {
            *to += (x - mean) * (x - mean);
        }
    }
    variance.iter_mut().for_each(|variance| *variance /= rows);
}

impl Epoch<'_> {
    /// Let rows go without some of what a layer gives (Srivastava et al. 2014), drawn by row.
    #[inline(always)]
    fn drop(&self, l: usize, rows: &[u32], own: &mut LayerRoom, stride: usize) {
        let without = (self.dropout * 65_536.0) as u64;
        let by = (1.0 / (1.0 - self.dropout)) as f32;
        let all = own.out.chunks_exact_mut(stride).zip(own.kept.chunks_exact_mut(stride));
        for (&row, (out, kept)) in rows.iter().zip(all) {
            let stream = (u64::from(self.epoch) + 1) << 40 | u64::from(row) << 5 | l as u64;
            let mut random = Random::new(self.seed, stream);
            for kept in kept.chunks_mut(4) {
                let bits = random.next();
                for (i, kept) in kept.iter_mut().enumerate() {
                    *kept = if bits >> (16 * i) & 0xffff >= without { by } else { 0.0 };
                }
            }
            out.iter_mut().zip(kept).for_each(|(out, kept)| *out *= *kept);
        }
    }
}
