//! Numbers beside letters that are codes: of seats, places and orders.

use super::number::{number, Decimal};
use super::unit::unit;
use super::written::written;
use crate::clean::text::trim_space;

/// The rows of amounts, as a share of those that may be codes, from which on they are amounts too.
const AMOUNTS: f64 = 0.05;
/// Digits behind the letters of a currency, from which on an amount would have a separator.
const MANY: usize = 4;

/// Whether letters and digits that read as a number are a code whatever else the column has: a hyphen joins them, as in `LV-1001` and `10040-B`, or
/// a zero leads, as in `RM0100001`.
pub fn is_lettered_code(text: &str) -> bool {
    let text = trim_space(text);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let letters = text.bytes().any(|b| b.is_ascii_alphabetic());
    if !letters || !text.bytes().all(plain) {
        return false;
    }
    let joined = |pair: &[u8]| matches!(pair, [a, b] if a.is_ascii_alphanumeric() && *b == b'-' || *a == b'-' && b.is_ascii_alphabetic());
    let exponent = text.contains(['e', 'E']) && text.parse::<f64>().is_ok();
    let inside = text.trim_end_matches('-').as_bytes().windows(2).any(joined);
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let zero = digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    !exponent && (inside && !text.starts_with('-') || zero) && number(text, Decimal::Detect).is_some()
}

/// Whether a column has codes of digits and letters, such as seats, sizes and answers (`12K`, `R7`, `1E2`, `rs7412`), or digits of which few have a
/// minus behind, and hardly anything that says that amounts are meant: decimals, a currency, a percent sign, a longer word for a magnitude.
///
/// Values come with the rows that have them.
pub fn are_letter_codes<'a>(values: impl Iterator<Item = (&'a str, u64)>) -> bool {
    let (mut plain, mut coded, mut signed, mut amounts) = (0, 0, 0, 0);
    for (text, rows) in values {
        let text = trim_space(text);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
        if digits == text.len() {
            plain += rows;
        } else if is_lettered_code(text) {
            return true;
        } else if digits + letters == text.len() && digits > 0 {
            let ends = text.starts_with(|c: char| c.is_ascii_alphabetic());
            let behind = !text.ends_with(|c: char| c.is_ascii_digit());
            match letters {
                1 if ends || behind || text.contains(['e', 'E']) => coded += rows,
                _ if ends && !behind => coded += if digits >= MANY { rows } else { 0 },
                // A currency, or a word for a magnitude.
                _ if number(text, Decimal::Detect).is_some() => return false,
                _ => {}
            }
        } else if digits + 1 == text.len() && text.ends_with('-') {
            signed += rows;
        } else if number(text, Decimal::Detect).is_some() {
            let sure =
                unit(text).percent || unit(text).currency.is_some() || written(text).is_some_and(|w| w.magnitude);
            if sure {
                return false;
            }
            amounts += if text.contains(['.', ',']) { rows } else { 0 };
        }
    }
    let some = coded > 0 || signed > 0 && signed < plain;
    some && (amounts as f64) < AMOUNTS * (coded + signed) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_letters_and_digits() {
        for code in ["LV-1001", "FR-2B", "10040-B", "12-B", "EUR-10001", "RM0100001", "FR01300007919", "R-1001"] {
            assert!(is_lettered_code(code), "{code}");
        }
        for amount in ["12", "-12", "12-", "-5k", "EUR 5", "EUR-5.00", "Rs500", "1e-5", "5,-", "USD0.50", "N-A", ""] {
            assert!(!is_lettered_code(amount), "{amount}");
        }
        let are = |texts: &[(&str, u64)]| are_letter_codes(texts.iter().copied());
        assert!(
            are(&[("119B", 290), ("1.5", 1)]) && are(&[("rs7412", 5), ("rs741", 1)]) && are(&[("12", 9), ("15-", 1)])
        );
        assert!(are(&[("1200", 97), ("12K", 3)]) && are(&[("1200", 97), ("12-B", 3)]));
        assert!(
            !are(&[("1.5k", 2), ("3", 1), ("2m", 1)])
                && !are(&[("$5", 1), ("7k", 1)])
                && !are(&[("USD 5", 1), ("USD1500", 1)])
        );
        assert!(!are(&[("12.50", 97), ("15.00-", 3)]) && !are(&[("12", 1), ("13", 3)]));
    }
}
