//! Truth values as people write them.

use crate::clean::text::trim_space;

/// The longest word in bytes.
const LONGEST: usize = 20;

/// What [`boolean`] takes for true, in small letters, for who has to list it.
pub const TRUE: [&str; 28] = [
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
pub const FALSE: [&str; 25] = [
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

/// The truth value of a text: `t` `true` `y` `yes` `on` `1` and their opposites, the same in German, French, Spanish, Italian, Portuguese,
/// Russian, Chinese and Japanese, and check marks. Case and white space around do not count.
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
            b"ja" | b"wahr" | b"oui" | b"vrai" | b"si" | b"verdadero" | b"vero" | b"sim" | b"verdadeiro" | b"da" => {
                Some(true)
            }
            b"nein" | b"falsch" | b"non" | b"faux" | b"falso" | b"nao" | b"net" => Some(false),
            _ => None,
        };
    }
    if text.len() > LONGEST {
        return None;
    }
    match text.to_lowercase().trim_end_matches('\u{FE0F}') {
        "sí" | "sì" | "да" | "是" | "真" | "对" | "はい" | "１" | "✓" | "✔" | "✅" | "☑" => Some(true),
        "não" | "нет" | "否" | "假" | "不是" | "いいえ" | "０" | "✗" | "✘" | "❌" | "✕" | "❎" => {
            Some(false)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_what_is_read() {
        assert!(TRUE.iter().all(|t| boolean(t) == Some(true)) && FALSE.iter().all(|t| boolean(t) == Some(false)));
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
