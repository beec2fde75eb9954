//! Conditions of a split on what holds the value of its feature.

use super::cells::{Cell, Holds};
use super::literal;
use crate::clean::program::literal as constant;
use crate::clean::program::Kind;
use crate::judge::read::split::{Split, Test};
use crate::model::Feature;

/// The first day of PostgreSQL's calendar, in 4714 BC; its last date, in 5874897; the last day of its timestamps, in 294276.
const FIRST_DAY: f64 = -2_451_545.0;
const LAST_DATE: f64 = 2_145_031_947.0;
const LAST_DAY: f64 = 106_751_990.0;
const DAY: f64 = 86_400.0;

/// That a row goes to a side of a split. Never NULL of what is not missing, and NULL or false where a missing value goes to the other side.
pub(super) fn condition(cell: &Cell, split: &Split<'_>, left: bool, feature: &Feature) -> String {
    let missing = split.missing_left == left;
    let x = &cell.text;
    match (&cell.holds, split.test) {
        (Holds::Group(groups), test) => {
            let sides: Vec<bool> = (0..groups.count).map(|g| test.is_left(groups.sample[g]) == left).collect();
            among(x, &sides, true, missing, |g| g.to_string())
        }
        (_, test @ (Test::Set(..) | Test::Keys(..))) => {
            let levels = feature.encoding.levels();
            let mut sides: Vec<bool> = (0..levels.len()).map(|code| test.is_left(code) == left).collect();
            let other = test.is_left(levels.len()) == left;
            // Every other text is on this side: it is told by the levels that are not.
            if other {
                sides.iter_mut().for_each(|side| *side = !*side);
            }
            listed(x, &sides, !other, missing, |code| constant::text(&levels[code]))
        }
        (Holds::Boolean, Test::Number(threshold)) => {
            truth(x, (0.0 <= threshold) == left, (1.0 <= threshold) == left, missing)
        }
        (holds, Test::Number(threshold)) => {
            let limit = match holds {
                Holds::Date => constant::moment(Kind::Date, moment(threshold.floor(), FIRST_DAY, LAST_DATE)),
                Holds::Timestamp => {
                    let value = moment(last_microsecond(threshold), FIRST_DAY * DAY, LAST_DAY * DAY);
                    constant::moment(Kind::Timestamp, value)
                }
                Holds::Whole => format!("{}", threshold.floor().clamp(-1.0, 100.0)),
                _ => literal::number(threshold),
            };
            compared(x, &limit, left, missing, *holds == Holds::Number { nan: true })
        }
    }
}

/// Numbers up to a limit, or above it.
fn compared(x: &str, limit: &str, left: bool, missing: bool, nan: bool) -> String {
    // PostgreSQL has NaN above all numbers.
    match (left, missing) {
        (true, false) => format!("{x} <= {limit}"),
        (false, true) => format!("({x} <= {limit}) IS NOT TRUE"),
        (true, true) if nan => format!("({x} > {limit} AND {x} < 'NaN'::float8) IS NOT TRUE"),
        (true, true) => format!("({x} > {limit}) IS NOT TRUE"),
        (false, false) if nan => format!("{x} > {limit} AND {x} < 'NaN'::float8"),
        (false, false) => format!("{x} > {limit}"),
    }
}

/// A truth value of which some can be.
fn truth(x: &str, is_false: bool, is_true: bool, missing: bool) -> String {
    match (is_false, is_true, missing) {
        (true, true, true) => "TRUE".to_owned(),
        (false, false, false) => "FALSE".to_owned(),
        (true, true, false) => format!("{x} IS NOT NULL"),
        (false, false, true) => format!("{x} IS NULL"),
        (false, true, false) => x.to_owned(),
        (false, true, true) => format!("{x} IS NOT FALSE"),
        (true, false, false) => format!("NOT {x}"),
        (true, false, true) => format!("{x} IS NOT TRUE"),
    }
}

/// One of some, told by the shorter list.
fn among(x: &str, sides: &[bool], can_turn: bool, missing: bool, shown: impl Fn(usize) -> String) -> String {
    let count = sides.iter().filter(|side| **side).count();
    match can_turn && 2 * count > sides.len() {
        true => {
            let others: Vec<bool> = sides.iter().map(|side| !side).collect();
            listed(x, &others, false, missing, shown)
        }
        false => listed(x, sides, true, missing, shown),
    }
}

/// One of some, or none of them.
fn listed(x: &str, sides: &[bool], wanted: bool, missing: bool, shown: impl Fn(usize) -> String) -> String {
    let list: Vec<String> = (0..sides.len()).filter(|i| sides[*i]).map(shown).collect();
    let test = match (&list[..], wanted) {
        ([], true) => return if missing { format!("{x} IS NULL") } else { "FALSE".to_owned() },
        ([], false) => return if missing { "TRUE".to_owned() } else { format!("{x} IS NOT NULL") },
        ([one], true) => format!("{x} = {one}"),
        ([one], false) => format!("{x} <> {one}"),
        (list, true) => format!("{x} IN ({})", list.join(", ")),
        (list, false) => format!("{x} NOT IN ({})", list.join(", ")),
    };
    match missing {
        true => format!("({test}) IS NOT FALSE"),
        false => test,
    }
}

/// A moment that SQL can write; beyond its calendar the first or last one, and infinities as they are.
fn moment(value: f64, first: f64, last: f64) -> f64 {
    if value.is_infinite() {
        value
    } else {
        value.clamp(first, last)
    }
}

/// The last number of seconds up to a threshold that is a whole number of microseconds.
fn last_microsecond(threshold: f64) -> f64 {
    let mut micros = (threshold * 1e6).floor();
    // The product is rounded, by a few microseconds at most where numbers are far apart.
    while micros / 1e6 > threshold {
        micros = (micros - 1.0).min(micros.next_down());
    }
    while (micros + 1.0) / 1e6 <= threshold && micros + 1.0 > micros {
        micros += 1.0;
    }
    micros / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_go_to_their_side() {
        assert_eq!(compared("x", "1", true, true, true), "(x > 1 AND x < 'NaN'::float8) IS NOT TRUE");
        assert_eq!(compared("x", "1", false, true, true), "(x <= 1) IS NOT TRUE");
        assert_eq!(listed("x", &[true, false], true, true, |i| i.to_string()), "(x = 0) IS NOT FALSE");
        assert_eq!(listed("x", &[false], true, true, |i| i.to_string()), "x IS NULL");
        assert_eq!(listed("x", &[true, true], false, false, |i| i.to_string()), "x NOT IN (0, 1)");
        assert_eq!(truth("b", true, false, true), "b IS NOT TRUE");
    }

    #[test]
    fn microseconds_are_not_above_the_threshold() {
        for threshold in [0.3, 1e9 + 0.1, 8.2e8 + 0.25, -0.1, 1.0 / 3.0, -8.2e8 - 1.0 / 7.0, 2.5e11] {
            let last = last_microsecond(threshold);
            assert!(last <= threshold && threshold - last < 2e-6 + threshold.abs() * 1e-15, "{threshold} {last}");
        }
    }
}
