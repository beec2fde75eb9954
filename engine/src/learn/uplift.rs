//! What a treatment changes: how it is asked for, and who was treated.

use serde_json::{Map, Value};

use crate::data::Table;
use crate::error::{Error, Result};
use crate::learn::ensemble::Chosen;
use crate::learn::forest::Part;
use crate::learn::options::Algorithm;
use crate::learn::target::{Classes, MOST_CLASSES};
use crate::learn::train::SourceInput;
use crate::learn::tree::{Divergence, TreeParams, UpliftForest};

/// The most treatments.
pub const MOST_TREATMENTS: usize = 50;

/// Words of people who test for rows that are not treated; in lower case.
const CONTROLS: &[&str] = &["control", "false", "0", "none", "no", "no treatment", "untreated", "placebo"];

/// How uplift is learned. Names are those of CausalML and EconML.
#[derive(Debug, Clone, PartialEq)]
pub struct UpliftParams {
    /// The column of the treatments.
    pub treatment: Option<String>,
    /// The value of that column where there was none.
    pub control: Option<String>,
    /// The learner of what is to be expected.
    pub base: Option<(Algorithm, Map<String, Value>)>,
    /// The learner of how much a treatment changes that.
    pub effect: Option<(Algorithm, Map<String, Value>)>,
    /// Folds in which rows are answered by models that did not see them.
    pub folds: usize,
    /// What splits of trees are to raise.
    pub criterion: Divergence,
    /// The fewest rows of each treatment, and of those without one, on either side of a split.
    pub min_samples_treatment: u64,
    /// Trees of a forest.
    pub n_estimators: u32,
    /// The share of rows that a tree of a forest grows on.
    pub max_samples: f64,
    /// The features that a node of a forest looks at.
    pub max_features: Part,
    /// Whether what leaves say is found on rows that splits were not found on.
    pub honest: bool,
}

impl Default for UpliftParams {
    fn default() -> Self {
        UpliftParams {
            treatment: None,
            control: None,
            base: None,
            effect: None,
            folds: 5,
            criterion: Divergence::Causal,
            min_samples_treatment: 10,
            n_estimators: 200,
            max_samples: 0.5,
            max_features: Part::Share(0.7),
            honest: false,
        }
    }
}

impl UpliftParams {
    /// The defaults of a learner.
    pub fn of(algorithm: Algorithm) -> UpliftParams {
        UpliftParams { honest: algorithm == Algorithm::UpliftForest, ..UpliftParams::default() }
    }

    /// How nodes of trees are split, by default.
    pub fn tree(algorithm: Algorithm) -> TreeParams {
        let forest = algorithm == Algorithm::UpliftForest;
        TreeParams {
            max_depth: if forest { 8 } else { 4 },
            min_samples_leaf: if forest { 50 } else { 200 },
            min_category_rows: 100,
            // The order of many levels by what a treatment brings each would be one of chance.
            cat_smooth: 100.0,
            max_subset_levels: usize::MAX,
            max_bins: 255,
            ..TreeParams::default()
        }
    }

    /// The learners of what is expected and of effects, the latter by the former where it is not named: one that predicts numbers.
    pub(super) fn estimators(&self) -> Chosen {
        let base = self.base.clone().unwrap_or((Algorithm::GradientBoosting, Map::new()));
        let effect = self.effect.clone().unwrap_or_else(|| match base.0 {
            Algorithm::LogisticRegression => (Algorithm::Ridge, Map::new()),
            Algorithm::NaiveBayes => (Algorithm::GradientBoosting, Map::new()),
            _ => base.clone(),
        });
        vec![base, effect]
    }

    /// How trees are grown on so many features.
    pub(super) fn forest(&self, algorithm: Algorithm, features: usize, seed: u64) -> UpliftForest {
        let forest = algorithm == Algorithm::UpliftForest;
        UpliftForest {
            criterion: self.criterion,
            min_samples_treatment: self.min_samples_treatment,
            n_estimators: if forest { self.n_estimators } else { 1 },
            max_samples: if forest { self.max_samples } else { 1.0 },
            tries: if forest { self.max_features.of(features).max(1) } else { features },
            honest: self.honest,
            seed,
        }
    }
}

/// Who was treated.
#[derive(Debug)]
pub struct Arms {
    column: usize,
    classes: Classes,
    /// The place of the value that says that a row was not treated.
    control: usize,
}

impl Arms {
    /// Read the values of the column of treatments.
    ///
    /// Fails where there are fewer than two or too many, or where it is not known which of them is no treatment.
    pub fn new(table: &Table, column: &SourceInput, control: Option<&str>) -> Result<Arms> {
        let name = &column.name;
        let many = |found: String| {
            Error::data(
                format!("treatment column \"{name}\" has {found} values, more than {}", MOST_TREATMENTS + 1),
                "Pool treatments in the source.",
            )
        };
        let classes = Classes::of(&table.columns[column.first], column.kind)
            .map_err(|_| many(format!("more than {MOST_CLASSES}")))?;
        let labels = &classes.labels.labels;
        if labels.is_empty() {
            return Err(Error::data(
                "the source has no row to learn from",
                "Check the source and its treatment column.",
            ));
        }
        if labels.len() < 2 {
            return Err(Error::data(
                format!("treatment column \"{name}\" has one value only"),
                "Give rows with a treatment and rows without one.",
            ));
        }
        if labels.len() > MOST_TREATMENTS + 1 {
            return Err(many(labels.len().to_string()));
        }
        let place = |wanted: &str| labels.iter().position(|label| label == wanted);
        let all = format!("The values are: {}.", labels.join(", "));
        let control = match control {
            Some(wanted) => place(wanted).ok_or_else(|| {
                Error::option(format!("option \"control\" is \"{wanted}\", which is not a value of \"{name}\""), all)
            })?,
            None => CONTROLS
                .iter()
                .find_map(|word| labels.iter().position(|label| label.to_lowercase() == **word))
                .ok_or_else(|| {
                    Error::option(
                        format!("it is not known which value of \"{name}\" stands for no treatment"),
                        format!("Name it by the option \"control\". {all}"),
                    )
                })?,
        };
        Ok(Arms { column: column.first, classes, control })
    }

    /// The number of arms: the treatments, and none.
    pub fn count(&self) -> usize {
        self.classes.labels.labels.len()
    }

    /// What stands for no treatment.
    pub fn control(&self) -> &str {
        &self.classes.labels.labels[self.control]
    }

    /// The treatments, in their order.
    pub fn treatments(&self) -> Vec<String> {
        let all = self.classes.labels.labels.iter().enumerate();
        all.filter(|(place, _)| *place != self.control).map(|(_, label)| label.clone()).collect()
    }

    /// The treatment of a row, counted from 1; 0 for none, `None` where it is not known.
    pub fn arm(&self, table: &Table, row: u32) -> Option<u32> {
        let place = self.classes.class(&table.columns[self.column].data, row)? as usize;
        Some(match place.cmp(&self.control) {
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Less => place as u32 + 1,
            std::cmp::Ordering::Greater => place as u32,
        })
    }
}
