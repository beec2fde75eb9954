//! Support vector machines with a radial kernel, stored: points of a space and what each says of a row that is near.

use serde::{Deserialize, Serialize};

use super::neighbors::FARTHEST;
use super::validate::{ensure, validate_axes};
use super::{Axis, Feature, Link, Task};
use crate::error::Result;

/// A model whose score is an intercept and a weight of each point times `exp(-gamma * squared distance)`, added. Frozen: a changed field is a new format
/// version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// How each feature enters the space, in the order of [`super::Model::features`]. Of a number, infinities alone are clipped to its ends.
    pub axes: Vec<Axis>,
    /// The number of dimensions.
    pub dimensions: u32,
    /// What squared distances are multiplied by.
    pub gamma: f64,
    /// Points one after the other, `dimensions` numbers each: support vectors or landmarks.
    pub points: Vec<f64>,
    /// The scores of a row: one a class where there are more than two, else 1.
    pub outputs: u32,
    /// What the points say: point by point, `outputs` numbers each.
    pub weights: Vec<f64>,
    /// What every row has, one number an output.
    pub intercept: Vec<f64>,
    /// How the sum becomes the answer. Of anomalies the sum is how like the training rows a row is, and the answer is `1 / (1 + sum)`.
    pub link: Link,
}

impl Machine {
    /// The number of points.
    pub fn count(&self) -> usize {
        self.weights.len() / (self.outputs as usize).max(1)
    }
}

/// Points of the space with finite weights.
pub(super) fn validate(body: &Machine, features: &[Feature], task: &Task, outputs: usize) -> Result<()> {
    let Machine { axes, dimensions, gamma, points, weights, intercept, link, .. } = body;
    validate_axes(axes, *dimensions, features)?;
    ensure(body.outputs as usize == outputs, || format!("{} outputs, not {outputs}", body.outputs))?;
    ensure(*gamma > 0.0 && gamma.is_finite(), || "gamma is not above 0 or not finite".into())?;
    ensure(weights.len() % outputs == 0, || "the weights do not fit the outputs".into())?;
    let count = body.count();
    ensure(u32::try_from(count).is_ok(), || format!("{count} points"))?;
    let expected = (count as u64).checked_mul(u64::from(*dimensions));
    ensure(expected == Some(points.len() as u64), || "the points do not fit the dimensions".into())?;
    ensure(points.iter().all(|x| x.abs() <= FARTHEST), || "a point is too far out or not a number".into())?;
    ensure(intercept.len() == outputs, || format!("{} intercepts, not {outputs}", intercept.len()))?;
    ensure(intercept.iter().all(|v| v.is_finite()), || "an intercept is not finite".into())?;
    // No sum of them is infinite, whatever the order.
    let all: f64 = weights.iter().map(|w| w.abs()).sum::<f64>() + intercept.iter().map(|w| w.abs()).sum::<f64>();
    ensure(all.is_finite(), || "the weights are too large or not numbers".into())?;
    let fits = match (task, link) {
        (Task::Classification { .. }, Link::Logistic) => outputs == 1,
        (Task::Classification { .. }, Link::Softmax) => outputs > 1,
        (Task::Regression, Link::Identity) => true,
        (Task::Anomaly, Link::Identity) => weights.iter().chain(intercept).all(|w| *w >= 0.0),
        _ => false,
    };
    ensure(fits, || format!("a machine of link {link:?} for another task"))
}
