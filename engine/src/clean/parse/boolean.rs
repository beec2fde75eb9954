//! Truth values as people write them.

use crate::clean::text::trim_space;

/// The longest word in bytes.
const LONGEST: usize = 20;

/// What [`boolean`] takes for true, in small letters, for who has to list it.
pub const TRUE: [&str; 48] = [
    "prawda",
    "истина",
    "waar",
    "sant",
    "doğru",
    "igaz",
    "tosi",
    "igen",
    "так",
    "כן",
    "tak",
    "evet",
    "ano",
    "j",
    "kyllä",
    "ναι",
    "نعم",
    "예",
    "네",
    "हाँ",
    "t",
    "true",
    "y",
    "yes",
    "on",
    "1",
    "ja",
    "wahr",
    "oui",
    "vrai",
    "si",
    "verdadero",
    "vero",
    "sim",
    "verdadeiro",
    "da",
    "sí",
    "sì",
    "да",
    "是",
    "真",
    "对",
    "はい",
    "✓",
    "✔",
    "✅",
    "☑",
    "１",
];

/// What it takes for false.
pub const FALSE: [&str; 48] = [
    "fałsz",
    "ложь",
    "onwaar",
    "falskt",
    "yanlış",
    "hamis",
    "epätosi",
    "nem",
    "ні",
    "לא",
    "nie",
    "hayir",
    "nee",
    "nej",
    "ne",
    "ei",
    "hayır",
    "όχι",
    "لا",
    "아니오",
    "아니요",
    "नहीं",
    "☐",
    "f",
    "false",
    "n",
    "no",
    "off",
    "0",
    "nein",
    "falsch",
    "non",
    "faux",
    "falso",
    "nao",
    "net",
    "não",
    "нет",
    "否",
    "假",
    "不是",
    "いいえ",
    "✗",
    "✘",
    "❌",
    "✕",
    "❎",
    "０",
];

/// The truth value of a text: `t` `true` `y` `yes` `on` `1` and their opposites, the same in German, Dutch, Swedish, French, Spanish, Italian,
/// Portuguese, Polish, Czech, Turkish, Finnish, Hungarian, Greek, Russian, Ukrainian, Hebrew, Arabic, Hindi, Chinese, Japanese and Korean, and check marks. Case and white space around do not count.
pub fn boolean(text: &str) -> Option<bool> {
    let text = trim_space(text);
    if text.is_ascii() {
        let mut lower = [0; LONGEST];
        let lower = lower.get_mut(..text.len())?;
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        return match &*lower {
            b"1" | b"t" | b"true" | b"y" | b"yes" | b"on" => Some(true),
            b"0" | b"f" | b"false" | b"n" | b"no" | b"off" => Some(false),
            b"ja" | b"wahr" | b"oui" | b"vrai" | b"si" | b"verdadero" | b"vero" | b"sim" | b"verdadeiro" | b"da"
            | b"tak" | b"evet" | b"ano" | b"j" | b"prawda" | b"waar" | b"sant" | b"igaz" | b"tosi" | b"igen" => {
                Some(true)
            }
            b"nein" | b"falsch" | b"non" | b"faux" | b"falso" | b"nao" | b"net" | b"nie" | b"hayir" | b"nee"
            | b"nej" | b"ne" | b"ei" | b"onwaar" | b"falskt" | b"hamis" | b"nem" => Some(false),
            _ => None,
        };
    }
    if text.len() > LONGEST {
        return None;
    }
    match text.to_lowercase().trim_end_matches('\u{FE0F}') {
        "sí" | "sì" | "да" | "是" | "真" | "对" | "はい" | "１" | "✓" | "✔" | "✅" | "☑" | "kyllä" | "ναι" | "نعم"
        | "예" | "네" | "हाँ" | "истина" | "doğru" | "так" | "כן" => Some(true),
        "não" | "нет" | "否" | "假" | "不是" | "いいえ" | "０" | "✗" | "✘" | "❌" | "✕" | "❎" | "hayır" | "όχι"
        | "لا" | "아니오" | "아니요" | "नहीं" | "☐" | "fałsz" | "ложь" | "yanlış" | "epätosi" | "ні" | "לא" => {
            Some(false)
        }
        _ => None,
    }
}

/// Those of [`TRUE`] and [`FALSE`] that are words, as they belong together.
const PAIRS: [(&[&str], &[&str]); 30] = [
    (&["prawda"], &["fałsz"]),
    (&["истина"], &["ложь"]),
    (&["waar"], &["onwaar"]),
    (&["sant"], &["falskt"]),
    (&["doğru"], &["yanlış"]),
    (&["igaz"], &["hamis"]),
    (&["tosi"], &["epätosi"]),
    (&["igen"], &["nem"]),
    (&["так"], &["ні"]),
    (&["כן"], &["לא"]),
    (&["t", "true"], &["f", "false"]),
    (&["y", "yes"], &["n", "no"]),
    (&["on"], &["off"]),
    (&["ja", "j"], &["nein", "n"]),
    (&["ja", "j"], &["nee", "n"]),
    (&["ja", "j"], &["nej", "n"]),
    (&["tak"], &["nie"]),
    (&["evet"], &["hayır", "hayir"]),
    (&["ano"], &["ne"]),
    (&["kyllä"], &["ei"]),
    (&["ναι"], &["όχι"]),
    (&["نعم", "예", "네", "हाँ"], &["لا", "아니오", "아니요", "नहीं"]),
    (&["wahr"], &["falsch"]),
    (&["oui"], &["non", "n"]),
    (&["vrai"], &["faux"]),
    (&["si", "sí", "sì"], &["no", "n"]),
    (&["verdadero", "vero"], &["falso"]),
    (&["sim", "verdadeiro"], &["nao", "não", "falso"]),
    (&["da", "да"], &["net", "нет"]),
    (&["是", "真", "对", "はい"], &["否", "假", "不是", "いいえ"]),
];

/// Whether a column's texts are truth values: those of one pair of words (`yes` and `no`, not `on` and `no`, which are codes of places or languages),
/// check marks, and 1 and 0 beside them. Where the column is not `named` as one of truth values, both are there, and more than `J` and `N`.
pub fn are_booleans<'a>(texts: impl Iterator<Item = &'a str> + Clone, named: bool) -> bool {
    let both = || [true, false].iter().all(|truth| texts.clone().any(|text| boolean(text) == Some(*truth)));
    let grades = || texts.clone().all(|text| matches!(trim_space(text), "J" | "N" | "j" | "n"));
    if !named && (!both() || grades()) {
        return false;
    }
    let lower = |text: &str| trim_space(text).to_lowercase();
    let is_mark = |text: &str| boolean(text).is_some() && !text.chars().any(char::is_alphanumeric);
    let is_digit = |text: &str| matches!(text, "1" | "0" | "１" | "０");
    let of = |pair: &(&[&str], &[&str]), text: &str| pair.0.contains(&text) || pair.1.contains(&text);
    // English is written in full and short in one column.
    let english = (&["t", "true", "y", "yes"][..], &["f", "false", "n", "no"][..]);
    let full = texts.clone().map(lower).any(|text| matches!(text.as_str(), "yes" | "no" | "true" | "false"));
    let words = || texts.clone().map(lower).filter(|text| !is_mark(text) && !is_digit(text));
    PAIRS.iter().chain(full.then_some(&english)).any(|pair| words().all(|word| of(pair, &word)))
        && texts.clone().all(|text| boolean(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_what_is_read() {
        assert!(TRUE.iter().all(|t| boolean(t) == Some(true)) && FALSE.iter().all(|t| boolean(t) == Some(false)));
        let words = |list: &[&'static str]| -> Vec<&'static str> {
            let is_word = |text: &&&str| text.chars().all(char::is_alphabetic);
            list.iter().filter(is_word).copied().collect()
        };
        for (list, paired) in
            [(words(&TRUE), PAIRS.map(|pair| pair.0).concat()), (words(&FALSE), PAIRS.map(|pair| pair.1).concat())]
        {
            assert!(list.iter().all(|word| paired.contains(word)) && paired.iter().all(|word| list.contains(word)));
        }
    }

    #[test]
    fn words_of_any_case_and_marks() {
        for text in
            ["1", "T", "tRue", " yes\t", "Y", "ON", "Ja", "OUI", "Si", "SÍ", "✓", "✔\u{FE0F}", "是", "\u{A0}да "]
        {
            assert_eq!(boolean(text), Some(true), "{text:?}");
        }
        for text in ["0", "F", "fAlse", "no ", "N", "off", "NEIN", "non", "NÃO", "✗", "❌", "否", "нет"] {
            assert_eq!(boolean(text), Some(false), "{text:?}");
        }
        for text in ["", " ", "2", "tr", "yes no", "maybe", "N/A", "truefalsetruefalsetruefalse", "✓✓", "ſi"] {
            assert_eq!(boolean(text), None, "{text:?}");
        }
    }
}
