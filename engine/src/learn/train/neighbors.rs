//! The training of nearest neighbours.

use crate::error::{Error, Result};
use crate::learn::kmeans::{self, KMeansParams};
use crate::learn::{neighbors, Unlabelled};
use crate::model::Body;

use super::grow::Grown;
use super::{Features, RowsOf, Run};

impl Run<'_> {
    /// Columns as features that are told apart by distances: they are encoded as the space has them.
    pub(super) fn spaced(&mut self, rows: &RowsOf<'_>, keep: bool) -> Result<Features> {
        let mut made = self.binned(rows, true)?;
        let used = self.used_columns();
        let params = KMeansParams { describe: false, ..self.kmeans_params()? };
        let own = Unlabelled { features: &used, train: rows.train, held: rows.held, weight: rows.weight };
        let mut space = kmeans::space::build(&mut self.request.table, own, &params, keep, self.control)?;
        let said = std::mem::take(&mut space.encodings).into_iter().zip(std::mem::take(&mut space.stats));
        for (feature, (encoding, stats)) in made.features.iter_mut().zip(said) {
            (feature.encoding, feature.stats) = (encoding, stats);
        }
        let held = std::mem::replace(&mut made.held, std::mem::take(&mut space.held));
        held.into_iter().for_each(|column| self.control.release_vec(column));
        if !keep {
            self.request.table.columns.iter_mut().for_each(|column| column.release(self.control));
        }
        made.space = Some(space);
        self.lap("space");
        Ok(made)
    }

    /// Keep the rows, and say what is to be known of the space.
    pub(super) fn neighbors(&mut self, made: &mut Features, rows: &RowsOf<'_>, keep: bool) -> Result<Grown> {
        let params = self.request.options.neighbors.clone();
        let Some(space) = &made.space else { return Err(Error::Internal("neighbours have no space".into())) };
        let learned = neighbors::Rows {
            axes: &space.axes,
            dimensions: space.dimensions,
            values: &space.values,
            target: rows.target,
            weight: rows.weight,
        };
        let body = neighbors::fit(learned, &params, self.control)?;
        if !keep && !self.refitting {
            let used = self.used_columns();
            self.tell_bent(&used, &body.axes);
            let all: f64 = body.weights.iter().sum();
            if all < f64::from(params.n_neighbors) {
                self.notices.push(format!(
                    "there are fewer rows to learn from than \"n_neighbors\" {}, so all of them answer every time",
                    params.n_neighbors
                ));
            }
        }
        if let Some(space) = made.space.take_if(|_| !keep) {
            self.control.release_vec(space.values);
        }
        Ok(Grown { body: Body::Neighbors(body), iterations: None })
    }
}
