//! One spelling for texts that look the same.

use std::borrow::Cow;
use std::cell::Cell;
use std::iter::Peekable;
use std::str::Chars;

use unicode_normalization::{is_nfkc_quick, IsNormalized, UnicodeNormalization};

use super::out::Out;
use crate::error::Result;

/// A normal form of Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Compatibility characters become plain ones: full-width letters, ligatures, `²`, `™`.
    Nfkc,
    /// Only letters and their accents are joined.
    Nfc,
}

/// The names of the forms.
pub const FORMS: [(&str, Form); 2] = [("nfkc", Form::Nfkc), ("nfc", Form::Nfc)];

/// The text in a normal form, without control and zero-width characters, with straight quotes, and with one blank for each run of white space
/// inside and none at its ends. Case is kept.
///
/// Joiners stay between characters that may need them (`می‌خواهم`, emoji). More than 30 combining marks on a letter are kept apart by
/// U+034F, as Unicode's Stream-Safe Text Format has it (UAX 15), so that no text needs much memory.
pub fn normalize<'a>(text: &'a str, form: Form, poll: &dyn Fn()) -> Result<Cow<'a, str>> {
    if is_plain(text) {
        return Ok(Cow::Borrowed(text.trim_ascii()));
    }
    let steps = Cell::new(0u32);
    let polled = || {
        steps.set(steps.get().wrapping_add(1));
        if steps.get().is_multiple_of(1 << 16) {
            poll();
        }
    };
    let kept = Kept { chars: text.chars().peekable(), last: ' ', polled: &polled };
    let mut out = Out::new(&|| ());
    match form {
        // Every form of ASCII is itself.
        _ if text.is_ascii() => put(&mut out, kept)?,
        Form::Nfkc => put(&mut out, kept.stream_safe().nfkc())?,
        Form::Nfc => put(&mut out, kept.stream_safe().nfc())?,
    }
    Ok(Cow::Owned(out.finish()))
}

/// Whether nothing is to do but to trim.
fn is_plain(text: &str) -> bool {
    let mut after_blank = false;
    text.trim_ascii().bytes().all(|b| {
        let fine = (b' '..0x7F).contains(&b) && !(after_blank && b == b' ');
        after_blank = b == b' ';
        fine
    })
}

/// Write characters with their white space folded.
fn put(out: &mut Out, chars: impl Iterator<Item = char>) -> Result<()> {
    let mut blank = false;
    for c in chars {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) && !out.text().is_empty() {
            out.push(' ')?;
        }
        out.push(c)?;
    }
    Ok(())
}

/// The characters that are kept, quotes made straight.
struct Kept<'a> {
    chars: Peekable<Chars<'a>>,
    last: char,
    polled: &'a dyn Fn(),
}

impl Iterator for Kept<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            let c = self.chars.next()?;
            (self.polled)();
            let c = match c {
                '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' => '\'',
                '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' => '"',
                '\u{200C}' | '\u{200D}' => {
                    let next = self.chars.peek().copied().unwrap_or(' ');
                    if !(may_join(self.last) && may_join(next)) {
                        continue;
                    }
                    c
                }
                _ if is_removed(c) => continue,
                _ => c,
            };
            self.last = c;
            return Some(c);
        }
    }
}

/// Whether a character is a control character or has no width.
fn is_removed(c: char) -> bool {
    match c {
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}' => true,
        '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}' => true,
        _ => c.is_control() && !c.is_whitespace(),
    }
}

/// Whether a joiner beside a character may matter, and the character stays what it is in every form.
fn may_join(c: char) -> bool {
    !c.is_ascii()
        && !c.is_whitespace()
        && !is_removed(c)
        && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{2018}'..='\u{201F}')
        && is_nfkc_quick(std::iter::once(c)) == IsNormalized::Yes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nfkc(text: &str) -> String {
        normalize(text, Form::Nfkc, &|| ()).unwrap().into_owned()
    }

    fn nfc(text: &str) -> String {
        normalize(text, Form::Nfc, &|| ()).unwrap().into_owned()
    }

    #[test]
    fn one_spelling() {
        for (text, expected) in [
            ("  iPhone  ", "iPhone"),
            ("a \t\n\u{A0}\u{3000}b", "a b"),
            ("“Anna’s”", "\"Anna's\""),
            ("ｉＰｈｏｎｅ", "iPhone"),
            ("e\u{301}", "é"),
            ("i\u{200B}Phone\u{FEFF}\u{AD}", "iPhone"),
            ("a\u{7}b\u{85}c", "ab c"),
            ("ﬁne²", "fine2"),
            ("a\u{200D}b", "ab"),
            ("👨\u{200D}👩\u{200D}👧", "👨\u{200D}👩\u{200D}👧"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("", ""),
            (" \u{200B} ", ""),
        ] {
            assert_eq!(nfkc(text), expected, "{text:?}");
        }
        assert_eq!(nfc("e\u{301} ﬁ  ²"), "é ﬁ ²");
        assert!(matches!(normalize(" a b ", Form::Nfkc, &|| ()), Ok(Cow::Borrowed("a b"))));
    }

    #[test]
    fn every_character_settles() {
        for c in '\0'..=char::MAX {
            for text in [format!("a{c}\u{301}b"), format!("ア{c}\u{200D}{c}")] {
                let once = nfkc(&text);
                assert_eq!(nfkc(&once), once, "{text:?}");
                let once = nfc(&text);
                assert_eq!(nfc(&once), once, "{text:?}");
            }
        }
    }

    #[test]
    fn a_thousand_accents_need_no_memory() {
        let text = format!("e{}", "\u{301}".repeat(1000));
        let once = nfkc(&text);
        assert_eq!(once.chars().filter(|c| *c == '\u{34F}').count(), 33);
        assert_eq!(nfkc(&once), once);
    }

    #[test]
    fn the_caller_is_called() {
        let calls = Cell::new(0);
        normalize(&"\u{200B}".repeat(200_000), Form::Nfkc, &|| calls.set(calls.get() + 1)).unwrap();
        assert_eq!(calls.get(), 3);
    }

    proptest! {
        #[test]
        fn is_nfkc_with_folded_space(text in "[a\u{301}\u{200D}\u{200B} \u{A0}’ﬁéア゛👨\u{7}\u{E000}]{0,12}") {
            let once = nfkc(&text);
            prop_assert_eq!(nfkc(&once), once.clone());
            prop_assert_eq!(once.nfkc().collect::<String>(), once.clone());
            let blanks = once.chars().filter(|c| c.is_whitespace()).count();
            prop_assert_eq!(once.split_whitespace().count().saturating_sub(1), blanks);
            prop_assert!(!once.chars().any(|c| c.is_control() || is_removed(c)));
        }
    }
}
