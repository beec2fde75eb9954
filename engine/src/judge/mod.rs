//! Judging: metrics of scored rows as pure functions of slices.
//!
//! A metric that has no meaning on the rows it is given is `None` with a reason, never a number that flatters. Definitions are
//! scikit-learn's, ties and weights included.
//!
//! linfa 0.8's metrics were looked at first: its ROC drops ties by their order, takes no weights and works on f32, and it has no log loss,
//! Brier score or average precision, so the metrics are our own.

mod anomaly;
mod binary;
mod calibration;
mod clustering;
pub mod coefficients;
pub mod contest;
pub mod counterfactual;
mod curve;
pub mod drift;
pub mod forecast;
pub mod given;
pub mod importance;
mod interval;
mod lift;
pub mod loadings;
mod loss;
mod multiclass;
pub mod partial;
mod ranked;
pub mod ranking;
pub mod read;
mod reduction;
mod regression;
pub mod segments;
pub mod shap;
pub mod similar;
mod thresholds;
pub mod uplift;

pub use anomaly::anomalies;
pub use binary::binary;
pub use calibration::{calibration, expected_calibration_error, Bin, Strategy};
pub use clustering::{clustering, mixture};
pub use curve::{precision_recall_curve, roc_curve, PrecisionRecallPoint, RocPoint};
pub use interval::Interval;
pub use lift::{lift, Bucket};
pub use loss::{constant_loss, headline_of, headline_value, mean_and_error, mean_loss, said_and_true};
pub use multiclass::{confusion, most_probable, multiclass};
pub use reduction::reduction;
pub use regression::regression;
pub use thresholds::{thresholds, Money, Threshold};

use std::borrow::Cow;

use crate::model::Task;

/// One metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name in snake_case.
    pub name: Cow<'static, str>,
    /// Its value; `None` where it is undefined.
    pub value: Option<f64>,
    /// What it means here, or why it is undefined.
    pub note: String,
    /// Where it lies with a confidence of 95 %; `None` where that is not known.
    pub interval: Option<Interval>,
}

impl Metric {
    fn new(name: impl Into<Cow<'static, str>>, value: Option<f64>, note: impl Into<String>) -> Self {
        Metric { name: name.into(), value: value.filter(|v| v.is_finite()), note: note.into(), interval: None }
    }

    /// The same with its interval.
    fn between(self, interval: Option<Interval>) -> Self {
        let defined = self.value.is_some();
        Metric { interval: interval.filter(|_| defined), ..self }
    }

    /// A ratio that is undefined, for the reason given, when its denominator is zero.
    fn ratio(name: &'static str, part: f64, whole: f64, note: &str, reason: &str) -> Self {
        if whole > 0.0 {
            Metric::new(name, Some(part / whole), note)
        } else {
            Metric::new(name, None, reason)
        }
    }
}

/// The metrics by which trials can be compared; the others only describe.
pub const COMPARED: [&str; 15] = [
    "roc_auc",
    "pr_auc",
    "log_loss",
    "brier",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "rmse",
    "mae",
    "median_error",
    "r2",
    "silhouette",
    "log_likelihood",
    "bic",
];

/// Whether more of a metric that models are compared by is better: of all but what they lose.
pub fn more_is_better(metric: &str) -> bool {
    !matches!(metric, "log_loss" | "brier" | "rmse" | "mae" | "median_error" | "bic")
}

/// The names of [`COMPARED`] that there are for a task.
pub fn compared(task: &Task) -> Vec<&'static str> {
    let two = matches!(task, Task::Classification { classes, .. } if classes.len() <= 2);
    let fits = |name: &str| match (task, name) {
        (Task::Clustering, _) => matches!(name, "silhouette" | "log_likelihood" | "bic"),
        (
            Task::Anomaly
            | Task::Reduction
            | Task::Recommendation
            | Task::Forecast
            | Task::Lifetime
            | Task::Uplift { .. },
            _,
        ) => false,
        (Task::Regression, _) => matches!(name, "rmse" | "mae" | "median_error" | "r2"),
        (_, "pr_auc") => two,
        _ => !matches!(name, "rmse" | "mae" | "median_error" | "r2" | "silhouette" | "log_likelihood" | "bic"),
    };
    COMPARED.into_iter().filter(|name| fits(name)).collect()
}

/// The metric that says most of a model of a task.
pub fn headline(task: &Task) -> &'static str {
    match task {
        Task::Classification { classes, .. } if classes.len() <= 2 => "roc_auc",
        Task::Classification { .. } => "accuracy",
        Task::Regression => "rmse",
        Task::Clustering => "silhouette",
        Task::Anomaly => "mean_score",
        Task::Reduction => "explained_variance_ratio",
        Task::Uplift { .. } => "qini",
        Task::Recommendation => "ndcg_at_10",
        Task::Forecast => "mase",
        Task::Lifetime => "rmse",
    }
}

/// The rates of a segment as multiples of those of another, for a look at fairness: selection_rate_ratio (disparate impact; below 0.8 is what
/// the four-fifths rule of US labour law objects to), true_positive_rate_ratio and false_positive_rate_ratio (equalized odds: Hardt, Price,
/// Srebro 2016). None where metrics are not those of two classes.
pub fn ratios(metrics: &[Metric], reference: &[Metric]) -> Vec<Metric> {
    let metric = |metrics: &[Metric], name: &str| metrics.iter().find(|m| m.name == name).cloned();
    let is_itself = metrics == reference;
    let ratio = |(name, of): (&'static str, &str)| {
        let (part, whole) = (metric(metrics, of)?, metric(reference, of)?);
        let ratio = part.value.zip(whole.value).filter(|(_, whole)| *whole > 0.0).map(|(part, whole)| part / whole);
        let note = match ratio {
            Some(_) => "as a multiple of that of the largest segment",
            None => "this segment or the largest has none",
        };
        let interval = match (part.value.zip(part.interval), whole.value.zip(whole.interval)) {
            (Some(part), Some(whole)) if !is_itself => interval::quotient(part, whole),
            _ => None,
        };
        Some(Metric::new(name, ratio, note).between(interval))
    };
    let all = [
        ("selection_rate_ratio", "selection_rate"),
        ("true_positive_rate_ratio", "recall"),
        ("false_positive_rate_ratio", "false_positive_rate"),
    ];
    if metric(metrics, "selection_rate").is_none() {
        return Vec::new();
    }
    all.into_iter().filter_map(ratio).collect()
}

/// A probability kept off 0 and 1 by the distance that scikit-learn's log loss keeps.
fn clip(p: f64) -> f64 {
    p.clamp(f64::EPSILON, 1.0 - f64::EPSILON)
}

/// A sum whose error does not grow with the number of terms (Neumaier 1974).
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let total = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() { (self.sum - total) + term } else { (term - total) + self.sum };
        self.sum = total;
    }

    fn get(self) -> f64 {
        self.sum + self.lost
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<T: IntoIterator<Item = f64>>(terms: T) -> Self {
        let mut sum = Sum::default();
        terms.into_iter().for_each(|t| sum.add(t));
        sum
    }
}

fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    terms.into_iter().collect::<Sum>().get()
}

/// The weight of a row.
fn weight_of(weight: Option<&[f64]>, row: usize) -> f64 {
    weight.map_or(1.0, |w| w[row])
}

fn total_weight(rows: usize, weight: Option<&[f64]>) -> f64 {
    weight.map_or(rows as f64, |w| sum(w.iter().copied()))
}

/// The metric of how many rows were judged.
fn rows_metric(rows: usize) -> Metric {
    Metric::new("rows", Some(rows as f64), "rows judged")
}
