//! Many small trees, a row at a time, where a register holds 64 bytes: [`super::blocks`] turned round.
//!
//! A lane is a word of eight leaves of some tree, not a row. The row's bytes, one a plane, lie in one register; every lane picks the plane
//! that its strike asks for, so one comparison asks 64 splits of 64 places in the forest. What is read of the model is read from front to back,
//! which costs little even when the caches are cold, as for a query of one row.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

#[cfg(target_arch = "x86_64")]
use super::blocks::{bit_of, MISSING_RIGHT};
use super::blocks::{Blocks, Column, Group};
use super::link::LANES;

/// Lanes of a register.
const WIDTH: usize = 64;
/// Chunks whose leaves are found before their numbers are added.
const AT_ONCE: usize = 8;
/// The most features that splits of a group look at.
const MOST_COLUMNS: usize = 64;

/// A byte a lane.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Bytes(pub [u8; WIDTH]);

/// Strikes a lane's bits out but `keep` where the byte of the plane is above the threshold.
#[derive(Debug, Clone)]
pub(super) struct Strikes {
    pub planes: Bytes,
    pub thresholds: Bytes,
    pub keep: Bytes,
}

/// Bits of planes.
#[derive(Debug, Clone)]
pub(super) struct Hits {
    pub planes: Bytes,
    pub bits: Bytes,
}

/// Strikes a lane's bits out but `keep` where there is none of some bits: of the next `hits` of the part.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    pub hits: usize,
    pub keep: Bytes,
}

/// Some trees whose words are the lanes of a register.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub strikes: Vec<Strikes>,
    pub sets: Vec<Sets>,
    pub hits: Vec<Hits>,
    /// The numbers of the leaves, tree by tree.
    pub values: Vec<f64>,
}

/// Trees that share the bytes of the row.
#[derive(Debug)]
struct Part {
    columns: Vec<Column>,
    chunks: Vec<Chunk>,
}

/// All trees of a model.
#[derive(Debug)]
pub(super) struct Words {
    parts: Vec<Part>,
    /// Words of a tree, 4 or 8.
    words: usize,
}

impl Words {
    /// Lay out the trees of `blocks`, one number a leaf; `None` where a tree has too many leaves, or a group too many planes.
    pub fn new(blocks: &Blocks, outputs: usize) -> Option<Words> {
        let most = blocks.groups.iter().flat_map(|group| &group.trees).map(|tree| usize::from(tree.words)).max()?;
        let words = most.next_power_of_two().max(4);
        let fits = |group: &Group| group.planes <= WIDTH && group.columns.len() <= MOST_COLUMNS;
        if outputs != 1 || words > 8 || !blocks.groups.iter().all(fits) {
            return None;
        }
        let mut laid = Words { parts: Vec::new(), words };
        let mut first = 0;
        for group in &blocks.groups {
            // Lanes of a sum are trees modulo their number, so a chunk begins at a multiple of that.
            laid.parts.push(Part::new(group, first % LANES, words));
            first += group.trees.len();
        }
        Some(laid)
    }

    /// The sum of the leaves where a row ends, in lanes; `None` where the processor or the level in use does not have the instructions.
    #[inline]
    pub fn sums(&self, row: &[f64]) -> Option<[f64; LANES]> {
        #[cfg(target_arch = "x86_64")]
        if crate::simd::has_words() {
            let mut sums = [0.0; LANES];
            for part in &self.parts {
                #[allow(unsafe_code)]
                // SAFETY: the processor has the instructions that the function is compiled for.
                let bytes = unsafe { kernel::bytes(part, row) };
                for chunks in part.chunks.chunks(AT_ONCE) {
                    let mut leaves = [Bytes([0; WIDTH]); AT_ONCE];
                    #[allow(unsafe_code)]
                    // SAFETY: as above.
                    unsafe {
                        kernel::leaves(&bytes, chunks, self.words, &mut leaves);
                    }
                    for (chunk, leaves) in chunks.iter().zip(&leaves) {
                        chunk.add(self.words, leaves, &mut sums);
                    }
                }
            }
            return Some(sums);
        }
        let _ = (row, self.words);
        None
    }

    /// Bytes of the layout.
    pub fn bytes(&self) -> usize {
        let chunk = |chunk: &Chunk| {
            chunk.strikes.capacity() * std::mem::size_of::<Strikes>()
                + chunk.sets.capacity() * std::mem::size_of::<Sets>()
                + chunk.hits.capacity() * std::mem::size_of::<Hits>()
                + chunk.values.capacity() * 8
        };
        let part = |part: &Part| {
            part.columns.capacity() * std::mem::size_of::<Column>() + part.chunks.iter().map(chunk).sum::<usize>()
        };
        self.parts.iter().map(part).sum()
    }
}

impl Part {
    /// The trees of a group, behind `before` lanes without a tree.
    fn new(group: &Group, before: usize, words: usize) -> Part {
        let mut part = Part { columns: group.columns.clone(), chunks: Vec::new() };
        let room = words * 8;
        let trees = WIDTH / words;
        let mut lanes: Vec<Lane> = vec![Lane::default(); before * words];
        let mut values = vec![0.0; before * room];
        let (mut next_word, mut next_strike, mut next_set, mut next_hit) = (0, 0, 0, 0);
        let mut next_value = 0;
        for tree in &group.trees {
            let at = lanes.len();
            lanes.resize(at + words, Lane::default());
            let count = usize::from(tree.words);
            for (i, word) in group.words[next_word..][..count].iter().enumerate() {
                // The last word of a tree comes first.
                let lane = &mut lanes[at + count - 1 - i];
                for strike in &group.strikes[next_strike..][..word.strikes as usize] {
                    lane.strikes.push((strike.plane as u8, strike.threshold, strike.keep));
                }
                for set in &group.sets[next_set..][..word.sets as usize] {
                    let hits = &group.hits[next_hit..][..usize::from(set.hits)];
                    lane.sets.push((hits.iter().map(|hit| (hit.plane as u8, hit.bits)).collect(), set.keep));
                    next_hit += hits.len();
                }
                next_strike += word.strikes as usize;
                next_set += word.sets as usize;
            }
            next_word += count;
            let own = &group.values[next_value..][..usize::from(tree.leaves)];
            next_value += own.len();
            let end = values.len() + room;
            values.extend_from_slice(own);
            values.resize(end, 0.0);
        }
        lanes.resize(lanes.len().next_multiple_of(WIDTH), Lane::default());
        values.resize(lanes.len() / words * room, 0.0);
        for (lanes, values) in lanes.chunks_exact(WIDTH).zip(values.chunks_exact(trees * room)) {
            part.chunks.push(Chunk::new(lanes, values));
        }
        part
    }
}

#[cfg(target_arch = "x86_64")]
impl Column {
    /// Put the bytes of a value into a row; `below` thresholds are less than it.
    #[inline(always)]
    fn put_one(&self, value: f64, below: u8, bytes: &mut [u8; WIDTH]) {
        if let Some(left) = self.left {
            bytes[usize::from(left) % WIDTH] = below;
        }
        if let Some(right) = self.right {
            bytes[usize::from(right) % WIDTH] = if value.is_nan() { MISSING_RIGHT } else { below };
        }
        if let Some(places) = self.places {
            if let Some((plane, bit)) = bit_of(value, places) {
                bytes[(usize::from(self.bits) + plane) % WIDTH] = bit;
            }
        }
    }
}

/// What strikes a word.
#[derive(Clone, Default)]
struct Lane {
    /// Plane, threshold, what is kept.
    strikes: Vec<(u8, u8, u8)>,
    /// Planes and bits, what is kept.
    sets: Vec<(Vec<(u8, u8)>, u8)>,
}

impl Chunk {
    fn new(lanes: &[Lane], values: &[f64]) -> Chunk {
        let mut chunk = Chunk { values: values.to_vec(), ..Chunk::default() };
        let most = |count: fn(&Lane) -> usize| lanes.iter().map(count).max().unwrap_or(0);
        for i in 0..most(|lane| lane.strikes.len()) {
            // Nothing is above 255.
            let none =
                Strikes { planes: Bytes([0; WIDTH]), thresholds: Bytes([255; WIDTH]), keep: Bytes([255; WIDTH]) };
            let mut strikes = none;
            for (l, lane) in lanes.iter().enumerate() {
                if let Some(&(plane, threshold, keep)) = lane.strikes.get(i) {
                    (strikes.planes.0[l], strikes.thresholds.0[l], strikes.keep.0[l]) = (plane, threshold, keep);
                }
            }
            chunk.strikes.push(strikes);
        }
        for i in 0..most(|lane| lane.sets.len()) {
            let hits = lanes.iter().filter_map(|lane| lane.sets.get(i)).map(|set| set.0.len()).max().unwrap_or(0);
            let mut keep = Bytes([255; WIDTH]);
            lanes.iter().enumerate().for_each(|(l, lane)| keep.0[l] = lane.sets.get(i).map_or(255, |set| set.1));
            for hit in 0..hits {
                let mut hits = Hits { planes: Bytes([0; WIDTH]), bits: Bytes([0; WIDTH]) };
                for (l, lane) in lanes.iter().enumerate() {
                    if let Some(&(plane, bits)) = lane.sets.get(i).and_then(|set| set.0.get(hit)) {
                        (hits.planes.0[l], hits.bits.0[l]) = (plane, bits);
                    }
                }
                chunk.hits.push(hits);
            }
            chunk.sets.push(Sets { hits, keep });
        }
        chunk
    }
}

#[cfg(target_arch = "x86_64")]
impl Chunk {
    /// Add the number of each tree's leaf to its lane. Not compiled for wide registers: fetching numbers one by one takes a fraction of the time
    /// of a gather on the processors there are.
    #[inline]
    fn add(&self, words: usize, leaves: &Bytes, sums: &mut [f64; LANES]) {
        let Ok(values) = <&[f64; WIDTH * 8]>::try_from(&self.values[..]) else { return };
        if words == 4 {
            let leaves: &[u32; WIDTH / 4] = bytemuck::cast_ref(&leaves.0);
            for (tree, leaf) in leaves.iter().enumerate() {
                sums[tree % LANES] += values[*leaf as usize % (WIDTH * 8)];
            }
        } else {
            let leaves: &[u64; WIDTH / 8] = bytemuck::cast_ref(&leaves.0);
            for (tree, leaf) in leaves.iter().enumerate() {
                sums[tree] += values[*leaf as usize % (WIDTH * 8)];
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod kernel {
    use super::{Bytes, Chunk, Part, WIDTH};
    use crate::simd::avx512::{and, count_below, first_of_32, first_of_64, load, or, pick, splat, store, strike};

    /// The bytes of a row.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
    pub(super) fn bytes(part: &Part, row: &[f64]) -> Bytes {
        let mut bytes = Bytes([0; WIDTH]);
        for column in &part.columns {
            let (value, thresholds) = (row[column.feature], &column.thresholds);
            column.put_one(value, count_below(&thresholds.all, &thresholds.pivots, value), &mut bytes.0);
        }
        bytes
    }

    /// Where the number of the leaf lies in which a row ends, for each tree of some chunks.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vbmi")]
    pub(super) fn leaves(row: &Bytes, chunks: &[Chunk], words: usize, leaves: &mut [Bytes]) {
        let row = load(&row.0);
        for (chunk, leaves) in chunks.iter().zip(leaves) {
            let mut alive = splat(0xff);
            for one in &chunk.strikes {
                let bytes = pick(row, load(&one.planes.0));
                alive = strike(alive, bytes, load(&one.thresholds.0), load(&one.keep.0));
            }
            let mut hits = &chunk.hits[..];
            for set in &chunk.sets {
                let (own, rest) = hits.split_at(set.hits);
                hits = rest;
                let mut found = splat(0);
                for hit in own {
                    found = or(found, and(pick(row, load(&hit.planes.0)), load(&hit.bits.0)));
                }
                alive = strike(alive, splat(1), found, load(&set.keep.0));
            }
            store(if words == 4 { first_of_32(alive) } else { first_of_64(alive) }, &mut leaves.0);
        }
    }
}
