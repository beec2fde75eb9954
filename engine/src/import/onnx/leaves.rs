//! What the leaves of an ensemble say, and what becomes of their sums.

use super::super::{labelled, regression, ImportOptions};
use super::proto::Node;
use super::{unsupported, wrong};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Link, Task};

/// How far probabilities that are stored in float may be off.
const ROUNDING: f64 = 1e-5;

/// The leaves of all trees.
pub(super) struct Leaves {
    /// The number of each node's leaf; the first for what is none.
    pub number: Vec<usize>,
    /// The numbers of the leaves, `outputs` each; the first leaf says nothing, as those without weights do.
    pub values: Vec<f64>,
    pub outputs: u32,
    pub task: Task,
    pub link: Link,
    pub average: bool,
    pub base: Vec<f64>,
}

impl Leaves {
    /// Of a node with `trees` trees, whose tree nodes have the places that `place` says.
    pub fn read(
        node: &Node,
        place: impl Fn(i64, i64) -> Option<usize>,
        (nodes, trees): (usize, usize),
        (options, control): (&ImportOptions, &Control),
    ) -> Result<Leaves> {
        let classes = classes(node, control)?;
        let targets = match &classes {
            Some(classes) => classes.len(),
            None => usize::try_from(node.integer("n_targets")?.unwrap_or(1)).unwrap_or(0),
        };
        let prefix = if classes.is_some() { "class" } else { "target" };
        let raw = Raw::read(node, prefix, targets, place, nodes, control)?;
        let mut base = node.reals("base_values", control)?;
        if base.iter().any(|base| !base.is_finite()) {
            return Err(wrong("a base value is not a finite number"));
        }
        let transform = node.text("post_transform")?.unwrap_or("NONE");
        let refused = || unsupported(&format!("the post_transform \"{}\" here", transform.escape_debug()));
        let average = match node.text("aggregate_function")?.unwrap_or("SUM") {
            "SUM" => false,
            "AVERAGE" if classes.is_none() => true,
            other => return Err(unsupported(&format!("the aggregate_function \"{}\"", other.escape_debug()))),
        };
        let Some(classes) = classes else {
            if targets != 1 {
                return Err(unsupported("a regressor of several targets"));
            }
            if transform != "NONE" {
                return Err(refused());
            }
            base.resize(1, 0.0);
            return Ok(raw.leaves(regression(options)?, Link::Identity, average, base));
        };
        let task = labelled(options, classes)?;
        match (targets, transform) {
            (2, "LOGISTIC") if raw.only.is_some() => {
                // Of two base values the second is the positive class's.
                let base = base.last().copied().unwrap_or(0.0);
                Ok(raw.only_one().leaves(task, Link::Logistic, false, vec![base]))
            }
            (2, "SOFTMAX") if raw.only.is_none() => {
                let base = if base.len() == 2 { base[1] - base[0] } else { 0.0 };
                Ok(raw.difference().leaves(task, Link::Logistic, false, vec![base]))
            }
            (3.., "SOFTMAX" | "LOGISTIC") => {
                if !matches!(base.len(), 0) && base.len() != targets {
                    return Err(wrong("there are not as many base values as classes"));
                }
                base.resize(targets, 0.0);
                let link = if transform == "SOFTMAX" { Link::Softmax } else { Link::Logistic };
                Ok(raw.leaves(task, link, false, base))
            }
            (_, "NONE") if base.iter().all(|base| *base == 0.0) => raw.probabilities(task, trees),
            _ => Err(refused()),
        }
    }
}

/// Leaves as they are stored.
struct Raw {
    number: Vec<usize>,
    values: Vec<f64>,
    targets: usize,
    /// The one target that has weights; `None` where several have.
    only: Option<usize>,
}

impl Raw {
    fn read(
        node: &Node,
        prefix: &str,
        targets: usize,
        place: impl Fn(i64, i64) -> Option<usize>,
        nodes: usize,
        control: &Control,
    ) -> Result<Raw> {
        let list = |name: &str| node.integers(&format!("{prefix}_{name}"), control);
        let (trees, numbers, ids) = (list("treeids")?, list("nodeids")?, list("ids")?);
        let weights = node.reals(&format!("{prefix}_weights"), control)?;
        if [trees.len(), numbers.len(), ids.len()].iter().any(|len| *len != weights.len()) || weights.is_empty() {
            return Err(wrong("the lists of the leaves are of different lengths"));
        }
        let mut raw =
            Raw { number: control.filled(nodes, 0)?, values: control.filled(targets, 0.0)?, targets, only: None };
        let mut only = usize::try_from(ids[0]).ok();
        // A weight that is there twice would count twice for some readers, once for others.
        let mut given: Vec<bool> = control.filled(targets, false)?;
        for (at, weight) in weights.iter().enumerate() {
            let place =
                place(trees[at], numbers[at]).ok_or_else(|| wrong("a weight is for a leaf that is not there"))?;
            let id = usize::try_from(ids[at]).ok().filter(|id| *id < targets);
            let id = id.ok_or_else(|| wrong("a weight is for a class that is not there"))?;
            if raw.number[place] == 0 {
                raw.number[place] = raw.values.len() / targets;
                control.reserve(targets * 2 * (std::mem::size_of::<f64>() + 1))?;
                raw.values.resize(raw.values.len() + targets, 0.0);
                given.resize(given.len() + targets, false);
            }
            let slot = raw.number[place] * targets + id;
            if !weight.is_finite() || std::mem::replace(&mut given[slot], true) {
                return Err(wrong("a weight is there twice or not finite"));
            }
            raw.values[slot] = *weight;
            only = only.filter(|only| *only == id);
        }
        raw.only = only;
        Ok(raw)
    }

    fn leaves(self, task: Task, link: Link, average: bool, base: Vec<f64>) -> Leaves {
        let Raw { number, values, targets, .. } = self;
        Leaves { number, values, outputs: targets as u32, task, link, average, base }
    }

    /// The leaves of the one target that has weights: of two classes they speak for the second.
    fn only_one(self) -> Raw {
        let only = self.only.unwrap_or(0);
        self.one(|leaf| leaf[only])
    }

    /// The second of two classes against the first.
    fn difference(self) -> Raw {
        self.one(|leaf| leaf[1] - leaf[0])
    }

    fn one(mut self, of: impl Fn(&[f64]) -> f64) -> Raw {
        self.values = self.values.chunks_exact(self.targets).map(of).collect();
        self.targets = 1;
        self
    }

    /// Leaves that are shares of probabilities, the same share in each tree.
    fn probabilities(mut self, task: Task, trees: usize) -> Result<Leaves> {
        let refused = || {
            Error::data(
                "the scores of the ONNX model are no probabilities",
                "Export it so that it gives probabilities, or as a regressor.",
            )
        };
        self.values.iter_mut().for_each(|value| *value *= trees as f64);
        if self.targets == 2 {
            let sums = self.only.is_some() || sums_to_one(&self.values, 2);
            self = if self.only.is_some() { self.only_one() } else { self.one(|leaf| leaf[1]) };
            if !sums {
                return Err(refused());
            }
        } else if !sums_to_one(&self.values, self.targets) {
            return Err(refused());
        }
        if self.values.iter().any(|value| !(-ROUNDING..=1.0 + ROUNDING).contains(value)) {
            return Err(refused());
        }
        self.values.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        if self.targets > 1 {
            // The first leaf stands for those without weights, of which there are none.
            let targets = self.targets;
            self.values.chunks_exact_mut(targets).skip(1).for_each(|leaf| {
                let sum: f64 = leaf.iter().sum();
                leaf.iter_mut().for_each(|value| *value /= sum);
            });
        }
        let outputs = self.targets;
        Ok(self.leaves(task, Link::Identity, true, vec![0.0; outputs]))
    }
}

/// Whether the numbers of each leaf but the first, which has none, sum to 1.
fn sums_to_one(values: &[f64], targets: usize) -> bool {
    let mut leaves = values.chunks_exact(targets).skip(1);
    leaves.all(|leaf| (leaf.iter().sum::<f64>() - 1.0).abs() <= ROUNDING)
}

/// The labels of a classifier, at least two; `None` for a regressor.
fn classes(node: &Node, control: &Control) -> Result<Option<Vec<String>>> {
    if node.kind != "TreeEnsembleClassifier" {
        return Ok(None);
    }
    let texts = node.texts("classlabels_strings", control)?;
    let numbers = node.integers("classlabels_int64s", control)?;
    control.reserve(texts.iter().map(|text| text.len() + 24).sum::<usize>() + numbers.len() * 48)?;
    let texts = texts.into_iter().map(str::to_owned);
    let classes: Vec<String> = texts.chain(numbers.iter().map(i64::to_string)).collect();
    if classes.len() < 2 {
        return Err(unsupported("a classifier of one class"));
    }
    Ok(Some(classes))
}
