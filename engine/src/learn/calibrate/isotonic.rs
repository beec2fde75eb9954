//! Isotonic regression by pooling adjacent violators (Ayer et al. 1955), in one pass (Best and Chakravarti 1990).

use super::Seen;
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::model::Curve;

/// Rows that share a value.
#[derive(Clone, Copy)]
struct Block {
    /// The smallest and the largest probability said.
    first: f64,
    last: f64,
    weight: f64,
    hits: f64,
    rows: u64,
}

impl Block {
    fn mean(&self) -> f64 {
        (self.hits / self.weight).clamp(0.0, 1.0)
    }

    /// Together with the block above.
    fn with(&self, above: &Block) -> Block {
        Block {
            first: self.first,
            last: above.last,
            weight: self.weight + above.weight,
            hits: self.hits + above.hits,
            rows: self.rows + above.rows,
        }
    }
}

/// The curve of least squared error that never falls, with knots at the ends of its blocks, as scikit-learn keeps them. Blocks of fewer than
/// `least` rows are joined with their neighbours. Reorders the rows.
pub(super) fn fit(seen: &mut [Seen], least: u64, control: &Control) -> Result<Curve> {
    // Rows of one probability make one sum, in an order that is theirs.
    let compare =
        |a: &Seen, b: &Seen| a.said.total_cmp(&b.said).then(a.hit.cmp(&b.hit)).then(a.weight.total_cmp(&b.weight));
    crate::data::sort(seen, compare, control)?;
    let mut blocks: Vec<Block> = Vec::new();
    let mut done = 0;
    for same in seen.chunk_by(|a, b| a.said == b.said) {
        if done / CHUNK != (done + same.len()) / CHUNK {
            control.check()?;
        }
        done += same.len();
        let weight: f64 = same.iter().map(|s| s.weight).sum();
        if weight.is_nan() || weight <= 0.0 {
            continue;
        }
        let hits = same.iter().filter(|s| s.hit).map(|s| s.weight).sum();
        let rows = same.len() as u64;
        let mut block = Block { first: same[0].said, last: same[0].said, weight, hits, rows };
        while let Some(before) = blocks.pop_if(|before| before.mean() >= block.mean()) {
            block = before.with(&block);
        }
        blocks.push(block);
    }
    let blocks = large(blocks, least);
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for block in &blocks {
        from.push(block.first.clamp(0.0, 1.0));
        to.push(block.mean());
        if block.last > block.first {
            from.push(block.last.clamp(0.0, 1.0));
            to.push(block.mean());
        }
    }
    if from.is_empty() {
        // Nothing weighs anything: probabilities stay as they are.
        return Ok(Curve::Isotonic { from: vec![0.0, 1.0], to: vec![0.0, 1.0] });
    }
    Ok(Curve::Isotonic { from, to })
}

/// Blocks of at least so many rows each: a mean of neighbours lies between theirs, so the curve still never falls.
fn large(blocks: Vec<Block>, least: u64) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match out.pop_if(|before| before.rows < least) {
            Some(before) => out.push(before.with(&block)),
            None => out.push(block),
        }
    }
    if let Some(last) = out.pop_if(|last| last.rows < least) {
        match out.pop() {
            Some(before) => out.push(before.with(&last)),
            None => out.push(last),
        }
    }
    out
}
