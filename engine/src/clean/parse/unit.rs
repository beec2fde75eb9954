//! What a number counts: the currency and the percent sign beside it.

use super::plain;
use super::words::{rupee_power, word, Word};

/// What stands beside a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Whether it is a share in percent.
    pub percent: bool,
    /// The currency, by its code of ISO 4217 where its sign says which it is.
    pub currency: Option<String>,
}

/// Whether two currencies may be one: the sign of Japan and China, the crowns of the North, a dollar that is not said to be whose.
pub fn may_be_one(one: &str, other: &str) -> bool {
    let of = |sign: &str, codes: &[&str]| {
        one == sign && codes.contains(&other) || other == sign && codes.contains(&one) || one == other
    };
    of("¥", &["JPY", "CNY"]) || of("KR", &["SEK", "NOK", "DKK", "ISK"])
}

/// The unit of a text that is a number.
pub fn unit(text: &str) -> Unit {
    let mut unit = Unit { percent: text.contains(['%', '\u{FF05}', '\u{66A}']), currency: None };
    let mut letters = text.char_indices().peekable();
    let mut found = String::new();
    while let Some((start, c)) = letters.next() {
        if c.is_alphabetic() {
            let mut end = start + c.len_utf8();
            while let Some((at, next)) = letters.next_if(|(_, c)| c.is_alphabetic() || *c == '$') {
                end = at + next.len_utf8();
            }
            // 万円: so many, and of what.
            let name = text.get(start..end).unwrap_or_default().trim_start_matches(['万', '萬', '亿', '億']);
            if !is_magnitude(name) {
                found.push_str(name);
            }
        } else if is_sign(c) {
            found.push(c);
        }
    }
    if !found.is_empty() {
        unit.currency = Some(code(&found));
    }
    unit
}

/// Whether letters say how many, not what: `k`, `mio`, `тыс`, `万`, the `e` of an exponent.
fn is_magnitude(name: &str) -> bool {
    let mut buffer = [0; plain::LONGEST];
    match plain::plain(name, &mut buffer) {
        Some(b"e" | b"E" | [plain::MYRIAD | plain::HUNDRED_MILLION]) => true,
        Some(letters) => matches!(word(letters), Some(Word::Power(_))) || rupee_power(letters).is_some(),
        None => false,
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '$' | '\u{A3}'..='\u{A5}' | '\u{20A0}'..='\u{20CF}' | '\u{9F3}' | '\u{E3F}' | '\u{FDFC}' | '\u{FFE1}' | '\u{FFE5}' | '\u{FFE6}')
}

/// One name for the ways in which the largest currencies are written.
fn code(name: &str) -> String {
    let name = name.to_uppercase();
    match name.as_str() {
        "$" | "US$" | "USD$" | "$USD" | "DOLLAR" | "DOLLARS" => "USD",
        "€" | "EURO" | "EUROS" | "€EUR" | "EUR€" => "EUR",
        "£" | "\u{FFE1}" | "POUND" | "POUNDS" | "£GBP" | "GBP£" => "GBP",
        "₹" | "RS" | "RUPEE" | "RUPEES" => "INR",
        // The sign is of Japan and of China alike: what else stands in the column says which.
        "¥" | "\u{FFE5}" => "¥",
        "円" | "YEN" => "JPY",
        "元" | "圆" | "圓" | "YUAN" | "RMB" | "CN¥" => "CNY",
        "₩" | "\u{FFE6}" | "원" => "KRW",
        "TL" | "₺" => "TRY",
        "ZŁ" | "ZL" => "PLN",
        "R$" => "BRL",
        "FR" | "SFR" => "CHF",
        "₽" | "РУБ" | "Р" => "RUB",
        "₴" | "ГРН" => "UAH",
        "KČ" | "KC" => "CZK",
        "FT" => "HUF",
        "LEI" => "RON",
        "ЛВ" | "LV" => "BGN",
        "RP" => "IDR",
        "RM" => "MYR",
        "₫" => "VND",
        "₪" => "ILS",
        "฿" => "THB",
        "₱" => "PHP",
        "₦" => "NGN",
        "KSH" => "KES",
        "GH₵" | "₵" => "GHS",
        "৳" => "BDT",
        "S" => "PEN",
        "DIN" => "RSD",
        "HK$" => "HKD",
        "NT$" => "TWD",
        "A$" | "AU$" => "AUD",
        "C$" | "CA$" => "CAD",
        "NZ$" => "NZD",
        "S$" | "SG$" => "SGD",
        "MX$" | "MEX$" => "MXN",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_numbers() {
        let currency = |text: &str| unit(text).currency;
        for text in ["$1,234.50", "1 USD", "US$ 5", "-$3k", "USD$3", "5 million dollars"] {
            assert_eq!(currency(text).as_deref(), Some("USD"), "{text}");
        }
        for text in ["€ 5", "5,00 EUR", "3 Euro"] {
            assert_eq!(currency(text).as_deref(), Some("EUR"), "{text}");
        }
        assert_eq!(currency("12 kr").as_deref(), Some("KR"));
        for text in ["", "5", "5k", "1.5e3", "2 mio", "(3)", "7 %", "3 тыс", "5万"] {
            assert_eq!(currency(text), None, "{text}");
        }
        assert!(unit("5 %").percent && unit("5\u{FF05}").percent && !unit("5 ‰").percent);
    }
}
