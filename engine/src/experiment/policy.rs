//! What another policy would have earned, from the log of one that drew.
//!
//! A row is weighed by how much more often the new policy takes the logged action than the old one did (inverse propensity: Horvitz and Thompson 1952), by the
//! same with weights that sum to one (Swaminathan and Joachims 2015), or a model of the reward is corrected by what is seen beside it (doubly robust: Dudík,
//! Langford and Li 2011).

use super::distribution::normal_isf;
use super::sample::sum;
use crate::control::Control;
use crate::data::sort;
use crate::error::Result;

/// A row of the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logged {
    /// What the action brought.
    pub reward: f64,
    /// The probability with which it was taken.
    pub propensity: f64,
    /// The probability with which the new policy takes it.
    pub policy: f64,
    /// What a model expects of it.
    pub predicted: f64,
    /// What the model expects of what the new policy takes.
    pub predicted_policy: f64,
}

impl Logged {
    fn key(&self) -> [f64; 5] {
        [self.reward, self.propensity, self.policy, self.predicted, self.predicted_policy]
    }
}

/// An estimate of a mean reward.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its name.
    pub estimator: &'static str,
    /// The estimate.
    pub value: Option<f64>,
    /// Its standard error.
    pub error: Option<f64>,
    /// The interval.
    pub interval: Option<(f64, f64)>,
}

/// What the weights are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Rows of equal weights that would tell as much.
    pub effective: f64,
    /// The mean, 1 where propensities are right.
    pub mean: f64,
    /// How many standard errors it is from 1; 0 where that cannot be said.
    pub apart: f64,
    /// The greatest.
    pub most: f64,
    /// Rows whose weight was cut.
    pub clipped: u64,
}

/// Judge a policy. `with_model` says whether predictions are known.
pub fn judge(
    rows: &mut [Logged],
    clip: Option<f64>,
    alpha: f64,
    with_model: bool,
    control: &Control,
) -> Result<(Vec<Value>, Weights)> {
    let order = |a: &Logged, b: &Logged| {
        let (a, b) = (a.key(), b.key());
        let pairs = a.iter().zip(&b).map(|(a, b)| a.total_cmp(b));
        pairs.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    sort(rows, order, control)?;
    control.check()?;
    let limit = clip.unwrap_or(f64::INFINITY);
    let raw = |r: &Logged| r.policy / r.propensity;
    let weight = |r: &Logged| raw(r).min(limit);
    let count = rows.len() as f64;
    let weights = sum(rows.iter().map(weight));
    let squares = sum(rows.iter().map(|r| weight(r) * weight(r)));
    let mean = if count > 0.0 { sum(rows.iter().map(raw)) / count } else { 0.0 };
    let spread = sum(rows.iter().map(|r| (raw(r) - mean) * (raw(r) - mean)));
    let error = libm::sqrt(spread / (count - 1.0) / count);
    let of_weights = Weights {
        effective: if squares > 0.0 { weights * weights / squares } else { 0.0 },
        mean,
        apart: if error > 0.0 { ((mean - 1.0) / error).abs() } else { 0.0 },
        most: rows.iter().map(raw).fold(0.0, f64::max),
        clipped: rows.iter().filter(|r| raw(r) > limit).count() as u64,
    };
    let z = normal_isf(0.5 * alpha);
    // A mean of terms, with the error of a mean.
    let mean = |estimator, term: &dyn Fn(&Logged) -> f64| {
        control.check()?;
        let value = (count > 0.0).then(|| sum(rows.iter().map(term)) / count);
        let error = value.filter(|_| count > 1.0).map(|m| {
            let spread = sum(rows.iter().map(|r| (term(r) - m) * (term(r) - m)));
            libm::sqrt(spread / (count - 1.0) / count)
        });
        Ok::<Value, crate::Error>(finished(estimator, value, error, z))
    };
    let mut values = vec![mean("logged", &|r| r.reward)?, mean("ips", &|r| weight(r) * r.reward)?];
    let value = (weights > 0.0).then(|| sum(rows.iter().map(|r| weight(r) * r.reward)) / weights);
    // By the delta method: the residuals of a ratio.
    let error = value.filter(|_| count > 1.0).map(|v| {
        let spread = sum(rows.iter().map(|r| {
            let residual = weight(r) * (r.reward - v);
            residual * residual
        }));
        libm::sqrt(spread) / weights
    });
    values.push(finished("snips", value, error, z));
    if with_model {
        values.push(mean("direct", &|r| r.predicted_policy)?);
        values.push(mean("doubly_robust", &|r| r.predicted_policy + weight(r) * (r.reward - r.predicted))?);
    }
    Ok((values, of_weights))
}

fn finished(estimator: &'static str, value: Option<f64>, error: Option<f64>, z: f64) -> Value {
    let interval = value.zip(error).map(|(v, e)| (v - z * e, v + z * e));
    Value { estimator, value, error, interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_judged_without_its_log() {
        // Two actions; the log takes 1 with 0.8; it brings 1, the other 3.
        let mut rows = Vec::new();
        for i in 0..1000 {
            let taken = i % 5 < 4;
            let (reward, propensity) = if taken { (1.0, 0.8) } else { (3.0, 0.2) };
            let policy = f64::from(u8::from(!taken));
            rows.push(Logged { reward, propensity, policy, predicted: reward + 0.5, predicted_policy: 3.5 });
        }
        let (values, weights) = judge(&mut rows, None, 0.05, true, &Control::default()).unwrap();
        let of = |name: &str| values.iter().find(|v| v.estimator == name).unwrap().value.unwrap();
        assert!(
            (of("logged") - 1.4).abs() < 1e-12 && (of("ips") - 3.0).abs() < 1e-12 && (of("snips") - 3.0).abs() < 1e-12
        );
        assert!((of("direct") - 3.5).abs() < 1e-12 && (of("doubly_robust") - 3.0).abs() < 1e-12);
        assert!((weights.effective - 200.0).abs() < 1e-9 && (weights.mean - 1.0).abs() < 1e-12 && weights.most == 5.0);
        let (clipped, weights) = judge(&mut rows, Some(2.0), 0.05, false, &Control::default()).unwrap();
        assert!(weights.clipped == 200 && clipped.len() == 3 && clipped[1].value.unwrap() < 3.0);
        let (none, _) = judge(&mut [], None, 0.05, true, &Control::default()).unwrap();
        assert!(none.iter().all(|v| v.value.is_none() && v.interval.is_none()));
    }
}
