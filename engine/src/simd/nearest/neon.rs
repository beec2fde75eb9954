//! Four numbers of 32 bits in registers of ARM.

#![allow(
    clippy::missing_safety_doc,
    reason = "safe functions: the lint takes those with target features for unsafe ones"
)]

use std::arch::aarch64::*;

pub(super) const WIDTH: usize = 4;
type Vector = float32x4_t;

#[target_feature(enable = "neon")]
#[inline]
pub(super) fn splat(x: f32) -> Vector {
    vdupq_n_f32(x)
}

#[target_feature(enable = "neon")]
#[inline]
#[allow(unsafe_code)]
pub(super) fn load(numbers: &[f32; WIDTH]) -> Vector {
    // SAFETY: `numbers` has as many bytes as are read, and need not be aligned.
    unsafe { vld1q_f32(numbers.as_ptr()) }
}

#[target_feature(enable = "neon")]
#[inline]
#[allow(unsafe_code)]
pub(super) fn store(vector: Vector, numbers: &mut [f32; WIDTH]) {
    // SAFETY: `numbers` has as many bytes as are written, and need not be aligned.
    unsafe { vst1q_f32(numbers.as_mut_ptr(), vector) }
}

/// The numbers of the nearest centres, which [`rank`] keeps as bits.
#[target_feature(enable = "neon")]
#[inline]
#[allow(unsafe_code)]
pub(super) fn store_number(_best: Vector, number: Vector, _low: i32, numbers: &mut [i32; WIDTH]) {
    // SAFETY: `numbers` has as many bytes as are written, and need not be aligned.
    unsafe { vst1q_s32(numbers.as_mut_ptr(), vreinterpretq_s32_f32(number)) }
}

#[target_feature(enable = "neon")]
#[inline]
pub(super) fn sum(sum: Vector, a: Vector, b: Vector) -> Vector {
    vfmaq_f32(sum, a, b)
}

/// The best score, the second best, and the best one's centre, with those of one more centre.
#[target_feature(enable = "neon")]
#[inline]
pub(super) fn rank(
    (best, second, number): (Vector, Vector, Vector),
    score: Vector,
    own: i32,
    _low: i32,
) -> (Vector, Vector, Vector) {
    let is_nearer = vcltq_f32(score, best);
    let own = vreinterpretq_f32_s32(vdupq_n_s32(own));
    let other = vminq_f32(second, vmaxq_f32(score, best));
    (vminq_f32(score, best), other, vbslq_f32(is_nearer, own, number))
}
