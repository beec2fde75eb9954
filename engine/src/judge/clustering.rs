//! Metrics of a clustering.

use super::Metric;

/// Judge segments: inertia, silhouette (`None` where it was not or cannot be computed), n_clusters, rows, and the rows of each segment.
pub fn clustering(inertia: f64, silhouette: Option<f64>, sizes: &[u64]) -> Vec<Metric> {
    let note = match silhouette {
        Some(_) => "mean silhouette coefficient, -1 to 1; of a sample beyond 5,000 rows",
        None if sizes.len() < 2 => "one segment has no silhouette",
        None => "computed by training only",
    };
    let mut metrics = vec![
        Metric::new("inertia", Some(inertia), "sum of squared distances to the centres, in the scaled space"),
        Metric::new("silhouette", silhouette, note),
        Metric::new("n_clusters", Some(sizes.len() as f64), "segments"),
        Metric::new("rows", Some(sizes.iter().sum::<u64>() as f64), "rows judged"),
    ];
    let size = |(i, n): (usize, &u64)| {
        Metric::new(format!("size_{}", i + 1), Some(*n as f64), format!("rows of segment {}", i + 1))
    };
    metrics.extend(sizes.iter().enumerate().map(size));
    metrics
}
