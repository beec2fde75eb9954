//! What a column of a tensor is, in terms of one input of the graph.
//!
//! Scalers, imputers and encoders stand before the trees. Each makes a column from one column, so a split behind them is a split of
//! the input: behind arithmetic that never turns, a threshold of it; behind an encoder, a set of its texts.

use std::rc::Rc;

use super::super::cut::Range;
use super::super::grow::{Of, Test};
use super::super::missing_text;
use super::{unsupported, wrong};
use crate::error::Result;

/// The most steps that follow each other.
const MOST_STEPS: usize = 64;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column<'a> {
    /// The number of the input.
    pub input: u32,
    pub values: Values<'a>,
}

/// What a column makes of its input.
#[derive(Debug, Clone)]
pub(super) enum Values<'a> {
    /// A number, after some steps.
    Number(Rc<[Step]>),
    /// One of three numbers.
    Between { range: Range, inside: f64, outside: f64, missing: f64 },
    /// A text as it is.
    Text,
    /// The number of a text.
    Encoded(Rc<Codes<'a>>),
}

/// The numbers of texts.
#[derive(Debug)]
pub(super) struct Codes<'a> {
    /// Those that are known, in C order.
    pub known: Vec<(&'a str, f64)>,
    /// Of all others.
    pub other: f64,
    /// Of NULL.
    pub missing: f64,
}

impl<'a> Codes<'a> {
    pub fn new(mut known: Vec<(&'a str, f64)>, other: f64) -> Result<Codes<'a>> {
        known.sort_unstable_by_key(|(text, _)| *text);
        if known.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(wrong("an encoder knows a text twice"));
        }
        let mut codes = Codes { known, other, missing: other };
        codes.missing = missing_text(|text| codes.find(text)).unwrap_or(other);
        Ok(codes)
    }

    fn find(&self, text: &str) -> Option<f64> {
        let place = self.known.binary_search_by_key(&text, |(other, _)| other).ok()?;
        Some(self.known[place].1)
    }

    /// The number of a text.
    pub fn of(&self, text: &str) -> f64 {
        self.find(text).unwrap_or(self.other)
    }
}

/// One operation on a number, in float or double.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub kind: Operation,
    pub by: f64,
    /// Whether both numbers and the result are floats.
    pub float: bool,
}

/// What is done to a number with another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Towards 0.
    Truncate,
    /// To the nearest number of the type.
    Round,
    /// Another number for a missing one.
    Impute,
}

impl Step {
    fn apply(&self, x: f64) -> f64 {
        // A float operation is a double one that is rounded: a double has more than twice the digits.
        let round = |x: f64| if self.float { f64::from(x as f32) } else { x };
        let (x, by) = (round(x), round(self.by));
        round(match self.kind {
            Operation::Add => x + by,
            Operation::Subtract => x - by,
            Operation::Multiply => x * by,
            Operation::Divide => x / by,
            Operation::Truncate => x.trunc(),
            Operation::Impute if x.is_nan() => by,
            Operation::Round | Operation::Impute => x,
        })
    }

    /// Whether greater numbers become smaller ones.
    fn turns(&self) -> bool {
        matches!(self.kind, Operation::Multiply | Operation::Divide) && self.by < 0.0
    }

    /// Steps by 0, or by no number, do not keep numbers in order.
    fn check(&self) -> Result<()> {
        let by = if self.float { f64::from(self.by as f32) } else { self.by };
        let scales = matches!(self.kind, Operation::Multiply | Operation::Divide);
        if !by.is_finite() && self.kind != Operation::Impute || scales && by == 0.0 {
            return Err(unsupported("arithmetic with 0 or with what is not a finite number"));
        }
        Ok(())
    }
}

/// How a node of a tree compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    Unequal,
}

impl Mode {
    /// Of its name.
    pub fn of(name: &str) -> Result<Mode> {
        Ok(match name {
            "BRANCH_LEQ" => Mode::AtMost,
            "BRANCH_LT" => Mode::Below,
            "BRANCH_GTE" => Mode::AtLeast,
            "BRANCH_GT" => Mode::Above,
            "BRANCH_EQ" => Mode::Equal,
            "BRANCH_NEQ" => Mode::Unequal,
            _ => return Err(unsupported(&format!("the mode \"{}\" of a node", name.escape_debug()))),
        })
    }
}

/// A comparison with a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub mode: Mode,
    pub value: f64,
    /// Whether a missing value says yes.
    pub missing: bool,
}

impl Rule {
    /// What the rule says of a value.
    fn says(&self, x: f64) -> bool {
        let says = match self.mode {
            Mode::AtMost => x <= self.value,
            Mode::Below => x < self.value,
            Mode::AtLeast => x >= self.value,
            Mode::Above => x > self.value,
            Mode::Equal => x == self.value,
            Mode::Unequal => x != self.value,
        };
        says || self.missing && x.is_nan()
    }
}

impl<'a> Column<'a> {
    /// The memory that it may have for itself.
    pub fn bytes(&self) -> usize {
        let own = match &self.values {
            Values::Number(steps) => std::mem::size_of_val(&**steps),
            Values::Encoded(codes) => std::mem::size_of::<Codes>() + std::mem::size_of_val(&codes.known[..]),
            Values::Between { .. } | Values::Text => 0,
        };
        std::mem::size_of::<Column>() + own
    }

    /// The column behind one more step.
    pub fn then(&self, step: Step) -> Result<Column<'a>> {
        step.check()?;
        let values = match &self.values {
            Values::Number(steps) => {
                if steps.len() >= MOST_STEPS {
                    return Err(unsupported("so many steps before the trees"));
                }
                Values::Number(steps.iter().copied().chain([step]).collect())
            }
            Values::Between { range, inside, outside, missing } => Values::Between {
                range: *range,
                inside: step.apply(*inside),
                outside: step.apply(*outside),
                missing: step.apply(*missing),
            },
            Values::Encoded(codes) => Values::Encoded(Rc::new(Codes {
                known: codes.known.iter().map(|(text, code)| (*text, step.apply(*code))).collect(),
                other: step.apply(codes.other),
                missing: step.apply(codes.missing),
            })),
            Values::Text => return Err(unsupported("arithmetic with a text")),
        };
        Ok(Column { input: self.input, values })
    }

    /// The column that is 1 where a rule says yes of a number, else 0.
    pub fn indicator(&self, rule: Rule) -> Result<Column<'a>> {
        let Values::Number(steps) = &self.values else { return Err(unsupported("an encoder behind an encoder")) };
        let (range, turned) = region(steps, &rule);
        let (inside, outside) = if turned { (0.0, 1.0) } else { (1.0, 0.0) };
        let missing = f64::from(u8::from(rule.says(apply(steps, f64::NAN))));
        Ok(Column { input: self.input, values: Values::Between { range, inside, outside, missing } })
    }

    /// The test that a rule is on the input; `set` makes the set of the texts for which something holds of their codes.
    pub fn test(&self, rule: &Rule, set: impl FnOnce(&Codes<'a>, &dyn Fn(f64) -> bool) -> Result<Of>) -> Result<Test> {
        let (of, missing, turned) = match &self.values {
            Values::Number(steps) => {
                let (range, turned) = region(steps, rule);
                (Of::Numbers(range), rule.says(apply(steps, f64::NAN)), turned)
            }
            Values::Between { range, inside, outside, missing } => {
                let (yes, no) = (rule.says(*inside), rule.says(*outside));
                let range = if yes == no { Range { above: None, upto: None } } else { *range };
                (Of::Numbers(range), rule.says(*missing), no)
            }
            Values::Encoded(codes) => (set(codes, &|code| rule.says(code))?, rule.says(codes.missing), false),
            Values::Text => return Err(wrong("a tree compares a text with a number")),
        };
        // A test tells what is missing before it is turned.
        Ok(Test { feature: self.input, of, missing: missing != turned, turned })
    }
}

fn apply(steps: &[Step], x: f64) -> f64 {
    steps.iter().fold(x, |x, step| step.apply(x))
}

/// The numbers for which a rule says yes of what steps make of them, or, where the second is true, says no.
fn region(steps: &[Step], rule: &Rule) -> (Range, bool) {
    let falls = steps.iter().filter(|step| step.turns()).count() % 2 == 1;
    let Rule { mode, value, .. } = *rule;
    let of = |x| apply(steps, x);
    // What holds of the smallest numbers, at the value and up to it.
    let (with, without) = if falls {
        (Range::upto(|x| of(x) >= value), Range::upto(|x| of(x) > value))
    } else {
        (Range::upto(|x| of(x) <= value), Range::upto(|x| of(x) < value))
    };
    match (mode, falls) {
        (Mode::AtMost, false) | (Mode::AtLeast, true) => (with, false),
        (Mode::Below, false) | (Mode::Above, true) => (without, false),
        (Mode::AtLeast, false) | (Mode::AtMost, true) => (without, true),
        (Mode::Above, false) | (Mode::Below, true) => (with, true),
        (Mode::Equal | Mode::Unequal, _) => {
            // Where no number becomes the value, both ends are the same.
            let upto = with.upto.filter(|_| with.upto != without.upto);
            (Range { above: without.upto, upto }, mode == Mode::Unequal)
        }
    }
}
