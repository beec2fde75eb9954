//! The row of a call as it came.

use orchard_engine::judge::given::Given;
use orchard_engine::model::{Argument, InputKind};
use pgrx::pg_sys::FunctionCallInfo;

use super::row::arguments;
use crate::call::site::Site;

/// The columns of the row that was just scored, one an argument of the model.
///
/// # Safety
/// `fcinfo` is the running call's, the site its own. Runs under a guard.
pub(super) unsafe fn given(fcinfo: FunctionCallInfo, site: &mut Site) -> Vec<Given> {
    let texts = arguments(fcinfo, site);
    let scorer = site.scorer.clone();
    let value = |(at, argument): (usize, &Argument<'_>)| match argument {
        Argument::Raw(input, column) => site.input.raw().map_or(Given::Missing, |raw| raw.given(*input, column.kind)),
        Argument::Input(input) => {
            let cells = site.row.get(input.first as usize..(input.first + input.count) as usize).unwrap_or(&[]);
            match input.kind {
                InputKind::Category | InputKind::Text => match texts.get(at) {
                    Some(Some(text)) => Given::text(text.as_bytes()),
                    _ => Given::Missing,
                },
                InputKind::Array => Given::Array(cells.into()),
                _ => Given::number(cells.first().copied().unwrap_or(f64::NAN)),
            }
        }
    };
    scorer.model().arguments().iter().enumerate().map(value).collect()
}
