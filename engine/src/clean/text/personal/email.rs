//! E-mail addresses.

use super::{char_before, is_word};

/// Characters of a part before the `@`, and bytes of a domain (RFC 5321).
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 253;

/// The end of an address that begins at a byte of the text.
pub fn at(text: &str, at: usize) -> Option<usize> {
    if char_before(text, at).is_some_and(is_word) {
        return None;
    }
    let mut chars = text.get(at..)?.char_indices();
    if !chars.next().is_some_and(|(_, c)| is_word(c)) {
        return None;
    }
    let sign = chars.take(LONGEST_LOCAL).find(|(_, c)| !(is_word(*c) || ".!#%&'*+-=_~".contains(*c)))?;
    if sign.1 != '@' {
        return None;
    }
    domain(text, at + sign.0 + 1)
}

/// The end of the longest domain at `start` whose last label is of letters.
fn domain(text: &str, start: usize) -> Option<usize> {
    let (mut labels, mut label, mut letters, mut end, mut found) = (0, 0, true, start, None);
    for c in text.get(start..)?.chars() {
        if end - start > LONGEST_DOMAIN {
            return None;
        }
        match c {
            '.' if label > 0 => {
                if labels > 0 && label > 1 && letters {
                    found = Some(end);
                }
                labels += 1;
                (label, letters) = (0, true);
            }
            '-' if label > 0 => {
                label += 1;
                letters = false;
            }
            _ if is_word(c) => {
                label += 1;
                letters &= c.is_alphabetic();
            }
            _ => break,
        }
        end += c.len_utf8();
    }
    if labels > 0 && label > 1 && letters {
        found = Some(end);
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_end_where_they_end() {
        for (text, found) in [
            ("a@b.de", Some("a@b.de")),
            ("anna.smith+news@mail.example.co.uk.", Some("anna.smith+news@mail.example.co.uk")),
            ("müller@example.com, x", Some("müller@example.com")),
            ("a@b.com谢谢", Some("a@b.com")),
            ("a@b.com.2024", Some("a@b.com")),
            ("a@b", None),
            ("a@b.c", None),
            ("a@b..com", None),
            ("@b.com", None),
            ("a b@c.de", None),
            ("a@@b.com", None),
        ] {
            assert_eq!(super::at(text, 0).map(|end| &text[..end]), found, "{text}");
        }
    }
}
