//! What the features of a sum say on average of the rows that it was learned from: explanations tell from there.

use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::model::Additive;

/// What each feature says on average.
pub(super) fn means(
    body: &Additive,
    columns: &[Vec<f64>],
    weight: Option<&[f64]>,
    control: &Control,
) -> Result<Vec<f64>> {
    let outputs = body.outputs as usize;
    let whole = weight.map_or(columns.first().map_or(0, Vec::len) as f64, |w| w.iter().sum());
    let mut means = Vec::with_capacity(columns.len() * outputs);
    for (term, column) in body.terms.iter().zip(columns) {
        let mut total = vec![0.0; outputs];
        for (c, part) in column.chunks(CHUNK).enumerate() {
            control.check()?;
            let (mut sum, mut said) = (vec![0.0; outputs], vec![0.0; outputs]);
            for (i, &value) in part.iter().enumerate() {
                said.fill(0.0);
                term.add(value, &mut said);
                let w = weight.map_or(1.0, |w| w[c * CHUNK + i]);
                sum.iter_mut().zip(&said).for_each(|(sum, x)| *sum += w * x);
            }
            total.iter_mut().zip(&sum).for_each(|(t, s)| *t += s);
        }
        means.extend(total.iter().map(|t| if whole > 0.0 { (t / whole).clamp(f64::MIN, f64::MAX) } else { 0.0 }));
    }
    Ok(means)
}
