//! Reads the JSON and UBJSON that XGBoost writes of a model (`Booster.save_model` of 1.7 and later).
//!
//! The fields are those of XGBoost's `doc/model.schema`. A row goes left where its number in single precision is below the split's condition
//! (`predict_fn.h`), and a category where the split does not list it (`categorical.h`), so one never seen goes left. What is not read
//! exactly is refused by name.

mod categories;
mod document;
mod list;
mod objective;
mod threshold;
mod ubjson;

use super::{
    check_features, feature_names, Column, Grove, ImportOptions, Imported, Kind, Names, Node, Seen, Split, Test,
};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::Task;
use document::{Booster, Document, Tree};
use list::List;

/// The model of a document in JSON or UBJSON.
///
/// # Errors
/// [`Error::InvalidData`] for bytes that are no model or need what is not read, [`Error::InvalidOption`] for options that do not fit it.
pub fn read_xgboost(data: &[u8], options: &ImportOptions, control: &Control) -> Result<Imported> {
    // The texts of a document are at most as long as it.
    control.reserve(data.len())?;
    let imported = document::read(data, control).and_then(|(document, bytes)| {
        let imported = import(document, options, control);
        control.release(bytes);
        imported
    });
    control.release(data.len());
    imported
}

fn import(document: Document, options: &ImportOptions, control: &Control) -> Result<Imported> {
    let learner = document.learner;
    let parameters = &learner.learner_model_param;
    let features: usize = number(&parameters.num_feature, "num_feature")?;
    check_features(features)?;
    let (booster, weights) = booster(learner.gradient_booster)?;
    let own = match learner.feature_names.len() {
        0 => (0..features).map(|feature| format!("f{feature}")).collect(),
        count if count == features => learner.feature_names.into_vec(),
        _ => return Err(wrong("its names are not those of its features")),
    };
    let names = feature_names(options, own)?;
    options.check_columns(&names)?;
    let classes: usize = number(&parameters.num_class, "num_class")?;
    if number::<usize>(parameters.num_target.as_deref().unwrap_or("1"), "num_target")? > 1 {
        return Err(unsupported("a model of several targets"));
    }
    let (task, link) = objective::task(&learner.objective.name, classes, options)?;
    let outputs = match &task {
        Task::Classification { classes, .. } if classes.len() > 2 => classes.len(),
        _ => 1,
    };
    let base = objective::base(&parameters.base_score, link, outputs)?;
    let (trees, notices) = chosen(&booster, &learner.attributes, outputs, options)?;
    let mut grove = Grove::new(control);
    for (at, tree) in booster.trees.iter().take(trees).enumerate() {
        let weight = weights.as_ref().map_or(1.0, |weights| f64::from(weights[at]));
        add(&mut grove, tree, booster.tree_info[at], weight, features)?;
    }
    let kinds = categories::kinds(booster.cats.as_ref(), &learner.feature_types, &grove, &names, options)?;
    let columns: Vec<Column> = names.into_iter().zip(kinds).map(|(name, kind)| Column { name, kind }).collect();
    let coded = columns.iter().map(|c| matches!(c.kind, Kind::Category(Names::Numbers(_) | Names::Codes))).collect();
    let model = grove.finish(columns, task, base, link, false)?;
    Ok(Imported { model, coded, notices })
}

/// The trees of a booster, and what dropping trees made of their weights.
fn booster(given: document::GradientBooster) -> Result<(Booster, Option<List<f32>>)> {
    let (booster, weights) = match (given.name.as_str(), given.model, given.gbtree) {
        ("gbtree", Some(booster), _) => (booster, None),
        ("dart", _, Some(inner)) => (inner.model, Some(given.weight_drop)),
        ("gbtree" | "dart", ..) => return Err(wrong("it has no trees")),
        (name, ..) => return Err(unsupported(&format!("booster \"{name}\""))),
    };
    if booster.trees.is_empty() {
        return Err(wrong("it has no trees"));
    }
    let count = booster.trees.len();
    if booster.tree_info.len() != count || weights.as_ref().is_some_and(|weights| weights.len() != count) {
        return Err(wrong("what it says of its trees is not of all of them"));
    }
    Ok((booster, weights))
}

/// How many trees answer, and what is to be said of that.
fn chosen(
    booster: &Booster,
    attributes: &document::Attributes,
    outputs: usize,
    options: &ImportOptions,
) -> Result<(usize, Vec<String>)> {
    let all = booster.trees.len();
    let Some(best) = attributes.best_iteration.as_deref().filter(|_| options.best_iteration) else {
        return Ok((all, Vec::new()));
    };
    let best: usize = number(best, "best_iteration")?;
    let parallel: usize = number(&booster.gbtree_model_param.num_parallel_tree, "num_parallel_tree")?;
    let plain = best.saturating_add(1).saturating_mul(parallel.max(1)).saturating_mul(outputs);
    let trees = booster.iteration_indptr.get(best.saturating_add(1)).copied().unwrap_or(plain).min(all);
    if trees == 0 {
        return Err(wrong("its best iteration has no trees"));
    }
    let notice =
        format!("{trees} of {all} trees are taken, up to the best iteration, {best}, as scikit-learn's interface does");
    Ok((trees, if trees < all { vec![notice] } else { Vec::new() }))
}

/// Add a tree whose leaves have a weight.
fn add(grove: &mut Grove<'_>, tree: &Tree, output: u32, weight: f64, features: usize) -> Result<()> {
    let nodes = tree.check(features)?;
    grove.add(output, 0, nodes, |node| {
        let seen = Seen { cover: tree.sum_hessian.get(node).map_or(0.0, |cover| f64::from(cover.0)), rows: 0 };
        let Some((left, right)) = tree.children(node)? else {
            return Ok((Node::Leaf(f64::from(tree.split_conditions[node].0) * weight), seen));
        };
        let test = match tree.categories_of(node)? {
            Some(codes) => Test::Among {
                codes: Box::new(codes.iter().map(|code| u32::try_from(*code).unwrap_or(u32::MAX))),
                left: false,
            },
            None => Test::AtMost(
                threshold::at_most(tree.split_conditions[node].0)
                    .ok_or_else(|| wrong("a condition is not a number"))?,
            ),
        };
        let split = Split {
            feature: tree.split_indices[node] as usize,
            test,
            missing_left: tree.default_left[node].0,
            children: [left, right],
            gain: tree.loss_changes.get(node).map_or(0.0, |gain| f64::from(gain.0)),
        };
        Ok((Node::Split(split), seen))
    })
}

/// A number that XGBoost writes as a text.
fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T> {
    text.trim().parse().map_err(|_| wrong(&format!("its {what} is no number of its kind")))
}

fn wrong(what: &str) -> Error {
    Error::data(
        format!("the model of XGBoost cannot be read: {what}"),
        "Give what Booster.save_model writes to a file that ends in .json or .ubj.",
    )
}

fn unsupported(what: &str) -> Error {
    Error::data(
        format!("cannot read {what} of an XGBoost model"),
        "Boosters gbtree and dart with one number a leaf are read, for classification, regression, counts, survival and ranking.",
    )
}

#[cfg(test)]
mod tests;
