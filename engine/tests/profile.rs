//! The profile of columns: every role, every finding, and what it says where not all values fit.

use orchard_engine::clean::profile::{digits, Collector, ColumnProfile, Kind, Severity, Sizes};
use proptest::prelude::*;
use serde_json::json;

/// 2026-01-01 in seconds since 2000-01-01.
const NOW: f64 = 9497.0 * 86_400.0;

fn texts_of<'a>(sizes: &Sizes, name: &str, values: impl Iterator<Item = Option<&'a str>>) -> ColumnProfile {
    let mut collector = Collector::new(Kind::Text, sizes);
    let mut rows = 0;
    for value in values {
        rows += 1;
        match value {
            Some(text) => collector.text(text.as_bytes()).unwrap(),
            None => collector.null(),
        }
    }
    collector.finish(name, rows, NOW).unwrap()
}

fn texts(values: &[&str], times: usize) -> ColumnProfile {
    texts_of(&Sizes::of(1, usize::MAX), "c", values.iter().cycle().take(values.len() * times).map(|v| Some(*v)))
}

fn owned(values: &[String]) -> ColumnProfile {
    texts_of(&Sizes::of(1, usize::MAX), "c", values.iter().map(|v| Some(v.as_str())))
}

fn numbers(kind: Kind, values: &[f64]) -> ColumnProfile {
    let mut collector = Collector::new(kind, &Sizes::of(1, usize::MAX));
    for &value in values {
        match kind {
            Kind::Integer => collector.integer(value as i64).unwrap(),
            _ => collector.number(value).unwrap(),
        }
    }
    collector.finish("c", values.len() as u64, NOW).unwrap()
}

#[test]
fn numbers_that_no_float_tells_apart_are_different_values() {
    let sizes = Sizes::of(1, usize::MAX);
    for rows in [100u64, 40_000] {
        let mut collector = Collector::new(Kind::Number, &sizes);
        for i in 0..rows {
            let digits = format!("2385000000000000{i:05}");
            collector.exact(digits.parse().unwrap(), digits.as_bytes()).unwrap();
        }
        let profile = collector.finish("c", rows, NOW).unwrap();
        assert_eq!(profile.role.name(), "id", "{rows}");
        let distinct = profile.distinct.unwrap() as f64;
        assert!((distinct - rows as f64).abs() <= if profile.exact { 0.0 } else { 0.03 * rows as f64 }, "{distinct}");
        assert!((profile.summary.mean.unwrap() / 2.385e20 - 1.0).abs() < 1e-9);
    }
    let mut collector = Collector::new(Kind::Number, &sizes);
    for digits in [&b"12345678901234567.25"[..], b"12345678901234567.5", b"12345678901234567.25"] {
        collector.exact(12345678901234567.0, digits).unwrap();
    }
    collector.number(3.0).unwrap();
    let profile = collector.finish("c", 4, NOW).unwrap();
    assert_eq!((profile.distinct, profile.role.name()), (Some(3), "number"));
    assert_eq!((profile.top[0].rows, digits(&profile.top[0].value)), (2, Some(&b"12345678901234567.25"[..])));
    assert!(profile.top.iter().any(|top| top.rows == 1 && digits(&top.value).is_none()));
}

fn steps(profile: &ColumnProfile) -> Vec<String> {
    profile.steps.iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

fn issue(profile: &ColumnProfile) -> String {
    profile.issue().unwrap_or_default()
}

#[test]
fn texts_that_are_numbers() {
    let profile = texts(&["$1,234.50", "$70.00", "$5.25"], 10);
    assert_eq!(profile.role.name(), "number_in_text");
    assert_eq!(profile.steps, [json!({"step": "parse_number", "columns": ["c"], "decimal": "."})]);
    assert!((profile.summary.mean.unwrap() - 436.583333).abs() < 1e-6);
    assert_eq!(profile.text_range, Some((b"$5.25".to_vec(), b"$1,234.50".to_vec())));
    let profile = texts(&["1.234,50", "70,00", "5,25"], 10);
    assert_eq!(profile.steps, [json!({"step": "parse_number", "columns": ["c"], "decimal": ","})]);
    let profile = texts(&["98%", "N/A", "5%", "", "12%"], 10);
    assert_eq!((profile.role.name(), profile.blanks, profile.placeholders), ("number_in_text", Some(10), Some(10)));
    assert_eq!(steps(&profile), ["placeholders", "parse_number"]);
    assert_eq!(profile.steps[0]["values"], json!(["N/A", ""]));
    let most: Vec<String> = (0..100).map(|i| if i < 98 { i.to_string() } else { format!("about {i}") }).collect();
    let profile = owned(&most);
    assert_eq!(profile.role.name(), "number_in_text");
    assert!(
        issue(&profile).contains("2 rows (2.0 %) cannot be read as one: \"about 98\", \"about 99\""),
        "{}",
        issue(&profile)
    );
    let profile = texts(&["12", "-999", "14", "13"], 10);
    assert_eq!((steps(&profile), profile.placeholders), (vec!["placeholders".into(), "parse_number".into()], Some(10)));
    assert_eq!(profile.steps[0]["values"], json!(["-999"]));
}

#[test]
fn codes_of_digits_are_no_numbers() {
    assert_eq!(texts(&["02134", "10115", "00501", "94103"], 10).role.name(), "category");
    assert_eq!(texts(&["00", "07", "23"], 10).role.name(), "number_in_text");
    let ids: Vec<String> = (0..500).map(|i| (1_000_000 + i).to_string()).collect();
    assert_eq!(owned(&ids).role.name(), "id");
}

#[test]
fn texts_that_are_truth_values() {
    for values in [["t", "f"], ["yes", "no"], ["True", "FALSE"], ["ja", "nein"]] {
        let profile = texts(&values, 10);
        assert_eq!((profile.role.name(), steps(&profile)), ("boolean_in_text", vec!["parse_boolean".to_owned()]));
    }
    assert_eq!(texts(&["0", "1"], 10).role.name(), "number_in_text");
    assert_eq!(steps(&texts(&["t", "f", "unknown"], 10)), ["placeholders", "parse_boolean"]);
    assert_eq!(texts(&["t", "f", "maybe"], 10).role.name(), "category");
}

#[test]
fn texts_that_are_moments() {
    let days: Vec<String> = (1..=28).map(|day| format!("2024-02-{day:02}")).collect();
    let profile = owned(&days);
    assert_eq!(profile.role.name(), "date_in_text");
    assert_eq!(
        profile.steps,
        [json!({"step": "parse_timestamp", "columns": ["c"], "format": "YYYY-MM-DD", "type": "date"})]
    );
    let american: Vec<String> = (1..=28).map(|day| format!("02/{day:02}/2024")).collect();
    assert_eq!(owned(&american).steps[0]["format"], "MM/DD/YYYY");
    let unclear: Vec<String> = (1..=12).flat_map(|a| (1..=12).map(move |b| format!("{a:02}/{b:02}/2024"))).collect();
    let profile = owned(&unclear);
    assert_eq!((profile.role.name(), profile.steps.len()), ("category", 0));
    assert!(issue(&profile).contains("nobody can tell day from month"));
    let times: Vec<String> = (0..24).map(|hour| format!("2024-02-03 {hour:02}:30:00")).collect();
    let profile = owned(&times);
    assert_eq!((profile.role.name(), &profile.steps[0]["type"]), ("timestamp_in_text", &json!("timestamp")));
    let profile = texts(&["2024-02-03", "9999-12-31", "2024-02-29", "2031-01-01"], 5);
    assert_eq!(steps(&profile), ["placeholders", "parse_timestamp"]);
    assert!(issue(&profile).contains("5 rows (25.0 %) are in the future"), "{}", issue(&profile));
    assert!(
        issue(&profile).contains("stand for no date or no end: \"9999-12-31\" (5 rows, 25.0 %)"),
        "{}",
        issue(&profile)
    );
    let epochs: Vec<String> = (0..100).map(|i| (1_700_000_000 + i * 977).to_string()).collect();
    let named = |name: &str| {
        texts_of(&Sizes::of(1, usize::MAX), name, epochs.iter().chain(&epochs).map(|v| Some(v.as_str()))).role
    };
    assert_eq!((named("created_at").name(), named("amount").name()), ("timestamp_in_text", "number_in_text"));
}

#[test]
fn personal_data_is_known() {
    let mails: Vec<String> = (0..50).map(|i| format!("user{i}@example.com")).collect();
    let profile = owned(&mails);
    assert_eq!((profile.role.name(), profile.severity()), ("email", Some(Severity::Warning)));
    assert!(issue(&profile).contains("personal data"));
    let phones: Vec<String> = (0..50).map(|i| format!("+49 170 12345{i:02}")).collect();
    assert_eq!(owned(&phones).role.name(), "phone");
    let digits: Vec<String> = (0..50).map(|i| (16_000_000_000u64 + i * 7).to_string()).collect();
    let named = |name: &str| texts_of(&Sizes::of(1, usize::MAX), name, digits.iter().map(|v| Some(v.as_str()))).role;
    assert_eq!((named("order_number").name(), named("mobile").name()), ("id", "phone"));
    let addresses: Vec<String> = (0..50).map(|i| format!("10.0.{i}.7")).collect();
    assert_eq!(owned(&addresses).role.name(), "ip");
    assert_eq!(texts(&["4111 1111 1111 1111", "5500 0000 0000 0004"], 20).role.name(), "card");
    assert_eq!(texts(&["DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19"], 20).role.name(), "iban");
}

#[test]
fn texts_of_people_names_of_rows_and_levels() {
    let prose: Vec<String> =
        (0..60).map(|i| format!("A lovely flat number {i}, near the river and the old market place")).collect();
    assert_eq!(owned(&prose).role.name(), "free_text");
    let names: Vec<String> = (0..60).map(|i| format!("Anna Berg{i}")).collect();
    assert_eq!(owned(&names).role.name(), "free_text");
    let keys: Vec<String> = (0..60).map(|i| format!("req-{i}")).collect();
    assert_eq!(owned(&keys).role.name(), "id");
    assert_eq!(texts(&["red", "green", "blue"], 20).role.name(), "category");
    let profile = texts(&["red"], 20);
    assert_eq!((profile.role.name(), steps(&profile)), ("constant", vec!["drop_column".to_owned()]));
    assert_eq!(texts(&["red"], 1).role.name(), "category");
    let profile = texts(&["", " ", "N/A"], 20);
    assert_eq!((profile.role.name(), steps(&profile)), ("empty", vec!["drop_column".to_owned()]));
    assert_eq!(texts(&["red", "n/a"], 20).role.name(), "category");
    let profile = texts_of(&Sizes::of(1, usize::MAX), "c", (0..0).map(|_| None));
    assert_eq!((profile.role.name(), profile.rows, profile.steps.len()), ("empty", 0, 0));
}

#[test]
fn spellings_are_mended_in_order() {
    let profile = texts(&["USA", "usa ", "Usa", "Germany", "N/A"], 10);
    assert_eq!(steps(&profile), ["trim", "placeholders", "merge_levels"]);
    assert!(issue(&profile).contains("differ by case alone"), "{}", issue(&profile));
    assert!(issue(&profile).contains("10 rows (20.0 %) begin or end with white space"));
    assert_eq!(steps(&texts(&["red", " N/A ", "blue"], 10)), ["trim", "placeholders"]);
    assert_eq!(steps(&texts(&["12", "  ", "13"], 10)), ["trim", "placeholders", "parse_number"]);
    let profile = texts(&["cafe\u{301}", "zero\u{200B}width", "ＡＢＣ", "plain"], 10);
    assert_eq!(steps(&profile), ["normalize_unicode"]);
    assert!(issue(&texts(&["cafÃ©", "plain"], 10)).contains("another encoding"));
    assert_eq!(steps(&texts(&["US", "DE", "FR", "NA", "IT", "ES"], 10)), [""; 0]);
    // Case may be all that tells codes and addresses apart.
    for codes in
        [&["a1B", "A1b", "c"][..], &["m", "M", "km"], &["/Home", "/home", "/x"], &["dQw4w9WgXcQ", "dqw4w9wgxcq", "x"]]
    {
        let profile = texts(codes, 10);
        assert!(steps(&profile).is_empty() && issue(&profile).contains("differ by case alone"), "{codes:?}");
    }
    assert_eq!(steps(&texts(&["red", "NA", "blue"], 10)), ["placeholders"]);
    assert_eq!(texts(&["ABC", "abc", "ABD", "ABE"], 10).steps[0]["max_distance"], 0);
}

#[test]
fn levels_that_are_words_for_nothing_stay() {
    let kept = |values: &[&str], said: bool| {
        let profile = texts(values, 10);
        assert_eq!(
            (profile.role.name(), steps(&profile).len(), profile.placeholders),
            ("category", 0, Some(0)),
            "{values:?}"
        );
        assert_eq!(issue(&profile).contains("may stand for a missing value or be a level"), said, "{values:?}");
    };
    kept(&["None", "Some", "Many"], true);
    kept(&["(none)", "organic", "referral"], true);
    kept(&["Empty", "Half", "Full"], true);
    kept(&["-", "+"], false);
    kept(&["-", "+", "0+"], false);
    kept(&["NA", "EU", "AS"], true);
    kept(&["NA", "EMEA", "LATAM", "APAC"], true);
    kept(&["/", "/shop", "/cart"], false);
    kept(&["有", "无", "多"], true);
    kept(&["unknown", "known", "rumoured"], false);
    kept(&["missing", "found", "returned"], false);
    kept(&["red", "None"], true);
    for missing in [
        &["-", "red", "blue"][..],
        &["NA", "Gd", "TA", "Excellent"],
        &["n/a", "None of it", "all"],
        &["US", "DE", "N/A", "NULL"],
    ] {
        assert_eq!(steps(&texts(missing, 10)), ["placeholders"], "{missing:?}");
    }
    // Among numbers, dates and truth values they are no levels.
    for (word, others) in
        [("None", ["1.5", "2"]), ("-", ["12 %", "5 %"]), ("none", ["yes", "no"]), ("NA", ["2024-01-02", "2024-01-03"])]
    {
        let profile = texts(&[word, others[0], others[1]], 10);
        assert_eq!((profile.placeholders, steps(&profile).len()), (Some(10), 2), "{word}");
    }
}

#[test]
fn numbers_of_mixed_units_are_left_alone() {
    let mixed = |values: &[&str], said: &str| {
        let profile = texts(values, 10);
        assert_eq!((profile.role.name(), steps(&profile).len()), ("number_in_text", 0), "{values:?}");
        assert!(issue(&profile).contains(said), "{}", issue(&profile));
    };
    mixed(&["5 %", "7", "12"], "10 rows (33.3 %) have a percent sign and 20 rows (66.7 %) have none");
    mixed(&["$5", "€7", "12", "$3"], "currencies are mixed: USD (20 rows, 50.0 %), EUR (10 rows, 25.0 %)");
    for alike in [&["5 %", "0", "7 %"][..], &["$5", "7", "USD 12"], &["€5", "7 EUR", "12 Euro"], &["1.5k", "3", "2m"]]
    {
        assert_eq!(steps(&texts(alike, 10)), ["parse_number"], "{alike:?}");
    }
}

#[test]
fn what_could_be_read_otherwise_is_left_alone() {
    let role = |values: &[&str]| texts(values, 10).role.name();
    // Sizes, seats, answers, the ids of visitors.
    for codes in
        [&["10R", "12R", "14S"][..], &["R0", "R1", "R17"], &["14K", "18K"], &["1E1", "2E2", "100"], &["5k", "3", "2m"]]
    {
        assert_eq!(role(codes), "category", "{codes:?}");
    }
    assert_eq!(role(&["1000000000.1700000007", "1000000000.1700000008", "1000000001.1700000009"]), "category");
    assert_eq!(role(&["0.12345678901234567", "0.5", "0.25"]), "number_in_text");
    // Thousands or decimals?
    let profile = texts(&["1.200 €", "850 €", "12.000 €"], 10);
    assert_eq!((profile.role.name(), steps(&profile).len()), ("number_in_text", 0));
    assert!(issue(&profile).contains("nobody can tell decimals from thousands"));
    for sure in [
        &["1.200", "0.850", "2.500"][..],
        &["1.234", "2.345", "1.25", "2"],
        &["1.200,50", "850,00", "3,10"],
        &["1,200", "850"],
    ] {
        assert_eq!(steps(&texts(sure, 10)), ["parse_number"], "{sure:?}");
    }
    // Words of languages and places.
    for codes in [["no", "da"], ["on", "no"], ["T", "N"], ["Y", "F"]] {
        assert_eq!(role(&codes), "category", "{codes:?}");
    }
    for words in [["Y", "no"], ["Ja", "nein"], ["✓", "✗"], ["true", "f"]] {
        assert_eq!(role(&words), "boolean_in_text", "{words:?}");
    }
    // None of none?
    let profile = texts(&["0", "1", "2", "none"], 10);
    assert_eq!((profile.role.name(), steps(&profile).len()), ("number_in_text", 0));
    assert!(issue(&profile).contains("10 rows (25.0 %) have \"none\", which may stand for 0 or for a missing value"));
    // Births of 1940 that would be of 2040, versions that are no dates, names that say code.
    let births: Vec<String> = (1..=28).map(|day| format!("{day:02}.11.{:02}", 40 + day)).collect();
    assert!(owned(&births).steps.is_empty() && issue(&owned(&births)).contains("years of two digits"));
    assert!(!issue(&texts(&["1.0.1", "3.1.2", "10.2.3"], 10)).contains("dates"));
    let named = |name: &str| {
        let values = ["10023", "94103", "60601"];
        texts_of(&Sizes::of(1, usize::MAX), name, values.iter().cycle().take(30).map(|v| Some(*v))).role.name()
    };
    assert_eq!(
        (named("zip_code"), named("ZipCode"), named("Amount"), named("paid")),
        ("category", "category", "number_in_text", "number_in_text")
    );
    let phones = ["4155550100", "2125550199", "6465550123"];
    let profile = texts_of(&Sizes::of(1, usize::MAX), "Phone Number", phones.iter().map(|v| Some(*v)));
    assert_eq!(profile.role.name(), "phone");
}

#[test]
fn days_of_eight_digits_are_dates() {
    let days: Vec<String> = (1..=28).flat_map(|d| (1..=12).map(move |m| format!("2024{m:02}{d:02}"))).collect();
    let profile = owned(&days);
    assert_eq!((profile.role.name(), &profile.steps[0]["format"]), ("date_in_text", &json!("YYYYMMDD")));
    let values: Vec<f64> = days.iter().map(|d| d.parse().unwrap()).collect();
    assert!(issue(&numbers(Kind::Integer, &values)).contains("dates, written YYYYMMDD, kept as numbers"));
    let amounts: Vec<String> = (0..400).map(|i| (20_200_000 + i * 3777).to_string()).collect();
    assert_eq!(owned(&amounts).role.name(), "id");
    assert_eq!(texts(&["20240103", "20249999", "20241301"], 10).role.name(), "number_in_text");
}

#[test]
fn number_columns() {
    let mixed: Vec<f64> = (0..1000).map(|i| f64::from(i * 37 % 101)).collect();
    let profile = numbers(Kind::Integer, &mixed);
    assert_eq!((profile.role.name(), profile.distinct, profile.exact), ("number", Some(101), true));
    assert!(profile.findings.is_empty() && profile.steps.is_empty(), "{profile:?}");
    assert_eq!(profile.summary.histogram.rows.iter().sum::<u64>(), 1000);
    let serial: Vec<f64> = (0..100).map(f64::from).collect();
    assert_eq!(numbers(Kind::Integer, &serial).role.name(), "id");
    let unique: Vec<f64> = (0..100).map(|i| f64::from(i) + 0.5).collect();
    assert_eq!(numbers(Kind::Number, &unique).role.name(), "number");
    assert_eq!(numbers(Kind::Integer, &[0.0, 1.0, 1.0, 0.0]).role.name(), "boolean");
    assert_eq!(numbers(Kind::Boolean, &[0.0, 1.0, 1.0, 0.0]).summary.mean, Some(0.5));
    assert_eq!(steps(&numbers(Kind::Number, &[2.5; 30])), ["drop_column"]);
    assert_eq!(numbers(Kind::Number, &[f64::NAN; 30]).role.name(), "empty");
    assert_eq!(numbers(Kind::Interval, &[60.0, 3600.0, 7.0]).role.name(), "interval");
    let profile = numbers(Kind::Number, &[1.0, f64::NAN, 2.0, f64::INFINITY, 5.0, 6.0]);
    assert!(issue(&profile).contains("infinite") && issue(&profile).contains("NaN"));
    assert_eq!(profile.summary.mean, Some(3.5));
    let huge = [9_007_199_254_740_993i64, 9_007_199_254_740_992, 9_007_199_254_740_994];
    let mut collector = Collector::new(Kind::Integer, &Sizes::of(1, usize::MAX));
    huge.iter().for_each(|&v| collector.integer(v).unwrap());
    assert_eq!(collector.finish("c", 3, NOW).unwrap().distinct, Some(3));
}

#[test]
fn numbers_for_nothing_stand_apart() {
    let with = |odd: f64, rows: usize, others: usize| -> ColumnProfile {
        let values: Vec<f64> = (0..others).map(|i| (i % 28) as f64).chain(std::iter::repeat_n(odd, rows)).collect();
        numbers(Kind::Integer, &values)
    };
    for odd in [-999.0, -9999.0, -99.0] {
        let profile = with(odd, 50, 500);
        assert_eq!(profile.steps, [json!({"step": "placeholders", "columns": ["c"], "values": [odd as i64]})]);
        assert_eq!((profile.placeholders, profile.severity()), (Some(50), Some(Severity::Warning)));
    }
    // A price or the end of a scale may be written so too: it is said, and nothing is taken away.
    for (odd, why) in [
        (999.0, "far from all other numbers"),
        (99_999.0, "far from"),
        (2_147_483_647.0, "far from"),
        (-1.0, "the only number below 0"),
    ] {
        let profile = with(odd, 50, 500);
        assert_eq!((profile.placeholders, profile.steps.len()), (Some(0), 0));
        let issue = issue(&profile);
        assert!(issue.contains("may stand for a missing value, ") && issue.contains(why), "{issue}");
    }
    // Too few, not far enough, or not the only one of its kind.
    for profile in [with(999.0, 2, 500), with(28.0, 50, 500), with(-1.0, 1, 5000), with(998.0, 50, 500)] {
        assert_eq!(profile.placeholders, Some(0), "{profile:?}");
    }
    let around: Vec<f64> = (0..500).map(|i| f64::from(i % 41 - 20)).collect();
    assert_eq!(numbers(Kind::Integer, &around).placeholders, Some(0));
    let wide: Vec<f64> = (0..3000).map(|i| f64::from(i % 1500)).collect();
    assert_eq!(numbers(Kind::Integer, &wide).placeholders, Some(0));
}

#[test]
fn outliers_and_dates() {
    let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i % 100) + 0.5).collect();
    values.extend([5_000.0, -4_000.0]);
    let profile = numbers(Kind::Number, &values);
    assert_eq!(profile.summary.outliers, Some(2));
    assert!(issue(&profile).contains("2 rows (0.2 %) are more than 3 interquartile ranges"));
    let today = NOW / 86_400.0;
    let profile = numbers(Kind::Date, &[today, today + 40.0, today + 40_000.0, -80_000.0, today - 1.0]);
    assert_eq!((profile.role.name(), profile.summary.mean), ("date", None));
    for part in ["1 row (20.0 %) is in the future", "more than 50 years in the future", "before 1900"] {
        assert!(issue(&profile).contains(part), "{}", issue(&profile));
    }
    let profile = numbers(Kind::Date, &[-36_524.0, -36_524.0, -36_524.0, today, today - 1.0]);
    assert!(issue(&profile).contains("stand for no date or no end: 1900-01-01 (3 rows, 60.0 %)"));
    assert_eq!(numbers(Kind::Timestamp, &[NOW, NOW - 5.0]).role.name(), "timestamp");
}

#[test]
fn codes_and_what_is_not_looked_at() {
    let mut codes = Collector::new(Kind::Code, &Sizes::of(1, usize::MAX));
    (0..90u32).for_each(|i| codes.text(&(i % 3).to_le_bytes()).unwrap());
    let profile = codes.finish("c", 90, NOW).unwrap();
    assert_eq!((profile.role.name(), profile.distinct), ("category", Some(3)));
    let mut codes = Collector::new(Kind::Code, &Sizes::of(1, usize::MAX));
    (0..90u32).for_each(|i| codes.text(&i.to_le_bytes()).unwrap());
    assert_eq!(codes.finish("c", 90, NOW).unwrap().role.name(), "id");
    let mut opaque = Collector::new(Kind::Opaque, &Sizes::of(1, usize::MAX));
    opaque.null();
    let profile = opaque.finish("c", 2, NOW).unwrap();
    assert_eq!((profile.role.name(), profile.nulls, profile.distinct), ("other", 1, None));
}

/// Beyond the values that fit, numbers in texts are read row by row: their summary is that of all rows.
#[test]
fn many_different_texts() {
    let sizes = Sizes::of(400, usize::MAX);
    let values: Vec<String> = (0..60_000u32).map(|i| format!("${}.50", i * 7919 % 60_013)).collect();
    let profile = texts_of(&sizes, "c", values.iter().map(|v| Some(v.as_str())));
    assert_eq!((profile.role.name(), profile.exact), ("number_in_text", false));
    let mean = (0..60_000u32).map(|i| f64::from(i * 7919 % 60_013) + 0.5).sum::<f64>() / 60_000.0;
    assert!((profile.summary.mean.unwrap() / mean - 1.0).abs() < 1e-9);
    assert_eq!(profile.text_range.unwrap().0, b"$0.50".to_vec());
    assert!((profile.distinct.unwrap() as f64 - 60_000.0).abs() < 6_000.0);
    let values: Vec<String> = (0..60_000u32).map(|i| format!("visitor-{i}")).collect();
    let profile = texts_of(&sizes, "c", values.iter().map(|v| Some(v.as_str())));
    assert_eq!(
        (profile.role.name(), profile.text_range),
        ("id", Some((b"visitor-0".to_vec(), b"visitor-9999".to_vec())))
    );
    assert!(profile.distinct.unwrap() <= 60_000 && profile.top.is_empty());
    let values: Vec<String> = (0..60_000u32).map(|i| format!("ad-{}", i * i % 20_011)).collect();
    let profile = texts_of(&sizes, "c", values.iter().map(|v| Some(v.as_str())));
    assert_eq!(profile.role.name(), "category");
    let digits: Vec<String> = (0..60_000u32).map(|i| (i * i % 30_011).to_string()).collect();
    assert_eq!(texts_of(&sizes, "c", digits.iter().map(|v| Some(v.as_str()))).role.name(), "number_in_text");
    let moments: Vec<String> = (0..60_000u32)
        .map(|i| {
            format!("2024-{:02}-{:02} {:02}:{:02}:{:02}", i % 12 + 1, i % 28 + 1, i % 24, i / 24 % 60, i / 1440 % 60)
        })
        .collect();
    let profile = texts_of(&sizes, "c", moments.iter().map(|v| Some(v.as_str())));
    assert_eq!(
        (profile.role.name(), profile.text_range.unwrap().0.starts_with(b"2024-01-")),
        ("timestamp_in_text", true)
    );
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[0-9.,$%-]{0,8}",
        prop::sample::select(vec![
            "N/A",
            "",
            " ",
            "t",
            "f",
            "2024-01-02",
            "31/12/2023",
            "a@b.co",
            "-999",
            "USA",
            "usa ",
            "\u{200B}",
            "Ã©",
            "1e308"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    /// Nothing panics, and what is said does not depend on the order of the rows.
    #[test]
    fn any_texts(values in prop::collection::vec(any_text(), 0..300), columns in prop::sample::select(vec![1usize, 1_600])) {
        let sizes = Sizes::of(columns, usize::MAX);
        let ahead = texts_of(&sizes, "c", values.iter().map(|v| Some(v.as_str())));
        let mut back = texts_of(&sizes, "c", values.iter().rev().map(|v| Some(v.as_str())));
        prop_assert_eq!(ahead.distinct, back.distinct);
        if ahead.exact {
            // Sums of floats aside.
            back.summary = ahead.summary.clone();
            prop_assert_eq!(ahead, back);
        }
    }

    #[test]
    fn any_numbers(values in prop::collection::vec(any::<f64>(), 0..500), kind in prop::sample::select(vec![Kind::Number, Kind::Date, Kind::Timestamp, Kind::Interval, Kind::Integer])) {
        let profile = numbers(kind, &values);
        prop_assert_eq!(profile.rows, values.len() as u64);
    }
}
