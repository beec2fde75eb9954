//! `orchard.diagnose`: what is wrong with a source before a model is learned from it.

mod fix;

use orchard_engine::clean::doctor::{self, Finding, Fix, Kind, Severity};
use orchard_engine::control::Control;
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::Request;
use orchard_engine::model::InputKind;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::{Map, Value};

use super::train::{check_names, check_number, input, no_column};
use crate::error::{given, report, Failure, Result};
use crate::source::{self, Attribute, Described, Rows, Wanted};
use crate::{interrupt, settings};

/// The options of a training that matter here.
const OF_TRAINING: [&str; 5] = ["exclude", "features", "positive_class", "task", "time_column"];
/// The option that is of the doctor alone, and its range.
const SAMPLE_ROWS: (&str, std::ops::RangeInclusive<u64>) = ("sample_rows", 1_000..=1_000_000);

type Row = (String, String, Option<String>, String, Option<String>);

/// Look for what would make a model of a source worse, or its metrics lie.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn diagnose(
    source: Option<&str>,
    target: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(severity, String),
        name!(finding, String),
        name!(column_name, Option<String>),
        name!(detail, String),
        name!(fix, Option<String>),
    ),
> {
    let options = options.map_or_else(|| Value::Object(Map::new()), |o| o.0);
    TableIterator::new(report(|| run(source, target, &options)))
}

/// What the call asks for.
struct Asked<'a> {
    target: Option<&'a str>,
    options: Options,
    sample_rows: Option<usize>,
    /// The options as they were given, those of a training.
    given: Map<String, Value>,
}

impl<'a> Asked<'a> {
    fn parse(target: Option<&'a str>, options: &Value) -> Result<Asked<'a>> {
        let mut given = Map::new();
        let mut sample_rows = None;
        if let Value::Object(map) = options {
            for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
                if OF_TRAINING.contains(&key.as_str()) {
                    given.insert(key.clone(), value.clone());
                } else if key == SAMPLE_ROWS.0 {
                    sample_rows = Some(rows_of_sample(value)?);
                } else {
                    let mut valid = OF_TRAINING.to_vec();
                    valid.insert(3, SAMPLE_ROWS.0);
                    let key: String = key.chars().take(60).collect();
                    return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                        .hint(format!("Valid options of orchard.diagnose are: {}.", valid.join(", "))));
                }
            }
        }
        let read = match options {
            Value::Object(_) => &Value::Object(given.clone()),
            other => other,
        };
        let options = Options::parse(read, Algorithm::GradientBoosting)?;
        Ok(Asked { target, options, sample_rows, given })
    }

    /// The columns that are named, but as features.
    fn special(&self) -> impl Iterator<Item = &str> {
        self.target.into_iter().chain(self.options.time_column.as_deref())
    }

    /// Which columns to read, and how; those of a type that cannot be read are passed over, unless they are named.
    fn choose(&self, attributes: &[Attribute]) -> Result<Vec<Option<Wanted>>> {
        check_names(attributes)?;
        let listed = self.options.features.iter().flatten().chain(&self.options.exclude).map(String::as_str);
        for name in listed.chain(self.special()) {
            if !attributes.iter().any(|a| a.name == name) {
                return Err(no_column(name, attributes));
            }
        }
        let read = |a: &Attribute| match self.special().any(|s| s == a.name) {
            true => Ok(Some(Wanted { reader: a.readable()?, number: true })),
            false => Ok(a.reader.filter(|_| self.is_feature(a)).map(|reader| Wanted { reader, number: false })),
        };
        attributes.iter().map(read).collect()
    }

    fn is_feature(&self, attribute: &Attribute) -> bool {
        match &self.options.features {
            Some(features) => features.contains(&attribute.name),
            None => !self.options.exclude.contains(&attribute.name),
        }
    }

    /// The rows as the doctor takes them, and the names of columns that are text as they stand.
    fn request(self, rows: Rows) -> Result<(Request, Vec<String>)> {
        check_number(&rows, self.options.time_column.as_deref(), "time")?;
        let special: Vec<&str> = self.special().collect();
        let is_input = |name: &str| !special.contains(&name);
        let inputs = rows.columns.iter().filter(|c| is_input(&c.attribute.name) && c.count > 0).map(input).collect();
        let target = self.target.and_then(|t| rows.column(t)).map(input);
        if target.as_ref().is_some_and(|t| t.count != 1 || t.kind == InputKind::Array) {
            return Err(Failure::argument("an array cannot be the target"));
        }
        let texts = rows.columns.iter().filter(|c| c.reader.is_text()).map(|c| c.attribute.name.clone()).collect();
        let request = Request {
            inputs,
            target,
            weight: None,
            exposure: None,
            offset: None,
            time: self.options.time_column.as_deref().and_then(|t| rows.column(t)).map(|c| c.first),
            groups: Vec::new(),
            zone: None,
            algorithm: Algorithm::GradientBoosting,
            options: self.options,
            table: rows.table,
            beside: Vec::new(),
            previous: None,
            value: None,
            treatment: None,
            old_segments: None,
            former: None,
        };
        Ok((request, texts))
    }
}

fn rows_of_sample(value: &Value) -> Result<usize> {
    let (key, range) = SAMPLE_ROWS;
    value.as_u64().filter(|rows| range.contains(rows)).map(|rows| rows as usize).ok_or_else(|| {
        Failure::argument(format!("option \"{key}\" must be a whole number from {} to {}", range.start(), range.end()))
            .hint("Leave it out for 50000, or fewer of many columns.")
    })
}

fn run(source: Option<&str>, target: Option<&str>, options: &Value) -> Result<Vec<Row>> {
    let source = given(source, "source")?;
    let asked = Asked::parse(target, options)?;
    let described = source::describe(source)?;
    let control = Control::new(settings::max_memory());
    let rows = source::read(source, &mut |attributes| asked.choose(attributes), &control)?;
    let unread = unsupported(&asked, &described);
    let read: Vec<String> = rows.columns.iter().map(|c| c.attribute.name.clone()).collect();
    let (given, sample_rows) = (asked.given.clone(), asked.sample_rows);
    let (request, texts) = asked.request(rows)?;
    let mut found =
        interrupt::run("orchard.diagnose", &control, || doctor::diagnose(&request, &texts, sample_rows, &control))?;
    drop(request);
    if read.len() < described.attributes.len() {
        let of_rows = |f: &&mut Finding| matches!(f.kind, Kind::DuplicateRows | Kind::LabelConflicts);
        found.iter_mut().filter(of_rows).for_each(|f| f.detail.push_str(" Columns that were not read may differ."));
    }
    found.extend(unread);
    let writer = fix::Writer::new(source, target, described, read, given);
    let row = |f: Finding| {
        let fix = writer.sql(&f.fix);
        (f.severity.name().to_owned(), f.kind.name().to_owned(), f.column, f.detail, fix)
    };
    Ok(found.into_iter().map(row).collect())
}

/// The columns of types that cannot be read.
fn unsupported(asked: &Asked<'_>, described: &Described) -> Vec<Finding> {
    let unread = described.attributes.iter().filter(|a| a.reader.is_none() && asked.is_feature(a));
    unread
        .map(|a| {
            let detail = format!("\"{}\" has type {}, which cannot be learned from.", a.name, a.type_name);
            Finding::of(Severity::Info, Kind::UnsupportedType, &a.name, detail).exclude()
        })
        .collect()
}

/// Warn of what a training found; columns of one finding are warned of together.
pub(super) fn warn(findings: &[Finding], given: &Value) {
    let none = Map::new();
    let given = given.as_object().unwrap_or(&none);
    for together in findings.chunk_by(|a, b| a.detail == b.detail) {
        let names: Vec<String> = together.iter().flat_map(|f| &f.column).map(|c| format!("\"{c}\"")).collect();
        let word = if names.len() == 1 { "column" } else { "columns" };
        let options = match &together[0].fix {
            Fix::Exclude(columns) => fix::without(given, columns),
            _ => None,
        };
        let hint = match options.map(|options| fix::argument(&options)) {
            Some(options) => format!(
                "If that is not known when the model is used, train with {options}. orchard.diagnose says more."
            ),
            None => "orchard.diagnose says more.".to_owned(),
        };
        let message = format!("{word} {} may give the target away", names.join(" and "));
        Failure::new(PgSqlErrorCode::ERRCODE_WARNING, message).detail(together[0].detail.as_str()).hint(hint).warn();
    }
}
