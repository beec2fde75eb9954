//! The rows of a source as they are compared with those of a training.

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::judge::drift::{self, Observed};
use orchard_engine::model::{Baseline, InputKind};
use orchard_engine::score::Scorer;

use crate::api::cleaned;
use crate::error::{Failure, Result};
use crate::interrupt;
use crate::source::types::Reader;
use crate::source::Rows;

/// What was seen of all rows of a source, whether or not it is known what is true of them.
pub(in crate::api) struct Watched {
    /// By feature.
    pub observed: Vec<Option<Observed>>,
    /// What the model says of each row.
    pub scores: Vec<f64>,
    /// Whether the source has the target.
    pub has_target: bool,
}

/// Count the features of the rows by what training knew of them.
pub(super) fn observe(
    scorer: &Scorer,
    baseline: Option<&Baseline>,
    rows: &mut Rows,
    control: &Control,
) -> Result<Vec<Option<Observed>>> {
    let model = scorer.model();
    let mut places = Vec::with_capacity(model.inputs.len());
    for input in &model.inputs {
        let at = rows.columns.iter().position(|c| c.attribute.name == input.name);
        let column =
            at.and_then(|at| rows.columns.get_mut(at)).ok_or_else(|| Failure::internal("a column was not read"))?;
        let (first, reader) = (column.first, column.reader);
        if input.kind.is_moment() && reader.kind() != input.kind {
            let own = std::mem::replace(&mut rows.table.columns[first], Column::number(""));
            rows.table.columns[first] = cleaned::of_kind(own, input.kind, reader, control)?;
            // As it is read from here on.
            column.reader = if input.kind == InputKind::Date { Reader::Date } else { Reader::Timestamp };
        }
        places.push((first, column.count));
    }
    let table = &rows.table;
    interrupt::run("orchard.drift", control, || drift::observe(model, baseline, table, &places, control))
}
