//! Operations on numbers and moments, in SQL.

use super::literal;
use crate::clean::program::number::{is_small, LARGEST, MOST, SMALLEST};
use crate::clean::program::{Kind, MomentPart, NumberOp};

pub(super) fn number(op: &NumberOp, a: &str) -> String {
    let n = literal::number;
    match op {
        NumberOp::NullIf(values) => values.iter().fold(a.to_owned(), |x, v| format!("nullif({x}, {})", n(*v))),
        NumberOp::Map(from, to) => {
            let branches: String =
                from.iter().zip(to).map(|(f, t)| format!(" WHEN {} THEN {}", n(*f), n(*t))).collect();
            match branches.is_empty() {
                true => a.to_owned(),
                false => format!("CASE {a}{branches} ELSE {a} END"),
            }
        }
        NumberOp::Fill(value) => format!("coalesce({a}, {})", n(*value)),
        NumberOp::Clip(low, high) => {
            let low = low.is_finite().then(|| format!(" WHEN {a} < {0} THEN {0}", n(*low)));
            let high = high.is_finite().then(|| format!(" WHEN {a} > {0} THEN {0}", n(*high)));
            match (low, high) {
                (None, None) => a.to_owned(),
                (low, high) => {
                    format!("CASE{}{} ELSE {a} END", low.unwrap_or_default(), high.unwrap_or_default())
                }
            }
        }
        NumberOp::NullOutside(low, high) => format!("CASE WHEN {a} BETWEEN {} AND {} THEN {a} END", n(*low), n(*high)),
        NumberOp::IsOutside(low, high) => format!("({a} NOT BETWEEN {} AND {}) IS TRUE", n(*low), n(*high)),
        NumberOp::Scale { shift, scale } => {
            let low = match is_small(*shift) {
                true => format!(" AND ({a} = 0 OR abs({a}) >= {})", n(SMALLEST)),
                false => String::new(),
            };
            format!("CASE WHEN abs({a}) <= {}{low} THEN ({a} - {}) / {} END", n(LARGEST), n(*shift), n(*scale))
        }
        NumberOp::Log => format!("CASE WHEN {a} >= 0 THEN ln(1 + {a}) ELSE -ln(1 - {a}) END"),
        NumberOp::Bin(edges) if edges.is_empty() => format!("(CASE WHEN {a} IS NOT NULL THEN 0 END)::double precision"),
        NumberOp::Bin(edges) => format!("width_bucket({a}, {})::double precision", literal::numbers(edges)),
        NumberOp::Place(values) => {
            let branches: String =
                values.iter().enumerate().map(|(i, v)| format!(" WHEN {} THEN {}", n(*v), i + 1)).collect();
            match branches.is_empty() {
                true => "NULL::double precision".into(),
                false => format!("(CASE {a}{branches} END)::double precision"),
            }
        }
        NumberOp::Compare(comparison, value) => format!("({a} {} {})", comparison.sql(), n(*value)),
        NumberOp::IsIn(values) if values.is_empty() => "NULL::boolean".into(),
        NumberOp::IsIn(values) => {
            let list: Vec<String> = values.iter().map(|v| n(*v)).collect();
            format!("({a} IN ({}))", list.join(", "))
        }
        NumberOp::Is(value) => format!("(CASE WHEN {a} = {} THEN 1 ELSE 0 END)::double precision", n(*value)),
        NumberOp::Digits(digits, to) => {
            let read = super::text::moment(&format!("{a}::bigint::text"), Some(digits.format()));
            let date = if *to == Kind::Date { "::date" } else { "" };
            format!("CASE WHEN {a} = floor({a}) AND {a} >= 0 AND {a} < {} THEN {read}{date} END", n(MOST))
        }
        NumberOp::Part(_) | NumberOp::Moment(_) => "NULL::double precision".into(),
    }
}

/// Operations on moments; the others are of numbers.
pub(super) fn moment(op: &NumberOp, kind: Kind, a: &str) -> String {
    match op {
        NumberOp::NullIf(values) => {
            values.iter().fold(a.to_owned(), |x, v| format!("nullif({x}, {})", literal::moment(kind, *v)))
        }
        NumberOp::Compare(comparison, value) => format!("({a} {} {})", comparison.sql(), literal::moment(kind, *value)),
        NumberOp::IsIn(values) if !values.is_empty() => {
            let list: Vec<String> = values.iter().map(|v| literal::moment(kind, *v)).collect();
            format!("({a} IN ({}))", list.join(", "))
        }
        NumberOp::Part(part) => {
            let field = format!("extract({} FROM {a})", part.field());
            match part {
                MomentPart::Weekend => {
                    format!("CASE WHEN isfinite({a}) THEN ({field} >= 6)::integer::double precision END")
                }
                _ => format!("CASE WHEN isfinite({a}) THEN {field}::double precision END"),
            }
        }
        NumberOp::Moment(Kind::Date) => format!("{a}::date"),
        NumberOp::Moment(_) => format!("{a}::timestamp"),
        other => number(other, a),
    }
}

pub(super) fn repeats(op: &NumberOp) -> usize {
    match op {
        NumberOp::NullIf(_)
        | NumberOp::Fill(_)
        | NumberOp::IsOutside(..)
        | NumberOp::Bin(_)
        | NumberOp::Place(_)
        | NumberOp::Compare(..)
        | NumberOp::Is(_)
        | NumberOp::IsIn(_)
        | NumberOp::Moment(_) => 1,
        NumberOp::Map(..) | NumberOp::NullOutside(..) | NumberOp::Part(_) => 2,
        NumberOp::Scale { shift, .. } => 2 + 2 * usize::from(is_small(*shift)),
        NumberOp::Clip(..) | NumberOp::Log => 3,
        NumberOp::Digits(..) => 5,
    }
}
