//! Values that JSON can only write as text: read without ever raising.

use orchard_engine::model;

/// A number; NaN where it is none.
pub fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// A truth value as PostgreSQL reads it; NaN where it is none.
pub fn boolean(text: &str) -> f64 {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => 1.0,
        "false" | "f" | "no" | "n" | "off" | "0" => 0.0,
        _ => f64::NAN,
    }
}

/// The last year of a date in PostgreSQL.
const LAST_YEAR: i64 = 5_874_897;

/// Seconds since 2000-01-01 of an ISO 8601 date or timestamp, as `row_to_json` writes it, and whether they are those of UTC because there
/// was an offset, which is subtracted. The same number as that of the timestamp: whole microseconds.
pub fn timestamp(text: &str) -> Option<(f64, bool)> {
    match text {
        "infinity" => return Some((f64::INFINITY, false)),
        "-infinity" => return Some((f64::NEG_INFINITY, false)),
        _ => {}
    }
    let (text, era) = match text.strip_suffix(" BC") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (date, rest) = match text.find(['T', ' ']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let mut parts = date.splitn(3, '-');
    let year: i64 = parts.next()?.parse().ok()?;
    let month: i64 = parts.next()?.parse().ok()?;
    let day: i64 = parts.next()?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=LAST_YEAR).contains(&year) {
        return None;
    }
    let year = if era { 1 - year } else { year };
    if rest.is_empty() {
        return Some((model::days(year, month, day) as f64 * 86_400.0, false));
    }
    let (clock, offset) = split_offset(rest)?;
    let utc = model::days(year, month, day) as f64 * 86_400.0 + seconds(clock)? - offset.unwrap_or(0.0);
    Some(((utc * 1e6).round() / 1e6, offset.is_some()))
}

/// The time of day and its offset from UTC in seconds, if there is one.
fn split_offset(text: &str) -> Option<(&str, Option<f64>)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, Some(0.0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let sign = if text[at..].starts_with('-') { -1.0 } else { 1.0 };
    Some((&text[..at], Some(sign * seconds(&text[at + 1..])?)))
}

/// Seconds of `hh[:mm[:ss[.fraction]]]`; an empty text is midnight.
fn seconds(clock: &str) -> Option<f64> {
    let clock = clock.trim();
    if clock.is_empty() {
        return Some(0.0);
    }
    let mut total = 0.0;
    for (part, unit) in clock.splitn(3, ':').zip([3600.0, 60.0, 1.0]) {
        let value: f64 = part.parse().ok()?;
        total += value * unit;
    }
    Some(total)
}

/// Seconds of an interval as PostgreSQL writes it: `1 mon 2 days 03:04:05`; NaN where it is none.
pub fn interval(text: &str) -> f64 {
    let mut total = 0.0;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            let (sign, clock) = match word.strip_prefix('-') {
                Some(rest) => (-1.0, rest),
                None => (1.0, word),
            };
            match seconds(clock) {
                Some(s) => total += sign * s,
                None => return f64::NAN,
            }
            continue;
        }
        let unit = match words.next().map(|u| u.trim_end_matches('s')) {
            Some("year") => 360.0 * 86_400.0,
            Some("mon" | "month") => 30.0 * 86_400.0,
            Some("week") => 7.0 * 86_400.0,
            Some("day") => 86_400.0,
            Some("hour") => 3600.0,
            Some("min" | "minute") => 60.0,
            Some("sec" | "second") => 1.0,
            _ => return f64::NAN,
        };
        total += number(word) * unit;
    }
    if text.trim().is_empty() {
        f64::NAN
    } else {
        total
    }
}
