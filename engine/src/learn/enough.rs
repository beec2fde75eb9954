//! How many iterations of boosting are enough, where rows are few: by cross-validation, as a tenth of few rows says little.
//!
//! For classes alone: a loss of numbers is that of the few largest errors, and folds that stop when one of them does stop too soon.
//! Measured with benches/quality.py: log loss of titanic 0.442 by a watched tenth and 0.432 by folds, of churn_mlc 0.154 and 0.153; RMSE of
//! airbnb_boston_listings 114 and 118.

use rayon::prelude::*;

use super::bin::BinnedFeature;
use super::boost::{self, BoostParams};
use super::fold::Learned;
use super::ordered;
use crate::control::Control;
use crate::error::Result;

/// Folds.
pub const FOLDS: usize = ordered::FOLDS;
/// The most training rows for which this is done.
pub const FEW_ROWS: usize = 5_000;

/// The number of iterations after which the mean loss of the folds is least, and how many were tried.
pub fn iterations(learned: &Learned<'_>, params: &BoostParams, control: &Control) -> Result<(u32, usize)> {
    let before = control.used();
    let losses: Result<Vec<Vec<f64>>> =
        (0..FOLDS).into_par_iter().map(|fold| losses(learned, fold, params, control)).collect();
    // What the folds held is gone.
    control.release(control.used().saturating_sub(before));
    let losses = losses?;
    let tried = losses.iter().map(Vec::len).min().unwrap_or(0);
    let mut best = (f64::INFINITY, 0);
    for i in 0..tried {
        let mean = losses.iter().map(|l| l[i]).sum::<f64>() / FOLDS as f64;
        if mean < best.0 {
            best = (mean, i);
        }
    }
    Ok((best.1 as u32 + 1, tried))
}

/// The losses of the rows of a fold, which the trees do not see.
fn losses(learned: &Learned<'_>, fold: usize, params: &BoostParams, control: &Control) -> Result<Vec<f64>> {
    let fold = learned.fold(|r| ordered::fold_of(r) == fold, control)?;
    let seen: Vec<&BinnedFeature> = fold.features.iter().collect();
    Ok(boost::fit(&seen, fold.rows(), fold.fit_rows, params, control)?.losses)
}
