//! What texts are that no step reads, and what to do with them.

use std::collections::BTreeMap;

use super::super::Severity::Note;
use super::super::{rows_of, steps, ColumnProfile, HAVE};
use super::{moments, quoted, unread, Looked, Parsed};
use crate::clean::parse::{self, Decimal, NEARLY_ALL};
use crate::clean::text::{text_mark, trim_space};

/// Say what texts of no type are; whether they have an order, as of numbers and moments, so that they are no names of rows.
pub fn say(profile: &mut ColumnProfile, looked: &Looked<'_>, parsed: Option<&Parsed>) -> bool {
    say_formulas(profile, looked);
    say_zone(profile, looked)
        || moments::say_ambiguous(profile, looked, parsed)
        || say_eras(profile, looked)
        || say_forms(profile, looked)
        || say_parts_of_dates(profile, looked)
        || say_durations(profile, looked)
        || say_units(profile, looked)
        || say_bounds(profile, looked)
        || say_words_behind(profile, looked)
        || unread::say(profile, looked)
        || say_nearly_moments(profile, looked)
        || say_nearly(profile, looked)
}

/// The rows of which a text is so.
fn rows(looked: &Looked<'_>, is: impl Fn(&str) -> bool) -> u64 {
    looked.real.iter().filter(|v| is(trim_space(&v.text))).map(|v| v.weight).sum()
}

/// Whether nearly all rows have texts that are so.
pub(super) fn nearly_all(looked: &Looked<'_>, is: impl Fn(&str) -> bool) -> bool {
    rows(looked, is) as f64 >= NEARLY_ALL * rows(looked, |_| true) as f64
}

/// The first value, for an example.
pub(super) fn example(looked: &Looked<'_>) -> String {
    looked.real.first().map(|v| quoted(&v.text)).unwrap_or_default()
}

/// Say that texts are codes as Excel keeps them from becoming numbers: `="001"`.
fn say_formulas(profile: &mut ColumnProfile, looked: &Looked<'_>) {
    let rows = rows(looked, |text| text.starts_with("=\"") && text.ends_with('"'));
    if rows > 0 {
        let text = profile.rows_that(rows, HAVE, "an equals sign and quotes around, as Excel keeps codes");
        profile.find(Note, text);
    }
}

/// Say and mend the marks by which spreadsheets keep digits as text: `'10001`, `="001"`.
pub fn unmark(profile: &mut ColumnProfile, name: &str, looked: &Looked<'_>) {
    let marked = |text: &str| text_mark(text).is_some();
    let is_code = |text: &str| {
        text_mark(text).is_some_and(|code| {
            code.len() > 2
                && code.bytes().any(|b| b.is_ascii_digit())
                && code.bytes().all(|b| b.is_ascii_digit() || b"+-. ()/".contains(&b))
                || text.starts_with('=')
        })
    };
    let count = rows(looked, marked);
    if count == 0 || rows(looked, is_code) < count {
        return;
    }
    if rows(looked, |text| text.starts_with('\'')) > 0 {
        let text = profile.rows_that(count, HAVE, "an apostrophe before digits, as spreadsheets mark a text");
        profile.find(Note, text);
    }
    profile.steps.push(steps::unmark(name));
}

/// Say that moments end with the name of a zone: `2024-01-15 10:00:00 PST`.
fn say_zone(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let zoned = |text: &str| {
        text.rsplit_once(' ').is_some_and(|(moment, zone)| {
            (2..=5).contains(&zone.len())
                && zone.bytes().all(|b| b.is_ascii_uppercase())
                && moment.contains(':')
                && (parse::timestamp(moment, None).is_some() || parse::is_ambiguous(moment))
        })
    };
    let is = nearly_all(looked, zoned);
    if is {
        let example = example(looked);
        profile.find(Note, format!("moments with the name of a zone, such as {example}, which may stand for several offsets: write the offset, such as -08:00, in the source, or cast them to timestamptz there"));
    }
    is
}

/// Say that years are counted from the beginning of an era of Japan: `令和6年3月21日`.
fn say_eras(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is = nearly_all(looked, |text| {
        ["令和", "平成", "昭和", "大正", "明治"].iter().any(|era| text.starts_with(era)) && text.contains('年')
    });
    if is {
        let example = example(looked);
        profile.find(
            Note,
            format!(
                "dates with the years of an era of Japan, such as {example}: write years of four digits in the source"
            ),
        );
    }
    is
}

/// Say that texts are moments of several forms, of which none is that of nearly all.
fn say_forms(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is = nearly_all(looked, |text| {
        let is_number = parse::number(text, Decimal::Detect).is_some();
        !is_number && (parse::timestamp(text, None).is_some() || parse::is_ambiguous(text))
    });
    if is {
        let list: Vec<String> = looked.real.iter().take(3).map(|v| quoted(&v.text)).collect();
        profile.find(Note, format!("dates or timestamps of several forms, such as {}: bring them into one form in the source, or name the step parse_timestamp to read those that say by themselves what they are", list.join(", ")));
    }
    is
}

/// Texts between the digits of dates, from which on they are no names of months.
const NAMES: usize = 24;

/// The text between a day and a year of four digits: `15 января 2024`.
fn between(text: &str) -> Option<&str> {
    let day = text.bytes().take_while(u8::is_ascii_digit).count();
    let name = text.get(day..text.len().checked_sub(4)?)?;
    let year = text.get(day + name.len()..)?;
    let is_name = name.contains(char::is_alphabetic) && !name.contains(|c: char| c.is_ascii_digit());
    ((1..=2).contains(&day) && is_digits(year) && is_name).then_some(name)
}

/// Say that texts are dates without a year or a day, such as `Jan-24`, or with words that are not known: a weekday, or months of another language.
fn say_parts_of_dates(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is_moment = |text: &str| parse::timestamp(text, None).is_some();
    let begins = |text: &str| text.chars().next().is_some_and(char::is_alphabetic);
    let without_day = |text: &str| {
        let sign = text.chars().find(|c| !c.is_alphabetic()).filter(|c| matches!(c, ' ' | '-'));
        begins(text) && sign.is_some_and(|sign| is_moment(&format!("1{sign}{text}")))
    };
    let without_year = |text: &str| {
        let day = text.starts_with(|c: char| c.is_ascii_digit());
        day && text.ends_with(char::is_alphabetic) && is_moment(&format!("{text} 2024"))
    };
    let behind_a_word = |text: &str| begins(text) && text.split_once(' ').is_some_and(|(_, rest)| is_moment(rest));
    let example = example(looked);
    let text = if nearly_all(looked, without_day) || nearly_all(looked, without_year) {
        format!("months with a day or with a year of two digits, such as {example}: nobody can tell, so write whole dates in the source")
    } else if nearly_all(looked, behind_a_word) {
        format!("dates behind a word, such as {example}: take it away in the source")
    } else if nearly_all(looked, |text| between(text).is_some()) {
        let mut names: Vec<&str> = looked.real.iter().filter_map(|v| between(trim_space(&v.text))).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() > NAMES {
            return false;
        }
        format!("probably dates with the names of months in a language that is not known, such as {example}: write them as numbers in the source")
    } else {
        return false;
    };
    profile.find(Note, text);
    true
}

/// The letters of lengths of time.
const LENGTHS: [&str; 21] = [
    "d", "day", "days", "h", "hr", "hrs", "hour", "hours", "std", "m", "min", "mins", "minute", "minutes", "s", "sec",
    "secs", "second", "seconds", "ms", "w",
];

/// Whether a text is a length of time or a time of day: `1:30:00`, `2h 15m`, `PT1H`.
fn is_duration(text: &str) -> bool {
    let clock = |text: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        let pair = |part: &&str| part.len() == 2 && part.parse::<u8>().is_ok_and(|n| n < 60);
        let second = |part: &str| pair(&part.split(['.', ',']).next().unwrap_or_default());
        match &parts[..] {
            [a, b] => is_digits(a) && a.len() <= 3 && pair(b),
            [a, b, c] => is_digits(a) && a.len() <= 3 && pair(b) && second(c),
            _ => false,
        }
    };
    let time = text.trim_end_matches(['a', 'A', 'p', 'P', 'm', 'M', '.', ' ']);
    let iso = |text: &str| {
        text.strip_prefix('P').is_some_and(|rest| {
            rest.ends_with(|c: char| c.is_ascii_uppercase())
                && rest.bytes().any(|b| b.is_ascii_digit())
                && rest.bytes().all(|b| b.is_ascii_digit() || b"YMWDTHS.".contains(&b))
        })
    };
    let half_day = text.get(time.len()..).unwrap_or_default().replace(['.', ' '], "").to_ascii_lowercase();
    let hour = matches!(&*half_day, "am" | "pm") && time.parse::<u8>().is_ok_and(|hour| (1..=12).contains(&hour));
    hour || clock(time) || iso(text) || lengths(text) >= 2
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// How many lengths of time follow each other, where there is nothing else: `2h 15m`.
fn lengths(text: &str) -> usize {
    let (mut rest, mut count) = (text, 0);
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let word = digits.trim_start();
        let end = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        if digits.len() == rest.len() || !LENGTHS.iter().any(|length| name.eq_ignore_ascii_case(length)) {
            return 0;
        }
        count += 1;
        rest = after.trim_start_matches([' ', ',']);
    }
    count
}

fn say_durations(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is = nearly_all(looked, is_duration);
    if is {
        let example = example(looked);
        profile.find(Note, format!("durations or times of day, such as {example}: make seconds of them in the source, with extract(epoch FROM ...::interval)"));
    }
    is
}

/// Units that stand behind numbers.
const UNITS: [&str; 59] = [
    "kg", "g", "mg", "t", "lb", "lbs", "oz", "km", "m", "cm", "mm", "mi", "ft", "in", "yd", "l", "ml", "cl", "gal",
    "h", "hr", "hrs", "hours", "min", "mins", "minutes", "s", "sec", "secs", "seconds", "ms", "d", "day", "days",
    "weeks", "months", "years", "px", "pt", "b", "kb", "mb", "gb", "tb", "mbps", "kbps", "gbps", "hz", "khz", "mhz",
    "ghz", "w", "kw", "kwh", "mwh", "v", "ma", "°c", "pcs",
];

/// A number, and the unit behind it as it is written.
fn number_and_unit(text: &str) -> Option<&str> {
    let start = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (number, unit) = text.split_at(start);
    let unit = unit.trim();
    let known = UNITS.iter().any(|name| unit.to_lowercase() == *name);
    (known && parse::number(number, Decimal::Detect).is_some()).then_some(unit)
}

/// Say that texts are numbers with units: `1.5 kg`.
fn say_units(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is = nearly_all(looked, |text| number_and_unit(text).is_some());
    if is {
        let mut units: BTreeMap<&str, u64> = BTreeMap::new();
        for value in &looked.real {
            if let Some(unit) = number_and_unit(trim_space(&value.text)) {
                *units.entry(unit).or_default() += value.weight;
            }
        }
        let list: Vec<String> = units.keys().take(5).map(|unit| quoted(unit)).collect();
        let one = if units.len() > 1 { "bring them to one unit and take it away" } else { "take the unit away" };
        profile.find(Note, format!("numbers with a unit, {}: {one} in the source", list.join(", ")));
    }
    is
}

/// A number, and the words or signs behind it that are no known unit: `1,234 sqft`, `$50.00/day`. A hyphen and glued capitals are of codes.
fn number_and_words(text: &str) -> Option<&str> {
    // 1.2K views, 5,4 l/100km
    if let Some((number, words)) = text.rsplit_once(' ').filter(|(_, words)| words.starts_with(char::is_alphabetic)) {
        if parse::number(number, Decimal::Detect).is_some() {
            return Some(words);
        }
    }
    let start = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (number, words) = text.split_at(start);
    let glued = !words.starts_with(char::is_whitespace);
    let coded = words.starts_with('-') || glued && words.contains(char::is_uppercase);
    let words = trim_space(words);
    (!words.is_empty() && !coded && parse::number(number, Decimal::Detect).is_some()).then_some(words)
}

/// Different texts from which on the same words behind numbers are no accident.
const SEVERAL: usize = 3;

/// Say that texts are numbers with the same words or signs behind: `5,811 views`, `63.24*`.
fn say_words_behind(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let Some(words) = looked.real.iter().find_map(|v| number_and_words(trim_space(&v.text))) else { return false };
    let one = |words: &str| words.trim_end_matches('s').to_lowercase();
    let same = |text: &str| number_and_words(text).is_some_and(|other| one(other) == one(words));
    let unread = |v: &super::Value<'_>| parse::number(&v.text, Decimal::Detect).is_none();
    if looked.real.len() < SEVERAL || !looked.real.iter().any(unread) {
        return false;
    }
    if nearly_all(looked, same) {
        let words = quoted(words);
        profile.find(Note, format!("numbers with {words} behind: take it away in the source"));
        return true;
    }
    // Amounts, of which the words say how many or of what kind: 1,2 mi and 350 mil, 500.00 Cr and 200.00 Dr.
    let is = nearly_all(looked, |text| number_and_words(text).is_some_and(|words| is_amount(text, words)));
    let different: std::collections::BTreeSet<String> =
        looked.real.iter().filter_map(|v| number_and_words(trim_space(&v.text)).map(one)).collect();
    let is = is && different.len() <= WORDS;
    if is {
        let list: Vec<String> = different.iter().map(|words| quoted(words)).collect();
        profile.find(
            Note,
            format!(
                "amounts with {} behind, which may say how many or of which kind: make numbers of them in the source",
                list.join(", ")
            ),
        );
    }
    is
}

/// Different words behind amounts that may have a meaning for them.
const WORDS: usize = 4;

/// Whether what stands before the words is an amount: it has a currency, or cents.
fn is_amount(text: &str, words: &str) -> bool {
    let number = trim_space(text.strip_suffix(words).unwrap_or_default());
    let cents = number.len() > 3 && matches!(number.as_bytes().get(number.len() - 3), Some(b'.' | b','));
    cents || parse::unit(number).currency.is_some()
}

/// Say that texts are numbers but for a sign that says where they end: `< 10%`, `3.4x`.
fn say_bounds(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is_bound = |text: &str| {
        let rest = text.trim_start_matches(['<', '>', '≤', '≥', '~', '=']).trim_end_matches(['x', '×', '+']);
        rest.len() < text.len() && parse::number(rest, Decimal::Detect).is_some()
    };
    let rows = rows(looked, is_bound);
    let is = rows > 0 && rows as f64 >= 0.5 * looked.rows() as f64;
    if is {
        let text = profile.rows_that(rows, HAVE, "a number with a sign such as <, > or x");
        profile.find(
            Note,
            format!("{text}: take the sign away in the source, or give them an order with the step ordinal"),
        );
    }
    is
}

/// The share of numbers from which on it is said that the others are none.
const MOST: f64 = 0.5;

/// Different texts among them that may have a meaning of their own; more are names.
const FEW: usize = 20;

/// The first of texts that are none of what most are, and the rows of all; none where they are too many, or too many different ones.
fn others<'a>(looked: &'a Looked<'_>, is: impl Fn(&str) -> bool) -> Option<(&'a str, u64)> {
    let (most, all) = (rows(looked, &is), rows(looked, |_| true));
    let mut others = looked.real.iter().filter(|v| !is(trim_space(&v.text)));
    let other = others.next()?;
    (others.count() < FEW && most as f64 >= MOST * all as f64).then_some((&*other.text, all - most))
}

/// Say that most texts are dates or timestamps, and which are not: `Never`, `Ongoing`.
fn say_nearly_moments(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is_moment = |text: &str| {
        let is_number = parse::number(text, Decimal::Detect).is_some();
        !is_number && (parse::timestamp(text, None).is_some() || parse::is_ambiguous(text))
    };
    let Some((other, count)) = others(looked, is_moment) else { return false };
    let rows = profile.about().to_owned() + &rows_of(count, profile.rows);
    let format = if looked.real.iter().any(|v| parse::is_ambiguous(&v.text)) { " with its \"format\"" } else { "" };
    let other = quoted(other);
    profile.find(
        Note,
        format!("dates or timestamps but for {rows}, such as {other}: give them a meaning with map_values, or name the step parse_timestamp{format} to make them NULL"),
    );
    true
}

/// Say that most texts are numbers, and which are not: `65+`, `on request`.
fn say_nearly(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is_number = |text: &str| parse::number(text, Decimal::Detect).is_some();
    let coded = looked.real.iter().any(|v| parse::is_code(&v.text) || parse::is_lettered_code(&v.text))
        || parse::are_letter_codes(looked.real.iter().map(|v| (&*v.text, v.weight)));
    let Some((other, count)) = others(looked, is_number).filter(|_| !coded) else { return false };
    let rows = profile.about().to_owned() + &rows_of(count, profile.rows);
    let other = quoted(other);
    profile.find(
        Note,
        format!("numbers but for {rows}, such as {other}: give them a meaning with map_values, or name the step parse_number to make them NULL"),
    );
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for text in [
            "1:30:00",
            "00:05",
            "12:30:15.5",
            "10:30 PM",
            "3 p.m.",
            "11 AM",
            "2h 15m",
            "1d 2h",
            "PT1H",
            "PT1H30M",
            "P3D",
            "2 hours 5 minutes",
        ] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["3 m", "13 pm", "2h", "1:75", "PT", "P", "12", "a:b", "2h x", "2h 15", "P3", "", "::", "1:2:3:4"] {
            assert!(!is_duration(text), "{text}");
        }
    }

    #[test]
    fn units() {
        assert_eq!(
            ["1.5 kg", "3s", "100 MBps", "2a", "kg", "12"].map(number_and_unit),
            [Some("kg"), Some("s"), Some("MBps"), None, None, None]
        );
    }
}
