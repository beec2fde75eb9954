//! Texts of digits alone that are parts of a calendar, or begin with a day, as the numbers of orders do.

use std::collections::BTreeSet;

use super::super::Severity::Note;
use super::super::{names, ColumnProfile};
use super::{quoted, Looked};
use crate::clean::parse::{self, NEARLY_ALL};
use crate::clean::text::trim_space;

/// Values of which there are at least so many before a calendar is seen in them.
const SEVERAL: usize = 3;
/// Years of digits that are parts of a calendar.
const YEARS: std::ops::RangeInclusive<u32> = 1970..=2049;

/// Say that digits are months or weeks of years, or begin with a day: `202401`, `20240115001`; whether they are, so that they are no numbers.
pub fn say(profile: &mut ColumnProfile, looked: &Looked<'_>, name: &str) -> bool {
    if names::is_amount(name) || looked.real.len() < SEVERAL {
        return false;
    }
    let nearly_all = |is: &dyn Fn(&str) -> bool| {
        let rows: u64 = looked.real.iter().filter(|v| is(trim_space(&v.text))).map(|v| v.weight).sum();
        rows as f64 >= NEARLY_ALL * looked.real.iter().map(|v| v.weight).sum::<u64>() as f64
    };
    let weeks = || looked.real.iter().any(|v| part_of_year(trim_space(&v.text)).is_some_and(|part| part > 12));
    let example = quoted(&looked.real[0].text);
    let text = if nearly_all(&|text| part_of_year(text).is_some()) {
        match weeks() || names::is_period(name) {
            true => format!("years with weeks, such as {example}, or numbers: nobody can tell, so name the step parse_number if they are amounts"),
            false => format!("years with months, such as {example}, or numbers: nobody can tell, so name the step parse_timestamp with the format YYYYMM, or parse_number"),
        }
    } else if nearly_all(&|text| text.len() != 8 && begins_with_day(text)) {
        format!("digits that begin with a day, such as {example}, as moments and the numbers of orders do: nobody can tell, so name the step parse_timestamp with its \"format\" if they are moments")
    } else if nearly_all(&|text| text.len() == 8 && begins_with_day(text)) {
        format!("days written YYYYMMDD, such as {example}, or the numbers of orders: nobody can tell, so name the step parse_timestamp with the format YYYYMMDD if they are days")
    } else if names::is_moment(name) && nearly_all(&|text| text.len() == 6 && is_digits(text)) {
        format!("six digits in a column whose name speaks of moments, such as {example}: nobody can tell, so name the step parse_timestamp with the format YYMMDD or DDMMYY if they are days, or parse_number")
    } else if looked.real.len() >= MANY && nearly_all(&is_short_day) {
        format!("six digits that are days, such as {example}, or numbers: nobody can tell, so name the step parse_timestamp with the format YYMMDD or DDMMYY, or parse_number")
    } else if names::is_moment(name) && nearly_all(&|text| text.parse().is_ok_and(is_day_of_a_sheet)) {
        format!("days as spreadsheets count them, such as {example}, or numbers: add them to date '1899-12-30' in the source, or name the step parse_number")
    } else {
        return false;
    };
    profile.find(Note, text);
    true
}

/// Different values without a telling name, from which on it is no accident that all are days with months.
const MANY: usize = 10;

/// Say that days with months stand without a year, as German has them: `13.10`, `07.03.`; whether they do, so that they are no numbers. Without a name
/// that speaks of days all values have to be so, and be many, or have a zero or a point that numbers have not.
pub fn say_days(profile: &mut ColumnProfile, looked: &Looked<'_>, name: &str) -> bool {
    let days: Vec<_> = looked
        .real
        .iter()
        .map(|v| (trim_space(&v.text), v.weight))
        .map(|(text, rows)| (text, rows, day_and_month(text)))
        .collect();
    let all: u64 = days.iter().map(|(_, rows, _)| rows).sum();
    let whole: u64 = days.iter().filter(|(_, _, day)| day.is_some()).map(|(_, rows, _)| rows).sum();
    let is = if names::is_day(name) {
        days.len() > 1 && whole as f64 >= NEARLY_ALL * all as f64
    } else {
        let unlike_numbers = days.iter().any(|(text, _, _)| text.starts_with('0') || text.ends_with('.'));
        let different = |part: &dyn Fn((u32, u32)) -> u32| {
            days.iter().filter_map(|(_, _, day)| day.map(part)).collect::<BTreeSet<u32>>().len()
        };
        !names::is_amount(name)
            && !names::is_code(name)
            && days.len() >= if unlike_numbers { SEVERAL } else { MANY }
            && days.iter().all(|(_, _, day)| day.is_some())
            && different(&|(day, _)| day) > days.len().min(MANY) / 2
            && different(&|(_, month)| month) >= SEVERAL
    };
    if let Some((example, _, _)) = days.iter().find(|(_, _, day)| day.is_some()).filter(|_| is) {
        let example = quoted(example);
        profile.find(Note, format!("day and month without a year, such as {example}, or numbers: write whole dates in the source, or name the step parse_number if they are numbers"));
    }
    is
}

/// The day and the month of two digits behind it: `7.03`, `13.10.`.
fn day_and_month(text: &str) -> Option<(u32, u32)> {
    let (day, month) = text.strip_suffix('.').unwrap_or(text).split_once('.')?;
    if !(1..=2).contains(&day.len()) || month.len() != 2 || !is_digits(day) || !is_digits(month) {
        return None;
    }
    let (day, month) = (day.parse().ok()?, month.parse().ok()?);
    ((1..=31).contains(&day) && (1..=12).contains(&month)).then_some((day, month))
}

/// Whether six digits are a day, written YYMMDD or DDMMYY.
fn is_short_day(text: &str) -> bool {
    let part = |at: usize| text.get(at..at + 2).and_then(|part| part.parse().ok()).unwrap_or(0u32);
    let (first, month, last) = (part(0), part(2), part(4));
    text.len() == 6
        && is_digits(text)
        && (1..=12).contains(&month)
        && ((1..=31).contains(&first) || (1..=31).contains(&last))
}

/// Whether a number is a day from 1982 to 2064 as spreadsheets count them, from 1899-12-30.
pub fn is_day_of_a_sheet(number: f64) -> bool {
    (30_000.0..60_000.0).contains(&number)
}

/// The month or week behind a year of our time.
fn part_of_year(text: &str) -> Option<u32> {
    let (year, part) = (text.len() == 6 && is_digits(text)).then(|| text.split_at(4))?;
    let (year, part) = (year.parse().ok()?, part.parse().ok()?);
    (YEARS.contains(&year) && (1..=53).contains(&part)).then_some(part)
}

/// Whether digits begin with a day of our time, and as many as moments and numbers of orders have are behind it.
fn begins_with_day(text: &str) -> bool {
    let day = || text.get(..8).and_then(|day| Some(format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..8)?)));
    (8..=15).contains(&text.len())
        && is_digits(text)
        && text.get(..4).is_some_and(|year| year.parse().is_ok_and(|year: u32| YEARS.contains(&year)))
        && day().is_some_and(|day| parse::timestamp(&day, None).is_some())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether digits behind the days are times: a number that begins anew every day hardly has several hours.
pub fn have_times(looked: &Looked<'_>) -> bool {
    let mut hours: Vec<&str> = looked.real.iter().filter_map(|v| trim_space(&v.text).get(8..10)).collect();
    hours.sort_unstable();
    hours.dedup();
    hours.len() >= SEVERAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_calendars() {
        assert_eq!(
            ["202401", "202452", "202454", "302401", "2024-1", "20240"].map(part_of_year),
            [Some(1), Some(52), None, None, None, None]
        );
        assert_eq!(
            ["13.10", "07.03.", "7.03", "32.01", "13.13", "13.1", "1.10.24", "+1.10"].map(day_and_month),
            [Some((13, 10)), Some((7, 3)), Some((7, 3)), None, None, None, None, None]
        );
        assert!(["20240115", "20240115001", "202401151030"].iter().all(|text| begins_with_day(text)));
        assert!(["20240230", "2024011", "20240115x", "99990101", "2024011510300000"]
            .iter()
            .all(|text| !begins_with_day(text)));
    }
}
