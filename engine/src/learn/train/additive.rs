//! The training of models that add what features say.

use crate::error::Result;
use crate::learn::bayes;
use crate::learn::linear::{self, Family};
use crate::learn::options::Algorithm;
use crate::learn::target::Prepared;
use crate::model::Body;

use super::grow::Grown;
use super::{Features, RowsOf, Run};

impl Run<'_> {
    /// Learn what each class says of each feature.
    pub(super) fn bayes(&self, made: &Features, rows: &RowsOf<'_>) -> Result<Grown> {
        let learned = bayes::Rows {
            inputs: &made.inputs,
            features: &made.features,
            columns: &made.values,
            target: rows.target,
            weight: rows.weight,
        };
        let body = bayes::fit(learned, &self.request.options.bayes, self.control)?;
        Ok(Grown { body: Body::Additive(body), iterations: None })
    }

    /// Find the coefficients of a linear model, and say what is to be known of them.
    pub(super) fn linear(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared) -> Result<Grown> {
        let options = &self.request.options;
        let family = match (self.request.algorithm, options.objective) {
            (Algorithm::LogisticRegression, _) => Family::Binomial,
            (Algorithm::Glm, Some("gamma")) => Family::Tweedie(2.0),
            (Algorithm::Glm, Some("tweedie")) => Family::Tweedie(options.linear.power),
            (Algorithm::Glm, _) => Family::Tweedie(1.0),
            _ => Family::Gaussian,
        };
        let class_weight = prepared.class_weight(options, rows.target)?;
        let learned = linear::Rows {
            features: &made.features,
            columns: &made.values,
            target: rows.target,
            weight: rows.weight,
            offset: rows.offset,
        };
        let found = linear::fit(learned, family, &options.linear, class_weight.as_deref(), self.control)?;
        let told = |at: &usize| made.features.get(*at).map(|feature| format!("\"{}\"", feature.name));
        let aliased: Vec<String> = found.aliased.iter().filter_map(told).collect();
        match aliased.as_slice() {
            [] => {}
            [one] => {
                self.notices.push(format!("{one} says nothing beyond the columns before it, so it has no coefficient"))
            }
            many => self.notices.push(format!(
                "{} say nothing beyond the columns before them, so they have no coefficients",
                many.join(", ")
            )),
        }
        if let Some(alpha) = found.alpha {
            let nothing = found.body.coefficients.iter().filter(|c| c.value == 0.0).count();
            self.notices.push(format!(
                "\"alpha\" {alpha:.6} has the least squared error of rows left out, in five folds; {nothing} of {} coefficients are 0",
                found.body.coefficients.len()
            ));
        }
        if !found.converged {
            let why = match found.body.fit.alpha {
                0.0 => "some rows can be told apart without an error, so coefficients have no limit: a penalty, \"alpha\", gives them one",
                _ => "\"max_iter\" asks for more steps",
            };
            self.notices
                .push(format!("the coefficients are not settled after {} passes: {why}", found.body.fit.iterations));
        }
        Ok(Grown { body: Body::Additive(found.body), iterations: None })
    }
}
