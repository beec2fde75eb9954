//! The training of a network.

use crate::error::{Error, Result};
use crate::learn::network::{self, Rows};
use crate::learn::target::Prepared;
use crate::model::{Body, Task};

use super::grow::Grown;
use super::insight::EpochPoint;
use super::{Features, RowsOf, Run};

impl Run<'_> {
    /// Learn layers of weights, and say what is to be known of how it went.
    pub(super) fn network(
        &mut self,
        made: &mut Features,
        rows: &RowsOf<'_>,
        prepared: &Prepared,
        keep: bool,
    ) -> Result<Grown> {
        let options = &self.request.options;
        let params = &options.network;
        let former = self.request.former.as_ref().filter(|_| params.warm_start);
        if params.warm_start && former.is_none() {
            return Err(Error::option(
                "option \"warm_start\" needs a deployed version that is a neural_network",
                "Leave it out, or train the network once without it.",
            ));
        }
        let class_weight = prepared.class_weight(options, rows.target)?;
        let classes = match prepared.task() {
            Task::Classification { classes, .. } => classes,
            _ => Vec::new(),
        };
        let learned = Rows {
            features: &made.features,
            columns: &made.values,
            target: rows.target,
            weight: rows.weight,
            fit_rows: rows.train.len() - rows.watched,
        };
        let found = network::fit(learned, params, class_weight.as_deref(), former, &classes, self.control)?;
        if !keep && !self.refitting {
            let (done, asked, watched) = (found.losses.len(), params.epochs as usize, rows.watched);
            if done < asked && !found.diverged && watched > 0 {
                self.notices.push(format!(
                    "epoch {} is kept: {} more did not lower the loss of {watched} watched rows",
                    found.kept,
                    done - found.kept as usize
                ));
            } else if watched > 0 && (found.kept as usize) < done {
                self.notices.push(format!(
                    "epoch {} of {done} is kept, after which the loss of {watched} watched rows was lowest",
                    found.kept
                ));
            }
            if found.diverged {
                self.notices.push(format!(
                    "the loss left all bounds in epoch {}, so epoch {} is kept: a smaller \"learning_rate\" learns on",
                    done + 1,
                    found.kept
                ));
            }
            let point = |(i, loss): (usize, &network::EpochLoss)| EpochPoint {
                epoch: i as u32 + 1,
                training_loss: loss.training,
                validation_loss: loss.watched,
                kept: i as u32 + 1 == found.kept,
            };
            self.epochs = found.losses.iter().enumerate().map(point).collect();
        }
        self.lap("network");
        Ok(Grown { body: Body::Network(found.body), iterations: Some(found.kept.max(1)) })
    }
}
