//! Digits and signs of dates that are not of ASCII.

use std::borrow::Cow;

/// The zeros of scripts whose ten digits follow each other: Arabic, Persian, Devanagari, Bengali, Thai, full-width.
const ZEROS: [char; 6] = ['\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{E50}', '\u{FF10}'];

/// The digit of ASCII that a digit of another script is.
pub fn of(c: char) -> Option<u8> {
    ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|n| *n < 10)).map(|n| b'0' + n as u8)
}

/// A character, or that of ASCII that a digit of another script or a full-width letter or sign is.
pub fn plain(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        c => of(c).map_or(c, char::from),
    }
}

/// A text with the digits of other scripts, and full-width letters and signs, as those of ASCII.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().all(|c| plain(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(plain).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_other_scripts() {
        assert_eq!(ascii("２０２４年３月２１日　１０：２０"), "2024年3月21日　10:20");
        assert_eq!((ascii("٢٠٢٤-٠١-٠٣"), ascii("२०२४/१/३")), ("2024-01-03".into(), "2024/1/3".into()));
        assert!(matches!(ascii("2024年3月"), Cow::Borrowed(_)));
    }
}
