//! From `x < t` in single precision to `x <= threshold` in double precision.

/// The largest number that in single precision is below `t`; `None` where `t` is not a number.
///
/// A number rounds to the nearest of single precision, and from halfway to the one whose last bit is 0. So up to halfway between `t` and
/// the one below it numbers are below `t`, and halfway itself is where the one below is even.
pub fn at_most(t: f32) -> Option<f64> {
    if t.is_nan() {
        return None;
    }
    let below = t.next_down();
    if below.is_infinite() {
        // Below the least number is what rounds to -inf, and below that nothing; XGBoost takes no infinite numbers.
        return Some(if t.is_infinite() { f64::NEG_INFINITY } else { halfway(f64::from(t), -OVERFLOW) });
    }
    let from = if t == f32::INFINITY { OVERFLOW } else { f64::from(t) };
    let halfway = halfway(f64::from(below), from);
    let is_even = below.to_bits() & 1 == 0;
    Some(if is_even { halfway } else { halfway.next_down() })
}

/// The power of two behind the largest number of single precision, which is infinite there.
const OVERFLOW: f64 = (1u128 << 127) as f64 * 2.0;

/// Exact: both have 24 bits.
fn halfway(a: f64, b: f64) -> f64 {
    a / 2.0 + b / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_where_single_precision_turns() {
        let mut conditions =
            vec![0.0f32, -0.0, 1.0, -1.0, 0.1, 1e-45, -1e-45, f32::MIN_POSITIVE, f32::MAX, f32::MIN, f32::INFINITY];
        let mut bits = 0x1234_5678u32;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            conditions.push(f32::from_bits(bits));
        }
        for t in conditions.into_iter().filter(|t| !t.is_nan()) {
            let threshold = at_most(t).expect("a threshold");
            assert!((threshold as f32) < t, "{t:e}");
            assert!(threshold.next_up() as f32 >= t, "{t:e}");
        }
        assert_eq!(at_most(f32::NAN), None);
        assert_eq!(at_most(f32::NEG_INFINITY), Some(f64::NEG_INFINITY));
    }
}
