//! `orchard.evaluate`.

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, Table, MISSING};
use orchard_engine::judge::Metric;
use orchard_engine::learn::exposure;
use orchard_engine::learn::train::{judge_rows, score_columns};
use orchard_engine::model::{decode_held, Argument, Encoding, HeldActual, HeldRows, Input, InputKind, Task};
use orchard_engine::score::{Scorer, Text};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::cleaned;
use super::train::{check_names, check_number, no_column};
use crate::call::cleaned::reader as raw_reader;
use crate::call::slot;
use crate::catalog::name::ModelName;
use crate::catalog::relations::{self, ChunkKind};
use crate::catalog::{self, cache, store, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Rows, Wanted};
use crate::{interrupt, settings};

/// Judge the deployed version of a model.
#[pg_extern(sql = false)]
fn evaluate(
    model: Option<&str>,
    source: Option<&str>,
) -> TableIterator<'static, (name!(metric, String), name!(value, Option<f64>), name!(note, String))> {
    let metrics = report(|| {
        let model = given(model, "model")?;
        let found = catalog::find(&ModelName::parse(model)?)?;
        match source {
            None => on_holdout(&found),
            Some(source) => on_source(&found, source),
        }
    });
    TableIterator::new(metrics.into_iter().map(|m| (m.name.to_string(), m.value, m.note)).collect::<Vec<_>>())
}

fn on_holdout(found: &Found) -> Result<Vec<Metric>> {
    let scorer = cache::deployed(found)?;
    if scorer.model().task == Task::Clustering {
        return stored_metrics(found);
    }
    let bytes = relations::chunks(&found.deployed()?, ChunkKind::Held)?.ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("model \"{}.{}\" has no held-out rows", found.row.schema, found.row.name),
        )
        .hint("Give a source to evaluate on, or train with a \"holdout\" above 0.")
    })?;
    let mut metrics = judge_rows(&scorer, &decode_held(&bytes)?).0;
    // Of a forest, what its trees said of training rows they did not see.
    metrics.extend(stored_metrics(found)?.into_iter().filter(|m| m.name.starts_with("oob_")));
    Ok(metrics)
}

/// The metrics that training found.
fn stored_metrics(found: &Found) -> Result<Vec<Metric>> {
    let list = store::metrics(&found.deployed()?)?;
    let metric = |m: &serde_json::Value| Metric {
        name: m["metric"].as_str().unwrap_or_default().to_owned().into(),
        value: m["value"].as_f64(),
        note: m["note"].as_str().unwrap_or_default().to_owned(),
    };
    Ok(list.as_array().map_or_else(Vec::new, |l| l.iter().map(metric).collect()))
}

fn on_source(found: &Found, source: &str) -> Result<Vec<Metric>> {
    let scorer = cache::deployed(found)?;
    let target = store::target(&found.deployed()?)?;
    let options = store::options(&found.deployed()?)?;
    let beside = ["exposure", "offset"].map(|key| options[key].as_str());
    let control = Control::new(settings::max_memory());
    let arguments = scorer.model().arguments();
    let mut choose = |attributes: &[Attribute]| {
        check_names(attributes)?;
        let names = arguments.iter().map(Argument::name).chain(target.as_deref());
        for name in names.chain(beside.into_iter().flatten()) {
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
                None if target.as_ref() == Some(&a.name) => {
                    a.readable().map(|reader| Some(Wanted { reader, number: true }))
                }
                None if beside.contains(&Some(a.name.as_str())) => {
                    a.readable().map(|reader| Some(Wanted { reader, number: true }))
                }
                None => Ok(None),
            })
            .collect()
    };
    let mut rows = source::read(source, &mut choose, &control)?;
    let scorer = &*scorer;
    let no_features = target.as_deref().into_iter().chain(beside.into_iter().flatten());
    cleaned::clean(scorer.model(), &mut rows, no_features, &control)?;
    let columns = encode(scorer, &rows, &control)?;
    let actual = match (&target, &scorer.model().task) {
        (Some(target), task) => actual(&rows, target, task)?,
        (None, _) => Actual { known: vec![true; rows.table.rows], held: HeldActual::None },
    };
    let offset = offsets(&rows, beside, &actual.known)?;
    drop(rows);
    interrupt::run("orchard.evaluate", &control, || {
        let mut columns = columns;
        for column in &mut columns {
            let mut keep = actual.known.iter();
            column.retain(|_| *keep.next().unwrap_or(&false));
        }
        let mut scores = score_columns(scorer, &columns, &control)?;
        if let Some(offset) = &offset {
            exposure::expect(&mut scores, offset);
        }
        if scorer.model().task == Task::Clustering {
            return Ok(clusters(scorer, &columns, &scores));
        }
        let held = HeldRows { outputs: scorer.outputs() as u32, scores, actual: actual.held, weight: None };
        Ok(judge_rows(scorer, &held).0)
    })
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

/// The metrics of a clustering on rows of a source.
fn clusters(scorer: &Scorer, columns: &[Vec<f64>], scores: &[f64]) -> Vec<Metric> {
    let orchard_engine::model::Body::KMeans(body) = &scorer.model().body else { return Vec::new() };
    let mut sizes = vec![0u64; body.sizes.len()];
    let mut inertia = 0.0;
    let mut scratch = Vec::new();
    let mut row = vec![f64::NAN; columns.len()];
    for (r, segment) in scores.iter().enumerate() {
        row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[r]);
        inertia += orchard_engine::score::kmeans::nearest(body, &row, &mut scratch).1;
        if let Some(size) = sizes.get_mut(*segment as usize - 1) {
            *size += 1;
        }
    }
    orchard_engine::judge::clustering(inertia, None, &sizes)
}

fn reader_for(scorer: &Scorer, input: &Input, attribute: &Attribute) -> Result<Reader> {
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
fn encode(scorer: &Scorer, rows: &Rows, control: &Control) -> Result<Vec<Vec<f64>>> {
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

/// The truth of the rows, and which rows have one.
struct Actual {
    known: Vec<bool>,
    held: HeldActual,
}

fn actual(rows: &Rows, target: &str, task: &Task) -> Result<Actual> {
    let column = rows.column(target).ok_or_else(|| Failure::internal("the target was not read"))?;
    let data = &rows.table.columns[column.first].data;
    match task {
        Task::Classification { classes, .. } => classes_of(data, column.reader, classes, target),
        _ => match data {
            ColumnData::Number(v) => {
                let known: Vec<bool> = v.iter().map(f64::is_finite).collect();
                Ok(Actual { known, held: HeldActual::Number(v.iter().filter(|x| x.is_finite()).collect()) })
            }
            ColumnData::Category { .. } => Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("target \"{target}\" has type {}, but the model predicts a number", column.attribute.type_name),
            )),
        },
    }
}

fn classes_of(data: &ColumnData, reader: Reader, classes: &[String], target: &str) -> Result<Actual> {
    let unknown = |label: &str| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("target \"{target}\" has the value \"{label}\", which is not a class of the model"),
        )
        .detail(format!("The classes are {}.", classes.join(", ")))
    };
    let mut known = Vec::new();
    let mut codes = Vec::new();
    let mut put = |label: Option<std::borrow::Cow<'_, str>>| -> Result<()> {
        known.push(label.is_some());
        if let Some(label) = label {
            let index = classes.iter().position(|c| *c == label).ok_or_else(|| unknown(&label))?;
            codes.push(index as u32);
        }
        Ok(())
    };
    match data {
        ColumnData::Number(v) => {
            for x in v.iter() {
                put(x.is_finite().then(|| match reader {
                    Reader::Bool => if x != 0.0 { "true" } else { "false" }.into(),
                    _ => format!("{}", x + 0.0).into(),
                }))?;
            }
        }
        ColumnData::Category { codes, dictionary } => {
            for code in codes.iter() {
                put((code != MISSING).then(|| String::from_utf8_lossy(dictionary.text(code))))?;
            }
        }
    }
    Ok(Actual { known, held: HeldActual::Class(codes) })
}
