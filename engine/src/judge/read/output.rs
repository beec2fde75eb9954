//! Of which number of a leaf a text speaks, and what that number is.

use crate::error::{Error, Result};
use crate::model::{Leaf, Link, Model, Task, Trees};
use crate::score::Scorer;

/// Of which answer a text speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// The number of a leaf.
    pub index: usize,
    /// Whether the answer is about the first of two classes, while the leaves speak of the second.
    pub other: bool,
    /// The class; none for a number.
    pub class: Option<usize>,
}

impl Output {
    /// Of a class by its label, or of the positive one of two.
    ///
    /// # Errors
    /// Where the label is unknown, or none is given and there are more than two.
    pub fn of(model: &Model, label: Option<&str>) -> Result<Output> {
        let Task::Classification { classes, positive } = &model.task else {
            return match label {
                None => Ok(Output { index: 0, other: false, class: None }),
                Some(_) => {
                    Err(Error::option("the model has no classes, so none can be asked for", "Leave \"class\" out."))
                }
            };
        };
        let listed = || format!("The classes are {}.", classes.join(", "));
        let class = match label {
            Some(label) => classes
                .iter()
                .position(|c| c == label)
                .ok_or_else(|| Error::option(format!("the model has no class \"{label}\""), listed()))?,
            None if classes.len() <= 2 => *positive as usize,
            None => {
                return Err(Error::option(
                    format!("the model has {} classes", classes.len()),
                    format!("Name one: class => 'label'. {}", listed()),
                ))
            }
        };
        Ok(match classes.len() {
            0..=2 => Output { index: 0, other: class == 0, class: Some(class) },
            _ => Output { index: class, other: false, class: Some(class) },
        })
    }

    /// The answer to a leaf of the only tree of a model, given the leaf's numbers.
    pub fn answer(self, scorer: &Scorer, trees: &Trees, leaf: Leaf<'_>) -> f64 {
        let numbers = leaf.numbers(trees.outputs as usize);
        let mut raw: Vec<f64> = numbers.zip(&trees.base).map(|(value, base)| (0.0 + value) + base).collect();
        scorer.respond(&mut raw);
        let answer = raw.get(self.index).copied().unwrap_or(f64::NAN);
        match &scorer.model().task {
            Task::Classification { classes, positive } if classes.len() <= 2 => {
                match self.class == Some(*positive as usize) {
                    true => answer,
                    false => 1.0 - answer,
                }
            }
            _ => answer,
        }
    }

    /// The number of a leaf of one of many trees.
    pub fn part(self, trees: &Trees, leaf: Leaf<'_>) -> f64 {
        let value = leaf.at(self.index);
        match (self.other, trees.link) {
            (false, _) => value,
            (true, Link::Identity) => 1.0 - value,
            (true, _) => -value,
        }
    }
}

/// What the numbers of a tree are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The answer: the probability of a class, or the value.
    Answer,
    /// What is averaged with other trees.
    Vote,
    /// What is added to log-odds, to the score of a class, to a logarithm, or to a value.
    Term,
}

impl Meaning {
    pub fn of(trees: &Trees) -> Meaning {
        match (trees.roots.len(), trees.average) {
            (1, _) => Meaning::Answer,
            (_, true) => Meaning::Vote,
            (_, false) => Meaning::Term,
        }
    }

    /// In words, of a class or of a value by its name.
    pub fn words(self, trees: &Trees, class: Option<&str>, target: &str) -> String {
        let answer = match class {
            Some(class) => format!("the probability of {class}"),
            None => target.to_owned(),
        };
        match (self, trees.link, class) {
            (Meaning::Answer, ..) => answer,
            (Meaning::Vote, Link::Log, _) => format!("averaged with the other trees to the logarithm of {target}"),
            (Meaning::Vote, ..) => format!("averaged with the other trees to {answer}"),
            (_, Link::Logistic, Some(class)) => format!("added to the log-odds of {class}"),
            (_, Link::Softmax, Some(class)) => format!("added to the score of {class}"),
            (_, Link::Log, _) => format!("added to the logarithm of {target}"),
            _ => format!("added to {answer}"),
        }
    }
}
