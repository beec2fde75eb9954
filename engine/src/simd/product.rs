//! Products of matrices of f32 or f64, the same bit for bit with any instructions: each sum goes over its terms one after the other, and no product is joined with a
//! sum.
//!
//! The crates that multiply matrices (matrixmultiply, gemm, faer) take fused instructions where a processor has them, so that the last bits of weights would
//! depend on it; hence these.

use super::{level, Level};

/// Numbers of a row of f32 stand in multiples of so many.
pub(crate) const LANES: usize = <f32 as Number>::LANES;

/// `c(m, n) = start(m, n) + sum over k of a(m, k) * b(k, n)`.
pub(crate) struct Product<'a, T: Number> {
    /// The left matrix: `a(m, k)` is `a[m * a_row + k * a_step]`.
    pub a: &'a [T],
    pub a_row: usize,
    pub a_step: usize,
    /// The right matrix: `b(k, n)` is `b[k * b_row + n]`.
    pub b: &'a [T],
    pub b_row: usize,
    /// The product: `c(m, n)` is `c[m * c_row + n]`.
    pub c: &'a mut [T],
    pub c_row: usize,
    /// Rows of the product.
    pub m: usize,
    /// Columns of the product, a multiple of [`Number::LANES`].
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
    /// Where sums begin.
    pub start: Start<'a, T>,
}

/// Where sums begin.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a, T> {
    /// At 0.
    Zero,
    /// At these, a number a column.
    Row(&'a [T]),
    /// At what stands there.
    There,
}

impl<T: Number> Product<'_, T> {
    /// With the instructions in use.
    #[inline]
    pub fn run(self) {
        self.run_at(level());
    }

    /// With the instructions of a level; with those that every processor has where this one lacks them.
    pub fn run_at(self, level: Level) {
        let Product { m, n, k, a_row, a_step, b_row, c_row, .. } = self;
        if m == 0 || n == 0 {
            return;
        }
        // What the tiles trust.
        assert!(n.is_multiple_of(T::LANES) && c_row >= n, "whole lanes");
        assert!(self.c.len() >= (m - 1) * c_row + n, "room for the product");
        assert!(k == 0 || self.a.len() > (m - 1) * a_row + (k - 1) * a_step, "all of the left matrix");
        assert!(k == 0 || (b_row >= n && self.b.len() >= (k - 1) * b_row + n), "all of the right matrix");
        if let Start::Row(row) = self.start {
            assert!(row.len() >= n, "a start a column");
        }
        #[allow(unsafe_code)]
        match level {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has the instructions, and the matrices hold what was asserted.
            Level::Avx512 if level.is_there() => unsafe { avx512(self) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Level::Avx2 if level.is_there() => unsafe { avx2(self) },
            // SAFETY: plain numbers need no instructions, and the matrices hold what was asserted.
            _ => unsafe { plain(self) },
        }
    }

    /// All tiles. Sums of a tile stand in registers: of `M` rows, of the last ones `FEW` or one, `N` registers each.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, and the matrices hold what [`Product::run_at`] asserts.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn tiles<V: Vector<Number = T>, const M: usize, const FEW: usize, const N: usize, const LONE: usize>(
        mut self,
    ) {
        let mut row = 0;
        while row + M <= self.m {
            let mut column = 0;
            while column < self.n {
                // SAFETY: N registers are T::LANES columns, of which n is a multiple.
                unsafe { self.tile::<V, M, N>(row, column) };
                column += T::LANES;
            }
            row += M;
        }
        while row + FEW <= self.m {
            let mut column = 0;
            while column < self.n {
                // SAFETY: as above.
                unsafe { self.tile::<V, FEW, N>(row, column) };
                column += T::LANES;
            }
            row += FEW;
        }
        // Of a single row many columns go side by side, as a sum waits for itself.
        while row < self.m {
            let mut column = 0;
            while column + LONE * V::LANES <= self.n {
                // SAFETY: as many columns are left.
                unsafe { self.tile::<V, 1, LONE>(row, column) };
                column += LONE * V::LANES;
            }
            while column < self.n {
                // SAFETY: N registers are T::LANES columns, of which n is a multiple.
                unsafe { self.tile::<V, 1, N>(row, column) };
                column += T::LANES;
            }
            row += 1;
        }
    }

    /// # Safety
    /// As for [`Product::tiles`]; there are `M` rows from `row` on, and as many columns from `column` on as `N` registers hold.
    #[inline(always)]
    #[allow(unsafe_code)]
    #[allow(clippy::needless_range_loop, reason = "see below")]
    unsafe fn tile<V: Vector<Number = T>, const M: usize, const N: usize>(&mut self, row: usize, column: usize) {
        // SAFETY: a, b, c and the start hold all that rows, columns and terms reach, as the caller says.
        unsafe {
            // Loops by place, which become straight code: through iterators the compiler may leave calls among the sums.
            let mut sums = [[V::splat(T::ZERO); N]; M];
            for i in 0..M {
                for j in 0..N {
                    let at = column + j * V::LANES;
                    match self.start {
                        Start::Zero => {}
                        Start::Row(start) => sums[i][j] = V::load(start.as_ptr().add(at)),
                        Start::There => sums[i][j] = V::load(self.c.as_ptr().add((row + i) * self.c_row + at)),
                    }
                }
            }
            let mut a = self.a.as_ptr().add(if self.k == 0 { 0 } else { row * self.a_row });
            let mut b = self.b.as_ptr().add(if self.k == 0 { 0 } else { column });
            for k in 0..self.k {
                let mut own = [V::splat(T::ZERO); N];
                for j in 0..N {
                    own[j] = V::load(b.add(j * V::LANES));
                }
                for i in 0..M {
                    let left = V::splat(*a.add(i * self.a_row));
                    for j in 0..N {
                        sums[i][j] = sums[i][j].add(left.times(own[j]));
                    }
                }
                if k + 1 < self.k {
                    a = a.add(self.a_step);
                    b = b.add(self.b_row);
                }
            }
            let c = self.c.as_mut_ptr();
            for i in 0..M {
                for j in 0..N {
                    sums[i][j].store(c.add((row + i) * self.c_row + column + j * V::LANES));
                }
            }
        }
    }
}

/// Add to `c` the product of a row `a` and the rows of `b`, which have as many numbers: four sums side by side, each of every fourth term, which are then
/// added, as one sum would wait for itself. The numbers of `c` are a multiple of [`LANES`].
pub(crate) fn add_row(a: &[f32], b: &[f32], c: &mut [f32], level: Level) {
    assert!(c.len().is_multiple_of(LANES) && b.len() >= a.len() * c.len(), "all of the right matrix");
    #[allow(unsafe_code)]
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions, and the matrices hold what was asserted.
        Level::Avx512 if level.is_there() => unsafe { row_avx512(a, b, c) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 if level.is_there() => unsafe { row_avx2(a, b, c) },
        // SAFETY: plain numbers need no instructions, and the matrices hold what was asserted.
        _ => unsafe { row::<Four, 4, 2>(a, b, c) },
    }
}

/// Chains of sums.
const CHAINS: usize = 4;

/// `MANY` registers of columns at a time, then `FEW`, which are [`LANES`] columns.
///
/// # Safety
/// The processor has the instructions of `V`, and `b` holds a row of `c.len()` numbers for each of `a`.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn row<V: Vector<Number = f32>, const FEW: usize, const MANY: usize>(a: &[f32], b: &[f32], c: &mut [f32]) {
    let mut column = 0;
    while column + MANY * V::LANES <= c.len() {
        // SAFETY: as many columns are left.
        unsafe { columns::<V, MANY>(a, b, c, column) };
        column += MANY * V::LANES;
    }
    while column < c.len() {
        // SAFETY: FEW registers are LANES columns, of which there is a multiple.
        unsafe { columns::<V, FEW>(a, b, c, column) };
        column += LANES;
    }
}

/// # Safety
/// As for [`row`], and there are as many columns from `column` on as `N` registers hold.
#[inline(always)]
#[allow(unsafe_code)]
#[allow(clippy::needless_range_loop, reason = "loops by place become straight code")]
unsafe fn columns<V: Vector<Number = f32>, const N: usize>(a: &[f32], b: &[f32], c: &mut [f32], column: usize) {
    // SAFETY: rows of b are c.len() numbers, one for each number of a, and the columns are among them.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; CHAINS];
        let whole = a.len() / CHAINS * CHAINS;
        let mut from = b.as_ptr().add(if a.is_empty() { 0 } else { column });
        let mut k = 0;
        while k < whole {
            for chain in 0..CHAINS {
                let left = V::splat(*a.get_unchecked(k + chain));
                for j in 0..N {
                    sums[chain][j] = sums[chain][j].add(left.times(V::load(from.add(j * V::LANES))));
                }
                from = from.wrapping_add(c.len());
            }
            k += CHAINS;
        }
        for chain in 0..a.len() - whole {
            let left = V::splat(*a.get_unchecked(whole + chain));
            for j in 0..N {
                sums[chain][j] = sums[chain][j].add(left.times(V::load(from.add(j * V::LANES))));
            }
            from = from.wrapping_add(c.len());
        }
        let to = c.as_mut_ptr().add(column);
        for j in 0..N {
            let [first, second, third, fourth] = [sums[0][j], sums[1][j], sums[2][j], sums[3][j]];
            let sum = first.add(third).add(second.add(fourth));
            V::load(to.add(j * V::LANES)).add(sum).store(to.add(j * V::LANES));
        }
    }
}

/// # Safety
/// The processor has AVX-512, and the matrices hold what [`add_row`] asserts.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
unsafe fn row_avx512(a: &[f32], b: &[f32], c: &mut [f32]) {
    // SAFETY: as the caller says.
    unsafe { row::<x86::Wide, 1, 2>(a, b, c) }
}

/// # Safety
/// The processor has AVX2, and the matrices hold what [`add_row`] asserts.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
unsafe fn row_avx2(a: &[f32], b: &[f32], c: &mut [f32]) {
    // SAFETY: as the caller says.
    unsafe { row::<x86::Half, 2, 2>(a, b, c) }
}

/// # Safety
/// The processor has AVX-512, and the matrices hold what [`Product::run_at`] asserts.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
unsafe fn avx512<T: Number>(product: Product<'_, T>) {
    // SAFETY: as the caller says.
    unsafe { product.tiles::<T::Wide, 8, 4, 1, 4>() }
}

/// # Safety
/// The processor has AVX2, and the matrices hold what [`Product::run_at`] asserts.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
unsafe fn avx2<T: Number>(product: Product<'_, T>) {
    // SAFETY: as the caller says.
    unsafe { product.tiles::<T::Half, 4, 2, 2, 4>() }
}

/// # Safety
/// The matrices hold what [`Product::run_at`] asserts.
#[allow(unsafe_code)]
unsafe fn plain<T: Number>(product: Product<'_, T>) {
    // SAFETY: as the caller says.
    unsafe { product.tiles::<T::Plain, 2, 1, 4, 4>() }
}

/// Numbers side by side.
#[allow(unsafe_code)]
pub(crate) trait Vector: Copy {
    type Number;
    const LANES: usize;
    /// # Safety
    /// The processor has the instructions.
    unsafe fn splat(x: Self::Number) -> Self;
    /// # Safety
    /// The processor has the instructions, and as many numbers may be read.
    unsafe fn load(from: *const Self::Number) -> Self;
    /// # Safety
    /// The processor has the instructions, and as many numbers may be written.
    unsafe fn store(self, to: *mut Self::Number);
    /// # Safety
    /// The processor has the instructions.
    unsafe fn add(self, other: Self) -> Self;
    /// # Safety
    /// The processor has the instructions.
    unsafe fn times(self, other: Self) -> Self;
}

/// A number whose matrices can be multiplied.
pub(crate) trait Number: Copy {
    /// Numbers of a row stand in multiples of so many.
    const LANES: usize;
    const ZERO: Self;
    /// With AVX-512.
    #[cfg(target_arch = "x86_64")]
    type Wide: Vector<Number = Self>;
    /// With AVX2.
    #[cfg(target_arch = "x86_64")]
    type Half: Vector<Number = Self>;
    /// With the instructions that every processor has.
    type Plain: Vector<Number = Self>;
}

impl Number for f32 {
    const LANES: usize = 16;
    const ZERO: f32 = 0.0;
    #[cfg(target_arch = "x86_64")]
    type Wide = x86::Wide;
    #[cfg(target_arch = "x86_64")]
    type Half = x86::Half;
    type Plain = Four;
}

impl Number for f64 {
    const LANES: usize = 8;
    const ZERO: f64 = 0.0;
    #[cfg(target_arch = "x86_64")]
    type Wide = x86::WideDouble;
    #[cfg(target_arch = "x86_64")]
    type Half = x86::HalfDouble;
    type Plain = Two;
}

/// Numbers side by side, with the instructions that every processor has.
macro_rules! plain {
    ($name:ident, $number:ty, $lanes:literal) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name([$number; $lanes]);

        #[allow(unsafe_code)]
        impl Vector for $name {
            type Number = $number;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn splat(x: $number) -> Self {
                $name([x; $lanes])
            }
            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: as many numbers may be read, as the caller says.
                $name(unsafe { from.cast::<[$number; $lanes]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: as many numbers may be written, as the caller says.
                unsafe { to.cast::<[$number; $lanes]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                $name(std::array::from_fn(|i| self.0[i] + other.0[i]))
            }
            #[inline(always)]
            unsafe fn times(self, other: Self) -> Self {
                $name(std::array::from_fn(|i| self.0[i] * other.0[i]))
            }
        }
    };
}

plain!(Four, f32, 4);
plain!(Two, f64, 2);

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(super) mod x86 {
    use core::arch::x86_64::*;

    use super::Vector;

    /// Numbers side by side, with instructions that the caller says the processor has.
    macro_rules! register {
        ($name:ident, $number:ty, $lanes:literal, $register:ty, $splat:ident, $load:ident, $store:ident, $add:ident, $times:ident) => {
            #[derive(Clone, Copy)]
            pub(crate) struct $name($register);

            impl Vector for $name {
                type Number = $number;
                const LANES: usize = $lanes;
                #[inline(always)]
                unsafe fn splat(x: $number) -> Self {
                    // SAFETY: the processor has the instructions, as the caller says.
                    $name(unsafe { $splat(x) })
                }
                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    // SAFETY: so it has, and as many numbers may be read.
                    $name(unsafe { $load(from) })
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    // SAFETY: so it has, and as many numbers may be written.
                    unsafe { $store(to, self.0) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: so it has.
                    $name(unsafe { $add(self.0, other.0) })
                }
                #[inline(always)]
                unsafe fn times(self, other: Self) -> Self {
                    // SAFETY: so it has.
                    $name(unsafe { $times(self.0, other.0) })
                }
            }
        };
    }

    register!(Wide, f32, 16, __m512, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, _mm512_mul_ps);
    register!(Half, f32, 8, __m256, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_mul_ps);
    register!(
        WideDouble,
        f64,
        8,
        __m512d,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_mul_pd
    );
    register!(
        HalfDouble,
        f64,
        4,
        __m256d,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_mul_pd
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        (0..count as u32).map(|i| ((i * 37 + seed * 11) % 23) as f32 / 7.0 - 1.5).collect()
    }

    #[test]
    fn a_product_is_that_of_the_definition_at_every_level() {
        for (m, n, k) in [(1, 16, 1), (3, 32, 5), (13, 48, 20), (9, 112, 64), (4, 16, 0), (0, 16, 3)] {
            let (a, b) = (numbers(m * k + 1, 1), numbers(k * n + 1, 2));
            let bias = numbers(n, 3);
            for (a_row, a_step) in [(k, 1), (1, m)] {
                let mut expected = vec![0.0f32; m * n];
                for i in 0..m {
                    for j in 0..n {
                        let mut sum = bias[j];
                        for l in 0..k {
                            sum += a[i * a_row + l * a_step] * b[l * n + j];
                        }
                        expected[i * n + j] = sum;
                    }
                }
                for level in Level::ALL {
                    let mut c = vec![9.0f32; m * n];
                    let (a, b, start) = (&a, &b, Start::Row(&bias));
                    Product { a, a_row, a_step, b, b_row: n, c: &mut c, c_row: n, m, n, k, start }.run_at(level);
                    assert_eq!(c, expected, "{m} {n} {k} {level:?}");
                    let mut twice = c.clone();
                    let start = Start::There;
                    Product { a, a_row, a_step, b, b_row: n, c: &mut twice, c_row: n, m, n, k, start }.run_at(level);
                    let zero = Start::Zero;
                    let mut own = vec![0.0f32; m * n];
                    Product { a, a_row, a_step, b, b_row: n, c: &mut own, c_row: n, m, n, k, start: zero }
                        .run_at(level);
                    let near = |((t, c), o): ((&f32, &f32), &f32)| (t - c - o).abs() < 1e-3;
                    assert!(twice.iter().zip(&c).zip(&own).all(near));
                }
            }
        }
    }

    #[test]
    fn a_row_is_added_alike_at_every_level() {
        for (n, k) in [(16, 1), (32, 64), (48, 21), (112, 7), (64, 0), (0, 3)] {
            let (a, b, start) = (numbers(k, 1), numbers(k * n + 1, 2), numbers(n, 3));
            let mut plain = start.clone();
            add_row(&a, &b, &mut plain, Level::Scalar);
            for (j, sum) in plain.iter().enumerate() {
                let expected = f64::from(start[j])
                    + a.iter().enumerate().map(|(l, a)| f64::from(*a) * f64::from(b[l * n + j])).sum::<f64>();
                assert!((f64::from(*sum) - expected).abs() < 1e-4, "{n} {k} {j}");
            }
            for level in Level::ALL {
                let mut own = start.clone();
                add_row(&a, &b, &mut own, level);
                assert_eq!(own, plain, "{n} {k} {level:?}");
            }
        }
    }

    #[test]
    fn sums_of_doubles_go_on_alike_at_every_level() {
        for (m, n, k) in [(13, 16, 64), (4, 8, 1), (1, 24, 7)] {
            let double = |count, seed| numbers(count, seed).into_iter().map(f64::from).collect::<Vec<f64>>();
            let (a, b, start) = (double(m * k, 1), double(n * k, 2), double(m * n, 3));
            let mut expected = start.clone();
            for i in 0..m {
                for j in 0..n {
                    (0..k).for_each(|l| expected[i * n + j] += a[l * m + i] * b[l * n + j]);
                }
            }
            for level in Level::ALL {
                let mut c = start.clone();
                let (a, b, start) = (&a, &b, Start::There);
                Product { a, a_row: 1, a_step: m, b, b_row: n, c: &mut c, c_row: n, m, n, k, start }.run_at(level);
                assert_eq!(c, expected, "{m} {n} {k} {level:?}");
            }
        }
    }
}
