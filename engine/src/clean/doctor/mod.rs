//! The data doctor: what is wrong with a table before a model is learned from it.
//!
//! [`diagnose`] looks at everything; [`warnings`] at what would make the metrics of a training lie, at little cost. Both say the same
//! whatever the order of the rows and the number of threads: counts are of all rows, scores of a sample by content.

mod alone;
mod facts;
mod finding;
mod leak;
pub mod limits;
mod matrix;
mod missing;
mod names;
mod pairs;
mod rows;
mod sample;
mod shape;
mod sums;
mod target;
mod time;
mod together;

pub use finding::{Finding, Fix, Kind, Severity};

use crate::control::Control;
use crate::data::{canonical_order, ColumnData, RowHashes, UNKNOWN};
use crate::error::{Error, Result};
use crate::learn::target::{Prepared, MOST_CLASSES};
use crate::learn::train::{Request, SourceInput};

use finding::arrange;
use leak::Depth;
use matrix::Matrix;
use sample::{most_rows, Answer, Sample};

/// Bytes that a row of the sample takes.
const SAMPLE_ROW: usize = 100;

/// Classes from which a text target that reads as numbers is one of numbers.
const NUMBER_CLASSES: usize = 20;

/// What is wrong with the rows of a request, worst first. `texts` are the names of columns that are text as they stand, `most` is the
/// number of rows of the sample at most.
pub fn diagnose(request: &Request, texts: &[String], most: Option<usize>, control: &Control) -> Result<Vec<Finding>> {
    let columns: usize = request.inputs.iter().map(|i| i.count).sum();
    let most = most.unwrap_or_else(|| most_rows(limits::SAMPLE, columns));
    if request.table.rows == 0 {
        return Ok(vec![Finding::new(Severity::Error, Kind::TooFewRows, "The source has no row.".into())]);
    }
    let mut found = Vec::new();
    let prepared = match &request.target {
        Some(target) => prepare(request, target, texts, &mut found, control)?,
        None => None,
    };
    // What the sample takes a row, on all threads together, beside the matrix.
    let counted = most.min(request.table.rows) * SAMPLE_ROW;
    control.reserve(counted)?;
    let mut rows = order(request, prepared.as_ref(), control)?;
    let target = request.target.as_ref();
    let labels = prepared.as_ref().and_then(Prepared::labels).map_or_else(Vec::new, |l| l.labels);
    // Without another column all rows would be alike.
    if request.table.columns.len() > usize::from(target.is_some()) {
        found.extend(rows::look(&rows, !labels.is_empty(), target.map(|t| t.name.as_str())));
    }
    if let (Some(prepared), Some(target)) = (&prepared, target) {
        found.extend(target::look(request, target, prepared, &rows, control)?);
    }
    rows.retain(|r| r.class != UNKNOWN);
    let facts = facts::facts(&request.table, &request.inputs, control)?;
    found.extend(shape::look(request, &facts, texts, control)?);
    let sample = Sample::draw(&request.table, &rows, prepared.as_ref(), most, control)?;
    control.release_vec(rows);
    let matrix = Matrix::new(request, &sample.rows, limits::PAIR_WORK, control)?;
    let identifiers: Vec<String> =
        found.iter().filter(|f| f.kind == Kind::IdLike).filter_map(|f| f.column.clone()).collect();
    found.extend(pairs::look(request, &facts, &identifiers, &sample, &matrix, control)?);
    if let (Some(target), false) = (target, matches!(sample.answer, Answer::Nothing)) {
        let leaks = leak::look(request, &target.name, &labels, &sample, &matrix, Depth::Model, control)?;
        let mut missing = missing::look(request, &sample, &labels, control)?;
        missing.retain(|f| !leaks.iter().any(|l| l.column == f.column));
        found.extend(leaks.into_iter().chain(missing));
        found.extend(time::look(request, &sample, &labels, control)?);
    }
    matrix.release(control);
    control.release(counted);
    Ok(arrange(found, limits::MOST_OF_A_KIND))
}

/// How the target is read; where it cannot be learned, that is a finding.
fn prepare(
    request: &Request,
    target: &SourceInput,
    texts: &[String],
    found: &mut Vec<Finding>,
    control: &Control,
) -> Result<Option<Prepared>> {
    if let ColumnData::Category { codes, dictionary } = &request.table.columns[target.first].data {
        if texts.contains(&target.name) && dictionary.len() > NUMBER_CLASSES {
            if let Some(read) = shape::reads_as(&target.name, (codes, dictionary), Severity::Error, control)? {
                found.push(read);
                return Ok(None);
            }
        }
        if dictionary.len() > MOST_CLASSES {
            let detail = format!(
                "\"{}\" has {} distinct texts; a model can learn {MOST_CLASSES} classes.",
                target.name,
                dictionary.len()
            );
            found.push(Finding::of(Severity::Error, Kind::TooManyClasses, &target.name, detail));
            return Ok(None);
        }
    }
    let prepared = Prepared::new(&request.table, target, &request.options, None, &mut Vec::new());
    match prepared {
        Ok(prepared) => Ok(Some(prepared)),
        Err(Error::InvalidData { message, .. }) => {
            let detail = format!("It cannot be learned: {message}.");
            found.push(Finding::of(Severity::Error, Kind::TooManyClasses, &target.name, detail));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// All rows in canonical order: by all columns but the target, then by the target.
fn order(request: &Request, prepared: Option<&Prepared>, control: &Control) -> Result<Vec<RowHashes>> {
    let target: Vec<usize> = request.target.iter().map(|t| t.first).collect();
    let others: Vec<usize> = (0..request.table.columns.len()).filter(|c| !target.contains(c)).collect();
    let class = |row: u32| match prepared {
        None => 0,
        Some(p) if p.is_known(&request.table, row) => p.stratum(&request.table, row),
        Some(_) => UNKNOWN,
    };
    canonical_order(&request.table, &others, &target, &class, control)
}

/// The errors that a training should warn of. `rows` are those with a known target, in canonical order.
pub fn warnings(request: &Request, prepared: &Prepared, rows: &[RowHashes], control: &Control) -> Result<Vec<Finding>> {
    let Some(target) = &request.target else { return Ok(Vec::new()) };
    let columns: usize = request.inputs.iter().map(|i| i.count).sum();
    let most = most_rows(limits::WARNING_SAMPLE, columns);
    let sample = Sample::draw(&request.table, rows, Some(prepared), most, control)?;
    let labels = prepared.labels().map_or_else(Vec::new, |l| l.labels);
    let matrix = match sample.answer {
        Answer::Numbers { .. } => Matrix::new(request, &sample.rows, limits::PAIR_WORK / 50, control)?,
        _ => Matrix::none(),
    };
    let mut found = leak::look(request, &target.name, &labels, &sample, &matrix, Depth::Quick, control)?;
    matrix.release(control);
    found.retain(|f| f.severity == Severity::Error);
    let mut found = arrange(found, usize::MAX);
    found.truncate(limits::MOST_WARNINGS);
    Ok(found)
}
