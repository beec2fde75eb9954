//! Sixteen numbers side by side, in as many registers as the instructions in use need: sums and products are the same bit for bit with any.
//!
//! Where plain loops do not become the instructions that they should ([`super::Kernel`]), these say which.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

#[cfg(target_arch = "x86_64")]
use super::product::x86::{Half, Wide};
use super::product::{Four, Vector, LANES};
use super::{level, Level};

/// Numbers side by side. Who has some may make more of them: the processor has the instructions.
pub(crate) trait Lanes: Copy {
    /// Numbers from memory.
    fn load(self, from: &[f32; LANES]) -> Self;
    /// The same number in each lane.
    fn splat(self, x: f32) -> Self;
    /// Put them into memory.
    fn store(self, to: &mut [f32; LANES]);
    /// Their sums.
    fn plus(self, other: Self) -> Self;
    /// Their products.
    fn times(self, other: Self) -> Self;
    /// The sum of all lanes: of each and the one half of all lanes on, until one is left.
    fn sum(self) -> f32;
}

/// Work on lanes. To be compiled for each set of instructions it must be `#[inline(always)]`, as must be all that it calls.
pub(crate) trait Work {
    /// Do it; `zero` is where lanes come from.
    fn run<L: Lanes>(self, zero: L);
}

/// Run work with the instructions in use.
pub(crate) fn run_lanes<W: Work>(work: W) {
    run_lanes_at(level(), work);
}

/// Run work with the instructions of a level; with those that every processor has where this one lacks them.
fn run_lanes_at<W: Work>(level: Level, work: W) {
    match level {
        level if !level.is_there() => plain(work),
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: the level is one that the processor has.
        Level::Avx512 => unsafe { avx512(work) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2(work) },
        _ => plain(work),
    }
}

fn plain<W: Work>(work: W) {
    #[allow(unsafe_code)]
    // SAFETY: every processor has the instructions.
    let zero = unsafe { Four::splat(0.0) };
    work.run(Registers([zero; 4]));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<W: Work>(work: W) {
    #[allow(unsafe_code)]
    // SAFETY: the processor has AVX2, or this would not run.
    let zero = unsafe { Half::splat(0.0) };
    work.run(Registers([zero; 2]));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<W: Work>(work: W) {
    #[allow(unsafe_code)]
    // SAFETY: the processor has AVX-512, or this would not run.
    let zero = unsafe { Wide::splat(0.0) };
    work.run(Registers([zero; 1]));
}

/// Registers that hold the lanes together. There are some only where the processor has the instructions: they are made of others, the first of them in the
/// functions above.
#[derive(Clone, Copy)]
struct Registers<V, const N: usize>([V; N]);

#[allow(unsafe_code)]
#[allow(clippy::needless_range_loop, reason = "loops by place become straight code")]
impl<V: Vector<Number = f32>, const N: usize> Lanes for Registers<V, N> {
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self {
        const { assert!(N * V::LANES == LANES, "all lanes") };
        let mut own = self.0;
        for i in 0..N {
            // SAFETY: the processor has the instructions, and all registers together are as many numbers as there are.
            own[i] = unsafe { V::load(from.as_ptr().add(i * V::LANES)) };
        }
        Registers(own)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        // SAFETY: the processor has the instructions.
        Registers([unsafe { V::splat(x) }; N])
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        const { assert!(N * V::LANES == LANES, "all lanes") };
        for i in 0..N {
            // SAFETY: as of loading.
            unsafe { self.0[i].store(to.as_mut_ptr().add(i * V::LANES)) };
        }
    }

    #[inline(always)]
    fn plus(mut self, other: Self) -> Self {
        for i in 0..N {
            // SAFETY: the processor has the instructions.
            self.0[i] = unsafe { self.0[i].add(other.0[i]) };
        }
        self
    }

    #[inline(always)]
    fn times(mut self, other: Self) -> Self {
        for i in 0..N {
            // SAFETY: the processor has the instructions.
            self.0[i] = unsafe { self.0[i].times(other.0[i]) };
        }
        self
    }

    #[inline(always)]
    fn sum(mut self) -> f32 {
        let mut half = N / 2;
        while half > 0 {
            for i in 0..half {
                // SAFETY: the processor has the instructions.
                self.0[i] = unsafe { self.0[i].add(self.0[i + half]) };
            }
            half /= 2;
        }
        let mut lanes = [0.0; LANES];
        // SAFETY: as above, and a register holds no more numbers than there are lanes.
        unsafe { self.0[0].store(lanes.as_mut_ptr()) };
        let mut half = V::LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        lanes[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all levels must make of numbers: `a + b * c`, and the sum of its lanes.
    struct Sums<'a> {
        numbers: [[f32; LANES]; 3],
        found: &'a mut ([f32; LANES], f32),
    }

    impl Work for Sums<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self, zero: L) {
            let [a, b, c] = [0, 1, 2].map(|i| zero.load(&self.numbers[i]));
            let all = a.plus(b.times(c)).plus(zero.splat(0.25));
            all.store(&mut self.found.0);
            self.found.1 = all.sum();
        }
    }

    #[test]
    fn lanes_are_alike_at_every_level() {
        let number = |i: usize, by: usize| ((i * by) % 23) as f32 / 7.0 - 1.5;
        let numbers = [3, 5, 11].map(|by| std::array::from_fn(|i| number(i + 1, by)));
        let expected: [f32; LANES] = std::array::from_fn(|i| (numbers[0][i] + numbers[1][i] * numbers[2][i]) + 0.25);
        let mut sum = expected;
        for half in [8, 4, 2, 1] {
            (0..half).for_each(|i| sum[i] += sum[i + half]);
        }
        for level in Level::ALL {
            let mut found = ([0.0; LANES], 0.0);
            run_lanes_at(level, Sums { numbers, found: &mut found });
            assert_eq!(found, (expected, sum[0]), "{level:?}");
        }
    }
}
