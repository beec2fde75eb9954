//! The steps that mend a column, as `orchard.clean` takes them.

use serde_json::{json, Value};

/// White space at the ends goes, and runs of it become one blank.
pub fn trim(column: &str) -> Value {
    json!({"step": "trim", "columns": [column]})
}

/// The marks by which spreadsheets keep digits as text go.
pub fn unmark(column: &str) -> Value {
    json!({"step": "strip_text_marks", "columns": [column]})
}

/// Characters that look alike become the same.
pub fn normalize_unicode(column: &str, form: &str) -> Value {
    json!({"step": "normalize_unicode", "columns": [column], "form": form})
}

/// These values become NULL.
pub fn placeholders(column: &str, values: Vec<Value>) -> Value {
    json!({"step": "placeholders", "columns": [column], "values": values})
}

/// Levels that differ by case and white space alone become the most frequent spelling.
pub fn merge_spellings(column: &str) -> Value {
    json!({"step": "merge_levels", "columns": [column], "max_distance": 0, "accents": true})
}

/// Texts become numbers.
pub fn parse_number(column: &str, decimal: &str) -> Value {
    json!({"step": "parse_number", "columns": [column], "decimal": decimal})
}

/// Texts become truth values.
pub fn parse_boolean(column: &str) -> Value {
    json!({"step": "parse_boolean", "columns": [column]})
}

/// Texts become dates or timestamps.
pub fn parse_timestamp(column: &str, format: Option<&str>, is_date: bool) -> Value {
    let kind = if is_date { "date" } else { "timestamp" };
    match format {
        Some(format) => json!({"step": "parse_timestamp", "columns": [column], "format": format, "type": kind}),
        None => json!({"step": "parse_timestamp", "columns": [column], "type": kind}),
    }
}

/// The column goes.
pub fn drop_column(column: &str) -> Value {
    json!({"step": "drop_column", "columns": [column]})
}
