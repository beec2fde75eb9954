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
use orchard_engine::model::{Model, Task};

use crate::error::{Failure, Result};

/// The index of the class of a label; `None` where none is asked for.
fn class_of(model: &Model, label: Option<&str>) -> Result<Option<usize>> {
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

/// Only trees can be explained.
pub fn check_trees(model: &Model) -> Result<()> {
    match model.body.as_trees() {
        Some(_) => Ok(()),
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
        _ => Unit::Value(target.unwrap_or("the value").to_owned()),
    }
}

/// The places of contributions, the largest first, those of equal size in their order.
fn by_size(contributions: impl Iterator<Item = f64>) -> Vec<usize> {
    let sizes: Vec<f64> = contributions.map(f64::abs).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    order
}
