//! The scores of all pairs of rows and offers.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::score::{Batch, Scorer};

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
