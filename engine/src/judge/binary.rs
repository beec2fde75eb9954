//! Metrics of a probability of a positive class.

use super::{clip, rows_metric, sum, total_weight, weight_of, Metric, Sum};

/// Judge probabilities of the positive class. A row counts as predicted positive when its probability is at least `threshold`.
///
/// `probability`, `positive` and `weight` have one entry a row. Gives accuracy, precision, recall, f1, roc_auc (area under the ROC
/// curve, ties counted half), pr_auc (average precision), log_loss, brier, base_rate, threshold and rows.
pub fn binary(probability: &[f64], positive: &[bool], weight: Option<&[f64]>, threshold: f64) -> Vec<Metric> {
    let counts = Counts::new(probability, positive, weight, threshold);
    let Counts { tp, fp, fn_, tn } = counts;
    let (positives, negatives) = (tp + fn_, fp + tn);
    let total = total_weight(probability.len(), weight);
    let curve = Curve::new(probability, positive, weight);
    let one_class = if positives > 0.0 { "there is no negative row" } else { "there is no positive row" };
    let defined = |value: f64, both: bool| if both && total > 0.0 { Some(value) } else { None };
    let both = positives > 0.0 && negatives > 0.0;
    let reason = |note: &'static str, ok: bool| if ok { note } else { one_class };
    let rows = || probability.iter().zip(positive).enumerate();
    let log_loss = sum(rows().map(|(i, (&p, &y))| {
        let p = clip(p);
        -weight_of(weight, i) * libm::log(if y { p } else { 1.0 - p })
    }));
    let brier = sum(rows().map(|(i, (&p, &y))| weight_of(weight, i) * (p - f64::from(u8::from(y))).powi(2)));
    let no_rows = "there is no row";
    vec![
        Metric::new("roc_auc", defined(curve.roc_auc, both), reason("area under the ROC curve", both)),
        Metric::new(
            "pr_auc",
            defined(curve.average_precision, positives > 0.0),
            reason("average precision", positives > 0.0),
        ),
        Metric::ratio("log_loss", log_loss, total, "mean negative log-likelihood", no_rows),
        Metric::ratio("brier", brier, total, "mean squared error of the probability", no_rows),
        Metric::ratio("accuracy", tp + tn, total, "share of right labels", no_rows),
        Metric::ratio(
            "precision",
            tp,
            tp + fp,
            "share of positives among those predicted positive",
            "no row is predicted positive",
        ),
        Metric::ratio("recall", tp, positives, "share of the positives that are found", "there is no positive row"),
        Metric::ratio(
            "f1",
            2.0 * tp,
            2.0 * tp + fp + fn_,
            "harmonic mean of precision and recall",
            "no row is or is predicted positive",
        ),
        Metric::ratio("base_rate", positives, total, "share of positives", no_rows),
        Metric::new("threshold", Some(threshold), "a row is predicted positive from this probability on"),
        rows_metric(probability.len()),
    ]
}

struct Counts {
    tp: f64,
    fp: f64,
    fn_: f64,
    tn: f64,
}

impl Counts {
    fn new(probability: &[f64], positive: &[bool], weight: Option<&[f64]>, threshold: f64) -> Self {
        let mut sums = [Sum::default(); 4];
        for (i, (&p, &y)) in probability.iter().zip(positive).enumerate() {
            sums[usize::from(p >= threshold) * 2 + usize::from(y)].add(weight_of(weight, i));
        }
        let [tn, fn_, fp, tp] = sums.map(Sum::get);
        Counts { tp, fp, fn_, tn }
    }
}

struct Curve {
    roc_auc: f64,
    average_precision: f64,
}

impl Curve {
    /// Walk down the scores, all rows of one score at once.
    fn new(probability: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Self {
        let mut order: Vec<u32> = (0..probability.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| probability[b as usize].total_cmp(&probability[a as usize]).then(a.cmp(&b)));
        let (mut tp, mut fp) = (Sum::default(), Sum::default());
        let (mut area, mut precision) = (Sum::default(), Sum::default());
        for tie in order.chunk_by(|&a, &b| probability[a as usize] == probability[b as usize]) {
            let (tp_before, fp_before) = (tp.get(), fp.get());
            for &i in tie {
                let w = weight_of(weight, i as usize);
                if positive[i as usize] { &mut tp } else { &mut fp }.add(w);
            }
            let (tp_now, fp_now) = (tp.get(), fp.get());
            area.add((fp_now - fp_before) * (tp_now + tp_before) / 2.0);
            if tp_now + fp_now > 0.0 {
                precision.add((tp_now - tp_before) * tp_now / (tp_now + fp_now));
            }
        }
        let (positives, negatives) = (tp.get(), fp.get());
        Curve { roc_auc: area.get() / (positives * negatives), average_precision: precision.get() / positives }
    }
}

/// The area under the ROC curve, `None` with one class.
pub(super) fn roc_auc(probability: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Option<f64> {
    Some(Curve::new(probability, positive, weight).roc_auc).filter(|a| a.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(metrics: &[Metric], name: &str) -> Option<f64> {
        metrics.iter().find(|m| m.name == name).and_then(|m| m.value)
    }

    /// The share of pairs in the right order, a tie counting half.
    fn naive_auc(p: &[f64], y: &[bool], w: &[f64]) -> Option<f64> {
        let (mut right, mut all) = (0.0, 0.0);
        for i in 0..p.len() {
            for j in 0..p.len() {
                if y[i] && !y[j] {
                    let weight = w[i] * w[j];
                    all += weight;
                    right += weight
                        * if p[i] > p[j] {
                            1.0
                        } else if p[i] == p[j] {
                            0.5
                        } else {
                            0.0
                        };
                }
            }
        }
        (all > 0.0).then_some(right / all)
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs(rows in prop::collection::vec((0u8..8, any::<bool>(), 1u8..4), 0..60)) {
            let p: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 7.0).collect();
            let y: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let w: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
            let got = value(&binary(&p, &y, Some(&w), 0.5), "roc_auc");
            match (got, naive_auc(&p, &y, &w)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
                (a, b) => prop_assert_eq!(a, b),
            }
        }

        #[test]
        fn whole_weights_are_copies(rows in prop::collection::vec((0u8..8, any::<bool>(), 1usize..4), 1..40)) {
            let p: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 7.0).collect();
            let y: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let w: Vec<f64> = rows.iter().map(|r| r.2 as f64).collect();
            let copies: Vec<(f64, bool)> = rows.iter().flat_map(|r| vec![(f64::from(r.0) / 7.0, r.1); r.2]).collect();
            let (cp, cy): (Vec<f64>, Vec<bool>) = copies.into_iter().unzip();
            for (a, b) in binary(&p, &y, Some(&w), 0.5).iter().zip(&binary(&cp, &cy, None, 0.5)) {
                if a.name != "rows" {
                    let same = match (a.value, b.value) {
                        (Some(x), Some(z)) => (x - z).abs() < 1e-12,
                        (x, z) => x == z,
                    };
                    prop_assert!(same, "{:?} {:?}", a, b);
                }
            }
        }
    }

    #[test]
    fn what_is_undefined_says_why() {
        let metrics = binary(&[0.2, 0.3], &[false, false], None, 0.5);
        for (name, reason) in [
            ("roc_auc", "there is no positive row"),
            ("pr_auc", "there is no positive row"),
            ("precision", "no row is predicted positive"),
            ("recall", "there is no positive row"),
        ] {
            let metric = metrics.iter().find(|m| m.name == name).unwrap();
            assert_eq!((metric.value, metric.note.as_str()), (None, reason), "{name}");
        }
        assert!(binary(&[], &[], None, 0.5)
            .iter()
            .all(|m| m.value.is_none() || m.name == "rows" || m.name == "threshold"));
    }
}
