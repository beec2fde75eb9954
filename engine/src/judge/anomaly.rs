//! Metrics of anomaly scores.

use super::Metric;

/// Shares of the rows whose scores are told, and what each metric is called.
const SHARES: [(f64, &str); 4] = [(0.5, "score_p50"), (0.9, "score_p90"), (0.95, "score_p95"), (0.99, "score_p99")];

/// How anomaly scores are distributed: mean_score, quantiles (the least score that so many of the rows are not above), the greatest, and rows.
pub fn anomalies(scores: &[f64]) -> Vec<Metric> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rows = sorted.len();
    let mean = (rows > 0).then(|| scores.iter().sum::<f64>() / rows as f64);
    let mut metrics =
        vec![Metric::new("mean_score", mean, "mean anomaly score; about 0.5 where no row is unlike the others")];
    for (share, name) in SHARES {
        let at = (share * rows as f64).ceil() as usize;
        let value = sorted.get(at.saturating_sub(1)).copied();
        metrics.push(Metric::new(name, value, format!("{:.0} of 100 rows have no higher score", share * 100.0)));
    }
    metrics.push(Metric::new("score_max", sorted.last().copied(), "the highest score"));
    metrics.push(Metric::new("rows", Some(rows as f64), "rows scored"));
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_scores_of_rows() {
        let scores: Vec<f64> = (1..=100).map(|i| f64::from(i) / 100.0).collect();
        let value = |name: &str| anomalies(&scores).into_iter().find(|m| m.name == name).and_then(|m| m.value);
        assert_eq!(value("score_p50"), Some(0.5));
        assert_eq!(value("score_p99"), Some(0.99));
        assert_eq!(value("score_max"), Some(1.0));
        assert_eq!(anomalies(&[])[0].value, None);
    }
}
