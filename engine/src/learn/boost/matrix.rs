//! Codes by row: a row's codes lie together, so that a histogram reads one place a row.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::learn::bin::{BinnedFeature, Codes};

/// Features of one block: their histograms together fit the first cache.
pub(super) const WIDTH: usize = 12;

/// The codes of some features, `width` a row.
pub(super) struct Block {
    /// The first feature.
    pub first: usize,
    /// The number of features.
    pub width: usize,
    /// Codes, row by row.
    pub codes: Vec<u8>,
}

/// Lay the codes of the first `rows` rows out by row. Features have at most 256 bins.
pub(super) fn blocks(features: &[&BinnedFeature], rows: usize, control: &Control) -> Result<Vec<Block>> {
    let count = features.len().div_ceil(WIDTH).max(1);
    let mut blocks = Vec::with_capacity(count);
    let mut first = 0;
    for b in 0..count {
        let width = (features.len() - first).div_ceil(count - b);
        let own = &features[first..first + width];
        let mut codes: Vec<u8> = control.filled(rows * width, 0)?;
        codes.par_chunks_mut(CHUNK * width.max(1)).enumerate().try_for_each(|(chunk, part)| {
            control.check()?;
            for (j, feature) in own.iter().enumerate() {
                let (places, start) = (part.iter_mut().skip(j).step_by(width), chunk * CHUNK);
                match &feature.codes {
                    Codes::U8(from) => places.zip(&from[start..]).for_each(|(to, &code)| *to = code),
                    Codes::U16(from) => places.zip(&from[start..]).for_each(|(to, &code)| *to = code as u8),
                    Codes::U32(from) => places.zip(&from[start..]).for_each(|(to, &code)| *to = code as u8),
                }
            }
            Ok(())
        })?;
        blocks.push(Block { first, width, codes });
        first += width;
    }
    Ok(blocks)
}
