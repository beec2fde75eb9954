//! Shapley interaction values: what two features add to the score together, beyond what each adds by itself (Lundberg et al. 2020, of Fujimoto et al. 2006).
//!
//! As for the values themselves, a leaf pays the product over the features of its path of `t * o + (1 - t) * z` where the known features are chosen at
//! random. The interaction of two of them is half of `(o - z) (o' - z')` times the integral over t of the product of the others: a polynomial, which
//! Gauss-Legendre quadrature integrates exactly.

use rayon::prelude::*;

use super::columns::Explained;
use super::masks::{walk, Leaf, Masks, Table};
use super::plan::Plan;
use super::quadrature::{self, Point};
use super::{is_asked, Shap};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::Trees;
use crate::score::Scorer;

/// Rows that a thread takes at a time.
const PART: usize = 128;
/// Pairs without a column of their own.
const NONE: u32 = u32::MAX;

/// The mean size of the interaction of each pair of columns over rows given by column, for several classes the sum of theirs: a number for each pair
/// `(a, b)`, `a` before `b`, in order. It is that of `[a, b]` in the matrix of a row, where `[b, a]` has as much.
pub fn interactions(scorer: &Scorer, cells: &[Vec<f64>], columns: &[Explained], control: &Control) -> Result<Vec<f64>> {
    let rows = cells.first().map_or(0, Vec::len);
    if is_asked(scorer.model()) {
        return Err(Error::data(
            "the model is neither trees nor a sum, so what its columns do together is not known",
            "Look at how its answers depend on two columns.",
        ));
    }
    // What a model is unfit for is said first.
    let shap = Shap::new(scorer, control)?;
    let (trees, sign, outputs) = (shap.trees.as_ref().map(|(trees, _)| *trees), shap.turn.sign(), shap.outputs());
    shap.release(control);
    let pairs = columns.len() * columns.len().saturating_sub(1) / 2;
    // Where features are added, no two of them do anything together.
    let Some(trees) = trees else { return control.filled(pairs, 0.0) };
    control.start(rows.div_ceil(PART) as u64 * outputs as u64);
    let part = |part: usize| -> Result<Vec<f64>> {
        let (from, to) = (part * PART, (part * PART + PART).min(rows));
        let own: Vec<&[f64]> = cells.iter().map(|column| &column[from..to]).collect();
        let mut sums = control.filled(pairs, 0.0)?;
        for output in 0..outputs {
            let values = interaction_values(scorer, trees, &own, columns, output, control)?;
            for row in values.chunks_exact(pairs.max(1)) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += (value * sign).abs());
            }
            control.release_vec(values);
            control.advance(1);
        }
        Ok(sums)
    };
    let parts: Vec<Vec<f64>> = (0..rows.div_ceil(PART)).into_par_iter().map(part).collect::<Result<_>>()?;
    let mut means = control.filled(pairs, 0.0)?;
    for part in parts {
        means.iter_mut().zip(&part).for_each(|(mean, sum)| *mean += sum);
        control.release_vec(part);
    }
    means.iter_mut().for_each(|mean| *mean /= rows.max(1) as f64);
    Ok(means)
}

/// The interaction of each pair of columns in each row, row by row, on the scale of the trees.
pub fn interaction_values(
    scorer: &Scorer,
    trees: &Trees,
    cells: &[&[f64]],
    columns: &[Explained],
    output: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    let rows = cells.first().map_or(0, |column| column.len());
    let (count, pairs) = (columns.len(), columns.len() * columns.len().saturating_sub(1) / 2);
    let mut column_of = vec![NONE; cells.len()];
    for (at, column) in columns.iter().enumerate() {
        column.features.iter().filter(|&&f| f < cells.len()).for_each(|&f| column_of[f] = at as u32);
    }
    let mut values: Vec<f64> = control.filled(rows.saturating_mul(pairs), 0.0)?;
    let (mut plan, mut masks, mut table) = (Plan::new(scorer, trees, control)?, Masks::new(rows), Table::default());
    let mut rules: Vec<Vec<Point>> = Vec::new();
    for tree in 0..trees.roots.len() {
        plan.fill(scorer, trees, tree, output, control)?;
        for points in rules.len()..=plan.features.div_ceil(2).max(1) {
            rules.push(quadrature::rule(points.max(1), control)?);
        }
        let mut places: Vec<(usize, usize, usize)> = Vec::new();
        walk(scorer, &plan, &mut [(cells, &mut masks)], control, |leaf, own| {
            places.clear();
            for (i, a) in leaf.slots.iter().enumerate() {
                for (j, b) in leaf.slots.iter().enumerate().skip(i + 1) {
                    let (a, b) = (column_of[a.feature as usize], column_of[b.feature as usize]);
                    if a != b && a != NONE && b != NONE {
                        places.push((i, j, place(a.min(b) as usize, a.max(b) as usize, count)));
                    }
                }
            }
            let Some(own) = own.first().filter(|_| !places.is_empty()) else { return Ok(()) };
            let rule = &rules[leaf.slots.len().div_ceil(2).max(1)];
            table.clear(leaf.slots.len(), places.len());
            for (mask, values) in own.chunks_exact(leaf.words).zip(values.chunks_exact_mut(pairs)) {
                let answer = table.get(mask, |answer| pay(leaf, mask, &places, rule, answer));
                places.iter().zip(answer).for_each(|(place, value)| values[place.2] += value);
            }
            Ok(())
        })?;
    }
    let scale = if trees.average { trees.roots.len() as f64 } else { 1.0 };
    values.iter_mut().for_each(|value| *value /= scale);
    masks.release(control);
    plan.release(control);
    rules.into_iter().for_each(|rule| control.release_vec(rule));
    Ok(values)
}

/// The place of a pair, `a` before `b`, among all pairs.
fn place(a: usize, b: usize, count: usize) -> usize {
    a * (2 * count - a - 1) / 2 + b - a - 1
}

/// What a leaf pays pairs of features by the mask of a row.
fn pay(leaf: &Leaf<'_>, mask: &[u64], places: &[(usize, usize, usize)], rule: &[Point], answer: &mut [f64]) {
    let own = |at: usize| {
        let goes = (mask[at / 64] >> (at % 64) & 1) as f64;
        (goes, leaf.slots[at].shares())
    };
    for point in rule {
        let factor = |at: usize| {
            let (goes, share) = own(at);
            point.t * goes + point.rest * share
        };
        let factors: Vec<f64> = (0..leaf.slots.len()).map(factor).collect();
        let weight = point.weight * leaf.value / 2.0;
        let product: f64 = factors.iter().product();
        for ((i, j, _), answer) in places.iter().zip(answer.iter_mut()) {
            let others = match factors[*i] * factors[*j] {
                both if both > f64::MIN_POSITIVE && product > f64::MIN_POSITIVE => product / both,
                _ => factors.iter().enumerate().filter(|(at, _)| at != i && at != j).map(|(_, f)| f).product(),
            };
            *answer += weight * others;
        }
    }
    for ((i, j, _), answer) in places.iter().zip(answer) {
        let difference = |at: usize| {
            let (goes, share) = own(at);
            goes - share
        };
        *answer *= difference(*i) * difference(*j);
    }
}
