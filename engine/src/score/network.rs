//! Networks of dense layers, ready to answer a row.

use std::cell::RefCell;

use super::link::{unlink, Answer};
use crate::model::network::NORM_EPSILON;
use crate::model::{Activation, Body, Layer, Network, NetworkEntry, Norm, Task};
use crate::simd::product::{add_row, LANES};
use crate::simd::{level, run_at, Kernel, Level};

thread_local! {
    /// What a layer is given and what it gives; kept so that a row costs no allocation.
    static ROOM: RefCell<(Vec<f32>, Vec<f32>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// A network with its rows of weights in whole lanes.
#[derive(Debug)]
pub(super) struct Net {
    entries: Vec<NetworkEntry>,
    activation: Activation,
    layers: Vec<Dense>,
    /// Numbers that a layer is given or gives, at most.
    widest: usize,
}

#[derive(Debug)]
struct Dense {
    inputs: usize,
    outputs: usize,
    /// The outputs in whole lanes.
    stride: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
    /// Of sums that are brought to the scale of their row: what they are then multiplied by, and what is then added.
    norm: Option<(Vec<f32>, Vec<f32>)>,
}

/// Rows of `width` numbers as rows in whole lanes, each number multiplied by that of its column.
fn padded(values: &[f32], width: usize, by: Option<&[f32]>) -> Vec<f32> {
    let stride = width.next_multiple_of(LANES);
    let mut out = vec![0.0; values.len() / width.max(1) * stride];
    for (to, from) in out.chunks_exact_mut(stride).zip(values.chunks_exact(width)) {
        match by {
            Some(by) => to.iter_mut().zip(from).zip(by).for_each(|((to, from), by)| *to = from * by),
            None => to[..width].copy_from_slice(from),
        }
    }
    out
}

impl Dense {
    fn new(layer: &Layer, by: Option<&[f32]>) -> Dense {
        let Layer { outputs, weights, bias, norm } = layer;
        let outputs = *outputs as usize;
        let bias = match (norm, by) {
            (Norm::Batch { mean, shift, .. }, Some(by)) => {
                let all = bias.iter().zip(mean).zip(by).zip(shift);
                all.map(|(((bias, mean), by), shift)| (bias - mean) * by + shift).collect()
            }
            _ => bias.clone(),
        };
        let norm = match norm {
            Norm::Layer { gain, shift } => Some((padded(gain, outputs, None), padded(shift, outputs, None))),
            _ => None,
        };
        Dense {
            inputs: weights.len() / outputs.max(1),
            outputs,
            stride: outputs.next_multiple_of(LANES),
            weights: padded(weights, outputs, by),
            bias: padded(&bias, outputs, None),
            norm,
        }
    }
}

/// What the scale of a layer by its training rows multiplies sums by: this goes into weights once.
fn by(layer: &Layer) -> Option<Vec<f32>> {
    match &layer.norm {
        Norm::Batch { by, gain, .. } => Some(by.iter().zip(gain).map(|(by, gain)| by * gain).collect()),
        _ => None,
    }
}

/// The network of a model, ready; `None` where it has none.
pub(super) fn net(body: &Body) -> Option<Net> {
    let Body::Network(body) = body else { return None };
    let first = body.layers.first().and_then(by);
    let entry = |entry: &NetworkEntry| match entry {
        NetworkEntry::Levels { values } => {
            NetworkEntry::Levels { values: padded(values, body.first(), first.as_deref()) }
        }
        other => other.clone(),
    };
    let layers: Vec<Dense> = body.layers.iter().map(|layer| Dense::new(layer, by(layer).as_deref())).collect();
    let widest = layers.iter().map(|layer| layer.inputs.max(layer.stride)).max().unwrap_or(0);
    Some(Net { entries: body.entries.iter().map(entry).collect(), activation: body.activation, layers, widest })
}

/// Write the answers of an encoded row.
pub(super) fn predict(body: &Network, net: &Net, task: &Task, row: &[f64], out: &mut [f64]) {
    let level = level();
    ROOM.with_borrow_mut(|(given, sums)| {
        given.resize(net.widest, 0.0);
        sums.resize(net.widest, 0.0);
        run_at(level, Row { net, row, given, sums, out: &mut *out, hidden: false, level });
    });
    for x in out.iter_mut() {
        let score = if x.is_nan() { 0.0 } else { x.clamp(-MOST, MOST) };
        *x = body.shift + body.scale * score;
    }
    unlink(body.link, matches!(task, Task::Classification { .. }), out);
    Answer::of(task).turn(out);
    if body.link == crate::model::Link::Identity {
        out.iter_mut().for_each(|x| *x = x.clamp(f64::MIN, f64::MAX));
    }
}

/// What the last layer is given of an encoded row: what the network makes of it.
pub(super) fn hidden(net: &Net, row: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.resize(net.layers.last().map_or(0, |layer| layer.inputs), 0.0);
    let level = level();
    ROOM.with_borrow_mut(|(given, sums)| {
        given.resize(net.widest, 0.0);
        sums.resize(net.widest, 0.0);
        run_at(level, Row { net, row, given, sums, out, hidden: true, level });
    });
    out.iter_mut().for_each(|x| *x = if x.is_nan() { 0.0 } else { x.clamp(-MOST, MOST) });
}

/// No answer is larger, in units of the target's deviation or as log-odds.
const MOST: f64 = 1e30;

/// One row through all layers.
struct Row<'a> {
    net: &'a Net,
    row: &'a [f64],
    given: &'a mut [f32],
    sums: &'a mut [f32],
    out: &'a mut [f64],
    /// Whether what the last layer is given is asked for.
    hidden: bool,
    level: Level,
}

impl Kernel for Row<'_> {
    #[inline(always)]
    fn run(self) {
        let Row { net, row, mut given, mut sums, out, hidden, level } = self;
        let Some(first) = net.layers.first() else { return };
        sums[..first.stride].copy_from_slice(&first.bias);
        for (entry, &value) in net.entries.iter().zip(row) {
            match entry {
                NetworkEntry::Number { at, missing, shift, scale, low, high } => {
                    let is_missing = value.is_nan();
                    if let Some(x) = given.get_mut(*at as usize) {
                        *x = if is_missing { 0.0 } else { number(value, *shift, *scale, *low, *high) };
                    }
                    if let Some(x) = given.get_mut(*missing as usize) {
                        *x = f32::from(u8::from(is_missing));
                    }
                }
                NetworkEntry::Levels { values } => {
                    let own = &values[place(value, values.len() / first.stride) * first.stride..][..first.stride];
                    sums[..first.stride].iter_mut().zip(own).for_each(|(sum, x)| *sum += x);
                }
                NetworkEntry::Embedding { at, dimension, values } => {
                    let (at, width) = (*at as usize, *dimension as usize);
                    given[at..at + width]
                        .copy_from_slice(&values[place(value, values.len() / width) * width..][..width]);
                }
            }
        }
        let last = net.layers.len() - 1;
        for (l, layer) in net.layers.iter().enumerate() {
            if hidden && l == last {
                out.iter_mut().zip(&*given).for_each(|(out, x)| *out = f64::from(*x));
                return;
            }
            let n = layer.stride;
            if l > 0 {
                sums[..n].copy_from_slice(&layer.bias);
            }
            add_row(&given[..layer.inputs], &layer.weights, &mut sums[..n], level);
            if let Some((gain, shift)) = &layer.norm {
                let (mean, by) = moments(&sums[..layer.outputs]);
                for ((x, gain), shift) in sums.iter_mut().zip(gain).zip(shift) {
                    *x = (*x - mean) * by * gain + shift;
                }
            }
            if l == last {
                out.iter_mut().zip(&*sums).for_each(|(out, x)| *out = f64::from(*x));
            } else {
                activate(net.activation, &mut sums[..n]);
                std::mem::swap(&mut given, &mut sums);
            }
        }
    }
}

/// A number as the first layer is given it.
#[inline(always)]
pub(crate) fn number(value: f64, shift: f64, scale: f64, low: f64, high: f64) -> f32 {
    ((value.clamp(low, high) - shift) * scale) as f32
}

/// The place of a level among `count`, of which the last is a missing value and the one before it all others.
#[inline(always)]
pub(crate) fn place(value: f64, count: usize) -> usize {
    if value.is_nan() {
        count - 1
    } else {
        (value.max(0.0) as usize).min(count.saturating_sub(2))
    }
}

/// The mean of some numbers and one over their deviation.
#[inline(always)]
pub(crate) fn moments(values: &[f32]) -> (f32, f32) {
    let count = values.len().max(1) as f32;
    let mean = sum(values, |x| x) / count;
    let square = sum(values, |x| (x - mean) * (x - mean)) / count;
    (mean, 1.0 / (square + NORM_EPSILON).sqrt())
}

/// A sum over lanes, which are then added one after the other.
#[inline(always)]
pub(crate) fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let whole = values.chunks_exact(LANES);
    let rest = whole.remainder();
    for chunk in whole {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += of(*x));
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane += of(*x));
    lanes.iter().sum()
}

/// What a hidden layer does to its sums.
#[inline(always)]
pub(crate) fn activate(activation: Activation, sums: &mut [f32]) {
    match activation {
        Activation::Relu => sums.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 }),
        Activation::Tanh => sums.iter_mut().for_each(|x| *x = tanh(*x)),
        Activation::Gelu => sums.iter_mut().for_each(|x| *x = 0.5 * *x * (1.0 + tanh(bent(*x)))),
    }
}

/// The slope of the activation at a sum, of which it made `given`.
#[inline(always)]
pub(crate) fn slope(activation: Activation, sum: f32, given: f32) -> f32 {
    match activation {
        Activation::Relu => f32::from(u8::from(given > 0.0)),
        Activation::Tanh => 1.0 - given * given,
        Activation::Gelu => {
            let t = tanh(bent(sum));
            0.5 * (1.0 + t) + 0.5 * sum * (1.0 - t * t) * (STEEP * (1.0 + 3.0 * BEND * sum * sum))
        }
    }
}

/// The root of 2 over pi.
const STEEP: f32 = 0.797_884_6;
const BEND: f32 = 0.044_715;

#[inline(always)]
fn bent(x: f32) -> f32 {
    STEEP * (x + BEND * x * x * x)
}

/// The hyperbolic tangent within 2e-7, of plain arithmetic, so that a compiler may take many at once.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

/// The exponential of a number of at most 0; of one below -87 that of -87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Of a sum with it the lowest bits are a whole number.
    const ROUND: f32 = 12_582_912.0;
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let x = if x > -87.0 { x } else { -87.0 };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * HIGH - n * LOW;
    let series =
        1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let power = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    series * f32::from_bits(power)
}

/// About how many nanoseconds a row takes.
pub(super) fn nanoseconds(body: &Network) -> f64 {
    let dense: usize = body.layers.iter().map(|layer| layer.weights.len()).sum();
    40.0 + body.entries.len() as f64 * 3.0 + dense as f64 / 20.0
}

/// Bytes on the heap, of the stored form and of the one that is ready.
pub(super) fn bytes(body: &Network) -> usize {
    let ready = |layer: &Layer| layer.weights.len() / (layer.outputs as usize).max(1) + 4;
    let padded: usize =
        body.layers.iter().map(|layer| ready(layer) * (layer.outputs as usize).next_multiple_of(LANES)).sum();
    (body.weights() * 2 + padded) * 4 + body.entries.len() * 2 * std::mem::size_of::<NetworkEntry>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_near_those_of_the_library() {
        let mut x = -90.0f64;
        while x < 90.0 {
            let own = x as f32;
            assert!((f64::from(tanh(own)) - libm::tanh(f64::from(own))).abs() < 2e-7, "{x}");
            if own <= 0.0 && own > -87.0 {
                let expected = libm::exp(f64::from(own));
                assert!((f64::from(exp(own)) / expected - 1.0).abs() < 4e-7, "{x}");
            }
            x += 0.0137;
        }
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
    }

    #[test]
    fn slopes_are_those_of_the_activations() {
        for (_, activation) in Activation::NAMED {
            for x in [-3.0f32, -0.7, -0.1, 0.2, 1.3, 4.0] {
                let of = |x: f32| {
                    let mut out = [x];
                    activate(activation, &mut out);
                    f64::from(out[0])
                };
                let step = 1e-2f32;
                let measured = (of(x + step) - of(x - step)) / f64::from(2.0 * step);
                assert!((f64::from(slope(activation, x, of(x) as f32)) - measured).abs() < 1e-3, "{activation:?} {x}");
            }
        }
    }
}
