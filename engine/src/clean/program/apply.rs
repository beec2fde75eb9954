//! An operation on whole columns: a text is looked at once, however often it occurs.

use super::pair::{fold, spell};
use super::text::{mask, Reader};
use super::{Kind, Op, Pair, PairOp, Program};
use crate::control::Control;
use crate::data::{Chunked, Column, ColumnData, Dictionary, Numbers, MISSING};
use crate::error::{Error, Result};

/// Values between two looks at whether to stop.
const CHECK: usize = 1 << 14;

/// What an operation makes of the columns it reads, whose kinds are `kinds`: a column of as many values.
///
/// Memory of the result is counted in `control`.
pub fn apply(op: &Op, kinds: [Kind; 2], columns: [&Column; 2], name: &str, control: &Control) -> Result<Column> {
    let [left, right] = columns;
    let data = match op {
        Op::Text { op, .. } => of_texts(left, control, |x| op.of(x).map(std::borrow::Cow::into_owned))?,
        Op::Mask { method, salt, .. } => of_texts(left, control, |x| x.and_then(|x| mask(x, *method, salt)))?,
        Op::Spell { .. } => spelt(left, control)?,
        Op::Read { op, .. } => {
            let reader = Reader::new(op);
            of_levels(left, control, |x| reader.of(op, x))?
        }
        Op::Number { op, .. } => {
            let values = numbers(left)?;
            of_numbers(values.iter().map(|x| op.of(kinds[0], x)), control)?
        }
        Op::IsMissing { .. } => {
            let missing = |i: usize| match &left.data {
                ColumnData::Number(values) => values.get(i).is_nan(),
                ColumnData::Category { codes, .. } => codes.get(i) == MISSING,
            };
            of_numbers((0..left.len()).map(|i| super::number::truth(missing(i))), control)?
        }
        Op::Pair(Pair { op: PairOp::ByFold(levels), .. }) => by_fold(levels, left, right, control)?,
        Op::Pair(pair) => {
            let both = numbers(left)?.iter().zip(numbers(right)?.iter());
            of_numbers(both.map(|(a, b)| pair.op.of(kinds[0], a, b)), control)?
        }
        Op::GroupFill(fill) => {
            let groups = of_levels(right, control, |x| x.map_or(fill.levels.other, |x| fill.levels.of(x)))?;
            let mut groups = Column { name: String::new(), data: groups };
            let both = numbers(left)?.iter().zip(numbers(&groups)?.iter());
            let filled = of_numbers(both.map(|(x, fill)| if x.is_nan() { fill } else { x }), control)?;
            groups.release(control);
            filled
        }
        Op::Coalesce { .. } => coalesced(left, right, control)?,
    };
    Ok(Column { name: name.to_owned(), data })
}

/// What a program makes of the columns it reads, one an output; `None` where a column could not be read and is passed on.
pub fn run(program: &Program, columns: Vec<Option<Column>>, control: &Control) -> Result<Vec<Option<Column>>> {
    let kinds = program.kinds().ok_or_else(wrong_kind)?;
    let mut registers = columns;
    let last = |register: u32| program.ops.iter().rposition(|op| op.reads().contains(&Some(register)));
    for (k, op) in program.ops.iter().enumerate() {
        let reads = op.reads();
        let left = reads[0].unwrap_or(0);
        let right = reads[1].unwrap_or(left);
        let column = |register: u32| registers.get(register as usize).and_then(Option::as_ref).ok_or_else(wrong_kind);
        let made =
            apply(op, [kinds[left as usize], kinds[right as usize]], [column(left)?, column(right)?], "", control)?;
        registers.push(Some(made));
        for register in [left, right] {
            let is_shown = program.outputs.iter().any(|o| o.register == register);
            if !is_shown && last(register) == Some(k) {
                if let Some(mut column) = registers[register as usize].take() {
                    column.release(control);
                }
            }
        }
    }
    let mut out = Vec::with_capacity(program.outputs.len());
    for (i, output) in program.outputs.iter().enumerate() {
        let again = program.outputs[i + 1..].iter().any(|o| o.register == output.register);
        let column = &mut registers[output.register as usize];
        out.push(if again { column.as_ref().map(|c| copy(c, control)).transpose()? } else { column.take() });
    }
    Ok(out)
}

/// The same values again.
pub fn copy(column: &Column, control: &Control) -> Result<Column> {
    let data = match &column.data {
        ColumnData::Number(values) => of_numbers(values.iter(), control)?,
        ColumnData::Category { .. } => of_texts(column, control, |x| x.map(str::to_owned))?,
    };
    Ok(Column { name: column.name.clone(), data })
}

fn numbers(column: &Column) -> Result<&Numbers> {
    match &column.data {
        ColumnData::Number(values) => Ok(values),
        ColumnData::Category { .. } => Err(wrong_kind()),
    }
}

fn texts(column: &Column) -> Result<(&Chunked<u32>, &Dictionary)> {
    match &column.data {
        ColumnData::Category { codes, dictionary } => Ok((codes, dictionary)),
        ColumnData::Number(_) => Err(wrong_kind()),
    }
}

fn wrong_kind() -> Error {
    Error::Internal("a cleaning step met a column of another kind".into())
}

/// The text of a code; texts of the server are UTF-8.
pub(crate) fn text_of(dictionary: &Dictionary, code: u32) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(dictionary.text(code))
}

fn of_numbers(values: impl Iterator<Item = f64>, control: &Control) -> Result<ColumnData> {
    let mut out = Numbers::default();
    for (i, value) in values.enumerate() {
        if i % CHECK == 0 {
            control.check()?;
        }
        out.push(value, control)?;
    }
    Ok(ColumnData::Number(out))
}

/// A number of each text.
fn of_levels(column: &Column, control: &Control, of: impl Fn(Option<&str>) -> f64) -> Result<ColumnData> {
    let (codes, dictionary) = texts(column)?;
    let mut levels = control.vec(dictionary.len())?;
    for code in 0..dictionary.len() as u32 {
        if (code as usize).is_multiple_of(CHECK) {
            control.check()?;
        }
        levels.push(of(Some(&text_of(dictionary, code))));
    }
    let none = of(None);
    let out = of_numbers(codes.iter().map(|code| levels.get(code as usize).copied().unwrap_or(none)), control);
    control.release_vec(levels);
    out
}

/// A text of each text.
fn of_texts(column: &Column, control: &Control, of: impl Fn(Option<&str>) -> Option<String>) -> Result<ColumnData> {
    let (codes, dictionary) = texts(column)?;
    let mut made = Dictionary::default();
    let mut code_of = |text: Option<String>| match text {
        Some(text) => made.code(text.as_bytes(), control),
        None => Ok(MISSING),
    };
    let mut levels = control.vec(dictionary.len())?;
    for code in 0..dictionary.len() as u32 {
        if (code as usize).is_multiple_of(CHECK) {
            control.check()?;
        }
        levels.push(code_of(of(Some(&text_of(dictionary, code))))?);
    }
    let none = code_of(of(None))?;
    let mut out = Chunked::default();
    for (i, code) in codes.iter().enumerate() {
        if i % CHECK == 0 {
            control.check()?;
        }
        out.push(levels.get(code as usize).copied().unwrap_or(none), control)?;
    }
    control.release_vec(levels);
    Ok(ColumnData::Category { codes: out, dictionary: made })
}

fn spelt(column: &Column, control: &Control) -> Result<ColumnData> {
    let mut dictionary = Dictionary::default();
    let mut codes = Chunked::default();
    for (i, value) in numbers(column)?.iter().enumerate() {
        if i % CHECK == 0 {
            control.check()?;
        }
        let code = match spell(value) {
            Some(text) => dictionary.code(text.as_bytes(), control)?,
            None => MISSING,
        };
        codes.push(code, control)?;
    }
    Ok(ColumnData::Category { codes, dictionary })
}

fn coalesced(left: &Column, right: &Column, control: &Control) -> Result<ColumnData> {
    let (codes, dictionary) = texts(left)?;
    let (other_codes, others) = texts(right)?;
    let mut made = Dictionary::default();
    let mut places = Vec::new();
    for dictionary in [dictionary, others] {
        let mut of = control.vec(dictionary.len())?;
        for code in 0..dictionary.len() as u32 {
            of.push(made.code(dictionary.text(code), control)?);
        }
        places.push(of);
    }
    let mut out = Chunked::default();
    for (i, code) in codes.iter().enumerate() {
        if i % CHECK == 0 {
            control.check()?;
        }
        let code = match code {
            MISSING => places[1].get(other_codes.get(i) as usize),
            code => places[0].get(code as usize),
        };
        out.push(code.copied().unwrap_or(MISSING), control)?;
    }
    places.into_iter().for_each(|of| control.release_vec(of));
    Ok(ColumnData::Category { codes: out, dictionary: made })
}

fn by_fold(levels: &[super::text::Levels], left: &Column, key: &Column, control: &Control) -> Result<ColumnData> {
    let (codes, dictionary) = texts(left)?;
    let (key_codes, keys) = texts(key)?;
    let fold_of = |i: usize| match key_codes.get(i) {
        MISSING => fold(None, levels.len()),
        code => fold(Some(&text_of(keys, code)), levels.len()),
    };
    let of = |i: usize| match codes.get(i) {
        MISSING => f64::NAN,
        code => levels[fold_of(i)].of(&text_of(dictionary, code)),
    };
    of_numbers((0..codes.len()).map(of), control)
}
