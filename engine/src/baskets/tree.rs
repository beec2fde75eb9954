//! The FP-tree: baskets as paths that share their beginnings.

use super::look;
use crate::control::Control;
use crate::data::{par_sort, sort};
use crate::error::Result;

/// No node.
const NONE: u32 = u32::MAX;

/// Lists of items, each with the number of baskets it stands for.
#[derive(Debug, Default)]
pub(super) struct Paths {
    ends: Vec<usize>,
    items: Vec<u32>,
    weights: Vec<u32>,
}

impl Paths {
    /// Room for paths that hold so many items in all.
    pub(super) fn with_room(paths: usize, items: usize, control: &Control) -> Result<Paths> {
        Ok(Paths { ends: control.vec(paths)?, items: control.vec(items)?, weights: control.vec(paths)? })
    }

    /// Forget all paths and keep the room.
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.items.clear();
        self.weights.clear();
    }

    /// Begin a path, of no more than so many items, that are pushed one by one.
    pub(super) fn begin(&mut self, most: usize, control: &Control) -> Result<()> {
        control.room(&mut self.items, most)
    }

    /// One more item of the path that was begun.
    pub(super) fn push(&mut self, item: u32) {
        self.items.push(item);
    }

    /// End the path that was begun; an empty one is none. Its items then ascend: they were pushed in the opposite order, or in any.
    pub(super) fn end(&mut self, weight: u32, descending: bool, control: &Control) -> Result<()> {
        let start = self.ends.last().copied().unwrap_or(0);
        if start == self.items.len() {
            return Ok(());
        }
        match descending {
            true => self.items[start..].reverse(),
            false => self.items[start..].sort_unstable(),
        }
        control.room(&mut self.ends, 1)?;
        control.room(&mut self.weights, 1)?;
        self.ends.push(self.items.len());
        self.weights.push(weight);
        Ok(())
    }

    fn get(&self, index: u32) -> &[u32] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.items[start..self.ends[index]]
    }

    pub(super) fn release(self, control: &Control) {
        control.release_vec(self.ends);
        control.release_vec(self.items);
        control.release_vec(self.weights);
    }
}

/// The order of paths, each with its first items in one word, by which all but a few are told apart.
pub(super) type Order = Vec<(u64, u32)>;

/// Sort paths of items below `width`.
fn order(paths: &Paths, width: usize, parallel: bool, order: &mut Order, control: &Control) -> Result<()> {
    // An item is one more than its code, so that a path comes before those that go on from it.
    let bits = (usize::BITS - width.leading_zeros()).max(1);
    let held = (u64::BITS / bits) as usize;
    order.clear();
    control.room(order, paths.weights.len())?;
    for index in 0..paths.weights.len() as u32 {
        look(index as usize, control)?;
        let path = paths.get(index);
        let first = path.iter().take(held).fold(0, |word, &item| word << bits | (u64::from(item) + 1));
        order.push((first << (bits as usize * (held - path.len().min(held))), index));
    }
    let compare = |a: &(u64, u32), b: &(u64, u32)| {
        let further = || paths.get(a.1).get(held..).cmp(&paths.get(b.1).get(held..));
        // Equal paths may come in any order, as their weights are summed; a sort by threads wants one.
        a.0.cmp(&b.0).then_with(further).then(a.1.cmp(&b.1))
    };
    match parallel {
        true => par_sort(order, &compare, control),
        false => sort(order, compare, control),
    }
}

/// A node: an item after those above it.
#[derive(Debug, Clone, Copy)]
struct Node {
    item: u32,
    parent: u32,
    /// The next node of the same item.
    next: u32,
    count: u32,
}

/// The tree. Items are codes of its own, the most frequent first, and codes grow on the way down.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The first node of each item.
    heads: Vec<u32>,
    /// The nodes of the path that was built last.
    branch: Vec<u32>,
    /// The number of baskets of each item.
    pub(super) counts: Vec<u32>,
    /// What each item is outside of this tree.
    pub(super) codes: Vec<u32>,
}

impl Tree {
    /// A tree of items, of what they are outside and in how many baskets.
    pub(super) fn of(codes: Vec<u32>, counts: Vec<u32>) -> Tree {
        Tree { codes, counts, ..Tree::default() }
    }

    /// Forget all items and keep the room.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.heads.clear();
        self.counts.clear();
        self.codes.clear();
    }

    /// One more item, of so many baskets, that is `code` outside.
    pub(super) fn add(&mut self, code: u32, count: u32, control: &Control) -> Result<()> {
        control.room(&mut self.codes, 1)?;
        control.room(&mut self.counts, 1)?;
        self.codes.push(code);
        self.counts.push(count);
        Ok(())
    }

    /// Grow the nodes for the items that were added.
    ///
    /// Paths are sorted first, so that each is compared with the one before it alone and no child is ever looked for.
    pub(super) fn grow(&mut self, paths: &Paths, room: &mut Order, parallel: bool, control: &Control) -> Result<()> {
        order(paths, self.width(), parallel, room, control)?;
        let Tree { nodes, heads, branch, codes, .. } = self;
        control.room(heads, codes.len())?;
        heads.resize(codes.len(), NONE);
        branch.clear();
        let mut steps = 0;
        let mut before: &[u32] = &[];
        for &(_, index) in room.iter() {
            let path = paths.get(index);
            let shared = before.iter().zip(path).take_while(|(a, b)| a == b).count();
            branch.truncate(shared);
            control.room(nodes, path.len() - shared)?;
            control.room(branch, path.len() - shared)?;
            for &item in &path[shared..] {
                let node = nodes.len() as u32;
                let head = &mut heads[item as usize];
                nodes.push(Node { item, parent: branch.last().copied().unwrap_or(NONE), next: *head, count: 0 });
                *head = node;
                branch.push(node);
            }
            for &node in branch.iter() {
                look(steps, control)?;
                steps += 1;
                nodes[node as usize].count += paths.weights[index as usize];
            }
            before = path;
        }
        Ok(())
    }

    /// Give back its memory.
    pub(super) fn release(self, control: &Control) {
        control.release_vec(self.nodes);
        control.release_vec(self.heads);
        control.release_vec(self.branch);
        control.release_vec(self.counts);
        control.release_vec(self.codes);
    }

    /// The number of its items.
    pub(super) fn width(&self) -> usize {
        self.codes.len()
    }

    /// The nodes of an item, each as its parent and its number of baskets.
    pub(super) fn nodes(&self, item: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mut node = self.heads[item as usize];
        std::iter::from_fn(move || {
            let found = self.nodes.get(node as usize)?;
            node = found.next;
            Some((found.parent, found.count))
        })
    }

    /// The items from a node up.
    pub(super) fn up(&self, mut node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::from_fn(move || {
            let found = self.nodes.get(node as usize)?;
            node = found.parent;
            Some(found.item)
        })
    }
}
