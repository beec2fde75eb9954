//! Weights: those to begin with, and what becomes of them.

use super::data::{Data, Goal, Table};
use super::shape::{Normalization, Shape};
use super::{Former, NetworkParams};
use crate::error::{Error, Result};
use crate::learn::random::Random;
use crate::model::network::LARGEST;
use crate::model::{Layer, Link, Network, NetworkEntry, Norm};

/// Streams of random numbers that no epoch has.
const STREAMS: u64 = 1 << 63;

/// All that is learned.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    /// Weights of layers and what is added, as [`Shape`] says; where lanes are more than outputs there are zeros.
    pub numbers: Vec<f32>,
    /// By table the numbers of its levels.
    pub tables: Vec<Vec<f32>>,
    /// By layer its weights by output, in whole lanes of inputs; empty where nothing asks for them.
    pub turned: Vec<Vec<f32>>,
    /// By hidden layer the mean and the variance of sums, where they are scaled by batches.
    pub running: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Weights {
    /// Drawn from the seed (Glorot, Bengio 2010), or those of `former`.
    pub fn new(
        data: &Data,
        shape: &Shape,
        params: &NetworkParams,
        former: Option<&Former>,
        classes: &[String],
    ) -> Result<Weights> {
        let mut numbers = vec![0.0; shape.numbers];
        let direct: usize = data.tables.iter().filter(|t| t.embedding.is_none()).map(|t| t.levels).sum();
        let mut limits = Vec::with_capacity(shape.layers.len());
        for (l, layer) in shape.layers.iter().enumerate() {
            let given = layer.inputs + if l == 0 { direct } else { 0 };
            let limit = (6.0 / (given + layer.outputs).max(1) as f64).sqrt();
            let mut random = Random::new(params.seed, STREAMS + l as u64);
            for row in numbers[layer.weights.clone()].chunks_exact_mut(layer.stride) {
                row[..layer.outputs].iter_mut().for_each(|w| *w = drawn(&mut random, limit));
            }
            numbers[layer.gain.clone()].iter_mut().take(layer.outputs).for_each(|gain| *gain = 1.0);
            limits.push(limit);
        }
        if let Some(head) = shape.layers.last() {
            prior(data, &mut numbers[head.bias.clone()]);
        }
        let table = |(t, table): (usize, &Table)| {
            let width = shape.width(table);
            let mut random = Random::new(params.seed, STREAMS + (1 << 32) + t as u64);
            let mut values = vec![0.0; table.levels * width];
            let (used, limit) = match table.embedding {
                Some((_, width)) => (width, 0.05),
                None => (shape.layers[0].outputs, limits[0]),
            };
            for level in values.chunks_exact_mut(width) {
                level[..used].iter_mut().for_each(|w| *w = drawn(&mut random, limit));
            }
            values
        };
        let tables = data.tables.iter().enumerate().map(table).collect();
        let scaled = |l: usize| l + 1 < shape.layers.len() && shape.normalization == Normalization::Batch;
        let running = |l: usize| match scaled(l) {
            true => (vec![0.0; shape.layers[l].stride], vec![1.0; shape.layers[l].stride]),
            false => (Vec::new(), Vec::new()),
        };
        let turned = |l: usize| {
            let layer = &shape.layers[l];
            let asked = l > 0 || shape.embeds;
            vec![0.0; if asked { layer.outputs * layer.in_stride } else { 0 }]
        };
        let layers = 0..shape.layers.len();
        let mut weights = Weights {
            numbers,
            tables,
            turned: layers.clone().map(turned).collect(),
            running: layers.map(running).collect(),
        };
        if let Some(former) = former {
            weights.go_on(data, shape, params, former, classes)?;
        }
        weights.turn(shape);
        Ok(weights)
    }

    /// Write the weights by output, too.
    pub fn turn(&mut self, shape: &Shape) {
        for (turned, layer) in self.turned.iter_mut().zip(&shape.layers) {
            if turned.is_empty() {
                continue;
            }
            let rows = self.numbers[layer.weights.clone()].chunks_exact(layer.stride);
            for (i, row) in rows.enumerate() {
                let to = turned[i..].iter_mut().step_by(layer.in_stride);
                to.zip(&row[..layer.outputs]).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// Whether all are numbers that a model may have.
    pub fn are_sound(&self) -> bool {
        let running = self.running.iter().flat_map(|(mean, variance)| [mean, variance]);
        let all = self.tables.iter().chain([&self.numbers]).chain(running);
        all.flatten().all(|w| w.abs() <= LARGEST)
    }

    /// Take what a network knows, which must have the same hidden layers: features by name, levels by name. What it does not know says nothing at first.
    fn go_on(
        &mut self,
        data: &Data,
        shape: &Shape,
        params: &NetworkParams,
        former: &Former,
        classes: &[String],
    ) -> Result<()> {
        let body = &former.body;
        let Some((head, hidden)) = body.layers.split_last() else { return Ok(()) };
        let widths: Vec<u32> = hidden.iter().map(|layer| layer.outputs).collect();
        let normalization = match hidden.first().map(|layer| &layer.norm) {
            Some(Norm::Batch { .. }) => Normalization::Batch,
            Some(Norm::Layer { .. }) => Normalization::Layer,
            _ => Normalization::None,
        };
        let is_alike = widths == params.hidden_layers
            && body.activation == params.activation
            && (normalization == params.normalization || hidden.is_empty());
        if !is_alike {
            return Err(Error::option(
                "option \"warm_start\" needs the layers of the version before",
                format!(
                    "Those have \"hidden_layers\": {widths:?}, \"activation\": \"{}\" and \"normalization\": \"{}\".",
                    body.activation.name(),
                    normalization.name()
                ),
            ));
        }
        let keeps_head = former.classes == classes && head.outputs as usize == data.outputs();
        for (l, (layer, old)) in shape.layers.iter().zip(&body.layers).enumerate() {
            if l == hidden.len() && !keeps_head {
                if l == 0 {
                    return Ok(());
                }
                continue;
            }
            let width = layer.outputs;
            self.numbers[layer.bias.clone()][..width].copy_from_slice(&old.bias);
            let mut set = |range: &std::ops::Range<usize>, values: &[f32]| {
                self.numbers[range.clone()][..width].copy_from_slice(values);
            };
            match &old.norm {
                Norm::None => {}
                Norm::Layer { gain, shift } => {
                    set(&layer.gain, gain);
                    set(&layer.shift, shift);
                }
                Norm::Batch { mean, by, gain, shift } => {
                    set(&layer.gain, gain);
                    set(&layer.shift, shift);
                    self.running[l].0[..width].copy_from_slice(mean);
                    let variance = by.iter().map(|by| 1.0 / (by * by) - crate::model::network::NORM_EPSILON);
                    self.running[l].1.iter_mut().zip(variance).for_each(|(to, from)| *to = from.max(0.0));
                }
            }
            let rows = self.numbers[layer.weights.clone()].chunks_exact_mut(layer.stride);
            if l > 0 {
                let old = old.weights.chunks_exact(width);
                rows.zip(old).for_each(|(to, from)| to[..width].copy_from_slice(from));
            } else {
                rows.for_each(|row| row.fill(0.0));
            }
        }
        self.enter(data, shape, former)
    }

    /// What the first layer knows of features.
    fn enter(&mut self, data: &Data, shape: &Shape, former: &Former) -> Result<()> {
        let body = &former.body;
        let (Some(first), Some(old)) = (shape.layers.first(), body.layers.first()) else { return Ok(()) };
        let width = first.outputs;
        let mut numbers = std::mem::take(&mut self.numbers);
        let mut copy = |to: usize, from: usize| {
            let to = first.weights.start + to * first.stride;
            numbers[to..to + width].copy_from_slice(&old.weights[from * width..][..width]);
        };
        let old_of = |name: &str| former.features.iter().position(|f| f.name == name);
        for (entry, name) in data.entries.iter().zip(&data.names) {
            let known = old_of(name).map(|at| &body.entries[at]);
            if let (NetworkEntry::Number { at, missing, .. }, Some(NetworkEntry::Number { at: a, missing: m, .. })) =
                (entry, known)
            {
                for (to, from) in [(*at, *a), (*missing, *m)] {
                    if to != NetworkEntry::NONE && from != NetworkEntry::NONE {
                        copy(to as usize, from as usize);
                    }
                }
            }
        }
        for (t, table) in data.tables.iter().enumerate() {
            let own = shape.width(table);
            let Some(old_at) = old_of(&data.names[table.feature]) else {
                if table.embedding.is_none() {
                    self.tables[t].fill(0.0);
                }
                continue;
            };
            let (values, wide) = match (&body.entries[old_at], table.embedding) {
                (NetworkEntry::Levels { values }, None) => (values, width),
                (NetworkEntry::Embedding { at, dimension, values }, Some((to, _))) => {
                    (0..*dimension as usize).for_each(|d| copy(to + d, *at as usize + d));
                    (values, *dimension as usize)
                }
                _ => continue,
            };
            let count = values.len() / wide.max(1);
            let (texts, old_texts) = (&data.levels[t], former.features[old_at].encoding.levels());
            for (level, to) in self.tables[t].chunks_exact_mut(own).enumerate() {
                let from = match texts.get(level) {
                    // One that is new is what all others were.
                    Some(text) => old_texts.binary_search(text).unwrap_or(count.saturating_sub(2)),
                    // Values of a part of a date stand where they stood; all others and the missing value are the last two.
                    None if texts.is_empty() => level.min(count.saturating_sub(1)),
                    None => (count + level).saturating_sub(table.levels),
                };
                to[..wide].copy_from_slice(&values[from * wide..][..wide]);
            }
        }
        self.numbers = numbers;
        Ok(())
    }

    /// The model.
    pub fn body(&self, data: &Data, shape: &Shape, params: &NetworkParams, class_weight: Option<&[f64]>) -> Network {
        let hidden = shape.layers.len() - 1;
        let layers = shape.layers.iter().enumerate().map(|(l, layer)| {
            let part = |range: &std::ops::Range<usize>| self.numbers[range.clone()][..layer.outputs].to_vec();
            let norm = match params.normalization {
                Normalization::Batch if l < hidden => {
                    let (mean, variance) = &self.running[l];
                    let by = |v: &f32| 1.0 / (v + crate::model::network::NORM_EPSILON).sqrt();
                    Norm::Batch {
                        mean: mean[..layer.outputs].to_vec(),
                        by: variance[..layer.outputs].iter().map(by).collect(),
                        gain: part(&layer.gain),
                        shift: part(&layer.shift),
                    }
                }
                Normalization::Layer if l < hidden => {
                    Norm::Layer { gain: part(&layer.gain), shift: part(&layer.shift) }
                }
                _ => Norm::None,
            };
            let mut bias = part(&layer.bias);
            if let (true, Some(by_class)) = (l == hidden, class_weight) {
                // Weights of classes shift log-odds by their logarithm.
                match by_class {
                    [first, second] => bias[0] -= (libm::log(*second) - libm::log(*first)) as f32,
                    by_class if by_class.len() == bias.len() && bias.len() > 1 => {
                        bias.iter_mut().zip(by_class).for_each(|(bias, weight)| *bias -= libm::log(*weight) as f32);
                    }
                    _ => {}
                }
            }
            let rows = self.numbers[layer.weights.clone()].chunks_exact(layer.stride);
            let weights = rows.flat_map(|row| row[..layer.outputs].iter().copied()).collect();
            Layer { outputs: layer.outputs as u32, weights, bias, norm }
        });
        let layers: Vec<Layer> = layers.collect();
        let mut entries = data.entries.clone();
        for (t, table) in data.tables.iter().enumerate() {
            let width = table.embedding.map_or(shape.layers[0].outputs, |(_, width)| width);
            let values = told(&self.tables[t], shape.width(table), width, &table.seen);
            entries[table.feature] = match table.embedding {
                Some((at, width)) => NetworkEntry::Embedding { at: at as u32, dimension: width as u32, values },
                None => NetworkEntry::Levels { values },
            };
        }
        let (shift, scale) = data.target;
        let link = match (&data.goal, data.outputs()) {
            (Goal::Numbers(_), _) => Link::Identity,
            (Goal::Classes(..), 1) => Link::Logistic,
            _ => Link::Softmax,
        };
        Network { inputs: data.inputs as u32, entries, activation: params.activation, layers, shift, scale, link }
    }
}

/// A number around 0.
fn drawn(random: &mut Random, limit: f64) -> f32 {
    ((random.unit() * 2.0 - 1.0) * limit) as f32
}

/// Where nothing is known of a row, the answer is that of all rows.
fn prior(data: &Data, bias: &mut [f32]) {
    let Goal::Classes(codes, classes) = &data.goal else { return };
    let mut weights = vec![0.0f64; (*classes).max(2)];
    codes[..data.fit_rows].iter().enumerate().for_each(|(row, c)| weights[*c as usize] += f64::from(data.weight(row)));
    let whole: f64 = weights.iter().sum();
    if whole <= 0.0 {
        return;
    }
    // A class that no row has is as rare as one of a few rows would be.
    let share = |w: f64| libm::log((w + 0.5) / (whole + 0.5 * weights.len() as f64));
    match data.outputs() {
        1 => bias[0] = (share(weights[1]) - share(weights[0])) as f32,
        _ => bias.iter_mut().zip(&weights).for_each(|(bias, w)| *bias = share(*w) as f32),
    }
}

/// The numbers of levels as they are kept; those that training did not see are the mean of the others.
fn told(values: &[f32], stride: usize, width: usize, seen: &[f64]) -> Vec<f32> {
    let whole: f64 = seen.iter().sum();
    let mut mean = vec![0.0f64; width];
    if whole > 0.0 && whole.is_finite() {
        for (level, weight) in values.chunks_exact(stride).zip(seen) {
            mean.iter_mut().zip(level).for_each(|(mean, v)| *mean += weight / whole * f64::from(*v));
        }
    }
    let mut out = Vec::with_capacity(seen.len() * width);
    for (level, weight) in values.chunks_exact(stride).zip(seen) {
        match *weight > 0.0 {
            true => out.extend_from_slice(&level[..width]),
            false => out.extend(mean.iter().map(|m| *m as f32)),
        }
    }
    out
}
