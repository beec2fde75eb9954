//! What the scaled space tells of segments: how far their rows are from the centres, which rows are nearest, and a plane to draw them on.

use rayon::prelude::*;

use super::lloyd::{own_distance, BLOCK};
use super::{KMeans, Points};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::random::Random;
use crate::learn::sum::sums;
use crate::model::{Axis, SegmentMap};

use super::space::width;

/// Rows of a segment that are kept as typical.
const TYPICAL: usize = 3;
/// Rows that a map shows, and the most numbers of rows that its directions are found by.
const MAP_ROWS: usize = 1_000;
const MAP_NUMBERS: usize = 1 << 20;
/// The most steps in which the directions are found; the change that ends them.
const STEPS: usize = 100;
const STILL: f64 = 1e-10;

/// What is seen of the rows while they are in the space.
#[derive(Debug, Default)]
pub struct Seen {
    /// By segment, the mean squared distance of a row to the centre.
    pub spread: Vec<f64>,
    /// By segment, the places of the training rows nearest to the centre, all different, the nearest first.
    pub typical: Vec<Vec<u32>>,
    /// The plane.
    pub map: SegmentMap,
}

/// Look at the rows. `order` has the rows of each segment, segment by segment; a row of none has a label beyond them.
pub(in crate::learn) fn look(
    points: &Points<'_>,
    body: &KMeans,
    labels: &[u32],
    order: &[u32],
    control: &Control,
) -> Result<Seen> {
    let mut first = 0;
    let mut seen = Seen::default();
    let far = far(points, body, labels, control)?;
    for &size in &body.sizes {
        let rows = &order[first..first + size as usize];
        first += rows.len();
        seen.spread.push(spread(points, rows, &far, control)?);
        seen.typical.push(typical(points, rows, &far, control)?);
    }
    control.release_vec(far);
    seen.map = map(points, body, labels, control)?;
    Ok(seen)
}

/// The squared distance of each row to its centre; of a row of none it says nothing.
fn far(points: &Points<'_>, body: &KMeans, labels: &[u32], control: &Control) -> Result<Vec<f64>> {
    let mut far: Vec<f64> = control.zeroed(labels.len())?;
    let blocks = far.par_chunks_mut(BLOCK).zip(labels.par_chunks(BLOCK)).enumerate();
    blocks.try_for_each(|(b, (far, labels))| {
        control.check()?;
        let rows = far.iter_mut().zip(labels).zip(b * BLOCK..);
        for ((far, &label), row) in rows.filter(|((_, label), _)| (**label as usize) < body.sizes.len()) {
            *far = own_distance(points, row, label, &body.centres);
        }
        Ok::<(), Error>(())
    })?;
    Ok(far)
}

/// The mean of the squared distances of rows.
fn spread(points: &Points<'_>, rows: &[u32], far: &[f64], control: &Control) -> Result<f64> {
    let [weight, far] = sums(0..rows.len(), control, |part| {
        rows[part].iter().fold([0.0, 0.0], |[weight, sum], &row| {
            let w = points.weight(row as usize);
            [weight + w, sum + w * far[row as usize]]
        })
    })?;
    Ok(if weight > 0.0 { far / weight } else { 0.0 })
}

/// The rows nearest to their centre that differ from each other; of equals the first.
fn typical(points: &Points<'_>, rows: &[u32], far: &[f64], control: &Control) -> Result<Vec<u32>> {
    let merge = |mut all: Vec<(f64, u32)>, other: Vec<(f64, u32)>| {
        all.extend(other);
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut kept: Vec<(f64, u32)> = Vec::with_capacity(TYPICAL);
        for candidate in all {
            let same = |k: &(f64, u32)| points.row(k.1 as usize) == points.row(candidate.1 as usize);
            if kept.len() < TYPICAL && !kept.iter().any(same) {
                kept.push(candidate);
            }
        }
        kept
    };
    let nearest = rows
        .par_chunks(BLOCK)
        .map(|block| {
            control.check()?;
            let mut kept: Vec<(f64, u32)> = Vec::new();
            for &row in block {
                let far = far[row as usize];
                if kept.len() < TYPICAL || kept.last().is_some_and(|last| far < last.0) {
                    kept = merge(std::mem::take(&mut kept), vec![(far, row)]);
                }
            }
            Ok(kept)
        })
        .try_reduce(Vec::new, |a, b| Ok(merge(a, b)))?;
    Ok(nearest.into_iter().map(|n| n.1).collect())
}

/// The two directions in which a sample of the rows differs most (principal components, by orthogonal iteration), and what lies where on their plane.
fn map(points: &Points<'_>, body: &KMeans, labels: &[u32], control: &Control) -> Result<SegmentMap> {
    let d = points.dimensions;
    let most = (MAP_NUMBERS / d).clamp(100, 2 * MAP_ROWS);
    let in_one = |row: &u32| (labels[*row as usize] as usize) < body.sizes.len();
    let rows = (0..labels.len() as u32).filter(in_one);
    let sample: Vec<u32> = rows.clone().step_by(rows.count().div_ceil(most).max(1)).collect();
    let (centred, mean) = centred(points, &sample, control)?;
    let total: f64 = centred.iter().map(|x| x * x).sum();
    if d < 2 || total <= 0.0 {
        control.release_vec(centred);
        return Ok(SegmentMap::default());
    }
    let directions = directions(&centred, d, control)?;
    control.release_vec(centred);
    let project = |row: &[f64]| -> [f64; 2] {
        std::array::from_fn(|a| row.iter().zip(&mean).zip(&directions[a].0).map(|((x, m), v)| (x - m) * v).sum())
    };
    let mut map = SegmentMap {
        variance: directions.iter().map(|(_, squares)| (squares / total).clamp(0.0, 1.0)).collect(),
        loadings: directions.iter().map(|(v, _)| loadings(&body.axes, v)).collect(),
        centres: body.centres.chunks_exact(d).flat_map(project).collect(),
        ..SegmentMap::default()
    };
    let placed: Vec<([f64; 2], u32)> =
        sample.iter().map(|&row| (project(points.row(row as usize)), labels[row as usize])).collect();
    map.spread = spreads(&placed, body.sizes.len());
    let shown = placed.iter().step_by(placed.len().div_ceil(MAP_ROWS).max(1));
    for (at, segment) in shown {
        map.points.extend(at.map(|x| x as f32));
        map.segments.push(*segment);
    }
    Ok(map)
}

/// The rows of a sample less their mean, and that; each row is weighed.
fn centred(points: &Points<'_>, sample: &[u32], control: &Control) -> Result<(Vec<f64>, Vec<f64>)> {
    let d = points.dimensions;
    let (mut mean, mut total) = (vec![0.0; d], 0.0);
    for &row in sample {
        let w = points.weight(row as usize);
        total += w;
        mean.iter_mut().zip(points.row(row as usize)).for_each(|(m, x)| *m += w * x);
    }
    if total > 0.0 {
        mean.iter_mut().for_each(|m| *m /= total);
    }
    let mut centred: Vec<f64> = control.vec(sample.len() * d)?;
    for &row in sample {
        let w = points.weight(row as usize).sqrt();
        centred.extend(points.row(row as usize).iter().zip(&mean).map(|(x, m)| w * (x - m)));
    }
    Ok((centred, mean))
}

/// The two directions, each of length 1 and with its largest number above 0, and the sum of squares along them.
fn directions(rows: &[f64], d: usize, control: &Control) -> Result<[(Vec<f64>, f64); 2]> {
    let mut random = Random::new(0, 0);
    let mut basis: [Vec<f64>; 2] = std::array::from_fn(|_| (0..d).map(|_| random.unit() - 0.5).collect());
    let mut squares = [0.0; 2];
    orthonormal(&mut basis);
    for _ in 0..STEPS {
        control.check()?;
        let mut next: [Vec<f64>; 2] = [vec![0.0; d], vec![0.0; d]];
        for row in rows.chunks_exact(d) {
            for (out, v) in next.iter_mut().zip(&basis) {
                let along: f64 = row.iter().zip(v).map(|(x, v)| x * v).sum();
                out.iter_mut().zip(row).for_each(|(o, x)| *o += along * x);
            }
        }
        let before = squares;
        squares = std::array::from_fn(|a| next[a].iter().zip(&basis[a]).map(|(n, v)| n * v).sum());
        orthonormal(&mut next);
        basis = next;
        let moved: f64 = squares.iter().zip(&before).map(|(now, before)| (now - before).abs()).sum();
        if moved <= STILL * squares[0] {
            break;
        }
    }
    let [first, second] = basis;
    Ok([(upright(first), squares[0]), (upright(second), squares[1])])
}

/// Make two vectors orthogonal and of length 1; one that vanishes becomes 0.
fn orthonormal(basis: &mut [Vec<f64>; 2]) {
    let unit = |v: &mut [f64]| {
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let by = if length > 1e-150 { 1.0 / length } else { 0.0 };
        v.iter_mut().for_each(|x| *x *= by);
    };
    let [first, second] = basis;
    unit(first);
    // Twice is enough (Giraud, Langou 2005).
    for _ in 0..2 {
        let along: f64 = first.iter().zip(second.iter()).map(|(a, b)| a * b).sum();
        second.iter_mut().zip(first.iter()).for_each(|(b, a)| *b -= along * a);
    }
    unit(second);
}

/// A direction or its opposite, so that its largest number is above 0.
fn upright(mut v: Vec<f64>) -> Vec<f64> {
    let largest = v.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a });
    if largest.is_some_and(|x| x < 0.0) {
        v.iter_mut().for_each(|x| *x = -*x);
    }
    v
}

/// The share of each feature in a direction.
fn loadings(axes: &[Axis], direction: &[f64]) -> Vec<f64> {
    let mut first = 0;
    let share = |axis: &Axis| {
        let own = &direction[first..first + width(axis)];
        first += own.len();
        own.iter().map(|x| x * x).sum()
    };
    axes.iter().map(share).collect()
}

/// The variances and covariance of the rows of each segment on the plane.
fn spreads(placed: &[([f64; 2], u32)], segments: usize) -> Vec<f64> {
    let mut sums = vec![[0.0; 3]; segments];
    for (at, segment) in placed {
        let sum = &mut sums[*segment as usize];
        *sum = [sum[0] + 1.0, sum[1] + at[0], sum[2] + at[1]];
    }
    let mean = |s: u32| sums[s as usize].map(|x| x / sums[s as usize][0].max(1.0));
    let mut squares = vec![[0.0; 3]; segments];
    for (at, segment) in placed {
        let [_, x, y] = mean(*segment);
        let (x, y) = (at[0] - x, at[1] - y);
        let own = &mut squares[*segment as usize];
        *own = [own[0] + x * x, own[1] + y * y, own[2] + x * y];
    }
    squares.iter().zip(&sums).flat_map(|(squares, sums)| squares.map(|x| x / sums[0].max(1.0))).collect()
}
