//! A training of a mixture of Gaussians, which is a clustering with densities.

use crate::error::Result;
use crate::judge::{self, Metric};
use crate::learn::kmeans::gaussian::{fit, MixtureFit, MixtureParams};
use crate::learn::kmeans::KMeansFit;
use crate::learn::Unlabelled;
use crate::model::Body;
use crate::score::mixture::{log_densities, log_volume};

use super::Run;

impl Run<'_> {
    /// Find the segments, and judge their densities: on the held-out rows, where there are some.
    pub(super) fn mixture(&mut self, rows: Unlabelled<'_>) -> Result<(KMeansFit, Body, Option<Vec<Metric>>)> {
        let Unlabelled { features, train, held, .. } = rows;
        let params = MixtureParams { describe: true, ..self.request.options.mixture.clone() };
        let found = fit(&mut self.request.table, rows, &params, true, self.control)?;
        self.tell_mixture(&found, &params, features);
        let MixtureFit { segments, body, log_likelihood, parameters, .. } = found;
        // In the units of the columns, so that versions can be compared.
        let volume = log_volume(&body);
        let training = log_likelihood + volume;
        let criteria = Some((training, train.len() as f64, parameters));
        let metrics = match held.is_empty() {
            true => judge::mixture(training, "the training rows", criteria),
            false => {
                let weight = self.weights(held)?;
                let densities = log_densities(&body, &segments.held, self.control)?;
                let of = |r: usize| weight.as_ref().map_or(1.0, |w| w[r]);
                let sum: f64 = densities.iter().enumerate().filter(|(r, _)| of(*r) > 0.0).map(|(r, x)| of(r) * x).sum();
                let all: f64 = (0..densities.len()).map(of).sum();
                self.control.release_vec(densities);
                if let Some(weight) = weight {
                    self.control.release_vec(weight);
                }
                judge::mixture(sum / all + volume, "the held-out rows", criteria)
            }
        };
        Ok((segments, Body::Mixture(body), Some(metrics)))
    }

    /// Say what makes a mixture less than it seems.
    fn tell_mixture(&mut self, found: &MixtureFit, params: &MixtureParams, columns: &[usize]) {
        if !found.converged {
            self.notices.push(format!(
                "the segments still changed after \"max_iter\" {} iterations: give more, or a larger \"tol\"",
                params.max_iter
            ));
        }
        let name = |feature: &usize| format!("\"{}\"", self.request.table.columns[columns[*feature]].name);
        let names: Vec<String> = found.narrow.iter().take(5).map(name).collect();
        if !names.is_empty() {
            let more = match found.narrow.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            self.notices.push(format!(
                "some segment has a single value of {}{more}, so its density there rests on \"reg_covar\" alone: give a larger one, or leave the column out",
                names.join(", ")
            ));
        }
    }
}
