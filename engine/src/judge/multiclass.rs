//! Metrics of the probabilities of more than two classes.

use super::binary::roc_auc;
use super::{clip, interval, rows_metric, sum, total_weight, weight_of, Metric};

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
    let mut largest: f64 = 0.0;
    for c in 0..k {
        let tp = table[c * k + c];
        let actual: f64 = (0..k).map(|j| table[c * k + j]).sum();
        let predicted: f64 = (0..k).map(|j| table[j * k + c]).sum();
        largest = largest.max(actual);
        if actual + predicted > 0.0 {
            present += 1.0;
            precision += if predicted > 0.0 { tp / predicted } else { 0.0 };
            recall += if actual > 0.0 { tp / actual } else { 0.0 };
            f1 += 2.0 * tp / (actual + predicted);
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
    let (auc, auc_note) = one_against_rest(proba, actual, k, weight);
    vec![
        Metric::ratio("accuracy", right, total, "share of right labels", no_rows)
            .between(interval::share(right / total, rows_of(weight))),
        Metric::new("roc_auc", auc, auc_note),
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
        Metric::ratio("precision", precision, present, "mean over the classes", no_rows),
        Metric::ratio("recall", recall, present, "mean over the classes", no_rows),
        Metric::ratio("f1", f1, present, "mean over the classes", no_rows),
        Metric::ratio("base_rate", largest, total, "share of the most frequent class", no_rows)
            .between(interval::share(largest / total, rows_of(weight))),
        rows_metric(rows),
    ]
}

fn one_against_rest(proba: &[f64], actual: &[u32], k: usize, weight: Option<&[f64]>) -> (Option<f64>, String) {
    let mut areas = Vec::new();
    for c in 0..k {
        let p: Vec<f64> = proba.chunks_exact(k.max(1)).map(|r| r[c]).collect();
        let y: Vec<bool> = actual.iter().map(|&a| a as usize == c).collect();
        match roc_auc(&p, &y, weight) {
            Some(area) => areas.push(area),
            None => return (None, "a class has no row, or all rows".into()),
        }
    }
    let mean = areas.iter().sum::<f64>() / areas.len().max(1) as f64;
    (Some(mean), "mean over the classes of the area under the ROC curve against the rest".into())
}
