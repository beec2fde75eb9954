//! What is known of the steps of series besides their values: prices, promotions, holidays.
//!
//! A column says something of every step of a series and of those that are forecast. Where rows tell nothing, a level (a price) goes on as it was and an event (a
//! promotion) does not happen.

use super::calendar::{day, Calendar, Step, DAY};
use super::gather::Series;
use crate::control::Control;
use crate::error::Result;

/// What a column is where no row tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What it was before.
    Level,
    /// 0.
    Event,
}

/// Steps of which no row told a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Untold {
    /// Of the past.
    pub past: u64,
    /// Of the steps to be forecast.
    pub future: u64,
}

/// Let the columns of series reach as far as is forecast, with nothing unknown in them.
pub fn complete(series: &mut [Series], kinds: &[Kind], horizon: usize, control: &Control) -> Result<Untold> {
    let mut untold = Untold::default();
    for one in series.iter_mut() {
        control.check()?;
        let n = one.values.len();
        for (column, kind) in one.beside.iter_mut().zip(kinds) {
            let len = if n == 0 { 0 } else { n + horizon };
            control.room(column, len.saturating_sub(column.len()))?;
            column.resize(len, f64::NAN);
            let unknown = |part: &[f64]| part.iter().filter(|v| v.is_nan()).count() as u64;
            let mut before = 0.0;
            if *kind == Kind::Level {
                untold.past += unknown(&column[..n]);
                untold.future += unknown(&column[n..]);
                before = column.iter().copied().find(|v| !v.is_nan()).unwrap_or(0.0);
            }
            for v in column.iter_mut() {
                if v.is_nan() {
                    *v = before;
                } else if *kind == Kind::Level {
                    before = *v;
                }
            }
        }
    }
    Ok(untold)
}

/// Days that have a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holidays {
    /// The names.
    names: Vec<String>,
    /// Days since 2000-01-01 and the places of their names, in order, none twice.
    days: Vec<(i64, usize)>,
}

/// Names beyond so many are one: each would have a few days only.
pub const MOST_NAMES: usize = 60;

impl Holidays {
    /// Of days and their names.
    pub fn new(mut all: Vec<(i64, String)>) -> Holidays {
        let mut names: Vec<String> = all.iter().map(|d| d.1.clone()).collect();
        names.sort();
        names.dedup();
        if names.len() > MOST_NAMES {
            all.iter_mut().for_each(|d| d.1.clear());
            names = vec![String::new()];
        }
        let place = |name: &String| names.binary_search(name).unwrap_or(0);
        let mut days: Vec<(i64, usize)> = all.iter().map(|(day, name)| (*day, place(name))).collect();
        days.sort_unstable();
        days.dedup();
        Holidays { names, days }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// How many columns they are, at most.
    pub fn columns(&self) -> usize {
        if self.is_empty() {
            0
        } else {
            self.names.len() + 3
        }
    }

    /// The days from one on and before another.
    fn between(&self, from: i64, to: i64) -> &[(i64, usize)] {
        let at = |day: i64| self.days.partition_point(|d| d.0 < day);
        &self.days[at(from)..at(to).max(at(from))]
    }

    /// How many days from a day to the nearest that is one, before it (0 or less) and after it (0 or more); `FAR` where none is as near.
    fn near(&self, day: i64) -> (f64, f64) {
        let at = self.days.partition_point(|d| d.0 <= day);
        let before = at.checked_sub(1).map_or(-FAR, |i| ((self.days[i].0 - day) as f64).max(-FAR));
        let at = self.days.partition_point(|d| d.0 < day);
        let after = self.days.get(at).map_or(FAR, |d| ((d.0 - day) as f64).min(FAR));
        (before, after)
    }
}

/// Holidays farther away than so many days do not matter.
const FAR: f64 = 15.0;

/// What is known of all series alike.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// When steps are.
    pub calendar: Option<Calendar>,
    /// Holidays.
    pub holidays: Holidays,
}

impl Beside {
    /// The days of a step: the first, and the first that is no more of it.
    fn days_of(calendar: &Calendar, step: i64) -> (i64, i64) {
        let first = day(calendar.time(step));
        match calendar.step {
            Step::BusinessDay => (first, first + 1),
            _ => (first, day(calendar.time(step.saturating_add(1)).saturating_sub(1)).max(first) + 1),
        }
    }

    /// Whether steps are days or shorter, so that the days around a holiday are told apart.
    fn is_daily(calendar: &Calendar) -> bool {
        matches!(calendar.step, Step::BusinessDay) || matches!(calendar.step, Step::Fixed(size) if size <= DAY)
    }

    /// Whether anything is known of a series.
    pub fn knows(&self, series: &Series) -> bool {
        !series.beside.is_empty() || (self.calendar.is_some() && !self.holidays.is_empty())
    }

    /// The columns of the holidays of `len` steps from one on: how many days of each name a step has, of all names together, and of steps that are days whether the
    /// next or the last is one.
    pub fn holidays_of(&self, first: i64, len: usize) -> Vec<Vec<f64>> {
        let Some(calendar) = self.calendar.filter(|_| !self.holidays.is_empty()) else { return Vec::new() };
        let names = self.holidays.names.len();
        let daily = Self::is_daily(&calendar);
        let all = names + usize::from(names > 1);
        let mut columns = vec![vec![0.0; len]; all + if daily { 2 } else { 0 }];
        for i in 0..len {
            let (from, to) = Self::days_of(&calendar, first.saturating_add(i as i64));
            let days = self.holidays.between(from, to);
            for (_, name) in days {
                columns[*name][i] += 1.0;
            }
            columns[all - 1][i] = days.len() as f64;
            if daily && days.is_empty() {
                let (before, after) = self.holidays.near(from);
                columns[all][i] = f64::from(u8::from(after == 1.0));
                columns[all + 1][i] = f64::from(u8::from(before == -1.0));
            }
        }
        columns
    }

    /// All columns of a series, as far as `horizon` steps beyond its values; one that ends before goes on as it was last.
    pub fn columns(&self, series: &Series, horizon: usize) -> Vec<Vec<f64>> {
        let len = series.values.len() + horizon;
        let reach = |column: &Vec<f64>| {
            let mut column: Vec<f64> = column.iter().copied().take(len).collect();
            column.resize(len, column.last().copied().unwrap_or(0.0));
            column
        };
        series.beside.iter().map(reach).chain(self.holidays_of(series.first, len)).collect()
    }

    /// What the calendar says of a step, as numbers that trees can cut: the parts that differ between steps, and how far the next holidays are.
    pub fn parts(&self, step: i64) -> Vec<f64> {
        let Some(calendar) = self.calendar else { return Vec::new() };
        if let Step::Number(_) = calendar.step {
            return Vec::new();
        }
        let time = calendar.time(step);
        let at = day(time);
        let (year, month, of_month) = super::calendar::civil(at);
        let of_year = at - super::calendar::from_civil(year, 1, 1);
        let mut parts = vec![month as f64];
        if !matches!(calendar.step, Step::Months(_)) {
            parts.extend([of_year as f64, of_month as f64]);
            if Self::is_daily(&calendar) {
                parts.push((at - 2).rem_euclid(7) as f64);
            }
            if matches!(calendar.step, Step::Fixed(size) if size < DAY) {
                parts.push(time.rem_euclid(DAY) as f64 / DAY as f64);
            }
        }
        if !self.holidays.is_empty() && Self::is_daily(&calendar) {
            let (before, after) = self.holidays.near(at);
            parts.extend([before, after]);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::calendar::from_civil;

    fn daily(holidays: &[(i64, i64, i64, &str)]) -> Beside {
        let days = holidays.iter().map(|h| (from_civil(h.0, h.1, h.2), h.3.to_owned())).collect();
        Beside { calendar: Some(Calendar::new(Step::Fixed(DAY), &[0])), holidays: Holidays::new(days) }
    }

    #[test]
    fn levels_go_on_and_events_do_not() {
        let values = vec![1.0; 4];
        let beside = vec![vec![f64::NAN, 2.0, f64::NAN, 3.0], vec![1.0, f64::NAN, 1.0, 0.0, 1.0]];
        let mut series = [Series { values, beside, ..Series::default() }, Series::default()];
        series[1].beside = vec![Vec::new(); 2];
        let untold = complete(&mut series, &[Kind::Level, Kind::Event], 2, &Control::default()).unwrap();
        assert_eq!(series[0].beside, [[2.0, 2.0, 2.0, 3.0, 3.0, 3.0], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]]);
        assert_eq!(untold, Untold { past: 2, future: 2 });
        assert!(series[1].beside.iter().all(Vec::is_empty));
    }

    #[test]
    fn holidays_are_columns_by_name_of_all_and_of_the_days_around() {
        let beside = daily(&[(2000, 1, 3, "a"), (2000, 1, 5, "b"), (2000, 1, 3, "a")]);
        let [a, b, all, before, after] = &beside.holidays_of(0, 7)[..] else { panic!("five columns") };
        assert_eq!(a[..], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(b[..], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(all[..], [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(before[..], [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(after[..], [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(daily(&[]).holidays_of(0, 7), Vec::<Vec<f64>>::new());
    }

    #[test]
    fn months_and_weeks_count_their_holidays_and_hours_have_those_of_their_day() {
        let days = [(2000, 1, 3, ""), (2000, 1, 31, ""), (2000, 2, 1, "")];
        let of = |step: Step| Beside { calendar: Some(Calendar::new(step, &[0])), ..daily(&days) };
        assert_eq!(of(Step::Months(1)).holidays_of(0, 3), [[2.0, 1.0, 0.0]]);
        assert_eq!(of(Step::Fixed(7 * DAY)).holidays_of(0, 3), [[1.0, 0.0, 0.0]]);
        assert_eq!(of(Step::Fixed(DAY / 2)).holidays_of(3, 4)[0], [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(of(Step::BusinessDay).holidays_of(0, 2)[0], [1.0, 0.0]);
    }
}
