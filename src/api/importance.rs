//! `orchard.importance`.

use std::rc::Rc;

use orchard_engine::clean::program::{self, Kind, Program};
use orchard_engine::control::Control;
use orchard_engine::judge::importance::{mean_shap, of_splits, permutation, Estimate, Shuffle};
use orchard_engine::judge::shap::{columns, features, Explained};
use orchard_engine::judge::COMPARED;
use orchard_engine::learn::exposure;
use orchard_engine::learn::train::{judge_rows, score_columns};
use orchard_engine::model::{HeldActual, HeldRows, Task};
use orchard_engine::score::Scorer;
use orchard_engine::Error;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::score::{inputs, key_columns};
use crate::call::cells::Cells;
use crate::call::explain::check_trees;
use crate::catalog::name::ModelName;
use crate::catalog::{self, cache, store, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::stream::{stream, Sink};
use crate::source::types::{self, Reader};
use crate::source::{self, Attribute};
use crate::{interrupt, settings};

/// A row of the answer.
type Row = (String, Option<f64>, &'static str, Option<f64>, Option<f64>, i32);

/// What the columns of a model are worth to it.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn importance(
    model: Option<&str>,
    source: Option<&str>,
    derived: Option<bool>,
    repeats: Option<i32>,
    seed: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(feature, String),
        name!(importance, Option<f64>),
        name!(kind, &'static str),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(rank, i32),
    ),
> {
    let rows = report(|| {
        let found = catalog::find(&ModelName::parse(given(model, "model")?)?)?;
        let scorer = cache::deployed(&found)?;
        check_trees(scorer.model())?;
        let repeats = usize::try_from(repeats.unwrap_or(10)).unwrap_or(0);
        if !(5..=1000).contains(&repeats) {
            return Err(Failure::argument("repeats must be from 5 to 1000"));
        }
        let shuffle = Shuffle { repeats, seed: seed.unwrap_or(0).cast_unsigned() };
        let columns = if derived.unwrap_or(false) { features(scorer.model()) } else { columns(scorer.model()) };
        let mut rows = by_splits(&scorer, &columns);
        if let Some(source) = source {
            rows.extend(by_rows(&found, &scorer, source, &columns, shuffle)?);
        }
        Ok(rows)
    });
    TableIterator::new(rows)
}

/// Rows of a kind, the most important first.
fn ranked(columns: &[Explained], kind: &'static str, values: &[Estimate], interval: bool) -> Vec<Row> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].value.total_cmp(&values[a].value));
    let row = |(rank, at): (usize, usize)| {
        let Estimate { value, low, high } = values[at];
        let end = |value: f64| Some(value).filter(|v| interval && v.is_finite());
        (columns[at].name.clone(), Some(value), kind, end(low), end(high), rank as i32 + 1)
    };
    order.into_iter().enumerate().map(row).collect()
}

fn exact(value: f64) -> Estimate {
    Estimate { value, low: value, high: value }
}

fn by_splits(scorer: &Scorer, columns: &[Explained]) -> Vec<Row> {
    let Some((trees, _)) = scorer.model().body.as_trees() else { return Vec::new() };
    let splits = of_splits(trees, columns);
    let gains: Vec<Estimate> = splits.iter().map(|(gain, _)| exact(*gain)).collect();
    let counts: Vec<Estimate> = splits.iter().map(|(_, count)| exact(*count as f64)).collect();
    let mut rows = ranked(columns, "gain", &gains, false);
    rows.extend(ranked(columns, "split", &counts, false));
    rows
}

/// What needs rows: Shapley values, and what a metric loses.
fn by_rows(
    found: &Found,
    scorer: &Rc<Scorer>,
    source: &str,
    columns: &[Explained],
    shuffle: Shuffle,
) -> Result<Vec<Row>> {
    let control = Control::new(settings::max_memory());
    let mut read = Read::new(found, scorer, source, &control)?;
    stream(&read.query.clone(), &mut read)?;
    let Read { cells, actual, offset, truth, .. } = read;
    let rows = cells.first().map_or(0, Vec::len);
    if rows == 0 {
        return Err(Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, "the source has no row to judge by")
            .hint("Rows without a value of the target do not count."));
    }
    let scorer: &Scorer = scorer;
    let judged = interrupt::run("orchard.importance", &control, || {
        control.stage(2);
        let shap = mean_shap(scorer, &cells, columns, &control)?;
        control.end_stage();
        let mut cells = cells;
        let mut held = HeldRows { outputs: scorer.outputs() as u32, scores: Vec::new(), actual, weight: None };
        let score = |cells: &[Vec<f64>]| {
            let mut scores = score_columns(scorer, cells, &control)?;
            if !offset.is_empty() {
                exposure::expect(&mut scores, &offset);
            }
            Ok(scores)
        };
        let mut name = None;
        let metric = |scores: &[f64], weight: Vec<f64>| {
            held.scores.clear();
            held.scores.extend_from_slice(scores);
            held.weight = Some(weight);
            let (metrics, headline) = judge_rows(scorer, &held);
            name = headline;
            let better = COMPARED.iter().find(|(metric, _)| Some(*metric) == headline)?.1;
            let value = metrics.into_iter().find(|metric| Some(&*metric.name) == headline)?.value?;
            Some(if better { value } else { -value })
        };
        let losses = match truth {
            true => permutation(&mut cells, columns, shuffle, &control, score, metric)?,
            false => None,
        };
        Ok((shap, losses, name))
    });
    let (shap, losses, name) = judged?;
    let shap: Vec<Estimate> = shap.into_iter().map(exact).collect();
    let mut all = ranked(columns, "mean_abs_shap", &shap, false);
    match losses {
        Some(losses) => all.extend(ranked(columns, "permutation", &losses, true)),
        None if truth => notice!(
            "{} is undefined on these rows, so they give no permutation importance",
            name.unwrap_or("the metric")
        ),
        None => notice!("the source does not have the target, so its rows give no permutation importance"),
    }
    Ok(all)
}

/// Reads features and truth of the rows of a source.
struct Read<'a> {
    query: String,
    scorer: &'a Rc<Scorer>,
    found: &'a Found,
    control: &'a Control,
    reading: Option<Cells>,
    /// Target, exposure and offset, as far as they are read: their name and how.
    beside: [Option<Beside>; 3],
    cells: Vec<Vec<f64>>,
    actual: HeldActual,
    offset: Vec<f64>,
    /// Whether the target is read.
    truth: bool,
}

/// A column beside the features.
struct Beside {
    name: String,
    /// Its place among the columns of the query; its reader, when that is known.
    at: usize,
    reader: Option<Reader>,
    /// What training did to it first.
    cleaning: Option<(Program, program::Row)>,
}

/// A value beside the features.
enum Seen {
    Missing,
    Number(f64),
    Text(String),
}

impl<'a> Read<'a> {
    fn new(found: &'a Found, scorer: &'a Rc<Scorer>, source: &str, control: &'a Control) -> Result<Self> {
        let described = source::describe(source)?;
        let target = store::target(&found.deployed()?)?;
        let options = store::options(&found.deployed()?)?;
        // For its checks of the columns.
        key_columns(None, &described, scorer.model(), target.as_deref())?;
        let mut selected = inputs(scorer.model());
        let has = |name: &str| described.attributes.iter().any(|a| a.name == name);
        let truth = target.as_deref().is_some_and(has);
        let named = [
            target.filter(|_| truth),
            options["exposure"].as_str().map(str::to_owned),
            options["offset"].as_str().map(str::to_owned),
        ];
        let program = scorer.model().cleaning.as_ref().and_then(|cleaning| cleaning.target.as_ref());
        let mut beside = [None, None, None];
        for (place, name) in
            beside.iter_mut().zip(named).filter_map(|(place, name)| Some((place, name.filter(|_| truth)?)))
        {
            if !has(&name) {
                return Err(super::train::no_column(&name, &described.attributes));
            }
            let cleaning = program.map(|program| {
                let mut own = program.clone();
                own.keep(&[&name]);
                let row = program::Row::new(&own);
                (own, row)
            });
            selected.push(format!("s.{}", quote_identifier(&name)));
            *place = Some(Beside { name, at: selected.len() - 1, reader: None, cleaning });
        }
        let actual = match (&scorer.model().task, truth) {
            (_, false) => HeldActual::None,
            (Task::Classification { .. }, _) => HeldActual::Class(Vec::new()),
            _ => HeldActual::Number(Vec::new()),
        };
        Ok(Read {
            query: format!("SELECT {} FROM ({}\n) AS s", selected.join(", "), described.query),
            scorer,
            found,
            control,
            reading: None,
            beside,
            cells: vec![Vec::new(); scorer.model().features.len()],
            actual,
            offset: Vec::new(),
            truth,
        })
    }

    /// Keep the row that was taken last, unless it has no target.
    ///
    /// # Safety
    /// As for [`Sink::row`]; runs under a guard.
    unsafe fn keep(&mut self, values: *const pg_sys::Datum, nulls: *const bool) -> Result<()> {
        let mut seen = [Seen::Missing, Seen::Missing, Seen::Missing];
        for (seen, beside) in seen.iter_mut().zip(&mut self.beside) {
            if let Some(beside) = beside {
                let at = beside.at;
                *seen = beside.see((!*nulls.add(at)).then(|| *values.add(at)));
            }
        }
        let [target, exposure, offset] = seen;
        if self.truth {
            let Some(beside) = &self.beside[0] else { return Ok(()) };
            match (&mut self.actual, target) {
                (_, Seen::Missing) => return Ok(()),
                (HeldActual::Number(all), Seen::Number(value)) => push(all, value, self.control)?,
                (HeldActual::Class(all), seen) => {
                    let label = beside.label(seen);
                    let class = self.scorer.model().classes().iter().position(|class| *class == label);
                    let class = class.ok_or_else(|| no_class(&beside.name, &label, self.scorer.model().classes()))?;
                    push(all, class as u32, self.control)?;
                }
                _ => return Ok(()),
            }
        }
        if self.beside[1..].iter().any(Option::is_some) {
            let number = |seen: &Seen| match seen {
                Seen::Number(value) => *value,
                _ => f64::NAN,
            };
            let mut own = [None, None];
            for ((own, beside), seen) in own.iter_mut().zip(&self.beside[1..]).zip([exposure, offset]) {
                if let Some(beside) = beside {
                    let value = number(&seen);
                    exposure::check_value(&beside.name, beside.name == self.exposure_name(), value)?;
                    *own = Some(value);
                }
            }
            push(&mut self.offset, exposure::log_offset(own[0], own[1]), self.control)?;
        }
        if let Some(reading) = &self.reading {
            for (column, cell) in self.cells.iter_mut().zip(reading.row()) {
                push(column, *cell, self.control)?;
            }
        }
        Ok(())
    }

    fn exposure_name(&self) -> &str {
        self.beside[1].as_ref().map_or("", |beside| &beside.name)
    }
}

impl Sink for Read<'_> {
    fn start(&mut self, columns: Vec<Attribute>) -> Result<()> {
        let count = self.scorer.model().arguments().len();
        let types: Vec<pg_sys::Oid> = columns.iter().take(count).map(|column| column.oid).collect();
        self.reading = Some(Cells::new(self.scorer, self.found, &types)?);
        for (i, beside) in self.beside.iter_mut().enumerate() {
            let Some(beside) = beside else { continue };
            let Some(column) = columns.get(beside.at) else { continue };
            let reader = column.readable()?;
            beside.reader = Some(reader);
            // One that is clean already is left as it is.
            let is_raw = |program: &Program| program.inputs.first().is_some_and(|s| s.kind == Kind::of(reader.kind()));
            beside.cleaning = beside.cleaning.take().filter(|(program, _)| is_raw(program));
            let is_number = !reader.is_category() && !matches!(reader, Reader::Array(_));
            let numeric = i > 0 || matches!(self.actual, HeldActual::Number(_));
            if matches!(reader, Reader::Array(_)) || numeric && !is_number && beside.cleaning.is_none() {
                return Err(Failure::new(
                    PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                    format!(
                        "column \"{}\" has type {}, but the model learned it as a number",
                        beside.name, column.type_name
                    ),
                )
                .hint("Cast the column in the query."));
            }
        }
        Ok(())
    }

    unsafe fn row(&mut self, values: *const pg_sys::Datum, nulls: *const bool) -> Result<()> {
        if let Some(reading) = &mut self.reading {
            reading.put(values, nulls);
        }
        self.keep(values, nulls)
    }
}

impl Beside {
    /// The value as training saw it.
    ///
    /// # Safety
    /// `datum` is of the column's type. Runs under a guard.
    unsafe fn see(&mut self, datum: Option<pg_sys::Datum>) -> Seen {
        let seen = match (self.reader, datum) {
            (Some(reader), Some(datum)) if reader.is_category() => {
                let own = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                Seen::Text(match reader {
                    Reader::Enum => types::enum_label(datum.value() as u32).unwrap_or_default(),
                    Reader::Uuid => types::category(reader, datum, types::uuid_text),
                    reader => types::category(reader, datum, own),
                })
            }
            (Some(reader), Some(datum)) => match types::number(reader, datum) {
                value if value.is_finite() => Seen::Number(value),
                _ => Seen::Missing,
            },
            _ => Seen::Missing,
        };
        let Some((program, row)) = &mut self.cleaning else { return seen };
        match &seen {
            Seen::Text(text) => row.set_text(0, Some(text.as_bytes())),
            Seen::Number(value) => row.set_number(0, *value),
            Seen::Missing => {
                row.set_text(0, None);
                row.set_number(0, f64::NAN);
            }
        }
        row.run(program);
        let Some(output) = program.outputs.first() else { return seen };
        match row.value(output.register) {
            serde_json::Value::Null => Seen::Missing,
            serde_json::Value::Bool(value) => Seen::Number(f64::from(u8::from(value))),
            serde_json::Value::String(text)
                if program.kinds().is_some_and(|k| k.get(output.register as usize) == Some(&Kind::Text)) =>
            {
                Seen::Text(text)
            }
            _ => Seen::Number(row.number(output.register)),
        }
    }

    /// The label of a value, as the classes of a model have it.
    fn label(&self, seen: Seen) -> String {
        let cleaned = self.cleaning.as_ref().and_then(|(program, _)| {
            let register = program.outputs.first()?.register as usize;
            program.kinds()?.get(register).copied()
        });
        let is_boolean = cleaned.map_or(self.reader == Some(Reader::Bool), |kind| kind == Kind::Boolean);
        match seen {
            Seen::Text(text) => text,
            Seen::Number(value) if is_boolean => if value != 0.0 { "true" } else { "false" }.to_owned(),
            Seen::Number(value) => format!("{}", value + 0.0),
            Seen::Missing => String::new(),
        }
    }
}

fn no_class(target: &str, label: &str, classes: &[String]) -> Failure {
    Failure::argument(format!("target \"{target}\" has the value \"{label}\", which is not a class of the model"))
        .detail(format!("The classes are {}.", classes.join(", ")))
}

/// Add a value, whose room is counted first.
fn push<T>(values: &mut Vec<T>, value: T, control: &Control) -> Result<()> {
    if values.len() == values.capacity() {
        let more = values.capacity().max(1024);
        let bytes = more.saturating_mul(size_of::<T>());
        control.reserve(bytes)?;
        let short = |_| Error::OutOfMemory { needed: control.used(), limit: settings::max_memory() };
        values.try_reserve_exact(more).map_err(short)?;
    }
    values.push(value);
    Ok(())
}
