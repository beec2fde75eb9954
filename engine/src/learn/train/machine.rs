//! The training of support vector machines.

use crate::data::Holdout;
use crate::error::{Error, Result};
use crate::judge;
use crate::learn::svm::{self, Likeness};
use crate::learn::target::Prepared;
use crate::learn::Target;
use crate::model::{Body, HeldActual, Model, Task};

use super::grow::Grown;
use super::judged::{score_encoded, Known};
use super::{baseline, Features, Outcome, RowsOf, Run};

impl Run<'_> {
    /// Learn classes or numbers, and say what is to be known of the machine.
    pub(super) fn machine(
        &mut self,
        made: &mut Features,
        rows: &RowsOf<'_>,
        prepared: &Prepared,
        keep: bool,
    ) -> Result<Grown> {
        let options = &self.request.options;
        let params = options.svm.clone();
        let class_weight = prepared.class_weight(options, rows.target)?;
        let Some(space) = &made.space else { return Err(Error::Internal("a machine has no space".into())) };
        let learned = svm::Rows {
            features: &made.features,
            axes: &space.axes,
            dimensions: space.dimensions,
            values: &space.values,
            count: rows.target.len(),
            weight: rows.weight,
        };
        let found = svm::fit(learned, rows.target, rows.folds, class_weight.as_deref(), &params, self.control)?;
        if !keep && !self.refitting {
            let axes = space.axes.clone();
            self.tell_bent(&self.used_columns(), &axes);
            if let Some((landmarks, drawn)) = found.landmarks {
                let rows = drawn.map_or_else(|| "they are".to_owned(), |n| format!("{n} of them are drawn and"));
                self.notices.push(format!(
                    "there are many different rows, so {rows} told apart by {landmarks} landmarks; \"n_components\" asks for more"
                ));
            }
            if !found.settled {
                let more = match params.kernel {
                    Likeness::Radial if found.landmarks.is_none() => "\"max_iter\" asks for more steps",
                    _ => "a smaller \"C\" settles sooner",
                };
                self.notices.push(format!("the machine is not settled: {more}"));
            }
        }
        if let Some(space) = made.space.take_if(|_| !keep) {
            self.control.release_vec(space.values);
        }
        Ok(Grown { body: found.body, iterations: None })
    }

    /// Learn which rows are unlike the others, and how the scores of training rows are distributed.
    pub(super) fn one_class(&mut self, holdout: Holdout) -> Result<Outcome> {
        let Holdout { train, held, .. } = holdout;
        let weight = self.weights(&train)?;
        let held_weight = self.weights(&held)?;
        let params = self.request.options.svm.clone();
        let scored = baseline::scored(&train, 1);
        let mut shown: Vec<u32> = self.control.vec(held.len() + scored.len())?;
        shown.extend(held.iter().chain(&scored));
        let nothing = Target::Number(Vec::new());
        let rows = RowsOf {
            train: &train,
            watched: 0,
            held: &shown,
            target: &nothing,
            weight: weight.as_deref(),
            offset: None,
            rates: None,
            folds: None,
        };
        let mut made = self.features(&rows, false)?;
        self.control.release_vec(shown);
        let Some(space) = made.space.take() else { return Err(Error::Internal("a machine has no space".into())) };
        let learned = svm::Rows {
            features: &made.features,
            axes: &space.axes,
            dimensions: space.dimensions,
            values: &space.values,
            count: train.len(),
            weight: weight.as_deref(),
        };
        let found = svm::fit_one_class(learned, &params, self.control)?;
        self.tell_bent(&self.used_columns(), &space.axes);
        self.control.release_vec(space.values);
        if let Some(drawn) = found.drawn {
            self.notices.push(format!("there are many different rows, so {drawn} of them are drawn to learn from"));
        }
        if !found.settled {
            self.notices.push("the machine is not settled: \"max_iter\" asks for more steps".into());
        }
        let kept = made.baseline(train.len(), held.len(), 1, self.control)?;
        let Features { inputs, binned, features, held: shown, .. } = made;
        drop(binned);
        self.lap("grow");
        let model = Model { inputs, features, task: Task::Anomaly, body: Body::Machine(found.body), cleaning: None };
        let part = |rows: std::ops::Range<usize>| -> Vec<Vec<f64>> {
            shown.iter().map(|column| column[rows.clone()].to_vec()).collect()
        };
        let known = Known { actual: HeldActual::None, weight: held_weight, offset: None, twins: 0 };
        let mut outcome = self.finish(model, train.len(), (&part(0..held.len()), known), None, None)?;
        let scores = score_encoded(&outcome.scorer, &part(held.len()..held.len() + scored.len()), self.control)?;
        outcome.metrics = judge::anomalies(&scores);
        outcome.metric = Some(judge::headline(&Task::Anomaly));
        outcome.baseline = crate::model::Baseline { scores, ..kept };
        Ok(outcome)
    }
}
