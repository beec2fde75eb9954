//! Metrics of a clustering.

use super::Metric;

/// Judge segments: inertia, silhouette (`None` where it was not or cannot be computed), n_clusters, rows, and the rows of each segment; where rows can be of
/// none, how many those are.
pub fn clustering(inertia: f64, silhouette: Option<f64>, sizes: &[u64], noise: Option<u64>) -> Vec<Metric> {
    let note = match silhouette {
        Some(_) => "mean silhouette coefficient, -1 to 1; of a sample beyond 5,000 rows",
        None if sizes.len() < 2 => "one segment has no silhouette",
        None => "computed by training only",
    };
    let rows = (sizes.iter().sum::<u64>() + noise.unwrap_or(0)) as f64;
    let mut metrics = vec![
        Metric::new("inertia", Some(inertia), "sum of squared distances to the centres, in the scaled space"),
        Metric::new("silhouette", silhouette, note),
        Metric::new("n_clusters", Some(sizes.len() as f64), "segments"),
        Metric::new("rows", Some(rows), "rows judged"),
    ];
    if let Some(noise) = noise {
        let share = (rows > 0.0).then(|| noise as f64 / rows);
        metrics.push(Metric::new(
            "noise",
            Some(noise as f64),
            "rows of no segment; inertia and silhouette leave them out",
        ));
        metrics.push(Metric::new("noise_share", share, "their share of the rows"));
    }
    let size = |(i, n): (usize, &u64)| {
        Metric::new(format!("size_{}", i + 1), Some(*n as f64), format!("rows of segment {}", i + 1))
    };
    metrics.extend(sizes.iter().enumerate().map(size));
    metrics
}
