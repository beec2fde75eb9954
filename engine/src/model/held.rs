//! The rows held out by training, kept with a version so that it can be judged at any time.

use serde::{Deserialize, Serialize};

use super::codec::{decode_as, encode_as, Kind};
use crate::error::{Error, Result};

/// What the model said of each held-out row, and what was true. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldRows {
    /// Numbers the model gives a row, at least 1: [`crate::score::Scorer::outputs`].
    pub outputs: u32,
    /// The predictions, rows x `outputs`, a row's numbers one after the other.
    pub scores: Vec<f64>,
    /// The truth of each row.
    pub actual: HeldActual,
    /// The weight of each row, finite and not negative; `None` where all weigh the same.
    pub weight: Option<Vec<f64>>,
}

/// The truth of held-out rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HeldActual {
    /// The index of each row's class.
    Class(Vec<u32>),
    /// Each row's value.
    Number(Vec<f64>),
    /// There is none: a clustering.
    None,
    /// What came of each row, and who was treated.
    Treated {
        /// The value of the target, of two classes 1 for the positive one and 0 for the other.
        outcome: Vec<f64>,
        /// The treatment, counted from 1; 0 for none.
        arms: Vec<u32>,
    },
}

impl HeldActual {
    /// The number of rows; 0 where nothing is known of them.
    pub fn len(&self) -> usize {
        match self {
            HeldActual::Class(codes) => codes.len(),
            HeldActual::Number(values) => values.len(),
            HeldActual::None => 0,
            HeldActual::Treated { outcome, .. } => outcome.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The truth of the first rows, at most so many.
    pub fn first(&self, count: usize) -> HeldActual {
        match self {
            HeldActual::Class(codes) => HeldActual::Class(codes[..count.min(codes.len())].to_vec()),
            HeldActual::Number(values) => HeldActual::Number(values[..count.min(values.len())].to_vec()),
            HeldActual::None => HeldActual::None,
            HeldActual::Treated { outcome, arms } => {
                let count = count.min(outcome.len()).min(arms.len());
                HeldActual::Treated { outcome: outcome[..count].to_vec(), arms: arms[..count].to_vec() }
            }
        }
    }
}

impl HeldRows {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.scores.len() / (self.outputs as usize).max(1)
    }

    /// Prove that all parts have the same number of rows and are usable.
    ///
    /// Fails with [`Error::InvalidModel`]. Class indexes are not compared with a model's classes: there is none here.
    pub fn validate(&self) -> Result<()> {
        let fail = |what: &str| Err(Error::InvalidModel(format!("the held-out rows are not valid: {what}")));
        if self.outputs == 0 || !self.scores.len().is_multiple_of(self.outputs as usize) {
            return fail("the scores are not whole rows");
        }
        let rows = self.rows();
        let same = match &self.actual {
            HeldActual::Class(codes) => codes.len() == rows,
            HeldActual::Number(values) => values.len() == rows,
            HeldActual::None => true,
            HeldActual::Treated { outcome, arms } => outcome.len() == rows && arms.len() == rows,
        };
        if !same || self.weight.as_ref().is_some_and(|w| w.len() != rows) {
            return fail("the parts differ in their number of rows");
        }
        if self.weight.iter().flatten().any(|w| !w.is_finite() || *w < 0.0) {
            return fail("a weight is negative or not finite");
        }
        Ok(())
    }
}

/// The bytes of held-out rows. Fails with [`Error::InvalidModel`] when they are not valid.
pub fn encode_held(rows: &HeldRows) -> Result<Vec<u8>> {
    rows.validate()?;
    encode_as(Kind::Held, rows)
}

/// The rows that [`encode_held`] wrote. Fails with [`Error::InvalidModel`] for anything else.
pub fn decode_held(bytes: &[u8]) -> Result<HeldRows> {
    let rows: HeldRows = decode_as(Kind::Held, bytes)?;
    rows.validate()?;
    Ok(rows)
}
