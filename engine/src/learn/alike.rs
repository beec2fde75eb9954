//! Rows that lie at the same place.

use std::cmp::Ordering;

use crate::control::Control;
use crate::data::par_sort;
use crate::error::Result;

/// Rows of weight in the order of their places, and where among them each group begins that is alike. Memory of both is counted.
pub(super) struct Alike {
    /// The rows.
    pub rows: Vec<u32>,
    /// Where each group begins.
    pub starts: Vec<u32>,
}

impl Alike {
    /// Put together rows that have the same numbers and of which `other` says the same.
    pub fn new<'a>(
        count: usize,
        is_used: impl Fn(u32) -> bool,
        row: impl Fn(u32) -> &'a [f64] + Sync,
        other: impl Fn(u32, u32) -> Ordering + Sync,
        control: &Control,
    ) -> Result<Alike> {
        let mut rows: Vec<u32> = control.vec(count)?;
        rows.extend((0..count as u32).filter(|row| is_used(*row)));
        let compare = |a: u32, b: u32| {
            let pairs = row(a).iter().zip(row(b));
            // Zeros of both signs are one number.
            let found = pairs.map(|(x, y)| (x + 0.0).total_cmp(&(y + 0.0))).find(|o| o.is_ne());
            found.unwrap_or_else(|| other(a, b))
        };
        par_sort(&mut rows, &|a: &u32, b: &u32| compare(*a, *b).then_with(|| a.cmp(b)), control)?;
        control.advance(1);
        let mut starts: Vec<u32> = control.vec(rows.len())?;
        let is_start = |i: &usize| *i == 0 || compare(rows[i - 1], rows[*i]).is_ne();
        starts.extend((0..rows.len()).filter(is_start).map(|i| i as u32));
        Ok(Alike { rows, starts })
    }

    /// The number of groups.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The rows of a group.
    pub fn group(&self, at: usize) -> &[u32] {
        let end = self.starts.get(at + 1).map_or(self.rows.len(), |end| *end as usize);
        self.starts.get(at).and_then(|start| self.rows.get(*start as usize..end)).unwrap_or(&[])
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.starts);
        control.release_vec(self.rows);
    }
}
