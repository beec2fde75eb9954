//! Trees and forests that part rows by what treatments bring them (Rzepakowski, Jaroszewicz 2012; Athey, Imbens 2016; Wager, Athey 2018).
//!
//! They are searched for and grown as other trees are; only what a split is to raise differs, and what a leaf says: how much more of the target rows with a
//! treatment have than rows without one.

use rayon::prelude::*;

use super::grow::{flatten, grow, partition, Node};
use super::rows::{centre, Rows};
use super::TreeParams;
use crate::control::Control;
use crate::error::Result;
use crate::learn::bin::BinnedFeature;
use crate::learn::forest::{join, tree_bytes};
use crate::learn::random::Random;
use crate::model::{Trees, LEAF};

/// A share of rows is taken to be no nearer to 0 and 1 than this where it divides.
const LEAST_SHARE: f64 = 1e-6;

/// What a split is to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divergence {
    /// The squared effect, less its variance by chance (Athey, Imbens 2016).
    Causal,
    /// The squared distance of what treatments bring (Rzepakowski, Jaroszewicz 2012), here the squared effect.
    Euclidean,
    /// The divergence of Kullback and Leibler between two classes.
    KullbackLeibler,
    /// The chi-squared divergence between two classes.
    ChiSquared,
}

/// Rows that were treated, or not, and what came of it.
#[derive(Clone, Copy)]
pub struct UpliftRows<'a> {
    /// What came of each row; of two classes 1 for the positive one and 0 for the other.
    pub outcome: &'a [f64],
    /// The treatment of each row, counted from 1; 0 for none.
    pub arms: &'a [u32],
    /// How many kinds of rows there are: treatments and none.
    pub count: usize,
    /// The weight of each row.
    pub weight: Option<&'a [f64]>,
}

/// How a forest is grown. A tree by itself is one of one tree.
#[derive(Debug, Clone, PartialEq)]
pub struct UpliftForest {
    /// What a split is to raise.
    pub criterion: Divergence,
    /// The fewest rows of each treatment, and of those without one, on either side of a split.
    pub min_samples_treatment: u64,
    /// The number of trees.
    pub n_estimators: u32,
    /// The share of the rows that each tree grows on, drawn without putting back.
    pub max_samples: f64,
    /// Features that a node looks at.
    pub tries: usize,
    /// Whether the rows of a tree are parted in two halves, one to find splits and one to find what leaves say.
    pub honest: bool,
    /// The seed of what is drawn.
    pub seed: u64,
}

/// The statistic of rows by treatment: weight, weighted value and weighted square, one after the other.
pub(super) struct Treated<'a> {
    outcome: &'a [f64],
    arms: &'a [u32],
    count: usize,
    least: f64,
    criterion: Divergence,
    /// Subtracted from what came of rows, so that sums of squares lose nothing.
    centre: f64,
}

/// Numbers of a statistic for each arm.
const OWN: usize = 3;

impl Treated<'_> {
    pub fn width(&self) -> usize {
        OWN * self.count
    }

    #[inline]
    pub fn add(&self, row: u32, weight: f64, stat: &mut [f64]) {
        let value = self.outcome[row as usize] - self.centre;
        let at = OWN * self.arms[row as usize] as usize;
        stat[at] += weight;
        stat[at + 1] += weight * value;
        stat[at + 2] += weight * value * value;
    }

    pub fn total(stat: &[f64]) -> f64 {
        stat.iter().step_by(OWN).sum()
    }

    #[inline]
    pub fn is_enough(&self, stat: &[f64]) -> bool {
        stat.iter().step_by(OWN).all(|weight| *weight >= self.least && *weight > 0.0)
    }

    /// How much treatments and the lack of one differ, times the weight of the rows.
    pub fn score(&self, stat: &[f64]) -> f64 {
        if stat.iter().step_by(OWN).any(|weight| *weight <= 0.0) {
            return 0.0;
        }
        let mean = |arm: usize| stat[OWN * arm + 1] / stat[OWN * arm];
        // The variance of a mean by chance.
        let doubt = |arm: usize| {
            let (weight, mean) = (stat[OWN * arm], mean(arm));
            let variance = (stat[OWN * arm + 2] / weight - mean * mean).max(0.0);
            variance / (weight - 1.0).max(1.0)
        };
        let none = mean(0);
        let share = |mean: f64| (mean + self.centre).clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
        let one = |arm: usize| match self.criterion {
            Divergence::KullbackLeibler => {
                let (p, q) = (share(mean(arm)), share(none));
                p * libm::log(p / q) + (1.0 - p) * libm::log((1.0 - p) / (1.0 - q))
            }
            Divergence::ChiSquared => {
                let (p, q) = (share(mean(arm)), share(none));
                (p - q) * (p - q) / (q * (1.0 - q))
            }
            Divergence::Euclidean => (mean(arm) - none) * (mean(arm) - none),
            Divergence::Causal => (mean(arm) - none) * (mean(arm) - none) - doubt(arm) - doubt(0),
        };
        Treated::total(stat) * (1..self.count).map(one).sum::<f64>()
    }

    /// By how much each treatment raises the mean.
    pub fn effects(&self, stat: &[f64]) -> Vec<f64> {
        let mean = |arm: usize| if stat[OWN * arm] > 0.0 { stat[OWN * arm + 1] / stat[OWN * arm] } else { f64::NAN };
        let effect = |arm: usize| Some(mean(arm) - mean(0)).filter(|e| e.is_finite()).unwrap_or(0.0);
        (1..self.count).map(effect).collect()
    }

    /// What levels are put in order by: the effects of all treatments, with so many rows of the node added to those of the level.
    pub fn key(&self, stat: &[f64], node: &[f64], smooth: f64) -> f64 {
        let mean = |arm: usize| {
            let own = |at: usize| {
                let all = node[OWN * arm];
                stat[OWN * arm + at] + if all > 0.0 { smooth * node[OWN * arm + at] / all } else { 0.0 }
            };
            if own(0) > 0.0 {
                own(1) / own(0)
            } else {
                0.0
            }
        };
        (1..self.count).map(|arm| mean(arm) - mean(0)).sum()
    }
}

/// Grow trees on training rows in canonical order, each of which has an outcome and was treated or not. An answer has a number for each treatment, the mean over the trees:
/// by how much it raises the outcome. Bytes do not depend on the number of threads. Fails when cancelled or out of memory.
pub fn fit_uplift(
    features: &[BinnedFeature],
    rows: &UpliftRows<'_>,
    params: &TreeParams,
    forest: &UpliftForest,
    control: &Control,
) -> Result<Trees> {
    let total = rows.arms.len();
    let treated = Treated {
        outcome: rows.outcome,
        arms: rows.arms,
        count: rows.count,
        least: forest.min_samples_treatment as f64,
        criterion: forest.criterion,
        centre: match forest.criterion {
            // Shares are compared as they are.
            Divergence::KullbackLeibler | Divergence::ChiSquared => 0.0,
            Divergence::Causal | Divergence::Euclidean => centre(rows.outcome),
        },
    };
    control.start(u64::from(forest.n_estimators));
    let one = |tree: u32| -> Result<Trees> {
        control.check()?;
        let mut random = Random::new(forest.seed, u64::from(tree));
        let mut drawn: Vec<u32> = control.vec(total)?;
        drawn.extend(0..total as u32);
        if forest.max_samples < 1.0 || forest.honest {
            random.shuffle(&mut drawn);
            drawn.truncate(((total as f64 * forest.max_samples).ceil() as usize).clamp(1.min(total), total));
        }
        let apart = if forest.honest { drawn.split_off(drawn.len().div_ceil(2)) } else { Vec::new() };
        drawn.sort_unstable();
        let own = Rows::treated(&treated, rows.weight, drawn, (forest.tries, random.next()));
        let mut nodes = grow(features, &own, params, control)?;
        if forest.honest {
            estimate(&mut nodes, features, &own, apart, control)?;
        }
        let trees = flatten(&nodes, features);
        control.reserve(tree_bytes(&trees))?;
        // The rows of both halves were counted at once.
        control.release(std::mem::size_of_val(rows.arms));
        control.advance(1);
        Ok(trees)
    };
    let trees: Result<Vec<Trees>> = (0..forest.n_estimators.max(1)).into_par_iter().map(one).collect();
    join(trees?, rows.count - 1, control)
}

/// The same trees for one of their outputs.
pub fn one_output(trees: &Trees, output: usize) -> Trees {
    let outputs = trees.outputs as usize;
    let mut own = trees.clone();
    own.outputs = 1;
    own.base = vec![trees.base.get(output).copied().unwrap_or(0.0)];
    own.values = trees.values.iter().skip(output).step_by(outputs).copied().collect();
    for node in 0..own.nodes() {
        if own.feature[node] == LEAF {
            own.left[node] /= outputs as u32;
        }
    }
    own
}

/// Let leaves say what comes of rows that the splits were not found on; a leaf without enough of them says what the node above it does.
fn estimate(
    nodes: &mut [Node],
    features: &[BinnedFeature],
    own: &Rows<'_>,
    mut apart: Vec<u32>,
    control: &Control,
) -> Result<()> {
    apart.sort_unstable();
    let mut spare = Vec::new();
    let mut open = vec![(0usize, 0..apart.len())];
    while let Some((node, range)) = open.pop() {
        control.check()?;
        let stat = own.sum(&apart[range.clone()]);
        // Parents come before their children.
        if node == 0 || own.is_enough(&stat) {
            nodes[node].values = own.leaf(&apart[range.clone()]).0;
        }
        let said = nodes[node].values.clone();
        let (Some(split), Some((left, right))) = (nodes[node].split.clone(), nodes[node].children) else { continue };
        nodes[left].values.clone_from(&said);
        nodes[right].values = said;
        let middle = range.start + partition(&mut apart[range.clone()], &mut spare, &features[split.feature], &split);
        open.push((left, range.start..middle));
        open.push((right, middle..range.end));
    }
    Ok(())
}
