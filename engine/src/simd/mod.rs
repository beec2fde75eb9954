//! What safe code cannot say: instructions for learning and scoring. With `score`, the only place of the engine for unsafe code.
//!
//! The files of one instruction set have the same functions, so that a kernel is written once and compiled for each
//! ([`crate::score`] has the kernels). They work on bytes, a byte a row.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod lanes;
mod level;
pub(crate) mod nearest;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
mod prefetch;
pub(crate) mod product;
mod wide;

#[cfg(target_arch = "x86_64")]
pub(crate) use level::has_words;
pub use level::{choose, level, Level};
pub(crate) use prefetch::prefetch;
pub(crate) use wide::{run_at, run_wide, Kernel};

/// Add the number of each row's leaf to its sum; `leaves` are less than `L`, a power of two.
#[inline(always)]
fn add_from<const L: usize>(values: &[f64; L], leaves: &[u8], sums: &mut [f64]) {
    sums.iter_mut().zip(leaves).for_each(|(sum, leaf)| *sum += values[usize::from(*leaf) % L]);
}

/// Add the number of each row's leaf to its sum, one after the other. `values` has 8, 16, 32, 64, 128 or 256 numbers.
#[inline(always)]
fn add_one_by_one(values: &[f64], leaves: &[u8], sums: &mut [f64]) {
    if let Ok(values) = <&[f64; 8]>::try_from(values) {
        add_from(values, leaves, sums);
    } else if let Ok(values) = <&[f64; 16]>::try_from(values) {
        add_from(values, leaves, sums);
    } else if let Ok(values) = <&[f64; 32]>::try_from(values) {
        add_from(values, leaves, sums);
    } else if let Ok(values) = <&[f64; 64]>::try_from(values) {
        add_from(values, leaves, sums);
    } else if let Ok(values) = <&[f64; 128]>::try_from(values) {
        add_from(values, leaves, sums);
    } else if let Ok(values) = <&[f64; 256]>::try_from(values) {
        add_from(values, leaves, sums);
    }
}
