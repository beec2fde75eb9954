//! Principal components (Pearson 1901): the directions in which rows differ most, each at right angles to those before.
//!
//! Columns enter the space of k-means: numbers are standardised, a category has a dimension a level. What rows have in common of each pair of
//! dimensions is summed over blocks of rows in a fixed order ([`covariance`]), and a solver of our own finds the directions ([`eigen`]), so the
//! bytes of a model depend neither on the number of threads nor on the instructions.
//!
//! linfa-reduction 0.8.1 was looked at first. Its `Pca` starts LOBPCG from random vectors and multiplies by ndarray's `dot`, whose instructions
//! are chosen at run time; it takes no weights, cannot be cancelled, and copies the rows without counting them. It divides the variances by the
//! number of components less 1 in place of that of rows, so that one component has none, takes shares of what it kept in place of all, and
//! leaves signs to chance.

mod covariance;
mod eigen;
pub(crate) mod lanes;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{Table, CHUNK};
use crate::error::{Error, Result};
use crate::learn::forest::Part;
use crate::learn::kmeans::{space, width, KMeansParams, Points, Scaling};
use crate::learn::Unlabelled;
use crate::model::{Axis, Encoding, FeatureStats, Projection};

use covariance::Scatter;

/// The components that are kept where their number is not given. More are an array that nobody reads.
pub const MOST_COMPONENTS: usize = 256;
/// Loadings that are as large as the largest but for rounding: the first of them gives the sign.
const ALIKE: f64 = 1e-9;
/// No number of a row in the space is larger: squares of larger ones are none.
pub(crate) const FARTHEST: f64 = 1e100;

/// The variance of all dimensions together is below this, so that no training row is as far out.
const MOST_VARIANCE: f64 = 1e180;

/// How components are looked for. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct PcaParams {
    /// The number of components, or the share of the variance that they explain together; all that there are, up to [`MOST_COMPONENTS`], where
    /// it is not given.
    pub n_components: Option<Part>,
    /// Whether components are divided by their standard deviation.
    pub whiten: bool,
    /// Whether columns are brought to one scale, and not only centred.
    pub scale: bool,
    /// Levels of a category that have a dimension of their own; the others share one.
    pub max_categories: u32,
    /// The fewest rows that a level, or the end of a range, stands for.
    pub min_group: u64,
}

impl Default for PcaParams {
    fn default() -> Self {
        PcaParams { n_components: None, whiten: false, scale: true, max_categories: 20, min_group: 1 }
    }
}

/// What came out.
#[derive(Debug)]
pub struct PcaFit {
    /// The encoding of each feature.
    pub encodings: Vec<Encoding>,
    /// What training saw of each feature.
    pub stats: Vec<FeatureStats>,
    /// The model.
    pub body: Projection,
    /// How many directions have a variance at all.
    pub rank: usize,
    /// The mean squared error of the training rows when they are made again of their components.
    pub error: f64,
    /// The held-out rows by feature, as scoring takes them.
    pub held: Vec<Vec<f64>>,
}

/// Find the components of the rows `train`, given like `held` in canonical order of arrival indexes. Columns give their memory back as they enter
/// the space, unless they are to be `kept`. `weight` is of the training rows.
///
/// Fails where no column varies, where numbers are too large to be squared, when cancelled, or out of memory (8 bytes a row and dimension, and some
/// 24 for each pair of dimensions).
pub fn fit(
    table: &mut Table,
    rows: Unlabelled<'_>,
    params: &PcaParams,
    keep: bool,
    control: &Control,
) -> Result<PcaFit> {
    let PcaParams { max_categories, min_group, .. } = *params;
    let scaled = KMeansParams { max_categories, min_group, scaling: Scaling::Standard, ..KMeansParams::default() };
    let names: Vec<String> = rows.features.iter().map(|&f| table.columns[f].name.clone()).collect();
    let mut space = space::build(table, rows, &scaled, keep, control)?;
    let d = space.dimensions;
    let mut factors = Vec::with_capacity(d);
    for ((axis, stats), name) in space.axes.iter_mut().zip(&space.stats).zip(&names) {
        let factor = rescale(axis, params.scale, stats).ok_or_else(|| too_large(name))?;
        factors.extend(std::iter::repeat_n(factor, width(axis)));
    }
    multiply(&mut space.values, &factors, control)?;
    let points = Points { values: &space.values, dimensions: d, weight: rows.weight, restraints: &[] };
    let scatter = covariance::scatter(&points, control)?;
    control.release_vec(space.values);
    let Scatter { mean, matrix, rows, weight } = scatter;
    let denominator = weight * (rows as f64 - 1.0) / rows as f64;
    if rows < 2 || d == 0 || denominator <= 0.0 {
        return Err(nothing_varies());
    }
    let total = (0..d).map(|i| matrix[i * d + i]).sum::<f64>() / denominator;
    if total.is_nan() || total >= MOST_VARIANCE || matrix.iter().any(|x| !x.is_finite()) {
        return Err(Error::data(
            "the numbers are too large for their squares to be added up",
            "Scale the columns, or train with \"scale\": true.",
        ));
    }
    if total <= 0.0 {
        return Err(nothing_varies());
    }
    let solved = eigen::Solved::new(matrix, d, control)?;
    let variance: Vec<f64> = solved.values.iter().map(|value| (value / denominator).max(0.0)).collect();
    // A variance below this is what rounding leaves of none.
    let least = variance.first().map_or(0.0, |most| most * f64::EPSILON * 4.0 * d as f64);
    let rank = variance.iter().take_while(|v| **v > least).count().min(rows - 1);
    let count = chosen(params.n_components, &variance, total, rank);
    if count == 0 {
        return Err(nothing_varies());
    }
    let components = solved.vectors(count, control)?;
    solved.release(control);
    let explained: f64 = variance[..count].iter().sum();
    let error = (total - explained).max(0.0) * denominator / weight / d as f64;
    let body = Projection {
        axes: space.axes,
        dimensions: d as u32,
        mean,
        components,
        variance: variance[..count].to_vec(),
        total_variance: total.max(explained),
        whiten: params.whiten,
    };
    Ok(PcaFit { encodings: space.encodings, stats: space.stats, body, rank, error, held: space.held })
}

fn nothing_varies() -> Error {
    Error::data("no column varies, so there are no components", "Give columns with different values.")
}

fn too_large(name: &str) -> Error {
    Error::data(
        format!("the numbers of column \"{name}\" are too large or too small to be compared without a scale"),
        "Train with \"scale\": true, or scale the column in the source.",
    )
}

/// Change an axis of the space of k-means to one of components: what its numbers are multiplied by; `None` where they cannot be left as they are.
///
/// A column that says nothing stands still, whatever its values. Where columns are only centred, a level is 1 in its dimension.
fn rescale(axis: &mut Axis, scale: bool, stats: &FeatureStats) -> Option<f64> {
    match axis {
        Axis::Number { fill, shift, scale: own, low, high } if *own == 0.0 => {
            let varies = stats.maximum > stats.minimum;
            (*fill, *shift, *low, *high) = (0.0, 0.0, 0.0, 0.0);
            (scale || !varies).then_some(0.0)
        }
        Axis::Number { scale: own, .. } | Axis::Category { scale: own, .. } if !scale && *own != 0.0 => {
            let factor = 1.0 / std::mem::replace(own, 1.0);
            factor.is_finite().then_some(factor)
        }
        _ => Some(1.0),
    }
}

/// Multiply each dimension of the rows by its factor.
fn multiply(values: &mut [f64], factors: &[f64], control: &Control) -> Result<()> {
    if factors.iter().all(|factor| *factor == 1.0) {
        return Ok(());
    }
    values.par_chunks_mut(CHUNK.div_ceil(factors.len()) * factors.len()).try_for_each(|rows| {
        control.check()?;
        for row in rows.chunks_exact_mut(factors.len()) {
            // Of a column that stands still even what is no number is nothing.
            row.iter_mut().zip(factors).for_each(|(x, factor)| *x = if *factor == 0.0 { 0.0 } else { *x * factor });
        }
        Ok(())
    })
}

/// How many components are kept, of so many that have a variance.
fn chosen(asked: Option<Part>, variance: &[f64], total: f64, rank: usize) -> usize {
    match asked {
        None => rank.min(MOST_COMPONENTS),
        Some(Part::Count(count)) => rank.min(usize::try_from(count).unwrap_or(usize::MAX)),
        Some(Part::Share(share)) => {
            // As in scikit-learn: the first that together explain more than the share.
            let mut sum = 0.0;
            let below = variance[..rank].iter().take_while(|v| {
                sum += **v / total;
                sum <= share
            });
            (below.count() + 1).min(rank)
        }
        Some(_) => rank,
    }
}

/// Turn a direction so that the first of its largest loadings is positive, and give it the length 1.
fn direct(vector: &mut [f64]) {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    let most = vector.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let first = vector.iter().find(|x| x.abs() >= most * (1.0 - ALIKE)).copied().unwrap_or(1.0);
    let by = if first < 0.0 { -length } else { length };
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x = *x / by + 0.0);
    }
}

#[cfg(test)]
mod tests;
