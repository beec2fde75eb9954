//! Cleaning steps: what they learn, and that a row and a table of rows come out alike.

use orchard_engine::clean::fit::{fit, CleanInput, Fitted, Teacher};
use orchard_engine::clean::program::{Kind, Program, Row, Source};
use orchard_engine::clean::step::Step;
use orchard_engine::control::Control;
use orchard_engine::data::{Column, ColumnData, MISSING};
use serde_json::{json, Value};

fn number(name: &str, values: &[f64]) -> CleanInput {
    let column = Column::from_numbers(name, values, &Control::default()).unwrap();
    CleanInput {
        source: Source { name: name.into(), kind: Kind::Number },
        column: Some(column),
        digits: None,
        fixed: false,
    }
}

fn text(name: &str, values: &[Option<&str>]) -> CleanInput {
    let column = Column::from_texts(name, values, &Control::default()).unwrap();
    CleanInput {
        source: Source { name: name.into(), kind: Kind::Text },
        column: Some(column),
        digits: None,
        fixed: false,
    }
}

fn moment(name: &str, kind: Kind, values: &[f64]) -> CleanInput {
    CleanInput { source: Source { name: name.into(), kind }, ..number(name, values) }
}

fn run(inputs: Vec<CleanInput>, steps: Value) -> Fitted {
    let rows = (0..inputs[0].column.as_ref().unwrap().len() as u32).collect();
    fit(inputs, &Step::parse(&steps).unwrap(), rows, (true, 1), None, &Control::default()).unwrap()
}

fn refused(inputs: Vec<CleanInput>, steps: Value) -> String {
    let rows = (0..inputs[0].column.as_ref().unwrap().len() as u32).collect();
    let steps = match Step::parse(&steps) {
        Ok(steps) => steps,
        Err(error) => return error.to_string(),
    };
    fit(inputs, &steps, rows, (true, 1), None, &Control::default()).unwrap_err().to_string()
}

fn numbers(fitted: &Fitted, name: &str) -> Vec<f64> {
    match &column(fitted, name).data {
        ColumnData::Number(values) => values.iter().collect(),
        ColumnData::Category { .. } => panic!("{name} holds texts"),
    }
}

fn texts(fitted: &Fitted, name: &str) -> Vec<Option<String>> {
    let ColumnData::Category { codes, dictionary } = &column(fitted, name).data else { panic!("{name} holds numbers") };
    let of = |code| (code != MISSING).then(|| String::from_utf8(dictionary.text(code).to_vec()).unwrap());
    codes.iter().map(of).collect()
}

fn column<'a>(fitted: &'a Fitted, name: &str) -> &'a Column {
    let at = fitted.program.outputs.iter().position(|o| o.name == name).unwrap_or_else(|| panic!("no column {name}"));
    fitted.columns[at].as_ref().unwrap()
}

const NONE: f64 = f64::NAN;

fn same(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let alike = |(a, b): (&f64, &f64)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-12;
    assert!(found.iter().zip(expected).all(alike), "{found:?}, not {expected:?}");
}

#[test]
fn texts_are_mended() {
    let city =
        [Some("  New\u{a0} York "), Some("new york"), Some("N/A"), None, Some("NEW YORK"), Some("new york"), Some("?")];
    let fitted = run(
        vec![text("city", &city)],
        json!([{"step": "trim"}, {"step": "placeholders"}, {"step": "case"}, {"step": "impute"}]),
    );
    assert_eq!(texts(&fitted, "city"), vec![Some("new york".to_owned()); 7]);
    let changed: Vec<u64> = fitted.changes.iter().map(|c| c.changed).collect();
    assert_eq!(changed, [1, 2, 2, 3]);
}

#[test]
fn levels_are_merged_into_the_frequent_spelling() {
    let mut values = vec![Some("Germany"); 40];
    values.extend([Some("germany"), Some("GERMANY "), Some("Germny"), Some("Germania"), Some("Gërmany"), None]);
    values.extend([Some("ad-100"); 30]);
    values.push(Some("ad-101"));
    let fitted = run(vec![text("c", &values)], json!([{"step": "merge_levels"}]));
    let found = texts(&fitted, "c");
    let expected = ["Germany", "Germany", "Germany", "Germania", "Germany"].map(|t| Some(t.to_owned()));
    assert_eq!(found[40..45], expected);
    assert_eq!(found[76], Some("ad-101".into()));
    let fitted = run(vec![text("c", &values)], json!([{"step": "merge_levels", "max_distance": 0}]));
    assert_eq!(texts(&fitted, "c")[42], Some("Germny".into()));
    let fitted = run(vec![text("c", &values)], json!([{"step": "rare_levels", "min_rows": 5, "other": "rest"}]));
    assert_eq!(texts(&fitted, "c").iter().flatten().filter(|t| *t == "rest").count(), 6);
}

#[test]
fn what_stands_in_texts_is_read() {
    let fitted = run(
        vec![
            text("price", &[Some("$1,234.50"), Some("$12.00"), None, Some("$7")]),
            text("rate", &[Some("95%"), Some("7 %"), Some("100%"), None]),
            text("euro", &[Some("1.234,50 €"), Some("12,5 €"), Some("3 €"), None]),
            text("host", &[Some("t"), Some("f"), Some("t"), None]),
            text("since", &[Some("2012-05-31"), Some("2012-06-01"), None, Some("2013-02-28")]),
            text("name", &[Some("Ann"), Some("Bob"), Some("t"), Some("7")]),
        ],
        json!([{"step": "parse_number"}, {"step": "parse_boolean"}, {"step": "parse_timestamp"}]),
    );
    same(&numbers(&fitted, "price"), &[1234.5, 12.0, NONE, 7.0]);
    same(&numbers(&fitted, "rate"), &[0.95, 0.07, 1.0, NONE]);
    same(&numbers(&fitted, "euro"), &[1234.5, 12.5, 3.0, NONE]);
    same(&numbers(&fitted, "host"), &[1.0, 0.0, 1.0, NONE]);
    same(&numbers(&fitted, "since"), &[4534.0, 4535.0, NONE, 4807.0]);
    assert_eq!(texts(&fitted, "name")[3], Some("7".into()));
    let kinds = fitted.program.kinds().unwrap();
    let kind = |name: &str| kinds[fitted.program.outputs.iter().find(|o| o.name == name).unwrap().register as usize];
    assert_eq!((kind("host"), kind("since"), kind("price")), (Kind::Boolean, Kind::Date, Kind::Number));
}

#[test]
fn moments_of_several_forms_are_read_one_by_one() {
    for (most, other, kind) in [
        ("2024-01-31", "20240131", "date"),
        ("2024-01-31 00:00:00", "2024-01-31", "timestamp"),
        ("2024-01-31 00:00", "2024-01-31 00:00:00", "timestamp"),
        ("Jan 31, 2024", "January 31, 2024", "date"),
    ] {
        let mut values = vec![Some(most); 39];
        values.push(Some(other));
        for step in [
            json!({"step": "parse_timestamp", "columns": ["d"], "type": kind}),
            json!({"step": "parse_timestamp", "columns": ["d"]}),
        ] {
            let found = numbers(&run(vec![text("d", &values)], json!([step])), "d");
            assert!(found.iter().all(|moment| *moment == found[0]) && found[0] > 0.0, "{other}: {found:?}");
        }
    }
}

#[test]
fn numbers_are_filled_clipped_and_scaled() {
    let x = [1.0, 2.0, NONE, 4.0, 100.0, -999.0];
    let base = || vec![number("x", &x), text("g", &[Some("a"), Some("a"), Some("a"), Some("b"), Some("b"), None])];
    let first = json!({"step": "placeholders", "columns": "x", "values": [-999]});
    let fitted = run(base(), json!([first, {"step": "impute", "columns": "x", "indicator": true}]));
    same(&numbers(&fitted, "x"), &[1.0, 2.0, 3.0, 4.0, 100.0, 3.0]);
    same(&numbers(&fitted, "x_missing"), &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    let fitted = run(base(), json!([first, {"step": "impute", "columns": "x", "strategy": "mean", "by": "g"}]));
    same(&numbers(&fitted, "x"), &[1.0, 2.0, 1.5, 4.0, 100.0, 26.75]);
    let fitted = run(base(), json!([first, {"step": "outliers", "columns": "x", "method": "mad"}]));
    same(&numbers(&fitted, "x"), &[1.0, 2.0, NONE, 4.0, 3.0 + 3.5 * 1.4826 * 1.5, NONE]);
    let fitted = run(base(), json!([first, {"step": "outliers", "columns": "x", "method": "mad", "action": "drop"}]));
    assert_eq!(fitted.rows, [0, 1, 2, 3, 5]);
    let fitted = run(base(), json!([first, {"step": "min_max_scale", "columns": "x", "low": -1, "high": 1}]));
    same(&numbers(&fitted, "x"), &[-1.0, -1.0 + 2.0 / 99.0, NONE, -1.0 + 6.0 / 99.0, 1.0, NONE]);
    let fitted = run(base(), json!([{"step": "bin", "columns": "x", "edges": [0, 2, 50]}]));
    same(&numbers(&fitted, "x"), &[1.0, 2.0, NONE, 2.0, 3.0, 0.0]);
    // sklearn.preprocessing.StandardScaler().fit_transform([[1], [2], [4], [100]])
    let fitted = run(vec![number("x", &[1.0, 2.0, 4.0, 100.0])], json!([{"step": "standardize"}]));
    let expected = [-0.608_680, -0.585_042, -0.537_766, 1.731_488];
    assert!(
        numbers(&fitted, "x").iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-6),
        "{:?}",
        numbers(&fitted, "x")
    );
}

#[test]
fn levels_become_numbers() {
    let c = [Some("a"), Some("b"), Some("a"), None, Some("c"), Some("a")];
    let fitted = run(vec![text("c", &c)], json!([{"step": "one_hot", "max_levels": 2, "keep": true}]));
    same(&numbers(&fitted, "c_a"), &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    same(&numbers(&fitted, "c_b"), &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let fitted = run(vec![text("c", &c)], json!([{"step": "ordinal", "order": ["c", "b", "a"]}]));
    same(&numbers(&fitted, "c"), &[3.0, 2.0, 3.0, NONE, 1.0, 3.0]);
    let fitted = run(vec![text("c", &c)], json!([{"step": "frequency_encode"}]));
    same(&numbers(&fitted, "c"), &[0.6, 0.2, 0.6, NONE, 0.2, 0.6]);
    let fitted = run(vec![text("c", &c)], json!([{"step": "map_values", "values": {"a": 1, "b": 2.5}}]));
    same(&numbers(&fitted, "c"), &[1.0, 2.5, 1.0, NONE, NONE, 1.0]);
}

/// No row sees its own target: a column of unique levels must not predict at all.
#[test]
fn target_encoding_does_not_leak() {
    let n = 2000;
    let levels: Vec<String> = (0..n).map(|i| format!("u{i}")).collect();
    let levels: Vec<Option<&str>> = levels.iter().map(|t| Some(t.as_str())).collect();
    let target: Vec<f64> = (0..n).map(|i| f64::from(i * 7919 % 13 % 2)).collect();
    let key: Vec<f64> = (0..n).map(f64::from).collect();
    let step = json!([{"step": "target_encode", "columns": "u", "target": "y", "key": "id"}]);
    let inputs = vec![text("u", &levels), number("y", &target), number("id", &key)];
    let correlation = |encoded: &[f64]| {
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (a, b) = (mean(encoded), mean(&target));
        let cov: f64 = encoded.iter().zip(&target).map(|(x, y)| (x - a) * (y - b)).sum();
        let var = |v: &[f64], m: f64| v.iter().map(|x| (x - m) * (x - m)).sum::<f64>();
        cov / (var(encoded, a) * var(&target, b)).sqrt().max(1e-9)
    };
    let fitted = run(inputs, step);
    assert!(correlation(&numbers(&fitted, "u")) < 0.1);
    // In a training: the same, and a new row gets what all rows say.
    let hashes: Vec<u64> = (0..n as u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7).collect();
    let teacher = Teacher { target: &target, hashes: &hashes };
    let some: Vec<Option<&str>> = (0..n).map(|i| Some(if i % 4 == 0 { "rare" } else { "usual" })).collect();
    let steps = Step::parse(&json!([{"step": "target_encode", "smooth": 0}])).unwrap();
    let inputs = vec![text("u", &levels), text("s", &some)];
    let rows: Vec<u32> = (0..1500).collect();
    let fitted = fit(inputs, &steps, rows, (true, 1), Some(teacher), &Control::default()).unwrap();
    assert!(correlation(&numbers(&fitted, "u")[..1500]) < 0.1);
    let s = numbers(&fitted, "s");
    let usual = (0..1500).filter(|i| i % 4 != 0);
    let mean = usual.clone().map(|i| target[i]).sum::<f64>() / usual.count() as f64;
    assert!((s[1501] - mean).abs() < 1e-12);
}

#[test]
fn columns_are_made_of_columns() {
    let days = [0.0, 59.0, NONE, f64::INFINITY];
    let fitted = run(
        vec![
            moment("d", Kind::Date, &days),
            moment("t", Kind::Timestamp, &[86_399.0, -1.0, NONE, 5_184_000.5]),
            number("a", &[6.0, 1.0, 1e300, 2.0]),
            number("b", &[3.0, 0.0, 1.0, NONE]),
            text("x", &[Some("Two Words 42"), Some(""), None, Some("A")]),
        ],
        json!([
            {"step": "date_parts", "columns": ["d", "t"], "parts": ["year", "month", "day", "weekday", "day_of_year", "weekend", "hour"]},
            {"step": "ratio", "numerator": "a", "denominator": "b"},
            {"step": "difference", "left": "a", "right": "b", "name": "gap"},
            {"step": "text_features", "columns": "x"},
            {"step": "drop_column", "columns": ["d", "x"]},
        ]),
    );
    same(&numbers(&fitted, "d_year"), &[2000.0, 2000.0, NONE, NONE]);
    same(&numbers(&fitted, "d_month"), &[1.0, 2.0, NONE, NONE]);
    same(&numbers(&fitted, "d_day"), &[1.0, 29.0, NONE, NONE]);
    same(&numbers(&fitted, "d_day_of_year"), &[1.0, 60.0, NONE, NONE]);
    same(&numbers(&fitted, "d_weekday"), &[6.0, 2.0, NONE, NONE]);
    same(&numbers(&fitted, "t_year"), &[2000.0, 1999.0, NONE, 2000.0]);
    same(&numbers(&fitted, "t_hour"), &[23.0, 23.0, NONE, 0.0]);
    same(&numbers(&fitted, "t_weekend"), &[1.0, 0.0, NONE, 0.0]);
    same(&numbers(&fitted, "a_per_b"), &[2.0, NONE, NONE, NONE]);
    same(&numbers(&fitted, "gap"), &[3.0, 1.0, NONE, NONE]);
    same(&numbers(&fitted, "x_words"), &[3.0, 0.0, NONE, 1.0]);
    same(&numbers(&fitted, "x_digits"), &[2.0, 0.0, NONE, 0.0]);
    same(&numbers(&fitted, "x_capitals"), &[2.0, 0.0, NONE, 1.0]);
    assert!(fitted.program.outputs.iter().all(|o| o.name != "d" && o.name != "x"));
}

#[test]
fn rows_go() {
    let base = || {
        vec![
            number("id", &[1.0, 1.0, 2.0, 3.0, 1.0]),
            number("at", &[5.0, 9.0, 1.0, NONE, NONE]),
            text("s", &[Some("a"), Some("b"), Some("test"), None, Some("a")]),
        ]
    };
    let rows = |steps: Value| run(base(), steps).rows;
    assert_eq!(rows(json!([{"step": "drop_duplicates", "key": "id", "order": "at", "keep": "last"}])), [1, 2, 3]);
    assert_eq!(rows(json!([{"step": "drop_duplicates", "key": ["id", "s"]}])), [0, 1, 2, 3]);
    assert_eq!(rows(json!([{"step": "drop_duplicates"}])), [0, 1, 2, 3, 4]);
    assert_eq!(
        rows(json!([{"step": "drop_rows", "where": {"column": "s", "is": "=", "value": "test"}}])),
        [0, 1, 3, 4]
    );
    assert_eq!(
        rows(
            json!([{"step": "drop_rows", "where": [{"column": "s", "is": "null"}, {"column": "id", "is": "<=", "value": 1}]}])
        ),
        [2]
    );
    assert_eq!(rows(json!([{"step": "drop_rows", "where": {"column": "id", "is": "in", "value": [1, 2]}}])), [3]);
    // Days and seconds since 2000-01-01.
    let base = || {
        let day = moment("day", Kind::Date, &[0.0, 30.0, 31.0, NONE, f64::INFINITY]);
        vec![day, moment("at", Kind::Timestamp, &[0.0, 3_600.0, 3_600.25, NONE, f64::NEG_INFINITY])]
    };
    let rows = |column: &str, is: &str, value: Value| {
        run(base(), json!([{"step": "drop_rows", "where": {"column": column, "is": is, "value": value}}])).rows
    };
    assert_eq!(rows("day", ">=", json!("2000-01-31")), [0, 3]);
    assert_eq!(rows("day", "<>", json!("2000-02-01")), [2, 3]);
    assert_eq!(rows("day", "in", json!(["2000-01-01", "2000-02-01"])), [1, 3, 4]);
    assert_eq!(rows("at", "<", json!("2000-01-01")), [0, 1, 2, 3]);
    assert_eq!(rows("at", ">", json!("2000-01-01T01:00")), [0, 1, 3, 4]);
    for (column, value) in [
        ("day", json!("2000-01-01 10:00")),
        ("day", json!(3)),
        ("at", json!("2000-01-01 10:00+02")),
        ("at", json!("1500-01-01")),
        ("day", json!("01/02/2000")),
    ] {
        let told =
            refused(base(), json!([{"step": "drop_rows", "where": {"column": column, "is": "=", "value": value}}]));
        assert!(told.contains("with another type"), "{told}");
    }
}

#[test]
fn texts_are_filled_by_group() {
    let base = || {
        vec![
            text("city", &[Some("Rome"), None, Some("Paris"), Some("Rome"), Some("Paris"), None, None]),
            text("country", &[Some("it"), Some("it"), Some("fr"), Some("it"), Some("fr"), Some("de"), None]),
            number("zone", &[1.0, 1.0, 2.0, 1.0, 2.0, 2.5, NONE]),
        ]
    };
    let of = |by: &str| {
        let fitted = run(base(), json!([{"step": "impute", "columns": "city", "by": by, "indicator": true}]));
        same(&numbers(&fitted, "city_missing"), &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        texts(&fitted, "city").into_iter().flatten().collect::<Vec<String>>()
    };
    // Of equals the first in C order, for the other groups.
    let expected = ["Rome", "Rome", "Paris", "Rome", "Paris", "Paris", "Paris"];
    assert_eq!(of("country"), expected);
    assert_eq!(of("zone"), expected);
    let mean = json!([{"step": "impute", "columns": "city", "by": "country", "strategy": "mean"}]);
    assert!(refused(base(), mean).contains("cannot fill column \"city\""));
}

#[test]
fn mistakes_are_told() {
    let base = || vec![number("x", &[1.0]), text("c", &[Some("a")])];
    let told = |steps: Value| refused(base(), steps);
    assert_eq!(told(json!({"step": "trim"})), "steps must be an array of objects");
    assert_eq!(told(json!([{"step": "wash"}])), "unknown step \"wash\"");
    assert_eq!(told(json!([{"columns": "x"}])), "a step has no \"step\"");
    assert_eq!(told(json!([{"step": "trim", "side": "left"}])), "unknown parameter \"side\" of step \"trim\"");
    assert_eq!(told(json!([{"step": "trim", "columns": "z"}])), "there is no column \"z\" to clean");
    assert_eq!(
        told(json!([{"step": "trim", "columns": "x"}])),
        "step \"trim\" cannot be done to column \"x\", which is a number"
    );
    assert_eq!(told(json!([{"step": "clip"}])), "step \"clip\" needs \"low\" or \"high\"");
    assert_eq!(
        told(json!([{"step": "impute", "strategy": "guess"}])),
        "parameter \"strategy\" of step \"impute\" must be one of \"mean\", \"median\", \"most_frequent\", \"constant\""
    );
    assert_eq!(told(json!([{"step": "drop_column", "columns": ["x", "c"]}])), "the steps leave no column");
    assert_eq!(
        told(json!([{"step": "ratio", "numerator": "x", "denominator": "x", "name": "c"}])),
        "step \"ratio\" would make a second column \"c\""
    );
}

#[test]
fn steps_do_not_build_on_each_other_for_ever() {
    let logs = |n: usize| Value::Array(vec![json!({"step": "log"}); n]);
    let x = || vec![number("x", &[1.0, 2.0])];
    run(x(), logs(100));
    assert_eq!(refused(x(), logs(101)), "more than 100 steps build on each other in column \"x\"");
    assert_eq!(refused(x(), logs(10_001)), "more than 10000 steps");
}

/// Every value of every column, by the row and by the table.
#[test]
fn a_row_is_cleaned_as_a_table_is() {
    let values = ["$1,200", "-5", "7%", "", " a b ", "N/A", "yes", "2024-02-29", "Ünïcode", "1e400", "it's \\"];
    let n = 400;
    let pick = |i: usize| if i % 13 == 12 { None } else { Some(values[i * 7 % values.len()]) };
    let t: Vec<Option<&str>> = (0..n).map(pick).collect();
    let g: Vec<Option<&str>> = (0..n).map(|i| pick(i * 3 + 1)).collect();
    let odd = [NONE, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 5e-324, 0.0, -0.0];
    let x: Vec<f64> = (0..n).map(|i| if i % 9 == 8 { odd[i / 9 % 8] } else { (i as f64 * 1.7).sin() * 50.0 }).collect();
    let y: Vec<f64> = (0..n).map(|i| (i % 7) as f64).collect();
    let d: Vec<f64> = (0..n).map(|i| if i % 11 == 0 { NONE } else { i as f64 * 100.0 - 9000.0 }).collect();
    let inputs = || vec![text("t", &t), text("g", &g), number("x", &x), number("y", &y), moment("d", Kind::Date, &d)];
    let programs = [
        json!([{"step": "trim"}, {"step": "normalize_unicode"}, {"step": "case", "to": "upper"}, {"step": "text_features"}]),
        json!([{"step": "parse_number", "columns": "t"}, {"step": "impute", "columns": "t", "by": "g"}, {"step": "log", "columns": "t"}]),
        json!([{"step": "parse_boolean", "columns": "t"}, {"step": "parse_timestamp", "columns": "g", "format": "YYYY-MM-DD"}]),
        json!([{"step": "target_encode", "columns": ["t", "y"], "target": "x", "key": "g"}, {"step": "frequency_encode", "columns": "g"}]),
        json!([{"step": "outliers", "action": "flag"}, {"step": "winsorize"}, {"step": "standardize"}, {"step": "bin", "columns": "y"}]),
        json!([{"step": "one_hot", "max_levels": 3}, {"step": "date_parts"}, {"step": "min_max_scale"}]),
        json!([{"step": "rare_levels", "min_share": 0.1}, {"step": "ordinal", "columns": "t"}, {"step": "ratio", "numerator": "x", "denominator": "y"}]),
        json!([{"step": "mask_personal", "method": "hash_all"}, {"step": "placeholders", "values": ["N/A", 3]}, {"step": "robust_scale"}]),
    ];
    for steps in programs {
        let fitted = run(inputs(), steps.clone());
        fitted.program.validate().unwrap();
        let program: Program = fitted.program.clone();
        let mut row = Row::new(&program);
        for i in 0..n {
            row.set_text(0, t[i].map(str::as_bytes));
            row.set_text(1, g[i].map(str::as_bytes));
            row.set_number(2, x[i]);
            row.set_number(3, y[i]);
            row.set_number(4, d[i]);
            row.run(&program);
            for output in &program.outputs {
                match &column(&fitted, &output.name).data {
                    ColumnData::Number(values) => {
                        let (a, b) = (values.get(i), row.number(output.register));
                        assert!(a == b || (a.is_nan() && b.is_nan()), "{steps}: {} of row {i}: {a}, {b}", output.name);
                    }
                    ColumnData::Category { .. } => {
                        let a = texts(&fitted, &output.name)[i].clone();
                        assert_eq!(a.as_deref(), row.text(output.register), "{steps}: {} of row {i}", output.name);
                    }
                }
            }
        }
    }
}
