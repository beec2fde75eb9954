//! What the training rows say that lie nearest to a row.

use std::cell::RefCell;

use super::near::Near;
use crate::learn::kmeans::{place_beyond, width};
use crate::model::neighbors::FARTHEST;
use crate::model::{Axis, Body, Known, Neighbors, Task, Weighting};
use crate::simd::{run_wide, Kernel};

/// A point of a tree and how far it is (squared), or what it counts.
pub(super) type Found = (f64, u32);

thread_local! {
    /// A row in the space and the points that are found; kept so that a row costs no allocation.
    static ROOM: RefCell<(Vec<f64>, Vec<Found>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// The points of a model, ready to be searched; `None` where it has none.
pub(super) fn index(body: &Body) -> Option<Near> {
    let Body::Neighbors(body) = body else { return None };
    let d = body.dimensions as usize;
    Some(Near::new(body.known.len(), d, |point| &body.points[point * d..(point + 1) * d]))
}

/// An encoded row in the space. All numbers are finite, and so are their squares.
pub fn point(body: &Neighbors, row: &[f64], out: &mut Vec<f64>) {
    beyond(&body.axes, body.dimensions, row, out);
}

/// An encoded row in a space of axes, where a row beyond those of training is as far out as it is.
pub(super) fn beyond(axes: &[Axis], dimensions: u32, row: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.resize(dimensions as usize, 0.0);
    let mut first = 0;
    for (axis, &value) in axes.iter().zip(row) {
        place_beyond(axis, value, out, first);
        first += width(axis);
    }
    for x in out {
        *x = if x.is_nan() { 0.0 } else { x.clamp(-FARTHEST, FARTHEST) };
    }
}

/// Write the answer to an encoded row.
pub(super) fn predict(body: &Neighbors, near: &Near, task: &Task, row: &[f64], out: &mut [f64]) {
    ROOM.with_borrow_mut(|(place, found)| {
        point(body, row, place);
        let wanted = f64::from(body.n_neighbors);
        run_wide(Search { near, point: place, wanted, weights: &body.weights, found });
        // The order in which points were found is that of the tree.
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let all = count(found, wanted, &body.weights, body.weighting);
        answer(body, task, found, all, out);
    });
}

/// From the points that are found, the nearest first, to what each of them counts; all of them together.
fn count(found: &mut [Found], wanted: f64, weights: &[f64], weighting: Weighting) -> f64 {
    let nearest = found.first().map_or(0.0, |first| first.0.sqrt());
    let (mut taken, mut all) = (0.0, 0.0);
    let mut rest = found;
    while let Some(far) = rest.first().map(|first| first.0) {
        let alike = rest.iter().take_while(|other| other.0 == far).count();
        let (group, after) = std::mem::take(&mut rest).split_at_mut(alike);
        let weight: f64 = group.iter().map(|own| weights[own.1 as usize]).sum();
        // Points that are equally far share what is left for them.
        let part = if taken + weight <= wanted { 1.0 } else { ((wanted - taken) / weight).max(0.0) };
        let by = match weighting {
            Weighting::Uniform => 1.0,
            Weighting::Distance if far == 0.0 => 1.0,
            // Where the nearest is at no distance this is 0.
            Weighting::Distance => nearest / far.sqrt(),
        };
        for own in group {
            own.0 = weights[own.1 as usize] * part * by;
            all += own.0;
        }
        taken += weight;
        rest = after;
    }
    all
}

/// From what points count to the answer.
fn answer(body: &Neighbors, task: &Task, found: &[Found], all: f64, out: &mut [f64]) {
    match (&body.known, task) {
        (Known::Numbers(values), _) => {
            out[0] = found.iter().map(|(own, point)| own / all * values[*point as usize]).sum();
        }
        (Known::Classes(classes), Task::Classification { positive, .. }) => {
            out.fill(0.0);
            for (own, point) in found {
                let class = classes[*point as usize];
                match out.len() {
                    1 if class == *positive => out[0] += own,
                    1 => {}
                    _ => out[class as usize] += own,
                }
            }
            out.iter_mut().for_each(|p| *p = (*p / all).min(1.0));
        }
        _ => {}
    }
}

/// A look for the nearest points.
struct Search<'a> {
    near: &'a Near,
    point: &'a [f64],
    wanted: f64,
    weights: &'a [f64],
    found: &'a mut Vec<Found>,
}

impl Kernel for Search<'_> {
    #[inline(always)]
    fn run(self) {
        self.near.nearest_of_weight(self.point, self.wanted, self.weights, self.found);
    }
}

/// About how many nanoseconds a row takes: some leaves are looked at, and a way down to each.
pub(super) fn nanoseconds(body: &Neighbors) -> f64 {
    let levels = (body.known.len() as f64).log2().max(1.0);
    200.0 + f64::from(body.dimensions) * 40.0 * levels + 20.0 * f64::from(body.n_neighbors.min(body.known.len() as u32))
}

/// Bytes on the heap.
pub(super) fn bytes(body: &Neighbors) -> usize {
    let known = match &body.known {
        Known::Classes(all) => all.capacity() * 4,
        Known::Numbers(all) => all.capacity() * 8,
    };
    (body.points.capacity() + body.weights.capacity()) * 8 + known + body.axes.len() * 64
}
