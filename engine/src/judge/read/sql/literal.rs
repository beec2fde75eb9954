//! Numbers as SQL writes them, read back to the last bit by PostgreSQL and by DuckDB.

/// Digits of a number that a decimal type of any database turns into the nearest double precision number.
const SURE: usize = 15;

/// A number of the type double precision, by itself.
pub(super) fn value(x: f64) -> String {
    format!("'{}'::float8", digits(x))
}

/// A number beside one of the type double precision.
pub(super) fn number(x: f64) -> String {
    if !x.is_finite() {
        return value(x);
    }
    let text = digits(x);
    let significant = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    // A number with an exponent is a double precision number wherever decimals are not that.
    let text = if significant > SURE && !text.contains('e') { format!("{text}e0") } else { text };
    match x < 0.0 {
        true => format!("({text})"),
        false => text,
    }
}

/// The shortest digits that read back as the number.
fn digits(x: f64) -> String {
    if x.is_infinite() {
        return if x > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    match x == 0.0 || (1e-5..1e15).contains(&x.abs()) {
        true => format!("{}", x + 0.0),
        false => format!("{x:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        assert_eq!(number(17.5), "17.5");
        assert_eq!(number(-0.25), "(-0.25)");
        assert_eq!(number(0.1 + 0.2), "0.30000000000000004e0");
        assert_eq!(number(f64::INFINITY), "'Infinity'::float8");
        assert_eq!(value(-0.0), "'0'::float8");
        for x in [1.0 / 3.0, -5e-324, f64::MAX, 123_456_789_012_345_680.0, 1e-7, 1e15, 2.5e-5] {
            let text = number(x);
            let plain = text.trim_start_matches('(').trim_end_matches(')');
            assert_eq!(plain.parse::<f64>().ok().map(f64::to_bits), Some(x.to_bits()), "{text}");
        }
    }
}
