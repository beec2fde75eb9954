//! The charts of a model.

mod inside;
mod rows;

use crate::error::Result;
use crate::model::Task;

use super::facts::Facts;
use super::plot::theme::{number, percent, Shade};
use super::plot::{Axis, Line, Look};

pub(super) use inside::effects;

/// A chart of a model. A report has them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Actual and predicted by tenths of the rows.
    Lift,
    /// The share of the positives that is reached with a share of the rows.
    Gain,
    /// True and false positives by threshold.
    Roc,
    /// Precision and recall by threshold.
    PrecisionRecall,
    /// Whether what is said comes true.
    Calibration,
    /// How often which score is given.
    Scores,
    /// Precision, recall and the share of selected rows by threshold.
    Thresholds,
    /// Actual and predicted classes.
    ConfusionMatrix,
    /// Actual by predicted numbers.
    Residuals,
    /// Loss by the number of trees.
    LearningCurve,
    /// What columns are worth.
    Importance,
    /// How columns move answers.
    Shap,
    /// How the answer depends on a column.
    PartialDependence,
    /// Where rows and segments lie.
    SegmentMap,
    /// The sizes of segments.
    SegmentSizes,
    /// What components explain.
    ExplainedVariance,
    /// What treated rows bring beyond others, by the share of rows that are treated.
    Qini,
    /// What a treatment changes by tenths of the rows, and what was said of that.
    Uplift,
}

impl Figure {
    /// All of them.
    pub const ALL: [Figure; 18] = [
        Figure::Lift,
        Figure::Gain,
        Figure::Roc,
        Figure::PrecisionRecall,
        Figure::Calibration,
        Figure::Scores,
        Figure::Thresholds,
        Figure::ConfusionMatrix,
        Figure::Residuals,
        Figure::LearningCurve,
        Figure::Importance,
        Figure::Shap,
        Figure::PartialDependence,
        Figure::SegmentMap,
        Figure::SegmentSizes,
        Figure::ExplainedVariance,
        Figure::Qini,
        Figure::Uplift,
    ];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Lift => "lift",
            Figure::Gain => "gain",
            Figure::Roc => "roc_curve",
            Figure::PrecisionRecall => "precision_recall_curve",
            Figure::Calibration => "calibration",
            Figure::Scores => "scores",
            Figure::Thresholds => "thresholds",
            Figure::ConfusionMatrix => "confusion_matrix",
            Figure::Residuals => "residuals",
            Figure::LearningCurve => "learning_curve",
            Figure::Importance => "importance",
            Figure::Shap => "shap",
            Figure::PartialDependence => "partial_dependence",
            Figure::SegmentMap => "segment_map",
            Figure::SegmentSizes => "segment_sizes",
            Figure::ExplainedVariance => "explained_variance",
            Figure::Qini => "qini_curve",
            Figure::Uplift => "uplift",
        }
    }

    /// The chart of a name.
    pub fn parse(name: &str) -> Option<Figure> {
        Figure::ALL.into_iter().find(|f| f.name().eq_ignore_ascii_case(name))
    }

    /// Whether it needs rows of the source.
    pub fn needs_rows(self) -> bool {
        matches!(self, Figure::Shap | Figure::PartialDependence)
    }

    /// Whether there is such a chart for a task.
    pub fn is_for(self, task: &Task) -> bool {
        let two_or_more = matches!(task, Task::Classification { .. });
        match self {
            Figure::SegmentMap | Figure::SegmentSizes => *task == Task::Clustering,
            Figure::ExplainedVariance => *task == Task::Reduction,
            _ if !task.gives_scores() => false,
            Figure::Qini | Figure::Uplift => matches!(task, Task::Uplift { .. }),
            _ if matches!(task, Task::Uplift { .. }) => self.needs_rows(),
            // Nothing was to be explained, so no split explains more than another, and there is no truth to judge by.
            _ if *task == Task::Anomaly => self.needs_rows(),
            Figure::Residuals => *task == Task::Regression,
            Figure::Gain | Figure::Roc | Figure::PrecisionRecall | Figure::Thresholds | Figure::ConfusionMatrix => {
                two_or_more
            }
            _ => true,
        }
    }
}

/// Draw a chart. Of several classes `class` is looked at against the others, except where all can be shown. `None` where the version has not what
/// the chart shows. [`Figure::PartialDependence`] shows the first of the effects.
pub fn draw(figure: Figure, facts: &Facts, class: Option<usize>) -> Result<Option<String>> {
    let class = class.or_else(|| facts.class());
    let judged = || facts.judged(class).filter(|j| !j.scores.is_empty());
    Ok(match figure {
        Figure::Lift => judged().map(|j| rows::lift_chart(facts, &j, class)).transpose()?,
        Figure::Gain => judged().map(|j| rows::gain(facts, &j, class)).transpose()?,
        Figure::Roc => rows::all_classes(facts, class).map(|rows| rows::roc(&rows)).transpose()?,
        Figure::PrecisionRecall => {
            rows::all_classes(facts, class).map(|rows| rows::precision_recall(&rows)).transpose()?
        }
        Figure::Calibration => judged().map(|j| rows::calibration_chart(facts, &j, class)).transpose()?,
        Figure::Scores => judged().map(|j| rows::scores(facts, &j, class)).transpose()?,
        Figure::Thresholds => judged().map(|j| rows::cuts(facts, &j, class)).transpose()?,
        Figure::ConfusionMatrix => rows::confusion_chart(facts)?,
        Figure::Residuals => judged().map(|j| rows::residuals(facts, &j)).transpose()?,
        Figure::LearningCurve => inside::learning_curve(facts)?,
        Figure::Importance => inside::importance(facts)?,
        Figure::Shap => inside::shap(facts, class)?,
        Figure::PartialDependence => facts.effects.first().map(|e| effects(facts, e, class)).transpose()?,
        Figure::SegmentMap => inside::segment_map(facts)?,
        Figure::SegmentSizes => Some(inside::segments(facts)?),
        Figure::ExplainedVariance => inside::explained_variance(facts)?,
        Figure::Qini => rows::qini(facts)?,
        Figure::Uplift => rows::uplift(facts)?,
    })
}

/// A hundred points or so of many, the first and the last among them.
fn thin<T: Copy>(points: &[T]) -> Vec<T> {
    const MOST: usize = 200;
    if points.len() <= MOST {
        return points.to_vec();
    }
    (0..MOST).map(|i| points[i * (points.len() - 1) / (MOST - 1)]).collect()
}

fn shares(name: &str) -> Axis {
    Axis { name: name.to_owned(), at_least: Some((0.0, 1.0)), shares: true, write: None }
}

fn axis(name: &str) -> Axis {
    Axis { name: name.to_owned(), ..Axis::default() }
}

fn line(name: &str, shade: Shade, look: Look, points: Vec<(f64, f64)>) -> Line {
    Line { name: name.to_owned(), shade, look, points }
}

/// How numbers of the answer are written.
fn writer(facts: &Facts) -> fn(f64) -> String {
    match facts.task {
        Task::Regression => number,
        Task::Uplift { ref classes, .. } if classes.is_empty() => number,
        _ => percent,
    }
}

fn answer(facts: &Facts, class: Option<usize>) -> String {
    let target = facts.target.as_deref().unwrap_or("");
    match class {
        Some(class) => format!("share of {target} = {}", facts.class_name(class)),
        None => format!("mean {target}"),
    }
}

/// A title, with the class that is looked at where there are several.
fn titled(title: &str, facts: &Facts, class: Option<usize>) -> String {
    match (&facts.task, class) {
        (Task::Classification { classes, .. }, Some(class)) if classes.len() > 2 => {
            format!("{title} ({})", facts.class_name(class))
        }
        _ => title.to_owned(),
    }
}
