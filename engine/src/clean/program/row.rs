//! A program on one row: what a model does with the row it scores.

use super::pair::{fold, spell};
use super::text::{mask, Reader};
use super::{Kind, Op, Pair, PairOp, Program};

/// The registers of one row. Made once, used for many: its texts keep their memory.
#[derive(Debug)]
pub struct Row {
    kinds: Vec<Kind>,
    numbers: Vec<f64>,
    texts: Vec<Text>,
    /// One an operation.
    readers: Vec<Reader>,
}

#[derive(Debug, Clone, Default)]
struct Text {
    present: bool,
    buffer: String,
}

impl Text {
    fn get(&self) -> Option<&str> {
        self.present.then_some(self.buffer.as_str())
    }
}

impl Row {
    /// For a program that is valid.
    pub fn new(program: &Program) -> Row {
        let kinds = program.kinds().unwrap_or_default();
        let reader = |op: &Op| match op {
            Op::Read { op, .. } => Reader::new(op),
            _ => Reader::default(),
        };
        Row {
            numbers: vec![f64::NAN; kinds.len()],
            texts: vec![Text::default(); kinds.len()],
            readers: program.ops.iter().map(reader).collect(),
            kinds,
        }
    }

    /// Give an input a number; NaN is missing.
    pub fn set_number(&mut self, input: usize, value: f64) {
        if let Some(place) = self.numbers.get_mut(input) {
            *place = value;
        }
    }

    /// Give an input a text, `None` for none.
    pub fn set_text(&mut self, input: usize, value: Option<&[u8]>) {
        if let Some(text) = self.texts.get_mut(input) {
            text.present = value.is_some();
            text.buffer.clear();
            if let Some(value) = value {
                text.buffer.push_str(&String::from_utf8_lossy(value));
            }
        }
    }

    /// The number in a register.
    pub fn number(&self, register: u32) -> f64 {
        self.numbers.get(register as usize).copied().unwrap_or(f64::NAN)
    }

    /// The text in a register.
    pub fn text(&self, register: u32) -> Option<&str> {
        self.texts.get(register as usize).and_then(Text::get)
    }

    /// What is in a register, as JSON.
    pub fn value(&self, register: u32) -> serde_json::Value {
        use serde_json::Value;
        let number = self.number(register);
        match self.kind(register) {
            Kind::Text => self.text(register).map_or(Value::Null, Value::from),
            _ if number.is_nan() => Value::Null,
            Kind::Boolean => Value::Bool(number != 0.0),
            kind if kind.is_moment() => Value::from(super::number::spell_moment(kind, number)),
            _ if number.is_infinite() => Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" }),
            _ => Value::from(number),
        }
    }

    /// Run the program this was made for.
    pub fn run(&mut self, program: &Program) {
        let first = program.inputs.len();
        for (k, op) in program.ops.iter().enumerate() {
            let to = first + k;
            match op {
                Op::Text { from, op } => {
                    let made = op.of(self.text(*from)).map(std::borrow::Cow::into_owned);
                    self.put(to, made);
                }
                Op::Mask { from, method, salt } => {
                    let made = self.text(*from).and_then(|x| mask(x, *method, salt));
                    self.put(to, made);
                }
                Op::Spell { from } => {
                    let made = spell(self.number(*from));
                    self.put(to, made);
                }
                Op::Coalesce { from, other } => {
                    let made = self.text(*from).or(self.text(*other)).map(str::to_owned);
                    self.put(to, made);
                }
                other => self.numbers[to] = self.measure(k, other),
            }
        }
    }

    fn put(&mut self, register: usize, value: Option<String>) {
        self.texts[register] = Text { present: value.is_some(), buffer: value.unwrap_or_default() };
    }

    fn kind(&self, register: u32) -> Kind {
        self.kinds.get(register as usize).copied().unwrap_or(Kind::Other)
    }

    fn is_missing(&self, register: u32) -> bool {
        match self.kind(register) {
            Kind::Text => self.text(register).is_none(),
            _ => self.number(register).is_nan(),
        }
    }

    /// What an operation that makes a number makes.
    fn measure(&self, k: usize, op: &Op) -> f64 {
        match op {
            Op::Read { from, op } => self.readers[k].of(op, self.text(*from)),
            Op::Number { from, op } => op.of(self.kind(*from), self.number(*from)),
            Op::IsMissing { from } => super::number::truth(self.is_missing(*from)),
            Op::Pair(Pair { left, right, op: PairOp::ByFold(levels) }) => {
                self.text(*left).map_or(f64::NAN, |x| levels[fold(self.text(*right), levels.len())].of(x))
            }
            Op::Pair(pair) => pair.op.of(self.kind(pair.left), self.number(pair.left), self.number(pair.right)),
            Op::GroupFill(fill) => match self.number(fill.from) {
                x if x.is_nan() => self.text(fill.group).map_or(fill.levels.other, |g| fill.levels.of(g)),
                x => x,
            },
            Op::Text { .. } | Op::Mask { .. } | Op::Spell { .. } | Op::Coalesce { .. } => f64::NAN,
        }
    }
}
