//! Reads the JSON that CatBoost writes of a model (`save_model(..., format="json", pool=...)`, versions 1.0 on).
//!
//! CatBoost looks at a category through the hash of its text. Which text that was is said by `cat_features_hash`, which is there when
//! the pool is given; then a one-hot split is a set of texts, and so is a split of a statistic of one category, because that is
//! a number a text. A statistic of several categories together is refused by name, as is what else cannot be exact.

mod features;
mod file;
mod statistics;
mod trees;

use super::{check_self_contained, finish, labelled, regression, ImportOptions, Imported};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Encoding, InputKind, Link, Task};

use features::Features;
use file::{ClassParams, File, Text};

/// Bytes that reading takes a byte of the text: a number of two letters becomes eight bytes in a list that has grown.
const SPREAD: usize = 16;

/// The model of a text. Its columns are all that CatBoost knows, in its order; a category is a text, as which CatBoost hashes
/// numbers too. NULL is NaN, and the category "nan" or "None" if the model knows one, else a category never seen.
///
/// # Errors
/// [`Error::InvalidData`] for a text that is no such model, or one that needs what is not read, [`Error::InvalidOption`] for options that do not
/// fit it.
pub fn read_catboost(data: &str, options: &ImportOptions, control: &Control) -> Result<Imported> {
    check_self_contained(options, "CatBoost")?;
    control.reserve(data.len().saturating_mul(SPREAD))?;
    let file: File =
        serde_json::from_str(data).map_err(|error| wrong(&format!("the text is not as expected ({error})")))?;
    control.check()?;
    let features = Features::new(&file, control)?;
    let mut trees = trees::read(&file, &features, control)?;
    let mut notices = Vec::new();
    let (task, link) = task(&file, trees.outputs as usize, options, &mut notices)?;
    trees.link = link;
    let column = |column: features::Column| match column.levels {
        Some(levels) => (column.name, InputKind::Category, Encoding::Category { levels }),
        None => (column.name, InputKind::Number, Encoding::Number),
    };
    finish(options, features.columns.into_iter().map(column).collect(), trees, task, notices)
}

/// What is answered, by the loss that was trained for: what `predict` and `predict_proba` say unless asked otherwise.
fn task(file: &File, outputs: usize, options: &ImportOptions, notices: &mut Vec<String>) -> Result<(Task, Link)> {
    let params = file.model_info.params.as_ref();
    let loss = params.and_then(|params| params.loss_function.as_ref()).map_or("", |loss| loss.kind.as_ref());
    let labels = file.model_info.class_params.as_ref();
    let classes = |count| labelled(options, labels_of(labels, count)?);
    match (loss, outputs) {
        ("Logloss" | "CrossEntropy" | "Focal", 1) => Ok((classes(2)?, Link::Logistic)),
        ("MultiClass", 3..) => Ok((classes(outputs)?, Link::Softmax)),
        ("MultiClassOneVsAll", 3..) => Ok((classes(outputs)?, Link::Logistic)),
        // Two classes are told apart by the difference of their scores.
        ("MultiClass", 1) => Ok((classes(2)?, Link::Logistic)),
        ("Poisson" | "Tweedie", 1) => Ok((regression(options)?, Link::Log)),
        (
            "RMSE" | "MAE" | "Quantile" | "LogLinQuantile" | "MAPE" | "Expectile" | "Huber" | "Lq" | "LogCosh"
            | "QueryRMSE" | "QuerySoftMax" | "PairLogit" | "PairLogitPairwise" | "YetiRank" | "YetiRankPairwise"
            | "LambdaMart" | "StochasticFilter" | "StochasticRank",
            1,
        ) => Ok((regression(options)?, Link::Identity)),
        ("" | "PythonUserDefinedPerObject", 1) => {
            notices.push("the loss function is not CatBoost's own, so the model answers with raw scores".to_owned());
            Ok((regression(options)?, Link::Identity))
        }
        _ => Err(unsupported(&format!("the loss function \"{}\"", loss.escape_debug()))),
    }
}

/// The labels of `count` classes, which are their numbers unless they are known.
fn labels_of(params: Option<&ClassParams>, count: usize) -> Result<Vec<String>> {
    let names = params.map_or(&[][..], |params| &params.class_names);
    let labels: Vec<String> = match names {
        [] => (0..count).map(|class| class.to_string()).collect(),
        names => names.iter().map(Text::label).collect(),
    };
    let fit = labels.len() == count;
    fit.then_some(labels).ok_or_else(|| wrong("there are not as many labels as classes"))
}

fn wrong(what: &str) -> Error {
    Error::data(
        format!("{what}, so it is not a CatBoost model"),
        "Give the text that save_model(..., format=\"json\") writes.",
    )
}

fn unsupported(what: &str) -> Error {
    Error::data(
        format!("cannot read {what} of a CatBoost model"),
        "Trees of numbers, one-hot categories and statistics of one category are read, for classification, regression and ranking.",
    )
}
