//! The cleaning of a model in front of it.

use super::cells::{raw, short_number, Cell, Column, Holds};
use super::Request;
use crate::clean::program::{Cast, Kind, Op, Program, ReadOp, RowFilters, SourceSql, TextOp};
use crate::error::{Error, Result};
use crate::model::InputKind;
use crate::score::Scorer;

/// The function of Orchard that an operation needs, where it is no plain SQL.
fn orchard_function(op: &Op) -> Option<&'static str> {
    match op {
        Op::Mask { .. } => Some("orchard.mask_personal"),
        Op::Text { op: TextOp::Normalize(_), .. } => Some("orchard.normalize_text"),
        Op::Text { op: TextOp::Case(_), .. } => Some("orchard.change_case"),
        Op::Read { op: ReadOp::Number { .. }, .. } => Some("orchard.parse_number"),
        Op::Read { op: ReadOp::Timestamp(_) | ReadOp::Date(_), .. } => Some("orchard.parse_timestamp"),
        _ => None,
    }
}

/// The inputs of a model that cleans, as columns of `c`, and the query that makes them, in brackets.
pub(super) fn inputs(scorer: &Scorer, request: &Request<'_>) -> Result<(Vec<Cell>, String)> {
    let model = scorer.model();
    let Some(cleaning) = &model.cleaning else { return Err(Error::Internal("a model without cleaning".into())) };
    let used = |input: &&crate::model::Input| (input.first..input.first + input.count).any(|f| scorer.uses(f as usize));
    let names: Vec<&str> = model.inputs.iter().filter(used).map(|input| input.name.as_str()).collect();
    let mut program = cleaning.program.clone();
    program.keep(&names);
    if let Some(function) = program.ops.iter().find_map(orchard_function) {
        return Err(Error::InvalidData {
            message: "the cleaning of the model is no plain SQL".into(),
            detail: format!("It needs {function}."),
            hint: "Write the expression over the cleaned columns (cleaned => true), as orchard.cleaned_row shows them."
                .into(),
        });
    }
    let mut columns = Vec::new();
    for source in &program.inputs {
        let place = cleaning.columns.iter().position(|column| column.name == source.name);
        let given = place.and_then(|at| Some((&cleaning.columns[at], request.columns.get(at)?)));
        let Some((column, given)) = given else {
            return Err(Error::Internal("a cleaned column without a name".into()));
        };
        columns.push(format!(
            "{} AS {}",
            canonical(column.kind, column.zone.as_deref(), given),
            (request.quote)(&column.name)
        ));
    }
    let from = format!("(SELECT {})", columns.join(", "));
    let casts = vec![Cast::None; program.inputs.len()];
    let source = SourceSql { from: &from, casts: &casts, quote: &request.quote };
    // What it makes is used in several places, and must not be made in each.
    let query = format!("({}\nOFFSET 0)", program.select(&source, &RowFilters::default(), &[]));
    let cells = model.inputs.iter().map(|input| cell(&program, input.kind, &input.name, request)).collect();
    Ok((cells, query))
}

/// A column as the program takes it.
fn canonical(kind: InputKind, zone: Option<&str>, column: &Column) -> String {
    match kind {
        InputKind::Number => format!("nullif({}::double precision, 'NaN'::float8)", column.text),
        InputKind::Category | InputKind::Text if column.numeric => short_number(&column.text),
        InputKind::Category | InputKind::Text => format!("{}::text", column.text),
        kind => raw(kind, zone, column).text,
    }
}

/// An output of the program.
fn cell(program: &Program, kind: InputKind, name: &str, request: &Request<'_>) -> Cell {
    let x = format!("c.{}", (request.quote)(name));
    let register = program.outputs.iter().find(|output| output.name == name).map(|output| output.register as usize);
    let made = register.and_then(|register| program.kinds()?.get(register).copied());
    let holds = match made.unwrap_or(Kind::Other) {
        Kind::Number => Holds::Number { nan: false },
        Kind::Boolean => Holds::Boolean,
        Kind::Text => return Cell { text: format!("{x} COLLATE \"C\""), holds: Holds::Text },
        Kind::Date => Holds::Date,
        Kind::Timestamp | Kind::Timestamptz => Holds::Timestamp,
        Kind::Other if kind == InputKind::Interval => Holds::Interval,
        Kind::Other => Holds::Array,
    };
    Cell { text: x, holds }
}
