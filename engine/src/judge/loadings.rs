//! What principal components are made of.

use crate::model::{Axis, Model, Projection};

/// What stands for all levels that a model does not tell apart, and for a missing value.
const OTHER: &str = "(other)";
const MISSING: &str = "(missing)";

/// What a dimension of the space stands for: the feature and, of a category, the level.
pub fn dimensions(model: &Model, body: &Projection) -> Vec<(String, Option<String>)> {
    let mut all = Vec::with_capacity(body.dimensions as usize);
    for (feature, axis) in model.features.iter().zip(&body.axes) {
        match axis {
            Axis::Logarithm { .. } | Axis::Element { .. } | Axis::Number { .. } => {
                all.push((feature.name.clone(), None))
            }
            Axis::Category { dimension, missing, count, .. } => {
                let levels = feature.encoding.levels();
                // A level that was forgotten has left its dimension to nobody.
                let mut names = vec!["(forgotten)"; *count as usize];
                names.get_mut(*missing as usize).into_iter().for_each(|name| *name = MISSING);
                for (code, at) in dimension.iter().enumerate() {
                    let level = levels.get(code).map_or(OTHER, String::as_str);
                    names.get_mut(*at as usize).into_iter().for_each(|name| *name = level);
                }
                all.extend(names.into_iter().map(|name| (feature.name.clone(), Some(name.to_owned()))));
            }
        }
    }
    all
}

/// The places of loadings, the largest first, those of equal size in their order.
pub fn strongest(direction: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..direction.len()).collect();
    order.sort_by(|&a, &b| direction[b].abs().total_cmp(&direction[a].abs()).then(a.cmp(&b)));
    order
}
