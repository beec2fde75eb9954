//! Metrics of a probability of a positive class.

use super::calibration::{calibration, expected_calibration_error, Strategy};
use super::ranked::order;
use super::{clip, interval, rows_metric, sum, total_weight, weight_of, Interval, Metric, Sum};

/// Bins of [`expected_calibration_error`], of equal width (Guo et al. 2017).
const BINS: usize = 10;

/// Judge probabilities of the positive class. A row counts as predicted positive when its probability is at least `threshold`.
///
/// `probability`, `positive` and `weight` have one entry a row. Gives accuracy, precision, recall, f1, roc_auc (area under the ROC
/// curve, ties counted half), pr_auc (average precision), log_loss, brier, expected_calibration_error, base_rate, mean_predicted, selection_rate,
/// false_positive_rate, threshold and rows. Intervals are Wilson's of shares, DeLong's of roc_auc (DeLong, DeLong, Clarke-Pearson 1988), logit
/// intervals of pr_auc (Boyd, Eng, Page 2013) and those of the normal distribution of the others.
pub fn binary(probability: &[f64], positive: &[bool], weight: Option<&[f64]>, threshold: f64) -> Vec<Metric> {
    let Counts { tp, fp, fn_, tn } = Counts::new(probability, positive, weight, threshold);
    let (positives, negatives) = (tp + fn_, fp + tn);
    let total = total_weight(probability.len(), weight);
    let curve = Curve::new(probability, positive, weight);
    let one_class = if positives > 0.0 { "there is no negative row" } else { "there is no positive row" };
    let defined = |value: f64, both: bool| if both && total > 0.0 { Some(value) } else { None };
    let both = positives > 0.0 && negatives > 0.0;
    let reason = |note: &'static str, ok: bool| if ok { note } else { one_class };
    let loss = |i: usize| {
        let p = clip(probability[i]);
        -libm::log(if positive[i] { p } else { 1.0 - p })
    };
    let square = |i: usize| (probability[i] - f64::from(u8::from(positive[i]))).powi(2);
    let all = 0..probability.len();
    let log_loss = sum(all.clone().map(|i| weight_of(weight, i) * loss(i)));
    let brier = sum(all.clone().map(|i| weight_of(weight, i) * square(i)));
    let predicted = sum(all.clone().map(|i| weight_of(weight, i) * probability[i]));
    let no_rows = "there is no row";
    let selected = |i: usize| probability[i] >= threshold;
    let share = |part: f64, whole: f64, among: &dyn Fn(usize) -> bool| {
        let rows = all.clone().filter(|i| among(*i)).map(|i| weight_of(weight, i));
        interval::share(part / whole, interval::effective(rows))
    };
    let mean = |value: f64, of: &dyn Fn(usize) -> f64, high: f64| {
        let error = interval::ratio_error(all.clone().map(|i| (of(i), 1.0)), weight);
        interval::around(value, error, (0.0, high))
    };
    let f1_parts = |i: usize| {
        let (said, is) = (f64::from(u8::from(selected(i))), f64::from(u8::from(positive[i])));
        (2.0 * said * is, said + is)
    };
    let f1 = 2.0 * tp / (2.0 * tp + fp + fn_);
    let f1_interval = match interval::ratio_error(all.clone().map(f1_parts), weight) {
        // Where nobody is found, or all are and nobody else, no row says how far it may be: a share of as many rows as f1 is of.
        Some(error) if error <= 0.0 => {
            let rows =
                interval::effective(all.clone().filter(|i| selected(*i) || positive[*i]).map(|i| weight_of(weight, i)));
            interval::share(f1, rows * (tp + (fp + fn_) / 2.0) / (tp + fp + fn_))
        }
        error => interval::around(f1, error, (0.0, 1.0)),
    };
    let truth: Vec<f64> = positive.iter().map(|y| f64::from(u8::from(*y))).collect();
    let bins = calibration(probability, &truth, weight, BINS, Strategy::Uniform, true);
    vec![
        Metric::new("roc_auc", defined(curve.roc_auc, both), reason("area under the ROC curve", both))
            .between(interval::around(curve.roc_auc, curve.error, (0.0, 1.0))),
        Metric::new(
            "pr_auc",
            defined(curve.average_precision, positives > 0.0),
            reason("average precision", positives > 0.0),
        )
        .between(logit_interval(
            curve.average_precision,
            interval::effective(all.clone().filter(|i| positive[*i]).map(|i| weight_of(weight, i))),
        )),
        Metric::ratio("log_loss", log_loss, total, "mean negative log-likelihood", no_rows).between(mean(
            log_loss / total,
            &loss,
            f64::INFINITY,
        )),
        Metric::ratio("brier", brier, total, "mean squared error of the probability", no_rows).between(mean(
            brier / total,
            &square,
            1.0,
        )),
        Metric::new(
            "expected_calibration_error",
            expected_calibration_error(&bins),
            if total > 0.0 {
                "mean distance of predicted and actual shares over ten bins of equal width"
            } else {
                no_rows
            },
        ),
        Metric::ratio("accuracy", tp + tn, total, "share of right labels", no_rows).between(share(
            tp + tn,
            total,
            &|_| true,
        )),
        Metric::ratio(
            "precision",
            tp,
            tp + fp,
            "share of positives among those predicted positive",
            "no row is predicted positive",
        )
        .between(share(tp, tp + fp, &selected)),
        Metric::ratio("recall", tp, positives, "share of the positives that are found", "there is no positive row")
            .between(share(tp, positives, &|i| positive[i])),
        Metric::ratio(
            "f1",
            2.0 * tp,
            2.0 * tp + fp + fn_,
            "harmonic mean of precision and recall",
            "no row is or is predicted positive",
        )
        .between(f1_interval),
        Metric::ratio("base_rate", positives, total, "share of positives", no_rows).between(share(
            positives,
            total,
            &|_| true,
        )),
        Metric::ratio("mean_predicted", predicted, total, "mean of the probabilities", no_rows).between(mean(
            predicted / total,
            &|i| probability[i],
            1.0,
        )),
        Metric::ratio("selection_rate", tp + fp, total, "share of rows predicted positive", no_rows).between(share(
            tp + fp,
            total,
            &|_| true,
        )),
        Metric::ratio(
            "false_positive_rate",
            fp,
            negatives,
            "share of the negatives that are predicted positive",
            "there is no negative row",
        )
        .between(share(fp, negatives, &|i| !positive[i])),
        Metric::new("threshold", Some(threshold), "a row is predicted positive from this probability on"),
        rows_metric(probability.len()),
    ]
}

/// An interval of an average precision over so many positives.
fn logit_interval(value: f64, positives: f64) -> Option<Interval> {
    if !(value > 0.0 && value < 1.0 && positives > 0.0) {
        return None;
    }
    let logit = libm::log(value / (1.0 - value));
    let reach = interval::Z / (positives * value * (1.0 - value)).sqrt();
    let back = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    Some((back(logit - reach), back(logit + reach)))
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
    /// The standard error of the area.
    error: Option<f64>,
    average_precision: f64,
}

/// How much the area under the ROC curve hangs on each row (DeLong, DeLong, Clarke-Pearson 1988): its share of the pairs it is in less the area, over the
/// weight of its class. `None` with fewer than two rows of a class.
pub(super) fn influences(probability: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Option<(f64, Vec<f64>)> {
    let mut total = [0.0; 2];
    let mut counts = [0usize; 2];
    for (i, is) in positive.iter().enumerate() {
        total[usize::from(!is)] += weight_of(weight, i);
        counts[usize::from(!is)] += usize::from(weight_of(weight, i) > 0.0);
    }
    let area = roc_auc(probability, positive, weight).filter(|_| counts.iter().all(|n| *n > 1))?;
    let order = order(probability);
    let mut influences = vec![0.0; probability.len()];
    let mut above = [0.0; 2];
    for rows in order.chunk_by(|&a, &b| probability[a as usize] == probability[b as usize]) {
        let mut tie = [0.0; 2];
        for &i in rows {
            tie[usize::from(!positive[i as usize])] += weight_of(weight, i as usize);
        }
        let won = (total[1] - above[1] - tie[1] / 2.0) / total[1];
        let lost = (above[0] + tie[0] / 2.0) / total[0];
        for &i in rows {
            let i = i as usize;
            influences[i] = if positive[i] { (won - area) / total[0] } else { (lost - area) / total[1] };
        }
        above = [above[0] + tie[0], above[1] + tie[1]];
    }
    Some((area, influences))
}

/// What rows of one score are.
#[derive(Default)]
struct Tie {
    /// Weights of the positives and the negatives, and the sums of their squares.
    weight: [f64; 2],
    squares: [f64; 2],
}

impl Curve {
    /// Walk down the scores, all rows of one score at once.
    fn new(probability: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Self {
        let order = order(probability);
        let mut ties = Vec::new();
        let mut counts = [0.0; 2];
        let (mut tp, mut fp) = (Sum::default(), Sum::default());
        let (mut area, mut precision) = (Sum::default(), Sum::default());
        for rows in order.chunk_by(|&a, &b| probability[a as usize] == probability[b as usize]) {
            let (tp_before, fp_before) = (tp.get(), fp.get());
            let mut tie = Tie::default();
            for &i in rows {
                let w = weight_of(weight, i as usize);
                let class = usize::from(!positive[i as usize]);
                [&mut tp, &mut fp][class].add(w);
                tie.weight[class] += w;
                tie.squares[class] += w * w;
                counts[class] += f64::from(u8::from(w > 0.0));
            }
            let (tp_now, fp_now) = (tp.get(), fp.get());
            area.add((fp_now - fp_before) * (tp_now + tp_before) / 2.0);
            if tp_now + fp_now > 0.0 {
                precision.add((tp_now - tp_before) * tp_now / (tp_now + fp_now));
            }
            ties.push(tie);
        }
        let (positives, negatives) = (tp.get(), fp.get());
        let roc_auc = area.get() / (positives * negatives);
        Curve {
            roc_auc,
            error: delong(&ties, roc_auc, [positives, negatives], counts),
            average_precision: precision.get() / positives,
        }
    }
}

/// The standard error of an area: from how much each row's share of the pairs it is in differs from it. `ties` are from the highest score down.
fn delong(ties: &[Tie], area: f64, total: [f64; 2], counts: [f64; 2]) -> Option<f64> {
    if counts.iter().any(|n| *n < 2.0) {
        return None;
    }
    let (mut positives, mut negatives) = (Sum::default(), Sum::default());
    let mut spread = [Sum::default(), Sum::default()];
    for tie in ties {
        // The share of negatives below the tie's positives, and of positives above its negatives.
        let below = (total[1] - negatives.get() - tie.weight[1] / 2.0) / total[1];
        let above = (positives.get() + tie.weight[0] / 2.0) / total[0];
        spread[0].add(tie.squares[0] * (below - area).powi(2));
        spread[1].add(tie.squares[1] * (above - area).powi(2));
        positives.add(tie.weight[0]);
        negatives.add(tie.weight[1]);
    }
    let variance = |class: usize| spread[class].get() / total[class].powi(2) * counts[class] / (counts[class] - 1.0);
    Some((variance(0) + variance(1)).sqrt())
}

/// The area under the ROC curve with its interval, `None` with one class.
pub(super) fn area(probability: &[f64], positive: &[bool], weight: Option<&[f64]>) -> Option<(f64, Option<Interval>)> {
    let curve = Curve::new(probability, positive, weight);
    let area = Some(curve.roc_auc).filter(|a| a.is_finite())?;
    Some((area, interval::around(area, curve.error, (0.0, 1.0))))
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

        /// DeLong's error by comparing each row with each of the other class.
        #[test]
        fn the_error_of_the_area_is_that_of_pairs(rows in prop::collection::vec((0u8..8, any::<bool>()), 4..60)) {
            let p: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 7.0).collect();
            let y: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let of = |class: bool| (0..p.len()).filter(|i| y[*i] == class).map(|i| p[i]).collect::<Vec<f64>>();
            let (yes, no) = (of(true), of(false));
            prop_assume!(yes.len() > 1 && no.len() > 1);
            let above = |a: f64, b: f64| if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let variance = |v: &[f64]| v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / (v.len() - 1) as f64;
            let of_yes: Vec<f64> = yes.iter().map(|&a| mean(&no.iter().map(|&b| above(a, b)).collect::<Vec<_>>())).collect();
            let of_no: Vec<f64> = no.iter().map(|&b| mean(&yes.iter().map(|&a| above(a, b)).collect::<Vec<_>>())).collect();
            let expected = (variance(&of_yes) / yes.len() as f64 + variance(&of_no) / no.len() as f64).sqrt();
            let found = Curve::new(&p, &y, None).error.unwrap();
            prop_assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }

        /// The error of the area is what its influences sum up to, but for the degrees of freedom of each class.
        #[test]
        fn influences_sum_up_to_the_error(rows in prop::collection::vec((0u8..8, any::<bool>()), 4..60)) {
            let p: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 7.0).collect();
            let y: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let Some((area, found)) = influences(&p, &y, None) else { return Ok(()) };
            let part = |class: bool| {
                let n = y.iter().filter(|is| **is == class).count() as f64;
                let squares: f64 = (0..p.len()).filter(|i| y[*i] == class).map(|i| found[i].powi(2)).sum();
                squares * n / (n - 1.0)
            };
            let expected = Curve::new(&p, &y, None);
            prop_assert!((area - expected.roc_auc).abs() < 1e-12);
            prop_assert!(((part(true) + part(false)).sqrt() - expected.error.unwrap()).abs() < 1e-12);
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
    fn f1_of_nobody_found_may_be_more() {
        let positive: Vec<bool> = (0..1_000).map(|i| i < 100).collect();
        let f1 = |p: &[f64]| binary(p, &positive, None, 0.5).into_iter().find(|m| m.name == "f1").unwrap();
        let nobody = f1(&[0.1; 1_000]);
        assert_eq!(nobody.value, Some(0.0));
        let (low, high) = nobody.interval.unwrap();
        assert!(low == 0.0 && high > 0.03 && high < 0.1, "{high}");
        let all: Vec<f64> = positive.iter().map(|is| f64::from(u8::from(*is))).collect();
        let (low, high) = f1(&all).interval.unwrap();
        assert!(low > 0.9 && low < 1.0 && high == 1.0, "{low}");
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
