//! The times of a series: how far apart they are, and what comes next.
//!
//! Times are whole microseconds since 2000-01-01 on some clock, months are those of the calendar. A step is inferred of all series together.

use serde::{Deserialize, Serialize};

/// A day in microseconds.
pub const DAY: i64 = 86_400_000_000;
/// The latest and earliest time that is reckoned with: the years 9999 BC to 16000 or so, in which no sum of two overflows.
pub const FAR: i64 = i64::MAX / 16;
/// As many months.
const MOST_MONTHS: i64 = 12 * 32_000;

/// How far apart the times of a series are. Frozen, as models keep it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// So many microseconds.
    Fixed(i64),
    /// Monday to Friday.
    BusinessDay,
    /// So many months.
    Months(i64),
    /// So much, where times are plain numbers.
    Number(f64),
}

/// Names of steps.
const NAMES: [(&str, Step); 11] = [
    ("second", Step::Fixed(1_000_000)),
    ("minute", Step::Fixed(60_000_000)),
    ("hour", Step::Fixed(3_600_000_000)),
    ("day", Step::Fixed(DAY)),
    ("business_day", Step::BusinessDay),
    ("week", Step::Fixed(7 * DAY)),
    ("month", Step::Months(1)),
    ("quarter", Step::Months(3)),
    ("half_year", Step::Months(6)),
    ("year", Step::Months(12)),
    ("decade", Step::Months(120)),
];

/// The names of steps, for messages.
pub fn names() -> String {
    NAMES.map(|n| n.0).join(", ")
}

impl Step {
    /// A step by its name, which may have a number before it: `day`, `15 minutes`.
    pub fn parse(text: &str) -> Option<Step> {
        let text = text.trim().to_lowercase();
        let (count, unit) = match text.split_once(' ') {
            Some((count, unit)) => (count.parse::<i64>().ok().filter(|n| (1..=10_000).contains(n))?, unit.trim()),
            None => (1, text.as_str()),
        };
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (_, step) = NAMES.iter().find(|n| n.0 == unit)?;
        match step {
            Step::Fixed(size) => Some(Step::Fixed(size * count)),
            Step::Months(months) => Some(Step::Months(months * count)),
            Step::BusinessDay if count == 1 => Some(Step::BusinessDay),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> String {
        if let Some((name, _)) = NAMES.iter().find(|n| n.1 == self) {
            return (*name).to_owned();
        }
        match self {
            Step::Months(months) if months % 12 == 0 => format!("{} years", months / 12),
            Step::Months(months) => format!("{months} months"),
            Step::Number(step) => format!("{step}"),
            Step::BusinessDay => "business_day".to_owned(),
            Step::Fixed(size) => {
                let fitting = NAMES.iter().rev().find_map(|(name, step)| match step {
                    Step::Fixed(unit) if size % unit == 0 => Some((*name, size / unit)),
                    _ => None,
                });
                fitting.map_or_else(
                    || format!("{} seconds", size as f64 / 1e6),
                    |(name, count)| format!("{count} {name}s"),
                )
            }
        }
    }

    /// How far one usually looks ahead.
    pub fn usual_horizon(self) -> usize {
        match self {
            Step::Months(1) => 12,
            Step::Months(3) => 4,
            Step::Months(6) => 2,
            Step::Months(_) => 3,
            Step::BusinessDay => 20,
            Step::Fixed(size) if size == 7 * DAY => 13,
            Step::Fixed(size) if size == DAY => 28,
            Step::Fixed(size) if DAY % size == 0 && DAY / size <= 1440 => (DAY / size) as usize,
            Step::Fixed(_) | Step::Number(_) => 10,
        }
    }

    /// The seasons that such times usually have, the shortest first; none for years and numbers.
    pub fn seasons(self) -> Vec<usize> {
        let whole = |span: i64, size: i64| (span % size == 0 && span / size > 1).then_some((span / size) as usize);
        match self {
            Step::Months(months) => whole(12, months).into_iter().collect(),
            Step::BusinessDay => vec![5],
            Step::Fixed(size) if size == 7 * DAY => vec![52],
            Step::Fixed(size) if size == DAY => vec![7, 365],
            Step::Fixed(size) if size < 60_000_000 => whole(60_000_000, size).into_iter().collect(),
            Step::Fixed(size) if size < 600_000_000 => {
                whole(3_600_000_000, size).into_iter().chain(whole(DAY, size)).collect()
            }
            Step::Fixed(size) => whole(DAY, size).into_iter().chain(whole(7 * DAY, size)).collect(),
            Step::Number(_) => Vec::new(),
        }
    }
}

/// The day of a time, counted from 2000-01-01.
pub fn day(time: i64) -> i64 {
    time.div_euclid(DAY)
}

/// Year, month (from 1) and day (from 1) of a day since 2000-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
pub fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 730_425;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// The day since 2000-01-01 of a date.
pub fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 730_425
}

/// The days of a month.
fn days_of(year: i64, month: i64) -> i64 {
    let (y, m) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    from_civil(y, m, 1) - from_civil(year, month, 1)
}

/// Times counted in steps: a step and where it begins. Frozen, as models keep it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    /// The step.
    pub step: Step,
    /// A time at which a step begins: a fixed step counts from here.
    anchor: i64,
    /// The day of the month at which a month begins, 31 for its last.
    month_day: i64,
    /// The time of the day.
    clock: i64,
    /// Of numbers: one of them.
    first: f64,
}

impl Calendar {
    /// A calendar of a step whose times are aligned to those of the series, where each is the start of a step; else to that of the unit.
    pub fn new(step: Step, times: &[i64]) -> Calendar {
        let mut calendar = Calendar { step, anchor: 0, month_day: 1, clock: 0, first: 0.0 };
        let Some(&least) = times.iter().min() else { return calendar };
        match step {
            Step::Fixed(size) => {
                // Steps begin at a time of the series if all of them do, else at midnight; weeks on Mondays.
                calendar.anchor = match times.iter().all(|t| (t - least).rem_euclid(size) == 0) {
                    true => least,
                    false if size % (7 * DAY) == 0 => 2 * DAY,
                    false => 0,
                };
            }
            Step::Months(_) => {
                let parts: Vec<(i64, i64, i64)> = times.iter().map(|t| civil(day(*t))).collect();
                let latest = parts.iter().map(|p| p.2).max().unwrap_or(1);
                // All on one day of the month, or its last if it has no such day.
                let same = parts.iter().all(|p| p.2 == latest.min(days_of(p.0, p.1)));
                let ends = parts.iter().all(|p| p.2 == days_of(p.0, p.1));
                calendar.month_day = if ends {
                    31
                } else if same {
                    latest
                } else {
                    1
                };
                let clock = least.rem_euclid(DAY);
                if times.iter().all(|t| t.rem_euclid(DAY) == clock) && (same || ends) {
                    calendar.clock = clock;
                }
                if let Some(first) = parts.iter().min() {
                    // A quarter may begin in any month.
                    calendar.anchor = first.0 * 12 + first.1 - 1;
                }
                if let Step::Months(months) = step {
                    let of = |p: &(i64, i64, i64)| p.0 * 12 + p.1 - 1;
                    if !(same || ends) || !parts.iter().all(|p| (of(p) - calendar.anchor).rem_euclid(months) == 0) {
                        calendar.anchor = 0;
                    }
                }
            }
            Step::BusinessDay => {
                let clock = least.rem_euclid(DAY);
                if times.iter().all(|t| t.rem_euclid(DAY) == clock) {
                    calendar.clock = clock;
                }
            }
            Step::Number(_) => {}
        }
        calendar
    }

    /// The calendar of plain numbers.
    pub fn of_numbers(step: f64, first: f64) -> Calendar {
        Calendar { step: Step::Number(step), anchor: 0, month_day: 1, clock: 0, first }
    }

    /// Whether it is one that [`Calendar::new`] makes, so that no reckoning with its steps near `index` overflows.
    pub fn is_sound(&self, index: i64) -> bool {
        let step = match self.step {
            Step::Fixed(size) => (1..=FAR).contains(&size),
            Step::Months(months) => {
                (1..=MOST_MONTHS).contains(&months) && index.saturating_mul(months).abs() <= MOST_MONTHS
            }
            Step::BusinessDay => index.abs() <= FAR / DAY,
            Step::Number(step) => step.is_finite() && step != 0.0,
        };
        let anchor = if matches!(self.step, Step::Months(_)) { MOST_MONTHS } else { FAR };
        step && self.anchor.abs() <= anchor
            && (1..=31).contains(&self.month_day)
            && (0..DAY).contains(&self.clock)
            && self.first.is_finite()
    }

    /// The step in which a time lies.
    pub fn index(&self, time: i64) -> i64 {
        match self.step {
            Step::Fixed(size) => (time - self.anchor).div_euclid(size.max(1)),
            Step::Months(months) => {
                let (year, month, _) = civil(day(time));
                (year * 12 + month - 1 - self.anchor).div_euclid(months.max(1))
            }
            Step::BusinessDay => {
                // 2000-01-03 was a Monday.
                let since = day(time) - 2;
                since.div_euclid(7) * 5 + since.rem_euclid(7).min(4)
            }
            Step::Number(_) => 0,
        }
    }

    /// When a step begins.
    pub fn time(&self, index: i64) -> i64 {
        match self.step {
            Step::Fixed(size) => self.anchor.saturating_add(index.saturating_mul(size)),
            Step::Months(months) => {
                let month = self.anchor.saturating_add(index.saturating_mul(months));
                let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
                let at = self.month_day.min(days_of(year, month));
                from_civil(year, month, at).saturating_mul(DAY).saturating_add(self.clock)
            }
            Step::BusinessDay => {
                (index.div_euclid(5) * 7 + index.rem_euclid(5) + 2).saturating_mul(DAY).saturating_add(self.clock)
            }
            Step::Number(_) => 0,
        }
    }

    /// The step in which a number lies.
    pub fn index_of(&self, number: f64) -> i64 {
        match self.step {
            Step::Number(step) => libm::round((number - self.first) / step) as i64,
            _ => 0,
        }
    }

    /// The number of a step.
    pub fn number(&self, index: i64) -> f64 {
        match self.step {
            Step::Number(step) => self.first + step * index as f64,
            _ => f64::NAN,
        }
    }
}

/// Differences that are seen less often than this share of all are gaps the other way round: typing errors.
const OFTEN: f64 = 0.1;

/// The step of times, given those of each series in order and without repetitions. `None` where no series has two.
pub fn infer<'a>(series: impl Iterator<Item = &'a [i64]> + Clone) -> Option<Step> {
    let mut counts: std::collections::BTreeMap<i64, u64> = std::collections::BTreeMap::new();
    let (mut at_midnight, mut weekend, mut all) = (true, false, 0u64);
    let (mut least, mut most, mut times) = (i64::MAX, i64::MIN, 0u64);
    let mut month_days = [0u64; 32];
    let mut ends = 0u64;
    for one in series {
        for t in one {
            let date = civil(day(*t));
            at_midnight &= t.rem_euclid(DAY) == one[0].rem_euclid(DAY);
            weekend |= (day(*t) - 2).rem_euclid(7) >= 5;
            month_days[date.2 as usize] += 1;
            ends += u64::from(date.2 == days_of(date.0, date.1));
            (least, most) = (least.min(*t), most.max(*t));
            times += 1;
        }
        for pair in one.windows(2) {
            *counts.entry(pair[1] - pair[0]).or_default() += 1;
            all += 1;
        }
    }
    if all == 0 {
        return None;
    }
    // Months have many lengths, which count as one.
    let one_day = month_days.contains(&times) || ends == times;
    let clipped = month_days[1..28].iter().all(|c| *c == 0);
    let shortest =
        *counts.iter().find(|(_, c)| **c as f64 >= OFTEN * all as f64).map_or(counts.keys().next()?, |c| c.0);
    let days = shortest / DAY;
    if at_midnight && (one_day || clipped) && days >= 28 {
        let months = counts
            .iter()
            .filter(|(_, c)| **c as f64 >= OFTEN * all as f64)
            .map(|(d, _)| (*d as f64 / DAY as f64 / 30.436_875).round() as i64)
            .fold(0, gcd);
        return Some(Step::Months(months.max(1)));
    }
    if at_midnight && (28..=31).contains(&days) {
        return Some(Step::Months(1));
    }
    if at_midnight && days == 1 && shortest == DAY {
        return Some(if weekend || times < 10 { Step::Fixed(DAY) } else { Step::BusinessDay });
    }
    // Events at any moment are no series: they are counted by day, or by hour if there are but days of them.
    let even = counts.iter().filter(|(d, _)| **d % shortest.max(1) == 0).map(|(_, c)| c).sum::<u64>();
    if !at_midnight && shortest < DAY && (even as f64) < 0.5 * all as f64 {
        return Some(Step::Fixed(if most - least >= 14 * DAY { DAY } else { 3_600_000_000 }));
    }
    Some(Step::Fixed(shortest.max(1)))
}

/// The step of plain numbers, likewise.
pub fn infer_number<'a>(series: impl Iterator<Item = &'a [f64]>) -> Option<f64> {
    let mut differences: Vec<f64> = Vec::new();
    for one in series {
        differences.extend(one.windows(2).map(|p| p[1] - p[0]).filter(|d| *d > 0.0).take(1000));
        if differences.len() > 1_000_000 {
            break;
        }
    }
    differences.sort_by(f64::total_cmp);
    let least = *differences.first()?;
    let all = differences.len() as f64;
    let mut from = 0;
    while from < differences.len() {
        let d = differences[from];
        let same = differences[from..].iter().take_while(|e| **e <= d * (1.0 + 1e-6)).count();
        if same as f64 >= OFTEN * all {
            return Some(d);
        }
        from += same.max(1);
    }
    Some(least)
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(year: i64, month: i64, d: i64) -> i64 {
        from_civil(year, month, d) * DAY
    }

    fn inferred(times: &[i64]) -> Option<Step> {
        infer([times].into_iter())
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(from_civil(2000, 1, 1), 0);
        assert_eq!(from_civil(1970, 1, 1), -10_957);
        assert_eq!(civil(from_civil(2024, 2, 29)), (2024, 2, 29));
        assert_eq!((days_of(1900, 2), days_of(2000, 2), days_of(2023, 12)), (28, 29, 31));
    }

    #[test]
    fn steps_are_inferred() {
        let months: Vec<i64> = (0..40).map(|i| at(2020 + i / 12, i % 12 + 1, 1)).collect();
        assert_eq!(inferred(&months), Some(Step::Months(1)));
        let ends: Vec<i64> = months.iter().skip(1).map(|t| t - DAY).collect();
        assert_eq!(inferred(&ends), Some(Step::Months(1)));
        let calendar = Calendar::new(Step::Months(1), &ends);
        assert_eq!(civil(day(calendar.time(calendar.index(ends[0]) + 1))), (2020, 2, 29));
        let quarters: Vec<i64> = months.iter().copied().step_by(3).collect();
        assert_eq!(inferred(&quarters), Some(Step::Months(3)));
        let years: Vec<i64> = (1990..2000).map(|y| at(y, 7, 1)).collect();
        assert_eq!(inferred(&years), Some(Step::Months(12)));
        let days: Vec<i64> = (0..30).map(|i| i * DAY).collect();
        assert_eq!(inferred(&days), Some(Step::Fixed(DAY)));
        let work: Vec<i64> = (0..30).map(|i| i * DAY).filter(|t| (day(*t) - 2).rem_euclid(7) < 5).collect();
        assert_eq!(inferred(&work), Some(Step::BusinessDay));
        let weeks: Vec<i64> = (0..30).map(|i| i * 7 * DAY).collect();
        assert_eq!(inferred(&weeks), Some(Step::Fixed(7 * DAY)));
        let hours: Vec<i64> = (0..30).map(|i| i * 3_600_000_000).collect();
        assert_eq!(inferred(&hours), Some(Step::Fixed(3_600_000_000)));
        // A third of the days is missing.
        let holes: Vec<i64> = (0..90).filter(|i| i % 3 != 1).map(|i| i * DAY).collect();
        assert_eq!(inferred(&holes), Some(Step::Fixed(DAY)));
        // Orders at any second.
        let orders: Vec<i64> = (0..400i64).map(|i| i * 7_919_000_000 + (i * i % 977) * 1_000_000).collect();
        assert_eq!(inferred(&orders), Some(Step::Fixed(DAY)));
        assert_eq!(inferred(&[5]), None);
        assert_eq!(infer_number([&[1.0, 2.0, 3.0, 5.0][..]].into_iter()), Some(1.0));
        assert_eq!(infer_number([&[2000.0, 2000.25, 2000.5][..]].into_iter()), Some(0.25));
    }

    #[test]
    fn names_go_both_ways() {
        for (name, step) in NAMES {
            assert_eq!(Step::parse(name), Some(step));
            assert_eq!(step.name(), name);
        }
        assert_eq!(Step::parse("15 minutes"), Some(Step::Fixed(900_000_000)));
        assert_eq!(Step::Fixed(900_000_000).name(), "15 minutes");
        assert_eq!(Step::parse("2 Weeks").map(Step::name).as_deref(), Some("2 weeks"));
        assert_eq!(Step::Months(24).name(), "2 years");
        for bad in ["", "fortnight", "0 days", "-1 day", "2 business_days", "99999999 days"] {
            assert_eq!(Step::parse(bad), None, "{bad}");
        }
        assert_eq!(Step::Fixed(3_600_000_000).seasons(), [24, 168]);
        assert_eq!(Step::Fixed(900_000_000).seasons(), [96, 672]);
        assert_eq!(Step::Months(1).seasons(), [12]);
        assert!(Step::Months(12).seasons().is_empty());
    }

    proptest! {
        #[test]
        fn indexes_go_both_ways(index in -20_000i64..20_000, first in -400_000i64..400_000, months in 1i64..13, clock in 0i64..24) {
            for step in [Step::Fixed(DAY), Step::Fixed(7 * DAY), Step::Months(months), Step::BusinessDay, Step::Fixed(3_600_000_000)] {
                let calendar = Calendar::new(step, &[first * DAY + clock * 3_600_000_000]);
                prop_assert_eq!(calendar.index(calendar.time(index)), index);
                prop_assert!(calendar.time(index) < calendar.time(index + 1));
            }
        }

        #[test]
        fn days_go_both_ways(d in -4_000_000i64..4_000_000) {
            let (year, month, of_month) = civil(d);
            prop_assert_eq!(from_civil(year, month, of_month), d);
            prop_assert!((1..=12).contains(&month) && (1..=days_of(year, month)).contains(&of_month));
        }
    }
}
