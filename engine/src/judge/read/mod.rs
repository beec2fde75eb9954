//! Reading a model: its trees in words, as diagrams, as plain SQL and as PMML.
//!
//! All of them ask the same two questions: what a split asks ([`split`]) and what the trees say of a leaf ([`output`]).

mod diagram;
mod out;
mod output;
mod pmml;
mod rules;
mod split;
pub mod sql;
mod tree;
mod words;
mod xml;

pub use diagram::{diagram, Format};
pub use output::Output;
pub use pmml::pmml;
pub use rules::{rules, Rule, Telling};
pub use words::Words;

use crate::error::{Error, Result};
use crate::model::{Body, Model, Task, Trees};

/// The trees of a model.
///
/// # Errors
/// For a clustering or components.
fn trees(model: &Model) -> Result<&Trees> {
    if let Some((does, look)) = model.task.apart() {
        return Err(Error::data(format!("the model {does} and has no trees"), look));
    }
    match model.body.as_trees() {
        Some((trees, _)) => Ok(trees),
        None if model.task == Task::Reduction => {
            Err(Error::data("the model has components and no trees", "orchard.components tells what they are made of."))
        }
        None if matches!(model.body, Body::Additive(_)) => Err(Error::data(
            "the model adds what columns say and has no trees",
            "orchard.coefficients tells what they say, orchard.to_sql writes it as SQL.",
        )),
        None if matches!(model.body, Body::Network(_)) => Err(Error::data(
            "the model is a network and has no trees",
            "orchard.explain tells what columns add to the answer to a row.",
        )),
        None if matches!(model.body, Body::Neighbors(_)) => Err(Error::data(
            "the model compares a row with its training rows and has no trees",
            "orchard.similar_rows shows the rows that are nearest.",
        )),
        None if matches!(model.body, Body::Machine(_)) => Err(Error::data(
            "the model compares a row with some of its training rows and has no trees",
            "orchard.importance of a source tells what columns are worth.",
        )),
        None if matches!(model.body, Body::Ensemble(_)) => Err(Error::data(
            "the model joins the answers of several models and has no trees of its own",
            "orchard.to_sql writes it as SQL where its members can be written so.",
        )),
        None => Err(Error::data("the model is a clustering, which has no trees", "orchard.to_sql writes it as SQL.")),
    }
}
