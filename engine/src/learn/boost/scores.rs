//! What the trees so far say of each row, what the next one is to learn from it, and what its leaves say.
//!
//! Sums go over chunks of rows that are added up in their order, so that threads change nothing.

mod derive;

use std::ops::Range;

use rayon::prelude::*;

use super::grow::{Grower, Tree};
use super::histogram::Pair;
use super::objective::{exp, Objective, MOST_LOG, NOTHING};
use super::quantile::{quantile, weighted_quantile};
use super::split::Finder;
use super::{BoostParams, Rows};
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::{Error, Result};
use crate::learn::bin::BinnedFeature;
use crate::learn::sum::sum;
use crate::learn::Target;
use crate::model::Trees;

/// Rows whose scores are raised at one go.
const RAISED: usize = 1 << 17;

/// The scores of all rows.
pub(super) struct Scores<'a> {
    pub objective: Objective,
    pub rows: Rows<'a>,
    pub params: &'a BoostParams,
    pub fit_rows: usize,
    /// What is predicted before the first tree, by output.
    pub base: Vec<f64>,
    /// By output and row.
    pub scores: Vec<Vec<f64>>,
    /// With more than two classes, the probabilities at the beginning of the iteration, by row and class.
    probabilities: Vec<f32>,
    /// Derivatives of the output at hand, by row.
    pub pairs: Vec<Pair>,
    /// A quantum of each derivative.
    pub quanta: (f64, f64),
    /// What the two derivatives are multiplied by, so that those of huge or tiny values fit single precision.
    pub units: (f64, f64),
    /// What the target is multiplied by where the loss has no unit of its own.
    pub scale: f64,
    /// With a log link, the logarithm of the mean of the target: scores are near it, whatever the exposure.
    pub centre: f64,
    /// The greatest weight.
    heaviest: f64,
    /// Where leaves are quantiles: what is left of each row, in the order of the grower; one of the two.
    left: Vec<f64>,
    left_weighted: Vec<(f64, f64)>,
    /// What the nodes of the tree at hand would say.
    values: Vec<f64>,
}

impl<'a> Scores<'a> {
    pub fn new(
        objective: Objective,
        rows: Rows<'a>,
        fit_rows: usize,
        params: &'a BoostParams,
        control: &Control,
    ) -> Result<Self> {
        let outputs = match (objective, rows.target) {
            (Objective::Multiclass, Target::Class { classes, .. }) => *classes,
            _ => 1,
        };
        let many = if outputs > 1 { fit_rows * outputs } else { 0 };
        let mut scores = Scores {
            objective,
            rows,
            params,
            fit_rows,
            base: Vec::new(),
            scores: Vec::new(),
            probabilities: control.filled(many, Default::default())?,
            pairs: control.filled(fit_rows, Default::default())?,
            quanta: (1.0, 1.0),
            units: (1.0, 1.0),
            scale: 1.0,
            centre: 0.0,
            heaviest: 1.0,
            left: Vec::new(),
            left_weighted: Vec::new(),
            values: Vec::new(),
        };
        if !scores.is_plain() {
            let weights = (0..fit_rows).into_par_iter().map(|r| scores.weight(r));
            scores.heaviest = weights.reduce(|| 0.0, f64::max);
        }
        if objective.is_renewed() && scores.is_plain() {
            scores.left = control.filled(fit_rows, Default::default())?;
        } else if objective.is_renewed() {
            scores.left_weighted = control.filled(fit_rows, Default::default())?;
        }
        scores.base = scores.start(outputs, control)?;
        scores.measure();
        for output in 0..outputs {
            let mut column = control.vec(rows.target.len())?;
            match rows.offset {
                Some(offset) => column.extend(offset.iter().map(|o| scores.limit(scores.base[output] + o))),
                None => column.resize(rows.target.len(), scores.base[output]),
            }
            scores.scores.push(column);
        }
        Ok(scores)
    }

    pub fn release(self, control: &Control) {
        self.scores.into_iter().for_each(|s| control.release_vec(s));
        control.release_vec(self.pairs);
        control.release_vec(self.probabilities);
        control.release_vec(self.left);
        control.release_vec(self.left_weighted);
    }

    /// Trees an iteration.
    pub fn outputs(&self) -> usize {
        self.scores.len()
    }

    /// Whether all rows weigh 1.
    fn is_plain(&self) -> bool {
        self.rows.weight.is_none() && self.params.class_weight.is_none()
    }

    /// The weight of a row, that of its class included.
    #[inline]
    pub fn weight(&self, row: usize) -> f64 {
        let own = self.rows.weight.map_or(1.0, |w| w[row]);
        match (&self.params.class_weight, self.rows.target) {
            (Some(by_class), Target::Class { codes, .. }) => own * by_class[codes[row] as usize],
            _ => own,
        }
    }

    fn value(&self, row: usize) -> f64 {
        match self.rows.target {
            Target::Number(values) => values[row],
            Target::Class { codes, .. } => f64::from(codes[row]),
        }
    }

    /// A score that `exp` can tell, with a log link.
    #[inline]
    fn limit(&self, score: f64) -> f64 {
        if self.objective.is_log() {
            score.clamp(-MOST_LOG, MOST_LOG)
        } else {
            score
        }
    }

    /// What is predicted before the first tree.
    fn start(&mut self, outputs: usize, control: &Control) -> Result<Vec<f64>> {
        if self.objective.is_renewed() {
            self.fill_left(self.fit_rows, control, |i| i, |this, r| this.value(r))?;
            return Ok(vec![self.quantile_left(0..self.fit_rows, control)?]);
        }
        let this = &*self;
        let rows = 0..this.fit_rows;
        let total = sum(rows.clone(), control, |r| this.weight(r))?;
        // Each row is divided for itself, so that a sum of huge values does not overflow.
        let share = 1.0 / total.max(f64::MIN_POSITIVE);
        if this.objective == Objective::Multiclass {
            let Target::Class { codes, .. } = this.rows.target else { return Ok(vec![0.0; outputs]) };
            let part = |c: usize| {
                control.check()?;
                let mut sums = vec![0.0; outputs];
                let start = c * CHUNK;
                (start..(start + CHUNK).min(this.fit_rows)).for_each(|r| sums[codes[r] as usize] += this.weight(r));
                Ok(sums)
            };
            let parts: Result<Vec<Vec<f64>>> = (0..this.fit_rows.div_ceil(CHUNK)).into_par_iter().map(part).collect();
            let mut sums = vec![0.0; outputs];
            parts?.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(sum, p)| *sum += p));
            return Ok(sums.iter().map(|s| libm::log((s * share).max(1e-15))).collect());
        }
        let mean = sum(rows.clone(), control, |r| this.weight(r) * share * this.value(r))?;
        Ok(match this.objective {
            Objective::Binary => {
                let p = mean.clamp(1e-15, 1.0 - 1e-15);
                vec![libm::log(p / (1.0 - p))]
            }
            Objective::Poisson | Objective::Tweedie => {
                let low = rows.clone().into_par_iter().any(|r| this.value(r) < 0.0);
                if low {
                    return Err(Error::data(
                        "the target has a value below 0",
                        "The objectives \"poisson\" and \"tweedie\" are for counts and amounts of 0 and more.",
                    ));
                }
                let start = if mean > 0.0 { this.log_start(mean, share, control)? } else { NOTHING };
                self.centre = if mean > 0.0 { libm::log(mean.max(f64::MIN_POSITIVE)) } else { NOTHING };
                vec![start]
            }
            _ => vec![mean],
        })
    }

    /// The best constant of a log link, given the mean of the target, which is above 0.
    fn log_start(&self, mean: f64, share: f64, control: &Control) -> Result<f64> {
        let log_mean = libm::log(mean.max(f64::MIN_POSITIVE));
        let Some(offset) = self.rows.offset else { return Ok(log_mean) };
        // Where the derivative by the constant is 0, offsets being taken as multiples of the greatest.
        let rho = if self.objective == Objective::Tweedie { self.params.tweedie_variance_power } else { 1.0 };
        let most = offset[..self.fit_rows].iter().copied().fold(f64::MIN, f64::max);
        let times = |r: usize, power: f64| libm::exp((power * (offset[r] - most)).clamp(-MOST_LOG, MOST_LOG));
        let rows = 0..self.fit_rows;
        let weight = |r: usize| self.weight(r) * share;
        let above = sum(rows.clone(), control, |r| weight(r) * (self.value(r) / mean) * times(r, 1.0 - rho))?;
        let below = sum(rows, control, |r| weight(r) * times(r, 2.0 - rho))?;
        Ok(self.limit(log_mean + libm::log(above) - libm::log(below) - most))
    }

    /// Find the units of the target.
    fn measure(&mut self) {
        let Target::Number(values) = self.rows.target else { return };
        let base = self.base[0];
        match self.objective {
            Objective::SquaredError => {
                // Halves, as the difference of two huge values is beyond every number.
                let half = |v: &f64| (0.5 * v - 0.5 * base).abs();
                let widest = values[..self.fit_rows].par_iter().map(half).reduce(|| 0.0, f64::max);
                if widest > 0.0 {
                    self.units.0 = 0.5 / widest.clamp(1e-306, 2e307);
                }
            }
            // Counts have a unit of their own, in which regularization is meant.
            Objective::Poisson => self.units = (libm::exp(-self.centre), libm::exp(-self.centre)),
            // Amounts have none: a currency must not change the trees.
            Objective::Tweedie => self.scale = libm::exp(-self.centre),
            _ => {}
        }
    }

    /// The quantile that leaves say, where they do.
    pub fn alpha(&self) -> f64 {
        match self.objective {
            Objective::Quantile => self.params.alpha,
            _ => 0.5,
        }
    }

    /// Prepare what all outputs of an iteration need.
    pub fn begin_iteration(&mut self, control: &Control) -> Result<()> {
        let outputs = self.scores.len();
        if outputs == 1 {
            return Ok(());
        }
        let scores = &self.scores;
        let rows = (CHUNK / outputs).max(1);
        self.probabilities.par_chunks_mut(outputs * rows).enumerate().try_for_each(|(chunk, out)| {
            control.check()?;
            for (i, row) in out.chunks_exact_mut(outputs).enumerate() {
                let r = chunk * rows + i;
                let greatest = scores.iter().fold(f64::MIN, |m, s| m.max(s[r]));
                row.iter_mut().zip(scores).for_each(|(p, s)| *p = exp((s[r] - greatest) as f32));
                let total: f32 = row.iter().sum();
                row.iter_mut().for_each(|p| *p /= total);
            }
            Ok(())
        })
    }

    /// Set what the leaves of a tree say.
    pub fn finish_leaves(
        &mut self,
        tree: &mut Tree,
        grower: &Grower<'_>,
        output: usize,
        control: &Control,
    ) -> Result<()> {
        let rate = self.params.learning_rate;
        let finder = Finder::new(self.params, self.quanta, self.units);
        if self.objective.is_renewed() {
            let order = &grower.order;
            self.fill_left(
                order.len(),
                control,
                |i| order[i] as usize,
                |this, r| this.value(r) - this.scores[output][r],
            )?;
        }
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        values.resize(tree.nodes.len(), 0.0);
        // From the end, as a quantile reorders what is left of all rows of its node.
        for index in (0..tree.nodes.len()).rev() {
            let node = &tree.nodes[index];
            let above = tree.nodes[node.parent].split.as_ref();
            let apart = above.is_some_and(|split| self.params.direction(split.feature) != 0);
            if !self.objective.is_renewed() {
                values[index] = finder.value(node.sum);
            } else if node.split.is_none() || apart {
                values[index] = self.quantile_left(node.range.clone(), control)?;
            }
        }
        if self.objective.is_renewed() && self.params.is_monotone() {
            tree.part_bounds(self.params, &values);
        }
        let unit = self.units.1 / self.units.0;
        for (node, value) in tree.nodes.iter_mut().zip(&values) {
            let value = value.clamp(node.bounds.0, node.bounds.1) * unit;
            node.value = (rate * value).clamp(f64::MIN, f64::MAX);
        }
        self.values = values;
        Ok(())
    }

    /// Keep what is left of the rows `row(0)` to `row(len - 1)`.
    fn fill_left(
        &mut self,
        len: usize,
        control: &Control,
        row: impl Fn(usize) -> usize + Sync,
        left: impl Fn(&Self, usize) -> f64 + Sync,
    ) -> Result<()> {
        let mut plain = std::mem::take(&mut self.left);
        let mut weighted = std::mem::take(&mut self.left_weighted);
        let this = &*self;
        let used = len.min(plain.len());
        plain[..used].par_chunks_mut(CHUNK).enumerate().try_for_each(|(c, part)| {
            control.check()?;
            part.iter_mut().enumerate().for_each(|(i, to)| *to = left(this, row(c * CHUNK + i)));
            Ok(())
        })?;
        let used = len.min(weighted.len());
        weighted[..used].par_chunks_mut(CHUNK).enumerate().try_for_each(|(c, part)| {
            control.check()?;
            for (i, to) in part.iter_mut().enumerate() {
                let r = row(c * CHUNK + i);
                *to = (left(this, r), this.weight(r));
            }
            Ok(())
        })?;
        (self.left, self.left_weighted) = (plain, weighted);
        Ok(())
    }

    /// The quantile of what is left, over places of the order. Reorders them.
    fn quantile_left(&mut self, range: Range<usize>, control: &Control) -> Result<f64> {
        control.check()?;
        let alpha = self.alpha();
        if self.is_plain() {
            Ok(quantile(&mut self.left[range], alpha))
        } else {
            weighted_quantile(&mut self.left_weighted[range], alpha, control)
        }
    }

    /// Add what a tree says to the scores.
    pub fn add(
        &mut self,
        tree: &Tree,
        grower: &Grower<'_>,
        features: &[&BinnedFeature],
        output: usize,
        control: &Control,
    ) -> Result<()> {
        let limit = if self.objective.is_log() { MOST_LOG } else { f64::MAX };
        let fit_rows = self.fit_rows;
        let leaves = || tree.nodes.iter().filter(|n| n.split.is_none());
        self.scores[output].par_chunks_mut(RAISED).enumerate().try_for_each(|(chunk, part)| {
            let start = chunk * RAISED;
            let seen = start..fit_rows.clamp(start, start + part.len());
            // The rows of a leaf ascend, so those of this chunk lie together.
            for leaf in leaves() {
                control.check()?;
                let rows = &grower.order[leaf.range.clone()];
                let rows = &rows[rows.partition_point(|&r| (r as usize) < seen.start)..];
                let rows = &rows[..rows.partition_point(|&r| (r as usize) < seen.end)];
                for &row in rows {
                    let score = &mut part[row as usize - start];
                    *score = (*score + leaf.value).clamp(-limit, limit);
                }
            }
            for (i, part) in part.chunks_mut(CHUNK).enumerate() {
                let start = start + i * CHUNK;
                if start + part.len() <= seen.end && !grower.is_sampled() {
                    continue;
                }
                control.check()?;
                for (row, score) in part.iter_mut().enumerate().map(|(i, score)| (start + i, score)) {
                    if row >= seen.end || !grower.sees(row as u32) {
                        *score = (*score + tree.value(features, grower, row)).clamp(-limit, limit);
                    }
                }
            }
            Ok(())
        })
    }

    /// The trees as they are stored.
    pub fn model(&self, grown: &[Tree], features: &[&BinnedFeature]) -> Trees {
        let outputs = self.outputs();
        let mut trees = Trees { outputs: outputs as u32, link: self.objective.link(), ..Trees::default() };
        // Trees saw classes with their weights; log-odds without them are lower by the weights' logarithms.
        let off = |class: usize| self.params.class_weight.as_ref().map_or(0.0, |w| libm::log(w[class]));
        trees.base = match self.objective {
            Objective::Binary => vec![self.base[0] - if self.classes() > 1 { off(1) - off(0) } else { 0.0 }],
            Objective::Multiclass => self.base.iter().enumerate().map(|(k, b)| b - off(k)).collect(),
            _ => self.base.clone(),
        };
        if grown.is_empty() {
            // A model has a tree, if one that adds nothing.
            Tree::stump(self.fit_rows).store(&mut trees, features, 0);
        }
        for (i, tree) in grown.iter().enumerate() {
            tree.store(&mut trees, features, i % outputs);
        }
        trees
    }

    fn classes(&self) -> usize {
        match self.rows.target {
            Target::Class { classes, .. } => *classes,
            Target::Number(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::derive::noise;
    use super::*;
    use crate::learn::bin::{BinKind, Codes};
    use crate::score::walk;

    #[test]
    fn scores_are_what_the_trees_say_of_every_row() {
        let rows = RAISED + 2 * CHUNK + 17;
        let code = |r: usize, salt: u32| (noise(salt, r as u32).0 * 60.0) as u8;
        let edges: Vec<f64> = (0..60).map(f64::from).collect();
        let feature = |salt: u32| BinnedFeature {
            codes: Codes::U8((0..rows).map(|r| code(r, salt)).collect()),
            kind: BinKind::Number { low: edges.clone(), high: edges.clone() },
        };
        let features = [feature(1), feature(2)];
        let features: Vec<&BinnedFeature> = features.iter().collect();
        let target = Target::Number((0..rows).map(|r| f64::from(code(r, 1)) * f64::from(code(r, 2))).collect());
        let control = Control::default();
        for subsample in [1.0, 0.4] {
            for objective in [Objective::SquaredError, Objective::Quantile] {
                let params = BoostParams { subsample, max_leaf_nodes: 12, ..BoostParams::default() };
                let fit_rows = rows - CHUNK - 5;
                let mut scores = Scores::new(objective, Rows::new(&target), fit_rows, &params, &control).unwrap();
                let mut grower = Grower::new(&features, fit_rows, &params, &control).unwrap();
                let mut grown = Vec::new();
                for iteration in 0..3 {
                    scores.derive(0, iteration, &control).unwrap();
                    let mut tree = grower.grow(&scores, (iteration, 0), &control).unwrap();
                    scores.finish_leaves(&mut tree, &grower, 0, &control).unwrap();
                    scores.add(&tree, &grower, &features, 0, &control).unwrap();
                    grown.push(tree);
                }
                let trees = scores.model(&grown, &features);
                for r in 0..rows {
                    let row = [f64::from(code(r, 1)), f64::from(code(r, 2))];
                    let leaf = |t: usize| trees.leaf(walk::leaf(&trees, t, &row)).at(0);
                    let expected = (0..3).fold(trees.base[0], |sum, t| sum + leaf(t));
                    assert_eq!(scores.scores[0][r], expected, "row {r}, {subsample}, {objective:?}");
                }
            }
        }
    }
}
