//! Personal data in texts: found by its form, then redacted or replaced by a keyed hash.

mod codes;
mod email;
mod phone;

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::out::Out;
use super::space::{is_blank, is_space, trim_space};
use crate::error::{Error, Result};

/// What personal data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The number of a payment card, by its check digit.
    Card,
    /// An international bank account number, by its check digits.
    Iban,
    /// An Internet address, version 4 or 6.
    Ip,
}

impl Kind {
    /// Its name in redacted texts.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Card => "card",
            Kind::Iban => "iban",
            Kind::Ip => "ip",
        }
    }

    /// The spelling by which the same address or number is known again.
    fn canonical(self, text: &str) -> String {
        match self {
            Kind::Email => text.to_lowercase(),
            Kind::Phone => phone::canonical(text),
            Kind::Card => text.chars().filter(char::is_ascii_digit).collect(),
            Kind::Iban => text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase(),
            Kind::Ip => text.parse::<std::net::IpAddr>().map_or_else(|_| text.to_owned(), |ip| ip.to_string()),
        }
    }
}

/// What is done with personal data. Frozen: its number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Method {
    /// What is found becomes `[email]`, `[phone]` ...
    Redact,
    /// What is found becomes its kind and a keyed hash.
    Hash,
    /// The whole value becomes `[email]`, `[phone]` ... or `[redacted]`.
    RedactAll,
    /// The whole value becomes its kind, or `value`, and a keyed hash.
    HashAll,
}

/// The names of the methods.
pub const METHODS: [(&str, Method); 4] = [
    ("redact", Method::Redact),
    ("hash", Method::Hash),
    ("redact_all", Method::RedactAll),
    ("hash_all", Method::HashAll),
];

/// Bytes of a hash that are kept: 128 bits, so that two values never share one.
const KEPT: usize = 16;

/// Whether a whole value, white space around it aside, is an e-mail address, a phone number or the like.
pub fn personal_kind(text: &str) -> Option<Kind> {
    let text = trim_space(text);
    found_at(text, 0).filter(|(_, end)| *end == text.len()).map(|(kind, _)| kind)
}

/// What begins at a byte of the text, and where it ends.
fn found_at(text: &str, at: usize) -> Option<(Kind, usize)> {
    let first = *text.as_bytes().get(at)?;
    // Nothing begins within a word: most bytes are done with here.
    if at > 0 && text.as_bytes().get(at - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    if !(first.is_ascii_alphanumeric() || matches!(first, b'+' | b'(' | b':') || first >= 0x80)
        || !text.is_char_boundary(at)
    {
        return None;
    }
    let found = |kind, end: Option<usize>| end.map(|end| (kind, end));
    found(Kind::Email, email::at(text, at))
        .or_else(|| found(Kind::Ip, codes::ip(text, at)))
        .or_else(|| found(Kind::Iban, codes::iban(text, at)))
        .or_else(|| found(Kind::Card, codes::card(text, at)))
        .or_else(|| found(Kind::Phone, phone::at(text, at)))
}

/// Whether a character belongs to words of scripts that put blanks between words.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && c < '\u{2E80}' && c.is_alphanumeric())
}

fn char_before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// A text with its personal data masked. The same data and the same salt have the same hash, so that hashed columns still join.
pub fn mask<'a>(text: &'a str, method: Method, salt: &str, poll: &dyn Fn()) -> Result<Cow<'a, str>> {
    let mut out = Out::new(poll);
    match method {
        Method::RedactAll | Method::HashAll => {
            if is_blank(text) {
                return Ok(Cow::Borrowed(text));
            }
            put_whole(&mut out, text, (method == Method::HashAll).then_some(salt))?;
        }
        Method::Redact | Method::Hash => {
            let (mut at, mut kept) = (0, 0);
            while at < text.len() {
                out.step(0)?;
                let Some((kind, end)) = found_at(text, at) else {
                    at += 1;
                    continue;
                };
                out.push_str(text.get(kept..at).unwrap_or_default())?;
                let salt = (method == Method::Hash).then_some(salt);
                put(&mut out, kind, text.get(at..end).unwrap_or_default(), salt)?;
                (at, kept) = (end, end);
            }
            if kept == 0 {
                return Ok(Cow::Borrowed(text));
            }
            out.push_str(text.get(kept..).unwrap_or_default())?;
        }
    }
    Ok(Cow::Owned(out.finish()))
}

fn put(out: &mut Out, kind: Kind, text: &str, salt: Option<&str>) -> Result<()> {
    match salt {
        None => {
            out.push('[')?;
            out.push_str(kind.name())?;
            out.push(']')
        }
        Some(salt) => put_hash(out, kind.name(), salt, |_, mac| {
            mac.update(kind.canonical(text).as_bytes());
            Ok(())
        }),
    }
}

fn put_whole(out: &mut Out, text: &str, salt: Option<&str>) -> Result<()> {
    match (personal_kind(text), salt) {
        (Some(kind), salt) => put(out, kind, trim_space(text), salt),
        (None, None) => out.push_str("[redacted]"),
        (None, Some(salt)) => put_hash(out, "value", salt, |out, mac| feed_folded(out, mac, text)),
    }
}

/// White space folded and case dropped, so that `Anna  Smith` and `anna smith` have one hash; in place, as the text may be huge.
fn feed_folded(out: &mut Out, mac: &mut Hmac<Sha256>, text: &str) -> Result<()> {
    let (mut begun, mut blank) = (false, false);
    for c in text.chars() {
        out.step(0)?;
        if is_space(c) {
            blank = begun;
            continue;
        }
        if std::mem::take(&mut blank) {
            mac.update(b" ");
        }
        begun = true;
        for lower in c.to_lowercase() {
            mac.update(lower.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Ok(())
}

/// Write `name:` and HMAC-SHA-256 (RFC 2104) of name and value under the salt, the first 128 bits in hexadecimal.
fn put_hash(
    out: &mut Out,
    name: &str,
    salt: &str,
    feed: impl FnOnce(&mut Out, &mut Hmac<Sha256>) -> Result<()>,
) -> Result<()> {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt.as_bytes())
        .map_err(|_| Error::Internal("a key of HMAC was refused".to_owned()))?;
    mac.update(name.as_bytes());
    mac.update(&[0]);
    feed(out, &mut mac)?;
    out.push_str(name)?;
    out.push(':')?;
    for byte in mac.finalize().into_bytes().iter().take(KEPT) {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(text: &str, method: Method) -> String {
        mask(text, method, "salt", &|| ()).unwrap().into_owned()
    }

    #[test]
    fn redacts_what_it_finds() {
        for (text, expected) in [
            ("mail anna@example.com or call +49 30 1234567.", "mail [email] or call [phone]."),
            ("card 4111 1111 1111 1111, from 192.168.0.1:80", "card [card], from [ip]:80"),
            ("IBAN: DE89 3704 0044 0532 0130 00 (main)", "IBAN: [iban] (main)"),
            ("电话13812345678邮箱a@b.com谢谢", "电话[phone]邮箱[email]谢谢"),
            ("<a@b.com>;c@d.org", "<[email]>;[email]"),
            (
                "order 1234567890 of 2024-01-05 10:20:30 for $1,234.50",
                "order 1234567890 of 2024-01-05 10:20:30 for $1,234.50",
            ),
            ("", ""),
        ] {
            assert_eq!(masked(text, Method::Redact), expected);
        }
        assert!(matches!(mask("nothing here", Method::Redact, "", &|| ()), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn hashes_join() {
        let hash = masked("Anna@Example.com", Method::Hash);
        assert_eq!(masked("write to anna@example.com", Method::Hash), format!("write to {hash}"));
        assert_eq!(masked(" ANNA@example.com ", Method::HashAll), hash);
        assert_ne!(mask("anna@example.com", Method::Hash, "other", &|| ()).unwrap(), hash);
        assert_eq!(masked("+49 30 1234567", Method::Hash), masked("0049-30-1234567", Method::Hash));
        assert_eq!(masked("Anna  Smith ", Method::HashAll), masked("anna smith", Method::HashAll));
        assert_ne!(masked("anna smith", Method::HashAll), masked("annasmith", Method::HashAll));
        // By Python: hmac.new(b"salt", b"email\0anna@example.com", "sha256").hexdigest()[:32]
        assert_eq!(hash, "email:d9f013030289cea1a6e395654fa6af0a");
        // ... b"value\0anna smith"
        assert_eq!(masked("Anna Smith", Method::HashAll), "value:309c2da724d6bd285dfe52024101e74d");
    }

    #[test]
    fn whole_values() {
        assert_eq!(masked("a@b.com", Method::RedactAll), "[email]");
        assert_eq!(masked("Anna Smith", Method::RedactAll), "[redacted]");
        assert_eq!(masked(" ", Method::RedactAll), " ");
        assert_eq!(masked("", Method::HashAll), "");
    }

    #[test]
    fn kinds_of_whole_values() {
        for (text, kind) in [
            ("a@b.com", Some(Kind::Email)),
            (" 555-123-4567 ", Some(Kind::Phone)),
            ("4111111111111111", Some(Kind::Card)),
            ("GB82WEST12345698765432", Some(Kind::Iban)),
            ("2001:db8::1", Some(Kind::Ip)),
            ("a@b.com, c@d.com", None),
            ("Anna", None),
            ("42", None),
            ("2024-01-05", None),
            ("", None),
        ] {
            assert_eq!(personal_kind(text), kind, "{text}");
        }
    }

    proptest! {
        /// What surrounds an address does not matter, and what was redacted is not found again. (Two colons could be an IP address.)
        #[test]
        fn addresses_are_found_anywhere(
            before in "[a-z ,;<(]{0,10}[ ,;:<(]", local in "[a-z0-9]{1,10}([.+_-][a-z0-9]{1,5}){0,2}",
            domain in "[a-z0-9]{1,10}(-[a-z0-9]{1,5})?\\.(com|co\\.uk|de)", after in "([ ,;:>)][a-z ,;>)]{0,10})?"
        ) {
            let text = format!("{before}{local}@{domain}{after}");
            let redacted = masked(&text, Method::Redact);
            prop_assert_eq!(&redacted, &format!("{before}[email]{after}"));
            prop_assert_eq!(masked(&redacted, Method::Redact), redacted);
        }
    }
}
