//! Nearest neighbours, stored: the training rows in a space of scaled numbers.

use serde::{Deserialize, Serialize};

use super::validate::{ensure, validate_axes};
use super::{Axis, Feature, Task};
use crate::error::Result;

/// A model that keeps its training rows: a row is answered as the rows are that lie nearest to it. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbors {
    /// How each feature enters the space, in the order of [`super::Model::features`]. Of a number, infinities alone are clipped to its ends.
    pub axes: Vec<Axis>,
    /// The number of dimensions.
    pub dimensions: u32,
    /// Points one after the other, `dimensions` numbers each, in any order; in that of a tree of boxes they are found sooner. Rows that lie at the same
    /// place are one point, of a classification one for each class.
    pub points: Vec<f64>,
    /// What is known of each point.
    pub known: Known,
    /// The weight of the rows of each point.
    pub weights: Vec<f64>,
    /// The weight of the rows that answer together.
    pub n_neighbors: u32,
    /// What each of them counts.
    pub weighting: Weighting,
}

/// What is known of points. Frozen: variants are only added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Known {
    /// The index of the class.
    Classes(Vec<u32>),
    /// The mean of the rows.
    Numbers(Vec<f64>),
}

impl Known {
    /// The number of points.
    pub fn len(&self) -> usize {
        match self {
            Known::Classes(all) => all.len(),
            Known::Numbers(all) => all.len(),
        }
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a neighbour counts. Frozen: variants are only added at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weighting {
    /// Each the same.
    #[default]
    Uniform,
    /// One over its distance; rows at no distance count alone.
    Distance,
}

impl Weighting {
    /// All, with their names.
    pub const NAMED: [(&'static str, Weighting); 2] =
        [("uniform", Weighting::Uniform), ("distance", Weighting::Distance)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Weighting::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// No point is further out in a dimension, so that distances are numbers.
pub(crate) const FARTHEST: f64 = 1e140;

/// Points of the space, each of a class or with a number.
pub(super) fn validate(body: &Neighbors, features: &[Feature], task: &Task) -> Result<()> {
    let Neighbors { axes, dimensions, points, known, weights, n_neighbors, .. } = body;
    validate_axes(axes, *dimensions, features)?;
    let count = known.len();
    ensure(count >= 1 && u32::try_from(count).is_ok(), || format!("{count} points"))?;
    let expected = (count as u64).checked_mul(u64::from(*dimensions));
    ensure(expected == Some(points.len() as u64), || "the points do not fit the dimensions".into())?;
    ensure(points.iter().all(|x| x.abs() <= FARTHEST), || "a point is too far out or not a number".into())?;
    ensure(weights.len() == count, || "the weights do not fit the points".into())?;
    ensure(weights.iter().all(|w| *w > 0.0 && w.is_finite()), || "a weight is not above 0 or not finite".into())?;
    ensure(weights.iter().sum::<f64>().is_finite(), || "the weights are too large".into())?;
    ensure(*n_neighbors >= 1, || "no neighbour answers".into())?;
    match (known, task) {
        (Known::Classes(all), Task::Classification { classes, .. }) => {
            ensure(all.iter().all(|class| (*class as usize) < classes.len()), || "a point is of no class".into())
        }
        (Known::Numbers(all), Task::Regression) => {
            ensure(all.iter().all(|value| value.is_finite()), || "the number of a point is not finite".into())
        }
        _ => ensure(false, || "neighbours for another task".into()),
    }
}
