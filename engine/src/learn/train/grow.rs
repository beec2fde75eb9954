//! From features to trees, by each learner.

use crate::error::{Error, Result};
use crate::learn::fold::{Fold, Learned};
use crate::learn::options::Algorithm;
use crate::learn::target::Prepared;
use crate::learn::{bin, boost, calibrate, constraints, enough, forest, tree, Target};
use crate::model::{Body, Curve, Trees};
use crate::score::curve;

use super::{Features, RowsOf, Run};

/// What a learner made of features.
pub(in crate::learn) struct Grown {
    pub body: Body,
    /// How many iterations of boosting, or epochs of a network, were enough.
    pub iterations: Option<u32>,
}

impl Run<'_> {
    /// Run the learner with the options at hand. What watching needs of the features is dropped unless they are to be `kept`.
    pub fn grow(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Grown> {
        match self.request.algorithm {
            Algorithm::DecisionTree => self.tree(made, rows, prepared),
            Algorithm::RandomForest | Algorithm::ExtraTrees => self.forest(made, rows, prepared, keep),
            Algorithm::GradientBoosting => self.boost(made, rows, prepared, keep),
            Algorithm::LogisticRegression
            | Algorithm::LinearRegression
            | Algorithm::Ridge
            | Algorithm::ElasticNet
            | Algorithm::Lasso
            | Algorithm::Glm => self.linear(made, rows, prepared),
            Algorithm::NaiveBayes => self.bayes(made, rows),
            Algorithm::Knn => self.neighbors(made, rows, keep),
            Algorithm::NeuralNetwork => self.network(made, rows, prepared, keep),
            Algorithm::Svm => self.machine(made, rows, prepared, keep),
            Algorithm::Voting | Algorithm::Stacking => self.ensemble(made, rows, prepared, keep),
            Algorithm::TLearner
            | Algorithm::XLearner
            | Algorithm::RLearner
            | Algorithm::UpliftTree
            | Algorithm::UpliftForest => {
                let arms = self.arms.take().ok_or_else(|| Error::Internal("nobody says who was treated".into()))?;
                let grown = self.uplift(made, rows, prepared, &arms, keep);
                self.arms = Some(arms);
                grown
            }
            Algorithm::KMeans
            | Algorithm::KPrototypes
            | Algorithm::GaussianMixture
            | Algorithm::IsolationForest
            | Algorithm::OneClassSvm
            | Algorithm::Pca
            | Algorithm::Dbscan
            | Algorithm::Als
            | Algorithm::ItemKnn
            | Algorithm::AssociationRules
            | Algorithm::Content
            | Algorithm::Popular
            | Algorithm::Forecast
            | Algorithm::BgNbd => Err(Error::Internal("a learner without a target was given one".into())),
        }
    }

    fn forest(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Grown> {
        let mut params = prepared.forest_params(&self.request.options, rows.target)?;
        let control = self.control;
        if keep || self.refitting {
            // A trial and a model that is judged already have no use for more judgement.
            params.oob_score = Some(false);
        }
        let found = forest::fit(&made.binned, rows.target, rows.weight, &params, control)?;
        params.oob_score = Some(false);
        let curves = self.calibrate(made, rows, |fold| {
            Ok(forest::fit(&fold.features, fold.rows().target, fold.rows().weight, &params, control)?.trees)
        })?;
        if let Some(oob) = found.oob {
            let mut held = oob.held(rows.target, rows.weight, &prepared.task());
            let outputs = held.outputs as usize;
            held.scores.chunks_exact_mut(outputs).for_each(|said| curve::calibrate(&curves, said));
            self.oob = Some(held);
        }
        Ok(Grown { body: Body::trees(found.trees, curves), iterations: None })
    }

    fn tree(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared) -> Result<Grown> {
        let params = prepared.tree_params(&self.request.options, rows.target)?;
        let (exact, control) = (self.request.options.exact, self.control);
        let fit = |features: &[bin::BinnedFeature], target: &Target, weight: Option<&[f64]>| match exact {
            true => tree::fit_exact(features, target, weight, &params, control),
            false => tree::fit(features, target, weight, &params, control),
        };
        let trees = fit(&made.binned, rows.target, rows.weight)?;
        let curves = self.calibrate(made, rows, |fold| fit(&fold.features, fold.rows().target, fold.rows().weight))?;
        Ok(Grown { body: Body::trees(trees, curves), iterations: None })
    }

    /// Fit curves for the probabilities of trees that `fit` grows, if that is asked for.
    fn calibrate(
        &mut self,
        made: &mut Features,
        rows: &RowsOf<'_>,
        fit: impl Fn(&Fold) -> Result<Trees>,
    ) -> Result<Vec<Curve>> {
        let Some(folds) = rows.folds else { return Ok(Vec::new()) };
        let method = (self.request.options.calibration, self.request.options.min_group);
        let learned = Self::learned(made, rows, self.bin_params());
        let curves = calibrate::curves(method, &learned, folds, fit, &mut self.notices, self.control)?;
        self.lap("calibrate");
        Ok(curves)
    }

    /// What folds learn from.
    fn learned<'b>(
        made: &'b mut Features,
        rows: &RowsOf<'b>,
        (bins, most_subset_levels): (bin::BinParams, usize),
    ) -> Learned<'b> {
        made.levels.resize_with(made.binned.len(), || None);
        Learned {
            binned: &made.binned,
            levels: &made.levels,
            rows: rows.boost(),
            numbers: rows.told(),
            most_subset_levels,
            max_bins: bins.max_bins,
        }
    }

    fn boost(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Grown> {
        let mut params = prepared.boost_params(&self.request.options, rows.target)?;
        constraints::apply(&mut params, &self.request.options, &made.inputs, prepared, &mut self.notices)?;
        let (all, watched) = (rows.train.len(), rows.watched);
        if watched > 0 {
            // How many trees are enough is found on rows that they do not see; then as many are grown on all rows.
            let watching = std::mem::take(&mut made.watching);
            let seen: Vec<_> = made.binned.iter().zip(&watching).map(|(b, w)| w.as_ref().unwrap_or(b)).collect();
            let found = boost::fit(&seen, rows.boost(), all - watched, &params, self.control)?;
            if keep {
                made.watching = watching;
            } else {
                watching.into_iter().flatten().for_each(|feature| feature.codes.release(self.control));
            }
            if found.iterations < params.n_estimators {
                self.notices.push(format!(
                    "{} enough: {} more did not lower the loss of {watched} watched rows",
                    are_iterations(found.iterations),
                    found.losses.len() - found.iterations as usize,
                ));
            }
            params.n_estimators = found.iterations;
            self.lap("watch");
        }
        if self.folds && params.early_stopping_rounds.is_some() {
            let learned = Self::learned(made, rows, self.bin_params());
            let (iterations, tried) = enough::iterations(&learned, &params, self.control)?;
            if !keep && rows.folds.is_none() {
                let levels = std::mem::take(&mut made.levels);
                levels.into_iter().flatten().for_each(|feature| feature.codes.release(self.control));
            }
            if tried > iterations as usize {
                self.notices.push(format!(
                    "{} enough: {} more did not lower the loss of rows left out, in {} folds",
                    are_iterations(iterations),
                    tried - iterations as usize,
                    enough::FOLDS
                ));
            }
            params.n_estimators = iterations;
            self.lap("watch");
        }
        params.early_stopping_rounds = None;
        let seen: Vec<_> = made.binned.iter().collect();
        let found = boost::fit(&seen, rows.boost(), all, &params, self.control)?;
        let control = self.control;
        let fit = |fold: &Fold| {
            let seen: Vec<_> = fold.features.iter().collect();
            Ok(boost::fit(&seen, fold.rows(), fold.fit_rows, &params, control)?.trees)
        };
        let curves = self.calibrate(made, rows, fit)?;
        Ok(Grown { body: Body::trees(found.trees, curves), iterations: Some(params.n_estimators) })
    }
}

/// A number of iterations with its verb.
fn are_iterations(count: u32) -> String {
    match count {
        1 => "1 iteration is".to_owned(),
        _ => format!("{count} iterations are"),
    }
}
