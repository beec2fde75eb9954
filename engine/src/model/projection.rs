//! Principal components, stored.

use serde::{Deserialize, Serialize};

use super::Axis;

/// A model of components: rows are brought into a space of `dimensions` numbers, around their mean, and told by how far they go in some directions.
/// Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// How each feature enters the space, in the order of [`super::Model::features`]. Of a number, infinities alone are clipped to its ends.
    pub axes: Vec<Axis>,
    /// The number of dimensions.
    pub dimensions: u32,
    /// The mean of the training rows in the space.
    pub mean: Vec<f64>,
    /// The directions one after the other, `dimensions` numbers each, each of length 1.
    pub components: Vec<f64>,
    /// The variance of the training rows along each direction, the largest first.
    pub variance: Vec<f64>,
    /// The variance of the training rows in all directions.
    pub total_variance: f64,
    /// Whether components are divided by their standard deviation.
    pub whiten: bool,
}

impl Projection {
    /// The directions, each `dimensions` numbers.
    pub fn directions(&self) -> impl Iterator<Item = &[f64]> {
        self.components.chunks_exact((self.dimensions as usize).max(1))
    }

    /// The share of all variance that a component explains.
    pub fn ratio(&self, component: usize) -> f64 {
        self.variance
            .get(component)
            .map_or(0.0, |v| if self.total_variance > 0.0 { v / self.total_variance } else { 0.0 })
    }

    /// The share of all variance that the components explain together.
    pub fn explained(&self) -> f64 {
        (0..self.variance.len()).map(|c| self.ratio(c)).sum::<f64>().min(1.0)
    }
}
