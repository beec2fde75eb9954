//! Random texts of the characters that matter: nothing fails, and what must hold of every answer holds.
//!
//! The long form: cargo test --release -p orchard-engine --test text_fuzz -- --ignored
#![allow(missing_docs)]

use orchard_engine::clean::parse::{
    boolean, is_ambiguous, number, number_bytes, number_format, timestamp, timestamp_format, Decimal, TimestampFormat,
};
use orchard_engine::clean::text::{
    fold_space, is_nothing, is_placeholder, is_same, mask, normalize, personal_kind, slug, text_mark, Form, METHODS,
};
use orchard_engine::model::days;

/// Pieces of texts; single characters come more often.
const PIECES: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "9",
    "0",
    "1",
    "2",
    "00",
    "12",
    "31",
    "999",
    "2024",
    "1704277230",
    "4111111111111111",
    ".",
    ",",
    "'",
    " ",
    "-",
    "+",
    "(",
    ")",
    "%",
    "$",
    "€",
    "/",
    ":",
    "T",
    "Z",
    "e",
    "E",
    "k",
    "M",
    "@",
    "_",
    "#",
    "?",
    "\t",
    "\u{A0}",
    "\u{2009}",
    "\u{200B}",
    "\u{FEFF}",
    "\u{2212}",
    "\u{FF11}",
    "\u{663}",
    "\u{66B}",
    "‰",
    "万",
    "kr",
    "USD",
    "R$",
    "bn",
    "AM",
    "pm",
    "Jan",
    "May",
    "August",
    "janv",
    "März",
    "août",
    "mars",
    "enero",
    " de ",
    "er",
    ". ",
    "=\"",
    "Wed",
    "UTC",
    "+02:00",
    "th",
    "年",
    "月",
    "日",
    "é",
    "e\u{301}",
    "\u{301}",
    "ß",
    "İ",
    "ﬁ",
    "\u{FDFA}",
    "\u{200D}",
    "👨",
    "“",
    "’",
    "\u{7}",
    "\0",
    "\u{10FFFF}",
    "a@b.com",
    "@b",
    ".com",
    "DE89",
    "::",
    "fe80",
    "192.168",
    "N/A",
    "null",
    "yes",
    "手",
    "م",
    "หา",
];

/// Pieces of formats.
const FORMATS: &[&str] = &[
    "YYYY", "YY", "MM", "Mon", "Month", "DD", "DDD", "HH24", "HH12", "MI", "SS", "MS", "US", ".US", "AM", "TZ", "TZH",
    "TZM", "Dy", "th", "T", "Z", "FM", "\"", "\"x\"", "-", "/", ".", " ", ":", ",", "Q", "é", "EPOCH", "EPOCH_MS",
];

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    fn text(&mut self, pieces: &[&str]) -> String {
        let count = self.below(14);
        (0..count).map(|_| pieces[self.below(pieces.len())]).collect()
    }
}

fn fuzz(count: usize) {
    let mut random = Random(88_172_645_463_325_252);
    let range = days(0, 12, 30) * 86_400_000_000..days(10_000, 1, 2) * 86_400_000_000;
    for round in 0..count {
        let text = random.text(PIECES);
        let bytes: Vec<u8> = (0..random.below(20)).map(|_| random.below(256) as u8).collect();
        for decimal in [Decimal::Detect, Decimal::Point, Decimal::Comma] {
            for value in [number(&text, decimal), number_bytes(&bytes, decimal)].into_iter().flatten() {
                assert!(value.is_finite() && !(value == 0.0 && value.is_sign_negative()), "{text:?} {bytes:?}");
            }
        }
        // Where it is not told, the answer is that of one of the conventions, or both are mixed with other signs.
        if let (Some(value), Some(point), Some(comma)) =
            (number(&text, Decimal::Detect), number(&text, Decimal::Point), number(&text, Decimal::Comma))
        {
            assert!(value == point || value == comma, "{text:?}");
        }
        let moment = timestamp(&text, None);
        assert!(moment.is_none_or(|moment| range.contains(&moment)), "{text:?}");
        assert!(!(moment.is_some() && is_ambiguous(&text)), "{text:?}");
        // The format that is told from a text alone reads the text, and as it is written in letters.
        if let (Some(_), Some((format, _))) = (moment, timestamp_format([(text.as_str(), 1)].into_iter())) {
            let compiled = TimestampFormat::compile(&format).unwrap();
            assert_eq!(timestamp(&text, Some(&compiled)), moment, "{text:?} {format:?}");
        }
        if let Ok(format) = TimestampFormat::compile(&random.text(FORMATS)) {
            let moment = timestamp(&text, Some(&format));
            assert!(moment.is_none_or(|moment| range.contains(&moment)), "{text:?} {format:?}");
        }
        assert!(!(boolean(&text).is_some() && is_nothing(&text)), "{text:?}");
        assert!(is_placeholder(&text) || !is_nothing(&text), "{text:?}");
        assert!(is_same(&text, &text), "{text:?}");
        assert!(text_mark(&text).is_none_or(|rest| rest.len() < text.len()), "{text:?}");
        let folded = fold_space(&text);
        assert_eq!(fold_space(&folded), folded, "{text:?}");
        for form in [Form::Nfkc, Form::Nfc] {
            let once = normalize(&text, form, &|| ()).unwrap();
            assert_eq!(normalize(&once, form, &|| ()).unwrap(), once, "{text:?}");
        }
        let once = slug(&text, &|| ()).unwrap();
        assert_eq!(slug(&once, &|| ()).unwrap(), once, "{text:?}");
        let kind = personal_kind(&text);
        for (_, method) in METHODS {
            let masked = mask(&text, method, "salt", &|| ()).unwrap();
            assert!(kind.is_none() || masked != text, "{text:?}");
        }
        if round % 100 == 0 {
            let texts: Vec<_> = (0..random.below(8)).map(|_| random.text(PIECES)).collect();
            let column = || texts.iter().map(|text| (text.as_str(), 1 + text.len() as u64));
            if let Some((format, share)) = timestamp_format(column()) {
                assert!(share > 0.9 && TimestampFormat::compile(&format).is_ok(), "{texts:?}");
            }
            assert!(number_format(column()).is_none_or(|(_, share)| share > 0.9), "{texts:?}");
        }
    }
}

#[test]
fn nothing_fails() {
    fuzz(50_000);
}

#[test]
#[ignore = "ten million texts take minutes"]
fn nothing_fails_in_ten_million() {
    fuzz(10_000_000);
}
