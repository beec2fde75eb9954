//! Bytes in registers of 256 bits. All functions are for a processor that has what they name.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use std::arch::x86_64::*;

/// Bytes of a register.
pub(crate) const WIDTH: usize = 32;
/// A register of bytes.
pub(crate) type Vector = __m256i;

/// The same byte in all places.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn splat(byte: u8) -> Vector {
    _mm256_set1_epi8(byte.cast_signed())
}

/// Bytes from memory.
#[target_feature(enable = "avx2")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load(bytes: &[u8; WIDTH]) -> Vector {
    // SAFETY: `bytes` has as many bytes as are read, and need not be aligned.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Bytes to memory.
#[target_feature(enable = "avx2")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store(vector: Vector, bytes: &mut [u8; WIDTH]) {
    // SAFETY: `bytes` has as many bytes as are written, and need not be aligned.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), vector) }
}

/// `a | b`.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn or(a: Vector, b: Vector) -> Vector {
    _mm256_or_si256(a, b)
}

/// `a & b`.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn and(a: Vector, b: Vector) -> Vector {
    _mm256_and_si256(a, b)
}

/// `a + b`, which does not overflow.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn add(a: Vector, b: Vector) -> Vector {
    _mm256_add_epi8(a, b)
}

/// `alive`, and where `value` is above `threshold` only the bits of `keep`.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn strike(alive: Vector, value: Vector, threshold: Vector, keep: Vector) -> Vector {
    let left = _mm256_cmpeq_epi8(_mm256_min_epu8(value, threshold), value);
    _mm256_and_si256(alive, _mm256_or_si256(left, keep))
}

/// The bytes of two registers where `word` has any bit, and else the bytes of two others.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn prefer(word: Vector, at: Vector, other_word: Vector, other_at: Vector) -> (Vector, Vector) {
    let none = _mm256_cmpeq_epi8(word, _mm256_setzero_si256());
    (_mm256_blendv_epi8(word, other_word, none), _mm256_blendv_epi8(at, other_at, none))
}

/// The lowest bit that is set, counted from 0; 0 where there is none.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn first_bit(word: Vector) -> Vector {
    let lowest = _mm256_and_si256(word, _mm256_sub_epi8(_mm256_setzero_si256(), word));
    let half = _mm256_set1_epi8(15);
    let low = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0));
    let high = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 5, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0));
    let low = _mm256_shuffle_epi8(low, _mm256_and_si256(lowest, half));
    let high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16::<4>(lowest), half));
    _mm256_or_si256(low, high)
}

/// Add the number of each row's leaf to its sum. `values` has 8, 16, 32, 64, 128 or 256 numbers, and each leaf is one of them.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn add_leaves(values: &[f64], leaves: &[u8], sums: &mut [f64]) {
    super::add_one_by_one(values, leaves, sums);
}
