//! Which instructions are used.

#[cfg(target_arch = "x86_64")]
use std::arch::is_x86_feature_detected as has;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// A set of vector instructions. Every one gives the same answers, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// None: rows are scored one after the other.
    Scalar = 1,
    /// 128 bits of ARM, which every 64-bit ARM has.
    Neon = 2,
    /// 256 bits of x86.
    Avx2 = 3,
    /// 512 bits of x86 (F, BW, DQ and VL).
    Avx512 = 4,
}

impl Level {
    /// All of them, the widest last.
    pub const ALL: [Level; 4] = [Level::Scalar, Level::Neon, Level::Avx2, Level::Avx512];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Scalar => "scalar",
            Level::Neon => "neon",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Whether the processor has the instructions.
    pub fn is_there(self) -> bool {
        match self {
            Level::Scalar => true,
            Level::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => has!("avx2") && has!("bmi1") && has!("bmi2") && has!("popcnt"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.is_there() && has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 | Level::Avx512 => false,
        }
    }

    fn widest() -> Level {
        Level::ALL.into_iter().rev().find(|level| level.is_there()).unwrap_or(Level::Scalar)
    }
}

/// The level in use; 0 before it was asked for.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The level in use: what [`choose`] said, else the widest the processor has.
#[inline]
pub fn level() -> Level {
    match LEVEL.load(Relaxed) {
        1 => Level::Scalar,
        2 => Level::Neon,
        3 => Level::Avx2,
        4 => Level::Avx512,
        _ => first(),
    }
}

#[cold]
fn first() -> Level {
    choose(None);
    Level::widest()
}

/// Use a level from now on, in all threads; `None` for the widest the processor has. False, and nothing is changed, where the processor
/// does not have it.
pub fn choose(level: Option<Level>) -> bool {
    let level = level.unwrap_or_else(Level::widest);
    let is_there = level.is_there();
    if is_there {
        LEVEL.store(level as u8, Relaxed);
    }
    is_there
}

/// Whether the level in use, and the processor, have what [`crate::score`] needs to ask 64 splits of a row at once: AVX-512 with VBMI and CD.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_words() -> bool {
    level() == Level::Avx512 && has!("avx512vbmi") && has!("avx512cd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_is_there_and_what_is_not_cannot_be_chosen() {
        assert!(Level::widest().is_there() && Level::Scalar.is_there());
        for absent in Level::ALL.into_iter().filter(|level| !level.is_there()) {
            assert!(!choose(Some(absent)));
            assert_ne!(level(), absent);
        }
    }
}
