//! Which segments of a version are which of another: centres are compared in the scaled space of the older version, and matched so that the distances
//! add up to the least (Hungarian method: Kuhn 1955, in the form of Jonker, Volgenant 1987).

use std::collections::HashMap;

use crate::control::Control;
use crate::error::Result;
use crate::learn::kmeans::{inverse, place, width};
use crate::model::{Axis, Model, SegmentFacts};

/// By segment of `model`, its distances from the segments of `before`, in the space of that. Columns that one of the two does not have say nothing.
///
/// Empty where one of them has no segments, or nothing is known of those of `model`.
pub fn distances(before: &Model, model: &Model, facts: &SegmentFacts, control: &Control) -> Result<Vec<f64>> {
    let (Some(old), Some(own)) = (before.body.as_segments(), model.body.as_segments()) else { return Ok(Vec::new()) };
    if facts.features.len() != model.features.len() {
        return Ok(Vec::new());
    }
    let (count, d) = (facts.sizes.len(), old.dimensions as usize);
    let mut centres: Vec<f64> = control.filled(count * d, f64::NAN)?;
    let mut own_first = Vec::with_capacity(own.axes.len());
    own.axes.iter().fold(0, |first, axis| {
        own_first.push(first);
        first + width(axis)
    });
    let mut first = 0;
    for (f, (axis, feature)) in old.axes.iter().zip(&before.features).enumerate() {
        let at = model
            .features
            .iter()
            .position(|f| f.name == feature.name && f.encoding.is_category() == feature.encoding.is_category());
        if let Some(at) = at {
            let new = model.features[at].encoding.levels();
            let known: HashMap<&str, usize> =
                feature.encoding.levels().iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
            let levels: Vec<Option<usize>> = new.iter().map(|l| known.get(l.as_str()).copied()).collect();
            for (s, centre) in centres.chunks_exact_mut(d.max(1)).enumerate() {
                control.check()?;
                let along = own.centres.get(s * own.dimensions as usize + own_first[at]).copied().unwrap_or(f64::NAN);
                let to = &mut centre[first..first + width(axis)];
                match (axis, &own.axes[at]) {
                    (Axis::Logarithm { shift, scale, .. }, bent @ Axis::Logarithm { .. }) => {
                        to[0] = place_of(axis, inverse(bent, along)).unwrap_or_else(|| -shift * scale);
                    }
                    (Axis::Element { .. }, Axis::Element { .. }) => {
                        to[0] = along / length(&own.axes[at..]) * length(&old.axes[f..]);
                    }
                    _ => put(axis, facts, (at, s), &levels, to),
                }
            }
        }
        first += width(axis);
    }
    let mut out = control.vec(count * old.sizes.len())?;
    for centre in centres.chunks_exact(d.max(1)) {
        control.check()?;
        for other in old.centres.chunks_exact(d.max(1)) {
            let known = centre.iter().zip(other).filter(|(x, _)| !x.is_nan());
            out.push(known.map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt());
        }
    }
    control.release_vec(centres);
    Ok(out)
}

/// The length of the arrays whose elements axes begin with.
fn length(axes: &[Axis]) -> f64 {
    let of = |axis: &Axis| match axis {
        Axis::Element { count, scale, .. } if *count > 0 => Some(*scale),
        _ => None,
    };
    axes.iter().find_map(of).unwrap_or(f64::NAN)
}

/// Where a number lies along an axis of one dimension.
fn place_of(axis: &Axis, value: f64) -> Option<f64> {
    let mut to = [0.0];
    (!value.is_nan()).then(|| place(axis, value, &mut to, 0)).map(|_| to[0])
}

/// Where the mean row of a segment is along an axis of another version; not a number where that says nothing.
fn put(
    axis: &Axis,
    facts: &SegmentFacts,
    (feature, segment): (usize, usize),
    levels: &[Option<usize>],
    out: &mut [f64],
) {
    let own = &facts.features[feature];
    let weight = facts.weights[segment];
    match axis {
        Axis::Number { fill, shift, scale, low, high } => {
            let known = own.known[segment].min(weight);
            let share = if weight > 0.0 { known / weight } else { 0.0 };
            out[0] = (share * own.mean[segment].clamp(*low, *high) + (1.0 - share) * fill - shift) * scale;
        }
        Axis::Logarithm { .. } if own.known[segment] > 0.0 => {
            out[0] = place_of(axis, own.mean[segment]).unwrap_or(f64::NAN);
        }
        // The mean of arrays does not say in which direction they point.
        Axis::Logarithm { .. } | Axis::Element { .. } => out[0] = f64::NAN,
        Axis::Category { dimension, missing, scale, .. } => {
            out.fill(0.0);
            let cells = levels.len() + 1;
            let mut add = |at: Option<&u32>, part: f64| {
                if let Some(place) = at.and_then(|at| out.get_mut(*at as usize)) {
                    *place += if weight > 0.0 { scale * part / weight } else { 0.0 };
                }
            };
            for (level, part) in own.levels[segment * cells..(segment + 1) * cells].iter().enumerate() {
                let old = levels.get(level).copied().flatten();
                add(old.map_or(dimension.last(), |old| dimension.get(old)), *part);
            }
            add(Some(missing), own.missing[segment]);
        }
    }
}

/// For each row of a matrix of costs, of `columns` numbers a row, the column it is assigned; `None` where rows are more than columns. No column is
/// assigned twice, and the costs add up to the least.
pub fn assign(costs: &[f64], columns: usize, control: &Control) -> Result<Vec<Option<usize>>> {
    let rows = costs.len() / columns.max(1);
    if rows > columns {
        // The other way round, as each row of the method gets a column.
        let turned: Vec<f64> = (0..columns).flat_map(|c| (0..rows).map(move |r| costs[r * columns + c])).collect();
        let mut out = vec![None; rows];
        for (column, row) in assign_rows(&turned, rows, control)?.into_iter().enumerate() {
            out[row] = Some(column);
        }
        return Ok(out);
    }
    Ok(assign_rows(costs, columns, control)?.into_iter().map(Some).collect())
}

/// The same of at most as many rows as columns: each row has a column.
fn assign_rows(costs: &[f64], columns: usize, control: &Control) -> Result<Vec<usize>> {
    let rows = costs.len() / columns.max(1);
    // Prices of rows and columns; column 0 is the row that is to be placed.
    let (mut row_price, mut price) = (vec![0.0; rows + 1], vec![0.0; columns + 1]);
    let mut owner = vec![0usize; columns + 1];
    for row in 1..=rows {
        control.check()?;
        owner[0] = row;
        let mut column = 0;
        let mut least = vec![f64::INFINITY; columns + 1];
        let mut from = vec![0usize; columns + 1];
        let mut used = vec![false; columns + 1];
        while owner[column] != 0 {
            used[column] = true;
            let at = owner[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for c in 1..=columns {
                if used[c] {
                    continue;
                }
                let cost = costs[(at - 1) * columns + c - 1] - row_price[at] - price[c];
                if cost < least[c] {
                    (least[c], from[c]) = (cost, column);
                }
                if least[c] < step || next == 0 {
                    (step, next) = (least[c], c);
                }
            }
            for c in 0..=columns {
                if used[c] {
                    row_price[owner[c]] += step;
                    price[c] -= step;
                } else {
                    least[c] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            owner[column] = owner[from[column]];
            column = from[column];
        }
    }
    let mut out = vec![0; rows];
    (1..=columns).filter(|c| owner[*c] > 0).for_each(|c| out[owner[c] - 1] = c - 1);
    Ok(out)
}

/// The number, from 0, of each segment, where `before` says which segment of the older version it is: that one's, as far as numbers go up to the count of
/// segments; the others take what is left, in their order.
pub fn numbers(before: &[Option<usize>]) -> Vec<usize> {
    let count = before.len();
    let kept = |b: &Option<usize>| b.filter(|b| *b < count);
    let mut free: Vec<usize> = (0..count).filter(|n| !before.iter().any(|b| kept(b) == Some(*n))).rev().collect();
    before.iter().map(|b| kept(b).unwrap_or_else(|| free.pop().unwrap_or(0))).collect()
}
