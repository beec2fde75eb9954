//! Telephone numbers: international ones, and national ones in the groups in which people write them.

use super::{char_at, char_before, is_word};

/// Digits of an international number (ITU-T E.164).
const LONGEST: usize = 15;
/// Groups that are looked at.
const GROUPS: usize = 8;

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    digits: usize,
    /// The separator before it, 0 where there is none.
    separator: u8,
    bracketed: bool,
    end: usize,
}

/// The end of a number that begins at a byte of the text.
pub fn at(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let glued = at >= 2 && matches!(bytes[at - 1], b'-' | b'.' | b'/' | b',' | b'+') && bytes[at - 2].is_ascii_digit();
    if glued || char_before(text, at).is_some_and(is_word) {
        return None;
    }
    let plus = bytes.get(at) == Some(&b'+');
    let mut groups = [Group::default(); GROUPS];
    let count = read(bytes, at + usize::from(plus), &mut groups);
    let start = at + usize::from(plus);
    (1..=count).rev().find_map(|k| {
        let groups = groups.get(..k)?;
        let end = groups.last()?.end;
        (ends(text, end) && is_number(bytes, start, groups, plus)).then_some(end)
    })
}

/// Read groups of digits from `start`; how many.
fn read(bytes: &[u8], start: usize, groups: &mut [Group; GROUPS]) -> usize {
    let (mut at, mut total, mut count) = (start, 0, 0);
    let mut separator = 0;
    for group in groups {
        let bracketed = bytes.get(at) == Some(&b'(');
        let first = at + usize::from(bracketed);
        let digits = bytes.iter().skip(first).take(LONGEST + 1).take_while(|b| b.is_ascii_digit()).count();
        let end = first + digits;
        let closed = bracketed && bytes.get(end) == Some(&b')');
        total += digits;
        if digits == 0 || total > LONGEST + 2 || bracketed != closed {
            break;
        }
        let end = end + usize::from(closed);
        *group = Group { digits, separator, bracketed, end };
        count += 1;
        // Up to two separators, such as ") " or " - ", or none around brackets.
        at = end;
        separator = 0;
        while at < end + 3 && matches!(bytes.get(at), Some(b' ' | b'-' | b'.' | b'/')) {
            if separator == 0 || separator == b' ' {
                separator = bytes.get(at).copied().unwrap_or(0);
            }
            at += 1;
        }
        if at == end && !closed && bytes.get(at) != Some(&b'(') {
            break;
        }
    }
    count
}

/// Whether a number may end at a byte: no word goes on, and no group that was read apart.
fn ends(text: &str, end: usize) -> bool {
    let next = char_at(text, end);
    if next.is_some_and(|c| is_word(c) && c != 'x' && c != 'e') {
        return false;
    }
    let more = char_at(text, end + 1).is_some_and(|c| c.is_ascii_digit());
    !(more && matches!(next, Some('-' | '.' | '/' | ',' | ':' | '(')))
}

/// Whether groups of digits are those of a telephone number.
fn is_number(bytes: &[u8], start: usize, groups: &[Group], plus: bool) -> bool {
    let total: usize = groups.iter().map(|g| g.digits).sum();
    let rest = bytes.get(start..).unwrap_or_default();
    if plus || rest.starts_with(b"00") && groups.first().is_some_and(|g| g.digits != 2 || groups.len() > 1) {
        let prefix = if plus { 0 } else { 2 };
        return (8 + prefix..=LONGEST + prefix).contains(&total);
    }
    let zero = rest.first() == Some(&b'0');
    let mut lengths = [0; GROUPS];
    for (length, group) in lengths.iter_mut().zip(groups) {
        *length = group.digits;
    }
    let Some(lengths) = lengths.get(..groups.len()) else { return false };
    let separators = || groups.iter().skip(1).map(|g| g.separator);
    let count = |separator| separators().filter(|&s| s == separator).count();
    let dots = count(b'.');
    if dots > 0 && (dots + 1 != groups.len() || groups.len() < 3) || count(b'/') > 1 {
        return false;
    }
    if groups.iter().any(|g| g.bracketed) {
        return (8..=LONGEST).contains(&total) && groups.len() > 1;
    }
    match lengths {
        // A national number in one piece: 01712345678, or a Chinese mobile's 13812345678.
        [n] => zero && (10..=11).contains(n) || *n == 11 && rest[0] == b'1' && (b'3'..=b'9').contains(&rest[1]),
        [3, 4] => count(b'-') == 1 && (b'2'..=b'9').contains(&rest[0]),
        // No area begins with 0 or 1.
        [3, 3, 4] => (b'2'..=b'9').contains(&rest[0]),
        [1, 3, 3, 4] | [3, 4, 4] | [3, 3, 2, 2] => true,
        [3, 3, 3] => dots == 0,
        // 05-01-2024 10
        [2, 2, 4, ..] => false,
        _ => zero && (9..=12).contains(&total) && (dots == 0 || groups.len() > 3),
    }
}

/// The digits, after `+` where the number is international.
pub fn canonical(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match (text.starts_with('+'), digits.strip_prefix("00")) {
        (true, _) => format!("+{digits}"),
        (false, Some(rest)) => format!("+{rest}"),
        (false, None) => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_many_countries() {
        for text in [
            "+1 555 123 4567",
            "+49 (0)30 1234567",
            "0049 30 1234567",
            "(555) 123-4567",
            "555-123-4567",
            "1-800-555-1234",
            "555.123.4567",
            "030/1234567",
            "01 23 45 67 89",
            "01.23.45.67.89",
            "020 7946 0958",
            "612 345 678",
            "13812345678",
            "138 1234 5678",
            "01712345678",
            "8 (495) 123-45-67",
            "555-1234",
            "+8613812345678",
            "(030) 1234567",
            "+44(0)2079460958",
        ] {
            assert_eq!(at(text, 0), Some(text.len()), "{text}");
            let text = format!("call {text}, please");
            assert_eq!(at(&text, 5), Some(text.len() - 8), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "2024-01-05",
            "05.01.2024",
            "01/05/2024",
            "2024-01-05 10",
            "01-05-2024 10",
            "01-05-2024 10:30",
            "1 234 567 890",
            "1.234.567.890",
            "42.3601 -71.0589",
            "1234567890",
            "1700000000",
            "123456",
            "10 20 30 40 50 60",
            "1234567890123456789012",
            "12",
            "",
            "+",
            "+1",
            "0",
            "00",
            "(",
            "()",
            "123 456 789.50",
            "012345678905",
            "555-123-4567-99",
            "555-123-45678",
            "100-200-3000",
        ] {
            assert_eq!(at(text, 0), None, "{text}");
        }
    }

    #[test]
    fn one_spelling() {
        assert_eq!(canonical("+49 (30) 1234-567"), "+49301234567");
        assert_eq!(canonical("0049 30 1234567"), "+49301234567");
        assert_eq!(canonical("555-1234"), "5551234");
    }
}
