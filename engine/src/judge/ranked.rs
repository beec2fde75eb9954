//! Rows in the order of their scores, the highest first. Rows of one score are one: their order among each other says nothing of a model.

use super::{weight_of, Sum};

/// All rows whose score is at least this one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The score.
    pub score: f64,
    /// Rows, each counted once.
    pub rows: usize,
    /// The weight of those that are positive.
    pub positive: f64,
    /// The weight of the others.
    pub negative: f64,
}

impl Cut {
    /// The weight of the rows.
    pub fn weight(&self) -> f64 {
        self.positive + self.negative
    }
}

/// The places of scores, the highest first; equal ones in the order they come.
pub(super) fn order(scores: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
    order
}

/// A cut for each distinct score, the highest first; the last has all rows.
pub fn cuts(scores: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Vec<Cut> {
    let order = order(scores);
    let (mut yes, mut no) = (Sum::default(), Sum::default());
    let mut rows = 0;
    let ties = order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]);
    ties.map(|tie| {
        for &i in tie {
            if positive[i as usize] { &mut yes } else { &mut no }.add(weight_of(weight, i as usize));
        }
        rows += tie.len();
        Cut { score: scores[tie[0] as usize], rows, positive: yes.get(), negative: no.get() }
    })
    .collect()
}
