//! The training of an isolation forest.

use crate::data::Holdout;
use crate::error::Result;
use crate::judge;
use crate::learn::{isolation, Target};
use crate::model::{Body, HeldActual, Model, Task};

use super::judged::{score_encoded, Known};
use super::{baseline, Features, Outcome, RowsOf, Run};

impl Run<'_> {
    /// Learn which rows are unlike the others, and how the scores of training rows are distributed.
    pub(super) fn isolation(&mut self, holdout: Holdout) -> Result<Outcome> {
        let Holdout { train, held, .. } = holdout;
        let weight = self.weights(&train)?;
        let held_weight = self.weights(&held)?;
        let params = self.request.options.isolation.clone();
        let draws = isolation::draw(train.len(), weight.as_deref(), &params, self.control)?;
        self.request.options.tree.min_category_rows = params.least_level_rows(train.len());
        // The rows held out, those whose scores are kept, and those that trees grow on, as scoring takes them.
        let scored = baseline::scored(&train, 1);
        let mut shown: Vec<u32> = self.control.vec(held.len() + scored.len() + draws.rows().len())?;
        shown.extend(held.iter().chain(&scored));
        shown.extend(draws.rows().iter().map(|place| train[*place as usize]));
        let nothing = Target::Number(Vec::new());
        let rows = RowsOf {
            train: &train,
            watched: 0,
            held: &shown,
            target: &nothing,
            weight: None,
            offset: None,
            rates: None,
            folds: None,
        };
        let mut made = self.features(&rows, false)?;
        self.control.release_vec(shown);
        let first = held.len() + scored.len();
        let columns: Vec<&[f64]> = made.held.iter().map(|column| &column[first..]).collect();
        let trees = isolation::fit(&made.features, &columns, &draws, &params, self.control)?;
        draws.release(self.control);
        let kept = made.baseline(train.len(), held.len(), params.min_group, self.control)?;
        let Features { inputs, binned, features, held: shown, .. } = std::mem::take(&mut made);
        drop(binned);
        self.lap("grow");
        let model = Model { inputs, features, task: Task::Anomaly, body: Body::Trees(trees), cleaning: None };
        let part = |rows: std::ops::Range<usize>| -> Vec<Vec<f64>> {
            shown.iter().map(|column| column[rows.clone()].to_vec()).collect()
        };
        let known = Known { actual: HeldActual::None, weight: held_weight, offset: None, twins: 0 };
        let mut outcome = self.finish(model, train.len(), (&part(0..held.len()), known), None, None)?;
        let scores = score_encoded(&outcome.scorer, &part(held.len()..first), self.control)?;
        outcome.metrics = judge::anomalies(&scores);
        outcome.metric = Some(judge::headline(&Task::Anomaly));
        outcome.baseline = crate::model::Baseline { scores, ..kept };
        Ok(outcome)
    }
}
