//! How good kept forecasts were, now that values have come.

use super::Metric;
use crate::model::Forecast;

/// A value that came: of which series, at which step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Came {
    /// The series.
    pub series: usize,
    /// The step.
    pub step: i64,
    /// The value.
    pub value: f64,
}

/// Judge forecasts by values that came, in any order of the series but all of one together; values at steps that are not forecast do not count.
/// Means over series of the mean over their values, as in a competition of forecasts; shares and errors in units of the values are over all values.
pub fn kept_forecasts(body: &Forecast, came: &[Came]) -> Vec<Metric> {
    let (mut mase, mut scaled) = (0.0, 0.0);
    let (mut absolute, mut squares, mut bias, mut smape) = (0.0, 0.0, 0.0, 0.0);
    let (mut inside, mut bounded, mut count, mut series) = (0.0, 0.0, 0.0, 0.0);
    for own in came.chunk_by(|a, b| a.series == b.series) {
        let (mut errors, mut values) = (0.0, 0.0);
        for one in own {
            let Some(place) = body.place(one.series, one.step) else { continue };
            let error = one.value - body.mean[place];
            errors += error.abs();
            values += 1.0;
            squares += error * error;
            bias += error;
            if error != 0.0 {
                smape += 200.0 * error.abs() / (one.value.abs() + body.mean[place].abs());
            }
            let (low, high) = (body.low[place], body.high[place]);
            if low.is_finite() && high.is_finite() {
                bounded += 1.0;
                inside += f64::from(u8::from(low <= one.value && one.value <= high));
            }
        }
        if values == 0.0 {
            continue;
        }
        absolute += errors;
        count += values;
        series += 1.0;
        let scale = own.first().and_then(|one| body.scales.get(one.series)).copied().unwrap_or(0.0);
        if scale > 0.0 {
            mase += errors / values / scale;
            scaled += 1.0;
        }
    }
    let mean = |sum: f64, of: f64| Some(sum / of).filter(|v| v.is_finite());
    let metric = |name: &'static str, value: Option<f64>, note: String| Metric {
        name: name.into(),
        value,
        note,
        interval: None,
    };
    vec![
        metric("mase", mean(mase, scaled), format!("of {series} series")),
        metric("smape", mean(smape, count), "in per cent".to_owned()),
        metric("mae", mean(absolute, count), String::new()),
        metric("rmse", mean(squares, count).map(f64::sqrt), String::new()),
        metric("bias", mean(bias, count), "above 0 where forecasts were too low".to_owned()),
        metric("coverage", mean(inside, bounded), format!("of intervals that should hold {}", body.level)),
        metric("rows", Some(count), "values at steps that are forecast".to_owned()),
    ]
}
