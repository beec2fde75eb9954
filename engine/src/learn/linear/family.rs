//! What a score says of a target: families of generalized linear models (Nelder, Wedderburn 1972).

use crate::error::{Error, Result};
use crate::model::Link;

/// The distribution of the target given its mean, with the link between the mean and the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Family {
    /// Of a constant variance; the score is the mean.
    Gaussian,
    /// Two classes; the score is the log-odds of the second.
    Binomial,
    /// Several classes; each has a score, and its probability is their softmax.
    Multinomial,
    /// Of a variance that grows with a power of the mean, whose logarithm is the score: 1 is Poisson's, 2 is gamma's.
    Tweedie(f64),
}

/// Scores behind a logarithm stay within what `exp` can tell.
const MOST_LOG: f64 = 600.0;

/// What a row says of a score: the loss, its first derivative, and the expected second one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub loss: f64,
    pub slope: f64,
    pub curve: f64,
}

impl Family {
    /// How a score becomes an answer.
    pub fn link(self) -> Link {
        match self {
            Family::Gaussian => Link::Identity,
            Family::Binomial => Link::Logistic,
            Family::Multinomial => Link::Softmax,
            Family::Tweedie(_) => Link::Log,
        }
    }

    /// Whether the expected second derivative is the true one, so that Newton's steps end quadratically.
    pub(super) fn is_canonical(self) -> bool {
        match self {
            Family::Gaussian | Family::Binomial | Family::Multinomial => true,
            Family::Tweedie(power) => power == 1.0,
        }
    }

    /// Whether the variance is known from the mean alone, so that coefficients are told by z-tests.
    pub fn has_known_dispersion(self) -> bool {
        matches!(self, Family::Binomial | Family::Multinomial | Family::Tweedie(1.0))
    }

    /// What a score says of a target that is a number, or 0 or 1.
    #[inline(always)]
    pub(super) fn at(self, score: f64, target: f64) -> Told {
        match self {
            Family::Gaussian => {
                let apart = score - target;
                Told { loss: 0.5 * apart * apart, slope: apart, curve: 1.0 }
            }
            Family::Binomial | Family::Multinomial => {
                // From the smaller of both exponentials, so that nothing overflows.
                let e = libm::exp(-score.abs());
                let near = 1.0 / (1.0 + e);
                let p = if score >= 0.0 { near } else { e * near };
                let loss = libm::log1p(e) + if score >= 0.0 { (1.0 - target) * score } else { -target * score };
                Told { loss, slope: p - target, curve: e * near * near }
            }
            Family::Tweedie(power) => {
                let score = score.clamp(-MOST_LOG, MOST_LOG);
                if power == 1.0 {
                    let mean = libm::exp(score);
                    return Told { loss: mean - target * score, slope: mean - target, curve: mean };
                }
                if power == 2.0 {
                    let ratio = target * libm::exp(-score);
                    return Told { loss: ratio + score, slope: 1.0 - ratio, curve: 1.0 };
                }
                let (own, other) = (libm::exp(score * (2.0 - power)), target * libm::exp(score * (1.0 - power)));
                Told { loss: own / (2.0 - power) - other / (1.0 - power), slope: own - other, curve: own }
            }
        }
    }

    /// The loss of a target that is met exactly, which a deviance leaves out.
    pub(super) fn least(self, target: f64) -> f64 {
        match self {
            Family::Gaussian | Family::Binomial | Family::Multinomial => 0.0,
            Family::Tweedie(1.0) if target > 0.0 => target - target * libm::log(target),
            Family::Tweedie(2.0) if target > 0.0 => 1.0 + libm::log(target),
            Family::Tweedie(power) if target > 0.0 => {
                libm::pow(target, 2.0 - power) * (1.0 / (2.0 - power) - 1.0 / (1.0 - power))
            }
            Family::Tweedie(_) => 0.0,
        }
    }

    /// The variance that the family says, at a score.
    pub(super) fn variance(self, score: f64) -> f64 {
        match self {
            Family::Tweedie(power) => libm::exp(power * score.clamp(-MOST_LOG, MOST_LOG)),
            Family::Gaussian | Family::Binomial | Family::Multinomial => 1.0,
        }
    }

    /// The score of a mean.
    pub(super) fn score_of(self, mean: f64) -> f64 {
        match self {
            Family::Gaussian => mean,
            Family::Binomial | Family::Multinomial => {
                let p = mean.clamp(1e-12, 1.0 - 1e-12);
                libm::log(p / (1.0 - p))
            }
            Family::Tweedie(_) => libm::log(mean.max(1e-12)),
        }
    }

    /// Check that a target can be of the family.
    pub(super) fn check(self, values: &[f64]) -> Result<()> {
        let Family::Tweedie(power) = self else { return Ok(()) };
        let (name, above) = match power {
            1.0 => ("poisson", false),
            power if power >= 2.0 => ("gamma", true),
            _ => ("tweedie", false),
        };
        let bad = |v: &f64| if above { *v <= 0.0 } else { *v < 0.0 };
        match (values.iter().any(bad), above) {
            (true, true) => Err(Error::data(
                format!("objective \"{name}\" needs a target above 0"),
                "Leave rows of 0 out in the source, or use \"tweedie\", which takes them.",
            )),
            (true, false) => Err(Error::data(
                format!("objective \"{name}\" needs a target that is not negative"),
                "Leave negative rows out in the source, or use linear_regression.",
            )),
            _ if values.iter().all(|v| *v == 0.0) => Err(Error::data(
                format!("objective \"{name}\" needs a target that is not always 0"),
                "Check the source and its target column.",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_loss() {
        let families =
            [Family::Gaussian, Family::Binomial, Family::Tweedie(1.0), Family::Tweedie(1.5), Family::Tweedie(2.0)];
        for family in families {
            for score in [-2.0, -0.3, 0.0, 0.7, 1.9] {
                for target in [0.0, 1.0, 2.5] {
                    if family == Family::Binomial && target > 1.0 {
                        continue;
                    }
                    let loss = |score: f64| family.at(score, target).loss;
                    let step = 1e-5;
                    let slope = (loss(score + step) - loss(score - step)) / (2.0 * step);
                    let told = family.at(score, target);
                    assert!((slope - told.slope).abs() < 1e-6, "{family:?} {score} {target}");
                    assert!(told.curve > 0.0);
                    if target > 0.0 && family != Family::Binomial {
                        let best = loss(family.score_of(target));
                        assert!((best - family.least(target)).abs() < 1e-9, "{family:?} {target}");
                    }
                }
            }
        }
        let far = Family::Binomial.at(800.0, 0.0);
        assert_eq!((far.loss, far.slope), (800.0, 1.0));
    }
}
