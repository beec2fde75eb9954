//! The rows of a source, cleaned as a model cleans the rows it scores.

use orchard_engine::clean::program::{self, Kind, Program};
use orchard_engine::control::Control;
use orchard_engine::data::{Column, ColumnData, Numbers};
use orchard_engine::model::{Argument, Input, InputKind, Model};
use pgrx::pg_sys;

use crate::call::slot;
use crate::error::Result;
use crate::interrupt;
use crate::source::types::Reader;
use crate::source::{Attribute, Rows, SourceColumn};

/// Do to the rows what the model does to a row before it scores, and to the columns `beside` its features what training did.
pub(super) fn clean<'a>(
    model: &Model,
    rows: &mut Rows,
    beside: impl Iterator<Item = &'a str>,
    control: &Control,
) -> Result<()> {
    let Some(cleaning) = &model.cleaning else { return Ok(()) };
    let made: Vec<(&Input, u32)> = model.cleaned_inputs();
    let mut program = cleaning.program.clone();
    let raw: Vec<Option<usize>> = model
        .arguments()
        .iter()
        .map(|a| {
            matches!(a, Argument::Raw(..)).then(|| rows.columns.iter().position(|c| c.attribute.name == a.name()))?
        })
        .collect();
    // What is passed on is encoded as it is.
    program.outputs.retain(|o| made.iter().any(|(input, _)| input.name == o.name));
    let columns = raw.iter().zip(&cleaning.columns).map(|(at, column)| {
        let source = &rows.columns[(*at)?];
        let taken = std::mem::replace(&mut rows.table.columns[source.first], Column::number(""));
        Some(of_kind(taken, column.kind, source.reader, control))
    });
    let columns = columns.map(Option::transpose).collect::<orchard_engine::Result<Vec<_>>>()?;
    let cleaned = interrupt::run("orchard.evaluate", control, || program::run(&program, columns, control))?;
    let kinds = program.kinds().unwrap_or_default();
    rows.columns
        .retain(|c| !cleaning.columns.iter().zip(&raw).any(|(r, at)| at.is_some() && r.name == c.attribute.name));
    for (output, column) in program.outputs.iter().zip(cleaned) {
        if let Some(column) = column {
            put(rows, &output.name, kinds[output.register as usize], column);
        }
    }
    if let Some(program) = &cleaning.target {
        for name in beside {
            clean_beside(program, rows, name, control)?;
        }
    }
    Ok(())
}

/// Do to a column that is no feature what training did to it. One that is clean already is left as it is.
pub(super) fn clean_beside(program: &Program, rows: &mut Rows, name: &str, control: &Control) -> Result<()> {
    let mut program = program.clone();
    program.keep(&[name]);
    let (Some(output), Some(input), Some(column)) =
        (program.outputs.first(), program.inputs.first(), rows.column(name).cloned())
    else {
        return Ok(());
    };
    if Kind::of(column.reader.kind()) != input.kind {
        return Ok(());
    }
    let kind = program.kinds().and_then(|kinds| kinds.get(output.register as usize).copied());
    let taken = std::mem::replace(&mut rows.table.columns[column.first], Column::number(""));
    let made = program::run(&program, vec![Some(taken)], control)?.into_iter().flatten().next();
    if let (Some(made), Some(kind)) = (made, kind) {
        rows.columns.retain(|c| c.attribute.name != name);
        put(rows, name, kind, made);
    }
    Ok(())
}

/// A column as the model learned it: dates and timestamps stand in for each other.
pub(super) fn of_kind(
    column: Column,
    kind: InputKind,
    reader: Reader,
    control: &Control,
) -> orchard_engine::Result<Column> {
    match &column.data {
        ColumnData::Number(values) if kind.is_moment() && reader.kind() != kind => {
            let mut out = Numbers::default();
            values.iter().try_for_each(|v| out.push(slot::moment(kind, reader, v), control))?;
            Ok(Column { name: column.name.clone(), data: ColumnData::Number(out) })
        }
        _ => Ok(column),
    }
}

/// Add a column of a kind to the rows.
fn put(rows: &mut Rows, name: &str, kind: Kind, column: Column) {
    let reader = match kind {
        Kind::Boolean => Reader::Bool,
        Kind::Text => Reader::Text,
        Kind::Date => Reader::Date,
        Kind::Timestamp | Kind::Timestamptz => Reader::Timestamp,
        Kind::Number | Kind::Other => Reader::Float8,
    };
    let attribute = Attribute {
        name: name.to_owned(),
        oid: pg_sys::InvalidOid,
        limited: false,
        base: pg_sys::InvalidOid,
        type_name: kind.name().to_owned(),
        reader: Some(reader),
    };
    let first = rows.table.columns.len();
    rows.table.columns.push(column);
    rows.columns.push(SourceColumn { attribute, reader, first, count: 1 });
}
