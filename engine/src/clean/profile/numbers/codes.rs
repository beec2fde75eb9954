//! Whole numbers that are no amounts: days and moments written without signs, days of spreadsheets, numbers with a check digit.

use super::super::collect::Numbers;
use super::super::role::Kind;
use super::super::texts::is_day_of_a_sheet;
use super::super::Severity::{Note, Warning};
use super::super::{checks, names, ColumnProfile};
use crate::clean::parse;

/// Say what whole numbers are besides.
pub fn say(profile: &mut ColumnProfile, name: &str, kind: Kind, numbers: &Numbers) {
    if names::is_amount(name) {
        return;
    }
    // Some are for nothing, or for no end.
    let nothing = |number: f64| [0.0, -1.0, 99_991_231.0].contains(&number);
    let known: Vec<f64> =
        numbers.values.known().iter().map(|k| numbers.number(k.value)).filter(|n| !nothing(*n)).collect();
    let moment = names::is_moment(name);
    let ordered = (names::is_code(name) || names::is_running(name)) && !moment;
    let all = |is: &dyn Fn(f64) -> bool| known.len() >= 2 && known.iter().all(|number| is(*number));
    if !ordered && all(&is_day) && kind == Kind::Integer {
        profile.find(Note, "probably dates, written YYYYMMDD: cast to text in the source they can be parsed");
    } else if !ordered && all(&is_moment) {
        profile.find(Note, "probably moments, written YYYYMMDDHHMISS: cast to text in the source they can be parsed");
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
