//! Intervals that hold what a metric would be on ever more such rows with a confidence of 95 %.
//!
//! Weighted rows count as their effective number `(sum w)^2 / sum w^2` (Kish, Survey sampling, 1965), or enter by their weighted influence.

use super::{sum, weight_of};

/// The quantile of the normal distribution that leaves 2.5 % above.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// Low and high.
pub type Interval = (f64, f64);

/// The rows that so many weighted rows are worth.
pub(super) fn effective(weights: impl Iterator<Item = f64> + Clone) -> f64 {
    let squares = sum(weights.clone().map(|w| w * w));
    if squares > 0.0 {
        sum(weights).powi(2) / squares
    } else {
        0.0
    }
}

/// Of a share among `rows` (Wilson 1927).
pub(super) fn share(share: f64, rows: f64) -> Option<Interval> {
    if rows.is_nan() || rows <= 0.0 || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let z2 = Z * Z / rows;
    let centre = (share + z2 / 2.0) / (1.0 + z2);
    let reach = Z / (1.0 + z2) * (share * (1.0 - share) / rows + z2 / (4.0 * rows)).sqrt();
    // Rounding must not leave a share of 0 or 1 outside.
    Some(((centre - reach).clamp(0.0, share), (centre + reach).clamp(share, 1.0)))
}

/// The standard error of `sum w * a / sum w * b` by the influence of each row, which is `(a, b)`; of a mean `b` is 1.
pub(super) fn ratio_error(rows: impl Iterator<Item = (f64, f64)> + Clone, weight: Option<&[f64]>) -> Option<f64> {
    let weighted = || rows.clone().enumerate().map(|(i, (a, b))| (weight_of(weight, i), a, b)).filter(|r| r.0 > 0.0);
    let (count, below) = (weighted().count() as f64, sum(weighted().map(|(w, _, b)| w * b)));
    let above = sum(weighted().map(|(w, a, _)| w * a));
    if count < 2.0 || below.is_nan() || below <= 0.0 {
        return None;
    }
    let ratio = above / below;
    let spread = sum(weighted().map(|(w, a, b)| (w * (a - ratio * b)).powi(2)));
    Some((spread * count / (count - 1.0)).sqrt() / below)
}

/// Around a value by its standard error, within limits.
pub(super) fn around(value: f64, error: Option<f64>, (low, high): Interval) -> Option<Interval> {
    error.filter(|e| e.is_finite()).map(|e| ((value - Z * e).max(low), (value + Z * e).min(high)))
}

/// Around a value above 0 by its standard error on the scale of its logarithm, so that heavy tails do not reach down to 0.
pub(super) fn around_positive(value: f64, error: Option<f64>) -> Option<Interval> {
    match value > 0.0 {
        true => around(libm::log(value), error.map(|e| e / value), (f64::NEG_INFINITY, f64::INFINITY))
            .map(|(low, high)| (libm::exp(low), libm::exp(high))),
        false => around(value, error, (0.0, f64::INFINITY)),
    }
}

/// Of a ratio of two values above 0 that are known apart from each other, by their intervals (Donner, Zou 2012).
pub(super) fn quotient((a, (al, ah)): (f64, Interval), (b, (bl, bh)): (f64, Interval)) -> Option<Interval> {
    let root = |a_end: f64, b_end: f64| {
        let inner = (a * b).powi(2) - a_end * b_end * (2.0 * a - a_end) * (2.0 * b - b_end);
        inner.max(0.0).sqrt()
    };
    let below = bh * (2.0 * b - bh);
    // Where the end of the denominator lies at twice its value the form is 0 by 0, and this its limit.
    let low = match below.abs() > 1e-12 * b * b {
        true => (a * b - root(al, bh)) / below,
        false => al * (2.0 * a - al) / (2.0 * a * b),
    };
    let above = bl * (2.0 * b - bl);
    let high = if above > 0.0 { (a * b + root(ah, bl)) / above } else { f64::INFINITY };
    (low.is_finite() && !high.is_nan()).then(|| (low.max(0.0), high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_intervals() {
        // statsmodels.stats.proportion.proportion_confint(8, 10, method="wilson")
        let (low, high) = share(0.8, 10.0).unwrap();
        assert!((low - 0.490_162_47).abs() < 1e-7 && (high - 0.943_317_8).abs() < 1e-6, "{low} {high}");
        assert_eq!(share(0.5, 0.0), None);
        let (low, high) = share(0.0, 20.0).unwrap();
        assert!(low == 0.0 && (high - 0.161_125).abs() < 1e-5);
        assert!((1..200).all(|n| share(1.0, f64::from(n)).unwrap().1 == 1.0));
        // The standard error of the mean of 1, 2, 4: deviation 1.527525 over the root of 3.
        let error = ratio_error([1.0, 2.0, 4.0].into_iter().map(|x| (x, 1.0)), None).unwrap();
        assert!((error - 0.881_917_103).abs() < 1e-9);
        assert_eq!(ratio_error([(1.0, 1.0)].into_iter(), None), None);
        let (low, high) = around_positive(4.0, Some(2.0)).unwrap();
        assert!((low - 4.0 * libm::exp(-Z / 2.0)).abs() < 1e-12 && (high - 4.0 * libm::exp(Z / 2.0)).abs() < 1e-12);
        assert_eq!(around_positive(0.0, Some(0.0)), Some((0.0, 0.0)));
        // About that of the logarithm of a ratio of shares (Katz 1978) where rows are many: 0.3 of 2,000 over 0.2 of 3,000.
        let of = |p: f64, n: f64| (p, share(p, n).unwrap());
        let (low, high) = quotient(of(0.3, 2_000.0), of(0.2, 3_000.0)).unwrap();
        let reach = Z * (0.7f64 / 600.0 + 0.8 / 600.0).sqrt();
        assert!(
            (low / (1.5 * libm::exp(-reach)) - 1.0).abs() < 0.01
                && (high / (1.5 * libm::exp(reach)) - 1.0).abs() < 0.01
        );
        assert_eq!(quotient(of(0.3, 20.0), (0.1, (0.0, 0.3))).unwrap().1, f64::INFINITY);
        assert!(
            quotient(of(0.3, 20.0), (0.1, (0.05, 0.2))).is_some_and(|(low, high)| 0.0 < low && low < 3.0 && high > 3.0)
        );
        assert_eq!(effective([1.0, 1.0, 2.0].into_iter()), 16.0 / 6.0);
    }
}
