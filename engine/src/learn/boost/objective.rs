//! Losses: their derivatives, their starting points and what their leaves say.

use rayon::prelude::*;

use super::grow::{Grower, Tree};
use super::histogram::Pair;
use super::split::Finder;
use super::BoostParams;
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::{Error, Result};
use crate::learn::bin::BinnedFeature;
use crate::learn::Target;
use crate::model::{Link, Trees};
use crate::score::link::{logistic, softmax};

/// What is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// Log loss of two classes.
    Binary,
    /// Log loss of more.
    Multiclass,
    /// Squared error.
    SquaredError,
    /// Absolute error.
    AbsoluteError,
    /// Pinball loss of a quantile.
    Quantile,
    /// Poisson deviance, with a log link.
    Poisson,
    /// Tweedie deviance, with a log link.
    Tweedie,
}

/// e^0.7: keeps the second derivative of the Poisson loss from being too small where the score is far too low (LightGBM's default).
const POISSON_MARGIN: f64 = 2.013_752_707_470_476_6;
/// The score, on the scale of the log link, of a target that is always 0.
const NOTHING: f64 = -35.0;
/// Scores of the log link stay within what `exp` can tell.
const MOST_LOG: f64 = 709.0;

impl Objective {
    /// The usual loss of a target.
    pub fn of(target: &Target) -> Objective {
        match target {
            Target::Class { classes: 0..=2, .. } => Objective::Binary,
            Target::Class { .. } => Objective::Multiclass,
            Target::Number(_) => Objective::SquaredError,
        }
    }

    fn link(self) -> Link {
        match self {
            Objective::Binary => Link::Logistic,
            Objective::Multiclass => Link::Softmax,
            Objective::SquaredError | Objective::AbsoluteError | Objective::Quantile => Link::Identity,
            Objective::Poisson | Objective::Tweedie => Link::Log,
        }
    }
}

/// What the trees so far say of each row, and what the next one is to learn from it.
pub(super) struct Scores<'a> {
    objective: Objective,
    target: &'a Target,
    weight: Option<&'a [f64]>,
    params: &'a BoostParams,
    fit_rows: usize,
    base: Vec<f64>,
    /// By output and row.
    scores: Vec<Vec<f64>>,
    /// With more than two classes, the probabilities at the beginning of the iteration, by row and class.
    probabilities: Vec<f32>,
    /// Derivatives of the output at hand, by row.
    pub pairs: Vec<Pair>,
    /// A quantum of each derivative.
    pub quanta: (f64, f64),
    /// What the two derivatives are multiplied by, so that those of huge or tiny values fit single precision.
    pub units: (f64, f64),
    /// What the target is multiplied by where the loss has no unit of its own.
    scale: f64,
}

impl<'a> Scores<'a> {
    pub fn new(
        objective: Objective,
        target: &'a Target,
        weight: Option<&'a [f64]>,
        fit_rows: usize,
        params: &'a BoostParams,
        control: &Control,
    ) -> Result<Self> {
        let outputs = match (objective, target) {
            (Objective::Multiclass, Target::Class { classes, .. }) => *classes,
            _ => 1,
        };
        let rows = target.len();
        let mut pairs = control.vec(fit_rows)?;
        pairs.resize(fit_rows, Pair::default());
        let mut probabilities = control.vec(if outputs > 1 { fit_rows * outputs } else { 0 })?;
        probabilities.resize(if outputs > 1 { fit_rows * outputs } else { 0 }, 0.0);
        let mut scores = Scores {
            objective,
            target,
            weight,
            params,
            fit_rows,
            base: Vec::new(),
            scores: Vec::new(),
            probabilities,
            pairs,
            quanta: (1.0, 1.0),
            units: (1.0, 1.0),
            scale: 1.0,
        };
        scores.base = scores.start(outputs)?;
        scores.measure();
        for &base in &scores.base {
            let mut column = control.vec(rows)?;
            column.resize(rows, base);
            scores.scores.push(column);
        }
        Ok(scores)
    }

    /// Find the units of the target.
    fn measure(&mut self) {
        let Target::Number(values) = self.target else { return };
        let base = self.base[0];
        match self.objective {
            Objective::SquaredError => {
                // Halves, as the difference of two huge values is beyond every number.
                let half = |v: f64| (0.5 * v - 0.5 * base).abs();
                let widest = values[..self.fit_rows].iter().fold(0.0, |widest: f64, &v| widest.max(half(v)));
                if widest > 0.0 {
                    self.units.0 = 0.5 / widest.clamp(1e-306, 2e307);
                }
            }
            // Counts have a unit of their own, in which regularization is meant.
            Objective::Poisson => self.units = (libm::exp(-base), libm::exp(-base)),
            // Amounts have none: a currency must not change the trees.
            Objective::Tweedie => self.scale = libm::exp(-base),
            _ => {}
        }
    }

    pub fn release(self, control: &Control) {
        self.scores.into_iter().for_each(|s| control.release_vec(s));
        control.release_vec(self.pairs);
        control.release_vec(self.probabilities);
    }

    /// Trees an iteration.
    pub fn outputs(&self) -> usize {
        self.scores.len()
    }

    /// The weight of a row, that of its class included.
    #[inline]
    fn weight(&self, row: usize) -> f64 {
        let own = self.weight.map_or(1.0, |w| w[row]);
        match (&self.params.class_weight, self.target) {
            (Some(by_class), Target::Class { codes, .. }) => own * by_class[codes[row] as usize],
            _ => own,
        }
    }

    fn value(&self, row: usize) -> f64 {
        match self.target {
            Target::Number(values) => values[row],
            Target::Class { codes, .. } => f64::from(codes[row]),
        }
    }

    /// What is predicted before the first tree.
    fn start(&self, outputs: usize) -> Result<Vec<f64>> {
        let rows = 0..self.fit_rows;
        let total: f64 = rows.clone().map(|r| self.weight(r)).sum();
        // Each row is divided for itself, so that a sum of huge values does not overflow.
        let share = 1.0 / total.max(f64::MIN_POSITIVE);
        let mean = || rows.clone().map(|r| self.weight(r) * share * self.value(r)).sum::<f64>();
        Ok(match self.objective {
            Objective::Binary => {
                let p = mean().clamp(1e-15, 1.0 - 1e-15);
                vec![libm::log(p / (1.0 - p))]
            }
            Objective::Multiclass => {
                let mut shares = vec![0.0; outputs];
                if let Target::Class { codes, .. } = self.target {
                    rows.clone().for_each(|r| shares[codes[r] as usize] += self.weight(r));
                }
                shares.iter().map(|s| libm::log((s / total.max(f64::MIN_POSITIVE)).max(1e-15))).collect()
            }
            Objective::SquaredError => vec![mean()],
            Objective::AbsoluteError | Objective::Quantile => {
                let mut values: Vec<(f64, f64)> = rows.clone().map(|r| (self.value(r), self.weight(r))).collect();
                vec![quantile(&mut values, self.quantile())]
            }
            Objective::Poisson | Objective::Tweedie => {
                if rows.clone().any(|r| self.value(r) < 0.0) {
                    return Err(Error::data(
                        "the target has a value below 0",
                        "The objectives \"poisson\" and \"tweedie\" are for counts and amounts of 0 and more.",
                    ));
                }
                let mean = mean();
                vec![if mean > 0.0 { libm::log(mean.max(f64::MIN_POSITIVE)) } else { NOTHING }]
            }
        })
    }

    fn quantile(&self) -> f64 {
        match self.objective {
            Objective::Quantile => self.params.alpha,
            _ => 0.5,
        }
    }

    /// Prepare what all outputs of an iteration need.
    pub fn begin_iteration(&mut self) {
        let outputs = self.scores.len();
        if outputs == 1 {
            return;
        }
        let scores = &self.scores;
        self.probabilities.par_chunks_mut(outputs * CHUNK).enumerate().for_each(|(chunk, out)| {
            for (i, row) in out.chunks_exact_mut(outputs).enumerate() {
                let r = chunk * CHUNK + i;
                let greatest = scores.iter().fold(f64::MIN, |m, s| m.max(s[r]));
                row.iter_mut().zip(scores).for_each(|(p, s)| *p = exp((s[r] - greatest) as f32));
                let total: f32 = row.iter().sum();
                row.iter_mut().for_each(|p| *p /= total);
            }
        });
    }

    /// Derive the loss by the scores of an output, for every row a tree may learn from.
    pub fn derive(&mut self, output: usize, iteration: u32, control: &Control) -> Result<()> {
        // With n rows no sum of n pairs may leave its half of a sum.
        let most = ((i64::from(i32::MAX) / self.fit_rows.max(1) as i64).clamp(1, 32_767)) as f64;
        let mut pairs = std::mem::take(&mut self.pairs);
        let bounds = self.bounds(output);
        self.quanta = (bounds.0.max(1e-30) / most, bounds.1.max(1e-30) / most);
        let (inverse_first, inverse_second) = ((1.0 / self.quanta.0) as f32, (1.0 / self.quanta.1) as f32);
        let salt = salt(self.params.seed, iteration, output);
        let limit = most as f32;
        let this = &*self;
        pairs.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, out)| {
            control.check()?;
            let start = chunk * CHUNK;
            this.each(output, start, out.len(), |i, first, second| {
                let (a, b) = noise(salt, (start + i) as u32);
                let first = ((first * inverse_first).clamp(-limit, limit) + a + 40_000.0) as i32 - 40_000;
                let second = ((second * inverse_second).clamp(0.0, limit) + b) as i32;
                out[i] = Pair::new(first.clamp(-32_767, 32_767) as i16, second.clamp(0, 32_767) as u16);
            });
            Ok(())
        })?;
        self.pairs = pairs;
        Ok(())
    }

    /// Bounds of the absolute derivatives.
    fn bounds(&self, output: usize) -> (f64, f64) {
        let heaviest = || {
            let weights = (self.weight.is_some() || self.params.class_weight.is_some())
                .then(|| (0..self.fit_rows).into_par_iter().map(|r| self.weight(r)).reduce(|| 0.0, f64::max));
            weights.unwrap_or(1.0)
        };
        match self.objective {
            Objective::Binary | Objective::Multiclass => (heaviest(), heaviest() * 0.25 * self.multiclass_factor()),
            Objective::AbsoluteError | Objective::Quantile => (heaviest(), heaviest()),
            _ => {
                let parts = self.fit_rows.div_ceil(CHUNK);
                let part = |c: usize| {
                    let mut most = (0f32, 0f32);
                    let start = c * CHUNK;
                    self.each(output, start, CHUNK.min(self.fit_rows - start), |_, g, h| {
                        most = (most.0.max(g.abs()), most.1.max(h));
                    });
                    most
                };
                let most = (0..parts).into_par_iter().map(part);
                let most = most.reduce(|| (0.0, 0.0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
                (f64::from(most.0), f64::from(most.1))
            }
        }
    }

    fn multiclass_factor(&self) -> f64 {
        match self.scores.len() {
            1 => 1.0,
            k => k as f64 / (k as f64 - 1.0),
        }
    }

    /// Hand the two derivatives of `rows` rows from `start` on to `take`, with the row's place among them.
    #[inline]
    fn each(&self, output: usize, start: usize, rows: usize, mut take: impl FnMut(usize, f32, f32)) {
        let scores = &self.scores[output][start..start + rows];
        let plain = self.weight.is_none() && self.params.class_weight.is_none();
        let weight = |i: usize| if plain { 1.0 } else { self.weight(start + i) as f32 };
        match (self.objective, self.target) {
            (Objective::Binary, Target::Class { codes, .. }) => {
                for (i, (&s, &y)) in scores.iter().zip(&codes[start..]).enumerate() {
                    let p = 1.0 / (1.0 + exp(-(s as f32)));
                    let w = weight(i);
                    take(i, w * (p - y as f32), w * p * (1.0 - p));
                }
            }
            (Objective::Multiclass, Target::Class { codes, classes }) => {
                let factor = self.multiclass_factor() as f32;
                for (i, &y) in codes[start..start + rows].iter().enumerate() {
                    let p = self.probabilities[(start + i) * classes + output];
                    let (w, hit) = (weight(i), if y as usize == output { 1.0 } else { 0.0 });
                    take(i, w * (p - hit), w * factor * p * (1.0 - p));
                }
            }
            (objective, Target::Number(values)) => {
                let (alpha, rho) = (self.quantile(), self.params.tweedie_variance_power);
                let (base, unit) = (self.base[0], self.units.0);
                for (i, (&s, &y)) in scores.iter().zip(&values[start..]).enumerate() {
                    let (g, h) = match objective {
                        Objective::AbsoluteError | Objective::Quantile => {
                            (if s < y { -alpha } else { 1.0 - alpha }, 1.0)
                        }
                        Objective::Poisson => {
                            let e = f64::from(exp((s - base) as f32));
                            (e - y * unit, e * POISSON_MARGIN)
                        }
                        Objective::Tweedie => {
                            let low = f64::from(exp(((1.0 - rho) * (s - base)) as f32));
                            let high = f64::from(exp(((2.0 - rho) * (s - base)) as f32));
                            let y = y * self.scale;
                            (high - y * low, (2.0 - rho) * high - (1.0 - rho) * y * low)
                        }
                        // Halves, as the difference of two huge values is beyond every number.
                        _ => ((0.5 * s - 0.5 * y) * (2.0 * unit), 1.0),
                    };
                    let w = weight(i);
                    take(i, w * g as f32, w * h as f32);
                }
            }
            _ => {}
        }
    }

    /// Set what the leaves of a tree say.
    pub fn finish_leaves(&self, tree: &mut Tree, grower: &Grower<'_>, output: usize) {
        let rate = self.params.learning_rate;
        let renewed = matches!(self.objective, Objective::AbsoluteError | Objective::Quantile);
        let finder = Finder::new(self.params, self.quanta, self.units);
        for node in tree.nodes.iter_mut().filter(|n| n.split.is_none()) {
            let rows = &grower.order[node.range.clone()];
            let value = if renewed {
                let off = |&r: &u32| {
                    let r = r as usize;
                    (self.value(r) - self.scores[output][r], self.weight(r))
                };
                let mut off: Vec<(f64, f64)> = rows.iter().map(off).collect();
                quantile(&mut off, self.quantile())
            } else {
                finder.value(node.sum) * self.units.1 / self.units.0
            };
            node.value = (rate * value).clamp(f64::MIN, f64::MAX);
        }
    }

    /// Add what a tree says to the scores.
    pub fn add(&mut self, tree: &Tree, grower: &Grower<'_>, features: &[&BinnedFeature], output: usize) {
        let limit = match self.objective {
            Objective::Poisson | Objective::Tweedie => MOST_LOG,
            _ => f64::MAX,
        };
        let scores = &mut self.scores[output];
        let walked = if self.params.subsample < 1.0 {
            0
        } else {
            for node in tree.nodes.iter().filter(|n| n.split.is_none()) {
                for &row in &grower.order[node.range.clone()] {
                    let score = &mut scores[row as usize];
                    *score = (*score + node.value).clamp(-limit, limit);
                }
            }
            self.fit_rows
        };
        for (i, score) in scores[walked..].iter_mut().enumerate() {
            *score = (*score + tree.value(features, walked + i)).clamp(-limit, limit);
        }
    }

    /// The mean loss of the rows behind those the trees learn from, in the units of [`Scores::units`].
    pub fn validation_loss(&self) -> f64 {
        let rows = self.fit_rows..self.target.len();
        let total: f64 = rows.clone().map(|r| self.weight(r)).sum();
        let share = 1.0 / total.max(f64::MIN_POSITIVE);
        let mut row_scores = vec![0.0; self.scores.len()];
        let loss = |r: usize| {
            row_scores.iter_mut().zip(&self.scores).for_each(|(to, s)| *to = s[r]);
            // Each row is divided for itself, so that a sum of huge values does not overflow.
            self.weight(r) * share * self.loss(r, &mut row_scores)
        };
        rows.map(loss).sum()
    }

    fn loss(&self, row: usize, scores: &mut [f64]) -> f64 {
        let s = scores[0];
        match (self.objective, self.target) {
            (Objective::Binary, Target::Class { codes, .. }) => {
                let p = logistic(if codes[row] == 1 { s } else { -s });
                -libm::log(p.max(1e-300))
            }
            (_, Target::Class { codes, .. }) => {
                softmax(scores);
                -libm::log(scores[codes[row] as usize].max(1e-300))
            }
            (objective, Target::Number(values)) => {
                let (y, alpha, rho) = (values[row], self.quantile(), self.params.tweedie_variance_power);
                match objective {
                    Objective::AbsoluteError | Objective::Quantile => {
                        if s < y {
                            alpha * (y - s)
                        } else {
                            (1.0 - alpha) * (s - y)
                        }
                    }
                    Objective::Poisson => libm::exp(s - self.base[0]) - y * self.units.0 * s,
                    Objective::Tweedie => {
                        let (s, y) = (s - self.base[0], y * self.scale);
                        libm::exp((2.0 - rho) * s) / (2.0 - rho) - y * libm::exp((1.0 - rho) * s) / (1.0 - rho)
                    }
                    _ => ((0.5 * s - 0.5 * y) * (2.0 * self.units.0)).powi(2),
                }
            }
        }
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
        match self.target {
            Target::Class { classes, .. } => *classes,
            Target::Number(_) => 0,
        }
    }
}

/// The weighted quantile `q` of values: the smallest value with at least that share of the weight at or below it.
fn quantile(values: &mut [(f64, f64)], q: f64) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let total: f64 = values.iter().map(|v| v.1).sum();
    let mut below = 0.0;
    for &(value, weight) in values.iter() {
        below += weight;
        if below >= q * total && below > 0.0 {
            return value;
        }
    }
    values.last().map_or(0.0, |v| v.0)
}

/// e^x to about five digits, within 2^-126 to 2^126: plain additions and multiplications, so the same everywhere and quick in vectors.
/// Models are scored with `libm`; this is for derivatives alone, which are rounded more roughly afterwards.
#[inline]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let t = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let shifted = t + ROUND;
    let f = t - (shifted - ROUND);
    // The Taylor series of 2^f around 0; f is at most a half.
    let p = 0.001_333_355_8f32;
    let p = p * f + 0.009_618_129;
    let p = p * f + 0.055_504_11;
    let p = p * f + 0.240_226_5;
    let p = p * f + std::f32::consts::LN_2;
    let p = p * f + 1.0;
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    p * f32::from_bits(power)
}

fn salt(seed: u64, iteration: u32, output: usize) -> u32 {
    let mixed = crate::data::mix(seed ^ 0xa458_fea3_f493_3d7e, u64::from(iteration) << 32 | output as u64);
    (mixed ^ mixed >> 32) as u32
}

/// Two numbers from 0 to below 1 for a row (the finalizer of MurmurHash3).
#[inline]
fn noise(salt: u32, row: u32) -> (f32, f32) {
    let mut h = row.wrapping_mul(0x9e37_79b9) ^ salt;
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^= h >> 16;
    ((h >> 16) as f32 / 65_536.0, (h & 0xffff) as f32 / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_exponential_is_near() {
        for i in -8000..8000 {
            let x = i as f32 / 100.0;
            let near = f64::from(exp(x)) / libm::exp(f64::from(x));
            assert!((near - 1.0).abs() < 2e-5, "{x}: {near}");
        }
        assert!(exp(-1e30) > 0.0 && exp(1e30).is_finite());
    }

    #[test]
    fn quantiles_follow_weights() {
        let mut v = vec![(3.0, 1.0), (1.0, 1.0), (2.0, 1.0), (9.0, 5.0)];
        assert_eq!(quantile(&mut v, 0.5), 9.0);
        assert_eq!(quantile(&mut v, 0.25), 2.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }
}
