//! What a profile suggests changes no meaning: what may be read otherwise is said and left alone, and what is clear is mended.
#![allow(missing_docs)]

use orchard_engine::clean::profile::{Collector, ColumnProfile, Kind, Sizes};
use serde_json::{json, Value};

/// 2026-01-01 in seconds since 2000-01-01.
const NOW: f64 = 9497.0 * 86_400.0;

fn profile(name: &str, values: &[impl AsRef<str>], times: usize) -> ColumnProfile {
    let mut collector = Collector::new(Kind::Text, &Sizes::of(1, usize::MAX));
    let mut rows = 0;
    for value in values.iter().cycle().take(values.len() * times) {
        collector.text(value.as_ref().as_bytes()).unwrap();
        rows += 1;
    }
    collector.finish(name, rows, NOW).unwrap()
}

/// No step is suggested for a column, and its issue says why.
#[track_caller]
fn left(name: &str, values: &[impl AsRef<str>], says: &str) {
    let profile = profile(name, values, 1);
    let issue = profile.issue().unwrap_or_default();
    assert!(profile.steps.is_empty(), "{:?}", profile.steps);
    assert!(issue.contains(says), "{says:?} is not in {issue:?}");
}

/// The names of the steps that are suggested.
fn steps(name: &str, values: &[impl AsRef<str>]) -> Vec<String> {
    let profile = profile(name, values, 5);
    profile.steps.iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

/// A column is read as numbers.
#[track_caller]
fn numbers(name: &str, values: &[&str]) {
    assert_eq!(steps(name, values), ["parse_number"], "{values:?}");
}

/// The format by which a column is read.
fn format(name: &str, values: &[&str]) -> Value {
    profile(name, values, 5).steps.last().map_or(json!(null), |step| step["format"].clone())
}

/// One odd value among many others.
fn among<'a>(odd: &'a str, others: &[&'a str]) -> Vec<&'a str> {
    std::iter::once(odd).chain(others.iter().copied().cycle().take(40)).collect()
}

#[test]
fn words_that_are_an_answer_or_a_state() {
    for levels in [
        &["B.V.", "N.V.", "GmbH"][..],
        &["Missing", "Delivered", "Lost"],
        &["Agree", "Disagree", "Not applicable"],
        &["Open", "TBD", "Done"],
        &["In stock", "Not available"],
        &["NAN", "FRA", "JFK"],
        &["U.S.", "N.A.", "E.U."],
        &["?", "!", "+"],
    ] {
        left("c", levels, "");
    }
    left("c", &["Missing", "Delivered", "Lost"], "may stand for a missing value or be a level: \"Missing\"");
    left("c", &["Yes", "No", "Not applicable"], "truth values and a third answer, \"Not applicable\"");
    assert!(!profile("c", &["missing", "found"], 5).issue().unwrap_or_default().contains("missing value"));
    for (word, others) in [
        ("Missing", ["12", "15"]),
        ("TBD", ["2024-01-02", "2024-05-06"]),
        ("Invalid date", ["2024-01-02", "2024-05-06"]),
    ] {
        assert_eq!(profile("c", &[word, others[0], others[1]], 5).steps[0]["values"], json!([word]));
    }
}

#[test]
fn what_cannot_be_read_keeps_a_column_as_it_is() {
    for odd in ["< 10", "Free", "on request", ">100", "10+", "~50", "12-15"] {
        left(
            "c",
            &among(odd, &["5.25", "12.99"]),
            &format!("cannot be read as one: {odd:?}; give them a meaning with map_values"),
        );
        left("c", &[odd, "5.25", "12.99"], odd);
    }
    left("c", &among("Ongoing", &["2024-01-05", "2024-02-06"]), "cannot be read by the format YYYY-MM-DD: \"Ongoing\"");
    left("c", &among("2024-02-30", &["2024-01-05", "2024-02-06"]), "2024-02-30");
    assert_eq!(steps("c", &among("00/00/0000", &["13/01/2024", "14/02/2024"])), ["placeholders", "parse_timestamp"]);
    // Beyond the values that fit, too.
    let many: Vec<String> = (0..40_000).map(|i| if i == 39_000 { "Free".into() } else { format!("{i}.5") }).collect();
    left("c", &many, "1 row (below 0.1 %) cannot be read as one: \"Free\"");
}

/// As many of some values, and then of others, as are said.
fn mixed<'a>(odd: &[&'a str], times: usize, others: &[&'a str], count: usize) -> Vec<&'a str> {
    odd.iter().copied().cycle().take(times).chain(others.iter().copied().cycle().take(count)).collect()
}

#[test]
fn dates_beside_words() {
    for dates in [
        &["2024-01-05", "2024-02-26", "2023-11-30"][..],
        &["05.01.2024", "26.02.2024", "30.11.2023"],
        &["2024-01-05 10:00:00", "2024-02-26 11:30:00", "2023-11-30 00:00:01"],
    ] {
        for times in [3, 10, 45] {
            let values = mixed(&["Never", "Ongoing"], times, dates, 50);
            left("c", &values, &format!("dates or timestamps but for {times} rows"));
            left("c", &values, "map_values, or name the step parse_timestamp to make");
        }
        assert_eq!(profile("c", &mixed(&["Never"], 60, dates, 50), 1).issue(), None);
    }
    left("c", &mixed(&["Never"], 5, &["03/04/2024", "05/06/2024"], 50), "parse_timestamp with its \"format\"");
    left("c", &mixed(&["free"], 5, &["12.5", "13.25"], 50), "numbers but for 5 rows");
}

#[test]
fn days_without_a_year() {
    let says = "day and month without a year";
    for name in ["Geburtstag", "Datum", "Lieferdatum", "birthday", "order date", "jour", "fecha"] {
        left(name, &["13.10", "17.03", "24.12"], says);
    }
    for sure in [&["13.10", "07.03", "24.12"][..], &["13.10.", "17.03.", "24.12."]] {
        left("c", sure, says);
    }
    let days = ["13.10", "17.03", "24.12", "1.01", "31.07", "2.02", "11.11", "5.08", "6.12", "19.04"];
    left("c", &days, says);
    for (name, values) in [
        ("price", &days[..]),
        ("c", &["13.10", "17.03", "24.12"]),
        ("Datum", &["13.10", "17.03", "24.99"]),
        ("price per day", &["13.10", "17.03", "24.12"]),
    ] {
        numbers(name, values);
    }
    let factors = ["1.01", "1.02", "1.03", "1.05", "1.07", "1.08", "1.09", "1.10", "1.11", "1.12"];
    assert!(!profile("c", &factors, 1).issue().unwrap().contains(says));
}

#[test]
fn nothing_that_may_be_zero() {
    for zero in ["Nil", "NIL", "nil", " - ", " -   "] {
        left("c", &[zero, "1250.50", "12.99", "7.49"], "which may stand for 0 or for a missing value");
        left("c", &[zero, "12", "3"], "which may stand for 0 or for a missing value");
    }
    for sure in ["-", "none"] {
        assert_eq!(steps("c", &[sure, "1250.50", "12.99"]), ["placeholders", "parse_number"], "{sure}");
    }
}

#[test]
fn words_for_nothing_of_many_languages() {
    for word in [
        "Onbekend",
        "sconosciuto",
        "DESCONHECIDO",
        "Non renseigné",
        "NEZNÁMÉ",
        "bilinmiyor",
        "Н/Д",
        "Неизвестно",
        "Não informado",
    ] {
        let profile = profile("c", &[word, "red", "blue"], 5);
        assert_eq!(profile.steps, [json!({"step": "placeholders", "columns": ["c"], "values": [word]})]);
    }
    for word in ["なし", "없음"] {
        left("c", &[word, word, "red", "red", "blue", "blue"], "may stand for a missing value or be a level");
    }
}

#[test]
fn words_behind_numbers() {
    for (word, values) in [
        ("sqft", ["1,234 sqft", "980 sqft", "2,050 sqft"]),
        ("m²", ["158 m²", "64 m²", "71.5 m²"]),
        ("views", ["5,811 views", "1,020 views", "77 views"]),
        ("/day", ["$50.00/day", "$75.00/day", "$8.50/day"]),
        ("percent", ["91 percent", "12.5 percent", "7 percent"]),
        ("*", ["63.24*", "12.10*", "7.99*"]),
    ] {
        left("c", &values, &format!("numbers with {word:?} behind: take it away in the source"));
    }
    for codes in [["12-US", "13-US", "14-US"], ["12AB", "13AB", "14AB"], ["12 red", "13 blue", "14 green"]] {
        left("c", &codes, "");
        assert!(!profile("c", &codes, 1).issue().unwrap_or_default().contains("behind"), "{codes:?}");
    }
}

#[test]
fn marks_are_no_signs() {
    left("c", &["4-", "3-", "2-", "1"], "brackets or a minus behind, such as \"2-\", may be marks");
    left("c", &["4-", "3", "2", "1"], "digits with letters or signs");
    left("c", &["(5)", "7", "(3)"], "brackets or a minus behind, such as \"(3)\", may be marks");
    numbers("c", &["12.50", "3.00-"]);
    numbers("c", &["(1,234)", "567"]);
    numbers("c", &["$(5)", "$7"]);
}

#[test]
fn lists_and_groups() {
    for lists in [
        &["101,205", "101", "205", "309,101", "309"][..],
        &["1,2", "1", "2", "1,3", "3"],
        &["10,20", "10", "20", "20,30", "30"],
    ] {
        left("c", lists, "may be lists of the others");
    }
    for codes in [
        &["101,205", "309", "412,500"][..],
        &["123 456 789", "234 567 891"],
        &["100.200.300", "100.200.301"],
        &["123_456", "1_345"],
    ] {
        left("c", codes, "may be thousands or codes side by side");
    }
    left("c", &["1,200", "1200", "850"], "nobody can tell decimals from thousands");
    for sure in [
        &["1,200", "850", "12,500"][..],
        &["1,5", "2", "2,5", "5"],
        &["1 200", "12 500"],
        &["1.234.567", "900"],
        &["$101,205", "$309"],
    ] {
        numbers("c", sure);
    }
}

#[test]
fn thousands_beside_cents() {
    for both in [["€ 1.200", "€ 5.50"], ["€ 1,200", "€ 5,50"], ["1.200", "5.50"]] {
        left("c", &both, "thousands and decimals may be mixed");
    }
    for sure in [["1.200,00", "5,50"], ["1.200", "5,50"], ["$1,200", "$5.50"]] {
        numbers("c", &sure);
    }
    numbers("c", &["1.5", "2.25", "3.125"]);
}

#[test]
fn versions_codes_and_times() {
    left("c", &["1.1", "1.10", "1.2"], "equal as numbers, but not as versions");
    left("c", &["1.9", "1.10", "2.3"], "have different numbers of digits behind the point");
    left("c", &["250.0", "250.00", "401.9"], "equal as numbers");
    left("c", &["9.10", "9.35", "10.05", "18.45", "12.00"], "may be times");
    left("opening time", &["9.10", "9.30"], "may be times");
    for sure in
        [&["12.99", "5.00", "7.49"][..], &["1.0", "2.5", "3.75"], &["$1.5", "$1.50"], &["0.05", "0.50", "0.5", "1.25"]]
    {
        numbers("price", sure);
    }
}

#[test]
fn digits_of_calendars_and_orders() {
    for name in ["order_id", "Order No", "invoiceNumber"] {
        left(name, &["20240115", "20240116", "20240203"], "");
    }
    left("c", &["20240115001", "20240115002", "20240116001"], "digits that begin with a day");
    left("c", &["202401150001", "202401150002", "202401160001"], "digits that begin with a day");
    left("c", &["202401", "202402", "202312"], "years with months");
    left("c", &["202401", "202452", "202330"], "years with weeks");
    assert_eq!(format("order_date", &["20240115", "20240116"]), "YYYYMMDD");
    assert_eq!(format("c", &["20240115101500", "20240116203000", "20240203154500"]), "YYYYMMDDHH24MISS");
    let epochs = ["1700000001", "1700000099", "1700200000"];
    for name in ["candidate_id", "mandate", "holidays", "station"] {
        assert_ne!(format(name, &epochs), "EPOCH", "{name}");
        assert_eq!(
            profile(name, &epochs, 1).role.name(),
            if name == "candidate_id" { "category" } else { "number_in_text" }
        );
    }
    for name in ["created_by", "modified_user", "updatedBy", "last login name", "erstellt_von"] {
        left(name, &epochs, "digits of seconds or milliseconds since 1970, or others");
    }
    for name in ["createdAt", "created_at", "Login Time", "ts", "user_created", "created_by_date"] {
        assert_eq!(format(name, &epochs), "EPOCH", "{name}");
    }
    let never = profile("last_seen_at", &["0", "1700000001", "1700000099"], 5);
    assert_eq!((&never.steps[0]["values"], &never.steps[1]["format"]), (&json!(["0"]), &json!("EPOCH")));
    assert!(never.issue().unwrap().contains("0, which stands for a missing value among seconds since 1970"));
}

#[test]
fn calendars_zones_and_durations() {
    for years in [["2081-01-15", "2080-11-02"], ["15/01/2567", "13/12/2566"], ["1445-06-23", "1445-07-01"]] {
        left("c", &years, "another calendar, such as the Buddhist, the Nepalese or the Islamic one");
    }
    left("c", &["2024-01-15 10:00:00 PST", "2024-07-15 10:00:00 PDT"], "the name of a zone");
    left("c", &["01/02/2024 10:00 EST", "03/04/2024 11:00 EST"], "the name of a zone");
    for durations in [["1:30:00", "0:45:10"], ["2h 15m", "1h 5m"], ["PT1H", "PT30M"], ["09:30", "18:45"]] {
        left("c", &durations, "durations or times of day");
    }
    left("c", &["1.5 kg", "3 kg"], "numbers with a unit, \"kg\"");
    for parts in [["Jan-24", "Feb-24"], ["Jan 24", "Mai 24"], ["15 Jan", "3 Mär"], ["5-May", "6-Jun"]] {
        left("c", &parts, "months with a day or with a year of two digits");
    }
    left("c", &["Montag, 15. Januar 2024", "Dienstag, 16. Januar 2024"], "dates behind a word");
    left("c", &["2024-01-05", "05.02.2024", "Jan 7, 2024"], "dates or timestamps of several forms");
    left("date", &["240105", "240203", "231224"], "six digits in a column whose name speaks of moments");
    left("c", &["15 января 2024", "3 мая 2024"], "in a language that is not known");
    left("c", &["12 Red 1234", "3 Blue 99"], "");
    assert_eq!(profile("c", &["apr", "may", "jun"], 5).issue(), None);
    for (dates, format_) in [
        (["15 janvier 2024", "3 février 2024"], "DD Month YYYY"),
        (["15. März 2024", "3. Dezember 2024"], "DD. Month YYYY"),
        (["15 de enero de 2024", "3 de junio de 2024"], "DD \"de\" Month \"de\" YYYY"),
        (["2024. 1. 15", "2024. 12. 3"], "YYYY. MM. DD"),
        (["3. 6. 2022", "15. 12. 2024"], "DD. MM. YYYY"),
    ] {
        assert_eq!(format("c", &dates), format_);
    }
}

#[test]
fn units_differ_by_case() {
    for units in [["MBps", "Mbps"], ["mWh", "MWh"], ["GBit", "Gbit"], ["mW", "MW"]] {
        assert!(steps("c", &units).is_empty(), "{units:?}");
    }
    assert!(steps("unit", &["Cal", "cal"]).is_empty());
    for words in [["iPhone", "IPHONE"], ["YouTube", "Youtube"], ["USA", "Usa"]] {
        assert_eq!(steps("c", &words), ["merge_levels"], "{words:?}");
    }
    assert_eq!(steps("c", &["caf\u{e9}", "cafe\u{301}", "tea"]), ["normalize_unicode"]);
}

#[test]
fn marks_of_spreadsheets_go() {
    let profile = profile("zip", &["'10001", "'02134", "=\"00501\""], 3);
    assert_eq!(profile.steps, [json!({"step": "strip_text_marks", "columns": ["zip"]})]);
    assert!(profile.issue().unwrap().contains("have an apostrophe before digits"));
    for words in [["'t Hart", "'s Gravenhage"], ["'90s", "'80s"], ["'", "'a"]] {
        assert!(steps("c", &words).is_empty(), "{words:?}");
    }
}

#[test]
fn amounts_are_no_ids() {
    let amounts: Vec<String> = (0..40).map(|i| (i * i * 7 + 13).to_string()).collect();
    left("c", &amounts, "which may name the rows or be amounts");
    assert_eq!(steps("revenue", &amounts), ["parse_number"]);
    assert_eq!(profile("customer_id", &amounts, 1).role.name(), "id");
    let serial: Vec<String> = (0..40).map(|i| (1000 + i).to_string()).collect();
    assert_eq!(profile("c", &serial, 1).role.name(), "id");
    let decimals: Vec<String> = (0..40).map(|i| format!("{:.2}", f64::from(i) * 1.37)).collect();
    assert_eq!(profile("c", &decimals, 1).role.name(), "number_in_text");
    let role = |name: &str, of: fn(i64) -> i64| {
        let mut collector = Collector::new(Kind::Integer, &Sizes::of(1, usize::MAX));
        (0..100).for_each(|i| collector.integer(of(i)).unwrap());
        collector.finish(name, 100, NOW).unwrap().role.name()
    };
    assert_eq!(
        (role("c", |i| i * i * i), role("c", |i| i * 2), role("user_id", |i| i * i * i)),
        ("number", "id", "id")
    );
}
