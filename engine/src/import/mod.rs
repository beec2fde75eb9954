//! Models that other libraries have trained, read from what those libraries write.
//!
//! A reader takes the bytes as they come, which may be anybody's: it never panics, recurses no deeper than a fixed limit, counts what it
//! takes against [`Control`](crate::control::Control) before it takes it, and refuses by name what it cannot do exactly. What comes out is a
//! [`Model`] like any other.
//!
//! * [`read_lightgbm`]: the text of `Booster.save_model`.
//! * [`read_xgboost`]: JSON and UBJSON of `Booster.save_model`.
//! * [`read_catboost`]: JSON of `CatBoost.save_model`.
//! * [`read_onnx`]: a tree ensemble in ONNX, as skl2onnx writes it of a model of scikit-learn.
//! * [`options`]: what the caller says of a model that its bytes do not.
//! * [`Grove`]: from the nodes of a library to the arrays of a model.

mod catboost;
mod coder;
mod cut;
mod grove;
mod grow;
mod lightgbm;
mod onnx;
pub mod options;
mod protobuf;
mod xgboost;

pub use catboost::read_catboost;
pub use grove::{Column, Grove, Kind, Names, Node, Seen, Split, Test};
pub use lightgbm::read_lightgbm;
pub use onnx::read_onnx;
pub use options::ImportOptions;
pub use xgboost::read_xgboost;

use crate::error::{Error, Result};
use crate::model::{Body, Encoding, Feature, FeatureStats, Input, InputKind, Model, Task, Trees};

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

/// What is found for the first of the texts as which pandas and NumPy write what is missing: where a model knows one, NULL is taken
/// as it.
fn missing_text<T>(find: impl FnMut(&'static str) -> Option<T>) -> Option<T> {
    ["nan", "None"].into_iter().find_map(find)
}

/// The task of a classification whose labels the library kept, unless the caller names others.
fn labelled(options: &ImportOptions, own: Vec<String>) -> Result<Task> {
    let count = own.len();
    let named = options.classes.clone().or(Some(own));
    classes(&ImportOptions { classes: named, ..options.clone() }, count)
}

/// Fail for options that say what a library's model says itself, or what it does not have.
fn check_self_contained(options: &ImportOptions, library: &str) -> Result<()> {
    if !options.categories.is_empty() {
        return Err(Error::option(
            format!("option \"categories\" is not for a model of {library}, which has its categories itself"),
            "Leave it out.",
        ));
    }
    if !options.best_iteration {
        return Err(Error::option(
            format!("option \"best_iteration\" is not for a model of {library}, which has no trees behind it"),
            "Leave it out.",
        ));
    }
    Ok(())
}

/// A model of trees over columns that have a feature each.
fn finish(
    options: &ImportOptions,
    columns: Vec<(String, InputKind, Encoding)>,
    trees: Trees,
    task: Task,
    notices: Vec<String>,
) -> Result<Imported> {
    check_features(columns.len())?;
    let own = columns.iter().map(|column| column.0.clone()).collect();
    let names = feature_names(options, own)?;
    let ranges = grove::ranges(&trees, columns.len());
    let mut model = Model { inputs: Vec::new(), features: Vec::new(), task, body: Body::Trees(trees), cleaning: None };
    let mut coded = Vec::new();
    for (place, ((name, (_, kind, encoding)), range)) in names.into_iter().zip(columns).zip(ranges).enumerate() {
        let levels = encoding.levels();
        let is_whole = |level: &String| level.parse::<i64>().is_ok_and(|number| number.to_string() == *level);
        coded.push(!levels.is_empty() && levels.iter().all(is_whole));
        let stats = match (&encoding, range) {
            (Encoding::Number, Some((minimum, maximum))) => {
                FeatureStats { minimum, maximum, mean: minimum / 2.0 + maximum / 2.0, ..FeatureStats::default() }
            }
            _ => FeatureStats::default(),
        };
        model.inputs.push(Input { name: name.clone(), kind, first: place as u32, count: 1 });
        model.features.push(Feature { name, encoding, stats });
    }
    model.validate()?;
    Ok(Imported { model, coded, notices })
}
