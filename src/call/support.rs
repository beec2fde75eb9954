//! What the planner is told of scoring calls.

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, Oid};

use super::rewrite::{rewritten, without_casts};
use super::site::{constant, constant_name};
use crate::catalog::{self, cache};
use crate::entry;
use crate::error::Result;

/// What the planner counts as `cpu_operator_cost` is a comparison or a sum, with reading its arguments.
const NANOSECONDS_AN_OPERATOR: f64 = 10.0;
/// Nanoseconds of a call with columns as arguments, and of one with a row or JSON, beside the scoring.
const COLUMNS: f64 = 100.0;
const ROW: f64 = 1000.0;

entry!(score_support, pg_finfo_score_support, fcinfo => {
    let request = (*(*fcinfo).args.as_ptr()).value.cast_mut_ptr::<pg_sys::Node>();
    if !request.is_null() && (*request).type_ == pg_sys::NodeTag::T_SupportRequestCost {
        let request = &mut *request.cast::<pg_sys::SupportRequestCost>();
        if let Some(nanoseconds) = pgrx_extern_c_guard(|| nanoseconds(request)) {
            request.startup = 0.0;
            request.per_tuple = nanoseconds / NANOSECONDS_AN_OPERATOR * pg_sys::cpu_operator_cost;
            return Datum::from(request as *mut pg_sys::SupportRequestCost as usize);
        }
    }
    if !request.is_null() && (*request).type_ == pg_sys::NodeTag::T_SupportRequestSimplify {
        let request = &*request.cast::<pg_sys::SupportRequestSimplify>();
        let simpler = || rewritten(request.root, request.fcall).or_else(|| without_casts(request.fcall));
        if let Some(node) = pgrx_extern_c_guard(simpler) {
            return Datum::from(node as usize);
        }
    }
    Datum::from(0usize)
});

/// What a call costs; `None` where that is not known, as where its model is no constant or may not be used: to say so is left to the call.
///
/// # Safety
/// `request` is the planner's.
unsafe fn nanoseconds(request: &pg_sys::SupportRequestCost) -> Option<f64> {
    let node = request.node;
    if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_FuncExpr {
        return None;
    }
    let (oid, datum) = constant(node, 0)?;
    let score = scoring(oid, datum).ok()?;
    // By its name a model is given a row or JSON, by its id nearly always columns.
    Some(score + if oid == pg_sys::UUIDOID { COLUMNS } else { ROW })
}

/// Nanoseconds of the scoring of a row by the model that a constant names.
///
/// # Safety
/// `datum` is of the type `oid`.
unsafe fn scoring(oid: Oid, datum: Datum) -> Result<f64> {
    let found = match oid {
        pg_sys::UUIDOID => catalog::find_by_id(&*datum.cast_mut_ptr::<[u8; 16]>())?,
        _ => catalog::find(&constant_name(datum)?)?.into(),
    };
    Ok(cache::deployed(&found)?.nanoseconds())
}
