//! k-means: Lloyd's algorithm (1982) from k-means++ starts (Arthur, Vassilvitskii 2007) in a space of scaled columns.
//!
//! Sums are taken over blocks of a fixed number of rows and the blocks are added in their order, so the bytes of a model do not depend
//! on the number of threads.

mod choose;
mod describe;
mod lloyd;
mod mixture;
pub(crate) mod random;
mod seed;
mod silhouette;
mod space;
mod stability;

pub use describe::Seen;
pub(crate) use silhouette::coefficients;
pub use silhouette::{silhouette, SAMPLE};
pub(crate) use space::{coder, place, width};
pub use stability::{stability, SegmentStability, Stability};

use crate::control::Control;
use crate::data::Table;
use crate::error::{Error, Result};
use crate::model::{Candidate, Encoding, FeatureStats, KMeans};
use random::Random;

/// How segments are looked for. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansParams {
    /// The number of segments.
    pub n_clusters: u32,
    /// Whether that number is to be found instead.
    pub choose: bool,
    /// The most segments where their number is to be found.
    pub max_clusters: u32,
    /// Starts, of which the best is kept.
    pub n_init: u32,
    /// The most iterations of a start.
    pub max_iter: u32,
    /// The squared movement of the centres, relative to the mean variance of the dimensions, that ends a start.
    pub tol: f64,
    /// The seed of the starts.
    pub seed: u64,
    /// Levels of a category that have a dimension of their own; the others share one.
    pub max_categories: u32,
    /// The fewest rows that a segment, a level, or the end of a range stands for.
    pub min_group: u64,
    /// Whether the rows are looked at once more, to describe the segments.
    pub describe: bool,
}

impl Default for KMeansParams {
    fn default() -> Self {
        KMeansParams {
            n_clusters: 8,
            choose: false,
            max_clusters: 20,
            n_init: 10,
            max_iter: 300,
            tol: 1e-4,
            seed: 42,
            max_categories: 20,
            min_group: 1,
            describe: false,
        }
    }
}

/// What came out.
#[derive(Debug)]
pub struct KMeansFit {
    /// The encoding of each feature.
    pub encodings: Vec<Encoding>,
    /// What training saw of each feature.
    pub stats: Vec<FeatureStats>,
    /// The model.
    pub body: KMeans,
    /// Iterations of the best start.
    pub iterations: u32,
    /// Segments that were given up because they had fewer rows than a group must have.
    pub given_up: u32,
    /// The mean silhouette coefficient; `None` with one segment.
    pub silhouette: Option<f64>,
    /// The held-out rows by feature, as scoring takes them.
    pub held: Vec<Vec<f64>>,
    /// The segment of each training row.
    pub labels: Vec<u32>,
    /// The training rows by their places, segment by segment; empty unless asked for.
    pub order: Vec<u32>,
    /// The mean silhouette coefficient of each segment.
    pub silhouettes: Vec<Option<f64>>,
    /// The numbers of segments that were looked at, if one was to be found.
    pub candidates: Vec<Candidate>,
    /// What the space tells of the segments; empty unless asked for.
    pub seen: Seen,
}

/// Rows in the scaled space.
pub(crate) struct Points<'a> {
    /// Rows x dimensions.
    pub values: &'a [f64],
    /// Numbers a row.
    pub dimensions: usize,
    /// The weight of each row, where they differ.
    pub weight: Option<&'a [f64]>,
}

impl Points<'_> {
    fn rows(&self) -> usize {
        self.values.len() / self.dimensions.max(1)
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.dimensions..(i + 1) * self.dimensions]
    }

    fn weight(&self, i: usize) -> f64 {
        self.weight.map_or(1.0, |w| w[i])
    }
}

/// Find segments of the rows `train`, given like `held` in canonical order of arrival indexes. Columns give their memory back as they
/// enter the space, unless they are to be `kept`. `weight` is of the training rows.
///
/// Where there are fewer distinct rows than `n_clusters`, there are as many segments as distinct rows; rows that are all alike are one. Fails without a column, when
/// cancelled, or out of memory (8 bytes a row and dimension).
#[allow(clippy::too_many_arguments)]
pub fn fit(
    table: &mut Table,
    features: &[usize],
    train: &[u32],
    held: &[u32],
    weight: Option<&[f64]>,
    params: &KMeansParams,
    keep: bool,
    control: &Control,
) -> Result<KMeansFit> {
    let kept = (params.max_categories, params.min_group);
    let space = space::build(table, features, train, held, weight, kept, keep, control)?;
    if space.dimensions == 0 {
        return Err(Error::data("no column varies, so there are no segments", "Give columns with different values."));
    }
    let points = Points { values: &space.values, dimensions: space.dimensions, weight };
    let variance = space.variance(&points, control)?;
    let candidates = if params.choose { choose::choose(&points, params, control)? } else { Vec::new() };
    let chosen = candidates.iter().find(|c| c.chosen).map_or(params.n_clusters, |c| c.n_clusters);
    control.start(u64::from(params.n_init) * u64::from(params.max_iter));
    let mut best: Option<lloyd::Fit> = None;
    for start in 0..params.n_init {
        let mut random = Random::new(params.seed, u64::from(start));
        let centres = seed::plus_plus(&points, chosen as usize, &mut random, control)?;
        let fit = lloyd::run(&points, centres, params.max_iter, params.tol * variance, control)?;
        if best.as_ref().is_none_or(|b| fit.inertia < b.inertia) {
            best = Some(fit);
        }
        control.advance(u64::from(params.max_iter));
    }
    let mut best = best.ok_or_else(|| Error::Internal("k-means had no start".into()))?;
    let mut given_up = 0;
    if params.min_group > 1 {
        while let Some(centres) = best.without_smallest(params.min_group, space.dimensions) {
            best = lloyd::run(&points, centres, params.max_iter, params.tol * variance, control)?;
            given_up += 1;
        }
    }
    best.sort(space.dimensions);
    let judged = silhouette::by_segment(&space.values, space.dimensions, &best.labels, best.sizes.len(), control)?;
    let body = KMeans {
        axes: space.axes,
        dimensions: space.dimensions as u32,
        centres: best.centres,
        sizes: best.sizes,
        inertia: best.inertia,
    };
    let (mut order, mut seen) = (Vec::new(), Seen::default());
    if params.describe {
        order = by_segment(&best.labels, &body.sizes, control)?;
        let points = Points { values: &space.values, dimensions: space.dimensions, weight };
        seen = describe::look(&points, &body, &best.labels, &order, control)?;
    }
    control.release_vec(space.values);
    Ok(KMeansFit {
        encodings: space.encodings,
        stats: space.stats,
        body,
        iterations: best.iterations,
        given_up,
        silhouette: judged.mean,
        held: space.held,
        labels: best.labels,
        order,
        candidates,
        silhouettes: judged.segments,
        seen,
    })
}

/// The places of rows, segment by segment, in their order.
fn by_segment(labels: &[u32], sizes: &[u64], control: &Control) -> Result<Vec<u32>> {
    let mut next = Vec::with_capacity(sizes.len());
    let mut first = 0usize;
    for size in sizes {
        next.push(first);
        first += *size as usize;
    }
    let mut order = control.filled(labels.len(), 0u32)?;
    for (row, label) in labels.iter().enumerate() {
        let at = &mut next[*label as usize];
        order[*at] = row as u32;
        *at += 1;
    }
    Ok(order)
}
