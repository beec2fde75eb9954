//! Values as PostgreSQL writes and reads them.

use crate::clean::exact;
use crate::model::{date_of, InputKind};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Seconds, or days, that a timestamp, or date, cannot reach.
const FAR: f64 = 9e12;

/// A number of a column of a kind.
pub(crate) fn number(value: f64, kind: InputKind) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.abs() >= FAR && (kind.is_moment() || kind == InputKind::Interval) {
        return if value > 0.0 { "infinity" } else { "-infinity" }.to_owned();
    }
    match kind {
        InputKind::Boolean => if value != 0.0 { "true" } else { "false" }.to_owned(),
        InputKind::Date => date(value.floor() as i64),
        InputKind::Timestamp | InputKind::Timestamptz => {
            let microseconds = (value * 1e6).round() as i64;
            let (day, rest) = (microseconds.div_euclid(DAY), microseconds.rem_euclid(DAY));
            // The era stands behind the clock.
            match date(day).strip_suffix(" BC") {
                Some(before) => format!("{before} {} BC", clock(rest)),
                None => format!("{} {}", date(day), clock(rest)),
            }
        }
        InputKind::Interval => {
            let microseconds = (value.abs() * 1e6).round() as i64;
            let (days, rest) = (microseconds / DAY, microseconds % DAY);
            let sign = if value < 0.0 { "-" } else { "" };
            match (days, rest) {
                (0, rest) => format!("{sign}{}", clock(rest)),
                (1, 0) => format!("{sign}1 day"),
                (days, 0) => format!("{sign}{days} days"),
                (days, rest) => format!("{sign}{days} days {sign}{}", clock(rest)),
            }
        }
        _ if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => exact(value + 0.0),
    }
}

/// A day since 2000-01-01.
fn date(days: i64) -> String {
    let (year, month, day) = date_of(days);
    if year > 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{:04}-{month:02}-{day:02} BC", 1 - year)
    }
}

/// Microseconds since midnight.
fn clock(microseconds: i64) -> String {
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match rest {
        0 => whole,
        rest => format!("{whole}.{rest:06}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_server_writes_them() {
        for (value, kind, expected) in [
            (1.5, InputKind::Number, "1.5"),
            (-0.0, InputKind::Number, "0"),
            (1e300, InputKind::Number, "1e300"),
            (f64::INFINITY, InputKind::Number, "Infinity"),
            (1.0, InputKind::Boolean, "true"),
            (0.0, InputKind::Date, "2000-01-01"),
            (-1.0, InputKind::Date, "1999-12-31"),
            (9_496.0, InputKind::Date, "2025-12-31"),
            (-730_119.0, InputKind::Date, "0001-01-01"),
            (-730_120.0, InputKind::Date, "0001-12-31 BC"),
            (f64::NEG_INFINITY, InputKind::Date, "-infinity"),
            (86_399.5, InputKind::Timestamp, "2000-01-01 23:59:59.5"),
            (-0.25, InputKind::Timestamptz, "1999-12-31 23:59:59.75"),
            (3_661.0, InputKind::Interval, "01:01:01"),
            (-90_000.0, InputKind::Interval, "-1 days -01:00:00"),
            (172_800.0, InputKind::Interval, "2 days"),
        ] {
            assert_eq!(number(value, kind), expected);
        }
    }
}
