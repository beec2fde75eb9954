//! Exact thresholds.
//!
//! Other libraries compare in `float`, or behind arithmetic; here a float8 goes left when it is at most a threshold. What a monotone
//! function makes of numbers before they are compared is met by the one threshold at which the outcome changes, which is searched
//! for among all numbers, so that every float8 goes where the library sends it.

/// The greatest number, of which infinities are two, for which `holds`, given that it holds for every smaller one; `None` where it
/// holds for none.
pub(super) fn last(holds: impl Fn(f64) -> bool) -> Option<f64> {
    if holds(f64::INFINITY) {
        return Some(f64::INFINITY);
    }
    if !holds(f64::NEG_INFINITY) {
        return None;
    }
    let (mut low, mut high) = (place(f64::NEG_INFINITY), place(f64::INFINITY));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(number(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(number(low))
}

const SIGN: u64 = 1 << 63;

/// Where a number stands among all.
fn place(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits & SIGN == 0 {
        bits | SIGN
    } else {
        !bits
    }
}

fn number(place: u64) -> f64 {
    f64::from_bits(if place & SIGN == 0 { !place } else { place ^ SIGN })
}

/// Some numbers of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    /// Below all of them; `None` where there is no such bound.
    pub above: Option<f64>,
    /// The greatest; `None` where there are none.
    pub upto: Option<f64>,
}

impl Range {
    /// The numbers at most the last for which `holds`, given that it holds for every smaller one.
    pub fn upto(holds: impl Fn(f64) -> bool) -> Range {
        Range { above: None, upto: last(holds) }
    }

    /// Whether a number, not NaN, is one of them.
    #[cfg(test)]
    pub fn contains(&self, number: f64) -> bool {
        self.above.is_none_or(|above| number > above) && self.upto.is_some_and(|upto| number <= upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_threshold_is_met_by_every_double() {
        for threshold in [0.1f32, -0.1, 0.0, 1e-45, f32::MAX, f32::MIN, 16_777_217.0, -3.5e-39] {
            let upto = last(|x| x as f32 <= threshold).expect("a threshold");
            assert!(upto as f32 <= threshold);
            assert!(number(place(upto) + 1) as f32 > threshold);
            let below = last(|x| (x as f32) < threshold).expect("a threshold");
            assert!((below as f32) < threshold && number(place(below) + 1) as f32 >= threshold);
        }
        // The halfway number goes to the even neighbour, which is 1.
        let middle = 1.0 + f64::from(f32::EPSILON) / 2.0;
        assert_eq!(last(|x| x as f32 <= 1.0), Some(middle));
    }

    #[test]
    fn outcomes_that_never_change_have_no_threshold_or_infinity() {
        assert_eq!(last(|_| true), Some(f64::INFINITY));
        assert_eq!(last(|_| false), None);
        assert_eq!(last(|x| x < f64::INFINITY), Some(f64::MAX));
        assert_eq!(last(|x| x == f64::NEG_INFINITY), Some(f64::NEG_INFINITY));
    }
}
