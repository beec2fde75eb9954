//! Trees of other libraries, laid out as ours.
//!
//! A foreign tree asks tests whose outcomes are yes and no. Most become one split. A number between two bounds, as an equality of
//! floats is, takes two, with the answer for "no" on both sides; what the way down has already settled is not asked again, so that
//! a chain of equalities stays small. Branches that a library shares between nodes are copied.

use super::cut::Range;
use super::grove::{too_deep, DEEPEST};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{CategorySet, Trees, LEAF};

/// Bytes of a node in the arrays of [`Trees`], while they grow and while it waits, without its numbers.
const NODE: usize = 256;
/// Nodes that are laid between two looks at the control.
const BLOCK: usize = 4096;

/// What a node asks of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Test {
    /// The feature.
    pub feature: u32,
    /// Of what.
    pub of: Of,
    /// Whether a missing value is one of them.
    pub missing: bool,
    /// Whether yes and no change places, for missing values as well.
    pub turned: bool,
}

/// The values for which a test says yes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Of {
    /// Numbers.
    Numbers(Range),
    /// The categories of [`Trees::sets`].
    Set(u32),
}

/// A node of a foreign tree.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// The number of a leaf.
    Leaf { at: usize, cover: f64 },
    /// The number of a test, and the nodes behind its outcomes.
    Split { test: usize, yes: usize, no: usize, cover: f64 },
}

impl Node {
    /// The weight of the training rows that passed it; 0 where that is not known.
    pub fn cover(&self) -> f64 {
        match self {
            Node::Leaf { cover, .. } | Node::Split { cover, .. } => *cover,
        }
    }
}

/// Lays trees.
pub(super) struct Grower<'a> {
    /// The trees so far.
    pub trees: Trees,
    /// What nodes ask.
    pub tests: Vec<Test>,
    /// Features of which a range has two bounds: what is known of them is kept on the way down.
    watched: Vec<bool>,
    /// What is known, each with what was known before.
    known: Vec<Known>,
    control: &'a Control,
    /// Nodes for which there is memory.
    room: usize,
}

/// What the way to a node says of a feature.
#[derive(Debug, Clone, Copy)]
struct Known {
    feature: u32,
    above: Option<f64>,
    upto: f64,
    /// Whether the value may be missing.
    missing: bool,
    before: u32,
}

/// The end of what is known.
const NOTHING: u32 = u32::MAX;

/// A node that has its place.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    node: usize,
    depth: usize,
    known: u32,
}

/// What comes of a test where some is known.
enum Asked {
    /// One outcome.
    Settled(bool),
    /// A split.
    Cut(Cut),
}

/// A number at most the threshold, or a category of the set, goes left.
#[derive(Debug, Clone, Copy)]
struct Cut {
    threshold: f64,
    /// As in [`Trees::set`].
    set: u32,
    missing_left: bool,
    /// The outcome on the left; `None` where the test is to be asked again.
    left: Option<bool>,
    /// The outcome on the right.
    right: bool,
}

/// Where the way down ends or parts.
enum Found {
    Leaf { at: usize, cover: f64 },
    Split { at: Waiting, feature: u32, cut: Cut, children: [usize; 2], cover: f64 },
}

impl<'a> Grower<'a> {
    /// For trees whose leaves have `outputs` numbers.
    pub fn new(outputs: u32, control: &'a Control) -> Grower<'a> {
        let trees = Trees { outputs, base: vec![0.0; outputs as usize], ..Trees::default() };
        Grower { trees, tests: Vec::new(), watched: Vec::new(), known: Vec::new(), control, room: 0 }
    }

    /// Who bounds the work.
    pub fn control(&self) -> &'a Control {
        self.control
    }

    /// Add a test.
    pub fn test(&mut self, test: Test) -> Result<usize> {
        if self.tests.len().is_multiple_of(BLOCK) {
            self.control.reserve(BLOCK * std::mem::size_of::<Test>() * 2)?;
            self.control.check()?;
        }
        if matches!(test.of, Of::Numbers(Range { above: Some(_), upto: Some(_) })) {
            let feature = test.feature as usize;
            if self.watched.len() <= feature {
                self.watched.resize(feature + 1, false);
            }
            self.watched[feature] = true;
        }
        self.tests.push(test);
        Ok(self.tests.len() - 1)
    }

    /// Add a set of some codes below `codes`.
    pub fn set(&mut self, codes: usize, has: impl Fn(usize) -> bool) -> Result<u32> {
        self.control.check()?;
        let words = codes.div_ceil(64);
        self.control.reserve(words * 16 + 32)?;
        let (start, number) = (index(self.trees.words.len())?, index(self.trees.sets.len())?);
        self.trees.words.resize(self.trees.words.len() + words, 0);
        for code in (0..codes).filter(|&code| has(code)) {
            self.trees.words[start as usize + code / 64] |= 1 << (code % 64);
        }
        self.trees.sets.push(CategorySet { start, len: words as u32 });
        Ok(number)
    }

    /// Add the tree at `root`, of which no way has more than `most` nodes; `leaves` has the numbers of the leaves, one leaf after the
    /// other.
    pub fn tree(&mut self, root: usize, most: usize, node: impl Fn(usize) -> Node, leaves: &[f64]) -> Result<()> {
        let first = self.trees.nodes();
        self.trees.roots.push(index(first)?);
        self.known.clear();
        let mut waiting = vec![Waiting { node: root, depth: 0, known: NOTHING }];
        let mut done = 0;
        while let Some(&at) = waiting.get(done) {
            done += 1;
            self.make_room(first + waiting.len())?;
            match self.find(at, most, &node)? {
                Found::Leaf { at, cover } => self.leaf(at, cover, leaves)?,
                Found::Split { at, .. } if at.depth >= DEEPEST as usize => return Err(too_deep()),
                Found::Split { at, feature, cut, children, cover } => {
                    let left = index(first + waiting.len())?;
                    for (node, is_left) in children.into_iter().zip([true, false]) {
                        let known = self.learn(&at, feature, &cut, is_left);
                        waiting.push(Waiting { node, depth: at.depth + 1, known });
                    }
                    let Cut { threshold, set, missing_left, .. } = cut;
                    self.push(feature, threshold, (left, left + 1), (missing_left, set, cover));
                }
            }
        }
        Ok(())
    }

    /// Follow what is settled until something is asked.
    fn find(&self, mut at: Waiting, most: usize, node: impl Fn(usize) -> Node) -> Result<Found> {
        loop {
            // A test between two bounds is asked twice.
            if at.depth > most.saturating_mul(2) {
                return Err(Error::data("a tree runs in a circle", "Export the model anew."));
            }
            let (test, yes, no, cover) = match node(at.node) {
                Node::Leaf { at, cover } => return Ok(Found::Leaf { at, cover }),
                Node::Split { test, yes, no, cover } => (&self.tests[test], yes, no, cover),
            };
            let behind = |outcome| if outcome { yes } else { no };
            match self.ask(&at, test) {
                Asked::Settled(outcome) => at.node = behind(outcome),
                Asked::Cut(cut) => {
                    let children = [cut.left.map_or(at.node, behind), behind(cut.right)];
                    return Ok(Found::Split { at, feature: test.feature, cut, children, cover });
                }
            }
            at.depth += 1;
        }
    }

    fn ask(&self, at: &Waiting, test: &Test) -> Asked {
        let &Test { missing, turned, .. } = test;
        let (yes, no) = (!turned, turned);
        let cut = |threshold, missing_left, left, right| {
            Asked::Cut(Cut { threshold, set: 0, missing_left, left: Some(left), right })
        };
        let range = match test.of {
            Of::Numbers(range) => range,
            Of::Set(set) => {
                let set = set + 1;
                return Asked::Cut(Cut { threshold: 0.0, set, missing_left: missing, left: Some(yes), right: no });
            }
        };
        let known = self.known_of(at, test.feature);
        let (least, greatest) = known.map_or((None, f64::INFINITY), |known| (known.above, known.upto));
        let upto = match range.upto {
            Some(upto)
                if least.is_none_or(|least| least < upto) && range.above.is_none_or(|above| above < greatest) =>
            {
                upto
            }
            _ => return self.settle(known, test, false),
        };
        match range.above.filter(|above| least.is_none_or(|least| least < *above)) {
            None if greatest <= upto => self.settle(known, test, true),
            None => cut(upto, missing, yes, no),
            Some(above) if greatest <= upto => cut(above, !missing, no, yes),
            Some(_) => Asked::Cut(Cut { threshold: upto, set: 0, missing_left: missing, left: None, right: no }),
        }
    }

    /// All numbers that come here are, or are not, what a test asks for.
    fn settle(&self, known: Option<Known>, test: &Test, numbers: bool) -> Asked {
        let outcome = numbers != test.turned;
        if numbers == test.missing || known.is_some_and(|known| !known.missing) {
            return Asked::Settled(outcome);
        }
        // Every number is at most infinity; what is missing is told from them by the way it goes.
        let (threshold, left, right) = (f64::INFINITY, Some(outcome), !outcome);
        Asked::Cut(Cut { threshold, set: 0, missing_left: false, left, right })
    }

    fn known_of(&self, at: &Waiting, feature: u32) -> Option<Known> {
        let mut next = at.known;
        while let Some(known) = self.known.get(next as usize) {
            if known.feature == feature {
                return Some(*known);
            }
            next = known.before;
        }
        None
    }

    /// What is known on one side of a split.
    fn learn(&mut self, at: &Waiting, feature: u32, cut: &Cut, is_left: bool) -> u32 {
        if !self.watched.get(feature as usize).is_some_and(|watched| *watched) {
            return at.known;
        }
        let fresh = Known { feature, above: None, upto: f64::INFINITY, missing: true, before: NOTHING };
        let mut known = Known { before: at.known, ..self.known_of(at, feature).unwrap_or(fresh) };
        known.missing &= cut.missing_left == is_left;
        if is_left {
            known.upto = cut.threshold;
        } else {
            known.above = Some(cut.threshold);
        }
        self.known.push(known);
        (self.known.len() - 1) as u32
    }

    /// Look at the control, and count memory for nodes before they are there.
    fn make_room(&mut self, nodes: usize) -> Result<()> {
        // Both children of a split are there before they are looked at.
        while nodes + 2 > self.room {
            self.control.check()?;
            self.control.reserve(BLOCK * (NODE + 16 * self.trees.outputs as usize))?;
            self.room += BLOCK;
        }
        Ok(())
    }

    fn leaf(&mut self, at: usize, cover: f64, leaves: &[f64]) -> Result<()> {
        let outputs = self.trees.outputs as usize;
        let values = at.checked_mul(outputs).and_then(|start| leaves.get(start..start.checked_add(outputs)?));
        let values =
            values.ok_or_else(|| Error::data("a tree names a leaf that is not there", "Export the model anew."))?;
        let start = index(self.trees.values.len())?;
        self.trees.values.extend_from_slice(values);
        self.push(LEAF, 0.0, (start, 0), (false, 0, cover));
        Ok(())
    }

    fn push(
        &mut self,
        feature: u32,
        threshold: f64,
        (left, right): (u32, u32),
        (missing_left, set, cover): (bool, u32, f64),
    ) {
        let trees = &mut self.trees;
        trees.feature.push(feature);
        trees.threshold.push(threshold);
        trees.left.push(left);
        trees.right.push(right);
        trees.missing_left.push(missing_left);
        trees.set.push(set);
        trees.cover.push(cover);
        trees.rows.push(cover as u64);
        trees.gain.push(0.0);
    }
}

/// A place in the arrays of [`Trees`].
fn index(place: usize) -> Result<u32> {
    let there = u32::try_from(place).ok().filter(|place| *place < LEAF - 1);
    there.ok_or_else(|| Error::data("the trees have too many nodes", "Train fewer or smaller trees."))
}

#[cfg(test)]
mod tests;
