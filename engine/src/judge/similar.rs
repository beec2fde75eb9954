//! Rows that are alike in the eyes of a model.
//!
//! For trees it is their proximity (Breiman 2003): the share of the trees in which two rows come to the same leaf. Columns that the model does not look
//! at do not count, and others as far as it tells their values apart. For segments and neighbours it is the distance in their space. For an ensemble it is the
//! mean of what its members say.

use crate::data::mix;
use crate::model::{Additive, Body};
use crate::score::{kmeans, machine, neighbors, projection, Scorer};

/// What a row looks like to a model, to compare others with it.
#[derive(Debug)]
pub struct Likeness {
    own: Look,
    other: Look,
    /// Of an ensemble, to what each member sees.
    members: Vec<Likeness>,
    /// A row of a member.
    row: Vec<f64>,
}

#[derive(Debug, Clone)]
enum Look {
    /// By tree, the leaf.
    Leaves(Vec<u32>),
    /// Where it lies.
    Point(Vec<f64>),
}

impl Likeness {
    /// To a row as it is scored.
    pub fn new(scorer: &Scorer, row: &[f64]) -> Likeness {
        let mut seen = Vec::new();
        let member = |(at, member): (usize, &Scorer)| {
            scorer.member_row(at, row, &mut seen);
            Likeness::new(member, &seen)
        };
        let members = scorer.members().enumerate().map(member).collect();
        let own = match scorer.model().body.as_segments() {
            Some(body) => {
                let mut point = Vec::new();
                kmeans::point(body, row, &mut point);
                Look::Point(point)
            }
            None => match &scorer.model().body {
                Body::Projection(body) => {
                    let mut point = Vec::new();
                    projection::point(body, row, &mut point);
                    Look::Point(point)
                }
                Body::Neighbors(body) => {
                    let mut point = Vec::new();
                    neighbors::point(body, row, &mut point);
                    Look::Point(point)
                }
                Body::Machine(body) => {
                    let mut point = Vec::new();
                    machine::point(body, row, &mut point);
                    Look::Point(point)
                }
                Body::Additive(body) => Look::Point(said(body, row)),
                Body::Network(_) => {
                    let mut point = Vec::new();
                    scorer.hidden(row, &mut point);
                    Look::Point(point)
                }
                body => {
                    let trees = body.as_trees().map_or(0, |(trees, _)| trees.roots.len());
                    let mut leaves = vec![0; trees];
                    scorer.leaves(row, &mut leaves);
                    Look::Leaves(leaves)
                }
            },
        };
        Likeness { other: own.clone(), own, members, row: Vec::new() }
    }

    /// How far another row is: for trees the share of them that tell the two apart, else the distance in the space.
    pub fn distance(&mut self, scorer: &Scorer, row: &[f64]) -> f64 {
        if !self.members.is_empty() {
            let mut apart = 0.0;
            for (at, (own, member)) in self.members.iter_mut().zip(scorer.members()).enumerate() {
                scorer.member_row(at, row, &mut self.row);
                let distance = own.distance(member, &self.row);
                apart += 1.0 - own.similarity(distance);
            }
            return apart / self.members.len() as f64;
        }
        match (&self.own, &mut self.other, &scorer.model().body) {
            (Look::Leaves(own), Look::Leaves(other), _) => {
                scorer.leaves(row, other);
                let apart = own.iter().zip(&*other).filter(|(a, b)| a != b).count();
                apart as f64 / own.len().max(1) as f64
            }
            (Look::Point(own), Look::Point(other), body) => {
                match (body.as_segments(), body) {
                    (Some(body), _) => kmeans::point(body, row, other),
                    (None, Body::Projection(body)) => projection::point(body, row, other),
                    (None, Body::Neighbors(body)) => neighbors::point(body, row, other),
                    (None, Body::Machine(body)) => machine::point(body, row, other),
                    (None, Body::Additive(body)) => *other = said(body, row),
                    (None, Body::Network(_)) => scorer.hidden(row, other),
                    _ => return f64::INFINITY,
                }
                own.iter().zip(&*other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
            }
            _ => f64::INFINITY,
        }
    }

    /// From the distance to a number that is 1 for rows that the model does not tell apart, and 0 at most for those that have nothing in common.
    pub fn similarity(&self, distance: f64) -> f64 {
        match &self.own {
            // An ensemble looks at leaves of no tree.
            Look::Leaves(_) => 1.0 - distance,
            Look::Point(_) => 1.0 / (1.0 + distance),
        }
    }
}

/// What each feature of a row says.
fn said(body: &Additive, row: &[f64]) -> Vec<f64> {
    let outputs = body.outputs as usize;
    let mut all = vec![0.0; row.len() * outputs];
    let own = all.chunks_exact_mut(outputs.max(1)).zip(body.terms.iter().zip(row));
    own.for_each(|(own, (term, &value))| term.add(value, own));
    all
}

/// A hash of what a row says to a model, by which equals are ordered.
pub fn hash(row: &[f64]) -> u64 {
    row.iter().fold(0, |hash, cell| mix(hash, if cell.is_nan() { u64::MAX } else { (cell + 0.0).to_bits() }))
}

/// The nearest of many rows, as they come.
#[derive(Debug)]
pub struct Nearest<T> {
    most: usize,
    kept: Vec<(f64, u64, T)>,
}

impl<T: Ord> Nearest<T> {
    /// For at most so many.
    pub fn new(most: usize) -> Nearest<T> {
        Nearest { most, kept: Vec::new() }
    }

    /// Whether a row may be among the nearest: what is to be kept of it need not be known yet.
    pub fn admits(&self, distance: f64, hash: u64) -> bool {
        match self.kept.last() {
            Some(last) if self.kept.len() >= self.most => distance.total_cmp(&last.0).then(hash.cmp(&last.1)).is_le(),
            _ => true,
        }
    }

    /// Add a row; the one that has no place any more is returned.
    pub fn push(&mut self, distance: f64, hash: u64, value: T) -> Option<T> {
        let order = |kept: &(f64, u64, T)| {
            kept.0.total_cmp(&distance).then(kept.1.cmp(&hash)).then_with(|| kept.2.cmp(&value)).is_le()
        };
        let at = self.kept.partition_point(order);
        self.kept.insert(at, (distance, hash, value));
        if self.kept.len() > self.most {
            self.kept.pop().map(|(_, _, value)| value)
        } else {
            None
        }
    }

    /// The nearest first, with their distances.
    pub fn into_rows(self) -> impl Iterator<Item = (f64, T)> {
        self.kept.into_iter().map(|(distance, _, value)| (distance, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_of_a_sort() {
        let rows: Vec<(f64, u64, u64)> = (0..500u64).map(|i| ((i * 37 % 11) as f64 / 11.0, i * 53 % 7, i)).collect();
        let mut sorted = rows.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        for turn in [false, true] {
            let mut nearest = Nearest::new(40);
            let mut own = rows.clone();
            if turn {
                own.reverse();
            }
            for (distance, hash, value) in own {
                if nearest.admits(distance, hash) {
                    nearest.push(distance, hash, value);
                }
            }
            let found: Vec<u64> = nearest.into_rows().map(|(_, value)| value).collect();
            assert_eq!(found, sorted[..40].iter().map(|row| row.2).collect::<Vec<_>>());
        }
    }
}
