//! Operations on texts, in SQL.

use serde_json::Value;

use super::literal;
use crate::clean::program::text::{Levels, CURRENCY, MOST_DIGITS};
use crate::clean::program::{Case, ReadOp, TextOp};
use crate::clean::text::FORMS;

/// Beyond this many branches a CASE becomes a look-up in a constant of type jsonb, which is quicker and shorter.
const MOST_BRANCHES: usize = 24;

/// Values that go one by one; more of them go by a list.
const FEW: usize = 2;

/// What [`crate::clean::text::fold_space`] takes for white space, as a class of a regular expression.
const SPACE: &str = r"[ \t\n\v\f\r\u00A0\u1680\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF]+";

/// A text with a mark of [`crate::clean::text::text_mark`], and what is within.
const MARK: &str = r#"^(?:'(.*)|="(.*)")$"#;

pub(super) fn text(op: &TextOp, a: &str) -> String {
    match op {
        TextOp::FoldSpace => fold_space(a),
        TextOp::Normalize(form) => format!("orchard.normalize_text({a}, '{}')", super::name_of(&FORMS, form)),
        // Small letters of ASCII alone are what the C collation knows; the collation of the column stays what it is.
        TextOp::AsciiCase(case) => format!("({}({a} COLLATE \"C\") COLLATE \"default\")", case_name(*case)),
        TextOp::Case(case) => format!("orchard.change_case({a}, '{}')", case_name(*case)),
        TextOp::NullIf(values) if values.len() <= FEW => {
            values.iter().fold(a.to_owned(), |x, v| format!("nullif({x}, {})", literal::text(v)))
        }
        TextOp::NullIf(values) => format!("CASE WHEN {a} IN ({}) THEN NULL ELSE {a} END", list(values)),
        TextOp::Map { from, to, other } if from.len() <= MOST_BRANCHES => {
            let branches: String = from
                .iter()
                .zip(to)
                .map(|(f, t)| format!(" WHEN {} THEN {}", literal::text(f), literal::optional(t.as_deref())))
                .collect();
            let other = match other {
                None => a.to_owned(),
                // A missing value stays one.
                Some(other) => format!("CASE WHEN {a} IS NOT NULL THEN {} END", literal::optional(other.as_deref())),
            };
            format!("CASE {a}{branches} ELSE {other} END")
        }
        TextOp::Map { from, to, other } => {
            let pairs = from.iter().zip(to);
            let object =
                literal::object(pairs.map(|(f, t)| (f.as_str(), t.clone().map_or(Value::Null, Value::String))));
            let other = match other {
                None => a.to_owned(),
                Some(other) => format!("CASE WHEN {a} IS NOT NULL THEN {} END", literal::optional(other.as_deref())),
            };
            format!("CASE WHEN {object} -> {a} IS NOT NULL THEN {object} ->> {a} ELSE {other} END")
        }
        TextOp::Keep { levels, other } if levels.is_empty() => {
            format!("CASE WHEN {a} IS NOT NULL THEN {} END", literal::text(other))
        }
        TextOp::Keep { levels, other } => {
            format!("CASE WHEN {a} IS NULL OR {a} IN ({}) THEN {a} ELSE {} END", list(levels), literal::text(other))
        }
        TextOp::StripMark => format!("regexp_replace({a}, {}, {})", literal::text(MARK), literal::text(r"\1\2")),
        TextOp::Fill(value) => format!("coalesce({a}, {})", literal::text(value)),
    }
}

pub(super) fn repeats_text(op: &TextOp) -> usize {
    match op {
        TextOp::FoldSpace
        | TextOp::Normalize(_)
        | TextOp::AsciiCase(_)
        | TextOp::Case(_)
        | TextOp::StripMark
        | TextOp::Fill(_) => 1,
        TextOp::NullIf(values) => 1 + usize::from(values.len() > FEW),
        TextOp::Map { from, .. } => 2 + usize::from(from.len() > MOST_BRANCHES),
        TextOp::Keep { levels, .. } => 3 - 2 * usize::from(levels.is_empty()),
    }
}

fn fold_space(a: &str) -> String {
    format!("btrim(regexp_replace({a}, {}, ' ', 'g'), ' ')", literal::text(SPACE))
}

fn case_name(case: Case) -> &'static str {
    match case {
        Case::Lower => "lower",
        Case::Upper => "upper",
    }
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|v| literal::text(v)).collect();
    values.join(", ")
}

pub(super) fn read(op: &ReadOp, a: &str) -> String {
    match op {
        ReadOp::PlainNumber { comma, percent } => plain_number(a, *comma, *percent),
        ReadOp::Number { comma: None } => format!("orchard.parse_number({a})"),
        ReadOp::Number { comma: Some(comma) } => {
            format!("orchard.parse_number({a}, '{}')", if *comma { ',' } else { '.' })
        }
        ReadOp::Boolean { yes, no } => {
            let lower = format!("lower({a} COLLATE \"C\")");
            let branch = |values: &[String], value: &str| match values.is_empty() {
                true => String::new(),
                false => format!(" WHEN {lower} IN ({}) THEN {value}", list(values)),
            };
            match (yes.is_empty(), no.is_empty()) {
                (true, true) => "NULL::boolean".into(),
                _ => format!("CASE{}{} END", branch(yes, "true"), branch(no, "false")),
            }
        }
        ReadOp::Timestamp(format) => moment(a, format.as_deref()),
        ReadOp::Date(format) => format!("{}::date", moment(a, format.as_deref())),
        ReadOp::Map(levels) => of_level(levels, a),
        ReadOp::Is(value) => format!("(CASE WHEN {a} = {} THEN 1 ELSE 0 END)::double precision", literal::text(value)),
        ReadOp::IsIn { values, .. } if values.is_empty() => "NULL::boolean".into(),
        ReadOp::IsIn { values, negate } => format!("({a}{} IN ({}))", if *negate { " NOT" } else { "" }, list(values)),
        ReadOp::Characters => format!("length({a})::double precision"),
        ReadOp::Words => format!("cardinality(string_to_array({}, ' '))::double precision", fold_space(a)),
        ReadOp::Digits => without(a, "0123456789"),
        ReadOp::Capitals => without(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    }
}

pub(super) fn repeats_read(op: &ReadOp) -> usize {
    match op {
        ReadOp::Boolean { .. } | ReadOp::Digits | ReadOp::Capitals => 2,
        ReadOp::Map(levels) => repeats_levels(levels),
        _ => 1,
    }
}

fn without(a: &str, characters: &str) -> String {
    format!("(length({a}) - length(translate({a}, '{characters}', '')))::double precision")
}

pub(super) fn moment(a: &str, format: Option<&str>) -> String {
    match format {
        None => format!("orchard.parse_timestamp({a})"),
        Some(format) => format!("orchard.parse_timestamp({a}, {})", literal::text(format)),
    }
}

/// What [`crate::clean::program::text::plain_number`] reads.
fn plain_number(a: &str, comma: bool, percent: bool) -> String {
    let (decimal, thousands) = if comma { (",", r"\.") } else { (r"\.", ",") };
    let end = if percent { " *%" } else { "" };
    let groups = MOST_DIGITS / 3;
    let pattern = format!(
        "^ *(?:[-+]?[{CURRENCY}]?|[{CURRENCY}][-+])(?:[0-9]{{1,3}}(?:{thousands}[0-9]{{3}}){{1,{groups}}}|[0-9]{{1,{MOST_DIGITS}}})(?:{decimal}[0-9]{{1,{MOST_DIGITS}}})?{end} *$"
    );
    // The first character becomes the decimal point, the others go.
    let (from, to) = if comma { (",.", ".") } else { (",", "") };
    let digits = format!("translate(substring({a} FROM {}), '{from} +%{CURRENCY}', '{to}')", literal::text(&pattern));
    match percent {
        false => format!("{digits}::double precision"),
        true => format!("({digits} || 'e-2')::double precision"),
    }
}

/// The number of a level; missing for no text.
pub(super) fn of_level(levels: &Levels, a: &str) -> String {
    let look_up = look_up(levels, a);
    match levels.other.is_nan() {
        true => look_up,
        false => {
            format!("CASE WHEN {a} IS NOT NULL THEN coalesce({look_up}, {}) END", literal::number(levels.other))
        }
    }
}

/// The number of a level; missing for others.
pub(super) fn look_up(levels: &Levels, a: &str) -> String {
    let pairs = || levels.levels.iter().zip(&levels.numbers);
    if levels.levels.is_empty() {
        return format!("(CASE WHEN {a} IS NULL THEN NULL END)::double precision");
    }
    if levels.levels.len() <= MOST_BRANCHES {
        let branches: String =
            pairs().map(|(l, n)| format!(" WHEN {} THEN {}", literal::text(l), literal::number(*n))).collect();
        return format!("(CASE {a}{branches} END)::double precision");
    }
    let number = |n: f64| serde_json::Number::from_f64(n).map_or(Value::Null, Value::Number);
    let object = literal::object(pairs().map(|(l, n)| (l.as_str(), number(*n))));
    format!("({object} ->> {a})::double precision")
}

pub(super) fn repeats_levels(levels: &Levels) -> usize {
    1 + usize::from(!levels.other.is_nan())
}
