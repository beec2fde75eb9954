//! What a model says of rows it has not seen.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::judge::{self, Metric};
use crate::learn::target::Labels;
use crate::learn::{exposure, forest, Target};
use crate::model::{encode, Baseline, HeldActual, HeldRows, Model, Task};
use crate::score::{Batch, Scorer};

use super::importance::of_holdout;
use super::insight::{self, Insight, Seen};
use super::{Outcome, Run};

/// The most held-out rows that are kept with a version.
pub const MOST_HELD_ROWS: usize = 200_000;

/// What is known of the held-out rows.
pub(super) struct Known {
    pub(super) actual: HeldActual,
    pub(super) weight: Option<Vec<f64>>,
    pub(super) offset: Option<Vec<f64>>,
    pub(super) twins: usize,
}

/// What is true of held-out rows.
pub(super) fn actual(target: Target) -> HeldActual {
    match target {
        Target::Class { codes, .. } => HeldActual::Class(codes),
        Target::Number(values) => HeldActual::Number(values),
    }
}

impl Run<'_> {
    /// Encode the model and judge it on the rows it has not seen.
    pub(super) fn finish(
        &mut self,
        model: Model,
        training_rows: usize,
        (held_columns, known): (&[Vec<f64>], Known),
        seen: Option<Seen>,
        labels: Option<Labels>,
    ) -> Result<Outcome> {
        let Known { actual, weight, offset, twins } = known;
        let model = self.with_cleaning(model);
        let bytes = encode(&model)?;
        let scorer = Scorer::new(model);
        let holdout_rows = held_columns.first().map_or(0, Vec::len);
        let (mut held_rows, mut importance) = (None, None);
        let (mut metrics, mut metric) = (Vec::new(), None);
        let (mut insight, mut contest) = (Insight::default(), None);
        if holdout_rows > 0 {
            let mut scores = score_encoded(&scorer, held_columns, self.control)?;
            offset.iter().for_each(|offset| exposure::expect(&mut scores, offset));
            let mut held = HeldRows { outputs: scorer.outputs() as u32, scores, actual, weight };
            (metrics, metric) = judge_rows(&scorer, &held);
            contest = self.contest(&scorer, &held)?;
            if twins > 0 && labels.is_some() {
                self.notices.push(format!(
                    "{twins} of {holdout_rows} held-out rows have a twin with the same features in training"
                ));
            }
            if self.request.options.importance {
                let (seed, offset) = (self.request.options.seed, offset.as_deref());
                importance = Some(of_holdout(&scorer, held_columns, &held, offset, seed, self.control)?);
            }
            if let Some(seen) = seen {
                let least = self.request.options.min_group;
                insight = insight::look(&scorer, seen, (held_columns, &held, offset.as_deref()), least, self.control)?;
                insight.overfitting = insight::verdict(
                    &insight,
                    &scorer.model().task,
                    &held,
                    (self.request.algorithm, &self.request.options),
                );
            }
            shorten(&mut held);
            held_rows = Some(crate::model::encode_held(&held)?);
        }
        insight.epochs = std::mem::take(&mut self.epochs);
        if let Some(oob) = self.oob.take() {
            let (judged, headline) = judge_rows(&scorer, &oob);
            let named = forest::oob_metrics(&judged);
            if held_rows.is_none() {
                self.notices.push(format!(
                    "no rows are held out, so the model is judged on {} training rows, each by the trees that did not see it",
                    oob.rows()
                ));
                held_rows = Some(crate::model::encode_held(&oob)?);
                (metrics, metric) = (judged, headline);
            }
            metrics.extend(named);
        }
        self.lap("judge");
        Ok(Outcome {
            bytes,
            scorer,
            held: held_rows,
            metrics,
            metric,
            importance,
            insight,
            baseline: Baseline::default(),
            segments: None,
            contest,
            rows: self.request.table.rows,
            training_rows,
            holdout_rows,
            notices: Vec::new(),
            timings: Vec::new(),
        })
    }
}

/// Rows that a thread scores between two looks for a cancel.
const PART: usize = 4 * Batch::ROWS;

/// Walks of a row down a tree between two looks for a cancel.
const MOST_WALKS: usize = 4_000_000;

/// Score rows given by column, each cell as [`Scorer::predict`] takes it.
pub fn score_columns(scorer: &Scorer, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    score_parts(scorer, columns, control, |batch, from, out| {
        let rows = out.len() / scorer.outputs();
        let cells: Vec<&[f64]> = columns.iter().map(|column| &column[from..from + rows]).collect();
        batch.predict(scorer, &cells, out);
    })
}

/// Score rows given by column as learning encodes them.
pub(in crate::learn) fn score_encoded(scorer: &Scorer, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    score_parts(scorer, columns, control, |batch, from, out| {
        let rows = out.len() / scorer.outputs();
        let place = |(f, column): (usize, &Vec<f64>)| -> Vec<f64> {
            column[from..from + rows].iter().map(|&cell| scorer.place(f, cell)).collect()
        };
        let placed: Vec<Vec<f64>> = columns.iter().enumerate().map(place).collect();
        let cells: Vec<&[f64]> = placed.iter().map(Vec::as_slice).collect();
        batch.predict(scorer, &cells, out);
    })
}

/// Score rows in parts; `part` is handed the first row of each and where its scores go.
fn score_parts(
    scorer: &Scorer,
    columns: &[Vec<f64>],
    control: &Control,
    part: impl Fn(&mut Batch, usize, &mut [f64]) + Sync,
) -> Result<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let outputs = scorer.outputs();
    let mut scores: Vec<f64> = control.filled(rows * outputs, f64::NAN)?;
    // Between two looks for a cancel a thread walks down so many trees, however many there are.
    let walks = scorer.model().body.walks();
    let size = (MOST_WALKS / walks.max(1)).clamp(16, PART);
    let parts = scores.par_chunks_mut(size * outputs).enumerate();
    let init = || Batch::new(scorer);
    parts.try_for_each_init(init, |batch, (i, out)| {
        control.check()?;
        part(batch, i * size, out);
        Ok(())
    })?;
    Ok(scores)
}

/// The metrics of scored rows, and the name of the headline.
pub fn judge_rows(scorer: &Scorer, held: &HeldRows) -> (Vec<Metric>, Option<&'static str>) {
    let weight = held.weight.as_deref();
    match (&scorer.model().task, &held.actual) {
        (Task::Classification { classes, positive }, HeldActual::Class(actual)) if classes.len() <= 2 => {
            let positives: Vec<bool> = actual.iter().map(|c| c == positive).collect();
            (judge::binary(&held.scores, &positives, weight, 0.5), Some("roc_auc"))
        }
        (Task::Classification { classes, .. }, HeldActual::Class(actual)) => {
            (judge::multiclass(&held.scores, actual, classes, weight), Some("accuracy"))
        }
        (Task::Regression, HeldActual::Number(actual)) => {
            (judge::regression(&held.scores, actual, weight), Some("rmse"))
        }
        (Task::Uplift { treatments, classes, .. }, HeldActual::Treated { .. }) => {
            (judge::uplift::uplift(held, treatments, !classes.is_empty()), Some("qini"))
        }
        _ => (Vec::new(), None),
    }
}

/// Keep at most [`MOST_HELD_ROWS`]; the rows are in the order of a hash, so the first are a fair sample.
fn shorten(held: &mut HeldRows) {
    held.scores.truncate(MOST_HELD_ROWS * held.outputs as usize);
    match &mut held.actual {
        HeldActual::Class(v) => v.truncate(MOST_HELD_ROWS),
        HeldActual::Number(v) => v.truncate(MOST_HELD_ROWS),
        HeldActual::Treated { outcome, arms } => {
            outcome.truncate(MOST_HELD_ROWS);
            arms.truncate(MOST_HELD_ROWS);
        }
        HeldActual::None => {}
    }
    if let Some(weight) = &mut held.weight {
        weight.truncate(MOST_HELD_ROWS);
    }
}
