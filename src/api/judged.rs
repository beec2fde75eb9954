//! What a model said of rows and what was true of them: of the rows that training held out, or of the rows of a source.

mod truth;
mod watched;

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, Table, MISSING};
use orchard_engine::learn::exposure;
use orchard_engine::learn::train::score_columns;
use orchard_engine::model::{decode_held, Argument, Baseline, Encoding, HeldActual, HeldRows, Input, InputKind, Task};
use orchard_engine::score::{Scorer, Text};
use pgrx::prelude::*;

pub(super) use truth::{actual, class_at, treated, unknown_class, Actual};
pub(super) use watched::Watched;

use super::cleaned;
use super::train::{check_names, check_number, no_column};
use crate::call::cleaned::reader as raw_reader;
use crate::call::slot;
use crate::catalog::relations::{self, ChunkKind};
use crate::catalog::{cache, store, Found};
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Rows, SourceColumn, Wanted};
use crate::{interrupt, settings};

/// More segments than this are refused.
const MOST_SEGMENTS: usize = 1_000;

/// Rows with what a model said of them.
pub(super) struct Judged {
    /// The model.
    pub scorer: Rc<Scorer>,
    /// Scores, truth and weights.
    pub held: HeldRows,
    /// The segment of each row, if it was asked for.
    pub segments: Option<Segments>,
    /// The numbers that were asked for, a column each.
    pub numbers: Vec<Vec<f64>>,
    /// The features of the rows of a source.
    pub columns: Vec<Vec<f64>>,
    /// What was seen of all rows, if that was asked for.
    pub watched: Option<Watched>,
}

/// The segments that rows are in.
pub(super) struct Segments {
    /// The value of each; `None` for rows without one.
    pub labels: Vec<Option<String>>,
    /// The segment of each row.
    pub codes: Vec<u32>,
}

/// Columns of a source to read beside those of the model.
#[derive(Default)]
pub(super) struct Wish<'a> {
    /// The column whose values part the rows into segments.
    pub by: Option<&'a str>,
    /// Columns of numbers.
    pub numbers: Vec<&'a str>,
    /// Whether all rows are to be watched, and compared with this; the source need not have the target then.
    pub watch: Option<&'a Option<Baseline>>,
}

/// The rows of a source, or without one those that were held out.
pub(super) fn judged(found: &Found, source: Option<&str>, wish: &Wish<'_>) -> Result<Judged> {
    match source {
        Some(source) => on_source(found, source, wish),
        None => on_holdout(found),
    }
}

fn on_holdout(found: &Found) -> Result<Judged> {
    let scorer = cache::deployed(found)?;
    let bytes = relations::chunks(&found.deployed()?, ChunkKind::Held)?.ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("model \"{}.{}\" has no held-out rows", found.row.schema, found.row.name),
        )
        .hint("Give a source to evaluate on, or train with a \"holdout\" above 0.")
    })?;
    let held = decode_held(&bytes)?;
    Ok(Judged { scorer, held, segments: None, numbers: Vec::new(), columns: Vec::new(), watched: None })
}

fn on_source(found: &Found, source: &str, wish: &Wish<'_>) -> Result<Judged> {
    let scorer = cache::deployed(found)?;
    let target = store::target(&found.deployed()?)?;
    let options = store::options(&found.deployed()?)?;
    if target.is_none() && scorer.model().task.has_target() {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("model \"{}.{}\" does not know what it predicts", found.row.schema, found.row.name),
        )
        .detail("It came from another library, which keeps no name of the target.")
        .hint("Import it again with options => '{\"target\": \"column\"}'."));
    }
    let beside = ["exposure", "offset"].map(|key| options[key].as_str());
    let weighted = options["sample_weight"].as_str();
    let treatment = options["treatment"].as_str();
    let control = Control::new(settings::max_memory());
    let arguments = scorer.model().arguments();
    let mut choose = |attributes: &[Attribute]| {
        check_names(attributes)?;
        let needed = target.as_deref().into_iter().chain(treatment).filter(|_| wish.watch.is_none());
        let names = arguments.iter().map(Argument::name).chain(needed);
        let names = names.chain(beside.into_iter().flatten()).chain(wish.by).chain(wish.numbers.iter().copied());
        for name in names {
            if !attributes.iter().any(|a| a.name == name) {
                return Err(no_column(name, attributes));
            }
        }
        attributes
            .iter()
            .map(|a| match arguments.iter().find(|i| i.name() == a.name) {
                Some(Argument::Raw(_, column)) => {
                    let number = column.kind != InputKind::Category;
                    raw_reader(column, a.oid).map(|reader| Some(Wanted { reader, number }))
                }
                Some(Argument::Input(input)) => {
                    let number = input.kind != InputKind::Category;
                    reader_for(&scorer, input, a).map(|reader| Some(Wanted { reader, number }))
                }
                None => {
                    let name = Some(a.name.as_str());
                    let measured = target.as_deref() == name
                        || beside.contains(&name)
                        || weighted == name
                        || wish.numbers.contains(&a.name.as_str());
                    let read = |reader| Some(Wanted { reader, number: measured });
                    match measured || wish.by == name || treatment == name {
                        true => a.readable().map(read),
                        false => Ok(None),
                    }
                }
            })
            .collect()
    };
    let mut rows = source::read(source, &mut choose, &control)?;
    // Before the cleaning, which takes the columns that it reads.
    let segments = wish.by.map(|by| segments(&rows, by)).transpose()?;
    let numbers: Vec<Vec<f64>> = wish.numbers.iter().map(|name| numbers(&rows, name)).collect::<Result<_>>()?;
    let no_features =
        target.as_deref().into_iter().chain(beside.into_iter().flatten()).chain(weighted).chain(treatment);
    cleaned::clean(scorer.model(), &mut rows, no_features, &control)?;
    let observed =
        wish.watch.map(|baseline| watched::observe(&scorer, baseline.as_ref(), &mut rows, &control)).transpose()?;
    let columns = encode(&scorer, &rows, &control)?;
    let there = target.as_deref().filter(|target| rows.column(target).is_some());
    let everything = vec![true; rows.table.rows];
    let actual = match (there, &scorer.model().task) {
        (Some(target), task) => match treatment.filter(|name| rows.column(name).is_some()) {
            Some(treatment) => treated(&rows, target, treatment, task, wish.watch.is_some())?,
            // Without it nothing is known of an effect.
            None if matches!(task, Task::Uplift { .. }) => Actual { known: everything.clone(), held: HeldActual::None },
            None => actual(&rows, target, task, wish.watch.is_some())?,
        },
        (None, _) => Actual { known: everything.clone(), held: HeldActual::None },
    };
    let kept = if observed.is_some() { &everything } else { &actual.known };
    let offset = offsets(&rows, beside, kept)?;
    let weight = match there {
        None if wish.watch.is_some() => None,
        _ => weights(&rows, weighted, &actual.known)?,
    };
    let has_target = there.is_some();
    drop(rows);
    let segments = segments.map(|s| Segments { codes: known(&s.codes, kept), labels: s.labels });
    let numbers = numbers.iter().map(|values| known(values, kept)).collect();
    let model = &*scorer;
    let (columns, scores) = interrupt::run("orchard.evaluate", &control, || {
        let mut columns = columns;
        for column in &mut columns {
            let mut keep = kept.iter();
            column.retain(|_| *keep.next().unwrap_or(&false));
        }
        let mut scores = score_columns(model, &columns, &control)?;
        if let Some(offset) = &offset {
            exposure::expect(&mut scores, offset);
        }
        Ok((columns, scores))
    })?;
    let outputs = scorer.outputs();
    let mut held = HeldRows { outputs: outputs as u32, scores, actual: actual.held, weight };
    let watched = observed.map(|observed| {
        let of_known = held.scores.chunks_exact(outputs).zip(&actual.known).filter(|(_, known)| **known);
        let judged = of_known.flat_map(|(scores, _)| scores).copied().collect();
        Watched { observed, scores: std::mem::replace(&mut held.scores, judged), has_target }
    });
    Ok(Judged { scorer, held, segments, numbers, columns, watched })
}

/// The values of the rows that are known.
pub(super) fn known<T: Copy>(values: &[T], known: &[bool]) -> Vec<T> {
    values.iter().zip(known).filter(|(_, known)| **known).map(|(value, _)| *value).collect()
}

/// The weights of the known rows, where the model was trained with some and the source has them.
pub(super) fn weights(rows: &Rows, name: Option<&str>, keep: &[bool]) -> Result<Option<Vec<f64>>> {
    let Some(name) = name else { return Ok(None) };
    if rows.column(name).is_none() {
        notice!("the source has no column \"{name}\", so its rows weigh the same");
        return Ok(None);
    }
    let weights = known(&numbers(rows, name)?, keep);
    if weights.iter().any(|w| !w.is_finite() || *w < 0.0) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            format!("weight column \"{name}\" has a value that is missing, negative or infinite"),
        )
        .hint("Leave such rows out in the source, or give them a weight."));
    }
    Ok(Some(weights))
}

/// The numbers of a column of the source.
pub(super) fn numbers(rows: &Rows, name: &str) -> Result<Vec<f64>> {
    let column = rows.column(name).ok_or_else(|| Failure::internal("a column was not read"))?;
    match &rows.table.columns[column.first].data {
        ColumnData::Number(values) if column.count == 1 => Ok(values.iter().collect()),
        _ => Err(not_numbers(&column.attribute)),
    }
}

/// The error of a column that should have numbers.
pub(super) fn not_numbers(attribute: &Attribute) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        format!("column \"{}\" has type {}, not numbers", attribute.name, attribute.type_name),
    )
    .hint("Cast it in the source, for example by orchard.parse_number.")
}

/// The segments of a column's values, in the order in which they come.
fn segments(rows: &Rows, by: &str) -> Result<Segments> {
    let column = rows.column(by).ok_or_else(|| Failure::internal("a column was not read"))?;
    let mut labels = Vec::new();
    let mut places: std::collections::HashMap<u64, u32> = std::collections::HashMap::new();
    let mut place = |key: u64, label: &dyn Fn() -> Option<String>| match places.get(&key) {
        Some(place) => Ok(*place),
        None if labels.len() >= MOST_SEGMENTS => {
            Err(Failure::argument(format!("column \"{by}\" has more than {MOST_SEGMENTS} values to judge by"))
                .hint("Group them in the source, for example by width_bucket or date_trunc."))
        }
        None => {
            labels.push(label());
            places.insert(key, labels.len() as u32 - 1);
            Ok(labels.len() as u32 - 1)
        }
    };
    let text = |value: f64| match column.reader {
        Reader::Bool => (value != 0.0).to_string(),
        _ => format!("{}", value + 0.0),
    };
    let codes = match (&rows.table.columns[column.first].data, column.reader) {
        (ColumnData::Category { codes, dictionary }, _) => codes
            .iter()
            .map(|code| {
                let label = || (code != MISSING).then(|| String::from_utf8_lossy(dictionary.text(code)).into_owned());
                place(u64::from(code), &label)
            })
            .collect::<Result<Vec<u32>>>()?,
        (
            ColumnData::Number(values),
            Reader::Bool
            | Reader::Int2
            | Reader::Int4
            | Reader::Int8
            | Reader::Float4
            | Reader::Float8
            | Reader::Numeric,
        ) => values
            .iter()
            .map(|value| place((value + 0.0).to_bits(), &|| (!value.is_nan()).then(|| text(value))))
            .collect::<Result<Vec<u32>>>()?,
        _ => {
            return Err(Failure::argument(format!(
                "rows cannot be judged by column \"{by}\", which has type {}",
                column.attribute.type_name
            ))
            .hint("Cast it to text in the source."))
        }
    };
    Ok(Segments { labels, codes })
}

/// What is added to the scores of the known rows by exposure and offset; `None` where the model learned neither.
fn offsets(rows: &Rows, beside: [Option<&str>; 2], known: &[bool]) -> Result<Option<Vec<f64>>> {
    if beside == [None, None] {
        return Ok(None);
    }
    let mut values = [None, None];
    for (i, name) in beside.into_iter().enumerate().filter_map(|(i, name)| Some((i, name?))) {
        check_number(rows, Some(name), ["exposure", "offset"][i])?;
        let column = rows.column(name).ok_or_else(|| Failure::internal("a column was not read"))?;
        if let ColumnData::Number(v) = &rows.table.columns[column.first].data {
            let own: Vec<f64> = v.iter().zip(known).filter(|(_, known)| **known).map(|(v, _)| v).collect();
            own.iter().try_for_each(|&v| exposure::check_value(name, i == 0, v))?;
            values[i] = Some(own);
        }
    }
    let rows = known.iter().filter(|k| **k).count();
    let value = |i: usize, row: usize| values[i].as_ref().map(|v| v[row]);
    Ok(Some((0..rows).map(|r| exposure::log_offset(value(0, r), value(1, r))).collect()))
}

/// How a column is read that is an input of a model as it is.
pub(super) fn reader_for(scorer: &Scorer, input: &Input, attribute: &Attribute) -> Result<Reader> {
    let fits = attribute.reader.map_or(Ok(None), |r| slot::fit(scorer.model(), input, r));
    fits?.ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!(
                "column \"{}\" has type {}, but the model learned it as {}",
                attribute.name,
                attribute.type_name,
                slot::kind_name(input.kind)
            ),
        )
        .hint("Cast the column in the query.")
    })
}

/// The features of the rows, by column, as the scorer takes them.
pub(super) fn encode(scorer: &Scorer, rows: &Rows, control: &Control) -> Result<Vec<Vec<f64>>> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for input in &scorer.model().inputs {
        let source = rows.column(&input.name);
        if let Some(text) = Text::new(scorer, input) {
            columns.extend(encode_text(&text, input, scorer, rows, control)?);
            continue;
        }
        for i in 0..input.count as usize {
            let feature = input.first as usize + i;
            let mut values: Vec<f64> = control.vec(rows.table.rows)?;
            match (&scorer.model().features[feature].encoding, source) {
                (Encoding::Part(part), _) => {
                    values.extend(columns[input.first as usize].iter().map(|&moment| part.of(input.kind, moment)));
                }
                (_, Some(s)) if i < s.count => {
                    fill(scorer, feature, &rows.table, s.first + i, &mut values);
                    values.iter_mut().for_each(|v| *v = slot::moment(input.kind, s.reader, *v));
                }
                _ => values.resize(rows.table.rows, f64::NAN),
            }
            columns.push(values);
        }
    }
    Ok(columns)
}

/// The features of a column of free text.
fn encode_text(text: &Text, input: &Input, scorer: &Scorer, rows: &Rows, control: &Control) -> Result<Vec<Vec<f64>>> {
    let own = input.first as usize..(input.first + input.count) as usize;
    let mut columns = own.clone().map(|_| control.vec(rows.table.rows)).collect::<orchard_engine::Result<Vec<_>>>()?;
    let data = rows.column(&input.name).map(|s| &rows.table.columns[s.first].data);
    let mut row = vec![f64::NAN; scorer.model().features.len()];
    for r in 0..rows.table.rows {
        // A long text takes milliseconds.
        pgrx::check_for_interrupts!();
        row[own.clone()].fill(f64::NAN);
        if let Some(ColumnData::Category { codes, dictionary }) = data {
            match codes.get(r) {
                MISSING => {}
                code => text.put(dictionary.text(code), &mut row),
            }
        }
        columns.iter_mut().zip(&row[own.clone()]).for_each(|(column, cell)| column.push(*cell));
    }
    Ok(columns)
}

/// The numbers of a feature that is all that there is of its column.
pub(super) fn encode_column(
    scorer: &Scorer,
    feature: usize,
    column: &SourceColumn,
    rows: &Rows,
    control: &Control,
) -> Result<Vec<f64>> {
    let mut values: Vec<f64> = control.vec(rows.table.rows)?;
    fill(scorer, feature, &rows.table, column.first, &mut values);
    let kind = scorer.model().inputs[feature].kind;
    values.iter_mut().for_each(|v| *v = slot::moment(kind, column.reader, *v));
    Ok(values)
}

fn fill(scorer: &Scorer, feature: usize, table: &Table, column: usize, out: &mut Vec<f64>) {
    match (&table.columns[column].data, &scorer.model().features[feature].encoding) {
        (ColumnData::Number(v), e) if !e.is_category() => out.extend(v.iter()),
        (ColumnData::Number(v), _) => {
            out.extend(
                v.iter().map(|x| if x.is_nan() { x } else { scorer.category(feature, format!("{x}").as_bytes()) }),
            );
        }
        (ColumnData::Category { codes, dictionary }, _) => {
            let levels: Vec<f64> =
                (0..dictionary.len() as u32).map(|c| scorer.category(feature, dictionary.text(c))).collect();
            out.extend(codes.iter().map(|c| if c == MISSING { f64::NAN } else { levels[c as usize] }));
        }
    }
}
