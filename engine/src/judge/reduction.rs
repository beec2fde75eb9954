//! Metrics of principal components.

use super::Metric;

/// How well components stand for rows: explained_variance_ratio, reconstruction_error, n_components and rows.
pub fn reduction(share: Option<f64>, error: Option<f64>, components: usize, rows: u64, of: &str) -> Vec<Metric> {
    let note = match share {
        Some(_) => format!("the share of the variance of {of} that the components explain"),
        None => "the rows do not differ from the mean".to_owned(),
    };
    vec![
        Metric::new("explained_variance_ratio", share, note),
        Metric::new(
            "reconstruction_error",
            error,
            "mean squared error of the numbers of a row that is made again of its components, in the scaled space",
        ),
        Metric::new("n_components", Some(components as f64), "components"),
        Metric::new("rows", Some(rows as f64), "rows judged"),
    ]
}
