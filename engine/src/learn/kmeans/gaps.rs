//! Bounds of rows: by how much their other centres are farther than their own.

use super::screen::{GAP, OPEN};
use crate::simd::Kernel;

/// Which rows of a block are open or have another centre than before; gaps are kept.
pub(super) struct Compare<'a> {
    pub centre: &'a [i32],
    pub gap: &'a [f32],
    pub labels: &'a [u32],
    pub gaps: &'a mut [f32],
    pub flags: &'a mut [u8],
}

impl Kernel for Compare<'_> {
    #[inline(always)]
    fn run(self) {
        let (flags, rest) = self.flags.split_at_mut(self.labels.len());
        rest.fill(0);
        let found = self.centre.iter().zip(self.gap);
        for ((flag, kept), (label, (centre, gap))) in flags.iter_mut().zip(self.gaps).zip(self.labels.iter().zip(found))
        {
            *flag = u8::from(*gap == OPEN) | u8::from(*label != centre.cast_unsigned());
            *kept = gap.max(0.0);
        }
    }
}

/// What the gaps of rows lose as centres move.
pub(super) struct Shift<'a> {
    /// As many as a power of two, so that no look-up has to be checked.
    pub shifts: &'a [f32],
    pub labels: &'a [u32],
    pub gaps: &'a mut [f32],
    /// The rows that have no gap any more.
    pub count: &'a mut usize,
}

impl Kernel for Shift<'_> {
    #[inline(always)]
    fn run(self) {
        let Some(last) = self.shifts.len().checked_sub(1) else { return };
        let mut count = 0u32;
        for (label, gap) in self.labels.iter().zip(self.gaps) {
            *gap -= self.shifts[*label as usize & last];
            count += u32::from(*gap <= GAP);
        }
        *self.count = count as usize;
    }
}
