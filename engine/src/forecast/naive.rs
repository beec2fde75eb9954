//! The forecasts that any other must beat: the last value, the last season, the mean step, the mean.

use super::season::mean;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The last value.
    Last,
    /// The last value of the same season.
    Season,
    /// The last value and the mean step for each step ahead.
    Drift,
    /// The mean of all.
    Mean,
}

/// A fitted model: what it needs to know of the series.
#[derive(Debug, Clone, PartialEq)]
pub struct Naive {
    /// Which.
    pub form: Form,
    /// The values that are repeated.
    pub last: Vec<f64>,
    /// The mean step.
    pub drift: f64,
    /// The variance of the errors of one step.
    pub variance: f64,
    /// How many values it was fitted to.
    pub n: usize,
}

/// Fit a form to a series of at least one value. A season longer than the series is none.
pub fn fit(form: Form, y: &[f64], period: usize) -> Naive {
    let n = y.len();
    let period = if form == Form::Season && period >= 1 && n > period { period } else { 1 };
    let last = match form {
        Form::Mean => vec![mean(y)],
        _ => y[n.saturating_sub(period)..].to_vec(),
    };
    let drift = if form == Form::Drift && n > 1 { (y[n - 1] - y[0]) / (n - 1) as f64 } else { 0.0 };
    let mut expected = vec![0.0; n];
    let mut model = Naive { form, last, drift, variance: 0.0, n };
    model.fitted(y, &mut expected);
    let skip = if form == Form::Mean { 0 } else { period };
    let squares: f64 = y.iter().zip(&expected).skip(skip).map(|(y, f)| (y - f) * (y - f)).sum();
    let parameters = usize::from(form == Form::Drift || form == Form::Mean);
    model.variance = squares / n.saturating_sub(skip + parameters).max(1) as f64;
    model
}

impl Naive {
    /// The next values that are expected.
    pub fn mean(&self, out: &mut [f64]) {
        for (h, out) in out.iter_mut().enumerate() {
            *out = self.last[h % self.last.len()] + self.drift * (h + 1) as f64;
        }
    }

    /// The variances of the next values (Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 5.5).
    pub fn variances(&self, out: &mut [f64]) {
        let n = self.n as f64;
        for (h, out) in out.iter_mut().enumerate() {
            let steps = (h + 1) as f64;
            *out = self.variance
                * match self.form {
                    Form::Last => steps,
                    Form::Season => (h / self.last.len() + 1) as f64,
                    Form::Drift => steps * (1.0 + steps / (n - 1.0).max(1.0)),
                    Form::Mean => 1.0 + 1.0 / n,
                };
        }
    }

    /// What was expected of each value of the series it was fitted to; the first values are expected as they are.
    pub fn fitted(&self, y: &[f64], out: &mut [f64]) {
        let period = self.last.len();
        for i in 0..y.len() {
            out[i] = match self.form {
                Form::Mean => self.last[0],
                _ if i < period => y[i],
                _ => y[i - period] + self.drift,
            };
        }
    }
}
