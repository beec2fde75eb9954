//! Bytes in registers of 128 bits, which every 64-bit ARM has.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use std::arch::aarch64::*;

/// Bytes of a register.
pub(crate) const WIDTH: usize = 16;
/// A register of bytes.
pub(crate) type Vector = uint8x16_t;

/// The same byte in all places.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn splat(byte: u8) -> Vector {
    vdupq_n_u8(byte)
}

/// Bytes from memory.
#[target_feature(enable = "neon")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load(bytes: &[u8; WIDTH]) -> Vector {
    // SAFETY: `bytes` has as many bytes as are read, and need not be aligned.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Bytes to memory.
#[target_feature(enable = "neon")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store(vector: Vector, bytes: &mut [u8; WIDTH]) {
    // SAFETY: `bytes` has as many bytes as are written, and need not be aligned.
    unsafe { vst1q_u8(bytes.as_mut_ptr(), vector) }
}

/// `a | b`.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn or(a: Vector, b: Vector) -> Vector {
    vorrq_u8(a, b)
}

/// `a & b`.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn and(a: Vector, b: Vector) -> Vector {
    vandq_u8(a, b)
}

/// `a + b`, which does not overflow.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn add(a: Vector, b: Vector) -> Vector {
    vaddq_u8(a, b)
}

/// `alive`, and where `value` is above `threshold` only the bits of `keep`.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn strike(alive: Vector, value: Vector, threshold: Vector, keep: Vector) -> Vector {
    vandq_u8(alive, vorrq_u8(vcleq_u8(value, threshold), keep))
}

/// The bytes of two registers where `word` has any bit, and else the bytes of two others.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn prefer(word: Vector, at: Vector, other_word: Vector, other_at: Vector) -> (Vector, Vector) {
    let some = vtstq_u8(word, word);
    (vbslq_u8(some, word, other_word), vbslq_u8(some, at, other_at))
}

/// The lowest bit that is set, counted from 0; 0 where there is none.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn first_bit(word: Vector) -> Vector {
    // Of no bit the count is 8.
    vandq_u8(vclzq_u8(vrbitq_u8(word)), vdupq_n_u8(7))
}

/// Add the number of each row's leaf to its sum. `values` has 8, 16, 32, 64, 128 or 256 numbers, and each leaf is one of them.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn add_leaves(values: &[f64], leaves: &[u8], sums: &mut [f64]) {
    super::add_one_by_one(values, leaves, sums);
}
