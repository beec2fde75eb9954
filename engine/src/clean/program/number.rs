//! Operations on a number, truth value or moment.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::clean::parse;
use crate::model::{day, days};

/// Numbers beyond this are not reckoned with: PostgreSQL raises where a result overflows, a cleaned view must not.
pub(super) const LARGEST: f64 = 1e150;

/// Numbers nearer to zero than this, zero aside, are not divided: PostgreSQL raises where a result underflows.
pub(super) const SMALLEST: f64 = 1e-150;

/// Below this a shift may leave a difference so small that its quotient underflows.
const SMALL_SHIFT: f64 = 1e-100;

/// Seconds of a day.
pub(super) const DAY: f64 = 86_400.0;

/// Seconds beyond this (30 million years) are on no calendar.
const FAR: f64 = 1e15;

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// All of them, with their SQL.
    pub const ALL: [(&'static str, Comparison); 6] = [
        ("=", Comparison::Equal),
        ("<>", Comparison::NotEqual),
        ("<", Comparison::Less),
        ("<=", Comparison::LessOrEqual),
        (">", Comparison::Greater),
        (">=", Comparison::GreaterOrEqual),
    ];

    /// The operator in SQL.
    pub fn sql(self) -> &'static str {
        Self::ALL.iter().find(|(_, c)| *c == self).map_or("=", |(sql, _)| sql)
    }

    fn of(self, a: f64, b: f64) -> bool {
        match self {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Less => a < b,
            Comparison::LessOrEqual => a <= b,
            Comparison::Greater => a > b,
            Comparison::GreaterOrEqual => a >= b,
        }
    }
}

/// A part of a date or timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MomentPart {
    /// The year.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// The day of the month.
    Day,
    /// The day of the week, from Monday, 1, to Sunday, 7.
    Weekday,
    /// The day of the year, from 1.
    DayOfYear,
    /// The hour of the day.
    Hour,
    /// The minute of the hour.
    Minute,
    /// 1 on Saturday and Sunday, else 0.
    Weekend,
}

impl MomentPart {
    /// All parts by their names, with the field of SQL's `extract`.
    pub const ALL: [(&'static str, &'static str, MomentPart); 9] = [
        ("year", "year", MomentPart::Year),
        ("quarter", "quarter", MomentPart::Quarter),
        ("month", "month", MomentPart::Month),
        ("day", "day", MomentPart::Day),
        ("weekday", "isodow", MomentPart::Weekday),
        ("day_of_year", "doy", MomentPart::DayOfYear),
        ("hour", "hour", MomentPart::Hour),
        ("minute", "minute", MomentPart::Minute),
        ("weekend", "isodow", MomentPart::Weekend),
    ];

    /// The field of SQL's `extract` it comes from.
    pub fn field(self) -> &'static str {
        Self::ALL.iter().find(|(.., part)| *part == self).map_or("day", |(_, field, _)| field)
    }

    /// The part of days, of a date, or seconds since 2000-01-01; NaN of what has no date.
    fn of(self, kind: Kind, value: f64) -> f64 {
        let is_date = kind == Kind::Date;
        let limit = if is_date { FAR / DAY } else { FAR };
        if value.is_nan() || value.abs() >= limit {
            return f64::NAN;
        }
        // Whole microseconds, as PostgreSQL keeps them: a number of seconds may lie just below the one that is meant.
        let (date, micros) = match is_date {
            true => (value.floor() as i64, 0),
            false => {
                let micros = (value * 1e6).round() as i64;
                (micros.div_euclid(parse::DAY), micros.rem_euclid(parse::DAY))
            }
        };
        let year = year(date);
        // PostgreSQL's years before 1 are counted without a zero.
        let shown = if year > 0 { year } else { year - 1 };
        let weekday = (date + 5).rem_euclid(7) + 1;
        let month = || (1..=12).rev().find(|&m| days(year, m, 1) <= date).unwrap_or(1);
        let part = match self {
            MomentPart::Year => shown,
            MomentPart::Quarter => (month() - 1) / 3 + 1,
            MomentPart::Month => month(),
            MomentPart::Day => date - days(year, month(), 1) + 1,
            MomentPart::Weekday => weekday,
            MomentPart::DayOfYear => date - days(year, 1, 1) + 1,
            MomentPart::Hour => micros / 3_600_000_000,
            MomentPart::Minute => micros / 60_000_000 % 60,
            MomentPart::Weekend => i64::from(weekday >= 6),
        };
        part as f64
    }
}

/// A date or timestamp as ISO 8601 writes it, and PostgreSQL in JSON.
pub(crate) fn spell_moment(kind: Kind, value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "infinity".into() } else { "-infinity".into() };
    }
    let part = |part: MomentPart| part.of(kind, value) as i64;
    let (year, era) = match part(MomentPart::Year) {
        year if year > 0 => (year, ""),
        year => (-year, " BC"),
    };
    let date = format!("{year:04}-{:02}-{:02}", part(MomentPart::Month), part(MomentPart::Day));
    if kind == Kind::Date {
        return format!("{date}{era}");
    }
    let micros = ((value * 1e6).round() as i64).rem_euclid(60_000_000);
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let fraction = match fraction {
        0 => String::new(),
        n => format!(".{n:06}").trim_end_matches('0').to_owned(),
    };
    format!("{date}T{:02}:{:02}:{seconds:02}{fraction}{era}", part(MomentPart::Hour), part(MomentPart::Minute))
}

/// The year of a day since 2000-01-01; the year before 1 is 0.
fn year(date: i64) -> i64 {
    let guess = 2000 + (date as f64 / 365.2425).floor() as i64;
    if days(guess + 1, 1, 1) <= date {
        guess + 1
    } else if days(guess, 1, 1) > date {
        guess - 1
    } else {
        guess
    }
}

/// What of a moment the digits of a whole number are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DigitsOf {
    /// `20240131`.
    Day,
    /// `202401`.
    Month,
    /// `20240131102030`.
    Second,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMillis,
}

/// Whole numbers above this have more digits than any of the forms.
pub(super) const MOST: f64 = 1e15;

impl DigitsOf {
    /// All of them, with their formats.
    pub const ALL: [(&'static str, DigitsOf); 5] = [
        ("YYYYMMDD", DigitsOf::Day),
        ("YYYYMM", DigitsOf::Month),
        ("YYYYMMDDHH24MISS", DigitsOf::Second),
        ("EPOCH", DigitsOf::Epoch),
        ("EPOCH_MS", DigitsOf::EpochMillis),
    ];

    /// The format in the letters of `to_timestamp`.
    pub fn format(self) -> &'static str {
        Self::ALL.iter().find(|(_, digits)| *digits == self).map_or("YYYYMMDD", |(format, _)| format)
    }

    /// Microseconds since 2000-01-01 of a number; `None` where it is no such moment. What `orchard.parse_timestamp` says of its digits.
    fn read(self, x: f64) -> Option<i64> {
        static FORMATS: LazyLock<Vec<Option<parse::TimestampFormat>>> = LazyLock::new(|| {
            DigitsOf::ALL.iter().map(|(format, _)| parse::TimestampFormat::compile(format).ok()).collect()
        });
        if x.fract() != 0.0 || !(0.0..MOST).contains(&x) {
            return None;
        }
        let at = Self::ALL.iter().position(|(_, digits)| *digits == self)?;
        parse::timestamp(&(x as u64).to_string(), Some(FORMATS.get(at)?.as_ref()?))
    }
}

/// What is done to a number. A missing number stays missing, unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NumberOp {
    /// These numbers, truth values or moments are missing values.
    NullIf(Vec<f64>),
    /// Each number of the first list becomes that of the second, missing where it is NaN; all others stay.
    Map(Vec<f64>, Vec<f64>),
    /// A missing number becomes this.
    Fill(f64),
    /// Numbers outside of the range become its end.
    Clip(f64, f64),
    /// Numbers outside of the range are missing values.
    NullOutside(f64, f64),
    /// Whether a number lies outside of the range; false for a missing one.
    IsOutside(f64, f64),
    /// `(x - shift) / scale`.
    Scale {
        /// Subtracted.
        shift: f64,
        /// Divides.
        scale: f64,
    },
    /// `ln(1 + x)`, and `-ln(1 - x)` below zero.
    Log,
    /// How many of these edges are not above the number.
    Bin(Vec<f64>),
    /// The place of a number in a list, from 1, as the ordinal of a category; missing for others.
    Place(Vec<f64>),
    /// Whether a number compares so to another.
    Compare(Comparison, f64),
    /// Whether a number is among these.
    IsIn(Vec<f64>),
    /// 1 where a number is this one, else 0, for a missing one too.
    Is(f64),
    /// A part of a date or timestamp.
    Part(MomentPart),
    /// The date of a timestamp, or the beginning of a date.
    Moment(Kind),
    /// The date or timestamp that the digits of a whole number are, or its seconds or milliseconds since 1970.
    Digits(DigitsOf, Kind),
}

impl NumberOp {
    /// What it makes of a kind.
    pub(super) fn kind(&self, from: Kind) -> Option<Kind> {
        match self {
            NumberOp::Part(_) => from.is_moment().then_some(Kind::Number),
            NumberOp::Digits(_, to) => {
                (from == Kind::Number && matches!(to, Kind::Date | Kind::Timestamp)).then_some(*to)
            }
            NumberOp::Moment(to) => (from.is_moment() && matches!(to, Kind::Date | Kind::Timestamp)).then_some(*to),
            NumberOp::NullIf(_) => (from.is_numeric() || from.is_moment()).then_some(from),
            NumberOp::Fill(_) => from.is_numeric().then_some(from),
            NumberOp::Compare(..) | NumberOp::IsIn(_) => {
                (from.is_numeric() || from.is_moment()).then_some(Kind::Boolean)
            }
            NumberOp::IsOutside(..) => from.is_numeric().then_some(Kind::Boolean),
            _ => from.is_numeric().then_some(Kind::Number),
        }
    }

    /// What it makes of a value.
    pub(super) fn of(&self, kind: Kind, x: f64) -> f64 {
        if x.is_nan() {
            return match self {
                NumberOp::Fill(value) => *value,
                NumberOp::IsOutside(..) | NumberOp::Is(_) => 0.0,
                _ => f64::NAN,
            };
        }
        match self {
            NumberOp::NullIf(values) if values.contains(&x) => f64::NAN,
            NumberOp::NullIf(_) | NumberOp::Fill(_) => x,
            NumberOp::Map(from, to) => from.iter().position(|v| *v == x).map_or(x, |i| to[i]),
            NumberOp::Clip(low, high) => {
                if x < *low {
                    *low
                } else if x > *high {
                    *high
                } else {
                    x
                }
            }
            NumberOp::NullOutside(low, high) if x < *low || x > *high => f64::NAN,
            NumberOp::NullOutside(..) => x,
            NumberOp::IsOutside(low, high) => truth(x < *low || x > *high),
            NumberOp::Scale { shift, scale } => match is_divisible(x, *shift) {
                true => (x - shift) / scale,
                false => f64::NAN,
            },
            NumberOp::Log if x >= 0.0 => (1.0 + x).ln(),
            NumberOp::Log => -(1.0 - x).ln(),
            NumberOp::Bin(edges) => edges.partition_point(|e| *e <= x) as f64,
            NumberOp::Place(values) => values.iter().position(|v| *v == x).map_or(f64::NAN, |i| (i + 1) as f64),
            NumberOp::Compare(comparison, value) => truth(comparison.of(x, *value)),
            NumberOp::IsIn(values) => truth(values.contains(&x)),
            NumberOp::Is(value) => truth(x == *value),
            NumberOp::Part(part) => part.of(kind, x),
            NumberOp::Moment(Kind::Date) if kind != Kind::Date => day(x),
            NumberOp::Moment(Kind::Timestamp) if kind == Kind::Date => x * DAY,
            NumberOp::Moment(_) => x,
            NumberOp::Digits(digits, to) => match (digits.read(x), to) {
                (None, _) => f64::NAN,
                (Some(micros), Kind::Date) => micros.div_euclid(parse::DAY) as f64,
                (Some(micros), _) => micros as f64 / 1e6,
            },
        }
    }
}

/// Whether [`NumberOp::Scale`] reckons with a number; the SQL says the same.
pub(super) fn is_divisible(x: f64, shift: f64) -> bool {
    x.abs() <= LARGEST && (!is_small(shift) || x == 0.0 || x.abs() >= SMALLEST)
}

/// Whether a number less this shift may be so small that its quotient underflows.
pub(super) fn is_small(shift: f64) -> bool {
    shift.abs() < SMALL_SHIFT
}

pub(super) fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}
