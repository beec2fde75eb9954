//! Models that other libraries have trained, read from what those libraries write.
//!
//! A reader takes the bytes as they come, which may be anybody's: it never panics, recurses no deeper than a fixed limit, counts what it
//! takes against [`Control`](crate::control::Control) before it takes it, and refuses by name what it cannot do exactly. What comes out is a
//! [`Model`] like any other.
//!
//! * [`read_lightgbm`]: the text of `Booster.save_model`.
//! * [`read_xgboost`]: JSON and UBJSON of `Booster.save_model`.
//! * [`options`]: what the caller says of a model that its bytes do not.
//! * [`Grove`]: from the nodes of a library to the arrays of a model.

mod coder;
mod grove;
mod lightgbm;
pub mod options;
mod xgboost;

pub use grove::{Column, Grove, Kind, Names, Node, Seen, Split, Test};
pub use lightgbm::read_lightgbm;
pub use options::ImportOptions;
pub use xgboost::read_xgboost;

use crate::error::{Error, Result};
use crate::model::{Model, Task};

/// A model of another library, and what else is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The model. Of its features nothing is known but names and levels, for which no library keeps statistics.
    pub model: Model,
    /// Of each column of a row that the model reads, whether it is a category whose values are whole numbers.
    pub coded: Vec<bool>,
    /// What the caller should be told.
    pub notices: Vec<String>,
}

/// The most features, and the most classes, of a model that is read: more than a library has in practice, and few enough that what is made for
/// each is small.
const MOST: usize = 1 << 16;

fn check_features(count: usize) -> Result<()> {
    match count {
        1..=MOST => Ok(()),
        _ => Err(Error::data(format!("the model says that it has {count} features"), format!("1 to {MOST} are read."))),
    }
}

/// The task of a classification into `count` classes: those that the caller names, else 0, 1 and so on. Of two the second is the positive one,
/// as in every library, unless the caller names another.
pub fn classes(options: &ImportOptions, count: usize) -> Result<Task> {
    if count > MOST {
        return Err(Error::data(
            format!("the model says that it has {count} classes"),
            format!("Up to {MOST} are read."),
        ));
    }
    let classes = match &options.classes {
        Some(names) if names.len() == count => names.clone(),
        Some(names) => {
            return Err(Error::option(
                format!("option \"classes\" names {} classes, but the model has {count}", names.len()),
                "Name every class once, in the order of the library's labels.",
            ))
        }
        None => (0..count).map(|class| class.to_string()).collect(),
    };
    let positive = match &options.positive_class {
        None => count.saturating_sub(1).min(1),
        Some(label) => classes.iter().position(|class| class == label).ok_or_else(|| {
            Error::option(
                format!("option \"positive_class\" is \"{label}\", which is not a class of the model"),
                format!("The classes are {}.", classes.join(", ")),
            )
        })?,
    };
    Ok(Task::Classification { classes, positive: positive as u32 })
}

/// The task of a model that predicts a number, for which there are no classes to name.
pub fn regression(options: &ImportOptions) -> Result<Task> {
    match options.classes.is_some() || options.positive_class.is_some() {
        true => Err(Error::option("the model predicts a number and has no classes", "Leave \"classes\" out.")),
        false => Ok(Task::Regression),
    }
}

/// The names of the columns: those that the caller gives, else those of the library.
pub fn feature_names(options: &ImportOptions, own: Vec<String>) -> Result<Vec<String>> {
    match &options.feature_names {
        None => Ok(own),
        Some(names) if names.len() == own.len() => Ok(names.clone()),
        Some(names) => Err(Error::option(
            format!("option \"feature_names\" has {} names, but the model has {} features", names.len(), own.len()),
            "Name every feature once, in the order of the training.",
        )),
    }
}

/// Fail where the splits of a column ask for a category that is not among `count` known ones.
fn check_categories(column: &str, count: usize, largest: Option<u32>) -> Result<()> {
    match largest {
        Some(code) if code as usize >= count => Err(Error::option(
            format!(
                "column \"{column}\" has {count} categories, but the model asks for number {}",
                u64::from(code) + 1
            ),
            "Name all categories in option \"categories\", in the order of the training.",
        )),
        _ => Ok(()),
    }
}
