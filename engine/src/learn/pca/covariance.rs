//! What rows have in common of each pair of dimensions.
//!
//! Pairs of dimensions are summed in tiles that stay near the processor, over blocks of rows. Few dimensions have few tiles, so rows are parted as
//! well, into a number of parts that depends on the rows and dimensions alone; their sums are added in their order.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::learn::kmeans::Points;
use crate::simd::{run_wide, Kernel};

/// Dimensions of a side of a tile.
const TILE: usize = 64;
/// Rows of a block.
const BLOCK: usize = 256;
/// The most parts of the rows.
const PARTS: usize = 64;
/// Numbers that the sums of all parts may have together, as far as parts can be fewer.
const MOST_SUMS: usize = 1 << 20;
/// Rows and columns of the tile that are summed in registers.
const TALL: usize = 4;
const WIDE: usize = 8;

/// The scatter of rows around their mean.
pub(super) struct Scatter {
    /// By dimension, the mean.
    pub mean: Vec<f64>,
    /// Dimensions x dimensions: the sums of the weighted products of what rows are apart from the mean.
    pub matrix: Vec<f64>,
    /// Rows that have a weight.
    pub rows: usize,
    /// The weight of all rows.
    pub weight: f64,
}

/// The scatter of rows. Fails when cancelled or out of memory.
pub(super) fn scatter(points: &Points<'_>, control: &Control) -> Result<Scatter> {
    let d = points.dimensions;
    let n = points.values.len().checked_div(d).unwrap_or(0);
    // Weights beyond all sums are brought down; what they are relative to each other is all that counts.
    let most = points.weight.map_or(1.0, |w| w.iter().fold(0.0f64, |most, w| most.max(*w)));
    let unit = if most > 0.0 { 1.0 / most } else { 0.0 };
    let unit = if unit.is_finite() { unit } else { f64::MAX };
    let scaled: Option<Vec<f64>> = match points.weight {
        Some(weight) => {
            let mut scaled = control.vec(n)?;
            scaled.extend(weight.iter().map(|w| w * unit));
            Some(scaled)
        }
        None => None,
    };
    let weight = scaled.as_deref();
    let rows = weight.map_or(n, |w| w.iter().filter(|w| **w > 0.0).count());
    let (mean, total) = means(points.values, d, weight, control)?;
    let matrix = products(points.values, &mean, weight, control)?;
    if let Some(scaled) = scaled {
        control.release_vec(scaled);
    }
    Ok(Scatter { mean, matrix, rows, weight: total })
}

/// The mean of each dimension, and the weight of all rows.
fn means(values: &[f64], d: usize, weight: Option<&[f64]>, control: &Control) -> Result<(Vec<f64>, f64)> {
    let part = |(first, rows): (usize, &[f64])| {
        control.check()?;
        let (mut sums, mut total) = (vec![0.0; d], 0.0);
        for (r, row) in rows.chunks_exact(d).enumerate() {
            let w = weight.map_or(1.0, |w| w[first * CHUNK + r]);
            total += w;
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += w * x);
        }
        Ok((sums, total))
    };
    let parts: Result<Vec<(Vec<f64>, f64)>> = values.par_chunks(CHUNK * d.max(1)).enumerate().map(part).collect();
    let (mut mean, mut total) = (vec![0.0; d], 0.0);
    for (sums, weight) in parts? {
        mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += sum);
        total += weight;
    }
    mean.iter_mut().for_each(|mean| *mean = if total > 0.0 { *mean / total } else { 0.0 });
    Ok((mean, total))
}

/// The sums of products of all pairs of dimensions.
fn products(values: &[f64], mean: &[f64], weight: Option<&[f64]>, control: &Control) -> Result<Vec<f64>> {
    let d = mean.len();
    let mut matrix: Vec<f64> = control.filled(d.saturating_mul(d), 0.0)?;
    if d == 0 {
        return Ok(matrix);
    }
    let n = values.len() / d;
    let blocks = n.div_ceil(BLOCK);
    let parts = (MOST_SUMS / (d * d).max(TILE)).clamp(1, PARTS).min(blocks.max(1));
    let each = blocks.div_ceil(parts).max(1) * BLOCK;
    let tiles = d.div_ceil(TILE);
    let pairs: Vec<(usize, usize)> = (0..tiles).flat_map(|a| (a..tiles).map(move |b| (a, b))).collect();
    let bytes = (pairs.len() * parts).saturating_mul(8 * TILE.min(d.next_multiple_of(WIDE)).pow(2));
    control.reserve(bytes)?;
    control.start((pairs.len() * parts) as u64);
    let task = |task: usize| {
        let (part, (a, b)) = (task / pairs.len(), pairs[task % pairs.len()]);
        // Parts are whole blocks, so the last of them may have no row.
        let (start, end) = ((part * each).min(n), ((part + 1) * each).min(n));
        let (rows, weight) = (&values[start * d..end * d], weight.map(|w| &w[start..end]));
        let sums = Tile::new(d, a, b).sums(rows, mean, weight, control)?;
        control.advance(1);
        Ok(sums)
    };
    let sums: Result<Vec<Vec<f64>>> = (0..pairs.len() * parts).into_par_iter().map(task).collect();
    for (task, sums) in sums?.into_iter().enumerate() {
        let (a, b) = pairs[task % pairs.len()];
        let tile = Tile::new(d, a, b);
        for i in 0..tile.left.len() {
            let to = &mut matrix[(tile.left.start + i) * d + tile.right.start..][..tile.right.len()];
            to.iter_mut().zip(&sums[i * tile.wide()..]).for_each(|(to, sum)| *to += sum);
        }
    }
    control.release(bytes);
    // What was summed above the diagonal holds below it.
    for i in 0..d {
        for j in 0..i {
            matrix[i * d + j] = matrix[j * d + i];
        }
    }
    Ok(matrix)
}

/// Two ranges of dimensions.
struct Tile {
    d: usize,
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
}

impl Tile {
    fn new(d: usize, a: usize, b: usize) -> Tile {
        let side = |t: usize| t * TILE..((t + 1) * TILE).min(d);
        Tile { d, left: side(a), right: side(b) }
    }

    /// Numbers of a row of the sums.
    fn wide(&self) -> usize {
        self.right.len().next_multiple_of(WIDE)
    }

    /// The sums of the products over rows.
    fn sums(&self, values: &[f64], mean: &[f64], weight: Option<&[f64]>, control: &Control) -> Result<Vec<f64>> {
        let (tall, wide) = (self.left.len().div_ceil(TALL), self.right.len().div_ceil(WIDE));
        let mut sums = vec![0.0; tall * TALL * self.wide()];
        let mut left = vec![[0.0; TALL]; tall * BLOCK];
        let mut right = vec![[0.0; WIDE]; wide * BLOCK];
        for (b, block) in values.chunks(BLOCK * self.d).enumerate() {
            control.check()?;
            for (r, row) in block.chunks_exact(self.d).enumerate() {
                let w = weight.map_or(1.0, |w| w[b * BLOCK + r]);
                let cells = row[self.left.clone()].iter().zip(&mean[self.left.clone()]).enumerate();
                cells.for_each(|(i, (x, mean))| left[i / TALL * BLOCK + r][i % TALL] = w * (x - mean));
                let cells = row[self.right.clone()].iter().zip(&mean[self.right.clone()]).enumerate();
                cells.for_each(|(j, (x, mean))| right[j / WIDE * BLOCK + r][j % WIDE] = x - mean);
            }
            let rows = block.len() / self.d;
            run_wide(Product {
                left: &left,
                right: &right,
                rows,
                wide: self.wide(),
                offset: self.offset(),
                sums: &mut sums,
            });
        }
        Ok(sums)
    }

    /// How far the columns of the tile are behind its rows: what lies wholly below the diagonal is left out.
    fn offset(&self) -> usize {
        self.right.start - self.left.start
    }
}

/// Add the products of the rows of a block to the sums of a tile.
struct Product<'a> {
    left: &'a [[f64; TALL]],
    right: &'a [[f64; WIDE]],
    rows: usize,
    wide: usize,
    offset: usize,
    sums: &'a mut [f64],
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn run(self) {
        for (i, left) in self.left.chunks_exact(BLOCK).enumerate() {
            for (j, right) in self.right.chunks_exact(BLOCK).enumerate() {
                if (j + 1) * WIDE + self.offset <= i * TALL {
                    continue;
                }
                let mut own = [[0.0; WIDE]; TALL];
                for (left, right) in left[..self.rows].iter().zip(&right[..self.rows]) {
                    for (own, x) in own.iter_mut().zip(left) {
                        for (own, y) in own.iter_mut().zip(right) {
                            *own += x * y;
                        }
                    }
                }
                for (k, own) in own.iter().enumerate() {
                    let to = &mut self.sums[(i * TALL + k) * self.wide + j * WIDE..][..WIDE];
                    to.iter_mut().zip(own).for_each(|(to, x)| *to += x);
                }
            }
        }
    }
}
