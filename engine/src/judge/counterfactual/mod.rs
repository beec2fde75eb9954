//! Counterfactuals: the smallest change of a row that takes the answer of a model across a threshold (Wachter, Mittelstadt and Russell 2018).
//!
//! The answer of trees is constant between the thresholds of their splits, so for each column one value of each stretch is enough: the nearest one
//! ([`candidates`]). Fewer changed columns are smaller than more; then the sum of the distances decides, each in units of its column's spread. One and
//! two columns are searched in full ([`search`]), which proves that there is nothing smaller; more by a beam.

mod beam;
mod bound;
mod candidates;
mod nice;
mod search;
mod sentence;
mod tester;

pub use candidates::{candidates, Candidate, Changeable, Limits, Trend};
pub use search::search;
pub use sentence::sentence;

use super::given::Given;
use super::partial::answer;
use crate::model::Model;

/// Where the answer is to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// To this number or above it; of several classes, the probability of the class.
    AtLeast(Option<usize>, f64),
    /// Below this number.
    Below(Option<usize>, f64),
    /// This class is to be the most probable.
    Class(usize),
}

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Where the answer is to go.
    pub goal: Goal,
    /// Columns that may change.
    pub most_changes: usize,
    /// Alternatives that are wanted.
    pub alternatives: usize,
}

/// The row that is to change.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// As it comes, a value an argument.
    pub given: &'a [Given],
    /// As it is scored.
    pub cells: &'a [f64],
}

/// A column with its new value.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The column, by its place among the model's arguments.
    pub argument: usize,
    /// The new value.
    pub to: Given,
    /// How far that is, in units of the column's spread.
    pub distance: f64,
}

/// A change that takes the answer where it is to go, the smallest of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// The columns, the largest change first.
    pub changes: Vec<Change>,
    /// The sum of their distances.
    pub distance: f64,
    /// What is looked at of the answer, after the change.
    pub after: f64,
    /// Whether all changes of these columns were looked at.
    pub proven: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What is looked at of the answer, before a change.
    pub before: f64,
    /// Whether it is already where it is to go.
    pub there: bool,
    /// Fewest changes first, then the nearest. Each is of other columns, and none has all columns of one before it.
    pub alternatives: Vec<Alternative>,
}

/// What is looked at of an answer, and how far beyond the goal it is: 0 or more where it is reached.
fn judge(model: &Model, out: &[f64], goal: Goal) -> (f64, f64) {
    match goal {
        Goal::AtLeast(class, at) => {
            let own = answer(&model.task, out, class);
            (own, own - at)
        }
        Goal::Below(class, at) => {
            let own = answer(&model.task, out, class);
            // Exactly there is not below.
            (own, if own < at { (at - own).max(f64::MIN_POSITIVE) } else { (at - own).min(-f64::MIN_POSITIVE) })
        }
        Goal::Class(class) => {
            let own = answer(&model.task, out, Some(class));
            let others = (0..out.len()).filter(|&k| k != class).map(|k| out[k]);
            let most = if out.len() == 1 { 1.0 - own } else { others.fold(f64::NEG_INFINITY, f64::max) };
            // Of equals the first is the most probable; a class is to win clearly.
            (own, if own > most { own - most } else { (own - most).min(-f64::MIN_POSITIVE) })
        }
    }
}
