//! Random trees over columns of every kind, for tests against what is counted one by one.
#![allow(dead_code, missing_docs)]

use orchard_engine::model::*;
use orchard_engine::score::Scorer;

use crate::samples;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    pub fn number(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.number(0.0, 1.0) < p
    }
}

/// Random trees over numbers, categories and an ordered text, with splits of the same feature along a path.
pub fn random_trees(rng: &mut Random, outputs: u32) -> (Vec<Feature>, Trees) {
    let mut features: Vec<Feature> = (0..4).map(|i| samples::number(&format!("n{i}"))).collect();
    features.push(samples::category("c", &["a", "b", "c", "d", "e"]));
    let many: Vec<String> = (0..200).map(|i| format!("{i:03}")).collect();
    features.push(samples::category("wide", &many.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut ordered = samples::category("o", &["a", "b", "c", "d"]);
    let keys = vec![0.5, -1.0, 0.25, 0.75, 0.125];
    ordered.encoding = Encoding::Ordered { levels: ordered.encoding.levels().to_vec(), keys };
    features.push(ordered);
    let mut trees = samples::empty(outputs, if outputs == 1 { Link::Identity } else { Link::Softmax });
    trees.base = (0..outputs).map(|_| rng.number(-1.0, 1.0)).collect();
    trees.average = rng.chance(0.3);
    let count = 1 + rng.below(3);
    for _ in 0..count {
        // As boosting with several classes makes them, or as forests do.
        let one = (outputs > 1 && count > 1 && rng.chance(0.5)).then(|| rng.below(outputs as usize) as u32);
        let root = trees.nodes();
        trees.roots.push(root as u32);
        let splits = rng.below(12);
        // A list of nodes still to be made: each is a split while there are some left.
        let (mut made, mut pending) = (0, 1);
        let mut next = root + 1;
        while pending > 0 {
            pending -= 1;
            if made < splits {
                made += 1;
                let feature = rng.below(features.len()) as u32;
                let (left, right) = (next as u32, next as u32 + 1);
                next += 2;
                pending += 2;
                let missing = rng.chance(0.5);
                match feature {
                    4 => samples::split_set(&mut trees, feature, &[rng.bits() % 64], missing, left, right),
                    5 => {
                        let words: Vec<u64> = (0..4).map(|_| rng.bits()).collect();
                        samples::split_set(&mut trees, feature, &words, missing, left, right);
                    }
                    _ => samples::split(&mut trees, feature, rng.number(-1.0, 1.0), missing, left, right),
                }
            } else {
                let values: Vec<f64> = (0..outputs).map(|_| rng.number(-2.0, 2.0)).collect();
                match one {
                    Some(output) => samples::leaf_of(&mut trees, output, values[0]),
                    None => samples::leaf(&mut trees, &values),
                }
            }
        }
        // Some branches were never taken.
        for node in root..trees.nodes() {
            trees.cover[node] = if rng.chance(0.05) { 0.0 } else { f64::from(rng.below(99) as u32 + 1) };
        }
        for node in (root..trees.nodes()).rev().filter(|&n| trees.feature[n] != LEAF).collect::<Vec<_>>() {
            trees.cover[node] = trees.cover[trees.left[node] as usize] + trees.cover[trees.right[node] as usize];
        }
    }
    (features, trees)
}

pub fn random_row(rng: &mut Random, features: &[Feature]) -> Vec<f64> {
    let mut value = |feature: &Feature| match &feature.encoding {
        _ if rng.chance(0.15) => f64::NAN,
        Encoding::Category { levels } => f64::from(rng.below(levels.len() + 1) as u32),
        Encoding::Ordered { keys, .. } => keys[rng.below(keys.len())],
        _ => rng.number(-1.2, 1.2),
    };
    features.iter().map(&mut value).collect()
}

/// The row as a scorer takes it, from what the stored trees take.
pub fn placed(scorer: &Scorer, row: &[f64]) -> Vec<f64> {
    let place = |(f, &value): (usize, &f64)| match &scorer.model().features[f].encoding {
        Encoding::Ordered { keys, .. } if !value.is_nan() => {
            scorer.place(f, keys.iter().position(|k| *k == value).unwrap() as f64)
        }
        _ => scorer.place(f, value),
    };
    row.iter().enumerate().map(place).collect()
}
