//! FP-growth: the sets that end in an item, from the tree of what stands above it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::tree::{Order, Paths, Tree};
use super::{look, Baskets, Itemsets, Limits};
use crate::control::Control;
use crate::error::{Error, Result};

/// All sets of items that are in enough baskets, those of most baskets first and then by their items.
///
/// # Errors
/// [`Error::InvalidData`] when there are more than the limits allow; [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn mine(baskets: &Baskets, limits: &Limits, control: &Control) -> Result<Itemsets> {
    let tree = whole(baskets, limits.baskets, control)?;
    control.start(tree.width() as u64);
    let found = AtomicU64::new(0);
    let parts: Result<Vec<Itemsets>> = (0..tree.width() as u32)
        .into_par_iter()
        .map_init(
            || Scratch::new(tree.width(), control),
            |scratch, item| {
                let scratch = scratch.as_mut().map_err(|error| error.clone())?;
                let sets = Growth { limits, found: &found, control }.of_item(&tree, item, scratch)?;
                control.advance(1);
                Ok(sets)
            },
        )
        .collect();
    tree.release(control);
    let mut all = Itemsets::default();
    for part in parts? {
        control.check()?;
        for i in 0..part.len() {
            let (items, count) = part.get(i);
            all.push(items.iter().copied(), count, control)?;
        }
        part.release(control);
    }
    all.sorted(control)
}

/// The tree of all baskets.
fn whole(baskets: &Baskets, least: u32, control: &Control) -> Result<Tree> {
    let all = baskets.counts(control)?;
    let mut codes: Vec<u32> = control.vec(all.iter().filter(|&&count| count >= least).count())?;
    codes.extend((0..all.len() as u32).filter(|&item| all[item as usize] >= least));
    codes.sort_unstable_by(|&a, &b| all[b as usize].cmp(&all[a as usize]).then(a.cmp(&b)));
    let mut counts: Vec<u32> = control.vec(codes.len())?;
    counts.extend(codes.iter().map(|&item| all[item as usize]));
    let mut places: Vec<u32> = control.filled(all.len(), u32::MAX)?;
    for (place, &item) in codes.iter().enumerate() {
        places[item as usize] = place as u32;
    }
    let mut paths = Paths::with_room(baskets.len(), counts.iter().map(|&c| c as usize).sum(), control)?;
    for basket in 0..baskets.len() {
        look(basket, control)?;
        let items = baskets.basket(basket);
        paths.begin(0, control)?;
        items.iter().map(|&item| places[item as usize]).filter(|&p| p != u32::MAX).for_each(|place| paths.push(place));
        paths.end(1, false, control)?;
    }
    control.release_vec(places);
    control.release_vec(all);
    let (mut tree, mut room) = (Tree::of(codes, counts), Order::new());
    tree.grow(&paths, &mut room, true, control)?;
    control.release_vec(room);
    paths.release(control);
    Ok(tree)
}

/// What a thread counts with, as wide as the whole tree; between two uses all counts are 0.
struct Scratch<'a> {
    counts: Vec<u32>,
    /// The place of an item in the tree that is built.
    places: Vec<u32>,
    /// Items whose count is not 0.
    touched: Vec<u32>,
    /// What a tree is grown from.
    paths: Paths,
    order: Order,
    /// Trees that are done with, whose room is used again.
    spare: Vec<Tree>,
    control: &'a Control,
}

impl<'a> Scratch<'a> {
    fn new(width: usize, control: &'a Control) -> Result<Self> {
        let (counts, places) = (control.filled(width, 0)?, control.filled(width, 0)?);
        let touched = control.vec(width)?;
        Ok(Scratch {
            counts,
            places,
            touched,
            paths: Paths::default(),
            order: Order::new(),
            spare: Vec::new(),
            control,
        })
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        let vectors = [&mut self.counts, &mut self.places, &mut self.touched];
        vectors.into_iter().for_each(|vector| self.control.release_vec(std::mem::take(vector)));
        std::mem::take(&mut self.paths).release(self.control);
        self.control.release_vec(std::mem::take(&mut self.order));
        self.spare.drain(..).for_each(|tree| tree.release(self.control));
    }
}

/// What all items share.
struct Growth<'a> {
    limits: &'a Limits,
    found: &'a AtomicU64,
    control: &'a Control,
}

/// A tree whose items are yet to be gone through.
struct Level {
    tree: Tree,
    /// Items from here on are done.
    left: u32,
}

impl Growth<'_> {
    /// All sets in which an item of the whole tree is the least frequent.
    fn of_item(&self, whole: &Tree, item: u32, scratch: &mut Scratch<'_>) -> Result<Itemsets> {
        let mut sets = Itemsets::default();
        let mut set = vec![whole.codes[item as usize]];
        let mut levels: Vec<Level> = Vec::new();
        self.emit(&mut sets, &set, None, whole.counts[item as usize])?;
        levels.extend(self.above(whole, item, &set, &mut sets, scratch)?);
        while let Some(level) = levels.last_mut() {
            if level.left == 0 {
                scratch.spare.extend(levels.pop().map(|level| level.tree));
                set.pop();
                continue;
            }
            level.left -= 1;
            let item = level.left;
            set.push(level.tree.codes[item as usize]);
            self.emit(&mut sets, &set, None, level.tree.counts[item as usize])?;
            match self.above(&level.tree, item, &set, &mut sets, scratch)? {
                Some(next) => levels.push(next),
                None => {
                    set.pop();
                }
            }
        }
        Ok(sets)
    }

    /// The tree of what stands above an item; none where nothing there is frequent, or where the sets with one more item are the last, which are told at
    /// once.
    fn above(
        &self,
        tree: &Tree,
        item: u32,
        set: &[u32],
        sets: &mut Itemsets,
        scratch: &mut Scratch<'_>,
    ) -> Result<Option<Level>> {
        self.control.check()?;
        if set.len() >= self.limits.length {
            return Ok(None);
        }
        let mut steps = 0;
        scratch.touched.clear();
        for (parent, count) in tree.nodes(item) {
            for above in tree.up(parent) {
                look(steps, self.control)?;
                steps += 1;
                let sum = &mut scratch.counts[above as usize];
                if *sum == 0 {
                    scratch.touched.push(above);
                }
                *sum += count;
            }
        }
        let Scratch { counts, places, touched, paths, order, spare, .. } = scratch;
        touched.sort_unstable();
        let frequent = |above: &&u32| counts[**above as usize] >= self.limits.baskets;
        let width = touched.iter().filter(frequent).count();
        let level = if width == 0 {
            None
        } else if width == 1 || set.len() + 1 == self.limits.length {
            for &above in touched.iter().filter(frequent) {
                self.emit(sets, set, Some(tree.codes[above as usize]), counts[above as usize])?;
            }
            None
        } else {
            let mut next = spare.pop().unwrap_or_default();
            next.clear();
            for &above in touched.iter() {
                places[above as usize] = u32::MAX;
                if frequent(&&above) {
                    places[above as usize] = next.width() as u32;
                    next.add(tree.codes[above as usize], counts[above as usize], self.control)?;
                }
            }
            paths.clear();
            for (parent, count) in tree.nodes(item) {
                paths.begin(width, self.control)?;
                for above in tree.up(parent) {
                    look(steps, self.control)?;
                    steps += 1;
                    match places[above as usize] {
                        u32::MAX => {}
                        place => paths.push(place),
                    }
                }
                paths.end(count, true, self.control)?;
            }
            next.grow(paths, order, false, self.control)?;
            Some(Level { left: next.width() as u32, tree: next })
        };
        touched.iter().for_each(|&above| counts[above as usize] = 0);
        Ok(level)
    }

    /// Keep a set, with one more item if there is.
    fn emit(&self, sets: &mut Itemsets, set: &[u32], more: Option<u32>, count: u32) -> Result<()> {
        if self.found.fetch_add(1, Relaxed) >= self.limits.most {
            return Err(Error::InvalidData {
                message: format!("more than {} itemsets are frequent", self.limits.most),
                detail: format!("A set is frequent that is in {} baskets or more.", self.limits.baskets),
                hint: "Raise \"min_support\" or \"min_baskets\", lower \"max_length\", leave items out by \"exclude\", or raise \"most\"."
                    .into(),
            });
        }
        let start = sets.items.len();
        sets.push(Chain { set, more }.iter(), count, self.control)?;
        sets.items[start..].sort_unstable();
        Ok(())
    }
}

/// A set and perhaps one more item.
struct Chain<'a> {
    set: &'a [u32],
    more: Option<u32>,
}

impl Chain<'_> {
    fn iter(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        let len = self.set.len() + usize::from(self.more.is_some());
        (0..len).map(|i| self.set.get(i).copied().or(self.more).unwrap_or(0))
    }
}
