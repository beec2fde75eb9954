//! A mixture of Gaussians.

use serde::{Deserialize, Serialize};

use super::validate::{ensure, validate_kmeans};
use super::{Feature, KMeans};
use crate::error::Result;

/// A mixture of Gaussians in the space of a k-means model: the most probable component wins. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// The space, and the components as segments: centres are means, sizes are training rows by the most probable component, and the inertia is that of
    /// squared distances to the own mean.
    pub clusters: KMeans,
    /// The natural logarithm of the share of each component.
    pub log_weights: Vec<f64>,
    /// The natural logarithm of the density of each component at its mean.
    pub log_peaks: Vec<f64>,
    /// What the covariances of the components are like.
    pub covariance: Covariance,
    /// The inverses of the Cholesky factors of the covariances, which are lower triangles: the transposes of scikit-learn's `precisions_cholesky_`. Of full
    /// covariances a triangle for each component, row by row; of tied ones a single triangle; of diagonal ones a number for each component and dimension;
    /// of spherical ones a number for each component.
    pub precisions: Vec<f64>,
}

/// What the covariances of the components of a mixture are like. Frozen: its number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Covariance {
    /// Each component has a shape of its own.
    Full,
    /// All components have the same shape.
    Tied,
    /// Each component has a variance along each dimension.
    Diagonal,
    /// Each component has one variance.
    Spherical,
}

impl Covariance {
    /// The kinds by their names, which are scikit-learn's.
    pub const NAMED: [(&str, Covariance); 4] = [
        ("full", Covariance::Full),
        ("tied", Covariance::Tied),
        ("diag", Covariance::Diagonal),
        ("spherical", Covariance::Spherical),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Covariance::NAMED.iter().find(|named| named.1 == self).map_or("full", |named| named.0)
    }

    /// The numbers of a component.
    pub fn width(self, dimensions: usize) -> usize {
        match self {
            Covariance::Full | Covariance::Tied => triangle(dimensions),
            Covariance::Diagonal => dimensions,
            Covariance::Spherical => 1,
        }
    }

    /// The numbers of all components; `None` where they cannot be counted.
    pub fn numbers(self, components: usize, dimensions: usize) -> Option<usize> {
        match self {
            Covariance::Tied => Some(self.width(dimensions)),
            _ => self.width(dimensions).checked_mul(components),
        }
    }

    /// The place of the first number of a component.
    pub fn first(self, component: usize, dimensions: usize) -> usize {
        match self {
            Covariance::Tied => 0,
            _ => component * self.width(dimensions),
        }
    }
}

/// The numbers of a triangle with its diagonal.
pub fn triangle(dimensions: usize) -> usize {
    dimensions.saturating_mul(dimensions.saturating_add(1)) / 2
}

/// Prove that a mixture holds together: its space and segments as those of k-means, a finite share and peak and all the precisions of each component, with
/// diagonals above 0.
pub(super) fn validate(mixture: &Mixture, features: &[Feature]) -> Result<()> {
    validate_kmeans(&mixture.clusters, features)?;
    let (k, d) = (mixture.clusters.sizes.len(), mixture.clusters.dimensions as usize);
    let one_each = mixture.log_weights.len() == k && mixture.log_peaks.len() == k;
    ensure(one_each, || {
        format!("{} shares and {} peaks of {k} components", mixture.log_weights.len(), mixture.log_peaks.len())
    })?;
    let shares = mixture.log_weights.iter().all(|w| w.is_finite() && *w <= 0.0);
    ensure(shares, || "a share of a component is not one".into())?;
    ensure(mixture.log_peaks.iter().all(|p| p.is_finite()), || "the density of a component is not finite".into())?;
    let expected = mixture.covariance.numbers(k, d);
    ensure(expected == Some(mixture.precisions.len()), || "the precisions do not fit the components".into())?;
    ensure(mixture.precisions.iter().all(|p| p.is_finite()), || "a precision is not finite".into())?;
    let positive = match mixture.covariance {
        Covariance::Diagonal | Covariance::Spherical => mixture.precisions.iter().all(|p| *p > 0.0),
        Covariance::Full | Covariance::Tied => {
            let mut triangles = mixture.precisions.chunks_exact(triangle(d).max(1));
            triangles.all(|of| (1..=d).all(|row| of[triangle(row) - 1] > 0.0))
        }
    };
    ensure(positive, || "a precision is not above 0".into())
}
