//! What is true of the rows of a source.

use std::collections::{HashMap, HashSet};

use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::model::{checksum, HeldActual, Task};
use pgrx::prelude::*;

use super::known;
use crate::error::{Failure, Result};
use crate::source::types::Reader;
use crate::source::Rows;

/// The truth of the rows, and which rows have one.
pub(in crate::api) struct Actual {
    pub known: Vec<bool>,
    pub held: HeldActual,
}

impl Actual {
    /// Leave out rows that are not wanted.
    pub fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        let kept: Vec<bool> = (0..self.known.len()).filter(|row| self.known[*row]).map(&wanted).collect();
        match &mut self.held {
            HeldActual::Class(codes) => *codes = known(codes, &kept),
            HeldActual::Number(values) => *values = known(values, &kept),
            HeldActual::Treated { outcome, arms } => {
                *outcome = known(outcome, &kept);
                *arms = known(arms, &kept);
            }
            HeldActual::None => {}
        }
        self.known.iter_mut().enumerate().for_each(|(row, known)| *known &= wanted(row));
    }
}

/// The truth of the rows of a source. A class that the model does not know is an error, unless its rows are to be left out: then a notice says so.
pub(in crate::api) fn actual(rows: &Rows, target: &str, task: &Task, leave_out: bool) -> Result<Actual> {
    let column = rows.column(target).ok_or_else(|| Failure::internal("the target was not read"))?;
    let data = &rows.table.columns[column.first].data;
    match task {
        Task::Classification { classes, .. } => {
            let mut left_out = LeftOut::default();
            let all = classes_of(data, column.reader, classes, target, leave_out.then_some(&mut left_out))?;
            tell(target, &left_out);
            Ok(all)
        }
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

/// What came of the rows of a source, and who was treated; rows whose treatment the model does not know are left out, which a notice says.
pub(in crate::api) fn treated(
    rows: &Rows,
    target: &str,
    treatment: &str,
    task: &Task,
    leave_out: bool,
) -> Result<Actual> {
    let Task::Uplift { treatments, control, classes, positive } = task else {
        return actual(rows, target, task, leave_out);
    };
    let of_outcome = match classes.is_empty() {
        true => Task::Regression,
        false => Task::Classification { classes: classes.clone(), positive: *positive },
    };
    let found = actual(rows, target, &of_outcome, leave_out)?;
    let outcome = match found.held {
        HeldActual::Number(values) => values,
        HeldActual::Class(codes) => codes.iter().map(|code| f64::from(u8::from(code == positive))).collect(),
        _ => return Err(Failure::internal("a target has no values")),
    };
    let column = rows.column(treatment).ok_or_else(|| Failure::internal("the treatment was not read"))?;
    let names: Vec<String> = std::iter::once(control).chain(treatments).cloned().collect();
    let mut left_out = LeftOut::default();
    let arms =
        classes_of(&rows.table.columns[column.first].data, column.reader, &names, treatment, Some(&mut left_out))?;
    if left_out.rows > 0 {
        notice!("{} rows are not judged, as the model knows no such treatment", left_out.rows);
    }
    let HeldActual::Class(codes) = arms.held else { return Err(Failure::internal("a treatment has no values")) };
    // Both lists have the rows only that are known by one of them.
    let (mut outcomes, mut codes) = (outcome.into_iter(), codes.into_iter());
    let (mut own, mut own_arms) = (Vec::new(), Vec::new());
    let mut both = Vec::with_capacity(found.known.len());
    for (has_outcome, has_arm) in found.known.iter().zip(&arms.known) {
        let outcome = if *has_outcome { outcomes.next() } else { None };
        let arm = if *has_arm { codes.next() } else { None };
        both.push(outcome.is_some() && arm.is_some());
        if let (Some(outcome), Some(arm)) = (outcome, arm) {
            own.push(outcome);
            own_arms.push(arm);
        }
    }
    Ok(Actual { known: both, held: HeldActual::Treated { outcome: own, arms: own_arms } })
}

/// Rows of classes that a model does not know.
#[derive(Default)]
struct LeftOut {
    rows: u64,
    /// The first label in C order, and hashes of up to so many.
    first: Option<String>,
    labels: HashSet<u64>,
}

/// Labels that are told apart where classes are left out.
const MOST_LABELS: usize = 10_000;

impl LeftOut {
    fn add(&mut self, label: &str) {
        self.rows += 1;
        if self.labels.len() < MOST_LABELS {
            self.labels.insert(checksum(label.as_bytes()));
        }
        if self.first.as_deref().is_none_or(|first| label < first) {
            self.first = Some(label.to_owned());
        }
    }
}

/// Say how many rows have classes that the model does not know.
fn tell(target: &str, left_out: &LeftOut) {
    let Some(first) = &left_out.first else { return };
    let more = match left_out.labels.len() {
        1 => String::new(),
        MOST_LABELS => " and thousands more".to_owned(),
        count => format!(" and {} more", count - 1),
    };
    let rows = left_out.rows;
    notice!("{rows} rows are not judged, as the model has no class for their \"{target}\": \"{first}\"{more}");
}

fn classes_of(
    data: &ColumnData,
    reader: Reader,
    classes: &[String],
    target: &str,
    mut left_out: Option<&mut LeftOut>,
) -> Result<Actual> {
    let mut known = Vec::new();
    let mut codes = Vec::new();
    let places: HashMap<&str, u32> = classes.iter().zip(0..).map(|(class, place)| (class.as_str(), place)).collect();
    let mut put = |label: Option<std::borrow::Cow<'_, str>>| -> Result<()> {
        let index = label.as_ref().map(|label| places.get(label.as_ref()));
        known.push(matches!(index, Some(Some(_))));
        match (index, label, &mut left_out) {
            (Some(Some(index)), ..) => codes.push(*index),
            (_, Some(label), Some(left_out)) => left_out.add(&label),
            (_, Some(label), None) => return Err(unknown_class(target, &label, classes)),
            _ => {}
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

/// The place of a class among those of a model.
pub(in crate::api) fn class_at(classes: &[String], label: &str) -> Result<usize> {
    classes.iter().position(|c| c == label).ok_or_else(|| {
        Failure::argument(format!("the model has no class \"{label}\""))
            .detail(format!("The classes are {}.", classes.join(", ")))
    })
}

/// The error for a label that a model does not know.
pub(in crate::api) fn unknown_class(target: &str, label: &str, classes: &[String]) -> Failure {
    Failure::argument(format!("target \"{target}\" has the value \"{label}\", which is not a class of the model"))
        .detail(format!("The classes are {}.", classes.join(", ")))
}
