//! Forms in which the world writes numbers, dates, codes and names: read where one reading is possible, said where there are several.
#![allow(missing_docs)]

use orchard_engine::clean::parse::{number, timestamp, unit, written, Decimal, TimestampFormat};
use orchard_engine::clean::profile::{Collector, ColumnProfile, Kind, Sizes};
use serde_json::{json, Value};

/// 2026-01-01 in seconds since 2000-01-01, and a day.
const NOW: f64 = 9497.0 * DAY;
const DAY: f64 = 86_400.0;

fn named(name: &str, values: &[impl AsRef<str>], times: usize) -> ColumnProfile {
    let mut collector = Collector::new(Kind::Text, &Sizes::of(1, usize::MAX));
    for value in values.iter().cycle().take(values.len() * times) {
        collector.text(value.as_ref().as_bytes()).unwrap();
    }
    collector.finish(name, (values.len() * times) as u64, NOW).unwrap()
}

fn typed(name: &str, kind: Kind, values: &[f64]) -> ColumnProfile {
    let mut collector = Collector::new(kind, &Sizes::of(1, usize::MAX));
    for &value in values {
        match kind {
            Kind::Integer => collector.integer(value as i64).unwrap(),
            _ => collector.number(value).unwrap(),
        }
    }
    collector.finish(name, values.len() as u64, NOW).unwrap()
}

fn names_of(profile: &ColumnProfile) -> Vec<&str> {
    profile.steps.iter().map(|step| step["step"].as_str().unwrap()).collect()
}

/// The names of the steps that are suggested.
#[track_caller]
fn steps(name: &str, values: &[impl AsRef<str>], expected: &[&str]) {
    let profile = named(name, values, 5);
    assert_eq!(names_of(&profile), expected, "{:?}", profile.issue());
}

/// No step is suggested for a column, and its issue says why.
#[track_caller]
fn said(profile: &ColumnProfile, says: &str) {
    let issue = profile.issue().unwrap_or_default();
    assert!(profile.steps.is_empty(), "{:?}", profile.steps);
    assert!(issue.contains(says), "{says:?} is not in {issue:?}");
}

fn format(values: &[&str]) -> Value {
    let profile = named("c", values, 5);
    profile.steps.last().map_or_else(|| json!(profile.issue()), |step| step["format"].clone())
}

#[test]
fn numbers_of_many_countries() {
    let read = |text: &str| number(text, Decimal::Detect);
    for (text, value) in [
        ("1,2 M€", 1_200_000.0),
        ("12 k€", 12_000.0),
        ("M$ 5", 5.0),
        ("17:-", 17.0),
        ("1 299:-", 1299.0),
        ("%54,2", 0.542),
        ("% 7", 0.07),
        ("₹2.5 Cr", 25_000_000.0),
        ("Rs. 3 Crs", 30_000_000.0),
        ("₹12.5 Lakh", 1_250_000.0),
        ("INR 4 lacs", 400_000.0),
        ("₹1.2L", 120_000.0),
        ("١٢٣", 123.0),
        ("٣٫٥", 3.5),
        ("१२३", 123.0),
        ("১২.৫", 12.5),
        ("฿๑๒", 12.0),
    ] {
        let found = read(text).unwrap_or(f64::NAN);
        assert!((found - value).abs() < 1e-9 * value, "{text}: {found}");
    }
    // Credit, litres, a time, a share of a share.
    for text in ["500.00 Cr", "2.5 L", "17:", "17:-5", "1.2 M$", "3 B$", "M€ 5", "%5%", "%", "%-", "$2 Cr"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!((unit("₹2.5 Cr").currency, unit("%54,2").percent), (Some("INR".into()), true));
    assert!(!written("17:-").unwrap().negative);
    steps("pris", &["17:-", "1 299:-", "249:-"], &["parse_number"]);
    steps("oran", &["%54,2", "%3,75", "%12"], &["parse_number"]);
    steps("budget", &["₹2.5 Cr", "₹80 Lakh", "₹45,000"], &["parse_number"]);
    steps("c", &["١٢٣", "٤٥", "٦"], &["parse_number"]);
    steps("売上", &["1.2万円", "3億円", "50万円"], &["parse_number"]);
    for amounts in [["R$ 1,2 mi", "R$ 350 mil", "R$ 3 mi"], ["500.00 Cr", "200.00 Dr", "7.50 Cr"]] {
        said(&named("c", &amounts, 3), "which may say how many or of which kind");
    }
    said(&named("c", &["500.00 Cr", "12.50 Cr", "7.00 Cr"], 1), "numbers with \"Cr\" behind");
}

#[test]
fn dates_of_many_countries() {
    let days = |text: &str| timestamp(text, None).map(|micros| micros as f64 / 1e6 / DAY);
    for (text, day) in [
        ("Sept. 3, 2024", 9012.0),
        ("3rd of September 2024", 9012.0),
        ("２０２４年３月２１日", 8846.0),
        ("２０２４／０３／２１", 8846.0),
        ("2021年3月21日(日)", 7750.0),
        ("2021年3月21日（日曜日）", 7750.0),
        ("2024년 3월 21일(목)", 8846.0),
        ("٢٠٢٤-٠٣-٢١", 8846.0),
        ("2024年3月21日 12時00分", 8846.5),
        ("2024年3月21日12時", 8846.5),
        ("Sept. 3, 2024, 6 p.m.", 9012.75),
        ("21/03/2024 6:00:00 a. m.", 8846.25),
    ] {
        assert_eq!(days(text), Some(day), "{text}");
    }
    // A day of another week, a sign without a date.
    for text in ["2021年3月21日(月)", "2021年3月21日(", "2021年3月21日(x)", "3rd of 2024", "2021年3月", "2021年13月1日"]
    {
        assert_eq!(days(text), None, "{text}");
    }
    assert_eq!(format(&["2021年3月21日(日)", "2021年3月22日(月)"]), "YYYY\"年\"MM\"月\"DD\"日\"(Dy)");
    assert_eq!(format(&["3rd of September 2024", "21st of March 2023"]), "DDth \"of\" Month YYYY");
    assert_eq!(format(&["２０２４年３月２１日", "２０２４年１２月１日"]), "YYYY\"年\"MM\"月\"DD\"日\"");
    assert_eq!(format(&["Sept. 3, 2024", "Oct. 13, 2024"]), "Mon DD, YYYY");
    assert_eq!(format(&["Sept. 3, 2024", "March 13, 2024", "June 1, 2024", "Oct. 7, 2024"]), "Mon DD, YYYY");
    let wide = TimestampFormat::compile("YYYY／MM／DD").unwrap();
    assert_eq!(timestamp("２０２４／０３／２１", Some(&wide)), timestamp("2024-03-21", None));
    assert_eq!(timestamp("2024/03/21", Some(&wide)), timestamp("2024-03-21", None));
    assert_eq!(format(&["10 czerwca 2024", "1 maja 2023"]), "DD Month YYYY");
    assert_eq!(format(&["11 Haziran 2024", "3 Ağustos 2023"]), "DD Month YYYY");
    said(&named("c", &["令和6年3月21日", "平成31年4月30日"], 5), "the years of an era of Japan");
    said(&named("c", &["3 p.m.", "11 a.m.", "10:30 a.m."], 5), "durations or times of day");
}

#[test]
fn letters_of_other_widths() {
    let profile = named("c", &["ｱｲｳ", "アイウ", "ｶﾞｽ"], 5);
    assert_eq!(profile.steps, [json!({"step": "normalize_unicode", "columns": ["c"], "form": "nfkc"})]);
    let kept = named("c", &["ｱｲｳ①", "b"], 5);
    assert_eq!(kept.steps[0]["form"], "nfc");
}

#[test]
fn moments_that_stand_for_none() {
    let day = |year: i64| ((year - 2000) as f64 * 365.2425).floor();
    let births = |odd: f64, rows: usize, from: i64| -> Vec<f64> {
        (0..300).map(|i| day(from) + f64::from(i) * 31.0).chain(std::iter::repeat_n(odd, rows)).collect()
    };
    let last = 2_921_939.0;
    for (odd, rows, from, text) in [
        (-36_524.0, 30, 1950, "1900-01-01"),
        (-10_957.0, 30, 2015, "1970-01-01"),
        (-36_526.0, 3, 1950, "1899-12-30"),
        (last, 1, 2015, "9999-12-31"),
    ] {
        let profile = typed("d", Kind::Date, &births(odd, rows, from));
        assert_eq!(profile.steps, [json!({"step": "placeholders", "columns": ["d"], "values": [text]})]);
        assert_eq!(profile.placeholders, Some(rows as u64));
        let issue = profile.issue().unwrap();
        assert!(issue.contains(&format!("stand for no date or no end: {text} ({rows} row")), "{issue}");
        assert!(!issue.contains("50 years in the future"), "{issue}");
        let seconds: Vec<f64> = births(odd, rows, from).iter().map(|d| d * DAY).collect();
        let profile = typed("d", Kind::Timestamp, &seconds);
        assert_eq!(profile.steps, [json!({"step": "placeholders", "columns": ["d"], "values": [text]})]);
        // On the clocks of a zone it is another moment.
        assert!(typed("d", Kind::Timestamptz, &seconds).steps.is_empty());
    }
    let evening: Vec<f64> = births(0.0, 0, 2015).iter().map(|d| d * DAY).chain([last * DAY + 86_399.0]).collect();
    assert_eq!(typed("d", Kind::Timestamp, &evening).steps[0]["values"], json!(["9999-12-31 23:59:59"]));
    // As often as others, or near them: it may be a day.
    said(&typed("d", Kind::Date, &births(-10_957.0, 3, 1976)), "1970-01-01, which may stand for a missing value");
    said(&typed("d", Kind::Date, &births(-10_957.0, 30, 1960)), "1970-01-01, far more than any other moment");
    assert_eq!(typed("d", Kind::Date, &births(-10_957.0, 1, 1960)).issue(), None);
    let texts: Vec<String> = (1..=28).map(|d| format!("{d:02}.03.2024")).chain(vec!["01.01.1900".into(); 9]).collect();
    let profile = named("d", &texts, 1);
    assert_eq!(names_of(&profile), ["placeholders", "parse_timestamp"], "{:?}", profile.issue());
    assert_eq!(profile.steps[0]["values"], json!(["01.01.1900"]));
}

#[test]
fn codes_of_countries_and_houses() {
    for name in ["country", "Land", "country_code", "billing_country", "language", "Herkunftsland"] {
        steps(name, &["NO", "SI"], &[]);
        steps(name, &["DE", "NO", "SI", "NA", "Germany", "France", "Spain"], &[]);
    }
    steps("answer", &["NO", "SI"], &["parse_boolean"]);
    for levels in
        [&["AAA", "Aaa", "AA", "A", "BBB"][..], &["Baa", "BAA"], &["report.R", "report.r"], &["a.PDF", "a.pdf"]]
    {
        steps("c", levels, &[]);
    }
    for words in [&["Booking.com", "booking.com"][..], &["Ada", "ADA"], &["Paris", "PARIS"]] {
        steps("c", words, &["merge_levels"]);
    }
}

#[test]
fn numbers_with_check_digits() {
    for (says, numbers) in [
        ("barcodes", &["4006381333931", "4006381333948", "4006381333955", "4006381333962", "4006381333979"][..]),
        ("barcodes", &["036000291452", "036000291469", "036000291476", "036000291483", "036000291490"]),
        ("SIRET", &["73282932000074", "73282932000082", "73282932000090", "73282932000108", "73282932000116"]),
        ("CPF", &["529.982.247-25", "111.444.777-35", "123.456.789-09", "987.654.321-00", "168.995.350-09"]),
    ] {
        for name in ["c", "kod"] {
            said(&named(name, numbers, 3), says);
        }
    }
    let ids: Vec<f64> = ["4006381333931", "4006381333948", "4006381333955", "4006381333962", "4006381333979"]
        .iter()
        .cycle()
        .take(50)
        .map(|text| text.parse().unwrap())
        .collect();
    said(&typed("c", Kind::Integer, &ids), "barcodes (EAN, UPC, GTIN) by their check digits");
    assert_eq!(typed("revenue", Kind::Integer, &ids).issue(), None);
    said(
        &named("c", &["01.10", "62.01", "47.11"], 9),
        "digits around a point that a number would lose, such as \"01.10\"",
    );
    said(&named("nace", &["10.71", "62.01", "47.11"], 9), "");
}

#[test]
fn digits_that_are_days() {
    let sheet = ["45292", "45310", "45411", "45292.5"];
    said(&named("order_date", &sheet, 3), "days as spreadsheets count them, such as");
    steps("visitors", &sheet[..3], &["parse_number"]);
    let numbers: Vec<f64> = (0..60).map(|i| f64::from(45_292 + i % 17)).collect();
    said(&typed("Datum", Kind::Integer, &numbers), "probably days as spreadsheets count them");
    assert_eq!(typed("c", Kind::Integer, &numbers).issue(), None);
    let short: Vec<String> = (1..=24).map(|d| format!("2403{d:02}")).collect();
    said(&named("c", &short, 3), "six digits that are days");
    let moments: Vec<f64> = (0..50).map(|i| f64::from(10 + i % 14).mul_add(1e4, 20_240_301.0 * 1e6) + 3015.0).collect();
    for kind in [Kind::Integer, Kind::Number] {
        assert_eq!(typed("c", kind, &moments).steps[0]["format"], "YYYYMMDDHH24MISS");
    }
}

#[test]
fn digits_that_are_names() {
    said(&named("RE-Nr.", &["202400001", "202400002", "202400345"], 9), "");
    steps("order number", &["100045", "100046"], &[]);
    steps("num_guests", &["10004", "10005"], &["parse_number"]);
    let phones = named("contact", &["+491701234567", "+491709876543", "+4930123456"], 9);
    assert_eq!((phones.role.name(), phones.steps.len()), ("phone", 0));
    said(&named("c", &["12.345.678", "12.345.679", "98.765.432"], 3), "thousands or codes side by side");
    steps("c", &["12.345.678", "1.345.679", "98.765"], &["parse_number"]);
    said(&named("c", &["1.2K views", "3.4M views", "900 views"], 3), "numbers with \"views\" behind");
    said(&named("c", &["5,4 l/100km", "6,1 l/100km", "4,9 l/100km"], 3), "numbers with \"l/100km\" behind");
}

#[test]
fn moments_by_the_names_of_crms() {
    let millis: Vec<String> = (0..60).map(|i| (1_700_000_000_000u64 + i * 86_400_123).to_string()).collect();
    for name in ["createdate", "hs_lastmodifieddate", "closedate"] {
        assert_eq!(named(name, &millis, 1).steps[0]["format"], "EPOCH_MS", "{name}");
    }
}

#[test]
fn amounts_of_money_are_no_ids() {
    let mut amounts = Collector::new(Kind::Amount, &Sizes::of(1, usize::MAX));
    (0..90).for_each(|i| amounts.text(format!("${i}.10").as_bytes()).unwrap());
    let profile = amounts.finish("price", 90, NOW).unwrap();
    assert_eq!(profile.role.name(), "number");
    assert!(profile.issue().unwrap().contains("cast them to numeric"));
}

#[test]
fn currencies_of_more_countries() {
    for (text, value, currency) in [
        ("KSh 1,234", 1234.0, "KES"),
        ("GH₵ 1,234.50", 1234.5, "GHS"),
        ("S/ 12.50", 12.5, "PEN"),
        ("S/. 1,234.50", 1234.5, "PEN"),
        ("৳1,234.00", 1234.0, "BDT"),
        ("1.234,50 din.", 1234.5, "RSD"),
    ] {
        assert_eq!(number(text, Decimal::Detect), Some(value), "{text}");
        assert_eq!(unit(text).currency.as_deref(), Some(currency), "{text}");
    }
    for text in ["S/12", "GH 5", "GH₵", "S/ "] {
        assert_eq!(number(text, Decimal::Detect), None, "{text}");
    }
    steps("c", &["GH₵ 1,234", "GH₵ 2,345", "GH₵ 900"], &["parse_number"]);
}

#[test]
fn dates_of_auctions_and_of_sas() {
    assert_eq!(format(&["Jan-15-24", "Feb-03-23", "Dec-31-22"]), json!("Mon-DD-YY"));
    assert_eq!(format(&["15JAN2024", "03FEB2023", "31DEC2022"]), json!("DDMonYYYY"));
    assert_eq!(format(&["15JAN2024:10:20:30", "03FEB2023:00:00:01"]), json!("DDMonYYYY:HH24:MI:SS"));
    for text in ["15JANU2024", "15JAN24", "15XYZ2024", "32JAN2024"] {
        assert_eq!(timestamp(text, None), None, "{text}");
    }
}

#[test]
fn few_proofs_of_the_day() {
    let mut days: Vec<String> = (1..=12).flat_map(|d| (1..=12).map(move |m| format!("{d:02}/{m:02}/2024"))).collect();
    days.push("13/02/2024".into());
    said(&named("c", &days, 1), "only 1 of 145 dates have a day above 12");
    days.extend((13..=28).map(|d| format!("{d}/02/2024")));
    steps("c", &days, &["parse_timestamp"]);
}

#[test]
fn digits_that_spreadsheets_have_shortened() {
    for values in [["4.9171E+11", "4.9172E+11"], ["4,00638E+12", "7,61234E+12"]] {
        said(&named("phone (office)", &values, 9), "what a spreadsheet has shortened");
        steps("revenue", &values, &["parse_number"]);
    }
    said(&named("c", &["4.9171E+11", "491712345678"], 9), "what a spreadsheet has shortened");
    steps("c", &["1.5E+3", "2.5E+10"], &["parse_number"]);
}

#[test]
fn a_dash_among_codes() {
    for codes in [["A1", "B2", "7", "12"], ["12A", "13B", "1C", "9F"], ["A", "A-", "B+", "C"]] {
        let mut values = codes.to_vec();
        values.push("-");
        values.extend(codes);
        values.push("-");
        values.extend(codes); // three of each to two dashes
        said(&named("c", &values, 5), "may stand for a missing value or be a level: \"-\"");
        let rare: Vec<&str> = codes.iter().flat_map(|code| [*code; 9]).chain(["-"]).collect();
        assert_eq!(named("c", &rare, 1).steps[0]["values"], json!(["-"]));
        let frequent: Vec<&str> = codes.iter().flat_map(|code| [*code; 9]).chain(["-"; 60]).collect();
        assert_eq!(named("c", &frequent, 1).steps[0]["values"], json!(["-"]));
    }
    steps("c", &["Brand", "Generic", "-"], &["placeholders"]);
    steps("c", &["120", "350", "-"], &["placeholders", "parse_number"]);
}

#[test]
fn small_letters_of_namibia() {
    said(&named("c", &["US", "DE", "us", "NA", "na"], 9), "may stand for a missing value or be a level");
    assert_eq!(named("c", &["red", "green", "na"], 9).steps[0]["values"], json!(["na"]));
    steps("c", &["1.200,50", "80,25", "k. A."], &["placeholders", "parse_number"]);
}

#[test]
fn forms_that_no_step_reads() {
    for (values, says) in [
        (&["4.5/5", "5/5", "3/5"][..], "numbers with \"/5\" behind"),
        (&["4,5 von 5 Sternen", "5,0 von 5 Sternen", "3,2 von 5 Sternen"], "numbers with \" von 5 Sternen\" behind"),
        (&["ab 12,99 €", "ab 7,50 €", "ab 99,00 €"], "numbers with \"ab\" before"),
        (&["≈ 500", "≈ 700", "≈ 20"], "numbers with \"≈\" before"),
        (&["12€50", "7€99", "99€00"], "currency in the place of the decimal sign"),
        (&["\"12\"", "\"15\"", "\"7\""], "quotes, brackets or other signs around"),
        (&["[5]", "[12]"], "quotes, brackets or other signs around"),
        (&["/Date(1704448953000)/", "/Date(1704448954000)/"], "in a form that no step reads"),
        (&["Fri Jan 05 2024 10:22:33 GMT+0100 (CET)", "Sat Jan 06 2024 10:22:33 GMT+0100 (CET)"], "that no step reads"),
        (&["2024:01:05 10:22:33", "2024:02:05 11:22:33"], "in a form that no step reads"),
        (&["2024_01_05", "2024_02_05"], "in a form that no step reads"),
        (&["AT&amp;T", "O&#39;Neil", "plain"], "entities of HTML"),
        (&["O", "N"], "name the step parse_boolean with \"true\": \"O\""),
        (&["Café", "Cafe", "Bar"], "\"Cafe\", \"Café\" differ by accents, blanks, hyphens or other signs alone"),
        (&["E-Mail", "Email", "Social"], "differ by accents, blanks, hyphens or other signs alone"),
    ] {
        said(&named("c", values, 5), says);
    }
    for values in
        [&["AT&T", "A & B; C"][..], &["Room 101", "Room 102", "Room 103"], &["A1", "B1"], &["9/10", "4/5", "1/2"]]
    {
        assert_eq!(named("c", values, 5).issue(), None, "{values:?}");
    }
}

#[test]
fn truth_values_of_spreadsheets() {
    for pair in [["PRAWDA", "FAŁSZ"], ["ИСТИНА", "ЛОЖЬ"], ["WAAR", "ONWAAR"], ["IGAZ", "HAMIS"], ["igen", "nem"]]
    {
        steps("c", &pair, &["parse_boolean"]);
    }
    steps("c", &["waar", "hamis"], &[]);
}

#[test]
fn whole_numbers_that_are_moments() {
    let days: Vec<f64> = (0..60).map(|i| f64::from(20_240_101 + i % 28)).collect();
    let profile = typed("c", Kind::Integer, &days);
    let step = json!({"step": "parse_timestamp", "columns": ["c"], "format": "YYYYMMDD", "type": "date"});
    assert_eq!((profile.steps, profile.role.name()), (vec![step], "number"));
    let mut open = days.clone();
    open.extend([0.0, 0.0, 99_991_231.0]);
    let steps = typed("c", Kind::Integer, &open).steps;
    assert_eq!((&steps[0]["values"], &steps[1]["format"]), (&json!([0, 99_991_231]), &json!("YYYYMMDD")));
    assert!(typed("order_id", Kind::Integer, &days).steps.is_empty());
    let seconds: Vec<f64> = (0..90).map(|i| f64::from(1_700_000_000 + i * 3_571)).collect();
    assert_eq!(typed("created_at", Kind::Integer, &seconds).steps[0]["format"], "EPOCH");
    assert!(typed("candidate_id", Kind::Integer, &seconds).steps.is_empty());
    let millis: Vec<f64> = seconds.iter().map(|s| s * 1e3).collect();
    assert_eq!(typed("created_at", Kind::Integer, &millis).steps[0]["format"], "EPOCH_MS");
    let months: Vec<f64> = (0..60).map(|i| f64::from(202_401 + i % 12)).collect();
    said(&typed("c", Kind::Integer, &months), "years with months");
}
