//! What every value of a column is counted for: missing, distinct, most frequent, rare.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{mix, sort, ColumnData, Numbers, Table, CHUNK, MISSING};
use crate::error::Result;
use crate::learn::columns;
use crate::learn::train::SourceInput;

use super::finding::figure;
use super::limits;

/// Counts over all rows of a column.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Facts {
    /// Rows without a value.
    pub missing: usize,
    /// Distinct values.
    pub distinct: usize,
    /// Rows of the most frequent value, and that value.
    pub top: (usize, String),
    /// Levels of fewer than [`limits::RARE_ROWS`] rows, and their rows.
    pub rare: (usize, usize),
    /// Whether whole numbers number the rows.
    pub serial: bool,
    /// The hash of the values in their order: equal where columns are.
    pub hash: u64,
}

/// The facts of every column; of an array those of its first element.
pub fn facts(table: &Table, inputs: &[SourceInput], control: &Control) -> Result<Vec<Facts>> {
    inputs.par_iter().map(|input| of(table, input, control)).collect()
}

fn of(table: &Table, input: &SourceInput, control: &Control) -> Result<Facts> {
    match &table.columns[input.first].data {
        ColumnData::Number(values) => {
            let mut facts = numbers(values, control)?;
            facts.serial = input.integer && facts.missing == 0 && columns::is_serial(values.iter(), values.len());
            Ok(facts)
        }
        ColumnData::Category { codes, dictionary } => {
            let mut counts = control.filled(dictionary.len(), 0u32)?;
            let mut facts = Facts::default();
            for (i, code) in codes.iter().enumerate() {
                if i % CHUNK == 0 {
                    control.check()?;
                }
                match counts.get_mut(code as usize) {
                    Some(count) => *count += 1,
                    None => facts.missing += 1,
                }
                facts.hash = mix(facts.hash, if code == MISSING { u64::MAX } else { dictionary.hash(code) });
            }
            for (code, &n) in counts.iter().enumerate().filter(|(_, &n)| n > 0) {
                let n = n as usize;
                facts.distinct += 1;
                if n < limits::RARE_ROWS {
                    facts.rare = (facts.rare.0 + 1, facts.rare.1 + n);
                }
                if n >= facts.top.0 {
                    let text = shown(dictionary.text(code as u32));
                    if n > facts.top.0 || text < facts.top.1 {
                        facts.top = (n, text);
                    }
                }
            }
            control.release_vec(counts);
            Ok(facts)
        }
    }
}

/// The beginning of a text.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(200)]).chars().take(40).collect()
}

fn numbers(values: &Numbers, control: &Control) -> Result<Facts> {
    let mut facts = Facts::default();
    let mut sorted: Vec<f64> = control.vec(values.len())?;
    for (i, v) in values.iter().enumerate() {
        if i % CHUNK == 0 {
            control.check()?;
        }
        let v = v + 0.0;
        if !v.is_nan() {
            sorted.push(v);
        }
        facts.hash = mix(facts.hash, if v.is_nan() { u64::MAX } else { v.to_bits() });
    }
    facts.missing = values.len() - sorted.len();
    sort(&mut sorted, f64::total_cmp, control)?;
    for run in sorted.chunk_by(|a, b| a == b) {
        facts.distinct += 1;
        if run.len() > facts.top.0 {
            facts.top = (run.len(), figure(run[0]));
        }
    }
    control.release_vec(sorted);
    Ok(facts)
}
