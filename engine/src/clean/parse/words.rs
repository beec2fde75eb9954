//! The words that may stand beside a number.

/// What a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// A currency: it does not change the number.
    Currency,
    /// A magnitude, as a power of ten.
    Power(i64),
}

/// The longest word.
const LONGEST: usize = 9;

/// The meaning of a run of letters.
pub fn word(letters: &[u8]) -> Option<Word> {
    if letters == b"Ft" {
        return Some(Word::Currency); // forint; ft are feet
    }
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..letters.len())?;
    lower.copy_from_slice(letters);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"k" | b"tsd" | b"tyc" | b"thousand" => Word::Power(3),
        b"lakh" | b"lakhs" => Word::Power(5),
        b"m" | b"mn" | b"mio" | b"mln" | b"million" | b"millions" => Word::Power(6),
        b"crore" | b"crores" => Word::Power(7),
        b"b" | b"bn" | b"mrd" | b"mld" | b"mlrd" | b"billion" | b"billions" => Word::Power(9),
        b"tn" | b"trn" | b"trillion" | b"trillions" => Word::Power(12),
        // Signs that are letters, and what people write for the large currencies.
        b"r" | b"kr" | b"zl" | b"kc" | b"lei" | b"lv" | b"rub" | b"grn" | b"tl" | b"rs" | b"rp" | b"rm" | b"fr"
        | b"sfr" | b"ksh" | b"din" | b"usd" | b"eur" | b"gbp" | b"chf" | b"jpy" | b"cny" | b"inr" | b"aud" | b"cad"
        | b"nzd" | b"sek" | b"nok" | b"dkk" | b"pln" | b"czk" | b"huf" | b"brl" | b"mxn" | b"zar" | b"rmb"
        | b"euro" | b"euros" | b"dollar" | b"dollars" | b"pound" | b"pounds" | b"yen" | b"yuan" | b"rupee"
        | b"rupees" => Word::Currency,
        _ if ISO_4217.binary_search_by(|code| code.as_bytes().cmp(letters)).is_ok() => Word::Currency,
        _ => return None,
    })
}

/// Whether letters are the rupee.
pub fn is_rupee(letters: &[u8]) -> bool {
    [&b"rs"[..], b"inr", b"rupee", b"rupees"].iter().any(|name| letters.eq_ignore_ascii_case(name))
}

/// The power of ten of the short names of crores and lakhs, which count beside rupees alone.
pub fn rupee_power(letters: &[u8]) -> Option<i64> {
    let is = |names: &[&[u8]]| names.iter().any(|name| letters.eq_ignore_ascii_case(name));
    if is(&[b"cr", b"crs"]) {
        Some(7)
    } else {
        is(&[b"l", b"lac", b"lacs"]).then_some(5)
    }
}

/// Whether letters may stand before a dollar sign: `US$`, `R$`, `HK$`.
pub fn dollar_prefix(letters: &[u8]) -> bool {
    matches!(
        letters,
        b"A" | b"AU"
            | b"B"
            | b"BZ"
            | b"C"
            | b"CA"
            | b"HK"
            | b"J"
            | b"M"
            | b"MEX"
            | b"MX"
            | b"N"
            | b"NT"
            | b"NZ"
            | b"R"
            | b"S"
            | b"SG"
            | b"TT"
            | b"US"
            | b"u"
            | b"Z"
    )
}

/// The codes of money in circulation, in order; they count in capitals only, as some are words (ALL, TOP, TRY).
const ISO_4217: [&str; 154] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP",
    "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP",
    "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD",
    "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD",
    "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN",
    "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB",
    "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
    "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES",
    "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order() {
        assert!(ISO_4217.is_sorted());
    }

    #[test]
    fn small_letters_of_rare_codes_are_no_currency() {
        assert_eq!(word(b"top"), None);
        assert_eq!(word(b"TOP"), Some(Word::Currency));
        assert_eq!(word(b"Usd"), Some(Word::Currency));
        assert_eq!(word(b""), None);
        assert_eq!(word(b"abcdefghijk"), None);
    }
}
