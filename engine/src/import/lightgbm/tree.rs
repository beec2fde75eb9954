//! One tree of the text.

use super::super::{Grove, Node, Seen, Split, Test};
use super::text::{counts, list, value};
use super::{unsupported, wrong};
use crate::control::Control;
use crate::error::Result;

/// A split whose column is a category.
const IS_CATEGORY: u8 = 1;
/// A missing value goes left.
const DEFAULT_LEFT: u8 = 2;

/// What is a missing value: bits 2 and 3 of a split's type.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    /// There was none in training, and what is missing is 0.
    None,
    /// What is missing, and 0.
    Zero,
    /// What is missing.
    Nan,
}

impl Missing {
    fn of(kind: u8) -> Result<Missing> {
        match kind >> 2 {
            0 => Ok(Missing::None),
            1 => Ok(Missing::Zero),
            2 => Ok(Missing::Nan),
            _ => Err(unsupported("the type of a split")),
        }
    }
}

/// The trees that were read, and what their splits hold for missing.
pub struct Reader<'c> {
    grove: Grove<'c>,
    control: &'c Control,
    scale: f64,
    /// Whether splits of a column take zeros as missing, and whether splits tell zeros from missing values.
    zero: Vec<[bool; 2]>,
}

impl<'c> Reader<'c> {
    /// One for trees that look at so many columns, and whose leaves are multiplied by `scale`.
    pub fn new(features: usize, scale: f64, control: &'c Control) -> Self {
        Reader { grove: Grove::new(control), control, scale, zero: vec![[false; 2]; features] }
    }

    pub fn len(&self) -> usize {
        self.grove.len()
    }

    pub fn is_empty(&self) -> bool {
        self.grove.is_empty()
    }

    pub fn into_grove(self) -> Grove<'c> {
        self.grove
    }

    /// The columns whose zeros are missing values.
    pub fn zeros(&self) -> Result<Vec<bool>> {
        match self.zero.contains(&[true, true]) {
            true => Err(unsupported("a column whose zeros are missing values in some trees alone")),
            false => Ok(self.zero.iter().map(|zero| zero[0]).collect()),
        }
    }

    /// Read the tree of a section.
    pub fn add(&mut self, section: &str, output: u32) -> Result<()> {
        // A number of eight bytes takes at least two of text.
        let bytes = section.len().saturating_mul(4);
        self.control.reserve(bytes)?;
        let added = self.add_lists(section, output);
        self.control.release(bytes);
        added
    }

    fn add_lists(&mut self, section: &str, output: u32) -> Result<()> {
        if value(section, "is_linear").is_some_and(|linear| linear != "0") {
            return Err(unsupported("a tree of linear leaves"));
        }
        let lists = Lists::read(section)?;
        let splits = lists.feature.len();
        for split in 0..splits {
            let zero = self
                .zero
                .get_mut(lists.feature[split])
                .ok_or_else(|| wrong("a tree names a column that is not there"))?;
            match Missing::of(lists.kind[split])? {
                _ if lists.kind[split] & IS_CATEGORY != 0 => {}
                Missing::Zero => zero[0] = true,
                Missing::Nan => zero[1] = true,
                Missing::None => {}
            }
        }
        // Splits have numbers from 0 and leaves from the number of splits.
        let number = |child: i64| -> Result<usize> {
            let leaf = usize::try_from(!child).ok().filter(|leaf| *leaf <= splits).map(|leaf| splits + leaf);
            let split = usize::try_from(child).ok().filter(|split| *split < splits);
            leaf.or(split).ok_or_else(|| wrong("a tree names a node that is not there"))
        };
        let scale = self.scale;
        self.grove.add(output, 0, 2 * splits + 1, |node| {
            let Some(leaf) = node.checked_sub(splits) else {
                let children = [number(lists.left[node])?, number(lists.right[node])?];
                let (test, missing_left) = lists.test(node)?;
                let seen = Seen { cover: lists.split_rows[node], rows: lists.split_rows[node] as u64 };
                let (feature, gain) = (lists.feature[node], lists.gain[node]);
                return Ok((Node::Split(Split { feature, test, missing_left, children, gain }), seen));
            };
            let seen = Seen { cover: lists.leaf_rows[leaf], rows: lists.leaf_rows[leaf] as u64 };
            Ok((Node::Leaf(lists.leaves[leaf] * scale), seen))
        })
    }
}

/// The lists of a tree: of its splits, and of its leaves.
struct Lists {
    leaves: Vec<f64>,
    feature: Vec<usize>,
    threshold: Vec<f64>,
    kind: Vec<u8>,
    gain: Vec<f64>,
    left: Vec<i64>,
    right: Vec<i64>,
    split_rows: Vec<f64>,
    leaf_rows: Vec<f64>,
    /// Where the words of each set of categories begin, and where the last one ends.
    bounds: Vec<usize>,
    words: Vec<u32>,
}

impl Lists {
    fn read(section: &str) -> Result<Lists> {
        let leaves: Vec<f64> = list(section, "leaf_value")?;
        let feature: Vec<usize> = list(section, "split_feature")?;
        let splits = feature.len();
        let lists = Lists {
            feature,
            threshold: list(section, "threshold")?,
            kind: list(section, "decision_type")?,
            gain: list(section, "split_gain")?,
            left: list(section, "left_child")?,
            right: list(section, "right_child")?,
            split_rows: counts(section, "internal_count", splits)?,
            leaf_rows: counts(section, "leaf_count", leaves.len())?,
            bounds: list(section, "cat_boundaries")?,
            words: list(section, "cat_threshold")?,
            leaves,
        };
        let named: usize = value(section, "num_leaves").map_or(Ok(lists.leaves.len()), super::parse)?;
        let lengths = [lists.threshold.len(), lists.kind.len(), lists.gain.len(), lists.left.len(), lists.right.len()];
        if lengths.iter().any(|&len| len != splits) || lists.leaves.len() != splits + 1 || named != splits + 1 {
            return Err(wrong("the lists of a tree are of different lengths"));
        }
        Ok(lists)
    }

    /// What a split asks, and whether a missing value goes left.
    fn test(&self, split: usize) -> Result<(Test<'_>, bool)> {
        let (kind, threshold) = (self.kind[split], self.threshold[split]);
        if kind & IS_CATEGORY == 0 {
            if threshold.is_nan() {
                return Err(wrong("a threshold is not a number"));
            }
            let missing_left = match Missing::of(kind)? {
                Missing::None => 0.0 <= threshold,
                Missing::Zero | Missing::Nan => kind & DEFAULT_LEFT != 0,
            };
            return Ok((Test::AtMost(threshold), missing_left));
        }
        // The threshold is the number of the set.
        let words = self.words_of(threshold as usize).ok_or_else(|| wrong("a set of categories is not there"))?;
        let codes = words.iter().zip(0u32..).flat_map(|(&word, at)| {
            let bits = (0..32).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| at.saturating_mul(32).saturating_add(bit))
        });
        Ok((Test::Among { codes: Box::new(codes), left: true }, false))
    }

    fn words_of(&self, set: usize) -> Option<&[u32]> {
        let (from, to) = (*self.bounds.get(set)?, *self.bounds.get(set.checked_add(1)?)?);
        self.words.get(from..to)
    }
}
