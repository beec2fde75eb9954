//! Which columns become features.

use crate::data::{ColumnData, Table, MISSING};
use crate::error::Result;
use crate::learn::train::{Request, SourceInput};
use crate::model::InputKind;

/// Below this many rows a column of distinct values is no sign of an identifier.
const FEW_ROWS: usize = 10;

/// The mean length beyond which texts may be prose.
const PROSE: usize = 20;

/// The inputs without those that identify a row: unique text, uuid and serial columns, unless the user named the features.
pub fn choose(request: &Request, notices: &mut Vec<String>) -> Result<Vec<SourceInput>> {
    if request.options.features.is_some() {
        return Ok(request.inputs.clone());
    }
    let mut kept = Vec::new();
    for input in &request.inputs {
        let Some(why) = identifies(&request.table, input).filter(|_| input.kind != InputKind::Text) else {
            kept.push(input.clone());
            continue;
        };
        let name = &input.name;
        let way = match request.algorithm.needs_target() && is_prose(&request.table, input) {
            true => "name it in \"text_columns\" to learn from its words",
            false => "name it in \"features\" to use it",
        };
        notices.push(format!("column \"{name}\" is left out because {why}; {way}"));
    }
    Ok(kept)
}

/// Whether a column is of texts that are long and have blanks, most of them.
pub(crate) fn is_prose(table: &Table, input: &SourceInput) -> bool {
    let ColumnData::Category { dictionary, .. } = &table.columns[input.first].data else { return false };
    let texts = || (0..dictionary.len() as u32).map(|code| dictionary.text(code));
    let length: usize = texts().map(<[u8]>::len).sum();
    length > PROSE * dictionary.len() && texts().filter(|t| t.contains(&b' ')).count() * 2 > dictionary.len()
}

/// Why a column identifies its rows, if it does.
fn identifies(table: &Table, input: &SourceInput) -> Option<&'static str> {
    if table.rows <= FEW_ROWS || input.count != 1 {
        return None;
    }
    match &table.columns[input.first].data {
        ColumnData::Category { codes, dictionary } => {
            let present = codes.iter().filter(|&c| c != MISSING).count();
            (present > FEW_ROWS && dictionary.len() == present).then_some("each of its values occurs once")
        }
        ColumnData::Number(values) if input.integer && input.kind == InputKind::Number => {
            is_serial(values.iter(), values.len()).then_some("it numbers the rows")
        }
        ColumnData::Number(_) => None,
    }
}

/// Whether whole numbers are distinct, never missing and dense: a serial column, perhaps with some rows deleted.
pub(crate) fn is_serial(values: impl Iterator<Item = f64> + Clone, rows: usize) -> bool {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values.clone() {
        if v.is_nan() {
            return false;
        }
        (low, high) = (low.min(v), high.max(v));
    }
    let span = high - low + 1.0;
    if span > 2.0 * rows as f64 || span < rows as f64 {
        return false;
    }
    let mut seen = vec![0u64; (span as usize).div_ceil(64)];
    for v in values {
        let at = (v - low) as usize;
        if seen[at / 64] >> (at % 64) & 1 == 1 {
            return false;
        }
        seen[at / 64] |= 1 << (at % 64);
    }
    true
}

/// Fold a cell into a hash.
pub fn fold_cell(hash: u64, table: &Table, column: usize, row: u32) -> u64 {
    let value = match &table.columns[column].data {
        ColumnData::Number(v) => (v.get(row as usize) + 0.0).to_bits(),
        ColumnData::Category { codes, dictionary } => match codes.get(row as usize) {
            MISSING => u64::MAX,
            code => dictionary.hash(code),
        },
    };
    crate::data::mix(hash ^ column as u64, value)
}
