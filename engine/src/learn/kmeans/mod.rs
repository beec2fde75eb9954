//! k-means: Lloyd's algorithm (1982) from k-means++ starts (Arthur, Vassilvitskii 2007) in a space of scaled columns.
//!
//! A row belongs to the first of the centres at the smallest distance, as scoring works it out to the last bit; bounds and short integers
//! only save what cannot be the answer ([`screen`]). Sums are taken over a number of parts of the rows that depends on the rows alone and
//! are added in their order. So the bytes of a model depend neither on the number of threads nor on the instructions.

mod assign;
mod batch;
mod choose;
mod columns;
mod definition;
mod describe;
mod gaps;
pub mod gaussian;
mod given;
mod lloyd;
mod logarithm;
mod mixture;
mod restraint;
mod screen;
mod seed;
mod silhouette;
pub(crate) mod space;
mod stability;
mod sums;

pub(super) use describe::look;
pub use describe::Seen;
pub(super) use silhouette::by_segment as silhouettes;
pub(crate) use silhouette::coefficients;
pub use silhouette::{silhouette, SAMPLE};
pub(super) use space::of_segments;
pub(crate) use space::{before, coder, inverse, place, place_beyond, width};
pub use stability::{stability, SegmentStability, Stability};

use crate::control::Control;
use crate::data::Table;
use crate::error::{Error, Result};
use crate::learn::random::Random;
use crate::learn::Unlabelled;
use crate::model::{Candidate, Encoding, FeatureStats, KMeans};
use crate::simd::prefetch;
pub(crate) use restraint::Restraint;
use screen::Screen;
use serde_json::{Map, Value};

/// How often segments are numbered anew at most, until the numbers say which of equally near centres a row belongs to.
const ROUNDS: u32 = 5;

/// Bytes that a training needs for a row beside its columns: order, hashes, labels, bounds and norms; and for each number of it in the space, twice over.
pub const ROW_BYTES: usize = 48;
/// See above.
pub const DIMENSION_BYTES: usize = 12;

/// Where centres start.
#[derive(Debug, Clone, PartialEq)]
pub enum Init {
    /// Greedy k-means++.
    PlusPlus,
    /// k-means||: many rows drawn at once in a few rounds, then k-means++ among them.
    Parallel,
    /// Rows drawn.
    Random,
    /// Centres in the units of the columns, by their names.
    Given(Vec<Map<String, Value>>),
}

impl Init {
    /// The ways that have a name.
    pub const NAMED: [(&str, Init); 3] =
        [("k-means++", Init::PlusPlus), ("k-means||", Init::Parallel), ("random", Init::Random)];

    /// Its name; `None` for centres that are given.
    pub fn name(&self) -> Option<&'static str> {
        Init::NAMED.iter().find(|named| named.1 == *self).map(|named| named.0)
    }
}

/// How numbers enter the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// As [`Scaling::Standard`], skewed ones by their logarithm.
    Auto,
    /// Less their mean, over their standard deviation.
    Standard,
    /// By their logarithm, and then so.
    Log,
    /// As they are.
    None,
}

impl Scaling {
    /// All, by name.
    pub const NAMED: [(&str, Scaling); 4] =
        [("auto", Scaling::Auto), ("standard", Scaling::Standard), ("log", Scaling::Log), ("none", Scaling::None)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Scaling::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// What is asked of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Treatment {
    /// What its squared differences are multiplied by.
    pub weight: f64,
    /// Whether it measures something, so that its logarithm means something.
    pub is_measure: bool,
    /// Of an element of an array of which only the direction counts: for the last the number of all, else 0.
    pub element: Option<u32>,
}

impl Default for Treatment {
    fn default() -> Self {
        Treatment { weight: 1.0, is_measure: true, element: None }
    }
}

/// How segments are looked for. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansParams {
    /// The number of segments.
    pub n_clusters: u32,
    /// Whether that number is to be found instead.
    pub choose: bool,
    /// The most segments where their number is to be found.
    pub max_clusters: u32,
    /// Starts, of which the best is kept; of centres that are given there is one.
    pub n_init: u32,
    /// Where centres start.
    pub init: Init,
    /// Rows of a mini-batch; without it all rows are looked at in every iteration.
    pub batch_size: Option<u32>,
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
    /// How numbers enter the space.
    pub scaling: Scaling,
    /// Whether a centre has one level of each category, the most frequent, instead of shares of all (k-prototypes).
    pub modes: bool,
    /// What a row pays for a level other than that of its centre, for all categories alike; without it each category counts as much as a number.
    pub gamma: Option<f64>,
    /// By feature, what is asked of it; empty where nothing is.
    pub treatments: Vec<Treatment>,
}

impl KMeansParams {
    /// What is asked of a feature.
    pub fn treatment(&self, feature: usize) -> Treatment {
        self.treatments.get(feature).copied().unwrap_or_default()
    }
}

impl Default for KMeansParams {
    fn default() -> Self {
        KMeansParams {
            n_clusters: 8,
            choose: false,
            max_clusters: 20,
            n_init: 10,
            init: Init::PlusPlus,
            batch_size: None,
            max_iter: 300,
            tol: 1e-4,
            seed: 42,
            max_categories: 20,
            min_group: 1,
            describe: false,
            scaling: Scaling::Auto,
            modes: false,
            gamma: None,
            treatments: Vec::new(),
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

/// What [`lloyd`] found.
#[derive(Debug, PartialEq)]
pub struct Clusters {
    /// The centres, each the mean of its rows unless the iterations ended early.
    pub centres: Vec<f64>,
    /// The nearest centre of each row, the first of equals.
    pub labels: Vec<u32>,
    /// Rows of each centre.
    pub sizes: Vec<u64>,
    /// The sum of weighted squared distances of rows to their centres.
    pub inertia: f64,
    /// How often centres were moved.
    pub iterations: u32,
}

/// Lloyd's iterations of rows in a space, `dimensions` numbers each, from `centres`: until no row changes its centre, the centres together
/// move by no more than `tol` (squared), or `max_iter` times. A centre that loses all rows starts again at a row that is far from its own.
///
/// Fails when cancelled or out of memory (2 to 4 bytes for each number of a row, 12 for a row). The rows are at least one of at least one
/// number each, and finite.
pub fn lloyd(
    values: &[f64],
    dimensions: usize,
    weight: Option<&[f64]>,
    centres: &[f64],
    max_iter: u32,
    tol: f64,
    control: &Control,
) -> Result<Clusters> {
    let points = Points { values, dimensions, weight, restraints: &[] };
    let fit = best_of(&points, 1, |_| Ok(centres.to_vec()), (max_iter, tol), control)?;
    let fit = fit.ok_or_else(|| Error::Internal("k-means had no start".into()))?;
    let lloyd::Fit { centres, labels, sizes, inertia, iterations, .. } = fit;
    Ok(Clusters { centres, labels, sizes, inertia, iterations })
}

/// The best of so many starts from centres; `None` of no start.
fn best_of(
    points: &Points<'_>,
    starts: u32,
    mut centres: impl FnMut(u32) -> Result<Vec<f64>>,
    (max_iter, tol): (u32, f64),
    control: &Control,
) -> Result<Option<lloyd::Fit>> {
    let mut best: Option<lloyd::Fit> = None;
    let mut screen = Screen::new(points, false, control)?;
    for start in 0..starts {
        let fit = lloyd::run(points, &mut screen, centres(start)?, max_iter, tol, control)?;
        if best.as_ref().is_none_or(|b| fit.inertia < b.inertia) {
            best = Some(fit);
        }
    }
    if let Some(screen) = screen {
        screen.release(control);
    }
    Ok(best)
}

/// Rows in the scaled space.
pub(crate) struct Points<'a> {
    /// Rows x dimensions.
    pub values: &'a [f64],
    /// Numbers a row.
    pub dimensions: usize,
    /// The weight of each row, where they differ.
    pub weight: Option<&'a [f64]>,
    /// What centres must be.
    pub restraints: &'a [Restraint],
}

impl<'a> Points<'a> {
    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.dimensions.max(1)
    }

    pub(super) fn row(&self, i: usize) -> &'a [f64] {
        &self.values[i * self.dimensions..(i + 1) * self.dimensions]
    }

    /// Have the numbers of a row brought near.
    #[inline(always)]
    fn prefetch(&self, i: usize) {
        let row = self.row(i);
        row.iter().step_by(8).take(4).for_each(prefetch);
        // Rows need not begin where a line of the caches does.
        row.last().into_iter().for_each(prefetch);
    }

    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weight.map_or(1.0, |w| w[i])
    }
}

/// Find segments of the rows `train`, given like `held` in canonical order of arrival indexes. Columns give their memory back as they
/// enter the space, unless they are to be `kept`. `weight` is of the training rows.
///
/// Where there are fewer distinct rows than `n_clusters`, there are as many segments as distinct rows; rows that are all alike are one. Fails without a column, when
/// cancelled, or out of memory (8 bytes a row and dimension).
pub fn fit(
    table: &mut Table,
    rows: Unlabelled<'_>,
    params: &KMeansParams,
    keep: bool,
    control: &Control,
) -> Result<KMeansFit> {
    let space = space::of_segments(table, rows, params, keep, control)?;
    let (features, weight) = (rows.features, rows.weight);
    let restraints = Restraint::of(&space.axes, params.modes);
    let points = Points { values: &space.values, dimensions: space.dimensions, weight, restraints: &restraints };
    let variance = space::variance(&points, control)?;
    let candidates = if params.choose { choose::choose(&points, params, control)? } else { Vec::new() };
    let chosen = candidates.iter().find(|c| c.chosen).map_or(params.n_clusters, |c| c.n_clusters);
    control.start(u64::from(params.n_init) * u64::from(params.max_iter));
    let screen = Screen::new(&points, false, control)?;
    let clusters = chosen as usize;
    let mut search = Search { points: &points, screen, params, clusters, tol: params.tol * variance, control };
    let mut best = match &params.init {
        Init::Given(given) => {
            let names: Vec<String> = features.iter().map(|&f| table.columns[f].name.clone()).collect();
            let mut centres = given::centres(given, &names, &space.axes, &space.encodings)?;
            restraint::hold(&restraints, &mut centres, space.dimensions);
            search.from(centres, 0)?
        }
        _ => search.best()?,
    };
    let mut given_up = 0;
    for _ in 0..ROUNDS {
        if params.min_group > 1 {
            while let Some(centres) = best.without_smallest(params.min_group, space.dimensions) {
                best = lloyd::run(&points, &mut search.screen, centres, params.max_iter, search.tol, control)?;
                given_up += 1;
            }
        }
        best.sort(space.dimensions);
        // A row between two centres is of the first, which may be the other one by now.
        let again = lloyd::run(&points, &mut search.screen, best.centres.clone(), 0, search.tol, control)?;
        let is_same = again.labels == best.labels;
        (best.labels, best.inertia) = (again.labels, again.inertia);
        (best.made_of, best.sizes) = (again.sizes.clone(), again.sizes);
        if is_same {
            break;
        }
    }
    if let Some(screen) = search.screen {
        screen.release(control);
    }
    let told = Finish { given_up, candidates, describe: params.describe };
    finish(space, best, weight, told, control)
}

/// What is known of segments before they are looked at.
struct Finish {
    given_up: u32,
    candidates: Vec<Candidate>,
    /// Whether the rows are looked at once more.
    describe: bool,
}

/// Judge and describe the segments that were found in a space.
fn finish(
    space: space::Space,
    best: lloyd::Fit,
    weight: Option<&[f64]>,
    told: Finish,
    control: &Control,
) -> Result<KMeansFit> {
    let judged = silhouette::by_segment(&space.values, space.dimensions, &best.labels, best.sizes.len(), control)?;
    let body = KMeans {
        axes: space.axes,
        dimensions: space.dimensions as u32,
        centres: best.centres,
        sizes: best.sizes,
        inertia: best.inertia,
    };
    let (mut order, mut seen) = (Vec::new(), Seen::default());
    if told.describe {
        order = by_segment(&best.labels, &body.sizes, control)?;
        let points = Points { values: &space.values, dimensions: space.dimensions, weight, restraints: &[] };
        seen = describe::look(&points, &body, &best.labels, &order, control)?;
    }
    control.release_vec(space.values);
    Ok(KMeansFit {
        encodings: space.encodings,
        stats: space.stats,
        body,
        iterations: best.iterations,
        given_up: told.given_up,
        silhouette: judged.mean,
        held: space.held,
        labels: best.labels,
        order,
        candidates: told.candidates,
        silhouettes: judged.segments,
        seen,
    })
}

/// The search for the best of several starts.
struct Search<'a> {
    points: &'a Points<'a>,
    screen: Option<Screen>,
    params: &'a KMeansParams,
    /// The number of segments.
    clusters: usize,
    /// The squared movement of all centres that ends a start.
    tol: f64,
    control: &'a Control,
}

impl Search<'_> {
    /// The best of all starts. Of mini-batches only the start of the least inertia is gone on with, as in scikit-learn.
    fn best(&mut self) -> Result<lloyd::Fit> {
        let mut best: Option<lloyd::Fit> = None;
        for start in 0..self.params.n_init {
            let mut random = Random::new(self.params.seed, u64::from(start));
            let init = &self.params.init;
            let centres = seed::centres(self.points, &mut self.screen, init, self.clusters, &mut random, self.control)?;
            let fit = match self.params.batch_size {
                Some(_) => lloyd::run(self.points, &mut self.screen, centres, 0, self.tol, self.control)?,
                None => self.from(centres, start)?,
            };
            if best.as_ref().is_none_or(|b| fit.inertia < b.inertia) {
                best = Some(fit);
            }
        }
        let best = best.ok_or_else(|| Error::Internal("k-means had no start".into()))?;
        match self.params.batch_size {
            Some(_) => self.from(best.centres, self.params.n_init),
            None => Ok(best),
        }
    }

    /// Go on from `centres`.
    fn from(&mut self, mut centres: Vec<f64>, start: u32) -> Result<lloyd::Fit> {
        let (max_iter, batch_size, seed) = (self.params.max_iter, self.params.batch_size, self.params.seed);
        let mut steps = None;
        if let Some(size) = batch_size {
            let mut random = Random::new(!seed, u64::from(start));
            let moved =
                batch::run(self.points, centres, size as usize, (max_iter, self.tol), &mut random, self.control)?;
            (centres, steps) = (moved.centres, Some(moved.steps));
        }
        let most = if steps.is_some() { 0 } else { max_iter };
        let mut fit = lloyd::run(self.points, &mut self.screen, centres, most, self.tol, self.control)?;
        if let Some(steps) = steps {
            fit.iterations = steps;
            // A centre of batches is the mean of no rows in particular.
            fit.made_of.clone_from(&fit.sizes);
        }
        self.control.advance(u64::from(max_iter));
        Ok(fit)
    }
}

/// The places of rows, segment by segment, in their order; without those of none.
pub(super) fn by_segment(labels: &[u32], sizes: &[u64], control: &Control) -> Result<Vec<u32>> {
    let mut next = Vec::with_capacity(sizes.len());
    let mut total = 0usize;
    for size in sizes {
        next.push(total);
        total += *size as usize;
    }
    let mut order = control.filled(total, 0u32)?;
    for (row, label) in labels.iter().enumerate() {
        if let Some(at) = next.get_mut(*label as usize) {
            order[*at] = row as u32;
            *at += 1;
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests;
