//! Bytes in registers of 512 bits. All functions are for a processor that has what they name.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use std::arch::x86_64::*;

/// Bytes of a register.
pub(crate) const WIDTH: usize = 64;
/// A register of bytes.
pub(crate) type Vector = __m512i;

/// The same byte in all places.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn splat(byte: u8) -> Vector {
    _mm512_set1_epi8(byte.cast_signed())
}

/// Bytes from memory.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load(bytes: &[u8; WIDTH]) -> Vector {
    // SAFETY: `bytes` has as many bytes as are read, and need not be aligned.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Bytes to memory.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store(vector: Vector, bytes: &mut [u8; WIDTH]) {
    // SAFETY: `bytes` has as many bytes as are written, and need not be aligned.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), vector) }
}

/// `a | b`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn or(a: Vector, b: Vector) -> Vector {
    _mm512_or_si512(a, b)
}

/// `a & b`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn and(a: Vector, b: Vector) -> Vector {
    _mm512_and_si512(a, b)
}

/// `a + b`, which does not overflow.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn add(a: Vector, b: Vector) -> Vector {
    _mm512_add_epi8(a, b)
}

/// `alive`, and where `value` is above `threshold` only the bits of `keep`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn strike(alive: Vector, value: Vector, threshold: Vector, keep: Vector) -> Vector {
    let right = _mm512_cmpgt_epu8_mask(value, threshold);
    _mm512_and_si512(alive, _mm512_mask_mov_epi8(_mm512_set1_epi8(-1), right, keep))
}

/// The bytes of two registers where `word` has any bit, and else the bytes of two others.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn prefer(word: Vector, at: Vector, other_word: Vector, other_at: Vector) -> (Vector, Vector) {
    let some = _mm512_test_epi8_mask(word, word);
    (_mm512_mask_mov_epi8(other_word, some, word), _mm512_mask_mov_epi8(other_at, some, at))
}

/// The lowest bit that is set, counted from 0; 0 where there is none.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn first_bit(word: Vector) -> Vector {
    let lowest = _mm512_and_si512(word, _mm512_sub_epi8(_mm512_setzero_si512(), word));
    let half = _mm512_set1_epi8(15);
    let low = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0));
    let high = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 5, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0));
    let low = _mm512_shuffle_epi8(low, _mm512_and_si512(lowest, half));
    let high = _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16::<4>(lowest), half));
    _mm512_or_si512(low, high)
}

/// Add the number of each row's leaf to its sum. `values` has 8, 16, 32, 64, 128 or 256 numbers, and each leaf is one of them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
pub(crate) fn add_leaves(values: &[f64], leaves: &[u8], sums: &mut [f64]) {
    // The numbers lie in registers, and are picked there.
    match values.len() {
        8 | 16 => add_picked::<1>(values, leaves, sums),
        32 => add_picked::<2>(values, leaves, sums),
        64 => add_picked::<4>(values, leaves, sums),
        _ => super::add_one_by_one(values, leaves, sums),
    }
}

/// As [`add_leaves`], for at most `PAIRS` times 16 numbers.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn add_picked<const PAIRS: usize>(values: &[f64], leaves: &[u8], sums: &mut [f64]) {
    let eights = values.as_chunks::<8>().0;
    let mut tables = [[_mm512_setzero_pd(); 2]; PAIRS];
    for (i, table) in tables.as_flattened_mut().iter_mut().enumerate() {
        *table = load_numbers(&eights[i % eights.len()]);
    }
    for (leaves, sums) in leaves.as_chunks::<8>().0.iter().zip(sums.as_chunks_mut::<8>().0) {
        let leaf = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(u64::from_le_bytes(*leaves).cast_signed()));
        let mut picked = _mm512_permutex2var_pd(tables[0][0], leaf, tables[0][1]);
        if PAIRS == 2 {
            let other = _mm512_permutex2var_pd(tables[1][0], leaf, tables[1][1]);
            picked = _mm512_mask_mov_pd(picked, _mm512_test_epi64_mask(leaf, _mm512_set1_epi64(16)), other);
        } else if PAIRS == 4 {
            let odd = _mm512_test_epi64_mask(leaf, _mm512_set1_epi64(16));
            let pick = |pair: usize| _mm512_permutex2var_pd(tables[pair][0], leaf, tables[pair][1]);
            let low = _mm512_mask_mov_pd(picked, odd, pick(1));
            let high = _mm512_mask_mov_pd(pick(2), odd, pick(3));
            picked = _mm512_mask_mov_pd(low, _mm512_test_epi64_mask(leaf, _mm512_set1_epi64(32)), high);
        }
        store_numbers(_mm512_add_pd(load_numbers(sums), picked), sums);
    }
}

/// The bytes of `table` that the low six bits of `index` name.
#[target_feature(enable = "avx512f,avx512vbmi")]
#[inline]
pub(crate) fn pick(table: Vector, index: Vector) -> Vector {
    _mm512_permutexvar_epi8(index, table)
}

/// How many of 256 ascending numbers are below a value, at most 255; `pivots` are every 16th of them, from the number at 15 on. None is below NaN.
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
#[inline]
pub(crate) fn count_below(numbers: &[f64; 256], pivots: &[f64; 16], value: f64) -> u8 {
    let value = _mm512_set1_pd(value);
    // A comparison of sixteen and then of the sixteen between two of them takes less time than eight steps of halving.
    let part = below_of_16(pivots, value) % 16;
    let within = numbers.as_chunks::<16>().0.get(part as usize).map_or(0, |own| below_of_16(own, value));
    (part * 16 + within) as u8
}

#[target_feature(enable = "avx512f,avx512dq,popcnt")]
#[inline]
fn below_of_16(numbers: &[f64; 16], value: __m512d) -> u32 {
    let (low, high) = (numbers.first_chunk::<8>(), numbers.last_chunk::<8>());
    let below = |numbers: Option<&[f64; 8]>| {
        numbers.map_or(0, |numbers| _mm512_cmp_pd_mask::<_CMP_LT_OQ>(load_numbers(numbers), value))
    };
    (u32::from(below(low)) | u32::from(below(high)) << 8).count_ones()
}

/// The number of the lowest bit of each group of four bytes, as a number of four bytes, plus 32 times the number of the group; no group may
/// be 0.
#[target_feature(enable = "avx512f,avx512cd")]
#[inline]
pub(crate) fn first_of_32(words: Vector) -> Vector {
    let lowest = _mm512_and_si512(words, _mm512_sub_epi32(_mm512_setzero_si512(), words));
    let first = _mm512_slli_epi32::<5>(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    _mm512_add_epi32(first, _mm512_sub_epi32(_mm512_set1_epi32(31), _mm512_lzcnt_epi32(lowest)))
}

/// The number of the lowest bit of each group of eight bytes, as a number of eight bytes, plus 64 times the number of the group; no group may
/// be 0.
#[target_feature(enable = "avx512f,avx512cd")]
#[inline]
pub(crate) fn first_of_64(words: Vector) -> Vector {
    let lowest = _mm512_and_si512(words, _mm512_sub_epi64(_mm512_setzero_si512(), words));
    let first = _mm512_slli_epi64::<6>(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    _mm512_add_epi64(first, _mm512_sub_epi64(_mm512_set1_epi64(63), _mm512_lzcnt_epi64(lowest)))
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
fn load_numbers(numbers: &[f64; 8]) -> __m512d {
    // SAFETY: `numbers` has as many numbers as are read, and need not be aligned.
    unsafe { _mm512_loadu_pd(numbers.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
fn store_numbers(vector: __m512d, numbers: &mut [f64; 8]) {
    // SAFETY: `numbers` has as many numbers as are written, and need not be aligned.
    unsafe { _mm512_storeu_pd(numbers.as_mut_ptr(), vector) }
}
