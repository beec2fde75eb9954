//! Sums of what each feature says, stored: linear and logistic regression, generalized linear models and their kin.

use serde::{Deserialize, Serialize};

use super::validate::ensure;
use super::{Encoding, Feature, FeatureStats, Link, Task};
use crate::error::Result;

/// A model whose score is an intercept and what each feature says, added. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Additive {
    /// The scores of a row: one a class where there are more than two, else 1.
    pub outputs: u32,
    /// What every row has, one number an output.
    pub intercept: Vec<f64>,
    /// What each feature says, in the order of [`super::Model::features`].
    pub terms: Vec<Term>,
    /// What each feature says on average of the training rows: feature by feature, `outputs` numbers each.
    pub means: Vec<f64>,
    /// How the sum becomes the answer.
    pub link: Link,
    /// The coefficients with their standard errors, to be read; empty where nothing is known of them.
    pub coefficients: Vec<Coefficient>,
    /// What is known of the fit.
    pub fit: FitStatistics,
}

/// What a feature says. Frozen: variants are only added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Term {
    /// `slope * x + square * x^2` of `x = value - shift`.
    Number {
        /// Infinite values below are taken as this.
        low: f64,
        /// Infinite values above are taken as this.
        high: f64,
        /// Where numbers are counted from.
        shift: f64,
        /// One an output.
        slope: Vec<f64>,
        /// One an output, or none.
        square: Vec<f64>,
        /// What a missing value says, one an output.
        missing: Vec<f64>,
    },
    /// A number a level.
    Levels {
        /// Level by level in the order of the feature's levels, then of all other texts, `outputs` numbers each. Of a part of a date, by its value
        /// from 0 to below [`super::DatePart::end`], then of any other.
        values: Vec<f64>,
        /// What a missing value says, one an output.
        missing: Vec<f64>,
    },
}

/// A coefficient as it is read: what one more of a number, or a level in place of the reference, does to the score. Frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// The feature; [`Coefficient::INTERCEPT`] for none.
    pub feature: u32,
    /// What of it.
    pub of: Part,
    /// The output, of several classes.
    pub output: u32,
    /// The coefficient.
    pub value: f64,
    /// Its standard error, if it is known.
    pub std_error: Option<f64>,
}

impl Coefficient {
    /// Stands for the feature of the intercept.
    pub const INTERCEPT: u32 = u32::MAX;
}

/// What of a feature a coefficient is for. Frozen: variants are only added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// A number, or the intercept.
    Whole,
    /// A level by its place, or a value of a part of a date; the number of levels for all others.
    Level(u32),
    /// The level that others are compared with: its coefficient is 0.
    Reference(u32),
    /// A missing value.
    Missing,
    /// A missing value, with which others are compared.
    MissingReference,
}

/// What is known of a fit. Frozen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FitStatistics {
    /// Training rows less free coefficients, where a t-test needs them; 0 where coefficients are told by a z-test.
    pub degrees: f64,
    /// The variance of the target, as a multiple of what its family says.
    pub dispersion: f64,
    /// The deviance of the training rows.
    pub deviance: f64,
    /// The same without any feature.
    pub null_deviance: f64,
    /// The penalty of coefficients.
    pub alpha: f64,
    /// The share of it that is on absolute values.
    pub l1_ratio: f64,
    /// Passes over the rows.
    pub iterations: u32,
}

/// What a feature says is not more than this, so that sums are numbers.
const MOST: f64 = 1e290;

#[inline]
fn held(x: f64) -> f64 {
    if x.is_nan() {
        0.0
    } else {
        x.clamp(-MOST, MOST)
    }
}

impl Term {
    /// Add what a value says to the scores: the number, or the place of the level; NaN is missing.
    #[inline]
    pub fn add(&self, value: f64, sums: &mut [f64]) {
        match self {
            Term::Number { missing, .. } | Term::Levels { missing, .. } if value.is_nan() => {
                sums.iter_mut().zip(missing).for_each(|(sum, x)| *sum += x);
            }
            Term::Number { low, high, shift, slope, square, .. } => {
                let value = if value.is_infinite() { value.clamp(*low, *high) } else { value } - shift;
                sums.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += held(slope * value));
                sums.iter_mut().zip(square).for_each(|(sum, square)| *sum += held(square * value * value));
            }
            Term::Levels { values, missing } => {
                let outputs = missing.len().max(1);
                let last = (values.len() / outputs).saturating_sub(1);
                let at = (value.max(0.0) as usize).min(last) * outputs;
                if let Some(own) = values.get(at..at + outputs) {
                    sums.iter_mut().zip(own).for_each(|(sum, x)| *sum += x);
                }
            }
        }
    }
}

impl Additive {
    /// Bring features into another order, of which `order` has the old places and `place` the new ones.
    pub(super) fn reorder(&mut self, order: &[u32], place: &[u32]) {
        let outputs = self.outputs as usize;
        self.terms = order.iter().map(|old| self.terms[*old as usize].clone()).collect();
        self.means = order.iter().flat_map(|old| self.means[*old as usize * outputs..][..outputs].to_vec()).collect();
        for coefficient in &mut self.coefficients {
            if let Some(new) = place.get(coefficient.feature as usize) {
                coefficient.feature = *new;
            }
        }
    }

    /// Give the levels of a feature other places, of which `places` has the old ones, that of all others last. A level that goes says what others say,
    /// and its coefficient is forgotten.
    pub(super) fn recode(&mut self, feature: u32, places: &[usize]) {
        let outputs = self.outputs as usize;
        if let Some(Term::Levels { values, .. }) = self.terms.get_mut(feature as usize) {
            *values = places.iter().flat_map(|old| values[old * outputs..][..outputs].to_vec()).collect();
        }
        let place = |old: u32| places.iter().position(|p| *p == old as usize).map(|new| new as u32);
        self.coefficients.retain_mut(|coefficient| {
            let (Part::Level(level) | Part::Reference(level)) = &mut coefficient.of else { return true };
            match (coefficient.feature == feature, place(*level)) {
                (false, _) => true,
                (true, Some(new)) => {
                    *level = new;
                    true
                }
                (true, None) => false,
            }
        });
    }

    /// How much what a feature says varies among the training rows, as far as statistics of them tell: the standard deviation, of several outputs the
    /// root of the sum of squares.
    pub fn spread(&self, feature: usize, stats: &FeatureStats) -> f64 {
        let outputs = self.outputs as usize;
        let of = |output: usize| match self.terms.get(feature) {
            Some(Term::Number { shift, slope, square, .. }) => {
                // Of a normal number.
                let (mean, deviation) = (stats.mean - shift, stats.stddev);
                let square = square.get(output).copied().unwrap_or(0.0);
                let bow = square * deviation * deviation;
                libm::hypot((slope[output] + 2.0 * square * mean) * deviation, std::f64::consts::SQRT_2 * bow)
            }
            Some(Term::Levels { values, missing }) => {
                let rows = stats.level_rows.iter().chain([&stats.missing]);
                let said = values.chunks_exact(outputs).chain([missing.as_slice()]).map(|own| own[output]);
                let (mut whole, mut sum, mut squares) = (0.0, 0.0, 0.0);
                for (rows, said) in rows.zip(said) {
                    let rows = *rows as f64;
                    (whole, sum, squares) = (whole + rows, sum + rows * said, squares + rows * said * said);
                }
                if whole > 0.0 {
                    (squares / whole - (sum / whole) * (sum / whole)).max(0.0).sqrt()
                } else {
                    0.0
                }
            }
            None => 0.0,
        };
        (0..outputs).map(|output| of(output) * of(output)).sum::<f64>().sqrt()
    }
}

/// Prove that a body holds together.
pub(super) fn validate(body: &Additive, features: &[Feature], task: &Task, outputs: usize) -> Result<()> {
    ensure(body.outputs as usize == outputs, || format!("{} outputs, not {outputs}", body.outputs))?;
    ensure(body.intercept.len() == outputs, || format!("{} intercepts, not {outputs}", body.intercept.len()))?;
    ensure(body.intercept.iter().all(|v| v.is_finite()), || "an intercept is not finite".into())?;
    ensure(body.terms.len() == features.len(), || "the terms do not fit the features".into())?;
    let means =
        outputs.checked_mul(features.len()) == Some(body.means.len()) && body.means.iter().all(|v| v.is_finite());
    ensure(means, || "the means do not fit the features".into())?;
    let classification = matches!(task, Task::Classification { .. });
    let fits = match body.link {
        Link::Logistic => classification && outputs == 1,
        Link::Softmax => classification && outputs > 1,
        Link::Identity | Link::Log => *task == Task::Regression,
    };
    ensure(fits, || format!("link {:?} does not fit the task", body.link))?;
    for (term, feature) in body.terms.iter().zip(features) {
        validate_term(term, feature, outputs)?;
    }
    for coefficient in &body.coefficients {
        let Coefficient { feature, of, output, value, std_error } = coefficient;
        let own = features.get(*feature as usize);
        let there = match of {
            Part::Whole => *feature == Coefficient::INTERCEPT || own.is_some(),
            Part::Missing | Part::MissingReference => own.is_some(),
            Part::Level(level) | Part::Reference(level) => {
                own.and_then(levels).is_some_and(|count| *level as usize <= count)
            }
        };
        ensure(there && (*output as usize) < outputs, || "a coefficient is of no feature".into())?;
        let sane = value.is_finite() && std_error.is_none_or(|e| e.is_finite() && e >= 0.0);
        ensure(sane, || "a coefficient is not finite".into())?;
    }
    let FitStatistics { degrees, dispersion, deviance, null_deviance, alpha, l1_ratio, .. } = body.fit;
    let numbers = [degrees, dispersion, deviance, null_deviance, alpha, l1_ratio];
    ensure(numbers.iter().all(|v| v.is_finite()), || "what is known of the fit is not finite".into())
}

/// The numbers that tell the levels of a feature apart; `None` of a number.
pub fn levels(feature: &Feature) -> Option<usize> {
    match &feature.encoding {
        Encoding::Category { levels } => Some(levels.len()),
        Encoding::Part(part) => Some(part.end() as usize),
        _ => None,
    }
}

fn validate_term(term: &Term, feature: &Feature, outputs: usize) -> Result<()> {
    let name = &feature.name;
    let finite = |numbers: &[f64]| numbers.iter().all(|v| v.is_finite() && v.abs() <= MOST);
    match (term, levels(feature)) {
        (Term::Number { low, high, shift, slope, square, missing }, None) if !feature.encoding.is_category() => {
            let ends = [low, high, shift].iter().all(|v| v.is_finite()) && low <= high;
            ensure(ends, || format!("the ends of feature {name:?} are not finite"))?;
            let lengths = slope.len() == outputs && missing.len() == outputs;
            let lengths = lengths && (square.is_empty() || square.len() == outputs);
            ensure(lengths, || format!("the slopes of feature {name:?} do not fit the outputs"))?;
            let all = finite(slope) && finite(square) && finite(missing);
            ensure(all, || format!("a slope of feature {name:?} is not finite"))
        }
        (Term::Levels { values, missing }, Some(count)) => {
            let expected = (count + 1).checked_mul(outputs);
            let lengths = expected == Some(values.len()) && missing.len() == outputs;
            ensure(lengths, || format!("the numbers of feature {name:?} do not fit its levels"))?;
            let all = finite(values) && finite(missing);
            ensure(all, || format!("a level of feature {name:?} is not finite"))
        }
        _ => ensure(false, || format!("the term of feature {name:?} is of another kind")),
    }
}
