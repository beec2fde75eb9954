//! Whole numbers that are no amounts: days and moments written without signs, days of spreadsheets, numbers with a check digit.

use serde_json::json;

use super::super::collect::Numbers;
use super::super::role::{Kind, Role};
use super::super::texts::is_day_of_a_sheet;
use super::super::Severity::{Note, Warning};
use super::super::{checks, names, steps, ColumnProfile};
use crate::clean::parse;

/// Say what whole numbers are besides.
pub fn say(profile: &mut ColumnProfile, name: &str, kind: Kind, numbers: &Numbers) {
    if names::is_amount(name) {
        return;
    }
    let known: Vec<f64> =
        numbers.values.known().iter().map(|k| numbers.number(k.value)).filter(|n| !is_nothing(n)).collect();
    let moment = names::is_moment(name);
    let ordered = (names::is_code(name) || names::is_running(name)) && !moment;
    let all = |is: &dyn Fn(f64) -> bool| known.len() >= 2 && known.iter().all(|number| is(*number));
    if !ordered && all(&is_day) && kind == Kind::Integer {
        parse(profile, name, numbers, "YYYYMMDD", "dates, written YYYYMMDD");
    } else if !ordered && all(&is_moment) {
        parse(profile, name, numbers, "YYYYMMDDHH24MISS", "moments, written YYYYMMDDHHMISS");
    } else if moment && !names::is_code(name) && all(&|n| EPOCHS.contains(&n)) && kind == Kind::Integer {
        parse(profile, name, numbers, "EPOCH", "moments, in seconds since 1970");
    } else if moment && !names::is_code(name) && all(&|n| EPOCHS.contains(&(n / 1e3))) && kind == Kind::Integer {
        parse(profile, name, numbers, "EPOCH_MS", "moments, in milliseconds since 1970");
    } else if !ordered && known.len() >= SEVERAL && all(&is_month) && kind == Kind::Integer {
        profile.find(Note, "years with months, such as 202401, or numbers: nobody can tell, so name the step parse_timestamp with the format YYYYMM if they are months");
    } else if moment && all(&is_day_of_a_sheet) {
        profile.find(Note, "probably days as spreadsheets count them: add them to date '1899-12-30' in the source");
    } else {
        let texts: Vec<String> = known.iter().map(f64::to_string).collect();
        let Some((given, personal)) = checks::given(texts.iter().map(String::as_str)) else { return };
        profile.find(Note, format!("{given} by their check digits, which are names and no amounts"));
        if personal {
            profile.find(Warning, "personal data (identity numbers): mask or drop it before others see it");
        }
    }
}

/// Seconds since 1970 from 2001-09-09 to 2033-05-18.
const EPOCHS: std::ops::Range<f64> = 1e9..2e9;
/// Different months from which on they are no accident.
const SEVERAL: usize = 6;
/// The day that is written for no end.
const NO_END: f64 = 99_991_231.0;

/// Say that numbers are moments, and suggest to read them where all are known.
fn parse(profile: &mut ColumnProfile, name: &str, numbers: &Numbers, format: &str, what: &str) {
    if profile.role == Role::Id {
        profile.role = Role::Number;
    }
    if !numbers.values.is_exact() {
        profile.find(Note, format!("probably {what}: name the step parse_timestamp with the format {format}"));
        return;
    }
    profile.find(Warning, format!("{what}, kept as numbers"));
    // What stands for nothing would be a day of its own, or is none.
    let known = numbers.values.known();
    let nothing: Vec<i64> =
        known.iter().map(|k| numbers.number(k.value)).filter(is_nothing).map(|n| n as i64).collect();
    if !nothing.is_empty() {
        let list: Vec<String> = nothing.iter().map(i64::to_string).collect();
        profile.find(Warning, format!("stand for no date or no end: {}", list.join(", ")));
        profile.steps.push(steps::placeholders(name, nothing.iter().map(|n| json!(n)).collect()));
    }
    profile.steps.push(steps::parse_timestamp(name, Some(format), format == "YYYYMMDD"));
}

fn is_nothing(number: &f64) -> bool {
    [0.0, -1.0, NO_END].contains(number)
}

/// Whether a number is a month of our time, written YYYYMM.
fn is_month(number: f64) -> bool {
    (197_001.0..205_000.0).contains(&number) && (1.0..13.0).contains(&(number % 100.0))
}

/// Whether a number is a day from 1900 to 2099, written YYYYMMDD.
fn is_day(number: f64) -> bool {
    (19e6..21e6).contains(&number) && {
        let number = number as u32;
        let day = format!("{}-{}-{}", number / 10_000, number / 100 % 100, number % 100);
        parse::timestamp(&day, None).is_some()
    }
}

/// Whether a number is a moment of those years, written YYYYMMDDHHMISS.
fn is_moment(number: f64) -> bool {
    let (day, time) = ((number / 1e6).floor(), number % 1e6);
    let (hour, minute, second) = ((time / 1e4).floor(), (time / 1e2).floor() % 1e2, time % 1e2);
    (19e12..21e12).contains(&number) && is_day(day) && hour < 24.0 && minute < 60.0 && second < 60.0
}
