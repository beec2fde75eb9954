//! Leaves as games of the features of their paths.
//!
//! What a leaf pays depends on which features of its path send the row along, at all their splits: a mask of a few bits. Whatever has to be known of a
//! leaf is reckoned once for each mask that rows have (as in Nadel and Wettenstein 2025, WOODELF), and then added up row by row.

use std::collections::HashMap;

use super::plan::{Edge, Plan, NONE};
use crate::control::Control;
use crate::error::Result;
use crate::score::Scorer;

/// Features of a path up to which answers lie in a table by mask.
const SMALL: usize = 10;
/// Rows between two looks for a cancel.
const CHECK: usize = 1 << 14;

/// The masks of rows at the leaves of a tree, as its edges are walked.
#[derive(Debug, Default)]
pub(super) struct Masks {
    rows: usize,
    /// By depth, all bits for each row that goes left at the node above.
    left: Vec<Vec<u64>>,
    /// By depth, all bits for each row that goes along the edge and all edges of its feature above it.
    along: Vec<Vec<u64>>,
    /// Of the leaf, by row: a bit a feature, in so many words.
    masks: Vec<u64>,
}

/// A leaf with the features of its path.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    /// What it pays.
    pub value: f64,
    /// By feature of the path, the nearest edge to the leaf; whose shares are those of all edges of the feature.
    pub slots: &'a [Edge],
    /// Words of a mask.
    pub words: usize,
}

impl Masks {
    /// Room for as many rows.
    pub fn new(rows: usize) -> Masks {
        Masks { rows, ..Masks::default() }
    }

    /// Note which rows go along an edge.
    fn enter(&mut self, scorer: &Scorer, edge: &Edge, columns: &[&[f64]], control: &Control) -> Result<()> {
        let depth = edge.depth as usize;
        while self.left.len() <= depth {
            self.left.push(control.filled(self.rows, 0)?);
            self.along.push(control.filled(self.rows, 0)?);
        }
        if edge.left {
            // What is found here stays until the right sibling has had it.
            scorer.mark_left(edge.parent, columns[edge.feature as usize], &mut self.left[depth]);
        }
        let flip = if edge.left { 0 } else { u64::MAX };
        let (above, own) = self.along.split_at_mut(depth);
        let marks = own[0].iter_mut().zip(&self.left[depth]);
        match edge.earlier {
            NONE => marks.for_each(|(along, left)| *along = left ^ flip),
            earlier => {
                marks.zip(&above[earlier as usize]).for_each(|((along, left), above)| *along = (left ^ flip) & above)
            }
        }
        Ok(())
    }

    /// Put together the masks of a leaf; a word after the other for each row.
    fn collect(&mut self, slots: &[Edge], words: usize) -> &[u64] {
        self.masks.clear();
        self.masks.resize(self.rows * words, 0);
        for (at, edge) in slots.iter().enumerate() {
            let (word, bit) = (at / 64, 1u64 << (at % 64));
            let own = self.masks[word..].iter_mut().step_by(words);
            own.zip(&self.along[edge.depth as usize]).for_each(|(mask, along)| *mask |= along & bit);
        }
        &self.masks
    }

    /// Give back what was counted of the memory.
    pub fn release(self, control: &Control) {
        self.left.into_iter().chain(self.along).for_each(|marks| control.release_vec(marks));
    }
}

/// Walk through a tree and hand each leaf that has a path to `take`, with the masks of each set of rows; rows are given by column.
pub(super) fn walk(
    scorer: &Scorer,
    plan: &Plan,
    sets: &mut [(&[&[f64]], &mut Masks)],
    control: &Control,
    mut take: impl FnMut(&Leaf<'_>, &[&[u64]]) -> Result<()>,
) -> Result<()> {
    let mut open: Vec<Edge> = Vec::with_capacity(plan.depth);
    let mut slots: Vec<Edge> = Vec::with_capacity(plan.features);
    let mut seen = 0;
    for edge in &plan.edges {
        open.truncate(edge.depth as usize - 1);
        for (columns, masks) in sets.iter_mut() {
            seen += masks.rows;
            masks.enter(scorer, edge, columns, control)?;
        }
        if seen >= CHECK {
            control.check()?;
            seen = 0;
        }
        open.push(*edge);
        let Some(value) = edge.leaf else { continue };
        slots.clear();
        for edge in open.iter().rev() {
            if slots.iter().all(|slot| slot.feature != edge.feature) {
                slots.push(*edge);
            }
        }
        let words = slots.len().div_ceil(64);
        let own: Vec<&[u64]> = sets.iter_mut().map(|(_, masks)| masks.collect(&slots, words)).collect();
        take(&Leaf { value, slots: &slots, words }, &own)?;
    }
    Ok(())
}

/// Answers by mask, each of so many numbers, reckoned when a mask is first met.
#[derive(Debug, Default)]
pub(super) struct Table {
    width: usize,
    numbers: Vec<f64>,
    /// By mask of few bits, the place of its answer plus one.
    small: Vec<u32>,
    large: HashMap<Box<[u64]>, usize>,
}

impl Table {
    /// Make ready for a leaf whose masks have so many bits.
    pub fn clear(&mut self, bits: usize, width: usize) {
        self.width = width;
        self.numbers.clear();
        self.large.clear();
        self.small.clear();
        if bits <= SMALL {
            self.small.resize(1 << bits, 0);
        }
    }

    /// The answer to a mask; `reckon` adds it to zeros.
    pub fn get(&mut self, mask: &[u64], reckon: impl FnOnce(&mut [f64])) -> &[f64] {
        let (width, next) = (self.width, self.numbers.len());
        let at = match (&mut self.small[..], mask) {
            ([], mask) => match self.large.get(mask) {
                Some(&at) => Some(at),
                None => {
                    self.large.insert(mask.into(), next);
                    None
                }
            },
            (small, mask) => {
                let place = &mut small[mask.first().copied().unwrap_or(0) as usize];
                match *place {
                    0 => {
                        *place = (next / width.max(1)) as u32 + 1;
                        None
                    }
                    place => Some((place as usize - 1) * width),
                }
            }
        };
        let at = at.unwrap_or_else(|| {
            self.numbers.resize(next + width, 0.0);
            reckon(&mut self.numbers[next..]);
            next
        });
        &self.numbers[at..at + width]
    }
}
