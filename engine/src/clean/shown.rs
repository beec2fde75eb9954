//! Numbers as they stand in sentences.

/// A number with at most six digits that mean something, and never with a row of zeros.
pub(crate) fn shown(value: f64) -> String {
    exact(format!("{value:.5e}").parse().unwrap_or(value))
}

/// A number with all its digits, by an exponent where it would have a row of zeros.
pub(crate) fn exact(value: f64) -> String {
    let mut text = format!("{value:?}");
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn few_digits() {
        for (value, text) in [
            (1_234.567_89, "1234.57"),
            (0.1 + 0.2, "0.3"),
            (5.0, "5"),
            (-0.0, "-0"),
            (1e300, "1e300"),
            (1.234_567_8e-9, "1.23457e-9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(shown(value), text);
        }
    }
}
