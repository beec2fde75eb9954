//! `orchard.explain`: one row.

use orchard_engine::control::Control;
use orchard_engine::judge::shap::{columns, features, Explained, Explanation, Shap, Value};
use orchard_engine::model::{Argument, InputKind, Task};
use orchard_engine::score::Scorer;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};
use pgrx::IntoDatum;

use super::{by_size, check_scores, class_of, of_row, shown, unit};
use crate::api::sampled::background;
use crate::call::site::{InputRow, Site};
use crate::catalog::name::ModelName;
use crate::catalog::{self, store, Found};
use crate::entry;
use crate::entry::{argument, value};
use crate::error::Result;
use crate::set::Set;
use crate::source::types::Text;
use crate::{interrupt, settings};

/// What stands for a column where the contribution is that of no column: the mean.
const BASE: &str = "(base)";

/// Nodes of trees that are walked before an interrupt can be looked for; with more, threads do it.
const QUICK: usize = 200_000;

entry!(explain, pg_finfo_explain, fcinfo => of_row(fcinfo, rows));

/// Return the rows of the explanation of a row that was just scored.
///
/// # Safety
/// `fcinfo` is the running call's, the site its own.
unsafe fn rows(fcinfo: FunctionCallInfo, site: &mut Site) -> Result<()> {
    let set = Set::new(fcinfo);
    let label = argument(fcinfo, 2).map(|datum| String::from_utf8_lossy(Text::of(datum).bytes()).into_owned());
    let derived = argument(fcinfo, 3).is_some_and(|datum| datum.value() as u8 != 0);
    let scorer = site.scorer.clone();
    let model = scorer.model();
    check_scores(model)?;
    let class = class_of(model, label.as_deref())?;
    let explained = if derived { features(model) } else { columns(model) };
    let control = Control::new(settings::max_memory());
    let cells: Vec<&[f64]> = site.row.iter().map(std::slice::from_ref).collect();
    // Threads share the scorer, not its count of owners.
    let shared: &Scorer = &scorer;
    let against = match value::<String>(fcinfo, 4) {
        Some(source) => Some(background(&named(fcinfo)?, &scorer, &source, &control)?),
        None => None,
    };
    let explain = || {
        let mut shap = match &against {
            Some(against) => Shap::against(shared, against, &control)?,
            None => Shap::new(shared, &control)?,
        };
        shap.answers(&cells, &explained, class, &control)
    };
    let nodes = model.body.as_trees().map_or(0, |(trees, _)| trees.nodes().saturating_mul(scorer.outputs()));
    let quick = nodes.saturating_mul(against.as_ref().and_then(|b| b.first()).map_or(1, Vec::len)) <= QUICK;
    let found = if quick { explain()? } else { interrupt::run("orchard.explain", &control, explain)? };
    let Some(explanation) = found.into_iter().next() else { return Ok(()) };
    let target = match &model.task {
        Task::Regression => target(fcinfo)?,
        _ => None,
    };
    let unit = unit(model, explanation.class, target.as_deref());
    let texts = arguments(fcinfo, site);
    let raw = site.input.raw();
    let values = shown::values(&scorer, &explained, &texts, raw, &site.row);
    let Explanation { base, columns: parts, .. } = explanation;
    set.put([
        BASE.into_datum(),
        None,
        number(base.score),
        number(base.response),
        0i32.into_datum(),
        unit.base(base.response).into_datum(),
    ])?;
    for (rank, at) in by_size(parts.iter().map(|part| part.score)).into_iter().enumerate() {
        let (column, part, value) = (&explained[at], &parts[at], values[at].as_deref());
        let sentence = match value {
            Some(value) if is_unread(&scorer, column, &site.row) => {
                unit.contribution_of_unread(&column.name, value, part.response)
            }
            _ => unit.contribution(&column.name, value, part.response),
        };
        set.put([
            column.name.as_str().into_datum(),
            value.into_datum(),
            number(part.score),
            number(part.response),
            (rank as i32 + 1).into_datum(),
            sentence.into_datum(),
        ])?;
    }
    Ok(())
}

/// Whether a value of the row says nothing to the model: a column of numbers or moments, given a text in JSON or NaN.
fn is_unread(scorer: &Scorer, column: &Explained, row: &[f64]) -> bool {
    let Value::Argument(at) = column.value else { return false };
    match scorer.model().arguments().get(at) {
        Some(Argument::Input(input))
            if !matches!(input.kind, InputKind::Category | InputKind::Text | InputKind::Array) =>
        {
            row.get(input.first as usize).is_some_and(|cell| cell.is_nan())
        }
        _ => false,
    }
}

/// A number, or NULL where it is none: the answer can be beyond all numbers.
pub(super) fn number(value: f64) -> Option<Datum> {
    value.is_finite().then_some(value).into_datum()
}

/// The texts of the columns that the model reads.
///
/// # Safety
/// As for [`rows`].
pub(super) unsafe fn arguments(fcinfo: FunctionCallInfo, site: &mut Site) -> Vec<Option<String>> {
    let Some(datum) = argument(fcinfo, 1) else { return Vec::new() };
    let scorer = site.scorer.clone();
    let arguments = scorer.model().arguments();
    let names: Vec<&str> = arguments.iter().map(Argument::name).collect();
    match &mut site.input {
        InputRow::Record(record) => record.texts(datum, &names),
        InputRow::Json(json) => json.texts(datum, pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 1), &names),
        InputRow::Arguments(_) => Vec::new(),
    }
}

/// The name of what the model predicts.
///
/// # Safety
/// As for [`rows`].
pub(super) unsafe fn target(fcinfo: FunctionCallInfo) -> Result<Option<String>> {
    store::target(&named(fcinfo)?.deployed()?)
}

/// The model that the call names.
///
/// # Safety
/// As for [`rows`].
pub(super) unsafe fn named(fcinfo: FunctionCallInfo) -> Result<Found> {
    let name = argument(fcinfo, 0).map(|datum| String::from_utf8_lossy(Text::of(datum).bytes()).into_owned());
    catalog::find(&ModelName::parse(&name.unwrap_or_default())?)
}
