//! `orchard.importance`.

use std::rc::Rc;

use orchard_engine::clean::program::{self, Kind, Program};
use orchard_engine::control::Control;
use orchard_engine::judge::importance::Shuffle;
use orchard_engine::judge::shap::{columns, features, is_asked, Explained};
use orchard_engine::learn::exposure;
use orchard_engine::learn::train::{by_model, by_rows, read_importance, Importance, Judged};
use orchard_engine::model::{Body, HeldActual, Task};
use orchard_engine::score::Scorer;
use orchard_engine::Error;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::judged::unknown_class;
use super::score::{inputs, key_columns};
use crate::call::cells::Cells;
use crate::call::explain::check_scores;
use crate::catalog::relations::{self, ChunkKind};
use crate::catalog::{self, cache, store, Found};
use crate::error::{report, Failure, Result};
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
        let found = catalog::of_argument(model)?;
        let scorer = cache::deployed(&found)?;
        check_scores(scorer.model())?;
        let repeats = usize::try_from(repeats.unwrap_or(10)).unwrap_or(0);
        if !(5..=1000).contains(&repeats) {
            return Err(Failure::argument("repeats must be from 5 to 1000"));
        }
        let shuffle = Shuffle { repeats, seed: seed.unwrap_or(0).cast_unsigned() };
        let derived = derived.unwrap_or(false);
        let columns = if derived { features(scorer.model()) } else { columns(scorer.model()) };
        if let Some((does, look)) = scorer.model().task.apart() {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                format!("the model {does}, so no column is worth more than another"),
            )
            .hint(look));
        }
        let mut all = by_model(scorer.model(), &columns);
        if !scorer.model().task.has_target() {
            // Its cuts are drawn, so none gains anything.
            all.retain(|i| i.kind != "gain");
        }
        match source {
            Some(source) => all.extend(by_source(&found, &scorer, source, &columns, shuffle)?),
            // What is kept is by column.
            None if !derived => {
                let kept = relations::chunks(&found.deployed()?, ChunkKind::Importance)?;
                all.extend(kept.iter().flat_map(|bytes| read_importance(bytes)));
            }
            None => {}
        }
        if all.is_empty() && is_asked(scorer.model()) && source.is_none() {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                match scorer.model().body {
                    Body::Ensemble(_) => "the model joins several, which do not say together what columns are worth",
                    _ => "the model does not say by itself what columns are worth",
                },
            )
            .hint(match scorer.model().task {
                Task::Uplift { .. } => "Give rows to judge by: source => 'table'.",
                _ => "Give rows to judge by: source => 'table'. Or train with the option \"importance\": true.",
            }));
        }
        Ok(ranked(all))
    });
    TableIterator::new(rows)
}

/// The rows of the answer; within a kind the most important comes first.
fn ranked(all: Vec<Importance>) -> Vec<Row> {
    let mut rank = (0, "");
    let row = |i: Importance| {
        rank = if rank.1 == i.kind { (rank.0 + 1, i.kind) } else { (1, i.kind) };
        let (low, high) = i.interval.unzip();
        let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
        (i.feature, finite(Some(i.value)), i.kind, finite(low), finite(high), rank.0)
    };
    all.into_iter().map(row).collect()
}

/// What needs rows: those of a source.
fn by_source(
    found: &Found,
    scorer: &Rc<Scorer>,
    source: &str,
    columns: &[Explained],
    shuffle: Shuffle,
) -> Result<Vec<Importance>> {
    let control = Control::new(settings::max_memory());
    let mut read = Read::new(found, scorer, source, &control)?;
    stream(&read.query.clone(), &mut read)?;
    let Read { cells, actual, offset, truth, unknown, .. } = read;
    if cells.first().is_none_or(Vec::is_empty) {
        return Err(Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, "the source has no row to judge by")
            .hint("Rows without a value of the target do not count."));
    }
    let scorer: &Scorer = scorer;
    let offset = Some(offset).filter(|offset| !offset.is_empty());
    let rows = Judged { cells, actual, weight: None, offset };
    let judge = || by_rows(scorer, rows, columns, shuffle, &control);
    let (all, undefined) = interrupt::run("orchard.importance", &control, judge)?;
    if unknown > 0 {
        notice!("{unknown} rows are not judged, as the model knows no such treatment");
    }
    if let Some(metric) = undefined {
        notice!("{metric} is undefined on these rows, so they give no permutation importance");
    } else if !truth && scorer.model().task.has_target() {
        notice!("the source does not have the target, so its rows give no permutation importance");
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
    /// Target, exposure, offset and treatment, as far as they are read: their name and how.
    beside: [Option<Beside>; 4],
    cells: Vec<Vec<f64>>,
    actual: HeldActual,
    offset: Vec<f64>,
    /// Whether the target is read.
    truth: bool,
    /// Rows whose treatment the model does not know.
    unknown: u64,
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
            options["treatment"].as_str().map(str::to_owned),
        ];
        let program = scorer.model().cleaning.as_ref().and_then(|cleaning| cleaning.target.as_ref());
        let mut beside = [None, None, None, None];
        for (place, name) in
            beside.iter_mut().zip(named).filter_map(|(place, name)| Some((place, name.filter(|_| truth)?)))
        {
            if !has(&name) {
                return Err(super::train::no_column(&name, &described.attributes));
            }
            let is_treatment = options["treatment"].as_str() == Some(&name);
            let cleaning = program.filter(|_| !is_treatment).map(|program| {
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
            (Task::Uplift { .. }, _) => HeldActual::Treated { outcome: Vec::new(), arms: Vec::new() },
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
            unknown: 0,
        })
    }

    /// Keep the row that was taken last, unless it has no target.
    ///
    /// # Safety
    /// As for [`Sink::row`]; runs under a guard.
    unsafe fn keep(&mut self, values: *const pg_sys::Datum, nulls: *const bool) -> Result<()> {
        let mut seen = [Seen::Missing, Seen::Missing, Seen::Missing, Seen::Missing];
        for (seen, beside) in seen.iter_mut().zip(&mut self.beside) {
            if let Some(beside) = beside {
                let at = beside.at;
                *seen = beside.see((!*nulls.add(at)).then(|| *values.add(at)));
            }
        }
        let [target, exposure, offset, treatment] = seen;
        if self.truth {
            let Some(beside) = &self.beside[0] else { return Ok(()) };
            match (&mut self.actual, target) {
                (_, Seen::Missing) => return Ok(()),
                (HeldActual::Treated { outcome, arms }, seen) => {
                    let Some(arm) = arm(&self.scorer.model().task, self.beside[3].as_ref(), treatment) else {
                        self.unknown += 1;
                        return Ok(());
                    };
                    let Some(came) = came(&self.scorer.model().task, beside, seen)? else { return Ok(()) };
                    push(outcome, came, self.control)?;
                    push(arms, arm, self.control)?;
                }
                (HeldActual::Number(all), Seen::Number(value)) => push(all, value, self.control)?,
                (HeldActual::Class(all), seen) => {
                    let label = beside.label(seen);
                    let class = self.scorer.model().classes().iter().position(|class| *class == label);
                    let class =
                        class.ok_or_else(|| unknown_class(&beside.name, &label, self.scorer.model().classes()))?;
                    push(all, class as u32, self.control)?;
                }
                _ => return Ok(()),
            }
        }
        if self.beside[1..3].iter().any(Option::is_some) {
            let number = |seen: &Seen| match seen {
                Seen::Number(value) => *value,
                _ => f64::NAN,
            };
            let mut own = [None, None];
            for ((own, beside), seen) in own.iter_mut().zip(&self.beside[1..3]).zip([exposure, offset]) {
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
            let numeric = match (i, &self.scorer.model().task) {
                (0, Task::Uplift { classes, .. }) => classes.is_empty(),
                (0, _) => matches!(self.actual, HeldActual::Number(_)),
                (at, _) => at < 3,
            };
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

    // SAFETY: as the trait says.
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

/// Which arm of a test a row is of: 0 without a treatment; `None` where the model does not know it.
fn arm(task: &Task, beside: Option<&Beside>, seen: Seen) -> Option<u32> {
    let (Task::Uplift { treatments, control, .. }, Some(beside)) = (task, beside) else { return None };
    if matches!(seen, Seen::Missing) {
        return None;
    }
    let label = beside.label(seen);
    let mut arms = std::iter::once(control).chain(treatments);
    Some(arms.position(|arm| *arm == label)? as u32)
}

/// What came of a row of a test: its number, or whether it is of the positive class.
fn came(task: &Task, beside: &Beside, seen: Seen) -> Result<Option<f64>> {
    match (task, seen) {
        (Task::Uplift { classes, positive, .. }, seen) if !classes.is_empty() => {
            let label = beside.label(seen);
            let class = classes.iter().position(|class| *class == label);
            let class = class.ok_or_else(|| unknown_class(&beside.name, &label, classes))?;
            Ok(Some(f64::from(u8::from(class == *positive as usize))))
        }
        (_, Seen::Number(value)) => Ok(Some(value)),
        _ => Ok(None),
    }
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
