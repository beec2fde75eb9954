//! A date or timestamp in a row: the value itself and its parts.

use super::Scorer;
use crate::model::{DatePart, Encoding, Input, InputKind};

/// Where a date or timestamp goes in a row.
#[derive(Debug, Clone)]
pub struct Moment {
    kind: InputKind,
    first: usize,
    /// The parts that a score depends on, with their features.
    parts: Vec<(usize, DatePart)>,
}

impl Moment {
    /// For an input column of a model; `None` where it is of another kind.
    pub fn new(scorer: &Scorer, input: &Input) -> Option<Moment> {
        let (first, count) = (input.first as usize, input.count as usize);
        let part = |feature: usize| match scorer.model().features[feature].encoding {
            Encoding::Part(part) if scorer.uses(feature) => Some((feature, part)),
            _ => None,
        };
        let parts = || (first..first + count).filter_map(part).collect();
        input.kind.is_moment().then(|| Moment { kind: input.kind, first, parts: parts() })
    }

    /// Put a value into a row: days since 2000-01-01 of a date, seconds of a timestamp, those of a timestamp with time zone by the
    /// clocks of the model's zone. Nothing is allocated.
    #[inline]
    pub fn put(&self, value: f64, row: &mut [f64]) {
        row[self.first] = value;
        for &(feature, part) in &self.parts {
            row[feature] = part.of(self.kind, value);
        }
    }
}
