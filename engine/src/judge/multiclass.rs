//! Metrics of the probabilities of more than two classes.

use super::binary::{influences, roc_auc};
use super::{clip, interval, rows_metric, sum, total_weight, weight_of, Interval, Metric};

/// The weight of rows by actual and predicted class: `classes` x `classes`, a row of the table an actual class.
pub fn confusion(actual: &[u32], predicted: &[u32], classes: usize, weight: Option<&[f64]>) -> Vec<f64> {
    let mut table = vec![0.0; classes * classes];
    for (i, (&a, &p)) in actual.iter().zip(predicted).enumerate() {
        table[a as usize * classes + p as usize] += weight_of(weight, i);
    }
    table
}

/// The class of the largest probability, of equal ones the first.
pub fn most_probable(probabilities: &[f64]) -> usize {
    (1..probabilities.len()).fold(0, |best, c| if probabilities[c] > probabilities[best] { c } else { best })
}

/// Judge the probabilities of `classes`. `proba` has rows x classes numbers, a row's one after the other.
///
/// Gives accuracy, macro precision, recall and f1 (over the classes that occur or are predicted; an undefined part counts 0, as
/// scikit-learn's default does), roc_auc (one against the rest, macro), log_loss, brier (summed over the classes), base_rate (share of
/// the most frequent class) and rows.
pub fn multiclass(proba: &[f64], actual: &[u32], classes: &[String], weight: Option<&[f64]>) -> Vec<Metric> {
    let k = classes.len();
    let rows = actual.len();
    let row = |i: usize| &proba[i * k..(i + 1) * k];
    let predicted: Vec<u32> = (0..rows).map(|i| most_probable(row(i)) as u32).collect();
    let table = confusion(actual, &predicted, k, weight);
    let total = total_weight(rows, weight);
    let right: f64 = (0..k).map(|c| table[c * k + c]).sum();
    let (mut precision, mut recall, mut f1, mut present) = (0.0, 0.0, 0.0, 0.0);
    let mut rates = vec![Rates::default(); k];
    let mut largest: f64 = 0.0;
    for c in 0..k {
        let tp = table[c * k + c];
        let actual: f64 = (0..k).map(|j| table[c * k + j]).sum();
        let predicted: f64 = (0..k).map(|j| table[j * k + c]).sum();
        largest = largest.max(actual);
        if actual + predicted > 0.0 {
            present += 1.0;
            let own = Rates {
                actual,
                predicted,
                precision: if predicted > 0.0 { tp / predicted } else { 0.0 },
                recall: if actual > 0.0 { tp / actual } else { 0.0 },
                f1: 2.0 * tp / (actual + predicted),
            };
            precision += own.precision;
            recall += own.recall;
            f1 += own.f1;
            rates[c] = own;
        }
    }
    let loss = |i: usize| {
        let total: f64 = row(i).iter().sum();
        -libm::log(clip(row(i)[actual[i] as usize] / total))
    };
    let square = |i: usize| sum((0..k).map(|c| (row(i)[c] - f64::from(u8::from(actual[i] as usize == c))).powi(2)));
    let log_loss = sum((0..rows).map(|i| weight_of(weight, i) * loss(i)));
    let brier = sum((0..rows).map(|i| weight_of(weight, i) * square(i)));
    let no_rows = "there is no row";
    let rows_of = |weight: Option<&[f64]>| weight.map_or(rows as f64, |w| interval::effective(w.iter().copied()));
    let mean = |value: f64, of: &dyn Fn(usize) -> f64| {
        interval::around(value, interval::ratio_error((0..rows).map(|i| (of(i), 1.0)), weight), (0.0, f64::INFINITY))
    };
    let (auc, auc_note, auc_interval) = one_against_rest(proba, actual, k, weight);
    // A mean over classes by how much it hangs on each row, which counts for the class that it is of and for the one that it is taken for.
    let over_classes = |value: f64, of: &dyn Fn(&Rates, bool, bool) -> f64| {
        let influence = |i: usize| {
            let (is, said) = (actual[i] as usize, predicted[i] as usize);
            let other = if is == said { 0.0 } else { of(&rates[said], false, true) };
            (of(&rates[is], true, is == said) + other) / present
        };
        by_influence(value, (0..rows).map(influence), weight)
    };
    let part = |up: f64, whole: f64| if whole > 0.0 { up / whole } else { 0.0 };
    let flag = |is: bool| f64::from(u8::from(is));
    vec![
        Metric::ratio("accuracy", right, total, "share of right labels", no_rows)
            .between(interval::share(right / total, rows_of(weight))),
        Metric::new("roc_auc", auc, auc_note).between(auc_interval),
        Metric::ratio("log_loss", log_loss, total, "mean negative log-likelihood", no_rows)
            .between(mean(log_loss / total, &loss)),
        Metric::ratio(
            "brier",
            brier,
            total,
            "mean squared error of the probabilities, summed over the classes",
            no_rows,
        )
        .between(mean(brier / total, &square)),
        Metric::ratio("precision", precision, present, "mean over the classes", no_rows).between(over_classes(
            precision / present,
            &|r, is, said| if said { part(flag(is) - r.precision, r.predicted) } else { 0.0 },
        )),
        Metric::ratio("recall", recall, present, "mean over the classes", no_rows).between(over_classes(
            recall / present,
            &|r, is, said| if is { part(flag(said) - r.recall, r.actual) } else { 0.0 },
        )),
        Metric::ratio("f1", f1, present, "mean over the classes", no_rows)
            .between(over_classes(f1 / present, &|r, is, said| {
                part(2.0 * flag(is && said) - r.f1 * (flag(is) + flag(said)), r.actual + r.predicted)
            })),
        Metric::ratio("base_rate", largest, total, "share of the most frequent class", no_rows)
            .between(interval::share(largest / total, rows_of(weight))),
        rows_metric(rows),
    ]
}

/// What a class is found by.
#[derive(Debug, Clone, Default)]
struct Rates {
    actual: f64,
    predicted: f64,
    precision: f64,
    recall: f64,
    f1: f64,
}

/// Around a value between 0 and 1 by how much it hangs on each row; none where it hangs on no row, which says nothing.
fn by_influence(value: f64, influence: impl Iterator<Item = f64>, weight: Option<&[f64]>) -> Option<Interval> {
    let mut count = 0.0;
    let squares = sum(influence.enumerate().map(|(i, influence)| {
        count += f64::from(u8::from(weight_of(weight, i) > 0.0));
        (weight_of(weight, i) * influence).powi(2)
    }));
    let error = (squares * count / (count - 1.0)).sqrt();
    interval::around(value, Some(error).filter(|e| *e > 0.0), (0.0, 1.0))
}

type Area = (Option<f64>, String, Option<Interval>);

fn one_against_rest(proba: &[f64], actual: &[u32], k: usize, weight: Option<&[f64]>) -> Area {
    let mut areas = Vec::new();
    let mut all = Some(vec![0.0; actual.len()]);
    for c in 0..k {
        let p: Vec<f64> = proba.chunks_exact(k.max(1)).map(|r| r[c]).collect();
        let y: Vec<bool> = actual.iter().map(|&a| a as usize == c).collect();
        let Some(area) = roc_auc(&p, &y, weight) else {
            return (None, "a class has no row, or all rows".into(), None);
        };
        areas.push(area);
        all = all.zip(influences(&p, &y, weight)).map(|(mut all, (_, own))| {
            all.iter_mut().zip(own).for_each(|(all, own)| *all += own / k as f64);
            all
        });
    }
    let mean = areas.iter().sum::<f64>() / areas.len().max(1) as f64;
    let interval = all.and_then(|all| by_influence(mean, all.into_iter(), weight));
    (Some(mean), "mean over the classes of the area under the ROC curve against the rest".into(), interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the spread of the metrics of rows that are drawn again and again.
    #[test]
    fn intervals_are_those_of_a_bootstrap() {
        let rows = 2_000;
        // SplitMix64 (Steele, Lea, Flood 2014).
        let draw = |i: usize, salt: u64| {
            let mut z = (salt << 32 | i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as f64 / u64::MAX as f64
        };
        let actual: Vec<u32> = (0..rows).map(|i| (draw(i, 1) * draw(i, 2) * 3.0) as u32).collect();
        let proba: Vec<f64> = (0..rows)
            .flat_map(|i| {
                let own: Vec<f64> =
                    (0..3).map(|c| draw(i, 3 + c) + if actual[i] as u64 == c { 0.6 } else { 0.0 }).collect();
                let total: f64 = own.iter().sum();
                own.into_iter().map(move |p| p / total)
            })
            .collect();
        let classes: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let found = multiclass(&proba, &actual, &classes, None);
        const TIMES: usize = 200;
        for name in ["roc_auc", "precision", "recall", "f1"] {
            let own = found.iter().find(|m| m.name == name).unwrap();
            let (low, high) = own.interval.unwrap();
            let values: Vec<f64> = (0..TIMES)
                .map(|time| {
                    let mut times = vec![0.0; rows];
                    (0..rows).for_each(|i| times[(draw(i, 100 + time as u64) * rows as f64) as usize] += 1.0);
                    let again = multiclass(&proba, &actual, &classes, Some(&times));
                    again.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap()
                })
                .collect();
            let mean = values.iter().sum::<f64>() / TIMES as f64;
            let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / TIMES as f64).sqrt();
            let ratio = (high - low) / (2.0 * interval::Z * deviation);
            assert!((0.85..1.18).contains(&ratio), "{name}: {ratio}");
        }
    }
}
