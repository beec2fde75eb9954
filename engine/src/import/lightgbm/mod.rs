//! Reads the text that LightGBM writes of a model (`Booster.save_model`, formats v2 to v4).
//!
//! Splits follow `Tree::NumericalDecision` and `Tree::CategoricalDecision` of LightGBM's `include/LightGBM/tree.h`. Without missing values in
//! training a missing number is 0; a missing category, and one never seen, goes right. What the format says beyond what is read is
//! refused by name.

mod categories;
mod text;
mod tree;

use super::{check_features, classes, feature_names, regression, Column, ImportOptions, Imported, Kind, Names};
use crate::clean::program::{Kind as Held, NumberOp, Op, Output, Program, Source};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Cleaning, Link, Model, RawColumn, Task};
use text::{parse, required, value};

/// The model of a text.
///
/// # Errors
/// [`Error::InvalidData`] for a text that is no model or needs what is not read, [`Error::InvalidOption`] for options that do not fit it.
pub fn read_lightgbm(text: &str, options: &ImportOptions, control: &Control) -> Result<Imported> {
    let (header, mut rest) = text.split_once("\nTree=").unwrap_or((text, ""));
    check_header(header)?;
    let own: Vec<String> = required(header, "feature_names")?.split_whitespace().map(str::to_owned).collect();
    check_features(own.len())?;
    let names = feature_names(options, own)?;
    options.check_columns(&names)?;
    let shape = Shape::of(header, options)?;
    let mut trees = tree::Reader::new(names.len(), shape.scale, control);
    let mut tail = None;
    while tail.is_none() && !rest.is_empty() {
        let section = match rest.split_once("\nTree=") {
            Some((section, next)) if !section.contains(END) => {
                rest = next;
                section
            }
            _ => {
                let (section, after) =
                    rest.split_once(END).ok_or_else(|| wrong("the text ends before its trees do"))?;
                tail = Some(after);
                section
            }
        };
        trees.add(section, (trees.len() % shape.outputs) as u32)?;
    }
    let count = value(header, "tree_sizes").map_or(trees.len(), |sizes| sizes.split_whitespace().count());
    if trees.is_empty() || trees.len() != count || !trees.len().is_multiple_of(shape.outputs) {
        return Err(wrong("the text does not have all of its trees"));
    }
    let zeros = trees.zeros()?;
    let grove = trees.into_grove();
    let kinds = categories::kinds(header, tail.unwrap_or_default(), &grove, &names, options, control)?;
    let columns: Vec<Column> = names.into_iter().zip(kinds).map(|(name, kind)| Column { name, kind }).collect();
    let coded = columns.iter().map(|c| matches!(c.kind, Kind::Category(Names::Numbers(_) | Names::Codes))).collect();
    let base = vec![0.0; shape.outputs];
    let mut model = grove.finish(columns, shape.task, base, shape.link, shape.average)?;
    let infos = value(header, "feature_infos").unwrap_or_default().split_whitespace();
    for (feature, info) in model.features.iter_mut().zip(infos).filter(|(f, _)| !f.encoding.is_category()) {
        if let Some((low, high)) = categories::range(info) {
            (feature.stats.minimum, feature.stats.maximum, feature.stats.mean) = (low, high, low / 2.0 + high / 2.0);
        }
    }
    if zeros.contains(&true) {
        model.cleaning = Some(zeros_missing(&model, &zeros));
        model.validate()?;
    }
    Ok(Imported { model, coded, notices: shape.notices })
}

/// Comes after the trees.
const END: &str = "\nend of trees";

/// What the trees of a model are for.
struct Shape {
    task: Task,
    link: Link,
    /// What the leaves are multiplied by.
    scale: f64,
    /// The trees of an iteration.
    outputs: usize,
    average: bool,
    notices: Vec<String>,
}

impl Shape {
    fn of(header: &str, options: &ImportOptions) -> Result<Shape> {
        let objective = value(header, "objective").unwrap_or("none");
        let outputs: usize = value(header, "num_tree_per_iteration").map_or(Ok(1), parse)?;
        let sigmoid = objective.split_whitespace().find_map(|word| word.strip_prefix("sigmoid:"));
        let scale = sigmoid.map_or(Ok(1.0), parse)?;
        let mut notices = Vec::new();
        let name = objective.split_whitespace().next().unwrap_or_default();
        let (task, link, scale) = match name {
            "binary" => (classes(options, 2)?, Link::Logistic, scale),
            "multiclass" if outputs > 2 => (classes(options, outputs)?, Link::Softmax, 1.0),
            "multiclassova" if outputs > 2 => (classes(options, outputs)?, Link::Logistic, scale),
            "cross_entropy" | "xentropy" => (regression(options)?, Link::Logistic, 1.0),
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" if !objective.contains("sqrt") => {
                (regression(options)?, Link::Identity, 1.0)
            }
            "poisson" | "gamma" | "tweedie" => (regression(options)?, Link::Log, 1.0),
            "lambdarank" | "rank_xendcg" => (regression(options)?, Link::Identity, 1.0),
            "none" | "custom" => {
                notices.push("the objective is not LightGBM's own, so the model answers with raw scores".to_owned());
                (regression(options)?, Link::Identity, 1.0)
            }
            _ => return Err(unsupported(&format!("the objective \"{objective}\""))),
        };
        let expected = match &task {
            Task::Classification { classes, .. } if classes.len() > 2 => classes.len(),
            _ => 1,
        };
        if outputs != expected {
            return Err(unsupported(&format!("the objective \"{objective}\" with {outputs} trees an iteration")));
        }
        let average = header.lines().any(|line| line == "average_output");
        // An average is over iterations, and over all trees in a model.
        let scale = if average { scale * outputs as f64 } else { scale };
        if !scale.is_finite() {
            return Err(wrong("the slope of the sigmoid is not finite"));
        }
        Ok(Shape { task, link, scale, outputs, average, notices })
    }
}

fn check_header(header: &str) -> Result<()> {
    if !header.starts_with("tree") {
        return Err(wrong("the text does not begin as LightGBM writes a model"));
    }
    match value(header, "version") {
        None | Some("v2" | "v3" | "v4") => Ok(()),
        Some(version) => Err(unsupported(&format!("format {version}"))),
    }
}

/// A zero of these columns is a missing value. (LightGBM takes as zero what is up to 1e-35 from it; data has no such numbers.)
fn zeros_missing(model: &Model, zeros: &[bool]) -> Cleaning {
    let inputs: Vec<Source> =
        model.inputs.iter().map(|i| Source { name: i.name.clone(), kind: Held::of(i.kind) }).collect();
    let mut program = Program::new(inputs);
    for (from, _) in zeros.iter().enumerate().filter(|(_, zero)| **zero) {
        let register = (program.inputs.len() + program.ops.len()) as u32;
        program.ops.push(Op::Number { from: from as u32, op: NumberOp::NullIf(vec![0.0]) });
        let name = program.inputs[from].name.clone();
        program.outputs[from] = Output { name, register };
    }
    let columns = model.inputs.iter().map(|i| RawColumn { name: i.name.clone(), kind: i.kind, zone: None }).collect();
    Cleaning { columns, program, target: None }
}

fn wrong(what: &str) -> Error {
    Error::data(format!("{what}, so it is not a LightGBM model"), "Give the whole text that Booster.save_model writes.")
}

fn unsupported(what: &str) -> Error {
    Error::data(
        format!("cannot read {what} of a LightGBM model"),
        "Trees with constant leaves are read, for every objective but regression with reg_sqrt, cross_entropy_lambda and those of LightGBM's users.",
    )
}

#[cfg(test)]
mod tests;
