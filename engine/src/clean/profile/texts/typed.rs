//! Texts that are numbers, truth values, moments or personal data.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::super::checks;
use super::super::ids::are_ids;
use super::super::role::Role;
use super::super::Severity::{Note, Warning};
use super::super::{names, numbers, rows_inside, rows_of, steps, ColumnProfile, HAVE};
use super::{digits, doubt, moments, quoted, Looked, Parsed, Read};
use crate::clean::parse::{self, Decimal};
use crate::clean::text::{may_be_code, may_be_state, personal_kind, trim_space, Kind};
use crate::error::Result;

/// The share of values that must be personal data of a kind.
const PERSONAL: f64 = 0.9;

/// Digits from which on what a column calls a number is a name and no count.
const NUMBERED: usize = 5;

/// What follows from the type of the texts.
#[derive(Default)]
pub struct Typed {
    /// The step that types them.
    pub step: Option<Json>,
    /// Texts of the type that stand for a missing value, with their rows.
    pub sentinels: Vec<(String, u64)>,
    /// The texts of the smallest and the largest.
    pub range: Option<(Vec<u8>, Vec<u8>)>,
    /// Texts for nothing that may be values of the type.
    pub stay: Vec<String>,
}

/// What is known of all rows, beside the values that are kept.
pub struct Whole<'a> {
    /// Different values that are not missing.
    pub distinct: u64,
    /// Rows that have them.
    pub rows: u64,
    /// The texts read row by row.
    pub parsed: Option<&'a Parsed>,
}

/// The type of the texts, if nearly all are of one.
pub fn find(
    profile: &mut ColumnProfile,
    name: &str,
    looked: &Looked<'_>,
    whole: &Whole<'_>,
    now: f64,
) -> Result<Option<(Role, Typed)>> {
    if let Some(role) = personal(looked, name) {
        return Ok(Some((role, Typed::default())));
    }
    let words = || looked.real.iter().map(|v| &*v.text);
    if let Some((given, personal)) = checks::given(words().map(trim_space)).filter(|_| !names::is_amount(name)) {
        profile.find(Note, format!("{given} by their check digits, which are names and no amounts"));
        if personal {
            profile.find(Warning, "personal data (identity numbers): mask or drop it before others see it");
        }
        return Ok(None);
    }
    let truth = |named| profile.exact && parse::are_booleans(words(), named) && !digits_only(looked);
    let (truth, may_be_truth) = (truth(names::is_truth(name)) && !names::is_place(name), truth(true));
    if let Some(third) = looked.doubtful.iter().find(|v| (truth || may_be_truth) && may_be_state(&v.text)) {
        let third = quoted(&third.text);
        profile.find(Note, format!("truth values and a third answer, {third}: name the steps placeholders and parse_boolean if that says nothing"));
        return Ok(None);
    }
    if truth {
        profile.find(Warning, "truth values kept as text");
        let typed = Typed { step: Some(steps::parse_boolean(name)), ..Typed::default() };
        return Ok(Some((Role::BooleanInText, typed)));
    }
    if may_be_truth {
        profile.find(Note, "may be truth values or codes: name the step parse_boolean if they are truth values");
        return Ok(None);
    }
    let values = || looked.real.iter().filter(|v| !v.cut).map(|v| (&*v.text, v.rows));
    let number = parse::number_format(values()).filter(|_| !is_code(profile, looked, name));
    let moment = parse::timestamp_format(values());
    let epochs = moment.as_ref().is_some_and(|(format, _)| format.starts_with("EPOCH"));
    let moment = moment
        .filter(|(format, _)| is_moment(format, number.is_some(), looked, name))
        .filter(|_| whole.parsed.is_none_or(|parsed| parsed.contrary() == 0));
    if let Some((format, _)) = &moment {
        if names::is_period(name) && !format.contains("DD") && !format.contains("EPOCH") {
            profile.find(
                Note,
                format!("weeks, quarters or terms by the name of the column, or months: name the step parse_timestamp with the format {format} if they are months"),
            );
            return Ok(None);
        }
    }
    if let Some((format, _)) = moment {
        return moments::judge(profile, name, looked, whole, &format, now).map(Some);
    }
    if digits::say_days(profile, looked, name) {
        return Ok(Some((Role::Category, Typed::default())));
    }
    match number {
        Some((decimal, _)) => numbers_or_digits(profile, name, looked, whole, (decimal, epochs)),
        None => {
            say_pointed(profile, looked);
            Ok(None)
        }
    }
}

/// Say that digits around a point are codes, as of branches of trade: `01.10`.
fn say_pointed(profile: &mut ColumnProfile, looked: &Looked<'_>) {
    let pointed = |v: &&super::Value<'_>| v.text.contains('.') && parse::is_code(&v.text);
    if let Some(example) = looked.real.iter().find(pointed) {
        let text = format!("digits around a point that a number would lose, such as {}: these are codes, so name the step parse_number if they are amounts", quoted(&example.text));
        profile.find(Note, text);
    }
}

/// Judge texts that read as numbers: digits of a calendar, seconds since 1970 and names of rows do so too.
fn numbers_or_digits(
    profile: &mut ColumnProfile,
    name: &str,
    looked: &Looked<'_>,
    whole: &Whole<'_>,
    (decimal, epochs): (Decimal, bool),
) -> Result<Option<(Role, Typed)>> {
    let months: u64 = looked.real.iter().filter(|v| parse::is_month(&v.text)).map(|v| v.rows).sum();
    if months as f64 >= parse::NEARLY_ALL * looked.rows() as f64 {
        profile.find(Note, "months and years, such as 02.2021, or numbers: nobody can tell, so name the step parse_timestamp with its \"format\" or parse_number");
        return Ok(None);
    }
    let amount = names::is_amount(name);
    let unique = digits_only(looked) && super::is_unique(whole.distinct, whole.rows, profile.exact) && !amount;
    let doubt = if epochs && !amount && !names::is_running(name) && looked.real.len() > 1 {
        "digits of seconds or milliseconds since 1970, or others: nobody can tell, so name the step parse_timestamp with the format EPOCH or EPOCH_MS, or parse_number"
    } else if digits::say(profile, looked, name) || names::is_number_of(name) && are_long(looked) {
        return Ok(None);
    } else if unique {
        if are_ids(name, looked.real.iter().filter_map(|v| trim_space(&v.text).parse().ok()).collect()) {
            return Ok(None);
        }
        "every row has other digits, which may name the rows or be amounts: name the step parse_number if they are amounts"
    } else {
        return number_in_text(profile, name, looked, whole, decimal).map(Some);
    };
    profile.find(Note, doubt);
    let (role, typed) = number_in_text(profile, name, looked, whole, decimal)?;
    Ok(Some((role, Typed { step: None, ..typed })))
}

/// Whether the values are only digits.
fn digits_only(looked: &Looked<'_>) -> bool {
    looked.real.iter().all(|v| trim_space(&v.text).bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the values are digits, and more than counts have.
fn are_long(looked: &Looked<'_>) -> bool {
    digits_only(looked) && looked.real.iter().all(|v| trim_space(&v.text).len() >= NUMBERED)
}

/// Whether the column is of codes: a part of the values is enough, as a number would lose digits of those (where it is tiny, that is said). Letters,
/// digits and points are codes where the name says so.
fn is_code(profile: &mut ColumnProfile, looked: &Looked<'_>, name: &str) -> bool {
    let rows =
        |is: &dyn Fn(&str) -> bool| looked.real.iter().filter(|v| is(&v.text)).map(|v| v.rows).sum::<u64>() as f64;
    let all = looked.rows() as f64;
    let digits = rows(&parse::is_code);
    if digits > 0.0 && digits >= 0.01 * all {
        return true;
    }
    let plain = |text: &str| trim_space(text).bytes().all(|b| b.is_ascii_alphanumeric() || b". -/_".contains(&b));
    if names::is_code(name) && rows(&plain) >= 0.5 * all {
        return true;
    }
    let lettered = parse::are_letter_codes(looked.real.iter().map(|v| (&*v.text, v.weight)));
    let signed = |v: &&super::Value<'_>| {
        let text = trim_space(&v.text);
        text.ends_with('-') || text.contains(|c: char| c.is_alphabetic())
    };
    if let Some(example) = looked.real.iter().find(signed).filter(|_| lettered) {
        let text = format!("digits with letters or signs beside them, such as {}: nobody can tell codes from amounts, so name the step parse_number if they are amounts", quoted(&example.text));
        profile.find(Note, text);
    }
    lettered
}

/// Whether a format says for sure that texts are moments. Seconds since 1970 may be any number: they need a name that says so. Hardly a number in a
/// thousand is a day of our time by chance, so two of them are sure but for the numbers of orders, which begin with a day as well.
fn is_moment(format: &str, is_number: bool, looked: &Looked<'_>, name: &str) -> bool {
    let (named, coded) = (names::is_moment(name), names::is_code(name));
    match format {
        _ if format.starts_with("EPOCH") => named && !coded,
        "YYYYMMDD" => named || looked.real.len() >= 2 && !coded && !names::is_running(name),
        _ if format.starts_with("YYYYMMDDHH") => {
            !coded && (named || !names::is_running(name) && digits::have_times(looked))
        }
        _ => !is_number || named || format.contains(['-', '/', ':']),
    }
}

/// Digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Characters of a telephone number with the number of its country, `+4930123456`.
const FOREIGN: usize = 10;

/// The personal data that the texts are. Numbers may be of orders as well: a phone has signs, or a name that says so; parts of a version are small.
fn personal(looked: &Looked<'_>, name: &str) -> Option<Role> {
    let mut counts = [
        (Kind::Email, Role::Email, 0),
        (Kind::Phone, Role::Phone, 0),
        (Kind::Card, Role::Card, 0),
        (Kind::Iban, Role::Iban, 0),
        (Kind::Ip, Role::Ip, 0),
    ];
    for value in &looked.real {
        let kind = personal_kind(&value.text);
        if let Some(count) = counts.iter_mut().find(|(k, _, _)| Some(*k) == kind) {
            count.2 += value.rows;
        }
    }
    let (_, role, rows) = counts.into_iter().max_by_key(|(_, _, rows)| *rows)?;
    let named = names::is_phone(name);
    let is_number = |value: &super::Value<'_>| {
        let text = trim_space(&value.text);
        PHONE_DIGITS.contains(&text.bytes().filter(u8::is_ascii_digit).count())
            && text.bytes().all(|b| b.is_ascii_digit() || b"+()-./ ".contains(&b))
    };
    if named && looked.real.iter().all(is_number) {
        return Some(Role::Phone);
    }
    let sure = match role {
        // What reads as a number, 123 456 789 too, is one.
        Role::Phone => {
            let foreign = |v: &super::Value<'_>| v.text.starts_with('+') && trim_space(&v.text).len() >= FOREIGN;
            named
                || !names::is_amount(name) && looked.real.iter().all(foreign)
                || !names::is_amount(name)
                    && looked.real.iter().any(|v| parse::number(&v.text, Decimal::Detect).is_none())
        }
        // The parts of versions are small.
        Role::Ip => looked.real.iter().any(|v| {
            let mut parts = trim_space(&v.text).split(['.', ':']);
            parts.clone().any(|part| part.len() > 2) || parts.next().is_some_and(|part| part.len() > 1)
        }),
        _ => true,
    };
    (sure && rows as f64 >= PERSONAL * looked.rows() as f64).then_some(role)
}

fn number_in_text(
    profile: &mut ColumnProfile,
    name: &str,
    looked: &Looked<'_>,
    whole: &Whole<'_>,
    decimal: Decimal,
) -> Result<(Role, Typed)> {
    let read = Read::Number(decimal);
    profile.find(Warning, "numbers kept as text");
    let parsed = whole.parsed.filter(|parsed| *parsed.how() == read);
    let reads = |text: &str| read.read(text).is_some();
    let unread = say_unread(profile, looked, parsed, ("cannot be read as one", "parse_number"), reads);
    let known: Vec<(f64, u64)> =
        looked.real.iter().filter_map(|v| read.read(&v.text).map(|number| (number, v.rows))).collect();
    let all = match parsed {
        Some(parsed) => {
            let items = parsed.items()?;
            Some((parsed.summary(&items), items))
        }
        None => None,
    };
    let found = numbers::judge_parsed(profile, known, all);
    let is_sentinel =
        |text: &str| read.read(text).is_some_and(|number| found.iter().any(|(value, _)| *value == number));
    let sentinels = collect(looked, is_sentinel);
    if decimal == Decimal::Detect {
        profile.find(Warning, "some numbers have a decimal point and some a decimal comma");
    }
    let mixed = say_units(profile, looked, &read);
    let unclear = doubt::say(profile, name, looked, &read, parsed);
    let zero = say_zero(profile, looked, &read);
    let sure = !unread && !mixed && !unclear && zero.is_empty();
    let step = decimal.sign().filter(|_| sure).map(|sign| steps::parse_number(name, sign));
    let range = parsed.map_or_else(|| range(looked, &read), Parsed::range);
    Ok((Role::NumberInText, Typed { step, sentinels, range, stay: zero }))
}

/// Words such as `none` among counts, and `nil` and the ` - ` of book-keeping among numbers of any kind, where they may be 0.
fn say_zero(profile: &mut ColumnProfile, looked: &Looked<'_>, read: &Read) -> Vec<String> {
    let count =
        |v: &super::Value<'_>| read.read(&v.text).is_none_or(|n| n.fract() == 0.0 && (0.0..=1000.0).contains(&n));
    let is_word = |v: &&super::Value<'_>| {
        let text = trim_space(&v.text);
        let other = may_be_code(text) || may_be_state(text) || text.eq_ignore_ascii_case("na");
        text.contains(char::is_alphabetic) && !other
    };
    let is_booked = |v: &&super::Value<'_>| {
        let text = trim_space(&v.text);
        text.eq_ignore_ascii_case("nil") || matches!(text, "-" | "–") && text.len() < v.text.len()
    };
    let counts = looked.real.iter().all(count);
    let words: Vec<&super::Value<'_>> =
        looked.doubtful.iter().filter(|v| is_booked(v) || counts && is_word(v)).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let rows = words.iter().map(|v| v.rows).sum();
    let list: Vec<String> = words.iter().map(|v| quoted(&v.text)).collect();
    profile.find(
        Warning,
        profile.rows_that(rows, HAVE, &format!("{}, which may stand for 0 or for a missing value", list.join(", "))),
    );
    words.iter().map(|v| v.text.to_string()).collect()
}

/// Say where numbers of several currencies, or shares and other numbers, stand in one column: no reading of them is right for all.
fn say_units(profile: &mut ColumnProfile, looked: &Looked<'_>, read: &Read) -> bool {
    let (mut percent, mut plain) = (0, 0);
    let mut currencies: Vec<(String, u64)> = Vec::new();
    for value in &looked.real {
        // A zero is the same in every unit.
        if read.read(&value.text).is_none_or(|number| number == 0.0) {
            continue;
        }
        let unit = parse::unit(&value.text);
        match unit.percent {
            true => percent += value.weight,
            false => plain += value.weight,
        }
        if let Some(currency) = unit.currency {
            super::add(&mut currencies, &currency, value.weight);
        }
    }
    let (rows, about) = (profile.rows, profile.about());
    if percent > 0 && plain > 0 {
        let signed = profile.rows_that(percent, HAVE, "a percent sign");
        let plain = profile.rows_that(plain, HAVE, "none");
        profile.find(Warning, format!("{signed} and {plain}"));
    }
    // A sign of several currencies is of the one that is named.
    if matches!(&currencies[..], [one, other] if parse::may_be_one(&one.0, &other.0)) {
        currencies.truncate(1);
    }
    currencies.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if currencies.len() > 1 {
        let list: Vec<String> =
            currencies.iter().take(5).map(|(name, n)| format!("{name} ({about}{})", rows_inside(*n, rows))).collect();
        let more = if currencies.len() > 5 { " and others" } else { "" };
        profile.find(Warning, format!("currencies are mixed: {}{more}", list.join(", ")));
    }
    percent > 0 && plain > 0 || currencies.len() > 1
}

/// The texts of the smallest and the largest value.
pub(super) fn range(looked: &Looked<'_>, read: &Read) -> Option<(Vec<u8>, Vec<u8>)> {
    let values = || looked.real.iter().filter_map(|v| read.read(&v.text).map(|value| (value, &v.text)));
    let order = |a: &(f64, &Cow<'_, str>), b: &(f64, &Cow<'_, str>)| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1));
    let (low, high) = (values().min_by(order)?, values().max_by(order)?);
    Some((low.1.as_bytes().to_vec(), high.1.as_bytes().to_vec()))
}

/// Trimmed texts for which `is_one` holds, with their rows.
pub(super) fn collect(looked: &Looked<'_>, is_one: impl Fn(&str) -> bool) -> Vec<(String, u64)> {
    let mut found: Vec<(String, u64)> = Vec::new();
    for value in looked.real.iter().filter(|v| is_one(&v.text)) {
        super::add(&mut found, trim_space(&value.text), value.rows);
    }
    found
}

/// Say which texts are not of the type of nearly all, and that no step is suggested for that; whether there are some. `what` follows their number,
/// and the step that would make them NULL.
pub(super) fn say_unread(
    profile: &mut ColumnProfile,
    looked: &Looked<'_>,
    parsed: Option<&Parsed>,
    (what, step): (&str, &str),
    reads: impl Fn(&str) -> bool,
) -> bool {
    let unread: Vec<_> = looked.real.iter().filter(|v| !reads(&v.text)).collect();
    let (rows, list) = match parsed.and_then(Parsed::odd) {
        Some((text, rows)) => (rows_of(rows, profile.rows), quoted(text)),
        None if unread.is_empty() => return false,
        None => {
            let rows = unread.iter().map(|v| v.weight).sum();
            let list: Vec<String> = unread.iter().take(3).map(|v| quoted(&v.text)).collect();
            let more = if unread.len() > 3 { ", ..." } else { "" };
            (profile.about().to_owned() + &rows_of(rows, profile.rows), list.join(", ") + more)
        }
    };
    profile.find(
        Warning,
        format!(
            "{rows} {what}: {list}; give them a meaning with map_values, or name the step {step} to make them NULL"
        ),
    );
    true
}
