//! The training of principal components.

use crate::data::Holdout;
use crate::error::{Error, Result};
use crate::judge;
use crate::learn::{pca, Unlabelled};
use crate::model::{Body, Feature, HeldActual, Model, Task};
use crate::score::projection::told;

use super::judged::Known;
use super::{baseline, Outcome, Run};

impl Run<'_> {
    /// Learn in which directions rows differ most, and how much of what rows differ these tell: of held-out rows, if there are some.
    pub(super) fn reduction(&mut self, holdout: Holdout) -> Result<Outcome> {
        let Holdout { train, held, .. } = holdout;
        let weight = self.weights(&train)?;
        let held_weight = self.weights(&held)?;
        let used = self.used_columns();
        let bins = self.number_bins(&used, &train)?;
        let params = self.request.options.pca.clone();
        let rows = Unlabelled { features: &used, train: &train, held: &held, weight: weight.as_deref() };
        let fit = pca::fit(&mut self.request.table, rows, &params, false, self.control)?;
        self.lap("project");
        let count = fit.body.variance.len();
        self.tell_components(&params, count, fit.rank);
        let columns = &self.request.table.columns;
        let features = used.iter().zip(fit.encodings).zip(fit.stats);
        let features = features
            .map(|((&c, encoding), stats)| Feature { name: columns[c].name.clone(), encoding, stats })
            .collect();
        let model = Model {
            inputs: self.inputs(),
            features,
            task: Task::Reduction,
            body: Body::Projection(fit.body),
            cleaning: None,
        };
        let baseline = baseline::of_clusters(&model, bins, train.len(), &fit.held, params.min_group);
        let Body::Projection(body) = &model.body else { return Err(Error::Internal("no components".into())) };
        let metrics = if held.is_empty() {
            judge::reduction(Some(body.explained()), Some(fit.error), count, train.len() as u64, "the training rows")
        } else {
            let told = told(body, &fit.held, held_weight.as_deref(), self.control)?;
            judge::reduction(told.share(), told.error(body.dimensions), count, told.rows, "the held-out rows")
        };
        // What is said of held-out rows is not kept: there is no truth to compare it with.
        let known = Known { actual: HeldActual::None, weight: None, offset: None, twins: 0 };
        let mut outcome = self.finish(model, train.len(), (&[], known), None, None)?;
        outcome.holdout_rows = held.len();
        outcome.baseline = baseline;
        outcome.metrics = metrics;
        outcome.metric = Some(judge::headline(&Task::Reduction));
        Ok(outcome)
    }

    /// Say where there are fewer components than one would expect.
    fn tell_components(&mut self, params: &pca::PcaParams, count: usize, rank: usize) {
        use crate::learn::forest::Part;
        match params.n_components {
            None if count < rank => self.notices.push(format!(
                "the {count} components of the largest variance are kept, of {rank}: \"n_components\" asks for more"
            )),
            Some(Part::Count(asked)) if asked > count as u64 => self.notices.push(format!(
                "the rows differ in {count} {} only, so there are as many components",
                if count == 1 { "direction" } else { "directions" }
            )),
            _ => {}
        }
    }
}
