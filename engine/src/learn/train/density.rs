//! The training of dense parts.

use crate::error::Result;
use crate::learn::density::{fit, shown, DensityFit};
use crate::learn::kmeans::{KMeansFit, KMeansParams};
use crate::learn::Unlabelled;
use crate::model::Body;

use super::Run;

impl Run<'_> {
    /// Find dense parts, and say how far a core row reaches where that was chosen, and how many rows are in none.
    pub(super) fn dbscan(&mut self, rows: Unlabelled<'_>) -> Result<(KMeansFit, Body)> {
        let params = self.request.options.density.clone();
        let space = KMeansParams { describe: true, ..self.kmeans_params()? };
        let DensityFit { segments, body } = fit(&mut self.request.table, rows, (&params, &space), true, self.control)?;
        self.tell_bent(rows.features, &body.clusters.axes);
        if params.eps.is_none() {
            self.notices.push(format!(
                "\"eps\" {} is chosen: where the distances of rows to the nearest {} of them start to rise",
                shown(body.eps),
                params.min_samples
            ));
        }
        let share = 100.0 * body.noise as f64 / (rows.train.len() as f64).max(1.0);
        self.notices.push(match body.noise {
            0 => "every row is in a dense part".to_owned(),
            noise => {
                format!("{noise} of {} rows ({share:.1} %) are in no dense part and get no segment", rows.train.len())
            }
        });
        Ok((segments, Body::Density(body)))
    }
}
