//! Levels that no split tells apart, as one number.

use xxhash_rust::xxh3::xxh3_128;

use crate::control::Control;
use crate::error::Result;
use crate::judge::read::split::Split;
use crate::model::{Feature, Model, Trees};

/// Codes between two looks at whether to stop.
const CHECK: usize = 1 << 16;

/// The groups of the levels of a feature.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Groups {
    /// By code, its group; the last code is that of every other text, whose group is 0.
    pub of: Vec<usize>,
    /// The number of groups.
    pub count: usize,
    /// A code of each group.
    pub sample: Vec<usize>,
}

impl Groups {
    /// By the splits of a feature of a model.
    pub fn new(model: &Model, trees: &Trees, feature: usize, control: &Control) -> Result<Groups> {
        let codes = model.features[feature].encoding.levels().len() + 1;
        // Codes are alike when the same splits send them left: when the sums of these splits' numbers are equal.
        let mut sums: Vec<u128> = control.filled(codes, 0)?;
        let splits = (0..trees.nodes()).filter(|n| trees.feature[*n] == feature as u32);
        for (i, split) in splits.filter_map(|node| Split::of(model, trees, node)).enumerate() {
            let number = xxh3_128(&(i as u64).to_le_bytes());
            for (code, sum) in sums.iter_mut().enumerate() {
                if code.is_multiple_of(CHECK) {
                    control.check()?;
                }
                if split.test.is_left(code) {
                    *sum ^= number;
                }
            }
        }
        let groups = Groups::by(&sums);
        control.release_vec(sums);
        Ok(groups)
    }

    /// By what is equal of each code; the group of the last one is 0.
    pub fn by<T: Copy + Eq + std::hash::Hash>(keys: &[T]) -> Groups {
        let mut known = std::collections::HashMap::new();
        let mut groups = Groups::default();
        if let Some(last) = keys.last() {
            known.insert(*last, 0);
            groups.sample.push(keys.len() - 1);
        }
        for (code, key) in keys.iter().enumerate() {
            let next = known.len();
            let group = *known.entry(*key).or_insert(next);
            if group == groups.sample.len() {
                groups.sample.push(code);
            }
            groups.of.push(group);
        }
        groups.count = groups.sample.len();
        groups
    }

    /// The codes of levels, group by group, but for those of the group of every other text.
    pub fn lists(&self, feature: &Feature) -> Vec<Vec<usize>> {
        let mut lists = vec![Vec::new(); self.count];
        let levels = feature.encoding.levels().len();
        self.of.iter().take(levels).enumerate().filter(|(_, g)| **g > 0).for_each(|(code, g)| lists[*g].push(code));
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_share_a_group_and_the_last_has_the_first() {
        let groups = Groups::by(&[7, 8, 7, 9]);
        assert_eq!((groups.of, groups.count, groups.sample), (vec![1, 2, 1, 0], 3, vec![3, 0, 1]));
    }
}
