//! Where a score is a sum of what features say, each adds what it says less what it says on average: exactly its Shapley value.

use super::background::Background;
use crate::control::Control;
use crate::error::Result;
use crate::model::Additive;

/// Explain rows given by column, compared with a background or with the training rows; returns the mean score.
pub(super) fn explain(
    body: &Additive,
    columns: &[&[f64]],
    background: Option<Background<'_>>,
    output: usize,
    out: &mut [f64],
    control: &Control,
) -> Result<f64> {
    let (outputs, features) = (body.outputs as usize, body.terms.len());
    let mut sums = vec![0.0; outputs];
    let mut said = |feature: usize, value: f64| {
        sums.fill(0.0);
        body.terms[feature].add(value, &mut sums);
        sums[output]
    };
    let mut mean = body.intercept[output];
    for (feature, column) in columns.iter().enumerate() {
        control.check()?;
        let usual = match background {
            Some(Background(rows)) => {
                let rows = &rows[feature];
                rows.iter().map(|&value| said(feature, value)).sum::<f64>() / rows.len().max(1) as f64
            }
            None => body.means[feature * outputs + output],
        };
        mean += usual;
        for (row, &value) in column.iter().enumerate() {
            out[row * features + feature] = said(feature, value) - usual;
        }
    }
    Ok(mean)
}
