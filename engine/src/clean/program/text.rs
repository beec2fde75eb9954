//! Operations on a text.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::number::truth;
use super::Kind;
use crate::clean::{parse, text};

/// To which case letters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Case {
    /// Small letters.
    Lower,
    /// Capital letters.
    Upper,
}

/// Numbers of levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// The levels in C order.
    pub levels: Vec<String>,
    /// The number of each.
    pub numbers: Vec<f64>,
    /// That of every other text; NaN for none.
    pub other: f64,
}

impl Levels {
    /// The number of a text.
    pub fn of(&self, level: &str) -> f64 {
        self.levels.binary_search_by(|l| l.as_str().cmp(level)).map_or(self.other, |i| self.numbers[i])
    }

    /// Those of a map.
    pub fn new(map: HashMap<String, f64>, other: f64) -> Levels {
        let mut pairs: Vec<(String, f64)> = map.into_iter().collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let (levels, numbers) = pairs.into_iter().unzip();
        Levels { levels, numbers, other }
    }
}

/// What is done to a text. No text stays none, unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TextOp {
    /// White space at both ends goes, other runs of it become a blank.
    FoldSpace,
    /// As `orchard.normalize_text`.
    Normalize(text::Form),
    /// Letters of ASCII go to a case.
    AsciiCase(Case),
    /// All letters go to a case, as `orchard.change_case`.
    Case(Case),
    /// These texts are missing values.
    NullIf(Vec<String>),
    /// Each text of the first list, in C order, becomes that of the second; others stay, or become `other`.
    Map {
        /// The texts, in C order.
        from: Vec<String>,
        /// What each becomes; `None` is missing.
        to: Vec<Option<String>>,
        /// What others become: `None` is as they are, `Some(None)` is missing.
        other: Option<Option<String>>,
    },
    /// Texts that are not among these, which are in C order, become `other`.
    Keep {
        /// The texts that stay, in C order.
        levels: Vec<String>,
        /// What the others become.
        other: String,
    },
    /// A missing text becomes this.
    Fill(String),
    /// The mark by which a spreadsheet keeps digits as text goes.
    StripMark,
}

impl TextOp {
    /// What it makes of a text.
    pub(super) fn of<'a>(&self, value: Option<&'a str>) -> Option<Cow<'a, str>> {
        let Some(x) = value else {
            return match self {
                TextOp::Fill(fill) => Some(fill.clone().into()),
                _ => None,
            };
        };
        match self {
            TextOp::FoldSpace => Some(text::fold_space(x)),
            // A text whose copy has no room is missing.
            TextOp::Normalize(form) => text::normalize(x, *form, &|| {}).ok(),
            TextOp::AsciiCase(Case::Lower) => Some(x.to_ascii_lowercase().into()),
            TextOp::AsciiCase(Case::Upper) => Some(x.to_ascii_uppercase().into()),
            TextOp::Case(case) => Some(change_case(x, *case).into()),
            TextOp::NullIf(values) => (!values.iter().any(|v| v == x)).then_some(x.into()),
            TextOp::Map { from, to, other } => match from.binary_search_by(|f| f.as_str().cmp(x)) {
                Ok(i) => to[i].clone().map(Cow::from),
                Err(_) => other.as_ref().map_or(Some(x.into()), |o| o.clone().map(Cow::from)),
            },
            TextOp::Keep { levels, other } => match levels.binary_search_by(|l| l.as_str().cmp(x)) {
                Ok(_) => Some(x.into()),
                Err(_) => Some(other.clone().into()),
            },
            TextOp::Fill(_) => Some(x.into()),
            TextOp::StripMark => Some(text::text_mark(x).unwrap_or(x).into()),
        }
    }
}

/// All letters in one case, by the rules of Unicode that no language changes.
pub fn change_case(text: &str, case: Case) -> String {
    match case {
        Case::Lower => text.to_lowercase(),
        Case::Upper => text.to_uppercase(),
    }
}

/// A text with its personal data hidden.
pub(super) fn mask(x: &str, method: text::Method, salt: &str) -> Option<String> {
    text::mask(x, method, salt, &|| {}).ok().map(Cow::into_owned)
}

/// What a text is read as. No text, and one that cannot be read, is missing unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ReadOp {
    /// A number in plain digits: [`plain_number`].
    PlainNumber {
        /// Whether a comma is the decimal sign, and a point parts thousands; else the other way round.
        comma: bool,
        /// Whether each number is followed by a percent sign.
        percent: bool,
    },
    /// A number as `orchard.parse_number` reads it: with a decimal comma, a decimal point, or what each value says.
    Number {
        /// Whether a comma is the decimal sign.
        comma: Option<bool>,
    },
    /// A truth value: these small-lettered texts are true, those false.
    Boolean {
        /// What is true.
        yes: Vec<String>,
        /// What is false.
        no: Vec<String>,
    },
    /// A timestamp in a format, as `orchard.parse_timestamp` reads it; in any that it knows where there is none.
    Timestamp(Option<String>),
    /// The date of such a timestamp.
    Date(Option<String>),
    /// The number of a level.
    Map(Levels),
    /// 1 where it is this text, else 0, for no text too.
    Is(String),
    /// Whether it is among these texts, or is not.
    IsIn {
        /// The texts.
        values: Vec<String>,
        /// Whether it must not be among them.
        negate: bool,
    },
    /// The number of characters.
    Characters,
    /// The number of words, as white space parts them.
    Words,
    /// The number of digits from 0 to 9.
    Digits,
    /// The number of capital letters from A to Z.
    Capitals,
}

impl ReadOp {
    pub(super) fn kind(&self) -> Kind {
        match self {
            ReadOp::Boolean { .. } | ReadOp::IsIn { .. } => Kind::Boolean,
            ReadOp::Timestamp(_) => Kind::Timestamp,
            ReadOp::Date(_) => Kind::Date,
            _ => Kind::Number,
        }
    }
}

/// What of a [`ReadOp`] is made ready once for many texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Reader {
    format: Option<parse::TimestampFormat>,
}

impl Reader {
    pub(super) fn new(op: &ReadOp) -> Reader {
        let format = match op {
            ReadOp::Timestamp(format) | ReadOp::Date(format) => format.as_deref(),
            _ => None,
        };
        Reader { format: format.and_then(|f| parse::TimestampFormat::compile(f).ok()) }
    }

    /// What a text is to the operation this was made for.
    pub(super) fn of(&self, op: &ReadOp, value: Option<&str>) -> f64 {
        let Some(x) = value else {
            return if matches!(op, ReadOp::Is(_)) { 0.0 } else { f64::NAN };
        };
        let moment = || parse::timestamp(x, self.format.as_ref());
        match op {
            ReadOp::Timestamp(_) => moment().map_or(f64::NAN, |micros| micros as f64 / 1e6),
            ReadOp::Date(_) => moment().map_or(f64::NAN, |micros| micros.div_euclid(parse::DAY) as f64),
            op => read(op, x),
        }
    }
}

fn read(op: &ReadOp, x: &str) -> f64 {
    match op {
        ReadOp::PlainNumber { comma, percent } => plain_number(x, *comma, *percent).unwrap_or(f64::NAN),
        ReadOp::Number { comma } => {
            let decimal = match comma {
                None => parse::Decimal::Detect,
                Some(true) => parse::Decimal::Comma,
                Some(false) => parse::Decimal::Point,
            };
            parse::number(x, decimal).unwrap_or(f64::NAN)
        }
        ReadOp::Boolean { yes, no } => {
            let x = x.to_ascii_lowercase();
            match (yes.contains(&x), no.contains(&x)) {
                (true, _) => 1.0,
                (_, true) => 0.0,
                _ => f64::NAN,
            }
        }
        ReadOp::Map(levels) => levels.of(x),
        ReadOp::Is(value) => truth(value == x),
        ReadOp::IsIn { values, negate } => truth(values.iter().any(|v| v == x) != *negate),
        ReadOp::Characters => x.chars().count() as f64,
        ReadOp::Words => match text::fold_space(x).as_ref() {
            "" => 0.0,
            folded => (folded.bytes().filter(|b| *b == b' ').count() + 1) as f64,
        },
        ReadOp::Digits => x.bytes().filter(u8::is_ascii_digit).count() as f64,
        ReadOp::Capitals => x.bytes().filter(u8::is_ascii_uppercase).count() as f64,
        ReadOp::Timestamp(_) | ReadOp::Date(_) => f64::NAN,
    }
}

/// The currency signs of [`plain_number`].
pub(super) const CURRENCY: &str = "$€£¥";

/// Digits before the decimal sign, and behind it, at most.
pub(super) const MOST_DIGITS: usize = 24;

/// A number written as most tables have it, which plain SQL can read as well: blanks around it, a sign, a currency sign, digits in threes parted by
/// thousands separators or not parted, decimals, and a percent sign where `percent` says so.
pub fn plain_number(text: &str, comma: bool, percent: bool) -> Option<f64> {
    let (decimal, thousands) = if comma { (',', '.') } else { ('.', ',') };
    let mut rest = text.trim_matches(' ');
    let mut buffer = String::with_capacity(rest.len() + 4);
    let sign = |rest: &mut &str, buffer: &mut String| {
        if let Some(after) = rest.strip_prefix(['+', '-']) {
            if rest.starts_with('-') {
                buffer.push('-');
            }
            *rest = after;
            return true;
        }
        false
    };
    let signed = sign(&mut rest, &mut buffer);
    if let Some(after) = rest.strip_prefix(|c| CURRENCY.contains(c)) {
        rest = after;
        if !signed {
            sign(&mut rest, &mut buffer);
        }
    }
    if percent {
        rest = rest.strip_suffix('%')?.trim_end_matches(' ');
    }
    let (whole, decimals) = match rest.split_once(decimal) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (rest, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if let Some(decimals) = decimals {
        if decimals.is_empty() || decimals.len() > MOST_DIGITS || !digits(decimals) {
            return None;
        }
    }
    let mut groups = whole.split(thousands);
    let first = groups.next()?;
    let grouped = whole.contains(thousands);
    if first.is_empty() || !digits(first) || first.len() > if grouped { 3 } else { MOST_DIGITS } {
        return None;
    }
    buffer.push_str(first);
    let mut count = 0;
    for group in groups {
        count += 1;
        if group.len() != 3 || !digits(group) || count > MOST_DIGITS / 3 {
            return None;
        }
        buffer.push_str(group);
    }
    if let Some(decimals) = decimals {
        buffer.push('.');
        buffer.push_str(decimals);
    }
    if percent {
        buffer.push_str("e-2");
    }
    buffer.parse().ok()
}
