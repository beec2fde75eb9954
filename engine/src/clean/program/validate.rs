//! Proof that a stored program can be run: every index is in range and every list as long as it must be.

use super::text::Levels;
use super::{NumberOp, Op, Pair, PairOp, Program, ReadOp, TextOp};
use crate::error::{Error, Result};

impl Program {
    /// Check everything that running it relies on.
    pub fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::InvalidModel(format!("the cleaning of the model is damaged: {what}")));
        let Some(kinds) = self.kinds() else { return wrong("an operation reads what it cannot") };
        if !self.outputs.iter().all(|o| (o.register as usize) < kinds.len()) {
            return wrong("a column is made of nothing");
        }
        if !self.ops.iter().all(is_sound) {
            return wrong("an operation is incomplete");
        }
        Ok(())
    }
}

fn is_sound(op: &Op) -> bool {
    match op {
        Op::Text { op: TextOp::Map { from, to, .. }, .. } => from.len() == to.len() && is_sorted(from),
        Op::Text { op: TextOp::Keep { levels, .. }, .. } => is_sorted(levels),
        Op::Read { op: ReadOp::Map(levels), .. } => is_complete(levels),
        Op::Number { op: NumberOp::Map(from, to), .. } => from.len() == to.len(),
        Op::Number { op: NumberOp::Bin(edges), .. } => edges.windows(2).all(|w| w[0] < w[1]),
        Op::Pair(Pair { op: PairOp::ByFold(folds), .. }) => !folds.is_empty() && folds.iter().all(is_complete),
        Op::Read { op: ReadOp::IsIn { values, .. }, .. } => !values.is_empty(),
        Op::Number { op: NumberOp::IsIn(values), .. } => !values.is_empty(),
        Op::GroupFill(fill) => is_complete(&fill.levels),
        _ => true,
    }
}

fn is_complete(levels: &Levels) -> bool {
    levels.levels.len() == levels.numbers.len() && is_sorted(&levels.levels)
}

fn is_sorted(levels: &[String]) -> bool {
    levels.windows(2).all(|w| w[0] < w[1])
}
