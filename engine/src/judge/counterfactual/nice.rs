//! Numbers of few digits next to a threshold.

/// Decimals beyond which a number is no longer nicer than the next one there is.
const MOST_DECIMALS: i32 = 15;

/// How exact the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// Whole numbers only.
    Whole,
    /// Any number.
    Any,
}

/// The number of fewest digits above `from`, at most `to`; `None` where there is none of the grain. It is within `near` of `from`, where that can be.
pub(super) fn above(from: f64, to: f64, near: f64, grain: Grain) -> Option<f64> {
    if grain == Grain::Whole {
        let next = from.floor() + 1.0;
        return (next > from && next <= to).then_some(next);
    }
    let limit = to.min(from + near.max(0.0));
    for decimals in -least(near)..=MOST_DECIMALS {
        let step = 10f64.powi(-decimals);
        let next = decimal((from / step).floor() + 1.0, decimals);
        if next > from && next <= limit {
            return Some(next);
        }
    }
    let next = from.next_up();
    (next <= to).then_some(next)
}

/// The number of fewest digits that is at most `to` and above `from`.
pub(super) fn below(to: f64, from: f64, near: f64, grain: Grain) -> Option<f64> {
    if grain == Grain::Whole {
        let next = to.floor();
        return (next > from).then_some(next);
    }
    let limit = to - near.max(0.0);
    for decimals in -least(near)..=MOST_DECIMALS {
        let step = 10f64.powi(-decimals);
        let next = decimal((to / step).floor(), decimals);
        if next <= to && next > from && next >= limit {
            return Some(next);
        }
    }
    (to > from).then_some(to)
}

/// The power of ten of a step that is still within reach.
fn least(near: f64) -> i32 {
    if near.is_finite() && near > 0.0 {
        (near.log10().floor() as i32).clamp(-MOST_DECIMALS, 300)
    } else {
        0
    }
}

/// So many steps of a power of ten, as the decimal is written.
fn decimal(steps: f64, decimals: i32) -> f64 {
    format!("{steps}e{}", -decimals).parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_digits_on_the_right_side() {
        assert_eq!(above(3.45, 9.0, 0.03, Grain::Any), Some(3.46));
        assert_eq!(above(3.45, 3.455, 0.03, Grain::Any), Some(3.451));
        assert_eq!(above(3.0, 9.0, 0.03, Grain::Whole), Some(4.0));
        assert_eq!(above(3.2, 3.9, 0.03, Grain::Whole), None);
        assert_eq!(below(3.45, 1.0, 0.03, Grain::Any), Some(3.45));
        assert_eq!(below(3.449_999_9, 1.0, 0.03, Grain::Any), Some(3.44));
        assert_eq!(below(3.9, 3.0, 0.03, Grain::Whole), None);
        assert_eq!(above(123_456.7, 1e9, 500.0, Grain::Any), Some(123_500.0));
        assert_eq!(above(-0.5, 1.0, 0.01, Grain::Any), Some(-0.49));
        assert_eq!(above(1.0, 1.0f64.next_up(), 0.5, Grain::Any), Some(1.0f64.next_up()));
        for i in 0..2000 {
            let from = f64::from(i) * 0.123 - 100.0;
            let up = above(from, from + 0.5, 0.1, Grain::Any).unwrap();
            assert!(up > from && up <= from + 0.1);
            let down = below(from, from - 0.5, 0.1, Grain::Any).unwrap();
            assert!(down <= from && down >= from - 0.1);
        }
    }
}
