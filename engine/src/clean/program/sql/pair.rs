//! Operations on two columns, in SQL.

use super::{literal, text};
use crate::clean::program::number::{DAY, LARGEST, SMALLEST};
use crate::clean::program::pair::LONGEST_INTERVAL;
use crate::clean::program::text::Levels;
use crate::clean::program::{Kind, PairOp};

pub(super) fn pair(op: &PairOp, a: &str, b: &str) -> String {
    let (least, most) = (literal::number(SMALLEST), literal::number(LARGEST));
    match op {
        PairOp::Ratio => format!(
            "CASE WHEN ({a} = 0 OR abs({a}) BETWEEN {least} AND {most}) AND abs({b}) BETWEEN {least} AND {most} THEN {a} / {b} END"
        ),
        _ => format!("CASE WHEN abs({a}) <= {most} AND abs({b}) <= {most} THEN {a} - {b} END"),
    }
}

pub(super) fn days(kind: Kind, a: &str, b: &str) -> String {
    let days = match kind {
        Kind::Date => format!("({a} - {b})::double precision"),
        _ => format!("extract(epoch FROM {a} - {b})::double precision / {}", literal::number(DAY)),
    };
    // An interval is shorter than all time is long.
    let apart = match kind {
        Kind::Date => String::new(),
        _ => format!(
            " AND abs(extract(epoch FROM {a}) - extract(epoch FROM {b})) < {}",
            literal::number(LONGEST_INTERVAL)
        ),
    };
    format!("CASE WHEN isfinite({a}) AND isfinite({b}){apart} THEN {days} END")
}

/// The digits of a whole number.
pub(super) fn spell(a: &str) -> String {
    format!("CASE WHEN abs({a}) <= 9007199254740992 THEN {a}::bigint::text END")
}

pub(super) fn by_fold(levels: &[Levels], a: &str, key: &str) -> String {
    let branches: String =
        levels.iter().enumerate().map(|(i, l)| format!(" WHEN {i} THEN {}", text::of_level(l, a))).collect();
    format!("CASE coalesce(get_byte(decode(md5({key}), 'hex'), 0), 0) % {}{branches} END", levels.len().max(1))
}

pub(super) fn group_fill(levels: &Levels, a: &str, group: &str) -> String {
    match levels.other.is_nan() {
        true => format!("coalesce({a}, {})", text::look_up(levels, group)),
        false => format!("coalesce({a}, {}, {})", text::look_up(levels, group), literal::number(levels.other)),
    }
}

pub(super) fn repeats(op: &PairOp) -> [usize; 2] {
    match op {
        PairOp::Ratio => [3, 2],
        PairOp::Difference => [2, 2],
        PairOp::Days => [3, 3],
        PairOp::ByFold(levels) => [levels.iter().map(text::repeats_levels).sum(), 1],
    }
}
