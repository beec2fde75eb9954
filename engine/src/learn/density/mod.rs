//! DBSCAN (Ester, Kriegel, Sander, Xu 1996): rows that have enough others near them are core rows, core rows that reach each other are a segment, rows
//! that a core row reaches belong to it, and all others are noise.
//!
//! Core rows and their parts are those of the paper, and so of scikit-learn, exactly. A row that is none but is reached by core rows of several segments
//! goes to that of the nearest one (of equally near ones to that of the segment with more core rows), not to whichever came first: so scoring can say
//! the same of it, and the order of the rows does not matter.
//!
//! Of the crates of the field none would do. linfa-clustering 0.8.1 gives border rows by the order of the rows, knows no weights, neither stops when
//! asked nor counts memory, lists all neighbours of a row (so equal rows are quadratic), and works on one thread.

mod cores;
mod distinct;
mod unite;

use super::kmeans::{self, KMeansFit, KMeansParams, Points};
use super::sum::sums;
use super::Unlabelled;
use crate::control::Control;
use crate::data::{Table, CHUNK};
use crate::error::{Error, Result};
use crate::model::{Density, KMeans};
use crate::score::near::{self, Near};
use cores::{cores, knee, Weights};
use distinct::{each, Distinct};

/// How dense parts are looked for. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityParams {
    /// How far a core row reaches in the scaled space; chosen when `None`.
    pub eps: Option<f64>,
    /// The rows that a core row has within its reach, itself among them; weights count.
    pub min_samples: u64,
}

impl Default for DensityParams {
    fn default() -> Self {
        DensityParams { eps: None, min_samples: 5 }
    }
}

/// The most segments, as of k-means.
const MOST_CLUSTERS: usize = 10_000;
/// Numbers of core rows that a model keeps: 128 MB.
const MOST_NUMBERS: usize = 1 << 24;
/// Stands for a row of no segment.
pub(crate) const NOISE: u32 = u32::MAX;

/// What came out.
#[derive(Debug)]
pub struct DensityFit {
    /// What k-means would say of the segments; a label is [`u32::MAX`] for a row of none. The body is that of [`DensityFit::body`].
    pub segments: KMeansFit,
    /// The model.
    pub body: Density,
}

/// Find dense parts of the rows `train`; what is given is as for [`kmeans::fit`], of whose parameters those of the space count, and whether segments are described.
///
/// Fails without a column that varies, without a dense part, where `eps` is to be chosen and cannot, where there are too many segments or core rows,
/// when cancelled, and out of memory.
pub fn fit(
    table: &mut Table,
    rows: Unlabelled<'_>,
    (params, space): (&DensityParams, &KMeansParams),
    keep: bool,
    control: &Control,
) -> Result<DensityFit> {
    let weight = rows.weight;
    if rows.train.is_empty() {
        return Err(Error::data("there is no row to learn from", "Check the source and the option \"holdout\"."));
    }
    let describe = space.describe;
    let space = kmeans::of_segments(table, rows, space, keep, control)?;
    let points = Points { values: &space.values, dimensions: space.dimensions, weight, restraints: &[] };
    let found = search(&points, params, control)?;
    let (labels, counts) = (found.labels, found.sizes.len());
    let order = kmeans::by_segment(&labels, &found.sizes, control)?;
    let centres = centres(&points, &order, &found.sizes, control)?;
    let inertia = inertia(&points, &labels, &centres, control)?;
    let clusters =
        KMeans { axes: space.axes, dimensions: space.dimensions as u32, centres, sizes: found.sizes, inertia };
    let judged = kmeans::silhouettes(&space.values, space.dimensions, &labels, counts, control)?;
    let seen = match describe {
        true => kmeans::look(&points, &clusters, &labels, &order, control)?,
        false => kmeans::Seen::default(),
    };
    control.release_vec(space.values);
    let body = Density {
        clusters,
        eps: found.eps,
        min_samples: params.min_samples,
        cores: found.cores,
        labels: found.core_labels,
        numbers: found.numbers,
        noise: found.noise,
    };
    let segments = KMeansFit {
        encodings: space.encodings,
        stats: space.stats,
        body: KMeans::default(),
        iterations: 0,
        given_up: 0,
        silhouette: judged.mean,
        held: space.held,
        labels,
        order: if describe { order } else { Vec::new() },
        candidates: Vec::new(),
        silhouettes: judged.segments,
        seen,
    };
    Ok(DensityFit { segments, body })
}

/// A reach as messages show it.
pub(crate) fn shown(eps: f64) -> String {
    if eps >= 0.01 {
        format!("{eps:.4}")
    } else {
        format!("{eps:.3e}")
    }
}

/// The parts of rows.
struct Found {
    eps: f64,
    /// The segment of each row, from 0, the largest first; [`NOISE`] for none.
    labels: Vec<u32>,
    /// Rows of each segment.
    sizes: Vec<u64>,
    noise: u64,
    /// Distinct core rows, and the cluster of each: that of most core rows is the first.
    cores: Vec<f64>,
    core_labels: Vec<u32>,
    /// The segment of each cluster.
    numbers: Vec<u32>,
}

fn search(points: &Points<'_>, params: &DensityParams, control: &Control) -> Result<Found> {
    let d = points.dimensions;
    let mut distinct = Distinct::new(points, control)?;
    let count = distinct.rows.len();
    control.start(3 * count as u64);
    let first_row = |point: usize| points.row(distinct.rows[point] as usize);
    let counted = 8 * near::numbers(count, d);
    control.reserve(counted)?;
    let all = Near::new(count, d, first_row);
    let weights = Weights::new(&all, std::mem::take(&mut distinct.weights), control)?;
    let eps = match params.eps {
        Some(eps) => eps,
        None => knee(points, &distinct, &all, &weights, params.min_samples, control)?.ok_or_else(|| {
            Error::data(
                "\"eps\" cannot be chosen, as no row has to look further than its equals",
                "Give the option \"eps\", or a larger \"min_samples\".",
            )
        })?,
    };
    let reach = eps * eps;
    let is_core = cores(&all, &weights, reach, params.min_samples as f64, control)?;
    weights.release(control);
    drop(all);
    control.release(counted);
    let mut core_points: Vec<u32> = control.vec(is_core.iter().filter(|core| **core).count())?;
    core_points.extend((0..count as u32).filter(|point| is_core[*point as usize]));
    if core_points.is_empty() {
        let message = format!("no row has {} rows within {}, so there are no segments", params.min_samples, shown(eps));
        return Err(Error::data(message, "Give a larger \"eps\" or a smaller \"min_samples\"."));
    }
    let numbers = core_points.len().saturating_mul(d);
    if numbers > MOST_NUMBERS {
        return Err(Error::data(
            format!("{} core rows of {d} dimensions are more than a model keeps", core_points.len()),
            format!("Give fewer columns, or a sample of the rows: at most {} core rows.", MOST_NUMBERS / d.max(1)),
        ));
    }
    near::order(&mut core_points, d, &|point| first_row(point as usize), control)?;
    control.reserve(8 * near::numbers(core_points.len(), d))?;
    let tree = Near::new(core_points.len(), d, |core| first_row(core_points[core] as usize));
    let sets = unite::sets(&tree, reach, control)?;
    let core_labels = rank(&sets, &core_points, &distinct.counts, control)?;
    control.release_vec(sets);
    let of_point = each(count, NOISE, control, |point, _| {
        tree.nearest(first_row(point), reach, |core| core_labels[core]).map_or(NOISE, |(core, _)| core_labels[core])
    })?;
    drop(tree);
    control.release(8 * near::numbers(core_points.len(), d));
    let clusters = core_labels.iter().max().map_or(0, |most| *most as usize + 1);
    let mut sizes = vec![0u64; clusters];
    let mut noise = 0;
    for (label, rows) in of_point.iter().zip(&distinct.counts) {
        *sizes.get_mut(*label as usize).unwrap_or(&mut noise) += u64::from(*rows);
    }
    let mut order: Vec<usize> = (0..clusters).collect();
    order.sort_by_key(|cluster| std::cmp::Reverse(sizes[*cluster]));
    let mut numbers = vec![0u32; clusters];
    order.iter().enumerate().for_each(|(segment, cluster)| numbers[*cluster] = segment as u32);
    let mut labels: Vec<u32> = control.vec(distinct.of_row.len())?;
    let segment = |point: &u32| numbers.get(of_point[*point as usize] as usize).copied().unwrap_or(NOISE);
    labels.extend(distinct.of_row.iter().map(segment));
    control.release_vec(of_point);
    let mut cores: Vec<f64> = control.vec(core_points.len() * d)?;
    core_points.iter().for_each(|point| cores.extend_from_slice(first_row(*point as usize)));
    control.release_vec(core_points);
    distinct.release(control);
    let sizes = order.iter().map(|cluster| sizes[*cluster]).collect();
    Ok(Found { eps, labels, sizes, noise, cores, core_labels, numbers })
}

/// Number the sets of core points: those of more core rows first, of equals the one whose first row comes first.
fn rank(sets: &[u32], core_points: &[u32], counts: &[u32], control: &Control) -> Result<Vec<u32>> {
    let mut rows: Vec<u64> = control.filled(sets.len(), 0)?;
    for (set, point) in sets.iter().zip(core_points) {
        rows[*set as usize] += u64::from(counts[*point as usize]);
    }
    let mut order: Vec<u32> = (0..sets.len() as u32).filter(|set| rows[*set as usize] > 0).collect();
    if order.len() > MOST_CLUSTERS {
        return Err(Error::data(
            format!("there are {} dense parts, more than {MOST_CLUSTERS} segments", order.len()),
            "Give a larger \"eps\" or a larger \"min_samples\".",
        ));
    }
    // A stable sort: the sets are named by the first of their points.
    order.sort_by_key(|set| std::cmp::Reverse(rows[*set as usize]));
    for (label, set) in order.iter().enumerate() {
        rows[*set as usize] = label as u64;
    }
    let mut labels: Vec<u32> = control.vec(sets.len())?;
    labels.extend(sets.iter().map(|set| rows[*set as usize] as u32));
    control.release_vec(rows);
    Ok(labels)
}

/// The weighted means of the rows of the segments, whose chunks are added up in their order.
fn centres(points: &Points<'_>, order: &[u32], sizes: &[u64], control: &Control) -> Result<Vec<f64>> {
    let d = points.dimensions;
    let mut centres: Vec<f64> = control.vec(sizes.len() * d)?;
    let mut first = 0;
    for size in sizes {
        let rows = &order[first..first + *size as usize];
        first += rows.len();
        let mut mean = mean(points, rows, |row| points.weight(row), control)?;
        if !mean.iter().all(|x| x.is_finite()) {
            // Rows without weight are in the midst of themselves.
            mean = self::mean(points, rows, |_| 1.0, control)?;
        }
        centres.extend(mean);
    }
    Ok(centres)
}

fn mean(
    points: &Points<'_>,
    rows: &[u32],
    weight: impl Fn(usize) -> f64 + Sync,
    control: &Control,
) -> Result<Vec<f64>> {
    use rayon::prelude::*;
    let d = points.dimensions;
    let part = |rows: &[u32]| {
        control.check()?;
        let mut sums = vec![0.0; d + 1];
        for row in rows {
            let w = weight(*row as usize);
            sums[d] += w;
            sums.iter_mut().zip(points.row(*row as usize)).for_each(|(sum, x)| *sum += w * x);
        }
        Ok(sums)
    };
    let parts: Result<Vec<Vec<f64>>> = rows.par_chunks(CHUNK).map(part).collect();
    let mut total = vec![0.0; d + 1];
    parts?.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
    let all = total.pop().unwrap_or(0.0);
    total.iter_mut().for_each(|x| *x /= all);
    Ok(total)
}

/// The weighted squared distances of rows to the centres of their segments.
fn inertia(points: &Points<'_>, labels: &[u32], centres: &[f64], control: &Control) -> Result<f64> {
    let d = points.dimensions;
    let [sum] = sums(0..labels.len(), control, |part| {
        let of = |row: usize| {
            let own = labels[row] as usize;
            let centre = centres.get(own.saturating_mul(d)..own.saturating_add(1).saturating_mul(d)).unwrap_or(&[]);
            let far: f64 = points.row(row).iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum();
            points.weight(row) * far
        };
        [part.map(of).sum()]
    })?;
    Ok(sum)
}
