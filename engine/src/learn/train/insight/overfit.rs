//! Whether a model learned its rows by heart.

use serde::{Deserialize, Serialize};

use super::Insight;
use crate::judge::{constant_loss, headline, headline_of, mean_loss};
use crate::learn::options::{Algorithm, ClassWeight, Options};
use crate::model::{HeldActual, HeldRows, Task};

/// The fewest held-out rows that are taken for a verdict.
const FEWEST_ROWS: usize = 100;
/// A share of the loss that a model saves on training rows, and does not on others, from which on it is said.
const WIDE: f64 = 0.25;
/// The fewest held-out rows by which a number of trees is judged.
const ENOUGH_ROWS: usize = 1_000;
/// How much lower the loss was with fewer trees, from which on it is said.
const BETTER: f64 = 0.02;

/// What is wrong, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overfitting {
    /// A clause.
    pub message: String,
    /// A sentence with the numbers.
    pub detail: String,
    /// An action.
    pub hint: String,
}

/// Look whether a model says more of its training rows than of others. Trees of a forest know their rows by design, as do neighbours, so of these only
/// what held-out rows say is looked at. Where answers are off by design nothing is said.
pub(in crate::learn) fn verdict(
    insight: &Insight,
    task: &Task,
    held: &HeldRows,
    options: (Algorithm, &Options),
) -> Option<Overfitting> {
    let (algorithm, options) = options;
    if held.rows() < FEWEST_ROWS || is_off_by_design(options) {
        return None;
    }
    let constant = constant_loss(task, held).filter(|loss| *loss > 0.0)?;
    let saved = 1.0 - mean_loss(task, held)? / constant;
    let what = match task {
        Task::Regression => "the squared error",
        _ => "the log loss",
    };
    // Trees of a forest know their rows by design, as do neighbours.
    let is_forest = matches!(algorithm, Algorithm::RandomForest | Algorithm::ExtraTrees | Algorithm::Knn)
        || algorithm.is_ensemble();
    let stopped = match algorithm {
        Algorithm::GradientBoosting => options.boost.early_stopping_rounds.is_some(),
        Algorithm::NeuralNetwork => options.network.early_stopping_rounds.is_some(),
        _ => false,
    };
    if let Some(detail) = by_heart(insight, task, held, (constant, saved), what, stopped).filter(|_| !is_forest) {
        return Some(Overfitting {
            message: "the model knows its training rows much better than new ones".to_owned(),
            detail,
            hint: simpler(algorithm).to_owned(),
        });
    }
    if saved <= 0.0 && is_chance(task, held) {
        return Some(Overfitting {
            message: "the model says no more of new rows than their average would".to_owned(),
            detail: match percent(-saved).as_str() {
                "0.0" => format!("On held-out rows {what} is that of one answer for all."),
                higher => format!("On held-out rows {what} is {higher} % higher than that of one answer for all."),
            },
            hint: "Do not use it: look for columns that tell more, or for more rows. orchard.diagnose says what is wrong with a table."
                .to_owned(),
        });
    }
    let last = insight.trees.last()?;
    let best = insight.trees.iter().min_by(|a, b| loss(a.holdout_loss).total_cmp(&loss(b.holdout_loss)))?;
    let (at_best, at_last) = (best.holdout_loss?, last.holdout_loss?);
    // Where rows of the training chose the number of trees, or held-out rows are few, a little less is chance.
    let chosen = stopped || held.rows() < ENOUGH_ROWS;
    if !is_forest && !chosen && at_best < at_last * (1.0 - BETTER) && best.trees < last.trees {
        return Some(Overfitting {
            message: "the model has more trees than new rows bear".to_owned(),
            detail: format!(
                "On held-out rows {what} was lowest with {} of {} trees; since then it rose by {} %.",
                best.trees,
                last.trees,
                percent(at_last / at_best - 1.0)
            ),
            hint: "Train with early stopping, \"early_stopping_rounds\", or fewer trees, \"n_estimators\". orchard.learning_curve shows the loss tree by tree."
                .to_owned(),
        });
    }
    None
}

/// How much better the model is on training rows, in a sentence, where that is much.
fn by_heart(
    insight: &Insight,
    task: &Task,
    held: &HeldRows,
    (constant, saved): (f64, f64),
    what: &str,
    stopped: bool,
) -> Option<String> {
    let own = training_saved(insight, task, constant);
    if let Some(own) = own.filter(|own| *own > 0.0 && own - saved > WIDE && saved < own / 2.0) {
        return Some(format!(
            "It lowers {what} of one answer for all by {} % on training rows, and {} it by {} % on held-out rows.",
            percent(own),
            if saved < 0.0 { "raises" } else { "lowers" },
            percent(saved.abs())
        ));
    }
    if stopped {
        // Rows of the training said that the last trees were of use to new rows.
        return None;
    }
    // A few probabilities of 0 can spoil the loss of training rows that are known by heart all the same.
    let name = headline(task);
    let gap = match task {
        Task::Classification { classes, .. } if classes.len() <= 2 => 0.1,
        Task::Classification { .. } => 0.2,
        _ => return None,
    };
    let (trained, (value, interval)) = (insight.training(name)?, headline_of(task, held)?);
    let is_sure = interval.is_some_and(|(_, high)| trained > high);
    (trained - value > gap && is_sure)
        .then(|| format!("Its {name} is {trained:.3} on training rows and {value:.3} on held-out rows."))
}

/// Whether answers are not meant to be right on average: classes were weighed, or the objective is not the mean.
fn is_off_by_design(options: &Options) -> bool {
    options.class_weight != ClassWeight::None
        || options.scale_pos_weight.is_some()
        || options.objective.is_some_and(|o| matches!(o, "quantile" | "absolute_error"))
}

/// Whether the headline metric is one that an answer for all could have as well.
fn is_chance(task: &Task, held: &HeldRows) -> bool {
    let Some((_, interval)) = headline_of(task, held) else { return false };
    match (task, &held.actual) {
        (Task::Classification { classes, .. }, _) if classes.len() <= 2 => interval.is_some_and(|(low, _)| low <= 0.5),
        (Task::Classification { classes, .. }, HeldActual::Class(actual)) => {
            let rows = |class: usize| actual.iter().filter(|a| **a as usize == class).count();
            let most = (0..classes.len()).map(rows).max().unwrap_or(0) as f64 / actual.len().max(1) as f64;
            interval.is_some_and(|(low, _)| low <= most)
        }
        _ => true,
    }
}

fn loss(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::INFINITY)
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// The share of the loss of one answer for all that the model saves on training rows.
fn training_saved(insight: &Insight, task: &Task, constant: f64) -> Option<f64> {
    let own = match task {
        Task::Regression => insight.training("rmse")?.powi(2),
        _ => insight.training("log_loss")?,
    };
    Some(1.0 - own / constant)
}

fn simpler(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::DecisionTree => "Train with a smaller \"max_depth\" or a larger \"min_samples_leaf\", or take a random_forest.",
        Algorithm::NaiveBayes => "Train with a larger \"alpha\" or \"var_smoothing\", or fewer columns; more rows help most.",
        Algorithm::NeuralNetwork => "Train with early stopping, \"early_stopping_rounds\", with \"dropout\" or \"weight_decay\", or fewer \"hidden_layers\"; more rows help most.",
        Algorithm::Svm => "Train with a smaller \"C\" or \"gamma\"; more rows help most.",
        algorithm if algorithm.is_additive() => "Train with a larger penalty, \"alpha\", or fewer columns; more rows help most.",
        _ => "Train with fewer leaves, \"max_leaf_nodes\", larger ones, \"min_samples_leaf\", or with early stopping, \"early_stopping_rounds\"; more rows help most.",
    }
}
