//! What the features of a sum say on average of the rows that it was learned from: explanations tell from there.

use crate::control::Control;
use crate::error::Result;
use crate::learn::sum::sums;
use crate::model::{Additive, Term};

/// What each feature says on average, feature by feature, a number an output.
pub(super) fn means(
    body: &Additive,
    columns: &[Vec<f64>],
    weight: Option<&[f64]>,
    control: &Control,
) -> Result<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let weigh = |row: usize| weight.map_or(1.0, |w| w[row]);
    let [whole] = sums(0..rows, control, |part| [part.map(weigh).sum()])?;
    let mut means = Vec::with_capacity(columns.len() * body.outputs as usize);
    for (term, column) in body.terms.iter().zip(columns) {
        let total = match term {
            Term::Number { low, high, shift, slope, square, missing } => {
                let [absent, sum, squares] = sums(0..rows, control, |part| {
                    let mut out = [0.0; 3];
                    for row in part {
                        let (x, w) = (column[row], weigh(row));
                        if x.is_nan() {
                            out[0] += w;
                        } else {
                            let x = if x.is_infinite() { x.clamp(*low, *high) } else { x } - shift;
                            out[1] += w * x;
                            out[2] += w * x * x;
                        }
                    }
                    out
                })?;
                let bow = |k: usize| square.get(k).map_or(0.0, |square| square * squares);
                slope.iter().zip(missing).enumerate().map(|(k, (slope, m))| slope * sum + bow(k) + m * absent).collect()
            }
            Term::Levels { values, missing } => {
                let outputs = missing.len().max(1);
                let last = (values.len() / outputs).saturating_sub(1);
                let mut by_level = vec![0.0; last + 2];
                for (row, x) in column.iter().enumerate() {
                    let level = if x.is_nan() { last + 1 } else { (x.max(0.0) as usize).min(last) };
                    by_level[level] += weigh(row);
                }
                let said = || values.chunks_exact(outputs).chain([missing.as_slice()]);
                let of = |k: usize| by_level.iter().zip(said()).map(|(w, own)| w * own[k]).sum();
                (0..missing.len()).map(of).collect::<Vec<f64>>()
            }
        };
        let mean = |t: &f64| Some(t / whole).filter(|m| !m.is_nan()).unwrap_or(0.0).clamp(f64::MIN, f64::MAX);
        means.extend(total.iter().map(mean));
    }
    Ok(means)
}
