//! Market baskets: which items are bought together, and what follows from what.
//!
//! Frequent itemsets are mined by FP-growth (Han, Pei and Yin 2000): baskets become a tree of their items, the most frequent first, in which baskets that
//! begin alike share nodes; the sets that end in an item are those of the smaller tree of what stands above it. Rules (Agrawal, Imielinski and Swami 1993)
//! are then read off the itemsets and their counts.
//!
//! Items are codes here, whose order is that of their names, so that sets come out in the order of names. Everything is counted in whole baskets, so that
//! neither the order of rows nor the number of threads changes a figure.

mod growth;
mod rules;
mod tree;

pub use growth::mine;
pub use rules::{rules, Measures, RuleLimits, Rules};

use hashbrown::HashTable;

use crate::control::Control;
use crate::data::{mix, par_sort, MISSING};
use crate::error::{Error, Result};

/// Rows between two looks for a cancel.
const LOOK: usize = 1 << 16;

/// Baskets of items.
#[derive(Debug)]
pub struct Baskets {
    /// Where each basket begins in `items`, and where the last one ends.
    starts: Vec<usize>,
    /// The items of each basket, ascending, each once.
    items: Vec<u32>,
    /// The number of items there are.
    width: usize,
}

impl Baskets {
    /// Collect baskets from rows of basket and item. A basket is below `baskets` and an item below `width`; an item that is [`MISSING`] makes the
    /// basket count and is not in it.
    pub fn collect(
        rows: impl Iterator<Item = (u32, u32)> + Clone,
        baskets: usize,
        width: usize,
        control: &Control,
    ) -> Result<Baskets> {
        let mut starts: Vec<usize> = control.filled(baskets + 1, 0)?;
        for (i, (basket, item)) in rows.clone().enumerate() {
            look(i, control)?;
            if item != MISSING {
                starts[basket as usize] += 1;
            }
        }
        let mut all = 0;
        for (i, start) in starts.iter_mut().enumerate() {
            look(i, control)?;
            let count = std::mem::replace(start, all);
            all += count;
        }
        let mut items: Vec<u32> = control.filled(all, 0)?;
        for (i, (basket, item)) in rows.enumerate() {
            look(i, control)?;
            if item != MISSING {
                // Each start moves to the end of its basket, which is where the next one begins.
                let place = &mut starts[basket as usize];
                items[*place] = item;
                *place += 1;
            }
        }
        let (mut from, mut kept) = (0, 0);
        for (i, start) in starts.iter_mut().enumerate() {
            look(i, control)?;
            let to = *start;
            *start = kept;
            items[from..to].sort_unstable();
            let first = kept;
            for at in from..to {
                if kept == first || items[kept - 1] != items[at] {
                    items[kept] = items[at];
                    kept += 1;
                }
            }
            from = to;
        }
        items.truncate(kept);
        Ok(Baskets { starts, items, width })
    }

    /// The number of baskets, empty ones too.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no basket.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items of a basket.
    fn basket(&self, index: usize) -> &[u32] {
        &self.items[self.starts[index]..self.starts[index + 1]]
    }

    /// Give its memory back.
    pub(crate) fn release(self, control: &Control) {
        control.release_vec(self.starts);
        control.release_vec(self.items);
    }

    /// In how many baskets each item is.
    fn counts(&self, control: &Control) -> Result<Vec<u32>> {
        let mut counts = control.filled(self.width, 0)?;
        for (i, &item) in self.items.iter().enumerate() {
            look(i, control)?;
            counts[item as usize] += 1;
        }
        Ok(counts)
    }
}

/// Look for a cancel now and then.
fn look(step: usize, control: &Control) -> Result<()> {
    match step % LOOK {
        0 => control.check(),
        _ => Ok(()),
    }
}

/// What is frequent enough.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The least number of baskets of a set, at least 1.
    pub baskets: u32,
    /// The most items of a set.
    pub length: usize,
    /// More sets than this are an error.
    pub most: u64,
}

/// The least number of baskets whose share of `all` is `support` or more; at least 1.
///
/// It is the share as it is shown that counts: 7 of 100 baskets are 0.07, though 0.07 times 100 is a little more than 7 in floating point.
pub fn least(support: f64, all: usize) -> u32 {
    let share = |count: f64| count / all as f64;
    let mut count = (support * all as f64).ceil().max(1.0);
    while count > 1.0 && share(count - 1.0) >= support {
        count -= 1.0;
    }
    count as u32
}

/// Sets of items with the number of their baskets, in flat arrays.
#[derive(Debug, Default)]
pub struct Itemsets {
    /// Where each set ends in `items`.
    ends: Vec<usize>,
    /// The items of each set, ascending.
    items: Vec<u32>,
    /// The number of baskets that hold each set.
    counts: Vec<u32>,
}

impl Itemsets {
    /// The number of sets.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The items of a set and the number of its baskets.
    pub fn get(&self, index: usize) -> (&[u32], u32) {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        (&self.items[start..self.ends[index]], self.counts[index])
    }

    fn push(&mut self, items: impl ExactSizeIterator<Item = u32>, count: u32, control: &Control) -> Result<()> {
        control.room(&mut self.items, items.len())?;
        control.room(&mut self.ends, 1)?;
        control.room(&mut self.counts, 1)?;
        self.items.extend(items);
        self.ends.push(self.items.len());
        self.counts.push(count);
        Ok(())
    }

    /// Give its memory back.
    pub(crate) fn release(self, control: &Control) {
        control.release_vec(self.ends);
        control.release_vec(self.items);
        control.release_vec(self.counts);
    }

    /// The sets of most baskets first, and then by their items.
    fn sorted(self, control: &Control) -> Result<Itemsets> {
        // The count and the first item in one word, by which most sets are told apart.
        let mut order: Vec<(u64, u32)> = control.vec(self.len())?;
        for index in 0..self.len() {
            look(index, control)?;
            let (items, count) = self.get(index);
            let first = items.first().copied().unwrap_or(0);
            order.push((u64::from(!count) << 32 | u64::from(first), index as u32));
        }
        let items = |index: u32| self.get(index as usize).0;
        par_sort(&mut order, &|a, b| a.0.cmp(&b.0).then_with(|| items(a.1).cmp(items(b.1))), control)?;
        let mut sorted = Itemsets {
            ends: control.vec(self.len())?,
            items: control.vec(self.items.len())?,
            counts: control.vec(self.len())?,
        };
        for (i, &(_, index)) in order.iter().enumerate() {
            look(i, control)?;
            let (items, count) = self.get(index as usize);
            sorted.push(items.iter().copied(), count, control)?;
        }
        control.release_vec(order);
        self.release(control);
        Ok(sorted)
    }
}

/// Finds itemsets by their items.
struct Finder<'a> {
    sets: &'a Itemsets,
    table: HashTable<u32>,
}

impl<'a> Finder<'a> {
    fn new(sets: &'a Itemsets, control: &Control) -> Result<Finder<'a>> {
        // A table keeps an eighth free, in powers of 2, with a byte beside each entry.
        control.reserve(sets.len().saturating_mul(16))?;
        let mut table: HashTable<u32> = HashTable::new();
        let hash = |&index: &u32| hash(sets.get(index as usize).0);
        table
            .try_reserve(sets.len(), hash)
            .map_err(|_| Error::OutOfMemory { needed: sets.len().saturating_mul(16), limit: control.left() })?;
        for index in 0..sets.len() as u32 {
            look(index as usize, control)?;
            table.insert_unique(hash(&index), index, hash);
        }
        Ok(Finder { sets, table })
    }

    /// The number of baskets of a set, whose items ascend, by its [`hash`]; `None` if it is not there.
    fn count(&self, items: &[u32], hash: u64) -> Option<u32> {
        let index = *self.table.find(hash, |&index| self.sets.get(index as usize).0 == items)?;
        Some(self.sets.get(index as usize).1)
    }
}

/// The hash of a set is the sum of those of its items, so that what is left without some of them is known by a difference.
fn hash(items: &[u32]) -> u64 {
    items.iter().fold(0, |sum: u64, &item| sum.wrapping_add(hash_of(item)))
}

fn hash_of(item: u32) -> u64 {
    mix(u64::from(item), 1)
}

#[cfg(test)]
mod tests;
