//! What a profile must not suggest: steps that could falsify. What cannot be known is said, with what to write to decide it.

use orchard_engine::clean::profile::{Collector, ColumnProfile, Kind, Sizes};
use serde_json::{json, Value};

/// 2026-01-01 in seconds since 2000-01-01.
const NOW: f64 = 9497.0 * 86_400.0;

fn named(name: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> ColumnProfile {
    let mut collector = Collector::new(Kind::Text, &Sizes::of(1, usize::MAX));
    let mut rows = 0;
    for value in values {
        rows += 1;
        collector.text(value.as_ref().as_bytes()).unwrap();
    }
    collector.finish(name, rows, NOW).unwrap()
}

fn profile(values: impl IntoIterator<Item = impl AsRef<str>>) -> ColumnProfile {
    named("c", values)
}

/// Nothing is suggested, and the issue says why.
fn refused(values: &[&str], why: &str) {
    let found = profile(values);
    let issue = found.issue().unwrap_or_default();
    assert!(found.steps.is_empty(), "{values:?}: {:?}", found.steps);
    assert!(issue.contains(why), "{values:?}: {issue}");
}

fn step(values: &[&str]) -> Value {
    profile(values).steps.first().cloned().unwrap_or_default()
}

fn times<'a>(parts: &[(&'a str, usize)]) -> Vec<&'a str> {
    parts.iter().flat_map(|(text, n)| std::iter::repeat_n(*text, *n)).collect()
}

#[test]
fn thousands_or_decimals() {
    let unclear = "nobody can tell decimals from thousands";
    for values in [
        &["1.200 €", "1.200 €", "950 €", "80 €"][..],
        &["1.200 €", "1.300 €", "950 €"],
        &["R$ 1.200", "R$ 80"],
        &["₺1.200", "₺80"],
        &["1.200 kr.", "80 kr."],
        &["Rp 15.000", "Rp 900"],
        &["15.000 ₫", "900 ₫"],
        &["$ 45.000", "$ 900"],
        &["-1.200", "80"],
        &["1.000", "2"],
        &["1,789 €", "1,659 €"],
        &["1,789 €", "950 €"],
        &["99,125%", "98,250%"],
        &["52,520", "48,137"],
        &["1,085", "1,092"],
    ] {
        refused(values, unclear);
    }
    refused(&times(&[("1,234", 20), ("1,5", 1)]), "in nearly every number");
    refused(&times(&[("1.234", 20), ("1.5", 1)]), "in nearly every number");
    for (values, decimal) in [
        (&["1,200", "950", "80"][..], "."),
        (&["$1,789", "$1,659"], "."),
        (&["£1,789", "£1,659"], "."),
        (&["1,234.50", "1,200"], "."),
        (&["1,234,567", "1,200"], "."),
        (&["1.200", "0.850"], "."),
        (&["1,200", "0,850"], ","),
        (&["1,085", "1,09", "1,1"], ","),
        (&["1.200,50", "1.200"], ","),
    ] {
        assert_eq!(step(values), json!({"step": "parse_number", "columns": ["c"], "decimal": decimal}), "{values:?}");
    }
}

#[test]
fn letters_that_may_be_units() {
    for (values, meaning) in [
        (&["1,80 m", "1,75 m", "1,69 m"][..], "metres"),
        (&["1.80m", "1.75m"], "metres"),
        (&["5 m", "10 m"], "metres"),
        (&["750 m", "800 m"], "metres"),
        (&["512 B", "128 B"], "bytes"),
        (&["300 K", "77 K"], "kelvin"),
        (&["8.5", "9", "10 M"], "sizes"),
    ] {
        refused(values, meaning);
    }
    for sure in [&["1.5k", "3", "2m"][..], &["$5 m", "$7 m"], &["1.2M", "3.4M"], &["1.5k", "2.5k"], &["5 mio", "7 mio"]]
    {
        assert_eq!(step(sure)["step"], "parse_number", "{sure:?}");
    }
}

#[test]
fn negative_throughout() {
    refused(&["(12)", "(1,234)", "(5)"], "nobody can tell whether they are negative");
    refused(&["12-", "15-"], "nobody can tell whether they are negative");
    // Short ones may be marks, as those of schools are.
    refused(&["(12)", "15"], "(12)");
    refused(&["12-", "15"], "12-");
    for sure in [&["(1,234.50)", "1,500.25"][..], &["1,234.50-", "1,500.25"], &["-12", "-15"], &["5,-", "7,-"]] {
        assert_eq!(step(sure)["step"], "parse_number", "{sure:?}");
    }
}

#[test]
fn digits_that_would_be_lost() {
    let mut codes: Vec<String> = (0..400).map(|i| (1000 + i % 200).to_string()).collect();
    codes[7] = "007".into();
    let found = profile(&codes);
    assert!(found.steps.is_empty() && found.issue().unwrap().contains("such as \"007\""), "{:?}", found.issue());
    codes[7] = "12345678901234567890".into();
    assert!(profile(&codes).steps.is_empty());
    for ids in [
        ["123 456 789 012 345 678", "123 456 789 012 345 679"],
        ["123,456,789,012,345,678", "123,456,789,012,345,679"],
        ["123.456.789.012.345.678", "123.456.789.012.345.679"],
        ["$9,007,199,254,740,993.00", "$9,007,199,254,740,992.00"],
    ] {
        let found = profile(ids);
        assert!(found.steps.is_empty(), "{ids:?}: {:?}", found.steps);
    }
    // One among more than can be kept is seen too.
    let many = (0..50_000).map(|i| if i == 40_000 { "007".to_owned() } else { (1000 + i).to_string() + ".5" });
    let found = profile(many);
    assert!(found.steps.is_empty() && found.issue().unwrap().contains("such as \"007\""), "{:?}", found.issue());
    assert_eq!(step(&["0.12345678901234567", "0.5", "0.25"])["step"], "parse_number");
}

#[test]
fn dates_that_may_be_others() {
    for values in [
        &["24/01/15", "24/02/20", "24/03/05"][..],
        &["24.01.15", "24.02.20", "24.03.05"],
        &["24/01/15 10:20", "24/02/20 11:30", "24/03/05 12:40"],
    ] {
        let found = profile(values);
        assert!(found.steps.is_empty(), "{values:?}: {:?}", found.steps);
    }
    refused(&["24/01/15", "24/02/20", "24/03/05"], "which number is the year");
    let dates = |f: &dyn Fn(usize) -> String| profile((0..300).map(f)).steps.first().cloned().unwrap_or_default();
    assert_eq!(dates(&|i| format!("{:02}/{:02}/24", i % 28 + 1, i % 12 + 1))["format"], "DD/MM/YY");
    assert_eq!(dates(&|i| format!("24/{:02}/{:02}", i % 12 + 1, i % 28 + 1))["format"], "YY/MM/DD");
    // Births: the same rule whatever the day of the look.
    refused(&["05.03.45", "31.12.52", "25.07.68"], "years of two digits");
    refused(&["2008/09", "2009/10", "2010/11"], "business years or seasons");
    assert_eq!(step(&["2008/09", "2008/10", "2008/11"])["format"], "YYYY/MM");
    let mixed =
        times(&[("01/02/2024", 96), ("03/04/2024", 96), ("13/02/2024", 1), ("02/13/2024", 1), ("02/14/2024", 1)]);
    refused(&mixed, "days and months are mixed");
    refused(&times(&[("01/02/2024", 9), ("13/02/2024", 1), ("02/13/2024", 1)]), "days and months are mixed");
    assert_eq!(step(&times(&[("01/02/2024", 96), ("13/02/2024", 1)]))["format"], "DD/MM/YYYY");
    refused(&["12.05.2024", "12.31.2024"], "no format is known");
    refused(&["13/02/2024 10:00", "02/13/2024 11:00"], "days and months are mixed");
    refused(&["1445/06/23", "1445/07/01", "1446/01/02"], "another calendar");
    refused(&["25/01/2567", "05/01/2567"], "another calendar");
}

#[test]
fn moments_of_several_forms() {
    for (values, kind) in [
        (times(&[("2024-01-03", 97), ("2024-01-05 10:20:30", 3)]), "timestamp"),
        (times(&[("2024-01-05 10:20:30", 95), ("2024-01-03", 2)]), "timestamp"),
        (times(&[("2024-01-05 10:20:30", 97), ("2024-01-05 10:20", 3)]), "timestamp"),
        (times(&[("2024-01-03", 97), ("3 Jan 2024", 3)]), "date"),
        (times(&[("2024-01-03", 97), ("20240105", 3)]), "date"),
    ] {
        let found = profile(&values);
        let expected = json!([{"step": "parse_timestamp", "columns": ["c"], "type": kind}]);
        assert_eq!(Value::Array(found.steps.clone()), expected, "{:?}", found.issue());
        assert!(found.issue().unwrap().contains("each is read by itself"));
    }
    // Seconds since 1970 are of no known zone beside a time of day.
    refused(&times(&[("2024-01-05 10:20:30", 97), ("1704277230", 1)]), "another form");
    refused(&times(&[("13/02/2024", 60), ("01/02/2024", 37), ("2024-01-05 10:20:30", 3)]), "have another form");
}

#[test]
fn characters_that_mean_something() {
    let form = |values: &[&str]| step(values)["form"].clone();
    assert_eq!(form(&["1½ l", "10³", "ca\u{301}fe", "①"]), "nfc");
    assert_eq!(form(&["ａbc", "abd"]), "nfkc");
    assert_eq!(form(&["ａbc", "Nike™", "H₂O"]), "nfc");
    assert!(profile(["ａbc", "Nike™", "H₂O"]).issue().unwrap().contains("full-width and half-width letters stay"));
    assert_eq!(step(&["½", "²", "①"]), Value::Null);
}

#[test]
fn letters_that_differ() {
    let found = profile(times(&[("Müller", 5), ("Muller", 5), ("Peña", 5), ("Pena", 5), ("Red", 5), ("RED", 5)]));
    let merge = json!([{"step": "merge_levels", "columns": ["c"], "max_distance": 0, "accents": true}]);
    assert_eq!(Value::Array(found.steps), merge);
    assert!(profile(times(&[("aBcDeF", 5), ("AbCdEf", 5), ("abcdef", 5)])).steps.is_empty());
    assert!(named("slug", times(&[("abcdef", 5), ("ABCDEF", 5)])).steps.is_empty());
    assert_eq!(step(&times(&[("iPhone", 5), ("IPhone", 5), ("iphone", 5)]))["step"], "merge_levels");
}

#[test]
fn names_and_amounts_that_look_like_nothing() {
    for names in [["Kim", "Na", "Lee"], ["Kim", "Nan", "Lee"], ["Kim", "Null", "Lee"]] {
        refused(&names, "may stand for a missing value or be a level");
    }
    refused(&["Kim", "NA", "LEE", "PARK"], "may stand for a missing value or be a level");
    assert_eq!(step(&["red", "Null", "blue"])["values"], json!(["Null"]));
    let balances = times(&[("-99.00", 5), ("-20", 5), ("10", 5), ("15", 5)]);
    assert_eq!(profile(&balances).steps.len(), 1);
    assert!(profile(&balances).issue().unwrap().contains("may stand for a missing value, far from"));
    assert_eq!(step(&times(&[("-99", 5), ("20", 5), ("10", 5), ("15", 5)]))["step"], "placeholders");
}

#[test]
fn counts_of_a_sample_stand_for_all() {
    let found = profile((1..=100_000).map(|i| if i % 2 == 0 { format!("{i}%") } else { i.to_string() }));
    let issue = found.issue().unwrap();
    let share: f64 = issue.split("rows (").nth(1).and_then(|t| t.split(' ').next()).unwrap().parse().unwrap();
    assert!(issue.contains("about ") && (45.0..55.0).contains(&share), "{issue}");
}

#[test]
fn one_currency_in_several_spellings() {
    for one in [
        &["5 TL", "₺7", "9 TRY"][..],
        &["¥5", "7円", "9 JPY"],
        &["¥5", "7元", "9 CNY"],
        &["5 zł", "7 PLN"],
        &["R$5", "7 BRL"],
        &["5 CHF", "Fr. 7", "SFr. 9"],
        &["5 kr", "7 SEK"],
        &["₽5", "7 руб.", "9 RUB"],
    ] {
        assert_eq!(step(one)["step"], "parse_number", "{one:?}: {:?}", profile(one).issue());
    }
    refused(&["5 kr", "7 EUR"], "currencies are mixed");
    refused(&["7円", "9元"], "currencies are mixed");
}

#[test]
fn what_is_read_and_what_is_only_said() {
    for words in [
        ["Tak", "Nie"],
        ["Evet", "Hayır"],
        ["Ja", "Nee"],
        ["Ja", "Nej"],
        ["Ano", "Ne"],
        ["Kyllä", "Ei"],
        ["Ναι", "Όχι"],
        ["نعم", "لا"],
        ["예", "아니오"],
        ["हाँ", "नहीं"],
        ["☑", "☐"],
    ] {
        assert_eq!(step(&words)["step"], "parse_boolean", "{words:?}");
    }
    for nothing in ["#NV", "#WERT!", "#####", "NaT", "(leer)", "n.v.", "inconnu", "暂无", "1.#IND"] {
        assert_eq!(step(&["5.5", nothing, "7"])["values"], json!([nothing]));
    }
    assert_eq!(step(&["20240103", "20240104"])["format"], "YYYYMMDD");
    refused(&["< 10%", "> 90%", "50%"], "a number with a sign");
    refused(&["3.4x", "2x"], "a number with a sign");
    assert_eq!(step(&["=\"001\"", "=\"002\""])["step"], "strip_text_marks");
    let role = |name: &str, values: &[&str]| named(name, values).role.name();
    for numbers in [["100 200 030", "100 200 031"], ["732 829 320", "123 456 789"], ["100-200-3000", "100-200-3001"]] {
        assert_ne!(role("c", &numbers), "phone", "{numbers:?}");
    }
    assert_ne!(role("c", &["1.2.3.4", "1.2.3.5"]), "ip");
    assert_eq!(role("Phone", &["+14155552671", "4155552671", "(415) 555-2671"]), "phone");
    let hidden = profile(["red", "\u{1}\u{2}", "blue"]);
    assert_eq!(hidden.steps[1], json!({"step": "placeholders", "columns": ["c"], "values": [""]}));
}

/// No step makes numbers, truth values or moments of these, and none makes values NULL.
fn untyped(name: &str, values: &[&str], why: &str) {
    let found = named(name, values);
    let typed = |step: &Value| {
        ["parse_number", "parse_boolean", "parse_timestamp", "placeholders"].iter().any(|s| step["step"] == *s)
    };
    let issue = found.issue().unwrap_or_default();
    // A blank is a missing value whatever the others are.
    let steps = found.steps.iter().filter(|step| step["values"] != json!([""]));
    assert!(!steps.into_iter().any(typed), "{name} {values:?}: {:?}", found.steps);
    assert!(issue.contains(why), "{name} {values:?}: {issue}");
}

#[test]
fn codes_of_letters_and_digits() {
    let codes = "nobody can tell codes from amounts";
    for suffixed in ["10040-B", "10040-R", "10040-K", "12-B", "12K", "12-"] {
        untyped("item", &times(&[("10000", 20), ("10001", 19), (suffixed, 1)]), codes);
    }
    untyped("unit", &times(&[("119B", 20), ("12K", 19), ("1.5", 1)]), codes);
    for pair in [
        ["LV-1001", "LV-1002"],
        ["FR-75", "FR-76"],
        ["FR-2B", "FR-2A"],
        ["FR01300007919", "FR01300007920"],
        ["rs7412", "rs429358"],
        ["EUR-10001", "EUR-10002"],
        ["RM0100001", "RM0100002"],
    ] {
        untyped("item", &times(&[(pair[0], 5), (pair[1], 5)]), if pair[0] == "FR-2B" { "" } else { codes });
    }
    for sure in
        [&["Rs500", "Rs700"][..], &["USD1500.50", "USD1200"], &["12.50-", "15.00", "16.00"], &["$5", "$7k", "$8"]]
    {
        assert_eq!(step(sure)["step"], "parse_number", "{sure:?}: {:?}", profile(sure).issue());
    }
    for name in ["zip", "order_id", "product_code", "transactionId"] {
        untyped(name, &times(&[("10000", 20), ("10001", 19), ("A12 4", 1)]), "");
    }
    assert_eq!(named("plan", ["$5", "$7"]).steps.len(), 1);
}

#[test]
fn one_word_is_no_pair() {
    for word in ["ON", "NO", "F", "da", "N", "yes"] {
        untyped("province", &times(&[(word, 9), ("", 3)]), "name the step parse_boolean");
        let parse = json!({"step": "parse_boolean", "columns": ["is_paid"]});
        assert!(named("is_paid", times(&[(word, 9), ("", 3)])).steps.contains(&parse), "{word}");
    }
    untyped("class", &["J", "N", "J"], "name the step parse_boolean");
    assert_eq!(named("newsletter_flag", ["J", "N", "J"]).steps.len(), 1);
    assert_eq!(step(&["Y", "N", "Y"])["step"], "parse_boolean");
}

#[test]
fn regions_telephones_and_periods_by_name() {
    for regions in [["na", "emea", "apac", "latam"], ["NA", "Europe", "Asia", "LATAM"]] {
        untyped("region", &regions, "may stand for a missing value or be a level");
    }
    for name in ["cancelled", "mobile_revenue", "Automobile price", "headphones_revenue"] {
        let found = named(name, times(&[("1200300", 5), ("3400500", 5)]));
        assert_eq!(found.role.name(), "number_in_text", "{name}");
        assert_eq!(found.steps[0]["step"], "parse_number", "{name}");
    }
    for name in ["phone", "mobile", "Telefonnummer", "cellPhone"] {
        assert_eq!(named(name, times(&[("1200300", 5), ("3400500", 5)])).role.name(), "phone", "{name}");
    }
    for months in [["02.2021", "03.2021"], ["2024.10", "2024.11"]] {
        untyped("c", &times(&[(months[0], 5), (months[1], 5)]), "months and years");
    }
    assert_eq!(step(&["2024.10", "2024.50"])["step"], "parse_number");
    for (name, values) in
        [("week", ["2024-06", "2024-07"]), ("issue", ["11/2024", "12/2024"]), ("Quarter", ["4/2023", "1/2024"])]
    {
        untyped(name, &values, "weeks, quarters or terms");
    }
    assert_eq!(named("month", ["2024-06", "2024-07"]).steps[0]["step"], "parse_timestamp");
}

#[test]
fn line_breaks_are_kept() {
    for laid_out in ["a first line of text\n\nand a second one", "a list with  - two - parts\r\n - more"] {
        let found = named("review", [laid_out, "it was fine and came soon ", "it was not what we had hoped for"]);
        assert!(found.steps.is_empty(), "{:?}", found.steps);
        assert!(found.issue().unwrap().contains("white space inside has a meaning"));
    }
    let found = named("review", ["it was fine and came soon ", "it was not what we had hoped for", "it was very good"]);
    assert_eq!(found.steps, [json!({"step": "trim", "columns": ["review"]})]);
    assert_eq!(step(&times(&[("New  York", 5), ("New York", 5), ("Oslo ", 5)]))["step"], "trim");
}
