//! How many iterations of boosting are enough, where rows are few: by cross-validation, as a tenth of few rows says little.
//!
//! Measured with benches/quality.py, a watched tenth and folds: log loss of titanic 0.442 and 0.432, of churn_mlc 0.154 and 0.153; RMSE of
//! airbnb_boston_listings 116.7 (113 to 121 over four seeds) and 113.1 (112.9 to 113.3), of bike_sharing_hour 35.13 and 35.01, of 3,000 rows
//! of diamonds 763 and 754.

use rayon::prelude::*;

use super::bin::BinnedFeature;
use super::boost::{BoostParams, Booster};
use super::fold::{Fold, Learned};
use super::ordered;
use crate::control::Control;
use crate::error::Result;

/// Folds.
pub const FOLDS: usize = ordered::FOLDS;
/// The most training rows for which this is done.
pub const FEW_ROWS: usize = 20_000;

/// The number of iterations after which the mean loss of the folds is least, and how many were tried.
///
/// All folds go on until `early_stopping_rounds` iterations did not lower the mean: where a fold alone would stop says little.
pub fn iterations(learned: &Learned<'_>, params: &BoostParams, control: &Control) -> Result<(u32, usize)> {
    let before = control.used();
    let found = try_out(learned, params, control);
    // What the folds held is gone.
    control.release(control.used().saturating_sub(before));
    found
}

fn try_out(learned: &Learned<'_>, params: &BoostParams, control: &Control) -> Result<(u32, usize)> {
    let fold = |fold: usize| learned.fold(|r| ordered::fold_of(r) == fold, control);
    let folds: Result<Vec<Fold>> = (0..FOLDS).into_par_iter().map(fold).collect();
    let folds = folds?;
    let features: Vec<Vec<&BinnedFeature>> = folds.iter().map(|fold| fold.features.iter().collect()).collect();
    let mut boosters = Vec::with_capacity(FOLDS);
    for (fold, seen) in folds.iter().zip(&features) {
        boosters.push(Booster::new(seen, fold.rows(), fold.fit_rows, params, control)?);
    }
    let rounds = params.early_stopping_rounds.unwrap_or(params.n_estimators).max(1) as usize;
    let most = params.n_estimators as usize;
    control.start(most as u64 * FOLDS as u64 * u64::from(params.max_leaf_nodes));
    let mut tried = 0;
    let mut best = (f64::INFINITY, 0);
    while tried < most {
        // So many at one go: threads wait for each other only at its end.
        let wanted = (best.1 + rounds).max(tried + 1).min(most);
        boosters.par_iter_mut().try_for_each(|booster| {
            while booster.losses.len() < wanted && booster.step(true, control)? {}
            Ok(())
        })?;
        for i in tried..wanted {
            // A fold that cannot grow any more stays where it is.
            let loss =
                |booster: &Booster<'_>| booster.losses.get(i).or(booster.losses.last()).copied().unwrap_or(f64::NAN);
            let mean = boosters.iter().map(loss).sum::<f64>() / FOLDS as f64;
            if mean < best.0 {
                best = (mean, i + 1);
            }
        }
        tried = wanted;
        let grown = boosters.iter().any(|booster| booster.losses.len() == tried);
        if tried >= best.1 + rounds || !grown {
            break;
        }
    }
    Ok((best.1.max(1) as u32, tried))
}
