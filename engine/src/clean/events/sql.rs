//! Pieces of SQL.

/// A name in double quotes.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes, whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The seconds between two timestamps. Not by their difference, an interval, which is shorter than all time is long.
pub fn epochs_apart(later: &str, earlier: &str) -> String {
    format!("(extract(epoch FROM {later}) - extract(epoch FROM {earlier}))")
}
