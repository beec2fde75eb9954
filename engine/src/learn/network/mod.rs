//! Neural networks of dense layers, learned by stochastic gradient descent (Rumelhart, Hinton, Williams 1986; Kingma, Ba 2015).
//!
//! Numbers enter by their standard scores, categories of few levels by a weight a level, those of many by an embedding. Rows go in batches, in an order that
//! each epoch draws anew from the seed; a batch is cut in parts by the shape of the network alone, and sums of parts are added one after the other, so
//! that weights are the same for any number of threads and any processor.
//!
//! The kernels are [`crate::simd::product`]: the crates that multiply matrices choose fused instructions when they run, of which the last bits of weights
//! would depend. linfa has no networks; candle and burn bring such kernels, and a framework of some hundred crates.

mod data;
mod optimize;
mod pass;
mod shape;
mod start;

pub use optimize::{Optimizer, Schedule};
pub use shape::Normalization;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::random::Random;
use crate::learn::Target;
use crate::model::{Activation, Feature, Network};

use data::Data;
use optimize::Descent;
use pass::{Epoch, Room, JUDGED};
use shape::Shape;
use start::Weights;

/// How a network is learned. Names are those of Keras, PyTorch and scikit-learn.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkParams {
    /// The numbers that each hidden layer gives.
    pub hidden_layers: Vec<u32>,
    /// What hidden layers do to their sums.
    pub activation: Activation,
    /// How sums are brought to one scale.
    pub normalization: Normalization,
    /// The share of what hidden layers give that a row of training goes without.
    pub dropout: f64,
    /// How weights follow slopes.
    pub optimizer: Optimizer,
    /// How far.
    pub learning_rate: f64,
    /// How that changes from epoch to epoch.
    pub schedule: Schedule,
    /// What earlier slopes count, for [`Optimizer::Sgd`].
    pub momentum: f64,
    /// The penalty of the squares of weights; `None` for that of the optimizer.
    pub weight_decay: Option<f64>,
    /// The rows of a batch.
    pub batch_size: u32,
    /// How often all rows are gone through, at most.
    pub epochs: u32,
    /// The epoch to end after, where it is known; schedules go by [`NetworkParams::epochs`].
    pub last_epoch: Option<u32>,
    /// The epochs without a lower loss of watched rows that end the training.
    pub early_stopping_rounds: Option<u32>,
    /// The share of training rows that are watched.
    pub validation_fraction: f64,
    /// The numbers that stand for a level of a category of many; `None` for one by the number of levels.
    pub embedding_dimension: Option<u32>,
    /// The fewest training rows of a level that is not pooled with the rare ones.
    pub min_category_rows: u64,
    /// The fewest training rows that a level, a missing value or an end of a number stands for, for the sake of privacy.
    pub min_group: u64,
    /// Whether to go on from the weights of the version before.
    pub warm_start: bool,
    /// The seed.
    pub seed: u64,
}

impl Default for NetworkParams {
    fn default() -> Self {
        NetworkParams {
            hidden_layers: vec![64, 32],
            activation: Activation::Relu,
            normalization: Normalization::None,
            dropout: 0.0,
            optimizer: Optimizer::Adam,
            learning_rate: 0.001,
            schedule: Schedule::Constant,
            momentum: 0.9,
            weight_decay: None,
            batch_size: 64,
            epochs: 50,
            last_epoch: None,
            early_stopping_rounds: Some(10),
            validation_fraction: 0.1,
            embedding_dimension: None,
            min_category_rows: 10,
            min_group: 1,
            warm_start: false,
            seed: 42,
        }
    }
}

/// The rows to learn from, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What the columns are.
    pub features: &'a [Feature],
    /// The columns as scoring takes them, a number a row.
    pub columns: &'a [Vec<f64>],
    /// What is to be predicted.
    pub target: &'a Target,
    /// The weight of each row.
    pub weight: Option<&'a [f64]>,
    /// How many of the rows are learned from; the others are watched.
    pub fit_rows: usize,
}

/// A network to go on from.
#[derive(Debug, Clone)]
pub struct Former {
    /// Its features.
    pub features: Vec<Feature>,
    /// Its weights.
    pub body: Network,
    /// Its classes.
    pub classes: Vec<String>,
}

/// The loss of an epoch: log loss, or squared error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochLoss {
    /// The mean over the batches, each before its step.
    pub training: f64,
    /// That of watched rows after the epoch.
    pub watched: Option<f64>,
}

/// What was found.
#[derive(Debug)]
pub struct NetworkFit {
    /// The model.
    pub body: Network,
    /// The epochs that were gone through.
    pub losses: Vec<EpochLoss>,
    /// The epoch whose weights are kept, from 1; 0 for those of the start.
    pub kept: u32,
    /// Whether weights left all bounds, which ended the training.
    pub diverged: bool,
}

/// Learn a network. `class_weight` weighs rows by their class; probabilities are corrected for it. `former` are weights to go on from.
///
/// Fails with [`Error::InvalidData`] where the loss leaves all bounds at once, with [`Error::InvalidOption`] where a network to go on from has other layers,
/// with [`Error::OutOfMemory`] when the budget does not hold rows and weights, and when cancelled.
pub fn fit(
    rows: Rows<'_>,
    params: &NetworkParams,
    class_weight: Option<&[f64]>,
    former: Option<&Former>,
    classes: &[String],
    control: &Control,
) -> Result<NetworkFit> {
    let before = control.used();
    let fit = fit_counted(rows, params, class_weight, former, classes, control);
    control.release(control.used().saturating_sub(before));
    fit
}

fn fit_counted(
    rows: Rows<'_>,
    params: &NetworkParams,
    class_weight: Option<&[f64]>,
    former: Option<&Former>,
    classes: &[String],
    control: &Control,
) -> Result<NetworkFit> {
    let data = Data::new(&rows, params, class_weight, former, control)?;
    let shape = Shape::new(&data, params);
    // Weights, their slopes, what optimizers keep of them, and a copy of the best.
    control.reserve(shape.bytes(&data).saturating_mul(6))?;
    let mut weights = Weights::new(&data, &shape, params, former, classes)?;
    let mut descent = Descent::new(&shape, &data, params);
    let batch = (params.batch_size as usize).min(data.fit_rows).max(1);
    let part = match params.normalization {
        // The scale is that of all rows of the batch.
        Normalization::Batch => batch,
        _ => shape.part_rows().min(batch),
    };
    let parts = batch.div_ceil(part);
    control.reserve(shape.room_bytes(part, &data).saturating_mul(parts))?;
    let mut rooms: Vec<Room> = (0..parts).map(|_| Room::new(&shape, &data, part, true)).collect();
    if data.fit_rows < data.rows {
        // Each thread judges rows of its own.
        control.reserve(shape.room_bytes(JUDGED, &data).saturating_mul(rayon::current_num_threads()))?;
    }
    let mut order: Vec<u32> = control.vec(data.fit_rows)?;
    let (mut losses, mut best, mut kept) = (Vec::new(), weights.clone(), 0);
    let (mut lowest, mut since, mut diverged) = (f64::INFINITY, 0, false);
    let last = params.last_epoch.unwrap_or(params.epochs).min(params.epochs);
    control.start(u64::from(last).max(1));
    for epoch in 0..last {
        order.clear();
        order.extend(0..data.fit_rows as u32);
        Random::new(params.seed, u64::from(epoch)).shuffle(&mut order);
        let run = Epoch { shape: &shape, data: &data, part, dropout: params.dropout, seed: params.seed, epoch };
        let training = run.learn(&order, batch, &mut weights, &mut descent, &mut rooms, control)?;
        let watched = (data.fit_rows < data.rows).then(|| run.judge(&weights, control)).transpose()?;
        let all = [Some(training), watched].into_iter().flatten();
        diverged = !weights.are_sound() || all.into_iter().any(|loss| !loss.is_finite());
        if diverged {
            break;
        }
        losses.push(EpochLoss { training, watched });
        let told = watched.unwrap_or(training);
        let better = told < lowest;
        descent.see(told);
        if better || watched.is_none() || params.early_stopping_rounds.is_none() {
            best.clone_from(&weights);
            kept = epoch + 1;
        }
        (lowest, since) = if better { (told, 0) } else { (lowest, since + 1) };
        control.advance(1);
        if watched.is_some() && params.early_stopping_rounds.is_some_and(|rounds| since >= rounds) {
            break;
        }
    }
    if diverged && kept == 0 {
        return Err(Error::data(
            "the loss of the network leaves all bounds in its first epoch",
            "Give a smaller \"learning_rate\".",
        ));
    }
    Ok(NetworkFit { body: best.body(&data, &shape, params, class_weight), losses, kept, diverged })
}
