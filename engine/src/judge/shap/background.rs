//! Interventional Shapley values: what is not known of a row is taken from rows of a background, whatever goes with what (Lundberg et al. 2020,
//! algorithm 3; Janzing, Minorics and Bloebaum 2020).
//!
//! A leaf is reached by a mixture of a row and a background row if each feature of its path sends one of the two along. Of those that send both
//! nothing depends; with `u` that send the row alone and `v` the background row alone, the leaf pays `(u - 1)! v! / (u + v)!` to each of the first and takes
//! `u! (v - 1)! / (u + v)!` from each of the others. Background rows of one mask count together.

use std::collections::HashMap;

use super::masks::{walk, Leaf, Masks, Table};
use super::plan::Plan;
use crate::control::Control;
use crate::error::Result;
use crate::score::Scorer;

/// The rows that stand for what is not known, by column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Background<'a>(pub &'a [Vec<f64>]);

impl Background<'_> {
    /// Add the values of a tree's leaves to rows given by column; `out` has a number a feature for each row. Returns the mean of the tree over the background.
    pub fn add(
        self,
        scorer: &Scorer,
        plan: &Plan,
        columns: &[&[f64]],
        out: &mut [f64],
        masks: &mut [Masks; 2],
        control: &Control,
    ) -> Result<f64> {
        if plan.edges.is_empty() {
            return Ok(plan.mean);
        }
        let features = columns.len();
        let others: Vec<&[f64]> = self.0.iter().map(Vec::as_slice).collect();
        let count = others.first().map_or(0, |column| column.len()) as f64;
        let weights = Weights::new(plan.features);
        let (mut table, mut met) = (Table::default(), Met::default());
        let [own, background] = masks;
        let mut sum = 0.0;
        walk(scorer, plan, &mut [(columns, own), (&others, background)], control, |leaf, masks| {
            let [own, background] = masks else { return Ok(()) };
            met.count(background, leaf.words);
            let bits = leaf.slots.len();
            sum += leaf.value * met.of(&full(bits, leaf.words));
            table.clear(bits, bits);
            for (mask, out) in own.chunks_exact(leaf.words).zip(out.chunks_exact_mut(features)) {
                let answer = table.get(mask, |answer| pay(leaf, mask, &met, count, &weights, answer));
                for (edge, value) in leaf.slots.iter().zip(answer) {
                    out[edge.feature as usize] += value;
                }
            }
            Ok(())
        })?;
        Ok(sum / count)
    }
}

/// The mask of all bits.
fn full(bits: usize, words: usize) -> Vec<u64> {
    let of = |word: usize| match bits - word * 64 {
        64.. => u64::MAX,
        bits => (1 << bits) - 1,
    };
    (0..words).map(of).collect()
}

/// What a leaf pays the features of a row by its mask.
fn pay(leaf: &Leaf<'_>, mask: &[u64], met: &Met, count: f64, weights: &Weights, answer: &mut [f64]) {
    let all = full(leaf.slots.len(), leaf.words);
    for (other, rows) in &met.masks {
        if mask.iter().zip(other).zip(&all).any(|((a, b), all)| a | b != *all) {
            continue;
        }
        let alone = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| (a & !b).count_ones() as usize).sum::<usize>();
        let (u, v) = (alone(mask, other), alone(other, mask));
        let share = leaf.value * rows / count;
        let (plus, minus) = (share * weights.of(u, v), share * weights.of(v, u));
        for (at, answer) in answer.iter_mut().enumerate() {
            let bit = |mask: &[u64]| mask[at / 64] >> (at % 64) & 1;
            match (bit(mask), bit(other)) {
                (1, 0) => *answer += plus,
                (0, 1) => *answer -= minus,
                _ => {}
            }
        }
    }
}

/// The masks that background rows have, with the number of rows.
#[derive(Debug, Default)]
struct Met {
    masks: Vec<(Vec<u64>, f64)>,
    places: HashMap<Vec<u64>, usize>,
}

impl Met {
    fn count(&mut self, masks: &[u64], words: usize) {
        self.masks.clear();
        self.places.clear();
        for mask in masks.chunks_exact(words) {
            match self.places.get(mask) {
                Some(&at) => self.masks[at].1 += 1.0,
                None => {
                    self.places.insert(mask.to_vec(), self.masks.len());
                    self.masks.push((mask.to_vec(), 1.0));
                }
            }
        }
    }

    fn of(&self, mask: &[u64]) -> f64 {
        self.places.get(mask).map_or(0.0, |&at| self.masks[at].1)
    }
}

/// `(u - 1)! v! / (u + v)!` by `u` and `v`, up to a sum.
struct Weights {
    most: usize,
    numbers: Vec<f64>,
}

impl Weights {
    fn new(most: usize) -> Weights {
        let width = most + 1;
        let mut numbers = vec![0.0; width * width];
        for u in 1..=most {
            // 1 / u without others; one more of the others multiplies by v / (u + v).
            let mut weight = 1.0 / u as f64;
            numbers[u * width] = weight;
            for v in 1..=most - u {
                weight *= v as f64 / (u + v) as f64;
                numbers[u * width + v] = weight;
            }
        }
        Weights { most, numbers }
    }

    fn of(&self, u: usize, v: usize) -> f64 {
        self.numbers.get(u * (self.most + 1) + v).copied().unwrap_or(0.0)
    }
}

/// Room for the masks of rows and of background rows.
pub(super) fn room(rows: usize, background: Background<'_>) -> [Masks; 2] {
    [Masks::new(rows), Masks::new(background.0.first().map_or(0, Vec::len))]
}
