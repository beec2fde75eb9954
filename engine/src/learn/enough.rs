//! How many iterations of boosting are enough, where rows are few: by cross-validation, as a tenth of few rows says little.
//!
//! For classes alone: a loss of numbers is that of the few largest errors, and folds that stop when one of them does stop too soon.
//! Measured with benches/quality.py: log loss of titanic 0.442 by a watched tenth and 0.432 by folds, of churn_mlc 0.154 and 0.153; RMSE of
//! airbnb_boston_listings 114 and 118.

use rayon::prelude::*;

use super::bin::{BinnedFeature, Codes};
use super::boost::{self, BoostParams};
use super::{ordered, Target};
use crate::control::Control;
use crate::error::Result;

/// Folds.
pub const FOLDS: usize = ordered::FOLDS;
/// The most training rows for which this is done.
pub const FEW_ROWS: usize = 5_000;

/// What is learned from.
pub struct Learned<'a> {
    /// The features of all rows.
    pub binned: &'a [BinnedFeature],
    /// Of each feature that is cut by the numbers of its levels, the levels themselves: each fold makes numbers of its own.
    pub levels: &'a [Option<BinnedFeature>],
    /// The rows to boost on.
    pub rows: boost::Rows<'a>,
    /// The target and weights that levels get their numbers from.
    pub numbers: (&'a Target, Option<&'a [f64]>),
    /// A category of more levels is cut by numbers.
    pub most_subset_levels: usize,
    /// The most bins of those numbers.
    pub max_bins: usize,
}

/// The number of iterations after which the mean loss of the folds is least, and how many were tried.
pub fn iterations(learned: &Learned<'_>, params: &BoostParams, control: &Control) -> Result<(u32, usize)> {
    let before = control.used();
    let losses: Result<Vec<Vec<f64>>> =
        (0..FOLDS).into_par_iter().map(|fold| learned.losses(fold, params, control)).collect();
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

impl Learned<'_> {
    /// The losses of the rows of a fold, which the trees do not see.
    fn losses(&self, fold: usize, params: &BoostParams, control: &Control) -> Result<Vec<f64>> {
        let count = self.rows.target.len();
        let own = |r: &u32| ordered::fold_of(*r as usize) == fold;
        let mut order: Vec<u32> = control.vec(count)?;
        order.extend((0..count as u32).filter(|r| !own(r)));
        let fit_rows = order.len();
        order.extend((0..count as u32).filter(own));
        let (target, weight) = (self.numbers.0.pick(&order, control)?, pick(self.numbers.1, &order, control)?);
        let mut features = Vec::with_capacity(self.binned.len());
        for (binned, levels) in self.binned.iter().zip(self.levels) {
            control.check()?;
            features.push(match levels {
                None => binned.pick(&order, control)?,
                Some(levels) => {
                    let levels = levels.pick(&order, control)?;
                    let numbers = ordered::order(
                        &levels,
                        &target,
                        weight.as_deref(),
                        fit_rows,
                        self.most_subset_levels,
                        self.max_bins,
                        control,
                    )?;
                    numbers.map_or(levels, |(numbers, _)| numbers)
                }
            });
        }
        let seen: Vec<&BinnedFeature> = features.iter().collect();
        let target = self.rows.target.pick(&order, control)?;
        let weight = pick(self.rows.weight, &order, control)?;
        let offset = pick(self.rows.offset, &order, control)?;
        let rows = boost::Rows { target: &target, weight: weight.as_deref(), offset: offset.as_deref() };
        Ok(boost::fit(&seen, rows, fit_rows, params, control)?.losses)
    }
}

/// The numbers of rows in another order.
fn pick(numbers: Option<&[f64]>, order: &[u32], control: &Control) -> Result<Option<Vec<f64>>> {
    numbers.map(|numbers| picked(numbers, order, control)).transpose()
}

fn picked<T: Copy>(from: &[T], order: &[u32], control: &Control) -> Result<Vec<T>> {
    let mut to = control.vec(order.len())?;
    to.extend(order.iter().map(|&r| from[r as usize]));
    Ok(to)
}

impl Target {
    fn pick(&self, order: &[u32], control: &Control) -> Result<Target> {
        Ok(match self {
            Target::Class { codes, classes } => {
                Target::Class { codes: picked(codes, order, control)?, classes: *classes }
            }
            Target::Number(values) => Target::Number(picked(values, order, control)?),
        })
    }
}

impl BinnedFeature {
    fn pick(&self, order: &[u32], control: &Control) -> Result<BinnedFeature> {
        let codes = match &self.codes {
            Codes::U8(codes) => Codes::U8(picked(codes, order, control)?),
            Codes::U16(codes) => Codes::U16(picked(codes, order, control)?),
            Codes::U32(codes) => Codes::U32(picked(codes, order, control)?),
        };
        Ok(BinnedFeature { codes, kind: self.kind.clone() })
    }
}
