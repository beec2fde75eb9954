//! Parts of dates and timestamps, by arithmetic alone: training, scoring a row and scoring a table call the same function, so they agree
//! bit for bit and no setting of a session can change an answer.

use serde::{Deserialize, Serialize};

use super::InputKind;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days from 0000-03-01 to 2000-01-01. Years begin in March here, so that the leap day is the last of its year.
const EPOCH: i64 = 730_425;

/// Days, and seconds, beyond this (30 million years) have no parts; integers of them do not overflow.
const FAR: f64 = 1e15;

/// A part of a date or timestamp. Frozen: its number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DatePart {
    /// 1 to 12.
    Month,
    /// The day of the month, 1 to 31.
    Day,
    /// The day of the week, from Monday, 1, to Sunday, 7, so that the weekend lies together.
    Weekday,
    /// The hour of the day, 0 to 23.
    Hour,
}

impl DatePart {
    /// All parts, in the order of the features made of them.
    pub const ALL: [DatePart; 4] = [DatePart::Month, DatePart::Day, DatePart::Weekday, DatePart::Hour];

    /// Its name, as it stands behind the name of the column.
    pub fn name(self) -> &'static str {
        match self {
            DatePart::Month => "month",
            DatePart::Day => "day",
            DatePart::Weekday => "weekday",
            DatePart::Hour => "hour",
        }
    }

    /// One more than the largest value.
    pub fn end(self) -> u32 {
        match self {
            DatePart::Month => 13,
            DatePart::Day => 32,
            DatePart::Weekday => 8,
            DatePart::Hour => 24,
        }
    }

    /// The part of a value of a column: days since 2000-01-01 of a date, seconds of a timestamp. NaN for what is missing or infinite,
    /// and for an age that no calendar reaches.
    #[inline]
    pub fn of(self, kind: InputKind, value: f64) -> f64 {
        if value.is_nan() || value.abs() >= FAR {
            return f64::NAN;
        }
        let whole = value.floor() as i64;
        let (days, seconds) = match kind {
            InputKind::Date => (whole, 0),
            _ => (whole.div_euclid(DAY), whole.rem_euclid(DAY)),
        };
        let part = match self {
            DatePart::Month => month_and_day(days).0,
            DatePart::Day => month_and_day(days).1,
            // 2000-01-01 was a Saturday.
            DatePart::Weekday => (days + 5).rem_euclid(7) + 1,
            DatePart::Hour => seconds / 3600,
        };
        part as f64
    }
}

/// The day of a timestamp, both since 2000-01-01; infinities stay.
#[inline]
pub fn day(seconds: f64) -> f64 {
    if seconds.abs() < FAR {
        // In integers: a quotient of numbers could be rounded up to the next day.
        (seconds.floor() as i64).div_euclid(DAY) as f64
    } else {
        (seconds / DAY as f64).floor()
    }
}

/// Days from 2000-01-01 to a day of the proleptic Gregorian calendar; the year before 1 is 0.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let day_of_year = (153 * m + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH
}

/// A day since 2000-01-01 as PostgreSQL writes it in ISO style; of an infinity, or a year that has no four digits, its number.
pub fn date_text(day: f64) -> String {
    let near = day.abs() < FAR;
    match date_of(if near { day.floor() as i64 } else { 0 }) {
        (year @ 1..=9999, month, of_month) if near => format!("{year:04}-{month:02}-{of_month:02}"),
        _ => format!("{day}"),
    }
}

/// Month and day of the month of a day since 2000-01-01.
#[inline]
fn month_and_day(days: i64) -> (i64, i64) {
    let (_, month, day) = date_of(days);
    (month, day)
}

/// Year, month and day of the month of a day since 2000-01-01 (Hinnant, chrono-compatible low-level date algorithms); the year before 1 is 0.
#[inline]
pub fn date_of(days: i64) -> (i64, i64, i64) {
    let (era, day_of_era) = ((days + EPOCH).div_euclid(146_097), (days + EPOCH).rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let (month, day) = (if m < 10 { m + 3 } else { m - 9 }, day_of_year - (153 * m + 2) / 5 + 1);
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A calendar that counts day by day.
    #[test]
    fn parts_are_those_of_a_naive_calendar() {
        let leap = |y: i64| y.rem_euclid(4) == 0 && (y.rem_euclid(100) != 0 || y.rem_euclid(400) == 0);
        let length = |y: i64, m: i64| match m {
            2 => 28 + i64::from(leap(y)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        // From 1 January 801 BC, whose weekday the walk itself finds to be right when it comes by the epoch.
        let (mut year, mut month, mut day_of_month) = (-800, 1, 1);
        let first = days(-800, 1, 1);
        let mut weekday = (first + 5).rem_euclid(7) + 1;
        for at in first..days(3200, 1, 1) {
            assert_eq!(at, days(year, month, day_of_month));
            let date = |part: DatePart| part.of(InputKind::Date, at as f64) as i64;
            assert_eq!([DatePart::Month, DatePart::Day, DatePart::Weekday].map(date), [month, day_of_month, weekday]);
            let hour = at.rem_euclid(24);
            let second = at as f64 * 86_400.0 + hour as f64 * 3600.0 + 3599.25;
            let stamp = |part: DatePart| part.of(InputKind::Timestamp, second) as i64;
            assert_eq!(DatePart::ALL.map(stamp), [month, day_of_month, weekday, hour]);
            assert_eq!(day(second), at as f64);
            assert!(DatePart::ALL.iter().all(|&p| stamp(p) < i64::from(p.end())));
            if at == 0 {
                assert_eq!((year, month, day_of_month, weekday), (2000, 1, 1, 6));
            }
            weekday = weekday % 7 + 1;
            day_of_month += 1;
            if day_of_month > length(year, month) {
                (month, day_of_month) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn days_as_texts() {
        for (y, m, d) in
            [(2000, 1, 1), (1999, 12, 31), (2024, 2, 29), (1900, 3, 1), (2100, 2, 28), (9999, 12, 31), (2, 1, 1)]
        {
            assert_eq!(date_text(days(y, m, d) as f64), format!("{y:04}-{m:02}-{d:02}"));
        }
        assert_eq!(date_text(f64::INFINITY), "inf");
    }

    #[test]
    fn what_has_no_date_has_no_parts() {
        let none = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e15];
        for part in DatePart::ALL {
            for kind in [InputKind::Date, InputKind::Timestamp, InputKind::Timestamptz] {
                assert!(none.iter().all(|&v| part.of(kind, v).is_nan()));
                assert!([-9.9e14, 9.9e14, -0.0, f64::MIN_POSITIVE].iter().all(|&v| !part.of(kind, v).is_nan()));
            }
        }
        assert_eq!(day(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(day(f64::NAN).is_nan());
        assert_eq!(day(-1e-9), -1.0);
        assert_eq!(day(86_400.0 * 20_000.0 - 3e-7), 19_999.0);
    }
}
