//! Judging texts by their different values.

mod decimals;
mod digits;
mod doubt;
mod moments;
mod parsed;
mod said;
mod spelling;
mod typed;
mod unread;

pub use digits::is_day_of_a_sheet;
pub use parsed::{Parsed, Read};

use std::borrow::Cow;

use serde_json::{json, Value as Json};

use super::collect::{general, is_unique, Texts};
use super::role::Role;
use super::Severity::{Note, Warning};
use super::{names, rows_inside, rows_that, steps, ColumnProfile, ARE};
use crate::clean::text::{
    is_blank, is_dotted, is_nothing, is_opposite, may_be_code, may_be_level, may_be_name, may_be_state, trim_space,
};
use crate::error::Result;

/// The average length, in bytes, from which on texts are written by people.
const LONG: f64 = 50.0;
/// Words of such a text, on average.
const WORDS: f64 = 4.0;

/// Characters of a code beside which a dash may be one too.
const CODE: usize = 5;

/// A value that is not missing.
pub struct Value<'a> {
    text: Cow<'a, str>,
    rows: u64,
    /// The rows of all values that it stands for; its own where all values are known.
    weight: u64,
    cut: bool,
}

impl<'a> Value<'a> {
    fn new(text: Cow<'a, str>, rows: u64, cut: bool) -> Value<'a> {
        Value { text, rows, weight: rows, cut }
    }
}

/// The values of a column, those for nothing aside.
struct Looked<'a> {
    real: Vec<Value<'a>>,
    /// Trimmed spellings of values for nothing.
    nothing: Vec<(String, u64)>,
    /// Values for nothing that may be levels, `None`, `Missing` or a dash: what the others are decides.
    doubtful: Vec<Value<'a>>,
    /// Whether some value for nothing, or a blank one, has white space that a step has to take away before it is known.
    padded: bool,
}

impl Looked<'_> {
    /// Rows of real values.
    fn rows(&self) -> u64 {
        self.real.iter().map(|value| value.rows).sum()
    }

    /// Let values of a sample stand for those that are not known: `filled` are all rows of the column, and values of more than `missed` rows are known
    /// anyway.
    fn weigh(&mut self, filled: u64, missed: u64) {
        let known = self.nothing.iter().map(|(_, rows)| *rows).chain(self.doubtful.iter().map(|v| v.rows));
        let frequent: u64 = known.chain(self.real.iter().filter(|v| v.rows > missed).map(|v| v.rows)).sum();
        let drawn: u64 = self.real.iter().filter(|v| v.rows <= missed).map(|v| v.rows).sum();
        let factor = filled.saturating_sub(frequent) as f64 / drawn.max(1) as f64;
        for value in self.real.iter_mut().filter(|v| v.rows <= missed) {
            value.weight = (value.rows as f64 * factor).round() as u64;
        }
    }

    /// Settle what the doubtful values are: `missing` among numbers and dates. Those of `stay` are values. Among levels a sign is missing where the others are words that do not
    /// begin with it, as pages of a site do, `NA`, `NAN` and `NAT` where they are not codes of capitals, `Na` and `Nan` where they are no names, and other words are
    /// levels.
    fn settle(&mut self, missing: bool, stay: &[String], name: &str) {
        let words = self.real.iter().all(|value| value.text.contains(char::is_alphanumeric));
        let is_code = |value: &Value<'_>| {
            (2..=5).contains(&value.text.len()) && value.text.bytes().all(|b| b.is_ascii_uppercase())
        };
        let codes = self.real.iter().filter(|value| is_code(value)).count();
        let among_codes = codes >= 2 && codes * 2 >= self.real.len() || codes > 0 && names::is_place(name);
        // Codes of countries in small letters, of which some are in capitals.
        let capitals = among_codes && self.doubtful.iter().any(|value| trim_space(&value.text) == "NA");
        let beside_regions = self.real.iter().any(|value| is_region(&value.text));
        let names = self.real.iter().filter(|value| is_name(&value.text)).count();
        let among_names = names >= 2 && names * 2 >= self.real.len();
        for value in std::mem::take(&mut self.doubtful) {
            let text = trim_space(&value.text);
            let is_missing = match text {
                _ if stay.iter().any(|text| *text == value.text) => false,
                _ if missing => true,
                _ if !text.contains(char::is_alphanumeric) => {
                    words
                        && !self.real.iter().any(|value| value.text.starts_with(text))
                        && !self.is_one_of_codes(text, value.rows)
                }
                "na" if capitals => false,
                _ if text.eq_ignore_ascii_case("na") && beside_regions => false,
                _ if may_be_name(text) => !among_names,
                _ if may_be_code(text) => !among_codes,
                _ if text.eq_ignore_ascii_case("na") => true,
                _ => false,
            };
            if is_missing {
                self.padded |= text.len() != value.text.len();
                add(&mut self.nothing, text, value.rows);
            } else {
                self.real.push(value);
            }
        }
        self.sort();
    }

    /// Whether a dash may be one of the codes of a column: most have digits and no longer parts, or are marks such as `A-`, and it is neither much
    /// rarer than they are nor, as missing values are, much more frequent.
    fn is_one_of_codes(&self, text: &str, rows: u64) -> bool {
        if !matches!(text, "-" | "–" | "—") {
            return false;
        }
        let is_code = |value: &&Value<'_>| {
            let code = trim_space(&value.text);
            let short = code.chars().count() <= CODE && !code.contains(char::is_whitespace);
            short && (code.contains(|c: char| c.is_ascii_digit()) || code.ends_with(['+', '-']))
        };
        let lettered = self.real.iter().any(|value| value.text.contains(char::is_alphabetic));
        let codes = self.real.iter().filter(is_code).count();
        let least = self.real.iter().map(|value| value.rows).min().unwrap_or(0);
        let most = self.real.iter().map(|value| value.rows).max().unwrap_or(0);
        lettered && codes * 2 >= self.real.len() && (least.div_ceil(2)..=most.saturating_mul(2)).contains(&rows)
    }

    /// Put the frequent ones first.
    fn sort(&mut self) {
        self.real.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.text.cmp(&b.text)));
        self.nothing.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }

    /// The first and the last text in the order of bytes.
    fn range(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let texts = || self.real.iter().map(|value| value.text.as_bytes());
        texts().min().zip(texts().max()).map(|(first, last)| (first.to_vec(), last.to_vec()))
    }

    /// The mean over rows of what `of` says of a value.
    fn mean(&self, of: impl Fn(&str) -> usize) -> f64 {
        let sum: f64 = self.real.iter().map(|value| of(&value.text) as f64 * value.rows as f64).sum();
        sum / self.rows().max(1) as f64
    }
}

/// Judge a column of texts.
pub fn judge(profile: &mut ColumnProfile, name: &str, texts: &Texts, now: f64) -> Result<()> {
    let known = texts.values.known();
    let mut looked = look(&known);
    let filled = profile.rows - profile.nulls;
    profile.text_range = match profile.exact {
        true => looked.range(),
        false => texts.first.clone().zip(texts.last.clone()),
    };
    profile.average_length = (filled > 0).then(|| texts.length as f64 / filled as f64);
    profile.blanks = Some(texts.blanks);
    if !profile.exact {
        looked.weigh(filled.saturating_sub(texts.blanks), texts.values.missed());
    }
    if looked.real.len() == 1 {
        looked.settle(false, &[], name); // with nothing but the other value a column would say nothing
    }
    let whole = |looked: &Looked<'_>| {
        let for_nothing: u64 = looked.nothing.iter().map(|(_, rows)| rows).sum();
        let doubtful: u64 = looked.doubtful.iter().map(|value| value.rows).sum();
        typed::Whole {
            distinct: texts.values.distinct().saturating_sub((known.len() - looked.real.len()) as u64),
            rows: filled.saturating_sub(texts.blanks + for_nothing + doubtful),
            parsed: texts.parsed.as_ref(),
        }
    };
    let missing = profile.rows > whole(&looked).rows;
    let (role, more) = if looked.real.is_empty() {
        looked.settle(true, &[], name);
        (Role::Empty, typed::Typed::default())
    } else if looked.real.len() == 1 && profile.exact && !missing && profile.rows > 1 {
        (Role::Constant, typed::Typed::default())
    } else {
        let known = whole(&looked);
        match typed::find(profile, name, &looked, &known, now)? {
            Some(found) => {
                looked.settle(true, &found.1.stay, name);
                found
            }
            None => {
                let known = said::say(profile, &looked, texts.parsed.as_ref());
                looked.settle(false, &[], name);
                let role =
                    if known { Role::Category } else { untyped(&looked, whole(&looked).distinct, profile.exact) };
                (role, typed::Typed::default())
            }
        }
    };
    let mut for_nothing: u64 = looked.nothing.iter().map(|(_, rows)| rows).sum();
    let mut spellings: Vec<String> = looked.nothing.iter().map(|(text, _)| text.clone()).collect();
    profile.role = role;
    if let Some(range) = more.range {
        profile.text_range = Some(range);
    }
    for_nothing += more.sentinels.iter().map(|(_, rows)| rows).sum::<u64>();
    spellings.extend(more.sentinels.iter().map(|(text, _)| text.clone()));
    profile.placeholders = Some(for_nothing);
    say_missing(profile, &looked, texts.blanks);
    if !matches!(role, Role::Empty | Role::Constant) {
        spelling::judge(profile, name, &looked);
        if texts.blanks > 0 || looked.real.iter().any(|v| spelling::is_hidden(&v.text)) {
            spellings.push(String::new());
        }
        said::unmark(profile, name, &looked);
        if !spellings.is_empty() {
            let values: Vec<Json> = spellings.iter().map(|text| json!(text)).collect();
            profile.steps.push(steps::placeholders(name, values));
        }
        if matches!(role, Role::Category | Role::Email) {
            spelling::fold_case(profile, name, &looked);
        }
        profile.steps.extend(more.step);
    }
    if role.is_personal() {
        profile.find(Warning, format!("personal data ({}): mask or drop it before others see it", role.name()));
    }
    general(profile, name);
    Ok(())
}

/// Parts of the world beside which `NA` is North America, in small letters.
const REGIONS: [&str; 12] =
    ["africa", "americas", "anz", "apac", "asia", "emea", "eu", "europe", "latam", "mena", "north america", "oceania"];

fn is_region(text: &str) -> bool {
    REGIONS.iter().any(|region| trim_space(text).eq_ignore_ascii_case(region))
}

/// Whether a text is a word that begins with a capital and goes on in small letters, as names do.
fn is_name(text: &str) -> bool {
    let mut letters = trim_space(text).chars();
    letters.next().is_some_and(char::is_uppercase) && letters.clone().count() > 0 && letters.all(char::is_lowercase)
}

/// Whether what the others are decides whether a text stands for nothing.
fn is_doubtful(text: &str) -> bool {
    may_be_level(text) || may_be_name(trim_space(text)) || may_be_state(text) || may_be_code(trim_space(text))
}

/// Take values and values for nothing apart.
fn look<'a>(known: &[super::Known<'a>]) -> Looked<'a> {
    let mut looked = Looked { real: Vec::new(), nothing: Vec::new(), doubtful: Vec::new(), padded: false };
    for value in known {
        let text = String::from_utf8_lossy(value.value);
        let text = if value.cut { Cow::Owned(text.trim_end_matches('\u{FFFD}').to_owned()) } else { text };
        if is_blank(&text) {
            looked.padded |= !text.is_empty();
        } else if is_doubtful(&text) {
            looked.doubtful.push(Value::new(text, value.rows, value.cut));
        } else if is_nothing(&text) {
            let trimmed = trim_space(&text);
            looked.padded |= trimmed.len() != text.len();
            add(&mut looked.nothing, trimmed, value.rows);
        } else {
            looked.real.push(Value::new(text, value.rows, value.cut));
        }
    }
    let opposed = |(text, _): &(String, u64)| {
        let is_other = |other: &str| is_opposite(text, other) || is_dotted(text) && is_dotted(other);
        looked.real.iter().any(|value| is_other(&value.text))
    };
    let (levels, nothing): (Vec<_>, Vec<_>) = std::mem::take(&mut looked.nothing).into_iter().partition(opposed);
    let level = |(text, rows): (String, u64)| Value::new(Cow::Owned(text), rows, false);
    looked.nothing = nothing;
    looked.real.extend(levels.into_iter().map(level));
    looked.sort();
    looked
}

/// Add rows to those of a spelling.
fn add(spellings: &mut Vec<(String, u64)>, text: &str, rows: u64) {
    match spellings.iter_mut().find(|(known, _)| known == text) {
        Some((_, known)) => *known += rows,
        None => spellings.push((text.to_owned(), rows)),
    }
}

/// What texts are that are not of another type.
fn untyped(looked: &Looked<'_>, distinct: u64, exact: bool) -> Role {
    let words = looked.mean(|text| text.split_whitespace().count());
    let length = looked.mean(str::len);
    let rows = looked.rows();
    let unique = match exact {
        true => is_unique(distinct, rows, true),
        // Of the sample, hardly a value has a second row.
        false => (looked.real.len() as f64) >= 0.97 * rows as f64,
    };
    let varied = looked.real.len() as f64 > 0.3 * rows as f64 || !exact;
    if (length > LONG || words >= WORDS) && varied || unique && words >= 2.0 {
        Role::FreeText
    } else if unique {
        Role::Id
    } else {
        Role::Category
    }
}

/// Say which texts stand for a missing value.
fn say_missing(profile: &mut ColumnProfile, looked: &Looked<'_>, blanks: u64) {
    let rows = profile.rows;
    if !looked.nothing.is_empty() {
        let list: Vec<String> = looked
            .nothing
            .iter()
            .take(5)
            .map(|(text, n)| format!("{} ({})", quoted(text), rows_inside(*n, rows)))
            .collect();
        let more = if looked.nothing.len() > 5 { " and others" } else { "" };
        profile.find(Warning, format!("stand for a missing value: {}{more}", list.join(", ")));
    }
    if blanks > 0 {
        profile.find(Warning, rows_that(blanks, rows, ARE, "blank"));
    }
    let levels: Vec<String> = looked
        .real
        .iter()
        .filter(|value| {
            let dash = || looked.is_one_of_codes(trim_space(&value.text), value.rows);
            is_doubtful(&value.text) && (value.text.contains(char::is_alphabetic) || dash())
        })
        .filter(|value| !looked.real.iter().any(|other| is_opposite(&value.text, &other.text)))
        .map(|value| format!("{} ({})", quoted(&value.text), rows_inside(value.rows, rows)))
        .collect();
    let has_levels = matches!(profile.role, Role::Category | Role::FreeText | Role::Id);
    if has_levels && !levels.is_empty() {
        profile.find(Note, format!("may stand for a missing value or be a level: {}", levels.join(", ")));
    }
}

/// The beginning of a text, in quotes, without characters that do not show.
fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(30).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}
