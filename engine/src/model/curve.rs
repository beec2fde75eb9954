//! Curves from what trees say to what is seen.

use serde::{Deserialize, Serialize};

use super::Trees;

/// Trees whose probabilities go through curves, which were fitted on rows that the trees did not learn from. Frozen: a changed field is
/// a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// The trees.
    pub trees: Trees,
    /// One curve an output, for what comes out of the link. Several are brought to a sum of 1 afterwards.
    pub curves: Vec<Curve>,
}

/// A curve from a probability to a probability that never falls. Frozen: variants are only added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Curve {
    /// `logistic(slope * log-odds + intercept)`.
    Sigmoid {
        /// Not negative.
        slope: f64,
        /// At log-odds of 0.
        intercept: f64,
    },
    /// Straight lines between knots; flat before the first and behind the last.
    Isotonic {
        /// Where the knots are, strictly ascending.
        from: Vec<f64>,
        /// What the probability is there, never falling.
        to: Vec<f64>,
    },
}
