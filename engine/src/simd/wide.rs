//! Ordinary code compiled for the instructions in use.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use super::{level, Level};

/// Work of plain loops, which the compiler turns into the widest instructions it may use. The answers do not depend on them: a sum is never
/// reordered, nor a product joined with a sum.
pub(crate) trait Kernel {
    /// Do it. To be compiled anew for each set of instructions it must be `#[inline(always)]`, as must be all that it calls.
    fn run(self);
}

/// Run a kernel with the instructions in use.
pub(crate) fn run_wide<K: Kernel>(kernel: K) {
    run_at(level(), kernel);
}

/// Run a kernel with the instructions of a level; with those that every processor has where this one lacks them.
pub(crate) fn run_at<K: Kernel>(level: Level, kernel: K) {
    match level {
        level if !level.is_there() => kernel.run(),
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: the level is one that the processor has.
        Level::Avx512 => unsafe { avx512(kernel) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2(kernel) },
        _ => kernel.run(),
    }
}

/// For a processor of [`Level::Avx2`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Kernel>(kernel: K) {
    kernel.run();
}

/// For a processor of [`Level::Avx512`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<K: Kernel>(kernel: K) {
    kernel.run();
}
