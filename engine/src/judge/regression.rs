//! Metrics of a predicted number.

use super::interval::{around, around_positive, effective, ratio_error, Z};
use super::{rows_metric, sum, total_weight, weight_of, Interval, Metric};

/// Judge predicted numbers: rmse, mae, median_error (weighted median of the absolute errors), r2, mean_error (predicted less actual),
/// mean_actual and rows.
pub fn regression(predicted: &[f64], actual: &[f64], weight: Option<&[f64]>) -> Vec<Metric> {
    let total = total_weight(actual.len(), weight);
    let w = |i: usize| weight_of(weight, i);
    let rows = || predicted.iter().zip(actual).enumerate();
    let squares = sum(rows().map(|(i, (p, a))| w(i) * (p - a) * (p - a)));
    let absolute = sum(rows().map(|(i, (p, a))| w(i) * (p - a).abs()));
    let bias = sum(rows().map(|(i, (p, a))| w(i) * (p - a)));
    let mean = sum(actual.iter().enumerate().map(|(i, a)| w(i) * a)) / total;
    let spread = sum(actual.iter().enumerate().map(|(i, a)| w(i) * (a - mean) * (a - mean)));
    let no_rows = "there is no row";
    let mut errors: Vec<(f64, f64)> = rows().map(|(i, (p, a))| ((p - a).abs(), w(i))).collect();
    errors.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let r2 = (total > 0.0 && spread > 0.0).then(|| 1.0 - squares / spread);
    let rmse = (total > 0.0).then(|| (squares / total).sqrt());
    let error = |of: &dyn Fn(f64, f64) -> f64| ratio_error(rows().map(|(_, (p, a))| (of(*p, *a), 1.0)), weight);
    const ANY: Interval = (f64::NEG_INFINITY, f64::INFINITY);
    let squared = around_positive(squares / total, error(&|p, a| (p - a) * (p - a)));
    let parts = rows().map(|(_, (p, a))| ((p - a) * (p - a), (a - mean) * (a - mean)));
    let unexplained = around(squares / spread, ratio_error(parts, weight), ANY);
    vec![
        Metric::new("rmse", rmse, if rmse.is_some() { "root of the mean squared error" } else { no_rows })
            .between(squared.map(|(low, high)| (low.sqrt(), high.sqrt()))),
        Metric::ratio("mae", absolute, total, "mean absolute error", no_rows)
            .between(around_positive(absolute / total, error(&|p, a| (p - a).abs()))),
        Metric::new("median_error", median(&errors), if total > 0.0 { "median absolute error" } else { no_rows })
            .between(median_interval(&errors)),
        Metric::new(
            "r2",
            r2,
            match r2 {
                Some(_) => "share of the variance explained",
                None if total > 0.0 => "the target does not vary",
                None => no_rows,
            },
        )
        .between(unexplained.map(|(low, high)| (1.0 - high, (1.0 - low).min(1.0)))),
        Metric::ratio("mean_error", bias, total, "mean of predicted less actual", no_rows).between(around(
            bias / total,
            error(&|p, a| p - a),
            ANY,
        )),
        Metric::new("mean_actual", Some(mean), if total > 0.0 { "mean of the target" } else { no_rows })
            .between(around(mean, error(&|_, a| a), ANY)),
        rows_metric(actual.len()),
    ]
}

/// Between which sorted values their median lies: the order statistics that a share of a half reaches.
fn median_interval(sorted: &[(f64, f64)]) -> Option<Interval> {
    let rows = effective(sorted.iter().map(|e| e.1));
    let total = sum(sorted.iter().map(|e| e.1));
    let reach = Z * 0.5 / rows.sqrt();
    let at = |part: f64| {
        let mut before = 0.0;
        let reached = |e: &&(f64, f64)| {
            before += e.1;
            before >= part * total
        };
        sorted.iter().find(reached).map(|e| e.0)
    };
    (rows > 0.0 && reach < 0.5).then(|| at(0.5 - reach).zip(at(0.5 + reach))).flatten()
}

/// The weighted median of sorted values; the mean of the two middle ones where the half falls between them.
fn median(sorted: &[(f64, f64)]) -> Option<f64> {
    let half = sum(sorted.iter().map(|e| e.1)) / 2.0;
    let mut before = 0.0;
    for (i, (value, weight)) in sorted.iter().enumerate() {
        before += weight;
        if before > half {
            return Some(*value);
        }
        if before == half && *weight > 0.0 {
            let next = sorted[i + 1..].iter().find(|e| e.1 > 0.0).map_or(*value, |e| e.0);
            return Some((value + next) / 2.0);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let metrics = regression(&[2.0, 4.0, 7.0], &[1.0, 4.0, 9.0], None);
        let value = |n: &str| metrics.iter().find(|m| m.name == n).and_then(|m| m.value).unwrap();
        assert!((value("rmse") - (5.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((value("mae") - 1.0).abs() < 1e-15);
        assert!((value("median_error") - 1.0).abs() < 1e-15);
        assert!((value("r2") - (1.0 - 5.0 / (98.0 - 3.0 * (14.0f64 / 3.0).powi(2)))).abs() < 1e-12);
        assert!(regression(&[1.0], &[1.0], None).iter().any(|m| m.name == "r2" && m.value.is_none()));
        assert!(regression(&[], &[], None)
            .iter()
            .all(|m| m.value.is_none() && m.note == "there is no row" || m.name == "rows"));
    }

    /// One large error among many small ones.
    #[test]
    fn heavy_tails_do_not_reach_down_to_0() {
        let actual: Vec<f64> = (0..1_000).map(|i| if i == 0 { 1e4 } else { f64::from(i % 7) }).collect();
        let metrics = regression(&vec![3.0; 1_000], &actual, None);
        let rmse = metrics.iter().find(|m| m.name == "rmse").unwrap();
        let (low, high) = rmse.interval.unwrap();
        assert!(low > 50.0 && low < rmse.value.unwrap() && high > rmse.value.unwrap(), "{rmse:?}");
    }
}
