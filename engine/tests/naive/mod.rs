//! A naive search for splits over few rows, that trees and forests are compared with.
#![allow(dead_code, missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::learn::bin::{bin, BinParams, Binned};
use orchard_engine::model::{Trees, LEAF};
use proptest::prelude::*;

/// Rows of two numbers (NaN is missing) and a category (`None` is missing), with a target and a weight.
#[derive(Debug, Clone)]
pub struct Rows {
    pub numbers: [Vec<f64>; 2],
    pub category: Vec<Option<u8>>,
    pub classes: Vec<u32>,
    pub values: Vec<f64>,
    pub weight: Vec<f64>,
}

pub fn rows() -> impl Strategy<Value = Rows> {
    let number = || prop_oneof![8 => (-6i32..6).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    let category = prop_oneof![6 => (0u8..5).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((number(), number(), category, 0u32..2, -5i32..5, 1u8..4), 2..40).prop_map(|v| Rows {
        numbers: [v.iter().map(|r| r.0).collect(), v.iter().map(|r| r.1).collect()],
        category: v.iter().map(|r| r.2).collect(),
        classes: v.iter().map(|r| r.3).collect(),
        values: v.iter().map(|r| f64::from(r.4)).collect(),
        weight: v.iter().map(|r| f64::from(r.5)).collect(),
    })
}

/// The features as the learner takes them, and as scoring does.
pub fn features(rows: &Rows, control: &Control) -> (Vec<Binned>, Vec<Vec<f64>>) {
    let all: Vec<u32> = (0..rows.classes.len() as u32).collect();
    let params = BinParams { max_bins: 1000, min_category_rows: 1, min_group: 1 };
    let texts: Vec<Option<String>> = rows.category.iter().map(|c| c.map(|c| format!("level {c}"))).collect();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let mut columns = [
        Column::from_numbers("a", &rows.numbers[0], control).unwrap(),
        Column::from_numbers("b", &rows.numbers[1], control).unwrap(),
        Column::from_texts("c", &texts, control).unwrap(),
    ];
    // Every row is held out as well, so that `held` says what scoring sees.
    let binned: Vec<Binned> = columns.iter_mut().map(|c| bin(c, &all, &all, &params, control).unwrap()).collect();
    let seen = binned.iter().map(|b| b.held.clone()).collect();
    (binned, seen)
}

pub struct Problem<'a> {
    pub rows: &'a Rows,
    pub seen: &'a [Vec<f64>],
    pub levels: usize,
    pub regression: bool,
    pub least: usize,
}

impl Problem<'_> {
    /// The explained sum of a set of rows.
    pub fn score(&self, set: &[usize]) -> f64 {
        let w = |i: &usize| self.rows.weight[*i];
        let total: f64 = set.iter().map(w).sum();
        if total == 0.0 {
            return 0.0;
        }
        if self.regression {
            let sum: f64 = set.iter().map(|i| w(i) * self.rows.values[*i]).sum();
            return sum * sum / total;
        }
        let of_class = |c: u32| set.iter().filter(|&&i| self.rows.classes[i] == c).map(w).sum::<f64>();
        (0..8).map(|c| of_class(c) * of_class(c)).sum::<f64>() / total
    }

    pub fn gain(&self, set: &[usize], left: impl Fn(usize) -> bool) -> Option<f64> {
        let (l, r): (Vec<usize>, Vec<usize>) = set.iter().partition(|&&i| left(i));
        let allowed = l.len() >= self.least && r.len() >= self.least;
        allowed.then(|| self.score(&l) + self.score(&r) - self.score(set))
    }

    /// The best gain of any split of the set.
    pub fn best(&self, set: &[usize]) -> f64 {
        let mut best: f64 = 0.0;
        let mut take = |gain: Option<f64>| best = best.max(gain.unwrap_or(0.0));
        for missing_left in [false, true] {
            for values in &self.seen[..2] {
                for &cut in set {
                    let t = values[cut];
                    if !t.is_nan() {
                        take(self.gain(set, |i| if values[i].is_nan() { missing_left } else { values[i] <= t }));
                    }
                }
            }
            let Some(codes) = self.seen.get(2) else { continue };
            for subset in 0u32..1 << self.levels {
                let left = |i: usize| if codes[i].is_nan() { missing_left } else { subset >> codes[i] as u32 & 1 == 1 };
                let some = set.iter().any(|&i| !codes[i].is_nan() && left(i));
                if some {
                    take(self.gain(set, left));
                }
            }
        }
        best
    }

    pub fn goes_left(&self, trees: &Trees, node: usize, row: usize) -> bool {
        let value = self.seen[trees.feature[node] as usize][row];
        if value.is_nan() {
            trees.missing_left[node]
        } else if trees.set[node] > 0 {
            trees.contains(trees.sets[trees.set[node] as usize - 1], value as u32)
        } else {
            value <= trees.threshold[node]
        }
    }

    /// Walk the tree with its rows and compare each node with the naive search.
    pub fn check(&self, trees: &Trees, depth: u32) -> Result<(), TestCaseError> {
        let whole: f64 = self.rows.weight.iter().sum();
        let mut stack = vec![(0usize, (0..self.rows.classes.len()).collect::<Vec<_>>(), 0)];
        while let Some((node, set, at)) = stack.pop() {
            prop_assert_eq!(trees.rows[node] as usize, set.len());
            let best = self.best(&set);
            if trees.feature[node] == LEAF {
                prop_assert!(at == depth || best < 1e-9, "a leaf at depth {} could gain {}", at, best);
                let total: f64 = set.iter().map(|&i| self.rows.weight[i]).sum();
                let answer =
                    |i: usize| if self.regression { self.rows.values[i] } else { f64::from(self.rows.classes[i]) };
                let values = &trees.values[trees.left[node] as usize..][..trees.outputs as usize];
                for (class, value) in values.iter().enumerate() {
                    let of_class = |i: usize| f64::from(u8::from(self.rows.classes[i] as usize == class));
                    let answer = |i: usize| if trees.outputs > 1 { of_class(i) } else { answer(i) };
                    let mean = set.iter().map(|&i| self.rows.weight[i] * answer(i)).sum::<f64>() / total;
                    prop_assert!((value - mean).abs() < 1e-9, "{} where the mean is {}", value, mean);
                }
                continue;
            }
            let gain = trees.gain[node] * whole;
            prop_assert!((gain - best).abs() < 1e-9, "gain {} where {} was possible", gain, best);
            let (l, r): (Vec<usize>, Vec<usize>) = set.iter().partition(|&&i| self.goes_left(trees, node, i));
            prop_assert!(l.len() >= self.least && r.len() >= self.least);
            stack.push((trees.left[node] as usize, l, at + 1));
            stack.push((trees.right[node] as usize, r, at + 1));
        }
        Ok(())
    }
}
