//! From the nodes of another library to the arrays of a model.
//!
//! A library numbers the nodes of a tree as it likes, keeps one number a leaf for each tree of a class, and knows categories by codes. A
//! [`Grove`] lays the nodes so that children come after their parents, and once all columns are known gives every leaf its numbers and every
//! set its bits.

use super::coder::{new_set, set_bit, Coder};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Body, Encoding, Feature, FeatureStats, Input, InputKind, Link, Model, Task, Trees, LEAF};

/// The deepest tree that is taken: what explains a row holds something for every step of a path.
pub(super) const DEEPEST: u32 = 1_000;
/// Nodes between two looks for a cancel.
const NODES: usize = 1 << 14;

/// A node as a library tells of it.
pub enum Node<'a> {
    /// A leaf with its number.
    Leaf(f64),
    /// A split.
    Split(Split<'a>),
}

/// A split.
pub struct Split<'a> {
    /// The column it looks at.
    pub feature: usize,
    /// What it asks.
    pub test: Test<'a>,
    /// Whether a missing value goes left.
    pub missing_left: bool,
    /// The numbers of the left and the right child.
    pub children: [usize; 2],
    /// What it gained.
    pub gain: f64,
}

/// What a split asks.
pub enum Test<'a> {
    /// A number goes left up to this.
    AtMost(f64),
    /// These codes of a category, ascending, go left if `left`, and all others right; else the other way round.
    Among {
        /// The codes.
        codes: Box<dyn Iterator<Item = u32> + 'a>,
        /// Where they go.
        left: bool,
    },
}

/// What training saw of a node.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// The weight of its rows.
    pub cover: f64,
    /// Its rows; 0 where the library does not say.
    pub rows: u64,
}

/// A column of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Truth values, whose codes are 0 and 1.
    Boolean,
    /// Categories.
    Category(Names),
}

/// What the codes of a category stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Names {
    /// The value of each code, from 0.
    Texts(Vec<String>),
    /// The same, where every value is a whole number.
    Numbers(Vec<String>),
    /// The code is the value.
    Codes,
}

/// The codes of a split.
struct Listed {
    start: usize,
    len: usize,
    left: bool,
}

/// Trees on their way into a model.
pub struct Grove<'c> {
    control: &'c Control,
    /// Leaves have one number, and a set of the node is its place in `listed` plus one.
    trees: Trees,
    /// The output of each tree.
    outputs: Vec<u32>,
    listed: Vec<Listed>,
    codes: Vec<u32>,
}

impl<'c> Grove<'c> {
    /// One without trees.
    pub fn new(control: &'c Control) -> Self {
        Grove { control, trees: Trees::default(), outputs: Vec::new(), listed: Vec::new(), codes: Vec::new() }
    }

    /// The number of trees.
    pub fn len(&self) -> usize {
        self.outputs.len()
    }

    /// Whether there is no tree.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// Add a tree of an output, given the number of its root and what is known of nodes by their numbers, which are below `nodes`. Those that
    /// cannot be reached are left out.
    ///
    /// # Errors
    /// [`Error::InvalidData`] where nodes are no tree, and whatever `node` fails with.
    pub fn add<'a>(
        &mut self,
        output: u32,
        root: usize,
        nodes: usize,
        node: impl Fn(usize) -> Result<(Node<'a>, Seen)>,
    ) -> Result<()> {
        self.control.check()?;
        let first = self.trees.nodes() as u32;
        self.control.room(&mut self.trees.roots, 1)?;
        self.trees.roots.push(first);
        self.control.room(&mut self.outputs, 1)?;
        self.outputs.push(output);
        // What comes next; a node's place is known when its parent is laid.
        let mut order: Vec<(usize, u32)> = Vec::new();
        self.control.room(&mut order, 1)?;
        order.push((root, 0));
        let mut met = self.control.filled(nodes, false)?;
        let mut done = 0;
        while let Some(&(number, depth)) = order.get(done) {
            done += 1;
            match met.get_mut(number) {
                Some(met) if !*met => *met = true,
                Some(_) => return Err(no_tree("a node has two parents")),
                None => return Err(no_tree("a node is not there")),
            }
            if done % NODES == 0 {
                self.control.check()?;
            }
            let (node, seen) = node(number)?;
            if let Node::Split(split) = &node {
                if depth >= DEEPEST {
                    return Err(too_deep());
                }
                let left = first as u64 + order.len() as u64;
                if left + 1 >= u64::from(LEAF) {
                    return Err(no_tree("there are too many nodes"));
                }
                self.control.room(&mut order, 2)?;
                order.extend(split.children.map(|child| (child, depth + 1)));
                self.lay(node, left as u32, seen)?;
            } else {
                self.lay(node, 0, seen)?;
            }
        }
        self.control.release_vec(order);
        self.control.release_vec(met);
        Ok(())
    }

    /// Lay a node whose left child, if it is a split, has this place.
    fn lay(&mut self, node: Node<'_>, left: u32, seen: Seen) -> Result<()> {
        let control = self.control;
        let t = &mut self.trees;
        control.room(&mut t.feature, 1)?;
        control.room(&mut t.threshold, 1)?;
        control.room(&mut t.left, 1)?;
        control.room(&mut t.right, 1)?;
        control.room(&mut t.missing_left, 1)?;
        control.room(&mut t.set, 1)?;
        control.room(&mut t.cover, 1)?;
        control.room(&mut t.rows, 1)?;
        control.room(&mut t.gain, 1)?;
        t.cover.push(if seen.cover.is_finite() { seen.cover.max(0.0) } else { 0.0 });
        t.rows.push(seen.rows);
        match node {
            Node::Leaf(value) => {
                control.room(&mut t.values, 1)?;
                t.feature.push(LEAF);
                t.left.push(t.values.len() as u32);
                t.values.push(value);
                t.right.push(0);
                t.threshold.push(0.0);
                t.missing_left.push(false);
                t.set.push(0);
                t.gain.push(0.0);
            }
            Node::Split(split) => {
                t.feature.push(u32::try_from(split.feature).unwrap_or(LEAF - 1));
                t.left.push(left);
                t.right.push(left + 1);
                t.missing_left.push(split.missing_left);
                t.gain.push(if split.gain.is_nan() { 0.0 } else { split.gain });
                match split.test {
                    Test::AtMost(threshold) => {
                        t.threshold.push(threshold);
                        t.set.push(0);
                    }
                    Test::Among { codes, left } => {
                        t.threshold.push(0.0);
                        let start = self.codes.len();
                        for code in codes {
                            control.room(&mut self.codes, 1)?;
                            self.codes.push(code);
                        }
                        control.room(&mut self.listed, 1)?;
                        self.listed.push(Listed { start, len: self.codes.len() - start, left });
                        self.trees.set.push(self.listed.len() as u32);
                    }
                }
            }
        }
        Ok(())
    }

    /// The codes that the splits of each column list, ascending; none of columns whose codes have names.
    fn codes_of(&self, columns: &[Column]) -> Result<Vec<Vec<u32>>> {
        let mut all: Vec<Vec<u32>> = columns.iter().map(|_| Vec::new()).collect();
        for node in 0..self.trees.nodes() {
            let feature = self.trees.feature[node] as usize;
            let wanted = columns.get(feature).is_some_and(|c| c.kind == Kind::Category(Names::Codes));
            let (Some(listed), true) = (self.listed_at(node), wanted) else { continue };
            self.control.room(&mut all[feature], listed.len)?;
            all[feature].extend_from_slice(&self.codes[listed.start..][..listed.len]);
        }
        for codes in &mut all {
            self.control.check()?;
            codes.sort_unstable();
            codes.dedup();
        }
        Ok(all)
    }

    /// What the set of a node lists, before it has bits.
    fn listed_at(&self, node: usize) -> Option<&Listed> {
        (self.trees.set[node] as usize).checked_sub(1).and_then(|set| self.listed.get(set))
    }

    /// The largest code that the splits of each column list.
    pub fn largest_codes(&self, features: usize) -> Vec<Option<u32>> {
        let mut largest = vec![None; features];
        for node in 0..self.trees.nodes() {
            let (Some(listed), Some(of)) = (self.listed_at(node), largest.get_mut(self.trees.feature[node] as usize))
            else {
                continue;
            };
            let last = self.codes[listed.start..][..listed.len].iter().max().copied();
            *of = (*of).max(last.or(Some(0)));
        }
        largest
    }

    /// The model, whose leaves are summed to `base`, or averaged, and answer through a link.
    ///
    /// # Errors
    /// [`Error::InvalidModel`] where the model does not hold together.
    pub fn finish(
        mut self,
        columns: Vec<Column>,
        task: Task,
        base: Vec<f64>,
        link: Link,
        average: bool,
    ) -> Result<Model> {
        let mut coders = Vec::new();
        self.control.room(&mut coders, columns.len())?;
        for (column, codes) in columns.iter().zip(self.codes_of(&columns)?) {
            coders.push(Coder::new(column, codes)?);
        }
        self.set_bits(&coders)?;
        self.spread(base.len())?;
        self.trees.base = base;
        self.trees.link = link;
        self.trees.average = average;
        let ranges = ranges(&self.trees, columns.len());
        let (mut inputs, mut features) = (Vec::new(), Vec::new());
        for (i, (column, coder)) in columns.into_iter().zip(coders).enumerate() {
            let (kind, encoding) = match column.kind {
                Kind::Number => (InputKind::Number, Encoding::Number),
                Kind::Boolean => (InputKind::Boolean, Encoding::Number),
                Kind::Category(_) => (InputKind::Category, Encoding::Category { levels: coder.levels }),
            };
            inputs.push(Input { name: column.name.clone(), kind, first: i as u32, count: 1 });
            let mut stats = FeatureStats::default();
            if let (Encoding::Number, Some((low, high))) = (&encoding, ranges[i]) {
                stats = FeatureStats { minimum: low, maximum: high, mean: low / 2.0 + high / 2.0, ..stats };
            }
            features.push(Feature { name: column.name, encoding, stats });
        }
        let model = Model { inputs, features, task, body: Body::Trees(self.trees), cleaning: None };
        model.validate()?;
        Ok(model)
    }

    /// Give every split of a category its bits, and every split of a truth value its threshold.
    fn set_bits(&mut self, coders: &[Coder]) -> Result<()> {
        for node in 0..self.trees.nodes() {
            self.control.check()?;
            if self.trees.feature[node] == LEAF {
                continue;
            }
            let coder = coders
                .get(self.trees.feature[node] as usize)
                .ok_or_else(|| no_tree("a split asks for a column that is not there"))?;
            let listed = (self.trees.set[node] as usize).checked_sub(1).and_then(|set| self.listed.get(set));
            match (coder.is_category, listed) {
                (false, None) => {}
                (false, Some(listed)) if coder.is_boolean => {
                    let codes = &self.codes[listed.start..][..listed.len];
                    let goes_left = [0, 1].map(|code| codes.contains(&code) == listed.left);
                    self.split_truth(node, goes_left);
                }
                (false, Some(_)) => return Err(no_tree("a number is asked for its category")),
                (true, Some(listed)) => {
                    // A value that is not among the levels goes with those that are not listed.
                    let codes = &self.codes[listed.start..][..listed.len];
                    let start = new_set(&mut self.trees, self.control, node, coder, !listed.left)?;
                    let places = codes.iter().filter_map(|code| coder.place(*code));
                    places.for_each(|place| set_bit(&mut self.trees.words[start..], place, listed.left));
                }
                (true, None) => {
                    // Of an order; a value that is not among its levels is missing.
                    let (threshold, missing) = (self.trees.threshold[node], self.trees.missing_left[node]);
                    let start = new_set(&mut self.trees, self.control, node, coder, false)?;
                    let bits = &mut self.trees.words[start..];
                    coder.places().for_each(|(code, place)| set_bit(bits, place, f64::from(code) <= threshold));
                    set_bit(bits, coder.levels.len(), missing);
                }
            }
        }
        Ok(())
    }

    /// Make a split of 0 and 1 that sends them where `goes_left` says, and a missing value where it went.
    fn split_truth(&mut self, node: usize, goes_left: [bool; 2]) {
        let t = &mut self.trees;
        t.set[node] = 0;
        t.threshold[node] = match goes_left {
            [false, false] => -1.0,
            [true, true] => 1.0,
            _ => 0.5,
        };
        if goes_left == [false, true] {
            let (left, right) = (t.left[node], t.right[node]);
            (t.left[node], t.right[node]) = (right, left);
            t.missing_left[node] = !t.missing_left[node];
        }
    }

    /// Say of which output the leaves of each tree speak.
    fn spread(&mut self, outputs: usize) -> Result<()> {
        self.trees.outputs = place(outputs)?;
        if self.outputs.iter().any(|output| *output as usize >= outputs) {
            return Err(no_tree("a tree is of a class that is not there"));
        }
        if outputs <= 1 {
            return Ok(());
        }
        let t = &mut self.trees;
        let ends = t.roots[1..].iter().map(|r| *r as usize).chain([t.feature.len()]);
        for ((&root, end), &output) in t.roots.iter().zip(ends).zip(&self.outputs) {
            for node in (root as usize..end).filter(|&n| t.feature[n] == LEAF) {
                t.right[node] = output + 1;
            }
        }
        Ok(())
    }
}

/// Between which finite numbers the splits of each column ask, as far as there are some: what is told of numbers that nobody kept.
pub(super) fn ranges(trees: &Trees, features: usize) -> Vec<Option<(f64, f64)>> {
    let mut ranges: Vec<Option<(f64, f64)>> = vec![None; features];
    let asks = |node: &usize| trees.set[*node] == 0 && trees.threshold[*node].is_finite();
    for node in (0..trees.nodes()).filter(asks) {
        let threshold = trees.threshold[node];
        if let Some(range) = ranges.get_mut(trees.feature[node] as usize) {
            let (low, high) = range.unwrap_or((threshold, threshold));
            *range = Some((low.min(threshold), high.max(threshold)));
        }
    }
    ranges
}

/// The error of a tree that is too deep.
pub(super) fn too_deep() -> Error {
    Error::data(format!("a tree is deeper than {DEEPEST} splits"), "Train with a limit on the depth of trees.")
}

pub(super) fn place(at: usize) -> Result<u32> {
    u32::try_from(at).map_err(|_| no_tree("there are too many nodes"))
}

/// The error of nodes that are no tree.
fn no_tree(what: &str) -> Error {
    Error::data(format!("the trees of the model do not hold together: {what}"), "Write the model anew.")
}
