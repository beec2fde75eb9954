//! A model after its first trees.

use serde::{Deserialize, Serialize};

use super::{exposure, first, most_rows, placed, score_columns};
use crate::control::Control;
use crate::error::Result;
use crate::judge::{headline_value, mean_loss};
use crate::model::{Body, HeldRows, Model, Trees};
use crate::score::Scorer;

/// The most rows of each kind that a model is judged on after each number of trees.
const MOST_ROWS: usize = 5_000;

/// Larger models have no learning curve: each point of it takes a copy of the trees.
const MOST_NODES: usize = 1_000_000;
/// Walks of a row down a tree for a point, and the fewest rows.
const MOST_WALKS: usize = 10_000_000;
const FEWEST_ROWS: usize = 200;
/// Bytes that a node takes in a copy of trees and in their scorer, about.
const NODE: usize = 128;

/// What a model of its first trees says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TreesPoint {
    /// Trees; of several classes with trees of their own, trees a class.
    pub trees: u32,
    /// The mean loss of training rows: log loss, or squared error of a number.
    pub training_loss: Option<f64>,
    /// That of held-out rows.
    pub holdout_loss: Option<f64>,
    /// The headline metric on training rows.
    pub training: Option<f64>,
    /// That on held-out rows.
    pub holdout: Option<f64>,
}

/// Rows by column as learning encodes them, what is true of them, and what is added to their scores.
type Rows<'a> = (&'a [Vec<f64>], &'a HeldRows, Option<&'a [f64]>);

/// Judge a model after 1, 2, 3, 5, 8 ... of its trees, on training and on held-out rows.
pub(super) fn curve(scorer: &Scorer, rows: [Rows<'_>; 2], control: &Control) -> Result<Vec<TreesPoint>> {
    let model = scorer.model();
    let Some((trees, curves)) = model.body.as_trees() else { return Ok(Vec::new()) };
    let all = trees.roots.len();
    // Of several classes each iteration of boosting has a tree for each.
    let classes = scorer.outputs();
    let step = if !trees.average && classes > 1 && all.is_multiple_of(classes) { classes } else { 1 };
    if all / step < 2 {
        return Ok(Vec::new());
    }
    if trees.nodes() > MOST_NODES {
        return Ok(Vec::new());
    }
    // Of many classes there are thousands of trees, which no number of rows is worth minutes of.
    let most = most_rows(model.features.len(), MOST_ROWS).min((MOST_WALKS / all).max(FEWEST_ROWS));
    let counted = 2 * most * model.features.len() * size_of::<f64>() + trees.nodes() * NODE;
    control.reserve(counted)?;
    let samples = rows.map(|(columns, known, offset)| (columns, first(known, most), offset));
    let mut points = Vec::new();
    for count in counts(all / step).into_iter().map(|count| count * step) {
        let body = Body::trees(first_trees(trees, count), curves.to_vec());
        let part = Scorer::new(Model { body, cleaning: None, ..model.clone() });
        let mut found = [(None, None), (None, None)];
        for (found, (columns, known, offset)) in found.iter_mut().zip(&samples) {
            // Where a category stands depends on the splits of the trees that there are.
            let cells = placed(&part, columns, known.rows());
            let mut scores = score_columns(&part, &cells, control)?;
            offset.iter().for_each(|offset| exposure::expect(&mut scores, &offset[..known.rows()]));
            let judged = HeldRows { scores, ..known.clone() };
            *found = (mean_loss(&model.task, &judged), headline_value(&model.task, &judged));
        }
        let [(training_loss, training), (holdout_loss, holdout)] = found;
        points.push(TreesPoint { trees: (count / step) as u32, training_loss, holdout_loss, training, holdout });
    }
    control.release(counted);
    Ok(points)
}

/// Numbers of trees that each are about half as much again as the one before, the last being all.
fn counts(all: usize) -> Vec<usize> {
    let mut counts = Vec::new();
    let mut next = 1;
    while next < all {
        counts.push(next);
        next = (next * 3).div_ceil(2).max(next + 1);
    }
    counts.push(all);
    counts
}

/// The first trees. What only learning needs of their nodes is left out.
fn first_trees(trees: &Trees, count: usize) -> Trees {
    let end = trees.roots.get(count).map_or(trees.nodes(), |root| *root as usize);
    Trees {
        roots: trees.roots[..count].to_vec(),
        feature: trees.feature[..end].to_vec(),
        threshold: trees.threshold[..end].to_vec(),
        left: trees.left[..end].to_vec(),
        right: trees.right[..end].to_vec(),
        missing_left: trees.missing_left[..end].to_vec(),
        set: trees.set[..end].to_vec(),
        cover: trees.cover[..end].to_vec(),
        rows: trees.rows[..end].to_vec(),
        gain: trees.gain[..end].to_vec(),
        ..trees.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_the_counts_is_all() {
        assert_eq!(counts(2), [1, 2]);
        assert_eq!(counts(10), [1, 2, 3, 5, 8, 10]);
        assert_eq!(counts(100), [1, 2, 3, 5, 8, 12, 18, 27, 41, 62, 93, 100]);
    }
}
