//! Numbers and moments in texts: tables of what is read and what is not, and naive readers beside the real ones.
#![allow(missing_docs)]

use orchard_engine::clean::parse::{
    number, number_bytes, number_format, timestamp, timestamp_format, Decimal, TimestampFormat,
};
use orchard_engine::model::days;
use proptest::prelude::*;
use Decimal::{Comma, Detect, Point};

#[test]
fn numbers_as_people_write_them() {
    for (text, value) in [
        ("1234.5", 1234.5),
        ("$1,234.50", 1234.5),
        ("-$1,234.50", -1234.5),
        ("$-5", -5.0),
        ("1.234,50 €", 1234.5),
        ("1 234,5", 1234.5),
        ("1\u{A0}234,5\u{202F}€", 1234.5),
        ("1\u{2009}234\u{2009}567", 1234567.0),
        ("1'234.5", 1234.5),
        ("CHF 1’234.50", 1234.5),
        ("12,34,567", 1234567.0),
        ("₹12,34,567.89", 1234567.89),
        ("1,234", 1234.0),
        ("1.234", 1.234),
        ("1,23", 1.23),
        ("0,123", 0.123),
        ("1234,567", 1234.567),
        ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("1.234.567,8", 1234567.8),
        ("1,234,567.8", 1234567.8),
        ("12 %", 0.12),
        ("99%", 0.99),
        ("5 ‰", 0.005),
        ("(1,234.50)", -1234.5),
        ("($5.00)", -5.0),
        ("$(5.00)", -5.0),
        ("(12%)", -0.12),
        ("1,234-", -1234.0),
        ("−5", -5.0),
        ("- 5", -5.0),
        ("+5", 5.0),
        ("5", 5.0),
        (" 5 ", 5.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("5,- €", 5.0),
        ("CHF 5.--", 5.0),
        ("Rs.500", 500.0),
        ("Rs. 500/-", 500.0),
        ("R$ 1.234,56", 1234.56),
        ("US$5", 5.0),
        ("$5 USD", 5.0),
        ("5 USD", 5.0),
        ("EUR 5", 5.0),
        ("5kr", 5.0),
        ("kr. 5", 5.0),
        ("12 zł", 12.0),
        ("12 Kč", 12.0),
        ("500 руб.", 500.0),
        ("¥1,000", 1000.0),
        ("1000円", 1000.0),
        ("1.2万", 12000.0),
        ("3亿", 3e8),
        ("1.2k", 1200.0),
        ("$1.2M", 1.2e6),
        ("3 bn", 3e9),
        ("3.5 mn EUR", 3.5e6),
        ("2B", 2e9),
        ("5 million", 5e6),
        ("2 crore", 2e7),
        ("1e3", 1000.0),
        ("1.5E+10", 1.5e10),
        ("1e-7", 1e-7),
        ("１２３．５", 123.5),
        ("٣٫٥", 3.5),
        ("1_000", 1000.0),
        ("-0", 0.0),
        ("0.1", 0.1),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("9007199254740993", 9007199254740992.0),
        ("1e-400", 0.0),
        ("000,5", 0.5),
    ] {
        let read = number(text, Detect);
        assert_eq!(read, Some(value), "{text}");
        assert_eq!(read.map(f64::is_sign_negative), Some(value < 0.0), "{text}");
    }
}

#[test]
fn other_texts_are_no_numbers() {
    for text in [
        "",
        " ",
        "abc",
        "N/A",
        "-",
        "+",
        "$",
        "%",
        ".",
        ",",
        "()",
        "(5",
        "5)",
        "(-5)",
        "((5))",
        "--5",
        "+-5",
        "-5-",
        "5+",
        "1 2",
        "12 34",
        "1,23,4",
        "1,234,56",
        "12,345,67",
        "1,234.567,8",
        "1.2.3",
        "10.0.0.1",
        "2024-01-05",
        "05.01.2024",
        "10:30",
        "1/2",
        "5 kg",
        "5 kg 3",
        "inf",
        "Infinity",
        "NaN",
        "nan",
        "1e400",
        "-1e999999999999999999",
        "1e",
        "0x10",
        "5%%",
        "5k%",
        "$$$5",
        "top 5",
        "5th",
        "1st",
        "1 234,567.8",
        "1 234'567",
        "1  234",
        "a1",
        "1a",
        "=5",
        "~5",
        ">5",
        "é5",
        "5é",
        "\u{1}5",
        "5\u{2}5",
        "e5",
        "6 ft",
        "1,,234",
        "1'23",
        ",,",
    ] {
        assert_eq!(number(text, Detect), None, "{text:?}");
    }
    assert_eq!(number(&"1".repeat(1025), Detect), None);
    assert_eq!(number(&format!("0.{}1", "0".repeat(1000)), Detect), Some(0.0));
    assert_eq!(number_bytes(b"5\xFF", Detect), None);
}

#[test]
fn a_convention_is_kept() {
    for (text, point, comma) in [
        ("1,234", Some(1234.0), Some(1.234)),
        ("1.234", Some(1.234), Some(1234.0)),
        ("1,5", None, Some(1.5)),
        ("1.5", Some(1.5), None),
        ("1,234.5", Some(1234.5), None),
        ("1.234,5", None, Some(1234.5)),
        ("1.234.567", None, Some(1234567.0)),
        ("0,123", None, Some(0.123)),
        ("12", Some(12.0), Some(12.0)),
        ("1 234,5", None, Some(1234.5)),
        ("1e3", Some(1000.0), Some(1000.0)),
    ] {
        assert_eq!((number(text, Point), number(text, Comma)), (point, comma), "{text}");
    }
}

#[test]
fn the_column_decides_the_decimal_sign() {
    let format = |values: &[&str]| number_format(values.iter().map(|v| (*v, 10)));
    assert_eq!(format(&["1,234", "5", "N/A", ""]), Some((Point, 1.0)));
    assert_eq!(format(&["1,234", "2,5"]), Some((Comma, 1.0)));
    assert_eq!(format(&["1.234", "1.234.567"]), Some((Comma, 1.0)));
    assert_eq!(format(&["1.234,5", "1,234.5"]), Some((Detect, 1.0)));
    assert_eq!(format(&["1", "x"]), None);
    assert_eq!(format(&["N/A"]), None);
    assert_eq!(format(&[]), None);
    assert_eq!(number_format([("1,5", 96), ("x", 4)].into_iter()), Some((Comma, 0.96)));
}

fn at(year: i64, month: i64, day: i64, hour: i64, minute: i64, micros: i64) -> i64 {
    (days(year, month, day) * 1440 + hour * 60 + minute) * 60_000_000 + micros
}

#[test]
fn moments_as_people_write_them() {
    let day = at(2024, 1, 3, 0, 0, 0);
    let time = at(2024, 1, 3, 10, 20, 30_000_000);
    for (text, moment) in [
        ("2024-01-03", day),
        ("2024-1-3", day),
        ("2024/01/03", day),
        ("2024.01.03", day),
        ("20240103", day),
        ("2024年1月3日", day),
        ("03.01.2024", day),
        ("3.1.24", day),
        ("3 Jan 2024", day),
        ("03-Jan-2024", day),
        ("03-JAN-24", day),
        ("3 January 2024", day),
        ("3 Jan 24", day),
        ("3rd January 24", day),
        ("3. January 2024", day),
        ("3rd Jan 2024", day),
        ("Jan 3, 2024", day),
        ("Jan. 3, 2024", day),
        ("January 3rd, 2024", day),
        ("January 3 2024", day),
        ("Wednesday, January 3, 2024", day),
        ("2024-Jan-03", day),
        ("May 5, 2024", at(2024, 5, 5, 0, 0, 0)),
        ("3 janvier 2024", day),
        ("3 janv. 2024", day),
        ("1er janvier 2024", at(2024, 1, 1, 0, 0, 0)),
        ("3. Januar 2024", day),
        ("15. MÄRZ 2024 10:20", at(2024, 3, 15, 10, 20, 0)),
        ("3 de enero de 2024", day),
        ("3-ene-2024", day),
        ("3 de março del 2024", at(2024, 3, 3, 0, 0, 0)),
        ("3 gennaio 2024", day),
        ("3 mei 2024", at(2024, 5, 3, 0, 0, 0)),
        ("3.Jan.24", day),
        ("août 2024", at(2024, 8, 1, 0, 0, 0)),
        ("enero de 2024", at(2024, 1, 1, 0, 0, 0)),
        ("2024. 1. 3", day),
        ("2024. 1. 3. 10:20:30", time),
        ("5 Sept 2024", at(2024, 9, 5, 0, 0, 0)),
        ("2024-03", at(2024, 3, 1, 0, 0, 0)),
        ("03/2024", at(2024, 3, 1, 0, 0, 0)),
        ("Mar 2024", at(2024, 3, 1, 0, 0, 0)),
        ("2024-01-03T10:20:30", time),
        ("2024-01-03t10:20:30z", time),
        ("2024-01-03 10:20:30", time),
        ("2024-01-03  10:20:30", time),
        ("2024-01-03T10:20:30Z", time),
        ("2024-01-03T12:20:30+02:00", time),
        ("2024-01-03 12:20:30+02", time),
        ("2024-01-03 05:20:30 -0500", time),
        ("2024-01-03 10:20:30 UTC", time),
        ("2024-01-03T10:20:30.5", time + 500_000),
        ("2024-01-03T10:20:30,123", time + 123_000),
        ("2024-01-03T10:20:30.1234567", time + 123_457),
        ("2024-01-03T10:20:30.9999999", time + 1_000_000),
        ("20240103T102030", time),
        ("20240103102030", time),
        ("20240103T102030Z", time),
        ("13/01/2024", at(2024, 1, 13, 0, 0, 0)),
        ("01/13/2024", at(2024, 1, 13, 0, 0, 0)),
        ("05/05/2024", at(2024, 5, 5, 0, 0, 0)),
        ("31/12/24", at(2024, 12, 31, 0, 0, 0)),
        ("1/13/2024 10:20 PM", at(2024, 1, 13, 22, 20, 0)),
        ("1/13/2024 12:20am", at(2024, 1, 13, 0, 20, 0)),
        ("1/13/2024, 12:20:30 p.m.", at(2024, 1, 13, 12, 20, 30_000_000)),
        ("Jan 3, 2024 10 AM", at(2024, 1, 3, 10, 0, 0)),
        ("Jan 3, 2024, 10:20:30\u{202F}AM", time),
        ("Wed, 03 Jan 2024 10:20:30 +0000", time),
        ("Wed, 03 Jan 2024 10:20:30 GMT", time),
        ("Wed Jan  3 10:20:30 2024", time),
        ("Wed Jan 03 2024 11:20:30 GMT+0100", time),
        ("03/Jan/2024:10:20:30 +0000", time),
        ("1704277230", time),
        ("1704277230.5", time + 500_000),
        ("1704277230123", time + 123_000),
        ("2024-02-29", at(2024, 2, 29, 0, 0, 0)),
        (" 2024-01-03\t", day),
        ("0001-01-01", at(1, 1, 1, 0, 0, 0)),
        ("9999-12-31 23:59:59", at(9999, 12, 31, 23, 59, 59_000_000)),
    ] {
        assert_eq!(timestamp(text, None), Some(moment), "{text}");
    }
}

#[test]
fn what_is_no_moment_or_not_certain() {
    for text in [
        "",
        " ",
        "x",
        "03/04/2024",
        "03-04-2024",
        "03/04/24",
        "12-11-10",
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-01-00",
        "0000-01-01",
        "2024-01-03 24:00:00",
        "2024-01-03 10:60",
        "2024-01-03 10:20:60",
        "2024-01-03T10:20:30+25:00",
        "2024-01-03 13:00 PM",
        "2024-01-03 0:00 AM",
        "2024-01-03 10",
        "2024-01-03 x",
        "2024-01-03T",
        "2024-01-03 10:20 EST",
        "30 Feb 2024",
        "Foo 3, 2024",
        "2024",
        "20241301",
        "12345678",
        "123456789",
        "12-3456",
        "Wed1704277230",
        "Mon, 3 Jan 2024", // a Wednesday
        "Thursday, January 3, 2024",
        "3 Jan 1",
        "3 Jan 024",
        "Wed, 1704277230",
        "1234-12",
        "2024-1/3",
        "10:20",
        "2024-01-03 10:20:30.",
        "2024.01",
        "3.5",
        "3/4",
        "32/01/2024",
        "2024-01-03-04",
        "2024-01-03 10:20:30 +02:00 x",
        "1.2.3.4",
        "2024. 1.3",
        "2024. 1",
        "3 de 2024",
        "3 of January 2024",
        "3 avrilx 2024",
        "15 января 2024",
    ] {
        assert_eq!(timestamp(text, None), None, "{text:?}");
    }
    assert_eq!(timestamp(&"2024-01-03 ".repeat(100), None), None);
}

#[test]
fn formats_read_what_they_say() {
    for (format, text, moment) in [
        ("DD/MM/YYYY", "03/04/2024", Some(at(2024, 4, 3, 0, 0, 0))),
        ("MM/DD/YYYY", "03/04/2024", Some(at(2024, 3, 4, 0, 0, 0))),
        ("MM/DD/YYYY", "13/04/2024", None),
        ("MM/DD/YYYY", "03-04-2024", None),
        ("YY-MM-DD", "24-01-03", Some(at(2024, 1, 3, 0, 0, 0))),
        ("YY-MM-DD", "75-01-03", Some(at(1975, 1, 3, 0, 0, 0))),
        ("YYYYDDD", "2024366", Some(at(2024, 12, 31, 0, 0, 0))),
        ("YYYYDDD", "2023366", None),
        ("YYYYMMDD", "2024013", None),
        ("YYYY-MM-DD HH12:MI:SS PM", "2024-01-03 10:20:30 pm", Some(at(2024, 1, 3, 22, 20, 30_000_000))),
        ("YYYY-MM-DD HH24:MI:SS.MS", "2024-01-03 10:20:30", Some(at(2024, 1, 3, 10, 20, 30_000_000))),
        ("YYYY-MM-DD HH24:MI:SS TZH:TZM", "2024-01-03 10:20:30 -05:30", Some(at(2024, 1, 3, 15, 50, 30_000_000))),
        ("Dy Mon DD HH24:MI:SS YYYY", "Wed Jan 3 10:20:30 2024", Some(at(2024, 1, 3, 10, 20, 30_000_000))),
        ("YYYY-MM-DD\"T\"HH24:MI", "2024-01-03T10:20", Some(at(2024, 1, 3, 10, 20, 0))),
        ("YYYY-MM-DDTHH24:MI", "2024-01-03T10:20", Some(at(2024, 1, 3, 10, 20, 0))),
        ("Month DDth, YYYY", "January 3rd, 2024", Some(at(2024, 1, 3, 0, 0, 0))),
        ("YYYY", "2024", Some(at(2024, 1, 1, 0, 0, 0))),
        ("EPOCH", "0", Some(at(1970, 1, 1, 0, 0, 0))),
        ("EPOCH", "-1.5", Some(at(1970, 1, 1, 0, 0, -1_500_000))),
        ("EPOCH_MS", "1500", Some(at(1970, 1, 1, 0, 0, 1_500_000))),
        ("EPOCH", "999999999999", None),
        ("DD Mon YYYY", "3 févr. 2024", Some(at(2024, 2, 3, 0, 0, 0))),
        ("DD Mon. YYYY", "3 févr. 2024", Some(at(2024, 2, 3, 0, 0, 0))),
        ("DD Mon. YYYY", "3 févr 2024", None),
        ("YYYY-MM-DD", "2024-01-03x", None),
        ("YYYY-MM-DD", "", None),
    ] {
        assert_eq!(timestamp(text, Some(&TimestampFormat::compile(format).unwrap())), moment, "{format} {text}");
    }
}

#[test]
fn the_column_decides_the_order() {
    let format = |values: &[&str]| timestamp_format(values.iter().map(|v| (*v, 10)));
    let found = |format: &str| Some((format.to_owned(), 1.0));
    assert_eq!(format(&["03/04/2024", "13/04/2024", "", "N/A"]), found("DD/MM/YYYY"));
    assert_eq!(format(&["03/04/2024", "04/13/2024"]), found("MM/DD/YYYY"));
    assert_eq!(format(&["03/04/2024", "04/05/2024"]), None);
    assert_eq!(format(&["01/01/2024", "02/02/2024"]), found("DD/MM/YYYY"));
    assert_eq!(format(&["2024-01-05", "2024-01-06"]), found("YYYY-MM-DD"));
    assert_eq!(format(&["2024-01-05T10:20:30Z"]), found("YYYY-MM-DD\"T\"HH24:MI:SSTZ"));
    assert_eq!(format(&["2024-01-05 10:20:30", "2024-01-05 10:20:30.25"]), found("YYYY-MM-DD HH24:MI:SS.US"));
    assert_eq!(format(&["May 5, 2024", "Jun 6, 2024"]), found("Mon DD, YYYY"));
    assert_eq!(format(&["May 5, 2024", "June 6, 2024"]), found("Month DD, YYYY"));
    assert_eq!(format(&["3 févr. 2024", "4 mars 2024", "5 janv. 2024"]), found("DD Mon YYYY"));
    assert_eq!(format(&["3 de enero de 2024", "14 de mayo de 2024"]), found("DD \"de\" Month \"de\" YYYY"));
    assert_eq!(format(&["2024. 1. 3.", "2024. 12. 31."]), found("YYYY. MM. DD."));
    assert_eq!(format(&["1704277230", "0"]), found("EPOCH"));
    assert_eq!(format(&["99-01-31", "98-02-28"]), found("YY-MM-DD"));
    assert_eq!(format(&["24-01-31", "24-02-28"]), None);
    assert_eq!(format(&["1704277230", "1704277231"]), found("EPOCH"));
    assert_eq!(format(&["2125551234", "4155551234"]), None);
    assert_eq!(format(&["2024-01-05", "x"]), None);
    assert_eq!(format(&["1", "2"]), None);
    assert_eq!(format(&[]), None);
    for text in
        ["1/13/2024 10:20 PM", "Wed, 03 Jan 2024 10:20:30 +0000", "2024年1月31日", "20240103T102030", "Jan 3rd, 2024"]
    {
        let (format, _) = format(&[text]).unwrap();
        let compiled = TimestampFormat::compile(&format).unwrap();
        assert_eq!(timestamp(text, Some(&compiled)), timestamp(text, None), "{text} by {format}");
    }
}

proptest! {
    /// Whatever is written with separators is read back to the very number.
    #[test]
    fn numbers_come_back(whole in 0u64..1_000_000_000_000, cents in 0u32..100, negative: bool, style in 0usize..6) {
        let value: f64 = format!("{}{whole}.{cents:02}", if negative { "-" } else { "" }).parse().unwrap();
        let (separator, point) = [(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u{202F}", ","), ("", ".")][style];
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                grouped.push_str(separator);
            }
            grouped.push(c);
        }
        let plain = format!("{grouped}{point}{cents:02}");
        for text in [if negative { format!("-{plain} €") } else { format!("€{plain}") },
                     if negative { format!("({plain})") } else { plain.clone() },
                     if negative { format!("{plain}-") } else { format!("+{plain} EUR") }] {
            let read = number(&text, Detect).unwrap();
            prop_assert_eq!(read, if value == 0.0 { 0.0 } else { value }, "{}", text);
        }
    }

    /// Plain numbers are what std reads.
    #[test]
    fn plain_numbers_are_as_in_std(text in "-?[0-9]{1,25}(\\.[0-9]{1,25})?(e-?[0-9]{1,3})?") {
        let value: f64 = text.parse().unwrap();
        prop_assert_eq!(number(&text, Point), value.is_finite().then_some(if value == 0.0 { 0.0 } else { value }));
    }

    /// A moment in any format is read back by it, and where it says so itself without it.
    #[test]
    fn moments_come_back(year in 1000i64..3000, month in 1i64..=12, day in 1i64..=31, second in 0i64..86_400, micros in 0i64..1_000_000) {
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        let real = day <= [31, 28 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
        let moment = real.then(|| at(year, month, day, h, m, s * 1_000_000 + micros));
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month as usize - 1];
        for (format, text) in [
            ("YYYY-MM-DD\"T\"HH24:MI:SS.US", format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{micros:06}")),
            ("DD.MM.YYYY HH24:MI:SS.US", format!("{day}.{month}.{year:04} {h}:{m:02}:{s:02}.{micros:06}")),
            ("Mon DD, YYYY HH24:MI:SS.US", format!("{name} {day}, {year:04} {h:02}:{m:02}:{s:02},{micros:06}")),
            ("DD-Mon-YYYY HH24:MI:SS.USTZ", format!("{day:02}-{name}-{year:04} {h:02}:{m:02}:{s:02}.{micros:06}Z")),
        ] {
            let compiled = TimestampFormat::compile(format).unwrap();
            prop_assert_eq!(timestamp(&text, Some(&compiled)), moment, "{} {}", format, &text);
            prop_assert_eq!(timestamp(&text, None), moment, "{}", &text);
        }
    }

    /// Every reading of a text without a format is the reading by one of the formats that say so.
    #[test]
    fn detection_never_guesses(a in 1i64..=31, b in 1i64..=12, year in 1970i64..2070) {
        let text = format!("{a:02}/{b:02}/{year}");
        let by = |format: &str| timestamp(&text, Some(&TimestampFormat::compile(format).unwrap()));
        let expected = match (by("DD/MM/YYYY"), by("MM/DD/YYYY")) {
            (Some(one), Some(other)) if one != other => None,
            (one, other) => one.or(other),
        };
        prop_assert_eq!(timestamp(&text, None), expected);
    }
}
