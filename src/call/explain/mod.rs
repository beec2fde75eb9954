//! Why a row has its score.

mod counterfactual;
mod given;
mod limits;
mod row;
mod shown;
mod similar;
mod source;

pub use shown::{beginning, Writer};

use orchard_engine::judge::shap::Unit;
use orchard_engine::model::{Body, Model, Task};
use pgrx::pg_sys::{Datum, FunctionCallInfo};

use crate::call::raw::score;
use crate::call::site::{Key, Shape, Site};
use crate::entry::fill;
use crate::error::{Failure, Result};
use crate::set::Set;

/// Return the rows that `body` makes of the row of a call, which is scored first; none where there is no model or no row.
///
/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows. `body` runs under a guard.
unsafe fn of_row(fcinfo: FunctionCallInfo, body: unsafe fn(FunctionCallInfo, &mut Site) -> Result<()>) -> Datum {
    let site = score(fcinfo, Key::Name, Shape::Row);
    fill(|| match site {
        Some(site) => body(fcinfo, site),
        None => {
            Set::new(fcinfo);
            Ok(())
        }
    })
}

/// The error where one class is to be named.
pub fn which_class(classes: &[String], hint: &str) -> Failure {
    Failure::argument(format!("the model has {} classes", classes.len()))
        .detail(format!("The classes are {}.", classes.join(", ")))
        .hint(hint)
}

/// The index of the class of a label; `None` where none is asked for.
pub fn class_of(model: &Model, label: Option<&str>) -> Result<Option<usize>> {
    let Some(label) = label else { return Ok(None) };
    let Task::Classification { classes, .. } = &model.task else {
        return Err(
            Failure::argument("the model has no classes, so none can be asked for").hint("Leave \"class\" out.")
        );
    };
    match classes.iter().position(|class| class == label) {
        Some(at) => Ok(Some(at)),
        None => Err(Failure::argument(format!("the model has no class \"{label}\""))
            .detail(format!("Its classes are {}.", classes.join(", ")))),
    }
}

/// Only what predicts a target, or has trees, can be explained.
pub fn check_scores(model: &Model) -> Result<()> {
    if let Some((does, look)) = model.task.apart() {
        return Err(Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            format!("the model {does}, which has no contributions of columns"),
        )
        .hint(look));
    }
    match model.body.as_trees() {
        Some(_) => Ok(()),
        None if model.task.is_answer() => Ok(()),
        None if matches!(model.body, Body::Machine(_)) => Err(Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model compares a row with others by a radial kernel, which has no contributions of columns",
        )
        .hint("Take an algorithm isolation_forest, which has contributions.")),
        None if model.task == Task::Reduction => Err(Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model reduces rows to components, which have no contributions of columns",
        )
        .hint("orchard.components tells what they are made of.")),
        None => Err(Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model is a clustering, whose segments have no contributions of columns",
        )
        .hint("Compare the row with the rows of its segment.")),
    }
}

/// What the contributions to an answer are measured in. `target` is the name of what is predicted.
fn unit(model: &Model, class: usize, target: Option<&str>) -> Unit {
    match &model.task {
        Task::Classification { classes, positive } if classes.len() <= 2 && class == *positive as usize => {
            Unit::Probability(None)
        }
        Task::Classification { classes, .. } => Unit::Probability(classes.get(class).cloned()),
        task => Unit::Value(target.unwrap_or(task.prediction()).to_owned()),
    }
}

/// The places of contributions, the largest first, those of equal size in their order.
fn by_size(contributions: impl Iterator<Item = f64>) -> Vec<usize> {
    let sizes: Vec<f64> = contributions.map(f64::abs).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    order
}
