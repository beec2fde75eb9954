//! The C entry points of scoring.
//!
//! They run without pgrx's guard (about 20 ns a call): what they call while a row is scored neither panics nor owns anything when a
//! function of the server runs; what may do either (making the site, JSON, errors) goes through a guard of its own.

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};
use pgrx::{IntoDatum, JsonB};

use super::site::{in_none, site, top_of, InputRow, Key, Shape, Site};
use crate::entry;
use crate::entry::null;
use crate::error::Failure;
use orchard_engine::model::Task;
use orchard_engine::score::effects;

/// Score the row of the running call; `None` for a NULL model or row.
///
/// # Safety
/// Runs inside a call with `fcinfo`. May longjmp.
#[inline]
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
pub(super) unsafe fn score<'a>(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> Option<&'a mut Site> {
    let args = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
    if args[0].isnull || (shape == Shape::Row && args[1].isnull) {
        return None;
    }
    let site = site(fcinfo, key, shape);
    let Site { scorer, row, out, input, .. } = site;
    match input {
        InputRow::Arguments(arguments) => {
            arguments.predict(scorer, row, out, &args[1..]);
            return Some(site);
        }
        InputRow::Record(record) => record.put(scorer, row, args[1].value),
        InputRow::Json(json) => {
            let oid = pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 1);
            pgrx_extern_c_guard(|| json.put(scorer, row, args[1].value, oid));
        }
    }
    scorer.predict(row, out);
    Some(site)
}

/// # Safety
/// As for `score`.
unsafe fn number(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> Datum {
    match score(fcinfo, key, shape) {
        Some(site) if in_none(&site.scorer, site.out[0]) => null(fcinfo),
        Some(site) => Datum::from(site.out[0].to_bits() as usize),
        None => null(fcinfo),
    }
}

/// # Safety
/// As for `score`.
unsafe fn label(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> Datum {
    match score(fcinfo, key, shape) {
        Some(site) => pgrx_extern_c_guard(|| match site.label() {
            Ok(label) => label.into_datum().unwrap_or(Datum::from(0usize)),
            Err(failure) => failure.raise(),
        }),
        None => null(fcinfo),
    }
}

/// The probability of the most probable class.
///
/// # Safety
/// As for `score`.
unsafe fn top(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> Datum {
    match score(fcinfo, key, shape) {
        Some(site) => Datum::from(top_of(&site.scorer, &site.out).to_bits() as usize),
        None => null(fcinfo),
    }
}

/// # Safety
/// As for `score`.
unsafe fn segment(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> Datum {
    match score(fcinfo, key, shape) {
        Some(site) if in_none(&site.scorer, site.out[0]) => null(fcinfo),
        Some(site) => Datum::from(site.out[0] as i32),
        None => null(fcinfo),
    }
}

/// A JSON object that is made of the row that was scored.
///
/// # Safety
/// As for `score`.
unsafe fn json(fcinfo: FunctionCallInfo, key: Key, make: fn(&Site) -> crate::error::Result<JsonB>) -> Datum {
    match score(fcinfo, key, Shape::Row) {
        Some(site) => pgrx_extern_c_guard(|| match make(site) {
            Ok(json) => json.into_datum().unwrap_or(Datum::from(0usize)),
            Err(failure) => failure.raise(),
        }),
        None => null(fcinfo),
    }
}

/// The probability of each label as a JSON object.
fn proba(site: &Site) -> crate::error::Result<JsonB> {
    let (classes, positive) = site.classes()?;
    let pairs = classes.iter().enumerate().map(|(i, class)| {
        let p = match (site.out.len(), i == positive) {
            (1, true) => site.out[0],
            (1, false) => 1.0 - site.out[0],
            _ => site.out[i],
        };
        (class.clone(), serde_json::Value::from(p))
    });
    Ok(JsonB(serde_json::Value::Object(pairs.collect())))
}

/// The effect of each treatment as a JSON object.
fn uplift(site: &Site) -> crate::error::Result<JsonB> {
    let treatments = site.scorer.model().task.treatments();
    if treatments.is_empty() {
        return Err(Failure::new(pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, "the model knows of no treatments")
            .hint("Train an algorithm x_learner, t_learner, r_learner, uplift_tree or uplift_forest."));
    }
    let pairs = treatments.iter().zip(effects(&site.out)).map(|(name, effect)| (name.clone(), (*effect).into()));
    Ok(JsonB(serde_json::Value::Object(pairs.collect())))
}

/// The error that says that a model has no segments.
fn no_segments() -> Failure {
    Failure::new(pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, "the model has no segments")
        .hint("Use orchard.predict, or a model that finds segments, as kmeans does.")
}

/// The distance of the row to the centre of its segment or to the nearest core row, in the scaled space; of a mixture that of Mahalanobis, by the shape of
/// the segment.
fn own_distance(site: &Site) -> crate::error::Result<f64> {
    site.scorer.distance(&site.row).ok_or_else(no_segments)
}

/// The share of the row in each segment, of a mixture its probability, as a JSON object.
fn shares(site: &Site) -> crate::error::Result<JsonB> {
    let shares = site.scorer.memberships(&site.row).ok_or_else(no_segments)?;
    let pairs = (1..).zip(shares).map(|(segment, share): (u32, f64)| (segment.to_string(), share.into()));
    Ok(JsonB(serde_json::Value::Object(pairs.collect())))
}

/// The columns that the model's cleaning made of the row, as a JSON object.
fn made(site: &Site) -> crate::error::Result<JsonB> {
    match site.input.raw() {
        Some(raw) => Ok(JsonB(raw.made(&site.scorer))),
        None => Err(Failure::new(pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, "the model cleans no columns")
            .hint("Train it with the option \"clean\".")),
    }
}

/// # Safety
/// As for `score`.
unsafe fn components(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> Datum {
    match score(fcinfo, key, shape) {
        Some(site) => pgrx_extern_c_guard(|| {
            if site.scorer.model().task != Task::Reduction {
                no_components().raise();
            }
            array(&site.out)
        }),
        None => null(fcinfo),
    }
}

/// An array of numbers.
///
/// # Safety
/// Main thread.
unsafe fn array(values: &[f64]) -> Datum {
    // The server makes it of datums; those of float8 are passed by value, so nothing but the bits is copied.
    let mut datums: Vec<Datum> = values.iter().map(|x| Datum::from(x.to_bits() as usize)).collect();
    let made = pg_sys::construct_array(
        datums.as_mut_ptr(),
        datums.len() as i32,
        pg_sys::FLOAT8OID,
        8,
        true,
        pg_sys::TYPALIGN_DOUBLE as std::ffi::c_char,
    );
    Datum::from(made as usize)
}

fn no_components() -> Failure {
    Failure::new(pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, "the model predicts and has no components")
        .hint("Use orchard.predict, or a model of the algorithm pca.")
}

/// Refuse `orchard.predict` where one number would not be an answer.
fn check_one_number(site: &Site) {
    if site.scorer.model().task == Task::Reduction {
        Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model reduces rows to components and predicts no number",
        )
        .hint("Use orchard.transform for the components of a row.")
        .raise();
    }
    if let Task::Classification { classes, .. } = &site.scorer.model().task {
        if classes.len() > 2 {
            Failure::new(
                pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                format!("the model has {} classes, so there is no one probability", classes.len()),
            )
            .hint(
                "Use orchard.predict_label for the most probable label or orchard.predict_proba for all probabilities.",
            )
            .raise();
        }
    }
}

entry!(row score_number, pg_finfo_score_number, f => number(f, Key::Id, Shape::Columns));
entry!(row score_label, pg_finfo_score_label, f => label(f, Key::Id, Shape::Columns));
entry!(row score_segment, pg_finfo_score_segment, f => segment(f, Key::Id, Shape::Columns));
entry!(score_components, pg_finfo_score_components, f => components(f, Key::Id, Shape::Columns));
entry!(score_row_components, pg_finfo_score_row_components, f => components(f, Key::Id, Shape::Row));
entry!(transform, pg_finfo_transform, f => components(f, Key::Version, Shape::Row));
entry!(row score_top, pg_finfo_score_top, f => top(f, Key::Id, Shape::Columns));
entry!(score_row_top, pg_finfo_score_row_top, f => top(f, Key::Id, Shape::Row));
entry!(score_row_number, pg_finfo_score_row_number, f => number(f, Key::Id, Shape::Row));
entry!(score_row_label, pg_finfo_score_row_label, f => label(f, Key::Id, Shape::Row));
entry!(score_row_segment, pg_finfo_score_row_segment, f => segment(f, Key::Id, Shape::Row));
entry!(predict, pg_finfo_predict, f => match score(f, Key::Version, Shape::Row) {
    Some(site) => {
        if site.out.len() > 1 || site.scorer.model().task == Task::Reduction {
            pgrx_extern_c_guard(|| check_one_number(site));
        }
        if in_none(&site.scorer, site.out[0]) {
            return null(f);
        }
        Datum::from(site.out[0].to_bits() as usize)
    }
    None => null(f),
});
entry!(predict_label, pg_finfo_predict_label, f => label(f, Key::Version, Shape::Row));
entry!(cleaned_row, pg_finfo_cleaned_row, f => json(f, Key::Name, made));
entry!(distance, pg_finfo_distance, f => match score(f, Key::Version, Shape::Row) {
    Some(site) => pgrx_extern_c_guard(|| match own_distance(site) {
        Ok(distance) => Datum::from(distance.to_bits() as usize),
        Err(failure) => failure.raise(),
    }),
    None => null(f),
});
entry!(memberships, pg_finfo_memberships, f => json(f, Key::Version, shares));
entry!(predict_uplift, pg_finfo_predict_uplift, f => json(f, Key::Version, uplift));
entry!(predict_proba, pg_finfo_predict_proba, f => json(f, Key::Version, proba));
