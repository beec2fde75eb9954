//! The one format of a whole column.

use super::digits::ascii;
use super::format::{self, TimestampFormat, Token};
use super::infer::candidates;
use super::number::{number, Decimal};
use super::timestamp::{read, timestamp};
use super::written::written;
use crate::clean::text::{is_placeholder, trim_space};

/// The share of a column's rows, blanks and placeholders aside, that a format must read.
pub const NEARLY_ALL: f64 = 0.95;

/// Formats that are tried on a column.
const FORMATS: usize = 32;
/// Values whose shapes are looked at.
const LOOKED_AT: usize = 1000;

/// Seconds since 1970 that count as moments in a column, 2001-09-09 to 2033-05-18: other columns of ten digits are numbers, or telephones, whose
/// area codes begin with 201 in America.
const EPOCHS: std::ops::Range<f64> = 1e9..2e9;

/// The rows of values that are read, as a share of all but blanks and placeholders.
fn share(values: &[(&str, u64)], reads: impl Fn(&str) -> bool) -> f64 {
    let (mut read, mut all) = (0.0, 0.0);
    for &(text, rows) in values {
        all += rows as f64;
        if reads(text) {
            read += rows as f64;
        }
    }
    if all > 0.0 {
        read / all
    } else {
        0.0
    }
}

fn worth_reading<'a>(values: impl Iterator<Item = (&'a str, u64)>) -> Vec<(&'a str, u64)> {
    values.filter(|(text, rows)| *rows > 0 && !is_placeholder(text)).collect()
}

/// Digits that a float8 holds whatever they are.
const DIGITS: usize = 15;

/// Whether a text of digits is a code and not a number, which would lose some of them: a zero leads, as in postcodes, or there are very many, as in the
/// numbers of orders, or long runs of them around a point, as in the ids of visitors. Two digits, as of months and hours, are numbers.
pub fn is_code(text: &str) -> bool {
    let text = trim_space(text);
    // Most texts are short.
    if text.len() <= DIGITS && !text.starts_with('0') {
        return false;
    }
    if let Some((one, other)) = text.split_once('.') {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if one.len() >= 9 && one.len() + other.len() > DIGITS && digits(one) && digits(other) {
            return true;
        }
        // As the branches of trade have it, 01.10; months before a year have a zero too.
        if one.len() > 1 && one.starts_with('0') && !other.is_empty() && digits(one) && digits(other) {
            return !is_month(text);
        }
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.len() > 2 && text.starts_with('0') || text.len() > DIGITS;
    }
    // Separators do not make the digits fewer.
    text.bytes().filter(u8::is_ascii_digit).count() > DIGITS
        && number(text, Decimal::Detect).is_some()
        && written(text).is_some_and(|w| w.whole > DIGITS)
}

/// The rows of dates of which the first number, and of which the second, is above 12 and so the day: `13/02/2024` and `02/13/2024`.
pub fn day_and_month<'a>(values: impl Iterator<Item = (&'a str, u64)>) -> (u64, u64) {
    let (mut first, mut second) = (0, 0);
    for (text, rows) in values {
        match days_or_months(text) {
            Some((13..=31, 1..=12)) => first += rows,
            Some((1..=12, 13..=31)) => second += rows,
            _ => {}
        }
    }
    (first, second)
}

/// The first two of three numbers that are parted by one sign, as in dates.
fn days_or_months(text: &str) -> Option<(u8, u8)> {
    let text = &*ascii(trim_space(text));
    let sign = text.bytes().find(|b| !b.is_ascii_digit()).filter(|b| matches!(b, b'/' | b'-' | b'.'))?;
    let mut parts = text.splitn(3, char::from(sign));
    let mut number = || parts.next().filter(|part| (1..=2).contains(&part.len())).and_then(|part| part.parse().ok());
    let pair = (number()?, number()?);
    parts.next().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).then_some(pair)
}

/// The decimal sign of a column of numbers, and the share of rows that are read with it; `None` for a column of something else.
///
/// Values come with the rows that have them; blanks and placeholders do not count. Where both conventions read as many rows it is the point.
pub fn number_format<'a>(values: impl Iterator<Item = (&'a str, u64)>) -> Option<(Decimal, f64)> {
    let values = worth_reading(values);
    let mut best = (Decimal::Point, 0.0);
    for decimal in [Decimal::Point, Decimal::Comma, Decimal::Detect] {
        let share = share(&values, |text| number(text, decimal).is_some());
        if share > best.1 && (decimal != Decimal::Detect || best.1 < NEARLY_ALL) {
            best = (decimal, share);
        }
    }
    (best.1 >= NEARLY_ALL).then_some(best)
}

/// The format of a column of dates or timestamps in the letters of `to_timestamp`, and the share of rows that it reads; `None` for a column of
/// something else, and where two formats read it equally well to different moments (days and months that are all below 13).
///
/// Values come with the rows that have them; blanks and placeholders do not count. `EPOCH` and `EPOCH_MS` are seconds and milliseconds
/// since 1970.
pub fn timestamp_format<'a>(values: impl Iterator<Item = (&'a str, u64)>) -> Option<(String, f64)> {
    let values = worth_reading(values);
    let mut formats: Vec<TimestampFormat> = Vec::new();
    for (text, _) in values.iter().take(LOOKED_AT) {
        candidates(&ascii(trim_space(text)), |tokens| {
            let known = formats.iter().any(|format| format.tokens == tokens);
            if !known && is_likely(text, tokens) {
                formats.push(TimestampFormat { tokens: tokens.to_vec() });
            }
            formats.len() >= FORMATS
        });
    }
    let without: Vec<(&str, u64)> = values.iter().filter(|(text, _)| !is_zero(text)).copied().collect();
    let shares: Vec<f64> = formats
        .iter()
        .map(|format| {
            let epoch = matches!(format.tokens[..], [Token::Epoch | Token::EpochMillis]);
            let reads = |text: &str| is_likely(text, &format.tokens) && timestamp(text, Some(format)).is_some();
            share(if epoch { &without } else { &values }, reads)
        })
        .collect();
    let (best, &most) = shares.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1))?;
    // What short names read as well as long ones is of long ones.
    let long = |format: &TimestampFormat| format.tokens.contains(&Token::MonthFull);
    let best = formats.iter().zip(&shares).position(|(format, share)| *share == most && long(format)).unwrap_or(best);
    let chosen = formats.get(best)?;
    let rivals = formats.iter().zip(&shares).filter(|(format, share)| **share == most && *format != chosen);
    let differs = |format: &TimestampFormat| {
        values.iter().any(|(text, _)| {
            let text = ascii(trim_space(text));
            let (one, other) = (read(&text, &chosen.tokens), read(&text, &format.tokens));
            one.is_some() && other.is_some() && one != other
        })
    };
    let ambiguous = rivals.into_iter().any(|(format, _)| differs(format));
    if most < NEARLY_ALL || ambiguous {
        return None;
    }
    let mixed = chosen.day_and_month_swapped().is_some() && {
        let (first, second) = day_and_month(values.iter().copied());
        first > 0 && second > 0
    };
    let read_by =
        |format: &TimestampFormat| values.iter().filter(|(t, _)| timestamp(t, Some(format)).is_some()).count();
    let months = matches!(chosen.tokens[..], [Token::Year, Token::Literal(_), Token::Month])
        && values.iter().filter(|(text, _)| is_season(text)).count() == read_by(chosen);
    if mixed || months {
        return None;
    }
    let tokens = match year_first(chosen) {
        Some(other) if read_by(&other) == read_by(chosen) => match year_is_first(&values)? {
            true => other.tokens,
            false => chosen.tokens.clone(),
        },
        _ => chosen.tokens.clone(),
    };
    Some((format::write(&tokens), most))
}

/// The format with the year first, of one with the day first and a year of two digits behind the month.
fn year_first(format: &TimestampFormat) -> Option<TimestampFormat> {
    let [Token::Day, Token::Literal(_), Token::Month, Token::Literal(_), Token::YearOfCentury, ..] = format.tokens[..]
    else {
        return None;
    };
    let mut tokens = format.tokens.clone();
    tokens.swap(0, 4);
    Some(TimestampFormat { tokens })
}

/// Whether of dates that can be read both ways the year is first, `24/01/15`, and not the day: there are many days and few years. `None` where that
/// does not tell.
fn year_is_first(values: &[(&str, u64)]) -> Option<bool> {
    let (mut first, mut last) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for (text, _) in values {
        let mut numbers = trim_space(text).split(|c: char| !c.is_ascii_digit());
        if let (Some(a), Some(c)) = (numbers.next(), numbers.nth(1)) {
            first.insert(a);
            last.insert(c);
        }
    }
    let many = |days: usize, years: usize| days >= 8 && days >= 3 * years;
    match (many(first.len(), last.len()), many(last.len(), first.len())) {
        (true, _) => Some(false),
        (_, true) => Some(true),
        _ => None,
    }
}

/// Whether a text is two years that follow each other, as of seasons and business years: `2008/09`.
pub fn is_season(text: &str) -> bool {
    let pair = trim_space(text).split_once(['/', '-']);
    let number = |part: &str, len: usize| (part.len() == len).then(|| part.parse::<u32>().ok()).flatten();
    pair.and_then(|(one, next)| number(one, 4).zip(number(next, 2))).is_some_and(|(one, next)| (one + 1) % 100 == next)
}

/// Whether a text is a month and a year of our time with a point between: `02.2021`, `2024.10`.
pub fn is_month(text: &str) -> bool {
    let year = |part: &str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    let month = |part: &str| part.len() <= 2 && part.parse::<u8>().is_ok_and(|month| (1..=12).contains(&month));
    trim_space(text).split_once('.').is_some_and(|(one, other)| {
        let digits = one.bytes().chain(other.bytes()).all(|b| b.is_ascii_digit());
        digits && (year(one) && month(other) && other.len() == 2 || month(one) && year(other))
    })
}

/// In how many forms the moments of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forms {
    /// All that can be read is of the format.
    One,
    /// Each says by itself which moment it is.
    Each,
    /// Some are of other forms, and they or those of the format cannot be read without it.
    Mixed,
}

/// The forms of moments of which nearly all are of `format`. Seconds since 1970 beside other forms are of a zone that nothing says.
pub fn forms<'a>(texts: impl Iterator<Item = &'a str> + Clone, format: &TimestampFormat) -> Forms {
    let real = || texts.clone().filter(|text| !is_placeholder(text));
    let mut others = real().filter(|t| timestamp(t, Some(format)).is_none() && timestamp(t, None).is_some()).peekable();
    if others.peek().is_none() {
        return Forms::One;
    }
    let is_epoch =
        |text: &str| matches!(trim_space(text).len(), 10 | 13) && text.trim().bytes().all(|b| b.is_ascii_digit());
    let same = |text: &str| timestamp(text, Some(format)).is_none_or(|moment| timestamp(text, None) == Some(moment));
    match others.any(is_epoch) || !real().all(same) {
        true => Forms::Mixed,
        false => Forms::Each,
    }
}

/// Whether a text is a zero, which among seconds since 1970 is written for no moment.
pub fn is_zero(text: &str) -> bool {
    matches!(trim_space(text), "0" | "0.0")
}

/// Whether a value may speak for a format: a number of ten or thirteen digits only when it is a moment of our time.
fn is_likely(text: &str, tokens: &[Token]) -> bool {
    let scale = match tokens {
        [Token::Epoch] => 1.0,
        [Token::EpochMillis] => 1e3,
        _ => return true,
    };
    ascii(trim_space(text)).parse::<f64>().is_ok_and(|value| EPOCHS.contains(&(value / scale)))
}
