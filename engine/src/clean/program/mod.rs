//! What cleaning does to a row, once its steps are fitted: a list of operations on registers.
//!
//! A [`Program`] is written as SQL by [`Program::select`], run on a table by [`apply`] and on a single row by [`Row`]; all
//! three agree on every value. It is flat, so that nothing a user builds can overflow a stack, and it is stored with a model.
//!
//! Register `i` is the column `inputs[i]`; register `inputs.len() + k` is what `ops[k]` makes of registers before it. A truth value is
//! 0 or 1, a date counts days and a timestamp seconds since 2000-01-01, as everywhere in the engine; a number that is not a
//! number is missing.

mod apply;
mod forget;
pub(crate) mod literal;
mod number;
mod pair;
mod row;
mod seek;
mod sql;
mod text;
mod validate;

pub(crate) use apply::copy;
pub(crate) use apply::text_of;
pub use apply::{apply, run};
pub(crate) use forget::{is_like_stand_in, Renaming};
pub(crate) use number::spell_moment;
pub use number::{Comparison, DigitsOf, MomentPart, NumberOp};
pub(in crate::clean) use pair::fold;
pub use pair::{GroupFill, Pair, PairOp};
pub use row::Row;
pub(crate) use seek::Seeker;
pub use sql::{Cast, Distinct, RowFilters, SourceSql};
pub use text::{change_case, plain_number, Case, Levels, ReadOp, TextOp};

use serde::{Deserialize, Serialize};

use super::text::Method;
use crate::model::InputKind;

/// What a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A number.
    Number,
    /// A truth value.
    Boolean,
    /// A text.
    Text,
    /// A date.
    Date,
    /// A timestamp.
    Timestamp,
    /// A timestamp with time zone, on the clocks of a zone.
    Timestamptz,
    /// Anything else: it is passed on as it stands.
    Other,
}

impl Kind {
    /// Of an input of a model.
    pub fn of(kind: InputKind) -> Kind {
        match kind {
            InputKind::Number => Kind::Number,
            InputKind::Boolean => Kind::Boolean,
            InputKind::Category | InputKind::Text => Kind::Text,
            InputKind::Date => Kind::Date,
            InputKind::Timestamp => Kind::Timestamp,
            InputKind::Timestamptz => Kind::Timestamptz,
            InputKind::Interval | InputKind::Array => Kind::Other,
        }
    }

    /// As an input of a model.
    pub fn input(self) -> InputKind {
        match self {
            Kind::Number | Kind::Other => InputKind::Number,
            Kind::Boolean => InputKind::Boolean,
            Kind::Text => InputKind::Category,
            Kind::Date => InputKind::Date,
            Kind::Timestamp => InputKind::Timestamp,
            Kind::Timestamptz => InputKind::Timestamptz,
        }
    }

    /// Whether it is a point in time.
    pub fn is_moment(self) -> bool {
        matches!(self, Kind::Date | Kind::Timestamp | Kind::Timestamptz)
    }

    /// Whether operations on numbers take it: a number or a truth value.
    pub fn is_numeric(self) -> bool {
        matches!(self, Kind::Number | Kind::Boolean)
    }

    /// What it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Boolean => "a boolean",
            Kind::Text => "a text",
            Kind::Date => "a date",
            Kind::Timestamp => "a timestamp",
            Kind::Timestamptz => "a timestamp with time zone",
            Kind::Other => "of a type that cannot be cleaned",
        }
    }
}

/// A column that a program reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// A text of a text.
    Text {
        /// The register it reads.
        from: u32,
        /// What it does.
        op: TextOp,
    },
    /// A number, truth value or moment of a text.
    Read {
        /// The register it reads.
        from: u32,
        /// What it does.
        op: ReadOp,
    },
    /// A number, truth value or moment of one.
    Number {
        /// The register it reads.
        from: u32,
        /// What it does.
        op: NumberOp,
    },
    /// Whether a register has no value.
    IsMissing {
        /// The register it reads.
        from: u32,
    },
    /// A number of two.
    Pair(Pair),
    /// A number where there is none, by the group of the row.
    GroupFill(GroupFill),
    /// The digits of a whole number.
    Spell {
        /// The register it reads.
        from: u32,
    },
    /// Personal data in a text hidden.
    Mask {
        /// The register it reads.
        from: u32,
        /// How.
        method: Method,
        /// What is hashed with each value.
        salt: String,
    },
    /// A text, and where there is none another.
    Coalesce {
        /// The register of the text.
        from: u32,
        /// The register of the other.
        other: u32,
    },
}

impl Op {
    /// The registers it reads.
    pub fn reads(&self) -> [Option<u32>; 2] {
        match self {
            Op::Text { from, .. }
            | Op::Read { from, .. }
            | Op::Number { from, .. }
            | Op::IsMissing { from }
            | Op::Spell { from }
            | Op::Mask { from, .. } => [Some(*from), None],
            Op::Pair(pair) => [Some(pair.left), Some(pair.right)],
            Op::GroupFill(fill) => [Some(fill.from), Some(fill.group)],
            Op::Coalesce { from, other } => [Some(*from), Some(*other)],
        }
    }

    fn reads_mut(&mut self) -> [Option<&mut u32>; 2] {
        match self {
            Op::Text { from, .. }
            | Op::Read { from, .. }
            | Op::Number { from, .. }
            | Op::IsMissing { from }
            | Op::Spell { from }
            | Op::Mask { from, .. } => [Some(from), None],
            Op::Pair(pair) => [Some(&mut pair.left), Some(&mut pair.right)],
            Op::GroupFill(fill) => [Some(&mut fill.from), Some(&mut fill.group)],
            Op::Coalesce { from, other } => [Some(from), Some(other)],
        }
    }

    /// What it makes of what it reads; `None` where it does not take that.
    pub fn kind(&self, kinds: &[Kind]) -> Option<Kind> {
        let of = |register: u32| kinds.get(register as usize).copied();
        match self {
            Op::Text { from, .. } | Op::Mask { from, .. } => (of(*from)? == Kind::Text).then_some(Kind::Text),
            Op::Read { from, op } => (of(*from)? == Kind::Text).then_some(op.kind()),
            Op::Number { from, op } => op.kind(of(*from)?),
            Op::IsMissing { from } => of(*from).filter(|k| *k != Kind::Other).map(|_| Kind::Boolean),
            Op::Spell { from } => of(*from)?.is_numeric().then_some(Kind::Text),
            Op::Pair(pair) => pair.op.kind(of(pair.left)?, of(pair.right)?),
            Op::GroupFill(fill) => {
                (of(fill.from)?.is_numeric() && of(fill.group)? == Kind::Text).then_some(Kind::Number)
            }
            Op::Coalesce { from, other } => {
                (of(*from)? == Kind::Text && of(*other)? == Kind::Text).then_some(Kind::Text)
            }
        }
    }
}

/// A column that a program makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The name.
    pub name: String,
    /// The register it shows.
    pub register: u32,
}

/// Fitted steps. Frozen, as a model is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The columns it reads.
    pub inputs: Vec<Source>,
    /// What it does, in order.
    pub ops: Vec<Op>,
    /// The columns it makes.
    pub outputs: Vec<Output>,
}

impl Program {
    /// One that passes its inputs on.
    pub fn new(inputs: Vec<Source>) -> Program {
        let output = |(i, s): (usize, &Source)| Output { name: s.name.clone(), register: i as u32 };
        let outputs = inputs.iter().enumerate().map(output).collect();
        Program { inputs, ops: Vec::new(), outputs }
    }

    /// What each register holds; `None` for a program that is not valid.
    pub fn kinds(&self) -> Option<Vec<Kind>> {
        let mut kinds: Vec<Kind> = self.inputs.iter().map(|s| s.kind).collect();
        for op in &self.ops {
            let kind = op.kind(&kinds)?;
            kinds.push(kind);
        }
        Some(kinds)
    }

    /// Whether a register is a column as it came.
    pub fn is_input(&self, register: u32) -> bool {
        (register as usize) < self.inputs.len()
    }

    /// Whether an operation reads a register.
    pub fn is_read(&self, register: u32) -> bool {
        self.ops.iter().any(|op| op.reads().contains(&Some(register)))
    }

    /// Keep these outputs alone, with the operations and inputs that they need.
    pub fn keep(&mut self, names: &[&str]) {
        self.outputs.retain(|o| names.contains(&o.name.as_str()));
        let count = self.inputs.len();
        let mut needed = vec![false; count + self.ops.len()];
        for output in &self.outputs {
            needed[output.register as usize] = true;
        }
        for k in (0..self.ops.len()).rev() {
            if needed[count + k] {
                self.ops[k].reads().into_iter().flatten().for_each(|r| needed[r as usize] = true);
            }
        }
        let mut place = vec![u32::MAX; needed.len()];
        let kept = needed.iter().enumerate().filter(|(_, needed)| **needed);
        for (next, (register, _)) in kept.enumerate() {
            place[register] = next as u32;
        }
        let mut flags = needed.iter();
        self.inputs.retain(|_| *flags.next().unwrap_or(&false));
        self.ops.retain(|_| *flags.next().unwrap_or(&false));
        for op in &mut self.ops {
            op.reads_mut().into_iter().flatten().for_each(|r| *r = place[*r as usize]);
        }
        self.outputs.iter_mut().for_each(|o| o.register = place[o.register as usize]);
    }
}
