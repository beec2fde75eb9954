//! The scores of all pairs of rows and offers.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::train::score_columns;
use crate::score::{effects, Batch, Scorer};

/// Rows that a thread scores with an offer at a time.
const ROWS: usize = 1024;

/// One side of the pairs: its features by column, each cell as [`Scorer::predict`] takes it. A feature that the side does not have is `None`.
#[derive(Debug, Default)]
pub struct Side {
    /// The features of the model.
    pub features: Vec<Option<Vec<f64>>>,
    /// Its rows.
    pub rows: usize,
}

/// Score each row with each offer, the offers of a row side by side, by a model that gives one number. What neither side has is missing.
pub fn pairs(scorer: &Scorer, rows: &Side, offers: &Side, control: &Control) -> Result<Vec<f64>> {
    if scorer.outputs() != 1 {
        return Err(Error::Internal("pairs are scored by models of one number".into()));
    }
    let mut scores: Vec<f64> = control.filled(rows.rows.saturating_mul(offers.rows), f64::NAN)?;
    if scores.is_empty() {
        return Ok(scores);
    }
    let features = scorer.model().features.len();
    let missing = vec![f64::NAN; ROWS];
    let init = || (Batch::new(scorer), vec![vec![f64::NAN; ROWS]; features], vec![f64::NAN; ROWS]);
    let parts = scores.par_chunks_mut(ROWS * offers.rows).enumerate();
    parts.try_for_each_init(init, |(batch, constant, said), (part, scores)| {
        let from = part * ROWS;
        let count = scores.len() / offers.rows;
        for offer in 0..offers.rows {
            control.check()?;
            for (constant, values) in constant.iter_mut().zip(&offers.features) {
                if let Some(value) = values.as_ref().and_then(|values| values.get(offer)) {
                    constant[..count].fill(*value);
                }
            }
            let cell = |feature: usize| match (rows.features.get(feature), offers.features.get(feature)) {
                (Some(Some(values)), _) => &values[from..from + count],
                (_, Some(Some(_))) => &constant[feature][..count],
                _ => &missing[..count],
            };
            let cells: Vec<&[f64]> = (0..features).map(cell).collect();
            batch.predict(scorer, &cells, &mut said[..count]);
            scores.chunks_exact_mut(offers.rows).zip(said.iter()).for_each(|(row, said)| row[offer] = *said);
        }
        Ok::<_, Error>(())
    })?;
    Ok(scores)
}
/// What each treatment changes for each row, those of a row side by side: `arms` has for each its place among those of a model of uplift, counted from 1; 0 is none, which changes nothing, and what
/// the model does not know is NaN.
pub fn treatments(scorer: &Scorer, rows: &Side, arms: &[Option<u32>], control: &Control) -> Result<Vec<f64>> {
    let columns: Vec<Vec<f64>> = rows
        .features
        .iter()
        .map(|values| match values {
            Some(values) => Ok(values.clone()),
            None => control.filled(rows.rows, f64::NAN),
        })
        .collect::<Result<_>>()?;
    let said = score_columns(scorer, &columns, control)?;
    let mut scores: Vec<f64> = control.vec(rows.rows.saturating_mul(arms.len()))?;
    for answer in said.chunks_exact(scorer.outputs()) {
        let effects = effects(answer);
        let of = |arm: &Option<u32>| match arm {
            Some(0) => 0.0,
            Some(arm) => effects.get(*arm as usize - 1).copied().unwrap_or(f64::NAN),
            None => f64::NAN,
        };
        scores.extend(arms.iter().map(of));
    }
    control.release_vec(said);
    Ok(scores)
}
