//! The curves of a classification of two classes: what a model finds and what it gets wrong, at every threshold.

use super::ranked::{cuts, Cut};

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// A row counts as predicted positive when its score is at least this.
    pub threshold: f64,
    /// The share of the positives that are found; `None` where there is no positive.
    pub tpr: Option<f64>,
    /// The share of the negatives that are taken for positive; `None` where there is no negative.
    pub fpr: Option<f64>,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionRecallPoint {
    /// A row counts as predicted positive when its score is at least this.
    pub threshold: f64,
    /// The share of positives among those predicted positive; 1 where nothing is.
    pub precision: Option<f64>,
    /// The share of the positives that are found; `None` where there is no positive.
    pub recall: Option<f64>,
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// The ROC curve from its beginning, where nothing is predicted positive and the threshold is infinite, without the points on a straight
/// line between others: as scikit-learn's `roc_curve`.
pub fn roc_curve(scores: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Vec<RocPoint> {
    let cuts = cuts(scores, positive, weight);
    let Some(all) = cuts.last().copied() else { return Vec::new() };
    let turns = |i: usize| match (i.checked_sub(1).map(|j| &cuts[j]), cuts.get(i + 1)) {
        (Some(before), Some(after)) => {
            let bends = |of: &dyn Fn(&Cut) -> f64| of(after) - of(&cuts[i]) != of(&cuts[i]) - of(before);
            bends(&|c| c.positive) || bends(&|c| c.negative)
        }
        _ => true,
    };
    let point = |threshold: f64, cut: &Cut| RocPoint {
        threshold,
        tpr: share(cut.positive, all.positive),
        fpr: share(cut.negative, all.negative),
    };
    let nothing = Cut { score: f64::INFINITY, rows: 0, positive: 0.0, negative: 0.0 };
    let kept = cuts.iter().enumerate().filter(|(i, _)| turns(*i)).map(|(_, cut)| point(cut.score, cut));
    std::iter::once(point(f64::INFINITY, &nothing)).chain(kept).collect()
}

/// The precision-recall curve from its beginning, where nothing is predicted positive and the threshold is infinite: as scikit-learn's
/// `precision_recall_curve`, which has it the other way round.
pub fn precision_recall_curve(scores: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Vec<PrecisionRecallPoint> {
    let cuts = cuts(scores, positive, weight);
    let Some(all) = cuts.last().map(|c| c.positive) else { return Vec::new() };
    let nothing =
        PrecisionRecallPoint { threshold: f64::INFINITY, precision: Some(1.0), recall: (all > 0.0).then_some(0.0) };
    let points = cuts.iter().map(|cut| PrecisionRecallPoint {
        threshold: cut.score,
        precision: share(cut.positive, cut.weight()),
        recall: share(cut.positive, all),
    });
    std::iter::once(nothing).chain(points).collect()
}
