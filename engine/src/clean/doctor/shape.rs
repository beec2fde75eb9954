//! Columns as such: those that say nothing, identify rows, have too many levels, or hold numbers as text.

use rayon::prelude::*;
use serde_json::Value;

use crate::clean::parse::{self, Decimal, TimestampFormat};
use crate::clean::profile::{self, Collector, Role, Sizes};
use crate::clean::text::{is_placeholder, trim_space};
use crate::control::Control;
use crate::data::{Chunked, ColumnData, Dictionary};
use crate::error::Result;
use crate::learn::columns::is_prose;
use crate::learn::train::{Request, SourceInput};
use crate::model::InputKind;

use super::facts::Facts;
use super::finding::{counted, percent, Finding, Fix, Kind, Severity};
use super::limits;
use super::names::is_identifier;

/// What looking at the texts of a column may take.
const MEMORY: usize = 4 << 20;

/// Look at every column but the target.
pub fn look(request: &Request, facts: &[Facts], texts: &[String], control: &Control) -> Result<Vec<Finding>> {
    let rows = request.table.rows;
    if rows < 2 {
        return Ok(Vec::new());
    }
    let found: Result<Vec<Vec<Finding>>> = request
        .inputs
        .par_iter()
        .zip(facts)
        .filter(|(input, _)| input.count == 1)
        .map(|(input, facts)| {
            control.check()?;
            let mut found = values(input, facts, rows);
            if found.iter().any(|f| f.kind == Kind::Constant) {
                return Ok(found);
            }
            match &request.table.columns[input.first].data {
                ColumnData::Category { codes, dictionary } => {
                    let read = match texts.contains(&input.name) {
                        true => reads_as(&input.name, (codes, dictionary), Severity::Warning, control)?,
                        false => None,
                    };
                    match read {
                        Some(read) => found.push(read),
                        None => found.extend(levels(request, input, facts)),
                    }
                }
                ColumnData::Number(_) => found.extend(number_id(input, facts, rows)),
            }
            Ok(found)
        })
        .collect();
    Ok(found?.into_iter().flatten().collect())
}

/// A value as a sentence has it: the numbers that times are kept as say nothing.
fn shown(input: &SourceInput, text: &str) -> String {
    match input.kind {
        InputKind::Number | InputKind::Category | InputKind::Text | InputKind::Array => text.to_owned(),
        InputKind::Boolean => if text == "0" { "false" } else { "true" }.to_owned(),
        InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz | InputKind::Interval => "the same".to_owned(),
    }
}

fn values(input: &SourceInput, facts: &Facts, rows: usize) -> Vec<Finding> {
    let name = &input.name;
    let top = shown(input, &facts.top.1);
    let mut found = Vec::new();
    let present = rows - facts.missing;
    if present == 0 {
        let detail = format!("\"{name}\" has no value in any of the {rows} rows.");
        return vec![Finding::of(Severity::Warning, Kind::Constant, name, detail).exclude()];
    }
    if facts.distinct == 1 && facts.missing == 0 {
        let detail = format!("\"{name}\" is {top} in all {rows} rows.");
        return vec![Finding::of(Severity::Warning, Kind::Constant, name, detail).exclude()];
    }
    let share = facts.top.0 as f64 / rows as f64;
    if share >= limits::NEAR_CONSTANT {
        let detail = format!(
            "\"{name}\" is {top} in {} of the rows; the rest ({}) have {}.",
            percent(facts.top.0 as f64, rows as f64),
            counted(rows - facts.top.0, "row"),
            counted(facts.distinct - 1 + usize::from(facts.missing > 0), "other value")
        );
        found.push(Finding::of(Severity::Info, Kind::NearConstant, name, detail).exclude().weight(share));
    }
    let share = facts.missing as f64 / rows as f64;
    if share >= limits::MOSTLY_MISSING.0 {
        let severity = if share >= limits::MOSTLY_MISSING.1 { Severity::Warning } else { Severity::Info };
        let detail = format!("\"{name}\" is missing in {} of the rows.", percent(facts.missing as f64, rows as f64));
        found.push(Finding::of(severity, Kind::MostlyMissing, name, detail).exclude().weight(share));
    }
    found
}

/// A category that identifies rows, has too many levels, or rare ones.
fn levels(request: &Request, input: &SourceInput, facts: &Facts) -> Vec<Finding> {
    let (name, rows) = (&input.name, request.table.rows);
    let present = rows - facts.missing;
    let distinct = facts.distinct as f64 / present.max(1) as f64;
    if present >= limits::ID_ROWS && (distinct >= limits::ID_DISTINCT || input.uuid) {
        let detail = format!(
            "\"{name}\" has {} distinct values in {present} rows, so it tells rows apart and not kinds of rows.",
            facts.distinct
        );
        let finding = Finding::of(Severity::Warning, Kind::IdLike, name, detail);
        return match is_prose(&request.table, input) {
            true => vec![finding.option("text_columns", vec![name.as_str()])],
            false => vec![finding.exclude()],
        };
    }
    let mut found = Vec::new();
    let mean = present as f64 / facts.distinct.max(1) as f64;
    if facts.distinct >= limits::MANY_LEVELS && mean < limits::ROWS_A_LEVEL {
        let detail = format!(
            "\"{name}\" has {} levels, {mean:.1} rows a level on average: too few to learn much of each.",
            facts.distinct
        );
        let fix = Fix::Pooled(name.clone(), limits::RARE_ROWS);
        found.push(Finding::of(Severity::Info, Kind::HighCardinality, name, detail).fix(fix).weight(-mean));
    } else if facts.distinct >= limits::RARE_LEVELS.0 && facts.rare.1 as f64 >= limits::RARE_LEVELS.1 * present as f64 {
        let detail = format!(
            "{} of the {} levels of \"{name}\" have fewer than {} rows each; {} of the rows are in them.",
            facts.rare.0,
            facts.distinct,
            limits::RARE_ROWS,
            percent(facts.rare.1 as f64, present as f64)
        );
        let fix = Fix::Pooled(name.clone(), limits::RARE_ROWS);
        let finding = Finding::of(Severity::Info, Kind::RareLevels, name, detail).fix(fix);
        found.push(finding.weight(facts.rare.1 as f64 / present as f64));
    }
    found
}

fn number_id(input: &SourceInput, facts: &Facts, rows: usize) -> Option<Finding> {
    let present = rows - facts.missing;
    if present < limits::ID_ROWS || !input.integer || input.kind != InputKind::Number {
        return None;
    }
    let name = &input.name;
    let unique = facts.distinct as f64 >= limits::ID_DISTINCT * present as f64;
    let detail = if facts.serial {
        format!("\"{name}\" numbers the {rows} rows.")
    } else if unique && is_identifier(name) {
        format!(
            "\"{name}\" has {} distinct whole numbers in {present} rows and the name of an identifier.",
            facts.distinct
        )
    } else {
        return None;
    };
    Some(Finding::of(Severity::Warning, Kind::IdLike, name, detail).exclude())
}

/// Whether the texts of a column read as numbers or as dates: where the profile would read them.
pub fn reads_as(
    name: &str,
    (codes, dictionary): (&Chunked<u32>, &Dictionary),
    severity: Severity,
    control: &Control,
) -> Result<Option<Finding>> {
    let mut tried: Vec<u32> = control.vec(dictionary.len())?;
    tried.extend(0..dictionary.len() as u32);
    control.check()?;
    // Those of the least hashes, not the first: rows arrive in any order.
    let count = limits::TRIED_TEXTS.min(tried.len());
    if count < tried.len() {
        tried.select_nth_unstable_by_key(count, |&code| (dictionary.hash(code), code));
        tried.truncate(count);
    }
    let mut rows: Vec<u64> = control.filled(dictionary.len(), 0)?;
    for (i, code) in codes.iter().enumerate() {
        if i % (1 << 16) == 0 {
            control.check()?;
        }
        if let Some(rows) = rows.get_mut(code as usize) {
            *rows += 1;
        }
    }
    let mut texts: Vec<(&str, u64)> = tried
        .iter()
        .filter_map(|&code| Some((std::str::from_utf8(dictionary.text(code)).ok()?, rows[code as usize])))
        .collect();
    control.release_vec(tried);
    control.release_vec(rows);
    texts.sort_unstable();
    if texts.len() < 2 {
        return Ok(None);
    }
    let sizes = Sizes::of(1, MEMORY);
    control.reserve(sizes.total())?;
    let mut collector = Collector::new(profile::Kind::Text, &sizes);
    let mut all = 0;
    for (text, rows) in &texts {
        control.check()?;
        all += rows;
        for _ in 0..*rows {
            collector.text(text.as_bytes())?;
        }
    }
    let profile = collector.finish(name, all, f64::INFINITY)?;
    control.release(sizes.total());
    // A target is no id: its digits are amounts, though every row has others.
    let decimal = match severity {
        Severity::Error
            if matches!(profile.role, Role::Id | Role::NumberInText)
                && profile.steps.is_empty()
                && texts.iter().all(|t| are_amounts(t.0)) =>
        {
            parse::number_format(texts.iter().copied()).and_then(|(decimal, _)| decimal.sign())
        }
        _ => None,
    };
    let amounts = decimal.map(|sign| serde_json::json!({"step": "parse_number", "decimal": sign}));
    let Some(step) = amounts
        .iter()
        .chain(&profile.steps)
        .find(|step| ["parse_number", "parse_timestamp"].iter().any(|s| step["step"] == *s))
    else {
        return Ok(None);
    };
    let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
    // What is read but stands for nothing all the same, such as -999.
    let reads = reader(step)?;
    let listed = profile.steps.iter().filter(|step| step["step"] == "placeholders");
    let listed = listed.flat_map(|step| step["values"].as_array().into_iter().flatten());
    let nothing = listed.filter_map(Value::as_str).filter(|text| reads(text)).map(str::to_owned);
    let (kind, what, fix) = match step["step"] == "parse_number" {
        true => (
            Kind::TextNumbers,
            "numbers",
            Fix::Numbers(name.to_owned(), text("decimal").chars().next(), nothing.collect()),
        ),
        false => (Kind::TextDates, "dates", Fix::Moments(name.to_owned(), text("format"), nothing.collect())),
    };
    if !are_all_read(step, dictionary, control)? {
        return Ok(None);
    }
    let read = texts.iter().map(|t| t.0).filter(|text| !is_placeholder(text));
    let digits = read.clone().find(|text| text.bytes().any(|b| b.is_ascii_digit()));
    let example: String = digits.unwrap_or("").chars().take(40).collect();
    let detail =
        format!("\"{name}\" is text, but its values read as {what}, such as '{example}'; as text they have no order.");
    Ok(Some(Finding::of(severity, kind, name, detail).fix(fix)))
}

/// Whether a step that reads numbers or moments reads a text.
fn reader(step: &Value) -> Result<impl Fn(&str) -> bool> {
    let decimal = if step["decimal"] == "," { Decimal::Comma } else { Decimal::Point };
    let format = step["format"].as_str().map(TimestampFormat::compile).transpose()?;
    let numbers = step["step"] == "parse_number";
    Ok(move |text: &str| match numbers {
        true => parse::number(text, decimal).is_some(),
        false => parse::timestamp(text, format.as_ref()).is_some(),
    })
}

/// Whether a step reads every text that does not stand for nothing, those that were not tried too.
fn are_all_read(step: &Value, dictionary: &Dictionary, control: &Control) -> Result<bool> {
    let reads = reader(step)?;
    for code in 0..dictionary.len() as u32 {
        if code % (1 << 14) == 0 {
            control.check()?;
        }
        let text = std::str::from_utf8(dictionary.text(code)).unwrap_or_default();
        if !is_placeholder(text) && !reads(text) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a text has digits alone that are no code, or stands for nothing.
fn are_amounts(text: &str) -> bool {
    is_placeholder(text) || trim_space(text).bytes().all(|b| b.is_ascii_digit()) && !parse::is_code(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Option<(Kind, Fix)> {
        let control = Control::default();
        let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(*text)).collect();
        let column = crate::data::Column::from_texts("c", &texts, &control).unwrap();
        let ColumnData::Category { codes, dictionary } = &column.data else { panic!("no texts") };
        let before = control.used();
        let found = reads_as("c", (codes, dictionary), Severity::Warning, &control).unwrap();
        assert_eq!(control.used(), before);
        found.map(|f| (f.kind, f.fix))
    }

    #[test]
    fn numbers_and_dates_are_told_from_codes() {
        let numbers = |sign| Some((Kind::TextNumbers, Fix::Numbers("c".into(), sign, vec![])));
        assert_eq!(read(&["$1,234.00", "-1.5", "12", "", "N/A"]), numbers(Some('.')));
        assert_eq!(read(&["$1,234.00", "-1.5", "12 %"]), None, "shares and amounts");
        assert_eq!(read(&["1234", "-1.5", "Free"]), None, "a value that would be lost");
        let missing = Fix::Numbers("c".into(), Some('.'), vec!["-999".into()]);
        assert_eq!(read(&["12.5", "14", "13", "-999", "-999", "-999"]), Some((Kind::TextNumbers, missing)));
        assert_eq!(read(&["1.234,00", "1,5", "3"]), numbers(Some(',')));
        for codes in [
            &["02134", "10115"][..],
            &["1234567890123456789", "1234567890123456790"],
            &["A1", "B2"],
            &["red", "blue"],
            &["", "N/A"],
            &["7"],
            &[],
        ] {
            assert_eq!(read(codes), None, "{codes:?}");
        }
        let dates = |format: &str| Some((Kind::TextDates, Fix::Moments("c".into(), format.into(), vec![])));
        assert_eq!(read(&["01/31/2026", "02/01/2026"]), dates("MM/DD/YYYY"));
        assert_eq!(read(&["2026-03-01", "2026-04-01"]), dates("YYYY-MM-DD"));
    }
}
