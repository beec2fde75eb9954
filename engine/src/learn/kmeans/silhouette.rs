//! The silhouette coefficient (Rousseeuw 1987).

use rayon::prelude::*;

use super::lloyd::distance;
use crate::control::Control;
use crate::error::Result;

/// Beyond this many rows an evenly spaced sample of this many is judged; rows come in the order of a hash, so it is a fair one.
pub const SAMPLE: usize = 5_000;

/// The mean silhouette coefficient, and that of each segment.
pub(in crate::learn) struct Silhouettes {
    pub mean: Option<f64>,
    pub segments: Vec<Option<f64>>,
}

/// The mean silhouette coefficient of `values` (rows x `dimensions`) by `labels` (below `k`); `None` with fewer than two segments.
///
/// A row alone in its segment counts 0.
pub fn silhouette(
    values: &[f64],
    dimensions: usize,
    labels: &[u32],
    k: usize,
    control: &Control,
) -> Result<Option<f64>> {
    Ok(by_segment(values, dimensions, labels, k, control)?.mean)
}

/// The same, with the means of the segments; `None` of those that the sample has no row of. Rows of a label beyond `k` are in no segment and left out.
pub(in crate::learn) fn by_segment(
    values: &[f64],
    dimensions: usize,
    labels: &[u32],
    k: usize,
    control: &Control,
) -> Result<Silhouettes> {
    let rows = (0..labels.len()).filter(|&i| (labels[i] as usize) < k);
    let step = rows.clone().count().div_ceil(SAMPLE).max(1);
    let sample: Vec<usize> = rows.step_by(step).collect();
    let own: Vec<u32> = sample.iter().map(|&i| labels[i]).collect();
    let points: Vec<f64> =
        sample.iter().flat_map(|&i| &values[i * dimensions..(i + 1) * dimensions]).copied().collect();
    let coefficients = coefficients(&points, dimensions, &own, k, control)?;
    let mean = coefficients.iter().sum::<f64>() / coefficients.len() as f64;
    let mut sums = vec![(0.0, 0u32); k];
    for (coefficient, label) in coefficients.iter().zip(&own) {
        let (sum, rows) = &mut sums[*label as usize];
        (*sum, *rows) = (*sum + coefficient, *rows + 1);
    }
    let segments = sums.iter().map(|(sum, rows)| (*rows > 0).then(|| sum / f64::from(*rows))).collect();
    Ok(Silhouettes { mean: (!coefficients.is_empty()).then_some(mean), segments })
}

/// The silhouette coefficient of each row; none with fewer than two segments. It takes the distances of all rows to all others.
pub fn coefficients(
    values: &[f64],
    dimensions: usize,
    labels: &[u32],
    k: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    let n = labels.len();
    let mut sizes = vec![0usize; k];
    labels.iter().for_each(|&label| sizes[label as usize] += 1);
    if sizes.iter().filter(|&&s| s > 0).count() < 2 {
        return Ok(Vec::new());
    }
    let row = |i: usize| &values[i * dimensions..(i + 1) * dimensions];
    let coefficient = |i: usize| {
        control.check()?;
        let mut sums = vec![0.0; k];
        for j in 0..n {
            sums[labels[j] as usize] += distance(row(i), row(j)).sqrt();
        }
        let own = labels[i] as usize;
        if sizes[own] < 2 {
            return Ok(0.0);
        }
        let inside = sums[own] / (sizes[own] - 1) as f64;
        let others = (0..k).filter(|&c| c != own && sizes[c] > 0).map(|c| sums[c] / sizes[c] as f64);
        let outside = others.fold(f64::INFINITY, f64::min);
        let largest = inside.max(outside);
        Ok(if largest > 0.0 { (outside - inside) / largest } else { 0.0 })
    };
    (0..n).into_par_iter().map(coefficient).collect()
}
