//! The columns by which scores are explained.

use crate::model::{InputKind, Model};

/// A column, or a feature of one, with the features whose Shapley values are summed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its name.
    pub name: String,
    /// The features.
    pub features: Vec<usize>,
    /// Where its value is found.
    pub value: Value,
}

/// Where the value of a column is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// In the row as it comes: the place among [`Model::arguments`].
    Argument(usize),
    /// In what the model's cleaning makes of the row, by this name.
    Made(String),
    /// In the row as it is scored.
    Feature(usize),
}

/// The columns of a model, the features that are derived from one column being summed: parts of dates, elements of arrays, tokens of texts, and
/// what a cleaning makes of one column. What a cleaning makes of several columns stands by itself.
pub fn columns(model: &Model) -> Vec<Explained> {
    let arguments = model.arguments();
    let mut all: Vec<Explained> = Vec::new();
    for input in &model.inputs {
        let from = origin(model, &input.name);
        let argument = arguments.iter().position(|a| a.name() == from.unwrap_or(&input.name));
        let (name, value) = match argument.filter(|_| from.is_some()) {
            Some(at) => (arguments[at].name(), Value::Argument(at)),
            None => (input.name.as_str(), Value::Made(input.name.clone())),
        };
        let features = input.first as usize..(input.first + input.count) as usize;
        match all.iter_mut().find(|c| c.value == value) {
            Some(column) => column.features.extend(features),
            None => all.push(Explained { name: name.to_owned(), features: features.collect(), value }),
        }
    }
    all
}

/// The features of a model, each by itself.
pub fn features(model: &Model) -> Vec<Explained> {
    let columns = columns(model);
    let made = model.cleaned_inputs();
    let mut all = Vec::with_capacity(model.features.len());
    for input in &model.inputs {
        let first = input.first as usize;
        for at in first..first + input.count as usize {
            let feature = &model.features[at];
            // The column itself, not a part of it, is best shown as it came.
            let is_whole = at == first && input.kind != InputKind::Array && input.kind != InputKind::Text;
            let alone = columns.iter().find(|c| c.features.contains(&at) && c.features.len() == input.count as usize);
            let value = match alone {
                Some(column) if is_whole => column.value.clone(),
                None if is_whole && made.iter().any(|(i, _)| i.name == input.name) => Value::Made(input.name.clone()),
                _ => Value::Feature(at),
            };
            all.push(Explained { name: feature.name.clone(), features: vec![at], value });
        }
    }
    all
}

/// The one column, as it comes, that an input is made of; `None` where it is made of several.
fn origin<'a>(model: &'a Model, input: &'a str) -> Option<&'a str> {
    let Some(cleaning) = &model.cleaning else { return Some(input) };
    let program = &cleaning.program;
    let columns = program.inputs.len();
    let output = program.outputs.iter().find(|o| o.name == input)?;
    let mut needed = vec![false; columns + program.ops.len()];
    *needed.get_mut(output.register as usize)? = true;
    for (at, op) in program.ops.iter().enumerate().rev() {
        if needed[columns + at] {
            op.reads().into_iter().flatten().for_each(|register| needed[register as usize] = true);
        }
    }
    let mut read = needed[..columns].iter().zip(&cleaning.columns).filter(|(needed, _)| **needed);
    let first = read.next()?;
    read.next().is_none().then_some(first.1.name.as_str())
}
