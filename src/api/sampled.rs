//! The rows of a source as a model's columns come, and samples of them.

use std::ffi::CString;
use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, ColumnData};
use orchard_engine::judge::given::{encode, Sample, Source};
use orchard_engine::model::{Argument, InputKind};
use orchard_engine::score::Scorer;
use pgrx::prelude::*;

use super::cleaned::{clean_beside, of_kind};
use super::judged::reader_for;
use super::train::{check_names, no_column};
use crate::call::cleaned::reader as raw_reader;
use crate::catalog::owner::with_settings;
use crate::catalog::{relations, store, Found};
use crate::error::{Failure, Result};
use crate::interrupt;
use crate::source::{self, Attribute, Rows, Wanted};

/// More rows than this are refused: each takes some hundred bytes.
const MOST_ROWS: i32 = 1_000_000;

/// The rows of a source.
pub(crate) struct Read {
    rows: Rows,
    places: Vec<(usize, usize)>,
    weight: Option<usize>,
}

impl Read {
    /// As the engine takes them.
    pub fn source(&self) -> Source<'_> {
        Source { table: &self.rows.table, places: self.places.clone(), weight: self.weight }
    }

    /// Whether the type of a column has whole numbers only.
    pub fn is_whole(&self, argument: usize) -> bool {
        let first = self.places.get(argument).map(|place| place.0);
        self.rows.columns.iter().any(|c| Some(c.first) == first && c.reader.is_integer())
    }

    /// A sample of them; an error where there is none.
    pub fn sample(&self, label: &str, most: usize, control: &Control) -> Result<Sample> {
        if self.rows.table.rows == 0 {
            return Err(no_rows());
        }
        let source = self.source();
        interrupt::run(label, control, || Sample::draw(&source, most, control))
    }
}

/// The error for a source without rows.
pub(super) fn no_rows() -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, "the source has no rows")
        .hint("Give a table, view or query that returns some.")
}

/// How many rows a sample may have.
pub(crate) fn sample_rows(asked: Option<i32>, usual: i32) -> Result<usize> {
    match asked.unwrap_or(usual) {
        rows @ 1..=MOST_ROWS => Ok(rows as usize),
        _ => Err(Failure::argument(format!("sample must be between 1 and {MOST_ROWS}"))
            .hint("It is the number of rows that are looked at.")),
    }
}

/// More rows of a background than this are drawn from, as each is compared with.
const MOST_BACKGROUND: usize = 1_000;

/// The rows of a background, by feature; at most a thousand of them, drawn by a hash of what they say.
pub(crate) fn background(found: &Found, scorer: &Rc<Scorer>, source: &str, control: &Control) -> Result<Vec<Vec<f64>>> {
    let read = read(found, scorer, source, control)?;
    let sample = read.sample("orchard.explain", MOST_BACKGROUND, control)?;
    drop(read);
    let scorer: &Scorer = scorer;
    interrupt::run("orchard.explain", control, || encode(scorer, &sample, control))
}

/// Run `body` on the source that is given, or on the one that the model was trained on, with the settings that that training had.
pub(crate) fn with_source<T>(found: &Found, given: Option<&str>, body: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    if let Some(source) = given {
        return body(source);
    }
    let version = found.deployed()?;
    let Some(source) = relations::version_text(&version, "source")?.filter(|text| !text.trim().is_empty()) else {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("model \"{}.{}\" was not trained here, so it has no source", found.row.schema, found.row.name),
        )
        .hint("Give a source: a table, view or query."));
    };
    let mut settings = Vec::new();
    for (name, column) in [(c"search_path", "search_path"), (c"TimeZone", "time_zone"), (c"DateStyle", "date_style")] {
        let value = relations::version_text(&version, column)?.unwrap_or_default();
        // An empty path is one; an empty zone is none.
        if name == c"search_path" || !value.is_empty() {
            settings.push((name, CString::new(value).unwrap_or_default()));
        }
    }
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_c_str())).collect();
    with_settings(&settings, || body(&source))
}

/// Read the columns of a source that a model reads, and that of the weights it was trained with where the source has it.
pub(crate) fn read(found: &Found, scorer: &Rc<Scorer>, source: &str, control: &Control) -> Result<Read> {
    let options = store::options(&found.deployed()?)?;
    let weighted = options["sample_weight"].as_str();
    let arguments = scorer.model().arguments();
    let mut choose = |attributes: &[Attribute]| {
        check_names(attributes)?;
        if let Some(missing) = arguments.iter().find(|a| attributes.iter().all(|b| b.name != a.name())) {
            return Err(no_column(missing.name(), attributes));
        }
        let wanted = |a: &Attribute| match arguments.iter().find(|i| i.name() == a.name) {
            Some(argument) => {
                let number = !matches!(argument.kind(), InputKind::Category | InputKind::Text);
                let reader = match argument {
                    Argument::Raw(_, column) => raw_reader(column, a.oid)?,
                    Argument::Input(input) => reader_for(scorer, input, a)?,
                };
                Ok(Some(Wanted { reader, number }))
            }
            None if weighted == Some(&a.name) => a.readable().map(|reader| Some(Wanted { reader, number: true })),
            None => Ok(None),
        };
        attributes.iter().map(wanted).collect()
    };
    let mut rows = source::read(source, &mut choose, control)?;
    let mut places = Vec::with_capacity(arguments.len());
    for argument in &arguments {
        let column = rows.column(argument.name()).ok_or_else(|| Failure::internal("a column was not read"))?;
        let (first, count, reader) = (column.first, column.count, column.reader);
        places.push((first, count));
        if argument.kind().is_moment() && reader.kind() != argument.kind() {
            let own = std::mem::replace(&mut rows.table.columns[first], Column::number(""));
            rows.table.columns[first] = of_kind(own, argument.kind(), reader, control)?;
        }
    }
    if let (Some(name), Some(program)) = (weighted, scorer.model().cleaning.as_ref().and_then(|c| c.target.as_ref())) {
        clean_beside(program, &mut rows, name, control)?;
    }
    let weight = weighted.map(|name| weights(&rows, name)).transpose()?.flatten();
    Ok(Read { rows, places, weight })
}

/// The column of the weights; `None` where the source does not have it.
fn weights(rows: &Rows, name: &str) -> Result<Option<usize>> {
    let Some(column) = rows.column(name) else {
        notice!("the source has no column \"{name}\", so its rows weigh the same");
        return Ok(None);
    };
    match &rows.table.columns[column.first].data {
        ColumnData::Number(values) if values.iter().all(|w| w.is_finite() && w >= 0.0) => Ok(Some(column.first)),
        _ => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            format!("weight column \"{name}\" has a value that is missing, negative or infinite"),
        )
        .hint("Leave such rows out in the source, or give them a weight.")),
    }
}
