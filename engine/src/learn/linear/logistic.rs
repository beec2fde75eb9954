//! The log loss of many scores side by side: plain additions and multiplications, so that the numbers are the same in registers of any width.

use std::f64::consts::LOG2_E;

/// Beyond this `exp` of the negative is nothing beside 1.
const MOST: f64 = 700.0;
/// The logarithm of 2 in two parts, the first of few bits.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Added, it rounds to a whole number, which then stands in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `1 / n!` for n from 2 on.
const EXP: [f64; 12] = [
    0.5,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];
/// Terms of the series of the logarithm.
const TERMS: usize = 17;

/// `exp(x)` of a number from `-MOST` to 0.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let shifted = x * LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let mut p = EXP[EXP.len() - 1];
    for at in (0..EXP.len() - 1).rev() {
        p = p * r + EXP[at];
    }
    let p = (p * r + 1.0) * r + 1.0;
    f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// `ln(1 + e)` of a number from 0 to 1: twice the inverse hyperbolic tangent of `e / (2 + e)`.
#[inline(always)]
fn log_1p(e: f64) -> f64 {
    let s = e / (2.0 + e);
    let square = s * s;
    let mut p = 0.0;
    for term in (0..TERMS).rev() {
        p = p * square + 1.0 / (2 * term + 1) as f64;
    }
    2.0 * s * p
}

/// The log loss of scores, log-odds of targets that are 0 or 1, with its first and second derivatives.
#[inline(always)]
pub(super) fn logistic<const N: usize>(
    scores: &[f64; N],
    targets: &[f64; N],
    loss: &mut [f64; N],
    slope: &mut [f64; N],
    curve: &mut [f64; N],
) {
    for i in 0..N {
        let score = scores[i];
        // From the smaller of both exponentials, so that nothing overflows.
        let e = exp(-score.abs().min(MOST));
        let near = 1.0 / (1.0 + e);
        let p = if score >= 0.0 { near } else { e * near };
        let beyond = if score >= 0.0 { 1.0 - targets[i] } else { targets[i] };
        loss[i] = log_1p(e) + beyond * score.abs();
        slope[i] = p - targets[i];
        curve[i] = e * near * near;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::linear::Family;

    #[test]
    fn exponentials_and_logarithms_are_those_of_libm() {
        for i in 0..=70_000 {
            let x = f64::from(i) / -100.0;
            let (own, true_one) = (exp(x), libm::exp(x));
            assert!((own / true_one - 1.0).abs() < 1e-15, "{x}");
            assert!((log_1p(own) / libm::log1p(own) - 1.0).abs() < 1e-15, "{x}");
        }
    }

    #[test]
    fn losses_are_those_of_the_family() {
        let scores = [-800.0, -3.0, -0.0, 0.0, 0.5, 12.0, 700.0, 1e300];
        for target in [0.0, 1.0] {
            let (mut loss, mut slope, mut curve) = ([0.0; 8], [0.0; 8], [0.0; 8]);
            logistic(&scores, &[target; 8], &mut loss, &mut slope, &mut curve);
            for i in 0..8 {
                let told = Family::Binomial.at(scores[i], target);
                assert!((loss[i] - told.loss).abs() <= 1e-15 * told.loss.abs().max(1.0));
                assert!((slope[i] - told.slope).abs() < 1e-15 && (curve[i] - told.curve).abs() < 1e-15);
            }
        }
    }
}
