//! Texts that are dates or timestamps, and those of which nobody can tell which.

use super::super::role::Role;
use super::super::Severity::{Note, Warning};
use super::super::{numbers, rows_inside, steps, ColumnProfile, ARE, HAVE};
use super::typed::{collect, range, say_unread, Typed, Whole};
use super::{quoted, Looked, Parsed, Read};
use crate::clean::parse::{self, Forms, TimestampFormat, DAY, NEARLY_ALL};
use crate::clean::text::{is_placeholder, trim_space};
use crate::error::Result;
use crate::model::days;

/// The year from which on years of two digits may be of the century before: births of 1930 to 1969.
const CENTURY: i64 = 2030;
/// Years outside of these are of another calendar, where most are: 1445 is Islamic, 2081 Nepalese, 2567 Buddhist. Nothing but loans ends later.
const YEARS: (i64, i64) = (1600, 2065);

/// 1970-01-01 in seconds since 2000-01-01.
const EPOCH: f64 = -946_684_800.0;

/// Judge texts of which nearly all are moments of a format.
pub fn judge(
    profile: &mut ColumnProfile,
    name: &str,
    looked: &Looked<'_>,
    whole: &Whole<'_>,
    format: &str,
    now: f64,
) -> Result<(Role, Typed)> {
    let compiled = TimestampFormat::compile(format)?;
    let forms = parse::forms(looked.real.iter().map(|v| &*v.text), &compiled);
    let read = Read::Moment(compiled);
    let is_date = match forms {
        Forms::Each => {
            let real = looked.real.iter().filter(|v| !is_placeholder(&v.text));
            real.filter_map(|v| parse::timestamp(&v.text, None)).all(|t| t % DAY == 0)
        }
        _ => !(format.contains("HH") || format.contains("EPOCH")),
    };
    let what = if is_date { "dates" } else { "timestamps" };
    profile.find(Warning, format!("{what} kept as text"));
    // The far end of time is written for "no end", and no second since 1970 for "never".
    let zero = format.starts_with("EPOCH");
    let is_sentinel = |text: &str| is_placeholder(text) || zero && parse::is_zero(text);
    let mut sentinels = collect(looked, is_sentinel);
    if let Some(rows) =
        sentinels.iter().filter(|(text, _)| parse::is_zero(text)).map(|(_, rows)| *rows).reduce(|a, b| a + b)
    {
        let text = profile.rows_that(rows, ARE, "0, which stands for a missing value among seconds since 1970");
        profile.find(Warning, text);
    }
    let ends: Vec<String> = sentinels
        .iter()
        .filter(|(text, _)| !parse::is_zero(text))
        .map(|(text, rows)| format!("{} ({})", quoted(text), rows_inside(*rows, profile.rows)))
        .collect();
    if !ends.is_empty() {
        profile.find(Warning, format!("stand for no date or no end: {}", ends.join(", ")));
    }
    let other = format!("cannot be read by the format {format}");
    let legible = |text: &str| matches!(forms, Forms::Each) && parse::timestamp(text, None).is_some();
    let reads = |text: &str| read.read(text).is_some() || is_placeholder(text) || legible(text);
    let parsed = whole.parsed.filter(|parsed| *parsed.how() == read);
    // Moments of other forms are said below.
    let is_moment = |text: &str| reads(text) || parse::timestamp(text, None).is_some();
    // Digits were read as numbers: what is none is no moment either.
    let digits = || whole.parsed.filter(|_| !format.contains([' ', '-', '/', ':', '.', '"', 'T']));
    let unread = say_unread(profile, looked, parsed.or_else(digits), (&other, "parse_timestamp"), is_moment);
    let mut seconds = match parsed {
        Some(parsed) => parsed.items()?,
        None => {
            let real = looked.real.iter().filter(|v| !is_placeholder(&v.text));
            real.filter_map(|v| read.read(&v.text).map(|seconds| (seconds, v.rows))).collect()
        }
    };
    seconds.retain(|(seconds, _)| !(zero && *seconds == EPOCH));
    let origins = numbers::judge_parsed_moments(profile, &seconds, now, parsed.is_none());
    // The texts of a moment that stands for none.
    let origins =
        collect(looked, |text| !is_sentinel(text) && read.read(text).is_some_and(|seconds| origins.contains(&seconds)));
    sentinels.extend(origins);
    let doubt = doubt(format, &seconds)
        .or_else(|| hardly_proven(format, looked))
        .or_else(|| several(profile, forms, looked, &read, parsed));
    let sure = doubt.is_none() && !unread;
    doubt.into_iter().for_each(|text| profile.find(Warning, text));
    let role = if is_date { Role::DateInText } else { Role::TimestampInText };
    let format = (!matches!(forms, Forms::Each)).then_some(format);
    let step = sure.then(|| steps::parse_timestamp(name, format, is_date));
    let range = parsed.map_or_else(|| range(looked, &read), Parsed::range);
    Ok((role, Typed { step, sentinels, range, stay: Vec::new() }))
}

/// What cannot be known of moments in seconds since 2000-01-01.
fn doubt(format: &str, seconds: &[(f64, u64)]) -> Option<String> {
    let start = |year: i64| days(year, 1, 1) as f64 * 86_400.0;
    if format.contains("YY") && !format.contains("YYYY") && seconds.iter().any(|(s, _)| *s >= start(CENTURY)) {
        return Some(format!(
            "years of two digits, of which some would be {CENTURY} or later: say which century in the source"
        ));
    }
    let rows = |is: &dyn Fn(f64) -> bool| seconds.iter().filter(|(s, _)| is(*s)).map(|(_, n)| n).sum::<u64>();
    let (other, all) = (rows(&|s| s < start(YEARS.0) || s >= start(YEARS.1)), rows(&|_| true));
    (other * 2 > all).then(|| {
        "most years are of another calendar, such as the Buddhist, the Nepalese or the Islamic one, or miswritten: nobody can tell which, so make dates of them in the source".to_owned()
    })
}

/// Of dates of all days of months, how many rows at least have a day above 12.
const PROVEN: f64 = 0.05;
/// Different dates from which on their share is no accident.
const ENOUGH: usize = 40;

/// Whether so few dates say which number is the day that those may be miswritten: with all days of a month three in five would.
fn hardly_proven(format: &str, looked: &Looked<'_>) -> Option<String> {
    let either = ["DD/MM/", "MM/DD/", "DD-MM-", "MM-DD-"].iter().any(|start| format.starts_with(start));
    let (first, second) = parse::day_and_month(looked.real.iter().map(|v| (&*v.text, v.weight)));
    let (proven, all) = (first + second, looked.real.iter().map(|v| v.weight).sum::<u64>());
    // Of dates of one day in each month none has another.
    let few = either && proven > 0 && looked.real.len() >= ENOUGH && (proven as f64) < PROVEN * all as f64;
    few.then(|| format!("only {proven} of {all} dates have a day above 12, which may be miswritten: nobody can tell day from month, so name the step parse_timestamp with the format {format} if that is right"))
}

/// Say that some moments have another form; `Some` where no one reading is right for all.
fn several(
    profile: &mut ColumnProfile,
    forms: Forms,
    looked: &Looked<'_>,
    read: &Read,
    parsed: Option<&Parsed>,
) -> Option<String> {
    let is_other = |v: &&super::Value<'_>| {
        !is_placeholder(&v.text) && read.read(&v.text).is_none() && parse::timestamp(&v.text, None).is_some()
    };
    let others = || looked.real.iter().filter(is_other);
    let (rows, example) = match (parsed.and_then(Parsed::other), others().next()) {
        (Some((text, rows)), _) => (rows, text),
        (None, Some(first)) => (others().map(|v| v.weight).sum(), &*first.text),
        _ => return None,
    };
    let text = format!("{} such as {}", profile.rows_that(rows, HAVE, "another form"), quoted(example));
    if matches!(forms, Forms::Each) {
        profile.find(Note, format!("{text}: each is read by itself"));
        return None;
    }
    Some(format!("{text}: bring them into one form in the source, or name the step parse_timestamp with its \"format\" to leave them out"))
}

/// Say of dates that have no one format what nobody can tell; whether there is something.
pub fn say_ambiguous(profile: &mut ColumnProfile, looked: &Looked<'_>, parsed: Option<&Parsed>) -> bool {
    let share = |is: &dyn Fn(&str) -> bool| -> bool {
        let rows: u64 = looked.real.iter().filter(|v| is(&v.text)).map(|v| v.weight).sum();
        rows as f64 >= NEARLY_ALL * looked.real.iter().map(|v| v.weight).sum::<u64>() as f64
    };
    let numbers = |text: &str| {
        // A time may follow.
        let date = trim_space(text).split([' ', 'T', ',']).next().unwrap_or_default();
        let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
        let number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
        match &parts[..] {
            [a, b, c] => Some((number(a)?, number(b)?, number(c)?, c.len())),
            _ => None,
        }
    };
    let is_date = |text: &str, digits: usize| {
        numbers(text).is_some_and(|(a, b, _, len)| {
            len == digits && (1..=31).contains(&a) && (1..=31).contains(&b) && (a <= 12 || b <= 12)
        })
    };
    if share(&|text| is_date(text, 4)) || share(&|text| is_date(text, 2)) {
        let known = looked.real.iter().map(|v| (&*v.text, v.weight));
        let (first, second) = parse::day_and_month(known);
        let contrary = parsed.map_or(0, Parsed::contrary);
        let text = if first > 0 && second + contrary > 0 || second > 0 && contrary > 0 {
            "probably dates, but in some the first number is above 12 and in some the second: days and months are mixed, so mend them in the source"
        } else if share(&|text| is_date(text, 2)) {
            "probably dates, but nobody can tell which number is the year and which the day: say it with the \"format\" of parse_timestamp"
        } else if first + second > 0 {
            "probably dates, but no format is known that reads nearly all: say it with the \"format\" of parse_timestamp"
        } else {
            "probably dates, but every day is below 13: nobody can tell day from month, so say it with the \"format\" of parse_timestamp"
        };
        profile.find(Note, text);
    } else if share(&parse::is_season) {
        profile.find(
            Note,
            "business years or seasons, such as 2008/09, or months: say it with the \"format\" of parse_timestamp if they are months",
        );
    } else {
        return false;
    }
    true
}
