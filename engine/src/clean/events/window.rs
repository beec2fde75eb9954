//! Lengths of time before a moment.

use super::relation::Kind;
use super::sql::literal;
use crate::error::{Error, Result};

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours, or a day of the calendar where the time has no zone.
    Day,
    /// 7 days.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

/// Name, suffix, and the shortest and longest length in minutes.
const UNITS: [(Unit, &str, &str, u64, u64); 6] = [
    (Unit::Minute, "minute", "min", 1, 1),
    (Unit::Hour, "hour", "h", 60, 60),
    (Unit::Day, "day", "d", 1440, 1440),
    (Unit::Week, "week", "w", 10_080, 10_080),
    (Unit::Month, "month", "mon", 28 * 1440, 31 * 1440),
    (Unit::Year, "year", "y", 365 * 1440, 366 * 1440),
];

/// A hundred years, which is as far as anybody looks back.
const LONGEST: u64 = 100 * 366 * 1440;

/// The first day of all types of time. What is written of it is a `timestamp`, as the server writes a `timestamptz` of that age so that
/// not every session can read it.
const FIRST_DAY: &str = "4714-11-24";
/// The last day of a timestamp.
pub(super) const LAST_DAY: &str = "294276-12-31";

/// The events that count: all before the moment, or those of a length of time before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// All before the moment.
    All,
    /// From so long before the moment on.
    Last(u64, Unit),
}

impl Window {
    /// Read `all`, or a whole number and a unit: `7 days`, `1 hour`.
    pub fn parse(text: &str) -> Option<Window> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") {
            return Some(Window::All);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at_checked(digits)?;
        let count: u64 = count.parse().ok()?;
        let unit = unit.trim_start().to_ascii_lowercase();
        let unit = unit.strip_suffix('s').unwrap_or(&unit);
        let (unit, _, _, _, longest) = *UNITS.iter().find(|u| u.1 == unit)?;
        // A hundred years of months are fewer days than 1200 long months.
        let most = if unit == Unit::Month { 1200 } else { LONGEST / longest };
        (count > 0 && count <= most).then_some(Window::Last(count, unit))
    }

    /// Whether it has an end, and the same length whenever it is.
    pub fn is_steady(&self) -> bool {
        matches!(self, Window::Last(_, Unit::Minute | Unit::Hour | Unit::Day | Unit::Week))
    }

    fn unit(unit: Unit) -> (&'static str, &'static str, u64, u64) {
        // Every unit is in the table.
        UNITS.iter().find(|u| u.0 == unit).map_or(("minute", "min", 1, 1), |u| (u.1, u.2, u.3, u.4))
    }

    /// The end of the names of its features: `7d`.
    pub fn suffix(&self) -> String {
        match self {
            Window::All => "all".into(),
            Window::Last(count, unit) => format!("{count}{}", Window::unit(*unit).1),
        }
    }

    /// `7 days`, as SQL and people write it.
    fn length(count: u64, unit: Unit) -> String {
        format!("{count} {}{}", Window::unit(unit).0, if count == 1 { "" } else { "s" })
    }

    /// What it means, after "events".
    pub fn words(&self) -> String {
        match self {
            Window::All => "of the past".into(),
            Window::Last(1, unit) => format!("of the last {}", Window::unit(*unit).0),
            Window::Last(count, unit) => format!("of the last {}", Window::length(*count, *unit)),
        }
    }

    /// The length in words, for one that has an end.
    pub fn text(&self) -> String {
        match self {
            Window::All => "all".into(),
            Window::Last(count, unit) => Window::length(*count, *unit),
        }
    }

    /// When it begins, as an expression over that of the moment; `None` for all.
    ///
    /// The zone of a session plays no part: a day of a `timestamptz` has 24 hours, its months are those of `zone`.
    ///
    /// No moment makes it raise: one that is less than the window after the first time of its type counts as one that is just so much
    /// after it, which lets in the same events.
    pub fn start(&self, moment: &str, kind: Kind, zone: &str) -> Result<Option<String>> {
        let Window::Last(count, unit) = *self else { return Ok(None) };
        let hours = |hours: u64| format!("interval '{hours} hours'");
        let length = match (kind, unit) {
            (Kind::Timestamptz, Unit::Day) => hours(count * 24),
            (Kind::Timestamptz, Unit::Week) => hours(count * 168),
            _ => format!("interval {}", literal(&Window::length(count, unit))),
        };
        Ok(Some(match (kind, unit) {
            (Kind::Date, Unit::Minute | Unit::Hour) => {
                return Err(Error::option(
                    format!("{} is less than a day, and the times of the events are dates", self.text()),
                    "Give days, weeks, months or years, or a time column of timestamps.",
                ));
            }
            (Kind::Date, Unit::Day | Unit::Week) => {
                let days = if unit == Unit::Week { count * 7 } else { count };
                format!("GREATEST({moment}, pg_catalog.date '{FIRST_DAY} BC' + {days}) - {days}")
            }
            // Months are taken off from timestamps, which end before dates do.
            (Kind::Date, _) => format!(
                "(GREATEST(LEAST({moment}, pg_catalog.date '{LAST_DAY}'), timestamp '{FIRST_DAY} BC' + {length}) - {length})::pg_catalog.date"
            ),
            // A zone may be days from UTC, so both ends are a week off.
            (Kind::Timestamptz, Unit::Month | Unit::Year) => {
                let zone = format!("AT TIME ZONE {}", literal(zone));
                let first = format!("(timestamp '4714-12-08 BC' + {length}) {zone}");
                let bounded =
                    format!("GREATEST(LEAST({moment}, timestamp '294276-12-24' AT TIME ZONE 'UTC'), {first})");
                format!("(({bounded} {zone}) - {length}) {zone}")
            }
            (Kind::Timestamptz, _) => {
                format!("GREATEST({moment}, (timestamp '{FIRST_DAY} BC' + {length}) AT TIME ZONE 'UTC') - {length}")
            }
            _ => format!("GREATEST({moment}, timestamp '{FIRST_DAY} BC' + {length}) - {length}"),
        }))
    }

    /// Those of some windows that may be the longest: a month may be shorter or longer than 30 days.
    pub fn longest(windows: &[Window]) -> Vec<Window> {
        let range = |w: &Window| match w {
            Window::All => (u64::MAX, u64::MAX),
            Window::Last(count, unit) => {
                let (_, _, shortest, longest) = Window::unit(*unit);
                (count * shortest, count * longest)
            }
        };
        let surely = windows.iter().map(|w| range(w).0).max().unwrap_or_default();
        windows.iter().filter(|w| range(w).1 >= surely).copied().collect()
    }
}
