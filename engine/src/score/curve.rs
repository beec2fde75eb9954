//! Calibration: the last step from leaves to probabilities.

use super::link::logistic;
use crate::model::Curve;

/// What probabilities of 0 and 1 count as where log-odds are taken.
const LEAST: f64 = 1e-15;

/// The log-odds of a probability, finite.
pub(crate) fn log_odds(p: f64) -> f64 {
    let p = p.clamp(LEAST, 1.0 - LEAST);
    libm::log(p / (1.0 - p))
}

/// Where a curve takes a probability: from 0 to 1, and never lower for a higher one.
pub(crate) fn apply(curve: &Curve, p: f64) -> f64 {
    match curve {
        Curve::Sigmoid { slope, intercept } => logistic(slope * log_odds(p) + intercept),
        Curve::Isotonic { from, to } => {
            let next = from.partition_point(|&f| f < p);
            match (next.checked_sub(1), to.get(next)) {
                (Some(last), Some(&high)) => {
                    let low = to[last];
                    let share = (p - from[last]) / (from[next] - from[last]);
                    (low + (high - low) * share).clamp(low, high)
                }
                (None, Some(&first)) => first,
                (Some(last), None) => to[last],
                (None, None) => p,
            }
        }
    }
}

/// Take the probabilities of a row through their curves; nothing happens without curves.
pub(crate) fn calibrate(curves: &[Curve], probabilities: &mut [f64]) {
    if curves.is_empty() {
        return;
    }
    probabilities.iter_mut().zip(curves).for_each(|(p, curve)| *p = apply(curve, *p));
    if probabilities.len() > 1 {
        let total: f64 = probabilities.iter().sum();
        let even = 1.0 / probabilities.len() as f64;
        // Where every curve says 0 nothing is known (as scikit-learn takes it).
        probabilities.iter_mut().for_each(|p| *p = if total > 0.0 { *p / total } else { even });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curves() -> impl Strategy<Value = Curve> {
        let knots = prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 1..8).prop_map(|knots| {
            let (mut from, mut to): (Vec<f64>, Vec<f64>) = knots.into_iter().unzip();
            from.sort_by(f64::total_cmp);
            from.dedup();
            to.sort_by(f64::total_cmp);
            to.truncate(from.len());
            Curve::Isotonic { from, to }
        });
        let sigmoid = (0.0f64..50.0, -50.0f64..50.0).prop_map(|(slope, intercept)| Curve::Sigmoid { slope, intercept });
        prop_oneof![knots, sigmoid]
    }

    proptest! {
        #[test]
        fn curves_never_fall_and_stay_probabilities(curve in curves(), a in 0.0f64..=1.0, b in 0.0f64..=1.0) {
            let (low, high) = (apply(&curve, a.min(b)), apply(&curve, a.max(b)));
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high), "{} {}", low, high);
            // A sigmoid goes through exp and log, which are exact but for a rounding.
            let slack = if matches!(curve, Curve::Isotonic { .. }) { 0.0 } else { 1e-15 };
            prop_assert!(low <= high + slack, "{:?}: {} of {}, {} of {}", curve, low, a.min(b), high, a.max(b));
        }

        #[test]
        fn classes_sum_to_one(given in prop::collection::vec((curves(), 0.0f64..=1.0), 2..6)) {
            let (curves, mut p): (Vec<Curve>, Vec<f64>) = given.into_iter().unzip();
            calibrate(&curves, &mut p);
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12 && p.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }

    #[test]
    fn knots_are_met_and_lines_are_straight() {
        let curve = Curve::Isotonic { from: vec![0.2, 0.4, 0.8], to: vec![0.1, 0.1, 0.9] };
        for (p, expected) in [(0.0, 0.1), (0.2, 0.1), (0.3, 0.1), (0.4, 0.1), (0.6, 0.5), (0.8, 0.9), (1.0, 0.9)] {
            assert!((apply(&curve, p) - expected).abs() < 1e-12, "{p}");
        }
        let same = Curve::Sigmoid { slope: 1.0, intercept: 0.0 };
        assert!((apply(&same, 0.3) - 0.3).abs() < 1e-15 && apply(&same, 1.0) <= 1.0 && apply(&same, 0.0) >= 0.0);
        let mut nothing = [0.5, 0.5];
        let zero = || Curve::Isotonic { from: vec![0.0], to: vec![0.0] };
        calibrate(&[zero(), zero()], &mut nothing);
        assert_eq!(nothing, [0.5, 0.5]);
    }
}
