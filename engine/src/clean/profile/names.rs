//! What the names of columns say of their values.

/// What names say of codes, in small letters, as words of their own.
const CODE: [&str; 43] = [
    "zip", "zipcode", "postcode", "postal", "plz", "ean", "upc", "gtin", "isbn", "sku", "pin", "code", "id", "version",
    "plan", "codes", "ids", "codigo", "código", "kod", "kodu", "cap", "cep", "barcode", "asin", "siret", "siren",
    "nace", "naf", "ape", "cnae", "pkd", "ateco", "naics", "sic", "cpv", "cpf", "cnpj", "nip", "pesel", "regon",
    "imei", "mcc",
];
/// What else they say of codes that may be letters alone.
const LETTER_CODE: [&str; 10] = ["slug", "token", "hash", "key", "url", "path", "unit", "units", "uom", "einheit"];
/// What they say of what is numbered one after the other.
const RUNNING: [&str; 27] = [
    "order",
    "orders",
    "invoice",
    "number",
    "no",
    "nr",
    "num",
    "nummer",
    "ref",
    "reference",
    "ticket",
    "booking",
    "receipt",
    "transaction",
    "voucher",
    "document",
    "case",
    "contract",
    "bestellung",
    "bestellnummer",
    "auftrag",
    "auftragsnummer",
    "rechnung",
    "rechnungsnummer",
    "belegnummer",
    "numero",
    "pedido",
];
/// What they say of moments.
const MOMENT: [&str; 57] = [
    "createdate",
    "lastmodifieddate",
    "modifieddate",
    "closedate",
    "startdate",
    "enddate",
    "orderdate",
    "duedate",
    "time",
    "times",
    "date",
    "dates",
    "day",
    "days",
    "at",
    "ts",
    "on",
    "dt",
    "epoch",
    "created",
    "createdat",
    "updated",
    "updatedat",
    "modified",
    "stamp",
    "timestamp",
    "timestamps",
    "datetime",
    "seen",
    "since",
    "until",
    "when",
    "started",
    "ended",
    "start",
    "end",
    "expires",
    "expiry",
    "login",
    "birthday",
    "birthdate",
    "dob",
    "born",
    "month",
    "monat",
    "datum",
    "tag",
    "zeit",
    "zeitpunkt",
    "zeitstempel",
    "erstellt",
    "geburtsdatum",
    "geburtstag",
    "fecha",
    "jour",
    "dag",
    "giorno",
];
/// Those of them that are of what somebody did, and what names who did it where it follows: `created_by`, `loginName`.
const DONE: [&str; 10] =
    ["created", "updated", "modified", "started", "ended", "seen", "login", "start", "end", "erstellt"];
const WHO: [&str; 16] = [
    "by", "user", "users", "userid", "username", "id", "ids", "from", "owner", "name", "author", "account", "person",
    "von", "par", "por",
];
/// What they say of days alone.
const DAY: [&str; 20] = [
    "date",
    "dates",
    "day",
    "datum",
    "tag",
    "geburtstag",
    "birthday",
    "birthdate",
    "dob",
    "born",
    "jour",
    "naissance",
    "fecha",
    "nacimiento",
    "data",
    "giorno",
    "dag",
    "dato",
    "verjaardag",
    "compleanno",
];
/// What they say of amounts for each day.
const EACH: [&str; 6] = ["per", "pro", "par", "por", "each", "je"];
/// The same in writing without blanks.
const MOMENT_SIGNS: [&str; 6] = ["日期", "时间", "時間", "日時", "날짜", "시간"];
/// What they say of times of day.
const CLOCK: [&str; 10] = ["time", "clock", "hour", "hours", "opening", "closing", "uhrzeit", "uhr", "heure", "hora"];
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
const AMOUNT: [&str; 62] = [
    "revenue",
    "price",
    "prices",
    "cost",
    "costs",
    "count",
    "amount",
    "sessions",
    "visits",
    "clicks",
    "sales",
    "spend",
    "spent",
    "orders",
    "users",
    "total",
    "subtotal",
    "umsatz",
    "preis",
    "kosten",
    "salary",
    "salaries",
    "income",
    "wage",
    "wages",
    "budget",
    "profit",
    "margin",
    "fee",
    "fees",
    "tax",
    "taxes",
    "discount",
    "turnover",
    "impressions",
    "views",
    "pageviews",
    "reach",
    "followers",
    "quantity",
    "qty",
    "population",
    "distance",
    "duration",
    "weight",
    "height",
    "balance",
    "value",
    "payment",
    "gehalt",
    "gewinn",
    "betrag",
    "wert",
    "menge",
    "montant",
    "prix",
    "precio",
    "importe",
    "ingresos",
    "valor",
    "conversions",
    "bounces",
];
/// What they say of countries, their parts and their languages, of which codes are letters: `NO` is Norway there, and `NA` Namibia.
const PLACE: [&str; 26] = [
    "country",
    "countries",
    "land",
    "pays",
    "pais",
    "país",
    "paese",
    "kraj",
    "ulke",
    "ülke",
    "iso",
    "iso2",
    "nation",
    "nationality",
    "state",
    "province",
    "provincia",
    "prov",
    "region",
    "market",
    "geo",
    "locale",
    "lang",
    "language",
    "sprache",
    "langue",
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

/// Whether the values number what comes one after the other, such as orders, unless they are amounts or numbers of it.
pub fn is_running(name: &str) -> bool {
    has(name, &RUNNING) && !has(name, &["of"]) && !is_amount(name)
}

/// Whether the name ends with a word for what is numbered so: `order number` and `RE-Nr.`, but not `number of guests` nor `num_guests`.
pub fn is_number_of(name: &str) -> bool {
    let words = words_of(name);
    let is = |word: &String| RUNNING.contains(&word.as_str()) || word.ends_with("nummer");
    words.last().is_some_and(|word| is(word) && (words.len() > 1 || word.ends_with("nummer"))) && !is_amount(name)
}

/// Whether the values are moments.
pub fn is_moment(name: &str) -> bool {
    let words = words_of(name);
    let is = |i: usize, list: &[&str]| words.get(i).is_some_and(|word| list.contains(&word.as_str()));
    (0..words.len()).any(|i| is(i, &MOMENT) && !(is(i, &DONE) && is(i + 1, &WHO)))
        || MOMENT_SIGNS.iter().any(|sign| name.contains(sign))
}

/// Whether the values are days, and no amounts for each.
pub fn is_day(name: &str) -> bool {
    let compound = |word: &String| word.ends_with("datum");
    (has(name, &DAY) || words_of(name).iter().any(compound)) && !has(name, &EACH)
}

/// Whether the values are times of day.
pub fn is_clock(name: &str) -> bool {
    has(name, &CLOCK)
}

/// Whether the values are countries, their parts or their languages.
pub fn is_place(name: &str) -> bool {
    let compound = |word: &String| word.len() > 4 && (word.ends_with("land") || word.ends_with("country"));
    has(name, &PLACE) || words_of(name).iter().any(compound)
}

/// Whether the values are weeks, quarters or terms.
pub fn is_period(name: &str) -> bool {
    has(name, &PERIOD)
}

/// The words of a name in small letters: `zip_code`, `ZipCode`, `Zip Code` and `zip5` alike.
fn words_of(name: &str) -> Vec<String> {
    let mut parted = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() || c.is_ascii_digit() && before.is_alphabetic() {
            parted.push(' ');
        }
        parted.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    parted.to_lowercase().split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_count() {
        for name in ["created_at", "createdAt", "Order Date", "date1", "event-timestamp", "Datum", "订单日期"] {
            assert!(is_moment(name), "{name}");
        }
        for name in
            ["candidate_id", "Update", "category", "monday", "station", "agenda", "price", "created_by", "updatedBy"]
        {
            assert!(!is_moment(name), "{name}");
        }
        assert!(
            is_running("Order No")
                && is_running("invoiceNumber")
                && !is_running("order_total")
                && !is_running("Number of guests")
        );
        assert!(is_code("zip5") && is_code("zipCode") && !is_code("gzip"));
        assert!(is_clock("opening time") && !is_clock("timeline"));
    }
}
