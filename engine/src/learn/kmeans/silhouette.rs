//! The silhouette coefficient (Rousseeuw 1987).

use rayon::prelude::*;

use super::lloyd::BLOCK;
use crate::control::Control;
use crate::error::Result;
use crate::simd::{run_wide, Kernel};

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
    let sizes_of: Vec<u64> = sizes.iter().map(|&size| size as u64).collect();
    let order = super::by_segment(labels, &sizes_of, control)?;
    let block = |first: usize| {
        let own: [usize; SIDE] = std::array::from_fn(|lane| (first + lane).min(n - 1));
        let mut rows = vec![[0.0; SIDE]; dimensions];
        for (lane, row) in own.iter().enumerate() {
            let row = &values[row * dimensions..(row + 1) * dimensions];
            rows.iter_mut().zip(row).for_each(|(at, x)| at[lane] = *x);
        }
        let (mut sums, mut start) = (vec![[0.0; SIDE]; k], 0);
        for (total, &size) in sums.iter_mut().zip(&sizes) {
            for others in order[start..start + size].chunks(BLOCK) {
                control.check()?;
                run_wide(Far { rows: &rows, values, others, total });
            }
            start += size;
        }
        let coefficient = |lane: usize| {
            let own = labels[own[lane]] as usize;
            if sizes[own] < 2 {
                return 0.0;
            }
            let inside = sums[own][lane] / (sizes[own] - 1) as f64;
            let others = (0..k).filter(|&c| c != own && sizes[c] > 0).map(|c| sums[c][lane] / sizes[c] as f64);
            let outside = others.fold(f64::INFINITY, f64::min);
            let largest = inside.max(outside);
            if largest > 0.0 {
                (outside - inside) / largest
            } else {
                0.0
            }
        };
        Ok((0..SIDE.min(n - first)).map(coefficient).collect())
    };
    let blocks: Result<Vec<Vec<f64>>> = (0..n.div_ceil(SIDE)).into_par_iter().map(|b| block(b * SIDE)).collect();
    control.release_vec(order);
    Ok(blocks?.concat())
}

/// Rows whose distances are worked out side by side.
const SIDE: usize = 8;

/// The distances of [`SIDE`] rows, given number by number, to some of the others, added to their sums.
struct Far<'a> {
    rows: &'a [[f64; SIDE]],
    values: &'a [f64],
    others: &'a [u32],
    total: &'a mut [f64; SIDE],
}

impl Kernel for Far<'_> {
    #[inline(always)]
    fn run(self) {
        let (d, mut total) = (self.rows.len(), *self.total);
        for &other in self.others {
            let other = &self.values[other as usize * d..(other as usize + 1) * d];
            let mut squares = [0.0; SIDE];
            for (own, x) in self.rows.iter().zip(other) {
                for lane in 0..SIDE {
                    squares[lane] += (own[lane] - x) * (own[lane] - x);
                }
            }
            for lane in 0..SIDE {
                total[lane] += squares[lane].sqrt();
            }
        }
        *self.total = total;
    }
}
