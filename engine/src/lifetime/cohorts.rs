//! How many of those who came first in the same period come back in the next ones.

use std::collections::BTreeMap;

use super::events::Events;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::experiment::sample::sum;

/// How time is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Days.
    Day,
    /// Weeks from Monday on.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
}

impl Period {
    /// The names.
    pub const NAMES: [&'static str; 5] = ["day", "week", "month", "quarter", "year"];

    /// The period of a name.
    pub fn parse(name: &str) -> Option<Period> {
        match name {
            "day" => Some(Period::Day),
            "week" => Some(Period::Week),
            "month" => Some(Period::Month),
            "quarter" => Some(Period::Quarter),
            "year" => Some(Period::Year),
            _ => None,
        }
    }

    /// The number of the period that a day, counted from 2000-01-01, is in.
    fn number(self, day: i32) -> i32 {
        let months = || {
            let (year, month) = civil(day);
            year * 12 + month - 1
        };
        match self {
            Period::Day => day,
            // 2000-01-01 was a Saturday, two days before a Monday.
            Period::Week => (day - 2).div_euclid(7),
            Period::Month => months(),
            Period::Quarter => months().div_euclid(3),
            Period::Year => months().div_euclid(12),
        }
    }

    /// The first day of a period.
    fn first_day(self, number: i32) -> i32 {
        let month = |months: i32| day_of(months.div_euclid(12), months.rem_euclid(12) + 1);
        match self {
            Period::Day => number,
            Period::Week => number * 7 + 2,
            Period::Month => month(number),
            Period::Quarter => month(number * 3),
            Period::Year => month(number * 12),
        }
    }
}

/// Days from 0000-03-01 to 2000-01-01, of the proleptic Gregorian calendar.
const EPOCH: i64 = 730_425;

/// Year and month of a day (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(day: i32) -> (i32, i32) {
    let z = i64::from(day) + EPOCH;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    ((year + era * 400 + i64::from(month <= 2)) as i32, month as i32)
}

/// The day on which a month begins.
fn day_of(year: i32, month: i32) -> i32 {
    let year = i64::from(year) - i64::from(month <= 2);
    let month = i64::from(month);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    (era * 146_097 + days - EPOCH) as i32
}

/// A cohort in a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The first day of the period in which its customers came first.
    pub cohort: i32,
    /// How many periods later this is.
    pub number: i32,
    /// Customers of the cohort.
    pub customers: u64,
    /// Those of them that bought in this period.
    pub active: u64,
    /// What they paid.
    pub revenue: f64,
}

/// More cells than this are refused.
const MOST_CELLS: usize = 5_000_000;

/// Customers that were active in a period, and what each of them paid.
type Later = BTreeMap<i32, (u64, Vec<f64>)>;

/// The cohorts, each up to the period of the last day of all.
pub fn cohorts(events: &Events, period: Period, last_day: i32, control: &Control) -> Result<Vec<Cell>> {
    let last = period.number(last_day);
    // Customers of each cohort, and by later period who was active and what was paid.
    let mut all: BTreeMap<i32, (u64, Later)> = BTreeMap::new();
    let mut seen = 0usize;
    control.reserve(events.events.len() * 8)?;
    for of_one in events.events.chunk_by(|a, b| a.customer == b.customer) {
        if seen / 65_536 != (seen + of_one.len()) / 65_536 {
            control.check()?;
        }
        seen += of_one.len();
        let Some(first) = of_one.first() else { continue };
        let cohort = period.number(first.day);
        let (customers, cells) = all.entry(cohort).or_default();
        *customers += 1;
        for of_period in of_one.chunk_by(|a, b| period.number(a.day) == period.number(b.day)) {
            let Some(one) = of_period.first() else { continue };
            let (active, amounts) = cells.entry(period.number(one.day)).or_default();
            *active += 1;
            amounts.push(sum(of_period.iter().map(|e| e.amount)));
        }
    }
    let cells: usize = all.keys().map(|cohort| (last - cohort).max(0) as usize + 1).sum();
    if cells > MOST_CELLS {
        return Err(Error::data(
            format!("there are {cells} periods of cohorts, more than {MOST_CELLS}"),
            "Choose a longer period, or leave out what is far in the past or the future.",
        ));
    }
    let mut made = control.vec(cells)?;
    for (cohort, (customers, mut cells)) in all {
        control.check()?;
        for number in cohort..=last {
            let (active, mut amounts) = cells.remove(&number).unwrap_or_default();
            // In an order of their own: customers of the same amounts may have any names.
            amounts.sort_by(f64::total_cmp);
            let revenue = sum(amounts.into_iter());
            made.push(Cell { cohort: period.first_day(cohort), number: number - cohort, customers, active, revenue });
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_periods_agree() {
        assert_eq!((civil(0), civil(-1), civil(59), civil(60)), ((2000, 1), (1999, 12), (2000, 2), (2000, 3)));
        for day in (-900_000..900_000).step_by(13) {
            for name in Period::NAMES {
                let period = Period::parse(name).unwrap();
                let number = period.number(day);
                assert!(period.first_day(number) <= day && period.first_day(number + 1) > day, "{day} {name}");
                assert_eq!(period.number(period.first_day(number)), number);
            }
        }
        // 2026-12-01 is a Tuesday.
        let tuesday = 9_831;
        assert_eq!(civil(tuesday), (2026, 12));
        assert_eq!(Period::Week.first_day(Period::Week.number(tuesday)), tuesday - 1);
    }
}
