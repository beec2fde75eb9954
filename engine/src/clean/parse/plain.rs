//! The characters with which the world writes numbers, as the few bytes that the reader of numbers knows.

use crate::clean::text::is_space;

/// No number has a longer text; a longer one is `None` without being looked at.
pub const LONGEST: usize = 1024;

// Bytes that ASCII does not have, so that they never stand in a text of ASCII.

/// `‰`.
pub const PER_MILLE: u8 = 0x81;
/// A decimal sign whatever the convention (Arabic `٫`).
pub const DECIMAL: u8 = 0x82;
/// `万`, ten thousand.
pub const MYRIAD: u8 = 0x83;
/// `亿`, a hundred million.
pub const HUNDRED_MILLION: u8 = 0x84;
/// A sign of a currency that is no dollar, of which letters before it are no part: `M€` are millions.
pub const SIGN: u8 = 0x86;
/// `₹`, beside which `Cr` and `L` are crores and lakhs.
pub const RUPEE: u8 = 0x85;

/// Write `text` into `out` as plain bytes; the length, or `None` where a character has no place in a number.
pub fn plain<'a>(text: &str, out: &'a mut [u8; LONGEST]) -> Option<&'a [u8]> {
    let mut len = 0;
    for c in text.chars() {
        let byte = match c {
            _ if c.is_ascii() => c as u8,
            // Zero-width characters and marks of direction.
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}' => continue,
            _ if is_space(c) => b' ',
            // Full-width forms of ASCII.
            '\u{FF01}'..='\u{FF5E}' => (c as u32 - 0xFEE0) as u8,
            '₹' => RUPEE,
            _ if super::digits::of(c).is_some() => super::digits::of(c)?,
            '\u{2212}' | '\u{2010}'..='\u{2014}' | '\u{FE63}' => b'-',
            '\u{2019}' | '\u{2018}' | '\u{2BC}' | '\u{66C}' => b'\'',
            '\u{66B}' => DECIMAL,
            '\u{66A}' => b'%',
            '\u{2030}' => PER_MILLE,
            '万' | '萬' => MYRIAD,
            '亿' | '億' => HUNDRED_MILLION,
            '\u{A3}'..='\u{A5}' | '\u{20A0}'..='\u{20CF}' | '\u{E3F}' | '\u{9F3}' | '\u{FDFC}' => SIGN,
            '\u{FFE1}' | '\u{FFE5}' | '\u{FFE6}' | '元' | '円' | '圆' | '圓' | '원' => SIGN,
            // Letters of the words for currencies and magnitudes: zł, Kč, лв, руб., грн, тыс, млн, млрд.
            'ł' | 'Ł' | 'л' | 'Л' => b'l',
            'č' | 'Č' | 'с' | 'С' => b'c',
            'р' | 'Р' => b'r',
            'у' | 'У' => b'u',
            'б' | 'Б' => b'b',
            'в' | 'В' => b'v',
            'г' | 'Г' => b'g',
            'н' | 'Н' => b'n',
            'т' | 'Т' => b't',
            'ы' | 'Ы' => b'y',
            'м' | 'М' => b'm',
            'д' | 'Д' => b'd',
            _ => return None,
        };
        *out.get_mut(len)? = byte;
        len += 1;
    }
    out.get(..len)
}
