//! Places: levels that no split of a model tells apart share a number.
//!
//! A wide category, an ad's id say, has a hundred thousand levels, but a tree knows only a few groups of them. Numbering the groups
//! makes a set a few bits that lie in the node itself; and where the sets of a feature lie one within the other, as they do when a
//! learner orders the levels first, the groups have an order and a set is a threshold.

use crate::model::{CategorySet, Encoding, Feature, Trees, LEAF};

/// Steps of work a feature's groups may cost when a model is loaded; beyond, each level keeps its own number.
const MOST_STEPS: usize = 1 << 25;

/// How the levels of a feature are numbered.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The place of each level and, last, of a text that is not among them; empty where every level has its own.
    places: Vec<u32>,
    /// A level of each place.
    samples: Vec<u32>,
    /// Whether a set is always the first places.
    ordered: bool,
}

/// A set in terms of places.
#[derive(Debug, PartialEq)]
pub(super) enum Set {
    /// The places below this number.
    Below(u32),
    /// A bit a place, in one word.
    Mask(u64),
    /// A bit a place, in many words.
    Wide(Vec<u64>),
}

impl Places {
    /// Number the `levels` (and the text that is none of them) of a feature by the sets that ask about it.
    fn new(trees: &Trees, levels: usize, sets: &[CategorySet]) -> Places {
        let codes = levels + 1;
        if codes.saturating_mul(sets.len()) > MOST_STEPS {
            return Places::default();
        }
        // Refine a partition of the codes by one set after the other.
        let mut group = vec![0u32; codes];
        let mut size = vec![codes as u32];
        let mut inside: Vec<u32> = Vec::new();
        let mut moved: Vec<u32> = Vec::new();
        for &set in sets {
            let is_in = |code: usize| trees.contains(set, code as u32);
            inside.clear();
            inside.resize(size.len(), 0);
            (0..codes).filter(|&c| is_in(c)).for_each(|c| inside[group[c] as usize] += 1);
            moved.clear();
            moved.resize(size.len(), u32::MAX);
            for g in 0..inside.len() {
                if inside[g] > 0 && inside[g] < size[g] {
                    moved[g] = size.len() as u32;
                    size.push(inside[g]);
                    size[g] -= inside[g];
                }
            }
            for code in (0..codes).filter(|&c| is_in(c)) {
                let to = moved[group[code] as usize];
                if to != u32::MAX {
                    group[code] = to;
                }
            }
        }
        let mut samples = vec![0u32; size.len()];
        (0..codes).rev().for_each(|c| samples[group[c] as usize] = c as u32);
        let mut places = Places { places: group, samples, ordered: false };
        places.order(trees, sets);
        places
    }

    /// Number the groups by how many sets have them, if that makes every set the first groups.
    fn order(&mut self, trees: &Trees, sets: &[CategorySet]) {
        let groups = self.samples.len();
        if groups.saturating_mul(sets.len()) > MOST_STEPS {
            return;
        }
        let is_in = |set: CategorySet, group: usize| trees.contains(set, self.samples[group]);
        let counts: Vec<usize> = (0..groups).map(|g| sets.iter().filter(|&&s| is_in(s, g)).count()).collect();
        let mut order: Vec<usize> = (0..groups).collect();
        order.sort_by_key(|&g| std::cmp::Reverse(counts[g]));
        if !sets.iter().all(|&s| order.is_sorted_by_key(|&g| !is_in(s, g))) {
            return;
        }
        let mut rank = vec![0u32; groups];
        order.iter().enumerate().for_each(|(r, &g)| rank[g] = r as u32);
        self.places.iter_mut().for_each(|p| *p = rank[*p as usize]);
        self.samples = order.iter().map(|&g| self.samples[g]).collect();
        self.ordered = true;
    }

    /// The place of a level by its code, or of a text that is not among the levels.
    #[inline]
    pub fn of(&self, code: u32) -> u32 {
        self.places.get(code as usize).copied().unwrap_or(code)
    }

    /// Number levels that have numbers of their own, `keys`, by the thresholds they are compared with.
    fn by_keys(keys: &[f64], thresholds: &mut Vec<f64>) -> Places {
        thresholds.sort_unstable_by(f64::total_cmp);
        thresholds.dedup();
        let places: Vec<u32> = keys.iter().map(|key| thresholds.partition_point(|t| t < key) as u32).collect();
        Places { places, samples: Vec::new(), ordered: true }
    }

    /// A set in terms of places.
    pub fn set(&self, trees: &Trees, set: CategorySet) -> Set {
        let groups = self.samples.len();
        let members = (0..groups).filter(|&g| trees.contains(set, self.samples[g]));
        if self.samples.is_empty() {
            Set::Wide(trees.words[set.start as usize..(set.start + set.len) as usize].to_vec())
        } else if self.ordered {
            Set::Below(members.count() as u32)
        } else if groups <= 64 {
            Set::Mask(members.fold(0, |mask, g| mask | 1 << g))
        } else {
            let mut words = vec![0u64; groups.div_ceil(64)];
            members.for_each(|g| words[g / 64] |= 1 << (g % 64));
            Set::Wide(words)
        }
    }

    /// Bytes held on the heap.
    pub fn bytes(&self) -> usize {
        (self.places.capacity() + self.samples.capacity()) * 4
    }
}

/// How the features of a model stand in a row.
pub(super) struct Layout {
    /// The places of each feature.
    pub places: Vec<Places>,
    /// Of each feature whose levels have numbers of their own, the thresholds they are compared with, ascending.
    pub thresholds: Vec<Vec<f64>>,
    /// Whether a split looks at the feature.
    pub used: Vec<bool>,
}

impl Layout {
    /// The layout of trees over features.
    pub fn new(trees: &Trees, features: &[Feature]) -> Layout {
        let mut sets: Vec<Vec<CategorySet>> = vec![Vec::new(); features.len()];
        let mut thresholds: Vec<Vec<f64>> = vec![Vec::new(); features.len()];
        let mut used = vec![false; features.len()];
        for node in (0..trees.nodes()).filter(|&n| trees.feature[n] != LEAF) {
            let feature = trees.feature[node] as usize;
            used[feature] = true;
            match &features[feature].encoding {
                Encoding::Category { .. } => sets[feature].push(trees.sets[trees.set[node] as usize - 1]),
                Encoding::Ordered { .. } => thresholds[feature].push(trees.threshold[node]),
                _ => {}
            }
        }
        let places = features.iter().enumerate().map(|(f, feature)| match &feature.encoding {
            Encoding::Ordered { keys, .. } => Places::by_keys(keys, &mut thresholds[f]),
            other => Places::new(trees, other.levels().len(), &sets[f]),
        });
        let places = places.collect();
        Layout { places, thresholds, used }
    }

    /// A layout in which every level has its own place.
    pub fn plain(features: usize) -> Layout {
        Layout {
            places: vec![Places::default(); features],
            thresholds: vec![Vec::new(); features],
            used: vec![true; features],
        }
    }
}
