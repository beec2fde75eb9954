//! The marks by which spreadsheets keep digits as text.

/// The text that a spreadsheet would show, where it has a mark: an apostrophe before it, or an equals sign and quotes around, `'001` and `="001"`.
pub fn text_mark(text: &str) -> Option<&str> {
    let quoted = || text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    text.strip_prefix('\'').or_else(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_once() {
        let marks = ["'001", "''1", "=\"00\"1\"", "'", "=\"\""].map(text_mark);
        assert_eq!(marks, [Some("001"), Some("'1"), Some("00\"1"), Some(""), Some("")]);
        assert_eq!(["001", "=\"", "=1", "\"1\"", "1'", ""].map(text_mark), [None; 6]);
    }
}
