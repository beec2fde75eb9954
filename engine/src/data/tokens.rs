//! The tokens of a text: words in lower case, and what stands for words in scripts without blanks.
//!
//! Training and scoring call the same function on the same bytes. Nothing here allocates, fails or depends on a locale.

/// Bytes of a text that are read; what comes after them does not count.
pub const LONGEST_TEXT: usize = 1 << 20;

/// Bytes of a token; a longer run of letters counts by its beginning.
pub const LONGEST_TOKEN: usize = 64;

/// Of each ASCII character, the letter or digit in lower case; 0 for what lies between words.
const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128u8 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// What a character beyond ASCII is to the tokens.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// A letter or digit of a word.
    Word,
    /// Belongs to the word before it: an accent of its own, a virama.
    Mark,
    /// Stands for itself in a script without blanks.
    Alone,
    /// An emoji or other symbol that says something.
    Symbol,
    /// Changes how the symbol before it looks.
    Variant,
    /// Between words.
    Gap,
}

#[inline]
fn class(c: char) -> Class {
    match c {
        // Combining accents, and the marks that join the consonants of Indic scripts.
        '\u{300}'..='\u{36f}' | '\u{94d}' | '\u{9cd}' | '\u{a4d}' | '\u{acd}' | '\u{b4d}' | '\u{bcd}' | '\u{c4d}' => {
            Class::Mark
        }
        '\u{ccd}' | '\u{d4d}' | '\u{dca}' => Class::Mark,
        // Thai, Lao, Myanmar, Khmer; kana; Han.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}' => {
            if c.is_alphanumeric() {
                Class::Alone
            } else {
                Class::Gap
            }
        }
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => Class::Variant,
        '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1faff}' => Class::Symbol,
        _ if c.is_alphanumeric() => Class::Word,
        _ => Class::Gap,
    }
}

/// A token that grows.
struct Token {
    bytes: [u8; LONGEST_TOKEN],
    len: usize,
    full: bool,
}

impl Token {
    #[inline]
    fn push(&mut self, c: char) {
        let end = self.len + c.len_utf8();
        if self.full || end > LONGEST_TOKEN {
            self.full = true;
        } else {
            c.encode_utf8(&mut self.bytes[self.len..end]);
            self.len = end;
        }
    }

    #[inline]
    fn push_ascii(&mut self, letter: u8) {
        match self.bytes.get_mut(self.len) {
            Some(place) if !self.full => {
                *place = letter;
                self.len += 1;
            }
            _ => self.full = true,
        }
    }

    /// Hand the token over, if there is one, and begin anew.
    #[inline]
    fn end(&mut self, take: &mut impl FnMut(&[u8])) {
        if self.len > 0 {
            take(&self.bytes[..self.len]);
            (self.len, self.full) = (0, false);
        }
    }
}

/// Hand the tokens of a text to `take`, in their order, and return the number of its words.
///
/// A token is a run of letters and digits in lower case. Of scripts without blanks (Chinese, Japanese, Thai ...) it is a character, and a
/// pair of neighbours; an emoji is one too. All but the pairs count as words. Bytes that are not UTF-8 lie between words.
pub fn tokens(text: &[u8], mut take: impl FnMut(&[u8])) -> u32 {
    let mut token = Token { bytes: [0; LONGEST_TOKEN], len: 0, full: false };
    let mut words = 0u32;
    let mut before: Option<char> = None;
    for chunk in text[..text.len().min(LONGEST_TEXT)].utf8_chunks() {
        let valid = chunk.valid();
        let mut at = 0;
        while let Some(&byte) = valid.as_bytes().get(at) {
            if byte.is_ascii() {
                at += 1;
                before = None;
                match ASCII[usize::from(byte)] {
                    0 => token.end(&mut take),
                    letter => {
                        words += u32::from(token.len == 0);
                        token.push_ascii(letter);
                    }
                }
                continue;
            }
            let Some(c) = valid[at..].chars().next() else { break };
            at += c.len_utf8();
            let class = class(c);
            match class {
                Class::Word => {
                    words += u32::from(token.len == 0);
                    c.to_lowercase().for_each(|c| token.push(c));
                }
                Class::Mark if token.len > 0 => token.push(c),
                Class::Variant => {}
                _ => token.end(&mut take),
            }
            if matches!(class, Class::Alone | Class::Symbol) {
                words += 1;
                take(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            if let (Class::Alone, Some(b)) = (class, before) {
                token.push(b);
                token.push(c);
                token.end(&mut take);
            }
            before = (class == Class::Alone).then_some(c);
        }
        if !chunk.invalid().is_empty() {
            token.end(&mut take);
            before = None;
        }
    }
    token.end(&mut take);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> (Vec<String>, u32) {
        let mut found = Vec::new();
        let words = tokens(text, |t| found.push(String::from_utf8(t.to_vec()).unwrap()));
        (found, words)
    }

    fn of(text: &str) -> String {
        all(text.as_bytes()).0.join(" ")
    }

    #[test]
    fn texts_of_many_scripts_have_their_tokens() {
        assert_eq!(of("  Buy 2, get 1 FREE!! "), "buy 2 get 1 free");
        assert_eq!(of("don't e-mail: a_b@c.de"), "don t e mail a b c de");
        assert_eq!(of("ÉCOLE Straße ΣΊΣΥΦΟΣ МОСКВА"), "école straße σίσυφοσ москва");
        assert_eq!(of("e\u{301}cole हिन्दी"), "e\u{301}cole हिन्दी");
        assert_eq!(of("\u{301} \u{94d}"), "", "a mark without a letter is nothing");
        assert_eq!(of("跑步鞋"), "跑 步 跑步 鞋 步鞋");
        assert_eq!(of("Nike跑鞋。新款 2024年"), "nike 跑 鞋 跑鞋 新 款 新款 2024 年");
        assert_eq!(of("スニーカー"), "ス ニ スニ ー ニー カ ーカ ー カー");
        assert_eq!(of("한국어 신발"), "한국어 신발");
        assert_eq!(of("hot🔥🔥deal ❤\u{fe0f} 👍🏽"), "hot 🔥 🔥 deal ❤ 👍");
        assert_eq!(of(""), "");
        assert_eq!(of("--- ... \u{0} \t\n"), "");
        assert_eq!(all("one two 三四 🔥".as_bytes()).1, 5);
        assert_eq!(all(b"caf\xe9 bar\xff\xfebaz").0, ["caf", "bar", "baz"]);
        assert_eq!(all(&"İ".repeat(3).into_bytes()).0, ["i\u{307}i\u{307}i\u{307}"]);
    }

    #[test]
    fn what_is_too_long_counts_by_its_beginning() {
        let (found, words) = all("x".repeat(1000).as_bytes());
        assert_eq!((found, words), (vec!["x".repeat(64)], 1));
        let (found, _) = all(format!("{}é ab", "x".repeat(63)).as_bytes());
        assert_eq!(
            found,
            ["x".repeat(63), "ab".into()],
            "no character is cut, and none comes after one that was left out"
        );
        let long = "ab ".repeat(LONGEST_TEXT);
        assert_eq!(all(long.as_bytes()).1 as usize, LONGEST_TEXT.div_ceil(3));
        let cut = format!("{}é", "x ".repeat(LONGEST_TEXT / 2 - 1) + "x");
        assert_eq!(all(cut.as_bytes()).1 as usize, LONGEST_TEXT / 2, "half a character is none");
    }

    /// Words by the plainest means.
    fn naive(text: &str) -> Vec<String> {
        let alone = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let mut found = Vec::new();
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            if alone(chars[at]) {
                found.push(chars[at].to_string());
                if at > 0 && alone(chars[at - 1]) {
                    found.push(chars[at - 1..=at].iter().collect());
                }
                at += 1;
            } else if chars[at].is_alphanumeric() {
                let end = (at..chars.len()).find(|&i| alone(chars[i]) || !chars[i].is_alphanumeric());
                let word: String = chars[at..end.unwrap_or(chars.len())].iter().collect();
                found.push(word.to_lowercase().replace('ς', "σ"));
                at = end.unwrap_or(chars.len());
            } else {
                at += 1;
            }
        }
        found
    }

    proptest! {
        #[test]
        fn tokens_are_those_of_a_naive_tokenizer(text in "[a-zA-Z0-9äÖßΣσéЖж跑步鞋店 ,.;'🎈-]{0,60}") {
            let text: String = text.chars().filter(|&c| c != '🎈').collect();
            prop_assert_eq!(all(text.as_bytes()).0, naive(&text));
        }

        #[test]
        fn any_bytes_have_tokens(bytes in prop::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
            for text in [&bytes[..], text.as_bytes()] {
                let (found, words) = all(text);
                prop_assert!(found.iter().all(|t| !t.is_empty() && t.len() <= LONGEST_TOKEN));
                prop_assert!(words as usize <= found.len());
                // A token is a text of one token (or of a pair and its two characters).
                for token in &found {
                    prop_assert!(all(token.as_bytes()).0.contains(token), "{:?}", token);
                }
            }
        }
    }
}
