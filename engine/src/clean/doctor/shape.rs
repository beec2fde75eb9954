//! Columns as such: those that say nothing, identify rows, have too many levels, or hold numbers as text.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{ColumnData, Dictionary};
use crate::error::Result;
use crate::learn::columns::is_prose;
use crate::learn::train::{Request, SourceInput};
use crate::model::InputKind;

use super::facts::Facts;
use super::finding::{percent, Finding, Fix, Kind, Severity};
use super::limits;
use super::names::is_identifier;

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
                ColumnData::Category { dictionary, .. } => {
                    let read = match texts.contains(&input.name) {
                        true => reads_as(&input.name, dictionary, Severity::Warning, control)?,
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
            "\"{name}\" is {top} in {} of the rows; the other {} rows have {} other values.",
            percent(facts.top.0 as f64, rows as f64),
            rows - facts.top.0,
            facts.distinct - 1 + usize::from(facts.missing > 0)
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
        let detail = format!("\"{name}\" has {} distinct values in {present} rows, so it tells rows apart and not kinds of rows.", facts.distinct);
        let finding = Finding::of(Severity::Warning, Kind::IdLike, name, detail);
        return match is_prose(&request.table, input) {
            true => vec![finding.option("text_columns", vec![name.as_str()])],
            false => vec![finding.exclude()],
        };
    }
    let mut found = Vec::new();
    let mean = present as f64 / facts.distinct.max(1) as f64;
    if facts.distinct >= limits::MANY_LEVELS && mean < limits::ROWS_A_LEVEL {
        let detail = format!("\"{name}\" has {} levels, {mean:.1} rows a level on average: too few to learn much of each.", facts.distinct);
        let fix = Fix::Pooled(name.clone(), limits::RARE_ROWS);
        found.push(Finding::of(Severity::Info, Kind::HighCardinality, name, detail).fix(fix).weight(-mean));
    } else if facts.distinct >= limits::RARE_LEVELS.0
        && facts.rare.1 as f64 >= limits::RARE_LEVELS.1 * present as f64
    {
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
        format!("\"{name}\" has {} distinct whole numbers in {present} rows and the name of an identifier.", facts.distinct)
    } else {
        return None;
    };
    Some(Finding::of(Severity::Warning, Kind::IdLike, name, detail).exclude())
}

/// Distinct texts that are looked at.
const LOOKED_AT: usize = 10_000;

/// Whether the texts of a column read as numbers or as dates.
pub fn reads_as(name: &str, dictionary: &Dictionary, severity: Severity, control: &Control) -> Result<Option<Finding>> {
    let (mut looked, mut numbers, mut dates, mut example) = (0usize, 0usize, 0usize, String::new());
    for code in 0..dictionary.len().min(LOOKED_AT) as u32 {
        control.check()?;
        let Ok(text) = std::str::from_utf8(dictionary.text(code)) else { continue };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        looked += 1;
        let (number, date) = (is_number(text), is_date(text));
        numbers += usize::from(number);
        dates += usize::from(date);
        // The least of them, not the first: rows arrive in any order.
        if (number || date) && (example.is_empty() || text < example.as_str()) {
            example = text.chars().take(40).collect();
        }
    }
    let mostly = |n: usize| looked > 1 && n as f64 >= limits::READS_AS * looked as f64;
    let (kind, what) = match () {
        () if mostly(numbers) => (Kind::TextNumbers, "numbers, such as"),
        () if mostly(dates) => (Kind::TextDates, "dates, such as"),
        () => return Ok(None),
    };
    let detail = format!("\"{name}\" is text, but its values read as {what} '{example}'; as text they have no order.");
    Ok(Some(Finding::of(severity, kind, name, detail).fix(Fix::Profile)))
}

/// Whether a text is a number with its sign, currency, separators and percent sign; leading zeros make it a code.
fn is_number(text: &str) -> bool {
    let text = text.trim_end_matches('%').trim_matches(|c: char| "$€£¥ ".contains(c));
    let text = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start_matches(['$', '€', '£', '¥']);
    let code = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.") && !text.starts_with("0,");
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    !code
        && digits > 0
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_digit() || ".,' ".contains(c))
        && text.matches('.').count().min(text.matches(',').count()) <= 1
}

/// Whether a text begins as 2026-03-01, 01/03/2026 or 1.3.2026 do, or is a month such as 2026-03.
fn is_date(text: &str) -> bool {
    let head = text.split([' ', 'T']).next().unwrap_or_default();
    ['-', '/', '.'].iter().any(|&separator| {
        let mut parts = head.split(separator);
        let number = |part: Option<&str>| {
            part.filter(|p| matches!(p.len(), 1..=4)).and_then(|p| p.parse::<u16>().ok()).unwrap_or(u16::MAX)
        };
        let (a, b, c) = (number(parts.next()), number(parts.next()), number(parts.next()));
        let day = |n: u16| (1..=31).contains(&n);
        let year = |n: u16| (1900..2200).contains(&n) || n < 100;
        let month = c == u16::MAX && separator == '-' && (1900..2200).contains(&a) && (1..=12).contains(&b);
        month || parts.next().is_none() && day(b) && ((day(a) && year(c)) || ((1900..2200).contains(&a) && day(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_told_from_codes() {
        for text in ["1", "-1.5", "$1,234.00", "12 %", "0.5", "1 234,5", "€ 7", "1.234.567,89", "0"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "02134", "A1", "1-2", "$", "%", "1.2.3,4,5", "12:30", "٣"] {
            assert!(!is_number(text), "{text}");
        }
        for text in ["2026-03-01", "01/31/2026", "1.3.26", "2026-03-01T12:00:00Z", "2026/3/1 10:00", "1949-01"] {
            assert!(is_date(text), "{text}");
        }
        for text in ["", "1-2", "192.168.1.1", "2026-33-01", "99/99/9999", "a/b/c", "1.5"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
