//! Shapley values of a model that is only asked: what is not known of a row is taken from another, be it a row of a background or the typical row of the
//! training, and the answer is asked for again (the baseline Shapley values of Sundararajan, Najmi 2020; with a background their mean).
//!
//! Of few features that differ all sets are asked for, which is exact. Of more, orders are drawn, each with its reverse (Castro et al. 2009; Mitchell et
//! al. 2022): every order sums to the difference of the two answers, so the mean of them does, and only how it is shared is an estimate.

use super::background::Background;
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::model::{Encoding, Model};
use crate::score::Scorer;

/// Nanoseconds that a row may take, and how often the model is asked at least and at most.
const NANOSECONDS: f64 = 5e6;
const FEWEST: f64 = 64.0;
const MOST: f64 = 2048.0;
/// Pairs of orders at least.
const PAIRS: usize = 2;
/// What orders are drawn from.
const SEED: u64 = 0x5ba9;

/// A row as training saw them on the whole: means of numbers, the most frequent levels.
pub(super) fn typical(scorer: &Scorer) -> Vec<f64> {
    let model: &Model = scorer.model();
    let of = |(f, feature): (usize, &crate::model::Feature)| match &feature.encoding {
        Encoding::Category { .. } | Encoding::Ordered { .. } => {
            let rows = &feature.stats.level_rows;
            let most = (0..rows.len()).fold(0, |best, at| if rows[at] > rows[best] { at } else { best });
            match rows.get(most) {
                Some(count) if *count > feature.stats.missing => scorer.place(f, most as f64),
                _ => f64::NAN,
            }
        }
        // A month and a half is none.
        Encoding::Part(_) => feature.stats.mean.round(),
        _ => feature.stats.mean,
    };
    model.features.iter().enumerate().map(of).collect()
}

/// Explain rows given by column, `out` having a number a feature for each row; returns the mean answer of what they are compared with.
pub(super) fn explain(
    scorer: &Scorer,
    columns: &[&[f64]],
    background: Option<Background<'_>>,
    output: usize,
    out: &mut [f64],
    control: &Control,
) -> Result<f64> {
    let features = columns.len();
    let others: Vec<Vec<f64>> = match background {
        Some(Background(rows)) => {
            let count = rows.first().map_or(0, Vec::len);
            (0..count).map(|row| rows.iter().map(|column| column[row]).collect()).collect()
        }
        None => vec![typical(scorer)],
    };
    let share = 1.0 / others.len().max(1) as f64;
    let most = (NANOSECONDS / scorer.nanoseconds().max(1.0)).clamp(FEWEST, MOST) * share;
    let mut ask = Ask { scorer, output, answers: vec![0.0; scorer.outputs()] };
    let mut mean = 0.0;
    for other in &others {
        mean += share * ask.answer(other);
    }
    let mut own = vec![0.0; features];
    for (row, out) in out.chunks_exact_mut(features.max(1)).enumerate() {
        out.fill(0.0);
        own.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[row]);
        for other in &others {
            control.check()?;
            let differ = |f: &usize| own[*f].to_bits() != other[*f].to_bits() && scorer.uses(*f);
            let apart: Vec<usize> = (0..features).filter(differ).collect();
            let exact = apart.len() < 12 && (1usize << apart.len()) as f64 <= most.max(FEWEST);
            match exact {
                true => ask.sets(&own, other, &apart, share, out),
                false => {
                    let pairs = (most / (2 * apart.len()) as f64) as usize;
                    ask.orders(&own, other, &apart, pairs.max(PAIRS), share, out);
                }
            }
        }
    }
    Ok(mean)
}

/// A model that is asked.
struct Ask<'a> {
    scorer: &'a Scorer,
    output: usize,
    answers: Vec<f64>,
}

impl Ask<'_> {
    fn answer(&mut self, row: &[f64]) -> f64 {
        self.scorer.predict(row, &mut self.answers);
        self.answers[self.output]
    }

    /// Ask for all sets of the features that differ.
    fn sets(&mut self, own: &[f64], other: &[f64], apart: &[usize], share: f64, out: &mut [f64]) {
        let count = apart.len();
        let answers: Vec<f64> = (0..1usize << count)
            .map(|set| {
                let mut row = other.to_vec();
                let known = apart.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
                known.for_each(|(_, &f)| row[f] = own[f]);
                self.answer(&row)
            })
            .collect();
        // What a set of a size counts: one over the number of orders that begin with it.
        let mut weights = vec![1.0 / count.max(1) as f64; count];
        for size in 1..count {
            weights[size] = weights[size - 1] * size as f64 / (count - size) as f64;
        }
        for set in 0..answers.len() {
            let size = (set as u64).count_ones() as usize;
            for (bit, &f) in apart.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 0) {
                out[f] += share * weights[size] * (answers[set | 1 << bit] - answers[set]);
            }
        }
    }

    /// Ask along drawn orders and their reverses.
    fn orders(&mut self, own: &[f64], other: &[f64], apart: &[usize], pairs: usize, share: f64, out: &mut [f64]) {
        let by = share / (2 * pairs) as f64;
        let before = self.answer(other);
        let mut order = apart.to_vec();
        for pair in 0..pairs {
            order.copy_from_slice(apart);
            Random::new(SEED, pair as u64).shuffle(&mut order);
            for _ in 0..2 {
                let mut row = other.to_vec();
                let mut last = before;
                for &f in &order {
                    row[f] = own[f];
                    let next = self.answer(&row);
                    out[f] += by * (next - last);
                    last = next;
                }
                order.reverse();
            }
        }
    }
}
