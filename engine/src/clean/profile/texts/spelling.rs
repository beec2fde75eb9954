//! White space, characters and case that make two texts of what is one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use unicode_normalization::{is_nfc, UnicodeNormalization};

use super::super::role::Role;
use super::super::Severity::{Note, Warning};
use super::super::{names, steps, ColumnProfile, HAVE};
use super::{quoted, Looked};
use crate::clean::text::{fold_space, normalize, trim_space, Form};

/// Say and mend white space and odd characters.
pub fn judge(profile: &mut ColumnProfile, name: &str, looked: &Looked<'_>) {
    let count = |wrong: &dyn Fn(&str) -> bool| -> u64 {
        looked.real.iter().filter(|value| wrong(&value.text)).map(|value| value.weight).sum()
    };
    // The blanks around the dash of book-keeping tell it from one for nothing.
    let is_dash = |text: &str| matches!(trim_space(text), "-" | "–");
    let booked = profile.role == Role::NumberInText && looked.real.iter().any(|v| is_dash(&v.text));
    let edges = looked
        .real
        .iter()
        .filter(|v| !v.cut && trim_space(&v.text).len() != v.text.len())
        .map(|v| v.weight)
        .sum::<u64>();
    let prose = profile.role == Role::FreeText;
    let inside = if prose { 0 } else { count(&has_odd_blanks) };
    if edges > 0 {
        profile.find(Warning, profile.rows_that(edges, ("begins or ends", "begin or end"), "with white space"));
    }
    if inside > 0 {
        profile.find(Note, profile.rows_that(inside, HAVE, "odd or double blanks inside"));
    }
    let odd = count(&is_odd);
    // Characters without width go before white space is looked at, or they would become blanks.
    if odd > 0 {
        profile
            .find(Warning, profile.rows_that(odd, HAVE, "invisible, decomposed, full-width or half-width characters"));
        let form = form(profile, looked);
        profile.steps.push(steps::normalize_unicode(name, form));
    }
    // The step makes other runs of white space a blank too, which what people wrote must not lose.
    let kept = |text: &str| (prose || text.contains(['\n', '\r'])) && has_odd_blanks(text);
    let laid_out = looked.real.iter().any(|v| kept(trim_space(&v.text)));
    if laid_out && edges > 0 {
        profile.find(Note, "white space inside has a meaning, such as line breaks: the step trim would make it one blank, so name it if that is meant");
    } else if !laid_out && !booked && (edges + inside > 0 || looked.padded) {
        profile.steps.push(steps::trim(name));
    }
    let entities = count(&has_entity);
    if entities > 0 {
        let text = profile.rows_that(entities, HAVE, "entities of HTML, such as &amp;");
        profile.find(Warning, format!("{text}: write their characters in the source"));
    }
    let broken = count(&is_broken);
    if broken > 0 {
        let text = profile.rows_that(broken, ("looks", "look"), "as if UTF-8 had been read in another encoding");
        profile.find(Warning, text);
    }
}

/// Whether a character is of another width: a full-width form of ASCII, or a half-width one of kana.
fn is_of_other_width(c: char) -> bool {
    matches!(c, '\u{FF01}'..='\u{FF5E}' | '\u{FF61}'..='\u{FF9F}')
}

/// The normal form that mends a column: that which makes full-width letters plain where nothing else would change by it, as `½`, `²` and `①` do.
fn form(profile: &mut ColumnProfile, looked: &Looked<'_>) -> &'static str {
    let mut wide = looked.real.iter().filter(|v| v.text.contains(is_of_other_width)).peekable();
    if wide.peek().is_none() {
        return "nfc";
    }
    let of = |text: &str, form: Form| normalize(text, form, &|| {}).map(Cow::into_owned).unwrap_or_default();
    let narrow = |c: char| match is_of_other_width(c) {
        true => c.nfkc().next().unwrap_or(c),
        false => c,
    };
    let changes = |text: &str| of(text, Form::Nfkc) != of(&text.chars().map(narrow).collect::<String>(), Form::Nfc);
    let Some(changed) = looked.real.iter().find(|v| !v.text.is_ascii() && changes(&v.text)) else { return "nfkc" };
    profile.find(
        Note,
        format!(
            "full-width and half-width letters stay, as the form \"nfkc\" of normalize_unicode would make {} of {}: name it if that is meant",
            quoted(&of(&changed.text, Form::Nfkc)),
            quoted(&changed.text)
        ),
    );
    "nfc"
}

/// Whether a text has double or odd blanks inside.
fn has_odd_blanks(text: &str) -> bool {
    !text.contains(['\u{200B}', '\u{FEFF}']) && fold_space(text) != trim_space(text)
}

/// Whether a text has nothing but characters that do not show, which the normal forms leave out.
pub fn is_hidden(text: &str) -> bool {
    is_odd(text) && normalize(text, Form::Nfc, &|| {}).is_ok_and(|rest| rest.is_empty())
}

/// Whether a text has characters that look like others or like nothing.
fn is_odd(text: &str) -> bool {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return false;
    }
    let hidden = |c: char| matches!(c, '\0'..='\x08' | '\x0e'..='\x1f' | '\x7f' | '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}');
    text.chars().any(|c| hidden(c) || is_of_other_width(c)) || !is_nfc(text)
}

/// Letters and digits of the name of an entity.
const ENTITY: std::ops::RangeInclusive<usize> = 2..=8;

/// Whether a text has an entity of HTML: `&amp;`, `&#39;`.
fn has_entity(text: &str) -> bool {
    let name = |rest: &str| rest.split_once(';').map(|(name, _)| name.to_owned());
    let is_name = |name: String| {
        let code = name.strip_prefix('#').map(|code| code.strip_prefix(['x', 'X']).unwrap_or(code));
        match code {
            Some(code) => !code.is_empty() && code.len() <= 6 && code.bytes().all(|b| b.is_ascii_hexdigit()),
            None => ENTITY.contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric()),
        }
    };
    text.split('&').skip(1).filter_map(name).any(is_name)
}

/// Whether a text has the marks of bytes that were decoded twice: `Ã©`, `â€™`, or the replacement character.
fn is_broken(text: &str) -> bool {
    let twice = |pair: &[char]| matches!(pair, ['Ã' | 'Â', '\u{80}'..='\u{BF}'] | ['â', '€' | '\u{80}'..='\u{9F}']);
    if text.is_ascii() {
        return false;
    }
    let chars: Vec<char> = text.chars().collect();
    text.contains('\u{FFFD}') || chars.windows(2).any(twice)
}

/// Say and mend levels that differ by case and white space alone.
pub fn fold_case(profile: &mut ColumnProfile, name: &str, looked: &Looked<'_>) {
    let mut groups: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for value in looked.real.iter().filter(|value| !value.cut) {
        let folded = fold_space(&value.text);
        *groups.entry(folded.to_lowercase()).or_default().entry(folded.into_owned()).or_default() += value.rows;
    }
    say_variants(profile, &groups);
    groups.retain(|_, spellings| spellings.len() > 1);
    let Some(worst) = groups.values().max_by_key(|spellings| spellings.values().sum::<u64>()) else { return };
    let list: Vec<String> = worst.keys().take(3).map(|text| quoted(text)).collect();
    let others = match groups.len() {
        1 => String::new(),
        n => format!(", and so do {} more", n - 1),
    };
    profile.find(Warning, format!("{} differ by case alone{others}", list.join(", ")));
    // Of codes and addresses case may be all that tells them apart.
    let is_word = |text: &str| {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        letters > 2 && !text.contains(['/', '_', '=']) && !text.chars().any(|c| c.is_ascii_digit())
    };
    // The same but for case may be a unit: MBps and Mbps, mWh and MWh. IPhone is longer.
    let is_unit = |spellings: &BTreeMap<String, u64>| {
        let is_one = |text: &&String| text.chars().count() <= LONGEST_UNIT && has_capitals_before_small_letters(text);
        let units = spellings.keys().filter(is_one).count();
        units > 0 && spellings.len() > units
    };
    let coded = |spellings: &BTreeMap<String, u64>| {
        let changes: Vec<usize> = spellings.keys().map(|text| changes_of_case(text)).collect();
        changes.iter().any(|n| *n > 1) || changes.iter().filter(|n| **n > 0).count() > 1
    };
    let told_apart = |spellings: &BTreeMap<String, u64>| spellings.keys().any(|text| is_grade(text) || is_file(text));
    let all_words = !groups.values().any(told_apart)
        && groups.values().flat_map(|spellings| spellings.keys()).all(|text| is_word(text));
    if all_words && !groups.values().any(coded) && !groups.values().any(is_unit) && !names::is_any_code(name) {
        profile.steps.push(steps::merge_spellings(name));
    }
}

/// Levels from which on they are names, which are not compared.
const COMPARED: usize = 2000;
/// Letters that spellings of one word have at least.
const WORD: usize = 4;

/// Say levels that differ by accents, hyphens, points and blanks alone: `Café` and `Cafe`, `E-Mail` and `Email`, `Berlin.` and `Berlin`.
fn say_variants(profile: &mut ColumnProfile, groups: &BTreeMap<String, BTreeMap<String, u64>>) {
    if groups.len() > COMPARED {
        return;
    }
    let mut variants: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (folded, spellings) in groups {
        let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
        let digits = folded.chars().any(|c| c.is_ascii_digit());
        let plain = |spelling: &&String| !is_odd(spelling); // the others have a step
        let spelling = spellings.keys().find(plain).filter(|_| letters >= WORD && !digits && !is_sign(folded));
        if let Some(spelling) = spelling {
            let bare: String = folded.nfkd().filter(|c| c.is_alphabetic()).collect();
            variants.entry(bare).or_default().push(spelling);
        }
    }
    variants.retain(|_, spellings| spellings.len() > 1);
    let Some(first) = variants.values().next() else { return };
    let list: Vec<String> = first.iter().take(3).map(|text| quoted(text)).collect();
    let others = match variants.len() {
        1 => String::new(),
        n => format!(", and so do {} more", n - 1),
    };
    let text = format!("{} differ by accents, blanks, hyphens or other signs alone{others}: make one of them with map_values if they are", list.join(", "));
    profile.find(Note, text);
}

/// Whether a text is of codes and addresses, whose signs count.
fn is_sign(text: &str) -> bool {
    text.contains(['/', '_', '=', '@', '+', '#', '&', '<', '>', '\\', '|', ';', ':', ',', '"', '*', '%'])
}

/// Whether a text is a grade of those who owe money, of whom `Aaa` and `AAA` are of different houses.
fn is_grade(text: &str) -> bool {
    let mut letters = text.chars().map(|c| c.to_ascii_lowercase());
    let Some(first) = letters.next().filter(|c| matches!(c, 'a'..='d')) else { return false };
    let rest: Vec<char> = letters.collect();
    (1..=2).contains(&rest.len()) && (rest.iter().all(|c| *c == first) || rest.iter().all(|c| *c == 'a'))
}

/// The ends of names of files, of which case may tell several apart.
const FILES: [&str; 34] = [
    "r", "c", "h", "py", "js", "ts", "css", "htm", "html", "php", "java", "csv", "tsv", "txt", "pdf", "doc", "docx",
    "xls", "xlsx", "ppt", "pptx", "jpg", "jpeg", "png", "gif", "svg", "webp", "mp3", "mp4", "zip", "xml", "json",
    "sql", "md",
];

/// Whether a text is the name of a file.
fn is_file(text: &str) -> bool {
    text.rsplit_once('.')
        .is_some_and(|(name, end)| !name.is_empty() && FILES.iter().any(|file| end.eq_ignore_ascii_case(file)))
}

/// Letters of a unit.
const LONGEST_UNIT: usize = 5;

/// Whether a small letter follows two capitals, as in units (`MBps`) and hardly in words.
fn has_capitals_before_small_letters(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    letters.windows(3).any(|three| three[0].is_uppercase() && three[1].is_uppercase() && three[2].is_lowercase())
}

/// How often a small letter is followed by a capital, as in `iPhone` once and in codes of mixed case several times.
fn changes_of_case(text: &str) -> usize {
    let letters: Vec<char> = text.chars().collect();
    letters.windows(2).filter(|pair| pair[0].is_lowercase() && pair[1].is_uppercase()).count()
}
