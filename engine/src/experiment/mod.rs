//! Experiments: what a test of variants says, how many rows it needs, when it may be stopped, which arm to show next, and what another policy would have earned.
//!
//! * [`sample`]: the rows of variants, by unit and by segment.
//! * [`compare`]: proportions, means and ratios of variants against a control.
//! * [`correct`]: p-values of several comparisons together.
//! * [`sequential`]: boundaries of tests that are looked at several times.
//! * [`power`]: sample size, power, minimum detectable effect.
//! * [`posterior`]: the probability to be best.
//! * [`bandit`]: which arm to show, with its propensity.
//! * [`policy`]: what another policy would have earned.
//! * [`distribution`]: tails and quantiles.

pub mod bandit;
pub mod compare;
pub mod correct;
pub mod distribution;
pub mod policy;
pub mod posterior;
pub mod power;
pub mod sample;
pub mod sequential;

/// What would speak for a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alternative {
    /// Any difference.
    #[default]
    TwoSided,
    /// The variant has more.
    Larger,
    /// The variant has less.
    Smaller,
}

impl Alternative {
    /// The names, as statsmodels has them.
    pub const NAMES: [&'static str; 3] = ["two-sided", "larger", "smaller"];

    /// The alternative of a name.
    pub fn parse(name: &str) -> Option<Alternative> {
        match name {
            "two-sided" => Some(Alternative::TwoSided),
            "larger" => Some(Alternative::Larger),
            "smaller" => Some(Alternative::Smaller),
            _ => None,
        }
    }

    /// The p-value of a statistic whose upper tail is `sf`, symmetric about 0.
    fn p_value(self, statistic: f64, sf: impl Fn(f64) -> f64) -> f64 {
        match self {
            Alternative::TwoSided => (2.0 * sf(statistic.abs())).min(1.0),
            Alternative::Larger => sf(statistic),
            Alternative::Smaller => sf(-statistic),
        }
    }

    /// The probability that is left to one side.
    fn tail(self, alpha: f64) -> f64 {
        match self {
            Alternative::TwoSided => 0.5 * alpha,
            _ => alpha,
        }
    }

    /// An interval with the side opened that the alternative does not ask for.
    fn open(self, low: f64, high: f64) -> (f64, f64) {
        match self {
            Alternative::TwoSided => (low, high),
            Alternative::Larger => (low, f64::INFINITY),
            Alternative::Smaller => (f64::NEG_INFINITY, high),
        }
    }
}
