//! From contributions to a score to contributions to the answer: to a probability, or to a value behind a logarithm.
//!
//! A contribution on this scale is what the score's contribution makes of the answer on the straight way from the mean score to the score of the row
//! (the integrated gradients of Sundararajan et al. 2017, of the link). With one score that is its share of the difference, so signs and order
//! are kept; with several classes every class's score moves all probabilities. The sum is exact.

use super::quadrature::{self, Point};
use crate::control::Control;
use crate::error::Result;
use crate::model::Link;
use crate::score::{curve, link, Scorer};

/// Points of the quadrature between two scores.
const POINTS: usize = 24;
/// Parts in which the way is divided.
const PARTS: usize = 4;

/// What answers are made of.
#[derive(Debug)]
pub(super) struct Response {
    rule: Vec<Point>,
}

impl Response {
    pub fn new(control: &Control) -> Result<Response> {
        Ok(Response { rule: quadrature::rule(POINTS, control)? })
    }

    /// Of several classes: the contributions of columns to the probability of a class. `mean` has a score a class, `scores` the contributions of
    /// each class, one after the other, a number a column.
    pub fn of_classes(&self, scorer: &Scorer, by: Link, mean: &[f64], scores: &[f64], class: usize) -> Vec<f64> {
        let (classes, columns) = (mean.len(), scores.len() / mean.len().max(1));
        let of = |values: &[f64], k: usize| -> Vec<f64> { values[k * columns..][..columns].to_vec() };
        let ends: Vec<f64> = (0..classes).map(|k| mean[k] + of(scores, k).iter().sum::<f64>()).collect();
        let curves = scorer.model().body.as_trees().map_or(&[][..], |(_, curves)| curves);
        let through = |k: usize| match by {
            Link::Softmax => self.mix(mean, &ends, scores, k, softmax_slopes),
            // Each class has a probability of its own.
            Link::Logistic => {
                let (low, high) = (link::logistic(mean[k]), link::logistic(ends[k]));
                let slope = slope(mean[k], ends[k], low, high, link::logistic);
                of(scores, k).into_iter().map(|value| value * slope).collect()
            }
            Link::Identity | Link::Log => of(scores, k),
        };
        if curves.is_empty() {
            return through(class);
        }
        let answers = |scores: &[f64]| {
            let mut answers = scores.to_vec();
            link::unlink(by, true, &mut answers);
            answers
        };
        let (from, to) = (answers(mean), answers(&ends));
        let curved = |probabilities: &[f64]| -> Vec<f64> {
            curves.iter().zip(probabilities).map(|(c, &p)| curve::apply(c, p)).collect()
        };
        let (low, high) = (curved(&from), curved(&to));
        let mut all = Vec::with_capacity(scores.len());
        for (k, calibrate) in curves.iter().enumerate() {
            let slope = slope(from[k], to[k], low[k], high[k], |p| curve::apply(calibrate, p.clamp(0.0, 1.0)));
            all.extend(through(k).into_iter().map(|value| value * slope));
        }
        self.mix(&low, &high, &all, class, share_slopes)
    }

    /// The contributions of columns to a function of several numbers, which go from `from` to `to` by `values`: their slopes along the way.
    fn mix(
        &self,
        from: &[f64],
        to: &[f64],
        values: &[f64],
        class: usize,
        slopes: impl Fn(&[f64], usize) -> Vec<f64>,
    ) -> Vec<f64> {
        let (classes, columns) = (from.len(), values.len() / from.len().max(1));
        let mut weights = vec![0.0; classes];
        for part in 0..PARTS {
            for point in &self.rule {
                let t = (part as f64 + point.t) / PARTS as f64;
                let at: Vec<f64> = from.iter().zip(to).map(|(a, b)| a + (b - a) * t).collect();
                let slopes = slopes(&at, class);
                weights.iter_mut().zip(slopes).for_each(|(w, slope)| *w += slope * point.weight / PARTS as f64);
            }
        }
        let mut out = vec![0.0; columns];
        for (weight, values) in weights.iter().zip(values.chunks_exact(columns.max(1))) {
            out.iter_mut().zip(values).for_each(|(out, value)| *out += weight * value);
        }
        out
    }
}

/// How the softmax of a class changes with each score.
fn softmax_slopes(scores: &[f64], class: usize) -> Vec<f64> {
    let mut p = scores.to_vec();
    link::softmax(&mut p);
    let own = p[class];
    p.iter().enumerate().map(|(k, p)| own * (f64::from(u8::from(k == class)) - p)).collect()
}

/// How a class's share of a sum changes with each number.
fn share_slopes(numbers: &[f64], class: usize) -> Vec<f64> {
    let total: f64 = numbers.iter().sum();
    let slope =
        |k: usize| if total > 0.0 { (f64::from(u8::from(k == class)) - numbers[class] / total) / total } else { 0.0 };
    (0..numbers.len()).map(slope).collect()
}

/// How steep a function is between two places, at which it is `low` and `high`; its slope there, where they are one.
pub(super) fn slope(from: f64, to: f64, low: f64, high: f64, function: impl Fn(f64) -> f64) -> f64 {
    /// What is too near to divide by.
    const NEAR: f64 = 1e-9;
    /// A step that shows the slope.
    const STEP: f64 = 1e-5;
    let scale = from.abs().max(1.0);
    if (to - from).abs() > NEAR * scale {
        return (high - low) / (to - from);
    }
    let step = STEP * scale;
    (function(from + step) - function(from - step)) / (2.0 * step)
}

/// Give what roundings left of a sum to the numbers, by their size.
pub(super) fn close(values: &mut [f64], sum: f64) {
    let rest = sum - values.iter().sum::<f64>();
    let size: f64 = values.iter().map(|v| v.abs()).sum();
    if size > 0.0 && rest.is_finite() && size.is_finite() {
        values.iter_mut().for_each(|v| *v += rest * (v.abs() / size));
    }
}
