//! The rows a tree learns from: targets, weights and the statistics of a set of rows.

use super::uplift::Treated;
use super::{Criterion, TreeParams};
use crate::control::Control;
use crate::data::mix;
use crate::error::Result;
use crate::learn::Target;

/// What the rows say.
enum Kind<'a> {
    /// A class each.
    Class {
        codes: &'a [u32],
        /// What the rows of each class weigh while the tree grows; all the same when `None`.
        weight: Option<&'a [f64]>,
        criterion: Criterion,
    },
    /// A value each, from which `centre` is subtracted, so that sums of squares lose nothing.
    Number { values: &'a [f64], centre: f64 },
    /// Who was treated, and what came of it.
    Treated(&'a Treated<'a>),
}

/// What training rows say, and their weights.
pub(super) struct Rows<'a> {
    kind: Kind<'a>,
    /// Sample weights; none where all are 1.
    pub weight: Option<&'a [f64]>,
    /// Numbers a statistic has: one a class, weight and weighted value, or those of treated rows.
    pub width: usize,
    /// Where nodes look at some features each, drawn anew: their number, and the seed of the draws.
    tries: Option<(usize, u64)>,
    /// Row indexes; each node has a range of them.
    pub order: Vec<u32>,
}

impl<'a> Rows<'a> {
    pub fn new(
        target: &'a Target,
        weight: Option<&'a [f64]>,
        params: &'a TreeParams,
        control: &Control,
    ) -> Result<Self> {
        let mut order = control.vec(target.len())?;
        order.extend(0..target.len() as u32);
        let (width, kind) = match target {
            Target::Class { codes, classes } => {
                let weight = params.class_weight.as_deref();
                (*classes, Kind::Class { codes, weight, criterion: params.criterion })
            }
            Target::Number(values) => (2, Kind::Number { values, centre: centre(values) }),
        };
        Ok(Rows { kind, weight, width, tries: None, order })
    }

    /// The rows of `order`, of which is to be told how treatments change what comes of them. Nodes look at so many features, drawn by a seed.
    pub fn treated(treated: &'a Treated<'a>, weight: Option<&'a [f64]>, order: Vec<u32>, tries: (usize, u64)) -> Self {
        Rows { kind: Kind::Treated(treated), weight, width: treated.width(), tries: Some(tries), order }
    }

    pub fn release(self, control: &Control) {
        control.release_vec(self.order);
    }

    fn weight(&self, row: u32) -> f64 {
        self.weight.map_or(1.0, |w| w[row as usize])
    }

    /// Add a row to a statistic.
    #[inline]
    pub fn add(&self, row: u32, stat: &mut [f64]) {
        let w = self.weight(row);
        match &self.kind {
            Kind::Class { codes, weight, .. } => {
                let class = codes[row as usize] as usize;
                stat[class] += w * weight.map_or(1.0, |c| c[class]);
            }
            Kind::Number { values, centre } => {
                stat[0] += w;
                stat[1] += w * (values[row as usize] - centre);
            }
            Kind::Treated(treated) => treated.add(row, w, stat),
        }
    }

    /// The statistic of a set of rows.
    pub fn sum(&self, range: &[u32]) -> Vec<f64> {
        let mut stat = vec![0.0; self.width];
        range.iter().for_each(|&r| self.add(r, &mut stat));
        stat
    }

    /// How much of the squared or logarithmic sum a set of rows explains: the impurity of a split is the parent's score less than the
    /// children's scores together, so the larger the better. Of treated rows how much treatments change.
    #[inline]
    pub fn score(&self, stat: &[f64]) -> f64 {
        match &self.kind {
            Kind::Class { criterion: Criterion::Entropy, .. } => {
                let total = total(stat);
                stat.iter().filter(|&&c| c > 0.0).map(|&c| c * libm::log2(c / total)).sum()
            }
            Kind::Class { .. } => {
                let total = total(stat);
                if total > 0.0 {
                    stat.iter().map(|c| c * c).sum::<f64>() / total
                } else {
                    0.0
                }
            }
            Kind::Number { .. } => {
                if stat[0] > 0.0 {
                    stat[1] * stat[1] / stat[0]
                } else {
                    0.0
                }
            }
            Kind::Treated(treated) => treated.score(stat),
        }
    }

    /// The weight in a statistic.
    #[inline]
    pub fn total(&self, stat: &[f64]) -> f64 {
        match &self.kind {
            Kind::Class { .. } => total(stat),
            Kind::Number { .. } => stat[0],
            Kind::Treated(_) => Treated::total(stat),
        }
    }

    /// Whether a side of a split has enough of what it is to speak of.
    #[inline]
    pub fn is_enough(&self, stat: &[f64]) -> bool {
        match &self.kind {
            Kind::Treated(treated) => treated.is_enough(stat),
            _ => self.total(stat) > 0.0,
        }
    }

    /// Whether levels are put in order along an axis: more than two classes have no one number.
    pub fn has_axis(&self) -> bool {
        matches!(self.kind, Kind::Class { .. }) && self.width > 2
    }

    /// What a level of the node is put in order by, with so many rows of the node added to its own; along the axis, where there is one.
    pub fn key(&self, stat: &[f64], node: &[f64], smooth: f64, axis: &[f64]) -> f64 {
        let share = |i: usize| {
            let all = self.total(node).max(f64::MIN_POSITIVE);
            (stat[i] + smooth * node[i] / all) / (self.total(stat) + smooth).max(f64::MIN_POSITIVE)
        };
        match &self.kind {
            Kind::Treated(treated) => treated.key(stat, node, smooth),
            Kind::Class { .. } if self.width < 2 => 0.0,
            _ if self.has_axis() => axis.iter().enumerate().map(|(i, a)| a * share(i)).sum(),
            _ => share(1),
        }
    }

    /// The features that a node looks at, of so many, in their order.
    pub fn looked_at(&self, node: usize, features: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..features).collect();
        if let Some((tries, seed)) = self.tries.filter(|(tries, _)| *tries < features) {
            let own = mix(seed, node as u64);
            all.sort_unstable_by_key(|&feature| (mix(own, feature as u64), feature));
            all.truncate(tries);
            all.sort_unstable();
        }
        all
    }

    /// What is left to explain in a node: its impurity times its weight.
    pub fn impurity(&self, range: &[u32], stat: &[f64]) -> f64 {
        match &self.kind {
            Kind::Number { values, centre } => {
                let square = |&r: &u32| {
                    let d = values[r as usize] - centre;
                    self.weight(r) * d * d
                };
                (range.iter().map(square).sum::<f64>() - self.score(stat)).max(0.0)
            }
            Kind::Class { criterion: Criterion::Entropy, .. } => -self.score(stat),
            Kind::Class { .. } => (total(stat) - self.score(stat)).max(0.0),
            // Nothing says how much of an effect there is to be found.
            Kind::Treated(treated) => f64::from(u8::from(treated.is_enough(stat))),
        }
    }

    /// The numbers of a leaf and its weight.
    pub fn leaf(&self, range: &[u32]) -> (Vec<f64>, f64) {
        let total: f64 = range.iter().map(|&r| self.weight(r)).sum();
        // Rows that all weigh nothing still say what was seen there.
        let weight = |r: u32| if total > 0.0 { self.weight(r) } else { 1.0 };
        let sum = || range.iter().map(|&r| weight(r)).sum::<f64>();
        let values = match &self.kind {
            Kind::Number { values, centre } => {
                let sum = sum();
                let offset: f64 = range.iter().map(|&r| weight(r) * (values[r as usize] - centre)).sum();
                vec![if sum > 0.0 { centre + offset / sum } else { *centre }]
            }
            Kind::Class { codes, .. } => {
                let (sum, classes) = (sum(), self.width);
                let mut counts = vec![0.0; classes];
                range.iter().for_each(|&r| counts[codes[r as usize] as usize] += weight(r));
                counts.iter_mut().for_each(|c| *c = if sum > 0.0 { *c / sum } else { 1.0 / classes as f64 });
                match classes {
                    0 | 1 => vec![1.0],
                    2 => vec![counts[1]],
                    _ => counts,
                }
            }
            Kind::Treated(treated) => treated.effects(&self.sum(range)),
        };
        (values, total)
    }
}

/// The mean of values, where it is a number.
pub(super) fn centre(values: &[f64]) -> f64 {
    Some(values.iter().sum::<f64>() / values.len().max(1) as f64).filter(|mean| mean.is_finite()).unwrap_or(0.0)
}

#[inline]
fn total(stat: &[f64]) -> f64 {
    stat.iter().sum()
}
