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

/// Judge how well the densities of a mixture fit rows: log_likelihood, which is the mean of `rows`, and of the training rows bic and aic, where their
/// mean log likelihood, their number and that of the parameters are given.
pub fn mixture(log_likelihood: f64, rows: &str, training: Option<(f64, f64, f64)>) -> Vec<Metric> {
    let note = format!("mean logarithm of the density of a row, in the units of the columns; of {rows}");
    let mut metrics = vec![Metric::new("log_likelihood", Some(log_likelihood), note)];
    if let Some((mean, count, parameters)) = training {
        let by = |price: f64| Some(-2.0 * count * mean + price * parameters);
        metrics.push(Metric::new(
            "bic",
            by(libm::log(count)),
            "Bayesian information criterion of the training rows, less is better",
        ));
        metrics.push(Metric::new("aic", by(2.0), "Akaike information criterion of the training rows, less is better"));
    }
    metrics
}
