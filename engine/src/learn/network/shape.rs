//! Where weights stand.

use std::ops::Range;

use super::data::Data;
use super::NetworkParams;
use crate::model::Activation;
use crate::simd::product::LANES;

/// How sums are brought to one scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Normalization {
    /// Not at all.
    #[default]
    None,
    /// Each by the rows of its batch (Ioffe, Szegedy 2015).
    Batch,
    /// Those of a row by themselves (Ba, Kiros, Hinton 2016).
    Layer,
}

impl Normalization {
    /// All, with their names.
    pub const NAMED: [(&'static str, Normalization); 3] =
        [("none", Normalization::None), ("batch", Normalization::Batch), ("layer", Normalization::Layer)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Normalization::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// A layer: what it is given and gives, and where its numbers stand among all.
#[derive(Debug, Clone)]
pub(super) struct LayerShape {
    pub inputs: usize,
    /// The same in whole lanes.
    pub in_stride: usize,
    pub outputs: usize,
    /// The same in whole lanes.
    pub stride: usize,
    pub weights: Range<usize>,
    pub bias: Range<usize>,
    /// What scaled sums are multiplied by, and what is then added; empty where they are not scaled.
    pub gain: Range<usize>,
    pub shift: Range<usize>,
}

/// All layers.
#[derive(Debug)]
pub(super) struct Shape {
    pub layers: Vec<LayerShape>,
    /// All numbers.
    pub numbers: usize,
    pub activation: Activation,
    pub normalization: Normalization,
    /// Whether what the first layer is given is learned, too.
    pub embeds: bool,
}

/// Products of a part of a batch: enough that handing it to a thread is nothing beside them.
const PART_WORK: usize = 4_000_000;

impl Shape {
    pub fn new(data: &Data, params: &NetworkParams) -> Shape {
        let widths = params.hidden_layers.iter().map(|width| *width as usize).chain([data.outputs()]);
        let hidden = params.hidden_layers.len();
        let (mut layers, mut inputs, mut at) = (Vec::new(), data.inputs, 0);
        let mut take = |count: usize| {
            at += count;
            at - count..at
        };
        for (l, outputs) in widths.enumerate() {
            let stride = outputs.next_multiple_of(LANES);
            let scaled = if l < hidden && params.normalization != Normalization::None { stride } else { 0 };
            layers.push(LayerShape {
                inputs,
                in_stride: inputs.next_multiple_of(LANES),
                outputs,
                stride,
                weights: take(inputs * stride),
                bias: take(stride),
                gain: take(scaled),
                shift: take(scaled),
            });
            inputs = outputs;
        }
        Shape {
            layers,
            numbers: at,
            activation: params.activation,
            normalization: params.normalization,
            embeds: data.tables.iter().any(|table| table.embedding.is_some()),
        }
    }

    /// The numbers of a level of a table.
    pub fn width(&self, table: &super::data::Table) -> usize {
        table.embedding.map_or(self.layers[0].stride, |(_, width)| width)
    }

    /// The rows of a part of a batch: by the work of a row alone, so that it is the same for any number of threads.
    pub fn part_rows(&self) -> usize {
        let work: usize = self.layers.iter().map(|l| 3 * l.inputs.max(1) * l.stride).sum();
        (PART_WORK / work.max(1)).clamp(16, 512).next_multiple_of(8)
    }

    /// Bytes of all weights, once.
    pub fn bytes(&self, data: &Data) -> usize {
        let tables: usize = data.tables.iter().map(|t| t.levels.saturating_mul(self.width(t))).sum();
        (self.numbers + tables).saturating_mul(4)
    }

    /// Bytes that a part of a batch needs.
    pub fn room_bytes(&self, rows: usize, data: &Data) -> usize {
        let row: usize = self.layers.iter().map(|l| 6 * l.stride + l.in_stride).sum();
        (self.numbers + (row + data.inputs).saturating_mul(rows)).saturating_mul(4)
    }
}
