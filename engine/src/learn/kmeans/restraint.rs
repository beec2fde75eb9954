//! What a centre must be, besides near to its rows: along a category one of its levels, as in k-prototypes (Huang 1998), or along an array a
//! direction, as in spherical k-means (Dhillon, Modha 2001).
//!
//! For given rows the sum of squared distances to a centre is that to their mean plus their weight times the squared distance of the centre from the
//! mean. So the best centre among those that are allowed is the one nearest to the mean: the most frequent level, or the mean brought to the
//! length that all directions have.

use super::space::{width, with_length};
use crate::model::Axis;

/// What some dimensions of a centre must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Restraint {
    /// Numbers of this length.
    Direction { first: usize, count: usize, length: f64 },
    /// This number in one of the dimensions, and 0 in the others.
    Mode { first: usize, count: usize, mark: f64 },
}

impl Restraint {
    /// Those of some axes; of categories only where centres are to have `modes`.
    pub fn of(axes: &[Axis], modes: bool) -> Vec<Restraint> {
        let mut end = 0;
        let mut of = |axis: &Axis| {
            let first = end;
            end += width(axis);
            match axis {
                Axis::Element { count, scale, .. } if *count > 0 => {
                    Some(Restraint::Direction { first: end - *count as usize, count: *count as usize, length: *scale })
                }
                Axis::Category { scale, .. } if modes => {
                    Some(Restraint::Mode { first, count: end - first, mark: *scale })
                }
                _ => None,
            }
        };
        axes.iter().filter_map(&mut of).collect()
    }

    /// Move a centre to the nearest one that is allowed, of several the first; what has no direction, or no level, stays as it is.
    pub fn hold(&self, centre: &mut [f64]) {
        match *self {
            Restraint::Direction { first, count, length } => with_length(&mut centre[first..first + count], length),
            Restraint::Mode { first, count, mark } => {
                let own = &mut centre[first..first + count];
                let most = (0..count).reduce(|best, at| if own[at] > own[best] { at } else { best });
                if let Some(most) = most.filter(|at| own[*at] > 0.0) {
                    own.fill(0.0);
                    own[most] = mark;
                }
            }
        }
    }
}

/// Move all centres to what they are allowed to be.
pub(super) fn hold(restraints: &[Restraint], centres: &mut [f64], dimensions: usize) {
    if !restraints.is_empty() {
        centres.chunks_exact_mut(dimensions).for_each(|centre| restraints.iter().for_each(|r| r.hold(centre)));
    }
}
