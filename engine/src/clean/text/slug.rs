//! Names for addresses and files.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_normalization::UnicodeNormalization;

use super::out::Out;
use crate::error::Result;

/// Letters that no normal form takes apart.
fn folded(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "n",
        'ŧ' => "t",
        'ĸ' => "k",
        _ => return None,
    })
}

/// The text in small letters and digits, all else between them replaced by one `-`: `Crème Brûlée!` becomes `creme-brulee`.
///
/// Accents are dropped from Latin letters; letters and digits of other scripts stay.
pub fn slug(text: &str, poll: &dyn Fn()) -> Result<String> {
    let mut slug = Slug { out: Out::new(poll), apart: false };
    if text.is_ascii() {
        text.chars().try_for_each(|c| slug.put(c.to_ascii_lowercase()))?;
    } else {
        text.stream_safe().nfc().try_for_each(|c| c.to_lowercase().try_for_each(|c| slug.put(c)))?;
    }
    Ok(slug.out.finish())
}

struct Slug<'a> {
    out: Out<'a>,
    /// Something was left out since the last character.
    apart: bool,
}

impl Slug<'_> {
    fn put(&mut self, c: char) -> Result<()> {
        self.out.step(4)?;
        if c.is_ascii_alphanumeric() {
            return self.push(c);
        }
        if c.is_ascii() {
            self.apart = true;
            return Ok(());
        }
        if let Some(letters) = folded(c) {
            return letters.chars().try_for_each(|c| self.push(c));
        }
        if is_combining_mark(c) {
            let after_other = !self.apart && self.out.text().ends_with(|last: char| !last.is_ascii());
            return if after_other { self.push(c) } else { Ok(()) };
        }
        // The longest decomposition, U+FDFA's, has 18 characters.
        let (mut parts, mut len) = (['\0'; 18], 0);
        decompose_compatible(c, |part| {
            if let Some(place) = parts.get_mut(len) {
                *place = part;
                len += 1;
            }
        });
        let parts = parts.get(..len).unwrap_or_default();
        if parts.iter().any(char::is_ascii_alphanumeric) {
            return parts.iter().try_for_each(|part| match part.to_ascii_lowercase() {
                part if part.is_ascii_alphanumeric() => self.push(part),
                part => {
                    self.apart |= !is_combining_mark(part);
                    Ok(())
                }
            });
        }
        if c.is_alphanumeric() {
            return self.push(c);
        }
        self.apart = true;
        Ok(())
    }

    fn push(&mut self, c: char) -> Result<()> {
        if std::mem::take(&mut self.apart) && !self.out.text().is_empty() {
            self.out.push('-')?;
        }
        self.out.push(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        slug(text, &|| ()).unwrap()
    }

    #[test]
    fn slugs() {
        for (text, expected) in [
            ("Hello, World!", "hello-world"),
            ("  Crème  Brûlée  ", "creme-brulee"),
            ("Straße nach Øster Ærø", "strasse-nach-oster-aero"),
            ("ŁÓDŹ", "lodz"),
            ("İstanbul", "istanbul"),
            ("50% off — now", "50-off-now"),
            ("ﬁne ½ x²", "fine-1-2-x2"),
            ("Москва́ 2024", "москва\u{301}-2024"),
            ("iPhone 15 手机", "iphone-15-手机"),
            ("हिन्दी", "हिन्दी"),
            ("e\u{301}", "e"),
            ("--a--b--", "a-b"),
            ("", ""),
            ("!!!", ""),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn of_ascii_as_by_splitting(text in "[ -~]{0,30}") {
            let words: Vec<_> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
            prop_assert_eq!(of(&text), words.join("-").to_ascii_lowercase());
        }

        #[test]
        fn of_a_slug_is_itself(text in "\\PC{0,12}") {
            let once = of(&text);
            prop_assert_eq!(of(&once), once.clone());
            prop_assert!(!once.starts_with('-') && !once.ends_with('-') && !once.contains("--"));
        }
    }
}
