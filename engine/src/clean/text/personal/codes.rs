//! Codes that prove themselves: payment cards and bank accounts by check digits, Internet addresses by their form.

use std::net::IpAddr;

use super::{char_at, char_before, is_word};

/// Whether no word goes on before and behind.
fn stands_alone(text: &str, at: usize, end: usize) -> bool {
    !char_before(text, at).is_some_and(is_word) && !char_at(text, end).is_some_and(is_word)
}

/// The end of an Internet address that begins at a byte of the text.
pub fn ip(text: &str, at: usize) -> Option<usize> {
    let first = *text.as_bytes().get(at)?;
    // Within a longer sequence of numbers none begins.
    let before = text.as_bytes().get(..at)?;
    let inside = matches!(before, [.., b'.'] | [.., b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':', b':']);
    if inside || !(first.is_ascii_hexdigit() || first == b':') {
        return None;
    }
    let four = |b: &u8| b.is_ascii_digit() || *b == b'.';
    let six = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    address(text, at, four).or_else(|| address(text, at, six))
}

/// The end of an address that is the whole run of certain bytes, but for punctuation at its end.
fn address(text: &str, at: usize, of: impl Fn(&u8) -> bool) -> Option<usize> {
    // The longest is a version 6 address with a version 4 tail, 45 bytes.
    let run = text.as_bytes().get(at..)?.iter().take(46).take_while(|b| of(b)).count();
    let run = text.get(at..at + run)?;
    // 2001:db8:: ends with its colons, an address before a colon does not.
    let found = [run, run.trim_end_matches(['.', ':'])]
        .into_iter()
        .find(|found| found.parse().is_ok_and(|address: IpAddr| !address.is_unspecified()))?;
    stands_alone(text, at, at + found.len()).then_some(at + found.len())
}

/// The end of an international bank account number (ISO 13616): two letters, two check digits, up to 30 letters and digits in groups.
pub fn iban(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(at..)?;
    let head = bytes.get(..4)?;
    if !(head[..2].iter().all(u8::is_ascii_alphabetic) && head[2..].iter().all(u8::is_ascii_digit)) {
        return None;
    }
    // The remainder by 97 of the number that the text is after its first four characters are moved to its end.
    let push = |rest: u32, byte: u8| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    };
    let (mut rest, mut letters, mut found) = (0, 0, None);
    for (i, &byte) in bytes.iter().enumerate().skip(4) {
        match byte {
            b' ' if bytes.get(i + 1).is_some_and(u8::is_ascii_alphanumeric) => continue,
            _ if byte.is_ascii_alphanumeric() => {}
            _ => break,
        }
        (rest, letters) = (push(rest, byte), letters + 1);
        if letters > 30 {
            break;
        }
        if letters >= 11
            && head.iter().fold(rest, |rest, &byte| push(rest, byte)) == 1
            && stands_alone(text, at, at + i + 1)
        {
            found = Some(at + i + 1);
        }
    }
    found
}

/// The end of the number of a payment card (ISO/IEC 7812): 13 to 19 digits with a valid check digit, in one piece or in groups.
pub fn card(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(at..)?;
    // Of the schemes: 2 to 6.
    if !(b'2'..=b'6').contains(bytes.first()?)
        || at > 0 && matches!(text.as_bytes().get(at - 1), Some(b'.' | b'-' | b'+'))
    {
        return None;
    }
    let mut digits = [0u8; 19];
    let (mut count, mut end, mut separator, mut group) = (0, 0, 0, 0);
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = byte - b'0';
                count += 1;
                group += 1;
                end = i + 1;
            }
            // Groups of four, but for American Express, 4-6-5.
            b' ' | b'-'
                if (separator == 0 || separator == byte)
                    && matches!(group, 4 | 6)
                    && bytes.get(i + 1).is_some_and(u8::is_ascii_digit) =>
            {
                (separator, group) = (byte, 0);
            }
            _ => break,
        }
    }
    let digits = digits.get(..count)?;
    let decimal = bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    (count >= 13 && !decimal && luhn(digits) && stands_alone(text, at, at + end)).then_some(at + end)
}

/// Luhn's check digit.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &digit)| match (i % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_prove_themselves() {
        for text in
            ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "3400 000000 00009", "6011000000000004"]
        {
            assert_eq!(card(text, 0), Some(text.len()), "{text}");
        }
        for text in [
            "4111111111111112",
            "4111 1111-1111 1111",
            "411111111111",
            "41111111111111111111111",
            "4111111111111111a",
            "",
            "4",
        ] {
            assert_eq!(card(text, 0), None, "{text}");
        }
    }

    #[test]
    fn accounts_prove_themselves() {
        for text in [
            "DE89370400440532013000",
            "GB82 WEST 1234 5698 7654 32",
            "fr14 2004 1010 0505 0001 3m02 606",
            "NO9386011117947",
        ] {
            assert_eq!(iban(text, 0), Some(text.len()), "{text}");
            assert_eq!(iban(&format!("{text} please"), 0), Some(text.len()), "{text}");
        }
        for text in ["DE89370400440532013001", "DE89", "", "DE", "AB12CDEFGHIJKLM"] {
            assert_eq!(iban(text, 0), None, "{text}");
        }
    }

    #[test]
    fn addresses_of_both_versions() {
        for text in ["192.168.0.1", "2001:db8::1", "fe80::1", "::ffff:1.2.3.4", "2001:db8::"] {
            assert_eq!(ip(text, 0), Some(text.len()), "{text}");
        }
        assert_eq!(ip("10.0.0.1.", 0), Some(8));
        assert_eq!(ip("10.0.0.1:80", 0), Some(8));
        assert_eq!(ip("http://10.0.0.1/", 7), Some(15));
        assert_eq!(ip("IP:10.0.0.1", 3), Some(11));
        for text in ["256.1.1.1", "1.2.3", "10:20:30", "::", "aa:bb:cc:dd:ee:ff", "1.2.3.4.5", "1.2.3.4a", ""] {
            assert_eq!(ip(text, 0), None, "{text}");
        }
    }
}
