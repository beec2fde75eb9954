//! Forms of numbers, dates and truth values that no step reads, each said with what to do.

use super::super::ColumnProfile;
use super::super::Severity::Note;
use super::said::{example, nearly_all};
use super::{quoted, Looked};
use crate::clean::parse::{self, Decimal};
use crate::clean::text::{text_mark, trim_space};

/// Say that texts are of such a form; whether they have an order, so that they are no names of rows.
pub(super) fn say(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    if looked.real.len() < 2 {
        return false;
    }
    say_letters_of_truth(profile, looked)
        || say_moments(profile, looked)
        || say_between(profile, looked)
        || say_enclosed(profile, looked)
        || say_whole(profile, looked)
        || say_before(profile, looked)
}

fn is_number(text: &str) -> bool {
    parse::number(text, Decimal::Detect).is_some()
}

/// Say a note where nearly all texts are so.
fn note(
    profile: &mut ColumnProfile,
    looked: &Looked<'_>,
    is: impl Fn(&str) -> bool,
    text: &dyn Fn(&str) -> String,
) -> bool {
    let all = nearly_all(looked, is);
    if all {
        profile.find(Note, text(&example(looked)));
    }
    all
}

/// The letters of yes and no, or true and false, in languages where one of them is a code elsewhere: oui and non, sí and no, vrai and faux.
const LETTERS: [(&str, &str); 4] = [("O", "N"), ("S", "N"), ("V", "F"), ("E", "H")];

fn say_letters_of_truth(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let [a, b] = &looked.real[..] else { return false };
    let is = |text: &str, letter: &str| trim_space(text).eq_ignore_ascii_case(letter);
    let pair =
        LETTERS.iter().find(|(yes, no)| is(&a.text, yes) && is(&b.text, no) || is(&a.text, no) && is(&b.text, yes));
    if let Some((yes, no)) = pair {
        profile.find(Note, format!("may be truth values or codes: name the step parse_boolean with \"true\": \"{yes}\", \"false\": \"{no}\" if they are truth values"));
    }
    false
}

/// Say that texts are moments as programs write them, which no format reads.
fn say_moments(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is = |text: &str| is_of_script(text) || is_parted_otherwise(text);
    note(profile, looked, is, &|example| {
        format!("dates or timestamps in a form that no step reads, such as {example}: write them as 2024-01-31 10:20:30 in the source")
    })
}

/// Whether a text is a moment of JavaScript or .NET: `Fri Jan 05 2024 10:22:33 GMT+0100 (CET)`, `/Date(1704448953000)/`.
fn is_of_script(text: &str) -> bool {
    let dotnet = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
    let javascript = text.split_once(" GMT").and_then(|(moment, _)| moment.split_once(' '));
    let month = javascript.and_then(|(_, rest)| rest.rsplit_once(' '));
    dotnet.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
        || month.is_some_and(|(date, time)| time.contains(':') && parse::timestamp(date, None).is_some())
}

/// Bytes of a date, `2024:01:05`.
const DATE: usize = 10;

/// Whether the parts of a date stand between colons or underscores: `2024:01:05 10:22:33`, `2024_01_05`.
fn is_parted_otherwise(text: &str) -> bool {
    let Some(date) = text.get(..DATE).filter(|date| date.contains([':', '_'])) else { return false };
    let iso = date.replace([':', '_'], "-");
    let apart = iso.as_bytes().iter().enumerate().all(|(i, b)| (i == 4 || i == 7) == (*b == b'-'));
    apart && parse::timestamp(&iso, None).is_some()
}

/// Say that a currency stands in the place of the decimal sign: `12€50`.
fn say_between(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let is = |text: &str| {
        text.split_once(['€', '$', '£']).is_some_and(|(whole, cents)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits(whole) && digits(cents) && cents.len() == 2
        })
    };
    note(profile, looked, is, &|example| {
        format!("amounts with the currency in the place of the decimal sign, such as {example}: put a sign there in the source")
    })
}

/// Say that numbers stand between quotes or brackets, or have a semicolon behind.
fn say_enclosed(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    // The marks by which spreadsheets keep longer codes have a step.
    let marked = |text: &str| text_mark(text).is_some_and(|code| code.len() > 2);
    let is = |text: &str| {
        let inner = text.trim_matches(['"', '\'', '[', ']', '{', '}', ';', '`']);
        inner.len() < text.len() && !marked(text) && is_number(inner)
    };
    note(profile, looked, is, &|example| {
        format!("numbers with quotes, brackets or other signs around, such as {example}: take them away in the source, unless they mark codes")
    })
}

/// A number, and the rest behind it, which has digits too: `4,5 von 5 Sternen`.
fn number_and_rest(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))?;
    let (number, rest) = text.split_at(end);
    let told = rest.starts_with('/') || rest.starts_with(' ') && rest.contains(char::is_alphabetic);
    (told && rest.contains(|c: char| c.is_ascii_digit()) && is_number(number)).then_some(rest)
}

/// Say that numbers are parts of one and the same whole: `4.5/5`.
fn say_whole(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let Some(rest) = looked.real.iter().find_map(|v| number_and_rest(trim_space(&v.text))) else { return false };
    if looked.real.len() < SEVERAL {
        return false;
    }
    let is = |text: &str| number_and_rest(text) == Some(rest);
    note(profile, looked, is, &|_| format!("numbers with {} behind: take it away in the source", quoted(rest)))
}

/// Different texts from which on the same words around numbers are no accident.
const SEVERAL: usize = 3;

/// What stands before a number: words and a blank before an amount, or a sign, `ab 12,99 €`, `≈ 500`. Hyphens, underscores and the like join codes.
fn before(text: &str) -> Option<&str> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    // A currency belongs to the number.
    let start = text.get(..start)?.trim_end_matches(['€', '$', '£', ' ', '\u{A0}']).len();
    let (words, number) = text.split_at(start);
    let unit = parse::unit(number);
    let cents = matches!(number.trim_end().as_bytes(), [.., b'.' | b',', b'0'..=b'9', b'0'..=b'9']);
    let amount = cents || unit.currency.is_some() || unit.percent;
    let sign =
        !words.contains(char::is_alphanumeric) && !words.contains(['-', '_', '#', '/', '.', '(', '*', '\'', '"', '=']);
    let word = words.contains(char::is_alphabetic) && number.starts_with(char::is_whitespace) && amount;
    (!words.is_empty() && (sign || word) && is_number(number)).then_some(words)
}

/// Say that numbers have the same words or signs before them.
fn say_before(profile: &mut ColumnProfile, looked: &Looked<'_>) -> bool {
    let Some(words) = looked.real.iter().find_map(|v| before(trim_space(&v.text))) else { return false };
    if looked.real.len() < SEVERAL || !looked.real.iter().any(|v| !is_number(&v.text)) {
        return false;
    }
    let is = |text: &str| before(text).is_some_and(|other| other.eq_ignore_ascii_case(words));
    note(profile, looked, is, &|_| format!("numbers with {} before: take it away in the source", quoted(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_programs() {
        for text in [
            "Fri Jan 05 2024 10:22:33 GMT+0100 (Central European Standard Time)",
            "/Date(1704448953000)/",
            "/Date(-1000)/",
        ] {
            assert!(is_of_script(text), "{text}");
        }
        for text in ["2024:01:05 10:22:33", "2024_01_05"] {
            assert!(is_parted_otherwise(text), "{text}");
        }
        for text in [
            "2024-01-05",
            "10:22:33",
            "2024:13:05",
            "2024_1_05_",
            "ab_cd_efgh",
            "12:34:56:78",
            "/Date(x)/",
            "a GMT",
            "",
        ] {
            assert!(!is_of_script(text) && !is_parted_otherwise(text), "{text}");
        }
    }

    #[test]
    fn words_around_numbers() {
        assert_eq!(
            ["4.5/5", "4,5 von 5 Sternen", "2-3 Tage", "10/", "x"].map(number_and_rest),
            [Some("/5"), Some(" von 5 Sternen"), None, None, None]
        );
        assert_eq!(
            ["ab 12,99 €", "≈ 500", "from €5", "Room 101", "A-12", "#12", "€ 5", "$5", "12"].map(before),
            [Some("ab"), Some("≈"), Some("from"), None, None, None, None, None, None]
        );
    }
}
