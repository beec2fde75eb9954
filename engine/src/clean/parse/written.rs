//! How a number is written: what its separators say of themselves, the letter behind it, and what makes it negative.

use super::plain::{self, plain};
use super::words::{rupee_power, word, Word};
use crate::clean::text::trim_space;

/// What the points and commas of a number say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// There are none.
    None,
    /// One of this sign before exactly three digits, one to three before it: it groups thousands or begins decimals.
    Unclear(char),
    /// This is the decimal sign for sure: what stands beside it cannot be thousands.
    Decimal(char),
    /// This is the decimal sign unless the number is miswritten: not three digits stand behind it.
    Likely(char),
    /// This groups thousands for sure: it comes several times.
    Thousands(char),
}

/// What is written around the digits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// What the separators say.
    pub grouping: Grouping,
    /// Digits before the decimals.
    pub whole: usize,
    /// Digits behind the last point or comma, where it does not group thousands for sure.
    pub behind: usize,
    /// Whether the last of them is a zero.
    pub ends_in_zero: bool,
    /// A minus behind the digits, or brackets around.
    pub negative: bool,
    /// A single letter behind the digits that may be a magnitude: `k`, `m`, `b` as it stands there.
    pub letter: Option<char>,
    /// Whether white space is between the digits and that letter.
    pub apart: bool,
    /// Whether a word or sign for a magnitude is there that is more than a letter.
    pub magnitude: bool,
}

/// How a text that is a number is written; `None` where it has no digits.
pub fn written(text: &str) -> Option<Written> {
    let text = trim_space(text);
    let mut buffer = [0; plain::LONGEST];
    let plain = plain(text, &mut buffer)?;
    let start = plain.iter().position(u8::is_ascii_digit)?;
    // A point behind letters is of an abbreviation: Rs.500
    let pointed = start > 0 && matches!(plain[start - 1], b'.' | b',');
    let start = start - usize::from(pointed && (start == 1 || !plain[start - 2].is_ascii_alphabetic()));
    let is_inner = |at: usize| {
        let next = plain.get(at + 1).is_some_and(u8::is_ascii_digit);
        match plain.get(at) {
            Some(b'0'..=b'9') => true,
            Some(b'.' | b',') => true,
            Some(b' ' | b'\'' | b'_') => next,
            _ => false,
        }
    };
    let end = (start..plain.len()).find(|at| !is_inner(*at)).unwrap_or(plain.len());
    let (body, rest) = (plain.get(start..end)?, plain.get(end..)?);
    let (grouping, whole, behind) = separators(body, is_exponent(rest));
    let ends_in_zero = behind > 0 && body.last() == Some(&b'0');
    let bracketed = plain.contains(&b'(') && plain.contains(&b')');
    let cents = rest.first() == Some(&b'-') && body.last().is_some_and(|b| matches!(b, b'.' | b','));
    let price = cents || rest.starts_with(b":-");
    let trailing = !price && rest.contains(&b'-') && !rest.contains(&b'/') && !is_exponent(rest);
    let (letter, apart, magnitude) = letters(rest);
    let negative = bracketed || trailing;
    Some(Written { grouping, whole, behind, ends_in_zero, negative, letter, apart, magnitude })
}

fn is_exponent(rest: &[u8]) -> bool {
    matches!(rest, [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] | [b'e' | b'E', b'0'..=b'9', ..])
}

/// What the separators of digits say, how many digits are before the decimals, and how many may be decimals.
fn separators(body: &[u8], exponent: bool) -> (Grouping, usize, usize) {
    let digits = |part: &[u8]| part.iter().filter(|b| b.is_ascii_digit()).count();
    let all = digits(body);
    let Some(last) = body.iter().rposition(|b| matches!(b, b'.' | b',')) else { return (Grouping::None, all, 0) };
    let (sign, before, behind) = (body[last], &body[..last], digits(&body[last..]));
    let name = char::from(sign);
    if before.contains(&sign) {
        return (Grouping::Thousands(name), all, 0);
    }
    let grouped = before.iter().any(|b| !b.is_ascii_digit());
    let whole = digits(before);
    let three = behind == 3 && (1..=3).contains(&whole) && before.first() != Some(&b'0') && !exponent;
    let grouping = match () {
        _ if grouped || exponent => Grouping::Decimal(name),
        _ if three => Grouping::Unclear(name),
        _ if behind == 3 => Grouping::Decimal(name),
        _ => Grouping::Likely(name),
    };
    (grouping, whole, behind)
}

/// A letter behind the digits that may be a magnitude, whether it stands apart, and whether a longer word or a sign for one is there.
fn letters(rest: &[u8]) -> (Option<char>, bool, bool) {
    let (mut letter, mut apart, mut magnitude) = (None, false, false);
    let mut at = 0;
    while let Some(&byte) = rest.get(at) {
        let run = rest.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let name = rest.get(at..at + run).unwrap_or_default();
        match name {
            [one @ (b'k' | b'K' | b'm' | b'M' | b'b' | b'B')] => {
                letter = Some(char::from(*one));
                apart = at > 0 && rest.get(at - 1).is_some_and(u8::is_ascii_whitespace);
            }
            [_, _, ..] => magnitude |= matches!(word(name), Some(Word::Power(_))) || rupee_power(name).is_some(),
            _ => magnitude |= matches!(byte, plain::MYRIAD | plain::HUNDRED_MILLION),
        }
        at += run.max(1);
    }
    (letter, apart, magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Grouping::{Decimal, Likely, None as Without, Thousands, Unclear};

    #[test]
    fn separators_of_numbers() {
        for (text, grouping, whole) in [
            ("1200", Without, 4),
            ("1.200 €", Unclear('.'), 1),
            ("kr. 1.200", Unclear('.'), 1),
            ("Rs.500", Without, 3),
            ("R$ 12.000", Unclear('.'), 2),
            ("-1,789", Unclear(','), 1),
            ("0.850", Decimal('.'), 1),
            ("1234.500", Decimal('.'), 4),
            ("1 234,500", Decimal(','), 4),
            ("1.25", Likely('.'), 1),
            (".250", Decimal('.'), 0),
            ("1,234.50", Decimal('.'), 4),
            ("1.234.567", Thousands('.'), 7),
            ("1.200e3", Decimal('.'), 1),
            ("$9,007,199,254,740,993.00", Decimal('.'), 16),
            ("123.456.789.012.345.678", Thousands('.'), 18),
            ("123 456 789 012 345 678", Without, 18),
        ] {
            let written = written(text).unwrap();
            assert_eq!((written.grouping, written.whole), (grouping, whole), "{text}");
        }
        let ends = |text: &str| written(text).map(|w| (w.behind, w.ends_in_zero)).unwrap();
        assert_eq!(
            [ends("1.10"), ends("1.2"), ends("10"), ends("1.200 €")],
            [(2, true), (1, false), (0, false), (3, true)]
        );
        assert_eq!(written("none"), None);
    }

    #[test]
    fn letters_and_signs() {
        let of = |text: &str| written(text).map(|w| (w.letter, w.apart, w.magnitude, w.negative)).unwrap();
        assert_eq!(of("1,80 m"), (Some('m'), true, false, false));
        assert_eq!(of("1.5k"), (Some('k'), false, false, false));
        assert_eq!(of("3 mio"), (None, false, true, false));
        assert_eq!(of("1.2万"), (None, false, true, false));
        assert_eq!(of("(12)"), (None, false, false, true));
        assert_eq!(of("12-"), (None, false, false, true));
        assert_eq!(of("5,-"), (None, false, false, false));
        assert_eq!(of("Rs. 500/-"), (None, false, false, false));
        assert_eq!(of("1e-3"), (None, false, false, false));
        assert_eq!(of("-12"), (None, false, false, false));
    }
}
