//! Constants as SQL writes them.

use super::number::spell_moment;
use super::Kind;

/// A text.
pub fn text(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if doubled.contains('\\') {
        // The same whatever standard_conforming_strings is.
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// A text, or NULL.
pub fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), text)
}

/// A number, without a type where plain digits will do.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        "NULL::double precision".into()
    } else if value.is_infinite() {
        format!("'{}'::double precision", if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else if value.is_sign_negative() {
        format!("({})", digits(value))
    } else {
        digits(value)
    }
}

/// The shortest digits that read back as the number.
fn digits(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-6..1e15).contains(&size) {
        format!("{}", value + 0.0)
    } else {
        format!("{value:e}")
    }
}

/// A date or timestamp, on the clocks of its column.
pub fn moment(kind: Kind, value: f64) -> String {
    let type_name = if kind == Kind::Date { "date" } else { "timestamp" };
    format!("{}::{type_name}", text(&spell_moment(kind, value)))
}

/// An array of numbers.
pub fn numbers(values: &[f64]) -> String {
    let list: Vec<String> = values.iter().map(|v| number(*v)).collect();
    format!("ARRAY[{}]::double precision[]", list.join(", "))
}

/// A JSON object of texts and numbers, as a constant.
pub fn object<'a>(pairs: impl Iterator<Item = (&'a str, serde_json::Value)>) -> String {
    let map: serde_json::Map<String, serde_json::Value> = pairs.map(|(k, v)| (k.to_owned(), v)).collect();
    format!("{}::jsonb", text(&serde_json::Value::Object(map).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_read_back() {
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text(r"a\b"), r"E'a\\b'");
        assert_eq!(number(12.5), "12.5");
        assert_eq!(number(-3.0), "(-3)");
        assert_eq!(number(1e300), "1e300");
        assert_eq!(number(-0.0), "(0)");
        assert_eq!(moment(Kind::Date, 9_497.0), "'2026-01-01'::date");
        assert_eq!(moment(Kind::Timestamptz, 0.25), "'2000-01-01T00:00:00.25'::timestamp");
        assert_eq!(number(f64::NEG_INFINITY), "'-Infinity'::double precision");
        for v in [0.1, 1e-7, 123_456_789_012_345_680.0, 5e-324, f64::MAX, 1e15, 1.0 / 3.0] {
            assert_eq!(digits(v).parse::<f64>().unwrap().to_bits(), v.to_bits());
        }
    }
}
