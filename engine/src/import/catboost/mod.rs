//! Reads the JSON that CatBoost writes of a model (`save_model(..., format="json", pool=...)`, versions 1.0 on).
//!
//! CatBoost looks at a category through the hash of its text. Which text that was is said by `cat_features_hash`, which is there when
//! the pool is given; then a one-hot split is a set of texts, and so is a split of a statistic of one category, because that is
//! a number a text. A statistic of several categories together is refused by name, as is what else cannot be exact.

mod features;
mod file;
mod statistics;
mod trees;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Body, Encoding, Feature, FeatureStats, Input, InputKind, Link, Model, Task};

use features::Features;
use file::{ClassParams, File, Text};

/// Bytes that reading takes a byte of the text: a number of two letters becomes eight bytes in a list that has grown.
const SPREAD: usize = 16;

/// The model of a text. Its columns are all that CatBoost knows, in its order; a category is a text, as which CatBoost hashes
/// numbers too. NULL is NaN, and the category "nan" or "None" if the model knows one, else a category never seen.
///
/// # Errors
/// [`Error::InvalidData`] for a text that is no such model, or one that needs what is not read.
pub fn read_catboost(text: &str, control: &Control) -> Result<Model> {
    control.reserve(text.len().saturating_mul(SPREAD))?;
    let file: File = serde_json::from_str(text).map_err(|error| wrong(&format!("the text is not as expected ({error})")))?;
    control.check()?;
    let features = Features::new(&file, control)?;
    let mut trees = trees::read(&file, &features, control)?;
    let (task, link) = task(&file, trees.outputs as usize)?;
    trees.link = link;
    let mut model = Model { inputs: Vec::new(), features: Vec::new(), task, body: Body::Trees(trees), cleaning: None };
    for (place, column) in features.columns.into_iter().enumerate() {
        let (kind, encoding) = match column.levels {
            Some(levels) => (InputKind::Category, Encoding::Category { levels }),
            None => (InputKind::Number, Encoding::Number),
        };
        let name = column.name;
        model.features.push(Feature { name: name.clone(), encoding, stats: FeatureStats::default() });
        model.inputs.push(Input { name, kind, first: place as u32, count: 1 });
    }
    model.validate()?;
    Ok(model)
}

/// What is answered, by the loss that was trained for: what `predict` and `predict_proba` say unless asked otherwise.
fn task(file: &File, outputs: usize) -> Result<(Task, Link)> {
    let params = file.model_info.params.as_ref();
    let loss = params.and_then(|params| params.loss_function.as_ref()).map_or("", |loss| loss.kind.as_ref());
    let labels = file.model_info.class_params.as_ref();
    match (loss, outputs) {
        ("Logloss" | "CrossEntropy" | "Focal", 1) => Ok((classes(labels, 2)?, Link::Logistic)),
        ("MultiClass", 3..) => Ok((classes(labels, outputs)?, Link::Softmax)),
        // Two classes are told apart by the difference of their scores.
        ("MultiClass", 1) => Ok((classes(labels, 2)?, Link::Logistic)),
        ("Poisson" | "Tweedie", 1) => Ok((Task::Regression, Link::Log)),
        (
            "RMSE" | "MAE" | "Quantile" | "LogLinQuantile" | "MAPE" | "Expectile" | "Huber" | "Lq" | "LogCosh" | "QueryRMSE"
            | "QuerySoftMax" | "PairLogit" | "PairLogitPairwise" | "YetiRank" | "YetiRankPairwise" | "LambdaMart"
            | "StochasticFilter" | "StochasticRank",
            1,
        ) => Ok((Task::Regression, Link::Identity)),
        _ => Err(unsupported(&format!("the loss function \"{}\"", loss.escape_debug()))),
    }
}

/// A classification into `count` classes, whose labels are their numbers unless they are known.
fn classes(labels: Option<&ClassParams>, count: usize) -> Result<Task> {
    let names = labels.map_or(&[][..], |labels| &labels.class_names);
    let classes: Vec<String> = match names {
        [] => (0..count).map(|class| class.to_string()).collect(),
        names => names.iter().map(Text::label).collect(),
    };
    if classes.len() != count {
        return Err(wrong("there are not as many labels as classes"));
    }
    Ok(Task::Classification { classes, positive: 1 })
}

fn wrong(what: &str) -> Error {
    Error::data(format!("{what}, so it is not a CatBoost model"), "Give the text that save_model(..., format=\"json\") writes.")
}

fn unsupported(what: &str) -> Error {
    Error::data(
        format!("cannot read {what} of a CatBoost model"),
        "Trees of numbers, one-hot categories and statistics of one category are read, for classification, regression and ranking.",
    )
}
