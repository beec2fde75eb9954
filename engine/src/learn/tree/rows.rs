//! The rows a tree learns from: targets, weights and the statistics of a set of rows.

use super::uplift::Treated;
use super::{Criterion, TreeParams};
use crate::control::Control;
use crate::data::mix;
use crate::error::Result;
use crate::learn::Target;

/// Targets and weights by training row.
pub(super) struct Rows<'a> {
    pub target: &'a Target,
    /// Sample weights; none where all are 1.
    pub weight: Option<&'a [f64]>,
    class_weight: Option<&'a [f64]>,
    /// Subtracted from the values, so that sums of squares lose nothing.
    pub centre: f64,
    /// Numbers a statistic has: one a class, or weight and weighted value.
    pub width: usize,
    criterion: Criterion,
    /// Where what is to be explained is how treatments change the target.
    pub treated: Option<&'a Treated<'a>>,
    /// Where nodes look at some features each, drawn anew: their number, and the seed of the draws.
    pub tries: Option<(usize, u64)>,
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
        let (width, centre) = match target {
            Target::Class { classes, .. } => (*classes, 0.0),
            Target::Number(values) => (2, values.iter().sum::<f64>() / values.len().max(1) as f64),
        };
        let centre = if centre.is_finite() { centre } else { 0.0 };
        let class_weight = params.class_weight.as_deref();
        let (treated, tries) = (None, None);
        Ok(Rows { target, weight, class_weight, centre, width, criterion: params.criterion, treated, tries, order })
    }

    /// The rows of `order`, of which is to be told how treatments change the target, a number.
    pub fn treated(
        (target, treated): (&'a Target, &'a Treated<'a>),
        weight: Option<&'a [f64]>,
        order: Vec<u32>,
        params: &'a TreeParams,
    ) -> Self {
        Rows {
            target,
            weight,
            class_weight: None,
            centre: treated.centre,
            width: treated.width(),
            criterion: params.criterion,
            treated: Some(treated),
            tries: None,
            order,
        }
    }

    pub fn release(self, control: &Control) {
        control.release_vec(self.order);
    }

    /// Add a row to a statistic.
    #[inline]
    pub fn add(&self, row: u32, stat: &mut [f64]) {
        let w = self.weight.map_or(1.0, |w| w[row as usize]);
        match self.target {
            Target::Class { codes, .. } => {
                let class = codes[row as usize] as usize;
                stat[class] += w * self.class_weight.map_or(1.0, |c| c[class]);
            }
            Target::Number(values) => {
                let value = values[row as usize] - self.centre;
                match self.treated {
                    Some(treated) => treated.add(row, value, w, stat),
                    None => {
                        stat[0] += w;
                        stat[1] += w * value;
                    }
                }
            }
        }
    }

    /// The statistic of a set of rows.
    pub fn sum(&self, range: &[u32]) -> Vec<f64> {
        let mut stat = vec![0.0; self.width];
        range.iter().for_each(|&r| self.add(r, &mut stat));
        stat
    }

    /// How much of the squared or logarithmic sum a set of rows explains: the impurity of a split is the parent's score less than the
    /// children's scores together, so the larger the better.
    #[inline]
    pub fn score(&self, stat: &[f64]) -> f64 {
        if let Some(treated) = self.treated {
            return treated.score(stat);
        }
        match self.criterion {
            Criterion::SquaredError
            | Criterion::Causal
            | Criterion::Euclidean
            | Criterion::KullbackLeibler
            | Criterion::ChiSquared => {
                if stat[0] > 0.0 {
                    stat[1] * stat[1] / stat[0]
                } else {
                    0.0
                }
            }
            Criterion::Gini => {
                let total = total(stat);
                if total > 0.0 {
                    stat.iter().map(|c| c * c).sum::<f64>() / total
                } else {
                    0.0
                }
            }
            Criterion::Entropy => {
                let total = total(stat);
                stat.iter().filter(|&&c| c > 0.0).map(|&c| c * libm::log2(c / total)).sum()
            }
        }
    }

    /// The weight in a statistic.
    #[inline]
    pub fn total(&self, stat: &[f64]) -> f64 {
        match self.target {
            Target::Class { .. } => total(stat),
            Target::Number(_) => self.treated.map_or(stat[0], |_| Treated::total(stat)),
        }
    }

    /// Whether a side of a split has enough of what it is to speak of.
    #[inline]
    pub fn is_enough(&self, stat: &[f64]) -> bool {
        self.total(stat) > 0.0 && self.treated.is_none_or(|treated| treated.is_enough(stat))
    }

    /// Whether a node looks at a feature, of so many.
    pub fn looks_at(&self, node: usize, feature: usize, features: usize) -> bool {
        let Some((tries, seed)) = self.tries.filter(|(tries, _)| *tries < features) else { return true };
        let number = |feature: usize| mix(mix(seed, node as u64), feature as u64);
        let own = (number(feature), feature);
        (0..features).filter(|other| (number(*other), *other) < own).count() < tries
    }

    /// What is left to explain in a node: its impurity times its weight.
    pub fn impurity(&self, range: &[u32], stat: &[f64]) -> f64 {
        if let Some(treated) = self.treated {
            // Nothing says how much of an effect there is to be found.
            return f64::from(u8::from(treated.is_enough(stat)));
        }
        match self.target {
            Target::Number(values) => {
                let squares: f64 = range
                    .iter()
                    .map(|&r| {
                        let d = values[r as usize] - self.centre;
                        self.weight.map_or(1.0, |w| w[r as usize]) * d * d
                    })
                    .sum();
                (squares - self.score(stat)).max(0.0)
            }
            Target::Class { .. } => match self.criterion {
                Criterion::Entropy => -self.score(stat),
                _ => (total(stat) - self.score(stat)).max(0.0),
            },
        }
    }

    /// The numbers of a leaf and its weight.
    pub fn leaf(&self, range: &[u32]) -> (Vec<f64>, f64) {
        let weight = |r: u32| self.weight.map_or(1.0, |w| w[r as usize]);
        let total: f64 = range.iter().map(|&r| weight(r)).sum();
        // Rows that all weigh nothing still say what was seen there.
        let weight = |r: u32| if total > 0.0 { weight(r) } else { 1.0 };
        if let Some(treated) = self.treated {
            return (treated.effects(&self.sum(range)), total);
        }
        let sum: f64 = range.iter().map(|&r| weight(r)).sum();
        let values = match self.target {
            Target::Number(values) => {
                let offset: f64 = range.iter().map(|&r| weight(r) * (values[r as usize] - self.centre)).sum();
                vec![if sum > 0.0 { self.centre + offset / sum } else { self.centre }]
            }
            Target::Class { codes, classes } => {
                let mut counts = vec![0.0; *classes];
                range.iter().for_each(|&r| counts[codes[r as usize] as usize] += weight(r));
                counts.iter_mut().for_each(|c| *c = if sum > 0.0 { *c / sum } else { 1.0 / *classes as f64 });
                match classes {
                    0 | 1 => vec![1.0],
                    2 => vec![counts[1]],
                    _ => counts,
                }
            }
        };
        (values, total)
    }
}

#[inline]
fn total(stat: &[f64]) -> f64 {
    stat.iter().sum()
}
