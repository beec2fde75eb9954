//! Gradient boosting: trees that each correct what the ones before them got wrong (Friedman 2001), grown over histograms from first and
//! second derivatives of the loss (Chen and Guestrin 2016), the leaf of the largest gain first (Ke et al. 2017).
//!
//! Derivatives are rounded at random to a few bits and packed into one integer (Shi et al. 2022), so that a histogram takes one addition
//! a value, and sums are the same in whatever order threads add them.

mod grow;
mod histogram;
mod loss;
mod matrix;
mod objective;
mod quantile;
mod scores;
mod split;

pub use objective::Objective;

use crate::control::Control;
use crate::error::Result;
use crate::learn::bin::{BinParams, BinnedFeature};
use crate::learn::Target;
use crate::model::Trees;
use grow::{Grower, Tree};
use scores::Scores;

/// How trees are boosted. Names are scikit-learn's and LightGBM's.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostParams {
    /// The loss.
    pub objective: Option<Objective>,
    /// Trees, or trees of each class with more than two classes.
    pub n_estimators: u32,
    /// What a leaf is multiplied by.
    pub learning_rate: f64,
    /// The most leaves of a tree.
    pub max_leaf_nodes: u32,
    /// The most splits from the root to a leaf.
    pub max_depth: u32,
    /// The fewest training rows of a leaf, as far as second derivatives tell.
    pub min_samples_leaf: u64,
    /// The least sum of second derivatives of a leaf.
    pub min_child_weight: f64,
    /// Taken off the absolute sum of first derivatives.
    pub reg_alpha: f64,
    /// Added to the sum of second derivatives.
    pub reg_lambda: f64,
    /// The least gain of a split.
    pub min_split_gain: f64,
    /// The share of rows a tree sees.
    pub subsample: f64,
    /// The share of features a tree sees.
    pub colsample_bytree: f64,
    /// Stop when the validation loss has not improved for so many iterations.
    pub early_stopping_rounds: Option<u32>,
    /// The share of the training rows that early stopping watches.
    pub validation_fraction: f64,
    /// The most bins of a number.
    pub max_bins: usize,
    /// Levels with fewer training rows are pooled.
    pub min_category_rows: u64,
    /// The fewest rows that a leaf, a level or a bin stands for, whatever the other parameters say.
    pub min_group: u64,
    /// Added to the second derivatives of a level before levels are put in order.
    pub cat_smooth: f64,
    /// A category of more levels is cut as one number; one of fewer is split into subsets.
    pub max_subset_levels: usize,
    /// The quantile of the quantile loss.
    pub alpha: f64,
    /// The variance power of the Tweedie loss.
    pub tweedie_variance_power: f64,
    /// The weight of each class.
    pub class_weight: Option<Vec<f64>>,
    /// By feature, 1 where the score must not fall while the feature rises, -1 where it must not rise, else 0; empty where no feature is
    /// constrained. A category cannot be.
    pub monotone: Vec<i8>,
    /// The sets of features that may meet on a path from the root; empty where all may. A feature in none of them is not used.
    pub interactions: Vec<Vec<usize>>,
    /// The seed of what is drawn.
    pub seed: u64,
}

impl Default for BoostParams {
    fn default() -> Self {
        BoostParams {
            objective: None,
            n_estimators: 400,
            learning_rate: 0.07,
            max_leaf_nodes: 31,
            max_depth: 64,
            min_samples_leaf: 20,
            min_child_weight: 1e-3,
            reg_alpha: 0.0,
            reg_lambda: 1.0,
            min_split_gain: 0.0,
            subsample: 1.0,
            colsample_bytree: 1.0,
            early_stopping_rounds: Some(20),
            validation_fraction: 0.1,
            max_bins: 255,
            min_category_rows: 10,
            min_group: 1,
            cat_smooth: 10.0,
            max_subset_levels: 16,
            alpha: 0.5,
            tweedie_variance_power: 1.5,
            class_weight: None,
            monotone: Vec::new(),
            interactions: Vec::new(),
            seed: 42,
        }
    }
}

/// The most bins of a number: with the one for missing values a code is a byte.
pub const MOST_BINS: usize = 255;

impl BoostParams {
    /// Which way the score may go while a feature rises: 1 up, -1 down, 0 both.
    fn direction(&self, feature: usize) -> i8 {
        self.monotone.get(feature).copied().unwrap_or(0)
    }

    /// Whether a feature is constrained.
    fn is_monotone(&self) -> bool {
        self.monotone.iter().any(|&d| d != 0)
    }

    /// How the columns are to be binned.
    pub fn bin_params(&self) -> BinParams {
        let (min_category_rows, min_group) = (self.min_category_rows, self.min_group);
        BinParams { max_bins: self.max_bins.min(MOST_BINS), min_category_rows, min_group }
    }
}

/// Boosted trees, and how training went.
#[derive(Debug)]
pub struct Boosted {
    /// The trees.
    pub trees: Trees,
    /// Iterations that are in the model.
    pub iterations: u32,
    /// The validation loss after each iteration; empty without early stopping.
    pub losses: Vec<f64>,
}

/// The rows to learn from, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What is to be predicted.
    pub target: &'a Target,
    /// The weight of each row; `None` where all weigh 1.
    pub weight: Option<&'a [f64]>,
    /// What is added to the score of each row before the first tree, and is no part of the model: with a log link, the logarithm of the
    /// exposure.
    pub offset: Option<&'a [f64]>,
}

impl<'a> Rows<'a> {
    /// Rows that weigh the same.
    pub fn new(target: &'a Target) -> Self {
        Rows { target, weight: None, offset: None }
    }
}

/// Boost trees on the first `fit_rows` rows of `features`; early stopping watches the rest.
///
/// Bytes do not depend on the number of threads. Fails when cancelled or out of memory; takes a byte a value and 20 bytes a row (12 more
/// for each further class, 8 where leaves are quantiles, 16 where these are weighted) above the binned features.
pub fn fit(
    features: &[&BinnedFeature],
    rows: Rows<'_>,
    fit_rows: usize,
    params: &BoostParams,
    control: &Control,
) -> Result<Boosted> {
    let mut booster = Booster::new(features, rows, fit_rows, params, control)?;
    let mut best = (f64::INFINITY, 0);
    // A step a leaf, so that progress moves inside a tree.
    control.start(u64::from(params.n_estimators) * booster.scores.outputs() as u64 * u64::from(params.max_leaf_nodes));
    let watch = params.early_stopping_rounds.filter(|_| fit_rows < rows.target.len());
    for iteration in 1..=params.n_estimators {
        let grows = booster.step(watch.is_some(), control)?;
        if let (Some(rounds), Some(&loss)) = (watch, booster.losses.last()) {
            if loss < best.0 {
                best = (loss, iteration);
            } else if iteration >= best.1 + rounds {
                break;
            }
        }
        if !grows {
            break;
        }
    }
    if watch.is_some() && best.1 > 0 {
        booster.grown.truncate(best.1 as usize * booster.scores.outputs());
    }
    Ok(booster.finish(control))
}

/// Boosting that goes on an iteration at a time.
pub(super) struct Booster<'a> {
    features: &'a [&'a BinnedFeature],
    params: &'a BoostParams,
    scores: Scores<'a>,
    grower: Grower<'a>,
    grown: Vec<Tree>,
    /// The loss of the rows that are watched, after each iteration that looked at it.
    pub losses: Vec<f64>,
}

impl<'a> Booster<'a> {
    /// Before the first iteration; see [`fit`].
    pub fn new(
        features: &'a [&'a BinnedFeature],
        rows: Rows<'a>,
        fit_rows: usize,
        params: &'a BoostParams,
        control: &Control,
    ) -> Result<Booster<'a>> {
        let objective = params.objective.unwrap_or_else(|| Objective::of(rows.target));
        let scores = Scores::new(objective, rows, fit_rows, params, control)?;
        let grower = Grower::new(features, fit_rows, params, control)?;
        Ok(Booster { features, params, scores, grower, grown: Vec::new(), losses: Vec::new() })
    }

    /// Grow the trees of an iteration and, if asked, `watch` the loss. False when no leaf gains from a split, and none ever will.
    pub fn step(&mut self, watch: bool, control: &Control) -> Result<bool> {
        let iteration = (self.grown.len() / self.scores.outputs()) as u32;
        self.scores.begin_iteration(control)?;
        let mut nothing = true;
        for output in 0..self.scores.outputs() {
            control.check()?;
            self.scores.derive(output, iteration, control)?;
            let mut tree = self.grower.grow(&self.scores, (iteration, output), control)?;
            nothing &= tree.leaves() == 1;
            self.scores.finish_leaves(&mut tree, &self.grower, output, control)?;
            self.scores.add(&tree, &self.grower, self.features, output, control)?;
            self.grown.push(tree);
        }
        if watch {
            self.losses.push(self.scores.validation_loss(control)?);
        }
        // Other rows and other features may still gain.
        Ok(!nothing || self.params.subsample < 1.0 || self.params.colsample_bytree < 1.0)
    }

    fn finish(self, control: &Control) -> Boosted {
        let iterations = (self.grown.len() / self.scores.outputs()) as u32;
        let trees = self.scores.model(&self.grown, self.features);
        self.grower.release(control);
        self.scores.release(control);
        Boosted { trees, iterations, losses: self.losses }
    }
}
