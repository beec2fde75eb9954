//! Losses: what is made small, and the quick exponential of their derivatives.

use crate::learn::Target;
use crate::model::Link;

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
pub(super) const POISSON_MARGIN: f64 = 2.013_752_707_470_476_6;
/// The score, on the scale of the log link, of a target that is always 0.
pub(super) const NOTHING: f64 = -35.0;
/// Scores of the log link stay within what `exp` can tell.
pub(super) const MOST_LOG: f64 = 709.0;

impl Objective {
    /// The usual loss of a target.
    pub fn of(target: &Target) -> Objective {
        match target {
            Target::Class { classes: 0..=2, .. } => Objective::Binary,
            Target::Class { .. } => Objective::Multiclass,
            Target::Number(_) => Objective::SquaredError,
        }
    }

    /// Whether leaves say a quantile of what is left, and not a mean.
    pub(super) fn is_renewed(self) -> bool {
        matches!(self, Objective::AbsoluteError | Objective::Quantile)
    }

    /// Whether the score is the logarithm of what is predicted.
    pub(super) fn is_log(self) -> bool {
        matches!(self, Objective::Poisson | Objective::Tweedie)
    }

    pub(super) fn link(self) -> Link {
        match self {
            Objective::Binary => Link::Logistic,
            Objective::Multiclass => Link::Softmax,
            Objective::SquaredError | Objective::AbsoluteError | Objective::Quantile => Link::Identity,
            Objective::Poisson | Objective::Tweedie => Link::Log,
        }
    }
}

/// e^x to about five digits, within 2^-126 to 2^126: plain additions and multiplications, so the same everywhere and quick in vectors.
/// Models are scored with `libm`; this is for derivatives alone, which are rounded more roughly afterwards.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
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
}
