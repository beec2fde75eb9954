//! What the names of columns say of their values.

/// What names say of codes, in small letters, as words of their own.
const CODE: [&str; 15] = [
    "zip", "zipcode", "postcode", "postal", "plz", "ean", "upc", "gtin", "isbn", "sku", "pin", "code", "id", "version",
    "plan",
];
/// What else they say of codes that may be letters alone.
const LETTER_CODE: [&str; 6] = ["slug", "token", "hash", "key", "url", "path"];
/// What they say of truth values, and what they begin with.
const TRUTH: [&str; 10] =
    ["flag", "optin", "bool", "boolean", "consent", "subscribed", "active", "enabled", "converted", "churned"];
const TRUTH_FIRST: [&str; 5] = ["is", "has", "was", "did", "opt"];
/// What they say of telephone numbers.
const PHONE: [&str; 15] = [
    "phone",
    "phones",
    "phonenumber",
    "telephone",
    "cellphone",
    "mobilephone",
    "mobile",
    "mobil",
    "mobilnummer",
    "handy",
    "handynummer",
    "cell",
    "fax",
    "whatsapp",
    "tel",
];
/// What they say of amounts.
const AMOUNT: [&str; 18] = [
    "revenue", "price", "prices", "cost", "costs", "count", "amount", "sessions", "visits", "clicks", "sales", "spend",
    "orders", "users", "total", "umsatz", "preis", "kosten",
];
/// What they say of parts of a year that are no months.
const PERIOD: [&str; 8] = ["week", "kw", "quarter", "semester", "term", "issue", "woche", "quartal"];

fn has(name: &str, list: &[&str]) -> bool {
    words_of(name).iter().any(|word| list.contains(&word.as_str()))
}

/// Whether the values are codes, which may be digits.
pub fn is_code(name: &str) -> bool {
    has(name, &CODE)
}

/// Whether the values are codes, which may be letters alone.
pub fn is_any_code(name: &str) -> bool {
    is_code(name) || has(name, &LETTER_CODE)
}

/// Whether the values are true or false.
pub fn is_truth(name: &str) -> bool {
    has(name, &TRUTH) || words_of(name).first().is_some_and(|word| TRUTH_FIRST.contains(&word.as_str()))
}

/// Whether the values are telephone numbers; amounts of what is sold or seen on telephones are not.
pub fn is_phone(name: &str) -> bool {
    let begins = |word: &String| word.starts_with("telef");
    !is_amount(name)
        && (has(name, &PHONE) || words_of(name).iter().any(begins) || name.contains("电话") || name.contains("手机"))
}

/// Whether the values are amounts or counts.
pub fn is_amount(name: &str) -> bool {
    has(name, &AMOUNT)
}

/// Whether the values are weeks, quarters or terms.
pub fn is_period(name: &str) -> bool {
    has(name, &PERIOD)
}

/// The words of a name in small letters: `zip_code`, `ZipCode` and `Zip Code` alike.
fn words_of(name: &str) -> Vec<String> {
    let mut parted = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            parted.push(' ');
        }
        parted.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    parted.to_lowercase().split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
