//! What is known of a version, gathered by the caller.

use std::borrow::Cow;

use crate::judge::coefficients::Row;
use crate::judge::Metric;
use crate::learn::train::{Importance, Insight};
use crate::model::{HeldActual, HeldRows, Remembered, Task};
use crate::report::segments::SegmentStories;

/// A version of a model with what is known of it.
#[derive(Debug)]
pub struct Facts {
    /// The model.
    pub model: String,
    /// The function that scores with it, as SQL names it.
    pub function: String,
    /// Its version.
    pub version: i32,
    /// The learner.
    pub algorithm: String,
    /// What it predicts.
    pub task: Task,
    /// The column that it predicts; `None` for segments.
    pub target: Option<String>,
    /// What it was learned from.
    pub source: String,
    /// The options as they were given: JSON.
    pub options: String,
    /// When it was trained.
    pub created: String,
    /// Who owns it.
    pub owner: String,
    /// Rows read.
    pub rows: u64,
    /// Rows learned from.
    pub training_rows: u64,
    /// Rows held out.
    pub holdout_rows: u64,
    /// Seconds that training took.
    pub seconds: Option<f64>,
    /// The extension that trained it.
    pub extension: String,
    /// The columns it reads.
    pub columns: Vec<ColumnFacts>,
    /// The texts that it knows, but for its classes.
    pub remembered: Vec<Remembered>,
    /// Metrics on held-out rows, or what stands for them.
    pub metrics: Vec<Metric>,
    /// The name of the headline metric.
    pub metric: Option<String>,
    /// The held-out rows that were kept.
    pub held: Option<HeldRows>,
    /// What training saw beside the metrics.
    pub insight: Insight,
    /// What is the matter with it, if training found that: a clause and a sentence.
    pub overfitting: Option<(String, String)>,
    /// What columns are worth, of several kinds.
    pub importance: Vec<Importance>,
    /// How columns move the answers to some rows.
    pub influences: Vec<Influence>,
    /// How the answer depends on columns.
    pub effects: Vec<Effects>,
    /// Sizes of the segments of a clustering.
    pub sizes: Vec<u64>,
    /// What is known of these; `None` of a version that was trained before they were described.
    pub segments: Option<SegmentStories>,
    /// The coefficients of a linear model.
    pub coefficients: Vec<Row>,
    /// The members of an ensemble, each with what it counts in the mean, if that is what joins them.
    pub members: Vec<(String, Option<f64>)>,
    /// What components are made of.
    pub components: Vec<ComponentFacts>,
    /// The column by whose unit a number is expected.
    pub exposure: Option<String>,
    /// The number of rows of a source that it is judged on, in place of held-out rows.
    pub judged_on: Option<u64>,
    /// Why nothing is shown that needs rows of the source.
    pub without_rows: Option<String>,
}

/// A principal component.
#[derive(Debug, Clone)]
pub struct ComponentFacts {
    /// The share of the variance that it explains.
    pub ratio: f64,
    /// Its strongest loadings: of a column, or of one of its levels.
    pub loadings: Vec<(String, f64)>,
}

/// A column that the model reads.
#[derive(Debug, Clone)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type in SQL.
    pub type_name: String,
    /// The share of training rows in which it was missing.
    pub missing: f64,
    /// What it holds: a range, or how many levels.
    pub holds: String,
}

/// How a column moves the answers to some rows.
#[derive(Debug, Clone)]
pub struct Influence {
    /// The column.
    pub column: String,
    /// By row, how far it moves the answer, and where its value lies between the lowest, 0, and the highest, 1.
    pub rows: Vec<(f64, Option<f64>)>,
}

impl Influence {
    /// The mean size of the moves.
    pub fn size(&self) -> f64 {
        self.rows.iter().map(|r| r.0.abs()).sum::<f64>() / self.rows.len().max(1) as f64
    }
}

/// How the answer depends on a column.
#[derive(Debug, Clone)]
pub struct Effects {
    /// The column.
    pub column: String,
    /// What the values are.
    pub values: Values,
    /// By value, the mean answer and what a tenth of the rows are below and above.
    pub answers: Vec<(f64, f64, f64)>,
    /// By value, the rows that have it or are next to it.
    pub rows: Vec<u64>,
}

/// The values of a column.
#[derive(Debug, Clone)]
pub enum Values {
    /// Numbers, in their order.
    Numbers(Vec<f64>),
    /// Days since 2000-01-01.
    Days(Vec<f64>),
    /// Names of levels, and of what is missing.
    Names(Vec<String>),
}

impl Facts {
    /// A metric.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == name)
    }

    /// Its value.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.metric(name).and_then(|m| m.value)
    }

    /// The class that is looked at, of two the positive one, of more the most frequent among held-out rows; `None` for a number.
    pub fn class(&self) -> Option<usize> {
        let Task::Classification { classes, positive } = &self.task else { return None };
        if classes.len() <= 2 {
            return Some(*positive as usize);
        }
        let Some(HeldRows { actual: HeldActual::Class(actual), .. }) = &self.held else { return Some(0) };
        let count = |class: usize| actual.iter().filter(|a| **a as usize == class).count();
        (0..classes.len()).max_by_key(|class| (count(*class), std::cmp::Reverse(*class)))
    }

    /// The name of a class.
    pub fn class_name(&self, class: usize) -> &str {
        match &self.task {
            Task::Classification { classes, .. } => classes.get(class).map_or("", String::as_str),
            _ => "",
        }
    }

    /// What the model says, as a clause.
    pub fn says(&self) -> String {
        // A model of another library may not say what it predicts.
        let target = self.target.as_deref().unwrap_or("the target");
        match &self.task {
            Task::Classification { classes, positive } if classes.len() <= 2 => {
                let class = classes.get(*positive as usize).map_or("", String::as_str);
                format!("the probability that {target} is {class}")
            }
            Task::Classification { classes, .. } => {
                format!("which of {} values {target} has, with a probability for each", classes.len())
            }
            Task::Regression => match &self.exposure {
                Some(unit) if self.target.is_none() => {
                    format!("the number that is to be expected for each unit of {unit}")
                }
                Some(unit) => format!("the {target} that is to be expected for each unit of {unit}"),
                None if self.target.is_none() => "the number that is to be expected".to_owned(),
                None => format!("the {target} that is to be expected"),
            },
            Task::Clustering => "the segment that a row belongs to".to_owned(),
            Task::Uplift { treatments, .. } => match treatments.as_slice() {
                [one] => format!("how much {one} changes {target}"),
                _ => format!("how much the best of {} treatments changes {target}", treatments.len()),
            },
            Task::Anomaly => "how unlike the rows it learned from a row is, from 0 to 1".to_owned(),
            Task::Reduction => match self.components.len() {
                1 => "one number in place of its columns".to_owned(),
                many => format!("{many} numbers in place of its columns"),
            },
            Task::Recommendation if self.target.is_some() => format!("the {target} that a user would give an item"),
            Task::Recommendation => "how much a user prefers an item".to_owned(),
            Task::Forecast => format!("the {target} of a series at a time to come"),
            Task::Lifetime => "what a customer will buy, or is worth".to_owned(),
        }
    }

    /// The rows that it is judged on, in words.
    pub fn judged_rows(&self) -> &'static str {
        match (self.judged_on, &self.task) {
            (Some(_), _) => "rows of the source",
            (None, Task::Clustering | Task::Anomaly) => "training rows",
            (None, Task::Reduction) if self.holdout_rows == 0 => "training rows",
            // A forest is then judged by the trees that did not draw a row.
            (None, _) if self.holdout_rows == 0 && self.held.is_some() => "out-of-bag rows",
            _ => "held-out rows",
        }
    }

    /// Scores, truth and weights of held-out rows: of a class against the others as 0 and 1, or of numbers.
    pub fn judged(&self, class: Option<usize>) -> Option<Judged<'_>> {
        let held = self.held.as_ref()?;
        let weight = held.weight.as_deref();
        let same = Cow::Borrowed(held.scores.as_slice());
        match (&held.actual, &self.task, class) {
            (HeldActual::Number(actual), ..) => Some(Judged { scores: same, actual: Cow::Borrowed(actual), weight }),
            (HeldActual::Class(actual), Task::Classification { classes, positive }, Some(class)) => {
                let scores = match classes.len() {
                    0..=2 if class == *positive as usize => same,
                    0..=2 => held.scores.iter().map(|p| 1.0 - p).collect(),
                    count => held.scores.chunks_exact(count).map(|row| row[class]).collect(),
                };
                let actual = actual.iter().map(|a| f64::from(u8::from(*a as usize == class))).collect();
                Some(Judged { scores, actual, weight })
            }
            _ => None,
        }
    }
}

/// Held-out rows.
#[derive(Debug)]
pub struct Judged<'a> {
    /// What was said.
    pub scores: Cow<'a, [f64]>,
    /// What came true.
    pub actual: Cow<'a, [f64]>,
    /// What each row counts.
    pub weight: Option<&'a [f64]>,
}

impl Judged<'_> {
    /// Which rows are of the class.
    pub fn positive(&self) -> Vec<bool> {
        self.actual.iter().map(|a| *a > 0.5).collect()
    }
}
