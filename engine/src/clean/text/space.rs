//! White space.

use std::borrow::Cow;

/// Whether a character is white space, or a zero-width character that stands in its place: the blanks of Unicode but for U+0085, and
/// U+200B, U+FEFF.
#[inline]
pub const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r'
            | ' '
            | '\u{A0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200B}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202F}'
            | '\u{205F}'
            | '\u{3000}'
            | '\u{FEFF}'
    )
}

/// The text without white space at its ends.
#[inline]
pub fn trim_space(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether a text has nothing but white space.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// The text without white space at its ends, and with one blank for each run of it inside.
pub fn fold_space(text: &str) -> Cow<'_, str> {
    let text = trim_space(text);
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

/// Whether every white space inside a trimmed text is a single blank.
fn is_folded(text: &str) -> bool {
    let mut after_blank = false;
    text.chars().all(|c| {
        let space = is_space(c);
        let fine = !space || c == ' ' && !after_blank;
        after_blank = space;
        fine
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: &str = "\t\n\u{B}\u{C}\r \u{A0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200A}\u{200B}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}";

    /// One character after the other.
    fn naive(text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            if !ALL.contains(c) {
                out.push(c);
            } else if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
        out.trim_end_matches(' ').to_owned()
    }

    #[test]
    fn exactly_this_set_is_white_space() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_space(c), ALL.contains(c), "{c:?}");
        }
    }

    #[test]
    fn folds() {
        assert_eq!(fold_space(" a\u{A0}\t b \n"), "a b");
        assert_eq!(fold_space(ALL), "");
        assert!(is_blank(ALL) && is_blank("") && !is_blank(" x"));
        assert!(matches!(fold_space(" a b "), Cow::Borrowed("a b")));
    }

    proptest! {
        #[test]
        fn as_one_character_after_the_other(text in "[ab \t\u{A0}\u{200B}\u{3000}é]{0,12}") {
            prop_assert_eq!(fold_space(&text), naive(&text));
        }
    }
}
