//! Moments that stand for none: those from which programs count, and the end of all time.

use super::super::role::Kind;
use super::super::Severity::{Note, Warning};
use super::super::{rows_inside, ColumnProfile, ARE};
use super::{DAY, FEW};
use crate::clean::program::spell_moment;
use crate::clean::program::Kind as Register;

/// Days since 2000-01-01 from which programs count, which come out where nothing was known, and others of which so much is known.
const ORIGINS: [(&str, f64); 4] =
    [("1753-01-01", -90_214.0), ("1899-12-30", -36_526.0), ("1900-01-01", -36_524.0), ("1970-01-01", -10_957.0)];
/// The day that is written for "no end".
const LAST: f64 = 2_921_939.0;

/// Seconds of a year.
const YEAR: f64 = 365.25 * DAY;
/// Years to the next moment from which on one from which programs count may be for none, and from which on it is.
const GAP: f64 = 5.0;
const SURE_GAP: f64 = 10.0;
/// How many times as many rows as any other moment it has to have for that.
const TIMES: u64 = 2;
/// Among other moments, how many times as many rows as the most frequent of them say that it may be for none.
const PEAK: u64 = 10;
/// Rows from which on that is no accident.
const MANY: u64 = 20;

/// Judge the sorted moments of a column in its unit, with their rows: those that stand for none are answered, and those that may are said. On the
/// clocks of a zone nobody knows which they are, so that there it is said alone.
pub fn judge(profile: &mut ColumnProfile, kind: Kind, known: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let scale = if kind == Kind::Date { DAY } else { 1.0 };
    let mut found = Vec::new();
    let all: Vec<(f64, u64)> = known.iter().copied().filter(|(value, _)| value.is_finite()).collect();
    let is_last = |value: f64| (LAST * DAY..(LAST + 1.0) * DAY).contains(&(value * scale));
    let (ends, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(value, _)| is_last(*value));
    if !ends.is_empty() && !others.is_empty() && kind != Kind::Timestamptz {
        found.extend(ends);
    }
    for (text, day) in ORIGINS {
        let Some(at) = others.iter().position(|(value, _)| value * scale == day * DAY) else { continue };
        let (value, rows) = others[at];
        let gap = others.get(at + 1).map_or(0.0, |(next, _)| (next - value) * scale / YEAR);
        let most = others.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, (_, rows))| *rows).max().unwrap_or(0);
        let sure = kind != Kind::Timestamptz && gap >= SURE_GAP && rows > TIMES * most;
        if at == 0 && rows >= FEW && sure {
            found.push((value, rows));
        } else if at == 0 && rows >= FEW && gap > GAP {
            profile.find(Note, profile.rows_that(rows, ARE, &format!("{text}, which may stand for a missing value")));
        } else if rows >= MANY && rows >= PEAK.saturating_mul(most) {
            let text = format!("{text}, far more than any other moment, which may stand for a missing value: name the step placeholders if it does");
            profile.find(Note, profile.rows_that(rows, ARE, &text));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    if !found.is_empty() {
        let list: Vec<String> = found
            .iter()
            .map(|(value, rows)| format!("{} ({})", spell(kind, *value), rows_inside(*rows, profile.rows)))
            .collect();
        profile.find(Warning, format!("stand for no date or no end: {}", list.join(", ")));
    }
    found
}

/// A moment as the step placeholders takes it.
pub fn spell(kind: Kind, value: f64) -> String {
    match kind {
        Kind::Date => spell_moment(Register::Date, value),
        _ => {
            let text = spell_moment(Register::Timestamp, value).replace('T', " ");
            text.strip_suffix(" 00:00:00").map_or_else(|| text.clone(), str::to_owned)
        }
    }
}
