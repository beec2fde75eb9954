//! From a source to series.

use std::collections::HashMap;

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::forecast::beside::Kind;
use orchard_engine::forecast::calendar::{Calendar, Step, DAY};
use orchard_engine::forecast::gather::{self, gather, Gathered, Missing, Rules, Times, NEVER};
use orchard_engine::forecast::hierarchy::Tree;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::beside::{self, Told};
use crate::api::budget::is_number;
use crate::api::judged::not_numbers;
use crate::api::train::{check_names, find};
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Described, Rows, Wanted};
use crate::{interrupt, json};

/// More series than this are refused.
const MOST_SERIES: usize = 1_000_000;

/// What the series are made of.
pub struct Columns<'a> {
    /// The column of the times.
    pub time: &'a str,
    /// The column of the values.
    pub value: &'a str,
    /// The columns whose values tell series apart.
    pub groups: Vec<String>,
    /// The columns of what is known besides.
    pub regressors: Vec<String>,
}

/// Series as they were read.
pub struct Read {
    /// The series, in the order of their keys.
    pub found: Gathered,
    /// The texts that tell them apart, a list a series; `None` is NULL.
    pub keys: Vec<Vec<Option<Box<[u8]>>>>,
    /// Rows of the source.
    pub rows: usize,
    /// The names of these columns and their types.
    pub groups: Vec<(String, Oid)>,
    /// What the columns of the series are where no row tells.
    pub kinds: Vec<Kind>,
}

/// Look at the columns of a source: whether its times are plain numbers.
pub fn describe(source: &str, columns: &Columns<'_>) -> Result<(Described, bool)> {
    let described = source::describe(source)?;
    let attributes = &described.attributes;
    check_names(attributes)?;
    let find = |name: &str| find(name, attributes);
    let (time, value) = (find(columns.time)?, find(columns.value)?);
    let mut named = vec![columns.time, columns.value];
    for group in &columns.groups {
        find(group)?.needed()?;
        if named.contains(&group.as_str()) {
            return Err(twice(group));
        }
        named.push(group);
    }
    if columns.time == columns.value {
        return Err(twice(columns.time));
    }
    if !is_number(value.needed()?) {
        return Err(not_numbers(value));
    }
    let numbers = is_number(time.needed()?);
    match time.needed()? {
        Reader::Date | Reader::Timestamp | Reader::Timestamptz => {}
        reader if numbers || reader.is_text() => {}
        _ => {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("column \"{}\" has type {}, not times", time.name, time.type_name),
            )
            .hint("Times are dates, timestamps, texts of them, or plain numbers."))
        }
    }
    Ok((described, numbers))
}

/// The error of a column with two roles.
pub fn twice(name: &str) -> Failure {
    Failure::argument(format!("column \"{name}\" is named twice"))
        .hint("Time, value and groups are columns of their own.")
}

/// Read the series of a source.
pub fn read(
    described: &Described,
    numbers: bool,
    columns: &Columns<'_>,
    rules: Rules,
    label: &str,
    control: &Control,
) -> Result<Read> {
    let (t, v) = (quote_identifier(columns.time), quote_identifier(columns.value));
    // Moments with a zone are those on the clocks of the session's zone, where days begin at midnight.
    let textual = described.attributes.iter().any(|a| a.name == columns.time && a.reader.is_some_and(Reader::is_text));
    let time = match (numbers, textual) {
        (true, _) => format!("s.{t}"),
        (_, false) => format!("s.{t}::pg_catalog.timestamp AS {t}"),
        // A month alone, as 2024-01, is its first day.
        _ => format!(
            "pg_catalog.regexp_replace(s.{t}::pg_catalog.text, '(?<=^[0-9]{{4}}-[0-9]{{1,2}})$', '-01')::pg_catalog.timestamp AS {t}"
        ),
    };
    let groups: Vec<(String, Oid)> = columns
        .groups
        .iter()
        .filter_map(|g| described.attributes.iter().find(|a| a.name == *g))
        .map(|a| (a.name.clone(), a.base))
        .collect();
    let text = |g: &String| format!(", s.{0}::pg_catalog.text AS {0}", quote_identifier(g));
    let mut texts: String = columns.groups.iter().map(text).collect();
    for name in &columns.regressors {
        texts.push_str(&match beside::is_number(name, columns, &described.attributes)? {
            true => format!(", s.{}", quote_identifier(name)),
            false => text(name),
        });
    }
    let query = format!("SELECT {time}, s.{v}{texts} FROM ({}\n) AS s", described.query);
    let mut choose = |attributes: &[Attribute]| {
        let wanted = |a: &Attribute| a.needed().map(|reader| Some(Wanted { reader, number: !reader.is_category() }));
        attributes.iter().map(wanted).collect()
    };
    let mut rows = source::read(&query, &mut choose, control)?;
    let (series, keys) = tell_apart(&rows, &columns.groups, control)?;
    let values = numbers_of(&rows, columns.value, control)?;
    let times = numbers_of(&rows, columns.time, control)?;
    let told = beside::columns(&rows, &columns.regressors)?;
    let moments = match numbers {
        true => Vec::new(),
        false => {
            let mut moments: Vec<i64> = control.vec(times.len())?;
            moments.extend(times.iter().map(|t| if t.is_finite() { (t * 1e6).round() as i64 } else { NEVER }));
            moments
        }
    };
    let count = keys.len();
    let found = interrupt::run(label, control, || {
        let times = if numbers { Times::Numbers(&times) } else { Times::Moments(&moments) };
        let mut found = gather(times, &values, &series, count, rules, control)?;
        for column in &told {
            gather::beside(&mut found, times, &series, |row| column.value(row), control)?;
        }
        Ok(found)
    })?;
    let kinds = told.iter().map(Told::kind).collect();
    drop(told);
    rows.table.columns.iter_mut().for_each(|c| c.release(control));
    control.release_vec(values);
    control.release_vec(times);
    control.release_vec(moments);
    control.release_vec(series);
    Ok(Read { found, keys, rows: rows.table.rows, groups, kinds })
}

fn numbers_of(rows: &Rows, name: &str, control: &Control) -> Result<Vec<f64>> {
    let column = rows.column(name).ok_or_else(|| Failure::internal("a column was not read"))?;
    let ColumnData::Number(numbers) = &rows.table.columns[column.first].data else {
        return Err(Failure::internal("a number was read as a text"));
    };
    let mut out = control.vec(rows.table.rows)?;
    out.extend((0..rows.table.rows).map(|row| numbers.get(row)));
    Ok(out)
}

type Keys = Vec<Vec<Option<Box<[u8]>>>>;

/// The number of the series of each row, and the key of each series; they are numbered in the order of their keys.
fn tell_apart(rows: &Rows, groups: &[String], control: &Control) -> Result<(Vec<u32>, Keys)> {
    let mut codes_of = Vec::new();
    for group in groups {
        let column = rows.column(group).ok_or_else(|| Failure::internal("a column was not read"))?;
        match &rows.table.columns[column.first].data {
            ColumnData::Category { codes, dictionary } => codes_of.push((codes, dictionary)),
            ColumnData::Number(_) => return Err(Failure::internal("a text was read as a number")),
        }
    }
    let mut series: Vec<u32> = control.vec(rows.table.rows)?;
    if codes_of.is_empty() {
        series.resize(rows.table.rows, 0);
        return Ok((series, vec![Vec::new()]));
    }
    let mut numbers: HashMap<Box<[u32]>, u32> = HashMap::new();
    let mut lists: Vec<Box<[u32]>> = Vec::new();
    let mut key: Vec<u32> = vec![0; codes_of.len()];
    for row in 0..rows.table.rows {
        if row % 65_536 == 0 {
            control.check()?;
        }
        key.iter_mut().zip(&codes_of).for_each(|(k, (codes, _))| *k = codes.get(row));
        let number = match numbers.get(&key[..]) {
            Some(number) => *number,
            None => {
                if lists.len() >= MOST_SERIES {
                    return Err(Failure::argument(format!("the source has more than {MOST_SERIES} series"))
                        .hint("Forecast them in parts, or group them by fewer columns."));
                }
                let text: usize =
                    key.iter().zip(&codes_of).filter(|(k, _)| **k != MISSING).map(|(k, (_, d))| d.text(*k).len()).sum();
                control.reserve(text + key.len() * 40 + 96)?;
                let number = lists.len() as u32;
                lists.push(key.clone().into());
                numbers.insert(key.clone().into(), number);
                number
            }
        };
        series.push(number);
    }
    let key_of = |list: &[u32]| -> Vec<Option<Box<[u8]>>> {
        list.iter()
            .zip(&codes_of)
            .map(|(code, (_, dictionary))| (*code != MISSING).then(|| dictionary.text(*code).into()))
            .collect()
    };
    let keys: Keys = lists.iter().map(|list| key_of(list)).collect();
    // NULL comes last, as in the server's orders.
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    let rank = |i: &u32| keys[*i as usize].iter().map(|k| (k.is_none(), k.as_deref())).collect::<Vec<_>>();
    order.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let mut place = vec![0u32; order.len()];
    order.iter().enumerate().for_each(|(to, from)| place[*from as usize] = to as u32);
    series.iter_mut().for_each(|s| *s = place[*s as usize]);
    let mut sorted: Vec<Option<_>> = keys.into_iter().map(Some).collect();
    let keys = order.iter().filter_map(|i| sorted[*i as usize].take()).collect();
    Ok((series, keys))
}

/// A `jsonb` object of names and values as JSON; null where there is none.
pub fn object<'a>(parts: impl Iterator<Item = (&'a str, Option<Vec<u8>>)>) -> Datum {
    let mut text = b"{".to_vec();
    for (name, value) in parts {
        if text.len() > 1 {
            text.push(b',');
        }
        text.extend(json::string(name.as_bytes()));
        text.push(b':');
        text.extend(value.unwrap_or_else(|| b"null".to_vec()));
    }
    text.push(b'}');
    json::jsonb(text)
}

/// When a step of a calendar is: a timestamp and a number, one of which is NULL.
pub fn time_of(calendar: &Calendar, index: i64) -> [Option<Datum>; 2] {
    if matches!(calendar.step, Step::Number(_)) {
        return [None, calendar.number(index).into_datum()];
    }
    let time = calendar.time(index);
    // Beyond what a timestamp holds there is only infinity.
    let time = if (-211_813_488_000_000_000..9_223_371_331_200_000_000).contains(&time) { time } else { i64::MAX };
    [Some(Datum::from(time)), None]
}

impl Read {
    /// The tree of the series and of their sums.
    pub fn tree(&self) -> Tree {
        Tree::new(self.keys.len(), self.groups.len(), |i, j, depth| self.keys[i][..depth] == self.keys[j][..depth])
    }

    /// The seasons of the series.
    pub fn seasons(&self, given: Option<&Vec<usize>>) -> Vec<usize> {
        given.cloned().unwrap_or_else(|| self.found.calendar.step.seasons())
    }

    /// The key of a series as a `jsonb`: an object of its groups.
    pub fn key(&self, series: usize) -> Datum {
        self.key_of(series, self.groups.len())
    }

    /// The same of a sum: groups beyond the first so many are null.
    pub fn key_of(&self, series: usize, depth: usize) -> Datum {
        let parts = self.groups.iter().zip(&self.keys[series]).enumerate();
        object(parts.map(|(i, ((name, oid), value))| {
            let value = value.as_ref().filter(|_| i < depth).map(|value| match *oid {
                // The text of a truth value is not the letter of its output.
                pg_sys::BOOLOID => value.to_vec(),
                oid => json::scalar(oid, value),
            });
            (name.as_str(), value)
        }))
    }

    /// When a step is.
    pub fn time(&self, index: i64) -> [Option<Datum>; 2] {
        time_of(&self.found.calendar, index)
    }

    /// Say what was found in the rows.
    pub fn tell(&self, rules: Rules) {
        let found = &self.found;
        let values: usize = found.series.iter().map(|s| s.values.len()).sum();
        if found.unusable > 0 {
            notice!(
                "{} rows without a time, or with a value that is infinite or beyond 1e100, are left out",
                found.unusable
            );
        }
        if values == 0 {
            notice!("the source has no row with a time and a value");
            return;
        }
        if found.inferred {
            let step = match found.calendar.step {
                Step::Fixed(size) if size < DAY => found.calendar.step.name(),
                step => step.name(),
            };
            notice!("the times are taken as steps of {step}");
        }
        if found.repeated > 0 {
            notice!(
                "{} rows that are there twice are left out; they would count with \"aggregate\": \"sum\"",
                found.repeated
            );
        }
        if found.merged > 0 {
            let how = if rules.aggregate == orchard_engine::forecast::gather::Aggregate::Mean {
                "averaged"
            } else {
                "added up"
            };
            notice!("rows of the same step are {how}: {} rows more than steps", found.merged);
        }
        if found.unfinished > 0 {
            notice!("the last step has only begun: its {} rows are left out", found.unfinished);
        }
        if found.gaps > 0 {
            let with = match rules.missing {
                Missing::Interpolate => {
                    "by lines between their neighbours (\"missing\": \"zero\" if no row means none)"
                }
                Missing::Zero => "with 0",
                Missing::Previous => "with the value before",
            };
            notice!("{} of {values} steps have no row and are filled {with}", found.gaps);
        }
        if found.cut > 0 {
            notice!("{} values before very long gaps are left out", found.cut);
        }
        let empty = found.series.iter().filter(|s| s.values.is_empty()).count();
        if empty > 0 {
            notice!("{empty} series without a value are left out");
        }
    }
}
