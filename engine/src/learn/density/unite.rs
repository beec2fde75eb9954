//! Core points that reach each other, by a union-find that threads share (Anderson, Woll 1991): of two sets that meet, the one of the later root goes
//! under the other. Which points are together at the end is what the points say, whoever came first.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use rayon::prelude::*;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::score::near::{within, Near, Node, LEAF};

/// Sets of points.
struct Sets(Vec<AtomicU32>);

impl Sets {
    /// The first point of the set of a point, as far as it is known by now.
    fn find(&self, mut i: u32) -> u32 {
        loop {
            let above = self.0[i as usize].load(Relaxed);
            if above == i {
                return i;
            }
            let next = self.0[above as usize].load(Relaxed);
            if next != above {
                // The way gets shorter; if another thread was quicker, so much the better.
                let _ = self.0[i as usize].compare_exchange_weak(above, next, Relaxed, Relaxed);
            }
            i = above;
        }
    }

    fn unite(&self, a: u32, b: u32) {
        let (mut a, mut b) = (self.find(a), self.find(b));
        while a != b {
            let (low, high) = (a.min(b), a.max(b));
            if self.0[high as usize].compare_exchange(high, low, Relaxed, Relaxed).is_ok() {
                return;
            }
            (a, b) = (self.find(low), self.find(high));
        }
    }
}

/// For each point of a tree the first point of its set, where those no further than `reach` (squared) are together.
///
/// Whatever a node holds that is known to be in one set is looked at but once more by each set that comes near. So rows in dense parts, which have
/// nearly all rows as neighbours, cost no more than others. Fails when cancelled or out of memory.
pub(super) fn sets(near: &Near, reach: f64, control: &Control) -> Result<Vec<u32>> {
    let count = near.points();
    let mut parents: Vec<AtomicU32> = control.vec(count)?;
    parents.extend((0..count as u32).map(AtomicU32::new));
    let mut together: Vec<AtomicBool> = control.vec(near.nodes())?;
    together.extend((0..near.nodes()).map(|_| AtomicBool::new(false)));
    let search = Search { near, reach, sets: Sets(parents), together };
    search.small_nodes(control)?;
    (0..count.div_ceil(LEAF)).into_par_iter().with_min_len(16).try_for_each(|leaf| {
        let (mut point, mut waiting) = (Vec::new(), Vec::new());
        for i in leaf * LEAF..((leaf + 1) * LEAF).min(count) {
            control.check()?;
            near.point(i, &mut point);
            search.around(i as u32, &point, &mut waiting);
        }
        control.advance(LEAF as u64);
        Ok::<(), Error>(())
    })?;
    let Search { sets, together, .. } = search;
    control.release_vec(together);
    let mut found: Vec<u32> = control.vec(count)?;
    found.extend((0..count as u32).map(|i| sets.find(i)));
    control.release_vec(sets.0);
    Ok(found)
}

struct Search<'a> {
    near: &'a Near,
    reach: f64,
    sets: Sets,
    /// Whether all points below a node are known to be in one set.
    together: Vec<AtomicBool>,
}

impl Search<'_> {
    fn is_together(&self, node: Node) -> bool {
        self.together[self.near.place(node)].load(Relaxed)
    }

    fn first(&self, node: Node) -> u32 {
        self.near.range(node).start as u32
    }

    /// Points of a node that is no wider than the reach are together.
    fn small_nodes(&self, control: &Control) -> Result<()> {
        for level in 0..self.near.levels() {
            control.check()?;
            for node in self.near.level(level) {
                if !within(self.near.width(node), self.reach) {
                    continue;
                }
                match self.near.children(node) {
                    (Some(_), Some(right)) => self.sets.unite(self.first(node), self.first(right)),
                    (Some(_), None) => {}
                    _ => self.near.range(node).for_each(|i| self.sets.unite(self.first(node), i as u32)),
                }
                self.together[self.near.place(node)].store(true, Relaxed);
            }
        }
        Ok(())
    }

    /// Unite a point with all that it reaches.
    fn around(&self, i: u32, point: &[f64], waiting: &mut Vec<Node>) {
        waiting.clear();
        waiting.push(self.near.root());
        while let Some(node) = waiting.pop() {
            if !within(self.near.least(node, point), self.reach) {
                continue;
            }
            let together = self.is_together(node);
            if together {
                let first = self.first(node);
                if self.sets.find(first) == self.sets.find(i) {
                    continue;
                }
                if self.near.most(node, point) <= self.reach {
                    self.sets.unite(first, i);
                    continue;
                }
            }
            match self.near.children(node) {
                (Some(left), right) => {
                    if !together {
                        self.look_up(node, left, right);
                    }
                    waiting.push(left);
                    waiting.extend(right);
                }
                _ => self.in_leaf(node, i, point, together),
            }
        }
    }

    fn in_leaf(&self, leaf: Node, i: u32, point: &[f64], together: bool) {
        let first = self.first(leaf);
        let mut met = false;
        for (at, far) in self.near.distances(leaf, point).into_iter().enumerate() {
            if far <= self.reach {
                self.sets.unite(i, first + at as u32);
                met = true;
                if together {
                    return;
                }
            }
        }
        let root = || self.sets.find(first);
        if met && !together && self.near.range(leaf).all(|at| self.sets.find(at as u32) == root()) {
            self.together[self.near.place(leaf)].store(true, Relaxed);
        }
    }

    /// Note that all below a node are together, once that is so of what is right below it.
    fn look_up(&self, node: Node, left: Node, right: Option<Node>) {
        let same = |right: Node| {
            self.is_together(right) && self.sets.find(self.first(left)) == self.sets.find(self.first(right))
        };
        if self.is_together(left) && right.is_none_or(same) {
            self.together[self.near.place(node)].store(true, Relaxed);
        }
    }
}
