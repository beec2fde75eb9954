//! Neural networks, stored: how features enter, and layers of weights.

use serde::{Deserialize, Serialize};

use super::additive::levels;
use super::validate::ensure;
use super::{Feature, Link, Task};
use crate::error::Result;

/// A network of dense layers. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The numbers that the first layer is given.
    pub inputs: u32,
    /// How each feature enters, in the order of [`super::Model::features`].
    pub entries: Vec<NetworkEntry>,
    /// What hidden layers do to their sums.
    pub activation: Activation,
    /// The hidden layers and, last, the one that answers.
    pub layers: Vec<Layer>,
    /// What an answer of 0 stands for: the mean of a target that is a number, else 0.
    pub shift: f64,
    /// What an answer of 1 is more than that: its standard deviation, else 1.
    pub scale: f64,
    /// How an answer becomes a prediction.
    pub link: Link,
}

/// How a feature enters. Frozen: variants are only added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NetworkEntry {
    /// `(value - shift) * scale`, within the ends; a missing value is 0.
    Number {
        /// Its place among the inputs.
        at: u32,
        /// The place of a 1 where the value is missing; [`NetworkEntry::NONE`] where training saw no such row.
        missing: u32,
        /// Subtracted.
        shift: f64,
        /// Multiplied.
        scale: f64,
        /// Values below are taken as this.
        low: f64,
        /// Values above are taken as this.
        high: f64,
    },
    /// A number each for the sums of the first layer.
    Levels {
        /// Level by level in the order of the feature's levels (of a part of a date by its value), then of all other texts, last of a missing value: as
        /// many numbers as the first layer has sums.
        values: Vec<f32>,
    },
    /// A few numbers that stand for a level among the inputs: an embedding.
    Embedding {
        /// The place of the first of them.
        at: u32,
        /// How many.
        dimension: u32,
        /// In the order of levels, `dimension` numbers each.
        values: Vec<f32>,
    },
}

impl NetworkEntry {
    /// No place.
    pub const NONE: u32 = u32::MAX;
}

/// What hidden layers do to their sums. Frozen: variants are only added at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// Those below 0 are 0.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))` (Hendrycks, Gimpel 2016).
    Gelu,
}

impl Activation {
    /// All, with their names.
    pub const NAMED: [(&'static str, Activation); 3] =
        [("relu", Activation::Relu), ("tanh", Activation::Tanh), ("gelu", Activation::Gelu)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Activation::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// A layer. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// The numbers it gives.
    pub outputs: u32,
    /// By number that it is given, `outputs` weights each.
    pub weights: Vec<f32>,
    /// What is added, one an output.
    pub bias: Vec<f32>,
    /// What is done to the sums before the activation.
    pub norm: Norm,
}

/// How sums are brought to one scale. Frozen: variants are only added at the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Norm {
    /// Not at all.
    #[default]
    None,
    /// Each by the mean and the deviation that training rows had (Ioffe, Szegedy 2015).
    Batch {
        /// Subtracted.
        mean: Vec<f32>,
        /// Multiplied: one over the deviation.
        by: Vec<f32>,
        /// Then multiplied.
        gain: Vec<f32>,
        /// Then added.
        shift: Vec<f32>,
    },
    /// Those of a row by their mean and deviation (Ba, Kiros, Hinton 2016).
    Layer {
        /// Then multiplied.
        gain: Vec<f32>,
        /// Then added.
        shift: Vec<f32>,
    },
}

impl Norm {
    fn numbers(&self) -> impl Iterator<Item = &Vec<f32>> {
        let all: [Option<&Vec<f32>>; 4] = match self {
            Norm::None => [None; 4],
            Norm::Batch { mean, by, gain, shift } => [Some(mean), Some(by), Some(gain), Some(shift)],
            Norm::Layer { gain, shift } => [Some(gain), Some(shift), None, None],
        };
        all.into_iter().flatten()
    }
}

/// What is added to a variance so that one over its root is a number.
pub(crate) const NORM_EPSILON: f32 = 1e-5;

/// The most layers.
pub const MOST_LAYERS: usize = 32;
/// The most numbers that a layer gives.
pub const WIDEST: u32 = 4096;
/// Weights are not larger, so that sums of them are numbers.
pub(crate) const LARGEST: f32 = 1e12;

impl Network {
    /// The sums of the first layer.
    pub fn first(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.outputs as usize)
    }

    /// All weights, and what is added to sums.
    pub fn weights(&self) -> usize {
        let entries = self.entries.iter().map(|entry| match entry {
            NetworkEntry::Number { .. } => 0,
            NetworkEntry::Levels { values } | NetworkEntry::Embedding { values, .. } => values.len(),
        });
        let layer = |l: &Layer| l.weights.len() + l.bias.len() + l.norm.numbers().map(Vec::len).sum::<usize>();
        entries.sum::<usize>() + self.layers.iter().map(layer).sum::<usize>()
    }

    /// Bring features into another order, of which `order` has the old places.
    pub(super) fn reorder(&mut self, order: &[u32]) {
        self.entries = order.iter().map(|old| self.entries[*old as usize].clone()).collect();
    }

    /// Give the levels of a feature other places, of which `places` has the old ones, that of all others last.
    pub(super) fn recode(&mut self, feature: u32, places: &[usize]) {
        let first = self.first();
        let (values, width) = match self.entries.get_mut(feature as usize) {
            Some(NetworkEntry::Levels { values }) => (values, first),
            Some(NetworkEntry::Embedding { values, dimension, .. }) => (values, *dimension as usize),
            _ => return,
        };
        let missing = (values.len() / width.max(1)).saturating_sub(1);
        let old = places.iter().chain([&missing]);
        *values = old.flat_map(|old| values[old * width..][..width].to_vec()).collect();
    }
}

/// Prove that a body holds together.
pub(super) fn validate(body: &Network, features: &[Feature], task: &Task, outputs: usize) -> Result<()> {
    let classification = matches!(task, Task::Classification { .. });
    let fits = match body.link {
        Link::Logistic => classification && outputs == 1,
        Link::Softmax => classification && outputs > 1,
        Link::Identity => *task == Task::Regression,
        Link::Log => false,
    };
    ensure(fits, || format!("link {:?} does not fit the task", body.link))?;
    ensure(body.shift.is_finite() && body.scale.is_finite(), || "the scale of answers is not finite".into())?;
    let count = body.layers.len();
    ensure((1..=MOST_LAYERS).contains(&count), || format!("{count} layers"))?;
    let last = body.layers.last().map_or(0, |layer| layer.outputs as usize);
    ensure(last == outputs, || format!("{last} outputs, not {outputs}"))?;
    let finite = |numbers: &[f32]| numbers.iter().all(|v| v.abs() <= LARGEST);
    let mut inputs = body.inputs as usize;
    for (at, layer) in body.layers.iter().enumerate() {
        let Layer { outputs, weights, bias, norm } = layer;
        let width = *outputs as usize;
        ensure(width >= 1 && (*outputs <= WIDEST || at + 1 == count), || format!("a layer of {width}"))?;
        ensure(inputs.checked_mul(width) == Some(weights.len()), || "the weights do not fit the layers".into())?;
        ensure(bias.len() == width && norm.numbers().all(|n| n.len() == width), || "a layer does not fit".into())?;
        let all = finite(weights) && finite(bias) && norm.numbers().all(|n| finite(n));
        ensure(all, || "a weight is not finite".into())?;
        ensure(at + 1 < count || *norm == Norm::None, || "the last layer is brought to a scale".into())?;
        inputs = width;
    }
    ensure(body.entries.len() == features.len(), || "the entries do not fit the features".into())?;
    let place = |at: u32, width: u32| at.checked_add(width).is_some_and(|end| end <= body.inputs);
    for (entry, feature) in body.entries.iter().zip(features) {
        let name = &feature.name;
        let fits = match (entry, levels(feature)) {
            (NetworkEntry::Number { at, missing, shift, scale, low, high }, None) => {
                let numbers = [shift, scale, low, high].iter().all(|v| v.is_finite()) && low <= high;
                let missing = *missing == NetworkEntry::NONE || place(*missing, 1);
                let place = *at == NetworkEntry::NONE || place(*at, 1);
                !feature.encoding.is_category() && numbers && missing && place
            }
            (NetworkEntry::Levels { values }, Some(count)) => {
                (count + 2).checked_mul(body.first()) == Some(values.len()) && finite(values)
            }
            (NetworkEntry::Embedding { at, dimension, values }, Some(count)) => {
                let width = *dimension as usize;
                width >= 1
                    && place(*at, *dimension)
                    && (count + 2).checked_mul(width) == Some(values.len())
                    && finite(values)
            }
            _ => false,
        };
        ensure(fits, || format!("the entry of feature {name:?} does not fit"))?;
    }
    Ok(())
}
