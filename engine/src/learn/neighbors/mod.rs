//! Nearest neighbours (Fix, Hodges 1951; Cover, Hart 1967): nothing is fitted, the training rows are kept in the order in which they are found soonest.
//!
//! Rows at the same place are one point with their weight, so that a million rows of a few hundred combinations are a small model and no slow one. Rows
//! that are equally far at the last place share it: what scikit-learn leaves to the order of its tree does not depend on any order here.
//!
//! linfa-nn 0.8 is not used: it gives a number of points, knows no weights, and says nothing of points that are equally far.

use super::alike::Alike;
use super::Target;
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::{Error, Result};
use crate::model::neighbors::FARTHEST;
use crate::model::{Axis, Known, Neighbors, Weighting};
use crate::score::near;

/// How neighbours answer. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighborsParams {
    /// The rows that answer; weights count.
    pub n_neighbors: u32,
    /// What each of them counts.
    pub weights: Weighting,
}

impl Default for NeighborsParams {
    fn default() -> Self {
        NeighborsParams { n_neighbors: 5, weights: Weighting::Uniform }
    }
}

/// The training rows in the space, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// How columns enter the space.
    pub axes: &'a [Axis],
    /// The number of dimensions.
    pub dimensions: usize,
    /// Rows x dimensions.
    pub values: &'a [f64],
    /// What is to be predicted.
    pub target: &'a Target,
    /// The weights of rows, where they differ.
    pub weight: Option<&'a [f64]>,
}

impl<'a> Rows<'a> {
    fn row(&self, i: u32) -> &'a [f64] {
        let d = self.dimensions;
        self.values.get(i as usize * d..(i as usize + 1) * d).unwrap_or(&[])
    }

    fn weight(&self, i: u32) -> f64 {
        self.weight.and_then(|w| w.get(i as usize)).copied().unwrap_or(1.0)
    }

    /// The class of a row; of a regression all are of one.
    fn class(&self, i: u32) -> u32 {
        match self.target {
            Target::Class { codes, .. } => codes.get(i as usize).copied().unwrap_or(0),
            Target::Number(_) => 0,
        }
    }
}

/// Keep the rows. Fails without a row of weight, where weights are too large, when cancelled, and out of memory.
pub fn fit(rows: Rows<'_>, params: &NeighborsParams, control: &Control) -> Result<Neighbors> {
    let n = rows.target.len();
    let d = rows.dimensions;
    control.start(4);
    let by_class = |a: u32, b: u32| rows.class(a).cmp(&rows.class(b));
    let alike = Alike::new(n, |row| rows.weight(row) > 0.0, |row| rows.row(row), by_class, control)?;
    let count = alike.count();
    if count == 0 {
        return Err(Error::data("no row to learn from has a weight", "Give some row a weight above 0."));
    }
    let mut order: Vec<u32> = control.vec(count)?;
    order.extend(0..count as u32);
    near::order(&mut order, d, &|group| rows.row(alike.group(group as usize)[0]), control)?;
    control.advance(1);
    let (mut points, mut weights): (Vec<f64>, Vec<f64>) = (control.vec(count.saturating_mul(d))?, control.vec(count)?);
    let mut known = match rows.target {
        Target::Class { .. } => Known::Classes(control.vec(count)?),
        Target::Number(_) => Known::Numbers(control.vec(count)?),
    };
    for (at, &group) in order.iter().enumerate() {
        if at % CHUNK == 0 {
            control.check()?;
        }
        let own = alike.group(group as usize);
        points.extend(rows.row(own[0]).iter().map(|x| x.clamp(-FARTHEST, FARTHEST) + 0.0));
        let weight: f64 = own.iter().map(|row| rows.weight(*row)).sum();
        weights.push(weight);
        match (&mut known, rows.target) {
            (Known::Classes(all), _) => all.push(rows.class(own[0])),
            (Known::Numbers(all), Target::Number(values)) => {
                all.push(mean(own, values, |row| rows.weight(row), weight))
            }
            _ => {}
        }
    }
    control.advance(1);
    control.release_vec(order);
    alike.release(control);
    if !weights.iter().sum::<f64>().is_finite() {
        return Err(Error::data("the weights of the rows are too large to be added", "Divide them by a number."));
    }
    Ok(Neighbors {
        axes: rows.axes.to_vec(),
        dimensions: d as u32,
        points,
        known,
        weights,
        n_neighbors: params.n_neighbors,
        weighting: params.weights,
    })
}

/// The mean of the values of rows, which lies among them.
fn mean(rows: &[u32], values: &[f64], weight: impl Fn(u32) -> f64, all: f64) -> f64 {
    let value = |row: &u32| values.get(*row as usize).copied().unwrap_or(0.0);
    let ends = rows.iter().map(value).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let sum: f64 = rows.iter().map(|row| weight(*row) / all * value(row)).sum();
    sum.max(ends.0).min(ends.1)
}
