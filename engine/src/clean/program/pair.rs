//! Operations on two columns.

use serde::{Deserialize, Serialize};

use super::number::{DAY, LARGEST, SMALLEST};
use super::text::Levels;
use super::Kind;

/// Seconds that no interval has, about 285,000 years.
pub(super) const LONGEST_INTERVAL: f64 = 9e12;

/// A number of two registers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The first register it reads.
    pub left: u32,
    /// The second.
    pub right: u32,
    /// What it does.
    pub op: PairOp,
}

/// What is made of two values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PairOp {
    /// The first number divided by the second; missing where that is zero.
    Ratio,
    /// The first number less the second.
    Difference,
    /// Days from the second moment to the first.
    Days,
    /// The number of a level, by the fold of the row: [`fold`] of the second value.
    ByFold(Vec<Levels>),
}

/// Numbers that stand for missing ones, by the group of the row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupFill {
    /// The register of the numbers.
    pub from: u32,
    /// The register of the groups.
    pub group: u32,
    /// The number of each group; what other groups get, and rows without one.
    pub levels: Levels,
}

impl PairOp {
    /// What it makes of two kinds.
    pub(super) fn kind(&self, left: Kind, right: Kind) -> Option<Kind> {
        let fits = match self {
            PairOp::Ratio | PairOp::Difference => left.is_numeric() && right.is_numeric(),
            PairOp::Days => left.is_moment() && right.is_moment() && left != Kind::Timestamptz && left == right,
            PairOp::ByFold(_) => left == Kind::Text && right == Kind::Text,
        };
        fits.then_some(Kind::Number)
    }

    /// Of two numbers, or two moments.
    pub(super) fn of(&self, kind: Kind, a: f64, b: f64) -> f64 {
        match self {
            PairOp::Ratio if (a == 0.0 || is_sound(a)) && is_sound(b) => a / b,
            PairOp::Difference if a.abs() <= LARGEST && b.abs() <= LARGEST => a - b,
            PairOp::Days if !a.is_finite() || !b.is_finite() => f64::NAN,
            PairOp::Days if kind == Kind::Date => a - b,
            PairOp::Days if (a - b).abs() >= LONGEST_INTERVAL => f64::NAN,
            // Of whole microseconds, as PostgreSQL subtracts them.
            PairOp::Days => ((a * 1e6).round() - (b * 1e6).round()) / 1e6 / DAY,
            _ => f64::NAN,
        }
    }
}

/// Whether a number can divide and be divided without overflow or underflow.
fn is_sound(x: f64) -> bool {
    (SMALLEST..=LARGEST).contains(&x.abs())
}

/// The fold of a row by its key: the first byte of the MD5 of its text, modulo the number of folds. (The fold has to be the same in SQL; it
/// is no secret.) A row without a key is of the first fold.
pub fn fold(key: Option<&str>, folds: usize) -> usize {
    key.map_or(0, |key| usize::from(md5::compute(key).0[0]) % folds.max(1))
}

/// The digits of the whole number nearest to a number, none beyond 2^53.
pub(super) fn spell(value: f64) -> Option<String> {
    (value.abs() <= 9_007_199_254_740_992.0).then(|| format!("{}", value.round_ties_even() as i64))
}
