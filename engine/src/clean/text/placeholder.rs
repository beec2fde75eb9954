//! Texts that stand for "nothing is known".

use super::space::trim_space;

/// Words and signs for nothing, in small letters and in order.
pub const NOTHING: [&str; 105] = [
    "",
    "#####",
    "#bezug!",
    "#div/0!",
    "#n/a",
    "#n/a n/a",
    "#n/d",
    "#na",
    "#name?",
    "#null!",
    "#num!",
    "#nv",
    "#ref!",
    "#spill!",
    "#valeur!",
    "#value!",
    "#wert!",
    "(blank)",
    "(empty)",
    "(leer)",
    "(none)",
    "(not provided)",
    "(not set)",
    "(null)",
    "(unknown)",
    "(unspecified)",
    "(vide)",
    "-",
    "--",
    "---",
    "-1.#ind",
    "-nan",
    ".",
    "..",
    "...",
    "/",
    "1.#ind",
    "1.#inf",
    "1.#qnan",
    "<na>",
    "<null>",
    "?",
    "??",
    "???",
    "[null]",
    "[object object]",
    "\\n",
    "_",
    "bilinmiyor",
    "blank",
    "brak danych",
    "desconhecido",
    "desconocido",
    "empty",
    "inconnu",
    "invalid date",
    "k. a.",
    "k.a.",
    "keine angabe",
    "missing",
    "n. a.",
    "n. v.",
    "n.a",
    "n.a.",
    "n.v.",
    "n/a",
    "n/d",
    "na",
    "nan",
    "nat",
    "neznámé",
    "nil",
    "no data",
    "non renseigné",
    "none",
    "not applicable",
    "not available",
    "not known",
    "not provided",
    "not set",
    "not specified",
    "null",
    "não informado",
    "onbekend",
    "s/d",
    "s/o",
    "sconosciuto",
    "sin datos",
    "tbd",
    "unbekannt",
    "undefined",
    "unknown",
    "unspecified",
    "{null}",
    "н/д",
    "неизвестно",
    "нет данных",
    "–",
    "—",
    "なし",
    "不明",
    "无",
    "暂无",
    "未知",
    "없음",
];

/// Those of [`NOTHING`] that are as often a level of their own: `None` beside `Some` and `Many`, `-` beside `+`, `NA` beside `EU`. In order.
const LEVELS: [&str; 22] = [
    "(none)", "-", "--", "---", ".", "..", "...", "/", "?", "??", "???", "_", "blank", "empty", "na", "nil", "none",
    "–", "—", "なし", "无", "없음",
];

/// Those of [`NOTHING`] that among words are an answer or a state of their own: goods that are missing, a question that is not applicable, a date
/// to be determined, the `N.V.` of a company. In order.
const STATES: [&str; 6] = ["missing", "n. v.", "n.v.", "not applicable", "not available", "tbd"];

/// Numbers and dates that stand for nothing.
const SENTINELS: [&str; 17] = [
    "-99",
    "-999",
    "-999.0",
    "-9999",
    "-9999.0",
    "-99999",
    "-999999",
    "00-00-0000",
    "00.00.0000",
    "00/00/0000",
    "0000-00-00",
    "0000-00-00 00:00:00",
    "1900-01-00",
    "9999-12-31",
    "9999-12-31 00:00:00",
    "9999-12-31 23:59:59",
    "9999-12-31t23:59:59",
];

/// Every text that [`is_placeholder`] knows, in small letters: [`NOTHING`], then numbers and dates that stand for nothing.
pub const PLACEHOLDERS: [&str; 122] = {
    let mut all = [""; 122];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < NOTHING.len() { NOTHING[i] } else { SENTINELS[i - NOTHING.len()] };
        i += 1;
    }
    all
};

/// The longest of them in bytes.
const LONGEST: usize = 20;

/// Whether a text is in a sorted list, whatever its case and the white space around it.
fn is_in(list: &[&str], text: &str) -> bool {
    let text = trim_space(text);
    let mut lower = [0; LONGEST];
    let Some(lower) = lower_into(&mut lower, text) else { return false };
    list.binary_search_by(|entry| entry.as_bytes().cmp(lower)).is_ok()
}

/// A text in small letters; `None` where it is too long.
fn lower_into<'a>(buffer: &'a mut [u8], text: &str) -> Option<&'a [u8]> {
    if text.is_ascii() {
        let lower = buffer.get_mut(..text.len())?;
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        return Some(lower);
    }
    let mut len = 0;
    for c in text.chars().flat_map(char::to_lowercase) {
        c.encode_utf8(buffer.get_mut(len..len + c.len_utf8())?);
        len += c.len_utf8();
    }
    buffer.get(..len)
}

/// Whether a text that [`is_nothing`] may be a level of a category all the same: a dash, `NA`, `None`, `Empty`.
pub fn may_be_level(text: &str) -> bool {
    is_in(&LEVELS, text)
}

/// Whether a text that [`is_nothing`] is an answer or a state among words: `Missing`, `Not applicable`.
pub fn may_be_state(text: &str) -> bool {
    is_in(&STATES, text)
}

/// Whether a text is an abbreviation whose letters have points: `B.V.`, `n.a.`, `S.p.A.`
pub fn is_dotted(text: &str) -> bool {
    let text = trim_space(text);
    let points = text.bytes().filter(|b| *b == b'.').count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    points >= 2 && letters == points && text.ends_with('.') && !text.contains("..") && !text.starts_with('.')
}

/// Whether a text that [`is_nothing`] may be the name of somebody: `Na`, `Nan`, `Null`, so written.
pub fn may_be_name(text: &str) -> bool {
    matches!(text, "Na" | "Nan" | "Nat" | "Nil" | "Null")
}

/// Whether a text that [`is_nothing`] may be a code of capitals, as of an airport: `NA`, `NAN`, `NAT`.
pub fn may_be_code(text: &str) -> bool {
    matches!(text, "NA" | "NAN" | "NAT")
}

/// What each of some words of [`NOTHING`] is the opposite of: beside that it is a level.
const OPPOSITES: [(&str, &str); 11] = [
    ("missing", "found"),
    ("missing", "present"),
    ("not applicable", "applicable"),
    ("not available", "available"),
    ("not known", "known"),
    ("not provided", "provided"),
    ("not set", "set"),
    ("not specified", "specified"),
    ("undefined", "defined"),
    ("unknown", "known"),
    ("unspecified", "specified"),
];

/// Whether a text for nothing is the opposite of another one.
pub fn is_opposite(nothing: &str, other: &str) -> bool {
    OPPOSITES.iter().any(|(one, of)| is_same(nothing, one) && is_same(other, of))
}

/// Whether a text is blank or a word or sign for nothing: `N/A`, `null`, `-`, `#REF!`. Case and white space around do not count.
pub fn is_nothing(text: &str) -> bool {
    is_in(&NOTHING, text)
}

/// Whether a text stands for nothing: as [`is_nothing`], or a number or date such as -999 and 9999-12-31.
pub fn is_placeholder(text: &str) -> bool {
    is_nothing(text) || is_in(&SENTINELS, text)
}

/// Whether two texts are the same but for case and the white space around them.
pub fn is_same(one: &str, other: &str) -> bool {
    let lower = |text| trim_space(text).chars().flat_map(char::to_lowercase);
    lower(one).eq(lower(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order_and_fit() {
        for list in [&NOTHING[..], &SENTINELS, &LEVELS, &STATES] {
            assert!(list.is_sorted_by(|a, b| a < b));
            assert!(list.iter().all(|entry| entry.len() <= LONGEST && *entry == entry.to_lowercase()));
        }
        assert!(LEVELS.iter().chain(&STATES).all(|entry| is_nothing(entry)));
        assert!(PLACEHOLDERS.iter().all(|entry| is_placeholder(entry) && is_placeholder(&entry.to_uppercase())));
    }

    #[test]
    fn abbreviations_have_points() {
        assert!(["B.V.", "n.a.", "S.p.A.", " N.V. "].iter().all(|text| is_dotted(text)));
        assert!(["n.a", "...", "a.", "1.2.", "B.V", ".a.b", "Inc.", ""].iter().all(|text| !is_dotted(text)));
    }

    #[test]
    fn same_texts() {
        assert!(is_same(" Sold Out", "sold out\u{A0}") && is_same("ÄÖ", "äö") && is_same("", " "));
        assert!(!is_same("a", "b") && !is_same("a", "ab"));
    }

    #[test]
    fn case_and_white_space_do_not_count() {
        for text in ["", " \t", "N/A", " n/a ", "NULL", "None", "\u{A0}?", "-", "#REF!", "Not Available"] {
            assert!(is_nothing(text), "{text:?}");
        }
        for text in ["-999", "9999-12-31", " -9999.0"] {
            assert!(is_placeholder(text) && !is_nothing(text), "{text:?}");
        }
        for text in ["0", "a", "nah", "N/A N/A", "999", "nothing is known about this at all"] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }
}
