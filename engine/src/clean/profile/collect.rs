//! Taking the values of one column as they come.

use super::moments::Moments;
use super::role::{Kind, Role};
use super::texts::Parsed;
use super::values::{Sizes, Values};
use super::{numbers, texts, ColumnProfile, Frequent, Summary};
use crate::clean::sketch::{Quantiles, LONGEST};
use crate::clean::text::is_blank;
use crate::error::Result;

/// Frequent values that a profile shows.
const SHOWN: usize = 10;

/// Numbers as they come.
#[derive(Debug)]
pub(super) struct Numbers {
    /// Whether numbers are kept as integers, which have more digits than a float has.
    integers: bool,
    batch: Vec<u64>,
    floats: Vec<f64>,
    most: usize,
    /// The bytes of a number with its digits.
    key: Vec<u8>,
    pub moments: Moments,
    pub quantiles: Quantiles,
    pub values: Values,
    pub nan: u64,
    pub infinite: u64,
    /// Whether all are whole numbers.
    pub whole: bool,
}

impl Numbers {
    fn new(integers: bool, sizes: &Sizes) -> Numbers {
        Numbers {
            integers,
            batch: Vec::with_capacity(sizes.batch),
            floats: Vec::with_capacity(sizes.batch),
            most: sizes.batch,
            key: Vec::new(),
            moments: Moments::default(),
            quantiles: Quantiles::new(sizes.k),
            values: Values::new(sizes),
            nan: 0,
            infinite: 0,
            whole: true,
        }
    }

    #[inline]
    fn push(&mut self, word: u64) -> Result<()> {
        if self.batch.len() >= self.most {
            self.flush()?;
        }
        self.batch.push(word);
        Ok(())
    }

    /// Take a number that a float does not tell from its neighbours, with its digits.
    fn push_exact(&mut self, value: f64, digits: &[u8]) -> Result<()> {
        self.key.clear();
        self.key.extend_from_slice(&(value + 0.0).to_bits().to_le_bytes());
        self.key.extend_from_slice(digits);
        self.values.insert(&self.key)?;
        self.quantiles.insert(value)?;
        self.whole &= !digits.contains(&b'.');
        // Of a number beyond all floats there is no mean then.
        self.moments.add(&[value]);
        Ok(())
    }

    /// Take the batch: one sketch after the other, each with what it needs near.
    fn flush(&mut self) -> Result<()> {
        let Numbers { integers, batch, floats, moments, quantiles, values, nan, infinite, whole, .. } = self;
        let all = batch.len();
        if *integers {
            floats.extend(batch.iter().map(|&word| word as i64 as f64));
        } else {
            batch.retain(|&word| !f64::from_bits(word).is_nan());
            floats.extend(batch.iter().map(|&word| f64::from_bits(word)));
        }
        *nan += (all - batch.len()) as u64;
        for &value in floats.iter() {
            quantiles.insert(value)?;
        }
        for &word in batch.iter() {
            values.insert(&word.to_le_bytes())?;
        }
        batch.clear();
        let there = floats.len();
        floats.retain(|value| value.is_finite());
        *infinite += (there - floats.len()) as u64;
        *whole &= floats.iter().all(|&value| value as i64 as f64 == value);
        moments.add(floats);
        floats.clear();
        Ok(())
    }

    /// The number whose bytes are a value.
    pub fn number(&self, bytes: &[u8]) -> f64 {
        number(self.integers, bytes)
    }
}

/// The number of the bytes of a [`Frequent`] value of a column of numbers.
pub fn number(integers: bool, bytes: &[u8]) -> f64 {
    let word = bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    if integers {
        word as i64 as f64
    } else {
        f64::from_bits(word)
    }
}

/// The digits of such a number, where it was taken with them.
pub fn digits(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(8..).filter(|digits| !digits.is_empty())
}

/// Texts as they come.
#[derive(Debug)]
pub(super) struct Texts {
    pub values: Values,
    pub first: Option<Vec<u8>>,
    pub last: Option<Vec<u8>>,
    pub length: u64,
    pub blanks: u64,
    /// The numbers or moments in the texts, once there are too many different ones to keep.
    pub parsed: Option<Parsed>,
    sizes: Sizes,
}

impl Texts {
    fn new(sizes: &Sizes) -> Texts {
        Texts { values: Values::new(sizes), first: None, last: None, length: 0, blanks: 0, parsed: None, sizes: *sizes }
    }

    #[inline]
    fn push(&mut self, text: &[u8]) -> Result<()> {
        self.length = self.length.saturating_add(text.len() as u64);
        // A text whose first byte is that of a letter, digit or sign is not blank.
        if !text.first().is_some_and(|byte| (0x21..0xC2).contains(byte))
            && std::str::from_utf8(text).is_ok_and(is_blank)
        {
            self.blanks += 1;
        }
        if let Some(parsed) = &mut self.parsed {
            if let Ok(text) = std::str::from_utf8(text) {
                parsed.take(text, 1)?;
            }
            if parsed.is_hopeless() {
                self.parsed = None;
            }
        }
        if self.values.is_full(text) {
            self.begin(text)?;
        }
        if self.values.insert(text)? {
            self.widen(&text[..text.len().min(LONGEST)]);
        }
        Ok(())
    }

    #[cold]
    fn begin(&mut self, text: &[u8]) -> Result<()> {
        if !self.values.has(text) {
            self.parsed = Parsed::begin(&self.values, &self.sizes)?;
            if let (Some(parsed), Ok(text)) = (&mut self.parsed, std::str::from_utf8(text)) {
                parsed.take(text, 1)?;
            }
        }
        Ok(())
    }

    fn widen(&mut self, text: &[u8]) {
        if self.first.as_deref().is_none_or(|first| text < first) {
            self.first = Some(text.to_vec());
        }
        if self.last.as_deref().is_none_or(|last| text > last) {
            self.last = Some(text.to_vec());
        }
    }
}

#[derive(Debug)]
enum Body {
    Numbers(Box<Numbers>),
    Texts(Box<Texts>),
    Codes(Box<Values>),
    Opaque,
}

/// Takes the values of a column.
#[derive(Debug)]
pub struct Collector {
    kind: Kind,
    nulls: u64,
    body: Body,
}

impl Collector {
    /// For a column of a kind.
    pub fn new(kind: Kind, sizes: &Sizes) -> Collector {
        let body = match kind {
            Kind::Integer
            | Kind::Number
            | Kind::Boolean
            | Kind::Date
            | Kind::Timestamp
            | Kind::Timestamptz
            | Kind::Interval => Body::Numbers(Box::new(Numbers::new(kind == Kind::Integer, sizes))),
            Kind::Text => Body::Texts(Box::new(Texts::new(sizes))),
            Kind::Code | Kind::Amount => Body::Codes(Box::new(Values::new(sizes))),
            Kind::Opaque => Body::Opaque,
        };
        Collector { kind, nulls: 0, body }
    }

    /// Take a NULL.
    #[inline]
    pub fn null(&mut self) {
        self.nulls += 1;
    }

    /// Take a number, truth value or moment.
    #[inline]
    pub fn number(&mut self, value: f64) -> Result<()> {
        match &mut self.body {
            // The two zeros are one value.
            Body::Numbers(numbers) => numbers.push((value + 0.0).to_bits()),
            _ => Ok(()),
        }
    }

    /// Take a number that a float does not tell from its neighbours: the nearest float, and the digits that say which it is.
    pub fn exact(&mut self, value: f64, digits: &[u8]) -> Result<()> {
        match &mut self.body {
            Body::Numbers(numbers) => numbers.push_exact(value, digits),
            _ => Ok(()),
        }
    }

    /// Take a number of a column of [`Kind::Integer`].
    #[inline]
    pub fn integer(&mut self, value: i64) -> Result<()> {
        match &mut self.body {
            Body::Numbers(numbers) => numbers.push(value as u64),
            _ => Ok(()),
        }
    }

    /// Take a text or a code.
    #[inline]
    pub fn text(&mut self, text: &[u8]) -> Result<()> {
        match &mut self.body {
            Body::Texts(texts) => texts.push(text),
            Body::Codes(values) => values.insert(text).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Judge the column `name` after so many rows, at the moment `now` in seconds since 2000-01-01.
    pub fn finish(self, name: &str, rows: u64, now: f64) -> Result<ColumnProfile> {
        let mut profile = ColumnProfile {
            role: Role::Other,
            rows,
            nulls: self.nulls,
            distinct: None,
            exact: true,
            text_range: None,
            summary: Summary::default(),
            top: Vec::new(),
            missed: 0,
            blanks: None,
            placeholders: None,
            average_length: None,
            findings: Vec::new(),
            steps: Vec::new(),
        };
        match self.body {
            Body::Numbers(mut numbers) => {
                numbers.flush()?;
                show(&mut profile, &numbers.values)?;
                numbers::judge(&mut profile, name, self.kind, &numbers, now)?;
            }
            Body::Texts(texts) => {
                show(&mut profile, &texts.values)?;
                texts::judge(&mut profile, name, &texts, now)?;
            }
            Body::Codes(values) => {
                show(&mut profile, &values)?;
                let filled = rows - self.nulls;
                profile.role = match profile.distinct {
                    _ if filled == 0 => Role::Empty,
                    Some(1) if self.nulls == 0 && rows > 1 => Role::Constant,
                    _ if self.kind == Kind::Amount => Role::Number,
                    Some(distinct) if is_unique(distinct, filled, profile.exact) => Role::Id,
                    _ => Role::Category,
                };
                if profile.role == Role::Number {
                    profile.find(
                        super::Severity::Note,
                        "amounts of the type money: cast them to numeric in the source to learn from them",
                    );
                }
                general(&mut profile, name);
            }
            Body::Opaque => {
                if rows > 0 && self.nulls == rows {
                    profile.role = Role::Empty;
                }
                general(&mut profile, name);
            }
        }
        profile.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(profile)
    }
}

/// Take over the counts of values.
fn show(profile: &mut ColumnProfile, values: &Values) -> Result<()> {
    profile.exact = values.is_exact();
    profile.distinct = Some(values.distinct().min(profile.rows - profile.nulls));
    let (top, missed) = values.top(SHOWN)?;
    let frequent = |k: super::Known<'_>| Frequent { value: k.value.to_vec(), cut: k.cut, rows: k.rows };
    profile.top = top.into_iter().map(frequent).collect();
    profile.missed = missed;
    Ok(())
}

/// Rows from which on unique values mean something.
const ENOUGH: u64 = 20;

/// Whether every row has another value, as far as that is known.
pub(super) fn is_unique(distinct: u64, filled: u64, exact: bool) -> bool {
    filled >= ENOUGH && if exact { distinct == filled } else { distinct as f64 >= 0.97 * filled as f64 }
}

/// What is said of a column of any kind.
pub(super) fn general(profile: &mut ColumnProfile, name: &str) {
    use super::Severity::{Note, Warning};
    let (rows, nulls) = (profile.rows, profile.nulls);
    match profile.role {
        Role::Empty if rows > 0 => {
            profile.find(Warning, "no row has a value");
            profile.steps = vec![super::steps::drop_column(name)];
        }
        Role::Constant => {
            profile.find(Warning, "all rows have the same value");
            profile.steps = vec![super::steps::drop_column(name)];
        }
        Role::Id => {
            let every = if profile.exact { "every" } else { "nearly every" };
            let text = format!("{every} row has another value: it names the row and cannot be learned from");
            profile.find(Note, text);
        }
        _ if nulls > 0 && nulls as f64 >= 0.5 * rows as f64 => {
            profile.find(Warning, super::rows_that(nulls, rows, super::ARE, "NULL"));
        }
        _ => {}
    }
}
