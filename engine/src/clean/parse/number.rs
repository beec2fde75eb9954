//! Numbers as people write them.

use super::plain::{self, plain};
use super::words::{dollar_prefix, is_rupee, rupee_power, word, Word};
use crate::clean::text::trim_space;

/// Which sign stands before the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimal {
    /// Each text says so itself: of a point and a comma the last is the decimal sign; one comma before exactly three digits (`1,234`) groups
    /// thousands, one point does not (`1.234`); a sign that comes several times groups thousands.
    #[default]
    Detect,
    /// `1,234.5`.
    Point,
    /// `1.234,5`.
    Comma,
}

impl Decimal {
    /// The sign, as steps and functions take it; `None` where each text says so itself.
    pub fn sign(self) -> Option<&'static str> {
        match self {
            Decimal::Detect => None,
            Decimal::Point => Some("."),
            Decimal::Comma => Some(","),
        }
    }
}

/// Powers of ten that a float8 holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Digits that a 64-bit mantissa holds whatever they are.
const MANTISSA_DIGITS: usize = 19;

/// Longer exponents are infinite or zero whatever stands before them.
const LARGEST_EXPONENT: i64 = 100_000;

/// The nearest float8 of a number with currency, thousands separators, percent, brackets for minus, magnitudes or an exponent.
///
/// `None` for what is no number, for more than 1,024 bytes, for infinity and not-a-number, and for what is beyond float8's range.
pub fn number(text: &str, decimal: Decimal) -> Option<f64> {
    number_bytes(text.as_bytes(), decimal)
}

/// As [`number`], of bytes that may not be UTF-8 (then `None`).
pub fn number_bytes(text: &[u8], decimal: Decimal) -> Option<f64> {
    if text.is_ascii() {
        return if text.len() > plain::LONGEST { read(text.trim_ascii(), decimal) } else { read(text, decimal) };
    }
    let text = trim_space(std::str::from_utf8(text).ok()?);
    if text.len() > plain::LONGEST {
        return None;
    }
    let mut buffer = [0; plain::LONGEST];
    read(plain(text, &mut buffer)?, decimal)
}

/// What was met so far.
#[derive(Default)]
struct Signs {
    minus: bool,
    signed: bool,
    open: bool,
    closed: bool,
    currencies: u8,
    /// Whether the currency is the rupee, of which `Cr` and `L` are crores and lakhs and not credit and litres.
    rupee: bool,
    scale: Option<i64>,
}

impl Signs {
    fn currency(&mut self) -> Option<()> {
        self.currencies += 1;
        (self.currencies <= 2).then_some(())
    }

    fn sign(&mut self, minus: bool) -> Option<()> {
        if self.signed || self.open {
            return None;
        }
        (self.signed, self.minus) = (true, minus);
        Some(())
    }

    fn scale(&mut self, power: i64) -> Option<()> {
        self.scale.replace(power).is_none().then_some(())
    }
}

/// Read plain bytes.
fn read(text: &[u8], decimal: Decimal) -> Option<f64> {
    if text.len() > plain::LONGEST {
        return None;
    }
    let mut signs = Signs::default();
    let start = before(text, &mut signs)?;
    let body = Body::read(text, start, decimal)?;
    let end = after(text, body.end, &mut signs)?;
    if end != text.len() || signs.open != signs.closed {
        return None;
    }
    let value = body.value(text, body.exponent.saturating_add(signs.scale.unwrap_or(0)))?;
    Some(if (signs.minus || signs.open) && value != 0.0 { -value } else { value })
}

/// The run of letters at a byte.
fn letters(text: &[u8], at: usize) -> &[u8] {
    let rest = &text[at..];
    &rest[..rest.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len())]
}

fn is_digit_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

/// Signs, brackets and currencies before the digits; where these begin.
#[inline]
fn before(text: &[u8], signs: &mut Signs) -> Option<usize> {
    let mut at = 0;
    loop {
        match *text.get(at)? {
            b'0'..=b'9' => return Some(at),
            b'.' | b',' | plain::DECIMAL if is_digit_at(text, at + 1) => return Some(at),
            b' ' | b'\t'..=b'\r' => at += 1,
            b'-' => {
                signs.sign(true)?;
                at += 1;
            }
            b'+' => {
                signs.sign(false)?;
                at += 1;
            }
            b'(' => {
                if signs.open || signs.signed {
                    return None;
                }
                signs.open = true;
                at += 1;
            }
            b'$' | plain::SIGN | plain::RUPEE => {
                signs.currency()?;
                signs.rupee |= text[at] == plain::RUPEE;
                at += 1;
            }
            // As in Turkey: %54,2
            b'%' => {
                signs.scale(-2)?;
                at += 1;
            }
            b if b.is_ascii_alphabetic() => {
                let letters = letters(text, at);
                at += letters.len();
                let dollar = text.get(at) == Some(&b'$') && dollar_prefix(letters);
                // The cedi of Ghana: GH₵ 5
                if dollar || letters == b"GH" && text.get(at) == Some(&plain::SIGN) {
                    continue;
                }
                let sol = is_sol(text, at, letters);
                if !sol && word(letters)? != Word::Currency {
                    return None;
                }
                at += usize::from(sol);
                signs.currency()?;
                signs.rupee |= is_rupee(letters);
                // The point of an abbreviation: Rs.500
                if text.get(at) == Some(&b'.') {
                    at += 1;
                }
            }
            _ => return None,
        }
    }
}

/// Whether letters before `at` and a stroke there are the sol of Peru, `S/ 5` and `S/.5`; `S/12` may be a code.
fn is_sol(text: &[u8], at: usize, letters: &[u8]) -> bool {
    letters == b"S" && matches!(text.get(at..at + 2), Some(b"/ " | b"/."))
}

/// Percent, magnitudes, currencies, signs and brackets behind the digits; where they end.
#[inline]
fn after(text: &[u8], mut at: usize, signs: &mut Signs) -> Option<usize> {
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t'..=b'\r' => at += 1,
            b'%' => {
                signs.scale(-2)?;
                at += 1;
            }
            plain::PER_MILLE => {
                signs.scale(-3)?;
                at += 1;
            }
            plain::MYRIAD => {
                signs.scale(4)?;
                at += 1;
            }
            plain::HUNDRED_MILLION => {
                signs.scale(8)?;
                at += 1;
            }
            b'$' | plain::SIGN | plain::RUPEE => {
                signs.currency()?;
                at += 1;
            }
            b'-' => {
                signs.sign(true)?;
                at += 1;
            }
            b')' if signs.open && !signs.closed => {
                signs.closed = true;
                at += 1;
            }
            // Rs. 500/-
            b'/' if text.get(at + 1) == Some(&b'-') && signs.currencies > 0 => at += 2,
            b if b.is_ascii_alphabetic() => {
                let letters = letters(text, at);
                at += letters.len();
                if text.get(at) == Some(&b'$') && dollar_prefix(letters) {
                    // Behind a number M$ and B$ are millions and billions as well.
                    (!matches!(letters, b"M" | b"B")).then_some(())?;
                    continue;
                }
                let power = rupee_power(letters).filter(|_| signs.rupee).map(Word::Power);
                match power.or_else(|| word(letters))? {
                    Word::Currency => signs.currency()?,
                    Word::Power(power) => signs.scale(power)?,
                }
                if text.get(at) == Some(&b'.') {
                    at += 1;
                }
            }
            _ => return None,
        }
    }
    Some(at)
}

/// The digits with their separators and exponent.
struct Body {
    start: usize,
    /// Where the digits end and the exponent begins.
    digits_end: usize,
    end: usize,
    /// Of the first 19 digits, or of as many as there are.
    mantissa: u64,
    digits: usize,
    /// The power of ten of the last digit.
    exponent: i64,
}

/// How the digits are grouped, told before it is known which separator is the decimal sign: only the last may be.
#[derive(Default)]
struct Groups {
    /// The last separator; 0 before the first.
    last: u8,
    /// The separator of thousands, once there is one.
    thousands: u8,
    first: usize,
    inner: usize,
    latest: usize,
    all_of_three: bool,
    all_but_latest_of_two: bool,
}

impl Groups {
    /// A group of `len` digits ended at a separator, or at the end when the last separator turned out to be one of thousands.
    fn push(&mut self, len: usize) -> Option<()> {
        if self.last == 0 {
            self.first = len;
            (self.all_of_three, self.all_but_latest_of_two) = (true, true);
            return Some(());
        }
        if self.thousands != 0 && self.thousands != self.last {
            return None;
        }
        self.thousands = self.last;
        self.all_but_latest_of_two &= self.inner == 0 || self.latest == 2;
        self.all_of_three &= len == 3;
        self.latest = len;
        self.inner += 1;
        Some(())
    }

    /// Groups of three, or as in India 12,34,567.
    fn are_valid(&self, leading_zero: bool) -> bool {
        self.inner == 0
            || !leading_zero
                && (self.all_of_three && (1..=3).contains(&self.first)
                    || self.all_but_latest_of_two && self.latest == 3 && (1..=2).contains(&self.first))
    }

    /// Whether the last separator, before `len` digits, is the decimal sign.
    fn last_is_decimal(&self, len: usize, leading_zero: bool, decimal: Decimal) -> bool {
        match (self.last, decimal) {
            (plain::DECIMAL, _) | (b'.', Decimal::Point) | (b',', Decimal::Comma) => true,
            (b'.' | b',', Decimal::Detect) => match (self.thousands, self.last) {
                (0, b',') => len != 3 || leading_zero || !(1..=3).contains(&self.first),
                (0, _) => true,
                (thousands, last) => thousands != last,
            },
            _ => false,
        }
    }
}

/// Whether a digit follows, so that a blank groups digits: runs of blanks do not.
fn groups_digits(text: &[u8], at: usize, byte: u8) -> bool {
    matches!(byte, b' ' | b'\'' | b'_') && is_digit_at(text, at + 1)
}

impl Body {
    #[inline]
    fn read(text: &[u8], start: usize, decimal: Decimal) -> Option<Body> {
        let mut groups = Groups::default();
        let (mut at, mut len, mut digits, mut mantissa) = (start, 0, 0, 0u64);
        while let Some(&byte) = text.get(at) {
            if byte.is_ascii_digit() {
                if digits < MANTISSA_DIGITS {
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                }
                digits += 1;
                len += 1;
            } else if matches!(byte, b'.' | b',' | plain::DECIMAL) || groups_digits(text, at, byte) {
                groups.push(len)?;
                (groups.last, len) = (byte, 0);
            } else {
                break;
            }
            at += 1;
        }
        let leading_zero = text.get(start) == Some(&b'0');
        let mut fraction = 0;
        if groups.last != 0 {
            if groups.last_is_decimal(len, leading_zero, decimal) {
                // A decimal sign comes once.
                (groups.thousands != groups.last).then_some(())?;
                fraction = len;
            } else {
                groups.push(len)?;
            }
        }
        if digits == 0 || !groups.are_valid(leading_zero) {
            return None;
        }
        let digits_end = at;
        // A price without cents: 5,- or 5.-- and in Sweden 5:-
        if text.get(at..at + 2) == Some(b":-") {
            at += 2;
        } else if groups.last != 0 && len == 0 {
            let dashes = text[at..].iter().take_while(|&&b| b == b'-').count();
            at += if dashes <= 2 { dashes } else { 0 };
        }
        let (power, end) = exponent(text, at);
        Some(Body { start, digits_end, end, mantissa, digits, exponent: power - fraction as i64 })
    }

    /// The nearest float8 of the digits times ten to the `exponent`.
    #[inline]
    fn value(&self, text: &[u8], exponent: i64) -> Option<f64> {
        let power = EXACT.get(exponent.unsigned_abs() as usize);
        match power {
            // Both operands are exact, so IEEE 754 rounds once, correctly.
            Some(power) if self.digits <= MANTISSA_DIGITS && self.mantissa <= 1 << 53 => {
                Some(if exponent < 0 { self.mantissa as f64 / power } else { self.mantissa as f64 * power })
            }
            _ => self.slow_value(text, exponent),
        }
    }

    /// By std's reader, which rounds correctly whatever the length.
    #[cold]
    fn slow_value(&self, text: &[u8], exponent: i64) -> Option<f64> {
        use std::io::Write;
        let mut buffer = [0u8; plain::LONGEST + 32];
        let mut len = 0;
        for &digit in text[self.start..self.digits_end].iter().filter(|b| b.is_ascii_digit()) {
            *buffer.get_mut(len)? = digit;
            len += 1;
        }
        let mut rest = buffer.get_mut(len..)?;
        let room = rest.len();
        write!(rest, "e{exponent}").ok()?;
        len += room - rest.len();
        let value: f64 = std::str::from_utf8(buffer.get(..len)?).ok()?.parse().ok()?;
        value.is_finite().then_some(value)
    }
}

/// An exponent at `at` and where it ends; 0 and `at` where there is none.
fn exponent(text: &[u8], at: usize) -> (i64, usize) {
    if !matches!(text.get(at), Some(b'e' | b'E')) {
        return (0, at);
    }
    let negative = text.get(at + 1) == Some(&b'-');
    let mut end = at + 1 + usize::from(negative || text.get(at + 1) == Some(&b'+'));
    if !is_digit_at(text, end) {
        return (0, at);
    }
    let mut power = 0;
    while let Some(digit) = text.get(end).filter(|b| b.is_ascii_digit()) {
        power = (power * 10 + i64::from(digit - b'0')).min(LARGEST_EXPONENT);
        end += 1;
    }
    (if negative { -power } else { power }, end)
}
