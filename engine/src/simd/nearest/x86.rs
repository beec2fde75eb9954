//! Registers of x86: short integers two by two in 32 bits, and numbers of 32 bits.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

/// Define the module of short integers of an instruction set: its name, its features, the words of a register, the names of its
/// instructions, how bits are taken from a register for those of another, and how products are added to sums.
macro_rules! short {
    ($name:ident, $features:literal, $width:literal, $vector:ident, $load:ident, $store:ident, $splat:ident, $min:ident, $max:ident,
        $take:expr, $sum:expr) => {
        /// Short integers two by two.
        pub(super) mod $name {
            use std::arch::x86_64::*;

            pub(in super::super) const WIDTH: usize = $width;
            type Vector = $vector;

            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn splat(x: i32) -> Vector {
                $splat(x)
            }

            #[target_feature(enable = $features)]
            #[inline]
            #[allow(unsafe_code)]
            pub(in super::super) fn load(words: &[i32; WIDTH]) -> Vector {
                // SAFETY: `words` has as many bytes as are read, and need not be aligned.
                unsafe { $load(words.as_ptr().cast()) }
            }

            #[target_feature(enable = $features)]
            #[inline]
            #[allow(unsafe_code)]
            pub(in super::super) fn store(vector: Vector, words: &mut [i32; WIDTH]) {
                // SAFETY: `words` has as many bytes as are written, and need not be aligned.
                unsafe { $store(words.as_mut_ptr().cast(), vector) }
            }

            /// The numbers of the nearest centres, which are the lowest bits of their scores.
            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn store_number(best: Vector, _number: Vector, low: i32, words: &mut [i32; WIDTH]) {
                store(best, words);
                for word in words {
                    *word &= low;
                }
            }

            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn sum(sum: Vector, a: Vector, b: Vector) -> Vector {
                $sum(sum, a, b)
            }

            /// The best score and the second best, with those of one more centre.
            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn rank(
                (best, second, number): (Vector, Vector, Vector),
                score: Vector,
                own: i32,
                low: i32,
            ) -> (Vector, Vector, Vector) {
                let score = $take(score, $splat(low), $splat(own));
                ($min(best, score), $min(second, $max(best, score)), number)
            }
        }
    };
}

short!(
    vnni,
    "avx512f,avx512vnni",
    16,
    __m512i,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_set1_epi32,
    _mm512_min_epi32,
    _mm512_max_epi32,
    // (a and not b) or c
    |a, b, c| _mm512_ternarylogic_epi32::<0xba>(a, b, c),
    |sum, a, b| _mm512_dpwssd_epi32(sum, a, b)
);
short!(
    short512,
    "avx512f,avx512bw",
    16,
    __m512i,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_set1_epi32,
    _mm512_min_epi32,
    _mm512_max_epi32,
    |a, b, c| _mm512_ternarylogic_epi32::<0xba>(a, b, c),
    |sum, a, b| _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))
);
short!(
    short256,
    "avx2",
    8,
    __m256i,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_set1_epi32,
    _mm256_min_epi32,
    _mm256_max_epi32,
    |a, b, c| _mm256_or_si256(_mm256_andnot_si256(b, a), c),
    |sum, a, b| _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
);

/// Define the module of numbers of 32 bits, as [`short`] does for integers; which centre is nearest is kept beside its score.
macro_rules! single {
    ($name:ident, $features:literal, $width:literal, $vector:ident, $load:ident, $store:ident, $splat:ident, $min:ident, $max:ident,
        $sum:ident, $number:expr, $choose:expr) => {
        /// Numbers of 32 bits.
        pub(super) mod $name {
            use std::arch::x86_64::*;

            pub(in super::super) const WIDTH: usize = $width;
            type Vector = $vector;

            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn splat(x: f32) -> Vector {
                $splat(x)
            }

            #[target_feature(enable = $features)]
            #[inline]
            #[allow(unsafe_code)]
            pub(in super::super) fn load(numbers: &[f32; WIDTH]) -> Vector {
                // SAFETY: `numbers` has as many bytes as are read, and need not be aligned.
                unsafe { $load(numbers.as_ptr()) }
            }

            #[target_feature(enable = $features)]
            #[inline]
            #[allow(unsafe_code)]
            pub(in super::super) fn store(vector: Vector, numbers: &mut [f32; WIDTH]) {
                // SAFETY: `numbers` has as many bytes as are written, and need not be aligned.
                unsafe { $store(numbers.as_mut_ptr(), vector) }
            }

            /// The numbers of the nearest centres, which [`rank`] keeps as bits.
            #[target_feature(enable = $features)]
            #[inline]
            #[allow(unsafe_code)]
            pub(in super::super) fn store_number(_best: Vector, number: Vector, _low: i32, words: &mut [i32; WIDTH]) {
                // SAFETY: `words` has as many bytes as are written, and need not be aligned.
                unsafe { $store(words.as_mut_ptr().cast(), number) }
            }

            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn sum(sum: Vector, a: Vector, b: Vector) -> Vector {
                $sum(a, b, sum)
            }

            /// The best score, the second best, and the best one's centre, with those of one more centre.
            #[target_feature(enable = $features)]
            #[inline]
            pub(in super::super) fn rank(
                (best, second, number): (Vector, Vector, Vector),
                score: Vector,
                own: i32,
                _low: i32,
            ) -> (Vector, Vector, Vector) {
                let number = $choose(number, $number(own), score, best);
                ($min(score, best), $min(second, $max(score, best)), number)
            }
        }
    };
}

single!(
    single512,
    "avx2,fma,avx512f",
    16,
    __m512,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    _mm512_fmadd_ps,
    |own| _mm512_castsi512_ps(_mm512_set1_epi32(own)),
    |number, own, score, best| _mm512_mask_mov_ps(number, _mm512_cmp_ps_mask::<_CMP_LT_OQ>(score, best), own)
);
single!(
    single256,
    "avx2,fma",
    8,
    __m256,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_min_ps,
    _mm256_max_ps,
    _mm256_fmadd_ps,
    |own| _mm256_castsi256_ps(_mm256_set1_epi32(own)),
    |number, own, score, best| _mm256_blendv_ps(number, own, _mm256_cmp_ps::<_CMP_LT_OQ>(score, best))
);
