//! What numbers in texts may mean besides: where two readings are right, it is said and none is suggested.

use super::super::Severity::Warning;
use super::super::{names, ColumnProfile, HAVE};
use super::{decimals, quoted, Looked, Parsed, Read};
use crate::clean::parse::{self, Grouping, Written};

/// Of the numbers with a sign, what share must not have three digits behind it for that to be no error of typing.
const LIKELY: f64 = 0.05;

/// Currencies of countries that write a comma between thousands, as [`parse::unit`] names them.
const COMMA_GROUPS: [&str; 25] = [
    "USD", "GBP", "INR", "¥", "JPY", "CNY", "KRW", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN", "THB", "ILS", "PHP",
    "TWD", "MYR", "PKR", "NGN", "KES", "AED", "GHS", "BDT", "PEN",
];

/// A number of the column.
pub(super) struct Seen<'a> {
    pub text: &'a str,
    /// The rows that it stands for.
    pub rows: u64,
    pub number: f64,
    pub written: Written,
}

impl Seen<'_> {
    /// Whether something says that it is an amount: a currency, a percent sign, a word for a magnitude.
    pub fn is_amount(&self) -> bool {
        let unit = parse::unit(self.text);
        self.written.magnitude || unit.percent || unit.currency.is_some()
    }
}

/// Say what cannot be known of the numbers of a column that are read so; whether there is something.
pub fn say(profile: &mut ColumnProfile, name: &str, looked: &Looked<'_>, read: &Read, parsed: Option<&Parsed>) -> bool {
    let seen = |value: &super::Value<'_>| read.read(&value.text).zip(parse::written(&value.text));
    let seen: Vec<Seen<'_>> = looked
        .real
        .iter()
        .filter_map(|v| seen(v).map(|(number, written)| Seen { text: &v.text, rows: v.weight, number, written }))
        .collect();
    let part = decimals::list(looked, &seen)
        .or_else(|| separator(&seen, '.', "a point"))
        .or_else(|| separator(&seen, ',', "a comma"))
        .or_else(|| decimals::groups(&seen));
    let doubts = [
        part,
        letter(profile, &seen),
        negative(&seen),
        decimals::places(name, &seen),
        lost_digits(profile, looked, parsed),
        shortened(profile, name, &seen),
    ];
    let some = doubts.iter().any(Option::is_some);
    doubts.into_iter().flatten().for_each(|text| profile.find(Warning, text));
    some
}

/// Whether a sign stands before three digits wherever there is one, so that it may part thousands or decimals: `1.200 €`, `52,520`; or before three
/// in some and two in others, so that it may part both: `1.200 €` and `5.50 €`.
fn separator(seen: &[Seen<'_>], sign: char, name: &str) -> Option<String> {
    let rows = |is: &dyn Fn(&Seen<'_>) -> bool| -> u64 { seen.iter().filter(|s| is(s)).map(|s| s.rows).sum() };
    let unclear = rows(&|s| s.written.grouping == Grouping::Unclear(sign));
    let likely = rows(&|s| matches!(s.written.grouping, Grouping::Likely(_)));
    let sure = rows(&|s| matches!(s.written.grouping, Grouping::Decimal(_) | Grouping::Thousands(_)));
    if unclear == 0 || sure > 0 {
        return None;
    }
    if likely as f64 >= LIKELY * (likely + unclear) as f64 {
        return decimals::both_meanings(seen, sign).then(|| {
            format!("{name} stands before three digits in some numbers and before fewer in others: thousands and decimals may be mixed, so mend them in the source, or say the sign with the \"decimal\" of parse_number")
        });
    }
    // English exports: nothing has a fraction, what is below a thousand has no comma and what is above it has one; or the currency says it.
    if sign == ',' && likely == 0 {
        let mut currencies = seen.iter().filter_map(|s| parse::unit(s.text).currency).peekable();
        let known = currencies.peek().is_some();
        let english = currencies.all(|c| COMMA_GROUPS.contains(&c.as_str()));
        let plain = |s: &Seen<'_>| s.written.grouping == Grouping::None && s.number != 0.0;
        let small = seen.iter().any(|s| plain(s) && s.written.whole <= 3);
        let bare = seen.iter().any(|s| plain(s) && s.written.whole > 3 && !s.is_amount());
        if english && (known || small && !bare) {
            return None;
        }
    }
    let every = if likely == 0 { "every" } else { "nearly every" };
    Some(format!(
        "{name} stands before three digits in {every} number that has one: nobody can tell decimals from thousands, so say which with the \"decimal\" of parse_number"
    ))
}

/// Whether a letter behind numbers may be a unit as well as a magnitude: metres, bytes, kelvin. It is a magnitude beside a currency, where another
/// one is there too, and glued to the number where it is no unit of that case.
fn letter(profile: &ColumnProfile, seen: &[Seen<'_>]) -> Option<String> {
    let amount = |s: &Seen<'_>| s.written.magnitude || parse::unit(s.text).currency.is_some();
    let mut lettered = seen.iter().filter(|s| s.written.letter.is_some());
    let is = |s: &Seen<'_>, letter: char| s.written.letter.is_some_and(|l| l.eq_ignore_ascii_case(&letter));
    let (thousands, others) = (seen.iter().any(|s| is(s, 'k')), seen.iter().any(|s| is(s, 'm') || is(s, 'b')));
    if seen.iter().any(amount) || thousands && others {
        return None;
    }
    let doubtful = |s: &&Seen<'_>| s.written.apart || matches!(s.written.letter, Some('m' | 'b'));
    let one = lettered.find(doubtful)?;
    let rows: u64 = seen.iter().filter(|s| s.written.letter.is_some()).map(|s| s.rows).sum();
    let (letter, meaning) = match one.written.letter? {
        l @ ('m' | 'M') => (l, "millions from metres, minutes or sizes"),
        l @ ('b' | 'B') => (l, "billions from bytes"),
        l => (l, "thousands from a unit such as kelvin"),
    };
    Some(format!(
        "{}: nobody can tell {meaning}, so name the step parse_number to read them as such",
        profile.rows_that(rows, HAVE, &format!("a \"{letter}\" behind the number"))
    ))
}

/// Digits before the decimals from which on a number in brackets is neither a mark nor a note.
const LONG: usize = 3;

/// Whether all numbers are negative by brackets or a minus behind them, which may be a way to write any number, or those that are may be marks and
/// notes, as they are short and nothing says that they are amounts: `(12)`, `4-`.
fn negative(seen: &[Seen<'_>]) -> Option<String> {
    let mut numbers = seen.iter().filter(|s| s.number != 0.0).peekable();
    numbers.peek()?;
    let one = seen.iter().find(|s| s.written.negative)?;
    if numbers.all(|s| s.written.negative) {
        return Some("every number is in brackets or has a minus behind it: nobody can tell whether they are negative, so name the step parse_number to read them so".to_owned());
    }
    let is_amount = |s: &Seen<'_>| s.written.grouping != Grouping::None || s.written.whole >= LONG || s.is_amount();
    let sure = seen.iter().filter(|s| s.written.negative).any(is_amount);
    (!sure).then(|| {
        format!(
            "brackets or a minus behind, such as {}, may be marks or notes: nobody can tell whether they make a number negative, so name the step parse_number to read them so",
            quoted(one.text)
        )
    })
}

/// Whether some values are codes of digits, which as numbers would lose some of them.
fn lost_digits(profile: &ColumnProfile, looked: &Looked<'_>, parsed: Option<&Parsed>) -> Option<String> {
    let codes = || looked.real.iter().filter(|v| parse::is_code(&v.text));
    let rows = codes().map(|v| v.weight).sum::<u64>();
    let (rows, example) = match parsed.and_then(Parsed::code) {
        Some((text, rows)) => (rows, text),
        None => (rows, &*codes().next()?.text),
    };
    Some(format!(
        "{} such as {}: these are codes, so name the step parse_number if they are amounts",
        profile.rows_that(rows, HAVE, "digits that a number would lose"),
        quoted(example)
    ))
}

/// The least exponent with which spreadsheets write numbers that are too long for a cell.
const SHORTENED: u32 = 11;

/// Whether some numbers are names that a spreadsheet has shortened, as it does with twelve digits and more: `4.9E+11` was a telephone, `4,00638E+12` an EAN.
fn shortened(profile: &ColumnProfile, name: &str, seen: &[Seen<'_>]) -> Option<String> {
    let is = |s: &&Seen<'_>| {
        let (digits, exponent) = s.text.split_once("E+").unwrap_or_default();
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
        plain && s.written.whole == 1 && exponent.parse::<u32>().is_ok_and(|e| e >= SHORTENED)
    };
    let one = seen.iter().find(is).filter(|_| !names::is_amount(name))?;
    let rows = seen.iter().filter(is).map(|s| s.rows).sum();
    Some(format!(
        "{} such as {}: what a spreadsheet has shortened has lost its last digits, so export the column as text anew, or name the step parse_number if they are amounts",
        profile.rows_that(rows, HAVE, "an exponent"),
        quoted(one.text)
    ))
}
